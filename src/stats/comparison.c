/*
 * comparison.c: a treatment against its control, at a horizon fixed beforehand.
 */
#include "stats/comparison.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "num/names.h"
#include "num/special.h"
#include "stats/distributions.h"

#define NOTHING ((double) NAN)

/* Tables whose probabilities differ by less than this share are equally likely. */
#define FISHER_TIE 1e-7

/* Units at most: the terms to add grow with their root. */
#define FISHER_UNITS 1e12

/* A term this much below its sum ends it. */
#define NEGLIGIBLE 1e-20

/* ---- means ---- */

static double
normal_half_width(double alpha)
{
	return -cp_normal_quantile(alpha / 2);
}

/* A standard error of 0 says that the sample is too even, not that all is known. */
static CpInterval
interval_around(double centre, double quantile, double se)
{
	double half = se > 0 ? quantile * se : NOTHING;

	return (CpInterval){centre - half, centre + half};
}

static double
standardise(double difference, double se)
{
	return se > 0 ? difference / se : NOTHING;
}

/* Satterthwaite's degrees of freedom, from the shares of the two variances. */
static double
welch_df(const CpEstimate *a, const CpEstimate *b)
{
	double share = a->variance / (a->variance + b->variance);
	double rest = b->variance / (a->variance + b->variance);

	return 1 / (share * share / (a->n - 1) + rest * rest / (b->n - 1));
}

typedef struct Lift
{
	double lift;
	double se;
	CpInterval interval;
} Lift;

/* b / a - 1 by the delta method. */
static Lift
find_lift(const CpEstimate *a, const CpEstimate *b, double difference, double alpha)
{
	Lift lift = {NOTHING, NOTHING, {NOTHING, NOTHING}};
	double ratio = b->mean / a->mean;

	if (a->mean == 0)
		return lift;
	lift.lift = difference / a->mean;
	lift.se = sqrt(b->variance + ratio * ratio * a->variance) / fabs(a->mean);
	lift.interval = interval_around(lift.lift, normal_half_width(alpha), lift.se);
	return lift;
}

CpMeanComparison
cp_compare_means(const CpEstimate *a, const CpEstimate *b, double alpha)
{
	CpMeanComparison c;
	Lift lift;

	c.difference = b->mean - a->mean;
	c.se = sqrt(a->variance + b->variance);
	c.statistic = standardise(c.difference, c.se);
	c.df = welch_df(a, b);
	c.p = cp_t_two_sided(c.statistic, c.df);
	c.p_normal = cp_normal_two_sided(c.statistic);
	c.interval = interval_around(c.difference, -cp_t_quantile(alpha / 2, c.df), c.se);
	lift = find_lift(a, b, c.difference, alpha);
	c.lift = lift.lift;
	c.lift_se = lift.se;
	c.lift_interval = lift.interval;
	return c;
}

/* About the mean; one unit has none. */
static double
squares_of(const CpEstimate *estimate)
{
	return estimate->n < 2 ? 0 : (estimate->n - 1) * estimate->sd * estimate->sd;
}

CpPooledComparison
cp_compare_pooled(const CpEstimate *a, const CpEstimate *b)
{
	CpPooledComparison c;
	double sd;

	c.df = a->n + b->n > 2 ? a->n + b->n - 2 : NOTHING;
	sd = sqrt((squares_of(a) + squares_of(b)) / c.df);
	c.cohens_d = standardise(b->mean - a->mean, sd);
	c.t = c.cohens_d / sqrt(1 / a->n + 1 / b->n);
	c.p = cp_t_two_sided(c.t, c.df);
	return c;
}

/* ---- rates ---- */

/* a b - c d with one rounding, however near they are (Kahan). */
static double
product_difference(double a, double b, double c, double d)
{
	double product = c * d;
	double error = fma(-c, d, product);

	return fma(a, b, -product) + error;
}

static CpEstimate
rate_estimate(double successes, double n)
{
	double rate = successes / n;
	double spread = rate * ((n - successes) / n);

	return (CpEstimate){n, rate, sqrt(spread), spread / n};
}

static void
find_tests(const CpCount *a, const CpCount *b, double unpooled_variance, CpRateComparison *c)
{
	CpEstimate pooled = rate_estimate(a->successes + b->successes, a->n + b->n);

	c->z_pooled = standardise(c->difference, pooled.sd * sqrt(1 / a->n + 1 / b->n));
	c->p_pooled = cp_normal_two_sided(c->z_pooled);
	c->se_unpooled = sqrt(unpooled_variance);
	c->z_unpooled = standardise(c->difference, c->se_unpooled);
	c->p_unpooled = cp_normal_two_sided(c->z_unpooled);
	c->p_fisher = cp_fisher(a, b);
}

/* Score interval (Wilson 1927); the lower end by the product of both, which cancels nothing. */
static CpInterval
wilson(const CpEstimate *rate, double z)
{
	double p = rate->mean;
	double shift = z * z / rate->n;
	double reach = p + shift / 2 + z * sqrt(rate->variance + shift / (4 * rate->n));

	if (!(rate->n > 0))
		return (CpInterval){NOTHING, NOTHING};
	return (CpInterval){p * p / reach, p == 1 ? 1 : reach / (1 + shift)};
}

