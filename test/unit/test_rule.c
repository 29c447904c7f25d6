/*
 * test_rule.c: rules against PostgreSQL's truth, against a naive evaluator of random trees,
 * and against what nobody should write.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "decide/rule.h"
#include "num/rng.h"

extern void test_rule(void);

/* ---- a model's features ---- */

typedef struct Feature
{
	const char *name;
	CpRuleKind kind;
} Feature;

enum
{
	TENURE,
	CHARGE,
	SENIOR,
	PARTNER,
	CONTRACT,
	CITY,
	SINCE,
	UNTIL,
	SIZE,
	MIXED,
	FEATURES
};

static const Feature model[FEATURES] = {
	[TENURE] = {"tenure", CP_RULE_NUMBER},       [CHARGE] = {"charge", CP_RULE_NUMBER},
	[SENIOR] = {"senior", CP_RULE_BOOLEAN},      [PARTNER] = {"partner", CP_RULE_BOOLEAN},
	[CONTRACT] = {"contract", CP_RULE_CATEGORY}, [CITY] = {"city", CP_RULE_CATEGORY},
	[SINCE] = {"since", CP_RULE_MOMENT},         [UNTIL] = {"until", CP_RULE_MOMENT},
	[SIZE] = {"größe", CP_RULE_NUMBER},          [MIXED] = {"Mixed \"Case\" and", CP_RULE_NUMBER},
};

/* Levels of both categories; their codes are their places. */
static const char *const levels[] = {"Month-to-month", "One year", "it's", "Zürich", ""};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* A host that knows `features` of the model; plain names are folded as PostgreSQL does. */
static int
find_feature(void *host, const char *name, bool exact, CpRuleKind *kind)
{
	const int *features = host;
	char folded[CP_RULE_LENGTH + 1];
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		folded[i] = !exact && name[i] >= 'A' && name[i] <= 'Z' ? (char) (name[i] + 32) : name[i];
	folded[i] = '\0';
	for (int f = 0; f < *features; f++)
		if (strcmp(folded, model[f].name) == 0)
		{
			*kind = model[f].kind;
			return f;
		}
	return -1;
}

static bool
find_level(const char *text, size_t length, double *value)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (strlen(levels[i]) == length && memcmp(levels[i], text, length) == 0)
		{
			*value = (double) i;
			return true;
		}
	return false;
}

/* Moments are days of January 2020. */
static bool
find_value(void *host, int feature, const char *text, size_t length, double *value)
{
	static const char month[] = "2020-01-";
	size_t prefix = strlen(month);

	(void) host;
	if (model[feature].kind == CP_RULE_CATEGORY)
		return find_level(text, length, value);
	if (length != prefix + 2 || memcmp(text, month, prefix) != 0)
		return false;
	*value = 10 * (text[prefix] - '0') + (text[prefix + 1] - '0');
	return true;
}

static int all_features = FEATURES;
static const CpRuleScope scope = {&all_features, find_feature, find_value};

/* Parse from a block of just that length, so that reading past it is seen, and bind. */
static CpStatus
compile(CpContext *context, const char *text, size_t length, CpRule **rule)
{
	char *copy;
	CpStatus status;

	CP_TRY(cp_alloc(context, &copy, length, 1));
	memcpy(copy, text, length);
	status = cp_rule_parse(context, copy, length, rule);
	cp_free(context, &copy);
	return status != CP_OK ? status : cp_rule_bind(context, *rule, &scope);
}

/* 'T', 'F' or 'U': the latter when neither the rule nor its opposite holds. */
static char
truth_of(const CpRule *rule, const CpRule *opposite, const double *vector)
{
	bool holds = cp_rule_holds(rule, vector), fails = cp_rule_holds(opposite, vector);

	return holds && fails ? '!' : holds ? 'T' : fails ? 'F' : 'U';
}

/* ---- rules that are right ---- */

#define VECTORS 3

