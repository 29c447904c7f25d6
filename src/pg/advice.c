/*
 * advice.c: what is to be done for one customer.
 */
#include "postgres.h"

#include <math.h>

#include "pg/advice.h"

/* Words that a service column may hold, beside numbers below, at and above zero. */
static const char *const service_words[CP_SERVICES] = {"bad", "neutral", "good"};

CpService
cp_service_of(const CpFeatureMap *map, const double *vector)
{
	int f = cp_featuremap_role(map, CP_ROLE_SERVICE);

	if (f < 0 || isnan(vector[f]))
		return CP_SERVICE_NEUTRAL;
	if (map->features[f].kind != CP_CATEGORY)
		return vector[f] < 0   ? CP_SERVICE_BAD
		       : vector[f] > 0 ? CP_SERVICE_GOOD
		                       : CP_SERVICE_NEUTRAL;
	for (int service = 0; service < CP_SERVICES; service++)
	{
		const char *word = service_words[service];

		if (vector[f] == cp_dictionary_find(&map->features[f].levels, word, strlen(word)))
			return service;
	}
	return CP_SERVICE_NEUTRAL;
}

static void
require_value_role(CpScorer *scorer)
{
	if (cp_scorer_map(scorer)->roles[CP_ROLE_VALUE] == NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		     errmsg("model \"%s\" does not know which column is money a month",
		            cp_scorer_model(scorer)),
		     errdetail("Without it no action can be weighed against its cost."),
		     errhint(
				 "Train with \"value_column\", as in: '{\"value_column\": \"monthly_charges\"}'.")));
}

void
cp_advice_begin(CpAdvice *advice, CpScorer *scorer, const char *method, double probability,
                double charge)
{
	require_value_role(scorer);
	advice->playbook = cp_playbook();
	advice->policy = cp_policy_in_force(method, advice->playbook);
	advice->probability = probability;
	advice->one.charge = charge;
	advice->one.hazard = cp_scorer_hazard(scorer, probability);
	advice->one.mask = cp_playbook_eligible(advice->playbook, cp_scorer_map(scorer),
	                                        cp_scorer_ref(scorer)->model_id,
	                                        cp_scorer_model(scorer), cp_scorer_vector(scorer));
}

static uint32
position_of(const CpPlaybook *playbook, int32 id)
{
	int position = cp_catalogue_find_id(&playbook->catalogue, id);

	return position < 0 ? 0 : position;
}

/* The dynamic state. A discount or upgrade that left the catalogue is as if it had not been. */
static void
set_state(CpAdvice *advice, const CpContact *contact, CpService service)
{
	const CpPlaybook *playbook = advice->playbook;
	CpWorldState state = {0};
	uint32 number;

	state.left = cp_contact_discount_months(contact);
	if (state.left > 0)
		state.discount = position_of(playbook, contact->discount);
	if (state.discount == 0)
		state.left = 0;
	else
		state.left = Min(state.left, playbook->catalogue.actions[state.discount].duration);
	state.upgrade = position_of(playbook, contact->upgrade);
	state.fatigue = cp_contact_fatigue(contact);
	state.service = service;
	number = cp_world_encode(&playbook->world, &state);
	advice->dyn = (int16) number;
	advice->one.fatigue = state.fatigue;
	advice->one.service = service;
	advice->one.mask &= cp_world_open(&playbook->world, number);
}

void
cp_advice_weigh(CpAdvice *advice, CpScorer *scorer, const CpContact *contact, bool anything)
{
	const CpPlaybook *playbook = advice->playbook;
	CpPolicy policy = {advice->policy->method, &playbook->catalogue, &advice->policy->response,
	                   cp_economics()};

	set_state(advice, contact, cp_service_of(cp_scorer_map(scorer), cp_scorer_vector(scorer)));
	/* Without a charge nothing can be weighed. */
	if (!anything || !(advice->one.charge >= 0 && advice->one.charge <= CP_WORLD_MAX_CHARGE))
		advice->one.mask = 1;
	cp_appraise(&playbook->catalogue, policy.response, &policy.economics, &advice->one,
	            &advice->appraisal);
	cp_policy_pmf(&policy, &advice->one, advice->pmf);
}

void
cp_advice_draw(CpAdvice *advice, uint64 bits)
{
	/* The upper 53 bits, as a double holds them. */
	advice->drawn =
		cp_draw(advice->pmf, advice->playbook->catalogue.count, (double) (bits >> 11) * 0x1p-53);
}

const CpAction *
cp_advice_action(const CpAdvice *advice)
{
	return &advice->playbook->catalogue.actions[advice->drawn];
}

double
cp_advice_value(const CpAdvice *advice)
{
	return advice->appraisal.value[advice->drawn];
}

double
cp_advice_cost(const CpAdvice *advice)
{
	return advice->appraisal.cost[advice->drawn];
}

double
cp_advice_roi(const CpAdvice *advice)
{
	double cost = cp_advice_cost(advice);

	return cost > 0 ? (cp_advice_value(advice) - cost) / cost : NAN;
}
