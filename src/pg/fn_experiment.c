/*
 * fn_experiment.c: making experiments, assigning units, keeping what became of them.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "pg/args.h"
#include "pg/attributes.h"
#include "pg/bridge.h"
#include "pg/decimal.h"
#include "pg/experiment_store.h"
#include "pg/json.h"
#include "pg/playbook.h"
#include "pg/store.h"

PG_FUNCTION_INFO_V1(cp_ab_create);
PG_FUNCTION_INFO_V1(cp_ab_start);
PG_FUNCTION_INFO_V1(cp_ab_stop);
PG_FUNCTION_INFO_V1(cp_ab_archive);
PG_FUNCTION_INFO_V1(cp_ab_allocate);
PG_FUNCTION_INFO_V1(cp_ab_assign);
PG_FUNCTION_INFO_V1(cp_ab_expose);
PG_FUNCTION_INFO_V1(cp_ab_record);

/* How far from 1 the sum of an allocation may be: 1/3 three times is one. */
#define SHARE_ROUNDING 1e-6

/* --- making ------------------------------------------------------------- */

static void
check_variant(char **names, int k)
{
	if (names[k][0] == '\0' || strlen(names[k]) > CP_VARIANT_LENGTH)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("the name of a variant must have 1 to %d bytes", CP_VARIANT_LENGTH)));
	for (int other = 0; other < k; other++)
		if (strcmp(names[k], names[other]) == 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("variant \"%s\" is named twice", names[k])));
}

static char **
variant_names(ArrayType *array, int *n)
{
	Datum *elements;
	char **names;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"variants\" must have one dimension and no NULL")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, n);
	if (*n < 2 || *n > CP_TRIAL_ARMS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("an experiment has 2 to %d variants", CP_TRIAL_ARMS),
		                errdetail("There are %d.", *n),
		                errhint("One of them is the control, what is done already.")));
	names = palloc(*n * sizeof(char *));
	for (int k = 0; k < *n; k++)
	{
		names[k] = TextDatumGetCString(elements[k]);
		check_variant(names, k);
	}
	return names;
}

/* Shares that sum to 1, even ones when nothing is given. */
static ArrayType *
allocation_argument(FunctionCallInfo fcinfo, int argument, int narms, double *shares)
{
	Datum *elements = NULL;
	int n = narms;
	double sum = 0;

	if (!PG_ARGISNULL(argument))
	{
		ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);

		if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("\"allocation\" must have one dimension and no NULL")));
		deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
		                  &elements, NULL, &n);
	}
	if (n != narms)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"allocation\" must have a share for each variant"),
		                errdetail("There are %d shares and %d variants.", n, narms)));
	for (int k = 0; k < n; k++)
	{
		shares[k] = elements == NULL ? 1.0 / n : DatumGetFloat8(elements[k]);
		if (!(shares[k] > 0 && shares[k] <= 1))
			cp_report_range("allocation", shares[k], "above 0 and at most 1");
		sum += shares[k];
	}
	if (fabs(sum - 1) > SHARE_ROUNDING)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the shares of an allocation must sum to 1"),
		                errdetail("They sum to %s.", cp_shortest(sum))));
	elements = palloc(narms * sizeof(Datum));
	for (int k = 0; k < narms; k++)
	{
		shares[k] /= sum;
		elements[k] = Float8GetDatum(shares[k]);
	}
	return construct_array(elements, narms, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
	                       TYPALIGN_DOUBLE);
}

/* Everything about the options that can be wrong before the experiment is there. */
static void
check_options(const CpExperimentOptions *options, char **names, int narms)
{
	CpTrialDesign design;

	cp_trial_design(&options->trial, CP_METRIC_PROPORTION, options->trial.cuped != NULL, &design);
	(void) cp_trial_control(options->trial.control, names, (uint32) narms);
	if (options->eligible != NULL)
		(void) cp_experiment_rule(options->eligible);
	if (!isnan(options->cap) && !isnan(options->cap_share))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("options \"cap\" and \"cap_share\" exclude one another")));
	if (options->share < 1 && options->layer == NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("option \"share\" is of a layer"),
		         errhint("Name the \"layer\", or leave units out with \"holdout\".")));
	if (options->draft && options->start != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a draft has no \"start\""), errhint("cp_ab_start() starts it.")));
}