static const double vectors[VECTORS][FEATURES] = {
	{12, 29.85, 1, 0, 1, 3, 5, 20, 170.5, -1},
	{0, 1e300, 0, 0, 2, 2, 15, 15, -0.0, 1e-7},
	{NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
};

static const struct
{
	const char *rule;
	char truth[VECTORS + 1];
} right[] = {
	/* comparisons, either way round */
	{"tenure = 12", "TFU"},
	{"tenure <> 12", "FTU"},
	{"tenure != 12", "FTU"},
	{"tenure < 12", "FTU"},
	{"tenure <= 12", "TTU"},
	{"tenure > 12", "FFU"},
	{"tenure >= 12", "TFU"},
	{"5 < tenure", "TFU"},
	{"12 >= tenure", "TTU"},
	{"tenure < charge", "TTU"},
	{"tenure<charge", "TTU"},
	{"since < until", "TFU"},
	{"since = until", "FTU"},
	{"senior = partner", "FTU"},
	{"senior <> partner", "TFU"},
	/* numbers */
	{"charge = 29.85", "TFU"},
	{"charge = 2985e-2", "TFU"},
	{"charge = +.2985E+2", "TFU"},
	{"charge = 0.0002985e5", "TFU"},
	{"charge = 29.850000000000000000000000000000000000000000000000001", "TFU"},
	{"charge = 1e300", "FTU"},
	{"größe = 170.5", "TFU"},
	{"größe = 0", "FTU"},
	{"größe = -0", "FTU"},
	{"größe > -.5", "TTU"},
	{"größe>-1.", "TTU"},
	{"\"Mixed \"\"Case\"\" and\" = -1", "TFU"},
	{"\"Mixed \"\"Case\"\" and\" = 0.0000001", "FTU"},
	/* names and keywords */
	{"TENURE = 12", "TFU"},
	{"\"tenure\" = 12", "TFU"},
	{"Tenure In (1, 12) oR senior Is nOt nUlL aNd NOT trUe", "TFU"},
	{" \t\n\r\ftenure\n=\t12 ", "TFU"},
	/* booleans */
	{"senior", "TFU"},
	{"NOT senior", "FTU"},
	{"senior = TRUE", "TFU"},
	{"senior <> true", "FTU"},
	{"FALSE = senior", "FTU"},
	{"senior IN (true)", "TFU"},
	{"senior NOT IN (true, false)", "FFU"},
	{"TRUE", "TTT"},
	{"FALSE", "FFF"},
	{"NOT FALSE AND TRUE", "TTT"},
	/* categories */
	{"contract = 'One year'", "TFU"},
	{"'One year' <> contract", "FTU"},
	{"contract = 'it''s'", "FTU"},
	{"city = 'Zürich'", "TFU"},
	{"city = ''", "FFU"},
	{"contract IN ('Month-to-month', 'it''s')", "FTU"},
	{"contract NOT IN ('Month-to-month', 'it''s')", "TFU"},
	/* moments */
	{"since >= '2020-01-05'", "TTU"},
	{"'2020-01-15' > since", "TFU"},
	{"since BETWEEN '2020-01-15' AND until", "FTU"},
	{"'2020-01-15' BETWEEN since AND until", "TTU"},
	{"until NOT IN ('2020-01-20', '2020-01-21')", "FTU"},
	/* NULL */
	{"tenure = NULL", "UUU"},
	{"tenure <> NULL", "UUU"},
	{"NULL < tenure", "UUU"},
	{"contract = NULL", "UUU"},
	{"since < NULL", "UUU"},
	{"senior = NULL", "UUU"},
	{"tenure IS NULL", "FFT"},
	{"tenure IS NOT NULL", "TTF"},
	{"contract IS NULL", "FFT"},
	{"NOT senior IS NULL", "TTF"},
	{"tenure IN (12, NULL)", "TUU"},
	{"tenure IN (NULL)", "UUU"},
	{"tenure NOT IN (12, NULL)", "FUU"},
	{"tenure NOT IN (NULL, 12, 0)", "FFU"},
	{"tenure BETWEEN 1 AND NULL", "UFU"},
	{"tenure BETWEEN NULL AND 5", "FUU"},
	{"tenure NOT BETWEEN 1 AND NULL", "UTU"},
	{"tenure NOT BETWEEN NULL AND 5", "TUU"},
	{"NULL BETWEEN tenure AND charge", "UUU"},
	/* BETWEEN */
	{"tenure BETWEEN 12 AND 12", "TFU"},
	{"tenure BETWEEN 13 AND 1", "FFU"},
	{"tenure NOT BETWEEN 1 AND 12 AND charge > 1", "FTU"},
	{"tenure BETWEEN 1 AND 12 AND charge BETWEEN -1 AND +3e1 AND senior", "TFU"},
	{"1 BETWEEN tenure AND charge", "FTU"},
	{"5 NOT BETWEEN tenure AND charge", "TFU"},
	/* AND, OR, NOT */
	{"tenure IS NULL AND tenure = 1", "FFU"},
	{"tenure = 1 AND tenure IS NULL", "FFU"},
	{"tenure IS NULL OR tenure = 1", "FFT"},
	{"tenure = 1 OR tenure IS NULL", "FFT"},
	{"tenure IS NOT NULL AND tenure = 1", "FFF"},
	{"tenure = NULL OR FALSE", "UUU"},
	{"tenure = NULL AND FALSE", "FFF"},
	{"tenure = 12 OR tenure = 0 AND partner", "TFU"},
	{"(tenure = 12 OR tenure = 0) AND NOT partner", "TTU"},
	{"NOT tenure = 12 OR senior", "TTU"},
	{"NOT (tenure = 12 OR senior)", "FTU"},
	{"NOT NOT tenure = 12", "TFU"},
	{"NOT (NOT (tenure = 12) AND (contract = 'it''s'))", "TFU"},
	{"((((senior))))", "TFU"},
	{"NOT(senior)AND(NOT(partner))", "FTU"},
	{"senior OR tenure = 0 AND contract = 'it''s' AND since = until OR partner", "TTU"},
};

static CpStatus
compile_opposite(CpContext *context, const char *text, CpRule **rule)
{
	char opposite[CP_RULE_LENGTH + 64];
	int length = snprintf(opposite, sizeof(opposite), "NOT (%s)", text);

	return compile(context, opposite, (size_t) length, rule);
}

/* The truths are what PostgreSQL 15 says of the same rows. */
static void
check_right(void)
{
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
	{
		CpContext *context = unit_context();
		CpRule *rule, *opposite;
		char truth[VECTORS + 1] = "";

		REQUIRE_OK(compile(context, right[i].rule, strlen(right[i].rule), &rule));
		REQUIRE_OK(compile_opposite(context, right[i].rule, &opposite));
		for (int v = 0; v < VECTORS; v++)
			truth[v] = truth_of(rule, opposite, vectors[v]);
		if (!CHECK_STRING(right[i].truth, truth))
			unit_note("of %s", right[i].rule);
		cp_rule_free(context, rule);
		cp_rule_free(context, opposite);
		CHECK_EQUAL(0, unit_live_blocks());
	}
	cp_rule_free(unit_context(), NULL);
}

/* ---- rules that are wrong ---- */

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct
{
	const char *rule;
	const char *reason;
} malformed[] = {
	/* the end too early or too late */
	{"", "Found the end of the rule at character 1 instead of a predicate."},
	{"  ", "Found the end of the rule at character 3 instead of a predicate."},
	{"tenure =", "Found the end of the rule at character 9 instead of a feature or a value."},
	{"tenure = 1 AND", "Found the end of the rule at character 15 instead of a predicate."},
	{"(tenure = 1",
     "Found the end of the rule at character 12 instead of AND, OR or a closing parenthesis."},
	{"tenure = 1)", "Found \")\" at character 11 instead of AND, OR or the end."},
	{"()", "Found \")\" at character 2 instead of a predicate."},
	{"tenure = 1 senior", "Found \"senior\" at character 12 instead of AND, OR or the end."},
	{"tenure = 1 = 1", "Found \"=\" at character 12 instead of AND, OR or the end."},
	{"OR senior", "Found \"OR\" at character 1 instead of a predicate."},
	{"(tenure) = 1", "Found \"=\" at character 10 instead of AND, OR or the end."},
	{"senior city", "Found \"city\" at character 8 instead of a comparison, AND or OR."},
	/* SQL that is no rule */
	{"lower(city) = 'x'", "Found \"(\" at character 6 instead of a comparison, AND or OR."},
	{"tenure = now()", "Found \"(\" at character 13 instead of AND, OR or the end."},
	{"senior; DROP TABLE customer",
     "Found \";\" at character 7 instead of a comparison, AND or OR."},
	{"tenure = 1 -- first", "Found \"--\" at character 12 instead of AND, OR or the end."},
	{"/* all */ senior", "Found \"/*\" at character 1 instead of a predicate."},
	{"city || 'x' = 'xx'", "Found \"||\" at character 6 instead of a comparison, AND or OR."},
	{"since > '2020-01-01'::date", "Found \"::\" at character 21 instead of AND, OR or the end."},
	{"since > DATE '2020-01-01'",
     "Found \"'2020-01-01'\" at character 14 instead of AND, OR or the end."},
	{"tenure + 1 = 2", "Found \"+\" at character 8 instead of a comparison, AND or OR."},
	{"tenure-1 = 2", "Found \"-1\" at character 7 instead of a comparison, AND or OR."},
	{"tenure > - 1", "Found \"-\" at character 10 instead of a feature or a value."},
	{"customer.tenure = 1", "Found \".\" at character 9 instead of a comparison, AND or OR."},
	{"tenure == 1", "Found \"=\" at character 9 instead of a feature or a value."},
	{"city LIKE 'x%'", "Found \"LIKE\" at character 6 instead of a comparison, AND or OR."},
	{"city NOT LIKE 'x%'", "Found \"LIKE\" at character 10 instead of IN or BETWEEN."},
	{"tenure = $1", "Found \"$\" at character 10 instead of a feature or a value."},
	{"tenure IN (SELECT 1)",
     "Found \"SELECT\" at character 12 instead of a number, a text in quotes, TRUE, FALSE or NULL."},
	{"EXISTS (SELECT 1)", "Found \"(\" at character 8 instead of a comparison, AND or OR."},
	{"tenure IN (charge)",
     "Found \"charge\" at character 12 instead of a number, a text in quotes, TRUE, FALSE or NULL."},
	{"tenure IN ()", "Found \")\" at character 12 instead of a value."},
	{"tenure IN (1,)", "Found \")\" at character 14 instead of a value."},
	{"tenure IN (1 2)", "Found \"2\" at character 14 instead of a comma or a closing parenthesis."},
	{"tenure IN 1", "Found \"1\" at character 11 instead of a list of values in parentheses."},
	{"tenure BETWEEN 1",
     "Found the end of the rule at character 17 instead of AND and the upper bound."},
	{"tenure BETWEEN 1 AND",
     "Found the end of the rule at character 21 instead of a feature or a value."},
	{"tenure BETWEEN (1) AND 2", "Found \"(\" at character 16 instead of a feature or a value."},
	{"tenure IS 1", "Found \"1\" at character 11 instead of NULL or NOT NULL."},
	{"senior IS TRUE", "Found \"TRUE\" at character 11 instead of NULL or NOT NULL."},
	{"senior IS NOT", "Found the end of the rule at character 14 instead of NULL."},
	/* values among themselves */
	{"5", "Found the end of the rule at character 2 instead of a comparison."},
	{"NULL AND senior", "Found \"AND\" at character 6 instead of a comparison."},
	{"5 IS NULL", "Found \"IS\" at character 3 instead of a comparison."},
	{"NULL IN (NULL)", "Found \"IN\" at character 6 instead of a comparison."},
	{"1 = 1", "The comparison at character 1 is between two values; one must be a feature."},
	{"senior OR 'a' < 'b'",
     "The comparison at character 11 is between two values; one must be a feature."},
	{"1 BETWEEN 0 AND tenure",
     "The comparison at character 1 is between two values; one must be a feature."},
	{"1 NOT BETWEEN tenure AND 3",
     "The comparison at character 1 is between two values; one must be a feature."},
	/* tokens */
	{"tenure = 1abc", "\"1abc\" at character 10 is no number."},
	{"tenure = -1.2.3", "\"-1.2.3\" at character 10 is no number."},
	{"tenure = 1e", "\"1e\" at character 10 is no number."},
	{"tenure = 1e+", "\"1e\" at character 10 is no number."},
	{"tenure = 0x1F", "\"0x1F\" at character 10 is no number."},
	{"tenure = 1_000", "\"1_000\" at character 10 is no number."},
	{"tenure = 1ü", "\"1ü\" at character 10 is no number."},
	{"tenure < 1e309", "\"1e309\" at character 10 is too large a number."},
	{"tenure < -1e99999999999999999999",
     "\"-1e99999999999999999999\" at character 10 is too large a number."},
	{"tenure = 11111111111111111111111111111111111111111111111111111111111111111",
     "\"111111111111111111111111111111111111111111111111111111111111111...\" at character 10"
     " is too long a number."},
	{"city = 'x", "The text that begins at character 8 has no end."},
	{"city = 'x''", "The text that begins at character 8 has no end."},
	{"city = 'it's'", "Found \"s\" at character 12 instead of AND, OR or the end."},
	{"\"city = 'x'", "The quoted name that begins at character 1 has no end."},
	/* characters are counted, not bytes, and none is cut in two: 2 * 30 bytes and another */
	{"größe = 1 OR größe >",
     "Found the end of the rule at character 21 instead of a feature or a value."},
	{"größe größe", "Found \"größe\" at character 7 instead of a comparison, AND or OR."},
	{"senior " A60 "aaa",
     "Found \"" A60 "aaa\" at character 8 instead of a comparison, AND or OR."},
	{"senior " A60 "aaaa",
     "Found \"" A60 "aaa...\" at character 8 instead of a comparison, AND or OR."},
	{"senior " A60 "aaü",
     "Found \"" A60 "aa...\" at character 8 instead of a comparison, AND or OR."},
	{"senior " A60 "€uro",
     "Found \"" A60 "€...\" at character 8 instead of a comparison, AND or OR."},
	{"senior " A60 "a€uro",
     "Found \"" A60 "a...\" at character 8 instead of a comparison, AND or OR."},
};

/* What parses, but not for this model. */
static const struct
{
	const char *rule;
	const char *reason;
} unfit[] = {
	{"tenures = 1", "The model has no feature \"tenures\"."},
	{"tenure < Tenures", "The model has no feature \"Tenures\"."},
	{"\"Tenure\" = 1", "The model has no feature \"Tenure\"."},
	{"\"\" = 1", "The model has no feature \"\"."},
	{"a" A60 A60 " IS NULL", "The model has no feature \"" A60 "aaa...\"."},
	{"nullable AND senior", "The model has no feature \"nullable\"."},
	{"senior AND i", "The model has no feature \"i\"."},
	{"senior AND coalesce", "The model has no feature \"coalesce\"."},
	/* kinds */
	{"tenure", "The feature \"tenure\" is a number: by itself it is neither true nor false."},
	{"NOT City", "The feature \"City\" is a category: by itself it is neither true nor false."},
	{"since", "The feature \"since\" is a date or time: by itself it is neither true nor false."},
	{"tenure = '12'",
     "The feature \"tenure\" is a number and must be compared with a number, not with '12'."},
	{"TRUE = tenure",
     "The feature \"tenure\" is a number and must be compared with a number, not with TRUE."},
	{"senior = 1",
     "The feature \"senior\" is a boolean and must be compared with TRUE or FALSE, not with 1."},
	{"senior IN (true, 'yes')",
     "The feature \"senior\" is a boolean and must be compared with TRUE or FALSE, not with 'yes'."},
	{"city = -1.50",
     "The feature \"city\" is a category and must be compared with a text in quotes,"
     " not with -1.50."},
	{"city = true", "The feature \"city\" is a category and must be compared with a text in quotes,"
                    " not with true."},
	{"since > 2020",
     "The feature \"since\" is a date or time and must be compared with a text in quotes,"
     " not with 2020."},
	/* order */
	{"city < 'Zürich'",
     "The feature \"city\" is a category and has no order: compare it by =, <> or IN."},
	{"'a' >= city",
     "The feature \"city\" is a category and has no order: compare it by =, <> or IN."},
	{"city BETWEEN 'a' AND 'b'",
     "The feature \"city\" is a category and has no order: compare it by =, <> or IN."},
	{"city > NULL",
     "The feature \"city\" is a category and has no order: compare it by =, <> or IN."},
	{"NOT senior > false",
     "The feature \"senior\" is a boolean and has no order: compare it by =, <> or IN."},
	{"senior <= partner",
     "The feature \"senior\" is a boolean and has no order: compare it by =, <> or IN."},
	/* texts */
	{"city = 'Bern'", "The model has never met the category 'Bern' of the feature \"city\"."},
	{"city IN ('Zürich', 'it''s', 'it''s not')",
     "The model has never met the category 'it's not' of the feature \"city\"."},
	{"since > 'yesterday'",
     "'yesterday', which the feature \"since\" is compared with, is no date or time in ISO style."},
	/* two features */
	{"tenure = senior",
     "The features \"tenure\", a number, and \"senior\", a boolean, cannot be compared."},
	{"until > charge",
     "The features \"until\", a date or time, and \"charge\", a number, cannot be compared."},
	{"city = Contract",
     "The features \"city\", a category, and \"Contract\", a category, cannot be compared:"
     " each has codes of its own."},
};

static void
check_malformed(void)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
	{
		CpContext *context = unit_context();
		CpRule *rule;

		CHECK_STATUS(CP_BAD_PARAMETER,
		             compile(context, malformed[i].rule, strlen(malformed[i].rule), &rule));
		CHECK(rule == NULL);
		if (!CHECK_STRING(malformed[i].reason, context->reason))
			unit_note("of %s", malformed[i].rule);
	}
}

