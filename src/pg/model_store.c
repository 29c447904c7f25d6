/*
 * model_store.c: the only file that touches our tables of models.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/model_store.h"
#include "pg/store.h"

/* Columns by position, as sql/10_model.sql makes them. */
enum
{
	MODEL_ID = 1,
	MODEL_NAME,
	MODEL_VERSION,
	MODEL_OWNER,
	MODEL_CHECKSUM,
	MODEL_CREATED,
	MODEL_SECONDS,
	MODEL_SOURCE,
	MODEL_LABEL,
	MODEL_OPTIONS,
	MODEL_ROLES,
	MODEL_ROWS,
	MODEL_CHURN_RATE,
	MODEL_FEATURE_COUNT,
	MODEL_FEATURES,
	MODEL_WEIGHTS,
	MODEL_METRICS,
	MODEL_ENSEMBLE,
	MODEL_IMPORTANCE,
	MODEL_BYTES,
	MODEL_HOLDOUT,
	MODEL_CUSTOMERS,
	MODEL_PROFILE
};
enum
{
	DEPLOYMENT_ID = 1,
	DEPLOYMENT_NAME,
	DEPLOYMENT_MODEL_ID
};
enum
{
	GRANT_NAME = 1,
	GRANT_GRANTEE
};

/* A name is a key of indexes. */
#define MAX_NAME_LENGTH 255

/* --- lookups ------------------------------------------------------------ */

static void
id_key(ScanKey key, int64 model_id)
{
	ScanKeyInit(key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(model_id));
}

static void
fill_ref(CpProbe *probe, CpModelRef *ref)
{
	ref->table = RelationGetRelid(probe->table);
	ref->model_id = DatumGetInt64(cp_probe_value(probe, MODEL_ID));
	ref->version = DatumGetInt32(cp_probe_value(probe, MODEL_VERSION));
	ref->owner = DatumGetObjectId(cp_probe_value(probe, MODEL_OWNER));
	ref->checksum = DatumGetInt64(cp_probe_value(probe, MODEL_CHECKSUM));
}

static bool
find_version(const char *name, int32 version, CpModelRef *ref)
{
	ScanKeyData keys[2];
	CpProbe probe;
	bool found;

	cp_text_key(&keys[0], 1, name);
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(version));
	cp_probe_begin(&probe, "model", "model_name_version_key", keys, 2);
	found = cp_probe_next(&probe, ForwardScanDirection);
	if (found)
		fill_ref(&probe, ref);
	cp_probe_end(&probe);
	return found;
}

/* The last deployment of a name says which version scores. */
static bool
find_deployed(const char *name, CpModelRef *ref)
{
	ScanKeyData key;
	CpProbe probe;
	bool found;
	int64 model_id = 0;

	cp_text_key(&key, 1, name);
	cp_probe_begin(&probe, "deployment", "deployment_by_name", &key, 1);
	found = cp_probe_next(&probe, BackwardScanDirection);
	if (found)
		model_id = DatumGetInt64(cp_probe_value(&probe, DEPLOYMENT_MODEL_ID));
	cp_probe_end(&probe);
	if (!found)
		return false;
	id_key(&key, model_id);
	cp_probe_begin(&probe, "model", "model_pkey", &key, 1);
	found = cp_probe_next(&probe, ForwardScanDirection);
	if (found)
		fill_ref(&probe, ref);
	cp_probe_end(&probe);
	return found;
}

static bool
is_granted(const char *name)
{
	ScanKeyData key;
	CpProbe probe;
	bool granted = false;

	cp_text_key(&key, 1, name);
	cp_probe_begin(&probe, "model_grant", "model_grant_pkey", &key, 1);
	while (!granted && cp_probe_next(&probe, ForwardScanDirection))
	{
		Oid grantee = DatumGetObjectId(cp_probe_value(&probe, GRANT_GRANTEE));

		granted = grantee == InvalidOid || has_privs_of_role(GetUserId(), grantee);
	}
	cp_probe_end(&probe);
	return granted;
}

static bool
model_exists(const char *name)
{
	ScanKeyData key;
	CpProbe probe;
	bool found;

	cp_text_key(&key, 1, name);
	cp_probe_begin(&probe, "model", "model_name_version_key", &key, 1);
	found = cp_probe_next(&probe, ForwardScanDirection);
	cp_probe_end(&probe);
	return found;
}

