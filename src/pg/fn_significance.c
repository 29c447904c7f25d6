/*
 * fn_significance.c: the aggregate cp_ab_significance: what any table of outcomes says of an A/B test.
 *
 * The state is one block of bytes: what was asked for, and for each variant its name and moments.
 * It knows no order, so what it says of a sequence is as of one look.
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

PG_FUNCTION_INFO_V1(cp_ab_transition_boolean);
PG_FUNCTION_INFO_V1(cp_ab_transition_number);
PG_FUNCTION_INFO_V1(cp_ab_transition_covariate);
PG_FUNCTION_INFO_V1(cp_ab_combine);
PG_FUNCTION_INFO_V1(cp_ab_final);

/* --- state -------------------------------------------------------------- */

/* Rows of a variant at most: counts are exact to there. */
#define MOST_UNITS 9e15

/* A variant. Of booleans the moments are counts: n, and mean_y the number of true ones. */
typedef struct Arm
{
	CpMoments moments;
	int32 length;
	char name[CP_VARIANT_LENGTH];
} Arm;

typedef enum Outcome
{
	OUTCOME_BOOLEAN,
	OUTCOME_NUMBER,
	OUTCOME_COVARIATE
} Outcome;

/* Behind it the options, JSON as text, and then the arms. */
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

static void
report_state(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("the state of cp_ab_significance must be one that it made")));
}

static TrialState *
checked_state(bytea *bytes)
{
	TrialState *state = (TrialState *) bytes;

	if (VARSIZE(bytes) < MAXALIGN(sizeof(TrialState)) || state->outcome > OUTCOME_COVARIATE ||
	    state->capacity == 0 || state->capacity > CP_TRIAL_ARMS || state->narms > state->capacity ||
	    (state->narms > 0 && state->last >= state->narms) ||
	    state->options_length > VARSIZE(bytes) ||
	    VARSIZE(bytes) != state_size(state->options_length, state->capacity))
		report_state();
	return state;
}

/* The state as another node sent it: a copy, because in a tuple it is not aligned. */
static TrialState *
received_state(FunctionCallInfo fcinfo, int argument)
{
	TrialState *state = checked_state(PG_GETARG_BYTEA_P_COPY(argument));

	pg_verifymbstr(options_of(state), (int) state->options_length, false);
	for (uint32 k = 0; k < state->narms; k++)
	{
		const Arm *arm = &arms_of(state)[k];

		if (arm->length < 0 || arm->length > CP_VARIANT_LENGTH ||
		    !(arm->moments.n >= 0 && arm->moments.n <= MOST_UNITS))
			report_state();
		pg_verifymbstr(arm->name, arm->length, false);
	}
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

	if (length > CP_VARIANT_LENGTH)
		ereport(ERROR,
		        (errcode(ERRCODE_NAME_TOO_LONG),
		         errmsg("the name of a variant must have at most %d bytes", CP_VARIANT_LENGTH),
		         errdetail("\"%.*s...\" has %d.", pg_mbcliplen(name, length, 40), name, length)));
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

/* Options as they were given last and as the state has them, kept from row to row. */
typedef struct Asked
{
	Jsonb *options;
	char *text;
	uint32 length;
} Asked;

static Asked *
keep_options(FunctionCallInfo fcinfo, Jsonb *options)
{
	MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	Asked *asked = fcinfo->flinfo->fn_extra;

	if (asked == NULL)
		asked = fcinfo->flinfo->fn_extra = palloc0(sizeof(Asked));
	if (asked->options != NULL)
	{
		pfree(asked->options);
		pfree(asked->text);
	}
	asked->options = palloc(VARSIZE(options));
	memcpy(asked->options, options, VARSIZE(options));
	asked->text = JsonbToCString(NULL, &options->root, (int) VARSIZE(options));
	asked->length = (uint32) strlen(asked->text);
	MemoryContextSwitchTo(before);
	return asked;
}

static Asked
options_asked(FunctionCallInfo fcinfo, int argument)
{
	const Asked *asked = fcinfo->flinfo->fn_extra;
	Jsonb *options;

	if (PG_NARGS() <= argument || PG_ARGISNULL(argument))
		return (Asked){NULL, "", 0};
	options = PG_GETARG_JSONB_P(argument);
	if (asked != NULL && VARSIZE(asked->options) == VARSIZE(options) &&
	    memcmp(asked->options, options, VARSIZE(options)) == 0)
		return *asked;
	return *keep_options(fcinfo, options);
}

static void
check_options(TrialState *state, const char *options, uint32 length)
{
	if (state->options_length != length || memcmp(options_of(state), options, length) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("options must be the same in all rows"),
		                errhint("For several tests in one query, group by them.")));
}

/* The state with the row's arm the last one; arguments: state, variant, outcome ..., options. */
static TrialState *
state_of(FunctionCallInfo fcinfo, Outcome outcome, int options_argument)
{
	Asked asked = options_asked(fcinfo, options_argument);
	text *variant = PG_GETARG_TEXT_PP(1);
	TrialState *state;

	cp_aggregate_memory(fcinfo);
	if (PG_ARGISNULL(0))
		state = make_state(outcome, asked.text, asked.length, 4);
	else
	{
		state = checked_state(PG_GETARG_BYTEA_P(0));
		check_options(state, asked.text, asked.length);
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
	cp_require_finite(PG_GETARG_FLOAT8(2), "an outcome");
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
	cp_require_finite(PG_GETARG_FLOAT8(2), "an outcome");
	cp_require_finite(PG_GETARG_FLOAT8(3), "a covariate");
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

	cp_aggregate_memory(fcinfo);
	if (PG_ARGISNULL(1))
		return pass(fcinfo);
	other = received_state(fcinfo, 1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other);
	state = checked_state(PG_GETARG_BYTEA_P(0));
	if (state->outcome != other->outcome)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("states of different outcomes cannot be combined")));
	check_options(state, options_of(other), other->options_length);
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

static Jsonb *
jsonb_of(TrialState *state)
{
	char *text = pnstrdup(options_of(state), state->options_length);

	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

Datum
cp_ab_final(PG_FUNCTION_ARGS)
{
	TrialState *state;
	CpTrialReport *report = palloc0(sizeof(CpTrialReport));
	Options options = {0};
	CpTrialDesign design;
	CpTrial trial = {.design = &design, .phases = 1};
	char *names[CP_TRIAL_ARMS];
	CpMoments moments[CP_TRIAL_ARMS];
	CpBridge bridge;

	cp_aggregate_memory(fcinfo);
	state = received_state(fcinfo, 0);
	cp_trial_options_default(&options.trial);
	if (state->options_length > 0)
		cp_options_object(jsonb_of(state), option_rules, "{\"control\": \"A\"}", &options);
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
