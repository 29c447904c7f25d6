/*
 * trainer.h: a new version of a model, from its source to the store.
 */
#ifndef CP_TRAINER_H
#define CP_TRAINER_H

#include "postgres.h"

#include "pg/bridge.h"
#include "pg/model_store.h"
#include "pg/training_set.h"

typedef struct CpTrainOrder
{
	const char *name;
	const char *source;
	const char *label;
	Jsonb *options; /* as of cp_train */
	/* Is the version to be deployed? NULL: the option "deploy" says so. */
	bool (*gate)(void *arg, CpBridge *bridge, const CpTrainingSet *set, const CpTrained *trained);
	void *arg;
} CpTrainOrder;

/*
 * Train with the current user's rights, store, deploy. Returns the version; *stored and what it
 * points to are in `memory`. metrics: on the held-out rows.
 */
extern int32 cp_train_version(const CpTrainOrder *order, MemoryContext memory, CpNewModel *stored,
                              CpMetrics *metrics);

#endif
