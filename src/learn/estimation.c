/*
 * estimation.c: how good probabilities will turn out to be, while outcomes are not yet known.
 */
#include "learn/estimation.h"

#include <math.h>
#include <string.h>

#define POLL_ROWS 16384

typedef enum Figure
{
	AUC,
	LOG_LOSS, /* from here on means over rows */
	BRIER,
	ACCURACY,
	CHURN_RATE,
	FIGURES
} Figure;

/* What follows from probabilities that are right. Index [0] of two: as a stayer, [1]: a churner. */
typedef struct Expected
{
	const double *probabilities;
	const double *weights;
	uint32_t rows;
	double (*places)[2]; /* [rows] share of the other class that a row is on the right side of */
	double weight;
	double squares; /* of weights */
	double masses[2];
	double own; /* variance of either mass by chance of labels: that of a row's pair with itself */
	double pairs; /* weight of pairs of a churner and a stayer */
	double values[FIGURES];
	double variances[FIGURES]; /* of what is realised: chance of rows and of labels */
	double noises[FIGURES];    /* chance of labels alone, given the rows */
} Expected;

static void
split_mass(const Expected *expected, uint32_t row, double mass[2])
{
	double weight = cp_row_weight(expected->weights, row);

	mass[1] = weight * expected->probabilities[row];
	mass[0] = weight * (1 - expected->probabilities[row]);
}

/* A row makes no pair with itself: it is one or the other. */
static CpStatus
add_masses(CpContext *context, Expected *expected)
{
	for (uint32_t row = 0; row < expected->rows; row++)
	{
		double weight = cp_row_weight(expected->weights, row);
		double mass[2];

		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		split_mass(expected, row, mass);
		expected->weight += weight;
		expected->squares += weight * weight;
		expected->masses[0] += mass[0];
		expected->masses[1] += mass[1];
		expected->own += mass[0] * mass[1];
	}
	expected->pairs = expected->masses[0] * expected->masses[1] - expected->own;
	return CP_OK;
}

/* below, tied: masses under and at the row's score. Without others of a class: NaN. */
static void
place_row(Expected *expected, uint32_t row, const double below[2], const double tied[2])
{
	const double *all = expected->masses;
	double own[2], won, lost;

	split_mass(expected, row, own);
	won = below[0] + (tied[0] - own[0]) / 2;
	lost = all[1] - below[1] - tied[1] + (tied[1] - own[1]) / 2;
	expected->places[row][1] = won / (all[0] - own[0]);
	expected->places[row][0] = lost / (all[1] - own[1]);
	expected->values[AUC] += own[1] * won;
}

static CpStatus
place_rows(CpContext *context, Expected *expected)
{
	const double *p = expected->probabilities;
	double below[2] = {0, 0};
	uint32_t *order;

	CP_TRY(cp_rank_rows(context, p, expected->rows, &order));
	for (uint32_t begin = 0, end; begin < expected->rows; begin = end)
	{
		double tied[2] = {0, 0}, mass[2];

		for (end = begin;
		     end < expected->rows && (end == begin || p[order[end]] == p[order[begin]]); end++)
		{
			if (end % POLL_ROWS == 0)
				CP_TRY(cp_poll(context));
			split_mass(expected, order[end], mass);
			tied[0] += mass[0];
			tied[1] += mass[1];
		}
		for (uint32_t i = begin; i < end; i++)
			place_row(expected, order[i], below, tied);
		below[0] += tied[0];
		below[1] += tied[1];
	}
	expected->values[AUC] /= expected->pairs;
	cp_free(context, &order);
	return CP_OK;
}

/*
 * What a row adds to each figure with either outcome, on the scale of a mean over rows. For
 * the AUC that is its place, by how much rarer its class is than all rows, and somewhat
 * more for what chance of the class's size adds to the variance (delta method, second order).
 */
static void
parts_of_row(const Expected *expected, uint32_t row, double parts[2][FIGURES])
{
	double p = expected->probabilities[row];
	double auc = expected->values[AUC];

	for (int churned = 0; churned < 2; churned++)
	{
		double place = expected->places[row][churned];
		double mass = expected->masses[churned];
		double rarity = expected->weight / mass * sqrt(1 + expected->own / (mass * mass));

		parts[churned][AUC] = isnan(place) ? auc : auc + (place - auc) * rarity;
		parts[churned][LOG_LOSS] = cp_log_loss_of(p, churned);
		parts[churned][BRIER] = (p - churned) * (p - churned);
		parts[churned][ACCURACY] = cp_is_hit(p, churned);
		parts[churned][CHURN_RATE] = churned;
	}
}

static CpStatus
add_values(CpContext *context, Expected *expected)
{
	for (uint32_t row = 0; row < expected->rows; row++)
	{
		double parts[2][FIGURES], mass[2];

		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		parts_of_row(expected, row, parts);
		split_mass(expected, row, mass);
		for (int f = LOG_LOSS; f < FIGURES; f++)
			expected->values[f] += mass[0] * parts[0][f] + mass[1] * parts[1][f];
	}
	for (int f = LOG_LOSS; f < FIGURES; f++)
		expected->values[f] /= expected->weight;
	return CP_OK;
}

