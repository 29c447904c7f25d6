/*
 * lp.c: the linear program of a plan, by column generation.
 */
#include "decide/lp.h"

#include <math.h>
#include <string.h>

#include "decide/program.h"

#define MAX_ITERATIONS 2000

/* Columns kept: of each limit a few, and some more. */
#define COLUMNS_A_LIMIT 8
#define COLUMNS_BESIDE 64

/* Iterations from which on prices are smoothed, and by how much. */
#define SMOOTH_FROM 2
#define SMOOTHING 0.5

/* Less than this, relative to its terms, a column cannot gain. */
#define NO_GAIN 1e-14

/* So much of two sums is rounding. */
#define NO_DIFFERENCE 1e-14

/* The search while it runs. R = limits->count. */
typedef struct Search
{
	CpContext *context;
	const CpLp *lp;
	uint32_t nlimits;
	uint32_t ncolumns;
	uint32_t solved; /* columns in the master as it was solved last */
	uint32_t capacity;
	double *value;   /* [capacity] of a column */
	double *use;     /* [capacity][R] */
	double *prices;  /* [capacity][R] it was asked for at */
	bool *idle;      /* [capacity] */
	double *weights; /* [capacity + 2 R] of the master's solution; then sold and bought */
	double *duals;   /* [R + 1] of it; the last is of the convexity row */
	double *costs;   /* [capacity + 2 R] scratch for the master: objective, */
	double *lower;   /* [capacity + 2 R] bounds of columns */
	double *upper;
	double *row_lower; /* [R + 1] */
	double *row_upper;
	double *unit;      /* [R] of the rows and of what is sold and bought, */
	double worth_unit; /* and of values */
	uint32_t entries;
	uint32_t *entry_row; /* [capacity (R + 1) + 2 R] */
	uint32_t *entry_column;
	double *entry;
	CpClassPrices *class_prices;
	CpUse *use_by_class;
	double *asked; /* [R] prices of the column being made */
	bool known;    /* was that column there already? */
	double master; /* value of the master's solution */
	CpLpResult *result;
} Search;

void
cp_lp_natural_box(const CpLimits *limits, double *low, double *high)
{
	for (uint32_t r = 0; r < limits->count; r++)
	{
		low[r] = limits->limits[r].least ? -INFINITY : 0;
		high[r] = limits->limits[r].least ? 0 : INFINITY;
	}
}

double
cp_lp_gap(double upper, double lower)
{
	double size = fmax(fabs(upper), fabs(lower));

	return size == 0 ? 0 : fmax(upper - lower, 0) / size;
}

static CpStatus
search_begin(Search *search, CpContext *context, const CpLp *lp, CpLpResult *result)
{
	uint32_t nlimits = lp->limits->count;
	size_t columns;
	size_t entries;

	memset(search, 0, sizeof(*search));
	search->context = context;
	search->lp = lp;
	search->nlimits = nlimits;
	search->capacity = COLUMNS_A_LIMIT * nlimits + COLUMNS_BESIDE;
	search->result = result;
	columns = search->capacity + 2 * nlimits;
	entries = (size_t) search->capacity * (nlimits + 1) + 2 * nlimits;
	CP_TRY(cp_alloc(context, &search->value, search->capacity, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->use, (size_t) search->capacity * nlimits, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->prices, (size_t) search->capacity * nlimits, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->idle, search->capacity, sizeof(bool)));
	CP_TRY(cp_alloc(context, &search->weights, columns, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->duals, nlimits + 1, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->costs, columns, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->lower, columns, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->upper, columns, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->row_lower, nlimits + 1, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->row_upper, nlimits + 1, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->unit, nlimits, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->entry_row, entries, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &search->entry_column, entries, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &search->entry, entries, sizeof(double)));
	CP_TRY(cp_alloc(context, &search->class_prices, 1, sizeof(CpClassPrices)));
	CP_TRY(cp_alloc(context, &search->use_by_class, 1, sizeof(CpUse)));
	return cp_alloc(context, &search->asked, nlimits, sizeof(double));
}

