/*
 * knapsack.c: whole choices out of a linear program's plan.
 */
#include "decide/knapsack.h"

#include <math.h>
#include <string.h>

#include "decide/program.h"
#include "num/hash.h"

/* How many options the integer program of a round has, its part of the time, and how it is solved. */
typedef struct Round
{
	uint32_t options;
	double time;
	bool cuts;
} Round;

static const Round rounds[] = {{30, 0.05, false},
                               {100, 0.1, false},
                               {400, 0.2, true},
                               {CP_KNAPSACK_OPTIONS, 0.65, true}};

#define ROUNDS (sizeof(rounds) / sizeof(rounds[0]))

/* Losses are counted in classes, each half as large as the one before, the last down to 0. */
#define LOSS_CLASSES 40

/* Of the largest value: losses below are ties, but for rounding. */
#define NO_LOSS 1e-12

#define OPEN_SEED UINT64_C(0x6b6e61707361636b)

/* Sums are right to this, and steps of values are as long as this, or longer. */
#define ROUNDING 1e-12
#define NEARLY 0.999

/* Of a whole plan that does not keep its limits: no bound on losses. */
#define NO_PLAN (-INFINITY)

typedef struct Search
{
	CpContext *context;
	const CpAllocationTask *task;
	const CpLimits *limits;
	const CpSurvey *survey;
	CpAllocation *allocation;
	CpClassPrices *prices;
	CpTally nothing; /* of no choices at all */
	double bound;    /* of the linear program, at its prices: what losses count against */
	double lower;    /* value of the plan, NO_PLAN when it does not keep the limits */
	/* Of a round: */
	double span;  /* plans with an option of a larger loss are worth less than this: */
	double least; /* value of the plan before */
	double reach; /* options of a larger loss are left out; at most span */
	int classes;
	uint64_t counts[LOSS_CLASSES]; /* [classes] options by loss: [k] more than span / 2^(k + 1) */
	uint64_t threshold;            /* of the hash of a customer's number */
	uint32_t most;                 /* options to be opened */
	uint64_t found;                /* options within reach */
	uint32_t at;                   /* customer of the old core that comes next */
	CpCore core;                   /* the new one */
	uint32_t *choice;
	uint32_t choice_room;
	bool *open; /* [core.customers] are the customer's options part of the integer program? */
	uint32_t opened;
} Search;

/* --- a first whole plan ------------------------------------------------- */

/* The most valuable option of a customer that fits, of those the customer has shares of. */
static void
round_customer(CpPlan *plan, uint32_t first, uint32_t end)
{
	uint32_t best = CP_NO_OPTION;

	for (uint32_t s = first; s < end; s++)
	{
		uint32_t option = plan->shares[s].option;

		cp_tally_add(&plan->tally, plan->core.classes[option], plan->core.cost[option],
		             -plan->shares[s].units);
	}
	for (uint32_t s = first; s < end; s++)
	{
		uint32_t option = plan->shares[s].option;

		if (cp_tally_fits(&plan->tally, plan->core.classes[option], plan->core.cost[option],
		                  CP_SHARE_UNITS) &&
		    (best == CP_NO_OPTION || plan->core.value[option] > plan->core.value[best]))
			best = option;
	}
	plan->choice[plan->shares[first].customer] = best;
	if (best != CP_NO_OPTION)
		cp_tally_add(&plan->tally, plan->core.classes[best], plan->core.cost[best], CP_SHARE_UNITS);
}

static void
round_shares(CpPlan *plan)
{
	uint32_t end;

	for (uint32_t s = 0; s < plan->nshares; s = end)
	{
		end = s + 1;
		while (end < plan->nshares && plan->shares[end].customer == plan->shares[s].customer)
			end++;
		round_customer(plan, s, end);
	}
	plan->nshares = 0;
}

static CpStatus
account(Search *search)
{
	CpPlan *plan = &search->allocation->plan;

	search->allocation->scans++;
	CP_TRY(cp_plan_account(plan, &search->task->scan, search->limits, search->survey->max_cost));
	search->lower = cp_tally_keeps(&plan->tally) ? plan->value : NO_PLAN;
	return CP_OK;
}

