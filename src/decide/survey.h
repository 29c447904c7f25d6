/*
 * survey.h: how many customers there are, and how large their numbers.
 */
#ifndef CP_SURVEY_H
#define CP_SURVEY_H

#include "decide/core.h"

/* Values and costs may not add up to more. */
#define CP_MAX_TOTAL 1e290

typedef struct CpSurvey
{
	uint64_t customers;
	uint64_t options;
	double max_value; /* largest absolute value of any option */
	double max_cost;  /* largest cost */
	double parts; /* 1, 10, ..., 1e4: all values are whole numbers of 1 / parts; 0 = they are not */
	double gain;  /* mean of the customers' highest values that are positive, 0 = none is; */
	double cost;  /* mean cost of these options */
} CpSurvey;

/* CP_BAD_DATA: no customers, or numbers that add up to too much. */
extern CpStatus cp_survey(CpContext *context, const CpScan *scan, CpSurvey *survey);

#endif
