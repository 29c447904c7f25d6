/*
 * drift_statistics.c: a first look at drift that reads no row.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/vacuum.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "pg/drift_statistics.h"
#include "pg/features.h"
#include "pg/source.h"
#include "pg/store.h"

/* ANALYZE reads so many rows for each unit of its target. */
#define ROWS_PER_TARGET 300
/* A bucket of the histogram counts as so many values, evenly spread. */
#define BUCKET_VALUES 32

/* The view shows what the user may read. Of a partitioned table its whole is wanted. */
static const char query[] =
	"SELECT DISTINCT ON (attname) attname, null_frac::float8, most_common_vals, most_common_freqs, histogram_bounds"
	" FROM pg_catalog.pg_stats WHERE schemaname = $1 AND tablename = $2"
	" ORDER BY attname, inherited DESC";

enum
{
	STAT_NAME = 1,
	STAT_NULLS,
	STAT_COMMON,
	STAT_FREQUENCIES,
	STAT_BOUNDS
};

/* Shares of one column's values on their way into the cells of its feature. */
typedef struct Shares
{
	const CpFeature *feature;
	const CpReference *reference;
	double *cells; /* [reference->cells + 1] */
	double *least;
	double *most;
} Shares;

static void
add_number(Shares *shares, double value, double share)
{
	if (isnan(value))
	{
		shares->cells[shares->reference->cells] += share;
		return;
	}
	shares->cells[cp_reference_cell(shares->reference, value)] += share;
	*shares->least = Min(*shares->least, value);
	*shares->most = Max(*shares->most, value);
}

static void
add_text(Shares *shares, const char *text, size_t length, double share)
{
	uint32 code = cp_dictionary_find(&shares->feature->levels, text, length);

	shares->cells[code == CP_NO_CODE ? CP_OTHER(shares->feature) : code] += share;
}

static void
add_value(Shares *shares, const CpColumnReader *reader, Datum value, double share)
{
	const char *text;
	size_t length;

	if (reader->number != NULL)
		add_number(shares, reader->number(value), share);
	else
	{
		text = reader->text(value, &length);
		add_text(shares, text, length, share);
	}
}

/* An array that the view shows, NULL = none; reader: of its elements. */
static Datum *
elements_of(HeapTuple tuple, int column, CpColumnReader *reader, int *count)
{
	bool isnull;
	Datum datum = SPI_getbinval(tuple, SPI_tuptable->tupdesc, column, &isnull);
	ArrayType *array;
	Datum *elements;
	int16 length;
	bool by_value;
	char align;

	*count = 0;
	if (isnull)
		return NULL;
	array = DatumGetArrayTypeP(datum);
	if (!cp_column_reader(ARR_ELEMTYPE(array), reader))
		return NULL;
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &elements, NULL, count);
	return elements;
}

static void
add_histogram(Shares *shares, const CpColumnReader *reader, const Datum *bounds, int count,
              double share)
{
	for (int i = 0; reader->number == NULL && i < count; i++)
		add_value(shares, reader, bounds[i], share / count);
	for (int i = 0; reader->number != NULL && i + 1 < count; i++)
	{
		double left = reader->number(bounds[i]), right = reader->number(bounds[i + 1]);

		for (int k = 0; k < BUCKET_VALUES; k++)
			add_number(shares, left + (right - left) * (k + 0.5) / BUCKET_VALUES,
			           share / (count - 1) / BUCKET_VALUES);
	}
}

