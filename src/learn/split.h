/*
 * split.h: which rows are held out, and into which folds the others go.
 *
 * Rows stand in the dataset's own order (cp_dataset_order). Every row gets a
 * place in [0, 1): by its rank within its class, so that every part holds the
 * same share of churners; or, when units must stay whole, by the rank of its
 * unit's first row; or by time, newest first, equal times together. A part of
 * the rows is a range of places.
 */
#ifndef CP_SPLIT_H
#define CP_SPLIT_H

#include "learn/dataset.h"

typedef enum CpSplitBy
{
	CP_SPLIT_STRATIFIED,
	CP_SPLIT_WHOLE_UNITS,
	CP_SPLIT_TIME /* needs dataset->times */
} CpSplitBy;

/* places: [n] of rows[0 .. n-1]. */
extern CpStatus cp_split_places(const CpDataset *dataset, const uint32_t *rows, uint32_t n,
                                CpSplitBy by, double *places);

/*
 * Part rows[0 .. n-1], in place and keeping their order: those with a place of
 * at least share first. Returns how many; the others, held out, stand behind.
 */
extern CpStatus cp_split_hold_out(const CpDataset *dataset, uint32_t *rows, uint32_t n,
                                  CpSplitBy by, double share, uint32_t *kept);

/* folds: [n] the fold of each of rows[0 .. n-1], 0 .. nfolds - 1 (nfolds <= 255). */
extern CpStatus cp_split_folds(const CpDataset *dataset, const uint32_t *rows, uint32_t n,
                               CpSplitBy by, uint32_t nfolds, uint8_t *folds);

#endif