static void
report_absent(const char *name, int32 version)
{
	if (!model_exists(name))
		ereport(
			ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("model \"%s\" does not exist", name),
		     errhint("The view churnprevent.model_summary lists models; cp_train makes them.")));
	if (version == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_OBJECT),
		         errmsg("model \"%s\" has no deployed version", name),
		         errhint("Deploy one: SELECT cp_deploy(%s, 'latest').", quote_literal_cstr(name))));
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
	                errmsg("model \"%s\" has no version %d", name, version),
	                errhint("The view churnprevent.model_summary lists versions.")));
}

void
cp_store_find(const char *name, int32 version, CpModelRef *ref)
{
	if (!(version == 0 ? find_deployed(name, ref) : find_version(name, version, ref)))
		report_absent(name, version);
	if (!has_privs_of_role(GetUserId(), ref->owner) && !is_granted(name))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("permission denied for model \"%s\"", name),
		                errhint("Its owner can give it: SELECT cp_grant_model(%s, %s).",
		                        quote_literal_cstr(name),
		                        quote_literal_cstr(GetUserNameFromId(GetUserId(), false)))));
}

/* Name of the first or the last deployment in order of names, NULL when there is none. */
static char *
outermost_name(ScanDirection direction)
{
	CpProbe probe;
	char *name = NULL;

	cp_probe_begin(&probe, "deployment", "deployment_by_name", NULL, 0);
	if (cp_probe_next(&probe, direction))
		name = TextDatumGetCString(cp_probe_value(&probe, DEPLOYMENT_NAME));
	cp_probe_end(&probe);
	return name;
}

char *
cp_store_only_name(void)
{
	char *first = outermost_name(ForwardScanDirection);
	char *last = outermost_name(BackwardScanDirection);

	if (first == NULL || strcmp(first, last) != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("no model is named"),
		         first == NULL
		             ? errdetail("No model is deployed.")
		             : errdetail("Several models are deployed, \"%s\" and \"%s\" among them.",
		                         first, last),
		         errhint("Name one in the call, or set \"churnprevent.default_model\".")));
	return first;
}

/* One column of a version's row, copied; NULL when it is NULL. */
static struct varlena *
read_column(const CpModelRef *ref, int column)
{
	ScanKeyData key;
	CpProbe probe;
	struct varlena *copy = NULL;

	id_key(&key, ref->model_id);
	cp_probe_begin(&probe, "model", "model_pkey", &key, 1);
	if (cp_probe_next(&probe, ForwardScanDirection))
		copy = cp_probe_copy(&probe, column);
	cp_probe_end(&probe);
	return copy;
}

bytea *
cp_store_bytes(const CpModelRef *ref)
{
	bytea *bytes = (bytea *) read_column(ref, MODEL_BYTES);

	if (bytes == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("model %lld does not exist", (long long) ref->model_id)));
	return bytes;
}

bytea *
cp_store_holdout(const CpModelRef *ref)
{
	return (bytea *) read_column(ref, MODEL_HOLDOUT);
}

bytea *
cp_store_customers(const CpModelRef *ref)
{
	return (bytea *) read_column(ref, MODEL_CUSTOMERS);
}

bytea *
cp_store_profile(const CpModelRef *ref)
{
	return (bytea *) read_column(ref, MODEL_PROFILE);
}

Jsonb *
cp_store_options(const CpModelRef *ref)
{
	return (Jsonb *) read_column(ref, MODEL_OPTIONS);
}

Jsonb *
cp_store_importance(const CpModelRef *ref)
{
	return (Jsonb *) read_column(ref, MODEL_IMPORTANCE);
}

char *
cp_store_label(const CpModelRef *ref)
{
	return text_to_cstring((text *) read_column(ref, MODEL_LABEL));
}

char *
cp_store_source(const CpModelRef *ref)
{
	if (!has_privs_of_role(GetUserId(), ref->owner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("only its owner may use the source that a model was trained on"),
		                errhint("Name a source in the call.")));
	return text_to_cstring((text *) read_column(ref, MODEL_SOURCE));
}

double
cp_store_churn_rate(const CpModelRef *ref)
{
	ScanKeyData key;
	CpProbe probe;
	double rate = NAN;

	id_key(&key, ref->model_id);
	cp_probe_begin(&probe, "model", "model_pkey", &key, 1);
	if (cp_probe_next(&probe, ForwardScanDirection))
		rate = DatumGetFloat8(cp_probe_value(&probe, MODEL_CHURN_RATE));
	cp_probe_end(&probe);
	return rate;
}

/* --- statements --------------------------------------------------------- */

