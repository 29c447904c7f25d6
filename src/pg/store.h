/*
 * store.h: how C code reads and writes our own tables.
 *
 * Reading is by index probes under the active snapshot, which take no rights of the
 * caller's and work on a standby. Writing is by fixed statements, every name in them
 * qualified, run as the owner of the tables; whatever the caller must be allowed to do
 * is checked before.
 */
#ifndef CP_STORE_H
#define CP_STORE_H

#include "postgres.h"

#include "access/genam.h"
#include "access/sdir.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "utils/relcache.h"

/* --- probes --- */

/* One look into one of our tables by an index. */
typedef struct CpProbe
{
	Relation table;
	Relation index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
} CpProbe;

/* Names without the schema. */
extern void cp_probe_begin(CpProbe *probe, const char *table, const char *index, ScanKey keys,
                           int nkeys);
extern bool cp_probe_next(CpProbe *probe, ScanDirection direction);

/* A column of the row found, by position; 0 when it is NULL. */
extern Datum cp_probe_value(CpProbe *probe, int column);

/* The same, copied and free of TOAST, for types of variable length; NULL when it is NULL. */
extern struct varlena *cp_probe_copy(CpProbe *probe, int column);

/* A uuid as the two words of a SipHash key, little-endian. */
extern void cp_probe_salt(CpProbe *probe, int column, uint64 *key);

extern void cp_probe_end(CpProbe *probe);

/* Equality with a text of collation "C", for the index's column. */
extern void cp_text_key(ScanKey key, int column, const char *value);

/* --- acting for somebody --- */

typedef struct CpIdentity
{
	Oid user;
	int security;
	int guc_level;
} CpIdentity;

/*
 * Become the owner of SQL that was stored to be run later, in a security-restricted operation; the
 * caller must have the owner's privileges. And back; errors restore it with the transaction or
 * subtransaction.
 */
extern void cp_become(CpIdentity *before, Oid owner);
extern void cp_become_again(const CpIdentity *before);

/* --- statements --- */

typedef struct CpElevation
{
	Oid user;
	int security;
	int guc_level;
} CpElevation;

/*
 * Become the owner of the tables, with nothing of the caller's in the search path, and
 * connect to SPI; and back. Errors restore both with the transaction or subtransaction.
 */
extern void cp_elevate(CpElevation *elevation);
extern void cp_descend(const CpElevation *elevation);

/* Run a statement; true when it gave a row. nulls: as SPI has them, NULL = none. */
extern bool cp_run(const char *statement, int nargs, Oid *types, Datum *values, const char *nulls);

/* The same for a statement that only reads, so that it goes on a standby too. */
extern bool cp_ask(const char *statement, int nargs, Oid *types, Datum *values);

/* A statement that is planned once a session. */
typedef struct CpStatement
{
	const char *text;
	int nargs;
	Oid types[32];
	SPIPlanPtr plan; /* NULL = not yet */
} CpStatement;

extern bool cp_run_planned(CpStatement *statement, Datum *values, const char *nulls);

/* A column of the first row of the last statement, by position. */
extern Datum cp_result(int column);
extern Datum cp_result_or_null(int column, bool *isnull);

#endif
