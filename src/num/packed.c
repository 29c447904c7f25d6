/*
 * packed.c: columns of doubles that take no more room than they need, without loss.
 */
#include "num/packed.h"

#include <stdbool.h>
#include <string.h>

#include "num/exp_core.h"

#define MAX_DIVISOR 1e6
/* Values between two looks at whether they fit. */
#define STRETCH 64

/*
 * Whether all n values are whole numbers of 32 bits over the divisor, which are left in out.
 * Adding 1.5 * 2^52 rounds to a whole number and leaves it in the low bits; whatever these hold
 * of a value out of range, of infinity or of NaN, only the way back decides.
 */
static bool
to_decimals(const double *restrict values, size_t n, double divisor, int32_t *restrict out)
{
	uint64_t different = 0;

	for (size_t i = 0; i < n; i++)
	{
		int32_t whole = (int32_t) cp_bits_of(values[i] * divisor + 6755399441055744.0);

		out[i] = whole;
		different |= cp_bits_of(whole / divisor) ^ cp_bits_of(values[i]);
	}
	return different == 0;
}

/*
 * Finds the divisor on the way: what fits over one fits over the next, as long as it is small
 * enough. What was converted before the last change is done again.
 */
static bool
pack_decimals(const double *values, size_t n, CpPacked *packed)
{
	int32_t *out = packed->values;
	size_t again = 0;

	packed->packing = CP_PACKED_DECIMAL;
	packed->divisor = 1;
	for (size_t from = 0; from < n; from += STRETCH)
	{
		size_t length = n - from < STRETCH ? n - from : STRETCH;

		while (!to_decimals(values + from, length, packed->divisor, out + from))
		{
			if (packed->divisor == MAX_DIVISOR)
				return false;
			packed->divisor *= 10;
			again = from;
		}
	}
	return to_decimals(values, again, packed->divisor, out);
}

static bool
pack_floats(const double *restrict values, size_t n, CpPacked *packed)
{
	float *restrict out = packed->values;
	uint64_t different = 0;

	packed->packing = CP_PACKED_FLOAT;
	for (size_t i = 0; i < n; i++)
	{
		float rounded = (float) values[i];

		out[i] = rounded;
		different |= cp_bits_of(rounded) ^ cp_bits_of(values[i]);
	}
	return different == 0;
}

CpStatus
cp_pack(CpContext *context, const double *values, size_t n, CpPacked *packed)
{
	CP_TRY(cp_alloc(context, &packed->values, n, sizeof(float)));
	if (pack_decimals(values, n, packed) || pack_floats(values, n, packed))
		return CP_OK;
	cp_free(context, &packed->values);
	packed->packing = CP_PACKED_DOUBLE;
	CP_TRY(cp_alloc(context, &packed->values, n, sizeof(double)));
	memcpy(packed->values, values, n * sizeof(double));
	return CP_OK;
}

static void
from_decimals(const int32_t *restrict values, size_t n, double divisor, double *restrict out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = values[i] / divisor;
}

static void
from_floats(const float *restrict values, size_t n, double *restrict out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = values[i];
}

void
cp_unpack(const CpPacked *packed, size_t from, size_t n, double *out)
{
	switch (packed->packing)
	{
		case CP_PACKED_DECIMAL:
			from_decimals((const int32_t *) packed->values + from, n, packed->divisor, out);
			break;
		case CP_PACKED_FLOAT:
			from_floats((const float *) packed->values + from, n, out);
			break;
		case CP_PACKED_DOUBLE:
			memcpy(out, (const double *) packed->values + from, n * sizeof(double));
			break;
	}
}

size_t
cp_packed_width(const CpPacked *packed)
{
	return packed->packing == CP_PACKED_DOUBLE ? sizeof(double) : sizeof(float);
}

void
cp_packed_free(CpContext *context, CpPacked *packed)
{
	cp_free(context, &packed->values);
}
