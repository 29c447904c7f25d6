/*
 * test_metrics.c: against scikit-learn and numpy, and where the figure is not
 * defined.
 */
#include "unit.h"

#include <math.h>

#include "learn/metrics.h"
#include "num/rng.h"

#define MOST 500

extern void test_metrics(void);

typedef struct Reference
{
	uint32_t rows;
	bool tied;
	bool weighted;
	double figures[8]; /* rate, auc, log-loss, brier, rmse, accuracy, ece, lift of the top decile */
	double churned[CP_DECILES];
	double expected[CP_DECILES];
} Reference;

/*
 * Figures: scikit-learn 1.2.1 (roc_auc_score, log_loss, brier_score_loss,
 * mean_squared_error, accuracy_score); deciles and what is made of them:
 * numpy 1.24.2. Printed by test/data/make_learn_reference.py.
 */
static const Reference references[] = {
	{500,
     true,
     false,
     {0.54600000000000004, 0.85531135531135516, 0.47050924247097953, 0.15420788606653205,
      0.39269311945402358, 0.77200000000000002, 0.036989690721649482, 1.7948717948717947},
     {49, 45, 41, 37, 28, 30, 21, 9, 9, 4},
     {48.02061855670101, 45.041237113402055, 41.536082474226809, 35.896907216494824,
      30.360824742268029, 24.63917525773196, 19.742268041237129, 13.57731958762886,
      8.4536082474226877, 2.2680412371134016}},
	{500,
     true,
     true,
     {0.5423157894736842, 0.8502124200746255, 0.47686644145487977, 0.15684551744969821,
      0.39603726775355147, 0.76400000000000001, 0.045708084644601216, 1.7854680708573529},
     {57.25, 53, 48.75, 40.125, 31.625, 38.5, 27.375, 10, 12, 3.375},
     {56.790592783505133, 53.933634020618541, 48.916881443298955, 41.817654639175252,
      34.516108247422679, 29.84407216494844, 23.701030927835046, 16.292525773195884,
      10.190721649484535, 2.8112113402061865}},
	{500,
     false,
     false,
     {0.50600000000000001, 0.84546574706757771, 0.48503871747205807, 0.16062499999999999,
      0.40078048854703491, 0.746, 0.051999999999999998, 1.9367588932806323},
     {49, 41, 41, 35, 22, 28, 16, 11, 6, 4},
     {47.5, 42.500000000000007, 37.500000000000007, 32.500000000000007, 27.500000000000004,
      22.499999999999996, 17.5, 12.5, 7.5000000000000009, 2.4999999999999996}},
	{500,
     false,
     true,
     {0.48715789473684212, 0.83470784671869513, 0.50366183986266999, 0.16651514736842105,
      0.40806267578451849, 0.7370526315789474, 0.060212210526315771, 2.0074834936939125},
     {44.375, 66.75, 32.875, 45.75, 25.25, 24.625, 26.25, 8.5, 7.375, 7.5},
     {42.763625000000005, 69.008624999999995, 29.720624999999998, 42.15162500000001,
      36.680625000000013, 20.097625000000004, 28.310624999999995, 9.9976250000000011,
      9.4836250000000035, 3.9966249999999994}},
	{37,
     true,
     false,
     {0.6216216216216216, 0.8788819875776398, 0.41775817191837794, 0.13823811589248941,
      0.3718038675060944, 0.81081081081081086, 0.14279743661186961, 1.6086956521739131},
     {4, 4, 4, 3, 1, 3, 1, 2, 1, 0},
     {3.8659793814432994, 3.6494845360824741, 3.34020618556701, 2.2628865979381443,
      2.5154639175257736, 2.134020618556701, 1.3041237113402062, 1.5257731958762888,
      0.82474226804123718, 0.067010309278350513}},
	{37,
     true,
     true,
     {0.60057471264367812, 0.89790368662008191, 0.39702137367908225, 0.12913626351878793,
      0.3593553443581825, 0.82183908045977017, 0.15351344946083662, 1.6650717703349283},
     {4.25, 4.875, 4.125, 3.5, 0.875, 4, 1.375, 2.5, 0.625, 0},
     {4.1043814432989691, 4.4246134020618557, 3.4259020618556697, 2.634020618556701,
      2.5354381443298974, 2.7197164948453607, 1.6378865979381443, 1.7364690721649485,
      1.0734536082474226, 0.10115979381443298}},
	{10,
     false,
     false,
     {0.40000000000000002, 1, 0.32608991218325134, 0.092500000000000013, 0.30413812651491101,
      0.90000000000000002, 0.26000000000000001, 2.5},
     {1, 1, 1, 1, 0, 0, 0, 0, 0, 0},
     {0.94999999999999996, 0.84999999999999998, 0.75, 0.65000000000000002, 0.55000000000000004,
      0.45000000000000001, 0.34999999999999998, 0.25, 0.14999999999999999, 0.050000000000000003}},
	{10,
     false,
     true,
     {0.45544554455445546, 1, 0.34764203892783185, 0.099727722772277219, 0.31579696447603356,
      0.8910891089108911, 0.2767326732673267, 2.1956521739130435},
     {1.875, 1.25, 0.625, 2, 0, 0, 0, 0, 0, 0},
     {1.78125, 1.0625, 0.46875, 1.3, 0.75625000000000009, 0.33750000000000002, 0.74374999999999991,
      0.375, 0.13125000000000001, 0.012500000000000001}},
	{3,
     false,
     false,
     {0.33333333333333331, 0.5, 0.8890760688606516, 0.32407407407407413, 0.56927504255331107,
      0.66666666666666663, 0.50000000000000011, 0},
     {0, 0, 0, 1, 0, 0, 0, 0, 0, 0},
     {0.83333333333333337, 0, 0, 0.5, 0, 0, 0.16666666666666666, 0, 0, 0}},
	{3,
     false,
     true,
     {0.33333333333333331, 0.1428571428571429, 1.2722755718211518, 0.48280423280423285,
      0.6948411565273267, 0.42857142857142855, 0.65873015873015872, 0},
     {0, 0, 0, 0.875, 0, 0, 0, 0, 0, 0},
     {1.25, 0, 0, 0.4375, 0, 0, 0.041666666666666664, 0, 0, 0}},
};

