/*
 * test_leak.c: AUC of single features against every pair of rows, features that know too
 * much and features that only seem to, rows that are in both parts.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/leak.h"
#include "learn_data.h"
#include "num/rng.h"

#define MOST 3000

extern void test_leak(void);

typedef struct Rows
{
	LearnTable table;
	double values[MOST * LEARN_COLUMNS];
	uint8_t labels[MOST];
	double weights[MOST];
	uint8_t folds[MOST];
	uint32_t rows[MOST];
	CpDataset dataset;
	CpBinned binned;
	CpTraining training;
} Rows;

/* Bins of what is in the rows; learned from without weights, in nfolds folds. */
static CpStatus
bin(Rows *rows, CpContext *context, uint32_t n, const CpKind *kinds, uint32_t nfolds)
{
	memset(&rows->table, 0, sizeof(rows->table));
	rows->table.rows = n;
	rows->table.ncolumns = LEARN_COLUMNS;
	rows->table.kinds = kinds;
	rows->table.values = rows->values;
	rows->table.labels = rows->labels;
	CP_TRY(learn_dataset(&rows->dataset, context, &rows->table));
	for (uint32_t i = 0; i < n; i++)
	{
		rows->rows[i] = i;
		rows->folds[i] = (uint8_t) (i * 7 / 3 % nfolds);
	}
	CP_TRY(cp_bin(&rows->dataset, rows->rows, n, CP_MAX_BINS, &rows->binned));
	memset(&rows->training, 0, sizeof(rows->training));
	rows->training.dataset = &rows->dataset;
	rows->training.rows = rows->rows;
	rows->training.n = n;
	rows->training.labels = rows->labels;
	rows->training.folds = rows->folds;
	rows->training.nfolds = nfolds;
	rows->training.binned = &rows->binned;
	return CP_OK;
}

/* The invented problem, its second number coarse, so that every value has a bin of its own. */
static CpStatus
bin_problem(Rows *rows, CpContext *context, uint32_t n, uint32_t nfolds)
{
	learn_problem(3, n, rows->values, rows->labels, NULL);
	for (uint32_t i = 0; i < n; i++)
	{
		rows->values[i * LEARN_COLUMNS + 1] = floor(rows->values[i * LEARN_COLUMNS + 1] / 4);
		rows->weights[i] = i * 5 % 4;
	}
	return bin(rows, context, n, learn_kinds, nfolds);
}

/* ---- features ---- */

static uint32_t
part_of(const Rows *rows, uint32_t i)
{
	return rows->training.nfolds == 1 ? i % 2 : rows->folds[i];
}

/*
 * What is told apart: a category's level; of a number which of at most 32 parts, of ten
 * rows or more, the middle of its rows falls into.
 */
static void
tell_apart(const Rows *rows, uint32_t feature, double *told)
{
	for (uint32_t i = 0; i < rows->training.n; i++)
	{
		double value = rows->values[i * LEARN_COLUMNS + feature];
		double below = 0, all = 0;

		for (uint32_t j = 0; j < rows->training.n; j++)
		{
			double other = rows->values[j * LEARN_COLUMNS + feature];
			double weight = cp_training_weight(&rows->training, j);

			below += other < value ? weight : other == value ? weight / 2 : 0;
			all += isnan(other) ? 0 : weight;
		}
		told[i] = isnan(value) || learn_kinds[feature] == CP_CATEGORY
		              ? value
		              : floor(fmin(32, all / 10) * (below / all));
	}
}

/* Rate of rows of other parts that look the same, ten rows of the average added. */
static double
score_of(const Rows *rows, const double *told, uint32_t i)
{
	double same[2] = {0, 0}, all[2] = {0, 0};

	for (uint32_t j = 0; j < rows->training.n; j++)
	{
		if (part_of(rows, j) == part_of(rows, i))
			continue;
		all[rows->labels[j]] += cp_training_weight(&rows->training, j);
		if (told[j] == told[i] || (isnan(told[j]) && isnan(told[i])))
			same[rows->labels[j]] += cp_training_weight(&rows->training, j);
	}
	return (same[1] + 10 * (all[1] / (all[0] + all[1]))) / (same[0] + same[1] + 10);
}

/* Every churner against every stayer of its part. */
static double
auc_by_pairs(const Rows *rows, uint32_t feature)
{
	static double told[MOST], scores[MOST];
	double won = 0, pairs = 0;

	tell_apart(rows, feature, told);
	for (uint32_t i = 0; i < rows->training.n; i++)
		scores[i] = score_of(rows, told, i);
	for (uint32_t i = 0; i < rows->training.n; i++)
		for (uint32_t j = 0; j < rows->training.n && rows->labels[i]; j++)
			if (!rows->labels[j] && part_of(rows, i) == part_of(rows, j))
			{
				double pair =
					cp_training_weight(&rows->training, i) * cp_training_weight(&rows->training, j);

				pairs += pair;
				won += pair * (scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0);
			}
	return won / pairs;
}

