/*
 * pricing.c: what customers do at given prices.
 */
#include "decide/pricing.h"

#include <math.h>

uint32_t
cp_price_customer(const CpBlock *block, uint32_t i, const CpClassPrices *prices, double worth,
                  double *reduced)
{
	uint32_t taken = CP_NO_OPTION;
	double best = 0;

	for (uint32_t option = block->start[i]; option < block->start[i + 1]; option++)
	{
		double r = cp_reduced_value(prices, worth, block->classes[option], block->value[option],
		                            block->cost[option]);

		taken = r > best ? option : taken;
		best = r > best ? r : best;
	}
	*reduced = best;
	return taken;
}

double
cp_price_block(const CpBlock *block, const CpClassPrices *prices, double worth, CpUse *use)
{
	double total = 0;
	double value = 0;

	for (uint32_t i = 0; i < block->customers; i++)
	{
		double reduced;
		uint32_t taken = cp_price_customer(block, i, prices, worth, &reduced);

		if (taken == CP_NO_OPTION)
			continue;
		total += reduced;
		value += block->value[taken];
		use->count[block->classes[taken]] += 1;
		use->money[block->classes[taken]] += block->cost[taken];
	}
	use->value += value;
	return total;
}

/* Limits that are about the option. */
static uint64_t
limits_about(const CpBlock *block, const CpLimits *limits, uint32_t option)
{
	return option == CP_NO_OPTION ? 0 : limits->applies[block->classes[option]];
}

/* How much option a leads b by, at least, wherever the prices are; either may be none. */
static double
least_lead(const CpBlock *block, const CpLimits *limits, const double *low, const double *high,
           uint32_t a, uint32_t b)
{
	uint64_t about = limits_about(block, limits, a) | limits_about(block, limits, b);
	double lead = cp_option_value(block, a) - cp_option_value(block, b);

	for (uint32_t r = 0; about != 0; r++, about >>= 1)
	{
		double more;

		if (!(about & 1))
			continue;
		more = cp_option_use(block, limits, r, a) - cp_option_use(block, limits, r, b);
		if (more != 0)
			lead -= fmax(more * low[r], more * high[r]);
	}
	return lead;
}

static bool
customer_contested(const CpBlock *block, uint32_t i, const CpLimits *limits,
                   const CpClassPrices *middle, const double *low, const double *high)
{
	double reduced;
	uint32_t taken = cp_price_customer(block, i, middle, 1, &reduced);

	if (taken != CP_NO_OPTION && !(least_lead(block, limits, low, high, taken, CP_NO_OPTION) > 0))
		return true;
	for (uint32_t option = block->start[i]; option < block->start[i + 1]; option++)
		if (option != taken && !(least_lead(block, limits, low, high, taken, option) > 0))
			return true;
	return false;
}

void
cp_price_contested(const CpBlock *block, const CpLimits *limits, const CpClassPrices *middle,
                   const double *low, const double *high, bool *contested)
{
	for (uint32_t i = 0; i < block->customers; i++)
		contested[i] = customer_contested(block, i, limits, middle, low, high);
}
