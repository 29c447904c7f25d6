/*
 * test_dataset.c: rows in whatever order, samples of them, and which columns
 * and levels are kept.
 */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "learn/dataset.h"
#include "learn_data.h"
#include "num/rng.h"

#define MOST 1500

extern void test_dataset(void);

/* ---- the order of arrival ---- */

typedef struct Problem
{
	double values[MOST * LEARN_COLUMNS];
	uint8_t labels[MOST];
	double weights[MOST];
	double times[MOST];
	uint64_t units[MOST];
	uint32_t arrival[MOST];
} Problem;

static void
make_problem(Problem *problem, LearnTable *table)
{
	CpRng rng;

	cp_rng_init(&rng, 12, 0);
	learn_problem(2, MOST, problem->values, problem->labels, NULL);
	for (uint32_t row = 0; row < MOST; row++)
	{
		problem->weights[row] = (double) cp_rng_below(&rng, 30) * 0.1;
		problem->times[row] = (double) cp_rng_below(&rng, 20);
		problem->units[row] = 1 + cp_rng_below(&rng, MOST / 3);
		problem->arrival[row] = row;
	}
	/* Some rows twice, in all their particulars. */
	for (uint32_t row = MOST - 100; row < MOST; row++)
	{
		uint32_t of = row - 1000;

		memcpy(problem->values + row * LEARN_COLUMNS, problem->values + of * LEARN_COLUMNS,
		       LEARN_COLUMNS * sizeof(double));
		problem->labels[row] = problem->labels[of];
		problem->weights[row] = problem->weights[of];
		problem->times[row] = problem->times[of];
		problem->units[row] = problem->units[of];
	}
	memset(table, 0, sizeof(*table));
	table->rows = MOST;
	table->ncolumns = LEARN_COLUMNS;
	table->kinds = learn_kinds;
	table->values = problem->values;
	table->labels = problem->labels;
	table->weights = problem->weights;
	table->times = problem->times;
	table->units = problem->units;
	table->arrival = problem->arrival;
	table->seed = 99;
}

/* What a data set holds, in its own order. */
typedef struct Picture
{
	uint32_t rows;
	double values[MOST][LEARN_COLUMNS];
	uint8_t labels[MOST];
	double weights[MOST];
	double times[MOST];
	uint64_t units[MOST];
	char levels[LEARN_COLUMNS][2000];
} Picture;

static CpStatus
take_picture(const LearnTable *table, Picture *picture)
{
	CpDataset dataset;
	uint32_t *order;

	CP_TRY(learn_dataset(&dataset, unit_context(), table));
	CP_TRY(cp_dataset_order(&dataset, 5, &order));
	memset(picture, 0, sizeof(*picture));
	picture->rows = dataset.rows;
	for (uint32_t i = 0; i < dataset.rows; i++)
	{
		cp_dataset_vector(&dataset, order[i], picture->values[i]);
		picture->labels[i] = dataset.labels[order[i]];
		picture->weights[i] = dataset.weights[order[i]];
		picture->times[i] = dataset.times[order[i]];
		picture->units[i] = dataset.units[order[i]];
	}
	for (uint32_t c = 0; c < LEARN_COLUMNS; c++)
		for (uint32_t level = 0;
		     dataset.columns[c].dropped == CP_KEPT && level < dataset.columns[c].texts.count;
		     level++)
		{
			size_t length;
			const char *text = cp_dictionary_text(&dataset.columns[c].texts, level, &length);
			size_t at = strlen(picture->levels[c]);

			snprintf(picture->levels[c] + at, sizeof(picture->levels[c]) - at, "%.*s;",
			         (int) length, text);
		}
	return CP_OK;
}

