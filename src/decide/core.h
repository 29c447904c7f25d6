/*
 * core.h: the customers that matter, copied together.
 *
 * Once prices are nearly known almost everybody's choice is settled, and what they use is a
 * constant. The few whose choice is open are the core, and all the fine work is done on it.
 */
#ifndef CP_CORE_H
#define CP_CORE_H

#include "decide/pricing.h"

typedef struct CpCore
{
	CpContext *context;
	uint32_t customers;
	uint32_t options;
	uint32_t customer_capacity;
	uint32_t option_capacity;
	uint32_t *number; /* [customers] rising when they are added so */
	uint32_t *start;  /* [customers + 1] */
	double *value;    /* [options] */
	double *cost;
	uint16_t *classes;
} CpCore;

extern void cp_core_init(CpCore *core, CpContext *context);
extern void cp_core_free(CpCore *core);

/* Copy customer i of a block. */
extern CpStatus cp_core_add(CpCore *core, const CpBlock *block, uint32_t i);

/* All of it as one block, valid until something is added. */
extern CpBlock cp_core_block(const CpCore *core);

#endif
