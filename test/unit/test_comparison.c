/*
 * test_comparison.c: tests and intervals against scipy, statsmodels and R, and where a sample
 * cannot tell.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "stats/comparison.h"

#define CLOSE 1e-10
#define FIGURES (sizeof(CpRateComparison) / sizeof(double))
#define MANY 20
#define RUNS 2000

extern void test_comparison(void);

/* ---- rates ---- */

typedef struct RateCase
{
	CpCount a;
	CpCount b;
	double alpha;
	double figures[29]; /* in the order of CpRateComparison */
} RateCase;

/*
 * The first five: scipy 1.10.1 and statsmodels 0.13.5, Fisher's p by R 4.2.2 (of the fifth in
 * 40-digit decimals by Python). The rest: R, prop.test(correct = FALSE), binom.test, fisher.test
 * and the formulas by hand.
 */
static const RateCase rate_cases[] = {
	{{100, 1000}, {120, 1000}, 0.05, {0.10000000000000001,  0.12,
                                      0.01999999999999999,  1.4293008498232314,
                                      0.15291778186394619,  0.013985706989637671,
                                      1.4300313895335035,   0.15270801019387792,
                                      0.17440710410433735,  -0.0074114819980199455,
                                      0.047411481998019922, -0.0074921675152110623,
                                      0.047550667456339055, -0.0075088776132400323,
                                      0.047429037293878755, 0.082909443593095711,
                                      0.1201519631953484,   0.10129926060130912,
                                      0.14160907584771276,  0.082105334355579998,
                                      0.12028793651869261,  0.10050092374816787,
                                      0.14176686379282544,  0.19999999999999996,
                                      0.15336231610144649,  -0.10058461614448239,
                                      0.50058461614448224,  -0.065894248937006239,
                                      0.54158134489730791}},
	{{200, 5000},
     {65, 1200},
     0.05,
     {0.040000000000000001, 0.054166666666666669,   0.014166666666666668, 2.1787422066813815,
      0.029350824430652209, 0.0070974548776826145,  1.9960206737224397,   0.045931672542296915,
      0.031940726776453633, 0.00025591072451060931, 0.028077422608822726, 0.0013409679359655709,
      0.029333154288540296, 0.00074362415811411731, 0.028705494696839737, 0.034912144402327185,
      0.045794141387125377, 0.042724355994573006,   0.068454286209532283, 0.034738513523664347,
      0.045806753698231513, 0.042050082475190105,   0.068522163851655576, 0.35416666666666674,
      0.18837661590891874,  -0.015044716044348982,  0.72337804937768246,  0.03100891639320813,
      0.77861445420491937}},
	{{3, 20},
     {9, 21},
     0.05,
     {0.14999999999999999,  0.42857142857142855,    0.27857142857142858, 1.9595823672882937,
      0.050044623979060607, 0.13430118234838784,    2.074229159418659,   0.038058033344049641,
      0.085493439938758617, 0.015345948087441996,   0.54179690905541511, -0.00086535347147609354,
      0.50650262558459225,  -0.0059175997240030753, 0.51184645347894375, 0.052368745896216595,
      0.36041886474075696,  0.24469968925375948,    0.63453445630693284, 0.032070937185463701,
      0.37892682654531396,  0.21819685688513021,    0.65979369071972549, 1.8571428571428572,
      1.6826252491826317,   -1.4407420307328347,    5.1550277450185487,  -0.099168980112634753,
      8.0619274047014233}},
	{{48211, 1000000},
     {48993, 1000000},
     0.05,
     {0.048210999999999997,  0.048993000000000002,   0.00078200000000000491, 2.5714824674585803,
      0.010126414259801153,  0.00030410423448219194, 2.5714867184652705,     0.010126289940502693,
      0.010222659858352837,  0.00018596665286878505, 0.0013780333471312247,  0.0001859649443216422,
      0.0013780495276592137, 0.00018596043197511235, 0.0013780364400311307,  0.047792885309161856,
      0.04863258573518256,   0.0485716649130584,     0.049417800123267512,   0.04779196154430438,
      0.04863265781408857,   0.048570741841121548,   0.049417872952091955,   0.016220364647072438,
      0.0063587494120114886, 0.0037574448128146754,  0.028683284481330201,   0.0038335559362134841,
      0.028760020440131706}},
	{{300, 4000},
     {352, 4100},
     0.1,
     {0.074999999999999997, 0.085853658536585373,   0.010853658536585375, 1.7951343443084886,
      0.072632297997027834, 0.0060403558054720344,  1.7968574842483467,   0.072358247684307098,
      0.07896899015584638,  0.000918157381877319,   0.020789159691293434, 0.00090539656122424345,
      0.02080137995322006,  0.00089845211538647565, 0.020787925563643336, 0.068433433119211975,
      0.082141106254472893, 0.07892743894775163,    0.093326098618855033, 0.068256408277538039,
      0.082208017547202708, 0.078755285232286296,   0.093392857739623206, 0.1447154471544716,
      0.086274948459815731, 0.0028057852652923765,  0.28662510904365079,  0.011249515643930952,
      0.29579637338037035}},
	{{0, 50},
     {3, 40},
     0.05,
     {0,
      0.074999999999999997,
      0.074999999999999997,
      1.9695964928958383,
      0.048884633916181155,
      0.041645828122394209,
      1.8009006755629924,
      0.071718536508434169,
      0.084099421178072856,
      -0.0066243232262379881,
      0.15662432322623798,
      -0.011646270916476256,
      0.1986423352431054,
      -0.020297031841425381,
      0.17231168385607737,
      0,
      0.071347599133358683,
      0.025836025774588198,
      0.1986423352431054,
      0,
      0.071121736464197616,
      0.015742179851041538,
      0.20386474873289895,
      NAN,
      NAN,
      NAN,
      NAN,
      NAN,
      NAN}},
	{{0, 10},
     {0, 12},
     0.05,
     {0,
      0,
      0,
      NAN,
      NAN,
      0,
      NAN,
      NAN,
      1,
      0,
      0,
      -0.27753279986288915,
      0.24249400665524079,
      -0.21843093958297738,
      0.1946214157734536,
      0,
      0.27753279986288915,
      0,
      0.24249400665524079,
      0,
      0.30849710781876083,
      0,
      0.26464846939705111,
      NAN,
      NAN,
      NAN,
      NAN,
      NAN,
      NAN}},
	{{10, 10},
     {12, 12},
     0.05,
     {1,
      1,
      0,
      NAN,
      NAN,
      0,
      NAN,
      NAN,
      1,
      0,
      0,
      -0.24249400665524079,
      0.27753279986288915,
      -0.19462141577345352,
      0.21843093958297746,
      0.72246720013711085,
      1,
      0.75750599334475921,
      1,
      0.69150289218123917,
      1,
      0.73535153060294889,
      1,
      0,
      0,
      NAN,
      NAN,
      NAN,
      NAN}},
	{{0, 10},
     {12, 12},
     0.05,
     {0,
      1,
      1,
      4.6904157598234297,
      2.7265046561554949e-06,
      0,
      NAN,
      NAN,
      1.546441174924147e-06,
      1,
      1,
      0.63145176942027459,
      1,
      0.63871191755987977,
      1.0517642729163108,
      0,
      0.27753279986288915,
      0.75750599334475921,
      1,
      0,
      0.30849710781876083,
      0.73535153060294889,
      1,
      NAN,
      NAN,
      NAN,
      NAN,
      NAN,
      NAN}},
	{{12, 12},
     {7, 10},
     0.05,
     {1,
      0.69999999999999996,
      -0.29999999999999999,
      -2.0416711421361615,
      0.041184163155389454,
      0.14491376746189438,
      -2.0701966780270626,
      0.038433930236781717,
      0.077922077922077906,
      -0.58402576508932524,
      -0.015974234910674678,
      -0.60322185253885463,
      0.0094309941634614369,
      -0.56079848458349901,
      0.036988960773975121,
      0.75750599334475921,
      1,
      0.39677814746114537,
      0.89220873259369904,
      0.73535153060294889,
      1,
      0.34754714994000269,
      0.93326048882226553,
      -0.29999999999999999,
      0.14491376746189438,
      -0.58402576508932524,
      -0.015974234910674678,
      -0.533466773860511,
      0.05030032706286737}},
	{{1, 1},
     {0, 1},
     0.05,
     {1,
      0,
      -1,
      -1.4142135623730949,
      0.15729920705028516,
      0,
      NAN,
      NAN,
      1,
      -1,
      -1,
      -1,
      0.12210872068194178,
      -1.0877238227174477,
      0.42105715605078115,
      0.2065493143772375,
      1,
      0,
      0.79345068562276255,
      0.025000000000000022,
      1,
      0,
      0.97499999999999998,
      -1,
      0,
      NAN,
      NAN,
      NAN,
      NAN}},
	{{10, 1000000000},
     {40, 1000000000},
     0.05,
     {1e-08,
      4.0000000000000001e-08,
      2.9999999999999997e-08,
      4.2426407401522939,
      2.2090491776596561e-05,
      7.0710676916573212e-09,
      4.2426407592441784,
      2.2090489896680721e-05,
      2.3861326385058812e-05,
      1.6140961992106874e-08,
      4.3859038007893118e-08,
      1.645122167515237e-08,
      4.5168720512982511e-08,
      1.5866498924513348e-08,
      4.4133500955486652e-08,
      5.4319861143485586e-09,
      1.8409472614759577e-08,
      2.9376904197105743e-08,
      5.4464554301514866e-08,
      4.7953887062138063e-09,
      1.8390355964866958e-08,
      2.8576586590721759e-08,
      5.4468646569940276e-08,
      2.9999999999999996,
      1.4142135510593865,
      0.22819237347510546,
      5.7718076265248932,
      1.0003905859918329,
      6.9984379610879266}},
	{{20, 30},
     {2, 41},
     0.001,
     {0.66666666666666663,    0.04878048780487805,   -0.61788617886178865, -5.5613577154774925,
      2.6768387405580421e-08, 0.092407456081562228,  -6.6865402973156138,  2.2850824580037933e-11,
      2.0282163622855075e-08, -0.9219553832873324,   -0.3138169744362449,  -0.82475689711818223,
      -0.24664580277707654,   -0.8909027290854975,   -0.28206238719357224, 0.37571229295108294,
      0.86922025968257355,    0.006738413304890143,  0.27935578841465919,  0.35476677039372218,
      0.89880025213970838,    0.0007889104777373115, 0.26031956625985142,  -0.92682926829268297,
      0.051338351130266816,   -1.0957594850375429,   -0.75789905154782289, -0.99272762779576362,
      -0.263795110010275}},
	{{500, 100000}, {1200, 100000}, 0.05, {0.0050000000000000001,  0.012,
                                           0.0070000000000000001,  17.050111367602618,
                                           3.4886796011879903e-65, 0.00041025601762801727,
                                           17.062516329369146,     2.8213571482489915e-65,
                                           6.8234842850104314e-67, 0.0061959129810082569,
                                           0.0078040870189917434,  0.0062004460505638171,
                                           0.0078103255340050137,  0.0061953195155293548,
                                           0.007804400490070534,   0.0045814453122456026,
                                           0.005456583669211609,   0.011343632822980718,
                                           0.012693858374900332,   0.0045722441500705875,
                                           0.005456841177010281,   0.011334317223656378,
                                           0.012694207412773717,   1.3999999999999999,
                                           0.12729807539786295,    1.1505003569189243,
                                           1.6494996430810756,     1.1630311598960026,
                                           1.662929738042672}},
};

