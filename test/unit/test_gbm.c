/*
 * test_gbm.c: boosting against xgboost, the choice of rounds against fits made for
 * it, and what sampling, seeds, weights, cancels and budgets do.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/gbm.h"
#include "learn/metrics.h"
#include "learn_data.h"
#include "num/rng.h"
#include "num/special.h"

extern void test_gbm(void);

/* ---- data ---- */

static CpStatus
fit_gbm(CpContext *context, const CpTraining *data, const CpGbmParams *params, uint64_t seed,
        CpGbm *gbm)
{
	CpTraining training = *data;
	double *out_of_fold;
	CpStatus status;

	CP_TRY(cp_alloc(context, &out_of_fold, data->n, sizeof(double)));
	training.seed = seed;
	status = cp_gbm_fit(context, &training, params, gbm, out_of_fold);
	cp_free(context, &out_of_fold);
	return status;
}

/* No sampling, no early stopping. */
static void
plain_params(CpGbmParams *params)
{
	cp_gbm_defaults(params);
	params->rounds = 20;
	params->learning_rate = 0.3;
	params->max_depth = 3;
	params->min_child_weight = 1;
	params->l2 = 1;
	params->subsample = 1;
	params->colsample = 1;
	params->early_stopping = 0;
}

static double
log_odds_of(const LearnFit *fit, const CpGbm *gbm, uint32_t row)
{
	double vector[LEARN_COLUMNS];
	double log_odds;
	void *scratch;

	cp_dataset_vector(&fit->dataset, row, vector);
	if (cp_alloc(gbm->trees.context, &scratch, cp_gbm_scratch(gbm), 1) != CP_OK)
		return NAN;
	log_odds = cp_gbm_log_odds(gbm, vector, scratch);
	cp_free(gbm->trees.context, &scratch);
	return log_odds;
}

static CpStatus
bytes_of(const CpGbm *gbm, CpWriter *writer)
{
	cp_writer_begin(writer, gbm->trees.context, "gbmtest", 1);
	cp_gbm_write(gbm, writer);
	return cp_writer_finish(writer);
}

static bool
same_bytes(const CpGbm *a, const CpGbm *b)
{
	CpWriter of_a, of_b;

	if (!CHECK_STATUS(CP_OK, bytes_of(a, &of_a)) || !CHECK_STATUS(CP_OK, bytes_of(b, &of_b)))
		return false;
	return of_a.length == of_b.length && memcmp(of_a.bytes, of_b.bytes, of_a.length) == 0;
}

/* ---- against xgboost ---- */

#define REFERENCE "test/data/boosting_reference.csv"
#define REFERENCE_FIELDS 10

/* The next number of a line, NaN when the field is empty. */
static double
next_field(char **at)
{
	char *end;
	double value = strtod(*at, &end);

	if (end == *at)
		value = NAN;
	*at = *end == ',' ? end + 1 : end;
	return value;
}

/*
 * Margins of the training rows by xgboost 1.7.4 (tree_method exact), made by
 * test/data/make_learn_reference.py: numbers with and without missing values, one
 * that is constant where it is not missing, a boolean, a category of three levels.
 */
static CpStatus
read_reference(LearnFit *fit, double *margins, double *weighted_margins)
{
	static const CpKind kinds[LEARN_COLUMNS] = {CP_NUMBER,  CP_NUMBER,   CP_NUMBER,
	                                            CP_BOOLEAN, CP_CATEGORY, CP_NUMBER};
	FILE *file = fopen(REFERENCE, "r");
	char line[200];
	uint32_t n = 0;

	if (!CHECK(file != NULL))
		return CP_BAD_DATA;
	CHECK(fgets(line, sizeof(line), file) != NULL);
	while (n < LEARN_MOST_ROWS && fgets(line, sizeof(line), file) != NULL)
	{
		char *at = line;

		for (int c = 0; c < LEARN_COLUMNS; c++)
			fit->values[n * LEARN_COLUMNS + c] = next_field(&at);
		fit->labels[n] = next_field(&at) == 1;
		fit->weights[n] = next_field(&at);
		margins[n] = next_field(&at);
		weighted_margins[n++] = next_field(&at);
	}
	fclose(file);
	memset(&fit->table, 0, sizeof(fit->table));
	fit->table.rows = n;
	fit->table.ncolumns = LEARN_COLUMNS;
	fit->table.kinds = kinds;
	return learn_fit_table(fit, unit_context());
}

