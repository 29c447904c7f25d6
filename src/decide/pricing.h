/*
 * pricing.h: what customers do at given prices.
 *
 * At shadow prices y the reduced value of an option is its value less what it uses, priced:
 * v - count price - money price * c. Each customer on their own takes the option of the highest
 * reduced value, or none when that is not positive: one scan, and the heart of everything here.
 * The sum of these maxima and of y times the bounds is an upper bound of every plan's value
 * (Lagrangian dual).
 */
#ifndef CP_PRICING_H
#define CP_PRICING_H

#include <stdbool.h>

#include "decide/offers.h"

/* No option; doing nothing. */
#define CP_NO_OPTION UINT32_MAX

/* What an option is worth less what it uses, priced. */
static inline double
cp_less_priced_use(double value, double cost, double count_price, double money_price)
{
	return value - count_price - money_price * cost;
}

/* The same at the prices of its class. worth: 1, or 0 when only the limits matter. */
static inline double
cp_reduced_value(const CpClassPrices *prices, double worth, uint16_t class, double value,
                 double cost)
{
	return cp_less_priced_use(worth * value, cost, prices->count[class], prices->money[class]);
}

/* An option's value, and what it uses of limit r; CP_NO_OPTION has and uses none. */
static inline double
cp_option_value(const CpBlock *block, uint32_t option)
{
	return option == CP_NO_OPTION ? 0 : block->value[option];
}

static inline double
cp_option_use(const CpBlock *block, const CpLimits *limits, uint32_t r, uint32_t option)
{
	return option == CP_NO_OPTION
	           ? 0
	           : cp_limit_use(limits, r, block->classes[option], block->cost[option]);
}

/* The option that customer i of the block takes, or CP_NO_OPTION. *reduced: its reduced value, or 0. */
extern uint32_t cp_price_customer(const CpBlock *block, uint32_t i, const CpClassPrices *prices,
                                  double worth, double *reduced);

/* Add what all customers of the block take to use; returns the sum of their reduced values. */
extern double cp_price_block(const CpBlock *block, const CpClassPrices *prices, double worth,
                             CpUse *use);

/*
 * Customers whose choice could change anywhere within shadow prices low .. high, limit by limit;
 * middle: some prices within, by class. contested: [block->customers]. Never false for one whose
 * choice does change.
 */
extern void cp_price_contested(const CpBlock *block, const CpLimits *limits,
                               const CpClassPrices *middle, const double *low, const double *high,
                               bool *contested);

#endif
