/*
 * features.c: from a row of the server to a feature vector, by column name.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "pg/decimal.h"
#include "pg/features.h"

/* --- one reader per type ------------------------------------------------ */

static double
read_int2(Datum value)
{
	return DatumGetInt16(value);
}

static double
read_int4(Datum value)
{
	return DatumGetInt32(value);
}

static double
read_int8(Datum value)
{
	return (double) DatumGetInt64(value);
}

static double
read_float4(Datum value)
{
	return DatumGetFloat4(value);
}

static double
read_float8(Datum value)
{
	return DatumGetFloat8(value);
}

static double
read_numeric(Datum value)
{
	return cp_decimal_to_double(value);
}

static double
read_money(Datum value)
{
	return read_numeric(DirectFunctionCall1(cash_numeric, value));
}

static double
read_bool(Datum value)
{
	return DatumGetBool(value) ? 1 : 0;
}

/* Seconds since 2000-01-01; the infinite ones stay infinite. */
static double
read_timestamp(Datum value)
{
	Timestamp timestamp = DatumGetTimestamp(value);

	if (TIMESTAMP_NOT_FINITE(timestamp))
		return TIMESTAMP_IS_NOBEGIN(timestamp) ? -INFINITY : INFINITY;
	return (double) timestamp / USECS_PER_SEC;
}

static double
read_date(Datum value)
{
	DateADT date = DatumGetDateADT(value);

	if (DATE_NOT_FINITE(date))
		return DATE_IS_NOBEGIN(date) ? -INFINITY : INFINITY;
	return (double) date * SECS_PER_DAY;
}

static size_t
trimmed(const char *text, size_t length)
{
	while (length > 0 && text[length - 1] == ' ')
		length--;
	return length;
}

static const char *
read_text(Datum value, size_t *length)
{
	struct varlena *text = (struct varlena *) DatumGetPointer(value);

	/* A short inline value, the common case, is read where it lies. */
	if (!VARATT_IS_1B(text) || VARATT_IS_1B_E(text))
		text = PG_DETOAST_DATUM_PACKED(value);
	*length = trimmed(VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
	return VARDATA_ANY(text);
}

static const char *
read_name(Datum value, size_t *length)
{
	const char *name = NameStr(*DatumGetName(value));

	*length = trimmed(name, strlen(name));
	return name;
}

static const char *
read_enum(Datum value, size_t *length)
{
	HeapTuple tuple = SearchSysCache1(ENUMOID, value);
	char *label;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for enum value %u", DatumGetObjectId(value));
	label = pstrdup(NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel));
	ReleaseSysCache(tuple);
	*length = trimmed(label, strlen(label));
	return label;
}

static const struct
{
	Oid type;
	CpColumnReader reader;
} readers[] = {
	{INT2OID, {CP_NUMBER, read_int2, NULL}},
	{INT4OID, {CP_NUMBER, read_int4, NULL}},
	{INT8OID, {CP_NUMBER, read_int8, NULL}},
	{FLOAT4OID, {CP_NUMBER, read_float4, NULL}},
	{FLOAT8OID, {CP_NUMBER, read_float8, NULL}},
	{NUMERICOID, {CP_NUMBER, read_numeric, NULL}},
	{CASHOID, {CP_MONEY, read_money, NULL}},
	{BOOLOID, {CP_BOOLEAN, read_bool, NULL}},
	{TEXTOID, {CP_CATEGORY, NULL, read_text}},
	{VARCHAROID, {CP_CATEGORY, NULL, read_text}},
	{BPCHAROID, {CP_CATEGORY, NULL, read_text}},
	{NAMEOID, {CP_CATEGORY, NULL, read_name}},
	{DATEOID, {CP_DATE, read_date, NULL}},
	{TIMESTAMPOID, {CP_TIMESTAMP, read_timestamp, NULL}},
	{TIMESTAMPTZOID, {CP_TIMESTAMPTZ, read_timestamp, NULL}},
};