static void
check_unfit(void)
{
	for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++)
	{
		CpContext *context = unit_context();
		CpRule *rule;

		CHECK_STATUS(CP_BAD_DATA, compile(context, unfit[i].rule, strlen(unfit[i].rule), &rule));
		if (!CHECK_STRING(unfit[i].reason, context->reason))
			unit_note("of %s", unfit[i].rule);
	}
}

/* ---- random rules ---- */

#define SAMPLES 24

typedef enum Truth
{
	NO = -1,
	UNKNOWN = 0,
	YES = 1
} Truth;

/* A rule being written, and what it comes to on random vectors. */
typedef struct Author
{
	CpRng rng;
	char text[CP_RULE_LENGTH + 1];
	size_t length;
	double vectors[SAMPLES][FEATURES];
} Author;

static Truth
lesser(Truth a, Truth b)
{
	return a < b ? a : b;
}

static Truth
greater(Truth a, Truth b)
{
	return a > b ? a : b;
}

static Truth
compare(const char *comparison, double a, double b)
{
	if (isnan(a) || isnan(b))
		return UNKNOWN;
	if (a == b)
		return strcmp(comparison, "=") == 0 || strcmp(comparison, "<=") == 0 ||
		               strcmp(comparison, ">=") == 0
		           ? YES
		           : NO;
	return strcmp(comparison, "<>") == 0 || strcmp(comparison, "!=") == 0 ||
	               comparison[0] == (a < b ? '<' : '>')
	           ? YES
	           : NO;
}

