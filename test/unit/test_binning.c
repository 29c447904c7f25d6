/*
 * test_binning.c: cuts, bins, and digits that share a byte, each against the
 * obvious way.
 */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "learn/binning.h"
#include "learn_data.h"
#include "num/rng.h"
#include "num/sort.h"

#define MOST 6000

extern void test_binning(void);

/* ---- cuts ---- */

static double
any_value(CpRng *rng)
{
	uint64_t bits;
	double value;

	do
	{
		bits = cp_rng_bits(rng);
		memcpy(&value, &bits, sizeof(value));
	} while (isnan(value));
	return value;
}

static double
few_values(CpRng *rng)
{
	return (double) cp_rng_below(rng, 40) * 0.1;
}

/* As many as there are bins, give or take some. */
static double
about_255(CpRng *rng)
{
	return (double) cp_rng_below(rng, 258);
}

static double
skewed(CpRng *rng)
{
	double z = cp_rng_normal(rng);

	return cp_rng_uniform(rng) < 0.4 ? 0 : floor(fabs(z * z * z) * 1000) / 100;
}

static double
normal(CpRng *rng)
{
	return cp_rng_normal(rng);
}

/* Neighbours among the doubles, where nothing lies between two. */
static double
neighbours(CpRng *rng)
{
	double value = 1;

	for (uint64_t steps = cp_rng_below(rng, 300); steps > 0; steps--)
		value = nextafter(value, 2);
	return value;
}

static double
extremes(CpRng *rng)
{
	static const double choice[] = {-INFINITY, -DBL_MAX, -1e300,   -DBL_MIN, -4.9e-324,
	                                -0.0,      0.0,      4.9e-324, 9.9e-324, DBL_MIN,
	                                1,         1e300,    DBL_MAX,  INFINITY};

	return choice[cp_rng_below(rng, 14)];
}

typedef double (*Draw)(CpRng *rng);

static const Draw draws[] = {any_value, few_values, about_255, skewed,
                             normal,    neighbours, extremes};

#define DRAWS (sizeof(draws) / sizeof(draws[0]))

static uint32_t
naive_bin(const double *cuts, uint32_t ncuts, double value)
{
	uint32_t bin = 0;

	for (uint32_t c = 0; c < ncuts; c++)
		bin += cuts[c] < value;
	return bin;
}

/* Every cut parts two neighbouring values; no bin is empty, nor fuller than it must be. */
static void
check_cuts_of(const double *values, uint32_t n, uint32_t max_bins)
{
	static double cuts[CP_MAX_BINS];
	static uint32_t of_bin[CP_MAX_BINS];
	uint32_t distinct = n > 0;
	uint32_t ncuts;
	double share;

	for (uint32_t i = 1; i < n; i++)
		distinct += values[i] != values[i - 1];
	cuts[max_bins - 1] = 4711;
	ncuts = cp_place_cuts(values, n, max_bins, cuts);
	REQUIRE(ncuts < max_bins);
	CHECK(max_bins > CP_MAX_BINS - 1 || cuts[max_bins - 1] == 4711);
	if (distinct <= max_bins)
		CHECK_EQUAL(distinct == 0 ? 0 : distinct - 1, ncuts);
	for (uint32_t c = 0; c < ncuts; c++)
		CHECK(!isnan(cuts[c]) && (c == 0 || cuts[c - 1] < cuts[c]));
	memset(of_bin, 0, sizeof(of_bin));
	for (uint32_t i = 0; i < n; i++)
		of_bin[naive_bin(cuts, ncuts, values[i])]++;
	for (uint32_t bin = 0; bin < ncuts + (n > 0); bin++)
		CHECK(of_bin[bin] > 0);
	if (distinct <= max_bins)
		return;
	/* Without the rows of its last value a bin holds less than its share of what was left. */
	for (uint32_t bin = 0, begin = 0; bin < ncuts; begin += of_bin[bin++])
	{
		uint32_t last = begin + of_bin[bin] - 1;

		share = (double) (n - begin) / (max_bins - bin);
		while (last > begin && values[last] == values[begin + of_bin[bin] - 1])
			last--;
		CHECK(of_bin[bin] >= share);
		CHECK(last == begin || last + 1 - begin < share);
	}
}

