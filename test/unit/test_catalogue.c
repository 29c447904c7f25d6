/*
 * test_catalogue.c: what actions cost, and which ones are refused.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "decide_data.h"

extern void test_catalogue(void);

static void
costs(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpAction both = catalogue.actions[DISCOUNT];

	/* 90 + 0.8 * 0.1 * 85 * (s + g s^2 + g^2 s^3) with s = .96, g = .99, by Python. */
	both.cost_fixed = 90;
	CHECK_CLOSE(108.62869352448, cp_action_cost(&both, 85, 0.04, 0.99), 1e-10);
	CHECK_CLOSE(90 + 0.1 * 85 * 3, cp_action_reserve(&both, 85), 1e-12);
	CHECK_CLOSE(90, cp_action_cost(&both, 85, 1, 0.99), 0);
	CHECK_CLOSE(25, cp_action_cost(&catalogue.actions[OFFER], 1e6, 0.5, 0.99), 0);
	CHECK_CLOSE(0, cp_action_cost(&catalogue.actions[NONE], 85, 0.5, 0.99), 0);
}

static void
months(void)
{
	CpCatalogue catalogue = decide_catalogue();

	CHECK_EQUAL(3, cp_action_months(&catalogue.actions[DISCOUNT]));
	CHECK_EQUAL(1, cp_action_months(&catalogue.actions[CONTACT]));
	CHECK_EQUAL(CP_LASTING_MONTHS, cp_action_months(&catalogue.actions[UPGRADE]));
}

/* One thing wrong at a time. */
static void
refusals(void)
{
	const CpAction good = decide_catalogue().actions[DISCOUNT];
	const CpAction none = decide_catalogue().actions[NONE];
	CpAction bad[14];
	const char *words[] = {"cost_fixed",
	                       "cost_fixed",
	                       "cost_pct",
	                       "cost_pct",
	                       "redeem_prob",
	                       "duration_m",
	                       "duration_m",
	                       "effect_prior_mean",
	                       "effect_prior_sd",
	                       "effect_prior_sd",
	                       "action_id",
	                       "none",
	                       "none",
	                       "action_id"};

	CHECK(cp_action_check(&good) == NULL);
	CHECK(cp_action_check(&none) == NULL);
	for (int i = 0; i < 14; i++)
		bad[i] = i < 10 ? good : none;
	bad[0].cost_fixed = -1;
	bad[1].cost_fixed = NAN;
	bad[2].cost_pct = 1.01;
	bad[3].cost_pct = -0.1;
	bad[4].redeem = 1.5;
	bad[5].duration = CP_MAX_DURATION + 1;
	bad[6].duration = 0;
	bad[7].effect_mean = INFINITY;
	bad[8].effect_sd = 0;
	bad[9].effect_sd = NAN;
	bad[10].id = 3;
	bad[11].cost_fixed = 1;
	bad[12].rule = (const CpRule *) &bad;
	bad[13].kind = CP_ACTION_OFFER;
	for (int i = 0; i < 14; i++)
	{
		const char *complaint = cp_action_check(&bad[i]);

		if (!CHECK(complaint != NULL && strstr(complaint, words[i]) != NULL))
			unit_note("case %d: %s", i, complaint == NULL ? "accepted" : complaint);
	}
}

static void
finding(void)
{
	CpCatalogue catalogue = decide_catalogue();

	CHECK_EQUAL(CONTACT, cp_catalogue_find(&catalogue, "contact"));
	CHECK_EQUAL(UPGRADE, cp_catalogue_find_id(&catalogue, 9));
	CHECK(cp_catalogue_find(&catalogue, "Contact") == -1);
	CHECK(cp_catalogue_find_id(&catalogue, 2) == -1);
	for (CpActionKind kind = 0; kind < CP_ACTION_KINDS; kind++)
		CHECK_EQUAL(kind, cp_action_kind(cp_action_kind_name(kind)));
	CHECK_EQUAL(CP_ACTION_KINDS, cp_action_kind("gift"));
	CHECK(cp_action_kind_name(CP_ACTION_KINDS) == NULL);
}

void
test_catalogue(void)
{
	UNIT_CASE("expected and reserved costs", costs);
	UNIT_CASE("how long an action works", months);
	UNIT_CASE("an action that is no action is refused by its column", refusals);
	UNIT_CASE("actions and kinds by name and id", finding);
}
