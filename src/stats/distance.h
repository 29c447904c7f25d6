/*
 * distance.h: what two sorted samples have to say of each other, and cells to count them in.
 */
#ifndef CP_DISTANCE_H
#define CP_DISTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/sample.h"

/* Cells of a histogram by quantiles. */
#define CP_DRIFT_BINS 10
#define CP_DRIFT_MOST_BINS 1000

/* Largest distance of the two distribution functions; NaN when a side is empty. */
extern CpStatus cp_ks_distance(CpContext *context, const CpSorted *reference,
                               const CpSorted *current, double *distance);

/* First Wasserstein distance: the area between the two; may be infinite, NaN when a side is empty. */
extern CpStatus cp_wasserstein(CpContext *context, const CpSorted *reference,
                               const CpSorted *current, double *distance);

/*
 * For each of the merged values in order, is it the last of its equals? *ends is allocated here,
 * [n of both].
 */
extern CpStatus cp_tie_ends(CpContext *context, const CpSorted *reference, const CpSorted *current,
                            bool **ends);

/*
 * The reference's quantiles at 1/bins, ..., (bins - 1)/bins, those that are equal once. cuts has
 * room for bins - 1; how many there are. reference: not empty.
 */
extern uint32_t cp_quantile_cuts(const CpSorted *reference, uint32_t bins, double *cuts);

/*
 * Rows in each of ncuts + 1 cells. A value's cell is how many of the ascending cuts are <= it;
 * right_closed: how many are < it. counts: [ncuts + 1].
 */
extern void cp_cell_counts(const CpSorted *sorted, const double *cuts, uint32_t ncuts,
                           bool right_closed, double *counts);

/*
 * Cells as the Evidently library makes them: of more than 20 distinct values in the reference, equal
 * widths over both sides, as many as Sturges' rule says, the last closed on the right; else a cell
 * for each distinct value of both. Allocated here: *reference_counts and *current_counts [*cells].
 * CP_BAD_DATA when a value is infinite. Neither side is empty.
 */
extern CpStatus cp_evidently_cells(CpContext *context, const CpSorted *reference,
                                   const CpSorted *current, double **reference_counts,
                                   double **current_counts, uint32_t *cells);

#endif
