/*
 * fn_evaluate.c: cp_evaluate and cp_lift: what a model is worth.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "learn/holdout.h"
#include "learn/metrics.h"
#include "pg/args.h"
#include "pg/bridge.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/label.h"
#include "pg/scorer.h"
#include "pg/source.h"

PG_FUNCTION_INFO_V1(cp_evaluate);
PG_FUNCTION_INFO_V1(cp_lift);

/* Scores and labels as they come in. */
typedef struct Scored
{
	CpBridge *bridge;
	double *probabilities;
	uint8 *labels;
	uint32 rows;
	uint32 capacity;
	uint64 unlabelled;
} Scored;

static void
add_scored(Scored *scored, double probability, bool churned)
{
	if (scored->rows == scored->capacity)
	{
		CpContext *context = &scored->bridge->context;
		size_t capacity = (size_t) scored->capacity * 2 + 1024;

		if (capacity > CP_MAX_ROWS)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			                errmsg("too many rows to evaluate"), errhint("Evaluate on a sample.")));
		cp_bridge_check(scored->bridge,
		                cp_resize(context, &scored->probabilities, capacity, sizeof(double)), NULL);
		cp_bridge_check(scored->bridge, cp_resize(context, &scored->labels, capacity, 1), NULL);
		scored->capacity = capacity;
	}
	scored->probabilities[scored->rows] = probability;
	scored->labels[scored->rows++] = churned;
}

static void
score_source(CpScorer *scorer, CpSource *source, CpLabelReader *label, int label_column,
             Scored *scored)
{
	MemoryContext row_memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent row", ALLOCSET_DEFAULT_SIZES);
	HeapTuple tuple;

	while ((tuple = cp_source_next(source)) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(row_memory);
		bool isnull;
		Datum value = heap_getattr(tuple, label_column + 1, source->descriptor, &isnull);

		if (isnull)
			scored->unlabelled++;
		else
			add_scored(scored, cp_scorer_tuple(scorer, tuple, source->descriptor, NULL),
			           cp_label_churned(label, value));
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_memory);
	}
	MemoryContextDelete(row_memory);
}

/* Metrics of the deployed version on a source, labels as at training. */
static void
evaluate_source(CpScorer *scorer, CpBridge *bridge, const char *text, const char *label_name,
                CpMetrics *metrics)
{
	const CpModelRef *ref = cp_scorer_ref(scorer);
	const char *positive = cp_json_get_text(cp_store_options(ref), "positive");
	Scored scored = {bridge};
	CpSource source;
	CpLabelReader label;
	int label_column;
	Oid type;

	if (label_name == NULL)
		label_name = cp_store_label(ref);
	SPI_connect();
	cp_source_open(&source, text);
	label_column = cp_source_column(&source, label_name, "label");
	type = TupleDescAttr(source.descriptor, label_column)->atttypid;
	cp_label_init(&label, label_name, type, cp_label_positive_for(type, positive));
	score_source(scorer, &source, &label, label_column, &scored);
	cp_source_close(&source);
	if (scored.rows == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_EXCEPTION), errmsg("the source has no rows with a label")));
	if (label.positive == NULL)
		cp_label_finish(&label);
	if (scored.unlabelled > 0)
		ereport(NOTICE,
		        (errmsg_plural("%llu row left out because label \"%s\" is NULL",
		                       "%llu rows left out because label \"%s\" is NULL", scored.unlabelled,
		                       (unsigned long long) scored.unlabelled, label_name)));
	cp_bridge_check(bridge,
	                cp_metrics(&bridge->context, scored.probabilities, scored.labels, NULL,
	                           scored.rows, metrics),
	                NULL);
	SPI_finish();
}

static void
stored_metrics(const CpModelRef *ref, const char *name, CpMetrics *metrics)
{
	Jsonb *json = cp_store_metrics(ref);

	metrics->rows = cp_json_get_number(json, "rows");
	if (metrics->rows == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("model \"%s\" version %d has no held-out rows", name, ref->version),
		         errhint("Name a source to evaluate on, or train with \"test_size\" above 0.")));
	metrics->churn_rate = cp_json_get_number(json, "churn_rate");
	metrics->auc = cp_json_get_number(json, "auc");
	metrics->log_loss = cp_json_get_number(json, "log_loss");
	metrics->brier = cp_json_get_number(json, "brier");
	metrics->rmse = cp_json_get_number(json, "rmse");
	metrics->accuracy = cp_json_get_number(json, "accuracy");
	metrics->ece = cp_json_get_number(json, "ece");
	metrics->top_decile_lift = cp_json_get_number(json, "top_decile_lift");
}

