/*
 * test_assignment.c: units' places against SipHash in Python, ranges against what may move.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "num/rng.h"
#include "stats/assignment.h"

extern void test_assignment(void);

#define MOST_ARMS 8
#define KEYS 200
#define UNITS 2000
#define CELLS 16
#define ROUNDING 1e-9 /* of a range's end, after many changes */

/* SipHash-2-4 written in Python, checked against the paper's vector; >> 11, / 2**53. */
static void
places_are_siphash(void)
{
	static const uint64_t small[2] = {1, 2};
	static const uint64_t large[2] = {UINT64_C(0xdeadbeef12345678), UINT64_C(0x0123456789abcdef)};

	CHECK(cp_unit_place(small, "42", 2) == 0.4170521738956714);
	CHECK(cp_unit_place(small, "customer-0000017", 16) == 0.11662989522064249);
	CHECK(cp_unit_place(large, "42", 2) == 0.3740809685324893);
	CHECK(cp_unit_place(small, "", 0) == 0.5240582949207195);
}

static double
place_of(uint64_t salt, int unit)
{
	uint64_t key[2] = {salt, 7};
	char name[16];

	return cp_unit_place(key, name, (size_t) snprintf(name, sizeof(name), "%d", unit));
}

/* Pearson's statistic of counts that are expected to be alike. */
static double
chi2_of(const int counts[CELLS])
{
	double expected = (double) UNITS / CELLS, sum = 0;

	for (int cell = 0; cell < CELLS; cell++)
		sum += (counts[cell] - expected) * (counts[cell] - expected) / expected;
	return sum;
}

/* The sum over all keys has 15 x 200 degrees of freedom; 24.996 is passed once in twenty. */
static void
check_chi2(const double statistics[KEYS])
{
	double sum = 0;
	int beyond = 0;

	for (int key = 0; key < KEYS; key++)
	{
		sum += statistics[key];
		beyond += statistics[key] > 24.995790;
	}
	CHECK_CLOSE((CELLS - 1) * KEYS, sum, 3.5 * sqrt(2.0 * (CELLS - 1) * KEYS));
	CHECK_CLOSE(0.05 * KEYS, beyond, 3.5 * sqrt(0.05 * 0.95 * KEYS));
}

static void
places_are_uniform(void)
{
	double statistics[KEYS];

	for (int salt = 0; salt < KEYS; salt++)
	{
		int counts[CELLS] = {0};

		for (int unit = 0; unit < UNITS; unit++)
			counts[(int) (place_of((uint64_t) salt, unit) * CELLS)]++;
		statistics[salt] = chi2_of(counts);
	}
	check_chi2(statistics);
}

/* A quarter under one key and a quarter under the next: sixteen cells of equal probability. */
static void
keys_are_independent(void)
{
	double statistics[KEYS];

	for (int salt = 0; salt < KEYS; salt++)
	{
		int counts[CELLS] = {0};

		for (int unit = 0; unit < UNITS; unit++)
			counts[(int) (place_of((uint64_t) salt, unit) * 4) * 4 +
			       (int) (place_of((uint64_t) salt + 1, unit) * 4)]++;
		statistics[salt] = chi2_of(counts);
	}
	check_chi2(statistics);
}

/* ---- ranges ---- */

static double
begin_of(const CpRanges *ranges, uint32_t k)
{
	return k == 0 ? 0 : ranges->to[k - 1];
}

/* Ranges in order up to 1, neighbours of different arms, each arm its share. */
static void
check_shares(const CpRanges *ranges, const double *shares, uint32_t arms)
{
	double held[MOST_ARMS] = {0};

	REQUIRE(ranges->count > 0 && ranges->count <= CP_MAX_RANGES);
	for (uint32_t k = 0; k < ranges->count; k++)
	{
		REQUIRE(ranges->arm[k] < arms && ranges->to[k] > begin_of(ranges, k));
		CHECK(k == 0 || ranges->arm[k] != ranges->arm[k - 1]);
		held[ranges->arm[k]] += ranges->to[k] - begin_of(ranges, k);
	}
	CHECK(ranges->to[ranges->count - 1] == 1);
	for (uint32_t arm = 0; arm < arms; arm++)
		CHECK_CLOSE(shares[arm], held[arm], ROUNDING);
}

