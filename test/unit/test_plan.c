/*
 * test_plan.c: plans run through, added up, and brought within their limits.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "allocation_data.h"
#include "decide/plan.h"

extern void test_plan(void);

#define ALL CP_SHARE_UNITS
#define MOST_GIVEN 16

typedef struct Given
{
	uint32_t number;
	uint32_t option; /* of the customer's own, from 0 */
	int64_t units;
} Given;

typedef struct Collected
{
	uint32_t count;
	Given given[MOST_GIVEN];
	uint32_t fails; /* call, from 1 */
} Collected;

static CpStatus
collect(void *visitor, const CpBlock *block, uint32_t i, uint32_t option, int64_t units)
{
	Collected *collected = visitor;

	if (collected->count + 1 == collected->fails)
		return CP_CORRUPT;
	if (collected->count < MOST_GIVEN)
		collected->given[collected->count] =
			(Given){block->number[i], option - block->start[i], units};
	collected->count++;
	return CP_OK;
}

/* Six customers: two options of value 10 and 8 at cost 3 and 2, the second of another class. */
static AllocationData *
six_customers(void)
{
	AllocationData *data = allocation_data(2);

	for (int i = 0; i < 6; i++)
	{
		allocation_customer(data);
		allocation_option(data, 0, 10, 3);
		allocation_option(data, 1, 8, 2);
	}
	allocation_limit(data, true, false, 13, 3);
	allocation_limit(data, false, true, 2, 2);
	return data;
}

/*
 * Customers 1, 2 and 4 are the core: one chooses, one has shares, one gets nothing. At a price of
 * money of 2.5 the others take their second option.
 */
static CpStatus
make_plan(CpContext *context, const AllocationData *data, CpPlan *plan)
{
	CpBlock block = allocation_block(data);

	cp_plan_init(plan, context);
	plan->prices[0] = 2.5;
	CP_TRY(cp_core_add(&plan->core, &block, 1));
	CP_TRY(cp_core_add(&plan->core, &block, 2));
	CP_TRY(cp_core_add(&plan->core, &block, 4));
	CP_TRY(cp_alloc(context, &plan->choice, 3, sizeof(uint32_t)));
	plan->choice[0] = 0;
	plan->choice[1] = plan->choice[2] = CP_NO_OPTION;
	plan->nshares = 2;
	plan->shares[0] = (CpPlanShare){1, 2, ALL / 4};
	plan->shares[1] = (CpPlanShare){1, 3, ALL / 2};
	return CP_OK;
}

static void
check_given(const Collected *collected, uint32_t n, const Given *expected)
{
	CHECK_EQUAL(n, collected->count);
	for (uint32_t k = 0; k < n && k < collected->count; k++)
	{
		CHECK_EQUAL(expected[k].number, collected->given[k].number);
		CHECK_EQUAL(expected[k].option, collected->given[k].option);
		CHECK_EQUAL(expected[k].units, collected->given[k].units);
	}
}

static void
running(void)
{
	static const Given all[] = {{0, 1, ALL},     {1, 0, ALL}, {2, 0, ALL / 4},
	                            {2, 1, ALL / 2}, {3, 1, ALL}, {5, 1, ALL}};
	static CpPlan plan;

	for (uint32_t cut = 1; cut <= 7; cut++)
	{
		AllocationData *data = six_customers();
		CpScan scan = allocation_scan(data);
		Collected collected = {0};

		data->cut = cut;
		REQUIRE_OK(make_plan(unit_context(), data, &plan));
		REQUIRE_OK(cp_plan_run(&plan, &scan, &data->limits, collect, &collected));
		check_given(&collected, 6, all);
		plan.only_core = true;
		collected.count = 0;
		REQUIRE_OK(cp_plan_run(&plan, &scan, &data->limits, collect, &collected));
		check_given(&collected, 3, all + 1);
		collected = (Collected){.fails = 2};
		CHECK_STATUS(CP_CORRUPT, cp_plan_run(&plan, &scan, &data->limits, collect, &collected));
	}
}

static void
accounting(void)
{
	static CpPlan plan;
	AllocationData *data = six_customers();
	CpScan scan = allocation_scan(data);

	REQUIRE_OK(make_plan(unit_context(), data, &plan));
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	CHECK_CLOSE(3 * 8 + 10 + 10.0 / 4 + 8.0 / 2, plan.value, 1e-14);
	CHECK_CLOSE(6 * (8 - 5), plan.reduced, 1e-14);
	CHECK_EQUAL(5, plan.acted);
	CHECK_CLOSE(3 * 2 + 3 + 0.75 + 1, cp_tally_used(&plan.tally, 0), 1e-15);
	CHECK_CLOSE(3.5, cp_tally_used(&plan.tally, 1), 1e-15);
	CHECK(cp_tally_keeps(&plan.tally));
	cp_plan_free(&plan);
	CHECK_EQUAL(0, unit_live_blocks());
}

