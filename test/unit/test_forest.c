/*
 * test_forest.c: what leaves hold, what out-of-fold estimates know, and what sizes,
 * seeds, weights, cancels and budgets do.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/forest.h"
#include "learn/metrics.h"
#include "learn_data.h"
#include "num/special.h"

extern void test_forest(void);

static double out_of_fold[LEARN_MOST_ROWS];

static void
quick_params(CpForestParams *params)
{
	cp_forest_defaults(params);
	params->trees = 40;
	params->min_leaf = 10;
}

static void
deal_folds(LearnFit *fit, uint32_t nfolds)
{
	for (uint32_t row = 0; row < fit->table.rows; row++)
		fit->folds[row] = (uint8_t) (row % nfolds);
	fit->data.nfolds = nfolds;
}

static double
log_odds_of(const LearnFit *fit, const CpForest *forest, uint32_t row)
{
	double vector[LEARN_COLUMNS];
	double log_odds;
	void *scratch;

	cp_dataset_vector(&fit->dataset, row, vector);
	if (cp_alloc(forest->trees.context, &scratch, cp_forest_scratch(forest), 1) != CP_OK)
		return NAN;
	log_odds = cp_forest_log_odds(forest, vector, scratch);
	cp_free(forest->trees.context, &scratch);
	return log_odds;
}

static CpStatus
bytes_of(const CpForest *forest, CpWriter *writer)
{
	cp_writer_begin(writer, forest->trees.context, "foresttt", 1);
	cp_forest_write(forest, writer);
	return cp_writer_finish(writer);
}

static bool
same_bytes(const CpForest *a, const CpForest *b)
{
	CpWriter of_a, of_b;

	if (!CHECK_STATUS(CP_OK, bytes_of(a, &of_a)) || !CHECK_STATUS(CP_OK, bytes_of(b, &of_b)))
		return false;
	return of_a.length == of_b.length && memcmp(of_a.bytes, of_b.bytes, of_a.length) == 0;
}

/*
 * One yes/no feature: a tree's leaves are the churn rates of its sample, drawn towards that
 * of all by the smoothing; over many trees they average to those of the rows.
 */
static void
check_leaves(void)
{
	static LearnFit fit;
	static const CpKind kinds[] = {CP_BOOLEAN};
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest forest;

	memset(&fit.table, 0, sizeof(fit.table));
	fit.table.rows = 1000;
	fit.table.ncolumns = 1;
	fit.table.kinds = kinds;
	for (uint32_t row = 0; row < 1000; row++)
	{
		fit.values[row] = row < 400;
		fit.labels[row] = row < 400 ? row % 2 : row % 10 == 0;
	}
	REQUIRE_OK(learn_fit_table(&fit, context));
	quick_params(&params);
	params.trees = 2000;
	params.smoothing = 100;
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	CHECK_CLOSE((200 + 100 * 0.26) / 500, cp_sigmoid(log_odds_of(&fit, &forest, 0)), 0.002);
	CHECK_CLOSE((60 + 100 * 0.26) / 700, cp_sigmoid(log_odds_of(&fit, &forest, 999)), 0.002);
	CHECK(isnan(out_of_fold[0]));
}

/* Labels of a fold may change as they like: what is said of its rows stays, what is said of others does not. */
static void
check_out_of_fold_is_honest(void)
{
	static LearnFit fit;
	static double before[LEARN_MOST_ROWS];
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest forest;
	uint32_t others = 0;

	REQUIRE_OK(learn_fit_problem(&fit, context, 1, 600));
	deal_folds(&fit, 3);
	quick_params(&params);
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, before));
	for (uint32_t row = 1; row < 600; row += 3)
		fit.labels[row] = 1 - fit.labels[row];
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	for (uint32_t row = 0; row < 600; row++)
		if (row % 3 == 1)
			CHECK(before[row] == out_of_fold[row]);
		else
			others += before[row] != out_of_fold[row];
	CHECK(others > 390);
}

