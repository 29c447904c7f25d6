/*
 * test_screen.c: what is left out of many invented data sets, and that a feature left out
 * is as good as one that was never there.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn_data.h"

#include "learn/screen.h"
#include "num/rng.h"
#include "num/special.h"

#define COLUMNS 6
#define ROWS 2000
#define SETS 12
#define FEW_ROWS 600
/* The first column decides, the next two are the same and help; the others tell nothing. */
#define DECIDES 0
#define TWIN 1
#define OTHER_TWIN 2
#define NOISE 3

extern void test_screen(void);

static const CpKind kinds[COLUMNS] = {CP_NUMBER, CP_NUMBER,   CP_NUMBER,
                                      CP_NUMBER, CP_CATEGORY, CP_BOOLEAN};

static void
fill(LearnFit *fit, uint64_t seed, uint32_t rows, double decides, double helps)
{
	CpRng rng;

	memset(fit, 0, sizeof(*fit));
	fit->table.rows = rows;
	fit->table.ncolumns = COLUMNS;
	fit->table.kinds = kinds;
	cp_rng_init(&rng, seed, 1);
	for (uint32_t row = 0; row < rows; row++)
	{
		double *v = fit->values + row * (size_t) COLUMNS;

		v[DECIDES] = 2 * cp_rng_uniform(&rng) - 1;
		v[TWIN] = v[OTHER_TWIN] = 2 * cp_rng_uniform(&rng) - 1;
		v[NOISE] = cp_rng_uniform(&rng) < 0.1 ? NAN : cp_rng_uniform(&rng);
		v[NOISE + 1] = (double) cp_rng_below(&rng, 5);
		v[NOISE + 2] = (double) cp_rng_below(&rng, 2);
		fit->labels[row] =
			cp_rng_uniform(&rng) < cp_sigmoid(decides * v[DECIDES] + helps * v[TWIN] - 0.5);
		fit->weights[row] = (double) cp_rng_below(&rng, 3);
	}
}

static CpStatus
fit_table(LearnFit *fit, CpContext *context)
{
	CP_TRY(learn_fit_table(fit, context));
	fit->data.nfolds = 5;
	for (uint32_t row = 0; row < fit->table.rows; row++)
		fit->folds[row] = (uint8_t) (row % 5);
	return CP_OK;
}

static CpStatus
problem(LearnFit *fit, CpContext *context, uint64_t seed, double decides, double helps)
{
	fill(fit, seed, ROWS, decides, helps);
	return fit_table(fit, context);
}

static void
quick_params(CpEnsembleParams *params)
{
	cp_ensemble_defaults(params);
	params->members = CP_MEMBER_BIT(CP_MEMBER_GBM);
	params->gbm.rounds = 30;
	params->gbm.learning_rate = 0.2;
	params->gbm.max_depth = 2;
	params->gbm.early_stopping = 5;
	params->forest.trees = 10;
	params->forest.max_depth = 4;
	params->net.hidden = 4;
	params->net.restarts = 1;
	params->net.epochs = 4;
}

/* ---- what is left out ---- */

static void
check_noise(void)
{
	static LearnFit fit;
	CpEnsembleParams params;
	uint32_t noise = 0;

	quick_params(&params);
	for (uint64_t set = 1; set <= SETS; set++)
	{
		CpContext *context = unit_context();
		uint8_t kept[COLUMNS];

		REQUIRE_OK(problem(&fit, context, set, 2, 1));
		REQUIRE_OK(cp_screen(context, &fit.data, &params, kept));
		CHECK(kept[DECIDES] == 1);
		/* Each covers for the other, so neither is missed alone; both together are. */
		CHECK(kept[TWIN] + kept[OTHER_TWIN] >= 1);
		for (int c = NOISE; c < COLUMNS; c++)
			noise += kept[c];
	}
	/* At half a standard error three in ten would stay if each were judged alone. */
	CHECK(noise <= 3 * SETS / 2);
}

static void
check_weights(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpEnsembleParams params;
	uint8_t kept[COLUMNS];

	/* Where the weight is 0 the first noise column tells all: that must not count. */
	quick_params(&params);
	fill(&fit, 1, ROWS, 2, 1);
	for (uint32_t row = 0; row < ROWS; row++)
		if (fit.weights[row] == 0)
			fit.values[row * (size_t) COLUMNS + NOISE] = fit.labels[row];
	REQUIRE_OK(fit_table(&fit, context));
	REQUIRE_OK(cp_screen(context, &fit.data, &params, kept));
	CHECK(kept[NOISE] == 1);
	fit.data.weights = fit.weights;
	REQUIRE_OK(cp_screen(context, &fit.data, &params, kept));
	CHECK(kept[NOISE] == 0 && kept[DECIDES] == 1);
}

static void
check_judges(void)
{
	static LearnFit fit;
	static const uint32_t members[] = {CP_MEMBER_BIT(CP_MEMBER_FOREST),
	                                   CP_MEMBER_BIT(CP_MEMBER_NET), CP_ALL_MEMBERS};
	CpContext *context = unit_context();
	CpEnsembleParams params;

	quick_params(&params);
	REQUIRE_OK(problem(&fit, context, 3, 3, 0));
	for (int m = 0; m < 3; m++)
	{
		uint8_t kept[COLUMNS];
		size_t before = context->used;

		params.members = members[m];
		REQUIRE_OK(cp_screen(context, &fit.data, &params, kept));
		CHECK(kept[DECIDES] == 1);
		CHECK_EQUAL(before, context->used);
	}
}

