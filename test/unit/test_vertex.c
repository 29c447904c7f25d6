/*
 * test_vertex.c: mixtures become plans with few shares that use as much and are worth no less.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "allocation_data.h"
#include "decide/vertex.h"

extern void test_vertex(void);

#define MIXED 5

/* Several plans at random prices, and doing nothing. */
static uint32_t
make_mixture(const AllocationData *data, CpRng *rng, CpMixed *mixed)
{
	uint32_t n = 1 + (uint32_t) cp_rng_below(rng, MIXED);
	double sum = 0;

	memset(mixed, 0, n * sizeof(*mixed));
	for (uint32_t m = 0; m < n; m++)
	{
		mixed[m].idle = m == 1;
		mixed[m].weight = 0.01 + cp_rng_uniform(rng);
		sum += mixed[m].weight;
		for (uint32_t r = 0; r < data->limits.count; r++)
		{
			uint32_t option = (uint32_t) cp_rng_below(rng, data->start[data->customers]);
			double use = allocation_use(data, r, option);

			mixed[m].prices[r] = use > 0 ? cp_rng_uniform(rng) * data->value[option] / use : 0;
		}
	}
	for (uint32_t m = 0; m < n; m++)
		mixed[m].weight /= sum;
	return n;
}

/* Value and use of each limit, last; and of absolute values. */
typedef struct Sums
{
	long double sums[CP_MAX_LIMITS + 1];
	long double sizes[CP_MAX_LIMITS + 1];
} Sums;

static void
add_share(const AllocationData *data, uint32_t option, double share, Sums *sums)
{
	if (option == CP_NO_OPTION)
		return;
	for (uint32_t r = 0; r < data->limits.count; r++)
	{
		sums->sums[r] += share * allocation_use(data, r, option);
		sums->sizes[r] += share * allocation_use(data, r, option);
	}
	sums->sums[CP_MAX_LIMITS] += share * data->value[option];
	sums->sizes[CP_MAX_LIMITS] += fabs(share * data->value[option]);
}

static void
sum_mixture(const AllocationData *data, uint32_t n, const CpMixed *mixed, Sums *sums)
{
	static CpClassPrices prices;
	CpBlock block = allocation_block(data);

	memset(sums, 0, sizeof(*sums));
	for (uint32_t m = 0; m < n; m++)
	{
		double reduced;

		cp_limits_price(&data->limits, mixed[m].prices, &prices);
		for (uint32_t i = 0; !mixed[m].idle && i < data->customers; i++)
			add_share(data, cp_price_customer(&block, i, &prices, 1, &reduced), mixed[m].weight,
			          sums);
	}
}

/* Adds the vertex up and checks its form; how many customers have shares. */
static uint32_t
sum_vertex(const AllocationData *data, const CpVertex *vertex, Sums *sums)
{
	uint32_t s = 0, sharing = 0;

	memset(sums, 0, sizeof(*sums));
	for (uint32_t i = 0; i < data->customers; i++)
	{
		double left = 1;

		if (vertex->choice[i] != CP_NO_OPTION)
			CHECK(vertex->choice[i] >= data->start[i] && vertex->choice[i] < data->start[i + 1]);
		add_share(data, vertex->choice[i], 1, sums);
		sharing += s < vertex->nshares && vertex->shares[s].customer == i;
		for (; s < vertex->nshares && vertex->shares[s].customer == i; s++)
		{
			const CpShare *share = &vertex->shares[s];

			CHECK(vertex->choice[i] == CP_NO_OPTION);
			CHECK(share->option >= data->start[i] && share->option < data->start[i + 1]);
			CHECK(share->share > 0 && share->share < 1);
			left -= share->share;
			add_share(data, share->option, share->share, sums);
		}
		CHECK(left >= -1e-12);
	}
	CHECK_EQUAL(vertex->nshares, s);
	return sharing;
}

/* All customers as a core, and the vertex. */
static CpStatus
make_vertex(CpContext *context, const AllocationData *data, uint32_t n, const CpMixed *mixed,
            CpCore *core, CpVertex *vertex)
{
	CpBlock block = allocation_block(data);

	cp_core_init(core, context);
	for (uint32_t i = 0; i < data->customers; i++)
		CP_TRY(cp_core_add(core, &block, i));
	return cp_vertex_of_mixture(context, core, &data->limits, n, mixed, vertex);
}

static void
check_vertex(const AllocationData *data, uint32_t n, const CpMixed *mixed)
{
	static CpVertex vertex;
	static Sums before, after;
	CpContext *context = unit_context();
	CpCore core;

	REQUIRE_OK(make_vertex(context, data, n, mixed, &core, &vertex));
	sum_mixture(data, n, mixed, &before);
	CHECK(sum_vertex(data, &vertex, &after) <= data->limits.count);
	for (uint32_t r = 0; r < data->limits.count; r++)
		CHECK_CLOSE((double) before.sums[r], (double) after.sums[r],
		            1e-12 * (double) before.sizes[r]);
	CHECK(after.sums[CP_MAX_LIMITS] >=
	      before.sums[CP_MAX_LIMITS] - 1e-12L * before.sizes[CP_MAX_LIMITS]);
	cp_free(context, &vertex.choice);
	cp_core_free(&core);
	CHECK_EQUAL(0, unit_live_blocks());
}

