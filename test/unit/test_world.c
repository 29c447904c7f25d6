/*
 * test_world.c: the simulator's world against another implementation of its equations, against
 * a tree of all that can happen, and its lives against its exact values.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "decide/world.h"
#include "num/rng.h"
#include "num/special.h"

extern void test_world(void);

#define MONTHS 36
#define SEED 20

/* ---- worlds and customers ---- */

static const CpCatalogue catalogue = {
	6,
	{
		{.name = "none", .redeem = 1, .effect_sd = 0.3},
		{1, "discount_10", CP_ACTION_DISCOUNT, 0, 0.1, 3, 1, 0.30, 0.3, NULL},
		{2, "discount_20", CP_ACTION_DISCOUNT, 0, 0.2, 3, 0.8, 0.52, 0.3, NULL},
		{3, "upgrade", CP_ACTION_UPGRADE, 90, 0, 0, 1, 0.12, 0.3, NULL},
		{4, "offer", CP_ACTION_OFFER, 25, 0, 0, 1, 0.75, 0.3, NULL},
		{5, "contact", CP_ACTION_CONTACT, 8, 0, 0, 1, 0.30, 0.3, NULL},
	},
};

static CpStatus
make_world(CpWorldParams *params, CpWorld *world)
{
	return cp_world_init(unit_context(), params, &catalogue, NULL, world);
}

static CpWorldTraits
traits_of(double hazard, double charge, double tenure)
{
	return (CpWorldTraits){hazard, charge, tenure, CP_SERVICE_NEUTRAL, 63, {0.5, 0.5}};
}

typedef struct Setting
{
	CpWorldParams params;
	CpWorld world;
	CpWorldCustomer customer;
	CpResponse response;
	CpPolicy policy;
	CpDecider decider;
} Setting;

/* An ordinary world, a customer at risk, and a policy. */
static bool
open_setting(CpMethod method, Setting *setting)
{
	CpWorldTraits traits = traits_of(0.05, 80, 12);

	cp_world_defaults(&setting->params);
	cp_response_prior(&catalogue, &setting->response);
	setting->policy = (CpPolicy){method, &catalogue, &setting->response, setting->params.economics};
	setting->decider = cp_decider_policy(&setting->policy);
	return CHECK_STATUS(CP_OK, make_world(&setting->params, &setting->world)) &&
	       CHECK_STATUS(CP_OK, cp_world_customer(unit_context(), &setting->world, &traits,
	                                             &setting->customer));
}

/* ---- against another implementation ---- */

typedef struct Reference
{
	CpWorldTraits traits;
	CpWorldForm form;
	uint32_t months;
	double values[6]; /* reward and revenue: of none, of every action alike, of the optimum */
} Reference;

/*
 * The equations of world.h in plain Python 3.11 (floats, states as tuples, a recursion with
 * memory forwards in time); endless: 2,000 months.
 */
static const Reference references[] = {
	{{0.03, 70, 10, CP_SERVICE_NEUTRAL, 63, {0.7, 0.35}},
     CP_WORLD_LOGIT,
     36,
     {812.916196813012, 1354.860328021685, 493.352447164755, 1317.074474960073, 849.039746207703,
      1431.325871336019}},
	{{0.08, 95.5, 60, CP_SERVICE_BAD, 63, {0.1, 0.95}},
     CP_WORLD_LOGIT,
     36,
     {881.668624032859, 1469.447706721432, 637.928531322846, 1516.524973044432, 1029.266316702235,
      1748.796879997012}},
	{{0.002, 30, 0, CP_SERVICE_GOOD, 53, {0.5, 0.5}},
     CP_WORLD_LOGIT,
     36,
     {533.230176277705, 888.716960462842, 192.330777017267, 818.908605682957, 533.230176277705,
      888.716960462842}},
	{{0.03, 70, 10, CP_SERVICE_NEUTRAL, 63, {0.7, 0.35}},
     CP_WORLD_MULTIPLICATIVE,
     36,
     {812.916196813012, 1354.860328021685, 485.127309898165, 1297.597336591929, 849.327627634697,
      1431.628871094063}},
	{{0.08, 95.5, 60, CP_SERVICE_BAD, 63, {0.1, 0.95}},
     CP_WORLD_MULTIPLICATIVE,
     36,
     {881.668624032859, 1469.447706721432, 628.414862339944, 1495.858215343580, 1027.661633272920,
      1746.028130724867}},
	{{0.002, 30, 0, CP_SERVICE_GOOD, 53, {0.5, 0.5}},
     CP_WORLD_MULTIPLICATIVE,
     36,
     {533.230176277705, 888.716960462842, 191.023357433991, 813.581339778916, 533.230176277705,
      888.716960462842}},
	{{0.03, 70, 10, CP_SERVICE_NEUTRAL, 63, {0.7, 0.35}},
     CP_WORLD_LOGIT,
     0,
     {1214.052306461, 2023.420510768, 814.102138613, 2070.435031121, 1429.467175032,
      2586.591038950}},
};

