/*
 * importance.c: what each feature is worth to a model.
 */
#include "learn/importance.h"

#include <math.h>
#include <string.h>

#include "learn/metrics.h"
#include "num/rng.h"

/* Rows between two looks at the poll: a few milliseconds with many features. */
#define POLL_ROWS 16

/* --- trees -------------------------------------------------------------- */

void
cp_importance_add_trees(const CpTrees *trees, double weight, CpImportance *importance)
{
	double gain = 0, cover = 0;

	for (uint32_t n = 0; n < trees->nnodes; n++)
		if (!CP_NODE_IS_LEAF(trees, n))
		{
			gain += trees->gains[n];
			cover += trees->covers[n];
		}
	for (uint32_t n = 0; n < trees->nnodes; n++)
		if (!CP_NODE_IS_LEAF(trees, n))
		{
			CpImportance *one = &importance[trees->slots[CP_NODE_SLOT(&trees->nodes[n])].feature];

			one->weight++;
			one->gain += gain > 0 ? weight * trees->gains[n] / gain : 0;
			one->cover += cover > 0 ? weight * trees->covers[n] / cover : 0;
		}
}

static void
measure_trees(const CpEnsemble *ensemble, CpImportance *importance)
{
	double all = 0;

	for (uint32_t i = 0; i < ensemble->count; i++)
		if (cp_member_trees(&ensemble->members[i]) != NULL)
			all += ensemble->members[i].weight;
	for (uint32_t i = 0; i < ensemble->count; i++)
	{
		const CpMember *member = &ensemble->members[i];

		if (cp_member_trees(member) != NULL)
			cp_importance_add_trees(cp_member_trees(member), member->weight / all, importance);
	}
}

/* --- permutation -------------------------------------------------------- */

typedef struct Permuter
{
	CpContext *context;
	const CpModel *model;
	const CpDataset *dataset;
	const uint32_t *rows;
	uint32_t n;
	uint32_t repeats;                          /* times that rows are exchanged */
	uint32_t *partners[CP_IMPORTANCE_REPEATS]; /* [n] whose value a row gets */
	uint32_t *flips;                           /* [2 * features] there and back, one by one */
	double *own, *others;                      /* [features] vectors */
	double *member, *probabilities;            /* [2 * features + 1] stops of a walk */
	void *scratch;
	/* What settle needs: of each row, of all pairs of a row and a partner. */
	double *accounts; /* [n][features] changes of the pairs that a row is in, weighted */
	double *weights;  /* [n] weights of these pairs */
	double *squares;  /* [features] of the weighted changes, a sum over pairs */
	double *products; /* [features] of weighted changes and weights, likewise */
	double weight_squares;
} Permuter;

static CpStatus
permuter_init(Permuter *permuter, uint64_t seed)
{
	CpContext *context = permuter->context;
	uint32_t features = permuter->model->map.count;
	size_t stops = 2 * (size_t) features + 1;

	for (uint32_t repeat = 0; repeat < permuter->repeats; repeat++)
	{
		CpRng rng;

		CP_TRY(cp_alloc(context, &permuter->partners[repeat], permuter->n, sizeof(uint32_t)));
		for (uint32_t i = 0; i < permuter->n; i++)
			permuter->partners[repeat][i] = i;
		cp_rng_init(&rng, seed, CP_STREAM_IMPORTANCE + repeat);
		cp_rng_shuffle(&rng, permuter->partners[repeat], permuter->n);
	}
	CP_TRY(cp_alloc(context, &permuter->flips, 2 * (size_t) features, sizeof(uint32_t)));
	for (uint32_t f = 0; f < features; f++)
		permuter->flips[2 * f] = permuter->flips[2 * f + 1] = f;
	CP_TRY(cp_alloc(context, &permuter->own, features, sizeof(double)));
	CP_TRY(cp_alloc(context, &permuter->others, features, sizeof(double)));
	CP_TRY(cp_alloc(context, &permuter->member, stops, sizeof(double)));
	CP_TRY(cp_alloc(context, &permuter->probabilities, stops, sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &permuter->accounts, (size_t) permuter->n * features,
	                     sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &permuter->weights, permuter->n, sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &permuter->squares, features, sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &permuter->products, features, sizeof(double)));
	return cp_alloc(context, &permuter->scratch, cp_ensemble_scratch(&permuter->model->ensemble),
	                1);
}

static void
permuter_free(Permuter *permuter)
{
	CpContext *context = permuter->context;

	for (uint32_t repeat = 0; repeat < permuter->repeats; repeat++)
		cp_free(context, &permuter->partners[repeat]);
	cp_free(context, &permuter->flips);
	cp_free(context, &permuter->own);
	cp_free(context, &permuter->others);
	cp_free(context, &permuter->member);
	cp_free(context, &permuter->probabilities);
	cp_free(context, &permuter->accounts);
	cp_free(context, &permuter->weights);
	cp_free(context, &permuter->squares);
	cp_free(context, &permuter->products);
	cp_free(context, &permuter->scratch);
}

