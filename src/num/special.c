/*
 * special.c: exponential, logarithm, logistic and normal functions.
 *
 * Only +, -, *, / and square root on doubles, which IEEE 754 rounds the same
 * everywhere; build with -ffp-contract=off. Coefficients without a source are
 * our own interpolations at Chebyshev nodes, made with 80 decimal digits.
 */
#include "num/special.h"

#include <math.h>
#include <stdint.h>

#include "num/exp_core.h"

#define LN2_HIGH 0.6931471803691238 /* 32 significant bits: times an exponent it is exact */
#define LN2_LOW 1.9082149292705877e-10
#define SQRT_HALF 0.70710678118654757
#define INV_SQRT_2PI 0.3989422804014327

/*
 * Results on either side of 1 are computed nearer to it by 2^512 and put in
 * place by an exact power of two, made from the sign without a branch.
 */
double
cp_exp(double x)
{
	int64_t bias = (int64_t) (cp_bits_of(x) >> 63) * 1024 - 512;
	double unbias = cp_double_of((uint64_t) (1023 - bias) << 52);

	x = x < -746.0 ? -746.0 : x;
	x = x > 710.0 ? 710.0 : x;
	return cp_exp_core(x, bias) * unbias;
}

double
cp_sigmoid(double x)
{
	return cp_sigmoid_core(x);
}

/*
 * log((1 + s) / (1 - s)) = 2 s + s t(s^2) for |s| <= 0.1716; this is t, by
 * truncation accurate to 5e-18 of the whole.
 */
static double
log_series(double s)
{
	double z = s * s;
	double t;

	t = 0.14618452072714802;
	t = t * z + 0.15331554743280912;
	t = t * z + 0.18182894320084278;
	t = t * z + 0.2222221106056441;
	t = t * z + 0.2857142862645262;
	t = t * z + 0.3999999999989839;
	t = t * z + 0.666666666666667;
	return t * z;
}

/*
 * Split a positive finite number into 2^exponent * m, sqrt(1/2) <= m < sqrt(2):
 * moved up by the distance from sqrt(1/2) to 1, the bits of the number show the
 * exponent wanted.
 */
static double
split_exponent(double x, int *exponent)
{
	uint64_t bits, biased;

	*exponent = -1023;
	if (x < 2.2250738585072014e-308) /* subnormal: bring it up by 2^54 */
	{
		x *= 18014398509481984.0;
		*exponent -= 54;
	}
	bits = cp_bits_of(x);
	biased = (bits + (cp_bits_of(1.0) - cp_bits_of(SQRT_HALF))) >> 52;
	*exponent += (int) biased;
	return cp_double_of(bits - ((biased - 1023) << 52));
}

/*
 * With f = m - 1 (exact) and s = f / (2 + f), log m = 2 s + s t. Because
 * 2 s = f - s f, this is f - (f^2/2 - s (f^2/2 + t)), whose leading term
 * carries no rounding error.
 */
double
cp_log(double x)
{
	int exponent;
	double f, s, half_square;

	if (!(x > 0.0))
		return x == 0.0 ? -HUGE_VAL : (double) NAN;
	if (x > 1.7976931348623157e308)
		return x;
	f = split_exponent(x, &exponent) - 1.0;
	s = f / (2.0 + f);
	half_square = 0.5 * f * f;
	s *= half_square + log_series(s);
	return exponent * LN2_HIGH - ((half_square - (s + exponent * LN2_LOW)) - f);
}

/*
 * Around one half, (1 + s) / (1 - s) with s = 2 p - 1 is the odds, and s is
 * exact: the series keeps the digits that log(p / (1 - p)) would lose there.
 */
double
cp_logit(double p)
{
	if (p > 0.4143 && p < 0.5857)
	{
		double s = 2.0 * p - 1.0;

		return 2.0 * s + s * log_series(s);
	}
	return cp_log(p / (1.0 - p));
}

