/*
 * drift.h: how far two distributions over the same cells are apart, and whether chance explains it.
 *
 * reference[cells] and current[cells] are counts or sums of weights, finite and not negative; p and
 * q are their shares. Logarithms are natural. Where a side is empty every figure is NaN.
 *
 * PSI: S. Kullback and R. A. Leibler: On Information and Sufficiency, Annals of Mathematical
 * Statistics 22 (1951), whose J is what scorecards call the population stability index.
 * Jensen-Shannon: J. Lin: Divergence Measures Based on the Shannon Entropy, IEEE Transactions on
 * Information Theory 37 (1991).
 */
#ifndef CP_DRIFT_H
#define CP_DRIFT_H

#include <stdint.h>

#include "stats/chi2.h"

/* A share of 0 becomes this where its logarithm is needed; nothing is made to sum to 1 again. */
#define CP_DRIFT_EPSILON 1e-4

/* What an empty cell is filled with. */
typedef enum CpEmptyCells
{
	CP_EMPTY_EPSILON,
	/* As Evidently has it: a millionth of the side's least share above 0 if that is <= epsilon. */
	CP_EMPTY_RELATIVE
} CpEmptyCells;

typedef struct CpDivergence
{
	double psi;                     /* sum (q - p) ln (q / p) */
	double kl_reference;            /* sum p ln (p / q): of the reference from the current */
	double kl_current;              /* sum q ln (q / p) */
	double kl_reference_normalised; /* the filled shares are divided by their sum first */
	double kl_current_normalised;
	double js;              /* Jensen-Shannon divergence of the shares as they are, in nats */
	double total_variation; /* half the sum of |p - q| */
} CpDivergence;

/*
 * A cell that is empty on both sides is filled on both, as Evidently has it. By epsilon it adds
 * nothing but to the sums by which the normalised shares are divided.
 */
extern void cp_divergence(const double *reference, const double *current, uint32_t cells,
                          CpEmptyCells empty, CpDivergence *divergence);

/*
 * Pearson's: are both samples of one distribution? p is 1 where df is 0. Cells empty on both sides
 * are dropped.
 */
extern CpChi2 cp_chi2_homogeneity(const double *reference, const double *current, uint32_t cells);

/* Is the current one a sample of just the reference's shares? Infinite where one of them is 0. */
extern CpChi2 cp_chi2_goodness_of_fit(const double *reference, const double *current,
                                      uint32_t cells);

/* Mean of the PSI of two samples of these sizes if nothing has drifted: (cells - 1)(1/n + 1/m). */
extern double cp_psi_by_chance(uint32_t cells, double n, double m);

#endif
