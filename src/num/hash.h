/*
 * hash.h: 64-bit hashing of bytes and words.
 *
 * Used for dictionaries, for the seeded order of rows and for the checksum of
 * stored bytes: equal on every machine, not meant against an adversary.
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

#endif
