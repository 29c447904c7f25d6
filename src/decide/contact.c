/*
 * contact.c: how often a customer may be acted upon.
 */
#include "decide/contact.h"

#include <math.h>
#include <string.h>

#include "decide/response.h"

void
cp_contact_init(CpContact *contact)
{
	memset(contact, 0, sizeof(*contact));
	contact->contacted = INFINITY;
	contact->tokens = CP_CONTACT_TOKENS;
}

uint32_t
cp_contact_fatigue(const CpContact *contact)
{
	/* In the month after a contact it is all felt; each further month takes one away. */
	double quiet = floor(contact->contacted / CP_DAYS_A_MONTH) - 1;

	return (uint32_t) fmax(contact->fatigue - fmax(quiet, 0), 0);
}

double
cp_contact_tokens(const CpContact *contact)
{
	return fmin(contact->tokens + contact->counted / CP_DAYS_A_MONTH, CP_CONTACT_TOKENS);
}

uint32_t
cp_contact_discount_months(const CpContact *contact)
{
	double months = ceil(contact->discount_left / CP_DAYS_A_MONTH);

	return months > 0 ? (uint32_t) fmin(months, CP_MAX_DURATION) : 0;
}

CpContactReason
cp_contact_reason(const CpContact *contact)
{
	if (contact->cooldown > 0)
		return CP_CONTACT_COOLDOWN;
	return cp_contact_tokens(contact) < 1 ? CP_CONTACT_FATIGUE : CP_CONTACT_FREE;
}

const char *
cp_contact_reason_name(CpContactReason reason)
{
	static const char *const names[] = {NULL, "cool-down", "fatigue"};

	return names[reason];
}

void
cp_contact_book(CpContact *contact, const CpAction *action, double cooldown)
{
	uint32_t fatigue = cp_contact_fatigue(contact);

	contact->tokens = cp_contact_tokens(contact) - 1;
	contact->counted = 0;
	contact->fatigue = fatigue < CP_MAX_FATIGUE ? fatigue + 1 : CP_MAX_FATIGUE;
	contact->contacted = 0;
	contact->cooldown = cooldown;
	if (action->kind == CP_ACTION_DISCOUNT)
	{
		contact->discount = action->id;
		contact->discount_left = action->duration * CP_DAYS_A_MONTH;
	}
	if (action->kind == CP_ACTION_UPGRADE)
		contact->upgrade = action->id;
}
