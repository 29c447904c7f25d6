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

#include "learn/binning.h"
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

/* What a learner is given: binned rows, their labels and, for choosing the rounds, their folds. */
typedef struct CpGbmData
{
	const CpBinned *binned;
	const uint8_t *labels; /* [rows] 1 = churned */
	const double *weights; /* [rows], NULL = all 1 */
	const uint8_t *folds;  /* [rows] 0 .. nfolds - 1 */
	uint32_t nfolds;       /* 1: rows of fold 0 validate, others have fold 1 */
} CpGbmData;

/* The defaults. */
extern void cp_gbm_defaults(CpGbmParams *params);

/* NULL, or what is wrong with the parameters, a sentence that names the option. */
extern const char *cp_gbm_check(const CpGbmParams *params);

/*
 * Fit. With early stopping and several folds the number of rounds is the one at
 * which the log-loss over the folds is least, and all rows are then fitted; with
 * one fold the rows of fold 0 are kept out and the best round is where the model
 * ends. CP_BAD_DATA when a class is missing.
 */
extern CpStatus cp_gbm_fit(CpContext *context, const CpGbmData *data, const CpGbmParams *params,
                           uint64_t seed, CpGbm *gbm);

/* Bytes cp_gbm_fit needs at most, trees left out. */
extern size_t cp_gbm_bytes(const CpBinned *binned, const CpGbmParams *params, uint32_t nfolds);

/* Log-odds of a feature vector; scratch: cp_gbm_scratch bytes. */
extern double cp_gbm_log_odds(const CpGbm *gbm, const double *vector, void *scratch);
extern size_t cp_gbm_scratch(const CpGbm *gbm);

extern void cp_gbm_write(const CpGbm *gbm, CpWriter *writer);
extern CpStatus cp_gbm_read(CpGbm *gbm, CpReader *reader, const CpFeatureMap *map);

#endif
