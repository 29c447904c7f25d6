/*
 * reference.c: what one feature looked like in the reference.
 */
#include "stats/reference.h"

#include <math.h>
#include <string.h>

#include "stats/comparison.h"
#include "stats/distance.h"

/* Expected rows that a cell needs for the chi-square law to hold (W. G. Cochran 1954). */
#define LEAST_EXPECTED 5

/* --- cuts ----------------------------------------------------------------- */

/* The smallest value above `value`; NaN when there is none. */
static double
next_larger(const CpSorted *sorted, double value)
{
	uint32_t low = 0, high = sorted->n;

	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;

		if (sorted->values[middle] <= value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sorted->n ? sorted->values[low] : NAN;
}

/* An ascending list of cuts. */
typedef struct Cuts
{
	uint32_t n;
	double at[CP_REFERENCE_CUTS];
} Cuts;

/* Passes over NaN and what is not above the last one. */
static void
add_cut(Cuts *cuts, double cut)
{
	if (cuts->n == 0 ? !isnan(cut) : cut > cuts->at[cuts->n - 1])
		cuts->at[cuts->n++] = cut;
}

/* Quantiles, each once, and what ends the cell of a value that several of them coincide at. */
static void
place_cuts(const CpSorted *sorted, uint32_t bins, bool fine, Cuts *cuts)
{
	cuts->n = 0;
	for (uint32_t k = 1; k < bins && sorted->total > 0;)
	{
		double quantile = cp_sorted_quantile(sorted, (double) k / bins), next = quantile;
		double larger;
		uint32_t first = k;

		while (next == quantile && ++k < bins)
			next = cp_sorted_quantile(sorted, (double) k / bins);
		add_cut(cuts, quantile);
		if (k - first < 2)
			continue;
		add_cut(cuts, nextafter(quantile, INFINITY));
		larger = next_larger(sorted, quantile);
		if (fine && (k == bins || larger <= next))
			add_cut(cuts, larger);
	}
}

/* Two ascending lists as one without doubles. */
static void
unite(const Cuts *a, const Cuts *b, Cuts *both)
{
	uint32_t i = 0, j = 0;

	both->n = 0;
	while (i < a->n || j < b->n)
		add_cut(both, j == b->n || (i < a->n && a->at[i] <= b->at[j]) ? a->at[i++] : b->at[j++]);
}

static CpStatus
allocate(CpContext *context, uint32_t cells, bool number, CpReference *reference)
{
	memset(reference, 0, sizeof(*reference));
	reference->cells = reference->coarse = cells;
	reference->least = reference->most = reference->sd = NAN;
	CP_TRY(cp_alloc_zero(context, &reference->weights, cells, sizeof(double)));
	if (!number)
		return CP_OK;
	CP_TRY(cp_alloc(context, &reference->cuts, cells - 1, sizeof(double)));
	return cp_alloc_zero(context, &reference->groups, cells, sizeof(uint16_t));
}

CpStatus
cp_reference_of_numbers(CpContext *context, const CpSorted *sorted, double missing, double rows,
                        CpReference *reference)
{
	Cuts fine, coarse, cuts;
	double mean;

	place_cuts(sorted, CP_REFERENCE_COARSE, false, &coarse);
	place_cuts(sorted, CP_REFERENCE_FINE, true, &fine);
	unite(&fine, &coarse, &cuts);
	CP_TRY(allocate(context, cuts.n + 1, true, reference));
	reference->coarse = coarse.n + 1;
	reference->missing = missing;
	reference->rows = rows;
	if (!(sorted->total > 0))
		return CP_OK;
	memcpy(reference->cuts, cuts.at, cuts.n * sizeof(double));
	for (uint32_t c = 1, group = 0; c <= cuts.n; c++)
	{
		group += group < coarse.n && cuts.at[c - 1] == coarse.at[group];
		reference->groups[c] = (uint16_t) group;
	}
	cp_cell_counts(sorted, cuts.at, cuts.n, false, reference->weights);
	CP_TRY(cp_sorted_moments(context, sorted, &mean, &reference->sd));
	reference->least = sorted->values[0];
	reference->most = sorted->values[sorted->n - 1];
	return CP_OK;
}

CpStatus
cp_reference_of_levels(CpContext *context, const double *weights, uint32_t cells, double missing,
                       double rows, CpReference *reference)
{
	CP_TRY(allocate(context, cells, false, reference));
	memcpy(reference->weights, weights, cells * sizeof(double));
	reference->missing = missing;
	reference->rows = rows;
	return CP_OK;
}

/* --- bytes ------------------------------------------------------------------ */

void
cp_reference_write(const CpReference *reference, CpWriter *writer)
{
	cp_write_u8(writer, reference->cuts != NULL);
	cp_write_u32(writer, reference->cells);
	cp_write_u32(writer, reference->coarse);
	cp_write_f64(writer, reference->missing);
	cp_write_f64(writer, reference->rows);
	for (uint32_t c = 0; c < reference->cells; c++)
		cp_write_f64(writer, reference->weights[c]);
	if (reference->cuts == NULL)
		return;
	for (uint32_t c = 0; c + 1 < reference->cells; c++)
		cp_write_f64(writer, reference->cuts[c]);
	for (uint32_t c = 0; c < reference->cells; c++)
		cp_write_u16(writer, reference->groups[c]);
	cp_write_f64(writer, reference->least);
	cp_write_f64(writer, reference->most);
	cp_write_f64(writer, reference->sd);
}

/* A weight: finite and not negative. */
static double
read_weight(CpReader *reader)
{
	double weight = cp_read_f64(reader);

	if (!(weight >= 0 && weight <= 1e300))
		cp_reader_reject(reader);
	return weight;
}

static void
read_cuts(CpReference *reference, CpReader *reader)
{
	for (uint32_t c = 0; c + 1 < reference->cells; c++)
	{
		reference->cuts[c] = cp_read_f64(reader);
		if (isnan(reference->cuts[c]) || (c > 0 && reference->cuts[c] <= reference->cuts[c - 1]))
			cp_reader_reject(reader);
	}
	for (uint32_t c = 0; c < reference->cells; c++)
	{
		uint16_t before = c == 0 ? 0 : reference->groups[c - 1];

		reference->groups[c] = cp_read_u16(reader);
		if (reference->groups[c] != before && (c == 0 || reference->groups[c] != before + 1))
			cp_reader_reject(reader);
	}
	if (reference->groups[reference->cells - 1] != reference->coarse - 1)
		cp_reader_reject(reader);
}

/* All three are NaN where there was no value. */
static void
read_extent(CpReference *reference, CpReader *reader)
{
	bool none, some;

	reference->least = cp_read_f64(reader);
	reference->most = cp_read_f64(reader);
	reference->sd = cp_read_f64(reader);
	none = isnan(reference->least) && isnan(reference->most) && isnan(reference->sd);
	some = reference->least <= reference->most && reference->sd >= 0;
	if (!none && !some)
		cp_reader_reject(reader);
}

CpStatus
cp_reference_read(CpReference *reference, CpReader *reader)
{
	bool number = cp_read_u8(reader) != 0;
	uint32_t cells = cp_read_count(reader, sizeof(double));
	uint32_t coarse = cp_read_u32(reader);

	if (cells == 0 || cells > CP_REFERENCE_CELLS || coarse == 0 || coarse > cells ||
	    (!number && coarse != cells))
		cp_reader_reject(reader);
	if (reader->failed)
		return CP_CORRUPT;
	CP_TRY(allocate(reader->context, cells, number, reference));
	reference->coarse = coarse;
	reference->missing = read_weight(reader);
	reference->rows = read_weight(reader);
	for (uint32_t c = 0; c < cells; c++)
		reference->weights[c] = read_weight(reader);
	if (number)
	{
		read_cuts(reference, reader);
		read_extent(reference, reader);
	}
	return reader->failed ? CP_CORRUPT : CP_OK;
}

/* --- comparing ---------------------------------------------------------------- */

/* Both sides over the coarse cells. */
typedef struct Coarse
{
	uint32_t cells;
	double reference[CP_REFERENCE_CELLS]; /* weights */
	double current[CP_REFERENCE_CELLS];   /* rows */
	double weight;                        /* sum of the reference's */
	double n;                             /* sum of the current's */
	uint32_t occupied;                    /* cells that are not empty on both sides */
} Coarse;

static void
gather(const CpReference *reference, const uint64_t *counts, Coarse *coarse)
{
	memset(coarse, 0, sizeof(*coarse));
	coarse->cells = reference->coarse;
	for (uint32_t c = 0; c < reference->cells; c++)
	{
		uint32_t group = reference->groups == NULL ? c : reference->groups[c];

		coarse->reference[group] += reference->weights[c];
		coarse->current[group] += (double) counts[c];
		coarse->weight += reference->weights[c];
		coarse->n += (double) counts[c];
	}
	for (uint32_t c = 0; c < coarse->cells; c++)
		coarse->occupied += coarse->reference[c] > 0 || coarse->current[c] > 0;
}

/* Rows of the smaller side that a cell has on average if both are alike. */
static double
expected_rows(double reference, double current, double n, double m)
{
	return (reference + current) / (n + m) * fmin(n, m);
}

/* Of two cells exactly: what is new is often of few rows. */
static double
test_pair(const double *before, const double *now, double scale)
{
	CpCount reference = {round(before[1] * scale), round((before[0] + before[1]) * scale)};
	CpCount current = {now[1], now[0] + now[1]};

	return cp_fisher(&reference, &current);
}

/*
 * Homogeneity of as many reference rows as the weights are worth, small cells pooled. If even
 * together they are too few, they are tested against all others by themselves, and either p counts
 * twice.
 */
static CpChi2
test_cells(const double *reference, const double *current, uint32_t cells, double scale)
{
	double a[CP_REFERENCE_CELLS + 1] = {0}, b[CP_REFERENCE_CELLS + 1] = {0};
	double n = 0, m = 0;
	uint32_t kept = 1; /* cell 0: the pooled ones */
	CpChi2 test;

	for (uint32_t c = 0; c < cells; c++)
	{
		n += reference[c] * scale;
		m += current[c];
	}
	for (uint32_t c = 0; c < cells; c++)
	{
		uint32_t to =
			expected_rows(reference[c] * scale, current[c], n, m) < LEAST_EXPECTED ? 0 : kept++;

		a[to] += reference[c] * scale;
		b[to] += current[c];
	}
	if (a[0] + b[0] == 0 || kept == 1 || expected_rows(a[0], b[0], n, m) >= LEAST_EXPECTED)
		return cp_chi2_homogeneity(a, b, kept);
	test = cp_chi2_homogeneity(a + 1, b + 1, kept - 1);
	test.p = fmin(
		1, 2 * fmin(test.p, test_pair((double[]){n - a[0], a[0]}, (double[]){m - b[0], b[0]}, 1)));
	return test;
}

static double
ks_over_cells(const CpReference *reference, const uint64_t *counts, const Coarse *coarse)
{
	double f = 0, g = 0, most = 0;

	for (uint32_t c = 0; c < reference->cells; c++)
	{
		f += reference->weights[c];
		g += (double) counts[c];
		most = fmax(most, fabs(f / coarse->weight - g / coarse->n));
	}
	return most;
}

/* The distribution function of a side within a cell: it rises evenly between two places. */
typedef struct Ramp
{
	double from;
	double to;
	double before; /* share below the cell */
	double within;
} Ramp;

static double
ramp_at(const Ramp *ramp, double x)
{
	if (x <= ramp->from)
		return ramp->before;
	if (x >= ramp->to)
		return ramp->before + ramp->within;
	return ramp->before + ramp->within * (x - ramp->from) / (ramp->to - ramp->from);
}

/* Area between two lines that part by d0 at one end and by d1 at the other. */
static double
area_between(double d0, double d1, double width)
{
	double ends = fabs(d0) + fabs(d1);

	if (ends == 0)
		return 0;
	if ((d0 < 0) == (d1 < 0))
		return width * ends / 2;
	return width * (d0 * d0 + d1 * d1) / ends / 2;
}

static double
area_of_cell(const Ramp *f, const Ramp *g, double left, double right)
{
	double corners[4] = {f->from, f->to, g->from, g->to};
	double x = left, apart = ramp_at(f, left) - ramp_at(g, left), area = 0;

	for (int i = 0; i <= 4; i++)
	{
		double next = right, then;

		for (int j = 0; j < 4; j++)
			next = corners[j] > x && corners[j] < next ? corners[j] : next;
		then = ramp_at(f, next) - ramp_at(g, next);
		area += area_between(apart, then, next - x);
		x = next;
		apart = then;
	}
	return area;
}

static double
clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

static double
wasserstein_over_cells(const CpReference *reference, const CpCounted *counted, const Coarse *coarse)
{
	double low = fmin(reference->least, counted->least);
	double high = fmax(reference->most, counted->most);
	Ramp f = {.before = 0}, g = {.before = 0};
	double area = 0;

	if (!isfinite(high - low))
		return NAN;
	for (uint32_t c = 0; c < reference->cells; c++)
	{
		double left = c == 0 ? low : clamp(reference->cuts[c - 1], low, high);
		double right = c + 1 == reference->cells ? high : clamp(reference->cuts[c], low, high);

		f.from = clamp(reference->least, left, right);
		f.to = clamp(reference->most, left, right);
		f.within = reference->weights[c] / coarse->weight;
		g.from = clamp(counted->least, left, right);
		g.to = clamp(counted->most, left, right);
		g.within = (double) counted->counts[c] / coarse->n;
		area += area_of_cell(&f, &g, left, right);
		f.before += f.within;
		g.before += g.within;
	}
	return area == 0 ? 0 : area / reference->sd;
}

/* How the shares of values and of none have moved. */
static void
compare_gaps(const CpReference *reference, const Coarse *coarse, double missing, double scale,
             CpFeatureDrift *drift)
{
	double before[2] = {coarse->weight, reference->missing}, now[2] = {coarse->n, missing};

	drift->rows = coarse->n + missing;
	drift->missing = missing / drift->rows;
	drift->missing_reference = reference->missing / (coarse->weight + reference->missing);
	cp_divergence(before, now, 2, CP_EMPTY_EPSILON, &drift->gaps);
	drift->missing_p = test_pair(before, now, scale);
}

void
cp_reference_compare(const CpReference *reference, const CpCounted *counted, CpFeatureDrift *drift)
{
	Coarse coarse;
	double weight, scale, last;

	gather(reference, counted->counts, &coarse);
	weight = coarse.weight + reference->missing;
	scale = weight > 0 ? reference->rows / weight : 0;
	last = (double) counted->counts[reference->cells - 1];
	compare_gaps(reference, &coarse, (double) counted->counts[reference->cells], scale, drift);
	drift->unseen = reference->cuts == NULL ? last / coarse.n : NAN;
	drift->unseen_reference =
		reference->cuts == NULL ? reference->weights[reference->cells - 1] / coarse.weight : NAN;
	cp_divergence(coarse.reference, coarse.current, coarse.cells, CP_EMPTY_EPSILON, &drift->cells);
	drift->chi2 = test_cells(coarse.reference, coarse.current, coarse.cells, scale);
	drift->chance = cp_psi_by_chance(coarse.occupied, coarse.weight * scale, coarse.n);
	drift->ks = drift->wasserstein = NAN;
	if (reference->cuts == NULL || !(coarse.weight > 0) || !(coarse.n > 0))
		return;
	drift->ks = ks_over_cells(reference, counted->counts, &coarse);
	drift->wasserstein = wasserstein_over_cells(reference, counted, &coarse);
}
