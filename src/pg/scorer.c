/*
 * scorer.c: a model and a row type at hand for the calls of one query.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "decide/response.h"
#include "pg/args.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/scorer.h"
#include "pg/situation.h"

/* Versions found in a situation: a later query in the same one need not look again. */
typedef struct Found
{
	uint64 situation;
	int32 version; /* as asked */
	char *name;
	CpModelRef ref;
} Found;

#define MAX_FOUND 8

static Found found[MAX_FOUND];
static int next_found = 0;

/* An explainer and where its memory comes from. */
typedef struct Explaining
{
	CpBridge bridge;
	CpExplainer explainer;
} Explaining;

/* One model asked for by a query. */
struct CpScorer
{
	CpScorer *next;
	MemoryContext memory; /* lives as long as the scorer */
	uint64 situation;     /* number of the one it was found in, 0 = not yet */
	char *asked;          /* model name, NULL = the only one deployed */
	int32 version;        /* as asked */
	CpLoaded *loaded;
	double *vector;
	void *scratch;
	CpBinding *binding; /* of this type: */
	Oid type;
	int32 typmod;
	Explaining *explaining; /* NULL = not needed yet */
	TupleDesc result_type;  /* of the calling function, NULL = not looked up yet */
};

static void
remember(const char *name, int32 version, const CpModelRef *ref)
{
	Found *entry = &found[next_found];
	char *copy = MemoryContextStrdup(TopMemoryContext, name);

	if (entry->name != NULL)
		pfree(entry->name);
	entry->name = copy;
	entry->version = version;
	entry->situation = cp_situation();
	entry->ref = *ref;
	next_found = (next_found + 1) % MAX_FOUND;
}

/* The version that the active snapshot sees, if the user may use it. */
static void
find_version(const char *name, int32 version, CpModelRef *ref)
{
	for (int i = 0; cp_may_remember() && i < MAX_FOUND; i++)
		if (found[i].situation == cp_situation() && found[i].version == version &&
		    strcmp(found[i].name, name) == 0)
		{
			*ref = found[i].ref;
			return;
		}
	cp_store_find(name, version, ref);
	remember(name, version, ref);
}

/* The setting, NULL when it is empty. */
static const char *
default_setting(void)
{
	return cp_default_model != NULL && cp_default_model[0] != '\0' ? cp_default_model : NULL;
}

/* The only model deployed, for a call that names none. */
static const char *
only_name(void)
{
	static uint64 looked = 0;
	static char *only = NULL;

	if (looked != cp_situation() || !cp_may_remember())
	{
		char *name = cp_store_only_name();

		if (only != NULL)
			pfree(only);
		only = NULL;
		only = MemoryContextStrdup(TopMemoryContext, name);
		looked = cp_situation();
	}
	return only;
}

/* Find the version that the active snapshot sees and have it loaded and pinned. */
static void
resolve(CpScorer *scorer)
{
	CpModelRef ref;
	const char *name = scorer->asked != NULL ? scorer->asked : only_name();

	find_version(name, scorer->version, &ref);
	scorer->binding = NULL;
	scorer->situation = cp_situation();
	if (scorer->loaded != NULL && cp_same_model(&scorer->loaded->ref, &ref))
		return;
	if (scorer->explaining != NULL)
	{
		cp_explainer_free(&scorer->explaining->explainer);
		pfree(scorer->explaining);
		scorer->explaining = NULL;
	}
	scorer->loaded = cp_cache_get(&ref, name, scorer->memory);
	/* One chunk, since every execution of a prepared statement makes it anew. */
	scorer->vector = MemoryContextAlloc(
		scorer->memory, scorer->loaded->model.map.count * sizeof(double) + scorer->loaded->scratch);
	scorer->scratch = scorer->vector + scorer->loaded->model.map.count;
}

static CpScorer *
make(MemoryContext memory, const char *asked, int32 version)
{
	CpScorer *scorer = MemoryContextAllocZero(memory, sizeof(CpScorer));

	scorer->memory = memory;
	scorer->asked = asked == NULL ? NULL : MemoryContextStrdup(memory, asked);
	scorer->version = version;
	return scorer;
}

static bool
asks_for(const CpScorer *scorer, const char *name, size_t length, int32 version)
{
	if (scorer->version != version || (scorer->asked == NULL) != (name == NULL))
		return false;
	return name == NULL ||
	       (strlen(scorer->asked) == length && memcmp(scorer->asked, name, length) == 0);
}

/*
 * The scorer of a model as asked for, moved to the front of the list in fn_extra:
 * most queries ask for one model, some for one a segment.
 */
static CpScorer *
find_or_make(FmgrInfo *function, const char *name, size_t length, int32 version)
{
	CpScorer *first = function->fn_extra;
	CpScorer *before = NULL;
	CpScorer *scorer;

	for (scorer = first; scorer != NULL && !asks_for(scorer, name, length, version);
	     scorer = scorer->next)
		before = scorer;
	if (scorer == NULL)
		scorer = make(function->fn_mcxt, name == NULL ? NULL : pnstrdup(name, length), version);
	else if (before != NULL)
		before->next = scorer->next;
	if (scorer != first)
		scorer->next = first;
	function->fn_extra = scorer;
	return scorer;
}

CpScorer *
cp_scorer_get(FunctionCallInfo fcinfo, text *model, int32 version)
{
	const char *name = model != NULL ? VARDATA_ANY(model) : default_setting();
	size_t length = model != NULL ? VARSIZE_ANY_EXHDR(model) : name != NULL ? strlen(name) : 0;
	CpScorer *scorer = find_or_make(fcinfo->flinfo, name, length, version);

	if (scorer->situation != cp_situation())
		resolve(scorer);
	return scorer;
}

