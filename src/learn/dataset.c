/*
 * dataset.c: rows of a source, column by column.
 */
#include "learn/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/hash.h"
#include "num/sort.h"

#define FIRST_CAPACITY 1024
#define MISSING_WORD UINT64_C(0x6d697373696e6721)
/* Keeps the draw that samples rows apart from the order that splits them. */
#define DRAW_STREAM UINT64_C(0x73616d706c65)

CpStatus
cp_dataset_init(CpDataset *dataset, CpContext *context, uint32_t ncolumns, const char *const *names,
                const CpKind *kinds, bool weighted, bool timed, uint32_t max_rows, uint64_t seed)
{
	memset(dataset, 0, sizeof(*dataset));
	dataset->context = context;
	dataset->ncolumns = ncolumns;
	dataset->max_rows = max_rows;
	dataset->seed = seed;
	dataset->largest_draw = UINT64_MAX;
	dataset->thin_at = max_rows + max_rows / 2 + 1;
	CP_TRY(cp_alloc_zero(context, &dataset->columns, ncolumns, sizeof(CpColumn)));
	for (uint32_t c = 0; c < ncolumns; c++)
	{
		dataset->columns[c].name = names[c];
		dataset->columns[c].kind = kinds[c];
		cp_dictionary_init(&dataset->columns[c].texts, context);
	}
	if (weighted)
		CP_TRY(cp_alloc(context, &dataset->weights, 0, sizeof(double)));
	if (timed)
		CP_TRY(cp_alloc(context, &dataset->times, 0, sizeof(double)));
	return CP_OK;
}

void
cp_dataset_free(CpDataset *dataset)
{
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		CpColumn *column = &dataset->columns[c];

		cp_free(dataset->context, &column->numbers);
		cp_free(dataset->context, &column->codes);
		cp_free(dataset->context, &column->levels);
		cp_dictionary_free(&column->texts);
	}
	cp_free(dataset->context, &dataset->columns);
	cp_free(dataset->context, &dataset->labels);
	cp_free(dataset->context, &dataset->weights);
	cp_free(dataset->context, &dataset->times);
	cp_free(dataset->context, &dataset->units);
	cp_free(dataset->context, &dataset->contents);
	cp_free(dataset->context, &dataset->draws);
}

static CpStatus
grow(CpDataset *dataset)
{
	CpContext *context = dataset->context;
	uint64_t capacity = (uint64_t) dataset->capacity + dataset->capacity / 2 + FIRST_CAPACITY;

	if (dataset->rows >= CP_MAX_ROWS)
		return cp_fail(context, CP_OVER_BUDGET, "A model is trained on at most %d rows.",
		               CP_MAX_ROWS);
	if (capacity > CP_MAX_ROWS)
		capacity = CP_MAX_ROWS;
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		CpColumn *column = &dataset->columns[c];

		if (column->dropped != CP_KEPT)
			continue;
		if (column->kind == CP_CATEGORY)
			CP_TRY(cp_resize(context, &column->codes, capacity, sizeof(uint32_t)));
		else
			CP_TRY(cp_resize(context, &column->numbers, capacity, sizeof(double)));
	}
	CP_TRY(cp_resize(context, &dataset->labels, capacity, sizeof(uint8_t)));
	CP_TRY(cp_resize(context, &dataset->units, capacity, sizeof(uint64_t)));
	CP_TRY(cp_resize(context, &dataset->contents, capacity, sizeof(uint64_t)));
	if (dataset->weights != NULL)
		CP_TRY(cp_resize(context, &dataset->weights, capacity, sizeof(double)));
	if (dataset->times != NULL)
		CP_TRY(cp_resize(context, &dataset->times, capacity, sizeof(double)));
	if (dataset->max_rows != 0)
		CP_TRY(cp_resize(context, &dataset->draws, capacity, sizeof(uint64_t)));
	dataset->capacity = (uint32_t) capacity;
	return CP_OK;
}

CpStatus
cp_dataset_begin_row(CpDataset *dataset)
{
	dataset->content = 0;
	return dataset->rows < dataset->capacity ? CP_OK : grow(dataset);
}

static uint64_t
word_of(double value)
{
	uint64_t word;

	value += 0.0; /* -0 becomes 0 */
	memcpy(&word, &value, sizeof(word));
	return isnan(value) ? MISSING_WORD : word;
}

