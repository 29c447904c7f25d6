/*
 * fn_simulate.c: cp_simulate_customers, cp_simulator_create, cp_simulate, cp_simulate_value.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "decide/population.h"
#include "pg/args.h"
#include "pg/guc.h"
#include "pg/simulator_store.h"

PG_FUNCTION_INFO_V1(cp_simulate_customers);
PG_FUNCTION_INFO_V1(cp_simulator_create);
PG_FUNCTION_INFO_V1(cp_simulator_drop);
PG_FUNCTION_INFO_V1(cp_simulate);
PG_FUNCTION_INFO_V1(cp_simulate_value);

/* The policy that knows the world. */
#define OPTIMAL "optimal"

#define MAX_MONTHS 1200
#define POLL_ROWS 1024

static int32
whole_argument(FunctionCallInfo fcinfo, int argument, const char *name, int32 least, int32 most)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"%s\" must not be NULL", name)));
	if (PG_GETARG_INT32(argument) < least || PG_GETARG_INT32(argument) > most)
		cp_report_range(name, PG_GETARG_INT32(argument),
		                psprintf("between %d and %d", least, most));
	return PG_GETARG_INT32(argument);
}

static uint64
seed_argument(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"seed\" must not be NULL")));
	return (uint64) PG_GETARG_INT64(argument);
}

static void
begin_bridge(CpBridge *bridge)
{
	cp_bridge_init(bridge,
	               AllocSetContextCreate(CurrentMemoryContext, "churnprevent simulator",
	                                     ALLOCSET_DEFAULT_SIZES),
	               cp_training_memory);
}

/* --- cp_simulate_customers ---------------------------------------------- */

/* Columns of the result: levels stand at those of their traits. */
enum
{
	COLUMN_ID,
	COLUMN_TENURE = 5,
	COLUMN_MONTHLY_CHARGES = 18,
	COLUMN_TOTAL_CHARGES,
	COLUMN_CHURN,
	COLUMN_PROBABILITY,
	CUSTOMER_COLUMNS
};

#define MAX_LEVELS 4
#define ID_DIGITS 8

static int
column_of(CpTrait trait)
{
	if (trait == CP_TRAIT_CHURN)
		return COLUMN_CHURN;
	return trait < CP_TRAIT_PHONE_SERVICE ? 1 + trait
	                                      : COLUMN_TENURE + 1 + trait - CP_TRAIT_PHONE_SERVICE;
}

/* Texts of all levels, made once: a row only points to them. */
static void
make_levels(Datum levels[CP_TRAITS][MAX_LEVELS])
{
	for (CpTrait trait = 0; trait < CP_TRAITS; trait++)
		for (uint32 level = 0; level < MAX_LEVELS && cp_trait_level(trait, level) != NULL; level++)
			levels[trait][level] = trait == CP_TRAIT_SENIOR_CITIZEN
			                           ? Int16GetDatum((int16) level)
			                           : CStringGetTextDatum(cp_trait_level(trait, level));
}

/* "S" and the number, from 1, in place. */
static void
write_id(text *id, uint32 number)
{
	char *digits = VARDATA(id);

	digits[0] = 'S';
	for (int place = ID_DIGITS; place > 0; place--, number /= 10)
		digits[place] = '0' + number % 10;
}

static void
set_customer(const CpSyntheticCustomer *customer, Datum levels[CP_TRAITS][MAX_LEVELS], bool truth,
             Datum *values, bool *nulls)
{
	for (CpTrait trait = 0; trait < CP_TRAITS; trait++)
		values[column_of(trait)] = levels[trait][customer->levels[trait]];
	values[COLUMN_TENURE] = Int32GetDatum((int32) customer->tenure);
	values[COLUMN_MONTHLY_CHARGES] = Float8GetDatum(customer->monthly_charges);
	values[COLUMN_TOTAL_CHARGES] = Float8GetDatum(customer->total_charges);
	nulls[COLUMN_TOTAL_CHARGES] = isnan(customer->total_charges);
	values[COLUMN_PROBABILITY] = Float8GetDatum(customer->probability);
	nulls[COLUMN_PROBABILITY] = !truth;
}