/* --- options that could be part of a better plan ------------------------ */

/* What choosing an option, or nothing, loses against the customer's best at the prices. */
static double
loss_of(const Search *search, const CpBlock *block, uint32_t option, double best)
{
	if (option == CP_NO_OPTION)
		return best;
	return best - cp_reduced_value(search->prices, 1, block->classes[option], block->value[option],
	                               block->cost[option]);
}

/*
 * Could an option whose loss is within reach be part of a better plan? Not one that alone passes a
 * limit "at most".
 */
static bool
is_within(const Search *search, const CpBlock *block, uint32_t option, double best, double reach)
{
	return loss_of(search, block, option, best) <= reach &&
	       cp_tally_fits(&search->nothing, block->classes[option], block->cost[option],
	                     CP_SHARE_UNITS);
}

static void
count_loss(Search *search, double loss)
{
	int class = search->classes - 1;

	if (loss > 0)
		class = (int) fmin(log2(search->span / loss), class);
	search->counts[class]++;
}

/* What a customer gets now: of the old core as it says, others what is best. */
static uint32_t
current_choice(Search *search, const CpBlock *block, uint32_t i, uint32_t taken)
{
	const CpPlan *plan = &search->allocation->plan;
	uint32_t choice;

	if (search->at == plan->core.customers || plan->core.number[search->at] != block->number[i])
		return taken;
	choice = plan->choice[search->at];
	if (choice != CP_NO_OPTION)
		choice = choice - plan->core.start[search->at] + block->start[i];
	search->at++;
	return choice;
}

static CpStatus
count_block(void *visitor, const CpBlock *block)
{
	Search *search = visitor;

	for (uint32_t i = 0; i < block->customers; i++)
	{
		double best;
		uint32_t taken = cp_price_customer(block, i, search->prices, 1, &best);
		uint32_t choice = current_choice(search, block, i, taken);

		if (choice != CP_NO_OPTION && best <= search->span)
			count_loss(search, best);
		for (uint32_t option = block->start[i]; option < block->start[i + 1]; option++)
			if (option != choice && is_within(search, block, option, best, search->span))
				count_loss(search, loss_of(search, block, option, best));
	}
	return CP_OK;
}

/* How far to reach, so that no more options are within than wanted; the whole span if it can be. */
static CpStatus
set_reach(Search *search)
{
	uint64_t within = 0;
	int class;

	memset(search->counts, 0, sizeof(search->counts));
	search->at = 0;
	search->classes = 1;
	while (search->classes < LOSS_CLASSES &&
	       search->span * exp2(-search->classes) > NO_LOSS * search->survey->max_value)
		search->classes++;
	CP_TRY(search->task->scan.run(search->task->scan.host, count_block, search));
	search->allocation->scans++;
	class = search->classes;
	while (class > 0 && within + search->counts[class - 1] <= search->most)
		within += search->counts[--class];
	/* Options tied with the best are all in the last class: of customers drawn from all. */
	search->threshold = UINT64_MAX;
	if (class == search->classes)
	{
		class --;
		search->threshold =
			(uint64_t) ((double) search->most / (double) search->counts[class] * 0x1p64);
	}
	search->reach = search->span * exp2(-class);
	return CP_OK;
}

static CpStatus
choose(Search *search, uint32_t option)
{
	if (search->core.customers > search->choice_room)
	{
		uint32_t room = search->core.customer_capacity;

		CP_TRY(cp_resize(search->context, &search->choice, room, sizeof(uint32_t)));
		CP_TRY(cp_resize(search->context, &search->open, room, sizeof(bool)));
		search->choice_room = room;
	}
	search->choice[search->core.customers - 1] = option;
	return CP_OK;
}

/* How many other choices are within reach. */
static uint32_t
others_within(const Search *search, const CpBlock *block, uint32_t i, uint32_t choice, double best)
{
	uint32_t others = choice != CP_NO_OPTION && best <= search->reach;

	for (uint32_t option = block->start[i]; option < block->start[i + 1]; option++)
		if (option != choice && is_within(search, block, option, best, search->reach))
			others++;
	return others;
}

