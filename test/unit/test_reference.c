/*
 * test_reference.c: one feature of a reference: its cells, and what has become of it since.
 */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/hash.h"
#include "num/rng.h"
#include "stats/distance.h"
#include "stats/profile.h"

extern void test_reference(void);

#define MAGIC "TESTREFE"

/* The reference of numbers; values: NaN = missing. */
static CpReference
refer(CpContext *context, const double *values, const double *weights, uint32_t n)
{
	CpReference reference = {0};

	CHECK_STATUS(CP_OK, cp_profile_feature(context, values, weights, n, false, 0, &reference));
	return reference;
}

/* Numbers held against it. */
static CpFeatureDrift
hold(const CpReference *reference, const double *values, uint32_t n)
{
	uint64_t counts[CP_REFERENCE_CELLS + 1] = {0};
	CpCounted counted = {counts, INFINITY, -INFINITY};
	CpFeatureDrift drift;

	for (uint32_t i = 0; i < n; i++)
	{
		counts[isnan(values[i]) ? reference->cells : cp_reference_cell(reference, values[i])]++;
		counted.least = values[i] < counted.least ? values[i] : counted.least;
		counted.most = values[i] > counted.most ? values[i] : counted.most;
	}
	cp_reference_compare(reference, &counted, &drift);
	return drift;
}

/* (i * step % n) / 7 + shift: every multiple of 1/7 once. */
static double *
spread(CpContext *context, uint32_t n, uint32_t step, uint32_t modulus, double shift)
{
	double *values;

	if (!CHECK_STATUS(CP_OK, cp_alloc(context, &values, n, sizeof(double))))
		abort();
	for (uint32_t i = 0; i < n; i++)
		values[i] = i * step % modulus / 7.0 + shift;
	return values;
}

/* n values of which the first `zeros` are 0 and the others 1, 2, ... 50, 1, ... */
static double *
mostly_zero(CpContext *context, uint32_t n, uint32_t zeros)
{
	double *values;

	if (!CHECK_STATUS(CP_OK, cp_alloc(context, &values, n, sizeof(double))))
		abort();
	for (uint32_t i = 0; i < n; i++)
		values[i] = i < zeros ? 0 : 1 + (i - zeros) % 50;
	return values;
}

/* Figures by numpy 1.24 and scipy 1.10: bincount over searchsorted(..., side="right"), entropy,
 * chi2_contingency(correction=False), ks_2samp, wasserstein_distance over the population sd. */
static void
figures_of_deciles(void)
{
	CpContext *context = unit_context();
	double *now = spread(context, 500, 53, 1000, 20);
	CpReference reference = refer(context, spread(context, 1000, 37, 1000, 0), NULL, 1000);
	CpFeatureDrift drift = hold(&reference, now, 500);
	double sums[10] = {0}, widest = 0;

	CHECK_EQUAL(10, reference.coarse);
	for (uint32_t c = 0; c < reference.cells; c++)
	{
		sums[reference.groups[c]] += reference.weights[c];
		widest = fmax(widest, reference.weights[c] / 1000);
	}
	for (int group = 0; group < 10; group++)
		CHECK_CLOSE(100, sums[group], 0);
	CHECK_RELATIVE(0.819771163104763, drift.cells.psi, 1e-12);
	CHECK_RELATIVE(0.648638525527921, drift.cells.kl_reference, 1e-12);
	CHECK_RELATIVE(0.0504509942381746, drift.cells.js, 1e-12);
	CHECK_RELATIVE(95.9901375436039, drift.chi2.statistic, 1e-12);
	CHECK_RELATIVE(1.01555306700526e-16, drift.chi2.p, 1e-9);
	CHECK(drift.ks <= 0.141 && drift.ks > 0.141 - widest);
	CHECK_RELATIVE(19.1428571428571 / 41.2392843224585, drift.wasserstein, 0.01);
	CHECK_CLOSE(9 * (1 / 1000.0 + 1 / 500.0), drift.chance, 1e-15);
	CHECK_CLOSE(41.2392843224585, reference.sd, 1e-10);
}

