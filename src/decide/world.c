/*
 * world.c: a world of customers whose true answers to actions are known.
 */
#include "decide/world.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "decide/mdp.h"
#include "num/hash.h"
#include "num/special.h"
#include "num/vec.h"

/* Sets a life's random numbers apart from others of the same seed. */
#define NOISE_OF_LIVES UINT64_C(0x6c69766573)
/* How far a row of chances may be from 1. */
#define ROW_ERROR 1e-6
/* States between two looks at the poll. */
#define POLL_STATES 256

/* Rewards of the decision process, and the policies that it is asked about. */
enum
{
	REWARD,
	REVENUE,
	REWARDS
};
enum
{
	NONE,
	ASKED,
	POLICIES
};

/* ---- parameters ---- */

const char *
cp_world_form_name(CpWorldForm form)
{
	static const char *const names[CP_WORLD_FORMS] = {"logit", "multiplicative"};

	return (unsigned) form < CP_WORLD_FORMS ? names[form] : NULL;
}

void
cp_world_defaults(CpWorldParams *params)
{
	*params = (CpWorldParams){
		.tenure_drift = -0.35,
		.service = {1, 0, -0.4},
		.annoyance = CP_ANNOYANCE,
		.attenuation = CP_ATTENUATION,
		.sleeping_dog = 0.35,
		.sleeping_below = -4.5,
		.contact_bad = CP_CONTACT_BAD,
		.moves = {{0.75, 0.22, 0.03}, {0.06, 0.88, 0.06}, {0.02, 0.10, 0.88}},
		.contact_moves = {0.35, 0.55, 0.10},
		.upgrade_moves = {0.50, 0.42, 0.08},
		.effect_scale = 1,
		.flip = 0,
		.form = CP_WORLD_LOGIT,
		.economics = {CP_DEFAULT_MARGIN, CP_DEFAULT_DISCOUNT},
	};
}

static bool
within(double value, double least, double most)
{
	return value >= least && value <= most;
}

static bool
is_distribution(const double chances[CP_SERVICES])
{
	double sum = 0;

	for (int service = 0; service < CP_SERVICES; service++)
	{
		if (!within(chances[service], 0, 1))
			return false;
		sum += chances[service];
	}
	return fabs(sum - 1) <= ROW_ERROR;
}

static const char *
check_money(const CpEconomics *economics)
{
	if (!(economics->margin > 0 && economics->margin <= 1))
		return "margin must be above 0 and at most 1";
	if (!(economics->discount > 0 && economics->discount < 1))
		return "discount must lie between 0 and 1";
	return NULL;
}

static const char *
check_service(const CpWorldParams *params)
{
	for (int service = 0; service < CP_SERVICES; service++)
	{
		if (!within(params->service[service], -10, 10))
			return "service must be between -10 and 10";
		if (!is_distribution(params->moves[service]))
			return "each row of moves must hold three probabilities that sum to 1";
	}
	if (!is_distribution(params->contact_moves))
		return "contact_moves must be three probabilities that sum to 1";
	if (!is_distribution(params->upgrade_moves))
		return "upgrade_moves must be three probabilities that sum to 1";
	return NULL;
}

const char *
cp_world_check(const CpWorldParams *params)
{
	const char *wrong = check_service(params);

	if (wrong != NULL)
		return wrong;
	if (!within(params->tenure_drift, -10, 10))
		return "tenure_drift must be between -10 and 10";
	if (!within(params->annoyance, 0, 10))
		return "annoyance must be between 0 and 10";
	if (!within(params->attenuation, 0, 10))
		return "attenuation must be between 0 and 10";
	if (!within(params->sleeping_dog, 0, 10))
		return "sleeping_dog must be between 0 and 10";
	if (!within(params->sleeping_below, -50, 50))
		return "sleeping_below must be between -50 and 50";
	if (!within(params->contact_bad, -10, 10))
		return "contact_bad must be between -10 and 10";
	if (!within(params->effect_scale, 0, 10))
		return "effect_scale must be between 0 and 10";
	if (params->flip >= CP_MAX_ACTIONS)
		return "flip must be the position of an action";
	if (cp_world_form_name(params->form) == NULL)
		return "form must be logit or multiplicative";
	return check_money(&params->economics);
}

