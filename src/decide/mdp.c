/*
 * mdp.c: exact values of finite Markov decision processes.
 */
#include "decide/mdp.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Of the month that is repeated for ever, at most: sweeps, steps of a solver, and policies. */
#define MAX_SWEEPS 1000
#define MAX_STEPS 1000
#define MAX_POLICIES 100
/* Sweeps between two guesses. */
#define SWEEPS_A_GUESS 20

/* Vectors that the solver of linear equations needs beside the solution. */
enum
{
	START,
	RESIDUAL,
	SHADOW,
	DIRECTION,
	IMAGE,
	STABILISER,
	WORK
};

/* The optimum's policy is number 0, those that were given follow. */
typedef struct Solver
{
	CpContext *context;
	const CpMdp *mdp;
	CpMdpMonth month;
	uint32_t pairs;
	uint32_t vectors; /* of values: (1 + policies) * rewards */
	double *chosen;   /* [1 + policies][pairs] probability of each action */
	double *values;   /* [vectors][states] at the beginning of the month */
	double *later;    /* [vectors][states] at its end */
	uint8_t *best;    /* [states] the optimum's action */
	/* Of an endless process: */
	double *work;  /* [WORK][states] */
	double shrink; /* a sweep leaves at most so much of a difference */
} Solver;

/* ---- one month ---- */

/* What is to come after a pair, as of this month. */
static inline double
follows(const Solver *solver, size_t pair, const double *later)
{
	const uint32_t *next = solver->month.next + pair * CP_MDP_BRANCHES;
	const double *chances = solver->month.chances + pair * CP_MDP_BRANCHES;
	double sum = 0;

	for (int branch = 0; branch < CP_MDP_BRANCHES; branch++)
		sum += chances[branch] * later[next[branch]];
	return solver->mdp->discount * sum;
}

/* The best action of each state; values: what it is worth. Has the policy changed? */
static bool
improve(const Solver *solver, const double *later, double *values)
{
	const CpMdp *mdp = solver->mdp;
	bool changed = false;

	for (uint32_t state = 0; state < mdp->states; state++)
	{
		size_t pair = (size_t) state * mdp->actions;
		uint32_t best = 0;

		values[state] = -INFINITY;
		for (uint32_t action = 0; action < mdp->actions; action++)
		{
			double value;

			if (!(solver->month.masks[state] >> action & 1))
				continue;
			value = solver->month.rewards[pair + action] + follows(solver, pair + action, later);
			if (value > values[state])
			{
				values[state] = value;
				best = action;
			}
		}
		changed = changed || solver->chosen[pair + best] == 0;
		solver->chosen[pair + solver->best[state]] = 0;
		solver->chosen[pair + best] = 1;
		solver->best[state] = (uint8_t) best;
	}
	return changed;
}

/* Values under a policy: of the month's rewards, NULL = none, and of what follows. */
static void
follow(const Solver *solver, uint32_t policy, const double *rewards, const double *later,
       double *values)
{
	const CpMdp *mdp = solver->mdp;
	const double *chosen = solver->chosen + (size_t) policy * solver->pairs;

	for (uint32_t state = 0; state < mdp->states; state++)
	{
		size_t first = (size_t) state * mdp->actions;

		values[state] = 0;
		for (size_t pair = first; pair < first + mdp->actions; pair++)
			if (chosen[pair] > 0)
				values[state] += chosen[pair] * ((rewards == NULL ? 0 : rewards[pair]) +
				                                 follows(solver, pair, later));
	}
}

static inline const double *
rewards_of(const Solver *solver, uint32_t vector)
{
	return solver->month.rewards + (size_t) (vector % solver->mdp->rewards) * solver->pairs;
}

/* From the values at the end of the month to those at its beginning. */
static CpStatus
sweep(Solver *solver)
{
	double *later = solver->values;

	CP_TRY(cp_poll(solver->context));
	solver->values = solver->later;
	solver->later = later;
	improve(solver, solver->later, solver->values);
	for (uint32_t vector = 1; vector < solver->vectors; vector++)
	{
		size_t at = (size_t) vector * solver->mdp->states;

		follow(solver, vector / solver->mdp->rewards, rewards_of(solver, vector),
		       solver->later + at, solver->values + at);
	}
	return CP_OK;
}

/* ---- a month for ever ---- */

/* By how much a sweep shrinks a difference at least: discount times the likeliest survival. */
static double
contraction(const Solver *solver)
{
	const CpMdp *mdp = solver->mdp;
	double most = 0;

	for (size_t pair = 0; pair < solver->pairs; pair++)
	{
		const double *chances = solver->month.chances + pair * CP_MDP_BRANCHES;

		if (solver->month.masks[pair / mdp->actions] >> pair % mdp->actions & 1)
			most = fmax(most, chances[0] + chances[1] + chances[2]);
	}
	return mdp->discount * most;
}

