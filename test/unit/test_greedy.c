/*
 * test_greedy.c: options by value per cost against a search for the best again and again.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "allocation_data.h"

extern void test_greedy(void);

#define MOST 200

typedef struct Naive
{
	const AllocationData *data;
	bool whose[MOST]; /* customer has something */
	bool seen[MOST];  /* option was looked at */
	uint32_t choice[MOST];
	CpTally tally;
} Naive;

/* Value per cost; free options by value, before all others. */
static bool
is_better(const AllocationData *data, uint32_t a, uint32_t b)
{
	double value[] = {data->value[a], data->value[b]}, cost[] = {data->cost[a], data->cost[b]};

	if (value[0] <= 0 || value[1] <= 0)
		return value[0] > value[1];
	if (cost[0] == 0 || cost[1] == 0)
		return cost[0] == cost[1] ? value[0] > value[1] : cost[0] == 0;
	return value[0] / cost[0] > value[1] / cost[1];
}

static bool
is_wanted(const Naive *naive, uint32_t option)
{
	const CpLimits *limits = &naive->data->limits;

	for (uint32_t r = 0; r < limits->count; r++)
		if (limits->limits[r].least && limits->applies[naive->data->classes[option]] >> r & 1 &&
		    cp_tally_excess(&naive->tally, r) > 0)
			return true;
	return false;
}

static void
take_all(Naive *naive, bool only_wanted)
{
	const AllocationData *data = naive->data;
	uint32_t options = data->start[data->customers];

	memset(naive->seen, 0, sizeof(naive->seen));
	for (uint32_t k = 0; k < options; k++)
	{
		uint32_t best = CP_NO_OPTION, customer = 0;

		for (uint32_t option = 0; option < options; option++)
			if (!naive->seen[option] && (best == CP_NO_OPTION || is_better(data, option, best)))
				best = option;
		naive->seen[best] = true;
		while (data->start[customer + 1] <= best)
			customer++;
		if (naive->whose[customer] ||
		    !(only_wanted ? is_wanted(naive, best) : data->value[best] > 0) ||
		    !cp_tally_fits(&naive->tally, data->classes[best], data->cost[best], CP_SHARE_UNITS))
			continue;
		naive->whose[customer] = true;
		naive->choice[customer] = best;
		cp_tally_add(&naive->tally, data->classes[best], data->cost[best], CP_SHARE_UNITS);
	}
}

static void
against_naive(void)
{
	static CpAllocation allocation;
	uint32_t missed = 0;

	for (uint64_t seed = 1; seed <= 150; seed++)
	{
		static Naive naive;
		AllocationData *data = allocation_data(1 + seed % 4);
		CpContext *context = unit_context();
		double value = 0;
		CpStatus status;

		allocation_random(data, seed, 1 + seed % 40, 1 + seed % 5, seed % 7);
		memset(&naive, 0, sizeof(naive));
		naive.data = data;
		cp_tally_init(&naive.tally, &data->limits, allocation_most_cost(data));
		take_all(&naive, true);
		take_all(&naive, false);
		for (uint32_t i = 0; i < data->customers; i++)
			value += naive.whose[i] ? data->value[naive.choice[i]] : 0;
		status = allocation_solve(context, data, CP_ALLOCATE_GREEDY, &allocation);
		if (!cp_tally_keeps(&naive.tally))
		{
			CHECK_STATUS(CP_NOT_CONVERGED, status);
			missed++;
			continue;
		}
		REQUIRE_OK(status);
		CHECK_CLOSE(value, allocation.plan.value, allocation_tolerance(data, value));
		CHECK(allocation_check_plan(data, &allocation, true));
		allocation_check_prices(data, &allocation);
		CHECK(!allocation.proved);
		cp_plan_free(&allocation.plan);
		CHECK_EQUAL(0, unit_live_blocks());
	}
	CHECK(missed > 5 && missed < 75);
}

/* Free options first, the most valuable of them; ties in the order of customers. */
static void
by_hand(void)
{
	static CpAllocation allocation;
	AllocationData *data = allocation_data(1);

	allocation_customer(data);
	allocation_option(data, 0, 4, 0);
	allocation_option(data, 0, 5, 0);
	allocation_customer(data);
	allocation_option(data, 0, 7, 1);
	allocation_customer(data);
	allocation_option(data, 0, 14, 2);
	allocation_customer(data);
	allocation_option(data, 0, -1, 0);
	allocation_limit(data, true, false, 2, 1);
	REQUIRE_OK(allocation_solve(unit_context(), data, CP_ALLOCATE_GREEDY, &allocation));
	CHECK_CLOSE(12, allocation.plan.value, 0);
	CHECK_CLOSE(19, allocation.upper, 1e-12);
	CHECK_EQUAL(2, allocation.plan.acted);
	CHECK_EQUAL(1, allocation.plan.choice[0]);
	CHECK_EQUAL(2, allocation.plan.choice[1]);
	CHECK_EQUAL(CP_NO_OPTION, allocation.plan.choice[2]);
	CHECK_EQUAL(CP_NO_OPTION, allocation.plan.choice[3]);
}

void
test_greedy(void)
{
	UNIT_CASE("by hand", by_hand);
	UNIT_CASE("random instances against a naive search", against_naive);
}
