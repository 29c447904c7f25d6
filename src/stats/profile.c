/*
 * profile.c: what the customers looked like in the reference, and counting how they look now.
 */
#include "stats/profile.h"

#include <math.h>
#include <string.h>

#include "num/sort.h"

#define PROFILE_FORMAT 1

CpStatus
cp_profile_init(CpProfile *profile, CpContext *context, uint32_t count)
{
	memset(profile, 0, sizeof(*profile));
	profile->count = count;
	profile->churn_rate = NAN;
	CP_TRY(cp_alloc_zero(context, &profile->features, count, sizeof(CpReference)));
	return cp_alloc_zero(context, &profile->categories, count, sizeof(bool));
}

uint32_t
cp_profile_sample_size(uint32_t count)
{
	size_t fit = CP_PROFILE_BYTES / (count * sizeof(double));

	return fit < CP_PROFILE_ROWS ? (uint32_t) fit : CP_PROFILE_ROWS;
}

/* --- references ------------------------------------------------------------ */

/* Weight of the rows with a value and of those without; rows: what all are worth. */
typedef struct Weighing
{
	double present;
	double missing;
	double rows;
} Weighing;

static Weighing
weigh(const double *values, const double *weights, uint32_t n)
{
	Weighing weighing = {0, 0, n};
	double squares = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		double weight = weights == NULL ? 1 : weights[i];

		*(isnan(values[i]) ? &weighing.missing : &weighing.present) += weight;
		squares += weight * weight;
	}
	if (weights != NULL && squares > 0)
		weighing.rows =
			(weighing.present + weighing.missing) * (weighing.present + weighing.missing) / squares;
	return weighing;
}

static CpStatus
sort_numbers(CpContext *context, const double *values, const double *weights, uint32_t n,
             CpSorted *sorted)
{
	uint64_t *keys;
	uint32_t *rows;
	double passed = 0;

	memset(sorted, 0, sizeof(*sorted));
	CP_TRY(cp_alloc(context, &keys, n, sizeof(uint64_t)));
	CP_TRY(cp_alloc(context, &rows, n, sizeof(uint32_t)));
	for (uint32_t i = 0; i < n; i++)
		if (!isnan(values[i]) && (weights == NULL || weights[i] > 0))
		{
			keys[sorted->n] = cp_sort_key_of_double(values[i]);
			rows[sorted->n++] = i;
		}
	CP_TRY(cp_sort_rows(context, keys, rows, sorted->n));
	cp_free(context, &keys);
	CP_TRY(cp_alloc(context, &sorted->values, sorted->n, sizeof(double)));
	if (weights != NULL)
		CP_TRY(cp_alloc(context, &sorted->upto, sorted->n, sizeof(double)));
	for (uint32_t i = 0; i < sorted->n; i++)
	{
		sorted->values[i] = values[rows[i]];
		passed += weights == NULL ? 1 : weights[rows[i]];
		if (weights != NULL)
			sorted->upto[i] = passed;
	}
	sorted->owned = true;
	sorted->total = passed;
	cp_free(context, &rows);
	return CP_OK;
}

static CpStatus
reference_of_codes(CpContext *context, const double *values, const double *weights, uint32_t n,
                   uint32_t cells, const Weighing *weighing, CpReference *reference)
{
	double sums[CP_REFERENCE_CELLS] = {0};

	for (uint32_t i = 0; i < n; i++)
		if (!isnan(values[i]))
			sums[(uint32_t) fmin(values[i], cells - 1)] += weights == NULL ? 1 : weights[i];
	return cp_reference_of_levels(context, sums, cells, weighing->missing, weighing->rows,
	                              reference);
}

CpStatus
cp_profile_feature(CpContext *context, const double *values, const double *weights, uint32_t n,
                   bool category, uint32_t cells, CpReference *reference)
{
	Weighing weighing = weigh(values, weights, n);
	CpSorted sorted;

	CP_TRY(cp_poll(context));
	if (category)
		return reference_of_codes(context, values, weights, n, cells, &weighing, reference);
	CP_TRY(sort_numbers(context, values, weights, n, &sorted));
	CP_TRY(cp_reference_of_numbers(context, &sorted, weighing.missing, weighing.rows, reference));
	cp_sorted_free(context, &sorted);
	return CP_OK;
}

/* --- bytes ------------------------------------------------------------------ */

/* In a byte: what is missing. Codes end at the level "other", which is 254 at most. */
#define CODE_MISSING UINT8_MAX