static void
rates_match(void)
{
	for (size_t i = 0; i < sizeof(rate_cases) / sizeof(rate_cases[0]); i++)
	{
		const RateCase *c = &rate_cases[i];
		CpRateComparison obtained = cp_compare_rates(&c->a, &c->b, c->alpha);
		double figures[FIGURES];

		REQUIRE(FIGURES == sizeof(c->figures) / sizeof(double));
		memcpy(figures, &obtained, sizeof(obtained));
		for (size_t figure = 0; figure < FIGURES; figure++)
			if (!CHECK_RELATIVE(c->figures[figure], figures[figure], CLOSE))
				unit_note("case %zu, figure %zu", i, figure);
	}
}

/* Exactly what they are, at the ends too. */
static void
ends_are_exact(void)
{
	CpCount none = {0, 1e9}, all = {1e9, 1e9};
	CpRateComparison c = cp_compare_rates(&none, &all, 0.05);

	CHECK(c.difference == 1 && c.se_unpooled == 0);
	CHECK(c.wilson[0].lower == 0 && c.wilson[1].upper == 1);
	CHECK(c.clopper_pearson[0].lower == 0 && c.clopper_pearson[1].upper == 1);
	CHECK_RELATIVE(-expm1(log(0.025) / 1e9), c.clopper_pearson[0].upper, CLOSE);
	CHECK(c.p_fisher == 0);
	CHECK(isnan(c.z_unpooled) && c.wald.lower == 1 && c.wald.upper == 1 && isnan(c.lift));
}

