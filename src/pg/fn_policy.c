/*
 * fn_policy.c: cp_train_policy, cp_simulator_check: what is learned from what became of decisions.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "decide/contact.h"
#include "pg/args.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/option_rules.h"
#include "pg/simulator_store.h"
#include "pg/store.h"

PG_FUNCTION_INFO_V1(cp_train_policy);
PG_FUNCTION_INFO_V1(cp_simulator_check);

#define BATCH 10000

/* A check of fewer decisions of an action says nothing, and by how much retention may be off. */
#define LEAST_CHECKED 200
#define CHECK_TOLERANCE 0.02

/* --- trials ------------------------------------------------------------- */

/* Trials as they are collected; memory is the bridge's. */
typedef struct Collected
{
	CpBridge *bridge;
	const CpPlaybook *playbook; /* whose positions actions are given by */
	uint32 n;
	uint32 room;
	uint8 *actions;
	double *hazards;
	uint8 *fatigue;
	uint8 *services;
	uint8 *stayed;
	uint64 unknown;   /* left out: of actions that are not enabled now */
	uint64 under_way; /* left out: while a discount ran or after an upgrade */
} Collected;

static CpStatus
make_room(Collected *collected)
{
	CpContext *context = &collected->bridge->context;

	if (collected->n < collected->room)
		return CP_OK;
	collected->room = collected->room == 0 ? BATCH : collected->room * 2;
	CP_TRY(cp_resize(context, &collected->actions, collected->room, 1));
	CP_TRY(cp_resize(context, &collected->hazards, collected->room, sizeof(double)));
	CP_TRY(cp_resize(context, &collected->fatigue, collected->room, 1));
	CP_TRY(cp_resize(context, &collected->services, collected->room, 1));
	return cp_resize(context, &collected->stayed, collected->room, 1);
}

static void
add_trial(Collected *collected, uint32 position, double hazard, const CpWorldState *state,
          bool stayed)
{
	cp_bridge_check(collected->bridge, make_room(collected), NULL);
	collected->actions[collected->n] = (uint8) position;
	collected->hazards[collected->n] = hazard;
	collected->fatigue[collected->n] = (uint8) state->fatigue;
	collected->services[collected->n] = (uint8) state->service;
	collected->stayed[collected->n] = stayed;
	collected->n++;
}

static CpTrials
trials_of(const Collected *collected, uint32 from, uint32 n)
{
	return (CpTrials){n,
	                  collected->actions + from,
	                  collected->hazards + from,
	                  collected->fatigue + from,
	                  collected->services + from,
	                  collected->stayed + from};
}

/* --- from the log ------------------------------------------------------- */

/*
 * Of each decision with feedback on what was decided the outcome over the time nearest to a
 * month. Those under a cool-down are no trials of doing nothing: something had just been done.
 */
#define CLOSED_DECISIONS \
	"SELECT action_id, p_churn, dyn, catalogue_version, outcome, window_days FROM (" \
	"SELECT DISTINCT ON (d.decision_id) d.decision_id, d.decided_at, d.action_id, d.p_churn, d.dyn, d.catalogue_version," \
	" f.outcome, f.window_days" \
	" FROM churnprevent.feedback f JOIN churnprevent.decision d USING (decision_id)" \
	" WHERE NOT f.mismatch AND d.action_id = d.intended_action AND (d.reason IS NULL OR d.reason = 'hold-out')" \
	" ORDER BY d.decision_id, pg_catalog.abs(f.window_days - 30), f.window_days) closed" \
	" ORDER BY decided_at, decision_id"

static int32
int_column(HeapTuple row, TupleDesc descriptor, int column)
{
	bool isnull;

	return DatumGetInt32(SPI_getbinval(row, descriptor, column, &isnull));
}

/* The playbook that a state was coded by; decisions of one version mostly stand together. */
static const CpPlaybook *
playbook_of(const CpPlaybook *last, int32 version)
{
	return last != NULL && last->version == version ? last : cp_playbook_version(version);
}

