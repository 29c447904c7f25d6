/*
 * args.c: arguments of SQL functions.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "pg/args.h"
#include "pg/json.h"

static void
require(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"%s\" must not be NULL", name)));
}

char *
cp_required_text(FunctionCallInfo fcinfo, int argument, const char *name)
{
	require(fcinfo, argument, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* Bytes of what is the key of an index. */
#define MAX_KEY_LENGTH 512

char *
cp_required_key(FunctionCallInfo fcinfo, int argument, const char *name)
{
	char *text = cp_required_text(fcinfo, argument, name);

	if (text[0] == '\0' || strlen(text) > MAX_KEY_LENGTH)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"%s\" must have 1 to %d bytes", name, MAX_KEY_LENGTH),
		                errdetail("It has %zu.", strlen(text))));
	return text;
}

char *
cp_optional_text(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

int32
cp_required_version(FunctionCallInfo fcinfo, int argument)
{
	int32 version;

	require(fcinfo, argument, "version");
	version = PG_GETARG_INT32(argument);
	if (version < 1)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("versions are numbered from 1"),
		         errdetail("Version %d was asked for.", version)));
	return version;
}

void
cp_require_customer(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a customer must not be NULL"),
		         errhint("An outer join gives NULL rows; leave them out with WHERE.")));
}

Jsonb *
cp_json_customer(FunctionCallInfo fcinfo)
{
	char *json = text_to_cstring(PG_GETARG_TEXT_PP(0));

	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

Jsonb *
cp_options_argument(FunctionCallInfo fcinfo, int argument)
{
	if (!PG_ARGISNULL(argument))
		return PG_GETARG_JSONB_P(argument);
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
}

text *
cp_model_argument(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
}

MemoryContext
cp_aggregate_memory(FunctionCallInfo fcinfo)
{
	MemoryContext memory;

	if (!AggCheckCallContext(fcinfo, &memory))
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("this function is a part of an aggregate and cannot be called by itself")));
	return memory;
}

TupleDesc
cp_returned_type(FunctionCallInfo fcinfo)
{
	TupleDesc descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return BlessTupleDesc(descriptor);
}

Interval *
cp_required_period(FunctionCallInfo fcinfo, int argument)
{
	Interval nothing = {0};
	Interval *period;

	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"period\" must not be NULL")));
	period = PG_GETARG_INTERVAL_P(argument);
	if (DatumGetInt32(DirectFunctionCall2(interval_cmp, IntervalPGetDatum(period),
	                                      IntervalPGetDatum(&nothing))) <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a period must be longer than nothing")));
	return period;
}

void
cp_require_finite(double number, const char *what)
{
	if (unlikely(!isfinite(number)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be finite", what),
		                errdetail("It is %s.", cp_shortest(number))));
}

void
cp_report_range(const char *name, double value, const char *range)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("argument \"%s\" is out of range", name),
	                errdetail("It is %s and must be %s.", cp_shortest(value), range)));
}
