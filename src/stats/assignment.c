/*
 * assignment.c: which arm a unit gets.
 */
#include "stats/assignment.h"

#include <math.h>
#include <string.h>

#include "num/hash.h"

/* Shares that differ by less are the same, but for rounding. */
#define NOTHING 1e-12

double
cp_unit_place(const uint64_t key[2], const void *unit, size_t length)
{
	return (double) (cp_siphash(key, unit, length) >> 11) * 0x1p-53;
}

static CpStatus
add_range(CpContext *context, CpRanges *ranges, double length, uint32_t arm)
{
	double from = ranges->count == 0 ? 0 : ranges->to[ranges->count - 1];

	if (length <= NOTHING)
		return CP_OK;
	if (ranges->count > 0 && ranges->arm[ranges->count - 1] == arm)
		ranges->count--;
	if (ranges->count == CP_MAX_RANGES)
		return cp_fail(context, CP_BAD_PARAMETER, "There would be more than %d ranges.",
		               CP_MAX_RANGES);
	ranges->to[ranges->count] = from + length;
	ranges->arm[ranges->count++] = arm;
	return CP_OK;
}

void
cp_ranges_begin(CpRanges *ranges, const double *shares, uint32_t arms)
{
	ranges->count = 0;
	for (uint32_t arm = 0; arm < arms; arm++)
		(void) add_range(NULL, ranges, shares[arm], arm);
	ranges->to[ranges->count - 1] = 1;
}

/* Give places to arms that are short of them, in order. */
static CpStatus
hand_out(CpContext *context, CpRanges *ranges, double length, double *missing, uint32_t arms)
{
	for (uint32_t arm = 0; arm < arms && length > NOTHING; arm++)
	{
		double part = fmin(length, fmax(missing[arm], 0));

		CP_TRY(add_range(context, ranges, part, arm));
		missing[arm] -= part;
		length -= part;
	}
	return CP_OK;
}

CpStatus
cp_ranges_change(CpContext *context, CpRanges *ranges, const double *shares, uint32_t arms)
{
	CpRanges old = *ranges;
	double *missing = NULL; /* [arms] what an arm is to grow by, negative: to give up */
	double from = 0;

	CP_TRY(cp_alloc(context, &missing, arms, sizeof(double)));
	memcpy(missing, shares, arms * sizeof(double));
	for (uint32_t k = 0; k < old.count; k++)
		missing[old.arm[k]] -= old.to[k] - (k == 0 ? 0 : old.to[k - 1]);
	ranges->count = 0;
	for (uint32_t k = 0; k < old.count; k++)
	{
		double length = old.to[k] - from;
		double given = fmin(length, fmax(-missing[old.arm[k]], 0));

		from = old.to[k];
		missing[old.arm[k]] += given;
		CP_TRY(add_range(context, ranges, length - given, old.arm[k]));
		CP_TRY(hand_out(context, ranges, given, missing, arms));
	}
	ranges->to[ranges->count - 1] = 1;
	cp_free(context, &missing);
	return CP_OK;
}

uint32_t
cp_ranges_arm(const CpRanges *ranges, double place)
{
	uint32_t k = 0;

	while (k + 1 < ranges->count && place >= ranges->to[k])
		k++;
	return ranges->arm[k];
}
