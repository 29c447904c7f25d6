/*
 * test_offers.c: options in any order of arrival come out by customer, and mistakes are found.
 *
 * Option j of a customer is a function of both (option_of). An arrival is a list of customers,
 * in which each time a customer stands there the next of their options comes; so it says all that
 * must be found in the store.
 */
#include "unit.h"

#include <string.h>

#include "decide/offers.h"
#include "num/hash.h"
#include "num/rng.h"

#define MOST_CUSTOMERS 700000
#define MOST_OPTIONS 1400000
#define CLASSES CP_BLOCK_OPTIONS

extern void test_offers(void);

typedef enum Style
{
	SAME,    /* classes 0, 1, ... of cents */
	VARIED,  /* classes that begin anywhere */
	AWKWARD, /* and numbers that are no decimals now and then */
	STYLES
} Style;

typedef struct Arrival
{
	Style style;
	uint32_t customers;
	uint32_t n;
	uint32_t counts[MOST_CUSTOMERS]; /* options of each */
	uint32_t order[MOST_OPTIONS];    /* [n] whose option comes next */
} Arrival;

static Arrival arrival;
static uint32_t added[MOST_CUSTOMERS];
static uint32_t actions[CLASSES]; /* of its own each */

typedef struct Option
{
	uint16_t class;
	double value;
	double cost;
} Option;

static Option
option_of(Style style, uint32_t customer, uint32_t j)
{
	uint64_t bits = cp_hash_mix(((uint64_t) customer << 32) + j);
	Option option = {(uint16_t) j, (double) (bits % 100000) / 100, (double) (bits >> 50)};

	if (style != SAME)
		option.class = (uint16_t) ((cp_hash_mix(customer) + j) % CLASSES);
	if (style == AWKWARD && customer % 5000 < 2000)
		option.value = -1 / (1.0 + (double) (bits % 1000));
	if (style == AWKWARD && customer % 10000 < 1000)
		option.cost = 1e280 * (double) bits;
	return option;
}

static CpStatus
add(CpOffers *offers, Style style, uint32_t customer, uint32_t j)
{
	Option option = option_of(style, customer, j);

	return cp_offers_add(offers, customer, option.class, option.value, option.cost);
}

/* Customers become known in the order of their numbers at the latest when they are due. */
static CpStatus
fill(CpOffers *offers)
{
	uint32_t known = 0;

	memset(added, 0, sizeof(added));
	for (uint32_t i = 0; i < arrival.n; i++)
	{
		uint32_t customer = arrival.order[i];

		for (; known < customer; known++)
			CP_TRY(cp_offers_customer(offers, known));
		known += known == customer;
		CP_TRY(add(offers, arrival.style, customer, added[customer]++));
	}
	for (; known < arrival.customers; known++)
		CP_TRY(cp_offers_customer(offers, known));
	return CP_OK;
}

static CpStatus
store(CpContext *context, CpOffers **offers)
{
	uint32_t number;
	uint16_t class;

	CP_TRY(cp_offers_begin(context, offers));
	CP_TRY(fill(*offers));
	return cp_offers_finish(*offers, actions, CLASSES, &number, &class);
}

/* Each customer's options side by side. counts are there already. */
static void
arrive_grouped(Style style, uint32_t customers)
{
	arrival.style = style;
	arrival.customers = customers;
	arrival.n = 0;
	for (uint32_t c = 0; c < customers; c++)
		for (uint32_t j = 0; j < arrival.counts[c]; j++)
			arrival.order[arrival.n++] = c;
}

/* First options of all customers, second options of all, and so on. */
static void
arrive_in_turns(Style style, uint32_t customers)
{
	uint32_t left = customers;

	arrival.style = style;
	arrival.customers = customers;
	arrival.n = 0;
	for (uint32_t j = 0; left > 0; j++)
	{
		left = 0;
		for (uint32_t c = 0; c < customers; c++)
		{
			if (j < arrival.counts[c])
				arrival.order[arrival.n++] = c;
			left += j + 1 < arrival.counts[c];
		}
	}
}

/* Sizes of customers: all alike, or from none to twice as many. */
static void
set_counts(uint32_t customers, uint32_t each, bool alike)
{
	for (uint32_t c = 0; c < customers; c++)
		arrival.counts[c] = alike ? each : (uint32_t) (cp_hash_mix(c) % (2 * each + 1));
}

