/*
 * train.c: from a finished dataset to a model and what it is worth.
 */
#include "learn/train.h"

#include <math.h>
#include <string.h>

static CpStatus
check_features(CpContext *context, const CpDataset *dataset)
{
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
		if (dataset->columns[c].dropped == CP_KEPT)
			return CP_OK;
	return cp_fail(context, CP_BAD_DATA, "No column is left to learn from.");
}

/* Are there rows of both classes to learn from? *rarer: rows of the rarer one. */
static CpStatus
count_classes(CpContext *context, const CpDataset *dataset, const uint32_t *rows, uint32_t n,
              uint32_t *rarer)
{
	uint32_t churned = 0;

	for (uint32_t i = 0; i < n; i++)
		churned += dataset->labels[rows[i]];
	*rarer = churned < n - churned ? churned : n - churned;
	if (n == 0)
		return cp_fail(context, CP_BAD_DATA, "No rows are left to learn from: all %u are held out.",
		               dataset->rows);
	if (*rarer < 2)
		return cp_fail(context, CP_BAD_DATA,
		               "At least two rows of each class are needed to learn from;"
		               " %u churned and %u stayed.",
		               churned, n - churned);
	return CP_OK;
}

/* Folds to choose the rounds with; each gets a row of either class where classes decide. */
static void
choose_folds(const CpTrainParams *params, uint32_t rows, uint32_t rarer, uint32_t *nfolds,
             uint32_t *parts)
{
	*nfolds = params->folds > 0                 ? params->folds
	          : rows <= CP_CROSS_VALIDATED_ROWS ? CP_DEFAULT_FOLDS
	                                            : 1;
	*parts = *nfolds == 1 ? CP_VALIDATION_PARTS : *nfolds;
	*parts = *parts < rarer ? *parts : rarer;
	*nfolds = *nfolds == 1 ? 1 : *parts;
}

/* Labels and weights of the rows to learn from, side by side. */
static CpStatus
gather_targets(CpContext *context, const CpDataset *dataset, const uint32_t *rows, uint32_t n,
               uint8_t **labels, double **weights)
{
	*weights = NULL;
	CP_TRY(cp_alloc(context, labels, n, 1));
	if (dataset->weights != NULL)
		CP_TRY(cp_alloc(context, weights, n, sizeof(double)));
	for (uint32_t i = 0; i < n; i++)
	{
		(*labels)[i] = dataset->labels[rows[i]];
		if (*weights != NULL)
			(*weights)[i] = dataset->weights[rows[i]];
	}
	return CP_OK;
}

static CpStatus
screen(CpContext *context, const CpTraining *training, const CpTrainParams *params, uint8_t **kept)
{
	uint32_t features = training->binned->nfeatures;

	CP_TRY(cp_alloc(context, kept, features, 1));
	memset(*kept, 1, features);
	return params->screen ? cp_screen(context, training, &params->ensemble, *kept) : CP_OK;
}

static CpStatus
fit(CpContext *context, const CpDataset *dataset, const CpTrainParams *params, const uint32_t *rows,
    CpTrained *trained)
{
	/* Whole units stay whole in the folds too; within the training part time is no longer told apart. */
	CpSplitBy by =
		params->split_by == CP_SPLIT_WHOLE_UNITS ? CP_SPLIT_WHOLE_UNITS : CP_SPLIT_STRATIFIED;
	uint32_t n = trained->train_rows;
	CpTraining training = {.dataset = dataset, .rows = rows, .n = n, .seed = params->seed};
	uint32_t rarer, parts;
	uint8_t *folds, *labels;
	double *weights;
	CpBinned binned;

	CP_TRY(count_classes(context, dataset, rows, n, &rarer));
	CP_TRY(check_features(context, dataset));
	choose_folds(params, n, rarer, &training.nfolds, &parts);
	CP_TRY(cp_alloc(context, &folds, n, 1));
	CP_TRY(cp_split_folds(dataset, rows, n, by, parts, folds));
	CP_TRY(gather_targets(context, dataset, rows, n, &labels, &weights));
	CP_TRY(cp_bin(dataset, rows, n, params->ensemble.gbm.max_bins, &binned));
	training.folds = folds;
	training.labels = labels;
	training.weights = weights;
	training.binned = &binned;
	CP_TRY(screen(context, &training, params, &trained->kept));
	training.kept = trained->kept;
	CP_TRY(cp_alloc(context, &trained->alone_aucs, trained->model.map.count, sizeof(double)));
	CP_TRY(cp_leak_aucs(context, &training, trained->alone_aucs));
	CP_TRY(cp_ensemble_fit(context, &training, &params->ensemble, &trained->model.ensemble,
	                       &trained->report));
	cp_binned_free(context, &binned);
	cp_free(context, &folds);
	cp_free(context, &labels);
	cp_free(context, &weights);
	return CP_OK;
}

