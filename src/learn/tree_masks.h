/*
 * tree_masks.h: shallow trees scored all at once, without walking them.
 *
 * The leaves of a tree are the bits of a mask, leftmost lowest. A node whose
 * test sends a value right rules out the leaves to its left; what a row's values
 * have ruled out together leaves the reached leaf as the lowest bit (QuickScorer,
 * Lucchese et al., SIGIR 2015). What one value of one feature rules out in all
 * trees is known beforehand: a row of masks. Scoring is then the AND of one such
 * row per feature, which reads memory in order and mispredicts nothing.
 */
#ifndef CP_TREE_MASKS_H
#define CP_TREE_MASKS_H

#include "learn/tree.h"

/* Above this the rows fall out of the cache and walking is as good. */
#define CP_MASKS_MAX_BYTES ((size_t) 4 * 1024 * 1024)

/* One feature that some node asks. Small and side by side, since a single prediction finds cold caches. */
typedef struct CpMaskColumn
{
	uint64_t *rows;     /* rows of masks, one per code of the feature */
	const double *cuts; /* of a number, the trees' own; NULL for a category */
	uint32_t values;    /* cuts of a number, levels of a category */
	uint32_t feature;
} CpMaskColumn;

typedef struct CpMasks
{
	uint32_t bits;         /* of a mask: 16 or 64, at least the leaves of a tree */
	uint32_t words;        /* of a row of masks, a multiple of 8 */
	uint32_t nasked;       /* features that any node asks */
	CpMaskColumn *columns; /* [nasked] */
	uint32_t *column_of;   /* [nfeatures] column + 1, 0 = not asked */
	float *leaves;         /* [words * 64 / bits][bits] values in order of the leaves */
} CpMasks;

/* *masks stays NULL when a tree has too many leaves or the rows would take too much. */
extern CpStatus cp_masks_build(const CpTrees *trees, CpMasks **masks);
extern void cp_masks_free(CpContext *context, CpMasks **masks);

/* Sum of the values of the leaves that a feature vector reaches; scratch: cp_masks_scratch bytes. */
extern double cp_masks_score(const CpMasks *masks, const double *vector, void *scratch);

/* The same at the beginning of a walk and after each of its steps: sums [path->n + 1]. */
extern void cp_masks_path(const CpMasks *masks, const CpPath *path, void *scratch, double *sums);
extern size_t cp_masks_scratch(const CpMasks *masks);

#endif
