/*
 * vertex.c: from a mixture of plans to one plan with as few shares as can be.
 */
#include "decide/vertex.h"

#include <math.h>
#include <string.h>

/* A weight that is nothing but rounding. */
#define NO_WEIGHT 1e-13

/* A pivot that is nothing but rounding, in rows scaled to 1. */
#define NO_PIVOT 1e-11

/* Between two polls: customers, and choices settled. */
#define POLL_CUSTOMERS 1024
#define POLL_SETTLED 32

#define MAX_OPTIONS (CP_MAX_LIMITS + 1)

/* A customer whose choice is open. */
typedef struct Open
{
	uint32_t customer;
	uint32_t noptions;            /* 2 or more; choices open are one less */
	uint32_t option[MAX_OPTIONS]; /* CP_NO_OPTION: nothing */
	double weight[MAX_OPTIONS];   /* sum 1 */
} Open;

typedef struct Reduction
{
	CpContext *context;
	CpBlock block;
	const CpLimits *limits;
	uint32_t nopen;
	uint32_t freedom; /* choices open: of each customer the options less one */
	Open *open;       /* [limits->count + 1] */
	/* Of the first limits->count + 1 open choices: */
	uint32_t column_open[CP_MAX_LIMITS + 1];   /* whose, */
	uint32_t column_option[CP_MAX_LIMITS + 1]; /* and which of the customer's options, from 1 */
	double direction[CP_MAX_LIMITS + 1];
	double matrix[CP_MAX_LIMITS][CP_MAX_LIMITS + 1];
} Reduction;

static double
option_use(const Reduction *reduction, uint32_t r, uint32_t option)
{
	return cp_option_use(&reduction->block, reduction->limits, r, option);
}

/* The first choices open, a column each: how the use of the limits changes with their shares. */
static void
set_matrix(Reduction *reduction)
{
	uint32_t columns = reduction->limits->count + 1;
	uint32_t column = 0;

	for (uint32_t o = 0; column < columns; o++)
		for (uint32_t k = 1; k < reduction->open[o].noptions && column < columns; k++, column++)
		{
			reduction->column_open[column] = o;
			reduction->column_option[column] = k;
		}
	for (uint32_t r = 0; r < reduction->limits->count; r++)
	{
		double size = 0;

		for (uint32_t c = 0; c < columns; c++)
		{
			const Open *open = &reduction->open[reduction->column_open[c]];

			reduction->matrix[r][c] =
				option_use(reduction, r, open->option[reduction->column_option[c]]) -
				option_use(reduction, r, open->option[0]);
			size = fmax(size, fabs(reduction->matrix[r][c]));
		}
		for (uint32_t c = 0; c < columns && size > 0; c++)
			reduction->matrix[r][c] /= size;
	}
}

static void
swap_columns(Reduction *reduction, uint32_t *order, uint32_t a, uint32_t b)
{
	uint32_t place = order[a];

	order[a] = order[b];
	order[b] = place;
	for (uint32_t r = 0; r < reduction->limits->count; r++)
	{
		double entry = reduction->matrix[r][a];

		reduction->matrix[r][a] = reduction->matrix[r][b];
		reduction->matrix[r][b] = entry;
	}
}

/* Bring the largest entry that is left to the diagonal; false when none is left. */
static bool
pivot(Reduction *reduction, uint32_t *order, uint32_t step)
{
	uint32_t rows = reduction->limits->count;
	double largest = NO_PIVOT;
	uint32_t row = rows;
	uint32_t column = 0;

	for (uint32_t r = step; r < rows; r++)
		for (uint32_t c = step; c <= rows; c++)
			if (fabs(reduction->matrix[r][c]) > largest)
			{
				largest = fabs(reduction->matrix[r][c]);
				row = r;
				column = c;
			}
	if (row == rows)
		return false;
	swap_columns(reduction, order, step, column);
	for (uint32_t c = 0; c <= rows; c++)
	{
		double entry = reduction->matrix[step][c];

		reduction->matrix[step][c] = reduction->matrix[row][c];
		reduction->matrix[row][c] = entry;
	}
	return true;
}

/* A direction of the shares that leaves the use of every limit: Gauss and Jordan, all pivots. */
static void
find_direction(Reduction *reduction)
{
	uint32_t rows = reduction->limits->count;
	uint32_t order[CP_MAX_LIMITS + 1];
	uint32_t rank = 0;

	for (uint32_t c = 0; c <= rows; c++)
		order[c] = c;
	for (; rank < rows && pivot(reduction, order, rank); rank++)
		for (uint32_t r = 0; r < rows; r++)
		{
			double factor = reduction->matrix[r][rank] / reduction->matrix[rank][rank];

			if (r == rank || factor == 0)
				continue;
			for (uint32_t c = rank; c <= rows; c++)
				reduction->matrix[r][c] -= factor * reduction->matrix[rank][c];
		}
	memset(reduction->direction, 0, sizeof(reduction->direction));
	reduction->direction[order[rank]] = 1;
	for (uint32_t r = 0; r < rank; r++)
		reduction->direction[order[r]] = -reduction->matrix[r][rank] / reduction->matrix[r][r];
}

/* Turn the direction towards higher value. */
static void
orient(Reduction *reduction)
{
	double gain = 0;

	for (uint32_t c = 0; c <= reduction->limits->count; c++)
	{
		const Open *open = &reduction->open[reduction->column_open[c]];

		gain += reduction->direction[c] *
		        (cp_option_value(&reduction->block, open->option[reduction->column_option[c]]) -
		         cp_option_value(&reduction->block, open->option[0]));
	}
	for (uint32_t c = 0; gain < 0 && c <= reduction->limits->count; c++)
		reduction->direction[c] = -reduction->direction[c];
}