static void
search_end(Search *search)
{
	cp_free(search->context, &search->value);
	cp_free(search->context, &search->use);
	cp_free(search->context, &search->prices);
	cp_free(search->context, &search->idle);
	cp_free(search->context, &search->weights);
	cp_free(search->context, &search->duals);
	cp_free(search->context, &search->costs);
	cp_free(search->context, &search->lower);
	cp_free(search->context, &search->upper);
	cp_free(search->context, &search->row_lower);
	cp_free(search->context, &search->row_upper);
	cp_free(search->context, &search->unit);
	cp_free(search->context, &search->entry_row);
	cp_free(search->context, &search->entry_column);
	cp_free(search->context, &search->entry);
	cp_free(search->context, &search->class_prices);
	cp_free(search->context, &search->use_by_class);
	cp_free(search->context, &search->asked);
}

/* What a column would gain in the master as it was solved last. */
static double
column_gain(const Search *search, double value, const double *use)
{
	double gain = value - search->duals[search->nlimits];

	for (uint32_t r = 0; r < search->nlimits; r++)
		gain -= search->duals[r] * use[r];
	return gain;
}

/* Room for a column: a new place, or that of the one that is furthest from gaining. */
static uint32_t
column_place(Search *search)
{
	uint32_t worst = 0;
	double least = INFINITY;

	if (search->ncolumns < search->capacity)
		return search->ncolumns++;
	for (uint32_t k = 0; k < search->ncolumns; k++)
	{
		double gain = column_gain(search, search->value[k], search->use + k * search->nlimits);

		if (k < search->solved && search->weights[k] == 0 && gain < least)
		{
			worst = k;
			least = gain;
		}
	}
	return worst;
}

static uint32_t
add_column(Search *search, double value, const double *use, const double *prices)
{
	uint32_t k = column_place(search);
	size_t row = (size_t) k * search->nlimits;

	search->value[k] = value;
	search->idle[k] = prices == NULL;
	for (uint32_t r = 0; r < search->nlimits; r++)
	{
		search->use[row + r] = use == NULL ? 0 : use[r];
		search->prices[row + r] = prices == NULL ? 0 : prices[r];
	}
	return k;
}

/* The place of a column like this; search->ncolumns when there is none. */
static uint32_t
known_column(const Search *search, double value, const double *use)
{
	uint32_t nlimits = search->nlimits;
	uint32_t k = 0;

	for (; k < search->ncolumns; k++)
	{
		uint32_t r = 0;

		while (r < nlimits && search->use[(size_t) k * nlimits + r] == use[r])
			r++;
		if (search->value[k] == value && r == nlimits)
			break;
	}
	return k;
}

/* Make the column of the prices asked for; *k: its place. */
static CpStatus
ask(Search *search, uint32_t *k)
{
	const CpLp *lp = search->lp;
	CpLpResult *result = search->result;
	double rows[CP_MAX_LIMITS];
	double value;
	double reduced = 0;
	double bound;

	CP_TRY(cp_poll(search->context));
	cp_limits_price(lp->limits, search->asked, search->class_prices);
	memset(search->use_by_class, 0, sizeof(CpUse));
	CP_TRY(lp->oracle.price(lp->oracle.host, search->class_prices, lp->worth, search->use_by_class,
	                        &reduced));
	cp_limits_rows(lp->limits, search->use_by_class, rows);
	value = lp->worth * search->use_by_class->value;
	*k = known_column(search, value, rows);
	search->known = *k < search->ncolumns;
	if (!search->known)
		*k = add_column(search, value, rows, search->asked);
	bound = reduced + cp_limits_worth(lp->limits, search->asked);
	if (bound < result->upper)
	{
		result->upper = bound;
		memcpy(result->prices, search->asked, search->nlimits * sizeof(double));
	}
	result->iterations++;
	return CP_OK;
}

/* a - b, without what is nothing but rounding. */
static double
difference(double a, double b)
{
	return fabs(a - b) > NO_DIFFERENCE * fmax(fabs(a), fabs(b)) ? a - b : 0;
}

/* What column k uses of limit r beyond the base. */
static double
use_beyond(const Search *search, uint32_t k, uint32_t base, uint32_t r)
{
	return difference(search->use[(size_t) k * search->nlimits + r],
	                  search->use[(size_t) base * search->nlimits + r]);
}

/* The power of two below a number; of 0, 1. */
static double
power_below(double number)
{
	return number > 0 ? ldexp(1, ilogb(number)) : 1;
}

static bool
is_price(double price)
{
	return isfinite(price) && price != 0;
}

/* A unit for a limit of which all plans use as much: what is sold or bought is then worth one. */
static double
idle_unit(const Search *search, uint32_t r)
{
	double low = search->lp->low[r];
	double high = search->lp->high[r];
	double price = is_price(low) ? fabs(low) : is_price(high) ? fabs(high) : 1;

	return power_below(search->worth_unit / price);
}

