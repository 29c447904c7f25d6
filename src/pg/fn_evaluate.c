/*
 * fn_evaluate.c: cp_evaluate, cp_lift, cp_roc_curve, cp_confusion_matrix and
 * cp_calibration: what a model is worth.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"

#include "learn/evaluation.h"
#include "learn/roc.h"
#include "pg/args.h"
#include "pg/evaluation_set.h"

PG_FUNCTION_INFO_V1(cp_evaluate);
PG_FUNCTION_INFO_V1(cp_lift);
PG_FUNCTION_INFO_V1(cp_roc_curve);
PG_FUNCTION_INFO_V1(cp_confusion_matrix);
PG_FUNCTION_INFO_V1(cp_calibration);

/* Of arguments that are NULL, as in sql/13_evaluate.sql of those left out. */
#define DEFAULT_CONFIDENCE 0.95
#define DEFAULT_POINTS 100
#define DEFAULT_THRESHOLD 0.5
#define DEFAULT_BINS 10

#define MOST_BINS 100
#define MOST_COLUMNS 19

/* --- rows ----------------------------------------------------------------- */

/* A row about to be returned, filled from the left. */
typedef struct Row
{
	Datum values[MOST_COLUMNS];
	bool nulls[MOST_COLUMNS];
	int columns;
} Row;

static void
add_datum(Row *row, Datum value, bool isnull)
{
	row->values[row->columns] = value;
	row->nulls[row->columns++] = isnull;
}

/* NaN, not defined, becomes NULL. */
static void
add_number(Row *row, double number)
{
	add_datum(row, Float8GetDatum(number), isnan(number));
}

static void
add_interval(Row *row, CpInterval interval)
{
	add_number(row, interval.low);
	add_number(row, interval.high);
}

static Datum
single_row(FunctionCallInfo fcinfo, Row *row)
{
	TupleDesc descriptor = cp_returned_type(fcinfo);

	return HeapTupleGetDatum(heap_form_tuple(descriptor, row->values, row->nulls));
}

static void
put_row(FunctionCallInfo fcinfo, Row *row)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(info->setResult, info->setDesc, row->values, row->nulls);
}

/* --- functions ------------------------------------------------------------ */

static void
add_figures(Row *row, const CpEvaluation *evaluation)
{
	const CpMetrics *metrics = &evaluation->metrics;

	add_datum(row, Int64GetDatum(metrics->rows), false);
	add_number(row, metrics->churn_rate);
	add_number(row, metrics->auc);
	add_interval(row, evaluation->auc);
	add_number(row, metrics->log_loss);
	add_interval(row, evaluation->log_loss);
	add_number(row, metrics->brier);
	add_number(row, metrics->rmse);
	add_number(row, evaluation->rmse_improvement);
	add_number(row, metrics->accuracy);
	add_interval(row, evaluation->accuracy);
	add_number(row, metrics->ece);
	add_number(row, evaluation->ece_perfect);
	add_number(row, metrics->top_decile_lift);
	add_interval(row, evaluation->lift);
}

Datum
cp_evaluate(PG_FUNCTION_ARGS)
{
	double confidence = PG_ARGISNULL(3) ? DEFAULT_CONFIDENCE : PG_GETARG_FLOAT8(3);
	CpEvaluationSet set;
	CpEvaluation evaluation;
	Row row = {{0}};

	if (!(confidence > 0 && confidence < 1))
		cp_report_range("confidence", confidence, "above 0 and below 1");
	cp_evaluation_set_open(&set, fcinfo);
	cp_bridge_check(&set.bridge,
	                cp_evaluation(&set.bridge.context, &set.scored, confidence, &evaluation), NULL);
	cp_evaluation_set_close(&set);
	add_figures(&row, &evaluation);
	PG_RETURN_DATUM(single_row(fcinfo, &row));
}

static void
put_deciles(FunctionCallInfo fcinfo, const CpDecile deciles[CP_DECILES])
{
	double weight = 0, churned = 0, captured = 0;

	for (int i = 0; i < CP_DECILES; i++)
	{
		weight += deciles[i].weight;
		churned += deciles[i].churned;
	}
	for (int i = 0; i < CP_DECILES; i++)
	{
		double rate = deciles[i].churned / deciles[i].weight;
		Row row = {{0}};

		if (deciles[i].rows == 0)
			continue;
		captured += deciles[i].churned;
		add_datum(&row, Int32GetDatum(i + 1), false);
		add_datum(&row, Int64GetDatum(deciles[i].rows), false);
		add_number(&row, deciles[i].churned);
		add_number(&row, rate);
		add_number(&row, rate / (churned / weight));
		add_number(&row, captured / churned);
		put_row(fcinfo, &row);
	}
}

