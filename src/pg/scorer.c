/*
 * scorer.c: a model and a row type at hand for the calls of one query.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "pg/scorer.h"

/*
 * What tells two snapshots of one session apart. Between snapshots with the same
 * xmax a transaction can only leave the list of those in progress, so its length
 * says whether one did; the command number tells our own changes apart; and since
 * a rolled-back subtransaction gives command numbers away again, those are counted.
 */
typedef struct SnapshotKey
{
	TransactionId xmin;
	TransactionId xmax;
	uint32		in_progress;
	int32		sub_in_progress;
	CommandId	command;
	uint64		subtransaction_aborts;
} SnapshotKey;

struct CpScorer
{
	MemoryContext memory;		/* lives as long as the scorer */
	bool		is_resolved;
	SnapshotKey key;
	char	   *asked;			/* model name as asked, NULL = default */
	int32		version;		/* as asked */
	CpLoaded   *loaded;
	double	   *vector;
	uint8	   *scratch;
	CpBinding  *binding;		/* of this type: */
	Oid			type;
	int32		typmod;
};

static uint64 subtransaction_aborts = 0;

static void
count_aborts(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		subtransaction_aborts++;
}

static bool
same_snapshot(const SnapshotKey *key, Snapshot snapshot)
{
	return key->xmin == snapshot->xmin && key->xmax == snapshot->xmax &&
		key->in_progress == snapshot->xcnt && key->sub_in_progress == snapshot->subxcnt &&
		key->command == snapshot->curcid && key->subtransaction_aborts == subtransaction_aborts;
}

static void
remember_snapshot(SnapshotKey *key, Snapshot snapshot)
{
	key->xmin = snapshot->xmin;
	key->xmax = snapshot->xmax;
	key->in_progress = snapshot->xcnt;
	key->sub_in_progress = snapshot->subxcnt;
	key->command = snapshot->curcid;
	key->subtransaction_aborts = subtransaction_aborts;
}

static void
use_loaded(CpScorer *scorer, CpLoaded *loaded)
{
	scorer->loaded = loaded;
	scorer->vector = MemoryContextAlloc(scorer->memory, loaded->model.map.count * sizeof(double));
	scorer->scratch = MemoryContextAlloc(scorer->memory, loaded->scratch + 1);
}

/* Find the version that the active snapshot sees and have it loaded and pinned. */
static void
resolve(CpScorer *scorer)
{
	CpModelRef	ref;
	char	   *name = scorer->asked != NULL ? scorer->asked : cp_store_default_name();

	cp_store_find(name, scorer->version, &ref);
	scorer->binding = NULL;
	if (scorer->loaded == NULL || scorer->loaded->ref.model_id != ref.model_id ||
		scorer->loaded->ref.checksum != ref.checksum)
		use_loaded(scorer, cp_cache_get(&ref, name, scorer->memory));
	remember_snapshot(&scorer->key, GetActiveSnapshot());
	scorer->is_resolved = true;
}

static CpScorer *
make(MemoryContext memory)
{
	static bool registered = false;
	CpScorer   *scorer = MemoryContextAllocZero(memory, sizeof(CpScorer));

	if (!registered)
		RegisterSubXactCallback(count_aborts, NULL);
	registered = true;
	scorer->memory = memory;
	return scorer;
}

static bool
same_model(const CpScorer *scorer, text *model, int32 version)
{
	if (scorer->version != version || (scorer->asked == NULL) != (model == NULL))
		return false;
	return model == NULL ||
		(strlen(scorer->asked) == VARSIZE_ANY_EXHDR(model) &&
		 memcmp(scorer->asked, VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model)) == 0);
}

static void
ask_for(CpScorer *scorer, text *model, int32 version)
{
	char	   *name = model == NULL ? NULL : text_to_cstring(model);

	if (scorer->asked != NULL)
		pfree(scorer->asked);
	scorer->asked = name == NULL ? NULL : MemoryContextStrdup(scorer->memory, name);
	scorer->version = version;
	scorer->is_resolved = false;
}

CpScorer *
cp_scorer_get(FunctionCallInfo fcinfo, text *model, int32 version)
{
	CpScorer   *scorer = fcinfo->flinfo->fn_extra;

	if (scorer == NULL)
		scorer = fcinfo->flinfo->fn_extra = make(fcinfo->flinfo->fn_mcxt);
	if (!scorer->is_resolved || !same_model(scorer, model, version))
		ask_for(scorer, model, version);
	if (!scorer->is_resolved || !same_snapshot(&scorer->key, GetActiveSnapshot()))
		resolve(scorer);
	return scorer;
}

CpScorer *
cp_scorer_make(const char *model)
{
	CpScorer   *scorer = make(CurrentMemoryContext);

	scorer->asked = pstrdup(model);
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
