/*
 * domain.c: can a classifier tell two sets of customers apart?
 */
#include "learn/domain.h"

#include <math.h>

#include "learn/gbm.h"
#include "learn/importance.h"
#include "learn/split.h"
#include "num/special.h"
#include "num/vec.h"

#define FOLDS 3

/* Rounds are fixed: to choose them by the rows that judge would favour the classifier. */
static const CpGbmParams light = {
	.rounds = 40,
	.learning_rate = 0.15,
	.max_depth = 4,
	.min_child_weight = 5,
	.l2 = 1,
	.subsample = 0.7,
	.colsample = 0.5,
	.max_bins = 32,
};

/* Rows of both sides; a row of today is one that "churned". */
typedef struct Sides
{
	CpDataset dataset;
	uint32_t *rows; /* [dataset.rows] in the dataset's own order */
	uint8_t *labels;
	uint8_t *folds;
	double *scores;           /* log-odds of being of today, out of fold */
	CpImportance *importance; /* [map->count] of the kept columns */
} Sides;

/* A level's text is its code, one byte. */
static CpStatus
add_value(CpDataset *dataset, uint32_t column, const CpFeature *feature, double value)
{
	char text;

	if (isnan(value))
		cp_dataset_set_missing(dataset, column);
	else if (feature->kind != CP_CATEGORY)
		cp_dataset_set_number(dataset, column, value);
	else
	{
		text = (char) (uint8_t) (value < CP_OTHER(feature) ? value : CP_OTHER(feature));
		CP_TRY(cp_dataset_set_text(dataset, column, &text, 1));
	}
	return CP_OK;
}

static CpStatus
add_rows(CpDataset *dataset, const CpFeatureMap *map, const double *vectors, uint32_t n, bool today)
{
	CpRowInfo info = {.churned = today};

	for (uint32_t row = 0; row < n; row++)
	{
		CP_TRY(cp_poll(dataset->context));
		CP_TRY(cp_dataset_begin_row(dataset));
		for (uint32_t f = 0; f < map->count; f++)
			CP_TRY(
				add_value(dataset, f, &map->features[f], vectors[(size_t) row * map->count + f]));
		CP_TRY(cp_dataset_end_row(dataset, &info));
	}
	return CP_OK;
}

static CpStatus
init_dataset(CpContext *context, const CpFeatureMap *map, CpDataset *dataset)
{
	const char **names;
	CpKind *kinds;

	CP_TRY(cp_alloc(context, &names, map->count, sizeof(*names)));
	CP_TRY(cp_alloc(context, &kinds, map->count, sizeof(*kinds)));
	for (uint32_t f = 0; f < map->count; f++)
	{
		names[f] = map->features[f].name;
		kinds[f] = map->features[f].kind;
	}
	CP_TRY(cp_dataset_init(dataset, context, map->count, names, kinds, false, false, 0, 0));
	cp_free(context, &names);
	cp_free(context, &kinds);
	return CP_OK;
}

static CpStatus
gather(CpContext *context, const CpFeatureMap *map, const double *const vectors[2],
       const uint32_t counts[2], uint64_t seed, Sides *sides)
{
	CpDataset *dataset = &sides->dataset;

	CP_TRY(init_dataset(context, map, dataset));
	for (int today = 0; today < 2; today++)
		CP_TRY(add_rows(dataset, map, vectors[today], counts[today], today));
	CP_TRY(cp_dataset_finish(dataset));
	CP_TRY(cp_dataset_order(dataset, seed, &sides->rows));
	CP_TRY(cp_alloc(context, &sides->labels, dataset->rows, 1));
	CP_TRY(cp_alloc(context, &sides->folds, dataset->rows, 1));
	for (uint32_t i = 0; i < dataset->rows; i++)
		sides->labels[i] = dataset->labels[sides->rows[i]];
	CP_TRY(cp_split_folds(dataset, sides->rows, dataset->rows, CP_SPLIT_STRATIFIED, FOLDS,
	                      sides->folds));
	CP_TRY(cp_alloc_zero(context, &sides->scores, dataset->rows, sizeof(double)));
	return cp_alloc_zero(context, &sides->importance, map->count, sizeof(CpImportance));
}

/* Without a column that varies all scores stay 0, all gains too. */
static CpStatus
classify(CpContext *context, uint64_t seed, Sides *sides)
{
	CpTraining training = {.dataset = &sides->dataset,
	                       .rows = sides->rows,
	                       .n = sides->dataset.rows,
	                       .labels = sides->labels,
	                       .folds = sides->folds,
	                       .nfolds = FOLDS,
	                       .seed = seed};
	CpBinned binned;
	CpGbm gbm;

	CP_TRY(cp_bin(&sides->dataset, sides->rows, training.n, light.max_bins, &binned));
	training.binned = &binned;
	if (binned.nfeatures > 0)
	{
		CP_TRY(cp_gbm_fit(context, &training, &light, &gbm, sides->scores));
		cp_importance_add_trees(&gbm.trees, 1, sides->importance);
		cp_gbm_free(&gbm);
	}
	cp_binned_free(context, &binned);
	return CP_OK;
}

static CpStatus
judge(CpContext *context, double confidence, const Sides *sides, CpDomain *domain)
{
	CpScored scored = {sides->dataset.rows, sides->scores, sides->labels, NULL};
	double confidence_of_rows =
		2 * cp_normal_cdf(CP_FOLDS_INFLATION * cp_two_sided_z(confidence)) - 1;
	CpEvaluation evaluation;
	uint32_t kept = 0;

	cp_vec_sigmoid(sides->scores, sides->scores, scored.rows);
	CP_TRY(cp_evaluation(context, &scored, confidence_of_rows, &evaluation));
	domain->auc = evaluation.metrics.auc;
	domain->range = evaluation.auc;
	for (uint32_t c = 0; c < sides->dataset.ncolumns; c++)
		if (sides->dataset.columns[c].dropped == CP_KEPT)
			domain->gains[c] = sides->importance[kept++].gain;
	return CP_OK;
}

static void
free_sides(CpContext *context, Sides *sides)
{
	cp_dataset_free(&sides->dataset);
	cp_free(context, &sides->rows);
	cp_free(context, &sides->labels);
	cp_free(context, &sides->folds);
	cp_free(context, &sides->scores);
	cp_free(context, &sides->importance);
}

CpStatus
cp_domain_compare(CpContext *context, const CpFeatureMap *map, const double *reference,
                  uint32_t nreference, const double *current, uint32_t ncurrent, uint64_t seed,
                  double confidence, CpDomain *domain)
{
	const double *vectors[2] = {reference, current};
	uint32_t counts[2] = {nreference < CP_DOMAIN_ROWS ? nreference : CP_DOMAIN_ROWS,
	                      ncurrent < CP_DOMAIN_ROWS ? ncurrent : CP_DOMAIN_ROWS};
	Sides sides;

	domain->auc = NAN;
	domain->range = (CpInterval){NAN, NAN};
	CP_TRY(cp_alloc_zero(context, &domain->gains, map->count, sizeof(double)));
	if (counts[0] < CP_DOMAIN_LEAST || counts[1] < CP_DOMAIN_LEAST)
		return CP_OK;
	CP_TRY(gather(context, map, vectors, counts, seed, &sides));
	CP_TRY(classify(context, seed, &sides));
	CP_TRY(judge(context, confidence, &sides, domain));
	free_sides(context, &sides);
	return CP_OK;
}
