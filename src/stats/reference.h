/*
 * reference.h: what one feature looked like in the reference, small enough to be kept.
 *
 * Numbers are counted in up to CP_REFERENCE_CELLS fine cells, from which distances are taken;
 * coarse cells, each made of whole fine ones, are what PSI and its like are computed over. Coarse
 * cuts are the deciles (distance.h, left-closed), fine ones 256-quantiles. Where quantiles coincide,
 * as of a column that is mostly 0, the value that they coincide at is a cell of its own: the next
 * larger double is a cut as well. Fine cells have a cut at the next larger value, too, so that a
 * cell of several values begins where they do. A category has a cell for each level and a last one
 * for all others; fine is coarse there.
 *
 * Weights count how often a row stands for one of the population; rows is how many rows they are
 * worth (Kish 1965).
 */
#ifndef CP_REFERENCE_H
#define CP_REFERENCE_H

#include "num/bytes.h"
#include "stats/drift.h"
#include "stats/sample.h"

#define CP_REFERENCE_FINE 256
#define CP_REFERENCE_COARSE 10

/*
 * Cuts at most, of numbers; cells at most, of numbers and of categories. Of quantiles that coincide
 * there are two or more, and they make two coarse cuts or three fine ones.
 */
#define CP_REFERENCE_CUTS (3 * (CP_REFERENCE_FINE - 1) / 2 + CP_REFERENCE_COARSE - 1)
#define CP_REFERENCE_CELLS (CP_REFERENCE_CUTS + 1)

typedef struct CpReference
{
	uint32_t cells;   /* fine ones, 1 or more */
	uint32_t coarse;  /* coarse ones */
	double *cuts;     /* numbers: [cells - 1] ascending; categories: NULL */
	uint16_t *groups; /* [cells] the coarse cell of each; categories: NULL */
	double *weights;  /* [cells] */
	double missing;   /* weight of those without a value */
	double rows;      /* in all, as many as the weights are worth */
	double least;     /* numbers: of the values, NaN without any */
	double most;
	double sd; /* population standard deviation */
} CpReference;

/* Of numbers: sorted has those that are not missing. Allocates from the context. */
extern CpStatus cp_reference_of_numbers(CpContext *context, const CpSorted *sorted, double missing,
                                        double rows, CpReference *reference);

/* Of a category: weights [cells], copied. */
extern CpStatus cp_reference_of_levels(CpContext *context, const double *weights, uint32_t cells,
                                       double missing, double rows, CpReference *reference);

extern void cp_reference_write(const CpReference *reference, CpWriter *writer);
extern CpStatus cp_reference_read(CpReference *reference, CpReader *reader);

/* The fine cell of a number that is not NaN: how many cuts are <= it. */
static inline uint32_t
cp_reference_cell(const CpReference *reference, double value)
{
	const double *base = reference->cuts;
	uint32_t left = reference->cells - 1;

	while (left > 0)
	{
		uint32_t half = (left + 1) / 2;

		/* A product, not a condition: a branch would be guessed wrong half the time. */
		base += half * (base[half - 1] <= value);
		left -= half;
	}
	return (uint32_t) (base - reference->cuts);
}

/* What was counted of the current side. */
typedef struct CpCounted
{
	const uint64_t *counts; /* [cells + 1] the last: missing */
	double least;           /* numbers: infinity and -infinity without any */
	double most;
} CpCounted;

/* One feature compared. Figures of an empty side are NaN. */
typedef struct CpFeatureDrift
{
	double rows;              /* current, missing ones included */
	double missing;           /* share of them */
	double missing_reference; /* share in the reference */
	double unseen;            /* category: share of values that are no level; else NaN */
	double unseen_reference;  /* the same share in the reference */
	CpDivergence cells;       /* over the coarse cells of values that are not missing */
	CpDivergence gaps;        /* over the two cells missing and not */
	double
		ks; /* at the fine cuts: less than the exact one by no more than the smaller share of a cell with several values */
	double
		wasserstein;  /* numbers: in standard deviations of the reference, values within a fine cell
	                             taken for evenly spread; infinite where the reference has but one value
	                             and the current side another, NaN with infinite values */
	CpChi2 chi2;      /* homogeneity over the coarse cells, those of few rows pooled */
	double missing_p; /* Fisher's exact test over missing and not */
	double chance;    /* PSI of the coarse cells to be expected where nothing drifts */
} CpFeatureDrift;

extern void cp_reference_compare(const CpReference *reference, const CpCounted *counted,
                                 CpFeatureDrift *drift);

#endif
