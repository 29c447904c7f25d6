/*
 * mdp.c: exact values of finite Markov decision processes, by backward induction.
 */
#include "decide/mdp.h"

#include <math.h>
#include <string.h>

/* Sweeps over the month that is repeated for ever, at most. */
#define MAX_SWEEPS 100000

typedef struct Solver
{
	CpContext *context;
	const CpMdp *mdp;
	CpMdpMonth month;
	uint32_t pairs;
	uint32_t vectors; /* of values: (1 + policies) * rewards */
	double *values;   /* [vectors][states] at the beginning of the month */
	double *later;    /* [vectors][states] at its end */
	uint8_t *best;    /* [states] the optimum's action */
} Solver;

/* ---- one month ---- */

/* Worth of a pair in one of the rewards, when that is followed by these values. */
static inline double
worth(const Solver *solver, uint32_t reward, size_t pair, const double *later)
{
	const uint32_t *next = solver->month.next + pair * CP_MDP_BRANCHES;
	const double *chances = solver->month.chances + pair * CP_MDP_BRANCHES;
	double follows = 0;

	for (int branch = 0; branch < CP_MDP_BRANCHES; branch++)
		follows += chances[branch] * later[next[branch]];
	return solver->month.rewards[(size_t) reward * solver->pairs + pair] +
	       solver->mdp->discount * follows;
}

static void
sweep_optimum(const Solver *solver)
{
	const CpMdp *mdp = solver->mdp;

	for (uint32_t state = 0; state < mdp->states; state++)
	{
		size_t pair = (size_t) state * mdp->actions;
		uint32_t best = 0;
		double most = -INFINITY;

		for (uint32_t action = 0; action < mdp->actions; action++)
		{
			double value;

			if (!(solver->month.masks[state] >> action & 1))
				continue;
			value = worth(solver, 0, pair + action, solver->later);
			if (value > most)
			{
				most = value;
				best = action;
			}
		}
		solver->best[state] = (uint8_t) best;
		solver->values[state] = most;
		for (uint32_t reward = 1; reward < mdp->rewards; reward++)
		{
			size_t vector = (size_t) reward * mdp->states;

			solver->values[vector + state] =
				worth(solver, reward, pair + best, solver->later + vector);
		}
	}
}

static void
sweep_policy(const Solver *solver, uint32_t policy)
{
	const CpMdp *mdp = solver->mdp;
	const double *pmf = solver->month.policies + (size_t) policy * solver->pairs;

	for (uint32_t reward = 0; reward < mdp->rewards; reward++)
	{
		size_t vector = ((size_t) (1 + policy) * mdp->rewards + reward) * mdp->states;

		for (uint32_t state = 0; state < mdp->states; state++)
		{
			size_t pair = (size_t) state * mdp->actions;
			double value = 0;

			for (uint32_t action = 0; action < mdp->actions; action++)
			{
				if (pmf[pair + action] > 0)
					value += pmf[pair + action] *
					         worth(solver, reward, pair + action, solver->later + vector);
			}
			solver->values[vector + state] = value;
		}
	}
}

/* From the values at the end of the month to those at its beginning. */
static CpStatus
sweep(Solver *solver)
{
	double *later = solver->values;

	CP_TRY(cp_poll(solver->context));
	solver->values = solver->later;
	solver->later = later;
	sweep_optimum(solver);
	for (uint32_t policy = 0; policy < solver->mdp->policies; policy++)
		sweep_policy(solver, policy);
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
 * Are all values within the tolerance of their limits? No farther than the change by the last
 * sweep, shrunk again and again (Puterman 1994, theorem 6.3.1).
 */
static bool
settled(const Solver *solver, double shrink)
{
	for (uint32_t vector = 0; vector < solver->vectors; vector++)
	{
		const double *values = solver->values + (size_t) vector * solver->mdp->states;
		const double *later = solver->later + (size_t) vector * solver->mdp->states;
		double change = 0, largest = 0;

		for (uint32_t state = 0; state < solver->mdp->states; state++)
		{
			change = fmax(change, fabs(values[state] - later[state]));
			largest = fmax(largest, fabs(values[state]));
		}
		if (!(change * shrink <= fmax(CP_MDP_TOLERANCE, CP_MDP_RELATIVE * largest) * (1 - shrink)))
			return false;
	}
	return true;
}

/* Values of the month that is followed by itself, by value iteration. */
static CpStatus
settle(Solver *solver)
{
	double shrink = contraction(solver);

	if (!(shrink < 1))
		return cp_fail(solver->context, CP_BAD_PARAMETER,
		               "an endless process needs a discount below 1 or a chance to end");
	for (int sweeps = 0; sweeps < MAX_SWEEPS; sweeps++)
	{
		CP_TRY(sweep(solver));
		if (settled(solver, shrink))
			return CP_OK;
	}
	return cp_fail(solver->context, CP_NOT_CONVERGED,
	               "values have not settled after %d sweeps at a discount of %.9g", MAX_SWEEPS,
	               solver->mdp->discount);
}

/* ---- all months ---- */

static CpStatus
check(CpContext *context, const CpMdp *mdp)
{
	if (mdp->states < 1 || mdp->months < 1 || mdp->rewards < 1)
		return cp_fail(context, CP_BAD_PARAMETER, "a process needs states, months and rewards");
	if (mdp->actions < 1 || mdp->actions > CP_MDP_ACTIONS)
		return cp_fail(context, CP_BAD_PARAMETER, "a process has 1 to %d actions, not %u",
		               CP_MDP_ACTIONS, mdp->actions);
	if (mdp->states > UINT32_MAX / mdp->actions)
		return cp_fail(context, CP_BAD_PARAMETER, "%u states with %u actions are too many",
		               mdp->states, mdp->actions);
	if (!(mdp->discount > 0 && mdp->discount <= 1))
		return cp_fail(context, CP_BAD_PARAMETER, "a discount is in (0, 1], not %.9g",
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
	CP_TRY(cp_alloc_zero(context, &month->policies, pairs * mdp->policies, sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &solver->values, solver->vectors, mdp->states * sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &solver->later, solver->vectors, mdp->states * sizeof(double)));
	return cp_alloc(context, &solver->best, mdp->states, sizeof(uint8_t));
}

static void
close_solver(Solver *solver)
{
	CpContext *context = solver->context;

	cp_free(context, &solver->month.masks);
	cp_free(context, &solver->month.rewards);
	cp_free(context, &solver->month.next);
	cp_free(context, &solver->month.chances);
	cp_free(context, &solver->month.policies);
	cp_free(context, &solver->values);
	cp_free(context, &solver->later);
	cp_free(context, &solver->best);
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
