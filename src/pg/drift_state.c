/*
 * drift_state.c: what the aggregates of drift remember of the rows.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "pg/drift_state.h"
#include "pg/guc.h"
#include "stats/distance.h"

#define STATE_MAGIC "cpdrift"
#define STATE_FORMAT 1

#define CHECK(state, expression) cp_bridge_check(&(state)->bridge, (expression), NULL)

/* --- making ------------------------------------------------------------- */

static void
make_room(CpDriftState *state, uint32 cells)
{
	for (int side = 0; side < CP_DRIFT_SIDES; side++)
	{
		CHECK(state,
		      cp_resize(&state->bridge.context, &state->counts[side], cells, sizeof(uint64)));
		memset(state->counts[side] + state->room, 0, (cells - state->room) * sizeof(uint64));
	}
	state->room = cells;
}

/* Cells that are closed on the right are those closed on the left of the next number. */
static void
lay_edges(CpDriftState *state)
{
	const CpDriftOptions *options = &state->options;
	CpReference *reference = &state->reference;

	reference->cells = options->nedges + 1;
	CHECK(state,
	      cp_alloc(&state->bridge.context, &reference->cuts, options->nedges, sizeof(double)));
	for (uint32 i = 0; i < options->nedges; i++)
		reference->cuts[i] = cp_drift_chosen(options, CP_DRIFT_CLOSED, 0) == 1
		                         ? nextafter(options->edges[i], INFINITY)
		                         : options->edges[i];
	make_room(state, reference->cells);
}

static void *
copy_bytes(MemoryContext memory, const void *bytes, size_t length)
{
	void *copy = MemoryContextAlloc(memory, length);

	memcpy(copy, bytes, length);
	return copy;
}

CpDriftState *
cp_drift_state_make(MemoryContext memory, CpDriftForm form, const CpDriftOptions *options)
{
	CpDriftState *state = MemoryContextAllocZero(memory, sizeof(CpDriftState));
	CpContext *context = &state->bridge.context;

	cp_bridge_init(&state->bridge, memory, cp_training_memory);
	state->bridge.relief = form == CP_DRIFT_CATEGORIES
	                           ? "Raise the setting, or group values: are these categories?"
	                           : "Raise the setting, or aggregate a sample of the rows.";
	state->form = form;
	state->options = *options;
	if (options->nedges > 0)
		state->options.edges = copy_bytes(memory, options->edges, options->nedges * sizeof(double));
	for (int side = 0; side < CP_DRIFT_SIDES; side++)
		cp_sample_init(&state->samples[side], context, CP_SAMPLE_EXACT);
	cp_dictionary_init(&state->categories, context);
	state->least = INFINITY;
	state->most = -INFINITY;
	if (form == CP_DRIFT_EDGES)
		lay_edges(state);
	return state;
}

void
cp_drift_state_refer(CpDriftState *state, const CpReference *reference, const CpDictionary *levels)
{
	state->reference = *reference;
	state->levels = levels;
	make_room(state, reference->cells + 1);
}

void
cp_drift_state_ask(CpDriftState *state, int position, const void *bytes, size_t length)
{
	CpDriftAsked *asked = &state->asked[position];

	asked->bytes = copy_bytes(state->bridge.memory, bytes, length);
	asked->length = length;
}

/* --- counting ----------------------------------------------------------- */

static void
count_category(CpDriftState *state, const char *text, size_t length, const uint64 *counts)
{
	uint32 code;

	CHECK(state, cp_dictionary_add(&state->categories, text, length, &code));
	if (code >= state->room)
		make_room(state, state->categories.capacity);
	for (int side = 0; side < CP_DRIFT_SIDES; side++)
		state->counts[side][code] += counts[side];
}

void
cp_drift_state_category(CpDriftState *state, int side, const char *text, size_t length)
{
	count_category(state, text, length,
	               (uint64[CP_DRIFT_SIDES]){side == CP_DRIFT_REFERENCE, side == CP_DRIFT_CURRENT});
}

/* Cells of a state that counts; those of a model end with the missing ones, which are kept apart. */
static uint32
cells_of(const CpDriftState *state)
{
	return state->form == CP_DRIFT_CATEGORIES ? state->categories.count : state->reference.cells;
}

