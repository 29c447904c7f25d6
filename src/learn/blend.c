/*
 * blend.c: how much each member of an ensemble counts.
 */
#include "learn/blend.h"

#include <math.h>
#include <string.h>

#include "learn/metrics.h"
#include "num/special.h"

/* Rows between two looks at the poll: some milliseconds with all members. */
#define POLL_ROWS (1u << 15)
/* Newton steps at most; less than ten are usual. */
#define MAX_STEPS 100
/* Log-loss that may be left to gain. */
#define GAP 1e-11
/* A step that promises less than this is lost in rounding. */
#define LEAST_PROMISE 1e-15
/* A weight this small whose loss grows with it is held at zero. */
#define NEAR_ZERO 1e-9
/* Share of the promised decrease that a step must bring (Armijo). */
#define SUFFICIENT 1e-4
/* Added to the hessian's diagonal, relative: members may be equal. */
#define RIDGE 1e-12

/* The members still in the pool and the rows they are judged on. */
typedef struct Pool
{
	CpContext *context;
	const double *probabilities[CP_BLEND_MEMBERS];
	uint32_t ids[CP_BLEND_MEMBERS];
	uint32_t members;
	const uint8_t *labels;
	const double *weights;
	uint32_t n;
	double total; /* of the weights */
} Pool;

/*
 * Where the search is. Derivatives are those of loss + sum of weights: scaling all weights
 * changes the loss by a logarithm only, so the least of that sum over all weights of zero
 * or more has weights that sum to one, and the equation is not needed as a constraint.
 */
typedef struct Point
{
	double weights[CP_BLEND_MEMBERS];
	double loss;
	double gradient[CP_BLEND_MEMBERS];
	double hessian[CP_BLEND_MEMBERS][CP_BLEND_MEMBERS]; /* lower triangle */
} Point;

static inline double
weight_of(const Pool *pool, uint32_t row)
{
	return pool->weights == NULL ? 1 : pool->weights[row];
}

/* The probability of what happened, clipped; NaN counts as a clipped 0. */
static inline double
outcome_probability(double probability, uint8_t label)
{
	double p = label ? probability : 1 - probability;

	return p > CP_LOG_LOSS_CLIP ? (p < 1 ? p : 1) : CP_LOG_LOSS_CLIP;
}

static void
add_row(const Pool *pool, uint32_t row, Point *point)
{
	double share = weight_of(pool, row) / pool->total;
	double ratio[CP_BLEND_MEMBERS]; /* of the member's probability to the blend's */
	double blended = 0;

	for (uint32_t m = 0; m < pool->members; m++)
	{
		ratio[m] = outcome_probability(pool->probabilities[m][row], pool->labels[row]);
		blended += point->weights[m] * ratio[m];
	}
	point->loss -= share * cp_log(blended);
	for (uint32_t m = 0; m < pool->members; m++)
	{
		ratio[m] /= blended;
		point->gradient[m] -= share * ratio[m];
		for (uint32_t l = 0; l <= m; l++)
			point->hessian[m][l] += share * ratio[m] * ratio[l];
	}
}

/* Loss and derivatives at the point's weights. */
static CpStatus
evaluate(const Pool *pool, Point *point)
{
	point->loss = 0;
	memset(point->hessian, 0, sizeof(point->hessian));
	for (uint32_t m = 0; m < pool->members; m++)
		point->gradient[m] = 1;
	for (uint32_t row = 0; row < pool->n; row++)
	{
		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(pool->context));
		add_row(pool, row, point);
	}
	return CP_OK;
}

