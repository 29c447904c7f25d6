/*
 * test_train.c: from a data set to a model and its figures, what it learns, what it
 * refuses, and the rows it was measured on as bytes.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/holdout.h"
#include "learn/train.h"
#include "learn_data.h"
#include "num/hash.h"
#include "num/rng.h"

#define MOST 8000

extern void test_train(void);

typedef struct Problem
{
	LearnTable table;
	double values[MOST * LEARN_COLUMNS];
	uint8_t labels[MOST];
	double log_odds[MOST];
	double weights[MOST];
	double times[MOST];
	uint64_t units[MOST];
	uint32_t arrival[MOST];
} Problem;

static void
make_problem(Problem *problem, uint64_t seed, uint32_t n)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 77);
	memset(&problem->table, 0, sizeof(problem->table));
	problem->table.rows = n;
	problem->table.ncolumns = LEARN_COLUMNS;
	problem->table.kinds = learn_kinds;
	problem->table.values = problem->values;
	problem->table.labels = problem->labels;
	learn_problem(seed, n, problem->values, problem->labels, problem->log_odds);
	for (uint32_t row = 0; row < n; row++)
	{
		problem->weights[row] = 0.1 + (double) cp_rng_below(&rng, 30) * 0.1;
		problem->times[row] = (double) cp_rng_below(&rng, 100);
		problem->units[row] = 1 + cp_rng_below(&rng, n / 2);
		problem->arrival[row] = row;
	}
}

static CpStatus
train(const Problem *problem, CpContext *context, const CpTrainParams *params, CpTrained *trained)
{
	CpDataset dataset;

	CP_TRY(learn_dataset(&dataset, context, &problem->table));
	return cp_train_model(context, &dataset, params, trained);
}

/* ---- reproducible ---- */

/* Copy of the model's bytes and of its figures; their length. */
static size_t
model_bytes(const Problem *problem, const CpTrainParams *params, uint8_t *bytes, size_t room)
{
	CpContext *context = unit_context();
	CpTrained trained;
	CpWriter writer;

	if (!CHECK_STATUS(CP_OK, train(problem, context, params, &trained)) ||
	    !CHECK_STATUS(CP_OK, cp_model_write(&trained.model, context, &writer)) ||
	    !CHECK(writer.length + sizeof(CpMetrics) + sizeof(double) <= room))
		return 0;
	memcpy(bytes, writer.bytes, writer.length);
	memcpy(bytes + writer.length, &trained.metrics, sizeof(CpMetrics));
	memcpy(bytes + writer.length + sizeof(CpMetrics), &trained.churn_rate, sizeof(double));
	return writer.length + sizeof(CpMetrics) + sizeof(double);
}

/* The same rows in any order and the same seed: the same bytes, whatever steers the training. */
static void
check_arrival(void)
{
	static Problem problem;
	static uint8_t first[200000], other[200000];
	CpTrainParams params;
	CpRng rng;

	cp_rng_init(&rng, 1, 0);
	make_problem(&problem, 1, 600);
	learn_train_params(&params);
	params.ensemble.gbm.subsample = 0.8;
	params.ensemble.gbm.early_stopping = 5;
	for (int which = 0; which < 5; which++)
	{
		size_t length;

		problem.table.weights = which & 1 ? problem.weights : NULL;
		problem.table.times = which == 3 ? problem.times : NULL;
		problem.table.units = which == 2 ? problem.units : NULL;
		params.split_by = which == 2   ? CP_SPLIT_WHOLE_UNITS
		                  : which == 3 ? CP_SPLIT_TIME
		                               : CP_SPLIT_STRATIFIED;
		params.folds = which == 4 ? 1 : 3;
		problem.table.arrival = NULL;
		length = model_bytes(&problem, &params, first, sizeof(first));
		problem.table.arrival = problem.arrival;
		for (int round = 0; round < 3; round++)
		{
			cp_rng_shuffle(&rng, problem.arrival, 600);
			CHECK_EQUAL(length, model_bytes(&problem, &params, other, sizeof(other)));
			CHECK(memcmp(first, other, length) == 0);
		}
		params.seed++;
		CHECK(model_bytes(&problem, &params, other, sizeof(other)) != length ||
		      memcmp(first, other, length) != 0);
	}
}

/* ---- the figures are those of the held-out rows ---- */

