/*
 * test_explain.c: against all coalitions one by one, against what is known of models
 * that are sums, and over many backgrounds.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn_data.h"

#include "learn/explain.h"
#include "learn/metrics.h"
#include "num/rng.h"

#define MOST_FEATURES 70

extern void test_explain(void);

typedef struct Explained
{
	double contributions[MOST_FEATURES];
	double errors[MOST_FEATURES];
	double base;
	double probability;
} Explained;

static CpStatus
explain(CpContext *context, const CpModel *model, const double *vector, Explained *explained)
{
	CpExplainer explainer;

	CP_TRY(cp_explainer_init(&explainer, context, model));
	explained->base = explainer.base;
	CP_TRY(cp_explain(&explainer, vector, explained->contributions, explained->errors,
	                  &explained->probability));
	cp_explainer_free(&explainer);
	return CP_OK;
}

static void
check_adds_up(CpContext *context, const CpModel *model, const double *vector,
              const Explained *explained)
{
	double sum = explained->base;
	void *scratch;

	for (uint32_t f = 0; f < model->map.count; f++)
	{
		sum += explained->contributions[f];
		CHECK(explained->errors[f] >= 0);
	}
	REQUIRE_OK(cp_alloc(context, &scratch, cp_ensemble_scratch(&model->ensemble), 1));
	CHECK(explained->probability == cp_model_probability(model, vector, scratch));
	CHECK_CLOSE(explained->probability, sum, 1e-12);
}

/* ---- against all coalitions ---- */

/* Probabilities [1 << features] of a row in which the features of a coalition are the customer's. */
static void
worths(const CpModel *model, const double *row, const double *vector, void *scratch, double *worth)
{
	uint32_t features = model->map.count;
	double mixed[LEARN_COLUMNS];

	for (uint32_t coalition = 0; coalition < 1u << features; coalition++)
	{
		for (uint32_t f = 0; f < features; f++)
			mixed[f] = coalition >> f & 1 ? vector[f] : row[f];
		worth[coalition] = cp_model_probability(model, mixed, scratch);
	}
}

/* Shapley's formula as it is written; (n - 1)! / size! / (n - 1 - size)! by a running product. */
static double
shapley(const double *worth, uint32_t features, uint32_t f)
{
	double value = 0;

	for (uint32_t coalition = 0; coalition < 1u << features; coalition++)
	{
		double orders = features;
		uint32_t size = 0;

		if (coalition >> f & 1)
			continue;
		for (uint32_t other = 0; other < features; other++)
			if (coalition >> other & 1)
			{
				size++;
				orders *= (double) (features - size) / size;
			}
		value += (worth[coalition | 1u << f] - worth[coalition]) / orders;
	}
	return value;
}

static CpStatus
by_force(CpContext *context, const CpModel *model, const double *vector, double *contributions)
{
	const CpBackground *background = &model->background;
	uint32_t features = model->map.count;
	void *scratch;

	memset(contributions, 0, features * sizeof(double));
	CP_TRY(cp_alloc(context, &scratch, cp_ensemble_scratch(&model->ensemble), 1));
	for (uint32_t b = 0; b < background->rows; b++)
	{
		double worth[1 << LEARN_COLUMNS];

		worths(model, background->vectors + (size_t) b * features, vector, scratch, worth);
		for (uint32_t f = 0; f < features; f++)
			contributions[f] += shapley(worth, features, f) / background->rows;
	}
	cp_free(context, &scratch);
	return CP_OK;
}

/* A customer of the invented problem: missing values, levels never seen and numbers out of range too. */
static void
draw_customer(CpRng *rng, const CpFeatureMap *map, double *vector)
{
	static const double extremes[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300};

	for (uint32_t f = 0; f < map->count; f++)
		if (cp_rng_below(rng, 8) == 0)
			vector[f] = map->features[f].kind == CP_CATEGORY ? CP_OTHER(&map->features[f])
			                                                 : extremes[cp_rng_below(rng, 5)];
		else if (map->features[f].kind == CP_CATEGORY)
			vector[f] = (double) cp_rng_below(rng, CP_OTHER(&map->features[f]));
		else
			vector[f] = (double) cp_rng_below(rng, f == 2 ? 2 : 90);
}

