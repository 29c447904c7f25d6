/*
 * offers.c: packed blocks, and how customers who came in pieces are put together.
 *
 * Options are gathered in an unpacked block, which is packed when it is full. What a block
 * lists are fragments: options of one customer that came in a row. When some customer has
 * several, fragments are distributed over buckets by ranges of numbers, which frees each block
 * once it is read, and the fragments of a bucket, small enough for a cache, are sorted by
 * counting.
 */
#include "decide/offers.h"

#include <string.h>

#define FIRST_CAPACITY 64
/* Options and customers of a bucket, on average. */
#define BUCKET_SIZE 524288

typedef struct Unpacked
{
	uint32_t customers;
	uint32_t number[CP_BLOCK_OPTIONS];
	uint32_t start[CP_BLOCK_OPTIONS + 1]; /* start[customers]: the number of options */
	double value[CP_BLOCK_OPTIONS];
	double cost[CP_BLOCK_OPTIONS];
	uint16_t classes[CP_BLOCK_OPTIONS];
} Unpacked;

typedef struct Packed
{
	uint32_t customers;
	uint32_t options;
	uint32_t first;    /* number of the first customer */
	uint32_t *number;  /* [customers]; NULL when each is one more than the one before */
	uint16_t *start;   /* [customers]; NULL when all have the same classes in the same order */
	uint16_t *classes; /* [options]; without start only those of the first customer */
	CpPacked value;
	CpPacked cost;
} Packed;

/* Packed blocks and the one being filled. */
typedef struct Blocks
{
	Packed *packed;
	uint32_t count;
	uint32_t capacity;
	Unpacked open;
} Blocks;

struct CpOffers
{
	CpContext *context;
	uint32_t customers;
	uint64_t options;
	bool scattered; /* a customer has several fragments */
	Blocks blocks;
};

/* ---- a packed block ---- */

static bool
are_consecutive(const uint32_t *number, uint32_t n)
{
	uint32_t different = 0;

	for (uint32_t i = 0; i < n; i++)
		different |= number[i] ^ (number[0] + i);
	return different == 0;
}

/* Whether the classes of the first of some customers are those of each. */
static bool
are_uniform(const Unpacked *unpacked, uint32_t customers)
{
	uint32_t options = unpacked->start[customers], period = unpacked->start[1];
	uint32_t different = 0;

	for (uint32_t i = 1; i <= customers; i++)
		different |= unpacked->start[i] ^ (i * period);
	return different == 0 && memcmp(unpacked->classes, unpacked->classes + period,
	                                (options - period) * sizeof(uint16_t)) == 0;
}

static CpStatus
pack_classes(CpContext *context, const Unpacked *from, Packed *packed)
{
	bool uniform = are_uniform(from, packed->customers);
	uint32_t n = uniform ? from->start[1] : packed->options;

	CP_TRY(cp_alloc(context, &packed->classes, n, sizeof(uint16_t)));
	memcpy(packed->classes, from->classes, n * sizeof(uint16_t));
	if (uniform)
		return CP_OK;
	CP_TRY(cp_alloc(context, &packed->start, packed->customers, sizeof(uint16_t)));
	for (uint32_t i = 0; i < packed->customers; i++)
		packed->start[i] = (uint16_t) from->start[i];
	return CP_OK;
}

/* The first customers of a block; at least one. */
static CpStatus
pack(CpContext *context, const Unpacked *from, uint32_t customers, Packed *packed)
{
	memset(packed, 0, sizeof(*packed));
	packed->customers = customers;
	packed->options = from->start[customers];
	packed->first = from->number[0];
	if (!are_consecutive(from->number, customers))
	{
		CP_TRY(cp_alloc(context, &packed->number, customers, sizeof(uint32_t)));
		memcpy(packed->number, from->number, customers * sizeof(uint32_t));
	}
	CP_TRY(pack_classes(context, from, packed));
	CP_TRY(cp_pack(context, from->value, packed->options, &packed->value));
	return cp_pack(context, from->cost, packed->options, &packed->cost);
}

static uint32_t
number_of(const Packed *packed, uint32_t i)
{
	return packed->number != NULL ? packed->number[i] : packed->first + i;
}

/* The first option of customer i; of the one after the last, the number of options. */
static uint32_t
start_of(const Packed *packed, uint32_t i)
{
	if (packed->start == NULL)
		return packed->options / packed->customers * i;
	return i < packed->customers ? packed->start[i] : packed->options;
}

