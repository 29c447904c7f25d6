/*
 * test_blend.c: weights against scipy, the conditions of the least loss, and members that
 * are equal, useless, certain or few.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/blend.h"
#include "learn/metrics.h"
#include "num/rng.h"
#include "num/special.h"

#define MOST 70000

extern void test_blend(void);

/* Members are rows of p; the labels follow a blend of theirs, or what the test says. */
typedef struct Rows
{
	uint32_t n;
	uint32_t members;
	double p[CP_BLEND_MEMBERS][MOST];
	uint8_t labels[MOST];
	double weights[MOST];
	bool weighted;
} Rows;

static CpStatus
blend_rows(CpContext *context, const Rows *rows, CpBlend *blend)
{
	const double *p[CP_BLEND_MEMBERS];

	for (uint32_t m = 0; m < CP_BLEND_MEMBERS; m++)
		p[m] = rows->p[m];
	return cp_blend(context, p, rows->members, rows->labels, rows->weighted ? rows->weights : NULL,
	                rows->n, blend);
}

/* Members that see the log-odds of the labels through noise; the first sees it best. */
static void
make_rows(Rows *rows, uint64_t seed, uint32_t n, uint32_t members)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	rows->n = n;
	rows->members = members;
	rows->weighted = seed % 2 == 1;
	for (uint32_t i = 0; i < n; i++)
	{
		double log_odds = -1 + 1.5 * cp_rng_normal(&rng);

		rows->labels[i] = cp_rng_uniform(&rng) < cp_sigmoid(log_odds);
		rows->weights[i] = (double) cp_rng_below(&rng, 4);
		for (uint32_t m = 0; m < members; m++)
			rows->p[m][i] = cp_sigmoid(log_odds + (0.5 + 0.1 * m) * cp_rng_normal(&rng));
	}
}

static double
weight_of(const Rows *rows, uint32_t row)
{
	return rows->weighted ? rows->weights[row] : 1;
}

/* ---- against scipy ---- */

typedef struct Reference
{
	double weights[5];
	double losses[5];
	double loss;
} Reference;

/*
 * scipy.optimize.minimize (SLSQP, gradient given, ftol 1e-16), without and with weights;
 * of the second the last member had 0.8 % and was left out. test/data/make_blend_reference.py
 */
static const Reference references[2] = {
	{{0.45811508030345, 0.305388880998304, 0.100004039690062, 0.0983883757539725,
      0.038103623254211},
     {0.758924309660012, 0.832375438042661, 0.93185848095843, 0.960684618067235, 1.16242784069727},
     0.63108692546924},
	{{0.459000223965466, 0.267769518903316, 0.136060957211857, 0.137169299919361, 0},
     {0.760225259233005, 0.833602924110803, 0.914673467864973, 0.947515485349716, 1.16219723369514},
     0.630497042347948},
};

static double
remainder_share(uint32_t i, uint32_t factor, uint32_t of)
{
	return (i * factor % of + 0.5) / of;
}

static void
make_reference_rows(Rows *rows)
{
	rows->n = 600;
	rows->members = 5;
	for (uint32_t i = 0; i < rows->n; i++)
	{
		rows->p[0][i] = remainder_share(i, 37, 101);
		rows->p[1][i] = remainder_share(i, 61, 127);
		rows->p[2][i] = remainder_share(i, 89, 149);
		rows->p[3][i] = remainder_share(i, 43, 83);
		rows->p[4][i] = 1 - rows->p[1][i];
		rows->labels[i] = remainder_share(i, 71, 613) <
		                  0.5 * rows->p[0][i] + 0.35 * rows->p[1][i] + 0.15 * rows->p[2][i];
		rows->weights[i] = 0.25 + i * 37 % 16 / 8.0;
	}
}

