/*
 * fn_decide.c: cp_recommend, cp_decide, cp_feedback, cp_control_group.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "num/hash.h"
#include "pg/advice.h"
#include "pg/args.h"
#include "pg/decision_store.h"
#include "pg/scorer.h"
#include "pg/store.h"

PG_FUNCTION_INFO_V1(cp_recommend_record);
PG_FUNCTION_INFO_V1(cp_recommend_jsonb);
PG_FUNCTION_INFO_V1(cp_recommend_json);
PG_FUNCTION_INFO_V1(cp_decide_record);
PG_FUNCTION_INFO_V1(cp_decide_jsonb);
PG_FUNCTION_INFO_V1(cp_decide_json);
PG_FUNCTION_INFO_V1(cp_feedback);
PG_FUNCTION_INFO_V1(cp_control_group);

/* A customer scored by the model of a call. */
typedef struct Scored
{
	CpScorer *scorer;
	double probability;
	double charge;
} Scored;

/* The customer, first argument, by the model that is another one. */
static void
score(FunctionCallInfo fcinfo, int model, Scored *scored)
{
	cp_require_customer(fcinfo);
	scored->scorer =
		cp_scorer_get(fcinfo, PG_ARGISNULL(model) ? NULL : PG_GETARG_TEXT_PP(model), 0);
}

static void
score_record(FunctionCallInfo fcinfo, int model, Scored *scored)
{
	score(fcinfo, model, scored);
	scored->probability =
		cp_scorer_record(scored->scorer, PG_GETARG_HEAPTUPLEHEADER(0), &scored->charge);
}

static void
score_object(FunctionCallInfo fcinfo, int model, Jsonb *(*customer)(FunctionCallInfo fcinfo),
             Scored *scored)
{
	score(fcinfo, model, scored);
	scored->probability = cp_scorer_jsonb(scored->scorer, customer(fcinfo), &scored->charge);
}

static Jsonb *
jsonb_customer(FunctionCallInfo fcinfo)
{
	return PG_GETARG_JSONB_P(0);
}

/* --- cp_recommend ------------------------------------------------------- */

/* Action, churn probability, value, cost, return and strategy, from a column on. */
static void
set_advice(const CpAdvice *advice, Datum *values, bool *nulls)
{
	double roi = cp_advice_roi(advice);

	values[0] = CStringGetTextDatum(cp_advice_action(advice)->name);
	values[1] = Float8GetDatum(advice->probability);
	values[2] = Float8GetDatum(cp_advice_value(advice));
	values[3] = Float8GetDatum(cp_advice_cost(advice));
	values[4] = Float8GetDatum(roi);
	nulls[4] = isnan(roi);
	values[5] = CStringGetTextDatum(advice->policy->name);
}

static Datum
recommend(FunctionCallInfo fcinfo, const Scored *scored)
{
	static const uint64 key[2] = {0, 0};
	CpScorer *scorer = scored->scorer;
	CpContact stranger;
	CpAdvice advice;
	Datum values[6];
	bool nulls[6] = {false};

	cp_advice_begin(&advice, scorer, cp_required_text(fcinfo, 1, "method"), scored->probability,
	                scored->charge);
	cp_contact_init(&stranger);
	cp_advice_weigh(&advice, scorer, &stranger, true);
	/* Advice for the same customer stays the same. */
	cp_advice_draw(&advice, cp_siphash(key, cp_scorer_vector(scorer),
	                                   cp_scorer_map(scorer)->count * sizeof(double)));
	set_advice(&advice, values, nulls);
	return HeapTupleGetDatum(heap_form_tuple(cp_scorer_result_type(scorer, fcinfo), values, nulls));
}

Datum
cp_recommend_record(PG_FUNCTION_ARGS)
{
	Scored scored;

	score_record(fcinfo, 2, &scored);
	PG_RETURN_DATUM(recommend(fcinfo, &scored));
}

Datum
cp_recommend_jsonb(PG_FUNCTION_ARGS)
{
	Scored scored;

	score_object(fcinfo, 2, jsonb_customer, &scored);
	PG_RETURN_DATUM(recommend(fcinfo, &scored));
}

Datum
cp_recommend_json(PG_FUNCTION_ARGS)
{
	Scored scored;

	score_object(fcinfo, 2, cp_json_customer, &scored);
	PG_RETURN_DATUM(recommend(fcinfo, &scored));
}

