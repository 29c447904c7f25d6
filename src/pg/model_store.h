/*
 * model_store.h: the only file that touches our tables of models.
 *
 * Reading is by index probes under the active snapshot: what is deployed is
 * decided once per query, by the snapshot that sees the query's data, and works
 * the same on a standby. Writing is by a few fixed statements, run as the owner
 * of the tables with a search path of pg_catalog alone; the caller's own right
 * to the model is checked first.
 */
#ifndef CP_MODEL_STORE_H
#define CP_MODEL_STORE_H

#include "postgres.h"

#include "utils/jsonb.h"

/* What one version of a model is known by. Its bytes never change and its id is never given again. */
typedef struct CpModelRef
{
	Oid table; /* churnprevent.model: another one after DROP and CREATE EXTENSION */
	int64 model_id;
	int64 checksum;
	int32 version;
	Oid owner;
} CpModelRef;

static inline bool
cp_same_model(const CpModelRef *a, const CpModelRef *b)
{
	return a->model_id == b->model_id && a->table == b->table && a->checksum == b->checksum;
}

/*
 * The deployed version of a name (version 0), or the version asked for. Raises
 * an error when there is none or the current user may not use it.
 */
extern void cp_store_find(const char *name, int32 version, CpModelRef *ref);

/* The only name that is deployed; an error when there is none or several. */
extern char *cp_store_only_name(void);

/* Bytes of a version, visible to the active snapshot; in the current memory context. */
extern bytea *cp_store_bytes(const CpModelRef *ref);

/* Held-out scores of a version, NULL when it has none. */
extern bytea *cp_store_holdout(const CpModelRef *ref);

/* Whose rows it was trained on (customer_filter.h), NULL when it kept no ids. */
extern bytea *cp_store_customers(const CpModelRef *ref);

/* The reference that drift is measured against, NULL when it has none. */
extern bytea *cp_store_profile(const CpModelRef *ref);

/* Its options and the name of its label column, as stored. */
extern Jsonb *cp_store_options(const CpModelRef *ref);
extern char *cp_store_label(const CpModelRef *ref);

/* Table or query that it was trained on, which only members of its owner are told. */
extern char *cp_store_source(const CpModelRef *ref);

/* Share of the rows it was trained on that churned. */
extern double cp_store_churn_rate(const CpModelRef *ref);

/* What its features are worth, as stored. */
extern Jsonb *cp_store_importance(const CpModelRef *ref);

/* A version about to be stored; texts and documents as the columns of churnprevent.model. */
typedef struct CpNewModel
{
	const char *name;
	const char *source;
	const char *label;
	Jsonb *options;
	Jsonb *features;
	Jsonb *roles;
	Jsonb *metrics;
	Jsonb *weights;
	Jsonb *ensemble;
	Jsonb *importance;
	int64 rows;
	double churn_rate; /* of all rows */
	int32 feature_count;
	double seconds;
	int64 checksum;
	bytea *bytes;
	bytea *holdout;
	bytea *customers; /* see customer_filter.h; NULL = not known */
	bytea *profile;   /* what they looked like, see stats/profile.h */
	bool deploy;
} CpNewModel;

/* May the current user add a version under this name? Raises an error if not. */
extern void cp_store_check_owner(const char *name);

/*
 * Have others who would change the model wait until the end of the transaction; who had to wait
 * itself sees what they did: a snapshot is left active. An error unless the user owns the model.
 */
extern void cp_store_lock(const char *name);

/* Store it, deploy it if wished. Returns the version. */
extern int32 cp_store_insert(const CpNewModel *model);

/* Make a version the deployed one. how: 'version', 'best', 'latest' or 'rollback'. Returns the version. */
extern int32 cp_store_deploy(const char *name, int32 version, const char *how);

/* Remove one version, or with version 0 the whole model. Returns how many versions went. */
extern int32 cp_store_drop(const char *name, int32 version);

/* Let a role use a model, or no longer. InvalidOid: everybody. */
extern void cp_store_grant(const char *name, Oid role, bool grant);

#endif
