/*
 * hash.h: 64-bit hashing of bytes and words.
 *
 * Equal on every machine. For dictionaries, for the seeded order of rows and for the
 * checksum of stored bytes a quick hash, not meant against an adversary; where somebody
 * could gain by choosing what is hashed, cp_siphash.
 */
#ifndef CP_HASH_H
#define CP_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bijective finaliser of 64 bits (Stafford's variant 13 of MurmurHash3's). */
static inline uint64_t
cp_hash_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return x;
}

/* Add a word to a running hash; the order of words matters. */
static inline uint64_t
cp_hash_add(uint64_t hash, uint64_t word)
{
	return cp_hash_mix(hash + UINT64_C(0x9e3779b97f4a7c15) + word) ^ (hash << 1 | hash >> 63);
}

/* Hash of length bytes, read as little-endian words: short strings are the common case. */
extern uint64_t cp_hash_bytes(const void *bytes, size_t length, uint64_t seed);

/*
 * SipHash-2-4 (Aumasson and Bernstein 2012): who does not know the key cannot choose bytes that
 * hash to what they like. For buckets of customers and for draws, which nobody shall steer
 * by choosing an id. key: 128 bits, the paper's k0 and k1.
 */
extern uint64_t cp_siphash(const uint64_t key[2], const void *bytes, size_t length);

#endif