static void
check_scipy(void)
{
	static Rows rows;

	make_reference_rows(&rows);
	for (int r = 0; r < 2; r++)
	{
		CpBlend blend;

		rows.weighted = r == 1;
		REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
		CHECK_EQUAL(0, blend.best);
		CHECK_CLOSE(references[r].loss, blend.loss, 1e-12);
		for (int m = 0; m < 5; m++)
		{
			CHECK_CLOSE(references[r].weights[m], blend.weights[m], 1e-7);
			CHECK_CLOSE(references[r].losses[m], blend.losses[m], 1e-12);
		}
		CHECK(r == 0 || blend.weights[4] == 0);
	}
}

/* ---- the conditions of Karush, Kuhn and Tucker ---- */

/* Loss of a blend, and of each member the mean ratio of its probability to the blend's. */
static double
look_at(const Rows *rows, const double *weights, double *ratios)
{
	double all = 0, loss = 0;

	memset(ratios, 0, CP_BLEND_MEMBERS * sizeof(double));
	for (uint32_t i = 0; i < rows->n; i++)
	{
		double blended = 0;

		for (uint32_t m = 0; m < rows->members; m++)
			blended += weights[m] * (rows->labels[i] ? rows->p[m][i] : 1 - rows->p[m][i]);
		for (uint32_t m = 0; m < rows->members && weight_of(rows, i) > 0; m++)
			ratios[m] += weight_of(rows, i) *
			             (rows->labels[i] ? rows->p[m][i] : 1 - rows->p[m][i]) / blended;
		loss -= weight_of(rows, i) * log(blended);
		all += weight_of(rows, i);
	}
	for (uint32_t m = 0; m < rows->members; m++)
		ratios[m] /= all;
	return loss / all;
}

/*
 * A weight above zero has a mean ratio of one, one of zero at most that; a member that was
 * dropped may have a little more, since alone it would come back for a small gain.
 */
static void
check_conditions(void)
{
	static Rows rows;
	uint32_t blends = 0, zeros = 0;

	for (uint64_t seed = 1; seed <= 60; seed++)
	{
		double ratios[CP_BLEND_MEMBERS], sum = 0;
		uint32_t positive = 0;
		CpBlend blend;

		make_rows(&rows, seed, 300 + (uint32_t) seed * 20, 1 + seed % CP_BLEND_MEMBERS);
		REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
		CHECK_CLOSE(look_at(&rows, blend.weights, ratios), blend.loss, 1e-12);
		for (uint32_t m = 0; m < CP_BLEND_MEMBERS; m++)
		{
			double weight = blend.weights[m];

			CHECK(weight == 0 || (weight >= CP_BLEND_LEAST && m < rows.members));
			sum += weight;
			positive += weight > 0;
		}
		CHECK_CLOSE(1, sum, 1e-14);
		blends += positive > 1;
		zeros += rows.members - positive;
		for (uint32_t m = 0; m < rows.members && positive > 1; m++)
		{
			CHECK(blend.weights[m] == 0 || fabs(ratios[m] - 1) < 1e-6);
			CHECK(ratios[m] < 1.01);
		}
	}
	CHECK(blends > 30 && zeros > 30);
}

/* Evaluations, each a pass over the rows, as polls tell: many rows make three polls each. */
static void
check_passes(void)
{
	static Rows rows;
	CpBlend blend;

	make_rows(&rows, 2, MOST, 3);
	unit_context();
	REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
	CHECK(unit_polls() % 3 == 0 && unit_polls() <= 3 * 20);
	for (int m = 0; m < 3; m++)
		CHECK(blend.weights[m] > CP_BLEND_LEAST);
}

/* ---- degenerate members ---- */

static void
check_best_alone(const Rows *rows, uint32_t best)
{
	CpBlend blend;

	REQUIRE_OK(blend_rows(unit_context(), rows, &blend));
	CHECK_EQUAL(best, blend.best);
	for (uint32_t m = 0; m < CP_BLEND_MEMBERS; m++)
		CHECK(blend.weights[m] == (m == best));
	CHECK(blend.loss == blend.losses[best]);
}

