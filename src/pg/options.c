/*
 * options.c: the options of cp_train, checked key by key.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "pg/json.h"
#include "pg/options.h"

/* Of a search; one by seconds alone ends by them long before. */
#define MOST_TRIALS 10000

typedef enum OptionType
{
	OPTION_TEXT,
	OPTION_VALUE, /* a text, or a number or boolean as text */
	OPTION_TEXTS, /* one text or an array of them */
	OPTION_NUMBER,
	OPTION_WHOLE, /* a number without fraction */
	OPTION_COUNT, /* the same, stored as uint32 */
	OPTION_FLAG,
	OPTION_MEMBERS, /* texts that name members, stored as bits */
	OPTION_OBJECT   /* options within */
} OptionType;

typedef struct OptionRule
{
	const char *name;
	OptionType type;
	size_t offset; /* in the struct that the table describes */
	double least;  /* of a number */
	double most;
	const struct OptionRule *within; /* of an object; offsets in it begin at its own */
} OptionRule;

/* Ranges as cp_gbm_check and its like have them, which look again. */

#define AT(field) offsetof(CpGbmParams, field)
static const OptionRule gbm_rules[] = {
	{"rounds", OPTION_COUNT, AT(rounds), 1, 10000},
	{"learning_rate", OPTION_NUMBER, AT(learning_rate), 0, 1},
	{"max_depth", OPTION_COUNT, AT(max_depth), 1, 16},
	{"min_child_weight", OPTION_NUMBER, AT(min_child_weight), 0, INFINITY},
	{"l2", OPTION_NUMBER, AT(l2), 0, INFINITY},
	{"subsample", OPTION_NUMBER, AT(subsample), 0, 1},
	{"colsample", OPTION_NUMBER, AT(colsample), 0, 1},
	{"max_bins", OPTION_COUNT, AT(max_bins), 2, CP_MAX_BINS},
	{"early_stopping", OPTION_COUNT, AT(early_stopping), 0, 10000},
	{NULL}};

#undef AT
#define AT(field) offsetof(CpForestParams, field)
static const OptionRule forest_rules[] = {{"trees", OPTION_COUNT, AT(trees), 1, 10000},
                                          {"max_depth", OPTION_COUNT, AT(max_depth), 1, 32},
                                          {"min_leaf", OPTION_NUMBER, AT(min_leaf), 0, INFINITY},
                                          {"colsample", OPTION_NUMBER, AT(colsample), 0, 1},
                                          {"smoothing", OPTION_NUMBER, AT(smoothing), 0, INFINITY},
                                          {NULL}};

#undef AT
#define AT(field) offsetof(CpNetParams, field)
static const OptionRule net_rules[] = {
	{"hidden", OPTION_COUNT, AT(hidden), 1, 1024},
	{"restarts", OPTION_COUNT, AT(restarts), 1, 16},
	{"epochs", OPTION_COUNT, AT(epochs), 1, 1000},
	{"early_stopping", OPTION_COUNT, AT(early_stopping), 0, 1000},
	{"learning_rate", OPTION_NUMBER, AT(learning_rate), 0, 1},
	{"batch", OPTION_COUNT, AT(batch), 16, 4096},
	{"dropout", OPTION_NUMBER, AT(dropout), 0, 0.9},
	{"weight_decay", OPTION_NUMBER, AT(weight_decay), 0, 1},
	{NULL}};

#undef AT
#define AT(field) offsetof(CpSearch, field)
static const OptionRule search_rules[] = {{"trials", OPTION_COUNT, AT(trials), 0, MOST_TRIALS},
                                          {"seconds", OPTION_NUMBER, AT(seconds), 0, 1000000},
                                          {NULL}};

#undef AT
#define AT(field) offsetof(CpOptions, field)

static const OptionRule train_rules[] = {
	{"id", OPTION_TEXT, AT(id), 0, 0},
	{"exclude", OPTION_TEXTS, AT(exclude), 0, 0},
	{"include", OPTION_TEXTS, AT(include), 0, 0},
	{"positive", OPTION_VALUE, AT(positive), 0, 0},
	{"weight", OPTION_TEXT, AT(weight), 0, 0},
	{"value_column", OPTION_TEXT, AT(value_column), 0, 0},
	{"tenure_column", OPTION_TEXT, AT(tenure_column), 0, 0},
	{"service_column", OPTION_TEXT, AT(service_column), 0, 0},
	{"time_column", OPTION_TEXT, AT(time_column), 0, 0},
	{"group_column", OPTION_TEXT, AT(group_column), 0, 0},
	{"test_size", OPTION_NUMBER, AT(test_size), 0, 0.9},
	{"folds", OPTION_WHOLE, AT(folds), 1, 20},
	{"seed", OPTION_WHOLE, AT(seed), 0, 9007199254740992.0},
	{"max_rows", OPTION_WHOLE, AT(max_rows), 1, CP_MAX_ROWS},
	{"deploy", OPTION_FLAG, AT(deploy), 0, 0},
	{"members", OPTION_MEMBERS, AT(ensemble.members), 0, 0},
	{"gbm", OPTION_OBJECT, AT(ensemble.gbm), 0, 0, gbm_rules},
	{"forest", OPTION_OBJECT, AT(ensemble.forest), 0, 0, forest_rules},
	{"net", OPTION_OBJECT, AT(ensemble.net), 0, 0, net_rules},
	{"search", OPTION_OBJECT, AT(ensemble.search), 0, 0, search_rules},
	{NULL},
};

