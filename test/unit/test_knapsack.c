/*
 * test_knapsack.c: whole choices against all there are, against HiGHS, and when time is short.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "allocation_data.h"

extern void test_knapsack(void);

static CpAllocation allocation;

static CpStatus
solve(AllocationData *data, double seconds)
{
	CpAllocationTask task = {.limits = &data->limits,
	                         .scan = allocation_scan(data),
	                         .method = CP_ALLOCATE_KNAPSACK,
	                         .seconds = seconds};

	return cp_allocate(unit_context(), &task, &allocation);
}

static void
check_feasible(AllocationData *data)
{
	CHECK(allocation_check_plan(data, &allocation, true));
	cp_plan_free(&allocation.plan);
	CHECK_EQUAL(0, unit_live_blocks());
}

/* An instance that has a whole plan is proved optimal; one that has none says so. */
static void
against_all(void)
{
	uint32_t none = 0;

	for (uint64_t seed = 1; seed <= 250; seed++)
	{
		AllocationData *data = allocation_data(1 + seed % 4);
		double best;
		CpStatus status;

		allocation_random(data, seed, 1 + seed % 6, 1 + seed % 3, seed % 7);
		status = solve(data, 5);
		if (!allocation_brute_force(data, &best))
		{
			CHECK_STATUS(CP_NOT_CONVERGED, status);
			none++;
			continue;
		}
		REQUIRE_OK(status);
		CHECK_CLOSE(best, allocation.plan.value, allocation_tolerance(data, best));
		CHECK(allocation.upper >= best - allocation_tolerance(data, best));
		CHECK(allocation.proved);
		check_feasible(data);
	}
	CHECK(none > 10 && none < 125);
}

/* Whatever the time, the plan keeps its limits, and no plan is beyond the bound. */
static void
no_time(void)
{
	for (uint64_t seed = 1; seed <= 100; seed++)
	{
		AllocationData *data = allocation_data(1 + seed % 4);
		double best;

		allocation_random(data, 1000 + seed, 2 + seed % 5, 1 + seed % 3, 1 + seed % 4);
		if (!allocation_brute_force(data, &best))
			continue;
		if (solve(data, 1e-9) == CP_NOT_CONVERGED)
			continue;
		CHECK(allocation.plan.value <= best + allocation_tolerance(data, best));
		CHECK(allocation.upper >= best - allocation_tolerance(data, best));
		CHECK(!allocation.proved ||
		      fabs(best - allocation.plan.value) <= allocation_tolerance(data, best));
		check_feasible(data);
	}
}

/* Optima by SciPy's milp (HiGHS 1.8, gap 0). */
static void
against_highs(void)
{
	static const double thousand[] = {2000, 150, 40, 200};
	AllocationData *data = allocation_data(3);

	allocation_formula(data, 40, 1, (const double[]){60, 3, 2, 5});
	REQUIRE_OK(solve(data, 5));
	CHECK_CLOSE(693.05, allocation.plan.value, 1e-9);
	check_feasible(data);
	data = allocation_data(3);
	allocation_formula(data, 1000, 1, thousand);
	REQUIRE_OK(solve(data, 5));
	CHECK(allocation.proved);
	CHECK_CLOSE(24498.19, allocation.plan.value, 1e-8);
	check_feasible(data);
	data = allocation_data(3);
	allocation_formula(data, 60, 3, NULL);
	allocation_limit(data, true, false, 90, 7);
	allocation_limit(data, true, true, 40, 2);
	allocation_limit(data, false, true, 8, 1);
	allocation_limit(data, false, false, 9, 5);
	allocation_limit(data, false, false, 12, 7);
	REQUIRE_OK(solve(data, 5));
	CHECK(allocation.proved);
	CHECK_CLOSE(795.72, allocation.plan.value, 1e-9);
	check_feasible(data);
}

/* An option that could never be had whole does not hide those that can. */
static void
too_large_to_have(void)
{
	AllocationData *data = allocation_data(1);

	allocation_customer(data);
	allocation_option(data, 0, 10, 1);
	allocation_option(data, 0, 1e14, 1e6);
	allocation_customer(data);
	allocation_option(data, 0, 5, 1);
	allocation_limit(data, true, false, 2.5, 1);
	REQUIRE_OK(solve(data, 5));
	CHECK_CLOSE(15, allocation.plan.value, 0);
	CHECK(allocation.proved);
	check_feasible(data);
}

/* Customers all alike: what is left over goes to some of them, wherever they stand. */
static void
alike(void)
{
	AllocationData *data = allocation_data(3);

	data->cut = 1000;
	for (uint32_t i = 0; i < 30000; i++)
	{
		allocation_customer(data);
		for (uint16_t k = 0; k < 5; k++)
			allocation_option(data, k % 3, round(1000 * sqrt(k + 1)) / 100, k + 1);
	}
	allocation_limit(data, true, false, 60000, 7);
	allocation_limit(data, false, false, 4500, 1);
	allocation_limit(data, false, false, 1500, 2);
	allocation_limit(data, false, false, 6000, 4);
	REQUIRE_OK(solve(data, 5));
	/* All of the dearest of each class. */
	CHECK_CLOSE(4500 * 20 + 1500 * 22.36 + 6000 * 17.32, allocation.plan.value, 1e-6);
	CHECK(allocation.proved);
	check_feasible(data);
}

void
test_knapsack(void)
{
	UNIT_CASE("all plans of small instances", against_all);
	UNIT_CASE("hardly any time", no_time);
	UNIT_CASE("against HiGHS", against_highs);
	UNIT_CASE("options that are too large", too_large_to_have);
	UNIT_CASE("customers all alike", alike);
}
