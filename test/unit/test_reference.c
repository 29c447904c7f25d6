/*
 * test_reference.c: cells and comparisons against numpy 1.24.2 and scipy 1.10.1 (quantile,
 * ks_2samp, wasserstein_distance, fisher_exact, chi2_contingency without correction), data of odd shapes, bytes.
 */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "num/sort.h"
#include "stats/distance.h"
#include "stats/profile.h"

extern void test_reference(void);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ROWS 1000
#define CURRENT 800
#define MAGIC "cptest\0"

/* The fractional parts of multiples: spread evenly, the same in numpy. */
static void
fill_evenly(double *values, uint32_t n, double step)
{
	for (uint32_t i = 0; i < n; i++)
		values[i] = fmod((i + 1) * step, 1);
}

#define GOLDEN 0.6180339887498949
#define PLASTIC 0.7548776662466927

static CpStatus
reference_of(CpContext *context, const double *values, uint32_t n, CpReference *reference)
{
	return cp_profile_feature(context, values, NULL, n, false, 0, reference);
}

/* Counted as by hand, cells by how many cuts are <= the value. */
static CpFeatureDrift
compare(const CpReference *reference, const double *values, uint32_t n)
{
	uint64_t counts[CP_REFERENCE_CELLS + 1] = {0};
	CpCounted counted = {counts, (double) INFINITY, -(double) INFINITY};
	CpFeatureDrift drift;

	for (uint32_t i = 0; i < n; i++)
	{
		if (isnan(values[i]))
			counts[reference->cells]++;
		else
			counts[cp_reference_cell(reference, values[i])]++;
		counted.least = fmin(counted.least, values[i]);
		counted.most = fmax(counted.most, values[i]);
	}
	cp_reference_compare(reference, &counted, &drift);
	return drift;
}

/* The first fine cell of each coarse one, but the first, begins at its cut. */
static uint32_t
coarse_cuts(const CpReference *reference, double *cuts)
{
	uint32_t n = 0;

	for (uint32_t c = 1; c < reference->cells; c++)
		if (reference->groups[c] != reference->groups[c - 1])
			cuts[n++] = reference->cuts[c - 1];
	return n;
}

static void
check_sound(const CpReference *reference, double weight)
{
	double sum = 0;

	CHECK(reference->cells <= CP_REFERENCE_CELLS);
	for (uint32_t c = 0; c < reference->cells; c++)
	{
		CHECK(c < 2 || reference->cuts[c - 1] > reference->cuts[c - 2]);
		CHECK(c == 0 ? reference->groups[0] == 0
		             : reference->groups[c] - reference->groups[c - 1] <= 1);
		sum += reference->weights[c];
	}
	CHECK_EQUAL(reference->coarse - 1, reference->groups[reference->cells - 1]);
	CHECK_CLOSE(weight, sum, 1e-9 * weight);
}

static void
deciles_of_numpy(void)
{
	static const double deciles[] = {10.010131710180303, 20.020263420360607, 30.03039513054091,
	                                 40.05865099486982,  49.97734480731424,  59.98747651749454,
	                                 70.02932549743491,  79.93442619426787,  89.94455790444817};
	CpContext *context = unit_context();
	double before[ROWS], now[CURRENT], cuts[CP_REFERENCE_CUTS];
	CpReference reference;
	CpFeatureDrift drift;

	fill_evenly(before, ROWS, GOLDEN);
	fill_evenly(now, CURRENT, PLASTIC);
	for (int i = 0; i < ROWS; i++)
		before[i] *= 100;
	for (int i = 0; i < CURRENT; i++)
		now[i] = pow(now[i], 1.3) * 100;
	REQUIRE_OK(reference_of(context, before, ROWS, &reference));
	check_sound(&reference, ROWS);
	/* 128/256 is 5/10. */
	CHECK_EQUAL(256 + 8, reference.cells);
	CHECK_EQUAL(10, reference.coarse);
	CHECK_EQUAL(9, coarse_cuts(&reference, cuts));
	for (int k = 0; k < 9; k++)
		CHECK_RELATIVE(deciles[k], cuts[k], 1e-12);
	drift = compare(&reference, now, CURRENT);
	CHECK_CLOSE(0.06264021456399471, drift.cells.psi, 1e-12);
	CHECK_CLOSE(0.029840054043431527, drift.cells.kl_reference, 1e-12);
	CHECK_CLOSE(0.007764102528021811, drift.cells.js, 1e-12);
	CHECK_RELATIVE(27.811217923971736, drift.chi2.statistic, 1e-12);
	CHECK_EQUAL(9, drift.chi2.df);
	CHECK_RELATIVE(0.0010256571215425077, drift.chi2.p, 1e-9);
	CHECK_RELATIVE(9 * (1.0 / ROWS + 1.0 / CURRENT), drift.chance, 1e-12);
	CHECK(drift.ks <= 0.101 + 1e-12 && drift.ks >= 0.101 - 5.0 / ROWS);
	CHECK_CLOSE(0.23127146292543882, drift.wasserstein, 0.004);
	CHECK(isnan(drift.unseen));
}

