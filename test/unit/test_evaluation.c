/*
 * test_evaluation.c: against numpy and scipy, by how often the truth is covered, and
 * where a figure is not defined.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/evaluation.h"
#include "num/rng.h"
#include "num/special.h"

#define MOST 500
#define MANY 70000 /* more than one poll in every loop */

extern void test_evaluation(void);

typedef struct Reference
{
	uint32_t rows;
	bool tied;
	bool weighted;
	/* Low and high of AUC, log-loss, accuracy, lift; improvement of RMSE, perfect ECE. */
	double figures[10];
} Reference;

/*
 * numpy 1.24.2 and scipy 1.10.1: placements by all pairs, Newcombe's limits by brentq.
 * Printed by test/data/make_learn_reference.py. The scores of the last two part the
 * classes, so that AUC is 1.
 */
static const Reference references[] = {
	{500,
     true,
     false,
     {0.81975057696270415, 0.88484202716204974, 0.4248927374691886, 0.51612574747277051,
      0.73323412790391629, 0.80661823088499929, 1.6516171930439434, 1.9505517220300481,
      21.126875740465991, 0.042988930492091883}},
	{500,
     true,
     true,
     {0.80882819916591608, 0.88392360705188089, 0.42447058856971726, 0.52926229434004224,
      0.72025197987107481, 0.80277988417498181, 1.613320308993897, 1.9759846908758756,
      20.507351642238405, 0.047815967005112141}},
	{37,
     true,
     true,
     {0.74217759851906029, 0.9641178922262843, 0.27580913568946724, 0.51823361166869719,
      0.65004494717485306, 0.91971478083339375, 1.234459657026701, 2.2458927552513162,
      26.629275276704767, 0.17392426595824001}},
	{10,
     false,
     false,
     {0.63285534943304589, 1, 0.17619090188389872, 0.47598892248260394, 0.59584997320476163,
      0.98212378690492708, 1.1231517388463339, 5.5646977908967168, 37.918064892702738,
      0.31636001393944541}},
	{10,
     false,
     true,
     {0.58348189272670947, 1, 0.19201224756112251, 0.50327183029454114, 0.54989228637011611,
      0.98207714757767206, 0.99182359856378488, 4.8606309385963247, 36.588348472799467,
      0.32653136703855873}},
};

#define REFERENCES (sizeof(references) / sizeof(references[0]))

static double sample_p[MANY], sample_weights[MANY];
static uint8_t sample_labels[MANY];

/* The same formulas as in make_learn_reference.py. */
static CpScored
make_sample(const Reference *reference)
{
	uint32_t of = reference->tied ? 97 : reference->rows;

	for (uint32_t i = 0; i < reference->rows; i++)
	{
		uint32_t k = reference->tied ? (i * i * 31 + i * 7) % 97 : i * 211 % of;

		sample_p[i] = (k + 0.5) / of;
		sample_labels[i] = (i * i * 13 + i * 11) % 101 * of < k * 101;
		sample_weights[i] = 0.25 + i * 37 % 16 / 8.0;
	}
	return (CpScored){reference->rows, sample_p, sample_labels,
	                  reference->weighted ? sample_weights : NULL};
}

static void
check_interval(double low, double high, CpInterval interval, double tolerance)
{
	CHECK_CLOSE(low, interval.low, tolerance);
	CHECK_CLOSE(high, interval.high, tolerance);
}

static void
check_equal(const CpEvaluation *a, const CpEvaluation *b, double tolerance)
{
	check_interval(a->auc.low, a->auc.high, b->auc, tolerance);
	check_interval(a->log_loss.low, a->log_loss.high, b->log_loss, tolerance);
	check_interval(a->accuracy.low, a->accuracy.high, b->accuracy, tolerance);
	check_interval(a->lift.low, a->lift.high, b->lift, tolerance);
	CHECK_CLOSE(a->rmse_improvement, b->rmse_improvement, tolerance * 100);
	CHECK_CLOSE(a->ece_perfect, b->ece_perfect, tolerance);
}

