/*
 * test_background.c: which customers are chosen, and their bytes.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn_data.h"

#include "learn/background.h"
#include "num/rng.h"
#include "num/sort.h"

#define ROWS 3000

extern void test_background(void);

/* ---- what is chosen ---- */

/* Rows of one number, which says which row it is, and their scores. */
typedef struct Case
{
	CpDataset dataset;
	uint32_t rows[ROWS];
	double values[ROWS];
	double weights[ROWS];
	uint8_t labels[ROWS];
	double scores[ROWS];
} Case;

static CpStatus
make_case(Case *given, CpContext *context, uint32_t n, bool weighted)
{
	static const CpKind kinds[] = {CP_NUMBER};
	LearnTable table = {.rows = n, .ncolumns = 1, .kinds = kinds};
	CpRng rng;

	cp_rng_init(&rng, n, 0);
	for (uint32_t i = 0; i < n; i++)
	{
		given->rows[i] = i;
		given->values[i] = i;
		given->labels[i] = i % 2;
		given->scores[i] = cp_rng_uniform(&rng);
	}
	table.values = given->values;
	table.labels = given->labels;
	table.weights = weighted ? given->weights : NULL;
	return learn_dataset(&given->dataset, context, &table);
}

static CpStatus
choose(const Case *given, CpContext *context, uint32_t n, CpBackground *background)
{
	return cp_background_choose(context, &given->dataset, 1, given->rows, given->scores, n,
	                            background);
}

/* The middle of each part: against the quantiles of the scores. */
static void
check_middles(void)
{
	static Case given;
	static double sorted[ROWS], scratch[ROWS];
	CpContext *context = unit_context();
	CpBackground background;
	double sum = 0, mean = 0;

	REQUIRE_OK(make_case(&given, context, ROWS, false));
	REQUIRE_OK(choose(&given, context, ROWS, &background));
	memcpy(sorted, given.scores, sizeof(sorted));
	REQUIRE_OK(cp_sort_doubles(context, sorted, scratch, ROWS));
	CHECK_EQUAL(CP_BACKGROUND_ROWS, background.rows);
	for (uint32_t b = 0; b < background.rows; b++)
	{
		CHECK(background.scores[b] == sorted[(uint32_t) ((b + 0.5) * ROWS / CP_BACKGROUND_ROWS)]);
		CHECK(background.scores[b] == given.scores[(uint32_t) background.vectors[b]]);
		sum += background.scores[b];
	}
	for (uint32_t i = 0; i < ROWS; i++)
		mean += given.scores[i] / ROWS;
	/* A random sample of so many would be off by 0.025 on average. */
	CHECK_CLOSE(mean, sum / background.rows, 0.001);
}

static void
check_few(void)
{
	static Case given;

	for (uint32_t n = 2; n <= CP_BACKGROUND_ROWS + 1; n += 21)
	{
		CpContext *context = unit_context();
		bool taken[CP_BACKGROUND_ROWS + 1] = {false};
		CpBackground background;

		REQUIRE_OK(make_case(&given, context, n, false));
		REQUIRE_OK(choose(&given, context, n, &background));
		CHECK_EQUAL(n < CP_BACKGROUND_ROWS ? n : CP_BACKGROUND_ROWS, background.rows);
		for (uint32_t b = 0; b < background.rows; b++)
		{
			CHECK(!taken[(uint32_t) background.vectors[b]]);
			taken[(uint32_t) background.vectors[b]] = true;
		}
	}
}

