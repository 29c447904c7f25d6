/*
 * plan.c: who gets what, and how it is kept.
 */
#include "decide/plan.h"

#include <math.h>
#include <string.h>

void
cp_plan_init(CpPlan *plan, CpContext *context)
{
	memset(plan, 0, sizeof(*plan));
	cp_core_init(&plan->core, context);
}

void
cp_plan_free(CpPlan *plan)
{
	cp_free(plan->core.context, &plan->choice);
	cp_core_free(&plan->core);
}

/* --- running through it ------------------------------------------------- */

typedef struct Run
{
	const CpPlan *plan;
	CpClassPrices *prices;
	uint32_t at;    /* customer of the core that comes next, */
	uint32_t share; /* and share */
	long double reduced;
	CpPlanVisit visit;
	void *visitor;
} Run;

/* A customer of the core: options by their place among the customer's own. */
static CpStatus
run_core(Run *run, const CpBlock *block, uint32_t i)
{
	const CpPlan *plan = run->plan;
	uint32_t customer = run->at++;
	uint32_t shift = block->start[i] - plan->core.start[customer];

	if (plan->choice[customer] != CP_NO_OPTION)
		return run->visit(run->visitor, block, i, plan->choice[customer] + shift, CP_SHARE_UNITS);
	while (run->share < plan->nshares && plan->shares[run->share].customer == customer)
	{
		const CpPlanShare *share = &plan->shares[run->share++];

		CP_TRY(run->visit(run->visitor, block, i, share->option + shift, share->units));
	}
	return CP_OK;
}

static CpStatus
run_block(void *visitor, const CpBlock *block)
{
	Run *run = visitor;
	const CpPlan *plan = run->plan;

	for (uint32_t i = 0; i < block->customers; i++)
	{
		double reduced;
		uint32_t option = cp_price_customer(block, i, run->prices, 1, &reduced);

		run->reduced += reduced;
		if (run->at < plan->core.customers && plan->core.number[run->at] == block->number[i])
			CP_TRY(run_core(run, block, i));
		else if (!plan->only_core && option != CP_NO_OPTION)
			CP_TRY(run->visit(run->visitor, block, i, option, CP_SHARE_UNITS));
	}
	return CP_OK;
}

static CpStatus
run_all(Run *run, const CpScan *scan, const CpLimits *limits)
{
	CpContext *context = run->plan->core.context;

	CP_TRY(cp_alloc(context, &run->prices, 1, sizeof(CpClassPrices)));
	cp_limits_price(limits, run->plan->prices, run->prices);
	CP_TRY(scan->run(scan->host, run_block, run));
	cp_free(context, &run->prices);
	return CP_OK;
}

CpStatus
cp_plan_run(const CpPlan *plan, const CpScan *scan, const CpLimits *limits, CpPlanVisit visit,
            void *visitor)
{
	Run run = {.plan = plan, .visit = visit, .visitor = visitor};

	return run_all(&run, scan, limits);
}

/* --- accounting --------------------------------------------------------- */

typedef struct Account
{
	CpTally tally;
	long double value;
	uint64_t acted;
	uint32_t last; /* customer met last, when they had a share */
	bool any;
} Account;

static CpStatus
account_option(void *visitor, const CpBlock *block, uint32_t i, uint32_t option, int64_t units)
{
	Account *account = visitor;

	cp_tally_add(&account->tally, block->classes[option], block->cost[option], units);
	account->value += block->value[option] * ((long double) units / CP_SHARE_UNITS);
	if (!account->any || account->last != block->number[i])
		account->acted++;
	account->any = true;
	account->last = block->number[i];
	return CP_OK;
}

CpStatus
cp_plan_account(CpPlan *plan, const CpScan *scan, const CpLimits *limits, double max_cost)
{
	Account account = {.value = 0};
	Run run = {.plan = plan, .visit = account_option, .visitor = &account};

	cp_tally_init(&account.tally, limits, max_cost);
	CP_TRY(run_all(&run, scan, limits));
	plan->tally = account.tally;
	plan->value = (double) account.value;
	plan->reduced = (double) run.reduced;
	plan->acted = account.acted;
	return CP_OK;
}

/* --- shares ------------------------------------------------------------- */