static void
check_references(void)
{
	CpContext *context = unit_context();

	for (size_t r = 0; r < REFERENCES; r++)
	{
		const double *figures = references[r].figures;
		CpScored scored = make_sample(&references[r]);
		CpEvaluation evaluation;
		CpMetrics metrics;

		REQUIRE_OK(cp_evaluation(context, &scored, 0.95, &evaluation));
		check_interval(figures[0], figures[1], evaluation.auc, 1e-12);
		check_interval(figures[2], figures[3], evaluation.log_loss, 1e-12);
		check_interval(figures[4], figures[5], evaluation.accuracy, 1e-12);
		check_interval(figures[6], figures[7], evaluation.lift, 1e-12);
		CHECK_CLOSE(figures[8], evaluation.rmse_improvement, 1e-11);
		CHECK_CLOSE(figures[9], evaluation.ece_perfect, 1e-13);
		REQUIRE_OK(cp_metrics(context, scored.probabilities, scored.labels, scored.weights,
		                      scored.rows, &metrics));
		CHECK(memcmp(&metrics, &evaluation.metrics, sizeof(metrics)) == 0);
	}
	CHECK_EQUAL(0, unit_live_blocks());
}

/* scipy 1.10.1: binomtest(k, n).proportion_ci(confidence, 'wilson'). */
static void
check_wilson(void)
{
	double z95 = 1.959963984540054, z80 = 1.2815515655446004;

	check_interval(0.10779126740630102, 0.6032218525388546, cp_wilson_interval(0.3, 10, z95),
	               1e-15);
	check_interval(0.15379917807596727, 0.502628294760249, cp_wilson_interval(0.3, 10, z80), 1e-15);
	check_interval(0, 0.27753279986288926, cp_wilson_interval(0, 10, z95), 1e-15);
	check_interval(0.7224672001371109, 1, cp_wilson_interval(1, 10, z95), 1e-15);
	check_interval(0.9943574414020421, 0.9998234536293739, cp_wilson_interval(0.999, 1000, z95),
	               1e-14);
	for (double n = 1; n < 1e15; n *= 7)
	{
		CHECK(cp_wilson_interval(0, n, z95).low == 0 && cp_wilson_interval(1, n, z95).high == 1);
		CHECK(cp_wilson_interval(0, n, z95).high > 0 && cp_wilson_interval(1, n, z95).low < 1);
	}
	check_interval(0, 0, cp_wilson_interval(0, 10, 0), 0);
	check_interval(1, 1, cp_wilson_interval(1, 10, 0), 0);
	check_interval(NAN, NAN, cp_wilson_interval(0.5, 0, z95), 0);
	check_interval(NAN, NAN, cp_wilson_interval(NAN, 10, z95), 0);
}

/* ---- how often the truth is covered ---- */

#define SIMULATED 1000
#define SIMULATED_ROWS 300

/*
 * x standard normal, churned with probability sigmoid(1.5 x - 1.3), scored sigmoid(1.2 x - 1):
 * the truth by scipy's quad.
 */
static const double true_auc = 0.8166103163805788;
static const double true_log_loss = 0.4616489495909623;
static const double true_accuracy = 0.7849272826295046;
static const double true_lift = 2.73640598035087;

static CpScored
simulate(uint64_t seed, uint32_t rows, bool weighted)
{
	CpRng rng;

	cp_rng_init(&rng, seed, weighted);
	for (uint32_t i = 0; i < rows; i++)
	{
		double x = cp_rng_normal(&rng), u = cp_rng_uniform(&rng);

		sample_p[i] = cp_sigmoid(1.2 * x - 1);
		sample_labels[i] = cp_rng_uniform(&rng) < cp_sigmoid(1.5 * x - 1.3);
		sample_weights[i] = 0.1 + 3 * u * u;
	}
	return (CpScored){rows, sample_p, sample_labels, weighted ? sample_weights : NULL};
}

static bool
covers(CpInterval interval, double truth)
{
	return interval.low <= truth && truth <= interval.high;
}

