/*
 * model_cache.c: models loaded in this session.
 */
#include "pg/compat.h"

#include "utils/memutils.h"
#include "utils/typcache.h"

#include "pg/bridge.h"
#include "pg/guc.h"
#include "pg/model_cache.h"

/* Row types bound to one model; beyond it a binding lives as long as the query. */
#define MAX_BINDINGS 64

typedef struct CachedBinding
{
	struct CachedBinding *next;
	Oid type;
	int32 typmod;
	uint64 identity; /* changes when the type is altered */
	CpBinding *binding;
} CachedBinding;

static dlist_head entries = DLIST_STATIC_INIT(entries);
static MemoryContext cache_memory = NULL;

static CpLoaded *
find_entry(const CpModelRef *ref)
{
	dlist_iter iter;

	dlist_foreach(iter, &entries)
	{
		CpLoaded *loaded = dlist_container(CpLoaded, node, iter.cur);

		if (cp_same_model(&loaded->ref, ref))
			return loaded;
	}
	return NULL;
}

static void
drop_entry(CpLoaded *loaded)
{
	dlist_delete(&loaded->node);
	MemoryContextDelete(loaded->memory);
}

/* Make room: least recently used first, never what a query uses. */
static void
evict(void)
{
	Size allowed = (Size) cp_cache_memory * 1024;
	Size used = MemoryContextMemAllocated(cache_memory, true);

	while (used > allowed && !dlist_is_empty(&entries))
	{
		dlist_node *node = dlist_tail_node(&entries);
		CpLoaded *loaded = dlist_container(CpLoaded, node, node);

		while (loaded->pins > 0 && dlist_has_prev(&entries, node))
		{
			node = dlist_prev_node(&entries, node);
			loaded = dlist_container(CpLoaded, node, node);
		}
		if (loaded->pins > 0)
			break;
		used -= MemoryContextMemAllocated(loaded->memory, true);
		drop_entry(loaded);
	}
}

/* Read and check the bytes in a context that becomes part of the cache only when all went well. */
static CpLoaded *
load(const CpModelRef *ref, const char *name)
{
	MemoryContext memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent model", ALLOCSET_DEFAULT_SIZES);
	bytea *bytes = cp_store_bytes(ref);
	CpLoaded *loaded = MemoryContextAllocZero(memory, sizeof(CpLoaded));
	CpBridge *bridge = MemoryContextAlloc(memory, sizeof(CpBridge));

	cp_bridge_init(bridge, memory, 0);
	loaded->memory = memory;
	loaded->ref = *ref;
	loaded->name = MemoryContextStrdup(memory, name);
	cp_bridge_check(
		bridge,
		cp_model_read(&loaded->model, &bridge->context, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ),
		psprintf("model \"%s\" version %d", name, ref->version));
	loaded->scratch = cp_ensemble_scratch(&loaded->model.ensemble);
	pfree(bytes);
	MemoryContextSetParent(memory, cache_memory);
	dlist_push_head(&entries, &loaded->node);
	return loaded;
}

static void
unpin(void *arg)
{
	((CpLoaded *) arg)->pins--;
}

CpLoaded *
cp_cache_get(const CpModelRef *ref, const char *name, MemoryContext owner)
{
	CpLoaded *loaded = find_entry(ref);
	MemoryContextCallback *callback;
	bool is_new;

	if (cache_memory == NULL)
		cache_memory =
			AllocSetContextCreate(TopMemoryContext, "churnprevent models", ALLOCSET_SMALL_SIZES);
	callback = MemoryContextAlloc(owner, sizeof(MemoryContextCallback));
	is_new = loaded == NULL;
	if (is_new)
		loaded = load(ref, name);
	else
		dlist_move_head(&entries, &loaded->node);
	callback->func = unpin;
	callback->arg = loaded;
	loaded->pins++;
	MemoryContextRegisterResetCallback(owner, callback);
	if (is_new)
		evict();
	return loaded;
}

CpBinding *
cp_cache_find_binding(const CpLoaded *loaded, Oid type, int32 typmod)
{
	uint64 identity = assign_record_type_identifier(type, typmod);

	for (CachedBinding *cached = loaded->bindings; cached != NULL; cached = cached->next)
		if (cached->type == type && cached->typmod == typmod && cached->identity == identity)
			return cached->binding;
	return NULL;
}

CpBinding *
cp_cache_binding(CpLoaded *loaded, TupleDesc descriptor)
{
	CpBinding *binding = cp_cache_find_binding(loaded, descriptor->tdtypeid, descriptor->tdtypmod);
	CachedBinding *cached;
	MemoryContext caller;

	if (binding != NULL)
		return binding;
	if (loaded->nbindings >= MAX_BINDINGS)
		return cp_bind(&loaded->model.map, descriptor, loaded->name);
	caller = MemoryContextSwitchTo(loaded->memory);
	cached = palloc(sizeof(CachedBinding));
	cached->binding = cp_bind(&loaded->model.map, descriptor, loaded->name);
	MemoryContextSwitchTo(caller);
	cached->type = descriptor->tdtypeid;
	cached->typmod = descriptor->tdtypmod;
	cached->identity = assign_record_type_identifier(descriptor->tdtypeid, descriptor->tdtypmod);
	cached->next = loaded->bindings;
	loaded->bindings = cached;
	loaded->nbindings++;
	return cached->binding;
}