static void
check_reference(const Reference *reference)
{
	double tolerance = reference->months == 0 ? 2e-7 : 1e-9;
	Setting setting;
	CpWorldValues values;

	if (!open_setting(CP_METHOD_RANDOM, &setting))
		return;
	setting.params.form = reference->form;
	REQUIRE_OK(make_world(&setting.params, &setting.world));
	REQUIRE_OK(
		cp_world_customer(unit_context(), &setting.world, &reference->traits, &setting.customer));
	REQUIRE_OK(cp_world_values(unit_context(), &setting.world, &setting.customer, &setting.decider,
	                           reference->months, &values, NULL));
	CHECK_CLOSE(reference->values[0], values.none.reward, tolerance);
	CHECK_CLOSE(reference->values[1], values.none.revenue, tolerance);
	CHECK_CLOSE(reference->values[2], values.policy.reward, tolerance);
	CHECK_CLOSE(reference->values[3], values.policy.revenue, tolerance);
	CHECK_CLOSE(reference->values[4], values.optimum.reward, tolerance);
	CHECK_CLOSE(reference->values[5], values.optimum.revenue, tolerance);
}

static void
check_references(void)
{
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		check_reference(&references[i]);
}

/* Hazards of all actions in two states, by the same program. */
static void
check_hazards(void)
{
	static const double expected[CP_WORLD_FORMS][2][6] = {
		{{0.037444536915265, 0.048212160710805, 0.037444536915265, 0.037444536915265,
	      0.029087531699556, 0.029611528147758},
	     {0.047948292886853, 0.033944444229744, 0.026275380123511, 0.044256126491598,
	      0.031702762668247, 0.032647055724292}},
		{{0.037054314905966, 0.047759655223537, 0.037054314905966, 0.037054314905966,
	      0.028826184228706, 0.029340452545192},
	     {0.047948292886853, 0.033595944051859, 0.025881944160813, 0.044129229646173,
	      0.031330951098878, 0.032284016585287}}};
	static const CpWorldState states[2] = {{2, 2, 2, 3, CP_SERVICE_BAD},
	                                       {0, 0, 1, 0, CP_SERVICE_BAD}};
	static const uint32_t tenures[2] = {30, 100};
	CpWorldTraits traits = references[0].traits;

	for (int form = 0; form < CP_WORLD_FORMS; form++)
	{
		CpWorldParams params;
		CpWorld world;
		CpWorldCustomer customer;

		cp_world_defaults(&params);
		params.form = (CpWorldForm) form;
		REQUIRE_OK(make_world(&params, &world));
		REQUIRE_OK(cp_world_customer(unit_context(), &world, &traits, &customer));
		for (int s = 0; s < 2; s++)
		{
			CpWorldOptions options;

			cp_world_options(&world, &customer, tenures[s], cp_world_encode(&world, &states[s]),
			                 &options);
			for (int k = 0; k < 6; k++)
				CHECK_CLOSE(expected[form][s][k], options.of[k].hazard, 1e-14);
		}
	}
}

/* All that can happen as a tree, nothing remembered. */
static double
best_of_tree(const CpWorld *world, const CpWorldCustomer *customer, uint32_t month, uint32_t months,
             uint32_t state)
{
	CpWorldOptions options;
	double best = -INFINITY;

	if (month == months)
		return 0;
	cp_world_options(world, customer, customer->tenure + month, state, &options);
	for (uint32_t k = 0; k < world->catalogue->count; k++)
	{
		const CpWorldOption *option = &options.of[k];
		double value = cp_world_reward(world, customer, option);

		if (!(options.mask >> k & 1))
			continue;
		for (uint32_t u = 0; u < CP_SERVICES; u++)
			value += world->params.economics.discount * (1 - option->hazard) * option->services[u] *
			         best_of_tree(world, customer, month + 1, months, option->next + u);
		best = fmax(best, value);
	}
	return best;
}

