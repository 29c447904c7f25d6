/*
 * fn_model.c: cp_deploy, cp_drop_model, cp_grant_model, cp_revoke_model.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "access/xact.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "pg/model_store.h"

PG_FUNCTION_INFO_V1(cp_deploy_version);
PG_FUNCTION_INFO_V1(cp_deploy_strategy);
PG_FUNCTION_INFO_V1(cp_drop_model);
PG_FUNCTION_INFO_V1(cp_grant_model);
PG_FUNCTION_INFO_V1(cp_revoke_model);

Datum
cp_deploy_version(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PreventCommandIfReadOnly("cp_deploy()");
	PG_RETURN_INT32(cp_store_deploy(name, PG_GETARG_INT32(1), "version"));
}

Datum
cp_deploy_strategy(PG_FUNCTION_ARGS)
{
	static const char *const strategies[] = {"best", "latest", "rollback"};
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *strategy = text_to_cstring(PG_GETARG_TEXT_PP(1));

	PreventCommandIfReadOnly("cp_deploy()");
	for (size_t i = 0; i < lengthof(strategies); i++)
		if (strcmp(strategy, strategies[i]) == 0)
			PG_RETURN_INT32(cp_store_deploy(name, 0, strategy));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown strategy \"%s\"", strategy),
			 errhint("Give a version number, 'best', 'latest' or 'rollback'.")));
}

Datum
cp_drop_model(PG_FUNCTION_ARGS)
{
	int32		version = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);

	PreventCommandIfReadOnly("cp_drop_model()");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be NULL", "model")));
	if (!PG_ARGISNULL(1) && version < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("versions are numbered from 1"),
				 errdetail("Version %d was asked for.", version)));
	PG_RETURN_INT32(cp_store_drop(text_to_cstring(PG_GETARG_TEXT_PP(0)), version));
}

/* A role by name; public, like everywhere in GRANT, is everybody. */
static Oid
role_argument(FunctionCallInfo fcinfo)
{
	const char *role = NameStr(*PG_GETARG_NAME(1));

	return strcmp(role, "public") == 0 ? InvalidOid : get_role_oid(role, false);
}

Datum
cp_grant_model(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("cp_grant_model()");
	cp_store_grant(text_to_cstring(PG_GETARG_TEXT_PP(0)), role_argument(fcinfo), true);
	PG_RETURN_VOID();
}

Datum
cp_revoke_model(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("cp_revoke_model()");
	cp_store_grant(text_to_cstring(PG_GETARG_TEXT_PP(0)), role_argument(fcinfo), false);
	PG_RETURN_VOID();
}
