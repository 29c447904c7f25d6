/*
 * train.h: from a finished dataset to a model and what it is worth.
 */
#ifndef CP_TRAIN_H
#define CP_TRAIN_H

#include "learn/importance.h"
#include "learn/leak.h"
#include "learn/metrics.h"
#include "learn/model.h"
#include "learn/screen.h"
#include "learn/split.h"

/* Up to this many rows the number of rounds is chosen by cross-validation, beyond by one part kept out. */
#define CP_CROSS_VALIDATED_ROWS 50000
#define CP_DEFAULT_FOLDS 5
/* Share of the rows of the one part. */
#define CP_VALIDATION_PARTS 10

typedef struct CpTrainParams
{
	CpSplitBy split_by;
	double test_size; /* share held out, [0, 0.9] */
	uint32_t folds;   /* 0 = as the number of rows suggests, 1 = one part, else 2 .. 20 */
	bool screen;      /* leave out features that are not missed, see screen.h */
	uint64_t seed;
	CpEnsembleParams ensemble;
} CpTrainParams;

typedef struct CpTrained
{
	CpModel model;
	CpEnsembleReport report;
	uint8_t *kept;            /* [model.map.count] 1 = learned from */
	CpImportance *importance; /* [model.map.count] */
	double churn_rate;        /* of all rows, weighted */
	uint32_t train_rows;
	uint32_t test_rows;
	double *alone_aucs;         /* [model.map.count] see leak.h */
	uint32_t repeats;           /* held-out rows that a training row equals, see leak.h */
	CpMetrics metrics;          /* on the held-out rows; all NaN when there are none */
	double *test_probabilities; /* [test_rows] */
	uint32_t *rows;       /* of the dataset: [train_rows] learned from, [test_rows] held out */
	uint8_t *test_labels; /* [test_rows] */
	double *test_weights; /* [test_rows], NULL = all 1 */
} CpTrained;

/* Split, fit, measure. CP_BAD_DATA: no feature, or fewer than two rows of a class to learn from. */
extern CpStatus cp_train_model(CpContext *context, const CpDataset *dataset,
                               const CpTrainParams *params, CpTrained *trained);

#endif