/* The new core: whose choice is within reach of another, or is not the best at the prices. */
static CpStatus
open_block(void *visitor, const CpBlock *block)
{
	Search *search = visitor;

	for (uint32_t i = 0; i < block->customers; i++)
	{
		double best;
		uint32_t taken = cp_price_customer(block, i, search->prices, 1, &best);
		uint32_t choice = current_choice(search, block, i, taken);
		uint32_t others = others_within(search, block, i, choice, best);
		bool open = others > 0 && search->opened + others <= search->most &&
		            cp_hash_mix(block->number[i] + OPEN_SEED) <= search->threshold;

		search->found += others;
		if (!open && choice == taken)
			continue;
		CP_TRY(cp_core_add(&search->core, block, i));
		if (choice != CP_NO_OPTION)
			choice = choice - block->start[i] + search->core.start[search->core.customers - 1];
		CP_TRY(choose(search, choice));
		search->open[search->core.customers - 1] = open;
		search->opened += open ? others : 0;
	}
	return CP_OK;
}

/* Put the new core in the place of the plan's. */
static CpStatus
open_core(Search *search)
{
	CpPlan *plan = &search->allocation->plan;

	cp_core_init(&search->core, search->context);
	search->choice = NULL;
	search->open = NULL;
	search->choice_room = 0;
	search->opened = 0;
	search->found = 0;
	search->at = 0;
	CP_TRY(search->task->scan.run(search->task->scan.host, open_block, search));
	search->allocation->scans++;
	cp_core_free(&plan->core);
	cp_free(search->context, &plan->choice);
	plan->core = search->core;
	plan->choice = search->choice;
	return CP_OK;
}

/* --- the integer program ------------------------------------------------ */

/* Changes of the plan as binary variables: customer i of the core to another option, or nothing. */
typedef struct Changes
{
	uint32_t count;
	uint32_t customers; /* of more than one change: a row each */
	uint32_t *customer; /* [count] */
	uint32_t *option;   /* [count] */
	double *gain;       /* [count] */
	double *zero;       /* [count] */
	double *one;        /* [count] */
	double *row_lower;  /* [limits + customers] */
	double *row_upper;
	uint32_t entries;
	uint32_t *entry_row; /* [count (limits + 1)] */
	uint32_t *entry_column;
	double *entry;
	double *x; /* [count] */
} Changes;

static CpStatus
changes_begin(Search *search, Changes *changes)
{
	CpContext *context = search->context;
	uint32_t limits = search->limits->count;
	size_t n = search->opened;

	memset(changes, 0, sizeof(*changes));
	CP_TRY(cp_alloc(context, &changes->customer, n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &changes->option, n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &changes->gain, n, sizeof(double)));
	CP_TRY(cp_alloc_zero(context, &changes->zero, n, sizeof(double)));
	CP_TRY(cp_alloc(context, &changes->one, n, sizeof(double)));
	CP_TRY(cp_alloc(context, &changes->row_lower, limits + n, sizeof(double)));
	CP_TRY(cp_alloc(context, &changes->row_upper, limits + n, sizeof(double)));
	CP_TRY(cp_alloc(context, &changes->entry_row, n * (limits + 1), sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &changes->entry_column, n * (limits + 1), sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &changes->entry, n * (limits + 1), sizeof(double)));
	return cp_alloc(context, &changes->x, n, sizeof(double));
}

static void
changes_end(Search *search, Changes *changes)
{
	cp_free(search->context, &changes->customer);
	cp_free(search->context, &changes->option);
	cp_free(search->context, &changes->gain);
	cp_free(search->context, &changes->zero);
	cp_free(search->context, &changes->one);
	cp_free(search->context, &changes->row_lower);
	cp_free(search->context, &changes->row_upper);
	cp_free(search->context, &changes->entry_row);
	cp_free(search->context, &changes->entry_column);
	cp_free(search->context, &changes->entry);
	cp_free(search->context, &changes->x);
}

