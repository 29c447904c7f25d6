/*
 * estimation.h: how good probabilities will turn out to be, while outcomes are not yet known.
 *
 * If every probability can be taken at its word, a customer of probability p counts as p of one
 * who leaves and 1 - p of one who stays: what the metrics are expected to be follows
 * (confidence-based performance estimation). It sees what a shift of the customers does, never
 * that customers of the same features behave otherwise than they did: that takes outcomes.
 */
#ifndef CP_ESTIMATION_H
#define CP_ESTIMATION_H

#include "learn/evaluation.h"

/* A figure with its interval; NaN where it is not defined. */
typedef struct CpForecast
{
	double value;
	CpInterval range;
} CpForecast;

typedef struct CpEstimation
{
	CpForecast auc;
	CpForecast log_loss;
	CpForecast brier;
	CpForecast accuracy; /* at 0.5 */
	CpForecast churn_rate;
} CpEstimation;

/*
 * probabilities: [n] in [0, 1]. confidence in (0, 1), such as 0.95. The intervals are for what will
 * be realised on these rows' kind: chance of which customers were met, chance of who of them leaves
 * (together the variance of a figure of so many labelled rows, by the influence of each row), and
 * how well the model's calibration is known. held_out: the scored rows of the training with
 * their labels, which tell the latter: realised less estimated figure there, squared, or its
 * variance by chance when that is larger. NULL or without rows: calibration is taken for exact, and
 * the intervals are that much too short. The estimate itself is not corrected by it.
 *
 * AUC: expected weight of the pairs won over that of all pairs of different rows, ties one half;
 * interval on the logit scale. Below some ten expected churners its 95 % hold in nine of ten cases.
 * Accuracy and churn rate: Wilson's of the rows that leave such a variance. The others: normal.
 */
extern CpStatus cp_estimate_performance(CpContext *context, const double *probabilities, uint32_t n,
                                        const CpScored *held_out, double confidence,
                                        CpEstimation *estimation);

#endif
