/*
 * fn_price.c: the aggregate cp_price, one pricing scan of an allocation, and cp_bid, the same
 * arithmetic for a single option.
 *
 * The state is one block of bytes that any node may combine. It holds the prices it was made
 * with: sums at different prices have no meaning together.
 */
#include "pg/compat.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/jsonb.h"

#include "decide/pricing.h"
#include "pg/args.h"
#include "pg/decimal.h"
#include "pg/json.h"

PG_FUNCTION_INFO_V1(cp_price_transition);
PG_FUNCTION_INFO_V1(cp_price_transition_real);
PG_FUNCTION_INFO_V1(cp_price_combine);
PG_FUNCTION_INFO_V1(cp_price_final);
PG_FUNCTION_INFO_V1(cp_bid);

/* --- state -------------------------------------------------------------- */

/* What additions lose is summed apart (Neumaier 1974). */
typedef struct Sum
{
	double sum;
	double lost;
} Sum;

typedef struct Taken
{
	uint64 count;
	Sum money;
} Taken;

/* Behind the prices follows what was taken, [nclasses] of Taken. */
typedef struct PriceState
{
	int32 length; /* of a varlena */
	uint32 nclasses;
	uint32 nmoney; /* money prices: one for each class, or one for all */
	uint32 zero;   /* keeps what follows aligned */
	uint64 customers;
	Sum reduced_value;
	Sum value;
	double prices[FLEXIBLE_ARRAY_MEMBER]; /* [nclasses] for the count, [nmoney] for money */
} PriceState;

static void
add(Sum *sum, double term)
{
	double total = sum->sum + term;
	double added = total - sum->sum;

	sum->lost += (sum->sum - (total - added)) + (term - added);
	sum->sum = total;
}

static void
add_sum(Sum *sum, const Sum *other)
{
	add(sum, other->sum);
	sum->lost += other->lost;
}

static double
total_of(const Sum *sum)
{
	double total = sum->sum + sum->lost;

	if (!isfinite(total))
		float_overflow_error();
	return total;
}

static Taken *
taken_of(PriceState *state)
{
	return (Taken *) (state->prices + state->nclasses + state->nmoney);
}

static Size
state_size(Size nclasses, Size nmoney)
{
	return offsetof(PriceState, prices) + (nclasses + nmoney) * sizeof(double) +
	       nclasses * sizeof(Taken);
}

static PriceState *
checked_state(bytea *bytes)
{
	PriceState *state = (PriceState *) bytes;

	if (VARSIZE(bytes) < offsetof(PriceState, prices) || state->nclasses < 1 ||
	    state->nclasses > CP_MAX_CLASSES ||
	    (state->nmoney != 1 && state->nmoney != state->nclasses) ||
	    VARSIZE(bytes) != state_size(state->nclasses, state->nmoney))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the state of cp_price must be one that it made")));
	return state;
}

static bool
same_prices(const PriceState *state, uint32 nclasses, const void *count_prices, uint32 nmoney,
            const void *money_prices)
{
	return state->nclasses == nclasses && state->nmoney == nmoney &&
	       memcmp(state->prices, count_prices, nclasses * sizeof(double)) == 0 &&
	       memcmp(state->prices + nclasses, money_prices, nmoney * sizeof(double)) == 0;
}

/* --- arguments ---------------------------------------------------------- */

enum
{
	STATE,
	VALUE,
	COST,
	CLASS,
	COUNT_PRICE,
	MONEY_PRICE
};

static const char *const argument_names[] = {"state", "value",       "cost",
                                             "class", "count_price", "money_price"};

/*
 * A list of numbers where it lies in a tuple: there a short array is not aligned, and to have
 * it copied by the server takes as long as all that is done with it here.
 */
typedef struct Elements
{
	uint32 length;
	const uint8 *present; /* bits, or NULL: all */
	const char *data;     /* NULLs take no room */
} Elements;

static Elements
elements_of(FunctionCallInfo fcinfo, int argument)
{
	Elements elements = {0};
	ArrayType header;
	const char *array;

	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"%s\" must not be NULL", argument_names[argument])));
	/* From here all but the length word is as in an array that is aligned. */
	array = VARDATA_ANY(PG_GETARG_VARLENA_PP(argument));
	memcpy((char *) &header + VARHDRSZ, array, sizeof(header) - VARHDRSZ);
	if (header.ndim > 1)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("argument \"%s\" must have one dimension", argument_names[argument])));
	if (header.ndim == 0)
		return elements;
	memcpy(&elements.length, array + sizeof(header) - VARHDRSZ, sizeof(elements.length));
	if (ARR_HASNULL(&header))
		elements.present = (const uint8 *) array + sizeof(header) + 2 * sizeof(int32) - VARHDRSZ;
	elements.data = array + ARR_DATA_OFFSET(&header) - VARHDRSZ;
	return elements;
}