static void
few_values_are_exact(void)
{
	CpContext *context = unit_context();
	double before[ROWS], now[CURRENT];
	CpReference reference;
	CpFeatureDrift drift;

	fill_evenly(before, ROWS, GOLDEN);
	fill_evenly(now, CURRENT, PLASTIC);
	for (int i = 0; i < ROWS; i++)
		before[i] = floor(before[i] * before[i] * 7);
	for (int i = 0; i < CURRENT; i++)
		now[i] = floor(now[i] * 7);
	REQUIRE_OK(reference_of(context, before, ROWS, &reference));
	drift = compare(&reference, now, CURRENT);
	CHECK_CLOSE(0.24775, drift.ks, 1e-12);
	CHECK_CLOSE(0.5394121443252832, drift.wasserstein, 1e-9);
	/* Nearly none of these were there before. */
	for (int i = 0; i < CURRENT; i++)
		now[i] += 0.5;
	drift = compare(&reference, now, CURRENT);
	CHECK(drift.cells.psi > 1 && drift.ks > 0.24);
}

/* --- shapes ----------------------------------------------------------------- */

/* How many rows have the value 0, the others 1; the coarse cells to be expected with weight. */
static CpStatus
reference_of_two(CpContext *context, uint32_t zeros, CpReference *reference)
{
	double values[ROWS];

	for (uint32_t i = 0; i < ROWS; i++)
		values[i] = i >= zeros;
	return reference_of(context, values, ROWS, reference);
}

/* Weight in the cell that begins with this cut; -1: there is none. */
static double
weight_from(const CpReference *reference, double cut)
{
	for (uint32_t c = 1; c < reference->cells; c++)
		if (reference->cuts[c - 1] == cut)
			return reference->weights[c];
	return -1;
}

static void
two_values_are_told_apart(void)
{
	static const uint32_t zeros[] = {50, 300, 500, 950, 999};

	for (size_t z = 0; z < COUNT(zeros); z++)
	{
		CpContext *context = unit_context();
		CpReference reference;
		double values[ROWS];
		double share = zeros[z] / (double) ROWS;
		CpFeatureDrift drift;

		REQUIRE_OK(reference_of_two(context, zeros[z], &reference));
		check_sound(&reference, ROWS);
		CHECK_CLOSE(ROWS - zeros[z], weight_from(&reference, 1), 0);
		for (int i = 0; i < ROWS; i++)
			values[i] = i >= 500;
		drift = compare(&reference, values, ROWS);
		CHECK_CLOSE(fabs(share - 0.5), drift.ks, 1e-12);
		CHECK_CLOSE(fabs(share - 0.5) / sqrt(share * (1 - share)), drift.wasserstein, 1e-9);
		CHECK_CLOSE((0.5 - share) * log(0.5 / share) + (share - 0.5) * log(0.5 / (1 - share)),
		            drift.cells.psi, 1e-12);
	}
}

