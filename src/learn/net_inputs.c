/*
 * net_inputs.c: from a feature vector to the inputs of a network.
 */
#include "learn/net_inputs.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "num/sort.h"

/* One row in this many lies below the lowest knot, and one above the highest: outliers. */
#define OUTSIDE 200
/* Rows between two looks at the poll. */
#define POLL_ROWS (1u << 15)

static double
bounded(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

/* Inputs of a number that rise between knots. */
static uint32_t
rises(const CpNetFeature *feature)
{
	return feature->nknots > 1 ? feature->nknots - 1 : 0;
}

/* ---- learning ---- */

/* Knots among sorted values: all where there are few, else about equal shares of rows apart. */
static uint32_t
place_knots(const double *values, uint32_t n, double *knots)
{
	uint32_t count = 0, distinct = n > 0;
	uint32_t begin, end;

	for (uint32_t i = 1; i < n && distinct <= CP_NET_KNOTS; i++)
		distinct += values[i] != values[i - 1];
	begin = distinct <= CP_NET_KNOTS ? 0 : n / OUTSIDE;
	end = n - begin;
	for (uint32_t i = begin; i < end && count < CP_NET_KNOTS; i++)
	{
		double share =
			distinct <= CP_NET_KNOTS ? 1 : (double) (end - begin) / (CP_NET_KNOTS - count);

		/* What is left is shared anew at each knot, so a heavy value takes room from no other. */
		if (count > 0 && (values[i] == knots[count - 1] || (i - begin < share && i < end - 1)))
			continue;
		knots[count++] = values[i];
		begin = i;
	}
	return count;
}

/* n: rows to learn from; without any the feature gets no input. */
static CpStatus
learn_number(CpContext *context, const CpColumn *column, const CpTraining *training, uint32_t n,
             double *values, double *scratch, CpNetFeature *feature)
{
	uint32_t seen = 0, missing = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		double value = column->numbers[training->rows[i]];

		if (cp_training_weight(training, i) == 0)
			continue;
		missing += isnan(value) != 0;
		if (!isnan(value))
			values[seen++] = bounded(value, -DBL_MAX, DBL_MAX);
	}
	CP_TRY(cp_sort_doubles(context, values, scratch, seen));
	CP_TRY(cp_alloc(context, &feature->knots, CP_NET_KNOTS, sizeof(double)));
	feature->nknots = place_knots(values, seen, feature->knots);
	feature->has_missing = missing >= CP_NET_FEW_ROWS;
	feature->inputs = rises(feature) + feature->has_missing;
	return CP_OK;
}

/* n: as above. */
static CpStatus
learn_category(CpContext *context, const CpColumn *column, const CpTraining *training, uint32_t n,
               CpNetFeature *feature)
{
	uint32_t rows[CP_MAX_LEVELS + 2] = {0};
	uint32_t other = CP_LEVEL_OTHER(column), missing = CP_LEVEL_MISSING(column);
	uint32_t rare = 0;
	int16_t of_rare = -1;

	feature->category = true;
	feature->levels = column->texts.count;
	CP_TRY(cp_alloc(context, &feature->places, feature->levels + 2, sizeof(int16_t)));
	for (uint32_t i = 0; i < n; i++)
		rows[column->levels[training->rows[i]]] += cp_training_weight(training, i) > 0;
	for (uint32_t level = 0; level <= other; level++)
		rare += level == other || rows[level] < CP_NET_FEW_ROWS ? rows[level] : 0;
	if (rare >= CP_NET_FEW_ROWS)
		of_rare = (int16_t) feature->inputs++;
	for (uint32_t level = 0; level <= missing; level++)
	{
		if (level != other && rows[level] >= CP_NET_FEW_ROWS)
			feature->places[level] = (int16_t) feature->inputs++;
		else
			feature->places[level] = level == missing ? -1 : of_rare;
	}
	return CP_OK;
}

static CpStatus
learn_features(CpNetInputs *inputs, const CpTraining *training)
{
	CpContext *context = inputs->context;
	double *values, *scratch;

	CP_TRY(cp_alloc(context, &values, training->n, sizeof(double)));
	CP_TRY(cp_alloc(context, &scratch, training->n, sizeof(double)));
	for (uint32_t c = 0; c < training->dataset->ncolumns; c++)
	{
		const CpColumn *column = &training->dataset->columns[c];
		uint32_t f = inputs->nfeatures;
		CpNetFeature *feature = &inputs->features[f];
		uint32_t n;

		if (column->dropped != CP_KEPT)
			continue;
		CP_TRY(cp_poll(context));
		n = training->kept == NULL || training->kept[f] ? training->n : 0;
		if (column->kind == CP_CATEGORY)
			CP_TRY(learn_category(context, column, training, n, feature));
		else
			CP_TRY(learn_number(context, column, training, n, values, scratch, feature));
		feature->first = inputs->count;
		inputs->count += feature->inputs;
		inputs->nfeatures++;
	}
	cp_free(context, &values);
	cp_free(context, &scratch);
	return CP_OK;
}