/* A rate of coverage over 1,000 simulations has a standard error of 0.7 points. */
static void
check_coverage(void)
{
	for (int weighted = 0; weighted < 2; weighted++)
	{
		int covered[4] = {0}, narrow = 0;

		for (uint64_t seed = 1; seed <= SIMULATED; seed++)
		{
			CpScored scored = simulate(seed, SIMULATED_ROWS, weighted);
			CpEvaluation evaluation;

			REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
			covered[0] += covers(evaluation.auc, true_auc);
			covered[1] += covers(evaluation.log_loss, true_log_loss);
			covered[2] += covers(evaluation.accuracy, true_accuracy);
			covered[3] += covers(evaluation.lift, true_lift);
			REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.5, &evaluation));
			narrow += covers(evaluation.auc, true_auc);
		}
		unit_note("covered%s: AUC %d, log-loss %d, accuracy %d, lift %d of %d",
		          weighted ? ", weighted" : "", covered[0], covered[1], covered[2], covered[3],
		          SIMULATED);
		for (int i = 0; i < 4; i++)
			CHECK(covered[i] >= 930 && covered[i] <= 970);
		CHECK(narrow >= 450 && narrow <= 550);
	}
}

/* Labels drawn from the scores: ECE is on average what is said of them. */
static void
check_perfect_ece(void)
{
	static const uint32_t sizes[] = {60, 300, 2000};

	for (int weighted = 0; weighted < 2; weighted++)
		for (size_t s = 0; s < 3; s++)
		{
			CpScored scored = simulate(77, sizes[s], weighted);
			double sum = 0, expected;
			int draws = sizes[s] > 1000 ? 300 : 1000;
			CpEvaluation evaluation;
			CpMetrics metrics;
			CpRng rng;

			REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
			expected = evaluation.ece_perfect;
			cp_rng_init(&rng, 78, s);
			for (int draw = 0; draw < draws; draw++)
			{
				for (uint32_t i = 0; i < scored.rows; i++)
					sample_labels[i] = cp_rng_uniform(&rng) < sample_p[i];
				REQUIRE_OK(cp_metrics(unit_context(), scored.probabilities, scored.labels,
				                      scored.weights, scored.rows, &metrics));
				sum += metrics.ece;
			}
			CHECK_RELATIVE(sum / draws, expected, 0.04);
		}
}

/* ---- weights ---- */

static void
check_weights(void)
{
	CpScored scored = make_sample(&references[0]);
	CpEvaluation plain, weighted;

	/* All alike: as without; what they are in is of no account. */
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.9, &plain));
	for (uint32_t i = 0; i < scored.rows; i++)
		sample_weights[i] = 0.125;
	scored.weights = sample_weights;
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.9, &weighted));
	check_equal(&plain, &weighted, 1e-12);
	scored = make_sample(&references[1]);
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.9, &plain));
	for (uint32_t i = 0; i < scored.rows; i++)
		sample_weights[i] *= 1000;
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.9, &weighted));
	check_equal(&plain, &weighted, 1e-12);
	/* A row of weight 2 is two rows to the figures, and one and a bit to the intervals. */
	scored = make_sample(&references[0]);
	for (uint32_t i = 0; i < scored.rows; i++)
		sample_weights[i] = 1 + i % 2;
	scored.weights = sample_weights;
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.9, &weighted));
	scored.weights = NULL;
	for (uint32_t i = 1; i < 500; i += 2, scored.rows++)
	{
		sample_p[scored.rows] = sample_p[i];
		sample_labels[scored.rows] = sample_labels[i];
	}
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.9, &plain));
	CHECK_CLOSE(plain.metrics.auc, weighted.metrics.auc, 1e-12);
	CHECK_CLOSE(plain.rmse_improvement, weighted.rmse_improvement, 1e-10);
	CHECK(plain.auc.high < weighted.auc.high && plain.auc.low > weighted.auc.low);
	CHECK(plain.accuracy.high < weighted.accuracy.high);
}

