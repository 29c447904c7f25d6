/*
 * test_sequential.c: the mixture against numbers made by Python, its interval against its p-value,
 * and what a hundred looks do to the error.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "stats/sequential.h"

#define CLOSE 1e-10
#define RUNS 1000
#define LOOKS 100
#define BATCH 10 /* units of each arm between two looks */

extern void test_sequential(void);

typedef struct LookCase
{
	double tau2;
	double difference;
	double variance;
	double log_mixture;
	double p;
	CpInterval interval;
} LookCase;

/* Looks at rates (tau2 = 0.0004) and means (tau2 = 1), by Python's math. */
static const LookCase look_cases[] = {
	{0.0004,
     -0.0050362052554850101,
     0.00044816530030705271,
     -0.30561171843047086,
     1,
     {-0.084407919205985768, 0.074335508695015748}},
	{0.0004,
     0.032114713682954321,
     0.00010767903510588808,
     2.9979213250838237,
     0.049890667134806041,
     {9.3169834946005281e-06, 0.064220110382414042}},
	{0.0004,
     0.028943370865029128,
     3.3852553505966064e-05,
     10.132263751195325,
     3.9775327450829186e-05,
     {0.011233290990278456, 0.046653450739779799}},
	{0.0004,
     0.0012572624681948946,
     2.9775651862012284e-05,
     -1.3100815062952875,
     1,
     {-0.015388607239270314, 0.017903132175660103}},
	{1,
     2.8221999999999987,
     0.76289900505050479,
     2.5422919078187975,
     0.078685852250546015,
     {-0.20839224222552843, 5.8527922422255259}},
	{1,
     1.6338250000000016,
     0.085768968785591509,
     13.063026723203574,
     2.1222648305995906e-06,
     {0.74256476572204133, 2.5250852342779622}},
};

static void
looks_match(void)
{
	for (size_t i = 0; i < sizeof(look_cases) / sizeof(look_cases[0]); i++)
	{
		const LookCase *c = &look_cases[i];
		double log_mixture = cp_sequence_log_mixture(c->difference, c->variance, c->tau2);
		CpInterval interval = cp_sequence_interval(c->difference, c->variance, c->tau2, 0.05);

		CHECK_RELATIVE(c->log_mixture, log_mixture, CLOSE);
		CHECK_RELATIVE(c->p, cp_sequence_p(log_mixture), CLOSE);
		CHECK_RELATIVE(c->interval.lower, interval.lower, CLOSE);
		CHECK_RELATIVE(c->interval.upper, interval.upper, CLOSE);
	}
}

typedef struct TunedCase
{
	double n;
	double difference;
	double se;
	double alpha;
	double log_mixture;
	double half_width;
} TunedCase;

/*
 * GrowthBook's sequential test, tuned for 5000 units, by Python from its own formulas
 * e = exp(rho^2 d^2 n / se^2 / (2 (n rho^2 + 1))) / sqrt(n rho^2 + 1) and
 * half-width = se sqrt(n) sqrt(2 (n rho^2 + 1) ln(sqrt(n rho^2 + 1) / alpha) / (n rho)^2).
 */
static const TunedCase tuned_cases[] = {
	{6868, 0.70731707317073167, 0.37879436166814279, 0.05, 0.35857266025196033, 1.1517408422996411},
	{200, 0.3, 0.08, 0.05, 1.5563722772881852, 0.40799679759179552},
	{100000, 0.02, 0.006, 0.01, 2.8089081949025339, 0.023019372851091593},
};

static void
tuned_is_growthbooks(void)
{
	for (size_t i = 0; i < sizeof(tuned_cases) / sizeof(tuned_cases[0]); i++)
	{
		const TunedCase *c = &tuned_cases[i];
		double variance = c->se * c->se;
		double tau2 = cp_sequence_tau2(5000, c->n * variance, c->alpha);
		CpInterval interval = cp_sequence_interval(c->difference, variance, tau2, c->alpha);

		CHECK_RELATIVE(c->log_mixture, cp_sequence_log_mixture(c->difference, variance, tau2),
		               CLOSE);
		CHECK_RELATIVE(c->half_width, (interval.upper - interval.lower) / 2, CLOSE);
	}
}

