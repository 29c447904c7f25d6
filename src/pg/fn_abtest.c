/*
 * fn_abtest.c: A/B tests of counts and moments that are known already.
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

#include "num/names.h"
#include "pg/args.h"
#include "pg/bridge.h"
#include "pg/decimal.h"
#include "pg/json.h"
#include "pg/trial_row.h"
#include "stats/posterior.h"
#include "stats/power.h"
#include "stats/sequential.h"

PG_FUNCTION_INFO_V1(cp_ab_proportions);
PG_FUNCTION_INFO_V1(cp_ab_means);
PG_FUNCTION_INFO_V1(cp_ab_chi_square);
PG_FUNCTION_INFO_V1(cp_ab_srm);
PG_FUNCTION_INFO_V1(cp_ab_adjust);
PG_FUNCTION_INFO_V1(cp_ab_sequence);
PG_FUNCTION_INFO_V1(cp_ab_tau2);
PG_FUNCTION_INFO_V1(cp_ab_sample_size);
PG_FUNCTION_INFO_V1(cp_ab_power);

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

static const char *
range_told(double least, double most)
{
	if (most < DBL_MAX)
		return psprintf("between %s and %s", cp_shortest(least), cp_shortest(most));
	if (least == -DBL_MAX)
		return "finite";
	return least == DBL_MIN ? "above 0 and finite"
	                        : psprintf("%s or more and finite", cp_shortest(least));
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
		cp_report_range(name, number, range_told(least, most));
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

/* Which of two is best, as Bayes would have it; NaN where an arm says nothing, or too much. */
static void
better_of(const CpPosterior *arms, double *best, double *loss)
{
	CpBridge bridge;
	CpStatus status;

	best[0] = best[1] = loss[0] = loss[1] = (double) NAN;
	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	status = cp_posterior_best(&bridge.context, arms, 2, best, loss);
	if (status != CP_BAD_PARAMETER)
		cp_bridge_check(&bridge, status, NULL);
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
	cp_require_finite(mean, "a mean");
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
			cp_report_range("allocation", shares[arm], "above 0 and finite");
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

	cp_require_finite(difference, "a difference");
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
	uint32 method = name == NULL ? CP_SIZE_POOLED : cp_name_position(names, lengthof(names), name);

	if (method == lengthof(names))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown method \"%s\"", name),
		         errhint("Methods of proportions are pooled, unpooled and arcsine.")));
	return (CpProportionSize) method;
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
