/*
 * test_tally.c: sums of money to the last digit.
 */
#include "unit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide/tally.h"
#include "num/rng.h"

extern void test_tally(void);

#define ALL CP_SHARE_UNITS

/* One class; limits in pairs: at most and at least each bound, for money, or for counts. */
static const CpLimits *
pair(bool money, double bound)
{
	static CpLimits limits;

	memset(&limits, 0, sizeof(limits));
	limits.nclasses = 1;
	limits.count = 2;
	limits.applies[0] = 3;
	limits.limits[0] = (CpLimit){money, false, bound};
	limits.limits[1] = (CpLimit){money, true, bound};
	return &limits;
}

/* Is so much money at most, and at least, the bound? */
static void
check_money(double bound, double max_cost, uint32_t n, const double *costs, bool most, bool least)
{
	CpTally tally;

	cp_tally_init(&tally, pair(true, bound), max_cost);
	for (uint32_t i = 0; i < n; i++)
		cp_tally_add(&tally, 0, costs[i], ALL);
	CHECK((cp_tally_excess(&tally, 0) <= 0) == most);
	CHECK((cp_tally_excess(&tally, 1) <= 0) == least);
	CHECK(cp_tally_keeps(&tally) == (most && least));
}

static void
decimals(void)
{
	static const double tenths[] = {0.1, 0.2};
	static const double cents[] = {19.99, 0.01, 1e15, 1e-12};

	check_money(0.3, 0.2, 2, tenths, true, true);
	check_money(0.1 + 0.2, 0.2, 2, tenths, true, false);
	check_money(0.299999999999999, 0.2, 2, tenths, false, true);
	check_money(0.300000000000001, 0.2, 2, tenths, true, false);
	check_money(20, 19.99, 2, cents, true, true);
	check_money(19.99, 19.99, 2, cents, false, true);
	/* What is smaller than the last of 15 digits is a whole unit, or nothing: the safe side. */
	check_money(1e15, 1e15, 1, cents + 2, true, true);
	check_money(1e15, 1e15, 2, cents + 2, false, true);
	check_money(1e15 + 1, 1e15, 2, cents + 2, false, false);
	check_money(1e15 + 10, 1e15, 2, cents + 2, true, false);
}

static void
fractions(void)
{
	static const double thirds[] = {1.0 / 3, 1.0 / 3, 1.0 / 3};

	check_money(1, 1.0 / 3, 3, thirds, false, false);
	check_money(1.00000000000001, 1.0 / 3, 3, thirds, true, false);
	check_money(0.99999999999999, 1.0 / 3, 3, thirds, false, true);
	check_money(1.0 / 3, 1.0 / 3, 1, thirds, false, false);
}

/* mantissa * 10^exponent as it would be read. */
static double
scientific(uint64_t mantissa, int exponent)
{
	char text[40];

	snprintf(text, sizeof(text), "%" PRIu64 "e%d", mantissa, exponent);
	return strtod(text, NULL);
}

/* Seven costs, and a bound that is their sum, a unit less, or a unit more. */
static void
magnitudes(void)
{
	CpRng rng;

	cp_rng_init(&rng, 1, 0);
	for (int exponent = -300; exponent <= 275; exponent++)
	{
		uint64_t sum = 0;
		double costs[7], most = 0;

		for (int i = 0; i < 7; i++)
		{
			/* 13 digits, and 7: all, and their sum, have 15 at most. */
			uint64_t units = 1 + cp_rng_below(&rng, i < 4 ? 10000000000000 : 10000000);

			costs[i] = scientific(units, exponent);
			most = fmax(most, costs[i]);
			sum += units;
		}
		/* Powers of ten are exact up to 27; with others a number may be taken for no decimal. */
		if (abs(exponent) <= 24)
			check_money(scientific(sum, exponent), most, 7, costs, true, true);
		check_money(scientific(sum - 1, exponent), most, 7, costs, false, true);
		check_money(scientific(sum + 1, exponent), most, 7, costs, true, false);
	}
}

