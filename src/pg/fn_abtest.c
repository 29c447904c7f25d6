/*
 * fn_abtest.c: statistics of A/B tests: the aggregate cp_ab_significance, and tests of counts and
 * moments that are known already.
 *
 * The aggregate's state is one block of bytes: what was asked for, and for each variant its name
 * and moments. It knows no order, so what it says of a sequence is as of one look.
 */
#include "pg/compat.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "pg/args.h"
#include "pg/bridge.h"
#include "pg/decimal.h"
#include "pg/json.h"
#include "pg/trial_row.h"
#include "stats/posterior.h"
#include "stats/power.h"
#include "stats/sequential.h"

PG_FUNCTION_INFO_V1(cp_ab_transition_boolean);
PG_FUNCTION_INFO_V1(cp_ab_transition_number);
PG_FUNCTION_INFO_V1(cp_ab_transition_covariate);
PG_FUNCTION_INFO_V1(cp_ab_combine);
PG_FUNCTION_INFO_V1(cp_ab_final);
PG_FUNCTION_INFO_V1(cp_ab_proportions);
PG_FUNCTION_INFO_V1(cp_ab_means);
PG_FUNCTION_INFO_V1(cp_ab_chi_square);
PG_FUNCTION_INFO_V1(cp_ab_srm);
PG_FUNCTION_INFO_V1(cp_ab_adjust);
PG_FUNCTION_INFO_V1(cp_ab_sequence);
PG_FUNCTION_INFO_V1(cp_ab_tau2);
PG_FUNCTION_INFO_V1(cp_ab_sample_size);
PG_FUNCTION_INFO_V1(cp_ab_power);

/* --- state -------------------------------------------------------------- */

/* Bytes of a variant's name at most. */
#define NAME_LENGTH 60

/* A variant. Of booleans the moments are counts: n, and mean_y the number of true ones. */
typedef struct Arm
{
	CpMoments moments;
	int32 length;
	char name[NAME_LENGTH];
} Arm;

typedef enum Outcome
{
	OUTCOME_BOOLEAN,
	OUTCOME_NUMBER,
	OUTCOME_COVARIATE
} Outcome;

/* Behind it the options, a jsonb, and then the arms. */
typedef struct TrialState
{
	int32 length; /* of a varlena */
	uint32 outcome;
	uint32 narms;
	uint32 capacity;
	uint32 last; /* arm of the row before: rows often come in runs */
	uint32 options_length;
	double origin_y; /* the first row's numbers: what is far from 0 would lose digits */
	double origin_x;
} TrialState;

static char *
options_of(TrialState *state)
{
	return (char *) state + MAXALIGN(sizeof(TrialState));
}

static Arm *
arms_of(TrialState *state)
{
	return (Arm *) (options_of(state) + MAXALIGN(state->options_length));
}

static Size
state_size(Size options_length, Size capacity)
{
	return MAXALIGN(sizeof(TrialState)) + MAXALIGN(options_length) + capacity * sizeof(Arm);
}

static TrialState *
make_state(Outcome outcome, const char *options, uint32 options_length, uint32 capacity)
{
	Size size = state_size(options_length, capacity);
	TrialState *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->outcome = outcome;
	state->capacity = capacity;
	state->options_length = options_length;
	memcpy(options_of(state), options, options_length);
	return state;
}

static TrialState *
checked_state(bytea *bytes)
{
	TrialState *state = (TrialState *) bytes;

	if (VARSIZE(bytes) < MAXALIGN(sizeof(TrialState)) || state->outcome > OUTCOME_COVARIATE ||
	    state->capacity > CP_TRIAL_ARMS || state->narms > state->capacity ||
	    (state->narms > 0 && state->last >= state->narms) ||
	    state->options_length > VARSIZE(bytes) ||
	    VARSIZE(bytes) != state_size(state->options_length, state->capacity))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the state of cp_ab_significance must be one that it made")));
	return state;
}

static TrialState *
grow(TrialState *state)
{
	TrialState *larger = make_state(state->outcome, options_of(state), state->options_length,
	                                Min(2 * state->capacity, CP_TRIAL_ARMS));

	larger->narms = state->narms;
	memcpy(arms_of(larger), arms_of(state), state->narms * sizeof(Arm));
	return larger;
}

