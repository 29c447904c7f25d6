/*
 * test_distance.c: distances and cells against scipy and numpy, and values without end.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "stats/distance.h"

extern void test_distance(void);

#define CLOSE 1e-13
#define ROWS 100000
#define INF ((double) INFINITY)
#define COUNT(array) ((uint32_t) (sizeof(array) / sizeof((array)[0])))

static CpSorted
sorted_values(CpContext *context, const double *values, uint32_t n)
{
	static CpSample samples[8];
	static uint32_t taken;
	CpSample *sample = &samples[taken++ % 8];
	CpSorted sorted = {0};

	cp_sample_init(sample, context, CP_SAMPLE_EXACT);
	for (uint32_t i = 0; i < n; i++)
		CHECK_STATUS(CP_OK, cp_sample_add(sample, values[i]));
	CHECK_STATUS(CP_OK, cp_sample_sort(sample, &sorted));
	return sorted;
}

static void
check_counts(const CpSorted *sorted, const double *cuts, uint32_t ncuts, bool right_closed,
             const double *expected)
{
	double counts[CP_DRIFT_BINS];

	cp_cell_counts(sorted, cuts, ncuts, right_closed, counts);
	for (uint32_t cell = 0; cell <= ncuts; cell++)
		CHECK(expected[cell] == counts[cell]);
}

static void
check_distances(CpContext *context, const CpSorted *reference, const CpSorted *current, double ks,
                double wasserstein)
{
	double obtained;

	REQUIRE_OK(cp_ks_distance(context, reference, current, &obtained));
	CHECK_RELATIVE(ks, obtained, CLOSE);
	REQUIRE_OK(cp_ks_distance(context, current, reference, &obtained));
	CHECK_RELATIVE(ks, obtained, CLOSE);
	REQUIRE_OK(cp_wasserstein(context, reference, current, &obtained));
	CHECK_RELATIVE(wasserstein, obtained, CLOSE);
	REQUIRE_OK(cp_wasserstein(context, current, reference, &obtained));
	CHECK_RELATIVE(wasserstein, obtained, CLOSE);
}

/* ---- against scipy and numpy ---- */

typedef struct Case
{
	double reference[10]; /* values */
	double times[10];     /* how often each; 0 ends */
	double current[10];
	double current_times[10];
	double ks; /* scipy.stats.ks_2samp, wasserstein_distance */
	double wasserstein;
	uint32_t ncuts; /* numpy.quantile at 0.1, ..., 0.9, each once */
	double cuts[9];
	double left[2][10]; /* numpy.searchsorted(cuts, values, "right"), and "left", counted */
	double right[2][10];
} Case;

static const Case cases[] = {
	{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
     {6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
     0.5,
     5,
     9,
     {1.9, 2.8, 3.7, 4.6, 5.5, 6.4, 7.3, 8.2, 9.1},
     {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 1, 1, 1, 1, 6}},
     {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 1, 1, 1, 1, 6}}},
	/* Counts, many tied, that cuts fall on. */
	{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
     {14, 34, 67, 76, 52, 30, 18, 5, 2, 2},
     {0, 1, 2, 3, 4, 5, 6, 7, 8},
     {3, 20, 35, 53, 51, 42, 26, 16, 4},
     0.1926666666666667,
     0.7620000000000002,
     5,
     {1, 2, 3, 4, 5},
     {{14, 34, 67, 76, 52, 57}, {3, 20, 35, 53, 51, 88}},
     {{48, 67, 76, 52, 30, 27}, {23, 35, 53, 51, 42, 46}}},
	{{1.5, 2, 2.5, 3, 9},
     {1, 1, 1, 1, 1},
     {2.2, 3.1, 3.3, 4, 4.5, 5, 6.1},
     {1, 1, 1, 1, 1, 1, 1},
     0.6571428571428573,
     1.7142857142857144,
     9,
     {1.7, 1.9, 2.1, 2.3, 2.5, 2.7, 2.9, 4.2, 6.6},
     {{1, 0, 1, 0, 0, 1, 0, 1, 0, 1}, {0, 0, 0, 1, 0, 0, 0, 3, 3, 0}},
     {{1, 0, 1, 0, 1, 0, 0, 1, 0, 1}, {0, 0, 0, 1, 0, 0, 0, 3, 3, 0}}},
	{{5}, {20}, {7}, {15}, 1, 2, 1, {5}, {{0, 20}, {0, 15}}, {{20, 0}, {0, 15}}},
};

