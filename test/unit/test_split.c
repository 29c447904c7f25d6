/*
 * test_split.c: shares, whole units, time, and sets of a few rows.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/split.h"
#include "learn_data.h"
#include "num/rng.h"

#define MOST 3000

extern void test_split(void);

typedef struct Rows
{
	double values[MOST];
	uint8_t labels[MOST];
	double times[MOST];
	uint64_t units[MOST];
} Rows;

/* churn_percent of n rows churned, in units of up to three rows, at ten times. */
static void
make_rows(Rows *rows, uint32_t n, uint64_t seed, uint32_t churn_percent)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (uint32_t i = 0; i < n; i++)
	{
		rows->values[i] = cp_rng_uniform(&rng);
		rows->labels[i] = cp_rng_below(&rng, 100) < churn_percent;
		rows->times[i] = (double) cp_rng_below(&rng, 10) - 5;
		rows->units[i] = 1 + cp_rng_below(&rng, n / 2 + 1);
	}
}

static CpStatus
make_dataset(CpDataset *dataset, const Rows *rows, uint32_t n, bool units, uint32_t **order)
{
	static const CpKind kind = CP_NUMBER;
	LearnTable table = {0};

	table.rows = n;
	table.ncolumns = 1;
	table.kinds = &kind;
	table.values = rows->values;
	table.labels = rows->labels;
	table.times = rows->times;
	table.units = units ? rows->units : NULL;
	CP_TRY(learn_dataset(dataset, unit_context(), &table));
	return cp_dataset_order(dataset, 42, order);
}

static void
check_is_permutation(const uint32_t *rows, uint32_t n)
{
	static uint8_t seen[MOST];

	memset(seen, 0, n);
	for (uint32_t i = 0; i < n; i++)
	{
		REQUIRE(rows[i] < n);
		CHECK(seen[rows[i]]++ == 0);
	}
}

/* Of each class the share is held out, to half a row; likewise in every fold. */
static void
check_stratified(void)
{
	static const uint32_t sizes[] = {1, 2, 3, 5, 10, 97, 1000, MOST};
	static const double shares[] = {0, 0.1, 0.2, 0.5, 0.9};
	static Rows rows;
	static uint8_t folds[MOST];

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (size_t h = 0; h < sizeof(shares) / sizeof(shares[0]); h++)
		{
			uint32_t n = sizes[s], kept, out[2] = {0, 0}, all[2] = {0, 0};
			uint32_t in_fold[7][2];
			uint32_t *order;
			CpDataset dataset;

			make_rows(&rows, n, s, 27);
			REQUIRE_OK(make_dataset(&dataset, &rows, n, false, &order));
			REQUIRE_OK(
				cp_split_hold_out(&dataset, order, n, CP_SPLIT_STRATIFIED, shares[h], &kept));
			check_is_permutation(order, n);
			for (uint32_t i = 0; i < n; i++)
			{
				all[rows.labels[order[i]]]++;
				out[rows.labels[order[i]]] += i >= kept;
			}
			for (int label = 0; label < 2; label++)
				CHECK(fabs(out[label] - shares[h] * all[label]) <= 0.5 + 1e-9);

			REQUIRE_OK(cp_split_folds(&dataset, order, n, CP_SPLIT_STRATIFIED, 7, folds));
			memset(in_fold, 0, sizeof(in_fold));
			for (uint32_t i = 0; i < n; i++)
			{
				REQUIRE(folds[i] < 7);
				in_fold[folds[i]][rows.labels[order[i]]]++;
			}
			for (int fold = 0; fold < 7; fold++)
				for (int label = 0; label < 2; label++)
					CHECK(fabs(in_fold[fold][label] - all[label] / 7.0) <= 1);
		}
}

