/*
 * distributions.c: incomplete beta and gamma functions and the laws made of them.
 *
 * What stands before a series or a continued fraction decides over the digits: it is taken about
 * the law's mean by Stirling's formula, so that nothing large cancels (Loader 2000, "Fast and
 * accurate computation of binomial probabilities"; DiDonato and Morris 1992, ACM TOMS 708).
 */
#include "stats/distributions.h"

#include <math.h>
#include <stdbool.h>

#include "num/special.h"

#define INV_SQRT_2PI 0.3989422804014327
#define LOG_SQRT_2PI 0.9189385332046728
#define PRECISION 2.3e-16 /* one step of a double at 1 */
#define MAX_TERMS 1000000
#define MAX_LOG_ODDS 700.0
#define MAX_STEPS 200
#define LOG_NOTHING 745.0
#define MAX_NONCENTRALITY 1000.0

static bool
is_positive(double x)
{
	return x > 0 && x <= 1e300;
}

/* log(1 + x), x > -1: what rounding 1 + x changes is put right by the slope (Kahan). */
static double
log_one_plus(double x)
{
	double y = 1 + x;

	return y == 1 ? x : cp_log(y) * (x / (y - 1));
}

/*
 * log gamma(x) less Stirling's (x - 1/2) log x - x + log sqrt(2 pi); x is raised until the series
 * holds.
 */
double
cp_stirling_rest(double x)
{
	static const double c[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
	                           1.0 / 1188, -691.0 / 360360, 1.0 / 156};
	double rest = 0, series = 0, square;

	for (; x < 12; x++)
		rest += (x + 0.5) * log_one_plus(1 / x) - 1;
	square = 1 / (x * x);
	for (int i = (int) (sizeof(c) / sizeof(c[0])) - 1; i >= 0; i--)
		series = series * square + c[i];
	return rest + series / x;
}

double
cp_log_gamma(double x)
{
	if (!is_positive(x))
		return NAN;
	return (x - 0.5) * cp_log(x) - x + LOG_SQRT_2PI + cp_stirling_rest(x);
}

double
cp_log_beta(double a, double b)
{
	double small = a < b ? a : b, large = a < b ? b : a;

	if (!is_positive(small) || !is_positive(large))
		return NAN;
	return LOG_SQRT_2PI + cp_stirling_rest(small) -
	       (cp_stirling_rest(small + large) - cp_stirling_rest(large)) +
	       small * (cp_log(small) - cp_log(large) - log_one_plus(small / large)) -
	       (large - 0.5) * log_one_plus(small / large) - 0.5 * cp_log(small);
}

double
cp_deviance(double mean, double value, double excess)
{
	double u = excess / mean;
	double r = u / (2 + u), square = r * r, power = 1, sum = 0;

	if (fabs(u) > 0.4)
		return excess - mean * (cp_log(value) - cp_log(mean));
	/* u - log(1 + u), where log(1 + u) = 2 atanh r */
	for (int k = 3; power > PRECISION; k += 2, power *= square)
		sum += power / k;
	return mean * r * (u - 2 * square * sum);
}

/* x^a y^b / B(a, b), which is the density of log(x / y) too; excess = (a + b) x - a. */
static double
beta_mass(double x, double y, double a, double b, double excess)
{
	double n = a + b;

	return INV_SQRT_2PI * sqrt(a / n * b) *
	       cp_exp(cp_stirling_rest(n) - cp_stirling_rest(a) - cp_stirling_rest(b) -
	              cp_deviance(a, n * x, excess) - cp_deviance(b, n * y, -excess));
}

/* A continued fraction by Lentz's method (1976): f is its value so far, change what the last step was. */
typedef struct Fraction
{
	double f;
	double c;
	double d;
	double change;
} Fraction;

static inline void
lentz_step(Fraction *fraction, double numerator, double denominator)
{
	fraction->d = 1 / (denominator + numerator * fraction->d);
	fraction->c = denominator + numerator / fraction->c;
	fraction->change = fraction->c * fraction->d;
	fraction->f *= fraction->change;
}

/*
 * P(X <= x) over the mass, by the even part of the continued fraction (DLMF 8.17.22, contracted
 * as in TOMS 708, BFRAC) and Lentz's method; for x not much above the mean. It takes
 * about the square root of max(a, b) terms.
 */
