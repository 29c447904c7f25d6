/*
 * playbook.c: the actions and policies in force, loaded.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "num/hash.h"
#include "pg/bridge.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/playbook.h"
#include "pg/rule_scope.h"
#include "pg/situation.h"
#include "pg/store.h"

PG_FUNCTION_INFO_V1(cp_action_check_json);

/* Columns by position, as sql/20_action.sql, 21_policy.sql and 22_decide.sql make them. */
enum
{
	CATALOGUE_VERSION = 1,
	CATALOGUE_DEFINITIONS = 3,
	CATALOGUE_CREATED_AT
};
enum
{
	POLICY_ID = 1,
	POLICY_VERSION,
	POLICY_NAME,
	POLICY_METHOD,
	POLICY_PARAMETERS
};
enum
{
	HOLDOUT_SHARE = 2,
	HOLDOUT_SALT
};

/* Buckets of customers, of which the control group is the first so many. */
#define BUCKETS 10000

/* What "auto" stands for as long as nothing else has proved better. */
#define AUTO_POLICY "greedy"

/* --- actions ------------------------------------------------------------ */

static void
report_action(const char *name, const char *complaint)
{
	ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg("action \"%s\" cannot be used", name),
	                errdetail("%s.", complaint),
	                errhint("See docs/actions.md for what the columns mean.")));
}

static double
number_of(Jsonb *row, const char *key)
{
	double number = cp_json_get_number(row, key);

	return isnan(number) ? 0 : number;
}

/* An interval as days, months of it as thirty. */
static double
days_of(const char *text)
{
	Interval *interval = DatumGetIntervalP(DirectFunctionCall3(
		interval_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	return interval->month * (double) DAYS_PER_MONTH + interval->day +
	       (double) interval->time / USECS_PER_DAY;
}

/* All of an action but its rule. */
static void
read_action(Jsonb *row, CpAction *action)
{
	const char *name = cp_json_get_text(row, "name");
	const char *kind = cp_json_get_text(row, "kind");
	double duration = number_of(row, "duration_m");

	memset(action, 0, sizeof(*action));
	if (name == NULL || name[0] == '\0' || strlen(name) >= CP_ACTION_NAME_LENGTH)
		ereport(ERROR,
		        (errcode(ERRCODE_CHECK_VIOLATION),
		         errmsg("an action's name must have 1 to %d bytes", CP_ACTION_NAME_LENGTH - 1)));
	strlcpy(action->name, name, sizeof(action->name));
	action->kind = cp_action_kind(kind == NULL ? "" : kind);
	if (action->kind == CP_ACTION_KINDS)
		report_action(name, "kind must be none, discount, upgrade, offer or contact");
	action->id = (int32) number_of(row, "action_id");
	action->cost_fixed = cp_json_get_number(row, "cost_fixed");
	action->cost_pct = cp_json_get_number(row, "cost_pct");
	action->duration = duration >= 0 ? (uint32) duration : UINT32_MAX;
	action->redeem = cp_json_get_number(row, "redeem_prob");
	action->effect_mean = cp_json_get_number(row, "effect_prior_mean");
	action->effect_sd = cp_json_get_number(row, "effect_prior_sd");
}

static CpRule *
parse_rule(CpBridge *bridge, const char *name, const char *text)
{
	CpRule *rule;

	if (cp_rule_parse(&bridge->context, text, strlen(text), &rule) != CP_OK)
		ereport(
			ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR), errmsg("rule of action \"%s\" cannot be read", name),
		     errdetail("%s", bridge->context.reason),
		     errhint(
				 "A rule compares features with values, as in: contract = 'Month-to-month' AND tenure >= 6.")));
	return rule;
}

/* --- the catalogue ------------------------------------------------------ */

