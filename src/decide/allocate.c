/*
 * allocate.c: spending budgets where they save most.
 */
#include "decide/allocate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "decide/greedy.h"
#include "decide/knapsack.h"
#include "decide/survey.h"
#include "num/hash.h"
#include "num/names.h"

/* Fewer customers than this are all core; of more, so many are drawn to begin with. */
#define ALL_CORE 20000
#define SAMPLE 8192
#define SAMPLE_SEED UINT64_C(0x616c6c6f63617465)

/* The core's program is exact but for rounding. */
#define CORE_GAP 1e-13

/* Half width of the first box round the sample's prices: so many standard errors of its use. */
#define BOX_ERRORS 4
#define NARROWEST 1e-9

/* With an oracle: how much wider its box is, and how much narrower the one after it may be. */
#define ORACLE_REACH 4
#define NARROW 16

/* Prices that only rounding tells from 0, in natural units; far within any box round them. */
#define NEGLIGIBLE 1e-13

/* How much wider the box gets when its edge was reached, and how often. */
#define WIDEN 2
#define MAX_BOXES 64

/* How often bounds are moved because rounding passes them. */
#define ATTEMPTS 5

/* Prices that limits "at least" may reach at first, in natural units of price. */
#define LEAST_PRICE 64

static const char *const method_names[CP_ALLOCATION_METHODS] = {"lp", "knapsack", "greedy"};

const char *
cp_allocation_method_name(CpAllocationMethod method)
{
	return method_names[method];
}

CpAllocationMethod
cp_allocation_method(const char *name)
{
	return (CpAllocationMethod) cp_name_position(method_names, CP_ALLOCATION_METHODS, name);
}

/* What the parts of the search share. */
typedef struct Solver
{
	CpContext *context;
	const CpAllocationTask *task;
	const CpLimits *limits;
	CpAllocation *allocation;
	CpSurvey survey;
	double unit[CP_MAX_LIMITS]; /* a natural unit of each price */
	CpLpResult *lp;
} Solver;

/* The most that a customer can use of a limit. */
static double
most_use(const Solver *solver, uint32_t r)
{
	return solver->limits->limits[r].money ? solver->survey.max_cost : 1;
}

/* --- oracles ------------------------------------------------------------ */

/* Everybody, by scan. */
typedef struct ScanOracle
{
	Solver *solver;
	const CpClassPrices *prices;
	double worth;
	CpUse *use;
	long double reduced;
} ScanOracle;

static CpStatus
price_block(void *visitor, const CpBlock *block)
{
	ScanOracle *oracle = visitor;

	oracle->reduced += cp_price_block(block, oracle->prices, oracle->worth, oracle->use);
	return CP_OK;
}

static CpStatus
price_scan(void *host, const CpClassPrices *prices, double worth, CpUse *use, double *reduced)
{
	ScanOracle *oracle = host;
	const CpScan *scan = &oracle->solver->task->scan;

	oracle->prices = prices;
	oracle->worth = worth;
	oracle->use = use;
	oracle->reduced = 0;
	oracle->solver->allocation->scans++;
	CP_TRY(scan->run(scan->host, price_block, oracle));
	*reduced = (double) oracle->reduced;
	return CP_OK;
}

/* A core, beside others whose choice is settled. */
typedef struct CoreOracle
{
	CpBlock block;
	const CpUse *rest;
	uint32_t nclasses;
} CoreOracle;

static CpStatus
price_core(void *host, const CpClassPrices *prices, double worth, CpUse *use, double *reduced)
{
	const CoreOracle *oracle = host;
	const CpUse *rest = oracle->rest;

	*reduced = cp_price_block(&oracle->block, prices, worth, use) + worth * rest->value;
	use->value += rest->value;
	for (uint32_t class = 0; class < oracle->nclasses; class ++)
	{
		use->count[class] += rest->count[class];
		use->money[class] += rest->money[class];
		*reduced -=
			prices->count[class] * rest->count[class] + prices->money[class] * rest->money[class];
	}
	return CP_OK;
}

