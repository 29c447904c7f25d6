/*
 * situation.h: has what this session can see changed since the last query?
 *
 * What is deployed, which catalogue is in force, is decided by the snapshot that sees
 * the query's data. A query that sees just what the last one saw takes over what that
 * one found.
 */
#ifndef CP_SITUATION_H
#define CP_SITUATION_H

#include "postgres.h"

/* Number of what the active snapshot and the user see, from 1: equal numbers see the same rows. */
extern uint64 cp_situation(void);

/* What is not read is not locked: a serializable transaction must look for itself. */
extern bool cp_may_remember(void);

#endif
