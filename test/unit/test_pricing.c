/*
 * test_pricing.c: limits, what customers do at prices, whose choice is open, cores, surveys.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "allocation_data.h"
#include "decide/survey.h"

extern void test_pricing(void);

#define TRIALS 40

static void
random_instance(AllocationData **data, CpRng *rng, uint64_t seed)
{
	cp_rng_init(rng, seed, 9);
	*data = allocation_data(1 + (uint32_t) cp_rng_below(rng, 4));
	allocation_random(*data, seed, 30, 5, (uint32_t) cp_rng_below(rng, 7));
}

/* Of the size that values are of; of both signs. */
static double
random_price(const AllocationData *data, CpRng *rng, uint32_t r)
{
	uint32_t option = (uint32_t) cp_rng_below(rng, data->start[data->customers]);
	double use = fmax(data->limits.limits[r].money ? data->cost[option] : 1, 1e-9);

	return (cp_rng_uniform(rng) - 0.3) * data->value[option] / use;
}

static double
reduced_value(const AllocationData *data, const double *prices, uint32_t option)
{
	double reduced = data->value[option];

	for (uint32_t r = 0; r < data->limits.count; r++)
		reduced -= prices[r] * allocation_use(data, r, option);
	return reduced;
}

static void
limits(void)
{
	static CpLimits limits = {.count = 64, .nclasses = 3, .applies = {5, UINT64_MAX, 1}};
	static CpClassPrices prices;
	static CpUse use = {.count = {1, 20, 300}, .money = {0.5, 7, 11}};
	double by_limit[64], rows[64];

	for (uint32_t r = 0; r < 64; r++)
	{
		limits.limits[r] = (CpLimit){r % 2 == 1, r % 3 == 0, r};
		by_limit[r] = r + 1;
	}
	limits.limits[2].money = true;
	cp_limits_price(&limits, by_limit, &prices);
	CHECK_CLOSE(1, prices.count[0], 0);
	CHECK_CLOSE(3, prices.money[0], 0);
	CHECK_CLOSE(32 * 32 - 3, prices.count[1], 0);
	CHECK_CLOSE(32 * 33 + 3, prices.money[1], 0);
	CHECK_CLOSE(1, prices.count[2], 0);
	CHECK_CLOSE(0, prices.money[2], 0);
	cp_limits_rows(&limits, &use, rows);
	CHECK_CLOSE(321, rows[0], 0);
	CHECK_CLOSE(7, rows[1], 0);
	CHECK_CLOSE(7.5, rows[2], 0);
	CHECK_CLOSE(20, rows[62], 0);
	CHECK_CLOSE(7, rows[63], 0);
	CHECK_CLOSE(64 * 65 * 129 / 6 - 64 * 65 / 2, cp_limits_worth(&limits, by_limit), 0);
}

/* The first option of the highest reduced value that is positive, and nothing else. */
static void
check_choices(const AllocationData *data, const CpClassPrices *prices, const double *by_limit)
{
	CpBlock block = allocation_block(data);

	for (uint32_t i = 0; i < data->customers; i++)
	{
		double reduced, size = 0;
		uint32_t taken = cp_price_customer(&block, i, prices, 1, &reduced);

		CHECK(reduced >= 0 && (reduced > 0) == (taken != CP_NO_OPTION));
		for (uint32_t option = data->start[i]; option < data->start[i + 1]; option++)
		{
			size = fabs(data->value[option]);
			for (uint32_t r = 0; r < data->limits.count; r++)
				size += fabs(by_limit[r] * allocation_use(data, r, option));
			CHECK(reduced_value(data, by_limit, option) <= reduced + 1e-14 * size);
			if (option == taken)
				CHECK_CLOSE(reduced_value(data, by_limit, option), reduced, 1e-14 * size);
		}
	}
}

static void
check_block(const AllocationData *data, const CpClassPrices *prices, double worth)
{
	static CpUse use, expected;
	CpBlock block = allocation_block(data);
	double sum = 0, total;

	memset(&use, 0, sizeof(use));
	memset(&expected, 0, sizeof(expected));
	use.value = expected.value = 3;
	use.count[0] = expected.count[0] = 5;
	for (uint32_t i = 0; i < data->customers; i++)
	{
		double reduced;
		uint32_t taken = cp_price_customer(&block, i, prices, worth, &reduced);

		if (taken == CP_NO_OPTION)
			continue;
		sum += reduced;
		expected.value += data->value[taken];
		expected.count[data->classes[taken]] += 1;
		expected.money[data->classes[taken]] += data->cost[taken];
	}
	total = cp_price_block(&block, prices, worth, &use);
	CHECK_CLOSE(sum, total, 0);
	CHECK_RELATIVE(expected.value, use.value, 1e-12);
	CHECK(memcmp(expected.count, use.count, sizeof(use.count)) == 0);
	CHECK(memcmp(expected.money, use.money, sizeof(use.money)) == 0);
}

