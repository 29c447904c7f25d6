/*
 * test_response.c: the posterior of effects against numpy and scipy, its coverage, bad input.
 */
#include "unit.h"

#include <math.h>

#include "decide/response.h"
#include "decide_data.h"
#include "num/rng.h"
#include "num/special.h"

extern void test_response(void);

#define TRIALS 200
#define MANY 20000

typedef struct Trials
{
	uint8_t actions[MANY];
	double hazards[MANY];
	uint8_t fatigue[MANY];
	uint8_t services[MANY];
	uint8_t stayed[MANY];
} Trials;

static Trials data;

static CpTrials
columns(uint32_t n)
{
	return (CpTrials){n, data.actions, data.hazards, data.fatigue, data.services, data.stayed};
}

/* By a formula that the reference used too. */
static void
formula_trials(void)
{
	for (uint32_t i = 0; i < TRIALS; i++)
	{
		data.actions[i] = (uint8_t) (i % 4);
		data.hazards[i] = 0.02 + 0.9 * (i * 37 % 101) / 101;
		data.fatigue[i] = (uint8_t) (i / 7 % 4);
		data.services[i] = (uint8_t) (i / 5 % 3);
		data.stayed[i] = (i * i * 13 + i * 7) % 10 < 6;
	}
}

/* Newton's method, inverse Hessians and log-determinants by numpy; scipy's BFGS agrees on the modes. */
static void
reference(void)
{
	static const double means[] = {0, 0.06330589540415793, 0.17907449011373, 0.08279885874551243};
	static const double sds[] = {0, 0.16142029731052762, 0.34945074953148697, 0.1719024270080705};
	CpCatalogue catalogue = decide_catalogue();
	CpTrials trials = columns(TRIALS);
	CpResponse response;

	catalogue.count = 4;
	formula_trials();
	REQUIRE_OK(cp_response_fit(unit_context(), &catalogue, &trials, &response));
	CHECK_CLOSE(0.25312115063114604, response.belief, 1e-10);
	CHECK_CLOSE(-0.7246204776270354, response.drift, 1e-10);
	CHECK_CLOSE(0.18696957794399877, response.drift_sd, 1e-10);
	for (uint32_t k = 0; k < 4; k++)
	{
		CHECK_CLOSE(means[k], response.effects[k].mean, 1e-10);
		CHECK_CLOSE(sds[k], response.effects[k].sd, 1e-10);
		CHECK_EQUAL(TRIALS / 4, response.effects[k].trials);
	}
}

static void
nothing_learned(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpTrials trials = columns(0);
	CpResponse response, prior;

	REQUIRE_OK(cp_response_fit(unit_context(), &catalogue, &trials, &response));
	cp_response_prior(&catalogue, &prior);
	CHECK_CLOSE(CP_BELIEF, response.belief, 1e-12);
	for (uint32_t k = 0; k < catalogue.count; k++)
	{
		CHECK_CLOSE(k == 0 ? 0 : catalogue.actions[k].effect_mean, response.effects[k].mean, 1e-12);
		CHECK_CLOSE(prior.effects[k].mean, response.effects[k].mean, 1e-12);
		CHECK_CLOSE(prior.effects[k].sd, response.effects[k].sd, 1e-12);
	}
	CHECK_CLOSE(CP_DRIFT_SD, response.drift_sd, 1e-12);
}

/* Decisions at random in a world of these effects, with a churn model that is off. */
static void
draw_trials(uint64_t seed, uint32_t n, const CpCatalogue *catalogue, double drift,
            const double *effects)
{
	bool any = effects[CONTACT] != 0;
	CpRng rng;

	cp_rng_init(&rng, seed, 1);
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t k = (uint32_t) cp_rng_below(&rng, catalogue->count);
		double log_odds = -2.5 + cp_rng_normal(&rng);

		data.actions[i] = (uint8_t) k;
		data.fatigue[i] = (uint8_t) cp_rng_below(&rng, 4);
		data.services[i] = (uint8_t) cp_rng_below(&rng, CP_SERVICES);
		data.hazards[i] = cp_sigmoid(log_odds);
		log_odds -=
			drift + cp_attenuation(&catalogue->actions[k], data.fatigue[i]) *
						(effects[k] + (any && k == CONTACT && data.services[i] == CP_SERVICE_BAD
		                                   ? CP_CONTACT_BAD / CP_BELIEF
		                                   : 0));
		data.stayed[i] = cp_rng_uniform(&rng) >= cp_sigmoid(log_odds);
	}
}