/* Solve (L L') x = x for the n by n matrix in a's lower triangle, which L overwrites (Cholesky). */
static void
solve(double a[CP_BLEND_MEMBERS][CP_BLEND_MEMBERS], uint32_t n, double *x)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j <= i; j++)
		{
			for (uint32_t k = 0; k < j; k++)
				a[i][j] -= a[i][k] * a[j][k];
			a[i][j] = i == j ? sqrt(a[i][i]) : a[i][j] / a[j][j];
		}
	for (uint32_t i = 0; i < n; i++)
	{
		for (uint32_t k = 0; k < i; k++)
			x[i] -= a[i][k] * x[k];
		x[i] /= a[i][i];
	}
	for (uint32_t i = n; i-- > 0;)
	{
		for (uint32_t k = i + 1; k < n; k++)
			x[i] -= a[k][i] * x[k];
		x[i] /= a[i][i];
	}
}

/*
 * Newton's step in the weights that are free to move; the others go to zero. Returns the
 * decrease of the loss that the gradient promises for it.
 */
static double
newton_step(const Pool *pool, const Point *point, double *step)
{
	double hessian[CP_BLEND_MEMBERS][CP_BLEND_MEMBERS];
	double x[CP_BLEND_MEMBERS];
	uint32_t free_ones[CP_BLEND_MEMBERS];
	uint32_t n = 0;
	double promise = 0;

	for (uint32_t m = 0; m < pool->members; m++)
	{
		step[m] = -point->weights[m];
		if (point->weights[m] > NEAR_ZERO || point->gradient[m] < 0)
			free_ones[n++] = m;
	}
	for (uint32_t i = 0; i < n; i++)
	{
		for (uint32_t j = 0; j <= i; j++)
			hessian[i][j] = point->hessian[free_ones[i]][free_ones[j]];
		hessian[i][i] *= 1 + RIDGE;
		x[i] = -point->gradient[free_ones[i]];
	}
	solve(hessian, n, x);
	for (uint32_t i = 0; i < n; i++)
		step[free_ones[i]] = x[i];
	for (uint32_t m = 0; m < pool->members; m++)
		promise -= point->gradient[m] * step[m];
	return promise;
}

/*
 * Go from the point along the step, no weight below zero and their sum one; *promised: the
 * decrease of the loss by its gradient.
 */
static void
go(const Pool *pool, const Point *from, const double *step, double length, Point *to,
   double *promised)
{
	double sum = 0;

	*promised = 0;
	for (uint32_t m = 0; m < pool->members; m++)
	{
		to->weights[m] = fmax(0, from->weights[m] + length * step[m]);
		*promised -= from->gradient[m] * (to->weights[m] - from->weights[m]);
		sum += to->weights[m];
	}
	for (uint32_t m = 0; m < pool->members; m++)
		to->weights[m] /= sum;
}

/* One step, halved until the loss falls enough; *moved: false when rounding leaves no way down. */
static CpStatus
descend(const Pool *pool, Point *point, bool *moved)
{
	double step[CP_BLEND_MEMBERS];
	double promise = newton_step(pool, point, step);

	*moved = false;
	for (double length = 1; length * promise > LEAST_PROMISE && !*moved; length /= 2)
	{
		Point next;
		double promised;

		go(pool, point, step, length, &next, &promised);
		CP_TRY(evaluate(pool, &next));
		*moved = promised > 0 && next.loss < point->loss - SUFFICIENT * promised;
		if (*moved)
			*point = next;
	}
	return CP_OK;
}

/*
 * By convexity the loss is nowhere on the simplex lower by more than the steepest member's
 * gradient: what is left to gain.
 */
static double
gap(const Pool *pool, const Point *point)
{
	double steepest = 0;

	for (uint32_t m = 0; m < pool->members; m++)
		steepest = fmin(steepest, point->gradient[m]);
	return -steepest;
}

static CpStatus
minimise(const Pool *pool, Point *point)
{
	bool moved = true;

	CP_TRY(evaluate(pool, point));
	for (uint32_t i = 0; i < MAX_STEPS && moved && gap(pool, point) > GAP; i++)
		CP_TRY(descend(pool, point, &moved));
	return CP_OK;
}

