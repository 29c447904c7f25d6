/*
 * alarm.h: whether drift is worth telling somebody.
 *
 * Both must hold: the feature has moved by more than matters (effect), and chance does not explain
 * it (significance, corrected for the number of features). The effect is what PSI and KL have
 * beyond their mean where nothing drifts, so that many cells and few rows raise none. It
 * is the largest feature that decides, never an average.
 */
#ifndef CP_ALARM_H
#define CP_ALARM_H

#include "stats/reference.h"

typedef enum CpAlarmLevel
{
	CP_ALARM_FEW, /* too few rows to say */
	CP_ALARM_OK,
	CP_ALARM_WARNING,
	CP_ALARM_CRITICAL,
	CP_ALARM_LEVELS
} CpAlarmLevel;

typedef struct CpAlarmRule
{
	double psi;   /* from here on drift is critical, from half of it on a warning */
	double kl;    /* the same, of the reference from the current */
	double alpha; /* chance, in one check of all features, to be alarmed by chance alone */
	double least; /* rows a side */
} CpAlarmRule;

/* "too few rows", "ok", "warning", "critical". */
extern const char *cp_alarm_name(CpAlarmLevel level);

/*
 * drifts, reference_rows: [n]. p: [n] of values and missingness together, corrected for all n (Holm;
 * Bonferroni of very many); NaN where there was nothing to test. levels: [n].
 */
extern void cp_alarm_judge(const CpFeatureDrift *drifts, const double *reference_rows, uint32_t n,
                           const CpAlarmRule *rule, double *p, CpAlarmLevel *levels);

#endif
