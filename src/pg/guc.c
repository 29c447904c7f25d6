/*
 * guc.c: every setting of ours, defined once.
 */
#include "pg/compat.h"

#include <limits.h>

#include "decide/policy.h"
#include "pg/guc.h"

char *cp_default_model;
int cp_training_memory;
int cp_cache_memory;
double cp_risk_threshold_medium;
double cp_risk_threshold_high;
double cp_margin;
double cp_rl_gamma;
int cp_attribution_window;
double cp_max_budget;
int cp_max_discounts;
int cp_max_upgrades;
int cp_max_offers;
int cp_allocation_memory;
double cp_drift_threshold_psi;
double cp_drift_threshold_kl;
double cp_performance_threshold_auc;

static void
define_drift(void)
{
	DefineCustomRealVariable("churnprevent.drift_threshold_psi",
	                         "Population stability index from which drift is critical.",
	                         "From half of it on it is a warning.", &cp_drift_threshold_psi, 0.2,
	                         0.001, 100, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomRealVariable("churnprevent.drift_threshold_kl",
	                         "Kullback-Leibler divergence from which drift is critical, in nats.",
	                         "From half of it on it is a warning.", &cp_drift_threshold_kl, 0.1,
	                         0.001, 100, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomRealVariable("churnprevent.performance_threshold_auc",
	                         "Shortfall of the AUC of what is expected from which it is critical.",
	                         "From half of it on it is a warning.", &cp_performance_threshold_auc,
	                         0.05, 0.001, 1, PGC_USERSET, 0, NULL, NULL, NULL);
}

static void
define_allocation(void)
{
	DefineCustomRealVariable("churnprevent.max_budget",
	                         "Money that an allocation spends when it is told no budget.", NULL,
	                         &cp_max_budget, 50000, 0, 1e15, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("churnprevent.max_discounts",
	                        "Discounts that an allocation gives when it is told no caps.", NULL,
	                        &cp_max_discounts, 100, 0, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("churnprevent.max_upgrades",
	                        "Upgrades that an allocation gives when it is told no caps.", NULL,
	                        &cp_max_upgrades, 50, 0, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("churnprevent.max_offers",
	                        "Offers that an allocation makes when it is told no caps.", NULL,
	                        &cp_max_offers, 30, 0, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("churnprevent.allocation_memory", "Memory that one allocation may use.",
	                        "Customers who do not fit in are read again for every scan.",
	                        &cp_allocation_memory, 1024 * 1024, 16 * 1024, INT_MAX, PGC_SUSET,
	                        GUC_UNIT_KB, NULL, NULL, NULL);
}

void
cp_guc_init(void)
{
	DefineCustomStringVariable("churnprevent.default_model",
	                           "Model that scores when a call names none.",
	                           "Empty: the deployed model, if there is only one name.",
	                           &cp_default_model, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"churnprevent.training_memory", "Memory that one training or evaluation may use.", NULL,
		&cp_training_memory, 1024 * 1024, 1024, INT_MAX, PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("churnprevent.cache_memory", "Memory for loaded models in one session.",
	                        "Models of running queries are kept beyond it.", &cp_cache_memory,
	                        256 * 1024, 1024, INT_MAX, PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomRealVariable("churnprevent.risk_threshold_medium",
	                         "Churn probability from which a customer is of medium risk.", NULL,
	                         &cp_risk_threshold_medium, 0.3, 0, 1, PGC_USERSET, 0, NULL, NULL,
	                         NULL);
	DefineCustomRealVariable("churnprevent.risk_threshold_high",
	                         "Churn probability from which a customer is of high risk.", NULL,
	                         &cp_risk_threshold_high, 0.6, 0, 1, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomRealVariable(
		"churnprevent.margin", "Share of a customer's monthly charge that is earned.", NULL,
		&cp_margin, CP_DEFAULT_MARGIN, 0.001, 1, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomRealVariable("churnprevent.rl_gamma", "What money a month from now is worth today.",
	                         NULL, &cp_rl_gamma, CP_DEFAULT_DISCOUNT, 0.01, 0.9999, PGC_SUSET, 0,
	                         NULL, NULL, NULL);
	DefineCustomIntVariable("churnprevent.attribution_window",
	                        "Days that a decision waits for feedback.",
	                        "Feedback that names no decision is bound to one made within them.",
	                        &cp_attribution_window, 90, 1, 3660, PGC_SUSET, 0, NULL, NULL, NULL);
	define_allocation();
	define_drift();
	MarkGUCPrefixReserved("churnprevent");
}
