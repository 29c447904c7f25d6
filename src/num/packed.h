/*
 * packed.h: columns of doubles that take no more room than they need, without loss.
 *
 * Money is whole cents and scores are floats more often than not. A column is stored as
 * 32-bit whole numbers over a power of ten, as floats, or as the doubles they are: the first
 * of these from which every value comes back bit for bit. NaN and infinities are allowed.
 */
#ifndef CP_PACKED_H
#define CP_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "num/context.h"

typedef enum CpPacking
{
	CP_PACKED_DECIMAL, /* int32 divided by divisor */
	CP_PACKED_FLOAT,
	CP_PACKED_DOUBLE
} CpPacking;

typedef struct CpPacked
{
	CpPacking packing;
	double divisor; /* of decimals: 1, 10, ..., 1e6 */
	void *values;   /* [n] owned by the context */
} CpPacked;

/* Store n values; some nanoseconds a value, so that it need not be polled for a block of them. */
extern CpStatus cp_pack(CpContext *context, const double *values, size_t n, CpPacked *packed);

/* values [from] .. [from + n - 1] of the column into out. */
extern void cp_unpack(const CpPacked *packed, size_t from, size_t n, double *out);

/* Bytes that a value takes. */
extern size_t cp_packed_width(const CpPacked *packed);

extern void cp_packed_free(CpContext *context, CpPacked *packed);

#endif
