/*
 * allocation_store.c: what became of an allocation, and the only file that writes it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "pg/allocation_store.h"
#include "pg/store.h"

static CpAllocationReport *last;
static MemoryContext last_memory;

void
cp_allocation_remember(const CpAllocationReport *report)
{
	MemoryContext caller;

	if (last_memory == NULL)
		last_memory = AllocSetContextCreate(TopMemoryContext, "churnprevent allocation report",
		                                    ALLOCSET_SMALL_SIZES);
	last = NULL;
	MemoryContextReset(last_memory);
	caller = MemoryContextSwitchTo(last_memory);
	last = palloc(sizeof(*last));
	*last = *report;
	for (uint32 r = 0; r < report->nlimits; r++)
		last->limits[r].name = pstrdup(report->limits[r].name);
	MemoryContextSwitchTo(caller);
}

/* --- keeping ------------------------------------------------------------ */

static void
insert_run(CpAllocationReport *report, const char *source, Jsonb *options, Oid caller)
{
	Oid types[] = {REGROLEOID, TEXTOID, TEXTOID, JSONBOID,  BOOLOID,   INT8OID,
	               INT8OID,    INT8OID, INT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID,
	               BOOLOID,    INT4OID, INT4OID, FLOAT8OID, FLOAT8OID};
	Datum values[lengthof(types)];
	int n = 0;

	values[n++] = ObjectIdGetDatum(caller);
	values[n++] = CStringGetTextDatum(source);
	values[n++] = CStringGetTextDatum(cp_allocation_method_name(report->method));
	values[n++] = JsonbPGetDatum(options);
	values[n++] = BoolGetDatum(report->streamed);
	values[n++] = Int64GetDatum(report->customers);
	values[n++] = Int64GetDatum(report->left_out);
	values[n++] = Int64GetDatum(report->options);
	values[n++] = Int64GetDatum(report->acted);
	values[n++] = Float8GetDatum(report->value);
	values[n++] = Float8GetDatum(report->upper);
	values[n++] = Float8GetDatum(report->gap);
	values[n++] = BoolGetDatum(report->proved);
	values[n++] = Int32GetDatum(report->scans);
	values[n++] = Int32GetDatum(report->iterations);
	values[n++] = Float8GetDatum(report->read_seconds);
	values[n++] = Float8GetDatum(report->solve_seconds);
	cp_run(
		"INSERT INTO churnprevent.allocation_run (made_by, source, method, options, streamed, customers, left_out,"
		" option_count, acted, objective, upper_bound, gap, proved, scans, iterations, read_seconds, solve_seconds)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING run_id",
		n, types, values, NULL);
	report->run_id = DatumGetInt64(cp_result(1));
}

static CpStatement insert_limit = {
	"INSERT INTO churnprevent.allocation_limit (run_id, position, name, money, least, bound, already_spent, used,"
	" shadow_price) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	9,
	{INT8OID, INT4OID, TEXTOID, BOOLOID, BOOLOID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID}};

static void
insert_limits(const CpAllocationReport *report)
{
	for (uint32 r = 0; r < report->nlimits; r++)
	{
		const CpLimitReport *limit = &report->limits[r];
		Datum values[] = {Int64GetDatum(report->run_id),    Int32GetDatum(r + 1),
		                  CStringGetTextDatum(limit->name), BoolGetDatum(limit->money),
		                  BoolGetDatum(limit->least),       Float8GetDatum(limit->bound),
		                  Float8GetDatum(limit->already),   Float8GetDatum(limit->used),
		                  Float8GetDatum(limit->price)};

		cp_run_planned(&insert_limit, values, NULL);
	}
}

static CpStatement insert_row = {
	"INSERT INTO churnprevent.allocation (run_id, customer_id, action, share, value, cost, reduced_value)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7)",
	7,
	{INT8OID, TEXTOID, TEXTOID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID}};

static void
insert_rows(int64 run_id, Tuplestorestate *rows, TupleDesc descriptor)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);

	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		Datum values[7] = {Int64GetDatum(run_id)};

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		memcpy(values + 1, slot->tts_values, 6 * sizeof(Datum));
		cp_run_planned(&insert_row, values, NULL);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_rescan(rows);
}

void
cp_allocation_keep(CpAllocationReport *report, const char *source, Jsonb *options,
                   Tuplestorestate *rows, TupleDesc descriptor)
{
	Oid caller = GetUserId();
	CpElevation elevation;

	cp_elevate(&elevation);
	insert_run(report, source, options, caller);
	insert_limits(report);
	insert_rows(report->run_id, rows, descriptor);
	cp_descend(&elevation);
}