static void
write_sample(const CpProfile *profile, CpWriter *writer)
{
	cp_write_u32(writer, profile->sample_rows);
	for (uint32_t f = 0; f < profile->count; f++)
		for (uint32_t i = 0; i < profile->sample_rows; i++)
		{
			double value = profile->sample[(size_t) i * profile->count + f];

			if (!profile->categories[f])
				cp_write_f64(writer, value);
			else
				cp_write_u8(writer, isnan(value) ? CODE_MISSING : (uint8_t) value);
		}
}

CpStatus
cp_profile_write(const CpProfile *profile, CpContext *context, CpWriter *writer)
{
	cp_writer_begin(writer, context, CP_PROFILE_MAGIC, PROFILE_FORMAT);
	cp_write_u32(writer, profile->count);
	cp_write_f64(writer, profile->churn_rate);
	cp_write_f64(writer, profile->rows);
	cp_write_u8(writer, profile->score.cells > 0);
	if (profile->score.cells > 0)
		cp_reference_write(&profile->score, writer);
	for (uint32_t f = 0; f < profile->count; f++)
		cp_reference_write(&profile->features[f], writer);
	write_sample(profile, writer);
	return cp_writer_finish(writer);
}

static CpStatus
read_features(CpProfile *profile, const uint32_t *cells, CpReader *reader)
{
	for (uint32_t f = 0; f < profile->count; f++)
	{
		CpReference *feature = &profile->features[f];

		CP_TRY(cp_reference_read(feature, reader));
		profile->categories[f] = cells[f] > 0;
		if ((feature->cuts == NULL) != (cells[f] > 0) ||
		    (cells[f] > 0 && feature->cells != cells[f]))
			cp_reader_reject(reader);
	}
	return reader->failed ? CP_CORRUPT : CP_OK;
}

static CpStatus
read_sample(CpProfile *profile, const uint32_t *cells, CpReader *reader)
{
	profile->sample_rows = cp_read_count(reader, profile->count);
	if (profile->sample_rows > CP_PROFILE_ROWS)
		cp_reader_reject(reader);
	if (reader->failed)
		return CP_CORRUPT;
	CP_TRY(cp_alloc(reader->context, &profile->sample,
	                (size_t) profile->sample_rows * profile->count, sizeof(double)));
	for (uint32_t f = 0; f < profile->count; f++)
		for (uint32_t i = 0; i < profile->sample_rows; i++)
		{
			double *value = &profile->sample[(size_t) i * profile->count + f];
			uint8_t code = profile->categories[f] ? cp_read_u8(reader) : 0;

			*value = !profile->categories[f] ? cp_read_f64(reader)
			         : code == CODE_MISSING  ? NAN
			                                 : code;
			if (profile->categories[f] && code != CODE_MISSING && code >= cells[f])
				cp_reader_reject(reader);
		}
	return CP_OK;
}

static CpStatus
read_totals(CpProfile *profile, CpReader *reader)
{
	profile->churn_rate = cp_read_f64(reader);
	profile->rows = cp_read_f64(reader);
	if (profile->churn_rate < 0 || profile->churn_rate > 1 ||
	    !(profile->rows >= 0 && isfinite(profile->rows)))
		cp_reader_reject(reader);
	if (cp_read_u8(reader) == 0 || reader->failed)
		return reader->status;
	CP_TRY(cp_reference_read(&profile->score, reader));
	if (profile->score.cuts == NULL)
		cp_reader_reject(reader);
	return reader->status;
}

CpStatus
cp_profile_read(CpProfile *profile, CpContext *context, const uint32_t *cells, uint32_t count,
                const void *bytes, size_t length)
{
	CpReader reader;

	memset(profile, 0, sizeof(*profile));
	CP_TRY(cp_reader_open(&reader, context, bytes, length, CP_PROFILE_MAGIC, PROFILE_FORMAT));
	if (cp_read_u32(&reader) != count)
		cp_reader_reject(&reader);
	CP_TRY(cp_profile_init(profile, context, count));
	CP_TRY(read_totals(profile, &reader));
	if (!reader.failed)
		CP_TRY(read_features(profile, cells, &reader));
	if (!reader.failed)
		CP_TRY(read_sample(profile, cells, &reader));
	return cp_reader_close(&reader);
}

/* --- counting --------------------------------------------------------------- */