static void
check_xgboost(void)
{
	static LearnFit fit;
	static double margins[LEARN_MOST_ROWS], weighted_margins[LEARN_MOST_ROWS];
	CpGbmParams params;
	CpGbm plain, weighted;

	REQUIRE_OK(read_reference(&fit, margins, weighted_margins));
	CHECK_EQUAL(300, fit.table.rows);
	CHECK_EQUAL(LEARN_COLUMNS, fit.binned.nfeatures);
	plain_params(&params);
	REQUIRE_OK(fit_gbm(fit.dataset.context, &fit.data, &params, 1, &plain));
	params.rounds = 25;
	params.learning_rate = 0.2;
	params.max_depth = 4;
	params.l2 = 2.5;
	params.min_child_weight = 3;
	fit.data.weights = fit.weights;
	REQUIRE_OK(fit_gbm(fit.dataset.context, &fit.data, &params, 1, &weighted));
	for (uint32_t row = 0; row < fit.table.rows; row++)
	{
		CHECK_CLOSE(margins[row], log_odds_of(&fit, &plain, row), 2e-5);
		CHECK_CLOSE(weighted_margins[row], log_odds_of(&fit, &weighted, row), 2e-5);
	}
}

/* ---- seeds and sampling ---- */

static void
check_seeds(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpGbmParams params;
	CpGbm first, again, other;

	REQUIRE_OK(learn_fit_problem(&fit, context, 1, 1000));
	plain_params(&params);
	REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &first));
	REQUIRE_OK(fit_gbm(context, &fit.data, &params, 2, &other));
	CHECK(same_bytes(&first, &other)); /* nothing is drawn */

	for (int which = 0; which < 3; which++)
	{
		params.subsample = which == 1 ? 1 : 0.7;
		params.colsample = which == 0 ? 1 : 0.7;
		params.early_stopping = which == 2 ? 5 : 0;
		for (uint32_t row = 0; row < 1000; row++)
			fit.folds[row] = row % 4;
		fit.data.nfolds = which == 2 ? 4 : 1;
		REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &first));
		REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &again));
		REQUIRE_OK(fit_gbm(context, &fit.data, &params, 2, &other));
		CHECK(same_bytes(&first, &again));
		CHECK(!same_bytes(&first, &other));
	}
}

/* A tree sees the share of the rows, and another one each round. */
static void
check_subsample(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpGbmParams params;

	REQUIRE_OK(learn_fit_problem(&fit, context, 2, LEARN_MOST_ROWS));
	plain_params(&params);
	params.rounds = 30;
	params.learning_rate = 1e-9; /* every round has the hessians of the first */
	for (int tenths = 1; tenths <= 10; tenths++)
	{
		CpGbm gbm;
		double p, mean = 0;
		uint32_t equal = 0;

		params.subsample = tenths / 10.0;
		REQUIRE_OK(fit_gbm(context, &fit.data, &params, 3, &gbm));
		p = cp_sigmoid(gbm.base);
		for (uint32_t t = 0; t < 30; t++)
		{
			double share = gbm.trees.covers[gbm.trees.roots[t]] / (LEARN_MOST_ROWS * p * (1 - p));

			mean += share / 30;
			equal += t > 0 && gbm.trees.covers[gbm.trees.roots[t]] ==
			                      gbm.trees.covers[gbm.trees.roots[t - 1]];
			CHECK_CLOSE(params.subsample, share, 5 * sqrt(0.25 / LEARN_MOST_ROWS));
		}
		CHECK_CLOSE(params.subsample, mean, 5 * sqrt(0.25 / LEARN_MOST_ROWS / 30));
		CHECK(tenths == 10 ? equal == 29 : equal < 5);
	}
}