/* At its n the tuned interval is within 1 % of the narrowest. */
static void
tuned_is_about_narrowest(void)
{
	double tuned = cp_sequence_tau2(1000, 1000, 0.05);
	double width = cp_sequence_interval(0, 1, tuned, 0.05).upper;

	for (double tau2 = tuned / 16; tau2 < tuned * 16; tau2 *= 1.25)
		CHECK(width < 1.01 * cp_sequence_interval(0, 1, tau2, 0.05).upper);
}

static void
interval_excludes_where_p_is_alpha(void)
{
	for (double alpha = 1e-9; alpha < 1; alpha *= 3)
	{
		CpInterval interval = cp_sequence_interval(2, 0.3, 0.8, alpha);

		CHECK_RELATIVE(log(1 / alpha), cp_sequence_log_mixture(interval.upper - 2, 0.3, 0.8),
		               1e-13);
		CHECK_RELATIVE(log(1 / alpha), cp_sequence_log_mixture(2 - interval.lower, 0.3, 0.8),
		               1e-13);
	}
}

static void
no_variance_tells_nothing(void)
{
	static const double variances[] = {0, NAN, INFINITY};

	for (int i = 0; i < 3; i++)
	{
		CpInterval interval = cp_sequence_interval(3, variances[i], 1, 0.05);

		CHECK(cp_sequence_log_mixture(3, variances[i], 1) == 0);
		CHECK(interval.lower == -INFINITY && interval.upper == INFINITY);
	}
	CHECK(cp_sequence_p(0) == 1 && cp_sequence_p(-3) == 1 && cp_sequence_p(1e9) == 0);
	CHECK(cp_sequence_p(cp_sequence_log_mixture(1e150, 1e-150, 1)) == 0);
	CHECK(cp_sequence_interval(3, 1, 0, 0.05).upper == INFINITY);
}

/* ---- simulated looks ---- */

typedef struct Experiment
{
	double rate; /* of the control; 0 = normal means */
	double effect;
	double tau2;
} Experiment;

static double
draw(const Experiment *experiment, CpRng *rng, int treated)
{
	double centre = experiment->rate + treated * experiment->effect;

	return experiment->rate > 0 ? cp_rng_uniform(rng) < centre : centre + cp_rng_normal(rng);
}

/* The p-value now; the interval must leave out 0 just when it is at most alpha. */
static double
look(const Experiment *experiment, const CpMoments arms[2])
{
	CpEstimate (*estimate)(const CpMoments *) =
		experiment->rate > 0 ? cp_estimate_rate : cp_estimate_mean;
	CpEstimate a = estimate(&arms[0]), b = estimate(&arms[1]);
	double difference = b.mean - a.mean, variance = a.variance + b.variance;
	double p = cp_sequence_p(cp_sequence_log_mixture(difference, variance, experiment->tau2));
	CpInterval interval = cp_sequence_interval(difference, variance, experiment->tau2, 0.05);

	CHECK((p <= 0.05) == (interval.lower >= 0 || interval.upper <= 0));
	return p;
}

/* How many of the runs have p <= 0.05 at one of a hundred looks. */
static int
rejections(const Experiment *experiment, uint64_t seed, int runs)
{
	CpRng rng;
	int rejected = 0;

	cp_rng_init(&rng, seed, 0);
	for (int run = 0; run < runs; run++)
	{
		CpMoments arms[2];
		double least = 1;

		memset(arms, 0, sizeof(arms));
		for (int unit = 1; unit <= LOOKS * BATCH; unit++)
		{
			cp_moments_add(&arms[0], draw(experiment, &rng, 0), 0);
			cp_moments_add(&arms[1], draw(experiment, &rng, 1), 0);
			if (unit % BATCH == 0)
				least = fmin(least, look(experiment, arms));
		}
		rejected += least <= 0.05;
	}
	return rejected;
}

