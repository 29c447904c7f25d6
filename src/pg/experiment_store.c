/*
 * experiment_store.c: experiments as they are kept.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "num/hash.h"
#include "pg/bridge.h"
#include "pg/decimal.h"
#include "pg/experiment_store.h"
#include "pg/json.h"
#include "pg/situation.h"
#include "pg/store.h"

/* Columns by position, as sql/41_experiment.sql makes them. */
enum
{
	EXPERIMENT_ID = 1,
	EXPERIMENT_VARIANTS = 3,
	EXPERIMENT_STATUS,
	EXPERIMENT_START = 7,
	EXPERIMENT_END,
	EXPERIMENT_DAYS,
	EXPERIMENT_SALT,
	EXPERIMENT_LAYER,
	EXPERIMENT_LAYER_FROM,
	EXPERIMENT_LAYER_TO,
	EXPERIMENT_HOLDOUT,
	EXPERIMENT_OPTIONS
};
enum
{
	LAYER_SALT = 2
};
enum
{
	PHASE_ALLOCATION = 4,
	PHASE_RANGE_TO,
	PHASE_RANGE_VARIANT
};
enum
{
	UNIT_VARIANT = 3
};

/* --- options ------------------------------------------------------------ */

static int
harm_of(const JsonbValue *value)
{
	if (value->type == jbvString && value->val.string.len == 6 &&
	    memcmp(value->val.string.val, "higher", 6) == 0)
		return 1;
	if (value->type == jbvString && value->val.string.len == 5 &&
	    memcmp(value->val.string.val, "lower", 5) == 0)
		return -1;
	return 0;
}

static void
report_guardrails(const char *detail)
{
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	         errmsg("option \"guardrails\" must say of metrics which change would be harm"),
	         errdetail("%s", detail),
	         errhint("For example: '{\"guardrails\": {\"complaints\": \"higher\", \"visits\": "
	                 "\"lower\"}}'.")));
}

/* {"name": "higher" | "lower"} */
static void
read_guardrails(const CpOptionRule *rule, const JsonbValue *value, void *target)
{
	CpGuardrails *guardrails = target;
	JsonbIterator *walk;
	JsonbValue token;
	JsonbIteratorToken kind;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		report_guardrails("It is no object.");
	walk = JsonbIteratorInit(value->val.binary.data);
	while ((kind = JsonbIteratorNext(&walk, &token, true)) != WJB_DONE)
	{
		CpGuardrail *rail = &guardrails->rails[guardrails->count];

		if (kind == WJB_KEY && guardrails->count == CP_MAX_GUARDRAILS)
			report_guardrails(psprintf("There are more than %d.", CP_MAX_GUARDRAILS));
		if (kind == WJB_KEY)
			rail->name = pnstrdup(token.val.string.val, token.val.string.len);
		if (kind != WJB_VALUE)
			continue;
		rail->harm = harm_of(&token);
		if (rail->harm == 0)
			report_guardrails(
				psprintf("Of \"%s\" it says neither \"higher\" nor \"lower\".", rail->name));
		guardrails->count++;
	}
}

static const CpOptionRule option_rules[] = {
	CP_TRIAL_RULES(CpExperimentOptions, trial),
	{"layer", CP_OPTION_TEXT, offsetof(CpExperimentOptions, layer)},
	{"share", CP_OPTION_NUMBER, offsetof(CpExperimentOptions, share), 1e-6, 1},
	{"holdout", CP_OPTION_NUMBER, offsetof(CpExperimentOptions, holdout), 0, 0.999999},
	{"eligible", CP_OPTION_TEXT, offsetof(CpExperimentOptions, eligible)},
	{"exclude_control", CP_OPTION_FLAG, offsetof(CpExperimentOptions, exclude_control)},
	{"require_exposure", CP_OPTION_FLAG, offsetof(CpExperimentOptions, require_exposure)},
	{"draft", CP_OPTION_FLAG, offsetof(CpExperimentOptions, draft)},
	{"start", CP_OPTION_TEXT, offsetof(CpExperimentOptions, start)},
	{"cap", CP_OPTION_NUMBER, offsetof(CpExperimentOptions, cap), 0, DBL_MAX},
	{"cap_share", CP_OPTION_NUMBER, offsetof(CpExperimentOptions, cap_share), 0.5, 0.999999},
	{"outcome_days", CP_OPTION_NUMBER, offsetof(CpExperimentOptions, outcome_days), 0.001, 3660},
	{"guardrails", CP_OPTION_CUSTOM, offsetof(CpExperimentOptions, guardrails),
     .read = read_guardrails},
	{NULL}};

