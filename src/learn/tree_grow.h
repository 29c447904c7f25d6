/*
 * tree_grow.h: one tree from binned rows and their gradients.
 *
 * Second-order growth (Chen and Guestrin, XGBoost, KDD 2016): a leaf's value is
 * -G / (H + l2), a split's gain is what it adds to sum G^2 / (H + l2). G and H
 * are sums of gradients and hessians, kept as fixed-point integers: their sums
 * are exact, so a histogram may be had by subtraction and the tree does not
 * depend on the order of summing.
 */
#ifndef CP_TREE_GROW_H
#define CP_TREE_GROW_H

#include <stdint.h>

#include "learn/binning.h"
#include "learn/tree.h"
#include "num/rng.h"

#define CP_MAX_DEPTH 32

/* Fixed-point steps of the largest weight: |g| <= weight, so sums of 2^31 rows fit 64 bits. */
#define CP_GRADIENT_STEPS (1 << 30)

typedef struct CpGrowParams
{
	uint32_t max_depth;      /* 1 .. CP_MAX_DEPTH */
	double min_child_weight; /* least sum of hessians in a child */
	double l2;               /* added to H */
	double min_gain;         /* a split must gain more than this */
	double shrinkage;        /* factor of every leaf's value */
	uint32_t
		one_hot_levels; /* a category with at most so many levels in a node is split one against the rest */
	double level_smoothing; /* added to H when levels are put in order */
	uint32_t
		features_per_split; /* a split looks at so many of the allowed features, drawn anew; 0 = all */
} CpGrowParams;

/* Fixed-point gradient and hessian of a row, or sums of them. */
typedef struct CpGradient
{
	int32_t g;
	int32_t h;
} CpGradient;

typedef struct CpGradientSum
{
	int64_t g;
	int64_t h;
} CpGradientSum;

typedef struct CpGrower
{
	CpContext *context;
	const CpBinned *binned;
	CpGrowParams params;
	double unit;           /* value of one step of the fixed-point numbers */
	CpGradient *gradients; /* [binned->rows] */
	uint32_t *in_bag;      /* [in_count] rows the tree learns from; reordered */
	uint32_t in_count;
	uint32_t *out_bag; /* [out_count] rows that are only carried along; reordered */
	uint32_t out_count;
	double *scores;   /* [binned->rows] every row's leaf value is added; the caller's */
	uint8_t *allowed; /* [nfeatures] 1 = may split */
	CpRng *rng;       /* draws the features of a split; the caller's, NULL when all are looked at */
	CpTrees *trees;   /* where the tree goes; the caller's */

	uint32_t *scratch; /* [binned->rows] */
	uint8_t *drawn;    /* [nfeatures] what the split in hand looks at */
	CpGradientSum
		*sums[CP_MAX_DEPTH + 1]; /* histograms, one a level, allocated when first needed */
	double *chance[CP_FIELD_CODES +
	               1]; /* [k][m] gain by chance of parting m of k levels; NULL = never asked */
} CpGrower;

/* What learners have in common; depth, least weight and regularisation are theirs. */
extern void cp_grow_defaults(CpGrowParams *params);

/* Allocate gradients, row lists, allowed (all), scratch. */
extern CpStatus cp_grower_init(CpGrower *grower, CpContext *context, const CpBinned *binned,
                               const CpGrowParams *params);
extern void cp_grower_free(CpGrower *grower);

/* Bytes that cp_grower_init and cp_grow_tree will allocate. */
extern size_t cp_grower_bytes(const CpBinned *binned, uint32_t max_depth);

/*
 * What parting the first m of k levels (0 < m < k), put in order of their own
 * gradients, gains by chance alone, more than the best cut of a number does; never negative.
 * Without any effect G / sqrt(H) of a level is about standard normal, and the more
 * levels, the better the best division fits their noise. A division of more than
 * one_hot_levels levels counts only for what it gains beyond.
 */
extern double cp_chance_gain(uint32_t m, uint32_t k);

/* Draw `wanted` (or all, if fewer) of the n features, or of those with from[f] = 1: drawn[n]. */
extern void cp_draw_features(CpRng *rng, const uint8_t *from, uint32_t n, uint32_t wanted,
                             uint8_t *drawn);

/* Append one tree to grower->trees and add its values to the scores of all rows in and out of the bag. */
extern CpStatus cp_grow_tree(CpGrower *grower);

/* When all trees are grown: cuts and levels move from the bins to the trees, which then stand alone. */
extern CpStatus cp_grown_prepare(CpTrees *trees, const CpBinned *binned);

#endif
