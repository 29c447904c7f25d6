/*
 * allocation_request.h: what a call of cp_allocate or cp_budget_curve asks for.
 */
#ifndef CP_ALLOCATION_REQUEST_H
#define CP_ALLOCATION_REQUEST_H

#include "postgres.h"

#include "fmgr.h"

#include "decide/allocate.h"
#include "pg/allocation_source.h"

/* Positions of the arguments; -1 = the function has none. */
typedef struct CpAllocationArguments
{
	int source;
	int method;
	int budget;
	int caps;
	int mins;
	int options;
} CpAllocationArguments;

typedef struct CpAllocationRequest
{
	char *source;
	CpAllocationMethod method;
	CpOfferColumns columns;
	double seconds;          /* that integer programs may take; 0 = not given */
	double epsilon;          /* share of customers who explore; -1 = not given */
	char *key;               /* of decisions, NULL = a day's */
	bool keep;               /* the run in our tables */
	JsonbContainer *budgets; /* further limits of money, or NULL */
	JsonbContainer *already; /* spent of limits, or NULL */
	Jsonb *given;            /* budget, caps, minimums and options, for the record */
} CpAllocationRequest;

/* Read the arguments; limits go into the book, which is then open. */
extern void cp_allocation_request(CpAllocationRequest *request, FunctionCallInfo fcinfo,
                                  const CpAllocationArguments *arguments, CpLimitBook *book);

#endif