void
cp_experiment_options(Jsonb *json, CpExperimentOptions *options)
{
	memset(options, 0, sizeof(*options));
	cp_trial_options_default(&options->trial);
	options->share = 1;
	options->cap = options->cap_share = options->outcome_days = (double) NAN;
	cp_options_object(json, option_rules, "{\"metric\": \"mean\", \"control\": \"A\"}", options);
}

/* --- loading ------------------------------------------------------------ */

static TimestampTz
time_or_never(CpProbe *probe, int column)
{
	bool isnull;
	Datum value = slot_getattr(probe->slot, column, &isnull);

	return isnull ? DT_NOEND : DatumGetTimestampTz(value);
}

static void
read_variants(CpExperiment *experiment, ArrayType *array)
{
	Datum *elements;
	int n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	experiment->narms = (uint32) n;
	experiment->variants = palloc(n * sizeof(char *));
	for (int arm = 0; arm < n; arm++)
		experiment->variants[arm] = TextDatumGetCString(elements[arm]);
}

CpRule *
cp_experiment_rule(const char *text)
{
	CpBridge *bridge = palloc(sizeof(CpBridge));
	CpRule *rule;
	CpStatus status;

	cp_bridge_init(bridge, CurrentMemoryContext, 0);
	status = cp_rule_parse(&bridge->context, text, strlen(text), &rule);
	if (status == CP_BAD_PARAMETER)
		ereport(
			ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR), errmsg("option \"eligible\" cannot be read"),
		     errdetail("%s", bridge->context.reason),
		     errhint(
				 "A rule compares attributes with values, as in: plan = 'free' AND age >= 18.")));
	cp_bridge_check(bridge, status, NULL);
	return rule;
}

static void
read_row(CpExperiment *experiment, CpProbe *probe)
{
	experiment->id = DatumGetInt32(cp_probe_value(probe, EXPERIMENT_ID));
	experiment->status = TextDatumGetCString(cp_probe_value(probe, EXPERIMENT_STATUS));
	experiment->running = strcmp(experiment->status, "running") == 0;
	experiment->start = time_or_never(probe, EXPERIMENT_START);
	experiment->end = time_or_never(probe, EXPERIMENT_END);
	experiment->days = DatumGetFloat8(cp_probe_value(probe, EXPERIMENT_DAYS));
	cp_probe_salt(probe, EXPERIMENT_SALT, experiment->salt);
	experiment->layer_from = DatumGetFloat8(cp_probe_value(probe, EXPERIMENT_LAYER_FROM));
	experiment->layer_to = DatumGetFloat8(cp_probe_value(probe, EXPERIMENT_LAYER_TO));
	experiment->holdout = DatumGetFloat8(cp_probe_value(probe, EXPERIMENT_HOLDOUT));
	read_variants(experiment, (ArrayType *) cp_probe_copy(probe, EXPERIMENT_VARIANTS));
	cp_experiment_options((Jsonb *) cp_probe_copy(probe, EXPERIMENT_OPTIONS), &experiment->options);
	if (cp_probe_value(probe, EXPERIMENT_LAYER) != 0)
		experiment->options.layer = TextDatumGetCString(cp_probe_value(probe, EXPERIMENT_LAYER));
}

static void
report_damaged(const CpExperiment *experiment, const char *detail)
{
	ereport(ERROR,
	        (errcode(ERRCODE_DATA_CORRUPTED),
	         errmsg("experiment \"%s\" is damaged", experiment->name), errdetail("%s", detail)));
}

static void
read_layer(CpExperiment *experiment)
{
	ScanKeyData key;
	CpProbe probe;

	if (experiment->options.layer == NULL)
		return;
	cp_text_key(&key, 1, experiment->options.layer);
	cp_probe_begin(&probe, "experiment_layer", "experiment_layer_pkey", &key, 1);
	if (!cp_probe_next(&probe, ForwardScanDirection))
		report_damaged(experiment, "Its layer is missing.");
	cp_probe_salt(&probe, LAYER_SALT, experiment->layer_salt);
	cp_probe_end(&probe);
}