/*
 * Upper tail of the normal distribution over its density (Mills's ratio),
 * z >= 0: a Chebyshev series in (z - 4.5) / (z + 4.5), divided by z + 4.5.
 */
static double
mills_ratio(double z)
{
	static const double c[] = {
		2.5801199619735584,      -2.131461680887365,      0.7032019376636103,
		-0.18373228920212167,    0.03643950670402413,     -0.004829955358900753,
		0.00020846822509494785,  6.737953810825645e-05,   -1.3441343144448266e-05,
		-2.438962200266062e-07,  3.862557062799111e-07,   -2.0199132631961766e-08,
		-1.0852323759947778e-08, 1.0876267891075384e-09,  3.45819390301996e-10,
		-4.3364523212560595e-11, -1.3007294472437711e-11, 1.5389008441830784e-12,
		5.626063767473092e-13,   -4.564121320754782e-14,  -2.6339342970907854e-14,
		6.364200823497932e-16,   1.2478747820743037e-15,  5.86055720637559e-17,
		-5.564505920283492e-17};
	double x = 2.0 * (z - 4.5) / (z + 4.5);
	double b = 0.0, previous = 0.0;
	int i;

	for (i = (int) (sizeof(c) / sizeof(c[0])) - 1; i > 0; i--) /* Clenshaw's recurrence */
	{
		double next = x * b - previous + c[i];

		previous = b;
		b = next;
	}
	return (0.5 * x * b - previous + c[0]) / (z + 4.5);
}

/*
 * exp(-z^2 / 2) with z = high + low: high has few enough bits that its square
 * is exact, else the rounding of z^2 would show a thousandfold in the far tail.
 */
static double
normal_bell(double z)
{
	double high = cp_double_of(cp_bits_of(z) & UINT64_C(0xfffffffff8000000));

	return cp_exp(-0.5 * high * high) * cp_exp(-0.5 * (z - high) * (z + high));
}

double
cp_normal_cdf(double z)
{
	double distance = fabs(z);
	double tail;

	if (z != z)
		return z;
	tail = distance > 39.0 ? 0.0 : INV_SQRT_2PI * mills_ratio(distance) * normal_bell(distance);
	return z < 0.0 ? tail : 1.0 - tail;
}

/* Value at x of the polynomial with n coefficients, constant first. */
static double
polynomial(const double *c, int n, double x)
{
	double value = c[n - 1];
	int i;

	for (i = n - 2; i >= 0; i--)
		value = value * x + c[i];
	return value;
}

/*
 * M. J. Wichura, Algorithm AS 241: The Percentage Points of the Normal
 * Distribution, Applied Statistics 37 (1988), routine PPND16. Numerators and
 * denominators of three rational approximations: centre, tail, far tail.
 */
static const double quantile_table[3][2][8] = {
	{{3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
      1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
      3.3430575583588128105e+4, 2.5090809287301226727e+3},
     {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
      2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
      5.2264952788528545610e+3}},
	{{1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
      3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4},
     {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
      1.05075007164441684324e-9}},
	{{6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
      2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7},
     {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
      2.04426310338993978564e-15}}};

static double
quantile_part(int part, double x)
{
	return polynomial(quantile_table[part][0], 8, x) / polynomial(quantile_table[part][1], 8, x);
}

double
cp_normal_quantile(double p)
{
	double q = p - 0.5;
	double r;

	if (!(p >= 0.0 && p <= 1.0))
		return (double) NAN;
	if (p == 0.0 || p == 1.0)
		return p == 0.0 ? -HUGE_VAL : HUGE_VAL;
	if (fabs(q) <= 0.425)
		return q * quantile_part(0, 0.180625 - q * q);

	r = sqrt(-cp_log(q < 0.0 ? p : 1.0 - p));
	r = r <= 5.0 ? quantile_part(1, r - 1.6) : quantile_part(2, r - 5.0);
	return q < 0.0 ? -r : r;
}