/* Fine cuts hold the coarse ones, which are the plain deciles where these differ. */
static void
cuts_are_deciles(void)
{
	CpContext *context = unit_context();
	double *values = spread(context, 1000, 37, 1000, 0);
	CpReference reference = refer(context, values, NULL, 1000);
	CpSample sample;
	CpSorted sorted;
	double deciles[9];
	uint32_t found = 0;

	cp_sample_init(&sample, context, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		REQUIRE_OK(cp_sample_add(&sample, values[i]));
	REQUIRE_OK(cp_sample_sort(&sample, &sorted));
	CHECK_EQUAL(9, cp_quantile_cuts(&sorted, 10, deciles));
	for (uint32_t c = 1; c < reference.cells; c++)
	{
		CHECK(c == 1 || reference.cuts[c - 1] > reference.cuts[c - 2]);
		if (reference.groups[c] == reference.groups[c - 1])
			continue;
		CHECK_EQUAL(reference.groups[c - 1] + 1, reference.groups[c]);
		CHECK_CLOSE(deciles[found++], reference.cuts[c - 1], 0);
	}
	CHECK_EQUAL(9, found);
}

/* All deciles of a column that is mostly 0 are 0: without a cell for 0 itself nothing would show. */
static void
coinciding_deciles(void)
{
	CpContext *context = unit_context();
	double *now = mostly_zero(context, 1000, 700);
	CpReference reference = refer(context, mostly_zero(context, 1000, 950), NULL, 1000);
	CpFeatureDrift drift = hold(&reference, now, 1000);

	CHECK_EQUAL(3, reference.coarse); /* below 0, 0, above */
	CHECK_RELATIVE(0.524285279694809, drift.cells.psi, 1e-12);
	CHECK_RELATIVE(0.20052459361222, drift.cells.kl_reference, 1e-12);
	CHECK_CLOSE(0.25, drift.ks, 1e-15);
	CHECK_RELATIVE(0.9919926387935711, drift.wasserstein, 0.03);
}

static void
few_values(void)
{
	CpContext *context = unit_context();
	double flags[200], same[50], none[10];
	CpReference reference;
	CpFeatureDrift drift;

	for (int i = 0; i < 200; i++)
		flags[i] = i % 20 == 0;
	reference = refer(context, flags, NULL, 200);
	drift = hold(&reference, flags + 1, 19);
	CHECK_CLOSE(0.05, drift.ks, 1e-15);
	drift = hold(&reference, flags, 200);
	CHECK_CLOSE(0, drift.cells.psi, 0);
	CHECK_CLOSE(0, drift.wasserstein, 0);
	for (int i = 0; i < 50; i++)
		same[i] = 3;
	reference = refer(context, same, NULL, 50);
	CHECK_CLOSE(0, hold(&reference, same, 50).cells.psi, 0);
	CHECK(hold(&reference, flags, 200).cells.psi > 1);
	CHECK(isnan(hold(&reference, same, 50).wasserstein)); /* no sd to measure by */
	for (int i = 0; i < 10; i++)
		none[i] = (double) NAN;
	reference = refer(context, none, NULL, 10);
	CHECK_EQUAL(1, reference.cells);
	CHECK(isnan(hold(&reference, same, 50).cells.psi));
	CHECK(hold(&reference, same, 50).gaps.psi > 1);
}

static void
infinite_values(void)
{
	CpContext *context = unit_context();
	double values[300];
	CpReference reference;
	CpFeatureDrift drift;

	for (int i = 0; i < 300; i++)
		values[i] = i % 3 == 0 ? (double) -INFINITY : i % 3 == 1 ? i : (double) INFINITY;
	reference = refer(context, values, NULL, 300);
	for (uint32_t c = 0; c + 1 < reference.cells; c++)
		CHECK(!isnan(reference.cuts[c]));
	drift = hold(&reference, values, 300);
	CHECK_CLOSE(0, drift.cells.psi, 0);
	CHECK_CLOSE(0, drift.ks, 0);
}

/* What has no value counts apart: figures over cells are of values alone. */
static void
missing_values(void)
{
	CpContext *context = unit_context();
	double *then = spread(context, 1000, 37, 1000, 0), *now = spread(context, 1000, 37, 1000, 0);
	CpReference reference = refer(context, then, NULL, 1000);
	CpFeatureDrift drift;

	for (int i = 0; i < 300; i++)
		now[i] = (double) NAN;
	drift = hold(&reference, now, 1000);
	CHECK_CLOSE(0.3, drift.missing, 1e-15);
	CHECK_CLOSE(0, drift.missing_reference, 0);
	CHECK_RELATIVE(2.50811211671993, drift.gaps.psi, 1e-12);
	CHECK_RELATIVE(9.697600828433222e-79, drift.missing_p, 1e-9);
	CHECK(drift.cells.psi < 0.05);
	for (int i = 0; i < 1000; i++)
		now[i] = (double) NAN;
	drift = hold(&reference, now, 1000);
	CHECK(isnan(drift.cells.psi) && isnan(drift.chi2.p) && isnan(drift.ks));
	CHECK(drift.gaps.psi > 10);
}

/* A weight of 2 is the row twice, but worth no more rows than there are. */
static void
weights_repeat_rows(void)
{
	CpContext *context = unit_context();
	double values[300], weights[300], twice[450];
	double *now = spread(context, 100, 29, 100, 3);
	uint32_t n = 0;
	CpReference weighted, repeated;
	CpFeatureDrift a, b;

	for (int i = 0; i < 300; i++)
	{
		values[i] = i * 17 % 300 / 7.0;
		weights[i] = 1 + i % 2;
		twice[n++] = values[i];
		if (i % 2 == 1)
			twice[n++] = values[i];
	}
	weighted = refer(context, values, weights, 300);
	repeated = refer(context, twice, NULL, n);
	CHECK_EQUAL(repeated.cells, weighted.cells);
	a = hold(&weighted, now, 100);
	b = hold(&repeated, now, 100);
	CHECK_RELATIVE(b.cells.psi, a.cells.psi, 1e-12);
	CHECK_RELATIVE(b.wasserstein, a.wasserstein, 1e-12);
	CHECK_RELATIVE(450.0 * 450 / (150 * 1 + 150 * 4), weighted.rows, 1e-12);
	CHECK(a.chi2.statistic < b.chi2.statistic);
}

static void
levels(void)
{
	CpContext *context = unit_context();
	/* 30, 20, 50 and none elsewhere against 45, 15, 40: case c_v01 of the reference numbers */
	double then[] = {30, 20, 50, 0};
	uint64_t now[] = {45, 15, 40, 0, 0}, unseen[] = {10, 10, 10, 70, 5};
	CpCounted counted = {.counts = now};
	CpReference reference;
	CpFeatureDrift drift;

	REQUIRE_OK(cp_reference_of_levels(context, then, 4, 0, 100, &reference));
	cp_reference_compare(&reference, &counted, &drift);
	CHECK_RELATIVE(0.09751822497023468, drift.cells.psi, 1e-12);
	CHECK_RELATIVE(4.825396825396825, drift.chi2.statistic, 1e-12);
	CHECK_RELATIVE(0.08957326253887996, drift.chi2.p, 1e-9);
	CHECK_CLOSE(0, drift.unseen, 0);
	CHECK(isnan(drift.ks) && isnan(drift.wasserstein));
	counted.counts = unseen;
	cp_reference_compare(&reference, &counted, &drift);
	CHECK_CLOSE(0.7, drift.unseen, 1e-15);
	CHECK_RELATIVE(5 / 105.0, drift.missing, 1e-15);
}

/* Two hundred levels of five rows each say nothing by themselves. */
static void
rare_levels_are_pooled(void)
{
	CpContext *context = unit_context();
	double then[201];
	uint64_t now[202] = {0};
	CpCounted counted = {.counts = now};
	CpReference reference;
	CpFeatureDrift drift;

	for (int i = 0; i < 201; i++)
	{
		then[i] = i == 200 ? 4000 : 5;
		now[i] = i == 200 ? 800 : i % 2;
	}
	REQUIRE_OK(cp_reference_of_levels(context, then, 201, 0, 5000, &reference));
	cp_reference_compare(&reference, &counted, &drift);
	CHECK_CLOSE(1, drift.chi2.df, 0);
}

/* --- bytes --- */

static CpStatus
write_reference(CpContext *context, const CpReference *reference, CpWriter *writer)
{
	cp_writer_begin(writer, context, MAGIC, 1);
	cp_reference_write(reference, writer);
	return cp_writer_finish(writer);
}

static CpStatus
read_reference(CpContext *context, const uint8_t *bytes, size_t length, CpReference *reference)
{
	CpReader reader;
	CpStatus status;

	CP_TRY(cp_reader_open(&reader, context, bytes, length, MAGIC, 1));
	status = cp_reference_read(reference, &reader);
	return status != CP_OK ? status : cp_reader_close(&reader);
}

static void
bytes_round_trip(void)
{
	CpContext *context = unit_context();
	double *values = mostly_zero(context, 1000, 300);
	CpReference reference = refer(context, values, NULL, 1000), again;
	CpFeatureDrift a, b;
	CpWriter writer;

	REQUIRE_OK(write_reference(context, &reference, &writer));
	REQUIRE_OK(read_reference(context, writer.bytes, writer.length, &again));
	a = hold(&reference, values + 400, 500);
	b = hold(&again, values + 400, 500);
	CHECK_CLOSE(a.cells.psi, b.cells.psi, 0);
	CHECK_CLOSE(a.wasserstein, b.wasserstein, 0);
	CHECK_CLOSE(a.chi2.p, b.chi2.p, 0);
}

/* Every byte of the payload flipped under a right checksum: refused, or read and safe to use. */
static void
hostile_bytes(void)
{
	CpContext *context = unit_context();
	double values[40];
	CpReference reference, read;
	CpWriter writer;
	uint32_t refused = 0;

	for (int i = 0; i < 40; i++)
		values[i] = i % 8;
	reference = refer(context, values, NULL, 40);
	REQUIRE_OK(write_reference(context, &reference, &writer));
	for (size_t at = CP_ENVELOPE_LENGTH; at < writer.length; at++)
	{
		uint64_t hash;
		CpStatus status;

		writer.bytes[at] ^= 0xff;
		hash =
			cp_hash_bytes(writer.bytes + CP_ENVELOPE_LENGTH, writer.length - CP_ENVELOPE_LENGTH, 1);
		for (int k = 0; k < 8; k++)
			writer.bytes[24 + k] = (uint8_t) (hash >> (8 * k));
		status = read_reference(context, writer.bytes, writer.length, &read);
		CHECK(status == CP_OK || status == CP_CORRUPT);
		refused += status == CP_CORRUPT;
		if (status == CP_OK && read.cuts != NULL)
			(void) hold(&read, values, 40);
		writer.bytes[at] ^= 0xff;
	}
	CHECK(refused > 20);
}

static CpStatus
work(CpContext *context)
{
	static const double values[] = {1, 2, 2, 3, 4, 4, 5, 8, 9, 12, 13};
	CpReference reference;

	return cp_profile_feature(context, values, NULL, 11, false, 0, &reference);
}

static void
host_refuses(void)
{
	CpContext *context = unit_context();
	size_t allocations;

	REQUIRE_OK(work(context));
	allocations = unit_allocations();
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, work(context));
	}
	context = unit_context();
	context->budget = 100;
	CHECK_STATUS(CP_OVER_BUDGET, work(context));
}

void
test_reference(void)
{
	UNIT_CASE("figures over deciles are those of numpy and scipy", figures_of_deciles);
	UNIT_CASE("coarse cuts are the deciles", cuts_are_deciles);
	UNIT_CASE("a value that deciles coincide at has a cell", coinciding_deciles);
	UNIT_CASE("two values, one, none", few_values);
	UNIT_CASE("infinite values", infinite_values);
	UNIT_CASE("what has no value counts apart", missing_values);
	UNIT_CASE("a weight of two is the row twice", weights_repeat_rows);
	UNIT_CASE("levels of a category", levels);
	UNIT_CASE("rare levels are tested together", rare_levels_are_pooled);
	UNIT_CASE("bytes read back the same", bytes_round_trip);
	UNIT_CASE("hostile bytes", hostile_bytes);
	UNIT_CASE("memory and budget", host_refuses);
}
