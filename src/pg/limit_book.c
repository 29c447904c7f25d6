/*
 * limit_book.c: limits by the names of what they are about, and the classes that follow.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "decide/catalogue.h"
#include "num/hash.h"
#include "pg/decimal.h"
#include "pg/json.h"
#include "pg/limit_book.h"
#include "pg/playbook.h"

static const char *const scope_names[] = {"all", "kind", "action", "segment"};

void
cp_limit_book_init(CpLimitBook *book, CpBridge *bridge)
{
	memset(book, 0, sizeof(*book));
	book->bridge = bridge;
}

/* --- reading ------------------------------------------------------------ */

static void
add_rule(CpLimitBook *book, const CpLimitRule *rule)
{
	if (isnan(rule->bound) || rule->bound < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("limit \"%s\" must be 0 or more", rule->name),
		                errdetail("It is %s.", cp_shortest(rule->bound))));
	for (uint32 r = 0; r < book->nrules; r++)
		if (strcmp(book->rules[r].name, rule->name) == 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("limit \"%s\" is given twice", rule->name)));
	if (isinf(rule->bound) && !rule->least)
		return;
	if (book->nrules == CP_MAX_LIMITS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("more than %d limits", CP_MAX_LIMITS),
		                errdetail("Limit \"%s\" is one too many.", rule->name)));
	book->rules[book->nrules++] = *rule;
}

void
cp_limit_book_budget(CpLimitBook *book, double budget)
{
	CpLimitRule rule = {.name = "budget", .scope = CP_SCOPE_ALL, .money = true, .bound = budget};

	add_rule(book, &rule);
}

/*
 * What a key is about: "all", "action:NAME", "segment:NAME", or a kind's name. That may have
 * "kind:" before it, and must not look like another limit's.
 */
static void
parse_key(const char *key, CpLimitRule *rule)
{
	static const char *const taken[] = {"all", "budget", "min:", "budget:", "action:", "segment:"};

	rule->scope = CP_SCOPE_KIND;
	rule->value = pstrdup(key);
	if (strcmp(key, scope_names[CP_SCOPE_ALL]) == 0)
	{
		rule->scope = CP_SCOPE_ALL;
		rule->value = NULL;
	}
	for (int scope = CP_SCOPE_KIND; scope <= CP_SCOPE_SEGMENT; scope++)
	{
		size_t length = strlen(scope_names[scope]);

		if (strncmp(key, scope_names[scope], length) != 0 || key[length] != ':')
			continue;
		rule->scope = (CpLimitScope) scope;
		rule->value = pstrdup(key + length + 1);
	}
	for (size_t i = 0; i < lengthof(taken) && rule->scope == CP_SCOPE_KIND; i++)
		if (strchr(taken[i], ':') == NULL ? strcmp(rule->value, taken[i]) == 0
		                                  : strncmp(rule->value, taken[i], strlen(taken[i])) == 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("\"%s\" cannot be a kind of actions", rule->value),
			                errdetail("Limits on something else have such names.")));
}

static double
read_bound(const JsonbValue *value, const char *key, const char *argument)
{
	double bound;

	if (value->type != jbvNumeric)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"%s\" in \"%s\" must be a number", key, argument)));
	bound = cp_decimal_to_double(NumericGetDatum(value->val.numeric));
	if (isinf(bound))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		                errmsg("\"%s\" in \"%s\" is beyond double precision", key, argument)));
	return bound;
}

static const char *
prefix_of(const char *argument)
{
	return strcmp(argument, "mins") == 0      ? "min:"
	       : strcmp(argument, "budgets") == 0 ? "budget:"
	                                          : "";
}

void
cp_limit_book_add(CpLimitBook *book, JsonbContainer *object, const char *argument)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue value;
	char *key = NULL;

	if (!JsonContainerIsObject(object))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"%s\" must be a JSON object", argument),
		                errhint("For example: '{\"discount\": 100, \"action:upgrade\": 50}'.")));
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		CpLimitRule rule = {.money = strcmp(argument, "budgets") == 0,
		                    .least = strcmp(argument, "mins") == 0};

		if (token == WJB_KEY)
			key = pnstrdup(value.val.string.val, value.val.string.len);
		if (token != WJB_VALUE || value.type == jbvNull)
			continue;
		parse_key(key, &rule);
		rule.name =
			psprintf("%s%s", prefix_of(argument), rule.scope == CP_SCOPE_KIND ? rule.value : key);
		rule.bound = read_bound(&value, key, argument);
		add_rule(book, &rule);
	}
}

