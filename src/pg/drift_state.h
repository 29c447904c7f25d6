/*
 * drift_state.h: what the aggregates of drift remember of the rows.
 *
 * One state serves all of them. Numbers are kept as two samples, exact up to CP_SAMPLE_EXACT values
 * a side; where the cells are known beforehand, by edges or from a model's reference, they are
 * counted; texts are counted by what they say.
 */
#ifndef CP_DRIFT_STATE_H
#define CP_DRIFT_STATE_H

#include "postgres.h"

#include "learn/dictionary.h"
#include "pg/bridge.h"
#include "pg/drift_options.h"
#include "stats/reference.h"
#include "stats/sample.h"

typedef enum CpDriftForm
{
	CP_DRIFT_SAMPLES,
	CP_DRIFT_EDGES,      /* of numbers against edges */
	CP_DRIFT_CATEGORIES, /* of texts */
	CP_DRIFT_MODEL       /* of the current side against a reference */
} CpDriftForm;

/* Sides of what is counted. */
enum
{
	CP_DRIFT_REFERENCE,
	CP_DRIFT_CURRENT,
	CP_DRIFT_SIDES
};

/* An argument that must be the same in all rows, by its bytes. */
typedef struct CpDriftAsked
{
	char *bytes;
	size_t length;
} CpDriftAsked;

#define CP_DRIFT_ASKED 2

typedef struct CpDriftState
{
	CpBridge bridge;
	CpDriftForm form;
	CpDriftOptions options;
	CpDriftAsked asked[CP_DRIFT_ASKED];
	uint64 missing[CP_DRIFT_SIDES];

	/* CP_DRIFT_SAMPLES: each with its order as of when it had so many rows */
	CpSample samples[CP_DRIFT_SIDES];
	CpSorted sorted[CP_DRIFT_SIDES];
	uint64 sorted_rows[CP_DRIFT_SIDES];

	/* The others: [cells], one more of CP_DRIFT_MODEL; allocated as many as there is room for. */
	uint64 *counts[CP_DRIFT_SIDES];
	uint32 room;
	CpDictionary categories; /* CP_DRIFT_CATEGORIES: cells by name */
	CpReference reference;   /* CP_DRIFT_MODEL; of CP_DRIFT_EDGES the cells and their cuts alone */
	const CpDictionary *levels; /* CP_DRIFT_MODEL, of a category, while rows come in */
	double least;               /* CP_DRIFT_MODEL, of numbers */
	double most;
} CpDriftState;

/* A state in `memory` that has counted nothing yet. options: copied. */
extern CpDriftState *cp_drift_state_make(MemoryContext memory, CpDriftForm form,
                                         const CpDriftOptions *options);

/* Count against this reference, which outlives the state. levels: NULL = of numbers. */
extern void cp_drift_state_refer(CpDriftState *state, const CpReference *reference,
                                 const CpDictionary *levels);

/* Keep an argument to compare it with those of other rows. */
extern void cp_drift_state_ask(CpDriftState *state, int position, const void *bytes, size_t length);

/* A text came in on a side. */
extern void cp_drift_state_category(CpDriftState *state, int side, const char *text, size_t length);

/* All that `from` counted; both were asked the same. */
extern void cp_drift_state_merge(CpDriftState *into, const CpDriftState *from);

extern bytea *cp_drift_state_bytes(const CpDriftState *state);
extern CpDriftState *cp_drift_state_of_bytes(bytea *bytes, MemoryContext memory);

/* Both sides over cells, in the current memory context. */
typedef struct CpDriftCells
{
	double *reference; /* [count] rows */
	double *current;
	uint32 count;
} CpDriftCells;

/* As the options want them; not of CP_DRIFT_MODEL. */
extern void cp_drift_state_cells(CpDriftState *state, CpDriftCells *cells);

/* Values of a side in order; the state's own. */
extern const CpSorted *cp_drift_state_sorted(CpDriftState *state, int side);

/* CP_DRIFT_MODEL against its reference. */
extern void cp_drift_state_compare(CpDriftState *state, CpFeatureDrift *drift);

/* Rows with a value on a side. */
extern double cp_drift_state_rows(const CpDriftState *state, int side);

#endif
