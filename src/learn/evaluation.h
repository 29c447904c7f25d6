/*
 * evaluation.h: the figures of metrics.h with how far chance may have moved them.
 *
 * Weights say how much a row counts, not how often it was met: intervals are those of
 * as many rows as the weights are worth, (sum of w)^2 / sum of w^2 (Kish), and stay
 * when all weights are multiplied by the same number. A row of weight 0 counts as
 * absent, except that the tenths and bins are of equal numbers of rows.
 *
 * AUC: the variance of E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson: Comparing the
 * Areas under Two or More Correlated Receiver Operating Characteristic Curves,
 * Biometrics 44 (1988), from ranks as X. Sun, W. Xu: Fast Implementation of DeLong's
 * Algorithm, IEEE Signal Processing Letters 21 (2014), on the logit scale. Where that
 * variance says nothing (AUC of 0 or 1, a class of one row): Method 5 of
 * R. G. Newcombe: Confidence intervals for an effect size measure based on the
 * Mann-Whitney statistic, part 2, Statistics in Medicine 25 (2006).
 *
 * Lift: delta method on the log scale, by the influence of each row (F. R. Hampel: The
 * Influence Curve and its Role in Robust Estimation, JASA 69, 1974). A row moves the
 * rate of the top tenth, the rate of all, and the score where the tenth is cut.
 */
#ifndef CP_EVALUATION_H
#define CP_EVALUATION_H

#include "learn/metrics.h"

typedef struct CpInterval
{
	double low;
	double high;
} CpInterval;

/* Where a figure or an interval is not defined, it is NaN. */
typedef struct CpEvaluation
{
	CpMetrics metrics;
	CpInterval auc;
	CpInterval log_loss; /* normal, of a mean; not below 0 */
	CpInterval accuracy; /* Wilson's */
	CpInterval lift;     /* of the top decile */
	/* Percent by which RMSE is below that of the churn rate as everyone's probability. */
	double rmse_improvement;
	/* What ECE is on average when every probability is right: chance alone. */
	double ece_perfect;
} CpEvaluation;

/* confidence in (0, 1), such as 0.95. */
extern CpStatus cp_evaluation(CpContext *context, const CpScored *scored, double confidence,
                              CpEvaluation *evaluation);

/*
 * Interval of a share (E. B. Wilson: Probable Inference, the Law of Succession, and
 * Statistical Inference, JASA 22, 1927). n: rows it is of, not necessarily whole; z:
 * normal quantile, 1.96 for 95 %. NaN when the share is, or n is not above 0.
 */
extern CpInterval cp_wilson_interval(double share, double n, double z);

/* Normal, of a mean that is within 0 .. most. */
extern CpInterval cp_mean_interval(double mean, double variance, double most, double z);

/* Normal on the logit scale; of an AUC of 0 or 1 as of a mean. */
extern CpInterval cp_auc_interval(double auc, double variance, double z);

/* How many standard errors an interval reaches to either side: 1.96 for 0.95. */
extern double cp_two_sided_z(double confidence);

/* One bin of a reliability diagram. */
typedef struct CpReliability
{
	uint32_t rows;
	double score_low; /* least and greatest probability; NaN without rows */
	double score_high;
	double predicted;          /* mean probability */
	double observed;           /* share that churned */
	CpInterval observed_range; /* Wilson's */
} CpReliability;

/* Bins of equal count by rising probability, reliability[bins]; ten are those of ECE. bins > 0. */
extern CpStatus cp_reliability(CpContext *context, const CpScored *scored, uint32_t bins,
                               double confidence, CpReliability *reliability);

#endif
