/*
 * test_profile.c: a profile counts as its references do, and reads back what was written.
 */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/hash.h"
#include "num/rng.h"
#include "stats/profile.h"

extern void test_profile(void);

#define ROWS 600
#define FEATURES 3
#define LEVELS 4 /* of the last feature, with "other" */

static const uint32_t cells_of_model[FEATURES] = {0, 0, LEVELS};

static void
draw(double *vectors, uint64_t seed)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (uint32_t i = 0; i < ROWS; i++)
	{
		double *vector = vectors + (size_t) i * FEATURES;

		vector[0] = i % 11 == 0 ? (double) NAN : cp_rng_normal(&rng);
		vector[1] = (double) cp_rng_below(&rng, 5);
		vector[2] = i % 13 == 0 ? (double) NAN : (double) cp_rng_below(&rng, LEVELS);
	}
}

static CpStatus
make_profile(CpContext *context, const double *vectors, CpProfile *profile)
{
	double values[ROWS];

	CP_TRY(cp_profile_init(profile, context, FEATURES));
	for (uint32_t f = 0; f < FEATURES; f++)
	{
		for (uint32_t i = 0; i < ROWS; i++)
			values[i] = vectors[(size_t) i * FEATURES + f];
		profile->categories[f] = cells_of_model[f] > 0;
		CP_TRY(cp_profile_feature(context, values, NULL, ROWS, profile->categories[f],
		                          cells_of_model[f], &profile->features[f]));
	}
	profile->churn_rate = 0.25;
	profile->rows = ROWS;
	profile->sample_rows = 50;
	CP_TRY(cp_alloc(context, &profile->sample, (size_t) 50 * FEATURES, sizeof(double)));
	memcpy(profile->sample, vectors, (size_t) 50 * FEATURES * sizeof(double));
	for (uint32_t i = 0; i < ROWS; i++)
		values[i] = i / (double) ROWS;
	return cp_profile_feature(context, values, NULL, ROWS, false, 0, &profile->score);
}

static CpStatus
count(CpContext *context, const CpProfile *profile, const double *vectors, CpCounter *counter,
      CpTallied *tallied)
{
	CP_TRY(cp_counter_init(counter, context, profile));
	CP_TRY(cp_tallied_init(tallied, context, counter));
	for (uint32_t i = 0; i < ROWS; i++)
		cp_count_vector(counter, tallied, vectors + (size_t) i * FEATURES);
	return CP_OK;
}

/* The same rows again: nothing has moved, to the last bit. */
static void
the_same_rows(void)
{
	CpContext *context = unit_context();
	double vectors[ROWS * FEATURES];
	CpFeatureDrift drifts[FEATURES];
	CpProfile profile;
	CpCounter counter;
	CpTallied tallied;

	draw(vectors, 1);
	REQUIRE_OK(make_profile(context, vectors, &profile));
	REQUIRE_OK(count(context, &profile, vectors, &counter, &tallied));
	cp_compare_all(&counter, &tallied, drifts);
	for (int f = 0; f < FEATURES; f++)
	{
		CHECK_CLOSE(0, drifts[f].cells.psi, 0);
		CHECK_CLOSE(0, drifts[f].gaps.psi, 0);
		CHECK_CLOSE(ROWS, drifts[f].rows, 0);
	}
	CHECK_CLOSE(0, drifts[0].wasserstein, 1e-12);
	CHECK_CLOSE(0, drifts[1].ks, 0);
}

/* Blocks of cuts find the cell that a search finds: at cuts, between and beyond them. */
static void
blocks_find_cells(void)
{
	static const uint32_t sizes[] = {1, 2, 15, 16, 17, 31, 32, 33, 64, 200, 273};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
	{
		CpContext *context = unit_context();
		double cuts[300], weights[300] = {0};
		uint16_t groups[300] = {0};
		CpReference reference = {
			.cells = sizes[s] + 1, .coarse = 1, .cuts = cuts, .groups = groups, .weights = weights};
		bool category = false;
		CpProfile profile = {.count = 1, .features = &reference, .categories = &category};
		CpCounter counter;
		CpTallied tallied;

		for (uint32_t c = 0; c < sizes[s]; c++)
			cuts[c] = c == 0 ? -DBL_MAX : c * c / 3.0;
		REQUIRE_OK(cp_counter_init(&counter, context, &profile));
		for (uint32_t c = 0; c < sizes[s]; c++)
			for (int side = -1; side <= 1; side++)
			{
				double value = side < 0   ? nextafter(cuts[c], -INFINITY)
				               : side > 0 ? nextafter(cuts[c], INFINITY)
				                          : cuts[c];

				REQUIRE_OK(cp_tallied_init(&tallied, context, &counter));
				cp_count_vector(&counter, &tallied, &value);
				CHECK_EQUAL(1, tallied.counts[cp_reference_cell(&reference, value)]);
				CHECK_EQUAL(0, tallied.counts[reference.cells]);
			}
	}
}

/* A code that the reference has no cell for is one of "other"; NaN has a place of its own. */
static void
odd_codes(void)
{
	CpContext *context = unit_context();
	double vectors[ROWS * FEATURES];
	double odd[FEATURES] = {(double) INFINITY, (double) NAN, 200};
	CpProfile profile;
	CpCounter counter;
	CpTallied tallied;

	draw(vectors, 2);
	REQUIRE_OK(make_profile(context, vectors, &profile));
	REQUIRE_OK(cp_counter_init(&counter, context, &profile));
	REQUIRE_OK(cp_tallied_init(&tallied, context, &counter));
	cp_count_vector(&counter, &tallied, odd);
	CHECK_EQUAL(1, tallied.counts[counter.offsets[1] - 2]);
	CHECK_EQUAL(1, tallied.counts[counter.offsets[2] - 1]);
	CHECK_EQUAL(1, tallied.counts[counter.offsets[2] + LEVELS - 1]);
	CHECK_EQUAL(1, tallied.rows);
}