/* Make an arm of that name the last one. */
static TrialState *
add_arm(TrialState *state, const char *name, int32 length)
{
	Arm *arm;

	if (length > NAME_LENGTH)
		ereport(ERROR,
		        (errcode(ERRCODE_NAME_TOO_LONG),
		         errmsg("the name of a variant must have at most %d bytes", NAME_LENGTH),
		         errdetail("\"%.*s...\" has %d.", pg_mbcliplen(name, length, 40), name, length)));
	if (state->narms == CP_TRIAL_ARMS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("there are more than %d variants", CP_TRIAL_ARMS),
		                errhint("Is the first argument the variant?")));
	if (state->narms == state->capacity)
		state = grow(state);
	state->last = state->narms++;
	arm = &arms_of(state)[state->last];
	arm->length = length;
	memcpy(arm->name, name, length);
	return state;
}

static inline bool
is_arm(const Arm *arm, const char *name, int32 length)
{
	return arm->length == length && memcmp(arm->name, name, length) == 0;
}

/* The state, in which the arm of that name is the last one. */
static TrialState *
find_arm(TrialState *state, const char *name, int32 length)
{
	Arm *arms = arms_of(state);

	if (likely(state->narms > 0 && is_arm(&arms[state->last], name, length)))
		return state;
	for (uint32 k = 0; k < state->narms; k++)
		if (is_arm(&arms[k], name, length))
		{
			state->last = k;
			return state;
		}
	return add_arm(state, name, length);
}

/* --- rows --------------------------------------------------------------- */

static void
check_options(TrialState *state, const Jsonb *options)
{
	uint32 length = options == NULL ? 0 : VARSIZE(options);

	if (state->options_length != length || memcmp(options_of(state), options, length) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("options must be the same in all rows"),
		                errhint("For several tests in one query, group by them.")));
}

/* The state with the row's arm the last one; arguments: state, variant, outcome ..., options. */
static TrialState *
state_of(FunctionCallInfo fcinfo, Outcome outcome, int options_argument)
{
	Jsonb *options = PG_NARGS() <= options_argument || PG_ARGISNULL(options_argument)
	                     ? NULL
	                     : PG_GETARG_JSONB_P(options_argument);
	text *variant = PG_GETARG_TEXT_PP(1);
	TrialState *state;

	if (PG_ARGISNULL(0))
		state = make_state(outcome, (char *) options, options == NULL ? 0 : VARSIZE(options), 4);
	else
	{
		state = checked_state(PG_GETARG_BYTEA_P(0));
		check_options(state, options);
	}
	return find_arm(state, VARDATA_ANY(variant), VARSIZE_ANY_EXHDR(variant));
}

/* Rows without variant or outcome are not part of the test. */
static Datum
pass(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

static void
require_finite(double number, const char *what)
{
	if (unlikely(!isfinite(number)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be finite", what),
		                errdetail("It is %s.", cp_shortest(number))));
}

Datum
cp_ab_transition_boolean(PG_FUNCTION_ARGS)
{
	TrialState *state;
	CpMoments *moments;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return pass(fcinfo);
	state = state_of(fcinfo, OUTCOME_BOOLEAN, 3);
	moments = &arms_of(state)[state->last].moments;
	moments->n += 1;
	moments->mean_y += PG_GETARG_BOOL(2);
	PG_RETURN_POINTER(state);
}

static inline void
add_numbers(TrialState *state, bool first, double y, double x)
{
	if (first)
	{
		state->origin_y = y;
		state->origin_x = x;
	}
	cp_moments_add(&arms_of(state)[state->last].moments, y - state->origin_y, x - state->origin_x);
}

Datum
cp_ab_transition_number(PG_FUNCTION_ARGS)
{
	TrialState *state;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return pass(fcinfo);
	require_finite(PG_GETARG_FLOAT8(2), "an outcome");
	state = state_of(fcinfo, OUTCOME_NUMBER, 3);
	add_numbers(state, PG_ARGISNULL(0), PG_GETARG_FLOAT8(2), 0);
	PG_RETURN_POINTER(state);
}

Datum
cp_ab_transition_covariate(PG_FUNCTION_ARGS)
{
	TrialState *state;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return pass(fcinfo);
	if (PG_ARGISNULL(3))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		         errmsg("the covariate of a unit with an outcome must not be NULL"),
		         errhint("Units without a past may all have the same value: coalesce(past, 0).")));
	require_finite(PG_GETARG_FLOAT8(2), "an outcome");
	require_finite(PG_GETARG_FLOAT8(3), "a covariate");
	state = state_of(fcinfo, OUTCOME_COVARIATE, 4);
	add_numbers(state, PG_ARGISNULL(0), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3));
	PG_RETURN_POINTER(state);
}