/* Scores of rows that were changed. */
static CpStatus
score_again(CpContext *context, CpModel *model)
{
	CpBackground *background = &model->background;
	void *scratch;

	CP_TRY(cp_alloc(context, &scratch, cp_ensemble_scratch(&model->ensemble), 1));
	for (uint32_t b = 0; b < background->rows; b++)
		background->scores[b] = cp_model_probability(
			model, background->vectors + (size_t) b * model->map.count, scratch);
	cp_free(context, &scratch);
	return CP_OK;
}

static CpStatus
train_members(CpContext *context, uint32_t members, CpModel *model)
{
	CpTrainParams params;
	CpTrained trained;

	learn_train_params(&params);
	params.ensemble.members = members;
	params.ensemble.forest.trees = 20;
	params.ensemble.net.epochs = 3;
	CP_TRY(learn_train(context, 600, false, &params, &trained));
	*model = trained.model;
	return CP_OK;
}

/* Models of one member and of three; rows in which up to five features differ. */
static void
check_enumeration(void)
{
	static const uint32_t members[] = {CP_MEMBER_BIT(CP_MEMBER_GBM), CP_ALL_MEMBERS};
	static const double tolerances[] = {1e-12, 1e-6};

	for (uint64_t m = 0; m < 2; m++)
	{
		CpContext *context = unit_context();
		CpModel model;
		CpRng rng;

		REQUIRE_OK(train_members(context, members[m], &model));
		cp_rng_init(&rng, 5, m);
		for (int customer = 0; customer < 5; customer++)
		{
			double vector[LEARN_COLUMNS], expected[LEARN_COLUMNS];
			Explained explained;

			draw_customer(&rng, &model.map, vector);
			vector[5] = customer == 0 ? NAN : vector[5];
			for (uint32_t b = 0; b < model.background.rows; b++)
				for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
					if (f == 5 || (b % 8 >> f % 3 & 1) != 0)
						model.background.vectors[(size_t) b * LEARN_COLUMNS + f] = vector[f];
			REQUIRE_OK(score_again(context, &model));
			REQUIRE_OK(by_force(context, &model, vector, expected));
			REQUIRE_OK(explain(context, &model, vector, &explained));
			for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
				CHECK_CLOSE(expected[f], explained.contributions[f], tolerances[m]);
			CHECK(explained.contributions[5] == 0 && explained.errors[5] == 0);
		}
	}
}

/* Six differ: orders are drawn. */
static void
check_sampling(void)
{
	CpContext *context = unit_context();
	int seen = 0, within = 0;
	double squares = 0, stated = 0;
	CpModel model;
	CpRng rng;

	REQUIRE_OK(train_members(context, CP_MEMBER_BIT(CP_MEMBER_GBM), &model));
	cp_rng_init(&rng, 6, 0);
	for (int customer = 0; customer < 40; customer++)
	{
		double vector[LEARN_COLUMNS], expected[LEARN_COLUMNS];
		Explained explained;

		draw_customer(&rng, &model.map, vector);
		vector[0] += 0.5;
		REQUIRE_OK(by_force(context, &model, vector, expected));
		REQUIRE_OK(explain(context, &model, vector, &explained));
		for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
		{
			double off = explained.contributions[f] - expected[f];

			seen++;
			within += fabs(off) <= 4 * explained.errors[f] + 1e-12;
			squares += off * off;
			stated += explained.errors[f] * explained.errors[f];
		}
	}
	CHECK(within >= 0.99 * seen);
	/* The background is the same: what is left is the luck of the orders, the smaller part. */
	CHECK(squares < 0.3 * stated);
	CHECK(squares > 0);
}

/* ---- errors, over many backgrounds ---- */

#define POPULATION 1500
#define DRAWN 500
#define CUSTOMERS 6
#define BACKGROUNDS 15

/* Customers and their scores. */
typedef struct Population
{
	double vectors[POPULATION][LEARN_COLUMNS];
	double scores[POPULATION];
} Population;