/* Rows of weight 0 are absent; here none of them moves the tenths. */
static void
check_weights_of_zero(void)
{
	CpScored scored = make_sample(&references[0]);
	CpEvaluation without, with;

	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.9, &without));
	for (uint32_t i = 0; i < scored.rows; i++)
		sample_weights[i] = 1;
	for (uint32_t i = scored.rows; i < scored.rows + 40; i++)
	{
		sample_p[i] = i % 2 ? 1 : 0;
		sample_labels[i] = i % 3 == 0;
		sample_weights[i] = 0;
	}
	scored.weights = sample_weights;
	scored.rows += 40;
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.9, &with));
	check_interval(without.auc.low, without.auc.high, with.auc, 1e-12);
	check_interval(without.log_loss.low, without.log_loss.high, with.log_loss, 1e-12);
	check_interval(without.accuracy.low, without.accuracy.high, with.accuracy, 1e-12);
}

/* ---- edges ---- */

/* n rows, the first `left` of them churned; scores rise with the row, or fall, or are equal. */
static CpScored
make_ordered(uint32_t n, uint32_t left, int direction)
{
	for (uint32_t i = 0; i < n; i++)
	{
		sample_p[i] = 0.5 + direction * (i + 0.5 - n / 2.0) / n;
		sample_labels[i] = i < left;
	}
	return (CpScored){n, sample_p, sample_labels, NULL};
}

static void
check_auc_edges(void)
{
	CpEvaluation perfect, reverse, even, few;
	CpScored scored = make_ordered(40, 8, -1);

	/* brentq on Newcombe's formula with 8 and 32 rows, as in make_learn_reference.py. */
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &perfect));
	check_interval(0.84467504322281151, 1, perfect.auc, 1e-12);
	scored = make_ordered(40, 8, 1);
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &reverse));
	check_interval(0, 0.15532495677718852, reverse.auc, 1e-12);
	/* One score for all is AUC 0.5 whoever the rows are. */
	scored = make_ordered(40, 8, 0);
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &even));
	check_interval(0.5, 0.5, even.auc, 1e-15);
	/* One row of a class, the 11th of 40: AUC 29 / 39; brentq as above with 1 and 39. */
	scored = make_ordered(40, 11, -1);
	memset(sample_labels, 0, 10);
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &few));
	CHECK_CLOSE(29.0 / 39, few.metrics.auc, 1e-15);
	check_interval(0.25265810187235749, 0.95655564240360913, few.auc, 1e-12);
}

static void
check_lift_edges(void)
{
	CpScored scored = make_ordered(100, 20, 1);
	CpEvaluation evaluation;

	/* None of ten in the top tenth: as many as Wilson allows, 27.8 %, of which 20 % leave. */
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
	CHECK(evaluation.metrics.top_decile_lift == 0);
	check_interval(0, 0.27753279986288926 / 0.2, evaluation.lift, 1e-12);
	/* All that churned are in the tenth, and more than all cannot be. */
	scored = make_ordered(100, 7, -1);
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
	CHECK_CLOSE(10, evaluation.metrics.top_decile_lift, 1e-12);
	CHECK(evaluation.lift.low > 3 && evaluation.lift.low < 10 &&
	      evaluation.lift.high <= 10 + 1e-12);
}

static void
check_undefined(void)
{
	CpScored scored = make_ordered(0, 0, 1);
	CpEvaluation evaluation;

	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
	check_interval(NAN, NAN, evaluation.auc, 0);
	check_interval(NAN, NAN, evaluation.log_loss, 0);
	check_interval(NAN, NAN, evaluation.accuracy, 0);
	check_interval(NAN, NAN, evaluation.lift, 0);
	CHECK(isnan(evaluation.rmse_improvement) && isnan(evaluation.ece_perfect));
	/* Of one row nothing is known but whether it was right. */
	scored = make_ordered(1, 1, 1);
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
	check_interval(NAN, NAN, evaluation.auc, 0);
	check_interval(NAN, NAN, evaluation.log_loss, 0);
	check_interval(NAN, NAN, evaluation.lift, 0);
	CHECK(evaluation.accuracy.low > 0.2 && evaluation.accuracy.high == 1);
	CHECK(isnan(evaluation.rmse_improvement));
	/* One class. */
	scored = make_ordered(50, 0, 1);
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
	check_interval(NAN, NAN, evaluation.auc, 0);
	check_interval(NAN, NAN, evaluation.lift, 0);
	CHECK(evaluation.log_loss.low > 0 && isnan(evaluation.rmse_improvement));
	/* Certain but for one: the mean loss cannot be below 0. */
	for (uint32_t i = 0; i < 50; i++)
		sample_p[i] = i == 49;
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
	CHECK(evaluation.log_loss.low == 0 && evaluation.log_loss.high > evaluation.metrics.log_loss);
	/* Certain, and at times wrong: all is finite. */
	for (uint32_t i = 0; i < 50; i++)
	{
		sample_p[i] = i % 2;
		sample_labels[i] = i % 3 == 0;
		sample_weights[i] = 0;
	}
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
	CHECK(isfinite(evaluation.log_loss.high) && evaluation.ece_perfect == 0);
	scored.weights = sample_weights;
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 0.95, &evaluation));
	check_interval(NAN, NAN, evaluation.auc, 0);
	check_interval(NAN, NAN, evaluation.accuracy, 0);
	CHECK(isnan(evaluation.ece_perfect));
}