#define REFERENCES (sizeof(references) / sizeof(references[0]))

typedef struct Sample
{
	uint32_t rows;
	double p[MOST];
	uint8_t labels[MOST];
	double weights[MOST];
} Sample;

/* The same formulas as in make_learn_reference.py. */
static void
make_sample(const Reference *reference, Sample *sample)
{
	uint32_t of = reference->tied ? 97 : reference->rows;

	sample->rows = reference->rows;
	for (uint32_t i = 0; i < sample->rows; i++)
	{
		uint32_t k = reference->tied ? (i * i * 31 + i * 7) % 97 : i * 211 % of;

		sample->p[i] = (k + 0.5) / of;
		sample->labels[i] = (i * i * 13 + i * 11) % 101 * of < k * 101;
		sample->weights[i] = 0.25 + i * 37 % 16 / 8.0;
	}
}

static void
check_references(void)
{
	static Sample sample;
	CpContext *context = unit_context();

	for (size_t r = 0; r < REFERENCES; r++)
	{
		const Reference *reference = &references[r];
		const double *weights = reference->weighted ? sample.weights : NULL;
		CpMetrics metrics;
		CpDecile deciles[CP_DECILES];
		double auc;

		make_sample(reference, &sample);
		REQUIRE_OK(cp_metrics(context, sample.p, sample.labels, weights, sample.rows, &metrics));
		CHECK_EQUAL(reference->rows, metrics.rows);
		CHECK_CLOSE(reference->figures[0], metrics.churn_rate, 1e-13);
		CHECK_CLOSE(reference->figures[1], metrics.auc, 1e-13);
		CHECK_CLOSE(reference->figures[2], metrics.log_loss, 1e-13);
		CHECK_CLOSE(reference->figures[3], metrics.brier, 1e-13);
		CHECK_CLOSE(reference->figures[4], metrics.rmse, 1e-13);
		CHECK_CLOSE(reference->figures[5], metrics.accuracy, 1e-13);
		CHECK_CLOSE(reference->figures[6], metrics.ece, 1e-13);
		CHECK_CLOSE(reference->figures[7], metrics.top_decile_lift, 1e-13);
		REQUIRE_OK(cp_auc(context, sample.p, sample.labels, weights, sample.rows, &auc));
		CHECK(auc == metrics.auc);
		REQUIRE_OK(cp_deciles(context, sample.p, sample.labels, weights, sample.rows, deciles));
		for (int d = 0; d < CP_DECILES; d++)
		{
			CHECK_CLOSE(reference->churned[d], deciles[d].churned, 1e-12);
			CHECK_CLOSE(reference->expected[d], deciles[d].expected, 1e-12);
		}
	}
	CHECK_EQUAL(0, unit_live_blocks());
}

