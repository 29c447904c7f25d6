/*
 * rng.c: Philox4x64-10 and the draws made from it.
 *
 * The generator is a bijection of the counter under the key, so its state is a
 * position and nothing else. Constants are those of the paper named in rng.h.
 */
#include "num/rng.h"

#include <math.h>

#include "num/special.h"

#define ROUNDS 10
#define MULTIPLIER_0 UINT64_C(0xD2E7470EE14C6C93)
#define MULTIPLIER_1 UINT64_C(0xCA5A826395121157)
#define WEYL_0 UINT64_C(0x9E3779B97F4A7C15) /* golden ratio */
#define WEYL_1 UINT64_C(0xBB67AE8584CAA73B) /* square root of 3, less 1 */

/* Both halves of the product of two words. */
static inline uint64_t
multiply(uint64_t a, uint64_t b, uint64_t *high)
{
#if defined(__SIZEOF_INT128__)
	__extension__ typedef unsigned __int128 Wide;
	Wide product = (Wide) a * b;

	*high = (uint64_t) (product >> 64);
	return (uint64_t) product;
#else
	uint64_t a_low = a & 0xffffffff, a_high = a >> 32, b_low = b & 0xffffffff, b_high = b >> 32;
	uint64_t low = a_low * b_low;
	uint64_t middle = a_high * b_low + (low >> 32); /* cannot overflow */
	uint64_t other = a_low * b_high + (middle & 0xffffffff);

	*high = a_high * b_high + (middle >> 32) + (other >> 32);
	return (other << 32) | (low & 0xffffffff);
#endif
}

void
cp_rng_init(CpRng *rng, uint64_t seed, uint64_t stream)
{
	int i;

	rng->key[0] = seed;
	rng->key[1] = stream;
	for (i = 0; i < 4; i++)
		rng->counter[i] = rng->block[i] = 0;
	rng->used = 4;
}

/* Step the counter, with carry, and compute the block of that number. */
static void
next_block(CpRng *rng)
{
	uint64_t *x = rng->block;
	uint64_t key0 = rng->key[0], key1 = rng->key[1];
	int i;

	for (i = 0; i < 4; i++)
	{
		if (++rng->counter[i] != 0)
			break;
	}
	for (i = 0; i < 4; i++)
		x[i] = rng->counter[i];

	for (i = 0; i < ROUNDS; i++)
	{
		uint64_t high0, high1;
		uint64_t low0 = multiply(MULTIPLIER_0, x[0], &high0);
		uint64_t low1 = multiply(MULTIPLIER_1, x[2], &high1);

		x[0] = high1 ^ x[1] ^ key0;
		x[1] = low1;
		x[2] = high0 ^ x[3] ^ key1;
		x[3] = low0;
		key0 += WEYL_0;
		key1 += WEYL_1;
	}
	rng->used = 0;
}

uint64_t
cp_rng_bits(CpRng *rng)
{
	if (rng->used >= 4)
		next_block(rng);
	return rng->block[rng->used++];
}

double
cp_rng_uniform(CpRng *rng)
{
	return (double) (cp_rng_bits(rng) >> 11) * (1.0 / 9007199254740992.0); /* 2^-53 */
}

/*
 * The high word of bits * bound is the answer; the low words below
 * 2^64 mod bound are the surplus that would favour some answers.
 */
uint64_t
cp_rng_below(CpRng *rng, uint64_t bound)
{
	uint64_t high;
	uint64_t low = multiply(cp_rng_bits(rng), bound, &high);

	if (low < bound)
	{
		uint64_t surplus = (0 - bound) % bound;

		while (low < surplus)
			low = multiply(cp_rng_bits(rng), bound, &high);
	}
	return high;
}

double
cp_rng_normal(CpRng *rng)
{
	double u, v, square;

	/* A point in the unit disc, not its centre: accepted with probability pi/4. */
	do
	{
		u = 2.0 * cp_rng_uniform(rng) - 1.0;
		v = 2.0 * cp_rng_uniform(rng) - 1.0;
		square = u * u + v * v;
	} while (square >= 1.0 || square == 0.0);
	return u * sqrt(-2.0 * cp_log(square) / square);
}

void
cp_rng_shuffle(CpRng *rng, uint32_t *values, size_t n)
{
	size_t i;

	for (i = n; i > 1; i--)
	{
		size_t j = (size_t) cp_rng_below(rng, i);
		uint32_t kept = values[i - 1];

		values[i - 1] = values[j];
		values[j] = kept;
	}
}