/* A tree asks as many features as it may, each about as often as any other. */
static void
check_colsample(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpGbmParams params;

	REQUIRE_OK(learn_fit_problem(&fit, context, 3, 500));
	plain_params(&params);
	params.rounds = 600;
	params.max_depth = 4;
	params.learning_rate = 1e-9;
	params.min_child_weight = 0;
	for (uint32_t allowed = 1; allowed <= LEARN_COLUMNS; allowed++)
	{
		CpGbm gbm;
		uint32_t trees_with[LEARN_COLUMNS] = {0};

		params.colsample = (allowed - 0.5) / LEARN_COLUMNS;
		REQUIRE_OK(fit_gbm(context, &fit.data, &params, 3, &gbm));
		for (uint32_t t = 0; t < 600; t++)
		{
			bool asked[LEARN_COLUMNS] = {false};
			uint32_t end = t + 1 < 600 ? gbm.trees.roots[t + 1] : gbm.trees.nnodes;
			uint32_t count = 0;

			for (uint32_t n = gbm.trees.roots[t]; n < end; n++)
				if (!CP_NODE_IS_LEAF(&gbm.trees, n))
					asked[gbm.trees.slots[CP_NODE_SLOT(&gbm.trees.nodes[n])].feature] = true;
			for (int f = 0; f < LEARN_COLUMNS; f++)
			{
				count += asked[f];
				trees_with[f] += asked[f];
			}
			CHECK(count >= 1 && count <= allowed);
		}
		/* Alone, each is used whenever drawn: 100 of 600, give or take five standard deviations. */
		for (int f = 0; f < LEARN_COLUMNS && allowed == 1; f++)
			CHECK_CLOSE(100, trees_with[f], 5 * sqrt(600 * 5.0 / 36));
		cp_trees_free(&gbm.trees);
	}
}

/* ---- weights ---- */

/* A row of weight three is three rows, and one of weight zero none. */
static void
check_weights(void)
{
	static LearnFit weighted, repeated;
	CpContext *context = unit_context();
	CpGbmParams params;
	CpGbm of_weights, of_rows;
	uint32_t n = 0;

	REQUIRE_OK(learn_fit_problem(&weighted, context, 4, 250));
	for (uint32_t row = 0; row < 250; row++)
	{
		weighted.weights[row] = row % 4;
		for (uint32_t times = row % 4; times > 0; times--, n++)
		{
			memcpy(repeated.values + n * LEARN_COLUMNS, weighted.values + row * LEARN_COLUMNS,
			       LEARN_COLUMNS * sizeof(double));
			repeated.labels[n] = weighted.labels[row];
		}
	}
	repeated.table = weighted.table;
	repeated.table.rows = n;
	REQUIRE_OK(learn_fit_table(&repeated, context));
	plain_params(&params);
	weighted.data.weights = weighted.weights;
	REQUIRE_OK(fit_gbm(context, &weighted.data, &params, 1, &of_weights));
	REQUIRE_OK(fit_gbm(context, &repeated.data, &params, 1, &of_rows));
	CHECK_CLOSE(of_rows.base, of_weights.base, 1e-12);
	n = 0;
	for (uint32_t row = 0; row < 250; n += row++ % 4)
		if (row % 4 > 0)
			CHECK_CLOSE(log_odds_of(&repeated, &of_rows, n),
			            log_odds_of(&weighted, &of_weights, row), 1e-5);
}

/* Weights all the same, if larger, change nothing when the regularisers grow with them. */
static void
check_scale_of_weights(void)
{
	static const CpKind kinds[LEARN_COLUMNS] = {CP_NUMBER,   CP_NUMBER, CP_BOOLEAN,
	                                            CP_CATEGORY, CP_NUMBER, CP_NUMBER};
	static LearnFit fit;
	CpContext *context = unit_context();
	CpGbmParams params;
	CpGbm of_weights, of_rows;

	REQUIRE_OK(learn_fit_problem(&fit, context, 4, 250));
	fit.table.kinds =
		kinds; /* a category of many levels holds chance against them, which does not grow */
	REQUIRE_OK(learn_fit_table(&fit, context));
	plain_params(&params);
	REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &of_rows));
	for (uint32_t row = 0; row < 250; row++)
		fit.weights[row] = 1024;
	fit.data.weights = fit.weights;
	params.l2 *= 1024;
	params.min_child_weight *= 1024;
	REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &of_weights));
	CHECK(of_rows.base == of_weights.base);
	for (uint32_t row = 0; row < 250; row++)
		CHECK_CLOSE(log_odds_of(&fit, &of_rows, row), log_odds_of(&fit, &of_weights, row), 1e-9);
}