static int
count_kept(const uint8_t *kept)
{
	int count = 0;

	for (int c = 0; c < COLUMNS; c++)
		count += kept[c];
	return count;
}

/* Nothing tells anything: where nothing is missed all stay, so something always does. */
static void
check_all_noise(void)
{
	static LearnFit fit;
	CpEnsembleParams params;
	int all = 0;

	quick_params(&params);
	params.members = CP_MEMBER_BIT(CP_MEMBER_NET); /* which may learn nothing */
	for (uint64_t set = 1; set <= SETS; set++)
	{
		CpContext *context = unit_context();
		uint8_t kept[COLUMNS];

		REQUIRE_OK(problem(&fit, context, set, 0, 0));
		REQUIRE_OK(cp_screen(context, &fit.data, &params, kept));
		CHECK(count_kept(kept) > 0);
		all += count_kept(kept) == COLUMNS;
	}
	CHECK(all > 0);
}

static void
check_few_rows(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpEnsembleParams params;
	uint8_t kept[COLUMNS];
	uint32_t churned = 0;

	quick_params(&params);
	REQUIRE_OK(problem(&fit, context, 1, 2, 0));
	REQUIRE_OK(cp_screen(context, &fit.data, &params, kept));
	CHECK(count_kept(kept) < COLUMNS);
	fit.data.nfolds = 1;
	REQUIRE_OK(cp_screen(context, &fit.data, &params, kept));
	CHECK_EQUAL(COLUMNS, count_kept(kept));
	fit.data.nfolds = 5;
	for (uint32_t row = 0; row < ROWS; row++)
	{
		churned += fit.labels[row];
		fit.labels[row] = fit.labels[row] && churned < CP_SCREEN_CLASS_ROWS;
	}
	REQUIRE_OK(cp_screen(context, &fit.data, &params, kept));
	CHECK_EQUAL(COLUMNS, count_kept(kept)); /* a row too few of a class */
}

/* ---- as if they were not there ---- */

/* The same rows without the features that are not kept. */
static CpStatus
without(const LearnFit *whole, const uint8_t *kept, CpContext *context, LearnFit *part)
{
	static CpKind left[COLUMNS];
	uint32_t columns = 0;

	memset(part, 0, sizeof(*part));
	part->table.rows = ROWS;
	for (int c = 0; c < COLUMNS; c++)
		if (kept[c])
			left[columns++] = kinds[c];
	part->table.ncolumns = columns;
	part->table.kinds = left;
	for (uint32_t row = 0, at = 0; row < ROWS; row++)
		for (int c = 0; c < COLUMNS; c++)
			if (kept[c])
				part->values[at++] = whole->values[row * (size_t) COLUMNS + c];
	memcpy(part->labels, whole->labels, ROWS);
	return fit_table(part, context);
}

static void
check_absence(void)
{
	static LearnFit whole, part;
	static const uint8_t kept[COLUMNS] = {1, 0, 1, 0, 1, 1};
	CpEnsembleParams params;

	quick_params(&params);
	for (CpMemberKind kind = 1; kind <= CP_MEMBER_KINDS; kind++)
	{
		CpContext *context = unit_context();
		CpEnsemble masked, fewer;
		CpEnsembleReport report;
		void *scratch;

		params.members = CP_MEMBER_BIT(kind);
		REQUIRE_OK(problem(&whole, context, 5, 2, 1));
		REQUIRE_OK(without(&whole, kept, context, &part));
		whole.data.kept = kept;
		REQUIRE_OK(cp_ensemble_fit(context, &whole.data, &params, &masked, &report));
		REQUIRE_OK(cp_ensemble_fit(context, &part.data, &params, &fewer, &report));
		REQUIRE_OK(cp_alloc(context, &scratch, cp_ensemble_scratch(&masked), 1));
		for (uint32_t row = 0; row < ROWS; row += 7)
		{
			double all[COLUMNS], some[COLUMNS];

			cp_dataset_vector(&whole.dataset, row, all);
			cp_dataset_vector(&part.dataset, row, some);
			CHECK(cp_ensemble_probability(&masked, all, scratch) ==
			      cp_ensemble_probability(&fewer, some, scratch));
		}
	}
}

/* ---- host ---- */

static CpStatus
work(CpContext *context)
{
	static LearnFit fit;
	CpEnsembleParams params;
	uint8_t kept[COLUMNS];

	quick_params(&params);
	params.gbm.rounds = 2;
	fill(&fit, 1, FEW_ROWS, 2, 1);
	CP_TRY(fit_table(&fit, context));
	return cp_screen(context, &fit.data, &params, kept);
}

static void
check_host(void)
{
	unit_host_refuses(work, 50, 50, 100000);
}

void
test_screen(void)
{
	UNIT_CASE("noise goes, and what is missed stays", check_noise);
	UNIT_CASE("rows without weight have no say", check_weights);
	UNIT_CASE("any member may judge", check_judges);
	UNIT_CASE("something is always kept", check_all_noise);
	UNIT_CASE("all are kept where rows are too few", check_few_rows);
	UNIT_CASE("left out is as good as absent", check_absence);
	UNIT_CASE("memory, budget and cancel", check_host);
}
