/*
 * training_set.h: a source read into a dataset, as the options say.
 *
 * Decides for every column of the source what it is: label, weight, time, group,
 * identifier, feature, or nothing; reads the rows; tells in notices what was
 * left out and why.
 */
#ifndef CP_TRAINING_SET_H
#define CP_TRAINING_SET_H

#include "postgres.h"

#include "learn/dataset.h"
#include "pg/bridge.h"
#include "pg/options.h"

typedef struct CpTrainingSet
{
	CpDataset dataset;     /* finished */
	char *source;          /* as it will be stored */
	char *label;           /* the column's name */
	const char *positive;  /* text in it that means churned, NULL for numbers and booleans */
	bool identified;       /* are the dataset's units hashes of ids? */
	char *roles[CP_ROLES]; /* column names as in the source, NULL = not told */
} CpTrainingSet;

/* SPI must be connected. */
extern void cp_training_set_read(CpTrainingSet *set, CpBridge *bridge, const char *source,
                                 const char *label, const CpOptions *options);

#endif