static void
sample_sizes(void)
{
	CHECK_EQUAL(CP_PROFILE_ROWS, cp_profile_sample_size(1));
	CHECK_EQUAL(CP_PROFILE_ROWS, cp_profile_sample_size(20));
	CHECK_EQUAL(262, cp_profile_sample_size(1000));
}

/* --- bytes --- */

static void
bytes_round_trip(void)
{
	CpContext *context = unit_context();
	double vectors[ROWS * FEATURES], later[ROWS * FEATURES];
	CpFeatureDrift before[FEATURES], after[FEATURES];
	CpProfile profile, again;
	CpCounter counter;
	CpTallied tallied;
	CpWriter writer;

	draw(vectors, 3);
	draw(later, 4);
	REQUIRE_OK(make_profile(context, vectors, &profile));
	REQUIRE_OK(count(context, &profile, later, &counter, &tallied));
	cp_compare_all(&counter, &tallied, before);
	REQUIRE_OK(cp_profile_write(&profile, context, &writer));
	REQUIRE_OK(
		cp_profile_read(&again, context, cells_of_model, FEATURES, writer.bytes, writer.length));
	REQUIRE_OK(count(context, &again, later, &counter, &tallied));
	cp_compare_all(&counter, &tallied, after);
	for (int f = 0; f < FEATURES; f++)
		CHECK_CLOSE(before[f].cells.psi, after[f].cells.psi, 0);
	CHECK_CLOSE(0.25, again.churn_rate, 0);
	CHECK_EQUAL(50, again.sample_rows);
	for (int i = 0; i < 50 * FEATURES; i++)
		CHECK_CLOSE(profile.sample[i], again.sample[i], 0);
	CHECK_EQUAL(profile.score.cells, again.score.cells);
}

/* A profile of another model's features, or one that is none, or flipped under a right checksum. */
static void
hostile_bytes(void)
{
	static const uint32_t others[FEATURES] = {0, LEVELS, 0}, fewer[FEATURES] = {0, 0, LEVELS - 1};
	CpContext *context = unit_context();
	double vectors[ROWS * FEATURES];
	CpProfile profile;
	CpWriter writer;

	draw(vectors, 5);
	REQUIRE_OK(make_profile(context, vectors, &profile));
	REQUIRE_OK(cp_profile_write(&profile, context, &writer));
	CHECK_STATUS(CP_CORRUPT,
	             cp_profile_read(&profile, context, others, FEATURES, writer.bytes, writer.length));
	CHECK_STATUS(CP_CORRUPT,
	             cp_profile_read(&profile, context, fewer, FEATURES, writer.bytes, writer.length));
	CHECK_STATUS(CP_CORRUPT, cp_profile_read(&profile, context, cells_of_model, FEATURES - 1,
	                                         writer.bytes, writer.length));
	for (size_t at = CP_ENVELOPE_LENGTH; at < writer.length; at += 1 + at / 64)
	{
		uint64_t hash;
		CpStatus status;

		writer.bytes[at] ^= 0xff;
		hash =
			cp_hash_bytes(writer.bytes + CP_ENVELOPE_LENGTH, writer.length - CP_ENVELOPE_LENGTH, 1);
		for (int k = 0; k < 8; k++)
			writer.bytes[24 + k] = (uint8_t) (hash >> (8 * k));
		status = cp_profile_read(&profile, context, cells_of_model, FEATURES, writer.bytes,
		                         writer.length);
		CHECK(status == CP_OK || status == CP_CORRUPT);
		writer.bytes[at] ^= 0xff;
	}
}

static CpStatus
work(CpContext *context)
{
	double vectors[ROWS * FEATURES];
	CpProfile profile;
	CpCounter counter;
	CpTallied tallied;
	CpWriter writer;

	draw(vectors, 6);
	CP_TRY(make_profile(context, vectors, &profile));
	CP_TRY(cp_profile_write(&profile, context, &writer));
	CP_TRY(
		cp_profile_read(&profile, context, cells_of_model, FEATURES, writer.bytes, writer.length));
	return count(context, &profile, vectors, &counter, &tallied);
}

static void
host_refuses(void)
{
	CpContext *context = unit_context();
	size_t allocations;

	REQUIRE_OK(work(context));
	allocations = unit_allocations();
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, work(context));
	}
	context = unit_context();
	context->budget = 3000;
	CHECK_STATUS(CP_OVER_BUDGET, work(context));
}

void
test_profile(void)
{
	UNIT_CASE("the same rows have not moved", the_same_rows);
	UNIT_CASE("blocks of cuts find the cell that a search finds", blocks_find_cells);
	UNIT_CASE("codes without a cell, infinities, NaN", odd_codes);
	UNIT_CASE("a sample keeps to its rows and bytes", sample_sizes);
	UNIT_CASE("bytes read back the same", bytes_round_trip);
	UNIT_CASE("hostile bytes", hostile_bytes);
	UNIT_CASE("memory and budget", host_refuses);
}
