/*
 * policy.c: what each action is worth to a customer, and who chooses which.
 */
#include "decide/policy.h"

#include <float.h>
#include <string.h>

/* --- worth -------------------------------------------------------------- */

double
cp_annuity(const CpEconomics *economics, double charge, double hazard)
{
	double survival = 1 - hazard;

	return economics->margin * charge * survival / (1 - economics->discount * survival);
}

/* Fatigue in a month, from 1, of who was of some fatigue and is left alone since then. */
static uint32_t
fatigue_in(uint32_t fatigue, uint32_t months)
{
	return fatigue > months ? fatigue - months : 0;
}

/* By how much the odds of leaving are higher in month k, from 1, for what was done in the first. */
static double
annoyance_in(uint32_t k, uint32_t fatigue)
{
	uint32_t felt = fatigue < CP_MAX_FATIGUE ? fatigue + 1 : CP_MAX_FATIGUE;
	uint32_t more = k == 1 ? 0 : fatigue_in(felt, k - 2) - fatigue_in(fatigue, k - 1);
	double odds = 1;

	while (more-- > 0)
		odds *= CP_ANNOYANCE_ODDS;
	return odds;
}

/* A whole power, by squares. */
static double
power(double base, uint32_t exponent)
{
	double result = 1;

	for (; exponent > 0; exponent /= 2, base *= base)
		result *= exponent % 2 == 1 ? base : 1;
	return result;
}

double
cp_action_value(const CpEconomics *economics, double charge, double hazard, double odds,
                uint32_t months, uint32_t fatigue)
{
	uint32_t annoyed = fatigue + 2 > CP_MAX_FATIGUE + 1 ? CP_MAX_FATIGUE + 1 : fatigue + 2;
	double lowered = cp_hazard_times(hazard, odds);
	double before = cp_annuity(economics, charge, hazard);
	double sum = 0, alive = 1, today = 1, rest = 0;

	for (uint32_t k = 1; k <= annoyed; k++)
	{
		alive *= 1 - cp_hazard_times(hazard, (k <= months ? odds : 1) * annoyance_in(k, fatigue));
		sum += today * alive;
		today *= economics->discount;
	}
	/* From then on the annuity is that of the lowered hazard for some months, then the old one. */
	if (months > annoyed)
		rest = (cp_annuity(economics, charge, lowered) - before) *
		       (1 - power(economics->discount * (1 - lowered), months - annoyed));
	return economics->margin * charge * sum + today * alive * (before + rest) - before;
}

/* Without a charge nothing can be weighed, and only none is left. */
static uint32_t
open_actions(const CpCase *one)
{
	return one->charge >= 0 && one->charge <= DBL_MAX ? one->mask | 1 : 1;
}

void
cp_appraise(const CpCatalogue *catalogue, const CpResponse *response, const CpEconomics *economics,
            const CpCase *one, CpAppraisal *appraisal)
{
	uint32_t mask = open_actions(one);
	double before =
		cp_hazard_under(catalogue, response, 0, one->hazard, one->fatigue, one->service);

	appraisal->value[0] = appraisal->cost[0] = 0;
	for (uint32_t k = 1; k < catalogue->count; k++)
		if (mask >> k & 1)
		{
			const CpAction *action = &catalogue->actions[k];
			double odds = cp_response_odds(catalogue, response, k, one->fatigue, one->service);

			appraisal->value[k] = cp_action_value(economics, one->charge, before, odds,
			                                      cp_action_months(action), one->fatigue);
			appraisal->cost[k] = cp_action_cost(action, one->charge, cp_hazard_times(before, odds),
			                                    economics->discount);
		}
}

/* --- methods ------------------------------------------------------------ */

static void
none_pmf(const CpPolicy *policy, const CpCase *one, double *pmf)
{
	(void) policy;
	(void) one;
	pmf[0] = 1;
}

static void
random_pmf(const CpPolicy *policy, const CpCase *one, double *pmf)
{
	uint32_t mask = open_actions(one);
	uint32_t open = 0;

	for (uint32_t k = 0; k < policy->catalogue->count; k++)
		open += mask >> k & 1;
	for (uint32_t k = 0; k < policy->catalogue->count; k++)
		pmf[k] = mask >> k & 1 ? 1.0 / open : 0;
}

static void
greedy_pmf(const CpPolicy *policy, const CpCase *one, double *pmf)
{
	uint32_t mask = open_actions(one);
	uint32_t best = 0;
	double most = 0;
	CpAppraisal appraisal;

	cp_appraise(policy->catalogue, policy->response, &policy->economics, one, &appraisal);
	for (uint32_t k = 1; k < policy->catalogue->count; k++)
		if (mask >> k & 1 && appraisal.value[k] - appraisal.cost[k] > most)
		{
			most = appraisal.value[k] - appraisal.cost[k];
			best = k;
		}
	pmf[best] = 1;
}

static const struct
{
	const char *name;
	bool deterministic;
	void (*pmf)(const CpPolicy *policy, const CpCase *one, double *pmf); /* pmf comes zeroed */
} methods[CP_METHODS] = {
	[CP_METHOD_NONE] = {"none", true, none_pmf},
	[CP_METHOD_RANDOM] = {"random", false, random_pmf},
	[CP_METHOD_GREEDY] = {"greedy", true, greedy_pmf},
};

const char *
cp_method_name(CpMethod method)
{
	return (unsigned) method < CP_METHODS ? methods[method].name : NULL;
}

CpMethod
cp_method(const char *name)
{
	int method = 0;

	while (method < CP_METHODS && strcmp(methods[method].name, name) != 0)
		method++;
	return (CpMethod) method;
}

bool
cp_method_deterministic(CpMethod method)
{
	return methods[method].deterministic;
}

void
cp_policy_pmf(const CpPolicy *policy, const CpCase *one, double *pmf)
{
	memset(pmf, 0, policy->catalogue->count * sizeof(double));
	methods[policy->method].pmf(policy, one, pmf);
}

uint32_t
cp_draw(const double *pmf, uint32_t count, double u)
{
	uint32_t last = 0;
	double below = 0;

	for (uint32_t k = 0; k < count; k++)
	{
		if (!(pmf[k] > 0))
			continue;
		last = k;
		below += pmf[k];
		if (u < below)
			break;
	}
	/* Past the sum, by rounding, comes the last that can be drawn. */
	return last;
}
