/*
 * limits.c: what a plan may spend, and how often it may or must act.
 */
#include "decide/limits.h"

void
cp_limits_price(const CpLimits *limits, const double *prices, CpClassPrices *out)
{
	for (uint32_t class = 0; class < limits->nclasses; class ++)
	{
		double count = 0;
		double money = 0;

		for (uint32_t r = 0; r < limits->count; r++)
			if (limits->applies[class] >> r & 1)
				*(limits->limits[r].money ? &money : &count) += prices[r];
		out->count[class] = count;
		out->money[class] = money;
	}
}

void
cp_limits_rows(const CpLimits *limits, const CpUse *use, double *rows)
{
	for (uint32_t r = 0; r < limits->count; r++)
	{
		const double *by_class = limits->limits[r].money ? use->money : use->count;

		rows[r] = 0;
		for (uint32_t class = 0; class < limits->nclasses; class ++)
			if (limits->applies[class] >> r & 1)
				rows[r] += by_class[class];
	}
}

double
cp_limits_worth(const CpLimits *limits, const double *prices)
{
	double worth = 0;

	for (uint32_t r = 0; r < limits->count; r++)
		worth += prices[r] * limits->limits[r].bound;
	return worth;
}