/* ---- making a world ---- */

/* Numbers the discounts' months and the upgrades, whose product with the rest are the states. */
static CpStatus
number_states(CpContext *context, CpWorld *world)
{
	world->running = world->upgrades = 1;
	for (uint32_t k = 1; k < world->catalogue->count; k++)
	{
		const CpAction *action = &world->catalogue->actions[k];

		if (action->kind == CP_ACTION_UPGRADE)
		{
			world->upgrade_of[world->upgrades] = (uint8_t) k;
			world->after[k] = world->upgrades++;
		}
		if (action->kind != CP_ACTION_DISCOUNT)
			continue;
		if (action->duration > CP_WORLD_RUNNING + 1 - world->running)
			return cp_fail(context, CP_BAD_PARAMETER,
			               "The discounts run for more than %d months together.", CP_WORLD_RUNNING);
		for (uint32_t left = 1; left <= action->duration; left++)
		{
			world->discounts[world->running] = (uint8_t) k;
			world->left[world->running] = (uint8_t) left;
			world->after[k] = world->running++;
		}
	}
	world->states = world->running * (CP_MAX_FATIGUE + 1) * world->upgrades * CP_SERVICES;
	if (world->states > CP_WORLD_STATES)
		return cp_fail(context, CP_BAD_PARAMETER,
		               "Discounts and upgrades make %u states of a customer, more than %d.",
		               world->states, CP_WORLD_STATES);
	return CP_OK;
}

/* Service's moves under an action: without it, and with it in so far as effects are in force. */
static void
set_moves(CpWorld *world, uint32_t position)
{
	const CpWorldParams *params = &world->params;
	CpActionKind kind = world->catalogue->actions[position].kind;
	double share = position == params->flip ? 0 : fmin(params->effect_scale, 1);
	double(*moves)[CP_SERVICES] = world->moves[position];

	memcpy(moves, params->moves, sizeof(world->moves[position]));
	for (int to = 0; to < CP_SERVICES; to++)
	{
		if (kind == CP_ACTION_CONTACT)
			moves[CP_SERVICE_BAD][to] += share * (params->contact_moves[to] - moves[0][to]);
		if (kind == CP_ACTION_UPGRADE)
			moves[CP_SERVICE_BAD][to] += share * (params->upgrade_moves[to] - moves[0][to]);
	}
	for (int from = 0; from < CP_SERVICES; from++)
	{
		double sum = moves[from][0] + moves[from][1] + moves[from][2];

		for (int to = 0; to < CP_SERVICES; to++)
			moves[from][to] /= sum;
	}
}

static void
set_effect(CpWorld *world, uint32_t position, double effect)
{
	const CpWorldParams *params = &world->params;
	double scale = position == params->flip ? -params->effect_scale : params->effect_scale;

	world->effects[position] = scale * effect;
	if (world->catalogue->actions[position].kind == CP_ACTION_CONTACT)
		world->contact_bad[position] = scale * params->contact_bad;
}

CpStatus
cp_world_init(CpContext *context, const CpWorldParams *params, const CpCatalogue *catalogue,
              const CpResponse *response, CpWorld *world)
{
	const char *wrong = cp_world_check(params);
	CpResponse prior;

	if (wrong == NULL && params->flip >= catalogue->count)
		wrong = "flip must be the position of an action";
	if (wrong != NULL)
		return cp_fail(context, CP_BAD_PARAMETER, "%s", wrong);
	if (response == NULL)
		cp_response_prior(catalogue, &prior);
	memset(world, 0, sizeof(*world));
	world->params = *params;
	world->catalogue = catalogue;
	CP_TRY(number_states(context, world));
	for (uint32_t k = 0; k < catalogue->count; k++)
	{
		set_moves(world, k);
		if (k > 0)
			set_effect(world, k, (response == NULL ? &prior : response)->effects[k].mean);
	}
	for (int fatigue = 0; fatigue <= CP_MAX_FATIGUE; fatigue++)
		world->attenuations[fatigue] = cp_exp(-params->attenuation * fatigue);
	for (int tenure = 0; tenure <= CP_WORLD_TENURE; tenure++)
		world->log_tenure[tenure] = cp_log(1 + tenure);
	return CP_OK;
}