/* Merge into the last arm the arm of another state. */
static void
merge_arm(TrialState *state, const TrialState *other, const Arm *arm)
{
	CpMoments *moments = &arms_of(state)[state->last].moments;
	CpMoments shifted = arm->moments;

	if (state->outcome != OUTCOME_BOOLEAN)
	{
		shifted.mean_y += other->origin_y - state->origin_y;
		shifted.mean_x += other->origin_x - state->origin_x;
		cp_moments_merge(moments, &shifted);
		return;
	}
	moments->n += shifted.n;
	moments->mean_y += shifted.mean_y;
}

Datum
cp_ab_combine(PG_FUNCTION_ARGS)
{
	TrialState *state;
	TrialState *other;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	state = checked_state(PG_GETARG_BYTEA_P(0));
	other = checked_state(PG_GETARG_BYTEA_P(1));
	if (state->outcome != other->outcome)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("states of different outcomes cannot be combined")));
	check_options(state, other->options_length == 0 ? NULL : (Jsonb *) options_of(other));
	for (uint32 k = 0; k < other->narms; k++)
	{
		const Arm *arm = &arms_of(other)[k];

		state = find_arm(state, arm->name, arm->length);
		merge_arm(state, other, arm);
	}
	PG_RETURN_POINTER(state);
}

/* --- the result --------------------------------------------------------- */

/* An allocation by name: {"A": 1, "B": 1}. */
typedef struct Options
{
	CpTrialOptions trial;
	JsonbContainer *allocation;
} Options;

static void
read_allocation(const CpOptionRule *rule, const JsonbValue *value, void *target)
{
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" must be an object", rule->name),
		                errhint("For example: '{\"allocation\": {\"A\": 0.5, \"B\": 0.5}}'.")));
	*(JsonbContainer **) target = value->val.binary.data;
}

static const CpOptionRule option_rules[] = {
	CP_TRIAL_RULES(Options, trial),
	{"allocation", CP_OPTION_CUSTOM, offsetof(Options, allocation), .read = read_allocation},
	{NULL}};

static int
compare_arms(const void *a, const void *b)
{
	const Arm *one = a;
	const Arm *two = b;
	int order = memcmp(one->name, two->name, Min(one->length, two->length));

	return order != 0 ? order : one->length - two->length;
}

static double
share_of(const JsonbValue *value, const char *name)
{
	double share = value->type == jbvNumeric
	                   ? cp_decimal_to_double(NumericGetDatum(value->val.numeric))
	                   : (double) NAN;

	if (!(share > 0 && share <= DBL_MAX))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the share of variant \"%s\" must be a number above 0", name)));
	return share;
}

/* Variants that are allocated but have no rows are variants as well. */
static TrialState *
add_allocated(TrialState *state, JsonbContainer *allocation)
{
	JsonbIterator *walk = JsonbIteratorInit(allocation);
	JsonbValue value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&walk, &value, true)) != WJB_DONE)
		if (token == WJB_KEY)
			state = find_arm(state, value.val.string.val, value.val.string.len);
	return state;
}

static double *
weights_of(JsonbContainer *allocation, char **names, uint32 narms)
{
	double *weights = palloc(narms * sizeof(double));

	for (uint32 k = 0; k < narms; k++)
	{
		JsonbValue *value =
			getKeyJsonValueFromContainer(allocation, names[k], strlen(names[k]), NULL);

		if (value == NULL)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("variant \"%s\" is not in the allocation", names[k])));
		weights[k] = share_of(value, names[k]);
	}
	return weights;
}