static CpStatus
add_variances(CpContext *context, Expected *expected)
{
	double rest = expected->weight * expected->weight - expected->squares;

	for (uint32_t row = 0; row < expected->rows; row++)
	{
		double weight = cp_row_weight(expected->weights, row);
		double parts[2][FIGURES], mass[2];

		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		parts_of_row(expected, row, parts);
		split_mass(expected, row, mass);
		for (int f = 0; f < FIGURES; f++)
		{
			double stays = parts[0][f] - expected->values[f];
			double churns = parts[1][f] - expected->values[f];

			expected->variances[f] +=
				weight * (mass[0] * stays * stays + mass[1] * churns * churns);
			expected->noises[f] += mass[0] * mass[1] * (churns - stays) * (churns - stays);
		}
	}
	for (int f = 0; f < FIGURES; f++)
	{
		expected->variances[f] = rest > 0 ? expected->variances[f] / rest : NAN;
		expected->noises[f] /= expected->weight * expected->weight;
	}
	return CP_OK;
}

static CpStatus
expect(CpContext *context, const double *probabilities, const double *weights, uint32_t n,
       Expected *expected)
{
	memset(expected, 0, sizeof(*expected));
	expected->probabilities = probabilities;
	expected->weights = weights;
	expected->rows = n;
	CP_TRY(cp_alloc(context, &expected->places, n, sizeof(*expected->places)));
	CP_TRY(add_masses(context, expected));
	CP_TRY(place_rows(context, expected));
	CP_TRY(add_values(context, expected));
	CP_TRY(add_variances(context, expected));
	cp_free(context, &expected->places);
	return CP_OK;
}

/*
 * The squared error of a figure on rows whose outcome is known: on average it holds the square
 * of a lasting error and that of chance. By chance it may come out small; the lasting error
 * is known no better for it, so that the variance of chance is the least it counts for.
 */
static double
doubt(const Expected *expected, Figure figure, double realised)
{
	double error = realised - expected->values[figure];

	/* NaN: AUC of one class */
	return isnan(error) ? 0 : fmax(error * error, expected->noises[figure]);
}

/* How far off the figures may be because the probabilities are: variances. */
static CpStatus
doubt_calibration(CpContext *context, const CpScored *held_out, double doubts[FIGURES])
{
	Expected expected;
	CpMetrics realised;

	memset(doubts, 0, FIGURES * sizeof(double));
	if (held_out == NULL || held_out->rows == 0)
		return CP_OK;
	CP_TRY(expect(context, held_out->probabilities, held_out->weights, held_out->rows, &expected));
	CP_TRY(cp_metrics(context, held_out->probabilities, held_out->labels, held_out->weights,
	                  held_out->rows, &realised));
	doubts[AUC] = doubt(&expected, AUC, realised.auc);
	doubts[LOG_LOSS] = doubt(&expected, LOG_LOSS, realised.log_loss);
	doubts[BRIER] = doubt(&expected, BRIER, realised.brier);
	doubts[ACCURACY] = doubt(&expected, ACCURACY, realised.accuracy);
	doubts[CHURN_RATE] = doubt(&expected, CHURN_RATE, realised.churn_rate);
	return CP_OK;
}

static CpInterval
interval_of_figure(Figure figure, double value, double variance, double z)
{
	switch (figure)
	{
		case AUC:
			return cp_auc_interval(value, variance, z);
		case LOG_LOSS:
			return cp_mean_interval(value, variance, INFINITY, z);
		case BRIER:
			return cp_mean_interval(value, variance, 1, z);
		default:
			/* As many rows as would leave this variance. */
			return value > 0 && value < 1 && variance > 0
			           ? cp_wilson_interval(value, value * (1 - value) / variance, z)
			           : cp_mean_interval(value, variance, 1, z);
	}
}

CpStatus
cp_estimate_performance(CpContext *context, const double *probabilities, uint32_t n,
                        const CpScored *held_out, double confidence, CpEstimation *estimation)
{
	CpForecast *const estimates[FIGURES] = {&estimation->auc, &estimation->log_loss,
	                                        &estimation->brier, &estimation->accuracy,
	                                        &estimation->churn_rate};
	double doubts[FIGURES];
	Expected expected;

	CP_TRY(expect(context, probabilities, NULL, n, &expected));
	CP_TRY(doubt_calibration(context, held_out, doubts));
	for (int f = 0; f < FIGURES; f++)
	{
		estimates[f]->value = expected.values[f];
		estimates[f]->range =
			interval_of_figure((Figure) f, expected.values[f], expected.variances[f] + doubts[f],
		                       cp_two_sided_z(confidence));
	}
	return CP_OK;
}