/* One of a thousand million more is seen although both rates round at 1e-16. */
static void
small_difference_keeps_digits(void)
{
	CpCount a = {333333333, 999999999}, b = {333333334, 999999998};
	CpRateComparison c = cp_compare_rates(&a, &b, 0.05);

	/* (333333334 999999999 - 333333333 999999998) / (999999999 999999998) */
	CHECK_RELATIVE(1333333332.0 / (999999999.0 * 999999998.0), c.difference, 1e-15);
	CHECK_RELATIVE(3 * c.difference, c.lift, 1e-15);
}

static void
empty_arm_tells_nothing(void)
{
	CpCount a = {0, 0}, b = {3, 10};
	CpRateComparison c = cp_compare_rates(&a, &b, 0.05);
	double figures[FIGURES];

	CHECK(c.rate_b == 0.3);
	CHECK_RELATIVE(0.10779126740630104, c.wilson[1].lower, CLOSE); /* R: prop.test(3, 10) */
	CHECK(!isnan(c.clopper_pearson[1].lower));
	c.rate_b = c.wilson[1].lower = c.wilson[1].upper = NAN;
	c.clopper_pearson[1] = (CpInterval){NAN, NAN};
	memcpy(figures, &c, sizeof(c));
	for (size_t figure = 0; figure < FIGURES; figure++)
		if (!CHECK(isnan(figures[figure])))
			unit_note("figure %zu", figure);
}

