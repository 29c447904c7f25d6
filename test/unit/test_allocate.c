/*
 * test_allocate.c: linear plans against the whole program, SciPy and themselves, from one customer
 * to a hundred thousand; limits that cannot be kept; what can go wrong.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "allocation_data.h"

extern void test_allocate(void);

static CpAllocation allocation;

/* Random instances: so many, with up to twelve customers and six limits. */
#define INSTANCES 400

static AllocationData *
random_instance(uint64_t seed)
{
	AllocationData *data = allocation_data(1 + seed % 4);

	allocation_random(data, seed, 1 + seed % 12, 1 + seed % 5, seed % 7);
	return data;
}

/* A limit about all classes that limit r is about. */
static void
add_limit(AllocationData *data, bool money, bool least, double bound, uint32_t r)
{
	uint64_t classes = 0;

	for (uint32_t class = 0; class < data->limits.nclasses; class ++)
		classes |= (data->limits.applies[class] >> r & 1) << class;
	allocation_limit(data, money, least, bound, classes);
}

static double
most_use(const AllocationData *data, uint32_t r)
{
	return data->limits.limits[r].money ? allocation_most_cost(data) : 1;
}

/* A share of 1e-12 of an option is the least there is, of dear ones too. */
static double
share_tolerance(const AllocationData *data)
{
	double sum = 0;

	for (uint32_t r = 0; r < data->limits.count; r++)
		sum += fabs(allocation.plan.prices[r]) * most_use(data, r);
	return 1e-12 * data->limits.count * sum;
}

/* Minimums may be missed by rounding only where that could not be helped: with no room at all. */
static void
check_no_room(CpContext *context, AllocationData *data)
{
	double value;

	for (uint32_t r = 0; r < data->limits.count; r++)
		if (cp_tally_excess(&allocation.plan.tally, r) > 0)
			data->limits.limits[r].bound += 1e-5 * most_use(data, r);
	CHECK(!allocation_linear(context, data, &value, NULL));
}

/* The plan is the optimum, proves it, and is what it says. */
static bool
check_linear(CpContext *context, AllocationData *data)
{
	double value, tolerance;

	CHECK(allocation_linear(context, data, &value, NULL));
	if (!CHECK_STATUS(CP_OK, allocation_solve(context, data, CP_ALLOCATE_LP, &allocation)))
		return false;
	tolerance = allocation_tolerance(data, value) + share_tolerance(data);
	CHECK_CLOSE(value, allocation.plan.value, tolerance);
	CHECK_CLOSE(allocation.upper, allocation.plan.value, tolerance);
	CHECK(allocation.programs < 400);
	CHECK(allocation.scans < 30);
	CHECK(!allocation.proved);
	CHECK_EQUAL(data->limits.count, allocation.failed);
	allocation_check_prices(data, &allocation);
	if (!allocation_check_plan(data, &allocation, false))
		check_no_room(context, data);
	return true;
}

static void
random_instances(void)
{
	for (uint64_t seed = 1; seed <= INSTANCES; seed++)
	{
		CpContext *context = unit_context();

		if (!check_linear(context, random_instance(seed)))
			unit_note("seed %d", (int) seed);
		cp_plan_free(&allocation.plan);
		CHECK_EQUAL(0, unit_live_blocks());
	}
}

/* The same with limits in pairs, at most and at least one and the same number. */
static void
equalities(void)
{
	for (uint64_t seed = 1; seed <= INSTANCES / 2; seed++)
	{
		AllocationData *data = random_instance(seed);
		uint32_t count = data->limits.count;

		for (uint32_t r = 0; r < count; r += 2)
		{
			CpLimit limit = data->limits.limits[r];

			add_limit(data, limit.money, !limit.least, limit.bound, r);
		}
		CHECK(data->limits.count <= 9);
		if (!allocation_linear(unit_context(), data, &(double){0}, NULL))
			continue;
		if (!check_linear(unit_context(), data))
			unit_note("seed %d", (int) seed);
	}
}

