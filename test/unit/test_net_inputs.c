/*
 * test_net_inputs.c: knots, places and inputs by hand and by their definitions, and what
 * does not fit a scale.
 */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/net_inputs.h"
#include "learn_data.h"
#include "num/rng.h"

#define MOST 2000

extern void test_net_inputs(void);

typedef struct Fit
{
	LearnTable table;
	CpDataset dataset;
	CpTraining training;
	CpNetInputs inputs;
	float *places;
	double values[MOST * LEARN_COLUMNS];
	uint8_t labels[MOST];
	double weights[MOST];
	uint32_t rows[MOST];
} Fit;

static CpStatus
learn(Fit *fit, CpContext *context, const CpKind *kinds, uint32_t ncolumns, uint32_t n)
{
	memset(&fit->table, 0, sizeof(fit->table));
	memset(&fit->training, 0, sizeof(fit->training));
	fit->table.rows = fit->training.n = n;
	fit->table.ncolumns = ncolumns;
	fit->table.kinds = kinds;
	fit->table.values = fit->values;
	fit->table.labels = fit->labels;
	CP_TRY(learn_dataset(&fit->dataset, context, &fit->table));
	for (uint32_t row = 0; row < n; row++)
		fit->rows[row] = row;
	fit->training.dataset = &fit->dataset;
	fit->training.rows = fit->rows;
	fit->training.labels = fit->labels;
	fit->training.weights = fit->weights;
	return cp_net_inputs_learn(&fit->inputs, context, &fit->training, &fit->places);
}

static CpStatus
learn_invented(Fit *fit, CpContext *context, uint32_t n)
{
	learn_problem(4, n, fit->values, fit->labels, NULL);
	for (uint32_t row = 0; row < n; row++)
		fit->weights[row] = row % 3;
	return learn(fit, context, learn_kinds, LEARN_COLUMNS, n);
}

/* Learn one column of numbers, all of weight 1. */
static CpStatus
learn_numbers(Fit *fit, uint32_t n)
{
	static const CpKind number = CP_NUMBER;

	for (uint32_t row = 0; row < n; row++)
		fit->weights[row] = 1;
	return learn(fit, unit_context(), &number, 1, n);
}

/* ---- knots ---- */