static void
unpack(const Packed *packed, Unpacked *to)
{
	uint32_t options = packed->options;
	uint32_t done = packed->start != NULL ? options : start_of(packed, 1);

	to->customers = packed->customers;
	for (uint32_t i = 0; i < packed->customers; i++)
		to->number[i] = number_of(packed, i);
	for (uint32_t i = 0; i <= packed->customers; i++)
		to->start[i] = start_of(packed, i);
	memcpy(to->classes, packed->classes, done * sizeof(uint16_t));
	for (; done < options; done *= 2)
		memcpy(to->classes + done, to->classes,
		       (done < options - done ? done : options - done) * sizeof(uint16_t));
	cp_unpack(&packed->value, 0, options, to->value);
	cp_unpack(&packed->cost, 0, options, to->cost);
}

static void
free_packed(CpContext *context, Packed *packed)
{
	cp_free(context, &packed->number);
	cp_free(context, &packed->start);
	cp_free(context, &packed->classes);
	cp_packed_free(context, &packed->value);
	cp_packed_free(context, &packed->cost);
}

/* ---- filling blocks ---- */

static void
begin_blocks(Blocks *blocks)
{
	blocks->packed = NULL;
	blocks->count = 0;
	blocks->capacity = 0;
	blocks->open.customers = 0;
	blocks->open.start[0] = 0;
}

/* Pack all fragments of the open block; or all but the last, which then begins the next one. */
static CpStatus
close_block(CpContext *context, Blocks *blocks, bool keep_last)
{
	Unpacked *open = &blocks->open;
	uint32_t customers = open->customers - keep_last;
	uint32_t from = open->start[customers], options = open->start[open->customers] - from;

	CP_TRY(cp_poll(context));
	if (blocks->count == blocks->capacity)
	{
		uint32_t capacity = blocks->capacity + blocks->capacity / 2 + FIRST_CAPACITY;

		CP_TRY(cp_resize(context, &blocks->packed, capacity, sizeof(Packed)));
		blocks->capacity = capacity;
	}
	CP_TRY(pack(context, open, customers, &blocks->packed[blocks->count]));
	blocks->count++;
	open->customers = keep_last;
	open->start[keep_last] = options;
	memmove(open->number, open->number + customers, keep_last * sizeof(uint32_t));
	memmove(open->value, open->value + from, options * sizeof(double));
	memmove(open->cost, open->cost + from, options * sizeof(double));
	memmove(open->classes, open->classes + from, options * sizeof(uint16_t));
	return CP_OK;
}

/* Begin a fragment of a customer, without options yet. */
static CpStatus
open_fragment(CpContext *context, Blocks *blocks, uint32_t number)
{
	Unpacked *open = &blocks->open;

	if (open->customers == CP_BLOCK_OPTIONS)
		CP_TRY(close_block(context, blocks, false));
	open->number[open->customers] = number;
	open->customers++;
	open->start[open->customers] = open->start[open->customers - 1];
	return CP_OK;
}

/* Where the last customer alone fills the block, there is none. */
static CpStatus
make_room(CpContext *context, Blocks *blocks)
{
	const Unpacked *open = &blocks->open;

	if (open->start[open->customers - 1] == 0)
		return cp_fail(context, CP_BAD_DATA, "A customer has more than %d options.",
		               CP_BLOCK_OPTIONS);
	return close_block(context, blocks, true);
}

/* An option of the last fragment. */
static inline CpStatus
append(CpContext *context, Blocks *blocks, uint16_t class, double value, double cost)
{
	Unpacked *open = &blocks->open;
	uint32_t option;

	if (open->start[open->customers] == CP_BLOCK_OPTIONS)
		CP_TRY(make_room(context, blocks));
	option = open->start[open->customers]++;
	open->value[option] = value;
	open->cost[option] = cost;
	open->classes[option] = class;
	return CP_OK;
}

CpStatus
cp_offers_begin(CpContext *context, CpOffers **offers)
{
	CP_TRY(cp_alloc(context, offers, 1, sizeof(CpOffers)));
	(*offers)->context = context;
	(*offers)->customers = 0;
	(*offers)->options = 0;
	(*offers)->scattered = false;
	begin_blocks(&(*offers)->blocks);
	return CP_OK;
}

static CpStatus
meet(CpOffers *offers, uint32_t number)
{
	if (number == offers->customers)
		offers->customers++;
	else
		offers->scattered = true;
	return open_fragment(offers->context, &offers->blocks, number);
}

