/*
 * screen.c: which features are worth learning from?
 */
#include "learn/screen.h"

#include <math.h>
#include <string.h>

#include "learn/metrics.h"

/* Rows between two looks at the poll: a few milliseconds with many features. */
#define POLL_ROWS 16

/* Changes of the loss, added up over rows. */
typedef struct Change
{
	double sum;      /* weighted */
	double squares;  /* of the weighted changes */
	double products; /* of the weighted changes and the weights */
	double mean;
	double error; /* standard error of the mean */
} Change;

typedef struct Screen
{
	CpContext *context;
	const CpTraining *training;
	uint32_t features;
	CpEnsemble *judges; /* [nfolds] one that has not learned from the fold */
	uint32_t n;
	uint32_t *rows;   /* [n] judged, numbered as in the training, fold by fold */
	uint32_t repeats; /* times that rows are exchanged */
	uint32_t *partners[CP_SCREEN_EXCHANGES]; /* [n] of the same fold, whose values a row gets */
	double *own, *others;                    /* [features] vectors */
	double *member, *probabilities;          /* [2 * features + 1] stops of a walk */
	double *costs; /* [2 * features + 1] changes of a row's loss at the stops */
	void *scratch;
	uint32_t *flips; /* [2 * features] the walk */
	Change *changes; /* [2 * features + 1] at its stops */
} Screen;

/* --- judges ------------------------------------------------------------- */

static CpStatus
fit_judge(Screen *screen, const CpEnsembleParams *params, uint8_t fold, uint8_t *folds)
{
	CpTraining training = *screen->training;
	CpEnsembleReport report;

	for (uint32_t i = 0; i < training.n; i++)
		folds[i] = screen->training->folds[i] != fold;
	training.folds = folds;
	training.nfolds = 1;
	return cp_ensemble_fit(screen->context, &training, params, &screen->judges[fold], &report);
}

static CpStatus
fit_judges(Screen *screen, const CpEnsembleParams *given)
{
	CpContext *context = screen->context;
	CpEnsembleParams params = *given;
	uint8_t *folds;

	if (params.members != CP_MEMBER_BIT(CP_MEMBER_FOREST))
		params.members &= ~CP_MEMBER_BIT(CP_MEMBER_FOREST);
	params.search = (CpSearch){0};
	CP_TRY(cp_alloc(context, &folds, screen->training->n, 1));
	for (uint32_t k = 0; k < screen->training->nfolds; k++)
	{
		cp_progress(context, "screening: judge %u of %u", k + 1, screen->training->nfolds);
		CP_TRY(fit_judge(screen, &params, (uint8_t) k, folds));
	}
	cp_free(context, &folds);
	return CP_OK;
}

/* --- rows --------------------------------------------------------------- */

/* Partners of rows[begin .. n-1], a fold's. */
static void
draw_partners(Screen *screen, uint32_t begin, CpRng *rng)
{
	uint32_t n = screen->n - begin;

	for (uint32_t repeat = 0; repeat < screen->repeats; repeat++)
	{
		uint32_t *partners = screen->partners[repeat] + begin;

		memcpy(partners, screen->rows + begin, n * sizeof(uint32_t));
		cp_rng_shuffle(rng, partners, n);
	}
}

/* The rows of each fold, as many of one as of another, and their partners. */
static CpStatus
choose_rows(Screen *screen)
{
	const CpTraining *training = screen->training;
	uint32_t affordable = CP_SCREEN_LIMIT / screen->features;
	CpRng rng;

	cp_rng_init(&rng, training->seed, CP_STREAM_SCREEN);
	screen->repeats = affordable / training->n;
	screen->repeats = screen->repeats < 1                     ? 1
	                  : screen->repeats > CP_SCREEN_EXCHANGES ? CP_SCREEN_EXCHANGES
	                                                          : screen->repeats;
	affordable = affordable < CP_SCREEN_ROWS ? CP_SCREEN_ROWS : affordable;
	for (uint32_t k = 0; k < training->nfolds; k++)
	{
		uint32_t begin = screen->n, most = affordable / training->nfolds;

		for (uint32_t i = 0; i < training->n && screen->n - begin < most; i++)
			if (training->folds[i] == k)
				screen->rows[screen->n++] = i;
		draw_partners(screen, begin, &rng);
		CP_TRY(cp_poll(screen->context));
	}
	return CP_OK;
}