void
cp_dataset_set_number(CpDataset *dataset, uint32_t column, double value)
{
	dataset->columns[column].numbers[dataset->rows] = value;
	dataset->content = cp_hash_add(dataset->content, word_of(value));
}

CpStatus
cp_dataset_set_text(CpDataset *dataset, uint32_t column, const char *text, size_t length)
{
	CpColumn *target = &dataset->columns[column];
	uint32_t code;

	if (target->dropped != CP_KEPT)
	{
		dataset->content =
			cp_hash_add(dataset->content, cp_hash_bytes(text, length, CP_DICTIONARY_SEED));
		return CP_OK;
	}
	CP_TRY(cp_dictionary_add(&target->texts, text, length, &code));
	target->codes[dataset->rows] = code;
	dataset->content = cp_hash_add(dataset->content, target->texts.hash[code]);
	if (target->texts.count >= CP_ID_DISTINCT_MAX)
	{
		target->dropped = CP_DROPPED_ID;
		cp_free(dataset->context, &target->codes);
		cp_dictionary_free(&target->texts);
	}
	return CP_OK;
}

void
cp_dataset_set_missing(CpDataset *dataset, uint32_t column)
{
	CpColumn *target = &dataset->columns[column];

	if (target->kind != CP_CATEGORY)
		target->numbers[dataset->rows] = NAN;
	else if (target->dropped == CP_KEPT)
		target->codes[dataset->rows] = CP_NO_CODE;
	dataset->content = cp_hash_add(dataset->content, MISSING_WORD);
}

/* By the row's identity; without one by its number of arrival, since rows may be equal. */
static uint64_t
draw_of(const CpDataset *dataset, const CpRowInfo *info)
{
	return cp_hash_mix((info->identity != 0 ? info->identity : dataset->arrived) ^
	                   cp_hash_mix(dataset->seed ^ DRAW_STREAM));
}

static void
move_row(CpDataset *dataset, uint32_t to, uint32_t from)
{
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		CpColumn *column = &dataset->columns[c];

		if (column->numbers != NULL)
			column->numbers[to] = column->numbers[from];
		if (column->codes != NULL)
			column->codes[to] = column->codes[from];
	}
	dataset->labels[to] = dataset->labels[from];
	dataset->units[to] = dataset->units[from];
	dataset->draws[to] = dataset->draws[from];
	dataset->contents[to] = dataset->contents[from];
	if (dataset->weights != NULL)
		dataset->weights[to] = dataset->weights[from];
	if (dataset->times != NULL)
		dataset->times[to] = dataset->times[from];
}

/* Keep the max_rows rows with the smallest draws, and those that share the last of these, in their order. */
static CpStatus
thin(CpDataset *dataset)
{
	CpContext *context = dataset->context;
	uint32_t n = dataset->rows;
	uint64_t *draws;
	uint32_t *rows;

	CP_TRY(cp_alloc(context, &draws, n, sizeof(uint64_t)));
	CP_TRY(cp_alloc_zero(context, &rows, n, sizeof(uint32_t)));
	memcpy(draws, dataset->draws, n * sizeof(uint64_t));
	CP_TRY(cp_sort_rows(context, draws, rows, n));
	dataset->largest_draw = draws[dataset->max_rows - 1];
	dataset->rows = 0;
	for (uint32_t row = 0; row < n; row++)
		if (dataset->draws[row] <= dataset->largest_draw)
			move_row(dataset, dataset->rows++, row);
	dataset->thin_at = dataset->rows + dataset->max_rows / 2 + 1;
	cp_free(context, &draws);
	cp_free(context, &rows);
	return CP_OK;
}

CpStatus
cp_dataset_end_row(CpDataset *dataset, const CpRowInfo *info)
{
	uint32_t row = dataset->rows;

	dataset->arrived++;
	dataset->labels[row] = info->churned;
	dataset->units[row] = info->unit;
	dataset->content = cp_hash_add(dataset->content, info->churned);
	if (dataset->weights != NULL)
	{
		dataset->weights[row] = info->weight;
		dataset->content = cp_hash_add(dataset->content, word_of(info->weight));
	}
	if (dataset->times != NULL)
	{
		dataset->times[row] = info->time;
		dataset->content = cp_hash_add(dataset->content, word_of(info->time));
	}
	dataset->contents[row] = dataset->content;
	if (dataset->max_rows == 0)
		dataset->rows++;
	else if (draw_of(dataset, info) <= dataset->largest_draw)
	{
		dataset->draws[dataset->rows++] = draw_of(dataset, info);
		if (dataset->rows >= dataset->thin_at)
			CP_TRY(thin(dataset));
	}
	return CP_OK;
}