bool
cp_column_reader(Oid type, CpColumnReader *reader)
{
	Oid base = getBaseType(type);

	for (size_t i = 0; i < lengthof(readers); i++)
		if (readers[i].type == base)
		{
			*reader = readers[i].reader;
			return true;
		}
	if (get_typtype(base) == TYPTYPE_ENUM)
	{
		reader->kind = CP_CATEGORY;
		reader->number = NULL;
		reader->text = read_enum;
		return true;
	}
	return false;
}

/* --- names -------------------------------------------------------------- */

int
cp_find_column(TupleDesc descriptor, const char *name)
{
	int found = -1;
	bool ambiguous = false;

	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

		if (attribute->attisdropped)
			continue;
		if (strcmp(NameStr(attribute->attname), name) == 0)
			return i;
		if (pg_strcasecmp(NameStr(attribute->attname), name) == 0)
		{
			ambiguous = found >= 0;
			found = i;
		}
	}
	if (ambiguous)
		ereport(ERROR,
		        (errcode(ERRCODE_AMBIGUOUS_COLUMN), errmsg("column name \"%s\" is ambiguous", name),
		         errdetail("Several columns differ from it in upper and lower case alone.")));
	return found;
}

char *
cp_column_names(TupleDesc descriptor)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < descriptor->natts; i++)
		if (!TupleDescAttr(descriptor, i)->attisdropped)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
			                 NameStr(TupleDescAttr(descriptor, i)->attname));
	return names.data;
}

/* Can a feature learned from one kind be read from a column of the other? */
static bool
kinds_match(CpKind learned, CpKind given)
{
	bool learned_time = learned == CP_DATE || learned == CP_TIMESTAMP || learned == CP_TIMESTAMPTZ;
	bool given_time = given == CP_DATE || given == CP_TIMESTAMP || given == CP_TIMESTAMPTZ;

	return learned == given || (learned_time && given_time) ||
	       (cp_kind_is_number(learned) && cp_kind_is_number(given));
}

static void
report_missing(TupleDesc descriptor, const char *column, const char *model_name)
{
	/* ROW(...) names its columns f1, f2, ...; a model is never tied to positions. */
	bool anonymous = descriptor->tdtypeid == RECORDOID && descriptor->natts > 0 &&
	                 strcmp(NameStr(TupleDescAttr(descriptor, 0)->attname), "f1") == 0;

	ereport(
		ERROR,
		(errcode(ERRCODE_UNDEFINED_COLUMN),
	     errmsg("column \"%s\", which model \"%s\" needs, is missing in the row", column,
	            model_name),
	     anonymous ? errdetail("The row was made by ROW(...), which gives its columns no names.")
	               : errdetail("The row has the columns: %s.", cp_column_names(descriptor)),
	     anonymous
	         ? errhint(
				   "Pass a table's row, as in SELECT cp_predict(c) FROM customer c, or a row of a subquery that names its columns.")
	         : errhint(
				   "Columns are found by name; the order does not matter and further columns are ignored.")));
}

/* --- levels --------------------------------------------------------------- */

/* Categories of up to this many levels compare a text with one after the other. */
#define FEW_LEVELS 8

/* What a level is found by: its first eight bytes and its length settle most. */
typedef struct CpLevelKey
{
	uint64 start; /* zeros behind a shorter text */
	uint64 length;
	const char *text; /* the feature map's */
} CpLevelKey;

/* The first eight bytes of a text, by loads that may overlap but never pass its end. */
static inline uint64
start_of(const char *text, size_t length)
{
	uint64 word = 0;
	uint32 low, high;
	uint16 first, last;

	if (length >= sizeof(word))
		memcpy(&word, text, sizeof(word));
	else if (length >= sizeof(low))
	{
		memcpy(&low, text, sizeof(low));
		memcpy(&high, text + length - sizeof(high), sizeof(high));
		word = low | (uint64) high << (8 * (length - sizeof(high)));
	}
	else if (length >= sizeof(first))
	{
		memcpy(&first, text, sizeof(first));
		memcpy(&last, text + length - sizeof(last), sizeof(last));
		word = first | (uint64) last << (8 * (length - sizeof(last)));
	}
	else if (length == 1)
		word = (unsigned char) text[0];
	return word;
}

