/*
 * fn_allocate.c: cp_allocate, cp_allocation_report, cp_allocation_prices, cp_budget_curve.
 */
#include "pg/compat.h"

#include <math.h>
#include <time.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/allocation_data.h"
#include "pg/allocation_request.h"
#include "pg/allocation_store.h"
#include "pg/args.h"
#include "pg/guc.h"
#include "pg/json.h"

PG_FUNCTION_INFO_V1(cp_allocate_source);
PG_FUNCTION_INFO_V1(cp_allocation_report);
PG_FUNCTION_INFO_V1(cp_allocation_prices);
PG_FUNCTION_INFO_V1(cp_budget_curve);

/* Budgets of a curve that is told none: so many, up to twice what is usual. */
#define CURVE_POINTS 10

/* Everything that a call works with. */
typedef struct Work
{
	CpBridge bridge;
	CpLimitBook book;
	CpAllocationRequest request;
	CpExploration exploration;
	CpAllocationData data;
	CpAllocation allocation;
	clock_t began; /* processor time */
	clock_t loaded;
} Work;

static double
processor_seconds(clock_t from, clock_t to)
{
	return (double) (to - from) / CLOCKS_PER_SEC;
}

/* --- solving ------------------------------------------------------------ */

/* Can decisions be logged of it at all? */
static void
check_record(const CpAllocationRequest *request)
{
	if (request->columns.model == NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		     errmsg("decisions can be recorded only of customers that a model knows"),
		     errdetail("The log keeps what the model saw."),
		     errhint("Give a source of customers, and options like '{\"model\": \"telco\"}'.")));
	if (request->method == CP_ALLOCATE_LP)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a plan with shares cannot be recorded"),
		                errhint("Decide with method => 'knapsack', which makes whole choices.")));
	if (request->columns.all)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("the control group cannot be acted upon"),
		                errhint("Leave \"include_control\" out, or do not record.")));
}

/* Options that say how to record are a mistake where nothing is. */
static void
check_no_record(const CpAllocationRequest *request)
{
	if (request->key != NULL || request->epsilon >= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" is for plans that are recorded",
		                       request->key != NULL ? "key" : "epsilon"),
		                errhint("Call cp_allocate with record => true, or leave the option out.")));
}

/* Of whole choices there is a whole number. */
static void
round_limits(CpLimits *limits)
{
	for (uint32 r = 0; r < limits->count; r++)
	{
		CpLimit *limit = &limits->limits[r];

		if (!limit->money)
			limit->bound = limit->least ? ceil(limit->bound) : floor(limit->bound);
	}
}

/* Read the arguments and the source; SPI is connected from here on. */
static Work *
begin_work(FunctionCallInfo fcinfo, const CpAllocationArguments *arguments, bool record)
{
	double epsilon;
	Work *work = palloc0(sizeof(Work));

	work->began = clock();
	cp_bridge_init(&work->bridge,
	               AllocSetContextCreate(CurrentMemoryContext, "churnprevent allocation",
	                                     ALLOCSET_DEFAULT_SIZES),
	               cp_allocation_memory);
	work->bridge.setting = "churnprevent.allocation_memory";
	work->bridge.relief =
		"Raise the setting, or give values and costs in a table, which need not fit into it.";
	cp_limit_book_init(&work->book, &work->bridge);
	cp_allocation_request(&work->request, fcinfo, arguments, &work->book);
	if (record)
		check_record(&work->request);
	else
		check_no_record(&work->request);
	if (work->request.keep)
		PreventCommandIfReadOnly("cp_allocate with \"keep\"");
	epsilon = work->request.epsilon < 0 ? CP_EXPLORATION : work->request.epsilon;
	cp_exploration_init(&work->exploration, &work->bridge, epsilon, work->request.key);
	SPI_connect();
	cp_allocation_data_open(&work->data, work->request.source, &work->request.columns, &work->book,
	                        record ? &work->exploration : NULL, &work->bridge,
	                        fcinfo->flinfo->fn_oid);
	work->loaded = clock();
	if (work->request.method == CP_ALLOCATE_KNAPSACK)
		round_limits(&work->book.limits);
	if (work->data.streamed && work->request.method == CP_ALLOCATE_GREEDY)
		ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		                errmsg("memory exceeds \"churnprevent.allocation_memory\""),
		                errdetail("The greedy method must have everybody in memory at once."),
		                errhint("Raise the setting, or use another method.")));
	return work;
}

/* A minimum that cannot be kept, with what is missing. */
static void
report_minimum(const Work *work)
{
	const CpLimitRule *rule = &work->book.rules[work->allocation.failed];
	double wanted = work->book.limits.limits[work->allocation.failed].bound;
	double reachable = work->allocation.reachable;

	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	     errmsg("minimum \"%s\" cannot be kept", rule->name),
	     errdetail(
			 "%.10g are asked for, and %.10g is the most that the other limits and the customers allow: %.10g too few.",
			 wanted, reachable, wanted - reachable),
	     errhint("Ask for less, or raise the budget or caps.")));
}