/* --- programs ----------------------------------------------------------- */

/* The box that limits have by themselves, with an end to the prices of "at least". */
static void
widest_box(const Solver *solver, double least_price, double *low, double *high)
{
	cp_lp_natural_box(solver->limits, low, high);
	for (uint32_t r = 0; r < solver->limits->count; r++)
		if (solver->limits->limits[r].least)
			low[r] = -least_price * solver->unit[r];
}

static CpStatus
solve_core(Solver *solver, const CpLimits *limits, const CpCore *core, const CpUse *rest,
           const double *start, const double *low, const double *high)
{
	CoreOracle oracle = {cp_core_block(core), rest, limits->nclasses};
	double idle[CP_MAX_LIMITS];
	CpLp lp = {limits, {price_core, &oracle}, 1, rest->value, idle, start, low, high, CORE_GAP, 0};

	cp_limits_rows(limits, rest, idle);
	CP_TRY(cp_lp_solve(solver->context, &lp, solver->lp));
	solver->allocation->programs += solver->lp->iterations;
	return CP_OK;
}

/* Was anything bought or sold at the edge of the box? Then the optimum is beyond it. */
static bool
at_edge(const Solver *solver)
{
	const CpLpResult *lp = solver->lp;

	for (uint32_t r = 0; r < solver->limits->count; r++)
	{
		const CpLimit *limit = &solver->limits->limits[r];
		if (fmax(lp->bought[r], lp->sold[r]) >
		    CP_LP_GAP * fmax(fabs(limit->bound), most_use(solver, r)))
			return true;
	}
	return false;
}

/* --- limits that cannot be kept ------------------------------------------ */

/* Is this a limit "at least" that doing nothing does not keep? */
static bool
asks_something(const CpLimit *limit)
{
	return limit->least && limit->bound > 0;
}

/*
 * A program in which only limits "at least" matter, each in proportion to its bound. Bounds that
 * nobody could keep are brought near to what could be, so that their size is no trouble.
 */
static bool
set_least(const Solver *solver, CpLimits *limits, double *low)
{
	bool any = false;

	*limits = *solver->limits;
	for (uint32_t r = 0; r < limits->count; r++)
	{
		CpLimit *limit = &limits->limits[r];
		double most = most_use(solver, r) * (double) solver->survey.customers;

		if (!asks_something(limit))
			continue;
		limit->bound = most > 0 ? fmin(limit->bound, 2 * most) : 1;
		low[r] = -1 / limit->bound;
		any = true;
	}
	return any;
}

static CpStatus
fail_limit(Solver *solver, uint32_t r, double reachable, const char *reason)
{
	solver->allocation->failed = r;
	solver->allocation->reachable = reachable;
	return cp_fail(solver->context, CP_BAD_DATA, "%s", reason);
}

/* CP_BAD_DATA when the mixture that comes nearest misses a limit "at least". */
static CpStatus
find_missed(Solver *solver)
{
	for (uint32_t r = 0; r < solver->limits->count; r++)
	{
		const CpLimit *limit = &solver->limits->limits[r];
		double used = solver->lp->used[r];

		if (asks_something(limit) &&
		    used < limit->bound - CP_LP_GAP * fmax(limit->bound, most_use(solver, r)))
			return fail_limit(solver, r, used, "A minimum cannot be kept.");
	}
	return CP_OK;
}

/* CP_BAD_DATA when not even doing nothing keeps a limit "at most". */
static CpStatus
check_most(Solver *solver)
{
	for (uint32_t r = 0; r < solver->limits->count; r++)
		if (!solver->limits->limits[r].least && solver->limits->limits[r].bound < 0)
			return fail_limit(solver, r, 0, "A maximum is less than nothing.");
	return CP_OK;
}