/* By Python in 40-digit decimals, all tables summed one by one. */
static void
fisher_is_right_far_out(void)
{
	CpCount half = {5e8, 1e9}, more = {500050000, 1e9}, far = {500400000, 1e9};
	CpCount few = {400, 10000}, many = {900, 10000};

	CHECK_RELATIVE(0.025350247612948417, cp_fisher(&half, &more), 1e-11);
	CHECK_RELATIVE(1.4495618460405339e-71, cp_fisher(&half, &far), 1e-11);
	CHECK_RELATIVE(1.4495618460405339e-71, cp_fisher(&far, &half), 1e-11);
	CHECK_RELATIVE(1.4908252209468172e-47, cp_fisher(&few, &many), 1e-12);
	CHECK(cp_fisher(&half, &half) == 1);
}

/* A table of the other tail is just as likely, but for rounding; Python's fractions. */
static void
fisher_counts_ties(void)
{
	CHECK_RELATIVE(0.034502262443438916, cp_fisher(&(CpCount){5, 7}, &(CpCount){1, 10}), CLOSE);
	CHECK_RELATIVE(0.1588235294117647, cp_fisher(&(CpCount){5, 9}, &(CpCount){2, 12}), CLOSE);
	CHECK_RELATIVE(0.029821494782562637, cp_fisher(&(CpCount){2, 16}, &(CpCount){10, 19}), CLOSE);
}

/* ---- means ---- */

typedef struct MeanCase
{
	CpEstimate a;
	CpEstimate b;
	double figures[12]; /* in the order of CpMeanComparison */
	double pooled[4];
} MeanCase;

/* scipy: ttest_ind_from_stats and the formulas; the second interval by R's qt. */
static const MeanCase mean_cases[] = {
	{{400, 25, 10, 100.0 / 400},
     {420, 26.5, 12.5, 156.25 / 420},
     {1.5, 0.78868486071675648, 1.90190033397725, 794.55567233851013, 0.057545593579315359,
      0.057184185532914038, -0.048152195225996008, 3.0481521952259962, 0.060000000000000053,
      0.032321480399853213, -0.0033489375107295105, 0.12334893751072962},
     {1.8917324410443976, 818, 0.058879626048826794, 0.13216364169742445}},
	{{8, 5.25, 1.5, 2.25 / 8},
     {6, 7.5, 3, 9.0 / 6},
     {2.25, 1.3346347815039139, 1.6858544608470492, 6.8780620577027767, 0.1364487833074986,
      0.091823835053223266, -0.91728727215576766, 5.4172872721557681, 0.4285714285714286,
      0.27431081841708777, -0.10906789609576995, 0.96621075323862715},
     {1.8516401995451033, 12, 0.088829714076523, 1}},
};