static void
check_pairs(void)
{
	static const uint32_t folds[] = {1, 2, 5, 20};
	static Rows rows;

	for (size_t k = 0; k < sizeof(folds) / sizeof(folds[0]); k++)
		for (int weighted = 0; weighted < 2; weighted++)
		{
			double aucs[LEARN_COLUMNS];
			CpContext *context = unit_context();
			size_t blocks;

			REQUIRE_OK(bin_problem(&rows, context, 400, folds[k]));
			rows.training.weights = weighted ? rows.weights : NULL;
			blocks = unit_live_blocks();
			REQUIRE_OK(cp_leak_aucs(context, &rows.training, aucs));
			CHECK_EQUAL(blocks, unit_live_blocks());
			CHECK_EQUAL(LEARN_COLUMNS, rows.binned.nfeatures);
			for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
				CHECK_CLOSE(auc_by_pairs(&rows, f), aucs[f], 1e-12);
		}
}

/*
 * The label itself; a date that nearly all who left have; its opposite as a text; an
 * account number that means nothing, as number and as text of few rows a level; noise.
 */
static void
check_leaks(void)
{
	static const CpKind kinds[LEARN_COLUMNS] = {CP_BOOLEAN, CP_DATE,     CP_CATEGORY,
	                                            CP_NUMBER,  CP_CATEGORY, CP_NUMBER};
	static Rows rows;

	for (uint32_t nfolds = 1; nfolds <= 5; nfolds += 4)
	{
		double aucs[LEARN_COLUMNS];
		CpContext *context = unit_context();
		CpRng rng;

		cp_rng_init(&rng, 4, 0);
		for (uint32_t i = 0; i < MOST; i++)
		{
			double *v = rows.values + i * LEARN_COLUMNS;

			rows.labels[i] = cp_rng_uniform(&rng) < 0.2;
			v[0] = rows.labels[i];
			v[1] =
				rows.labels[i] && cp_rng_below(&rng, 20) ? (double) cp_rng_below(&rng, 900) : NAN;
			v[2] = cp_rng_below(&rng, 50) ? !rows.labels[i] : rows.labels[i];
			v[3] = cp_rng_uniform(&rng);
			v[4] = (double) (i / 12);
			v[5] = (double) cp_rng_below(&rng, 3);
		}
		REQUIRE_OK(bin(&rows, context, MOST, kinds, nfolds));
		REQUIRE_OK(cp_leak_aucs(context, &rows.training, aucs));
		CHECK(aucs[0] == 1);
		for (int f = 1; f <= 2; f++)
			CHECK(aucs[f] > CP_LEAK_AUC && aucs[f] < 1);
		for (int f = 3; f <= 5; f++)
			CHECK_CLOSE(0.5, aucs[f], 0.05);
	}
}

/* Of few rows too a number that tells all by a threshold, or by one value, is seen. */
static void
check_numbers(void)
{
	static Rows rows;
	CpRng rng;

	cp_rng_init(&rng, 6, 0);
	for (uint32_t n = 100; n <= MOST; n += n / 2)
	{
		double aucs[LEARN_COLUMNS];
		CpContext *context = unit_context();

		for (uint32_t i = 0; i < n; i++)
		{
			double *v = rows.values + i * LEARN_COLUMNS;

			for (int f = 0; f < LEARN_COLUMNS; f++)
				v[f] = cp_rng_uniform(&rng);
			rows.labels[i] = v[0] > 0.7;
			v[1] = rows.labels[i] ? 0.5 : v[1];
			v[2] = v[2] > 0.5;
			v[3] = v[4] = 1;
		}
		REQUIRE_OK(bin(&rows, context, n, learn_kinds, 5));
		REQUIRE_OK(cp_leak_aucs(context, &rows.training, aucs));
		CHECK(aucs[0] > CP_LEAK_AUC && aucs[1] > CP_LEAK_AUC);
		CHECK(rows.binned.nfeatures == 4 && aucs[2] < 0.7 && aucs[3] < 0.7);
	}
}

