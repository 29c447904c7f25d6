/*
 * alarm.c: whether drift is worth telling somebody.
 */
#include "stats/alarm.h"

#include <math.h>

#include "stats/comparison.h"

/* Holm's correction takes the square of the tests in time; of many, Bonferroni's is as good. */
#define HOLM_TESTS 2000

static const char *const level_names[CP_ALARM_LEVELS] = {"too few rows", "ok", "warning",
                                                         "critical"};

const char *
cp_alarm_name(CpAlarmLevel level)
{
	return level_names[level];
}

/* In units of what is critical; of an empty side nothing. */
static double
effect_of(const CpFeatureDrift *drift, const CpAlarmRule *rule)
{
	double effect = fmax(drift->gaps.psi / rule->psi, drift->gaps.kl_reference / rule->kl);

	/* KL of equal distributions is half of PSI on average. fmax passes over NaN. */
	effect = fmax(effect, (drift->cells.psi - drift->chance) / rule->psi);
	return fmax(effect, (drift->cells.kl_reference - drift->chance / 2) / rule->kl);
}

/* Either of two tests at twice its p-value. */
static double
p_of(const CpFeatureDrift *drift)
{
	double p = fmin(drift->chi2.p, drift->missing_p);

	return isnan(drift->chi2.p) || isnan(drift->missing_p) ? p : fmin(1, 2 * p);
}

void
cp_alarm_judge(const CpFeatureDrift *drifts, const double *reference_rows, uint32_t n,
               const CpAlarmRule *rule, double *p, CpAlarmLevel *levels)
{
	for (uint32_t i = 0; i < n; i++)
	{
		bool enough = drifts[i].rows >= rule->least && reference_rows[i] >= rule->least;

		p[i] = enough ? p_of(&drifts[i]) : NAN;
		levels[i] = enough ? CP_ALARM_OK : CP_ALARM_FEW;
	}
	cp_adjust(n <= HOLM_TESTS ? CP_ADJUST_HOLM : CP_ADJUST_BONFERRONI, p, (int) n);
	for (uint32_t i = 0; i < n; i++)
	{
		double effect = effect_of(&drifts[i], rule);

		if (levels[i] == CP_ALARM_OK && p[i] < rule->alpha && effect >= 0.5)
			levels[i] = effect >= 1 ? CP_ALARM_CRITICAL : CP_ALARM_WARNING;
	}
}
