/*
 * allocation_request.c: what a call of cp_allocate or cp_budget_curve asks for.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "utils/builtins.h"

#include "pg/allocation_request.h"
#include "pg/args.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/option_rules.h"

#define EXAMPLE "{\"model\": \"telco\", \"customer_id\": \"account\"}"

static void
read_limits(const CpOptionRule *rule, const JsonbValue *value, void *target)
{
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"%s\" must be an object", rule->name),
		                errhint("For example: '{\"%s\": {\"discount\": 1000}}'.", rule->name)));
	*(JsonbContainer **) target = value->val.binary.data;
}

#define COLUMN(name) \
	{ \
#name, CP_OPTION_TEXT, offsetof(CpAllocationRequest, columns.name) \
	}

static const CpOptionRule rules[] = {
	COLUMN(customer_id),
	COLUMN(action),
	COLUMN(kind),
	COLUMN(value),
	COLUMN(cost),
	COLUMN(segment),
	{"actions", CP_OPTION_TEXTS, offsetof(CpAllocationRequest, columns.actions)},
	{"kinds", CP_OPTION_TEXTS, offsetof(CpAllocationRequest, columns.kinds)},
	{"model", CP_OPTION_TEXT, offsetof(CpAllocationRequest, columns.model)},
	{"policy", CP_OPTION_TEXT, offsetof(CpAllocationRequest, columns.policy)},
	{"include_control", CP_OPTION_FLAG, offsetof(CpAllocationRequest, columns.all)},
	{"budgets", CP_OPTION_CUSTOM, offsetof(CpAllocationRequest, budgets), .read = read_limits},
	{"already_spent", CP_OPTION_CUSTOM, offsetof(CpAllocationRequest, already),
     .read = read_limits},
	{"seconds", CP_OPTION_NUMBER, offsetof(CpAllocationRequest, seconds), 0.001, 86400},
	{"keep", CP_OPTION_FLAG, offsetof(CpAllocationRequest, keep)},
	{"epsilon", CP_OPTION_NUMBER, offsetof(CpAllocationRequest, epsilon), 0, 1},
	{"key", CP_OPTION_TEXT, offsetof(CpAllocationRequest, key)},
	{NULL}};

static CpAllocationMethod
method_argument(FunctionCallInfo fcinfo, int argument)
{
	const char *name = cp_required_text(fcinfo, argument, "method");
	CpAllocationMethod method = cp_allocation_method(name);

	if (method == CP_ALLOCATION_METHODS)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown method \"%s\"", name),
		         errhint("Methods are lp, knapsack and greedy.")));
	return method;
}

static void
default_caps(CpLimitBook *book)
{
	CpJson json;

	cp_json_begin(&json);
	cp_json_number(&json, "discount", cp_max_discounts);
	cp_json_number(&json, "upgrade", cp_max_upgrades);
	cp_json_number(&json, "offer", cp_max_offers);
	cp_limit_book_add(book, &cp_json_end(&json)->root, "caps");
}

static void
add_argument(CpJson *given, FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (!PG_ARGISNULL(argument))
		cp_json_object(given, name, PG_GETARG_JSONB_P(argument));
}

void
cp_allocation_request(CpAllocationRequest *request, FunctionCallInfo fcinfo,
                      const CpAllocationArguments *arguments, CpLimitBook *book)
{
	double budget = cp_max_budget;
	CpJson given;

	memset(request, 0, sizeof(*request));
	request->epsilon = -1;
	request->source = cp_required_text(fcinfo, arguments->source, "source");
	request->method = method_argument(fcinfo, arguments->method);
	cp_options_object(cp_options_argument(fcinfo, arguments->options), rules, EXAMPLE, request);
	if (arguments->budget >= 0 && !PG_ARGISNULL(arguments->budget))
		budget = PG_GETARG_FLOAT8(arguments->budget);
	cp_limit_book_budget(book, budget);
	if (request->budgets != NULL)
		cp_limit_book_add(book, request->budgets, "budgets");
	if (PG_ARGISNULL(arguments->caps))
		default_caps(book);
	else
		cp_limit_book_add(book, &PG_GETARG_JSONB_P(arguments->caps)->root, "caps");
	if (!PG_ARGISNULL(arguments->mins))
		cp_limit_book_add(book, &PG_GETARG_JSONB_P(arguments->mins)->root, "mins");
	if (request->already != NULL)
		cp_limit_book_spent(book, request->already);
	cp_limit_book_open(book);
	cp_json_begin(&given);
	cp_json_number(&given, "budget", budget);
	add_argument(&given, fcinfo, arguments->caps, "caps");
	add_argument(&given, fcinfo, arguments->mins, "mins");
	add_argument(&given, fcinfo, arguments->options, "options");
	request->given = cp_json_end(&given);
}
