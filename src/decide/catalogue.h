/*
 * catalogue.h: what can be done for a customer, and what it costs.
 *
 * An action's place in the catalogue is its position: decisions, masks and
 * probabilities are by position. Position 0 is "none", always there and free.
 */
#ifndef CP_CATALOGUE_H
#define CP_CATALOGUE_H

#include <stdint.h>

#include "decide/rule.h"

/* Actions enabled at a time: a mask of positions is 32 bits. */
#define CP_MAX_ACTIONS 32
#define CP_ACTION_NAME_LENGTH 64

/* Months that a percentage may run. */
#define CP_MAX_DURATION 60

/* Log-odds beyond which no effect is believed. */
#define CP_MAX_EFFECT 10

typedef enum CpActionKind
{
	CP_ACTION_NONE,
	CP_ACTION_DISCOUNT, /* works as long as its percentage runs; one at a time */
	CP_ACTION_UPGRADE,  /* works for good; once */
	CP_ACTION_OFFER,    /* works in the month it is made */
	CP_ACTION_CONTACT,  /* likewise */
	CP_ACTION_KINDS     /* number of kinds */
} CpActionKind;

typedef struct CpAction
{
	int32_t id; /* 0 = none */
	char name[CP_ACTION_NAME_LENGTH];
	CpActionKind kind;
	double cost_fixed;  /* money, when it is carried out; >= 0 */
	double cost_pct;    /* share of the monthly charge, each month while it runs; [0, 1] */
	uint32_t duration;  /* months that a percentage runs */
	double redeem;      /* expected take-up of a percentage, [0, 1] */
	double effect_mean; /* prior of its effect on the log-odds of staying: */
	double effect_sd;   /* mean and standard deviation, the latter > 0 */
	const CpRule *rule; /* who may get it, NULL = everybody */
} CpAction;

typedef struct CpCatalogue
{
	uint32_t count;
	CpAction actions[CP_MAX_ACTIONS];
} CpCatalogue;

/* "none", "discount", ...; NULL for a value that is no kind. */
extern const char *cp_action_kind_name(CpActionKind kind);

/* The kind of that name, CP_ACTION_KINDS when there is none. */
extern CpActionKind cp_action_kind(const char *name);

/* NULL, or what is wrong with the action, a clause that names the column. */
extern const char *cp_action_check(const CpAction *action);

/* Position of the action of that name or id, -1 when there is none. */
extern int cp_catalogue_find(const CpCatalogue *catalogue, const char *name);
extern int cp_catalogue_find_id(const CpCatalogue *catalogue, int32_t id);

/*
 * For how many months what works for good is counted: nobody should pay today for an effect
 * they believe in for longer.
 */
#define CP_LASTING_MONTHS 36

/* Months that an action works, as far as it is counted. */
extern uint32_t cp_action_months(const CpAction *action);

/*
 * Expected cost, discounted to today: fixed, and the percentage of the monthly charge in
 * every month the customer lives to pay in, at hazard a month. discount: a month's, in (0, 1].
 */
extern double cp_action_cost(const CpAction *action, double charge, double hazard, double discount);

/* The most it can cost, undiscounted: what is set aside for it. */
extern double cp_action_reserve(const CpAction *action, double charge);

#endif