static bool
is_null(const Elements *list, uint32 i)
{
	return list->present != NULL && (list->present[i / 8] & (1 << (i % 8))) == 0;
}

static Elements
elements_without_nulls(FunctionCallInfo fcinfo, int argument)
{
	Elements numbers = elements_of(fcinfo, argument);

	for (uint32 i = 0; i < numbers.length && numbers.present != NULL; i++)
		if (is_null(&numbers, i))
			ereport(ERROR,
			        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			         errmsg("argument \"%s\" must not contain NULL", argument_names[argument])));
	return numbers;
}

static void
require_length(int argument, uint32 length, bool allowed, const char *wanted)
{
	if (!allowed)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"%s\" must have %s", argument_names[argument], wanted),
		                errdetail("Its length is %u.", length)));
}

/* The error that an element is not in its range; it is named by what it is of, from 0. */
static void
report_element(int argument, const char *of, uint32 which, double element, const char *range)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("%s of %s %u is out of range", argument_names[argument], of, which + 1),
	                errdetail("It is %s and must be %s.", cp_shortest(element), range)));
}

/* --- prices ------------------------------------------------------------- */

static void
copy_prices(double *prices, const Elements *list, int argument)
{
	memcpy(prices, list->data, list->length * sizeof(double));
	for (uint32 i = 0; i < list->length; i++)
		if (!isfinite(prices[i]))
			report_element(argument, "class", i, prices[i], "finite");
}

static PriceState *
make_state(const Elements *count_prices, const Elements *money_prices)
{
	uint32 nclasses = count_prices->length;
	uint32 nmoney = money_prices->length;
	PriceState *state;

	require_length(COUNT_PRICE, nclasses, nclasses >= 1 && nclasses <= CP_MAX_CLASSES,
	               psprintf("an element for each class, 1 to %d", CP_MAX_CLASSES));
	require_length(MONEY_PRICE, nmoney, nmoney == 1 || nmoney == nclasses,
	               "as many elements as \"count_price\", or one");
	state = palloc0(state_size(nclasses, nmoney));
	SET_VARSIZE(state, state_size(nclasses, nmoney));
	state->nclasses = nclasses;
	state->nmoney = nmoney;
	copy_prices(state->prices, count_prices, COUNT_PRICE);
	copy_prices(state->prices + nclasses, money_prices, MONEY_PRICE);
	return state;
}

/* The state, which belongs to us inside an aggregate, or a new one. */
static PriceState *
state_at_prices(FunctionCallInfo fcinfo)
{
	Elements count_prices = elements_without_nulls(fcinfo, COUNT_PRICE);
	Elements money_prices = elements_without_nulls(fcinfo, MONEY_PRICE);
	PriceState *state;

	if (PG_ARGISNULL(STATE))
		return make_state(&count_prices, &money_prices);
	state = checked_state(PG_GETARG_BYTEA_P(STATE));
	if (!same_prices(state, count_prices.length, count_prices.data, money_prices.length,
	                 money_prices.data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("prices must be the same in all rows"),
		                errhint("For several prices in one query, group by them.")));
	return state;
}

/* --- a customer --------------------------------------------------------- */

static void
report_half(uint32 option, bool has_cost)
{
	ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
	                has_cost ? errmsg("option %u has a cost but no value", option + 1)
	                         : errmsg("option %u has a value but no cost", option + 1),
	                errhint("Of an option that is not open to the customer both are NULL.")));
}

