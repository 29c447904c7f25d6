/*
 * test_importance.c: against scoring exchanged rows one by one, and over many data sets.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn_data.h"

#include "learn/importance.h"
#include "num/rng.h"
#include "num/special.h"

#define COLUMNS 3
#define MOST 2000

extern void test_importance(void);

/* Numbers: the first decides, the second helps, the third is noise. */
typedef struct Problem
{
	double values[MOST * COLUMNS];
	double weights[MOST];
	uint8_t labels[MOST];
	uint32_t rows[MOST];
	CpDataset dataset;
} Problem;

static CpStatus
make_problem(Problem *problem, CpContext *context, uint64_t seed, uint32_t n, double help,
             bool weighted)
{
	static const CpKind kinds[COLUMNS] = {CP_NUMBER, CP_NUMBER, CP_NUMBER};
	LearnTable table = {.rows = n, .ncolumns = COLUMNS, .kinds = kinds};
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (uint32_t i = 0; i < n; i++)
	{
		double *v = problem->values + i * (size_t) COLUMNS;

		for (int c = 0; c < COLUMNS; c++)
			v[c] = floor(20 * cp_rng_uniform(&rng));
		problem->labels[i] =
			cp_rng_uniform(&rng) < cp_sigmoid(0.4 * (v[0] - 10) + help * (v[1] - 10));
		problem->weights[i] = (double) cp_rng_below(&rng, 4);
		problem->rows[i] = i;
	}
	table.values = problem->values;
	table.labels = problem->labels;
	table.weights = weighted ? problem->weights : NULL;
	return learn_dataset(&problem->dataset, context, &table);
}

static CpStatus
train(CpContext *context, const Problem *problem, uint32_t members, CpTrained *trained)
{
	CpTrainParams params;

	learn_train_params(&params);
	params.test_size = 0;
	params.ensemble.members = members;
	params.ensemble.forest.trees = 20;
	params.ensemble.net.epochs = 3;
	return cp_train_model(context, &problem->dataset, &params, trained);
}

/* ---- trees ---- */

static void
check_shares(void)
{
	static const uint32_t members[] = {CP_MEMBER_BIT(CP_MEMBER_GBM),
	                                   CP_MEMBER_BIT(CP_MEMBER_FOREST), CP_ALL_MEMBERS};
	static Problem problem;

	for (int m = 0; m < 3; m++)
	{
		CpContext *context = unit_context();
		double weight = 0, gain = 0, cover = 0;
		uint32_t splits = 0;
		CpTrained trained;

		REQUIRE_OK(make_problem(&problem, context, 1, 600, 0.1, false));
		REQUIRE_OK(train(context, &problem, members[m], &trained));
		for (uint32_t f = 0; f < COLUMNS; f++)
		{
			weight += trained.importance[f].weight;
			gain += trained.importance[f].gain;
			cover += trained.importance[f].cover;
		}
		for (uint32_t i = 0; i < trained.model.ensemble.count; i++)
		{
			const CpTrees *trees = cp_member_trees(&trained.model.ensemble.members[i]);

			for (uint32_t n = 0; trees != NULL && n < trees->nnodes; n++)
				splits += !CP_NODE_IS_LEAF(trees, n);
		}
		CHECK_CLOSE(splits, weight, 0);
		CHECK_CLOSE(1, gain, 1e-12);
		CHECK_CLOSE(1, cover, 1e-12);
		CHECK(trained.importance[0].gain > 3 * trained.importance[1].gain);
		CHECK(trained.importance[0].gain > 0.6);
	}
}