/* ---- reading ---- */

static bool
is_customer(const CpBlock *block, uint32_t i, uint32_t customer)
{
	uint32_t n = block->start[i + 1] - block->start[i];

	if (block->number[i] != customer || n != arrival.counts[customer])
		return false;
	for (uint32_t j = 0; j < n; j++)
	{
		Option option = option_of(arrival.style, customer, j);
		uint32_t at = block->start[i] + j;

		if (block->classes[at] != option.class ||
		    memcmp(&block->value[at], &option.value, sizeof(double)) != 0 ||
		    memcmp(&block->cost[at], &option.cost, sizeof(double)) != 0)
			return false;
	}
	return true;
}

/* All customers in order with all their options, in blocks that are as full as they can be. */
static void
check_contents(CpOffers *offers)
{
	uint32_t customer = 0, previous = CP_BLOCK_OPTIONS, previous_customers = CP_BLOCK_OPTIONS;

	CHECK_EQUAL(arrival.customers, cp_offers_customers(offers));
	CHECK_EQUAL(arrival.n, cp_offers_options(offers));
	for (uint32_t b = 0; b < cp_offers_blocks(offers); b++)
	{
		CpBlock block;

		cp_offers_block(offers, b, &block);
		CHECK(block.customers >= 1 && block.customers <= CP_BLOCK_OPTIONS);
		CHECK(block.start[0] == 0 && block.start[block.customers] <= CP_BLOCK_OPTIONS);
		CHECK(previous + block.start[1] > CP_BLOCK_OPTIONS ||
		      previous_customers == CP_BLOCK_OPTIONS);
		for (uint32_t i = 0; i < block.customers; i++)
			REQUIRE(customer < arrival.customers && is_customer(&block, i, customer++));
		previous = block.start[block.customers];
		previous_customers = block.customers;
	}
	CHECK_EQUAL(arrival.customers, customer);
}


/* ---- customers in order ---- */

static void
check_stored(void)
{
	CpContext *context = unit_context();
	CpOffers *offers;

	REQUIRE_OK(store(context, &offers));
	check_contents(offers);
	/* Blocks can be had in any order and again. */
	for (uint32_t b = cp_offers_blocks(offers); b-- > 0;)
	{
		CpBlock block;

		cp_offers_block(offers, b, &block);
		CHECK(is_customer(&block, block.customers - 1, block.number[0] + block.customers - 1));
	}
	cp_offers_free(offers);
	CHECK_EQUAL(0, context->used);
}

static void
grouped(void)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 6, 7, 100, 1000, 3000};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
	{
		uint32_t customers = 1 + 40000 / (1 + sizes[s]);

		for (int style = 0; style < STYLES; style++)
		{
			for (int alike = 0; alike < 2; alike++)
			{
				set_counts(customers, sizes[s], alike);
				arrive_grouped(style, customers);
				check_stored();
			}
		}
	}
}

static void
no_customers(void)
{
	arrive_grouped(SAME, 0);
	check_stored();
}

/* One who is different, at either end of a block of others or within. */
static void
one_different(void)
{
	static const uint32_t where[] = {0, 1, 500, 1363, 1364, 1365, 2999};
	static const uint32_t counts[] = {0, 1, 5, 7, 12, 8000};

	for (size_t w = 0; w < sizeof(where) / sizeof(where[0]); w++)
	{
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
		{
			set_counts(3000, 6, true);
			arrival.counts[where[w]] = counts[c];
			arrive_grouped(SAME, 3000);
			check_stored();
		}
	}
}

