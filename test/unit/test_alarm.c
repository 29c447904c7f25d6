/*
 * test_alarm.c: alarms where something moved, and only there.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "num/special.h"
#include "stats/alarm.h"
#include "stats/profile.h"

extern void test_alarm(void);

static const CpAlarmRule rule = {.psi = 0.2, .kl = 0.1, .alpha = 0.01, .least = 100};

/* A drift of so much PSI over ten cells, half of it KL, at a p-value. */
static CpFeatureDrift
drift_of(double psi, double p)
{
	CpFeatureDrift drift = {.rows = 1000,
	                        .cells = {.psi = psi, .kl_reference = psi / 2},
	                        .chi2 = {.statistic = 1, .df = 9, .p = p},
	                        .missing_p = 1,
	                        .chance = 0.018};

	return drift;
}

static CpAlarmLevel
level_of(CpFeatureDrift drift, double reference_rows)
{
	CpAlarmLevel level;
	double p;

	cp_alarm_judge(&drift, &reference_rows, 1, &rule, &p, &level);
	return level;
}

/* Half of what is critical is a warning, beyond what chance brings; and it must be significant. */
static void
levels_by_effect(void)
{
	CpFeatureDrift gone = drift_of(NAN, NAN), gaps = drift_of(0.01, 0.5);

	CHECK_EQUAL(CP_ALARM_OK, level_of(drift_of(0.117, 1e-9), 1000));
	CHECK_EQUAL(CP_ALARM_WARNING, level_of(drift_of(0.119, 1e-9), 1000));
	CHECK_EQUAL(CP_ALARM_WARNING, level_of(drift_of(0.217, 1e-9), 1000));
	CHECK_EQUAL(CP_ALARM_CRITICAL, level_of(drift_of(0.219, 1e-9), 1000));
	CHECK_EQUAL(CP_ALARM_OK, level_of(drift_of(0.5, 0.006), 1000));
	CHECK_EQUAL(CP_ALARM_CRITICAL, level_of(drift_of(0.5, 0.004), 1000));
	CHECK_EQUAL(CP_ALARM_FEW, level_of(drift_of(0.5, 1e-9), 99));
	gaps.gaps.psi = 0.15;
	gaps.missing_p = 1e-9;
	CHECK_EQUAL(CP_ALARM_WARNING, level_of(gaps, 1000));
	/* Nothing but missing values: there is one test alone. */
	gone.gaps.psi = 18;
	gone.missing_p = 0;
	CHECK_EQUAL(CP_ALARM_CRITICAL, level_of(gone, 1000));
	gone.rows = 99;
	CHECK_EQUAL(CP_ALARM_FEW, level_of(gone, 1000));
}

/* The largest decides by itself; the number of features makes chance harder to pass. */
static void
corrected_for_features(void)
{
	CpFeatureDrift drifts[20];
	double rows[20], p[20];
	CpAlarmLevel levels[20];

	for (int f = 0; f < 20; f++)
	{
		drifts[f] = drift_of(0.01, 0.5);
		rows[f] = 1000;
	}
	drifts[7] = drift_of(0.5, 0.0004);
	cp_alarm_judge(drifts, rows, 20, &rule, p, levels);
	CHECK_CLOSE(0.016, p[7], 1e-12);
	CHECK_EQUAL(CP_ALARM_OK, levels[7]);
	drifts[7] = drift_of(0.5, 0.0002);
	cp_alarm_judge(drifts, rows, 20, &rule, p, levels);
	CHECK_EQUAL(CP_ALARM_CRITICAL, levels[7]);
	CHECK_EQUAL(CP_ALARM_OK, levels[6]);
}

static void
names(void)
{
	for (int level = 0; level < CP_ALARM_LEVELS; level++)
		CHECK_EQUAL(level, cp_alarm_of(cp_alarm_name((CpAlarmLevel) level)));
	CHECK_EQUAL(CP_ALARM_LEVELS, cp_alarm_of("none"));
}

/* --- from rows to alarms ------------------------------------------------------- */

#define THEN 20000
#define NOW 5000
#define FEATURES 20
#define MANY_LEVELS 200

/*
 * Feature f of a row: normal, exponential, log-normal, uniform, whole numbers, and categories of
 * four and of 200 levels. moved: by half of its standard deviation, or a share of .25 doubled.
 */
