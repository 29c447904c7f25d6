/*
 * trial.c: an experiment on one metric.
 */
#include "stats/trial.h"

#include <math.h>
#include <string.h>

#include "num/names.h"
#include "num/special.h"
#include "stats/distributions.h"
#include "stats/posterior.h"
#include "stats/power.h"
#include "stats/sequential.h"

/* Expected successes or failures below which Fisher's test says what the normal law cannot. */
#define SMALL_COUNT 5

static const char *const metric_names[CP_METRICS] = {"proportion", "mean", "ratio"};

const char *
cp_metric_name(CpMetricKind kind)
{
	return metric_names[kind];
}

CpMetricKind
cp_metric_of(const char *name)
{
	return (CpMetricKind) cp_name_position(metric_names, CP_METRICS, name);
}

/* ---- estimates --------------------------------------------------------- */

static const CpMoments *
arms_of(const CpTrial *trial, uint32_t phase)
{
	return trial->moments + (size_t) phase * trial->design->arms;
}

static double
units(const CpMoments *arms, uint32_t count)
{
	double n = 0;

	for (uint32_t arm = 0; arm < count; arm++)
		n += arms[arm].n;
	return n;
}

/* Has every arm enough units to be compared by themselves? */
static bool
stand_alone(const CpMoments *arms, uint32_t count)
{
	for (uint32_t arm = 0; arm < count; arm++)
		if (arms[arm].n < CP_PHASE_UNITS)
			return false;
	return true;
}

/* Slope on the covariate over all phases: any slope is right, this one takes away most. */
static double
theta_of(const CpTrial *trial)
{
	const CpTrialDesign *design = trial->design;

	if (design->cuped == CP_CUPED_NONE)
		return 0;
	return cp_cuped_theta(trial->moments, (int) (trial->phases * design->arms),
	                      design->cuped == CP_CUPED_WITHIN);
}

static CpEstimate
estimate_in(const CpTrial *trial, const CpMoments *arms, uint32_t arm, double theta)
{
	const CpTrialDesign *design = trial->design;

	if (design->cuped != CP_CUPED_NONE)
		return cp_estimate_adjusted(&arms[arm], theta, cp_cuped_centre(arms, (int) design->arms));
	switch (design->kind)
	{
		case CP_METRIC_PROPORTION:
			return cp_estimate_rate(&arms[arm]);
		case CP_METRIC_RATIO:
			return cp_estimate_ratio(&arms[arm]);
		default:
			return cp_estimate_mean(&arms[arm]);
	}
}

/* Units of the phases that are compared within themselves. */
static double
units_compared(const CpTrial *trial)
{
	uint32_t arms = trial->design->arms;
	double n = 0;

	for (uint32_t phase = 0; phase < trial->phases; phase++)
		if (stand_alone(arms_of(trial, phase), arms))
			n += units(arms_of(trial, phase), arms);
	return n;
}

static CpEstimate
estimate_pooled(const CpTrial *trial, uint32_t arm, double theta)
{
	CpMoments pool[CP_TRIAL_ARMS] = {{0}};

	for (uint32_t phase = 0; phase < trial->phases; phase++)
		for (uint32_t k = 0; k < trial->design->arms; k++)
			cp_moments_merge(&pool[k], &arms_of(trial, phase)[k]);
	return estimate_in(trial, pool, arm, theta);
}

static CpEstimate
estimate(const CpTrial *trial, uint32_t arm, double theta)
{
	CpEstimate sum = {0};
	double n;

	if (trial->phases == 1)
		return estimate_in(trial, trial->moments, arm, theta);
	n = units_compared(trial);
	if (n == 0)
		return estimate_pooled(trial, arm, theta);
	for (uint32_t phase = 0; phase < trial->phases; phase++)
	{
		const CpMoments *arms = arms_of(trial, phase);
		double weight = units(arms, trial->design->arms) / n;
		CpEstimate part;

		if (!stand_alone(arms, trial->design->arms))
			continue;
		part = estimate_in(trial, arms, arm, theta);
		sum.n += part.n;
		sum.mean += weight * part.mean;
		sum.variance += weight * weight * part.variance;
	}
	sum.sd = sqrt(sum.variance * sum.n);
	return sum;
}

CpEstimate
cp_trial_estimate(const CpTrial *trial, uint32_t arm)
{
	return estimate(trial, arm, theta_of(trial));
}

/* ---- looking again and again ------------------------------------------- */

void
cp_sequence_begin(CpSequence *sequence)
{
	sequence->most = 0;
	sequence->interval = (CpInterval){-INFINITY, INFINITY};
}

/* Pooled over phases nothing holds at all looks. */
static bool
waits(const CpTrial *trial)
{
	return trial->phases > 1 && units_compared(trial) == 0;
}

