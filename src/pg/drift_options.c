/*
 * drift_options.c: which of the field's conventions a drift statistic follows.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "pg/decimal.h"
#include "pg/drift_options.h"
#include "pg/json.h"
#include "pg/option_rules.h"
#include "stats/distance.h"

#define OF_CELLS (CP_DRIFT_PSI | CP_DRIFT_KL | CP_DRIFT_JS | CP_DRIFT_CHI2 | CP_DRIFT_SUMMARY)
#define OF_ALL (OF_CELLS | CP_DRIFT_KS | CP_DRIFT_WASSERSTEIN)
#define MOST_VALUES 4

/* In the order of CpDriftChoice; a value's place is its number. */
static const struct
{
	const char *name;
	unsigned figures; /* that it concerns */
	const char *values[MOST_VALUES];
} choices[CP_DRIFT_CHOICES] = {
	{"closed", OF_CELLS, {"left", "right"}},
	{"convention", OF_ALL, {"default", "evidently"}},
	{"direction", CP_DRIFT_KL | CP_DRIFT_SUMMARY, {"forward", "reverse"}},
	{"normalised", CP_DRIFT_KL | CP_DRIFT_SUMMARY, {"false", "true"}},
	{"form", CP_DRIFT_JS | CP_DRIFT_SUMMARY, {"divergence", "distance"}},
	{"base", CP_DRIFT_KL | CP_DRIFT_JS | CP_DRIFT_SUMMARY, {"e", "2"}},
	{"p", CP_DRIFT_KS | CP_DRIFT_SUMMARY, {"exact", "exact_no_ties", "limit", "finite"}},
	{"test", CP_DRIFT_CHI2 | CP_DRIFT_SUMMARY, {"homogeneity", "goodness_of_fit"}},
	{"unit", CP_DRIFT_WASSERSTEIN | CP_DRIFT_SUMMARY, {"value", "sd"}},
};

/* --- reading ------------------------------------------------------------ */

static char *
text_of(const JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvBool)
		return pstrdup(value->val.boolean ? "true" : "false");
	if (value->type == jbvNumeric)
		return DatumGetCString(
			DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return pstrdup("an array or object");
}

static char *
values_of(uint32 choice)
{
	StringInfoData list;

	initStringInfo(&list);
	for (uint32 v = 0; v < MOST_VALUES && choices[choice].values[v] != NULL; v++)
		appendStringInfo(&list, "%s%s", v == 0 ? "" : ", ", choices[choice].values[v]);
	return list.data;
}

static void
read_choice(const CpOptionRule *rule, const JsonbValue *value, void *target)
{
	uint32 choice = rule->count;
	char *text = text_of(value);

	for (uint32 v = 0; v < MOST_VALUES && choices[choice].values[v] != NULL; v++)
		if (strcmp(choices[choice].values[v], text) == 0)
		{
			*(uint8 *) target = v + 1;
			return;
		}
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("option \"%s\" has a value that it cannot have", rule->name),
	         errdetail("It is %s.", text), errhint("It can be one of: %s.", values_of(choice))));
}

static void
check_edges(const CpDriftOptions *options)
{
	for (uint32 i = 0; i < options->nedges; i++)
	{
		if (!isfinite(options->edges[i]))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("edges must be finite numbers"),
			                errdetail("Edge %u is %s.", i + 1, cp_shortest(options->edges[i])),
			                errhint("The outer cells are open: they need no edge.")));
		if (i > 0 && options->edges[i] <= options->edges[i - 1])
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("edges must ascend"),
			                errdetail("Edge %u is %s and edge %u is %s.", i,
			                          cp_shortest(options->edges[i - 1]), i + 1,
			                          cp_shortest(options->edges[i])),
			                errhint("Give each edge once, the least first.")));
	}
}

static void
make_edges(CpDriftOptions *options, int count)
{
	if (count < 1 || count >= CP_DRIFT_MOST_BINS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("there must be 1 to %d edges", CP_DRIFT_MOST_BINS - 1),
		                errdetail("There are %d.", count),
		                errhint("One edge makes two cells, which are open to the outside.")));
	options->nedges = count;
	options->edges = palloc(count * sizeof(double));
}

static void
report_edges(const CpOptionRule *rule)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"%s\" must be an array of numbers", rule->name),
	                errhint("For example: '{\"edges\": [10, 20, 50]}'.")));
}

static void
read_edges(const CpOptionRule *rule, const JsonbValue *value, void *target)
{
	CpDriftOptions *options = target;
	JsonbContainer *array = value->val.binary.data;

	if (value->type != jbvBinary || !JsonContainerIsArray(array))
		report_edges(rule);
	make_edges(options, JsonContainerSize(array));
	for (uint32 i = 0; i < options->nedges; i++)
	{
		JsonbValue *edge = getIthJsonbValueFromContainer(array, i);

		if (edge->type != jbvNumeric)
			report_edges(rule);
		options->edges[i] = cp_decimal_to_double(NumericGetDatum(edge->val.numeric));
	}
	check_edges(options);
}

#define CHOICE(name, number) \
	{ \
		name, CP_OPTION_CUSTOM, offsetof(CpDriftOptions, choices) + (number), .count = (number), \
																			  .read = read_choice \
	}

