/*
 * base_rate.c: what a model says of all customers, when it learned from a sample by class.
 */
#include "pg/compat.h"

#include <math.h>

#include "decide/response.h"
#include "pg/base_rate.h"
#include "pg/json.h"

CpBaseRate
cp_base_rate_of(const CpModelRef *ref)
{
	double all = cp_json_get_number(cp_store_options(ref), "base_rate");
	CpBaseRate rate = {isnan(all) ? 0 : all, cp_store_churn_rate(ref)};

	return rate;
}

void
cp_probabilities_of_all(const CpBaseRate *rate, double *probabilities, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
		probabilities[i] = cp_monthly_hazard(probabilities[i], 1, rate->all, rate->rows);
}

void
cp_scored_of_all(CpBridge *bridge, const CpBaseRate *rate, CpScored *scored)
{
	bool weighted = scored->weights != NULL;

	cp_probabilities_of_all(rate, scored->probabilities, scored->rows);
	if (rate->all == 0)
		return;
	if (!weighted)
		cp_bridge_check(bridge,
		                cp_alloc(&bridge->context, &scored->weights, scored->rows, sizeof(double)),
		                NULL);
	for (uint32 i = 0; i < scored->rows; i++)
		scored->weights[i] =
			(weighted ? scored->weights[i] : 1) * cp_class_weight(rate, scored->labels[i]);
}
