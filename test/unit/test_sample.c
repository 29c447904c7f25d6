/*
 * test_sample.c: ranks within the stated bound, rows to the last one, whatever the order.
 */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/rng.h"
#include "num/sort.h"
#include "stats/sample.h"

extern void test_sample(void);

#define ROWS 100000
#define PARTS 37
#define MAGIC "TESTMAGI"

/* ---- within the bound ---- */

typedef enum Order
{
	ASCENDING,
	DESCENDING,
	ALTERNATING, /* least, greatest, next to least, ... */
	SHUFFLED,
	TIED,      /* ten values, one of them half of the rows */
	SAWTOOTH,  /* as long as a buffer of 64 */
	INFINITIES /* at both ends, and few numbers */
} Order;

static double
value_at(Order order, uint32_t i, CpRng *rng)
{
	switch (order)
	{
		case ASCENDING:
			return i;
		case DESCENDING:
			return -(double) i;
		case ALTERNATING:
			return i % 2 == 0 ? i : -(double) i;
		case SHUFFLED:
			return cp_rng_normal(rng);
		case TIED:
			return cp_rng_below(rng, 2) == 0 ? 5 : (double) cp_rng_below(rng, 10);
		case SAWTOOTH:
			return i % 64 + i / 1e6;
		case INFINITIES:
			return i % 3 == 0 ? (double) INFINITY : i % 3 == 1 ? (double) -INFINITY : i;
	}
	return 0;
}

static double *
make_values(CpContext *context, Order order)
{
	double *values;
	CpRng rng;

	if (!CHECK_STATUS(CP_OK, cp_alloc(context, &values, ROWS, sizeof(double))))
		abort();
	cp_rng_init(&rng, 7, (uint64_t) order);
	for (uint32_t i = 0; i < ROWS; i++)
		values[i] = value_at(order, i, &rng);
	return values;
}

/* Largest distance of a rank in the sorted sample from that in all values, in rows. */
static double
widest_error(const CpSorted *sorted, const double *values, uint32_t n)
{
	double widest = 0;

	for (uint32_t i = 0, passed = 0; i < n; i++)
	{
		double upto;

		if (i + 1 < n && values[i + 1] == values[i])
			continue;
		while (passed < sorted->n && sorted->values[passed] <= values[i])
			passed++;
		upto = passed == 0 ? 0 : cp_sorted_upto(sorted, passed - 1);
		widest = fmax(widest, fabs(upto - i - 1));
	}
	return widest;
}

/* The sample stands for the n values, which are sorted here. */
static void
check_bound(CpSample *sample, double *values, uint32_t n)
{
	CpContext *context = sample->context;
	double error = cp_sample_error(sample);
	double *scratch;
	CpSorted sorted;

	CHECK_EQUAL(n, sample->rows);
	CHECK((error == 0) == (sample->nlevels == 1));
	REQUIRE_OK(cp_sample_sort(sample, &sorted));
	CHECK(sorted.total == n);
	CHECK(cp_sorted_upto(&sorted, sorted.n - 1) == n);
	for (uint32_t i = 1; i < sorted.n; i++)
		CHECK(sorted.values[i - 1] <= sorted.values[i]);
	REQUIRE_OK(cp_alloc(context, &scratch, n, sizeof(double)));
	REQUIRE_OK(cp_sort_doubles(NULL, values, scratch, n));
	CHECK(widest_error(&sorted, values, n) <= error * n * (1 + 1e-12));
	cp_free(context, &scratch);
	cp_sorted_free(context, &sorted);
}

static void
ranks_keep_the_bound(void)
{
	static const uint32_t limits[] = {8, 64, 1000, ROWS - 8, ROWS};

	for (int order = ASCENDING; order <= INFINITIES; order++)
		for (int l = 0; l < 5; l++)
		{
			CpContext *context = unit_context();
			double *values = make_values(context, (Order) order);
			CpSample sample;

			cp_sample_init(&sample, context, limits[l]);
			for (uint32_t i = 0; i < ROWS; i++)
				REQUIRE_OK(cp_sample_add(&sample, values[i]));
			/* At no level more than half a run of each buffer that was full. */
			CHECK(cp_sample_error(&sample) <= 4.0 * (sample.nlevels - 1) / limits[l]);
			CHECK((sample.nlevels == 1) == (limits[l] == ROWS));
			check_bound(&sample, values, ROWS);
		}
}

