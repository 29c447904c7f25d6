/*
 * test_special.c: special functions against references with more digits.
 *
 * The tables were made with Python 3.11's decimal module at 80 digits (normal
 * distribution: power series and continued fraction, quantiles by Newton's
 * method) and rounded to double; scipy 1.10.1 agrees to 1e-13 where it does not
 * underflow, except at -37, where it is off by 1.1e-13.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/hash.h"
#include "num/rng.h"
#include "num/special.h"

#define SUBNORMAL_UNIT 4.9406564584124654e-324

extern void test_special(void);

typedef struct Reference
{
	double argument;
	double value;
} Reference;

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const Reference exp_table[] = {{-745.1, 5e-324},
                                      {-740.0, 4.2e-322},
                                      {-708.3, 2.450295530965988e-308},
                                      {-700.0, 9.85967654375977e-305},
                                      {-300.25, 4.009422364622857e-131},
                                      {-40.0, 4.248354255291589e-18},
                                      {-10.1, 4.1079555225300724e-05},
                                      {-2.5, 0.0820849986238988},
                                      {-1.0, 0.36787944117144233},
                                      {-0.5, 0.6065306597126334},
                                      {-0.34657359027997264, 0.7071067811865476},
                                      {-1e-05, 0.9999900000499998},
                                      {1e-300, 1.0},
                                      {1e-10, 1.0000000001},
                                      {0.1, 1.1051709180756477},
                                      {0.34657359027997264, 1.414213562373095},
                                      {0.7, 2.0137527074704766},
                                      {1.0, 2.718281828459045},
                                      {3.75, 42.52108200006278},
                                      {12.0, 162754.79141900392},
                                      {88.7, 3.325986980250579e+38},
                                      {300.25, 2.4941248615349213e+130},
                                      {709.0, 8.218407461554972e+307},
                                      {709.78, 1.7928227943945155e+308}};

static const Reference log_table[] = {{5e-324, -744.4400719213812},
                                      {1e-310, -713.8013788281542},
                                      {2.2250738585072014e-308, -708.3964185322641},
                                      {1e-100, -230.25850929940458},
                                      {1e-05, -11.512925464970229},
                                      {0.1, -2.3025850929940455},
                                      {0.5, -0.6931471805599453},
                                      {0.7, -0.35667494393873245},
                                      {0.7071067811865475, -0.34657359027997275},
                                      {0.7071067811865476, -0.3465735902799726},
                                      {0.9, -0.10536051565782628},
                                      {0.999999, -1.000000500029089e-06},
                                      {0.9999999999999999, -1.1102230246251565e-16},
                                      {1.0000000000000002, 2.2204460492503128e-16},
                                      {1.000001, 9.999994999180668e-07},
                                      {1.1, 0.09531017980432493},
                                      {1.4142135623730951, 0.3465735902799727},
                                      {1.4142135623730954, 0.34657359027997287},
                                      {2.0, 0.6931471805599453},
                                      {2.718281828459045, 1.0},
                                      {10.0, 2.302585092994046},
                                      {10000000000.0, 23.025850929940457},
                                      {1e+100, 230.25850929940458},
                                      {1.7976931348623157e+308, 709.782712893384}};

static const Reference sigmoid_table[] = {{-745.0, 5e-324},
                                          {-700.0, 9.85967654375977e-305},
                                          {-100.0, 3.720075976020836e-44},
                                          {-36.7, 1.1518409493076095e-16},
                                          {-10.0, 4.5397868702434395e-05},
                                          {-3.3, 0.03557118927263618},
                                          {-1.0, 0.2689414213699951},
                                          {-0.1, 0.47502081252106},
                                          {-1e-08, 0.4999999975},
                                          {1e-08, 0.5000000025},
                                          {0.1, 0.52497918747894},
                                          {1.0, 0.7310585786300049},
                                          {3.3, 0.9644288107273639},
                                          {10.0, 0.9999546021312976},
                                          {36.7, 0.9999999999999999},
                                          {40.0, 1.0}};

static const Reference logit_table[] = {{5e-324, -744.4400719213812},
                                        {1e-300, -690.7755278982137},
                                        {1e-10, -23.025850929840455},
                                        {0.01, -4.59511985013459},
                                        {0.3, -0.8472978603872037},
                                        {0.41429, -0.34625857484381434},
                                        {0.41431, -0.34617615347203873},
                                        {0.49, -0.0400053346136992},
                                        {0.499999, -3.999999999898311e-06},
                                        {0.49999999999999994, -2.220446049250313e-16},
                                        {0.5000000000000001, 4.440892098500626e-16},
                                        {0.500001, 4.000000000120356e-06},
                                        {0.51, 0.0400053346136992},
                                        {0.58569, 0.346176153472039},
                                        {0.58571, 0.3462585748438141},
                                        {0.9, 2.1972245773362196},
                                        {0.999, 6.906754778648553},
                                        {0.9999999999999999, 36.7368005696771}};

static const Reference cdf_table[] = {{-38.4, 6.4e-323},
                                      {-38.0, 2.88542835e-316},
                                      {-37.5, 4.605353009581955e-308},
                                      {-37.0, 5.725571222524577e-300},
                                      {-30.3, 5.731723503315496e-202},
                                      {-20.0, 2.7536241186062337e-89},
                                      {-12.34, 2.7577941516989773e-35},
                                      {-8.0, 6.220960574271784e-16},
                                      {-6.0, 9.86587645037698e-10},
                                      {-5.0, 2.866515718791939e-07},
                                      {-4.0, 3.1671241833119924e-05},
                                      {-3.0, 0.0013498980316300946},
                                      {-2.5758293035489004, 0.005000000000000005},
                                      {-1.959963984540054, 0.025000000000000012},
                                      {-1.5, 0.06680720126885807},
                                      {-1.0, 0.15865525393145705},
                                      {-0.67, 0.2514288950953101},
                                      {-0.5, 0.3085375387259869},
                                      {-0.1, 0.460172162722971},
                                      {-1e-10, 0.49999999996010575},
                                      {1e-10, 0.5000000000398942},
                                      {0.1, 0.539827837277029},
                                      {0.5, 0.6914624612740131},
                                      {1.0, 0.8413447460685429},
                                      {1.96, 0.9750021048517795},
                                      {2.5, 0.9937903346742238},
                                      {4.0, 0.9999683287581669},
                                      {6.0, 0.9999999990134123},
                                      {8.0, 0.9999999999999993},
                                      {9.0, 1.0}};

static const Reference quantile_table[] = {{5e-324, -38.467405617144344},
                                           {1e-300, -37.0470962993612},
                                           {1e-200, -30.20559417957964},
                                           {1e-100, -21.273453560965326},
                                           {1.4e-11, -6.656723091518184},
                                           {1e-11, -6.706023155495136},
                                           {1e-10, -6.361340902404057},
                                           {1e-05, -4.264890793922825},
                                           {0.001, -3.0902323061678136},
                                           {0.005, -2.575829303548901},
                                           {0.025, -1.9599639845400543},
                                           {0.07, -1.4757910281791706},
                                           {0.0749999, -1.4395321773759007},
                                           {0.0750001, -1.4395307645017297},
                                           {0.1, -1.2815515655446004},
                                           {0.25, -0.6744897501960817},
                                           {0.4, -0.2533471031357997},
                                           {0.499, -0.002506630899571766},
                                           {0.4999999999, -2.506628482030354e-10},
                                           {0.5000000001, 2.506628482030354e-10},
                                           {0.6, 0.2533471031357997},
                                           {0.75, 0.6744897501960817},
                                           {0.9249999, 1.4395307645017297},
                                           {0.9250001, 1.4395321773759004},
                                           {0.95, 1.6448536269514722},
                                           {0.975, 1.9599639845400538},
                                           {0.999, 3.090232306167813},
                                           {0.9999999, 5.199337582290661},
                                           {0.9999999999, 6.361340889697422},
                                           {0.9999999999999999, 8.209536151601387}};

/* Relative to the value, but never finer than half a unit of the subnormal numbers. */
static void
check_table(const Reference *table, size_t count, double (*function)(double), double tolerance)
{
	size_t i;

	for (i = 0; i < count; i++)
	{
		double allowed = tolerance * fabs(table[i].value);

		if (allowed < SUBNORMAL_UNIT)
			allowed = SUBNORMAL_UNIT;
		if (!CHECK_CLOSE(table[i].value, function(table[i].argument), allowed))
			unit_note("at %.17g", table[i].argument);
	}
}

