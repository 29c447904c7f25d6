/*
 * test_domain.c: quiet where two samples are alike, and what a classifier finds where not.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/domain.h"
#include "num/rng.h"

#define FEATURES 20
#define MOST 2100
#define NULLS 100

extern void test_domain(void);

static double reference[MOST * FEATURES], current[MOST * FEATURES];

static const CpDictionary no_levels;

/* count numbers, of which the first is a category of `levels` levels when there are any. */
static CpStatus
make_map(CpContext *context, uint32_t count, uint32_t levels, CpFeatureMap *map)
{
	char text[1];
	uint32_t code;

	memset(map, 0, sizeof(*map));
	map->count = count;
	CP_TRY(cp_alloc_zero(context, &map->features, count, sizeof(CpFeature)));
	for (uint32_t f = 0; f < count; f++)
	{
		map->features[f].name = "feature";
		map->features[f].kind = f == 0 && levels > 0 ? CP_CATEGORY : CP_NUMBER;
		map->features[f].levels = no_levels;
		cp_dictionary_init(&map->features[f].levels, context);
	}
	for (uint32_t k = 0; k < levels; k++)
	{
		text[0] = (char) ('a' + k);
		CP_TRY(cp_dictionary_add(&map->features[0].levels, text, 1, &code));
	}
	return CP_OK;
}

static void
draw_normals(uint64_t seed, uint32_t rows, uint32_t count)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (uint32_t i = 0; i < rows * count; i++)
	{
		reference[i] = cp_rng_normal(&rng);
		current[i] = cp_rng_normal(&rng);
	}
}

/* Both sides of the map's numbers; levels as above. */
static CpStatus
compare(uint32_t rows, uint32_t count, uint32_t levels, uint64_t seed, CpDomain *domain)
{
	CpContext *context = unit_context();
	CpFeatureMap map;

	CP_TRY(make_map(context, count, levels, &map));
	return cp_domain_compare(context, &map, reference, rows, current, rows, seed, 0.95, domain);
}

static uint32_t
strongest(const CpDomain *domain, uint32_t count)
{
	uint32_t best = 0;

	for (uint32_t f = 1; f < count; f++)
		if (domain->gains[f] > domain->gains[best])
			best = f;
	return best;
}

static void
check_alike(void)
{
	uint32_t above = 0, below = 0;
	double mean = 0;

	for (uint64_t seed = 0; seed < NULLS; seed++)
	{
		CpDomain domain;

		draw_normals(seed, 500, 5);
		REQUIRE_OK(compare(500, 5, 0, seed, &domain));
		above += domain.range.low > 0.5;
		below += domain.range.high < 0.5;
		mean += domain.auc / NULLS;
	}
	unit_note("of 100: %u above, %u below; mean AUC %.4f", above, below, mean);
	CHECK(above <= 6 && below <= 6);
	/* Three standard errors of the mean. */
	CHECK_CLOSE(0.5, mean, 0.0075);
}

/* One of twenty, by half a standard deviation. */
static void
check_shift(void)
{
	for (uint64_t seed = 1; seed <= 3; seed++)
	{
		double sum = 0;
		CpDomain domain;

		draw_normals(seed, 2000, FEATURES);
		for (uint32_t row = 0; row < 2000; row++)
			current[row * FEATURES + 7] += 0.5;
		REQUIRE_OK(compare(2000, FEATURES, 0, seed, &domain));
		CHECK(domain.range.low > 0.53);
		/* No score does better than the feature itself: Phi(0.5 / sqrt 2) = 0.638. */
		CHECK(domain.auc > 0.58 && domain.auc < 0.66);
		CHECK_EQUAL(7, strongest(&domain, FEATURES));
		for (uint32_t f = 0; f < FEATURES; f++)
			sum += domain.gains[f];
		CHECK_CLOSE(1, sum, 1e-6);
	}
}

/* Every feature alone is as it was; two of them used to rise together and now part. */
static void
check_correlation(void)
{
	CpDomain domain;

	draw_normals(5, 2000, FEATURES);
	for (uint32_t row = 0; row < 2000; row++)
	{
		double *of_reference = &reference[row * FEATURES], *of_current = &current[row * FEATURES];

		of_reference[11] = 0.8 * of_reference[4] + 0.6 * of_reference[11];
		of_current[11] = -0.8 * of_current[4] + 0.6 * of_current[11];
	}
	REQUIRE_OK(compare(2000, FEATURES, 0, 5, &domain));
	unit_note("AUC %.3f", domain.auc);
	CHECK(domain.range.low > 0.6);
	CHECK(domain.gains[4] + domain.gains[11] > 0.5);
}