static bool
same_picture(const Picture *a, const Picture *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The same rows in other orders are the same data set, weights and all. */
static void
check_arrival(void)
{
	static Problem problem;
	static Picture first, picture;
	LearnTable table;
	CpRng rng;

	cp_rng_init(&rng, 4, 0);
	make_problem(&problem, &table);
	for (int units = 0; units < 2; units++)
	{
		table.units = units ? problem.units : NULL;
		REQUIRE_OK(take_picture(&table, &first));
		CHECK_EQUAL(MOST, first.rows);
		for (int round = 0; round < 4; round++)
		{
			cp_rng_shuffle(&rng, problem.arrival, MOST);
			REQUIRE_OK(take_picture(&table, &picture));
			CHECK(same_picture(&first, &picture));
		}
	}
}

/* A sample has the size asked for; one seed draws one sample, another another. */
static void
check_sample_size(void)
{
	static Problem problem;
	static Picture first, picture;
	static const uint32_t max_rows[] = {1, 2, 3, 40, 700, MOST - 1, MOST, MOST + 1};
	LearnTable table;

	make_problem(&problem, &table);
	for (size_t m = 0; m < sizeof(max_rows) / sizeof(max_rows[0]); m++)
	{
		uint32_t expected = max_rows[m] > MOST ? MOST : max_rows[m];

		table.max_rows = max_rows[m];
		table.seed = 1;
		REQUIRE_OK(take_picture(&table, &first));
		CHECK_EQUAL(expected, first.rows);
		REQUIRE_OK(take_picture(&table, &picture));
		CHECK(same_picture(&first, &picture));
		table.seed = 2;
		REQUIRE_OK(take_picture(&table, &picture));
		CHECK_EQUAL(expected, picture.rows);
		CHECK(same_picture(&first, &picture) == (expected == MOST));
	}
}

/* Rows of a unit stand together, and the seed mixes the units. */
static void
check_order(void)
{
	static Problem problem;
	static uint8_t seen[MOST];
	LearnTable table;
	CpDataset dataset;
	uint32_t *order, *other, moved = 0, units = 1, distinct = 0;

	make_problem(&problem, &table);
	REQUIRE_OK(learn_dataset(&dataset, unit_context(), &table));
	REQUIRE_OK(cp_dataset_order(&dataset, 1, &order));
	REQUIRE_OK(cp_dataset_order(&dataset, 2, &other));
	for (uint32_t i = 0; i < MOST; i++)
	{
		CHECK(seen[order[i]]++ == 0);
		moved += order[i] != other[i];
		units += i > 0 && dataset.units[order[i]] != dataset.units[order[i - 1]];
	}
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < MOST; i++)
		distinct += seen[problem.units[i]]++ == 0;
	CHECK_EQUAL(distinct, units);
	CHECK(moved > MOST - 30);
}

/* Equal rows without a unit are spread, or all copies would be held out together. */
static void
check_order_of_copies(void)
{
	static Problem problem;
	LearnTable table;
	CpDataset dataset;
	uint32_t *order;
	uint32_t neighbours = 0;

	make_problem(&problem, &table);
	table.weights = table.times = NULL;
	table.units = NULL;
	for (uint32_t row = 0; row < MOST; row++)
	{
		for (int c = 0; c < LEARN_COLUMNS; c++)
			problem.values[row * LEARN_COLUMNS + c] = row % 50;
		problem.labels[row] = row % 2;
	}
	REQUIRE_OK(learn_dataset(&dataset, unit_context(), &table));
	REQUIRE_OK(cp_dataset_order(&dataset, 1, &order));
	for (uint32_t i = 1; i < MOST; i++)
		neighbours += dataset.contents[order[i]] == dataset.contents[order[i - 1]];
	CHECK_CLOSE(MOST / 50.0, neighbours, 30);
}

/* ---- what a row contains ---- */

static double
nan_of_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static CpStatus
add_pair(CpDataset *dataset, double number, const char *text, const CpRowInfo *info)
{
	CP_TRY(cp_dataset_begin_row(dataset));
	cp_dataset_set_number(dataset, 0, number);
	if (text == NULL)
		cp_dataset_set_missing(dataset, 1);
	else
		CP_TRY(cp_dataset_set_text(dataset, 1, text, strlen(text)));
	return cp_dataset_end_row(dataset, info);
}

