/*
 * drift.c: divergences and chi-square tests of two rows of counts.
 *
 * Divergences are sums of deviances p log(p / q) + q - p: none is negative, so that what two nearly
 * equal distributions differ by is not lost among terms that cancel.
 */
#include "stats/drift.h"

#include <math.h>

#include "stats/distributions.h"

#define RELATIVE_FILL 1e-6

/* One side's counts; 2^-exponent scales them so that their total cannot overflow. */
typedef struct Side
{
	const double *counts;
	int exponent;
	double total;  /* of the scaled counts */
	double fill;   /* what an empty cell's share becomes */
	double filled; /* total of the filled shares */
} Side;

static Side
weigh_side(const double *counts, uint32_t cells)
{
	Side side = {.counts = counts};
	double largest = 0;

	for (uint32_t i = 0; i < cells; i++)
		largest = fmax(largest, counts[i]);
	frexp(largest, &side.exponent);
	for (uint32_t i = 0; i < cells; i++)
		side.total += ldexp(counts[i], -side.exponent);
	return side;
}

static double
share(const Side *side, uint32_t i)
{
	return ldexp(side->counts[i], -side->exponent) / side->total;
}

static double
filled_share(const Side *side, uint32_t i)
{
	double own = share(side, i);

	return own > 0 ? own : side->fill;
}

static double
size(const Side *side)
{
	return ldexp(side->total, side->exponent);
}

static void
choose_fill(Side *side, uint32_t cells, CpEmptyCells empty)
{
	double least = 1;

	for (uint32_t i = 0; i < cells; i++)
		if (share(side, i) > 0)
			least = fmin(least, share(side, i));
	side->fill = empty == CP_EMPTY_RELATIVE && least <= CP_DRIFT_EPSILON ? least * RELATIVE_FILL
	                                                                     : CP_DRIFT_EPSILON;
}

/* p log(p / q) + q - p */
static double
deviance(double p, double q)
{
	return p > 0 ? cp_deviance(p, q, q - p) : q;
}

static void
add_filled(CpDivergence *sum, double p, double q)
{
	double from_p = deviance(p, q), from_q = deviance(q, p);

	sum->psi += from_p + from_q;
	sum->kl_reference += from_p + (p - q);
	sum->kl_current += from_q + (q - p);
}

static void
add_normalised(CpDivergence *sum, double p, double q)
{
	sum->kl_reference_normalised += deviance(p, q);
	sum->kl_current_normalised += deviance(q, p);
}

static void
add_raw(CpDivergence *sum, double p, double q)
{
	double middle = p + (q - p) / 2;

	sum->js += (deviance(p, middle) + deviance(q, middle)) / 2;
	sum->total_variation += fabs(q - p) / 2;
}

void
cp_divergence(const double *reference, const double *current, uint32_t cells, CpEmptyCells empty,
              CpDivergence *divergence)
{
	Side p = weigh_side(reference, cells), q = weigh_side(current, cells);

	*divergence = (CpDivergence){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	if (p.total == 0 || q.total == 0)
		return;
	*divergence = (CpDivergence){0};
	choose_fill(&p, cells, empty);
	choose_fill(&q, cells, empty);
	for (uint32_t i = 0; i < cells; i++)
	{
		p.filled += filled_share(&p, i);
		q.filled += filled_share(&q, i);
		add_filled(divergence, filled_share(&p, i), filled_share(&q, i));
		add_raw(divergence, share(&p, i), share(&q, i));
	}
	for (uint32_t i = 0; i < cells; i++)
		add_normalised(divergence, filled_share(&p, i) / p.filled, filled_share(&q, i) / q.filled);
}

/* difference^2 / variance, 0 in an empty cell too; not squared first, lest that underflow. */
static double
pearson_term(double difference, double variance)
{
	return difference == 0 ? 0 : fabs(difference) * (fabs(difference) / variance);
}

static uint32_t
count_occupied(const Side *p, const Side *q, uint32_t cells)
{
	uint32_t occupied = 0;

	for (uint32_t i = 0; i < cells; i++)
		occupied += share(p, i) > 0 || share(q, i) > 0;
	return occupied;
}

/* A sum over the cells of pearson_term() with this variance of a share's difference. */
typedef double (*ShareVariance)(const Side *reference, const Side *current, uint32_t i);

static CpChi2
pearson(const double *reference, const double *current, uint32_t cells, ShareVariance variance)
{
	Side p = weigh_side(reference, cells), q = weigh_side(current, cells);
	CpChi2 test = {0};

	if (p.total == 0 || q.total == 0)
		return (CpChi2){NAN, NAN, NAN};
	for (uint32_t i = 0; i < cells; i++)
		test.statistic += pearson_term(share(&q, i) - share(&p, i), variance(&p, &q, i));
	test.df = count_occupied(&p, &q, cells) - 1.0;
	test.p = test.df > 0 ? cp_chi2_upper(test.statistic, test.df) : 1;
	return test;
}

/* The pooled share over the harmonic size: p / m + q / n. */
static double
homogeneous_variance(const Side *reference, const Side *current, uint32_t i)
{
	return share(reference, i) / size(current) + share(current, i) / size(reference);
}

static double
expected_variance(const Side *reference, const Side *current, uint32_t i)
{
	return share(reference, i) / size(current);
}

CpChi2
cp_chi2_homogeneity(const double *reference, const double *current, uint32_t cells)
{
	return pearson(reference, current, cells, homogeneous_variance);
}

CpChi2
cp_chi2_goodness_of_fit(const double *reference, const double *current, uint32_t cells)
{
	return pearson(reference, current, cells, expected_variance);
}

double
cp_psi_by_chance(uint32_t cells, double n, double m)
{
	return cells > 0 && n > 0 && m > 0 ? (cells - 1.0) * (1 / n + 1 / m) : NAN;
}