/* ---- states and customers ---- */

typedef struct Parts
{
	uint32_t running;
	uint32_t fatigue;
	uint32_t upgraded;
	uint32_t service;
} Parts;

static inline uint32_t
join(const CpWorld *world, const Parts *parts)
{
	uint32_t number = parts->running * (CP_MAX_FATIGUE + 1) + parts->fatigue;

	return (number * world->upgrades + parts->upgraded) * CP_SERVICES + parts->service;
}

static inline Parts
split(const CpWorld *world, uint32_t state)
{
	Parts parts;

	parts.service = state % CP_SERVICES;
	state /= CP_SERVICES;
	parts.upgraded = state % world->upgrades;
	state /= world->upgrades;
	parts.fatigue = state % (CP_MAX_FATIGUE + 1);
	parts.running = state / (CP_MAX_FATIGUE + 1);
	return parts;
}

uint32_t
cp_world_encode(const CpWorld *world, const CpWorldState *state)
{
	Parts parts = {.fatigue = state->fatigue, .service = state->service};

	if (state->discount != 0)
		parts.running = world->after[state->discount] + state->left -
		                world->catalogue->actions[state->discount].duration;
	if (state->upgrade != 0)
		parts.upgraded = world->after[state->upgrade];
	return join(world, &parts);
}

void
cp_world_decode(const CpWorld *world, uint32_t number, CpWorldState *state)
{
	Parts parts = split(world, number);

	state->discount = world->discounts[parts.running];
	state->left = world->left[parts.running];
	state->fatigue = parts.fatigue;
	state->upgrade = world->upgrade_of[parts.upgraded];
	state->service = (CpService) parts.service;
}

CpStatus
cp_world_customer(CpContext *context, const CpWorld *world, const CpWorldTraits *traits,
                  CpWorldCustomer *customer)
{
	const CpWorldParams *params = &world->params;
	double hazard;

	if (!within(traits->hazard, 0, 1))
		return cp_fail(context, CP_BAD_DATA, "a hazard of %g is no probability", traits->hazard);
	if (!within(traits->charge, 0, CP_WORLD_MAX_CHARGE))
		return cp_fail(context, CP_BAD_DATA, "a charge of %g is not between 0 and %g",
		               traits->charge, CP_WORLD_MAX_CHARGE);
	if (!(traits->tenure >= 0))
		return cp_fail(context, CP_BAD_DATA, "a tenure of %g months is not 0 or more",
		               traits->tenure);
	if ((unsigned) traits->service >= CP_SERVICES || !within(traits->uniform[0], 0, 1) ||
	    !within(traits->uniform[1], 0, 1))
		return cp_fail(context, CP_BAD_DATA, "the service state or a draw is out of range");
	hazard = fmin(fmax(traits->hazard, CP_WORLD_LEAST_HAZARD), 1 - CP_WORLD_LEAST_HAZARD);
	customer->alpha = cp_logit(hazard) - params->service[traits->service];
	customer->charge = traits->charge;
	customer->price_sensitivity = 0.5 + traits->uniform[0];
	customer->service_need = 2 * traits->uniform[1];
	customer->sleep = cp_sigmoid(-2 * (customer->alpha - params->sleeping_below));
	customer->tenure = (uint32_t) fmin(traits->tenure, CP_WORLD_TENURE);
	customer->mask = traits->mask | 1;
	customer->start = traits->service;
	return CP_OK;
}

/* ---- a month ---- */

static inline bool
is_moment(CpActionKind kind)
{
	return kind == CP_ACTION_OFFER || kind == CP_ACTION_CONTACT;
}

/* Log-odds of staying that an action adds, once it has made its mark on the state. */
static inline double
effect_of(const CpWorld *world, const CpWorldCustomer *customer, const Parts *begun,
          const Parts *after, uint32_t position)
{
	double effect = world->effects[world->discounts[after->running]] * customer->price_sensitivity +
	                world->effects[world->upgrade_of[after->upgraded]] * customer->service_need;

	if (is_moment(world->catalogue->actions[position].kind))
	{
		double now = world->effects[position] -
		             world->params.effect_scale * world->params.sleeping_dog * customer->sleep;

		if (begun->service == CP_SERVICE_BAD)
			now += world->contact_bad[position];
		effect += world->attenuations[begun->fatigue] * now;
	}
	return effect;
}

