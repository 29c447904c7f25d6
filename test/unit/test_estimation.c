/*
 * test_estimation.c: against numpy, by how often the realised figures are covered, and
 * where a figure is not defined.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/estimation.h"
#include "num/rng.h"
#include "num/special.h"

#define MOST 5000
#define MANY 70000
#define SEEDS 400
#define FIGURES 5

extern void test_estimation(void);

static double sample_p[MANY], held_p[MANY], held_weights[MANY];
static uint8_t sample_labels[MANY], held_labels[MANY];

static void
list_estimates(const CpEstimation *estimation, CpForecast list[FIGURES])
{
	list[0] = estimation->auc;
	list[1] = estimation->log_loss;
	list[2] = estimation->brier;
	list[3] = estimation->accuracy;
	list[4] = estimation->churn_rate;
}

static bool
inside(double value, const CpForecast *estimate)
{
	return value >= estimate->range.low && value <= estimate->range.high;
}

static void
check_same(const CpEstimation *a, const CpEstimation *b, double tolerance)
{
	CpForecast of_a[FIGURES], of_b[FIGURES];

	list_estimates(a, of_a);
	list_estimates(b, of_b);
	for (int f = 0; f < FIGURES; f++)
	{
		CHECK_CLOSE(of_a[f].value, of_b[f].value, tolerance);
		CHECK_CLOSE(of_a[f].range.low, of_b[f].range.low, tolerance);
		CHECK_CLOSE(of_a[f].range.high, of_b[f].range.high, tolerance);
	}
}

/* ---- against numpy ---- */

/* 40 rows with ties; 60 held-out rows with weights and ties, of which too few churned. */
static CpScored
make_reference(void)
{
	for (uint32_t i = 0; i < 40; i++)
		sample_p[i] = (1 + (i * i * 7 + i * 3) % 19) / 20.0;
	for (uint32_t i = 0; i < 60; i++)
	{
		held_p[i] = (1 + (i * i * 5 + i) % 23) / 24.0;
		held_labels[i] = (i * 17 + 3) % 29 < 29 * held_p[i] * 0.7;
		held_weights[i] = 0.25 + i * 37 % 16 / 8.0;
	}
	return (CpScored){60, held_p, held_labels, held_weights};
}

static void
check_references(void)
{
	/*
	 * numpy 1.24.2, scipy 1.10.1, scikit-learn 1.2.1: all pairs of different rows in a matrix,
	 * placements as its weighted means, intervals by their formulas in textbooks' form.
	 * AUC, log-loss, Brier, accuracy, rate; without and with the held-out rows.
	 */
	static const CpForecast references[2][FIGURES] = {
		{{0.8190584231423708, {0.6448945569438141, 0.9185861565097595}},
	     {0.5139874027301552, {0.3574862422973559, 0.6704885631629545}},
	     {0.17125, {0.1085984740479813, 0.2339015259520187}},
	     {0.745, {0.590679551662727, 0.8553836900205631}},
	     {0.4425, {0.2988377164286699, 0.596473971747701}}},
		{{0.8190584231423708, {0.5098408993086624, 0.9516896772085053}},
	     {0.5139874027301552, {0.2182149126743032, 0.8097598927860072}},
	     {0.17125, {0.0707286581976259, 0.2717713418023741}},
	     {0.745, {0.5412085009505476, 0.8785779988286562}},
	     {0.4425, {0.2296646893963695, 0.6787779537272971}}},
	};
	CpScored held_out = make_reference();

	for (int with = 0; with < 2; with++)
	{
		CpContext *context = unit_context();
		CpForecast list[FIGURES];
		CpEstimation estimation;

		REQUIRE_OK(cp_estimate_performance(context, sample_p, 40, with ? &held_out : NULL, 0.95,
		                                   &estimation));
		CHECK_EQUAL(0, unit_live_blocks());
		list_estimates(&estimation, list);
		for (int f = 0; f < FIGURES; f++)
		{
			CHECK_CLOSE(references[with][f].value, list[f].value, 1e-13);
			CHECK_CLOSE(references[with][f].range.low, list[f].range.low, 1e-12);
			CHECK_CLOSE(references[with][f].range.high, list[f].range.high, 1e-12);
		}
	}
}

