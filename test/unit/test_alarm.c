/*
 * test_alarm.c: alarms where features have moved, none where they have not; simulated from profile
 * to judgement.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"
#include "num/special.h"
#include "stats/alarm.h"
#include "stats/profile.h"

extern void test_alarm(void);

#define FEATURES 20
#define LEVELS 8
#define MOST_LEVELS 254

static const CpAlarmRule rule = {.psi = 0.2, .kl = 0.1, .alpha = 0.01, .least = 8};

/* --- a simulated world ----------------------------------------------------------- */

typedef enum Law
{
	LAW_NORMAL,
	LAW_EXPONENTIAL,
	LAW_LOGNORMAL,
	LAW_UNIFORM,
	LAW_INTEGER,
	LAW_CATEGORY,
	LAWS
} Law;

/* In order of the laws; a category's first level has a share of 0.3. */
static const double sds[LAWS] = {1, 1, 2.1612, 0.28868, 3.0139, 0};

static double
draw(CpRng *rng, Law law)
{
	double u;

	switch (law)
	{
		case LAW_NORMAL:
			return cp_rng_normal(rng);
		case LAW_EXPONENTIAL:
			return -cp_log(1 - cp_rng_uniform(rng));
		case LAW_LOGNORMAL:
			return cp_exp(cp_rng_normal(rng));
		case LAW_UNIFORM:
			return cp_rng_uniform(rng);
		case LAW_INTEGER:
			return floor(10.5 + 3 * cp_rng_normal(rng));
		default:
			u = cp_rng_uniform(rng);
			return u < 0.3 ? 0 : 1 + floor((u - 0.3) / 0.7 * (LEVELS - 1));
	}
}

/* A level's share doubled: of the others, so many become it. */
static double
move(CpRng *rng, Law law, double value, double sds_moved)
{
	if (law == LAW_INTEGER)
		return value + round(sds_moved * sds[law]);
	if (law != LAW_CATEGORY)
		return value + sds_moved * sds[law];
	return value > 0 && cp_rng_uniform(rng) < 0.3 / 0.7 ? 0 : value;
}

static CpStatus
draw_profile(CpContext *context, CpRng *rng, uint32_t rows, CpProfile *profile)
{
	double *values;

	CP_TRY(cp_profile_init(profile, context, FEATURES));
	CP_TRY(cp_alloc(context, &values, rows, sizeof(double)));
	for (uint32_t f = 0; f < FEATURES; f++)
	{
		bool category = f % LAWS == LAW_CATEGORY;

		for (uint32_t i = 0; i < rows; i++)
			values[i] = draw(rng, (Law) (f % LAWS));
		profile->categories[f] = category;
		CP_TRY(cp_profile_feature(context, values, NULL, rows, category, category ? LEVELS : 0,
		                          &profile->features[f]));
	}
	cp_free(context, &values);
	return CP_OK;
}

/* Current rows with one feature moved, or none where it is FEATURES. */
static CpStatus
judge_rows(CpContext *context, CpRng *rng, const CpProfile *profile, uint32_t rows, uint32_t moved,
           double sds_moved, CpAlarmLevel *levels)
{
	double vector[FEATURES], p[FEATURES], reference_rows[FEATURES];
	CpFeatureDrift drifts[FEATURES];
	CpCounter counter;
	CpTallied tallied;

	CP_TRY(cp_counter_init(&counter, context, profile));
	CP_TRY(cp_tallied_init(&tallied, context, &counter));
	for (uint32_t i = 0; i < rows; i++)
	{
		for (uint32_t f = 0; f < FEATURES; f++)
			vector[f] = draw(rng, (Law) (f % LAWS));
		if (moved < FEATURES)
			vector[moved] = move(rng, (Law) (moved % LAWS), vector[moved], sds_moved);
		cp_count_vector(&counter, &tallied, vector);
	}
	cp_compare_all(&counter, &tallied, drifts);
	for (uint32_t f = 0; f < FEATURES; f++)
		reference_rows[f] = profile->features[f].rows;
	cp_alarm_judge(drifts, reference_rows, FEATURES, &rule, p, levels);
	return CP_OK;
}

