/*
 * test_trial.c: experiments against numpy and scipy, over phases, looked at once and all the time.
 *
 * Units are made by a formula, the same in Python; strata were listed there by hand.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "num/special.h"
#include "stats/sequential.h"
#include "stats/trial.h"

extern void test_trial(void);

#define CLOSE 1e-10
#define MOST_PHASES 3
#define MOST_ARMS 3
#define FIGURES 12
#define FIXED_RUNS 1000

static CpTrialDesign design;
static CpMoments cells[MOST_PHASES * MOST_ARMS];
static CpTrial trial;
static CpTrialReport report;

/* An empty experiment: the control is arm 0, alpha 0.05, power 0.8, the default horizon. */
static void
set_up(CpMetricKind kind, uint32_t phases, uint32_t arms)
{
	design = (CpTrialDesign){.kind = kind,
	                         .arms = arms,
	                         .alpha = 0.05,
	                         .power = 0.8,
	                         .adjustment = CP_ADJUST_HOLM,
	                         .horizon = CP_SEQUENCE_HORIZON};
	memset(cells, 0, sizeof(cells));
	trial = (CpTrial){.design = &design, .phases = phases, .moments = cells};
	memset(&report, 0xa5, sizeof(report));
}

static CpMoments *
cell(uint32_t phase, uint32_t arm)
{
	return &cells[phase * design.arms + arm];
}

/* Units 0 to n - 1 of an arm in a phase. */
static void
add_units(uint32_t phase, uint32_t arm, int n)
{
	for (int i = 0; i < n; i++)
	{
		int x = (i * 53 + (int) arm * 7 + (int) phase * 13) % 89;
		int rest = (i * 37 + (int) arm * 11 + (int) phase * 29) % 101;

		if (design.kind == CP_METRIC_PROPORTION)
			cp_moments_add(cell(phase, arm), rest < 20 + 10 * (int) phase + 3 * (int) arm, 0);
		else
			cp_moments_add(cell(phase, arm), 0.5 * x + rest + 3 * (int) phase, x);
	}
}

static void
set_rate(uint32_t phase, uint32_t arm, double successes, double n)
{
	*cell(phase, arm) =
		(CpMoments){.n = n, .mean_y = successes / n, .yy = successes * ((n - successes) / n)};
}

static void
set_mean(uint32_t phase, uint32_t arm, double n, double mean, double sd)
{
	*cell(phase, arm) = (CpMoments){.n = n, .mean_y = mean, .yy = (n - 1) * sd * sd};
}

static CpStatus
make_report(const CpSequence *sequences, double ratio_most)
{
	return cp_trial_report(unit_context(), &trial, sequences, ratio_most, &report);
}

/* ---- estimates ---- */

typedef struct PhaseCase
{
	CpMetricKind kind;
	CpCuped cuped;
	uint32_t phases;
	uint32_t arms;
	int units[MOST_PHASES][MOST_ARMS];
	double expected[MOST_ARMS][3]; /* mean, sd, variance */
	double n[MOST_ARMS];
	const char *strata;
} PhaseCase;

/*
 * numpy: within each stratum mean, var(ddof = 1) / n (of y - ratio x over mean(x)^2, of
 * y - theta (x - mean(x)), or p (1 - p) / n), weighed by its share of all units; theta by cov / var
 * over all units, or by sums of products within cells. The sd is sqrt(variance n).
 */
static const PhaseCase phase_cases[] = {
	{CP_METRIC_MEAN,
     CP_CUPED_WITHIN,
     1,
     3,
     {{60, 90, 150}},
     {{71.562329083441384, 29.428466111616736, 14.433910294709575},
      {72.487257813394308, 29.209879272755202, 9.4801894125437105},
      {72.18271367858685, 29.230037997940563, 5.6959674757403276}},
     {60, 90, 150},
     "one"},
	{CP_METRIC_MEAN,
     CP_CUPED_NONE,
     2,
     3,
     {{60, 90, 150}, {200, 50, 50}},
     {{73.266249999999999, 38.421909609644125, 5.6778582232756296},
      {74.461111111111109, 33.435289595774826, 7.9851327882380589},
      {73.843333333333334, 37.447067052235909, 7.0114141540732611}},
     {260, 140, 200},
     "two"},
	{CP_METRIC_RATIO,
     CP_CUPED_NONE,
     2,
     3,
     {{60, 90, 150}, {200, 50, 50}},
     {{1.6556371567882326, 1.1014276296162335, 0.0046659339357001334},
      {1.6996481450104426, 1.0134480126836816, 0.0073362633886607399},
      {1.6778554592443031, 1.095231513909894, 0.005997660345306792}},
     {260, 140, 200},
     "two"},
	{CP_METRIC_PROPORTION,
     CP_CUPED_NONE,
     2,
     3,
     {{60, 90, 150}, {200, 50, 50}},
     {{0.25, 0.49151127487915608, 0.00092916666666666668},
      {0.26111111111111107, 0.46283405612774414, 0.0015301097393689985},
      {0.30000000000000004, 0.53715298875956496, 0.0014426666666666667}},
     {260, 140, 200},
     "two"},
	{CP_METRIC_MEAN,
     CP_CUPED_ALL,
     2,
     3,
     {{60, 90, 150}, {200, 50, 50}},
     {{73.137350340825222, 34.831203964429321, 4.6662029600449113},
      {74.562159486707415, 30.480367365008323, 6.6360913907561745},
      {73.83913464736672, 33.785560998722062, 5.7073206599918453}},
     {260, 140, 200},
     "two"},
	{CP_METRIC_MEAN,
     CP_CUPED_WITHIN,
     2,
     3,
     {{60, 90, 150}, {200, 50, 50}},
     {{73.137302555983624, 34.831103777763644, 4.6661761168359268},
      {74.56219694670267, 30.480342084272863, 6.6360803826735388},
      {73.839133090857231, 33.785363210882529, 5.7072538364562737}},
     {260, 140, 200},
     "two"},
	{CP_METRIC_MEAN,
     CP_CUPED_NONE,
     3,
     2,
     {{100, 100}, {20, 40}, {10, 25}},
     {{72, 32.555081528592943, 10.598333333333333},
      {71.385000000000005, 31.487519974450418, 9.9146391414141402}},
     {100, 100},
     "the first"},
	{CP_METRIC_MEAN,
     CP_CUPED_NONE,
     3,
     2,
     {{29, 80}, {60, 50}, {40, 90}},
     {{76.750694444444434, 34.832628138117052, 12.133119830083437},
      {77.414351851851848, 32.985948504183604, 7.7719485622903743}},
     {100, 140},
     "the second; the third: the first is small by one unit"},
	{CP_METRIC_MEAN,
     CP_CUPED_NONE,
     3,
     2,
     {{12, 9}, {5, 20}, {0, 7}},
     {{67.647058823529406, 37.635905689365622, 83.321258650519027},
      {77.152777777777771, 30.275124028162708, 25.460642636684302}},
     {17, 36},
     "all small: one"},
	{CP_METRIC_MEAN,
     CP_CUPED_NONE,
     2,
     2,
     {{200, 200}, {0, 500}},
     {{72.197500000000005, 32.516284961361166, 5.286543938442211},
      {71.805000000000007, 31.268845172023216, 4.8887033919597975}},
     {200, 200},
     "the first: the other has none of an arm"},
	{CP_METRIC_MEAN,
     CP_CUPED_NONE,
     3,
     2,
     {{200, 200}, {0, 0}, {50, 90}},
     {{73.644814814814808, 33.029630747722464, 4.3638260293235724},
      {73.426954732510296, 31.568247126389064, 3.4363938849405913}},
     {250, 290},
     "the first; the third"},
};

