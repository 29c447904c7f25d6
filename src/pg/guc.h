/*
 * guc.h: every setting of ours, defined once, under the prefix churnprevent.
 */
#ifndef CP_GUC_H
#define CP_GUC_H

extern char *cp_default_model;
extern int cp_training_memory; /* kB */
extern int cp_cache_memory;    /* kB */
extern double cp_risk_threshold_medium;
extern double cp_risk_threshold_high;
extern double cp_margin;
extern double cp_rl_gamma;
extern int cp_attribution_window; /* days */
extern double cp_max_budget;
extern int cp_max_discounts;
extern int cp_max_upgrades;
extern int cp_max_offers;
extern int cp_allocation_memory; /* kB */
extern double cp_drift_threshold_psi;
extern double cp_drift_threshold_kl; /* nats */
extern double cp_performance_threshold_auc;

extern void cp_guc_init(void);

#endif
