/*
 * rule.c: rules from text to a program of tests.
 *
 * A rule is only ever asked whether it is true. So NOT is carried down to the tests while
 * parsing (De Morgan), each of which has an opposite; what remains is AND and OR, the minimum
 * and the maximum of false < unknown < true (Kleene 1938). These cannot make anything true out
 * of what is false or unknown, so it is enough that a test says whether it is true: the third
 * value needs no place, and a comparison with NULL is simply not true, and neither is its
 * opposite.
 *
 * The program is a list of steps: tests, and between the members of an AND or OR skips to
 * its end once it is decided. Skips lead forward only. IN is written as an OR of comparisons,
 * BETWEEN as an AND of two.
 */
#include "decide/rule.h"

#include <math.h>
#include <string.h>

#include "decide/rule_lexer.h"

#define NO_STEP UINT32_MAX

typedef enum StepKind
{
	STEP_TEST,
	SKIP_UNLESS_TRUE,
	SKIP_IF_TRUE
} StepKind;

typedef struct Step
{
	StepKind kind;
	CpRuleTest test;
	uint32_t target; /* of a skip; while it is not known, the skip before to the same */
	CpOperand left;  /* of a test */
	CpOperand right;
} Step;

struct CpRule
{
	Step *steps; /* [count] */
	uint32_t count;
	uint32_t capacity;
	char texts[]; /* names and literals */
};

/* ---- parsing ---- */

typedef struct Parser
{
	CpRuleLexer lexer;
	CpRule *rule;
	size_t predicate; /* where the one being read begins */
	int depth;
} Parser;

static CpTokenKind
next_kind(const Parser *parser)
{
	return parser->lexer.token.kind;
}

static CpStatus
advance(Parser *parser)
{
	return cp_rule_lexer_next(&parser->lexer);
}

static CpStatus
reject(const Parser *parser, const char *expected)
{
	return cp_rule_lexer_fail(&parser->lexer, expected);
}

static CpStatus
take(Parser *parser, CpTokenKind kind, const char *expected)
{
	if (next_kind(parser) != kind)
		return reject(parser, expected);
	return advance(parser);
}

static CpStatus
take_operand(Parser *parser, const char *expected, CpOperand *operand)
{
	*operand = parser->lexer.token.operand;
	return take(parser, CP_TOKEN_OPERAND, expected);
}

static CpStatus
add_step(Parser *parser, Step **step)
{
	CpRule *rule = parser->rule;

	if (rule->count == rule->capacity)
	{
		CP_TRY(cp_resize(parser->lexer.context, &rule->steps, 2 * (size_t) rule->capacity + 8,
		                 sizeof(Step)));
		rule->capacity = 2 * rule->capacity + 8;
	}
	*step = &rule->steps[rule->count++];
	memset(*step, 0, sizeof(Step));
	return CP_OK;
}

static CpStatus
add_test(Parser *parser, CpRuleTest test, const CpOperand *left, const CpOperand *right)
{
	Step *step;

	if (left->kind != CP_OPERAND_FEATURE && right->kind != CP_OPERAND_FEATURE &&
	    right->kind != CP_OPERAND_TRUTH)
		return cp_fail(
			parser->lexer.context, CP_BAD_PARAMETER,
			"The comparison at character %zu is between two values; one must be a feature.",
			cp_rule_lexer_character(&parser->lexer, parser->predicate));
	CP_TRY(add_step(parser, &step));
	step->kind = STEP_TEST;
	step->test = test;
	step->left = *left;
	step->right = *right;
	return CP_OK;
}

/* A skip over the rest of an AND or OR; those of one are chained until its end is known. */
static CpStatus
add_skip(Parser *parser, StepKind kind, uint32_t *chain)
{
	Step *step;

	CP_TRY(add_step(parser, &step));
	step->kind = kind;
	step->target = *chain;
	*chain = parser->rule->count - 1;
	return CP_OK;
}

/* The end is here. */
static void
end_skips(Parser *parser, uint32_t chain)
{
	while (chain != NO_STEP)
	{
		Step *step = &parser->rule->steps[chain];

		chain = step->target;
		step->target = parser->rule->count;
	}
}

