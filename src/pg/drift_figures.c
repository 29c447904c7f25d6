/*
 * drift_figures.c: what an aggregate of drift has to say.
 */
#include "postgres.h"

#include <math.h>

#include "pg/drift_figures.h"
#include "stats/distance.h"
#include "stats/kolmogorov.h"

/* --- what cells say --------------------------------------------------------- */

static double
share_unseen(const CpDriftCells *cells)
{
	double unseen = 0, rows = 0;

	for (uint32 i = 0; i < cells->count; i++)
	{
		rows += cells->current[i];
		unseen += cells->reference[i] == 0 ? cells->current[i] : 0;
	}
	return unseen / rows;
}

void
cp_drift_measure_cells(const CpDriftCells *cells, const CpDriftOptions *options, double n, double m,
                       CpDriftMeasured *measured)
{
	uint32 test = cp_drift_chosen(options, CP_DRIFT_TEST, 1);
	CpChi2 chi2 = (test == 0 ? cp_chi2_homogeneity : cp_chi2_goodness_of_fit)(
		cells->reference, cells->current, cells->count);

	cp_divergence(cells->reference, cells->current, cells->count,
	              cp_drift_evidently(options) ? CP_EMPTY_RELATIVE : CP_EMPTY_EPSILON,
	              &measured->divergence);
	measured->chi2 =
		(CpDriftTest){chi2.statistic, chi2.df, chi2.p, cp_drift_choice_name(CP_DRIFT_TEST, test)};
	measured->chance = isnan(chi2.df) ? (double) NAN : cp_psi_by_chance((uint32) chi2.df + 1, n, m);
	measured->unseen = share_unseen(cells);
}

void
cp_drift_measure(CpDriftState *state, CpDriftMeasured *measured)
{
	CpFeatureDrift drift;
	CpDriftCells cells;

	if (state->form == CP_DRIFT_MODEL)
	{
		cp_drift_state_compare(state, &drift);
		measured->divergence = drift.cells;
		measured->chi2 = (CpDriftTest){drift.chi2.statistic, drift.chi2.df, drift.chi2.p,
		                               cp_drift_choice_name(CP_DRIFT_TEST, 0)};
		measured->chance = drift.chance;
		measured->unseen = drift.unseen;
		return;
	}
	cp_drift_state_cells(state, &cells);
	cp_drift_measure_cells(&cells, &state->options, cp_drift_state_rows(state, CP_DRIFT_REFERENCE),
	                       cp_drift_state_rows(state, CP_DRIFT_CURRENT), measured);
	if (state->form != CP_DRIFT_CATEGORIES)
		measured->unseen = NAN;
}

double
cp_drift_psi_of(const CpDivergence *divergence, const CpDriftOptions *options)
{
	return divergence->psi;
}

static double
in_base(double nats, const CpDriftOptions *options)
{
	return cp_drift_chosen(options, CP_DRIFT_BASE, 0) == 0 ? nats : nats / M_LN2;
}

double
cp_drift_kl_of(const CpDivergence *divergence, const CpDriftOptions *options)
{
	bool normalised = cp_drift_chosen(options, CP_DRIFT_NORMALISED, 1) == 1;
	double forward = normalised ? divergence->kl_reference_normalised : divergence->kl_reference;
	double reverse = normalised ? divergence->kl_current_normalised : divergence->kl_current;

	return in_base(cp_drift_chosen(options, CP_DRIFT_DIRECTION, 0) == 0 ? forward : reverse,
	               options);
}

double
cp_drift_js_of(const CpDivergence *divergence, const CpDriftOptions *options)
{
	double js = in_base(divergence->js, options);

	return cp_drift_chosen(options, CP_DRIFT_FORM, 1) == 0 ? js : sqrt(js);
}

/* --- what the order of numbers says ----------------------------------------- */

/* Fewer pairs than this: the exact law by default. */
#define EXACT_PAIRS 10000
/* SciPy's default is exact up to so many rows on either side. */
#define SCIPY_EXACT_ROWS 10000
/* Evidently's least standard deviation. */
#define EVIDENTLY_LEAST_SD 0.001

static CpDriftLaw
law_of(const CpDriftOptions *options, double n, double m)
{
	uint32 law = cp_drift_evidently(options)
	                 ? (Max(n, m) <= SCIPY_EXACT_ROWS ? CP_LAW_EXACT_NO_TIES : CP_LAW_FINITE)
	                 : (n * m < EXACT_PAIRS ? CP_LAW_EXACT : CP_LAW_LIMIT);

	if (options->choices[CP_DRIFT_P] == 0)
		return law;
	return cp_drift_chosen(options, CP_DRIFT_P, 0);
}

