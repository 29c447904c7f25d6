/*
 * trial_row.h: how an A/B test is asked for and shown: options to a design, a report to rows.
 */
#ifndef CP_TRIAL_ROW_H
#define CP_TRIAL_ROW_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"

#include "pg/option_rules.h"
#include "stats/trial.h"

/* Bytes of a variant's name at most. */
#define CP_VARIANT_LENGTH 60

/* Columns of type cp_ab_result. */
#define CP_TRIAL_COLUMNS 36

/* Options that any A/B test has. */
typedef struct CpTrialOptions
{
	char *metric;  /* "proportion", "mean", "revenue" or "ratio"; NULL = not given */
	char *control; /* name of a variant, NULL = not given */
	char *cuped;   /* "all" or "within" */
	char *correction;
	double alpha;
	double power;
	double horizon;
	double tau2;
	double effect;
} CpTrialOptions;

#define CP_TRIAL_RULES(type, member) \
	{"metric", CP_OPTION_TEXT, offsetof(type, member.metric)}, \
		{"control", CP_OPTION_TEXT, offsetof(type, member.control)}, \
		{"cuped", CP_OPTION_TEXT, offsetof(type, member.cuped)}, \
		{"correction", CP_OPTION_TEXT, offsetof(type, member.correction)}, \
		{"alpha", CP_OPTION_NUMBER, offsetof(type, member.alpha), 1e-12, 0.5}, \
		{"power", CP_OPTION_NUMBER, offsetof(type, member.power), 0.5, 1 - 1e-9}, \
		{"horizon", CP_OPTION_NUMBER, offsetof(type, member.horizon), 2, 1e15}, \
		{"tau2", CP_OPTION_NUMBER, offsetof(type, member.tau2), 1e-300, 1e300}, \
	{ \
		"effect", CP_OPTION_NUMBER, offsetof(type, member.effect), 1e-300, 1e300 \
	}

/* What holds where nothing is said. */
extern void cp_trial_options_default(CpTrialOptions *options);

/*
 * Errors name options of unknown values. covariate: is x one? kind: of the metric where none is
 * given; "revenue" is a mean.
 */
extern void cp_trial_design(const CpTrialOptions *options, CpMetricKind kind, bool covariate,
                            CpTrialDesign *design);

/* Position of the control among sorted or listed names: the one given, one named "control", or the first. */
extern uint32 cp_trial_control(const char *given, char **names, uint32 count);

/* One variant of a report as a row. days_left: NaN = not known. harm: of a guardrail, or 0. */
extern HeapTuple cp_trial_row(const CpTrialReport *report, const CpTrialDesign *design, uint32 arm,
                              const char *metric, const char *variant, double days_left, int harm,
                              TupleDesc descriptor);

/* A number, NULL when it is NaN or infinite: nothing is known. */
extern Datum cp_number_or_null(double number, bool *null);

#endif