/* CP_BAD_DATA when no plan keeps all limits "at least". */
static CpStatus
check_least(Solver *solver)
{
	ScanOracle oracle = {.solver = solver};
	double start[CP_MAX_LIMITS] = {0};
	double low[CP_MAX_LIMITS];
	double high[CP_MAX_LIMITS];
	CpLimits *limits = NULL;
	CpLp lp = {.oracle = {price_scan, &oracle},
	           .start = start,
	           .low = low,
	           .high = high,
	           .tolerance = CORE_GAP,
	           .least = 1};

	CP_TRY(cp_alloc(solver->context, &limits, 1, sizeof(CpLimits)));
	lp.limits = limits;
	cp_lp_natural_box(solver->limits, low, high);
	if (set_least(solver, limits, low))
	{
		CP_TRY(cp_lp_solve(solver->context, &lp, solver->lp));
		CP_TRY(find_missed(solver));
	}
	cp_free(solver->context, &limits);
	return CP_OK;
}

/* --- first prices ------------------------------------------------------- */

typedef struct Sampling
{
	CpCore core;
	uint64_t threshold; /* of the hash of a customer's number */
} Sampling;

static CpStatus
sample_block(void *visitor, const CpBlock *block)
{
	Sampling *sampling = visitor;

	for (uint32_t i = 0; i < block->customers; i++)
		if (cp_hash_mix(block->number[i] + SAMPLE_SEED) <= sampling->threshold)
			CP_TRY(cp_core_add(&sampling->core, block, i));
	return CP_OK;
}

/* The share of a core that is contested in a box of that half width, in units of price. */
static CpStatus
contested_share(Solver *solver, const CpCore *core, const double *prices, double width,
                double *share)
{
	CpBlock block = cp_core_block(core);
	CpClassPrices *middle = NULL;
	bool *contested = NULL;
	double low[CP_MAX_LIMITS];
	double high[CP_MAX_LIMITS];
	uint32_t count = 0;

	CP_TRY(cp_alloc(solver->context, &middle, 1, sizeof(CpClassPrices)));
	CP_TRY(cp_alloc(solver->context, &contested, core->customers, sizeof(bool)));
	cp_limits_price(solver->limits, prices, middle);
	for (uint32_t r = 0; r < solver->limits->count; r++)
	{
		low[r] = prices[r] - width * solver->unit[r];
		high[r] = prices[r] + width * solver->unit[r];
	}
	cp_price_contested(&block, solver->limits, middle, low, high, contested);
	for (uint32_t i = 0; i < core->customers; i++)
		count += contested[i];
	*share = (double) count / core->customers;
	cp_free(solver->context, &contested);
	cp_free(solver->context, &middle);
	return CP_OK;
}

/* The half width of a box in which so large a share of the sample is contested. */
static CpStatus
fitting_width(Solver *solver, const CpCore *core, const double *prices, double wanted,
              double *width)
{
	double share = 1;

	for (*width = 1; *width > NARROWEST; *width /= 2)
	{
		CP_TRY(contested_share(solver, core, prices, *width, &share));
		if (share <= wanted)
			break;
	}
	return CP_OK;
}

/* Prices that suit a sample with its share of the limits, and how far to trust them. */
static CpStatus
price_sample(Solver *solver, double *prices, double *width)
{
	const CpLimits *limits = solver->limits;
	double share = (double) SAMPLE / solver->survey.customers;
	Sampling sampling = {.threshold = (uint64_t) (share * 0x1p64)};
	CpLimits *scaled = NULL;
	CpUse *nothing = NULL;
	double low[CP_MAX_LIMITS];
	double high[CP_MAX_LIMITS];

	cp_core_init(&sampling.core, solver->context);
	CP_TRY(solver->task->scan.run(solver->task->scan.host, sample_block, &sampling));
	solver->allocation->scans++;
	CP_TRY(cp_alloc(solver->context, &scaled, 1, sizeof(CpLimits)));
	CP_TRY(cp_alloc_zero(solver->context, &nothing, 1, sizeof(CpUse)));
	*scaled = *limits;
	for (uint32_t r = 0; r < limits->count; r++)
		scaled->limits[r].bound *= sampling.core.customers / (double) solver->survey.customers;
	widest_box(solver, LEAST_PRICE, low, high);
	CP_TRY(solve_core(solver, scaled, &sampling.core, nothing, prices, low, high));
	memcpy(prices, solver->lp->prices, limits->count * sizeof(double));
	CP_TRY(fitting_width(solver, &sampling.core, prices,
	                     BOX_ERRORS / sqrt(sampling.core.customers + 1.0), width));
	cp_free(solver->context, &nothing);
	cp_free(solver->context, &scaled);
	cp_core_free(&sampling.core);
	return CP_OK;
}

