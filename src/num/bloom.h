/*
 * bloom.h: a set of hashes that forgets which they were (Bloom 1970).
 *
 * Says of every hash that was put in that it is there, and of about one in a hundred others.
 * Enough to know what a customer took part in without keeping whose ids those are.
 */
#ifndef CP_BLOOM_H
#define CP_BLOOM_H

#include <stdbool.h>
#include <stdint.h>

#include "num/bytes.h"
#include "num/context.h"

#define CP_BLOOM_BITS 10 /* of each element */
#define CP_BLOOM_PROBES 7

typedef struct CpBloom
{
	uint64_t bits;
	uint8_t *bytes; /* [(bits + 7) / 8] */
} CpBloom;

/* Room for n hashes. */
extern CpStatus cp_bloom_init(CpContext *context, uint64_t n, CpBloom *bloom);
extern void cp_bloom_add(CpBloom *bloom, uint64_t hash);
extern bool cp_bloom_has(const CpBloom *bloom, uint64_t hash);

extern void cp_bloom_write(const CpBloom *bloom, CpWriter *writer);

/* Reads to the end of the stream. */
extern CpStatus cp_bloom_read(CpBloom *bloom, CpReader *reader);

#endif
