/*
 * test_sort.c: against the C library's sort, at lengths on both sides of every
 * switch of method.
 */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/hash.h"
#include "num/rng.h"
#include "num/sort.h"

#define LONGEST 5000

extern void test_sort(void);

static const size_t lengths[] = {0,  1,   2,   3,   11,  12,  13,  24,   25,
                                 47, 100, 191, 255, 256, 257, 300, 1000, LONGEST};

#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

typedef double (*Pattern)(CpRng *rng, size_t i, size_t n);

static double
any_bits(CpRng *rng, size_t i, size_t n)
{
	uint64_t bits;
	double value;

	(void) i;
	(void) n;
	do
	{
		bits = cp_rng_bits(rng);
		memcpy(&value, &bits, sizeof(value));
	} while (isnan(value));
	return value;
}

static double
few_values(CpRng *rng, size_t i, size_t n)
{
	(void) i;
	(void) n;
	return (double) cp_rng_below(rng, 5) - 2.0;
}

static double
signed_zeros(CpRng *rng, size_t i, size_t n)
{
	static const double choice[] = {0.0,         -0.0,         INFINITY, -INFINITY,
	                                DBL_MIN / 4, -DBL_MIN / 4, DBL_MAX,  -DBL_MAX};

	(void) i;
	(void) n;
	return choice[cp_rng_below(rng, 8)];
}

static double
ascending(CpRng *rng, size_t i, size_t n)
{
	(void) rng;
	return ((double) i - (double) n / 2) * 1.25;
}

static double
descending(CpRng *rng, size_t i, size_t n)
{
	return -ascending(rng, i, n);
}

static double
constant(CpRng *rng, size_t i, size_t n)
{
	(void) rng;
	(void) i;
	(void) n;
	return 79.85;
}

static double
single_precision(CpRng *rng, size_t i, size_t n)
{
	(void) i;
	(void) n;
	return (double) (float) cp_rng_normal(rng);
}

/* Differs in the top digit alone: one pass, so the result lands in the scratch array. */
static double
sparse_powers(CpRng *rng, size_t i, size_t n)
{
	(void) i;
	(void) n;
	return ldexp(1.0, 8 * (int) cp_rng_below(rng, 100));
}

static const Pattern patterns[] = {any_bits,   few_values, signed_zeros,     ascending,
                                   descending, constant,   single_precision, sparse_powers};

#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

typedef struct Item
{
	double value;
	size_t position;
} Item;

/* By value, then by where it was: what a stable sort must give. */
static int
compare_items(const void *left, const void *right)
{
	const Item *a = left, *b = right;

	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	return a->position < b->position ? -1 : a->position > b->position;
}

static void
fill_items(Item *items, size_t n, Pattern pattern, uint64_t stream)
{
	CpRng rng;
	size_t i;

	cp_rng_init(&rng, 31, stream);
	for (i = 0; i < n; i++)
	{
		items[i].value = pattern(&rng, i, n);
		items[i].position = i;
	}
}

/* The last element of each array is a guard that must not change. */
static void
check_doubles(void)
{
	static Item items[LONGEST];
	static double values[LONGEST + 1], scratch[LONGEST + 1];
	size_t length, pattern, i;

	for (pattern = 0; pattern < PATTERNS; pattern++)
	{
		for (length = 0; length < LENGTHS; length++)
		{
			size_t n = lengths[length];

			fill_items(items, n, patterns[pattern], length);
			for (i = 0; i < n; i++)
				values[i] = items[i].value;
			values[n] = scratch[n] = -12345.0;
			cp_sort_doubles(NULL, values, scratch, n);
			qsort(items, n, sizeof(Item), compare_items);
			for (i = 0; i < n; i++)
				CHECK(memcmp(&items[i].value, &values[i], sizeof(double)) == 0);
			CHECK(values[n] == -12345.0 && scratch[n] == -12345.0);
		}
	}
}