static void
read_decision(Collected *collected, HeapTuple row, TupleDesc descriptor, const CpPlaybook **coded)
{
	bool isnull;
	int position =
		cp_catalogue_find_id(&collected->playbook->catalogue, int_column(row, descriptor, 1));
	double hazard = DatumGetFloat4(SPI_getbinval(row, descriptor, 2, &isnull));
	int16 dyn = DatumGetInt16(SPI_getbinval(row, descriptor, 3, &isnull));
	CpWorldState state;

	if (position < 0)
	{
		collected->unknown++;
		return;
	}
	*coded = playbook_of(*coded, int_column(row, descriptor, 4));
	if (dyn < 0 || (uint32) dyn >= (*coded)->world.states)
		ereport(
			ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
		     errmsg(
				 "the log of decisions has state %d, which version %d of the catalogue does not have",
				 dyn, (*coded)->version)));
	cp_world_decode(&(*coded)->world, (uint32) dyn, &state);
	/* What still works is not known to the churn model, and would count for what comes after it. */
	if (state.discount != 0 || state.upgrade != 0)
	{
		collected->under_way++;
		return;
	}
	add_trial(collected, (uint32) position,
	          cp_hazard_within(hazard, int_column(row, descriptor, 6) / CP_DAYS_A_MONTH), &state,
	          DatumGetInt16(SPI_getbinval(row, descriptor, 5, &isnull)) == 1);
}

/* To be called elevated. */
static void
collect_log(Collected *collected)
{
	SPIPlanPtr plan = SPI_prepare(CLOSED_DECISIONS, 0, NULL);
	const CpPlaybook *coded = NULL;
	Portal portal;

	if (plan == NULL)
		elog(ERROR, "%s", SPI_result_code_string(SPI_result));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	do
	{
		SPI_cursor_fetch(portal, true, BATCH);
		for (uint64 i = 0; i < SPI_processed; i++)
			read_decision(collected, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &coded);
		SPI_freetuptable(SPI_tuptable);
		CHECK_FOR_INTERRUPTS();
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}

/* --- from a simulator --------------------------------------------------- */

typedef struct PolicyOptions
{
	char *name;
	char *simulator;
	double decisions;
	double months;
	double seed;
} PolicyOptions;

#define AT(field) offsetof(PolicyOptions, field)
static const CpOptionRule policy_rules[] = {
	{"name", CP_OPTION_TEXT, AT(name)},
	{"simulator", CP_OPTION_TEXT, AT(simulator)},
	{"decisions", CP_OPTION_WHOLE, AT(decisions), 1, 10000000},
	{"months", CP_OPTION_WHOLE, AT(months), 1, 1200},
	{"seed", CP_OPTION_WHOLE, AT(seed), 0, 9007199254740992.0},
	{NULL}};

static void
read_policy_options(Jsonb *json, PolicyOptions *options)
{
	memset(options, 0, sizeof(*options));
	options->decisions = 20000;
	options->months = CP_WORLD_MONTHS;
	options->seed = 42;
	cp_options_object(json, policy_rules, "{\"simulator\": \"telco\", \"decisions\": 20000}",
	                  options);
}

static void
add_life(Collected *collected, const CpSimulator *simulator, const CpWorldRow *rows, uint32 lived)
{
	for (uint32 t = 0; t < lived; t++)
	{
		CpWorldState state;

		cp_world_decode(&simulator->world, rows[t].state, &state);
		add_trial(collected, rows[t].action, rows[t].hazard_none, &state, rows[t].stayed);
	}
}

/* Decisions drawn at random among what is eligible, in as many lives as it takes. */
static void
collect_simulated(Collected *collected, const PolicyOptions *options, CpSimulator *simulator)
{
	uint32 months = (uint32) options->months;
	CpPolicy policy = {CP_METHOD_RANDOM, &simulator->playbook->catalogue, &simulator->effects,
	                   simulator->world.params.economics};
	CpDecider decider = cp_decider_policy(&policy);
	uint32 *order = cp_simulator_order(collected->bridge, simulator, (uint64) options->seed);
	CpWorldRow *rows;

	cp_bridge_check(collected->bridge,
	                cp_alloc(&collected->bridge->context, &rows, months, sizeof(CpWorldRow)), NULL);
	for (uint32 i = 0; collected->n < options->decisions; i++)
	{
		uint32 lived =
			cp_world_simulate(&simulator->world, cp_simulator_customer(simulator, order, i),
		                      &decider, (uint64) options->seed, i, months, rows);

		add_life(collected, simulator, rows,
		         Min(lived, (uint32) options->decisions - collected->n));
		CHECK_FOR_INTERRUPTS();
	}
}

/* --- cp_train_policy ---------------------------------------------------- */

static CpMethod
learning_method(const char *name)
{
	CpMethod method = cp_method(name);

	if (method == CP_METHODS)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown method \"%s\"", name),
		         errhint("A policy can be trained by method greedy.")));
	if (method != CP_METHOD_GREEDY)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("method \"%s\" has nothing to learn", name),
		                errhint("A policy can be trained by method greedy.")));
	return method;
}

