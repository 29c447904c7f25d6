/*
 * sort.c: stable least-significant-digit radix sort, merge sort for short arrays.
 *
 * Eleven bits a digit: six passes over 64 bits, and the six tables together
 * stay in a processor's first cache levels. All tables are counted in one pass;
 * a digit that is equal everywhere costs nothing more, which for whole numbers
 * or single precision values stored as doubles is most of them.
 */
#include "num/sort.h"

#include <stdbool.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS 6 /* 6 * 11 >= 64 */
#define BUCKETS ((size_t) 1 << DIGIT_BITS)
#define SHORT_LENGTH 256 /* below this clearing the tables costs more than merging */
#define RUN_LENGTH 12    /* sorted by insertion before merging */

static inline uint64_t
key_of_double(double value)
{
	uint64_t bits;

	value += 0.0; /* -0 becomes 0, all else stays */
	memcpy(&bits, &value, sizeof(bits));
	/* Negative numbers grow downwards: turn all their bits. */
	return bits ^ ((0 - (bits >> 63)) | UINT64_C(1) << 63);
}

CpStatus
cp_sort_rows(CpContext *context, uint64_t *keys, uint32_t *rows, size_t n)
{
	uint64_t *key_scratch;
	uint32_t *row_scratch;

	CP_TRY(cp_alloc(context, &key_scratch, n, sizeof(uint64_t)));
	CP_TRY(cp_alloc(context, &row_scratch, n, sizeof(uint32_t)));
	CP_TRY(cp_sort_keys(context, keys, rows, key_scratch, row_scratch, n));
	cp_free(context, &key_scratch);
	cp_free(context, &row_scratch);
	return CP_OK;
}

uint64_t
cp_sort_key_of_double(double value)
{
	return key_of_double(value);
}

static inline size_t
digit_of(uint64_t key, int digit)
{
	return (size_t) (key >> (digit * DIGIT_BITS)) & (BUCKETS - 1);
}

static inline void
count_key(size_t counts[DIGITS][BUCKETS], uint64_t key)
{
	int digit;

	for (digit = 0; digit < DIGITS; digit++)
		counts[digit][digit_of(key, digit)]++;
}

/*
 * Turn the counts of one digit into the place where each bucket begins.
 * False when all n keys share the digit of the first and no pass is needed.
 */
static bool
place_buckets(size_t *counts, size_t first_digit, size_t n)
{
	size_t begin = 0;
	size_t i;

	if (counts[first_digit] == n)
		return false;
	for (i = 0; i < BUCKETS; i++)
	{
		size_t count = counts[i];

		counts[i] = begin;
		begin += count;
	}
	return true;
}

/* Between two passes over all elements, each a few nanoseconds an element. */
static CpStatus
poll_if_any(CpContext *context)
{
	return context == NULL ? CP_OK : cp_poll(context);
}

/* ---- doubles ---- */

static void
insert_doubles(double *values, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
	{
		double value = values[i];
		size_t j = i;

		for (; j > 0 && value < values[j - 1]; j--)
			values[j] = values[j - 1];
		values[j] = value;
	}
}

/* Merge from[begin .. middle-1] and from[middle .. end-1] into the same places of to. */
static void
merge_doubles(const double *from, double *to, size_t begin, size_t middle, size_t end)
{
	size_t left = begin, right = middle, i;

	for (i = begin; i < end; i++)
	{
		if (right >= end || (left < middle && !(from[right] < from[left])))
			to[i] = from[left++];
		else
			to[i] = from[right++];
	}
}

static void
merge_sort_doubles(double *values, double *scratch, size_t n)
{
	double *from = values, *to = scratch;
	size_t run, begin;

	for (begin = 0; begin < n; begin += RUN_LENGTH)
		insert_doubles(values + begin, n - begin < RUN_LENGTH ? n - begin : RUN_LENGTH);
	for (run = RUN_LENGTH; run < n; run *= 2)
	{
		double *other = from;

		for (begin = 0; begin < n; begin += 2 * run)
		{
			size_t middle = n - begin < run ? n : begin + run;
			size_t end = n - begin < 2 * run ? n : begin + 2 * run;

			merge_doubles(from, to, begin, middle, end);
		}
		from = to;
		to = other;
	}
	if (from != values)
		memcpy(values, from, n * sizeof(double));
}