static void
check_exp(void)
{
	check_table(exp_table, COUNT(exp_table), cp_exp, 2.3e-16); /* one unit in the last place */
	CHECK_CLOSE(1.0, cp_exp(0.0), 0.0);
	CHECK_CLOSE(1.0, cp_exp(-0.0), 0.0);
	CHECK_CLOSE(0.0, cp_exp(-745.2), 0.0);
	CHECK_CLOSE(0.0, cp_exp(-1e300), 0.0);
	CHECK_CLOSE(0.0, cp_exp(-INFINITY), 0.0);
	CHECK_CLOSE(INFINITY, cp_exp(709.79), 0.0);
	CHECK_CLOSE(INFINITY, cp_exp(1e300), 0.0);
	CHECK_CLOSE(INFINITY, cp_exp(INFINITY), 0.0);
	CHECK_CLOSE(NAN, cp_exp(NAN), 0.0);
}

static void
check_log(void)
{
	check_table(log_table, COUNT(log_table), cp_log, 2.3e-16);
	CHECK_CLOSE(0.0, cp_log(1.0), 0.0);
	CHECK_CLOSE(-INFINITY, cp_log(0.0), 0.0);
	CHECK_CLOSE(-INFINITY, cp_log(-0.0), 0.0);
	CHECK_CLOSE(INFINITY, cp_log(INFINITY), 0.0);
	CHECK_CLOSE(NAN, cp_log(-1e-320), 0.0);
	CHECK_CLOSE(NAN, cp_log(-INFINITY), 0.0);
	CHECK_CLOSE(NAN, cp_log(NAN), 0.0);
}

