/*
 * training_set.c: a source read into a dataset, as the options say.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "num/hash.h"
#include "pg/features.h"
#include "pg/label.h"
#include "pg/source.h"
#include "pg/steering.h"
#include "pg/training_set.h"

typedef struct FeatureColumn
{
	const char *name;
	int column;
	CpColumnReader reader;
} FeatureColumn;

/* Everything needed while reading. */
typedef struct ReadingPlan
{
	CpSource source;
	CpLabelReader label;
	int label_column;
	CpSteering weight;
	CpSteering time;
	CpSteering id;
	CpSteering group;        /* its rows stay together; without it those of one id do */
	FeatureColumn *features; /* by name */
	int nfeatures;
	uint64 unlabelled; /* rows left out */
	uint64 untimed;
} ReadingPlan;

/* --- what every column is ------------------------------------------------ */

static bool
names_column(const CpSource *source, List *names, const char *option, int column)
{
	ListCell *cell;

	foreach (cell, names)
		if (cp_source_column(source, lfirst(cell), option) == column)
			return true;
	return false;
}

static char *
column_name(const CpSource *source, int column)
{
	return pstrdup(NameStr(TupleDescAttr(source->descriptor, column)->attname));
}

/* The roles as column names of the source; the id is the primary key when it is not told. */
static void
settle_roles(CpTrainingSet *set, const CpSource *source, const CpOptions *options)
{
	const char *told[CP_ROLES] = {options->id, options->value_column, options->tenure_column,
	                              options->service_column};
	static const char *const keys[CP_ROLES] = {"id", "value_column", "tenure_column",
	                                           "service_column"};
	int key = cp_source_key_column(source);

	for (int role = 0; role < CP_ROLES; role++)
		set->roles[role] =
			told[role] == NULL
				? NULL
				: column_name(source, cp_source_column(source, told[role], keys[role]));
	if (set->roles[CP_ROLE_ID] == NULL && key >= 0)
		set->roles[CP_ROLE_ID] = column_name(source, key);
}

static void
check_value_role(const CpTrainingSet *set, const CpSource *source)
{
	CpSteering value;

	cp_steer(&value, source, set->roles[CP_ROLE_VALUE], "value_column");
	cp_steering_require(&value, source, true, "numbers");
	cp_steer(&value, source, set->roles[CP_ROLE_TENURE], "tenure_column");
	cp_steering_require(&value, source, true, "numbers");
}

static bool
is_steering(const ReadingPlan *plan, int column)
{
	return column == plan->label_column || column == plan->weight.column ||
	       column == plan->time.column || column == plan->id.column || column == plan->group.column;
}

static void
report_twice(const CpSource *source, int column)
{
	for (int other = 0; other < column; other++)
		if (strcmp(NameStr(TupleDescAttr(source->descriptor, other)->attname),
		           NameStr(TupleDescAttr(source->descriptor, column)->attname)) == 0)
			ereport(
				ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
			     errmsg("column \"%s\" appears twice in the source", column_name(source, column)),
			     errhint("Columns are found by name: give one of them another with AS.")));
}

static int
compare_names(const void *left, const void *right)
{
	return strcmp(((const FeatureColumn *) left)->name, ((const FeatureColumn *) right)->name);
}

/*
 * All columns that no option puts to other use and whose type can be read, in
 * order of their names: the order in the table must not matter.
 */
static void
choose_features(ReadingPlan *plan, const CpOptions *options)
{
	const CpSource *source = &plan->source;
	StringInfoData skipped;

	initStringInfo(&skipped);
	plan->features = palloc(source->descriptor->natts * sizeof(FeatureColumn));
	for (int column = 0; column < source->descriptor->natts; column++)
	{
		FeatureColumn *feature = &plan->features[plan->nfeatures];
		Form_pg_attribute attribute = TupleDescAttr(source->descriptor, column);

		report_twice(source, column);
		if (is_steering(plan, column) ||
		    names_column(source, options->exclude, "exclude", column) ||
		    (options->include != NIL && !names_column(source, options->include, "include", column)))
			continue;
		feature->name = NameStr(attribute->attname);
		feature->column = column;
		if (cp_column_reader(attribute->atttypid, &feature->reader))
			plan->nfeatures++;
		else
			appendStringInfo(&skipped, "%s%s (%s)", skipped.len > 0 ? ", " : "", feature->name,
			                 format_type_be(attribute->atttypid));
	}
	if (skipped.len > 0)
		ereport(NOTICE, (errmsg("columns left out because of their type: %s", skipped.data)));
	qsort(plan->features, plan->nfeatures, sizeof(FeatureColumn), compare_names);
}