static CpStatus
place_blocks(CpContext *context, const CpReference *feature, CpCutBlocks *blocks)
{
	uint32_t ncuts = feature->cells - 1;

	blocks->count = feature->cuts == NULL ? 0 : (ncuts + CP_CUT_BLOCK - 1) / CP_CUT_BLOCK;
	blocks->nends = blocks->count + blocks->count % 2;
	CP_TRY(cp_alloc(context, &blocks->ends, blocks->nends, sizeof(double)));
	if (blocks->nends > blocks->count)
		blocks->ends[blocks->count] = NAN;
	CP_TRY(cp_alloc(context, &blocks->cuts, (size_t) blocks->count * CP_CUT_BLOCK, sizeof(double)));
	for (uint32_t c = 0; c < blocks->count * CP_CUT_BLOCK; c++)
	{
		blocks->cuts[c] = c < ncuts ? feature->cuts[c] : NAN;
		if (c % CP_CUT_BLOCK == CP_CUT_BLOCK - 1)
			blocks->ends[c / CP_CUT_BLOCK] = blocks->cuts[c];
	}
	return CP_OK;
}

/* Two numbers at once; a comparison gives -1 where it holds. */
typedef double TwoNumbers __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t TwoCounts __attribute__((vector_size(16)));

/* How many of n cuts, n even, are <= value. */
static inline uint32_t
count_passed(const double *cuts, uint32_t n, double value)
{
	TwoNumbers values = {value, value};
	TwoCounts passed = {0, 0};

	for (uint32_t c = 0; c < n; c += 2)
		passed -= *(const TwoNumbers *) (cuts + c) <= values;
	return (uint32_t) (passed[0] + passed[1]);
}

/* As cp_reference_cell. */
static inline uint32_t
cell_of(const CpCutBlocks *blocks, double value)
{
	uint32_t block = count_passed(blocks->ends, blocks->nends, value);

	if (block == blocks->count)
		return block * CP_CUT_BLOCK;
	return block * CP_CUT_BLOCK +
	       count_passed(blocks->cuts + (size_t) block * CP_CUT_BLOCK, CP_CUT_BLOCK, value);
}

CpStatus
cp_counter_init(CpCounter *counter, CpContext *context, const CpProfile *profile)
{
	counter->profile = profile;
	CP_TRY(cp_alloc(context, &counter->offsets, (size_t) profile->count + 1, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &counter->blocks, profile->count, sizeof(CpCutBlocks)));
	counter->offsets[0] = 0;
	for (uint32_t f = 0; f < profile->count; f++)
	{
		counter->offsets[f + 1] = counter->offsets[f] + profile->features[f].cells + 1;
		CP_TRY(place_blocks(context, &profile->features[f], &counter->blocks[f]));
	}
	return CP_OK;
}

CpStatus
cp_tallied_init(CpTallied *tallied, CpContext *context, const CpCounter *counter)
{
	uint32_t count = counter->profile->count;

	tallied->rows = 0;
	CP_TRY(cp_alloc_zero(context, &tallied->counts, counter->offsets[count], sizeof(uint64_t)));
	CP_TRY(cp_alloc(context, &tallied->least, count, sizeof(double)));
	CP_TRY(cp_alloc(context, &tallied->most, count, sizeof(double)));
	for (uint32_t f = 0; f < count; f++)
	{
		tallied->least[f] = INFINITY;
		tallied->most[f] = -INFINITY;
	}
	return CP_OK;
}

void
cp_count_vector(const CpCounter *counter, CpTallied *tallied, const double *vector)
{
	const CpProfile *profile = counter->profile;

	tallied->rows++;
	for (uint32_t f = 0; f < profile->count; f++)
	{
		const CpReference *feature = &profile->features[f];
		uint64_t *counts = tallied->counts + counter->offsets[f];
		double value = vector[f];

		if (isnan(value))
			counts[feature->cells]++;
		else if (feature->cuts == NULL)
			counts[value < feature->cells ? (uint32_t) value : feature->cells - 1]++;
		else
		{
			counts[cell_of(&counter->blocks[f], value)]++;
			tallied->least[f] = value < tallied->least[f] ? value : tallied->least[f];
			tallied->most[f] = value > tallied->most[f] ? value : tallied->most[f];
		}
	}
}

void
cp_compare_all(const CpCounter *counter, const CpTallied *tallied, CpFeatureDrift *drifts)
{
	for (uint32_t f = 0; f < counter->profile->count; f++)
	{
		CpCounted counted = {tallied->counts + counter->offsets[f], tallied->least[f],
		                     tallied->most[f]};

		cp_reference_compare(&counter->profile->features[f], &counted, &drifts[f]);
	}
}