static void
check_tree(void)
{
	Setting setting;
	CpWorldValues values;

	if (!open_setting(CP_METHOD_NONE, &setting))
		return;
	for (uint32_t service = 0; service < CP_SERVICES; service++)
	{
		setting.customer.start = service;
		REQUIRE_OK(cp_world_values(unit_context(), &setting.world, &setting.customer, NULL, 4,
		                           &values, NULL));
		CHECK_CLOSE(best_of_tree(&setting.world, &setting.customer, 0, 4, service),
		            values.optimum.reward, 1e-9);
		CHECK(values.policy.reward == values.none.reward);
	}
}

/* ---- states ---- */

static void
check_states(void)
{
	Setting setting;
	const CpWorld *world = &setting.world;

	if (!open_setting(CP_METHOD_NONE, &setting))
		return;
	CHECK_EQUAL(168, world->states);
	for (uint32_t number = 0; number < world->states; number++)
	{
		CpWorldState state, next;
		CpWorldOptions options;

		cp_world_decode(world, number, &state);
		CHECK_EQUAL(number, cp_world_encode(world, &state));
		cp_world_options(world, &setting.customer, 20, number, &options);
		CHECK_EQUAL(1 | (state.discount == 0 ? 6 : 0) | (state.upgrade == 0 ? 8 : 0) | 48,
		            options.mask);
		for (uint32_t k = 0; k < catalogue.count; k++)
		{
			uint32_t left = k == 1 || k == 2 ? 3 : state.left;

			if (!(options.mask >> k & 1))
				continue;
			cp_world_decode(world, options.of[k].next + CP_SERVICE_GOOD, &next);
			CHECK_EQUAL(CP_SERVICE_GOOD, next.service);
			CHECK_EQUAL(left > 1 ? left - 1 : 0, next.left);
			CHECK_EQUAL(left <= 1 ? 0 : k == 1 || k == 2 ? k : state.discount, next.discount);
			CHECK_EQUAL(k == 3 ? 3 : state.upgrade, next.upgrade);
			CHECK_EQUAL(k > 0 ? (state.fatigue < 3 ? state.fatigue + 1 : 3)
			                  : (state.fatigue > 0 ? state.fatigue - 1 : 0),
			            next.fatigue);
		}
	}
}

/* Rules forbid actions in every state; none stays. */
static void
check_rules(void)
{
	CpWorldTraits traits = traits_of(0.05, 80, 12);
	CpWorldOptions options;
	Setting setting;

	if (!open_setting(CP_METHOD_NONE, &setting))
		return;
	traits.mask = 0x90;
	REQUIRE_OK(cp_world_customer(unit_context(), &setting.world, &traits, &setting.customer));
	for (uint32_t state = 0; state < setting.world.states; state++)
	{
		cp_world_options(&setting.world, &setting.customer, 20, state, &options);
		CHECK_EQUAL(0x11, options.mask);
	}
}

static void
check_start(void)
{
	static const double hazards[] = {0, 1e-12, 1e-6, 0.01, 0.3, 0.999, 1};
	Setting setting;
	CpWorldCustomer customer;
	CpWorldOptions options;

	if (!open_setting(CP_METHOD_NONE, &setting))
		return;
	for (size_t i = 0; i < sizeof(hazards) / sizeof(hazards[0]); i++)
		for (int service = 0; service < CP_SERVICES; service++)
		{
			CpWorldTraits traits = traits_of(hazards[i], 50, 1000 * service);
			double expected = fmin(fmax(hazards[i], 1e-9), 1 - 1e-9);

			traits.service = (CpService) service;
			REQUIRE_OK(cp_world_customer(unit_context(), &setting.world, &traits, &customer));
			CHECK_EQUAL(service == 0 ? 0 : CP_WORLD_TENURE, customer.tenure);
			cp_world_options(&setting.world, &customer, customer.tenure, customer.start, &options);
			CHECK_RELATIVE(expected, options.of[0].hazard, 1e-13);
		}
}

/* ---- costs ---- */