static void
read_position(CpPlaybook *playbook, CpBridge *bridge, uint32 position, Jsonb *row)
{
	CpAction *action = &playbook->catalogue.actions[position];
	char *text = cp_json_get_text(row, "eligible");

	read_action(row, action);
	playbook->cooldowns[position] = days_of(cp_json_get_text(row, "cooldown"));
	if (text == NULL)
		return;
	playbook->rule_texts[position] = text;
	playbook->rules[position] = parse_rule(bridge, action->name, text);
	action->rule = playbook->rules[position];
}

static CpPlaybook *
load_playbook(Oid table, int32 version, Jsonb *definitions)
{
	MemoryContext memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent catalogue", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(memory);
	CpPlaybook *playbook = palloc0(sizeof(CpPlaybook));
	CpBridge *bridge = palloc(sizeof(CpBridge));
	int count = JB_ROOT_COUNT(definitions);
	CpWorldParams params;

	cp_bridge_init(bridge, memory, 0);
	playbook->table = table;
	playbook->version = version;
	playbook->memory = memory;
	if (count < 1 || count > CP_MAX_ACTIONS)
		elog(ERROR, "version %d of the catalogue has %d actions", version, count);
	playbook->catalogue.count = count;
	for (int k = 0; k < count; k++)
		read_position(playbook, bridge, k, cp_json_element(definitions, k));
	cp_world_defaults(&params);
	if (cp_world_init(&bridge->context, &params, &playbook->catalogue, NULL, &playbook->world) !=
	    CP_OK)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("the enabled actions cannot be used together"),
		                errdetail("%s", bridge->context.reason),
		                errhint("Disable one, or let a discount run for fewer months.")));
	MemoryContextSwitchTo(caller);
	return playbook;
}

/* Raise what is wrong with a row of churnprevent.action. */
static void
check_row(Jsonb *row)
{
	char *text = cp_json_get_text(row, "eligible");
	CpBridge bridge;
	CpAction action;
	const char *complaint;

	read_action(row, &action);
	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	if (text != NULL)
		action.rule = parse_rule(&bridge, action.name, text);
	complaint = cp_action_check(&action);
	if (complaint != NULL)
		report_action(action.name, complaint);
}

/* A row, or all rows that are to be in force together. */
Datum
cp_action_check_json(PG_FUNCTION_ARGS)
{
	Jsonb *given = PG_GETARG_JSONB_P(0);

	if (JB_ROOT_IS_ARRAY(given))
		MemoryContextDelete(load_playbook(InvalidOid, 0, given)->memory);
	else
		check_row(given);
	PG_RETURN_VOID();
}

CpPlaybook *
cp_playbook(void)
{
	static CpPlaybook *current = NULL;
	static uint64 looked = 0;
	uint64 situation = cp_situation();
	CpProbe probe;
	Oid table;
	int32 version;
	TimestampTz created_at;
	Jsonb *definitions = NULL;

	if (current != NULL && looked == situation && cp_may_remember())
		return current;
	cp_probe_begin(&probe, "catalogue", "catalogue_pkey", NULL, 0);
	if (!cp_probe_next(&probe, BackwardScanDirection))
		elog(ERROR, "the catalogue of actions is empty");
	table = RelationGetRelid(probe.table);
	version = DatumGetInt32(cp_probe_value(&probe, CATALOGUE_VERSION));
	created_at = DatumGetTimestampTz(cp_probe_value(&probe, CATALOGUE_CREATED_AT));
	/* The number of a version that was rolled back is given again. */
	if (current == NULL || current->table != table || current->version != version ||
	    current->created_at != created_at)
		definitions = (Jsonb *) cp_probe_copy(&probe, CATALOGUE_DEFINITIONS);
	cp_probe_end(&probe);
	if (definitions != NULL)
	{
		CpPlaybook *loaded = load_playbook(table, version, definitions);

		MemoryContextSetParent(loaded->memory, CacheMemoryContext);
		if (current != NULL)
			MemoryContextDelete(current->memory);
		loaded->created_at = created_at;
		current = loaded;
	}
	looked = situation;
	return current;
}

