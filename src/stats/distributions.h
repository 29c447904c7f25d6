/*
 * distributions.h: distribution functions and quantiles.
 *
 * Tails have functions of their own, since 1 minus a number near 1 has no digits left: p-values are
 * right to 1e-10 of themselves down to 1e-300, for parameters from 0.05 to 1e8. Farther out
 * digits are lost slowly, as the rounding of x to a double demands. Arguments out of range give
 * NaN, and so do parameters beyond about 1e15, whose series would have a million terms.
 */
#ifndef CP_DISTRIBUTIONS_H
#define CP_DISTRIBUTIONS_H

/*
 * Logarithm of the gamma function, x > 0; of the beta function, a, b > 0, exact also where a or b
 * is huge. Right to 1e-14 of the larger of 1 and the value.
 */
extern double cp_log_gamma(double x);
extern double cp_log_beta(double a, double b);

/* What Stirling's (x - 1/2) log x - x + log sqrt(2 pi) leaves of log gamma(x), x > 0. */
extern double cp_stirling_rest(double x);

/*
 * Loader's deviance (2000): mean log(mean / value) + value - mean, never negative, where the
 * excess value - mean is known better than the difference of the two.
 */
extern double cp_deviance(double mean, double value, double excess);

/* The regularised incomplete beta function: P(X <= x) and P(X > x) of a beta law; a, b > 0. */
extern double cp_beta_cdf(double x, double a, double b);
extern double cp_beta_upper(double x, double a, double b);
extern double cp_beta_density(double x, double a, double b);

/*
 * All at once at x = 1 - y, both given so that neither loses its digits near 0. mass is the
 * density of log(x / y): x y times that of x.
 */
typedef struct CpBetaPoint
{
	double lower;
	double upper;
	double mass;
} CpBetaPoint;

extern CpBetaPoint cp_beta_at(double x, double y, double a, double b);

/* The x of P(X <= x) = p. */
extern double cp_beta_quantile(double p, double a, double b);

/* P(X > x) of a chi-square law of df degrees of freedom, df > 0. */
extern double cp_chi2_upper(double x, double df);

/* P(|Z| >= |z|) of a standard normal law. */
extern double cp_normal_two_sided(double z);

/* Student's t law, df > 0, infinite too: P(|T| >= |t|), |t| up to 1e150; the t of P(T <= t) = p. */
extern double cp_t_two_sided(double t, double df);
extern double cp_t_quantile(double p, double df);

/*
 * P(T > t) of the noncentral t law, for the power of t-tests. Right to 1e-12 of itself while
 * |noncentrality| is at most 1000, to 1e-5 absolutely beyond.
 */
extern double cp_noncentral_t_upper(double t, double df, double noncentrality);

#endif
