/*
 * allocation_data.c: the customers of an allocation, in memory or read again for every scan.
 */
#include "pg/compat.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "num/hash.h"
#include "pg/allocation_data.h"
#include "pg/allocation_pricing.h"

/* How full memory may be when everybody is in it: the rest is for solving. */
#define LOADED_SHARE 0.85

/* Customers of a block, when they are streamed. */
#define STREAM_CUSTOMERS 1024

static void
report_twice(const char *customer, const char *action)
{
	ereport(ERROR, (errcode(ERRCODE_CARDINALITY_VIOLATION),
	                action == NULL
	                    ? errmsg("customer \"%s\" comes twice", customer)
	                    : errmsg("action \"%s\" comes twice for customer \"%s\"", action, customer),
	                errdetail("Of the options of a customer one is chosen.")));
}

/* --- in memory ---------------------------------------------------------- */

static CpStatus
scan_offers(void *host, CpStatus (*visit)(void *visitor, const CpBlock *block), void *visitor)
{
	CpAllocationData *data = host;

	for (uint32 which = 0; which < cp_offers_blocks(data->offers); which++)
	{
		CpBlock block;

		CP_TRY(cp_poll(&data->bridge->context));
		cp_offers_block(data->offers, which, &block);
		CP_TRY(visit(visitor, &block));
	}
	return CP_OK;
}

static CpStatus
load_row(CpAllocationData *data, const CpOfferRow *row, const CpOfferSource *source)
{
	uint32 met = data->ids.count;
	uint32 number;

	CP_TRY(cp_customer_number(&data->ids, &row->customer, &number));
	if (source->form != CP_OFFERS_LONG && number < met)
		report_twice(cp_customer_id_text(&row->customer), NULL);
	CP_TRY(cp_offers_customer(data->offers, number));
	if (data->exploration != NULL && cp_explore(data->exploration, source, number))
		return CP_OK;
	for (uint32 k = 0; k < row->count; k++)
		CP_TRY(cp_offers_add(data->offers, number, row->classes[k], row->values[k], row->costs[k]));
	return CP_OK;
}