/* The same number of options, and the same classes but for one or their order. */
static void
almost_uniform(void)
{
	static const uint16_t last[][2] = {{0, 1}, {1, 0}, {0, 2}};

	for (size_t k = 0; k < sizeof(last) / sizeof(last[0]); k++)
	{
		CpContext *context = unit_context();
		CpOffers *offers;
		CpBlock block;
		uint32_t number;
		uint16_t class;

		REQUIRE_OK(cp_offers_begin(context, &offers));
		for (uint32_t i = 0; i < 200; i++)
			for (uint16_t j = 0; j < 2; j++)
				REQUIRE_OK(cp_offers_add(offers, i, i == 199 ? last[k][j] : j, 1, 2));
		REQUIRE_OK(cp_offers_finish(offers, actions, 3, &number, &class));
		cp_offers_block(offers, 0, &block);
		for (uint32_t i = 0; i < 200; i++)
			for (uint16_t j = 0; j < 2; j++)
				CHECK_EQUAL(i == 199 ? last[k][j] : j, block.classes[2 * i + j]);
	}
}

/* A customer may be announced any number of times; nothing need be put together for that. */
static void
announced(void)
{
	CpContext *context = unit_context();
	CpOffers *offers;
	uint32_t number;
	uint16_t class;
	size_t before;

	set_counts(30, 6, true);
	arrive_grouped(SAME, 30);
	REQUIRE_OK(cp_offers_begin(context, &offers));
	before = context->used;
	for (uint32_t i = 0; i < 180; i++)
	{
		REQUIRE_OK(cp_offers_customer(offers, i / 6));
		REQUIRE_OK(add(offers, SAME, i / 6, i % 6));
		REQUIRE_OK(cp_offers_customer(offers, i / 12));
	}
	REQUIRE_OK(cp_offers_finish(offers, actions, 6, &number, &class));
	check_contents(offers);
	CHECK(context->peak < before + before / 2);
}

/* As many options as there is room for in a block, alone and among others; and one more. */
static void
very_many_options(void)
{
	for (uint32_t among = 0; among < 3; among++)
	{
		for (uint32_t others = 0; others < 10; others += 5)
		{
			CpContext *context;
			CpOffers *offers;

			set_counts(3, others, true);
			arrival.counts[among] = CP_BLOCK_OPTIONS;
			for (uint32_t customers = among + 1; customers <= 3; customers++)
			{
				arrive_grouped(VARIED, customers);
				check_stored();
				arrive_in_turns(VARIED, customers);
				check_stored();
			}
			arrival.counts[among]++;
			arrive_grouped(VARIED, 3);
			context = unit_context();
			CHECK_STATUS(CP_BAD_DATA, store(context, &offers));
			CHECK_STRING("A customer has more than 8192 options.", context->reason);
		}
	}
}

/* Values and costs in whole cents take eight bytes an option, classes and starts two each. */
static void
bytes_needed(void)
{
	static const double most[] = {[SAME] = 8.1, [VARIED] = 10.4};

	for (int style = SAME; style <= VARIED; style++)
	{
		CpContext *context = unit_context();
		CpOffers *offers;
		size_t empty;

		REQUIRE_OK(cp_offers_begin(context, &offers));
		empty = context->used;
		cp_offers_free(offers);
		set_counts(200000, 6, true);
		arrive_grouped(style, 200000);
		REQUIRE_OK(store(context, &offers));
		CHECK((double) (context->used - empty) < most[style] * arrival.n);
		CHECK((double) (context->peak - empty) < most[style] * arrival.n + 100000);
		CHECK(unit_polls() >= arrival.n / CP_BLOCK_OPTIONS);
	}
}

/* ---- customers in pieces ---- */

/* Number customers by when they first come; those without options are the last. */
static void
number_anew(void)
{
	static uint32_t numbers[MOST_CUSTOMERS];
	uint32_t next = 0;

	memset(numbers, 0xff, sizeof(numbers));
	memset(arrival.counts, 0, sizeof(arrival.counts));
	for (uint32_t i = 0; i < arrival.n; i++)
	{
		uint32_t *number = &numbers[arrival.order[i]];

		if (*number == UINT32_MAX)
			*number = next++;
		arrival.order[i] = *number;
		arrival.counts[*number]++;
	}
}

static void
shuffle(uint64_t seed)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	cp_rng_shuffle(&rng, arrival.order, arrival.n);
}

static void
shuffled(void)
{
	static const uint32_t sizes[] = {1, 2, 6, 50, 2000};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
	{
		uint32_t customers = 2 + 30000 / (1 + sizes[s]);

		for (int style = 0; style < STYLES; style++)
		{
			set_counts(customers, sizes[s], style == SAME);
			arrive_in_turns(style, customers);
			check_stored();
			arrive_grouped(style, customers);
			shuffle(s);
			check_stored();
			number_anew();
			check_stored();
		}
	}
}