static void
add_column(Shares *shares, HeapTuple tuple)
{
	bool isnull;
	double nulls = DatumGetFloat8(SPI_getbinval(tuple, SPI_tuptable->tupdesc, STAT_NULLS, &isnull));
	CpColumnReader reader, float4_reader;
	int ncommon, nfrequencies, nbounds;
	Datum *common = elements_of(tuple, STAT_COMMON, &reader, &ncommon);
	Datum *frequencies = elements_of(tuple, STAT_FREQUENCIES, &float4_reader, &nfrequencies);
	double known = 0, scale = 1;
	Datum *bounds;

	for (int i = 0; i < nfrequencies; i++)
		known += DatumGetFloat4(frequencies[i]);
	shares->cells[shares->reference->cells] += nulls;
	/* Bounds are of the same type as the common values. */
	bounds = elements_of(tuple, STAT_BOUNDS, &reader, &nbounds);
	if (nbounds < 2 && known > 0)
		scale = (1 - nulls) / known;
	for (int i = 0; i < Min(ncommon, nfrequencies); i++)
		add_value(shares, &reader, common[i], DatumGetFloat4(frequencies[i]) * scale);
	if (nbounds >= 2)
		add_histogram(shares, &reader, bounds, nbounds, Max(0, 1 - nulls - known));
}

static void
report_not_analysed(const char *name)
{
	ereport(ERROR,
	        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
	         errmsg("there are no statistics of \"%s\" that you may read", name),
	         errhint("Run ANALYZE, or check with {\"mode\": \"scan\"}, which reads the rows.")));
}

/* The rows that ANALYZE read of the table at most, as its size is known. */
static double
rows_sampled(Relation relation)
{
	double rows = relation->rd_rel->reltuples;
	double most = (double) ROWS_PER_TARGET * default_statistics_target;

	return rows < 0 || rows > most ? most : rows;
}

static void
count_column(const CpCounter *counter, CpTallied *tallied, uint32 f, const CpFeature *feature,
             HeapTuple tuple, double rows)
{
	const CpReference *reference = &counter->profile->features[f];
	Shares shares = {.feature = feature,
	                 .reference = reference,
	                 .cells = palloc0((reference->cells + 1) * sizeof(double)),
	                 .least = &tallied->least[f],
	                 .most = &tallied->most[f]};
	uint64 *counts = tallied->counts + counter->offsets[f];
	uint64 left = (uint64) rows;

	add_column(&shares, tuple);
	/* Whole rows, as many in all as there are: what rounding leaves counts as missing. */
	for (uint32 c = 0; c < reference->cells; c++)
	{
		counts[c] = Min((uint64) rint(shares.cells[c] * rows), left);
		left -= counts[c];
	}
	counts[reference->cells] = shares.cells[reference->cells] > 0 ? left : 0;
	pfree(shares.cells);
}

/* The row of a column among those fetched; NULL when the view does not show it. */
static HeapTuple
statistics_of(const char *column)
{
	for (uint64 i = 0; i < SPI_processed; i++)
		if (strcmp(SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, STAT_NAME), column) ==
		    0)
			return SPI_tuptable->vals[i];
	return NULL;
}

static Relation
open_table(const char *source)
{
	List *names;

	if (!SplitIdentifierString(pstrdup(source), '.', &names) || names == NIL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("statistics are kept of tables, not of queries"),
		                errhint("Name a table, or check with {\"mode\": \"scan\"}.")));
	return relation_openrv(
		makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(source))),
		AccessShareLock);
}

void
cp_drift_of_statistics(const CpLoaded *loaded, const char *source, const CpCounter *counter,
                       CpTallied *tallied)
{
	const CpFeatureMap *map = &loaded->model.map;
	Relation relation = open_table(source);
	TupleDesc descriptor = RelationGetDescr(relation);
	CpBinding *binding = cp_bind(map, descriptor, loaded->name);
	double rows = rows_sampled(relation);
	Oid types[] = {NAMEOID, NAMEOID};
	Datum values[2];

	values[0] = CStringGetDatum(get_namespace_name(RelationGetNamespace(relation)));
	values[1] = CStringGetDatum(RelationGetRelationName(relation));
	cp_ask(query, 2, types, values);
	for (uint32 f = 0; f < map->count; f++)
	{
		int column = binding->columns[f].column;
		HeapTuple tuple = statistics_of(NameStr(TupleDescAttr(descriptor, column)->attname));

		if (tuple == NULL)
			report_not_analysed(RelationGetRelationName(relation));
		count_column(counter, tallied, f, &map->features[f], tuple, rows);
	}
	tallied->rows = (uint64) rows;
	relation_close(relation, AccessShareLock);
}