static pg_attribute_always_inline double
number(const Elements *list, uint32 i, bool real)
{
	float4 narrow;
	float8 wide;

	if (real)
	{
		memcpy(&narrow, list->data + i * sizeof(narrow), sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, list->data + i * sizeof(wide), sizeof(wide));
	return wide;
}

/* From 0. */
static pg_attribute_always_inline uint32
class_of(const Elements *classes, uint32 option, uint32 nclasses)
{
	int32 class;

	memcpy(&class, classes->data + option * sizeof(class), sizeof(class));
	if (unlikely(class < 1 || (uint32) class > nclasses))
		report_element(CLASS, "option", option, class, psprintf("between 1 and %u", nclasses));
	return class - 1;
}

static pg_attribute_always_inline void
take_best(PriceState *state, const Elements *values, const Elements *costs, const Elements *classes,
          bool real)
{
	const double *count_prices = state->prices;
	const double *money_prices = state->prices + state->nclasses;
	uint32 given = 0;
	double best = 0, best_value = 0, best_cost = 0;
	uint32 best_class = 0;

	for (uint32 i = 0; i < values->length; i++)
	{
		bool closed = is_null(values, i);
		double value, cost, reduced;
		uint32 class;

		if (unlikely(closed != is_null(costs, i)))
			report_half(i, closed);
		if (closed)
			continue;
		value = number(values, given, real);
		cost = number(costs, given++, real);
		if (unlikely(!isfinite(value)))
			report_element(VALUE, "option", i, value, "finite");
		if (unlikely(!(cost >= 0 && cost <= DBL_MAX)))
			report_element(COST, "option", i, cost, "finite and not negative");
		class = class_of(classes, i, state->nclasses);
		reduced = cp_less_priced_use(value, cost, count_prices[class],
		                             money_prices[state->nmoney == 1 ? 0 : class]);
		if (reduced > best)
		{
			best = reduced;
			best_value = value;
			best_cost = cost;
			best_class = class;
		}
	}
	if (best > 0)
	{
		Taken *taken = taken_of(state) + best_class;

		add(&state->reduced_value, best);
		add(&state->value, best_value);
		taken->count++;
		add(&taken->money, best_cost);
	}
}

static pg_attribute_always_inline Datum
price_customer(FunctionCallInfo fcinfo, bool real)
{
	PriceState *state;
	Elements values, costs, classes;

	cp_aggregate_memory(fcinfo);
	state = state_at_prices(fcinfo);
	state->customers++;
	if (PG_ARGISNULL(VALUE))
		PG_RETURN_POINTER(state);
	values = elements_of(fcinfo, VALUE);
	costs = elements_of(fcinfo, COST);
	classes = elements_without_nulls(fcinfo, CLASS);
	require_length(COST, costs.length, costs.length == values.length,
	               "as many elements as \"value\"");
	require_length(CLASS, classes.length, classes.length >= values.length,
	               "at least as many elements as \"value\"");
	take_best(state, &values, &costs, &classes, real);
	PG_RETURN_POINTER(state);
}

Datum
cp_price_transition(PG_FUNCTION_ARGS)
{
	return price_customer(fcinfo, false);
}

Datum
cp_price_transition_real(PG_FUNCTION_ARGS)
{
	return price_customer(fcinfo, true);
}

/* --- sums --------------------------------------------------------------- */

/* The state as another node sent it: a copy, because in a tuple it is not aligned. */
static PriceState *
received_state(FunctionCallInfo fcinfo, int argument)
{
	return checked_state(PG_GETARG_BYTEA_P_COPY(argument));
}

Datum
cp_price_combine(PG_FUNCTION_ARGS)
{
	PriceState *into, *from;

	cp_aggregate_memory(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = received_state(fcinfo, 1);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(from);
	into = checked_state(PG_GETARG_BYTEA_P(0));
	if (!same_prices(into, from->nclasses, from->prices, from->nmoney,
	                 from->prices + from->nclasses))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("partial states with different prices cannot be combined")));
	into->customers += from->customers;
	add_sum(&into->reduced_value, &from->reduced_value);
	add_sum(&into->value, &from->value);
	for (uint32 i = 0; i < into->nclasses; i++)
	{
		taken_of(into)[i].count += taken_of(from)[i].count;
		add_sum(&taken_of(into)[i].money, &taken_of(from)[i].money);
	}
	PG_RETURN_POINTER(into);
}