static CpStatus
find_places(const CpNetInputs *inputs, const CpTraining *training, float *places)
{
	uint32_t f = 0;

	for (uint32_t c = 0; c < training->dataset->ncolumns; c++)
	{
		const CpColumn *column = &training->dataset->columns[c];

		if (column->dropped != CP_KEPT)
			continue;
		for (uint32_t i = 0; i < training->n; i++)
		{
			if (i % POLL_ROWS == 0)
				CP_TRY(cp_poll(inputs->context));
			places[(size_t) i * inputs->nfeatures + f] =
				cp_net_place(&inputs->features[f], cp_dataset_value(column, training->rows[i]));
		}
		f++;
	}
	return CP_OK;
}

/* Of the inputs of one feature, over the rows where it has a place; uncentred until then. */
static CpStatus
learn_means(CpNetInputs *inputs, uint32_t f, const CpTraining *training, const float *places)
{
	const CpNetFeature *feature = &inputs->features[f];
	double sums[CP_MAX_LEVELS + 2] = {0};
	float row[CP_MAX_LEVELS + 2];
	double seen = 0;

	for (uint32_t i = 0; i < training->n; i++)
	{
		float place = places[(size_t) i * inputs->nfeatures + f];

		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(inputs->context));
		if (place == CP_NET_NOWHERE)
			continue;
		cp_net_encode(inputs, f, place, row);
		for (uint32_t k = 0; k < feature->inputs; k++)
			sums[k] += cp_training_weight(training, i) * row[k];
		seen += cp_training_weight(training, i);
	}
	/* An input for "missing" sums up to 0 here, and so is not centred. */
	for (uint32_t k = 0; k < feature->inputs && seen > 0; k++)
		inputs->means[feature->first + k] = (float) (sums[k] / seen);
	return CP_OK;
}

CpStatus
cp_net_inputs_learn(CpNetInputs *inputs, CpContext *context, const CpTraining *training,
                    float **places)
{
	memset(inputs, 0, sizeof(*inputs));
	inputs->context = context;
	CP_TRY(cp_alloc_zero(context, &inputs->features, training->dataset->ncolumns,
	                     sizeof(CpNetFeature)));
	CP_TRY(learn_features(inputs, training));
	CP_TRY(cp_alloc(context, places, (size_t) training->n * inputs->nfeatures, sizeof(float)));
	CP_TRY(find_places(inputs, training, *places));
	CP_TRY(cp_alloc_zero(context, &inputs->means, inputs->count, sizeof(float)));
	for (uint32_t f = 0; f < inputs->nfeatures; f++)
		CP_TRY(learn_means(inputs, f, training, *places));
	return CP_OK;
}

void
cp_net_inputs_free(CpNetInputs *inputs)
{
	for (uint32_t f = 0; f < inputs->nfeatures; f++)
	{
		cp_free(inputs->context, &inputs->features[f].knots);
		cp_free(inputs->context, &inputs->features[f].places);
	}
	cp_free(inputs->context, &inputs->features);
	cp_free(inputs->context, &inputs->means);
}

size_t
cp_net_inputs_most(const CpDataset *dataset)
{
	size_t most = 0;

	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		const CpColumn *column = &dataset->columns[c];

		if (column->dropped == CP_KEPT)
			most += column->kind == CP_CATEGORY ? column->texts.count + 2 : CP_NET_KNOTS;
	}
	return most;
}

/* ---- encoding ---- */

float
cp_net_place(const CpNetFeature *feature, double value)
{
	const double *knots = feature->knots;
	double from, to;
	uint32_t passed;

	if (feature->category)
		return feature->places[isnan(value) ? feature->levels + 1 : (uint32_t) value];
	if (isnan(value) || feature->nknots == 0)
		return CP_NET_NOWHERE;
	if (feature->nknots == 1)
		return 0;
	passed = cp_bin_of_number(knots + 1, feature->nknots - 2, value);
	from = knots[passed];
	to = knots[passed + 1];
	value = bounded(value, from, to);
	if (to - from > DBL_MAX)
		return (float) (passed + (value / 2 - from / 2) / (to / 2 - from / 2));
	return (float) (passed + (value - from) / (to - from));
}

uint32_t
cp_net_nplaces(const CpNetFeature *feature)
{
	return feature->category ? feature->inputs : feature->nknots;
}

