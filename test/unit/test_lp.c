/*
 * test_lp.c: column generation against the whole program, within boxes, and where it cannot work.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "allocation_data.h"
#include "decide/lp.h"

extern void test_lp(void);

/* Everybody, and something that is fixed: so much value and use of class 0. */
typedef struct Everybody
{
	const AllocationData *data;
	double value;
	double count;
	uint32_t asked;
	uint32_t fails; /* this call, from 1; 0: none */
} Everybody;

static CpStatus
price_all(void *host, const CpClassPrices *prices, double worth, CpUse *use, double *reduced)
{
	Everybody *everybody = host;
	CpBlock block = allocation_block(everybody->data);

	if (++everybody->asked == everybody->fails)
		return CP_CORRUPT;
	*reduced = cp_price_block(&block, prices, worth, use);
	use->value += everybody->value;
	use->count[0] += everybody->count;
	*reduced += worth * everybody->value - prices->count[0] * everybody->count;
	return CP_OK;
}

/* A program in the natural box; prices of limits "at least" end at 100. */
typedef struct Setting
{
	Everybody everybody;
	CpLp lp;
	double idle[CP_MAX_LIMITS], start[CP_MAX_LIMITS], low[CP_MAX_LIMITS], high[CP_MAX_LIMITS];
} Setting;

static void
set(Setting *setting, const AllocationData *data)
{
	memset(setting, 0, sizeof(*setting));
	setting->everybody.data = data;
	setting->lp = (CpLp){.limits = &data->limits,
	                     .oracle = {price_all, &setting->everybody},
	                     .worth = 1,
	                     .idle = setting->idle,
	                     .start = setting->start,
	                     .low = setting->low,
	                     .high = setting->high,
	                     .tolerance = 1e-13};
	cp_lp_natural_box(&data->limits, setting->low, setting->high);
	for (uint32_t r = 0; r < data->limits.count; r++)
		if (data->limits.limits[r].least)
			setting->low[r] = -100;
}

/* Customers worth 5, 4, 3 and 2, of whom two may be chosen. */
static AllocationData *
four_customers(bool least)
{
	AllocationData *data = allocation_data(1);

	for (int i = 0; i < 4; i++)
	{
		allocation_customer(data);
		allocation_option(data, 0, least ? i - 5 : 5 - i, 1);
	}
	allocation_limit(data, false, least, 2, 1);
	return data;
}

static void
natural_box(void)
{
	CpLimits limits = {.count = 2, .limits = {{true, false, 1}, {true, true, 1}}};
	double low[2], high[2];

	cp_lp_natural_box(&limits, low, high);
	CHECK_CLOSE(0, low[0], 0);
	CHECK_CLOSE(INFINITY, high[0], 0);
	CHECK_CLOSE(-INFINITY, low[1], 0);
	CHECK_CLOSE(0, high[1], 0);
	CHECK_CLOSE(0, cp_lp_gap(0, 0), 0);
	CHECK_CLOSE(0.5, cp_lp_gap(-1, -2), 0);
	CHECK_CLOSE(2, cp_lp_gap(1, -1), 0);
	CHECK_CLOSE(0, cp_lp_gap(1, 2), 0);
}

/* The optimum's price is within 3 .. 4; a box that does not reach there sells, or buys. */
static void
boxes(void)
{
	static CpLpResult result;
	Setting setting;

	set(&setting, four_customers(false));
	REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
	CHECK_CLOSE(9, result.upper, 1e-12);
	CHECK_CLOSE(9, result.lower, 1e-12);
	CHECK(result.prices[0] >= 3 - 1e-12 && result.prices[0] <= 4 + 1e-12);
	CHECK_CLOSE(2, result.used[0], 1e-12);
	CHECK_CLOSE(0, result.sold[0] + result.bought[0], 1e-12);
	setting.low[0] = 4.5;
	REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
	CHECK_CLOSE(9.5, result.upper, 1e-12);
	CHECK_CLOSE(9.5, result.lower, 1e-12);
	CHECK_CLOSE(1, result.sold[0], 1e-12);
	CHECK_CLOSE(1, result.used[0], 1e-12);
	setting.low[0] = 0;
	setting.high[0] = 1;
	REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
	CHECK_CLOSE(12, result.upper, 1e-12);
	CHECK_CLOSE(12, result.lower, 1e-12);
	CHECK_CLOSE(2, result.bought[0], 1e-12);
	CHECK_CLOSE(4, result.used[0], 1e-12);
}

