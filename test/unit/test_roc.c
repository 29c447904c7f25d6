/*
 * test_roc.c: against scikit-learn, the area against AUC, and what thinning leaves.
 */
#include "unit.h"

#include <math.h>

#include "learn/roc.h"
#include "num/rng.h"

#define MANY 70000 /* more than one poll in every loop */

extern void test_roc(void);

/* Ten rows with ties, once alike and once weighted. */
static double ten_p[10] = {0.1, 0.9, 0.4, 0.4, 0.8, 0.4, 0.2, 0.9, 0.6, 0.3};
static uint8_t ten_labels[10] = {0, 1, 0, 1, 1, 0, 0, 0, 1, 1};
static double ten_weights[10] = {1, 2, 0.5, 1, 3, 1, 1, 0.25, 1, 2};

static const CpScored ten = {10, ten_p, ten_labels, NULL};
static const CpScored ten_weighted = {10, ten_p, ten_labels, ten_weights};

/* scikit-learn 1.2.1: roc_curve(drop_intermediate=False), precision_score; shares by numpy. */
static const CpRocPoint ten_curve[2][8] = {
	{{INFINITY, 0, 0, 0, NAN},
     {0.9, 0.2, 0.2, 0.2, 0.5},
     {0.8, 0.3, 0.4, 0.2, 0.6666666666666666},
     {0.6, 0.4, 0.6, 0.2, 0.75},
     {0.4, 0.7, 0.8, 0.6, 0.5714285714285714},
     {0.3, 0.8, 1, 0.6, 0.625},
     {0.2, 0.9, 1, 0.8, 0.5555555555555556},
     {0.1, 1, 1, 1, 0.5}},
	{{INFINITY, 0, 0, 0, NAN},
     {0.9, 0.17647058823529413, 0.22222222222222222, 0.06666666666666667, 0.8888888888888888},
     {0.8, 0.4117647058823529, 0.55555555555555556, 0.06666666666666667, 0.9523809523809523},
     {0.6, 0.49019607843137253, 0.66666666666666667, 0.06666666666666667, 0.96},
     {0.4, 0.6862745098039216, 0.77777777777777778, 0.46666666666666667, 0.8},
     {0.3, 0.8431372549019608, 1, 0.46666666666666667, 0.8372093023255814},
     {0.2, 0.9215686274509803, 1, 0.73333333333333333, 0.7659574468085106},
     {0.1, 1, 1, 1, 0.7058823529411765}}};

static double many_p[MANY], many_weights[MANY];
static uint8_t many_labels[MANY];

/* levels: how many distinct probabilities at most, 0 = no bound. */
static CpScored
make_many(uint64_t seed, uint32_t rows, uint32_t levels, bool weighted)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (uint32_t i = 0; i < rows; i++)
	{
		double p = cp_rng_uniform(&rng);

		many_p[i] = levels == 0 ? p : floor(p * levels) / levels;
		many_labels[i] = cp_rng_uniform(&rng) < p * p;
		many_weights[i] = (double) cp_rng_below(&rng, 5) / 2;
	}
	return (CpScored){rows, many_p, many_labels, weighted ? many_weights : NULL};
}

static void
check_point(const CpRocPoint *expected, const CpRocPoint *point)
{
	CHECK(expected->threshold == point->threshold);
	CHECK_CLOSE(expected->flagged, point->flagged, 1e-15);
	CHECK_CLOSE(expected->recall, point->recall, 1e-15);
	CHECK_CLOSE(expected->false_positive_rate, point->false_positive_rate, 1e-15);
	CHECK_CLOSE(expected->precision, point->precision, 1e-15);
}

static void
check_references(void)
{
	CpContext *context = unit_context();

	for (int weighted = 0; weighted < 2; weighted++)
	{
		CpRocPoint *curve;
		uint32_t count;

		REQUIRE_OK(cp_roc(context, weighted ? &ten_weighted : &ten, 100, &curve, &count));
		CHECK_EQUAL(8, count);
		for (uint32_t i = 0; i < 8 && i < count; i++)
			check_point(&ten_curve[weighted][i], &curve[i]);
		CHECK_EQUAL(1, unit_live_blocks());
		cp_free(context, &curve);
	}
}

static void
check_area(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
	{
		uint32_t rows = (uint32_t) (2 + seed * seed);
		CpScored scored = make_many(seed, rows, seed % 3 * 7, seed % 2 == 0);
		CpContext *context = unit_context();
		CpRocPoint *curve;
		uint32_t count;
		double auc, area = 0;

		many_labels[0] = 0;
		many_labels[1] = 1;
		many_weights[0] = many_weights[1] = 1;
		REQUIRE_OK(cp_auc(context, many_p, many_labels, scored.weights, rows, &auc));
		REQUIRE_OK(cp_roc(context, &scored, rows + 1, &curve, &count));
		for (uint32_t i = 1; i < count; i++)
			area += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) *
			        (curve[i].recall + curve[i - 1].recall) / 2;
		CHECK_CLOSE(auc, area, 1e-12);
	}
}