static double
beta_fraction(double x, double y, double a, double b, double excess)
{
	double first = a * (1 - excess) / (a + 1);
	Fraction fraction = {first, first, 0, 0};

	for (int m = 1; fabs(fraction.change - 1) > PRECISION; m++)
	{
		double at = a + 2.0 * m - 1;
		double product = m * (b - m) * (x / at);
		double numerator = (a + m - 1) / at * (a + b + m - 1) * x * product;
		double denominator = m + product + (a + m) / (at + 2) * (1 - excess + m * (1 + y));

		if (m > MAX_TERMS)
			return NAN;
		lentz_step(&fraction, numerator, denominator);
	}
	return 1 / fraction.f;
}

CpBetaPoint
cp_beta_at(double x, double y, double a, double b)
{
	double excess = b * x - a * y;
	CpBetaPoint point = {NAN, NAN, NAN};

	if (!is_positive(a) || !is_positive(b) || !(x >= 0 && x <= 1 && y >= 0 && y <= 1))
		return point;
	if (x == 0 || y == 0)
		return (CpBetaPoint){x > 0, y > 0, 0};
	point.mass = beta_mass(x, y, a, b, excess);
	if (excess < y - x)
	{
		point.lower = point.mass > 0 ? point.mass * beta_fraction(x, y, a, b, excess) : 0;
		point.upper = 1 - point.lower;
	}
	else
	{
		point.upper = point.mass > 0 ? point.mass * beta_fraction(y, x, b, a, -excess) : 0;
		point.lower = 1 - point.upper;
	}
	return point;
}

double
cp_beta_cdf(double x, double a, double b)
{
	return cp_beta_at(x, 1 - x, a, b).lower;
}

double
cp_beta_upper(double x, double a, double b)
{
	return cp_beta_at(x, 1 - x, a, b).upper;
}

double
cp_beta_density(double x, double a, double b)
{
	double power = x == 0 ? a : b;

	if ((x == 0 || x == 1) && is_positive(a) && is_positive(b))
		return power > 1 ? 0 : power < 1 ? HUGE_VAL : a * b;
	return cp_beta_at(x, 1 - x, a, b).mass / x / (1 - x);
}

/*
 * The s = log(x / (1 - x)) of P(X <= x) = p <= 1/2. The logarithm of P is concave in s with slope
 * mass / P, and straight for small x: Newton's method comes from the left without overshooting;
 * from the right it may, and a bracket holds it.
 */
static double
beta_log_odds(double p, double a, double b)
{
	double low = -MAX_LOG_ODDS, high = MAX_LOG_ODDS, change = NAN;
	double s = cp_log(a) - cp_log(b) + cp_normal_quantile(p) * sqrt(1 / a + 1 / b);
	CpBetaPoint at = cp_beta_at(cp_sigmoid(low), cp_sigmoid(-low), a, b);

	if (at.lower > p)
		return low + cp_log(p / at.lower) / a;
	for (int step = 0; step < MAX_STEPS && !(fabs(change) < 1e-11 * (1 + fabs(s))); step++)
	{
		if (!(s > low && s < high))
			s = low + (high - low) / 2;
		at = cp_beta_at(cp_sigmoid(s), cp_sigmoid(-s), a, b);
		*(at.lower < p ? &low : &high) = s;
		change = at.lower / at.mass * cp_log(p / at.lower);
		s += change;
	}
	return s;
}

double
cp_beta_quantile(double p, double a, double b)
{
	bool mirrored = p > 0.5;
	double s, x;
	CpBetaPoint at;

	if (!is_positive(a) || !is_positive(b) || !(p >= 0 && p <= 1))
		return NAN;
	if (p == 0 || p == 1)
		return p;
	s = mirrored ? -beta_log_odds(1 - p, b, a) : beta_log_odds(p, a, b);
	x = cp_sigmoid(s);
	/* s has lost the last digits of an x near 0: a last step in x itself. */
	at = cp_beta_at(x, 1 - x, a, b);
	if (at.mass > 0)
		x -= (mirrored ? 1 - p - at.upper : at.lower - p) / at.mass * x * (1 - x);
	return x;
}

/* P(X <= x) of a gamma law of shape a, over x^a e^-x / gamma(a + 1): its power series. */
static double
gamma_series(double x, double a)
{
	double term = 1, sum = 1;

	for (int k = 1; term > PRECISION * sum; k++)
	{
		if (k > MAX_TERMS)
			return NAN;
		term *= x / (a + k);
		sum += term;
	}
	return sum;
}