/* The C library, itself good to one unit, at many more places than the tables have. */
static void
check_sweep(void)
{
	CpRng rng;
	int i;

	cp_rng_init(&rng, 5, 1);
	for (i = 0; i < 100000; i++)
	{
		double x = (cp_rng_uniform(&rng) - 0.5) * 1416.0;
		double near = cp_rng_normal(&rng);
		double wide = ldexp(0.5 + cp_rng_uniform(&rng), (int) cp_rng_below(&rng, 2000) - 1000);

		CHECK_RELATIVE(exp(x), cp_exp(x), 4.5e-16);
		CHECK_RELATIVE(exp(near), cp_exp(near), 4.5e-16);
		CHECK_RELATIVE(log(wide), cp_log(wide), 4.5e-16);
		CHECK_RELATIVE(log(fabs(near)), cp_log(fabs(near)), 4.5e-16);
	}
}

static void
check_sigmoid(void)
{
	check_table(sigmoid_table, COUNT(sigmoid_table), cp_sigmoid, 4e-16);
	CHECK_CLOSE(0.5, cp_sigmoid(0.0), 0.0);
	CHECK_CLOSE(0.5, cp_sigmoid(-0.0), 0.0);
	CHECK_CLOSE(0.0, cp_sigmoid(-1e5), 0.0);
	CHECK_CLOSE(0.0, cp_sigmoid(-INFINITY), 0.0);
	CHECK_CLOSE(1.0, cp_sigmoid(1e5), 0.0);
	CHECK_CLOSE(1.0, cp_sigmoid(INFINITY), 0.0);
	CHECK_CLOSE(NAN, cp_sigmoid(NAN), 0.0);
	CHECK_CLOSE(NAN, cp_sigmoid(-NAN), 0.0);
}

