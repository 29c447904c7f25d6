/*
 * moments.h: what a sample tells about means, variances and one covariance, in one pass.
 *
 * Updated as Welford (1962) and merged as Chan, Golub and LeVeque (1979), so large means cost no
 * digits. x is a covariate, the denominator of a ratio, or always 0.
 */
#ifndef CP_MOMENTS_H
#define CP_MOMENTS_H

typedef struct CpMoments
{
	double n;
	double mean_y;
	double mean_x;
	double yy; /* sums of squares and products about the means */
	double xx;
	double xy;
} CpMoments;

static inline void
cp_moments_add(CpMoments *moments, double y, double x)
{
	double dy = y - moments->mean_y;
	double dx = x - moments->mean_x;
	double rest;

	moments->n += 1;
	rest = 1 - 1 / moments->n;
	moments->mean_y += dy / moments->n;
	moments->mean_x += dx / moments->n;
	moments->yy += rest * dy * dy;
	moments->xx += rest * dx * dx;
	moments->xy += rest * dy * dx;
}

extern void cp_moments_merge(CpMoments *moments, const CpMoments *other);

/* A mean, or a ratio of means, and how well it is known. */
typedef struct CpEstimate
{
	double n;
	double mean;
	double sd;       /* of one unit, n - 1; of a ratio, of what a unit adds to it */
	double variance; /* of the mean: sd^2 / n; NaN when n < 2 */
} CpEstimate;

extern CpEstimate cp_estimate_mean(const CpMoments *moments);

/* Of 0 and 1: the variance is p (1 - p) / n. */
extern CpEstimate cp_estimate_rate(const CpMoments *moments);

/* mean of y / mean of x by the delta method (Deng, Knoblich and Lu 2018); NaN when mean_x is 0. */
extern CpEstimate cp_estimate_ratio(const CpMoments *moments);

/*
 * CUPED (Deng, Xu, Kohavi and Walker 2013): the mean of y - theta (x - centre), where centre is the
 * mean of x over all arms. theta is the slope of y on x, over all units of all arms or within arms;
 * 0 when x does not vary.
 */
extern double cp_cuped_theta(const CpMoments *arms, int n, int within);
extern double cp_cuped_centre(const CpMoments *arms, int n);
extern CpEstimate cp_estimate_adjusted(const CpMoments *moments, double theta, double centre);

/*
 * Share of the variance of y over all units that the adjustment takes away: 0 to 1, but may be
 * below 0 with a theta within arms. NaN when y does not vary.
 */
extern double cp_cuped_reduction(const CpMoments *arms, int n, double theta);

#endif
