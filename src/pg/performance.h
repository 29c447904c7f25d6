/*
 * performance.h: what the deployed version of a model was worth lately, from the log of decisions.
 *
 * A customer counts once: the first decision of the period of which the outcome is known. What was
 * done for customers changes what becomes of them; so those for whom nothing was done are looked at
 * by themselves as well, and only their rate of churn is held against the probabilities. Where
 * outcomes are not known yet, an estimate from the probabilities alone stands in (learn/estimation.h).
 * Probabilities are of all customers, whatever sample the model learned from (base_rate.h).
 */
#ifndef CP_PERFORMANCE_H
#define CP_PERFORMANCE_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "learn/evaluation.h"
#include "pg/model_cache.h"
#include "stats/alarm.h"

typedef enum CpPerformanceFigure
{
	CP_PERFORMANCE_AUC,
	CP_PERFORMANCE_LOG_LOSS,
	CP_PERFORMANCE_ACCURACY,
	CP_PERFORMANCE_CHURN_RATE,
	CP_PERFORMANCE_CALIBRATION, /* share that left over the mean probability; 1 is perfect */
	CP_PERFORMANCE_FIGURES
} CpPerformanceFigure;

typedef enum CpPerformanceBasis
{
	CP_PERFORMANCE_TRAINING,  /* held-out rows */
	CP_PERFORMANCE_REALISED,  /* outcomes of the period */
	CP_PERFORMANCE_UNTREATED, /* of them, where nothing was done */
	CP_PERFORMANCE_ESTIMATED, /* every customer of the period, from probabilities */
	CP_PERFORMANCE_BASES
} CpPerformanceBasis;

/* 95 % intervals; NaN where not defined. */
typedef struct CpPerformanceSide
{
	uint32 rows;
	uint32 churned;
	double values[CP_PERFORMANCE_FIGURES];
	CpInterval ranges[CP_PERFORMANCE_FIGURES];
	double
		expected[CP_PERFORMANCE_FIGURES]; /* of the same rows, if every probability is right; AUC:
	                                            at the share that left */
	CpInterval expected_ranges[CP_PERFORMANCE_FIGURES];
} CpPerformanceSide;

typedef struct CpPerformance
{
	CpLoaded *loaded;
	CpPerformanceSide sides[CP_PERFORMANCE_BASES];
} CpPerformance;

extern const char *cp_performance_figure_name(CpPerformanceFigure figure);
extern const char *cp_performance_basis_name(CpPerformanceBasis basis);

/* model: NULL = the default. Memory: the current context. */
extern void cp_performance_read(const char *model, const Interval *period,
                                CpPerformance *performance);

/*
 * What a model can be judged by: customers for whom nothing was done, as those of the control group,
 * where they are enough; else NULL. Of others nobody knows whether the model erred or the action worked.
 */
extern const CpPerformanceSide *cp_performance_judged(const CpPerformance *performance);

/*
 * By how much the AUC is short of what the probabilities promised for the same rows, and is that more
 * than chance (99 %)? So it does not matter which customers these are: a policy that acts upon
 * some of them leaves others, whose AUC is lower, of the best model too. NaN when it cannot be told.
 */
extern double cp_performance_drop(const CpPerformance *performance, bool *significant);

#endif