static void
check_figures(void)
{
	static Problem problem;
	static const double sizes[] = {0.1, 0.2, 0.5, 0.9};
	CpContext *context = unit_context();
	CpTrainParams params;

	make_problem(&problem, 2, 1000);
	learn_train_params(&params);
	for (int weighted = 0; weighted < 2; weighted++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		{
			CpTrained trained;
			CpMetrics metrics;
			double churned = 0, weight = 0;

			problem.table.weights = weighted ? problem.weights : NULL;
			params.test_size = sizes[i];
			REQUIRE_OK(train(&problem, context, &params, &trained));
			CHECK_EQUAL(1000, trained.train_rows + trained.test_rows);
			CHECK_CLOSE(1000 * sizes[i], trained.test_rows, 1);
			REQUIRE_OK(cp_metrics(context, trained.test_probabilities, trained.test_labels,
			                      trained.test_weights, trained.test_rows, &metrics));
			CHECK(memcmp(&metrics, &trained.metrics, sizeof(metrics)) == 0);
			CHECK((trained.test_weights != NULL) == (weighted == 1));
			for (uint32_t row = 0; row < 1000; row++)
			{
				weight += weighted ? problem.weights[row] : 1;
				churned += problem.labels[row] * (weighted ? problem.weights[row] : 1);
			}
			CHECK_CLOSE(churned / weight, trained.churn_rate, 1e-6);
			CHECK(trained.metrics.auc > 0.65 && trained.metrics.auc < 0.9);
		}
}

/* Each held-out row is scored as it is and has its own label: known by the order that splits. */
static void
check_scored_rows(void)
{
	static Problem problem;
	CpContext *context = unit_context();
	CpTrainParams params;
	CpDataset dataset;
	CpTrained trained;
	uint32_t *rows;
	uint32_t kept;
	void *scratch;

	make_problem(&problem, 3, 500);
	problem.table.times = problem.times;
	problem.table.weights = problem.weights;
	learn_train_params(&params);
	params.split_by = CP_SPLIT_TIME;
	REQUIRE_OK(learn_dataset(&dataset, context, &problem.table));
	REQUIRE_OK(cp_train_model(context, &dataset, &params, &trained));
	REQUIRE_OK(cp_dataset_order(&dataset, params.seed, &rows));
	REQUIRE_OK(cp_split_hold_out(&dataset, rows, 500, CP_SPLIT_TIME, params.test_size, &kept));
	REQUIRE(kept == trained.train_rows);
	REQUIRE_OK(cp_alloc(context, &scratch, cp_ensemble_scratch(&trained.model.ensemble), 1));
	for (uint32_t i = kept; i < 500; i++)
	{
		double vector[LEARN_COLUMNS];

		cp_dataset_vector(&dataset, rows[i], vector);
		CHECK(trained.test_probabilities[i - kept] ==
		      cp_model_probability(&trained.model, vector, scratch));
		CHECK_EQUAL(problem.labels[rows[i]], trained.test_labels[i - kept]);
		CHECK(dataset.weights[rows[i]] == trained.test_weights[i - kept]);
	}
}

static void
check_nothing_held_out(void)
{
	static Problem problem;
	CpTrainParams params;
	CpTrained trained;

	make_problem(&problem, 2, 300);
	learn_train_params(&params);
	params.test_size = 0;
	REQUIRE_OK(train(&problem, unit_context(), &params, &trained));
	CHECK(trained.train_rows == 300 && trained.test_rows == 0);
	CHECK(isnan(trained.metrics.auc) && isnan(trained.metrics.log_loss) &&
	      trained.metrics.rows == 0);
}

/* ---- what is learned ---- */

/* The default settings come near to what the truth itself would score. */
static void
check_learns(void)
{
	static Problem problem;
	CpContext *context = unit_context();
	CpTrainParams params;
	CpTrained trained;
	double bayes;

	make_problem(&problem, 4, MOST);
	REQUIRE_OK(cp_auc(context, problem.log_odds, problem.labels, NULL, MOST, &bayes));
	learn_train_params(&params);
	cp_gbm_defaults(&params.ensemble.gbm);
	params.folds = 1;
	params.test_size = 0.5;
	REQUIRE_OK(train(&problem, context, &params, &trained));
	CHECK(bayes > 0.8);
	/* Standard error of an AUC of 4,000 rows: 0.007. */
	CHECK(trained.metrics.auc > bayes - 0.025);
	CHECK(trained.metrics.auc < bayes + 0.025);
	CHECK(trained.metrics.ece < 0.04);
}

/* Labels dealt out anew: nothing is to be learned, and nothing is. */
static void
check_shuffled_labels(void)
{
	static Problem problem;
	CpTrainParams params;
	CpTrained trained;
	CpRng rng;

	cp_rng_init(&rng, 9, 0);
	make_problem(&problem, 5, MOST);
	for (uint32_t row = MOST - 1; row > 0; row--)
	{
		uint32_t other = (uint32_t) cp_rng_below(&rng, row + 1);
		uint8_t label = problem.labels[row];

		problem.labels[row] = problem.labels[other];
		problem.labels[other] = label;
	}
	learn_train_params(&params);
	cp_gbm_defaults(&params.ensemble.gbm);
	params.folds = 1;
	params.test_size = 0.5;
	REQUIRE_OK(train(&problem, unit_context(), &params, &trained));
	CHECK_CLOSE(0.5, trained.metrics.auc, 0.03);
	CHECK_CLOSE(trained.churn_rate, trained.metrics.churn_rate, 1e-3);
	CHECK(trained.metrics.ece < 0.04);
}

/* ---- what is refused ---- */

static const char *reason;

static CpStatus
train_rows(Problem *problem, uint32_t n, const CpTrainParams *params)
{
	CpTrained trained;
	CpContext *context = unit_context();
	CpStatus status;

	problem->table.rows = n;
	status = train(problem, context, params, &trained);
	CHECK(status == CP_OK || context->reason[0] != '\0');
	reason = context->reason;
	return status;
}

static void
check_refused(void)
{
	static Problem problem;
	CpTrainParams params;

	learn_train_params(&params);
	params.ensemble.gbm.early_stopping = 5;
	make_problem(&problem, 6, 100);
	CHECK_STATUS(CP_BAD_DATA, train_rows(&problem, 0, &params));
	CHECK_STATUS(CP_BAD_DATA, train_rows(&problem, 1, &params));
	for (uint8_t label = 0; label < 2; label++)
	{
		memset(problem.labels, label, 100);
		CHECK_STATUS(CP_BAD_DATA, train_rows(&problem, 100, &params));
		problem.labels[50] = 1 - label; /* one of the other class */
		CHECK_STATUS(CP_BAD_DATA, train_rows(&problem, 100, &params));
		CHECK(strstr(reason, "two rows of each class") != NULL);
	}
	/* Rows that are all equal hold no column. */
	make_problem(&problem, 6, 100);
	for (uint32_t i = 0; i < 100 * LEARN_COLUMNS; i++)
		problem.values[i] = 1;
	CHECK_STATUS(CP_BAD_DATA, train_rows(&problem, 100, &params));
	/* Rows of one time, or of one unit, cannot be parted. */
	make_problem(&problem, 6, 100);
	memset(problem.times, 0, sizeof(problem.times));
	problem.table.times = problem.times;
	params.split_by = CP_SPLIT_TIME;
	CHECK_STATUS(CP_BAD_DATA, train_rows(&problem, 100, &params));
	for (uint32_t row = 0; row < 100; row++)
		problem.units[row] = 8;
	problem.table.times = NULL;
	problem.table.units = problem.units;
	params.split_by = CP_SPLIT_WHOLE_UNITS;
	CHECK_STATUS(CP_BAD_DATA, train_rows(&problem, 100, &params));
	/* No weight but zero. */
	make_problem(&problem, 6, 100);
	memset(problem.weights, 0, sizeof(problem.weights));
	problem.table.weights = problem.weights;
	params.split_by = CP_SPLIT_STRATIFIED;
	CHECK_STATUS(CP_BAD_DATA, train_rows(&problem, 100, &params));
}

/* Few rows are learned from or refused, in every number, however they are split. */
static void
check_few_rows(void)
{
	static Problem problem;
	CpTrainParams params;
	uint32_t learned = 0;

	learn_train_params(&params);
	params.ensemble.gbm.rounds = 3;
	params.ensemble.gbm.early_stopping = 2;
	for (uint32_t n = 2; n <= 40; n++)
		for (int by = CP_SPLIT_STRATIFIED; by <= CP_SPLIT_TIME; by++)
			for (params.folds = 0; params.folds < 3; params.folds++)
			{
				CpStatus status;

				make_problem(&problem, n, n);
				problem.table.times = problem.times;
				problem.table.units = problem.units;
				params.split_by = (CpSplitBy) by;
				status = train_rows(&problem, n, &params);
				CHECK(status == CP_OK || status == CP_BAD_DATA);
				/* Ten of each class can be parted by class in any case. */
				CHECK(status == CP_OK || n < 30 || by != CP_SPLIT_STRATIFIED);
				learned += status == CP_OK;
			}
	CHECK(learned > 200);
}

static uint32_t
trees_of(const CpTrained *trained)
{
	return ((const CpGbm *) trained->model.ensemble.members[0].model)->trees.ntrees;
}

/* Even of few churners one is kept out to choose the rounds: the loss falls, so more than one is chosen. */
static void
check_few_churners(void)
{
	static Problem problem;
	CpTrainParams params;
	CpTrained trained;

	learn_train_params(&params);
	params.test_size = 0;
	params.ensemble.gbm.early_stopping = 3;
	params.ensemble.gbm.min_child_weight = 0;
	make_problem(&problem, 9, 8);
	for (uint32_t row = 0; row < 8; row++)
	{
		problem.labels[row] = row < 4;
		problem.values[row * LEARN_COLUMNS] = row;
	}
	for (params.folds = 0; params.folds < 2; params.folds++)
	{
		REQUIRE_OK(train(&problem, unit_context(), &params, &trained));
		CHECK(trees_of(&trained) > 3);
	}
}

/* Weights as huge or as tiny as a double allows. */
static void
check_extreme_weights(void)
{
	static Problem problem;
	static const double scales[] = {1e308, 1e-310, 4.9e-324, 1};
	CpTrainParams params;
	double log_loss[4];

	make_problem(&problem, 7, 400);
	problem.table.weights = problem.weights;
	/* Units of a row each, so that the order does not depend on the weights. */
	for (uint32_t row = 0; row < 400; row++)
		problem.units[row] = row + 1;
	problem.table.units = problem.units;
	learn_train_params(&params);
	for (int i = 0; i < 4; i++)
	{
		CpTrained trained;

		for (uint32_t row = 0; row < 400; row++)
			problem.weights[row] = scales[i] * (1 + row % 2 * 0.5);
		REQUIRE_OK(train(&problem, unit_context(), &params, &trained));
		log_loss[i] = trained.metrics.log_loss;
		CHECK(isfinite(log_loss[i]));
	}
	CHECK_CLOSE(log_loss[3], log_loss[0], 1e-6);
	CHECK_CLOSE(log_loss[3], log_loss[1], 1e-6);
}

/* ---- memory and cancel ---- */

static void
check_failures(void)
{
	static Problem problem;
	CpStatus status = CP_NO_MEMORY;
	CpTrainParams params;
	CpTrained trained;

	make_problem(&problem, 8, 60);
	problem.table.weights = problem.weights;
	learn_train_params(&params);
	params.folds = 2;
	params.ensemble.gbm.rounds = 4;
	params.ensemble.gbm.early_stopping = 2;
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();

		unit_fail_allocation(nth);
		status = train(&problem, context, &params, &trained);
		if (status != CP_OK)
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 5000);
	}
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		CpContext *context = unit_context();

		unit_cancel_after(polls);
		status = train(&problem, context, &params, &trained);
		if (status != CP_OK)
			CHECK_STATUS(CP_CANCELLED, status);
		REQUIRE(polls < 5000);
	}
	status = CP_OVER_BUDGET;
	for (size_t budget = 0; status != CP_OK; budget += 5000)
	{
		CpContext *context = unit_context();

		context->budget = budget;
		status = train(&problem, context, &params, &trained);
		if (status != CP_OK)
			CHECK_STATUS(CP_OVER_BUDGET, status);
		CHECK(context->peak <= budget);
		CHECK(status == CP_OK || context->required > budget);
		REQUIRE(budget < 10000000);
	}
}