static void
check_contents(void)
{
	static const char *const names[] = {"number", "text"};
	static const CpKind kinds[] = {CP_NUMBER, CP_CATEGORY};
	CpDataset dataset;
	CpRowInfo info = {.churned = false, .weight = 1, .time = 3};
	CpRowInfo churned = {.churned = true, .weight = 1, .time = 3};
	CpRowInfo heavier = {.churned = false, .weight = 2, .time = 3};
	CpRowInfo later = {.churned = false, .weight = 1, .time = 4};

	REQUIRE_OK(cp_dataset_init(&dataset, unit_context(), 2, names, kinds, true, true, 0, 1));
	REQUIRE_OK(add_pair(&dataset, 0.0, "a", &info));
	REQUIRE_OK(add_pair(&dataset, -0.0, "a", &info));
	CHECK(dataset.contents[0] == dataset.contents[1]);

	REQUIRE_OK(add_pair(&dataset, nan_of_bits(UINT64_C(0x7ff8000000000000)), NULL, &info));
	REQUIRE_OK(add_pair(&dataset, nan_of_bits(UINT64_C(0xfff8000000000001)), NULL, &info));
	REQUIRE_OK(add_pair(&dataset, nan_of_bits(UINT64_C(0x7ff0000000000002)), NULL, &info));
	CHECK(dataset.contents[2] == dataset.contents[3] && dataset.contents[2] == dataset.contents[4]);
	CHECK(isnan(dataset.columns[0].numbers[2]) && isnan(dataset.columns[0].numbers[4]));

	/* Label, weight and time belong to the content. */
	REQUIRE_OK(add_pair(&dataset, 0.0, "a", &churned));
	REQUIRE_OK(add_pair(&dataset, 0.0, "a", &heavier));
	REQUIRE_OK(add_pair(&dataset, 0.0, "a", &later));
	for (uint32_t row = 5; row < 8; row++)
		for (uint32_t other = 0; other < row; other++)
			CHECK(dataset.contents[row] != dataset.contents[other]);
	/* An empty text is a text. */
	REQUIRE_OK(add_pair(&dataset, 0.0, "", &info));
	REQUIRE_OK(add_pair(&dataset, 0.0, NULL, &info));
	CHECK(dataset.contents[8] != dataset.contents[9]);
	REQUIRE_OK(cp_dataset_finish(&dataset));
	CHECK_EQUAL(2, dataset.columns[1].texts.count);
	CHECK(cp_dataset_value(&dataset.columns[1], 0) == 0);
	CHECK(cp_dataset_value(&dataset.columns[1], 8) == 1);
	CHECK(isnan(cp_dataset_value(&dataset.columns[1], 9)));
}

/* ---- sampling ---- */

/* Every row is as likely to be kept as any other. */
static void
check_sample_is_uniform(void)
{
	enum
	{
		rows = 500,
		sample = 50,
		seeds = 300
	};
	static const CpKind kind = CP_NUMBER;
	static double values[rows];
	static uint8_t labels[rows];
	static uint32_t times_kept[rows];
	LearnTable table = {0};
	double expected = (double) seeds * sample / rows;
	double chi_square = 0;

	memset(times_kept, 0, sizeof(times_kept));
	for (uint32_t row = 0; row < rows; row++)
		values[row] = row;
	table.rows = rows;
	table.ncolumns = 1;
	table.kinds = &kind;
	table.values = values;
	table.labels = labels;
	table.max_rows = sample;
	for (table.seed = 0; table.seed < seeds; table.seed++)
	{
		CpDataset dataset;

		REQUIRE_OK(learn_dataset(&dataset, unit_context(), &table));
		CHECK_EQUAL(sample, dataset.rows);
		CHECK_EQUAL(rows, dataset.arrived);
		for (uint32_t i = 0; i < dataset.rows; i++)
			times_kept[(int) dataset.columns[0].numbers[i]]++;
	}
	for (uint32_t row = 0; row < rows; row++)
		chi_square += (times_kept[row] - expected) * (times_kept[row] - expected) /
		              (expected * (1 - (double) sample / rows));
	/* 499 degrees of freedom: deviates by five standard deviations with a chance below 1e-5. */
	CHECK_CLOSE(499, chi_square, 5 * sqrt(2 * 499));
}