static void
least_boxes(void)
{
	static CpLpResult result;
	AllocationData *data = four_customers(true);
	Setting setting;

	set(&setting, data);
	REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
	CHECK_CLOSE(-5, result.upper, 1e-12);
	CHECK(result.prices[0] <= -3 + 1e-12 && result.prices[0] >= -4 - 1e-12);
	setting.low[0] = -1;
	REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
	CHECK_CLOSE(-2, result.upper, 1e-12);
	CHECK_CLOSE(2, result.sold[0], 1e-12);
	CHECK_CLOSE(0, result.used[0], 1e-12);
	setting.low[0] = -INFINITY;
	data->limits.limits[0].bound = 5;
	CHECK_STATUS(CP_NOT_CONVERGED, cp_lp_solve(unit_context(), &setting.lp, &result));
}

/* Prices to begin with may be anything. */
static void
starts(void)
{
	static const double prices[] = {-5, 1e300, -1e300, INFINITY, -INFINITY, NAN};
	static CpLpResult result;

	for (int least = 0; least < 2; least++)
		for (int i = 0; i < 6; i++)
		{
			Setting setting;

			set(&setting, four_customers(least));
			setting.start[0] = prices[i];
			REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
			CHECK_CLOSE(least ? -5 : 9, result.upper, 1e-12);
			CHECK_CLOSE(least ? -5 : 9, result.lower, 1e-12);
			CHECK(result.iterations < 10);
		}
}

/* What everybody does at a mixture's prices uses, and is worth, what the result says. */
static void
check_mixture(const AllocationData *data, const Setting *setting, const CpLpResult *result)
{
	static CpClassPrices prices;
	static CpUse use;
	double rows[CP_MAX_LIMITS], sums[CP_MAX_LIMITS] = {0}, weights = 0, value = 0;

	for (uint32_t m = 0; m < result->nmixed; m++)
	{
		const CpMixed *mixed = &result->mixed[m];
		Everybody everybody = setting->everybody;
		double reduced;

		memset(&use, 0, sizeof(use));
		cp_limits_price(&data->limits, mixed->prices, &prices);
		everybody.fails = 0;
		if (!mixed->idle)
			CHECK_STATUS(CP_OK, price_all(&everybody, &prices, 1, &use, &reduced));
		cp_limits_rows(&data->limits, &use, rows);
		CHECK(mixed->weight > 0);
		weights += mixed->weight;
		value += mixed->weight * use.value;
		for (uint32_t r = 0; r < data->limits.count; r++)
			sums[r] += mixed->weight * rows[r];
	}
	CHECK(result->nmixed <= data->limits.count + 1);
	CHECK_CLOSE(1, weights, 1e-14);
	CHECK_CLOSE(value, result->lower, allocation_tolerance(data, value));
	for (uint32_t r = 0; r < data->limits.count; r++)
		CHECK_CLOSE(sums[r], result->used[r], 1e-12 * fmax(fabs(sums[r]), 1e-300));
}

