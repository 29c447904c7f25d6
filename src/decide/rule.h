/*
 * rule.h: who may get an action: a closed language of predicates over features.
 *
 *   rule       = conjunct { OR conjunct }
 *   conjunct   = term { AND term }
 *   term       = NOT term | ( rule ) | predicate
 *   predicate  = operand comparison operand
 *              | operand [NOT] BETWEEN operand AND operand
 *              | feature [NOT] IN ( literal {, literal } )
 *              | feature IS [NOT] NULL
 *              | feature                        (a boolean one) | TRUE | FALSE
 *   operand    = feature | literal
 *   comparison = = | <> | != | < | <= | > | >=
 *   literal    = number | 'text' | TRUE | FALSE | NULL
 *
 * One side of a comparison at least is a feature. Features are named as in SQL, plain names
 * in any case, "quoted" ones exactly; so are keywords, and a quote within quotes is doubled.
 * Numbers are decimal and may have sign and exponent.
 *
 * Truth has three values, as in SQL: comparing with NULL is unknown. A customer qualifies
 * when the rule is true, not when it is unknown.
 *
 * Nothing can be called, so a rule costs what it looks like and runs nobody's code; it works
 * in the simulator as it does on a row. It is parsed when it is written, without knowing any
 * model, and bound to the features of a model before it is used.
 */
#ifndef CP_RULE_H
#define CP_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/context.h"

/* Bytes of a rule's text at most. */
#define CP_RULE_LENGTH 8192

/* Parentheses and NOTs within one another at most. */
#define CP_RULE_DEPTH 64

/* What values of a feature are, to a rule. */
typedef enum CpRuleKind
{
	CP_RULE_NUMBER,
	CP_RULE_BOOLEAN,
	CP_RULE_CATEGORY, /* codes of its own levels, without order; written as texts */
	CP_RULE_MOMENT    /* dates and times on one scale; written as texts */
} CpRuleKind;

/* Who knows the features of a model. */
typedef struct CpRuleScope
{
	void *host;
	/*
	 * Position of a feature in the vector, -1 when there is none. The name is as written;
	 * exact: it was quoted, so case counts. Sets *kind.
	 */
	int (*find)(void *host, const char *name, bool exact, CpRuleKind *kind);
	/* The value that stands for a text in a category or moment; false when there is none. */
	bool (*value)(void *host, int feature, const char *text, size_t length, double *value);
} CpRuleScope;

typedef struct CpRule CpRule;

/*
 * Parse length bytes of UTF-8. CP_BAD_PARAMETER with the reason: what is wrong and at which
 * character (from 1).
 */
extern CpStatus cp_rule_parse(CpContext *context, const char *text, size_t length, CpRule **rule);

/*
 * Tie the names to the features of a scope, as often as models change. CP_BAD_DATA with the
 * reason, naming the feature: there is none of that name, it is of another kind than what it
 * is compared with, or the model has never met the category it is compared with (all such
 * share one code, so the rule would not mean what it says). After a failure the rule may be
 * bound again or freed, not used.
 */
extern CpStatus cp_rule_bind(CpContext *context, CpRule *rule, const CpRuleScope *scope);

/* Is the bound rule true of a feature vector (NaN = NULL)? Neither allocates nor fails. */
extern bool cp_rule_holds(const CpRule *rule, const double *vector);

extern void cp_rule_free(CpContext *context, CpRule *rule);

#endif
