/*
 * allocate.h: spending budgets where they save most.
 *
 * Of each customer's options at most one is chosen, so that the sum of values is as high as limits
 * allow: a multiple-choice knapsack problem with several knapsacks.
 *
 * "lp" is its linear relaxation, solved exactly: prices from a sample; the customers whose
 * choice is open near them, the core, copied together; column generation (lp.h) on the core
 * alone, which costs next to nothing; a vertex of the mixture (vertex.h). The box of prices that
 * the core was made for proves that nobody outside of it mattered, or is moved.
 *
 * "knapsack" makes whole choices: of the linear program's plan what is whole, then the rest as
 * an integer program over those options whose reduced value is so near the best that a better plan
 * could use them (reduced-cost fixing; Balas and Zemel 1980). When all of these are in it, and it
 * is solved to the end, the plan is proved optimal; otherwise its gap is.
 *
 * "greedy" takes options by value per cost, as long as they fit: what one would do by hand.
 */
#ifndef CP_ALLOCATE_H
#define CP_ALLOCATE_H

#include "decide/plan.h"

typedef enum CpAllocationMethod
{
	CP_ALLOCATE_LP,
	CP_ALLOCATE_KNAPSACK,
	CP_ALLOCATE_GREEDY,
	CP_ALLOCATION_METHODS /* number of methods */
} CpAllocationMethod;

extern const char *cp_allocation_method_name(CpAllocationMethod method);

/* The method of that name, CP_ALLOCATION_METHODS when there is none. */
extern CpAllocationMethod cp_allocation_method(const char *name);

/* Options of an integer program that is solved to the end if time allows. */
#define CP_KNAPSACK_OPTIONS 3000

/* Seconds that it has when nothing is told, and where there are many customers. */
#define CP_SECONDS 5
#define CP_SECONDS_MANY 1
#define CP_MANY_CUSTOMERS 100000

typedef struct CpAllocationTask
{
	const CpLimits *limits;
	CpScan scan;
	/*
	 * Prices everybody at once, quicker than the scan does; NULL price = there is no such. Its
	 * linear program is taken to a gap of CP_ORACLE_GAP before the scan has its turn.
	 */
	CpOracle oracle;
	CpAllocationMethod method;
	double seconds;     /* of processor time that integer programs may take; 0 = as above */
	const double *warm; /* [limits->count] prices of a task much like this, or NULL */
} CpAllocationTask;

#define CP_ORACLE_GAP 1e-6

/* Where the linear program of a task stops at the latest. */
#define CP_LP_GAP 1e-9

typedef struct CpAllocation
{
	CpPlan plan;
	double upper; /* no plan has a higher value */
	bool proved;  /* of a knapsack: is it the best? */
	uint64_t customers;
	uint64_t options;
	uint32_t scans;    /* of everybody */
	uint32_t programs; /* master iterations, on samples and cores too */
	/* With CP_BAD_DATA, a limit that cannot be kept: which, and the most, or the least, there is. */
	uint32_t failed;
	double reachable;
} CpAllocation;

/*
 * CP_BAD_DATA: no customers, numbers too large to be added, or a limit that cannot be
 * kept (failed < limits->count). CP_NOT_CONVERGED: no whole plan keeps the limits "at least", or
 * none was found; prices that would not settle. Memory is the context's; free the plan.
 */
extern CpStatus cp_allocate(CpContext *context, const CpAllocationTask *task,
                            CpAllocation *allocation);

#endif
