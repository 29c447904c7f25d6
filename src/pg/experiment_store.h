/*
 * experiment_store.h: experiments as they are kept, and the only file that writes them.
 *
 * What an experiment is is looked up under the active snapshot and kept as long as what the
 * session sees stays the same (situation.h), so a query over many units and experiments looks
 * each experiment up once.
 */
#ifndef CP_EXPERIMENT_STORE_H
#define CP_EXPERIMENT_STORE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "decide/rule.h"
#include "pg/trial_row.h"
#include "stats/assignment.h"

/* Guardrail metrics of an experiment at most. */
#define CP_MAX_GUARDRAILS 15

/* Bytes of an experiment's name at most. */
#define CP_EXPERIMENT_NAME 63

typedef struct CpGuardrail
{
	char *name;
	int harm; /* 1: a higher mean is harm, -1: a lower one */
} CpGuardrail;

typedef struct CpGuardrails
{
	uint32 count;
	CpGuardrail rails[CP_MAX_GUARDRAILS];
} CpGuardrails;

/* Options of cp_ab_create. */
typedef struct CpExperimentOptions
{
	CpTrialOptions trial;
	char *layer; /* NULL = none */
	double share;
	double holdout;
	char *eligible; /* a rule, NULL = everybody */
	bool exclude_control;
	bool require_exposure;
	bool draft;
	char *start;
	double cap;          /* values above count as it; NaN = none */
	double cap_share;    /* quantile that is the cap; NaN = none */
	double outcome_days; /* after which no outcome is 0; NaN = never */
	CpGuardrails guardrails;
} CpExperimentOptions;

typedef struct CpExperiment
{
	int32 id;
	char *name;
	Size name_length;
	char *status;
	bool running;
	TimestampTz start; /* DT_NOEND = not yet */
	TimestampTz end;
	double days; /* that it is to run */
	uint64 salt[2];
	uint64 layer_salt[2];
	double layer_from; /* 0 and 1: no layer */
	double layer_to;
	double holdout;
	uint32 narms;
	char **variants; /* [narms] */
	CpExperimentOptions options;
	CpTrialDesign design;
	CpRule *rule; /* NULL = everybody */
	uint32 nphases;
	double *weights; /* [nphases * narms] */
	CpRanges ranges; /* of the last phase */
} CpExperiment;

/* Read options, checked; defaults where nothing is said. */
extern void cp_experiment_options(Jsonb *json, CpExperimentOptions *options);

/* Parse the rule of "eligible"; an error that says what is wrong with it. */
extern CpRule *cp_experiment_rule(const char *text);

/* An error when there is none of that name. Valid until what the session sees changes. */
extern CpExperiment *cp_experiment(const text *name);

/* The arm of a unit's row; false when there is none. */
extern bool cp_experiment_met(const CpExperiment *experiment, const text *unit, uint32 *arm);

/* What became of a unit. */
typedef struct CpUnitOutcome
{
	double outcome;
	double value; /* NaN = NULL */
	Jsonb *metrics;
} CpUnitOutcome;

/* ---- writing; the caller is elevated ---- */

extern int32 cp_experiment_insert(const char *name, ArrayType *variants,
                                  const CpExperimentOptions *options, Jsonb *kept,
                                  double duration_days, TimestampTz start, const char *author);
/* The first phase may be put again. */
extern void cp_experiment_phase_put(int32 id, uint32 phase, ArrayType *allocation,
                                    const CpRanges *ranges);
extern void cp_experiment_set(const CpExperiment *experiment, const char *status, TimestampTz start,
                              TimestampTz end);

/*
 * A row of a unit that meets its variant, unless it has one. The arm that the row says. covariate:
 * NaN = NULL.
 */
extern uint32 cp_experiment_expose(const CpExperiment *experiment, Datum unit, uint32 arm,
                                   double covariate);

/*
 * Write a unit's outcome, into its row or, with arm, a new one; false when there is one already, when
 * the time for it is over, or, with arm < 0, when there is no row.
 */
extern bool cp_experiment_record(const CpExperiment *experiment, Datum unit, int arm,
                                 double covariate, const CpUnitOutcome *outcome);

#endif