/* IS [NOT] NULL. */
static CpStatus
parse_is(Parser *parser, const CpOperand *left, bool negated)
{
	const CpOperand none = {.kind = CP_OPERAND_NULL, .feature = -1, .value = NAN};
	bool is_not;

	CP_TRY(advance(parser));
	is_not = next_kind(parser) == CP_TOKEN_NOT;
	if (is_not)
		CP_TRY(advance(parser));
	if (next_kind(parser) != CP_TOKEN_OPERAND ||
	    parser->lexer.token.operand.kind != CP_OPERAND_NULL)
		return reject(parser, is_not ? "NULL" : "NULL or NOT NULL");
	CP_TRY(advance(parser));
	return add_test(parser, is_not != negated ? CP_TEST_NOT_NULL : CP_TEST_NULL, left, &none);
}

/* IN: a comparison with each value of the list. */
static CpStatus
parse_in(Parser *parser, const CpOperand *left, bool negated)
{
	uint32_t chain = NO_STEP;
	CpOperand value;

	CP_TRY(advance(parser));
	CP_TRY(take(parser, CP_TOKEN_OPEN, "a list of values in parentheses"));
	for (;;)
	{
		if (next_kind(parser) == CP_TOKEN_OPERAND &&
		    parser->lexer.token.operand.kind == CP_OPERAND_FEATURE)
			return reject(parser, "a number, a text in quotes, TRUE, FALSE or NULL");
		CP_TRY(take_operand(parser, "a value", &value));
		CP_TRY(add_test(parser, negated ? CP_TEST_NOT_EQUAL : CP_TEST_EQUAL, left, &value));
		if (next_kind(parser) != CP_TOKEN_COMMA)
			break;
		CP_TRY(add_skip(parser, negated ? SKIP_UNLESS_TRUE : SKIP_IF_TRUE, &chain));
		CP_TRY(advance(parser));
	}
	end_skips(parser, chain);
	return take(parser, CP_TOKEN_CLOSE, "a comma or a closing parenthesis");
}

/* BETWEEN: a comparison with each bound. */
static CpStatus
parse_between(Parser *parser, const CpOperand *left, bool negated)
{
	uint32_t chain = NO_STEP;
	CpOperand bound;

	CP_TRY(advance(parser));
	CP_TRY(take_operand(parser, "a feature or a value", &bound));
	CP_TRY(add_test(parser, negated ? CP_TEST_LESS : CP_TEST_NOT_LESS, left, &bound));
	CP_TRY(add_skip(parser, negated ? SKIP_IF_TRUE : SKIP_UNLESS_TRUE, &chain));
	CP_TRY(take(parser, CP_TOKEN_AND, "AND and the upper bound"));
	CP_TRY(take_operand(parser, "a feature or a value", &bound));
	CP_TRY(add_test(parser, negated ? CP_TEST_GREATER : CP_TEST_NOT_GREATER, left, &bound));
	end_skips(parser, chain);
	return CP_OK;
}

static CpRuleTest
opposite(CpRuleTest test)
{
	return (CpRuleTest) (test ^ 1);
}

static CpStatus
parse_comparison(Parser *parser, const CpOperand *left, bool negated)
{
	CpRuleTest test = parser->lexer.token.comparison;
	CpOperand right;

	CP_TRY(advance(parser));
	CP_TRY(take_operand(parser, "a feature or a value", &right));
	return add_test(parser, negated ? opposite(test) : test, left, &right);
}

/* An operand without comparison. */
static CpStatus
parse_bare(Parser *parser, const CpOperand *left, bool negated)
{
	const CpOperand truth = {.kind = CP_OPERAND_TRUTH, .feature = -1, .value = 1};
	CpTokenKind next = next_kind(parser);

	if (left->kind != CP_OPERAND_FEATURE && left->kind != CP_OPERAND_BOOLEAN)
		return reject(parser, "a comparison");
	if (next != CP_TOKEN_END && next != CP_TOKEN_CLOSE && next != CP_TOKEN_AND &&
	    next != CP_TOKEN_OR)
		return reject(parser, "a comparison, AND or OR");
	return add_test(parser, negated ? CP_TEST_NOT_EQUAL : CP_TEST_EQUAL, left, &truth);
}

