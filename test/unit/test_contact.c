/*
 * test_contact.c: cool-down, fatigue and the bucket of contacts.
 */
#include "unit.h"

#include <math.h>

#include "decide/contact.h"
#include "decide/response.h"
#include "decide_data.h"

extern void test_contact(void);

static void
pass(CpContact *contact, double days)
{
	contact->contacted += days;
	contact->cooldown -= days;
	contact->counted += days;
	contact->discount_left -= days;
}

static void
stranger(void)
{
	CpContact contact;

	cp_contact_init(&contact);
	CHECK_EQUAL(CP_CONTACT_FREE, cp_contact_reason(&contact));
	CHECK_EQUAL(0, cp_contact_fatigue(&contact));
	CHECK_EQUAL(0, cp_contact_discount_months(&contact));
	CHECK_CLOSE(CP_CONTACT_TOKENS, cp_contact_tokens(&contact), 0);
	CHECK(cp_contact_reason_name(CP_CONTACT_FREE) == NULL);
}

static void
cooldown(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpContact contact;

	cp_contact_init(&contact);
	cp_contact_book(&contact, &catalogue.actions[DISCOUNT], 30);
	CHECK_EQUAL(CP_CONTACT_COOLDOWN, cp_contact_reason(&contact));
	CHECK_EQUAL(3, cp_contact_discount_months(&contact));
	pass(&contact, 29.9);
	CHECK_EQUAL(CP_CONTACT_COOLDOWN, cp_contact_reason(&contact));
	CHECK_EQUAL(3, cp_contact_discount_months(&contact));
	pass(&contact, 0.2);
	CHECK_EQUAL(CP_CONTACT_FREE, cp_contact_reason(&contact));
	CHECK_EQUAL(2, cp_contact_discount_months(&contact));
	CHECK_EQUAL(1, contact.discount);
	pass(&contact, 60);
	CHECK_EQUAL(0, cp_contact_discount_months(&contact));
}

/* Without a cool-down at all the bucket bounds contacts: at most 3 + T / 30 in T days. */
static void
bucket(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpContact contact;
	int made = 0;

	cp_contact_init(&contact);
	for (int day = 0; day < 365; day++)
	{
		for (int again = 0; again < 3; again++)
			if (cp_contact_reason(&contact) == CP_CONTACT_FREE)
			{
				cp_contact_book(&contact, &catalogue.actions[CONTACT], 0);
				made++;
				if (!CHECK(made <= 3 + day / CP_DAYS_A_MONTH))
					return;
			}
		pass(&contact, 1);
	}
	CHECK_EQUAL(15, made);
	CHECK_EQUAL(CP_CONTACT_FATIGUE, cp_contact_reason(&contact));
	CHECK_STRING("fatigue", cp_contact_reason_name(cp_contact_reason(&contact)));
}

/* As in the simulator: a contact adds one up to three, a month without takes one away. */
static void
fatigue(void)
{
	static const uint32_t after[] = {3, 3, 2, 1, 0, 0};
	CpCatalogue catalogue = decide_catalogue();
	CpContact contact;

	cp_contact_init(&contact);
	for (uint32_t contacts = 1; contacts <= 4; contacts++)
	{
		cp_contact_book(&contact, &catalogue.actions[OFFER], 0);
		CHECK_EQUAL(contacts < 3 ? contacts : 3, cp_contact_fatigue(&contact));
		pass(&contact, CP_DAYS_A_MONTH);
	}
	contact.contacted = 0;
	for (int month = 0; month < 6; month++)
	{
		CHECK_EQUAL(after[month], cp_contact_fatigue(&contact));
		pass(&contact, CP_DAYS_A_MONTH);
	}
}

static void
upgrades(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpContact contact;

	cp_contact_init(&contact);
	cp_contact_book(&contact, &catalogue.actions[UPGRADE], 30);
	CHECK_EQUAL(9, contact.upgrade);
	CHECK_EQUAL(0, cp_contact_discount_months(&contact));
}

void
test_contact(void)
{
	UNIT_CASE("a customer nothing was done for", stranger);
	UNIT_CASE("cool-down and the months of a discount", cooldown);
	UNIT_CASE("at most 3 + T / 30 contacts in T days", bucket);
	UNIT_CASE("fatigue comes and goes", fatigue);
	UNIT_CASE("an upgrade is kept", upgrades);
}
