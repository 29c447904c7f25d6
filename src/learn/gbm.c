/*
 * gbm.c: gradient boosting of log-loss with trees.
 */
#include "learn/gbm.h"

#include <math.h>
#include <string.h>

#include "learn/metrics.h"
#include "learn/tree_grow.h"
#include "num/rng.h"
#include "num/special.h"
#include "num/vec.h"

/* Rows whose probabilities are computed together: they stay in the first cache. */
#define CHUNK 1024
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

void
cp_gbm_vary(CpGbmParams *params, CpRng *rng)
{
	params->learning_rate = cp_vary(rng, params->learning_rate, 0.01, 0.3);
	params->max_depth = (uint32_t) lround(cp_vary(rng, params->max_depth, 1, 10));
	params->min_child_weight = cp_vary(rng, params->min_child_weight, 0.1, 100);
	params->l2 = cp_vary(rng, params->l2, 0.01, 100);
	params->subsample = cp_vary(rng, params->subsample, 0.3, 1);
	params->colsample = cp_vary(rng, params->colsample, 0.1, 1);
}

static void
grow_params(const CpGbmParams *params, CpGrowParams *grow)
{
	cp_grow_defaults(grow);
	grow->max_depth = params->max_depth;
	grow->min_child_weight = params->min_child_weight;
	grow->l2 = params->l2;
	grow->shrinkage = params->learning_rate;
}

/* One model in the making. Several share a grower, whose scores and trees are lent in turn. */
typedef struct Booster
{
	const CpTraining *training;
	const CpGbmParams *params;
	CpGrower *grower;
	CpTrees trees;
	double *scores; /* [rows] log-odds, base included */
	double base;
	uint8_t left_out; /* rows of this fold are not learned from */
	uint64_t seed;
	uint64_t stream; /* first of the streams of random numbers; a round takes one */
} Booster;

static CpStatus
booster_init(Booster *booster, const CpTraining *training, const CpGbmParams *params,
             CpGrower *grower, uint8_t left_out)
{
	CpContext *context = grower->context;
	uint32_t n = training->n;

	booster->training = training;
	booster->params = params;
	booster->grower = grower;
	booster->left_out = left_out;
	booster->seed = training->seed;
	booster->stream = CP_STREAM_GBM + ((uint64_t) (left_out + 1) << 32);
	CP_TRY(cp_training_base(context, training, left_out, &booster->base));
	CP_TRY(cp_trees_init(&booster->trees, context, training->binned->nfeatures));
	CP_TRY(cp_alloc(context, &booster->scores, n, sizeof(double)));
	for (uint32_t row = 0; row < n; row++)
		booster->scores[row] = booster->base;
	return CP_OK;
}

