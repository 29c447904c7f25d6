/*
 * model_profile.h: the reference that drift is measured against, made at training and stored.
 */
#ifndef CP_MODEL_PROFILE_H
#define CP_MODEL_PROFILE_H

#include "postgres.h"

#include "learn/train.h"
#include "pg/bridge.h"
#include "pg/model_cache.h"
#include "pg/training_set.h"
#include "stats/profile.h"

/*
 * Profile bytes of all rows of a training. base_rate: of all customers, 0 = that of the rows; where
 * it is another, rows are weighted so that the classes have it.
 */
extern bytea *cp_profile_of_training(CpBridge *bridge, const CpTrainingSet *set,
                                     const CpTrained *trained, double base_rate);

/* Cells of each category of a map with its level "other", 0 for a number: [map->count]. */
extern uint32 *cp_feature_cells(const CpFeatureMap *map);

/* A version's profile and the model it belongs to. */
typedef struct CpModelProfile
{
	CpBridge bridge;
	CpLoaded *loaded; /* pinned as long as the memory lives */
	CpProfile profile;
} CpModelProfile;

/*
 * Read the profile of a version that the user may use into `memory`; model NULL: the default one;
 * version 0: the deployed one. Without one an error if it is required, else no features.
 */
extern void cp_model_profile_open(CpModelProfile *opened, const char *model, int32 version,
                                  bool required, MemoryContext memory);

#endif