/* --- recalling ---------------------------------------------------------- */

/* Columns of churnprevent.allocation_run and allocation_limit that are read. */
enum
{
	RUN_METHOD = 5,
	RUN_STREAMED = 7,
	RUN_CUSTOMERS,
	RUN_LEFT_OUT,
	RUN_OPTIONS,
	RUN_ACTED,
	RUN_VALUE,
	RUN_UPPER,
	RUN_GAP,
	RUN_PROVED,
	RUN_SCANS,
	RUN_ITERATIONS,
	RUN_READ_SECONDS,
	RUN_SOLVE_SECONDS,
	LIMIT_NAME = 3,
	LIMIT_MONEY,
	LIMIT_LEAST,
	LIMIT_BOUND,
	LIMIT_ALREADY,
	LIMIT_USED,
	LIMIT_PRICE
};

static void
read_run(CpProbe *probe, CpAllocationReport *report)
{
	report->method = cp_allocation_method(TextDatumGetCString(cp_probe_value(probe, RUN_METHOD)));
	report->streamed = DatumGetBool(cp_probe_value(probe, RUN_STREAMED));
	report->customers = DatumGetInt64(cp_probe_value(probe, RUN_CUSTOMERS));
	report->left_out = DatumGetInt64(cp_probe_value(probe, RUN_LEFT_OUT));
	report->options = DatumGetInt64(cp_probe_value(probe, RUN_OPTIONS));
	report->acted = DatumGetInt64(cp_probe_value(probe, RUN_ACTED));
	report->value = DatumGetFloat8(cp_probe_value(probe, RUN_VALUE));
	report->upper = DatumGetFloat8(cp_probe_value(probe, RUN_UPPER));
	report->gap = DatumGetFloat8(cp_probe_value(probe, RUN_GAP));
	report->proved = DatumGetBool(cp_probe_value(probe, RUN_PROVED));
	report->scans = DatumGetInt32(cp_probe_value(probe, RUN_SCANS));
	report->iterations = DatumGetInt32(cp_probe_value(probe, RUN_ITERATIONS));
	report->read_seconds = DatumGetFloat8(cp_probe_value(probe, RUN_READ_SECONDS));
	report->solve_seconds = DatumGetFloat8(cp_probe_value(probe, RUN_SOLVE_SECONDS));
}

static void
read_limits(int64 run_id, CpAllocationReport *report)
{
	ScanKeyData key;
	CpProbe probe;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(run_id));
	cp_probe_begin(&probe, "allocation_limit", "allocation_limit_pkey", &key, 1);
	while (report->nlimits < CP_MAX_LIMITS && cp_probe_next(&probe, ForwardScanDirection))
	{
		CpLimitReport *limit = &report->limits[report->nlimits++];

		limit->name = TextDatumGetCString(cp_probe_value(&probe, LIMIT_NAME));
		limit->money = DatumGetBool(cp_probe_value(&probe, LIMIT_MONEY));
		limit->least = DatumGetBool(cp_probe_value(&probe, LIMIT_LEAST));
		limit->bound = DatumGetFloat8(cp_probe_value(&probe, LIMIT_BOUND));
		limit->already = DatumGetFloat8(cp_probe_value(&probe, LIMIT_ALREADY));
		limit->used = DatumGetFloat8(cp_probe_value(&probe, LIMIT_USED));
		limit->price = DatumGetFloat8(cp_probe_value(&probe, LIMIT_PRICE));
	}
	cp_probe_end(&probe);
}

const CpAllocationReport *
cp_allocation_recall(int64 run_id)
{
	CpAllocationReport *report;
	ScanKeyData key;
	CpProbe probe;

	if (run_id == 0 && last == NULL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("there has been no allocation in this session"),
		                errhint("Name a run that was kept, or call cp_allocate() first.")));
	if (run_id == 0)
		return last;
	report = palloc0(sizeof(*report));
	report->run_id = run_id;
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(run_id));
	cp_probe_begin(&probe, "allocation_run", "allocation_run_pkey", &key, 1);
	if (!cp_probe_next(&probe, ForwardScanDirection))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("allocation run %lld does not exist", (long long) run_id)));
	read_run(&probe, report);
	cp_probe_end(&probe);
	read_limits(run_id, report);
	return report;
}