static CpMetricKind
default_kind(const TrialState *state)
{
	return state->outcome == OUTCOME_BOOLEAN ? CP_METRIC_PROPORTION : CP_METRIC_MEAN;
}

static void
check_metric(const TrialState *state, const CpTrialDesign *design)
{
	if (design->kind == CP_METRIC_PROPORTION && state->outcome != OUTCOME_BOOLEAN)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a proportion needs a boolean outcome"),
		                errhint("Compare it with something: outcome > 0.")));
	if (design->kind == CP_METRIC_RATIO && state->outcome != OUTCOME_COVARIATE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a ratio needs a denominator, the third argument")));
	if (design->kind == CP_METRIC_MEAN && state->outcome == OUTCOME_BOOLEAN)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a mean needs a number as outcome")));
}

static CpMoments
moments_of(const TrialState *state, const Arm *arm)
{
	CpMoments moments = arm->moments;

	if (state->outcome == OUTCOME_BOOLEAN && moments.n > 0)
	{
		moments.mean_y /= moments.n;
		moments.yy = moments.n * moments.mean_y * (1 - moments.mean_y);
	}
	moments.mean_y += state->origin_y;
	moments.mean_x += state->origin_x;
	return moments;
}

/* Rows of a report, as an array of the type that the function returns. */
static ArrayType *
result_array(FunctionCallInfo fcinfo, const CpTrialReport *report, const CpTrialDesign *design,
             char **names)
{
	Oid type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	TupleDesc descriptor = lookup_rowtype_tupdesc(type, -1);
	Datum *rows = palloc(design->arms * sizeof(Datum));
	ArrayType *array;

	for (uint32 arm = 0; arm < design->arms; arm++)
		rows[arm] =
			HeapTupleGetDatum(cp_trial_row(report, design, arm, cp_metric_name(design->kind),
		                                   names[arm], (double) NAN, 0, descriptor));
	array = construct_array(rows, (int) design->arms, type, -1, false, TYPALIGN_DOUBLE);
	ReleaseTupleDesc(descriptor);
	return array;
}

Datum
cp_ab_final(PG_FUNCTION_ARGS)
{
	/* A copy: a final function may be called again. */
	TrialState *state = checked_state(PG_GETARG_BYTEA_P_COPY(0));
	CpTrialReport *report = palloc0(sizeof(CpTrialReport));
	Options options = {0};
	CpTrialDesign design;
	CpTrial trial = {.design = &design, .phases = 1};
	char *names[CP_TRIAL_ARMS];
	CpMoments moments[CP_TRIAL_ARMS];
	CpBridge bridge;

	cp_trial_options_default(&options.trial);
	if (state->options_length > 0)
		cp_options_object((Jsonb *) options_of(state), option_rules, "{\"control\": \"A\"}",
		                  &options);
	cp_trial_design(&options.trial, default_kind(state), state->outcome == OUTCOME_COVARIATE,
	                &design);
	check_metric(state, &design);
	if (options.allocation != NULL)
		state = add_allocated(state, options.allocation);
	qsort(arms_of(state), state->narms, sizeof(Arm), compare_arms);
	for (uint32 k = 0; k < state->narms; k++)
	{
		names[k] = pnstrdup(arms_of(state)[k].name, arms_of(state)[k].length);
		moments[k] = moments_of(state, &arms_of(state)[k]);
	}
	design.arms = state->narms;
	design.control = cp_trial_control(options.trial.control, names, state->narms);
	trial.moments = moments;
	if (options.allocation != NULL)
		trial.weights = weights_of(options.allocation, names, state->narms);
	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	cp_bridge_check(&bridge, cp_trial_report(&bridge.context, &trial, NULL, 0, report), NULL);
	PG_RETURN_ARRAYTYPE_P(result_array(fcinfo, report, &design, names));
}

/* --- counts and moments ------------------------------------------------- */

