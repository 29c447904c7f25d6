/*
 * comparison.h: a treatment against its control, at a horizon fixed beforehand.
 *
 * a is the control, b the treatment, differences are b - a. alpha is two-sided, in (0, 1). What a
 * sample is too small or too even to tell is NaN: the caller shows NULL. So are the statistic, p
 * and the interval that go with a standard error of 0.
 */
#ifndef CP_COMPARISON_H
#define CP_COMPARISON_H

#include "stats/chi2.h"
#include "stats/moments.h"

typedef struct CpInterval
{
	double lower;
	double upper;
} CpInterval;

/* Welch's t-test, or its normal limit, of any two estimates; lift b / a - 1 by the delta method. */
typedef struct CpMeanComparison
{
	double difference;
	double se;
	double statistic; /* t = difference / se */
	double df;        /* Satterthwaite's */
	double p;         /* by Student's law */
	double p_normal;
	CpInterval interval; /* by Student's law */
	double lift;         /* also of a control below 0; NaN of a control of 0 */
	double lift_se;
	CpInterval lift_interval; /* by the normal law */
} CpMeanComparison;

extern CpMeanComparison cp_compare_means(const CpEstimate *a, const CpEstimate *b, double alpha);

/* Student's test with one pooled variance, and Cohen's d with the pooled sd. */
typedef struct CpPooledComparison
{
	double t;
	double df;
	double p;
	double cohens_d;
} CpPooledComparison;

extern CpPooledComparison cp_compare_pooled(const CpEstimate *a, const CpEstimate *b);

typedef struct CpCount
{
	double successes; /* whole, 0 to n */
	double n;         /* whole, >= 0, at most 2^53 */
} CpCount;

typedef struct CpRateComparison
{
	double rate_a;
	double rate_b;
	double difference;
	double z_pooled; /* the root of Pearson's chi-square */
	double p_pooled;
	double se_unpooled;
	double z_unpooled;
	double p_unpooled;
	double p_fisher;          /* two-sided: all tables no more likely than this one */
	CpInterval wald;          /* of the difference; of no width where se_unpooled is 0 */
	CpInterval newcombe;      /* hybrid score (Newcombe 1998, method 10) */
	CpInterval agresti_caffo; /* Agresti and Caffo (2000) */
	CpInterval wilson[2];     /* of each rate */
	CpInterval clopper_pearson[2];
	double lift;
	double lift_se;
	CpInterval lift_interval;     /* by the delta method, normal law */
	CpInterval lift_interval_log; /* of the logarithm of the ratio, transformed back */
} CpRateComparison;

extern CpRateComparison cp_compare_rates(const CpCount *a, const CpCount *b, double alpha);

/*
 * Fisher's exact test alone, two-sided. Tables within 1e-7 of the probability of this one are as
 * likely, as in R. Some 80 standard deviations of the law are summed: 1 ms at 1e9 units, 20 ms at
 * 1e12. 1 when all succeed or none, 0 below 1e-300; NaN beyond 1e12.
 */
extern double cp_fisher(const CpCount *a, const CpCount *b);

/*
 * Pearson's test that k rates are equal; df = k - 1, arms without units left out. NaN when all
 * succeed or none.
 */
extern CpChi2 cp_chi2_rates(const CpCount *arms, int k);

/* Sample ratio: observed counts against weights > 0 of any sum. */
extern CpChi2 cp_chi2_ratio(const double *observed, const double *weights, int k);

/* Adjusted p-values, in the order given; NaN stays NaN and does not count. O(n^2), no memory. */
typedef enum CpAdjustment
{
	CP_ADJUST_NONE,
	CP_ADJUST_BONFERRONI,
	CP_ADJUST_HOLM,
	CP_ADJUST_HOCHBERG,
	CP_ADJUST_BH, /* Benjamini and Hochberg: false discovery rate */
	CP_ADJUST_BY, /* Benjamini and Yekutieli: under any dependence */
	CP_ADJUSTMENTS
} CpAdjustment;

/* "none", "bonferroni", "holm", "hochberg", "bh", "by"; CP_ADJUSTMENTS when it is none of these. */
extern const char *cp_adjustment_name(CpAdjustment adjustment);
extern CpAdjustment cp_adjustment_of(const char *name);

extern void cp_adjust(CpAdjustment adjustment, double *p, int n);

#endif