/* Weights say how much a row counts: all twice changes nothing, a row of weight 0 is absent. */
static void
check_weights(void)
{
	CpScored held_out = make_reference();
	CpEstimation plain, other;

	REQUIRE_OK(cp_estimate_performance(unit_context(), sample_p, 40, &held_out, 0.95, &plain));
	for (uint32_t i = 0; i < 60; i++)
		held_weights[i] *= 2;
	REQUIRE_OK(cp_estimate_performance(unit_context(), sample_p, 40, &held_out, 0.95, &other));
	check_same(&plain, &other, 1e-13);
	for (uint32_t i = 60; i < 80; i++)
	{
		held_p[i] = i / 100.0;
		held_labels[i] = i % 2;
		held_weights[i] = 0;
	}
	held_out.rows = 80;
	REQUIRE_OK(cp_estimate_performance(unit_context(), sample_p, 40, &held_out, 0.95, &other));
	check_same(&plain, &other, 1e-13);
	held_weights[70] = 5;
	REQUIRE_OK(cp_estimate_performance(unit_context(), sample_p, 40, &held_out, 0.95, &other));
	CHECK(other.log_loss.range.high != plain.log_loss.range.high);
}

/* ---- coverage ---- */

typedef enum Shape
{
	BETA,    /* (2, 5): the second of six uniform numbers */
	BIMODAL, /* three of ten likely, the others unlikely to leave */
	RARE,    /* one of a hundred leaves */
	SHAPES
} Shape;

static double
draw_probability(CpRng *rng, Shape shape)
{
	double least = 1, second = 1;

	switch (shape)
	{
		case BETA:
			for (int i = 0; i < 6; i++)
			{
				double u = cp_rng_uniform(rng);

				second = fmin(second, fmax(u, least));
				least = fmin(least, u);
			}
			return second;
		case BIMODAL:
			return cp_sigmoid((cp_rng_uniform(rng) < 0.3 ? 1.5 : -2) + 0.7 * cp_rng_normal(rng));
		default:
			return cp_sigmoid(-5 + cp_rng_normal(rng));
	}
}

/* error: added to the log-odds by which labels are drawn. */
static void
draw_rows(CpRng *rng, Shape shape, double error, uint32_t n, double *p, uint8_t *labels)
{
	for (uint32_t i = 0; i < n; i++)
	{
		p[i] = draw_probability(rng, shape);
		labels[i] = cp_rng_uniform(rng) < cp_sigmoid(cp_logit(p[i]) + error);
	}
}

/* How often each figure is inside its interval. *bias: mean error of the estimated AUC. */
static void
count_covered(Shape shape, uint32_t n, double error, uint32_t held_rows, uint32_t covered[FIGURES],
              double *bias)
{
	CpScored held_out = {held_rows, held_p, held_labels, NULL};

	memset(covered, 0, FIGURES * sizeof(uint32_t));
	*bias = 0;
	for (uint64_t seed = 0; seed < SEEDS; seed++)
	{
		CpContext *context = unit_context();
		CpForecast list[FIGURES];
		CpEstimation estimation;
		CpMetrics metrics;
		CpRng rng;

		cp_rng_init(&rng, seed, shape);
		draw_rows(&rng, shape, error, held_rows, held_p, held_labels);
		draw_rows(&rng, shape, error, n, sample_p, sample_labels);
		REQUIRE_OK(cp_metrics(context, sample_p, sample_labels, NULL, n, &metrics));
		REQUIRE_OK(cp_estimate_performance(context, sample_p, n, &held_out, 0.95, &estimation));
		list_estimates(&estimation, list);
		covered[0] += inside(metrics.auc, &list[0]);
		covered[1] += inside(metrics.log_loss, &list[1]);
		covered[2] += inside(metrics.brier, &list[2]);
		covered[3] += inside(metrics.accuracy, &list[3]);
		covered[4] += inside(metrics.churn_rate, &list[4]);
		*bias += (metrics.auc - list[0].value) / SEEDS;
	}
}