/* With an id the sample is the same in any order of arrival, and rows of one id come together. */
static void
check_sample_of_identities(void)
{
	static Problem problem;
	static Picture first, picture;
	static uint64_t identities[MOST];
	LearnTable table;
	CpRng rng;

	cp_rng_init(&rng, 40, 0);
	make_problem(&problem, &table);
	for (uint32_t row = 0; row < MOST; row++)
		identities[row] = problem.units[row] = 1 + cp_rng_below(&rng, MOST - 100);
	table.identities = identities;
	for (uint32_t max_rows = 1; max_rows < MOST; max_rows += 1 + max_rows)
	{
		table.max_rows = max_rows;
		REQUIRE_OK(take_picture(&table, &first));
		CHECK(first.rows >= max_rows && first.rows < max_rows + 10);
		for (int round = 0; round < 3; round++)
		{
			cp_rng_shuffle(&rng, problem.arrival, MOST);
			REQUIRE_OK(take_picture(&table, &picture));
			CHECK(same_picture(&first, &picture));
		}
		for (uint32_t i = 0; i < first.rows; i++)
		{
			uint32_t in_all = 0, in_sample = 0;

			for (uint32_t row = 0; row < MOST; row++)
				in_all += identities[row] == first.units[i];
			for (uint32_t j = 0; j < first.rows; j++)
				in_sample += first.units[j] == first.units[i];
			CHECK_EQUAL(in_all, in_sample);
		}
	}
}

/* All rows of one id: none can be left out, and reading goes on without sorting each time. */
static void
check_one_identity(void)
{
	static Problem problem;
	static uint64_t identities[MOST];
	LearnTable table;
	CpDataset dataset;

	make_problem(&problem, &table);
	for (uint32_t row = 0; row < MOST; row++)
		identities[row] = 5;
	table.identities = identities;
	table.max_rows = 100;
	REQUIRE_OK(learn_dataset(&dataset, unit_context(), &table));
	CHECK_EQUAL(MOST, dataset.rows);
	CHECK(unit_allocations() < 500);
}

/* Equal rows are drawn each for itself: of ten copies in each of 50 rows about one is kept, not all or none. */
static void
check_sample_of_copies(void)
{
	enum
	{
		rows = 500,
		sample = 50
	};
	static const CpKind kind = CP_NUMBER;
	static double values[rows];
	static uint8_t labels[rows];
	LearnTable table = {0};
	CpDataset dataset;
	uint32_t copies[50] = {0};
	uint32_t none = 0;

	for (uint32_t row = 0; row < rows; row++)
		values[row] = row % 50;
	table.rows = rows;
	table.ncolumns = 1;
	table.kinds = &kind;
	table.values = values;
	table.labels = labels;
	table.max_rows = sample;
	REQUIRE_OK(learn_dataset(&dataset, unit_context(), &table));
	for (uint32_t i = 0; i < dataset.rows; i++)
		copies[(int) dataset.columns[0].numbers[i]]++;
	for (int value = 0; value < 50; value++)
	{
		CHECK(copies[value] <= 6);
		none += copies[value] == 0;
	}
	CHECK(none < 30);
}

/* ---- weights ---- */

/* A mean of one, shares kept, whatever their size. */
static void
check_weights(void)
{
	static const double scales[] = {1, 1e-300, 1e307, 7};
	static Problem problem;
	LearnTable table;
	CpDataset dataset;

	make_problem(&problem, &table);
	for (int i = 0; i < 4; i++)
	{
		double sum = 0;

		for (uint32_t row = 0; row < MOST; row++)
			problem.weights[row] = scales[i] * (row % 11);
		table.arrival = NULL;
		REQUIRE_OK(learn_dataset(&dataset, unit_context(), &table));
		for (uint32_t row = 0; row < MOST; row++)
		{
			sum += dataset.weights[row];
			CHECK_RELATIVE(dataset.weights[1] * (row % 11), dataset.weights[row], 1e-12);
		}
		CHECK_CLOSE(MOST, sum, 1e-3);
	}
	memset(problem.weights, 0, sizeof(problem.weights));
	CHECK_STATUS(CP_BAD_DATA, learn_dataset(&dataset, unit_context(), &table));
	table.rows = 0;
	CHECK_STATUS(CP_OK, learn_dataset(&dataset, unit_context(), &table));
}

/* ---- columns and levels ---- */

