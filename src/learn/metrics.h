/*
 * metrics.h: how good probabilities are, against what happened.
 *
 * probabilities[n] in [0, 1], labels[n] 1 = churned, weights[n] or NULL for all
 * 1. A figure that is not defined (AUC of one class, anything of no rows) is NaN.
 */
#ifndef CP_METRICS_H
#define CP_METRICS_H

#include <stdint.h>

#include "num/context.h"

/* Bins of the calibration error and of the lift table. */
#define CP_DECILES 10

/* A probability is taken no nearer to 0 or 1 than this when its logarithm is needed. */
#define CP_LOG_LOSS_CLIP 1e-15

/* Rows that were scored, and what became of them. */
typedef struct CpScored
{
	uint32_t rows;
	double *probabilities; /* [rows] in [0, 1] */
	uint8_t *labels;       /* [rows] 1 = churned */
	double *weights;       /* [rows] finite, 0 or more; NULL = all 1 */
} CpScored;

typedef struct CpMetrics
{
	uint32_t rows;
	double churn_rate;
	double auc;             /* ties count one half */
	double log_loss;        /* natural logarithm, mean */
	double brier;           /* mean squared error */
	double rmse;            /* its root */
	double accuracy;        /* at 0.5 */
	double ece;             /* expected calibration error over ten bins of equal count */
	double top_decile_lift; /* churn rate of the tenth with the highest scores over that of all */
} CpMetrics;

typedef struct CpDecile
{
	uint32_t rows;
	double weight;
	double churned;  /* weight of those that churned */
	double expected; /* weighted sum of probabilities */
} CpDecile;

extern CpStatus cp_metrics(CpContext *context, const double *probabilities, const uint8_t *labels,
                           const double *weights, uint32_t n, CpMetrics *metrics);

/* Area under the ROC curve alone; scores need not be probabilities. NaN when a class is missing. */
extern CpStatus cp_auc(CpContext *context, const double *scores, const uint8_t *labels,
                       const double *weights, uint32_t n, double *auc);

/* Ten groups of equal count, highest probabilities first. */
extern CpStatus cp_deciles(CpContext *context, const double *probabilities, const uint8_t *labels,
                           const double *weights, uint32_t n, CpDecile deciles[CP_DECILES]);

/* Rows in ascending order of score, those of equal score as they came: [n], from the context. */
extern CpStatus cp_rank_rows(CpContext *context, const double *scores, uint32_t n,
                             uint32_t **order);

/* weights as above. */
static inline double
cp_row_weight(const double *weights, uint32_t row)
{
	return weights == NULL ? 1 : weights[row];
}

/* Is a probability on the side of 0.5 that it turned out to be on? */
static inline bool
cp_is_hit(double probability, bool churned)
{
	return (probability >= 0.5) == churned;
}

/* Loss of one probability; it is clipped as above. */
extern double cp_log_loss_of(double probability, int churned);

/* The same of a log-odds, without rounding or clipping where it is large. */
extern double cp_log_odds_loss(double log_odds, int churned);

#endif