static bool
has_begun(const CpEstimate *a, const CpEstimate *b)
{
	return a->n >= CP_SEQUENCE_UNITS && b->n >= CP_SEQUENCE_UNITS &&
	       isfinite(a->variance + b->variance);
}

/*
 * Variance of b - ratio a. An arm of few units may by chance have seen none of what is rare: its
 * own variance is too small just then, so the arms' common one is the least.
 */
static double
cautious_variance(const CpEstimate *a, const CpEstimate *b, double ratio)
{
	double common = (a->n * a->sd * a->sd + b->n * b->sd * b->sd) / (a->n + b->n);

	return fmax(b->variance + ratio * ratio * a->variance,
	            common * (1 / b->n + ratio * ratio / a->n));
}

static void
look(CpSequence *sequence, const CpTrialDesign *design, const CpEstimate *a, const CpEstimate *b)
{
	double difference = b->mean - a->mean;
	double variance = a->variance + b->variance;
	double tau2 = design->tau2;
	CpInterval now;

	if (!has_begun(a, b))
		return;
	if (tau2 == 0)
	{
		variance = cautious_variance(a, b, 1);
		tau2 = cp_sequence_tau2(design->horizon, (a->n + b->n) * variance, design->alpha);
	}
	now = cp_sequence_interval(difference, variance, tau2, design->alpha);
	sequence->most = fmax(sequence->most, cp_sequence_log_mixture(difference, variance, tau2));
	sequence->interval.lower = fmax(sequence->interval.lower, now.lower);
	sequence->interval.upper = fmin(sequence->interval.upper, now.upper);
}

void
cp_sequence_look(CpSequence *sequence, const CpTrial *trial, uint32_t arm)
{
	double theta = theta_of(trial);
	CpEstimate a, b;

	if (waits(trial))
		return;
	a = estimate(trial, trial->design->control, theta);
	b = estimate(trial, arm, theta);
	look(sequence, trial->design, &a, &b);
}

/* Units of an arm in a phase, those without an outcome yet included. */
static double
exposed(const CpTrial *trial, uint32_t phase, uint32_t arm)
{
	size_t at = (size_t) phase * trial->design->arms + arm;

	return trial->exposed != NULL ? trial->exposed[at] : trial->moments[at].n;
}

static double
exposed_in(const CpTrial *trial, uint32_t phase, double *counts)
{
	double n = 0;

	for (uint32_t arm = 0; arm < trial->design->arms; arm++)
		n += counts[arm] = exposed(trial, phase, arm);
	return n;
}

/* Phases are independent, so their martingales multiply. */
double
cp_trial_ratio(const CpTrial *trial)
{
	double sum = 0;
	double counts[CP_TRIAL_ARMS];

	for (uint32_t phase = 0; trial->weights != NULL && phase < trial->phases; phase++)
		if (exposed_in(trial, phase, counts) > 0)
			sum += cp_sequence_log_ratio(counts, trial->weights + phase * trial->design->arms,
			                             (int) trial->design->arms, CP_RATIO_STRENGTH);
	return sum;
}

/* ---- what it says ------------------------------------------------------ */

/* At a fixed horizon: the phases' statistics and degrees of freedom add up. */
static double
ratio_p(const CpTrial *trial)
{
	double statistic = 0, df = 0;
	double counts[CP_TRIAL_ARMS];

	for (uint32_t phase = 0; trial->weights != NULL && phase < trial->phases; phase++)
	{
		CpChi2 test;

		if (exposed_in(trial, phase, counts) == 0)
			continue;
		test = cp_chi2_ratio(counts, trial->weights + phase * trial->design->arms,
		                     (int) trial->design->arms);
		statistic += test.statistic;
		df += test.df;
	}
	return df > 0 ? cp_chi2_upper(statistic, df) : (double) NAN;
}

static CpCount
count_of(const CpMoments *moments)
{
	return (CpCount){rint(moments->mean_y * moments->n), moments->n};
}

static bool
is_count(const CpTrial *trial)
{
	return trial->design->kind == CP_METRIC_PROPORTION && trial->design->cuped == CP_CUPED_NONE &&
	       trial->phases == 1;
}

static bool
is_small(const CpCount *a, const CpCount *b)
{
	double successes = (a->successes + b->successes) / (a->n + b->n);

	return fmin(a->n, b->n) * fmin(successes, 1 - successes) < SMALL_COUNT;
}