static void
add_entry(Changes *changes, uint32_t row, uint32_t column, double entry)
{
	if (entry == 0)
		return;
	changes->entry_row[changes->entries] = row;
	changes->entry_column[changes->entries] = column;
	changes->entry[changes->entries++] = entry;
}

static void
add_change(Search *search, Changes *changes, const CpBlock *block, uint32_t customer,
           uint32_t option)
{
	const CpLimits *limits = search->limits;
	uint32_t now = search->allocation->plan.choice[customer];
	uint32_t column = changes->count++;

	changes->customer[column] = customer;
	changes->option[column] = option;
	changes->gain[column] = cp_option_value(block, option) - cp_option_value(block, now);
	changes->one[column] = 1;
	for (uint32_t r = 0; r < limits->count; r++)
		add_entry(changes, r, column,
		          cp_option_use(block, limits, r, option) - cp_option_use(block, limits, r, now));
}

/* The changes of a customer, at most one of which is made. */
static void
add_customer(Search *search, Changes *changes, const CpBlock *block, uint32_t i)
{
	uint32_t now = search->allocation->plan.choice[i];
	uint32_t first = changes->count;
	double best;

	(void) cp_price_customer(block, i, search->prices, 1, &best);
	if (now != CP_NO_OPTION && best <= search->reach)
		add_change(search, changes, block, i, CP_NO_OPTION);
	for (uint32_t option = block->start[i]; option < block->start[i + 1]; option++)
		if (option != now && is_within(search, block, option, best, search->reach))
			add_change(search, changes, block, i, option);
	if (changes->count - first < 2)
		return;
	for (uint32_t column = first; column < changes->count; column++)
		add_entry(changes, search->limits->count + changes->customers, column, 1);
	changes->customers++;
}

static CpProgram
set_program(Search *search, Changes *changes)
{
	const CpPlan *plan = &search->allocation->plan;
	CpBlock block = cp_core_block(&plan->core);
	uint32_t limits = search->limits->count;
	uint32_t rows;

	for (uint32_t i = 0; i < plan->core.customers; i++)
		if (search->open[i])
			add_customer(search, changes, &block, i);
	rows = limits + changes->customers;
	for (uint32_t r = 0; r < limits; r++)
	{
		const CpLimit *limit = &search->limits->limits[r];
		double left = limit->bound - cp_tally_used(&plan->tally, r);

		changes->row_lower[r] = limit->least ? left : -INFINITY;
		changes->row_upper[r] = limit->least ? INFINITY : left;
	}
	for (uint32_t row = limits; row < rows; row++)
	{
		changes->row_lower[row] = -INFINITY;
		changes->row_upper[row] = 1;
	}
	return (CpProgram){
		rows,          changes->count, changes->gain,    changes->row_lower, changes->row_upper,
		changes->zero, changes->one,   changes->entries, changes->entry_row, changes->entry_column,
		changes->entry};
}

/* Make the changes of a solution, or take them back when a limit is passed or nothing gained. */
static CpStatus
make_changes(Search *search, const Changes *changes)
{
	CpPlan *plan = &search->allocation->plan;
	double before = search->lower;
	uint32_t *old = NULL;

	CP_TRY(cp_alloc(search->context, &old, plan->core.customers, sizeof(uint32_t)));
	memcpy(old, plan->choice, plan->core.customers * sizeof(uint32_t));
	for (uint32_t column = 0; column < changes->count; column++)
		if (changes->x[column] > 0.5)
			plan->choice[changes->customer[column]] = changes->option[column];
	CP_TRY(account(search));
	if (search->lower <= before)
	{
		memcpy(plan->choice, old, plan->core.customers * sizeof(uint32_t));
		CP_TRY(account(search));
	}
	cp_free(search->context, &old);
	return CP_OK;
}

/*
 * The same bound where values are whole numbers of some part of a unit: no plan is worth anything
 * in between. What the bound may be off by is added first.
 */