static const char *
policy_name(const PolicyOptions *options, CpMethod method)
{
	static const char *const reserved[] = {"auto", "optimal", "none", "random"};
	const char *name = options->name != NULL ? options->name
	                   : options->simulator == NULL
	                       ? cp_method_name(method)
	                       : psprintf("%s_%s", cp_method_name(method), options->simulator);

	for (size_t i = 0; i < lengthof(reserved); i++)
		if (strcmp(name, reserved[i]) == 0)
			ereport(ERROR, (errcode(ERRCODE_RESERVED_NAME),
			                errmsg("policy name \"%s\" is reserved", name)));
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                errmsg("a policy's name must have 1 to %d bytes", NAMEDATALEN - 1)));
	return name;
}

static Jsonb *
evidence(const Collected *collected, const PolicyOptions *options)
{
	CpJson json;

	cp_json_begin(&json);
	cp_json_text(&json, "source", options->simulator == NULL ? "log" : "simulator");
	cp_json_text(&json, "simulator", options->simulator);
	cp_json_number(&json, "decisions", collected->n);
	cp_json_number(&json, "catalogue_version", collected->playbook->version);
	return cp_json_end(&json);
}

/* Store a version; to be called elevated. Returns its number. */
static int32
insert_policy(const char *name, CpMethod method, Jsonb *parameters, Jsonb *grounds, Oid caller)
{
	Oid types[] = {TEXTOID, TEXTOID, JSONBOID, JSONBOID, REGROLEOID};
	Datum values[5];

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(cp_method_name(method));
	values[2] = JsonbPGetDatum(parameters);
	values[3] = JsonbPGetDatum(grounds);
	values[4] = ObjectIdGetDatum(caller);
	cp_run("LOCK TABLE churnprevent.policy IN SHARE ROW EXCLUSIVE MODE", 0, NULL, NULL, NULL);
	if (cp_run("SELECT method FROM churnprevent.policy WHERE name = $1 AND method <> $2 LIMIT 1", 2,
	           types, values, NULL))
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
		                errmsg("policy \"%s\" decides by another method", name),
		                errhint("Give another \"name\".")));
	cp_run(
		"INSERT INTO churnprevent.policy (policy_id, version, name, method, parameters, evidence, created_by, created_at)"
		" SELECT coalesce(pg_catalog.max(p.policy_id) FILTER (WHERE p.name = $1), pg_catalog.max(p.policy_id) + 1),"
		" coalesce(pg_catalog.max(p.version) FILTER (WHERE p.name = $1), 0) + 1, $1, $2, $3, $4, $5, pg_catalog.clock_timestamp()"
		" FROM churnprevent.policy p RETURNING version",
		5, types, values, NULL);
	return DatumGetInt32(cp_result(1));
}

static void
put_effects(ReturnSetInfo *info, const char *name, int32 version, const CpCatalogue *catalogue,
            const CpResponse *response)
{
	for (uint32 k = 0; k < catalogue->count; k++)
	{
		const CpAction *action = &catalogue->actions[k];
		const CpEffect *effect = &response->effects[k];
		Datum values[9];
		bool nulls[9] = {false};

		values[0] = CStringGetTextDatum(name);
		values[1] = Int32GetDatum(version);
		values[2] = CStringGetTextDatum(action->name);
		values[3] = Int64GetDatum((int64) effect->trials);
		values[4] = Int64GetDatum((int64) effect->retained);
		values[5] = Float8GetDatum(action->effect_mean);
		values[6] = Float8GetDatum(action->effect_sd);
		values[7] = Float8GetDatum(effect->mean);
		values[8] = Float8GetDatum(effect->sd);
		if (k == 0)
			memset(nulls + 5, true, 4);
		tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
	}
}

static void
require_trials(const Collected *collected)
{
	if (collected->unknown > 0)
		ereport(NOTICE, (errmsg("%llu decisions for actions that are not enabled left out",
		                        (unsigned long long) collected->unknown)));
	if (collected->under_way > 0)
		ereport(NOTICE,
		        (errmsg("%llu decisions made while a discount ran or after an upgrade left out",
		                (unsigned long long) collected->under_way)));
	if (collected->n == 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("no decision has feedback to learn from"),
		                errhint("Decide with cp_decide and report outcomes with cp_feedback, or"
		                        " name a \"simulator\".")));
}

static void
begin_collecting(Collected *collected, CpBridge *bridge)
{
	cp_bridge_init(
		bridge,
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent policy", ALLOCSET_DEFAULT_SIZES),
		cp_training_memory);
	memset(collected, 0, sizeof(*collected));
	collected->bridge = bridge;
}