static void
bind_levels(const CpDictionary *dictionary, CpBoundColumn *bound)
{
	if (dictionary->count > FEW_LEVELS)
		return;
	bound->nlevels = dictionary->count;
	bound->levels = palloc(dictionary->count * sizeof(CpLevelKey));
	for (uint32 code = 0; code < dictionary->count; code++)
	{
		size_t length;
		const char *text = cp_dictionary_text(dictionary, code, &length);

		bound->levels[code].start = start_of(text, length);
		bound->levels[code].length = length;
		bound->levels[code].text = text;
	}
}

static double
level_by_hash(const CpFeature *feature, const char *text, size_t length)
{
	uint32 code = cp_dictionary_find(&feature->levels, text, length);

	return code == CP_NO_CODE ? CP_OTHER(feature) : code;
}

static inline double
level_of(const CpFeature *feature, const CpBoundColumn *bound, const char *text, size_t length)
{
	uint64 start = start_of(text, length);

	if (bound->nlevels == 0)
		return level_by_hash(feature, text, length);
	for (uint32 code = 0; code < bound->nlevels; code++)
	{
		const CpLevelKey *key = &bound->levels[code];

		if (key->start == start && key->length == length &&
		    (length <= sizeof(start) || memcmp(key->text, text, length) == 0))
			return code;
	}
	/* Behind the levels comes "other". */
	return bound->nlevels;
}

/* --- binding -------------------------------------------------------------- */

static void
bind_column(const CpFeature *feature, TupleDesc descriptor, const char *model_name,
            CpBoundColumn *bound)
{
	CpColumnReader reader;
	Oid type;

	bound->column = cp_find_column(descriptor, feature->name);
	if (bound->column < 0)
		report_missing(descriptor, feature->name, model_name);
	type = TupleDescAttr(descriptor, bound->column)->atttypid;
	if (!cp_column_reader(type, &reader) || !kinds_match(feature->kind, reader.kind))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\" has type %s, which model \"%s\" cannot read",
		                       feature->name, format_type_be(type), model_name),
		                errdetail("At training it was a %s.", cp_kind_name(feature->kind)),
		                errhint("Cast the column in a view or subquery, or train again.")));
	bound->number = reader.number;
	bound->text = reader.text;
	if (reader.text != NULL)
		bind_levels(&feature->levels, bound);
}

CpBinding *
cp_bind(const CpFeatureMap *map, TupleDesc descriptor, const char *model_name)
{
	CpBinding *binding = palloc0(sizeof(CpBinding));

	binding->columns = palloc0(map->count * sizeof(CpBoundColumn));
	for (uint32 f = 0; f < map->count; f++)
		bind_column(&map->features[f], descriptor, model_name, &binding->columns[f]);
	binding->value_column = map->roles[CP_ROLE_VALUE] == NULL
	                            ? -1
	                            : cp_find_column(descriptor, map->roles[CP_ROLE_VALUE]);
	if (binding->value_column >= 0 &&
	    (!cp_column_reader(TupleDescAttr(descriptor, binding->value_column)->atttypid,
	                       &binding->value_reader) ||
	     !cp_kind_is_number(binding->value_reader.kind)))
		binding->value_column = -2;
	binding->descriptor = CreateTupleDescCopyConstr(descriptor);
	binding->values = palloc(binding->descriptor->natts * sizeof(Datum));
	binding->nulls = palloc(binding->descriptor->natts * sizeof(bool));
	return binding;
}

/* --- rows --------------------------------------------------------------- */