/* Rows of a unit end up together, held out or in one fold. */
static void
check_whole_units(void)
{
	static Rows rows;
	static uint8_t folds[MOST], part[MOST];

	for (uint32_t n = 1; n <= MOST; n = n < 20 ? n + 1 : n * 5)
	{
		uint32_t *order;
		uint32_t kept;
		CpDataset dataset;

		make_rows(&rows, n, n, 30);
		REQUIRE_OK(make_dataset(&dataset, &rows, n, true, &order));
		REQUIRE_OK(cp_split_folds(&dataset, order, n, CP_SPLIT_WHOLE_UNITS, 255, folds));
		for (uint32_t i = 0; i < n; i++)
			part[order[i]] = folds[i];
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t j = 0; j < i; j++)
				if (rows.units[i] == rows.units[j])
					CHECK(part[i] == part[j]);

		REQUIRE_OK(cp_split_hold_out(&dataset, order, n, CP_SPLIT_WHOLE_UNITS, 0.3, &kept));
		check_is_permutation(order, n);
		for (uint32_t i = 0; i < n; i++)
			part[order[i]] = i >= kept;
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t j = 0; j < i; j++)
				if (rows.units[i] == rows.units[j])
					CHECK(part[i] == part[j]);
		if (n > 100)
			CHECK(fabs(n - kept - 0.3 * n) < 10);
	}
}

/* The held-out rows are the newest; rows of one time are never parted. */
static void
check_time(void)
{
	static Rows rows;

	for (uint32_t n = 1; n <= MOST; n = n < 20 ? n + 1 : n * 5)
	{
		uint32_t *order;
		uint32_t kept;
		double newest_kept = -INFINITY, oldest_out = INFINITY;
		CpDataset dataset;

		make_rows(&rows, n, n + 1, 30);
		REQUIRE_OK(make_dataset(&dataset, &rows, n, false, &order));
		REQUIRE_OK(cp_split_hold_out(&dataset, order, n, CP_SPLIT_TIME, 0.25, &kept));
		check_is_permutation(order, n);
		for (uint32_t i = 0; i < n; i++)
		{
			double time = rows.times[order[i]];

			if (i < kept)
				newest_kept = time > newest_kept ? time : newest_kept;
			else
				oldest_out = time < oldest_out ? time : oldest_out;
		}
		CHECK(newest_kept < oldest_out);
		/* No more than the rows of one time above the share. */
		if (n > 100)
			CHECK(n - kept >= 0.25 * n - 1 && n - kept < 0.45 * n);
	}
}

/* Nothing held out, and the rows stand as they did. */
static void
check_share_of_zero(void)
{
	static Rows rows;
	static uint32_t before[100];
	CpDataset dataset;
	uint32_t *order;
	uint32_t kept;

	make_rows(&rows, 100, 9, 30);
	REQUIRE_OK(make_dataset(&dataset, &rows, 100, false, &order));
	memcpy(before, order, sizeof(before));
	for (int by = CP_SPLIT_STRATIFIED; by <= CP_SPLIT_TIME; by++)
	{
		REQUIRE_OK(cp_split_hold_out(&dataset, order, 100, (CpSplitBy) by, 0, &kept));
		CHECK_EQUAL(100, kept);
		CHECK(memcmp(before, order, sizeof(before)) == 0);
		REQUIRE_OK(cp_split_hold_out(&dataset, order, 0, (CpSplitBy) by, 0.5, &kept));
		CHECK_EQUAL(0, kept);
	}
	/* Two rows in places of a quarter and three quarters: the share does not reach the first. */
	REQUIRE_OK(cp_split_hold_out(&dataset, order, 2, CP_SPLIT_WHOLE_UNITS, 0.25, &kept));
	CHECK_EQUAL(2, kept);
	REQUIRE_OK(cp_split_hold_out(&dataset, order, 2, CP_SPLIT_WHOLE_UNITS, 0.26, &kept));
	CHECK_EQUAL(1, kept);
}

static void
check_failures(void)
{
	static Rows rows;

	make_rows(&rows, 50, 1, 30);
	for (size_t nth = 1; nth <= 6; nth++)
	{
		CpDataset dataset;
		uint32_t *order;
		uint32_t kept;

		REQUIRE_OK(make_dataset(&dataset, &rows, 50, false, &order));
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY,
		             cp_split_hold_out(&dataset, order, 50, CP_SPLIT_TIME, 0.2, &kept));
	}
}

void
test_split(void)
{
	UNIT_CASE("every part holds its share of each class", check_stratified);
	UNIT_CASE("units stay whole", check_whole_units);
	UNIT_CASE("the newest are held out, equal times together", check_time);
	UNIT_CASE("a share of zero, and no rows", check_share_of_zero);
	UNIT_CASE("each allocation that fails", check_failures);
}