/* Weight k is the row k times. */
static void
check_weights(void)
{
	static Case given, repeated;
	CpContext *context = unit_context();
	CpBackground weighted, plain;
	uint32_t n = 0;

	for (uint32_t i = 0; i < 900; i++)
		given.weights[i] = i % 4;
	REQUIRE_OK(make_case(&given, context, 900, true));
	REQUIRE_OK(make_case(&repeated, context, 1350, false));
	for (uint32_t i = 0; i < 900; i++)
		for (uint32_t times = 0; times < i % 4; times++)
		{
			repeated.rows[n] = i;
			repeated.scores[n++] = given.scores[i];
		}
	REQUIRE_OK(choose(&given, context, 900, &weighted));
	REQUIRE_OK(choose(&repeated, context, n, &plain));
	CHECK_EQUAL(weighted.rows, plain.rows);
	for (uint32_t b = 0; b < plain.rows; b++)
	{
		CHECK(weighted.vectors[b] == plain.vectors[b]);
		CHECK((uint32_t) weighted.vectors[b] % 4 > 0);
	}
}

/* The first rows that have a weight, and no more than so many. */
static void
check_candidates(void)
{
	static uint32_t rows[3 * CP_BACKGROUND_CANDIDATES];
	static Case given;
	CpContext *context = unit_context();
	uint32_t *candidates;
	uint32_t n;

	for (uint32_t i = 0; i < 10; i++)
		given.weights[i] = i % 2;
	REQUIRE_OK(make_case(&given, context, 10, true));
	for (uint32_t i = 0; i < 3 * CP_BACKGROUND_CANDIDATES; i++)
		rows[i] = i % 10;
	REQUIRE_OK(cp_background_candidates(context, &given.dataset, rows, 9, &candidates, &n));
	CHECK_EQUAL(4, n);
	for (uint32_t i = 0; i < n; i++)
		CHECK_EQUAL(2 * i + 1, candidates[i]);
	REQUIRE_OK(cp_background_candidates(context, &given.dataset, rows, 3 * CP_BACKGROUND_CANDIDATES,
	                                    &candidates, &n));
	CHECK_EQUAL(CP_BACKGROUND_CANDIDATES, n);
	CHECK_EQUAL(9, candidates[n - 1]);
}

/* Of the training rows alone, with the finished model's probabilities. */
static void
check_trained(void)
{
	CpContext *context = unit_context();
	CpTrainParams params;
	CpTrained trained;
	const CpBackground *background = &trained.model.background;
	void *scratch;
	double sum = 0;

	learn_train_params(&params);
	REQUIRE_OK(learn_train(context, 1500, false, &params, &trained));
	CHECK_EQUAL(CP_BACKGROUND_ROWS, background->rows);
	REQUIRE_OK(cp_alloc(context, &scratch, cp_ensemble_scratch(&trained.model.ensemble), 1));
	for (uint32_t b = 0; b < background->rows; b++)
	{
		CHECK(background->scores[b] ==
		      cp_model_probability(&trained.model, background->vectors + (size_t) b * LEARN_COLUMNS,
		                           scratch));
		CHECK(b == 0 || background->scores[b] >= background->scores[b - 1]);
		sum += background->scores[b];
	}
	CHECK_CLOSE(trained.churn_rate, sum / background->rows, 0.03);
	/* Fewer rows to learn from than a background has; its rows are all of them. */
	context = unit_context();
	REQUIRE_OK(learn_train(context, 100, false, &params, &trained));
	CHECK_EQUAL(80, trained.train_rows);
	CHECK_EQUAL(80, background->rows);
}

static void
check_failures(void)
{
	static Case given;
	CpStatus status = CP_NO_MEMORY;
	CpBackground background;

	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();

		REQUIRE_OK(make_case(&given, context, 200, false));
		unit_fail_allocation(nth);
		status = choose(&given, context, 200, &background);
		if (status != CP_OK)
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 20);
	}
}

/* ---- bytes ---- */

#define MAP_FEATURES 2

/* A number and a category of three levels. */
static CpStatus
make_map(CpContext *context, CpFeatureMap *map, CpFeature features[MAP_FEATURES])
{
	uint32_t code;

	memset(features, 0, MAP_FEATURES * sizeof(CpFeature));
	memset(map, 0, sizeof(*map));
	map->count = MAP_FEATURES;
	map->features = features;
	features[0].kind = CP_NUMBER;
	features[1].kind = CP_CATEGORY;
	cp_dictionary_init(&features[1].levels, context);
	for (const char *text = "abc"; *text != '\0'; text++)
		CP_TRY(cp_dictionary_add(&features[1].levels, text, 1, &code));
	return CP_OK;
}