/* A budget and a minimum, both kept to the last unit with room for rounding. */
static void
exact_minimums(void)
{
	for (uint64_t seed = 1; seed <= 60; seed++)
	{
		CpContext *context = unit_context();
		AllocationData *data = allocation_data(3);

		allocation_formula(data, 30, seed, NULL);
		allocation_limit(data, true, false, 77.77, 7);
		allocation_limit(data, false, true, 3.333, 2);
		allocation_limit(data, true, true, 11.11, 4);
		allocation_limit(data, false, true, 8.125, 6);
		CHECK(check_linear(context, data));
		CHECK(cp_tally_keeps(&allocation.plan.tally));
	}
}

/* The optimum with the bound of limit r moved; NaN when that leaves none. */
static double
moved_optimum(CpContext *context, AllocationData *data, uint32_t r, double by)
{
	double old = data->limits.limits[r].bound, value;

	data->limits.limits[r].bound = old + by;
	(void) allocation_linear(context, data, &value, NULL);
	data->limits.limits[r].bound = old;
	return value;
}

/* The optimum is concave in each bound: its price lies between the quotients to either side. */
static void
prices(void)
{
	uint32_t seen = 0;

	for (uint64_t seed = 1; seed <= 100; seed++)
	{
		CpContext *context = unit_context();
		AllocationData *data = random_instance(seed);

		REQUIRE_OK(allocation_solve(context, data, CP_ALLOCATE_LP, &allocation));
		for (uint32_t r = 0; r < data->limits.count; r++)
		{
			double by = most_use(data, r) / 8, value = moved_optimum(context, data, r, 0);
			double more = moved_optimum(context, data, r, by);
			double less = moved_optimum(context, data, r, -by);
			double price = allocation.plan.prices[r] * by;
			double tolerance = 2 * allocation_tolerance(data, value);

			CHECK(!(more - value > price + tolerance));
			CHECK(!(value - less < price - tolerance));
			seen += price != 0 && more < value + 2 * price && less > value - 2 * price;
		}
	}
	CHECK(seen > 30);
}

/* The most there is of limit r, given the others. */
static double
most_of(CpContext *context, AllocationData *data, uint32_t r)
{
	static double values[ALLOCATION_MOST_OPTIONS];
	uint32_t options = data->start[data->customers];
	double most, bound = data->limits.limits[r].bound;

	memcpy(values, data->value, options * sizeof(double));
	for (uint32_t option = 0; option < options; option++)
		data->value[option] = allocation_use(data, r, option);
	data->limits.limits[r].bound = 0;
	CHECK(allocation_linear(context, data, &most, NULL));
	data->limits.limits[r].bound = bound;
	memcpy(data->value, values, options * sizeof(double));
	return most;
}

/* A minimum beyond what there is, by a little or a lot, is named with that. */
static void
unreachable(void)
{
	static const double beyond[] = {1e-3, 0.1, 10, 1e4, 1e300};
	uint32_t others = 0;

	for (uint64_t seed = 1; seed <= 150; seed++)
	{
		CpContext *context = unit_context();
		AllocationData *data = random_instance(seed);
		uint32_t r = data->limits.count;
		double one, most;

		allocation_limit(data, seed % 2 == 0, true, 0, seed % 3 == 0 ? 1 : 15);
		one = fmax(most_use(data, r), 1e-12);
		most = most_of(context, data, r);
		data->limits.limits[r].bound = most + beyond[seed % 5] * one;
		CHECK_STATUS(CP_BAD_DATA, allocation_solve(context, data, CP_ALLOCATE_LP, &allocation));
		CHECK(allocation.failed < data->limits.count);
		if (allocation.failed == r)
			CHECK_CLOSE(most, allocation.reachable, 1e-9 * fmax(most, one));
		others += allocation.failed != r;
		/* Of two that cannot both be kept the one is named that is missed by more. */
		data->limits.limits[r].bound = most * (1 - 1e-6);
		context = unit_context();
		CHECK_STATUS(CP_OK, allocation_solve(context, data, CP_ALLOCATE_LP, &allocation));
	}
	CHECK(others < 10);
}

/* --- numbers of others -------------------------------------------------- */

static void
check_solution(AllocationData *data, double value, uint32_t n, const double *prices)
{
	REQUIRE_OK(allocation_solve(unit_context(), data, CP_ALLOCATE_LP, &allocation));
	CHECK_RELATIVE(value, allocation.plan.value, 1e-11);
	CHECK_RELATIVE(value, allocation.upper, 1e-11);
	for (uint32_t r = 0; r < n; r++)
		CHECK_CLOSE(prices[r], allocation.plan.prices[r], 1e-8 * fabs(prices[r]));
	CHECK(allocation_check_plan(data, &allocation, false));
	allocation_check_prices(data, &allocation);
}