/* ---- the choice of rounds ---- */

/*
 * losses[r]: log-loss over the rows of a fold after r trees of a model that gave
 * them no weight. Without sampling this is the model the fold was kept out of.
 */
static CpStatus
losses_of_fold(LearnFit *fit, const CpGbmParams *params, uint8_t fold, double *losses)
{
	CpContext *context = fit->dataset.context;
	CpTraining data = fit->data;
	CpGbmParams all = *params;
	CpGbm gbm;

	all.early_stopping = 0;
	for (uint32_t row = 0; row < fit->table.rows; row++)
		fit->weights[row] = fit->folds[row] != fold;
	data.weights = fit->weights;
	CP_TRY(fit_gbm(context, &data, &all, 1, &gbm));
	for (uint32_t row = 0; row < fit->table.rows; row++)
		if (fit->folds[row] == fold)
		{
			double vector[LEARN_COLUMNS];
			double score = gbm.base;

			cp_dataset_vector(&fit->dataset, row, vector);
			for (uint32_t t = 0; t <= params->rounds; t++)
			{
				uint32_t n;

				losses[t] += log1p(exp(fit->labels[row] ? -score : score));
				if (t == params->rounds)
					break;
				for (n = gbm.trees.roots[t]; !CP_NODE_IS_LEAF(&gbm.trees, n);)
				{
					const CpSlot *slot = &gbm.trees.slots[CP_NODE_SLOT(&gbm.trees.nodes[n])];
					double value = vector[slot->feature];
					uint32_t bin = 0;
					bool right;

					for (uint32_t c = 0; c < gbm.trees.ncuts[slot->feature]; c++)
						bin += gbm.trees.cuts[slot->feature][c] < value;
					if (slot->kind == CP_SLOT_LEVELS)
					{
						uint32_t code =
							isnan(value) ? gbm.trees.levels[slot->feature] + 1 : (uint32_t) value;

						right = slot->set[code / 64] >> (code % 64) & 1;
					}
					else
						right = isnan(value) ? slot->kind == CP_SLOT_MISSING_HIGH
						                     : bin > (gbm.trees.nodes[n].test & 255);
					n = gbm.trees.nodes[n].left + right;
				}
				score += gbm.trees.values[n];
			}
		}
	return CP_OK;
}

/* The round of least loss, where no better one came within the patience before. */
static uint32_t
best_round(const double *losses, uint32_t rounds, uint32_t patience)
{
	uint32_t best = 1;

	for (uint32_t round = 2; round <= rounds && round - best <= patience; round++)
		if (losses[round] < losses[best])
			best = round;
	return best;
}

static void
check_chosen_rounds(void)
{
	static const uint32_t patiences[] = {1, 3, 10, 60};
	static LearnFit fit;

	for (uint32_t nfolds = 1; nfolds <= 5; nfolds += 2)
	{
		CpContext *context = unit_context();
		CpGbmParams params;
		CpRng rng;
		double losses[61] = {0};
		uint32_t least = 60, most = 0;

		cp_rng_init(&rng, nfolds, 0);
		REQUIRE_OK(learn_fit_problem(&fit, context, 5, 600));
		for (uint32_t row = 0; row < 600; row++)
			fit.folds[row] = (uint8_t) cp_rng_below(&rng, nfolds == 1 ? 4 : nfolds);
		fit.data.nfolds = nfolds;
		plain_params(&params);
		params.rounds = 60;
		params.learning_rate = 0.15;
		for (uint8_t fold = 0; fold < nfolds; fold++)
			REQUIRE_OK(losses_of_fold(&fit, &params, fold, losses));
		for (size_t i = 0; i < sizeof(patiences) / sizeof(patiences[0]); i++)
		{
			CpGbm gbm;
			uint32_t expected = best_round(losses, 60, patiences[i]);

			params.early_stopping = patiences[i];
			fit.data.weights = NULL;
			REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &gbm));
			CHECK_EQUAL(expected, gbm.trees.ntrees);
			least = expected < least ? expected : least;
			most = expected > most ? expected : most;
			/* With folds all rows are fitted in the end; with one part kept out, the others. */
			params.early_stopping = 0;
			params.rounds = expected;
			if (nfolds == 1)
			{
				for (uint32_t row = 0; row < 600; row++)
					fit.weights[row] = fit.folds[row] != 0;
				fit.data.weights = fit.weights;
			}
			{
				CpGbm direct;

				REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &direct));
				CHECK_CLOSE(direct.base, gbm.base, 1e-12);
				for (uint32_t row = 0; row < 600; row++)
					CHECK_CLOSE(log_odds_of(&fit, &direct, row), log_odds_of(&fit, &gbm, row),
					            1e-9);
			}
			params.rounds = 60;
		}
		CHECK(least > 1 && most < 60);
	}
}