Datum
cp_train_policy(PG_FUNCTION_ARGS)
{
	CpMethod method = learning_method(cp_required_text(fcinfo, 0, "method"));
	Jsonb *given = cp_options_argument(fcinfo, 1);
	Oid caller = GetUserId();
	PolicyOptions options;
	CpSimulator simulator;
	CpElevation elevation;
	Collected collected;
	CpResponse response;
	CpTrials trials;
	CpBridge bridge;
	const char *name;
	int32 version;

	PreventCommandIfReadOnly("cp_train_policy()");
	cp_materialize(fcinfo);
	read_policy_options(given, &options);
	name = policy_name(&options, method);
	begin_collecting(&collected, &bridge);
	if (options.simulator != NULL)
	{
		cp_simulator_load(&bridge, options.simulator, &simulator);
		collected.playbook = simulator.playbook;
		collect_simulated(&collected, &options, &simulator);
		cp_elevate(&elevation);
	}
	else
	{
		collected.playbook = cp_playbook();
		cp_elevate(&elevation);
		collect_log(&collected);
		require_trials(&collected);
	}
	trials = trials_of(&collected, 0, collected.n);
	cp_bridge_check(
		&bridge,
		cp_response_fit(&bridge.context, &collected.playbook->catalogue, &trials, &response), name);
	version =
		insert_policy(name, method, cp_response_json(&collected.playbook->catalogue, &response),
	                  evidence(&collected, &options), caller);
	cp_descend(&elevation);
	put_effects((ReturnSetInfo *) fcinfo->resultinfo, name, version, &collected.playbook->catalogue,
	            &response);
	MemoryContextDelete(bridge.memory);
	return (Datum) 0;
}

/* --- cp_simulator_check ------------------------------------------------- */

/* Retention of an action among the decisions that were kept aside. */
typedef struct Checked
{
	uint64 n;
	uint64 stayed;
	double predicted;
	double variance;
} Checked;

static void
check_trials(const CpCatalogue *catalogue, const CpResponse *response, const CpTrials *trials,
             Checked *checked)
{
	for (uint32 i = 0; i < trials->n; i++)
	{
		Checked *one = &checked[trials->actions[i]];
		double stays =
			1 - cp_hazard_under(catalogue, response, trials->actions[i], trials->hazards[i],
		                        trials->fatigue[i], trials->services[i]);

		one->n++;
		one->stayed += trials->stayed[i];
		one->predicted += stays;
		one->variance += stays * (1 - stays);
	}
}

static void
put_checked(ReturnSetInfo *info, const CpAction *action, const Checked *checked)
{
	double n = (double) checked->n;
	double error = (checked->predicted - (double) checked->stayed) / n;
	Datum values[7];
	bool nulls[7] = {false};

	values[0] = CStringGetTextDatum(action->name);
	values[1] = Int64GetDatum((int64) checked->n);
	values[2] = Float8GetDatum(checked->predicted / n);
	values[3] = Float8GetDatum((double) checked->stayed / n);
	values[4] = Float8GetDatum(error);
	values[5] = Float8GetDatum(sqrt(checked->variance) / n);
	values[6] = BoolGetDatum(fabs(error) <= CHECK_TOLERANCE);
	nulls[6] = checked->n < LEAST_CHECKED;
	if (checked->n == 0)
		memset(nulls + 2, true, 5);
	tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
}

Datum
cp_simulator_check(PG_FUNCTION_ARGS)
{
	double share = PG_ARGISNULL(0) ? 0.2 : PG_GETARG_FLOAT8(0);
	Checked checked[CP_MAX_ACTIONS] = {{0}};
	CpElevation elevation;
	Collected collected;
	CpResponse response;
	CpTrials earlier, last;
	CpBridge bridge;
	uint32 kept;

	if (!(share > 0 && share < 1))
		cp_report_range("test_share", share, "between 0 and 1, both excluded");
	cp_materialize(fcinfo);
	begin_collecting(&collected, &bridge);
	collected.playbook = cp_playbook();
	cp_elevate(&elevation);
	collect_log(&collected);
	cp_descend(&elevation);
	require_trials(&collected);
	kept = (uint32) floor(collected.n * (1 - share));
	earlier = trials_of(&collected, 0, kept);
	last = trials_of(&collected, kept, collected.n - kept);
	cp_bridge_check(
		&bridge,
		cp_response_fit(&bridge.context, &collected.playbook->catalogue, &earlier, &response),
		NULL);
	check_trials(&collected.playbook->catalogue, &response, &last, checked);
	for (uint32 k = 0; k < collected.playbook->catalogue.count; k++)
		put_checked((ReturnSetInfo *) fcinfo->resultinfo, &collected.playbook->catalogue.actions[k],
		            &checked[k]);
	MemoryContextDelete(bridge.memory);
	return (Datum) 0;
}
