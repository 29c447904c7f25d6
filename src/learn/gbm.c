/*
 * gbm.c: gradient boosting of log-loss with trees.
 */
#include "learn/gbm.h"

#include <math.h>
#include <string.h>

#include "learn/tree_grow.h"
#include "num/rng.h"
#include "num/special.h"
#include "num/vec.h"

/* Rows whose probabilities are computed together: they stay in the first cache. */
#define CHUNK 1024
/* Fixed-point steps of the largest weight: |g| <= weight, so sums of 2^31 rows fit 64 bits. */
#define STEPS (1 << 30)
/* Rounds between two progress lines. */
#define PROGRESS_ROUNDS 100

/*
 * General-purpose settings, not fitted to any one data set: slow learning with
 * early stopping, shallow trees, and the sampling of rows and features that
 * Friedman (2002) and Breiman found to reduce variance.
 */
void
cp_gbm_defaults(CpGbmParams *params)
{
	params->rounds = 1000;
	params->learning_rate = 0.05;
	params->max_depth = 4;
	params->min_child_weight = 5;
	params->l2 = 1;
	params->subsample = 0.8;
	params->colsample = 0.8;
	params->max_bins = CP_MAX_BINS;
	params->early_stopping = 50;
}

const char *
cp_gbm_check(const CpGbmParams *params)
{
	if (params->rounds < 1 || params->rounds > 10000)
		return "\"rounds\" must be between 1 and 10000.";
	if (!(params->learning_rate > 0 && params->learning_rate <= 1))
		return "\"learning_rate\" must be above 0 and at most 1.";
	if (params->max_depth < 1 || params->max_depth > 16)
		return "\"max_depth\" must be between 1 and 16.";
	if (!(params->min_child_weight >= 0 && isfinite(params->min_child_weight)))
		return "\"min_child_weight\" must be zero or more.";
	if (!(params->l2 >= 0 && isfinite(params->l2)))
		return "\"l2\" must be zero or more.";
	if (!(params->subsample > 0 && params->subsample <= 1))
		return "\"subsample\" must be above 0 and at most 1.";
	if (!(params->colsample > 0 && params->colsample <= 1))
		return "\"colsample\" must be above 0 and at most 1.";
	if (params->max_bins < 2 || params->max_bins > CP_MAX_BINS)
		return "\"max_bins\" must be between 2 and 255.";
	return NULL;
}

static void
grow_params(const CpGbmParams *params, CpGrowParams *grow)
{
	grow->max_depth = params->max_depth;
	grow->min_child_weight = params->min_child_weight;
	grow->l2 = params->l2;
	grow->min_gain = 0;
	grow->shrinkage = params->learning_rate;
	grow->one_hot_levels = 4;
	grow->level_smoothing = 10;
}

/* One model in the making. Several share a grower, whose scores and trees are lent in turn. */
typedef struct Booster
{
	const CpGbmData *data;
	const CpGbmParams *params;
	CpGrower *grower;
	CpTrees trees;
	double *scores; /* [rows] log-odds, base included */
	double base;
	uint8_t left_out; /* rows of this fold are not learned from */
	uint64_t seed;
	uint64_t stream; /* first of the streams of random numbers; a round takes one */
} Booster;

static inline double
weight_of(const CpGbmData *data, uint32_t row)
{
	return data->weights == NULL ? 1 : data->weights[row];
}

static double
largest_weight(const CpGbmData *data)
{
	double largest = data->weights == NULL ? 1 : 0;

	for (uint32_t row = 0; data->weights != NULL && row < data->binned->rows; row++)
		largest = data->weights[row] > largest ? data->weights[row] : largest;
	return largest;
}

/* The log-odds of the share of churners among the rows learned from. */
static CpStatus
base_log_odds(CpContext *context, const CpGbmData *data, uint8_t left_out, double *base)
{
	double churned = 0, all = 0;

	for (uint32_t row = 0; row < data->binned->rows; row++)
		if (data->folds[row] != left_out)
		{
			all += weight_of(data, row);
			churned += data->labels[row] ? weight_of(data, row) : 0;
		}
	if (!(churned > 0 && churned < all))
		return cp_fail(context, CP_BAD_DATA,
		               "Without fold %u the rows hold one class only; there are too few"
		               " of the other class, or too few groups, to choose the number of rounds.",
		               left_out);
	*base = cp_logit(churned / all);
	return CP_OK;
}