static void
report_failure(const Work *work, CpStatus status)
{
	const char *reason = work->bridge.context.reason;

	if (status == CP_BAD_DATA && work->allocation.failed < work->book.nrules)
		report_minimum(work);
	if (status == CP_BAD_DATA && work->allocation.customers == 0 && work->data.left_out > 0)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_EXCEPTION), errmsg("no customers are left to allocate to"),
		         errdetail("All %llu are in the control group.",
		                   (unsigned long long) work->data.left_out)));
	if (status == CP_BAD_DATA)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("nothing can be allocated"),
		                errdetail("%s", reason)));
	if (status == CP_NOT_CONVERGED)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("no plan was found"),
		                errdetail("%s", reason),
		                work->request.method == CP_ALLOCATE_GREEDY
		                    ? errhint("Lower the minimums, or use method => 'knapsack'.")
		                    : errhint("Lower the minimums, or allow more \"seconds\".")));
	cp_bridge_check(&work->bridge, status, NULL);
}

/* warm: prices of a like task or NULL. */
static void
solve(Work *work, const double *warm)
{
	CpAllocationTask task = {.limits = &work->book.limits,
	                         .scan = work->data.scan,
	                         .oracle = work->data.oracle,
	                         .method = work->request.method,
	                         .seconds = work->request.seconds,
	                         .warm = warm};

	report_failure(work, cp_allocate(&work->bridge.context, &task, &work->allocation));
	/* What explorers get is given, whatever the plan. */
	work->allocation.plan.value += work->exploration.value;
	work->allocation.upper += work->exploration.value;
	work->allocation.plan.acted += work->exploration.acted;
}

static void
notice_control(const Work *work)
{
	if (work->data.left_out > 0)
		ereport(
			NOTICE,
			(errmsg_plural("%llu customer of the control group was left out",
		                   "%llu customers of the control group were left out", work->data.left_out,
		                   (unsigned long long) work->data.left_out),
		     errhint(
				 "For a computation that nobody is acted upon by: '{\"include_control\": true}'.")));
}

static void
end_work(Work *work)
{
	SPI_finish();
	MemoryContextDelete(work->bridge.memory);
}

/* --- cp_allocate -------------------------------------------------------- */

/* Rows of the result while they are put. */
typedef struct Output
{
	const Work *work;
	ReturnSetInfo *info;
	CpClassPrices *prices;
	Datum *actions; /* [nclasses] names */
	MemoryContext memory;
	uint32 rows;
} Output;

static void
put_row(Output *output, uint32 number, uint16 class, double value, double cost, int64 units)
{
	MemoryContext caller = MemoryContextSwitchTo(output->memory);
	bool nulls[6] = {false};
	Datum values[6];

	values[0] = CStringGetTextDatum(cp_allocation_customer(&output->work->data, number));
	values[1] = output->actions[class];
	values[2] = Float8GetDatum((double) units / CP_SHARE_UNITS);
	values[3] = Float8GetDatum(value);
	values[4] = Float8GetDatum(cost);
	values[5] = Float8GetDatum(cp_reduced_value(output->prices, 1, class, value, cost));
	tuplestore_putvalues(output->info->setResult, output->info->setDesc, values, nulls);
	MemoryContextSwitchTo(caller);
	if (++output->rows % 1024 == 0)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(output->memory);
	}
}

static CpStatus
put_option(void *visitor, const CpBlock *block, uint32 i, uint32 option, int64 units)
{
	put_row(visitor, block->number[i], block->classes[option], block->value[option],
	        block->cost[option], units);
	return CP_OK;
}

static void
put_explorer(void *visitor, const CpExplorer *explorer)
{
	put_row(visitor, explorer->number, explorer->class, explorer->value, explorer->cost,
	        CP_SHARE_UNITS);
}

static void
put_plan(Work *work, ReturnSetInfo *info)
{
	const CpPlan *plan = &work->allocation.plan;
	Output output = {.work = work, .info = info};

	output.prices = palloc(sizeof(CpClassPrices));
	cp_limits_price(&work->book.limits, plan->prices, output.prices);
	output.actions = palloc(work->book.limits.nclasses * sizeof(Datum));
	for (uint32 class = 0; class < work->book.limits.nclasses; class ++)
		output.actions[class] =
			CStringGetTextDatum(cp_limit_book_action_name(&work->book, (uint16) class));
	output.memory = AllocSetContextCreate(CurrentMemoryContext, "churnprevent allocation rows",
	                                      ALLOCSET_DEFAULT_SIZES);
	work->allocation.scans++;
	cp_bridge_check(&work->bridge,
	                cp_plan_run(plan, &work->data.scan, &work->book.limits, put_option, &output),
	                NULL);
	cp_exploration_run(&work->exploration, put_explorer, &output);
	MemoryContextDelete(output.memory);
}