/*
 * By how much a sweep may change values that are within the tolerance of their limits: these
 * are no farther than the change, shrunk again and again (Puterman 1994, theorem 6.3.1), and
 * than what each sweep rounds away.
 */
static double
allowance(const Solver *solver, const double *values)
{
	double rounding = (solver->mdp->actions + 2 * CP_MDP_BRANCHES) * DBL_EPSILON;
	double largest = 0;

	for (uint32_t state = 0; state < solver->mdp->states; state++)
		largest = fmax(largest, fabs(values[state]));
	return fmax(CP_MDP_TOLERANCE, CP_MDP_RELATIVE * largest) * (1 - solver->shrink) -
	       rounding * largest;
}

static bool
settled(const Solver *solver)
{
	for (uint32_t vector = 0; vector < solver->vectors; vector++)
	{
		const double *values = solver->values + (size_t) vector * solver->mdp->states;
		const double *later = solver->later + (size_t) vector * solver->mdp->states;
		double change = 0;

		for (uint32_t state = 0; state < solver->mdp->states; state++)
			change = fmax(change, fabs(values[state] - later[state]));
		if (!(change * solver->shrink <= allowance(solver, values)))
			return false;
	}
	return true;
}

static double
dot(const Solver *solver, const double *a, const double *b)
{
	double sum = 0;

	for (uint32_t state = 0; state < solver->mdp->states; state++)
		sum += a[state] * b[state];
	return sum;
}

/* image = (1 - discount P) x under a policy. */
static void
transform(const Solver *solver, uint32_t policy, const double *x, double *image)
{
	follow(solver, policy, NULL, x, image);
	for (uint32_t state = 0; state < solver->mdp->states; state++)
		image[state] = x[state] - image[state];
}

/* to += factor * by */
static void
add(const Solver *solver, double *to, double factor, const double *by)
{
	for (uint32_t state = 0; state < solver->mdp->states; state++)
		to[state] += factor * by[state];
}

/*
 * Moves values closer to what their policy is worth when it is followed for ever, which solves
 * (1 - discount P) V = r, by BiCGSTAB (van der Vorst 1992).
 */
static CpStatus
approach(const Solver *solver, uint32_t vector)
{
	uint32_t states = solver->mdp->states, policy = vector / solver->mdp->rewards;
	double *values = solver->values + (size_t) vector * states;
	double *start = solver->work + (size_t) START * states;
	double *residual = solver->work + (size_t) RESIDUAL * states;
	double *shadow = solver->work + (size_t) SHADOW * states;
	double *direction = solver->work + (size_t) DIRECTION * states;
	double *image = solver->work + (size_t) IMAGE * states;
	double *stabiliser = solver->work + (size_t) STABILISER * states;
	double far, product;

	memcpy(start, values, states * sizeof(double));
	follow(solver, policy, rewards_of(solver, vector), values, residual);
	add(solver, residual, -1, values);
	memcpy(shadow, residual, states * sizeof(double));
	memcpy(direction, residual, states * sizeof(double));
	far = product = dot(solver, residual, residual);
	for (int step = 0; step < MAX_STEPS; step++)
	{
		double along, across, square, before = product;

		if (sqrt(dot(solver, residual, residual)) <= allowance(solver, values) / 2)
			break;
		CP_TRY(cp_poll(solver->context));
		transform(solver, policy, direction, image);
		along = product / dot(solver, shadow, image);
		add(solver, residual, -along, image);
		transform(solver, policy, residual, stabiliser);
		square = dot(solver, stabiliser, stabiliser);
		across = square > 0 ? dot(solver, stabiliser, residual) / square : 0;
		if (!isfinite(along) || !isfinite(across))
			break;
		add(solver, values, along, direction);
		add(solver, values, across, residual);
		add(solver, residual, -across, stabiliser);
		product = dot(solver, shadow, residual);
		add(solver, direction, -across, image);
		for (uint32_t state = 0; state < states; state++)
			direction[state] =
				residual[state] + product / before * along / across * direction[state];
	}
	if (!(dot(solver, residual, residual) <= far))
		memcpy(values, start, states * sizeof(double));
	return CP_OK;
}

/* Values near those of the month that is followed by itself: the optimum's by policy iteration. */
static CpStatus
guess(const Solver *solver)
{
	for (int policies = 0; policies < MAX_POLICIES; policies++)
	{
		bool changed = improve(solver, solver->values, solver->later);

		if (policies > 0 && !changed)
			break;
		CP_TRY(approach(solver, 0));
	}
	for (uint32_t vector = 1; vector < solver->vectors; vector++)
		CP_TRY(approach(solver, vector));
	return CP_OK;
}