/* 60 % are 0, the others spread: all deciles up to the sixth are 0. */
static void
mostly_zero(void)
{
	CpContext *context = unit_context();
	double values[ROWS], now[ROWS], cuts[CP_REFERENCE_CUTS];
	CpReference reference;
	CpFeatureDrift drift;

	for (int i = 0; i < ROWS; i++)
	{
		values[i] = i < 600 ? 0 : i;
		now[i] = i < 300 ? 0 : i;
	}
	REQUIRE_OK(reference_of(context, values, ROWS, &reference));
	check_sound(&reference, ROWS);
	/* 0, what is just above it, the sixth (between 0 and 600) to ninth */
	CHECK_EQUAL(6, coarse_cuts(&reference, cuts));
	CHECK(cuts[0] == 0 && cuts[1] > 0 && cuts[1] < DBL_MIN);
	CHECK_CLOSE(600, weight_from(&reference, 0), 0);
	/* The others begin where the least of them is. */
	CHECK(weight_from(&reference, 600) > 0);
	drift = compare(&reference, now, ROWS);
	CHECK_CLOSE(0.3, drift.ks, 0.005);
	CHECK(drift.cells.psi > 0.3);
	drift = compare(&reference, values, ROWS);
	CHECK_CLOSE(0, drift.cells.psi, 0);
	CHECK_CLOSE(0, drift.ks, 0);
	CHECK_CLOSE(0, drift.wasserstein, 0);
}

/* One value: what leaves it to either side is seen. */
static void
one_value(void)
{
	static const double moved[] = {6.9, 7.1, -(double) INFINITY, (double) INFINITY};
	CpContext *context = unit_context();
	double values[20], now[20];
	CpReference reference;
	CpFeatureDrift drift;

	for (int i = 0; i < 20; i++)
		values[i] = 7;
	REQUIRE_OK(reference_of(context, values, 20, &reference));
	CHECK_EQUAL(3, reference.cells);
	drift = compare(&reference, values, 20);
	CHECK_CLOSE(0, drift.cells.psi, 0);
	CHECK_CLOSE(0, drift.ks, 0);
	CHECK_CLOSE(0, drift.wasserstein, 0);
	CHECK_CLOSE(1, drift.chi2.p, 0);
	for (size_t m = 0; m < COUNT(moved); m++)
	{
		for (int i = 0; i < 20; i++)
			now[i] = moved[m];
		drift = compare(&reference, now, 20);
		CHECK(drift.cells.psi > 18 && drift.chi2.p < 1e-6);
		CHECK_CLOSE(1, drift.ks, 0);
		CHECK_CLOSE(isinf(moved[m]) ? (double) NAN : (double) INFINITY, drift.wasserstein, 0);
	}
}

static void
infinite_and_huge(void)
{
	static const double values[] = {
		-(double) INFINITY, -(double) INFINITY, -1e300, 0, 5e-324, 1e300, DBL_MAX,
		(double) INFINITY};
	CpContext *context = unit_context();
	CpReference reference;
	CpFeatureDrift drift;

	REQUIRE_OK(reference_of(context, values, COUNT(values), &reference));
	check_sound(&reference, COUNT(values));
	drift = compare(&reference, values, COUNT(values));
	CHECK_CLOSE(0, drift.ks, 0);
	CHECK_CLOSE(0, drift.cells.psi, 0);
	CHECK(isnan(drift.wasserstein));
	drift = compare(&reference, values + 2, 1);
	CHECK(isfinite(drift.cells.psi) && isfinite(drift.ks));
}

/* Runs of equal quantiles make the most cuts when each is of two. */
static void
most_cuts(void)
{
	CpContext *context = unit_context();
	uint32_t n = 1 << 15;
	double *values;
	CpReference reference;

	REQUIRE_OK(cp_alloc(context, &values, n, sizeof(double)));
	for (uint32_t width = 1; width < 2 * n; width = width * 5 / 4 + 1)
		for (uint32_t shift = 0; shift < 3 * width / 2 && shift < n; shift += width / 3 + 1)
		{
			/* Atoms of this many rows with ten rows of their own between them. */
			for (uint32_t i = 0; i < n; i++)
			{
				uint32_t block = (i + shift) / (width + 10), place = (i + shift) % (width + 10);

				values[i] = block * 1000.0 + (place < width ? 0 : place - width + 1);
			}
			REQUIRE_OK(reference_of(context, values, n, &reference));
			CHECK(reference.cells <= CP_REFERENCE_CELLS);
		}
}

