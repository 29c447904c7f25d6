/*
 * moments.c: what a sample tells about means, variances and one covariance.
 */
#include "stats/moments.h"

#include <math.h>

/* A sum of squares that is less than this share of what it is a difference of is rounding. */
#define ROUNDING 1e-12

void
cp_moments_merge(CpMoments *moments, const CpMoments *other)
{
	double n = moments->n + other->n;
	double dy = other->mean_y - moments->mean_y;
	double dx = other->mean_x - moments->mean_x;
	double weight;

	if (other->n == 0)
		return;
	if (moments->n == 0)
	{
		*moments = *other;
		return;
	}
	weight = moments->n * (other->n / n);
	moments->yy += other->yy + weight * dy * dy;
	moments->xx += other->xx + weight * dx * dx;
	moments->xy += other->xy + weight * dy * dx;
	moments->mean_y += dy * (other->n / n);
	moments->mean_x += dx * (other->n / n);
	moments->n = n;
}

static CpMoments
merge_all(const CpMoments *arms, int n)
{
	CpMoments all = {0};

	for (int arm = 0; arm < n; arm++)
		cp_moments_merge(&all, &arms[arm]);
	return all;
}

/* Sum of squares of y - slope x about its mean. */
static double
squares_left(const CpMoments *moments, double slope)
{
	double scale = moments->yy + slope * slope * moments->xx;
	double left = scale - 2 * slope * moments->xy;

	return left < ROUNDING * scale ? 0 : left;
}

static double
sample_sd(double squares, double n)
{
	return sqrt(squares / (n - 1));
}

static CpEstimate
estimate(double n, double mean, double sd)
{
	CpEstimate estimate = {n, n > 0 ? mean : (double) NAN, (double) NAN, (double) NAN};

	if (n >= 2)
	{
		estimate.sd = sd;
		estimate.variance = sd * sd / n;
	}
	return estimate;
}

CpEstimate
cp_estimate_mean(const CpMoments *moments)
{
	return estimate(moments->n, moments->mean_y, sample_sd(moments->yy, moments->n));
}

CpEstimate
cp_estimate_rate(const CpMoments *moments)
{
	double rate = moments->mean_y;

	return estimate(moments->n, rate, sqrt(rate * (1 - rate)));
}

CpEstimate
cp_estimate_ratio(const CpMoments *moments)
{
	double ratio = moments->mean_x == 0 ? (double) NAN : moments->mean_y / moments->mean_x;
	double sd = sample_sd(squares_left(moments, ratio), moments->n) / fabs(moments->mean_x);

	return estimate(moments->n, ratio, sd);
}

double
cp_cuped_theta(const CpMoments *arms, int n, int within)
{
	CpMoments all = merge_all(arms, n);

	if (within)
	{
		all.xx = all.xy = 0;
		for (int arm = 0; arm < n; arm++)
		{
			all.xx += arms[arm].xx;
			all.xy += arms[arm].xy;
		}
	}
	return all.xx > 0 ? all.xy / all.xx : 0;
}

double
cp_cuped_centre(const CpMoments *arms, int n)
{
	return merge_all(arms, n).mean_x;
}

CpEstimate
cp_estimate_adjusted(const CpMoments *moments, double theta, double centre)
{
	return estimate(moments->n, moments->mean_y - theta * (moments->mean_x - centre),
	                sample_sd(squares_left(moments, theta), moments->n));
}

double
cp_cuped_reduction(const CpMoments *arms, int n, double theta)
{
	CpMoments all = merge_all(arms, n);

	return all.yy > 0 ? 1 - squares_left(&all, theta) / all.yy : (double) NAN;
}