static void
check_keys(void)
{
	static Item items[LONGEST];
	static uint64_t keys[LONGEST + 1], key_scratch[LONGEST + 1];
	static uint32_t payload[LONGEST + 1], payload_scratch[LONGEST + 1];
	size_t length, pattern, i;

	for (pattern = 0; pattern < PATTERNS; pattern++)
	{
		for (length = 0; length < LENGTHS; length++)
		{
			size_t n = lengths[length];

			fill_items(items, n, patterns[pattern], length + 100);
			for (i = 0; i < n; i++)
			{
				keys[i] = cp_sort_key_of_double(items[i].value);
				payload[i] = (uint32_t) i;
			}
			keys[n] = key_scratch[n] = payload[n] = payload_scratch[n] = 4711;
			cp_sort_keys(NULL, keys, payload, key_scratch, payload_scratch, n);
			qsort(items, n, sizeof(Item), compare_items);
			for (i = 0; i < n; i++)
			{
				CHECK_EQUAL(items[i].position, payload[i]);
				CHECK_EQUAL(cp_sort_key_of_double(items[i].value), keys[i]);
			}
			CHECK(keys[n] == 4711 && key_scratch[n] == 4711);
			CHECK(payload[n] == 4711 && payload_scratch[n] == 4711);
		}
	}
}

/* One digit at a time carries the order, the top one and its odd width included. */
static void
check_each_digit(void)
{
	enum
	{
		n = 1000
	};
	static uint64_t keys[n], key_scratch[n];
	static uint32_t payload[n], payload_scratch[n];
	int shift;
	size_t i;

	for (shift = 0; shift <= 54; shift++)
	{
		for (i = 0; i < n; i++)
		{
			payload[i] = (uint32_t) (i * 387 % n); /* 387 and 1000 share no factor */
			keys[i] = (uint64_t) payload[i] << shift;
		}
		cp_sort_keys(NULL, keys, payload, key_scratch, payload_scratch, n);
		for (i = 0; i < n; i++)
			CHECK(payload[i] == i && keys[i] == (uint64_t) i << shift);

		/* A digit that is equal nearly everywhere must not be skipped. */
		for (i = 0; i < n; i++)
			keys[i] = i == n - 1 ? 0 : UINT64_C(1) << shift;
		cp_sort_keys(NULL, keys, payload, key_scratch, payload_scratch, n);
		CHECK(keys[0] == 0 && payload[0] == n - 1);
		CHECK(keys[1] == UINT64_C(1) << shift && payload[1] == 0);
	}
}

static void
check_key_order(void)
{
	static const double ordered[] = {
		-INFINITY, -DBL_MAX, -1e10, -2.0, -1.0000000000000002, -1.0,  -DBL_MIN, -4.9e-324, 0.0,
		4.9e-324,  DBL_MIN,  0.5,   1.0,  1.0000000000000002,  1e300, DBL_MAX,  INFINITY};
	size_t i;

	for (i = 1; i < sizeof(ordered) / sizeof(ordered[0]); i++)
		CHECK(cp_sort_key_of_double(ordered[i - 1]) < cp_sort_key_of_double(ordered[i]));
	CHECK_EQUAL(cp_sort_key_of_double(0.0), cp_sort_key_of_double(-0.0));
}

/* Stops between any two passes, whichever sort it is. */
static void
check_cancel(void)
{
	enum
	{
		N = 1000
	};
	static double values[N], value_scratch[N];
	static uint64_t keys[N];
	static uint32_t rows[N];

	for (size_t polls = 0; polls < 3; polls++)
	{
		CpContext *context = unit_context();

		for (uint32_t i = 0; i < N; i++)
		{
			rows[i] = i;
			keys[i] = cp_hash_mix(i + 1);
			values[i] = (double) keys[i];
		}
		unit_cancel_after(polls);
		CHECK_STATUS(CP_CANCELLED, cp_sort_doubles(context, values, value_scratch, N));
		unit_cancel_after(polls);
		CHECK_STATUS(CP_CANCELLED, cp_sort_rows(context, keys, rows, N));
	}
	unit_cancel_after(SIZE_MAX);
}

void
test_sort(void)
{
	UNIT_CASE("doubles are ordered, equal ones kept in place", check_doubles);
	UNIT_CASE("keys are ordered stably with their payload", check_keys);
	UNIT_CASE("every digit of the key counts", check_each_digit);
	UNIT_CASE("keys of doubles have their order", check_key_order);
	UNIT_CASE("a cancelled sort stops between passes", check_cancel);
}