static void
check_ranges(const CpRanges *ranges, uint32_t count, const double *to, const uint32_t *arm)
{
	REQUIRE(CHECK_EQUAL(count, ranges->count));
	for (uint32_t k = 0; k < count; k++)
	{
		CHECK_CLOSE(to[k], ranges->to[k], 1e-15);
		CHECK_EQUAL(arm[k], ranges->arm[k]);
	}
}

static void
a_range_for_each_arm(void)
{
	static const double shares[] = {0.5, 0.25, 0, 0.25}, to[] = {0.5, 0.75, 1};
	static const uint32_t arm[] = {0, 1, 3};
	CpRanges ranges;

	cp_ranges_begin(&ranges, shares, 4);
	check_ranges(&ranges, 3, to, arm);
	CHECK_EQUAL(0, cp_ranges_arm(&ranges, 0));
	CHECK_EQUAL(0, cp_ranges_arm(&ranges, nextafter(0.5, 0)));
	CHECK_EQUAL(1, cp_ranges_arm(&ranges, 0.5));
	CHECK_EQUAL(3, cp_ranges_arm(&ranges, 0.75));
	CHECK_EQUAL(3, cp_ranges_arm(&ranges, nextafter(1, 0)));
}

/* Also where the shares, added up, are a bit less: 0.7 + 0.1 + 0.2 is. */
static void
the_last_range_ends_at_1(void)
{
	static const double less[] = {0.7, 0.1, 0.2}, thirds[] = {1.0 / 3, 1.0 / 3, 1.0 / 3};
	CpRanges ranges;

	cp_ranges_begin(&ranges, less, 3);
	check_shares(&ranges, less, 3);
	cp_ranges_begin(&ranges, thirds, 3);
	check_shares(&ranges, thirds, 3);
}

/* By hand: arm 0 keeps its first 0.2, arm 1 its first 0.3, the new arm has what they give up. */
static void
change_by_hand(void)
{
	static const double halves[] = {0.5, 0.5}, three[] = {0.2, 0.3, 0.5};
	static const double to[] = {0.2, 0.5, 0.8, 1}, all[] = {0, 0, 1}, one[] = {1};
	static const uint32_t arm[] = {0, 2, 1, 2}, last[] = {2};
	CpRanges ranges;

	cp_ranges_begin(&ranges, halves, 2);
	REQUIRE_OK(cp_ranges_change(unit_context(), &ranges, three, 3));
	check_ranges(&ranges, 4, to, arm);
	CHECK_EQUAL(0, unit_live_blocks());
	REQUIRE_OK(cp_ranges_change(unit_context(), &ranges, three, 3));
	check_ranges(&ranges, 4, to, arm);
	REQUIRE_OK(cp_ranges_change(unit_context(), &ranges, all, 3));
	check_ranges(&ranges, 1, one, last);
}

/* moved[i][j]: places of arm i before and of arm j after, by walking both at once. */
static void
overlay(const CpRanges *before, const CpRanges *after, double moved[MOST_ARMS][MOST_ARMS])
{
	double from = 0;

	memset(moved, 0, MOST_ARMS * sizeof(*moved));
	for (uint32_t i = 0, j = 0; i < before->count && j < after->count;)
	{
		double to = fmin(before->to[i], after->to[j]);

		moved[before->arm[i]][after->arm[j]] += to - from;
		from = to;
		i += before->to[i] <= to;
		j += after->to[j] <= to;
	}
}

static void
check_change(const CpRanges *before, const CpRanges *after, const double *old, const double *new,
             uint32_t arms)
{
	double moved[MOST_ARMS][MOST_ARMS];
	double least = 0, sum = 0;

	overlay(before, after, moved);
	for (uint32_t i = 0; i < arms; i++)
	{
		least += fmax(0, old[i] - new[i]);
		if (new[i] >= old[i])
			CHECK_CLOSE(old[i], moved[i][i], ROUNDING);
		for (uint32_t j = 0; j < arms; j++)
			sum += i == j ? 0 : moved[i][j];
	}
	CHECK_CLOSE(least, sum, ROUNDING);
}

/* Some arms of none; some shares as they were. */
static void
draw_shares(CpRng *rng, double *shares, uint32_t arms)
{
	double sum = 0;

	for (uint32_t arm = 0; arm < arms; arm++)
		sum += shares[arm] = cp_rng_below(rng, 5) == 0 ? 0 : cp_rng_uniform(rng) + 0.01;
	if (sum == 0)
		sum = shares[0] = 1;
	for (uint32_t arm = 0; arm < arms; arm++)
		shares[arm] /= sum;
}