static uint32_t
below(Author *author, uint32_t bound)
{
	return (uint32_t) cp_rng_below(&author->rng, bound);
}

static void
put(Author *author, const char *text)
{
	author->length += (size_t) snprintf(author->text + author->length,
	                                    sizeof(author->text) - author->length, "%s", text);
}

/* A word in any case with space around. */
static void
put_word(Author *author, const char *word)
{
	put(author, &"  "[below(author, 2)]);
	for (; *word != '\0'; word++)
	{
		char letter[2] = {*word, '\0'};

		if (below(author, 2) == 0 && *word >= 'A' && *word <= 'Z')
			letter[0] = (char) (*word + 32);
		put(author, letter);
	}
	put(author, &" \n"[below(author, 2)]);
}

static void
put_quoted(Author *author, const char *text, char quote)
{
	char letters[3] = {quote, '\0', '\0'};

	put(author, letters);
	for (const char *c = text; *c != '\0'; c++)
	{
		letters[0] = *c;
		letters[1] = *c == quote ? *c : '\0';
		put(author, letters);
	}
	letters[0] = quote;
	letters[1] = '\0';
	put(author, letters);
}

/* A value for a feature of that kind; few, so that equal ones meet. */
static double
random_value(Author *author, CpRuleKind kind)
{
	if (below(author, 5) == 0)
		return NAN;
	switch (kind)
	{
		case CP_RULE_NUMBER:
			return below(author, 6) / 2.0 - 1;
		case CP_RULE_BOOLEAN:
			return below(author, 2);
		case CP_RULE_CATEGORY:
			return below(author, LEVELS);
		default:
			return 1 + below(author, 5);
	}
}

