/*
 * allocation_pricing.c: prices by a query with the aggregate cp_price.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "pg/allocation_pricing.h"

struct CpPricingQuery
{
	CpAllocationData *data;
	StringInfoData text;
	/* $1 prices of classes by count, $2 by money; the others say which option is of which class. */
	Oid types[8];
	Datum values[8];
	int arguments;
	SPIPlanPtr plan; /* NULL = not prepared */
};

CpPricingQuery *
cp_pricing_query(CpAllocationData *data)
{
	CpPricingQuery *query = palloc0(sizeof(CpPricingQuery));

	query->data = data;
	return query;
}

static void
add_argument(CpPricingQuery *query, Oid type, Datum value)
{
	query->types[query->arguments] = type;
	query->values[query->arguments++] = value;
}

static Datum
text_array(const CpDictionary *dictionary, const uint32 *codes, uint32 count)
{
	Datum *elements = palloc(count * sizeof(Datum));

	for (uint32 i = 0; i < count; i++)
	{
		size_t length;
		const char *bytes = cp_dictionary_text(dictionary, codes[i], &length);

		elements[i] = PointerGetDatum(cstring_to_text_with_len(bytes, (int) length));
	}
	return PointerGetDatum(
		construct_array(elements, (int) count, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
number_array(const double *numbers, uint32 count)
{
	Datum *elements = palloc(count * sizeof(Datum));

	for (uint32 i = 0; i < count; i++)
		elements[i] = Float8GetDatum(numbers[i]);
	return PointerGetDatum(construct_array(elements, (int) count, FLOAT8OID, sizeof(float8),
	                                       FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static Datum
class_array(const uint16 *classes, uint32 count)
{
	Datum *elements = palloc(count * sizeof(Datum));

	for (uint32 i = 0; i < count; i++)
		elements[i] = Int32GetDatum(classes[i] + 1);
	return PointerGetDatum(
		construct_array(elements, (int) count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/* Names of segments, without the empty one that stands for all others. */
static Datum
segment_array(const CpLimitBook *book)
{
	uint32 *codes = palloc(book->segments.count * sizeof(uint32));

	for (uint32 code = 1; code < book->segments.count; code++)
		codes[code - 1] = code;
	return text_array(&book->segments, codes, book->segments.count - 1);
}

static const char *
column_of(const CpOfferSource *source, int column)
{
	return psprintf("s.%s", quote_identifier(NameStr(
								TupleDescAttr(source->source.descriptor, column)->attname)));
}

/* Does the query leave the control group out? */
static const char *
control_clause(const CpAllocationData *data, const CpOfferSource *source)
{
	if (!source->heed_control || source->holdout.share == 0)
		return "";
	return psprintf(" WHERE NOT %s.cp_control_group((%s)::text)", data->schema,
	                cp_offer_source_customer(source));
}

/* Wide: the classes of a row's options are a slice, by segment, of all classes. */
static void
price_wide(CpPricingQuery *query, const CpOfferSource *source, const char *from)
{
	CpLimitBook *book = query->data->book;
	uint32 k = source->nactions;
	uint16 *classes = palloc(k * book->segments.count * sizeof(uint16));
	const char *slice = "$3";

	for (uint32 segment = 0; segment < book->segments.count; segment++)
		for (uint32 a = 0; a < k; a++)
			classes[segment * k + a] =
				cp_limit_book_class(book, source->actions[a], source->kinds[a], segment);
	add_argument(query, INT4ARRAYOID, class_array(classes, k * book->segments.count));
	if (book->by_segment)
	{
		const char *place = psprintf("coalesce(pg_catalog.array_position($4, %s), 0) * %u",
		                             cp_offer_source_name(source, &source->segment), k);

		add_argument(query, TEXTARRAYOID, segment_array(book));
		slice = psprintf("$3[%s + 1 : %s + %u]", place, place, k);
	}
	appendStringInfo(
		&query->text,
		"SELECT %s.cp_price(%s::float8[], %s::float8[], %s, $1, $2) AS p FROM %s AS s%s",
		query->data->schema, column_of(source, source->value.column),
		column_of(source, source->cost.column), slice, from, control_clause(query->data, source));
}

/* $3 to $6: actions, kinds, segments and numbers of all classes; $7 segments. */
static void
add_classes(CpPricingQuery *query)
{
	const CpLimitBook *book = query->data->book;
	uint32 n = book->limits.nclasses;
	uint32 *actions = palloc(n * sizeof(uint32));
	uint32 *kinds = palloc(n * sizeof(uint32));
	uint32 *segments = palloc(n * sizeof(uint32));
	uint16 *classes = palloc(n * sizeof(uint16));

	for (uint32 class = 0; class < n; class ++)
	{
		actions[class] = book->classes[class].action;
		kinds[class] = book->classes[class].kind;
		segments[class] = book->classes[class].segment;
		classes[class] = (uint16) class;
	}
	add_argument(query, TEXTARRAYOID, text_array(&book->actions, actions, n));
	add_argument(query, TEXTARRAYOID, text_array(&book->kinds, kinds, n));
	add_argument(query, TEXTARRAYOID, text_array(&book->segments, segments, n));
	add_argument(query, INT4ARRAYOID, class_array(classes, n));
	add_argument(query, TEXTARRAYOID, segment_array(book));
}

/* Long: options find their class by join, and customers are made by grouping. */
static void
price_long(CpPricingQuery *query, const CpOfferSource *source, const char *from)
{
	StringInfoData joined;

	add_classes(query);
	initStringInfo(&joined);
	appendStringInfo(&joined, "%s = c.action", cp_offer_source_name(source, &source->action));
	if (source->kind.column >= 0)
		appendStringInfo(&joined, " AND %s = c.kind", cp_offer_source_name(source, &source->kind));
	if (query->data->book->by_segment)
	{
		const char *segment = cp_offer_source_name(source, &source->segment);

		appendStringInfo(&joined, " AND CASE WHEN %s = ANY ($7) THEN %s ELSE '' END = c.segment",
		                 segment, segment);
	}
	appendStringInfo(
		&query->text,
		"SELECT %s.cp_price(g.v, g.c, g.k, $1, $2) AS p FROM (SELECT pg_catalog.array_agg(%s::float8) AS v,"
		" pg_catalog.array_agg(%s::float8) AS c, pg_catalog.array_agg(c.class) AS k FROM %s AS s"
		" JOIN ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6))"
		" AS c(action, kind, segment, class) ON %s%s GROUP BY %s) AS g",
		query->data->schema, column_of(source, source->value.column),
		column_of(source, source->cost.column), from, joined.data,
		control_clause(query->data, source), cp_offer_source_customer(source));
}

static void
prepare(CpPricingQuery *query)
{
	CpAllocationData *data = query->data;
	CpOfferSource source;
	const char *from;

	cp_offer_source_open(&source, data->source, data->columns, data->book, false);
	from = cp_offer_source_from(&source, data->source);
	initStringInfo(&query->text);
	appendStringInfoString(&query->text,
	                       "SELECT (p).reduced_value, (p).value, (p).count, (p).money FROM (");
	add_argument(query, FLOAT8ARRAYOID, (Datum) 0);
	add_argument(query, FLOAT8ARRAYOID, (Datum) 0);
	if (source.form == CP_OFFERS_WIDE)
		price_wide(query, &source, from);
	else
		price_long(query, &source, from);
	appendStringInfoString(&query->text, ") AS priced");
	cp_offer_source_close(&source);
	query->plan = SPI_prepare_cursor(query->text.data, query->arguments, query->types,
	                                 CURSOR_OPT_PARALLEL_OK);
	if (query->plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
}

static void
copy_numbers(Datum array, double *numbers, uint32 count)
{
	ArrayType *values = DatumGetArrayTypeP(array);

	if (ArrayGetNItems(ARR_NDIM(values), ARR_DIMS(values)) != (int) count)
		elog(ERROR, "cp_price gave another number of classes");
	memcpy(numbers, ARR_DATA_PTR(values), count * sizeof(double));
}

CpStatus
cp_price_by_query(void *host, const CpClassPrices *prices, double worth, CpUse *use,
                  double *reduced)
{
	CpPricingQuery *query = host;
	bool isnull;
	uint32 n;
	HeapTuple row;
	TupleDesc descriptor;

	Assert(worth == 1);
	if (query->plan == NULL)
		prepare(query);
	n = query->data->book->limits.nclasses;
	query->values[0] = number_array(prices->count, n);
	query->values[1] = number_array(prices->money, n);
	if (SPI_execute_plan(query->plan, query->values, NULL, true, 0) != SPI_OK_SELECT ||
	    SPI_processed != 1)
		elog(ERROR, "pricing by query failed");
	row = SPI_tuptable->vals[0];
	descriptor = SPI_tuptable->tupdesc;
	*reduced = DatumGetFloat8(SPI_getbinval(row, descriptor, 1, &isnull));
	if (isnull)
		cp_report_other_rows("Customers who were there in the first scan are not in a query.");
	use->value = DatumGetFloat8(SPI_getbinval(row, descriptor, 2, &isnull));
	copy_numbers(SPI_getbinval(row, descriptor, 3, &isnull), use->count, n);
	copy_numbers(SPI_getbinval(row, descriptor, 4, &isnull), use->money, n);
	SPI_freetuptable(SPI_tuptable);
	return CP_OK;
}