/* --- the core ----------------------------------------------------------- */

typedef struct Gathering
{
	Solver *solver;
	CpCore *core;
	CpUse *rest;
	CpClassPrices *middle;
	const double *low;
	const double *high;
	bool *contested; /* [room] of the customers of a block */
	uint32_t room;
} Gathering;

static void
rest_add(CpUse *rest, const CpBlock *block, uint32_t i, const CpClassPrices *prices)
{
	double reduced;
	uint32_t option = cp_price_customer(block, i, prices, 1, &reduced);

	if (option == CP_NO_OPTION)
		return;
	rest->value += block->value[option];
	rest->count[block->classes[option]] += 1;
	rest->money[block->classes[option]] += block->cost[option];
}

static CpStatus
gather_block(void *visitor, const CpBlock *block)
{
	Gathering *gathering = visitor;

	if (block->customers > gathering->room)
	{
		CP_TRY(cp_resize(gathering->solver->context, &gathering->contested, block->customers,
		                 sizeof(bool)));
		gathering->room = block->customers;
	}
	cp_price_contested(block, gathering->solver->limits, gathering->middle, gathering->low,
	                   gathering->high, gathering->contested);
	for (uint32_t i = 0; i < block->customers; i++)
		if (gathering->contested[i])
			CP_TRY(cp_core_add(gathering->core, block, i));
		else
			rest_add(gathering->rest, block, i, gathering->middle);
	return CP_OK;
}

/* Copy whose choice is open in the box into the core, and add up what the others do. */
static CpStatus
gather(Solver *solver, const double *prices, const double *low, const double *high, CpCore *core,
       CpUse *rest)
{
	Gathering gathering = {solver, core, rest, NULL, low, high, NULL, 0};
	const CpScan *scan = &solver->task->scan;

	CP_TRY(cp_alloc(solver->context, &gathering.middle, 1, sizeof(CpClassPrices)));
	cp_limits_price(solver->limits, prices, gathering.middle);
	cp_core_free(core);
	cp_core_init(core, solver->context);
	memset(rest, 0, sizeof(*rest));
	CP_TRY(scan->run(scan->host, gather_block, &gathering));
	solver->allocation->scans++;
	cp_free(solver->context, &gathering.contested);
	cp_free(solver->context, &gathering.middle);
	return CP_OK;
}

/* The box round prices; an infinite width is the widest. */
static void
set_box(const Solver *solver, const double *prices, double width, double least_price, double *low,
        double *high)
{
	widest_box(solver, least_price, low, high);
	if (isinf(width))
		return;
	for (uint32_t r = 0; r < solver->limits->count; r++)
	{
		bool least = solver->limits->limits[r].least;

		low[r] = least ? prices[r] - width * solver->unit[r]
		               : fmax(low[r], prices[r] - width * solver->unit[r]);
		high[r] = fmin(high[r], prices[r] + width * solver->unit[r]);
	}
}

/*
 * Improve prices by pricing everybody with the task's own oracle, in a box that is wide, since
 * its width costs nothing here. *width is narrowed to what is then left in doubt.
 */
