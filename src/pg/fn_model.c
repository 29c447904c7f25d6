/*
 * fn_model.c: cp_deploy, cp_drop_model, cp_grant_model, cp_revoke_model.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "pg/args.h"
#include "pg/model_cache.h"
#include "pg/model_store.h"
#include "pg/playbook.h"

PG_FUNCTION_INFO_V1(cp_deploy_version);
PG_FUNCTION_INFO_V1(cp_deploy_strategy);
PG_FUNCTION_INFO_V1(cp_drop_model_version);
PG_FUNCTION_INFO_V1(cp_drop_model);
PG_FUNCTION_INFO_V1(cp_grant_model);
PG_FUNCTION_INFO_V1(cp_revoke_model);

/* Deploy, and warn of rules that do not fit the model now in force. */
static int32
deploy(const char *name, int32 version, const char *how)
{
	CpModelRef ref;
	CpLoaded *loaded;

	version = cp_store_deploy(name, version, how);
	cp_store_find(name, version, &ref);
	loaded = cp_cache_get(&ref, name, CurrentMemoryContext);
	cp_playbook_try(&loaded->model.map, name);
	return version;
}

Datum
cp_deploy_version(PG_FUNCTION_ARGS)
{
	char *name = cp_required_text(fcinfo, 0, "model");

	PreventCommandIfReadOnly("cp_deploy()");
	PG_RETURN_INT32(deploy(name, cp_required_version(fcinfo, 1), "version"));
}

Datum
cp_deploy_strategy(PG_FUNCTION_ARGS)
{
	static const char *const strategies[] = {"best", "latest", "rollback"};
	char *name = cp_required_text(fcinfo, 0, "model");
	char *strategy = cp_required_text(fcinfo, 1, "strategy");

	PreventCommandIfReadOnly("cp_deploy()");
	for (size_t i = 0; i < lengthof(strategies); i++)
		if (strcmp(strategy, strategies[i]) == 0)
			PG_RETURN_INT32(deploy(name, 0, strategy));
	ereport(ERROR,
	        (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown strategy \"%s\"", strategy),
	         errhint("Give a version number, 'best', 'latest' or 'rollback'.")));
}

Datum
cp_drop_model_version(PG_FUNCTION_ARGS)
{
	char *name = cp_required_text(fcinfo, 0, "model");

	PreventCommandIfReadOnly("cp_drop_model()");
	PG_RETURN_INT32(cp_store_drop(name, cp_required_version(fcinfo, 1)));
}

Datum
cp_drop_model(PG_FUNCTION_ARGS)
{
	char *name = cp_required_text(fcinfo, 0, "model");

	PreventCommandIfReadOnly("cp_drop_model()");
	PG_RETURN_INT32(cp_store_drop(name, 0));
}

/* A role by name; public, like everywhere in GRANT, is everybody. */
static Oid
role_argument(FunctionCallInfo fcinfo)
{
	const char *role;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"%s\" must not be NULL", "role")));
	role = NameStr(*PG_GETARG_NAME(1));
	return strcmp(role, "public") == 0 ? InvalidOid : get_role_oid(role, false);
}

Datum
cp_grant_model(PG_FUNCTION_ARGS)
{
	char *name = cp_required_text(fcinfo, 0, "model");

	PreventCommandIfReadOnly("cp_grant_model()");
	cp_store_grant(name, role_argument(fcinfo), true);
	PG_RETURN_VOID();
}

Datum
cp_revoke_model(PG_FUNCTION_ARGS)
{
	char *name = cp_required_text(fcinfo, 0, "model");

	PreventCommandIfReadOnly("cp_revoke_model()");
	cp_store_grant(name, role_argument(fcinfo), false);
	PG_RETURN_VOID();
}