static uint32_t
count_alarms(const CpAlarmLevel *levels)
{
	uint32_t alarms = 0;

	for (uint32_t f = 0; f < FEATURES; f++)
		alarms += levels[f] == CP_ALARM_WARNING || levels[f] == CP_ALARM_CRITICAL;
	return alarms;
}

/* Checks with an alarm, of so many with a profile of their own each. */
static uint32_t
alarms_when_quiet(uint64_t seeds, uint32_t reference_rows, uint32_t rows)
{
	uint32_t alarmed = 0;

	for (uint64_t seed = 0; seed < seeds; seed++)
	{
		CpContext *context = unit_context();
		CpAlarmLevel levels[FEATURES];
		CpProfile profile;
		CpRng rng;

		cp_rng_init(&rng, seed, reference_rows);
		CHECK_STATUS(CP_OK, draw_profile(context, &rng, reference_rows, &profile));
		CHECK_STATUS(CP_OK, judge_rows(context, &rng, &profile, rows, FEATURES, 0, levels));
		alarmed += count_alarms(levels) > 0;
	}
	return alarmed;
}

/* Is the feature that moved the one to be alarmed of, and no other? */
static bool
is_found(uint64_t seed, uint32_t moved, double sds_moved)
{
	CpContext *context = unit_context();
	CpAlarmLevel levels[FEATURES];
	CpProfile profile;
	CpRng rng;

	cp_rng_init(&rng, seed, moved);
	CHECK_STATUS(CP_OK, draw_profile(context, &rng, 20000, &profile));
	CHECK_STATUS(CP_OK, judge_rows(context, &rng, &profile, 5000, moved, sds_moved, levels));
	return levels[moved] >= CP_ALARM_WARNING && count_alarms(levels) == 1;
}

/* One category, the first of whose levels has this share before and that one now. */
static CpAlarmLevel
judge_category(uint64_t seed, uint32_t levels, double before, double now, uint32_t reference_rows,
               uint32_t rows, uint32_t features)
{
	CpContext *context = unit_context();
	double sums[MOST_LEVELS] = {0}, worth[FEATURES], p[FEATURES];
	uint64_t counts[MOST_LEVELS + 1] = {0};
	CpCounted counted = {.counts = counts};
	CpFeatureDrift drifts[FEATURES];
	CpAlarmLevel judged[FEATURES], most = CP_ALARM_FEW;
	CpReference reference;
	CpRng rng;

	cp_rng_init(&rng, seed, levels);
	for (uint32_t f = 0; f < features; f++)
	{
		memset(sums, 0, sizeof(sums));
		memset(counts, 0, sizeof(counts));
		for (uint32_t i = 0; i < reference_rows; i++)
			sums[cp_rng_uniform(&rng) < before ? 0 : 1 + cp_rng_below(&rng, levels - 1)]++;
		for (uint32_t i = 0; i < rows; i++)
			counts[cp_rng_uniform(&rng) < now ? 0 : 1 + cp_rng_below(&rng, levels - 1)]++;
		worth[f] = reference_rows;
		CHECK_STATUS(CP_OK, cp_reference_of_levels(context, sums, levels, 0, worth[f], &reference));
		cp_reference_compare(&reference, &counted, &drifts[f]);
	}
	cp_alarm_judge(drifts, worth, features, &rule, p, judged);
	for (uint32_t f = 0; f < features; f++)
		most = judged[f] > most ? judged[f] : most;
	return most;
}

/* --- cases --------------------------------------------------------------------- */

#define QUIET_CHECKS 10
#define CATEGORY_SEEDS 10