Datum
cp_lift(PG_FUNCTION_ARGS)
{
	CpEvaluationSet set;
	CpDecile deciles[CP_DECILES];

	cp_materialize(fcinfo);
	cp_evaluation_set_open(&set, fcinfo);
	cp_bridge_check(&set.bridge,
	                cp_deciles(&set.bridge.context, set.scored.probabilities, set.scored.labels,
	                           set.scored.weights, set.scored.rows, deciles),
	                NULL);
	cp_evaluation_set_close(&set);
	put_deciles(fcinfo, deciles);
	return (Datum) 0;
}

Datum
cp_roc_curve(PG_FUNCTION_ARGS)
{
	int32 points = PG_ARGISNULL(3) ? DEFAULT_POINTS : PG_GETARG_INT32(3);
	CpEvaluationSet set;
	CpRocPoint *curve;
	uint32 count;

	if (points < 2)
		cp_report_range("points", points, "2 or more");
	cp_materialize(fcinfo);
	cp_evaluation_set_open(&set, fcinfo);
	cp_bridge_check(&set.bridge, cp_roc(&set.bridge.context, &set.scored, points, &curve, &count),
	                NULL);
	for (uint32 i = 0; i < count; i++)
	{
		Row row = {{0}};

		add_number(&row, curve[i].threshold);
		add_number(&row, curve[i].flagged);
		add_number(&row, curve[i].recall);
		add_number(&row, curve[i].false_positive_rate);
		add_number(&row, curve[i].precision);
		put_row(fcinfo, &row);
	}
	cp_evaluation_set_close(&set);
	return (Datum) 0;
}

Datum
cp_confusion_matrix(PG_FUNCTION_ARGS)
{
	double threshold = PG_ARGISNULL(3) ? DEFAULT_THRESHOLD : PG_GETARG_FLOAT8(3);
	CpEvaluationSet set;
	CpConfusion confusion;
	Row row = {{0}};

	if (!(threshold >= 0 && threshold <= 1))
		cp_report_range("threshold", threshold, "between 0 and 1");
	cp_evaluation_set_open(&set, fcinfo);
	cp_bridge_check(&set.bridge,
	                cp_confusion(&set.bridge.context, &set.scored, threshold, &confusion), NULL);
	cp_evaluation_set_close(&set);
	add_number(&row, threshold);
	add_number(&row, confusion.true_positives);
	add_number(&row, confusion.false_positives);
	add_number(&row, confusion.true_negatives);
	add_number(&row, confusion.false_negatives);
	add_number(&row, confusion.precision);
	add_number(&row, confusion.recall);
	add_number(&row, confusion.specificity);
	add_number(&row, confusion.f1);
	add_number(&row, confusion.accuracy);
	PG_RETURN_DATUM(single_row(fcinfo, &row));
}

static void
put_bin(FunctionCallInfo fcinfo, int32 number, const CpReliability *bin)
{
	Row row = {{0}};

	add_datum(&row, Int32GetDatum(number), false);
	add_datum(&row, Int64GetDatum(bin->rows), false);
	add_number(&row, bin->score_low);
	add_number(&row, bin->score_high);
	add_number(&row, bin->predicted);
	add_number(&row, bin->observed);
	add_interval(&row, bin->observed_range);
	put_row(fcinfo, &row);
}

Datum
cp_calibration(PG_FUNCTION_ARGS)
{
	int32 bins = PG_ARGISNULL(3) ? DEFAULT_BINS : PG_GETARG_INT32(3);
	CpEvaluationSet set;
	CpReliability reliability[MOST_BINS];

	if (bins < 2 || bins > MOST_BINS)
		cp_report_range("bins", bins, "between 2 and " CppAsString2(MOST_BINS));
	cp_materialize(fcinfo);
	cp_evaluation_set_open(&set, fcinfo);
	cp_bridge_check(
		&set.bridge,
		cp_reliability(&set.bridge.context, &set.scored, bins, DEFAULT_CONFIDENCE, reliability),
		NULL);
	cp_evaluation_set_close(&set);
	for (int32 i = 0; i < bins; i++)
		if (reliability[i].rows > 0)
			put_bin(fcinfo, i + 1, &reliability[i]);
	return (Datum) 0;
}
