/*
 * model_cache.h: models loaded in this session.
 *
 * Only immutable things are kept: the bytes of a version never change, so an
 * entry never goes stale, whatever is deployed, dropped or rolled back. Which
 * version a query uses is asked of the store each time.
 *
 * Each entry has a memory context of its own. Entries in use by a query are
 * pinned; of the others the least recently used are dropped when all together
 * pass churnprevent.cache_memory. Bindings of row types live with their entry.
 */
#ifndef CP_MODEL_CACHE_H
#define CP_MODEL_CACHE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "lib/ilist.h"

#include "learn/model.h"
#include "pg/features.h"
#include "pg/model_store.h"

typedef struct CpLoaded
{
	dlist_node node; /* in order of use, most recent first */
	CpModelRef ref;
	MemoryContext memory;
	CpModel model;
	char *name;
	size_t scratch;    /* bytes that scoring a row needs */
	double horizon;    /* months over which its label says who left; 0 = not looked up yet, as: */
	double base_rate;  /* of all customers, 0 = that of the rows learned from */
	double churn_rate; /* of these rows */
	int pins;
	struct CachedBinding *bindings;
	int nbindings;
} CpLoaded;

/* The loaded model, pinned until `owner` is deleted or reset. */
extern CpLoaded *cp_cache_get(const CpModelRef *ref, const char *name, MemoryContext owner);

/* The binding of a row type to a loaded model. */
extern CpBinding *cp_cache_binding(CpLoaded *loaded, TupleDesc descriptor);

/* The same when it was made before, else NULL: no descriptor is needed for it. */
extern CpBinding *cp_cache_find_binding(const CpLoaded *loaded, Oid type, int32 typmod);

#endif
