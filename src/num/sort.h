/*
 * sort.h: sorting without allocation surprises.
 */
#ifndef CP_SORT_H
#define CP_SORT_H

#include <stddef.h>
#include <stdint.h>

#include "num/context.h"

/*
 * Ascending order of doubles by value, -infinity first; no NaN may be present.
 * Stable, so -0 and 0 keep their places among each other. Radix sort by 11-bit digits
 * that skips digits equal everywhere; scratch holds n elements. O(n). The context is
 * polled between passes; NULL = never stop.
 */
extern CpStatus cp_sort_doubles(CpContext *context, double *values, double *scratch, size_t n);

/*
 * Stable ascending order of keys, carrying a 32-bit payload with each.
 * Both scratch arrays hold n elements. O(n). Polled as above; cancelled, the arrays
 * hold nothing of use.
 */
extern CpStatus cp_sort_keys(CpContext *context, uint64_t *keys, uint32_t *payload,
                             uint64_t *key_scratch, uint32_t *payload_scratch, size_t n);

/* The same with scratch of the context's for the while. */
extern CpStatus cp_sort_rows(CpContext *context, uint64_t *keys, uint32_t *rows, size_t n);

/* An unsigned key with the order of the double; -0 and 0 are equal, no NaN. */
extern uint64_t cp_sort_key_of_double(double value);

#endif