static void
report_foreign_owner(const char *name, Oid owner)
{
	char *role = GetUserNameFromId(owner, true);

	ereport(ERROR,
	        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("must be owner of model \"%s\"", name),
	         role != NULL ? errdetail("It belongs to role \"%s\".", role)
	                      : errdetail("It belongs to a role that no longer exists."),
	         role != NULL ? 0 : errhint("A superuser can drop the model.")));
}

/* The owner of a name, InvalidOid when nobody has trained it; to be called elevated. */
static Oid
owner_of(const char *name)
{
	Datum value = CStringGetTextDatum(name);
	Oid type = TEXTOID;

	if (!cp_run("SELECT owner FROM churnprevent.model WHERE name = $1 LIMIT 1", 1, &type, &value,
	            NULL))
		return InvalidOid;
	return DatumGetObjectId(cp_result(1));
}

/*
 * Lock a name for the rest of the transaction and see that the caller owns it.
 * Who makes the first version becomes the owner.
 */
static Oid
lock_name(const char *name, Oid caller)
{
	Datum value = CStringGetTextDatum(name);
	Oid type = TEXTOID;
	Oid owner;

	/* An update, not FOR UPDATE: under REPEATABLE READ who comes second must fail, not act on what was. */
	cp_run("UPDATE churnprevent.model_name SET last_version = last_version WHERE name = $1", 1,
	       &type, &value, NULL);
	owner = owner_of(name);
	if (OidIsValid(owner) && !has_privs_of_role(caller, owner))
		report_foreign_owner(name, owner);
	return owner;
}

/*
 * The same for a model that must exist. Leaves a snapshot active that sees what
 * was done while the lock was waited for.
 */
static void
lock_model(const char *name, Oid caller)
{
	Oid owner = lock_name(name, caller);

	PushActiveSnapshot(GetTransactionSnapshot());
	if (!OidIsValid(owner))
		report_absent(name, 0);
}

void
cp_store_lock(const char *name)
{
	Oid caller = GetUserId();
	CpElevation elevation;

	cp_elevate(&elevation);
	lock_model(name, caller);
	PopActiveSnapshot();
	cp_descend(&elevation);
	PushActiveSnapshot(GetTransactionSnapshot());
}

void
cp_store_check_owner(const char *name)
{
	CpElevation elevation;
	Oid owner;

	if (name[0] == '\0' || strlen(name) > MAX_NAME_LENGTH)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                errmsg("a model's name must have 1 to %d bytes", MAX_NAME_LENGTH),
		                errdetail("It has %zu.", strlen(name))));
	cp_elevate(&elevation);
	owner = owner_of(name);
	cp_descend(&elevation);
	if (OidIsValid(owner) && !has_privs_of_role(GetUserId(), owner))
		report_foreign_owner(name, owner);
}

static void
insert_deployment(const char *name, int64 model_id, const char *how, int64 restores, Oid caller)
{
	Oid types[] = {TEXTOID, INT8OID, TEXTOID, INT8OID, REGROLEOID};
	Datum values[5];

	values[0] = CStringGetTextDatum(name);
	values[1] = Int64GetDatum(model_id);
	values[2] = CStringGetTextDatum(how);
	values[3] = Int64GetDatum(restores);
	values[4] = ObjectIdGetDatum(caller);
	cp_run(
		"INSERT INTO churnprevent.deployment (name, model_id, strategy, restores, deployed_by, deployed_at)"
		" VALUES ($1, $2, $3, $4, $5, pg_catalog.clock_timestamp())",
		5, types, values, restores == 0 ? "   n " : NULL);
	/* What was found was found of another version. */
	cp_run("UPDATE churnprevent.alert SET resolved_at = pg_catalog.clock_timestamp()"
	       " WHERE model = $1 AND resolved_at IS NULL",
	       1, types, values, NULL);
}

/* The next version number of a name, which is made when new. */
static int32
next_version(const char *name)
{
	Datum value = CStringGetTextDatum(name);
	Oid type = TEXTOID;

	cp_run("INSERT INTO churnprevent.model_name AS n (name, last_version) VALUES ($1, 1)"
	       " ON CONFLICT (name) DO UPDATE SET last_version = n.last_version + 1"
	       " RETURNING last_version",
	       1, &type, &value, NULL);
	return DatumGetInt32(cp_result(1));
}

