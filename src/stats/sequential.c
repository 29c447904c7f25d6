/*
 * sequential.c: p-values and intervals that stay valid however often one looks.
 */
#include "stats/sequential.h"

#include <math.h>

#include "num/special.h"
#include "stats/distributions.h"

#define HALF_LN_2PI 0.91893853320467274

double
cp_sequence_tau2(double n, double variance, double alpha)
{
	double evidence = -2 * cp_log(alpha);

	return (evidence + cp_log(1 + evidence)) / n * variance;
}

/* Of an estimate that tells something. */
static int
is_variance(double variance)
{
	return variance > 0 && variance < HUGE_VAL;
}

double
cp_sequence_log_mixture(double difference, double variance, double tau2)
{
	double z = difference / sqrt(variance);

	if (!is_variance(variance))
		return 0;
	return (cp_log(variance) - cp_log(variance + tau2) + z * z * (tau2 / (variance + tau2))) / 2;
}

double
cp_sequence_p(double log_mixture)
{
	return log_mixture > 0 ? cp_exp(-log_mixture) : 1;
}

CpInterval
cp_sequence_interval(double difference, double variance, double tau2, double alpha)
{
	double growth = cp_log(variance + tau2) - cp_log(variance);
	double half = sqrt(variance * (1 + variance / tau2) * (growth - 2 * cp_log(alpha)));

	if (!is_variance(variance))
		return (CpInterval){-HUGE_VAL, HUGE_VAL};
	return (CpInterval){difference - half, difference + half};
}

/* log gamma(x) - x log x + x, which is small where each of the three is huge. */
static double
log_gamma_rest(double x)
{
	return HALF_LN_2PI - cp_log(x) / 2 + cp_stirling_rest(x);
}

/*
 * The ratio of two multivariate beta functions over a product of powers. The main parts of
 * Stirling's formula are put together by hand: what is left of them are deviances.
 */
double
cp_sequence_log_ratio(const double *observed, const double *weights, int k, double strength)
{
	double n = 0, weight = 0, sum;

	for (int arm = 0; arm < k; arm++)
	{
		n += observed[arm];
		weight += weights[arm];
	}
	sum = log_gamma_rest(strength) - log_gamma_rest(strength + n);
	for (int arm = 0; arm < k; arm++)
	{
		double share = weights[arm] / weight;
		double prior = strength * share;
		double posterior = prior + observed[arm];
		double mean = (strength + n) * share;

		sum += cp_deviance(posterior, mean, mean - posterior) + log_gamma_rest(posterior) -
		       log_gamma_rest(prior);
	}
	return sum;
}
