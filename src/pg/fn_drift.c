/*
 * fn_drift.c: the aggregates cp_drift_psi and its like: is a column now as it was in the reference?
 *
 * Their states are of one kind and come from the same functions, so that several of them over the
 * same column share one.
 */
#include "pg/compat.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "pg/args.h"
#include "pg/drift_figures.h"
#include "pg/features.h"
#include "pg/json.h"
#include "pg/model_profile.h"

PG_FUNCTION_INFO_V1(cp_drift_transition);
PG_FUNCTION_INFO_V1(cp_drift_transition_bins);
PG_FUNCTION_INFO_V1(cp_drift_transition_edges);
PG_FUNCTION_INFO_V1(cp_drift_transition_options);
PG_FUNCTION_INFO_V1(cp_drift_transition_text);
PG_FUNCTION_INFO_V1(cp_drift_transition_model);
PG_FUNCTION_INFO_V1(cp_drift_transition_model_text);
PG_FUNCTION_INFO_V1(cp_drift_combine);
PG_FUNCTION_INFO_V1(cp_drift_serialize);
PG_FUNCTION_INFO_V1(cp_drift_deserialize);
PG_FUNCTION_INFO_V1(cp_drift_psi_final);
PG_FUNCTION_INFO_V1(cp_drift_kl_final);
PG_FUNCTION_INFO_V1(cp_drift_js_final);
PG_FUNCTION_INFO_V1(cp_drift_chi2_final);
PG_FUNCTION_INFO_V1(cp_drift_ks_final);
PG_FUNCTION_INFO_V1(cp_drift_wasserstein_final);
PG_FUNCTION_INFO_V1(cp_drift_summary_final);
PG_FUNCTION_INFO_V1(cp_drift_psi);
PG_FUNCTION_INFO_V1(cp_drift_kl);
PG_FUNCTION_INFO_V1(cp_drift_js);
PG_FUNCTION_INFO_V1(cp_drift_chi2);

/* --- rows ---------------------------------------------------------------- */

/* Reads the fourth argument. */
typedef void (*OptionReader)(FunctionCallInfo fcinfo, CpDriftOptions *options);

static void
read_bins(FunctionCallInfo fcinfo, CpDriftOptions *options)
{
	cp_drift_options_bins(options, PG_GETARG_INT32(3));
}

static void
read_edges(FunctionCallInfo fcinfo, CpDriftOptions *options)
{
	cp_drift_options_edges(options, PG_GETARG_ARRAYTYPE_P(3));
}

static void
read_options(FunctionCallInfo fcinfo, CpDriftOptions *options)
{
	cp_drift_options_read(options, PG_GETARG_JSONB_P(3), true);
}

static void
read_text_options(FunctionCallInfo fcinfo, CpDriftOptions *options)
{
	cp_drift_options_read(options, PG_GETARG_JSONB_P(3), false);
}

