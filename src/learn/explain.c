/*
 * explain.c: what each feature adds to a customer's probability.
 */
#include "learn/explain.h"

#include <math.h>
#include <string.h>

#include "num/rng.h"

/* Of the orders, which are the same for every model. */
#define SEED 1

#define COALITIONS (1u << CP_EXPLAIN_ENUMERATED)

static CpStatus
draw_orders(CpExplainer *explainer)
{
	uint32_t features = explainer->model->map.count;
	uint32_t rows = explainer->model->background.rows;

	CP_TRY(cp_alloc(explainer->context, &explainer->orders, (size_t) rows * features,
	                sizeof(uint32_t)));
	for (uint32_t b = 0; b < rows; b++)
	{
		uint32_t *order = explainer->orders + (size_t) b * features;
		CpRng rng;

		for (uint32_t f = 0; f < features; f++)
			order[f] = f;
		cp_rng_init(&rng, SEED, CP_STREAM_EXPLAIN + b);
		cp_rng_shuffle(&rng, order, features);
	}
	return CP_OK;
}

CpStatus
cp_explainer_init(CpExplainer *explainer, CpContext *context, const CpModel *model)
{
	const CpBackground *background = &model->background;
	size_t features = model->map.count;
	size_t stops = 2 * features > COALITIONS ? 2 * features : COALITIONS;

	memset(explainer, 0, sizeof(*explainer));
	explainer->context = context;
	explainer->model = model;
	for (uint32_t b = 0; b < background->rows; b++)
		explainer->base += background->scores[b] / background->rows;
	CP_TRY(draw_orders(explainer));
	CP_TRY(cp_alloc(context, &explainer->differing, features, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &explainer->flips, stops, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &explainer->member, stops, sizeof(double)));
	CP_TRY(cp_alloc(context, &explainer->stops, stops, sizeof(double)));
	CP_TRY(cp_alloc(context, &explainer->row, features, sizeof(double)));
	CP_TRY(cp_alloc(context, &explainer->last, features, sizeof(double)));
	return cp_alloc(context, &explainer->scratch, cp_ensemble_scratch(&model->ensemble), 1);
}

void
cp_explainer_free(CpExplainer *explainer)
{
	CpContext *context = explainer->context;

	cp_free(context, &explainer->orders);
	cp_free(context, &explainer->differing);
	cp_free(context, &explainer->flips);
	cp_free(context, &explainer->member);
	cp_free(context, &explainer->stops);
	cp_free(context, &explainer->row);
	cp_free(context, &explainer->last);
	cp_free(context, &explainer->scratch);
}

/* --- one row of the background ------------------------------------------ */

/* The features that differ as members see them, in the row's order; their number. */
static uint32_t
find_differing(CpExplainer *explainer, const uint32_t *order, const double *from, const double *to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < explainer->model->map.count; i++)
	{
		uint32_t f = order[i];

		if (from[f] != to[f] && !(isnan(from[f]) && isnan(to[f])))
			explainer->differing[n++] = f;
	}
	return n;
}

static void
walk(CpExplainer *explainer, const double *from, const double *to, uint32_t steps)
{
	CpPath path = {from, to, explainer->flips, steps};

	cp_ensemble_path(&explainer->model->ensemble, &path, explainer->scratch, explainer->member,
	                 explainer->stops);
}

/* There in the order of the features and back in the same; the step that would close the circle is not taken. */
static void
sample(CpExplainer *explainer, const double *from, const double *to, uint32_t n)
{
	const double *stops = explainer->stops;

	for (uint32_t i = 0; i < 2 * n - 1; i++)
		explainer->flips[i] = explainer->differing[i % n];
	walk(explainer, from, to, 2 * n - 1);
	for (uint32_t i = 0; i < n; i++)
	{
		double there = stops[i + 1] - stops[i];
		double back = stops[n + i] - (i + 1 < n ? stops[n + i + 1] : stops[0]);

		explainer->row[explainer->differing[i]] = (there + back) / 2;
	}
}