static bool
is_asked_alike(const CpDriftState *a, const CpDriftState *b)
{
	for (int k = 0; k < CP_DRIFT_ASKED; k++)
		if (a->asked[k].length != b->asked[k].length ||
		    (a->asked[k].length > 0 &&
		     memcmp(a->asked[k].bytes, b->asked[k].bytes, a->asked[k].length) != 0))
			return false;
	return a->form == b->form &&
	       (a->form == CP_DRIFT_CATEGORIES || a->reference.cells == b->reference.cells);
}

static void
merge_categories(CpDriftState *into, const CpDriftState *from)
{
	for (uint32 code = 0; code < from->categories.count; code++)
	{
		size_t length;
		const char *text = cp_dictionary_text(&from->categories, code, &length);

		count_category(into, text, length,
		               (uint64[CP_DRIFT_SIDES]){from->counts[0][code], from->counts[1][code]});
	}
}

void
cp_drift_state_merge(CpDriftState *into, const CpDriftState *from)
{
	if (!is_asked_alike(into, from))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("what is asked of drift must be the same in all rows"),
		                errhint("For several questions in one query, group by them.")));
	for (int side = 0; side < CP_DRIFT_SIDES; side++)
	{
		into->missing[side] += from->missing[side];
		CHECK(into, cp_sample_merge(&into->samples[side], &from->samples[side]));
	}
	if (into->form == CP_DRIFT_CATEGORIES)
		merge_categories(into, from);
	else
		for (uint32 cell = 0; cell < into->reference.cells; cell++)
			for (int side = 0; side < CP_DRIFT_SIDES; side++)
				into->counts[side][cell] += from->counts[side][cell];
	into->least = Min(into->least, from->least);
	into->most = Max(into->most, from->most);
}

/* --- bytes -------------------------------------------------------------- */

static void
write_counts(const CpDriftState *state, CpWriter *writer)
{
	cp_write_u32(writer, cells_of(state));
	for (uint32 cell = 0; cell < cells_of(state); cell++)
	{
		size_t length;
		const char *text;

		cp_write_u64(writer, state->counts[CP_DRIFT_REFERENCE][cell]);
		cp_write_u64(writer, state->counts[CP_DRIFT_CURRENT][cell]);
		if (state->form != CP_DRIFT_CATEGORIES)
			continue;
		text = cp_dictionary_text(&state->categories, cell, &length);
		cp_write_string(writer, text, length);
	}
}

static void
write_state(const CpDriftState *state, CpWriter *writer)
{
	cp_write_u8(writer, state->form);
	cp_drift_options_write(&state->options, writer);
	for (int k = 0; k < CP_DRIFT_ASKED; k++)
		cp_write_string(writer, state->asked[k].bytes, state->asked[k].length);
	for (int side = 0; side < CP_DRIFT_SIDES; side++)
		cp_write_u64(writer, state->missing[side]);
	if (state->form == CP_DRIFT_SAMPLES)
	{
		cp_sample_write(&state->samples[CP_DRIFT_REFERENCE], writer);
		cp_sample_write(&state->samples[CP_DRIFT_CURRENT], writer);
		return;
	}
	if (state->form == CP_DRIFT_MODEL)
	{
		cp_reference_write(&state->reference, writer);
		cp_write_f64(writer, state->least);
		cp_write_f64(writer, state->most);
	}
	write_counts(state, writer);
}

bytea *
cp_drift_state_bytes(const CpDriftState *state)
{
	CpBridge bridge;
	CpWriter writer;

	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	cp_writer_begin(&writer, &bridge.context, STATE_MAGIC, STATE_FORMAT);
	write_state(state, &writer);
	cp_bridge_check(&bridge, cp_writer_finish(&writer), NULL);
	return cp_bytea_of(&writer);
}

static void
check_read(CpBridge *bridge, CpStatus status)
{
	if (status == CP_CORRUPT || status == CP_FOREIGN)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the state of a drift statistic must be one that it made")));
	cp_bridge_check(bridge, status, NULL);
}

