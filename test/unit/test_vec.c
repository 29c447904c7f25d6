/*
 * test_vec.c: kernels against their scalar or exact counterparts.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "num/special.h"
#include "num/vec.h"

extern void test_vec(void);

static void
check_sum_of_awkward_numbers(void)
{
	static const double huge_and_small[] = {1.0, 1e100, 1.0, -1e100};
	static const double cancelling[] = {1e16, 1.0, -1e16};
	static const double infinite[] = {1.0, INFINITY, 2.0};
	static const double undefined[] = {INFINITY, -INFINITY};

	CHECK_CLOSE(2.0, cp_vec_sum(huge_and_small, 4), 0.0);
	CHECK_CLOSE(1.0, cp_vec_sum(cancelling, 3), 0.0);
	CHECK_CLOSE(INFINITY, cp_vec_sum(infinite, 3), 0.0);
	CHECK_CLOSE(NAN, cp_vec_sum(undefined, 2), 0.0);
	CHECK_CLOSE(0.0, cp_vec_sum(NULL, 0), 0.0);
}

/* n times 0.1 is 0.1 * n up to one rounding, where a plain sum is off by 1e-6. */
static void
check_sum_error_does_not_grow(void)
{
	enum
	{
		n = 1000000
	};
	CpContext *context = unit_context();
	double *x;
	size_t i;

	REQUIRE_OK(cp_alloc(context, &x, n, sizeof(double)));
	for (i = 0; i < n; i++)
		x[i] = 0.1;
	CHECK_CLOSE(100000.0, cp_vec_sum(x, n), 1.5e-11);
}

/* Whole parts cancel in pairs, far apart; quarters remain and are exact. */
static void
check_sum_of_cancelling_pairs(void)
{
	enum
	{
		pairs = 5000
	};
	double x[2 * pairs + 1];
	CpRng rng;
	size_t i;

	cp_rng_init(&rng, 8, 8);
	for (i = 0; i < pairs; i++)
	{
		x[i] = ldexp(cp_rng_normal(&rng), (int) cp_rng_below(&rng, 50));
		x[2 * pairs - i] = -x[i];
	}
	x[pairs] = 0.25;
	CHECK_CLOSE(0.25, cp_vec_sum(x, 2 * pairs + 1), 1e-9);
}

static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

/* The scalar function, which test_special compares with references, to the last bit. */
static void
check_sigmoid_is_the_scalar(void)
{
	static const double special[] = {0.0,     -0.0,    1e-320,   -1e-320,   708.4,  -708.4, 745.13,
	                                 -745.13, -745.14, 746.0,    -746.0,    -746.1, 1e9,    -1e9,
	                                 1e308,   -1e308,  INFINITY, -INFINITY, NAN,    -NAN};
	enum
	{
		specials = sizeof(special) / sizeof(special[0]),
		n = 4096 + specials
	};
	double x[n], out[n];
	CpRng rng;
	size_t i, length;

	cp_rng_init(&rng, 21, 0);
	for (i = 0; i < n; i++)
		x[i] = i < specials ? special[i] : ldexp(cp_rng_normal(&rng), (int) (i % 12) - 3);
	cp_vec_sigmoid(x, out, n);
	for (i = 0; i < n; i++)
		CHECK(same_bits(cp_sigmoid(x[i]), out[i]));

	/* Lengths around a vector's width touch nothing beyond, and in place works. */
	for (length = 0; length < 20; length++)
	{
		double copy[21];

		memcpy(copy, x, sizeof(copy));
		cp_vec_sigmoid(copy, copy, length);
		for (i = 0; i < 21; i++)
			CHECK(same_bits(i < length ? out[i] : x[i], copy[i]));
	}
}

void
test_vec(void)
{
	UNIT_CASE("sum of awkward numbers", check_sum_of_awkward_numbers);
	UNIT_CASE("error of the sum does not grow with n", check_sum_error_does_not_grow);
	UNIT_CASE("sum of cancelling pairs", check_sum_of_cancelling_pairs);
	UNIT_CASE("sigmoid equals the scalar one to the bit", check_sigmoid_is_the_scalar);
}