/* Doubles that are no short decimals, whose sum is known in units of 2^-52. */
static void
safe_side(void)
{
	CpRng rng;
	int certain = 0;

	cp_rng_init(&rng, 2, 0);
	for (int trial = 0; trial < 2000; trial++)
	{
		int64_t sum = 0, off = (int64_t) cp_rng_below(&rng, 129) - 64;
		double costs[4], bound;
		CpTally tally;

		for (int i = 0; i < 4; i++)
		{
			int64_t units = (int64_t) (cp_rng_bits(&rng) >> 14);

			costs[i] = ldexp((double) units, -52);
			sum += units;
		}
		bound = ldexp((double) (sum + off), -52);
		cp_tally_init(&tally, pair(true, bound), 0.25);
		for (int i = 0; i < 4; i++)
			cp_tally_add(&tally, 0, costs[i], ALL);
		if (off < 0)
			CHECK(cp_tally_excess(&tally, 0) > 0);
		if (off > 0)
			CHECK(cp_tally_excess(&tally, 1) > 0);
		if (labs(off) == 64)
			CHECK(cp_tally_excess(&tally, off < 0) <= 0);
		certain += labs(off) == 64;
		CHECK(!cp_tally_keeps(&tally) || off == 0);
	}
	CHECK(certain > 10);
}

static void
strange_bounds(void)
{
	static const double hundreds[] = {1e14, 1e14, 1e14};
	static const double huge[] = {1e289, 1e289, 1e289};
	static const double ten[] = {10};

	check_money(1e300, 10, 1, ten, true, false);
	check_money(-1e300, 10, 1, ten, false, true);
	check_money(1e300, 0, 0, NULL, true, false);
	check_money(-1e300, 0, 0, NULL, false, true);
	check_money(1e300, 1e289, 3, huge, true, false);
	check_money(1.2345678901234567e300, 1e289, 3, huge, true, false);
	check_money(-1.2345678901234567e300, 1e289, 3, huge, false, true);
	check_money(3e289, 1e289, 3, huge, true, true);
	check_money(2.9e289, 1e289, 3, huge, false, true);
	check_money(0, 10, 0, NULL, true, true);
	/* Doing nothing keeps every maximum but a negative one, and no minimum but of nothing. */
	check_money(1e-20, 10, 0, NULL, true, false);
	check_money(5e-324, 10, 0, NULL, true, false);
	check_money(-1e-20, 10, 0, NULL, false, true);
	check_money(-5, 10, 0, NULL, false, true);
	/* Beyond 2^53. */
	check_money(3e14, 1e14, 3, hundreds, true, true);
	check_money(1e16, 1e14, 3, hundreds, true, false);
	check_money(0x1p63, 1e14, 3, hundreds, true, false);
	check_money(12345678901234567890.0, 1e19, 1, (const double[]){1e19}, true, false);
	check_money(12345678901234567890.0, 1.3e19, 1, (const double[]){1.3e19}, false, true);
}

/* Ten thousand customers at 1e14 each, against 1e18 and 9.9e17: beyond 2^53 every unit counts. */
static void
large_sums(void)
{
	CpTally tally;

	cp_tally_init(&tally, pair(true, 1e18), 1e14);
	for (int i = 0; i < 10000; i++)
		cp_tally_add(&tally, 0, 1e14, ALL);
	CHECK(cp_tally_keeps(&tally));
	cp_tally_add(&tally, 0, 1, ALL);
	CHECK(cp_tally_excess(&tally, 0) == ALL);
	CHECK_CLOSE(1, cp_tally_passed(&tally, 0), 0);
	CHECK_CLOSE(-1, cp_tally_passed(&tally, 1), 0);
	CHECK_CLOSE(1e18, cp_tally_used(&tally, 0), 0);
}