/* Without the turn from one middle to the other, each of 195 buffers would err to one side. */
static void
errors_cancel_out(void)
{
	CpContext *context = unit_context();
	CpSample sample;
	CpSorted sorted;
	double sum = 0;

	cp_sample_init(&sample, context, 512);
	for (uint32_t i = 0; i < ROWS; i++)
		REQUIRE_OK(cp_sample_add(&sample, (i * 7919) % ROWS));
	REQUIRE_OK(cp_sample_sort(&sample, &sorted));
	for (uint32_t k = 1; k < 100; k++)
		sum += cp_sorted_quantile(&sorted, k / 100.0) / ROWS - k / 100.0;
	CHECK_CLOSE(0, sum / 99, 1e-3);
}

static void
split(CpContext *context, const double *values, CpSample *parts)
{
	for (uint32_t part = 0; part < PARTS; part++)
		cp_sample_init(&parts[part], context, 64);
	for (uint32_t i = 0; i < ROWS; i++)
	{
		/* Parts of very uneven size in long stretches, some of them empty. */
		uint32_t part = (i / 300) * (i / 300) % PARTS;

		REQUIRE_OK(cp_sample_add(&parts[part], values[i]));
	}
}

/* Shapes: 0 from the left, 1 from the right, 2 by pairs. */
static CpSample *
merge_parts(CpSample *parts, int shape)
{
	if (shape == 2)
	{
		for (uint32_t apart = 1; apart < PARTS; apart *= 2)
			for (uint32_t part = 0; part + apart < PARTS; part += 2 * apart)
				CHECK_STATUS(CP_OK, cp_sample_merge(&parts[part], &parts[part + apart]));
		return &parts[0];
	}
	if (shape == 1)
	{
		for (uint32_t part = PARTS - 1; part > 0; part--)
			CHECK_STATUS(CP_OK, cp_sample_merge(&parts[part - 1], &parts[part]));
		return &parts[0];
	}
	for (uint32_t part = 1; part < PARTS; part++)
		CHECK_STATUS(CP_OK, cp_sample_merge(&parts[0], &parts[part]));
	return &parts[0];
}

static void
merging_keeps_the_bound(void)
{
	for (int order = ASCENDING; order <= INFINITIES; order++)
		for (int shape = 0; shape < 3; shape++)
		{
			CpContext *context = unit_context();
			double *values = make_values(context, (Order) order);
			CpSample parts[PARTS], *all;

			split(context, values, parts);
			CHECK(parts[2].rows == 0 && parts[1].nlevels > 1);
			all = merge_parts(parts, shape);
			CHECK(cp_sample_error(all) < 1);
			check_bound(all, values, ROWS);
		}
}

static void
unequal_limits_do_not_merge(void)
{
	CpContext *context = unit_context();
	CpSample a, b;

	cp_sample_init(&a, context, 64);
	cp_sample_init(&b, context, 72);
	CHECK_STATUS(CP_BAD_PARAMETER, cp_sample_merge(&a, &b));
}

/* Of an exact sample nothing is copied; it may be added to afterwards and sorted again. */
static void
sorted_in_place(void)
{
	CpContext *context = unit_context();
	CpSample sample;
	CpSorted sorted;

	cp_sample_init(&sample, context, 1000);
	REQUIRE_OK(cp_sample_sort(&sample, &sorted));
	CHECK(sorted.n == 0 && sorted.total == 0);
	for (int i = 1000; i > 0; i--)
		REQUIRE_OK(cp_sample_add(&sample, i));
	REQUIRE_OK(cp_sample_sort(&sample, &sorted));
	CHECK(sorted.values == sample.levels[0].values && sorted.upto == NULL && sorted.n == 1000);
	CHECK(sorted.values[0] == 1 && sorted.values[999] == 1000);
	cp_sorted_free(context, &sorted);
	CHECK(sample.levels[0].values[0] == 1);
	REQUIRE_OK(cp_sample_add(&sample, 0));
	REQUIRE_OK(cp_sample_sort(&sample, &sorted));
	CHECK(sorted.n == 126 && sorted.total == 1001 && sorted.upto[1] == 9);
	cp_sorted_free(context, &sorted);
	cp_sample_free(&sample);
	CHECK_EQUAL(0, unit_live_blocks());
}

