/*
 * fn_forget.c: cp_forget: erase a customer.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "num/hash.h"
#include "pg/args.h"
#include "pg/customer_filter.h"
#include "pg/model_store.h"
#include "pg/store.h"

PG_FUNCTION_INFO_V1(cp_forget);

/* The hash by which a training knows an id: of its text without trailing blanks. */
static uint64
hash_of_id(const char *id)
{
	size_t length = strlen(id);

	while (length > 0 && id[length - 1] == ' ')
		length--;
	return cp_hash_bytes(id, length, 0) | 1;
}

static int64
count_of(const char *statement, const char *customer_id)
{
	Datum value = CStringGetTextDatum(customer_id);
	Oid type = TEXTOID;

	cp_run(statement, 1, &type, &value, NULL);
	return DatumGetInt64(cp_result(1));
}

/*
 * Was the customer among those that a model learned from? One that kept no ids may have. The
 * filter of a large model takes megabytes, which go before the next one is read.
 */
static bool
learned_from(Datum customers, uint64 hash)
{
	MemoryContext memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent filter", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(memory);
	CpBridge bridge;
	CpBloom filter;
	bool has;

	cp_bridge_init(&bridge, memory, 0);
	cp_customer_filter_read(&bridge, DatumGetByteaPP(customers), &filter);
	has = cp_bloom_has(&filter, hash);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(memory);
	return has;
}

/* Mark every version that learned from the customer. Returns how many. */
static int64
mark_models(const char *customer_id)
{
	static const char mark[] =
		"INSERT INTO churnprevent.forgotten AS f (model_id) VALUES ($1)"
		" ON CONFLICT (model_id) WHERE model_id IS NOT NULL DO UPDATE SET customers = f.customers + 1,"
		" last_at = pg_catalog.clock_timestamp()";
	uint64 hash = hash_of_id(customer_id);
	Oid type = INT8OID;
	SPITupleTable *models;
	uint64 count;
	int64 marked = 0;

	cp_run("SELECT model_id, customers FROM churnprevent.model", 0, NULL, NULL, NULL);
	models = SPI_tuptable;
	count = SPI_processed;
	for (uint64 i = 0; i < count; i++)
	{
		bool isnull;
		Datum model_id = SPI_getbinval(models->vals[i], models->tupdesc, 1, &isnull);
		Datum customers = SPI_getbinval(models->vals[i], models->tupdesc, 2, &isnull);

		if (!isnull && !learned_from(customers, hash))
			continue;
		cp_run(mark, 1, &type, &model_id, NULL);
		marked++;
	}
	return marked;
}

/* Policies that were trained from the log while it knew an outcome of the customer. */
static int64
mark_policies(const char *customer_id)
{
	return count_of(
		"WITH marked AS (INSERT INTO churnprevent.forgotten AS f (policy_id, policy_version)"
		" SELECT p.policy_id, p.version FROM churnprevent.policy p WHERE p.evidence->>'source' = 'log'"
		" AND EXISTS (SELECT 1 FROM churnprevent.feedback b WHERE b.customer_id = $1"
		" AND b.decision_id IS NOT NULL AND b.observed_at <= p.created_at)"
		" ON CONFLICT (policy_id, policy_version) WHERE policy_id IS NOT NULL DO UPDATE SET customers = f.customers + 1,"
		" last_at = pg_catalog.clock_timestamp() RETURNING 1)"
		" SELECT count(*) FROM marked",
		customer_id);
}

Datum
cp_forget(PG_FUNCTION_ARGS)
{
	char *customer_id = text_to_cstring(PG_GETARG_TEXT_PP(0));
	MemoryContext caller = CurrentMemoryContext;
	CpElevation elevation;
	TupleDesc descriptor = cp_returned_type(fcinfo);
	Datum values[4];
	bool nulls[4] = {false};

	PreventCommandIfReadOnly("cp_forget()");
	cp_elevate(&elevation);
	values[3] = Int64GetDatum(mark_policies(customer_id));
	values[2] = Int64GetDatum(mark_models(customer_id));
	values[0] = Int64GetDatum(count_of(
		"WITH gone AS (DELETE FROM churnprevent.decision WHERE customer_id = $1 RETURNING 1),"
		" keys AS (DELETE FROM churnprevent.decision_key WHERE customer_id = $1),"
		" contact AS (DELETE FROM churnprevent.contact_state WHERE customer_id = $1),"
		" plans AS (DELETE FROM churnprevent.allocation WHERE customer_id = $1),"
		" units AS (DELETE FROM churnprevent.experiment_unit WHERE unit = $1"
		"  AND experiment_id = ANY (ARRAY(SELECT experiment_id FROM churnprevent.experiment)))"
		" SELECT count(*) FROM gone",
		customer_id));
	values[1] = Int64GetDatum(count_of(
		"WITH gone AS (DELETE FROM churnprevent.feedback WHERE customer_id = $1 RETURNING 1)"
		" SELECT count(*) FROM gone",
		customer_id));
	cp_descend(&elevation);
	MemoryContextSwitchTo(caller);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls)));
}
