/*
 * json.c: JSON objects built key by key.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "pg/decimal.h"
#include "pg/json.h"

/* 2^53 */
#define MAX_WHOLE 9007199254740992.0

static void
set_string(JsonbValue *value, const char *text)
{
	value->type = jbvString;
	value->val.string.val = pstrdup(text);
	value->val.string.len = strlen(text);
}

static void
push(CpJson *json, const char *key, JsonbValue *value)
{
	JsonbValue name;

	set_string(&name, key);
	pushJsonbValue(&json->state, WJB_KEY, &name);
	pushJsonbValue(&json->state, WJB_VALUE, value);
}

char *
cp_shortest(double number)
{
	char *text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	/* A whole number without an exponent, where all its digits mean something. */
	if (number == floor(number) && fabs(number) <= MAX_WHOLE)
		return psprintf("%.0f", number + 0.0);
	double_to_shortest_decimal_buf(number, text);
	return text;
}

void
cp_json_begin(CpJson *json)
{
	json->state = NULL;
	pushJsonbValue(&json->state, WJB_BEGIN_OBJECT, NULL);
}

void
cp_json_number(CpJson *json, const char *key, double number)
{
	JsonbValue value;

	value.type = isfinite(number) ? jbvNumeric : jbvNull;
	if (isfinite(number))
	{
		/* By the shortest text that reads back the same; a cast keeps 15 digits only. */
		value.val.numeric =
			DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(cp_shortest(number)),
		                                        ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	push(json, key, &value);
}

void
cp_json_text(CpJson *json, const char *key, const char *text)
{
	JsonbValue value;

	value.type = jbvNull;
	if (text != NULL)
		set_string(&value, text);
	push(json, key, &value);
}

void
cp_json_flag(CpJson *json, const char *key, bool flag)
{
	JsonbValue value;

	value.type = jbvBool;
	value.val.boolean = flag;
	push(json, key, &value);
}

void
cp_json_object(CpJson *json, const char *key, Jsonb *object)
{
	JsonbValue value;

	JsonbToJsonbValue(object, &value);
	push(json, key, &value);
}

Jsonb *
cp_json_end(CpJson *json)
{
	return JsonbValueToJsonb(pushJsonbValue(&json->state, WJB_END_OBJECT, NULL));
}

Jsonb *
cp_json_array(Jsonb **elements, int count)
{
	JsonbParseState *state = NULL;
	JsonbValue value;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
	{
		JsonbToJsonbValue(elements[i], &value);
		pushJsonbValue(&state, WJB_ELEM, &value);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

static JsonbValue *
get(Jsonb *object, const char *key)
{
	JsonbValue name;

	set_string(&name, key);
	return findJsonbValueFromContainer(&object->root, JB_FOBJECT, &name);
}

char *
cp_json_get_text(Jsonb *object, const char *key)
{
	JsonbValue *value = get(object, key);

	if (value == NULL || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

double
cp_json_get_number(Jsonb *object, const char *key)
{
	JsonbValue *value = get(object, key);

	if (value == NULL || value->type != jbvNumeric)
		return NAN;
	return cp_decimal_to_double(NumericGetDatum(value->val.numeric));
}

Jsonb *
cp_json_get_object(Jsonb *object, const char *key)
{
	JsonbValue *value = get(object, key);

	return value == NULL || value->type != jbvBinary ? NULL : JsonbValueToJsonb(value);
}

Jsonb *
cp_json_element(Jsonb *array, int position)
{
	return JsonbValueToJsonb(getIthJsonbValueFromContainer(&array->root, position));
}