static void
check_coverage(void)
{
	static const struct
	{
		Shape shape;
		uint32_t rows;
		double bias; /* four standard errors of the mean */
	} cases[] = {{BETA, 500, 0.006},
	             {BETA, 5000, 0.002},
	             {BIMODAL, 500, 0.005},
	             {BIMODAL, 2000, 0.003},
	             {RARE, 2000, 0.012}};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
	{
		uint32_t covered[FIGURES];
		double bias;

		count_covered(cases[c].shape, cases[c].rows, 0, 0, covered, &bias);
		unit_note("of 400: AUC %u, log-loss %u, Brier %u, accuracy %u, rate %u; bias %.4f",
		          covered[0], covered[1], covered[2], covered[3], covered[4], bias);
		/* The rate of few rows that are near 0 or 1 each is more certain than rows met by chance. */
		for (int f = 0; f < FIGURES; f++)
			CHECK(covered[f] >= 0.92 * SEEDS && covered[f] <= (f == 4 ? 1 : 0.99) * SEEDS);
		CHECK_CLOSE(0, bias, cases[c].bias);
	}
}

/* Probabilities off by half a unit of log-odds, there and here: only the held-out rows tell. */
static void
check_calibration_is_doubted(void)
{
	uint32_t without[FIGURES], with[FIGURES];
	double bias;

	count_covered(BETA, 1000, 0.5, 0, without, &bias);
	count_covered(BETA, 1000, 0.5, 1000, with, &bias);
	unit_note("of 400: log-loss %u, then %u; rate %u, then %u", without[1], with[1], without[4],
	          with[4]);
	CHECK(without[1] < 0.8 * SEEDS && without[4] < 0.1 * SEEDS);
	for (int f = 0; f < FIGURES; f++)
		CHECK(with[f] >= 0.92 * SEEDS);
}

/* ---- edges ---- */

static CpEstimation
estimate(const double *p, uint32_t n)
{
	CpEstimation estimation;

	memset(&estimation, 0, sizeof(estimation));
	CHECK_STATUS(CP_OK, cp_estimate_performance(unit_context(), p, n, NULL, 0.95, &estimation));
	return estimation;
}

static void
check_degenerate(void)
{
	double certain[4] = {0, 1, 0, 1}, equal[3] = {0.3, 0.3, 0.3}, never[3] = {0, 0, 0};
	double lone[3] = {0.5, 0, 0};
	CpEstimation estimation = estimate(certain, 0);

	CHECK(isnan(estimation.auc.value) && isnan(estimation.log_loss.value) &&
	      isnan(estimation.churn_rate.value) && isnan(estimation.auc.range.low) &&
	      isnan(estimation.accuracy.range.high));
	estimation = estimate(equal, 1);
	CHECK(isnan(estimation.auc.value) && isnan(estimation.auc.range.high));
	CHECK_CLOSE(0.21, estimation.brier.value, 1e-15);
	CHECK(isnan(estimation.brier.range.low));
	estimation = estimate(equal, 3);
	CHECK_CLOSE(0.5, estimation.auc.value, 1e-15);
	CHECK_CLOSE(0.7, estimation.accuracy.value, 1e-15);
	estimation = estimate(certain, 4);
	CHECK(estimation.auc.value == 1 && estimation.auc.range.low == 1);
	CHECK(estimation.log_loss.value == 0 && estimation.accuracy.value == 1);
	CHECK(estimation.churn_rate.value == 0.5);
	estimation = estimate(never, 3);
	CHECK(isnan(estimation.auc.value) && isnan(estimation.auc.range.low));
	CHECK(estimation.churn_rate.value == 0 && estimation.churn_rate.range.low == 0 &&
	      estimation.churn_rate.range.high == 0);
	/* Who may leave has nobody to be compared with as one who stays. */
	estimation = estimate(lone, 3);
	CHECK(estimation.auc.value == 1 && isfinite(estimation.auc.range.low));
}

