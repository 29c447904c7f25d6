/*
 * test_kolmogorov.c: the limit and one-sample laws against scipy 1.10.1's kstwobign.sf and
 * kstwo.sf, the two-sample one against paths counted in whole numbers by Python.
 */
#include "unit.h"

#include <math.h>

#include "stats/kolmogorov.h"

extern void test_kolmogorov(void);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MAX_ROWS 600
#define MAX_VALUES 15

static const double limits[][2] = {
	{0.05, 1.0},
	{0.2, 0.999999999999495},
	{0.5, 0.9639452436648751},
	{0.9, 0.3927307079406543},
	{0.99, 0.2808738392255489},
	{1.0, 0.26999967167735456},
	{1.01, 0.25943416909359746},
	{1.36, 0.049485876755377876},
	{2.0, 0.0006709252557796953},
	{3.8, 5.735950017776196e-13},
	{8.0, 5.14441874528483e-56},
	{18.0, 7.554499944724249e-282},
};

/* About each border of the regions too. */
static const struct
{
	uint64_t n;
	double d;
	double p;
} one_samples[] = {
	{1, 0.7, 0.6000000000000001},
	{1, 0.999999, 2.0000000000575113e-06},
	{2, 0.3, 0.98},
	{5, 0.19, 0.977325184},
	{5, 0.25, 0.8446},
	{10, 0.274, 0.3715203845434957},
	{10, 0.5, 0.00777741},
	{20, 0.9, 2.0006866455078037e-20},
	{100, 0.08, 0.5182193645480672},
	{100, 0.19, 0.0012339926382722768},
	{100, 0.21, 0.00023947345214651332},
	{140, 0.16, 0.0013440163244194184},
	{141, 0.02, 0.9999999744561288},
	{141, 0.1, 0.11128445516467944},
	{141, 0.124, 0.02389925467524623},
	{141, 0.13, 0.015449346308454497},
	{500, 0.03, 0.7473166700457021},
	{5000, 0.004, 0.9999977369528622},
	{5000, 0.02, 0.03613941395325637},
	{5000, 0.0211, 0.022976948555817965},
	{30000, 0.003, 0.9492424749826709},
	{100000, 0.004, 0.08130148920222469},
	{100000, 0.0119, 9.934279135912677e-13},
	{500000, 0.008171999999999957, 1.9741172666469074e-29},
	{1000000, 0.001, 0.26982107442589376},
	{1000000, 0.0016, 0.011939282537735608},
};

static const struct
{
	uint32_t n;
	uint32_t m;
	double d;
	double p;
} two_samples[] = {
	{1, 1, 1.0, 1.0},
	{3, 5, 0.6666666666666666, 0.2857142857142857},
	{7, 7, 0.42857142857142855, 0.5751748251748252},
	{10, 10, 0.5, 0.16782134274394336},
	{10, 6, 0.2333333333333334, 0.9595404595404595},
	{5, 7, 0.6571428571428573, 0.11616161616161616},
	{50, 80, 0.125, 0.6737311971740048},
	{13, 200, 0.9, 5.586596775653719e-12},
	{59, 71, 0.9097636667462401, 6.757442083541484e-29},
	{60, 60, 1.0, 2.070073888186964e-35},
	{300, 250, 0.1926666666666667, 6.69692739016917e-05},
};

/* How often each value is in the merged samples, in order. */
static const struct
{
	uint32_t n;
	uint32_t m;
	double d;
	double p;
	uint32_t times[MAX_VALUES];
} tied_samples[] = {
	{10, 10, 0.5, 0.16782134274394336, {1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1}},
	{300,
     250,
     0.1926666666666667,
     8.898080528832338e-06,
     {17, 54, 102, 129, 103, 72, 44, 21, 6, 2}},
	{10, 6, 0.2333333333333334, 0.8685064935064936, {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1}},
	{20, 15, 1.0, 3.078871614243397e-10, {20, 15}},
};

static double
one_sample(uint64_t n, double d)
{
	double p = -1;

	CHECK_STATUS(CP_OK, cp_kolmogorov_one_sample(unit_context(), n, d, &p));
	CHECK_EQUAL(0, unit_live_blocks());
	return p;
}

