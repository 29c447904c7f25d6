/*
 * test_profile.c: profiles as bytes, counting into cells.
 */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "num/hash.h"
#include "num/rng.h"
#include "stats/profile.h"

extern void test_profile(void);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define FEATURES 3
#define ROWS 40
#define SAMPLE 4
#define FORMAT 1

/* Numbers, a category of four levels, a number of few values. */
static const uint32_t cells_of[FEATURES] = {0, 4, 0};

static void
draw_vector(CpRng *rng, double *vector)
{
	vector[0] = cp_rng_below(rng, 10) == 0 ? (double) NAN : cp_rng_normal(rng);
	vector[1] = cp_rng_below(rng, 10) == 0 ? (double) NAN : (double) cp_rng_below(rng, 4);
	vector[2] = (double) cp_rng_below(rng, 2);
}

static CpStatus
build(CpContext *context, CpProfile *profile)
{
	double vectors[ROWS][FEATURES], column[ROWS];
	CpRng rng;

	cp_rng_init(&rng, 5, 0);
	for (int i = 0; i < ROWS; i++)
		draw_vector(&rng, vectors[i]);
	CP_TRY(cp_profile_init(profile, context, FEATURES));
	for (int f = 0; f < FEATURES; f++)
	{
		for (int i = 0; i < ROWS; i++)
			column[i] = vectors[i][f];
		profile->categories[f] = cells_of[f] > 0;
		CP_TRY(cp_profile_feature(context, column, NULL, ROWS, cells_of[f] > 0, cells_of[f],
		                          &profile->features[f]));
	}
	CP_TRY(cp_profile_feature(context, column, NULL, ROWS, false, 0, &profile->score));
	profile->churn_rate = 0.25;
	profile->rows = ROWS;
	profile->sample_rows = SAMPLE;
	CP_TRY(cp_alloc(context, &profile->sample, (size_t) SAMPLE * FEATURES, sizeof(double)));
	memcpy(profile->sample, vectors, sizeof(double) * SAMPLE * FEATURES);
	return CP_OK;
}

static CpStatus
count_some(CpContext *context, const CpProfile *profile)
{
	CpCounter counter;
	CpTallied tallied;
	CpFeatureDrift drifts[FEATURES];
	double vector[FEATURES];
	CpRng rng;

	CP_TRY(cp_counter_init(&counter, context, profile));
	CP_TRY(cp_tallied_init(&tallied, context, &counter));
	cp_rng_init(&rng, 6, 0);
	for (int i = 0; i < 8; i++)
	{
		draw_vector(&rng, vector);
		cp_count_vector(&counter, &tallied, vector);
	}
	cp_compare_all(&counter, &tallied, drifts);
	for (int f = 0; f < FEATURES; f++)
		CHECK_CLOSE(8, drifts[f].rows, 0);
	return CP_OK;
}

/* --- bytes ------------------------------------------------------------------ */

static void
bytes_read_back(void)
{
	CpContext *context = unit_context();
	CpProfile profile, back;
	CpWriter first, second;
	const uint32_t others[] = {0, 5, 0};

	REQUIRE_OK(build(context, &profile));
	REQUIRE_OK(cp_profile_write(&profile, context, &first));
	REQUIRE_OK(cp_profile_read(&back, context, cells_of, FEATURES, first.bytes, first.length));
	REQUIRE_OK(cp_profile_write(&back, context, &second));
	REQUIRE(first.length == second.length);
	CHECK(memcmp(first.bytes, second.bytes, first.length) == 0);
	CHECK(back.churn_rate == 0.25 && back.rows == ROWS && back.sample_rows == SAMPLE);
	for (int i = 0; i < SAMPLE * FEATURES; i++)
		CHECK_CLOSE(profile.sample[i], back.sample[i], 0);
	CHECK(!back.categories[0] && back.categories[1] && !back.categories[2]);
	CHECK(back.score.cells > 1);
	CHECK_STATUS(CP_CORRUPT, cp_profile_read(&back, context, cells_of, FEATURES - 1, first.bytes,
	                                         first.length));
	CHECK_STATUS(CP_CORRUPT,
	             cp_profile_read(&back, context, others, FEATURES, first.bytes, first.length));
	/* Nothing but the features. */
	profile.score.cells = 0;
	profile.sample_rows = 0;
	profile.churn_rate = (double) NAN;
	REQUIRE_OK(cp_profile_write(&profile, context, &first));
	REQUIRE_OK(cp_profile_read(&back, context, cells_of, FEATURES, first.bytes, first.length));
	CHECK(back.score.cells == 0 && back.sample_rows == 0 && isnan(back.churn_rate));
}

