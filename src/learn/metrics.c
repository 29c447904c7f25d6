/*
 * metrics.c: how good probabilities are, against what happened.
 */
#include "learn/metrics.h"

#include <math.h>
#include <string.h>

#include "num/sort.h"
#include "num/special.h"

double
cp_log_loss_of(double probability, int churned)
{
	double p = churned ? probability : 1 - probability;

	/* 0 -, not -: no loss is 0, not -0 */
	return 0 - cp_log(p < CP_LOG_LOSS_CLIP ? CP_LOG_LOSS_CLIP : p);
}

double
cp_log_odds_loss(double log_odds, int churned)
{
	double score = churned ? -log_odds : log_odds;

	/* log(1 + e^score) without overflow */
	return score > 0 ? score + cp_log(1 + cp_exp(-score)) : cp_log(1 + cp_exp(score));
}

CpStatus
cp_rank_rows(CpContext *context, const double *scores, uint32_t n, uint32_t **order)
{
	uint64_t *keys;

	CP_TRY(cp_alloc(context, order, n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &keys, n, sizeof(uint64_t)));
	for (uint32_t row = 0; row < n; row++)
	{
		keys[row] = cp_sort_key_of_double(scores[row]);
		(*order)[row] = row;
	}
	CP_TRY(cp_sort_rows(context, keys, *order, n));
	cp_free(context, &keys);
	return CP_OK;
}

/* Chance that a churner scores above a stayer, by one walk up the ranks (Mann and Whitney). */
static double
auc_of_ranks(const uint32_t *order, const double *probabilities, const uint8_t *labels,
             const double *weights, uint32_t n)
{
	double churners = 0, stayers = 0, won = 0;

	for (uint32_t begin = 0, end; begin < n; begin = end)
	{
		double tied[2] = {0, 0};

		/* A NaN, which no caller gives, would equal nothing. */
		for (end = begin;
		     end < n && (end == begin || probabilities[order[end]] == probabilities[order[begin]]);
		     end++)
			tied[labels[order[end]] != 0] += cp_row_weight(weights, order[end]);
		won += tied[1] * (stayers + tied[0] / 2);
		churners += tied[1];
		stayers += tied[0];
	}
	return churners > 0 && stayers > 0 ? won / (churners * stayers) : NAN;
}

static void
fill_deciles(const uint32_t *order, const double *probabilities, const uint8_t *labels,
             const double *weights, uint32_t n, CpDecile deciles[CP_DECILES])
{
	memset(deciles, 0, CP_DECILES * sizeof(CpDecile));
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t row = order[n - 1 - i];
		CpDecile *decile = &deciles[(uint64_t) i * CP_DECILES / n];
		double weight = cp_row_weight(weights, row);

		decile->rows++;
		decile->weight += weight;
		decile->churned += labels[row] ? weight : 0;
		decile->expected += weight * probabilities[row];
	}
}

static double
calibration_error(const CpDecile deciles[CP_DECILES], double weight)
{
	double error = 0;

	for (int i = 0; i < CP_DECILES; i++)
		error += fabs(deciles[i].churned - deciles[i].expected);
	return error / weight;
}

static void
add_up(const double *probabilities, const uint8_t *labels, const double *weights, uint32_t n,
       double *all, CpMetrics *metrics)
{
	for (uint32_t row = 0; row < n; row++)
	{
		double p = probabilities[row];
		double weight = cp_row_weight(weights, row);
		double miss = p - (labels[row] != 0);

		*all += weight;
		metrics->churn_rate += labels[row] ? weight : 0;
		metrics->log_loss += weight * cp_log_loss_of(p, labels[row]);
		metrics->brier += weight * miss * miss;
		metrics->accuracy += cp_is_hit(p, labels[row] != 0) ? weight : 0;
	}
	metrics->churn_rate /= *all;
	metrics->log_loss /= *all;
	metrics->brier /= *all;
	metrics->accuracy /= *all;
	metrics->rmse = sqrt(metrics->brier);
}

CpStatus
cp_metrics(CpContext *context, const double *probabilities, const uint8_t *labels,
           const double *weights, uint32_t n, CpMetrics *metrics)
{
	CpDecile deciles[CP_DECILES];
	uint32_t *order;
	double all = 0;

	memset(metrics, 0, sizeof(*metrics));
	metrics->rows = n;
	if (n == 0)
	{
		metrics->churn_rate = metrics->auc = metrics->log_loss = metrics->brier = NAN;
		metrics->rmse = metrics->accuracy = metrics->ece = metrics->top_decile_lift = NAN;
		return CP_OK;
	}
	CP_TRY(cp_rank_rows(context, probabilities, n, &order));
	metrics->auc = auc_of_ranks(order, probabilities, labels, weights, n);
	fill_deciles(order, probabilities, labels, weights, n, deciles);
	add_up(probabilities, labels, weights, n, &all, metrics);
	metrics->ece = calibration_error(deciles, all);
	metrics->top_decile_lift = metrics->churn_rate > 0 && deciles[0].weight > 0
	                               ? deciles[0].churned / deciles[0].weight / metrics->churn_rate
	                               : NAN;
	cp_free(context, &order);
	return CP_OK;
}

CpStatus
cp_auc(CpContext *context, const double *scores, const uint8_t *labels, const double *weights,
       uint32_t n, double *auc)
{
	uint32_t *order;

	CP_TRY(cp_rank_rows(context, scores, n, &order));
	*auc = auc_of_ranks(order, scores, labels, weights, n);
	cp_free(context, &order);
	return CP_OK;
}

CpStatus
cp_deciles(CpContext *context, const double *probabilities, const uint8_t *labels,
           const double *weights, uint32_t n, CpDecile deciles[CP_DECILES])
{
	uint32_t *order;

	CP_TRY(cp_rank_rows(context, probabilities, n, &order));
	fill_deciles(order, probabilities, labels, weights, n, deciles);
	cp_free(context, &order);
	return CP_OK;
}