void
cp_vector_of_tuple(const CpFeatureMap *map, const CpBinding *binding, HeapTuple tuple,
                   double *vector, double *value)
{
	heap_deform_tuple(tuple, binding->descriptor, binding->values, binding->nulls);
	for (uint32 f = 0; f < map->count; f++)
	{
		const CpBoundColumn *bound = &binding->columns[f];

		if (binding->nulls[bound->column])
			vector[f] = NAN;
		else if (bound->text != NULL)
		{
			size_t length;
			const char *text = bound->text(binding->values[bound->column], &length);

			vector[f] = level_of(&map->features[f], bound, text, length);
		}
		else
			vector[f] = bound->number(binding->values[bound->column]);
	}
	if (value == NULL)
		return;
	if (binding->value_column == -2)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\", the value of a customer, must hold numbers",
		                       map->roles[CP_ROLE_VALUE])));
	*value = binding->value_column < 0 || binding->nulls[binding->value_column]
	             ? NAN
	             : binding->value_reader.number(binding->values[binding->value_column]);
}

char *
cp_text_of_tuple(const CpBinding *binding, uint32 feature)
{
	const CpBoundColumn *bound = &binding->columns[feature];
	size_t length;
	const char *text = bound->text(binding->values[bound->column], &length);

	return pnstrdup(text, length);
}

/* --- JSON --------------------------------------------------------------- */

/* A JSON value on its way into the vector, for messages. */
typedef struct JsonPlace
{
	const char *column;
	CpKind kind;
	const char *model;
} JsonPlace;

static void
wrong_json(const JsonPlace *place)
{
	ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
	                errmsg("JSON value of \"%s\" cannot be read by model \"%s\"", place->column,
	                       place->model),
	                errdetail("At training the column was a %s.", cp_kind_name(place->kind)),
	                errhint("Give what to_jsonb() makes of such a column.")));
}

static void
name_place(void *arg)
{
	JsonPlace *place = arg;

	errcontext("JSON value of \"%s\" for model \"%s\"", place->column, place->model);
}

/* A date, a timestamp or an amount written as text, in the manner of its own type. */
static double
parse_as_type(const JsonPlace *place, const char *text)
{
	ErrorContextCallback callback = {error_context_stack, name_place,
	                                 unconstify(JsonPlace *, place)};
	Datum datum = CStringGetDatum(text);
	double number;

	error_context_stack = &callback;
	if (place->kind == CP_MONEY)
		number = read_money(DirectFunctionCall1(cash_in, datum));
	else if (place->kind == CP_DATE)
		number = read_date(DirectFunctionCall1(date_in, datum));
	else
		number = read_timestamp(
			DirectFunctionCall3(place->kind == CP_TIMESTAMP ? timestamp_in : timestamptz_in, datum,
		                        ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	error_context_stack = callback.previous;
	return number;
}

/* to_jsonb() writes NaN and infinity as strings, dates and money always. */
static double
parse_number(const JsonPlace *place, const char *text)
{
	char *end;
	double number;

	if (place->kind != CP_NUMBER)
		return parse_as_type(place, text);
	number = strtod(text, &end);
	if (end == text || *end != '\0')
		wrong_json(place);
	return number;
}

static double
number_of_json(const JsonPlace *place, const JsonbValue *json)
{
	bool flag;

	if (json->type == jbvNumeric && cp_kind_is_number(place->kind))
		return read_numeric(NumericGetDatum(json->val.numeric));
	if (json->type == jbvBool && place->kind == CP_BOOLEAN)
		return json->val.boolean ? 1 : 0;
	if (json->type == jbvString && place->kind == CP_BOOLEAN &&
	    parse_bool_with_len(json->val.string.val, json->val.string.len, &flag))
		return flag ? 1 : 0;
	if (json->type == jbvString && place->kind != CP_BOOLEAN)
		return parse_number(place, pnstrdup(json->val.string.val, json->val.string.len));
	wrong_json(place);
	return NAN;
}

/* The text that stands for a category, NULL when none does. */
static const char *
text_of_json(const JsonbValue *json, size_t *length)
{
	const char *text = NULL;

	if (json->type == jbvString)
	{
		*length = trimmed(json->val.string.val, json->val.string.len);
		return json->val.string.val;
	}
	if (json->type == jbvBool)
		text = json->val.boolean ? "true" : "false";
	else if (json->type == jbvNumeric)
		text =
			DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(json->val.numeric)));
	*length = text == NULL ? 0 : strlen(text);
	return text;
}