/* Enough for several buckets; at last a few customers have all options. */
static void
buckets(void)
{
	set_counts(200000, 6, true);
	arrive_in_turns(SAME, 200000);
	check_stored();
	set_counts(150000, 6, false);
	arrive_grouped(AWKWARD, 150000);
	shuffle(3);
	check_stored();
	set_counts(MOST_CUSTOMERS, 0, true);
	for (uint32_t c = 0; c < 300; c++)
		arrival.counts[c] = 3000;
	arrive_grouped(VARIED, MOST_CUSTOMERS);
	shuffle(4);
	check_stored();
}

/* A single option comes late; a single customer is interrupted by one without options. */
static void
one_late(void)
{
	for (uint32_t late = 0; late < 5000; late += 833)
	{
		set_counts(5000, 6, true);
		arrival.counts[late] = 5;
		arrive_grouped(SAME, 5000);
		arrival.counts[late] = 6;
		arrival.order[arrival.n++] = late;
		check_stored();
	}
	set_counts(2, 2, true);
	arrive_in_turns(SAME, 2);
	check_stored();
}

/* Options that come one by one leave the very blocks that grouped ones do. */
static void
same_as_grouped(void)
{
	CpContext *context = unit_context();
	CpOffers *one, *other;
	CpBlock a, b;

	set_counts(20000, 5, false);
	arrive_grouped(AWKWARD, 20000);
	REQUIRE_OK(store(context, &one));
	shuffle(7);
	REQUIRE_OK(store(context, &other));
	REQUIRE(cp_offers_blocks(one) == cp_offers_blocks(other));
	for (uint32_t k = 0; k < cp_offers_blocks(one); k++)
	{
		cp_offers_block(one, k, &a);
		cp_offers_block(other, k, &b);
		REQUIRE(a.customers == b.customers);
		CHECK(memcmp(a.number, b.number, a.customers * sizeof(uint32_t)) == 0);
		CHECK(memcmp(a.start, b.start, (a.customers + 1) * sizeof(uint32_t)) == 0);
		CHECK(memcmp(a.value, b.value, a.start[a.customers] * sizeof(double)) == 0);
		CHECK(memcmp(a.cost, b.cost, a.start[a.customers] * sizeof(double)) == 0);
		CHECK(memcmp(a.classes, b.classes, a.start[a.customers] * sizeof(uint16_t)) == 0);
	}
}

/* Blocks go as they are read: beside the store there are buckets of a few megabytes. */
static void
peak(void)
{
	CpContext *context = unit_context();
	CpOffers *offers;
	uint32_t number;
	uint16_t class;
	size_t before;

	set_counts(200000, 6, true);
	arrive_grouped(SAME, 200000);
	shuffle(1);
	REQUIRE_OK(cp_offers_begin(context, &offers));
	REQUIRE_OK(fill(offers));
	before = context->used;
	unit_cancel_after(SIZE_MAX);
	REQUIRE_OK(cp_offers_finish(offers, actions, CLASSES, &number, &class));
	CHECK(context->used < before);
	CHECK(context->peak < before + before / 2);
	CHECK(unit_polls() > 4 * arrival.n / CP_BLOCK_OPTIONS);
}

/* ---- an action twice ---- */

/*
 * Customers with the classes 0, 1, 2, except that those from one on, every so many, have the
 * class `also` at the end; class 3 is of the same action as class 1. Options come grouped or in
 * turns.
 */
static CpStatus
store_twice(uint32_t from, uint32_t every, uint16_t also, bool turns, uint32_t *number,
            uint16_t *class)
{
	static const uint32_t of_classes[] = {7, 4, 0, 4, 2};
	CpContext *context = unit_context();
	CpOffers *offers;

	CP_TRY(cp_offers_begin(context, &offers));
	for (uint32_t turn = 0; turn < (turns ? 4 : 1); turn++)
		for (uint32_t i = 0; i < 9000; i++)
			for (uint16_t j = 0; j < 4; j++)
			{
				if (turns && j != turn)
					continue;
				if (j < 3)
					CP_TRY(cp_offers_add(offers, i, j, 1, 1));
				else if (i >= from && (i - from) % every == 0)
					CP_TRY(cp_offers_add(offers, i, also, 1, 1));
			}
	return cp_offers_finish(offers, of_classes, 5, number, class);
}

