/*
 * lp.h: the linear program of a plan, by column generation.
 *
 * Customers meet only in the limits. So the program is solved over aggregate plans: what
 * everybody takes at some prices is one column, with its value and its use of each limit, and a
 * master program with a row a limit and one more mixes the columns (Dantzig and Wolfe 1960). Its
 * duals are prices; at them, or between them and the best so far (Wentges 1997), the next column
 * is asked for. Any prices bound the optimum from above, a mixture that keeps the limits from
 * below.
 *
 * The search can be kept within a box of prices (Marsten, Hogan and Blankenship 1975): what a
 * limit is short of may then be bought at its highest price, what is left of it sold at the lowest.
 */
#ifndef CP_LP_H
#define CP_LP_H

#include "decide/pricing.h"

/* What everybody takes at given prices. */
typedef struct CpOracle
{
	/* *use: what it adds up to; *reduced: the sum of reduced values. */
	CpStatus (*price)(void *host, const CpClassPrices *prices, double worth, CpUse *use,
	                  double *reduced);
	void *host;
} CpOracle;

typedef struct CpLp
{
	const CpLimits *limits;
	CpOracle oracle;
	double worth;        /* of values: 1, or 0 when only the limits matter */
	double idle_value;   /* of the plan that does nothing, where something is fixed; else 0 */
	const double *idle;  /* [limits->count] what that uses; NULL = nothing */
	const double *start; /* [limits->count] prices to begin with */
	const double *low;   /* [limits->count] the box; see cp_lp_natural_box */
	const double *high;
	double tolerance; /* relative gap that is small enough */
	double least;     /* value that the gap is at least taken relative to; >= 0 */
} CpLp;

/* A plan at some prices, as a part of the mixture. */
typedef struct CpMixed
{
	bool idle; /* nothing is done; else what is taken at these prices */
	double prices[CP_MAX_LIMITS];
	double weight; /* > 0 */
} CpMixed;

typedef struct CpLpResult
{
	double prices[CP_MAX_LIMITS]; /* that upper is of */
	double upper;
	double lower;                 /* value of the mixture, with what was bought and sold */
	double used[CP_MAX_LIMITS];   /* of each limit by the mixture */
	double bought[CP_MAX_LIMITS]; /* of each limit at the box's highest price, */
	double sold[CP_MAX_LIMITS];   /* and at its lowest, where that is not 0 */
	uint32_t nmixed;
	CpMixed mixed[CP_MAX_LIMITS + 1]; /* weights sum to 1 */
	uint32_t iterations;              /* scans */
} CpLpResult;

/* The box that limits have by themselves: 0 .. infinity where "at most", -infinity .. 0 where "at least". */
extern void cp_lp_natural_box(const CpLimits *limits, double *low, double *high);

/*
 * Solve. When the iterations are over the result is what it is: look at the gap. A limit "at
 * least" needs a finite low, or the master may have no solution: CP_NOT_CONVERGED.
 */
extern CpStatus cp_lp_solve(CpContext *context, const CpLp *lp, CpLpResult *result);

/* (upper - lower) / max(|upper|, |lower|); 0 when both are 0. */
extern double cp_lp_gap(double upper, double lower);

#endif
