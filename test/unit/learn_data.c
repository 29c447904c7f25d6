/*
 * learn_data.c: small data sets for the tests of src/learn.
 */
#include "learn_data.h"

#include <string.h>

#include <math.h>
#include <stdio.h>

#include "num/rng.h"
#include "num/special.h"

static const char *const names[LEARN_MOST_COLUMNS] = {
	"c0",  "c1",  "c2",  "c3",  "c4",  "c5",  "c6",  "c7",  "c8",  "c9",  "c10", "c11",
	"c12", "c13", "c14", "c15", "c16", "c17", "c18", "c19", "c20", "c21", "c22", "c23"};

const CpKind learn_kinds[LEARN_COLUMNS] = {CP_NUMBER,   CP_NUMBER,   CP_BOOLEAN,
                                           CP_CATEGORY, CP_CATEGORY, CP_NUMBER};

static CpStatus
add_value(CpDataset *dataset, uint32_t column, CpKind kind, double value)
{
	char text[32];

	if (isnan(value))
		cp_dataset_set_missing(dataset, column);
	else if (kind != CP_CATEGORY)
		cp_dataset_set_number(dataset, column, value);
	else
		return cp_dataset_set_text(dataset, column, text,
		                           (size_t) snprintf(text, sizeof(text), "level %g", value));
	return CP_OK;
}

static CpStatus
add_row(CpDataset *dataset, const LearnTable *table, uint32_t row)
{
	CpRowInfo info = {0};

	CP_TRY(cp_dataset_begin_row(dataset));
	for (uint32_t c = 0; c < table->ncolumns; c++)
		CP_TRY(add_value(dataset, c, table->kinds[c],
		                 table->values[(size_t) row * table->ncolumns + c]));
	info.churned = table->labels[row] != 0;
	info.weight = table->weights == NULL ? 1 : table->weights[row];
	info.time = table->times == NULL ? 0 : table->times[row];
	info.unit = table->units == NULL ? 0 : table->units[row];
	info.identity = table->identities == NULL ? 0 : table->identities[row];
	return cp_dataset_end_row(dataset, &info);
}

CpStatus
learn_fill(CpDataset *dataset, CpContext *context, const LearnTable *table)
{
	CP_TRY(cp_dataset_init(dataset, context, table->ncolumns, names, table->kinds,
	                       table->weights != NULL, table->times != NULL, table->max_rows,
	                       table->seed));
	for (uint32_t i = 0; i < table->rows; i++)
		CP_TRY(add_row(dataset, table, table->arrival == NULL ? i : table->arrival[i]));
	return CP_OK;
}

CpStatus
learn_dataset(CpDataset *dataset, CpContext *context, const LearnTable *table)
{
	CP_TRY(learn_fill(dataset, context, table));
	return cp_dataset_finish(dataset);
}

void
learn_problem(uint64_t seed, uint32_t rows, double *values, uint8_t *labels, double *log_odds)
{
	static const double of_plan[3] = {-1, 0, 0.8};
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (uint32_t row = 0; row < rows; row++)
	{
		double *v = values + (size_t) row * LEARN_COLUMNS;
		double odds = -0.6;

		v[0] = 1 + (double) cp_rng_below(&rng, 72);
		v[1] = cp_rng_uniform(&rng) < 0.1 ? NAN : 20 + 100 * cp_rng_uniform(&rng);
		v[2] = (double) cp_rng_below(&rng, 2);
		v[3] = (double) cp_rng_below(&rng, 3);
		v[4] = cp_rng_uniform(&rng) < 0.05 ? NAN : (double) cp_rng_below(&rng, 12);
		v[5] = (double) cp_rng_below(&rng, 10);
		odds += -0.04 * (v[0] - 36) + (isnan(v[1]) ? 0.8 : 0.02 * (v[1] - 70)) + v[2] +
		        of_plan[(int) v[3]];
		odds += isnan(v[4]) ? 0 : ((int) v[4] % 4 - 1.5) * 0.5;
		labels[row] = cp_rng_uniform(&rng) < cp_sigmoid(odds);
		if (log_odds != NULL)
			log_odds[row] = odds;
	}
}

CpStatus
learn_fit_table(LearnFit *fit, CpContext *context)
{
	uint32_t n = fit->table.rows;

	fit->table.values = fit->values;
	fit->table.labels = fit->labels;
	CP_TRY(learn_dataset(&fit->dataset, context, &fit->table));
	for (uint32_t row = 0; row < n; row++)
		fit->rows[row] = row;
	memset(fit->folds, 1, n);
	CP_TRY(cp_bin(&fit->dataset, fit->rows, n, CP_MAX_BINS, &fit->binned));
	fit->data = (CpTraining){.dataset = &fit->dataset,
	                         .rows = fit->rows,
	                         .n = n,
	                         .labels = fit->labels,
	                         .folds = fit->folds,
	                         .nfolds = 1,
	                         .binned = &fit->binned,
	                         .seed = 1};
	return CP_OK;
}

CpStatus
learn_fit_problem(LearnFit *fit, CpContext *context, uint64_t seed, uint32_t n)
{
	memset(&fit->table, 0, sizeof(fit->table));
	fit->table.rows = n;
	fit->table.ncolumns = LEARN_COLUMNS;
	fit->table.kinds = learn_kinds;
	learn_problem(seed, n, fit->values, fit->labels, NULL);
	return learn_fit_table(fit, context);
}

void
learn_train_params(CpTrainParams *params)
{
	params->split_by = CP_SPLIT_STRATIFIED;
	params->test_size = 0.2;
	params->folds = 1;
	params->screen = false;
	params->seed = 1;
	cp_ensemble_defaults(&params->ensemble);
	params->ensemble.members = CP_MEMBER_BIT(CP_MEMBER_GBM);
	params->ensemble.gbm.rounds = 40;
	params->ensemble.gbm.learning_rate = 0.2;
	params->ensemble.gbm.max_depth = 3;
	params->ensemble.gbm.min_child_weight = 1;
	params->ensemble.gbm.subsample = 1;
	params->ensemble.gbm.colsample = 1;
	params->ensemble.gbm.early_stopping = 0;
}

CpStatus
learn_train(CpContext *context, uint32_t n, bool weighted, const CpTrainParams *params,
            CpTrained *trained)
{
	LearnTable table = {0};
	CpDataset dataset;
	double *values, *weights;
	uint8_t *labels;

	CP_TRY(cp_alloc(context, &values, (size_t) n * LEARN_COLUMNS, sizeof(double)));
	CP_TRY(cp_alloc(context, &weights, n, sizeof(double)));
	CP_TRY(cp_alloc(context, &labels, n, 1));
	learn_problem(7, n, values, labels, NULL);
	for (uint32_t row = 0; row < n; row++)
		weights[row] = row % 5;
	table.rows = n;
	table.ncolumns = LEARN_COLUMNS;
	table.kinds = learn_kinds;
	table.values = values;
	table.labels = labels;
	table.weights = weighted ? weights : NULL;
	CP_TRY(learn_dataset(&dataset, context, &table));
	return cp_train_model(context, &dataset, params, trained);
}
