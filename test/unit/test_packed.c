/*
 * test_packed.c: columns come back bit for bit, in as little room as promised.
 */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "num/packed.h"
#include "num/rng.h"

#define LONGEST 1000

extern void test_packed(void);

static double
double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Pack, and compare all of it and parts with what was packed. */
static void
round_trip(const double *values, size_t n, CpPacked *packed)
{
	static double out[LONGEST + 1];
	CpContext *context = unit_context();

	REQUIRE_OK(cp_pack(context, values, n, packed));
	CHECK_EQUAL(16 + n * cp_packed_width(packed), context->used);
	for (size_t from = 0; from <= n; from += 1 + from)
	{
		for (size_t length = 0; length <= n - from; length += 1 + length * 3)
		{
			out[length] = 77;
			cp_unpack(packed, from, length, out);
			CHECK(length == 0 || memcmp(values + from, out, length * sizeof(double)) == 0);
			CHECK(out[length] == 77);
		}
	}
	cp_unpack(packed, 0, n, out);
	CHECK(n == 0 || memcmp(values, out, n * sizeof(double)) == 0);
	cp_packed_free(context, packed);
	CHECK_EQUAL(0, context->used);
}

/* ---- which packing is chosen ---- */

static void
check_single(double value, CpPacking packing, double divisor)
{
	CpPacked packed;

	round_trip(&value, 1, &packed);
	CHECK_EQUAL(packing, packed.packing);
	CHECK_EQUAL(packing == CP_PACKED_DOUBLE ? 8 : 4, cp_packed_width(&packed));
	if (packing == CP_PACKED_DECIMAL)
		CHECK_CLOSE(divisor, packed.divisor, 0);
}

static void
decimals(void)
{
	check_single(0, CP_PACKED_DECIMAL, 1);
	check_single(-3, CP_PACKED_DECIMAL, 1);
	check_single(0.5, CP_PACKED_DECIMAL, 10);
	check_single(19.99, CP_PACKED_DECIMAL, 100);
	check_single(-0.125, CP_PACKED_DECIMAL, 1000);
	check_single(0.000001, CP_PACKED_DECIMAL, 1e6);
	check_single(0.0000001, CP_PACKED_DOUBLE, 0);
	check_single(1.0 / 3, CP_PACKED_DOUBLE, 0);
	check_single(0.1 + 0.2, CP_PACKED_DOUBLE, 0); /* is not 0.3 */
	check_single(nextafter(19.99, 20), CP_PACKED_DOUBLE, 0);
	check_single(2147483647, CP_PACKED_DECIMAL, 1);
	check_single(-2147483648.0, CP_PACKED_DECIMAL, 1);
	check_single(-2147483649.0, CP_PACKED_DOUBLE, 0);
	check_single(21474836.47, CP_PACKED_DECIMAL, 100);
	check_single(21474836.49, CP_PACKED_DOUBLE, 0);
	check_single(-21474836.48, CP_PACKED_DECIMAL, 100);
	/* 2^32 times so much and something: the low 32 bits are a small number's. */
	check_single(4294967299.0, CP_PACKED_DOUBLE, 0);
	check_single(42949672.97, CP_PACKED_DOUBLE, 0);
	check_single(6755399441055745.0, CP_PACKED_DOUBLE, 0);
}

static void
floats_and_doubles(void)
{
	check_single(-0.0, CP_PACKED_FLOAT, 0);
	check_single(0.1f, CP_PACKED_FLOAT, 0);
	check_single(2147483648.0, CP_PACKED_FLOAT, 0);
	check_single(INFINITY, CP_PACKED_FLOAT, 0);
	check_single(-INFINITY, CP_PACKED_FLOAT, 0);
	check_single(FLT_MAX, CP_PACKED_FLOAT, 0);
	check_single(FLT_MIN / 8, CP_PACKED_FLOAT, 0);
	check_single(double_of(UINT64_C(0x7ff8000000000000)), CP_PACKED_FLOAT, 0);
	check_single(double_of(UINT64_C(0xfff8000000000000)), CP_PACKED_FLOAT, 0);
	check_single(double_of(UINT64_C(0x7ff8000000000001)), CP_PACKED_DOUBLE, 0);
	check_single(double_of(UINT64_C(0x7ff0000020000000)), CP_PACKED_DOUBLE, 0); /* signalling */
	check_single((double) FLT_MAX * 2, CP_PACKED_DOUBLE, 0);
	check_single((double) FLT_TRUE_MIN / 2, CP_PACKED_DOUBLE, 0);
	check_single(1e300, CP_PACKED_DOUBLE, 0);
	check_single(-DBL_MAX, CP_PACKED_DOUBLE, 0);
	check_single(DBL_MIN / 2, CP_PACKED_DOUBLE, 0);
	check_single(DBL_TRUE_MIN, CP_PACKED_DOUBLE, 0);
}

/* Numbers as people write them are decimals with as many places as they write. */
static void
written_numbers(void)
{
	CpRng rng;

	cp_rng_init(&rng, 4, 0);
	for (int i = 0; i < 5000; i++)
	{
		int places = (int) cp_rng_below(&rng, 7);
		double power = 1;
		int32_t whole = (int32_t) cp_rng_bits(&rng) >> cp_rng_below(&rng, 31);
		char text[32];

		/* The last place is not 0, so that no smaller divisor does. */
		if (whole % 10 == 0)
			whole++;
		for (int place = 0; place < places; place++)
			power *= 10;
		snprintf(text, sizeof(text), "%de-%d", whole, places);
		check_single(strtod(text, NULL), CP_PACKED_DECIMAL, power);
	}
}