static CpStatus
parse_predicate(Parser *parser, bool negated)
{
	CpOperand left;
	bool is_feature;

	parser->predicate = parser->lexer.token.begin;
	CP_TRY(take_operand(parser, "a predicate", &left));
	is_feature = left.kind == CP_OPERAND_FEATURE;
	if (next_kind(parser) == CP_TOKEN_COMPARISON)
		return parse_comparison(parser, &left, negated);
	if (next_kind(parser) == CP_TOKEN_IS && is_feature)
		return parse_is(parser, &left, negated);
	if (next_kind(parser) == CP_TOKEN_NOT)
	{
		negated = !negated;
		CP_TRY(advance(parser));
		if (next_kind(parser) != CP_TOKEN_IN && next_kind(parser) != CP_TOKEN_BETWEEN)
			return reject(parser, "IN or BETWEEN");
	}
	if (next_kind(parser) == CP_TOKEN_IN && is_feature)
		return parse_in(parser, &left, negated);
	if (next_kind(parser) == CP_TOKEN_BETWEEN)
		return parse_between(parser, &left, negated);
	return parse_bare(parser, &left, negated);
}

static CpStatus parse_joined(Parser *parser, CpTokenKind joint, bool negated);

static CpStatus
parse_term(Parser *parser, bool negated)
{
	CpTokenKind first = next_kind(parser);

	if (first != CP_TOKEN_NOT && first != CP_TOKEN_OPEN)
		return parse_predicate(parser, negated);
	if (parser->depth == CP_RULE_DEPTH)
		return cp_fail(parser->lexer.context, CP_BAD_PARAMETER,
		               "Parentheses and NOT are nested more than %d deep at character %zu.",
		               CP_RULE_DEPTH,
		               cp_rule_lexer_character(&parser->lexer, parser->lexer.token.begin));
	parser->depth++;
	CP_TRY(advance(parser));
	if (first == CP_TOKEN_NOT)
		CP_TRY(parse_term(parser, !negated));
	else
	{
		CP_TRY(parse_joined(parser, CP_TOKEN_OR, negated));
		CP_TRY(take(parser, CP_TOKEN_CLOSE, "AND, OR or a closing parenthesis"));
	}
	parser->depth--;
	return CP_OK;
}

/* What OR joins, and within that what AND joins; negated, the one means the other. */
static CpStatus
parse_joined(Parser *parser, CpTokenKind joint, bool negated)
{
	StepKind skip = (joint == CP_TOKEN_OR) != negated ? SKIP_IF_TRUE : SKIP_UNLESS_TRUE;
	uint32_t chain = NO_STEP;

	for (;;)
	{
		if (joint == CP_TOKEN_OR)
			CP_TRY(parse_joined(parser, CP_TOKEN_AND, negated));
		else
			CP_TRY(parse_term(parser, negated));
		if (next_kind(parser) != joint)
			break;
		CP_TRY(add_skip(parser, skip, &chain));
		CP_TRY(advance(parser));
	}
	end_skips(parser, chain);
	return CP_OK;
}

CpStatus
cp_rule_parse(CpContext *context, const char *text, size_t length, CpRule **rule)
{
	Parser parser = {.lexer = {.context = context, .rule = text, .length = length}};

	*rule = NULL;
	if (length > CP_RULE_LENGTH)
		return cp_fail(context, CP_BAD_PARAMETER, "A rule has at most %d bytes, not %zu.",
		               CP_RULE_LENGTH, length);
	if (length > 0 && memchr(text, '\0', length) != NULL)
		return cp_fail(context, CP_BAD_PARAMETER, "A rule has no zero bytes.");
	CP_TRY(cp_alloc_zero(context, &parser.rule, 1, sizeof(CpRule) + 2 * length));
	parser.lexer.texts = parser.rule->texts;
	CP_TRY(advance(&parser));
	CP_TRY(parse_joined(&parser, CP_TOKEN_OR, false));
	if (next_kind(&parser) != CP_TOKEN_END)
		return reject(&parser, "AND, OR or the end");
	CP_TRY(cp_resize(context, &parser.rule->steps, parser.rule->count, sizeof(Step)));
	*rule = parser.rule;
	return CP_OK;
}