/* Stumps on two features: shares that can be counted. */
static void
check_counted(void)
{
	CpContext *context = unit_context();
	CpTrees *trees;
	CpGbm gbm;
	CpModel model;
	CpImportance importance[COLUMNS];
	uint32_t left;

	memset(&gbm, 0, sizeof(gbm));
	memset(&model, 0, sizeof(model));
	trees = &gbm.trees;
	REQUIRE_OK(cp_trees_init(trees, context, COLUMNS));
	for (uint32_t t = 0; t < 4; t++)
	{
		CpSlot slot;
		uint32_t number, root;

		memset(&slot, 0, sizeof(slot));
		slot.feature = t == 0 ? 2 : 1;
		slot.kind = CP_SLOT_MISSING_LOW;
		REQUIRE_OK(cp_trees_slot(trees, &slot, &number));
		REQUIRE_OK(cp_trees_add_tree(trees));
		root = trees->roots[t];
		REQUIRE_OK(cp_trees_add_nodes(trees, 2, &left));
		trees->nodes[root] = (CpNode){number << 8, left};
		trees->gains[root] = (float) (t + 1);
		trees->covers[root] = 10;
		trees->covers[left] = trees->covers[left + 1] = 5;
	}
	model.map.count = COLUMNS;
	model.ensemble.count = 1;
	model.ensemble.members[0] = (CpMember){CP_MEMBER_GBM, 1, &gbm};
	REQUIRE_OK(cp_importance(context, &model, NULL, NULL, 0, 1, importance));
	CHECK(importance[0].weight == 0 && importance[0].gain == 0 && importance[0].cover == 0);
	CHECK_CLOSE(3, importance[1].weight, 0);
	CHECK_CLOSE(0.9, importance[1].gain, 1e-15);
	CHECK_CLOSE(0.75, importance[1].cover, 1e-15);
	CHECK_CLOSE(1, importance[2].weight, 0);
	CHECK_CLOSE(0.1, importance[2].gain, 1e-15);
	/* Without rows there is nothing to permute. */
	for (uint32_t f = 0; f < COLUMNS; f++)
		CHECK(isnan(importance[f].permutation) && isnan(importance[f].error));
}

static void
check_no_trees(void)
{
	static Problem problem;
	CpContext *context = unit_context();
	CpTrained trained;

	REQUIRE_OK(make_problem(&problem, context, 2, 300, 0.1, false));
	REQUIRE_OK(train(context, &problem, CP_MEMBER_BIT(CP_MEMBER_NET), &trained));
	for (uint32_t f = 0; f < COLUMNS; f++)
		CHECK(trained.importance[f].weight == 0 && trained.importance[f].gain == 0 &&
		      trained.importance[f].cover == 0);
}

/* ---- permutation ---- */

/* Mean change of the loss of each row when a feature comes from its partners: [n]. */
static CpStatus
naive_changes(CpContext *context, const CpModel *model, const Problem *problem, uint32_t n,
              uint64_t seed, uint32_t feature, double *changes)
{
	uint32_t *partners;
	void *scratch;

	CP_TRY(cp_alloc(context, &partners, n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &scratch, cp_ensemble_scratch(&model->ensemble), 1));
	memset(changes, 0, n * sizeof(double));
	for (uint64_t repeat = 0; repeat < CP_IMPORTANCE_REPEATS; repeat++)
	{
		CpRng rng;

		for (uint32_t i = 0; i < n; i++)
			partners[i] = i;
		cp_rng_init(&rng, seed, CP_STREAM_IMPORTANCE + repeat);
		cp_rng_shuffle(&rng, partners, n);
		for (uint32_t i = 0; i < n; i++)
		{
			double vector[COLUMNS];
			double before, after;

			memcpy(vector, problem->values + i * (size_t) COLUMNS, sizeof(vector));
			before = cp_model_probability(model, vector, scratch);
			vector[feature] = problem->values[partners[i] * (size_t) COLUMNS + feature];
			after = cp_model_probability(model, vector, scratch);
			changes[i] += (cp_log_loss_of(after, problem->labels[i]) -
			               cp_log_loss_of(before, problem->labels[i])) /
			              CP_IMPORTANCE_REPEATS;
		}
	}
	return CP_OK;
}