static TimestampTz
start_of(const CpExperimentOptions *options)
{
	TimestampTz start;

	if (options->start == NULL)
		return GetCurrentTimestamp();
	start =
		DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(options->start),
	                                            ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	if (TIMESTAMP_NOT_FINITE(start))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"start\" must be finite"),
		                errdetail("It is %s.", options->start)));
	return start;
}

static double
duration_argument(FunctionCallInfo fcinfo, int argument)
{
	double days;

	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"duration_days\" must not be NULL")));
	days = PG_GETARG_FLOAT8(argument);
	if (!(days > 0 && days <= 3660))
		cp_report_range("duration_days", days, "above 0 and at most 3660");
	return days;
}

static char *
name_argument(FunctionCallInfo fcinfo)
{
	char *name = cp_required_text(fcinfo, 0, "name");

	if (name[0] == '\0' || strlen(name) > CP_EXPERIMENT_NAME)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("the name of an experiment must have 1 to %d bytes", CP_EXPERIMENT_NAME)));
	return name;
}

/* cp_ab_create(name, variants, allocation, duration_days, options) */
Datum
cp_ab_create(PG_FUNCTION_ARGS)
{
	char *name = name_argument(fcinfo);
	double days = duration_argument(fcinfo, 3);
	Jsonb *json = cp_options_argument(fcinfo, 4);
	double shares[CP_TRIAL_ARMS];
	CpExperimentOptions options;
	CpElevation elevation;
	CpRanges *ranges = palloc(sizeof(CpRanges));
	char *author = GetUserNameFromId(GetUserId(), false);
	ArrayType *allocation;
	char **names;
	int32 id;
	int narms;

	PreventCommandIfReadOnly("cp_ab_create()");
	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"variants\" must not be NULL")));
	names = variant_names(PG_GETARG_ARRAYTYPE_P(1), &narms);
	allocation = allocation_argument(fcinfo, 2, narms, shares);
	cp_experiment_options(json, &options);
	check_options(&options, names, narms);
	cp_ranges_begin(ranges, shares, (uint32) narms);
	cp_elevate(&elevation);
	id = cp_experiment_insert(name, PG_GETARG_ARRAYTYPE_P(1), &options, json, days,
	                          start_of(&options), author);
	cp_experiment_phase_put(id, 1, allocation, ranges);
	cp_descend(&elevation);
	PG_RETURN_INT32(id);
}

/* --- the life of an experiment ------------------------------------------ */

/* The first argument, an experiment that is about to change: in a status that it may change from. */
static CpExperiment *
experiment_to_change(FunctionCallInfo fcinfo, const char *command, const char *from,
                     const char *or_from)
{
	CpExperiment *experiment;

	PreventCommandIfReadOnly(command);
	(void) cp_required_text(fcinfo, 0, "experiment");
	experiment = cp_experiment(PG_GETARG_TEXT_PP(0));
	if (strcmp(experiment->status, from) != 0 && strcmp(experiment->status, or_from) != 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("the status of experiment \"%s\" is %s", experiment->name,
		                       experiment->status),
		                errdetail("%s needs one whose status is %s.", command, from)));
	return experiment;
}

static void
change(const CpExperiment *experiment, const char *status, TimestampTz start, TimestampTz end)
{
	CpElevation elevation;

	cp_elevate(&elevation);
	cp_experiment_set(experiment, status, start, end);
	cp_descend(&elevation);
}

Datum
cp_ab_start(PG_FUNCTION_ARGS)
{
	CpExperiment *experiment = experiment_to_change(fcinfo, "cp_ab_start()", "draft", "draft");
	TimestampTz now = GetCurrentTimestamp();

	change(experiment, "running", now, now + (TimestampTz) (experiment->days * USECS_PER_DAY));
	PG_RETURN_TIMESTAMPTZ(now);
}