static CpStatus
screen_init(Screen *screen, CpContext *context, const CpTraining *training)
{
	size_t features = training->binned->nfeatures;

	memset(screen, 0, sizeof(*screen));
	screen->context = context;
	screen->training = training;
	screen->features = (uint32_t) features;
	CP_TRY(cp_alloc_zero(context, &screen->judges, training->nfolds, sizeof(CpEnsemble)));
	CP_TRY(cp_alloc(context, &screen->rows, training->n, sizeof(uint32_t)));
	for (int repeat = 0; repeat < CP_SCREEN_EXCHANGES; repeat++)
		CP_TRY(cp_alloc(context, &screen->partners[repeat], training->n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &screen->own, features, sizeof(double)));
	CP_TRY(cp_alloc(context, &screen->others, features, sizeof(double)));
	CP_TRY(cp_alloc(context, &screen->member, 2 * features + 1, sizeof(double)));
	CP_TRY(cp_alloc(context, &screen->probabilities, 2 * features + 1, sizeof(double)));
	CP_TRY(cp_alloc(context, &screen->costs, 2 * features + 1, sizeof(double)));
	CP_TRY(cp_alloc(context, &screen->flips, 2 * features, sizeof(uint32_t)));
	return cp_alloc(context, &screen->changes, 2 * features + 1, sizeof(Change));
}

static void
screen_free(Screen *screen)
{
	CpContext *context = screen->context;

	for (uint32_t k = 0; k < screen->training->nfolds; k++)
		cp_ensemble_free(context, &screen->judges[k]);
	cp_free(context, &screen->judges);
	cp_free(context, &screen->rows);
	for (int repeat = 0; repeat < CP_SCREEN_EXCHANGES; repeat++)
		cp_free(context, &screen->partners[repeat]);
	cp_free(context, &screen->own);
	cp_free(context, &screen->others);
	cp_free(context, &screen->member);
	cp_free(context, &screen->probabilities);
	cp_free(context, &screen->costs);
	cp_free(context, &screen->scratch);
	cp_free(context, &screen->flips);
	cp_free(context, &screen->changes);
}

static CpStatus
make_scratch(Screen *screen)
{
	size_t largest = 0;

	for (uint32_t k = 0; k < screen->training->nfolds; k++)
	{
		size_t needed = cp_ensemble_scratch(&screen->judges[k]);

		largest = needed > largest ? needed : largest;
	}
	return cp_alloc(screen->context, &screen->scratch, largest, 1);
}

/* --- exchanges ---------------------------------------------------------- */

/* costs: a judged row's loss at the stops of a walk, less that at the stop `from`, a mean over walks. */
static void
exchange_row(Screen *screen, uint32_t i, uint32_t n, uint32_t from)
{
	const CpTraining *training = screen->training;
	CpPath path = {screen->own, screen->others, screen->flips, n};
	uint32_t row = screen->rows[i];
	int label = training->labels[row];

	memset(screen->costs, 0, (n + (size_t) 1) * sizeof(double));
	cp_dataset_vector(training->dataset, training->rows[row], screen->own);
	for (uint32_t repeat = 0; repeat < screen->repeats; repeat++)
	{
		uint32_t partner = screen->partners[repeat][i];
		double loss;

		cp_dataset_vector(training->dataset, training->rows[partner], screen->others);
		cp_ensemble_path(&screen->judges[training->folds[row]], &path, screen->scratch,
		                 screen->member, screen->probabilities);
		loss = cp_log_loss_of(screen->probabilities[from], label);
		for (uint32_t k = 0; k <= n; k++)
			screen->costs[k] +=
				(cp_log_loss_of(screen->probabilities[k], label) - loss) / screen->repeats;
	}
}

static void
add_costs(Screen *screen, uint32_t n, double weight)
{
	for (uint32_t k = 0; k <= n; k++)
	{
		Change *change = &screen->changes[k];
		double cost = weight * screen->costs[k];

		change->sum += cost;
		change->squares += cost * cost;
		change->products += cost * weight;
	}
}

