/*
 * profile.h: what the customers looked like in the reference, feature by feature, and counting
 * how they look now.
 *
 * It is made when a model is trained and kept beside it. A sample of rows is kept as well, for what
 * cells do not tell: combinations of features, and parts of the customers.
 */
#ifndef CP_PROFILE_H
#define CP_PROFILE_H

#include <stdbool.h>

#include "stats/reference.h"

#define CP_PROFILE_MAGIC "cpprofl"

/* Rows of the sample at most, and bytes. */
#define CP_PROFILE_ROWS 10000
#define CP_PROFILE_BYTES (2 * 1024 * 1024)

typedef struct CpProfile
{
	uint32_t count;        /* features */
	CpReference *features; /* [count] */
	bool *categories;      /* [count] */
	CpReference score; /* churn probabilities of rows not learned from; cells 0: there were none */
	double churn_rate;
	double rows;          /* as many as the weights are worth */
	uint32_t sample_rows; /* 0: none kept */
	double *sample; /* [sample_rows][count] feature vectors: NaN missing, categories by code */
} CpProfile;

extern CpStatus cp_profile_init(CpProfile *profile, CpContext *context, uint32_t count);

/* Rows that the sample may have. */
extern uint32_t cp_profile_sample_size(uint32_t count);

/* A feature from its values [n], NaN = missing; weights [n] or NULL. Category: codes 0 .. cells - 1. */
extern CpStatus cp_profile_feature(CpContext *context, const double *values, const double *weights,
                                   uint32_t n, bool category, uint32_t cells,
                                   CpReference *reference);

/* Profile bytes in writer->bytes, writer->length. */
extern CpStatus cp_profile_write(const CpProfile *profile, CpContext *context, CpWriter *writer);

/* Everything is checked; cells: [count] of each category, 0 for a number, as the model has them. */
extern CpStatus cp_profile_read(CpProfile *profile, CpContext *context, const uint32_t *cells,
                                uint32_t count, const void *bytes, size_t length);

/* --- counting --- */

/* Counts of one set of customers, as of a segment. */
typedef struct CpTallied
{
	uint64_t rows;
	uint64_t *counts; /* [offsets[count]] */
	double *least;    /* [count] */
	double *most;     /* [count] */
} CpTallied;

/*
 * A feature's cuts in blocks of CP_CUT_BLOCK: how many block ends a number passes says which block
 * its cell is in. Comparisons that do not depend on each other cost less than a search.
 */
#define CP_CUT_BLOCK 16

typedef struct CpCutBlocks
{
	uint32_t count; /* of blocks, 0 without cuts */
	uint32_t nends; /* the same, or one more to be even */
	double *ends;   /* [nends] last cut of each block, NaN behind */
	double *cuts;   /* [count][CP_CUT_BLOCK] NaN behind the last one */
} CpCutBlocks;

typedef struct CpCounter
{
	const CpProfile *profile;
	uint32_t *offsets;   /* [count + 1] where a feature's cells begin; behind them: missing */
	CpCutBlocks *blocks; /* [count] */
} CpCounter;

extern CpStatus cp_counter_init(CpCounter *counter, CpContext *context, const CpProfile *profile);
extern CpStatus cp_tallied_init(CpTallied *tallied, CpContext *context, const CpCounter *counter);

/* vector: [count] NaN = missing; a category's code that has no cell counts as the last one. */
extern void cp_count_vector(const CpCounter *counter, CpTallied *tallied, const double *vector);

/* Compare all features: drifts [count]. */
extern void cp_compare_all(const CpCounter *counter, const CpTallied *tallied,
                           CpFeatureDrift *drifts);

#endif