/* ---- quantiles and moments ---- */

/* numpy.quantile, mean and std of the values written out; -2 of weight 8 and so on. */
static void
weights_are_repetitions(void)
{
	static const double shares[] = {0, 0.1, 0.37, 0.5, 0.9, 1};
	static const double expected[] = {-2, -2, 2.585, 3.25, 3.25, 7};
	double values[] = {-2, 1.5, 3.25, 7}, upto[] = {8, 10, 26, 27};
	CpSorted sorted = {.values = values, .upto = upto, .n = 4, .total = 27};
	double mean, sd;

	for (int i = 0; i < 6; i++)
		CHECK_RELATIVE(expected[i], cp_sorted_quantile(&sorted, shares[i]), 1e-15);
	REQUIRE_OK(cp_sorted_moments(unit_context(), &sorted, &mean, &sd));
	CHECK_RELATIVE(1.7037037037037037, mean, 1e-15);
	CHECK_RELATIVE(2.554079015205326, sd, 1e-15);
}

static double
quantile_of(double a, double b, double q)
{
	double values[] = {a, b};
	CpSorted sorted = {.values = values, .n = 2, .total = 2};

	return cp_sorted_quantile(&sorted, q);
}

static void
quantiles_of_extremes(void)
{
	double inf = (double) INFINITY;

	CHECK(quantile_of(1, 3, 0.25) == 1.5);
	CHECK(quantile_of(inf, inf, 0.3) == inf);
	CHECK(quantile_of(-inf, -inf, 0.3) == -inf);
	CHECK(quantile_of(-inf, inf, 0.3) == -inf);
	CHECK(quantile_of(-inf, 5, 0.3) == -inf);
	CHECK(quantile_of(5, inf, 0.3) == inf);
	CHECK(quantile_of(5, inf, 0) == 5);
	CHECK(quantile_of(-inf, 5, 1) == 5);
	CHECK_CLOSE(0, quantile_of(-1.5e308, 1.5e308, 0.5), 0);
	CHECK_RELATIVE(0.75e308, quantile_of(-1.5e308, 1.5e308, 0.75), 1e-15);
}

static void
check_moments(const double *given, uint32_t n, double expected_mean, double expected_sd)
{
	double values[3], mean, sd;
	CpSorted sorted = {.values = values, .n = n, .total = n};

	memcpy(values, given, n * sizeof(double));
	REQUIRE_OK(cp_sorted_moments(unit_context(), &sorted, &mean, &sd));
	CHECK_RELATIVE(expected_mean, mean, 1e-15);
	CHECK_RELATIVE(expected_sd, sd, 1e-15);
}

static void
moments_of_extremes(void)
{
	double inf = (double) INFINITY, nan = (double) NAN;

	check_moments((double[]){0}, 0, nan, nan);
	check_moments((double[]){4}, 1, 4, 0);
	check_moments((double[]){0, 0, 0}, 3, 0, 0);
	check_moments((double[]){0.1, 0.1, 0.1}, 3, 0.1, 0);
	check_moments((double[]){-1.7e308, 1.7e308}, 2, 0, 1.7e308);
	check_moments((double[]){1.7e308, 1.7e308}, 2, 1.7e308, 0);
	check_moments((double[]){-1e-300, 1e-300}, 2, 0, 1e-300);
	check_moments((double[]){0x1p-1074, 0x1p-1074}, 2, 0x1p-1074, 0);
	check_moments((double[]){1, inf}, 2, inf, inf);
	check_moments((double[]){-inf, 1}, 2, -inf, inf);
	check_moments((double[]){-inf, inf}, 2, nan, inf);
}

/* The numbers 0 to 6 in turn, beside 1e9: numpy of the small ones. */
static void
large_mean_keeps_digits(void)
{
	CpContext *context = unit_context();
	CpSample sample;
	CpSorted sorted;
	double mean, sd;

	cp_sample_init(&sample, context, 1000);
	for (int i = 0; i < 1000; i++)
		REQUIRE_OK(cp_sample_add(&sample, 1e9 + i % 7));
	REQUIRE_OK(cp_sample_sort(&sample, &sorted));
	REQUIRE_OK(cp_sorted_moments(context, &sorted, &mean, &sd));
	CHECK_RELATIVE(1000000002.997, mean, 1e-15);
	CHECK_RELATIVE(1.9987473577218307, sd, 1e-13);
}

