/*
 * gate.h: is a version just trained better than the deployed one, on rows that neither has learned
 * from?
 *
 * These are the rows held out from the training: the newest ones where it has a time column. Of
 * them, those of customers that the deployed version does not know, if they are enough; else all,
 * which favours the deployed version, as it may have learned from some of them.
 */
#ifndef CP_GATE_H
#define CP_GATE_H

#include "postgres.h"

#include "pg/model_cache.h"
#include "pg/trainer.h"

typedef struct CpGateVerdict
{
	uint32 rows;      /* compared on */
	bool unknown;     /* does the deployed version know none of their customers? */
	double incumbent; /* its log-loss; NaN when nothing could be compared */
	double candidate;
	double difference; /* candidate's less incumbent's, mean over the rows */
	double low;        /* 95 % */
	double high;
	bool passed;
	char *reason; /* a sentence */
} CpGateVerdict;

typedef struct CpGate
{
	CpLoaded *incumbent;  /* pinned by the caller */
	bool by_time;         /* is the split of the training by time? */
	MemoryContext memory; /* of the reason */
	CpGateVerdict verdict;
} CpGate;

/* As CpTrainOrder.gate; arg: a CpGate, whose verdict it fills in. */
extern bool cp_gate(void *arg, CpBridge *bridge, const CpTrainingSet *set,
                    const CpTrained *trained);

#endif