/* The background that training makes of n members of a population. */
static CpStatus
background_of(CpContext *context, const Population *population, const uint32_t *members, uint32_t n,
              uint32_t rows, CpBackground *background)
{
	double *scores;
	uint32_t *order;

	CP_TRY(cp_alloc(context, &scores, n, sizeof(double)));
	for (uint32_t i = 0; i < n; i++)
		scores[i] = population->scores[members[i]];
	CP_TRY(cp_rank_rows(context, scores, n, &order));
	CP_TRY(cp_alloc(context, &background->vectors, (size_t) rows * LEARN_COLUMNS, sizeof(double)));
	CP_TRY(cp_alloc(context, &background->scores, rows, sizeof(double)));
	background->rows = rows;
	for (uint32_t b = 0; b < rows; b++)
	{
		uint32_t member = members[order[(uint32_t) ((b + 0.5) * n / rows)]];

		memcpy(background->vectors + (size_t) b * LEARN_COLUMNS, population->vectors[member],
		       sizeof(population->vectors[member]));
		background->scores[b] = population->scores[member];
	}
	return CP_OK;
}

static CpStatus
draw_population(CpContext *context, const CpModel *model, Population *population, uint32_t *members)
{
	void *scratch;
	CpRng rng;

	cp_rng_init(&rng, 7, 0);
	CP_TRY(cp_alloc(context, &scratch, cp_ensemble_scratch(&model->ensemble), 1));
	for (uint32_t i = 0; i < POPULATION; i++)
	{
		draw_customer(&rng, &model->map, population->vectors[i]);
		population->scores[i] = cp_model_probability(model, population->vectors[i], scratch);
		members[i] = i;
	}
	return CP_OK;
}

/* How far explanations are from those against the whole population, in stated errors. */
static void
check_errors(void)
{
	static Population population;
	static uint32_t members[POPULATION];
	static Explained expected[CUSTOMERS];
	CpContext *context = unit_context();
	int seen = 0, within_two = 0, within_four = 0;
	double squares = 0, stated = 0;
	CpModel model;
	CpRng rng;

	REQUIRE_OK(train_members(context, CP_MEMBER_BIT(CP_MEMBER_GBM), &model));
	REQUIRE_OK(draw_population(context, &model, &population, members));
	REQUIRE_OK(
		background_of(context, &population, members, POPULATION, POPULATION, &model.background));
	for (int c = 0; c < CUSTOMERS; c++)
		REQUIRE_OK(explain(context, &model, population.vectors[c * 7], &expected[c]));
	cp_rng_init(&rng, 8, 0);
	for (int round = 0; round < BACKGROUNDS; round++)
	{
		cp_rng_shuffle(&rng, members, POPULATION);
		REQUIRE_OK(background_of(context, &population, members, DRAWN, CP_BACKGROUND_ROWS,
		                         &model.background));
		for (int c = 0; c < CUSTOMERS; c++)
		{
			Explained explained;

			REQUIRE_OK(explain(context, &model, population.vectors[c * 7], &explained));
			for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
			{
				double off = fabs(explained.contributions[f] - expected[c].contributions[f]);

				seen++;
				within_two += off <= 2 * explained.errors[f];
				within_four += off <= 4 * explained.errors[f];
				squares += off * off;
				stated += explained.errors[f] * explained.errors[f];
			}
		}
	}
	unit_note("off %.5f, stated %.5f, within two errors %.3f", sqrt(squares / seen),
	          sqrt(stated / seen), (double) within_two / seen);
	CHECK(within_two >= 0.9 * seen && within_four >= 0.99 * seen);
	CHECK(squares > 0.5 * stated && squares < 1.5 * stated);
}

/* ---- models made by hand ---- */

/* A forest of its own: its probability is its base and the mean of its trees. */
typedef struct Handmade
{
	CpModel model;
	CpForest forest;
	double vectors[20 * MOST_FEATURES];
	double scores[20];
} Handmade;

static CpStatus
begin(Handmade *made, CpContext *context, uint32_t features, double base)
{
	CpTrees *trees = &made->forest.trees;

	memset(made, 0, sizeof(*made));
	CP_TRY(cp_trees_init(trees, context, features));
	for (uint32_t f = 0; f < features; f++)
	{
		trees->ncuts[f] = 1;
		CP_TRY(cp_alloc(context, &trees->cuts[f], 1, sizeof(double)));
		trees->cuts[f][0] = 0.5;
	}
	made->forest.base = base;
	made->model.map.count = features;
	made->model.background.vectors = made->vectors;
	made->model.background.scores = made->scores;
	made->model.ensemble.count = 1;
	made->model.ensemble.members[0] = (CpMember){CP_MEMBER_FOREST, 1, &made->forest};
	return CP_OK;
}