/* Written and read back. */
static CpStatus
pass_on(CpContext *context, const CpBackground *given, CpBackground *read)
{
	CpFeature features[MAP_FEATURES];
	CpFeatureMap map;
	CpWriter writer;
	CpReader reader;

	CP_TRY(make_map(context, &map, features));
	cp_writer_begin(&writer, context, "backgrd", 1);
	cp_background_write(given, &map, &writer);
	CP_TRY(cp_writer_finish(&writer));
	CP_TRY(cp_reader_open(&reader, context, writer.bytes, writer.length, "backgrd", 1));
	CP_TRY(cp_background_read(read, &reader, &map));
	return cp_reader_close(&reader);
}

static void
check_bytes(void)
{
	double vectors[] = {1.5, 0, NAN, 2, -INFINITY, 3, 1e300, NAN};
	double scores[] = {0, 0.25, 0.5, 1};
	CpBackground background = {4, vectors, scores}, again;
	CpStatus status = CP_NO_MEMORY;

	REQUIRE_OK(pass_on(unit_context(), &background, &again));
	CHECK_EQUAL(4, again.rows);
	CHECK(memcmp(vectors, again.vectors, sizeof(vectors)) == 0);
	CHECK(memcmp(scores, again.scores, sizeof(scores)) == 0);
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();

		unit_fail_allocation(nth);
		status = pass_on(context, &background, &again);
		if (status != CP_OK)
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 50);
	}
}

/* One value of a sound background replaced. */
static CpStatus
with(double number, double code, double score)
{
	double vectors[] = {1, 0, number, code};
	double scores[] = {0.5, score};
	CpBackground background = {2, vectors, scores}, again;

	return pass_on(unit_context(), &background, &again);
}

static void
check_refused(void)
{
	static double vectors[2 * (CP_BACKGROUND_CANDIDATES + 1)];
	static double scores[CP_BACKGROUND_CANDIDATES + 1];
	CpBackground background = {0, vectors, scores}, again;

	CHECK_STATUS(CP_OK, with(INFINITY, 3, 0));
	CHECK_STATUS(CP_CORRUPT, with(1, 4, 0.5));
	CHECK_STATUS(CP_CORRUPT, with(1, -1, 0.5));
	CHECK_STATUS(CP_CORRUPT, with(1, 0.5, 0.5));
	CHECK_STATUS(CP_CORRUPT, with(1, INFINITY, 0.5));
	CHECK_STATUS(CP_CORRUPT, with(1, 1e300, 0.5));
	CHECK_STATUS(CP_CORRUPT, with(1, 1, -0.1));
	CHECK_STATUS(CP_CORRUPT, with(1, 1, 1.1));
	CHECK_STATUS(CP_CORRUPT, with(1, 1, NAN));
	CHECK_STATUS(CP_CORRUPT, pass_on(unit_context(), &background, &again));
	background.rows = CP_BACKGROUND_CANDIDATES;
	CHECK_STATUS(CP_OK, pass_on(unit_context(), &background, &again));
	background.rows++;
	CHECK_STATUS(CP_CORRUPT, pass_on(unit_context(), &background, &again));
}

void
test_background(void)
{
	UNIT_CASE("the middle of each part by score", check_middles);
	UNIT_CASE("few rows, each once", check_few);
	UNIT_CASE("a weight is a row so many times", check_weights);
	UNIT_CASE("rows to choose from", check_candidates);
	UNIT_CASE("of a trained model", check_trained);
	UNIT_CASE("each allocation that fails", check_failures);
	UNIT_CASE("bytes read back", check_bytes);
	UNIT_CASE("values that cannot be are refused", check_refused);
}