/* Optima, and duals where they are unique, by SciPy's linprog (HiGHS dual simplex). */
static void
against_highs(void)
{
	AllocationData *data = allocation_data(3);

	allocation_formula(data, 40, 1, (const double[]){60, 3, 2, 5});
	check_solution(data, 696.710256410257, 1, (const double[]){3.1858974359});
	data = allocation_data(3);
	allocation_formula(data, 40, 2, NULL);
	allocation_limit(data, true, false, 120.5, 7);
	allocation_limit(data, false, true, 6, 2);
	allocation_limit(data, false, false, 12.5, 5);
	check_solution(data, 1047.42823529412, 1, (const double[]){6.23529411765});
	data = allocation_data(3);
	allocation_formula(data, 60, 3, NULL);
	allocation_limit(data, true, false, 90, 7);
	allocation_limit(data, true, true, 40, 2);
	allocation_limit(data, false, true, 8, 1);
	allocation_limit(data, false, false, 9, 5);
	allocation_limit(data, false, false, 12, 7);
	check_solution(data, 795.869938650307, 2, (const double[]){1.05521472393, 0});
	data = allocation_data(3);
	allocation_formula(data, 80, 5, NULL);
	allocation_limit(data, true, true, 300, 2);
	allocation_limit(data, true, false, 400, 3);
	allocation_limit(data, false, true, 50, 4);
	check_solution(data, 4250.45967714529, 2, (const double[]){-0.595157179269, 0});
}

/*
 * A thousand customers by SciPy's linprog; ten thousand between the bounds that cutting planes
 * on the four limits reached, in Python.
 */
static void
larger_formulas(void)
{
	AllocationData *data = allocation_data(3);

	allocation_formula(data, 1000, 1, (const double[]){2000, 150, 40, 200});
	check_solution(data, 24498.530693739427, 4,
	               (const double[]){4.924703891709143, 36.3338663282534, 0, 23.56780033840632});
	data = allocation_data(3);
	data->cut = 1000;
	allocation_formula(data, 10000, 1, (const double[]){20000, 1500, 400, 2000});
	check_solution(data, 245132.1682352941, 0, NULL);
}

/* --- large instances ---------------------------------------------------- */

typedef enum Kind
{
	PLAIN,
	SORTED,    /* the first customers are worth least */
	ALIKE,     /* all of them */
	SEGMENTS,  /* two, with money of their own: twelve limits */
	FORTY,     /* limits, about forty classes, in eight groups of customers */
	LONG_TAIL, /* of values */
	PROPORTIONAL
} Kind;

static double
draw_value(CpRng *rng, Kind kind, double base, uint64_t k, double cost)
{
	switch (kind)
	{
		case ALIKE:
			return round(1000 * sqrt((double) k + 1)) / 100;
		case LONG_TAIL:
			return floor(100 * exp(3 * cp_rng_normal(rng))) / 100;
		case PROPORTIONAL:
			return 2 * cost;
		default:
			return floor(4000 * base + (double) cp_rng_below(rng, 6000) - 1500) / 100;
	}
}

static void
set_large_limits(AllocationData *data, Kind kind, uint32_t n)
{
	if (kind == FORTY)
		allocation_limit(data, true, false, 2.0 * n, UINT64_MAX);
	for (uint32_t k = 0; kind == FORTY && k < 39; k++)
		allocation_limit(data, k % 3 == 0, k % 5 == 0,
		                 k % 5 == 0 ? floor(n * 0.002 * (k % 7)) : floor(n * 0.01 * (1 + k % 4)),
		                 UINT64_C(1) << k);
	for (uint32_t s = 0; kind != FORTY && s < (kind == SEGMENTS ? 2 : 1); s++)
	{
		allocation_limit(data, true, false, (s + 1) * n, UINT64_C(7) << 3 * s);
		for (uint32_t k = 0; k < 3; k++)
			allocation_limit(data, false, false, floor(n * 0.05 * (k + 1)),
			                 UINT64_C(1) << (3 * s + k));
		if (kind == SEGMENTS || kind == SORTED)
		{
			allocation_limit(data, false, true, floor(n * 0.02), UINT64_C(2) << 3 * s);
			allocation_limit(data, true, true, floor(n * 0.05), UINT64_C(4) << 3 * s);
		}
	}
}