static Datum
metrics_row(FunctionCallInfo fcinfo, const CpMetrics *metrics)
{
	double figures[] = {
		metrics->churn_rate, metrics->auc,      metrics->log_loss, metrics->brier,
		metrics->rmse,       metrics->accuracy, metrics->ece,      metrics->top_decile_lift};
	TupleDesc descriptor;
	Datum values[1 + lengthof(figures)];
	bool nulls[1 + lengthof(figures)] = {false};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(metrics->rows);
	for (size_t i = 0; i < lengthof(figures); i++)
	{
		values[1 + i] = Float8GetDatum(figures[i]);
		nulls[1 + i] = isnan(figures[i]);
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

Datum
cp_evaluate(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext memory =
		AllocSetContextCreate(caller, "churnprevent evaluation", ALLOCSET_DEFAULT_SIZES);
	CpBridge bridge;
	CpScorer *scorer;
	CpMetrics metrics;
	char *name = cp_optional_text(fcinfo, 0);
	char *source = cp_optional_text(fcinfo, 1);

	MemoryContextSwitchTo(memory);
	cp_bridge_init(&bridge, memory, cp_training_memory);
	scorer = cp_scorer_make(name);
	if (source == NULL)
		stored_metrics(cp_scorer_ref(scorer), cp_scorer_model(scorer), &metrics);
	else
		evaluate_source(scorer, &bridge, source, cp_optional_text(fcinfo, 2), &metrics);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(memory);
	PG_RETURN_DATUM(metrics_row(fcinfo, &metrics));
}

static void
read_deciles(const char *name, CpDecile deciles[CP_DECILES])
{
	CpScorer *scorer = cp_scorer_make(name);
	const CpModelRef *ref = cp_scorer_ref(scorer);
	CpBridge bridge;
	CpHoldout holdout;
	bytea *bytes = cp_store_holdout(ref);

	if (bytes == NULL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("model \"%s\" version %d has no held-out rows",
		                       cp_scorer_model(scorer), ref->version),
		                errhint("Train with \"test_size\" above 0.")));
	cp_bridge_init(&bridge, CurrentMemoryContext, cp_training_memory);
	cp_bridge_check(
		&bridge,
		cp_holdout_read(&holdout, &bridge.context, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ),
		psprintf("held-out rows of model \"%s\"", cp_scorer_model(scorer)));
	cp_bridge_check(&bridge,
	                cp_deciles(&bridge.context, holdout.probabilities, holdout.labels,
	                           holdout.weights, holdout.rows, deciles),
	                NULL);
}

Datum
cp_lift(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	CpDecile deciles[CP_DECILES];
	double weight = 0, churned = 0, captured = 0;

	read_deciles(cp_optional_text(fcinfo, 0), deciles);
	cp_materialize(fcinfo);
	for (int i = 0; i < CP_DECILES; i++)
	{
		weight += deciles[i].weight;
		churned += deciles[i].churned;
	}
	for (int i = 0; i < CP_DECILES; i++)
	{
		double rate = deciles[i].churned / deciles[i].weight;
		Datum values[6];
		bool nulls[6] = {false};

		if (deciles[i].rows == 0)
			continue;
		captured += deciles[i].churned;
		values[0] = Int32GetDatum(i + 1);
		values[1] = Int64GetDatum(deciles[i].rows);
		values[2] = Float8GetDatum(deciles[i].churned);
		values[3] = Float8GetDatum(rate);
		values[4] = Float8GetDatum(rate / (churned / weight));
		values[5] = Float8GetDatum(captured / churned);
		nulls[3] = deciles[i].weight == 0;
		nulls[4] = nulls[3] || churned == 0;
		nulls[5] = churned == 0;
		tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
	}
	return (Datum) 0;
}
