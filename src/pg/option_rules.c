/*
 * option_rules.c: options as a JSON object, checked key by key against a table.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "pg/json.h"
#include "pg/option_rules.h"

static void read_object(JsonbContainer *object, const CpOptionRule *rules, const char *within,
                        void *target);

static void
wrong_type(const char *name, const char *wanted)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"%s\" must be %s", name, wanted)));
}

static char *
read_text(const CpOptionRule *rule, const JsonbValue *value, const char *wanted)
{
	if (value->type != jbvString || value->val.string.len == 0)
		wrong_type(rule->name, wanted);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static char *
read_value(const CpOptionRule *rule, const JsonbValue *value)
{
	if (value->type == jbvBool)
		return pstrdup(value->val.boolean ? "true" : "false");
	if (value->type == jbvNumeric)
		return DatumGetCString(
			DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return read_text(rule, value, "a value of the label column");
}

List *
cp_option_texts(const CpOptionRule *rule, const JsonbValue *value)
{
	List *texts = NIL;
	JsonbIterator *iterator;
	JsonbValue element;
	JsonbIteratorToken token;

	if (value->type == jbvString)
		return list_make1(read_text(rule, value, "a text or an array of texts"));
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		wrong_type(rule->name, "a text or an array of texts");
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			texts = lappend(texts, read_text(rule, &element, "a text or an array of texts"));
	return texts;
}

static double
read_number(const CpOptionRule *rule, const JsonbValue *value)
{
	double number;
	bool whole = rule->type == CP_OPTION_WHOLE || rule->type == CP_OPTION_COUNT;

	if (value->type != jbvNumeric)
		wrong_type(rule->name, whole ? "a whole number" : "a number");
	number = DatumGetFloat8(
		DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (whole && number != floor(number))
		wrong_type(rule->name, "a whole number");
	if (!(number >= rule->least && number <= rule->most) || isinf(number))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" is out of range", rule->name),
		                isinf(rule->most) ? errdetail("It is %s and must be %s or more.",
		                                              cp_shortest(number), cp_shortest(rule->least))
		                                  : errdetail("It is %s and must be between %s and %s.",
		                                              cp_shortest(number), cp_shortest(rule->least),
		                                              cp_shortest(rule->most))));
	return number;
}

static void
read_numbers(const CpOptionRule *rule, const JsonbValue *value, double *numbers)
{
	JsonbContainer *array = value->val.binary.data;

	if (value->type != jbvBinary || !JsonContainerIsArray(array) ||
	    JsonContainerSize(array) != rule->count)
		wrong_type(rule->name, psprintf("an array of %u numbers", rule->count));
	for (uint32 i = 0; i < rule->count; i++)
		numbers[i] = read_number(rule, getIthJsonbValueFromContainer(array, i));
}

static void
read_option(const CpOptionRule *rule, const JsonbValue *value, char *target)
{
	switch (rule->type)
	{
		case CP_OPTION_TEXT:
			*(char **) target = read_text(rule, value, "a text that is not empty");
			break;
		case CP_OPTION_VALUE:
			*(char **) target = read_value(rule, value);
			break;
		case CP_OPTION_TEXTS:
			*(List **) target = cp_option_texts(rule, value);
			break;
		case CP_OPTION_NUMBER:
		case CP_OPTION_WHOLE:
			*(double *) target = read_number(rule, value);
			break;
		case CP_OPTION_COUNT:
			*(uint32 *) target = (uint32) read_number(rule, value);
			break;
		case CP_OPTION_FLAG:
			if (value->type != jbvBool)
				wrong_type(rule->name, "true or false");
			*(bool *) target = value->val.boolean;
			break;
		case CP_OPTION_NUMBERS:
			read_numbers(rule, value, (double *) target);
			break;
		case CP_OPTION_CUSTOM:
			rule->read(rule, value, target);
			break;
		case CP_OPTION_OBJECT:
			if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
				wrong_type(rule->name, "an object");
			read_object(value->val.binary.data, rule->within, rule->name, target);
			break;
	}
}

static const CpOptionRule *
find_rule(const CpOptionRule *rules, const JsonbValue *key, const char *within)
{
	StringInfoData known;

	initStringInfo(&known);
	for (const CpOptionRule *rule = rules; rule->name != NULL; rule++)
	{
		if (strlen(rule->name) == key->val.string.len &&
		    memcmp(rule->name, key->val.string.val, key->val.string.len) == 0)
			return rule;
		appendStringInfo(&known, "%s%s", rule == rules ? "" : ", ", rule->name);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                within == NULL ? errmsg("unknown option \"%.*s\"", key->val.string.len,
	                                        key->val.string.val)
	                               : errmsg("unknown option \"%.*s\" in \"%s\"",
	                                        key->val.string.len, key->val.string.val, within),
	                errhint("Known options: %s.", known.data)));
}

static void
read_object(JsonbContainer *object, const CpOptionRule *rules, const char *within, void *target)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue value;
	const CpOptionRule *rule = NULL;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			rule = find_rule(rules, &value, within);
		else if (token == WJB_VALUE && value.type != jbvNull)
			read_option(rule, &value, (char *) target + rule->offset);
	}
}

void
cp_options_object(Jsonb *json, const CpOptionRule *rules, const char *example, void *target)
{
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("options must be a JSON object"),
		         errhint("For example: '%s'.", example)));
	read_object(&json->root, rules, NULL, target);
}