static void
distant_supports(void)
{
	CpContext *context = unit_context();
	double before[ROWS], now[CURRENT];
	CpReference reference;
	CpFeatureDrift drift;

	fill_evenly(before, ROWS, GOLDEN);
	fill_evenly(now, CURRENT, PLASTIC);
	for (int i = 0; i < CURRENT; i++)
		now[i] += 10;
	REQUIRE_OK(reference_of(context, before, ROWS, &reference));
	drift = compare(&reference, now, CURRENT);
	CHECK_CLOSE(1, drift.ks, 1.5 / CP_REFERENCE_FINE);
	/* scipy: a mean is 10 above the other, nearly. */
	CHECK_RELATIVE(10 / reference.sd, drift.wasserstein, 0.005);
	for (int i = 0; i < CURRENT; i++)
		now[i] -= 20;
	drift = compare(&reference, now, CURRENT);
	CHECK_RELATIVE(10 / reference.sd, drift.wasserstein, 0.005);
}

/* Random mixtures of atoms and spread values: KS and Wasserstein near the exact ones. */
static CpStatus
check_near_exact(CpContext *context, uint64_t seed)
{
	double before[ROWS], now[CURRENT], scratch[ROWS], ks, area;
	CpSorted a = {.values = before, .n = ROWS, .total = ROWS};
	CpSorted b = {.values = now, .n = CURRENT, .total = CURRENT};
	CpReference reference;
	CpFeatureDrift drift;
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (int i = 0; i < ROWS; i++)
		before[i] =
			cp_rng_below(&rng, 3) == 0 ? (double) cp_rng_below(&rng, 4) : cp_rng_normal(&rng);
	for (int i = 0; i < CURRENT; i++)
		now[i] = cp_rng_below(&rng, 4) == 0 ? (double) cp_rng_below(&rng, 5)
		                                    : cp_rng_normal(&rng) * 1.3 + 0.2;
	CP_TRY(reference_of(context, before, ROWS, &reference));
	drift = compare(&reference, now, CURRENT);
	CP_TRY(cp_sort_doubles(context, before, scratch, ROWS));
	CP_TRY(cp_sort_doubles(context, now, scratch, CURRENT));
	CP_TRY(cp_ks_distance(context, &a, &b, &ks));
	CP_TRY(cp_wasserstein(context, &a, &b, &area));
	CHECK(drift.ks <= ks + 1e-12 && drift.ks >= ks - 5.0 / ROWS);
	/* In the outermost cells the current values are anything but evenly spread. */
	CHECK_CLOSE(area / reference.sd, drift.wasserstein, 0.03);
	return CP_OK;
}

static void
near_the_exact_distances(void)
{
	for (uint64_t seed = 1; seed <= 50; seed++)
		REQUIRE_OK(check_near_exact(unit_context(), seed));
}

/* --- missing values, weights, categories ---------------------------------------- */