static Datum
float8_array(Datum *numbers, uint32 n)
{
	return PointerGetDatum(
		construct_array(numbers, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

Datum
cp_price_final(PG_FUNCTION_ARGS)
{
	PriceState *state = received_state(fcinfo, 0);
	Datum *counts = palloc(state->nclasses * sizeof(Datum));
	Datum *money = palloc(state->nclasses * sizeof(Datum));
	uint64 chosen = 0;
	Sum cost = {0, 0};
	Datum values[7];
	bool nulls[lengthof(values)] = {false};

	for (uint32 i = 0; i < state->nclasses; i++)
	{
		const Taken *taken = taken_of(state) + i;

		chosen += taken->count;
		add_sum(&cost, &taken->money);
		counts[i] = Float8GetDatum((double) taken->count);
		money[i] = Float8GetDatum(total_of(&taken->money));
	}
	values[0] = Int64GetDatum((int64) state->customers);
	values[1] = Int64GetDatum((int64) chosen);
	values[2] = Float8GetDatum(total_of(&state->reduced_value));
	values[3] = Float8GetDatum(total_of(&state->value));
	values[4] = Float8GetDatum(total_of(&cost));
	values[5] = float8_array(counts, state->nclasses);
	values[6] = float8_array(money, state->nclasses);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(cp_returned_type(fcinfo), values, nulls)));
}

/* --- bids --------------------------------------------------------------- */

/* Shadow prices by the names of limits, and what those that apply add up to. */
typedef struct Bid
{
	Jsonb *prices;
	StringInfoData name;
	double count;
	double money;
} Bid;

/* The price of a limit called prefix, group, name; 0 when there is none. */
static double
shadow_price(Bid *bid, const char *prefix, const char *group, text *name)
{
	JsonbValue price;

	resetStringInfo(&bid->name);
	appendStringInfoString(&bid->name, prefix);
	appendStringInfoString(&bid->name, group);
	if (name != NULL)
		appendBinaryStringInfo(&bid->name, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	if (getKeyJsonValueFromContainer(&bid->prices->root, bid->name.data, bid->name.len, &price) ==
	    NULL)
		return 0;
	if (price.type != jbvNumeric)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the price of \"%s\" must be a number", bid->name.data)));
	return cp_decimal_to_double(NumericGetDatum(price.val.numeric));
}

/* The limits of a kind, action or segment, when it is given. */
static void
add_limits(Bid *bid, FunctionCallInfo fcinfo, int argument, const char *group)
{
	text *name;

	if (PG_ARGISNULL(argument))
		return;
	name = PG_GETARG_TEXT_PP(argument);
	bid->count += shadow_price(bid, "", group, name) + shadow_price(bid, "min:", group, name);
	bid->money += shadow_price(bid, "budget:", group, name);
}

/* A kind of such a name would be charged the price of another limit. */
static void
refuse_ambiguous(FunctionCallInfo fcinfo, int argument)
{
	static const char *const prefixes[] = {"budget:", "min:", "action:", "segment:"};
	char *kind = cp_optional_text(fcinfo, argument);
	bool ambiguous = kind != NULL && (strcmp(kind, "budget") == 0 || strcmp(kind, "all") == 0);

	for (size_t i = 0; i < lengthof(prefixes) && kind != NULL; i++)
		ambiguous |= strncmp(kind, prefixes[i], strlen(prefixes[i])) == 0;
	if (ambiguous)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"%s\" cannot be a kind of actions", kind),
		                errdetail("Limits on something else have such names.")));
}

static double
finite_argument(FunctionCallInfo fcinfo, int argument, const char *name, double least,
                const char *range)
{
	double number = PG_GETARG_FLOAT8(argument);

	if (!(number >= least && number <= DBL_MAX))
		cp_report_range(name, number, range);
	return number;
}

/* Names that are not looked up are ignored: they are of other kinds, actions and segments. */
Datum
cp_bid(PG_FUNCTION_ARGS)
{
	Bid bid;
	double value, cost, result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	value = finite_argument(fcinfo, 0, "value", -DBL_MAX, "finite");
	cost = finite_argument(fcinfo, 1, "cost", 0, "finite and not negative");
	refuse_ambiguous(fcinfo, 2);
	bid.prices = PG_GETARG_JSONB_P(3);
	if (!JB_ROOT_IS_OBJECT(bid.prices))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("argument \"prices\" must be a JSON object"),
		                errhint("For example: '{\"budget\": 0.4, \"discount\": 12.5}'.")));
	initStringInfo(&bid.name);
	bid.count = shadow_price(&bid, "all", "", NULL) + shadow_price(&bid, "min:all", "", NULL);
	bid.money = shadow_price(&bid, "budget", "", NULL) + shadow_price(&bid, "budget:all", "", NULL);
	add_limits(&bid, fcinfo, 2, "");
	add_limits(&bid, fcinfo, 4, "action:");
	add_limits(&bid, fcinfo, 5, "segment:");
	result = cp_less_priced_use(value, cost, bid.count, bid.money);
	if (!isfinite(result))
		float_overflow_error();
	PG_RETURN_FLOAT8(result);
}
