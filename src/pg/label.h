/*
 * label.h: what in the label column means that a customer left.
 *
 * A boolean is itself; a number is 0 or 1; a text is true, 1, yes, y, t, churn
 * or churned against one other value, upper and lower case alike. With "positive"
 * given, the value of just that text means churned, any other that the customer
 * stayed.
 */
#ifndef CP_LABEL_H
#define CP_LABEL_H

#include "postgres.h"

#include "pg/features.h"

typedef struct CpLabelReader
{
	MemoryContext memory;
	const char *column;    /* its name, for messages */
	const char *positive;  /* as given, or NULL */
	CpColumnReader reader; /* of the column's type */
	bool readable;         /* by the reader above; else only by its text */
	Oid output;            /* the type's output function */
	char *values[2];       /* texts met, without "positive" */
	bool churned[2];       /* what they mean */
	int nvalues;
	bool met_positive;
} CpLabelReader;

extern void cp_label_init(CpLabelReader *label, const char *column, Oid type, const char *positive);

/* What a value that is not NULL means. */
extern bool cp_label_churned(CpLabelReader *label, Datum value);

/* The text that means churned, as given or as met; NULL for numbers and booleans. */
extern const char *cp_label_positive(const CpLabelReader *label);

/*
 * The text known from training, when a column of this type can hold it at all;
 * else NULL: "left" says nothing about a boolean or a number.
 */
extern const char *cp_label_positive_for(Oid type, const char *positive);

/* At the end: an error when no text met was known to mean churned. */
extern void cp_label_finish(const CpLabelReader *label);

#endif