static void
phases_are_strata(void)
{
	for (size_t i = 0; i < sizeof(phase_cases) / sizeof(phase_cases[0]); i++)
	{
		const PhaseCase *c = &phase_cases[i];

		set_up(c->kind, c->phases, c->arms);
		design.cuped = c->cuped;
		for (uint32_t phase = 0; phase < c->phases; phase++)
			for (uint32_t arm = 0; arm < c->arms; arm++)
				add_units(phase, arm, c->units[phase][arm]);
		REQUIRE_OK(make_report(NULL, 0));
		for (uint32_t arm = 0; arm < c->arms; arm++)
		{
			CpEstimate estimate = cp_trial_estimate(&trial, arm);

			if (!(CHECK(estimate.n == c->n[arm]) &
			      CHECK_RELATIVE(c->expected[arm][0], estimate.mean, CLOSE) &
			      CHECK_RELATIVE(c->expected[arm][1], estimate.sd, CLOSE) &
			      CHECK_RELATIVE(c->expected[arm][2], estimate.variance, CLOSE)))
				unit_note("strata: %s", c->strata);
			CHECK(memcmp(&estimate, &report.rows[arm].estimate, sizeof(estimate)) == 0);
		}
	}
}

static void
one_phase_is_the_estimate(void)
{
	CpEstimate (*const estimates[CP_METRICS])(const CpMoments *) = {
		cp_estimate_rate, cp_estimate_mean, cp_estimate_ratio};

	for (CpMetricKind kind = 0; kind < CP_METRICS; kind++)
	{
		set_up(kind, 1, 2);
		for (uint32_t arm = 0; arm < 2; arm++)
		{
			CpEstimate expected, estimate;

			add_units(0, arm, 10 + (int) arm);
			expected = estimates[kind](cell(0, arm));
			estimate = cp_trial_estimate(&trial, arm);
			CHECK(estimate.n == expected.n && estimate.mean == expected.mean &&
			      estimate.sd == expected.sd && estimate.variance == expected.variance);
		}
		CHECK_EQUAL(kind, cp_metric_of(cp_metric_name(kind)));
	}
	CHECK_STRING("ratio", cp_metric_name(CP_METRIC_RATIO));
	CHECK_EQUAL(CP_METRICS, cp_metric_of("median"));
}

/*
 * Half and half at a rate of a tenth, then nine in ten get the treatment while the rate is a fifth:
 * together 11.7 % and 16.5 %, but 0.0014 apart in truth. By hand.
 */
static void
early_is_not_compared_with_late(void)
{
	set_up(CP_METRIC_PROPORTION, 2, 2);
	set_rate(0, 0, 500, 5000), set_rate(0, 1, 520, 5000);
	set_rate(1, 0, 200, 1000), set_rate(1, 1, 1790, 9000);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_RELATIVE(0.15, report.rows[0].estimate.mean, CLOSE);
	CHECK_RELATIVE(0.15144444444444444, report.rows[1].estimate.mean, CLOSE);
	CHECK_RELATIVE(4.45e-05, report.rows[0].estimate.variance, CLOSE);
	CHECK_RELATIVE(9.085091632373115e-06, report.rows[1].estimate.variance, CLOSE);
	CHECK(report.rows[1].p > 0.5 && report.rows[1].verdict == CP_VERDICT_NOT_YET);
	set_rate(0, 0, 700, 6000), set_rate(0, 1, 2310, 14000);
	trial.phases = 1;
	REQUIRE_OK(make_report(NULL, 0));
	CHECK(report.rows[1].p < 1e-15 && report.rows[1].verdict == CP_VERDICT_HIGHER);
}

