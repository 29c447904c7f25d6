/*
 * hash.c: 64-bit hashes of a run of bytes.
 *
 * The quick one: each word of eight bytes is mixed on its own, then joined to the state by
 * steps that can all be undone (xor, rotation, odd multiplier, addition). Hence
 * two inputs of one length that differ within a single word never collide,
 * which is what a checksum wants. The length goes in first, so padding of the
 * last word cannot make two lengths equal.
 */
#include "num/hash.h"

#define LENGTH_STEP UINT64_C(0x9e3779b97f4a7c15)
#define WORD_STEP UINT64_C(0xd6e8feb86659fd93)
#define JOIN_FACTOR UINT64_C(0xff51afd7ed558ccd)

/* Written with shifts for any byte order; compilers turn it into one load. */
static inline uint64_t
load_word(const unsigned char *p)
{
	return (uint64_t) p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16 | (uint64_t) p[3] << 24 |
	       (uint64_t) p[4] << 32 | (uint64_t) p[5] << 40 | (uint64_t) p[6] << 48 |
	       (uint64_t) p[7] << 56;
}

static inline uint64_t
load_half(const unsigned char *p)
{
	return (uint64_t) p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16 | (uint64_t) p[3] << 24;
}

/*
 * The last 1 .. 7 bytes as a word, distinct for distinct bytes of one length.
 * The parts may overlap; that spares a loop over single bytes.
 */
static inline uint64_t
load_rest(const unsigned char *p, size_t rest)
{
	if (rest >= 4)
		return load_half(p) | load_half(p + rest - 4) << 32;
	return (uint64_t) p[0] | (uint64_t) p[rest / 2] << 8 | (uint64_t) p[rest - 1] << 16;
}

static inline uint64_t
join(uint64_t state, uint64_t word)
{
	state ^= cp_hash_mix(word + WORD_STEP);
	state = state << 27 | state >> 37;
	return state * JOIN_FACTOR + LENGTH_STEP;
}

uint64_t
cp_hash_bytes(const void *bytes, size_t length, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t state = cp_hash_mix(seed + LENGTH_STEP) ^ ((uint64_t) length * LENGTH_STEP);
	size_t left;

	for (left = length; left >= 8; left -= 8, p += 8)
		state = join(state, load_word(p));
	if (left > 0)
		state = join(state, load_rest(p, left));
	return cp_hash_mix(state);
}

/* ---- SipHash ---- */

static inline uint64_t
rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
sip_rounds(uint64_t v[4], int rounds)
{
	for (int i = 0; i < rounds; i++)
	{
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static inline void
sip_compress(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

uint64_t
cp_siphash(const uint64_t key[2], const void *bytes, size_t length)
{
	const unsigned char *p = bytes;
	uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
	                 key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t last = (uint64_t) length << 56;
	size_t left;

	for (left = length; left >= 8; left -= 8, p += 8)
		sip_compress(v, load_word(p));
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t) p[i] << (8 * i);
	sip_compress(v, last);
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