static void
shares(void)
{
	CpTally tally;

	cp_tally_init(&tally, pair(false, 1), 3);
	for (int i = 0; i < 10; i++)
		cp_tally_add(&tally, 0, 3, ALL / 10);
	CHECK(cp_tally_keeps(&tally));
	cp_tally_add(&tally, 0, 3, 1);
	CHECK(cp_tally_excess(&tally, 0) == 1);
	CHECK(cp_tally_excess(&tally, 1) == -1);
	CHECK_CLOSE(1e-12, cp_tally_passed(&tally, 0), 1e-27);
	cp_tally_add(&tally, 0, 3, -2);
	CHECK(cp_tally_excess(&tally, 0) == -1);
	CHECK(!cp_tally_keeps(&tally));
	cp_tally_init(&tally, pair(false, 1.0 / 3), 3);
	cp_tally_add(&tally, 0, 3, ALL / 3);
	CHECK(cp_tally_excess(&tally, 0) <= 0 || cp_tally_excess(&tally, 0) == 1);
	CHECK(cp_tally_excess(&tally, 1) > 0);
	cp_tally_init(&tally, pair(true, 1), 3);
	cp_tally_add(&tally, 0, 3, ALL / 3);
	CHECK(cp_tally_excess(&tally, 0) < 0);
	CHECK_RELATIVE(0.999999999999, cp_tally_used(&tally, 0), 1e-15);
	cp_tally_add(&tally, 0, 3, 1);
	CHECK(cp_tally_excess(&tally, 0) > 0);
}

/* Limits are about their classes; only those "at most" stand in the way of more. */
static void
what_fits(void)
{
	CpLimits limits = {.count = 3,
	                   .limits = {{true, false, 10}, {false, false, 2.5}, {false, true, 4}},
	                   .nclasses = 3,
	                   .applies = {[0] = 1, [1] = 6, [2] = 0}};
	CpTally tally;

	cp_tally_init(&tally, &limits, 6);
	CHECK(cp_tally_charge(&tally, 0, 0, 0.06) == (CpExact) 6 * 1000000000000);
	CHECK(cp_tally_charge(&tally, 0, 0, 0) == 0);
	CHECK(cp_tally_charge(&tally, 0, 1, 6) == 0);
	CHECK(cp_tally_charge(&tally, 1, 1, 6) == 1);
	CHECK(cp_tally_fits(&tally, 0, 6, ALL));
	cp_tally_add(&tally, 0, 6, ALL);
	CHECK(!cp_tally_fits(&tally, 0, 6, ALL));
	CHECK(cp_tally_fits(&tally, 0, 6, ALL / 3 * 2));
	CHECK(cp_tally_fits(&tally, 0, 4, ALL));
	CHECK(cp_tally_fits(&tally, 0, 0, ALL));
	CHECK(cp_tally_fits(&tally, 1, 6, ALL));
	CHECK(cp_tally_fits(&tally, 2, 6, ALL));
	cp_tally_add(&tally, 1, 6, 2 * ALL);
	CHECK(cp_tally_fits(&tally, 1, 6, ALL / 2));
	CHECK(!cp_tally_fits(&tally, 1, 6, ALL / 2 + 1));
	CHECK_CLOSE(6, cp_tally_used(&tally, 0), 0);
	CHECK_CLOSE(2, cp_tally_used(&tally, 1), 0);
	CHECK(!cp_tally_keeps(&tally));
	cp_tally_add(&tally, 2, 6, 100 * ALL);
	CHECK_CLOSE(2, cp_tally_used(&tally, 2), 0);
}

void
test_tally(void)
{
	UNIT_CASE("decimals are exact", decimals);
	UNIT_CASE("what is no decimal counts on the safe side", fractions);
	UNIT_CASE("a unit more or less, at every magnitude", magnitudes);
	UNIT_CASE("random doubles never pass a bound unnoticed", safe_side);
	UNIT_CASE("bounds that are huge, tiny and negative", strange_bounds);
	UNIT_CASE("sums beyond 2^53", large_sums);
	UNIT_CASE("shares, put on and taken off", shares);
	UNIT_CASE("what fits beside what is there", what_fits);
}