/* One column of n rows whose values come from a function; what becomes of it. */
static CpStatus
finish_column(CpDataset *dataset, CpKind kind, uint32_t n, double (*value)(uint32_t row))
{
	static double values[MOST];
	static uint8_t labels[MOST];
	LearnTable table = {0};

	for (uint32_t row = 0; row < n; row++)
		values[row] = value(row);
	table.rows = n;
	table.ncolumns = 1;
	table.kinds = &kind;
	table.values = values;
	table.labels = labels;
	return learn_dataset(dataset, unit_context(), &table);
}

static double
own_value(uint32_t row)
{
	return row;
}

static double
seven(uint32_t row)
{
	(void) row;
	return 7;
}

static double
nothing(uint32_t row)
{
	(void) row;
	return NAN;
}

static double
seven_or_nothing(uint32_t row)
{
	return row % 3 ? 7 : NAN;
}

/* 90 distinct in 100: exactly the share, not more. */
static double
nine_tenths(uint32_t row)
{
	return row % 90;
}

static double
ninety_one(uint32_t row)
{
	return row % 91;
}

/* Ten rows have a text each, the others none. */
static double
ten_texts(uint32_t row)
{
	return row < 10 ? row : NAN;
}

static double
nine_texts(uint32_t row)
{
	return row < 9 ? row : NAN;
}

static double
zero_of_both_signs(uint32_t row)
{
	return row % 2 ? 0.0 : -0.0;
}

static double
infinities(uint32_t row)
{
	return row % 2 ? INFINITY : -INFINITY;
}

static void
check_dropped(void)
{
	static const struct
	{
		CpKind kind;
		uint32_t rows;
		double (*value)(uint32_t row);
		CpDropped expected;
	} cases[] = {
		{CP_NUMBER, 100, own_value, CP_KEPT},
		{CP_CATEGORY, 100, own_value, CP_DROPPED_ID},
		{CP_CATEGORY, 9, own_value, CP_KEPT},
		{CP_CATEGORY, 10, own_value, CP_DROPPED_ID},
		{CP_CATEGORY, 100, nine_tenths, CP_KEPT},
		{CP_CATEGORY, 100, ninety_one, CP_DROPPED_ID},
		{CP_CATEGORY, 100, ten_texts, CP_DROPPED_ID},
		{CP_CATEGORY, 100, nine_texts, CP_KEPT},
		{CP_NUMBER, 100, seven, CP_DROPPED_CONSTANT},
		{CP_CATEGORY, 100, seven, CP_DROPPED_CONSTANT},
		{CP_TIMESTAMP, 1, seven, CP_DROPPED_CONSTANT},
		{CP_NUMBER, 100, seven_or_nothing, CP_KEPT},
		{CP_CATEGORY, 100, seven_or_nothing, CP_KEPT},
		{CP_NUMBER, 100, nothing, CP_DROPPED_EMPTY},
		{CP_CATEGORY, 100, nothing, CP_DROPPED_EMPTY},
		{CP_NUMBER, 100, zero_of_both_signs, CP_DROPPED_CONSTANT},
		{CP_NUMBER, 100, infinities, CP_KEPT},
		{CP_NUMBER, 0, nothing, CP_DROPPED_EMPTY},
		{CP_CATEGORY, 0, nothing, CP_DROPPED_EMPTY},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		CpDataset dataset;
		CpFeatureMap map;

		REQUIRE_OK(finish_column(&dataset, cases[i].kind, cases[i].rows, cases[i].value));
		if (!CHECK_EQUAL(cases[i].expected, dataset.columns[0].dropped))
			unit_note("in case %zu", i);
		REQUIRE_OK(cp_dataset_featuremap(&dataset, &map));
		CHECK_EQUAL(cases[i].expected == CP_KEPT, map.count);
		if (map.count > 0)
		{
			CHECK_STRING("c0", map.features[0].name);
			CHECK_EQUAL(cases[i].kind, map.features[0].kind);
			CHECK_EQUAL(dataset.columns[0].texts.count, map.features[0].levels.count);
		}
	}
}

