/*
 * response.c: what an action does to the chance that a customer stays.
 */
#include "decide/response.h"

#include <math.h>
#include <string.h>

#include "num/special.h"

#define MAX_STEPS 100
#define MAX_HALVINGS 40
#define TOLERANCE 1e-10

/* Rows between two looks at the poll. */
#define POLL_ROWS 16384

/* Hazards nearer to 0 or 1 than this say more than any model knows. */
#define LEAST_HAZARD 1e-6

double
cp_monthly_hazard(double probability, double months, double base_rate, double sampled_rate)
{
	double p = probability;

	if (base_rate > 0)
		p = cp_sigmoid(cp_logit(p) - cp_logit(sampled_rate) + cp_logit(base_rate));
	return months == 1 ? p : 1 - cp_exp(cp_log(1 - p) / months);
}

double
cp_hazard_within(double hazard, double months)
{
	return months == 1 ? hazard : 1 - cp_exp(months * cp_log(1 - hazard));
}

/*
 * The mean of an effect when actions do anything: such that with the chance that they do not
 * the mean is what the catalogue believes.
 */
static double
mean_if_any(const CpAction *action)
{
	return action->effect_mean / CP_BELIEF;
}

/* Added to the effect of an action when actions do anything. */
static double
extra_if_any(const CpAction *action, CpService service)
{
	return action->kind == CP_ACTION_CONTACT && service == CP_SERVICE_BAD
	           ? CP_CONTACT_BAD / CP_BELIEF
	           : 0;
}

/* Mean and standard deviation of one that is of one kind by the belief and else of another. */
static void
mix(double belief, double mean, double variance, double other, double other_variance, double *mixed,
    double *sd)
{
	*mixed = belief * mean + (1 - belief) * other;
	*sd = sqrt(belief * (variance + mean * mean) + (1 - belief) * (other_variance + other * other) -
	           *mixed * *mixed);
}

/* An effect that is 0 unless actions do anything. */
static void
set_effect(CpEffect *effect, double belief, double mean, double variance)
{
	mix(belief, mean, variance, 0, 0, &effect->mean, &effect->sd);
}

void
cp_response_prior(const CpCatalogue *catalogue, CpResponse *response)
{
	memset(response, 0, sizeof(*response));
	response->count = catalogue->count;
	response->drift_sd = CP_DRIFT_SD;
	response->belief = CP_BELIEF;
	for (uint32_t k = 1; k < catalogue->count; k++)
	{
		const CpAction *action = &catalogue->actions[k];

		set_effect(&response->effects[k], CP_BELIEF, mean_if_any(action),
		           action->effect_sd * action->effect_sd);
	}
}

double
cp_attenuation(const CpAction *action, uint32_t fatigue)
{
	bool moment = action->kind == CP_ACTION_OFFER || action->kind == CP_ACTION_CONTACT;

	return moment ? cp_exp(-CP_ATTENUATION * fatigue) : 1;
}

double
cp_response_odds(const CpCatalogue *catalogue, const CpResponse *response, uint32_t position,
                 uint32_t fatigue, CpService service)
{
	const CpAction *action = &catalogue->actions[position];
	double effect =
		response->effects[position].mean + response->belief * extra_if_any(action, service);

	return cp_exp(-cp_attenuation(action, fatigue) * effect);
}

double
cp_hazard_under(const CpCatalogue *catalogue, const CpResponse *response, uint32_t position,
                double hazard, uint32_t fatigue, CpService service)
{
	return cp_hazard_times(hazard,
	                       cp_exp(-response->drift) *
	                           cp_response_odds(catalogue, response, position, fatigue, service));
}

/* --- fitting ------------------------------------------------------------ */

/*
 * The log posterior at some parameters, up to a constant, with its gradient and what its
 * Hessian holds, which is an arrow: the drift goes with every effect, effects with the drift
 * alone. By position; place 0 is the drift's.
 */
typedef struct Posterior
{
	double height;
	double gradient[CP_MAX_ACTIONS];
	double curvature[CP_MAX_ACTIONS]; /* minus the diagonal */
	double cross[CP_MAX_ACTIONS];     /* minus what drift and effect share */
} Posterior;

typedef struct Fitting
{
	CpContext *context;
	const CpCatalogue *catalogue;
	const CpTrials *trials;
	uint32_t count; /* parameters: 1 = no action does anything */
	double attenuations[CP_MAX_ACTIONS][CP_MAX_FATIGUE + 1];
} Fitting;