CpPlaybook *
cp_playbook_version(int32 version)
{
	ScanKeyData key;
	CpProbe probe;
	Jsonb *definitions;
	Oid table;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(version));
	cp_probe_begin(&probe, "catalogue", "catalogue_pkey", &key, 1);
	if (!cp_probe_next(&probe, ForwardScanDirection))
		elog(ERROR, "the catalogue has no version %d", version);
	table = RelationGetRelid(probe.table);
	definitions = (Jsonb *) cp_probe_copy(&probe, CATALOGUE_DEFINITIONS);
	cp_probe_end(&probe);
	return load_playbook(table, version, definitions);
}

/* --- rules -------------------------------------------------------------- */

/* Tie one rule to the features of a model. */
static void
bind_rule(CpPlaybook *playbook, uint32 position, const CpFeatureMap *map, const char *model_name,
          int severity)
{
	CpBridge bridge;
	CpRuleScope scope;

	cp_bridge_init(&bridge, playbook->memory, 0);
	cp_rule_scope(map, &scope);
	if (cp_rule_bind(&bridge.context, playbook->rules[position], &scope) != CP_OK)
		ereport(
			severity,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
		     errmsg("rule of action \"%s\" does not fit model \"%s\"",
		            playbook->catalogue.actions[position].name, model_name),
		     errdetail("%s The rule is: %s", bridge.context.reason, playbook->rule_texts[position]),
		     errhint("Change the rule in churnprevent.action, or train with the column.")));
}

static void
bind_rules(CpPlaybook *playbook, const CpFeatureMap *map, const char *model_name, int severity)
{
	for (uint32 k = 0; k < playbook->catalogue.count; k++)
		if (playbook->rules[k] != NULL)
			bind_rule(playbook, k, map, model_name, severity);
}

void
cp_playbook_try(const CpFeatureMap *map, const char *model_name)
{
	CpPlaybook *playbook = cp_playbook();

	playbook->bound_to = 0;
	bind_rules(playbook, map, model_name, WARNING);
}

uint32
cp_playbook_eligible(CpPlaybook *playbook, const CpFeatureMap *map, int64 model_id,
                     const char *model_name, const double *vector)
{
	uint32 mask = 0;

	if (playbook->bound_to != model_id)
	{
		playbook->bound_to = 0;
		bind_rules(playbook, map, model_name, ERROR);
		playbook->bound_to = model_id;
	}
	for (uint32 k = 0; k < playbook->catalogue.count; k++)
		if (playbook->rules[k] == NULL || cp_rule_holds(playbook->rules[k], vector))
			mask |= (uint32) 1 << k;
	return mask;
}

/* --- policies ----------------------------------------------------------- */

Jsonb *
cp_response_json(const CpCatalogue *catalogue, const CpResponse *response)
{
	Jsonb *effects[CP_MAX_ACTIONS];
	CpJson json;

	for (uint32 k = 0; k < catalogue->count; k++)
	{
		const CpEffect *effect = &response->effects[k];

		cp_json_begin(&json);
		cp_json_number(&json, "action_id", catalogue->actions[k].id);
		cp_json_number(&json, "mean", effect->mean);
		cp_json_number(&json, "sd", effect->sd);
		cp_json_number(&json, "trials", (double) effect->trials);
		cp_json_number(&json, "retained", (double) effect->retained);
		effects[k] = cp_json_end(&json);
	}
	cp_json_begin(&json);
	cp_json_number(&json, "belief", response->belief);
	cp_json_number(&json, "drift", response->drift);
	cp_json_number(&json, "drift_sd", response->drift_sd);
	cp_json_object(&json, "effects", cp_json_array(effects, (int) catalogue->count));
	return cp_json_end(&json);
}

void
cp_response_of_json(Jsonb *parameters, const CpCatalogue *catalogue, CpResponse *response)
{
	Jsonb *effects = cp_json_get_object(parameters, "effects");

	cp_response_prior(catalogue, response);
	if (effects == NULL)
		return;
	response->belief = cp_json_get_number(parameters, "belief");
	response->drift = cp_json_get_number(parameters, "drift");
	for (int i = 0; i < JB_ROOT_COUNT(effects); i++)
	{
		Jsonb *effect = cp_json_element(effects, i);
		int k = cp_catalogue_find_id(catalogue, (int32) number_of(effect, "action_id"));

		if (k <= 0)
			continue;
		response->effects[k].mean = cp_json_get_number(effect, "mean");
		response->effects[k].sd = cp_json_get_number(effect, "sd");
	}
}

