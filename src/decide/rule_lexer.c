/*
 * rule_lexer.c: from characters to tokens.
 */
#include "decide/rule_lexer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Characters of a number. */
#define NUMBER_LENGTH 64
/* Below this every number is 0. */
#define LEAST_EXPONENT (-9999)

/* Within a character of UTF-8? */
static bool
is_continuation(char c)
{
	return ((unsigned char) c & 0xc0) == 0x80;
}

const char *
cp_rule_abridge(const char *text, size_t length, char room[CP_QUOTE_SIZE])
{
	size_t kept = length;

	if (length > CP_QUOTE_LENGTH)
	{
		kept = CP_QUOTE_LENGTH;
		while (kept > 0 && is_continuation(text[kept]))
			kept--;
	}
	snprintf(room, CP_QUOTE_SIZE, "%.*s%s", (int) kept, text, kept < length ? "..." : "");
	return room;
}

/* The byte at a position; zero, which occurs in no rule, past the end. */
static char
peek(const CpRuleLexer *lexer, size_t position)
{
	return position < lexer->length ? lexer->rule[position] : '\0';
}

size_t
cp_rule_lexer_character(const CpRuleLexer *lexer, size_t position)
{
	size_t character = 1;

	for (size_t i = 0; i < position; i++)
		character += !is_continuation(lexer->rule[i]);
	return character;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
begins_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char) c >= 0x80;
}

static bool
continues_name(char c)
{
	return begins_name(c) || is_digit(c) || c == '$';
}

static bool
is_sign(char c)
{
	return c == '+' || c == '-';
}

/* Does a number begin there, sign apart? */
static bool
begins_number(const CpRuleLexer *lexer, size_t position)
{
	return is_digit(peek(lexer, position)) ||
	       (peek(lexer, position) == '.' && is_digit(peek(lexer, position + 1)));
}

static void
add_byte(CpRuleLexer *lexer, char byte)
{
	lexer->texts[lexer->texts_length++] = byte;
}

static void
begin_operand(CpRuleLexer *lexer, CpOperandKind kind)
{
	CpOperand *operand = &lexer->token.operand;

	lexer->token.kind = CP_TOKEN_OPERAND;
	memset(operand, 0, sizeof(*operand));
	operand->kind = kind;
	operand->feature = -1;
	operand->value = NAN;
	operand->text = lexer->texts_length;
}

static void
end_operand(CpRuleLexer *lexer)
{
	lexer->token.operand.length = lexer->texts_length - lexer->token.operand.text;
	add_byte(lexer, '\0');
}

/* An operand that is kept as it is written. */
static void
set_operand(CpRuleLexer *lexer, CpOperandKind kind)
{
	begin_operand(lexer, kind);
	for (size_t i = lexer->token.begin; i < lexer->token.end; i++)
		add_byte(lexer, lexer->rule[i]);
	end_operand(lexer);
}

static void
read_word(CpRuleLexer *lexer)
{
	static const struct
	{
		const char *word;
		CpTokenKind token;
		CpOperandKind operand;
		double value;
	} keywords[] = {{"and", CP_TOKEN_AND, 0, 0},
	                {"or", CP_TOKEN_OR, 0, 0},
	                {"not", CP_TOKEN_NOT, 0, 0},
	                {"in", CP_TOKEN_IN, 0, 0},
	                {"between", CP_TOKEN_BETWEEN, 0, 0},
	                {"is", CP_TOKEN_IS, 0, 0},
	                {"true", CP_TOKEN_OPERAND, CP_OPERAND_BOOLEAN, 1},
	                {"false", CP_TOKEN_OPERAND, CP_OPERAND_BOOLEAN, 0},
	                {"null", CP_TOKEN_OPERAND, CP_OPERAND_NULL, NAN}};
	CpToken *token = &lexer->token;

	while (continues_name(peek(lexer, token->end)))
		token->end++;
	for (size_t k = 0; k < sizeof(keywords) / sizeof(keywords[0]); k++)
	{
		const char *word = keywords[k].word;
		size_t i = token->begin;

		/* Letters of ASCII differ by one bit between the cases. */
		while (i < token->end && *word != '\0' && (lexer->rule[i] | 0x20) == *word)
			i++, word++;
		if (i < token->end || *word != '\0')
			continue;
		token->kind = keywords[k].token;
		if (token->kind == CP_TOKEN_OPERAND)
		{
			set_operand(lexer, keywords[k].operand);
			token->operand.value = keywords[k].value;
		}
		return;
	}
	set_operand(lexer, CP_OPERAND_FEATURE);
}

