/*
 * allocation_source.h: rows that say what could be done for customers, in any of three forms.
 *
 * Long: a row a customer and action, with value and cost. Wide: a row a customer, with an array
 * of values and one of costs, an element an action. By a model: a row a customer as the model
 * knows them; values and costs are appraised, net of cost, and by the state the customer is in.
 */
#ifndef CP_ALLOCATION_SOURCE_H
#define CP_ALLOCATION_SOURCE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "pg/advice.h"
#include "pg/customer_ids.h"
#include "pg/limit_book.h"
#include "pg/source.h"
#include "pg/steering.h"

/* How a source is to be read; what is NULL has its default. */
typedef struct CpOfferColumns
{
	char *customer_id;
	char *action;
	char *kind;
	char *value;
	char *cost;
	char *segment;
	List *actions; /* char *: what the elements of arrays stand for */
	List *kinds;   /* char *: of which kinds these are */
	char *model;   /* rows are customers, appraised with it */
	char *policy;  /* whose view of the effects appraises */
	bool all;      /* the control group too */
} CpOfferColumns;

typedef enum CpOfferForm
{
	CP_OFFERS_LONG,
	CP_OFFERS_WIDE,
	CP_OFFERS_MODEL
} CpOfferForm;

/* What a row says. */
typedef struct CpOfferRow
{
	CpCustomerId customer;
	bool first;      /* another customer than in the row before */
	bool control;    /* the customer is to be left out */
	uint32 count;    /* options */
	uint16 *classes; /* [count] */
	double *values;  /* [count] finite */
	double *costs;   /* [count] finite, not negative */
} CpOfferRow;

/* A column of names: texts are taken as they are, other types by their text. */
typedef struct CpNameColumn
{
	int column; /* -1 = none */
	Oid type;
	const char *(*text)(Datum value, size_t *length); /* NULL = by the output function */
	Oid output;
} CpNameColumn;

typedef struct CpOfferSource
{
	CpSource source;
	CpOfferForm form;
	CpLimitBook *book;
	Datum *columns; /* [descriptor->natts] of the row at hand */
	bool *nulls;
	CpNameColumn customer_id;
	CpNameColumn action;
	CpNameColumn kind;
	CpNameColumn segment;
	CpSteering value;
	CpSteering cost;
	Oid elements[2];           /* wide: types of values and costs, */
	CpColumnReader readers[2]; /* and how they are read */
	uint32 nactions; /* wide: length of the arrays; by a model: positions of the playbook */
	uint32 *actions; /* [nactions] codes */
	uint32 *kinds;   /* [nactions] */
	int64
		*kind_of; /* [kind_of_count] long, without kinds: of actions, by code; -1 = not looked up */
	uint32 kind_of_count;
	const char *policy; /* by a model: whose view of the effects appraises */
	CpScorer *scorer;
	CpAdvice advice;
	bool heed_control; /* is the control group to be left out? */
	CpHoldout holdout;
	CpCustomerId last; /* customer of the row before; text in a buffer */
	char *last_text;
	size_t last_room;
	bool met_any;
	bool rising; /* has each customer been above the one before? Then nobody comes twice. */
	MemoryContext row_memory;
	CpOfferRow row;
	uint32 room; /* options that the row's arrays have room for */
} CpOfferSource;

/* SPI is connected. in_order: rows of a customer come one after another, sorted if need be. */
extern void cp_offer_source_open(CpOfferSource *offers, const char *text,
                                 const CpOfferColumns *columns, CpLimitBook *book, bool in_order);

/* The next row, valid until the call after; NULL at the end. */
extern const CpOfferRow *cp_offer_source_next(CpOfferSource *offers);

extern void cp_offer_source_close(CpOfferSource *offers);

/* The source as an item of FROM; text: as it was opened with. */
extern const char *cp_offer_source_from(const CpOfferSource *offers, const char *text);

/*
 * What a query over the source, as s, is to call a name or the customer, so that it is the same
 * text, and sorted as `rising` has it.
 */
extern const char *cp_offer_source_name(const CpOfferSource *offers, const CpNameColumn *name);
extern const char *cp_offer_source_customer(const CpOfferSource *offers);

/* The error when a source that is read again gives other rows; why it is read again, as a sentence. */
extern void cp_report_other_rows(const char *why) pg_attribute_noreturn();

#endif