CpStatus
cp_offers_customer(CpOffers *offers, uint32_t number)
{
	return number < offers->customers ? CP_OK : meet(offers, number);
}

CpStatus
cp_offers_add(CpOffers *offers, uint32_t number, uint16_t class, double value, double cost)
{
	const Unpacked *open = &offers->blocks.open;

	if (open->customers == 0 || open->number[open->customers - 1] != number)
		CP_TRY(meet(offers, number));
	offers->options++;
	return append(offers->context, &offers->blocks, class, value, cost);
}

/* ---- putting customers together ---- */

/* A place in the blocks of a bucket. */
typedef struct Fragment
{
	uint32_t block;
	uint32_t i;
} Fragment;

/* Close the open block unless nothing is in it. */
static CpStatus
close_last(CpContext *context, Blocks *blocks)
{
	return blocks->open.customers > 0 ? close_block(context, blocks, false) : CP_OK;
}

/* Move all fragments into buckets of so many numbers each; the store is empty afterwards. */
static CpStatus
distribute(CpOffers *offers, Blocks *buckets, uint32_t range)
{
	CpContext *context = offers->context;
	Unpacked *block = &offers->blocks.open;

	for (uint32_t b = 0; b < offers->blocks.count; b++)
	{
		CP_TRY(cp_poll(context));
		unpack(&offers->blocks.packed[b], block);
		free_packed(context, &offers->blocks.packed[b]);
		for (uint32_t i = 0; i < block->customers; i++)
		{
			Blocks *bucket = &buckets[block->number[i] / range];

			CP_TRY(open_fragment(context, bucket, block->number[i]));
			for (uint32_t j = block->start[i]; j < block->start[i + 1]; j++)
				CP_TRY(append(context, bucket, block->classes[j], block->value[j], block->cost[j]));
		}
	}
	offers->blocks.count = 0;
	block->customers = 0;
	return CP_OK;
}

/*
 * Fragments by customer, those of one in the order in which they came. end: [customers + 1]
 * zero; then end[c] is where the fragments of customer first + c end.
 */
static CpStatus
sort_fragments(CpContext *context, const Blocks *bucket, uint32_t first, uint32_t customers,
               size_t *end, Fragment **fragments)
{
	for (uint32_t b = 0; b < bucket->count; b++)
	{
		CP_TRY(cp_poll(context));
		for (uint32_t i = 0; i < bucket->packed[b].customers; i++)
			end[number_of(&bucket->packed[b], i) - first + 1]++;
	}
	for (uint32_t c = 0; c < customers; c++)
		end[c + 1] += end[c];
	CP_TRY(cp_alloc(context, fragments, end[customers], sizeof(Fragment)));
	/* Each is where its customer's begin, and moves on to where they end. */
	for (uint32_t b = 0; b < bucket->count; b++)
	{
		CP_TRY(cp_poll(context));
		for (uint32_t i = 0; i < bucket->packed[b].customers; i++)
			(*fragments)[end[number_of(&bucket->packed[b], i) - first]++] = (Fragment){b, i};
	}
	return CP_OK;
}

/*
 * The options of a fragment to the last customer. A customer with more than there is room for
 * has some action twice among the first of them, so the others are not missed.
 */
static CpStatus
take_fragment(CpContext *context, Blocks *bucket, Fragment fragment, Blocks *to)
{
	const Packed *packed = &bucket->packed[fragment.block];
	const Unpacked *open = &to->open;
	Unpacked *scratch = &bucket->open;
	uint32_t from = start_of(packed, fragment.i), n = start_of(packed, fragment.i + 1) - from;
	uint32_t room =
		CP_BLOCK_OPTIONS - open->start[open->customers] + open->start[open->customers - 1];
	const uint16_t *classes = packed->start != NULL ? packed->classes + from : packed->classes;

	if (n > room)
		n = room;
	cp_unpack(&packed->value, from, n, scratch->value);
	cp_unpack(&packed->cost, from, n, scratch->cost);
	for (uint32_t j = 0; j < n; j++)
		CP_TRY(append(context, to, classes[j], scratch->value[j], scratch->cost[j]));
	return CP_OK;
}