static void
twice(void)
{
	static const uint32_t from[] = {0, 1, 2729, 2730, 5000, 8999};

	for (size_t f = 0; f < sizeof(from) / sizeof(from[0]); f++)
	{
		for (int turns = 0; turns < 2; turns++)
		{
			for (uint32_t every = 1; every < 10000; every += 3333)
			{
				uint32_t number = 0;
				uint16_t class = 0;

				CHECK_STATUS(CP_OK, store_twice(from[f], every, 4, turns, &number, &class));
				CHECK_STATUS(CP_BAD_DATA, store_twice(from[f], every, 3, turns, &number, &class));
				CHECK_EQUAL(from[f], number);
				CHECK_EQUAL(3, class);
				CHECK_STATUS(CP_BAD_DATA, store_twice(from[f], every, 0, turns, &number, &class));
				CHECK_EQUAL(from[f], number);
				CHECK_EQUAL(0, class);
			}
		}
	}
}

/* More than there is room for in a block, interrupted by others: some action came twice. */
static void
too_many_in_pieces(void)
{
	CpContext *context = unit_context();
	CpOffers *offers;
	uint32_t number;
	uint16_t class;

	REQUIRE_OK(cp_offers_begin(context, &offers));
	REQUIRE_OK(cp_offers_customer(offers, 0));
	for (uint32_t j = 0; j < CP_BLOCK_OPTIONS + 1000; j++)
	{
		REQUIRE_OK(cp_offers_add(offers, 1, (uint16_t) (j % CP_MAX_CLASSES), 1, 1));
		REQUIRE_OK(cp_offers_add(offers, 2 + j, 0, 1, 1));
	}
	CHECK_STATUS(CP_BAD_DATA, cp_offers_finish(offers, actions, CP_MAX_CLASSES, &number, &class));
	CHECK_EQUAL(1, number);
	CHECK_EQUAL(0, class);
}

/* ---- failures ---- */

static void
failures(void)
{
	CpContext *context = unit_context();
	CpOffers *offers;
	size_t allocations, polls, peak;

	set_counts(5000, 5, false);
	arrive_grouped(AWKWARD, 5000);
	shuffle(2);
	number_anew();
	REQUIRE_OK(store(context, &offers));
	allocations = unit_allocations();
	polls = unit_polls();
	peak = context->peak;
	CHECK(allocations > 50 && polls > 20);
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, store(context, &offers));
	}
	for (size_t nth = 0; nth < polls; nth++)
	{
		context = unit_context();
		unit_cancel_after(nth);
		CHECK_STATUS(CP_CANCELLED, store(context, &offers));
	}
	for (size_t less = 1; less < peak; less *= 2)
	{
		context = unit_context();
		context->budget = peak - less;
		CHECK_STATUS(CP_OVER_BUDGET, store(context, &offers));
		CHECK(context->required > context->budget && context->peak <= context->budget);
	}
}

void
test_offers(void)
{
	for (uint32_t c = 0; c < CLASSES; c++)
		actions[c] = CLASSES - c;
	UNIT_CASE("customers in order, of every size", grouped);
	UNIT_CASE("no customers", no_customers);
	UNIT_CASE("one customer with another number of options", one_different);
	UNIT_CASE("one customer with other classes", almost_uniform);
	UNIT_CASE("customers announced again and again", announced);
	UNIT_CASE("a customer who fills a block", very_many_options);
	UNIT_CASE("bytes needed", bytes_needed);
	UNIT_CASE("customers in pieces", shuffled);
	UNIT_CASE("so many that they need buckets", buckets);
	UNIT_CASE("an option that comes late", one_late);
	UNIT_CASE("pieces make the blocks of whole customers", same_as_grouped);
	UNIT_CASE("memory while pieces are put together", peak);
	UNIT_CASE("an action twice", twice);
	UNIT_CASE("too many options in pieces", too_many_in_pieces);
	UNIT_CASE("no memory, cancelled, over budget", failures);
}