/* The checksum made right again, as a forger would. */
static void
seal(uint8_t *bytes, size_t length)
{
	uint64_t hash = cp_hash_bytes(bytes + CP_ENVELOPE_LENGTH, length - CP_ENVELOPE_LENGTH, FORMAT);

	for (int i = 0; i < 8; i++)
		bytes[24 + i] = (uint8_t) (hash >> (8 * i));
}

/* Refused, or a profile that can be counted into. */
static bool
try_bytes(const uint8_t *bytes, size_t length)
{
	CpContext *context = unit_context();
	CpProfile profile;
	CpStatus status;

	context->budget = 4 * 1024 * 1024;
	status = cp_profile_read(&profile, context, cells_of, FEATURES, bytes, length);
	if (status != CP_OK)
		return !CHECK_STATUS(CP_CORRUPT, status);
	CHECK(profile.score.cells == 0 || cp_reference_cell(&profile.score, 0.5) < profile.score.cells);
	CHECK_STATUS(CP_OK, count_some(context, &profile));
	return true;
}

/* Each byte in turn, to what is most likely to do harm. */
static void
changed_bytes(void)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	CpContext *context = unit_context();
	CpProfile profile;
	CpWriter writer;
	static uint8_t bytes[1 << 14];
	size_t length, accepted = 0;

	REQUIRE_OK(build(context, &profile));
	REQUIRE_OK(cp_profile_write(&profile, context, &writer));
	length = writer.length;
	REQUIRE(length <= sizeof(bytes));
	memcpy(bytes, writer.bytes, length);
	for (size_t at = CP_ENVELOPE_LENGTH; at < length; at++)
		for (size_t f = 0; f < COUNT(flips); f++)
		{
			bytes[at] ^= flips[f];
			seal(bytes, length);
			accepted += try_bytes(bytes, length);
			bytes[at] ^= flips[f];
		}
	CHECK(accepted > 0 && accepted < COUNT(flips) * length);
	for (size_t end = 0; end < length; end += 7)
		CHECK(!try_bytes(bytes, end));
}

/* Scores are numbers, rates are shares. */
static void
forged_totals(void)
{
	static const double levels[] = {3, 4};
	static const double rates[] = {-0.1, 1.1, (double) INFINITY, -(double) INFINITY};
	CpContext *context = unit_context();
	CpProfile profile, back;
	CpWriter writer;

	REQUIRE_OK(build(context, &profile));
	for (size_t r = 0; r < COUNT(rates); r++)
	{
		profile.churn_rate = rates[r];
		REQUIRE_OK(cp_profile_write(&profile, context, &writer));
		CHECK_STATUS(CP_CORRUPT, cp_profile_read(&back, context, cells_of, FEATURES, writer.bytes,
		                                         writer.length));
	}
	profile.churn_rate = 0.5;
	/* A code that the category has not. */
	profile.sample[1] = cells_of[1];
	REQUIRE_OK(cp_profile_write(&profile, context, &writer));
	CHECK_STATUS(CP_CORRUPT,
	             cp_profile_read(&back, context, cells_of, FEATURES, writer.bytes, writer.length));
	profile.sample[1] = 0;
	REQUIRE_OK(cp_reference_of_levels(context, levels, 2, 0, 7, &profile.score));
	REQUIRE_OK(cp_profile_write(&profile, context, &writer));
	CHECK_STATUS(CP_CORRUPT,
	             cp_profile_read(&back, context, cells_of, FEATURES, writer.bytes, writer.length));
}

static void
sample_sizes(void)
{
	CHECK_EQUAL(CP_PROFILE_ROWS, cp_profile_sample_size(1));
	CHECK_EQUAL(2621, cp_profile_sample_size(100));
	CHECK_EQUAL(131, cp_profile_sample_size(2000));
}

/* --- counting --------------------------------------------------------------- */