Datum
cp_ab_stop(PG_FUNCTION_ARGS)
{
	CpExperiment *experiment = experiment_to_change(fcinfo, "cp_ab_stop()", "running", "running");
	TimestampTz end = Max(experiment->start, Min(GetCurrentTimestamp(), experiment->end));

	change(experiment, "stopped", experiment->start, end);
	PG_RETURN_TIMESTAMPTZ(end);
}

Datum
cp_ab_archive(PG_FUNCTION_ARGS)
{
	CpExperiment *experiment = experiment_to_change(fcinfo, "cp_ab_archive()", "stopped", "draft");

	change(experiment, "archived", experiment->start, experiment->end);
	PG_RETURN_VOID();
}

/* Of a draft, in which nobody is yet, the allocation is another one; later it is a new phase. */
Datum
cp_ab_allocate(PG_FUNCTION_ARGS)
{
	CpExperiment *experiment = experiment_to_change(fcinfo, "cp_ab_allocate()", "running", "draft");
	uint32 phase = strcmp(experiment->status, "draft") == 0 ? 1 : experiment->nphases + 1;
	double shares[CP_TRIAL_ARMS];
	CpRanges *ranges = palloc(sizeof(CpRanges));
	ArrayType *allocation;
	CpElevation elevation;
	CpBridge bridge;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"allocation\" must not be NULL")));
	allocation = allocation_argument(fcinfo, 1, (int) experiment->narms, shares);
	/* A copy: what is looked up must stay what is kept. */
	*ranges = experiment->ranges;
	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	if (phase == 1)
		cp_ranges_begin(ranges, shares, experiment->narms);
	else
		cp_bridge_check(&bridge,
		                cp_ranges_change(&bridge.context, ranges, shares, experiment->narms), NULL);
	cp_elevate(&elevation);
	cp_experiment_phase_put(experiment->id, phase, allocation, ranges);
	cp_descend(&elevation);
	PG_RETURN_INT32((int32) phase);
}

/* --- assigning ---------------------------------------------------------- */

static bool
is_open(const CpExperiment *experiment)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();

	return experiment->running && experiment->start <= now && now < experiment->end;
}

/* The same unit under a key of its own: the words change places. */
static bool
held_out(const CpExperiment *experiment, const char *unit, Size length)
{
	const uint64 key[2] = {experiment->salt[1], experiment->salt[0]};

	return experiment->holdout > 0 && cp_unit_place(key, unit, length) < experiment->holdout;
}

static bool
outside_layer(const CpExperiment *experiment, const char *unit, Size length)
{
	double place;

	if (experiment->options.layer == NULL)
		return false;
	place = cp_unit_place(experiment->layer_salt, unit, length);
	return place < experiment->layer_from || place >= experiment->layer_to;
}

static bool
in_control_group(const CpExperiment *experiment, const char *unit)
{
	CpHoldout holdout;

	if (!experiment->options.exclude_control)
		return false;
	cp_holdout_in_force(&holdout);
	return cp_holdout_has(&holdout, unit);
}

/* Why a unit is not in the experiment, NULL = it is. */
static const char *
obstacle(const CpExperiment *experiment, const char *unit, Jsonb *attributes)
{
	Size length = strlen(unit);

	if (held_out(experiment, unit, length))
		return "it is held out";
	if (outside_layer(experiment, unit, length))
		return "its place in the layer is another experiment's";
	if (in_control_group(experiment, unit))
		return "it is in the control group";
	if (experiment->rule != NULL && !cp_attributes_hold(experiment->rule, attributes))
		return "it is not eligible";
	return NULL;
}

/* Who met a variant before the allocation changed keeps it. */
static uint32
arm_of(const CpExperiment *experiment, const char *unit, const text *unit_text)
{
	uint32 arm;

	if (experiment->nphases > 1 && cp_experiment_met(experiment, unit_text, &arm))
		return arm;
	return cp_ranges_arm(&experiment->ranges, cp_unit_place(experiment->salt, unit, strlen(unit)));
}

