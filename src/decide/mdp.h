/*
 * mdp.h: exact values of finite Markov decision processes.
 *
 * A process has the same states and actions in every month; what they earn and where they
 * lead may change from month to month. Of each state and action it knows the expected
 * rewards of the month and up to three states that may come next, with probabilities that
 * may sum to less than one: the rest ends the process, with nothing more to earn.
 *
 * Each month is described once, by a callback, and the optimum and any number of given
 * policies are carried through it together, by backward induction from the last (Puterman
 * 1994, chapters 4 and 6). Besides the reward that the optimum maximises, others can be
 * followed along, such as revenue.
 */
#ifndef CP_MDP_H
#define CP_MDP_H

#include <stdbool.h>
#include <stdint.h>

#include "num/context.h"

/* Actions at most (a mask of them is 32 bits), and states that may come next. */
#define CP_MDP_ACTIONS 32
#define CP_MDP_BRANCHES 3

/* Error of an endless process's values: this, or the second times the largest value. */
#define CP_MDP_TOLERANCE 1e-7
#define CP_MDP_RELATIVE 1e-10

/* A month. The pair of state s and action a is number s * actions + a. */
typedef struct CpMdpMonth
{
	uint32_t *masks; /* [states] bit a: action a may be taken; at least one is set */
	double *rewards; /* [rewards][pairs] finite; the optimum maximises the first */
	uint32_t *next;  /* [pairs][CP_MDP_BRANCHES] states; 0 where there are fewer */
	double *chances; /* [pairs][CP_MDP_BRANCHES] of these, 0 where there are fewer; sum in [0, 1] */
	double *policies; /* [policies][pairs] probability of each action; 0 outside of the mask */
} CpMdpMonth;

typedef struct CpMdp
{
	uint32_t states;   /* 1 or more */
	uint32_t actions;  /* 1 .. CP_MDP_ACTIONS */
	uint32_t rewards;  /* 1 or more */
	uint32_t policies; /* 0 or more */
	uint32_t months;   /* 1 or more */
	bool endless;      /* the last month is repeated for ever; otherwise nothing comes after it */
	double discount;   /* a month's, (0, 1] */
	void *host;
	/*
	 * Describes a month, 0 .. months - 1. Asked for each once, from the last to the first; the
	 * arrays keep what was written, so what is alike in all months is written in the last.
	 * Pairs outside of the mask need not be described.
	 */
	CpStatus (*describe)(void *host, uint32_t month, const CpMdpMonth *into);
} CpMdp;

/*
 * Values at the beginning of month 0. values: [1 + policies][rewards][states], the optimum's
 * first. plan: [months][states] the optimum's actions, the lowest of several as good; or NULL.
 * CP_BAD_PARAMETER; CP_NOT_CONVERGED when an endless process's values have not settled;
 * CP_CANCELLED within a month.
 */
extern CpStatus cp_mdp_solve(CpContext *context, const CpMdp *mdp, double *values, uint8_t *plan);

#endif