/* Is the point one of the whole curve? Both fall in threshold. */
static bool
is_among(const CpRocPoint *point, const CpRocPoint *whole, uint32_t count, uint32_t *from)
{
	while (*from < count && whole[*from].threshold > point->threshold)
		(*from)++;
	return *from < count && whole[*from].threshold == point->threshold &&
	       whole[*from].recall == point->recall &&
	       whole[*from].false_positive_rate == point->false_positive_rate;
}

static void
check_thinning(void)
{
	static const uint32_t points[] = {2, 3, 10, 100, 1999, 2000, 2001, 2002, 5000};
	CpScored scored = make_many(3, 2000, 0, true);
	CpContext *context = unit_context();
	CpRocPoint *whole, *curve;
	uint32_t nwhole, count;

	REQUIRE_OK(cp_roc(context, &scored, UINT32_MAX, &whole, &nwhole));
	CHECK_EQUAL(2001, nwhole);
	for (size_t p = 0; p < sizeof(points) / sizeof(points[0]); p++)
	{
		double longest = 0;
		uint32_t from = 0;

		REQUIRE_OK(cp_roc(context, &scored, points[p], &curve, &count));
		CHECK(count <= points[p] && count >= (points[p] < 500 ? points[p] : 500));
		CHECK(count == nwhole || points[p] <= 2000);
		CHECK(curve[0].threshold == INFINITY && curve[0].recall == 0 && curve[0].flagged == 0);
		CHECK(curve[count - 1].recall == 1 && curve[count - 1].false_positive_rate == 1 &&
		      curve[count - 1].flagged == 1);
		for (uint32_t i = 1; i < count; i++)
		{
			double step = (curve[i].recall - curve[i - 1].recall + curve[i].false_positive_rate -
			               curve[i - 1].false_positive_rate) /
			              2;

			CHECK(step >= 0 && curve[i].threshold < curve[i - 1].threshold);
			CHECK(is_among(&curve[i], whole, nwhole, &from));
			longest = step > longest ? step : longest;
		}
		/* One step of the walk and what one row adds to it. */
		CHECK(longest < 1.0 / (points[p] - 1) + 0.004);
		cp_free(context, &curve);
	}
}

/* scikit-learn 1.2.1: confusion_matrix, precision_score, recall_score, f1_score, accuracy_score. */
static void
check_confusion(void)
{
	static const double expected[3][9] = {
		{3, 1, 4, 2, 0.75, 0.6, 0.8, 0.6666666666666665, 0.7},
		{6, 0.25, 3.5, 3, 0.96, 0.6666666666666666, 0.9333333333333333, 0.7868852459016393,
	     0.7450980392156863},
		{7, 1.75, 2, 2, 0.8, 0.7777777777777778, 0.5333333333333333, 0.7887323943661971,
	     0.7058823529411765}};

	for (int i = 0; i < 3; i++)
	{
		CpConfusion c;

		REQUIRE_OK(
			cp_confusion(unit_context(), i == 0 ? &ten : &ten_weighted, i == 2 ? 0.4 : 0.5, &c));
		CHECK(c.true_positives == expected[i][0] && c.false_positives == expected[i][1] &&
		      c.true_negatives == expected[i][2] && c.false_negatives == expected[i][3]);
		CHECK_CLOSE(expected[i][4], c.precision, 1e-15);
		CHECK_CLOSE(expected[i][5], c.recall, 1e-15);
		CHECK_CLOSE(expected[i][6], c.specificity, 1e-15);
		CHECK_CLOSE(expected[i][7], c.f1, 1e-15);
		CHECK_CLOSE(expected[i][8], c.accuracy, 1e-15);
	}
}

/* Every point of the curve is the matrix at its threshold. */
static void
check_agreement(void)
{
	CpScored scored = make_many(9, 300, 40, true);
	CpContext *context = unit_context();
	CpRocPoint *curve;
	uint32_t count;

	REQUIRE_OK(cp_roc(context, &scored, 100, &curve, &count));
	CHECK_EQUAL(41, count);
	for (uint32_t i = 0; i < count; i++)
	{
		CpConfusion c;

		REQUIRE_OK(cp_confusion(context, &scored, curve[i].threshold, &c));
		CHECK_CLOSE(curve[i].recall, c.recall, 1e-14);
		CHECK_CLOSE(curve[i].precision, c.precision, 1e-14);
		CHECK_CLOSE(1 - curve[i].false_positive_rate, c.specificity, 1e-14);
	}
}