/* Gradient p - y and hessian p (1 - p) of the log-loss, weighted, in fixed-point steps. */
static void
set_gradients(const CpTraining *training, const double *scores, double unit, CpGradient *gradients)
{
	double p[CHUNK];
	double steps = 1 / unit;

	for (uint32_t begin = 0; begin < training->n; begin += CHUNK)
	{
		uint32_t n = training->n - begin < CHUNK ? training->n - begin : CHUNK;

		cp_vec_sigmoid(scores + begin, p, n);
		for (uint32_t i = 0; i < n; i++)
		{
			double scale = cp_training_weight(training, begin + i) * steps;
			double g = (p[i] - training->labels[begin + i]) * scale;

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
	const uint8_t *folds = booster->training->folds;
	uint64_t below = (uint64_t) ldexp(booster->params->subsample, 32);
	uint64_t bits = 0;

	grower->in_count = grower->out_count = 0;
	for (uint32_t row = 0; row < booster->training->n; row++)
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

static CpStatus
booster_round(Booster *booster)
{
	CpGrower *grower = booster->grower;
	const CpTraining *training = booster->training;
	uint32_t wanted = (uint32_t) ceil(booster->params->colsample * cp_training_features(training));
	CpRng rng;

	cp_rng_init(&rng, booster->seed, booster->stream++);
	draw_rows(booster, &rng);
	cp_draw_features(&rng, training->kept, training->binned->nfeatures, wanted, grower->allowed);
	set_gradients(training, booster->scores, grower->unit, grower->gradients);
	grower->trees = &booster->trees;
	grower->scores = booster->scores;
	return cp_grow_tree(grower);
}

/* Log-loss over the rows left out: sum, weighted. */
static double
left_out_loss(const Booster *booster)
{
	const CpTraining *training = booster->training;
	double loss = 0;

	for (uint32_t row = 0; row < training->n; row++)
		if (training->folds[row] == booster->left_out)
			loss += cp_training_weight(training, row) *
			        cp_log_odds_loss(booster->scores[row], training->labels[row]);
	return loss;
}

static void
keep_left_out(const Booster *booster, double *out_of_fold)
{
	for (uint32_t row = 0; row < booster->training->n; row++)
		if (booster->training->folds[row] == booster->left_out)
			out_of_fold[row] = booster->scores[row];
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
 * with the least loss, whose scores out_of_fold gets; without early stopping the last.
 */
static CpStatus
boost_until_best(Booster *boosters, uint32_t n, uint32_t *best, double *out_of_fold)
{
	CpContext *context = boosters->grower->context;
	const CpGbmParams *params = boosters->params;
	bool stops = params->early_stopping > 0;
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
		if (stops ? loss < least : round == params->rounds)
		{
			least = loss;
			*best = round;
			for (uint32_t k = 0; k < n; k++)
				keep_left_out(&boosters[k], out_of_fold);
		}
		else if (stops && round - *best >= params->early_stopping)
			break;
		if (round % PROGRESS_ROUNDS == 0)
			cp_progress(context, "boosting: %u of at most %u rounds", round, params->rounds);
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
choose_rounds(const CpTraining *training, const CpGbmParams *params, CpGrower *grower,
              uint32_t *rounds, double *out_of_fold)
{
	Booster *boosters;

	CP_TRY(cp_alloc(grower->context, &boosters, training->nfolds, sizeof(Booster)));
	for (uint32_t k = 0; k < training->nfolds; k++)
		CP_TRY(booster_init(&boosters[k], training, params, grower, (uint8_t) k));
	CP_TRY(boost_until_best(boosters, training->nfolds, rounds, out_of_fold));
	for (uint32_t k = 0; k < training->nfolds; k++)
		booster_free(&boosters[k], grower->context);
	cp_free(grower->context, &boosters);
	return CP_OK;
}

static CpStatus
fit_final(CpContext *context, const CpTraining *training, const CpGbmParams *params,
          CpGrower *grower, CpGbm *gbm, double *out_of_fold)
{
	Booster booster;
	uint32_t rounds = 0;
	bool validates = training->nfolds == 1;

	for (uint32_t row = 0; row < training->n; row++)
		out_of_fold[row] = NAN;
	if (!validates)
		CP_TRY(choose_rounds(training, params, grower, &rounds, out_of_fold));
	CP_TRY(booster_init(&booster, training, params, grower, validates ? 0 : CP_NO_FOLD));
	if (validates)
		CP_TRY(boost_until_best(&booster, 1, &rounds, out_of_fold));
	else
		CP_TRY(boost_rounds(&booster, rounds));
	cp_trees_truncate(&booster.trees, rounds);
	gbm->base = booster.base;
	gbm->trees = booster.trees;
	cp_free(context, &booster.scores);
	return cp_grown_prepare(&gbm->trees, training->binned);
}

CpStatus
cp_gbm_fit(CpContext *context, const CpTraining *training, const CpGbmParams *params, CpGbm *gbm,
           double *out_of_fold)
{
	CpGrower grower;
	CpGrowParams grow;

	grow_params(params, &grow);
	CP_TRY(cp_grower_init(&grower, context, training->binned, &grow));
	grower.unit = cp_training_largest_weight(training) / CP_GRADIENT_STEPS;
	CP_TRY(fit_final(context, training, params, &grower, gbm, out_of_fold));
	cp_grower_free(&grower);
	return CP_OK;
}

size_t
cp_gbm_bytes(const CpTraining *training, const CpGbmParams *params)
{
	return cp_grower_bytes(training->binned, params->max_depth) +
	       (size_t) training->nfolds * training->n * sizeof(double);
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
cp_gbm_path(const CpGbm *gbm, const CpPath *path, void *scratch, double *log_odds)
{
	cp_trees_path(&gbm->trees, path, scratch, log_odds);
	for (uint32_t k = 0; k <= path->n; k++)
		log_odds[k] += gbm->base;
}

void
cp_gbm_free(CpGbm *gbm)
{
	cp_trees_free(&gbm->trees);
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