/* A percentage is paid while it runs by those who stay; one that no state keeps, at once. */
static void
check_costs(void)
{
	CpCatalogue two = {2, {catalogue.actions[0], catalogue.actions[4]}};
	CpWorldState state = {2, 2, 0, 0, CP_SERVICE_NEUTRAL};
	CpWorldOptions options;
	Setting setting;

	if (!open_setting(CP_METHOD_NONE, &setting))
		return;
	cp_world_options(&setting.world, &setting.customer, 12, 1, &options);
	CHECK_CLOSE(8, options.of[1].given, 1e-12);
	CHECK_CLOSE(12.8, options.of[2].given, 1e-12); /* taken up by 0.8 */
	CHECK(options.of[0].given == 0 && options.of[3].given == 0 && options.of[3].paid == 90);
	CHECK_CLOSE((1 - options.of[2].hazard) * (48 - 12.8),
	            cp_world_reward(&setting.world, &setting.customer, &options.of[2]), 1e-12);
	cp_world_options(&setting.world, &setting.customer, 12, cp_world_encode(&setting.world, &state),
	                 &options);
	CHECK_CLOSE(12.8, options.of[0].given, 1e-12);
	CHECK_CLOSE(12.8, options.of[4].given, 1e-12);
	CHECK(options.of[4].paid == 25);
	two.actions[1].cost_pct = 0.5;
	two.actions[1].duration = 2;
	REQUIRE_OK(cp_world_init(unit_context(), &setting.params, &two, NULL, &setting.world));
	cp_world_options(&setting.world, &setting.customer, 12, 1, &options);
	CHECK_EQUAL(12, setting.world.states);
	CHECK_CLOSE(25 + 40 * (1 - options.of[1].hazard) * (1 + 0.99 * (1 - options.of[1].hazard)),
	            options.of[1].paid, 1e-12);
	CHECK(options.of[1].given == 0);
}

/* ---- lives ---- */

/* Mean of discounted rewards of many lives, in standard errors from the exact value. */
static void
check_mean(const Setting *setting, const CpDecider *decider, double expected, double revenue)
{
	enum
	{
		lives = 20000
	};
	double sum[2] = {0, 0}, squares[2] = {0, 0};
	CpWorldRow rows[MONTHS];

	for (uint32_t i = 0; i < lives; i++)
	{
		uint32_t months =
			cp_world_simulate(&setting->world, &setting->customer, decider, SEED, i, MONTHS, rows);
		double life[2] = {0, 0};

		for (uint32_t month = 0; month < months; month++)
		{
			life[0] += pow(0.99, month) * rows[month].reward;
			life[1] += pow(0.99, month) * rows[month].revenue;
		}
		for (int k = 0; k < 2; k++)
		{
			sum[k] += life[k];
			squares[k] += life[k] * life[k];
		}
	}
	for (int k = 0; k < 2; k++)
	{
		double mean = sum[k] / lives;
		double error = sqrt((squares[k] / lives - mean * mean) / lives);

		CHECK_CLOSE(k == 0 ? expected : revenue, mean, 3 * error);
	}
}

static void
check_lives(void)
{
	for (int method = 0; method < CP_METHODS; method++)
	{
		Setting setting;
		CpWorldValues values;
		CpWorldPlan plan = {0, NULL};
		CpDecider optimum = cp_decider_plan(&plan);

		if (!open_setting((CpMethod) method, &setting))
			return;
		REQUIRE_OK(cp_world_values(unit_context(), &setting.world, &setting.customer,
		                           &setting.decider, MONTHS, &values, &plan));
		check_mean(&setting, &setting.decider, values.policy.reward, values.policy.revenue);
		if (method == CP_METHOD_NONE)
		{
			CHECK_CLOSE(values.none.reward, values.policy.reward, 1e-12);
			check_mean(&setting, &optimum, values.optimum.reward, values.optimum.revenue);
		}
	}
}