/* Keys are made anew in each pass, so that the doubles move untouched, -0 included. */
CpStatus
cp_sort_doubles(CpContext *context, double *values, double *scratch, size_t n)
{
	size_t counts[DIGITS][BUCKETS];
	double *from = values, *to = scratch;
	size_t i;
	int digit;

	if (n < SHORT_LENGTH)
	{
		merge_sort_doubles(values, scratch, n);
		return CP_OK;
	}
	memset(counts, 0, sizeof(counts));
	for (i = 0; i < n; i++)
		count_key(counts, key_of_double(values[i]));
	for (digit = 0; digit < DIGITS; digit++)
	{
		size_t *place = counts[digit];
		double *other = from;

		CP_TRY(poll_if_any(context));
		if (!place_buckets(place, digit_of(key_of_double(from[0]), digit), n))
			continue;
		for (i = 0; i < n; i++)
			to[place[digit_of(key_of_double(from[i]), digit)]++] = from[i];
		from = to;
		to = other;
	}
	if (from != values)
		memcpy(values, from, n * sizeof(double));
	return CP_OK;
}

/* ---- keys with a payload ---- */

typedef struct Pairs
{
	uint64_t *keys;
	uint32_t *payload;
} Pairs;

static void
insert_pairs(Pairs pairs, size_t begin, size_t end)
{
	size_t i;

	for (i = begin + 1; i < end; i++)
	{
		uint64_t key = pairs.keys[i];
		uint32_t carried = pairs.payload[i];
		size_t j = i;

		for (; j > begin && key < pairs.keys[j - 1]; j--)
		{
			pairs.keys[j] = pairs.keys[j - 1];
			pairs.payload[j] = pairs.payload[j - 1];
		}
		pairs.keys[j] = key;
		pairs.payload[j] = carried;
	}
}

static void
merge_pairs(Pairs from, Pairs to, size_t begin, size_t middle, size_t end)
{
	size_t left = begin, right = middle, i;

	for (i = begin; i < end; i++)
	{
		bool take_left = right >= end || (left < middle && from.keys[left] <= from.keys[right]);
		size_t source = take_left ? left++ : right++;

		to.keys[i] = from.keys[source];
		to.payload[i] = from.payload[source];
	}
}

/* Bring the sorted pairs home when the last pass left them in the scratch arrays. */
static void
copy_pairs_home(Pairs from, uint64_t *keys, uint32_t *payload, size_t n)
{
	if (from.keys == keys)
		return;
	memcpy(keys, from.keys, n * sizeof(uint64_t));
	memcpy(payload, from.payload, n * sizeof(uint32_t));
}

static void
merge_sort_pairs(Pairs from, Pairs to, size_t n)
{
	uint64_t *keys = from.keys;
	uint32_t *payload = from.payload;
	size_t run, begin;

	for (begin = 0; begin < n; begin += RUN_LENGTH)
		insert_pairs(from, begin, n - begin < RUN_LENGTH ? n : begin + RUN_LENGTH);
	for (run = RUN_LENGTH; run < n; run *= 2)
	{
		Pairs other = from;

		for (begin = 0; begin < n; begin += 2 * run)
		{
			size_t middle = n - begin < run ? n : begin + run;
			size_t end = n - begin < 2 * run ? n : begin + 2 * run;

			merge_pairs(from, to, begin, middle, end);
		}
		from = to;
		to = other;
	}
	copy_pairs_home(from, keys, payload, n);
}

CpStatus
cp_sort_keys(CpContext *context, uint64_t *keys, uint32_t *payload, uint64_t *key_scratch,
             uint32_t *payload_scratch, size_t n)
{
	size_t counts[DIGITS][BUCKETS];
	Pairs from = {keys, payload}, to = {key_scratch, payload_scratch};
	size_t i;
	int digit;

	if (n < SHORT_LENGTH)
	{
		merge_sort_pairs(from, to, n);
		return CP_OK;
	}
	memset(counts, 0, sizeof(counts));
	for (i = 0; i < n; i++)
		count_key(counts, keys[i]);
	for (digit = 0; digit < DIGITS; digit++)
	{
		size_t *place = counts[digit];
		Pairs other = from;

		CP_TRY(poll_if_any(context));
		/* Which key comes first changes from pass to pass, but not whether all agree. */
		if (!place_buckets(place, digit_of(from.keys[0], digit), n))
			continue;
		for (i = 0; i < n; i++)
		{
			size_t target = place[digit_of(from.keys[i], digit)]++;

			to.keys[target] = from.keys[i];
			to.payload[target] = from.payload[i];
		}
		from = to;
		to = other;
	}
	copy_pairs_home(from, keys, payload, n);
	return CP_OK;
}