static void
check_cuts(void)
{
	static const uint32_t lengths[] = {0, 1, 2, 3, 10, 254, 255, 256, 257, 1000, MOST};
	static const uint32_t most_bins[] = {2, 3, 16, 254, 255};
	static double values[MOST], scratch[MOST];
	CpRng rng;

	cp_rng_init(&rng, 8, 0);
	for (size_t d = 0; d < DRAWS; d++)
		for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
		{
			for (uint32_t i = 0; i < lengths[l]; i++)
				values[i] = draws[d](&rng);
			cp_sort_doubles(NULL, values, scratch, lengths[l]);
			for (size_t m = 0; m < sizeof(most_bins) / sizeof(most_bins[0]); m++)
				check_cuts_of(values, lengths[l], most_bins[m]);
		}
}

/* Distinct values without ties are shared out evenly, to one row. */
static void
check_even_bins(void)
{
	static double values[MOST];
	double cuts[CP_MAX_BINS];
	uint32_t ncuts;
	uint32_t of_bin[CP_MAX_BINS] = {0};

	for (uint32_t i = 0; i < MOST; i++)
		values[i] = i * 0.37 - 100;
	ncuts = cp_place_cuts(values, MOST, CP_MAX_BINS, cuts);
	CHECK_EQUAL(CP_MAX_BINS - 1, ncuts);
	for (uint32_t i = 0; i < MOST; i++)
		of_bin[naive_bin(cuts, ncuts, values[i])]++;
	for (uint32_t bin = 0; bin <= ncuts; bin++)
		CHECK(of_bin[bin] == MOST / CP_MAX_BINS || of_bin[bin] == MOST / CP_MAX_BINS + 1);
}

/* As many values as bins: each has its own, though the first or the last holds nearly all rows. */
static void
check_own_bins(void)
{
	static double values[MOST];

	for (uint32_t i = 0; i < MOST; i++)
		values[i] = i < MOST - 254 ? 0 : i;
	check_cuts_of(values, MOST, 255);
	check_cuts_of(values, MOST, 254);
	for (uint32_t i = 0; i < MOST; i++)
		values[i] = i < 254 ? i : 254;
	check_cuts_of(values, MOST, 255);
	check_cuts_of(values, MOST, 254);
}

/* Between two values the cut is in the middle, so that unseen ones go to the nearer. */
static void
check_middle(void)
{
	static const double pairs[][2] = {
		{1, 2}, {-3, 5}, {-DBL_MAX, DBL_MAX}, {1e308, 1.5e308}, {0, 1e-300}};
	double cut;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
	{
		CHECK_EQUAL(1, cp_place_cuts(pairs[i], 2, 255, &cut));
		CHECK(cut == pairs[i][0] / 2 + pairs[i][1] / 2);
	}
}

static void
check_bin_of_number(void)
{
	double cuts[254];
	CpRng rng;

	cp_rng_init(&rng, 21, 0);
	for (uint32_t ncuts = 0; ncuts <= 254; ncuts++)
	{
		for (uint32_t c = 0; c < ncuts; c++)
			cuts[c] = c == 0 && ncuts % 3 == 0 ? -INFINITY : c * 1.5 - 100;
		for (uint32_t c = 0; c < ncuts; c++)
		{
			CHECK_EQUAL(c, cp_bin_of_number(cuts, ncuts, cuts[c]));
			CHECK_EQUAL(c + 1, cp_bin_of_number(cuts, ncuts, nextafter(cuts[c], INFINITY)));
			CHECK_EQUAL(c, cp_bin_of_number(cuts, ncuts, nextafter(cuts[c], -INFINITY)));
		}
		CHECK_EQUAL(ncuts, cp_bin_of_number(cuts, ncuts, INFINITY));
		CHECK_EQUAL(0, cp_bin_of_number(cuts, ncuts, -INFINITY));
		for (int i = 0; i < 20; i++)
		{
			double value = (cp_rng_uniform(&rng) - 0.5) * 600;

			CHECK_EQUAL(naive_bin(cuts, ncuts, value), cp_bin_of_number(cuts, ncuts, value));
		}
	}
}

/* ---- fields ---- */

#define ROWS 2000
#define COLUMNS 24