static void
put_number(Author *author, double value)
{
	static const char *const formats[] = {"%g", "%+g", "%.3f", "%e", "%.2E"};
	char text[64];

	snprintf(text, sizeof(text), formats[below(author, 5)], value);
	put(author, text);
}

static double
put_literal(Author *author, CpRuleKind kind)
{
	double value = random_value(author, kind);
	char text[64];

	if (isnan(value))
		put_word(author, "NULL");
	else if (kind == CP_RULE_NUMBER)
		put_number(author, value);
	else if (kind == CP_RULE_BOOLEAN)
		put_word(author, value == 1 ? "TRUE" : "FALSE");
	else if (kind == CP_RULE_CATEGORY)
		put_quoted(author, levels[(int) value], '\'');
	else
	{
		snprintf(text, sizeof(text), "'2020-01-%02.0f'", value);
		put(author, text);
	}
	return value;
}

static void
put_feature(Author *author, uint32_t feature)
{
	if (feature == MIXED || below(author, 3) == 0)
		put_quoted(author, model[feature].name, '"');
	else
		put(author, model[feature].name);
}

/* A literal, or a feature that fits another; values: [SAMPLES] what it stands for. */
static void
put_operand(Author *author, uint32_t beside, double *values)
{
	CpRuleKind kind = model[beside].kind;
	uint32_t feature = below(author, FEATURES);
	double value = 0;

	if (model[feature].kind != kind || kind == CP_RULE_CATEGORY)
		feature = FEATURES;
	if (feature < FEATURES)
		put_feature(author, feature);
	else
		value = put_literal(author, kind);
	for (int s = 0; s < SAMPLES; s++)
		values[s] = feature < FEATURES ? author->vectors[s][feature] : value;
}

static void
put_comparison(Author *author, uint32_t feature, Truth *truths)
{
	static const char *const comparisons[] = {"=", "<>", "!=", "<", "<=", ">", ">="};
	CpRuleKind kind = model[feature].kind;
	bool ordered = kind == CP_RULE_NUMBER || kind == CP_RULE_MOMENT;
	const char *comparison = comparisons[below(author, ordered ? 7 : 3)];
	bool turned = below(author, 3) == 0;
	double values[SAMPLES];

	if (turned)
	{
		put_operand(author, feature, values);
		put(author, comparison);
	}
	put_feature(author, feature);
	if (!turned)
	{
		put(author, comparison);
		put_operand(author, feature, values);
	}
	for (int s = 0; s < SAMPLES; s++)
		truths[s] = turned ? compare(comparison, values[s], author->vectors[s][feature])
		                   : compare(comparison, author->vectors[s][feature], values[s]);
}

