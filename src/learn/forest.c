/*
 * forest.c: a random forest of probability trees.
 */
#include "learn/forest.h"

#include <math.h>
#include <string.h>

#include "learn/metrics.h"
#include "learn/tree_grow.h"
#include "num/rng.h"
#include "num/special.h"

/* A row is drawn so often at most: a sum of gradients then fits its fixed-point number. */
#define MOST_DRAWS 16
/* A mean over leaves is taken no nearer to 0 or 1 than this: a log-odds of 13.8. */
#define LEAST_PROBABILITY 1e-6
/* Trees between two progress lines. */
#define PROGRESS_TREES 100

void
cp_forest_defaults(CpForestParams *params)
{
	params->trees = 150;
	params->max_depth = 12;
	params->min_leaf = 0;
	params->colsample = 0.45;
	params->smoothing = 1;
}

const char *
cp_forest_check(const CpForestParams *params)
{
	if (params->trees < 1 || params->trees > 10000)
		return "\"trees\" must be between 1 and 10000.";
	if (params->max_depth < 1 || params->max_depth > CP_MAX_DEPTH)
		return "\"max_depth\" must be between 1 and 32.";
	if (!(params->min_leaf >= 0 && isfinite(params->min_leaf)))
		return "\"min_leaf\" must be zero or more.";
	if (!(params->colsample > 0 && params->colsample <= 1))
		return "\"colsample\" must be above 0 and at most 1.";
	if (!(params->smoothing >= 0 && isfinite(params->smoothing)))
		return "\"smoothing\" must be zero or more.";
	return NULL;
}

void
cp_forest_vary(CpForestParams *params, CpRng *rng)
{
	params->max_depth = (uint32_t) lround(cp_vary(rng, params->max_depth, 3, 20));
	params->colsample = cp_vary(rng, params->colsample, 0.1, 1);
	params->smoothing = cp_vary(rng, params->smoothing, 0.1, 10);
}

/* A forest in the making. */
typedef struct Planter
{
	const CpTraining *training;
	CpGrower grower;
	uint8_t *draws;                /* [n] how often a row is in the tree's sample */
	double *leaves;                /* [n] leaf value of the tree in hand, 0 between trees */
	double *sums;                  /* [n] leaf values over the trees that left the row's fold out */
	double base[CP_NO_FOLD];       /* [nfolds] churn rate without the fold */
	uint32_t trees_of[CP_NO_FOLD]; /* [nfolds] trees that left the fold out */
} Planter;

static CpStatus
planter_init(Planter *planter, CpContext *context, const CpTraining *training,
             const CpForestParams *params)
{
	CpGrowParams grow;

	cp_grow_defaults(&grow);
	grow.max_depth = params->max_depth;
	grow.features_per_split = (uint32_t) ceil(params->colsample * cp_training_features(training));
	memset(planter, 0, sizeof(*planter));
	planter->training = training;
	CP_TRY(cp_grower_init(&planter->grower, context, training->binned, &grow));
	if (training->kept != NULL)
		memcpy(planter->grower.allowed, training->kept, training->binned->nfeatures);
	planter->grower.unit = cp_training_largest_weight(training) * MOST_DRAWS / CP_GRADIENT_STEPS;
	CP_TRY(cp_alloc_zero(context, &planter->draws, training->n, 1));
	CP_TRY(cp_alloc_zero(context, &planter->leaves, training->n, sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &planter->sums, training->n, sizeof(double)));
	planter->grower.scores = planter->leaves;
	for (uint32_t k = 0; k < training->nfolds; k++)
	{
		CP_TRY(cp_training_base(context, training, (uint8_t) k, &planter->base[k]));
		planter->base[k] = cp_sigmoid(planter->base[k]);
	}
	return CP_OK;
}

static void
planter_free(Planter *planter, CpContext *context)
{
	cp_grower_free(&planter->grower);
	cp_free(context, &planter->draws);
	cp_free(context, &planter->leaves);
	cp_free(context, &planter->sums);
}