static void
report_unknown_limit(const CpLimitBook *book, const char *name)
{
	StringInfoData known;

	initStringInfo(&known);
	for (uint32 r = 0; r < book->nrules; r++)
		appendStringInfo(&known, "%s%s", r == 0 ? "" : ", ", book->rules[r].name);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("unknown limit \"%s\" in \"already_spent\"", name),
	                book->nrules == 0 ? errdetail("There are no limits.")
	                                  : errdetail("Limits are: %s.", known.data)));
}

void
cp_limit_book_spent(CpLimitBook *book, JsonbContainer *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue value;
	char *key = NULL;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		uint32 r = 0;

		if (token == WJB_KEY)
			key = pnstrdup(value.val.string.val, value.val.string.len);
		if (token != WJB_VALUE || value.type == jbvNull)
			continue;
		while (r < book->nrules && strcmp(book->rules[r].name, key) != 0)
			r++;
		if (r == book->nrules)
			report_unknown_limit(book, key);
		book->rules[r].already = read_bound(&value, key, "already_spent");
		if (book->rules[r].already < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("\"%s\" in \"already_spent\" must not be negative", key)));
	}
}

static uint32
code_of(CpLimitBook *book, CpDictionary *dictionary, const char *name, size_t length)
{
	uint32 code;

	cp_bridge_check(book->bridge, cp_dictionary_add(dictionary, name, length, &code), NULL);
	return code;
}

void
cp_limit_book_open(CpLimitBook *book)
{
	CpContext *context = &book->bridge->context;

	cp_dictionary_init(&book->actions, context);
	cp_dictionary_init(&book->kinds, context);
	cp_dictionary_init(&book->segments, context);
	memset(book->slots, 0, sizeof(book->slots));
	memset(&book->limits, 0, sizeof(book->limits));
	(void) code_of(book, &book->segments, "", 0);
	book->limits.count = book->nrules;
	for (uint32 r = 0; r < book->nrules; r++)
	{
		const CpLimitRule *rule = &book->rules[r];
		CpLimit *limit = &book->limits.limits[r];

		limit->money = rule->money;
		limit->least = rule->least;
		limit->bound = fmax(rule->bound - rule->already, 0);
		if (rule->scope != CP_SCOPE_SEGMENT)
			continue;
		book->by_segment = true;
		(void) code_of(book, &book->segments, rule->value, strlen(rule->value));
	}
}

/* --- classes ------------------------------------------------------------ */

uint32
cp_limit_book_action(CpLimitBook *book, const char *name, size_t length)
{
	return code_of(book, &book->actions, name, length);
}

uint32
cp_limit_book_kind(CpLimitBook *book, const char *name, size_t length)
{
	return code_of(book, &book->kinds, name, length);
}

uint32
cp_limit_book_segment(const CpLimitBook *book, const char *name, size_t length)
{
	uint32 code = cp_dictionary_find(&book->segments, name, length);

	return code == CP_NO_CODE ? 0 : code;
}

static char *
text_of_code(const CpDictionary *dictionary, uint32 code)
{
	size_t length;
	const char *text = cp_dictionary_text(dictionary, code, &length);

	return pnstrdup(text, length);
}

uint32
cp_limit_book_kind_of(CpLimitBook *book, uint32 action)
{
	const CpCatalogue *catalogue = &cp_playbook()->catalogue;
	char *name = text_of_code(&book->actions, action);
	int position = cp_catalogue_find(catalogue, name);
	const char *kind = position < 0 ? name : cp_action_kind_name(catalogue->actions[position].kind);

	return cp_limit_book_kind(book, kind, strlen(kind));
}

static bool
code_is(const CpDictionary *dictionary, uint32 code, const char *name)
{
	return cp_dictionary_find(dictionary, name, strlen(name)) == code;
}

