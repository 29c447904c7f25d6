/*
 * source.h: rows of a table, view or query, read in batches with the caller's rights.
 *
 * SPI must be connected. Only a single SELECT that changes nothing is accepted. A
 * table is read from its first page, never from where another scan happens to be.
 */
#ifndef CP_SOURCE_H
#define CP_SOURCE_H

#include "postgres.h"

#include "access/htup.h"
#include "utils/portal.h"

typedef struct CpSource
{
	char *text;   /* what was asked for, a table's name qualified */
	Oid relation; /* of a table or view by name, else InvalidOid */
	Portal portal;
	int guc_level; /* synchronized scans are off until the source is closed */
	TupleDesc descriptor;
	struct SPITupleTable *batch; /* rows at hand */
	uint64 count;                /* how many */
	uint64 next;                 /* the one to give next */
} CpSource;

extern void cp_source_open(CpSource *source, const char *text);

/* A source as an item of a FROM list, called "source". */
extern char *cp_source_item(const char *text);

/* The next row, valid until the call after; NULL at the end. */
extern HeapTuple cp_source_next(CpSource *source);

extern void cp_source_close(CpSource *source);

/* Position of a column, or an error that names the option it was given with. */
extern int cp_source_column(const CpSource *source, const char *name, const char *option);

/* The only column of the primary key of a table named as source, else -1. */
extern int cp_source_key_column(const CpSource *source);

#endif