/* Take the changes of a row's loss into the accounts, its own and its partner's. */
static void
add_pair(Permuter *permuter, uint32_t i, uint32_t partner, double weight, int label)
{
	const double *p = permuter->probabilities;
	size_t features = permuter->model->map.count;

	permuter->weights[i] += weight;
	permuter->weights[partner] += weight;
	permuter->weight_squares += weight * weight;
	for (size_t f = 0; f < features; f++)
	{
		double change =
			weight * (cp_log_loss_of(p[2 * f + 1], label) - cp_log_loss_of(p[2 * f], label));

		permuter->accounts[i * features + f] += change;
		permuter->accounts[partner * features + f] += change;
		permuter->squares[f] += change * change;
		permuter->products[f] += change * weight;
	}
}

/* One row with each feature taken from its partners. */
static void
permute_row(Permuter *permuter, uint32_t i)
{
	const CpDataset *dataset = permuter->dataset;
	uint32_t row = permuter->rows[i];
	double weight = (dataset->weights == NULL ? 1 : dataset->weights[row]) / permuter->repeats;
	CpPath path = {permuter->own, permuter->others, permuter->flips,
	               2 * permuter->model->map.count};

	cp_dataset_vector(dataset, row, permuter->own);
	for (uint32_t repeat = 0; repeat < permuter->repeats; repeat++)
	{
		uint32_t partner = permuter->partners[repeat][i];

		cp_dataset_vector(dataset, permuter->rows[partner], permuter->others);
		cp_ensemble_path(&permuter->model->ensemble, &path, permuter->scratch, permuter->member,
		                 permuter->probabilities);
		add_pair(permuter, i, partner, weight, dataset->labels[row]);
	}
}

/*
 * The mean change is one over pairs, and pairs that share a row go together: the variance of
 * the sum is that of the pairs and of all products of two that share one. The squares of the
 * accounts hold these products once and the pairs' own squares twice, so these come off once
 * (Hoeffding 1948).
 */
static void
settle(const Permuter *permuter, uint32_t feature, CpImportance *importance)
{
	size_t features = permuter->model->map.count;
	double sum = 0, weight = 0, variance, mean;

	for (uint32_t i = 0; i < permuter->n; i++)
	{
		sum += permuter->accounts[i * features + feature];
		weight += permuter->weights[i];
	}
	mean = sum / weight;
	variance = 2 * mean * permuter->products[feature] - permuter->squares[feature] -
	           mean * mean * permuter->weight_squares;
	for (uint32_t i = 0; i < permuter->n; i++)
	{
		double part = permuter->accounts[i * features + feature] - mean * permuter->weights[i];

		variance += part * part;
	}
	importance->permutation = mean;
	/* Every pair is in two accounts. */
	importance->error = sqrt(fmax(variance, 0)) / (weight / 2);
}

static CpStatus
measure_permutation(Permuter *permuter, CpImportance *importance)
{
	for (uint32_t i = 0; i < permuter->n; i++)
	{
		permute_row(permuter, i);
		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(permuter->context));
	}
	for (uint32_t f = 0; f < permuter->model->map.count; f++)
		settle(permuter, f, &importance[f]);
	return CP_OK;
}

/* How many rows, how often. A row costs two scorings a feature. */
static void
plan(Permuter *permuter, uint32_t rows)
{
	uint32_t affordable = CP_IMPORTANCE_SCORINGS / (2 * permuter->model->map.count);

	affordable = affordable < CP_IMPORTANCE_ROWS ? CP_IMPORTANCE_ROWS : affordable;
	permuter->n = rows < affordable ? rows : affordable;
	permuter->repeats = affordable / permuter->n;
	if (permuter->repeats > CP_IMPORTANCE_REPEATS)
		permuter->repeats = CP_IMPORTANCE_REPEATS;
}

CpStatus
cp_importance(CpContext *context, const CpModel *model, const CpDataset *dataset,
              const uint32_t *rows, uint32_t n, uint64_t seed, CpImportance *importance)
{
	uint32_t features = model->map.count;
	Permuter permuter = {.context = context, .model = model, .dataset = dataset, .rows = rows};

	memset(importance, 0, features * sizeof(*importance));
	measure_trees(&model->ensemble, importance);
	for (uint32_t f = 0; f < features; f++)
		importance[f].permutation = importance[f].error = NAN;
	if (n == 0)
		return CP_OK;
	plan(&permuter, n);
	CP_TRY(permuter_init(&permuter, seed));
	CP_TRY(measure_permutation(&permuter, importance));
	permuter_free(&permuter);
	return CP_OK;
}