void
cp_net_encode(const CpNetInputs *inputs, uint32_t f, float place, float *out)
{
	const CpNetFeature *feature = &inputs->features[f];
	const float *means = inputs->means + feature->first;

	memset(out, 0, feature->inputs * sizeof(float));
	if (place == CP_NET_NOWHERE)
	{
		if (feature->has_missing)
			out[feature->inputs - 1] = 1;
		return;
	}
	for (uint32_t k = 0; k < rises(feature); k++)
	{
		float way = place - (float) k;

		way = way < 0 ? 0 : way;
		out[k] = way > 1 ? 1 : way;
	}
	if (feature->category)
		out[(uint32_t) place] = 1;
	for (uint32_t k = 0; k < feature->inputs; k++)
		out[k] -= means[k];
}

void
cp_net_encode_all(const CpNetInputs *inputs, const float *places, float *out)
{
	for (uint32_t f = 0; f < inputs->nfeatures; f++)
		cp_net_encode(inputs, f, places[f], out + inputs->features[f].first);
}

/* ---- bytes ---- */

static void
write_number(const CpNetFeature *feature, CpWriter *writer)
{
	cp_write_u8(writer, feature->has_missing);
	cp_write_u32(writer, feature->nknots);
	for (uint32_t k = 0; k < feature->nknots; k++)
		cp_write_f64(writer, feature->knots[k]);
}

static void
write_category(const CpNetFeature *feature, CpWriter *writer)
{
	cp_write_u16(writer, (uint16_t) feature->inputs);
	for (uint32_t level = 0; level < feature->levels + 2; level++)
		cp_write_u16(writer, (uint16_t) (feature->places[level] + 1));
}

void
cp_net_inputs_write(const CpNetInputs *inputs, CpWriter *writer)
{
	for (uint32_t f = 0; f < inputs->nfeatures; f++)
	{
		const CpNetFeature *feature = &inputs->features[f];

		if (feature->category)
			write_category(feature, writer);
		else
			write_number(feature, writer);
		for (uint32_t k = 0; k < feature->inputs; k++)
			cp_write_f32(writer, inputs->means[feature->first + k]);
	}
}

static CpStatus
read_number(CpNetFeature *feature, CpReader *reader)
{
	feature->has_missing = cp_read_u8(reader) != 0;
	feature->nknots = cp_read_count(reader, sizeof(double));
	if (feature->nknots > CP_NET_KNOTS)
	{
		cp_reader_reject(reader);
		feature->nknots = 0;
	}
	feature->inputs = rises(feature) + feature->has_missing;
	CP_TRY(cp_alloc(reader->context, &feature->knots, feature->nknots, sizeof(double)));
	for (uint32_t k = 0; k < feature->nknots; k++)
	{
		feature->knots[k] = cp_read_f64(reader);
		if (!isfinite(feature->knots[k]) || (k > 0 && feature->knots[k] <= feature->knots[k - 1]))
			cp_reader_reject(reader);
	}
	return CP_OK;
}

static CpStatus
read_category(CpNetFeature *feature, CpReader *reader)
{
	feature->inputs = cp_read_u16(reader);
	if (feature->inputs > feature->levels + 2)
	{
		cp_reader_reject(reader);
		feature->inputs = 0;
	}
	CP_TRY(cp_alloc(reader->context, &feature->places, feature->levels + 2, sizeof(int16_t)));
	for (uint32_t level = 0; level < feature->levels + 2; level++)
	{
		uint16_t place = cp_read_u16(reader);

		if (place > feature->inputs)
			cp_reader_reject(reader);
		feature->places[level] = (int16_t) (place - 1);
	}
	return CP_OK;
}

static CpStatus
read_means(CpNetInputs *inputs, const CpNetFeature *feature, CpReader *reader)
{
	CP_TRY(cp_resize(reader->context, &inputs->means, inputs->count, sizeof(float)));
	for (uint32_t k = feature->first; k < inputs->count; k++)
	{
		inputs->means[k] = cp_read_f32(reader);
		if (!(inputs->means[k] >= 0 && inputs->means[k] <= 1))
			cp_reader_reject(reader);
	}
	return CP_OK;
}

CpStatus
cp_net_inputs_read(CpNetInputs *inputs, CpReader *reader, const CpFeatureMap *map)
{
	memset(inputs, 0, sizeof(*inputs));
	inputs->context = reader->context;
	CP_TRY(cp_alloc_zero(reader->context, &inputs->features, map->count, sizeof(CpNetFeature)));
	for (uint32_t f = 0; f < map->count && !reader->failed; f++)
	{
		CpNetFeature *feature = &inputs->features[inputs->nfeatures++];

		feature->category = map->features[f].kind == CP_CATEGORY;
		feature->levels = map->features[f].levels.count;
		if (feature->category)
			CP_TRY(read_category(feature, reader));
		else
			CP_TRY(read_number(feature, reader));
		feature->first = inputs->count;
		inputs->count += feature->inputs;
		CP_TRY(read_means(inputs, feature, reader));
	}
	if (reader->failed)
		return cp_fail(reader->context, CP_CORRUPT, "The inputs of the network do not check out.");
	return CP_OK;
}