/* ---- the report ---- */

/*
 * difference, interval, p, statistic, df, lift, its interval, detectable difference, power, p of
 * Holm. scipy: stats.norm or stats.t with Satterthwaite's df; Newcombe's interval from Wilson's
 * for one phase of rates; detectable by brentq of the power with both tails.
 */
static void
check_figures(const CpTrialRow *row, const double expected[FIGURES])
{
	const double obtained[FIGURES] = {row->difference,
	                                  row->interval.lower,
	                                  row->interval.upper,
	                                  row->p,
	                                  row->statistic,
	                                  row->df,
	                                  row->lift,
	                                  row->lift_interval.lower,
	                                  row->lift_interval.upper,
	                                  row->detectable,
	                                  row->power,
	                                  row->p_adjusted};

	for (int i = 0; i < FIGURES; i++)
		if (!CHECK_RELATIVE(expected[i], obtained[i], 1e-9))
			unit_note("figure %d", i);
}

static void
check_control(const CpTrialRow *row)
{
	CHECK_EQUAL(CP_VERDICT_CONTROL, row->verdict);
	CHECK(isnan(row->p) && isnan(row->difference) && isnan(row->interval.lower) &&
	      isnan(row->p_adjusted) && isnan(row->p_sequential_adjusted) &&
	      isnan(row->sequence.upper));
}

/* best and loss: scipy.integrate.quad over beta laws. Equality: chi2_contingency. */
static void
rates_in_one_phase(void)
{
	static const double first[FIGURES] = {
		-0.02881188118811881, -0.055665463361593517, -0.0020296976813636881,
		0.034421563953279374, -2.1150983720640126,   NAN,
		-0.24249999999999999, -0.4386473800258755,   -0.046352619974124487,
		0.038163161889942537, 0.59576318049514787,   0.034421563953279374};
	static const double last[FIGURES] = {
		0.037407024284518003, 0.007321397509355225, 0.06752819515598972,
		0.014642123188353503, 2.4411117471324446,   NAN,
		0.31484245439469322,  0.024222782511140684, 0.6054621262782458,
		0.042930782691528439, 0.49915878666035607,  0.029284246376707006};
	static const double best[] = {2.041510017318747e-06, 0.0074057573839415546, 0.9925922011057193};
	static const double loss[] = {0.0661207289992904, 0.037373874881439145, 3.740409002253586e-05};

	set_up(CP_METRIC_PROPORTION, 1, 3);
	design.control = 1;
	design.effect = 0.03;
	set_rate(0, 0, 90, 1000), set_rate(0, 1, 120, 1010), set_rate(0, 2, 157, 1005);
	REQUIRE_OK(make_report(NULL, 0));
	check_figures(&report.rows[0], first);
	check_control(&report.rows[1]);
	check_figures(&report.rows[2], last);
	CHECK_RELATIVE(0.03473213610714682, report.rows[0].p_pooled, CLOSE);
	CHECK_RELATIVE(0.014760534492866063, report.rows[2].p_pooled, CLOSE);
	CHECK(report.rows[2].p_unpooled == report.rows[2].p && isnan(report.rows[2].p_fisher));
	CHECK_RELATIVE(20.67973816112523, report.equal.statistic, CLOSE);
	CHECK_RELATIVE(3.231855351033004e-05, report.equal.p, CLOSE);
	for (int arm = 0; arm < 3; arm++)
	{
		CHECK_CLOSE(best[arm], report.rows[arm].best, 1e-10);
		CHECK_CLOSE(loss[arm], report.rows[arm].loss, 1e-10);
	}
	CHECK(isnan(report.ratio_p) && isnan(report.ratio_p_sequential) && isnan(report.reduction));
}

static void
two_phases(CpMetricKind kind, CpCuped cuped, double effect)
{
	set_up(kind, 2, 3);
	design.control = 1;
	design.cuped = cuped;
	design.effect = effect;
	add_units(0, 0, 60), add_units(0, 1, 90), add_units(0, 2, 150);
	add_units(1, 0, 200), add_units(1, 1, 50), add_units(1, 2, 50);
	REQUIRE_OK(make_report(NULL, 0));
}

static void
rates_in_two_phases(void)
{
	static const double last[FIGURES] = {
		0.038888888888888973, -0.067974566730499883, 0.14575234450827784,
		0.4756883971636976,   0.71325432234266151,   NAN,
		0.14893617021276631,  -0.29275355159555838,  0.59062589202109095,
		0.15275112875651689,  0.085341681734990515,  0.95137679432739519};

	two_phases(CP_METRIC_PROPORTION, CP_CUPED_NONE, 0.03);
	check_figures(&report.rows[2], last);
	CHECK(isnan(report.rows[2].p_pooled) && isnan(report.rows[2].p_unpooled) &&
	      isnan(report.rows[2].p_fisher) && isnan(report.equal.p));
}

/* best: scipy.integrate.quad over normal laws. */
static void
means_in_two_phases(void)
{
	static const double first[FIGURES] = {
		-1.1948611111111092,  -8.4670670038157532, 6.0773447815935349,    0.74671360776942386,
		-0.32325446708875716, 320.09514307526769,  -0.016046780571513816, -0.11243259994324917,
		0.080339038800221529, 10.355622172981622,  0.08415711130670725,   1};
	static const double best[] = {0.22961071658612528, 0.44215609063053024, 0.32823319278334473};
	double sum = 0;

	two_phases(CP_METRIC_MEAN, CP_CUPED_NONE, 2);
	check_figures(&report.rows[0], first);
	for (int arm = 0; arm < 3; arm++)
	{
		CHECK_CLOSE(best[arm], report.rows[arm].best, 1e-9);
		sum += report.rows[arm].best;
	}
	CHECK_CLOSE(1, sum, 1e-12);
}