static void
check_permutation(void)
{
	static Problem learned, other;
	static double changes[400];

	for (int weighted = 0; weighted < 2; weighted++)
	{
		CpContext *context = unit_context();
		CpImportance importance[COLUMNS];
		CpTrained trained;

		REQUIRE_OK(make_problem(&learned, context, 3, 600, 0.1, false));
		REQUIRE_OK(train(context, &learned, CP_MEMBER_BIT(CP_MEMBER_GBM), &trained));
		REQUIRE_OK(make_problem(&other, context, 4, 400, 0.1, weighted == 1));
		REQUIRE_OK(cp_importance(context, &trained.model, &other.dataset, other.rows, 400, 17,
		                         importance));
		for (uint32_t f = 0; f < COLUMNS; f++)
		{
			double sum = 0, all = 0;

			REQUIRE_OK(naive_changes(context, &trained.model, &other, 400, 17, f, changes));
			for (uint32_t i = 0; i < 400; i++)
			{
				double weight = weighted ? other.weights[i] : 1;

				all += weight;
				sum += weight * changes[i];
			}
			CHECK_CLOSE(sum / all, importance[f].permutation, 1e-12);
		}
		CHECK(importance[0].permutation > 7 * importance[0].error);
		CHECK(importance[0].permutation > importance[1].permutation);
		CHECK(fabs(importance[2].permutation) < 0.05);
	}
}

#define DRAWS 100

/* One model, many sets of rows: figures differ by what their errors say. */
static void
check_errors(void)
{
	static Problem learned, other;
	CpContext *context = unit_context();
	double sum[COLUMNS] = {0}, squares[COLUMNS] = {0}, stated[COLUMNS] = {0};
	CpTrained trained;

	REQUIRE_OK(make_problem(&learned, context, 5, 1500, 0.1, false));
	REQUIRE_OK(train(context, &learned, CP_MEMBER_BIT(CP_MEMBER_GBM), &trained));
	for (uint64_t draw = 0; draw < DRAWS; draw++)
	{
		CpImportance importance[COLUMNS];

		REQUIRE_OK(make_problem(&other, context, 100 + draw, 300, 0.1, false));
		REQUIRE_OK(cp_importance(context, &trained.model, &other.dataset, other.rows, 300, draw,
		                         importance));
		for (int f = 0; f < COLUMNS; f++)
		{
			sum[f] += importance[f].permutation;
			squares[f] += importance[f].permutation * importance[f].permutation;
			stated[f] += importance[f].error / DRAWS;
		}
	}
	for (int f = 0; f < COLUMNS; f++)
	{
		double spread = sqrt((squares[f] - sum[f] * sum[f] / DRAWS) / (DRAWS - 1));

		unit_note("feature %d: spread %.5f, stated %.5f", f, spread, stated[f]);
		CHECK(spread > 0.8 * stated[f] && spread < 1.25 * stated[f]);
	}
}

/* ---- failures ---- */

static void
check_failures(void)
{
	static Problem problem;
	CpImportance importance[COLUMNS];
	CpStatus status = CP_NO_MEMORY;
	CpTrained trained;
	CpContext *context;
	size_t budget;

	for (size_t nth = 1; status != CP_OK; nth++)
	{
		REQUIRE_OK(make_problem(&problem, context = unit_context(), 6, 60, 0.1, false));
		REQUIRE_OK(train(context, &problem, CP_MEMBER_BIT(CP_MEMBER_GBM), &trained));
		unit_fail_allocation(nth);
		status = cp_importance(context, &trained.model, &problem.dataset, problem.rows, 60, 1,
		                       importance);
		if (status != CP_OK)
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 100);
	}
	budget = context->used;
	context->budget = budget;
	CHECK_STATUS(CP_OVER_BUDGET, cp_importance(context, &trained.model, &problem.dataset,
	                                           problem.rows, 60, 1, importance));
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		REQUIRE_OK(make_problem(&problem, context = unit_context(), 6, 60, 0.1, false));
		REQUIRE_OK(train(context, &problem, CP_MEMBER_BIT(CP_MEMBER_GBM), &trained));
		unit_cancel_after(polls);
		status = cp_importance(context, &trained.model, &problem.dataset, problem.rows, 60, 1,
		                       importance);
		if (status != CP_OK)
			CHECK_STATUS(CP_CANCELLED, status);
		REQUIRE(polls < 100);
	}
}

void
test_importance(void)
{
	UNIT_CASE("shares add up to one", check_shares);
	UNIT_CASE("shares of a few splits; no rows", check_counted);
	UNIT_CASE("a model without trees", check_no_trees);
	UNIT_CASE("permutation is the mean change of the loss", check_permutation);
	UNIT_CASE("errors are the spread over other rows", check_errors);
	UNIT_CASE("each allocation that fails, each poll that stops, a budget", check_failures);
}
