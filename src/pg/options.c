/*
 * options.c: the options of cp_train, checked key by key.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "pg/json.h"
#include "pg/option_rules.h"
#include "pg/options.h"

/* Of a search; one by seconds alone ends by them long before. */
#define MOST_TRIALS 10000

/* Ranges as cp_gbm_check and its like have them, which look again. */

#define AT(field) offsetof(CpGbmParams, field)
static const CpOptionRule gbm_rules[] = {
	{"rounds", CP_OPTION_COUNT, AT(rounds), 1, 10000},
	{"learning_rate", CP_OPTION_NUMBER, AT(learning_rate), 0, 1},
	{"max_depth", CP_OPTION_COUNT, AT(max_depth), 1, 16},
	{"min_child_weight", CP_OPTION_NUMBER, AT(min_child_weight), 0, INFINITY},
	{"l2", CP_OPTION_NUMBER, AT(l2), 0, INFINITY},
	{"subsample", CP_OPTION_NUMBER, AT(subsample), 0, 1},
	{"colsample", CP_OPTION_NUMBER, AT(colsample), 0, 1},
	{"max_bins", CP_OPTION_COUNT, AT(max_bins), 2, CP_MAX_BINS},
	{"early_stopping", CP_OPTION_COUNT, AT(early_stopping), 0, 10000},
	{NULL}};

#undef AT
#define AT(field) offsetof(CpForestParams, field)
static const CpOptionRule forest_rules[] = {
	{"trees", CP_OPTION_COUNT, AT(trees), 1, 10000},
	{"max_depth", CP_OPTION_COUNT, AT(max_depth), 1, 32},
	{"min_leaf", CP_OPTION_NUMBER, AT(min_leaf), 0, INFINITY},
	{"colsample", CP_OPTION_NUMBER, AT(colsample), 0, 1},
	{"smoothing", CP_OPTION_NUMBER, AT(smoothing), 0, INFINITY},
	{NULL}};

#undef AT
#define AT(field) offsetof(CpNetParams, field)
static const CpOptionRule net_rules[] = {
	{"hidden", CP_OPTION_COUNT, AT(hidden), 1, 1024},
	{"restarts", CP_OPTION_COUNT, AT(restarts), 1, 16},
	{"epochs", CP_OPTION_COUNT, AT(epochs), 1, 1000},
	{"early_stopping", CP_OPTION_COUNT, AT(early_stopping), 0, 1000},
	{"learning_rate", CP_OPTION_NUMBER, AT(learning_rate), 0, 1},
	{"batch", CP_OPTION_COUNT, AT(batch), 16, 4096},
	{"dropout", CP_OPTION_NUMBER, AT(dropout), 0, 0.9},
	{"weight_decay", CP_OPTION_NUMBER, AT(weight_decay), 0, 1},
	{NULL}};

#undef AT
#define AT(field) offsetof(CpSearch, field)
static const CpOptionRule search_rules[] = {{"trials", CP_OPTION_COUNT, AT(trials), 0, MOST_TRIALS},
                                            {"seconds", CP_OPTION_NUMBER, AT(seconds), 0, 1000000},
                                            {NULL}};

static uint32
member_bit(const CpOptionRule *rule, const char *name)
{
	StringInfoData known;

	initStringInfo(&known);
	for (CpMemberKind kind = 1; kind <= CP_MEMBER_KINDS; kind++)
	{
		if (strcmp(name, cp_member_name(kind)) == 0)
			return CP_MEMBER_BIT(kind);
		appendStringInfo(&known, "%s%s", kind == 1 ? "" : ", ", cp_member_name(kind));
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("unknown member \"%s\" in option \"%s\"", name, rule->name),
	                errhint("Known members: %s.", known.data)));
}

static void
read_members(const CpOptionRule *rule, const JsonbValue *value, void *target)
{
	uint32 members = 0;
	ListCell *cell;

	foreach (cell, cp_option_texts(rule, value))
		members |= member_bit(rule, lfirst(cell));
	if (members == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" names no member", rule->name),
		                errhint("Leave it out to have all of them.")));
	*(uint32 *) target = members;
}

#undef AT
#define AT(field) offsetof(CpOptions, field)