/* Those on cells come first: what is a cell already needs none of them. */
#define CELL_RULES 3
static const CpOptionRule option_rules[] = {
	{"bins", CP_OPTION_COUNT, offsetof(CpDriftOptions, bins), 2, CP_DRIFT_MOST_BINS},
	{"edges", CP_OPTION_CUSTOM, 0, .read = read_edges},
	CHOICE("closed", CP_DRIFT_CLOSED),
	CHOICE("convention", CP_DRIFT_CONVENTION),
	CHOICE("direction", CP_DRIFT_DIRECTION),
	CHOICE("normalised", CP_DRIFT_NORMALISED),
	CHOICE("form", CP_DRIFT_FORM),
	CHOICE("base", CP_DRIFT_BASE),
	CHOICE("p", CP_DRIFT_P),
	CHOICE("test", CP_DRIFT_TEST),
	CHOICE("unit", CP_DRIFT_UNIT),
	{NULL}};

void
cp_drift_options_read(CpDriftOptions *options, Jsonb *json, bool cells)
{
	cp_options_object(json, option_rules + (cells ? 0 : CELL_RULES),
	                  "{\"convention\": \"evidently\"}", options);
	if (options->bins > 0 && options->nedges > 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("options \"bins\" and \"edges\" exclude each other"),
		                errhint("Edges say how many cells there are.")));
}

void
cp_drift_options_bins(CpDriftOptions *options, int32 bins)
{
	if (bins < 2 || bins > CP_DRIFT_MOST_BINS)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("the number of bins is out of range"),
		         errdetail("It is %d and must be between 2 and %d.", bins, CP_DRIFT_MOST_BINS),
		         errhint("10 is usual, and the default.")));
	options->bins = bins;
}

void
cp_drift_options_edges(CpDriftOptions *options, ArrayType *edges)
{
	if (ARR_NDIM(edges) > 1 || ARR_HASNULL(edges))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("edges must be one row of numbers"),
		                ARR_HASNULL(edges) ? errdetail("One of them is NULL.")
		                                   : errdetail("They have %d dimensions.", ARR_NDIM(edges)),
		                errhint("For example: ARRAY[10, 20, 50].")));
	make_edges(options, ArrayGetNItems(ARR_NDIM(edges), ARR_DIMS(edges)));
	memcpy(options->edges, ARR_DATA_PTR(edges), options->nedges * sizeof(double));
	check_edges(options);
}

/* --- what they say ------------------------------------------------------ */

static void
report_concern(const char *name, unsigned figures)
{
	static const char *const names[] = {"psi", "kl", "js", "chi2", "ks", "wasserstein", "summary"};
	StringInfoData list;

	initStringInfo(&list);
	for (uint32 i = 0; i < lengthof(names); i++)
		if (figures & (1U << i))
			appendStringInfo(&list, "%scp_drift_%s", list.len == 0 ? "" : ", ", names[i]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"%s\" does not concern this statistic", name),
	                errdetail("It concerns: %s.", list.data), errhint("Leave it out.")));
}

void
cp_drift_options_check(const CpDriftOptions *options, CpDriftFigure figure)
{
	if (options->bins > 0 && !(figure & OF_CELLS))
		report_concern("bins", OF_CELLS);
	if (options->nedges > 0 && !(figure & OF_CELLS))
		report_concern("edges", OF_CELLS);
	for (uint32 i = 0; i < CP_DRIFT_CHOICES; i++)
		if (options->choices[i] > 0 && !(figure & choices[i].figures))
			report_concern(choices[i].name, choices[i].figures);
}

bool
cp_drift_evidently(const CpDriftOptions *options)
{
	return options->choices[CP_DRIFT_CONVENTION] == 2;
}

uint32
cp_drift_chosen(const CpDriftOptions *options, CpDriftChoice choice, uint32 evidently)
{
	if (options->choices[choice] > 0)
		return options->choices[choice] - 1;
	return cp_drift_evidently(options) ? evidently : 0;
}

const char *
cp_drift_choice_name(CpDriftChoice choice, uint32 value)
{
	return choices[choice].values[value];
}

/* --- bytes -------------------------------------------------------------- */

void
cp_drift_options_write(const CpDriftOptions *options, CpWriter *writer)
{
	cp_write_u32(writer, options->bins);
	cp_write_u32(writer, options->nedges);
	for (uint32 i = 0; i < options->nedges; i++)
		cp_write_f64(writer, options->edges[i]);
	for (uint32 i = 0; i < CP_DRIFT_CHOICES; i++)
		cp_write_u8(writer, options->choices[i]);
}

CpStatus
cp_drift_options_read_bytes(CpDriftOptions *options, CpReader *reader)
{
	options->bins = cp_read_u32(reader);
	options->nedges = cp_read_count(reader, sizeof(double));
	if (options->bins == 1 || options->bins > CP_DRIFT_MOST_BINS ||
	    options->nedges >= CP_DRIFT_MOST_BINS)
		cp_reader_reject(reader);
	if (reader->failed)
		return CP_CORRUPT;
	CP_TRY(cp_alloc(reader->context, &options->edges, options->nedges, sizeof(double)));
	for (uint32 i = 0; i < options->nedges; i++)
	{
		options->edges[i] = cp_read_f64(reader);
		if (!isfinite(options->edges[i]) || (i > 0 && options->edges[i] <= options->edges[i - 1]))
			cp_reader_reject(reader);
	}
	for (uint32 i = 0; i < CP_DRIFT_CHOICES; i++)
	{
		options->choices[i] = cp_read_u8(reader);
		if (options->choices[i] > MOST_VALUES ||
		    (options->choices[i] > 0 && choices[i].values[options->choices[i] - 1] == NULL))
			cp_reader_reject(reader);
	}
	return reader->failed ? CP_CORRUPT : CP_OK;
}