/* For ordering the texts of a column: more frequent first, then by bytes. */
typedef struct Level
{
	uint32_t code;
	uint32_t count;
	const char *text;
	size_t length;
} Level;

static int
compare_levels(const void *left, const void *right)
{
	const Level *a = left;
	const Level *b = right;
	size_t common = a->length < b->length ? a->length : b->length;
	int order;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	order = memcmp(a->text, b->text, common);
	if (order != 0)
		return order;
	return (a->length > b->length) - (a->length < b->length);
}

/* The texts of a column by frequency; texts of rows that were thinned out count nothing. */
static CpStatus
rank_levels(CpDataset *dataset, const CpColumn *column, Level **levels, uint32_t *used,
            uint32_t *seen)
{
	uint32_t count = column->texts.count;

	CP_TRY(cp_alloc_zero(dataset->context, levels, count, sizeof(Level)));
	*used = *seen = 0;
	for (uint32_t code = 0; code < count; code++)
	{
		(*levels)[code].code = code;
		(*levels)[code].text = cp_dictionary_text(&column->texts, code, &(*levels)[code].length);
	}
	for (uint32_t row = 0; row < dataset->rows; row++)
		if (column->codes[row] != CP_NO_CODE)
		{
			*used += (*levels)[column->codes[row]].count++ == 0;
			(*seen)++;
		}
	qsort(*levels, count, sizeof(Level), compare_levels);
	return CP_OK;
}

/* Give every row its level and let the dictionary hold the levels alone. */
static CpStatus
settle_levels(CpDataset *dataset, CpColumn *column, const Level *levels, uint32_t used)
{
	uint32_t kept = used < CP_MAX_LEVELS ? used : CP_MAX_LEVELS;
	CpDictionary texts;
	uint8_t *level_of;
	uint32_t code;

	CP_TRY(cp_alloc(dataset->context, &level_of, column->texts.count, 1));
	memset(level_of, (int) kept, column->texts.count); /* other */
	cp_dictionary_init(&texts, dataset->context);
	for (uint32_t level = 0; level < kept; level++)
	{
		CP_TRY(cp_dictionary_add(&texts, levels[level].text, levels[level].length, &code));
		level_of[levels[level].code] = (uint8_t) level;
	}
	cp_dictionary_free(&column->texts);
	column->texts = texts;
	CP_TRY(cp_alloc(dataset->context, &column->levels, dataset->rows, 1));
	for (uint32_t row = 0; row < dataset->rows; row++)
		column->levels[row] = column->codes[row] == CP_NO_CODE ? (uint8_t) CP_LEVEL_MISSING(column)
		                                                       : level_of[column->codes[row]];
	cp_free(dataset->context, &column->codes);
	cp_free(dataset->context, &level_of);
	return CP_OK;
}

static CpStatus
finish_category(CpDataset *dataset, CpColumn *column)
{
	Level *levels;
	uint32_t used, seen;

	CP_TRY(rank_levels(dataset, column, &levels, &used, &seen));
	if (used == 0)
		column->dropped = CP_DROPPED_EMPTY;
	else if (used == 1 && seen == dataset->rows)
		column->dropped = CP_DROPPED_CONSTANT;
	else if (used >= CP_ID_DISTINCT && used > CP_ID_SHARE * seen)
		column->dropped = CP_DROPPED_ID;
	if (column->dropped == CP_KEPT)
		CP_TRY(settle_levels(dataset, column, levels, used));
	else
		cp_free(dataset->context, &column->codes);
	cp_free(dataset->context, &levels);
	return CP_OK;
}

static void
finish_number(CpDataset *dataset, CpColumn *column)
{
	uint32_t seen = 0;
	bool varies = false;
	double first = NAN;

	for (uint32_t row = 0; row < dataset->rows; row++)
	{
		double value = column->numbers[row];

		if (isnan(value))
			continue;
		if (seen++ == 0)
			first = value;
		varies |= value != first;
	}
	if (seen == 0)
		column->dropped = CP_DROPPED_EMPTY;
	else if (!varies && seen == dataset->rows)
		column->dropped = CP_DROPPED_CONSTANT;
	if (column->dropped != CP_KEPT)
		cp_free(dataset->context, &column->numbers);
}