void
cp_rule_free(CpContext *context, CpRule *rule)
{
	if (rule == NULL)
		return;
	cp_free(context, &rule->steps);
	cp_free(context, &rule);
}

/* ---- binding ---- */

typedef struct Binder
{
	CpContext *context;
	CpRule *rule;
	const CpRuleScope *scope;
} Binder;

static const char *const kind_names[] = {
	[CP_RULE_NUMBER] = "a number",
	[CP_RULE_BOOLEAN] = "a boolean",
	[CP_RULE_CATEGORY] = "a category",
	[CP_RULE_MOMENT] = "a date or time",
};

static const char *
operand_text(const CpRule *rule, const CpOperand *operand, char room[CP_QUOTE_SIZE])
{
	return cp_rule_abridge(rule->texts + operand->text, operand->length, room);
}

static bool
has_order(CpRuleKind kind)
{
	return kind == CP_RULE_NUMBER || kind == CP_RULE_MOMENT;
}

static bool
asks_order(CpRuleTest test)
{
	return test >= CP_TEST_LESS && test <= CP_TEST_NOT_GREATER;
}

/* Find the feature of an operand, if it is one. */
static CpStatus
bind_feature(const Binder *binder, CpOperand *operand, CpRuleKind *kind)
{
	char name[CP_QUOTE_SIZE];

	if (operand->kind != CP_OPERAND_FEATURE)
		return CP_OK;
	operand->feature = binder->scope->find(binder->scope->host, binder->rule->texts + operand->text,
	                                       operand->exact, kind);
	if (operand->feature >= 0)
		return CP_OK;
	return cp_fail(binder->context, CP_BAD_DATA, "The model has no feature \"%s\".",
	               operand_text(binder->rule, operand, name));
}

static CpStatus
check_order(const Binder *binder, CpRuleTest test, const CpOperand *operand, CpRuleKind kind)
{
	char name[CP_QUOTE_SIZE];

	if (has_order(kind) || !asks_order(test))
		return CP_OK;
	return cp_fail(binder->context, CP_BAD_DATA,
	               "The feature \"%s\" is %s and has no order: compare it by =, <> or IN.",
	               operand_text(binder->rule, operand, name), kind_names[kind]);
}

static CpStatus
check_features(const Binder *binder, const Step *step, const CpRuleKind kinds[2])
{
	char left[CP_QUOTE_SIZE], right[CP_QUOTE_SIZE];

	if (kinds[0] == kinds[1] && kinds[0] != CP_RULE_CATEGORY)
		return check_order(binder, step->test, &step->left, kinds[0]);
	return cp_fail(binder->context, CP_BAD_DATA,
	               "The features \"%s\", %s, and \"%s\", %s, cannot be compared%s.",
	               operand_text(binder->rule, &step->left, left), kind_names[kinds[0]],
	               operand_text(binder->rule, &step->right, right), kind_names[kinds[1]],
	               kinds[0] == kinds[1] ? ": each has codes of its own" : "");
}

/* The value that stands for a text in a category or moment. */
static CpStatus
bind_text(const Binder *binder, const CpOperand *feature, CpRuleKind kind, CpOperand *literal)
{
	const char *bytes = binder->rule->texts + literal->text;
	char name[CP_QUOTE_SIZE], text[CP_QUOTE_SIZE];

	if (binder->scope->value(binder->scope->host, feature->feature, bytes, literal->length,
	                         &literal->value))
		return CP_OK;
	operand_text(binder->rule, feature, name);
	operand_text(binder->rule, literal, text);
	if (kind == CP_RULE_MOMENT)
		return cp_fail(
			binder->context, CP_BAD_DATA,
			"'%s', which the feature \"%s\" is compared with, is no date or time in ISO style.",
			text, name);
	return cp_fail(binder->context, CP_BAD_DATA,
	               "The model has never met the category '%s' of the feature \"%s\".", text, name);
}