/* More frequent first, then by bytes, of which the shorter text is the smaller. */
static void
check_level_order(void)
{
	static const char *const name = "text";
	static const CpKind kind = CP_CATEGORY;
	static const struct
	{
		const char *text;
		int rows;
	} given[] = {{"\xc3\xa9t\xc3\xa9", 2},
	             {"b", 3},
	             {"ab", 2},
	             {"", 2},
	             {"rare", 1},
	             {"a", 2},
	             {"often", 9},
	             {"B", 3}};
	static const char *const expected[] = {"often", "B", "b", "", "a", "ab", "\xc3\xa9t\xc3\xa9",
	                                       "rare"};
	CpDataset dataset;
	CpRowInfo info = {0};

	REQUIRE_OK(cp_dataset_init(&dataset, unit_context(), 1, &name, &kind, false, false, 0, 1));
	for (int i = 0; i < 8; i++)
		for (int row = 0; row < given[i].rows; row++)
		{
			REQUIRE_OK(cp_dataset_begin_row(&dataset));
			REQUIRE_OK(cp_dataset_set_text(&dataset, 0, given[i].text, strlen(given[i].text)));
			REQUIRE_OK(cp_dataset_end_row(&dataset, &info));
		}
	REQUIRE_OK(cp_dataset_finish(&dataset));
	CHECK_EQUAL(8, dataset.columns[0].texts.count);
	for (uint32_t level = 0; level < 8; level++)
	{
		size_t length;
		const char *text = cp_dictionary_text(&dataset.columns[0].texts, level, &length);

		CHECK(length == strlen(expected[level]) && memcmp(text, expected[level], length) == 0);
	}
	CHECK(cp_dataset_value(&dataset.columns[0], 0) == 6);
	CHECK(cp_dataset_value(&dataset.columns[0], 23) == 1);
}

static double
of_254(uint32_t row)
{
	return row % 254;
}

/* Levels 0 .. 253 five times each, then 46 that come once, then nothing. */
static double
of_300(uint32_t row)
{
	return row < 5 * 254 ? row / 5 : row < 1400 ? 300 + row % 46 : NAN;
}

static void
check_many_levels(void)
{
	CpDataset dataset;
	const CpColumn *column;

	REQUIRE_OK(finish_column(&dataset, CP_CATEGORY, 1000, of_254));
	column = &dataset.columns[0];
	CHECK_EQUAL(254, column->texts.count);
	for (uint32_t row = 0; row < 1000; row++)
		CHECK(cp_dataset_value(column, row) < 254);

	REQUIRE_OK(finish_column(&dataset, CP_CATEGORY, 1450, of_300));
	column = &dataset.columns[0];
	CHECK_EQUAL(254, column->texts.count);
	CHECK_EQUAL(254, CP_LEVEL_OTHER(column));
	for (uint32_t row = 0; row < 1400; row++)
	{
		char text[32];
		int length = snprintf(text, sizeof(text), "level %g", of_300(row));
		uint32_t code = cp_dictionary_find(&column->texts, text, (size_t) length);

		CHECK(cp_dataset_value(column, row) == (code == CP_NO_CODE ? 254 : code));
		CHECK(row >= 5 * 254 || code != CP_NO_CODE);
	}
	for (uint32_t row = 1400; row < 1450; row++)
		CHECK(isnan(cp_dataset_value(column, row)));
}

/* While reading, a column of identifiers is given up before its dictionary grows large. */
static void
check_early_id(void)
{
	static const char *const names[] = {"id", "number"};
	static const CpKind kinds[] = {CP_CATEGORY, CP_NUMBER};
	CpContext *context = unit_context();
	CpDataset dataset;
	CpRowInfo info = {0};
	uint32_t dropped_at = 0;
	size_t before = 0;

	REQUIRE_OK(cp_dataset_init(&dataset, context, 2, names, kinds, false, false, 0, 1));
	for (uint32_t row = 0; row < CP_ID_DISTINCT_MAX + 100000; row++)
	{
		char text[16];
		int length = snprintf(text, sizeof(text), "%u", row % (CP_ID_DISTINCT_MAX + 1000));

		REQUIRE_OK(cp_dataset_begin_row(&dataset));
		before = dropped_at == 0 ? context->used : before;
		REQUIRE_OK(cp_dataset_set_text(&dataset, 0, text, (size_t) length));
		cp_dataset_set_number(&dataset, 1, row % 7);
		REQUIRE_OK(cp_dataset_end_row(&dataset, &info));
		if (dropped_at == 0 && dataset.columns[0].dropped == CP_DROPPED_ID)
		{
			dropped_at = row + 1;
			CHECK(context->used < before - CP_ID_DISTINCT_MAX * 16);
			CHECK(dataset.columns[0].codes == NULL && dataset.columns[0].texts.count == 0);
		}
	}
	CHECK_EQUAL(CP_ID_DISTINCT_MAX, dropped_at);
	REQUIRE_OK(cp_dataset_finish(&dataset));
	CHECK_EQUAL(CP_DROPPED_ID, dataset.columns[0].dropped);
	CHECK_EQUAL(CP_KEPT, dataset.columns[1].dropped);
}