/* --- cp_decide ---------------------------------------------------------- */

/* 64 bits nobody can steer by choosing an id or a key. */
static uint64
draw_bits(const CpHoldout *holdout, const CpLogEntry *entry, const CpAdvice *advice)
{
	StringInfoData about;

	initStringInfo(&about);
	appendStringInfo(&about, "%s%c%s%c%d.%d", entry->customer_id, '\0', entry->key, '\0',
	                 advice->policy->policy_id, advice->policy->version);
	return cp_siphash(holdout->salt, about.data, about.len);
}

/*
 * Choose an action and keep that it is done. False when somebody else has just been the first
 * to do something for the customer.
 */
static bool
choose(CpLogEntry *entry, const Scored *scored, const CpHoldout *holdout, CpAdvice *advice)
{
	CpContact contact;
	CpContactReason obstacle = CP_CONTACT_FREE;
	bool locked = false;

	cp_contact_init(&contact);
	if (!entry->control)
	{
		locked = cp_contact_lock(entry->customer_id, &contact);
		obstacle = cp_contact_reason(&contact);
	}
	entry->reason = entry->control ? "hold-out" : cp_contact_reason_name(obstacle);
	cp_advice_weigh(advice, scored->scorer, &contact, entry->reason == NULL);
	entry->propensity = cp_method_deterministic(advice->policy->method) ? "deterministic" : "exact";
	entry->bits = draw_bits(holdout, entry, advice);
	cp_advice_draw(advice, entry->bits);
	if (advice->drawn == 0)
		return true;
	cp_contact_book(&contact, cp_advice_action(advice), advice->playbook->cooldowns[advice->drawn]);
	return cp_contact_store(entry->customer_id, &contact, locked);
}

/* Decide anew, under the key just taken. */
static void
decide(CpLogEntry *entry, const Scored *scored, CpAdvice *advice)
{
	CpHoldout holdout;

	cp_holdout_in_force(&holdout);
	entry->control = cp_holdout_has(&holdout, entry->customer_id);
	while (!choose(entry, scored, &holdout, advice))
		;
	cp_decision_insert(entry, advice);
}

