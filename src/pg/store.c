/*
 * store.c: how C code reads and writes our own tables.
 */
#include "pg/compat.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#include "pg/store.h"

/* --- probes ------------------------------------------------------------- */

static Oid
our_relation(const char *name)
{
	Oid oid = get_relname_relid(name, get_namespace_oid("churnprevent", false));

	if (!OidIsValid(oid))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
		                errmsg("relation \"churnprevent.%s\" does not exist", name),
		                errhint("CREATE EXTENSION churnprevent makes it.")));
	return oid;
}

void
cp_probe_begin(CpProbe *probe, const char *table, const char *index, ScanKey keys, int nkeys)
{
	probe->table = table_open(our_relation(table), AccessShareLock);
	probe->index = index_open(our_relation(index), AccessShareLock);
	probe->scan = cp_index_beginscan(probe->table, probe->index, GetActiveSnapshot(), nkeys);
	index_rescan(probe->scan, keys, nkeys, NULL, 0);
	probe->slot = table_slot_create(probe->table, NULL);
}

bool
cp_probe_next(CpProbe *probe, ScanDirection direction)
{
	return index_getnext_slot(probe->scan, direction, probe->slot);
}

Datum
cp_probe_value(CpProbe *probe, int column)
{
	bool isnull;
	Datum value = slot_getattr(probe->slot, column, &isnull);

	return isnull ? (Datum) 0 : value;
}

void
cp_probe_salt(CpProbe *probe, int column, uint64 *key)
{
	const unsigned char *salt = DatumGetUUIDP(cp_probe_value(probe, column))->data;

	key[0] = key[1] = 0;
	for (int i = 0; i < UUID_LEN; i++)
		key[i / 8] |= (uint64) salt[i] << 8 * (i % 8);
}

/* The locks stay until the end of the transaction, as for any table read. */
void
cp_probe_end(CpProbe *probe)
{
	ExecDropSingleTupleTableSlot(probe->slot);
	index_endscan(probe->scan);
	index_close(probe->index, NoLock);
	table_close(probe->table, NoLock);
}

struct varlena *
cp_probe_copy(CpProbe *probe, int column)
{
	bool isnull;
	Datum value = slot_getattr(probe->slot, column, &isnull);

	return isnull ? NULL : PG_DETOAST_DATUM_COPY(value);
}

void
cp_text_key(ScanKey key, int column, const char *value)
{
	ScanKeyEntryInitialize(key, 0, column, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
	                       F_TEXTEQ, CStringGetTextDatum(value));
}

/* --- acting for somebody ------------------------------------------------ */

void
cp_become(CpIdentity *before, Oid owner)
{
	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("must be member of role \"%s\"", GetUserNameFromId(owner, false))));
	GetUserIdAndSecContext(&before->user, &before->security);
	SetUserIdAndSecContext(owner, before->security | SECURITY_LOCAL_USERID_CHANGE |
	                                  SECURITY_RESTRICTED_OPERATION);
	before->guc_level = NewGUCNestLevel();
}

void
cp_become_again(const CpIdentity *before)
{
	AtEOXact_GUC(false, before->guc_level);
	SetUserIdAndSecContext(before->user, before->security);
}

/* --- statements --------------------------------------------------------- */

void
cp_elevate(CpElevation *elevation)
{
	Relation table = table_open(our_relation("model"), AccessShareLock);

	GetUserIdAndSecContext(&elevation->user, &elevation->security);
	SetUserIdAndSecContext(table->rd_rel->relowner,
	                       elevation->security | SECURITY_LOCAL_USERID_CHANGE);
	table_close(table, NoLock);
	elevation->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
	                         GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
cp_descend(const CpElevation *elevation)
{
	SPI_finish();
	AtEOXact_GUC(true, elevation->guc_level);
	SetUserIdAndSecContext(elevation->user, elevation->security);
}

static void
check_result(int result, const char *statement)
{
	if (result < 0)
		elog(ERROR, "%s: %s", SPI_result_code_string(result), statement);
}

bool
cp_run(const char *statement, int nargs, Oid *types, Datum *values, const char *nulls)
{
	check_result(SPI_execute_with_args(statement, nargs, types, values, nulls, false, 0),
	             statement);
	return SPI_processed > 0;
}

bool
cp_ask(const char *statement, int nargs, Oid *types, Datum *values)
{
	check_result(SPI_execute_with_args(statement, nargs, types, values, NULL, true, 0), statement);
	return SPI_processed > 0;
}

bool
cp_run_planned(CpStatement *statement, Datum *values, const char *nulls)
{
	if (statement->plan == NULL)
	{
		SPIPlanPtr plan = SPI_prepare(statement->text, statement->nargs, statement->types);

		if (plan == NULL)
			check_result(SPI_result, statement->text);
		SPI_keepplan(plan);
		statement->plan = plan;
	}
	check_result(SPI_execute_plan(statement->plan, values, nulls, false, 0), statement->text);
	return SPI_processed > 0;
}

Datum
cp_result_or_null(int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, isnull);
}

Datum
cp_result(int column)
{
	bool isnull;

	return cp_result_or_null(column, &isnull);
}