static void
choices(void)
{
	for (uint64_t seed = 1; seed <= TRIALS; seed++)
	{
		static CpClassPrices prices;
		AllocationData *data;
		double by_limit[CP_MAX_LIMITS];
		CpRng rng;

		random_instance(&data, &rng, seed);
		for (uint32_t r = 0; r < data->limits.count; r++)
			by_limit[r] = random_price(data, &rng, r);
		cp_limits_price(&data->limits, by_limit, &prices);
		check_choices(data, &prices, by_limit);
		check_block(data, &prices, 1);
		check_block(data, &prices, 0);
	}
}

static void
ties(void)
{
	static CpClassPrices prices;
	AllocationData *data = allocation_data(2);
	CpBlock block;
	double reduced;

	prices.count[1] = 1;
	allocation_customer(data);
	allocation_customer(data);
	allocation_option(data, 0, 0, 1);
	allocation_option(data, 0, 4, 1);
	allocation_option(data, 1, 5, 1);
	allocation_customer(data);
	allocation_option(data, 0, 0, 1);
	allocation_option(data, 1, 1, 1);
	block = allocation_block(data);
	CHECK_EQUAL(CP_NO_OPTION, cp_price_customer(&block, 0, &prices, 1, &reduced));
	CHECK_EQUAL(1, cp_price_customer(&block, 1, &prices, 1, &reduced));
	CHECK_CLOSE(4, reduced, 0);
	CHECK_EQUAL(CP_NO_OPTION, cp_price_customer(&block, 2, &prices, 1, &reduced));
	CHECK_CLOSE(0, reduced, 0);
}

/* Where prices are drawn from the box, or its corners, who is not contested stays. */
static uint32_t
check_box(const AllocationData *data, CpRng *rng, const double *low, const double *high)
{
	static CpClassPrices middle, prices;
	static bool contested[ALLOCATION_MOST_CUSTOMERS];
	double by_limit[CP_MAX_LIMITS];
	CpBlock block = allocation_block(data);
	uint32_t open = 0;

	for (uint32_t r = 0; r < data->limits.count; r++)
		by_limit[r] = low[r] + cp_rng_uniform(rng) * (high[r] - low[r]);
	cp_limits_price(&data->limits, by_limit, &middle);
	cp_price_contested(&block, &data->limits, &middle, low, high, contested);
	for (int draw = 0; draw < 40; draw++)
	{
		for (uint32_t r = 0; r < data->limits.count; r++)
			by_limit[r] = low[r] + (high[r] - low[r]) * (draw % 2 == 0 ? cp_rng_below(rng, 2) == 0
			                                                           : cp_rng_uniform(rng));
		cp_limits_price(&data->limits, by_limit, &prices);
		for (uint32_t i = 0; i < data->customers; i++)
		{
			double reduced;

			CHECK(contested[i] || cp_price_customer(&block, i, &prices, 1, &reduced) ==
			                          cp_price_customer(&block, i, &middle, 1, &reduced));
		}
	}
	for (uint32_t i = 0; i < data->customers; i++)
		open += contested[i];
	return open;
}

static void
contested(void)
{
	uint32_t narrow = 0, wide = 0, all = 0;

	for (uint64_t seed = 1; seed <= TRIALS; seed++)
	{
		AllocationData *data;
		double low[CP_MAX_LIMITS], high[CP_MAX_LIMITS];
		CpRng rng;

		random_instance(&data, &rng, seed);
		for (uint32_t r = 0; r < data->limits.count; r++)
			low[r] = high[r] = random_price(data, &rng, r);
		narrow += check_box(data, &rng, low, high);
		for (uint32_t r = 0; r < data->limits.count; r++)
			high[r] = low[r] + fabs(low[r]) * cp_rng_uniform(&rng);
		wide += check_box(data, &rng, low, high);
		all += data->customers;
	}
	CHECK(narrow < wide && wide < all);
	CHECK(narrow < all / 3);
}