/* Of one number with these cuts: is it counted where cp_reference_cell says? */
static void
check_cells(const double *cuts, uint32_t ncuts, const double *values, uint32_t n)
{
	CpContext *context = unit_context();
	CpProfile profile;
	CpCounter counter;
	CpTallied tallied;
	CpReference *feature;

	REQUIRE_OK(cp_profile_init(&profile, context, 1));
	feature = &profile.features[0];
	feature->cells = feature->coarse = ncuts + 1;
	REQUIRE_OK(cp_alloc(context, &feature->cuts, ncuts, sizeof(double)));
	memcpy(feature->cuts, cuts, ncuts * sizeof(double));
	REQUIRE_OK(cp_counter_init(&counter, context, &profile));
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t passed = 0;

		REQUIRE_OK(cp_tallied_init(&tallied, context, &counter));
		cp_count_vector(&counter, &tallied, &values[i]);
		while (passed < ncuts && cuts[passed] <= values[i])
			passed++;
		CHECK_EQUAL(passed, cp_reference_cell(feature, values[i]));
		CHECK_EQUAL(1, tallied.counts[passed]);
		CHECK(tallied.least[0] == values[i] && tallied.most[0] == values[i]);
	}
}

static void
cells_by_blocks(void)
{
	static const uint32_t sizes[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, 48, CP_REFERENCE_CUTS};
	static const double ends[] = {
		-(double) INFINITY, -DBL_MAX, -5e-324, -0.0, 0, 5e-324, DBL_MIN, DBL_MAX,
		(double) INFINITY};
	double cuts[CP_REFERENCE_CUTS], values[3 * CP_REFERENCE_CUTS];

	for (size_t s = 0; s < COUNT(sizes); s++)
	{
		uint32_t n = 0;

		for (uint32_t c = 0; c < sizes[s]; c++)
		{
			cuts[c] = c == sizes[s] / 2 ? 0 : ((double) c - sizes[s] / 2) * 1.1;
			values[n++] = nextafter(cuts[c], -(double) INFINITY);
			values[n++] = cuts[c];
			values[n++] = nextafter(cuts[c], (double) INFINITY);
		}
		check_cells(cuts, sizes[s], values, n);
		check_cells(cuts, sizes[s], ends, COUNT(ends));
		/* Infinite and denormal cuts. */
		if (sizes[s] < 15 || sizes[s] > 33)
			continue;
		cuts[0] = -(double) INFINITY;
		cuts[sizes[s] / 2 + 1] = 5e-324;
		cuts[sizes[s] - 1] = (double) INFINITY;
		check_cells(cuts, sizes[s], ends, COUNT(ends));
	}
}

static void
codes_and_missing(void)
{
	const double vectors[][FEATURES] = {{(double) NAN, 0, 1}, {1, 3, 0},   {2, 4, 0},
	                                    {3, 4e9, 0},          {4, 255, 0}, {5, (double) NAN, 0}};
	CpContext *context = unit_context();
	CpProfile profile;
	CpCounter counter;
	CpTallied tallied;
	const uint64_t *codes;

	REQUIRE_OK(build(context, &profile));
	REQUIRE_OK(cp_counter_init(&counter, context, &profile));
	REQUIRE_OK(cp_tallied_init(&tallied, context, &counter));
	for (size_t i = 0; i < COUNT(vectors); i++)
		cp_count_vector(&counter, &tallied, vectors[i]);
	codes = tallied.counts + counter.offsets[1];
	CHECK(codes[0] == 1 && codes[1] == 0 && codes[2] == 0 && codes[3] == 4 && codes[4] == 1);
	CHECK_EQUAL(1, tallied.counts[profile.features[0].cells]);
	CHECK(tallied.least[0] == 1 && tallied.most[0] == 5);
	CHECK_EQUAL(6, tallied.rows);
}

/* --- the host ---------------------------------------------------------------- */

static CpStatus
work(CpContext *context)
{
	CpProfile profile, back;
	CpWriter writer;

	CP_TRY(build(context, &profile));
	CP_TRY(cp_profile_write(&profile, context, &writer));
	CP_TRY(cp_profile_read(&back, context, cells_of, FEATURES, writer.bytes, writer.length));
	return count_some(context, &back);
}

static void
host_refuses(void)
{
	unit_host_refuses(work, 51, FEATURES + 1, 4000);
}

void
test_profile(void)
{
	UNIT_CASE("bytes read back", bytes_read_back);
	UNIT_CASE("changed bytes do no harm", changed_bytes);
	UNIT_CASE("forged totals are refused", forged_totals);
	UNIT_CASE("the sample has its bounds", sample_sizes);
	UNIT_CASE("cells are found by blocks", cells_by_blocks);
	UNIT_CASE("codes and missing values", codes_and_missing);
	UNIT_CASE("memory, budget and cancel", host_refuses);
}
