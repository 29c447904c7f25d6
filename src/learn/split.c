/*
 * split.c: which rows are held out, and into which folds the others go.
 */
#include "learn/split.h"

#include <string.h>

#include "num/sort.h"

static void
place_stratified(const CpDataset *dataset, const uint32_t *rows, uint32_t n, double *places)
{
	uint32_t count[2] = {0, 0};
	uint32_t rank[2] = {0, 0};

	for (uint32_t i = 0; i < n; i++)
		count[dataset->labels[rows[i]]]++;
	for (uint32_t i = 0; i < n; i++)
	{
		uint8_t label = dataset->labels[rows[i]];

		places[i] = (rank[label]++ + 0.5) / count[label];
	}
}

static void
place_units(const CpDataset *dataset, const uint32_t *rows, uint32_t n, double *places)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		if (dataset->units[rows[i]] == 0 || dataset->units[rows[i]] != dataset->units[rows[first]])
			first = i;
		places[i] = (first + 0.5) / n;
	}
}

static CpStatus
place_by_time(const CpDataset *dataset, const uint32_t *rows, uint32_t n, double *places)
{
	CpContext *context = dataset->context;
	uint64_t *keys;
	uint32_t *order;
	uint32_t first = 0;

	CP_TRY(cp_alloc(context, &keys, n, sizeof(uint64_t)));
	CP_TRY(cp_alloc(context, &order, n, sizeof(uint32_t)));
	for (uint32_t i = 0; i < n; i++)
	{
		/* complemented: newest first */
		keys[i] = ~cp_sort_key_of_double(dataset->times[rows[i]]);
		order[i] = i;
	}
	CP_TRY(cp_sort_rows(context, keys, order, n));
	for (uint32_t i = 0; i < n; i++)
	{
		if (keys[i] != keys[first])
			first = i;
		places[order[i]] = (first + 0.5) / n;
	}
	cp_free(context, &keys);
	cp_free(context, &order);
	return CP_OK;
}

CpStatus
cp_split_places(const CpDataset *dataset, const uint32_t *rows, uint32_t n, CpSplitBy by,
                double *places)
{
	if (by == CP_SPLIT_TIME)
		return place_by_time(dataset, rows, n, places);
	if (by == CP_SPLIT_WHOLE_UNITS)
		place_units(dataset, rows, n, places);
	else
		place_stratified(dataset, rows, n, places);
	return CP_OK;
}

CpStatus
cp_split_hold_out(const CpDataset *dataset, uint32_t *rows, uint32_t n, CpSplitBy by, double share,
                  uint32_t *kept)
{
	CpContext *context = dataset->context;
	double *places;
	uint32_t *held_out;
	uint32_t nheld_out = 0;

	CP_TRY(cp_alloc(context, &places, n, sizeof(double)));
	CP_TRY(cp_alloc(context, &held_out, n, sizeof(uint32_t)));
	CP_TRY(cp_split_places(dataset, rows, n, by, places));
	*kept = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		if (places[i] < share)
			held_out[nheld_out++] = rows[i];
		else
			rows[(*kept)++] = rows[i];
	}
	if (nheld_out > 0)
		memcpy(rows + *kept, held_out, nheld_out * sizeof(uint32_t));
	cp_free(context, &places);
	cp_free(context, &held_out);
	return CP_OK;
}

CpStatus
cp_split_folds(const CpDataset *dataset, const uint32_t *rows, uint32_t n, CpSplitBy by,
               uint32_t nfolds, uint8_t *folds)
{
	CpContext *context = dataset->context;
	double *places;

	CP_TRY(cp_alloc(context, &places, n, sizeof(double)));
	CP_TRY(cp_split_places(dataset, rows, n, by, places));
	for (uint32_t i = 0; i < n; i++)
		folds[i] = (uint8_t) (places[i] * nfolds);
	cp_free(context, &places);
	return CP_OK;
}