static CpStatus
booster_init(Booster *booster, const CpGbmData *data, const CpGbmParams *params, CpGrower *grower,
             uint8_t left_out, uint64_t seed)
{
	CpContext *context = grower->context;
	uint32_t n = data->binned->rows;

	booster->data = data;
	booster->params = params;
	booster->grower = grower;
	booster->left_out = left_out;
	booster->seed = seed;
	booster->stream = (uint64_t) (left_out + 1) << 32;
	CP_TRY(base_log_odds(context, data, left_out, &booster->base));
	CP_TRY(cp_trees_init(&booster->trees, context, data->binned->nfeatures));
	CP_TRY(cp_alloc(context, &booster->scores, n, sizeof(double)));
	for (uint32_t row = 0; row < n; row++)
		booster->scores[row] = booster->base;
	return CP_OK;
}

/* Gradient p - y and hessian p (1 - p) of the log-loss, weighted, in fixed-point steps. */
static void
set_gradients(const CpGbmData *data, const double *scores, double unit, CpGradient *gradients)
{
	double p[CHUNK];
	double steps = 1 / unit;

	for (uint32_t begin = 0; begin < data->binned->rows; begin += CHUNK)
	{
		uint32_t n = data->binned->rows - begin < CHUNK ? data->binned->rows - begin : CHUNK;

		cp_vec_sigmoid(scores + begin, p, n);
		for (uint32_t i = 0; i < n; i++)
		{
			double scale = weight_of(data, begin + i) * steps;
			double g = (p[i] - data->labels[begin + i]) * scale;

			gradients[begin + i].g = (int32_t) (g + (g < 0 ? -0.5 : 0.5));
			gradients[begin + i].h = (int32_t) (p[i] * (1 - p[i]) * scale + 0.5);
		}
	}
}

/* Which rows this round learns from: a random part of those not left out. The others are carried along. */
static void
draw_rows(const Booster *booster, CpRng *rng)
{
	CpGrower *grower = booster->grower;
	const uint8_t *folds = booster->data->folds;
	uint64_t below = (uint64_t) ldexp(booster->params->subsample, 32);
	uint64_t bits = 0;

	grower->in_count = grower->out_count = 0;
	for (uint32_t row = 0; row < booster->data->binned->rows; row++)
	{
		uint32_t drawn;

		bits = row % 2 == 0 ? cp_rng_bits(rng) : bits >> 32;
		drawn = folds[row] != booster->left_out && (bits & UINT32_MAX) < below;
		grower->in_bag[grower->in_count] = row;
		grower->in_count += drawn;
		grower->out_bag[grower->out_count] = row;
		grower->out_count += 1 - drawn;
	}
}

static void
draw_features(const Booster *booster, CpRng *rng)
{
	uint32_t n = booster->data->binned->nfeatures;
	uint32_t wanted = (uint32_t) ceil(booster->params->colsample * n);

	/* Each feature is taken with the chance that leaves the wanted number (Knuth's algorithm S). */
	for (uint32_t f = 0; f < n; f++)
	{
		bool taken = cp_rng_below(rng, n - f) < wanted;

		booster->grower->allowed[f] = taken;
		wanted -= taken;
	}
}

static CpStatus
booster_round(Booster *booster)
{
	CpGrower *grower = booster->grower;
	CpRng rng;

	cp_rng_init(&rng, booster->seed, booster->stream++);
	draw_rows(booster, &rng);
	draw_features(booster, &rng);
	set_gradients(booster->data, booster->scores, grower->unit, grower->gradients);
	grower->trees = &booster->trees;
	grower->scores = booster->scores;
	return cp_grow_tree(grower);
}

/* Log-loss over the rows left out: sum, weighted. */
static double
left_out_loss(const Booster *booster)
{
	const CpGbmData *data = booster->data;
	double loss = 0;

	for (uint32_t row = 0; row < data->binned->rows; row++)
		if (data->folds[row] == booster->left_out)
		{
			double score = data->labels[row] ? -booster->scores[row] : booster->scores[row];

			/* log(1 + e^score) without overflow */
			loss += weight_of(data, row) *
			        (score > 0 ? score + cp_log(1 + cp_exp(-score)) : cp_log(1 + cp_exp(score)));
		}
	return loss;
}

static void
booster_free(Booster *booster, CpContext *context)
{
	cp_free(context, &booster->scores);
	cp_trees_free(&booster->trees);
}

/*
 * Boost the boosters side by side, each with another fold left out, until the
 * loss over all of these rows has not improved for a while. *best: the round
 * with the least loss.
 */
static CpStatus
boost_until_best(Booster *boosters, uint32_t n, uint32_t *best)
{
	CpContext *context = boosters->grower->context;
	const CpGbmParams *params = boosters->params;
	double least = INFINITY;

	*best = 0;
	for (uint32_t round = 1; round <= params->rounds; round++)
	{
		double loss = 0;

		for (uint32_t k = 0; k < n; k++)
		{
			CP_TRY(booster_round(&boosters[k]));
			loss += left_out_loss(&boosters[k]);
		}
		if (loss < least)
		{
			least = loss;
			*best = round;
		}
		else if (round - *best >= params->early_stopping)
			break;
		if (round % PROGRESS_ROUNDS == 0)
			cp_progress(context, "boosting: %u rounds tried, best so far %u", round, *best);
	}
	return CP_OK;
}