/* A bootstrap sample of the rows of other folds; the rows of this one are carried along. */
static void
draw_sample(Planter *planter, CpRng *rng, uint8_t fold)
{
	const CpTraining *training = planter->training;
	CpGrower *grower = &planter->grower;
	uint32_t left_out = 0, drawn = 0, wanted;

	memset(planter->draws, 0, training->n);
	grower->in_count = grower->out_count = 0;
	for (uint32_t row = 0; row < training->n; row++)
		left_out += training->folds[row] == fold;
	wanted = training->n - left_out < CP_FOREST_SAMPLE ? training->n - left_out : CP_FOREST_SAMPLE;
	while (drawn < wanted)
	{
		uint32_t row = (uint32_t) cp_rng_below(rng, training->n);

		if (training->folds[row] == fold || planter->draws[row] == MOST_DRAWS)
			continue;
		planter->draws[row]++;
		drawn++;
	}
	for (uint32_t row = 0; row < training->n; row++)
	{
		if (planter->draws[row] > 0)
			grower->in_bag[grower->in_count++] = row;
		else if (training->folds[row] == fold)
			grower->out_bag[grower->out_count++] = row;
	}
}

/*
 * Squared error as a step of Newton's from the churn rate r: gradient r - y, hessian
 * r (1 - r). Gains are then on the scale that cp_chance_gain expects, and a leaf's value
 * times r (1 - r) is how far its churn rate lies from r.
 */
static void
set_gradients(Planter *planter, double rate)
{
	const CpTraining *training = planter->training;
	CpGrower *grower = &planter->grower;

	for (uint32_t i = 0; i < grower->in_count; i++)
	{
		uint32_t row = grower->in_bag[i];
		double scale = planter->draws[row] * cp_training_weight(training, row) / grower->unit;
		double g = (rate - training->labels[row]) * scale;

		grower->gradients[row].g = (int32_t) (g + (g < 0 ? -0.5 : 0.5));
		grower->gradients[row].h = (int32_t) (rate * (1 - rate) * scale + 0.5);
	}
}

static void
collect_leaves(Planter *planter)
{
	const CpGrower *grower = &planter->grower;

	for (uint32_t i = 0; i < grower->out_count; i++)
	{
		planter->sums[grower->out_bag[i]] += planter->leaves[grower->out_bag[i]];
		planter->leaves[grower->out_bag[i]] = 0;
	}
	for (uint32_t i = 0; i < grower->in_count; i++)
		planter->leaves[grower->in_bag[i]] = 0;
}

static CpStatus
plant_tree(Planter *planter, const CpForestParams *params, uint32_t tree)
{
	uint8_t fold = (uint8_t) (tree % planter->training->nfolds);
	double rate = planter->base[fold];
	double spread = rate * (1 - rate);
	CpRng rng;

	cp_rng_init(&rng, planter->training->seed, CP_STREAM_FOREST + tree);
	draw_sample(planter, &rng, fold);
	set_gradients(planter, rate);
	planter->grower.rng = &rng;
	planter->grower.params.min_child_weight = params->min_leaf * spread;
	planter->grower.params.l2 = params->smoothing * spread;
	planter->grower.params.shrinkage = spread;
	CP_TRY(cp_grow_tree(&planter->grower));
	collect_leaves(planter);
	planter->trees_of[fold]++;
	return CP_OK;
}

