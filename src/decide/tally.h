/*
 * tally.h: what a plan adds up to, counted exactly.
 *
 * Sums of doubles are wrong in the last digits, and a budget passed by a billionth of a cent is
 * passed. So shares are whole numbers of 1e-12 and money of a decimal unit so fine that the
 * largest cost has 15 digits. A cost or bound with no more decimals than that is exact, as it
 * is when the server turns it into a numeric; any other counts as the next unit that is on
 * the safe side.
 */
#ifndef CP_TALLY_H
#define CP_TALLY_H

#include "decide/limits.h"

#define CP_SHARE_UNITS INT64_C(1000000000000)

/* Aligned as memory of the context is, not more strictly. */
__extension__ typedef __int128 CpExact __attribute__((aligned(8)));
typedef long double CpScale __attribute__((aligned(8)));

typedef struct CpTally
{
	const CpLimits *limits;
	int digits;                    /* money units are 10^-digits */
	CpScale power;                 /* 10^|digits| */
	CpExact used[CP_MAX_LIMITS];   /* in share units, or these times money units */
	CpExact bounds[CP_MAX_LIMITS]; /* likewise */
} CpTally;

/* max_cost: the largest of any option. */
extern void cp_tally_init(CpTally *tally, const CpLimits *limits, double max_cost);

/* shares: of the option, in share units; negative takes it off again. */
extern void cp_tally_add(CpTally *tally, uint16_t class, double cost, int64_t shares);

/* By how much limit r is passed, in its own units: > 0 too much of "at most", or too little of "at least". */
extern CpExact cp_tally_excess(const CpTally *tally, uint32_t r);

/* Is every limit kept, "at most" and "at least" alike? */
extern bool cp_tally_keeps(const CpTally *tally);

/* Would all limits "at most" be kept with the shares of an option added? */
extern bool cp_tally_fits(const CpTally *tally, uint16_t class, double cost, int64_t shares);

/* What one share unit of an option uses of limit r; 0 = it is not about the class, or it is free. */
extern CpExact cp_tally_charge(const CpTally *tally, uint32_t r, uint16_t class, double cost);

/* By how much limit r is passed, in money or options; negative when it is not. */
extern double cp_tally_passed(const CpTally *tally, uint32_t r);

/* What is used of limit r, likewise. */
extern double cp_tally_used(const CpTally *tally, uint32_t r);

#endif