static double
prior_mean(const CpCatalogue *catalogue, uint32_t k)
{
	return k == 0 ? 0 : mean_if_any(&catalogue->actions[k]);
}

static double
prior_sd(const CpCatalogue *catalogue, uint32_t k)
{
	return k == 0 ? CP_DRIFT_SD : catalogue->actions[k].effect_sd;
}

static void
add_prior(const Fitting *fitting, const double *parameters, Posterior *posterior)
{
	memset(posterior, 0, sizeof(*posterior));
	for (uint32_t k = 0; k < fitting->count; k++)
	{
		double sd = prior_sd(fitting->catalogue, k);
		double z = (parameters[k] - prior_mean(fitting->catalogue, k)) / sd;

		posterior->height -= z * z / 2 + cp_log(sd);
		posterior->gradient[k] = -z / sd;
		posterior->curvature[k] = 1 / (sd * sd);
	}
}

static double
clamp(double hazard)
{
	return fmin(fmax(hazard, LEAST_HAZARD), 1 - LEAST_HAZARD);
}

static void
add_trial(const Fitting *fitting, uint32_t i, const double *parameters, Posterior *posterior)
{
	const CpTrials *trials = fitting->trials;
	uint32_t k = trials->actions[i] < fitting->count ? trials->actions[i] : 0;
	double share = fitting->attenuations[k][trials->fatigue[i]];
	double effect =
		k == 0 ? 0
			   : parameters[k] + extra_if_any(&fitting->catalogue->actions[k], trials->services[i]);
	double z = parameters[0] - cp_logit(clamp(trials->hazards[i])) + share * effect;
	double p = cp_sigmoid(z);
	double error = trials->stayed[i] - p;
	double weight = p * (1 - p);

	posterior->height += cp_log(trials->stayed[i] ? p : cp_sigmoid(-z));
	posterior->gradient[0] += error;
	posterior->curvature[0] += weight;
	if (k == 0)
		return;
	posterior->gradient[k] += error * share;
	posterior->curvature[k] += weight * share * share;
	posterior->cross[k] += weight * share;
}

static CpStatus
look(const Fitting *fitting, const double *parameters, Posterior *posterior)
{
	add_prior(fitting, parameters, posterior);
	for (uint32_t i = 0; i < fitting->trials->n; i++)
	{
		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(fitting->context));
		add_trial(fitting, i, parameters, posterior);
	}
	return CP_OK;
}

/* Curvature of the drift that is left when the effects follow it. */
static double
drift_curvature(const Posterior *posterior, uint32_t count)
{
	double left = posterior->curvature[0];

	for (uint32_t k = 1; k < count; k++)
		left -= posterior->cross[k] * posterior->cross[k] / posterior->curvature[k];
	return left;
}

/* Newton's step, the arrow solved by hand. Returns the largest part of it. */
static double
newton_step(const Posterior *posterior, uint32_t count, double *step)
{
	double right = posterior->gradient[0];
	double largest;

	for (uint32_t k = 1; k < count; k++)
		right -= posterior->cross[k] * posterior->gradient[k] / posterior->curvature[k];
	step[0] = right / drift_curvature(posterior, count);
	largest = fabs(step[0]);
	for (uint32_t k = 1; k < count; k++)
	{
		step[k] =
			(posterior->gradient[k] - posterior->cross[k] * step[0]) / posterior->curvature[k];
		largest = fmax(largest, fabs(step[k]));
	}
	return largest;
}

/* Go along the step, half of it as long as the posterior falls. */
static CpStatus
climb(const Fitting *fitting, double *parameters, const double *step, Posterior *posterior)
{
	uint32_t count = fitting->count;
	double length = 1;

	for (int halving = 0; halving < MAX_HALVINGS; halving++)
	{
		double next[CP_MAX_ACTIONS];
		Posterior there;

		for (uint32_t k = 0; k < count; k++)
			next[k] = parameters[k] + length * step[k];
		CP_TRY(look(fitting, next, &there));
		/* Near the top the heights differ by rounding alone. */
		if (there.height >= posterior->height - 1e-9 * fabs(posterior->height))
		{
			memcpy(parameters, next, count * sizeof(double));
			*posterior = there;
			return CP_OK;
		}
		length /= 2;
	}
	return cp_fail(fitting->context, CP_NOT_CONVERGED,
	               "No step raises the posterior of the effects.");
}