static void
only_what_must_moves(void)
{
	CpContext *context = unit_context();
	CpRng rng;

	cp_rng_init(&rng, 1, 0);
	for (int run = 0; run < 100; run++)
	{
		uint32_t arms = 2 + (uint32_t) run % (MOST_ARMS - 1);
		double old[MOST_ARMS], new[MOST_ARMS];
		CpRanges before, after;

		draw_shares(&rng, old, arms);
		cp_ranges_begin(&after, old, arms);
		for (int change = 0; change < 20; change++)
		{
			before = after;
			draw_shares(&rng, new, arms);
			REQUIRE_OK(cp_ranges_change(context, &after, new, arms));
			check_shares(&after, new, arms);
			check_change(&before, &after, old, new, arms);
			memcpy(old, new, sizeof(old));
		}
	}
}

/* There and back many times: ends do not wander, and the ranges do not grow in number. */
static void
thirds_come_back(void)
{
	static const double thirds[] = {1.0 / 3, 1.0 / 3, 1.0 / 3}, other[] = {0.1, 0.2, 0.7};
	CpContext *context = unit_context();
	CpRanges before, ranges;

	cp_ranges_begin(&ranges, thirds, 3);
	for (int change = 0; change < 1000; change++)
	{
		before = ranges;
		REQUIRE_OK(cp_ranges_change(context, &ranges, other, 3));
		check_change(&before, &ranges, thirds, other, 3);
		before = ranges;
		REQUIRE_OK(cp_ranges_change(context, &ranges, thirds, 3));
		check_change(&before, &ranges, other, thirds, 3);
	}
	check_shares(&ranges, thirds, 3);
	CHECK(ranges.count < 10);
}

/* Ranges of two arms by turns; a third arm costs one range more. */
static CpStatus
split_by_turns(CpContext *context, uint32_t count, CpRanges *ranges)
{
	double first = (count + 1) / 2 / (double) count, little = 0.5 / count;
	double shares[] = {first - little, 1 - first, little};

	ranges->count = count;
	for (uint32_t k = 0; k < count; k++)
	{
		ranges->to[k] = (k + 1) / (double) count;
		ranges->arm[k] = k % 2;
	}
	CP_TRY(cp_ranges_change(context, ranges, shares, 3));
	check_shares(ranges, shares, 3);
	return CP_OK;
}

static void
too_many_ranges_are_refused(void)
{
	CpContext *context = unit_context();
	CpRanges ranges;

	REQUIRE_OK(split_by_turns(context, CP_MAX_RANGES - 1, &ranges));
	CHECK_EQUAL(CP_MAX_RANGES, ranges.count);
	CHECK_STATUS(CP_BAD_PARAMETER, split_by_turns(context, CP_MAX_RANGES, &ranges));
	CHECK_STRING("There would be more than 1024 ranges.", context->reason);
}

static void
no_memory_leaves_the_ranges(void)
{
	static const double halves[] = {0.5, 0.5}, to[] = {0.5, 1}, other[] = {0.9, 0.1};
	static const uint32_t arm[] = {0, 1};
	CpContext *context = unit_context();
	CpRanges ranges;

	cp_ranges_begin(&ranges, halves, 2);
	unit_fail_allocation(1);
	CHECK_STATUS(CP_NO_MEMORY, cp_ranges_change(context, &ranges, other, 2));
	check_ranges(&ranges, 2, to, arm);
}

void
test_assignment(void)
{
	UNIT_CASE("places are SipHash", places_are_siphash);
	UNIT_CASE("places are uniform under each key", places_are_uniform);
	UNIT_CASE("two keys are independent", keys_are_independent);
	UNIT_CASE("a range for each arm that has a share", a_range_for_each_arm);
	UNIT_CASE("the last range ends at 1", the_last_range_ends_at_1);
	UNIT_CASE("a change by hand", change_by_hand);
	UNIT_CASE("only what must moves", only_what_must_moves);
	UNIT_CASE("thirds come back", thirds_come_back);
	UNIT_CASE("too many ranges are refused", too_many_ranges_are_refused);
	UNIT_CASE("no memory leaves the ranges as they were", no_memory_leaves_the_ranges);
}
