/*
 * decimal.c: numeric to double, without going through text.
 *
 * The server's own conversion prints and parses the number, which takes more
 * time than all else that is done with a column. Numbers of up to 15 digits, as
 * money is, need one exact division instead. The format read here is that of
 * numeric on disk, which pg_upgrade has kept since 9.1: a header with sign and
 * weight, then digits of base 10,000. It is no public interface, so it is tried
 * on known numbers when the library is loaded; if any comes out otherwise, the
 * server's conversion is used for all.
 */
#include "pg/compat.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "pg/decimal.h"

#define SHORT_FLAGS 0xC000
#define SHORT 0x8000
#define SHORT_NEGATIVE 0x2000
#define SHORT_WEIGHT_SIGN 0x0040
#define SHORT_WEIGHT_MASK 0x003F
/* More digits may pass 2^53, up to which whole numbers are doubles. */
#define MOST_DIGITS 4
#define EXACT_INTEGER INT64CONST(9007199254740992)
#define BASE 10000
/* 10^22 is the largest power of ten that is a double: five and a half digits of the base. */
#define MOST_PLACES 5

static bool understood = false;

static double
convert_by_text(Datum value)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
}

/* False when the number is not of the common kind. */
static bool
convert_short(Datum value, double *result)
{
	static const double powers[MOST_PLACES + 1] = {1, 1e4, 1e8, 1e12, 1e16, 1e20};
	struct varlena *numeric = PG_DETOAST_DATUM_PACKED(value);
	const char *bytes = VARDATA_ANY(numeric);
	int ndigits = ((int) VARSIZE_ANY_EXHDR(numeric) - (int) sizeof(uint16)) / (int) sizeof(int16);
	uint16 header;
	int weight;
	int64 whole = 0;

	memcpy(&header, bytes, sizeof(header));
	if ((header & SHORT_FLAGS) != SHORT || ndigits > MOST_DIGITS)
		return false;
	for (int i = 0; i < ndigits; i++)
	{
		int16 digit;

		memcpy(&digit, bytes + sizeof(header) + i * sizeof(digit), sizeof(digit));
		whole = whole * BASE + digit;
	}
	weight = header & SHORT_WEIGHT_MASK;
	if (header & SHORT_WEIGHT_SIGN)
		weight |= ~SHORT_WEIGHT_MASK;
	/* Weight is the power of the base of the first digit; places are digits behind the point. */
	weight = ndigits - 1 - weight;
	if (whole > EXACT_INTEGER || abs(weight) > MOST_PLACES)
		return false;
	/* Both operands are exact, so the one operation rounds as a conversion from text would. */
	*result = weight >= 0 ? whole / powers[weight] : whole * powers[-weight];
	if (header & SHORT_NEGATIVE)
		*result = -*result;
	return true;
}

double
cp_decimal_to_double(Datum value)
{
	double result;

	if (understood && convert_short(value, &result))
		return result;
	return convert_by_text(value);
}

void
cp_decimal_init(void)
{
	static const char *const samples[] = {"0",          "1",
	                                      "-1",         "29.85",
	                                      "-1889.5",    "0.0001",
	                                      "0.00000001", "10000",
	                                      "99999999",   "12345678.1234",
	                                      "1e19",       "-9007199254740991",
	                                      "0.1",        "123456789012.345",
	                                      "1e-19",      "65.6000"};

	understood = true;
	for (size_t i = 0; i < lengthof(samples) && understood; i++)
	{
		Datum value = DirectFunctionCall3(numeric_in, CStringGetDatum(samples[i]),
		                                  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		double result;

		understood = !convert_short(value, &result) || result == convert_by_text(value);
	}
}