static void
ratios_in_two_phases(void)
{
	static const double first[FIGURES - 2] = {
		-0.044010988222209946, -0.25958748102178508, 0.17156550457736516,   0.68816586560160053,
		-0.4017267386423114,   305.67740990763019,   -0.025894176010140935, -0.15023860349067453,
		0.098450251470392658,  0.3069260050962066};
	double figures[FIGURES] = {0};

	two_phases(CP_METRIC_RATIO, CP_CUPED_NONE, 0);
	memcpy(figures, first, sizeof(first));
	figures[FIGURES - 2] = NAN;
	figures[FIGURES - 1] = 1;
	check_figures(&report.rows[0], figures);
}

/* numpy: theta as above, 1 - var(y - theta x) / var(y) over all units. */
static void
covariates_in_two_phases(void)
{
	static const double first[FIGURES] = {
		-1.4248091458821932,  -8.0391117555787961, 5.1894934638144097,    0.67198877087327014,
		-0.42381213470491541, 318.64929405923618,  -0.019109011269130442, -0.1064930982976228,
		0.068275075759361925, 9.418605618390826,   0.091428463812909685,  1};

	two_phases(CP_METRIC_MEAN, CP_CUPED_ALL, 2);
	check_figures(&report.rows[0], first);
	CHECK_RELATIVE(0.503842315992635, report.theta, CLOSE);
	CHECK_RELATIVE(0.16496330555561223, report.reduction, CLOSE);
	two_phases(CP_METRIC_MEAN, CP_CUPED_WITHIN, 2);
	CHECK_RELATIVE(0.5040290971324245, report.theta, CLOSE);
	CHECK_RELATIVE(0.16496328288475496, report.reduction, CLOSE);
}

/* scipy.stats.fisher_exact. An expected count of exactly 5 is not small. */
static void
small_counts_have_fishers_p(void)
{
	static const double successes[][2] = {{2, 6}, {38, 35}};

	for (int i = 0; i < 2; i++)
	{
		set_up(CP_METRIC_PROPORTION, 1, 2);
		set_rate(0, 0, successes[i][0], 40), set_rate(0, 1, successes[i][1], 41);
		REQUIRE_OK(make_report(NULL, 0));
		CHECK_RELATIVE(0.26398158803222094, report.rows[1].p, CLOSE);
		CHECK(report.rows[1].p_fisher == report.rows[1].p && isnan(report.rows[1].statistic));
		CHECK(report.rows[1].p_unpooled != report.rows[1].p);
	}
	set_up(CP_METRIC_PROPORTION, 1, 2);
	set_rate(0, 0, 4, 40), set_rate(0, 1, 6, 40);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK(isnan(report.rows[1].p_fisher) && report.rows[1].p == report.rows[1].p_unpooled);
}

/* Treatments are adjusted for, the control is not one; one that has no p yet counts all the same. */
static void
p_is_adjusted_for_treatments(void)
{
	set_up(CP_METRIC_MEAN, 1, 3);
	design.adjustment = CP_ADJUST_BONFERRONI;
	design.control = 2;
	set_mean(0, 0, 100, 1, 2), set_mean(0, 1, 100, 1.5, 2), set_mean(0, 2, 100, 0.9, 2);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_RELATIVE(2 * report.rows[1].p, report.rows[1].p_adjusted, 1e-15);
	CHECK(report.rows[0].p > 0.5 && report.rows[0].p_adjusted == 1);
	CHECK_RELATIVE(fmin(1, 2 * report.rows[1].p_sequential), report.rows[1].p_sequential_adjusted,
	               1e-15);
	set_mean(0, 0, 1, 1, 0);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_RELATIVE(2 * report.rows[1].p, report.rows[1].p_adjusted, 1e-15);
	CHECK(isnan(report.rows[0].p_adjusted));
}

/* ---- what cannot be said ---- */

static void
check_nothing(const CpTrialRow *row)
{
	CHECK(isnan(row->p) && isnan(row->statistic) && isnan(row->df) && isnan(row->p_adjusted));
	CHECK(isnan(row->interval.lower) && isnan(row->interval.upper));
	CHECK(isnan(row->lift_interval.lower) && isnan(row->lift_interval.upper));
	CHECK(isnan(row->power) && isnan(row->detectable));
}

static void
an_empty_arm_says_nothing(void)
{
	for (uint32_t phases = 1; phases <= 2; phases++)
	{
		set_up(CP_METRIC_MEAN, phases, 3);
		design.effect = 1;
		set_mean(0, 0, 100, 1, 2), set_mean(0, 2, 100, 5, 2);
		REQUIRE_OK(make_report(NULL, 0));
		check_nothing(&report.rows[1]);
		CHECK(report.rows[1].estimate.n == 0 && isnan(report.rows[1].estimate.mean));
		CHECK(isnan(report.rows[1].difference) && isnan(report.rows[1].p_sequential));
		CHECK(isnan(report.rows[0].best) && isnan(report.rows[2].loss));
		CHECK_EQUAL(CP_VERDICT_NO_UNITS, report.rows[1].verdict);
		CHECK_EQUAL(phases == 1 ? CP_VERDICT_HIGHER : CP_VERDICT_EARLY, report.rows[2].verdict);
		design.control = 1;
		REQUIRE_OK(make_report(NULL, 0));
		CHECK_EQUAL(CP_VERDICT_NO_UNITS, report.rows[0].verdict);
		CHECK_EQUAL(CP_VERDICT_NO_UNITS, report.rows[2].verdict);
	}
}

