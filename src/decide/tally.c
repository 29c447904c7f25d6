/*
 * tally.c: what a plan adds up to, counted exactly.
 */
#include "decide/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits that any double has. */
#define DIGITS 15

/* Places behind the point that a share has. */
#define SHARE_DIGITS 12

/* Units of money, or of shares, that no sum of costs comes near; times SHARE_UNITS it is a CpExact. */
#define ENDLESS ((CpExact) 1 << 80)

/* What a number in units can be off by: some roundings of a long double. */
#define ERROR 0x1p-60L

/* number * 10^places; power is 10^|places|, for what is exact times 10 need not be divided by 0.1. */
static long double
shift(long double number, int places, long double power)
{
	return places < 0 ? number / power : number * power;
}

/*
 * A cost in units: [false] for limits "at most", [true] for those "at least". One that has more
 * decimals than a unit has counts as more than it is with the former, as less with the latter.
 */
static void
cost_units(const CpTally *tally, double cost, CpExact units[2])
{
	long double scaled = shift(cost, tally->digits, tally->power);
	long double whole = rintl(scaled);

	if ((double) shift(whole, -tally->digits, tally->power) == cost)
	{
		units[false] = units[true] = (CpExact) whole;
		return;
	}
	units[false] = (CpExact) ceill(scaled + scaled * ERROR);
	units[true] = (CpExact) floorl(scaled - scaled * ERROR);
}

/* mantissa * 10^exponent, rounded down or up. */
static CpExact
shifted(CpExact mantissa, int exponent, bool up)
{
	bool cut = false;

	for (; exponent > 0; exponent--)
	{
		if (mantissa >= ENDLESS || mantissa <= -ENDLESS)
			return mantissa > 0 ? ENDLESS : -ENDLESS;
		mantissa *= 10;
	}
	for (; exponent < 0; exponent++)
	{
		int last = (int) (mantissa % 10);

		cut |= last != 0;
		mantissa = mantissa / 10 - (last < 0);
	}
	return mantissa + (up && cut);
}

/* The same of a bound that no short decimal number is: further than it can be off, but not past 0. */
static CpExact
far_units(double bound, int digits, bool up)
{
	long double scaled = shift(bound, digits, powl(10, abs(digits)));
	long double off = fabsl(scaled) * ERROR;

	if (fabsl(scaled) >= (long double) ENDLESS)
		return bound > 0 ? ENDLESS : -ENDLESS;
	if (up)
		return (CpExact) (bound < 0 ? fminl(ceill(scaled + off), 0) : ceill(scaled + off));
	return (CpExact) (bound > 0 ? fmaxl(floorl(scaled - off), 0) : floorl(scaled - off));
}

/* A bound in units of 10^-digits, rounded to where it is harder to keep. */
static CpExact
bound_units(double bound, int digits, bool up)
{
	int first = bound == 0 ? 0 : (int) floor(log10(fabs(bound)));

	for (int places = DIGITS - 1 - first; places <= DIGITS - first; places++)
	{
		long double power = powl(10, abs(places));
		long double whole = rintl(shift(bound, places, power));

		if (fabsl(whole) < 0x1p53L && (double) shift(whole, -places, power) == bound)
			return shifted((CpExact) whole, digits - places, up);
	}
	return far_units(bound, digits, up);
}

void
cp_tally_init(CpTally *tally, const CpLimits *limits, double max_cost)
{
	memset(tally, 0, sizeof(*tally));
	tally->limits = limits;
	tally->digits = max_cost > 0 ? DIGITS - 1 - (int) floor(log10(max_cost)) : 0;
	tally->power = powl(10, abs(tally->digits));
	for (uint32_t r = 0; r < limits->count; r++)
	{
		const CpLimit *limit = &limits->limits[r];
		int digits = limit->money ? tally->digits : SHARE_DIGITS;
		CpExact bound = bound_units(limit->bound, digits, limit->least);

		if (limit->money)
			bound = (bound > ENDLESS ? ENDLESS : bound) * CP_SHARE_UNITS;
		tally->bounds[r] = bound;
	}
}

CpExact
cp_tally_charge(const CpTally *tally, uint32_t r, uint16_t class, double cost)
{
	CpExact units[2];

	if (!(tally->limits->applies[class] >> r & 1))
		return 0;
	if (!tally->limits->limits[r].money)
		return 1;
	cost_units(tally, cost, units);
	return units[tally->limits->limits[r].least];
}

void
cp_tally_add(CpTally *tally, uint16_t class, double cost, int64_t shares)
{
	CpExact units[2];

	cost_units(tally, cost, units);
	for (uint32_t r = 0; r < tally->limits->count; r++)
	{
		const CpLimit *limit = &tally->limits->limits[r];

		if (tally->limits->applies[class] >> r & 1)
			tally->used[r] += shares * (limit->money ? units[limit->least] : 1);
	}
}

CpExact
cp_tally_excess(const CpTally *tally, uint32_t r)
{
	CpExact over = tally->used[r] - tally->bounds[r];

	return tally->limits->limits[r].least ? -over : over;
}

bool
cp_tally_keeps(const CpTally *tally)
{
	for (uint32_t r = 0; r < tally->limits->count; r++)
		if (cp_tally_excess(tally, r) > 0)
			return false;
	return true;
}

bool
cp_tally_fits(const CpTally *tally, uint16_t class, double cost, int64_t shares)
{
	for (uint32_t r = 0; r < tally->limits->count; r++)
		if (!tally->limits->limits[r].least &&
		    cp_tally_excess(tally, r) + shares * cp_tally_charge(tally, r, class, cost) > 0)
			return false;
	return true;
}

/* An amount of limit r in money or options. */
static double
amount_of(const CpTally *tally, uint32_t r, CpExact units)
{
	long double amount = (long double) units / CP_SHARE_UNITS;

	if (tally->limits->limits[r].money)
		amount = shift(amount, -tally->digits, tally->power);
	return (double) amount;
}

double
cp_tally_passed(const CpTally *tally, uint32_t r)
{
	return amount_of(tally, r, cp_tally_excess(tally, r));
}

double
cp_tally_used(const CpTally *tally, uint32_t r)
{
	return amount_of(tally, r, tally->used[r]);
}