/* The tests and the interval that there are for counts alone. */
static void
compare_counts(const CpTrial *trial, uint32_t arm, CpTrialRow *row)
{
	CpCount a = count_of(&trial->moments[trial->design->control]);
	CpCount b = count_of(&trial->moments[arm]);
	CpRateComparison test = cp_compare_rates(&a, &b, trial->design->alpha);

	row->p_pooled = test.p_pooled;
	row->p_unpooled = test.p_unpooled;
	row->p = test.p_unpooled;
	row->statistic = test.z_unpooled;
	row->interval = test.newcombe;
	if (!is_small(&a, &b))
		return;
	row->p_fisher = row->p = test.p_fisher;
	row->statistic = (double) NAN;
}

static void
compare(const CpTrial *trial, uint32_t arm, const CpEstimate *a, CpTrialRow *row)
{
	const CpTrialDesign *design = trial->design;
	CpMeanComparison test = cp_compare_means(a, &row->estimate, design->alpha);
	bool normal = design->kind == CP_METRIC_PROPORTION;
	double reach = test.se > 0 ? -cp_normal_quantile(design->alpha / 2) * test.se : (double) NAN;

	row->difference = test.difference;
	row->lift = test.lift;
	row->lift_interval = test.lift_interval;
	row->p = normal ? test.p_normal : test.p;
	row->statistic = test.statistic;
	row->df = normal ? (double) NAN : test.df;
	row->interval =
		normal ? (CpInterval){test.difference - reach, test.difference + reach} : test.interval;
	row->detectable = cp_detectable_difference(test.se, design->alpha, design->power);
	if (design->effect > 0)
		row->power = cp_power_normal(design->effect, test.se, design->alpha);
	if (is_count(trial))
		compare_counts(trial, arm, row);
}

static void
clear_row(CpTrialRow *row)
{
	static const CpInterval none = {NAN, NAN};

	*row = (CpTrialRow){.p = NAN,
	                    .statistic = NAN,
	                    .df = NAN,
	                    .difference = NAN,
	                    .interval = none,
	                    .lift = NAN,
	                    .lift_interval = none,
	                    .p_pooled = NAN,
	                    .p_unpooled = NAN,
	                    .p_fisher = NAN,
	                    .p_adjusted = NAN,
	                    .p_sequential = NAN,
	                    .p_sequential_adjusted = NAN,
	                    .sequence = none,
	                    .lift_sequence = none,
	                    .best = NAN,
	                    .loss = NAN,
	                    .power = NAN,
	                    .detectable = NAN};
}

/* The same for the difference over the control's mean. */
static CpInterval
lift_interval(const CpTrialDesign *design, const CpEstimate *a, const CpEstimate *b)
{
	double variance = cautious_variance(a, b, b->mean / a->mean) / (a->mean * a->mean);

	if (!(variance > 0 && isfinite(variance)))
		return (CpInterval){NAN, NAN};
	return cp_sequence_interval(
		(b->mean - a->mean) / a->mean, variance,
		cp_sequence_tau2(design->horizon, (a->n + b->n) * variance, design->alpha), design->alpha);
}

/* The sequence until now, or of this one look. */
static void
sequence_of(const CpTrial *trial, const CpSequence *sequences, uint32_t arm, const CpEstimate *a,
            CpTrialRow *row)
{
	CpSequence sequence;

	if (waits(trial) || !has_begun(a, &row->estimate))
		return;
	cp_sequence_begin(&sequence);
	if (sequences != NULL)
		sequence = sequences[arm];
	look(&sequence, trial->design, a, &row->estimate);
	row->p_sequential = cp_sequence_p(sequence.most);
	row->sequence = sequence.interval;
	row->lift_sequence = lift_interval(trial->design, a, &row->estimate);
}

/* One that says nothing yet counts all the same. */
static double
known_p(double p)
{
	return isnan(p) ? 1 : p;
}

static double
adjusted(double p, double adjusted_p)
{
	return isnan(p) ? p : adjusted_p;
}

/* p-values for as many treatments as there are. */
static void
adjust(const CpTrialDesign *design, CpTrialRow *rows)
{
	double fixed[CP_TRIAL_ARMS];
	double sequential[CP_TRIAL_ARMS];
	int n = 0;

	for (uint32_t arm = 0; arm < design->arms; arm++)
		if (arm != design->control)
		{
			fixed[n] = known_p(rows[arm].p);
			sequential[n++] = known_p(rows[arm].p_sequential);
		}
	cp_adjust(design->adjustment, fixed, n);
	cp_adjust(design->adjustment, sequential, n);
	n = 0;
	for (uint32_t arm = 0; arm < design->arms; arm++)
		if (arm != design->control)
		{
			rows[arm].p_adjusted = adjusted(rows[arm].p, fixed[n]);
			rows[arm].p_sequential_adjusted = adjusted(rows[arm].p_sequential, sequential[n++]);
		}
}

