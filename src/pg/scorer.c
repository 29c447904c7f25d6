/*
 * scorer.c: a model and a row type at hand for the calls of one query.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "pg/scorer.h"

/*
 * What tells two snapshots of one session apart. Between snapshots with the same
 * xmax a transaction can only leave the list of those in progress, so its length
 * says whether one did; the command number tells our own changes apart; and since
 * a rolled-back subtransaction gives command numbers away again, those are counted.
 * The user stands beside it: the right to a model is looked at again when he changes.
 */
typedef struct Situation
{
	TransactionId xmin;
	TransactionId xmax;
	uint32		in_progress;
	int32		sub_in_progress;
	CommandId	command;
	uint64		subtransaction_aborts;
	Oid			user;
} Situation;

/* One model asked for by a query. */
struct CpScorer
{
	CpScorer   *next;
	MemoryContext memory;		/* lives as long as the scorer */
	uint64		resolved;		/* number of the situation it was found in */
	char	   *asked;			/* model name as asked, NULL = default */
	int32		version;		/* as asked */
	CpLoaded   *loaded;
	double	   *vector;
	void	   *scratch;
	CpBinding  *binding;		/* of this type: */
	Oid			type;
	int32		typmod;
};

/* What fn_extra holds: most queries ask for one model, some for one a segment. */
typedef struct ScorerSet
{
	Situation	situation;
	uint64		number;			/* counts changes of the situation, from 1 */
	CpScorer   *scorers;		/* last used first */
} ScorerSet;

static uint64 subtransaction_aborts = 0;

static void
count_aborts(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		subtransaction_aborts++;
}

static void
watch_aborts(void)
{
	static bool registered = false;

	if (!registered)
		RegisterSubXactCallback(count_aborts, NULL);
	registered = true;
}

static bool
is_situation(const Situation *then, Snapshot snapshot)
{
	return then->xmin == snapshot->xmin && then->xmax == snapshot->xmax &&
		then->in_progress == snapshot->xcnt && then->sub_in_progress == snapshot->subxcnt &&
		then->command == snapshot->curcid && then->subtransaction_aborts == subtransaction_aborts &&
		then->user == GetUserId();
}

static void
remember_situation(Situation *now, Snapshot snapshot)
{
	now->xmin = snapshot->xmin;
	now->xmax = snapshot->xmax;
	now->in_progress = snapshot->xcnt;
	now->sub_in_progress = snapshot->subxcnt;
	now->command = snapshot->curcid;
	now->subtransaction_aborts = subtransaction_aborts;
	now->user = GetUserId();
}

/* Find the version that the active snapshot sees and have it loaded and pinned. */
static void
resolve(CpScorer *scorer)
{
	CpModelRef	ref;
	char	   *name = scorer->asked != NULL ? scorer->asked : cp_store_default_name();

	cp_store_find(name, scorer->version, &ref);
	scorer->binding = NULL;
	if (scorer->loaded != NULL && cp_same_model(&scorer->loaded->ref, &ref))
		return;
	scorer->loaded = cp_cache_get(&ref, name, scorer->memory);
	scorer->vector = MemoryContextAlloc(scorer->memory, scorer->loaded->model.map.count * sizeof(double));
	scorer->scratch = MemoryContextAlloc(scorer->memory, scorer->loaded->scratch + 1);
}

static CpScorer *
make(MemoryContext memory, const char *asked, int32 version)
{
	CpScorer   *scorer = MemoryContextAllocZero(memory, sizeof(CpScorer));

	scorer->memory = memory;
	scorer->asked = asked == NULL ? NULL : MemoryContextStrdup(memory, asked);
	scorer->version = version;
	return scorer;
}

static bool
asks_for(const CpScorer *scorer, text *model, int32 version)
{
	if (scorer->version != version || (scorer->asked == NULL) != (model == NULL))
		return false;
	return model == NULL ||
		(strlen(scorer->asked) == VARSIZE_ANY_EXHDR(model) &&
		 memcmp(scorer->asked, VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model)) == 0);
}

/* The scorer of a model as asked for, moved to the front of the list. */
static CpScorer *
find_or_make(ScorerSet *set, MemoryContext memory, text *model, int32 version)
{
	CpScorer  **link = &set->scorers;
	CpScorer   *scorer;

	while (*link != NULL && !asks_for(*link, model, version))
		link = &(*link)->next;
	scorer = *link;
	if (scorer == NULL)
		scorer = make(memory, model == NULL ? NULL : text_to_cstring(model), version);
	else
		*link = scorer->next;
	scorer->next = set->scorers;
	set->scorers = scorer;
	return scorer;
}

CpScorer *
cp_scorer_get(FunctionCallInfo fcinfo, text *model, int32 version)
{
	MemoryContext memory = fcinfo->flinfo->fn_mcxt;
	ScorerSet  *set = fcinfo->flinfo->fn_extra;
	Snapshot	snapshot = GetActiveSnapshot();
	CpScorer   *scorer;

	if (set == NULL)
	{
		watch_aborts();
		set = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(memory, sizeof(ScorerSet));
	}
	if (!is_situation(&set->situation, snapshot))
	{
		remember_situation(&set->situation, snapshot);
		set->number++;
	}
	scorer = set->scorers;
	if (scorer == NULL || !asks_for(scorer, model, version))
		scorer = find_or_make(set, memory, model, version);
	if (scorer->resolved != set->number)
	{
		resolve(scorer);
		scorer->resolved = set->number;
	}
	return scorer;
}

CpScorer *
cp_scorer_make(const char *model)
{
	CpScorer   *scorer = make(CurrentMemoryContext, model, 0);

	resolve(scorer);
	return scorer;
}

const CpModelRef *
cp_scorer_ref(const CpScorer *scorer)
{
	return &scorer->loaded->ref;
}

static double
probability(CpScorer *scorer)
{
	return cp_model_probability(&scorer->loaded->model, scorer->vector, scorer->scratch);
}

double
cp_scorer_tuple(CpScorer *scorer, HeapTuple tuple, TupleDesc descriptor, double *value)
{
	if (scorer->binding == NULL || scorer->type != descriptor->tdtypeid ||
		scorer->typmod != descriptor->tdtypmod)
	{
		MemoryContext caller = MemoryContextSwitchTo(scorer->memory);

		scorer->binding = cp_cache_binding(scorer->loaded, descriptor);
		scorer->type = descriptor->tdtypeid;
		scorer->typmod = descriptor->tdtypmod;
		MemoryContextSwitchTo(caller);
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
	/* The descriptor is looked up when the row's type is another one than last time. */
	if (scorer->binding == NULL || scorer->type != HeapTupleHeaderGetTypeId(record) ||
		scorer->typmod != HeapTupleHeaderGetTypMod(record))
	{
		TupleDesc	descriptor = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(record),
														HeapTupleHeaderGetTypMod(record));
		double		result = cp_scorer_tuple(scorer, &tuple, descriptor, value);

		ReleaseTupleDesc(descriptor);
		return result;
	}
	cp_vector_of_tuple(&scorer->loaded->model.map, scorer->binding, &tuple, scorer->vector, value);
	return probability(scorer);
}

double
cp_scorer_jsonb(CpScorer *scorer, Jsonb *object, double *value)
{
	cp_vector_of_jsonb(&scorer->loaded->model.map, object, scorer->loaded->name, scorer->vector, value);
	return probability(scorer);
}
