/*
 * drift_rows.h: the customers of a source as a model sees them: counted, and a sample kept.
 *
 * One scan does it all: every row is counted in the cells of the reference, as a whole and for its
 * segment; of all rows a seeded sample is kept as feature vectors (J. S. Vitter: Random Sampling
 * with a Reservoir, ACM TOMS 11, 1985; skips as K.-H. Li, ACM TOMS 20, 1994); outcomes are counted
 * where the source has the label.
 */
#ifndef CP_DRIFT_ROWS_H
#define CP_DRIFT_ROWS_H

#include "postgres.h"

#include "learn/dictionary.h"
#include "pg/bridge.h"
#include "pg/model_cache.h"
#include "stats/profile.h"

/* Segments at most. */
#define CP_DRIFT_SEGMENTS 1000

/* No segment: the column is NULL there. */
#define CP_NO_SEGMENT UINT32_MAX

/* What to read and how. */
typedef struct CpDriftSource
{
	CpBridge *bridge;
	CpLoaded *loaded;
	const char *text;         /* table, view or query */
	const char *label;        /* column; counted where the source has it */
	const char *positive;     /* text in it that means churned, NULL for numbers and booleans */
	const char *segment_by;   /* column; NULL = none */
	CpDictionary *segments;   /* names of segments, added to unless they are closed */
	bool closed;              /* rows of other segments count in none */
	const CpCounter *counter; /* cells to count in, NULL = count nothing */
	CpTallied *tallied;
	const CpCounter *segment_counters; /* [segments->count] the same for each segment */
	CpTallied *segment_tallied;
	uint32 sample; /* rows to keep; fewer where memory does not allow them */
	uint64 seed;
} CpDriftSource;

typedef struct CpDriftRows
{
	uint64 rows;
	uint64 labelled;  /* rows with a label */
	uint64 churned;   /* of them */
	uint64 elsewhere; /* rows of segments that are closed */
	uint32 sampled;
	double *vectors;  /* [sampled][features] */
	uint32 *segments; /* [sampled] code, or CP_NO_SEGMENT; NULL without segment_by */
} CpDriftRows;

/* SPI must be connected. Memory is the bridge's. */
extern void cp_drift_read(const CpDriftSource *source, CpDriftRows *rows);

#endif
