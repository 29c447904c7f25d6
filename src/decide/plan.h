/*
 * plan.h: who gets what, and how it is kept.
 *
 * Everybody takes what is best for them at the plan's prices, but for the core, whose choices
 * are listed one by one, and a few of whom have shares. So a plan for ten million customers is
 * some prices and a short list.
 */
#ifndef CP_PLAN_H
#define CP_PLAN_H

#include "decide/core.h"
#include "decide/tally.h"
#include "decide/vertex.h"

/* A share of an option, in units of tally.h. */
typedef struct CpPlanShare
{
	uint32_t customer; /* in the core */
	uint32_t option;   /* in the core's block */
	int64_t units;     /* 1 .. CP_SHARE_UNITS - 1 */
} CpPlanShare;

typedef struct CpPlan
{
	double prices[CP_MAX_LIMITS];
	bool only_core;   /* those outside of the core get nothing, whatever the prices */
	CpCore core;      /* by rising number */
	uint32_t *choice; /* [core.customers] option of the core's block, or CP_NO_OPTION */
	uint32_t nshares; /* of customers whose choice is CP_NO_OPTION; rising by customer */
	CpPlanShare shares[CP_MAX_SHARES];
	CpTally tally; /* what all of it uses */
	double value;
	double reduced; /* sum over everybody of the highest reduced value at the prices, or 0 */
	uint64_t acted; /* customers who get something, if only a share */
} CpPlan;

extern void cp_plan_init(CpPlan *plan, CpContext *context);
extern void cp_plan_free(CpPlan *plan);

/* An option that customer i of a block gets a share of. */
typedef CpStatus (*CpPlanVisit)(void *visitor, const CpBlock *block, uint32_t i, uint32_t option,
                                int64_t units);

/* Run through everybody who gets something, a call for each option, in the order of the scan. */
extern CpStatus cp_plan_run(const CpPlan *plan, const CpScan *scan, const CpLimits *limits,
                            CpPlanVisit visit, void *visitor);

/* Take over the choices of a vertex of the core, its shares to the nearest unit. */
extern void cp_plan_set_vertex(CpPlan *plan, CpVertex *vertex);

/* Add up tally, value, reduced and acted. max_cost: the largest of any option. */
extern CpStatus cp_plan_account(CpPlan *plan, const CpScan *scan, const CpLimits *limits,
                                double max_cost);

/*
 * What rounding has put beyond a limit is taken off the shares, what it left short of one is added,
 * as far as one share can do it. To be accounted anew.
 */
extern void cp_plan_trim(CpPlan *plan);

#endif
