/*
 * world.h: a world of customers whose true answers to actions are known.
 *
 * A structural causal model over any catalogue, a month a step. What changes about a customer
 * is a small state; who they are enters as parameters. In month t, in state (running discount,
 * fatigue f, upgrade g, service u), under action a:
 *
 *   base    = alpha + tenure_drift * (log(1 + tenure) - log(1 + tenure at the start))
 *             + service[u] + annoyance * f
 *   effect  = effect(discount running, a among them) * price sensitivity
 *             + effect(upgrade made, a among them) * service need
 *             + exp(-attenuation * f) * (effect[a] + contact_bad, for a contact when u is bad,
 *                                        - sleeping_dog * sigmoid(-2 (alpha - sleeping_below)))
 *   hazard  = sigmoid(base - effect)
 *
 * where the last term of the effect is that of offers and contacts: they remind those who
 * would have stayed anyway that they could leave. Effects are the means of a response model.
 * A customer leaves when a uniform number of the customer and the month alone lies below the
 * hazard; so the outcomes of all actions exist at once, and an action of lower hazard never
 * loses a customer that one of higher hazard keeps (common random numbers). Then service
 * moves by moves[u], fatigue by one, up when something was done and down otherwise, a month
 * of the running discount is over, and tenure grows.
 *
 * The second form of a world is there to be wrong about, with effects of another shape than
 * any response model here has: they multiply the hazard, and by how much is up to how open the
 * question is whether the customer leaves within a year, which leaves the sure and the lost cold:
 *
 *   hazard  = h exp(-4 q (1 - q) effect), at most 1,  h = sigmoid(base), q = 1 - (1 - h)^12
 */
#ifndef CP_WORLD_H
#define CP_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "decide/catalogue.h"
#include "decide/policy.h"
#include "decide/response.h"
#include "num/context.h"
#include "num/rng.h"

/* Months that are looked at unless said otherwise. */
#define CP_WORLD_MONTHS 36
/* Months of tenure that make a difference; nothing changes beyond. */
#define CP_WORLD_TENURE 72
/* Months of all discounts of a catalogue together, at most. */
#define CP_WORLD_RUNNING 240
/* States of a world at most: the log of decisions keeps their numbers in 16 bits. */
#define CP_WORLD_STATES 32767
/* Hazards of the start are taken no nearer to 0 or 1 than this. */
#define CP_WORLD_LEAST_HAZARD 1e-9
/* The highest monthly charge. */
#define CP_WORLD_MAX_CHARGE 1e12

typedef enum CpWorldForm
{
	CP_WORLD_LOGIT,          /* effects add to the log-odds, as in response.h */
	CP_WORLD_MULTIPLICATIVE, /* see above */
	CP_WORLD_FORMS           /* number of forms */
} CpWorldForm;

/* Bounds in brackets are what cp_world_check asks for. */
typedef struct CpWorldParams
{
	double tenure_drift;         /* -0.35 [-10, 10] */
	double service[CP_SERVICES]; /* 1, 0, -0.4 [-10, 10] */
	double annoyance;            /* 0.15 [0, 10] */
	double attenuation;          /* CP_ATTENUATION [0, 10] */
	double sleeping_dog;         /* 0.35 [0, 10] */
	double sleeping_below;       /* -4.5, log-odds of 1.1 % a month [-50, 50] */
	double contact_bad;          /* CP_CONTACT_BAD [-10, 10] */
	double moves[CP_SERVICES]
				[CP_SERVICES];         /* .75 .22 .03, .06 .88 .06, .02 .10 .88; rows sum to 1 */
	double contact_moves[CP_SERVICES]; /* from bad under a contact: .35 .55 .10 */
	double upgrade_moves[CP_SERVICES]; /* from bad under an upgrade: .50 .42 .08 */
	double effect_scale;               /* 1 [0, 10]: all that actions do, times this; what they
	                                           do to service is never more than at 1 */
	uint32_t flip;                     /* 0 = none: position of an action whose effect has its
	                                           sign turned and which does not mend service */
	CpWorldForm form;                  /* CP_WORLD_LOGIT */
	CpEconomics economics;             /* as in policy.h */
} CpWorldParams;

