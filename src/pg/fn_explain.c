/*
 * fn_explain.c: cp_explain: what makes a customer's probability what it is.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "pg/args.h"
#include "pg/json.h"
#include "pg/scorer.h"

PG_FUNCTION_INFO_V1(cp_explain_record);
PG_FUNCTION_INFO_V1(cp_explain_jsonb);
PG_FUNCTION_INFO_V1(cp_explain_json);

/* Points are hundredths of probability; a contribution that rounds to 0.0 of them is none. */
#define POINTS 100
#define LEAST_POINTS 0.05

/* Known by its address, since a category may be called the same. */
static char missing[] = "(missing)";

/* --- values --------------------------------------------------------------- */

/* Shortest by the type that the number came from: a real is not shown with the digits of a double. */
static char *
number_text(double number)
{
	char *text;

	if (number == floor(number) || (double) (float) number != number)
		return cp_shortest(number);
	text = palloc(FLOAT_SHORTEST_DECIMAL_LEN);
	float_to_shortest_decimal_buf((float) number, text);
	return text;
}

/* Times are shown in the ISO style, whatever DateStyle says. */
static char *
date_text(double seconds)
{
	char *text = palloc(MAXDATELEN + 1);
	struct pg_tm tm;

	j2date((int) floor(seconds / SECS_PER_DAY) + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon,
	       &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, text);
	return text;
}

static char *
timestamp_text(double seconds, bool zoned)
{
	char *text = palloc(MAXDATELEN + 1);
	struct pg_tm tm;
	fsec_t fraction;
	int zone = 0;
	const char *zone_name = NULL;

	if (timestamp2tm((Timestamp) rint(seconds * USECS_PER_SEC), zoned ? &zone : NULL, &tm,
	                 &fraction, zoned ? &zone_name : NULL, NULL) != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	EncodeDateTime(&tm, fraction, zoned, zone, zone_name, USE_ISO_DATES, text);
	return text;
}

/* Seconds since 2000-01-01; a column of dates may hold later ones than timestamps can be. */
static char *
time_text(CpKind kind, double seconds)
{
	if (isinf(seconds))
		return seconds > 0 ? "infinity" : "-infinity";
	if (kind == CP_DATE || seconds >= (double) (END_TIMESTAMP / USECS_PER_SEC))
		return date_text(seconds);
	return timestamp_text(seconds, kind == CP_TIMESTAMPTZ);
}

static char *
level_text(const CpScorer *scorer, Jsonb *object, uint32 f, uint32 code)
{
	const CpFeature *feature = &cp_scorer_map(scorer)->features[f];
	size_t length;
	const char *text;

	if (code == CP_OTHER(feature))
		return cp_scorer_text(scorer, object, f);
	text = cp_dictionary_text(&feature->levels, code, &length);
	return pnstrdup(text, length);
}

static char *
value_text(const CpScorer *scorer, Jsonb *object, uint32 f)
{
	CpKind kind = cp_scorer_map(scorer)->features[f].kind;
	double value = cp_scorer_vector(scorer)[f];

	if (isnan(value))
		return missing;
	if (kind == CP_CATEGORY)
		return level_text(scorer, object, f, (uint32) value);
	if (kind == CP_BOOLEAN)
		return value != 0 ? "true" : "false";
	if (cp_kind_is_number(kind))
		return number_text(value);
	return time_text(kind, value);
}

static char *
reason_text(const char *feature, const char *value, double contribution)
{
	double points = fabs(contribution) * POINTS;
	char *what =
		value == missing ? psprintf("missing %s", feature) : psprintf("%s = %s", feature, value);

	if (points < LEAST_POINTS)
		return psprintf("%s does not change the risk", what);
	return psprintf("%s %s the risk by %.1f points", what, contribution > 0 ? "raises" : "lowers",
	                points);
}

/* --- rows ----------------------------------------------------------------- */

typedef struct Contribution
{
	uint32 feature;
	double value;
	double error;
} Contribution;

/* Largest first, else in the order of the features. */
static int
compare_contributions(const void *left, const void *right)
{
	const Contribution *a = left, *b = right;

	if (fabs(a->value) != fabs(b->value))
		return fabs(a->value) > fabs(b->value) ? -1 : 1;
	return a->feature < b->feature ? -1 : 1;
}

static Contribution *
explain(CpScorer *scorer, double *base)
{
	uint32 features = cp_scorer_map(scorer)->count;
	Contribution *contributions = palloc(features * sizeof(Contribution));
	double *values = palloc(features * sizeof(double));
	double *errors = palloc(features * sizeof(double));
	double probability;
	const CpBridge *bridge;
	CpExplainer *explainer = cp_scorer_explainer(scorer, &bridge);

	cp_bridge_check(bridge,
	                cp_explain(explainer, cp_scorer_vector(scorer), values, errors, &probability),
	                NULL);
	for (uint32 f = 0; f < features; f++)
		contributions[f] = (Contribution){f, values[f], errors[f]};
	qsort(contributions, features, sizeof(Contribution), compare_contributions);
	*base = explainer->base;
	return contributions;
}

/*
 * As cp_materialize, for a function called once a row: its result type is looked up once a
 * query, since that leaves memory behind. The executor frees what is made here.
 */
static void
begin_rows(FunctionCallInfo fcinfo, CpScorer *scorer)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller;

	if (info == NULL || !IsA(info, ReturnSetInfo) || !(info->allowedModes & SFRM_Materialize))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("set-valued function called in context that cannot accept a set")));
	caller = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	info->returnMode = SFRM_Materialize;
	info->setResult =
		tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
	info->setDesc = CreateTupleDescCopy(cp_scorer_result_type(scorer, fcinfo));
	MemoryContextSwitchTo(caller);
}