/* The loss it reports out of fold is the loss of the forest on new rows. */
static void
check_out_of_fold_is_right(void)
{
	static LearnFit fit;
	const uint32_t half = LEARN_MOST_ROWS / 2;
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest forest;
	double reported = 0, met = 0, constant = 0;

	REQUIRE_OK(learn_fit_problem(&fit, context, 2, LEARN_MOST_ROWS));
	deal_folds(&fit, 5);
	fit.data.n = half;
	quick_params(&params);
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	for (uint32_t row = 0; row < half; row++)
	{
		uint8_t label = fit.labels[row + half];

		reported += cp_log_odds_loss(out_of_fold[row], fit.labels[row]) / half;
		met += cp_log_odds_loss(log_odds_of(&fit, &forest, row + half), label) / half;
		constant += cp_log_odds_loss(cp_logit(forest.base), label) / half;
	}
	unit_note("out of fold %.4f, new rows %.4f, constant %.4f", reported, met, constant);
	CHECK_CLOSE(met, reported, 0.02);
	CHECK(met < constant - 0.05);
}

static void
check_sizes(void)
{
	static LearnFit fit;
	static const double sizes[] = {5, 20, 60};
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest chosen, fixed;
	double losses[3];
	int best = 0;

	REQUIRE_OK(learn_fit_problem(&fit, context, 4, 1200));
	deal_folds(&fit, 3);
	quick_params(&params);
	for (int i = 0; i < 3; i++)
	{
		params.min_leaf = sizes[i];
		REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &fixed, out_of_fold));
		losses[i] = 0;
		for (uint32_t row = 0; row < 1200; row++)
			losses[i] += cp_log_odds_loss(out_of_fold[row], fit.labels[row]);
		best = losses[i] < losses[best] ? i : best;
	}
	params.min_leaf = 0;
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &chosen, out_of_fold));
	CHECK(chosen.min_leaf == sizes[best]);
	params.min_leaf = sizes[best];
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &fixed, out_of_fold));
	CHECK(same_bytes(&chosen, &fixed));
	CHECK_EQUAL(params.trees, chosen.trees.ntrees);
}

/* Every leaf got its least share of the rows: cover is rows times r (1 - r). */
static void
check_least_leaf(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest forest;
	uint32_t leaves = 0;

	REQUIRE_OK(learn_fit_problem(&fit, context, 5, 1000));
	deal_folds(&fit, 1);
	memset(fit.folds, 1, sizeof(fit.folds));
	quick_params(&params);
	params.min_leaf = 30;
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	for (uint32_t n = 0; n < forest.trees.nnodes; n++)
		if (CP_NODE_IS_LEAF(&forest.trees, n))
		{
			CHECK(forest.trees.covers[n] >= 29.99 * forest.base * (1 - forest.base));
			leaves++;
		}
	CHECK(leaves > 5 * params.trees);
	for (uint32_t t = 0; t < forest.trees.ntrees; t++)
		CHECK(forest.trees.depths[t] <= params.max_depth);
}

static void
check_seeds(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest first, again, other;

	REQUIRE_OK(learn_fit_problem(&fit, context, 6, 300));
	deal_folds(&fit, 2);
	quick_params(&params);
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &first, out_of_fold));
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &again, out_of_fold));
	fit.data.seed = 2;
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &other, out_of_fold));
	CHECK(same_bytes(&first, &again));
	CHECK(!same_bytes(&first, &other));
}

/* A row of weight zero says nothing, and one of weight w counts w times in a leaf. */
static void
check_weights(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest forest, flipped;

	REQUIRE_OK(learn_fit_problem(&fit, context, 7, 800));
	deal_folds(&fit, 2);
	for (uint32_t row = 0; row < 800; row++)
		fit.weights[row] = row % 4;
	fit.data.weights = fit.weights;
	quick_params(&params);
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	for (uint32_t row = 0; row < 800; row += 4)
		fit.labels[row] = 1 - fit.labels[row];
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &flipped, out_of_fold));
	CHECK(same_bytes(&forest, &flipped));
	/* All rows in one leaf: (sum of w y + r s) / (sum of w + s) = r, the weighted rate. */
	for (uint32_t row = 0; row < 800; row++)
	{
		fit.labels[row] = row % 8 == 3;
		fit.folds[row] = 1;
	}
	fit.data.nfolds = 1;
	params.min_leaf = 1e6;
	params.trees = 500;
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	CHECK_CLOSE(3.0 / 12, forest.base, 1e-12);
	CHECK_CLOSE(3.0 / 12, cp_sigmoid(log_odds_of(&fit, &forest, 0)), 0.005);
}

