/*
 * rng.h: random numbers with an explicit state.
 *
 * Philox4x64-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy
 * as 1, 2, 3, SC 2011). The key is (seed, stream), so two streams of one seed
 * are independent by construction: a tree, a fold or a customer takes a stream
 * of its own and results do not depend on the order of work.
 */
#ifndef CP_RNG_H
#define CP_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct CpRng
{
	uint64_t key[2];     /* seed, stream */
	uint64_t counter[4]; /* number of the block handed out last */
	uint64_t block[4];   /* its output */
	int used;            /* how many of the four are spent */
} CpRng;

extern void cp_rng_init(CpRng *rng, uint64_t seed, uint64_t stream);

/* 64 random bits. Same sequence as numpy.random.Philox(key=[seed, stream]).random_raw(). */
extern uint64_t cp_rng_bits(CpRng *rng);

/* Uniform in [0, 1), 53 bits. */
extern double cp_rng_uniform(CpRng *rng);

/* Uniform in 0 .. bound - 1 without bias (Lemire 2019); bound > 0. */
extern uint64_t cp_rng_below(CpRng *rng, uint64_t bound);

/* Standard normal (polar method; a pair is drawn and the second thrown away). */
extern double cp_rng_normal(CpRng *rng);

/* Fisher-Yates shuffle of values[0 .. n-1]. */
extern void cp_rng_shuffle(CpRng *rng, uint32_t *values, size_t n);

#endif
