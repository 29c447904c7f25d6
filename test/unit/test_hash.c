/*
 * test_hash.c: pinned values (stored checksums depend on them), avalanche,
 * collisions of short strings; SipHash's reference values.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "num/hash.h"
#include "num/rng.h"
#include "num/sort.h"

extern void test_hash(void);

/*
 * From a second implementation of the description in hash.c, in Python integers.
 * The first value of cp_hash_mix is also the first of splitmix64 seeded 1234567.
 */
static void
check_pinned(void)
{
	static const char text[] = "The quick brown fox jumps over the lazy dog";
	static const struct
	{
		size_t length;
		uint64_t seed_zero;
		uint64_t seed_ones;
	} reference[] = {{0, UINT64_C(0x48218226ff3cd4bf), UINT64_C(0x445018e305810b78)},
	                 {1, UINT64_C(0x2471290c72d34f15), UINT64_C(0xf0528d07661181e9)},
	                 {2, UINT64_C(0x5d845a57393a6bc1), UINT64_C(0x98e93040b2840f44)},
	                 {3, UINT64_C(0xe385ce207a0550bf), UINT64_C(0xc85a2507fefda905)},
	                 {4, UINT64_C(0x6685b219c25939e6), UINT64_C(0x964fb816aa62acec)},
	                 {5, UINT64_C(0x71be21575a05d7cb), UINT64_C(0x242b8b9e8b6302b1)},
	                 {7, UINT64_C(0x223eb6c16cbe36d7), UINT64_C(0xc09642f2ca0a885f)},
	                 {8, UINT64_C(0x3cea9d513f148aa5), UINT64_C(0xcc4609a049b3deb3)},
	                 {9, UINT64_C(0x760c47a4ca56106a), UINT64_C(0x94137f9d31fa2c3e)},
	                 {16, UINT64_C(0x286b7cf1e4cfc35b), UINT64_C(0xb48432ded4c8576f)},
	                 {20, UINT64_C(0xd34df8182349824b), UINT64_C(0x5a5cec13ed04c71f)},
	                 {43, UINT64_C(0xc04257a055df3bb2), UINT64_C(0x5794fa7facddba17)}};
	size_t i;

	for (i = 0; i < sizeof(reference) / sizeof(reference[0]); i++)
	{
		CHECK_EQUAL(reference[i].seed_zero, cp_hash_bytes(text, reference[i].length, 0));
		CHECK_EQUAL(reference[i].seed_ones, cp_hash_bytes(text, reference[i].length, UINT64_MAX));
	}
	CHECK_EQUAL(UINT64_C(6457827717110365317), cp_hash_mix(1234567 + UINT64_C(0x9e3779b97f4a7c15)));
	CHECK_EQUAL(UINT64_C(0x1d0b14e4db018fef), cp_hash_add(1, 2));
	CHECK_EQUAL(UINT64_C(0x1d0b14e4db018fe9), cp_hash_add(2, 1));
}

static void
check_alignment_is_free(void)
{
	uint8_t room[64 + 8];
	uint64_t expected = 0;
	size_t offset, i;

	for (offset = 0; offset < 8; offset++)
	{
		uint64_t hash;

		memset(room, (int) offset, sizeof(room));
		for (i = 0; i < 61; i++)
			room[offset + i] = (uint8_t) (i * 37);
		hash = cp_hash_bytes(room + offset, 61, 5);
		if (offset == 0)
			expected = hash;
		CHECK_EQUAL(expected, hash);
	}
	CHECK_EQUAL(cp_hash_bytes("", 0, 3), cp_hash_bytes(NULL, 0, 3));
}

/*
 * Turning one input bit turns each output bit half of the time: counts over
 * many random inputs and seeds, for every pair of bits, within five deviations.
 */
static void
check_avalanche_of(size_t length)
{
	enum
	{
		inputs = 2000
	};
	uint8_t bytes[32];
	CpRng rng;
	size_t bit, i, out;

	cp_rng_init(&rng, 17, length);
	for (bit = 0; bit < 8 * length; bit++)
	{
		size_t turned[64] = {0};

		for (i = 0; i < inputs; i++)
		{
			uint64_t seed = cp_rng_bits(&rng), change;
			size_t byte;

			for (byte = 0; byte < length; byte++)
				bytes[byte] = (uint8_t) cp_rng_bits(&rng);
			change = cp_hash_bytes(bytes, length, seed);
			bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
			change ^= cp_hash_bytes(bytes, length, seed);
			for (out = 0; out < 64; out++)
				turned[out] += change >> out & 1;
		}
		for (out = 0; out < 64; out++)
			CHECK_CLOSE(inputs / 2.0, (double) turned[out], 5.0 * sqrt(inputs) / 2.0);
	}
}

static void
check_avalanche(void)
{
	static const size_t lengths[] = {1, 3, 4, 7, 8, 12, 24};
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		check_avalanche_of(lengths[i]);
}

static size_t
count_equal(CpContext *context, uint64_t *hashes, size_t n)
{
	uint64_t *hash_scratch = NULL;
	uint32_t *payload = NULL, *payload_scratch = NULL;
	size_t equal = 0, i;

	if (cp_alloc(context, &hash_scratch, n, sizeof(uint64_t)) != CP_OK ||
	    cp_alloc_zero(context, &payload, n, sizeof(uint32_t)) != CP_OK ||
	    cp_alloc(context, &payload_scratch, n, sizeof(uint32_t)) != CP_OK)
		return SIZE_MAX;
	cp_sort_keys(NULL, hashes, payload, hash_scratch, payload_scratch, n);
	for (i = 1; i < n; i++)
		equal += hashes[i] == hashes[i - 1];
	return equal;
}