static void
means_match(void)
{
	for (size_t i = 0; i < sizeof(mean_cases) / sizeof(mean_cases[0]); i++)
	{
		const MeanCase *c = &mean_cases[i];
		CpMeanComparison obtained = cp_compare_means(&c->a, &c->b, 0.05);
		CpPooledComparison pooled = cp_compare_pooled(&c->a, &c->b);
		double figures[12];

		REQUIRE(sizeof(obtained) == sizeof(figures));
		memcpy(figures, &obtained, sizeof(obtained));
		for (size_t figure = 0; figure < 12; figure++)
			CHECK_RELATIVE(c->figures[figure], figures[figure], CLOSE);
		CHECK_RELATIVE(c->pooled[0], pooled.t, CLOSE);
		CHECK_RELATIVE(c->pooled[1], pooled.df, CLOSE);
		CHECK_RELATIVE(c->pooled[2], pooled.p, CLOSE);
		CHECK_RELATIVE(c->pooled[3], pooled.cohens_d, CLOSE);
	}
}

static CpEstimate
estimate_of(const double *values, int n)
{
	CpMoments moments = {0};

	for (int i = 0; i < n; i++)
		cp_moments_add(&moments, values[i], 0);
	return cp_estimate_mean(&moments);
}

/* The five decimals that GrowthBook's own test of its relative two-sided t-test asserts. */
static void
lift_is_growthbooks(void)
{
	double n[2] = {3407, 3461}, mean[2] = {0.41, 0.7};
	double sd[2] = {sqrt((52377.9767 - 3407 * 0.41 * 0.41) / 3406),
	                sqrt((134698.29 - 3461 * 0.7 * 0.7) / 3460)};
	CpEstimate a = {n[0], mean[0], sd[0], sd[0] * sd[0] / n[0]};
	CpEstimate b = {n[1], mean[1], sd[1], sd[1] * sd[1] / n[1]};
	CpMeanComparison c = cp_compare_means(&a, &b, 0.05);

	CHECK_CLOSE(0.70732, c.lift, 5e-6);
	CHECK_CLOSE(0.37879, c.lift_se, 5e-6);
	CHECK_RELATIVE(0.3787943616681428, c.lift_se, CLOSE);
}

/* R: t.test(b, a), and with var.equal = TRUE of one unit against four. */
static void
one_even_arm_is_no_obstacle(void)
{
	static const double even[] = {5, 5, 5}, spread[] = {6, 7, 9, 4};
	CpEstimate a = estimate_of(even, 3), b = estimate_of(spread, 4), one = estimate_of(even, 1);
	CpMeanComparison c = cp_compare_means(&a, &b, 0.05);
	CpPooledComparison pooled = cp_compare_pooled(&one, &b);

	CHECK_RELATIVE(1.4411533842457842, c.statistic, CLOSE);
	CHECK_RELATIVE(3, c.df, CLOSE);
	CHECK_RELATIVE(0.24519388179494744, c.p, CLOSE);
	CHECK_RELATIVE(-1.8123951344178553, c.interval.lower, CLOSE);
	CHECK_RELATIVE(4.812395134417855, c.interval.upper, CLOSE);
	CHECK_RELATIVE(0.64450338663548956, pooled.t, CLOSE);
	CHECK_RELATIVE(0.56513918985357514, pooled.p, CLOSE);
	CHECK(isnan(cp_compare_means(&one, &b, 0.05).p));
}

static void
even_arms_tell_nothing(void)
{
	static const double fives[] = {5, 5, 5}, sixes[] = {6, 6};
	CpEstimate a = estimate_of(fives, 3), b = estimate_of(sixes, 2), none = estimate_of(fives, 0);
	CpMeanComparison c = cp_compare_means(&a, &b, 0.05);

	CHECK(c.difference == 1 && c.se == 0);
	CHECK_RELATIVE(0.2, c.lift, CLOSE);
	CHECK(isnan(c.statistic) && isnan(c.df) && isnan(c.p) && isnan(c.p_normal));
	CHECK(isnan(c.interval.lower) && isnan(c.lift_interval.upper));
	CHECK(isnan(cp_compare_pooled(&a, &b).p) && isnan(cp_compare_pooled(&a, &b).cohens_d));
	c = cp_compare_means(&none, &b, 0.05);
	CHECK(isnan(c.difference) && isnan(c.p) && isnan(c.lift));
	CHECK(isnan(cp_compare_pooled(&none, &b).p));
}

