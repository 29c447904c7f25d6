/*
 * fn_predict.c: cp_predict and cp_score.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "pg/args.h"
#include "pg/guc.h"
#include "pg/scorer.h"

PG_FUNCTION_INFO_V1(cp_predict_record);
PG_FUNCTION_INFO_V1(cp_predict_jsonb);
PG_FUNCTION_INFO_V1(cp_predict_json);
PG_FUNCTION_INFO_V1(cp_score_record);
PG_FUNCTION_INFO_V1(cp_score_jsonb);
PG_FUNCTION_INFO_V1(cp_score_json);

#define MONTHS_A_YEAR 12

/* The scorer of a call of cp_predict(customer, model, version). */
static CpScorer *
predict_scorer(FunctionCallInfo fcinfo)
{
	int32 version;

	cp_require_customer(fcinfo);
	version = PG_ARGISNULL(2) ? 0 : cp_required_version(fcinfo, 2);
	return cp_scorer_get(fcinfo, cp_model_argument(fcinfo), version);
}

Datum
cp_predict_record(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = predict_scorer(fcinfo);

	PG_RETURN_FLOAT8(cp_scorer_record(scorer, PG_GETARG_HEAPTUPLEHEADER(0), NULL));
}

Datum
cp_predict_jsonb(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = predict_scorer(fcinfo);

	PG_RETURN_FLOAT8(cp_scorer_jsonb(scorer, PG_GETARG_JSONB_P(0), NULL));
}

Datum
cp_predict_json(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = predict_scorer(fcinfo);

	PG_RETURN_FLOAT8(cp_scorer_jsonb(scorer, cp_json_customer(fcinfo), NULL));
}

/* What a probability means by the two thresholds. */
typedef struct Segment
{
	const char *name;
	const char *recommendation;
} Segment;

static const Segment *
segment_of(double probability)
{
	static const Segment low = {"low_risk", "monitor"};
	static const Segment medium = {"medium_risk", "nurture"};
	static const Segment high = {"high_risk", "immediate_intervention"};

	if (probability >= cp_risk_threshold_high)
		return &high;
	return probability >= cp_risk_threshold_medium ? &medium : &low;
}

/* (churn_probability, risk_segment, customer_value, recommendation) */
static Datum
score_row(FunctionCallInfo fcinfo, CpScorer *scorer, double probability, double value)
{
	const Segment *segment = segment_of(probability);
	Datum values[4];
	bool nulls[4] = {false, false, isnan(value), false};

	values[0] = Float8GetDatum(probability);
	values[1] = CStringGetTextDatum(segment->name);
	/* Money: a product of decimals, without what binary fractions add to it. */
	values[2] = Float8GetDatum(rint(value * MONTHS_A_YEAR * 1e6) / 1e6);
	values[3] = CStringGetTextDatum(segment->recommendation);
	return HeapTupleGetDatum(heap_form_tuple(cp_scorer_result_type(scorer, fcinfo), values, nulls));
}

static CpScorer *
score_scorer(FunctionCallInfo fcinfo)
{
	cp_require_customer(fcinfo);
	return cp_scorer_get(fcinfo, cp_model_argument(fcinfo), 0);
}

Datum
cp_score_record(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = score_scorer(fcinfo);
	double value;
	double probability = cp_scorer_record(scorer, PG_GETARG_HEAPTUPLEHEADER(0), &value);

	PG_RETURN_DATUM(score_row(fcinfo, scorer, probability, value));
}

Datum
cp_score_jsonb(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = score_scorer(fcinfo);
	double value;
	double probability = cp_scorer_jsonb(scorer, PG_GETARG_JSONB_P(0), &value);

	PG_RETURN_DATUM(score_row(fcinfo, scorer, probability, value));
}

Datum
cp_score_json(PG_FUNCTION_ARGS)
{
	CpScorer *scorer = score_scorer(fcinfo);
	double value;
	double probability = cp_scorer_jsonb(scorer, cp_json_customer(fcinfo), &value);

	PG_RETURN_DATUM(score_row(fcinfo, scorer, probability, value));
}
