/*
 * drift_rows.c: the customers of a source as a model sees them: counted, and a sample kept.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "executor/spi.h"
#include "utils/memutils.h"

#include "num/rng.h"
#include "num/special.h"
#include "pg/drift_rows.h"
#include "pg/label.h"
#include "pg/source.h"
#include "pg/steering.h"

/* Share of the allowed memory that a sample may take. */
#define SAMPLE_SHARE 4

/* Which rows enter the sample: the next one, and what it takes to draw the one after. */
typedef struct Reservoir
{
	CpRng rng;
	uint32 size;
	uint64 next; /* row, from 0 */
	double largest;
} Reservoir;

typedef struct Reading
{
	const CpDriftSource *how;
	CpDriftRows *rows;
	CpSource source;
	CpBinding *binding;
	CpLabelReader label;
	int label_column; /* -1 = none */
	CpSteering segment;
	Reservoir reservoir;
	uint32 count;   /* features */
	double *vector; /* [count] of the row being read */
} Reading;

/* --- sample -------------------------------------------------------------- */

/* After the reservoir is full, each draw says how many rows pass by before the next one enters. */
static void
skip_rows(Reservoir *reservoir)
{
	reservoir->largest *= cp_exp(cp_log(1 - cp_rng_uniform(&reservoir->rng)) / reservoir->size);
	reservoir->next +=
		1 + (uint64) fmin(
				cp_log(1 - cp_rng_uniform(&reservoir->rng)) / cp_log(1 - reservoir->largest), 1e18);
}

static void
open_sample(Reading *reading)
{
	const CpDriftSource *how = reading->how;
	CpContext *context = &how->bridge->context;
	size_t most = context->budget / SAMPLE_SHARE / ((reading->count + 1) * sizeof(double));
	uint32 size = (uint32) Min((size_t) how->sample, most);
	Reservoir *reservoir = &reading->reservoir;

	cp_rng_init(&reservoir->rng, how->seed, 0);
	reservoir->size = size;
	reservoir->largest = 1;
	reservoir->next = size == 0 ? UINT64_MAX : 0;
	cp_bridge_check(
		how->bridge,
		cp_alloc(context, &reading->rows->vectors, (size_t) size * reading->count, sizeof(double)),
		NULL);
	if (how->segment_by != NULL)
		cp_bridge_check(how->bridge,
		                cp_alloc(context, &reading->rows->segments, size, sizeof(uint32)), NULL);
}

static void
sample_row(Reading *reading, uint32 segment)
{
	Reservoir *reservoir = &reading->reservoir;
	CpDriftRows *rows = reading->rows;
	uint32 place = rows->sampled;

	if (rows->sampled < reservoir->size)
		rows->sampled++;
	else
		place = (uint32) cp_rng_below(&reservoir->rng, reservoir->size);
	if (rows->sampled < reservoir->size)
		reservoir->next++;
	else
		skip_rows(reservoir);
	memcpy(rows->vectors + (size_t) place * reading->count, reading->vector,
	       reading->count * sizeof(double));
	if (rows->segments != NULL)
		rows->segments[place] = segment;
}

/* --- rows ------------------------------------------------------------------ */

static void
report_segments(const CpDriftSource *how)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many segments"),
	                errdetail("Column \"%s\" has more than %d values.", how->segment_by,
	                          CP_DRIFT_SEGMENTS),
	                errhint("Group them in a query: it may be the source.")));
}

static uint32
segment_of(Reading *reading, HeapTuple tuple)
{
	const CpDriftSource *how = reading->how;
	const CpSteering *segment = &reading->segment;
	bool isnull;
	Datum value;
	const char *text;
	size_t length;
	uint32 code;

	if (segment->column < 0)
		return CP_NO_SEGMENT;
	value = heap_getattr(tuple, segment->column + 1, reading->source.descriptor, &isnull);
	if (isnull)
		return CP_NO_SEGMENT;
	if (segment->readable && segment->reader.text != NULL)
		text = segment->reader.text(value, &length);
	else
	{
		text = OidOutputFunctionCall(segment->output, value);
		length = strlen(text);
	}
	code = cp_dictionary_find(how->segments, text, length);
	if (code != CP_NO_CODE)
		return code;
	if (how->closed)
	{
		reading->rows->elsewhere++;
		return CP_NO_SEGMENT;
	}
	if (how->segments->count == CP_DRIFT_SEGMENTS)
		report_segments(how);
	cp_bridge_check(how->bridge, cp_dictionary_add(how->segments, text, length, &code), NULL);
	return code;
}

static void
count_label(Reading *reading, HeapTuple tuple)
{
	bool isnull;
	Datum value =
		heap_getattr(tuple, reading->label_column + 1, reading->source.descriptor, &isnull);

	if (isnull)
		return;
	reading->rows->labelled++;
	reading->rows->churned += cp_label_churned(&reading->label, value);
}

static void
read_row(Reading *reading, HeapTuple tuple)
{
	const CpDriftSource *how = reading->how;
	uint32 segment = segment_of(reading, tuple);

	cp_vector_of_tuple(&how->loaded->model.map, reading->binding, tuple, reading->vector, NULL);
	if (how->counter != NULL)
		cp_count_vector(how->counter, how->tallied, reading->vector);
	if (how->counter != NULL && segment != CP_NO_SEGMENT)
		cp_count_vector(&how->segment_counters[segment], &how->segment_tallied[segment],
		                reading->vector);
	if (reading->label_column >= 0)
		count_label(reading, tuple);
	if (reading->rows->rows++ == reading->reservoir.next)
		sample_row(reading, segment);
}

static void
open_label(Reading *reading)
{
	const CpDriftSource *how = reading->how;
	Oid type;

	reading->label_column =
		how->label == NULL ? -1 : cp_find_column(reading->source.descriptor, how->label);
	if (reading->label_column < 0)
		return;
	type = TupleDescAttr(reading->source.descriptor, reading->label_column)->atttypid;
	cp_label_init(&reading->label, how->label, type, cp_label_positive_for(type, how->positive));
}

void
cp_drift_read(const CpDriftSource *source, CpDriftRows *rows)
{
	MemoryContext memory = CurrentMemoryContext;
	MemoryContext row_memory =
		AllocSetContextCreate(memory, "churnprevent row", ALLOCSET_DEFAULT_SIZES);
	Reading reading = {.how = source, .rows = rows, .count = source->loaded->model.map.count};
	HeapTuple tuple;

	memset(rows, 0, sizeof(*rows));
	reading.vector = palloc(reading.count * sizeof(double));
	cp_source_open(&reading.source, source->text);
	reading.binding =
		cp_bind(&source->loaded->model.map, reading.source.descriptor, source->loaded->name);
	cp_steer(&reading.segment, &reading.source, source->segment_by, "segment_by");
	open_label(&reading);
	open_sample(&reading);
	while ((tuple = cp_source_next(&reading.source)) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(row_memory);

		read_row(&reading, tuple);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_memory);
	}
	cp_source_close(&reading.source);
	/* Every call of SPI leaves its own. */
	MemoryContextSwitchTo(memory);
	MemoryContextDelete(row_memory);
}