/* As the standard has it: true when equal to one, else unknown when that of one is. */
static void
put_in(Author *author, uint32_t feature, bool negated, Truth *truths)
{
	uint32_t values = 1 + below(author, 4);

	put_feature(author, feature);
	put_word(author, negated ? " NOT IN" : " IN");
	for (int s = 0; s < SAMPLES; s++)
		truths[s] = NO;
	for (uint32_t i = 0; i < values; i++)
	{
		double value;

		put(author, i == 0 ? "(" : ",");
		value = put_literal(author, model[feature].kind);
		for (int s = 0; s < SAMPLES; s++)
			truths[s] = greater(truths[s], compare("=", author->vectors[s][feature], value));
	}
	put(author, ")");
	for (int s = 0; s < SAMPLES && negated; s++)
		truths[s] = (Truth) -truths[s];
}

static void
put_between(Author *author, uint32_t feature, bool negated, Truth *truths)
{
	double low[SAMPLES], high[SAMPLES];

	put_feature(author, feature);
	put_word(author, negated ? " NOT BETWEEN" : " BETWEEN");
	put_operand(author, feature, low);
	put_word(author, " AND");
	put_operand(author, feature, high);
	for (int s = 0; s < SAMPLES; s++)
	{
		double value = author->vectors[s][feature];

		truths[s] = lesser(compare(">=", value, low[s]), compare("<=", value, high[s]));
		truths[s] = negated ? (Truth) -truths[s] : truths[s];
	}
}

/* A predicate of a feature alone, or none. */
static void
put_small(Author *author, uint32_t feature, Truth *truths)
{
	bool constant = model[feature].kind != CP_RULE_BOOLEAN, answer = below(author, 2) == 0;

	if (below(author, 3) > 0)
	{
		put_feature(author, feature);
		put_word(author, answer ? " IS NULL" : " IS NOT NULL");
		for (int s = 0; s < SAMPLES; s++)
			truths[s] = isnan(author->vectors[s][feature]) == answer ? YES : NO;
		return;
	}
	if (constant)
		put_word(author, answer ? "TRUE" : "FALSE");
	else
		put_feature(author, feature);
	for (int s = 0; s < SAMPLES; s++)
		truths[s] = constant ? (answer ? YES : NO) : compare("=", author->vectors[s][feature], 1);
}

static void
put_predicate(Author *author, Truth *truths)
{
	uint32_t feature = below(author, FEATURES);
	CpRuleKind kind = model[feature].kind;
	bool ordered = kind == CP_RULE_NUMBER || kind == CP_RULE_MOMENT;
	bool negated = below(author, 2) == 0;

	switch (below(author, 4))
	{
		case 0:
			put_in(author, feature, negated, truths);
			break;
		case 1:
			if (ordered)
			{
				put_between(author, feature, negated, truths);
				break;
			}
			/* fall through */
		case 2:
			put_small(author, feature, truths);
			break;
		default:
			put_comparison(author, feature, truths);
	}
}

static void put_rule(Author *author, int depth, Truth *truths);

static void
put_term(Author *author, int depth, Truth *truths)
{
	uint32_t choice = depth > 0 && author->length < CP_RULE_LENGTH / 4 ? below(author, 5) : 4;

	if (choice == 0)
	{
		put_word(author, "NOT ");
		put_term(author, depth - 1, truths);
		for (int s = 0; s < SAMPLES; s++)
			truths[s] = (Truth) -truths[s];
	}
	else if (choice <= 2)
	{
		put(author, "(");
		put_rule(author, depth - 1, truths);
		put(author, ")");
	}
	else
		put_predicate(author, truths);
}

static void
put_conjunct(Author *author, int depth, Truth *truths)
{
	Truth more[SAMPLES];

	put_term(author, depth, truths);
	while (below(author, 3) == 0)
	{
		put_word(author, " AND ");
		put_term(author, depth, more);
		for (int s = 0; s < SAMPLES; s++)
			truths[s] = lesser(truths[s], more[s]);
	}
}

static void
put_rule(Author *author, int depth, Truth *truths)
{
	Truth more[SAMPLES];

	put_conjunct(author, depth, truths);
	while (below(author, 3) == 0)
	{
		put_word(author, " OR ");
		put_conjunct(author, depth, more);
		for (int s = 0; s < SAMPLES; s++)
			truths[s] = greater(truths[s], more[s]);
	}
}

/* Rule number k. */
static void
write_rule(Author *author, uint64_t k, Truth *truths)
{
	cp_rng_init(&author->rng, 41, k);
	author->length = 0;
	author->text[0] = '\0';
	for (int s = 0; s < SAMPLES; s++)
		for (int f = 0; f < FEATURES; f++)
			author->vectors[s][f] = random_value(author, model[f].kind);
	put_rule(author, (int) (k % 6), truths);
}

static void
check_random(void)
{
	enum
	{
		rules = 4000
	};
	static Author author;
	size_t met[3] = {0};

	for (uint64_t k = 0; k < rules; k++)
	{
		CpContext *context = unit_context();
		CpRule *rule, *opposite;
		Truth truths[SAMPLES];
		bool all_right = true;

		write_rule(&author, k, truths);
		if (!CHECK_STATUS(CP_OK, compile(context, author.text, author.length, &rule)) ||
		    !CHECK_STATUS(CP_OK, compile_opposite(context, author.text, &opposite)))
		{
			unit_note("of %s", author.text);
			return;
		}
		for (int s = 0; s < SAMPLES; s++)
		{
			char truth = truth_of(rule, opposite, author.vectors[s]);

			all_right = all_right && truth == "FUT"[truths[s] + 1];
			met[truths[s] + 1]++;
		}
		if (!CHECK(all_right))
			unit_note("of %s", author.text);
	}
	for (int t = 0; t < 3; t++)
		CHECK(met[t] > (size_t) rules * SAMPLES / 10);
}