/* A row of numbers of the type that the function returns. */
static Datum
numbers_row(FunctionCallInfo fcinfo, const double *numbers, int count)
{
	Datum *values = palloc(count * sizeof(Datum));
	bool *nulls = palloc(count * sizeof(bool));

	for (int k = 0; k < count; k++)
		values[k] = cp_number_or_null(numbers[k], &nulls[k]);
	return HeapTupleGetDatum(heap_form_tuple(cp_returned_type(fcinfo), values, nulls));
}

static Datum
number_result(FunctionCallInfo fcinfo, double number)
{
	if (isnan(number))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(number);
}

static double
argument_within(FunctionCallInfo fcinfo, int argument, const char *name, double least, double most)
{
	double number;

	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"%s\" must not be NULL", name)));
	number = PG_GETARG_FLOAT8(argument);
	if (!(number >= least && number <= most))
		cp_report_range(name, number,
		                most == DBL_MAX
		                    ? psprintf("%s or more", cp_shortest(least))
		                    : psprintf("between %s and %s", cp_shortest(least), cp_shortest(most)));
	return number;
}

static double
alpha_argument(FunctionCallInfo fcinfo, int argument)
{
	return argument_within(fcinfo, argument, "alpha", 1e-12, 0.5);
}

static CpCount
count_of(int64 successes, int64 n)
{
	if (n < 0 || successes < 0 || successes > n)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("successes must be between 0 and the number of units"),
		         errdetail("There are " INT64_FORMAT " of " INT64_FORMAT ".", successes, n)));
	return (CpCount){(double) successes, (double) n};
}

/* Which of two is best, as Bayes would have it; NaN where an arm says nothing. */
static void
better_of(const CpPosterior *arms, double *best, double *loss)
{
	CpBridge bridge;

	best[0] = best[1] = loss[0] = loss[1] = (double) NAN;
	if (!isfinite(arms[0].a + arms[0].b + arms[1].a + arms[1].b))
		return;
	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	cp_bridge_check(&bridge, cp_posterior_best(&bridge.context, arms, 2, best, loss), NULL);
}

static CpPosterior
beta_of(const CpCount *count)
{
	return (CpPosterior){CP_POSTERIOR_BETA, 1 + count->successes, 1 + count->n - count->successes};
}

Datum
cp_ab_proportions(PG_FUNCTION_ARGS)
{
	CpCount a = count_of(PG_GETARG_INT64(0), PG_GETARG_INT64(1));
	CpCount b = count_of(PG_GETARG_INT64(2), PG_GETARG_INT64(3));
	CpRateComparison test = cp_compare_rates(&a, &b, alpha_argument(fcinfo, 4));
	CpPosterior laws[2] = {beta_of(&a), beta_of(&b)};
	double best[2];
	double loss[2];

	better_of(laws, best, loss);
	{
		const double numbers[] = {test.rate_a,
		                          test.rate_b,
		                          test.difference,
		                          test.z_pooled,
		                          test.p_pooled,
		                          test.se_unpooled,
		                          test.z_unpooled,
		                          test.p_unpooled,
		                          test.p_fisher,
		                          test.wald.lower,
		                          test.wald.upper,
		                          test.newcombe.lower,
		                          test.newcombe.upper,
		                          test.agresti_caffo.lower,
		                          test.agresti_caffo.upper,
		                          test.wilson[0].lower,
		                          test.wilson[0].upper,
		                          test.wilson[1].lower,
		                          test.wilson[1].upper,
		                          test.clopper_pearson[0].lower,
		                          test.clopper_pearson[0].upper,
		                          test.clopper_pearson[1].lower,
		                          test.clopper_pearson[1].upper,
		                          test.lift,
		                          test.lift_se,
		                          test.lift_interval.lower,
		                          test.lift_interval.upper,
		                          test.lift_interval_log.lower,
		                          test.lift_interval_log.upper,
		                          best[1],
		                          loss[0],
		                          loss[1]};

		return numbers_row(fcinfo, numbers, lengthof(numbers));
	}
}