/* The optimum's plan, asked about, is the optimum; also where its last month stands for all. */
static void
check_plan(void)
{
	Setting setting;
	CpWorldValues values, again;
	CpWorldPlan plan = {0, NULL};
	CpDecider optimum = cp_decider_plan(&plan);

	if (!open_setting(CP_METHOD_NONE, &setting))
		return;
	for (uint32_t months = 0; months <= MONTHS; months += MONTHS)
	{
		CpContext *context = unit_context();

		REQUIRE_OK(cp_world_values(context, &setting.world, &setting.customer, NULL, months,
		                           &values, &plan));
		CHECK_EQUAL(months > 0 ? months : 61, plan.months);
		REQUIRE_OK(cp_world_values(context, &setting.world, &setting.customer, &optimum, months,
		                           &again, NULL));
		CHECK_CLOSE(values.optimum.reward, again.policy.reward, 2e-7);
		CHECK_CLOSE(values.optimum.revenue, again.policy.revenue, 2e-7);
		CHECK(values.optimum.reward > values.none.reward + 1);
		cp_free(context, &plan.actions);
		CHECK_EQUAL(0, unit_live_blocks());
	}
}

/* An offer in the first month, contacts from then on. */
static void
check_short_plan(void)
{
	static uint8_t actions[2 * 168];
	CpWorldPlan plan = {2, actions};
	CpDecider decider = cp_decider_plan(&plan);
	CpWorldRow rows[MONTHS];
	uint32_t longest = 0;
	Setting setting;

	if (!open_setting(CP_METHOD_NONE, &setting))
		return;
	memset(actions, 4, 168);
	memset(actions + 168, 5, 168);
	for (uint32_t i = 0; i < 20; i++)
	{
		uint32_t months =
			cp_world_simulate(&setting.world, &setting.customer, &decider, SEED, i, MONTHS, rows);

		for (uint32_t month = 0; month < months; month++)
			CHECK_EQUAL(month == 0 ? 4 : 5, rows[month].action);
		longest = months > longest ? months : longest;
	}
	CHECK(longest > 10);
}

/* What is seen of other outcomes agrees with what happens, and lower hazards lose nobody. */
static void
check_rows(void)
{
	uint32_t left = 0;
	CpWorldRow rows[MONTHS], again[MONTHS];
	Setting setting;

	if (!open_setting(CP_METHOD_RANDOM, &setting))
		return;
	for (uint32_t i = 500; i-- > 0;)
	{
		uint32_t months = cp_world_simulate(&setting.world, &setting.customer, &setting.decider,
		                                    SEED, i, MONTHS, rows);

		for (uint32_t month = 0; month < months; month++)
		{
			const CpWorldRow *row = &rows[month];
			CpWorldOptions options;

			cp_world_options(&setting.world, &setting.customer, 12 + month, row->state, &options);
			CHECK(row->month == month && row->mask == options.mask);
			CHECK(row->mask >> row->action & 1 && (row->stayed_under & ~row->mask) == 0);
			CHECK(row->stayed == (row->stayed_under >> row->action & 1));
			CHECK(row->stayed == (month + 1 < months || months == MONTHS) || months == MONTHS);
			CHECK(row->hazard == options.of[row->action].hazard);
			CHECK(row->hazard_none == options.of[0].hazard);
			for (uint32_t k = 0; k < catalogue.count; k++)
				for (uint32_t l = 0; l < catalogue.count; l++)
					if (row->mask >> k & row->mask >> l & 1 && row->stayed_under >> k & 1 &&
					    options.of[l].hazard <= options.of[k].hazard)
						CHECK(row->stayed_under >> l & 1);
			CHECK_CLOSE((row->stayed ? 48 : 0) - row->cost, row->reward, 1e-12);
			CHECK(row->stayed || row->revenue == 0);
		}
		left += !rows[months - 1].stayed;
		memset(again, 0, sizeof(again));
		CHECK_EQUAL(months, cp_world_simulate(&setting.world, &setting.customer, &setting.decider,
		                                      SEED, i, MONTHS, again));
		for (uint32_t month = 0; month < months; month++)
			CHECK(rows[month].action == again[month].action &&
			      rows[month].state == again[month].state &&
			      rows[month].reward == again[month].reward &&
			      rows[month].stayed_under == again[month].stayed_under);
	}
	CHECK(left > 100 && left < 500);
}