/* ---- rules by accident ---- */

static bool
is_utf8(const char *text, size_t length)
{
	for (size_t i = 0; i < length;)
	{
		unsigned char c = (unsigned char) text[i++];
		int more = c < 0x80 ? 0 : (c & 0xe0) == 0xc0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : -1;

		for (; more > 0 && i < length && ((unsigned char) text[i] & 0xc0) == 0x80; i++)
			more--;
		if (more != 0)
			return false;
	}
	return true;
}

/* Change a place of the text: take out a piece, repeat one, or put a byte in. */
static size_t
edit(CpRng *rng, char *text, size_t length)
{
	static const char alphabet[] = "'\"()<>=!,;-+.%|:$ 019eEaNnOoTt\xc3\xbc\xff\x80\\\n";
	size_t at = cp_rng_below(rng, length + 1), piece = cp_rng_below(rng, 9);

	if (piece > length - at)
		piece = length - at;
	switch (cp_rng_below(rng, 4))
	{
		case 0:
			memmove(text + at, text + at + piece, length - at - piece);
			return length - piece;
		case 1:
			memmove(text + at + piece, text + at, length - at);
			return length + piece;
		case 2:
			memmove(text + at + 1, text + at, length - at);
			text[at] = alphabet[cp_rng_below(rng, sizeof(alphabet))];
			return length + 1;
		default:
			if (at < length)
				text[at] = alphabet[cp_rng_below(rng, sizeof(alphabet))];
			return length;
	}
}

/* What does not compile has a reason: a sentence that is whole and of whole characters. */
static void
check_reason(const CpContext *context, CpStatus status, const char *text, size_t length)
{
	size_t end = strlen(context->reason);

	CHECK(status == CP_BAD_PARAMETER || status == CP_BAD_DATA);
	CHECK(end > 0 && end < CP_REASON_LENGTH - 1 && context->reason[end - 1] == '.');
	CHECK(is_utf8(context->reason, end) || !is_utf8(text, length));
}

static void
check_mutants(void)
{
	static Author author;
	char text[CP_RULE_LENGTH + 64];
	size_t compiled = 0, malformed_rules = 0, unfit_rules = 0;

	for (uint64_t k = 0; k < 20000; k++)
	{
		CpContext *context = unit_context();
		CpRule *rule, *opposite;
		Truth truths[SAMPLES];
		CpStatus status;
		size_t length;

		write_rule(&author, k / 8, truths);
		length = author.length;
		memcpy(text, author.text, length);
		cp_rng_init(&author.rng, 43, k);
		for (uint64_t edits = 1 + cp_rng_below(&author.rng, 3); edits > 0; edits--)
			length = edit(&author.rng, text, length);
		text[length] = '\0';
		status = compile(context, text, length, &rule);
		compiled += status == CP_OK;
		malformed_rules += status == CP_BAD_PARAMETER;
		unfit_rules += status == CP_BAD_DATA;
		if (status != CP_OK)
			check_reason(context, status, text, length);
		else if (CHECK_STATUS(CP_OK, compile_opposite(context, text, &opposite)))
			for (int s = 0; s < SAMPLES; s++)
				CHECK(truth_of(rule, opposite, author.vectors[s]) != '!');
	}
	CHECK(compiled > 1000 && malformed_rules > 1000 && unfit_rules > 1000);
}

/* ---- bounds ---- */

/* `open` so many times, then `inner`, then `close` as often. */
static CpStatus
compile_repeated(CpContext *context, const char *open, const char *inner, const char *close,
                 int times, CpRule **rule)
{
	char text[CP_RULE_LENGTH + 64] = "";
	size_t length = 0;

	for (int i = 0; i < times; i++)
		length += (size_t) snprintf(text + length, sizeof(text) - length, "%s", open);
	length += (size_t) snprintf(text + length, sizeof(text) - length, "%s", inner);
	for (int i = 0; i < times; i++)
		length += (size_t) snprintf(text + length, sizeof(text) - length, "%s", close);
	return compile(context, text, length, rule);
}

static void
check_depth(void)
{
	static const struct
	{
		const char *open;
		const char *close;
		int levels;
		const char *reason;
	} nests[] = {
		{"(", ")", 1, "Parentheses and NOT are nested more than 64 deep at character 65."},
		{"NOT ", "", 1, "Parentheses and NOT are nested more than 64 deep at character 257."},
		{"NOT(", ")", 2, "Parentheses and NOT are nested more than 64 deep at character 129."},
		{"TRUE AND (FALSE OR ", ")", 1,
	     "Parentheses and NOT are nested more than 64 deep at character 1226."},
	};
	CpRule *rule;

	for (size_t i = 0; i < sizeof(nests) / sizeof(nests[0]); i++)
	{
		CpContext *context = unit_context();
		int most = CP_RULE_DEPTH / nests[i].levels;

		REQUIRE_OK(compile_repeated(context, nests[i].open, "senior", nests[i].close, most, &rule));
		CHECK(cp_rule_holds(rule, vectors[0]));
		CHECK(!cp_rule_holds(rule, vectors[1]));
		CHECK_STATUS(CP_BAD_PARAMETER, compile_repeated(context, nests[i].open, "senior",
		                                                nests[i].close, most + 1, &rule));
		CHECK_STRING(nests[i].reason, context->reason);
	}
	/* Beside one another there may be any number. */
	REQUIRE_OK(compile_repeated(unit_context(), "NOT(partner)AND ", "(senior)", "", 200, &rule));
	CHECK(cp_rule_holds(rule, vectors[0]));
}

