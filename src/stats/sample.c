/*
 * sample.c: the numbers of one side, exactly while they are few and within a stated bound beyond.
 */
#include "stats/sample.h"

#include <math.h>
#include <string.h>

#include "num/sort.h"

#define FIRST_CAPACITY 64
#define POLL_VALUES 65536
/* Of values smaller yet, the power of two that scales them to 1 would be infinite. */
#define LEAST_EXPONENT (-1000)

/* Thinning makes room on a level by putting values on the next, which may need thinning too. */
static CpStatus append(CpSample *sample, uint32_t at, const double *values, uint32_t n);

void
cp_sample_init(CpSample *sample, CpContext *context, uint32_t limit)
{
	memset(sample, 0, sizeof(*sample));
	sample->context = context;
	sample->limit = limit;
	sample->nlevels = 1;
}

void
cp_sample_free(CpSample *sample)
{
	for (uint32_t at = 0; at < sample->nlevels; at++)
		cp_free(sample->context, &sample->levels[at].values);
	cp_sample_init(sample, sample->context, sample->limit);
}

/* Rows that a value of the level stands for. */
static uint64_t
weight_at(uint32_t at)
{
	uint64_t weight = 1;

	while (at-- > 0)
		weight *= CP_SAMPLE_THIN;
	return weight;
}

static bool
is_ascending(const CpSampleLevel *level)
{
	for (uint32_t i = 1; i < level->count; i++)
		if (level->values[i] < level->values[i - 1])
			return false;
	return true;
}

static CpStatus
sort_level(CpContext *context, CpSampleLevel *level)
{
	double *scratch;

	if (is_ascending(level))
		return CP_OK;
	CP_TRY(cp_alloc(context, &scratch, level->count, sizeof(double)));
	CP_TRY(cp_sort_doubles(context, level->values, scratch, level->count));
	cp_free(context, &scratch);
	return CP_OK;
}

/*
 * Of a full level, one value of each run goes on. A run has two middles: taking one and the other
 * in turn, ranks err to both sides alike.
 */
static CpStatus
thin(CpSample *sample, uint32_t at)
{
	CpSampleLevel *level = &sample->levels[at];
	uint32_t middle = CP_SAMPLE_THIN / 2 - (uint32_t) (level->thinnings % 2);
	uint32_t kept = sample->limit / CP_SAMPLE_THIN;

	if (at + 1 == CP_SAMPLE_LEVELS)
		return cp_fail(sample->context, CP_BAD_DATA, "A sample cannot stand for more rows.");
	CP_TRY(sort_level(sample->context, level));
	for (uint32_t i = 0; i < kept; i++)
		level->values[i] = level->values[CP_SAMPLE_THIN * i + middle];
	level->count = 0;
	level->thinnings++;
	return append(sample, at + 1, level->values, kept);
}

static CpStatus
reserve(CpSample *sample, uint32_t at, uint32_t count)
{
	CpSampleLevel *level = &sample->levels[at];
	uint32_t capacity = level->capacity + level->capacity / 2;

	if (count <= level->capacity)
		return CP_OK;
	if (capacity < FIRST_CAPACITY)
		capacity = FIRST_CAPACITY;
	if (capacity > sample->limit)
		capacity = sample->limit;
	if (capacity < count)
		capacity = count;
	CP_TRY(cp_resize(sample->context, &level->values, capacity, sizeof(double)));
	level->capacity = capacity;
	return CP_OK;
}

static CpStatus
append(CpSample *sample, uint32_t at, const double *values, uint32_t n)
{
	CpSampleLevel *level = &sample->levels[at];

	if (at == sample->nlevels)
		sample->nlevels++;
	while (n > 0)
	{
		uint32_t fit;

		CP_TRY(cp_poll(sample->context));
		if (level->count == sample->limit)
			CP_TRY(thin(sample, at));
		fit = sample->limit - level->count;
		if (fit > n)
			fit = n;
		CP_TRY(reserve(sample, at, level->count + fit));
		memcpy(level->values + level->count, values, fit * sizeof(double));
		level->count += fit;
		values += fit;
		n -= fit;
	}
	return CP_OK;
}

CpStatus
cp_sample_make_room(CpSample *sample)
{
	if (sample->levels[0].count == sample->limit)
		CP_TRY(thin(sample, 0));
	return reserve(sample, 0, sample->levels[0].count + 1);
}