/* A leaf becomes a node that asks whether a feature is above one half; *left and *left + 1 are leaves. */
static CpStatus
split(Handmade *made, uint32_t node, uint32_t feature, uint32_t *left)
{
	CpTrees *trees = &made->forest.trees;
	CpSlot slot;
	uint32_t number;

	memset(&slot, 0, sizeof(slot));
	slot.feature = feature;
	slot.kind = CP_SLOT_MISSING_LOW;
	CP_TRY(cp_trees_slot(trees, &slot, &number));
	CP_TRY(cp_trees_add_nodes(trees, 2, left));
	trees->nodes[node].test = number << 8;
	trees->nodes[node].left = *left;
	trees->values[node] = 0;
	trees->depths[trees->ntrees - 1]++;
	return CP_OK;
}

static CpStatus
add_tree(Handmade *made, uint32_t *root)
{
	CP_TRY(cp_trees_add_tree(&made->forest.trees));
	*root = made->forest.trees.roots[made->forest.trees.ntrees - 1];
	return CP_OK;
}

/* rows of zeros and ones, drawn. */
static CpStatus
end(Handmade *made, CpContext *context, uint32_t rows)
{
	CpRng rng;

	cp_rng_init(&rng, 9, rows);
	made->model.background.rows = rows;
	for (uint32_t i = 0; i < rows * made->model.map.count; i++)
		made->vectors[i] = (double) cp_rng_below(&rng, 2);
	CP_TRY(cp_trees_prepare(&made->forest.trees));
	return score_again(context, &made->model);
}

#define STUMPS 8

/* A sum has the value of each feature less its mean, whatever the orders; a feature not asked has 0. */
static void
check_sum(void)
{
	static Handmade made;
	CpContext *context = unit_context();
	double vector[STUMPS + 1];
	Explained explained;

	REQUIRE_OK(begin(&made, context, STUMPS + 1, 0.3));
	for (uint32_t f = 0; f < STUMPS; f++)
	{
		uint32_t root, left;

		REQUIRE_OK(add_tree(&made, &root));
		REQUIRE_OK(split(&made, root, f, &left));
		made.forest.trees.values[left + 1] = (float) (0.125 * (f + 1.0) - 0.25);
	}
	REQUIRE_OK(end(&made, context, 20));
	for (uint32_t f = 0; f <= STUMPS; f++)
		vector[f] = f % 3 == 0 ? NAN : 1;
	REQUIRE_OK(explain(context, &made.model, vector, &explained));
	for (uint32_t f = 0; f < STUMPS; f++)
	{
		double value = (0.125 * (f + 1.0) - 0.25) / STUMPS, mean = 0, changes = 0;

		for (uint32_t b = 0; b < 20; b++)
		{
			double change = b == 0 ? 0 : made.vectors[b * 9 + f] - made.vectors[b * 9 - 9 + f];

			mean += made.vectors[b * 9 + f] / 20;
			changes += change * change;
		}
		CHECK_CLOSE(value * ((f % 3 == 0 ? 0 : 1) - mean), explained.contributions[f], 1e-14);
		CHECK_CLOSE(fabs(value) * sqrt(changes / 2 / 19 / 20), explained.errors[f], 1e-14);
	}
	CHECK(explained.contributions[STUMPS] == 0 && explained.errors[STUMPS] == 0);
	check_adds_up(context, &made.model, vector, &explained);
}

