/*
 * contact.h: how often a customer may be acted upon.
 *
 * An action is followed by its cool-down, in which nothing is done. Beside that a bucket
 * holds three contacts and gets one back in thirty days, so in any time T there are at most
 * 3 + T / 30 days of them. Fatigue is what the customer still feels of contacts: each adds
 * one, a month without one takes one away.
 */
#ifndef CP_CONTACT_H
#define CP_CONTACT_H

#include <stdbool.h>
#include <stdint.h>

#include "decide/catalogue.h"

#define CP_DAYS_A_MONTH 30.0
#define CP_CONTACT_TOKENS 3.0

/* What is kept of a customer. Times are days before now, or after it where it says so. */
typedef struct CpContact
{
	double contacted;     /* since the last contact; infinity = never */
	double cooldown;      /* days after now until it ends; <= 0: it has ended */
	uint32_t fatigue;     /* right after the last contact, 0 .. CP_MAX_FATIGUE */
	double tokens;        /* at the time they were counted */
	double counted;       /* since then */
	int32_t discount;     /* id of the discount that runs */
	double discount_left; /* days after now until it ends; <= 0: none runs */
	int32_t upgrade;      /* id of the upgrade that was made, 0 = none */
} CpContact;

typedef enum CpContactReason
{
	CP_CONTACT_FREE,
	CP_CONTACT_COOLDOWN, /* the last action's cool-down runs */
	CP_CONTACT_FATIGUE   /* no contact is left in the bucket */
} CpContactReason;

/* A customer nothing was ever done for. */
extern void cp_contact_init(CpContact *contact);

/* Fatigue and tokens by now. */
extern uint32_t cp_contact_fatigue(const CpContact *contact);
extern double cp_contact_tokens(const CpContact *contact);

/* Whole months that the discount still runs, this one included; 0 = none runs. */
extern uint32_t cp_contact_discount_months(const CpContact *contact);

/* May anything be done? */
extern CpContactReason cp_contact_reason(const CpContact *contact);

/* "cool-down", "fatigue"; NULL when it is free. */
extern const char *cp_contact_reason_name(CpContactReason reason);

/* Book an action that is carried out now; cooldown: the action's, in days. */
extern void cp_contact_book(CpContact *contact, const CpAction *action, double cooldown);

#endif
