/*
 * allocation_store.h: what became of an allocation, and the only file that writes it.
 *
 * The session remembers its last run; a run that is kept is in churnprevent.allocation_run,
 * allocation_limit and allocation.
 */
#ifndef CP_ALLOCATION_STORE_H
#define CP_ALLOCATION_STORE_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "decide/allocate.h"
#include "pg/limit_book.h"

typedef struct CpLimitReport
{
	char *name;
	bool money;
	bool least;
	double bound;
	double already; /* spent of it before */
	double used;    /* by the plan */
	double price;   /* shadow price */
} CpLimitReport;

typedef struct CpAllocationReport
{
	int64 run_id; /* 0 = not kept */
	CpAllocationMethod method;
	bool streamed;
	int64 customers;
	int64 left_out; /* customers of the control group */
	int64 options;
	int64 acted; /* customers who get something */
	double value;
	double upper;
	double gap;
	bool proved;
	int32 scans;
	int32 iterations;
	double read_seconds; /* of processor time, until everybody was in memory */
	double solve_seconds;
	uint32 nlimits;
	CpLimitReport limits[CP_MAX_LIMITS];
} CpAllocationReport;

/* Make it the session's last. */
extern void cp_allocation_remember(const CpAllocationReport *report);

/* Store it and the rows of the plan, as cp_allocate gives them; sets run_id. */
extern void cp_allocation_keep(CpAllocationReport *report, const char *source, Jsonb *options,
                               Tuplestorestate *rows, TupleDesc descriptor);

/* That run, or the session's last one when run_id is 0; an error when there is none. */
extern const CpAllocationReport *cp_allocation_recall(int64 run_id);

#endif
