/*
 * allocation_data.c: customers, options and limits for the tests of the allocation.
 */
#include "allocation_data.h"

#include <math.h>
#include <string.h>

#include "decide/program.h"
#include "unit.h"

/* Of bounds on counts. */
#define COUNT_DECIMALS 3

/* --- making an instance ------------------------------------------------- */

AllocationData *
allocation_data(uint32_t nclasses)
{
	static AllocationData data;

	data.customers = 0;
	data.start[0] = 0;
	memset(&data.limits, 0, sizeof(data.limits));
	data.limits.nclasses = nclasses;
	data.decimals = 2;
	data.cut = 7;
	return &data;
}

void
allocation_customer(AllocationData *data)
{
	uint32_t i = data->customers++;

	data->number[i] = i;
	data->start[i + 1] = data->start[i];
}

void
allocation_option(AllocationData *data, uint16_t class, double value, double cost)
{
	uint32_t option = data->start[data->customers]++;

	data->value[option] = value;
	data->cost[option] = cost;
	data->classes[option] = class;
}

void
allocation_limit(AllocationData *data, bool money, bool least, double bound, uint64_t classes)
{
	uint32_t r = data->limits.count++;

	data->limits.limits[r] = (CpLimit){money, least, bound};
	for (uint32_t class = 0; class < data->limits.nclasses; class ++)
		if (classes >> class & 1)
			data->limits.applies[class] |= UINT64_C(1) << r;
}

CpBlock
allocation_block(const AllocationData *data)
{
	return (CpBlock){data->customers, data->number, data->start,
	                 data->value,     data->cost,   data->classes};
}

static CpStatus
scan_blocks(void *host, CpStatus (*visit)(void *visitor, const CpBlock *block), void *visitor)
{
	const AllocationData *data = host;

	for (uint32_t from = 0; from < data->customers; from += data->cut)
	{
		uint32_t left = data->customers - from;
		CpBlock block = allocation_block(data);

		block.customers = left < data->cut ? left : data->cut;
		block.number += from;
		block.start += from;
		CP_TRY(visit(visitor, &block));
	}
	return CP_OK;
}

CpScan
allocation_scan(AllocationData *data)
{
	return (CpScan){scan_blocks, data};
}

CpStatus
allocation_solve(CpContext *context, AllocationData *data, CpAllocationMethod method,
                 CpAllocation *allocation)
{
	CpAllocationTask task = {
		.limits = &data->limits, .scan = allocation_scan(data), .method = method, .seconds = 5};

	return cp_allocate(context, &task, allocation);
}

double
allocation_use(const AllocationData *data, uint32_t r, uint32_t option)
{
	if (!(data->limits.applies[data->classes[option]] >> r & 1))
		return 0;
	return data->limits.limits[r].money ? data->cost[option] : 1;
}

/* So many units of 10^-decimals. */
static double
amount_of(double units, int decimals)
{
	return decimals < 0 ? units * pow(10, -decimals) : units / pow(10, decimals);
}

/* --- references --------------------------------------------------------- */

#define MOST_COLUMNS 2000
#define MOST_ROWS (MOST_COLUMNS + CP_MAX_LIMITS)
#define MOST_ENTRIES 20000

typedef struct Linear
{
	double row_lower[MOST_ROWS], row_upper[MOST_ROWS];
	double zero[MOST_COLUMNS], one[MOST_COLUMNS], x[MOST_COLUMNS];
	uint32_t entries, row[MOST_ENTRIES], column[MOST_ENTRIES];
	double entry[MOST_ENTRIES];
} Linear;

static void
enter(Linear *linear, uint32_t row, uint32_t column, double entry)
{
	if (entry == 0)
		return;
	linear->row[linear->entries] = row;
	linear->column[linear->entries] = column;
	linear->entry[linear->entries++] = entry;
}

static void
set_linear(const AllocationData *data, Linear *linear)
{
	uint32_t limits = data->limits.count;

	linear->entries = 0;
	for (uint32_t r = 0; r < limits; r++)
	{
		const CpLimit *limit = &data->limits.limits[r];

		linear->row_lower[r] = limit->least ? limit->bound : -INFINITY;
		linear->row_upper[r] = limit->least ? INFINITY : limit->bound;
	}
	for (uint32_t i = 0; i < data->customers; i++)
	{
		linear->row_lower[limits + i] = -INFINITY;
		linear->row_upper[limits + i] = 1;
		for (uint32_t option = data->start[i]; option < data->start[i + 1]; option++)
		{
			linear->zero[option] = 0;
			linear->one[option] = 1;
			enter(linear, limits + i, option, 1);
			for (uint32_t r = 0; r < limits; r++)
				enter(linear, r, option, allocation_use(data, r, option));
		}
	}
}

