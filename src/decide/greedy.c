/*
 * greedy.c: options by value per cost, as long as they fit.
 */
#include "decide/greedy.h"

#include <math.h>
#include <string.h>

#include "num/sort.h"

#define POLL_OPTIONS 4096

/* Of the largest cost: what costs less is free. */
#define NO_COST 1e-30

typedef struct Greedy
{
	CpContext *context;
	CpPlan *plan;
	uint32_t *order;    /* [core.options] best first */
	uint32_t *customer; /* [core.options] whose it is */
} Greedy;

static CpStatus
collect_block(void *visitor, const CpBlock *block)
{
	CpCore *core = visitor;

	for (uint32_t i = 0; i < block->customers; i++)
		CP_TRY(cp_core_add(core, block, i));
	return CP_OK;
}

/* Best first: value per cost, what is free by value before; what is worth nothing last. */
static CpStatus
sort_options(Greedy *greedy, double max_cost)
{
	CpCore *core = &greedy->plan->core;
	uint64_t *keys = NULL;
	double least_cost = max_cost > 0 ? NO_COST * max_cost : 1;

	CP_TRY(cp_alloc(greedy->context, &keys, core->options, sizeof(uint64_t)));
	CP_TRY(cp_alloc(greedy->context, &greedy->order, core->options, sizeof(uint32_t)));
	CP_TRY(cp_alloc(greedy->context, &greedy->customer, core->options, sizeof(uint32_t)));
	for (uint32_t i = 0; i < core->customers; i++)
		for (uint32_t option = core->start[i]; option < core->start[i + 1]; option++)
		{
			double value = core->value[option];
			double rate = value > 0 ? value / fmax(core->cost[option], least_cost) : value;

			keys[option] = cp_sort_key_of_double(-rate);
			greedy->order[option] = option;
			greedy->customer[option] = i;
		}
	CP_TRY(cp_sort_rows(greedy->context, keys, greedy->order, core->options));
	cp_free(greedy->context, &keys);
	return CP_OK;
}

/* Is some limit "at least", which the class counts for, still short? */
static bool
wanted(const CpTally *tally, uint16_t class)
{
	for (uint32_t r = 0; r < tally->limits->count; r++)
		if (tally->limits->limits[r].least && (tally->limits->applies[class] >> r & 1) &&
		    cp_tally_excess(tally, r) > 0)
			return true;
	return false;
}

/* Take what fits: only what a limit "at least" is short of, or else only what is worth something. */
static CpStatus
take(Greedy *greedy, bool only_wanted)
{
	CpPlan *plan = greedy->plan;
	const CpCore *core = &plan->core;

	for (uint32_t o = 0; o < core->options; o++)
	{
		uint32_t option = greedy->order[o];
		uint32_t *choice = &plan->choice[greedy->customer[option]];
		uint16_t class = core->classes[option];

		if (o % POLL_OPTIONS == 0)
			CP_TRY(cp_poll(greedy->context));
		if (*choice != CP_NO_OPTION ||
		    !(only_wanted ? wanted(&plan->tally, class) : core->value[option] > 0) ||
		    !cp_tally_fits(&plan->tally, class, core->cost[option], CP_SHARE_UNITS))
			continue;
		*choice = option;
		cp_tally_add(&plan->tally, class, core->cost[option], CP_SHARE_UNITS);
	}
	return CP_OK;
}

CpStatus
cp_greedy(CpContext *context, const CpAllocationTask *task, const CpSurvey *survey,
          CpAllocation *allocation)
{
	CpPlan *plan = &allocation->plan;
	Greedy greedy = {.context = context, .plan = plan};

	cp_core_free(&plan->core);
	cp_core_init(&plan->core, context);
	cp_free(context, &plan->choice);
	plan->nshares = 0;
	plan->only_core = true;
	CP_TRY(task->scan.run(task->scan.host, collect_block, &plan->core));
	CP_TRY(cp_alloc(context, &plan->choice, plan->core.customers, sizeof(uint32_t)));
	memset(plan->choice, 0xff, plan->core.customers * sizeof(uint32_t));
	cp_tally_init(&plan->tally, task->limits, survey->max_cost);
	CP_TRY(sort_options(&greedy, survey->max_cost));
	CP_TRY(take(&greedy, true));
	CP_TRY(take(&greedy, false));
	cp_free(context, &greedy.order);
	cp_free(context, &greedy.customer);
	allocation->scans += 2;
	CP_TRY(cp_plan_account(plan, &task->scan, task->limits, survey->max_cost));
	if (!cp_tally_keeps(&plan->tally))
		return cp_fail(context, CP_NOT_CONVERGED,
		               "The greedy plan does not reach a minimum that others do.");
	return CP_OK;
}