/* An argument's bytes where they lie, whatever its type; none of NULL. */
static CpDriftAsked
bytes_of(FunctionCallInfo fcinfo, int argument, bool by_value)
{
	struct varlena *value;

	if (PG_ARGISNULL(argument))
		return (CpDriftAsked){"", 0};
	if (by_value)
		return (CpDriftAsked){(char *) &fcinfo->args[argument].value, sizeof(Datum)};
	value = PG_GETARG_VARLENA_PP(argument);
	return (CpDriftAsked){VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

/* Keep it in a new state, and see that it is the same in later rows. */
static void
ask(CpDriftState *state, bool is_new, int position, CpDriftAsked now)
{
	const CpDriftAsked *asked = &state->asked[position];

	if (is_new)
		cp_drift_state_ask(state, position, now.bytes, now.length);
	else if (asked->length != now.length || memcmp(asked->bytes, now.bytes, now.length) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("what is asked of drift must be the same in all rows"),
		                errhint("For several questions in one query, group by them.")));
}

/* The state that the row goes to. read: NULL = there is no fourth argument. */
static inline CpDriftState *
row_state(FunctionCallInfo fcinfo, CpDriftForm form, OptionReader read)
{
	MemoryContext memory = cp_aggregate_memory(fcinfo);
	CpDriftState *state = PG_ARGISNULL(0) ? NULL : (CpDriftState *) PG_GETARG_POINTER(0);
	bool is_new = state == NULL;

	if (is_new)
	{
		CpDriftOptions options = {0};

		if (read != NULL && !PG_ARGISNULL(3))
			read(fcinfo, &options);
		state = cp_drift_state_make(memory, options.nedges > 0 ? CP_DRIFT_EDGES : form, &options);
	}
	if (read != NULL)
		ask(state, is_new, 0, bytes_of(fcinfo, 3, read == read_bins));
	return state;
}

/* A row of neither side: the state as it is. */
static Datum
unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

static inline Datum
add_number(FunctionCallInfo fcinfo, OptionReader read)
{
	CpDriftState *state;
	int side;
	double value;

	if (PG_ARGISNULL(2))
		return unchanged(fcinfo);
	state = row_state(fcinfo, CP_DRIFT_SAMPLES, read);
	side = PG_GETARG_BOOL(2) ? CP_DRIFT_CURRENT : CP_DRIFT_REFERENCE;
	value = PG_ARGISNULL(1) ? NAN : PG_GETARG_FLOAT8(1);
	if (unlikely(isnan(value)))
		state->missing[side]++;
	else if (state->form == CP_DRIFT_EDGES)
		state->counts[side][cp_reference_cell(&state->reference, value)]++;
	else
		cp_bridge_check(&state->bridge, cp_sample_add(&state->samples[side], value), NULL);
	PG_RETURN_POINTER(state);
}

Datum
cp_drift_transition(PG_FUNCTION_ARGS)
{
	return add_number(fcinfo, NULL);
}

Datum
cp_drift_transition_bins(PG_FUNCTION_ARGS)
{
	return add_number(fcinfo, read_bins);
}

Datum
cp_drift_transition_edges(PG_FUNCTION_ARGS)
{
	return add_number(fcinfo, read_edges);
}

Datum
cp_drift_transition_options(PG_FUNCTION_ARGS)
{
	return add_number(fcinfo, read_options);
}

Datum
cp_drift_transition_text(PG_FUNCTION_ARGS)
{
	CpDriftState *state;
	int side;

	if (PG_ARGISNULL(2))
		return unchanged(fcinfo);
	state = row_state(fcinfo, CP_DRIFT_CATEGORIES, PG_NARGS() > 3 ? read_text_options : NULL);
	side = PG_GETARG_BOOL(2) ? CP_DRIFT_CURRENT : CP_DRIFT_REFERENCE;
	if (PG_ARGISNULL(1))
		state->missing[side]++;
	else
	{
		text *value = PG_GETARG_TEXT_PP(1);

		cp_drift_state_category(state, side, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	}
	PG_RETURN_POINTER(state);
}

/* --- rows against a model's reference ------------------------------------- */

/* Kept from row to row: the model asked for last. */
typedef struct Opened
{
	CpModelProfile model;
	char *name; /* as it was asked for, NULL = the default */
} Opened;

static Opened *
open_model(FunctionCallInfo fcinfo)
{
	Opened *opened = fcinfo->flinfo->fn_extra;
	char *name = cp_optional_text(fcinfo, 2);

	if (opened != NULL && (name == NULL ? opened->name == NULL
	                                    : opened->name != NULL && strcmp(name, opened->name) == 0))
		return opened;
	opened = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Opened));
	cp_model_profile_open(&opened->model, name, 0, true, fcinfo->flinfo->fn_mcxt);
	if (name != NULL)
		opened->name = MemoryContextStrdup(fcinfo->flinfo->fn_mcxt, name);
	fcinfo->flinfo->fn_extra = opened;
	return opened;
}

static char *
feature_names(const CpFeatureMap *map)
{
	StringInfoData names;

	initStringInfo(&names);
	for (uint32 f = 0; f < map->count; f++)
		appendStringInfo(&names, "%s%s", f == 0 ? "" : ", ", map->features[f].name);
	return names.data;
}

