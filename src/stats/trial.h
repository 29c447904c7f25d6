/*
 * trial.h: an experiment on one metric: several arms, one of them the control.
 *
 * What is known of the units that are in is held as moments, by arm and by phase, a phase being a
 * time with one allocation: to add up arms over phases whose allocations differ would compare what
 * was early with what was late. So each phase is compared within itself, and weighed by its units.
 */
#ifndef CP_TRIAL_H
#define CP_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "num/context.h"
#include "stats/comparison.h"
#include "stats/moments.h"

#define CP_TRIAL_ARMS 64

/*
 * Of a phase: with fewer in an arm it is left out until it has them. To pool it with another would
 * compare early with late, and always when a phase begins. Only when no phase has them, all are
 * pooled.
 */
#define CP_PHASE_UNITS 30

/* Units that both arms must have before the sequence begins: its guarantee is for large numbers. */
#define CP_SEQUENCE_UNITS 50

/* Units that the sequence is tuned to where nothing is said: narrowest about there. */
#define CP_SEQUENCE_HORIZON 5000

/* Always-valid p below which a sample ratio is taken to be broken, and what its test is tuned to. */
#define CP_RATIO_ALPHA 0.001
#define CP_RATIO_STRENGTH 10000

typedef enum CpMetricKind
{
	CP_METRIC_PROPORTION, /* y is 0 or 1 */
	CP_METRIC_MEAN,
	CP_METRIC_RATIO, /* mean of y / mean of x */
	CP_METRICS
} CpMetricKind;

/* "proportion", "mean", "ratio"; CP_METRICS when there is none of that name. */
extern const char *cp_metric_name(CpMetricKind kind);
extern CpMetricKind cp_metric_of(const char *name);

typedef enum CpCuped
{
	CP_CUPED_NONE,
	CP_CUPED_ALL,   /* theta over all units */
	CP_CUPED_WITHIN /* theta within arms */
} CpCuped;

typedef struct CpTrialDesign
{
	CpMetricKind kind;
	CpCuped cuped; /* x is a covariate; not of a ratio */
	uint32_t arms; /* 2 to CP_TRIAL_ARMS */
	uint32_t control;
	double alpha; /* two-sided, 0 to 1, both excluded */
	double power; /* wanted, alpha to 1 */
	CpAdjustment adjustment;
	double horizon; /* units that the sequence is tuned to */
	double tau2;    /* variance of its mixture, as published; 0 = by the horizon, with caution */
	double effect;  /* smallest difference worth seeing, > 0; 0 = none was said */
} CpTrialDesign;

/* ---- what is known ---- */

typedef struct CpTrial
{
	const CpTrialDesign *design;
	uint32_t phases;
	const double
		*weights;       /* [phases * arms] shares of the allocation, > 0; NULL = nothing is known */
	CpMoments *moments; /* [phases * arms] */
	const double *
		exposed; /* [phases * arms] units, those without an outcome yet included; NULL = as moments */
} CpTrial;

/* Mean of an arm over phases, each weighed by its units in all arms; with CUPED adjusted. */
extern CpEstimate cp_trial_estimate(const CpTrial *trial, uint32_t arm);

/* ---- looking again and again ---- */

/* The sequence of one arm against the control, from the first look on. */
typedef struct CpSequence
{
	double most; /* largest logarithm of the mixture so far */
	CpInterval
		interval; /* that no look has excluded; empty (lower > upper) when looks contradict one another */
} CpSequence;

extern void cp_sequence_begin(CpSequence *sequence);

/* Look at an arm now: most and interval are of all looks, this one included. */
extern void cp_sequence_look(CpSequence *sequence, const CpTrial *trial, uint32_t arm);

/* ---- what it says ---- */

typedef enum CpVerdict
{
	CP_VERDICT_CONTROL,  /* the row of the control itself */
	CP_VERDICT_NO_UNITS, /* an arm is empty */
	CP_VERDICT_RATIO,    /* the sample ratio is broken */
	CP_VERDICT_EARLY,    /* not yet: fewer than CP_SEQUENCE_UNITS in an arm */
	CP_VERDICT_NOT_YET,
	CP_VERDICT_CHANGING, /* looks contradict one another: no difference fits all of them */
	CP_VERDICT_HIGHER,
	CP_VERDICT_LOWER
} CpVerdict;

typedef struct CpTrialRow
{
	CpEstimate estimate;
	double p; /* of the metric's test at a fixed horizon, its statistic and degrees of freedom */
	double statistic;
	double df; /* NaN: normal */
	double difference;
	CpInterval interval;
	double lift;
	CpInterval lift_interval;
	double p_pooled; /* of proportions in one phase, else NaN */
	double p_unpooled;
	double p_fisher;   /* the same, where an expected count is below 5 */
	double p_adjusted; /* for the number of treatments */
	double p_sequential;
	double p_sequential_adjusted;
	CpInterval sequence;
	CpInterval lift_sequence; /* of this look alone, which is valid at all looks too */
	double best;              /* posterior probability */
	double loss;              /* expected, against the best */
	double
		power; /* of seeing design.effect at the fixed horizon with these units; NaN without one */
	double detectable; /* difference that is seen with design.power */
	CpVerdict verdict;
} CpTrialRow;

typedef struct CpTrialReport
{
	CpTrialRow rows[CP_TRIAL_ARMS];
	CpChi2 equal;   /* of proportions in one phase: are all arms equal? */
	double ratio_p; /* of the allocation, fixed horizon; NaN without weights */
	double ratio_p_sequential;
	double theta;
	double reduction; /* of the variance by the covariate; NaN without one */
} CpTrialReport;

/*
 * sequences: [arms], of looks until now; NULL = this is the first look. ratio_most: largest
 * logarithm of cp_trial_ratio over all looks.
 */
extern CpStatus cp_trial_report(CpContext *context, const CpTrial *trial,
                                const CpSequence *sequences, double ratio_most,
                                CpTrialReport *report);

/* Logarithm of the always-valid test that units came as allocated, 0 without weights. */
extern double cp_trial_ratio(const CpTrial *trial);

#endif