bool
cp_scale_weights(double *weights, uint32_t n)
{
	double largest = 0, sum = 0;

	for (uint32_t row = 0; row < n; row++)
		largest = weights[row] > largest ? weights[row] : largest;
	if (largest == 0)
		return n == 0;
	/* By way of the largest: sums of huge or tiny weights would overflow or vanish. */
	for (uint32_t row = 0; row < n; row++)
	{
		weights[row] /= largest;
		/* Steps of 2^-22 add up exactly, in whatever order the rows came. */
		sum += floor(weights[row] * 4194304) / 4194304;
	}
	for (uint32_t row = 0; row < n; row++)
		weights[row] *= n / sum;
	return true;
}

CpStatus
cp_dataset_finish(CpDataset *dataset)
{
	if (dataset->max_rows != 0 && dataset->rows > dataset->max_rows)
		CP_TRY(thin(dataset));
	if (dataset->weights != NULL && !cp_scale_weights(dataset->weights, dataset->rows))
		return cp_fail(dataset->context, CP_BAD_DATA, "All weights are zero.");
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		CpColumn *column = &dataset->columns[c];

		CP_TRY(cp_poll(dataset->context));
		if (column->dropped != CP_KEPT)
			continue;
		if (column->kind == CP_CATEGORY)
			CP_TRY(finish_category(dataset, column));
		else
			finish_number(dataset, column);
	}
	return CP_OK;
}

static CpStatus
copy_feature(CpContext *context, const CpColumn *column, CpFeature *feature)
{
	size_t length = strlen(column->name) + 1;
	uint32_t ignored;

	CP_TRY(cp_alloc(context, &feature->name, length, 1));
	memcpy(feature->name, column->name, length);
	feature->kind = column->kind;
	cp_dictionary_init(&feature->levels, context);
	for (uint32_t level = 0; level < column->texts.count; level++)
	{
		const char *text = cp_dictionary_text(&column->texts, level, &length);

		CP_TRY(cp_dictionary_add(&feature->levels, text, length, &ignored));
	}
	return CP_OK;
}

CpStatus
cp_dataset_featuremap(const CpDataset *dataset, CpFeatureMap *map)
{
	memset(map, 0, sizeof(*map));
	CP_TRY(cp_alloc_zero(dataset->context, &map->features, dataset->ncolumns, sizeof(CpFeature)));
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
		if (dataset->columns[c].dropped == CP_KEPT)
			CP_TRY(
				copy_feature(dataset->context, &dataset->columns[c], &map->features[map->count++]));
	return CP_OK;
}

CpStatus
cp_dataset_order(const CpDataset *dataset, uint64_t seed, uint32_t **order)
{
	CpContext *context = dataset->context;
	uint32_t n = dataset->rows;
	uint64_t *keys;

	CP_TRY(cp_alloc(context, order, n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &keys, n, sizeof(uint64_t)));
	for (uint32_t row = 0; row < n; row++)
	{
		(*order)[row] = row;
		keys[row] = dataset->contents[row];
	}
	CP_TRY(cp_sort_rows(context, keys, *order, n));
	for (uint32_t i = 0, equals = 0; i < n; i++)
	{
		uint32_t row = (*order)[i];
		uint64_t unit = dataset->units[row];

		if (i > 0 && dataset->contents[row] != dataset->contents[(*order)[i - 1]])
			equals = 0;
		if (unit == 0)
			unit = cp_hash_add(dataset->contents[row], equals++);
		keys[i] = cp_hash_mix(cp_hash_mix(seed) ^ unit);
	}
	CP_TRY(cp_sort_rows(context, keys, *order, n));
	cp_free(context, &keys);
	return CP_OK;
}

double
cp_dataset_value(const CpColumn *column, uint32_t row)
{
	if (column->kind != CP_CATEGORY)
		return column->numbers[row];
	return column->levels[row] == CP_LEVEL_MISSING(column) ? NAN : column->levels[row];
}

void
cp_dataset_vector(const CpDataset *dataset, uint32_t row, double *vector)
{
	uint32_t f = 0;

	for (uint32_t c = 0; c < dataset->ncolumns; c++)
		if (dataset->columns[c].dropped == CP_KEPT)
			vector[f++] = cp_dataset_value(&dataset->columns[c], row);
}