static int64
insert_row(const CpNewModel *model, int32 version, Oid owner)
{
	Oid types[] = {TEXTOID,  INT4OID,  REGROLEOID, INT8OID,   FLOAT8OID, TEXTOID,  TEXTOID,
	               JSONBOID, JSONBOID, INT8OID,    FLOAT8OID, INT4OID,   JSONBOID, JSONBOID,
	               JSONBOID, JSONBOID, JSONBOID,   BYTEAOID,  BYTEAOID,  BYTEAOID, BYTEAOID};
	Datum values[lengthof(types)];
	char nulls[] = "                     ";
	int n = 0;

	values[n++] = CStringGetTextDatum(model->name);
	values[n++] = Int32GetDatum(version);
	values[n++] = ObjectIdGetDatum(owner);
	values[n++] = Int64GetDatum(model->checksum);
	values[n++] = Float8GetDatum(model->seconds);
	values[n++] = CStringGetTextDatum(model->source);
	values[n++] = CStringGetTextDatum(model->label);
	values[n++] = JsonbPGetDatum(model->options);
	values[n++] = JsonbPGetDatum(model->roles);
	values[n++] = Int64GetDatum(model->rows);
	values[n++] = Float8GetDatum(model->churn_rate);
	values[n++] = Int32GetDatum(model->feature_count);
	values[n++] = JsonbPGetDatum(model->features);
	values[n++] = JsonbPGetDatum(model->weights);
	values[n++] = JsonbPGetDatum(model->metrics);
	values[n++] = JsonbPGetDatum(model->ensemble);
	values[n++] = JsonbPGetDatum(model->importance);
	values[n++] = PointerGetDatum(model->bytes);
	nulls[n] = model->holdout == NULL ? 'n' : ' ';
	values[n++] = PointerGetDatum(model->holdout);
	nulls[n] = model->customers == NULL ? 'n' : ' ';
	values[n++] = PointerGetDatum(model->customers);
	values[n++] = PointerGetDatum(model->profile);
	cp_run(
		"INSERT INTO churnprevent.model (name, version, owner, checksum, created_at, seconds, source, label,"
		" options, roles, rows, churn_rate, feature_count, features, member_weights, metrics, ensemble, importance, bytes, holdout, customers, profile)"
		" VALUES ($1, $2, $3, $4, pg_catalog.clock_timestamp(), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
		" RETURNING model_id",
		n, types, values, nulls);
	return DatumGetInt64(cp_result(1));
}

int32
cp_store_insert(const CpNewModel *model)
{
	Oid caller = GetUserId();
	CpElevation elevation;
	int32 version;
	int64 model_id;
	Oid owner;

	cp_elevate(&elevation);
	/* Locks the name's row; so the owner is looked up after it. */
	version = next_version(model->name);
	owner = lock_name(model->name, caller);
	model_id = insert_row(model, version, OidIsValid(owner) ? owner : caller);
	if (model->deploy)
		insert_deployment(model->name, model_id, "train", 0, caller);
	cp_descend(&elevation);
	return version;
}

/* The version that a strategy names. restores is set by a rollback. */
static bool
choose_version(const char *name, int32 version, const char *how, int64 *restores)
{
	Oid types[] = {TEXTOID, INT4OID};
	Datum values[2];

	values[0] = CStringGetTextDatum(name);
	values[1] = Int32GetDatum(version);
	*restores = 0;
	if (strcmp(how, "version") == 0)
		return cp_run(
			"SELECT model_id, version FROM churnprevent.model WHERE name = $1 AND version = $2", 2,
			types, values, NULL);
	if (strcmp(how, "latest") == 0)
		return cp_run("SELECT model_id, version FROM churnprevent.model WHERE name = $1"
		              " ORDER BY version DESC LIMIT 1",
		              1, types, values, NULL);
	if (strcmp(how, "best") == 0)
		return cp_run("SELECT model_id, version FROM churnprevent.model"
		              " WHERE name = $1 AND metrics ->> 'log_loss' IS NOT NULL"
		              " ORDER BY (metrics ->> 'log_loss')::float8, version DESC LIMIT 1",
		              1, types, values, NULL);
	/* What was in force when that came which the last row deploys or restores. */
	if (!cp_run(
			"WITH now AS (SELECT model_id, coalesce(restores, deployment_id) AS origin"
			"  FROM churnprevent.deployment WHERE name = $1 ORDER BY deployment_id DESC LIMIT 1)"
			" SELECT d.model_id, m.version, coalesce(d.restores, d.deployment_id)"
			" FROM now, churnprevent.deployment d JOIN churnprevent.model m USING (model_id)"
			" WHERE d.name = $1 AND d.deployment_id < now.origin AND d.model_id <> now.model_id"
			" ORDER BY d.deployment_id DESC LIMIT 1",
			1, types, values, NULL))
		return false;
	*restores = DatumGetInt64(cp_result(3));
	return true;
}