/* Drop shares of nothing and make those of everything choices. */
static void
settle_shares(CpPlan *plan)
{
	uint32_t kept = 0;

	for (uint32_t s = 0; s < plan->nshares; s++)
	{
		CpPlanShare share = plan->shares[s];

		if (share.units >= CP_SHARE_UNITS)
			plan->choice[share.customer] = share.option;
		else if (share.units > 0)
			plan->shares[kept++] = share;
	}
	plan->nshares = kept;
}

/* What is left of customer s's share beside all shares of the customer. */
static int64_t
room(const CpPlan *plan, uint32_t customer)
{
	int64_t left = CP_SHARE_UNITS;

	for (uint32_t s = 0; s < plan->nshares; s++)
		if (plan->shares[s].customer == customer)
			left -= plan->shares[s].units;
	return left;
}

void
cp_plan_set_vertex(CpPlan *plan, CpVertex *vertex)
{
	cp_free(plan->core.context, &plan->choice);
	plan->choice = vertex->choice;
	vertex->choice = NULL;
	plan->nshares = vertex->nshares;
	for (uint32_t s = 0; s < vertex->nshares; s++)
		plan->shares[s] = (CpPlanShare){vertex->shares[s].customer, vertex->shares[s].option,
		                                llrint(vertex->shares[s].share * (double) CP_SHARE_UNITS)};
	for (uint32_t s = 0; s < plan->nshares; s++)
	{
		int64_t left = room(plan, plan->shares[s].customer);

		if (left < 0)
			plan->shares[s].units += left;
	}
	settle_shares(plan);
}

static CpExact
charge_of(const CpPlan *plan, uint32_t r, uint32_t option)
{
	return cp_tally_charge(&plan->tally, r, plan->core.classes[option], plan->core.cost[option]);
}

static void
change_share(CpPlan *plan, CpPlanShare *share, int64_t units)
{
	cp_tally_add(&plan->tally, plan->core.classes[share->option], plan->core.cost[share->option],
	             units);
	share->units += units;
}

/* The share that is easiest to change by an amount of limit r: the one that changes least. */
static CpPlanShare *
share_to_change(CpPlan *plan, uint32_t r, bool up)
{
	CpPlanShare *found = NULL;
	CpExact charge = 0;

	for (uint32_t s = 0; s < plan->nshares; s++)
	{
		CpPlanShare *share = &plan->shares[s];
		int64_t most = up ? room(plan, share->customer) : share->units;

		if (most > 0 && charge_of(plan, r, share->option) > charge)
		{
			found = share;
			charge = charge_of(plan, r, share->option);
		}
	}
	return found;
}

/* Take off the shares what limit "at most" r is passed by, as far as that goes. */
static void
take_off(CpPlan *plan, uint32_t r)
{
	while (cp_tally_excess(&plan->tally, r) > 0)
	{
		CpPlanShare *share = share_to_change(plan, r, false);
		CpExact charge;
		CpExact units;

		if (share == NULL)
			return;
		charge = charge_of(plan, r, share->option);
		units = (cp_tally_excess(&plan->tally, r) + charge - 1) / charge;
		change_share(plan, share, units < share->units ? -(int64_t) units : -share->units);
	}
}

/* Add to a share what limit "at least" r is short of, where others allow it. */
static void
add_to(CpPlan *plan, uint32_t r)
{
	CpPlanShare *share = share_to_change(plan, r, true);
	CpExact short_of = cp_tally_excess(&plan->tally, r);
	CpExact charge;
	CpExact units;

	if (short_of <= 0 || share == NULL)
		return;
	charge = charge_of(plan, r, share->option);
	units = (short_of + charge - 1) / charge;
	if (units <= room(plan, share->customer) &&
	    cp_tally_fits(&plan->tally, plan->core.classes[share->option],
	                  plan->core.cost[share->option], (int64_t) units))
		change_share(plan, share, (int64_t) units);
}

void
cp_plan_trim(CpPlan *plan)
{
	const CpLimits *limits = plan->tally.limits;

	for (uint32_t r = 0; r < limits->count; r++)
		if (!limits->limits[r].least)
			take_off(plan, r);
	for (uint32_t r = 0; r < limits->count; r++)
		if (limits->limits[r].least)
			add_to(plan, r);
	settle_shares(plan);
}