static void
check_logit(void)
{
	double x;

	check_table(logit_table, COUNT(logit_table), cp_logit, 5e-16);
	CHECK_CLOSE(0.0, cp_logit(0.5), 0.0);
	CHECK_CLOSE(-INFINITY, cp_logit(0.0), 0.0);
	CHECK_CLOSE(INFINITY, cp_logit(1.0), 0.0);
	CHECK_CLOSE(NAN, cp_logit(-0.1), 0.0);
	CHECK_CLOSE(NAN, cp_logit(1.1), 0.0);
	CHECK_CLOSE(NAN, cp_logit(NAN), 0.0);
	for (x = -700.0; x < 5.0; x += 0.37)
		CHECK_CLOSE(x, cp_logit(cp_sigmoid(x)), 1e-13);
}

static void
check_cdf(void)
{
	double z;

	check_table(cdf_table, COUNT(cdf_table), cp_normal_cdf, 2e-15);
	CHECK_CLOSE(0.5, cp_normal_cdf(0.0), 1e-16);
	CHECK_CLOSE(0.0, cp_normal_cdf(-40.0), 0.0);
	CHECK_CLOSE(0.0, cp_normal_cdf(-INFINITY), 0.0);
	CHECK_CLOSE(1.0, cp_normal_cdf(INFINITY), 0.0);
	CHECK_CLOSE(NAN, cp_normal_cdf(NAN), 0.0);
	for (z = 0.0; z < 10.0; z += 0.01)
		CHECK_CLOSE(1.0, cp_normal_cdf(z) + cp_normal_cdf(-z), 3e-16);
	for (z = -38.0; z < 7.0; z += 0.01)
		CHECK(cp_normal_cdf(z) < cp_normal_cdf(z + 0.01));
}

static void
check_quantile(void)
{
	double z;

	check_table(quantile_table, COUNT(quantile_table), cp_normal_quantile, 2e-15);
	CHECK_CLOSE(0.0, cp_normal_quantile(0.5), 0.0);
	CHECK_CLOSE(-INFINITY, cp_normal_quantile(0.0), 0.0);
	CHECK_CLOSE(INFINITY, cp_normal_quantile(1.0), 0.0);
	CHECK_CLOSE(NAN, cp_normal_quantile(-0.1), 0.0);
	CHECK_CLOSE(NAN, cp_normal_quantile(1.1), 0.0);
	CHECK_CLOSE(NAN, cp_normal_quantile(NAN), 0.0);
	for (z = -37.0; z < 1.0; z += 0.0173)
		CHECK_CLOSE(z, cp_normal_quantile(cp_normal_cdf(z)), 2e-15 * fmax(1.0, fabs(z)));
}

static uint64_t
add_bits(uint64_t hash, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return cp_hash_add(hash, bits);
}

/*
 * The promise of special.h. The constant is what this code gave where it was
 * written (x86-64); another compiler or processor must give the same, and a fused
 * multiply-add or a reordered sum would not.
 */
static void
check_same_bits_everywhere(void)
{
	uint64_t hash = 0;
	int i;

	for (i = 1; i < 20000; i++)
	{
		double x = (i - 10000) * 0.0731;

		hash = add_bits(hash, cp_exp(x));
		hash = add_bits(hash, cp_log(i * 0.0137));
		hash = add_bits(hash, cp_sigmoid(x));
		hash = add_bits(hash, cp_logit(i / 20000.0));
		hash = add_bits(hash, cp_normal_cdf(x / 19.0));
		hash = add_bits(hash, cp_normal_quantile(i / 20000.0));
	}
	CHECK_EQUAL(UINT64_C(0x4c0ca1cff3af464e), hash);
}

void
test_special(void)
{
	UNIT_CASE("exp", check_exp);
	UNIT_CASE("log", check_log);
	UNIT_CASE("exp and log against the C library", check_sweep);
	UNIT_CASE("sigmoid", check_sigmoid);
	UNIT_CASE("logit", check_logit);
	UNIT_CASE("normal distribution function", check_cdf);
	UNIT_CASE("normal quantile", check_quantile);
	UNIT_CASE("the same bits on every machine", check_same_bits_everywhere);
}