/* Columns of 1 to 256 bins, with and without missing values. */
static double
value_of(CpRng *rng, uint32_t column)
{
	if (column % 3 == 1 && cp_rng_uniform(rng) < 0.1)
		return NAN;
	switch (column)
	{
		case 0: /* category of 254 levels, other and missing: all codes of a byte */
		case 1:
			return column == 1 && cp_rng_uniform(rng) < 0.02 ? NAN
			       : cp_rng_uniform(rng) < 0.05 ? 1000 + (double) cp_rng_below(rng, 300)
			                                    : (double) cp_rng_below(rng, 254);
		case 2:
		case 4: /* more values than bins */
			return cp_rng_normal(rng);
		case 3: /* 128 values: two of these do not share */
		case 5:
			return (double) cp_rng_below(rng, 128);
		case 6:
			return extremes(rng);
		case 7:
			return 1; /* one value or missing */
		case 8:
		case 9:
			return (double) cp_rng_below(rng, 16);
		default:
			return (double) cp_rng_below(rng, 2 + column % 5);
	}
}

typedef struct Fields
{
	double values[ROWS * COLUMNS];
	uint8_t labels[ROWS];
	uint32_t rows[ROWS];
	CpKind kinds[COLUMNS];
	LearnTable table;
} Fields;

static void
make_fields(Fields *fields)
{
	CpRng rng;

	cp_rng_init(&rng, 77, 0);
	for (uint32_t c = 0; c < COLUMNS; c++)
		fields->kinds[c] = c < 2 || c % 7 == 3 ? CP_CATEGORY : c % 5 == 0 ? CP_BOOLEAN : CP_NUMBER;
	fields->kinds[3] = CP_NUMBER;
	for (uint32_t i = 0; i < ROWS * COLUMNS; i++)
		fields->values[i] = value_of(&rng, i % COLUMNS);
	for (uint32_t row = 0; row < ROWS; row++)
		fields->rows[row] = row;
	cp_rng_shuffle(&rng, fields->rows, ROWS);
	memset(&fields->table, 0, sizeof(fields->table));
	fields->table.rows = ROWS;
	fields->table.ncolumns = COLUMNS;
	fields->table.kinds = fields->kinds;
	fields->table.values = fields->values;
	fields->table.labels = fields->labels;
}

/* The bin that binning.h promises a value. */
static uint32_t
expected_bin(const CpBinFeature *feature, const CpColumn *column, uint32_t row)
{
	double value = cp_dataset_value(column, row);

	if (isnan(value))
		return feature->bins - 1;
	return feature->category ? (uint32_t) value : naive_bin(feature->cuts, feature->ncuts, value);
}

static void
check_feature(const CpDataset *dataset, const CpBinned *binned, uint32_t f, const CpColumn *column,
              const uint32_t *rows)
{
	const CpBinFeature *feature = &binned->features[f];
	bool missing = false, other = false;

	(void) dataset;
	for (uint32_t i = 0; i < binned->rows; i++)
	{
		uint64_t word = binned->words[(size_t) (feature->field / 8) * binned->rows + i];
		uint8_t code = (uint8_t) (word >> (8 * (feature->field % 8)));
		double value = cp_dataset_value(column, rows[i]);

		missing |= isnan(value);
		other |= feature->category && value == feature->levels;
		CHECK(code < binned->field_codes[feature->field]);
		CHECK_EQUAL(expected_bin(feature, column, rows[i]), feature->digit[code]);
	}
	CHECK(feature->has_missing == missing && feature->has_other == other);
	CHECK_EQUAL(feature->category ? feature->levels + other + missing
	                              : feature->ncuts + 1 + missing,
	            feature->bins);
	CHECK(feature->bins <= 256);
}

static void
check_binned(const CpDataset *dataset, const CpBinned *binned, const uint32_t *rows)
{
	uint32_t f = 0;
	uint32_t codes[COLUMNS];

	for (uint32_t field = 0; field < COLUMNS; field++)
		codes[field] = 1;
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
		if (dataset->columns[c].dropped == CP_KEPT)
		{
			check_feature(dataset, binned, f, &dataset->columns[c], rows);
			codes[binned->features[f].field] *= binned->features[f].bins;
			f++;
		}
	CHECK_EQUAL(f, binned->nfeatures);
	CHECK_EQUAL((binned->nfields + 7) / 8, binned->nblocks);
	for (uint32_t field = 0; field < binned->nfields; field++)
		CHECK(codes[field] == binned->field_codes[field] && codes[field] <= 256);
}