/* Any scores, not only probabilities: every pair of a churner and a stayer is looked at. */
static void
check_auc_by_pairs(void)
{
	enum
	{
		n = 120
	};
	double scores[n], weights[n];
	uint8_t labels[n];
	CpRng rng;

	cp_rng_init(&rng, 5, 0);
	for (int round = 0; round < 20; round++)
	{
		double won = 0, all = 0, auc;

		for (int i = 0; i < n; i++)
		{
			scores[i] = round % 2 ? cp_rng_normal(&rng) * 1e6 : (double) cp_rng_below(&rng, 6) - 3;
			weights[i] = (double) cp_rng_below(&rng, 4);
			labels[i] = (uint8_t) cp_rng_below(&rng, 2);
		}
		scores[0] = INFINITY;
		scores[1] = -INFINITY;
		scores[2] = -0.0;
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				if (labels[i] == 1 && labels[j] == 0)
				{
					all += weights[i] * weights[j];
					won += weights[i] * weights[j] *
					       (scores[i] > scores[j]    ? 1
					        : scores[i] == scores[j] ? 0.5
					                                 : 0);
				}
		REQUIRE_OK(cp_auc(unit_context(), scores, labels, weights, n, &auc));
		CHECK_CLOSE(won / all, auc, 1e-12);
	}
}

static void
check_no_rows(void)
{
	CpContext *context = unit_context();
	double one = 0.5, auc = 0;
	uint8_t label = 1;
	CpMetrics metrics;
	CpDecile deciles[CP_DECILES];

	REQUIRE_OK(cp_metrics(context, &one, &label, NULL, 0, &metrics));
	CHECK_EQUAL(0, metrics.rows);
	CHECK(isnan(metrics.churn_rate) && isnan(metrics.auc) && isnan(metrics.log_loss) &&
	      isnan(metrics.brier));
	CHECK(isnan(metrics.rmse) && isnan(metrics.accuracy) && isnan(metrics.ece) &&
	      isnan(metrics.top_decile_lift));
	REQUIRE_OK(cp_auc(context, &one, &label, NULL, 0, &auc));
	CHECK(isnan(auc));
	REQUIRE_OK(cp_deciles(context, &one, &label, NULL, 0, deciles));
	for (int d = 0; d < CP_DECILES; d++)
		CHECK(deciles[d].rows == 0 && deciles[d].weight == 0);
}