static void
random_mixtures(void)
{
	for (uint64_t seed = 1; seed <= 200; seed++)
	{
		AllocationData *data = allocation_data(1 + seed % 4);
		CpMixed mixed[MIXED];
		CpRng rng;

		cp_rng_init(&rng, seed, 4);
		allocation_random(data, seed, 1 + seed % 50, 1 + seed % 5, seed % 7);
		check_vertex(data, make_mixture(data, &rng, mixed), mixed);
	}
}

/* Limits that say the same several times, or nothing, with customers that are all alike. */
static void
degenerate(void)
{
	for (uint32_t seed = 1; seed <= 20; seed++)
	{
		AllocationData *data = allocation_data(6);
		CpMixed mixed[MIXED];
		CpRng rng;

		cp_rng_init(&rng, seed, 5);
		for (uint32_t i = 0; i < 300; i++)
		{
			allocation_customer(data);
			for (uint16_t k = 0; k < 4; k++)
				allocation_option(data, k, 10 + k * k, 1 + (seed % 2) * k);
		}
		for (uint32_t r = 0; r < 4 * seed % 64; r++)
			allocation_limit(data, r % 3 == 0, r % 5 == 0, 50, r % 4 == 3 ? 48 : r % 16);
		check_vertex(data, make_mixture(data, &rng, mixed), mixed);
	}
}

/* Two customers half and half, one limit: the one that gains more gets all. */
static void
by_hand(void)
{
	static CpVertex vertex;
	AllocationData *data = allocation_data(1);
	CpMixed mixed[2] = {{.idle = true, .weight = 0.5}, {.weight = 0.5}};
	CpCore core;

	allocation_limit(data, false, false, 1, 1);
	for (int i = 0; i < 2; i++)
	{
		allocation_customer(data);
		allocation_option(data, 0, 3 + i, 1);
	}
	REQUIRE_OK(make_vertex(unit_context(), data, 2, mixed, &core, &vertex));
	CHECK_EQUAL(0, vertex.nshares);
	CHECK_EQUAL(CP_NO_OPTION, vertex.choice[0]);
	CHECK_EQUAL(1, vertex.choice[1]);
	mixed[0].weight = 0.25;
	mixed[1].weight = 0.75;
	REQUIRE_OK(make_vertex(unit_context(), data, 2, mixed, &core, &vertex));
	CHECK_EQUAL(1, vertex.nshares);
	CHECK_EQUAL(0, vertex.shares[0].customer);
	CHECK_CLOSE(0.5, vertex.shares[0].share, 1e-15);
	CHECK_EQUAL(1, vertex.choice[1]);
}

/* A hundred thousand alike: all are open at the start, none but the few in the end. */
static void
many_alike(void)
{
	AllocationData *data = allocation_data(3);
	CpMixed mixed[MIXED];
	CpRng rng;

	cp_rng_init(&rng, 1, 6);
	for (uint32_t i = 0; i < ALLOCATION_MOST_CUSTOMERS; i++)
	{
		allocation_customer(data);
		for (uint16_t k = 0; k < 3; k++)
			allocation_option(data, k, 10 + 3 * k, 1 + k);
	}
	allocation_limit(data, true, false, 1e5, 7);
	for (uint32_t k = 0; k < 2; k++)
		allocation_limit(data, false, false, 3e4, 1 << k);
	check_vertex(data, make_mixture(data, &rng, mixed), mixed);
}

static void
failures(void)
{
	static CpVertex vertex;
	CpContext *context = unit_context();
	AllocationData *data = allocation_data(3);
	size_t allocations, polls;
	CpMixed mixed[MIXED];
	CpCore core;
	CpRng rng;
	uint32_t n;

	cp_rng_init(&rng, 2, 4);
	allocation_random(data, 2, 60, 4, 3);
	n = make_mixture(data, &rng, mixed);
	REQUIRE_OK(make_vertex(context, data, n, mixed, &core, &vertex));
	allocations = unit_allocations();
	polls = unit_polls();
	CHECK(polls > 1);
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, make_vertex(context, data, n, mixed, &core, &vertex));
	}
	for (size_t nth = 0; nth < polls; nth++)
	{
		context = unit_context();
		unit_cancel_after(nth);
		CHECK_STATUS(CP_CANCELLED, make_vertex(context, data, n, mixed, &core, &vertex));
	}
}

void
test_vertex(void)
{
	UNIT_CASE("two customers by hand", by_hand);
	UNIT_CASE("random mixtures", random_mixtures);
	UNIT_CASE("limits that repeat each other", degenerate);
	UNIT_CASE("a hundred thousand customers alike", many_alike);
	UNIT_CASE("allocations that fail, cancels", failures);
}