/* Exact interval (Clopper and Pearson 1934). */
static CpInterval
clopper_pearson(const CpCount *count, double alpha)
{
	double x = count->successes;
	double rest = count->n - x;

	if (!(count->n > 0))
		return (CpInterval){NOTHING, NOTHING};
	return (CpInterval){x == 0 ? 0 : cp_beta_quantile(alpha / 2, x, rest + 1),
	                    rest == 0 ? 1 : cp_beta_quantile(1 - alpha / 2, x + 1, rest)};
}

static CpInterval
newcombe(const CpRateComparison *c)
{
	double below_a = c->rate_a - c->wilson[0].lower, above_a = c->wilson[0].upper - c->rate_a;
	double below_b = c->rate_b - c->wilson[1].lower, above_b = c->wilson[1].upper - c->rate_b;

	return (CpInterval){c->difference - sqrt(below_b * below_b + above_a * above_a),
	                    c->difference + sqrt(above_b * above_b + below_a * below_a)};
}

/* Wald's interval after one success and one failure are added to each arm. */
static CpInterval
agresti_caffo(const CpCount *a, const CpCount *b, double z)
{
	CpEstimate rate_a = rate_estimate(a->successes + 1, a->n + 2);
	CpEstimate rate_b = rate_estimate(b->successes + 1, b->n + 2);

	if (!(a->n > 0 && b->n > 0))
		return (CpInterval){NOTHING, NOTHING};
	return interval_around(rate_b.mean - rate_a.mean, z, sqrt(rate_a.variance + rate_b.variance));
}

/* NaN where an arm has no success: the logarithm is infinite. */
static CpInterval
log_lift_interval(const CpCount *a, const CpCount *b, double z)
{
	double rate_a = a->successes / a->n;
	double rate_b = b->successes / b->n;
	double se = sqrt((a->n - a->successes) / (a->n * a->successes) +
	                 (b->n - b->successes) / (b->n * b->successes));
	CpInterval interval = interval_around(cp_log(rate_b / rate_a), z, se);

	if (!(rate_a > 0 && rate_b > 0))
		return (CpInterval){NOTHING, NOTHING};
	return (CpInterval){cp_exp(interval.lower) - 1, cp_exp(interval.upper) - 1};
}

static void
find_intervals(const CpCount *a, const CpCount *b, double alpha, CpRateComparison *c)
{
	CpEstimate rate_a = rate_estimate(a->successes, a->n);
	CpEstimate rate_b = rate_estimate(b->successes, b->n);
	double z = normal_half_width(alpha);

	c->wald = (CpInterval){c->difference - z * c->se_unpooled, c->difference + z * c->se_unpooled};
	c->wilson[0] = wilson(&rate_a, z);
	c->wilson[1] = wilson(&rate_b, z);
	c->newcombe = newcombe(c);
	c->agresti_caffo = agresti_caffo(a, b, z);
	c->clopper_pearson[0] = clopper_pearson(a, alpha);
	c->clopper_pearson[1] = clopper_pearson(b, alpha);
	c->lift_interval_log = log_lift_interval(a, b, z);
}

CpRateComparison
cp_compare_rates(const CpCount *a, const CpCount *b, double alpha)
{
	CpRateComparison c;
	CpEstimate rate_a = rate_estimate(a->successes, a->n);
	CpEstimate rate_b = rate_estimate(b->successes, b->n);
	Lift lift;

	c.rate_a = rate_a.mean;
	c.rate_b = rate_b.mean;
	c.difference = product_difference(b->successes, a->n, a->successes, b->n) / (a->n * b->n);
	find_tests(a, b, rate_a.variance + rate_b.variance, &c);
	find_intervals(a, b, alpha, &c);
	lift = find_lift(&rate_a, &rate_b, c.difference, alpha);
	c.lift = lift.lift;
	c.lift_se = lift.se;
	c.lift_interval = lift.interval;
	return c;
}

/* ---- Fisher's exact test ---- */

/*
 * One arm's side of the hypergeometric law: how many of the successes are its own. More here are
 * fewer in the other arm, so either tail is a walk up.
 */
typedef struct Side
{
	double n;
	double other;
	double successes; /* of both arms */
	double mode;
} Side;

/* P(x + 1) / P(x); 0 at the end. */
static double
step_up(const Side *side, double x)
{
	return (side->n - x) * (side->successes - x) /
	       ((x + 1) * (side->other - side->successes + x + 1));
}

/* P(x) / P(mode). */
static double
fisher_term(const Side *side, double x)
{
	double term = 1;

	for (double at = side->mode; at < x && term > DBL_MIN; at++)
		term *= step_up(side, at);
	return term > DBL_MIN ? term : 0;
}

/* Sums over P(mode) of all terms above the mode, and of those not above the limit. */
static void
sum_tail(const Side *side, double limit, double *all, double *unlikely)
{
	double term = 1, tail = 0;

	for (double x = side->mode; term > DBL_MIN && !(term < NEGLIGIBLE * tail); x++)
	{
		term *= step_up(side, x);
		*all += term;
		tail += term <= limit ? term : 0;
	}
	*unlikely += tail;
}

