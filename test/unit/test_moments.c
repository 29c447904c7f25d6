/*
 * test_moments.c: means, ratios and CUPED against numpy, and what a large mean costs.
 */
#include "unit.h"

#include <math.h>

#include "num/rng.h"
#include "stats/moments.h"

#define EXACT 1e-14
#define PARTS 7
#define UNITS 2000

extern void test_moments(void);

static const double y_of[8] = {3, 0, 12.5, 7, 1, 0, 9, 4.25};
static const double x_of[8] = {1, 2, 5, 3, 1, 0, 4, 2};

/*
 * 200 units in two arms, y after and x before: the sums about the means in exact fractions, by
 * Python; what is expected of them by numpy from the 200 rows.
 */
static const CpMoments cuped_arms[2] = {
	{83, 21.489879518072289, 18.913373493975904, 11884.555298795181, 12167.202655421686,
     9059.2170337349398},
	{117, 23.995641025641024, 21.721623931623931, 18567.659276923077, 21189.174591452993,
     14715.184828205129},
};

static CpMoments
small_sample(void)
{
	CpMoments moments = {0};

	for (int i = 0; i < 8; i++)
		cp_moments_add(&moments, y_of[i], x_of[i]);
	return moments;
}

static void
check_same(const CpMoments *expected, const CpMoments *obtained, double tolerance)
{
	CHECK(expected->n == obtained->n);
	CHECK_RELATIVE(expected->mean_y, obtained->mean_y, tolerance);
	CHECK_RELATIVE(expected->mean_x, obtained->mean_x, tolerance);
	CHECK_RELATIVE(expected->yy, obtained->yy, tolerance);
	CHECK_RELATIVE(expected->xx, obtained->xx, tolerance);
	CHECK_RELATIVE(expected->xy, obtained->xy, tolerance);
}

/* numpy: mean, std(ddof=1), and of the ratio std(ddof=1) of (y - R x) / mean x. */
static void
estimates_match(void)
{
	CpMoments moments = small_sample();
	CpEstimate mean = cp_estimate_mean(&moments);
	CpEstimate ratio = cp_estimate_ratio(&moments);

	CHECK(mean.n == 8);
	CHECK_RELATIVE(4.59375, mean.mean, EXACT);
	CHECK_RELATIVE(4.559012855244621, mean.sd, EXACT);
	CHECK_RELATIVE(4.559012855244621 * 4.559012855244621 / 8, mean.variance, EXACT);
	CHECK_RELATIVE(2.0416666666666665, ratio.mean, EXACT);
	CHECK_RELATIVE(0.84689146982928476, ratio.sd, EXACT);
	CHECK_RELATIVE(0.089653145208700782, ratio.variance, EXACT);
}

static void
rate_has_no_n_minus_1(void)
{
	CpMoments moments = {0};
	CpEstimate rate;

	for (int i = 0; i < 10; i++)
		cp_moments_add(&moments, i < 3, 0);
	rate = cp_estimate_rate(&moments);
	CHECK_RELATIVE(0.3, rate.mean, EXACT);
	CHECK_RELATIVE(sqrt(0.21), rate.sd, EXACT);
	CHECK_RELATIVE(0.021, rate.variance, EXACT);
}

/* Parts of uneven size, one of them empty, put together from either end, are one pass. */
static void
merge_is_one_pass(void)
{
	CpMoments parts[PARTS] = {0}, whole = {0}, up = {0}, down = {0};
	CpRng rng;

	cp_rng_init(&rng, 1, 0);
	for (int i = 0; i < UNITS; i++)
	{
		double x = cp_rng_normal(&rng) - 40;
		double y = 85 + 2 * x + cp_rng_normal(&rng);
		int part = i % 10 < 7 ? 1 : i % 7;

		cp_moments_add(&whole, y, x);
		cp_moments_add(&parts[part == 3 ? 4 : part], y, x);
	}
	CHECK(parts[3].n == 0 && parts[0].n > 0 && parts[PARTS - 1].n > 0);
	for (int part = 0; part < PARTS; part++)
	{
		cp_moments_merge(&up, &parts[part]);
		cp_moments_merge(&down, &parts[PARTS - 1 - part]);
	}
	check_same(&whole, &up, 1e-13);
	check_same(&whole, &down, 1e-13);
}

/* Eighths are exact beside 1e9: both samples deviate alike. A mean of 1e9 is right to some 1e-7. */
static void
large_mean_keeps_digits(void)
{
	CpMoments merged = {0}, parts[2] = {0}, near = {0};
	CpRng rng;

	cp_rng_init(&rng, 2, 0);
	for (int i = 0; i < UNITS; i++)
	{
		double y = floor(8 * cp_rng_normal(&rng)) / 8;
		double x = floor(8 * cp_rng_normal(&rng)) / 8;

		cp_moments_add(&near, y, x);
		cp_moments_add(&parts[i % 3 == 0], y + 1e9, x - 1e9);
	}
	cp_moments_merge(&merged, &parts[0]);
	cp_moments_merge(&merged, &parts[1]);
	CHECK_CLOSE(near.mean_y, merged.mean_y - 1e9, 5e-6);
	CHECK_CLOSE(near.mean_x, merged.mean_x + 1e9, 5e-6);
	CHECK_RELATIVE(near.yy, merged.yy, 1e-6);
	CHECK_RELATIVE(near.xx, merged.xx, 1e-6);
	CHECK_CLOSE(near.xy, merged.xy, 1e-3);
}

