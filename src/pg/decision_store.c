/*
 * decision_store.c: the only file that writes the log of decisions, feedback and contact state.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "pg/decision_store.h"
#include "pg/guc.h"
#include "pg/store.h"

#define USECS_PER_DAY_F ((double) USECS_PER_DAY)
#define CENTS 100.0

/* --- keys --------------------------------------------------------------- */

static CpStatement insert_key = {
	"INSERT INTO churnprevent.decision_key (idempotency_key, decision_id, customer_id, method, decided_at)"
	" VALUES ($1, pg_catalog.nextval('churnprevent.decision_decision_id_seq'), $2, $3, $4)"
	" ON CONFLICT (idempotency_key) DO NOTHING RETURNING decision_id",
	4,
	{TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID}};

static CpStatement find_earlier = {
	"SELECT k.decision_id, k.customer_id, k.method, d.churn_probability, d.expected_value, d.action_cost,"
	" d.propensity, d.arm, d.reason, p.name,"
	" (SELECT e.action->>'name' FROM pg_catalog.jsonb_array_elements(c.definitions) e(action)"
	"  WHERE (e.action->>'action_id')::int = d.action_id)"
	" FROM churnprevent.decision_key k"
	" LEFT JOIN churnprevent.decision d ON d.decision_id = k.decision_id AND d.decided_at = k.decided_at"
	" LEFT JOIN churnprevent.catalogue c ON c.version = d.catalogue_version"
	" LEFT JOIN churnprevent.policy p ON p.policy_id = d.policy_id AND p.version = d.policy_version"
	" WHERE k.idempotency_key = $1",
	1,
	{TEXTOID}};

static char *
text_result(int column)
{
	bool isnull;
	Datum value = cp_result_or_null(column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static void
report_key_taken(const char *key, const char *what, const char *earlier, const char *now)
{
	ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
	                errmsg("key \"%s\" was used for another %s", key, what),
	                errdetail("Then it was \"%s\", now it is \"%s\".", earlier, now),
	                errhint("A key stands for one decision about one customer by one method.")));
}

/* The decision that the key was taken for, which must have been the same question. */
static void
read_earlier(const CpLogEntry *entry, const char *method, CpEarlier *earlier)
{
	Datum key = CStringGetTextDatum(entry->key);

	if (!cp_run_planned(&find_earlier, &key, NULL))
		ereport(ERROR,
		        (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
		         errmsg("the decision made under key \"%s\" has just been deleted", entry->key),
		         errhint("Try again.")));
	if (strcmp(text_result(2), entry->customer_id) != 0)
		report_key_taken(entry->key, "customer", text_result(2), entry->customer_id);
	if (strcmp(text_result(3), method) != 0)
		report_key_taken(entry->key, "method", text_result(3), method);
	earlier->decision_id = DatumGetInt64(cp_result(1));
	earlier->strategy = text_result(10);
	if (earlier->strategy == NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_OBJECT),
		         errmsg("the decision made under key \"%s\" is no longer in the log", entry->key),
		         errhint("Decide under another key.")));
	earlier->probability = DatumGetFloat4(cp_result(4));
	earlier->value = DatumGetInt64(cp_result(5)) / CENTS;
	earlier->cost = DatumGetInt64(cp_result(6)) / CENTS;
	earlier->propensity = DatumGetFloat4(cp_result(7));
	earlier->arm = text_result(8);
	earlier->reason = text_result(9);
	earlier->action = text_result(11);
}

char *
cp_decision_default_key(const char *customer_id, const char *method)
{
	return psprintf("%s/%s/%s", customer_id, method,
	                text_to_cstring(DatumGetTextPP(DirectFunctionCall2(
						timestamptz_to_char, TimestampTzGetDatum(GetCurrentTimestamp()),
						CStringGetTextDatum("YYYY-MM-DD")))));
}

bool
cp_decision_take_key(CpLogEntry *entry, const char *method, CpEarlier *earlier)
{
	Datum values[4];

	entry->decided_at = GetCurrentTimestamp();
	values[0] = CStringGetTextDatum(entry->key);
	values[1] = CStringGetTextDatum(entry->customer_id);
	values[2] = CStringGetTextDatum(method);
	values[3] = TimestampTzGetDatum(entry->decided_at);
	if (cp_run_planned(&insert_key, values, NULL))
	{
		entry->decision_id = DatumGetInt64(cp_result(1));
		return true;
	}
	read_earlier(entry, method, earlier);
	return false;
}

/* --- contact state ------------------------------------------------------ */

static CpStatement lock_contact = {
	"SELECT contacted_at, cooldown_until, fatigue, tokens, tokens_at, discount_id, discount_until, upgrade_id"
	" FROM churnprevent.contact_state WHERE customer_id = $1 FOR UPDATE",
	1,
	{TEXTOID}};