static void
read_counts(CpDriftState *state, CpReader *reader)
{
	uint32 cells = cp_read_count(reader, CP_DRIFT_SIDES * sizeof(uint64));

	if (state->form != CP_DRIFT_CATEGORIES && cells != state->reference.cells)
		cp_reader_reject(reader);
	for (uint32 cell = 0; cell < cells && !reader->failed; cell++)
	{
		uint64 counts[CP_DRIFT_SIDES] = {cp_read_u64(reader), cp_read_u64(reader)};
		size_t length;
		char *text;

		if (state->form == CP_DRIFT_CATEGORIES)
		{
			text = cp_read_string(reader, &length);
			if (text != NULL)
				count_category(state, text, length, counts);
			cp_free(reader->context, &text);
			continue;
		}
		for (int side = 0; side < CP_DRIFT_SIDES; side++)
			state->counts[side][cell] = counts[side];
	}
}

/* A state that counts nothing yet, with what was asked of it. */
static CpDriftState *
read_asked(CpReader *reader, CpBridge *bridge)
{
	CpDriftState *state;
	CpDriftOptions options = {0};
	CpDriftForm form = cp_read_u8(reader);

	if (form > CP_DRIFT_MODEL)
		cp_reader_reject(reader);
	check_read(bridge, cp_drift_options_read_bytes(&options, reader));
	state = cp_drift_state_make(bridge->memory, form, &options);
	reader->context = &state->bridge.context;
	for (int k = 0; k < CP_DRIFT_ASKED; k++)
		state->asked[k].bytes = cp_read_string(reader, &state->asked[k].length);
	return state;
}

static void
read_counted(CpDriftState *state, CpReader *reader)
{
	for (int side = 0; side < CP_DRIFT_SIDES; side++)
		state->missing[side] = cp_read_u64(reader);
	if (state->form == CP_DRIFT_SAMPLES)
	{
		for (int side = 0; side < CP_DRIFT_SIDES; side++)
			check_read(&state->bridge, cp_sample_read(&state->samples[side], reader));
		return;
	}
	if (state->form == CP_DRIFT_MODEL)
	{
		CpReference reference;

		check_read(&state->bridge, cp_reference_read(&reference, reader));
		cp_drift_state_refer(state, &reference, NULL);
		state->least = cp_read_f64(reader);
		state->most = cp_read_f64(reader);
	}
	read_counts(state, reader);
}

CpDriftState *
cp_drift_state_of_bytes(bytea *bytes, MemoryContext memory)
{
	CpDriftState *state;
	CpBridge bridge;
	CpReader reader;

	cp_bridge_init(&bridge, memory, 0);
	check_read(&bridge, cp_reader_open(&reader, &bridge.context, VARDATA(bytes),
	                                   VARSIZE(bytes) - VARHDRSZ, STATE_MAGIC, STATE_FORMAT));
	state = read_asked(&reader, &bridge);
	read_counted(state, &reader);
	check_read(&state->bridge, cp_reader_close(&reader));
	return state;
}

/* --- what was counted --------------------------------------------------- */

const CpSorted *
cp_drift_state_sorted(CpDriftState *state, int side)
{
	CpSample *sample = &state->samples[side];
	CpSorted *sorted = &state->sorted[side];

	if (state->sorted_rows[side] != sample->rows)
	{
		cp_sorted_free(&state->bridge.context, sorted);
		CHECK(state, cp_sample_sort(sample, sorted));
		state->sorted_rows[side] = sample->rows;
	}
	return sorted;
}

static void
alloc_cells(CpDriftCells *cells, uint32 count)
{
	cells->count = count;
	cells->reference = palloc_extended(count * sizeof(double), MCXT_ALLOC_HUGE);
	cells->current = palloc_extended(count * sizeof(double), MCXT_ALLOC_HUGE);
}

/* By the reference's quantiles. */
static void
quantile_cells(CpDriftState *state, CpDriftCells *cells)
{
	const CpSorted *reference = cp_drift_state_sorted(state, CP_DRIFT_REFERENCE);
	const CpSorted *current = cp_drift_state_sorted(state, CP_DRIFT_CURRENT);
	uint32 bins = state->options.bins > 0 ? state->options.bins : CP_DRIFT_BINS;
	bool right = cp_drift_chosen(&state->options, CP_DRIFT_CLOSED, 0) == 1;
	double cuts[CP_DRIFT_MOST_BINS];
	uint32 ncuts = cp_quantile_cuts(reference, bins, cuts);

	alloc_cells(cells, ncuts + 1);
	cp_cell_counts(reference, cuts, ncuts, right, cells->reference);
	cp_cell_counts(current, cuts, ncuts, right, cells->current);
}

