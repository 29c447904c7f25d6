/*
 * evaluation_set.h: scored rows that the deployed version of a model is measured on.
 *
 * The rows held out when it was trained, or those of a source: scored now, with labels
 * as at training, and with weights where the training had a weight column and the
 * source has it too. Weights have a mean of 1 over all rows of the training or source.
 */
#ifndef CP_EVALUATION_SET_H
#define CP_EVALUATION_SET_H

#include "postgres.h"

#include "fmgr.h"

#include "learn/metrics.h"
#include "pg/bridge.h"
#include "pg/model_store.h"

typedef struct CpEvaluationSet
{
	MemoryContext memory; /* holds the rows, and what is computed from them through the bridge */
	CpBridge bridge;
	CpScored scored;
} CpEvaluationSet;

/* The first three arguments of the call are model, source and label, any of them NULL. */
extern void cp_evaluation_set_open(CpEvaluationSet *set, FunctionCallInfo fcinfo);

extern void cp_evaluation_set_close(CpEvaluationSet *set);

/* The rows held out when a version was trained; false when it has none. */
extern bool cp_stored_holdout(CpBridge *bridge, const CpModelRef *ref, const char *name,
                              CpScored *scored);

#endif