Datum
cp_simulate_customers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	uint32 n = (uint32) whole_argument(fcinfo, 0, "n", 1, 99999999);
	text *id = palloc(VARHDRSZ + 1 + ID_DIGITS);
	Datum levels[CP_TRAITS][MAX_LEVELS];
	Datum values[CUSTOMER_COLUMNS];
	bool nulls[CUSTOMER_COLUMNS] = {false};
	CpPopulation population;
	CpBridge bridge;

	cp_bridge_init(&bridge, CurrentMemoryContext, 0);
	cp_bridge_check(&bridge,
	                cp_population_init(&bridge.context, (uint64) PG_GETARG_INT64(1),
	                                   PG_GETARG_FLOAT8(2), &population),
	                NULL);
	cp_materialize(fcinfo);
	make_levels(levels);
	SET_VARSIZE(id, VARHDRSZ + 1 + ID_DIGITS);
	values[COLUMN_ID] = PointerGetDatum(id);
	for (uint32 i = 0; i < n; i++)
	{
		CpSyntheticCustomer customer;

		if (i % POLL_ROWS == 0)
			CHECK_FOR_INTERRUPTS();
		cp_population_draw(&population, i, &customer);
		write_id(id, i + 1);
		set_customer(&customer, levels, PG_GETARG_BOOL(3), values, nulls);
		tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* --- cp_simulator_create, cp_simulator_drop ------------------------------- */

Datum
cp_simulator_create(PG_FUNCTION_ARGS)
{
	char *name = cp_required_text(fcinfo, 0, "name");
	char *model = cp_required_text(fcinfo, 1, "model");
	char *source = cp_required_text(fcinfo, 2, "source");
	Jsonb *params = cp_options_argument(fcinfo, 3);
	CpSimulatorMade made;
	CpBridge bridge;
	TupleDesc descriptor = cp_returned_type(fcinfo);
	Datum values[4];
	bool nulls[4] = {false};

	PreventCommandIfReadOnly("cp_simulator_create()");
	begin_bridge(&bridge);
	cp_simulator_make(&bridge, name, model, source, params, &made);
	MemoryContextDelete(bridge.memory);
	values[0] = CStringGetTextDatum(name);
	values[1] = Int32GetDatum((int32) made.count);
	values[2] = Float8GetDatum(made.mean_hazard);
	values[3] = Float8GetDatum(made.mean_charge);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls)));
}

Datum
cp_simulator_drop(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("cp_simulator_drop()");
	cp_simulator_remove(cp_required_text(fcinfo, 0, "name"));
	PG_RETURN_VOID();
}

/* --- cp_simulate -------------------------------------------------------- */

/* A simulator and who decides in it. */
typedef struct Run
{
	CpBridge bridge;
	CpSimulator simulator;
	uint32 *order;
	uint32 n;
	uint32 months; /* 0 = for ever */
	uint64 seed;
	bool optimal;
	CpPolicy policy;
} Run;

/* The response that a policy believes in is kept by the caller. */
static void
begin_run(FunctionCallInfo fcinfo, Run *run, CpResponse *response)
{
	char *name = cp_required_text(fcinfo, 0, "simulator");
	char *policy = cp_required_text(fcinfo, 1, "policy");
	const CpPolicyInForce *in_force;

	run->n = (uint32) whole_argument(fcinfo, 2, "n", 1, INT_MAX);
	run->seed = seed_argument(fcinfo, 4);
	begin_bridge(&run->bridge);
	cp_simulator_load(&run->bridge, name, &run->simulator);
	run->order = cp_simulator_order(&run->bridge, &run->simulator, run->seed);
	run->optimal = strcmp(policy, OPTIMAL) == 0;
	if (run->optimal)
		return;
	in_force = cp_policy_in_force(policy, run->simulator.playbook);
	*response = in_force->response;
	run->policy = (CpPolicy){in_force->method, &run->simulator.playbook->catalogue, response,
	                         run->simulator.world.params.economics};
}

/* Outcomes under all actions, by action_id from 0; NULL where one could not be taken. */
static Datum
outcomes_array(const Run *run, const CpWorldRow *row)
{
	const CpCatalogue *catalogue = &run->simulator.playbook->catalogue;
	int size = catalogue->actions[catalogue->count - 1].id + 1;
	int lower = 0;
	Datum *elements = palloc0(size * sizeof(Datum));
	bool *nulls = palloc(size * sizeof(bool));

	memset(nulls, true, size * sizeof(bool));
	for (uint32 k = 0; k < catalogue->count; k++)
		if (row->mask >> k & 1)
		{
			elements[catalogue->actions[k].id] = Int16GetDatum(row->stayed_under >> k & 1);
			nulls[catalogue->actions[k].id] = false;
		}
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &size, &lower, INT2OID,
	                                          sizeof(int16), true, TYPALIGN_SHORT));
}

static void
put_month(ReturnSetInfo *info, const Run *run, uint32 customer, const CpWorldRow *row,
          bool counterfactual)
{
	Datum values[12];
	bool nulls[12] = {false};

	values[0] = Int32GetDatum((int32) customer + 1);
	values[1] = Int32GetDatum((int32) row->month + 1);
	values[2] = Int16GetDatum((int16) row->state);
	values[3] = Int32GetDatum(run->simulator.playbook->catalogue.actions[row->action].id);
	values[4] = Float8GetDatum(row->hazard);
	values[5] = Float8GetDatum(row->hazard_none);
	values[6] = Int16GetDatum(row->stayed);
	nulls[7] = !counterfactual;
	values[7] = counterfactual ? outcomes_array(run, row) : (Datum) 0;
	values[8] = Float8GetDatum(row->revenue);
	values[9] = Float8GetDatum(row->cost);
	values[10] = BoolGetDatum(row->stayed);
	values[11] = Float8GetDatum(row->reward);
	tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
}