static void
make_plan(ReadingPlan *plan, CpTrainingSet *set, const char *source, const char *label,
          const CpOptions *options)
{
	memset(plan, 0, sizeof(*plan));
	cp_source_open(&plan->source, source);
	plan->label_column = cp_source_column(&plan->source, label, "label");
	cp_label_init(&plan->label, column_name(&plan->source, plan->label_column),
	              TupleDescAttr(plan->source.descriptor, plan->label_column)->atttypid,
	              options->positive);
	settle_roles(set, &plan->source, options);
	check_value_role(set, &plan->source);
	cp_steer(&plan->weight, &plan->source, options->weight, "weight");
	cp_steering_require(&plan->weight, &plan->source, true, "numbers");
	cp_steer(&plan->time, &plan->source, options->time_column, "time_column");
	cp_steering_require(&plan->time, &plan->source, false, "dates, timestamps or numbers");
	cp_steer(&plan->id, &plan->source, set->roles[CP_ROLE_ID], "id");
	cp_steer(&plan->group, &plan->source, options->group_column, "group_column");
	choose_features(plan, options);
	set->identified = plan->id.column >= 0 && plan->group.column < 0;
	set->source = plan->source.text;
	set->label = column_name(&plan->source, plan->label_column);
}

/* --- reading ------------------------------------------------------------- */

/* Hash of a row's value by its text, 0 when there is none: doubles would confuse large integers. */
static uint64
hash_of(const CpSteering *steering, const Datum *values, const bool *nulls)
{
	const char *text;
	size_t length;

	if (steering->column < 0 || nulls[steering->column])
		return 0;
	if (steering->readable && steering->reader.text != NULL)
		text = steering->reader.text(values[steering->column], &length);
	else
	{
		text = OidOutputFunctionCall(steering->output, values[steering->column]);
		length = strlen(text);
	}
	return cp_hash_bytes(text, length, 0) | 1;
}

/* The row's particulars; false when it cannot be learned from. */
static bool
read_info(ReadingPlan *plan, const Datum *values, const bool *nulls, CpRowInfo *info)
{
	if (nulls[plan->label_column])
	{
		plan->unlabelled++;
		return false;
	}
	if (plan->time.column >= 0 && nulls[plan->time.column])
	{
		plan->untimed++;
		return false;
	}
	info->churned = cp_label_churned(&plan->label, values[plan->label_column]);
	info->weight = plan->weight.column < 0
	                   ? 1
	                   : cp_steering_weight(&plan->weight, values[plan->weight.column],
	                                        nulls[plan->weight.column]);
	info->time = plan->time.column < 0 ? 0 : plan->time.reader.number(values[plan->time.column]);
	info->identity = hash_of(&plan->id, values, nulls);
	info->unit = plan->group.column >= 0 ? hash_of(&plan->group, values, nulls) : info->identity;
	return true;
}

static void
read_row(ReadingPlan *plan, CpDataset *dataset, CpBridge *bridge, const Datum *values,
         const bool *nulls)
{
	CpRowInfo info;

	if (!read_info(plan, values, nulls, &info))
		return;
	cp_bridge_check(bridge, cp_dataset_begin_row(dataset), NULL);
	for (int f = 0; f < plan->nfeatures; f++)
	{
		const FeatureColumn *feature = &plan->features[f];

		if (nulls[feature->column])
			cp_dataset_set_missing(dataset, f);
		else if (feature->reader.number != NULL)
			cp_dataset_set_number(dataset, f, feature->reader.number(values[feature->column]));
		else
		{
			size_t length;
			const char *text = feature->reader.text(values[feature->column], &length);

			cp_bridge_check(bridge, cp_dataset_set_text(dataset, f, text, length), NULL);
		}
	}
	cp_bridge_check(bridge, cp_dataset_end_row(dataset, &info), NULL);
}

