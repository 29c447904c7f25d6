/*
 * response.h: what an action does to the chance that a customer stays.
 *
 *   logit P(stays | x, a) = logit(1 - hazard(x)) + drift
 *                           + exp(-CP_ATTENUATION * fatigue) * (effect[a] + CP_CONTACT_BAD)
 *
 * where the fatigue weakens offers and contacts alone, and CP_CONTACT_BAD is added for a contact
 * after a bad experience alone.
 *
 * The hazard is the churn model's. The drift is what it is wrong by on average where decisions
 * are made; without it a model that sees too much risk would make every action look good.
 * Actions as a whole may do nothing: the prior probability that they do anything is CP_BELIEF,
 * and effects then are normal with the catalogue's standard deviations and such means that
 * overall they have the catalogue's. What became of decisions updates all of it: the posterior
 * around its mode (Laplace's approximation), the belief by the ratio of the evidences (Kass and
 * Raftery 1995). An effect is the mean over both (Hoeting and others 1999). Without the chance of
 * nothing, the luckiest of several actions that do nothing would be paid for.
 */
#ifndef CP_RESPONSE_H
#define CP_RESPONSE_H

#include <stdint.h>

#include "decide/catalogue.h"
#include "num/context.h"

#define CP_MAX_FATIGUE 3

/* By how much in the exponent a contact lately weakens what offers and contacts do. */
#define CP_ATTENUATION 0.5

/* How much more a contact does when service was bad. */
#define CP_CONTACT_BAD 0.4

/*
 * What each contact that is still felt adds to the log-odds of leaving. Of the contact made now
 * that is from next month on; e to that power beside it.
 */
#define CP_ANNOYANCE 0.15
#define CP_ANNOYANCE_ODDS 1.1618342427282831

/* Prior probability that actions do anything at all. */
#define CP_BELIEF 0.8

/* Prior standard deviation of the drift. */
#define CP_DRIFT_SD 0.5

/* What the customer's experience with the service was lately. */
typedef enum CpService
{
	CP_SERVICE_BAD,
	CP_SERVICE_NEUTRAL,
	CP_SERVICE_GOOD,
	CP_SERVICES /* number of service states */
} CpService;

typedef struct CpEffect
{
	double mean;       /* log-odds of staying, against none */
	double sd;         /* posterior standard deviation */
	uint64_t trials;   /* decisions it was learned from */
	uint64_t retained; /* of these */
} CpEffect;

typedef struct CpResponse
{
	uint32_t count; /* of the catalogue's actions */
	double drift;
	double drift_sd;
	double belief;                    /* probability that actions do anything at all */
	CpEffect effects[CP_MAX_ACTIONS]; /* by position; that of none is 0 with sd 0 */
} CpResponse;

/* What became of decisions: columns [n]. */
typedef struct CpTrials
{
	uint32_t n;
	const uint8_t *actions; /* position of the action carried out */
	const double
		*hazards; /* chance to leave within the window of observation when nothing is done */
	const uint8_t *fatigue;  /* 0 .. CP_MAX_FATIGUE */
	const uint8_t *services; /* CpService */
	const uint8_t *stayed;   /* 1 = retained */
} CpTrials;

/*
 * Hazard a month from the probability to leave within some months: first the odds are shifted
 * from the churn rate of the rows that were learned from to that of all customers over the
 * same months (King and Zeng 2001), base_rate: 0 = the same, then spread evenly.
 */
extern double cp_monthly_hazard(double probability, double months, double base_rate,
                                double sampled_rate);

/* Chance to leave within some months at a hazard a month. */
extern double cp_hazard_within(double hazard, double months);

/* Nothing learned: effects have the catalogue's means. */
extern void cp_response_prior(const CpCatalogue *catalogue, CpResponse *response);

/*
 * Posterior of all effects and the drift together, given the catalogue's priors. CP_BAD_DATA
 * when an action is no position or a hazard not within [0, 1]; CP_NOT_CONVERGED.
 */
extern CpStatus cp_response_fit(CpContext *context, const CpCatalogue *catalogue,
                                const CpTrials *trials, CpResponse *response);

/* How much of an action's effect is left to a customer of that fatigue. */
extern double cp_attenuation(const CpAction *action, uint32_t fatigue);

/* A hazard whose odds are multiplied. */
static inline double
cp_hazard_times(double hazard, double odds)
{
	return hazard * odds / (1 - hazard + hazard * odds);
}

/* By what the action at a position multiplies the odds of leaving. */
extern double cp_response_odds(const CpCatalogue *catalogue, const CpResponse *response,
                               uint32_t position, uint32_t fatigue, CpService service);

/*
 * Hazard under the action at a position, of a churn model's hazard over the same time: at
 * position 0 that is the model's, set right by the drift.
 */
extern double cp_hazard_under(const CpCatalogue *catalogue, const CpResponse *response,
                              uint32_t position, double hazard, uint32_t fatigue,
                              CpService service);

#endif