/* (feature, value, contribution, std_error, base, reason); object: NULL when the customer is a row. */
static void
put_row(FunctionCallInfo fcinfo, const CpScorer *scorer, Jsonb *object,
        const Contribution *contribution, double base)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *feature = cp_scorer_map(scorer)->features[contribution->feature].name;
	const char *value = value_text(scorer, object, contribution->feature);
	Datum values[6];
	bool nulls[6] = {false, false, false, isnan(contribution->error), false, false};

	values[0] = CStringGetTextDatum(feature);
	values[1] = CStringGetTextDatum(value);
	values[2] = Float8GetDatum(contribution->value);
	values[3] = Float8GetDatum(contribution->error);
	values[4] = Float8GetDatum(base);
	values[5] = CStringGetTextDatum(reason_text(feature, value, contribution->value));
	tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
}

static void
put_rows(FunctionCallInfo fcinfo, CpScorer *scorer, Jsonb *object)
{
	uint32 count = cp_scorer_map(scorer)->count;
	Contribution *contributions;
	double base;

	if (!PG_ARGISNULL(2) && PG_GETARG_INT32(2) < 1)
		cp_report_range("top_k", PG_GETARG_INT32(2), "1 or more");
	if (!PG_ARGISNULL(2))
		count = Min(count, (uint32) PG_GETARG_INT32(2));
	begin_rows(fcinfo, scorer);
	contributions = explain(scorer, &base);
	for (uint32 i = 0; i < count; i++)
		put_row(fcinfo, scorer, object, &contributions[i], base);
}

/* --- functions ------------------------------------------------------------ */

static CpScorer *
explain_scorer(FunctionCallInfo fcinfo)
{
	cp_require_customer(fcinfo);
	return cp_scorer_get(fcinfo, cp_model_argument(fcinfo), 0);
}

Datum
cp_explain_record(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = explain_scorer(fcinfo);

	cp_scorer_record(scorer, PG_GETARG_HEAPTUPLEHEADER(0), NULL);
	put_rows(fcinfo, scorer, NULL);
	return (Datum) 0;
}

Datum
cp_explain_jsonb(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = explain_scorer(fcinfo);
	Jsonb *object = PG_GETARG_JSONB_P(0);

	cp_scorer_jsonb(scorer, object, NULL);
	put_rows(fcinfo, scorer, object);
	return (Datum) 0;
}

Datum
cp_explain_json(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = explain_scorer(fcinfo);
	Jsonb *object = cp_json_customer(fcinfo);

	cp_scorer_jsonb(scorer, object, NULL);
	put_rows(fcinfo, scorer, object);
	return (Datum) 0;
}