static CpSorted
sorted_repeats(CpContext *context, const double *values, const double *times)
{
	double all[400];
	uint32_t n = 0;

	for (int k = 0; k < 10; k++)
		for (int i = 0; i < times[k]; i++)
			all[n++] = values[k];
	return sorted_values(context, all, n);
}

static CpSorted
sorted_weights(const double *values, const double *times, double room[2][10])
{
	CpSorted sorted = {.values = room[0], .upto = room[1]};

	for (; sorted.n < 10 && times[sorted.n] > 0; sorted.n++)
	{
		sorted.total += times[sorted.n];
		room[0][sorted.n] = values[sorted.n];
		room[1][sorted.n] = sorted.total;
	}
	return sorted;
}

static void
check_case(CpContext *context, const Case *expected, const CpSorted *reference,
           const CpSorted *current)
{
	double cuts[9];

	check_distances(context, reference, current, expected->ks, expected->wasserstein);
	REQUIRE(CHECK_EQUAL(expected->ncuts, cp_quantile_cuts(reference, CP_DRIFT_BINS, cuts)));
	for (uint32_t i = 0; i < expected->ncuts; i++)
		CHECK_RELATIVE(expected->cuts[i], cuts[i], 1e-15);
	check_counts(reference, cuts, expected->ncuts, false, expected->left[0]);
	check_counts(current, cuts, expected->ncuts, false, expected->left[1]);
	check_counts(reference, cuts, expected->ncuts, true, expected->right[0]);
	check_counts(current, cuts, expected->ncuts, true, expected->right[1]);
}

/* Each value written out, and by its weight. */
static void
cases_match(void)
{
	for (uint32_t i = 0; i < COUNT(cases); i++)
	{
		CpContext *context = unit_context();
		const Case *c = &cases[i];
		double room[4][10];
		CpSorted reference = sorted_repeats(context, c->reference, c->times);
		CpSorted current = sorted_repeats(context, c->current, c->current_times);
		CpSorted light_reference = sorted_weights(c->reference, c->times, room);
		CpSorted light_current = sorted_weights(c->current, c->current_times, room + 2);

		check_case(context, c, &reference, &current);
		check_case(context, c, &light_reference, &light_current);
		check_case(context, c, &reference, &light_current);
	}
}

static uint64_t
scramble(uint64_t i, uint64_t k, uint64_t seed)
{
	uint64_t x = (i * 32 + k + seed * 1000003) % 2147483647;

	x = (x * 48271 + 11) % 2147483647;
	x ^= x >> 13;
	x = (x * 69621 + 7) % 2147483647;
	x ^= x >> 15;
	x = (x * 16807 + 3) % 2147483647;
	x ^= x >> 11;
	return (x * 40692 + 5) % 2147483647;
}

/* Sums of four hashes, near to normal. */
static CpSorted
formula(CpContext *context, uint64_t seed, double shift)
{
	static double values[ROWS];

	for (uint64_t i = 1; i <= ROWS; i++)
	{
		uint64_t sum = 0;

		for (uint64_t k = 0; k < 4; k++)
			sum += scramble(i, k, seed);
		values[i - 1] = ((double) sum + shift) / 1048576;
	}
	return sorted_values(context, values, ROWS);
}