static CpStatement insert_contact = {
	"INSERT INTO churnprevent.contact_state (customer_id, contacted_at, cooldown_until, fatigue, tokens, tokens_at,"
	" discount_id, discount_until, upgrade_id) VALUES ($1, $2, $3, $4, $5, $2, $6, $7, $8)"
	" ON CONFLICT (customer_id) DO NOTHING",
	8,
	{TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT2OID, FLOAT4OID, INT4OID, TIMESTAMPTZOID,
     INT4OID}};

static CpStatement update_contact = {
	"UPDATE churnprevent.contact_state SET contacted_at = $2, cooldown_until = $3, fatigue = $4, tokens = $5,"
	" tokens_at = $2, discount_id = $6, discount_until = $7, upgrade_id = $8"
	" WHERE customer_id = $1",
	8,
	{TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT2OID, FLOAT4OID, INT4OID, TIMESTAMPTZOID,
     INT4OID}};

/* The columns of a row of churnprevent.contact_state, in the order of lock_contact. */
typedef struct ContactRow
{
	Datum values[8];
	bool nulls[8];
} ContactRow;

/* Days from a column's time to now; absent: when it is NULL. */
static double
days_since(const ContactRow *row, int column, TimestampTz now, double absent)
{
	return row->nulls[column] ? absent
	                          : (now - DatumGetTimestampTz(row->values[column])) / USECS_PER_DAY_F;
}

static void
set_contact(const ContactRow *row, CpContact *contact)
{
	TimestampTz now = GetCurrentTimestamp();

	contact->contacted = days_since(row, 0, now, INFINITY);
	contact->cooldown = -days_since(row, 1, now, 0);
	contact->fatigue = DatumGetInt16(row->values[2]);
	contact->tokens = DatumGetFloat4(row->values[3]);
	contact->counted = days_since(row, 4, now, 0);
	contact->discount = row->nulls[5] ? 0 : DatumGetInt32(row->values[5]);
	contact->discount_left = -days_since(row, 6, now, 0);
	contact->upgrade = row->nulls[7] ? 0 : DatumGetInt32(row->values[7]);
}

bool
cp_contact_lock(const char *customer_id, CpContact *contact)
{
	Datum value = CStringGetTextDatum(customer_id);
	ContactRow row;

	cp_contact_init(contact);
	if (!cp_run_planned(&lock_contact, &value, NULL))
		return false;
	for (int column = 0; column < (int) lengthof(row.values); column++)
		row.values[column] = cp_result_or_null(column + 1, &row.nulls[column]);
	set_contact(&row, contact);
	return true;
}

bool
cp_contact_look(const char *customer_id, CpContact *contact)
{
	ScanKeyData key;
	CpProbe probe;
	ContactRow row;
	bool found;

	cp_contact_init(contact);
	cp_text_key(&key, 1, customer_id);
	cp_probe_begin(&probe, "contact_state", "contact_state_pkey", &key, 1);
	found = cp_probe_next(&probe, ForwardScanDirection);
	/* The customer's id comes before the others. */
	for (int column = 0; found && column < (int) lengthof(row.values); column++)
		row.values[column] = slot_getattr(probe.slot, column + 2, &row.nulls[column]);
	if (found)
		set_contact(&row, contact);
	cp_probe_end(&probe);
	return found;
}

/* So many days from now; *null when that is over. */
static Datum
in_days(TimestampTz now, double days, char *null)
{
	*null = days > 0 ? ' ' : 'n';
	return TimestampTzGetDatum(now + (TimestampTz) (days * USECS_PER_DAY_F));
}

bool
cp_contact_store(const char *customer_id, const CpContact *contact, bool locked)
{
	TimestampTz now = GetCurrentTimestamp();
	Datum values[8];
	char nulls[] = "        ";

	values[0] = CStringGetTextDatum(customer_id);
	values[1] = TimestampTzGetDatum(now);
	values[2] = in_days(now, contact->cooldown, &nulls[2]);
	values[3] = Int16GetDatum((int16) contact->fatigue);
	values[4] = Float4GetDatum((float4) contact->tokens);
	values[5] = Int32GetDatum(contact->discount);
	values[6] = in_days(now, contact->discount_left, &nulls[6]);
	nulls[5] = nulls[6];
	values[7] = Int32GetDatum(contact->upgrade);
	nulls[7] = contact->upgrade == 0 ? 'n' : ' ';
	return cp_run_planned(locked ? &update_contact : &insert_contact, values, nulls);
}

/* --- decisions ---------------------------------------------------------- */