/* Weight 2 is the row twice, in the same fold. */
static void
check_weights(void)
{
	static Rows weighted, repeated;
	double a[LEARN_COLUMNS], b[LEARN_COLUMNS];
	uint32_t n = 0;

	REQUIRE_OK(bin_problem(&weighted, unit_context(), 600, 4));
	for (uint32_t i = 0; i < 600; i++)
		for (uint32_t k = 0; k < weighted.weights[i]; k++)
		{
			memcpy(repeated.values + n * LEARN_COLUMNS, weighted.values + i * LEARN_COLUMNS,
			       LEARN_COLUMNS * sizeof(double));
			repeated.labels[n] = weighted.labels[i];
			repeated.folds[n++] = weighted.folds[i];
		}
	weighted.training.weights = weighted.weights;
	REQUIRE_OK(cp_leak_aucs(weighted.dataset.context, &weighted.training, a));
	memcpy(weighted.folds, repeated.folds, n);
	REQUIRE_OK(bin(&repeated, unit_context(), n, learn_kinds, 4));
	memcpy(repeated.folds, weighted.folds, n);
	REQUIRE_OK(cp_leak_aucs(repeated.dataset.context, &repeated.training, b));
	for (int f = 0; f < LEARN_COLUMNS; f++)
		CHECK_CLOSE(b[f], a[f], 1e-12);
}

/* Where no fold has both classes, or no other fold has rows, there is no AUC. */
static void
check_undefined(void)
{
	static Rows rows;
	double aucs[LEARN_COLUMNS];
	CpContext *context = unit_context();

	REQUIRE_OK(bin_problem(&rows, context, 200, 2));
	memcpy(rows.folds, rows.labels, 200);
	REQUIRE_OK(cp_leak_aucs(context, &rows.training, aucs));
	for (int f = 0; f < LEARN_COLUMNS; f++)
		CHECK(isnan(aucs[f]));
	memset(rows.folds, 1, 200);
	REQUIRE_OK(cp_leak_aucs(context, &rows.training, aucs));
	for (int f = 0; f < LEARN_COLUMNS; f++)
		CHECK(isnan(aucs[f]));
	memset(rows.weights, 0, sizeof(rows.weights));
	rows.training.nfolds = 1;
	rows.training.weights = rows.weights;
	REQUIRE_OK(cp_leak_aucs(context, &rows.training, aucs));
	for (int f = 0; f < LEARN_COLUMNS; f++)
		CHECK(isnan(aucs[f]));
}

/* ---- rows ---- */

/* Few values, so that rows repeat: -0 and 0, missing, an identifier, a weight each. */
static CpStatus
make_repeats(Rows *rows, CpContext *context, uint64_t seed, uint32_t n)
{
	static const CpKind kinds[LEARN_COLUMNS] = {CP_NUMBER,   CP_BOOLEAN,  CP_CATEGORY,
	                                            CP_CATEGORY, CP_CATEGORY, CP_NUMBER};
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (uint32_t i = 0; i < n; i++)
	{
		double *v = rows->values + i * LEARN_COLUMNS;

		v[0] = (double) cp_rng_below(&rng, 4) - 1;
		v[0] = v[0] == 0 && cp_rng_below(&rng, 2) ? -0.0 : v[0] == 2 ? NAN : v[0];
		v[1] = (double) cp_rng_below(&rng, 2);
		v[2] = cp_rng_below(&rng, 4) ? (double) cp_rng_below(&rng, 3) : NAN;
		v[3] = i; /* dropped, an identifier */
		v[4] = cp_rng_below(&rng, 2) ? 1000 : (double) cp_rng_below(&rng, 400);
		v[5] = 7; /* dropped, a constant */
		rows->labels[i] = (uint8_t) cp_rng_below(&rng, 2);
		rows->weights[i] = 1 + cp_rng_uniform(&rng);
		rows->rows[i] = i;
	}
	memset(&rows->table, 0, sizeof(rows->table));
	rows->table.rows = n;
	rows->table.ncolumns = LEARN_COLUMNS;
	rows->table.kinds = kinds;
	rows->table.values = rows->values;
	rows->table.labels = rows->labels;
	rows->table.weights = rows->weights;
	CP_TRY(learn_dataset(&rows->dataset, context, &rows->table));
	for (uint32_t i = 0; i < n; i += 2) /* what is missing has no sign */
		if (isnan(rows->values[i * LEARN_COLUMNS]) && rows->dataset.columns[0].numbers != NULL)
			rows->dataset.columns[0].numbers[i] = copysign(NAN, -1);
	cp_rng_shuffle(&rng, rows->rows, n);
	return CP_OK;
}

static bool
are_repeats(const Rows *rows, uint32_t a, uint32_t b)
{
	static const int compared[] = {0, 1, 2, 4};

	if (rows->labels[a] != rows->labels[b])
		return false;
	for (int c = 0; c < 4; c++)
	{
		double of_a = cp_dataset_value(&rows->dataset.columns[compared[c]], a);
		double of_b = cp_dataset_value(&rows->dataset.columns[compared[c]], b);

		if (of_a != of_b && !(isnan(of_a) && isnan(of_b)))
			return false;
	}
	return true;
}