static CpAllocationReport *
make_report(const Work *work)
{
	const CpAllocation *allocation = &work->allocation;
	CpAllocationReport *report = palloc0(sizeof(CpAllocationReport));

	report->method = work->request.method;
	report->streamed = work->data.streamed;
	report->customers = (int64) allocation->customers;
	report->left_out = (int64) work->data.left_out;
	report->options = (int64) allocation->options;
	report->acted = (int64) allocation->plan.acted;
	report->value = allocation->plan.value;
	report->upper = allocation->upper;
	report->gap = cp_lp_gap(allocation->upper, allocation->plan.value);
	report->proved = report->gap <= CP_LP_GAP;
	report->scans = (int32) allocation->scans;
	report->iterations = (int32) allocation->programs;
	report->read_seconds = processor_seconds(work->began, work->loaded);
	report->solve_seconds = processor_seconds(work->loaded, clock());
	report->nlimits = work->book.nrules;
	for (uint32 r = 0; r < work->book.nrules; r++)
	{
		const CpLimitRule *rule = &work->book.rules[r];

		report->limits[r] = (CpLimitReport){.name = rule->name,
		                                    .money = rule->money,
		                                    .least = rule->least,
		                                    .bound = rule->bound,
		                                    .already = rule->already,
		                                    .used = cp_tally_used(&allocation->plan.tally, r) +
		                                            work->exploration.used[r],
		                                    .price = allocation->plan.prices[r]};
	}
	return report;
}

Datum
cp_allocate_source(PG_FUNCTION_ARGS)
{
	static const CpAllocationArguments arguments = {0, 1, 2, 3, 4, 5};
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	bool record = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
	CpAllocationReport *report;
	Work *work;

	if (record)
		PreventCommandIfReadOnly("cp_allocate(record => true)");
	cp_materialize(fcinfo);
	work = begin_work(fcinfo, &arguments, record);
	solve(work, NULL);
	report = make_report(work);
	put_plan(work, info);
	if (record)
		cp_allocation_record(work->request.source, &work->request.columns, &work->book,
		                     &work->allocation.plan, &work->data.scan, &work->data.ids,
		                     &work->exploration);
	if (work->request.keep)
		cp_allocation_keep(report, work->request.source, work->request.given, info->setResult,
		                   info->setDesc);
	cp_allocation_remember(report);
	notice_control(work);
	end_work(work);
	PG_RETURN_NULL();
}

/* --- reports ------------------------------------------------------------ */

static int64
run_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		return 0;
	if (PG_GETARG_INT64(0) < 1)
		cp_report_range("run", (double) PG_GETARG_INT64(0), "1 or more");
	return PG_GETARG_INT64(0);
}

/* What is left of a limit, or of a minimum what is beyond it; rounding of the sums is nothing. */
static double
slack_of(const CpLimitReport *limit)
{
	double taken = limit->already + limit->used;
	double left = limit->least ? taken - limit->bound : limit->bound - taken;

	return fabs(left) <= CP_LP_GAP * fabs(limit->bound) ? 0 : left;
}

/* A round amount of money that is about a fiftieth of a budget. */
static double
step_of(double bound)
{
	return bound > 50 ? pow(10, floor(log10(bound / 50))) : 1;
}

static char *
money(double amount)
{
	return text_to_cstring(DatumGetTextPP(DirectFunctionCall2(
		float8_to_char, Float8GetDatum(amount), CStringGetTextDatum("FM999,999,999,999,990.00"))));
}

/* The shadow price in words. */
static char *
meaning_of(const CpLimitReport *limit)
{
	double step = step_of(limit->bound);

	if (limit->price == 0)
		return pstrdup(limit->least ? "costs nothing" : "more of it would save nothing");
	if (limit->least)
		return psprintf("the last one that it asks for costs up to %s", money(-limit->price));
	if (limit->money)
		return psprintf("the next %s would save up to %s", money(step), money(step * limit->price));
	return psprintf("the next one would save up to %s", money(limit->price));
}

static void
set_limit(const CpLimitReport *limit, Datum *values, bool *nulls)
{
	if (limit == NULL)
	{
		memset(nulls, true, 7 * sizeof(bool));
		return;
	}
	values[0] = CStringGetTextDatum(limit->name);
	values[1] = Float8GetDatum(limit->bound);
	values[2] = Float8GetDatum(limit->already);
	values[3] = Float8GetDatum(limit->used);
	values[4] = Float8GetDatum(slack_of(limit));
	values[5] = Float8GetDatum(limit->price);
	values[6] = CStringGetTextDatum(meaning_of(limit));
}

