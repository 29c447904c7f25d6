/*
 * power.c: sizes and power of two-sided tests of two arms.
 */
#include "stats/power.h"

#include <math.h>
#include <stdbool.h>

#include "num/special.h"
#include "stats/distributions.h"

static bool
is_positive(double x)
{
	return x > 0 && x <= 1e300;
}

static bool
is_rate(double p)
{
	return p > 0 && p < 1;
}

static double
variance(double rate)
{
	return rate * (1 - rate);
}

/* The z beyond which a two-sided test rejects. */
static double
critical_z(double alpha)
{
	return -cp_normal_quantile(alpha / 2);
}

/* Cohen's h: a difference whose standard error does not depend on the rates. */
static double
arcsine_difference(double rate_a, double rate_b)
{
	return 2 * (asin(sqrt(rate_b)) - asin(sqrt(rate_a)));
}

static bool
can_be_sized(double difference, double ratio, double alpha, double power)
{
	return difference != 0 && fabs(difference) <= 1e300 && is_positive(ratio) && is_rate(alpha) &&
	       power > alpha && power < 1;
}

static double
pooled_variance(double rate_a, double rate_b, double n_a, double n_b)
{
	return variance((n_a * rate_a + n_b * rate_b) / (n_a + n_b)) * (1 / n_a + 1 / n_b);
}

/*
 * The difference in standard errors to which cp_power_normal gives that power: with one tail alone
 * it would be a bit more.
 */
static double
detectable_units(double alpha, double power)
{
	double low = 0, high = critical_z(alpha) + cp_normal_quantile(power);

	while (high - low > 1e-15 * high)
	{
		double middle = low + (high - low) / 2;

		if (cp_power_normal(middle, 1, alpha) < power)
			low = middle;
		else
			high = middle;
	}
	return high;
}

double
cp_size_proportions(double rate_a, double rate_b, double ratio, double alpha, double power,
                    CpProportionSize method)
{
	double difference = rate_b - rate_a, z, z_power, own, units;

	if (!is_rate(rate_a) || !is_rate(rate_b) || !can_be_sized(difference, ratio, alpha, power))
		return NAN;
	z = critical_z(alpha);
	z_power = cp_normal_quantile(power);
	own = variance(rate_a) + variance(rate_b) / ratio;
	if (method == CP_SIZE_ARCSINE)
		units = detectable_units(alpha, power) * sqrt(1 + 1 / ratio) /
		        fabs(arcsine_difference(rate_a, rate_b));
	else if (method == CP_SIZE_UNPOOLED)
		units = (z + z_power) * sqrt(own) / fabs(difference);
	else
		units = (z * sqrt(pooled_variance(rate_a, rate_b, 1, ratio)) + z_power * sqrt(own)) /
		        fabs(difference);
	return units > 0 ? units * units : NAN;
}

double
cp_size_means_normal(double difference, double sd, double ratio, double alpha, double power)
{
	double units;

	if (!is_positive(sd) || !can_be_sized(difference, ratio, alpha, power))
		return NAN;
	units = (critical_z(alpha) + cp_normal_quantile(power)) * (sd / difference);
	return units * units * (1 + 1 / ratio);
}

/* By bisection: the power rises with the size. */
double
cp_size_means_t(double difference, double sd, double ratio, double alpha, double power)
{
	double low = 3 / (1 + ratio); /* one degree of freedom */
	double high = low + cp_size_means_normal(difference, sd, ratio, alpha, power);

	if (!(high <= 1e300))
		return NAN;
	if (cp_power_means_t(difference, sd, low, ratio * low, alpha) >= power)
		return low;
	while (cp_power_means_t(difference, sd, high, ratio * high, alpha) < power)
		high *= 2;
	while (high - low > 1e-14 * high)
	{
		double middle = low + (high - low) / 2;

		if (cp_power_means_t(difference, sd, middle, ratio * middle, alpha) < power)
			low = middle;
		else
			high = middle;
	}
	return high;
}

double
cp_power_proportions(double rate_a, double rate_b, double n_a, double n_b, double alpha,
                     CpProportionSize method)
{
	double own, pooled;

	if (!is_rate(rate_a) || !is_rate(rate_b) || !is_positive(n_a) || !is_positive(n_b) ||
	    !is_rate(alpha))
		return NAN;
	if (method == CP_SIZE_ARCSINE)
		return cp_power_normal(arcsine_difference(rate_a, rate_b), sqrt(1 / n_a + 1 / n_b), alpha);
	own = sqrt(variance(rate_a) / n_a + variance(rate_b) / n_b);
	if (method == CP_SIZE_UNPOOLED)
		return cp_power_normal(rate_b - rate_a, own, alpha);
	pooled = sqrt(pooled_variance(rate_a, rate_b, n_a, n_b));
	return cp_normal_cdf((fabs(rate_b - rate_a) - critical_z(alpha) * pooled) / own);
}

double
cp_power_means_t(double difference, double sd, double n_a, double n_b, double alpha)
{
	double df = n_a + n_b - 2, critical, noncentrality;

	if (!is_positive(sd) || !is_positive(n_a) || !is_positive(n_b) || !(df > 0) ||
	    !is_rate(alpha) || !(fabs(difference) <= 1e300))
		return NAN;
	critical = -cp_t_quantile(alpha / 2, df);
	noncentrality = difference / sd / sqrt(1 / n_a + 1 / n_b);
	return cp_noncentral_t_upper(critical, df, noncentrality) +
	       cp_noncentral_t_upper(critical, df, -noncentrality);
}

double
cp_power_normal(double difference, double se, double alpha)
{
	double z = critical_z(alpha), units = fabs(difference) / se;

	if (!is_positive(se) || !is_rate(alpha))
		return NAN;
	return cp_normal_cdf(units - z) + cp_normal_cdf(-units - z);
}

double
cp_detectable_difference(double se, double alpha, double power)
{
	if (!is_positive(se) || !can_be_sized(1, 1, alpha, power))
		return NAN;
	return se * detectable_units(alpha, power);
}