static void
read_ranges(CpExperiment *experiment, ArrayType *to, ArrayType *variant)
{
	CpRanges *ranges = &experiment->ranges;
	const double *ends = (const double *) ARR_DATA_PTR(to);
	const int32 *arms = (const int32 *) ARR_DATA_PTR(variant);

	ranges->count = (uint32) ArrayGetNItems(ARR_NDIM(to), ARR_DIMS(to));
	if (ranges->count > CP_MAX_RANGES)
		report_damaged(experiment, "It has too many ranges.");
	for (uint32 k = 0; k < ranges->count; k++)
	{
		ranges->to[k] = ends[k];
		ranges->arm[k] = (uint32) arms[k] - 1;
	}
}

/* In order of phases, so the last one's ranges stay. */
static void
read_phases(CpExperiment *experiment)
{
	uint32 narms = experiment->narms;
	Size row = narms * sizeof(double);
	ScanKeyData key;
	CpProbe probe;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(experiment->id));
	cp_probe_begin(&probe, "experiment_phase", "experiment_phase_pkey", &key, 1);
	while (cp_probe_next(&probe, ForwardScanDirection))
	{
		uint32 phase = experiment->nphases++;
		ArrayType *allocation = (ArrayType *) cp_probe_copy(&probe, PHASE_ALLOCATION);

		experiment->weights =
			phase == 0 ? palloc(row) : repalloc(experiment->weights, experiment->nphases * row);
		memcpy(experiment->weights + (Size) phase * narms, ARR_DATA_PTR(allocation), row);
		read_ranges(experiment, (ArrayType *) cp_probe_copy(&probe, PHASE_RANGE_TO),
		            (ArrayType *) cp_probe_copy(&probe, PHASE_RANGE_VARIANT));
	}
	cp_probe_end(&probe);
	if (experiment->nphases == 0)
		report_damaged(experiment, "It has no allocation.");
}

static void
report_absent(const char *name)
{
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("experiment \"%s\" does not exist", name),
	         errhint("cp_ab_create() makes experiments; churnprevent.experiment lists them.")));
}

static CpExperiment *
load(char *name)
{
	CpExperiment *experiment = palloc0(sizeof(CpExperiment));
	ScanKeyData key;
	CpProbe probe;
	bool found;

	experiment->name = name;
	experiment->name_length = strlen(name);
	cp_text_key(&key, 1, name);
	cp_probe_begin(&probe, "experiment", "experiment_name_key", &key, 1);
	found = cp_probe_next(&probe, ForwardScanDirection);
	if (found)
		read_row(experiment, &probe);
	cp_probe_end(&probe);
	if (!found)
		report_absent(name);
	read_layer(experiment);
	read_phases(experiment);
	if (experiment->options.eligible != NULL)
		experiment->rule = cp_experiment_rule(experiment->options.eligible);
	cp_trial_design(&experiment->options.trial, CP_METRIC_PROPORTION,
	                experiment->options.trial.cuped != NULL, &experiment->design);
	experiment->design.arms = experiment->narms;
	experiment->design.control = cp_trial_control(experiment->options.trial.control,
	                                              experiment->variants, experiment->narms);
	return experiment;
}

/* --- what has been looked up -------------------------------------------- */

/* By the hash of the name: open addressing, a power of two places, at most half of them taken. */
typedef struct Known
{
	uint64 hash;
	CpExperiment *experiment; /* NULL = free */
} Known;

static MemoryContext known_memory = NULL;
static Known *known = NULL; /* [places] */
static uint32 places;
static uint32 taken;

static void
forget_all(void)
{
	if (known_memory == NULL)
		known_memory = AllocSetContextCreate(CacheMemoryContext, "churnprevent experiments",
		                                     ALLOCSET_DEFAULT_SIZES);
	known = NULL;
	MemoryContextReset(known_memory);
	taken = 0;
	places = 16;
	known = MemoryContextAllocZero(known_memory, places * sizeof(Known));
}

static bool
is_named(const CpExperiment *experiment, const char *name, Size length)
{
	return experiment->name_length == length && memcmp(experiment->name, name, length) == 0;
}

/* The place of that name, or the free one where it belongs. */
static Known *
find_place(uint64 hash, const char *name, Size length)
{
	uint32 at = (uint32) hash & (places - 1);

	while (known[at].experiment != NULL &&
	       !(known[at].hash == hash && is_named(known[at].experiment, name, length)))
		at = (at + 1) & (places - 1);
	return &known[at];
}

