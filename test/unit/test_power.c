/*
 * test_power.c: sizes and power against R 4.2.2, scipy and statsmodels 0.13.5.
 *
 * power.prop.test and power.t.test(strict = TRUE), both with tol = 1e-13; unequal sizes by
 * scipy's nct and t laws and brentq; the arcsine size by statsmodels' NormalIndPower.
 */
#include "unit.h"

#include <math.h>

#include "stats/power.h"

extern void test_power(void);

static void
proportions(void)
{
	CHECK_RELATIVE(3840.847482436276, cp_size_proportions(0.1, 0.12, 1, 0.05, 0.8, CP_SIZE_POOLED),
	               1e-12);
	CHECK_RELATIVE(3838.1021900967085,
	               cp_size_proportions(0.1, 0.12, 1, 0.05, 0.8, CP_SIZE_UNPOOLED), 1e-12);
	CHECK_RELATIVE(3834.595739884031, cp_size_proportions(0.1, 0.12, 1, 0.05, 0.8, CP_SIZE_ARCSINE),
	               1e-11);
	CHECK_RELATIVE(76.7069284517774, cp_size_proportions(0.5, 0.75, 1, 0.05, 0.9, CP_SIZE_POOLED),
	               1e-12);
	CHECK_RELATIVE(177915.495713847,
	               cp_size_proportions(0.0015, 0.001, 1, 0.01, 0.95, CP_SIZE_POOLED), 1e-12);
	CHECK_RELATIVE(0.6970453004045685,
	               cp_power_proportions(0.1, 0.12, 3000, 3000, 0.05, CP_SIZE_POOLED), 1e-13);
	CHECK_RELATIVE(0.740165901331388, cp_power_proportions(0.5, 0.75, 50, 50, 0.05, CP_SIZE_POOLED),
	               1e-13);
	CHECK_RELATIVE(0.6973996220344716,
	               cp_power_proportions(0.12, 0.1, 3000, 3000, 0.05, CP_SIZE_UNPOOLED), 1e-13);
}

/* With the formulas written out in Python. */
static void
proportions_three_to_one(void)
{
	CHECK_RELATIVE(2599.9665913263852, cp_size_proportions(0.1, 0.12, 3, 0.05, 0.8, CP_SIZE_POOLED),
	               1e-12);
	CHECK_RELATIVE(2456.6993568512685,
	               cp_size_proportions(0.1, 0.12, 3, 0.05, 0.8, CP_SIZE_UNPOOLED), 1e-12);
	CHECK_RELATIVE(0.4195709990604924,
	               cp_power_proportions(0.1, 0.12, 1000, 4000, 0.05, CP_SIZE_POOLED), 1e-12);
	CHECK_RELATIVE(0.4195709990604924,
	               cp_power_proportions(0.12, 0.1, 4000, 1000, 0.05, CP_SIZE_POOLED), 1e-12);
}

/* Sizes and power undo each other, with any ratio, up to the tail that a size leaves out. */
static void
proportions_unequal(void)
{
	for (int method = CP_SIZE_POOLED; method <= CP_SIZE_ARCSINE; method++)
	{
		double tolerance = method == CP_SIZE_UNPOOLED ? 1e-5 : 1e-13;

		for (double ratio = 0.25; ratio < 5; ratio *= 2)
		{
			double n = cp_size_proportions(0.1, 0.12, ratio, 0.05, 0.8, method);

			CHECK_CLOSE(0.8, cp_power_proportions(0.1, 0.12, n, ratio * n, 0.05, method),
			            tolerance);
			/* the arms are interchangeable */
			CHECK_RELATIVE(ratio * n, cp_size_proportions(0.12, 0.1, 1 / ratio, 0.05, 0.8, method),
			               1e-13);
		}
	}
}