/* Spaces, values and features up to the last byte; numbers that are next to nothing. */
static void
check_length(void)
{
	CpContext *context = unit_context();
	CpRule *rule;

	REQUIRE_OK(compile_repeated(context, " ", "senior", "", CP_RULE_LENGTH - 6, &rule));
	CHECK(cp_rule_holds(rule, vectors[0]));
	CHECK_STATUS(CP_BAD_PARAMETER,
	             compile_repeated(context, " ", "senior", "", CP_RULE_LENGTH - 5, &rule));
	CHECK_STRING("A rule has at most 8192 bytes, not 8193.", context->reason);
	CHECK_STATUS(CP_BAD_PARAMETER, compile_repeated(context, "", "tenure IN(9", ",1", 4080, &rule));
	CHECK_STRING("Found the end of the rule at character 8172 instead of a comma or a closing"
	             " parenthesis.",
	             context->reason);
	REQUIRE_OK(compile_repeated(context, "9=tenure OR ", "tenure IN(12)", "", 681, &rule));
	CHECK(cp_rule_holds(rule, vectors[0]));
	CHECK(!cp_rule_holds(rule, vectors[1]));
	REQUIRE_OK(compile_repeated(context, "", "tenure >= 1.5e-99999999999999999999", "", 1, &rule));
	CHECK(cp_rule_holds(rule, vectors[1]));
	CHECK_STATUS(CP_BAD_PARAMETER, compile(context, "senior\0", 7, &rule));
	CHECK_STRING("A rule has no zero bytes.", context->reason);
}

/* ---- binding again ---- */

/* A model of the same features from the last to the first, with other codes. */
static int
find_turned(void *host, const char *name, bool exact, CpRuleKind *kind)
{
	int feature = find_feature(host, name, exact, kind);

	return feature < 0 ? feature : FEATURES - 1 - feature;
}

static bool
find_turned_value(void *host, int feature, const char *text, size_t length, double *value)
{
	bool found = find_value(host, FEATURES - 1 - feature, text, length, value);

	*value += 100;
	return found;
}

static void
check_binding_again(void)
{
	static const char text[] = "senior AND tenure < 20 AND city IN ('it''s', 'Zürich')"
							   " AND '2020-01-06' > since";
	const CpRuleScope turned = {&all_features, find_turned, find_turned_value};
	int four = 4;
	const CpRuleScope smaller = {&four, find_feature, find_value};
	double vector[FEATURES];
	CpContext *context = unit_context();
	size_t allocations;
	CpRule *rule;

	for (int f = 0; f < FEATURES; f++)
		vector[FEATURES - 1 - f] =
			vectors[0][f] + (f == CITY || f == SINCE || f == CONTRACT ? 100 : 0);
	REQUIRE_OK(compile(context, text, strlen(text), &rule));
	allocations = unit_allocations();
	CHECK(cp_rule_holds(rule, vectors[0]));
	CHECK(!cp_rule_holds(rule, vector));
	REQUIRE_OK(cp_rule_bind(context, rule, &turned));
	CHECK(cp_rule_holds(rule, vector));
	CHECK(!cp_rule_holds(rule, vectors[0]));
	CHECK_STATUS(CP_BAD_DATA, cp_rule_bind(context, rule, &smaller));
	CHECK_STRING("The model has no feature \"city\".", context->reason);
	REQUIRE_OK(cp_rule_bind(context, rule, &scope));
	CHECK(cp_rule_holds(rule, vectors[0]));
	CHECK_EQUAL(allocations, unit_allocations());
}

/* ---- failures ---- */

static void
check_failures(void)
{
	static const char text[] = "tenure IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10) OR senior";
	CpContext *context;
	CpStatus status = CP_NO_MEMORY;
	CpRule *rule;
	size_t nth = 0, polls;

	while (status != CP_OK)
	{
		context = unit_context();
		unit_fail_allocation(++nth);
		status = cp_rule_parse(context, text, strlen(text), &rule);
		CHECK(status == CP_OK ? rule != NULL : status == CP_NO_MEMORY && rule == NULL);
	}
	/* The rule, two lengths of its steps, and the right one. */
	CHECK_EQUAL(4 + 1, nth);
	REQUIRE_OK(cp_rule_bind(context, rule, &scope));
	polls = unit_polls();
	CHECK(polls >= 11);
	for (size_t poll = 0; poll < polls; poll++)
	{
		unit_cancel_after(poll);
		CHECK_STATUS(CP_CANCELLED, cp_rule_bind(context, rule, &scope));
	}
	unit_cancel_after(SIZE_MAX);
	context->budget = context->used + 100;
	CHECK_STATUS(CP_OVER_BUDGET, cp_rule_parse(context, text, strlen(text), &rule));
}

void
test_rule(void)
{
	UNIT_CASE("truth is PostgreSQL's", check_right);
	UNIT_CASE("what is no rule has a reason", check_malformed);
	UNIT_CASE("what does not fit the model has a reason", check_unfit);
	UNIT_CASE("random rules against a naive evaluator", check_random);
	UNIT_CASE("rules with misprints compile or have a reason", check_mutants);
	UNIT_CASE("nesting has a bound", check_depth);
	UNIT_CASE("length and exponents have a bound", check_length);
	UNIT_CASE("a rule is bound again to another model", check_binding_again);
	UNIT_CASE("no memory, no budget, no time", check_failures);
}
