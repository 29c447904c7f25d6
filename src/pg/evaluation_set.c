/*
 * evaluation_set.c: scored rows that the deployed version of a model is measured on.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "utils/memutils.h"

#include "learn/dataset.h"
#include "learn/holdout.h"
#include "pg/args.h"
#include "pg/evaluation_set.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/label.h"
#include "pg/scorer.h"
#include "pg/source.h"
#include "pg/steering.h"

/* What is known while a source is read. */
typedef struct SourceReading
{
	CpEvaluationSet *set;
	CpScorer *scorer;
	CpSource source;
	CpLabelReader label;
	int label_column;
	CpSteering weight;
	size_t capacity; /* rows that the set has room for */
	uint64 unlabelled;
} SourceReading;

static void
open_label(SourceReading *reading, const char *name, Jsonb *options)
{
	const char *positive = cp_json_get_text(options, "positive");
	Oid type;

	if (name == NULL)
		name = cp_store_label(cp_scorer_ref(reading->scorer));
	reading->label_column = cp_source_column(&reading->source, name, "label");
	type = TupleDescAttr(reading->source.descriptor, reading->label_column)->atttypid;
	cp_label_init(&reading->label, name, type, cp_label_positive_for(type, positive));
}

static void
open_weight(SourceReading *reading, Jsonb *options)
{
	const char *name = cp_json_get_text(options, "weight");

	if (name != NULL && cp_find_column(reading->source.descriptor, name) < 0)
	{
		ereport(NOTICE, (errmsg("the source lacks the weight column \"%s\" of the training", name),
		                 errdetail("Every row counts the same.")));
		name = NULL;
	}
	cp_steer(&reading->weight, &reading->source, name, "weight");
	cp_steering_require(&reading->weight, &reading->source, true, "numbers");
}

static void
make_room(SourceReading *reading)
{
	CpBridge *bridge = &reading->set->bridge;
	CpScored *scored = &reading->set->scored;

	reading->capacity = reading->capacity * 2 + 1024;
	if (reading->capacity > CP_MAX_ROWS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("too many rows to evaluate"), errhint("Evaluate on a sample.")));
	cp_bridge_check(
		bridge,
		cp_resize(&bridge->context, &scored->probabilities, reading->capacity, sizeof(double)),
		NULL);
	cp_bridge_check(bridge, cp_resize(&bridge->context, &scored->labels, reading->capacity, 1),
	                NULL);
	if (reading->weight.column >= 0)
		cp_bridge_check(
			bridge,
			cp_resize(&bridge->context, &scored->weights, reading->capacity, sizeof(double)), NULL);
}

static void
read_row(SourceReading *reading, HeapTuple tuple)
{
	CpScored *scored = &reading->set->scored;
	TupleDesc descriptor = reading->source.descriptor;
	bool isnull;
	Datum value = heap_getattr(tuple, reading->label_column + 1, descriptor, &isnull);

	if (isnull)
	{
		reading->unlabelled++;
		return;
	}
	if (scored->rows == reading->capacity)
		make_room(reading);
	scored->labels[scored->rows] = cp_label_churned(&reading->label, value);
	if (reading->weight.column >= 0)
	{
		value = heap_getattr(tuple, reading->weight.column + 1, descriptor, &isnull);
		scored->weights[scored->rows] = cp_steering_weight(&reading->weight, value, isnull);
	}
	scored->probabilities[scored->rows++] =
		cp_scorer_tuple(reading->scorer, tuple, descriptor, NULL);
}

static void
read_rows(SourceReading *reading)
{
	MemoryContext row_memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent row", ALLOCSET_DEFAULT_SIZES);
	HeapTuple tuple;

	while ((tuple = cp_source_next(&reading->source)) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(row_memory);

		read_row(reading, tuple);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_memory);
	}
	MemoryContextDelete(row_memory);
}

static void
check_rows(const SourceReading *reading)
{
	CpScored *scored = &reading->set->scored;

	if (scored->rows == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_EXCEPTION), errmsg("the source has no rows with a label")));
	if (reading->label.positive == NULL)
		cp_label_finish(&reading->label);
	if (scored->weights != NULL && !cp_scale_weights(scored->weights, scored->rows))
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("all weights are zero")));
	if (reading->unlabelled > 0)
		ereport(NOTICE, (errmsg_plural(
							"%llu row left out because label \"%s\" is NULL",
							"%llu rows left out because label \"%s\" is NULL", reading->unlabelled,
							(unsigned long long) reading->unlabelled, reading->label.column)));
}

static void
read_source(CpEvaluationSet *set, CpScorer *scorer, const char *source, const char *label)
{
	SourceReading reading = {set, scorer};
	Jsonb *options = cp_store_options(cp_scorer_ref(scorer));

	SPI_connect();
	cp_source_open(&reading.source, source);
	open_label(&reading, label, options);
	open_weight(&reading, options);
	read_rows(&reading);
	cp_source_close(&reading.source);
	check_rows(&reading);
	SPI_finish();
}

bool
cp_stored_holdout(CpBridge *bridge, const CpModelRef *ref, const char *name, CpScored *scored)
{
	bytea *bytes = cp_store_holdout(ref);

	if (bytes == NULL)
		return false;
	cp_bridge_check(
		bridge,
		cp_holdout_read(scored, &bridge->context, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ),
		psprintf("held-out rows of model \"%s\"", name));
	pfree(bytes);
	return true;
}

static void
read_holdout(CpEvaluationSet *set, CpScorer *scorer)
{
	const CpModelRef *ref = cp_scorer_ref(scorer);
	const char *name = cp_scorer_model(scorer);

	if (!cp_stored_holdout(&set->bridge, ref, name, &set->scored))
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("model \"%s\" version %d has no held-out rows", name, ref->version),
		         errhint("Name a source to evaluate on, or train with \"test_size\" above 0.")));
}

void
cp_evaluation_set_open(CpEvaluationSet *set, FunctionCallInfo fcinfo)
{
	char *model = cp_optional_text(fcinfo, 0);
	char *source = cp_optional_text(fcinfo, 1);
	char *label = cp_optional_text(fcinfo, 2);
	MemoryContext caller = CurrentMemoryContext;
	CpScorer *scorer;

	memset(set, 0, sizeof(*set));
	set->memory = AllocSetContextCreate(caller, "churnprevent evaluation", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(set->memory);
	cp_bridge_init(&set->bridge, set->memory, cp_training_memory);
	scorer = cp_scorer_make(model);
	if (source == NULL)
		read_holdout(set, scorer);
	else
		read_source(set, scorer, source, label);
	MemoryContextSwitchTo(caller);
}

void
cp_evaluation_set_close(CpEvaluationSet *set)
{
	MemoryContextDelete(set->memory);
}