static double
level_of_json(const CpFeature *feature, const JsonPlace *place, const JsonbValue *json)
{
	size_t length;
	const char *text = text_of_json(json, &length);

	if (text == NULL)
		wrong_json(place);
	return level_by_hash(feature, text, length);
}

/* The value of a key: the exact one, else the only one that differs in case alone. NULL: none. */
static JsonbValue *
find_key(Jsonb *object, const char *name)
{
	JsonbValue key;
	JsonbValue *found;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;

	key.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	found = findJsonbValueFromContainer(&object->root, JB_FOBJECT, &key);
	if (found != NULL)
		return found;
	iterator = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_KEY || value.val.string.len != key.val.string.len ||
		    pg_strncasecmp(value.val.string.val, name, key.val.string.len) != 0)
			continue;
		if (found != NULL)
			ereport(ERROR,
			        (errcode(ERRCODE_AMBIGUOUS_COLUMN), errmsg("key \"%s\" is ambiguous", name),
			         errdetail("Several keys differ from it in upper and lower case alone.")));
		found = findJsonbValueFromContainer(&object->root, JB_FOBJECT, &value);
	}
	return found;
}

/* The kind of the value column: that of the feature it is as well, else a number. */
static CpKind
kind_of(const CpFeatureMap *map, const char *name)
{
	for (uint32 f = 0; name != NULL && f < map->count; f++)
		if (strcmp(map->features[f].name, name) == 0)
			return map->features[f].kind;
	return CP_NUMBER;
}

static char *
key_names(Jsonb *object)
{
	StringInfoData names;
	JsonbIterator *iterator = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue value;

	initStringInfo(&names);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
		if (token == WJB_KEY)
			appendStringInfo(&names, "%s%.*s", names.len > 0 ? ", " : "", value.val.string.len,
			                 value.val.string.val);
	return names.data;
}

void
cp_vector_of_jsonb(const CpFeatureMap *map, Jsonb *object, const char *model_name, double *vector,
                   double *value)
{
	const char *value_name = map->roles[CP_ROLE_VALUE];
	JsonPlace value_place = {NULL, kind_of(map, value_name), model_name};
	JsonbValue *json;

	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a customer must be a JSON object"),
		                errhint("Keys are column names, as to_jsonb(row) makes them.")));
	for (uint32 f = 0; f < map->count; f++)
	{
		const CpFeature *feature = &map->features[f];
		JsonPlace place = {feature->name, feature->kind, model_name};

		json = find_key(object, feature->name);
		if (json == NULL)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
			                errmsg("key \"%s\", which model \"%s\" needs, is missing",
			                       feature->name, model_name),
			                JB_ROOT_COUNT(object) == 0
			                    ? errdetail("The object has no keys.")
			                    : errdetail("The object has the keys: %s.", key_names(object)),
			                errhint("Give null for a value that is not known.")));
		if (json->type == jbvNull)
			vector[f] = NAN;
		else if (feature->kind == CP_CATEGORY)
			vector[f] = level_of_json(feature, &place, json);
		else
			vector[f] = number_of_json(&place, json);
	}
	if (value == NULL)
		return;
	value_place.column = value_name;
	json = value_name == NULL ? NULL : find_key(object, value_name);
	*value = json == NULL || json->type == jbvNull ? NAN : number_of_json(&value_place, json);
}

char *
cp_text_of_jsonb(const CpFeatureMap *map, Jsonb *object, uint32 feature)
{
	size_t length;
	const char *text = text_of_json(find_key(object, map->features[feature].name), &length);

	return pnstrdup(text, length);
}
