/*
 * model_profile.c: the reference that drift is measured against.
 */
#include "pg/compat.h"

#include <math.h>

#include "pg/base_rate.h"
#include "pg/model_profile.h"
#include "pg/scorer.h"

/* Rows that a profile is made of at most: those first in an order that is random unless it is by time. */
#define PROFILE_ROWS 4000000

/* The rows of a training in their own order, on their way into a profile. */
typedef struct ProfileRows
{
	CpContext *context;
	const CpDataset *dataset;
	const uint32_t *rows; /* [n] */
	uint32_t n;
	double *weights; /* [n], NULL = all 1 */
} ProfileRows;

static CpStatus
weigh_rows(ProfileRows *rows, const CpBaseRate *rate)
{
	const CpDataset *dataset = rows->dataset;

	if (dataset->weights == NULL && rate->all == 0)
		return CP_OK;
	CP_TRY(cp_alloc(rows->context, &rows->weights, rows->n, sizeof(double)));
	for (uint32_t i = 0; i < rows->n; i++)
		rows->weights[i] = cp_row_weight(dataset->weights, rows->rows[i]) *
		                   cp_class_weight(rate, dataset->labels[rows->rows[i]]);
	return CP_OK;
}

static CpStatus
profile_features(ProfileRows *rows, const CpFeatureMap *map, const uint32 *cells,
                 CpProfile *profile)
{
	const CpDataset *dataset = rows->dataset;
	double *values;
	uint32_t f = 0;

	CP_TRY(cp_alloc(rows->context, &values, rows->n, sizeof(double)));
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		if (dataset->columns[c].dropped != CP_KEPT)
			continue;
		for (uint32_t i = 0; i < rows->n; i++)
			values[i] = cp_dataset_value(&dataset->columns[c], rows->rows[i]);
		profile->categories[f] = map->features[f].kind == CP_CATEGORY;
		CP_TRY(cp_profile_feature(rows->context, values, rows->weights, rows->n,
		                          profile->categories[f], cells[f], &profile->features[f]));
		CP_TRY(cp_poll(rows->context));
		f++;
	}
	cp_free(rows->context, &values);
	return CP_OK;
}

/* Rows in equal steps of weight. */
static CpStatus
profile_sample(ProfileRows *rows, CpProfile *profile)
{
	uint32_t size = Min(cp_profile_sample_size(profile->count), rows->n);
	uint32_t at = 0;
	double all = 0, passed;

	CP_TRY(
		cp_alloc(rows->context, &profile->sample, (size_t) size * profile->count, sizeof(double)));
	for (uint32_t i = 0; i < rows->n; i++)
		all += cp_row_weight(rows->weights, i);
	passed = cp_row_weight(rows->weights, 0);
	for (uint32_t s = 0; s < size; s++)
	{
		while (at + 1 < rows->n && passed <= all * (s + 0.5) / size)
			passed += cp_row_weight(rows->weights, ++at);
		cp_dataset_vector(rows->dataset, rows->rows[at],
		                  profile->sample + (size_t) s * profile->count);
	}
	profile->sample_rows = size;
	return CP_OK;
}

/* Scores of the held-out rows: those learned from are scored with too much confidence. */
static CpStatus
profile_score(CpContext *context, const CpTrained *trained, const CpBaseRate *rate,
              CpProfile *profile)
{
	uint32_t n = trained->test_rows;
	double *weights = NULL;

	if (n == 0)
		return CP_OK;
	if (trained->test_weights != NULL || rate->all > 0)
		CP_TRY(cp_alloc(context, &weights, n, sizeof(double)));
	for (uint32_t i = 0; weights != NULL && i < n; i++)
		weights[i] = cp_row_weight(trained->test_weights, i) *
		             cp_class_weight(rate, trained->test_labels[i]);
	CP_TRY(cp_profile_feature(context, trained->test_probabilities, weights, n, false, 0,
	                          &profile->score));
	cp_free(context, &weights);
	return CP_OK;
}

static CpStatus
make_profile(CpContext *context, const CpDataset *dataset, const CpTrained *trained,
             double base_rate, CpWriter *writer)
{
	const CpFeatureMap *map = &trained->model.map;
	CpBaseRate rate = {base_rate, trained->churn_rate};
	ProfileRows rows = {context, dataset, trained->rows, Min(dataset->rows, PROFILE_ROWS), NULL};
	CpProfile profile;

	CP_TRY(cp_profile_init(&profile, context, map->count));
	CP_TRY(weigh_rows(&rows, &rate));
	CP_TRY(profile_features(&rows, map, cp_feature_cells(map), &profile));
	CP_TRY(profile_sample(&rows, &profile));
	CP_TRY(profile_score(context, trained, &rate, &profile));
	profile.churn_rate = base_rate > 0 ? base_rate : trained->churn_rate;
	profile.rows = profile.features[0].rows;
	return cp_profile_write(&profile, context, writer);
}

bytea *
cp_profile_of_training(CpBridge *bridge, const CpTrainingSet *set, const CpTrained *trained,
                       double base_rate)
{
	CpWriter writer;

	cp_bridge_check(
		bridge, make_profile(&bridge->context, &set->dataset, trained, base_rate, &writer), NULL);
	return cp_bytea_of(&writer);
}

uint32 *
cp_feature_cells(const CpFeatureMap *map)
{
	uint32 *cells = palloc0(map->count * sizeof(uint32));

	for (uint32 f = 0; f < map->count; f++)
		if (map->features[f].kind == CP_CATEGORY)
			cells[f] = CP_OTHER(&map->features[f]) + 1;
	return cells;
}

void
cp_model_profile_open(CpModelProfile *opened, const char *model, int32 version, bool required,
                      MemoryContext memory)
{
	MemoryContext caller = MemoryContextSwitchTo(memory);
	const CpFeatureMap *map;
	CpModelRef ref;
	const char *name;
	bytea *bytes;

	memset(opened, 0, sizeof(*opened));
	cp_bridge_init(&opened->bridge, memory, 0);
	name = cp_scorer_find(model, version, &ref);
	opened->loaded = cp_cache_get(&ref, name, memory);
	map = &opened->loaded->model.map;
	bytes = cp_store_profile(&ref);
	if (bytes == NULL && required)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("model \"%s\" version %d has no reference to measure drift against",
		                       name, ref.version),
		                errhint("Train it again, or give a \"reference\".")));
	if (bytes != NULL)
		cp_bridge_check(&opened->bridge,
		                cp_profile_read(&opened->profile, &opened->bridge.context,
		                                cp_feature_cells(map), map->count, VARDATA(bytes),
		                                VARSIZE(bytes) - VARHDRSZ),
		                psprintf("reference of model \"%s\"", name));
	MemoryContextSwitchTo(caller);
}
