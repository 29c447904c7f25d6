/*
 * fn_train.c: cp_train.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/memutils.h"

#include "pg/args.h"
#include "pg/trainer.h"

PG_FUNCTION_INFO_V1(cp_train);

static void
set_number(Datum *values, bool *nulls, int column, double number)
{
	values[column] = Float8GetDatum(number);
	nulls[column] = isnan(number);
}

static Datum
result_row(FunctionCallInfo fcinfo, const CpNewModel *stored, const CpMetrics *metrics,
           int32 version)
{
	TupleDesc descriptor = cp_returned_type(fcinfo);
	Datum values[11];
	bool nulls[11] = {false};

	values[0] = Int32GetDatum(version);
	values[1] = Int64GetDatum(stored->rows);
	values[2] = Int32GetDatum(stored->feature_count);
	set_number(values, nulls, 3, stored->churn_rate);
	set_number(values, nulls, 4, metrics->auc);
	set_number(values, nulls, 5, metrics->log_loss);
	set_number(values, nulls, 6, metrics->rmse);
	set_number(values, nulls, 7, metrics->accuracy);
	set_number(values, nulls, 8, metrics->ece);
	values[9] = JsonbPGetDatum(stored->weights);
	values[10] = BoolGetDatum(stored->deploy);
	return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}

Datum
cp_train(PG_FUNCTION_ARGS)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "churnprevent training",
	                                             ALLOCSET_DEFAULT_SIZES);
	CpTrainOrder order = {0};
	CpNewModel stored;
	CpMetrics metrics;
	int32 version;
	Datum row;

	order.name = cp_required_text(fcinfo, 0, "model");
	order.source = cp_required_text(fcinfo, 1, "source");
	order.label = cp_required_text(fcinfo, 2, "label");
	order.options = cp_options_argument(fcinfo, 3);
	PreventCommandIfReadOnly("cp_train()");
	version = cp_train_version(&order, memory, &stored, &metrics);
	row = result_row(fcinfo, &stored, &metrics, version);
	MemoryContextDelete(memory);
	PG_RETURN_DATUM(row);
}