static void
check_confidence(void)
{
	CpScored scored = make_sample(&references[1]);
	CpEvaluation wide, narrow;

	REQUIRE_OK(cp_evaluation(unit_context(), &scored, nextafter(1, 0), &wide));
	CHECK(wide.auc.low > 0 && wide.auc.high < 1 && wide.auc.low < references[1].figures[0]);
	CHECK(wide.log_loss.low >= 0 && isfinite(wide.lift.high));
	REQUIRE_OK(cp_evaluation(unit_context(), &scored, 5e-324, &narrow));
	check_interval(narrow.metrics.auc, narrow.metrics.auc, narrow.auc, 1e-12);
	check_interval(narrow.metrics.accuracy, narrow.metrics.accuracy, narrow.accuracy, 1e-12);
	check_interval(narrow.metrics.top_decile_lift, narrow.metrics.top_decile_lift, narrow.lift,
	               1e-12);
}

/* ---- reliability ---- */

static void
check_reliability(void)
{
	for (size_t r = 0; r < REFERENCES; r++)
	{
		CpScored scored = make_sample(&references[r]);
		CpReliability bins[CP_DECILES];
		CpDecile deciles[CP_DECILES];

		REQUIRE_OK(cp_deciles(unit_context(), scored.probabilities, scored.labels, scored.weights,
		                      scored.rows, deciles));
		REQUIRE_OK(cp_reliability(unit_context(), &scored, CP_DECILES, 0.95, bins));
		for (int b = 0; b < CP_DECILES; b++)
		{
			const CpDecile *decile = &deciles[CP_DECILES - 1 - b];

			CHECK_EQUAL(decile->rows, bins[b].rows);
			CHECK_CLOSE(decile->expected / decile->weight, bins[b].predicted, 1e-14);
			CHECK_CLOSE(decile->churned / decile->weight, bins[b].observed, 1e-14);
			CHECK(bins[b].score_low <= bins[b].predicted + 1e-15);
			CHECK(bins[b].predicted <= bins[b].score_high + 1e-15);
			CHECK(b == 0 || bins[b - 1].score_high <= bins[b].score_low);
			CHECK(covers(bins[b].observed_range, bins[b].observed));
		}
	}
}

/* Seven rows in three bins: two, two, and three with the highest scores; weights 1 to 7. */
static void
check_reliability_by_hand(void)
{
	double p[7] = {0.6, 0.1, 0.4, 0.9, 0.2, 0.7, 0.3}, weights[7] = {1, 2, 3, 4, 5, 6, 7};
	uint8_t labels[7] = {1, 0, 1, 1, 0, 0, 1};
	CpScored scored = {7, p, labels, weights};
	CpReliability bins[100];

	REQUIRE_OK(cp_reliability(unit_context(), &scored, 3, 0.95, bins));
	CHECK(bins[0].rows == 2 && bins[1].rows == 2 && bins[2].rows == 3);
	CHECK(bins[1].score_low == 0.3 && bins[1].score_high == 0.4 && bins[2].score_low == 0.6);
	CHECK_CLOSE(1.2 / 7, bins[0].predicted, 1e-15);
	CHECK_CLOSE(8.4 / 11, bins[2].predicted, 1e-15);
	CHECK_CLOSE(5.0 / 11, bins[2].observed, 1e-15);
	CHECK(bins[0].observed == 0 && bins[1].observed == 1);
	/* 11^2 / (1 + 16 + 36) rows */
	check_interval(cp_wilson_interval(5.0 / 11, 121.0 / 53, 1.959963984540054).low,
	               cp_wilson_interval(5.0 / 11, 121.0 / 53, 1.959963984540054).high,
	               bins[2].observed_range, 1e-14);
	REQUIRE_OK(cp_reliability(unit_context(), &scored, 100, 0.95, bins));
	for (int b = 0, rows = 0; b < 100; b++)
	{
		rows += bins[b].rows;
		CHECK(bins[b].rows == 0 ? isnan(bins[b].score_low) && isnan(bins[b].observed)
		                        : fabs(bins[b].score_low - bins[b].predicted) < 1e-15);
		CHECK(b < 99 || rows == 7);
	}
}

