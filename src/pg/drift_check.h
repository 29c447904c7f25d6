/*
 * drift_check.h: have the customers changed since the model was trained, and what does it cost?
 *
 * Every feature in one scan, the score on a sample, outcomes where they are known, combinations of
 * features by a classifier, and segments; all against the reference stored at training, or against
 * the customers of another source or of the period before.
 */
#ifndef CP_DRIFT_CHECK_H
#define CP_DRIFT_CHECK_H

#include "postgres.h"

#include <math.h>

#include "nodes/pg_list.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "learn/domain.h"
#include "learn/estimation.h"
#include "pg/drift_rows.h"
#include "pg/model_profile.h"
#include "stats/alarm.h"

/* Names of the rows that are no feature. */
#define CP_DRIFT_SCORE "(score)"
#define CP_DRIFT_LABEL "(label)"
#define CP_DRIFT_COMBINATIONS "(combinations)"

/* What is asked. Texts are NULL when not given. */
typedef struct CpDriftRequest
{
	char *model;      /* NULL = the default */
	char *source;     /* NULL = what the model was trained on */
	Interval *period; /* customers of so long up to now, by time_column; NULL = all */
	char *segment_by;
	char *time_column; /* NULL = as at training */
	char *reference;   /* "training", "previous" (the period before), or a source */
	char *mode;        /* "scan" or "statistics" */
	List *exclude;     /* features, of char * */
	double sample;     /* rows that are scored */
	double seed;
	double min_rows; /* on either side, to say anything */
	double alpha;    /* chance of a false alarm in one check */
	bool combinations;
	bool record;
} CpDriftRequest;

/* One row of the answer. */
typedef struct CpDriftLine
{
	const char *segment; /* NULL = all customers */
	const char *feature;
	CpFeatureDrift drift;
	double reference_rows;
	double importance; /* share of the model's, NaN for what is no feature */
	double auc;        /* of the combinations, else NaN */
	double p;
	CpAlarmLevel level;
	const char *recommendation; /* NULL = nothing to do */
} CpDriftLine;

/* Or is it the score, the label, or combinations? */
static inline bool
cp_drift_is_feature(const CpDriftLine *line)
{
	return !isnan(line->importance);
}

typedef struct CpDriftCheck
{
	CpModelProfile model; /* the version that was checked and its reference */
	char *source;
	uint64 rows;
	double reference_rows;
	CpDriftLine *lines; /* [count] */
	uint32 count;
	CpAlarmLevel level;    /* the highest of all lines */
	CpDriftLine *worst;    /* feature that moved most, NULL = none had enough rows */
	double average_kl;     /* over the features */
	double weighted_psi;   /* by importance */
	bool measured;         /* are there held-out rows to compare the estimate with? */
	CpEvaluation trained;  /* on them */
	CpEstimation expected; /* on the sample */
	const char *recommendation;
} CpDriftCheck;

/* Is it held against the customers of the training? */
extern bool cp_drift_against_training(const CpDriftRequest *request);

/* Memory: the current context, which the caller deletes. SPI must not be connected. */
extern void cp_drift_check(const CpDriftRequest *request, CpDriftCheck *check);

#endif