static void
put_report(const CpAllocationReport *report, const CpLimitReport *limit, ReturnSetInfo *info)
{
	Datum values[21];
	bool nulls[21] = {false};
	int n = 0;

	nulls[n] = report->run_id == 0;
	values[n++] = Int64GetDatum(report->run_id);
	values[n++] = CStringGetTextDatum(cp_allocation_method_name(report->method));
	values[n++] = Int64GetDatum(report->customers);
	values[n++] = Int64GetDatum(report->left_out);
	values[n++] = Int64GetDatum(report->acted);
	values[n++] = Float8GetDatum(report->value);
	values[n++] = Float8GetDatum(report->upper);
	values[n++] = Float8GetDatum(report->gap);
	values[n++] = BoolGetDatum(report->proved);
	values[n++] = BoolGetDatum(report->streamed);
	values[n++] = Int32GetDatum(report->scans);
	values[n++] = Int32GetDatum(report->iterations);
	values[n++] = Float8GetDatum(report->read_seconds);
	values[n++] = Float8GetDatum(report->solve_seconds);
	set_limit(limit, values + n, nulls + n);
	tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
}

Datum
cp_allocation_report(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	const CpAllocationReport *report;

	cp_materialize(fcinfo);
	report = cp_allocation_recall(run_argument(fcinfo));
	for (uint32 r = 0; r < report->nlimits; r++)
		put_report(report, &report->limits[r], info);
	if (report->nlimits == 0)
		put_report(report, NULL, info);
	PG_RETURN_NULL();
}

Datum
cp_allocation_prices(PG_FUNCTION_ARGS)
{
	const CpAllocationReport *report = cp_allocation_recall(run_argument(fcinfo));
	CpJson json;

	cp_json_begin(&json);
	for (uint32 r = 0; r < report->nlimits; r++)
		cp_json_number(&json, report->limits[r].name, report->limits[r].price);
	PG_RETURN_JSONB_P(cp_json_end(&json));
}

/* --- cp_budget_curve ---------------------------------------------------- */

static double *
budgets_argument(FunctionCallInfo fcinfo, int argument, int *count)
{
	double *budgets;
	Datum *elements;
	bool *nulls;

	if (PG_ARGISNULL(argument))
	{
		budgets = palloc(CURVE_POINTS * sizeof(double));
		for (*count = 0; *count < CURVE_POINTS; (*count)++)
			budgets[*count] = cp_max_budget * 2 * (*count + 1) / CURVE_POINTS;
		return budgets;
	}
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
	                  TYPALIGN_DOUBLE, &elements, &nulls, count);
	budgets = palloc(*count * sizeof(double));
	for (int i = 0; i < *count; i++)
	{
		budgets[i] = nulls[i] ? NAN : DatumGetFloat8(elements[i]);
		if (!(budgets[i] >= 0 && isfinite(budgets[i])))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("budgets must be finite and not negative"),
			                errdetail("One is %s.", nulls[i] ? "NULL" : cp_shortest(budgets[i]))));
	}
	return budgets;
}

static void
put_point(const Work *work, double budget, ReturnSetInfo *info)
{
	const CpAllocation *allocation = &work->allocation;
	Datum values[7];
	bool nulls[7] = {false};

	values[0] = Float8GetDatum(budget);
	values[1] = Float8GetDatum(allocation->plan.value);
	values[2] = Float8GetDatum(allocation->upper);
	values[3] = Float8GetDatum(cp_lp_gap(allocation->upper, allocation->plan.value));
	values[4] = Float8GetDatum(cp_tally_used(&allocation->plan.tally, 0));
	values[5] = Int64GetDatum((int64) allocation->plan.acted);
	values[6] = Float8GetDatum(allocation->plan.prices[0]);
	tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
}

Datum
cp_budget_curve(PG_FUNCTION_ARGS)
{
	static const CpAllocationArguments arguments = {0, 2, -1, 3, 4, 5};
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	int count;
	double *budgets;
	double prices[CP_MAX_LIMITS] = {0};
	Work *work;

	cp_materialize(fcinfo);
	budgets = budgets_argument(fcinfo, 1, &count);
	work = begin_work(fcinfo, &arguments, false);
	if (work->request.keep)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a budget curve cannot be kept"),
		         errhint("Keep the rows, with INSERT, or the plan of one budget.")));
	for (int i = 0; i < count; i++)
	{
		/* The total budget is the first of the limits. */
		work->book.limits.limits[0].bound = fmax(budgets[i] - work->book.rules[0].already, 0);
		solve(work, prices);
		put_point(work, budgets[i], info);
		memcpy(prices, work->allocation.plan.prices, sizeof(prices));
		cp_plan_free(&work->allocation.plan);
	}
	notice_control(work);
	end_work(work);
	PG_RETURN_NULL();
}