static CpStatus
boost_rounds(Booster *booster, uint32_t rounds)
{
	for (uint32_t round = 1; round <= rounds; round++)
	{
		CP_TRY(booster_round(booster));
		if (round % PROGRESS_ROUNDS == 0)
			cp_progress(booster->grower->context, "boosting: %u of %u rounds", round, rounds);
	}
	return CP_OK;
}

/* The number of rounds that serves the folds best. */
static CpStatus
choose_rounds(const CpGbmData *data, const CpGbmParams *params, CpGrower *grower, uint64_t seed,
              uint32_t *rounds)
{
	Booster *boosters;

	CP_TRY(cp_alloc(grower->context, &boosters, data->nfolds, sizeof(Booster)));
	for (uint32_t k = 0; k < data->nfolds; k++)
		CP_TRY(booster_init(&boosters[k], data, params, grower, (uint8_t) k, seed));
	CP_TRY(boost_until_best(boosters, data->nfolds, rounds));
	for (uint32_t k = 0; k < data->nfolds; k++)
		booster_free(&boosters[k], grower->context);
	cp_free(grower->context, &boosters);
	return CP_OK;
}

/* Cuts and levels of the features move from bins to trees, which then stand alone. */
static CpStatus
describe_features(const CpBinned *binned, CpTrees *trees)
{
	for (uint32_t f = 0; f < binned->nfeatures; f++)
	{
		const CpBinFeature *feature = &binned->features[f];

		trees->levels[f] = feature->levels;
		trees->ncuts[f] = feature->ncuts;
		CP_TRY(cp_alloc(trees->context, &trees->cuts[f], feature->ncuts, sizeof(double)));
		if (feature->ncuts > 0)
			memcpy(trees->cuts[f], feature->cuts, feature->ncuts * sizeof(double));
	}
	return cp_trees_prepare(trees);
}

#define NO_FOLD UINT8_MAX

static CpStatus
fit_final(CpContext *context, const CpGbmData *data, const CpGbmParams *params, CpGrower *grower,
          uint64_t seed, CpGbm *gbm)
{
	Booster booster;
	uint32_t rounds = params->rounds;
	bool validates = params->early_stopping > 0 && data->nfolds == 1;

	if (params->early_stopping > 0 && data->nfolds > 1)
		CP_TRY(choose_rounds(data, params, grower, seed, &rounds));
	CP_TRY(booster_init(&booster, data, params, grower, validates ? 0 : NO_FOLD, seed));
	if (validates)
		CP_TRY(boost_until_best(&booster, 1, &rounds));
	else
		CP_TRY(boost_rounds(&booster, rounds));
	cp_trees_truncate(&booster.trees, rounds);
	gbm->base = booster.base;
	gbm->trees = booster.trees;
	cp_free(context, &booster.scores);
	return describe_features(data->binned, &gbm->trees);
}

CpStatus
cp_gbm_fit(CpContext *context, const CpGbmData *data, const CpGbmParams *params, uint64_t seed,
           CpGbm *gbm)
{
	CpGrower grower;
	CpGrowParams grow;

	grow_params(params, &grow);
	CP_TRY(cp_grower_init(&grower, context, data->binned, &grow));
	grower.unit = largest_weight(data) / STEPS;
	CP_TRY(fit_final(context, data, params, &grower, seed, gbm));
	cp_grower_free(&grower);
	return CP_OK;
}

size_t
cp_gbm_bytes(const CpBinned *binned, const CpGbmParams *params, uint32_t nfolds)
{
	size_t boosters = params->early_stopping > 0 && nfolds > 1 ? nfolds : 1;

	return cp_grower_bytes(binned, params->max_depth) + boosters * binned->rows * sizeof(double);
}

double
cp_gbm_log_odds(const CpGbm *gbm, const double *vector, void *scratch)
{
	return gbm->base + cp_trees_score(&gbm->trees, vector, scratch);
}

size_t
cp_gbm_scratch(const CpGbm *gbm)
{
	return cp_trees_scratch(&gbm->trees);
}

void
cp_gbm_write(const CpGbm *gbm, CpWriter *writer)
{
	cp_write_f64(writer, gbm->base);
	cp_trees_write(&gbm->trees, writer);
}

CpStatus
cp_gbm_read(CpGbm *gbm, CpReader *reader, const CpFeatureMap *map)
{
	gbm->base = cp_read_f64(reader);
	if (!isfinite(gbm->base))
		cp_reader_reject(reader);
	return cp_trees_read(&gbm->trees, reader, map);
}