/* Two features that only together do something share it. */
static void
check_symmetry(void)
{
	static Handmade made;
	CpContext *context = unit_context();
	Explained explained;
	uint32_t root, left, below;

	REQUIRE_OK(begin(&made, context, 3, 0.2));
	REQUIRE_OK(add_tree(&made, &root));
	REQUIRE_OK(split(&made, root, 0, &left));
	REQUIRE_OK(split(&made, left + 1, 2, &below));
	made.forest.trees.values[below + 1] = 0.5;
	REQUIRE_OK(end(&made, context, 2));
	memset(made.vectors, 0, sizeof(made.vectors));
	made.vectors[4] = 1;
	REQUIRE_OK(score_again(context, &made.model));
	REQUIRE_OK(explain(context, &made.model, (double[]){1, 0, 1}, &explained));
	CHECK_CLOSE(0.2, explained.base, 1e-15);
	CHECK_CLOSE(0.25, explained.contributions[0], 1e-15);
	CHECK_CLOSE(0.25, explained.contributions[2], 1e-15);
	CHECK(explained.contributions[1] == 0);
	CHECK_CLOSE(0, explained.errors[0], 1e-15);
}

/* A walk there and back is exact where no more than two features act together. */
static void
check_pairs(void)
{
	static const uint32_t pairs[][2] = {{0, 1}, {2, 3}, {4, 5}, {0, 5}, {3, 1}};
	static Handmade made;
	CpContext *context = unit_context();
	double expected[LEARN_COLUMNS];
	Explained explained;

	REQUIRE_OK(begin(&made, context, LEARN_COLUMNS, 0.2));
	for (uint32_t t = 0; t < sizeof(pairs) / sizeof(pairs[0]); t++)
	{
		uint32_t root, left, below;

		REQUIRE_OK(add_tree(&made, &root));
		REQUIRE_OK(split(&made, root, pairs[t][0], &left));
		REQUIRE_OK(split(&made, left + 1, pairs[t][1], &below));
		made.forest.trees.values[below + 1] = (float) (t + 1) / 8;
	}
	REQUIRE_OK(end(&made, context, 20));
	for (uint32_t i = 0; i < 10 * LEARN_COLUMNS; i++)
		made.vectors[i] = 0;
	REQUIRE_OK(score_again(context, &made.model));
	REQUIRE_OK(by_force(context, &made.model, (double[]){1, 1, 1, 1, 1, 1}, expected));
	REQUIRE_OK(explain(context, &made.model, (double[]){1, 1, 1, 1, 1, 1}, &explained));
	for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
		CHECK_CLOSE(expected[f], explained.contributions[f], 1e-14);
}

/* One row says nothing about an error; a customer who is that row differs in nothing. */
static void
check_one_row(void)
{
	static Handmade made;
	CpContext *context = unit_context();
	Explained explained;
	uint32_t root, left;

	REQUIRE_OK(begin(&made, context, 1, 0.2));
	REQUIRE_OK(add_tree(&made, &root));
	REQUIRE_OK(split(&made, root, 0, &left));
	made.forest.trees.values[left] = 0.5;
	REQUIRE_OK(end(&made, context, 1));
	REQUIRE_OK(explain(context, &made.model, made.vectors, &explained));
	CHECK(explained.contributions[0] == 0 && explained.base == explained.probability);
	CHECK(isnan(explained.errors[0]));
	REQUIRE_OK(explain(context, &made.model, (double[]){1 - made.vectors[0]}, &explained));
	CHECK_CLOSE(0.5, fabs(explained.contributions[0]), 1e-15);
}