static double
fisher_mode(const Side *side)
{
	double n = side->n + side->other;
	double mode = floor((side->n + 1) * ((side->successes + 1) / (n + 2)));
	double least = fmax(0, side->successes - side->other);

	return fmax(least, fmin(mode, fmin(side->n, side->successes)));
}

double
cp_fisher(const CpCount *a, const CpCount *b)
{
	double successes = a->successes + b->successes;
	Side side_a = {a->n, b->n, successes, 0};
	Side side_b = {b->n, a->n, successes, 0};
	double limit, all = 1, unlikely;

	if (!(a->n > 0 && b->n > 0 && a->n + b->n <= FISHER_UNITS))
		return NOTHING;
	side_a.mode = fisher_mode(&side_a);
	side_b.mode = successes - side_a.mode;
	limit = (a->successes > side_a.mode ? fisher_term(&side_a, a->successes)
	                                    : fisher_term(&side_b, b->successes)) *
	        (1 + FISHER_TIE);
	unlikely = limit >= 1;
	sum_tail(&side_a, limit, &all, &unlikely);
	sum_tail(&side_b, limit, &all, &unlikely);
	return fmin(1, unlikely / all);
}

/* ---- counts ---- */

/* An arm of no units neither counts nor costs a degree of freedom. */
CpChi2
cp_chi2_rates(const CpCount *arms, int k)
{
	CpChi2 test = {0, -1, NOTHING};
	double successes = 0, n = 0;

	for (int arm = 0; arm < k; arm++)
	{
		successes += arms[arm].successes;
		n += arms[arm].n;
	}
	for (int arm = 0; arm < k; arm++)
	{
		double off = product_difference(arms[arm].successes, n, successes, arms[arm].n);

		if (!(arms[arm].n > 0))
			continue;
		test.statistic += off / successes * (off / (n - successes)) / arms[arm].n;
		test.df++;
	}
	test.p = cp_chi2_upper(test.statistic, test.df);
	return test;
}

CpChi2
cp_chi2_ratio(const double *observed, const double *weights, int k)
{
	CpChi2 test = {0, k - 1, NOTHING};
	double n = 0, weight = 0;

	for (int arm = 0; arm < k; arm++)
	{
		n += observed[arm];
		weight += weights[arm];
	}
	for (int arm = 0; arm < k; arm++)
	{
		double expected = n * (weights[arm] / weight);
		double off = observed[arm] - expected;

		test.statistic += off * (off / expected);
	}
	test.p = cp_chi2_upper(test.statistic, test.df);
	return test;
}

/* ---- many p-values ---- */

static const char *const adjustment_names[CP_ADJUSTMENTS] = {"none",     "bonferroni", "holm",
                                                             "hochberg", "bh",         "by"};

const char *
cp_adjustment_name(CpAdjustment adjustment)
{
	return adjustment_names[adjustment];
}

CpAdjustment
cp_adjustment_of(const char *name)
{
	return (CpAdjustment) cp_name_position(adjustment_names, CP_ADJUSTMENTS, name);
}

/* Adjusted p-values carry a minus sign, a minus zero too, until all are. */
static int
is_waiting(double p)
{
	return p == p && !signbit(p);
}

/* Of those that wait: the smallest, or the largest. */
static int
next_waiting(const double *p, int n, int smallest)
{
	int found = -1;

	for (int i = 0; i < n; i++)
		if (is_waiting(p[i]) && (found < 0 || (smallest ? p[i] < p[found] : p[i] > p[found])))
			found = i;
	return found;
}

/* What a p-value is multiplied by that is the rank-th smallest of n. */
static double
adjustment_factor(CpAdjustment adjustment, int rank, int n)
{
	double harmonic = 0;

	if (adjustment == CP_ADJUST_BONFERRONI)
		return n;
	if (adjustment == CP_ADJUST_HOLM || adjustment == CP_ADJUST_HOCHBERG)
		return n - rank + 1;
	if (adjustment == CP_ADJUST_BH)
		return (double) n / rank;
	for (int i = 1; i <= n; i++)
		harmonic += 1.0 / i;
	return harmonic * n / rank;
}

/* Holm goes up from the smallest, never falling; the others down from the largest, never rising. */
void
cp_adjust(CpAdjustment adjustment, double *p, int n)
{
	int rising = adjustment == CP_ADJUST_HOLM;
	double bound = rising ? 0 : 1;
	int count = 0;

	if (adjustment == CP_ADJUST_NONE)
		return;
	for (int i = 0; i < n; i++)
		count += is_waiting(p[i]);
	for (int done = 0; done < count; done++)
	{
		int i = next_waiting(p, n, rising);
		double factor = adjustment_factor(adjustment, rising ? done + 1 : count - done, count);

		bound = rising ? fmax(bound, fmin(1, factor * p[i])) : fmin(bound, factor * p[i]);
		p[i] = -bound;
	}
	for (int i = 0; i < n; i++)
		p[i] = fabs(p[i]);
}