bool
allocation_linear(CpContext *context, const AllocationData *data, double *value, double *shares)
{
	static Linear linear;
	uint32_t options = data->start[data->customers];
	CpProgram program = {data->limits.count + data->customers,
	                     options,
	                     data->value,
	                     linear.row_lower,
	                     linear.row_upper,
	                     linear.zero,
	                     linear.one,
	                     0,
	                     linear.row,
	                     linear.column,
	                     linear.entry};
	CpProgramSolution solution = {.x = shares == NULL ? linear.x : shares};

	*value = NAN;
	set_linear(data, &linear);
	program.entries = linear.entries;
	if (!CHECK_STATUS(CP_OK, cp_program_solve(context, &program, &solution)) ||
	    solution.status != CP_PROGRAM_OPTIMAL)
		return false;
	*value = solution.value;
	return true;
}

/* Whole units of 10^-decimals, which an amount must be. */
static int64_t
whole_units(double amount, int decimals)
{
	int64_t units = llrint(decimals < 0 ? amount / pow(10, -decimals) : amount * pow(10, decimals));

	CHECK(amount_of((double) units, decimals) == amount);
	return units;
}

static int
limit_decimals(const AllocationData *data, uint32_t r)
{
	return data->limits.limits[r].money ? data->decimals : COUNT_DECIMALS;
}

static int64_t
whole_use(const AllocationData *data, uint32_t r, uint32_t option)
{
	return whole_units(allocation_use(data, r, option), limit_decimals(data, r));
}

typedef struct Trying
{
	const AllocationData *data;
	int64_t bound[CP_MAX_LIMITS];
	int64_t used[CP_MAX_LIMITS];
	bool found;
	double best;
} Trying;

static void
try_all(Trying *trying, uint32_t i, double value)
{
	const AllocationData *data = trying->data;

	if (i < data->customers)
	{
		try_all(trying, i + 1, value);
		for (uint32_t option = data->start[i]; option < data->start[i + 1]; option++)
		{
			for (uint32_t r = 0; r < data->limits.count; r++)
				trying->used[r] += whole_use(data, r, option);
			try_all(trying, i + 1, value + data->value[option]);
			for (uint32_t r = 0; r < data->limits.count; r++)
				trying->used[r] -= whole_use(data, r, option);
		}
		return;
	}
	for (uint32_t r = 0; r < data->limits.count; r++)
		if (data->limits.limits[r].least ? trying->used[r] < trying->bound[r]
		                                 : trying->used[r] > trying->bound[r])
			return;
	if (!trying->found || value > trying->best)
		trying->best = value;
	trying->found = true;
}

bool
allocation_brute_force(const AllocationData *data, double *value)
{
	Trying trying = {.data = data};

	for (uint32_t r = 0; r < data->limits.count; r++)
		trying.bound[r] = whole_units(data->limits.limits[r].bound, limit_decimals(data, r));
	try_all(&trying, 0, 0);
	*value = trying.best;
	return trying.found;
}

double
allocation_most_cost(const AllocationData *data)
{
	double most = 0;

	for (uint32_t option = 0; option < data->start[data->customers]; option++)
		most = fmax(most, data->cost[option]);
	return most;
}

static double
all_values(const AllocationData *data)
{
	double sum = 0;

	for (uint32_t option = 0; option < data->start[data->customers]; option++)
		sum += fabs(data->value[option]);
	return sum;
}

double
allocation_tolerance(const AllocationData *data, double value)
{
	return 1e-9 * fabs(value) + 1e-12 * all_values(data);
}

/* --- checks ------------------------------------------------------------- */

typedef struct Checking
{
	const AllocationData *data;
	const CpBlock *block;
	uint32_t last; /* customer met last */
	int64_t units; /* that they have */
	uint32_t sharing;
	uint64_t acted;
	Whole used[CP_MAX_LIMITS];
	long double value;
} Checking;

static void
end_customer(Checking *checking)
{
	CHECK(checking->units <= CP_SHARE_UNITS);
}

static CpStatus
check_option(void *visitor, const CpBlock *block, uint32_t i, uint32_t option, int64_t units)
{
	Checking *checking = visitor;
	const AllocationData *data = checking->data;
	uint32_t number = block->number[i];

	CHECK(units > 0 && units <= CP_SHARE_UNITS);
	CHECK(option >= data->start[number] && option < data->start[number + 1]);
	if (checking->acted == 0 || checking->last != number)
	{
		CHECK(checking->acted == 0 || number > checking->last);
		end_customer(checking);
		checking->units = 0;
		checking->acted++;
		checking->sharing += units < CP_SHARE_UNITS;
	}
	checking->last = number;
	checking->units += units;
	for (uint32_t r = 0; r < data->limits.count; r++)
		checking->used[r] += (Whole) units * whole_use(data, r, option);
	checking->value += data->value[option] * ((long double) units / CP_SHARE_UNITS);
	return CP_OK;
}

