/*
 * test_rng.c: the generator against numpy, the draws against their distributions.
 *
 * Statistical limits are for fixed seeds, so a case always gives the same answer;
 * each limit is at a probability of about one in a thousand or beyond.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "num/sort.h"
#include "num/special.h"

extern void test_rng(void);

/* Philox(key=[seed, stream]).random_raw(9), numpy 1.24.2 */
static void
check_numpy(void)
{
	static const struct
	{
		uint64_t seed;
		uint64_t stream;
		uint64_t bits[9];
	} reference[] = {
		{0,
	     0,
	     {UINT64_C(0x02f4ba6408e4d89b), UINT64_C(0x3dd62b0b9ca8c5b2), UINT64_C(0x1c8667a55d902e79),
	      UINT64_C(0x907d7a052fd5b4dc), UINT64_C(0x809bf322883987c3), UINT64_C(0x471128b9e807f7dd),
	      UINT64_C(0xf250ba0dbec065b7), UINT64_C(0xfc6ed66767a457bc),
	      UINT64_C(0x40fa86f0f781945d)}},
		{1,
	     2,
	     {UINT64_C(0x4f2f4313b5536b09), UINT64_C(0x5b617be3219ff32a), UINT64_C(0x097293476f9275cb),
	      UINT64_C(0xf63f3bf4962c3942), UINT64_C(0x04dcc60473aa0f43), UINT64_C(0x6d905c9b986b0028),
	      UINT64_C(0x559a6c953d16fe9d), UINT64_C(0xbd24fd1da9945eea),
	      UINT64_C(0xa3484ceef3376fef)}},
		{UINT64_MAX,
	     123456789,
	     {UINT64_C(0x3edff871f13108d7), UINT64_C(0xbc792a63cf9e3e5b), UINT64_C(0x6dc3dcf66ecaf311),
	      UINT64_C(0xa8c0dd07dfe00fda), UINT64_C(0x70bbe18dc08c24ca), UINT64_C(0x67e1b9689c97a5fb),
	      UINT64_C(0xb349d23e7dbef664), UINT64_C(0x4ebb98dbb352ce43),
	      UINT64_C(0x5f0166db1520bab6)}}};
	size_t i, j;

	for (i = 0; i < sizeof(reference) / sizeof(reference[0]); i++)
	{
		CpRng rng;

		cp_rng_init(&rng, reference[i].seed, reference[i].stream);
		for (j = 0; j < 9; j++)
			CHECK_EQUAL(reference[i].bits[j], cp_rng_bits(&rng));
	}
}

/* Philox(key=[7, 8], counter=[2^64 - 2, 2^64 - 1, 5, 0]).random_raw(12), numpy 1.24.2 */
static void
check_counter_carry(void)
{
	static const uint64_t expected[12] = {
		UINT64_C(0x8a7a44a61a03a367), UINT64_C(0x0f20b642ceabb76a), UINT64_C(0xa4bedd3b3a524e93),
		UINT64_C(0x64a1382b653efd93), UINT64_C(0x86251d79c500f36d), UINT64_C(0x7e9ca9fd57972c3e),
		UINT64_C(0xffa029ad560ae9d4), UINT64_C(0x6e98f440cb6b847a), UINT64_C(0x9d47f47dfd8269a4),
		UINT64_C(0x898b11ca1b3d8eea), UINT64_C(0x34247ca49467a237), UINT64_C(0x8b9ba32cb573ed98)};
	CpRng rng;
	size_t i;

	cp_rng_init(&rng, 7, 8);
	rng.counter[0] = UINT64_MAX - 1;
	rng.counter[1] = UINT64_MAX;
	rng.counter[2] = 5;
	for (i = 0; i < 12; i++)
		CHECK_EQUAL(expected[i], cp_rng_bits(&rng));
	CHECK_EQUAL(6, rng.counter[2]);
}

/* Generator(Philox(key=[42, 1])).random(6) and .integers(0, bound, 8, uint64), numpy 1.24.2 */
static void
check_numpy_draws(void)
{
	static const double uniform[6] = {0.443746921343274,  0.8163920951010332,   0.5090261862073765,
	                                  0.3876186430208992, 0.024987588963674146, 0.3475830176997383};
	static const struct
	{
		uint64_t bound;
		uint64_t values[8];
	} below[] = {
		{UINT64_C(0xc000000000000000),
	     {UINT64_C(0x55330c76270c8564), UINT64_C(0x61bba7b4ed1c835e), UINT64_C(0x4a6c3b46522cc68f),
	      UINT64_C(0x04cc30a20dbc3cab), UINT64_C(0x42bc66863fc00887), UINT64_C(0xb94d974bbfd42285),
	      UINT64_C(0x9442962c82ac1d3c), UINT64_C(0xbb3f3579cc158dc3)}},
		{UINT64_C(0x8000000000000001),
	     {UINT64_C(0x687f894295ff7d50), UINT64_C(0x2c7d99aed52ab05a), UINT64_C(0x62d70ec8571d68d3),
	      UINT64_C(0x7cd4ce5132b9092d), UINT64_C(0x1d4a816f801145ce), UINT64_C(0x3b087614cb0d2a2c),
	      UINT64_C(0x23f9bc9e06e1469c), UINT64_C(0x5b674e979f49eaaf)}},
		{UINT64_C(1000000000000),
	     {UINT64_C(0x000000675160ab7f), UINT64_C(0x000000be14c2c57d), UINT64_C(0x00000076845333df),
	      UINT64_C(0x0000005a3fdf1c4c), UINT64_C(0x00000005d1605963), UINT64_C(0x00000050ed8ff2e3),
	      UINT64_C(0x000000e0b5a6760a), UINT64_C(0x000000b3c9fe712d)}}};
	CpRng rng;
	size_t i, j;

	cp_rng_init(&rng, 42, 1);
	for (i = 0; i < 6; i++)
		CHECK_CLOSE(uniform[i], cp_rng_uniform(&rng), 0.0);
	for (i = 0; i < sizeof(below) / sizeof(below[0]); i++)
	{
		cp_rng_init(&rng, 42, 1);
		for (j = 0; j < 8; j++)
			CHECK_EQUAL(below[i].values[j], cp_rng_below(&rng, below[i].bound));
	}
}