static void
one_unit_has_no_variance(void)
{
	set_up(CP_METRIC_MEAN, 1, 2);
	design.effect = 1;
	set_mean(0, 0, 100, 1, 2), set_mean(0, 1, 1, 5, 0);
	REQUIRE_OK(make_report(NULL, 0));
	check_nothing(&report.rows[1]);
	CHECK(report.rows[1].difference == 4 && report.rows[1].lift == 4);
	CHECK(isnan(report.rows[1].p_sequential) && isnan(report.rows[1].sequence.lower));
	CHECK(isnan(report.rows[0].best));
	CHECK_EQUAL(CP_VERDICT_EARLY, report.rows[1].verdict);
}

/* All alike: whatever the metric, in one phase or two, there is no error to compare with. */
static void
even_arms_say_nothing(void)
{
	for (CpMetricKind kind = 0; kind < CP_METRIC_RATIO; kind++)
		for (uint32_t phases = 1; phases <= 2; phases++)
		{
			set_up(kind, phases, 2);
			design.effect = 1;
			for (uint32_t phase = 0; phase < phases; phase++)
				set_mean(phase, 0, 100, 0, 0), set_mean(phase, 1, 100, 1, 0);
			REQUIRE_OK(make_report(NULL, 0));
			if (kind == CP_METRIC_MEAN || phases == 2)
			{
				check_nothing(&report.rows[1]);
				CHECK(report.rows[1].best == 1 && report.rows[0].loss == 1);
			}
			CHECK(report.rows[1].difference == 1 && report.rows[1].p_sequential == 1);
			CHECK(report.rows[1].sequence.lower == -INFINITY);
			CHECK_EQUAL(CP_VERDICT_NOT_YET, report.rows[1].verdict);
		}
}

/* Rates of 0 in one phase have an interval and Fisher's p all the same. */
static void
no_success_at_all(void)
{
	set_up(CP_METRIC_PROPORTION, 1, 2);
	set_rate(0, 0, 0, 100), set_rate(0, 1, 0, 200);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK(report.rows[1].p == 1 && report.rows[1].p_fisher == 1);
	CHECK(isnan(report.rows[1].p_pooled) && isnan(report.equal.p));
	CHECK(report.rows[1].interval.lower < 0 && report.rows[1].interval.upper > 0);
	CHECK_CLOSE(1, report.rows[0].best + report.rows[1].best, 1e-12);
}

static void
huge_values_are_survived(void)
{
	set_up(CP_METRIC_MEAN, 1, 2);
	for (int i = 0; i < 200; i++)
		cp_moments_add(cell(0, i % 2), i % 3 == 0 ? 1e300 : -1e300, 0);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK(isnan(report.rows[1].best) && isnan(report.rows[1].p_sequential));
	CHECK_EQUAL(CP_VERDICT_NOT_YET, report.rows[1].verdict);
}

static void
no_units_say_nothing(void)
{
	set_up(CP_METRIC_MEAN, 2, 2);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_EQUAL(CP_VERDICT_NO_UNITS, report.rows[1].verdict);
	CHECK(isnan(report.rows[1].difference) && isnan(report.rows[1].p) &&
	      isnan(report.rows[1].best));
}

static void
report_passes_failures_on(void)
{
	CpStatus status = CP_NO_MEMORY;
	size_t nth = 0;

	set_up(CP_METRIC_PROPORTION, 1, 2);
	set_rate(0, 0, 100, 1000), set_rate(0, 1, 120, 1010);
	for (; status == CP_NO_MEMORY && nth < 100; nth++)
	{
		CpContext *context = unit_context();

		unit_fail_allocation(nth + 1);
		status = cp_trial_report(context, &trial, NULL, 0, &report);
	}
	CHECK_STATUS(CP_OK, status);
	CHECK(nth > 1 && unit_live_blocks() == 0);
}

/* ---- sample ratio ---- */

static const double ratio_weights[] = {0.5, 0.5, 0.1, 0.9};

/*
 * scipy.stats.chisquare of each phase, chi2.sf of their sum with 2 degrees of freedom; the mixture
 * by math.fsum over the logarithms of its 20400 factors. An empty phase costs nothing.
 */
static void
ratios_are_of_phases(void)
{
	set_up(CP_METRIC_MEAN, 2, 2);
	set_mean(0, 0, 5000, 1, 1), set_mean(0, 1, 5100, 1, 1);
	set_mean(1, 0, 1000, 1, 1), set_mean(1, 1, 9300, 1, 1);
	CHECK(cp_trial_ratio(&trial) == 0);
	trial.weights = ratio_weights;
	CHECK_RELATIVE(-0.10031030161783328 - 0.1000439949402967, cp_trial_ratio(&trial), 1e-8);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_RELATIVE(0.37512859261454706, report.ratio_p, CLOSE);
	CHECK(report.ratio_p_sequential == 1);
	set_mean(1, 0, 0, 0, 0), set_mean(1, 1, 0, 0, 0);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_RELATIVE(0.3197181768128675, report.ratio_p, CLOSE);
	CHECK_RELATIVE(-0.10031030161783328, cp_trial_ratio(&trial), 1e-8);
}