/* Variances whose squares underflow or overflow have degrees of freedom all the same. */
static void
scale_does_not_matter(void)
{
	for (int i = 0; i < 2; i++)
	{
		double scale = i == 0 ? 1e-100 : 1e100;
		CpEstimate a = mean_cases[1].a, b = mean_cases[1].b;
		CpMeanComparison c;

		a.mean *= scale, a.sd *= scale, a.variance *= scale * scale;
		b.mean *= scale, b.sd *= scale, b.variance *= scale * scale;
		c = cp_compare_means(&a, &b, 0.05);
		CHECK_RELATIVE(mean_cases[1].figures[3], c.df, CLOSE);
		CHECK_RELATIVE(mean_cases[1].figures[4], c.p, CLOSE);
		CHECK_RELATIVE(mean_cases[1].figures[9], c.lift_se, CLOSE);
	}
}

/* b / a - 1 as it stands: of a negative control a rise is a negative lift; of 0 there is none. */
static void
lift_of_odd_controls(void)
{
	CpEstimate a = {10, -2, 1, 0.1}, b = {10, -1, 1, 0.1}, zero = {10, 0, 1, 0.1};
	CpMeanComparison c = cp_compare_means(&a, &b, 0.05);

	CHECK(c.lift == -0.5);
	CHECK_RELATIVE(sqrt(0.1 / 4 + 0.1 / 16), c.lift_se, CLOSE);
	c = cp_compare_means(&zero, &b, 0.05);
	CHECK(isnan(c.lift) && isnan(c.lift_se) && isnan(c.lift_interval.lower));
	CHECK(c.p > 0 && c.p < 0.1);
}

/* Of samples without an effect one in twenty has p < 0.05: 100 of 2000, give or take 3.5 sd. */
static void
p_is_uniform_without_effect(void)
{
	int means = 0, rates = 0, below_half = 0;
	CpRng rng;

	cp_rng_init(&rng, 3, 0);
	for (int run = 0; run < RUNS; run++)
	{
		CpMoments arms[2];
		CpCount counts[2] = {{0, 200}, {0, 300}};
		CpEstimate a, b;

		memset(arms, 0, sizeof(arms));
		for (int i = 0; i < 40; i++)
			cp_moments_add(&arms[i % 4 == 0], cp_rng_normal(&rng) * (i % 4 == 0 ? 3 : 1), 0);
		for (int i = 0; i < 500; i++)
			counts[i >= 200].successes += cp_rng_uniform(&rng) < 0.3;
		a = cp_estimate_mean(&arms[0]), b = cp_estimate_mean(&arms[1]);
		means += cp_compare_means(&a, &b, 0.05).p < 0.05;
		below_half += cp_compare_means(&a, &b, 0.05).p < 0.5;
		rates += cp_compare_rates(&counts[0], &counts[1], 0.05).p_pooled < 0.05;
	}
	CHECK_CLOSE(100, means, 34);
	CHECK_CLOSE(100, rates, 34);
	CHECK_CLOSE(1000, below_half, 78);
}

/* ---- many arms ---- */

/* scipy: chi2_contingency(correction = False), chisquare; twenty arms: R prop.test. */
static void
chi2_matches(void)
{
	static const CpCount four[] = {{100, 1000}, {120, 1010}, {95, 990}, {140, 1005}};
	static const CpCount three[] = {{50, 500}, {51, 500}, {49, 500}};
	CpCount twenty[MANY];

	for (int i = 0; i < MANY; i++)
		twenty[i] = (CpCount){10 * i + 10, 1000 + 5 * i};
	CHECK_RELATIVE(11.761918361559427, cp_chi2_rates(four, 4).statistic, CLOSE);
	CHECK_RELATIVE(0.008244859598010893, cp_chi2_rates(four, 4).p, CLOSE);
	CHECK_RELATIVE(0.044444444444444446, cp_chi2_rates(three, 3).statistic, CLOSE);
	CHECK_RELATIVE(0.9780228724846005, cp_chi2_rates(three, 3).p, CLOSE);
	CHECK_RELATIVE(635.96601168869893, cp_chi2_rates(twenty, MANY).statistic, CLOSE);
	CHECK_RELATIVE(1.2802190238742599e-122, cp_chi2_rates(twenty, MANY).p, CLOSE);
	CHECK(cp_chi2_rates(twenty, MANY).df == MANY - 1);
}