static CpStatus
price_by_oracle(Solver *solver, double *prices, double *width)
{
	double reach = *width;
	double low[CP_MAX_LIMITS];
	double high[CP_MAX_LIMITS];
	CpLp lp = {.limits = solver->limits,
	           .oracle = solver->task->oracle,
	           .worth = 1,
	           .start = prices,
	           .low = low,
	           .high = high,
	           .tolerance = CP_ORACLE_GAP};

	do
	{
		reach *= ORACLE_REACH;
		set_box(solver, prices, reach, LEAST_PRICE, low, high);
		CP_TRY(cp_lp_solve(solver->context, &lp, solver->lp));
		solver->allocation->scans += solver->lp->iterations;
		memcpy(prices, solver->lp->prices, solver->limits->count * sizeof(double));
	} while (at_edge(solver) && reach < 1);
	*width /= NARROW;
	return CP_OK;
}

static CpStatus
account(Solver *solver)
{
	solver->allocation->scans++;
	return cp_plan_account(&solver->allocation->plan, &solver->task->scan, solver->limits,
	                       solver->survey.max_cost);
}

/* The price of a limit, 0 where only rounding tells it from that. */
static double
clean_price(const Solver *solver, uint32_t r)
{
	double price = solver->lp->prices[r];

	return fabs(price) <= NEGLIGIBLE * solver->unit[r] ? 0 : price;
}

/* Turn the mixture of the core into the plan. */
static CpStatus
make_plan(Solver *solver)
{
	CpPlan *plan = &solver->allocation->plan;
	CpVertex *vertex = NULL;

	CP_TRY(cp_alloc(solver->context, &vertex, 1, sizeof(CpVertex)));
	CP_TRY(cp_vertex_of_mixture(solver->context, &plan->core, solver->limits, solver->lp->nmixed,
	                            solver->lp->mixed, vertex));
	cp_plan_set_vertex(plan, vertex);
	for (uint32_t r = 0; r < solver->limits->count; r++)
		plan->prices[r] = clean_price(solver, r);
	cp_free(solver->context, &vertex);
	CP_TRY(account(solver));
	if (cp_tally_keeps(&plan->tally))
		return CP_OK;
	cp_plan_trim(plan);
	return account(solver);
}

/*
 * Move the bounds that rounding passes inwards, by some times as much. False
 * when some are passed by more than rounding, or one "at most" is passed at all.
 */
static bool
tighten(const Solver *solver, double times, CpLimits *tight)
{
	const CpTally *tally = &solver->allocation->plan.tally;
	bool nearly = true;

	for (uint32_t r = 0; r < tight->count; r++)
	{
		CpLimit *limit = &tight->limits[r];
		double passed = cp_tally_passed(tally, r);

		if (passed <= 0)
			continue;
		nearly = nearly && limit->least && passed <= CP_LP_GAP * most_use(solver, r);
		passed *= times;
		limit->bound = limit->least ? limit->bound + passed : fmax(limit->bound - passed, 0);
	}
	return nearly;
}

/*
 * Solve within a box; *kept: is the optimum in it, and does the plan keep the limits? Those "at
 * least" it may miss by rounding, when they leave no room for it.
 */
static CpStatus
solve_box(Solver *solver, const CpUse *rest, const double *prices, const double *low,
          const double *high, bool *kept)
{
	CpLimits *tight = NULL;
	double times = 2;

	CP_TRY(cp_alloc(solver->context, &tight, 1, sizeof(CpLimits)));
	*tight = *solver->limits;
	*kept = false;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++)
	{
		CP_TRY(solve_core(solver, tight, &solver->allocation->plan.core, rest, prices, low, high));
		if (at_edge(solver))
			break;
		CP_TRY(make_plan(solver));
		*kept = tighten(solver, times, tight);
		times *= 4;
		if (cp_tally_keeps(&solver->allocation->plan.tally))
			break;
	}
	cp_free(solver->context, &tight);
	return CP_OK;
}

