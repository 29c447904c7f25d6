/*
 * fn_metrics.c: the aggregates cp_auc, cp_log_loss and cp_brier.
 *
 * The AUC needs all scores in order, so its state grows: a list of scores and
 * labels, bounded by churnprevent.training_memory. The losses are means: a
 * count and a sum, as an array that any node may combine.
 */
#include "pg/compat.h"

#include <limits.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "learn/metrics.h"
#include "pg/args.h"
#include "pg/bridge.h"
#include "pg/guc.h"

PG_FUNCTION_INFO_V1(cp_auc_transition);
PG_FUNCTION_INFO_V1(cp_auc_transition_int);
PG_FUNCTION_INFO_V1(cp_auc_combine);
PG_FUNCTION_INFO_V1(cp_auc_serialize);
PG_FUNCTION_INFO_V1(cp_auc_deserialize);
PG_FUNCTION_INFO_V1(cp_auc_final);
PG_FUNCTION_INFO_V1(cp_log_loss_transition);
PG_FUNCTION_INFO_V1(cp_log_loss_transition_int);
PG_FUNCTION_INFO_V1(cp_brier_transition);
PG_FUNCTION_INFO_V1(cp_brier_transition_int);
PG_FUNCTION_INFO_V1(cp_loss_combine);
PG_FUNCTION_INFO_V1(cp_loss_final);

static bool
label_of_int(int32 label)
{
	if (label != 0 && label != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a label must be 0 or 1"),
		                errdetail("It is %d.", label)));
	return label == 1;
}

/* --- AUC ---------------------------------------------------------------- */

typedef struct AucState
{
	uint32 rows;
	uint32 capacity;
	double *scores;
	uint8 *labels;
} AucState;

static AucState *
auc_state(MemoryContext memory)
{
	return MemoryContextAllocZero(memory, sizeof(AucState));
}

static void
auc_reserve(AucState *state, MemoryContext memory, uint64 rows)
{
	Size bytes = rows * (sizeof(double) + 1);

	if (rows <= state->capacity)
		return;
	if (bytes / 1024 > (Size) cp_training_memory || rows > INT_MAX)
		ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		                errmsg("memory for cp_auc exceeds \"churnprevent.training_memory\""),
		                errdetail("%zu kB are required and %d kB allowed.", bytes / 1024,
		                          cp_training_memory),
		                errhint("Aggregate a sample, or raise the setting.")));
	if (state->capacity == 0)
	{
		state->scores = MemoryContextAllocHuge(memory, rows * sizeof(double));
		state->labels = MemoryContextAllocHuge(memory, rows);
	}
	else
	{
		state->scores = repalloc_huge(state->scores, rows * sizeof(double));
		state->labels = repalloc_huge(state->labels, rows);
	}
	state->capacity = rows;
}

static Datum
auc_add(FunctionCallInfo fcinfo, bool label)
{
	MemoryContext memory = cp_aggregate_memory(fcinfo);
	AucState *state = PG_ARGISNULL(0) ? auc_state(memory) : (AucState *) PG_GETARG_POINTER(0);
	double score = PG_GETARG_FLOAT8(1);

	if (isnan(score))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a score must not be NaN")));
	if (state->rows == state->capacity)
		auc_reserve(state, memory, (uint64) state->capacity * 3 / 2 + 128);
	state->scores[state->rows] = score;
	state->labels[state->rows++] = label;
	PG_RETURN_POINTER(state);
}

/* A row without score or label counts nothing: the state as it is. */
static Datum
unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

Datum
cp_auc_transition(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return auc_add(fcinfo, PG_GETARG_BOOL(2));
}

Datum
cp_auc_transition_int(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return auc_add(fcinfo, label_of_int(PG_GETARG_INT32(2)));
}

Datum
cp_auc_combine(PG_FUNCTION_ARGS)
{
	MemoryContext memory = cp_aggregate_memory(fcinfo);
	AucState *into = PG_ARGISNULL(0) ? auc_state(memory) : (AucState *) PG_GETARG_POINTER(0);
	AucState *from = PG_ARGISNULL(1) ? NULL : (AucState *) PG_GETARG_POINTER(1);

	if (from != NULL && from->rows > 0)
	{
		auc_reserve(into, memory, (uint64) into->rows + from->rows);
		memcpy(into->scores + into->rows, from->scores, from->rows * sizeof(double));
		memcpy(into->labels + into->rows, from->labels, from->rows);
		into->rows += from->rows;
	}
	PG_RETURN_POINTER(into);
}

