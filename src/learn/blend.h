/*
 * blend.h: how much each member of an ensemble counts.
 *
 * The ensemble's probability is the weighted mean of its members' (a linear opinion
 * pool; Stone 1961), with weights of zero or more that sum to one. Fitted to what the
 * members say of rows they have not seen (stacking; Wolpert 1992, Breiman 1996), the
 * weights that minimise the log-loss are those of a mixture of known densities: a
 * convex problem, solved here by projected Newton steps (Bertsekas 1982; for mixtures
 * Kim, Carbonetto, Stephens, Anitescu 2020).
 */
#ifndef CP_BLEND_H
#define CP_BLEND_H

#include <stdint.h>

#include "num/context.h"

#define CP_BLEND_MEMBERS 8

/* A member that counts less than this is dropped: not worth the time it takes to score. */
#define CP_BLEND_LEAST 0.02

typedef struct CpBlend
{
	double weights[CP_BLEND_MEMBERS]; /* [members] 0 or at least CP_BLEND_LEAST, sum 1 */
	double losses[CP_BLEND_MEMBERS];  /* [members] log-loss of each alone */
	uint32_t best;                    /* the member whose loss is least, the first of equals */
	double loss;                      /* log-loss with these weights */
} CpBlend;

/*
 * probabilities: [members][n] in [0, 1], for the logarithm taken no nearer to 0 or 1 than
 * CP_LOG_LOSS_CLIP (metrics.h), NaN only in rows of weight zero; labels: [n] 1 = churned;
 * weights: [n] zero or more, NULL = all 1.
 *
 * Members below CP_BLEND_LEAST are dropped one by one, the least first, and the others
 * fitted again. By being fitted to these rows each weight beyond the first is worth half
 * a unit of log-likelihood and on fresh rows costs as much (Akaike 1974): a blend of k
 * members counts as better than the best one only when it is by k - 1 units, (k - 1) /
 * (sum of weights) in log-loss; else the best has all the weight.
 *
 * CP_BAD_PARAMETER: members not 1 .. CP_BLEND_MEMBERS. CP_BAD_DATA: weights that do not
 * add up to a positive, finite number.
 */
extern CpStatus cp_blend(CpContext *context, const double *const *probabilities, uint32_t members,
                         const uint8_t *labels, const double *weights, uint32_t n, CpBlend *blend);

#endif
