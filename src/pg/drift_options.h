/*
 * drift_options.h: which of the field's conventions a drift statistic follows.
 *
 * An option that is given counts; where none is, the convention's default does.
 */
#ifndef CP_DRIFT_OPTIONS_H
#define CP_DRIFT_OPTIONS_H

#include "postgres.h"

#include "num/bytes.h"
#include "utils/array.h"
#include "utils/jsonb.h"

#include "stats/drift.h"

/* What is computed; flags. */
typedef enum CpDriftFigure
{
	CP_DRIFT_PSI = 1,
	CP_DRIFT_KL = 2,
	CP_DRIFT_JS = 4,
	CP_DRIFT_CHI2 = 8,
	CP_DRIFT_KS = 16,
	CP_DRIFT_WASSERSTEIN = 32,
	CP_DRIFT_SUMMARY = 64
} CpDriftFigure;

/* Options that have a few values by name. */
typedef enum CpDriftChoice
{
	CP_DRIFT_CLOSED, /* end of a cell that belongs to it: 0 left, 1 right */
	CP_DRIFT_CONVENTION,
	CP_DRIFT_DIRECTION,  /* 0 of the reference from the current, 1 reverse */
	CP_DRIFT_NORMALISED, /* 0 false, 1 true: filled shares are made to sum to 1 again */
	CP_DRIFT_FORM,       /* 0 divergence, 1 distance, its root */
	CP_DRIFT_BASE,       /* 0 e, 1 two */
	CP_DRIFT_P,          /* a CpDriftLaw */
	CP_DRIFT_TEST,       /* 0 homogeneity, 1 goodness of fit */
	CP_DRIFT_UNIT,       /* 0 the values' own, 1 standard deviations of the reference */
	CP_DRIFT_CHOICES
} CpDriftChoice;

/* Laws of the Kolmogorov-Smirnov distance, see kolmogorov.h. */
typedef enum CpDriftLaw
{
	CP_LAW_EXACT,         /* given the ties */
	CP_LAW_EXACT_NO_TIES, /* as if there were none */
	CP_LAW_LIMIT,
	CP_LAW_FINITE, /* of one sample of nm / (n + m) rows */
	CP_LAW_DEFAULT /* by how many rows there are; no value of the option */
} CpDriftLaw;

typedef struct CpDriftOptions
{
	uint32 bins;                     /* 0 = not given */
	uint32 nedges;                   /* 0 = not given */
	double *edges;                   /* [nedges] finite, ascending */
	uint8 choices[CP_DRIFT_CHOICES]; /* 0 = not given, else the value's number and one */
} CpDriftOptions;

/* From JSON; cells: may they say how numbers are put into cells? */
extern void cp_drift_options_read(CpDriftOptions *options, Jsonb *json, bool cells);
extern void cp_drift_options_bins(CpDriftOptions *options, int32 bins);
extern void cp_drift_options_edges(CpDriftOptions *options, ArrayType *edges);

/* An error when an option was given that does not concern the figure. */
extern void cp_drift_options_check(const CpDriftOptions *options, CpDriftFigure figure);

extern void cp_drift_options_write(const CpDriftOptions *options, CpWriter *writer);
extern CpStatus cp_drift_options_read_bytes(CpDriftOptions *options, CpReader *reader);

/* The number of what is chosen; evidently: what the Evidently library chooses. */
extern uint32 cp_drift_chosen(const CpDriftOptions *options, CpDriftChoice choice,
                              uint32 evidently);

/* The name of a choice's value, as options have it. */
extern const char *cp_drift_choice_name(CpDriftChoice choice, uint32 value);

extern bool cp_drift_evidently(const CpDriftOptions *options);

#endif
