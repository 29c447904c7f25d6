/*
 * dataset.h: rows of a source, column by column.
 *
 * Rows arrive one at a time and leave no tuple behind: a number takes eight
 * bytes, a text four until its levels are known and one afterwards. When all
 * have arrived, cp_dataset_finish settles which columns can be learned from,
 * and cp_dataset_order gives the rows an order of their own that depends on the
 * seed and on what they contain, never on the order in which they were read:
 * the same rows make the same model whatever the table's physical order, the
 * plan or the number of workers. Only a sample (max_rows) of rows without an id
 * goes by order of arrival.
 */
#ifndef CP_DATASET_H
#define CP_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/dictionary.h"
#include "learn/featuremap.h"
#include "num/context.h"

#define CP_MAX_ROWS (INT32_MAX - 1)

/* A text column is taken for an identifier when more than this share of its values is distinct */
#define CP_ID_SHARE 0.9
/* ... and there are at least this many, */
#define CP_ID_DISTINCT 10
/* ... or in any case at this many, so that its dictionary stays small. */
#define CP_ID_DISTINCT_MAX 200000

typedef enum CpDropped
{
	CP_KEPT,
	CP_DROPPED_EMPTY,    /* every value is missing */
	CP_DROPPED_CONSTANT, /* one value, never missing */
	CP_DROPPED_ID        /* text, nearly all values distinct */
} CpDropped;

typedef struct CpColumn
{
	const char *name; /* belongs to the caller */
	CpKind kind;
	CpDropped dropped;
	double *numbers;    /* [rows] numbers, booleans, times; NaN = missing */
	uint32_t *codes;    /* [rows] category while reading: code in texts, CP_NO_CODE = missing */
	uint8_t *levels;    /* [rows] category once finished: level, other or missing */
	CpDictionary texts; /* category: while reading all texts, once finished the levels */
} CpColumn;

/* In CpColumn.levels: level code, then "other", then "missing". */
#define CP_LEVEL_OTHER(column) ((column)->texts.count)
#define CP_LEVEL_MISSING(column) ((column)->texts.count + 1)

typedef struct CpDataset
{
	CpContext *context;
	uint32_t ncolumns;
	CpColumn *columns; /* [ncolumns] */
	uint32_t rows;
	uint32_t capacity;
	uint8_t *labels; /* [rows] 1 = churned */
	double *weights; /* [rows], NULL = all 1 */
	double *times;   /* [rows], NULL unless the split is by time */
	uint64_t
		*units; /* [rows] hash of what must stay together, an id or a group; 0 = the row alone */
	uint64_t *contents; /* [rows] hash of the whole row: breaks ties between rows of one unit */
	uint64_t content;   /* of the row being filled */

	/* Sampling: of the rows that arrive the max_rows with the smallest draws are kept. */
	uint32_t max_rows; /* 0 = keep all */
	uint64_t *draws;   /* [rows], NULL when all are kept */
	uint64_t seed;
	uint64_t largest_draw; /* rows with a larger draw are not kept */
	uint32_t thin_at;      /* rows at which the largest draws go */
	uint64_t arrived;      /* rows offered, kept or not */
} CpDataset;

/* One row's particulars beside its features. */
typedef struct CpRowInfo
{
	bool churned;
	double weight;
	double time;
	uint64_t unit;     /* hash of what it must stay together with, 0 = nothing */
	uint64_t identity; /* hash of its id, 0 = none */
} CpRowInfo;

/* names and kinds: [ncolumns], names stay with the caller. */
extern CpStatus cp_dataset_init(CpDataset *dataset, CpContext *context, uint32_t ncolumns,
                                const char *const *names, const CpKind *kinds, bool weighted,
                                bool timed, uint32_t max_rows, uint64_t seed);

/* All of it, finished or not. */
extern void cp_dataset_free(CpDataset *dataset);

/* Make room for the next row and start it; every column is then set once, in order. */
extern CpStatus cp_dataset_begin_row(CpDataset *dataset);
extern void cp_dataset_set_number(CpDataset *dataset, uint32_t column, double value);
extern CpStatus cp_dataset_set_text(CpDataset *dataset, uint32_t column, const char *text,
                                    size_t length);
extern void cp_dataset_set_missing(CpDataset *dataset, uint32_t column);
extern CpStatus cp_dataset_end_row(CpDataset *dataset, const CpRowInfo *info);

/*
 * Settle the levels of categories, which columns are dropped and why, and scale
 * the weights to a mean of 1. CP_BAD_DATA when all weights are zero.
 */
extern CpStatus cp_dataset_finish(CpDataset *dataset);

/* The map of the columns that were kept; names are copied, levels move into the map's context. */
extern CpStatus cp_dataset_featuremap(const CpDataset *dataset, CpFeatureMap *map);

/*
 * order: [rows] allocated here. By a hash of unit and seed, then by content; rows
 * without a unit by a hash of their content and, since rows may be equal, of
 * which of its equals a row is.
 */
extern CpStatus cp_dataset_order(const CpDataset *dataset, uint64_t seed, uint32_t **order);

/* Value of a kept column as in a feature vector (featuremap.h). */
extern double cp_dataset_value(const CpColumn *column, uint32_t row);

/* The kept columns of a row as a feature vector. */
extern void cp_dataset_vector(const CpDataset *dataset, uint32_t row, double *vector);

/*
 * To a mean of 1, by a factor that does not depend on their order. When all are zero:
 * false, and they stay. They are finite and not negative.
 */
extern bool cp_scale_weights(double *weights, uint32_t n);

#endif