/* Within endless prices everybody is open whom a limit is about; ties are open within any. */
static void
contested_edges(void)
{
	static CpClassPrices middle;
	AllocationData *data = allocation_data(3);
	double low[] = {0, -INFINITY}, high[] = {INFINITY, 0};
	bool open[6];
	CpBlock block;

	allocation_limit(data, true, false, 1, 1);
	allocation_limit(data, false, true, 1, 2);
	allocation_customer(data);
	allocation_customer(data);
	allocation_option(data, 0, 5, 1);
	allocation_customer(data);
	allocation_option(data, 1, 5, 1);
	allocation_customer(data);
	allocation_option(data, 2, 5, 1);
	allocation_option(data, 2, 4, 1);
	allocation_customer(data);
	allocation_option(data, 2, 5, 1);
	allocation_option(data, 2, 5, 2);
	allocation_customer(data);
	allocation_option(data, 2, 0, 1);
	block = allocation_block(data);
	cp_price_contested(&block, &data->limits, &middle, low, high, open);
	CHECK(!open[0] && open[1] && !open[2] && !open[3] && open[4] && open[5]);
	/* A subsidy makes what is worth more worth yet more; what is worth nothing becomes open. */
	data->value[1] = -5;
	cp_price_contested(&block, &data->limits, &middle, low, high, open);
	CHECK(open[2]);
	memset(low, 0, sizeof(low));
	memset(high, 0, sizeof(high));
	cp_price_contested(&block, &data->limits, &middle, low, high, open);
	CHECK(!open[0] && !open[1] && !open[2] && !open[3] && open[4] && open[5]);
}

static void
cores(void)
{
	CpContext *context = unit_context();
	AllocationData *data;
	CpRng rng;
	CpCore core;
	CpBlock block;

	random_instance(&data, &rng, 3);
	block = allocation_block(data);
	cp_core_init(&core, context);
	for (uint32_t k = 0; k < 1000; k++)
		REQUIRE_OK(cp_core_add(&core, &block, k % data->customers));
	CHECK_EQUAL(1000, cp_core_block(&core).customers);
	for (uint32_t k = 0; k < 1000; k++)
	{
		uint32_t i = k % data->customers, first = data->start[i];
		uint32_t n = data->start[i + 1] - first, copy = core.start[k];

		CHECK_EQUAL(data->number[i], core.number[k]);
		CHECK_EQUAL(n, core.start[k + 1] - copy);
		CHECK(memcmp(data->value + first, core.value + copy, n * sizeof(double)) == 0);
		CHECK(memcmp(data->cost + first, core.cost + copy, n * sizeof(double)) == 0);
		CHECK(memcmp(data->classes + first, core.classes + copy, n * sizeof(uint16_t)) == 0);
	}
	cp_core_free(&core);
	CHECK_EQUAL(0, unit_live_blocks());
	data = allocation_data(1);
	allocation_customer(data);
	block = allocation_block(data);
	cp_core_init(&core, context);
	REQUIRE_OK(cp_core_add(&core, &block, 0));
	CHECK_EQUAL(0, cp_core_block(&core).start[1]);
}

static CpStatus
survey(AllocationData *data, CpSurvey *result)
{
	CpScan scan = allocation_scan(data);

	return cp_survey(unit_context(), &scan, result);
}

static void
surveys(void)
{
	AllocationData *data = allocation_data(1);
	CpSurvey result;

	CHECK_STATUS(CP_BAD_DATA, survey(data, &result));
	allocation_customer(data);
	REQUIRE_OK(survey(data, &result));
	CHECK_CLOSE(0, result.gain + result.cost + result.max_cost + result.max_value, 0);
	allocation_option(data, 0, -7, 9);
	allocation_customer(data);
	allocation_option(data, 0, 3, 1);
	allocation_option(data, 0, 5, 2);
	allocation_option(data, 0, 4, 3);
	allocation_customer(data);
	allocation_option(data, 0, 2, 5);
	REQUIRE_OK(survey(data, &result));
	CHECK_EQUAL(3, result.customers);
	CHECK_EQUAL(5, result.options);
	CHECK_CLOSE(7, result.max_value, 0);
	CHECK_CLOSE(9, result.max_cost, 0);
	CHECK_CLOSE(3.5, result.gain, 0);
	CHECK_CLOSE(3.5, result.cost, 0);
	data->value[0] = -1e290;
	CHECK_STATUS(CP_BAD_DATA, survey(data, &result));
	data->value[0] = 1e289;
	CHECK_STATUS(CP_OK, survey(data, &result));
	data->cost[0] = 1e300;
	CHECK_STATUS(CP_BAD_DATA, survey(data, &result));
}

void
test_pricing(void)
{
	UNIT_CASE("limits: prices, rows and worth by hand", limits);
	UNIT_CASE("everybody takes the best, and a block is their sum", choices);
	UNIT_CASE("ties go to nothing, then to the first", ties);
	UNIT_CASE("who is not contested stays with the choice", contested);
	UNIT_CASE("contested within endless prices and within none", contested_edges);
	UNIT_CASE("a core holds what was put in", cores);
	UNIT_CASE("surveys by hand, and what cannot be added up", surveys);
}