static uint32
find_feature(const CpModelProfile *model, const char *name, bool category)
{
	const CpFeatureMap *map = &model->loaded->model.map;
	uint32 f = 0;

	while (f < map->count && strcmp(map->features[f].name, name) != 0)
		f++;
	if (f == map->count)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
		                errmsg("model \"%s\" has no feature \"%s\"", model->loaded->name, name),
		                errhint("Its features are: %s.", feature_names(map))));
	if ((map->features[f].kind == CP_CATEGORY) != category)
		ereport(ERROR,
		        (errcode(ERRCODE_DATATYPE_MISMATCH),
		         errmsg("feature \"%s\" of model \"%s\" is a %s", name, model->loaded->name,
		                cp_kind_name(map->features[f].kind)),
		         category ? errhint("Give a number: of a boolean 0 or 1, of a date or timestamp"
		                            " the seconds since 2000-01-01.")
		                  : errhint("Give a text.")));
	return f;
}

static CpDriftState *
model_state(FunctionCallInfo fcinfo, bool category)
{
	MemoryContext memory = cp_aggregate_memory(fcinfo);
	CpDriftState *state = PG_ARGISNULL(0) ? NULL : (CpDriftState *) PG_GETARG_POINTER(0);
	bool is_new = state == NULL;

	if (is_new)
	{
		CpDriftOptions options = {0};
		char *name = cp_required_text(fcinfo, 3, "feature");
		const CpModelProfile *model = &open_model(fcinfo)->model;
		uint32 f = find_feature(model, name, category);

		state = cp_drift_state_make(memory, CP_DRIFT_MODEL, &options);
		cp_drift_state_refer(state, &model->profile.features[f],
		                     &model->loaded->model.map.features[f].levels);
	}
	ask(state, is_new, 0, bytes_of(fcinfo, 2, false));
	ask(state, is_new, 1, bytes_of(fcinfo, 3, false));
	return state;
}

Datum
cp_drift_transition_model(PG_FUNCTION_ARGS)
{
	CpDriftState *state = model_state(fcinfo, false);
	double value = PG_ARGISNULL(1) ? NAN : PG_GETARG_FLOAT8(1);

	if (isnan(value))
		state->missing[CP_DRIFT_CURRENT]++;
	else
	{
		state->counts[CP_DRIFT_CURRENT][cp_reference_cell(&state->reference, value)]++;
		state->least = Min(state->least, value);
		state->most = Max(state->most, value);
	}
	PG_RETURN_POINTER(state);
}

/* Texts are read as models read them: see features.h. */
Datum
cp_drift_transition_model_text(PG_FUNCTION_ARGS)
{
	CpDriftState *state = model_state(fcinfo, true);
	uint32 other = state->reference.cells - 1;
	CpColumnReader reader;
	const char *value;
	size_t length;

	if (PG_ARGISNULL(1))
		state->missing[CP_DRIFT_CURRENT]++;
	else
	{
		cp_column_reader(TEXTOID, &reader);
		value = reader.text(PG_GETARG_DATUM(1), &length);
		state->counts[CP_DRIFT_CURRENT]
					 [Min(cp_dictionary_find(state->levels, value, length), other)]++;
	}
	PG_RETURN_POINTER(state);
}

/* --- states --------------------------------------------------------------- */