/* Nothing to learn: a round or a few. */
static void
check_stops_on_noise(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpGbmParams params;
	CpGbm gbm;
	CpRng rng;

	cp_rng_init(&rng, 5, 0);
	REQUIRE_OK(learn_fit_problem(&fit, context, 6, 2000));
	for (uint32_t row = 0; row < 2000; row++)
	{
		fit.labels[row] = (uint8_t) cp_rng_below(&rng, 2);
		fit.folds[row] = row % 5;
	}
	fit.data.nfolds = 5;
	cp_gbm_defaults(&params);
	REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &gbm));
	CHECK(gbm.trees.ntrees < 20);
	for (uint32_t row = 0; row < 100; row++)
		CHECK_CLOSE(0, log_odds_of(&fit, &gbm, row), 0.4);
}

/* Labels of a fold may change as they like: what is said of its rows stays. */
static void
check_out_of_fold(void)
{
	static LearnFit fit;
	static double before[600], after[600];
	CpContext *context = unit_context();
	CpGbmParams params;
	CpGbm gbm;
	double loss = 0;
	uint32_t others = 0;

	REQUIRE_OK(learn_fit_problem(&fit, context, 11, 600));
	for (uint32_t row = 0; row < 600; row++)
		fit.folds[row] = (uint8_t) (row % 3);
	fit.data.nfolds = 3;
	plain_params(&params);
	REQUIRE_OK(cp_gbm_fit(context, &fit.data, &params, &gbm, before));
	for (uint32_t row = 0; row < 600; row++)
		loss += cp_log_odds_loss(before[row], fit.labels[row]) / 600;
	CHECK(loss > 0.3 && loss < 0.66);
	for (uint32_t row = 1; row < 600; row += 3)
		fit.labels[row] = 1 - fit.labels[row];
	REQUIRE_OK(cp_gbm_fit(context, &fit.data, &params, &gbm, after));
	for (uint32_t row = 0; row < 600; row++)
		if (row % 3 == 1)
			CHECK(before[row] == after[row]);
		else
			others += before[row] != after[row];
	CHECK(others > 390);
	/* One fold is kept out for good, and is what the stored trees have not seen. */
	fit.data.nfolds = 1;
	REQUIRE_OK(cp_gbm_fit(context, &fit.data, &params, &gbm, after));
	for (uint32_t row = 0; row < 600; row++)
		if (row % 3 == 0)
			CHECK_CLOSE(log_odds_of(&fit, &gbm, row), after[row], 1e-9);
		else
			CHECK(isnan(after[row]));
}

static void
check_progress(void)
{
	static LearnFit fit;
	CpGbmParams params;
	CpGbm gbm;

	REQUIRE_OK(learn_fit_problem(&fit, unit_context(), 1, 100));
	plain_params(&params);
	params.rounds = 250;
	REQUIRE_OK(fit_gbm(fit.dataset.context, &fit.data, &params, 1, &gbm));
	CHECK_EQUAL(250, gbm.trees.ntrees);
	CHECK_EQUAL(2, unit_progress_lines());
	CHECK(strstr(unit_last_progress(), "200 of at most 250") != NULL);
}

/* ---- what cannot be fitted ---- */