/* base: log-odds; effects [count] become hazards. */
static void
hazards_of(CpWorldForm form, double base, double *effects, uint32_t count)
{
	double hazard, open, stays;

	if (form == CP_WORLD_LOGIT)
	{
		for (uint32_t k = 0; k < count; k++)
			effects[k] = base - effects[k];
		cp_vec_sigmoid(effects, effects, count);
		return;
	}
	hazard = cp_sigmoid(base);
	stays = (1 - hazard) * (1 - hazard) * (1 - hazard);
	stays *= stays;
	stays *= stays;
	open = 4 * stays * (1 - stays);
	for (uint32_t k = 0; k < count; k++)
		effects[k] = fmin(hazard * cp_exp(-open * effects[k]), 1);
}

/* A running or an upgrade that is there already, or the action's. */
static inline Parts
marked(const CpWorld *world, const Parts *begun, uint32_t position)
{
	CpActionKind kind = world->catalogue->actions[position].kind;
	Parts after = *begun;

	if (kind == CP_ACTION_DISCOUNT)
		after.running = world->after[position];
	if (kind == CP_ACTION_UPGRADE)
		after.upgraded = world->after[position];
	return after;
}

/* The next month's state, with bad service. */
static inline uint32_t
next_of(const CpWorld *world, const Parts *after, bool acted)
{
	Parts next = *after;

	if (acted)
		next.fatigue = after->fatigue < CP_MAX_FATIGUE ? after->fatigue + 1 : CP_MAX_FATIGUE;
	else
		next.fatigue = after->fatigue > 0 ? after->fatigue - 1 : 0;
	next.running = world->left[after->running] > 1 ? after->running - 1 : 0;
	next.service = CP_SERVICE_BAD;
	return join(world, &next);
}

/* Percentages are paid month by month where the state knows them, else at once as expected. */
static void
set_costs(const CpWorld *world, const CpWorldCustomer *customer, uint32_t position,
          uint32_t running, CpWorldOption *option)
{
	const CpAction *action = &world->catalogue->actions[position];
	const CpAction *discount = &world->catalogue->actions[world->discounts[running]];

	option->given = discount->redeem * discount->cost_pct * customer->charge;
	option->paid = action->kind == CP_ACTION_DISCOUNT || action->cost_pct == 0
	                   ? action->cost_fixed
	                   : cp_action_cost(action, customer->charge, option->hazard,
	                                    world->params.economics.discount);
}

static uint32_t
open_actions(const CpWorld *world, const Parts *parts)
{
	uint32_t mask = 1;

	for (uint32_t k = 1; k < world->catalogue->count; k++)
	{
		CpActionKind kind = world->catalogue->actions[k].kind;

		if ((kind != CP_ACTION_DISCOUNT || parts->running == 0) &&
		    (kind != CP_ACTION_UPGRADE || parts->upgraded == 0))
			mask |= UINT32_C(1) << k;
	}
	return mask;
}

uint32_t
cp_world_open(const CpWorld *world, uint32_t state)
{
	Parts parts = split(world, state);

	return open_actions(world, &parts);
}

void
cp_world_options(const CpWorld *world, const CpWorldCustomer *customer, uint32_t tenure,
                 uint32_t state, CpWorldOptions *options)
{
	const CpWorldParams *params = &world->params;
	uint32_t count = world->catalogue->count;
	Parts begun = split(world, state);
	double hazards[CP_MAX_ACTIONS], base;

	for (uint32_t k = 0; k < count; k++)
	{
		Parts after = marked(world, &begun, k);

		hazards[k] = effect_of(world, customer, &begun, &after, k);
	}
	tenure = tenure < CP_WORLD_TENURE ? tenure : CP_WORLD_TENURE;
	base = customer->alpha + params->service[begun.service] + params->annoyance * begun.fatigue +
	       params->tenure_drift * (world->log_tenure[tenure] - world->log_tenure[customer->tenure]);
	hazards_of(params->form, base, hazards, count);
	options->mask = customer->mask & open_actions(world, &begun);
	for (uint32_t k = 0; k < count; k++)
	{
		CpWorldOption *option = &options->of[k];
		Parts after = marked(world, &begun, k);

		option->hazard = hazards[k];
		option->next = next_of(world, &after, k > 0);
		option->services = world->moves[k][begun.service];
		set_costs(world, customer, k, after.running, option);
	}
}

