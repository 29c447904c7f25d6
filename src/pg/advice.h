/*
 * advice.h: what is to be done for one customer: the part that recommending and deciding share.
 *
 * Contact state comes from our tables, or is that of a customer nothing was done for; which
 * columns mean money and service comes from the roles that the model was told.
 */
#ifndef CP_ADVICE_H
#define CP_ADVICE_H

#include "postgres.h"

#include "decide/contact.h"
#include "decide/world.h"
#include "pg/playbook.h"
#include "pg/scorer.h"

typedef struct CpAdvice
{
	CpPlaybook *playbook;
	const CpPolicyInForce *policy;
	double probability; /* to leave within the model's horizon */
	CpCase one;
	int16 dyn;                  /* dynamic state, as churnprevent.decision has it */
	double pmf[CP_MAX_ACTIONS]; /* by position */
	uint32 drawn;               /* position */
	CpAppraisal appraisal;
} CpAdvice;

/* What the service column says of a customer; neutral when there is none or it says nothing known. */
extern CpService cp_service_of(const CpFeatureMap *map, const double *vector);

/* A customer scored, money a month or NaN. Errors: the model has no value role, a rule does not fit. */
extern void cp_advice_begin(CpAdvice *advice, CpScorer *scorer, const char *method,
                            double probability, double charge);

/* Weigh the actions. contact: what was done before; nothing: false = only "none" is open. */
extern void cp_advice_weigh(CpAdvice *advice, CpScorer *scorer, const CpContact *contact,
                            bool anything);

/* Draw an action by 64 random bits. */
extern void cp_advice_draw(CpAdvice *advice, uint64 bits);

/* The action drawn, its position, what it is worth and costs; roi is NaN for none. */
extern const CpAction *cp_advice_action(const CpAdvice *advice);
extern double cp_advice_value(const CpAdvice *advice);
extern double cp_advice_cost(const CpAdvice *advice);
extern double cp_advice_roi(const CpAdvice *advice);

#endif