static void
check_repeats(void)
{
	static const uint32_t sizes[] = {1, 2, 30, 300, MOST};
	static Rows rows;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (uint32_t share = 0; share <= 4; share++)
		{
			uint32_t n = sizes[s], kept = n * share / 4, expected = 0, repeats;
			size_t blocks;

			REQUIRE_OK(make_repeats(&rows, unit_context(), s, n));
			for (uint32_t i = kept; i < n; i++)
			{
				uint32_t j = 0;

				while (j < kept && !are_repeats(&rows, rows.rows[i], rows.rows[j]))
					j++;
				expected += j < kept;
			}
			blocks = unit_live_blocks();
			REQUIRE_OK(cp_leak_repeats(&rows.dataset, rows.rows, n, kept, &repeats));
			CHECK_EQUAL(expected, repeats);
			CHECK(n < MOST || kept == 0 || kept == n || (repeats > 100 && repeats < n - kept));
			CHECK_EQUAL(blocks, unit_live_blocks());
		}
	CHECK(rows.dataset.columns[3].dropped == CP_DROPPED_ID);
	CHECK(rows.dataset.columns[5].dropped == CP_DROPPED_CONSTANT);
	CHECK(rows.dataset.columns[4].texts.count == CP_MAX_LEVELS);
}

/* ---- memory and cancel ---- */

static CpStatus
aucs_of(Rows *rows)
{
	double aucs[LEARN_COLUMNS];

	return cp_leak_aucs(rows->dataset.context, &rows->training, aucs);
}

static CpStatus
repeats_of(Rows *rows)
{
	uint32_t repeats;

	return cp_leak_repeats(&rows->dataset, rows->rows, 1000, 700, &repeats);
}

static CpStatus
prepare(Rows *rows, bool repeats)
{
	return repeats ? make_repeats(rows, unit_context(), 1, 1000)
	               : bin_problem(rows, unit_context(), 1000, 3);
}

static void
check_failures(void)
{
	static Rows rows;

	for (int which = 0; which < 2; which++)
	{
		CpStatus (*run)(Rows *) = which ? repeats_of : aucs_of;
		CpStatus status = CP_NO_MEMORY;

		for (size_t nth = 1; status != CP_OK; nth++)
		{
			REQUIRE_OK(prepare(&rows, which));
			unit_fail_allocation(nth);
			status = run(&rows);
			if (status != CP_OK)
				CHECK_STATUS(CP_NO_MEMORY, status);
			CHECK(nth > 4 || status != CP_OK);
			REQUIRE(nth < 200);
		}
		status = CP_CANCELLED;
		for (size_t polls = 0; status != CP_OK; polls++)
		{
			REQUIRE_OK(prepare(&rows, which));
			unit_cancel_after(polls);
			status = run(&rows);
			if (status != CP_OK)
				CHECK_STATUS(CP_CANCELLED, status);
			CHECK(status == CP_OK || unit_polls() == polls + 1); /* it stops at once */
			CHECK(polls > 4 || status != CP_OK);
			REQUIRE(polls < 400);
		}
	}
}

static void
check_budget(void)
{
	static Rows rows;
	CpContext *context;
	size_t announced = cp_leak_repeats_bytes(1000, 700);
	size_t before;

	REQUIRE_OK(prepare(&rows, true));
	context = rows.dataset.context;
	before = context->peak = context->used;
	REQUIRE_OK(repeats_of(&rows));
	CHECK(context->peak - before <= announced);
	CHECK(announced <= context->peak - before + 2000);
	context->budget = before + announced - 1;
	CHECK_STATUS(CP_OVER_BUDGET, repeats_of(&rows));
	CHECK_EQUAL(before, context->used);

	REQUIRE_OK(prepare(&rows, false));
	context = rows.dataset.context;
	context->budget = context->used + 1000;
	CHECK_STATUS(CP_OVER_BUDGET, aucs_of(&rows));
}

void
test_leak(void)
{
	UNIT_CASE("AUC of a feature counts pairs within folds", check_pairs);
	UNIT_CASE("what knows too much, and what only seems to", check_leaks);
	UNIT_CASE("numbers of few rows", check_numbers);
	UNIT_CASE("weights stand for repeated rows", check_weights);
	UNIT_CASE("AUC that is not defined", check_undefined);
	UNIT_CASE("rows in both parts", check_repeats);
	UNIT_CASE("each allocation that fails, each cancel", check_failures);
	UNIT_CASE("budget", check_budget);
}