/* Move a bucket's customers to the end of the store. */
static CpStatus
collect(CpContext *context, Blocks *bucket, uint32_t first, uint32_t customers, Blocks *to)
{
	Fragment *fragments;
	size_t *end;
	size_t f = 0;

	CP_TRY(close_last(context, bucket));
	CP_TRY(cp_alloc_zero(context, &end, (size_t) customers + 1, sizeof(size_t)));
	CP_TRY(sort_fragments(context, bucket, first, customers, end, &fragments));
	for (uint32_t c = 0; c < customers; c++)
	{
		CP_TRY(open_fragment(context, to, first + c));
		for (; f < end[c]; f++)
			CP_TRY(take_fragment(context, bucket, fragments[f], to));
	}
	for (uint32_t b = 0; b < bucket->count; b++)
		free_packed(context, &bucket->packed[b]);
	cp_free(context, &bucket->packed);
	cp_free(context, &fragments);
	cp_free(context, &end);
	return CP_OK;
}

static CpStatus
regroup(CpOffers *offers)
{
	CpContext *context = offers->context;
	uint32_t customers = offers->customers;
	uint32_t range = (uint32_t) (customers / ((offers->options + customers) / BUCKET_SIZE + 1) + 1);
	uint32_t count = (customers - 1) / range + 1;
	Blocks *buckets;

	CP_TRY(cp_alloc(context, &buckets, count, sizeof(Blocks)));
	for (uint32_t k = 0; k < count; k++)
		begin_blocks(&buckets[k]);
	CP_TRY(distribute(offers, buckets, range));
	for (uint32_t k = 0; k < count; k++)
	{
		uint32_t first = k * range, left = customers - first;

		CP_TRY(collect(context, &buckets[k], first, left < range ? left : range, &offers->blocks));
	}
	cp_free(context, &buckets);
	return close_last(context, &offers->blocks);
}

/* ---- the finished store ---- */

/* last: [actions] zero; 1 + the number of the customer who had an action last. */
static CpStatus
check_block(CpContext *context, const Packed *packed, const uint32_t *actions, uint32_t *last,
            uint32_t *number, uint16_t *class)
{
	uint32_t customers = packed->start != NULL ? packed->customers : 1;

	CP_TRY(cp_poll(context));
	for (uint32_t i = 0; i < customers; i++)
	{
		for (uint32_t j = start_of(packed, i); j < start_of(packed, i + 1); j++)
		{
			*number = packed->first + i;
			*class = packed->classes[j];
			if (last[actions[*class]] == *number + 1)
				return cp_fail(context, CP_BAD_DATA, "Customer %u has an action twice.", *number);
			last[actions[*class]] = *number + 1;
		}
	}
	return CP_OK;
}

CpStatus
cp_offers_finish(CpOffers *offers, const uint32_t *actions, uint32_t nclasses, uint32_t *number,
                 uint16_t *class)
{
	CpContext *context = offers->context;
	uint32_t largest = 0;
	uint32_t *last;

	CP_TRY(close_last(context, &offers->blocks));
	if (offers->scattered)
		CP_TRY(regroup(offers));
	for (uint32_t c = 0; c < nclasses; c++)
		if (actions[c] > largest)
			largest = actions[c];
	CP_TRY(cp_alloc_zero(context, &last, (size_t) largest + 1, sizeof(uint32_t)));
	for (uint32_t b = 0; b < offers->blocks.count; b++)
		CP_TRY(check_block(context, &offers->blocks.packed[b], actions, last, number, class));
	cp_free(context, &last);
	return CP_OK;
}

uint32_t
cp_offers_customers(const CpOffers *offers)
{
	return offers->customers;
}

uint64_t
cp_offers_options(const CpOffers *offers)
{
	return offers->options;
}

uint32_t
cp_offers_blocks(const CpOffers *offers)
{
	return offers->blocks.count;
}

void
cp_offers_block(CpOffers *offers, uint32_t which, CpBlock *block)
{
	Unpacked *unpacked = &offers->blocks.open;

	unpack(&offers->blocks.packed[which], unpacked);
	block->customers = unpacked->customers;
	block->number = unpacked->number;
	block->start = unpacked->start;
	block->value = unpacked->value;
	block->cost = unpacked->cost;
	block->classes = unpacked->classes;
}

void
cp_offers_free(CpOffers *offers)
{
	CpContext *context = offers->context;

	for (uint32_t b = 0; b < offers->blocks.count; b++)
		free_packed(context, &offers->blocks.packed[b]);
	cp_free(context, &offers->blocks.packed);
	cp_free(context, &offers);
}
