/*
 * reference.c: what one feature looked like in the reference.
 */
#include "stats/reference.h"

#include <math.h>
#include <string.h>

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

/* Quantiles, each once, and behind a value that several of them coincide at the next larger one. */
static uint32_t
place_cuts(const CpSorted *sorted, uint32_t bins, double *cuts)
{
	uint32_t ncuts = 0;
	double behind = NAN;

	for (uint32_t k = 1; k < bins; k++)
	{
		double quantile = cp_sorted_quantile(sorted, (double) k / bins);

		if (ncuts > 0 && !(quantile > cuts[ncuts - 1]))
		{
			behind = isnan(behind) ? next_larger(sorted, quantile) : behind;
			continue;
		}
		if (behind < quantile)
			cuts[ncuts++] = behind;
		if (ncuts == 0 || quantile > cuts[ncuts - 1])
			cuts[ncuts++] = quantile;
		behind = NAN;
	}
	if (!isnan(behind))
		cuts[ncuts++] = behind;
	return ncuts;
}

/* Two ascending lists as one without doubles. */
static uint32_t
unite(const double *a, uint32_t na, const double *b, uint32_t nb, double *both)
{
	uint32_t i = 0, j = 0, n = 0;

	while (i < na || j < nb)
	{
		double next = j == nb || (i < na && a[i] <= b[j]) ? a[i] : b[j];

		i += i < na && a[i] == next;
		j += j < nb && b[j] == next;
		both[n++] = next;
	}
	return n;
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
	double fine[CP_REFERENCE_CUTS], coarse[CP_REFERENCE_CUTS], cuts[CP_REFERENCE_CUTS];
	bool empty = !(sorted->total > 0);
	uint32_t ncoarse = empty ? 0 : place_cuts(sorted, CP_REFERENCE_COARSE, coarse);
	uint32_t nfine = empty ? 0 : place_cuts(sorted, CP_REFERENCE_FINE, fine);
	uint32_t ncuts = unite(fine, nfine, coarse, ncoarse, cuts);
	double mean;

	CP_TRY(allocate(context, ncuts + 1, true, reference));
	reference->coarse = ncoarse + 1;
	reference->missing = missing;
	reference->rows = rows;
	if (empty)
		return CP_OK;
	memcpy(reference->cuts, cuts, ncuts * sizeof(double));
	for (uint32_t c = 1, group = 0; c <= ncuts; c++)
	{
		group += group < ncoarse && cuts[c - 1] == coarse[group];
		reference->groups[c] = (uint16_t) group;
	}
	cp_cell_counts(sorted, cuts, ncuts, false, reference->weights);
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
		reference->groups[c] = cp_read_u16(reader);
		if (reference->groups[c] >= reference->coarse)
			cp_reader_reject(reader);
	}
	reference->least = cp_read_f64(reader);
	reference->most = cp_read_f64(reader);
	reference->sd = cp_read_f64(reader);
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
		read_cuts(reference, reader);
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
}

/* Homogeneity of as many reference rows as the weights are worth, small cells pooled. */
static CpChi2
test_cells(const double *reference, const double *current, uint32_t cells, double scale)
{
	double a[CP_REFERENCE_CELLS + 1] = {0}, b[CP_REFERENCE_CELLS + 1] = {0};
	double n = 0, m = 0;
	uint32_t kept = 1; /* cell 0: the pooled ones */

	for (uint32_t c = 0; c < cells; c++)
	{
		n += reference[c] * scale;
		m += current[c];
	}
	for (uint32_t c = 0; c < cells; c++)
	{
		double expected = (reference[c] * scale + current[c]) / (n + m) * (n < m ? n : m);
		uint32_t to = expected < LEAST_EXPECTED ? 0 : kept++;

		a[to] += reference[c] * scale;
		b[to] += current[c];
	}
	return cp_chi2_homogeneity(a, b, kept);
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
	return area / reference->sd;
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
	drift->missing_p = test_cells(before, now, 2, scale).p;
}

void
cp_reference_compare(const CpReference *reference, const CpCounted *counted, CpFeatureDrift *drift)
{
	Coarse coarse;
	double scale, last;

	gather(reference, counted->counts, &coarse);
	scale = reference->rows / (coarse.weight + reference->missing);
	last = (double) counted->counts[reference->cells - 1];
	compare_gaps(reference, &coarse, (double) counted->counts[reference->cells], scale, drift);
	drift->unseen = reference->cuts == NULL ? last / coarse.n : NAN;
	cp_divergence(coarse.reference, coarse.current, coarse.cells, CP_EMPTY_EPSILON, &drift->cells);
	drift->chi2 = test_cells(coarse.reference, coarse.current, coarse.cells, scale);
	drift->chance = cp_psi_by_chance(coarse.cells, coarse.weight * scale, coarse.n);
	drift->ks = drift->wasserstein = NAN;
	if (reference->cuts == NULL || !(coarse.weight > 0) || !(coarse.n > 0))
		return;
	drift->ks = ks_over_cells(reference, counted->counts, &coarse);
	drift->wasserstein = wasserstein_over_cells(reference, counted, &coarse);
}
