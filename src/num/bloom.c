/*
 * bloom.c: a set of hashes that forgets which they were.
 */
#include "num/bloom.h"

#include <string.h>

#include "num/hash.h"

/* Bit of a hash's probe: two halves of it, stepped through (Kirsch and Mitzenmacher 2008). */
static uint64_t
bit_of(const CpBloom *bloom, uint64_t hash, uint32_t probe)
{
	return (hash + probe * (cp_hash_mix(hash) | 1)) % bloom->bits;
}

CpStatus
cp_bloom_init(CpContext *context, uint64_t n, CpBloom *bloom)
{
	bloom->bits = (n > 0 ? n : 1) * CP_BLOOM_BITS;
	return cp_alloc_zero(context, &bloom->bytes, (bloom->bits + 7) / 8, 1);
}

void
cp_bloom_add(CpBloom *bloom, uint64_t hash)
{
	for (uint32_t probe = 0; probe < CP_BLOOM_PROBES; probe++)
	{
		uint64_t bit = bit_of(bloom, hash, probe);

		bloom->bytes[bit / 8] |= (uint8_t) (1u << bit % 8);
	}
}

bool
cp_bloom_has(const CpBloom *bloom, uint64_t hash)
{
	for (uint32_t probe = 0; probe < CP_BLOOM_PROBES; probe++)
	{
		uint64_t bit = bit_of(bloom, hash, probe);

		if ((bloom->bytes[bit / 8] >> bit % 8 & 1) == 0)
			return false;
	}
	return true;
}

void
cp_bloom_write(const CpBloom *bloom, CpWriter *writer)
{
	cp_write_u64(writer, bloom->bits);
	cp_write_string(writer, (const char *) bloom->bytes, (bloom->bits + 7) / 8);
}

CpStatus
cp_bloom_read(CpBloom *bloom, CpReader *reader)
{
	size_t length;

	bloom->bits = cp_read_u64(reader);
	bloom->bytes = (uint8_t *) cp_read_string(reader, &length);
	if (bloom->bits == 0 || (bloom->bits - 1) / 8 + 1 != length)
		cp_reader_reject(reader);
	return cp_reader_close(reader);
}