/* 100,000 rows a side: numpy 1.24.2 and scipy 1.10.1. */
static void
formula_matches(void)
{
	static const double expected_cuts[9] = {
		2550.9356589317326, 3061.3956298828125, 3447.6905121803284,
		3779.9662181854255, 4090.494212627411,  4404.6950227737425,
		4737.306701183319,  5118.964664840699,  5639.380317687988};
	static const double tenths[10] = {1e4, 1e4, 1e4, 1e4, 1e4, 1e4, 1e4, 1e4, 1e4, 1e4};
	static const double counts[10] = {9593,  9723, 10041, 10024, 9897,
	                                  10085, 9990, 10093, 10277, 10277};
	CpContext *context = unit_context();
	CpSorted reference = formula(context, 11, 0);
	CpSorted current = formula(context, 12, 20971520);
	double cuts[9], mean, sd;

	check_distances(context, &reference, &current, 0.00821, 22.853167158040996);
	CHECK_EQUAL(9, cp_quantile_cuts(&reference, 10, cuts));
	for (int i = 0; i < 9; i++)
		CHECK_RELATIVE(expected_cuts[i], cuts[i], 1e-15);
	check_counts(&reference, cuts, 9, false, tenths);
	check_counts(&current, cuts, 9, false, counts);
	REQUIRE_OK(cp_sorted_moments(context, &reference, &mean, &sd));
	CHECK_RELATIVE(4092.7323910942077, mean, CLOSE);
	CHECK_RELATIVE(1182.3513895549368, sd, CLOSE);
	REQUIRE_OK(cp_sorted_moments(context, &current, &mean, &sd));
	CHECK_RELATIVE(4115.5798136498925, mean, CLOSE);
	CHECK_RELATIVE(1181.5608795885457, sd, CLOSE);
}

/* ---- the ends of the numbers ---- */

static void
check_pairs(const double reference[4], const double current[4], double ks, double wasserstein)
{
	CpContext *context = unit_context();
	CpSorted a = sorted_values(context, reference, 4);
	CpSorted b = sorted_values(context, current, 4);

	check_distances(context, &a, &b, ks, wasserstein);
}

static void
values_without_end(void)
{
	check_pairs((double[]){1, 2, 3, INF}, (double[]){1, 2, 4, INF}, 0.25, 0.25);
	check_pairs((double[]){-INF, 2, 3, 9}, (double[]){-INF, 2, 4, 9}, 0.25, 0.25);
	check_pairs((double[]){1, 2, 3, INF}, (double[]){1, 2, 3, 4}, 0.25, INF);
	check_pairs((double[]){-INF, 2, 3, 4}, (double[]){1, 2, 3, 4}, 0.25, INF);
	check_pairs((double[]){-INF, -INF, INF, INF}, (double[]){-INF, INF, INF, INF}, 0.25, INF);
	check_pairs((double[]){-INF, -INF, INF, INF}, (double[]){-INF, -INF, INF, INF}, 0, 0);
	check_pairs((double[]){INF, INF, INF, INF}, (double[]){-INF, -INF, -INF, -INF}, 1, INF);
	check_pairs((double[]){-1e308, 1e308, 1e308, 1e308}, (double[]){-1e308, -1e308, 1e308, 1e308},
	            0.25, 0.5e308);
	check_pairs((double[]){0.0, 0, 0, 0}, (double[]){-0.0, -0.0, 0, 0}, 0, 0);
}

static void
empty_sides(void)
{
	CpContext *context = unit_context();
	CpSorted none = sorted_values(context, NULL, 0);
	CpSorted one = sorted_values(context, (double[]){3}, 1);
	double cuts[] = {1, 2};

	check_distances(context, &none, &none, (double) NAN, (double) NAN);
	check_distances(context, &none, &one, (double) NAN, (double) NAN);
	check_distances(context, &one, &one, 0, 0);
	check_counts(&none, cuts, 2, false, (double[]){0, 0, 0});
	check_counts(&one, cuts, 0, false, (double[]){1});
	CHECK_EQUAL(0, cp_quantile_cuts(&one, 1, cuts));
}

/* Against counting each value: random cuts, near and far, equal to values and beyond them all. */
static void
cells_match_counting(void)
{
	CpContext *context = unit_context();
	double values[500], cuts[CP_DRIFT_MOST_BINS], counts[CP_DRIFT_MOST_BINS + 1];
	CpSorted sorted;
	CpRng rng;

	cp_rng_init(&rng, 5, 0);
	for (int i = 0; i < 500; i++)
		values[i] = (double) cp_rng_below(&rng, 700) + 2;
	sorted = sorted_values(context, values, 500);
	for (uint32_t ncuts = 0; ncuts < CP_DRIFT_MOST_BINS; ncuts += 1 + ncuts / 5)
		for (int right_closed = 0; right_closed < 2; right_closed++)
		{
			for (uint32_t k = 0; k < ncuts; k++)
				cuts[k] = floor(705.0 * k / ncuts);
			cp_cell_counts(&sorted, cuts, ncuts, right_closed, counts);
			for (int i = 0; i < 500; i++)
			{
				uint32_t cell = 0;

				while (cell < ncuts &&
				       (right_closed ? cuts[cell] < values[i] : cuts[cell] <= values[i]))
					cell++;
				counts[cell]--;
			}
			for (uint32_t cell = 0; cell <= ncuts; cell++)
				CHECK(counts[cell] == 0);
		}
}