static void
double_places(void)
{
	Known *old = known;
	uint32 count = places;

	places *= 2;
	known = MemoryContextAllocZero(known_memory, places * sizeof(Known));
	for (uint32 k = 0; k < count; k++)
		if (old[k].experiment != NULL)
			*find_place(old[k].hash, old[k].experiment->name, old[k].experiment->name_length) =
				old[k];
	pfree(old);
}

static CpExperiment *
learn(uint64 hash, const char *name, Size length)
{
	MemoryContext caller;
	CpExperiment *experiment;

	if (length > CP_EXPERIMENT_NAME)
		report_absent(pnstrdup(name, length));
	caller = MemoryContextSwitchTo(known_memory);
	experiment = load(pnstrdup(name, length));
	MemoryContextSwitchTo(caller);
	if (2 * ++taken > places)
		double_places();
	*find_place(hash, name, length) = (Known){hash, experiment};
	return experiment;
}

CpExperiment *
cp_experiment(const text *name)
{
	static uint64 looked = 0;
	uint64 situation = cp_situation();
	Size length = VARSIZE_ANY_EXHDR(name);
	uint64 hash = cp_hash_bytes(VARDATA_ANY(name), length, 0);
	Known *place;

	if (looked != situation || known == NULL || !cp_may_remember())
	{
		looked = 0;
		forget_all();
		looked = situation;
	}
	place = find_place(hash, VARDATA_ANY(name), length);
	if (place->experiment != NULL)
		return place->experiment;
	return learn(hash, VARDATA_ANY(name), length);
}

bool
cp_experiment_met(const CpExperiment *experiment, const text *unit, uint32 *arm)
{
	ScanKeyData keys[2];
	CpProbe probe;
	bool met;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(experiment->id));
	cp_text_key(&keys[1], 2, text_to_cstring(unit));
	cp_probe_begin(&probe, "experiment_unit", "experiment_unit_pkey", keys, 2);
	met = cp_probe_next(&probe, ForwardScanDirection);
	if (met)
		*arm = (uint32) DatumGetInt16(cp_probe_value(&probe, UNIT_VARIANT)) - 1;
	cp_probe_end(&probe);
	return met;
}

/* --- writing ------------------------------------------------------------ */

/*
 * The first free range of a layer that is as long as the share; an error when there is none. The
 * layer is updated, not just locked, so that who sees by an older snapshot fails.
 */
static double
find_room(const CpExperimentOptions *options)
{
	static const char make[] =
		"INSERT INTO churnprevent.experiment_layer (layer) VALUES ($1) ON CONFLICT DO NOTHING";
	static const char lock[] =
		"UPDATE churnprevent.experiment_layer SET layer = layer WHERE layer = $1";
	static const char find[] =
		"WITH taken AS (SELECT layer_from AS f, layer_to AS t FROM churnprevent.experiment"
		"  WHERE layer = $1 AND status <> 'archived')"
		" SELECT pg_catalog.min(s) FROM (SELECT 0 UNION ALL SELECT t FROM taken) starts (s)"
		" WHERE s + $2 <= 1 + 1e-9"
		"  AND NOT EXISTS (SELECT FROM taken WHERE f < s + $2 - 1e-9 AND t > s + 1e-9)";
	Oid types[2] = {TEXTOID, FLOAT8OID};
	Datum values[2] = {CStringGetTextDatum(options->layer), Float8GetDatum(options->share)};
	bool isnull;
	Datum from;

	cp_run(make, 1, types, values, NULL);
	cp_run(lock, 1, types, values, NULL);
	cp_run(find, 2, types, values, NULL);
	from = cp_result_or_null(1, &isnull);
	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("layer \"%s\" has no room for a share of %s", options->layer,
		                       cp_shortest(options->share)),
		                errdetail("The experiments in it take the rest."),
		                errhint("Give a smaller \"share\", or archive what has ended.")));
	return DatumGetFloat8(from);
}