/* Units in which rows and values are neither large nor small. */
static void
set_units(Search *search, uint32_t base)
{
	double worth = 0;

	for (uint32_t k = 0; k < search->ncolumns; k++)
		worth = fmax(worth, fabs(difference(search->value[k], search->value[base])));
	search->worth_unit = power_below(worth);
	for (uint32_t r = 0; r < search->nlimits; r++)
	{
		double most = 0;

		for (uint32_t k = 0; k < search->ncolumns; k++)
			most = fmax(most, fabs(use_beyond(search, k, base, r)));
		search->unit[r] = most > 0 ? power_below(most) : idle_unit(search, r);
	}
}

static void
add_entry(Search *search, uint32_t row, uint32_t column, double entry)
{
	if (entry == 0)
		return;
	search->entry_row[search->entries] = row;
	search->entry_column[search->entries] = column;
	search->entry[search->entries++] = entry;
}

/* A plan as a column of the master: its difference from the base. */
static void
set_column(Search *search, uint32_t k, uint32_t base)
{
	search->costs[k] = difference(search->value[k], search->value[base]) / search->worth_unit;
	search->lower[k] = 0;
	search->upper[k] = INFINITY;
	for (uint32_t r = 0; r < search->nlimits; r++)
		add_entry(search, r, k, use_beyond(search, k, base, r) / search->unit[r]);
	add_entry(search, search->nlimits, k, 1);
}

/* A column beside the plans: units of a limit sold (+1) or bought (-1). */
static void
set_artificial(Search *search, uint32_t column, uint32_t row, double sign, double price)
{
	bool open = is_price(price);

	search->costs[column] = open ? sign * price * search->unit[row] / search->worth_unit : 0;
	search->lower[column] = 0;
	search->upper[column] = open ? INFINITY : 0;
	add_entry(search, row, column, sign);
}

/* The row of a limit: an inequality where what is left of it, or is used beyond it, is free. */
static void
set_row(Search *search, uint32_t r, double base_use)
{
	const CpLp *lp = search->lp;
	double bound = difference(lp->limits->limits[r].bound, base_use) / search->unit[r];

	search->row_lower[r] = lp->low[r] == 0 ? -INFINITY : bound;
	search->row_upper[r] = lp->high[r] == 0 ? INFINITY : bound;
	set_artificial(search, search->ncolumns + r, r, 1, lp->low[r]);
	set_artificial(search, search->ncolumns + search->nlimits + r, r, -1, lp->high[r]);
}

/*
 * The master: mix the columns so that of each limit what is used, and sold, less what is bought,
 * is the bound. Columns are written as differences from one of them, so that what all have
 * in common takes no digits.
 */
static CpProgram
set_master(Search *search, uint32_t base)
{
	uint32_t nlimits = search->nlimits;

	search->entries = 0;
	set_units(search, base);
	for (uint32_t k = 0; k < search->ncolumns; k++)
		set_column(search, k, base);
	for (uint32_t r = 0; r < nlimits; r++)
		set_row(search, r, search->use[(size_t) base * nlimits + r]);
	search->row_lower[nlimits] = search->row_upper[nlimits] = 1;
	return (CpProgram){.rows = nlimits + 1,
	                   .columns = search->ncolumns + 2 * nlimits,
	                   .objective = search->costs,
	                   .row_lower = search->row_lower,
	                   .row_upper = search->row_upper,
	                   .lower = search->lower,
	                   .upper = search->upper,
	                   .entries = search->entries,
	                   .entry_row = search->entry_row,
	                   .entry_column = search->entry_column,
	                   .entry = search->entry};
}

static CpStatus
solve_master(Search *search, uint32_t base)
{
	CpProgram program = set_master(search, base);
	CpProgramSolution solution = {.x = search->weights, .dual = search->duals};
	double *convexity = &search->duals[search->nlimits];

	CP_TRY(cp_program_solve(search->context, &program, &solution));
	if (solution.status != CP_PROGRAM_OPTIMAL)
		return cp_fail(search->context, CP_NOT_CONVERGED,
		               "The master program of the allocation has no optimum.");
	search->solved = search->ncolumns;
	search->master = solution.value * search->worth_unit + search->value[base];
	/* The convexity row's dual for the columns as they are, not as differences. */
	*convexity = *convexity * search->worth_unit + search->value[base];
	for (uint32_t r = 0; r < search->nlimits; r++)
	{
		search->duals[r] *= search->worth_unit / search->unit[r];
		*convexity -= search->duals[r] * search->use[(size_t) base * search->nlimits + r];
	}
	return CP_OK;
}

