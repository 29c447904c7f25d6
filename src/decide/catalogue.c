/*
 * catalogue.c: what can be done for a customer, and what it costs.
 */
#include "decide/catalogue.h"
#include "num/names.h"

#include <string.h>

static const char *const kind_names[CP_ACTION_KINDS] = {"none", "discount", "upgrade", "offer",
                                                        "contact"};

const char *
cp_action_kind_name(CpActionKind kind)
{
	return (unsigned) kind < CP_ACTION_KINDS ? kind_names[kind] : NULL;
}

CpActionKind
cp_action_kind(const char *name)
{
	return (CpActionKind) cp_name_position(kind_names, CP_ACTION_KINDS, name);
}

static bool
within(double value, double least, double most)
{
	return value >= least && value <= most;
}

static const char *
check_none(const CpAction *action)
{
	if (action->id != 0 || action->kind != CP_ACTION_NONE || strcmp(action->name, "none") != 0)
		return "action_id 0, kind none and the name none belong together";
	if (action->cost_fixed != 0 || action->cost_pct != 0)
		return "cost_fixed and cost_pct of none must be 0";
	if (action->rule != NULL)
		return "none must be open to everybody, without an eligible rule";
	return NULL;
}

const char *
cp_action_check(const CpAction *action)
{
	if (!within(action->cost_fixed, 0, 1e10))
		return "cost_fixed must be 0 or more";
	if (!within(action->cost_pct, 0, 1))
		return "cost_pct must be a share between 0 and 1";
	if (!within(action->redeem, 0, 1))
		return "redeem_prob must be between 0 and 1";
	if (action->duration > CP_MAX_DURATION)
		return "duration_m must be between 0 and 60 months";
	if ((action->cost_pct > 0 || action->kind == CP_ACTION_DISCOUNT) && action->duration == 0)
		return "duration_m must say how many months the percentage runs";
	if (!within(action->effect_mean, -CP_MAX_EFFECT, CP_MAX_EFFECT))
		return "effect_prior_mean must be between -10 and 10 log-odds";
	if (!(action->effect_sd > 0 && action->effect_sd <= CP_MAX_EFFECT))
		return "effect_prior_sd must be above 0 and at most 10";
	return action->id == 0 || action->kind == CP_ACTION_NONE ? check_none(action) : NULL;
}

int
cp_catalogue_find(const CpCatalogue *catalogue, const char *name)
{
	for (uint32_t k = 0; k < catalogue->count; k++)
		if (strcmp(catalogue->actions[k].name, name) == 0)
			return (int) k;
	return -1;
}

int
cp_catalogue_find_id(const CpCatalogue *catalogue, int32_t id)
{
	for (uint32_t k = 0; k < catalogue->count; k++)
		if (catalogue->actions[k].id == id)
			return (int) k;
	return -1;
}

uint32_t
cp_action_months(const CpAction *action)
{
	if (action->kind == CP_ACTION_UPGRADE)
		return CP_LASTING_MONTHS;
	return action->kind == CP_ACTION_DISCOUNT ? action->duration : 1;
}

double
cp_action_cost(const CpAction *action, double charge, double hazard, double discount)
{
	double alive = 1, months = 0, today = 1;

	for (uint32_t k = 0; k < action->duration; k++)
	{
		alive *= 1 - hazard;
		months += today * alive;
		today *= discount;
	}
	return action->cost_fixed + action->redeem * action->cost_pct * charge * months;
}

double
cp_action_reserve(const CpAction *action, double charge)
{
	return action->cost_fixed + action->cost_pct * charge * action->duration;
}
