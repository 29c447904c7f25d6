/*
 * simulator_store.h: worlds of customers, made, stored and loaded.
 */
#ifndef CP_SIMULATOR_STORE_H
#define CP_SIMULATOR_STORE_H

#include "postgres.h"

#include "decide/world.h"
#include "pg/bridge.h"
#include "pg/playbook.h"

/* Customers of a simulator, unless more are asked for, and at most. */
#define CP_SIMULATOR_CUSTOMERS 10000
#define CP_SIMULATOR_MOST 1000000

/* A simulator, loaded. Memory is the bridge's. */
typedef struct CpSimulator
{
	char *name;
	CpPlaybook *playbook; /* the version of the catalogue that it was made with */
	CpResponse effects;   /* what actions do in it */
	CpWorld world;
	CpWorldCustomer *customers; /* [count] */
	uint32 count;
} CpSimulator;

/* Make one of a source and store it under a name, in the place of one that the caller owns. */
typedef struct CpSimulatorMade
{
	uint32 count;
	double mean_hazard;
	double mean_charge;
} CpSimulatorMade;

extern void cp_simulator_make(CpBridge *bridge, const char *name, const char *model,
                              const char *source, Jsonb *params, CpSimulatorMade *made);

/* An error when there is none of that name or it belongs to somebody else. */
extern void cp_simulator_load(CpBridge *bridge, const char *name, CpSimulator *simulator);
extern void cp_simulator_remove(const char *name);

/*
 * The customer that is the index-th of those drawn with a seed: each once, then again from
 * the first.
 */
extern const CpWorldCustomer *cp_simulator_customer(const CpSimulator *simulator,
                                                    const uint32 *order, uint32 index);
extern uint32 *cp_simulator_order(CpBridge *bridge, const CpSimulator *simulator, uint64 seed);

#endif