Datum
cp_drift_combine(PG_FUNCTION_ARGS)
{
	MemoryContext memory = cp_aggregate_memory(fcinfo);
	const CpDriftState *from;

	if (PG_ARGISNULL(1))
		return unchanged(fcinfo);
	from = (const CpDriftState *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(cp_drift_state_of_bytes(cp_drift_state_bytes(from), memory));
	cp_drift_state_merge((CpDriftState *) PG_GETARG_POINTER(0), from);
	return unchanged(fcinfo);
}

Datum
cp_drift_serialize(PG_FUNCTION_ARGS)
{
	cp_aggregate_memory(fcinfo);
	PG_RETURN_BYTEA_P(cp_drift_state_bytes((const CpDriftState *) PG_GETARG_POINTER(0)));
}

Datum
cp_drift_deserialize(PG_FUNCTION_ARGS)
{
	cp_aggregate_memory(fcinfo);
	PG_RETURN_POINTER(cp_drift_state_of_bytes(PG_GETARG_BYTEA_P(0), CurrentMemoryContext));
}

/* --- results ---------------------------------------------------------------- */

static CpDriftState *
final_state(FunctionCallInfo fcinfo, CpDriftFigure figure)
{
	CpDriftState *state;

	cp_aggregate_memory(fcinfo);
	state = (CpDriftState *) PG_GETARG_POINTER(0);
	cp_drift_options_check(&state->options, figure);
	return state;
}

static Datum
number_result(FunctionCallInfo fcinfo, double number)
{
	if (isnan(number))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(number);
}

static Datum
divergence_of_state(FunctionCallInfo fcinfo, CpDriftFigure figure, CpDriftPick pick)
{
	CpDriftState *state = final_state(fcinfo, figure);
	CpDriftMeasured measured;

	cp_drift_measure(state, &measured);
	return number_result(fcinfo, pick(&measured.divergence, &state->options));
}

Datum
cp_drift_psi_final(PG_FUNCTION_ARGS)
{
	return divergence_of_state(fcinfo, CP_DRIFT_PSI, cp_drift_psi_of);
}

Datum
cp_drift_kl_final(PG_FUNCTION_ARGS)
{
	return divergence_of_state(fcinfo, CP_DRIFT_KL, cp_drift_kl_of);
}

Datum
cp_drift_js_final(PG_FUNCTION_ARGS)
{
	return divergence_of_state(fcinfo, CP_DRIFT_JS, cp_drift_js_of);
}

Datum
cp_drift_wasserstein_final(PG_FUNCTION_ARGS)
{
	return number_result(fcinfo,
	                     cp_drift_wasserstein_of(final_state(fcinfo, CP_DRIFT_WASSERSTEIN)));
}

/* Values of a row on their way into a tuple. */
typedef struct Row
{
	Datum values[18];
	bool nulls[18];
	int count;
} Row;

static void
put_number(Row *row, double number)
{
	row->nulls[row->count] = isnan(number);
	row->values[row->count++] = Float8GetDatum(number);
}

static void
put_rows(Row *row, double rows)
{
	row->nulls[row->count] = false;
	row->values[row->count++] = Int64GetDatum((int64) rint(rows));
}

static void
put_test(Row *row, const CpDriftTest *test)
{
	put_number(row, test->statistic);
	put_number(row, test->df);
	put_number(row, test->p);
	row->nulls[row->count] = isnan(test->statistic);
	row->values[row->count++] = test->kind == NULL ? 0 : CStringGetTextDatum(test->kind);
}

static Datum
row_result(FunctionCallInfo fcinfo, Row *row)
{
	return HeapTupleGetDatum(heap_form_tuple(cp_returned_type(fcinfo), row->values, row->nulls));
}

static Datum
test_result(FunctionCallInfo fcinfo, const CpDriftTest *test)
{
	Row row = {.count = 0};

	if (isnan(test->statistic))
		PG_RETURN_NULL();
	put_test(&row, test);
	return row_result(fcinfo, &row);
}

Datum
cp_drift_ks_final(PG_FUNCTION_ARGS)
{
	CpDriftTest test = cp_drift_ks_of(final_state(fcinfo, CP_DRIFT_KS));

	return test_result(fcinfo, &test);
}

Datum
cp_drift_chi2_final(PG_FUNCTION_ARGS)
{
	CpDriftMeasured measured;

	cp_drift_measure(final_state(fcinfo, CP_DRIFT_CHI2), &measured);
	return test_result(fcinfo, &measured.chi2);
}

/* The reference of a model counts its missing rows itself. */
static double
missing_of(const CpDriftState *state, int side)
{
	if (state->form == CP_DRIFT_MODEL && side == CP_DRIFT_REFERENCE)
		return state->reference.missing;
	return (double) state->missing[side];
}

Datum
cp_drift_summary_final(PG_FUNCTION_ARGS)
{
	CpDriftState *state = final_state(fcinfo, CP_DRIFT_SUMMARY);
	CpDriftTest ks = cp_drift_ks_of(state);
	Row row = {.count = 0};
	CpDriftMeasured measured;

	cp_drift_measure(state, &measured);
	put_rows(&row, cp_drift_state_rows(state, CP_DRIFT_REFERENCE));
	put_rows(&row, cp_drift_state_rows(state, CP_DRIFT_CURRENT));
	put_rows(&row, missing_of(state, CP_DRIFT_REFERENCE));
	put_rows(&row, missing_of(state, CP_DRIFT_CURRENT));
	put_number(&row, measured.unseen);
	put_number(&row, cp_drift_psi_of(&measured.divergence, &state->options));
	put_number(&row, measured.chance);
	put_number(&row, cp_drift_kl_of(&measured.divergence, &state->options));
	put_number(&row, cp_drift_js_of(&measured.divergence, &state->options));
	put_number(&row, measured.divergence.total_variation);
	put_number(&row, ks.statistic);
	put_number(&row, ks.p);
	put_number(&row, cp_drift_wasserstein_of(state));
	put_number(&row, measured.chi2.statistic);
	put_number(&row, measured.chi2.df);
	put_number(&row, measured.chi2.p);
	put_number(&row, Max(cp_sample_error(&state->samples[CP_DRIFT_REFERENCE]),
	                     cp_sample_error(&state->samples[CP_DRIFT_CURRENT])));
	return row_result(fcinfo, &row);
}

/* --- of counts ---------------------------------------------------------------- */

static double *
counts_argument(FunctionCallInfo fcinfo, int argument, const char *name, uint32 *count)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(argument);
	double *counts = (double *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) > 1 || ARR_HASNULL(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"%s\" must be one row of counts", name),
		                ARR_HASNULL(array) ? errdetail("One of them is NULL.")
		                                   : errdetail("It has %d dimensions.", ARR_NDIM(array)),
		                errhint("Give 0 for a cell without rows.")));
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	for (uint32 i = 0; i < *count; i++)
		if (!(counts[i] >= 0 && counts[i] <= DBL_MAX))
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("counts must be 0 or more and finite"),
			         errdetail("Count %u of \"%s\" is %s.", i + 1, name, cp_shortest(counts[i]))));
	return counts;
}