/* Arguments n, mean, sd from one on. */
static CpEstimate
estimate_of(FunctionCallInfo fcinfo, int first)
{
	int64 n = PG_GETARG_INT64(first);
	double mean = PG_GETARG_FLOAT8(first + 1);
	double sd = argument_within(fcinfo, first + 2, first == 0 ? "sd_a" : "sd_b", 0, DBL_MAX);

	if (n < 0)
		cp_report_range(first == 0 ? "n_a" : "n_b", (double) n, "0 or more");
	require_finite(mean, "a mean");
	return (CpEstimate){(double) n, mean, n < 2 ? (double) NAN : sd,
	                    n < 2 ? (double) NAN : sd * sd / (double) n};
}

static CpPosterior
normal_of(const CpEstimate *estimate)
{
	return (CpPosterior){CP_POSTERIOR_NORMAL, estimate->mean, sqrt(estimate->variance)};
}

Datum
cp_ab_means(PG_FUNCTION_ARGS)
{
	CpEstimate a = estimate_of(fcinfo, 0);
	CpEstimate b = estimate_of(fcinfo, 3);
	CpMeanComparison test = cp_compare_means(&a, &b, alpha_argument(fcinfo, 6));
	CpPooledComparison pooled = cp_compare_pooled(&a, &b);
	CpPosterior laws[2] = {normal_of(&a), normal_of(&b)};
	double best[2];
	double loss[2];

	better_of(laws, best, loss);
	{
		const double numbers[] = {test.difference,
		                          test.se,
		                          test.statistic,
		                          test.df,
		                          test.p,
		                          test.p_normal,
		                          test.interval.lower,
		                          test.interval.upper,
		                          pooled.t,
		                          pooled.df,
		                          pooled.p,
		                          pooled.cohens_d,
		                          test.lift,
		                          test.lift_se,
		                          test.lift_interval.lower,
		                          test.lift_interval.upper,
		                          best[1],
		                          loss[0],
		                          loss[1]};

		return numbers_row(fcinfo, numbers, lengthof(numbers));
	}
}

/* --- arrays ------------------------------------------------------------- */

/* Elements of a one-dimensional array without NULLs, at least some. */
static Datum *
elements_of(FunctionCallInfo fcinfo, int argument, const char *name, Oid type, int least, int *n)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);
	Datum *elements;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"%s\" must have one dimension and no NULL", name)));
	deconstruct_array(array, type, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, NULL,
	                  n);
	if (*n < least || *n > CP_TRIAL_ARMS)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("argument \"%s\" must have %d to %d elements", name, least, CP_TRIAL_ARMS),
		         errdetail("It has %d.", *n)));
	return elements;
}

static void
require_same_length(int one, int other, const char *names)
{
	if (one != other)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("%s must be of the same length", names),
		                errdetail("They have %d and %d elements.", one, other)));
}

static Datum
chi_square_row(FunctionCallInfo fcinfo, const CpChi2 *test, const double *sequential)
{
	Datum values[4];
	bool nulls[4] = {false};

	values[0] = cp_number_or_null(test->statistic, &nulls[0]);
	values[1] = Int32GetDatum((int32) test->df);
	nulls[1] = isnan(test->df);
	values[2] = cp_number_or_null(test->p, &nulls[2]);
	if (sequential != NULL)
		values[3] = cp_number_or_null(*sequential, &nulls[3]);
	return HeapTupleGetDatum(heap_form_tuple(cp_returned_type(fcinfo), values, nulls));
}

Datum
cp_ab_chi_square(PG_FUNCTION_ARGS)
{
	int k;
	int other;
	Datum *successes = elements_of(fcinfo, 0, "successes", INT8OID, 2, &k);
	Datum *n = elements_of(fcinfo, 1, "n", INT8OID, 2, &other);
	CpCount counts[CP_TRIAL_ARMS];
	CpChi2 test;

	require_same_length(k, other, "\"successes\" and \"n\"");
	for (int arm = 0; arm < k; arm++)
		counts[arm] = count_of(DatumGetInt64(successes[arm]), DatumGetInt64(n[arm]));
	test = cp_chi2_rates(counts, k);
	return chi_square_row(fcinfo, &test, NULL);
}