/* Two rates: the square of z. An empty arm changes nothing; all or none succeed: NaN. */
static void
chi2_of_odd_arms(void)
{
	static const CpCount arms[] = {{30, 100}, {0, 0}, {45, 120}, {0, 50}, {50, 50}};
	CpChi2 test = cp_chi2_rates(arms, 3);
	double z = cp_compare_rates(&arms[0], &arms[2], 0.05).z_pooled;

	CHECK(test.df == 1);
	CHECK_RELATIVE(z * z, test.statistic, CLOSE);
	CHECK(isnan(cp_chi2_rates(arms, 1).p));
	CHECK(isnan(cp_chi2_rates(arms, 2).p));
	CHECK(isnan(cp_chi2_rates(arms + 1, 1).p));
	CHECK(isnan(cp_chi2_rates((CpCount[]){arms[3], arms[3]}, 2).p));
	CHECK(isnan(cp_chi2_rates((CpCount[]){arms[4], arms[4]}, 2).p));
	CHECK(cp_chi2_rates(arms + 3, 2).p < 1e-20);
}

static void
ratio_matches(void)
{
	static const double fine[] = {5012, 4988}, broken[] = {10000, 10400},
						arms[] = {5050, 2440, 2510};
	static const double even[] = {1, 1}, half[] = {0.5, 0.5}, uneven[] = {2, 1, 1}, none[] = {0, 0};

	CHECK_RELATIVE(0.0576, cp_chi2_ratio(fine, even, 2).statistic, CLOSE);
	CHECK_RELATIVE(0.8103302566044083, cp_chi2_ratio(fine, even, 2).p, CLOSE);
	CHECK_RELATIVE(7.8431372549019605, cp_chi2_ratio(broken, half, 2).statistic, CLOSE);
	CHECK_RELATIVE(0.005101399646004981, cp_chi2_ratio(broken, half, 2).p, CLOSE);
	CHECK_RELATIVE(1.98, cp_chi2_ratio(arms, uneven, 3).statistic, CLOSE);
	CHECK_RELATIVE(0.37157669102204577, cp_chi2_ratio(arms, uneven, 3).p, CLOSE);
	CHECK(isnan(cp_chi2_ratio(none, even, 2).p));
	CHECK(isnan(cp_chi2_ratio(fine, even, 1).p));
}

/* ---- many p-values ---- */

/* R 4.2.2: p.adjust of these twenty; the last row is BY's. */
static const double many_p[MANY] = {0.0001, 0.5,  0.04,   0.04, 0.3,   0.9,   0.012,
                                    0.02,   1,    0,      0.06, 0.049, 0.001, 0.7,
                                    0.25,   0.08, 0.0004, 0.33, 0.15,  0.04};

static const double adjusted[CP_ADJUSTMENTS][MANY] = {
	[CP_ADJUST_BONFERRONI] = {0.002, 1,    0.8,  0.8, 1, 1, 0.24,  0.4, 1, 0,
                              1,     0.98, 0.02, 1,   1, 1, 0.008, 1,   1, 0.8},
	[CP_ADJUST_HOLM] = {0.0019, 1,    0.56,  0.56, 1, 1,    0.192,  0.3, 1, 0,
                        0.6,    0.56, 0.017, 1,    1, 0.72, 0.0072, 1,   1, 0.56},
	[CP_ADJUST_HOCHBERG] = {0.0019, 1,     0.48,  0.48, 1, 1,    0.192,  0.3, 1, 0,
                            0.6,    0.539, 0.017, 1,    1, 0.72, 0.0072, 1,   1, 0.48},
	[CP_ADJUST_BH] = {0.001,
                      0.58823529411764708,
                      0.088888888888888892,
                      0.088888888888888892,
                      0.4,
                      0.94736842105263153,
                      0.048,
                      0.066666666666666666,
                      1,
                      0,
                      0.10909090909090909,
                      0.098,
                      0.005,
                      0.77777777777777779,
                      0.35714285714285715,
                      0.13333333333333333,
                      0.002666666666666667,
                      0.4125,
                      0.23076923076923078,
                      0.088888888888888892},
	[CP_ADJUST_BY] = {0.0035977396571436823,
                      1,
                      0.31979908063499396,
                      0.31979908063499396,
                      1,
                      1,
                      0.17269150354289672,
                      0.23984931047624547,
                      1,
                      0,
                      0.39248068987021983,
                      0.35257848640008083,
                      0.017988698285718412,
                      1,
                      1,
                      0.47969862095249094,
                      0.0095939724190498184,
                      1,
                      0.83024761318700357,
                      0.31979908063499396},
};

