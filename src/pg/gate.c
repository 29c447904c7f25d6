/*
 * gate.c: is a version just trained better than the deployed one?
 */
#include "pg/compat.h"

#include <math.h>

#include "num/special.h"
#include "pg/customer_filter.h"
#include "pg/gate.h"

/* Rows, and rows of either class, that a comparison takes. */
#define LEAST_ROWS 200
#define LEAST_OF_CLASS 20

/* Rows to compare on, as places among the held-out ones. */
typedef struct Slice
{
	uint32 *places; /* [count] */
	uint32 count;
	uint32 churned;
} Slice;

static void
add_place(Slice *slice, const CpTrained *trained, uint32 place)
{
	slice->places[slice->count++] = place;
	slice->churned += trained->test_labels[place];
}

static bool
is_enough(const Slice *slice)
{
	return slice->count >= LEAST_ROWS && slice->churned >= LEAST_OF_CLASS &&
	       slice->count - slice->churned >= LEAST_OF_CLASS;
}

/* Held-out rows of customers that the incumbent did not learn from; none when it cannot be told. */
static void
choose_unknown(const CpGate *gate, CpBridge *bridge, const CpTrainingSet *set,
               const CpTrained *trained, Slice *slice)
{
	bytea *customers = cp_store_customers(&gate->incumbent->ref);
	CpBloom filter;

	slice->count = slice->churned = 0;
	if (customers == NULL || !set->identified)
		return;
	cp_customer_filter_read(bridge, customers, &filter);
	for (uint32 i = 0; i < trained->test_rows; i++)
		if (!cp_bloom_has(&filter, set->dataset.units[trained->rows[trained->train_rows + i]]))
			add_place(slice, trained, i);
}

static void
choose_all(const CpTrained *trained, Slice *slice)
{
	slice->count = slice->churned = 0;
	for (uint32 i = 0; i < trained->test_rows; i++)
		add_place(slice, trained, i);
}

/* --- the incumbent's view of a row --------------------------------------------- */

/*
 * For each feature of the incumbent the column of the dataset; NULL where the training found nothing
 * to learn in it, or it is gone or of another kind: then it counts as missing.
 */
static const CpColumn **
match_columns(const CpFeatureMap *map, const CpDataset *dataset)
{
	const CpColumn **columns = palloc0(map->count * sizeof(CpColumn *));

	for (uint32 f = 0; f < map->count; f++)
		for (uint32 c = 0; c < dataset->ncolumns; c++)
		{
			const CpColumn *column = &dataset->columns[c];

			if (column->dropped == CP_KEPT && strcmp(column->name, map->features[f].name) == 0 &&
			    (column->kind == CP_CATEGORY) == (map->features[f].kind == CP_CATEGORY))
				columns[f] = column;
		}
	return columns;
}

/* A level by its text, since codes are each model's own. */
static double
level_for(const CpFeature *feature, const CpColumn *column, double level)
{
	const char *text;
	size_t length;
	uint32 code;

	if (isnan(level) || level == CP_LEVEL_OTHER(column))
		return isnan(level) ? NAN : CP_OTHER(feature);
	text = cp_dictionary_text(&column->texts, (uint32) level, &length);
	code = cp_dictionary_find(&feature->levels, text, length);
	return code == CP_NO_CODE ? CP_OTHER(feature) : code;
}

/* What the incumbent makes of the rows: [slice->count]. */
static double *
score_by_incumbent(const CpLoaded *incumbent, const CpDataset *dataset, const CpTrained *trained,
                   const Slice *slice)
{
	const CpFeatureMap *map = &incumbent->model.map;
	const CpColumn **columns = match_columns(map, dataset);
	double *vector = palloc(map->count * sizeof(double));
	void *scratch = palloc(incumbent->scratch);
	double *scores = palloc(slice->count * sizeof(double));

	for (uint32 i = 0; i < slice->count; i++)
	{
		uint32 row = trained->rows[trained->train_rows + slice->places[i]];

		if (i % 1000 == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint32 f = 0; f < map->count; f++)
		{
			double value = columns[f] == NULL ? NAN : cp_dataset_value(columns[f], row);

			vector[f] = columns[f] != NULL && columns[f]->kind == CP_CATEGORY
			                ? level_for(&map->features[f], columns[f], value)
			                : value;
		}
		scores[i] = cp_model_probability(&incumbent->model, vector, scratch);
	}
	return scores;
}

/* --- verdict -------------------------------------------------------------------- */

/* Mean losses by weight, and the interval of the mean difference. */
static void
compare(const CpTrained *trained, const Slice *slice, const double *scores, CpGateVerdict *verdict)
{
	double all = 0, squares = 0, error;

	verdict->incumbent = verdict->candidate = 0;
	for (uint32 i = 0; i < slice->count; i++)
	{
		uint32 place = slice->places[i];
		double weight = cp_row_weight(trained->test_weights, place);
		int churned = trained->test_labels[place];

		all += weight;
		verdict->incumbent += weight * cp_log_loss_of(scores[i], churned);
		verdict->candidate += weight * cp_log_loss_of(trained->test_probabilities[place], churned);
	}
	verdict->incumbent /= all;
	verdict->candidate /= all;
	verdict->difference = verdict->candidate - verdict->incumbent;
	for (uint32 i = 0; i < slice->count; i++)
	{
		uint32 place = slice->places[i];
		double weight = cp_row_weight(trained->test_weights, place) / all;
		int churned = trained->test_labels[place];
		double apart = cp_log_loss_of(trained->test_probabilities[place], churned) -
		               cp_log_loss_of(scores[i], churned) - verdict->difference;

		squares += weight * weight * apart * apart;
	}
	error = cp_normal_quantile(0.975) * sqrt(squares);
	verdict->low = verdict->difference - error;
	verdict->high = verdict->difference + error;
	verdict->passed = verdict->difference < 0;
}

static void
explain(CpGate *gate)
{
	CpGateVerdict *verdict = &gate->verdict;
	const char *which = verdict->unknown ? "held-out rows of customers new to it"
	                    : gate->by_time  ? "newest rows"
	                                     : "held-out rows, which it may have learned from in part";

	verdict->reason = MemoryContextStrdup(
		gate->memory, isnan(verdict->difference)
						  ? psprintf("%u held-out rows are too few to compare on.", verdict->rows)
						  : psprintf("log-loss %.4f, the version before has %.4f, on %u %s"
	                                 " (difference %+.4f, 95 %% interval %+.4f to %+.4f).",
	                                 verdict->candidate, verdict->incumbent, verdict->rows, which,
	                                 verdict->difference, verdict->low, verdict->high));
}

bool
cp_gate(void *arg, CpBridge *bridge, const CpTrainingSet *set, const CpTrained *trained)
{
	CpGate *gate = arg;
	CpGateVerdict *verdict = &gate->verdict;
	Slice slice = {.places = palloc(trained->test_rows * sizeof(uint32))};

	memset(verdict, 0, sizeof(*verdict));
	verdict->incumbent = verdict->candidate = verdict->difference = NAN;
	verdict->low = verdict->high = NAN;
	choose_unknown(gate, bridge, set, trained, &slice);
	verdict->unknown = is_enough(&slice);
	if (!verdict->unknown)
		choose_all(trained, &slice);
	verdict->rows = slice.count;
	if (is_enough(&slice))
		compare(trained, &slice,
		        score_by_incumbent(gate->incumbent, &set->dataset, trained, &slice), verdict);
	explain(gate);
	return verdict->passed;
}