/* Pearson's statistic of counts that should all be equal. */
static double
chi_square(const size_t *counts, size_t cells, size_t total)
{
	double expected = (double) total / (double) cells;
	double sum = 0.0;
	size_t i;

	for (i = 0; i < cells; i++)
		sum += ((double) counts[i] - expected) * ((double) counts[i] - expected) / expected;
	return sum;
}

static void
check_below_is_even(void)
{
	size_t sixths[6] = {0}, thirds[3] = {0};
	CpRng rng;
	int i;

	cp_rng_init(&rng, 3, 0);
	for (i = 0; i < 60000; i++)
		sixths[cp_rng_below(&rng, 6)]++;
	CHECK(chi_square(sixths, 6, 60000) < 20.5); /* 5 degrees of freedom */

	/* At 3/4 of the range, skipping the rejection would double every third number. */
	for (i = 0; i < 30000; i++)
		thirds[cp_rng_below(&rng, UINT64_C(3) << 62) % 3]++;
	CHECK(chi_square(thirds, 3, 30000) < 13.8); /* 2 degrees of freedom */

	for (i = 0; i < 100; i++)
		CHECK_EQUAL(0, cp_rng_below(&rng, 1));
}

static void
check_normal(void)
{
	enum
	{
		draws = 100000
	};
	CpContext *context = unit_context();
	double *values, *scratch;
	double moments[5] = {0};
	double distance = 0.0;
	CpRng rng;
	int i, power;

	REQUIRE_OK(cp_alloc(context, &values, draws, sizeof(double)));
	REQUIRE_OK(cp_alloc(context, &scratch, draws, sizeof(double)));
	cp_rng_init(&rng, 11, 5);
	for (i = 0; i < draws; i++)
	{
		values[i] = cp_rng_normal(&rng);
		for (power = 1; power <= 4; power++)
			moments[power] += pow(values[i], power) / draws;
	}
	CHECK_CLOSE(0.0, moments[1], 3.3 * sqrt(1.0 / draws));
	CHECK_CLOSE(1.0, moments[2], 3.3 * sqrt(2.0 / draws));
	CHECK_CLOSE(0.0, moments[3], 3.3 * sqrt(15.0 / draws));
	CHECK_CLOSE(3.0, moments[4], 3.3 * sqrt(96.0 / draws));

	cp_sort_doubles(NULL, values, scratch, draws);
	for (i = 0; i < draws; i++)
		distance = fmax(distance, fabs(cp_normal_cdf(values[i]) - (i + 0.5) / draws));
	CHECK(distance < 1.95 / sqrt(draws)); /* Kolmogorov */
}

static void
check_streams(void)
{
	CpRng one, other;
	double product = 0.0;
	int i, equal = 0;

	cp_rng_init(&one, 9, 0);
	cp_rng_init(&other, 9, 1);
	for (i = 0; i < 10000; i++)
	{
		uint64_t a = cp_rng_bits(&one), b = cp_rng_bits(&other);

		equal += a == b;
		product += ((double) a / 18446744073709551616.0 - 0.5) *
		           ((double) b / 18446744073709551616.0 - 0.5);
	}
	CHECK_EQUAL(0, equal);
	CHECK_CLOSE(0.0, product * 12.0 / 10000.0, 3.3 / 100.0);
}

static int
code_of(const uint32_t *values)
{
	return (int) (values[0] * 64 + values[1] * 16 + values[2] * 4 + values[3]);
}

static void
check_shuffle(void)
{
	size_t counts[256] = {0}, orders[24] = {0};
	uint32_t values[100];
	bool seen[100] = {false};
	CpRng rng;
	uint32_t i;
	size_t kinds = 0;

	cp_rng_init(&rng, 4, 4);
	for (i = 0; i < 100; i++)
		values[i] = i;
	cp_rng_shuffle(&rng, values, 100);
	for (i = 0; i < 100; i++)
		seen[values[i]] = true;
	for (i = 0; i < 100; i++)
		CHECK(seen[i]);

	for (i = 0; i < 24000; i++)
	{
		uint32_t four[4] = {0, 1, 2, 3};

		cp_rng_shuffle(&rng, four, 4);
		counts[code_of(four)]++;
	}
	for (i = 0; i < 256; i++)
	{
		if (counts[i] > 0 && kinds < 24)
			orders[kinds++] = counts[i];
	}
	CHECK_EQUAL(24, kinds);
	CHECK(chi_square(orders, 24, 24000) < 49.7); /* 23 degrees of freedom */

	cp_rng_shuffle(&rng, NULL, 0);
	cp_rng_shuffle(&rng, values, 1);
}

void
test_rng(void)
{
	UNIT_CASE("matches numpy", check_numpy);
	UNIT_CASE("the counter carries as numpy's does", check_counter_carry);
	UNIT_CASE("uniform and bounded draws match numpy", check_numpy_draws);
	UNIT_CASE("bounded draws are even", check_below_is_even);
	UNIT_CASE("normal draws are normal", check_normal);
	UNIT_CASE("streams of one seed are unrelated", check_streams);
	UNIT_CASE("shuffle permutes, every order alike", check_shuffle);
}
