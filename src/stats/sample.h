/*
 * sample.h: the numbers of one side, exactly while they are few and within a stated bound beyond.
 *
 * Values go into a buffer of `limit`. When it is full it is sorted and every CP_SAMPLE_THIN-th
 * value, the middle one of each run, goes on to the next level, where it stands for
 * CP_SAMPLE_THIN times as many rows (G. S. Manku, S. Rajagopalan, B. G. Lindsay: Approximate
 * Medians and other Quantiles in One Pass and with Limited Memory, SIGMOD 1998). One thinning at a
 * level of weight w moves the rank of no value by more than w CP_SAMPLE_THIN / 2, so all of them
 * together by no more than cp_sample_error() times the rows, for certain and in any order of
 * adding and merging. Nothing is random.
 *
 * Memory: 8 bytes a value, at most `limit` values a level, and log(rows / limit) / log(8) levels
 * above the first. Thinning and sorting take one buffer more for the while.
 */
#ifndef CP_SAMPLE_H
#define CP_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "num/bytes.h"
#include "num/context.h"

/* Rows that are kept exactly, by default. */
#define CP_SAMPLE_EXACT 2000000
#define CP_SAMPLE_THIN 8
/* 8^13 times the smallest limit is more rows than a table can hold. */
#define CP_SAMPLE_LEVELS 14
/* Largest limit: with it on all levels rows and values can still be counted. */
#define CP_SAMPLE_MOST (UINT32_C(1) << 24)

typedef struct CpSampleLevel
{
	double *values; /* [count] in no order; each stands for CP_SAMPLE_THIN^level rows */
	uint32_t count;
	uint32_t capacity;
	uint64_t thinnings; /* done at this level, merged ones included */
} CpSampleLevel;

typedef struct CpSample
{
	CpContext *context;
	uint32_t limit;   /* a multiple of CP_SAMPLE_THIN, up to CP_SAMPLE_MOST */
	uint32_t nlevels; /* in use, at least 1; 1 = exact */
	uint64_t rows;
	CpSampleLevel levels[CP_SAMPLE_LEVELS];
} CpSample;

extern void cp_sample_init(CpSample *sample, CpContext *context, uint32_t limit);
extern void cp_sample_free(CpSample *sample);

/*
 * Room for one more at the first level, thinning where it is full. CP_BAD_DATA: the rows are more
 * than all levels can stand for.
 */
extern CpStatus cp_sample_make_room(CpSample *sample);

/* value: not NaN; infinities may come. */
static inline CpStatus
cp_sample_add(CpSample *sample, double value)
{
	CpSampleLevel *level = &sample->levels[0];

	if (level->count == level->capacity || level->count == sample->limit)
		CP_TRY(cp_sample_make_room(sample));
	level->values[level->count++] = value;
	sample->rows++;
	return CP_OK;
}

/*
 * Two samples of one limit (CP_BAD_PARAMETER if not); `from` stays as it is. CP_BAD_DATA as above.
 */
extern CpStatus cp_sample_merge(CpSample *into, const CpSample *from);

/* Bound of the error of any rank, as a share of the rows; 0 = exact. */
extern double cp_sample_error(const CpSample *sample);

/*
 * Within an envelope of the caller's. Only limit and values are stored: rows and thinnings follow
 * from the counts. Reading refuses limits, levels and counts that cannot be, and NaN (CP_CORRUPT).
 */
extern void cp_sample_write(const CpSample *sample, CpWriter *writer);
extern CpStatus cp_sample_read(CpSample *sample, CpReader *reader);

/* Values in ascending order with the rows that they stand for. */
typedef struct CpSorted
{
	double *values; /* [n] ascending */
	double *upto;   /* [n] rows, or weight, up to and including this value; NULL = i + 1 */
	uint32_t n;
	bool owned;   /* values are freed with this; else they are the sample's own */
	double total; /* rows or weight in all */
} CpSorted;

/*
 * Sorts the sample's buffers in place, which changes nothing of what it says. Of an exact sample
 * the values are its buffer itself, good until it is added to, merged into or freed; of a thinned
 * one they are new.
 */
extern CpStatus cp_sample_sort(CpSample *sample, CpSorted *sorted);

/* Frees what is the sorted values' own; the sample stays. */
extern void cp_sorted_free(CpContext *context, CpSorted *sorted);

/* Rows up to and including value i; before the first none. */
static inline double
cp_sorted_upto(const CpSorted *sorted, uint32_t i)
{
	return sorted->upto == NULL ? (double) i + 1 : sorted->upto[i];
}

/*
 * Quantile by linear interpolation between order statistics (R type 7, percentile_cont): between
 * the values at ranks floor and ceil of q (total - 1), as if each were written out as often as its
 * rows. q in [0, 1]; n > 0. Exact to the last bit of a + g (b - a). Never NaN: of equal values that
 * value, from -infinity on -infinity.
 */
extern double cp_sorted_quantile(const CpSorted *sorted, double q);

/*
 * Mean and population standard deviation; NaN when empty. With infinite values sd is infinite and
 * mean is that infinity, NaN when there are both.
 */
extern CpStatus cp_sorted_moments(CpContext *context, const CpSorted *sorted, double *mean,
                                  double *sd);

#endif