/* Shares of nothing are dropped, of everything are choices; together they are not more. */
static void
rounding(void)
{
	static CpPlan plan;
	CpContext *context = unit_context();
	CpVertex vertex = {.nshares = 6,
	                   .shares = {{0, 0, 1.0 / 3},
	                              {0, 1, 2.0 / 3},
	                              {1, 2, 1e-13},
	                              {1, 3, 1 - 1e-13},
	                              {2, 4, 0.1234567890125},
	                              {2, 5, 0.8765432109875}}};

	REQUIRE_OK(make_plan(context, six_customers(), &plan));
	REQUIRE_OK(cp_alloc(context, &vertex.choice, 3, sizeof(uint32_t)));
	memset(vertex.choice, 0xff, 3 * sizeof(uint32_t));
	cp_plan_set_vertex(&plan, &vertex);
	CHECK(vertex.choice == NULL);
	CHECK_EQUAL(4, plan.nshares);
	CHECK_EQUAL(3, plan.choice[1]);
	CHECK_EQUAL(CP_NO_OPTION, plan.choice[0]);
	CHECK_EQUAL(333333333333, plan.shares[0].units);
	CHECK_EQUAL(666666666667, plan.shares[1].units);
	CHECK_EQUAL(2, plan.shares[2].customer);
	CHECK(plan.shares[2].units + plan.shares[3].units <= ALL);
	CHECK(plan.shares[2].units + plan.shares[3].units >= ALL - 1);
	cp_plan_free(&plan);
	CHECK_EQUAL(0, unit_live_blocks());
}

/* The maximum is passed by 5e-12 of money: two units of a share that costs 3 each are enough. */
static void
trimming_most(void)
{
	static CpPlan plan;
	AllocationData *data = six_customers();
	CpScan scan = allocation_scan(data);

	REQUIRE_OK(make_plan(unit_context(), data, &plan));
	data->limits.limits[0].bound = 10.75 - 5e-12;
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	CHECK(!cp_tally_keeps(&plan.tally));
	cp_plan_trim(&plan);
	CHECK(cp_tally_keeps(&plan.tally));
	CHECK_EQUAL(ALL / 4 - 2, plan.shares[0].units);
	CHECK_EQUAL(ALL / 2, plan.shares[1].units);
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	CHECK(cp_tally_keeps(&plan.tally));
	/* By 0.9: the first share is gone, of the second a bit. */
	data->limits.limits[0].bound = 9.85;
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	cp_plan_trim(&plan);
	CHECK(cp_tally_keeps(&plan.tally));
	CHECK_EQUAL(1, plan.nshares);
	CHECK_EQUAL(3, plan.shares[0].option);
	CHECK_EQUAL(425000000000, plan.shares[0].units);
	/* By more than there is in shares: it does what it can. */
	data->limits.limits[0].bound = 1;
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	cp_plan_trim(&plan);
	CHECK(!cp_tally_keeps(&plan.tally));
	CHECK_EQUAL(0, plan.nshares);
}

/* A minimum of 3.5 and some more is reached by the second share, as long as there is room. */
static void
trimming_least(void)
{
	static CpPlan plan;
	AllocationData *data = six_customers();
	CpScan scan = allocation_scan(data);

	REQUIRE_OK(make_plan(unit_context(), data, &plan));
	data->limits.limits[1].bound = 3.5 + 3e-12;
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	cp_plan_trim(&plan);
	CHECK(cp_tally_keeps(&plan.tally));
	CHECK_EQUAL(ALL / 2 + 3, plan.shares[1].units);
	data->limits.limits[1].bound = 3.75;
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	cp_plan_trim(&plan);
	CHECK(cp_tally_keeps(&plan.tally));
	CHECK_EQUAL(ALL - ALL / 4, plan.shares[1].units);
	data->limits.limits[1].bound = 3.75 + 1e-12;
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	cp_plan_trim(&plan);
	CHECK(!cp_tally_keeps(&plan.tally));
	/* Nor when a maximum stands in the way. */
	plan.shares[1].units = ALL / 2;
	data->limits.limits[1].bound = 3.5 + 3e-12;
	data->limits.limits[0].bound = 10.75 + 5e-12;
	REQUIRE_OK(cp_plan_account(&plan, &scan, &data->limits, 3));
	cp_plan_trim(&plan);
	CHECK(!cp_tally_keeps(&plan.tally));
	CHECK_EQUAL(ALL / 2, plan.shares[1].units);
}

void
test_plan(void)
{
	UNIT_CASE("everybody who gets something, in order, however blocks are cut", running);
	UNIT_CASE("value, use and who is acted on, by hand", accounting);
	UNIT_CASE("shares to the nearest unit", rounding);
	UNIT_CASE("what passes a maximum is taken off", trimming_most);
	UNIT_CASE("what misses a minimum is added", trimming_least);
}