static const CpOptionRule train_rules[] = {
	{"id", CP_OPTION_TEXT, AT(id), 0, 0},
	{"exclude", CP_OPTION_TEXTS, AT(exclude), 0, 0},
	{"include", CP_OPTION_TEXTS, AT(include), 0, 0},
	{"positive", CP_OPTION_VALUE, AT(positive), 0, 0},
	{"weight", CP_OPTION_TEXT, AT(weight), 0, 0},
	{"value_column", CP_OPTION_TEXT, AT(value_column), 0, 0},
	{"tenure_column", CP_OPTION_TEXT, AT(tenure_column), 0, 0},
	{"service_column", CP_OPTION_TEXT, AT(service_column), 0, 0},
	{"time_column", CP_OPTION_TEXT, AT(time_column), 0, 0},
	{"group_column", CP_OPTION_TEXT, AT(group_column), 0, 0},
	{"base_rate", CP_OPTION_NUMBER, AT(base_rate), 1e-6, 1 - 1e-6},
	{"horizon_months", CP_OPTION_NUMBER, AT(horizon_months), 0.03, 120},
	{"test_size", CP_OPTION_NUMBER, AT(test_size), 0, 0.9},
	{"folds", CP_OPTION_WHOLE, AT(folds), 1, 20},
	{"seed", CP_OPTION_WHOLE, AT(seed), 0, 9007199254740992.0},
	{"max_rows", CP_OPTION_WHOLE, AT(max_rows), 1, CP_MAX_ROWS},
	{"screen", CP_OPTION_FLAG, AT(screen), 0, 0},
	{"deploy", CP_OPTION_FLAG, AT(deploy), 0, 0},
	{"members", CP_OPTION_CUSTOM, AT(ensemble.members), .read = read_members},
	{"gbm", CP_OPTION_OBJECT, AT(ensemble.gbm), 0, 0, gbm_rules},
	{"forest", CP_OPTION_OBJECT, AT(ensemble.forest), 0, 0, forest_rules},
	{"net", CP_OPTION_OBJECT, AT(ensemble.net), 0, 0, net_rules},
	{"search", CP_OPTION_OBJECT, AT(ensemble.search), 0, 0, search_rules},
	{NULL},
};

static void
check_member(CpMemberKind kind, const char *complaint)
{
	if (complaint != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option out of range in \"%s\"", cp_member_name(kind)),
		                errdetail("%s", complaint)));
}

void
cp_options_read(Jsonb *json, CpOptions *options)
{
	CpSearch *search = &options->ensemble.search;

	memset(options, 0, sizeof(*options));
	options->horizon_months = 1;
	options->test_size = 0.2;
	options->seed = 42;
	options->screen = true;
	options->deploy = true;
	cp_ensemble_defaults(&options->ensemble);
	cp_options_object(json, train_rules, "{\"id\": \"customer_id\", \"test_size\": 0.2}", options);
	check_member(CP_MEMBER_GBM, cp_gbm_check(&options->ensemble.gbm));
	check_member(CP_MEMBER_FOREST, cp_forest_check(&options->ensemble.forest));
	check_member(CP_MEMBER_NET, cp_net_learner_check(&options->ensemble.net));
	if (search->seconds > 0 && search->trials == 0)
		search->trials = MOST_TRIALS;
	if (options->group_column != NULL && options->time_column != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("options \"group_column\" and \"time_column\" exclude each other"),
		                errhint("Hold out whole groups, or the newest rows, not both.")));
}

/* Every number that the rules describe, by name. */
static Jsonb *
describe(const CpOptionRule *rules, const void *settings)
{
	CpJson json;

	cp_json_begin(&json);
	for (const CpOptionRule *rule = rules; rule->name != NULL; rule++)
	{
		const char *field = (const char *) settings + rule->offset;

		cp_json_number(&json, rule->name,
		               rule->type == CP_OPTION_COUNT ? *(const uint32 *) field
		                                             : *(const double *) field);
	}
	return cp_json_end(&json);
}

void
cp_options_describe(const CpEnsembleParams *params, CpJson *json)
{
	if (params->members & CP_MEMBER_BIT(CP_MEMBER_GBM))
		cp_json_object(json, "gbm", describe(gbm_rules, &params->gbm));
	if (params->members & CP_MEMBER_BIT(CP_MEMBER_FOREST))
		cp_json_object(json, "forest", describe(forest_rules, &params->forest));
	if (params->members & CP_MEMBER_BIT(CP_MEMBER_NET))
		cp_json_object(json, "net", describe(net_rules, &params->net));
}
