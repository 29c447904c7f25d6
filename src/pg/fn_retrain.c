/*
 * fn_retrain.c: cp_retrain_review: when to train again, and whether what was trained is better.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "pg/args.h"
#include "pg/gate.h"
#include "pg/json.h"
#include "pg/performance.h"
#include "pg/scorer.h"
#include "pg/source.h"
#include "pg/store.h"

PG_FUNCTION_INFO_V1(cp_retrain_review);

typedef enum Reason
{
	REASON_DRIFT,
	REASON_PERFORMANCE,
	REASON_AGE,
	REASON_ROWS,
	REASONS
} Reason;

static const char *const reason_names[REASONS] = {"drift", "performance", "age", "new_rows"};

/* A reason to train again: what was found, and from where on it is one; NULL = never. */
typedef struct Finding
{
	bool fired;
	char *observed;
	char *threshold;
} Finding;

typedef struct Review
{
	MemoryContext memory;
	char *name;
	CpModelRef ref; /* of the deployed version */
	Finding findings[REASONS];
	double drop; /* of AUC; 0 = never */
	Interval *period;
	int64 new_rows; /* 0 = never */
	int64 rows;     /* labelled, at the training */
	char
		*waiting; /* since when a candidate that was not better makes it wait, NULL = it does not */
	char *retry_after;
} Review;

/* --- rules -------------------------------------------------------------------------- */

/* A model without a row in the table has the defaults of its columns. */
static const char rule_query[] =
	"WITH rule AS (SELECT * FROM churnprevent.retrain_rule WHERE model = $1"
	"  UNION ALL SELECT $1, 'critical', 0.03, '90 days', '90 days', NULL, '7 days'"
	"  WHERE NOT EXISTS (SELECT FROM churnprevent.retrain_rule WHERE model = $1)),"
	" checked AS (SELECT d.level FROM churnprevent.drift_report d JOIN churnprevent.model m USING (model_id)"
	"  WHERE model_id = $2 AND d.reference = 'training' AND d.mode = 'scan' AND d.level <> 'too few rows'"
	"  AND pg_has_role(d.checked_by, m.owner, 'USAGE')"
	"  ORDER BY report_id DESC LIMIT 1),"
	" tried AS (SELECT reviewed_at FROM churnprevent.retrain_review WHERE model = $1 AND version = $3 AND NOT deployed"
	"  ORDER BY review_id DESC LIMIT 1)"
	" SELECT r.drift_level, coalesce(c.level, 'not checked'),"
	"  coalesce(c.level IN (r.drift_level, 'critical') AND r.drift_level IS NOT NULL, false),"
	"  r.max_age::text, date_trunc('second', now() - m.created_at)::text,"
	"  coalesce(now() - m.created_at > r.max_age, false),"
	"  r.performance_drop, r.performance_period, coalesce(r.new_rows, 0), m.rows,"
	"  CASE WHEN now() < t.reviewed_at + r.retry_after THEN date_trunc('second', t.reviewed_at)::text END, r.retry_after::text"
	" FROM rule r JOIN churnprevent.model m ON m.model_id = $2 LEFT JOIN checked c ON true"
	" LEFT JOIN tried t ON true";

/* A text of the row, in the review's memory; NULL when it is NULL. */
static char *
kept_text(const Review *review, int column)
{
	bool isnull;
	Datum value = cp_result_or_null(column, &isnull);

	return isnull ? NULL : MemoryContextStrdup(review->memory, TextDatumGetCString(value));
}

static void
read_finding(Review *review, Reason reason, int column)
{
	Finding *finding = &review->findings[reason];

	finding->threshold = kept_text(review, column);
	finding->observed = kept_text(review, column + 1);
	finding->fired = DatumGetBool(cp_result(column + 2));
}

static void
read_rule(Review *review)
{
	Oid types[] = {TEXTOID, INT8OID, INT4OID};
	Datum values[lengthof(types)];
	CpElevation elevation;
	bool isnull;
	Datum drop;

	values[0] = CStringGetTextDatum(review->name);
	values[1] = Int64GetDatum(review->ref.model_id);
	values[2] = Int32GetDatum(review->ref.version);
	cp_elevate(&elevation);
	cp_ask(rule_query, lengthof(types), types, values);
	read_finding(review, REASON_DRIFT, 1);
	read_finding(review, REASON_AGE, 4);
	drop = cp_result_or_null(7, &isnull);
	review->drop = isnull ? 0 : DatumGetFloat8(drop);
	review->period = MemoryContextAlloc(review->memory, sizeof(Interval));
	*review->period = *DatumGetIntervalP(cp_result(8));
	review->new_rows = DatumGetInt64(cp_result(9));
	review->rows = DatumGetInt64(cp_result(10));
	review->waiting = kept_text(review, 11);
	review->retry_after = kept_text(review, 12);
	cp_descend(&elevation);
}

static void
review_performance(Review *review)
{
	Finding *finding = &review->findings[REASON_PERFORMANCE];
	CpPerformance performance;
	bool significant;
	double drop;

	if (review->drop == 0)
		return;
	cp_performance_read(review->name, review->period, &performance);
	drop = cp_performance_drop(&performance, &significant);
	finding->threshold = psprintf("%g", review->drop);
	finding->observed =
		isnan(drop)
			? pstrdup("too few rows")
			: psprintf(drop >= review->drop && !significant ? "%.4f, by chance" : "%.4f", drop);
	finding->fired = significant && drop >= review->drop;
}

