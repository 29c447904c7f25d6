/*
 * posterior.h: which of several arms is best, as Bayes would have it.
 *
 * Each arm has a posterior law of its own; they are independent. Integrals are by Gauss-Legendre
 * between the laws' far quantiles; losses are right to 1e-10 of themselves down to
 * 1e-15 of the scale.
 */
#ifndef CP_POSTERIOR_H
#define CP_POSTERIOR_H

#include <stdint.h>

#include "num/context.h"

typedef enum CpPosteriorLaw
{
	CP_POSTERIOR_BETA,  /* a, b: of a rate; 1 + successes, 1 + failures under a uniform prior */
	CP_POSTERIOR_NORMAL /* a: mean, b: standard deviation, 0 = a point; up to 1e300 */
} CpPosteriorLaw;

typedef struct CpPosterior
{
	CpPosteriorLaw law;
	double a;
	double b;
} CpPosterior;

extern double cp_posterior_mean(const CpPosterior *posterior);

/*
 * For each of n arms, n >= 1: the probability that it is the highest, ties shared (they have no
 * probability unless arms are points), and the expected loss E max - E arm: what choosing it gives
 * away. best sums to 1. CP_BAD_PARAMETER: laws of different kinds, or parameters out of range
 * (beta: 0.05 to 1e10).
 */
extern CpStatus cp_posterior_best(CpContext *context, const CpPosterior *arms, uint32_t n,
                                  double *best, double *loss);

#endif
