/*
 * survey.c: how many customers there are, and how large their numbers.
 */
#include "decide/survey.h"

#include <math.h>
#include <string.h>

/* Parts of a unit that values are looked at for, and what is too large to have any. */
#define MOST_PARTS 1e4
#define WITHOUT_PARTS 0x1p50

typedef struct Surveying
{
	CpSurvey *survey;
	uint64_t gainers;
} Surveying;

static double
larger(double a, double b)
{
	return a > b ? a : b;
}

/* Is the value a whole number of parts? Adding and taking off the shift leaves the nearest one. */
static bool
has_parts(double value, double parts)
{
	double shift = 0x1.8p52;
	double number = value * parts;

	return fabs(number) < WITHOUT_PARTS && ((number + shift) - shift) / parts == value;
}

/* The least parts, from those so far on, that a value is a whole number of. */
static double
parts_of(double value, double parts)
{
	while (parts > 0 && !has_parts(value, parts))
		parts = parts < MOST_PARTS ? parts * 10 : 0;
	return parts;
}

static void
survey_customer(Surveying *surveying, const CpBlock *block, uint32_t i)
{
	CpSurvey *survey = surveying->survey;
	uint32_t best = CP_NO_OPTION;

	for (uint32_t option = block->start[i]; option < block->start[i + 1]; option++)
	{
		double value = block->value[option];

		survey->parts = parts_of(value, survey->parts);
		survey->max_value = larger(survey->max_value, fabs(value));
		survey->max_cost = larger(survey->max_cost, block->cost[option]);
		if (value > (best == CP_NO_OPTION ? 0 : block->value[best]))
			best = option;
	}
	if (best == CP_NO_OPTION)
		return;
	survey->gain += block->value[best];
	survey->cost += block->cost[best];
	surveying->gainers++;
}

static CpStatus
survey_block(void *visitor, const CpBlock *block)
{
	Surveying *surveying = visitor;

	for (uint32_t i = 0; i < block->customers; i++)
		survey_customer(surveying, block, i);
	surveying->survey->customers += block->customers;
	surveying->survey->options += block->start[block->customers] - block->start[0];
	return CP_OK;
}

CpStatus
cp_survey(CpContext *context, const CpScan *scan, CpSurvey *survey)
{
	Surveying surveying = {survey, 0};

	memset(survey, 0, sizeof(*survey));
	survey->parts = 1;
	CP_TRY(scan->run(scan->host, survey_block, &surveying));
	if (survey->customers == 0)
		return cp_fail(context, CP_BAD_DATA, "There are no customers.");
	if (!(larger(survey->max_value, survey->max_cost) * (double) survey->customers < CP_MAX_TOTAL))
		return cp_fail(context, CP_BAD_DATA, "Values or costs are too large to be added up.");
	if (surveying.gainers > 0)
	{
		survey->gain /= (double) surveying.gainers;
		survey->cost /= (double) surveying.gainers;
	}
	return CP_OK;
}