static double
settled(const Search *search, double bound)
{
	double parts = search->survey->parts;
	double number = bound * parts;

	if (parts == 0 || isinf(bound))
		return bound;
	return floor(number + ROUNDING * fabs(number) + 1 - NEARLY) / parts;
}

/*
 * What the round proves. Plans with an option out of reach have at most the linear program's bound
 * less the loss; all others are the integer program's, if every option within reach was open.
 */
static void
take_bound(Search *search, double old_value, const CpProgramSolution *solution)
{
	double bound = search->reach < search->span ? search->bound - search->reach : search->least;

	if (search->found > search->opened)
		return;
	if (solution->status == CP_PROGRAM_OPTIMAL || solution->status == CP_PROGRAM_FEASIBLE ||
	    solution->status == CP_PROGRAM_UNKNOWN)
		bound = fmax(bound, settled(search, old_value + solution->bound));
	if (bound < search->allocation->upper)
		search->allocation->upper = fmax(bound, search->lower);
}

static CpStatus
improve(Search *search, double seconds, bool cuts)
{
	CpPlan *plan = &search->allocation->plan;
	double old_value = plan->value;
	CpProgramSolution solution = {0};
	CpProgram program;
	Changes changes;

	CP_TRY(changes_begin(search, &changes));
	program = set_program(search, &changes);
	solution.x = changes.x;
	if (changes.count > 0)
	{
		CP_TRY(cp_program_solve_integer(search->context, &program, seconds, cuts, &solution));
		if (solution.status == CP_PROGRAM_OPTIMAL || solution.status == CP_PROGRAM_FEASIBLE)
			CP_TRY(make_changes(search, &changes));
	}
	take_bound(search, old_value, &solution);
	changes_end(search, &changes);
	cp_free(search->context, &search->open);
	return CP_OK;
}

/* --- the search --------------------------------------------------------- */

static bool
finished(const Search *search)
{
	return cp_lp_gap(search->allocation->upper, search->lower) <= CP_LP_GAP &&
	       search->lower > NO_PLAN;
}

/* Losses up to this can be part of a better plan, which is better by a part of a unit at least. */
static double
widest_span(const Search *search)
{
	double step = search->survey->parts > 0 ? NEARLY / search->survey->parts : 0;

	if (search->lower > NO_PLAN)
		return fmax(search->bound - search->lower - step, 0);
	return 4 * (search->survey->max_value + fabs(search->bound)) + search->survey->max_cost;
}

static CpStatus
run_round(Search *search, const Round *round, double seconds)
{
	search->most = round->options;
	search->span = widest_span(search);
	search->least = search->lower > NO_PLAN ? search->lower : search->bound - search->span;
	CP_TRY(set_reach(search));
	CP_TRY(open_core(search));
	return improve(search, round->time * seconds, round->cuts);
}

CpStatus
cp_knapsack(CpContext *context, const CpAllocationTask *task, const CpSurvey *survey,
            CpAllocation *allocation)
{
	Search search = {.context = context,
	                 .task = task,
	                 .limits = task->limits,
	                 .survey = survey,
	                 .allocation = allocation,
	                 .bound = allocation->upper};
	double seconds = task->seconds > 0                       ? task->seconds
	                 : survey->customers > CP_MANY_CUSTOMERS ? CP_SECONDS_MANY
	                                                         : CP_SECONDS;

	cp_tally_init(&search.nothing, task->limits, survey->max_cost);
	allocation->upper = settled(&search, allocation->upper);
	round_shares(&allocation->plan);
	CP_TRY(account(&search));
	CP_TRY(cp_alloc(context, &search.prices, 1, sizeof(CpClassPrices)));
	cp_limits_price(task->limits, allocation->plan.prices, search.prices);
	for (size_t round = 0; round < ROUNDS && !finished(&search); round++)
		CP_TRY(run_round(&search, &rounds[round], seconds));
	cp_free(context, &search.prices);
	if (search.lower == NO_PLAN)
		return cp_fail(context, CP_NOT_CONVERGED,
		               "No plan of whole choices was found that keeps all limits.");
	allocation->proved = finished(&search);
	return CP_OK;
}