static bool
check_limits(const AllocationData *data, const CpPlan *plan, const Whole *used)
{
	bool kept = true;

	for (uint32_t r = 0; r < data->limits.count; r++)
	{
		const CpLimit *limit = &data->limits.limits[r];
		int decimals = limit_decimals(data, r);
		Whole over = used[r] - (Whole) CP_SHARE_UNITS * whole_units(limit->bound, decimals);
		double most = limit->money ? allocation_most_cost(data) : 1;

		CHECK_RELATIVE(amount_of((double) used[r] / CP_SHARE_UNITS, decimals),
		               cp_tally_used(&plan->tally, r), 1e-14);
		if (!limit->least)
			CHECK(over <= 0);
		else if (over < 0)
		{
			CHECK(amount_of((double) -over / CP_SHARE_UNITS, decimals) <= 1e-9 * most);
			kept = false;
		}
	}
	CHECK(cp_tally_keeps(&plan->tally) == kept);
	return kept;
}

bool
allocation_check_plan(AllocationData *data, const CpAllocation *allocation, bool whole)
{
	const CpPlan *plan = &allocation->plan;
	CpScan scan = allocation_scan(data);
	Checking checking = {.data = data};

	CHECK_STATUS(CP_OK, cp_plan_run(plan, &scan, &data->limits, check_option, &checking));
	end_customer(&checking);
	CHECK(checking.sharing <= (whole ? 0 : data->limits.count));
	CHECK_EQUAL(checking.acted, plan->acted);
	CHECK_CLOSE((double) checking.value, plan->value, 1e-14 * all_values(data));
	CHECK_EQUAL(data->customers, allocation->customers);
	CHECK_EQUAL(data->start[data->customers], allocation->options);
	CHECK(!whole || plan->value <= allocation->upper + 1e-13 * all_values(data));
	return check_limits(data, plan, checking.used);
}

void
allocation_check_prices(const AllocationData *data, const CpAllocation *allocation)
{
	const double *prices = allocation->plan.prices;
	long double bound = 0;
	double size = all_values(data);

	for (uint32_t r = 0; r < data->limits.count; r++)
	{
		CHECK(data->limits.limits[r].least ? prices[r] <= 0 : prices[r] >= 0);
		bound += (long double) prices[r] * data->limits.limits[r].bound;
		size += fabs(prices[r] * data->limits.limits[r].bound);
	}
	for (uint32_t i = 0; i < data->customers; i++)
	{
		long double best = 0;

		for (uint32_t option = data->start[i]; option < data->start[i + 1]; option++)
		{
			long double reduced = data->value[option];

			for (uint32_t r = 0; r < data->limits.count; r++)
				reduced -= (long double) prices[r] * allocation_use(data, r, option);
			best = reduced > best ? reduced : best;
		}
		bound += best;
	}
	CHECK_CLOSE((double) bound, allocation->upper, 1e-13 * size);
}

/* --- random instances --------------------------------------------------- */

typedef enum ValueKind
{
	VALUES_PLAIN,
	VALUES_TIED,
	VALUES_CORRELATED,   /* cost and something fixed */
	VALUES_PROPORTIONAL, /* to cost, so that all are equally good */
	VALUES_MIXED,        /* huge, tiny and between */
	VALUES_HUGE,
	VALUES_TINY,
	VALUES_NEGATIVE,
	VALUE_KINDS
} ValueKind;

typedef enum CostKind
{
	COSTS_PLAIN,
	COSTS_SOME_FREE,
	COSTS_TIED,
	COSTS_WIDE, /* a cent to a million */
	COST_KINDS
} CostKind;

static double
draw_value(CpRng *rng, ValueKind kind, double cost)
{
	static const double sizes[] = {1e12, 1e-9, 1};
	double plain = (double) cp_rng_below(rng, 7500) / 100 - 15;

	switch (kind)
	{
		case VALUES_TIED:
			return (double) cp_rng_below(rng, 4) - 0.0;
		case VALUES_CORRELATED:
			return cost + 10;
		case VALUES_PROPORTIONAL:
			return 2 * cost;
		case VALUES_MIXED:
			return plain * sizes[cp_rng_below(rng, 3)];
		case VALUES_HUGE:
			return plain * 1e12;
		case VALUES_TINY:
			return plain * 1e-9;
		case VALUES_NEGATIVE:
			return -fabs(plain);
		default:
			return plain;
	}
}