/* Who decides for a customer: the policy, or the plan that is best for them. */
static CpDecider
decider_of(Run *run, const CpWorldCustomer *customer, CpWorldPlan *plan)
{
	CpWorldValues values;

	if (!run->optimal)
		return cp_decider_policy(&run->policy);
	cp_bridge_check(&run->bridge,
	                cp_world_values(&run->bridge.context, &run->simulator.world, customer, NULL,
	                                run->months, &values, plan),
	                run->simulator.name);
	return cp_decider_plan(plan);
}

Datum
cp_simulate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	bool counterfactual = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	MemoryContext month_memory;
	CpResponse response;
	CpWorldRow *rows;
	Run run;

	cp_materialize(fcinfo);
	run.months = (uint32) whole_argument(fcinfo, 3, "months", 1, MAX_MONTHS);
	begin_run(fcinfo, &run, &response);
	rows = MemoryContextAlloc(run.bridge.memory, run.months * sizeof(CpWorldRow));
	month_memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent row", ALLOCSET_DEFAULT_SIZES);
	for (uint32 i = 0; i < run.n; i++)
	{
		const CpWorldCustomer *customer = cp_simulator_customer(&run.simulator, run.order, i);
		CpWorldPlan plan = {0};
		CpDecider decider = decider_of(&run, customer, &plan);
		uint32 lived = cp_world_simulate(&run.simulator.world, customer, &decider, run.seed, i,
		                                 run.months, rows);
		MemoryContext caller = MemoryContextSwitchTo(month_memory);

		CHECK_FOR_INTERRUPTS();
		for (uint32 t = 0; t < lived; t++)
			put_month(info, &run, i, &rows[t], counterfactual);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(month_memory);
		cp_free(&run.bridge.context, &plan.actions);
	}
	MemoryContextDelete(month_memory);
	MemoryContextDelete(run.bridge.memory);
	return (Datum) 0;
}

/* --- cp_simulate_value -------------------------------------------------- */

/* Sums over customers. */
typedef struct Totals
{
	double policy, none, optimum;
	double policy_squares;
	double policy_revenue, none_revenue;
} Totals;

static void
add_customer(Run *run, const CpWorldCustomer *customer, Totals *totals)
{
	CpDecider decider = cp_decider_policy(&run->policy);
	CpWorldValues values;

	cp_bridge_check(&run->bridge,
	                cp_world_values(&run->bridge.context, &run->simulator.world, customer,
	                                run->optimal ? NULL : &decider, run->months, &values, NULL),
	                run->simulator.name);
	if (run->optimal)
		values.policy = values.optimum;
	totals->policy += values.policy.reward;
	totals->policy_squares += values.policy.reward * values.policy.reward;
	totals->none += values.none.reward;
	totals->optimum += values.optimum.reward;
	totals->policy_revenue += values.policy.revenue;
	totals->none_revenue += values.none.revenue;
}

static void
set_ratio(Datum *values, bool *nulls, int column, double above, double below)
{
	nulls[column] = !(below > 0);
	values[column] = Float8GetDatum(nulls[column] ? 0 : above / below);
}

static Datum
value_row(FunctionCallInfo fcinfo, const Totals *totals, double n)
{
	TupleDesc descriptor = cp_returned_type(fcinfo);
	Datum values[8];
	bool nulls[8] = {false};
	double mean = totals->policy / n;
	double variance = n > 1 ? (totals->policy_squares / n - mean * mean) * n / (n - 1) : NAN;

	values[0] = Float8GetDatum(mean);
	values[1] = Float8GetDatum(totals->none / n);
	values[2] = Float8GetDatum(totals->optimum / n);
	set_ratio(values, nulls, 3, totals->policy, totals->optimum);
	set_ratio(values, nulls, 4, totals->policy - totals->none, totals->optimum - totals->none);
	set_ratio(values, nulls, 5, 100 * (totals->policy_revenue - totals->none_revenue),
	          totals->none_revenue);
	nulls[6] = isnan(variance);
	values[6] = Float8GetDatum(sqrt(fmax(variance, 0) / n));
	values[7] = BoolGetDatum(true);
	return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}

Datum
cp_simulate_value(PG_FUNCTION_ARGS)
{
	CpResponse response;
	Totals totals = {0};
	Run run;

	run.months = PG_ARGISNULL(3) ? 0 : (uint32) whole_argument(fcinfo, 3, "months", 1, MAX_MONTHS);
	begin_run(fcinfo, &run, &response);
	for (uint32 i = 0; i < run.n; i++)
		add_customer(&run, cp_simulator_customer(&run.simulator, run.order, i), &totals);
	MemoryContextDelete(run.bridge.memory);
	PG_RETURN_DATUM(value_row(fcinfo, &totals, run.n));
}