static void
ends_of_ties(void)
{
	/* Merged: 1 1 2 3 3 3 4 */
	static const bool expected[] = {false, true, true, false, false, true, true};
	CpContext *context = unit_context();
	CpSorted a = sorted_values(context, (double[]){3, 1, 3, 2}, 4);
	CpSorted b = sorted_values(context, (double[]){1, 3, 4}, 3);
	bool *ends;

	REQUIRE_OK(cp_tie_ends(context, &a, &b, &ends));
	CHECK(memcmp(expected, ends, sizeof(expected)) == 0);
	REQUIRE_OK(cp_tie_ends(context, &b, &a, &ends));
	CHECK(memcmp(expected, ends, sizeof(expected)) == 0);
}

/* ---- Evidently's cells ---- */

static void
check_evidently(CpContext *context, const CpSorted *reference, const CpSorted *current,
                const double *expected, const double *expected_current, uint32_t expected_cells)
{
	double *counts, *current_counts;
	uint32_t cells;

	REQUIRE_OK(cp_evidently_cells(context, reference, current, &counts, &current_counts, &cells));
	REQUIRE(CHECK_EQUAL(expected_cells, cells));
	for (uint32_t cell = 0; cell < cells; cell++)
	{
		CHECK(expected[cell] == counts[cell]);
		CHECK(expected_current[cell] == current_counts[cell]);
	}
	cp_free(context, &counts);
	cp_free(context, &current_counts);
}

/* numpy.histogram of each side by histogram_bin_edges of both, "sturges". */
static void
evidently_equal_widths(void)
{
	static const double counts[] = {38,    247,   741,  1709, 3450, 5963, 8549, 10808, 12807, 13261,
	                                12475, 10716, 8085, 5418, 3217, 1616, 706,  175,   19};
	static const double current_counts[] = {29,    242,   702,   1687,  3227,  5797, 8315,
	                                        10920, 12697, 13237, 12557, 10791, 8218, 5700,
	                                        3263,  1653,  707,   224,   34};
	CpContext *context = unit_context();
	CpSorted reference = formula(context, 11, 0);
	CpSorted current = formula(context, 12, 20971520);

	check_evidently(context, &reference, &current, counts, current_counts, COUNT(counts));
}

/* Of 64 rows log2 + 1 is 7, but 2.1 / (2.1 / 7) rounds to above 7 and numpy makes 8 cells. */
static void
evidently_rounds_as_numpy(void)
{
	CpContext *context = unit_context();
	double values[32] = {0}, zeros[32] = {0};
	CpSorted reference, current;

	for (int i = 0; i < 22; i++)
		values[i] = i / 10.0;
	reference = sorted_values(context, values, 32);
	current = sorted_values(context, zeros, 32);
	check_evidently(context, &reference, &current, (double[]){13, 3, 2, 3, 3, 2, 3, 3},
	                (double[]){32, 0, 0, 0, 0, 0, 0, 0}, 8);
}

