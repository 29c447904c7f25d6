/*
 * training.h: what every learner is given, and a walk between two feature vectors.
 */
#ifndef CP_TRAINING_H
#define CP_TRAINING_H

#include <stdint.h>

#include "learn/binning.h"
#include "learn/dataset.h"
#include "num/rng.h"

/*
 * Rows to learn from. A learner fits all of them and says, for each, what a model that
 * had not seen the row's fold makes of it: its out-of-fold log-odds, from which weights
 * and calibration are chosen. With one fold only the rows of fold 0 are kept out, for
 * good, and the log-odds of the others are NaN.
 */
typedef struct CpTraining
{
	const CpDataset *dataset;
	const uint32_t *rows; /* [n] of the dataset, in its own order */
	uint32_t n;
	const uint8_t *labels;  /* [n] 1 = churned */
	const double *weights;  /* [n], NULL = all 1 */
	const uint8_t *folds;   /* [n] 0 .. nfolds - 1; with one fold 0 or not 0 */
	uint32_t nfolds;        /* 1: rows of fold 0 validate */
	const CpBinned *binned; /* row i is rows[i]; what learners of trees read */
	const uint8_t *kept;    /* [binned->nfeatures] 1 = learn from it; NULL = from all */
	uint64_t seed;
} CpTraining;

/*
 * First of the streams of random numbers that each part of a training draws from: under one
 * seed nothing depends on what was drawn before.
 */
#define CP_STREAM_GBM (UINT64_C(0) << 48)
#define CP_STREAM_FOREST (UINT64_C(1) << 48)
#define CP_STREAM_NET (UINT64_C(2) << 48)
#define CP_STREAM_SEARCH (UINT64_C(3) << 48)
#define CP_STREAM_EXPLAIN (UINT64_C(4) << 48)
#define CP_STREAM_IMPORTANCE (UINT64_C(5) << 48)
#define CP_STREAM_SCREEN (UINT64_C(6) << 48)

/* No row's fold. */
#define CP_NO_FOLD UINT8_MAX

/*
 * Rows of one fold judge what was learned from another, and the other way round: two results
 * of the same chance. Where there is nothing to be found, that makes the variance of a figure
 * up to twice that of as many independent rows, whatever the number of folds; 1.3 to 1.9
 * times by simulation. Standard errors grow by the root.
 */
#define CP_FOLDS_INFLATION 1.41421356237309504880

/* Weight of row i. */
static inline double
cp_training_weight(const CpTraining *training, uint32_t i)
{
	return training->weights == NULL ? 1 : training->weights[i];
}

/* How many features to learn from. */
extern uint32_t cp_training_features(const CpTraining *training);

/* Of all rows, 1 when there are no weights. */
extern double cp_training_largest_weight(const CpTraining *training);

/*
 * Log-odds of the share of churners among the rows of all folds but one; CP_NO_FOLD leaves
 * none out. CP_BAD_DATA when a class is missing there.
 */
extern CpStatus cp_training_base(CpContext *context, const CpTraining *training, uint8_t left_out,
                                 double *log_odds);

/*
 * A setting near value, for a search: up to three times more or less, evenly on the scale of
 * logarithms, kept within least .. most.
 */
extern double cp_vary(CpRng *rng, double value, double least, double most);

/*
 * A walk through feature vectors that begins at `from` and at every step changes one
 * feature: flips[k] takes the value of `to`, or back that of `from`. What an explanation
 * asks about, and what costs less than as many vectors taken one by one.
 */
typedef struct CpPath
{
	const double *from;    /* feature vector */
	const double *to;      /* feature vector */
	const uint32_t *flips; /* [n] features */
	uint32_t n;
} CpPath;

#endif
