/*
 * decision_store.h: the only file that writes the log of decisions, feedback and contact state.
 *
 * All of it happens in the caller's transaction. The row of a key serialises callers that
 * decide under the same key, the row of a customer's contact state those that decide about
 * the same customer; different customers never meet. That row is made by the first action; of
 * several who would be first, all but one find it there and have to decide again.
 */
#ifndef CP_DECISION_STORE_H
#define CP_DECISION_STORE_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "pg/advice.h"

/* What is logged of a decision beside the advice. */
typedef struct CpLogEntry
{
	int64 decision_id;
	TimestampTz decided_at;
	const char *customer_id;
	const char *key;
	const CpModelRef *model;
	const double *vector; /* [nfeatures] */
	uint32 nfeatures;
	uint64 bits; /* of the draw */
	bool control;
	const char *reason;     /* why nothing could be done, or NULL */
	bool refused;           /* what was drawn is not done, for that reason */
	const char *propensity; /* where that is from */
} CpLogEntry;

/* One decision a customer, method and day, so that a job run twice decides once. */
extern char *cp_decision_default_key(const char *customer_id, const char *method);

/* A decision made before. */
typedef struct CpEarlier
{
	int64 decision_id;
	char *action;
	double probability;
	double value; /* money */
	double cost;
	char *strategy;
	double propensity;
	char *arm;
	char *reason; /* or NULL */
} CpEarlier;

/*
 * Take a key for a new decision: true, with entry's decision_id and decided_at set. False when
 * it was taken before: earlier is that decision; an error when it was for another customer or
 * by another method.
 */
extern bool cp_decision_take_key(CpLogEntry *entry, const char *method, CpEarlier *earlier);

/* Lock what is kept of a customer and read it; false: nothing is, as nothing was done for them. */
extern bool cp_contact_lock(const char *customer_id, CpContact *contact);

/* The same without the lock, by an index probe that needs no statement. */
extern bool cp_contact_look(const char *customer_id, CpContact *contact);

/* Keep it; locked: what cp_contact_lock said. False when it was nothing and now is something. */
extern bool cp_contact_store(const char *customer_id, const CpContact *contact, bool locked);

extern void cp_decision_insert(const CpLogEntry *entry, const CpAdvice *advice);

/* What became of a customer. */
typedef struct CpOutcome
{
	const char *customer_id;
	const char *action;
	int32 retained; /* 1 or 0 */
	Datum revenue;  /* numeric */
	bool has_revenue;
	int32 window_days;
	int64 decision_id; /* 0 = the latest open one */
} CpOutcome;

typedef struct CpBound
{
	int64 feedback_id;
	int64 decision_id; /* 0 = none found */
	bool mismatch;
} CpBound;

/* Store it, bound to a decision when there is one. */
extern void cp_feedback_insert(const CpOutcome *outcome, CpBound *bound);

#endif