static void read_object(JsonbContainer *object, const OptionRule *rules, const char *within,
                        void *target);

static void
wrong_type(const char *name, const char *wanted)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"%s\" must be %s", name, wanted)));
}

static char *
read_text(const OptionRule *rule, const JsonbValue *value, const char *wanted)
{
	if (value->type != jbvString || value->val.string.len == 0)
		wrong_type(rule->name, wanted);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static char *
read_value(const OptionRule *rule, const JsonbValue *value)
{
	if (value->type == jbvBool)
		return pstrdup(value->val.boolean ? "true" : "false");
	if (value->type == jbvNumeric)
		return DatumGetCString(
			DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return read_text(rule, value, "a value of the label column");
}

static List *
read_texts(const OptionRule *rule, const JsonbValue *value)
{
	List *texts = NIL;
	JsonbIterator *iterator;
	JsonbValue element;
	JsonbIteratorToken token;

	if (value->type == jbvString)
		return list_make1(read_text(rule, value, "a text or an array of texts"));
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		wrong_type(rule->name, "a text or an array of texts");
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			texts = lappend(texts, read_text(rule, &element, "a text or an array of texts"));
	return texts;
}

static double
read_number(const OptionRule *rule, const JsonbValue *value)
{
	double number;
	bool whole = rule->type != OPTION_NUMBER;

	if (value->type != jbvNumeric)
		wrong_type(rule->name, whole ? "a whole number" : "a number");
	number = DatumGetFloat8(
		DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (whole && number != floor(number))
		wrong_type(rule->name, "a whole number");
	if (!(number >= rule->least && number <= rule->most) || isinf(number))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" is out of range", rule->name),
		                isinf(rule->most) ? errdetail("It is %s and must be %s or more.",
		                                              cp_shortest(number), cp_shortest(rule->least))
		                                  : errdetail("It is %s and must be between %s and %s.",
		                                              cp_shortest(number), cp_shortest(rule->least),
		                                              cp_shortest(rule->most))));
	return number;
}

static uint32
member_bit(const OptionRule *rule, const char *name)
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

static uint32
read_members(const OptionRule *rule, const JsonbValue *value)
{
	uint32 members = 0;
	ListCell *cell;

	foreach (cell, read_texts(rule, value))
		members |= member_bit(rule, lfirst(cell));
	if (members == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" names no member", rule->name),
		                errhint("Leave it out to have all of them.")));
	return members;
}

static void
read_option(const OptionRule *rule, const JsonbValue *value, char *target)
{
	switch (rule->type)
	{
		case OPTION_TEXT:
			*(char **) target = read_text(rule, value, "a text that is not empty");
			break;
		case OPTION_VALUE:
			*(char **) target = read_value(rule, value);
			break;
		case OPTION_TEXTS:
			*(List **) target = read_texts(rule, value);
			break;
		case OPTION_NUMBER:
		case OPTION_WHOLE:
			*(double *) target = read_number(rule, value);
			break;
		case OPTION_COUNT:
			*(uint32 *) target = (uint32) read_number(rule, value);
			break;
		case OPTION_FLAG:
			if (value->type != jbvBool)
				wrong_type(rule->name, "true or false");
			*(bool *) target = value->val.boolean;
			break;
		case OPTION_MEMBERS:
			*(uint32 *) target = read_members(rule, value);
			break;
		case OPTION_OBJECT:
			if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
				wrong_type(rule->name, "an object");
			read_object(value->val.binary.data, rule->within, rule->name, target);
			break;
	}
}

static const OptionRule *
find_rule(const OptionRule *rules, const JsonbValue *key, const char *within)
{
	StringInfoData known;

	initStringInfo(&known);
	for (const OptionRule *rule = rules; rule->name != NULL; rule++)
	{
		if (strlen(rule->name) == key->val.string.len &&
		    memcmp(rule->name, key->val.string.val, key->val.string.len) == 0)
			return rule;
		appendStringInfo(&known, "%s%s", rule == rules ? "" : ", ", rule->name);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                within == NULL ? errmsg("unknown option \"%.*s\"", key->val.string.len,
	                                        key->val.string.val)
	                               : errmsg("unknown option \"%.*s\" in \"%s\"",
	                                        key->val.string.len, key->val.string.val, within),
	                errhint("Known options: %s.", known.data)));
}

static void
read_object(JsonbContainer *object, const OptionRule *rules, const char *within, void *target)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue value;
	const OptionRule *rule = NULL;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			rule = find_rule(rules, &value, within);
		else if (token == WJB_VALUE && value.type != jbvNull)
			read_option(rule, &value, (char *) target + rule->offset);
	}
}

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
	options->test_size = 0.2;
	options->seed = 42;
	options->deploy = true;
	cp_ensemble_defaults(&options->ensemble);
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("options must be a JSON object"),
		         errhint("For example: '{\"id\": \"customer_id\", \"test_size\": 0.2}'.")));
	read_object(&json->root, train_rules, NULL, options);
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
describe(const OptionRule *rules, const void *settings)
{
	CpJson json;

	cp_json_begin(&json);
	for (const OptionRule *rule = rules; rule->name != NULL; rule++)
	{
		const char *field = (const char *) settings + rule->offset;

		cp_json_number(&json, rule->name,
		               rule->type == OPTION_COUNT ? *(const uint32 *) field
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