static double
draw(CpRng *rng, int f, bool moved)
{
	double u;

	switch (f % 7)
	{
		case 0:
			return cp_rng_normal(rng) + (moved ? 0.5 : 0);
		case 1:
			return -cp_log(1 - cp_rng_uniform(rng)) + (moved ? 0.5 : 0);
		case 2:
			/* sd of exp(Z): sqrt((e - 1) e) */
			return cp_exp(cp_rng_normal(rng)) + (moved ? 0.5 * 2.161197 : 0);
		case 3:
			return cp_rng_uniform(rng) + (moved ? 0.5 * 0.288675 : 0);
		case 4:
			return (double) cp_rng_below(rng, 12) + (moved ? 0.5 * 3.452053 : 0);
		case 5:
			u = cp_rng_uniform(rng);
			return u < (moved ? 0.5 : 0.25) ? 0 : (double) (1 + cp_rng_below(rng, 3));
		default:
			u = cp_rng_uniform(rng);
			return u < (moved ? 0.5 : 0.25) ? 0 : (double) (1 + cp_rng_below(rng, MANY_LEVELS));
	}
}

static uint32_t
cells_of(int f)
{
	return f % 7 == 5 ? 5 : f % 7 == 6 ? MANY_LEVELS + 2 : 0;
}

static CpStatus
make_profile(CpContext *context, CpProfile *profile)
{
	static double values[THEN];
	CpRng rng;

	CP_TRY(cp_profile_init(profile, context, FEATURES));
	for (int f = 0; f < FEATURES; f++)
	{
		cp_rng_init(&rng, 1, (uint64_t) f);
		for (uint32_t i = 0; i < THEN; i++)
			values[i] = draw(&rng, f, false);
		profile->categories[f] = cells_of(f) > 0;
		CP_TRY(cp_profile_feature(context, values, NULL, THEN, profile->categories[f], cells_of(f),
		                          &profile->features[f]));
	}
	return CP_OK;
}

/* A check of n rows of a seed, one feature moved (-1: none); the highest level. */
static CpAlarmLevel
check_rows(CpContext *context, const CpProfile *profile, uint32_t n, uint64_t seed, int moved)
{
	CpFeatureDrift drifts[FEATURES];
	CpAlarmLevel levels[FEATURES], highest = CP_ALARM_FEW;
	double rows[FEATURES], p[FEATURES], vector[FEATURES];
	CpCounter counter;
	CpTallied tallied;
	CpRng rng;

	CHECK_STATUS(CP_OK, cp_counter_init(&counter, context, profile));
	CHECK_STATUS(CP_OK, cp_tallied_init(&tallied, context, &counter));
	cp_rng_init(&rng, seed, 1000);
	for (uint32_t i = 0; i < n; i++)
	{
		for (int f = 0; f < FEATURES; f++)
			vector[f] = draw(&rng, f, f == moved);
		cp_count_vector(&counter, &tallied, vector);
	}
	cp_compare_all(&counter, &tallied, drifts);
	for (int f = 0; f < FEATURES; f++)
		rows[f] = profile->features[f].rows;
	cp_alarm_judge(drifts, rows, FEATURES, &rule, p, levels);
	for (int f = 0; f < FEATURES; f++)
		highest = levels[f] > highest ? levels[f] : highest;
	return highest;
}

static void
quiet_checks(void)
{
	CpContext *context = unit_context();
	CpProfile profile;

	REQUIRE_OK(make_profile(context, &profile));
	for (uint64_t seed = 1; seed <= 50; seed++)
	{
		CHECK_EQUAL(CP_ALARM_OK, check_rows(context, &profile, NOW, seed, -1));
		CHECK_EQUAL(CP_ALARM_OK, check_rows(context, &profile, 500, seed, -1));
		CHECK_EQUAL(CP_ALARM_OK, check_rows(context, &profile, 100, seed, -1));
		CHECK_EQUAL(CP_ALARM_FEW, check_rows(context, &profile, 8, seed, -1));
	}
}

static void
planted_shifts(void)
{
	CpContext *context = unit_context();
	CpProfile profile;

	REQUIRE_OK(make_profile(context, &profile));
	for (int moved = 0; moved < FEATURES; moved++)
		for (uint64_t seed = 1; seed <= 3; seed++)
			CHECK(check_rows(context, &profile, NOW, seed, moved) >= CP_ALARM_WARNING);
}

void
test_alarm(void)
{
	UNIT_CASE("effect and significance make the level", levels_by_effect);
	UNIT_CASE("tests of many features are corrected", corrected_for_features);
	UNIT_CASE("levels have names", names);
	UNIT_CASE("quiet checks raise no alarm", quiet_checks);
	UNIT_CASE("planted shifts are found", planted_shifts);
}
