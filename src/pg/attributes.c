/*
 * attributes.c: rules over attributes that come as a JSON object.
 */
#include "postgres.h"

#include "pg/attributes.h"
#include "pg/bridge.h"
#include "pg/decimal.h"
#include "pg/json.h"

/* Attributes that the rule has named, in order: one vector position each. */
typedef struct Named
{
	Jsonb *attributes;
	double *vector;
	JsonbValue **texts; /* of those that are texts */
	int count;
	int room;
	const char *complaint; /* what is wrong with one of them, NULL = nothing */
	bool unknown;          /* one of them is null */
} Named;

static JsonbValue *
get(Jsonb *attributes, const char *name, bool exact)
{
	JsonbValue *value =
		getKeyJsonValueFromContainer(&attributes->root, name, (int) strlen(name), NULL);
	char *folded;

	if (value != NULL || exact)
		return value;
	folded = pstrdup(name);
	for (char *c = folded; *c != '\0'; c++)
		*c = (char) pg_tolower((unsigned char) *c);
	return getKeyJsonValueFromContainer(&attributes->root, folded, (int) strlen(folded), NULL);
}

static int
add(Named *named, JsonbValue *value, double number)
{
	if (named->count == named->room)
	{
		named->room *= 2;
		named->vector = repalloc(named->vector, named->room * sizeof(double));
		named->texts = repalloc(named->texts, named->room * sizeof(JsonbValue *));
	}
	named->vector[named->count] = number;
	named->texts[named->count] = value;
	return named->count++;
}

static int
find(void *host, const char *name, bool exact, CpRuleKind *kind)
{
	Named *named = host;
	JsonbValue *value = get(named->attributes, name, exact);

	if (value == NULL)
		named->complaint = psprintf("attribute \"%s\" is missing", name);
	else if (value->type == jbvBinary)
		named->complaint = psprintf("attribute \"%s\" must be a number, a boolean or a text", name);
	if (named->complaint != NULL)
		return -1;
	switch (value->type)
	{
		case jbvNumeric:
			*kind = CP_RULE_NUMBER;
			return add(named, value, cp_decimal_to_double(NumericGetDatum(value->val.numeric)));
		case jbvBool:
			*kind = CP_RULE_BOOLEAN;
			return add(named, value, value->val.boolean);
		case jbvString:
			*kind = CP_RULE_CATEGORY;
			return add(named, value, 0);
		default:
			named->unknown = true;
			return -1;
	}
}

/* A text is its own level 0; every other one is level 1. */
static bool
level(void *host, int feature, const char *text, size_t length, double *value)
{
	const JsonbValue *own = ((Named *) host)->texts[feature];

	*value =
		(size_t) own->val.string.len != length || memcmp(own->val.string.val, text, length) != 0;
	return true;
}

bool
cp_attributes_hold(CpRule *rule, Jsonb *attributes)
{
	Named named = {.attributes = attributes, .room = 16};
	CpRuleScope scope = {&named, find, level};
	CpBridge bridge;
	CpStatus status;

	if (attributes == NULL || !JB_ROOT_IS_OBJECT(attributes))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("the attributes that \"eligible\" asks for must be given"),
		                errhint("Give them as a JSON object: '{\"plan\": \"free\"}'.")));
	named.vector = palloc(named.room * sizeof(double));
	named.texts = palloc(named.room * sizeof(JsonbValue *));
	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	status = cp_rule_bind(&bridge.context, rule, &scope);
	if (status == CP_OK)
		return cp_rule_holds(rule, named.vector);
	if (status != CP_BAD_DATA)
		cp_bridge_check(&bridge, status, NULL);
	if (named.complaint != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", named.complaint),
		                errhint("Where it is not known, give null.")));
	if (!named.unknown)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("attributes do not fit \"eligible\""),
		                errdetail("%s", bridge.context.reason)));
	return false;
}
