/*
 * rule_lexer.h: a rule's text as tokens, for rule.c.
 */
#ifndef CP_RULE_LEXER_H
#define CP_RULE_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/context.h"

/* What can be asked of operands, each beside its opposite. */
typedef enum CpRuleTest
{
	CP_TEST_EQUAL,
	CP_TEST_NOT_EQUAL,
	CP_TEST_LESS,
	CP_TEST_NOT_LESS,
	CP_TEST_GREATER,
	CP_TEST_NOT_GREATER,
	CP_TEST_NULL,
	CP_TEST_NOT_NULL
} CpRuleTest;

typedef enum CpOperandKind
{
	CP_OPERAND_FEATURE,
	CP_OPERAND_NUMBER,
	CP_OPERAND_TEXT,
	CP_OPERAND_BOOLEAN,
	CP_OPERAND_NULL,
	CP_OPERAND_TRUTH /* the TRUE that a predicate without comparison is compared with */
} CpOperandKind;

/* A feature or a literal. */
typedef struct CpOperand
{
	CpOperandKind kind;
	bool exact;      /* a quoted name */
	int feature;     /* position in the vector once bound; -1 = none, or not yet */
	uint32_t text;   /* where it begins among the lexer's texts, without quotes */
	uint32_t length; /* bytes; a zero byte follows */
	double value;    /* of a literal; NaN = NULL, or a text not bound yet */
} CpOperand;

typedef enum CpTokenKind
{
	CP_TOKEN_END,
	CP_TOKEN_OPERAND,
	CP_TOKEN_COMPARISON,
	CP_TOKEN_OPEN,
	CP_TOKEN_CLOSE,
	CP_TOKEN_COMMA,
	CP_TOKEN_AND,
	CP_TOKEN_OR,
	CP_TOKEN_NOT,
	CP_TOKEN_IN,
	CP_TOKEN_BETWEEN,
	CP_TOKEN_IS,
	CP_TOKEN_FOREIGN /* nothing that occurs in rules */
} CpTokenKind;

typedef struct CpToken
{
	CpTokenKind kind;
	size_t begin; /* bytes begin .. end - 1 of the rule */
	size_t end;
	CpOperand operand;     /* of CP_TOKEN_OPERAND */
	CpRuleTest comparison; /* of CP_TOKEN_COMPARISON */
} CpToken;

typedef struct CpRuleLexer
{
	CpContext *context;
	const char *rule; /* [length], without a zero byte */
	size_t length;
	char *texts; /* [2 * length]: no operand takes more than twice its place in the rule */
	uint32_t texts_length;
	CpToken token; /* the next one; all zero before the first */
} CpRuleLexer;

/* Go on to the next token. CP_BAD_PARAMETER for a number that is none or a quote without end. */
extern CpStatus cp_rule_lexer_next(CpRuleLexer *lexer);

/* Where a byte of the rule is, as its author counts: characters of UTF-8 from 1. */
extern size_t cp_rule_lexer_character(const CpRuleLexer *lexer, size_t position);

/* Fail with what was found, where, and what was expected instead. */
extern CpStatus cp_rule_lexer_fail(const CpRuleLexer *lexer, const char *expected);

/* Bytes of the author's words in a reason: a name of PostgreSQL's fits. */
#define CP_QUOTE_LENGTH 63
/* With dots for what was left out. */
#define CP_QUOTE_SIZE (CP_QUOTE_LENGTH + 4)

/* The text, or as many whole characters as fit and dots; room itself. */
extern const char *cp_rule_abridge(const char *text, size_t length, char room[CP_QUOTE_SIZE]);

#endif