/* A category of three levels: another that no level is, or nothing, where the first used to be. */
static void
check_categories(void)
{
	static const double instead[] = {0, 3, NAN};
	double auc[3];

	for (int k = 0; k < 3; k++)
	{
		CpDomain domain;
		CpRng rng;

		draw_normals(3, 1000, 4);
		cp_rng_init(&rng, 3, 1);
		for (uint32_t row = 0; row < 1000; row++)
		{
			reference[row * 4] = (double) cp_rng_below(&rng, 3);
			current[row * 4] = (double) cp_rng_below(&rng, 3);
			if (current[row * 4] == 0)
				current[row * 4] = instead[k];
		}
		REQUIRE_OK(compare(1000, 4, 3, 3, &domain));
		auc[k] = domain.auc;
		CHECK(k == 0 ? domain.range.low < 0.5 : domain.range.low > 0.6);
		CHECK(k == 0 || strongest(&domain, 4) == 0);
	}
	CHECK(auc[1] > 0.62 && auc[2] > 0.62);
}

/* A level, others and missing are three things: each takes the place of another one's half. */
static void
check_three_things(void)
{
	static const double things[] = {1, 2, NAN}; /* of two levels */

	for (int of_reference = 0; of_reference < 3; of_reference++)
		for (int of_current = 0; of_current < 3; of_current++)
		{
			CpDomain domain;

			draw_normals(4, 300, 2);
			for (uint32_t row = 0; row < 300; row++)
			{
				reference[row * 2] = row % 2 ? 0 : things[of_reference];
				current[row * 2] = row % 2 ? 0 : things[of_current];
			}
			REQUIRE_OK(compare(300, 2, 2, 4, &domain));
			CHECK((domain.range.low > 0.6) == (of_reference != of_current));
		}
}

static void
check_numbers_at_their_ends(void)
{
	CpDomain domain;

	draw_normals(6, 300, 5);
	for (uint32_t row = 0; row < 300; row++)
	{
		reference[row * 5] = row % 3 ? 1e300 : -1e300;
		current[row * 5] = row % 3 ? INFINITY : -INFINITY;
		reference[row * 5 + 1] = current[row * 5 + 1] = 7;
		reference[row * 5 + 2] = current[row * 5 + 2] = NAN;
		reference[row * 5 + 3] = row;
		current[row * 5 + 3] = row % 2 ? row : NAN;
	}
	REQUIRE_OK(compare(300, 5, 0, 6, &domain));
	CHECK(domain.auc > 0.95 && domain.range.low > 0.9 && domain.range.high <= 1);
	CHECK(domain.gains[1] == 0 && domain.gains[2] == 0 && domain.gains[3] > 0);
	/* Nothing that varies: nothing to tell apart. */
	for (uint32_t row = 0; row < 300; row++)
		reference[row] = current[row] = 1;
	REQUIRE_OK(compare(300, 1, 0, 6, &domain));
	CHECK(domain.auc == 0.5 && domain.gains[0] == 0);
	REQUIRE_OK(compare(300, 0, 0, 6, &domain));
	CHECK(domain.auc == 0.5);
}