/* ---- memory and cancel ---- */

static CpStatus
evaluate(CpContext *context, const CpScored *scored, bool bins)
{
	CpReliability reliability[CP_DECILES];
	CpEvaluation evaluation;

	return bins ? cp_reliability(context, scored, CP_DECILES, 0.95, reliability)
	            : cp_evaluation(context, scored, 0.95, &evaluation);
}

static void
check_failures(void)
{
	CpScored scored = simulate(5, MANY, true);

	for (int bins = 0; bins < 2; bins++)
	{
		CpScored few = scored;
		CpStatus status = CP_NO_MEMORY;
		CpContext *context;
		uint32_t *order;
		size_t sort;

		few.rows = 1000;
		context = unit_context();
		REQUIRE_OK(cp_rank_rows(context, scored.probabilities, scored.rows, &order));
		sort = unit_polls();
		for (size_t nth = 1; status != CP_OK; nth++)
		{
			context = unit_context();
			unit_fail_allocation(nth);
			status = evaluate(context, &few, bins);
			CHECK(status == CP_OK || status == CP_NO_MEMORY);
			REQUIRE(nth < 50);
			CHECK(status != CP_OK || (nth > 2 && unit_live_blocks() == 0));
		}
		status = CP_CANCELLED;
		for (size_t polls = 0; status != CP_OK; polls++)
		{
			context = unit_context();
			unit_cancel_after(polls);
			status = evaluate(context, &scored, bins);
			CHECK(status == CP_OK || (status == CP_CANCELLED && unit_polls() == polls + 1));
			REQUIRE(polls < 200);
			/* Two of each walk over all rows; the top tenth and its edge have one each. */
			CHECK(status != CP_OK || polls == (bins ? sort + 2 : 2 * sort + 14));
		}
		context = unit_context();
		context->budget = 20000;
		CHECK_STATUS(CP_OVER_BUDGET, evaluate(context, &few, bins));
		CHECK(context->required > context->budget);
		/* 24 bytes a row while they are put in order. */
		context = unit_context();
		context->budget = 25000;
		CHECK_STATUS(CP_OK, evaluate(context, &few, bins));
	}
}

void
test_evaluation(void)
{
	UNIT_CASE("intervals are numpy's and scipy's", check_references);
	UNIT_CASE("Wilson's interval is scipy's", check_wilson);
	UNIT_CASE("intervals cover the truth as often as they say", check_coverage);
	UNIT_CASE("ECE of perfect probabilities is what chance makes it", check_perfect_ece);
	UNIT_CASE("weights", check_weights);
	UNIT_CASE("rows of weight zero", check_weights_of_zero);
	UNIT_CASE("AUC of 0, of 1, of equal scores, of one churner", check_auc_edges);
	UNIT_CASE("a top tenth with no churner, and with all", check_lift_edges);
	UNIT_CASE("no rows, one row, one class, certainty, no weight", check_undefined);
	UNIT_CASE("confidence near 0 and 1", check_confidence);
	UNIT_CASE("reliability in tenths is the deciles", check_reliability);
	UNIT_CASE("reliability by hand", check_reliability_by_hand);
	UNIT_CASE("each allocation that fails, each poll that stops, a budget", check_failures);
}