static CpStatement insert_decision = {
	"INSERT INTO churnprevent.decision (decision_id, customer_id, decided_at, policy_id, policy_version, model_id,"
	" catalogue_version, features, feature_schema, dyn, churn_probability, p_churn, mask, pmf, action_id,"
	" intended_action, propensity, propensity_src, expected_value, action_cost, reserved_cost, arm, reason,"
	" rng_key, idempotency_key) OVERRIDING SYSTEM VALUE"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,"
	" $22, $23, $24, $25)",
	25,
	{INT8OID,        TEXTOID, TIMESTAMPTZOID, INT4OID,   INT4OID,   INT8OID, INT4OID,
     FLOAT4ARRAYOID, INT8OID, INT2OID,        FLOAT4OID, FLOAT4OID, INT4OID, FLOAT4ARRAYOID,
     INT4OID,        INT4OID, FLOAT4OID,      TEXTOID,   INT8OID,   INT8OID, INT8OID,
     TEXTOID,        TEXTOID, INT8OID,        TEXTOID}};

static Datum
float4_array(const double *numbers, uint32 n)
{
	Datum *elements = palloc(n * sizeof(Datum));

	for (uint32 i = 0; i < n; i++)
		elements[i] = Float4GetDatum((float4) numbers[i]);
	return PointerGetDatum(
		construct_array(elements, n, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT));
}

/* Money as whole cents, to the nearest. */
static Datum
cents(double money)
{
	return Int64GetDatum((int64) rint(fmax(fmin(money * CENTS, 1e18), -1e18)));
}

void
cp_decision_insert(const CpLogEntry *entry, const CpAdvice *advice)
{
	const CpAction *action = cp_advice_action(advice);
	double charge = isnan(advice->one.charge) ? 0 : advice->one.charge;
	Datum values[25];
	char nulls[] = "                         ";
	int n = 0;

	values[n++] = Int64GetDatum(entry->decision_id);
	values[n++] = CStringGetTextDatum(entry->customer_id);
	values[n++] = TimestampTzGetDatum(entry->decided_at);
	values[n++] = Int32GetDatum(advice->policy->policy_id);
	values[n++] = Int32GetDatum(advice->policy->version);
	values[n++] = Int64GetDatum(entry->model->model_id);
	values[n++] = Int32GetDatum(advice->playbook->version);
	values[n++] = float4_array(entry->vector, entry->nfeatures);
	values[n++] = Int64GetDatum(entry->model->checksum);
	values[n++] = Int16GetDatum(advice->dyn);
	values[n++] = Float4GetDatum((float4) advice->probability);
	values[n++] = Float4GetDatum((float4) advice->one.hazard);
	values[n++] = Int32GetDatum((int32) advice->one.mask);
	values[n++] = float4_array(advice->pmf, advice->playbook->catalogue.count);
	values[n++] = Int32GetDatum(entry->refused ? 0 : action->id);
	values[n++] = Int32GetDatum(action->id);
	values[n++] = Float4GetDatum((float4) advice->pmf[advice->drawn]);
	values[n++] = CStringGetTextDatum(entry->propensity);
	values[n++] = cents(entry->refused ? 0 : cp_advice_value(advice));
	values[n++] = cents(entry->refused ? 0 : cp_advice_cost(advice));
	values[n++] =
		cents(entry->refused ? 0 : ceil(cp_action_reserve(action, charge) * CENTS - 1e-6) / CENTS);
	values[n++] = CStringGetTextDatum(entry->control ? "control" : "policy");
	nulls[n] = entry->reason == NULL ? 'n' : ' ';
	values[n++] = entry->reason == NULL ? (Datum) 0 : CStringGetTextDatum(entry->reason);
	values[n++] = Int64GetDatum((int64) entry->bits);
	values[n++] = CStringGetTextDatum(entry->key);
	cp_run_planned(&insert_decision, values, nulls);
}

/* --- feedback ----------------------------------------------------------- */

static CpStatement find_action = {"SELECT action_id FROM churnprevent.action WHERE name = $1",
                                  1,
                                  {TEXTOID}};

static CpStatement list_actions = {
	"SELECT pg_catalog.string_agg(name, ', ' ORDER BY action_id) FROM churnprevent.action",
	0,
	{0}};

/*
 * Decisions about a customer that feedback can be of: the one named, or those made when
 * something could be done, since under a cool-down there is nothing to judge.
 */
#define JUDGED_DECISIONS \
	" FROM churnprevent.decision d" \
	" WHERE d.customer_id = $1 AND d.decided_at > $4 - pg_catalog.make_interval(days => $3)" \
	" AND (d.decision_id = $5 OR $5 = 0 AND (d.reason IS NULL OR d.reason = 'hold-out'))"