int32
cp_experiment_insert(const char *name, ArrayType *variants, const CpExperimentOptions *options,
                     Jsonb *kept, double duration_days, TimestampTz start, const char *author)
{
	static const char insert[] =
		"INSERT INTO churnprevent.experiment (name, variants, status, created_by, start_at, end_at,"
		" duration_days, layer, layer_from, layer_to, holdout, options)"
		" VALUES ($1, $2, $3, $4, $5, $5 + pg_catalog.make_interval(secs => $6 * 86400), $6, $7, $8,"
		" $9, $10, $11) ON CONFLICT (name) DO NOTHING RETURNING experiment_id";
	Oid types[11] = {TEXTOID, TEXTARRAYOID, TEXTOID,   TEXTOID,   TIMESTAMPTZOID, FLOAT8OID,
	                 TEXTOID, FLOAT8OID,    FLOAT8OID, FLOAT8OID, JSONBOID};
	double from = options->layer == NULL ? 0 : find_room(options);
	Datum values[11] = {CStringGetTextDatum(name),
	                    PointerGetDatum(variants),
	                    CStringGetTextDatum(options->draft ? "draft" : "running"),
	                    CStringGetTextDatum(author),
	                    TimestampTzGetDatum(start),
	                    Float8GetDatum(duration_days),
	                    options->layer == NULL ? (Datum) 0 : CStringGetTextDatum(options->layer),
	                    Float8GetDatum(from),
	                    Float8GetDatum(options->layer == NULL ? 1 : fmin(from + options->share, 1)),
	                    Float8GetDatum(options->holdout),
	                    JsonbPGetDatum(kept)};
	char nulls[12] = "           ";

	nulls[4] = options->draft ? 'n' : ' ';
	nulls[6] = options->layer == NULL ? 'n' : ' ';
	if (!cp_run(insert, 11, types, values, nulls))
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
		                errmsg("experiment \"%s\" already exists", name),
		                errhint("What has been tested keeps its name: give another one.")));
	return DatumGetInt32(cp_result(1));
}

static void
report_race(int32 id)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
	                errmsg("experiment %d was changed by another session", id),
	                errhint("Look at it, and try again.")));
}