/* Units without an outcome count; the largest mixture of all looks decides; below 0.001 only. */
static void
a_broken_ratio_vetoes(void)
{
	static const double exposed[] = {10000, 11000, 0, 0};
	double limit = -log(CP_RATIO_ALPHA);

	set_up(CP_METRIC_MEAN, 1, 2);
	set_mean(0, 0, 10, 1, 1), set_mean(0, 1, 10, 3, 1);
	trial.weights = ratio_weights;
	trial.exposed = exposed;
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_RELATIVE(exp(-cp_trial_ratio(&trial)), report.ratio_p_sequential, CLOSE);
	CHECK(report.ratio_p < 1e-10 && report.ratio_p_sequential < 1e-6);
	CHECK_EQUAL(CP_VERDICT_RATIO, report.rows[1].verdict);
	CHECK_EQUAL(CP_VERDICT_CONTROL, report.rows[0].verdict);
	trial.exposed = NULL;
	REQUIRE_OK(make_report(NULL, limit - 1e-6));
	CHECK_EQUAL(CP_VERDICT_EARLY, report.rows[1].verdict);
	REQUIRE_OK(make_report(NULL, limit + 1e-6));
	CHECK_EQUAL(CP_VERDICT_RATIO, report.rows[1].verdict);
	set_mean(0, 1, 0, 0, 0);
	REQUIRE_OK(make_report(NULL, limit + 1e-6));
	CHECK_EQUAL(CP_VERDICT_NO_UNITS, report.rows[1].verdict);
}

/*
 * No effect within a phase, but the first has few treated and the second a higher rate. Pooled, as
 * long as no phase stands alone, that is for show: no sequence, no verdict.
 */
static void
pooled_phases_wait(void)
{
	CpSequence sequences[2];

	set_up(CP_METRIC_PROPORTION, 2, 2);
	set_rate(0, 0, 95, 475), set_rate(0, 1, 5, 25);
	set_rate(1, 0, 23, 29), set_rate(1, 1, 23, 29);
	cp_sequence_begin(&sequences[1]);
	cp_sequence_look(&sequences[1], &trial, 1);
	CHECK(sequences[1].most == 0);
	REQUIRE_OK(make_report(sequences, 0));
	CHECK(report.rows[1].difference > 0.2);
	CHECK(isnan(report.rows[1].p_sequential) && isnan(report.rows[1].lift_sequence.lower));
	CHECK_EQUAL(CP_VERDICT_EARLY, report.rows[1].verdict);
}

/* ---- looking again and again ---- */

/*
 * Fifty units of whom nobody has left beside 2,250 of whom 45 have: by its own variance, 0, the small
 * arm would be better for sure (ln 1/p = 17); Fisher's p is .62.
 */
static void
a_small_arm_may_be_lucky(void)
{
	set_up(CP_METRIC_PROPORTION, 1, 2);
	for (int i = 0; i < 50; i++)
		cp_moments_add(cell(0, 0), 1, 0);
	for (int i = 0; i < 2250; i++)
		cp_moments_add(cell(0, 1), i >= 45, 0);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK(report.rows[1].p_sequential == 1);
	CHECK(report.rows[1].sequence.upper > 0 && report.rows[1].lift_sequence.upper > 0);
	CHECK_EQUAL(CP_VERDICT_NOT_YET, report.rows[1].verdict);
	design.tau2 = 0.001;
	REQUIRE_OK(make_report(NULL, 0));
	CHECK(report.rows[1].p_sequential < 1e-3);
}

/*
 * Three looks, the last against the first: log mixture and interval by Python's math, once tuned by
 * the horizon and once with a variance of its own; largest mixture and bounds so far.
 */
static void
looks_add_up(void)
{
	static const double looks[3][6] = {{60, 10, 2, 70, 11.5, 2.5},
	                                   {100, 10.2, 2.1, 110, 10.6, 2.2},
	                                   {4000, 10.2, 2.1, 4000, 10, 2.1}};
	static const double tuned[3][3] = {
		{1.0991105620864068, -0.9139828935786349, 3.913982893578635},
		{1.0991105620864068, -0.9139828935786349, 1.8908587615219412},
		{7.099506080440273, -0.34309823448652094, -0.05690176551347764}};
	static const double given[3][3] = {
		{4.7804081941682419, 0.26722685232023946, 2.7327731476797608},
		{4.7804081941682419, 0.26722685232023946, 1.3041989301267691},
		{6.3163299630880836, 0.26722685232023946, -0.040966717718495277}};

	for (int own = 0; own < 2; own++)
	{
		CpSequence sequences[2];

		set_up(CP_METRIC_MEAN, 1, 2);
		design.tau2 = own ? 0.5 : 0;
		cp_sequence_begin(&sequences[1]);
		for (int i = 0; i < 3; i++)
		{
			const double *expected = own ? given[i] : tuned[i];

			set_mean(0, 0, looks[i][0], looks[i][1], looks[i][2]);
			set_mean(0, 1, looks[i][3], looks[i][4], looks[i][5]);
			cp_sequence_look(&sequences[1], &trial, 1);
			CHECK_RELATIVE(expected[0], sequences[1].most, CLOSE);
			CHECK_RELATIVE(expected[1], sequences[1].interval.lower, CLOSE);
			CHECK_RELATIVE(expected[2], sequences[1].interval.upper, CLOSE);
			REQUIRE_OK(make_report(sequences, 0));
			CHECK_RELATIVE(exp(-expected[0]), report.rows[1].p_sequential, CLOSE);
			CHECK(report.rows[1].sequence.lower == sequences[1].interval.lower &&
			      report.rows[1].sequence.upper == sequences[1].interval.upper);
		}
	}
}

/* A report looks too; without sequences it is the first look. */
static void
a_report_is_a_look(void)
{
	CpSequence sequences[2], now;

	set_up(CP_METRIC_MEAN, 1, 2);
	set_mean(0, 0, 100, 1, 1), set_mean(0, 1, 100, 1.5, 1);
	cp_sequence_begin(&sequences[1]);
	cp_sequence_begin(&now);
	cp_sequence_look(&now, &trial, 1);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_RELATIVE(exp(-now.most), report.rows[1].p_sequential, CLOSE);
	CHECK(report.rows[1].sequence.lower == now.interval.lower);
	REQUIRE_OK(make_report(sequences, 0));
	CHECK_RELATIVE(exp(-now.most), report.rows[1].p_sequential, CLOSE);
	CHECK(sequences[1].most == 0 && sequences[1].interval.lower == -INFINITY);
}

