/*
 * limit_book.h: limits by the names of what they are about, and the classes that follow.
 *
 * A limit is about everything, or about a kind of action, an action or a segment of customers;
 * it bounds money or a count. What it is called, the key that it was given by, is what reports
 * and prices name it by: "budget"; a kind, such as "discount"; "action:NAME"; "segment:NAME";
 * "all". In front of these "min:" says at least, and "budget:" money.
 */
#ifndef CP_LIMIT_BOOK_H
#define CP_LIMIT_BOOK_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "decide/limits.h"
#include "learn/dictionary.h"
#include "pg/bridge.h"

typedef enum CpLimitScope
{
	CP_SCOPE_ALL,
	CP_SCOPE_KIND,
	CP_SCOPE_ACTION,
	CP_SCOPE_SEGMENT
} CpLimitScope;

typedef struct CpLimitRule
{
	char *name;
	CpLimitScope scope;
	char *value; /* kind, action or segment; NULL of CP_SCOPE_ALL */
	bool money;
	bool least;
	double bound;   /* as given */
	double already; /* spent of it before */
} CpLimitRule;

/* An option's class, by codes of the dictionaries. */
typedef struct CpOptionClass
{
	uint32 action;
	uint32 kind;
	uint32 segment; /* 0 = none that a limit is about */
} CpOptionClass;

typedef struct CpLimitBook
{
	CpBridge *bridge;
	uint32 nrules;
	CpLimitRule rules[CP_MAX_LIMITS];
	bool by_segment; /* is any about a segment? */
	CpDictionary actions;
	CpDictionary kinds;
	CpDictionary segments; /* of limits; code 0 is the empty name */
	CpOptionClass classes[CP_MAX_CLASSES];
	uint32 class_action[CP_MAX_CLASSES];
	uint16 slots[4 * CP_MAX_CLASSES]; /* class + 1 by hash, 0 = free */
	CpLimits limits;                  /* with what is left of each bound */
} CpLimitBook;

extern void cp_limit_book_init(CpLimitBook *book, CpBridge *bridge);

/*
 * Add the total budget; the limits of an object, keys to bounds; and what is already spent. argument:
 * "caps", "mins" or "budgets". A bound that is null or infinite is none. Errors: a key that is
 * none, a bound that is no number or negative, a limit given twice, too many.
 */
extern void cp_limit_book_budget(CpLimitBook *book, double budget);
extern void cp_limit_book_add(CpLimitBook *book, JsonbContainer *object, const char *argument);
extern void cp_limit_book_spent(CpLimitBook *book, JsonbContainer *object);

/* After all of these, and again when the source is read anew: nothing has been met yet. */
extern void cp_limit_book_open(CpLimitBook *book);

/* Codes of names as they are met; kind: NULL = what the catalogue says, or the action's own name. */
extern uint32 cp_limit_book_action(CpLimitBook *book, const char *name, size_t length);
extern uint32 cp_limit_book_kind(CpLimitBook *book, const char *name, size_t length);
extern uint32 cp_limit_book_segment(const CpLimitBook *book, const char *name, size_t length);

/* The kind of an action by the catalogue, or its own name. */
extern uint32 cp_limit_book_kind_of(CpLimitBook *book, uint32 action);

/* The class of an option, made when it is met first. */
extern uint16 cp_limit_book_class(CpLimitBook *book, uint32 action, uint32 kind, uint32 segment);

/* An error when a limit is about something that neither the source nor the catalogue has. */
extern void cp_limit_book_check(const CpLimitBook *book);

/* The name of a class's action, in the current memory context. */
extern char *cp_limit_book_action_name(const CpLimitBook *book, uint16 class);

#endif