static void
adjusted_p_match(void)
{
	for (CpAdjustment adjustment = 1; adjustment < CP_ADJUSTMENTS; adjustment++)
	{
		double p[MANY + 2];

		memcpy(p + 1, many_p, sizeof(many_p));
		p[0] = NAN;
		p[MANY + 1] = -NAN;
		cp_adjust(adjustment, p, MANY + 2);
		CHECK(isnan(p[0]) && isnan(p[MANY + 1]));
		for (int i = 0; i < MANY; i++)
			CHECK_RELATIVE(adjusted[adjustment][i], p[i + 1], 1e-14);
	}
}

/* statsmodels: multipletests. */
static void
adjusted_p_of_five(void)
{
	static const double expected[5] = {0.04, 0.09, 0.09, 0.025, 0.2};
	double p[5] = {0.01, 0.04, 0.03, 0.005, 0.2}, one = 0.03;

	cp_adjust(CP_ADJUST_NONE, p, 5);
	CHECK(p[0] == 0.01 && p[4] == 0.2);
	cp_adjust(CP_ADJUST_HOLM, p, 5);
	for (int i = 0; i < 5; i++)
		CHECK_RELATIVE(expected[i], p[i], 1e-14);
	for (CpAdjustment adjustment = 0; adjustment < CP_ADJUSTMENTS; adjustment++)
		cp_adjust(adjustment, &one, 1);
	CHECK(one == 0.03);
	cp_adjust(CP_ADJUST_BY, NULL, 0);
}

static void
adjustments_have_names(void)
{
	for (CpAdjustment adjustment = 0; adjustment < CP_ADJUSTMENTS; adjustment++)
		CHECK_EQUAL(adjustment, cp_adjustment_of(cp_adjustment_name(adjustment)));
	CHECK_STRING("holm", cp_adjustment_name(CP_ADJUST_HOLM));
	CHECK_EQUAL(CP_ADJUST_BH, cp_adjustment_of("bh"));
	CHECK_EQUAL(CP_ADJUSTMENTS, cp_adjustment_of("fdr"));
}

void
test_comparison(void)
{
	UNIT_CASE("rates are scipy's and R's", rates_match);
	UNIT_CASE("rates of 0 and 1 are exact", ends_are_exact);
	UNIT_CASE("a small difference keeps its digits", small_difference_keeps_digits);
	UNIT_CASE("an empty arm tells nothing", empty_arm_tells_nothing);
	UNIT_CASE("Fisher's test is right far out", fisher_is_right_far_out);
	UNIT_CASE("Fisher's test counts ties", fisher_counts_ties);
	UNIT_CASE("means are scipy's", means_match);
	UNIT_CASE("the lift is GrowthBook's", lift_is_growthbooks);
	UNIT_CASE("one even arm is no obstacle", one_even_arm_is_no_obstacle);
	UNIT_CASE("two even arms tell nothing", even_arms_tell_nothing);
	UNIT_CASE("scale does not matter", scale_does_not_matter);
	UNIT_CASE("lift of a control at or below 0", lift_of_odd_controls);
	UNIT_CASE("p is uniform without an effect", p_is_uniform_without_effect);
	UNIT_CASE("chi-square of rates is scipy's and R's", chi2_matches);
	UNIT_CASE("chi-square of odd arms", chi2_of_odd_arms);
	UNIT_CASE("the sample ratio is scipy's", ratio_matches);
	UNIT_CASE("adjusted p-values are R's", adjusted_p_match);
	UNIT_CASE("adjusted p-values are statsmodels'", adjusted_p_of_five);
	UNIT_CASE("adjustments have names", adjustments_have_names);
}