static inline uint32_t
gray(uint32_t step)
{
	return step ^ step >> 1;
}

/* Members of a coalition. */
static inline uint32_t
size_of(uint32_t coalition)
{
	uint32_t size = 0;

	for (; coalition != 0; coalition &= coalition - 1)
		size++;
	return size;
}

/* All coalitions, each a feature more or less than the one before. */
static void
enumerate(CpExplainer *explainer, const double *from, const double *to, uint32_t n)
{
	uint32_t coalitions = 1u << n;
	double worth[COALITIONS];
	double share[CP_EXPLAIN_ENUMERATED]; /* of orders in which just so many come before a feature */

	for (uint32_t step = 1; step < coalitions; step++)
		explainer->flips[step - 1] =
			explainer->differing[size_of((gray(step) ^ gray(step - 1)) - 1)];
	walk(explainer, from, to, coalitions - 1);
	for (uint32_t step = 0; step < coalitions; step++)
		worth[gray(step)] = explainer->stops[step];
	share[0] = 1.0 / n;
	for (uint32_t size = 1; size < n; size++)
		share[size] = share[size - 1] * size / (n - size);
	for (uint32_t i = 0; i < n; i++)
	{
		double *value = &explainer->row[explainer->differing[i]];

		for (uint32_t coalition = 0; coalition < coalitions; coalition++)
			if ((coalition >> i & 1) == 0)
				*value +=
					share[size_of(coalition)] * (worth[coalition | 1u << i] - worth[coalition]);
	}
}

static void
explain_against(CpExplainer *explainer, uint32_t b, const double *vector)
{
	size_t features = explainer->model->map.count;
	const double *from = explainer->model->background.vectors + b * features;
	uint32_t n = find_differing(explainer, explainer->orders + b * features, from, vector);

	memset(explainer->row, 0, features * sizeof(double));
	if (n > CP_EXPLAIN_ENUMERATED)
		sample(explainer, from, vector, n);
	else if (n > 0)
		enumerate(explainer, from, vector, n);
}

/* --- all of them -------------------------------------------------------- */

/* Take the values against a row into the sums, and by how much they differ from those of the row before. */
static void
add_row(CpExplainer *explainer, bool first, double *contributions, double *errors)
{
	double *row = explainer->row;

	for (uint32_t f = 0; f < explainer->model->map.count; f++)
	{
		double change = first ? 0 : row[f] - explainer->last[f];

		contributions[f] += row[f];
		errors[f] += change * change;
	}
	explainer->row = explainer->last;
	explainer->last = row;
}

/* Sums become means and their standard errors. */
static void
finish(uint32_t features, double rows, double *contributions, double *errors)
{
	for (uint32_t f = 0; f < features; f++)
	{
		contributions[f] /= rows;
		errors[f] = sqrt(errors[f] / (2 * (rows - 1) * rows));
	}
}

static void
give_rest_to_largest(uint32_t features, double difference, double *contributions)
{
	double *largest = contributions;

	for (uint32_t f = 0; f < features; f++)
	{
		difference -= contributions[f];
		if (fabs(contributions[f]) > fabs(*largest))
			largest = &contributions[f];
	}
	if (*largest != 0)
		*largest += difference;
}

CpStatus
cp_explain(CpExplainer *explainer, const double *vector, double *contributions, double *errors,
           double *probability)
{
	uint32_t features = explainer->model->map.count;
	uint32_t rows = explainer->model->background.rows;

	memset(contributions, 0, features * sizeof(double));
	memset(errors, 0, features * sizeof(double));
	for (uint32_t b = 0; b < rows; b++)
	{
		CP_TRY(cp_poll(explainer->context));
		explain_against(explainer, b, vector);
		add_row(explainer, b == 0, contributions, errors);
	}
	finish(features, rows, contributions, errors);
	*probability = cp_model_probability(explainer->model, vector, explainer->scratch);
	give_rest_to_largest(features, *probability - explainer->base, contributions);
	return CP_OK;
}
