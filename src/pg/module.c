/*
 * module.c: the magic block and what happens when the library is loaded.
 */
#include "postgres.h"

#include "fmgr.h"

#include "pg/decimal.h"
#include "pg/guc.h"

PG_MODULE_MAGIC;

extern void _PG_init(void);

void
_PG_init(void)
{
	cp_guc_init();
	cp_decimal_init();
}