/* Shares, even ones when the argument is NULL. */
static void
shares_argument(FunctionCallInfo fcinfo, int argument, int k, double *shares)
{
	Datum *given = NULL;
	int n = k;

	if (!PG_ARGISNULL(argument))
		given = elements_of(fcinfo, argument, "allocation", FLOAT8OID, 2, &n);
	require_same_length(k, n, "\"observed\" and \"allocation\"");
	for (int arm = 0; arm < k; arm++)
	{
		shares[arm] = given == NULL ? 1 : DatumGetFloat8(given[arm]);
		if (!(shares[arm] > 0 && shares[arm] <= DBL_MAX))
			cp_report_range("allocation", shares[arm], "above 0");
	}
}

Datum
cp_ab_srm(PG_FUNCTION_ARGS)
{
	int k;
	Datum *given;
	double observed[CP_TRIAL_ARMS];
	double shares[CP_TRIAL_ARMS];
	double sequential;
	CpChi2 test;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	given = elements_of(fcinfo, 0, "observed", INT8OID, 2, &k);
	shares_argument(fcinfo, 1, k, shares);
	for (int arm = 0; arm < k; arm++)
	{
		observed[arm] = (double) DatumGetInt64(given[arm]);
		if (observed[arm] < 0)
			cp_report_range("observed", observed[arm], "0 or more");
	}
	test = cp_chi2_ratio(observed, shares, k);
	sequential = cp_sequence_p(cp_sequence_log_ratio(observed, shares, k, CP_RATIO_STRENGTH));
	return chi_square_row(fcinfo, &test, &sequential);
}

static CpAdjustment
correction_argument(FunctionCallInfo fcinfo, int argument)
{
	char *name = cp_required_text(fcinfo, argument, "correction");
	CpAdjustment adjustment = cp_adjustment_of(name);

	if (adjustment == CP_ADJUSTMENTS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("unknown correction \"%s\"", name),
		                errhint("Corrections are none, bonferroni, holm, hochberg, bh and by.")));
	return adjustment;
}

/* NULL stays NULL and does not count. */
Datum
cp_ab_adjust(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	CpAdjustment adjustment = correction_argument(fcinfo, 1);
	int lower = 1;
	int n;
	Datum *elements;
	bool *nulls;
	double *p;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"p_values\" must have one dimension")));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements,
	                  &nulls, &n);
	p = palloc((Size) n * sizeof(double));
	for (int k = 0; k < n; k++)
	{
		p[k] = nulls[k] ? (double) NAN : DatumGetFloat8(elements[k]);
		if (!nulls[k] && !(p[k] >= 0 && p[k] <= 1))
			cp_report_range("p_values", p[k], "between 0 and 1");
	}
	cp_adjust(adjustment, p, n);
	for (int k = 0; k < n; k++)
		elements[k] = Float8GetDatum(p[k]);
	PG_RETURN_ARRAYTYPE_P(n == 0 ? construct_empty_array(FLOAT8OID)
	                             : construct_md_array(elements, nulls, 1, &n, &lower, FLOAT8OID,
	                                                  sizeof(float8), FLOAT8PASSBYVAL,
	                                                  TYPALIGN_DOUBLE));
}

/* --- sequences, sizes, power -------------------------------------------- */

Datum
cp_ab_sequence(PG_FUNCTION_ARGS)
{
	double difference = PG_GETARG_FLOAT8(0);
	double variance = argument_within(fcinfo, 1, "variance", 0, DBL_MAX);
	double tau2 = argument_within(fcinfo, 2, "tau2", DBL_MIN, DBL_MAX);
	double alpha = alpha_argument(fcinfo, 3);
	double mixture;
	CpInterval interval;

	require_finite(difference, "a difference");
	mixture = cp_sequence_log_mixture(difference, variance, tau2);
	interval = cp_sequence_interval(difference, variance, tau2, alpha);
	{
		const double numbers[] = {mixture, cp_sequence_p(mixture), interval.lower, interval.upper};

		return numbers_row(fcinfo, numbers, lengthof(numbers));
	}
}

Datum
cp_ab_tau2(PG_FUNCTION_ARGS)
{
	double horizon = argument_within(fcinfo, 0, "horizon", 2, DBL_MAX);
	double variance = argument_within(fcinfo, 1, "unit_variance", 0, DBL_MAX);

	return number_result(fcinfo, cp_sequence_tau2(horizon, variance, alpha_argument(fcinfo, 2)));
}