static void
missing_values(void)
{
	CpContext *context = unit_context();
	double values[ROWS], now[CURRENT], none[20];
	CpReference reference, empty;
	CpFeatureDrift drift;

	fill_evenly(values, ROWS, GOLDEN);
	memcpy(now, values, sizeof(now));
	for (int i = 0; i < 240; i++)
		now[i] = (double) NAN;
	for (int i = 0; i < 20; i++)
		none[i] = (double) NAN;
	REQUIRE_OK(reference_of(context, values, ROWS, &reference));
	drift = compare(&reference, now, CURRENT);
	CHECK_CLOSE(0.3, drift.missing, 1e-15);
	CHECK_CLOSE(0, drift.missing_reference, 0);
	CHECK_RELATIVE(2.5081121167199285, drift.gaps.psi, 1e-12);
	CHECK_RELATIVE(0.3558743071819674, drift.gaps.kl_reference, 1e-12);
	CHECK_RELATIVE(2.074528706659811e-95, drift.missing_p, 1e-9);
	CHECK(drift.cells.psi < 0.01 && drift.chi2.p > 0.5);

	drift = compare(&reference, none, 20);
	CHECK(isnan(drift.cells.psi) && isnan(drift.ks) && isnan(drift.wasserstein));
	CHECK(isnan(drift.chi2.p) && drift.missing_p < 1e-9 && drift.missing == 1);

	REQUIRE_OK(reference_of(context, none, 20, &empty));
	CHECK_EQUAL(1, empty.cells);
	drift = compare(&empty, values, ROWS);
	CHECK(isnan(drift.cells.psi) && isnan(drift.ks) && isnan(drift.chi2.p));
	CHECK(drift.missing_p < 1e-9 && drift.missing_reference == 1);
	drift = compare(&empty, none, 20);
	CHECK_CLOSE(0, drift.gaps.psi, 0);
	CHECK_CLOSE(1, drift.missing_p, 0);

	REQUIRE_OK(reference_of(context, none, 0, &empty));
	drift = compare(&empty, values, ROWS);
	CHECK(isnan(drift.gaps.psi) && isnan(drift.missing_p) && isnan(drift.chi2.p));
	drift = compare(&reference, none, 0);
	CHECK(isnan(drift.gaps.psi) && isnan(drift.missing_p) && isnan(drift.chi2.p));
	CHECK(drift.rows == 0);
}

/* Twice the weight is the row twice in the cells; of rows, only uneven weights cost. */
static void
weights_count_rows(void)
{
	CpContext *context = unit_context();
	double values[300], weights[300], twice[600];
	CpReference weighted, doubled;
	uint32_t n = 0;

	fill_evenly(values, 300, GOLDEN);
	for (int i = 0; i < 300; i++)
	{
		values[i] = i % 10 == 0 ? (double) NAN : floor(values[i] * 90) / 10;
		weights[i] = 1 + i % 2;
		for (int copy = 0; copy < weights[i]; copy++)
			twice[n++] = values[i];
	}
	REQUIRE_OK(cp_profile_feature(context, values, weights, 300, false, 0, &weighted));
	REQUIRE_OK(reference_of(context, twice, n, &doubled));
	REQUIRE(weighted.cells == doubled.cells);
	CHECK(memcmp(weighted.cuts, doubled.cuts, (doubled.cells - 1) * sizeof(double)) == 0);
	CHECK(memcmp(weighted.weights, doubled.weights, doubled.cells * sizeof(double)) == 0);
	CHECK_CLOSE(30, weighted.missing, 0);
	CHECK_CLOSE(doubled.missing, weighted.missing, 0);
	CHECK_RELATIVE(doubled.sd, weighted.sd, 1e-12);
	/* (150 + 300)^2 / (150 + 600) */
	CHECK_RELATIVE(270, weighted.rows, 1e-12);
	CHECK_RELATIVE(450, doubled.rows, 1e-12);
}