/* Up to 20 in the reference; what only the current side has makes a cell too. */
static void
evidently_distinct(void)
{
	CpContext *context = unit_context();
	CpSorted reference = sorted_values(context, (double[]){2, 5, 2, 2}, 4);
	CpSorted current = sorted_values(context, (double[]){3, 5, 1}, 3);
	CpSorted constant = sorted_values(context, (double[]){2, 2}, 2);
	double values[21];

	check_evidently(context, &reference, &current, (double[]){0, 3, 0, 1}, (double[]){1, 0, 1, 1},
	                4);
	check_evidently(context, &constant, &constant, (double[]){2}, (double[]){2}, 1);
	for (int i = 0; i < 21; i++)
		values[i] = i;
	reference = sorted_values(context, values, 20);
	check_evidently(context, &reference, &constant,
	                (double[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
	                (double[20]){0, 0, 2}, 20);
	/* numpy: 23 rows, 6 cells. */
	reference = sorted_values(context, values, 21);
	check_evidently(context, &reference, &constant, (double[]){4, 3, 3, 4, 3, 4},
	                (double[]){2, 0, 0, 0, 0, 0}, 6);
}

static void
evidently_extremes(void)
{
	CpContext *context = unit_context();
	double values[32], *a, *b, sum = 0;
	CpSorted wide, tight, infinite[2];
	uint32_t cells;

	for (int i = 0; i < 32; i++)
		values[i] = (i - 15.5) * 1e307;
	wide = sorted_values(context, values, 32);
	for (int i = 0; i < 32; i++)
		values[i] = i * 0x1p-1074;
	tight = sorted_values(context, values, 32);
	infinite[0] = sorted_values(context, (double[]){-INF, 1}, 2);
	infinite[1] = sorted_values(context, (double[]){1, INF}, 2);
	REQUIRE_OK(cp_evidently_cells(context, &wide, &wide, &a, &b, &cells));
	CHECK_EQUAL(7, cells);
	for (uint32_t cell = 0; cell < cells; cell++)
	{
		CHECK(a[cell] == 4 || a[cell] == 5);
		sum += a[cell];
	}
	CHECK(sum == 32);
	REQUIRE_OK(cp_evidently_cells(context, &tight, &tight, &a, &b, &cells));
	for (int i = 0; i < 2; i++)
	{
		CHECK_STATUS(CP_BAD_DATA, cp_evidently_cells(context, &wide, &infinite[i], &a, &b, &cells));
		CHECK_STATUS(CP_BAD_DATA, cp_evidently_cells(context, &infinite[i], &wide, &a, &b, &cells));
	}
}

/* ---- when the host says no ---- */

static CpStatus
work(CpContext *context, const CpSorted *few, const CpSorted *many)
{
	double distance, *a, *b;
	uint32_t cells;
	bool *ends;

	CP_TRY(cp_ks_distance(context, many, many, &distance));
	CP_TRY(cp_wasserstein(context, many, many, &distance));
	CP_TRY(cp_tie_ends(context, many, many, &ends));
	CP_TRY(cp_evidently_cells(context, few, many, &a, &b, &cells));
	return cp_evidently_cells(context, many, few, &a, &b, &cells);
}

static void
host_refuses(void)
{
	static double values[ROWS];
	CpSorted few = {.values = values, .n = 3, .total = 3};
	CpSorted many = {.values = values, .n = ROWS, .total = ROWS};
	CpContext *context = unit_context();
	size_t allocations, polls;

	for (uint32_t i = 0; i < ROWS; i++)
		values[i] = i;
	REQUIRE_OK(work(context, &few, &many));
	allocations = unit_allocations();
	polls = unit_polls();
	CHECK(allocations == 7 && polls >= 7);
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, work(context, &few, &many));
	}
	for (size_t nth = 0; nth < polls; nth++)
	{
		context = unit_context();
		unit_cancel_after(nth);
		CHECK_STATUS(CP_CANCELLED, work(context, &few, &many));
	}
	context = unit_context();
	context->budget = ROWS;
	CHECK_STATUS(CP_OVER_BUDGET, work(context, &few, &many));
}

void
test_distance(void)
{
	UNIT_CASE("distances, cuts and counts match scipy and numpy", cases_match);
	UNIT_CASE("100,000 rows a side match scipy and numpy", formula_matches);
	UNIT_CASE("infinite and huge values", values_without_end);
	UNIT_CASE("empty sides", empty_sides);
	UNIT_CASE("cells match counting one by one", cells_match_counting);
	UNIT_CASE("ends of ties", ends_of_ties);
	UNIT_CASE("Evidently's cells of equal width", evidently_equal_widths);
	UNIT_CASE("Evidently's cells round as numpy does", evidently_rounds_as_numpy);
	UNIT_CASE("Evidently's cells of distinct values", evidently_distinct);
	UNIT_CASE("Evidently's cells of extremes", evidently_extremes);
	UNIT_CASE("memory, budget and cancel", host_refuses);
}