/* Walks of shallow and of deep trees stop at what the vectors themselves give. */
static void
check_path(void)
{
	static LearnFit fit;
	static const uint32_t flips[] = {0, 4, 1, 0, 5, 2, 3, 4, 4, 0};
	CpContext *context = unit_context();

	REQUIRE_OK(learn_fit_problem(&fit, context, 8, 2000));
	for (uint32_t depth = 2; depth <= 14; depth += 12)
	{
		double from[LEARN_COLUMNS], to[LEARN_COLUMNS], here[LEARN_COLUMNS];
		double log_odds[11];
		CpPath path = {from, to, flips, 10};
		CpForestParams params;
		CpForest forest;
		void *scratch;

		quick_params(&params);
		params.max_depth = depth;
		params.min_leaf = 2;
		REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
		CHECK((forest.trees.masks != NULL) == (depth == 2));
		REQUIRE_OK(cp_alloc(context, &scratch, cp_forest_scratch(&forest), 1));
		for (uint32_t row = 0; row < 100; row++)
		{
			cp_dataset_vector(&fit.dataset, row, from);
			cp_dataset_vector(&fit.dataset, row + 1000, to);
			cp_forest_path(&forest, &path, scratch, log_odds);
			memcpy(here, from, sizeof(here));
			for (uint32_t k = 0; k <= 10; k++)
			{
				CHECK(log_odds[k] == cp_forest_log_odds(&forest, here, scratch));
				if (k < 10)
					here[flips[k]] = memcmp(&here[flips[k]], &from[flips[k]], sizeof(double)) == 0
					                     ? to[flips[k]]
					                     : from[flips[k]];
			}
		}
	}
}

static void
check_bytes(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest forest, again;
	CpFeatureMap map;
	CpWriter writer;
	CpReader reader;

	REQUIRE_OK(learn_fit_problem(&fit, context, 9, 400));
	REQUIRE_OK(cp_dataset_featuremap(&fit.dataset, &map));
	quick_params(&params);
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	REQUIRE_OK(bytes_of(&forest, &writer));
	REQUIRE_OK(cp_reader_open(&reader, context, writer.bytes, writer.length, "foresttt", 1));
	REQUIRE_OK(cp_forest_read(&again, &reader, &map));
	REQUIRE_OK(cp_reader_close(&reader));
	for (uint32_t row = 0; row < 400; row++)
		CHECK(log_odds_of(&fit, &forest, row) == log_odds_of(&fit, &again, row));
	/* No trees, or a churn rate that is none. */
	for (int forged = 0; forged < 2; forged++)
	{
		if (forged == 0)
			cp_trees_truncate(&forest.trees, 0);
		else
			forest.base = 1.5;
		REQUIRE_OK(bytes_of(&forest, &writer));
		REQUIRE_OK(cp_reader_open(&reader, context, writer.bytes, writer.length, "foresttt", 1));
		CHECK_STATUS(CP_CORRUPT, cp_forest_read(&again, &reader, &map));
		forest = again;
		REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	}
}