static void
check_fields(void)
{
	static Fields fields;
	static const uint32_t counts[] = {ROWS, 900, 1, 0};
	CpDataset dataset;
	bool full = false, shared = false;

	make_fields(&fields);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (uint32_t max_bins = 2; max_bins <= 255; max_bins += 253)
		{
			CpBinned binned;

			REQUIRE_OK(learn_dataset(&dataset, unit_context(), &fields.table));
			REQUIRE_OK(cp_bin(&dataset, fields.rows, counts[i], max_bins, &binned));
			check_binned(&dataset, &binned, fields.rows);
			for (uint32_t f = 0; f < binned.nfeatures; f++)
			{
				full |= binned.features[f].bins == 256;
				shared |= binned.field_codes[binned.features[f].field] > binned.features[f].bins;
				CHECK(binned.features[f].ncuts < max_bins);
			}
			CHECK(max_bins == 2 || counts[i] < ROWS || binned.nblocks == 2);
			cp_binned_free(dataset.context, &binned);
		}
	CHECK(full && shared);
}

/* Sixteen yes/no columns take two fields. */
static void
check_packing(void)
{
	static double values[200 * 16];
	static uint8_t labels[200];
	CpKind kinds[16];
	uint32_t rows[200];
	LearnTable table = {0};
	CpDataset dataset;
	CpBinned binned;

	for (uint32_t i = 0; i < 200 * 16; i++)
		values[i] = (i / 16 >> (i % 16 % 8)) & 1;
	for (uint32_t i = 0; i < 200; i++)
		rows[i] = i;
	for (uint32_t c = 0; c < 16; c++)
		kinds[c] = CP_BOOLEAN;
	table.rows = 200;
	table.ncolumns = 16;
	table.kinds = kinds;
	table.values = values;
	table.labels = labels;
	REQUIRE_OK(learn_dataset(&dataset, unit_context(), &table));
	REQUIRE_OK(cp_bin(&dataset, rows, 200, 255, &binned));
	CHECK_EQUAL(2, binned.nfields);
	CHECK_EQUAL(1, binned.nblocks);
	check_binned(&dataset, &binned, rows);
}

static void
check_failures(void)
{
	static Fields fields;
	CpStatus status = CP_NO_MEMORY;

	make_fields(&fields);
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();
		CpDataset dataset;
		CpBinned binned;
		size_t used;

		REQUIRE_OK(learn_dataset(&dataset, context, &fields.table));
		used = unit_live_blocks();
		unit_fail_allocation(nth);
		status = cp_bin(&dataset, fields.rows, ROWS, 255, &binned);
		if (status == CP_OK)
		{
			cp_binned_free(context, &binned);
			CHECK_EQUAL(used, unit_live_blocks());
		}
		else
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 1000);
	}
	for (size_t polls = 0; status != CP_OK || polls < 3; polls++)
	{
		CpDataset dataset;
		CpBinned binned;

		REQUIRE_OK(learn_dataset(&dataset, unit_context(), &fields.table));
		unit_cancel_after(polls);
		status = cp_bin(&dataset, fields.rows, ROWS, 255, &binned);
		CHECK(status == CP_OK || status == CP_CANCELLED);
		REQUIRE(polls < 1000);
	}
}

void
test_binning(void)
{
	UNIT_CASE("cuts part values, bins hold their share", check_cuts);
	UNIT_CASE("distinct values are shared out evenly", check_even_bins);
	UNIT_CASE("as many values as bins have a bin each", check_own_bins);
	UNIT_CASE("a cut lies in the middle", check_middle);
	UNIT_CASE("the bin of a number is the count of cuts below", check_bin_of_number);
	UNIT_CASE("digits of shared fields are the bins", check_fields);
	UNIT_CASE("yes/no columns share two fields", check_packing);
	UNIT_CASE("each allocation that fails, each poll that stops", check_failures);
}