static void
quiet_when_nothing_moves(void)
{
	static const uint32_t few[] = {8, 100, 500};

	CHECK_EQUAL(0, alarms_when_quiet(QUIET_CHECKS, 20000, 5000));
	for (int i = 0; i < 3; i++)
	{
		uint32_t alarms = alarms_when_quiet(10 * QUIET_CHECKS, few[i], few[i]);

		CHECK(alarms <= rule.alpha * 10 * QUIET_CHECKS);
	}
}

static void
each_moved_feature_is_found(void)
{
	/* The others are of the same laws. */
	for (uint32_t f = 0; f < LAWS; f++)
		for (int sign = -1; sign <= 1; sign += 2)
			CHECK(is_found(f, f, sign * 0.5));
}

static void
doubled_level_is_found(void)
{
	static const double shares[] = {0.25, 0.3, 0.4, 0.6, 0.8};
	static const uint32_t levels[] = {2, 4, 20};

	for (int s = 0; s < 5; s++)
		for (int l = 0; l < 3; l++)
			for (uint64_t seed = 0; seed < CATEGORY_SEEDS; seed++)
				CHECK(judge_category(seed, levels[l], shares[s], fmin(1, 2 * shares[s]), 20000,
				                     5000, 1) >= CP_ALARM_WARNING);
}

static void
many_levels_of_few_rows_are_quiet(void)
{
	static const uint32_t few[] = {8, 100, 500};

	for (int i = 0; i < 3; i++)
		for (uint64_t seed = 0; seed < CATEGORY_SEEDS; seed++)
		{
			CHECK_EQUAL(CP_ALARM_OK,
			            judge_category(seed, MOST_LEVELS, 0.1, 0.1, few[i], few[i], FEATURES));
			CHECK_EQUAL(CP_ALARM_OK,
			            judge_category(seed, MOST_LEVELS, 0.1, 0.1, 20000, few[i], FEATURES));
		}
}

/* A first missing value among few rows and many before is chance, if often enough looked for. */
static void
first_missing_value_is_quiet(void)
{
	static const double before[] = {20000};
	const uint64_t now[] = {29, 1};
	CpContext *context = unit_context();
	CpCounted counted = {.counts = now};
	CpFeatureDrift drifts[FEATURES];
	double worth[FEATURES], p[FEATURES];
	CpAlarmLevel levels[FEATURES];
	CpReference reference;

	REQUIRE_OK(cp_reference_of_levels(context, before, 1, 0, 20000, &reference));
	for (uint32_t f = 0; f < FEATURES; f++)
	{
		cp_reference_compare(&reference, &counted, &drifts[f]);
		worth[f] = 20000;
	}
	/* scipy's fisher_exact */
	CHECK_RELATIVE(0.0014977533699450825, drifts[0].missing_p, 1e-9);
	cp_alarm_judge(drifts, worth, FEATURES, &rule, p, levels);
	CHECK_EQUAL(0, count_alarms(levels));
}

/* --- the rule -------------------------------------------------------------------- */

static CpAlarmLevel
judge_one(CpFeatureDrift drift, double reference_rows, double *p)
{
	CpAlarmLevel level;

	cp_alarm_judge(&drift, &reference_rows, 1, &rule, p, &level);
	return level;
}

