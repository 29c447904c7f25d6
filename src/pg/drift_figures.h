/*
 * drift_figures.h: what an aggregate of drift has to say.
 *
 * A figure is NaN where a side is empty or nothing is known of it.
 */
#ifndef CP_DRIFT_FIGURES_H
#define CP_DRIFT_FIGURES_H

#include "postgres.h"

#include "pg/drift_state.h"
#include "stats/drift.h"

typedef struct CpDriftTest
{
	double statistic;
	double df; /* of chi-square */
	double p;
	const char *kind; /* of the law or the test, as options name it */
} CpDriftTest;

/* What is computed over cells. */
typedef struct CpDriftMeasured
{
	CpDivergence divergence;
	CpDriftTest chi2;
	double chance; /* PSI to be expected where nothing drifts */
	double unseen; /* of categories: share of values that the reference has not */
} CpDriftMeasured;

/* n, m: rows of the reference and now, for the chance. */
extern void cp_drift_measure_cells(const CpDriftCells *cells, const CpDriftOptions *options,
                                   double n, double m, CpDriftMeasured *measured);
extern void cp_drift_measure(CpDriftState *state, CpDriftMeasured *measured);

/* A divergence as options want it. */
typedef double (*CpDriftPick)(const CpDivergence *divergence, const CpDriftOptions *options);

extern double cp_drift_psi_of(const CpDivergence *divergence, const CpDriftOptions *options);
extern double cp_drift_kl_of(const CpDivergence *divergence, const CpDriftOptions *options);
extern double cp_drift_js_of(const CpDivergence *divergence, const CpDriftOptions *options);

/* Of numbers that were not counted against edges. */
extern CpDriftTest cp_drift_ks_of(CpDriftState *state);
extern double cp_drift_wasserstein_of(CpDriftState *state);

#endif
