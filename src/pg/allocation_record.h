/*
 * allocation_record.h: an allocation carried into the log of decisions.
 *
 * A plan alone is deterministic and teaches nothing about other plans. So a share epsilon of
 * the customers explores: each of them draws evenly from what is open to them, before anything is
 * solved; what they get is taken off the limits, and the plan is made for the others. Given the run's
 * prices, an action then has probability epsilon / (number of open ones), and the one that the
 * plan gives, or to an explorer would have given, 1 - epsilon more. That is what is logged.
 */
#ifndef CP_ALLOCATION_RECORD_H
#define CP_ALLOCATION_RECORD_H

#include "postgres.h"

#include "decide/allocate.h"
#include "pg/allocation_source.h"

/* Share of explorers when none is told. */
#define CP_EXPLORATION 0.02

typedef struct CpExplorer
{
	uint32 number;   /* of the customer, rising */
	uint32 position; /* of the action in the catalogue; 0 = none was drawn */
	uint16 class;    /* of the option, its value and cost; unless none was drawn */
	double value;
	double cost;
	bool refused; /* a limit stood against it */
} CpExplorer;

typedef struct CpExploration
{
	CpBridge *bridge;
	double epsilon;
	const char *key; /* NULL: a day's */
	CpHoldout holdout;
	uint32 count;
	uint32 capacity;
	CpExplorer *explorers; /* [count] */
	double value;          /* of what they get */
	uint64 acted;          /* how many get something */
	double used[CP_MAX_LIMITS];
} CpExploration;

extern void cp_exploration_init(CpExploration *exploration, CpBridge *bridge, double epsilon,
                                const char *key);

/* Does the customer of the row at hand explore? Then what they draw is noted. */
extern bool cp_explore(CpExploration *exploration, const CpOfferSource *source, uint32 number);

/* Everybody is known: give the explorers what they drew as far as limits allow, and take it off them. */
extern void cp_exploration_reserve(CpExploration *exploration, CpLimitBook *book);

/*
 * Log a decision about every customer of the source, which is read again: those of the control
 * group get nothing. ids: by the numbers of the scan. SPI is connected.
 */
extern void cp_allocation_record(const char *text, const CpOfferColumns *columns, CpLimitBook *book,
                                 const CpPlan *plan, const CpScan *scan, const CpCustomerIds *ids,
                                 const CpExploration *exploration);

/* Run through what explorers get. */
typedef void (*CpExplorerVisit)(void *visitor, const CpExplorer *explorer);
extern void cp_exploration_run(const CpExploration *exploration, CpExplorerVisit visit,
                               void *visitor);

#endif