static CpStatus
bind_literal(const Binder *binder, CpRuleTest test, const CpOperand *feature, CpRuleKind kind,
             CpOperand *literal)
{
	/* What a feature of each kind is compared with. */
	static const struct
	{
		CpOperandKind kind;
		const char *name;
	} fitting[] = {
		[CP_RULE_NUMBER] = {CP_OPERAND_NUMBER, "a number"},
		[CP_RULE_BOOLEAN] = {CP_OPERAND_BOOLEAN, "TRUE or FALSE"},
		[CP_RULE_CATEGORY] = {CP_OPERAND_TEXT, "a text in quotes"},
		[CP_RULE_MOMENT] = {CP_OPERAND_TEXT, "a text in quotes"},
	};
	const char *quote = literal->kind == CP_OPERAND_TEXT ? "'" : "";
	char name[CP_QUOTE_SIZE], text[CP_QUOTE_SIZE];

	CP_TRY(check_order(binder, test, feature, kind));
	if (literal->kind == CP_OPERAND_NULL ||
	    (literal->kind == CP_OPERAND_TRUTH && kind == CP_RULE_BOOLEAN))
		return CP_OK;
	if (literal->kind == CP_OPERAND_TRUTH)
		return cp_fail(binder->context, CP_BAD_DATA,
		               "The feature \"%s\" is %s: by itself it is neither true nor false.",
		               operand_text(binder->rule, feature, name), kind_names[kind]);
	if (literal->kind != fitting[kind].kind)
		return cp_fail(binder->context, CP_BAD_DATA,
		               "The feature \"%s\" is %s and must be compared with %s, not with %s%s%s.",
		               operand_text(binder->rule, feature, name), kind_names[kind],
		               fitting[kind].name, quote, operand_text(binder->rule, literal, text), quote);
	return literal->kind == CP_OPERAND_TEXT ? bind_text(binder, feature, kind, literal) : CP_OK;
}

static CpStatus
bind_test(const Binder *binder, Step *step)
{
	CpRuleKind kinds[2];
	bool left = step->left.kind == CP_OPERAND_FEATURE;
	bool right = step->right.kind == CP_OPERAND_FEATURE;

	CP_TRY(bind_feature(binder, &step->left, &kinds[0]));
	CP_TRY(bind_feature(binder, &step->right, &kinds[1]));
	if (left && right)
		return check_features(binder, step, kinds);
	if (left)
		return bind_literal(binder, step->test, &step->left, kinds[0], &step->right);
	if (right)
		return bind_literal(binder, step->test, &step->right, kinds[1], &step->left);
	return CP_OK;
}

CpStatus
cp_rule_bind(CpContext *context, CpRule *rule, const CpRuleScope *scope)
{
	const Binder binder = {context, rule, scope};

	for (uint32_t i = 0; i < rule->count; i++)
	{
		CP_TRY(cp_poll(context));
		if (rule->steps[i].kind == STEP_TEST)
			CP_TRY(bind_test(&binder, &rule->steps[i]));
	}
	return CP_OK;
}

/* ---- evaluation ---- */

static double
value_of(const CpOperand *operand, const double *vector)
{
	return operand->feature < 0 ? operand->value : vector[operand->feature];
}

/* Comparisons with NaN are false, as those with NULL are not true. */
static bool
test_holds(CpRuleTest test, double left, double right)
{
	switch (test)
	{
		case CP_TEST_EQUAL:
			return left == right;
		case CP_TEST_NOT_EQUAL:
			return left < right || left > right;
		case CP_TEST_LESS:
			return left < right;
		case CP_TEST_NOT_LESS:
			return left >= right;
		case CP_TEST_GREATER:
			return left > right;
		case CP_TEST_NOT_GREATER:
			return left <= right;
		case CP_TEST_NULL:
			return isnan(left);
		default:
			return !isnan(left);
	}
}

bool
cp_rule_holds(const CpRule *rule, const double *vector)
{
	bool holds = false;
	uint32_t next;

	for (uint32_t i = 0; i < rule->count; i = next)
	{
		const Step *step = &rule->steps[i];

		next = i + 1;
		if (step->kind == STEP_TEST)
			holds = test_holds(step->test, value_of(&step->left, vector),
			                   value_of(&step->right, vector));
		else if (holds == (step->kind == SKIP_IF_TRUE))
			next = step->target;
	}
	return holds;
}
