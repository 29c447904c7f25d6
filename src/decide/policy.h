/*
 * policy.h: what each action is worth to a customer, and who chooses which.
 */
#ifndef CP_POLICY_H
#define CP_POLICY_H

#include <stdint.h>

#include "decide/catalogue.h"
#include "decide/response.h"

/* Money and time, as all of src/decide counts them. */
typedef struct CpEconomics
{
	double margin;   /* share of the monthly charge that is earned, (0, 1] */
	double discount; /* what money in a month is worth today, (0, 1) */
} CpEconomics;

#define CP_DEFAULT_MARGIN 0.6
#define CP_DEFAULT_DISCOUNT 0.99

/* What a policy may see of a customer when it decides. */
typedef struct CpCase
{
	double charge;    /* money a month; NaN = unknown */
	double hazard;    /* chance to leave within a month when nothing is done */
	uint32_t fatigue; /* contacts lately, 0 .. CP_MAX_FATIGUE */
	CpService service;
	uint32_t mask; /* bit k: the action at position k may be taken; bit 0 is set */
} CpCase;

/* What the actions are worth in a case; by position, only those of the mask are set. */
typedef struct CpAppraisal
{
	double value[CP_MAX_ACTIONS]; /* gross: by how much it raises the margin annuity */
	double cost[CP_MAX_ACTIONS];  /* expected */
} CpAppraisal;

/*
 * Margin annuity: what a customer of that charge is expected to earn from today on, a
 * month's margin at the end of every month survived: margin * charge * s / (1 - discount * s)
 * with s = 1 - hazard.
 */
extern double cp_annuity(const CpEconomics *economics, double charge, double hazard);

/*
 * How much an action raises it that multiplies the odds of leaving by `odds` for so many
 * months and annoys in those behind the first; after that all is as if
 * it had not been. Without annoyance, and for one month, that is the uplift, how much lower
 * the hazard is, times what a customer kept is worth, margin * charge + discount * annuity.
 */
extern double cp_action_value(const CpEconomics *economics, double charge, double hazard,
                              double odds, uint32_t months, uint32_t fatigue);

extern void cp_appraise(const CpCatalogue *catalogue, const CpResponse *response,
                        const CpEconomics *economics, const CpCase *one, CpAppraisal *appraisal);

/* Stored in the log by name. */
typedef enum CpMethod
{
	CP_METHOD_NONE,   /* nothing, ever */
	CP_METHOD_RANDOM, /* each eligible action alike */
	CP_METHOD_GREEDY, /* the action of the highest value less cost, none when that is not positive */
	CP_METHODS        /* number of methods */
} CpMethod;

extern const char *cp_method_name(CpMethod method);

/* The method of that name, CP_METHODS when there is none. */
extern CpMethod cp_method(const char *name);

/* Does it always do the same in the same case? Then its propensities are no randomisation. */
extern bool cp_method_deterministic(CpMethod method);

/* A method and what it decides by; not owned. */
typedef struct CpPolicy
{
	CpMethod method;
	const CpCatalogue *catalogue;
	const CpResponse *response;
	CpEconomics economics;
} CpPolicy;

/* pmf: [catalogue->count] probability of each action; 0 outside of the mask, sum 1. */
extern void cp_policy_pmf(const CpPolicy *policy, const CpCase *one, double *pmf);

/* The position that uniform u, in [0, 1), draws from the pmf; never one of probability 0. */
extern uint32_t cp_draw(const double *pmf, uint32_t count, double u);

#endif