/*
 * A world; a plain value without memory of its own. A state is the number
 *
 *   ((running * (CP_MAX_FATIGUE + 1) + fatigue) * upgrades + upgraded) * CP_SERVICES + service
 *
 * where running is 0 or counts the months left of the first discount from 1 to its duration,
 * then those of the second and so on, and upgraded is 0 or counts the upgrades of the catalogue.
 * A discount has its whole duration left in the month it is given in; to begin a month with that
 * much means that it was given just before. With the default catalogue there are 168 states.
 */
typedef struct CpWorld
{
	CpWorldParams params;
	const CpCatalogue *catalogue; /* not owned */
	uint32_t states;
	uint32_t running;                        /* values of running */
	uint32_t upgrades;                       /* values of upgraded */
	uint8_t discounts[CP_WORLD_RUNNING + 1]; /* [running] position of the discount, 0 = none */
	uint8_t left[CP_WORLD_RUNNING + 1];      /* [running] its months */
	uint8_t upgrade_of[CP_MAX_ACTIONS];      /* [upgraded] position of the upgrade, 0 = none */
	uint32_t after[CP_MAX_ACTIONS];          /* running or upgraded once the action is taken */
	double effects[CP_MAX_ACTIONS];          /* scaled and with their signs */
	double contact_bad[CP_MAX_ACTIONS];      /* more of it when service is bad; likewise */
	double attenuations[CP_MAX_FATIGUE + 1]; /* what fatigue leaves of an effect */
	double log_tenure[CP_WORLD_TENURE + 1];  /* log(1 + tenure) */
	double moves[CP_MAX_ACTIONS][CP_SERVICES][CP_SERVICES];
} CpWorld;

/* The parts of a state. */
typedef struct CpWorldState
{
	uint32_t discount; /* position of the running discount, 0 = none */
	uint32_t left;     /* months it runs, this one counted: 1 .. its duration */
	uint32_t fatigue;  /* 0 .. CP_MAX_FATIGUE */
	uint32_t upgrade;  /* position of the upgrade made, 0 = none */
	CpService service;
} CpWorldState;

/* Who a customer is; made by cp_world_customer. */
typedef struct CpWorldCustomer
{
	double alpha;  /* log-odds of leaving within a month, at the start and in neutral state */
	double charge; /* money a month */
	double price_sensitivity; /* [0.5, 1.5) */
	double service_need;      /* [0, 2) */
	double sleep;             /* how much of a sleeping dog, [0, 1] */
	uint32_t tenure;          /* months at the start, 0 .. CP_WORLD_TENURE */
	uint32_t mask;            /* actions that rules allow */
	uint32_t start;           /* state at the start: nothing done yet */
} CpWorldCustomer;

/* What a customer is made of. */
typedef struct CpWorldTraits
{
	double hazard; /* within a month, at the start, when nothing is done; [0, 1] */
	double charge; /* money a month, [0, CP_WORLD_MAX_CHARGE] */
	double tenure; /* months, 0 or more */
	CpService service;
	uint32_t mask;     /* actions that rules allow; none always is */
	double uniform[2]; /* [0, 1): draws for price sensitivity and service need */
} CpWorldTraits;

/* What is to be expected of an action in a month. */
typedef struct CpWorldOption
{
	double hazard;
	double paid;            /* cost at once */
	double given;           /* discount on the month's charge, if the customer stays */
	uint32_t next;          /* next month's state with bad service; add CpService for the others */
	const double *services; /* [CP_SERVICES] chances of these */
} CpWorldOption;

typedef struct CpWorldOptions
{
	uint32_t mask; /* actions that may be taken: allowed, no second discount or upgrade */
	CpWorldOption of[CP_MAX_ACTIONS]; /* by position */
} CpWorldOptions;

/* What one who decides may see. */
typedef struct CpWorldCase
{
	const CpWorld *world;
	const CpWorldCustomer *customer;
	uint32_t month;  /* since the start */
	uint32_t tenure; /* capped */
	uint32_t state;
	CpCase one; /* its hazard: in the present state under none */
} CpWorldCase;

/* One who decides: fills pmf [count], as cp_policy_pmf does. */
typedef struct CpDecider
{
	const void *host;
	void (*pmf)(const void *host, const CpWorldCase *seen, double *pmf);
} CpDecider;