static CpExperiment *
experiment_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"experiment\" must not be NULL")));
	return cp_experiment(PG_GETARG_TEXT_PP(0));
}

static Jsonb *
jsonb_or_null(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : PG_GETARG_JSONB_P(argument);
}

/* cp_ab_assign(experiment, unit, attributes) */
Datum
cp_ab_assign(PG_FUNCTION_ARGS)
{
	CpExperiment *experiment = experiment_argument(fcinfo);
	char *unit = cp_required_key(fcinfo, 1, "unit");

	if (!is_open(experiment) || obstacle(experiment, unit, jsonb_or_null(fcinfo, 2)) != NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(
		cstring_to_text(experiment->variants[arm_of(experiment, unit, PG_GETARG_TEXT_PP(1))]));
}

static double
number_or_nan(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		return (double) NAN;
	cp_require_finite(PG_GETARG_FLOAT8(argument), name);
	return PG_GETARG_FLOAT8(argument);
}

/* Where the covariate is part of the analysis every row has one. */
static void
require_covariate(const CpExperiment *experiment, double covariate)
{
	if (experiment->options.trial.cuped != NULL && isnan(covariate))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		         errmsg("the covariate of a unit of experiment \"%s\" must not be NULL",
		                experiment->name),
		         errdetail("The experiment was created with option \"cuped\"."),
		         errhint("Units without a past may all have the same value: coalesce(past, 0).")));
}

/* cp_ab_expose(experiment, unit, covariate, attributes) */
Datum
cp_ab_expose(PG_FUNCTION_ARGS)
{
	CpExperiment *experiment = experiment_argument(fcinfo);
	char *unit = cp_required_key(fcinfo, 1, "unit");
	double covariate = number_or_nan(fcinfo, 2, "a covariate");
	CpElevation elevation;
	uint32 arm;

	PreventCommandIfReadOnly("cp_ab_expose()");
	if (!is_open(experiment) || obstacle(experiment, unit, jsonb_or_null(fcinfo, 3)) != NULL)
		PG_RETURN_NULL();
	require_covariate(experiment, covariate);
	arm = arm_of(experiment, unit, PG_GETARG_TEXT_PP(1));
	cp_elevate(&elevation);
	arm = cp_experiment_expose(experiment, PG_GETARG_DATUM(1), arm, covariate);
	cp_descend(&elevation);
	PG_RETURN_TEXT_P(cstring_to_text(experiment->variants[arm]));
}

/* --- outcomes ----------------------------------------------------------- */

/* May an outcome still come? After the end only those of units that came before. */
static bool
may_record(const CpExperiment *experiment)
{
	TimestampTz now = GetCurrentTimestamp();
	double days = isnan(experiment->options.outcome_days) ? 0 : experiment->options.outcome_days;

	if (strcmp(experiment->status, "draft") == 0 || now < experiment->start)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("experiment \"%s\" has not started", experiment->name)));
	if (is_open(experiment))
		return true;
	if (strcmp(experiment->status, "archived") == 0 ||
	    now >= experiment->end + (TimestampTz) (days * USECS_PER_DAY))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("experiment \"%s\" has ended", experiment->name),
		                errdetail("It ended at %s.", timestamptz_to_str(experiment->end)),
		                errhint("With option \"outcome_days\" outcomes may come later.")));
	return false;
}

