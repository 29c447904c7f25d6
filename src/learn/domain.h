/*
 * domain.h: can a classifier tell two sets of customers apart?
 *
 * If no model tells rows of the reference from rows of today, better than by chance, nothing
 * has drifted that a model could use, in no combination of features either (D. Lopez-Paz and
 * M. Oquab: Revisiting Classifier Two-Sample Tests, ICLR 2017).
 */
#ifndef CP_DOMAIN_H
#define CP_DOMAIN_H

#include "learn/evaluation.h"
#include "learn/featuremap.h"

/* Rows of a side that are used at most, the first ones; fewer than CP_DOMAIN_LEAST tell nothing. */
#define CP_DOMAIN_ROWS 2000
#define CP_DOMAIN_LEAST 100

typedef struct CpDomain
{
	double auc;       /* on rows the classifier had not seen; 0.5: nothing to tell apart */
	CpInterval range; /* DeLong's with twice the variance, since folds judge each other */
	double *gains;    /* [map->count] share of each feature in the gain of all splits, 0 without */
} CpDomain;

/*
 * reference, current: [rows][map->count] feature vectors of one map. Every row is scored by a
 * model fitted without it: trees alone, some hundredths of a second. The same rows in another
 * order give the same. With too few rows AUC and range are NaN. domain->gains is the context's.
 */
extern CpStatus cp_domain_compare(CpContext *context, const CpFeatureMap *map,
                                  const double *reference, uint32_t nreference,
                                  const double *current, uint32_t ncurrent, uint64_t seed,
                                  double confidence, CpDomain *domain);

#endif
