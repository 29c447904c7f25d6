/*
 * core.c: the customers that matter, copied together.
 */
#include "decide/core.h"

#include <string.h>

void
cp_core_init(CpCore *core, CpContext *context)
{
	memset(core, 0, sizeof(*core));
	core->context = context;
}

void
cp_core_free(CpCore *core)
{
	cp_free(core->context, &core->number);
	cp_free(core->context, &core->start);
	cp_free(core->context, &core->value);
	cp_free(core->context, &core->cost);
	cp_free(core->context, &core->classes);
}

static CpStatus
make_room(CpCore *core, uint32_t options)
{
	if (core->customers == core->customer_capacity)
	{
		uint32_t capacity = core->customer_capacity * 2 + 256;

		CP_TRY(cp_resize(core->context, &core->number, capacity, sizeof(uint32_t)));
		CP_TRY(cp_resize(core->context, &core->start, (size_t) capacity + 1, sizeof(uint32_t)));
		core->start[0] = 0;
		core->customer_capacity = capacity;
	}
	if (core->option_capacity == 0 || core->option_capacity - core->options < options)
	{
		uint64_t capacity = (uint64_t) core->option_capacity * 2 + options + 1024;

		if (capacity >= CP_NO_OPTION)
			return cp_fail(core->context, CP_OVER_BUDGET,
			               "Too many customers have equally good options.");
		CP_TRY(cp_resize(core->context, &core->value, capacity, sizeof(double)));
		CP_TRY(cp_resize(core->context, &core->cost, capacity, sizeof(double)));
		CP_TRY(cp_resize(core->context, &core->classes, capacity, sizeof(uint16_t)));
		core->option_capacity = (uint32_t) capacity;
	}
	return CP_OK;
}

CpStatus
cp_core_add(CpCore *core, const CpBlock *block, uint32_t i)
{
	uint32_t from = block->start[i];
	uint32_t options = block->start[i + 1] - from;

	CP_TRY(make_room(core, options));
	memcpy(core->value + core->options, block->value + from, options * sizeof(double));
	memcpy(core->cost + core->options, block->cost + from, options * sizeof(double));
	memcpy(core->classes + core->options, block->classes + from, options * sizeof(uint16_t));
	core->number[core->customers] = block->number[i];
	core->options += options;
	core->customers++;
	core->start[core->customers] = core->options;
	return CP_OK;
}

CpBlock
cp_core_block(const CpCore *core)
{
	return (CpBlock){core->customers, core->number, core->start,
	                 core->value,     core->cost,   core->classes};
}