/* The same row before and after its column was given up has the same content. */
static void
check_content_outlives_column(void)
{
	static const char *const names[] = {"id", "number"};
	static const CpKind kinds[] = {CP_CATEGORY, CP_NUMBER};
	CpDataset dataset;
	CpRowInfo info = {0};

	REQUIRE_OK(cp_dataset_init(&dataset, unit_context(), 2, names, kinds, false, false, 0, 1));
	for (uint32_t row = 0; row < 50; row++)
	{
		char text[16];
		int length = snprintf(text, sizeof(text), "%u", row % 25);

		REQUIRE_OK(cp_dataset_begin_row(&dataset));
		REQUIRE_OK(cp_dataset_set_text(&dataset, 0, text, (size_t) length));
		cp_dataset_set_number(&dataset, 1, 1);
		REQUIRE_OK(cp_dataset_end_row(&dataset, &info));
		if (row == 24)
		{
			/* As cp_dataset_set_text does at its 200,000th. */
			dataset.columns[0].dropped = CP_DROPPED_ID;
			cp_free(dataset.context, &dataset.columns[0].codes);
			cp_dictionary_free(&dataset.columns[0].texts);
		}
	}
	for (uint32_t row = 0; row < 25; row++)
		CHECK(dataset.contents[row] == dataset.contents[row + 25]);
}

/* ---- memory ---- */

static CpStatus
whole_way(CpContext *context, const LearnTable *table)
{
	CpDataset dataset;
	CpFeatureMap map;
	uint32_t *order;

	CP_TRY(learn_dataset(&dataset, context, table));
	CP_TRY(cp_dataset_order(&dataset, 3, &order));
	return cp_dataset_featuremap(&dataset, &map);
}

static void
check_failures(void)
{
	static Problem problem;
	LearnTable table;
	CpStatus status = CP_NO_MEMORY;

	make_problem(&problem, &table);
	table.max_rows = 100;
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();

		unit_fail_allocation(nth);
		status = whole_way(context, &table);
		CHECK(status == CP_OK || status == CP_NO_MEMORY);
		REQUIRE(nth < 1000);
	}
	{
		CpContext *context = unit_context();

		context->budget = 20000;
		CHECK_STATUS(CP_OVER_BUDGET, whole_way(context, &table));
		CHECK(context->peak <= context->budget && context->required > context->budget);
	}
}

void
test_dataset(void)
{
	UNIT_CASE("the same rows in any order", check_arrival);
	UNIT_CASE("the size of a sample, and its seed", check_sample_size);
	UNIT_CASE("rows of a unit stand together, units are mixed", check_order);
	UNIT_CASE("equal rows without a unit are spread", check_order_of_copies);
	UNIT_CASE("zeros, missing values and particulars in the content", check_contents);
	UNIT_CASE("a sample is uniform", check_sample_is_uniform);
	UNIT_CASE("a sample of rows with an id", check_sample_of_identities);
	UNIT_CASE("rows of one id are not parted by a sample", check_one_identity);
	UNIT_CASE("equal rows are drawn one by one", check_sample_of_copies);
	UNIT_CASE("weights are scaled to a mean of one", check_weights);
	UNIT_CASE("columns nothing can be learned from", check_dropped);
	UNIT_CASE("levels by frequency, then by bytes", check_level_order);
	UNIT_CASE("rare levels become one", check_many_levels);
	UNIT_CASE("identifiers are given up while reading", check_early_id);
	UNIT_CASE("content does not depend on columns given up", check_content_outlives_column);
	UNIT_CASE("each allocation that fails", check_failures);
}