static double
two_sample(uint32_t n, uint32_t m, double d, const bool *ends)
{
	double p = -1;

	CHECK_STATUS(CP_OK, cp_kolmogorov_two_sample(unit_context(), n, m, d, ends, &p));
	CHECK_EQUAL(0, unit_live_blocks());
	return p;
}

static void
limit(void)
{
	for (size_t i = 0; i < COUNT(limits); i++)
		CHECK_RELATIVE(limits[i][1], cp_kolmogorov_limit(limits[i][0]), 2e-14);
	CHECK(cp_kolmogorov_limit(-1) == 1 && cp_kolmogorov_limit(0) == 1);
	CHECK(cp_kolmogorov_limit(1e-300) == 1 && cp_kolmogorov_limit(0.041) == 1);
	CHECK(cp_kolmogorov_limit(1e300) == 0 && cp_kolmogorov_limit(HUGE_VAL) == 0);
	CHECK(isnan(cp_kolmogorov_limit(NAN)));
}

static void
one_samples_of_scipy(void)
{
	for (size_t i = 0; i < COUNT(one_samples); i++)
		CHECK_RELATIVE(one_samples[i].p, one_sample(one_samples[i].n, one_samples[i].d), 1e-11);
}

/* scipy takes an approximation above 1e6: this is the whole sum in numpy with binom.logpmf. */
static void
many_rows(void)
{
	CHECK_RELATIVE(7.44773129036541e-06, one_sample(5000000, 0.0011180339887498947), 1e-8);
	CHECK_RELATIVE(2.5678005675993495e-12, one_sample(5000000, 0.0016546903033498445), 1e-8);
	/* The first correction of the limit law's tail: 1 / (6 n) more. */
	CHECK_RELATIVE(cp_kolmogorov_limit(sqrt(1e9) * (6e-5 + 1 / 6e9)), one_sample(1000000000, 6e-5),
	               1e-7);
}

static void
one_sample_ends(void)
{
	CHECK(one_sample(7, 0) == 1 && one_sample(7, -3) == 1 && one_sample(7, 0.5 / 7) == 1);
	CHECK(one_sample(7, 1) == 0 && one_sample(7, 1e300) == 0 && one_sample(7, HUGE_VAL) == 0);
	CHECK(one_sample(1000000000, 1e-300) == 1 && one_sample(1000000000, 0.9999) == 0);
	CHECK(isnan(one_sample(0, 0.5)) && isnan(one_sample(7, NAN)));
	CHECK_RELATIVE(2e-12, one_sample(1, 1 - 1e-12), 1e-3);
	for (uint64_t n = 1; n < 20000; n = 3 * n / 2 + 1)
	{
		double before = 1;

		/* Where the approximations meet, steps are 1e-5. */
		for (double d = 0.01; d < 1; d += 0.01)
		{
			double p = one_sample(n, d);

			CHECK(p >= 0 && p <= before * (1 + 3e-5));
			before = p;
		}
	}
}

static void
two_samples_without_ties(void)
{
	for (size_t i = 0; i < COUNT(two_samples); i++)
	{
		uint32_t n = two_samples[i].n, m = two_samples[i].m;
		double p = two_sample(n, m, two_samples[i].d, NULL);

		CHECK_RELATIVE(two_samples[i].p, p, 1e-13);
		CHECK(p == two_sample(m, n, two_samples[i].d, NULL));
	}
	/* scipy.stats.ks_2samp, method = 'exact' */
	CHECK_RELATIVE(1.1289850689115942e-25, two_sample(1000, 1000, 0.23999999999999994, NULL),
	               1e-12);
}

static void
two_samples_with_ties(void)
{
	for (size_t i = 0; i < COUNT(tied_samples); i++)
	{
		uint32_t n = tied_samples[i].n, m = tied_samples[i].m, row = 0;
		bool ends[MAX_ROWS] = {false};

		for (int value = 0; value < MAX_VALUES && tied_samples[i].times[value] > 0; value++)
			ends[(row += tied_samples[i].times[value]) - 1] = true;
		REQUIRE(row == n + m);
		CHECK_RELATIVE(tied_samples[i].p, two_sample(n, m, tied_samples[i].d, ends), 1e-13);
		CHECK_RELATIVE(tied_samples[i].p, two_sample(m, n, tied_samples[i].d, ends), 1e-13);
	}
}

