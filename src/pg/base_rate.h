/*
 * base_rate.h: what a model says of all customers, when it learned from a sample by class.
 *
 * With the option "base_rate" the rows of the training are not customers as they come: more of those
 * who left were taken. Odds are shifted from the rate of the rows to that of all customers (King
 * and Zeng 2001), and labelled rows are weighted so that the classes have it.
 */
#ifndef CP_BASE_RATE_H
#define CP_BASE_RATE_H

#include "postgres.h"

#include "learn/metrics.h"
#include "pg/bridge.h"
#include "pg/model_store.h"

typedef struct CpBaseRate
{
	double all;  /* churn rate of all customers; 0 = the rows are customers as they come */
	double rows; /* of the rows learned from */
} CpBaseRate;

extern CpBaseRate cp_base_rate_of(const CpModelRef *ref);

/* What a row of either class stands for. */
static inline double
cp_class_weight(const CpBaseRate *rate, bool churned)
{
	if (rate->all == 0)
		return 1;
	return churned ? rate->all / rate->rows : (1 - rate->all) / (1 - rate->rows);
}

extern void cp_probabilities_of_all(const CpBaseRate *rate, double *probabilities, uint32 n);

/* Labelled rows of the training: probabilities shifted, weights by class. */
extern void cp_scored_of_all(CpBridge *bridge, const CpBaseRate *rate, CpScored *scored);

#endif