/* ---- columns ---- */

static void
check_column(const double *values, size_t n, CpPacking packing, double divisor)
{
	CpPacked packed;

	round_trip(values, n, &packed);
	CHECK_EQUAL(packing, packed.packing);
	if (packing == CP_PACKED_DECIMAL)
		CHECK_CLOSE(divisor, packed.divisor, 0);
}

/* One value among whole numbers decides for all, wherever it stands. */
static void
one_other_value(void)
{
	static const struct
	{
		double value;
		CpPacking packing;
		double divisor;
	} others[] = {
		{0.25, CP_PACKED_DECIMAL, 100},   {1e-6, CP_PACKED_DECIMAL, 1e6},
		{-0.0, CP_PACKED_FLOAT, 0},       {0x1p-30, CP_PACKED_FLOAT, 0},
		{NAN, CP_PACKED_FLOAT, 0},        {1e300, CP_PACKED_DOUBLE, 0},
		{0.1 + 0.2, CP_PACKED_DOUBLE, 0},
	};
	static const size_t lengths[] = {1, 2, 63, 64, 65, 127, 128, 129, 200, LONGEST};
	static double values[LONGEST];

	check_column(NULL, 0, CP_PACKED_DECIMAL, 1);
	for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
	{
		size_t n = lengths[l];

		for (size_t o = 0; o < sizeof(others) / sizeof(others[0]); o++)
		{
			for (size_t at = 0; at < n; at += 1 + n / 9)
			{
				for (size_t i = 0; i < n; i++)
					values[i] = (double) i - 5;
				values[at] = others[o].value;
				check_column(values, n, others[o].packing, others[o].divisor);
			}
		}
	}
}

/* A divisor that one value needs and that is too much for another, on either side of it. */
static void
too_large_for_the_divisor(void)
{
	static double values[LONGEST];

	for (size_t at = 0; at < LONGEST; at += 199)
	{
		for (size_t i = 0; i < LONGEST; i++)
			values[i] = 1;
		values[500] = 0.01;
		values[at] = 21474836;
		check_column(values, LONGEST, CP_PACKED_DECIMAL, 100);
		values[at] = 21474837;
		check_column(values, LONGEST, CP_PACKED_DOUBLE, 0);
		values[500] = 0.5;
		values[at] = 214748365;
		check_column(values, LONGEST, CP_PACKED_DOUBLE, 0);
		values[500] = 1;
		check_column(values, LONGEST, CP_PACKED_DECIMAL, 1);
	}
}

/* 0 whole, 1 cents, 2 six places, 3 floats, 4 any bits */
static double
draw(CpRng *rng, int kind)
{
	double value = (double) (int64_t) cp_rng_below(rng, 200000) - 100000;
	uint32_t bits = (uint32_t) cp_rng_bits(rng);
	float single;

	memcpy(&single, &bits, sizeof(single));
	switch (kind)
	{
		case 0:
			return (int) (value / 100);
		case 1:
			return value / 100;
		case 2:
			return value / 1e6;
		case 3:
			return isnan(single) ? 0 : single;
		default:
			return double_of(cp_rng_bits(rng));
	}
}

/* Columns of one kind, and with a few values of another. */
static void
mixtures(void)
{
	static const double divisors[] = {1, 100, 1e6};
	static double values[LONGEST];
	CpRng rng;

	cp_rng_init(&rng, 5, 0);
	for (int kind = 0; kind < 5; kind++)
	{
		for (int other = 0; other < 5; other++)
		{
			int larger = kind > other ? kind : other;
			bool decimal = larger < 3;
			/* Whole numbers are floats too, hundredths are not. */
			bool single = larger == 3 && (kind == 0 || kind == 3) && (other == 0 || other == 3);
			CpPacking packing = decimal  ? CP_PACKED_DECIMAL
			                    : single ? CP_PACKED_FLOAT
			                             : CP_PACKED_DOUBLE;

			for (size_t i = 0; i < LONGEST; i++)
				values[i] = draw(&rng, cp_rng_below(&rng, 20) == 0 ? other : kind);
			check_column(values, LONGEST, packing, decimal ? divisors[larger] : 0);
		}
	}
}

static void
failures(void)
{
	static const double values[] = {1e300, 1, 2};
	CpContext *context = unit_context();
	CpPacked packed;

	for (size_t nth = 1; nth <= 2; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, cp_pack(context, values, 3, &packed));
	}
	context = unit_context();
	context->budget = 16 + 3 * 4;
	CHECK_STATUS(CP_OVER_BUDGET, cp_pack(context, values, 3, &packed));
	CHECK_STATUS(CP_OK, cp_pack(context, values + 1, 2, &packed));
}

void
test_packed(void)
{
	UNIT_CASE("decimals", decimals);
	UNIT_CASE("floats and doubles", floats_and_doubles);
	UNIT_CASE("numbers as they are written", written_numbers);
	UNIT_CASE("one other value in a column", one_other_value);
	UNIT_CASE("values too large for the divisor of others", too_large_for_the_divisor);
	UNIT_CASE("columns of every kind and their mixtures", mixtures);
	UNIT_CASE("no memory", failures);
}
