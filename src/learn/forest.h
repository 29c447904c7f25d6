/*
 * forest.h: a random forest of probability trees.
 *
 * Breiman (Random Forests, Machine Learning 45, 2001): every tree learns from a
 * bootstrap sample, every split looks at a random part of the features, and the
 * probability is the mean over the trees of their leaves' churn rates. Trees are
 * grown by tree_grow from the squared error, whose gain is that of Gini's index.
 *
 * A tree leaves one whole fold out of its sample, the trees taking turns, so that the
 * rows of a fold have trees that know nothing of them or of their unit: the out-of-bag
 * estimate is out of fold as well. So many trees are grown that every fold has as many
 * as the forest keeps, and the estimate is of a forest of that size.
 */
#ifndef CP_FOREST_H
#define CP_FOREST_H

#include <stdint.h>

#include "learn/training.h"
#include "learn/tree.h"

/* A tree's sample has as many rows as there are to learn from, but no more than these. */
#define CP_FOREST_SAMPLE 200000

typedef struct CpForestParams
{
	uint32_t trees;     /* kept, 1 .. 10,000 */
	uint32_t max_depth; /* 1 .. 32 */
	double
		min_leaf; /* least rows of the sample in a leaf, weighted; 0 = of a few sizes what serves the folds best */
	double colsample; /* share of the features a split looks at, (0, 1] */
	double smoothing; /* rows of average churn rate added to every leaf, >= 0 */
} CpForestParams;

typedef struct CpForest
{
	double base; /* churn rate; a leaf says how far from it */
	CpTrees trees;
	double min_leaf; /* the size that was chosen; not stored */
} CpForest;

extern void cp_forest_defaults(CpForestParams *params);

/* NULL, or what is wrong with the parameters, a sentence that names the option. */
extern const char *cp_forest_check(const CpForestParams *params);

/* Settings nearby, for a search; the number of trees stays. */
extern void cp_forest_vary(CpForestParams *params, CpRng *rng);

/*
 * Fit; out_of_fold: [n] log-odds, see training.h. CP_BAD_DATA when without some fold a
 * class is missing.
 */
extern CpStatus cp_forest_fit(CpContext *context, const CpTraining *training,
                              const CpForestParams *params, CpForest *forest, double *out_of_fold);

/* Bytes cp_forest_fit needs at most, trees left out. */
extern size_t cp_forest_bytes(const CpTraining *training, const CpForestParams *params);

/* Log-odds of a feature vector; scratch: cp_forest_scratch bytes. */
extern double cp_forest_log_odds(const CpForest *forest, const double *vector, void *scratch);
extern size_t cp_forest_scratch(const CpForest *forest);

/* Log-odds [path->n + 1] at the beginning of a walk and after each of its steps; the same scratch. */
extern void cp_forest_path(const CpForest *forest, const CpPath *path, void *scratch,
                           double *log_odds);

extern void cp_forest_free(CpForest *forest);

extern void cp_forest_write(const CpForest *forest, CpWriter *writer);
extern CpStatus cp_forest_read(CpForest *forest, CpReader *reader, const CpFeatureMap *map);

#endif