static void
looking_often_keeps_the_error(void)
{
	Experiment means = {0, 0, cp_sequence_tau2(2000, 4, 0.05)}, rates = {0.3, 0, 0.001};
	int of_means = rejections(&means, 1, RUNS), of_rates = rejections(&rates, 2, RUNS);

	unit_note("rejected without an effect: %d (means), %d (rates)", of_means, of_rates);
	CHECK(of_means > 0 && of_means <= RUNS / 20);
	CHECK(of_rates > 0 && of_rates <= RUNS / 20);
}

static void
effects_are_found(void)
{
	Experiment means = {0, 0.3, cp_sequence_tau2(2000, 4, 0.05)}, rates = {0.3, 0.15, 0.001};

	CHECK(rejections(&means, 3, RUNS / 10) >= 95);
	CHECK(rejections(&rates, 4, RUNS / 10) >= 95);
}

/* ---- sample ratio ---- */

typedef struct RatioCase
{
	double observed[4];
	double weights[4];
	int k;
	double strength;
	double log_ratio;
} RatioCase;

/* By Python in 60-digit decimals, log gamma by Stirling's series from 200 on. */
static const RatioCase ratio_cases[] = {
	{{50, 60}, {1, 1}, 2, 10, -0.84467481168019276},
	{{5050, 2440, 2510}, {2, 1, 1}, 3, 100, -3.6323495795488068},
	{{3, 0, 1}, {5, 3, 2}, 3, 1, -0.47000362924573558},
	{{10000, 10400}, {1, 1}, 2, 5000, 2.3371647267228264},
	{{0, 0, 900}, {1, 2, 3}, 3, 0.0625, 622.91104589760653},
	{{5e8, 500100000}, {1, 1}, 2, 10000, -0.75709265538749193},
	{{3e8, 300090000, 301000000, 100000}, {3, 3, 3.01, 0.001}, 4, 10000, -8.1825477429584073},
	{{300000, 300900, 301000, 100}, {3, 3, 3, 0.001}, 4, 500, -10.950755986636647},
};

static void
ratios_match(void)
{
	for (size_t i = 0; i < sizeof(ratio_cases) / sizeof(ratio_cases[0]); i++)
	{
		const RatioCase *c = &ratio_cases[i];

		CHECK_RELATIVE(c->log_ratio,
		               cp_sequence_log_ratio(c->observed, c->weights, c->k, c->strength), 1e-11);
	}
	CHECK_CLOSE(0, cp_sequence_log_ratio((double[]){0, 0}, (double[]){3, 7}, 2, 100), 1e-13);
}

/* A martingale that starts at 1: over all that n units can do its mean is 1. */
static void
ratio_has_mean_1(void)
{
	static const double weights[] = {0.3, 0.7};
	double mean = 0;

	for (int x = 0; x <= 40; x++)
	{
		double chance = lgamma(41) - lgamma(x + 1) - lgamma(41 - x);

		chance += x * log(0.3) + (40 - x) * log(0.7);
		mean += exp(chance + cp_sequence_log_ratio((double[]){x, 40 - x}, weights, 2, 25));
	}
	CHECK_CLOSE(1, mean, 1e-12);
}

void
test_sequential(void)
{
	UNIT_CASE("looks are Python's", looks_match);
	UNIT_CASE("tuned, it is GrowthBook's", tuned_is_growthbooks);
	UNIT_CASE("tuned, it is about the narrowest", tuned_is_about_narrowest);
	UNIT_CASE("the interval ends where p is alpha", interval_excludes_where_p_is_alpha);
	UNIT_CASE("no variance tells nothing", no_variance_tells_nothing);
	UNIT_CASE("a hundred looks keep the error", looking_often_keeps_the_error);
	UNIT_CASE("effects are found", effects_are_found);
	UNIT_CASE("sample ratios are Python's", ratios_match);
	UNIT_CASE("a sample ratio has mean 1", ratio_has_mean_1);
}