/* A text or a quoted name; a doubled quote stands for itself. */
static CpStatus
read_quoted(CpRuleLexer *lexer, char quote)
{
	CpToken *token = &lexer->token;
	bool is_text = quote == '\'';

	begin_operand(lexer, is_text ? CP_OPERAND_TEXT : CP_OPERAND_FEATURE);
	token->operand.exact = !is_text;
	for (token->end++; peek(lexer, token->end) != quote || peek(lexer, token->end + 1) == quote;
	     token->end++)
	{
		if (token->end >= lexer->length)
			return cp_fail(
				lexer->context, CP_BAD_PARAMETER, "The %s that begins at character %zu has no end.",
				is_text ? "text" : "quoted name", cp_rule_lexer_character(lexer, token->begin));
		token->end += peek(lexer, token->end) == quote;
		add_byte(lexer, lexer->rule[token->end]);
	}
	token->end++;
	end_operand(lexer);
	return CP_OK;
}

/* Move the end of the token past digits. */
static void
pass_digits(CpRuleLexer *lexer)
{
	while (is_digit(peek(lexer, lexer->token.end)))
		lexer->token.end++;
}

/* Move it past the number; the number may be followed by what makes it none. */
static void
pass_number(CpRuleLexer *lexer)
{
	size_t *end = &lexer->token.end;
	size_t exponent;

	*end += is_sign(peek(lexer, *end));
	pass_digits(lexer);
	if (peek(lexer, *end) == '.')
	{
		++*end;
		pass_digits(lexer);
	}
	exponent = *end + 1 + is_sign(peek(lexer, *end + 1));
	if ((peek(lexer, *end) | 0x20) == 'e' && is_digit(peek(lexer, exponent)))
	{
		*end = exponent;
		pass_digits(lexer);
	}
}

/*
 * The nearest double to a number. strtod wants the decimal point of the locale, so it gets
 * none: 12.5e3 is read as 125e2.
 */
static double
convert(const char *number, size_t length)
{
	char exponent[NUMBER_LENGTH + 1] = "0";
	char whole[NUMBER_LENGTH + 16];
	size_t n = 0, i;
	long shift, places = 0;
	bool behind_point = false;

	for (i = 0; i < length && (number[i] | 0x20) != 'e'; i++)
	{
		if (number[i] == '.')
			behind_point = true;
		else
		{
			whole[n++] = number[i];
			places += behind_point;
		}
	}
	if (i < length)
		snprintf(exponent, sizeof(exponent), "%.*s", (int) (length - i - 1), number + i + 1);
	shift = strtol(exponent, NULL, 10);
	shift = shift < LEAST_EXPONENT ? LEAST_EXPONENT : shift;
	snprintf(whole + n, sizeof(whole) - n, "e%ld", shift - places);
	return strtod(whole, NULL);
}

