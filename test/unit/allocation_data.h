/*
 * allocation_data.h: customers, options and limits for the tests of the allocation.
 */
#ifndef CP_ALLOCATION_DATA_H
#define CP_ALLOCATION_DATA_H

#include "decide/allocate.h"
#include "num/rng.h"

#define ALLOCATION_MOST_CUSTOMERS 100000
#define ALLOCATION_MOST_OPTIONS 400000

/* Whole numbers that no sum here is too large for. */
__extension__ typedef __int128 Whole;

typedef struct AllocationData
{
	uint32_t customers;
	uint32_t number[ALLOCATION_MOST_CUSTOMERS];
	uint32_t start[ALLOCATION_MOST_CUSTOMERS + 1];
	double value[ALLOCATION_MOST_OPTIONS];
	double cost[ALLOCATION_MOST_OPTIONS];
	uint16_t classes[ALLOCATION_MOST_OPTIONS];
	CpLimits limits;
	int decimals; /* of all costs, 2: cents; may be negative */
	uint32_t cut; /* customers of a block of the scan */
} AllocationData;

/* No customers, no limits, cents. There is one for all tests, large as it is. */
extern AllocationData *allocation_data(uint32_t nclasses);

/* The next customer, and an option of the last one. */
extern void allocation_customer(AllocationData *data);
extern void allocation_option(AllocationData *data, uint16_t class, double value, double cost);

/* A limit about the classes of a mask: bit c is class c. */
extern void allocation_limit(AllocationData *data, bool money, bool least, double bound,
                             uint64_t classes);

/* All of it as one block, and block by block. */
extern CpBlock allocation_block(const AllocationData *data);
extern CpScan allocation_scan(AllocationData *data);

/* cp_allocate with five seconds. */
extern CpStatus allocation_solve(CpContext *context, AllocationData *data,
                                 CpAllocationMethod method, CpAllocation *allocation);

/* The use of limit r by an option. */
extern double allocation_use(const AllocationData *data, uint32_t r, uint32_t option);

extern double allocation_most_cost(const AllocationData *data);

/*
 * The whole linear program at once, a variable an option. Not feasible: false, *value NaN.
 * shares: [options] or NULL.
 */
extern bool allocation_linear(CpContext *context, const AllocationData *data, double *value,
                              double *shares);

/* The best whole plan of all there are, by trying them; false when none is feasible. */
extern bool allocation_brute_force(const AllocationData *data, double *value);

/*
 * Check what a plan says of itself by whole numbers: shares, value, use, and that no limit "at most"
 * is passed; whole: that there are no shares. False when a limit "at least" is missed by rounding.
 */
extern bool allocation_check_plan(AllocationData *data, const CpAllocation *allocation, bool whole);

/* Check the prices: signs, and that what they prove is upper. */
extern void allocation_check_prices(const AllocationData *data, const CpAllocation *allocation);

/* What rounding and the solvers may do to a value: 1e-9 of it, and 1e-12 of all values. */
extern double allocation_tolerance(const AllocationData *data, double value);

/*
 * An instance of n customers drawn at random, with limits of every kind that some plan of shares
 * keeps: negative, zero, tied, integer, huge and tiny values, costs that are zero, tied or go with
 * values, identical customers.
 */
extern void allocation_random(AllocationData *data, uint64_t seed, uint32_t n, uint32_t options,
                              uint32_t nlimits);

/*
 * The instances made by a formula that the reference numbers are of: five options of three
 * classes; limits for money and for each class, NULL = none.
 */
extern void allocation_formula(AllocationData *data, uint32_t n, uint64_t seed,
                               const double bounds[4]);

#endif
