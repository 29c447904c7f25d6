/*
 * bridge.h: the server's side of num/context.h.
 *
 * Pure code is given memory of one memory context, the pending-cancel flag as
 * its poll and notices as its progress lines; the statuses it returns become
 * errors in one table here. A failed call needs no clean-up of its own: the
 * error ends the transaction or subtransaction, and the context goes with it.
 */
#ifndef CP_BRIDGE_H
#define CP_BRIDGE_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "num/bytes.h"
#include "num/context.h"

typedef struct CpBridge
{
	CpContext context; /* what pure code sees; its host points here */
	MemoryContext memory;
	TimestampTz last_progress;
	const char *setting; /* that the budget comes from, for messages */
	const char *relief;  /* what to do when it is passed */
} CpBridge;

/* budget in kB, as settings give it; 0 = without bound. The setting is churnprevent.training_memory. */
extern void cp_bridge_init(CpBridge *bridge, MemoryContext memory, int budget_kb);

/* Raise the error of a status; nothing when it is CP_OK. what: the object concerned, for the message, or NULL. */
extern void cp_bridge_check(const CpBridge *bridge, CpStatus status, const char *what);

/* What was written, as a datum in the current memory context. */
extern bytea *cp_bytea_of(const CpWriter *writer);

#endif