static void
check_equal_members(void)
{
	static Rows rows;
	CpBlend blend, of_two;

	make_rows(&rows, 4, 2000, 2);
	REQUIRE_OK(blend_rows(unit_context(), &rows, &of_two));
	/* a twin of the first shares its weight */
	rows.members = 3;
	memcpy(rows.p[2], rows.p[0], sizeof(rows.p[0]));
	REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
	CHECK_CLOSE(of_two.loss, blend.loss, 1e-10);
	CHECK_CLOSE(of_two.weights[0], blend.weights[0] + blend.weights[2], 1e-5);
	/* all equal: the first of them */
	for (int m = 1; m < CP_BLEND_MEMBERS; m++)
		memcpy(rows.p[m], rows.p[0], sizeof(rows.p[0]));
	rows.members = CP_BLEND_MEMBERS;
	check_best_alone(&rows, 0);
	rows.members = 1;
	check_best_alone(&rows, 0);
}

/* A constant, one that knows, one that knows the opposite, all certain of something wrong. */
static void
check_extreme_members(void)
{
	static Rows rows;
	CpBlend blend;

	make_rows(&rows, 6, 2000, 3);
	rows.members = 2;
	for (uint32_t i = 0; i < rows.n; i++)
		rows.p[1][i] = 0.3;
	REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
	CHECK(blend.best == 0 && blend.weights[0] > 0.5 && isfinite(blend.losses[1]));

	for (uint32_t i = 0; i < rows.n; i++)
		rows.p[1][i] = rows.labels[i];
	check_best_alone(&rows, 1);
	rows.members = 3;
	for (uint32_t i = 0; i < rows.n; i++)
		rows.p[2][i] = 1 - rows.labels[i];
	check_best_alone(&rows, 1);

	/* Certain, and each wrong on a part of the rows: only together is the loss finite. */
	for (uint32_t i = 0; i < rows.n; i++)
		for (uint32_t m = 0; m < 3; m++)
			rows.p[m][i] = i % 5 == m ? 1 - rows.labels[i] : rows.labels[i];
	REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
	CHECK_CLOSE(-log(CP_LOG_LOSS_CLIP) / 5, blend.losses[0], 1e-9);
	CHECK_CLOSE(-log(2.0 / 3) * 3 / 5, blend.loss, 1e-9);
	for (int m = 0; m < 3; m++)
		CHECK_CLOSE(1.0 / 3, blend.weights[m], 1e-6);

	/* All wrong: the logarithm is clipped as elsewhere. */
	for (uint32_t i = 0; i < rows.n; i++)
		rows.p[0][i] = rows.p[1][i] = rows.p[2][i] = 1 - rows.labels[i];
	check_best_alone(&rows, 0);

	/* What no caller gives. */
	for (uint32_t i = 0; i < rows.n; i++)
	{
		rows.p[0][i] = i % 3 == 0 ? NAN : 1e300;
		rows.p[1][i] = i % 2 == 0 ? -INFINITY : INFINITY;
	}
	REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
	CHECK(isfinite(blend.loss) && isfinite(blend.losses[0]) && isfinite(blend.losses[1]));
}

/* A blend must be worth more than its weights would be by chance. */
static void
check_acceptance(void)
{
	static Rows rows;
	CpBlend blend;
	uint32_t accepted = 0;

	for (uint64_t seed = 1; seed <= 100; seed++)
	{
		CpRng rng;

		make_rows(&rows, 2 * seed, 500, 1);
		rows.members = 3;
		cp_rng_init(&rng, seed, 1);
		/* the same with noise added: nothing to gain from */
		for (uint32_t i = 0; i < rows.n; i++)
			for (uint32_t m = 1; m < 3; m++)
				rows.p[m][i] = cp_sigmoid(cp_logit(rows.p[0][i]) + 0.5 * cp_rng_normal(&rng));
		REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
		accepted += blend.weights[blend.best] < 1;
		if (blend.weights[blend.best] < 1)
			CHECK(blend.loss < blend.losses[blend.best] - 1.0 / rows.n);
	}
	CHECK(accepted < 20);
}