static void
check_few_values(void)
{
	static Fit fit;

	for (uint32_t distinct = 2; distinct <= CP_NET_KNOTS; distinct++)
	{
		for (uint32_t row = 0; row < 500; row++)
			fit.values[row] = (row * 7 % 500 < 400 ? 0 : row % distinct) * 0.1;
		REQUIRE_OK(learn_numbers(&fit, 500));
		REQUIRE(fit.inputs.features[0].nknots == distinct);
		for (uint32_t k = 0; k < distinct; k++)
			CHECK_CLOSE(0.1 * k, fit.inputs.features[0].knots[k], 0);
		CHECK_EQUAL(distinct - 1, fit.inputs.count);
	}
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

/*
 * With as many zeros as asked for: a knot is theirs, one lies next to them, the others
 * share the rest evenly.
 */
static void
check_shares(uint32_t zeros)
{
	static Fit fit;
	const CpNetFeature *feature = &fit.inputs.features[0];
	double sorted[MOST];
	uint32_t lone = zeros > 0, trimmed = MOST / 200;
	double share = (double) (MOST - trimmed - (lone ? zeros : trimmed)) / (CP_NET_KNOTS - 1 - lone);
	CpRng rng;

	cp_rng_init(&rng, 5, 0);
	for (uint32_t row = 0; row < MOST; row++)
		fit.values[row] = row < zeros ? 0 : exp(3 * cp_rng_normal(&rng));
	memcpy(sorted, fit.values, sizeof(sorted));
	qsort(sorted, MOST, sizeof(double), compare_doubles);
	REQUIRE_OK(learn_numbers(&fit, MOST));
	feature = &fit.inputs.features[0];
	REQUIRE(feature->nknots == CP_NET_KNOTS);
	CHECK_CLOSE(sorted[trimmed], feature->knots[0], 0);
	CHECK_CLOSE(sorted[MOST - trimmed - 1], feature->knots[CP_NET_KNOTS - 1], 0);
	CHECK(!lone || feature->knots[1] == sorted[zeros]);
	for (uint32_t k = 1 + lone; k < CP_NET_KNOTS; k++)
	{
		uint32_t rows = 0;

		for (uint32_t row = 0; row < MOST; row++)
			rows += sorted[row] > feature->knots[k - 1] && sorted[row] <= feature->knots[k];
		CHECK_CLOSE(share, rows, 2);
	}
}

static void
check_quantiles(void)
{
	check_shares(0);
	check_shares(600);
	check_shares(1600);
}

/* ---- places and inputs ---- */

/* Knots 0, 10, 30, 100; weights 1, 2, 3, 4, and ten rows of each. */
static void
check_by_hand(void)
{
	static Fit fit;
	static const double knots[] = {0, 10, 30, 100, NAN};
	static const CpKind number = CP_NUMBER;
	/* Between knots, by weight: (2 + 3 + 4) / 10, (3 + 4) / 10, 4 / 10. */
	static const float means[] = {0.9f, 0.7f, 0.4f};
	static const double asked[] = {-5, 0, 5, 20, 65, 100, 1e300};
	static const double uncentred[7][3] = {{0, 0, 0},   {0, 0, 0}, {0.5, 0, 0}, {1, 0.5, 0},
	                                       {1, 1, 0.5}, {1, 1, 1}, {1, 1, 1}};
	float out[4];

	for (uint32_t row = 0; row < 50; row++)
	{
		fit.values[row] = knots[row % 5];
		fit.weights[row] = row % 5 == 4 ? 7 : 1 + row % 5;
	}
	REQUIRE_OK(learn(&fit, unit_context(), &number, 1, 50));
	CHECK_EQUAL(4, fit.inputs.count);
	for (int k = 0; k < 3; k++)
		CHECK_CLOSE(means[k], fit.inputs.means[k], 1e-7);
	for (int i = 0; i < 7; i++)
	{
		cp_net_encode(&fit.inputs, 0, cp_net_place(&fit.inputs.features[0], asked[i]), out);
		for (int k = 0; k < 3; k++)
			CHECK_CLOSE(uncentred[i][k] - (double) means[k], out[k], 1e-6);
		CHECK(out[3] == 0);
	}
	cp_net_encode(&fit.inputs, 0, cp_net_place(&fit.inputs.features[0], NAN), out);
	CHECK(out[0] == 0 && out[1] == 0 && out[2] == 0 && out[3] == 1);
}

/* Levels of 10, 9, 1 and 30 rows, some missing: two of the levels are rare, ten rows together. */
static void
check_levels(void)
{
	static const uint32_t until[] = {10, 19, 20, 50};
	static Fit fit;
	static const CpKind category = CP_CATEGORY;

	for (uint32_t missing = 9; missing <= 10; missing++)
	{
		uint32_t n = 50 + missing, level = 0;
		const CpNetFeature *feature;
		float place[4], out[4];

		for (uint32_t row = 0; row < n; row++)
		{
			level += row < 50 && row >= until[level];
			fit.values[row] = row < 50 ? level : NAN;
			fit.weights[row] = 1;
		}
		REQUIRE_OK(learn(&fit, unit_context(), &category, 1, n));
		feature = &fit.inputs.features[0];
		CHECK_EQUAL(missing == 10 ? 4 : 3, fit.inputs.count);
		for (level = 0; level < 4; level++)
			place[level] = fit.places[until[level] - 1];
		CHECK(place[1] == place[2] && place[0] != place[1] && place[3] != place[1]);
		CHECK(place[0] >= 0 && place[0] != place[3]);
		/* Rare levels stand for those that training has never seen. */
		CHECK(cp_net_place(feature, feature->levels) == place[1]);
		CHECK(cp_net_place(feature, NAN) == fit.places[n - 1]);
		CHECK((fit.places[n - 1] == CP_NET_NOWHERE) == (missing == 9));
		cp_net_encode(&fit.inputs, 0, place[3], out);
		for (uint32_t k = 0; k < fit.inputs.count; k++)
			CHECK_CLOSE((k == place[3]) - (double) fit.inputs.means[k], out[k], 1e-7);
		CHECK_CLOSE(30.0 / (missing == 10 ? 60 : 50), fit.inputs.means[(int) place[3]], 1e-7);
		cp_net_encode(&fit.inputs, 0, CP_NET_NOWHERE, out);
		for (uint32_t k = 0; k < fit.inputs.count; k++)
			CHECK(out[k] == 0);
	}
}

/* Over the training rows inputs sum up to nothing, weighted; between places they are linear. */
static void
check_centred(void)
{
	static Fit fit;
	float row[200], low[32], high[32], between[32];
	double sums[200] = {0};
	CpContext *context = unit_context();

	REQUIRE_OK(learn_invented(&fit, context, MOST));
	CHECK_EQUAL(LEARN_COLUMNS, fit.inputs.nfeatures);
	REQUIRE(fit.inputs.count <= 200 && fit.inputs.count <= cp_net_inputs_most(&fit.dataset));
	for (uint32_t i = 0; i < MOST; i++)
	{
		double vector[LEARN_COLUMNS];

		cp_dataset_vector(&fit.dataset, i, vector);
		for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
			CHECK(cp_net_place(&fit.inputs.features[f], vector[f]) ==
			      fit.places[i * LEARN_COLUMNS + f]);
		cp_net_encode_all(&fit.inputs, fit.places + i * LEARN_COLUMNS, row);
		for (uint32_t k = 0; k < fit.inputs.count; k++)
			sums[k] += fit.weights[i] * (double) row[k];
	}
	for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
	{
		const CpNetFeature *feature = &fit.inputs.features[f];

		for (uint32_t k = 0; k < feature->inputs - feature->has_missing; k++)
			CHECK_CLOSE(0, sums[feature->first + k] / MOST, 1e-6);
		for (uint32_t place = 0; place + 1 < feature->nknots; place++)
		{
			cp_net_encode(&fit.inputs, f, (float) place, low);
			cp_net_encode(&fit.inputs, f, (float) place + 0.25f, between);
			cp_net_encode(&fit.inputs, f, (float) place + 1, high);
			for (uint32_t k = 0; k < feature->inputs; k++)
				CHECK_CLOSE(0.75f * low[k] + 0.25f * high[k], between[k], 1e-6);
		}
	}
}

/* ---- what does not fit a scale ---- */

static void
check_extremes(void)
{
	static const double asked[] = {-INFINITY, -DBL_MAX, -1e300, -1,      -5e-324, 0,
	                               5e-324,    1,        1e300,  DBL_MAX, INFINITY};
	static Fit fit;

	for (uint32_t kind = 0; kind < 4; kind++)
	{
		float last = 0;

		for (uint32_t row = 0; row < 400; row++)
			fit.values[row] = kind == 0   ? asked[row % 11]
			                  : kind == 1 ? (row % 2 ? DBL_MAX : -DBL_MAX)
			                  : kind == 2 ? (row % 2 ? 5e-324 : 0)
			                              : (row == 0 ? INFINITY : row);
		REQUIRE_OK(learn_numbers(&fit, 400));
		for (int i = 0; i < 11; i++)
		{
			float place = cp_net_place(&fit.inputs.features[0], asked[i]);

			CHECK(place >= last && place <= (float) (fit.inputs.features[0].nknots - 1));
			last = place;
		}
		CHECK(last > 0);
		for (uint32_t k = 0; k < fit.inputs.features[0].nknots; k++)
			CHECK(isfinite(fit.inputs.features[0].knots[k]));
		CHECK(kind != 3 || fit.inputs.features[0].knots[CP_NET_KNOTS - 1] < 400);
	}
}

/* Of the training rows, none has the column; or all have the same value. */
static void
check_nothing(void)
{
	static Fit fit;
	CpContext *context = unit_context();
	float place;

	for (uint32_t row = 0; row < 60; row++)
		fit.values[row] = row < 30 ? NAN : 5;
	REQUIRE_OK(learn_numbers(&fit, 60));
	context = fit.dataset.context;
	for (uint32_t row = 0; row < 30; row++)
		fit.rows[row] = row;
	fit.training.n = 30;
	REQUIRE_OK(cp_net_inputs_learn(&fit.inputs, context, &fit.training, &fit.places));
	CHECK_EQUAL(1, fit.inputs.count);
	CHECK(cp_net_place(&fit.inputs.features[0], 5) == CP_NET_NOWHERE);
	for (uint32_t row = 0; row < 30; row++)
		fit.rows[row] = 30 + row;
	REQUIRE_OK(cp_net_inputs_learn(&fit.inputs, context, &fit.training, &fit.places));
	CHECK_EQUAL(0, fit.inputs.count);
	CHECK_EQUAL(1, cp_net_nplaces(&fit.inputs.features[0]));
	CHECK(cp_net_place(&fit.inputs.features[0], 7) == 0);
	cp_net_encode_all(&fit.inputs, fit.places, &place);
}

/* ---- bytes ---- */

static CpStatus
write_inputs(const CpNetInputs *inputs, CpWriter *writer)
{
	cp_writer_begin(writer, inputs->context, "netinpt", 1);
	cp_net_inputs_write(inputs, writer);
	return cp_writer_finish(writer);
}

static CpStatus
read_inputs(const CpFeatureMap *map, CpContext *context, const CpWriter *writer,
            CpNetInputs *inputs)
{
	CpReader reader;

	CP_TRY(cp_reader_open(&reader, context, writer->bytes, writer->length, "netinpt", 1));
	CP_TRY(cp_net_inputs_read(inputs, &reader, map));
	return cp_reader_close(&reader);
}

static void
check_bytes(void)
{
	static Fit fit;
	CpContext *context = unit_context();
	CpFeatureMap map;
	CpNetInputs again;
	CpWriter writer;
	size_t used;

	REQUIRE_OK(learn_invented(&fit, context, 700));
	REQUIRE_OK(cp_dataset_featuremap(&fit.dataset, &map));
	REQUIRE_OK(write_inputs(&fit.inputs, &writer));
	used = context->used;
	REQUIRE_OK(read_inputs(&map, context, &writer, &again));
	CHECK_EQUAL(fit.inputs.count, again.count);
	for (uint32_t i = 0; i < 700; i++)
	{
		double vector[LEARN_COLUMNS];
		float expected[200], obtained[200];

		cp_dataset_vector(&fit.dataset, i, vector);
		for (uint32_t f = 0; f < LEARN_COLUMNS; f++)
			CHECK(cp_net_place(&again.features[f], vector[f]) == fit.places[i * LEARN_COLUMNS + f]);
		cp_net_encode_all(&fit.inputs, fit.places + i * LEARN_COLUMNS, expected);
		cp_net_encode_all(&again, fit.places + i * LEARN_COLUMNS, obtained);
		CHECK(memcmp(expected, obtained, fit.inputs.count * sizeof(float)) == 0);
	}
	cp_net_inputs_free(&again);
	CHECK_EQUAL(used, context->used);
}

/* A change to the inputs that makes them nonsense is noticed when they are read. */
static void
check_forged(void)
{
	for (int which = 0; which < 9; which++)
	{
		static Fit fit;
		CpContext *context = unit_context();
		CpFeatureMap map;
		CpNetInputs again;
		CpWriter writer;
		CpNetFeature *number = NULL, *category = NULL;

		REQUIRE_OK(learn_invented(&fit, context, 700));
		REQUIRE_OK(cp_dataset_featuremap(&fit.dataset, &map));
		number = &fit.inputs.features[0];
		category = &fit.inputs.features[3];
		REQUIRE(category->category && category->inputs == 3 && number->nknots == CP_NET_KNOTS);
		if (which == 1)
			number->knots[3] = number->knots[4];
		if (which == 2)
			number->knots[15] = INFINITY;
		if (which == 3)
			number->knots[0] = NAN;
		if (which == 4)
			fit.inputs.means[0] = NAN;
		if (which == 5)
			fit.inputs.means[2] = 1.5f;
		if (which == 6)
			category->places[1] = 3;
		if (which == 7)
			category->inputs = 6;
		if (which == 8)
			map.features[0].kind = CP_CATEGORY;
		REQUIRE_OK(write_inputs(&fit.inputs, &writer));
		CHECK_STATUS(which == 0 ? CP_OK : CP_CORRUPT, read_inputs(&map, context, &writer, &again));
	}
}

/* A count of knots that is too large, or that the stream cannot hold. */
static void
check_counts(void)
{
	CpFeature feature = {"x", CP_NUMBER, {0}};
	CpFeatureMap map = {1, &feature, {NULL}};

	for (uint32_t nknots = 15; nknots <= 18; nknots++)
	{
		CpContext *context = unit_context();
		CpNetInputs inputs;
		CpWriter writer;

		cp_writer_begin(&writer, context, "netinpt", 1);
		cp_write_u8(&writer, 0);
		cp_write_u32(&writer, nknots == 18 ? UINT32_MAX : nknots);
		for (uint32_t k = 0; k < nknots; k++)
			cp_write_f64(&writer, k);
		for (uint32_t k = 1; k < nknots; k++)
			cp_write_f32(&writer, 0.5f);
		REQUIRE_OK(cp_writer_finish(&writer));
		CHECK_STATUS(nknots <= CP_NET_KNOTS ? CP_OK : CP_CORRUPT,
		             read_inputs(&map, context, &writer, &inputs));
	}
}

/* ---- memory and cancel ---- */

static void
check_failures(void)
{
	static Fit fit;
	CpStatus status = CP_NO_MEMORY;

	for (size_t nth = 1; status != CP_OK; nth++)
	{
		size_t blocks;

		REQUIRE_OK(learn_invented(&fit, unit_context(), 90));
		blocks = unit_live_blocks();
		unit_fail_allocation(nth);
		status = cp_net_inputs_learn(&fit.inputs, fit.dataset.context, &fit.training, &fit.places);
		REQUIRE(nth < 50);
		CHECK(status == CP_NO_MEMORY || (status == CP_OK && nth > 10));
		if (status != CP_OK)
			continue;
		cp_free(fit.dataset.context, &fit.places);
		cp_net_inputs_free(&fit.inputs);
		CHECK_EQUAL(blocks, unit_live_blocks());
	}
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		REQUIRE_OK(learn_invented(&fit, unit_context(), 90));
		unit_cancel_after(polls);
		status = cp_net_inputs_learn(&fit.inputs, fit.dataset.context, &fit.training, &fit.places);
		REQUIRE(polls < 200);
		CHECK(status == CP_CANCELLED || (status == CP_OK && polls > 10));
	}
}

void
test_net_inputs(void)
{
	UNIT_CASE("few values are knots all", check_few_values);
	UNIT_CASE("many values are shared evenly", check_quantiles);
	UNIT_CASE("inputs by hand", check_by_hand);
	UNIT_CASE("levels, rare ones and missing", check_levels);
	UNIT_CASE("centred, and linear between knots", check_centred);
	UNIT_CASE("values that do not fit a scale", check_extremes);
	UNIT_CASE("nothing to learn from", check_nothing);
	UNIT_CASE("bytes and back", check_bytes);
	UNIT_CASE("forged inputs are refused", check_forged);
	UNIT_CASE("forged counts are refused", check_counts);
	UNIT_CASE("each allocation that fails, each poll that stops", check_failures);
}