/* All strings of one and two bytes, runs of zeros, numbered names under several seeds. */
static void
check_no_collisions(void)
{
	enum
	{
		zeros = 500,
		names = 40000,
		total = 256 + 65536 + zeros + 4 * names
	};
	CpContext *context = unit_context();
	uint64_t *hashes;
	uint8_t blank[zeros + 3] = {0};
	size_t n = 0, i;

	REQUIRE_OK(cp_alloc(context, &hashes, total, sizeof(uint64_t)));
	for (i = 0; i < 256 + 65536; i++)
	{
		uint8_t bytes[2];

		bytes[0] = (uint8_t) i;
		bytes[1] = (uint8_t) ((i - 256) >> 8);
		hashes[n++] = cp_hash_bytes(bytes, i < 256 ? 1 : 2, 0);
	}
	for (i = 0; i < zeros; i++)
		hashes[n++] = cp_hash_bytes(blank, i + 3, 0); /* the shorter ones are there already */
	for (i = 0; i < 4 * names; i++)
	{
		char name[32];
		int length = snprintf(name, sizeof(name), "customer-%06d", (int) (i / 4));

		hashes[n++] = cp_hash_bytes(name, (size_t) length, i % 4 + 1);
	}
	CHECK_EQUAL(total, n);
	CHECK_EQUAL(0, count_equal(context, hashes, n));
}

/* A dictionary takes the low bits, a split of rows the high ones. */
static void
check_buckets_are_even(void)
{
	enum
	{
		names = 64000,
		buckets = 64
	};
	size_t low[buckets] = {0}, high[buckets] = {0}, words[buckets] = {0};
	double low_sum = 0.0, high_sum = 0.0, word_sum = 0.0;
	size_t i;

	for (i = 0; i < names; i++)
	{
		char name[32];
		int length = snprintf(name, sizeof(name), "%zu", i);
		uint64_t hash = cp_hash_bytes(name, (size_t) length, 0);

		low[hash % buckets]++;
		high[hash >> 58]++;
		words[cp_hash_add(cp_hash_add(0, i), 1) % buckets]++;
	}
	for (i = 0; i < buckets; i++)
	{
		low_sum += pow((double) low[i] - 1000.0, 2) / 1000.0;
		high_sum += pow((double) high[i] - 1000.0, 2) / 1000.0;
		word_sum += pow((double) words[i] - 1000.0, 2) / 1000.0;
	}
	/* 63 degrees of freedom: both tails at one in a thousand. */
	CHECK(low_sum > 32.0 && low_sum < 103.5);
	CHECK(high_sum > 32.0 && high_sum < 103.5);
	CHECK(word_sum > 32.0 && word_sum < 103.5);
}

/*
 * Messages 00, 01, 02 .. under the key 00 .. 0f: the reference implementation's values; fold is
 * over all its 64. The rest and all 64 once more are what OpenSSL 3.0's SIPHASH and a Python
 * implementation agree on.
 */
static void
check_siphash(void)
{
	static const uint64_t reference[] = {
		UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
		UINT64_C(0x85676696d7fb7e2d), UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
		UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137), UINT64_C(0x93f5f5799a932462),
		UINT64_C(0x9e0082df0ba9e4b0), UINT64_C(0x7a5dbbc594ddb9f3), UINT64_C(0xf4b32f46226bada7),
		UINT64_C(0x751e8fbc860ee5fb), UINT64_C(0x14ea5627c0843d90), UINT64_C(0xf723ca908e7af2ee),
		UINT64_C(0xa129ca6149be45e5), UINT64_C(0x3f2acc7f57c29bdb)};
	static const uint64_t first_key[2] = {UINT64_C(0x0706050403020100),
	                                      UINT64_C(0x0f0e0d0c0b0a0908)};
	static const uint64_t other_key[2] = {UINT64_C(0x1032547698badcfe),
	                                      UINT64_C(0xefcdab8967452301)};
	uint8_t bytes[301];
	uint64_t fold = 0;
	size_t i;

	for (i = 0; i < 64; i++)
		bytes[i] = (uint8_t) i;
	for (i = 0; i < sizeof(reference) / sizeof(reference[0]); i++)
		CHECK_EQUAL(reference[i], cp_siphash(first_key, bytes, i));
	for (i = 0; i < 64; i++)
		fold = (fold << 1 | fold >> 63) ^ cp_siphash(first_key, bytes, i);
	CHECK_EQUAL(UINT64_C(0x352de3881954be0a), fold);
	CHECK_EQUAL(UINT64_C(0x504954aaf86bb6eb), cp_siphash(other_key, NULL, 0));
	CHECK_EQUAL(UINT64_C(0x48f0ce35c847ddca), cp_siphash(other_key, "customer-000042", 15));
	/* At an odd address, and longer than a byte can say. */
	for (i = 0; i < 300; i++)
		bytes[i + 1] = (uint8_t) (i * 37);
	CHECK_EQUAL(UINT64_C(0x0760aa3489217227), cp_siphash(other_key, bytes + 1, 200));
	CHECK_EQUAL(UINT64_C(0xa58d1137af8a0f0e), cp_siphash(other_key, bytes + 1, 300));
}

void
test_hash(void)
{
	UNIT_CASE("values are the stored ones", check_pinned);
	UNIT_CASE("alignment does not matter", check_alignment_is_free);
	UNIT_CASE("every input bit reaches every output bit", check_avalanche);
	UNIT_CASE("short strings, zeros and names do not collide", check_no_collisions);
	UNIT_CASE("low and high bits are even", check_buckets_are_even);
	UNIT_CASE("SipHash is the reference implementation's", check_siphash);
}
