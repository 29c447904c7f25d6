/*
 * trial_reading.h: outcomes of units, read in the order in which they came in, metric by metric.
 *
 * After each unit the sequences are looked at. So the result knows the least p of all looks that
 * anybody can have had, without writing anything.
 */
#ifndef CP_TRIAL_READING_H
#define CP_TRIAL_READING_H

#include "postgres.h"

#include "pg/bridge.h"
#include "pg/trial_row.h"
#include "stats/trial.h"

/*
 * The time as of what a query sees, in SQL: not later than its snapshot, and on a standby not later
 * than what has been replayed. What was to come until then has come.
 */
#define CP_TRIAL_NOW \
	"CASE WHEN pg_catalog.pg_is_in_recovery()" \
	" THEN least(pg_catalog.now(), pg_catalog.pg_last_xact_replay_timestamp())" \
	" ELSE pg_catalog.now() END"

typedef struct CpTrialReading
{
	const char *name; /* of the metric */
	CpTrialDesign design;
	CpTrial trial;
	CpMoments *moments;    /* [phases * arms] */
	CpSequence *sequences; /* [arms] */
} CpTrialReading;

/* In the current memory context. weights, exposed: as of a CpTrial; they must outlive the reading. */
extern void cp_trial_reading_begin(CpTrialReading *reading, const char *name,
                                   const CpTrialDesign *design, uint32 phases,
                                   const double *weights, const double *exposed);

/* A unit comes in: with x, a covariate or denominator, or 0. */
extern void cp_trial_reading_add(CpTrialReading *reading, uint32 phase, uint32 arm, double y,
                                 double x);

/* How many came. */
extern double cp_trial_reading_units(const CpTrialReading *reading);

/* Report on all until now. ratio_most: as of cp_trial_report. */
extern void cp_trial_reading_report(const CpTrialReading *reading, double ratio_most,
                                    CpTrialReport *report);

/*
 * Fetch the rows of a query on our own tables with one int parameter, in batches; the caller is
 * elevated. Memory that a row takes is given back after its batch.
 */
extern void cp_trial_fetch(const char *query, int32 parameter,
                           void (*take)(void *taker, HeapTuple row, TupleDesc descriptor),
                           void *taker);

#endif
