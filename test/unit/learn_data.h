/*
 * learn_data.h: small data sets for the tests of src/learn.
 */
#ifndef CP_LEARN_DATA_H
#define CP_LEARN_DATA_H

#include "learn/dataset.h"
#include "learn/train.h"

#define LEARN_MOST_COLUMNS 24

/* What a data set is filled from, row by row. */
typedef struct LearnTable
{
	uint32_t rows;
	uint32_t ncolumns;   /* called c0, c1, ... */
	const CpKind *kinds; /* [ncolumns] */
	const double
		*values; /* [rows][ncolumns], NaN missing; a category's value k is the text "level k" */
	const uint8_t *labels;      /* [rows] */
	const double *weights;      /* [rows] or NULL */
	const double *times;        /* [rows] or NULL */
	const uint64_t *units;      /* [rows] or NULL */
	const uint64_t *identities; /* [rows] or NULL */
	const uint32_t *arrival;    /* [rows] the order in which rows are added, or NULL */
	uint32_t max_rows;          /* 0 = keep all */
	uint64_t seed;              /* of the sampling */
} LearnTable;

/* A finished data set. */
extern CpStatus learn_dataset(CpDataset *dataset, CpContext *context, const LearnTable *table);

/* The same, not finished yet. */
extern CpStatus learn_fill(CpDataset *dataset, CpContext *context, const LearnTable *table);

/*
 * An invented problem whose true log-odds is known: numbers with and without
 * missing values, a boolean, a category of three and one of twelve levels, noise.
 */
#define LEARN_COLUMNS 6
extern const CpKind learn_kinds[LEARN_COLUMNS];

/* values: [rows][LEARN_COLUMNS]; log_odds [rows] may be NULL. */
extern void learn_problem(uint64_t seed, uint32_t rows, double *values, uint8_t *labels,
                          double *log_odds);

#define LEARN_MOST_ROWS 4000

/* Rows for a learner of trees: filled by the functions below, changed by tests. */
typedef struct LearnFit
{
	LearnTable table;
	CpDataset dataset;
	CpBinned binned;
	CpTraining data;
	double values[LEARN_MOST_ROWS * LEARN_COLUMNS];
	uint8_t labels[LEARN_MOST_ROWS];
	double weights[LEARN_MOST_ROWS];
	uint8_t folds[LEARN_MOST_ROWS];
	uint32_t rows[LEARN_MOST_ROWS];
} LearnFit;

/* Bin the rows that are in fit->values; one fold, of which no row is kept out, no weights, seed 1. */
extern CpStatus learn_fit_table(LearnFit *fit, CpContext *context);

/* The same with n rows of the invented problem. */
extern CpStatus learn_fit_problem(LearnFit *fit, CpContext *context, uint64_t seed, uint32_t n);

/* Quick settings: 40 rounds of depth 3, no sampling, no early stopping. */
extern void learn_train_params(CpTrainParams *params);

/* A model trained on n rows of the invented problem; with weights when weighted. */
extern CpStatus learn_train(CpContext *context, uint32_t n, bool weighted,
                            const CpTrainParams *params, CpTrained *trained);

#endif