static void
report_no_choice(const char *name, int32 version, const char *how)
{
	if (strcmp(how, "rollback") == 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("model \"%s\" has no earlier deployment to go back to", name),
		                errhint("The table churnprevent.deployment holds the history.")));
	if (strcmp(how, "best") == 0)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("no version of model \"%s\" was measured on held-out rows", name),
		                errhint("Train with \"test_size\" above 0, or name a version.")));
	report_absent(name, version);
}

int32
cp_store_deploy(const char *name, int32 version, const char *how)
{
	Oid caller = GetUserId();
	CpElevation elevation;
	int64 restores;

	cp_elevate(&elevation);
	lock_model(name, caller);
	if (!choose_version(name, version, how, &restores))
		report_no_choice(name, version, how);
	version = DatumGetInt32(cp_result(2));
	insert_deployment(name, DatumGetInt64(cp_result(1)), how, restores, caller);
	PopActiveSnapshot();
	cp_descend(&elevation);
	return version;
}

/* What goes with the last version of a name: table, and which of its rows. */
static const char *const of_the_name[][2] = {
	{"model_grant", "name = $1"},
	{"drift_feature",
     "report_id IN (SELECT report_id FROM churnprevent.drift_report WHERE model = $1)"},
	{"drift_report", "model = $1"},
	{"alert", "model = $1"},
	{"retrain_rule", "model = $1"},
	{"retrain_review", "model = $1"}};

/* Versions of a name removed, or with version 0 all of them and the name. */
static int32
delete_versions(const char *name, int32 version)
{
	Oid types[] = {TEXTOID, INT4OID};
	Datum values[2];
	int32 count;

	values[0] = CStringGetTextDatum(name);
	values[1] = Int32GetDatum(version);
	cp_run(
		"WITH gone AS (DELETE FROM churnprevent.model WHERE name = $1 AND ($2 = 0 OR version = $2)"
		"  RETURNING model_id), history AS (DELETE FROM churnprevent.deployment d USING gone"
		"  WHERE d.model_id = gone.model_id)"
		" SELECT model_id FROM gone",
		2, types, values, NULL);
	count = (int32) SPI_processed;
	cp_run("DELETE FROM churnprevent.model_name n WHERE name = $1"
	       " AND NOT EXISTS (SELECT 1 FROM churnprevent.model m WHERE m.name = n.name)",
	       1, types, values, NULL);
	for (size_t i = 0; i < lengthof(of_the_name); i++)
		cp_run(psprintf("DELETE FROM churnprevent.%s WHERE %s"
		                " AND NOT EXISTS (SELECT 1 FROM churnprevent.model_name WHERE name = $1)",
		                of_the_name[i][0], of_the_name[i][1]),
		       1, types, values, NULL);
	return count;
}

int32
cp_store_drop(const char *name, int32 version)
{
	Oid caller = GetUserId();
	CpElevation elevation;
	CpModelRef deployed;
	int32 count;

	cp_elevate(&elevation);
	lock_model(name, caller);
	if (version != 0 && find_deployed(name, &deployed) && deployed.version == version)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
		     errmsg("version %d of model \"%s\" is deployed", version, name),
		     errhint(
				 "Deploy another version first, or drop the whole model: SELECT cp_drop_model(%s).",
				 quote_literal_cstr(name))));
	count = delete_versions(name, version);
	if (count == 0)
		report_absent(name, version);
	PopActiveSnapshot();
	cp_descend(&elevation);
	return count;
}

void
cp_store_grant(const char *name, Oid role, bool grant)
{
	Oid caller = GetUserId();
	CpElevation elevation;
	Oid types[] = {TEXTOID, REGROLEOID, REGROLEOID};
	Datum values[3];

	values[0] = CStringGetTextDatum(name);
	values[1] = ObjectIdGetDatum(role);
	values[2] = ObjectIdGetDatum(caller);
	cp_elevate(&elevation);
	lock_model(name, caller);
	if (grant)
		cp_run("INSERT INTO churnprevent.model_grant (name, grantee, granted_by, granted_at)"
		       " VALUES ($1, $2, $3, pg_catalog.clock_timestamp()) ON CONFLICT DO NOTHING",
		       3, types, values, NULL);
	else
		cp_run("DELETE FROM churnprevent.model_grant WHERE name = $1 AND grantee = $2", 2, types,
		       values, NULL);
	PopActiveSnapshot();
	cp_descend(&elevation);
}