static void
check_one_row(void)
{
	static const double probabilities[] = {0, 0.25, 0.5, 1};

	for (size_t i = 0; i < 4; i++)
		for (uint8_t label = 0; label < 2; label++)
		{
			CpMetrics metrics;
			double p = probabilities[i];
			double right = label ? p : 1 - p;

			REQUIRE_OK(cp_metrics(unit_context(), &p, &label, NULL, 1, &metrics));
			CHECK(isnan(metrics.auc));
			CHECK(metrics.churn_rate == label);
			CHECK_CLOSE(-log(right < CP_LOG_LOSS_CLIP ? CP_LOG_LOSS_CLIP : right), metrics.log_loss,
			            1e-14);
			CHECK_CLOSE((1 - right) * (1 - right), metrics.brier, 1e-15);
			CHECK(metrics.accuracy == ((p >= 0.5) == (label == 1)));
			CHECK_CLOSE(1 - right, metrics.ece, 1e-15);
			CHECK(label ? metrics.top_decile_lift == 1 : isnan(metrics.top_decile_lift));
		}
}

/* One class, equal scores, weights of zero. */
static void
check_degenerate(void)
{
	CpContext *context = unit_context();
	double p[20], weights[20] = {0};
	uint8_t labels[20];
	CpMetrics metrics;

	for (int i = 0; i < 20; i++)
	{
		p[i] = i / 20.0;
		labels[i] = 1;
	}
	REQUIRE_OK(cp_metrics(context, p, labels, NULL, 20, &metrics));
	CHECK(isnan(metrics.auc) && metrics.churn_rate == 1 && metrics.top_decile_lift == 1);
	CHECK(isfinite(metrics.log_loss)); /* a probability of 0 for one that churned is clipped */
	for (int i = 0; i < 20; i++)
	{
		p[i] = 0.3;
		labels[i] = i % 4 == 0;
	}
	REQUIRE_OK(cp_metrics(context, p, labels, NULL, 20, &metrics));
	CHECK(metrics.auc == 0.5);
	CHECK_CLOSE(0.75, metrics.accuracy, 1e-15);
	REQUIRE_OK(cp_metrics(context, p, labels, weights, 20, &metrics));
	CHECK(isnan(metrics.churn_rate) && isnan(metrics.auc) && isnan(metrics.log_loss) &&
	      isnan(metrics.ece));
	CHECK(isnan(metrics.top_decile_lift));
}

static void
check_log_loss_clip(void)
{
	CHECK_CLOSE(-log(1e-15), cp_log_loss_of(0, 1), 1e-12);
	CHECK_CLOSE(-log(1e-15), cp_log_loss_of(1, 0), 1e-12);
	CHECK(cp_log_loss_of(1, 1) == 0);
	CHECK_CLOSE(-log(0.9), cp_log_loss_of(0.1, 0), 1e-15);
}

/* Failing allocations are told apart from other failures and leave no block behind that is used. */
static void
check_failures(void)
{
	double p[4] = {0.1, 0.2, 0.3, 0.4}, auc;
	uint8_t labels[4] = {0, 1, 0, 1};
	CpMetrics metrics;
	CpDecile deciles[CP_DECILES];

	for (size_t nth = 1; nth <= 4; nth++)
	{
		CpContext *context = unit_context();

		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, cp_metrics(context, p, labels, NULL, 4, &metrics));
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, cp_auc(context, p, labels, NULL, 4, &auc));
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, cp_deciles(context, p, labels, NULL, 4, deciles));
	}
}

void
test_metrics(void)
{
	UNIT_CASE("figures and deciles are scikit-learn's and numpy's", check_references);
	UNIT_CASE("AUC counts pairs, whatever the scores", check_auc_by_pairs);
	UNIT_CASE("no rows", check_no_rows);
	UNIT_CASE("one row", check_one_row);
	UNIT_CASE("one class, equal scores, weights of zero", check_degenerate);
	UNIT_CASE("the logarithm of certainty is clipped", check_log_loss_clip);
	UNIT_CASE("each allocation that fails", check_failures);
}
