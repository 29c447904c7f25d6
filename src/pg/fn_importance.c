/*
 * fn_importance.c: cp_feature_importance: what each feature is worth to a model.
 */
#include "pg/compat.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"

#include "pg/args.h"
#include "pg/json.h"
#include "pg/scorer.h"

PG_FUNCTION_INFO_V1(cp_feature_importance);

/* As training stored them; columns of the result, the feature before them. */
static const char *const figures[] = {"weight", "gain", "cover", "permutation", "error"};
#define FIGURES lengthof(figures)
#define PERMUTATION 3

typedef struct Worth
{
	char *feature;
	int place; /* in the stored order */
	double figures[FIGURES];
} Worth;

/* By falling permutation, those without one last; else as they are stored. */
static int
compare_worth(const void *left, const void *right)
{
	const Worth *a = left, *b = right;
	double first = a->figures[PERMUTATION], second = b->figures[PERMUTATION];

	if (isnan(first) != isnan(second))
		return isnan(first) ? 1 : -1;
	if (first != second && !isnan(first))
		return first > second ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

static Worth *
read_importance(const CpModelRef *ref, int *count)
{
	Jsonb *stored = cp_store_importance(ref);
	Worth *worths;

	*count = stored == NULL || !JB_ROOT_IS_ARRAY(stored) ? 0 : JB_ROOT_COUNT(stored);
	worths = palloc(*count * sizeof(Worth));
	for (int i = 0; i < *count; i++)
	{
		Jsonb *object = cp_json_element(stored, i);

		worths[i].place = i;
		worths[i].feature = cp_json_get_text(object, "feature");
		for (size_t k = 0; k < FIGURES; k++)
			worths[i].figures[k] = cp_json_get_number(object, figures[k]);
	}
	qsort(worths, *count, sizeof(Worth), compare_worth);
	return worths;
}

Datum
cp_feature_importance(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	int32 version = PG_ARGISNULL(1) ? 0 : cp_required_version(fcinfo, 1);
	CpModelRef ref;
	Worth *worths;
	int count;

	cp_scorer_find(cp_optional_text(fcinfo, 0), version, &ref);
	cp_materialize(fcinfo);
	worths = read_importance(&ref, &count);
	for (int i = 0; i < count; i++)
	{
		Datum values[FIGURES + 1];
		bool nulls[FIGURES + 1];

		values[0] = CStringGetTextDatum(worths[i].feature);
		nulls[0] = false;
		for (size_t k = 0; k < FIGURES; k++)
		{
			values[k + 1] = Float8GetDatum(worths[i].figures[k]);
			nulls[k + 1] = isnan(worths[i].figures[k]);
		}
		tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
	}
	return (Datum) 0;
}