static void
the_sequence_begins_at_fifty(void)
{
	for (int few = 0; few < 2; few++)
	{
		CpSequence sequence;

		set_up(CP_METRIC_MEAN, 1, 2);
		set_mean(0, 0, CP_SEQUENCE_UNITS - few, 1, 1), set_mean(0, 1, CP_SEQUENCE_UNITS, 9, 1);
		cp_sequence_begin(&sequence);
		cp_sequence_look(&sequence, &trial, 1);
		REQUIRE_OK(make_report(NULL, 0));
		CHECK((sequence.most > 0) == !few && (sequence.interval.lower == -INFINITY) == few);
		CHECK(isnan(report.rows[1].p_sequential) == few);
		CHECK_EQUAL(few ? CP_VERDICT_EARLY : CP_VERDICT_HIGHER, report.rows[1].verdict);
	}
}

/* By the adjusted p of the sequence: two treatments at 0.03 are not enough, one is. */
static void
verdicts_are_of_the_sequence(void)
{
	const CpInterval all = {-INFINITY, INFINITY};
	CpSequence sequences[3] = {{0, all}, {-log(0.03), all}, {-log(0.03), all}};

	set_up(CP_METRIC_MEAN, 1, 3);
	design.adjustment = CP_ADJUST_BONFERRONI;
	set_mean(0, 0, 100, 1, 1), set_mean(0, 1, 100, 1.1, 1), set_mean(0, 2, 100, 0.9, 1);
	REQUIRE_OK(make_report(NULL, 0));
	CHECK_EQUAL(CP_VERDICT_NOT_YET, report.rows[1].verdict);
	REQUIRE_OK(make_report(sequences, 0));
	CHECK_EQUAL(CP_VERDICT_NOT_YET, report.rows[1].verdict);
	CHECK_RELATIVE(0.06, report.rows[1].p_sequential_adjusted, CLOSE);
	design.adjustment = CP_ADJUST_NONE;
	REQUIRE_OK(make_report(sequences, 0));
	CHECK_EQUAL(CP_VERDICT_HIGHER, report.rows[1].verdict);
	CHECK_EQUAL(CP_VERDICT_LOWER, report.rows[2].verdict);
	design.alpha = 0.02;
	REQUIRE_OK(make_report(sequences, 0));
	CHECK_EQUAL(CP_VERDICT_NOT_YET, report.rows[2].verdict);
}

/* ---- simulations ---- */

static double
draw(CpRng *rng, double mean)
{
	double u = cp_rng_uniform(rng);

	return design.kind == CP_METRIC_PROPORTION ? u < mean : -mean * cp_log(1 - u);
}

/* Runs of which any look, after each unit from the hundredth on, left something out. */
typedef struct Looks
{
	int rejected; /* no effect */
	int missed;   /* the effect */
} Looks;

static Looks
look_always(CpMetricKind kind, double mean, double effect, int runs, int units)
{
	Looks looks = {0, 0};

	for (int run = 0; run < runs; run++)
	{
		CpSequence sequence;
		CpRng rng;

		cp_rng_init(&rng, (uint64_t) run + 1, kind);
		set_up(kind, 1, 2);
		cp_sequence_begin(&sequence);
		for (int unit = 1; unit <= units; unit++)
		{
			uint32_t arm = (uint32_t) (cp_rng_bits(&rng) >> 63);

			cp_moments_add(cell(0, arm), draw(&rng, mean + arm * effect), 0);
			if (unit >= 100)
				cp_sequence_look(&sequence, &trial, 1);
		}
		looks.rejected += cp_sequence_p(sequence.most) <= design.alpha;
		looks.missed += sequence.interval.lower > effect || sequence.interval.upper < effect;
	}
	return looks;
}

/* At most 5 % and three sd of 400 runs: 33. Zero is left out just when p is at most alpha. */
static void
looking_always_keeps_the_error(void)
{
	Looks rates = look_always(CP_METRIC_PROPORTION, 0.1, 0, 400, 4000);
	Looks means = look_always(CP_METRIC_MEAN, 1, 0, 400, 4000);

	unit_note("rejected without an effect: %d (rates), %d (means)", rates.rejected, means.rejected);
	CHECK(rates.rejected > 0 && rates.rejected <= 33 && rates.missed == rates.rejected);
	CHECK(means.rejected > 0 && means.rejected <= 33 && means.missed == means.rejected);
}

/* The true effect is left out in 5 % and three sd of 100 runs at most: 11. */
static void
effects_are_found_as_units_come(void)
{
	static const int units[] = {300, 1000, 3000};

	for (CpMetricKind kind = 0; kind < CP_METRIC_RATIO; kind++)
	{
		double mean = kind == CP_METRIC_PROPORTION ? 0.1 : 1;
		int found[3];

		for (int i = 0; i < 3; i++)
		{
			Looks looks = look_always(kind, mean, 0.75 * mean, 100, units[i]);

			found[i] = looks.rejected;
			CHECK(looks.missed <= 11);
		}
		unit_note("found among 300, 1000, 3000 units: %d, %d, %d", found[0], found[1], found[2]);
		CHECK(found[0] < found[1] && found[1] <= found[2] && found[2] >= 99);
	}
}

/*
 * 600 units by halves; in two phases a third of them first, then four in five get the treatment and
 * all means are twice as high.
 */
