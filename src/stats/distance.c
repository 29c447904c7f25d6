/*
 * distance.c: what two sorted samples have to say of each other, and cells to count them in.
 */
#include "stats/distance.h"

#include <math.h>

#define POLL_VALUES 65536
/* Up to so many distinct values in the reference, Evidently gives each a cell. */
#define EVIDENTLY_DISTINCT 20

/* A way through the distinct values of both sides in ascending order. */
typedef struct Walk
{
	const CpSorted *reference;
	const CpSorted *current;
	uint32_t r; /* values of the reference passed */
	uint32_t c;
	uint32_t steps;
	double value; /* the distinct value passed last */
} Walk;

static Walk
begin_walk(const CpSorted *reference, const CpSorted *current)
{
	return (Walk){.reference = reference, .current = current};
}

static inline bool
is_over(const Walk *walk)
{
	return walk->r == walk->reference->n && walk->c == walk->current->n;
}

/* Pass the next distinct value on both sides; there is one. */
static inline void
step(Walk *walk)
{
	const CpSorted *reference = walk->reference, *current = walk->current;
	uint32_t r = walk->r, c = walk->c;
	double value;

	/* Which side comes next is a coin's throw: no branch hangs on it. */
	if (r < reference->n && c < current->n)
	{
		double a = reference->values[r], b = current->values[c];

		value = a < b ? a : b;
		r += a == value;
		c += b == value;
	}
	else
		value = r < reference->n ? reference->values[r] : current->values[c];
	while (r < reference->n && reference->values[r] == value)
		r++;
	while (c < current->n && current->values[c] == value)
		c++;
	walk->r = r;
	walk->c = c;
	walk->steps++;
	walk->value = value;
}

/* Now and then. */
static inline CpStatus
poll_walk(CpContext *context, const Walk *walk)
{
	return walk->steps % POLL_VALUES == 0 ? cp_poll(context) : CP_OK;
}

/* Rows of the first so many values. */
static inline double
rows_before(const CpSorted *sorted, uint32_t passed)
{
	return passed == 0 ? 0 : cp_sorted_upto(sorted, passed - 1);
}

/* Between the two distribution functions, times both totals: of whole rows it is a whole number. */
static inline double
gap_of(const Walk *walk)
{
	return fabs(rows_before(walk->reference, walk->r) * walk->current->total -
	            rows_before(walk->current, walk->c) * walk->reference->total);
}

CpStatus
cp_ks_distance(CpContext *context, const CpSorted *reference, const CpSorted *current,
               double *distance)
{
	Walk walk = begin_walk(reference, current);
	double widest = 0;

	*distance = (double) NAN;
	if (reference->n == 0 || current->n == 0)
		return CP_OK;
	/* Where one side has ended the gap only closes. */
	while (walk.r < reference->n && walk.c < current->n)
	{
		double gap;

		CP_TRY(poll_walk(context, &walk));
		step(&walk);
		gap = gap_of(&walk);
		if (gap > widest)
			widest = gap;
	}
	*distance = widest / (reference->total * current->total);
	return CP_OK;
}

/* height (to - from), also where to - from is beyond all numbers or infinite. */
static inline double
area(double height, double from, double to)
{
	double width = to - from;

	if (height == 0)
		return 0;
	return isinf(width) ? height * to - height * from : height * width;
}

/* Summed by blocks, so that what rounding takes is some 1e-12 of the sum however long it is. */
CpStatus
cp_wasserstein(CpContext *context, const CpSorted *reference, const CpSorted *current,
               double *distance)
{
	Walk walk = begin_walk(reference, current);
	double both = reference->total * current->total;
	double sum = 0, block = 0;

	*distance = (double) NAN;
	if (reference->n == 0 || current->n == 0)
		return CP_OK;
	step(&walk);
	while (!is_over(&walk))
	{
		double height = gap_of(&walk) / both;
		double from = walk.value;

		step(&walk);
		block += area(height, from, walk.value);
		if (walk.steps % POLL_VALUES == 0)
		{
			sum += block;
			block = 0;
		}
		CP_TRY(poll_walk(context, &walk));
	}
	*distance = sum + block;
	return CP_OK;
}

CpStatus
cp_tie_ends(CpContext *context, const CpSorted *reference, const CpSorted *current, bool **ends)
{
	Walk walk = begin_walk(reference, current);

	CP_TRY(cp_alloc_zero(context, ends, (size_t) reference->n + current->n, sizeof(bool)));
	while (!is_over(&walk))
	{
		CP_TRY(poll_walk(context, &walk));
		step(&walk);
		(*ends)[(size_t) walk.r + walk.c - 1] = true;
	}
	return CP_OK;
}

/* ---- cells ---- */

uint32_t
cp_quantile_cuts(const CpSorted *reference, uint32_t bins, double *cuts)
{
	uint32_t ncuts = 0;

	for (uint32_t k = 1; k < bins; k++)
	{
		double cut = cp_sorted_quantile(reference, (double) k / bins);

		if (ncuts == 0 || cut != cuts[ncuts - 1])
			cuts[ncuts++] = cut;
	}
	return ncuts;
}