CpStatus
cp_sample_merge(CpSample *into, const CpSample *from)
{
	if (into->limit != from->limit)
		return cp_fail(into->context, CP_BAD_PARAMETER,
		               "A sample of at most %lu values does not merge with one of %lu.",
		               (unsigned long) into->limit, (unsigned long) from->limit);
	for (uint32_t at = 0; at < from->nlevels; at++)
	{
		CP_TRY(append(into, at, from->levels[at].values, from->levels[at].count));
		into->levels[at].thinnings += from->levels[at].thinnings;
	}
	into->rows += from->rows;
	return CP_OK;
}

double
cp_sample_error(const CpSample *sample)
{
	double moved = 0;

	for (uint32_t at = 0; at < sample->nlevels; at++)
		moved += (double) sample->levels[at].thinnings * (double) weight_at(at);
	if (moved == 0)
		return 0;
	return fmin(moved * (CP_SAMPLE_THIN / 2) / (double) sample->rows, 1);
}

/* ---- bytes ---- */

void
cp_sample_write(const CpSample *sample, CpWriter *writer)
{
	cp_write_u32(writer, sample->limit);
	cp_write_u32(writer, sample->nlevels);
	for (uint32_t at = 0; at < sample->nlevels; at++)
	{
		const CpSampleLevel *level = &sample->levels[at];

		cp_write_u32(writer, level->count);
		for (uint32_t i = 0; i < level->count; i++)
			cp_write_f64(writer, level->values[i]);
	}
}

static CpStatus
read_level(CpSample *sample, uint32_t at, CpReader *reader)
{
	CpSampleLevel *level = &sample->levels[at];
	uint32_t count = cp_read_count(reader, sizeof(double));

	if (count > sample->limit)
	{
		cp_reader_reject(reader);
		return reader->status;
	}
	CP_TRY(reserve(sample, at, count));
	for (uint32_t i = 0; i < count; i++)
	{
		if (i % POLL_VALUES == 0)
			CP_TRY(cp_poll(sample->context));
		level->values[i] = cp_read_f64(reader);
		if (isnan(level->values[i]))
			cp_reader_reject(reader);
	}
	level->count = count;
	return reader->status;
}

/*
 * What came to a level is there still or was thinned, and it came from whole thinnings of the level
 * below: so the counts alone say how many there were, and of how many rows, or that there is no
 * such sample.
 */
static bool
derive_rows(CpSample *sample)
{
	uint32_t kept = sample->limit / CP_SAMPLE_THIN;

	for (uint32_t at = sample->nlevels - 1; at > 0; at--)
	{
		const CpSampleLevel *level = &sample->levels[at];
		uint64_t came = level->count + level->thinnings * sample->limit;

		if (came % kept != 0)
			return false;
		sample->levels[at - 1].thinnings = came / kept;
	}
	sample->rows = sample->levels[0].count + sample->levels[0].thinnings * sample->limit;
	return true;
}

CpStatus
cp_sample_read(CpSample *sample, CpReader *reader)
{
	uint32_t limit = cp_read_u32(reader);
	uint32_t nlevels = cp_read_u32(reader);

	cp_sample_init(sample, reader->context, limit);
	if (limit == 0 || limit % CP_SAMPLE_THIN != 0 || limit > CP_SAMPLE_MOST || nlevels == 0 ||
	    nlevels > CP_SAMPLE_LEVELS)
		cp_reader_reject(reader);
	if (reader->failed)
		return reader->status;
	sample->nlevels = nlevels;
	for (uint32_t at = 0; at < nlevels; at++)
		CP_TRY(read_level(sample, at, reader));
	if (!derive_rows(sample))
		cp_reader_reject(reader);
	return reader->status;
}

/* ---- in order ---- */

/* The level whose next value is the least; not all are used up. */
static uint32_t
least_level(const CpSample *sample, const uint32_t *used)
{
	uint32_t least = CP_SAMPLE_LEVELS;

	for (uint32_t at = 0; at < sample->nlevels; at++)
	{
		const CpSampleLevel *level = &sample->levels[at];

		if (used[at] < level->count &&
		    (least == CP_SAMPLE_LEVELS ||
		     level->values[used[at]] < sample->levels[least].values[used[least]]))
			least = at;
	}
	return least;
}