static void
report_unknown_policy(const char *name)
{
	StringInfoData known;
	CpProbe probe;
	char *last = pstrdup("");

	initStringInfo(&known);
	appendStringInfoString(&known, "auto");
	cp_probe_begin(&probe, "policy", "policy_name_version_key", NULL, 0);
	while (cp_probe_next(&probe, ForwardScanDirection))
	{
		char *other = TextDatumGetCString(cp_probe_value(&probe, POLICY_NAME));

		if (strcmp(other, last) != 0)
			appendStringInfo(&known, ", %s", other);
		last = other;
	}
	cp_probe_end(&probe);
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("unknown method or policy \"%s\"", name), errhint("Known: %s.", known.data)));
}

static void
load_policy(const char *name, const CpPlaybook *playbook, CpPolicyInForce *policy)
{
	ScanKeyData key;
	CpProbe probe;
	char *method;

	cp_text_key(&key, 1, name);
	cp_probe_begin(&probe, "policy", "policy_name_version_key", &key, 1);
	if (!cp_probe_next(&probe, BackwardScanDirection))
	{
		cp_probe_end(&probe);
		report_unknown_policy(name);
	}
	policy->policy_id = DatumGetInt32(cp_probe_value(&probe, POLICY_ID));
	policy->version = DatumGetInt32(cp_probe_value(&probe, POLICY_VERSION));
	method = TextDatumGetCString(cp_probe_value(&probe, POLICY_METHOD));
	policy->method = cp_method(method);
	if (policy->method == CP_METHODS)
		elog(ERROR, "policy \"%s\" has unknown method \"%s\"", name, method);
	cp_response_of_json((Jsonb *) cp_probe_copy(&probe, POLICY_PARAMETERS), &playbook->catalogue,
	                    &policy->response);
	cp_probe_end(&probe);
}

const CpPolicyInForce *
cp_policy_in_force(const char *name, const CpPlaybook *playbook)
{
	static CpPolicyInForce current;
	static char asked[NAMEDATALEN * 4] = "";
	static uint64 looked = 0;
	static int32 catalogue_version = 0;
	uint64 situation = cp_situation();

	if (strcmp(name, "auto") == 0)
		name = AUTO_POLICY;
	if (looked == situation && cp_may_remember() && strcmp(asked, name) == 0 &&
	    catalogue_version == playbook->version)
		return &current;
	looked = 0;
	load_policy(name, playbook, &current);
	if (strlen(name) < sizeof(asked))
	{
		strlcpy(asked, name, sizeof(asked));
		looked = situation;
	}
	current.name = asked;
	catalogue_version = playbook->version;
	return &current;
}

/* --- the control group -------------------------------------------------- */

void
cp_holdout_in_force(CpHoldout *holdout)
{
	CpProbe probe;

	memset(holdout, 0, sizeof(*holdout));
	cp_probe_begin(&probe, "holdout", "holdout_pkey", NULL, 0);
	if (cp_probe_next(&probe, ForwardScanDirection))
	{
		holdout->share = DatumGetFloat8(cp_probe_value(&probe, HOLDOUT_SHARE));
		cp_probe_salt(&probe, HOLDOUT_SALT, holdout->salt);
	}
	cp_probe_end(&probe);
}

bool
cp_holdout_has(const CpHoldout *holdout, const char *customer_id)
{
	return cp_siphash(holdout->salt, customer_id, strlen(customer_id)) % BUCKETS <
	       rint(holdout->share * BUCKETS);
}

CpEconomics
cp_economics(void)
{
	return (CpEconomics){cp_margin, cp_rl_gamma};
}