static CpStatus
exact_p(CpContext *context, CpDriftLaw law, const CpSorted *reference, const CpSorted *current,
        double distance, double *p)
{
	bool *ends = NULL;

	if (reference->upto != NULL || current->upto != NULL)
		return cp_fail(context, CP_BAD_PARAMETER,
		               "Of more than %d values on a side \"p\" can be limit or finite only.",
		               CP_SAMPLE_EXACT);
	if (law == CP_LAW_EXACT)
		CP_TRY(cp_tie_ends(context, reference, current, &ends));
	CP_TRY(cp_kolmogorov_two_sample(context, reference->n, current->n, distance, ends, p));
	cp_free(context, &ends);
	return CP_OK;
}

static CpStatus
p_of_distance(CpContext *context, CpDriftLaw law, const CpSorted *reference,
              const CpSorted *current, double distance, double *p)
{
	double size = reference->total / (reference->total + current->total) * current->total;

	if (law == CP_LAW_LIMIT)
		*p = cp_kolmogorov_limit(sqrt(size) * distance);
	else if (law == CP_LAW_FINITE)
		return cp_kolmogorov_one_sample(context, (uint64) rint(size), distance, p);
	else
		return exact_p(context, law, reference, current, distance, p);
	return CP_OK;
}

static CpDriftTest
ks_of_samples(CpDriftState *state)
{
	const CpSorted *reference = cp_drift_state_sorted(state, CP_DRIFT_REFERENCE);
	const CpSorted *current = cp_drift_state_sorted(state, CP_DRIFT_CURRENT);
	CpDriftLaw law = law_of(&state->options, reference->total, current->total);
	CpContext *context = &state->bridge.context;
	CpDriftTest test = {NAN, NAN, NAN, cp_drift_choice_name(CP_DRIFT_P, law)};

	cp_bridge_check(&state->bridge, cp_ks_distance(context, reference, current, &test.statistic),
	                NULL);
	if (!isnan(test.statistic))
		cp_bridge_check(&state->bridge,
		                p_of_distance(context, law, reference, current, test.statistic, &test.p),
		                NULL);
	return test;
}

/* The limit law, of as many rows with a value as the reference's are worth. */
static CpDriftTest
ks_of_model(CpDriftState *state)
{
	double weight = cp_drift_state_rows(state, CP_DRIFT_REFERENCE);
	double n = state->reference.rows * weight / (weight + state->reference.missing);
	double m = cp_drift_state_rows(state, CP_DRIFT_CURRENT);
	CpFeatureDrift drift;

	cp_drift_state_compare(state, &drift);
	return (CpDriftTest){drift.ks, NAN, cp_kolmogorov_limit(sqrt(n / (n + m) * m) * drift.ks),
	                     cp_drift_choice_name(CP_DRIFT_P, CP_LAW_LIMIT)};
}

CpDriftTest
cp_drift_ks_of(CpDriftState *state)
{
	if (state->form == CP_DRIFT_MODEL)
		return ks_of_model(state);
	if (state->form == CP_DRIFT_SAMPLES)
		return ks_of_samples(state);
	return (CpDriftTest){NAN, NAN, NAN, NULL};
}

/* NaN of a reference that is constant. */
static double
in_deviations(CpDriftState *state, double distance)
{
	double mean, sd;

	cp_bridge_check(&state->bridge,
	                cp_sorted_moments(&state->bridge.context,
	                                  cp_drift_state_sorted(state, CP_DRIFT_REFERENCE), &mean, &sd),
	                NULL);
	if (cp_drift_evidently(&state->options))
		sd = Max(sd, EVIDENTLY_LEAST_SD);
	return sd > 0 ? distance / sd : (double) NAN;
}

double
cp_drift_wasserstein_of(CpDriftState *state)
{
	CpFeatureDrift drift;
	double distance = NAN;

	if (state->form == CP_DRIFT_MODEL)
	{
		cp_drift_state_compare(state, &drift);
		return drift.wasserstein * state->reference.sd;
	}
	if (state->form != CP_DRIFT_SAMPLES)
		return NAN;
	cp_bridge_check(&state->bridge,
	                cp_wasserstein(&state->bridge.context,
	                               cp_drift_state_sorted(state, CP_DRIFT_REFERENCE),
	                               cp_drift_state_sorted(state, CP_DRIFT_CURRENT), &distance),
	                NULL);
	if (isnan(distance) || cp_drift_chosen(&state->options, CP_DRIFT_UNIT, 1) == 0)
		return distance;
	return in_deviations(state, distance);
}
