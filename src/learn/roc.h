/*
 * roc.h: what calling every customer from some score on would catch.
 */
#ifndef CP_ROC_H
#define CP_ROC_H

#include "learn/metrics.h"

/* Shares by weight; NaN where of nothing. */
typedef struct CpRocPoint
{
	double threshold;           /* flagged: a probability of at least this */
	double flagged;             /* of all rows */
	double recall;              /* of those that churned: true positive rate */
	double false_positive_rate; /* of those that stayed */
	double precision;           /* of the flagged, those that churned */
} CpRocPoint;

/*
 * The curve from (0, 0), threshold infinity, to (1, 1): one point more than there are
 * distinct probabilities, or when those are more than `points` (at least 2), at most so
 * many of them in nearly equal steps of recall + false positive rate, both ends always.
 * (*curve)[*count] is from the context; no rows, no points.
 */
extern CpStatus cp_roc(CpContext *context, const CpScored *scored, uint32_t points,
                       CpRocPoint **curve, uint32_t *count);

/* At one threshold. Positive = flagged; sums of weights, then shares, NaN where of nothing. */
typedef struct CpConfusion
{
	double true_positives;
	double false_positives;
	double true_negatives;
	double false_negatives;
	double precision;
	double recall;
	double specificity;
	double f1; /* harmonic mean of precision and recall */
	double accuracy;
} CpConfusion;

extern CpStatus cp_confusion(CpContext *context, const CpScored *scored, double threshold,
                             CpConfusion *confusion);

#endif