CpScorer *
cp_scorer_make(const char *model)
{
	CpScorer *scorer = make(CurrentMemoryContext, model != NULL ? model : default_setting(), 0);

	resolve(scorer);
	return scorer;
}

const char *
cp_scorer_find(const char *model, int32 version, CpModelRef *ref)
{
	const char *name = model != NULL ? model : default_setting();

	if (name == NULL)
		name = cp_store_only_name();
	cp_store_find(name, version, ref);
	return name;
}

CpExplainer *
cp_scorer_explainer(CpScorer *scorer, const CpBridge **bridge)
{
	Explaining *explaining = scorer->explaining;

	if (explaining == NULL)
	{
		explaining = MemoryContextAlloc(scorer->memory, sizeof(Explaining));
		cp_bridge_init(&explaining->bridge, scorer->memory, 0);
		cp_bridge_check(&explaining->bridge,
		                cp_explainer_init(&explaining->explainer, &explaining->bridge.context,
		                                  &scorer->loaded->model),
		                NULL);
		scorer->explaining = explaining;
	}
	*bridge = &explaining->bridge;
	return &explaining->explainer;
}

const double *
cp_scorer_vector(const CpScorer *scorer)
{
	return scorer->vector;
}

const CpFeatureMap *
cp_scorer_map(const CpScorer *scorer)
{
	return &scorer->loaded->model.map;
}

char *
cp_scorer_text(const CpScorer *scorer, Jsonb *object, uint32 feature)
{
	return object == NULL ? cp_text_of_tuple(scorer->binding, feature)
	                      : cp_text_of_jsonb(&scorer->loaded->model.map, object, feature);
}

TupleDesc
cp_scorer_result_type(CpScorer *scorer, FunctionCallInfo fcinfo)
{
	MemoryContext caller;

	if (scorer->result_type != NULL)
		return scorer->result_type;
	caller = MemoryContextSwitchTo(scorer->memory);
	scorer->result_type = cp_returned_type(fcinfo);
	MemoryContextSwitchTo(caller);
	return scorer->result_type;
}

const CpModelRef *
cp_scorer_ref(const CpScorer *scorer)
{
	return &scorer->loaded->ref;
}

const char *
cp_scorer_model(const CpScorer *scorer)
{
	return scorer->loaded->name;
}

static double
number_or(Jsonb *object, const char *key, double otherwise)
{
	double number = cp_json_get_number(object, key);

	return isnan(number) ? otherwise : number;
}

double
cp_scorer_hazard(CpScorer *scorer, double probability)
{
	CpLoaded *loaded = scorer->loaded;

	if (loaded->horizon == 0)
	{
		Jsonb *options = cp_store_options(&loaded->ref);

		loaded->churn_rate = cp_store_churn_rate(&loaded->ref);
		loaded->base_rate = number_or(options, "base_rate", 0);
		loaded->horizon = number_or(options, "horizon_months", 1);
	}
	return cp_monthly_hazard(probability, loaded->horizon, loaded->base_rate, loaded->churn_rate);
}

static double
probability(CpScorer *scorer)
{
	return cp_model_probability(&scorer->loaded->model, scorer->vector, scorer->scratch);
}

static void
bind(CpScorer *scorer, TupleDesc descriptor)
{
	MemoryContext caller = MemoryContextSwitchTo(scorer->memory);

	scorer->binding = cp_cache_binding(scorer->loaded, descriptor);
	MemoryContextSwitchTo(caller);
}

static bool
is_bound(const CpScorer *scorer, Oid type, int32 typmod)
{
	return scorer->binding != NULL && scorer->type == type && scorer->typmod == typmod;
}

/* Bind another row type than last time; its descriptor is looked up only when it is new to the model. */
static void
bind_type(CpScorer *scorer, Oid type, int32 typmod)
{
	scorer->type = type;
	scorer->typmod = typmod;
	scorer->binding = cp_cache_find_binding(scorer->loaded, type, typmod);
	if (scorer->binding == NULL)
	{
		TupleDesc descriptor = lookup_rowtype_tupdesc(type, typmod);

		bind(scorer, descriptor);
		ReleaseTupleDesc(descriptor);
	}
}

double
cp_scorer_tuple(CpScorer *scorer, HeapTuple tuple, TupleDesc descriptor, double *value)
{
	if (!is_bound(scorer, descriptor->tdtypeid, descriptor->tdtypmod))
	{
		scorer->type = descriptor->tdtypeid;
		scorer->typmod = descriptor->tdtypmod;
		bind(scorer, descriptor);
	}
	cp_vector_of_tuple(&scorer->loaded->model.map, scorer->binding, tuple, scorer->vector, value);
	return probability(scorer);
}

double
cp_scorer_record(CpScorer *scorer, HeapTupleHeader record, double *value)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	if (!is_bound(scorer, HeapTupleHeaderGetTypeId(record), HeapTupleHeaderGetTypMod(record)))
		bind_type(scorer, HeapTupleHeaderGetTypeId(record), HeapTupleHeaderGetTypMod(record));
	cp_vector_of_tuple(&scorer->loaded->model.map, scorer->binding, &tuple, scorer->vector, value);
	return probability(scorer);
}

double
cp_scorer_jsonb(CpScorer *scorer, Jsonb *object, double *value)
{
	cp_vector_of_jsonb(&scorer->loaded->model.map, object, scorer->loaded->name, scorer->vector,
	                   value);
	return probability(scorer);
}