/* Labelled rows in the model's own source, which is read as its owner. */
static void
review_rows(Review *review)
{
	Finding *finding = &review->findings[REASON_ROWS];
	CpIdentity identity;
	int64 rows;

	if (review->new_rows == 0)
		return;
	cp_become(&identity, review->ref.owner);
	SPI_connect();
	cp_ask(psprintf("SELECT count(%s) FROM %s", quote_identifier(cp_store_label(&review->ref)),
	                cp_source_item(cp_store_source(&review->ref))),
	       0, NULL, NULL);
	rows = DatumGetInt64(cp_result(1)) - review->rows;
	SPI_finish();
	cp_become_again(&identity);
	finding->threshold = psprintf("%lld", (long long) review->new_rows);
	finding->observed = psprintf("%lld", (long long) rows);
	finding->fired = rows >= review->new_rows;
}

/* --- training ------------------------------------------------------------------------- */

static Datum
fired_names(const Review *review)
{
	Datum names[REASONS];
	int count = 0;

	for (Reason reason = 0; reason < REASONS; reason++)
		if (review->findings[reason].fired)
			names[count++] = CStringGetTextDatum(reason_names[reason]);
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
record(const Review *review, int32 candidate, const CpGateVerdict *verdict)
{
	Oid types[] = {TEXTOID, INT4OID,   REGROLEOID, TEXTARRAYOID, INT4OID,   BOOLOID,
	               INT8OID, FLOAT8OID, FLOAT8OID,  FLOAT8OID,    FLOAT8OID, TEXTOID};
	const double figures[] = {verdict->incumbent, verdict->candidate, verdict->low, verdict->high};
	char nulls[] = "            ";
	Datum values[lengthof(types)];
	CpElevation elevation;

	values[0] = CStringGetTextDatum(review->name);
	values[1] = Int32GetDatum(review->ref.version);
	values[2] = ObjectIdGetDatum(GetUserId());
	values[3] = fired_names(review);
	values[4] = Int32GetDatum(candidate);
	values[5] = BoolGetDatum(verdict->passed);
	values[6] = Int64GetDatum(verdict->rows);
	for (size_t k = 0; k < lengthof(figures); k++)
	{
		values[7 + k] = Float8GetDatum(figures[k]);
		nulls[7 + k] = isnan(figures[k]) ? 'n' : ' ';
	}
	values[11] = CStringGetTextDatum(verdict->reason);
	cp_elevate(&elevation);
	cp_run(
		"INSERT INTO churnprevent.retrain_review (model, version, reviewed_at, reviewed_by, fired,"
		" candidate, deployed, rows, log_loss, candidate_log_loss, lower, upper, reason)"
		" VALUES ($1, $2, clock_timestamp(), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		lengthof(types), types, values, nulls);
	cp_descend(&elevation);
}

/* Train on the model's own source, as its owner. Returns the version. */
static int32
train(const Review *review, CpGate *gate)
{
	CpTrainOrder order = {.name = review->name,
	                      .source = cp_store_source(&review->ref),
	                      .label = cp_store_label(&review->ref),
	                      .options = cp_store_options(&review->ref),
	                      .gate = cp_gate,
	                      .arg = gate};
	CpIdentity identity;
	CpNewModel stored;
	CpMetrics metrics;
	int32 version;

	gate->memory = review->memory;
	gate->incumbent = cp_cache_get(&review->ref, review->name, review->memory);
	gate->by_time = cp_json_get_text(order.options, "time_column") != NULL;
	cp_become(&identity, review->ref.owner);
	version = cp_train_version(&order, review->memory, &stored, &metrics);
	cp_become_again(&identity);
	record(review, version, &gate->verdict);
	return version;
}

/* --- answer ----------------------------------------------------------------------------- */

static void
put_step(ReturnSetInfo *info, const char *step, const Finding *finding, int32 version)
{
	Datum values[5];
	bool nulls[5] = {false};

	values[0] = CStringGetTextDatum(step);
	values[1] = BoolGetDatum(finding->fired);
	nulls[2] = finding->observed == NULL;
	values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(finding->observed);
	nulls[3] = finding->threshold == NULL;
	values[3] = nulls[3] ? (Datum) 0 : CStringGetTextDatum(finding->threshold);
	values[4] = Int32GetDatum(version);
	tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
}

static void
apply(ReturnSetInfo *info, const Review *review)
{
	Finding step = {.fired = false};
	CpGate gate;
	int32 version;

	if (review->waiting != NULL)
	{
		step.observed = psprintf("a candidate of %s was not better", review->waiting);
		step.threshold = review->retry_after;
		put_step(info, "waiting", &step, review->ref.version);
		return;
	}
	version = train(review, &gate);
	step.fired = true;
	step.observed = "trained";
	put_step(info, "training", &step, version);
	step.fired = gate.verdict.passed;
	step.observed = psprintf("%s: %s", gate.verdict.passed ? "deployed" : "kept as a candidate",
	                         gate.verdict.reason);
	put_step(info, "gate", &step, version);
}

Datum
cp_retrain_review(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	Review review = {.name = cp_required_text(fcinfo, 0, "model")};
	bool act = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	bool fired = false;
	MemoryContext caller;

	if (act)
		PreventCommandIfReadOnly("cp_retrain_review()");
	cp_materialize(fcinfo);
	review.memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent review", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(review.memory);
	cp_store_check_owner(review.name);
	if (act)
		cp_store_lock(review.name);
	cp_scorer_find(review.name, 0, &review.ref);
	read_rule(&review);
	review_performance(&review);
	review_rows(&review);
	for (Reason reason = 0; reason < REASONS; reason++)
	{
		put_step(info, reason_names[reason], &review.findings[reason], review.ref.version);
		fired |= review.findings[reason].fired;
	}
	if (fired && act)
		apply(info, &review);
	if (act)
		PopActiveSnapshot();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(review.memory);
	return (Datum) 0;
}