/* false when an argument is NULL. */
static bool
measure_counts(FunctionCallInfo fcinfo, CpDriftFigure figure, CpDriftOptions *options,
               CpDriftMeasured *measured)
{
	CpDriftCells cells;
	uint32 count;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return false;
	memset(options, 0, sizeof(*options));
	cp_drift_options_read(options, cp_options_argument(fcinfo, 2), false);
	cp_drift_options_check(options, figure);
	cells.reference = counts_argument(fcinfo, 0, "reference", &cells.count);
	cells.current = counts_argument(fcinfo, 1, "current", &count);
	if (count != cells.count)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("both sides must have the same cells"),
		         errdetail("The reference has %u and the current one %u.", cells.count, count)));
	cp_drift_measure_cells(&cells, options, NAN, NAN, measured);
	return true;
}

static Datum
divergence_of_counts(FunctionCallInfo fcinfo, CpDriftFigure figure, CpDriftPick pick)
{
	CpDriftOptions options;
	CpDriftMeasured measured;

	if (!measure_counts(fcinfo, figure, &options, &measured))
		PG_RETURN_NULL();
	return number_result(fcinfo, pick(&measured.divergence, &options));
}

Datum
cp_drift_psi(PG_FUNCTION_ARGS)
{
	return divergence_of_counts(fcinfo, CP_DRIFT_PSI, cp_drift_psi_of);
}

Datum
cp_drift_kl(PG_FUNCTION_ARGS)
{
	return divergence_of_counts(fcinfo, CP_DRIFT_KL, cp_drift_kl_of);
}

Datum
cp_drift_js(PG_FUNCTION_ARGS)
{
	return divergence_of_counts(fcinfo, CP_DRIFT_JS, cp_drift_js_of);
}

Datum
cp_drift_chi2(PG_FUNCTION_ARGS)
{
	CpDriftOptions options;
	CpDriftMeasured measured;

	if (!measure_counts(fcinfo, CP_DRIFT_CHI2, &options, &measured))
		PG_RETURN_NULL();
	return test_result(fcinfo, &measured.chi2);
}