/* ---- bytes ---- */

static CpStatus
read_back(CpContext *context, CpWriter *writer, CpSample *sample)
{
	CpReader reader;

	CP_TRY(cp_writer_finish(writer));
	CP_TRY(cp_reader_open(&reader, context, writer->bytes, writer->length, MAGIC, 1));
	CP_TRY(cp_sample_read(sample, &reader));
	return cp_reader_close(&reader);
}

static CpStatus
write_sample(CpContext *context, const CpSample *sample, CpWriter *writer)
{
	cp_writer_begin(writer, context, MAGIC, 1);
	cp_sample_write(sample, writer);
	return cp_writer_finish(writer);
}

static void
check_same(CpContext *context, const CpSample *expected, const CpSample *obtained)
{
	CpWriter a, b;

	CHECK_EQUAL(expected->rows, obtained->rows);
	CHECK(cp_sample_error(expected) == cp_sample_error(obtained));
	REQUIRE_OK(write_sample(context, expected, &a));
	REQUIRE_OK(write_sample(context, obtained, &b));
	REQUIRE(CHECK_EQUAL(a.length, b.length));
	CHECK(memcmp(a.bytes, b.bytes, a.length) == 0);
}

/* What was read goes on as what was written, merged samples included. */
static void
bytes_read_back(void)
{
	static const uint32_t rows[] = {0, 1, 64, 65, 5000};

	for (int r = 0; r < 5; r++)
	{
		CpContext *context = unit_context();
		CpSample sample, other, back;
		CpWriter writer;

		cp_sample_init(&sample, context, 64);
		cp_sample_init(&other, context, 64);
		for (uint32_t i = 0; i < rows[r]; i++)
		{
			REQUIRE_OK(cp_sample_add(&sample, (i * 7919) % 5003));
			REQUIRE_OK(cp_sample_add(&other, i));
		}
		REQUIRE_OK(cp_sample_merge(&sample, &other));
		REQUIRE_OK(write_sample(context, &sample, &writer));
		REQUIRE_OK(read_back(context, &writer, &back));
		check_same(context, &sample, &back);
		for (uint32_t i = 0; i < 1000; i++)
		{
			REQUIRE_OK(cp_sample_add(&sample, i));
			REQUIRE_OK(cp_sample_add(&back, i));
		}
		check_same(context, &sample, &back);
	}
}

/* As many values of 1 a level as is said. */
static CpStatus
read_forged(uint32_t limit, uint32_t nlevels, const uint32_t *counts, double value,
            CpSample *sample)
{
	CpContext *context = unit_context();
	CpWriter writer;

	cp_writer_begin(&writer, context, MAGIC, 1);
	cp_write_u32(&writer, limit);
	cp_write_u32(&writer, nlevels);
	for (uint32_t at = 0; at < nlevels && at < CP_SAMPLE_LEVELS; at++)
	{
		cp_write_u32(&writer, counts[at]);
		for (uint32_t i = 0; i < counts[at]; i++)
			cp_write_f64(&writer, value);
	}
	return read_back(context, &writer, sample);
}

