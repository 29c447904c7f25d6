/*
 * drift_advice.h: what to do about what a check of drift found, in words.
 */
#ifndef CP_DRIFT_ADVICE_H
#define CP_DRIFT_ADVICE_H

#include "postgres.h"

#include "pg/drift_check.h"

/* NULL: nothing. telling: the feature by which a classifier tells the two sides apart best. */
extern const char *cp_drift_line_advice(const CpDriftLine *line, const char *telling);

/* A sentence or two of the whole check. min_rows: that were asked for on either side. */
extern const char *cp_drift_advice(const CpDriftCheck *check, double min_rows);

#endif