/* Too few rows on a side; rows beyond the most; the same from the same rows in another order. */
static void
check_rows(void)
{
	CpContext *context = unit_context();
	CpDomain domain, other;
	CpFeatureMap map;

	draw_normals(7, MOST, 3);
	REQUIRE_OK(make_map(context, 3, 0, &map));
	REQUIRE_OK(cp_domain_compare(context, &map, reference, CP_DOMAIN_LEAST - 1, current, MOST, 1,
	                             0.95, &domain));
	CHECK(isnan(domain.auc) && isnan(domain.range.low) && isnan(domain.range.high));
	CHECK(domain.gains[0] == 0);
	REQUIRE_OK(cp_domain_compare(context, &map, reference, CP_DOMAIN_LEAST, current, MOST, 1, 0.95,
	                             &domain));
	CHECK(isfinite(domain.auc));
	for (uint32_t i = CP_DOMAIN_ROWS * 3; i < MOST * 3; i++)
		current[i] = 1e6;
	REQUIRE_OK(cp_domain_compare(context, &map, reference, CP_DOMAIN_LEAST, current, MOST, 1, 0.95,
	                             &other));
	CHECK(other.auc == domain.auc && other.gains[1] == domain.gains[1]);
	for (uint32_t row = 0; row < CP_DOMAIN_LEAST / 2; row++)
		for (uint32_t f = 0; f < 3; f++)
		{
			double *a = &reference[row * 3 + f];
			double *b = &reference[(CP_DOMAIN_LEAST - 1 - row) * 3 + f];
			double kept = *a;

			*a = *b;
			*b = kept;
		}
	REQUIRE_OK(cp_domain_compare(context, &map, reference, CP_DOMAIN_LEAST, current, MOST, 1, 0.95,
	                             &other));
	CHECK(other.auc == domain.auc && other.range.low == domain.range.low &&
	      other.gains[2] == domain.gains[2]);
	REQUIRE_OK(cp_domain_compare(context, &map, reference, CP_DOMAIN_LEAST, current, MOST, 2, 0.95,
	                             &other));
	CHECK(other.auc != domain.auc);
	for (uint32_t i = CP_DOMAIN_ROWS * 3; i < MOST * 3; i++)
		reference[i] = 1e6;
	REQUIRE_OK(cp_domain_compare(context, &map, reference, MOST, current, CP_DOMAIN_LEAST, 1, 0.95,
	                             &domain));
	REQUIRE_OK(cp_domain_compare(context, &map, reference, CP_DOMAIN_ROWS, current, CP_DOMAIN_LEAST,
	                             1, 0.95, &other));
	CHECK(other.auc == domain.auc);
}

/* The nth allocation fails, or a cancel after so many polls; a success leaves the gains alone. */
static CpStatus
compare_failing(size_t nth, size_t polls)
{
	CpContext *context = unit_context();
	CpFeatureMap map;
	CpDomain domain;
	CpStatus status;
	size_t blocks;

	CP_TRY(make_map(context, 3, 2, &map));
	blocks = unit_live_blocks();
	unit_fail_allocation(nth);
	unit_cancel_after(polls);
	status = cp_domain_compare(context, &map, reference, 150, current, 150, 1, 0.95, &domain);
	CHECK(status != CP_OK || unit_live_blocks() == blocks + 1);
	return status;
}

static void
check_failures(void)
{
	CpStatus status = CP_NO_MEMORY;
	CpContext *context;
	CpFeatureMap map;
	CpDomain domain;

	draw_normals(8, 150, 3);
	for (uint32_t row = 0; row < 150; row++)
		reference[row * 3] = current[row * 3] = row % 2;
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		status = compare_failing(nth, SIZE_MAX);
		CHECK(status == CP_OK || status == CP_NO_MEMORY);
		REQUIRE(nth < 5000);
		CHECK(status != CP_OK || nth > 30);
	}
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls += 7)
	{
		status = compare_failing(0, polls);
		CHECK(status == CP_OK || status == CP_CANCELLED);
		REQUIRE(polls < 20000);
		CHECK(status != CP_OK || polls > 300);
	}
	context = unit_context();
	REQUIRE_OK(make_map(context, 3, 0, &map));
	context->budget = context->used + 20000;
	CHECK_STATUS(CP_OVER_BUDGET,
	             cp_domain_compare(context, &map, reference, 150, current, 150, 1, 0.95, &domain));
}

void
test_domain(void)
{
	UNIT_CASE("samples that are alike are not told apart", check_alike);
	UNIT_CASE("a shift of one of twenty is found, and which", check_shift);
	UNIT_CASE("a correlation that changes its sign is found", check_correlation);
	UNIT_CASE("categories: levels, others, missing", check_categories);
	UNIT_CASE("a level, others and missing are three things", check_three_things);
	UNIT_CASE("huge, infinite, constant and missing numbers", check_numbers_at_their_ends);
	UNIT_CASE("few rows, many rows, their order, the seed", check_rows);
	UNIT_CASE("each allocation that fails, polls, the budget", check_failures);
}