static AllocationData *
large_instance(Kind kind, uint32_t n, uint64_t seed)
{
	AllocationData *data = allocation_data(40);
	CpRng rng;

	cp_rng_init(&rng, seed, 7);
	for (uint32_t i = 0; i < n; i++)
	{
		double base = kind == SORTED ? (double) i / n : cp_rng_uniform(&rng);

		allocation_customer(data);
		for (uint16_t k = 0; k < 5; k++)
		{
			double cost = (double) (100 + cp_rng_below(&rng, 1000) * (k + 1U)) / 100;
			uint32_t class = kind == FORTY ? i % 8 * 5 + k : k % 3;

			class += kind == SEGMENTS && i % 3 > 0 ? 3 : 0;
			cost = kind == ALIKE ? k + 1 : cost;
			allocation_option(data, (uint16_t) class, draw_value(&rng, kind, base, k, cost), cost);
		}
	}
	set_large_limits(data, kind, n);
	return data;
}

static void
check_large(Kind kind, uint32_t n, uint64_t seed, uint32_t cut)
{
	AllocationData *data = large_instance(kind, n, seed);
	double value[2];

	for (int run = 0; run < 2; run++)
	{
		data->cut = run == 0 ? cut : 3 * cut + 1;
		REQUIRE_OK(allocation_solve(unit_context(), data, CP_ALLOCATE_LP, &allocation));
		CHECK(cp_lp_gap(allocation.upper, allocation.plan.value) <= CP_LP_GAP);
		CHECK(allocation.scans < 20);
		value[run] = allocation.plan.value;
	}
	CHECK_RELATIVE(value[0], value[1], 1e-10);
	CHECK(allocation_check_plan(data, &allocation, false));
	allocation_check_prices(data, &allocation);
}

static void
large_instances(void)
{
	for (int kind = PLAIN; kind <= PROPORTIONAL; kind++)
	{
		check_large(kind, 2000, 1, 100);
		check_large(kind, 30000, 2, 1000);
	}
	check_large(PLAIN, 60000, 3, 1000);
	check_large(SORTED, 60000, 4, 60000);
}

/* Twice the same bytes. */
static void
determinism(void)
{
	static CpAllocation first;

	for (int method = 0; method < CP_ALLOCATION_METHODS; method++)
	{
		uint32_t choices[2000];
		AllocationData *data = large_instance(SORTED, 2000, 5);

		REQUIRE_OK(allocation_solve(unit_context(), data, (CpAllocationMethod) method, &first));
		memcpy(choices, first.plan.choice, first.plan.core.customers * sizeof(uint32_t));
		REQUIRE_OK(
			allocation_solve(unit_context(), data, (CpAllocationMethod) method, &allocation));
		CHECK(memcmp(&first.upper, &allocation.upper, sizeof(double)) == 0);
		CHECK(memcmp(&first.plan.value, &allocation.plan.value, sizeof(double)) == 0);
		CHECK(memcmp(first.plan.prices, allocation.plan.prices, sizeof(first.plan.prices)) == 0);
		CHECK_EQUAL(first.plan.core.customers, allocation.plan.core.customers);
		CHECK(memcmp(choices, allocation.plan.choice,
		             first.plan.core.customers * sizeof(uint32_t)) == 0);
		CHECK_EQUAL(first.plan.nshares, allocation.plan.nshares);
		CHECK(memcmp(first.plan.shares, allocation.plan.shares,
		             first.plan.nshares * sizeof(CpPlanShare)) == 0);
	}
}

/* --- oracles and warm starts -------------------------------------------- */

static CpStatus
price_all(void *host, const CpClassPrices *by_class, double worth, CpUse *use, double *reduced)
{
	CpBlock block = allocation_block(host);

	*reduced = cp_price_block(&block, by_class, worth, use);
	return CP_OK;
}