/* rows: all of the dataset's, in its own order, so that the last bit is the same for the same rows. */
static double
churn_rate(const CpDataset *dataset, const uint32_t *rows)
{
	double churned = 0, all = 0;

	for (uint32_t i = 0; i < dataset->rows; i++)
	{
		double weight = dataset->weights == NULL ? 1 : dataset->weights[rows[i]];

		all += weight;
		churned += dataset->labels[rows[i]] ? weight : 0;
	}
	return churned / all;
}

/* rows: [train_rows]. */
static CpStatus
choose_background(CpContext *context, const CpDataset *dataset, const uint32_t *rows,
                  CpTrained *trained)
{
	CpModel *model = &trained->model;
	uint32_t *candidates;
	uint32_t n;
	double *scores;

	CP_TRY(cp_background_candidates(context, dataset, rows, trained->train_rows, &candidates, &n));
	CP_TRY(cp_alloc(context, &scores, n, sizeof(double)));
	CP_TRY(cp_model_score_rows(context, model, dataset, candidates, n, scores));
	CP_TRY(cp_background_choose(context, dataset, model->map.count, candidates, scores, n,
	                            &model->background));
	cp_free(context, &candidates);
	cp_free(context, &scores);
	return CP_OK;
}

static CpStatus
measure(CpContext *context, const CpDataset *dataset, const uint32_t *rows, uint64_t seed,
        CpTrained *trained)
{
	uint32_t n = trained->test_rows;

	CP_TRY(cp_alloc(context, &trained->test_probabilities, n, sizeof(double)));
	CP_TRY(
		gather_targets(context, dataset, rows, n, &trained->test_labels, &trained->test_weights));
	CP_TRY(cp_model_score_rows(context, &trained->model, dataset, rows, n,
	                           trained->test_probabilities));
	CP_TRY(cp_metrics(context, trained->test_probabilities, trained->test_labels,
	                  trained->test_weights, n, &trained->metrics));
	CP_TRY(cp_alloc(context, &trained->importance, trained->model.map.count, sizeof(CpImportance)));
	return cp_importance(context, &trained->model, dataset, rows, n, seed, trained->importance);
}

CpStatus
cp_train_model(CpContext *context, const CpDataset *dataset, const CpTrainParams *params,
               CpTrained *trained)
{
	uint32_t *rows;

	memset(trained, 0, sizeof(*trained));
	CP_TRY(cp_dataset_order(dataset, params->seed, &rows));
	trained->churn_rate = churn_rate(dataset, rows);
	CP_TRY(cp_split_hold_out(dataset, rows, dataset->rows, params->split_by, params->test_size,
	                         &trained->train_rows));
	trained->test_rows = dataset->rows - trained->train_rows;
	CP_TRY(cp_dataset_featuremap(dataset, &trained->model.map));
	CP_TRY(cp_leak_repeats(dataset, rows, dataset->rows, trained->train_rows, &trained->repeats));
	CP_TRY(fit(context, dataset, params, rows, trained));
	CP_TRY(choose_background(context, dataset, rows, trained));
	CP_TRY(measure(context, dataset, rows + trained->train_rows, params->seed, trained));
	trained->rows = rows;
	return CP_OK;
}