/* ---- the held-out rows as bytes ---- */

static void
make_trained(CpTrained *trained, uint32_t n, bool weighted)
{
	static double probabilities[100], weights[100];
	static uint8_t labels[100];

	memset(trained, 0, sizeof(*trained));
	for (uint32_t row = 0; row < n; row++)
	{
		probabilities[row] = row % 10 == 0 ? row % 20 / 10 : row / 100.0;
		labels[row] = row % 3 == 0;
		weights[row] = row * 0.25;
	}
	trained->test_rows = n;
	trained->test_probabilities = probabilities;
	trained->test_labels = labels;
	trained->test_weights = weighted ? weights : NULL;
}

static void
check_holdout(void)
{
	for (int weighted = 0; weighted < 2; weighted++)
		for (uint32_t n = 0; n <= 100; n += 50)
		{
			CpContext *context = unit_context();
			CpTrained trained;
			CpScored holdout;
			CpWriter writer;

			make_trained(&trained, n, weighted);
			REQUIRE_OK(cp_holdout_write(&trained, context, &writer));
			REQUIRE_OK(cp_holdout_read(&holdout, context, writer.bytes, writer.length));
			CHECK_EQUAL(n, holdout.rows);
			CHECK((holdout.weights != NULL) == (weighted == 1));
			for (uint32_t row = 0; row < n; row++)
			{
				CHECK(holdout.probabilities[row] == trained.test_probabilities[row]);
				CHECK(holdout.labels[row] == trained.test_labels[row]);
				CHECK(!weighted || holdout.weights[row] == trained.test_weights[row]);
			}
			for (size_t bit = 0; bit < 8 * writer.length; bit++)
			{
				CpStatus status;

				writer.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
				status = cp_holdout_read(&holdout, context, writer.bytes, writer.length);
				CHECK(status == CP_CORRUPT || status == CP_FOREIGN);
				writer.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
			}
		}
}