/* With an oracle, and with prices of any kind to begin with, the optimum is the same. */
static void
other_ways(void)
{
	static const double prices[][6] = {{4, 30, 0, 20, -10, -1},
	                                   {-4, -30, -5, -20, 10, 1},
	                                   {1e9, 1e9, 1e9, 1e9, 1e9, 1e9},
	                                   {INFINITY, NAN, -INFINITY, NAN, NAN, INFINITY}};

	for (uint32_t n = 500; n <= 25000; n += 24500)
	{
		AllocationData *data = large_instance(SORTED, n, 6);
		CpAllocationTask task = {.limits = &data->limits, .scan = allocation_scan(data)};
		double value;

		data->cut = 1000;
		REQUIRE_OK(cp_allocate(unit_context(), &task, &allocation));
		value = allocation.plan.value;
		task.oracle = (CpOracle){price_all, data};
		REQUIRE_OK(cp_allocate(unit_context(), &task, &allocation));
		CHECK_RELATIVE(value, allocation.plan.value, 1e-9);
		task.oracle.price = NULL;
		for (int i = 0; i < 4; i++)
		{
			task.warm = prices[i];
			REQUIRE_OK(cp_allocate(unit_context(), &task, &allocation));
			CHECK_RELATIVE(value, allocation.plan.value, 1e-9);
			CHECK(cp_lp_gap(allocation.upper, value) <= CP_LP_GAP);
			allocation_check_prices(data, &allocation);
		}
	}
}

/* --- edges -------------------------------------------------------------- */

/* The formula's customers with a budget and a cap of each class. */
static AllocationData *
hundred(double budget)
{
	AllocationData *data = allocation_data(3);

	allocation_formula(data, 100, 1, (const double[]){budget, 15, 4, 20});
	return data;
}

static void
check_bound(double budget, double value)
{
	for (int method = 0; method < CP_ALLOCATION_METHODS; method++)
	{
		AllocationData *data = hundred(budget);

		REQUIRE_OK(
			allocation_solve(unit_context(), data, (CpAllocationMethod) method, &allocation));
		CHECK(cp_tally_keeps(&allocation.plan.tally));
		if (method != CP_ALLOCATE_GREEDY)
			CHECK_CLOSE(value, allocation.plan.value, 1e-9 * value);
	}
}

static void
bounds(void)
{
	AllocationData *data = hundred(1e300);
	double value;

	REQUIRE_OK(allocation_solve(unit_context(), data, CP_ALLOCATE_LP, &allocation));
	value = allocation.plan.value;
	check_bound(1e300, value);
	check_bound(1e17, value);
	check_bound(0, 0);
	check_bound(1e-20, 0);
	data = hundred(-0.01);
	CHECK_STATUS(CP_BAD_DATA, allocation_solve(unit_context(), data, CP_ALLOCATE_LP, &allocation));
	CHECK_EQUAL(0, allocation.failed);
	CHECK_CLOSE(0, allocation.reachable, 0);
	data = hundred(200);
	REQUIRE_OK(allocation_solve(unit_context(), data, CP_ALLOCATE_LP, &allocation));
	value = allocation.plan.value;
	allocation_limit(data, true, true, -5, 7);
	allocation_limit(data, false, true, 1e-20, 7);
	REQUIRE_OK(allocation_solve(unit_context(), data, CP_ALLOCATE_LP, &allocation));
	CHECK_RELATIVE(value, allocation.plan.value, 1e-12);
}

static void
nothing_much(void)
{
	for (int method = 0; method < CP_ALLOCATION_METHODS; method++)
	{
		AllocationData *data = allocation_data(1);
		CpContext *context = unit_context();

		CHECK_STATUS(CP_BAD_DATA,
		             allocation_solve(context, data, (CpAllocationMethod) method, &allocation));
		CHECK_EQUAL(0, allocation.failed);
		for (int i = 0; i < 30000; i++)
			allocation_customer(data);
		REQUIRE_OK(allocation_solve(context, data, (CpAllocationMethod) method, &allocation));
		CHECK_CLOSE(0, allocation.plan.value, 0);
		CHECK_EQUAL(0, allocation.plan.acted);
		allocation_customer(data);
		allocation_option(data, 0, 5, 1);
		REQUIRE_OK(allocation_solve(context, data, (CpAllocationMethod) method, &allocation));
		CHECK_CLOSE(5, allocation.plan.value, 0);
		CHECK_CLOSE(5, allocation.upper, 0);
		data->value[0] = 1e290;
		CHECK_STATUS(CP_BAD_DATA,
		             allocation_solve(context, data, (CpAllocationMethod) method, &allocation));
	}
}