/* Take away the options of no weight; how many. */
static uint32_t
drop_options(Open *open)
{
	uint32_t kept = 0;
	uint32_t before = open->noptions;

	for (uint32_t k = 0; k < before; k++)
		if (open->weight[k] > NO_WEIGHT)
		{
			open->option[kept] = open->option[k];
			open->weight[kept++] = open->weight[k];
		}
	open->noptions = kept;
	return before - kept;
}

/* Go along the direction until a weight is nothing. */
static void
move(Reduction *reduction)
{
	uint32_t columns = reduction->limits->count + 1;
	double change[CP_MAX_LIMITS + 1] = {0}; /* of the first option of each open customer */
	double step = INFINITY;

	for (uint32_t c = 0; c < columns; c++)
		change[reduction->column_open[c]] -= reduction->direction[c];
	for (uint32_t c = 0; c < columns; c++)
	{
		const Open *open = &reduction->open[reduction->column_open[c]];
		double rate = reduction->direction[c];
		double base = change[reduction->column_open[c]];

		if (rate < 0)
			step = fmin(step, open->weight[reduction->column_option[c]] / -rate);
		if (base < 0)
			step = fmin(step, open->weight[0] / -base);
	}
	for (uint32_t c = 0; c < columns; c++)
		reduction->open[reduction->column_open[c]].weight[reduction->column_option[c]] +=
			step * reduction->direction[c];
	for (uint32_t o = 0; o < reduction->nopen; o++)
		reduction->open[o].weight[0] += step * (o < columns ? change[o] : 0);
}

/* Settle at least one of the open choices. */
static void
reduce(Reduction *reduction, uint32_t *choice)
{
	uint32_t kept = 0;

	set_matrix(reduction);
	find_direction(reduction);
	orient(reduction);
	move(reduction);
	for (uint32_t o = 0; o < reduction->nopen; o++)
	{
		Open *open = &reduction->open[o];

		reduction->freedom -= drop_options(open);
		if (open->noptions == 1)
			choice[open->customer] = open->option[0];
		else
			reduction->open[kept++] = *open;
	}
	reduction->nopen = kept;
}

/* What a customer does in the mixture. */
static void
mix(const CpBlock *block, uint32_t customer, uint32_t nmixed, const CpMixed *mixed,
    const CpClassPrices *prices, Open *open)
{
	open->customer = customer;
	open->noptions = 0;
	for (uint32_t m = 0; m < nmixed; m++)
	{
		double reduced;
		uint32_t option = mixed[m].idle
		                      ? CP_NO_OPTION
		                      : cp_price_customer(block, customer, &prices[m], 1, &reduced);
		uint32_t k = 0;

		while (k < open->noptions && open->option[k] != option)
			k++;
		if (k == open->noptions)
		{
			open->option[open->noptions] = option;
			open->weight[open->noptions++] = 0;
		}
		open->weight[k] += mixed[m].weight;
	}
}

/* What is still open are the shares of the vertex. */
static void
set_shares(const Reduction *reduction, CpVertex *vertex)
{
	vertex->nshares = 0;
	for (uint32_t o = 0; o < reduction->nopen; o++)
	{
		const Open *open = &reduction->open[o];

		vertex->choice[open->customer] = CP_NO_OPTION;
		for (uint32_t k = 0; k < open->noptions; k++)
			if (open->option[k] != CP_NO_OPTION)
				vertex->shares[vertex->nshares++] =
					(CpShare){open->customer, open->option[k], open->weight[k]};
	}
}

static CpStatus
reduce_all(Reduction *reduction, uint32_t nmixed, const CpMixed *mixed, const CpClassPrices *prices,
           uint32_t *choice)
{
	uint32_t settled = 0;

	for (uint32_t i = 0; i < reduction->block.customers; i++)
	{
		Open *open = &reduction->open[reduction->nopen];

		if (i % POLL_CUSTOMERS == 0)
			CP_TRY(cp_poll(reduction->context));
		mix(&reduction->block, i, nmixed, mixed, prices, open);
		choice[i] = open->option[0];
		if (open->noptions == 1)
			continue;
		reduction->nopen++;
		reduction->freedom += open->noptions - 1;
		while (reduction->freedom > reduction->limits->count)
		{
			if (settled++ % POLL_SETTLED == 0)
				CP_TRY(cp_poll(reduction->context));
			reduce(reduction, choice);
		}
	}
	return CP_OK;
}

CpStatus
cp_vertex_of_mixture(CpContext *context, const CpCore *core, const CpLimits *limits,
                     uint32_t nmixed, const CpMixed *mixed, CpVertex *vertex)
{
	Reduction *reduction = NULL;
	CpClassPrices *prices = NULL;

	CP_TRY(cp_alloc_zero(context, &reduction, 1, sizeof(Reduction)));
	CP_TRY(cp_alloc(context, &reduction->open, limits->count + 1, sizeof(Open)));
	CP_TRY(cp_alloc(context, &prices, nmixed, sizeof(CpClassPrices)));
	CP_TRY(cp_alloc(context, &vertex->choice, core->customers, sizeof(uint32_t)));
	reduction->context = context;
	reduction->block = cp_core_block(core);
	reduction->limits = limits;
	for (uint32_t m = 0; m < nmixed; m++)
		cp_limits_price(limits, mixed[m].prices, &prices[m]);
	CP_TRY(reduce_all(reduction, nmixed, mixed, prices, vertex->choice));
	set_shares(reduction, vertex);
	cp_free(context, &prices);
	cp_free(context, &reduction->open);
	cp_free(context, &reduction);
	return CP_OK;
}
