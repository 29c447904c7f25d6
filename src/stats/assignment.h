/*
 * assignment.h: which arm a unit gets, without keeping it anywhere.
 *
 * A keyed hash puts each unit at a place in [0, 1), and each arm has ranges of places. Another
 * key is another experiment, independent of the first. When the allocation changes, arms that
 * shrink give up just what arms that grow are short of, so nobody else changes arms.
 */
#ifndef CP_ASSIGNMENT_H
#define CP_ASSIGNMENT_H

#include <stddef.h>
#include <stdint.h>

#include "num/context.h"

#define CP_MAX_RANGES 1024

/* In order of places; the last ends at 1. */
typedef struct CpRanges
{
	uint32_t count;
	double to[CP_MAX_RANGES]; /* end of each, excluded; a range begins where the one before ends */
	uint32_t arm[CP_MAX_RANGES];
} CpRanges;

/* The upper 53 bits of the SipHash-2-4 of the unit's bytes, over 2^53. */
extern double cp_unit_place(const uint64_t key[2], const void *unit, size_t length);

/* One range for each arm; shares >= 0 that sum to 1. */
extern void cp_ranges_begin(CpRanges *ranges, const double *shares, uint32_t arms);

/* CP_BAD_PARAMETER: there would be too many ranges; they are then of no use. */
extern CpStatus cp_ranges_change(CpContext *context, CpRanges *ranges, const double *shares,
                                 uint32_t arms);

extern uint32_t cp_ranges_arm(const CpRanges *ranges, double place);

#endif