/* Mean changes of the loss at the stops of the walk screen->flips[0 .. n-1], from one of them. */
static CpStatus
exchange(Screen *screen, uint32_t n, uint32_t from)
{
	double all = 0, squares = 0;

	memset(screen->changes, 0, (n + (size_t) 1) * sizeof(Change));
	for (uint32_t i = 0; i < screen->n; i++)
	{
		double weight = cp_training_weight(screen->training, screen->rows[i]);

		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(screen->context));
		exchange_row(screen, i, n, from);
		add_costs(screen, n, weight);
		all += weight;
		squares += weight * weight;
	}
	for (uint32_t k = 0; k <= n; k++)
	{
		Change *change = &screen->changes[k];
		double mean = change->sum / all;

		change->mean = mean;
		change->error =
			CP_FOLDS_INFLATION *
			sqrt(fmax(change->squares - 2 * mean * change->products + mean * mean * squares, 0)) /
			all;
	}
	return CP_OK;
}

/* How sure it is that exchanging the feature alone costs something: in standard errors. */
static double
evidence(const Screen *screen, uint32_t feature)
{
	const Change *change = &screen->changes[2 * feature + 1];

	return change->error > 0 ? change->mean / change->error : 0;
}

/* order: [features] by the evidence for one alone, ascending. */
static CpStatus
put_in_order(Screen *screen, uint32_t *order)
{
	for (uint32_t f = 0; f < screen->features; f++)
		screen->flips[2 * f] = screen->flips[2 * f + 1] = f;
	CP_TRY(exchange(screen, 2 * screen->features, 0));
	for (uint32_t f = 0; f < screen->features; f++)
	{
		uint32_t at = f;

		for (; at > 0 && evidence(screen, order[at - 1]) > evidence(screen, f); at--)
			order[at] = order[at - 1];
		order[at] = f;
	}
	return CP_OK;
}

/* How many of the features, in order, may be exchanged together without being missed. */
static CpStatus
count_idle(Screen *screen, const uint32_t *order, uint32_t *idle)
{
	uint32_t least = 0;

	memcpy(screen->flips, order, screen->features * sizeof(uint32_t));
	CP_TRY(exchange(screen, screen->features, 0));
	for (uint32_t k = 1; k <= screen->features; k++)
		if (screen->changes[k].mean <= screen->changes[least].mean)
			least = k;
	CP_TRY(exchange(screen, screen->features, least));
	*idle = least;
	while (*idle < screen->features &&
	       screen->changes[*idle + 1].mean <= CP_SCREEN_RISE * screen->changes[*idle + 1].error)
		(*idle)++;
	return CP_OK;
}

static CpStatus
leave_out(Screen *screen, uint8_t *kept)
{
	uint32_t *order, idle;

	CP_TRY(choose_rows(screen));
	CP_TRY(make_scratch(screen));
	CP_TRY(cp_alloc(screen->context, &order, screen->features, sizeof(uint32_t)));
	CP_TRY(put_in_order(screen, order));
	CP_TRY(count_idle(screen, order, &idle));
	for (uint32_t k = 0; k < idle && idle < screen->features; k++)
		kept[order[k]] = 0;
	if (idle < screen->features)
		cp_progress(screen->context, "screening: %u of %u features left out", idle,
		            screen->features);
	cp_free(screen->context, &order);
	return CP_OK;
}

static bool
has_enough(const CpTraining *training)
{
	uint32_t churned = 0;

	for (uint32_t i = 0; i < training->n; i++)
		churned += training->labels[i];
	return training->nfolds > 1 && churned >= CP_SCREEN_CLASS_ROWS &&
	       training->n - churned >= CP_SCREEN_CLASS_ROWS;
}

CpStatus
cp_screen(CpContext *context, const CpTraining *training, const CpEnsembleParams *params,
          uint8_t *kept)
{
	Screen screen;

	memset(kept, 1, training->binned->nfeatures);
	if (!has_enough(training))
		return CP_OK;
	CP_TRY(screen_init(&screen, context, training));
	CP_TRY(fit_judges(&screen, params));
	CP_TRY(leave_out(&screen, kept));
	screen_free(&screen);
	return CP_OK;
}