/*
 * How many values lie before the cut; `from` of them are known to. In growing steps, then by
 * halves: cuts close together cost little, however many values there are.
 */
static uint32_t
count_before(const CpSorted *sorted, uint32_t from, double cut, bool right_closed)
{
	uint32_t low = from, high = sorted->n;
	uint64_t stride = 1;

	while (low < high)
	{
		uint32_t probe = low + (high - low) / 2;

		if (stride < probe - low)
			probe = low + (uint32_t) stride;
		if (sorted->values[probe] < cut || (right_closed && sorted->values[probe] == cut))
		{
			low = probe + 1;
			stride *= 2;
		}
		else
			high = probe;
	}
	return low;
}

void
cp_cell_counts(const CpSorted *sorted, const double *cuts, uint32_t ncuts, bool right_closed,
               double *counts)
{
	uint32_t passed = 0;
	double before = 0;

	for (uint32_t cell = 0; cell < ncuts; cell++)
	{
		double upto;

		passed = count_before(sorted, passed, cuts[cell], right_closed);
		upto = rows_before(sorted, passed);
		counts[cell] = upto - before;
		before = upto;
	}
	counts[ncuts] = sorted->total - before;
}

static bool
has_infinity(const CpSorted *sorted)
{
	return isinf(sorted->values[0]) || isinf(sorted->values[sorted->n - 1]);
}

static bool
has_few_distinct(const CpSorted *sorted)
{
	uint32_t distinct = 1;

	for (uint32_t i = 1; i < sorted->n && distinct <= EVIDENTLY_DISTINCT; i++)
		distinct += sorted->values[i] != sorted->values[i - 1];
	return distinct <= EVIDENTLY_DISTINCT;
}

/*
 * numpy.histogram_bin_edges(..., "sturges") in its own arithmetic, which of 2^k rows may make one
 * cell more than k + 1. Half the range stands for it: the whole may be beyond all numbers.
 */
static CpStatus
equal_width_cuts(CpContext *context, const CpSorted *reference, const CpSorted *current,
                 double **cuts, uint32_t *ncuts)
{
	double first = fmin(reference->values[0], current->values[0]);
	double last = fmax(reference->values[reference->n - 1], current->values[current->n - 1]);
	double half = last / 2 - first / 2;
	double width = half / (log2(reference->total + current->total) + 1);
	double cells = width > 0 ? ceil(half / width) : 1;

	*ncuts = (uint32_t) cells - 1;
	CP_TRY(cp_alloc(context, cuts, *ncuts, sizeof(double)));
	for (uint32_t i = 0; i < *ncuts; i++)
		(*cuts)[i] = 2 * ((i + 1) * (half / cells) + first / 2);
	return CP_OK;
}

/* All distinct values but the least. cuts: NULL = count them only. */
static CpStatus
find_distinct(CpContext *context, const CpSorted *reference, const CpSorted *current, double *cuts,
              uint32_t *ncuts)
{
	Walk walk = begin_walk(reference, current);

	step(&walk);
	while (!is_over(&walk))
	{
		CP_TRY(poll_walk(context, &walk));
		step(&walk);
		if (cuts != NULL)
			cuts[walk.steps - 2] = walk.value;
	}
	*ncuts = walk.steps - 1;
	return CP_OK;
}

static CpStatus
distinct_cuts(CpContext *context, const CpSorted *reference, const CpSorted *current, double **cuts,
              uint32_t *ncuts)
{
	CP_TRY(find_distinct(context, reference, current, NULL, ncuts));
	CP_TRY(cp_alloc(context, cuts, *ncuts, sizeof(double)));
	return find_distinct(context, reference, current, *cuts, ncuts);
}

CpStatus
cp_evidently_cells(CpContext *context, const CpSorted *reference, const CpSorted *current,
                   double **reference_counts, double **current_counts, uint32_t *cells)
{
	double *cuts;
	uint32_t ncuts;

	if (has_infinity(reference) || has_infinity(current))
		return cp_fail(context, CP_BAD_DATA,
		               "Cells of equal width cannot be made over infinite values.");
	if (has_few_distinct(reference))
		CP_TRY(distinct_cuts(context, reference, current, &cuts, &ncuts));
	else
		CP_TRY(equal_width_cuts(context, reference, current, &cuts, &ncuts));
	*cells = ncuts + 1;
	CP_TRY(cp_alloc(context, reference_counts, *cells, sizeof(double)));
	CP_TRY(cp_alloc(context, current_counts, *cells, sizeof(double)));
	cp_cell_counts(reference, cuts, ncuts, false, *reference_counts);
	cp_cell_counts(current, cuts, ncuts, false, *current_counts);
	cp_free(context, &cuts);
	return CP_OK;
}