static CpStatus
load_rows(CpAllocationData *data, CpOfferSource *source)
{
	CpContext *context = &data->bridge->context;
	const CpOfferRow *row;
	uint32 number;

	while ((row = cp_offer_source_next(source)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (row->control)
			CP_TRY(cp_customer_number(&data->control, &row->customer, &number));
		else
			CP_TRY(load_row(data, row, source));
		if (context->used > (size_t) (LOADED_SHARE * (double) context->budget))
			return cp_fail(context, CP_OVER_BUDGET,
			               "The options of the customers leave no memory to choose among them.");
	}
	return CP_OK;
}

static CpStatus
finish_offers(CpAllocationData *data)
{
	CpLimitBook *book = data->book;
	uint32 number = 0;
	uint16 class = 0;
	CpStatus status =
		cp_offers_finish(data->offers, book->class_action, book->limits.nclasses, &number, &class);

	if (status == CP_BAD_DATA)
		report_twice(cp_customer_name(&data->ids, number), cp_limit_book_action_name(book, class));
	return status;
}

/* Everybody into memory; false when there is too little of it. */
static bool
load(CpAllocationData *data)
{
	CpContext *context = &data->bridge->context;
	CpOfferSource source;
	CpStatus status;

	cp_bridge_check(data->bridge, cp_offers_begin(context, &data->offers), NULL);
	cp_customer_ids_init(&data->ids, context);
	cp_customer_ids_init(&data->control, context);
	cp_offer_source_open(&source, data->source, data->columns, data->book, false);
	data->form = source.form;
	status = load_rows(data, &source);
	cp_offer_source_close(&source);
	if (status == CP_OK)
		status = finish_offers(data);
	if (status != CP_OVER_BUDGET || data->form == CP_OFFERS_MODEL)
		cp_bridge_check(data->bridge, status, NULL);
	data->left_out = data->control.count;
	return status == CP_OK;
}

/* --- streamed ----------------------------------------------------------- */

/* Customers while they are read: a block of them, and one whose options are not all there yet. */
typedef struct Stream
{
	CpAllocationData *data;
	CpOfferSource source;
	CpCore block;
	MemoryContext memory; /* of names */
	CpStatus (*visit)(void *visitor, const CpBlock *block);
	void *visitor;
	uint16 *classes; /* [count] of the customer at hand */
	double *values;
	double *costs;
	uint32 count;
	uint32 room;
	uint64 customers;
	uint64 hash; /* of all that came so far */
	uint32 blocks;
	uint64 left_out;
} Stream;

static void
begin_block(Stream *stream)
{
	stream->block.customers = 0;
	stream->block.options = 0;
	stream->data->first_name = (uint32) stream->customers;
	MemoryContextReset(stream->memory);
	stream->data->names = MemoryContextAlloc(stream->memory, STREAM_CUSTOMERS * sizeof(char *));
}

static uint64
hash_block(uint64 hash, const CpBlock *block)
{
	for (uint32 i = 0; i < block->customers; i++)
		hash = cp_hash_add(hash, block->start[i + 1]);
	for (uint32 option = 0; option < block->start[block->customers]; option++)
	{
		uint64 words[2];

		memcpy(&words[0], &block->value[option], sizeof(uint64));
		memcpy(&words[1], &block->cost[option], sizeof(uint64));
		hash = cp_hash_add(cp_hash_add(hash, words[0]), words[1]);
		hash = cp_hash_add(hash, block->classes[option]);
	}
	return hash;
}

static void
report_other_rows(void)
{
	cp_report_other_rows(
		"What does not fit into \"churnprevent.allocation_memory\" is read several times.");
}

/* What the first scan met in a block every other one must meet: a plan leads from it to options. */
static CpStatus
check_block(Stream *stream, const CpBlock *block)
{
	CpAllocationData *data = stream->data;
	uint32 which = stream->blocks++;

	stream->hash = hash_block(stream->hash, block);
	if (data->scanned)
	{
		if (which >= data->nblocks || data->hashes[which] != stream->hash)
			report_other_rows();
		return CP_OK;
	}
	if (data->nblocks == data->block_room)
	{
		data->block_room = data->block_room * 2 + 64;
		CP_TRY(cp_resize(&data->bridge->context, &data->hashes, data->block_room, sizeof(uint64)));
	}
	data->hashes[data->nblocks++] = stream->hash;
	return CP_OK;
}

static CpStatus
end_block(Stream *stream)
{
	CpBlock block = cp_core_block(&stream->block);

	if (block.customers == 0)
		return CP_OK;
	CP_TRY(check_block(stream, &block));
	CP_TRY(stream->visit(stream->visitor, &block));
	begin_block(stream);
	return CP_OK;
}

/* The customer at hand is complete: its options go into the block. */
static CpStatus
end_customer(Stream *stream)
{
	uint32 number = (uint32) stream->customers - 1;
	uint32 start[2] = {0, stream->count};
	CpBlock one = {1, &number, start, stream->values, stream->costs, stream->classes};

	if (stream->customers == 0)
		return CP_OK;
	CP_TRY(cp_core_add(&stream->block, &one, 0));
	stream->count = 0;
	if (stream->block.customers == STREAM_CUSTOMERS)
		CP_TRY(end_block(stream));
	return CP_OK;
}

static void
begin_customer(Stream *stream, const CpOfferRow *row)
{
	CpAllocationData *data = stream->data;
	MemoryContext caller = MemoryContextSwitchTo(stream->memory);
	char *name = cp_customer_id_text(&row->customer);

	MemoryContextSwitchTo(caller);
	data->names[stream->customers - data->first_name] = name;
	stream->hash = cp_hash_bytes(name, strlen(name), stream->hash);
	if (stream->customers++ == PG_UINT32_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many customers")));
}

static void
add_options(Stream *stream, const CpOfferRow *row)
{
	uint32 needed = stream->count + row->count;

	if (needed > stream->room)
	{
		stream->room = needed * 2;
		stream->classes = repalloc(stream->classes, stream->room * sizeof(uint16));
		stream->values = repalloc(stream->values, stream->room * sizeof(double));
		stream->costs = repalloc(stream->costs, stream->room * sizeof(double));
	}
	for (uint32 k = 0; k < row->count; k++)
	{
		const uint32 *action = stream->data->book->class_action;

		for (uint32 other = 0; other < stream->count; other++)
			if (action[stream->classes[other]] == action[row->classes[k]])
				report_twice(cp_customer_id_text(&row->customer),
				             cp_limit_book_action_name(stream->data->book, row->classes[k]));
		stream->classes[stream->count] = row->classes[k];
		stream->values[stream->count] = row->values[k];
		stream->costs[stream->count++] = row->costs[k];
	}
}

static CpStatus
stream_rows(Stream *stream)
{
	const CpOfferRow *row;

	while ((row = cp_offer_source_next(&stream->source)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (row->control)
		{
			stream->left_out += row->first;
			continue;
		}
		if (!row->first && stream->source.form != CP_OFFERS_LONG)
			report_twice(cp_customer_id_text(&row->customer), NULL);
		if (row->first)
		{
			CP_TRY(end_customer(stream));
			begin_customer(stream, row);
		}
		add_options(stream, row);
	}
	CP_TRY(end_customer(stream));
	return end_block(stream);
}

/* Wide: does a customer come twice? Not when they rise, or are a primary key. */
static void
check_unique(const Stream *stream)
{
	const CpOfferSource *source = &stream->source;
	const char *query;

	if (source->form == CP_OFFERS_LONG || source->rising ||
	    cp_source_key_column(&source->source) == source->customer_id.column)
		return;
	query = psprintf("SELECT %s FROM %s AS s GROUP BY 1 HAVING pg_catalog.count(*) > 1 LIMIT 1",
	                 cp_offer_source_customer(source),
	                 cp_offer_source_from(source, stream->data->source));
	if (SPI_execute(query, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "looking for customers who come twice failed");
	if (SPI_processed > 0)
		report_twice(SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1), NULL);
	SPI_freetuptable(SPI_tuptable);
}

/* The first scan is over: what can be said only now that everybody is known. */
static void
end_first_scan(const Stream *stream)
{
	CpAllocationData *data = stream->data;

	cp_limit_book_check(data->book);
	check_unique(stream);
	data->left_out = stream->left_out;
	data->scanned = true;
}

static CpStatus
scan_source(void *host, CpStatus (*visit)(void *visitor, const CpBlock *block), void *visitor)
{
	CpAllocationData *data = host;
	MemoryContext memory = AllocSetContextCreate(
		CurrentMemoryContext, "churnprevent allocation scan", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(memory);
	Stream stream = {.data = data, .visit = visit, .visitor = visitor, .room = 64};

	stream.memory =
		AllocSetContextCreate(memory, "churnprevent allocation block", ALLOCSET_DEFAULT_SIZES);
	stream.classes = palloc(stream.room * sizeof(uint16));
	stream.values = palloc(stream.room * sizeof(double));
	stream.costs = palloc(stream.room * sizeof(double));
	cp_core_init(&stream.block, &data->bridge->context);
	begin_block(&stream);
	cp_offer_source_open(&stream.source, data->source, data->columns, data->book, true);
	CP_TRY(stream_rows(&stream));
	if (!data->scanned)
		end_first_scan(&stream);
	if (stream.blocks != data->nblocks)
		report_other_rows();
	cp_offer_source_close(&stream.source);
	cp_core_free(&stream.block);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(memory);
	return CP_OK;
}

/* --- either way --------------------------------------------------------- */

void
cp_allocation_data_open(CpAllocationData *data, const char *source, const CpOfferColumns *columns,
                        CpLimitBook *book, CpExploration *exploration, CpBridge *bridge,
                        Oid function)
{
	memset(data, 0, sizeof(*data));
	data->bridge = bridge;
	data->exploration = exploration;
	data->source = source;
	data->columns = columns;
	data->book = book;
	data->schema = pstrdup(quote_identifier(get_namespace_name(get_func_namespace(function))));
	data->scan = (CpScan){scan_offers, data};
	if (load(data))
	{
		cp_limit_book_check(book);
		if (exploration != NULL)
			cp_exploration_reserve(exploration, book);
		return;
	}
	MemoryContextReset(bridge->memory);
	bridge->context.used = 0;
	cp_limit_book_open(book);
	data->streamed = true;
	data->scan = (CpScan){scan_source, data};
	data->oracle = (CpOracle){cp_price_by_query, cp_pricing_query(data)};
}

char *
cp_allocation_customer(const CpAllocationData *data, uint32 number)
{
	return data->streamed ? data->names[number - data->first_name]
	                      : cp_customer_name(&data->ids, number);
}
