/*
 * explain.h: what each feature adds to a customer's probability.
 *
 * Shapley values of the interventional game (Lundberg, Lee 2017; Janzing, Minorics,
 * Bloebaum 2020): against one row of the background, a coalition's worth is the
 * ensemble's probability of the customer whose features outside the coalition take the
 * row's values. Blend and calibration included, so that contributions are in points of
 * the very probability that is given out. Means over the rows of the background.
 *
 * Against a row that differs in few features all coalitions are enumerated; otherwise
 * features are changed in a random order and changed back in the same order, which are a
 * permutation and its reverse (Strumbelj, Kononenko 2014; antithetic: Mitchell, Cooper,
 * Frank, Holmes 2022). Orders are drawn once for a background: every customer is walked
 * to by the same ones, so that explanations are repeatable and their differences are
 * the customers'.
 */
#ifndef CP_EXPLAIN_H
#define CP_EXPLAIN_H

#include "learn/model.h"

/* Up to so many differing features are enumerated. */
#define CP_EXPLAIN_ENUMERATED 5

/* What the explanations of one model share. */
typedef struct CpExplainer
{
	CpContext *context;
	const CpModel *model;
	double base;      /* mean probability of the background */
	uint32_t *orders; /* [background rows][features] */

	/* Room to work in. */
	uint32_t *differing;    /* [features] that differ from the row, in its order */
	uint32_t *flips;        /* [steps of the longest walk] */
	double *member, *stops; /* [its steps + 1] probabilities of one member; of all */
	double *row, *last;     /* [features] Shapley values against one row, the row before */
	void *scratch;          /* of the ensemble */
} CpExplainer;

extern CpStatus cp_explainer_init(CpExplainer *explainer, CpContext *context, const CpModel *model);
extern void cp_explainer_free(CpExplainer *explainer);

/*
 * contributions, errors: [features] of the model's map, in probability. The explainer's base
 * and all contributions add up to *probability, which is cp_model_probability of the vector;
 * what rounding in a network's walk leaves over, less than 1e-6, is given to the largest.
 *
 * An error is the standard error of the contribution as an estimate of what a background of
 * all customers would give, so it holds the choice of the rows as well as that of the orders.
 * As the rows are a systematic sample, it comes from the differences of neighbours (von
 * Neumann 1941; Wolter 1984); NaN with a single row. A feature in which the customer differs
 * from no row has 0 and 0. CP_CANCELLED is the only failure.
 */
extern CpStatus cp_explain(CpExplainer *explainer, const double *vector, double *contributions,
                           double *errors, double *probability);

#endif
