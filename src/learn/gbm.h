/*
 * gbm.h: gradient boosting of log-loss with trees.
 *
 * Each round fits a tree to the gradients of the log-loss at the scores so far
 * (Friedman 2001; second order as in XGBoost), on a random part of the rows and
 * of the features, and adds a fraction of it. The score is a log-odds.
 */
#ifndef CP_GBM_H
#define CP_GBM_H

#include <stdint.h>

#include "learn/training.h"
#include "learn/tree.h"

typedef struct CpGbmParams
{
	uint32_t rounds;         /* trees at most, 1 .. 10,000 */
	double learning_rate;    /* (0, 1] */
	uint32_t max_depth;      /* 1 .. 16 */
	double min_child_weight; /* sum of p (1 - p), >= 0 */
	double l2;               /* >= 0 */
	double subsample;        /* share of the rows a tree sees, (0, 1] */
	double colsample;        /* share of the features a tree sees, (0, 1] */
	uint32_t max_bins;       /* of a number, 2 .. 255 */
	uint32_t early_stopping; /* rounds without improvement, 0 = run all rounds */
} CpGbmParams;

typedef struct CpGbm
{
	double base; /* log-odds before the first tree */
	CpTrees trees;
} CpGbm;

/* The defaults. */
extern void cp_gbm_defaults(CpGbmParams *params);

/* NULL, or what is wrong with the parameters, a sentence that names the option. */
extern const char *cp_gbm_check(const CpGbmParams *params);

/* Settings nearby, for a search; rounds, bins and stopping stay. */
extern void cp_gbm_vary(CpGbmParams *params, CpRng *rng);

/*
 * Fit; out_of_fold: [n] log-odds, see training.h. With several folds the number of rounds
 * is the one at which the log-loss over the folds is least, and all rows are then fitted;
 * with one fold the rows of fold 0 are kept out and the best round is where the model ends.
 * Without early stopping it is the last round. CP_BAD_DATA when a class is missing.
 */
extern CpStatus cp_gbm_fit(CpContext *context, const CpTraining *training,
                           const CpGbmParams *params, CpGbm *gbm, double *out_of_fold);

/* Bytes cp_gbm_fit needs at most, trees left out. */
extern size_t cp_gbm_bytes(const CpTraining *training, const CpGbmParams *params);

/* Log-odds of a feature vector; scratch: cp_gbm_scratch bytes. */
extern double cp_gbm_log_odds(const CpGbm *gbm, const double *vector, void *scratch);
extern size_t cp_gbm_scratch(const CpGbm *gbm);

/* Log-odds [path->n + 1] at the beginning of a walk and after each of its steps; the same scratch. */
extern void cp_gbm_path(const CpGbm *gbm, const CpPath *path, void *scratch, double *log_odds);

extern void cp_gbm_free(CpGbm *gbm);

extern void cp_gbm_write(const CpGbm *gbm, CpWriter *writer);
extern CpStatus cp_gbm_read(CpGbm *gbm, CpReader *reader, const CpFeatureMap *map);

#endif