static CpStatus
merge_levels(const CpSample *sample, CpSorted *sorted)
{
	uint32_t used[CP_SAMPLE_LEVELS] = {0};
	uint64_t rows = 0;

	CP_TRY(cp_alloc(sample->context, &sorted->values, sorted->n, sizeof(double)));
	CP_TRY(cp_alloc(sample->context, &sorted->upto, sorted->n, sizeof(double)));
	sorted->owned = true;
	for (uint32_t i = 0; i < sorted->n; i++)
	{
		uint32_t at = least_level(sample, used);

		if (i % POLL_VALUES == 0)
			CP_TRY(cp_poll(sample->context));
		sorted->values[i] = sample->levels[at].values[used[at]++];
		rows += weight_at(at);
		sorted->upto[i] = (double) rows;
	}
	return CP_OK;
}

CpStatus
cp_sample_sort(CpSample *sample, CpSorted *sorted)
{
	*sorted = (CpSorted){.values = sample->levels[0].values, .total = (double) sample->rows};
	for (uint32_t at = 0; at < sample->nlevels; at++)
	{
		CP_TRY(sort_level(sample->context, &sample->levels[at]));
		sorted->n += sample->levels[at].count;
	}
	return sample->nlevels == 1 ? CP_OK : merge_levels(sample, sorted);
}

void
cp_sorted_free(CpContext *context, CpSorted *sorted)
{
	if (sorted->owned)
		cp_free(context, &sorted->values);
	cp_free(context, &sorted->upto);
	memset(sorted, 0, sizeof(*sorted));
}

/* The value of the row with so many before it. */
static double
value_at_rank(const CpSorted *sorted, double rank)
{
	uint32_t low = 0, high = sorted->n - 1;

	if (sorted->upto == NULL)
		return sorted->values[(uint32_t) rank];
	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;

		if (sorted->upto[middle] > rank)
			high = middle;
		else
			low = middle + 1;
	}
	return sorted->values[low];
}

/* a + share (b - a), a <= b, where that is not a NaN nor b - a beyond all numbers. */
static double
interpolate(double a, double b, double share)
{
	if (a == b || isinf(a) || share == 0)
		return a;
	return isinf(b - a) ? (1 - share) * a + share * b : a + share * (b - a);
}

double
cp_sorted_quantile(const CpSorted *sorted, double q)
{
	double rank = fmax(q * (sorted->total - 1), 0);
	double below = floor(rank);

	return interpolate(value_at_rank(sorted, below), value_at_rank(sorted, ceil(rank)),
	                   rank - below);
}

/* A power of two that makes the values at most 1, as near as it can be had. */
static double
scale_of(const CpSorted *sorted)
{
	int exponent;

	(void) frexp(fmax(fabs(sorted->values[0]), fabs(sorted->values[sorted->n - 1])), &exponent);
	return ldexp(1, -(exponent > LEAST_EXPONENT ? exponent : LEAST_EXPONENT));
}

/* About the median, which is within an sd of the mean: one pass loses no digits to it. */
CpStatus
cp_sorted_moments(CpContext *context, const CpSorted *sorted, double *mean, double *sd)
{
	double scale, centre, before = 0, sum = 0, squares = 0;

	*mean = *sd = (double) NAN;
	if (sorted->n == 0)
		return CP_OK;
	if (isinf(sorted->values[0]) || isinf(sorted->values[sorted->n - 1]))
	{
		*mean = sorted->values[0] + sorted->values[sorted->n - 1];
		*sd = (double) INFINITY;
		return CP_OK;
	}
	scale = scale_of(sorted);
	centre = scale * cp_sorted_quantile(sorted, 0.5);
	for (uint32_t i = 0; i < sorted->n; i++)
	{
		double upto = cp_sorted_upto(sorted, i);
		double away = scale * sorted->values[i] - centre;

		if (i % POLL_VALUES == 0)
			CP_TRY(cp_poll(context));
		sum += (upto - before) * away;
		squares += (upto - before) * away * away;
		before = upto;
	}
	sum /= sorted->total;
	*mean = (centre + sum) / scale;
	*sd = sqrt(fmax(squares / sorted->total - sum * sum, 0)) / scale;
	return CP_OK;
}