void
cp_experiment_phase_put(int32 id, uint32 phase, ArrayType *allocation, const CpRanges *ranges)
{
	static const char insert[] =
		"INSERT INTO churnprevent.experiment_phase (experiment_id, phase, allocation, range_to,"
		" range_variant) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (experiment_id, phase) DO UPDATE"
		" SET allocation = $3, range_to = $4, range_variant = $5 WHERE EXCLUDED.phase = 1"
		" RETURNING 1";
	Oid types[5] = {INT4OID, INT4OID, FLOAT8ARRAYOID, FLOAT8ARRAYOID, INT4ARRAYOID};
	Datum *ends = palloc(ranges->count * sizeof(Datum));
	Datum *arms = palloc(ranges->count * sizeof(Datum));
	Datum values[5];

	for (uint32 k = 0; k < ranges->count; k++)
	{
		ends[k] = Float8GetDatum(ranges->to[k]);
		arms[k] = Int32GetDatum((int32) ranges->arm[k] + 1);
	}
	values[0] = Int32GetDatum(id);
	values[1] = Int32GetDatum((int32) phase);
	values[2] = PointerGetDatum(allocation);
	values[3] = PointerGetDatum(construct_array(ends, (int) ranges->count, FLOAT8OID,
	                                            sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[4] = PointerGetDatum(
		construct_array(arms, (int) ranges->count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	if (!cp_run(insert, 5, types, values, NULL))
		report_race(id);
}

void
cp_experiment_set(const CpExperiment *experiment, const char *status, TimestampTz start,
                  TimestampTz end)
{
	static const char update[] =
		"UPDATE churnprevent.experiment SET status = $2, start_at = $3, end_at = $4"
		" WHERE experiment_id = $1 AND status = $5 RETURNING 1";
	Oid types[5] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID};
	Datum values[5] = {Int32GetDatum(experiment->id), CStringGetTextDatum(status),
	                   TimestampTzGetDatum(start), TimestampTzGetDatum(end),
	                   CStringGetTextDatum(experiment->status)};
	char nulls[6] = "     ";

	nulls[2] = start == DT_NOEND ? 'n' : ' ';
	nulls[3] = end == DT_NOEND ? 'n' : ' ';
	if (!cp_run(update, 5, types, values, nulls))
		report_race(experiment->id);
}

static void
set_optional(Datum *value, char *null, double number)
{
	*value = Float8GetDatum(number);
	*null = isnan(number) ? 'n' : ' ';
}

/* The row that is there may be younger than the snapshot that did not see it: so it is asked for. */
static uint32
arm_met(const CpExperiment *experiment, Datum unit)
{
	static const char select[] =
		"SELECT variant FROM churnprevent.experiment_unit WHERE experiment_id = $1 AND unit = $2";
	Oid types[2] = {INT4OID, TEXTOID};
	Datum values[2] = {Int32GetDatum(experiment->id), unit};

	if (!cp_run(select, 2, types, values, NULL))
		report_race(experiment->id);
	return (uint32) DatumGetInt16(cp_result(1)) - 1;
}

uint32
cp_experiment_expose(const CpExperiment *experiment, Datum unit, uint32 arm, double covariate)
{
	static CpStatement insert = {
		"INSERT INTO churnprevent.experiment_unit (experiment_id, unit, variant, phase, exposed_at,"
		" covariate) VALUES ($1, $2, $3, $4, pg_catalog.clock_timestamp(), $5)"
		" ON CONFLICT DO NOTHING RETURNING 1",
		5,
		{INT4OID, TEXTOID, INT2OID, INT4OID, FLOAT8OID},
		NULL};
	Datum values[5] = {Int32GetDatum(experiment->id), unit, Int16GetDatum((int16) (arm + 1)),
	                   Int32GetDatum((int32) experiment->nphases)};
	char nulls[6] = "     ";

	set_optional(&values[4], &nulls[4], covariate);
	return cp_run_planned(&insert, values, nulls) ? arm : arm_met(experiment, unit);
}

bool
cp_experiment_record(const CpExperiment *experiment, Datum unit, int arm, double covariate,
                     const CpUnitOutcome *outcome)
{
	static CpStatement insert = {
		"INSERT INTO churnprevent.experiment_unit AS u (experiment_id, unit, outcome, value, metrics,"
		" covariate, variant, phase, exposed_at, record_no, recorded_at)"
		" SELECT $1, $2, $3, $4, $5, $6, $8, $9, t, pg_catalog.nextval("
		"'churnprevent.experiment_record_no'), t FROM pg_catalog.clock_timestamp() t"
		" ON CONFLICT (experiment_id, unit) DO UPDATE SET outcome = EXCLUDED.outcome,"
		" value = EXCLUDED.value, metrics = EXCLUDED.metrics, covariate ="
		" coalesce(u.covariate, EXCLUDED.covariate), record_no = EXCLUDED.record_no,"
		" recorded_at = EXCLUDED.recorded_at WHERE u.record_no IS NULL AND ($7 IS NULL OR"
		" pg_catalog.clock_timestamp() < u.exposed_at + pg_catalog.make_interval(secs => $7 * 86400))"
		" RETURNING 1",
		9,
		{INT4OID, TEXTOID, FLOAT8OID, FLOAT8OID, JSONBOID, FLOAT8OID, FLOAT8OID, INT2OID, INT4OID},
		NULL};
	static CpStatement update = {
		"UPDATE churnprevent.experiment_unit SET outcome = $3, value = $4, metrics = $5,"
		" covariate = coalesce(covariate, $6),"
		" record_no = pg_catalog.nextval('churnprevent.experiment_record_no'),"
		" recorded_at = pg_catalog.clock_timestamp()"
		" WHERE experiment_id = $1 AND unit = $2 AND record_no IS NULL AND ($7 IS NULL OR"
		" pg_catalog.clock_timestamp() < exposed_at + pg_catalog.make_interval(secs => $7 * 86400))"
		" RETURNING 1",
		7,
		{INT4OID, TEXTOID, FLOAT8OID, FLOAT8OID, JSONBOID, FLOAT8OID, FLOAT8OID},
		NULL};
	Datum values[9] = {Int32GetDatum(experiment->id), unit, Float8GetDatum(outcome->outcome)};
	char nulls[10] = "         ";

	set_optional(&values[3], &nulls[3], outcome->value);
	values[4] = JsonbPGetDatum(outcome->metrics);
	nulls[4] = outcome->metrics == NULL ? 'n' : ' ';
	set_optional(&values[5], &nulls[5], covariate);
	set_optional(&values[6], &nulls[6], experiment->options.outcome_days);
	if (arm < 0)
		return cp_run_planned(&update, values, nulls);
	values[7] = Int16GetDatum((int16) (arm + 1));
	values[8] = Int32GetDatum((int32) experiment->nphases);
	return cp_run_planned(&insert, values, nulls);
}