static void
check_metrics(const CpExperiment *experiment, Jsonb *metrics)
{
	const CpGuardrails *guardrails = &experiment->options.guardrails;
	JsonbIterator *walk;
	JsonbValue token;
	JsonbIteratorToken kind;

	if (!JB_ROOT_IS_OBJECT(metrics))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"metrics\" must be an object of numbers")));
	walk = JsonbIteratorInit(&metrics->root);
	while ((kind = JsonbIteratorNext(&walk, &token, true)) != WJB_DONE)
	{
		uint32 k = 0;

		if (kind == WJB_VALUE &&
		    (token.type != jbvNumeric ||
		     !isfinite(cp_decimal_to_double(NumericGetDatum(token.val.numeric)))))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("\"metrics\" must be an object of numbers")));
		if (kind != WJB_KEY)
			continue;
		while (k < guardrails->count &&
		       (strlen(guardrails->rails[k].name) != (Size) token.val.string.len ||
		        memcmp(guardrails->rails[k].name, token.val.string.val, token.val.string.len) != 0))
			k++;
		if (k == guardrails->count)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("experiment \"%s\" has no guardrail \"%.*s\"", experiment->name,
			                       token.val.string.len, token.val.string.val)));
	}
}

/* cp_ab_record(experiment, unit, outcome, value, covariate, metrics, attributes) */
static CpUnitOutcome
outcome_arguments(FunctionCallInfo fcinfo, const CpExperiment *experiment)
{
	CpUnitOutcome outcome;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("an outcome must not be NULL"),
		         errhint("As long as it is not known, record nothing.")));
	outcome.outcome = number_or_nan(fcinfo, 2, "an outcome");
	outcome.value = number_or_nan(fcinfo, 3, "a value");
	outcome.metrics = jsonb_or_null(fcinfo, 5);
	if (experiment->design.kind == CP_METRIC_PROPORTION && outcome.outcome != 0 &&
	    outcome.outcome != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the outcome of a proportion must be 0 or 1"),
		                errdetail("It is %s.", cp_shortest(outcome.outcome)),
		                errhint("For numbers create the experiment with \"metric\": \"mean\".")));
	if (experiment->design.kind == CP_METRIC_RATIO && isnan(outcome.value))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("the denominator of a ratio, \"value\", must not be NULL")));
	if (outcome.metrics != NULL)
		check_metrics(experiment, outcome.metrics);
	return outcome;
}

static void
report_stranger(const CpExperiment *experiment, const char *unit, const char *why)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("unit \"%s\" is not in experiment \"%s\"", unit, experiment->name),
	                errdetail("Of this unit: %s.", why)));
}

/* Is there something that the unit's row knows, and that may have changed or not be given again? */
static bool
asks_row(const CpExperiment *experiment)
{
	const CpExperimentOptions *options = &experiment->options;

	return experiment->rule != NULL || options->exclude_control || options->trial.cuped != NULL;
}

/*
 * The arm of a unit that may come with its outcome, -1 when it has come before: then it is in,
 * whatever became of it. To ask again would leave out those whom the variant has changed.
 */
static int
arm_to_record(FunctionCallInfo fcinfo, const CpExperiment *experiment, const char *unit,
              double covariate)
{
	bool must = !may_record(experiment) || experiment->options.require_exposure;
	uint32 met;
	const char *why;

	if ((must || asks_row(experiment)) && cp_experiment_met(experiment, PG_GETARG_TEXT_PP(1), &met))
		return -1;
	why = must ? "it never met its variant" : obstacle(experiment, unit, jsonb_or_null(fcinfo, 6));
	if (why != NULL)
		report_stranger(experiment, unit, why);
	require_covariate(experiment, covariate);
	return (int) arm_of(experiment, unit, PG_GETARG_TEXT_PP(1));
}

Datum
cp_ab_record(PG_FUNCTION_ARGS)
{
	CpExperiment *experiment = experiment_argument(fcinfo);
	char *unit = cp_required_key(fcinfo, 1, "unit");
	double covariate = number_or_nan(fcinfo, 4, "a covariate");
	CpUnitOutcome outcome;
	CpElevation elevation;
	bool recorded;
	int arm;

	PreventCommandIfReadOnly("cp_ab_record()");
	outcome = outcome_arguments(fcinfo, experiment);
	arm = arm_to_record(fcinfo, experiment, unit, covariate);
	cp_elevate(&elevation);
	recorded = cp_experiment_record(experiment, PG_GETARG_DATUM(1), arm, covariate, &outcome);
	cp_descend(&elevation);
	PG_RETURN_BOOL(recorded);
}