static void
check_one_class(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpGbmParams params;
	CpGbm gbm;

	REQUIRE_OK(learn_fit_problem(&fit, context, 1, 60));
	plain_params(&params);
	/* Those that stayed have no weight. */
	for (uint32_t row = 0; row < 60; row++)
		fit.weights[row] = fit.labels[row];
	fit.data.weights = fit.weights;
	CHECK_STATUS(CP_BAD_DATA, fit_gbm(context, &fit.data, &params, 1, &gbm));
	memset(fit.weights, 0, sizeof(fit.weights));
	CHECK_STATUS(CP_BAD_DATA, fit_gbm(context, &fit.data, &params, 1, &gbm));
	/* One fold has all churners. */
	fit.data.weights = NULL;
	fit.data.nfolds = 2;
	for (uint32_t row = 0; row < 60; row++)
		fit.folds[row] = fit.labels[row];
	params.early_stopping = 5;
	CHECK_STATUS(CP_BAD_DATA, fit_gbm(context, &fit.data, &params, 1, &gbm));
	memset(fit.labels, 1, sizeof(fit.labels));
	params.early_stopping = 0;
	CHECK_STATUS(CP_BAD_DATA, fit_gbm(context, &fit.data, &params, 1, &gbm));
	CHECK(context->reason[0] != '\0');
}

/* Without any regularisation and on separable data nothing overflows. */
static void
check_separable(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpGbmParams params;
	CpGbm gbm;

	REQUIRE_OK(learn_fit_problem(&fit, context, 1, 200));
	for (uint32_t row = 0; row < 200; row++)
		fit.labels[row] = fit.values[row * LEARN_COLUMNS] > 30;
	plain_params(&params);
	params.rounds = 500;
	params.learning_rate = 1;
	params.min_child_weight = 0;
	params.l2 = 0;
	REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &gbm));
	for (uint32_t row = 0; row < 200; row++)
	{
		double log_odds = log_odds_of(&fit, &gbm, row);

		CHECK(isfinite(log_odds) && (log_odds > 0) == fit.labels[row]);
	}
}

/* ---- memory and cancel ---- */

static void
sampling_params(CpGbmParams *params)
{
	plain_params(params);
	params->rounds = 6;
	params->subsample = 0.8;
	params->early_stopping = 2;
}

static void
check_failures(void)
{
	static LearnFit fit;

	for (uint32_t nfolds = 1; nfolds <= 3; nfolds += 2)
	{
		CpStatus status = CP_NO_MEMORY;
		CpGbmParams params;
		CpGbm gbm;

		sampling_params(&params);
		for (size_t nth = 1; status != CP_OK; nth++)
		{
			size_t blocks;

			REQUIRE_OK(learn_fit_problem(&fit, unit_context(), 1, 80));
			for (uint32_t row = 0; row < 80; row++)
				fit.folds[row] = row % 3;
			fit.data.nfolds = nfolds;
			blocks = unit_live_blocks();
			unit_fail_allocation(nth);
			status = fit_gbm(fit.dataset.context, &fit.data, &params, 1, &gbm);
			REQUIRE(nth < 3000);
			if (status != CP_OK)
			{
				CHECK_STATUS(CP_NO_MEMORY, status);
				continue;
			}
			/* All that is left is the model. */
			CHECK(nth > 30);
			cp_trees_free(&gbm.trees);
			CHECK_EQUAL(blocks, unit_live_blocks());
		}
		status = CP_CANCELLED;
		for (size_t polls = 0; status != CP_OK; polls++)
		{
			REQUIRE_OK(learn_fit_problem(&fit, unit_context(), 1, 80));
			for (uint32_t row = 0; row < 80; row++)
				fit.folds[row] = row % 3;
			fit.data.nfolds = nfolds;
			unit_cancel_after(polls);
			status = fit_gbm(fit.dataset.context, &fit.data, &params, 1, &gbm);
			if (status != CP_OK)
				CHECK_STATUS(CP_CANCELLED, status);
			CHECK(status == CP_OK || unit_polls() == polls + 1); /* it stops at once */
			REQUIRE(polls < 3000);
		}
	}
}