static void
cuped_matches(void)
{
	double theta = cp_cuped_theta(cuped_arms, 2, 0);
	double within = cp_cuped_theta(cuped_arms, 2, 1);
	double centre = cp_cuped_centre(cuped_arms, 2);
	CpEstimate a = cp_estimate_adjusted(&cuped_arms[0], theta, centre);
	CpEstimate b = cp_estimate_adjusted(&cuped_arms[1], theta, centre);

	CHECK_RELATIVE(0.7147770541721445, theta, EXACT);
	CHECK_RELATIVE(0.7127393267555042, within, EXACT);
	CHECK_RELATIVE(22.664134208564107, a.mean, EXACT);
	CHECK_RELATIVE(23.162622740933156, b.mean, EXACT);
	CHECK_RELATIVE(1.171530449256037, sqrt(a.variance + b.variance), EXACT);
	CHECK_RELATIVE(0.5604437821743056, cp_cuped_reduction(cuped_arms, 2, theta), EXACT);
	CHECK_RELATIVE(0.5604392272304514, cp_cuped_reduction(cuped_arms, 2, within), EXACT);
	a = cp_estimate_adjusted(&cuped_arms[0], within, centre);
	b = cp_estimate_adjusted(&cuped_arms[1], within, centre);
	CHECK_RELATIVE(22.660786575952002, a.mean, EXACT);
	CHECK_RELATIVE(23.164997557230635, b.mean, EXACT);
	CHECK_RELATIVE(1.1715738415396035, sqrt(a.variance + b.variance), EXACT);
}

static void
too_small_is_nan(void)
{
	CpMoments moments = {0};

	CHECK(isnan(cp_estimate_mean(&moments).mean));
	CHECK(isnan(cp_estimate_rate(&moments).mean));
	CHECK(isnan(cp_estimate_mean(&moments).variance));
	CHECK(cp_cuped_theta(&moments, 1, 0) == 0);
	CHECK(isnan(cp_cuped_reduction(&moments, 1, 0)));
	cp_moments_add(&moments, 1, 2);
	CHECK(cp_estimate_mean(&moments).mean == 1);
	CHECK(isnan(cp_estimate_mean(&moments).sd));
	CHECK(isnan(cp_estimate_rate(&moments).variance));
	CHECK(cp_estimate_ratio(&moments).mean == 0.5);
	CHECK(isnan(cp_estimate_ratio(&moments).variance));
	cp_moments_add(&moments, 3, -2);
	CHECK(isnan(cp_estimate_ratio(&moments).mean));
	CHECK(isnan(cp_estimate_ratio(&moments).variance));
}

/* What does not vary has variance 0, not what rounding leaves. */
static void
constants_have_no_variance(void)
{
	CpMoments even = {0}, line = {0};

	for (int i = 0; i < 1000; i++)
	{
		cp_moments_add(&even, 0.1, 0.3);
		cp_moments_add(&line, 9.99 * (i % 7 + 0.1), i % 7 + 0.1);
	}
	CHECK(cp_estimate_mean(&even).variance == 0);
	CHECK(cp_cuped_theta(&even, 1, 0) == 0);
	CHECK(cp_estimate_ratio(&line).variance == 0);
	CHECK_RELATIVE(9.99, cp_estimate_ratio(&line).mean, EXACT);
	CHECK_RELATIVE(9.99, cp_cuped_theta(&line, 1, 1), EXACT);
	CHECK(cp_estimate_adjusted(&line, cp_cuped_theta(&line, 1, 0), 0).variance == 0);
	CHECK(cp_cuped_reduction(&line, 1, cp_cuped_theta(&line, 1, 0)) == 1);
}

static void
huge_numbers_do_not_look_certain(void)
{
	CpMoments moments = {0};

	cp_moments_add(&moments, 1e300, 1e300);
	cp_moments_add(&moments, -1e300, 0);
	CHECK(!(cp_estimate_mean(&moments).variance < HUGE_VAL));
	CHECK(!(cp_estimate_ratio(&moments).variance < HUGE_VAL));
	CHECK(!(cp_estimate_adjusted(&moments, 1, 0).variance < HUGE_VAL));
}

void
test_moments(void)
{
	UNIT_CASE("estimates are numpy's", estimates_match);
	UNIT_CASE("a rate has variance p (1 - p) / n", rate_has_no_n_minus_1);
	UNIT_CASE("merged in any order it is one pass", merge_is_one_pass);
	UNIT_CASE("a large mean keeps digits", large_mean_keeps_digits);
	UNIT_CASE("CUPED is numpy's", cuped_matches);
	UNIT_CASE("too small a sample is NaN", too_small_is_nan);
	UNIT_CASE("constants have no variance", constants_have_no_variance);
	UNIT_CASE("huge numbers do not look certain", huge_numbers_do_not_look_certain);
}