/* Whatever was done until then: where the states meet again, so do all outcomes. */
static void
check_common_noise(void)
{
	Setting idle, busy;
	uint32_t met = 0, other = 0;

	if (!open_setting(CP_METHOD_NONE, &idle) || !open_setting(CP_METHOD_RANDOM, &busy))
		return;
	for (uint32_t i = 0; i < 500; i++)
	{
		CpWorldRow a[MONTHS], b[MONTHS], c[MONTHS];
		uint32_t of_a =
			cp_world_simulate(&idle.world, &idle.customer, &idle.decider, SEED, i, MONTHS, a);
		uint32_t of_b =
			cp_world_simulate(&busy.world, &busy.customer, &busy.decider, SEED, i, MONTHS, b);

		cp_world_simulate(&idle.world, &idle.customer, &idle.decider, SEED + 1, i, MONTHS, c);
		for (uint32_t month = 0; month < of_a && month < of_b; month++)
			if (a[month].state == b[month].state)
			{
				met += month > 0;
				CHECK_EQUAL(a[month].stayed_under, b[month].stayed_under);
			}
		other += a[0].stayed_under != c[0].stayed_under;
	}
	CHECK(met > 100);
	CHECK(other > 10);
}

/* ---- worlds that are not what they seem ---- */

static uint32_t
times_planned(const CpWorldPlan *plan, uint32_t states, uint32_t action)
{
	uint32_t times = 0;

	for (size_t i = 0; i < (size_t) plan->months * states; i++)
		times += plan->actions[i] == action;
	return times;
}

static void
expect_no_effects(const Setting *setting)
{
	for (uint32_t state = 0; state < setting->world.states; state++)
	{
		CpWorldOptions options;

		cp_world_options(&setting->world, &setting->customer, 12, state, &options);
		for (uint32_t k = 1; k < catalogue.count; k++)
			CHECK(options.of[k].hazard == options.of[0].hazard);
	}
}

/* Without effects nothing is worth its cost, to the last bit; what is turned to harm is not done. */
static void
check_null_and_flipped(void)
{
	for (uint32_t flip = 0; flip < catalogue.count; flip++)
		for (int form = 0; form < CP_WORLD_FORMS; form++)
		{
			Setting setting;
			CpWorldValues values;
			CpWorldPlan plan = {0, NULL};

			if (!open_setting(CP_METHOD_NONE, &setting))
				return;
			setting.params.form = (CpWorldForm) form;
			setting.params.effect_scale = flip > 0 ? 1 : 0;
			setting.params.flip = flip;
			REQUIRE_OK(make_world(&setting.params, &setting.world));
			REQUIRE_OK(cp_world_values(unit_context(), &setting.world, &setting.customer, NULL,
			                           MONTHS, &values, &plan));
			if (flip == 0)
			{
				expect_no_effects(&setting);
				CHECK(values.optimum.reward == values.none.reward);
				CHECK_EQUAL((size_t) MONTHS * 168, times_planned(&plan, 168, 0));
			}
			else
			{
				CHECK(values.optimum.reward > values.none.reward);
				CHECK_EQUAL(0, times_planned(&plan, 168, flip));
			}
		}
}

/* Half the effect, less to gain; and a response other than the priors is what counts. */
static void
check_scale_and_response(void)
{
	double gain[3] = {0};

	for (int i = 0; i < 3; i++)
	{
		Setting setting;
		CpWorldValues values;

		if (!open_setting(CP_METHOD_NONE, &setting))
			return;
		setting.params.effect_scale = i == 0 ? 0.5 : 1;
		if (i == 2)
			setting.response.effects[5].mean = 0.5;
		REQUIRE_OK(cp_world_init(unit_context(), &setting.params, &catalogue, &setting.response,
		                         &setting.world));
		REQUIRE_OK(cp_world_values(unit_context(), &setting.world, &setting.customer, NULL, MONTHS,
		                           &values, NULL));
		gain[i] = values.optimum.reward - values.none.reward;
	}
	unit_note("gains %.3f, %.3f, %.3f", gain[0], gain[1], gain[2]);
	CHECK(gain[0] > 0 && gain[0] < gain[1] && gain[1] < gain[2]);
}

/* ---- bounds ---- */

static void
expect_reason(const CpWorldParams *params, const char *name)
{
	const char *wrong = cp_world_check(params);

	if (CHECK(wrong != NULL))
		CHECK(strncmp(wrong, name, strlen(name)) == 0);
}

