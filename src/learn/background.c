/*
 * background.c: customers that an explanation compares a customer with.
 */
#include "learn/background.h"

#include <math.h>
#include <string.h>

#include "learn/metrics.h"

CpStatus
cp_background_candidates(CpContext *context, const CpDataset *dataset, const uint32_t *rows,
                         uint32_t n, uint32_t **candidates, uint32_t *count)
{
	uint32_t most = n < CP_BACKGROUND_CANDIDATES ? n : CP_BACKGROUND_CANDIDATES;

	*count = 0;
	CP_TRY(cp_alloc(context, candidates, most, sizeof(uint32_t)));
	for (uint32_t i = 0; i < n && *count < most; i++)
		if (cp_row_weight(dataset->weights, rows[i]) > 0)
			(*candidates)[(*count)++] = rows[i];
	return CP_OK;
}

static CpStatus
allocate(CpContext *context, uint32_t rows, uint32_t features, CpBackground *background)
{
	background->rows = rows;
	CP_TRY(cp_alloc(context, &background->vectors, (size_t) rows * features, sizeof(double)));
	return cp_alloc(context, &background->scores, rows, sizeof(double));
}

CpStatus
cp_background_choose(CpContext *context, const CpDataset *dataset, uint32_t features,
                     const uint32_t *rows, const double *scores, uint32_t n,
                     CpBackground *background)
{
	uint32_t *order;
	uint32_t at = 0;
	double all = 0, passed;

	CP_TRY(
		allocate(context, n < CP_BACKGROUND_ROWS ? n : CP_BACKGROUND_ROWS, features, background));
	CP_TRY(cp_rank_rows(context, scores, n, &order));
	for (uint32_t i = 0; i < n; i++)
		all += cp_row_weight(dataset->weights, rows[order[i]]);
	passed = cp_row_weight(dataset->weights, rows[order[0]]);
	for (uint32_t b = 0; b < background->rows; b++)
	{
		while (at + 1 < n && passed <= all * (b + 0.5) / background->rows)
			passed += cp_row_weight(dataset->weights, rows[order[++at]]);
		cp_dataset_vector(dataset, rows[order[at]], background->vectors + (size_t) b * features);
		background->scores[b] = scores[order[at]];
	}
	cp_free(context, &order);
	return CP_OK;
}

void
cp_background_write(const CpBackground *background, const CpFeatureMap *map, CpWriter *writer)
{
	cp_write_u32(writer, background->rows);
	for (uint32_t b = 0; b < background->rows; b++)
	{
		for (uint32_t f = 0; f < map->count; f++)
			cp_write_f64(writer, background->vectors[(size_t) b * map->count + f]);
		cp_write_f64(writer, background->scores[b]);
	}
}

/* May the value stand in a feature vector? */
static bool
is_value(const CpFeature *feature, double value)
{
	if (isnan(value) || feature->kind != CP_CATEGORY)
		return true;
	return value >= 0 && value <= CP_OTHER(feature) && value == floor(value);
}

CpStatus
cp_background_read(CpBackground *background, CpReader *reader, const CpFeatureMap *map)
{
	uint32_t rows = cp_read_count(reader, (map->count + (size_t) 1) * sizeof(double));
	bool sound = rows >= 1 && rows <= CP_BACKGROUND_CANDIDATES;

	memset(background, 0, sizeof(*background));
	if (sound && !reader->failed)
		CP_TRY(allocate(reader->context, rows, map->count, background));
	for (uint32_t b = 0; b < background->rows; b++)
	{
		double *vector = background->vectors + (size_t) b * map->count;

		for (uint32_t f = 0; f < map->count; f++)
		{
			vector[f] = cp_read_f64(reader);
			sound &= is_value(&map->features[f], vector[f]);
		}
		background->scores[b] = cp_read_f64(reader);
		sound &= background->scores[b] >= 0 && background->scores[b] <= 1;
	}
	if (!sound)
		cp_reader_reject(reader);
	return CP_OK;
}