/* P(X > x) over x^a e^-x / gamma(a): continued fraction (DLMF 8.9.2), Lentz's method. */
static double
gamma_fraction(double a, double excess)
{
	Fraction fraction = {1 + excess, 1 + excess, 0, 0};

	for (int m = 1; fabs(fraction.change - 1) > PRECISION; m++)
	{
		double numerator = m * (a - m);
		double denominator = 1 + excess + 2.0 * m;

		if (m > MAX_TERMS)
			return NAN;
		lentz_step(&fraction, numerator, denominator);
	}
	return 1 / fraction.f;
}

double
cp_chi2_upper(double x, double df)
{
	double a = df / 2, mass;

	if (!is_positive(df) || !(x >= 0))
		return NAN;
	if (x == 0 || x > 1e300)
		return x == 0;
	x /= 2;
	mass = INV_SQRT_2PI * sqrt(a) * cp_exp(-cp_stirling_rest(a) - cp_deviance(a, x, x - a));
	if (x < a + 1)
		return 1 - mass / a * gamma_series(x, a);
	return mass > 0 ? mass * gamma_fraction(a, x - a) : 0;
}

double
cp_normal_two_sided(double z)
{
	return 2 * cp_normal_cdf(-fabs(z));
}

double
cp_t_two_sided(double t, double df)
{
	double ratio = t / df * t;

	if (df > 1e300)
		return cp_normal_two_sided(t);
	return cp_beta_at(1 / (1 + ratio), ratio > 1 ? 1 / (1 + 1 / ratio) : ratio / (1 + ratio),
	                  df / 2, 0.5)
	    .lower;
}

/* From the middle of the law or from its tail, whichever is the smaller part. */
double
cp_t_quantile(double p, double df)
{
	double from_middle = fabs(p - 0.5), log_odds, t;

	if (!(df > 0))
		return NAN;
	if (df > 1e300 || !(p > 0 && p < 1) || p == 0.5)
		return cp_normal_quantile(p);
	log_odds = from_middle < 0.25 ? -beta_log_odds(2 * from_middle, 0.5, df / 2)
	                              : beta_log_odds(p < 0.5 ? 2 * p : 2 * (1 - p), df / 2, 0.5);
	t = sqrt(df) * cp_exp(-log_odds / 2);
	return p < 0.5 ? -t : t;
}

/* e^x - 1 - x */
static double
exponential_excess(double x)
{
	double sum = 0;

	if (fabs(x) > 0.5)
		return cp_exp(x) - 1 - x;
	for (int k = 16; k >= 3; k--)
		sum = (1 + sum) * x / k;
	return (1 + sum) * x * x / 2;
}

/*
 * With W = sqrt(chi-square / df) and v = log W, P(T > t) is the mean of P(Z > t W - noncentrality).
 * The sum over one side of v = 0, until nothing more comes.
 */
static double
noncentral_side(double t, double df, double noncentrality, double step)
{
	double sum = 0;

	for (int k = step > 0 ? 0 : 1; k < MAX_TERMS; k++)
	{
		double log_density = -df / 2 * exponential_excess(2 * k * step);
		double tail = cp_normal_cdf(noncentrality - t * cp_exp(k * step));
		double term = cp_exp(log_density) * tail;

		if (log_density < -LOG_NOTHING || term < sum * 1e-18)
			break;
		sum += term;
	}
	return sum;
}

/* The same for a noncentrality that leaves Z nothing to say: P(t W < noncentrality). */
static double
noncentral_limit(double t, double df, double noncentrality)
{
	double w = noncentrality / t, above;

	if (!(w > 0))
		return noncentrality > 0;
	above = cp_chi2_upper(df * w * w, df);
	return t > 0 ? 1 - above : above;
}

/* The trapezoidal rule, exact to rounding for so smooth an integrand with this step. */
double
cp_noncentral_t_upper(double t, double df, double noncentrality)
{
	double step = 0.4 / sqrt(2 * df + noncentrality * noncentrality + 16);

	if (!(df > 0) || t != t || noncentrality != noncentrality)
		return NAN;
	if (df > 1e300)
		return cp_normal_cdf(noncentrality - t);
	if (fabs(noncentrality) > MAX_NONCENTRALITY)
		return noncentral_limit(t, df, noncentrality);
	return INV_SQRT_2PI * sqrt(2 * df) * step * cp_exp(-cp_stirling_rest(df / 2)) *
	       (noncentral_side(t, df, noncentrality, step) +
	        noncentral_side(t, df, noncentrality, -step));
}
