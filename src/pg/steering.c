/*
 * steering.c: a column of the source that an option names and that is not learned from.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "pg/steering.h"

void
cp_steer(CpSteering *steering, const CpSource *source, const char *name, const char *option)
{
	Oid type;
	bool is_varlena;

	steering->column = -1;
	steering->option = option;
	if (name == NULL)
		return;
	steering->column = cp_source_column(source, name, option);
	type = TupleDescAttr(source->descriptor, steering->column)->atttypid;
	steering->readable = cp_column_reader(type, &steering->reader);
	getTypeOutputInfo(type, &steering->output, &is_varlena);
}

void
cp_steering_require(const CpSteering *steering, const CpSource *source, bool number,
                    const char *wanted)
{
	Form_pg_attribute attribute;
	bool fits;

	if (steering->column < 0)
		return;
	attribute = TupleDescAttr(source->descriptor, steering->column);
	fits = steering->readable && steering->reader.number != NULL &&
	       (!number || cp_kind_is_number(steering->reader.kind));
	if (!fits)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
		                errmsg("column \"%s\", given as \"%s\", must hold %s",
		                       NameStr(attribute->attname), steering->option, wanted),
		                errdetail("It has type %s.", format_type_be(attribute->atttypid))));
}

double
cp_steering_weight(const CpSteering *steering, Datum value, bool isnull)
{
	double weight = isnull ? NAN : steering->reader.number(value);

	if (!(weight >= 0 && isfinite(weight)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("weights must be finite and not negative"),
		                isnull ? errdetail("One is NULL.") : errdetail("One is %g.", weight)));
	return weight;
}
