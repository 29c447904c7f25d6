/*
 * limits.h: what a plan may spend, and how often it may or must act.
 *
 * What limits tell apart of an action offered to a customer is only its class: two options of
 * a class count alike and differ in cost alone. A limit bounds, over some of the classes, how
 * many options are chosen or what they cost together. Rows of a linear program; their duals
 * are shadow prices, what one unit more of the bound would be worth.
 */
#ifndef CP_LIMITS_H
#define CP_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "num/context.h"

#define CP_MAX_LIMITS 64
#define CP_MAX_CLASSES 4096

typedef struct CpLimit
{
	bool money;   /* bounds the cost, not the count */
	bool least;   /* at least, not at most */
	double bound; /* finite; what is left of it, so a plan starts at 0 */
} CpLimit;

typedef struct CpLimits
{
	uint32_t count; /* 0 .. CP_MAX_LIMITS */
	CpLimit limits[CP_MAX_LIMITS];
	uint32_t nclasses;                /* 1 .. CP_MAX_CLASSES */
	uint64_t applies[CP_MAX_CLASSES]; /* [nclasses] bit r: limit r is about the class */
} CpLimits;

/* What an option of a class and cost uses of limit r. */
static inline double
cp_limit_use(const CpLimits *limits, uint32_t r, uint16_t class, double cost)
{
	if (!(limits->applies[class] >> r & 1))
		return 0;
	return limits->limits[r].money ? cost : 1;
}

/*
 * What choosing an option of a class is charged beside its value: count, and money for each
 * unit of cost. Sums of shadow prices; those of limits "at least" are negative.
 */
typedef struct CpClassPrices
{
	double count[CP_MAX_CLASSES];
	double money[CP_MAX_CLASSES];
} CpClassPrices;

/* prices: [count] shadow prices, by limit. */
extern void cp_limits_price(const CpLimits *limits, const double *prices, CpClassPrices *out);

/* What a plan adds up to, by class. */
typedef struct CpUse
{
	double value;
	double count[CP_MAX_CLASSES]; /* options chosen; shares count as such */
	double money[CP_MAX_CLASSES]; /* what they cost */
} CpUse;

/* rows: [count] what the plan uses of each limit. */
extern void cp_limits_rows(const CpLimits *limits, const CpUse *use, double *rows);

/* What all bounds together are worth at shadow prices. */
extern double cp_limits_worth(const CpLimits *limits, const double *prices);

#endif