static double
draw_cost(CpRng *rng, CostKind kind)
{
	double plain = (double) (1 + cp_rng_below(rng, 2000));

	switch (kind)
	{
		case COSTS_SOME_FREE:
			return cp_rng_below(rng, 3) == 0 ? 0 : plain;
		case COSTS_TIED:
			return (double) (1 + cp_rng_below(rng, 2)) * 500;
		case COSTS_WIDE:
			return floor(exp(cp_rng_uniform(rng) * log(1e8)));
		default:
			return plain;
	}
}

/* A bound that a plan which uses so many units keeps. */
static double
draw_bound(CpRng *rng, bool least, double used)
{
	double bound = used;

	switch (cp_rng_below(rng, 4))
	{
		case 0:
			bound *= least ? 0.5 : 1.3;
			break;
		case 1:
			bound *= least ? 0 : 1000;
			break;
		default:
			break;
	}
	return least ? floor(bound + 1e-6) : ceil(bound - 1e-6);
}

static void
draw_customers(AllocationData *data, CpRng *rng, uint32_t n, uint32_t options)
{
	ValueKind values = cp_rng_below(rng, VALUE_KINDS);
	CostKind costs = cp_rng_below(rng, COST_KINDS);
	bool identical = cp_rng_below(rng, 8) == 0;

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t count = (uint32_t) cp_rng_below(rng, options + 1);

		allocation_customer(data);
		if (identical && i > 0)
		{
			for (uint32_t option = 0; option < data->start[1]; option++)
				allocation_option(data, data->classes[option], data->value[option],
				                  data->cost[option]);
			continue;
		}
		for (uint32_t k = 0; k < count || (i == 0 && k == 0); k++)
		{
			double cost = amount_of(draw_cost(rng, costs), data->decimals);

			allocation_option(data, (uint16_t) cp_rng_below(rng, data->limits.nclasses),
			                  draw_value(rng, values, cost), cost);
		}
	}
}

void
allocation_random(AllocationData *data, uint64_t seed, uint32_t n, uint32_t options,
                  uint32_t nlimits)
{
	static const int decimals[] = {2, 2, 2, 9, -12};
	static double shares[ALLOCATION_MOST_OPTIONS];
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	data->decimals = decimals[cp_rng_below(&rng, 5)];
	draw_customers(data, &rng, n, options);
	/* The plan that keeps all limits: quarters of options. */
	for (uint32_t i = 0; i < data->customers; i++)
	{
		uint64_t left = 4;

		for (uint32_t option = data->start[i]; option < data->start[i + 1]; option++)
		{
			uint64_t quarters = cp_rng_below(&rng, left + 1);

			shares[option] = (double) quarters / 4;
			left -= quarters;
		}
	}
	for (uint32_t r = 0; r < nlimits; r++)
	{
		bool money = cp_rng_below(&rng, 2) == 0;
		bool least = cp_rng_below(&rng, 3) == 0;
		double used = 0;

		allocation_limit(data, money, least, 0,
		                 1 + cp_rng_below(&rng, (UINT64_C(1) << data->limits.nclasses) - 1));
		for (uint32_t option = 0; option < data->start[data->customers]; option++)
			used += shares[option] * (double) whole_use(data, r, option);
		data->limits.limits[r].bound =
			amount_of(draw_bound(&rng, least, used), limit_decimals(data, r));
	}
}

/* --- the formula -------------------------------------------------------- */

#define MERSENNE UINT64_C(2147483647)

static uint64_t
formula(uint64_t i, uint64_t action, uint64_t k, uint64_t seed)
{
	uint64_t x = ((i * 8 + action) * 4 + k + seed * 1000003) % MERSENNE;

	x = (x * 48271 + 11) % MERSENNE;
	x ^= x >> 13;
	x = (x * 69621 + 7) % MERSENNE;
	x ^= x >> 15;
	x = (x * 16807 + 3) % MERSENNE;
	x ^= x >> 11;
	return (x * 40692 + 5) % MERSENNE;
}

void
allocation_formula(AllocationData *data, uint32_t n, uint64_t seed, const double bounds[4])
{
	static const uint64_t base[5] = {200, 500, 900, 300, 700};
	static const uint16_t classes[5] = {0, 0, 1, 2, 2};

	for (uint32_t i = 1; i <= n; i++)
	{
		allocation_customer(data);
		for (uint64_t k = 0; k < 5; k++)
		{
			double value = (double) (formula(i, k + 1, 0, seed) % 6000) +
			               (double) (formula(i, 0, 1, seed) % 4000) - 1500;
			double cost = (double) (base[k] + formula(i, k + 1, 2, seed) % (2 * base[k]));

			allocation_option(data, classes[k], value / 100, cost / 100);
		}
	}
	for (uint32_t r = 0; bounds != NULL && r < 4; r++)
		allocation_limit(data, r == 0, false, bounds[r], r == 0 ? 7 : UINT64_C(1) << (r - 1));
}