static void
set_optional(Datum *value, bool *null, const char *text)
{
	*null = text == NULL;
	*value = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static void
set_earlier(const CpEarlier *earlier, Datum *values, bool *nulls)
{
	values[0] = Int64GetDatum(earlier->decision_id);
	set_optional(&values[1], &nulls[1], earlier->action);
	values[2] = Float8GetDatum(earlier->probability);
	values[3] = Float8GetDatum(earlier->value);
	values[4] = Float8GetDatum(earlier->cost);
	values[5] = Float8GetDatum((earlier->value - earlier->cost) / earlier->cost);
	nulls[5] = !(earlier->cost > 0);
	values[6] = CStringGetTextDatum(earlier->strategy);
	values[7] = Float8GetDatum(earlier->propensity);
	values[8] = CStringGetTextDatum(earlier->arm);
	set_optional(&values[9], &nulls[9], earlier->reason);
	values[10] = BoolGetDatum(true);
}

static void
set_decision(const CpLogEntry *entry, const CpAdvice *advice, Datum *values, bool *nulls)
{
	values[0] = Int64GetDatum(entry->decision_id);
	set_advice(advice, values + 1, nulls + 1);
	values[7] = Float8GetDatum(advice->pmf[advice->drawn]);
	values[8] = CStringGetTextDatum(entry->control ? "control" : "policy");
	set_optional(&values[9], &nulls[9], entry->reason);
	values[10] = BoolGetDatum(false);
}

/* cp_decide(customer, customer_id, method, key, model) */
static Datum
decide_once(FunctionCallInfo fcinfo, const Scored *scored)
{
	const char *method = cp_required_text(fcinfo, 2, "method");
	CpLogEntry entry = {.customer_id = cp_required_key(fcinfo, 1, "customer_id")};
	CpElevation elevation;
	CpAdvice advice;
	CpEarlier earlier;
	Datum values[11];
	bool nulls[11] = {false};
	HeapTuple row;
	TupleDesc descriptor = cp_scorer_result_type(scored->scorer, fcinfo);
	MemoryContext caller = CurrentMemoryContext;

	entry.key = PG_ARGISNULL(3) ? cp_decision_default_key(entry.customer_id, method)
	                            : cp_required_key(fcinfo, 3, "key");
	entry.model = cp_scorer_ref(scored->scorer);
	entry.vector = cp_scorer_vector(scored->scorer);
	entry.nfeatures = cp_scorer_map(scored->scorer)->count;
	cp_advice_begin(&advice, scored->scorer, method, scored->probability, scored->charge);
	cp_elevate(&elevation);
	if (cp_decision_take_key(&entry, method, &earlier))
	{
		decide(&entry, scored, &advice);
		set_decision(&entry, &advice, values, nulls);
	}
	else
		set_earlier(&earlier, values, nulls);
	/* The row outlives SPI's memory. */
	MemoryContextSwitchTo(caller);
	row = heap_form_tuple(descriptor, values, nulls);
	cp_descend(&elevation);
	return HeapTupleGetDatum(row);
}

Datum
cp_decide_record(PG_FUNCTION_ARGS)
{
	Scored scored;

	PreventCommandIfReadOnly("cp_decide()");
	score_record(fcinfo, 4, &scored);
	PG_RETURN_DATUM(decide_once(fcinfo, &scored));
}

Datum
cp_decide_jsonb(PG_FUNCTION_ARGS)
{
	Scored scored;

	PreventCommandIfReadOnly("cp_decide()");
	score_object(fcinfo, 4, jsonb_customer, &scored);
	PG_RETURN_DATUM(decide_once(fcinfo, &scored));
}

Datum
cp_decide_json(PG_FUNCTION_ARGS)
{
	Scored scored;

	PreventCommandIfReadOnly("cp_decide()");
	score_object(fcinfo, 4, cp_json_customer, &scored);
	PG_RETURN_DATUM(decide_once(fcinfo, &scored));
}

/* --- cp_feedback -------------------------------------------------------- */

static void
read_outcome(FunctionCallInfo fcinfo, CpOutcome *outcome)
{
	outcome->customer_id = cp_required_key(fcinfo, 0, "customer_id");
	outcome->action = cp_required_text(fcinfo, 1, "action_taken");
	if (PG_ARGISNULL(2) || (PG_GETARG_INT32(2) != 0 && PG_GETARG_INT32(2) != 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("an outcome must be 1 (retained) or 0 (churned)"),
		                PG_ARGISNULL(2) ? errdetail("It is NULL.")
		                                : errdetail("It is %d.", PG_GETARG_INT32(2)),
		                errhint("As long as the outcome is not known, give no feedback.")));
	outcome->retained = PG_GETARG_INT32(2);
	outcome->has_revenue = !PG_ARGISNULL(3);
	outcome->revenue = outcome->has_revenue ? PG_GETARG_DATUM(3) : (Datum) 0;
	if (outcome->has_revenue && numeric_is_nan(PG_GETARG_NUMERIC(3)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"revenue_impact\" must be an amount of money")));
	outcome->window_days = PG_ARGISNULL(4) ? 30 : PG_GETARG_INT32(4);
	if (outcome->window_days < 1 || outcome->window_days > 3660)
		cp_report_range("window_days", outcome->window_days, "between 1 and 3660");
	outcome->decision_id = PG_ARGISNULL(5) ? 0 : PG_GETARG_INT64(5);
	if (!PG_ARGISNULL(5) && outcome->decision_id < 1)
		cp_report_range("decision_id", (double) outcome->decision_id, "1 or more");
}

Datum
cp_feedback(PG_FUNCTION_ARGS)
{
	CpElevation elevation;
	CpOutcome outcome;
	CpBound bound;
	TupleDesc descriptor = cp_returned_type(fcinfo);
	Datum values[3];
	bool nulls[3] = {false};

	PreventCommandIfReadOnly("cp_feedback()");
	read_outcome(fcinfo, &outcome);
	cp_elevate(&elevation);
	cp_feedback_insert(&outcome, &bound);
	cp_descend(&elevation);
	values[0] = Int64GetDatum(bound.feedback_id);
	values[1] = Int64GetDatum(bound.decision_id);
	values[2] = BoolGetDatum(bound.mismatch);
	nulls[1] = nulls[2] = bound.decision_id == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls)));
}

Datum
cp_control_group(PG_FUNCTION_ARGS)
{
	CpHoldout holdout;

	cp_holdout_in_force(&holdout);
	PG_RETURN_BOOL(cp_holdout_has(&holdout, text_to_cstring(PG_GETARG_TEXT_PP(0))));
}