static CpStatus
find_mode(const Fitting *fitting, double *parameters, Posterior *posterior)
{
	CP_TRY(look(fitting, parameters, posterior));
	for (int i = 0; i < MAX_STEPS; i++)
	{
		double step[CP_MAX_ACTIONS];
		double largest = newton_step(posterior, fitting->count, step);

		if (largest < TOLERANCE)
			return CP_OK;
		CP_TRY(climb(fitting, parameters, step, posterior));
	}
	return cp_fail(fitting->context, CP_NOT_CONVERGED,
	               "The effects of the actions did not settle in %d steps.", MAX_STEPS);
}

static CpStatus
check_trials(CpContext *context, const CpCatalogue *catalogue, const CpTrials *trials)
{
	for (uint32_t i = 0; i < trials->n; i++)
		if (trials->actions[i] >= catalogue->count || trials->fatigue[i] > CP_MAX_FATIGUE ||
		    trials->services[i] >= CP_SERVICES || trials->stayed[i] > 1 ||
		    !(trials->hazards[i] >= 0 && trials->hazards[i] <= 1))
			return cp_fail(context, CP_BAD_DATA,
			               "Trial %u: action %u of %u, hazard %g, fatigue %u, outcome %u.", i + 1,
			               trials->actions[i], catalogue->count, trials->hazards[i],
			               trials->fatigue[i], trials->stayed[i]);
	return CP_OK;
}

/*
 * Log of the probability of the trials, the parameters integrated out (Laplace), up to what
 * all models share.
 */
static double
log_evidence(const Posterior *posterior, uint32_t count)
{
	double log_determinant = cp_log(drift_curvature(posterior, count));

	for (uint32_t k = 1; k < count; k++)
		log_determinant += cp_log(posterior->curvature[k]);
	return posterior->height - log_determinant / 2;
}

/* What the trials were explained by, with so many parameters. */
typedef struct Explanation
{
	double parameters[CP_MAX_ACTIONS];
	Posterior posterior;
	double evidence;
} Explanation;

static CpStatus
explain(Fitting *fitting, uint32_t count, Explanation *explanation)
{
	fitting->count = count;
	for (uint32_t k = 0; k < count; k++)
		explanation->parameters[k] = prior_mean(fitting->catalogue, k);
	CP_TRY(find_mode(fitting, explanation->parameters, &explanation->posterior));
	explanation->evidence = log_evidence(&explanation->posterior, count);
	return CP_OK;
}

/* Marginal means and standard deviations over both, by the inverse of the arrow. */
static void
settle(const Explanation *any, const Explanation *nothing, CpResponse *response)
{
	const Posterior *posterior = &any->posterior;
	double left = drift_curvature(posterior, response->count);

	mix(response->belief, any->parameters[0], 1 / left, nothing->parameters[0],
	    1 / nothing->posterior.curvature[0], &response->drift, &response->drift_sd);
	for (uint32_t k = 1; k < response->count; k++)
	{
		double ratio = posterior->cross[k] / posterior->curvature[k];

		set_effect(&response->effects[k], response->belief, any->parameters[k],
		           1 / posterior->curvature[k] + ratio * ratio / left);
	}
}

CpStatus
cp_response_fit(CpContext *context, const CpCatalogue *catalogue, const CpTrials *trials,
                CpResponse *response)
{
	Fitting fitting = {.context = context, .catalogue = catalogue, .trials = trials};
	Explanation any, nothing;

	CP_TRY(check_trials(context, catalogue, trials));
	for (uint32_t k = 0; k < catalogue->count; k++)
		for (uint32_t f = 0; f <= CP_MAX_FATIGUE; f++)
			fitting.attenuations[k][f] = cp_attenuation(&catalogue->actions[k], f);
	CP_TRY(explain(&fitting, 1, &nothing));
	CP_TRY(explain(&fitting, catalogue->count, &any));
	cp_response_prior(catalogue, response);
	response->belief = cp_sigmoid(cp_logit(CP_BELIEF) + any.evidence - nothing.evidence);
	settle(&any, &nothing, response);
	for (uint32_t i = 0; i < trials->n; i++)
	{
		response->effects[trials->actions[i]].trials++;
		response->effects[trials->actions[i]].retained += trials->stayed[i];
	}
	return CP_OK;
}