Datum
cp_auc_serialize(PG_FUNCTION_ARGS)
{
	AucState *state = (AucState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	cp_aggregate_memory(fcinfo);
	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, state->rows);
	for (uint32 i = 0; i < state->rows; i++)
		pq_sendfloat8(&buffer, state->scores[i]);
	pq_sendbytes(&buffer, (char *) state->labels, state->rows);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
cp_auc_deserialize(PG_FUNCTION_ARGS)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	AucState *state = auc_state(CurrentMemoryContext);
	StringInfoData buffer;
	uint32 rows;

	cp_aggregate_memory(fcinfo);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	rows = pq_getmsgint(&buffer, 4);
	auc_reserve(state, CurrentMemoryContext, rows);
	for (uint32 i = 0; i < rows; i++)
		state->scores[i] = pq_getmsgfloat8(&buffer);
	if (rows > 0)
		memcpy(state->labels, pq_getmsgbytes(&buffer, rows), rows);
	pq_getmsgend(&buffer);
	state->rows = rows;
	pfree(buffer.data);
	PG_RETURN_POINTER(state);
}

Datum
cp_auc_final(PG_FUNCTION_ARGS)
{
	AucState *state = PG_ARGISNULL(0) ? NULL : (AucState *) PG_GETARG_POINTER(0);
	CpBridge bridge;
	double auc;

	cp_aggregate_memory(fcinfo);
	if (state == NULL)
		PG_RETURN_NULL();
	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	cp_bridge_check(&bridge,
	                cp_auc(&bridge.context, state->scores, state->labels, NULL, state->rows, &auc),
	                NULL);
	if (isnan(auc))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(auc);
}

/* --- means of a loss ---------------------------------------------------- */

/* State: how many, and the sum of their losses. */
#define LOSS_STATE 2
#define LOSS_ROWS(array) (((float8 *) ARR_DATA_PTR(array))[0])
#define LOSS_SUM(array) (((float8 *) ARR_DATA_PTR(array))[1])

static ArrayType *
loss_state(FunctionCallInfo fcinfo, int argument)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);

	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != LOSS_STATE || ARR_HASNULL(array) ||
	    ARR_ELEMTYPE(array) != FLOAT8OID)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the state of a loss must be an array of two numbers")));
	return array;
}

static Datum
make_loss_state(double rows, double sum)
{
	Datum elements[LOSS_STATE] = {Float8GetDatum(rows), Float8GetDatum(sum)};

	PG_RETURN_ARRAYTYPE_P(construct_array(elements, LOSS_STATE, FLOAT8OID, sizeof(float8),
	                                      FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* In place: inside an aggregate the state belongs to us. */
static Datum
add_loss(FunctionCallInfo fcinfo, double rows, double loss)
{
	ArrayType *array;

	cp_aggregate_memory(fcinfo);
	if (PG_ARGISNULL(0))
		return make_loss_state(rows, loss);
	/* The array that was changed, which is a copy where the argument was packed. */
	array = loss_state(fcinfo, 0);
	LOSS_ROWS(array) += rows;
	LOSS_SUM(array) += loss;
	PG_RETURN_ARRAYTYPE_P(array);
}

static double
checked_probability(double probability)
{
	if (!(probability >= 0 && probability <= 1))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("a probability must be between 0 and 1"),
		                errdetail("It is %g.", probability)));
	return probability;
}

static Datum
add_log_loss(FunctionCallInfo fcinfo, bool label)
{
	return add_loss(fcinfo, 1, cp_log_loss_of(checked_probability(PG_GETARG_FLOAT8(1)), label));
}

static Datum
add_brier(FunctionCallInfo fcinfo, bool label)
{
	double miss = checked_probability(PG_GETARG_FLOAT8(1)) - (label ? 1 : 0);

	return add_loss(fcinfo, 1, miss * miss);
}

Datum
cp_log_loss_transition(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return add_log_loss(fcinfo, PG_GETARG_BOOL(2));
}

Datum
cp_log_loss_transition_int(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return add_log_loss(fcinfo, label_of_int(PG_GETARG_INT32(2)));
}

Datum
cp_brier_transition(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return add_brier(fcinfo, PG_GETARG_BOOL(2));
}

Datum
cp_brier_transition_int(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return add_brier(fcinfo, label_of_int(PG_GETARG_INT32(2)));
}

Datum
cp_loss_combine(PG_FUNCTION_ARGS)
{
	ArrayType *from;

	if (PG_ARGISNULL(1))
		return unchanged(fcinfo);
	from = loss_state(fcinfo, 1);
	return add_loss(fcinfo, LOSS_ROWS(from), LOSS_SUM(from));
}

Datum
cp_loss_final(PG_FUNCTION_ARGS)
{
	ArrayType *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = loss_state(fcinfo, 0);
	if (LOSS_ROWS(state) == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(LOSS_SUM(state) / LOSS_ROWS(state));
}