static void
both_must_hold(void)
{
	CpFeatureDrift drift = {.rows = 100, .chi2 = {50, 9, 1e-6}, .missing_p = 1};
	double p;

	drift.cells.psi = 0.09;
	CHECK_EQUAL(CP_ALARM_OK, judge_one(drift, 100, &p));
	CHECK_RELATIVE(2e-6, p, 1e-12);
	drift.cells.psi = 0.11;
	CHECK_EQUAL(CP_ALARM_WARNING, judge_one(drift, 100, &p));
	drift.chance = 0.02;
	CHECK_EQUAL(CP_ALARM_OK, judge_one(drift, 100, &p));
	drift.cells.psi = 0.23;
	CHECK_EQUAL(CP_ALARM_CRITICAL, judge_one(drift, 100, &p));
	CHECK_EQUAL(CP_ALARM_FEW, judge_one(drift, 7, &p));
	CHECK(isnan(p));
	drift.chi2.p = 0.006;
	CHECK_EQUAL(CP_ALARM_OK, judge_one(drift, 100, &p));
	drift.missing_p = (double) NAN;
	CHECK_EQUAL(CP_ALARM_CRITICAL, judge_one(drift, 100, &p));
	drift.rows = 7;
	CHECK_EQUAL(CP_ALARM_FEW, judge_one(drift, 100, &p));
	drift = (CpFeatureDrift){.rows = 100, .chi2 = {.p = 1}, .missing_p = 1e-9};
	drift.gaps.kl_reference = 0.06;
	CHECK_EQUAL(CP_ALARM_WARNING, judge_one(drift, 100, &p));
	/* All are missing now. */
	drift.cells.psi = drift.cells.kl_reference = drift.chance = drift.chi2.p = (double) NAN;
	drift.gaps.psi = 9;
	CHECK_EQUAL(CP_ALARM_CRITICAL, judge_one(drift, 100, &p));
	drift.missing_p = (double) NAN;
	CHECK_EQUAL(CP_ALARM_OK, judge_one(drift, 100, &p));
	/* Of KL, half as much is chance. */
	drift = (CpFeatureDrift){.rows = 100, .chi2 = {.p = 1e-9}, .missing_p = 1, .chance = 0.04};
	drift.cells.kl_reference = 0.06;
	CHECK_EQUAL(CP_ALARM_OK, judge_one(drift, 100, &p));
	drift.cells.kl_reference = 0.08;
	CHECK_EQUAL(CP_ALARM_WARNING, judge_one(drift, 100, &p));
}

/* Holm's: the least p counts as often as there are features; what is too small does not count. */
static void
corrected_for_all(void)
{
	CpFeatureDrift drifts[3] = {{.rows = 100, .cells.psi = 1, .chi2.p = 0.004, .missing_p = 1},
	                            {.rows = 100, .cells.psi = 1, .chi2.p = 0.0001, .missing_p = 1},
	                            {.rows = 1, .chi2.p = 1, .missing_p = 1}};
	double rows[3] = {100, 100, 100}, p[3];
	CpAlarmLevel levels[3];

	cp_alarm_judge(drifts, rows, 3, &rule, p, levels);
	CHECK_RELATIVE(0.0004, p[1], 1e-12);
	CHECK_RELATIVE(0.008, p[0], 1e-12);
	CHECK(isnan(p[2]));
	CHECK(levels[0] == CP_ALARM_CRITICAL && levels[1] == CP_ALARM_CRITICAL);
	CHECK_EQUAL(CP_ALARM_FEW, levels[2]);
}

static void
names(void)
{
	CHECK_STRING("too few rows", cp_alarm_name(CP_ALARM_FEW));
	CHECK_STRING("ok", cp_alarm_name(CP_ALARM_OK));
	CHECK_STRING("warning", cp_alarm_name(CP_ALARM_WARNING));
	CHECK_STRING("critical", cp_alarm_name(CP_ALARM_CRITICAL));
}

void
test_alarm(void)
{
	UNIT_CASE("effect and significance must both hold", both_must_hold);
	UNIT_CASE("corrected for all features", corrected_for_all);
	UNIT_CASE("names of levels", names);
	UNIT_CASE("quiet when nothing moves", quiet_when_nothing_moves);
	UNIT_CASE("each moved feature is found", each_moved_feature_is_found);
	UNIT_CASE("a level whose share doubles is found", doubled_level_is_found);
	UNIT_CASE("a first missing value is quiet", first_missing_value_is_quiet);
	UNIT_CASE("many levels of few rows are quiet", many_levels_of_few_rows_are_quiet);
}