/* Certain, and wrong on the held-out rows; and such rows of one class or none. */
static void
check_held_out_edges(void)
{
	double p[4] = {0, 1, 0, 1}, other[3] = {0.2, 0.5, 0.6};
	uint8_t wrong[4] = {1, 0, 0, 1}, stayed[4] = {0};
	CpScored held_out = {4, p, wrong, NULL};
	CpEstimation plain = estimate(other, 3), estimation;

	REQUIRE_OK(cp_estimate_performance(unit_context(), p, 4, &held_out, 0.95, &estimation));
	CHECK(estimation.auc.range.low < 0.5 && estimation.auc.range.high == 1);
	CHECK(estimation.accuracy.range.low < 0.5 && estimation.accuracy.range.high == 1);
	CHECK(estimation.log_loss.range.low == 0 && estimation.log_loss.range.high > 10);
	held_out.rows = 0;
	REQUIRE_OK(cp_estimate_performance(unit_context(), other, 3, &held_out, 0.95, &estimation));
	check_same(&plain, &estimation, 0);
	held_out = (CpScored){3, other, stayed, NULL};
	REQUIRE_OK(cp_estimate_performance(unit_context(), other, 3, &held_out, 0.95, &estimation));
	CHECK(estimation.auc.range.low == plain.auc.range.low);
	CHECK(estimation.churn_rate.range.high > plain.churn_rate.range.high);
}

/* Each allocation, each poll, too small a budget. */
static void
check_failures(void)
{
	CpScored held_out = {MANY, held_p, held_labels, NULL}, few = {500, held_p, held_labels, NULL};
	CpStatus status = CP_NO_MEMORY;
	CpEstimation estimation;
	CpContext *context;
	CpRng rng;

	cp_rng_init(&rng, 3, 0);
	draw_rows(&rng, BETA, 0, MANY, sample_p, sample_labels);
	draw_rows(&rng, BETA, 0, MANY, held_p, held_labels);
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		status = cp_estimate_performance(context, sample_p, 500, &few, 0.95, &estimation);
		CHECK(status == CP_OK || status == CP_NO_MEMORY);
		REQUIRE(nth < 50);
		CHECK(status != CP_OK || (nth > 8 && unit_live_blocks() == 0));
	}
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		context = unit_context();
		unit_cancel_after(polls);
		status = cp_estimate_performance(context, sample_p, MANY, &held_out, 0.95, &estimation);
		CHECK(status == CP_OK || (status == CP_CANCELLED && unit_polls() == polls + 1));
		REQUIRE(polls < 300);
		/* Four walks over all rows of either, five polls each. */
		CHECK(status != CP_OK || polls >= 40);
	}
	context = unit_context();
	context->budget = 10000;
	CHECK_STATUS(CP_OVER_BUDGET,
	             cp_estimate_performance(context, sample_p, 1000, NULL, 0.95, &estimation));
	CHECK(context->required > context->budget);
}

void
test_estimation(void)
{
	UNIT_CASE("estimates and intervals are numpy's", check_references);
	UNIT_CASE("weights of held-out rows", check_weights);
	UNIT_CASE("realised figures are covered", check_coverage);
	UNIT_CASE("a calibration that is off widens the intervals", check_calibration_is_doubted);
	UNIT_CASE("no rows, one row, one class, certainty", check_degenerate);
	UNIT_CASE("held-out rows of one class, none, or wrong", check_held_out_edges);
	UNIT_CASE("each allocation that fails, each poll, the budget", check_failures);
}