static void
random_programs(void)
{
	static CpLpResult result;

	for (uint64_t seed = 1; seed <= 150; seed++)
	{
		CpContext *context = unit_context();
		AllocationData *data = allocation_data(1 + seed % 4);
		Setting setting;
		double value;

		allocation_random(data, seed, 1 + seed % 12, 1 + seed % 5, seed % 7);
		for (uint32_t r = 0; r < data->limits.count; r++)
			data->limits.limits[r].least = false;
		REQUIRE(allocation_linear(context, data, &value, NULL));
		set(&setting, data);
		REQUIRE_OK(cp_lp_solve(context, &setting.lp, &result));
		CHECK(result.iterations < 300);
		CHECK_EQUAL(result.iterations, setting.everybody.asked);
		CHECK(result.upper >= value - allocation_tolerance(data, value));
		CHECK_CLOSE(result.upper, result.lower, allocation_tolerance(data, value));
		check_mixture(data, &setting, &result);
		CHECK_EQUAL(0, unit_live_blocks());
	}
}

/* The optimum of the four customers beside one of value 100 who is settled. */
static void
fixed_rest(void)
{
	static CpLpResult result;
	Setting setting;

	set(&setting, four_customers(false));
	setting.everybody.value = setting.lp.idle_value = 100;
	setting.everybody.count = setting.idle[0] = 1;
	REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
	CHECK_CLOSE(105, result.upper, 1e-11);
	CHECK_CLOSE(105, result.lower, 1e-11);
	CHECK_CLOSE(2, result.used[0], 1e-12);
}

/* When values do not count, what a minimum is short of is all that matters. */
static void
without_values(void)
{
	static CpLpResult result;
	AllocationData *data = four_customers(true);
	Setting setting;

	set(&setting, data);
	setting.lp.worth = 0;
	setting.lp.least = 1;
	for (int bound = 3; bound <= 5; bound++)
	{
		data->limits.limits[0].bound = bound;
		setting.low[0] = -1.0 / bound;
		REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
		CHECK(result.used[0] >= fmin(bound, 4) - 1e-12);
		CHECK_CLOSE(bound > 4 ? bound - 4 : 0, result.sold[0], 1e-12);
	}
}

static void
no_limits(void)
{
	static CpLpResult result;
	AllocationData *data = four_customers(false);
	Setting setting;

	data->limits.count = 0;
	set(&setting, data);
	REQUIRE_OK(cp_lp_solve(unit_context(), &setting.lp, &result));
	CHECK_CLOSE(14, result.lower, 0);
	CHECK_CLOSE(14, result.upper, 0);
	CHECK_EQUAL(1, result.nmixed);
}

static void
failures(void)
{
	static CpLpResult result;
	AllocationData *data = four_customers(false);
	size_t allocations, polls;
	CpContext *context = unit_context();
	Setting setting;

	allocation_limit(data, true, true, 0.5, 1);
	set(&setting, data);
	REQUIRE_OK(cp_lp_solve(context, &setting.lp, &result));
	allocations = unit_allocations();
	polls = unit_polls();
	for (uint32_t call = 1; call <= result.iterations; call++)
	{
		setting.everybody.asked = 0;
		setting.everybody.fails = call;
		CHECK_STATUS(CP_CORRUPT, cp_lp_solve(unit_context(), &setting.lp, &result));
	}
	setting.everybody.fails = 0;
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, cp_lp_solve(context, &setting.lp, &result));
	}
	for (size_t nth = 0; nth < polls; nth++)
	{
		context = unit_context();
		unit_cancel_after(nth);
		CHECK_STATUS(CP_CANCELLED, cp_lp_solve(context, &setting.lp, &result));
	}
	context = unit_context();
	context->budget = 1000;
	CHECK_STATUS(CP_OVER_BUDGET, cp_lp_solve(context, &setting.lp, &result));
}

void
test_lp(void)
{
	UNIT_CASE("natural boxes, and gaps", natural_box);
	UNIT_CASE("a maximum within boxes, by hand", boxes);
	UNIT_CASE("a minimum within boxes, by hand", least_boxes);
	UNIT_CASE("any prices will do to begin with", starts);
	UNIT_CASE("random programs against the whole one", random_programs);
	UNIT_CASE("beside what is settled", fixed_rest);
	UNIT_CASE("when values do not count", without_values);
	UNIT_CASE("without limits", no_limits);
	UNIT_CASE("an oracle that fails, allocations, cancels, budget", failures);
}