static void
means(void)
{
	CHECK_RELATIVE(392.44398671745444, cp_size_means_normal(1, 5, 1, 0.05, 0.8), 1e-13);
	CHECK_RELATIVE(393.405695019416, cp_size_means_t(1, 5, 1, 0.05, 0.8), 1e-12);
	CHECK_RELATIVE(3.62481497642668, cp_size_means_t(3, 1, 1, 0.05, 0.9), 1e-11);
	CHECK_RELATIVE(63098563.3754486, cp_size_means_t(-0.001, 1, 1, 0.001, 0.99), 1e-11);
	CHECK_RELATIVE(262.1097304315977, cp_size_means_t(1, 5, 3, 0.05, 0.8), 1e-11);
	CHECK_RELATIVE(0.659373396892421, cp_power_means_t(1, 1.3, 20, 20, 0.05), 1e-11);
	CHECK_RELATIVE(0.19739598166166458, cp_power_means_t(1, 5, 100, 300, 0.01), 1e-11);
	CHECK_RELATIVE(0.38740012850547967, cp_power_means_t(3, 1, 2, 2, 0.05), 1e-9);
	/* both tails of no difference are the level */
	CHECK_RELATIVE(0.03, cp_power_means_t(0, 1, 7, 4.5, 0.03), 1e-12);
	CHECK(cp_power_means_t(1e300, 1, 5, 5, 0.05) == 1);
	/* three units at least */
	CHECK_RELATIVE(1.5, cp_size_means_t(1e100, 1, 1, 0.05, 0.8), 1e-15);
	CHECK_RELATIVE(0.75, cp_size_means_t(1e100, 1, 3, 0.05, 0.8), 1e-15);
}

static void
normal(void)
{
	double units = cp_detectable_difference(1, 0.05, 0.8);

	CHECK_CLOSE(2.801585218, units, 1e-5); /* z of 0.975 and of 0.8 */
	CHECK_RELATIVE(7 * units, cp_detectable_difference(7, 0.05, 0.8), 1e-14);
	CHECK_RELATIVE(0.8, cp_power_normal(-units, 1, 0.05), 1e-14);
	CHECK_RELATIVE(0.051, cp_power_normal(cp_detectable_difference(3, 0.05, 0.051), 3, 0.05),
	               1e-13);
	CHECK_RELATIVE(0.05, cp_power_normal(0, 3, 0.05), 1e-14);
	/* normal and t agree for many units */
	CHECK_RELATIVE(cp_power_normal(0.001, sqrt(2 / 1e7), 0.05),
	               cp_power_means_t(0.001, 1, 1e7, 1e7, 0.05), 1e-6);
}

static void
impossible(void)
{
	static const double bad[] = {0, -1, NAN, HUGE_VAL, -HUGE_VAL};

	for (int i = 0; i < 5; i++)
	{
		double x = bad[i];

		CHECK(isnan(cp_size_proportions(x, 0.1, 1, 0.05, 0.8, CP_SIZE_POOLED)));
		CHECK(isnan(cp_size_proportions(0.2, 0.1, x, 0.05, 0.8, CP_SIZE_ARCSINE)));
		CHECK(isnan(cp_size_means_normal(1, x, 1, 0.05, 0.8)));
		CHECK(isnan(cp_size_means_t(1, 1, x, 0.05, 0.8)));
		CHECK(isnan(cp_size_means_t(1, 1, 1, x, 0.8)));
		CHECK(isnan(cp_size_means_t(1, 1, 1, 0.05, x)));
		CHECK(isnan(cp_power_proportions(0.1, 0.2, 100, x, 0.05, CP_SIZE_UNPOOLED)));
		CHECK(isnan(cp_power_proportions(0.1, 0.2, 100, 100, x, CP_SIZE_ARCSINE)));
		CHECK(isnan(cp_power_means_t(1, x, 10, 10, 0.05)));
		CHECK(isnan(cp_power_means_t(1, 1, x, 10, 0.05)));
		CHECK(isnan(cp_power_normal(1, x, 0.05)) && isnan(cp_power_normal(1, 1, x)));
		CHECK(isnan(cp_detectable_difference(x, 0.05, 0.8)));
	}
	CHECK(isnan(cp_size_proportions(0.1, 0.1, 1, 0.05, 0.8, CP_SIZE_POOLED)));
	/* under the pooled variance any size sees more than this */
	CHECK(isnan(cp_size_proportions(0.001, 0.5, 0.01, 0.05, 0.051, CP_SIZE_POOLED)));
	CHECK(isnan(cp_size_means_t(0, 1, 1, 0.05, 0.8)));
	CHECK(isnan(cp_size_means_normal(1, 1, 1, 0.05, 0.05)));
	CHECK(isnan(cp_size_means_t(1, 1e150, 1, 0.05, 0.8))); /* more units than a number holds */
	CHECK(isnan(cp_power_means_t(1, 1, 1, 1, 0.05)));
	CHECK(isnan(cp_power_means_t(NAN, 1, 5, 5, 0.05)) && isnan(cp_power_normal(NAN, 1, 0.05)));
}

void
test_power(void)
{
	UNIT_CASE("proportions", proportions);
	UNIT_CASE("three to one", proportions_three_to_one);
	UNIT_CASE("unequal sizes", proportions_unequal);
	UNIT_CASE("means", means);
	UNIT_CASE("normal law", normal);
	UNIT_CASE("impossible questions", impossible);
}