/* Is the limit about options of the class? */
static bool
applies(const CpLimitBook *book, const CpLimitRule *rule, const CpOptionClass *class)
{
	switch (rule->scope)
	{
		case CP_SCOPE_ALL:
			return true;
		case CP_SCOPE_KIND:
			return code_is(&book->kinds, class->kind, rule->value);
		case CP_SCOPE_ACTION:
			return code_is(&book->actions, class->action, rule->value);
		case CP_SCOPE_SEGMENT:
			return code_is(&book->segments, class->segment, rule->value);
	}
	return false;
}

static uint16
add_class(CpLimitBook *book, const CpOptionClass *class)
{
	uint32 number = book->limits.nclasses;

	if (number == CP_MAX_CLASSES)
		ereport(ERROR,
		        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		         errmsg("more than %d different actions, by kind and segment", CP_MAX_CLASSES),
		         errhint("Is the column that is given as \"action\" the right one?")));
	book->classes[number] = *class;
	book->class_action[number] = class->action;
	for (uint32 r = 0; r < book->nrules; r++)
		if (applies(book, &book->rules[r], class))
			book->limits.applies[number] |= UINT64CONST(1) << r;
	book->limits.nclasses++;
	return (uint16) number;
}

uint16
cp_limit_book_class(CpLimitBook *book, uint32 action, uint32 kind, uint32 segment)
{
	CpOptionClass class = {action, kind, segment};
	uint64 hash = cp_hash_add(cp_hash_add(action, kind), segment);
	uint32 slot = (uint32) hash % lengthof(book->slots);

	for (; book->slots[slot] != 0; slot = (slot + 1) % lengthof(book->slots))
	{
		const CpOptionClass *met = &book->classes[book->slots[slot] - 1];

		if (met->action == action && met->kind == kind && met->segment == segment)
			return book->slots[slot] - 1;
	}
	book->slots[slot] = add_class(book, &class) + 1;
	return book->slots[slot] - 1;
}

char *
cp_limit_book_action_name(const CpLimitBook *book, uint16 class)
{
	return text_of_code(&book->actions, book->classes[class].action);
}

/* --- checking ----------------------------------------------------------- */

/* Names of a dictionary, for messages: what a limit could be about, so not doing nothing. */
static char *
known_names(const CpDictionary *dictionary)
{
	StringInfoData known;

	initStringInfo(&known);
	for (uint32 code = 0; code < Min(dictionary->count, 50); code++)
	{
		char *name = text_of_code(dictionary, code);

		if (strcmp(name, cp_action_kind_name(CP_ACTION_NONE)) != 0)
			appendStringInfo(&known, "%s%s", known.len == 0 ? "" : ", ", name);
	}
	return known.data;
}

static bool
is_known(const CpLimitBook *book, const CpLimitRule *rule)
{
	uint32 code;

	switch (rule->scope)
	{
		case CP_SCOPE_ALL:
			return true;
		case CP_SCOPE_KIND:
			return cp_dictionary_find(&book->kinds, rule->value, strlen(rule->value)) !=
			           CP_NO_CODE ||
			       cp_action_kind(rule->value) != CP_ACTION_KINDS;
		case CP_SCOPE_ACTION:
			return cp_dictionary_find(&book->actions, rule->value, strlen(rule->value)) !=
			           CP_NO_CODE ||
			       cp_catalogue_find(&cp_playbook()->catalogue, rule->value) >= 0;
		case CP_SCOPE_SEGMENT:
			code = cp_dictionary_find(&book->segments, rule->value, strlen(rule->value));
			for (uint32 class = 0; class < book->limits.nclasses; class ++)
				if (book->classes[class].segment == code)
					return true;
			return false;
	}
	return false;
}

void
cp_limit_book_check(const CpLimitBook *book)
{
	for (uint32 r = 0; r < book->nrules; r++)
	{
		const CpLimitRule *rule = &book->rules[r];

		if (is_known(book, rule))
			continue;
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		         errmsg("limit \"%s\" is about an unknown %s \"%s\"", rule->name,
		                scope_names[rule->scope], rule->value),
		         rule->scope == CP_SCOPE_SEGMENT
		             ? errdetail("No customer with an option is of that segment.")
		             : errdetail("The source has: %s.",
		                         known_names(rule->scope == CP_SCOPE_KIND ? &book->kinds
		                                                                  : &book->actions))));
	}
}