/* What is announced is enough but for the trees, and not much more than is used. */
static void
check_budget(void)
{
	static LearnFit fit;

	for (uint32_t nfolds = 1; nfolds <= 9; nfolds += 4)
	{
		CpContext *context = unit_context();
		CpGbmParams params;
		CpGbm gbm;
		size_t before, used, announced;

		REQUIRE_OK(learn_fit_problem(&fit, context, 1, LEARN_MOST_ROWS));
		for (uint32_t row = 0; row < LEARN_MOST_ROWS; row++)
			fit.folds[row] = (uint8_t) (row % nfolds);
		for (uint32_t row = 0; row < LEARN_MOST_ROWS && nfolds == 1; row++)
			fit.folds[row] = row % 10 > 0;
		fit.data.nfolds = nfolds;
		sampling_params(&params);
		params.max_depth = 2;
		params.rounds = 1;
		announced = cp_gbm_bytes(&fit.data, &params);
		before = context->used;
		context->peak = before;
		REQUIRE_OK(fit_gbm(context, &fit.data, &params, 1, &gbm));
		used = context->peak - before - LEARN_MOST_ROWS * sizeof(double); /* less out_of_fold */
		/* Each booster holds a tree, room for some and two words a feature. */
		CHECK(used <= announced + (nfolds + 1) * 6000);
		CHECK(announced <= used + used / 4 + 20000);

		cp_trees_free(&gbm.trees);
		CHECK_EQUAL(before, context->used);
		context->budget = before + announced / 2;
		CHECK_STATUS(CP_OVER_BUDGET, fit_gbm(context, &fit.data, &params, 1, &gbm));
		CHECK(context->peak <= context->budget ||
		      context->peak == before + used + LEARN_MOST_ROWS * sizeof(double));
		CHECK(context->required > context->budget);
	}
}

/* ---- parameters ---- */

static void
check_params(void)
{
	CpGbmParams good, p;

	cp_gbm_defaults(&good);
	CHECK(cp_gbm_check(&good) == NULL);
#define REFUSED(field, value) \
	do \
	{ \
		p = good; \
		p.field = value; \
		CHECK(cp_gbm_check(&p) != NULL && strstr(cp_gbm_check(&p), #field) != NULL); \
	} while (0)
#define ALLOWED(field, value) \
	do \
	{ \
		p = good; \
		p.field = value; \
		CHECK(cp_gbm_check(&p) == NULL); \
	} while (0)
	REFUSED(rounds, 0);
	REFUSED(rounds, 10001);
	ALLOWED(rounds, 1);
	ALLOWED(rounds, 10000);
	REFUSED(learning_rate, 0);
	REFUSED(learning_rate, 1.01);
	REFUSED(learning_rate, NAN);
	ALLOWED(learning_rate, 1);
	REFUSED(max_depth, 0);
	REFUSED(max_depth, 17);
	ALLOWED(max_depth, 16);
	REFUSED(min_child_weight, -1);
	REFUSED(min_child_weight, INFINITY);
	REFUSED(min_child_weight, NAN);
	ALLOWED(min_child_weight, 0);
	REFUSED(l2, -0.1);
	REFUSED(l2, INFINITY);
	ALLOWED(l2, 0);
	REFUSED(subsample, 0);
	REFUSED(subsample, 1.5);
	REFUSED(subsample, NAN);
	ALLOWED(subsample, 1);
	REFUSED(colsample, 0);
	REFUSED(colsample, 2);
	REFUSED(max_bins, 1);
	REFUSED(max_bins, 256);
	ALLOWED(max_bins, 2);
	ALLOWED(max_bins, 255);
}

void
test_gbm(void)
{
	UNIT_CASE("margins are xgboost's", check_xgboost);
	UNIT_CASE("one seed, one model", check_seeds);
	UNIT_CASE("a tree sees a share of the rows", check_subsample);
	UNIT_CASE("a tree sees a share of the features", check_colsample);
	UNIT_CASE("weights stand for repeated rows", check_weights);
	UNIT_CASE("the scale of weights", check_scale_of_weights);
	UNIT_CASE("rounds are chosen by the loss of rows left out", check_chosen_rounds);
	UNIT_CASE("noise stops early", check_stops_on_noise);
	UNIT_CASE("out-of-fold log-odds know nothing of their fold", check_out_of_fold);
	UNIT_CASE("lines of progress", check_progress);
	UNIT_CASE("one class cannot be fitted", check_one_class);
	UNIT_CASE("separable data, nothing held back", check_separable);
	UNIT_CASE("each allocation that fails, each poll that stops", check_failures);
	UNIT_CASE("memory announced and used", check_budget);
	UNIT_CASE("parameters out of range", check_params);
}