/* Values of the month that is followed by itself: value iteration, from good guesses. */
static CpStatus
settle(Solver *solver)
{
	solver->shrink = contraction(solver);
	if (!(solver->shrink < 1))
		return cp_fail(solver->context, CP_BAD_PARAMETER,
		               "An endless process needs a discount below 1 or a chance to end.");
	for (int sweeps = 0; sweeps < MAX_SWEEPS; sweeps++)
	{
		if (sweeps % SWEEPS_A_GUESS == 0)
			CP_TRY(guess(solver));
		CP_TRY(sweep(solver));
		if (settled(solver))
			return CP_OK;
	}
	return cp_fail(solver->context, CP_NOT_CONVERGED,
	               "Values have not settled after %d sweeps at a discount of %.9g.", MAX_SWEEPS,
	               solver->mdp->discount);
}

/* ---- all months ---- */

static CpStatus
check(CpContext *context, const CpMdp *mdp)
{
	if (mdp->states < 1 || mdp->months < 1 || mdp->rewards < 1)
		return cp_fail(context, CP_BAD_PARAMETER, "A process needs states, months and rewards.");
	if (mdp->actions < 1 || mdp->actions > CP_MDP_ACTIONS)
		return cp_fail(context, CP_BAD_PARAMETER, "A process has 1 to %d actions, not %u.",
		               CP_MDP_ACTIONS, mdp->actions);
	if (mdp->states > UINT32_MAX / mdp->actions)
		return cp_fail(context, CP_BAD_PARAMETER, "%u states with %u actions are too many.",
		               mdp->states, mdp->actions);
	if (!(mdp->discount > 0 && mdp->discount <= 1))
		return cp_fail(context, CP_BAD_PARAMETER, "A discount is in (0, 1], not %.9g.",
		               mdp->discount);
	return CP_OK;
}

static CpStatus
open_solver(CpContext *context, const CpMdp *mdp, Solver *solver)
{
	CpMdpMonth *month = &solver->month;
	size_t pairs = (size_t) mdp->states * mdp->actions;

	memset(solver, 0, sizeof(*solver));
	solver->context = context;
	solver->mdp = mdp;
	solver->pairs = (uint32_t) pairs;
	solver->vectors = (1 + mdp->policies) * mdp->rewards;
	CP_TRY(cp_alloc_zero(context, &month->masks, mdp->states, sizeof(uint32_t)));
	CP_TRY(cp_alloc_zero(context, &month->rewards, pairs * mdp->rewards, sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &month->next, pairs, CP_MDP_BRANCHES * sizeof(uint32_t)));
	CP_TRY(cp_alloc_zero(context, &month->chances, pairs, CP_MDP_BRANCHES * sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &solver->chosen, pairs * (1 + mdp->policies), sizeof(double)));
	month->policies = solver->chosen + pairs;
	CP_TRY(cp_alloc_zero(context, &solver->values, solver->vectors, mdp->states * sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &solver->later, solver->vectors, mdp->states * sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &solver->best, mdp->states, sizeof(uint8_t)));
	return cp_alloc(context, &solver->work, mdp->endless ? WORK : 0, mdp->states * sizeof(double));
}

static void
close_solver(Solver *solver)
{
	CpContext *context = solver->context;

	cp_free(context, &solver->month.masks);
	cp_free(context, &solver->month.rewards);
	cp_free(context, &solver->month.next);
	cp_free(context, &solver->month.chances);
	cp_free(context, &solver->chosen);
	cp_free(context, &solver->values);
	cp_free(context, &solver->later);
	cp_free(context, &solver->best);
	cp_free(context, &solver->work);
}

CpStatus
cp_mdp_solve(CpContext *context, const CpMdp *mdp, double *values, uint8_t *plan)
{
	Solver solver;

	CP_TRY(check(context, mdp));
	CP_TRY(open_solver(context, mdp, &solver));
	for (uint32_t month = mdp->months; month-- > 0;)
	{
		CP_TRY(mdp->describe(mdp->host, month, &solver.month));
		if (mdp->endless && month == mdp->months - 1)
			CP_TRY(settle(&solver));
		else
			CP_TRY(sweep(&solver));
		if (plan != NULL)
			memcpy(plan + (size_t) month * mdp->states, solver.best, mdp->states);
	}
	memcpy(values, solver.values, (size_t) solver.vectors * mdp->states * sizeof(double));
	close_solver(&solver);
	return CP_OK;
}