/* The latest of them that has no feedback for the window, locked. */
static CpStatement find_open = {
	"SELECT d.decision_id, d.action_id" JUDGED_DECISIONS
	" AND NOT EXISTS (SELECT 1 FROM churnprevent.feedback f WHERE f.decision_id = d.decision_id AND f.window_days = $2)"
	" ORDER BY d.decided_at DESC, d.decision_id DESC LIMIT 1 FOR UPDATE OF d",
	5,
	{TEXTOID, INT4OID, INT4OID, TIMESTAMPTZOID, INT8OID}};

static CpStatement find_any = {"SELECT d.decision_id" JUDGED_DECISIONS
                               " AND $2 > 0 ORDER BY d.decided_at DESC LIMIT 1",
                               5,
                               {TEXTOID, INT4OID, INT4OID, TIMESTAMPTZOID, INT8OID}};

static CpStatement has_feedback = {
	"SELECT 1 FROM churnprevent.feedback WHERE decision_id = $1 AND window_days = $2",
	2,
	{INT8OID, INT4OID}};

static CpStatement insert_feedback = {
	"INSERT INTO churnprevent.feedback (decision_id, customer_id, action_taken, mismatch, outcome, revenue_impact,"
	" observed_at, window_days) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING feedback_id",
	8,
	{INT8OID, TEXTOID, INT4OID, BOOLOID, INT2OID, NUMERICOID, TIMESTAMPTZOID, INT4OID}};

static int32
action_id_of(const char *name)
{
	Datum value = CStringGetTextDatum(name);

	if (cp_run_planned(&find_action, &value, NULL))
		return DatumGetInt32(cp_result(1));
	cp_run_planned(&list_actions, NULL, NULL);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown action \"%s\"", name),
	                errhint("Known actions: %s.", text_result(1))));
}

static void
report_not_open(const CpOutcome *outcome, int64 decision_id)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_UNIQUE_VIOLATION),
	     errmsg("decision %lld about customer \"%s\" already has feedback for %d days",
	            (long long) decision_id, outcome->customer_id, outcome->window_days),
	     errhint("An outcome observed over another time is given with another \"window_days\".")));
}

static void
report_no_decision(const CpOutcome *outcome)
{
	ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND),
	                errmsg("there is no decision %lld about customer \"%s\"",
	                       (long long) outcome->decision_id, outcome->customer_id)));
}

/* Find and lock the decision that an outcome is of: 0 when the customer has none. *action: what was decided. */
static int64
bind_decision(const CpOutcome *outcome, TimestampTz now, int32 *action)
{
	Datum values[5];

	values[0] = CStringGetTextDatum(outcome->customer_id);
	values[1] = Int32GetDatum(outcome->window_days);
	/* One that is named may be of any age. */
	values[2] = Int32GetDatum(outcome->decision_id != 0 ? 36600 : cp_attribution_window);
	values[3] = TimestampTzGetDatum(now);
	values[4] = Int64GetDatum(outcome->decision_id);
	while (cp_run_planned(&find_open, values, NULL))
	{
		Datum found[] = {cp_result(1), values[1]};

		*action = DatumGetInt32(cp_result(2));
		/* Whoever held the lock may have given feedback meanwhile. */
		if (!cp_run_planned(&has_feedback, found, NULL))
			return DatumGetInt64(found[0]);
	}
	if (cp_run_planned(&find_any, values, NULL))
		report_not_open(outcome, DatumGetInt64(cp_result(1)));
	if (outcome->decision_id != 0)
		report_no_decision(outcome);
	return 0;
}

void
cp_feedback_insert(const CpOutcome *outcome, CpBound *bound)
{
	TimestampTz now = GetCurrentTimestamp();
	int32 taken = action_id_of(outcome->action);
	int32 decided = 0;
	Datum values[8];
	char nulls[] = "        ";

	bound->decision_id = bind_decision(outcome, now, &decided);
	bound->mismatch = bound->decision_id != 0 && taken != decided;
	values[0] = Int64GetDatum(bound->decision_id);
	values[1] = CStringGetTextDatum(outcome->customer_id);
	values[2] = Int32GetDatum(taken);
	values[3] = BoolGetDatum(bound->mismatch);
	values[4] = Int16GetDatum((int16) outcome->retained);
	values[5] = outcome->revenue;
	values[6] = TimestampTzGetDatum(now);
	values[7] = Int32GetDatum(outcome->window_days);
	nulls[0] = nulls[3] = bound->decision_id == 0 ? 'n' : ' ';
	nulls[5] = outcome->has_revenue ? ' ' : 'n';
	cp_run_planned(&insert_feedback, values, nulls);
	bound->feedback_id = DatumGetInt64(cp_result(1));
}