static void
draw_experiment(CpRng *rng, double mean, double effect)
{
	for (int unit = 0; unit < 600; unit++)
	{
		uint32_t late = trial.phases == 2 && unit >= 200;
		uint32_t arm = cp_rng_uniform(rng) < (late ? 0.8 : 0.5);

		cp_moments_add(cell(late, arm), draw(rng, mean * (1 + late) + arm * effect), 0);
	}
}

/* Of FIXED_RUNS reports: p below 0.05, and intervals without the effect. */
static Looks
look_once(CpMetricKind kind, uint32_t phases, double effect)
{
	double mean = kind == CP_METRIC_PROPORTION ? 0.2 : 1;
	Looks looks = {0, 0};
	CpRng rng;

	cp_rng_init(&rng, 1, kind + 10 * phases);
	for (int run = 0; run < FIXED_RUNS; run++)
	{
		set_up(kind, phases, 2);
		draw_experiment(&rng, mean, mean * effect);
		if (!CHECK_STATUS(CP_OK, make_report(NULL, 0)))
			return looks;
		looks.rejected += report.rows[1].p < 0.05;
		looks.missed += report.rows[1].interval.lower > mean * effect ||
		                report.rows[1].interval.upper < mean * effect;
	}
	return looks;
}

/*
 * 5 % of 1000 runs, give or take three sd: 50 +- 21. The normal law of a rate among 60 units and
 * of a skew mean is not exact, which costs about one in a hundred in two phases.
 */
static void
looking_once_keeps_the_error(void)
{
	for (CpMetricKind kind = 0; kind < CP_METRIC_RATIO; kind++)
		for (uint32_t phases = 1; phases <= 2; phases++)
		{
			double allowed = phases == 1 ? 21 : 31;
			Looks same = look_once(kind, phases, 0), other = look_once(kind, phases, 0.5);

			unit_note("%s, %u phases: rejected %d, left out %d and %d of %d", cp_metric_name(kind),
			          phases, same.rejected, same.missed, other.missed, FIXED_RUNS);
			CHECK_CLOSE(50, same.rejected, allowed);
			CHECK_CLOSE(50, same.missed, allowed);
			CHECK_CLOSE(50, other.missed, allowed);
			CHECK(other.rejected > FIXED_RUNS / 2);
		}
}

/*
 * 1000 units by halves, then 2000 of which one in fifty is a control, at three times the rate: while
 * the new phase has few controls its units must not be compared with what was before.
 */
static void
a_new_phase_keeps_the_error(void)
{
	int rejected = 0;

	for (uint64_t run = 1; run <= 100; run++)
	{
		CpSequence sequence;
		CpRng rng;

		cp_rng_init(&rng, run, 0);
		set_up(CP_METRIC_PROPORTION, 2, 2);
		cp_sequence_begin(&sequence);
		for (int unit = 0; unit < 3000; unit++)
		{
			uint32_t late = unit >= 1000;
			uint32_t arm = cp_rng_uniform(&rng) < (late ? 0.98 : 0.5);

			cp_moments_add(cell(late, arm), draw(&rng, late ? 0.3 : 0.1), 0);
			cp_sequence_look(&sequence, &trial, 1);
		}
		rejected += cp_sequence_p(sequence.most) <= design.alpha;
	}
	unit_note("rejected without an effect: %d of 100", rejected);
	CHECK(rejected <= 11);
}

void
test_trial(void)
{
	UNIT_CASE("one phase is the estimate", one_phase_is_the_estimate);
	UNIT_CASE("phases are strata", phases_are_strata);
	UNIT_CASE("early is not compared with late", early_is_not_compared_with_late);
	UNIT_CASE("rates in one phase", rates_in_one_phase);
	UNIT_CASE("rates in two phases", rates_in_two_phases);
	UNIT_CASE("means in two phases", means_in_two_phases);
	UNIT_CASE("ratios in two phases", ratios_in_two_phases);
	UNIT_CASE("covariates in two phases", covariates_in_two_phases);
	UNIT_CASE("small counts have Fisher's p", small_counts_have_fishers_p);
	UNIT_CASE("p is adjusted for the treatments", p_is_adjusted_for_treatments);
	UNIT_CASE("an empty arm says nothing", an_empty_arm_says_nothing);
	UNIT_CASE("one unit has no variance", one_unit_has_no_variance);
	UNIT_CASE("even arms say nothing", even_arms_say_nothing);
	UNIT_CASE("no success at all", no_success_at_all);
	UNIT_CASE("huge values are survived", huge_values_are_survived);
	UNIT_CASE("no units say nothing", no_units_say_nothing);
	UNIT_CASE("a report passes failures on", report_passes_failures_on);
	UNIT_CASE("sample ratios are of phases", ratios_are_of_phases);
	UNIT_CASE("a broken ratio vetoes", a_broken_ratio_vetoes);
	UNIT_CASE("pooled phases wait", pooled_phases_wait);
	UNIT_CASE("a small arm may be lucky", a_small_arm_may_be_lucky);
	UNIT_CASE("looks add up", looks_add_up);
	UNIT_CASE("a report is a look", a_report_is_a_look);
	UNIT_CASE("the sequence begins at fifty units", the_sequence_begins_at_fifty);
	UNIT_CASE("verdicts are of the sequence", verdicts_are_of_the_sequence);
	UNIT_CASE("looking always keeps the error", looking_always_keeps_the_error);
	UNIT_CASE("a new phase keeps the error", a_new_phase_keeps_the_error);
	UNIT_CASE("looking once keeps the error", looking_once_keeps_the_error);
	UNIT_CASE("effects are found as units come", effects_are_found_as_units_come);
}