static uint32_t
least_weight(const Pool *pool, const Point *point)
{
	uint32_t least = 0;

	for (uint32_t m = 1; m < pool->members; m++)
		if (point->weights[m] < point->weights[least])
			least = m;
	return least;
}

static void
drop(Pool *pool, Point *point, uint32_t dropped)
{
	double left = 0;

	pool->members--;
	for (uint32_t m = dropped; m < pool->members; m++)
	{
		pool->probabilities[m] = pool->probabilities[m + 1];
		pool->ids[m] = pool->ids[m + 1];
		point->weights[m] = point->weights[m + 1];
	}
	/* The sum, not what is left of one: rounding must not make a weight more than that. */
	for (uint32_t m = 0; m < pool->members; m++)
		left += point->weights[m];
	for (uint32_t m = 0; m < pool->members; m++)
		point->weights[m] /= left;
}

/* The best weights, then those without the members that count for too little. */
static CpStatus
fit(Pool *pool, Point *point)
{
	uint32_t least;

	for (uint32_t m = 0; m < pool->members; m++)
		point->weights[m] = 1.0 / pool->members;
	CP_TRY(minimise(pool, point));
	while (point->weights[least = least_weight(pool, point)] < CP_BLEND_LEAST)
	{
		drop(pool, point, least);
		CP_TRY(minimise(pool, point));
	}
	return CP_OK;
}

static CpStatus
member_losses(const Pool *pool, CpBlend *blend)
{
	for (uint32_t m = 0; m < pool->members; m++)
	{
		Pool alone = *pool;
		Point point;

		alone.probabilities[0] = pool->probabilities[m];
		alone.members = 1;
		point.weights[0] = 1;
		CP_TRY(evaluate(&alone, &point));
		blend->losses[m] = point.loss;
		if (point.loss < blend->losses[blend->best])
			blend->best = m;
	}
	return CP_OK;
}

static CpStatus
add_up_weights(Pool *pool)
{
	for (uint32_t row = 0; row < pool->n; row++)
		pool->total += weight_of(pool, row);
	if (!(pool->total > 0 && isfinite(pool->total)))
		return cp_fail(pool->context, CP_BAD_DATA,
		               "The weights of the %u rows that members are weighed by add up to %g.",
		               pool->n, pool->total);
	return CP_OK;
}

static CpStatus
init_pool(CpContext *context, const double *const *probabilities, uint32_t members,
          const uint8_t *labels, const double *weights, uint32_t n, Pool *pool)
{
	if (members < 1 || members > CP_BLEND_MEMBERS)
		return cp_fail(context, CP_BAD_PARAMETER, "A blend has 1 to %d members, not %u.",
		               CP_BLEND_MEMBERS, members);
	pool->context = context;
	pool->members = members;
	pool->labels = labels;
	pool->weights = weights;
	pool->n = n;
	pool->total = 0;
	for (uint32_t m = 0; m < members; m++)
	{
		pool->probabilities[m] = probabilities[m];
		pool->ids[m] = m;
	}
	return add_up_weights(pool);
}

CpStatus
cp_blend(CpContext *context, const double *const *probabilities, uint32_t members,
         const uint8_t *labels, const double *weights, uint32_t n, CpBlend *blend)
{
	Pool pool;
	Point point;

	memset(blend, 0, sizeof(*blend));
	CP_TRY(init_pool(context, probabilities, members, labels, weights, n, &pool));
	CP_TRY(member_losses(&pool, blend));
	CP_TRY(fit(&pool, &point));
	blend->loss = point.loss;
	if (point.loss < blend->losses[blend->best] - (pool.members - 1) / pool.total)
		for (uint32_t m = 0; m < pool.members; m++)
			blend->weights[pool.ids[m]] = point.weights[m];
	else
	{
		blend->weights[blend->best] = 1;
		blend->loss = blend->losses[blend->best];
	}
	return CP_OK;
}
