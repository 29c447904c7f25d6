/*
 * option_rules.h: options as a JSON object, checked key by key against a table.
 *
 * An unknown key is an error that lists the known ones; so are a value of another type and a
 * number out of range. A null leaves the default.
 */
#ifndef CP_OPTION_RULES_H
#define CP_OPTION_RULES_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* What a key's value must be, and what of the target it is stored as. */
typedef enum CpOptionType
{
	CP_OPTION_TEXT,    /* char * */
	CP_OPTION_VALUE,   /* a text, or a number or boolean as text; char * */
	CP_OPTION_TEXTS,   /* one text or an array of them; List * of char * */
	CP_OPTION_NUMBER,  /* double */
	CP_OPTION_NUMBERS, /* an array of so many; double [count] */
	CP_OPTION_WHOLE,   /* a number without fraction; double */
	CP_OPTION_COUNT,   /* the same; uint32 */
	CP_OPTION_FLAG,    /* bool */
	CP_OPTION_CUSTOM,  /* read by a function of the table's own */
	CP_OPTION_OBJECT   /* options within */
} CpOptionType;

/* A table of them ends with a name that is NULL. */
typedef struct CpOptionRule
{
	const char *name;
	CpOptionType type;
	size_t offset; /* in the struct that the table describes */
	double least;  /* of a number */
	double most;
	const struct CpOptionRule *within; /* of an object; offsets in it begin at its own */
	uint32 count;                      /* of an array of numbers */
	void (*read)(const struct CpOptionRule *rule, const JsonbValue *value, void *target);
} CpOptionRule;

/* Read an object into the struct that the table describes. example: for a hint. */
extern void cp_options_object(Jsonb *json, const CpOptionRule *rules, const char *example,
                              void *target);

/* One text or an array of them, for custom readers. */
extern List *cp_option_texts(const CpOptionRule *rule, const JsonbValue *value);

#endif
