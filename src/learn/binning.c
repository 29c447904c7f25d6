/*
 * binning.c: every value a byte, laid out for histograms.
 */
#include "learn/binning.h"

#include <math.h>
#include <string.h>

#include "num/sort.h"

/* Features of more bins than this have a field to themselves. */
#define SHARED_BINS 128
/* Rows between two looks at the poll: some milliseconds. */
#define POLL_ROWS (1u << 18)

/* A value that separates a from the next larger b: a <= cut < b. */
static double
cut_between(double a, double b)
{
	double middle = a / 2 + b / 2;

	return middle >= a && middle < b ? middle : a;
}

uint32_t
cp_place_cuts(const double *values, uint32_t n, uint32_t max_bins, double *cuts)
{
	uint32_t ncuts = 0, begin = 0, end;
	uint32_t distinct = n > 0;

	for (uint32_t i = 1; i < n && distinct <= max_bins; i++)
		distinct += values[i] != values[i - 1];
	/* A bin is closed when it holds its share of what is left, so a heavy value takes room from no other. */
	for (end = 1; end < n && ncuts < max_bins - 1; end++)
	{
		double share = distinct <= max_bins ? 1 : (double) (n - begin) / (max_bins - ncuts);

		if (values[end] == values[end - 1] || end - begin < share)
			continue;
		cuts[ncuts++] = cut_between(values[end - 1], values[end]);
		begin = end;
	}
	return ncuts;
}

static CpStatus
describe_number(CpContext *context, const CpColumn *column, const uint32_t *rows, uint32_t n,
                uint32_t max_bins, double *values, double *scratch, CpBinFeature *feature)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		double value = column->numbers[rows[i]];

		values[seen] = value;
		seen += !isnan(value);
	}
	CP_TRY(cp_sort_doubles(context, values, scratch, seen));
	CP_TRY(cp_alloc(context, &feature->cuts, max_bins, sizeof(double)));
	feature->ncuts = cp_place_cuts(values, seen, max_bins, feature->cuts);
	CP_TRY(cp_resize(context, &feature->cuts, feature->ncuts, sizeof(double)));
	feature->has_missing = seen < n;
	feature->bins = feature->ncuts + 1 + feature->has_missing;
	return CP_OK;
}

static void
describe_category(const CpColumn *column, const uint32_t *rows, uint32_t n, CpBinFeature *feature)
{
	feature->category = true;
	feature->levels = column->texts.count;
	for (uint32_t i = 0; i < n; i++)
	{
		uint8_t level = column->levels[rows[i]];

		feature->has_other |= level == CP_LEVEL_OTHER(column);
		feature->has_missing |= level == CP_LEVEL_MISSING(column);
	}
	feature->bins = feature->levels + feature->has_other + feature->has_missing;
}

/* Put every feature into the first field with room for its digit; large ones first. */
static CpStatus
assign_fields(CpContext *context, CpBinned *binned)
{
	CP_TRY(cp_alloc(context, &binned->field_codes, binned->nfeatures, sizeof(uint32_t)));
	for (uint32_t bins = CP_FIELD_CODES; bins > 0; bins--)
		for (uint32_t f = 0; f < binned->nfeatures; f++)
		{
			CpBinFeature *feature = &binned->features[f];
			uint32_t field = 0;

			if (feature->bins != bins)
				continue;
			while (field < binned->nfields &&
			       (bins > SHARED_BINS || binned->field_codes[field] * bins > CP_FIELD_CODES))
				field++;
			if (field == binned->nfields)
				binned->field_codes[binned->nfields++] = 1;
			feature->field = field;
			feature->divisor = binned->field_codes[field];
			binned->field_codes[field] *= bins;
			for (uint32_t code = 0; code < CP_FIELD_CODES; code++)
				feature->digit[code] = (uint8_t) (code / feature->divisor % bins);
		}
	binned->nblocks = (binned->nfields + CP_BLOCK_FIELDS - 1) / CP_BLOCK_FIELDS;
	return CP_OK;
}

/* The bin of a dataset's value. */
static inline uint32_t
bin_of(const CpBinFeature *feature, const CpColumn *column, uint32_t row)
{
	double value;

	if (feature->category)
	{
		uint32_t level = column->levels[row];

		return level == CP_LEVEL_MISSING(column) ? feature->bins - 1 : level;
	}
	value = column->numbers[row];
	return isnan(value) ? feature->bins - 1
	                    : cp_bin_of_number(feature->cuts, feature->ncuts, value);
}

static CpStatus
fill_words(CpContext *context, const CpDataset *dataset, const uint32_t *rows, CpBinned *binned)
{
	size_t n = binned->rows;
	uint32_t f = 0;

	CP_TRY(cp_alloc_zero(context, &binned->words, n * binned->nblocks, sizeof(uint64_t)));
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		const CpColumn *column = &dataset->columns[c];
		const CpBinFeature *feature;
		uint64_t *words;
		uint64_t place;

		if (column->dropped != CP_KEPT)
			continue;
		feature = &binned->features[f++];
		words = binned->words + n * (feature->field / CP_BLOCK_FIELDS);
		place = (uint64_t) feature->divisor << (8 * (feature->field % CP_BLOCK_FIELDS));
		for (size_t i = 0; i < n; i++)
		{
			words[i] += place * bin_of(feature, column, rows[i]);
			if (i % POLL_ROWS == 0)
				CP_TRY(cp_poll(context));
		}
	}
	return CP_OK;
}

CpStatus
cp_bin(const CpDataset *dataset, const uint32_t *rows, uint32_t n, uint32_t max_bins,
       CpBinned *binned)
{
	CpContext *context = dataset->context;
	double *values, *scratch;

	memset(binned, 0, sizeof(*binned));
	binned->rows = n;
	CP_TRY(cp_alloc_zero(context, &binned->features, dataset->ncolumns, sizeof(CpBinFeature)));
	CP_TRY(cp_alloc(context, &values, n, sizeof(double)));
	CP_TRY(cp_alloc(context, &scratch, n, sizeof(double)));
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		const CpColumn *column = &dataset->columns[c];
		CpBinFeature *feature = &binned->features[binned->nfeatures];

		if (column->dropped != CP_KEPT)
			continue;
		CP_TRY(cp_poll(context));
		if (column->kind == CP_CATEGORY)
			describe_category(column, rows, n, feature);
		else
			CP_TRY(describe_number(context, column, rows, n, max_bins, values, scratch, feature));
		binned->nfeatures++;
	}
	cp_free(context, &values);
	cp_free(context, &scratch);
	CP_TRY(assign_fields(context, binned));
	return fill_words(context, dataset, rows, binned);
}

void
cp_binned_free(CpContext *context, CpBinned *binned)
{
	for (uint32_t f = 0; f < binned->nfeatures; f++)
		cp_free(context, &binned->features[f].cuts);
	cp_free(context, &binned->features);
	cp_free(context, &binned->field_codes);
	cp_free(context, &binned->words);
}