static double
log_odds_of(double probability)
{
	return cp_logit(fmin(fmax(probability, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY));
}

/* What the trees that left a row's fold out make of it; *loss: the log-loss of that, a sum. */
static void
estimate_out_of_fold(const Planter *planter, double *out_of_fold, double *loss)
{
	const CpTraining *training = planter->training;

	*loss = 0;
	for (uint32_t row = 0; row < training->n; row++)
	{
		uint8_t fold = training->folds[row];

		out_of_fold[row] = NAN;
		if (fold >= training->nfolds)
			continue;
		out_of_fold[row] =
			log_odds_of(planter->base[fold] + planter->sums[row] / planter->trees_of[fold]);
		*loss += cp_training_weight(training, row) *
		         cp_log_odds_loss(out_of_fold[row], training->labels[row]);
	}
}

/* A forest of leaves of one size. */
static CpStatus
fit_size(CpContext *context, const CpTraining *training, const CpForestParams *params,
         CpForest *forest, double *out_of_fold, double *loss)
{
	uint32_t grown = params->trees * training->nfolds;
	Planter *planter;

	CP_TRY(cp_alloc(context, &planter, 1, sizeof(*planter)));
	CP_TRY(planter_init(planter, context, training, params));
	CP_TRY(cp_trees_init(&forest->trees, context, training->binned->nfeatures));
	planter->grower.trees = &forest->trees;
	forest->base = 0;
	forest->min_leaf = params->min_leaf;
	for (uint32_t tree = 0; tree < grown; tree++)
	{
		CP_TRY(plant_tree(planter, params, tree));
		if (tree < params->trees)
			forest->base += planter->base[tree % training->nfolds] / params->trees;
		cp_trees_truncate(&forest->trees, params->trees);
		if ((tree + 1) % PROGRESS_TREES == 0)
			cp_progress(context, "forest: %u of %u trees with leaves of %g rows or more", tree + 1,
			            grown, params->min_leaf);
	}
	estimate_out_of_fold(planter, out_of_fold, loss);
	planter_free(planter, context);
	cp_free(context, &planter);
	return CP_OK;
}

/* Few, since the best of many would look better than it is; a factor of about four apart. */
static const double leaf_sizes[] = {5, 20, 60};

#define LEAF_SIZES (sizeof(leaf_sizes) / sizeof(leaf_sizes[0]))

static CpStatus
choose_size(CpContext *context, const CpTraining *training, const CpForestParams *params,
            CpForest *forest, double *out_of_fold)
{
	CpForestParams sized = *params;
	double least = INFINITY;
	double *other;

	CP_TRY(cp_alloc(context, &other, training->n, sizeof(double)));
	for (size_t i = 0; i < LEAF_SIZES; i++)
	{
		CpForest candidate;
		double loss;

		sized.min_leaf = leaf_sizes[i];
		CP_TRY(fit_size(context, training, &sized, &candidate, other, &loss));
		if (loss < least)
		{
			if (least < INFINITY)
				cp_trees_free(&forest->trees);
			*forest = candidate;
			least = loss;
			memcpy(out_of_fold, other, training->n * sizeof(double));
		}
		else
			cp_trees_free(&candidate.trees);
	}
	cp_free(context, &other);
	return CP_OK;
}

CpStatus
cp_forest_fit(CpContext *context, const CpTraining *training, const CpForestParams *params,
              CpForest *forest, double *out_of_fold)
{
	double loss;

	if (params->min_leaf > 0)
		CP_TRY(fit_size(context, training, params, forest, out_of_fold, &loss));
	else
		CP_TRY(choose_size(context, training, params, forest, out_of_fold));
	return cp_grown_prepare(&forest->trees, training->binned);
}

size_t
cp_forest_bytes(const CpTraining *training, const CpForestParams *params)
{
	return cp_grower_bytes(training->binned, params->max_depth) +
	       training->n * (3 * sizeof(double) + sizeof(uint8_t)) + sizeof(Planter);
}

double
cp_forest_log_odds(const CpForest *forest, const double *vector, void *scratch)
{
	return log_odds_of(forest->base +
	                   cp_trees_score(&forest->trees, vector, scratch) / forest->trees.ntrees);
}

size_t
cp_forest_scratch(const CpForest *forest)
{
	return cp_trees_scratch(&forest->trees);
}

void
cp_forest_path(const CpForest *forest, const CpPath *path, void *scratch, double *log_odds)
{
	cp_trees_path(&forest->trees, path, scratch, log_odds);
	for (uint32_t k = 0; k <= path->n; k++)
		log_odds[k] = log_odds_of(forest->base + log_odds[k] / forest->trees.ntrees);
}

void
cp_forest_free(CpForest *forest)
{
	cp_trees_free(&forest->trees);
}

void
cp_forest_write(const CpForest *forest, CpWriter *writer)
{
	cp_write_f64(writer, forest->base);
	cp_trees_write(&forest->trees, writer);
}

CpStatus
cp_forest_read(CpForest *forest, CpReader *reader, const CpFeatureMap *map)
{
	forest->base = cp_read_f64(reader);
	if (!(forest->base > 0 && forest->base < 1))
		cp_reader_reject(reader);
	CP_TRY(cp_trees_read(&forest->trees, reader, map));
	if (forest->trees.ntrees == 0)
		return cp_fail(reader->context, CP_CORRUPT, "The forest has no trees.");
	return CP_OK;
}
