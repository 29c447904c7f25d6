/*
 * importance.h: what each feature is worth to a model.
 */
#ifndef CP_IMPORTANCE_H
#define CP_IMPORTANCE_H

#include "learn/model.h"

/*
 * All rows are looked at, once each or more often, as long as that takes no more scorings than
 * about so many; of more rows a part, but never fewer than the least.
 */
#define CP_IMPORTANCE_SCORINGS 2000000
#define CP_IMPORTANCE_REPEATS 20
#define CP_IMPORTANCE_ROWS 2000

typedef struct CpImportance
{
	double weight; /* splits on the feature, in all trees of the ensemble */
	double
		gain; /* its share of what all splits gain, a mean over the members with trees by their weights */
	double cover;       /* its share of what reaches splits (sum of hessians), likewise */
	double permutation; /* by how much log-loss grows when its values are exchanged among rows */
	double error;       /* standard error of that */
} CpImportance;

/*
 * importance: [model->map.count]. Weight, gain and cover are as in XGBoost, but shares, which
 * compare across members; zero without trees. Permutation (Breiman 2001; Fisher, Rudin,
 * Dominici 2019) is measured on rows[0 .. n-1], held-out ones in the dataset's own order; the
 * same exchanges serve all features. Its error is that over other rows. NaN without rows.
 */
extern CpStatus cp_importance(CpContext *context, const CpModel *model, const CpDataset *dataset,
                              const uint32_t *rows, uint32_t n, uint64_t seed,
                              CpImportance *importance);

/* Add the splits of prepared trees; gain and cover as shares of their own totals, times weight. */
extern void cp_importance_add_trees(const CpTrees *trees, double weight, CpImportance *importance);

#endif