static void
check_parameters(void)
{
	static const struct
	{
		size_t offset;
		double wrong;
		const char *name;
	} cases[] = {
		{offsetof(CpWorldParams, tenure_drift), NAN, "tenure_drift"},
		{offsetof(CpWorldParams, service[1]), INFINITY, "service"},
		{offsetof(CpWorldParams, annoyance), -0.1, "annoyance"},
		{offsetof(CpWorldParams, attenuation), 11, "attenuation"},
		{offsetof(CpWorldParams, sleeping_dog), -1, "sleeping_dog"},
		{offsetof(CpWorldParams, sleeping_below), 1e300, "sleeping_below"},
		{offsetof(CpWorldParams, contact_bad), -11, "contact_bad"},
		{offsetof(CpWorldParams, moves[2][1]), 0.2, "each row of moves"},
		{offsetof(CpWorldParams, contact_moves[0]), -0.35, "contact_moves"},
		{offsetof(CpWorldParams, upgrade_moves[1]), NAN, "upgrade_moves"},
		{offsetof(CpWorldParams, effect_scale), 10.1, "effect_scale"},
		{offsetof(CpWorldParams, economics.margin), 0, "margin"},
		{offsetof(CpWorldParams, economics.discount), 1, "discount"},
	};
	CpWorldParams params;
	CpWorld world;

	cp_world_defaults(&params);
	CHECK(cp_world_check(&params) == NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		cp_world_defaults(&params);
		memcpy((char *) &params + cases[i].offset, &cases[i].wrong, sizeof(double));
		expect_reason(&params, cases[i].name);
	}
	cp_world_defaults(&params);
	params.form = CP_WORLD_FORMS;
	expect_reason(&params, "form");
	cp_world_defaults(&params);
	params.flip = 6;
	CHECK_STATUS(CP_BAD_PARAMETER, make_world(&params, &world));
	params.flip = 32;
	expect_reason(&params, "flip");
	CHECK_STRING("multiplicative", cp_world_form_name(CP_WORLD_MULTIPLICATIVE));
	CHECK(cp_world_form_name(CP_WORLD_FORMS) == NULL);
}

static void
check_long_discounts(void)
{
	CpCatalogue many = {6, {catalogue.actions[0]}};
	CpWorldParams params;
	CpWorld world;

	cp_world_defaults(&params);
	for (int k = 1; k < 6; k++)
	{
		many.actions[k] = catalogue.actions[1];
		many.actions[k].duration = k < 5 ? 60 : 1;
	}
	CHECK_STATUS(CP_BAD_PARAMETER, cp_world_init(unit_context(), &params, &many, NULL, &world));
	many.count = 5;
	REQUIRE_OK(cp_world_init(unit_context(), &params, &many, NULL, &world));
	CHECK_EQUAL(241 * 4 * 3, world.states);
	for (uint32_t number = 0; number < world.states; number++)
	{
		CpWorldState state;

		cp_world_decode(&world, number, &state);
		CHECK_EQUAL(number, cp_world_encode(&world, &state));
	}
	/* 241 * 12 states for each upgrade and for none: ten upgrades fit 16 bits. */
	for (many.count = 5; many.count < 16; many.count++)
		many.actions[many.count] = catalogue.actions[3];
	CHECK_STATUS(CP_BAD_PARAMETER, cp_world_init(unit_context(), &params, &many, NULL, &world));
	many.count = 15;
	REQUIRE_OK(cp_world_init(unit_context(), &params, &many, NULL, &world));
	CHECK_EQUAL(31812, world.states);
}

static void
check_traits(void)
{
	static const double wrong[] = {NAN, -1e-9, INFINITY, -INFINITY};
	Setting setting;
	CpWorldCustomer customer;

	if (!open_setting(CP_METHOD_NONE, &setting))
		return;
	for (int field = 0; field < 5; field++)
		for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		{
			CpWorldTraits traits = traits_of(0.05, 80, 12);
			double *fields[] = {&traits.hazard, &traits.charge, &traits.tenure, &traits.uniform[0],
			                    &traits.uniform[1]};

			*fields[field] = wrong[i];
			CHECK_STATUS(field == 2 && i == 2 ? CP_OK : CP_BAD_DATA,
			             cp_world_customer(unit_context(), &setting.world, &traits, &customer));
		}
}