static void
check_bad_data(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest forest;

	REQUIRE_OK(learn_fit_problem(&fit, context, 1, 60));
	quick_params(&params);
	/* One fold has all churners. */
	fit.data.nfolds = 2;
	for (uint32_t row = 0; row < 60; row++)
		fit.folds[row] = fit.labels[row];
	CHECK_STATUS(CP_BAD_DATA, cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	CHECK(strstr(context->reason, "fold") != NULL);
	/* So few rows that each is drawn often: still ends. */
	REQUIRE_OK(learn_fit_problem(&fit, context, 1, 60));
	fit.data.n = 3;
	fit.labels[0] = 1;
	fit.labels[1] = fit.labels[2] = 0;
	CHECK_STATUS(CP_OK, cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
}

static void
check_params(void)
{
	CpForestParams params;

	cp_forest_defaults(&params);
	CHECK(cp_forest_check(&params) == NULL);
#define REFUSED(field, value) \
	cp_forest_defaults(&params); \
	params.field = (value); \
	CHECK(cp_forest_check(&params) != NULL && strstr(cp_forest_check(&params), #field) != NULL)
	REFUSED(trees, 0);
	REFUSED(trees, 10001);
	REFUSED(max_depth, 0);
	REFUSED(max_depth, 33);
	REFUSED(min_leaf, -1);
	REFUSED(min_leaf, INFINITY);
	REFUSED(colsample, 0);
	REFUSED(colsample, 1.1);
	REFUSED(colsample, NAN);
	REFUSED(smoothing, -0.1);
#undef REFUSED
	for (uint64_t stream = 0; stream < 200; stream++)
	{
		CpRng rng;

		cp_rng_init(&rng, 1, stream);
		cp_forest_vary(&params, &rng);
		CHECK(cp_forest_check(&params) == NULL);
	}
}

/* ---- memory and cancel ---- */

static void
check_failures(void)
{
	static LearnFit fit;
	CpForestParams params;
	CpForest forest;
	CpStatus status = CP_NO_MEMORY;

	quick_params(&params);
	params.trees = 2;
	params.min_leaf = 0;
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		REQUIRE_OK(learn_fit_problem(&fit, unit_context(), 1, 80));
		deal_folds(&fit, 2);
		unit_fail_allocation(nth);
		status = cp_forest_fit(fit.dataset.context, &fit.data, &params, &forest, out_of_fold);
		CHECK(status == CP_OK || status == CP_NO_MEMORY);
		REQUIRE(nth < 5000);
	}
}

static void
check_cancel(void)
{
	static LearnFit fit;
	CpForestParams params;
	CpForest forest;
	CpStatus status = CP_CANCELLED;
	size_t polls;

	quick_params(&params);
	params.trees = 2;
	for (polls = 0; status != CP_OK; polls++)
	{
		REQUIRE_OK(learn_fit_problem(&fit, unit_context(), 1, 80));
		unit_cancel_after(polls);
		status = cp_forest_fit(fit.dataset.context, &fit.data, &params, &forest, out_of_fold);
		CHECK(status == CP_OK || status == CP_CANCELLED);
		REQUIRE(polls < 5000);
	}
	CHECK(polls > 4);
}

static void
check_budget(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpForestParams params;
	CpForest forest;
	size_t before, used, announced;

	REQUIRE_OK(learn_fit_problem(&fit, context, 1, LEARN_MOST_ROWS));
	quick_params(&params);
	params.trees = 1;
	params.max_depth = 2;
	announced = cp_forest_bytes(&fit.data, &params);
	before = context->peak = context->used;
	REQUIRE_OK(cp_forest_fit(context, &fit.data, &params, &forest, out_of_fold));
	used = context->peak - before;
	CHECK(used <= announced + 10000);
	CHECK(announced <= used + used / 4 + 20000);
	cp_forest_free(&forest);
	CHECK_EQUAL(before, context->used);
}

void
test_forest(void)
{
	UNIT_CASE("leaves are churn rates, smoothed", check_leaves);
	UNIT_CASE("out-of-fold log-odds know nothing of their fold", check_out_of_fold_is_honest);
	UNIT_CASE("out-of-fold loss is that of new rows", check_out_of_fold_is_right);
	UNIT_CASE("the size of leaves that serves the folds best", check_sizes);
	UNIT_CASE("no leaf is smaller, no tree deeper than allowed", check_least_leaf);
	UNIT_CASE("same seed, same bytes", check_seeds);
	UNIT_CASE("weights", check_weights);
	UNIT_CASE("walks", check_path);
	UNIT_CASE("bytes", check_bytes);
	UNIT_CASE("rows that nothing can be learned from", check_bad_data);
	UNIT_CASE("parameters", check_params);
	UNIT_CASE("each allocation that fails", check_failures);
	UNIT_CASE("cancel at each poll", check_cancel);
	UNIT_CASE("memory announced and used", check_budget);
}