/* Effects from the prior, all of them or none. */
static double
draw_world(uint64_t seed, const CpCatalogue *catalogue, double *effects)
{
	CpRng rng;
	bool any;

	cp_rng_init(&rng, seed, 0);
	any = cp_rng_uniform(&rng) < CP_BELIEF;
	for (uint32_t k = 1; k < catalogue->count; k++)
		effects[k] = any ? catalogue->actions[k].effect_mean / CP_BELIEF +
		                       catalogue->actions[k].effect_sd * cp_rng_normal(&rng)
		                 : 0;
	return CP_DRIFT_SD * cp_rng_normal(&rng);
}

/*
 * Over worlds drawn from the prior the squares of (effect - mean) / sd average to one, whatever
 * the shape of the posterior: of 4 x 1000 effects and 1000 drifts, with the long tails of a mixture, to within 20 %.
 */
static void
honesty(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpTrials trials = columns(2000);
	double sum = 0, drifts = 0;

	for (uint64_t seed = 1; seed <= 1000; seed++)
	{
		double effects[CP_MAX_ACTIONS] = {0};
		double drift = draw_world(seed, &catalogue, effects);
		CpResponse response;

		draw_trials(seed, trials.n, &catalogue, drift, effects);
		REQUIRE_OK(cp_response_fit(unit_context(), &catalogue, &trials, &response));
		drifts += pow((response.drift - drift) / response.drift_sd, 2) / 1000;
		for (uint32_t k = 1; k < catalogue.count; k++)
			sum += pow((response.effects[k].mean - effects[k]) / response.effects[k].sd, 2) / 4000;
	}
	unit_note("mean squares: effects %.3f, drift %.3f", sum, drifts);
	CHECK(sum > 0.8 && sum < 1.2);
	CHECK(drifts > 0.8 && drifts < 1.2);
}

/* Where nothing works, 20,000 decisions leave next to nothing of all beliefs; where all works, all. */
static void
belief(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpTrials trials = columns(MANY);
	uint32_t kept = 0;

	for (uint64_t seed = 1; seed <= 20; seed++)
	{
		double effects[CP_MAX_ACTIONS] = {0};
		CpResponse response;

		draw_trials(seed, MANY, &catalogue, 0.2, effects);
		REQUIRE_OK(cp_response_fit(unit_context(), &catalogue, &trials, &response));
		for (uint32_t k = 1; k < catalogue.count; k++)
			kept += fabs(response.effects[k].mean) > 0.1;
		for (uint32_t k = 1; k < catalogue.count; k++)
			effects[k] = catalogue.actions[k].effect_mean;
		draw_trials(seed, MANY, &catalogue, 0.2, effects);
		REQUIRE_OK(cp_response_fit(unit_context(), &catalogue, &trials, &response));
		CHECK(response.belief > 0.99);
	}
	unit_note("%u of 80 effects kept where nothing works", kept);
	CHECK(kept <= 4);
}

static double
under(const CpCatalogue *catalogue, const CpResponse *response, uint32_t position, double hazard,
      uint32_t fatigue)
{
	return cp_hazard_under(catalogue, response, position, hazard, fatigue, CP_SERVICE_GOOD);
}