static void
read_rows(ReadingPlan *plan, CpDataset *dataset, CpBridge *bridge)
{
	MemoryContext row_memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent row", ALLOCSET_DEFAULT_SIZES);
	int natts = plan->source.descriptor->natts;
	Datum *values = palloc(natts * sizeof(Datum));
	bool *nulls = palloc(natts * sizeof(bool));
	HeapTuple tuple;

	while ((tuple = cp_source_next(&plan->source)) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(row_memory);

		heap_deform_tuple(tuple, plan->source.descriptor, values, nulls);
		read_row(plan, dataset, bridge, values, nulls);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_memory);
		if (dataset->arrived % 100000 == 0)
			cp_progress(&bridge->context, "reading: %llu rows so far",
			            (unsigned long long) dataset->arrived);
	}
	MemoryContextDelete(row_memory);
}

/* --- what the user is told ----------------------------------------------- */

static void
report_no_rows(const ReadingPlan *plan)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("there are no rows to learn from"),
	                plan->unlabelled > 0
	                    ? errdetail("Label \"%s\" is NULL in %s.", plan->label.column,
	                                plan->untimed > 0 ? "some rows, \"time_column\" in all others"
	                                                  : "all rows")
	                : plan->untimed > 0 ? errdetail("\"time_column\" is NULL in all rows.")
	                                    : errdetail("The source is empty.")));
}

static void
tell_dropped(const CpDataset *dataset, CpDropped why, const char *reason)
{
	StringInfoData names;

	initStringInfo(&names);
	for (uint32 c = 0; c < dataset->ncolumns; c++)
		if (dataset->columns[c].dropped == why)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", dataset->columns[c].name);
	if (names.len > 0)
		ereport(NOTICE, (errmsg("columns left out because %s: %s", reason, names.data)));
}

static void
tell(const ReadingPlan *plan, const CpDataset *dataset)
{
	if (plan->unlabelled > 0)
		ereport(NOTICE,
		        (errmsg_plural("%llu row left out because label \"%s\" is NULL",
		                       "%llu rows left out because label \"%s\" is NULL", plan->unlabelled,
		                       (unsigned long long) plan->unlabelled, plan->label.column)));
	if (plan->untimed > 0)
		ereport(NOTICE, (errmsg_plural("%llu row left out because \"time_column\" is NULL",
		                               "%llu rows left out because \"time_column\" is NULL",
		                               plan->untimed, (unsigned long long) plan->untimed)));
	if (dataset->arrived > dataset->rows)
		ereport(NOTICE,
		        (errmsg_plural("%u row sampled of %llu, as \"max_rows\" says",
		                       "%u rows sampled of %llu, as \"max_rows\" says", dataset->rows,
		                       dataset->rows, (unsigned long long) dataset->arrived)));
	/* Of a single row nothing can be said, and the error that follows says why. */
	if (dataset->rows < 2)
		return;
	tell_dropped(dataset, CP_DROPPED_EMPTY, "all values are NULL");
	tell_dropped(dataset, CP_DROPPED_CONSTANT, "they hold one value only");
	tell_dropped(dataset, CP_DROPPED_ID, "nearly all values are distinct, as in an identifier");
}

void
cp_training_set_read(CpTrainingSet *set, CpBridge *bridge, const char *source, const char *label,
                     const CpOptions *options)
{
	ReadingPlan plan;
	CpDataset *dataset = &set->dataset;
	const char **names;
	CpKind *kinds;

	memset(set, 0, sizeof(*set));
	make_plan(&plan, set, source, label, options);
	names = palloc(plan.nfeatures * sizeof(char *));
	kinds = palloc(plan.nfeatures * sizeof(CpKind));
	for (int f = 0; f < plan.nfeatures; f++)
	{
		names[f] = plan.features[f].name = pstrdup(plan.features[f].name);
		kinds[f] = plan.features[f].reader.kind;
	}
	cp_bridge_check(bridge,
	                cp_dataset_init(dataset, &bridge->context, plan.nfeatures, names, kinds,
	                                plan.weight.column >= 0, plan.time.column >= 0,
	                                (uint32) options->max_rows, (uint64) options->seed),
	                NULL);
	read_rows(&plan, dataset, bridge);
	cp_source_close(&plan.source);
	if (dataset->arrived == 0)
		report_no_rows(&plan);
	cp_label_finish(&plan.label);
	set->positive = cp_label_positive(&plan.label);
	cp_bridge_check(bridge, cp_dataset_finish(dataset), NULL);
	tell(&plan, dataset);
}
