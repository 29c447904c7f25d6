/*
 * training.c: what every learner is given.
 */
#include "learn/training.h"

#include <math.h>

#include "num/special.h"

uint32_t
cp_training_features(const CpTraining *training)
{
	uint32_t n = training->binned->nfeatures, kept = 0;

	for (uint32_t f = 0; f < n; f++)
		kept += training->kept == NULL || training->kept[f];
	return kept;
}

double
cp_training_largest_weight(const CpTraining *training)
{
	double largest = training->weights == NULL ? 1 : 0;

	for (uint32_t i = 0; training->weights != NULL && i < training->n; i++)
		largest = training->weights[i] > largest ? training->weights[i] : largest;
	return largest;
}

CpStatus
cp_training_base(CpContext *context, const CpTraining *training, uint8_t left_out, double *log_odds)
{
	double churned = 0, all = 0;

	for (uint32_t i = 0; i < training->n; i++)
		if (training->folds[i] != left_out)
		{
			all += cp_training_weight(training, i);
			churned += training->labels[i] ? cp_training_weight(training, i) : 0;
		}
	if (!(churned > 0 && churned < all))
		return cp_fail(context, CP_BAD_DATA,
		               "Without fold %u the rows hold one class only; there are too few"
		               " of the other class, or too few groups, to validate with.",
		               left_out);
	*log_odds = cp_logit(churned / all);
	return CP_OK;
}

double
cp_vary(CpRng *rng, double value, double least, double most)
{
	double varied = value * cp_exp(cp_log(3) * (2 * cp_rng_uniform(rng) - 1));

	return fmin(fmax(varied, least), most);
}