static void
hazards(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpResponse response;

	cp_response_prior(&catalogue, &response);
	CHECK_CLOSE(0.2, under(&catalogue, &response, NONE, 0.2, 3), 1e-15);
	CHECK_CLOSE(cp_sigmoid(cp_logit(0.2) - 0.75 * exp(-1)),
	            under(&catalogue, &response, OFFER, 0.2, 2), 1e-15);
	/* Annoyance weakens what is said, not what is paid. */
	CHECK_CLOSE(cp_sigmoid(cp_logit(0.2) - 0.3), under(&catalogue, &response, DISCOUNT, 0.2, 2),
	            1e-15);
	CHECK_CLOSE(cp_sigmoid(cp_logit(0.2) - 0.7 * exp(-0.5)),
	            cp_hazard_under(&catalogue, &response, CONTACT, 0.2, 1, CP_SERVICE_BAD), 1e-15);
	CHECK_CLOSE(0, under(&catalogue, &response, OFFER, 0, 0), 0);
	CHECK_CLOSE(1, under(&catalogue, &response, OFFER, 1, 0), 0);
	/* p = .30 over three months, 2 % really leave, 26.5 % of the rows did: by Python. */
	CHECK_CLOSE(0.007957896980223311, cp_monthly_hazard(0.30, 3, 0.02, 0.265), 1e-15);
	CHECK_CLOSE(0.30, cp_monthly_hazard(0.30, 1, 0, 0.265), 0);
	CHECK_CLOSE(0.30, cp_hazard_within(cp_monthly_hazard(0.30, 3, 0, 0.5), 3), 1e-14);
	CHECK_CLOSE(1, cp_monthly_hazard(1, 3, 0.02, 0.265), 0);
	CHECK_CLOSE(0, cp_monthly_hazard(0, 3, 0.02, 0.265), 0);
}

static void
bad_trials(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpTrials trials = columns(TRIALS);
	CpResponse response;

	formula_trials();
	data.actions[3] = DECIDE_ACTIONS;
	CHECK_STATUS(CP_BAD_DATA, cp_response_fit(unit_context(), &catalogue, &trials, &response));
	formula_trials();
	data.hazards[5] = NAN;
	CHECK_STATUS(CP_BAD_DATA, cp_response_fit(unit_context(), &catalogue, &trials, &response));
	formula_trials();
	data.services[5] = CP_SERVICES;
	CHECK_STATUS(CP_BAD_DATA, cp_response_fit(unit_context(), &catalogue, &trials, &response));
	formula_trials();
	data.fatigue[5] = 4;
	CHECK_STATUS(CP_BAD_DATA, cp_response_fit(unit_context(), &catalogue, &trials, &response));
}

/* Hazards of 0 and 1 against the outcome, and outcomes all alike, still have a mode. */
static void
extremes(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpTrials trials = columns(TRIALS);
	CpResponse response;

	for (int stayed = 0; stayed < 2; stayed++)
	{
		formula_trials();
		for (uint32_t i = 0; i < TRIALS; i++)
		{
			data.hazards[i] = i % 2;
			data.stayed[i] = (uint8_t) stayed;
		}
		REQUIRE_OK(cp_response_fit(unit_context(), &catalogue, &trials, &response));
		for (uint32_t k = 1; k < DECIDE_ACTIONS; k++)
			CHECK(isfinite(response.effects[k].mean) && response.effects[k].sd > 0);
	}
}

static void
cancelled(void)
{
	CpCatalogue catalogue = decide_catalogue();
	CpTrials trials = columns(MANY);
	double effects[CP_MAX_ACTIONS] = {0};
	CpResponse response;
	CpContext *context = unit_context();

	draw_trials(1, MANY, &catalogue, 0, effects);
	unit_cancel_after(1);
	CHECK_STATUS(CP_CANCELLED, cp_response_fit(context, &catalogue, &trials, &response));
}

void
test_response(void)
{
	UNIT_CASE("the posterior is that of numpy and scipy", reference);
	UNIT_CASE("over worlds of the prior the errors are as large as stated", honesty);
	UNIT_CASE("where nothing works nothing is believed", belief);
	UNIT_CASE("without trials the posterior is the prior", nothing_learned);
	UNIT_CASE("hazards under actions and over time", hazards);
	UNIT_CASE("trials that are none are refused", bad_trials);
	UNIT_CASE("certain hazards and outcomes all alike", extremes);
	UNIT_CASE("a fit can be cancelled", cancelled);
}
