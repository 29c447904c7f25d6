/*
 * population.h: synthetic telecom customers whose true risk is known.
 *
 * They have the columns, levels and, about, the marginals of the Telco data set of 7,043
 * customers that ships with the project (test/data), and hang together like these: who has no
 * internet has no add-ons, contracts grow longer with tenure, charges follow from services,
 * total charges from tenure. Each customer is drawn from a stream of its own: customer i of a
 * seed is the same whoever else is drawn.
 *
 * The chance to churn is a smooth function of the visible columns, so a model can find it, with
 * curvature and interactions, so a straight line cannot. With x = log(1 + tenure) / log(73):
 *
 *   log-odds = intercept
 *     - 2.6 x (0.45 when under contract)              tenure, which says less under a contract
 *     - 1.3 one year, - 2.4 two year
 *     + 0.7 fiber, - 0.6 no internet
 *     - (0.2 + 0.3 fiber) (security + support)        who is helped stays, on fiber above all
 *     - 0.1 (backup + protection) + 0.15 (tv + movies)
 *     + 0.35 electronic check, 0.65 month-to-month, - 0.2 automatic payment
 *     + 0.25 paperless + 0.1 lines
 *     + 0.3 senior, - 0.3 dependents, - 0.15 partner and dependents
 *     + 0.9 tanh((charge - 75) / 20) (1 - x)          high charges early on
 *     - 0.4 exp(-((tenure - 48) / 8)^2)               a quiet time after four years
 *
 * The intercept makes the mean the churn rate that was asked for.
 */
#ifndef CP_POPULATION_H
#define CP_POPULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "num/context.h"

#define CP_POPULATION_CHURN_RATE 0.265
#define CP_POPULATION_TENURE 72

/* Columns with levels; senior_citizen is a number in the table, 0 or 1. */
typedef enum CpTrait
{
	CP_TRAIT_GENDER,
	CP_TRAIT_SENIOR_CITIZEN,
	CP_TRAIT_PARTNER,
	CP_TRAIT_DEPENDENTS,
	CP_TRAIT_PHONE_SERVICE,
	CP_TRAIT_MULTIPLE_LINES,
	CP_TRAIT_INTERNET_SERVICE,
	CP_TRAIT_ONLINE_SECURITY,
	CP_TRAIT_ONLINE_BACKUP,
	CP_TRAIT_DEVICE_PROTECTION,
	CP_TRAIT_TECH_SUPPORT,
	CP_TRAIT_STREAMING_TV,
	CP_TRAIT_STREAMING_MOVIES,
	CP_TRAIT_CONTRACT,
	CP_TRAIT_PAPERLESS_BILLING,
	CP_TRAIT_PAYMENT_METHOD,
	CP_TRAIT_CHURN, /* drawn with the chance of the customer */
	CP_TRAITS       /* number of them */
} CpTrait;

typedef struct CpPopulation
{
	uint64_t seed;
	double intercept;
} CpPopulation;

typedef struct CpSyntheticCustomer
{
	uint8_t levels[CP_TRAITS]; /* for cp_trait_level */
	uint32_t tenure;           /* months, 0 .. CP_POPULATION_TENURE */
	double monthly_charges;    /* money, in steps of 0.05 */
	double total_charges;      /* likewise; NaN = NULL, of who has no tenure yet */
	double probability;        /* of churn */
} CpSyntheticCustomer;

/* Name of the column, and text of one of its levels; NULL for a number that is none. */
extern const char *cp_trait_name(CpTrait trait);
extern const char *cp_trait_level(CpTrait trait, uint32_t level);

/* churn_rate: mean probability, 0.001 .. 0.999, else CP_BAD_PARAMETER. */
extern CpStatus cp_population_init(CpContext *context, uint64_t seed, double churn_rate,
                                   CpPopulation *population);

extern void cp_population_draw(const CpPopulation *population, uint64_t index,
                               CpSyntheticCustomer *customer);

#endif