static void
check_extreme(double hazard, double charge, double scale, double drift, CpWorldForm form)
{
	CpWorldTraits traits = traits_of(hazard, charge, 1e300);
	Setting setting;
	CpWorldValues values;
	CpWorldRow rows[MONTHS];

	if (!open_setting(CP_METHOD_RANDOM, &setting))
		return;
	setting.params.effect_scale = scale;
	setting.params.tenure_drift = drift;
	setting.params.annoyance = scale;
	setting.params.service[0] = 10;
	setting.params.form = form;
	for (uint32_t k = 1; k < 6; k++)
		setting.response.effects[k].mean = k % 2 ? 10 : -10;
	REQUIRE_OK(cp_world_init(unit_context(), &setting.params, &catalogue, &setting.response,
	                         &setting.world));
	REQUIRE_OK(cp_world_customer(unit_context(), &setting.world, &traits, &setting.customer));
	REQUIRE_OK(cp_world_values(unit_context(), &setting.world, &setting.customer, &setting.decider,
	                           0, &values, NULL));
	CHECK(isfinite(values.none.reward) && isfinite(values.policy.reward));
	CHECK(isfinite(values.optimum.reward) && isfinite(values.optimum.revenue));
	CHECK(values.optimum.reward >= values.none.reward * (1 - 1e-9) - 1e-6);
	for (uint32_t i = 0; i < 10; i++)
	{
		uint32_t months = cp_world_simulate(&setting.world, &setting.customer, &setting.decider,
		                                    SEED, i, MONTHS, rows);

		for (uint32_t month = 0; month < months; month++)
			CHECK(rows[month].hazard >= 0 && rows[month].hazard <= 1 &&
			      isfinite(rows[month].reward));
	}
}

static void
check_extremes(void)
{
	for (int form = 0; form < CP_WORLD_FORMS; form++)
	{
		check_extreme(0, 1e12, 10, -10, (CpWorldForm) form);
		check_extreme(1, 1e12, 10, 10, (CpWorldForm) form);
		check_extreme(0.5, 0, 10, 10, (CpWorldForm) form);
	}
}

static void
check_failures(void)
{
	Setting setting;
	CpWorldValues values;
	CpWorldPlan plan = {0, NULL};
	CpContext *context;
	size_t allocations, polls;

	if (!open_setting(CP_METHOD_GREEDY, &setting))
		return;
	context = unit_context();
	REQUIRE_OK(cp_world_values(context, &setting.world, &setting.customer, &setting.decider, 3,
	                           &values, &plan));
	allocations = unit_allocations();
	polls = unit_polls();
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, cp_world_values(context, &setting.world, &setting.customer,
		                                           &setting.decider, 3, &values, &plan));
	}
	CHECK(polls >= 6);
	for (size_t nth = 0; nth < polls; nth++)
	{
		context = unit_context();
		unit_cancel_after(nth);
		CHECK_STATUS(CP_CANCELLED, cp_world_values(context, &setting.world, &setting.customer,
		                                           &setting.decider, 3, &values, &plan));
	}
	context = unit_context();
	context->budget = 10000;
	CHECK_STATUS(CP_OVER_BUDGET, cp_world_values(context, &setting.world, &setting.customer,
	                                             &setting.decider, 3, &values, &plan));
}

void
test_world(void)
{
	UNIT_CASE("exact values are another implementation's", check_references);
	UNIT_CASE("hazards are another implementation's", check_hazards);
	UNIT_CASE("the optimum is that of the tree of all that can happen", check_tree);
	UNIT_CASE("states and what follows them", check_states);
	UNIT_CASE("rules forbid actions", check_rules);
	UNIT_CASE("the hazard at the start", check_start);
	UNIT_CASE("costs", check_costs);
	UNIT_CASE("lives have the exact value as their mean", check_lives);
	UNIT_CASE("the optimum's plan is worth the optimum", check_plan);
	UNIT_CASE("a plan's last month holds from then on", check_short_plan);
	UNIT_CASE("rows agree with themselves and are had again", check_rows);
	UNIT_CASE("chance does not depend on what is done", check_common_noise);
	UNIT_CASE("effects that are none or turned to harm", check_null_and_flipped);
	UNIT_CASE("effects that are halved or another response's", check_scale_and_response);
	UNIT_CASE("parameters out of range", check_parameters);
	UNIT_CASE("discounts that run long", check_long_discounts);
	UNIT_CASE("traits that are no traits", check_traits);
	UNIT_CASE("extreme customers have finite values", check_extremes);
	UNIT_CASE("allocations that fail, cancels, budget", check_failures);
}
