/*
 * leak.h: signs that the answer is among the questions.
 *
 * A feature that is filled in only once a customer has left, or rows that are in both the
 * training and the held-out part, make a model look better than it will be. Both are
 * counted here; what to say of them is the caller's.
 */
#ifndef CP_LEAK_H
#define CP_LEAK_H

#include <stddef.h>
#include <stdint.h>

#include "learn/training.h"

/*
 * A feature that alone reaches this AUC is suspected. One that is filled in for nine in ten
 * of those who left and for nobody else comes to it; where a number has a normal
 * distribution in either class, their means are 2.3 standard deviations apart. What is
 * known before the fact does not tell so much: the best feature of data on churn reaches
 * 0.70 (minutes called) or 0.74 (kind of contract), of ten data sets of all sorts 0.89 (a
 * house's price by its part of town). Of fewer than fifty rows noise may reach it too.
 */
#define CP_LEAK_AUC 0.95

/*
 * aucs: [training->binned->nfeatures] the AUC that each feature alone reaches, whichever
 * way it points; NaN when no fold has both classes. The score of a bin is its churn rate
 * in the other folds, drawn towards that of all their rows where it holds few, so that a
 * category of many levels gains nothing by memory; of a number some thirty bins at most are
 * told apart. AUC counts pairs of rows of the same fold, since scores of different folds do
 * not compare. With one fold, the rows of even and of odd number are two. One pass over the
 * rows a feature.
 */
extern CpStatus cp_leak_aucs(CpContext *context, const CpTraining *training, double *aucs);

/*
 * How many of rows[kept .. n-1] of a finished dataset, the held-out part, have a row among
 * rows[0 .. kept-1] with the same label and, as a model sees them, the same value of every
 * kept column: rare levels of a category are one. Weights, times and dropped columns, as
 * of an identifier, do not count. Hashes find the candidates, values decide.
 */
extern CpStatus cp_leak_repeats(const CpDataset *dataset, const uint32_t *rows, uint32_t n,
                                uint32_t kept, uint32_t *repeats);

/* Bytes cp_leak_repeats needs at most. */
extern size_t cp_leak_repeats_bytes(uint32_t n, uint32_t kept);

#endif
