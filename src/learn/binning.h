/*
 * binning.h: every value a byte, laid out for histograms.
 *
 * A number's bin is how many cuts lie below it; at most 255 bins hold about equal
 * shares of the rows, and a heavy value takes room from no other. A category's bin is its level. What
 * is missing has a bin of its own, and so have levels too rare to be kept.
 *
 * A field is one byte of a row. Features of few bins share a field, as digits
 * of a mixed-radix number: one histogram over the field then serves them all,
 * and each gets its own back by adding up (exactly, since sums are integers).
 * Sixteen yes/no columns take two or three fields instead of sixteen.
 *
 * Eight fields make a block: one 64-bit word a row, read at once.
 */
#ifndef CP_BINNING_H
#define CP_BINNING_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/dataset.h"
#include "learn/featuremap.h"

#define CP_FIELD_CODES 256
#define CP_BLOCK_FIELDS 8
#define CP_MAX_BINS 255 /* of a number, without missing */

typedef struct CpBinFeature
{
	bool category;
	bool has_missing; /* a bin for missing values, the last */
	bool has_other;   /* category: a bin for rare levels, behind the levels */
	uint32_t levels;  /* category: kept levels */
	uint32_t bins;    /* in all, 1 .. 256 */
	uint32_t ncuts;   /* number: bins without missing, less one */
	double *cuts;     /* [ncuts] ascending */
	uint32_t field;
	uint8_t digit[CP_FIELD_CODES]; /* field code to bin */
	uint32_t divisor;              /* its digit's place value in the field */
} CpBinFeature;

typedef struct CpBinned
{
	uint32_t rows;
	uint32_t nfeatures;
	uint32_t nfields;
	uint32_t nblocks;
	CpBinFeature *features; /* [nfeatures], as in the feature map */
	uint32_t *field_codes;  /* [nfields] codes in use: product of the bins of its features */
	uint64_t *words;        /* [nblocks][rows], field f in byte f % 8 of block f / 8 */
} CpBinned;

/*
 * Bin rows[0 .. n-1] of the kept columns of a dataset: row i of the result is
 * rows[i]. max_bins (2 .. 255) bounds the bins of a number.
 */
extern CpStatus cp_bin(const CpDataset *dataset, const uint32_t *rows, uint32_t n,
                       uint32_t max_bins, CpBinned *binned);

/* Free all of it. */
extern void cp_binned_free(CpContext *context, CpBinned *binned);

/* The bin of a number, not NaN: how many of the ascending cuts lie below it. */
static inline uint32_t
cp_bin_of_number(const double *cuts, uint32_t ncuts, double value)
{
	const double *base = cuts;
	uint32_t left = ncuts;

	while (left > 0)
	{
		uint32_t half = (left + 1) / 2;

		/* A product, not a condition: a branch would be guessed wrong half the time. */
		base += half * (base[half - 1] < value);
		left -= half;
	}
	return (uint32_t) (base - cuts);
}

/*
 * Place cuts between sorted values[0 .. n-1] so that at most max_bins bins
 * result; cuts has room for max_bins - 1. Returns their number.
 */
extern uint32_t cp_place_cuts(const double *values, uint32_t n, uint32_t max_bins, double *cuts);

#endif