/* ---- weights of rows ---- */

static void
check_weights(void)
{
	static Rows weighted, repeated;
	CpBlend a, b;

	make_rows(&weighted, 3, 900, 4);
	repeated.n = 0;
	repeated.members = 4;
	for (uint32_t i = 0; i < weighted.n; i++)
		for (uint32_t k = 0; k < weighted.weights[i]; k++)
		{
			for (int m = 0; m < 4; m++)
				repeated.p[m][repeated.n] = weighted.p[m][i];
			repeated.labels[repeated.n++] = weighted.labels[i];
		}
	/* rows of no weight are not looked at */
	for (uint32_t i = 0; i < weighted.n; i++)
		if (weighted.weights[i] == 0)
			weighted.p[i % 4][i] = NAN;
	REQUIRE_OK(blend_rows(unit_context(), &weighted, &a));
	REQUIRE_OK(blend_rows(unit_context(), &repeated, &b));
	CHECK(a.weights[a.best] < 1);
	CHECK_CLOSE(b.loss, a.loss, 1e-12);
	for (int m = 0; m < 4; m++)
	{
		CHECK_CLOSE(b.weights[m], a.weights[m], 1e-7);
		CHECK_CLOSE(b.losses[m], a.losses[m], 1e-12);
	}
}

static void
check_refusals(void)
{
	static const double bad[] = {0, NAN, INFINITY, 1e308};
	static Rows rows;
	CpBlend blend;

	make_rows(&rows, 1, 50, 2);
	rows.members = 0;
	CHECK_STATUS(CP_BAD_PARAMETER, blend_rows(unit_context(), &rows, &blend));
	rows.members = CP_BLEND_MEMBERS + 1;
	CHECK_STATUS(CP_BAD_PARAMETER, blend_rows(unit_context(), &rows, &blend));
	rows.members = 2;
	for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++)
	{
		for (uint32_t i = 0; i < rows.n; i++)
			rows.weights[i] = bad[b];
		CHECK_STATUS(CP_BAD_DATA, blend_rows(unit_context(), &rows, &blend));
	}
	for (uint32_t i = 0; i < rows.n; i++)
		rows.weights[i] = i == 7 ? 1e300 : 1e-300;
	REQUIRE_OK(blend_rows(unit_context(), &rows, &blend));
	CHECK(isfinite(blend.loss));
	rows.n = 0;
	rows.weighted = false;
	CHECK_STATUS(CP_BAD_DATA, blend_rows(unit_context(), &rows, &blend));
}

/* It stops at the poll that says so, and gives the same answer again. It allocates nothing. */
static void
check_cancel(void)
{
	static Rows rows;
	CpStatus status = CP_CANCELLED;
	CpBlend first, blend;

	make_rows(&rows, 8, 400, 3);
	REQUIRE_OK(blend_rows(unit_context(), &rows, &first));
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		CpContext *context = unit_context();

		context->budget = 0;
		unit_cancel_after(polls);
		status = blend_rows(context, &rows, &blend);
		if (status != CP_OK)
			CHECK_STATUS(CP_CANCELLED, status);
		CHECK(status == CP_OK || unit_polls() == polls + 1);
		REQUIRE(polls < 100);
	}
	CHECK(memcmp(&first, &blend, sizeof(blend)) == 0);
}

void
test_blend(void)
{
	UNIT_CASE("weights and losses are scipy's", check_scipy);
	UNIT_CASE("no other weights are better", check_conditions);
	UNIT_CASE("a few passes over the rows are enough", check_passes);
	UNIT_CASE("equal members, and one alone", check_equal_members);
	UNIT_CASE("constant, perfect, wrong and impossible members", check_extreme_members);
	UNIT_CASE("a blend that gains nothing is refused", check_acceptance);
	UNIT_CASE("weights stand for repeated rows", check_weights);
	UNIT_CASE("what is refused", check_refusals);
	UNIT_CASE("cancel at every poll", check_cancel);
}