/* Actions for one customer, by month and state; the last month's hold from then on. */
typedef struct CpWorldPlan
{
	uint32_t months;
	uint8_t *actions; /* [months][states] positions */
} CpWorldPlan;

/* A month that was lived. */
typedef struct CpWorldRow
{
	uint32_t month; /* since the start */
	uint32_t state;
	uint32_t action; /* position */
	bool stayed;
	double hazard;
	double hazard_none;
	uint32_t mask;         /* actions that could be taken */
	uint32_t stayed_under; /* of these, those under which the customer stays */
	double revenue;        /* what is billed, discount taken off */
	double cost;           /* of the actions, discount given included */
	double reward;         /* margin of the charge, if the customer stays, less cost */
} CpWorldRow;

/* A life under way. */
typedef struct CpWorldLife
{
	const CpWorld *world;
	const CpWorldCustomer *customer;
	CpRng noise;
	uint32_t month;
	uint32_t state;
	bool left;
} CpWorldLife;

/* Expected sums, discounted to the start. */
typedef struct CpWorldWorth
{
	double reward;
	double revenue;
} CpWorldWorth;

typedef struct CpWorldValues
{
	CpWorldWorth none;
	CpWorldWorth policy;
	CpWorldWorth optimum; /* of all that may know the customer and the state */
} CpWorldValues;

/* "logit", "multiplicative"; NULL for a value that is no form. */
extern const char *cp_world_form_name(CpWorldForm form);

extern void cp_world_defaults(CpWorldParams *params);

/* NULL, or what is wrong with the parameters, a clause that names one. */
extern const char *cp_world_check(const CpWorldParams *params);

/*
 * A world over a catalogue whose actions check out. response: NULL = the catalogue's priors.
 * CP_BAD_PARAMETER: as cp_world_check, discounts that run too long, or too many states.
 */
extern CpStatus cp_world_init(CpContext *context, const CpWorldParams *params,
                              const CpCatalogue *catalogue, const CpResponse *response,
                              CpWorld *world);

/* CP_BAD_DATA when a trait is not in its range or not a number. */
extern CpStatus cp_world_customer(CpContext *context, const CpWorld *world,
                                  const CpWorldTraits *traits, CpWorldCustomer *customer);

/* Number of a state and its parts. */
extern uint32_t cp_world_encode(const CpWorld *world, const CpWorldState *state);
extern void cp_world_decode(const CpWorld *world, uint32_t number, CpWorldState *state);

/* Actions that a state leaves open: no second discount while one runs, no second upgrade. */
extern uint32_t cp_world_open(const CpWorld *world, uint32_t state);

/* All actions in a month, also those outside of the mask. */
extern void cp_world_options(const CpWorld *world, const CpWorldCustomer *customer, uint32_t tenure,
                             uint32_t state, CpWorldOptions *options);

/* Reward to be expected of the month. */
extern double cp_world_reward(const CpWorld *world, const CpWorldCustomer *customer,
                              const CpWorldOption *option);

/* Those who decide by a policy, and by a plan; the argument must live as long. */
extern CpDecider cp_decider_policy(const CpPolicy *policy);
extern CpDecider cp_decider_plan(const CpWorldPlan *plan);

/*
 * Begin a life and live a month of it, before the customer has left. All chance comes from
 * (seed, index), an equal amount in each month: never from what is done.
 */
extern void cp_world_begin(const CpWorld *world, const CpWorldCustomer *customer, uint64_t seed,
                           uint64_t index, CpWorldLife *life);
extern void cp_world_step(CpWorldLife *life, const CpDecider *decider, CpWorldRow *row);

/* A life of so many months or until the customer leaves: rows [months]; how many were lived. */
extern uint32_t cp_world_simulate(const CpWorld *world, const CpWorldCustomer *customer,
                                  const CpDecider *decider, uint64_t seed, uint64_t index,
                                  uint32_t months, CpWorldRow *rows);

/*
 * Exact values of a customer over so many months, 0 = for ever. decider: NULL = none. plan:
 * NULL, or set to the optimum's, whose actions are the caller's to free. Errors as cp_mdp_solve.
 */
extern CpStatus cp_world_values(CpContext *context, const CpWorld *world,
                                const CpWorldCustomer *customer, const CpDecider *decider,
                                uint32_t months, CpWorldValues *values, CpWorldPlan *plan);

#endif