/* Figures that are none are refused. */
static void
check_wrong_holdout(void)
{
	static const double wrong_probabilities[] = {-0.001, 1.001, NAN, INFINITY};
	static const double wrong_weights[] = {-1, NAN, INFINITY};
	CpTrained trained;
	CpScored holdout;
	CpWriter writer;

	for (int i = 0; i < 8; i++)
	{
		CpContext *context = unit_context();

		make_trained(&trained, 20, true);
		if (i < 4)
			trained.test_probabilities[7] = wrong_probabilities[i];
		else if (i < 7)
			trained.test_weights[7] = wrong_weights[i - 4];
		else
			trained.test_labels[7] = 2;
		REQUIRE_OK(cp_holdout_write(&trained, context, &writer));
		CHECK_STATUS(CP_CORRUPT, cp_holdout_read(&holdout, context, writer.bytes, writer.length));
	}
}

/* Forged under a right checksum: refused, or read to something that metrics can be made of. */
static void
check_forged_holdout(void)
{
	static uint8_t bytes[4096];
	CpTrained trained;
	CpWriter writer;
	CpRng rng;
	uint32_t refused = 0;
	size_t length;

	make_trained(&trained, 100, true);
	REQUIRE_OK(cp_holdout_write(&trained, unit_context(), &writer));
	length = writer.length;
	REQUIRE(length <= sizeof(bytes));
	memcpy(bytes, writer.bytes, length);
	cp_rng_init(&rng, 3, 0);
	for (int i = 0; i < 5000; i++)
	{
		static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xff};
		uint8_t forged[4096];
		size_t at = CP_ENVELOPE_LENGTH + cp_rng_below(&rng, length - CP_ENVELOPE_LENGTH);
		uint64_t hash;
		CpContext *context = unit_context();
		CpScored holdout;
		CpMetrics metrics;
		CpStatus status;

		memcpy(forged, bytes, length);
		forged[i < 30 ? CP_ENVELOPE_LENGTH + i % 5 : (int) at] = values[cp_rng_below(&rng, 6)];
		hash = cp_hash_bytes(forged + CP_ENVELOPE_LENGTH, length - CP_ENVELOPE_LENGTH, 1);
		for (int b = 0; b < 8; b++)
			forged[24 + b] = (uint8_t) (hash >> (8 * b));
		status = cp_holdout_read(&holdout, context, forged, length);
		CHECK(status == CP_OK || status == CP_CORRUPT);
		CHECK(context->peak < 100000);
		refused += status != CP_OK;
		if (status == CP_OK)
		{
			for (uint32_t row = 0; row < holdout.rows; row++)
				CHECK(holdout.probabilities[row] >= 0 && holdout.probabilities[row] <= 1 &&
				      holdout.labels[row] <= 1);
			CHECK_STATUS(CP_OK, cp_metrics(context, holdout.probabilities, holdout.labels,
			                               holdout.weights, holdout.rows, &metrics));
		}
	}
	CHECK(refused > 300);
	for (size_t nth = 1; nth <= 3; nth++)
	{
		CpScored holdout;
		CpContext *context = unit_context();

		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, cp_holdout_read(&holdout, context, bytes, length));
	}
}

void
test_train(void)
{
	UNIT_CASE("the order of rows does not show in the model", check_arrival);
	UNIT_CASE("figures are of the held-out rows", check_figures);
	UNIT_CASE("held-out rows are scored with their labels", check_scored_rows);
	UNIT_CASE("nothing held out", check_nothing_held_out);
	UNIT_CASE("what can be learned is learned", check_learns);
	UNIT_CASE("shuffled labels teach nothing", check_shuffled_labels);
	UNIT_CASE("data nothing can be learned from", check_refused);
	UNIT_CASE("few rows", check_few_rows);
	UNIT_CASE("few churners", check_few_churners);
	UNIT_CASE("huge and tiny weights", check_extreme_weights);
	UNIT_CASE("each allocation that fails, each poll that stops, each budget", check_failures);
	UNIT_CASE("held-out rows as bytes", check_holdout);
	UNIT_CASE("held-out rows that cannot be", check_wrong_holdout);
	UNIT_CASE("forged held-out rows", check_forged_holdout);
}