/* A chain that asks 70 features, one after the other: more than a word has bits, and than masks have leaves. */
static void
check_chain(void)
{
	static Handmade made;
	CpContext *context = unit_context();
	double here[MOST_FEATURES], member[3 * MOST_FEATURES + 1], stops[3 * MOST_FEATURES + 1];
	uint32_t flips[3 * MOST_FEATURES], node, left;
	CpPath path = {made.vectors, made.vectors + MOST_FEATURES, flips, 3 * MOST_FEATURES};
	void *scratch;
	CpRng rng;

	REQUIRE_OK(begin(&made, context, MOST_FEATURES, 0.1));
	REQUIRE_OK(add_tree(&made, &node));
	for (uint32_t f = 0; f < MOST_FEATURES; f++)
	{
		REQUIRE_OK(split(&made, node, f, &left));
		made.forest.trees.values[left] = (float) f / 100;
		node = left + 1;
	}
	REQUIRE_OK(end(&made, context, 2));
	CHECK(made.forest.trees.masks == NULL);
	cp_rng_init(&rng, 10, 0);
	for (uint32_t f = 0; f < MOST_FEATURES; f++)
	{
		made.vectors[f] = f % 66 == 65 ? 0 : 1;
		made.vectors[MOST_FEATURES + f] = f % 62 == 1 ? 0 : 1;
	}
	for (uint32_t k = 0; k < path.n; k++)
		flips[k] = (uint32_t) cp_rng_below(&rng, MOST_FEATURES);
	memcpy(here, made.vectors, sizeof(here));
	REQUIRE_OK(cp_alloc(context, &scratch, cp_ensemble_scratch(&made.model.ensemble), 1));
	cp_ensemble_path(&made.model.ensemble, &path, scratch, member, stops);
	for (uint32_t k = 0; k <= path.n; k++)
	{
		CHECK_CLOSE(cp_model_probability(&made.model, here, scratch), stops[k], 1e-12);
		if (k < path.n)
			here[flips[k]] =
				made.vectors[flips[k]] + made.vectors[MOST_FEATURES + flips[k]] - here[flips[k]];
	}
}

/* ---- what always holds ---- */

static void
check_additivity(void)
{
	static const uint32_t members[] = {CP_MEMBER_BIT(CP_MEMBER_NET), CP_ALL_MEMBERS};

	for (uint64_t m = 0; m < 2; m++)
	{
		CpContext *context = unit_context();
		CpModel model;
		CpRng rng;

		REQUIRE_OK(train_members(context, members[m], &model));
		cp_rng_init(&rng, 11, m);
		for (int customer = 0; customer < 20; customer++)
		{
			double vector[LEARN_COLUMNS];
			Explained explained = {0}, again = {0};

			draw_customer(&rng, &model.map, vector);
			if (customer == 0)
				memcpy(vector, model.background.vectors, sizeof(vector));
			REQUIRE_OK(explain(context, &model, vector, &explained));
			REQUIRE_OK(explain(context, &model, vector, &again));
			CHECK(memcmp(&explained, &again, sizeof(again)) == 0);
			check_adds_up(context, &model, vector, &explained);
		}
	}
}

static void
check_failures(void)
{
	CpContext *context = unit_context();
	double vector[LEARN_COLUMNS] = {0};
	CpStatus status = CP_NO_MEMORY;
	CpExplainer explainer;
	Explained explained;
	CpWriter writer;
	CpModel model;
	static uint8_t bytes[65536];
	size_t length;

	REQUIRE_OK(train_members(context, CP_MEMBER_BIT(CP_MEMBER_GBM), &model));
	REQUIRE_OK(cp_model_write(&model, context, &writer));
	REQUIRE(writer.length <= sizeof(bytes));
	memcpy(bytes, writer.bytes, length = writer.length);
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		REQUIRE_OK(cp_model_read(&model, context = unit_context(), bytes, length));
		unit_fail_allocation(nth);
		status = cp_explainer_init(&explainer, context, &model);
		if (status != CP_OK)
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 20);
	}
	context->budget = context->used;
	CHECK_STATUS(CP_OVER_BUDGET, cp_explainer_init(&explainer, context, &model));
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		REQUIRE_OK(cp_model_read(&model, context = unit_context(), bytes, length));
		unit_cancel_after(polls);
		status = explain(context, &model, vector, &explained);
		CHECK(status == CP_CANCELLED || polls == model.background.rows);
		REQUIRE(polls <= model.background.rows);
	}
}

void
test_explain(void)
{
	UNIT_CASE("few differing features: the exact values", check_enumeration);
	UNIT_CASE("many differing features: near the exact values", check_sampling);
	UNIT_CASE("errors are those of another background", check_errors);
	UNIT_CASE("a sum of features", check_sum);
	UNIT_CASE("two features that act together", check_symmetry);
	UNIT_CASE("features that act in pairs", check_pairs);
	UNIT_CASE("one row, one feature", check_one_row);
	UNIT_CASE("more features than a word has bits", check_chain);
	UNIT_CASE("contributions add up, again and again", check_additivity);
	UNIT_CASE("each allocation that fails, each poll that stops, a budget", check_failures);
}