/* A row of weight 2 is two rows. */
static void
check_weights(void)
{
	double p[20], weights[10];
	uint8_t labels[20];
	CpScored twice = {10, ten_p, ten_labels, weights}, rows = {0, p, labels, NULL};
	CpContext *context = unit_context();
	CpRocPoint *weighted, *repeated;
	CpConfusion a, b;
	uint32_t nweighted, nrepeated;

	for (int i = 0; i < 10; i++)
	{
		weights[i] = 1 + i % 2;
		for (int k = 0; k < weights[i]; k++, rows.rows++)
		{
			p[rows.rows] = ten_p[i];
			labels[rows.rows] = ten_labels[i];
		}
	}
	REQUIRE_OK(cp_roc(context, &twice, 100, &weighted, &nweighted));
	REQUIRE_OK(cp_roc(context, &rows, 100, &repeated, &nrepeated));
	CHECK_EQUAL(nrepeated, nweighted);
	for (uint32_t i = 0; i < nweighted && i < nrepeated; i++)
		check_point(&repeated[i], &weighted[i]);
	REQUIRE_OK(cp_confusion(context, &twice, 0.4, &a));
	REQUIRE_OK(cp_confusion(context, &rows, 0.4, &b));
	CHECK(a.true_positives == b.true_positives && a.false_negatives == b.false_negatives &&
	      a.f1 == b.f1);
}

static void
check_undefined(void)
{
	double zeros[10] = {0};
	uint8_t stayed[10] = {0};
	CpScored none = {0, ten_p, ten_labels, NULL}, one_class = {10, ten_p, stayed, NULL},
			 weightless = {10, ten_p, ten_labels, zeros};
	CpContext *context = unit_context();
	CpRocPoint *curve;
	CpConfusion c;
	uint32_t count;

	REQUIRE_OK(cp_roc(context, &none, 100, &curve, &count));
	CHECK(curve == NULL && count == 0);
	REQUIRE_OK(cp_confusion(context, &none, 0.5, &c));
	CHECK(c.true_positives == 0 && isnan(c.precision) && isnan(c.recall) && isnan(c.specificity) &&
	      isnan(c.f1) && isnan(c.accuracy));
	REQUIRE_OK(cp_roc(context, &one_class, 3, &curve, &count));
	CHECK_EQUAL(3, count);
	CHECK(isnan(curve[1].recall) && curve[1].false_positive_rate == 0.7 &&
	      curve[2].false_positive_rate == 1 && curve[2].precision == 0);
	REQUIRE_OK(cp_confusion(context, &one_class, 0.95, &c));
	CHECK(isnan(c.recall) && isnan(c.precision) && isnan(c.f1) && c.specificity == 1 &&
	      c.accuracy == 1);
	REQUIRE_OK(cp_roc(context, &weightless, 100, &curve, &count));
	CHECK_EQUAL(8, count);
	REQUIRE_OK(cp_roc(context, &weightless, 4, &curve, &count));
	CHECK_EQUAL(2, count);
	CHECK(isnan(curve[1].flagged) && curve[1].threshold == 0.1);
}

static void
check_failures(void)
{
	CpScored scored = make_many(5, MANY, 0, true);
	CpScored few = scored;
	CpStatus status = CP_NO_MEMORY;
	CpContext *context;
	CpRocPoint *curve;
	CpConfusion confusion;
	uint32_t count, *order;
	size_t sort;

	few.rows = 1000;
	REQUIRE_OK(cp_rank_rows(unit_context(), scored.probabilities, scored.rows, &order));
	sort = unit_polls();
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		status = cp_roc(context, &few, 50, &curve, &count);
		CHECK(status == CP_OK || status == CP_NO_MEMORY);
		REQUIRE(nth < 50);
		CHECK(status != CP_OK || nth > 3);
	}
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		context = unit_context();
		unit_cancel_after(polls);
		status = cp_roc(context, &scored, 50, &curve, &count);
		CHECK(status == CP_OK || (status == CP_CANCELLED && unit_polls() == polls + 1));
		REQUIRE(polls < 200);
		CHECK(status != CP_OK || polls == sort + 4);
	}
	for (size_t polls = 0; polls < 2; polls++)
	{
		context = unit_context();
		unit_cancel_after(polls);
		CHECK_STATUS(CP_CANCELLED, cp_confusion(context, &scored, 0.5, &confusion));
	}
	/* All points of the curve, not those asked for, are what needs room. */
	context = unit_context();
	context->budget = 30000;
	CHECK_STATUS(CP_OK, cp_roc(context, &few, 500, &curve, &count));
	context = unit_context();
	context->budget = 30000;
	CHECK_STATUS(CP_OVER_BUDGET, cp_roc(context, &few, 2000, &curve, &count));
	CHECK(context->required > context->budget);
}

void
test_roc(void)
{
	UNIT_CASE("the curve is scikit-learn's", check_references);
	UNIT_CASE("the area under it is AUC", check_area);
	UNIT_CASE("thinned to some points", check_thinning);
	UNIT_CASE("the confusion matrix is scikit-learn's", check_confusion);
	UNIT_CASE("curve and matrix agree", check_agreement);
	UNIT_CASE("weights are repetitions", check_weights);
	UNIT_CASE("no rows, one class, no weight", check_undefined);
	UNIT_CASE("each allocation that fails, each poll that stops, a budget", check_failures);
}