static CpStatus
read_number(CpRuleLexer *lexer)
{
	CpToken *token = &lexer->token;
	const char *number = lexer->rule + token->begin;
	const char *wrong = "no number";
	char room[CP_QUOTE_SIZE];
	size_t pure;

	pass_number(lexer);
	pure = token->end;
	while (continues_name(peek(lexer, token->end)) || peek(lexer, token->end) == '.')
		token->end++;
	if (token->end == pure && pure - token->begin > NUMBER_LENGTH)
		wrong = "too long a number";
	else if (token->end == pure)
	{
		set_operand(lexer, CP_OPERAND_NUMBER);
		token->operand.value = convert(number, pure - token->begin);
		if (isfinite(token->operand.value))
			return CP_OK;
		wrong = "too large a number";
	}
	return cp_fail(lexer->context, CP_BAD_PARAMETER, "\"%s\" at character %zu is %s.",
	               cp_rule_abridge(number, token->end - token->begin, room),
	               cp_rule_lexer_character(lexer, token->begin), wrong);
}

static bool
is_operator(char c)
{
	return c != '\0' && strchr("+-*/%^|&!~@#?:", c) != NULL;
}

static void
read_symbol(CpRuleLexer *lexer)
{
	/* The longer first. */
	static const struct
	{
		char spelling[3];
		CpTokenKind token;
		CpRuleTest comparison;
	} symbols[] = {{"<>", CP_TOKEN_COMPARISON, CP_TEST_NOT_EQUAL},
	               {"!=", CP_TOKEN_COMPARISON, CP_TEST_NOT_EQUAL},
	               {"<=", CP_TOKEN_COMPARISON, CP_TEST_NOT_GREATER},
	               {">=", CP_TOKEN_COMPARISON, CP_TEST_NOT_LESS},
	               {"=", CP_TOKEN_COMPARISON, CP_TEST_EQUAL},
	               {"<", CP_TOKEN_COMPARISON, CP_TEST_LESS},
	               {">", CP_TOKEN_COMPARISON, CP_TEST_GREATER},
	               {"(", CP_TOKEN_OPEN, 0},
	               {")", CP_TOKEN_CLOSE, 0},
	               {",", CP_TOKEN_COMMA, 0}};
	CpToken *token = &lexer->token;

	for (size_t k = 0; k < sizeof(symbols) / sizeof(symbols[0]); k++)
	{
		size_t length = strlen(symbols[k].spelling);

		if (lexer->length - token->begin < length ||
		    memcmp(lexer->rule + token->begin, symbols[k].spelling, length) != 0)
			continue;
		token->kind = symbols[k].token;
		token->comparison = symbols[k].comparison;
		token->end += length;
		return;
	}
	/* An operator of SQL is found whole, anything else by its first character. */
	token->kind = CP_TOKEN_FOREIGN;
	while (is_operator(peek(lexer, token->end)))
		token->end++;
	token->end += token->end == token->begin;
}

CpStatus
cp_rule_lexer_next(CpRuleLexer *lexer)
{
	CpToken *token = &lexer->token;
	char first;

	while (is_space(peek(lexer, token->end)))
		token->end++;
	token->begin = token->end;
	first = peek(lexer, token->begin);
	if (token->begin == lexer->length)
		token->kind = CP_TOKEN_END;
	else if (begins_name(first))
		read_word(lexer);
	else if (first == '\'' || first == '"')
		return read_quoted(lexer, first);
	else if (begins_number(lexer, token->begin + is_sign(first)))
		return read_number(lexer);
	else
		read_symbol(lexer);
	return CP_OK;
}

CpStatus
cp_rule_lexer_fail(const CpRuleLexer *lexer, const char *expected)
{
	const CpToken *token = &lexer->token;
	size_t character = cp_rule_lexer_character(lexer, token->begin);
	char room[CP_QUOTE_SIZE];

	if (token->kind == CP_TOKEN_END)
		return cp_fail(lexer->context, CP_BAD_PARAMETER,
		               "Found the end of the rule at character %zu instead of %s.", character,
		               expected);
	return cp_fail(lexer->context, CP_BAD_PARAMETER, "Found \"%s\" at character %zu instead of %s.",
	               cp_rule_abridge(lexer->rule + token->begin, token->end - token->begin, room),
	               character, expected);
}
