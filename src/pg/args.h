/*
 * args.h: arguments of SQL functions.
 */
#ifndef CP_ARGS_H
#define CP_ARGS_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* The argument, which must not be NULL; name is for the message. */
extern char *cp_required_text(FunctionCallInfo fcinfo, int argument, const char *name);

/* The same for a customer's id, a unit or a key, which are keys of indexes: 1 to 512 bytes. */
extern char *cp_required_key(FunctionCallInfo fcinfo, int argument, const char *name);

/* The argument, or NULL. */
extern char *cp_optional_text(FunctionCallInfo fcinfo, int argument);

/* A version number: not NULL, 1 or more. */
extern int32 cp_required_version(FunctionCallInfo fcinfo, int argument);

/* The first argument, a customer, must not be NULL. */
extern void cp_require_customer(FunctionCallInfo fcinfo);

/* The first argument, of type json. */
extern Jsonb *cp_json_customer(FunctionCallInfo fcinfo);

/* The argument, of type jsonb; an empty object when it is NULL. */
extern Jsonb *cp_options_argument(FunctionCallInfo fcinfo, int argument);

/* The second argument, the name of a model, or NULL. */
extern text *cp_model_argument(FunctionCallInfo fcinfo);

/* The memory that an aggregate's state lives in; an error when the caller is no aggregate. */
extern MemoryContext cp_aggregate_memory(FunctionCallInfo fcinfo);

/* The row type that the calling function returns, ready for rows to be made of it. */
extern TupleDesc cp_returned_type(FunctionCallInfo fcinfo);

/* The argument "period": neither NULL nor empty nor backwards. */
extern Interval *cp_required_period(FunctionCallInfo fcinfo, int argument);

/* An error that names what must be finite, such as "an outcome". */
extern void cp_require_finite(double number, const char *what);

/* The error that the argument is not in its range, such as "between 0 and 1". */
extern void cp_report_range(const char *name, double value, const char *range)
	pg_attribute_noreturn();

#endif