static bool
close_enough(const Search *search)
{
	double size = fmax(fmax(fabs(search->result->upper), fabs(search->master)), search->lp->least);

	return search->result->upper - search->master <= search->lp->tolerance * size;
}

/* Could the column that was asked for gain anything, as far as doubles can tell? */
static bool
gains(const Search *search, uint32_t k)
{
	const double *use = search->use + (size_t) k * search->nlimits;
	double size = fabs(search->value[k]) + fabs(search->duals[search->nlimits]);

	for (uint32_t r = 0; r < search->nlimits; r++)
		size += fabs(search->duals[r] * use[r]);
	return !search->known && column_gain(search, search->value[k], use) > NO_GAIN * size;
}

static double
within_box(const Search *search, uint32_t r, double price)
{
	double inside = fmin(fmax(price, search->lp->low[r]), search->lp->high[r]);

	return isfinite(inside) ? inside : 0;
}

/* The next prices: the master's, or between them and the best, and within the box. */
static void
set_asked(Search *search, bool smooth)
{
	for (uint32_t r = 0; r < search->nlimits; r++)
	{
		double price = search->duals[r];

		if (smooth)
			price += SMOOTHING * (search->result->prices[r] - price);
		search->asked[r] = within_box(search, r, price);
	}
}

static CpStatus
search_run(Search *search)
{
	uint32_t k = 0;

	for (uint32_t r = 0; r < search->nlimits; r++)
		search->asked[r] = within_box(search, r, search->lp->start[r]);
	search->result->upper = INFINITY;
	CP_TRY(ask(search, &k));
	(void) add_column(search, search->lp->worth * search->lp->idle_value, search->lp->idle, NULL);
	while (search->result->iterations < MAX_ITERATIONS)
	{
		bool smooth = search->result->iterations > SMOOTH_FROM;

		CP_TRY(solve_master(search, k));
		if (close_enough(search))
			return CP_OK;
		set_asked(search, smooth);
		CP_TRY(ask(search, &k));
		if (gains(search, k))
			continue;
		if (close_enough(search) || !smooth)
			return CP_OK;
		set_asked(search, false);
		CP_TRY(ask(search, &k));
		if (!gains(search, k))
			return CP_OK;
	}
	return solve_master(search, k);
}

/* The columns of the master's solution, as many as a basis can have. */
static void
set_mixture(Search *search)
{
	CpLpResult *result = search->result;
	uint32_t nlimits = search->nlimits;
	double sum = 0;

	for (uint32_t k = 0; k < search->solved && result->nmixed <= nlimits; k++)
	{
		CpMixed *mixed = &result->mixed[result->nmixed];

		if (!(search->weights[k] > 0))
			continue;
		mixed->idle = search->idle[k];
		mixed->weight = search->weights[k];
		memcpy(mixed->prices, search->prices + (size_t) k * nlimits, nlimits * sizeof(double));
		for (uint32_t r = 0; r < nlimits; r++)
			result->used[r] += mixed->weight * search->use[(size_t) k * nlimits + r];
		sum += mixed->weight;
		result->nmixed++;
	}
	for (uint32_t m = 0; m < result->nmixed; m++)
		result->mixed[m].weight /= sum;
	for (uint32_t r = 0; r < nlimits; r++)
		result->used[r] /= sum;
}

static void
set_result(Search *search)
{
	CpLpResult *result = search->result;
	const double *artificial = search->weights + search->solved;

	set_mixture(search);
	result->lower = search->master;
	for (uint32_t r = 0; r < search->nlimits; r++)
	{
		result->sold[r] = artificial[r] * search->unit[r];
		result->bought[r] = artificial[search->nlimits + r] * search->unit[r];
	}
}

CpStatus
cp_lp_solve(CpContext *context, const CpLp *lp, CpLpResult *result)
{
	Search search;

	memset(result, 0, sizeof(*result));
	CP_TRY(search_begin(&search, context, lp, result));
	CP_TRY(search_run(&search));
	set_result(&search);
	search_end(&search);
	return CP_OK;
}
