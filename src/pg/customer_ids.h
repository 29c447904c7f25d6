/*
 * customer_ids.h: customers by number, in the order in which they were met.
 *
 * Ids are whole numbers or texts. Numbers that rise, as those of a table in key order do, take
 * eight bytes each and no search; once one comes out of order all are looked up by hash.
 */
#ifndef CP_CUSTOMER_IDS_H
#define CP_CUSTOMER_IDS_H

#include "postgres.h"

#include "learn/dictionary.h"

/* An id as it was read. */
typedef struct CpCustomerId
{
	const char *text; /* NULL = it is the number */
	size_t length;
	int64 number;
} CpCustomerId;

typedef struct CpCustomerIds
{
	CpContext *context;
	bool numeric;   /* numbers, not texts; said by the first */
	bool rising;    /* numbers, each larger than the one before */
	int64 *numbers; /* [count] as long as they rise */
	uint32 count;
	uint32 capacity;
	CpDictionary dictionary; /* of texts, or of the bytes of numbers */
} CpCustomerIds;

extern void cp_customer_ids_init(CpCustomerIds *ids, CpContext *context);

/* The number of a customer, who is added when not met before. */
extern CpStatus cp_customer_number(CpCustomerIds *ids, const CpCustomerId *id, uint32 *number);

/* The id of a customer as text; both in the current memory context. */
extern char *cp_customer_name(const CpCustomerIds *ids, uint32 number);
extern char *cp_customer_id_text(const CpCustomerId *id);

/* Below 0, 0, above 0: numbers as such, texts by their bytes; both are of one kind. */
extern int cp_customer_ids_compare(const CpCustomerId *a, const CpCustomerId *b);

#endif