/* Values and costs of any size give the same plan. */
static void
sizes(void)
{
	static const double factors[][2] = {
		{1e280, 1}, {1e-290, 1}, {1, 1e250}, {1, 1e-290}, {1e150, 1e-150}};

	for (int i = 0; i < 5; i++)
	{
		AllocationData *data = hundred(200 * factors[i][1]);
		double value;

		for (uint32_t option = 0; option < 500; option++)
		{
			data->value[option] *= factors[i][0];
			data->cost[option] *= factors[i][1];
		}
		REQUIRE_OK(allocation_solve(unit_context(), data, CP_ALLOCATE_LP, &allocation));
		value = allocation.plan.value / factors[i][0];
		CHECK(cp_lp_gap(allocation.upper, allocation.plan.value) <= CP_LP_GAP);
		REQUIRE_OK(allocation_solve(unit_context(), hundred(200), CP_ALLOCATE_LP, &allocation));
		CHECK_RELATIVE(allocation.plan.value, value, 1e-9);
	}
}

static void
names(void)
{
	CHECK_EQUAL(CP_ALLOCATE_LP, cp_allocation_method("lp"));
	CHECK_EQUAL(CP_ALLOCATE_KNAPSACK, cp_allocation_method("knapsack"));
	CHECK_EQUAL(CP_ALLOCATION_METHODS, cp_allocation_method("LP"));
	CHECK_EQUAL(CP_ALLOCATION_METHODS, cp_allocation_method(""));
	for (int method = 0; method < CP_ALLOCATION_METHODS; method++)
		CHECK_EQUAL(method,
		            cp_allocation_method(cp_allocation_method_name((CpAllocationMethod) method)));
}

/* Each allocation, each poll, each scan's block may be the last. */
static void
check_failures(CpAllocationMethod method)
{
	AllocationData *data = hundred(200);
	CpContext *context = unit_context();
	size_t allocations, polls;

	allocation_limit(data, false, true, 2, 2);
	REQUIRE_OK(allocation_solve(context, data, method, &allocation));
	allocations = unit_allocations();
	polls = unit_polls();
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, allocation_solve(context, data, method, &allocation));
	}
	CHECK(polls > 10);
	for (size_t nth = 0; nth < polls; nth += 1 + polls / 50)
	{
		context = unit_context();
		unit_cancel_after(nth);
		/* GLPK speaks, and so is asked, by the clock: it may have been done before. */
		CHECK(allocation_solve(context, data, method, &allocation) == CP_CANCELLED ||
		      unit_polls() <= nth);
	}
	for (size_t budget = 1000; budget < 100000; budget *= 3)
	{
		context = unit_context();
		context->budget = budget;
		CHECK_STATUS(CP_OVER_BUDGET, allocation_solve(context, data, method, &allocation));
		CHECK(context->peak <= budget);
	}
}

static void
failures(void)
{
	for (int method = 0; method < CP_ALLOCATION_METHODS; method++)
		check_failures((CpAllocationMethod) method);
}

void
test_allocate(void)
{
	UNIT_CASE("random instances against the whole program", random_instances);
	UNIT_CASE("maximum and minimum are one", equalities);
	UNIT_CASE("minimums kept to the last unit", exact_minimums);
	UNIT_CASE("prices between difference quotients", prices);
	UNIT_CASE("minimums that cannot be kept", unreachable);
	UNIT_CASE("against HiGHS", against_highs);
	UNIT_CASE("a thousand and ten thousand customers", larger_formulas);
	UNIT_CASE("large instances of many kinds", large_instances);
	UNIT_CASE("twice the same", determinism);
	UNIT_CASE("oracles and warm starts", other_ways);
	UNIT_CASE("strange bounds", bounds);
	UNIT_CASE("nobody and nothing", nothing_much);
	UNIT_CASE("values and costs of any size", sizes);
	UNIT_CASE("names of methods", names);
	UNIT_CASE("allocations that fail, cancels, budget", failures);
}
