/*
 * test_policy.c: annuities, what actions are worth, and the choices of each method.
 */
#include "unit.h"

#include <math.h>

#include "decide/policy.h"
#include "decide_data.h"
#include "num/rng.h"
#include "num/special.h"

extern void test_policy(void);

static const CpEconomics economics = {CP_DEFAULT_MARGIN, CP_DEFAULT_DISCOUNT};

/* A month at a time, as the definition says; fatigue with the action less that without. */
static double
naive_value(double charge, double hazard, double odds, uint32_t months, int fatigue)
{
	double sum = 0, alive[2] = {1, 1}, today = 1;
	int felt[2] = {fatigue, fatigue};

	for (uint32_t k = 1; k <= 5000; k++)
	{
		double log_odds = cp_logit(hazard) + (k <= months ? log(odds) : 0);

		alive[0] *= 1 - hazard;
		alive[1] *= 1 - cp_sigmoid(log_odds + CP_ANNOYANCE * (felt[1] - felt[0]));
		sum += today * (alive[1] - alive[0]) * economics.margin * charge;
		today *= economics.discount;
		felt[0] = felt[0] > 0 ? felt[0] - 1 : 0;
		felt[1] = k == 1 ? (felt[1] < 3 ? felt[1] + 1 : 3) : felt[1] > 0 ? felt[1] - 1 : 0;
	}
	return sum;
}

static void
worth(void)
{
	static const uint32_t months[] = {0, 1, 3, 12, CP_LASTING_MONTHS};

	/* By Python's sum over 20,000 months. */
	CHECK_CLOSE(116.28664495114003, cp_annuity(&economics, 85, 0.3), 1e-10);
	for (int fatigue = 0; fatigue <= CP_MAX_FATIGUE; fatigue++)
		for (int i = 0; i < 5; i++)
			CHECK_CLOSE(naive_value(70, 0.08, 0.7, months[i], fatigue),
			            cp_action_value(&economics, 70, 0.08, 0.7, months[i], (uint32_t) fatigue),
			            1e-8);
	CHECK_CLOSE(exp(CP_ANNOYANCE), CP_ANNOYANCE_ODDS, 1e-15);
	CHECK_CLOSE(0, cp_action_value(&economics, 85, 1, 0.5, 3, 0), 0);
	CHECK_CLOSE(0, cp_action_value(&economics, 85, 0, 0.5, 3, 0), 1e-9);
	CHECK(cp_action_value(&economics, 85, 0.1, 1, 1, 0) < 0);
}

static void
appraisal(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpCase one = {.charge = 85,
	              .hazard = 0.3,
	              .fatigue = 1,
	              .service = CP_SERVICE_NEUTRAL,
	              .mask = 1 << OFFER | 1 << DISCOUNT | 1};
	CpResponse response;
	CpAppraisal appraised;
	double lowered = cp_sigmoid(cp_logit(0.3) - 0.3);

	cp_response_prior(&catalogue, &response);
	cp_appraise(&catalogue, &response, &economics, &one, &appraised);
	CHECK_CLOSE(cp_action_value(&economics, 85, 0.3, exp(-0.75 * exp(-0.5)), 1, 1),
	            appraised.value[OFFER], 1e-9);
	CHECK_CLOSE(cp_action_value(&economics, 85, 0.3, exp(-0.3), 3, 1), appraised.value[DISCOUNT],
	            1e-9);
	CHECK_CLOSE(25, appraised.cost[OFFER], 0);
	CHECK_CLOSE(cp_action_cost(&catalogue.actions[DISCOUNT], 85, lowered, 0.99),
	            appraised.cost[DISCOUNT], 1e-9);
	CHECK_CLOSE(0, appraised.value[NONE], 0);
	/* What the churn model is wrong by is taken off its hazard. */
	response.drift = 0.5;
	cp_appraise(&catalogue, &response, &economics, &one, &appraised);
	CHECK_CLOSE(cp_action_value(&economics, 85, cp_sigmoid(cp_logit(0.3) - 0.5), exp(-0.3), 3, 1),
	            appraised.value[DISCOUNT], 1e-9);
}