/* Beta laws of rates, normal ones of all else. False when an arm says nothing. */
static bool
posteriors(const CpTrial *trial, const CpTrialRow *rows, CpPosterior *laws)
{
	for (uint32_t arm = 0; arm < trial->design->arms; arm++)
	{
		const CpEstimate *estimate = &rows[arm].estimate;
		CpCount count = count_of(&trial->moments[arm]);

		if (is_count(trial) && count.n > 0)
			laws[arm] = (CpPosterior){CP_POSTERIOR_BETA, 1 + count.successes,
			                          1 + count.n - count.successes};
		else if (!is_count(trial) && isfinite(estimate->mean) && isfinite(estimate->variance))
			laws[arm] =
				(CpPosterior){CP_POSTERIOR_NORMAL, estimate->mean, sqrt(estimate->variance)};
		else
			return false;
	}
	return true;
}

static CpStatus
set_best(CpContext *context, const CpTrial *trial, CpTrialRow *rows)
{
	CpPosterior laws[CP_TRIAL_ARMS];
	double best[CP_TRIAL_ARMS];
	double loss[CP_TRIAL_ARMS];
	CpStatus status;

	if (!posteriors(trial, rows, laws))
		return CP_OK;
	status = cp_posterior_best(context, laws, trial->design->arms, best, loss);
	/* Of numbers that are too large for it nothing is said. */
	if (status == CP_BAD_PARAMETER)
		return CP_OK;
	CP_TRY(status);
	for (uint32_t arm = 0; arm < trial->design->arms; arm++)
	{
		rows[arm].best = best[arm];
		rows[arm].loss = loss[arm];
	}
	return CP_OK;
}

static CpVerdict
verdict(const CpTrialDesign *design, const CpTrialReport *report, uint32_t arm, bool waits)
{
	const CpTrialRow *row = &report->rows[arm];
	const CpTrialRow *control = &report->rows[design->control];

	if (arm == design->control)
		return CP_VERDICT_CONTROL;
	if (row->estimate.n == 0 || control->estimate.n == 0)
		return CP_VERDICT_NO_UNITS;
	if (report->ratio_p_sequential < CP_RATIO_ALPHA)
		return CP_VERDICT_RATIO;
	if (fmin(row->estimate.n, control->estimate.n) < CP_SEQUENCE_UNITS || waits)
		return CP_VERDICT_EARLY;
	if (!(row->p_sequential_adjusted <= design->alpha))
		return CP_VERDICT_NOT_YET;
	if (row->sequence.lower > row->sequence.upper ||
	    (row->sequence.lower > 0 && !(row->difference > 0)) ||
	    (row->sequence.upper < 0 && !(row->difference < 0)))
		return CP_VERDICT_CHANGING;
	return row->difference > 0 ? CP_VERDICT_HIGHER : CP_VERDICT_LOWER;
}

/* Are all proportions equal? */
static CpChi2
equality(const CpTrial *trial)
{
	CpCount counts[CP_TRIAL_ARMS];

	if (!is_count(trial))
		return (CpChi2){NAN, NAN, NAN};
	for (uint32_t arm = 0; arm < trial->design->arms; arm++)
		counts[arm] = count_of(&trial->moments[arm]);
	return cp_chi2_rates(counts, (int) trial->design->arms);
}

CpStatus
cp_trial_report(CpContext *context, const CpTrial *trial, const CpSequence *sequences,
                double ratio_most, CpTrialReport *report)
{
	const CpTrialDesign *design = trial->design;
	int cells = (int) (trial->phases * design->arms);
	const CpEstimate *control = &report->rows[design->control].estimate;

	report->theta = theta_of(trial);
	report->reduction = design->cuped == CP_CUPED_NONE
	                        ? (double) NAN
	                        : cp_cuped_reduction(trial->moments, cells, report->theta);
	report->equal = equality(trial);
	report->ratio_p = ratio_p(trial);
	report->ratio_p_sequential =
		trial->weights == NULL
			? (double) NAN
			: cp_sequence_p(sequences == NULL ? fmax(ratio_most, cp_trial_ratio(trial))
	                                          : ratio_most);
	for (uint32_t arm = 0; arm < design->arms; arm++)
	{
		clear_row(&report->rows[arm]);
		report->rows[arm].estimate = estimate(trial, arm, report->theta);
	}
	for (uint32_t arm = 0; arm < design->arms; arm++)
		if (arm != design->control)
		{
			compare(trial, arm, control, &report->rows[arm]);
			sequence_of(trial, sequences, arm, control, &report->rows[arm]);
		}
	adjust(design, report->rows);
	CP_TRY(set_best(context, trial, report->rows));
	for (uint32_t arm = 0; arm < design->arms; arm++)
		report->rows[arm].verdict = verdict(design, report, arm, waits(trial));
	return CP_OK;
}
