/*
 * drift_store.h: checks of drift on record.
 */
#ifndef CP_DRIFT_STORE_H
#define CP_DRIFT_STORE_H

#include "postgres.h"

#include "pg/drift_check.h"

/* Columns of a line, from "segment" to "recommendation". */
#define CP_DRIFT_COLUMNS 17

/* A line as the columns of cp_drift_check and of churnprevent.drift_feature. */
extern void cp_drift_line_row(const CpDriftLine *line, Datum *values, bool *nulls);

/* "training", "previous" or "source". */
extern const char *cp_drift_reference_kind(const CpDriftRequest *request);

/* Write the check down. summary: its JSON. */
extern void cp_drift_record(const CpDriftRequest *request, const CpDriftCheck *check,
                            Jsonb *summary);

#endif