static void
categories(void)
{
	static const double before[] = {500, 300, 190, 4, 3, 2, 1};
	static const uint64_t now[] = {450, 320, 190, 10, 3, 2, 25, 0};
	CpContext *context = unit_context();
	CpCounted counted = {.counts = now};
	CpReference reference;
	CpFeatureDrift drift;

	REQUIRE_OK(cp_reference_of_levels(context, before, 7, 0, 1000, &reference));
	cp_reference_compare(&reference, &counted, &drift);
	CHECK_CLOSE(0.08930956039372448, drift.cells.psi, 1e-12);
	CHECK_CLOSE(0.026434662735277, drift.cells.kl_reference, 1e-12);
	CHECK_CLOSE(0.008375266425635138, drift.cells.js, 1e-12);
	/* The levels of 3 and 2 rows are one cell. */
	CHECK_RELATIVE(28.002014962965728, drift.chi2.statistic, 1e-12);
	CHECK_EQUAL(5, drift.chi2.df);
	CHECK_RELATIVE(3.636576987502409e-05, drift.chi2.p, 1e-9);
	CHECK_CLOSE(0.025, drift.unseen, 1e-15);
	CHECK(isnan(drift.ks) && isnan(drift.wasserstein));
	/* Worth half as many rows: as if there were half as many of each. */
	reference.rows = 500;
	cp_reference_compare(&reference, &counted, &drift);
	CHECK(drift.chi2.statistic < 28 && drift.chi2.p > 3.7e-5);
	CHECK_CLOSE(0.08930956039372448, drift.cells.psi, 1e-12);
}

/* Rows worth a tenth, an empty level, values missing on both sides; fisher_exact of 2 in 102, 8 in 30. */
static void
few_rows_of_much_weight(void)
{
	static const double before[] = {600, 0, 0, 400};
	static const uint64_t now[] = {11, 0, 0, 11, 8};
	CpContext *context = unit_context();
	CpCounted counted = {.counts = now};
	CpReference reference;
	CpFeatureDrift drift;

	REQUIRE_OK(cp_reference_of_levels(context, before, 4, 20, 102, &reference));
	cp_reference_compare(&reference, &counted, &drift);
	CHECK_RELATIVE(0.00010138410011173687, drift.missing_p, 1e-9);
	CHECK_CLOSE(0.5, drift.unseen, 0);
	CHECK_RELATIVE(1.0 / 100 + 1.0 / 22, drift.chance, 1e-12);
	CHECK_RELATIVE(0.741231703949186, drift.chi2.statistic, 1e-9);
	/* Of 22 rows now, levels of 8 in 132 are expected to have 1.3: they are tested by themselves. */
	reference.weights[1] = reference.weights[2] = 40;
	reference.rows = 110;
	cp_reference_compare(&reference, &counted, &drift);
	CHECK_EQUAL(1, drift.chi2.df);
	/* fisher_exact([[100, 8], [22, 0]]) is .350156; twice that is less than 1 */
	CHECK_RELATIVE(2 * 0.350156256271673, drift.chi2.p, 1e-9);
}

/* Between 0 and 2 evenly spread, and the middle half of that: functions that cross in a cell. */
static void
crossing_functions(void)
{
	double cuts[] = {0, 2}, weights[] = {0, 100, 0};
	uint16_t groups[] = {0, 1, 2};
	static const uint64_t now[] = {0, 100, 0, 0};
	CpReference reference = {3, 3, cuts, groups, weights, 0, 100, 0, 2, 1};
	CpCounted counted = {now, 0.5, 1.5};
	CpFeatureDrift drift;

	cp_reference_compare(&reference, &counted, &drift);
	/* Each quantile u is at 2 u and at 0.5 + u: the mean of |u - 0.5| */
	CHECK_CLOSE(0.25, drift.wasserstein, 1e-15);
}

/* --- bytes and the host ------------------------------------------------------------ */

static CpStatus
write_and_read(CpContext *context, const CpReference *reference, CpReference *back)
{
	CpWriter writer;
	CpReader reader;

	cp_writer_begin(&writer, context, MAGIC, 1);
	cp_reference_write(reference, &writer);
	CP_TRY(cp_writer_finish(&writer));
	CP_TRY(cp_reader_open(&reader, context, writer.bytes, writer.length, MAGIC, 1));
	CP_TRY(cp_reference_read(back, &reader));
	return cp_reader_close(&reader);
}