/* A distance is the same whether it was rounded up or down; the next value is another. */
static void
two_sample_rounding(void)
{
	double third = 1.0 / 3, above = nextafter(2 * third, 1), below = nextafter(2 * third, 0);

	CHECK(two_sample(3, 3, above, NULL) == 0.6 && two_sample(3, 3, below, NULL) == 0.6);
	CHECK(two_sample(3, 3, third + third, NULL) == 0.6 && two_sample(3, 3, 0.34, NULL) == 0.6);
	CHECK_CLOSE(0.1, two_sample(3, 3, 0.67, NULL), 1e-15);
	for (uint32_t k = 1; k < 3000; k += 7)
		CHECK(two_sample(3000, 2, k / 3000.0 + 4e-13, NULL) ==
		      two_sample(3000, 2, k / 3000.0 - 4e-13, NULL));
}

static void
two_sample_ends(void)
{
	CHECK(two_sample(3, 4, 0, NULL) == 1 && two_sample(3, 4, -1, NULL) == 1);
	CHECK(two_sample(3, 4, 1e-300, NULL) == 1 && two_sample(3, 4, 1.01, NULL) == 0);
	CHECK(two_sample(3, 4, HUGE_VAL, NULL) == 0 && two_sample(3, 4, -HUGE_VAL, NULL) == 1);
	CHECK(isnan(two_sample(0, 4, 0.5, NULL)) && isnan(two_sample(3, 0, 0.5, NULL)) &&
	      isnan(two_sample(3, 4, NAN, NULL)));
	CHECK(two_sample(2000, 2000, 1, NULL) == 0);
	/* 1, where the sum is 1 + 9e-16 */
	CHECK(two_sample(50, 55, 1.5 / 55, NULL) == 1);
}

/* Two samples of a great many rows: nearly the limit law. */
static void
two_sample_limit(void)
{
	CHECK_RELATIVE(cp_kolmogorov_limit(0.02 * sqrt(3000)), two_sample(6000, 6000, 0.02, NULL),
	               5e-3);
	CHECK_RELATIVE(one_sample(2, 0.7), two_sample(2, 1000000, 0.7, NULL), 1e-5);
}

static CpStatus
run(CpContext *context, bool one)
{
	double p;

	return one ? cp_kolmogorov_one_sample(context, 3000, 0.004, &p)
	           : cp_kolmogorov_two_sample(context, 2000, 3000, 0.9, NULL, &p);
}

static void
failures(void)
{
	for (int one = 0; one <= 1; one++)
	{
		CpContext *context = unit_context();
		size_t polls;

		REQUIRE_OK(run(context, one));
		CHECK_EQUAL(1, unit_allocations());
		polls = unit_polls();
		CHECK(polls >= 3);
		for (size_t nth = 0; nth < polls; nth++)
		{
			context = unit_context();
			unit_cancel_after(nth);
			CHECK_STATUS(CP_CANCELLED, run(context, one));
		}
		context = unit_context();
		unit_fail_allocation(1);
		CHECK_STATUS(CP_NO_MEMORY, run(context, one));
		context = unit_context();
		context->budget = 500;
		CHECK_STATUS(CP_OVER_BUDGET, run(context, one));
	}
}

static void
too_many_pairs(void)
{
	double p;

	CHECK_STATUS(CP_BAD_PARAMETER,
	             cp_kolmogorov_two_sample(unit_context(), UINT32_MAX, UINT32_MAX, 0.5, NULL, &p));
}

void
test_kolmogorov(void)
{
	UNIT_CASE("limit law as scipy's", limit);
	UNIT_CASE("one sample as scipy's", one_samples_of_scipy);
	UNIT_CASE("one sample of millions of rows", many_rows);
	UNIT_CASE("one sample's ends, and it falls", one_sample_ends);
	UNIT_CASE("two samples without ties", two_samples_without_ties);
	UNIT_CASE("two samples with ties", two_samples_with_ties);
	UNIT_CASE("two samples' distance is rounded", two_sample_rounding);
	UNIT_CASE("two samples' ends", two_sample_ends);
	UNIT_CASE("two samples of many rows", two_sample_limit);
	UNIT_CASE("allocations that fail, cancels, budget", failures);
	UNIT_CASE("too many pairs", too_many_pairs);
}