/* Solve within a box, and with another one as long as its edge is reached. */
static CpStatus
solve_boxes(Solver *solver, double *prices, double width)
{
	double least_price = LEAST_PRICE;
	CpUse *rest = NULL;
	double low[CP_MAX_LIMITS];
	double high[CP_MAX_LIMITS];

	CP_TRY(cp_alloc(solver->context, &rest, 1, sizeof(CpUse)));
	for (int box = 0; box < MAX_BOXES; box++)
	{
		bool kept;

		set_box(solver, prices, width, least_price, low, high);
		CP_TRY(gather(solver, prices, low, high, &solver->allocation->plan.core, rest));
		CP_TRY(solve_box(solver, rest, prices, low, high, &kept));
		if (kept)
		{
			cp_free(solver->context, &rest);
			return CP_OK;
		}
		memcpy(prices, solver->lp->prices, solver->limits->count * sizeof(double));
		width *= WIDEN;
		least_price *= WIDEN;
	}
	return cp_fail(solver->context, CP_NOT_CONVERGED, "The shadow prices did not settle.");
}

/* The bound that the prices prove. Where nothing can be gained, all of it is what additions lost. */
static void
set_upper(Solver *solver)
{
	const CpPlan *plan = &solver->allocation->plan;
	double lost = DBL_EPSILON * (double) solver->survey.customers * solver->survey.max_value;
	double upper = plan->reduced + cp_limits_worth(solver->limits, plan->prices);

	solver->allocation->upper = plan->value == 0 && upper <= lost ? 0 : fmax(upper, plan->value);
}

static CpStatus
solve_lp(Solver *solver)
{
	double prices[CP_MAX_LIMITS] = {0};
	double width = INFINITY;

	CP_TRY(check_most(solver));
	CP_TRY(check_least(solver));
	if (solver->task->warm != NULL)
		memcpy(prices, solver->task->warm, solver->limits->count * sizeof(double));
	if (solver->survey.customers > ALL_CORE)
		CP_TRY(price_sample(solver, prices, &width));
	if (solver->task->oracle.price != NULL)
		CP_TRY(price_by_oracle(solver, prices, &width));
	CP_TRY(solve_boxes(solver, prices, width));
	set_upper(solver);
	return CP_OK;
}

/* --- the whole ---------------------------------------------------------- */

/* A unit of the price of an option, or of money, that is neither large nor small here. */
static void
set_units(Solver *solver)
{
	const CpSurvey *survey = &solver->survey;
	double option = survey->gain > 0 ? survey->gain : survey->max_value;
	double cost = survey->cost > 0 ? survey->cost : survey->max_cost;
	double money;

	option = option > 0 ? option : 1;
	money = cost > 0 ? option / cost : option;

	for (uint32_t r = 0; r < solver->limits->count; r++)
		solver->unit[r] = solver->limits->limits[r].money ? money : option;
}

CpStatus
cp_allocate(CpContext *context, const CpAllocationTask *task, CpAllocation *allocation)
{
	Solver solver = {.context = context, .task = task, .limits = task->limits};

	memset(allocation, 0, sizeof(*allocation));
	cp_plan_init(&allocation->plan, context);
	allocation->failed = task->limits->count;
	solver.allocation = allocation;
	CP_TRY(cp_survey(context, &task->scan, &solver.survey));
	allocation->customers = solver.survey.customers;
	allocation->options = solver.survey.options;
	allocation->scans++;
	set_units(&solver);
	CP_TRY(cp_alloc(context, &solver.lp, 1, sizeof(CpLpResult)));
	CP_TRY(solve_lp(&solver));
	cp_free(context, &solver.lp);
	if (task->method == CP_ALLOCATE_KNAPSACK)
		CP_TRY(cp_knapsack(context, task, &solver.survey, allocation));
	if (task->method == CP_ALLOCATE_GREEDY)
		CP_TRY(cp_greedy(context, task, &solver.survey, allocation));
	return CP_OK;
}