static double
sum_of(const double *pmf)
{
	double sum = 0;

	for (uint32_t k = 0; k < DECIDE_ACTIONS; k++)
		sum += pmf[k];
	return sum;
}

/* The choice of greedy is that of a search over all actions, its mask is kept, ties go to none. */
static void
greedy(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpResponse response;
	CpPolicy policy = {CP_METHOD_GREEDY, &catalogue, &response, economics};
	CpRng rng;
	uint32_t chosen = 0;

	cp_response_prior(&catalogue, &response);
	cp_rng_init(&rng, 1, 0);
	for (int i = 0; i < 2000; i++)
	{
		CpCase one = {400 * cp_rng_uniform(&rng), cp_rng_uniform(&rng),
		              (uint32_t) cp_rng_below(&rng, 4), (CpService) cp_rng_below(&rng, CP_SERVICES),
		              (uint32_t) cp_rng_below(&rng, 32) | 1};
		double pmf[DECIDE_ACTIONS], best = 0;
		uint32_t expected = 0;
		CpAppraisal appraised;

		cp_appraise(&catalogue, &response, &economics, &one, &appraised);
		for (uint32_t k = 1; k < DECIDE_ACTIONS; k++)
			if ((one.mask >> k & 1) && appraised.value[k] - appraised.cost[k] > best)
				best = appraised.value[expected = k] - appraised.cost[k];
		cp_policy_pmf(&policy, &one, pmf);
		if (!CHECK(pmf[expected] == 1 && sum_of(pmf) == 1))
			return;
		chosen |= 1u << expected;
	}
	CHECK(chosen == (1u << DECIDE_ACTIONS) - 1);
}

static void
others(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpResponse response;
	CpPolicy policy = {CP_METHOD_RANDOM, &catalogue, &response, economics};
	CpCase one = {50, 0.2, 0, CP_SERVICE_NEUTRAL, 1 | 1 << CONTACT | 1 << UPGRADE};
	double pmf[DECIDE_ACTIONS];

	cp_response_prior(&catalogue, &response);
	cp_policy_pmf(&policy, &one, pmf);
	CHECK_CLOSE(1.0 / 3, pmf[NONE], 0);
	CHECK_CLOSE(1.0 / 3, pmf[CONTACT], 0);
	CHECK_CLOSE(0, pmf[OFFER], 0);
	CHECK(!cp_method_deterministic(CP_METHOD_RANDOM) && cp_method_deterministic(CP_METHOD_GREEDY));
	/* Without a charge nothing can be weighed. */
	one.charge = NAN;
	for (CpMethod method = 0; method < CP_METHODS; method++)
	{
		policy.method = method;
		cp_policy_pmf(&policy, &one, pmf);
		CHECK_CLOSE(1, pmf[NONE], 0);
		CHECK_EQUAL(method, cp_method(cp_method_name(method)));
	}
	CHECK_EQUAL(CP_METHODS, cp_method("dqn"));
}

/* Frequencies of draws from evenly spaced numbers are the probabilities. */
static void
draws(void)
{
	const double pmf[] = {0, 0.25, 0, 0.5, 0.25, 0};
	uint32_t counts[6] = {0};

	for (int i = 0; i < 1000; i++)
		counts[cp_draw(pmf, 6, (i + 0.5) / 1000)]++;
	CHECK_EQUAL(0, counts[0] + counts[2] + counts[5]);
	CHECK_EQUAL(250, counts[1]);
	CHECK_EQUAL(500, counts[3]);
	CHECK_EQUAL(250, counts[4]);
	/* A sum that rounding has left below one. */
	CHECK_EQUAL(1, cp_draw((const double[]){0.5, 0.4999, 0}, 3, 0.99999));
	CHECK_EQUAL(1, cp_draw(pmf, 6, 0));
}

void
test_policy(void)
{
	UNIT_CASE("margin annuity and the worth of a lowered hazard", worth);
	UNIT_CASE("appraisal: effects, fatigue, drift, costs", appraisal);
	UNIT_CASE("greedy is the best of all allowed", greedy);
	UNIT_CASE("random, none, and customers without a charge", others);
	UNIT_CASE("a draw has the probabilities", draws);
}