double
cp_world_reward(const CpWorld *world, const CpWorldCustomer *customer, const CpWorldOption *option)
{
	double kept = world->params.economics.margin * customer->charge - option->given;

	return (1 - option->hazard) * kept - option->paid;
}

/* ---- deciding ---- */

static void
policy_pmf(const void *host, const CpWorldCase *seen, double *pmf)
{
	cp_policy_pmf(host, &seen->one, pmf);
}

CpDecider
cp_decider_policy(const CpPolicy *policy)
{
	return (CpDecider){policy, policy_pmf};
}

static void
plan_pmf(const void *host, const CpWorldCase *seen, double *pmf)
{
	const CpWorldPlan *plan = host;
	uint32_t month = seen->month < plan->months ? seen->month : plan->months - 1;

	memset(pmf, 0, seen->world->catalogue->count * sizeof(double));
	pmf[plan->actions[(size_t) month * seen->world->states + seen->state]] = 1;
}

CpDecider
cp_decider_plan(const CpWorldPlan *plan)
{
	return (CpDecider){plan, plan_pmf};
}

static void
ask(const CpDecider *decider, const CpWorld *world, const CpWorldCustomer *customer, uint32_t month,
    uint32_t state, const CpWorldOptions *options, double *pmf)
{
	Parts parts = split(world, state);
	CpWorldCase seen = {
		.world = world,
		.customer = customer,
		.month = month,
		.tenure = customer->tenure + month,
		.state = state,
		.one = {.charge = customer->charge,
	            .hazard = options->of[0].hazard,
	            .fatigue = parts.fatigue,
	            .service = parts.service,
	            .mask = options->mask},
	};

	if (seen.tenure > CP_WORLD_TENURE)
		seen.tenure = CP_WORLD_TENURE;
	decider->pmf(decider->host, &seen, pmf);
}

/* ---- living ---- */

void
cp_world_begin(const CpWorld *world, const CpWorldCustomer *customer, uint64_t seed, uint64_t index,
               CpWorldLife *life)
{
	life->world = world;
	life->customer = customer;
	cp_rng_init(&life->noise, cp_hash_add(seed, NOISE_OF_LIVES), index);
	life->month = 0;
	life->state = customer->start;
	life->left = false;
}

static uint32_t
stayed_under(const CpWorldOptions *options, uint32_t count, double u)
{
	uint32_t stayed = 0;

	for (uint32_t k = 0; k < count; k++)
		if (options->mask >> k & 1 && u >= options->of[k].hazard)
			stayed |= UINT32_C(1) << k;
	return stayed;
}

void
cp_world_step(CpWorldLife *life, const CpDecider *decider, CpWorldRow *row)
{
	const CpWorld *world = life->world;
	double leaving = cp_rng_uniform(&life->noise);
	double service = cp_rng_uniform(&life->noise);
	double choice = cp_rng_uniform(&life->noise);
	double pmf[CP_MAX_ACTIONS];
	CpWorldOptions options;
	const CpWorldOption *option;

	cp_world_options(world, life->customer, life->customer->tenure + life->month, life->state,
	                 &options);
	ask(decider, world, life->customer, life->month, life->state, &options, pmf);
	row->month = life->month++;
	row->state = life->state;
	row->action = cp_draw(pmf, world->catalogue->count, choice);
	option = &options.of[row->action];
	row->hazard = option->hazard;
	row->hazard_none = options.of[0].hazard;
	row->mask = options.mask;
	row->stayed_under = stayed_under(&options, world->catalogue->count, leaving);
	row->stayed = row->stayed_under >> row->action & 1;
	row->revenue = row->stayed ? life->customer->charge - option->given : 0;
	row->cost = option->paid + (row->stayed ? option->given : 0);
	row->reward =
		(row->stayed ? world->params.economics.margin * life->customer->charge : 0) - row->cost;
	life->left = !row->stayed;
	life->state = option->next + cp_draw(option->services, CP_SERVICES, service);
}