static CpProportionSize
proportion_method(FunctionCallInfo fcinfo, int argument)
{
	static const char *const names[] = {"pooled", "unpooled", "arcsine"};
	char *name = cp_optional_text(fcinfo, argument);

	for (int method = 0; name != NULL && method < (int) lengthof(names); method++)
		if (strcmp(name, names[method]) == 0)
			return method;
	if (name != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown method \"%s\"", name),
		         errhint("Methods of proportions are pooled, unpooled and arcsine.")));
	return CP_SIZE_POOLED;
}

static bool
by_t(FunctionCallInfo fcinfo, int argument)
{
	char *name = cp_optional_text(fcinfo, argument);

	if (name != NULL && strcmp(name, "t") != 0 && strcmp(name, "normal") != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown method \"%s\"", name),
		         errhint("Methods of means are t and normal.")));
	return name == NULL || strcmp(name, "t") == 0;
}

/* What the treatment's rate would be. */
static double
treated_rate(double baseline, double effect)
{
	if (!(baseline > 0 && baseline < 1 && baseline + effect > 0 && baseline + effect < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("rates must be above 0 and below 1"),
		                errdetail("They are %s and %s.", cp_shortest(baseline),
		                          cp_shortest(baseline + effect)),
		                errhint("Of means, give their standard deviation as \"sd\".")));
	return baseline + effect;
}

static double
effect_argument(FunctionCallInfo fcinfo, int argument)
{
	double effect = argument_within(fcinfo, argument, "effect", -DBL_MAX, DBL_MAX);

	if (effect == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("no number of units is enough to see an effect of 0")));
	return effect;
}

/* cp_ab_sample_size(baseline, effect, sd, alpha, power, ratio, method) */
Datum
cp_ab_sample_size(PG_FUNCTION_ARGS)
{
	double effect = effect_argument(fcinfo, 1);
	double alpha = alpha_argument(fcinfo, 3);
	double power = argument_within(fcinfo, 4, "power", 0.01, 1 - 1e-9);
	double ratio = argument_within(fcinfo, 5, "ratio", 1e-6, 1e6);
	double baseline, sd;

	if (PG_ARGISNULL(2))
	{
		baseline = argument_within(fcinfo, 0, "baseline", 0, 1);
		return number_result(fcinfo,
		                     cp_size_proportions(baseline, treated_rate(baseline, effect), ratio,
		                                         alpha, power, proportion_method(fcinfo, 6)));
	}
	sd = argument_within(fcinfo, 2, "sd", DBL_MIN, DBL_MAX);
	if (by_t(fcinfo, 6))
		return number_result(fcinfo, cp_size_means_t(effect, sd, ratio, alpha, power));
	return number_result(fcinfo, cp_size_means_normal(effect, sd, ratio, alpha, power));
}

/* cp_ab_power(baseline, effect, n_a, n_b, sd, alpha, method) */
Datum
cp_ab_power(PG_FUNCTION_ARGS)
{
	double effect = argument_within(fcinfo, 1, "effect", -DBL_MAX, DBL_MAX);
	double n_a = argument_within(fcinfo, 2, "n_a", 2, DBL_MAX);
	double n_b = PG_ARGISNULL(3) ? n_a : argument_within(fcinfo, 3, "n_b", 2, DBL_MAX);
	double alpha = alpha_argument(fcinfo, 5);
	double baseline, sd;

	if (PG_ARGISNULL(4))
	{
		baseline = argument_within(fcinfo, 0, "baseline", 0, 1);
		return number_result(fcinfo,
		                     cp_power_proportions(baseline, treated_rate(baseline, effect), n_a,
		                                          n_b, alpha, proportion_method(fcinfo, 6)));
	}
	sd = argument_within(fcinfo, 4, "sd", DBL_MIN, DBL_MAX);
	if (by_t(fcinfo, 6))
		return number_result(fcinfo, cp_power_means_t(effect, sd, n_a, n_b, alpha));
	return number_result(fcinfo, cp_power_normal(effect, sd * sqrt(1 / n_a + 1 / n_b), alpha));
}