static void
evidently_cells(CpDriftState *state, CpDriftCells *cells)
{
	const CpSorted *reference = cp_drift_state_sorted(state, CP_DRIFT_REFERENCE);
	const CpSorted *current = cp_drift_state_sorted(state, CP_DRIFT_CURRENT);
	CpBridge bridge;
	CpStatus status;

	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	status = cp_evidently_cells(&bridge.context, reference, current, &cells->reference,
	                            &cells->current, &cells->count);
	if (status == CP_BAD_DATA)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the convention \"evidently\" needs finite values"),
		                errdetail("%s", bridge.context.reason),
		                errhint("Leave infinite values out, or give \"bins\" or \"edges\".")));
	cp_bridge_check(&bridge, status, NULL);
}

/* Order of pairs of counts, of which there may be millions. */
static int
compare_counts(const void *a, const void *b)
{
	const uint64 *one = a;
	const uint64 *two = b;

	CHECK_FOR_INTERRUPTS();
	if (one[0] != two[0])
		return one[0] < two[0] ? -1 : 1;
	return one[1] < two[1] ? -1 : one[1] > two[1];
}

/* In an order that is the same whatever the order of the rows: sums are, too. */
static void
counted_cells(const CpDriftState *state, CpDriftCells *cells)
{
	uint32 count = cells_of(state);
	uint64(*pairs)[2] = palloc_extended(count * sizeof(*pairs), MCXT_ALLOC_HUGE);

	for (uint32 cell = 0; cell < count; cell++)
		for (int side = 0; side < CP_DRIFT_SIDES; side++)
			pairs[cell][side] = state->counts[side][cell];
	if (state->form == CP_DRIFT_CATEGORIES)
		qsort(pairs, count, sizeof(*pairs), compare_counts);
	alloc_cells(cells, count);
	for (uint32 cell = 0; cell < count; cell++)
	{
		cells->reference[cell] = (double) pairs[cell][CP_DRIFT_REFERENCE];
		cells->current[cell] = (double) pairs[cell][CP_DRIFT_CURRENT];
	}
	pfree(pairs);
}

static bool
says_cells(const CpDriftOptions *options)
{
	return options->bins > 0 || options->choices[CP_DRIFT_CLOSED] > 0;
}

void
cp_drift_state_cells(CpDriftState *state, CpDriftCells *cells)
{
	memset(cells, 0, sizeof(*cells));
	if (state->form != CP_DRIFT_SAMPLES)
		counted_cells(state, cells);
	else if (state->samples[CP_DRIFT_REFERENCE].rows == 0 ||
	         state->samples[CP_DRIFT_CURRENT].rows == 0)
		return;
	else if (cp_drift_evidently(&state->options) && !says_cells(&state->options))
		evidently_cells(state, cells);
	else
		quantile_cells(state, cells);
}

void
cp_drift_state_compare(CpDriftState *state, CpFeatureDrift *drift)
{
	CpCounted counted = {state->counts[CP_DRIFT_CURRENT], state->least, state->most};

	state->counts[CP_DRIFT_CURRENT][state->reference.cells] = state->missing[CP_DRIFT_CURRENT];
	cp_reference_compare(&state->reference, &counted, drift);
}

double
cp_drift_state_rows(const CpDriftState *state, int side)
{
	double rows = 0;

	if (state->form == CP_DRIFT_SAMPLES)
		return (double) state->samples[side].rows;
	if (state->form == CP_DRIFT_MODEL && side == CP_DRIFT_REFERENCE)
	{
		for (uint32 cell = 0; cell < state->reference.cells; cell++)
			rows += state->reference.weights[cell];
		return rows;
	}
	for (uint32 cell = 0; cell < cells_of(state); cell++)
		rows += (double) state->counts[side][cell];
	return rows;
}