static void
hostile_bytes(void)
{
	static const uint32_t one[] = {1}, two[] = {0, 2}, three[] = {5, 3}, above[] = {4, 1, 16};
	static const uint32_t many[] = {17}, none[CP_SAMPLE_LEVELS] = {0};
	CpSample sample;

	CHECK_STATUS(CP_OK, read_forged(16, 1, one, 1, &sample));
	CHECK_STATUS(CP_OK, read_forged(16, 1, one, (double) INFINITY, &sample));
	CHECK_STATUS(CP_OK, read_forged(16, 2, two, 1, &sample));
	CHECK_EQUAL(16, sample.rows);
	/* Two of a buffer go on: an odd number cannot have come. */
	CHECK_STATUS(CP_CORRUPT, read_forged(16, 2, three, 1, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(16, 3, above, 1, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(16, 1, many, 1, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(16, 1, one, (double) NAN, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(0, 1, one, 1, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(12, 1, one, 1, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(CP_SAMPLE_MOST + 8, 1, one, 1, &sample));
	CHECK_STATUS(CP_OK, read_forged(CP_SAMPLE_MOST, 1, one, 1, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(16, 0, none, 1, &sample));
	CHECK_STATUS(CP_OK, read_forged(16, CP_SAMPLE_LEVELS, none, 1, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(16, CP_SAMPLE_LEVELS + 1, none, 1, &sample));
	CHECK_STATUS(CP_CORRUPT, read_forged(16, UINT32_MAX, none, 1, &sample));
}

/* A count of values that are not there, and an end within them. */
static void
bytes_that_end(void)
{
	static const uint32_t counts[] = {2, UINT32_MAX};

	for (int c = 0; c < 2; c++)
	{
		CpContext *context = unit_context();
		CpWriter writer;
		CpSample sample;

		cp_writer_begin(&writer, context, MAGIC, 1);
		cp_write_u32(&writer, 64);
		cp_write_u32(&writer, 1);
		cp_write_u32(&writer, counts[c]);
		cp_write_f64(&writer, 1);
		CHECK_STATUS(CP_CORRUPT, read_back(context, &writer, &sample));
		cp_sample_free(&sample);
	}
}

/* All levels full: one row more than can be told is refused, as often as it is tried. */
static void
no_more_levels(void)
{
	uint32_t full[CP_SAMPLE_LEVELS];
	CpSample sample, other;

	for (int at = 0; at < CP_SAMPLE_LEVELS; at++)
		full[at] = 8;
	REQUIRE_OK(read_forged(8, CP_SAMPLE_LEVELS, full, 1, &sample));
	/* 8 (8^14 - 1) / 7 */
	CHECK_EQUAL(5026338869832, sample.rows);
	CHECK_STATUS(CP_BAD_DATA, cp_sample_add(&sample, 1));
	REQUIRE_OK(read_forged(8, CP_SAMPLE_LEVELS, full, 1, &sample));
	cp_sample_init(&other, sample.context, 8);
	REQUIRE_OK(cp_sample_add(&other, 1));
	CHECK_STATUS(CP_BAD_DATA, cp_sample_merge(&sample, &other));
}

/* ---- when the host says no ---- */

static CpStatus
work(CpContext *context)
{
	CpSample a, b, back;
	CpSorted sorted;
	CpWriter writer;
	double mean, sd;

	cp_sample_init(&a, context, 512);
	cp_sample_init(&b, context, 512);
	for (uint32_t i = 0; i < 5000; i++)
	{
		CP_TRY(cp_sample_add(&a, (i * 7919) % 5003));
		CP_TRY(cp_sample_add(&b, -(double) i));
	}
	CP_TRY(cp_sample_merge(&a, &b));
	CP_TRY(write_sample(context, &a, &writer));
	CP_TRY(read_back(context, &writer, &back));
	CP_TRY(cp_sample_sort(&back, &sorted));
	return cp_sorted_moments(context, &sorted, &mean, &sd);
}

static void
host_refuses(void)
{
	unit_host_refuses(work, 21, 21, 20000);
}

void
test_sample(void)
{
	UNIT_CASE("ranks keep the bound in any order", ranks_keep_the_bound);
	UNIT_CASE("errors of many thinnings cancel out", errors_cancel_out);
	UNIT_CASE("ranks keep the bound however merged", merging_keeps_the_bound);
	UNIT_CASE("samples of unequal limits do not merge", unequal_limits_do_not_merge);
	UNIT_CASE("an exact sample is sorted in place", sorted_in_place);
	UNIT_CASE("weights are repetitions", weights_are_repetitions);
	UNIT_CASE("quantiles of extremes", quantiles_of_extremes);
	UNIT_CASE("moments of extremes", moments_of_extremes);
	UNIT_CASE("a large mean keeps its digits", large_mean_keeps_digits);
	UNIT_CASE("bytes read back", bytes_read_back);
	UNIT_CASE("hostile bytes are refused", hostile_bytes);
	UNIT_CASE("bytes that end early are refused", bytes_that_end);
	UNIT_CASE("rows beyond all levels are refused", no_more_levels);
	UNIT_CASE("memory, budget and cancel", host_refuses);
}