static void
bytes_read_back(void)
{
	static const double levels[] = {5, 0, 3};
	CpContext *context = unit_context();
	double values[ROWS];
	CpReference reference, back;

	fill_evenly(values, ROWS, GOLDEN);
	values[0] = (double) NAN;
	REQUIRE_OK(reference_of(context, values, ROWS, &reference));
	REQUIRE_OK(write_and_read(context, &reference, &back));
	CHECK(back.cells == reference.cells && back.coarse == reference.coarse);
	CHECK(memcmp(back.cuts, reference.cuts, (back.cells - 1) * sizeof(double)) == 0);
	CHECK(memcmp(back.groups, reference.groups, back.cells * sizeof(uint16_t)) == 0);
	CHECK(memcmp(back.weights, reference.weights, back.cells * sizeof(double)) == 0);
	CHECK(back.missing == 1 && back.rows == ROWS && back.sd == reference.sd);
	CHECK(back.least == reference.least && back.most == reference.most);
	REQUIRE_OK(reference_of(context, values, 1, &reference));
	REQUIRE_OK(write_and_read(context, &reference, &back));
	CHECK(back.cells == 1 && back.cuts != NULL && isnan(back.sd));
	REQUIRE_OK(cp_reference_of_levels(context, levels, 3, 2, 10, &reference));
	REQUIRE_OK(write_and_read(context, &reference, &back));
	CHECK(back.cells == 3 && back.cuts == NULL && back.weights[2] == 3 && back.missing == 2);
}

/* What cannot be: each change to a good one is refused. */
static void
forged_fields(void)
{
	for (int change = 0; change <= 11; change++)
	{
		CpContext *context = unit_context();
		double values[] = {1, 2, 3, 4, 5, 6, 7, 8};
		CpReference reference, back;

		REQUIRE_OK(reference_of(context, values, COUNT(values), &reference));
		switch (change)
		{
			case 1:
				reference.cuts[1] = reference.cuts[0];
				break;
			case 2:
				reference.cuts[1] = (double) NAN;
				break;
			case 3:
				reference.weights[0] = -1;
				break;
			case 4:
				reference.weights[0] = (double) INFINITY;
				break;
			case 5:
				reference.groups[0] = 1;
				break;
			case 6:
				reference.groups[5] = UINT16_MAX;
				break;
			case 7:
				reference.coarse = 0;
				break;
			case 8:
				reference.coarse++;
				break;
			case 9:
				reference.sd = -1;
				break;
			case 10:
				reference.least = reference.most + 1;
				break;
			case 11:
				reference.rows = (double) NAN;
				break;
		}
		CHECK_STATUS(change == 0 ? CP_OK : CP_CORRUPT, write_and_read(context, &reference, &back));
	}
}

static CpStatus
work(CpContext *context)
{
	double values[ROWS], weights[ROWS];
	CpReference reference, back;

	fill_evenly(values, ROWS, GOLDEN);
	for (int i = 0; i < ROWS; i++)
		weights[i] = 1;
	CP_TRY(cp_profile_feature(context, values, weights, ROWS, false, 0, &reference));
	return write_and_read(context, &reference, &back);
}

static void
host_refuses(void)
{
	unit_host_refuses(work, 11, 3, 8000);
}

void
test_reference(void)
{
	UNIT_CASE("deciles and divergences are numpy's", deciles_of_numpy);
	UNIT_CASE("few values are compared exactly", few_values_are_exact);
	UNIT_CASE("two values are told apart", two_values_are_told_apart);
	UNIT_CASE("a column that is mostly 0", mostly_zero);
	UNIT_CASE("one value", one_value);
	UNIT_CASE("infinite and huge values", infinite_and_huge);
	UNIT_CASE("cuts keep their bound", most_cuts);
	UNIT_CASE("distant supports", distant_supports);
	UNIT_CASE("distances are near the exact ones", near_the_exact_distances);
	UNIT_CASE("missing values", missing_values);
	UNIT_CASE("weights count rows", weights_count_rows);
	UNIT_CASE("categories", categories);
	UNIT_CASE("few rows of much weight", few_rows_of_much_weight);
	UNIT_CASE("distribution functions that cross in a cell", crossing_functions);
	UNIT_CASE("bytes read back", bytes_read_back);
	UNIT_CASE("forged fields are refused", forged_fields);
	UNIT_CASE("memory and cancel", host_refuses);
}