uint32_t
cp_world_simulate(const CpWorld *world, const CpWorldCustomer *customer, const CpDecider *decider,
                  uint64_t seed, uint64_t index, uint32_t months, CpWorldRow *rows)
{
	CpWorldLife life;

	cp_world_begin(world, customer, seed, index, &life);
	while (life.month < months && !life.left)
		cp_world_step(&life, decider, &rows[life.month]);
	return life.month;
}

/* ---- exact values ---- */

typedef struct Process
{
	CpContext *context;
	const CpWorld *world;
	const CpWorldCustomer *customer;
	const CpDecider *decider;
	CpMdp mdp;
} Process;

static void
describe_pair(const Process *process, const CpWorldOption *option, size_t pair,
              const CpMdpMonth *into)
{
	size_t pairs = (size_t) process->mdp.states * process->mdp.actions;
	double stays = 1 - option->hazard;

	into->rewards[REWARD * pairs + pair] =
		cp_world_reward(process->world, process->customer, option);
	into->rewards[REVENUE * pairs + pair] = stays * (process->customer->charge - option->given);
	for (uint32_t service = 0; service < CP_SERVICES; service++)
	{
		into->next[pair * CP_MDP_BRANCHES + service] = option->next + service;
		into->chances[pair * CP_MDP_BRANCHES + service] = stays * option->services[service];
	}
}

static CpStatus
describe(void *host, uint32_t month, const CpMdpMonth *into)
{
	const Process *process = host;
	uint32_t actions = process->mdp.actions;
	size_t pairs = (size_t) process->mdp.states * actions;

	for (uint32_t state = 0; state < process->mdp.states; state++)
	{
		size_t pair = (size_t) state * actions;
		CpWorldOptions options;

		if (state % POLL_STATES == 0)
			CP_TRY(cp_poll(process->context));
		cp_world_options(process->world, process->customer, process->customer->tenure + month,
		                 state, &options);
		into->masks[state] = options.mask;
		into->policies[NONE * pairs + pair] = 1;
		for (uint32_t k = 0; k < actions; k++)
			if (options.mask >> k & 1)
				describe_pair(process, &options.of[k], pair + k, into);
		if (process->decider != NULL)
			ask(process->decider, process->world, process->customer, month, state, &options,
			    into->policies + ASKED * pairs + pair);
	}
	return CP_OK;
}

/* values: see cp_mdp_solve; which is 0 for the optimum, 1 + policy for the others. */
static CpWorldWorth
worth_at(const double *values, uint32_t which, uint32_t states, uint32_t start)
{
	const double *of = values + (size_t) which * REWARDS * states;

	return (CpWorldWorth){of[REWARD * states + start], of[REVENUE * states + start]};
}

CpStatus
cp_world_values(CpContext *context, const CpWorld *world, const CpWorldCustomer *customer,
                const CpDecider *decider, uint32_t months, CpWorldValues *values, CpWorldPlan *plan)
{
	Process process = {context, world, customer, decider, {0}};
	CpMdp *mdp = &process.mdp;
	double *all;

	mdp->states = world->states;
	mdp->actions = world->catalogue->count;
	mdp->rewards = REWARDS;
	mdp->policies = decider == NULL ? ASKED : POLICIES;
	mdp->endless = months == 0;
	mdp->months = months > 0 ? months : CP_WORLD_TENURE + 1 - customer->tenure;
	mdp->discount = world->params.economics.discount;
	mdp->host = &process;
	mdp->describe = describe;
	if (plan != NULL)
	{
		plan->months = mdp->months;
		CP_TRY(cp_alloc(context, &plan->actions, mdp->months, world->states));
	}
	CP_TRY(cp_alloc(context, &all, (size_t) (1 + mdp->policies) * REWARDS * world->states,
	                sizeof(double)));
	CP_TRY(cp_mdp_solve(context, mdp, all, plan == NULL ? NULL : plan->actions));
	values->optimum = worth_at(all, 0, world->states, customer->start);
	values->none = worth_at(all, 1 + NONE, world->states, customer->start);
	values->policy =
		worth_at(all, decider == NULL ? 1 + NONE : 1 + ASKED, world->states, customer->start);
	cp_free(context, &all);
	return CP_OK;
}
