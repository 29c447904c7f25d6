/*
 * vertex.h: from a mixture of plans to one plan with as few shares as can be.
 *
 * A mixture gives many customers a bit of this and a bit of that. As long as more choices are
 * open than there are limits, some direction changes the shares and leaves what is used of every
 * limit as it is; moving along it, towards higher value, settles a choice. At the end as many
 * customers have shares as there are limits, at most: a basic solution of the linear program.
 */
#ifndef CP_VERTEX_H
#define CP_VERTEX_H

#include "decide/core.h"
#include "decide/lp.h"

/* A share of an option of a core's block. */
typedef struct CpShare
{
	uint32_t customer; /* in the core */
	uint32_t option;   /* in the core's block */
	double share;      /* (0, 1) */
} CpShare;

/* Of each limit a customer may have shares of two options and more. */
#define CP_MAX_SHARES (2 * CP_MAX_LIMITS)

typedef struct CpVertex
{
	uint32_t
		*choice; /* [core->customers] option, or CP_NO_OPTION; of those with shares the latter */
	uint32_t nshares; /* rising by customer */
	CpShare shares[CP_MAX_SHARES];
} CpVertex;

/* What the customers of a core do in the mixture, made a vertex. choice is the context's. */
extern CpStatus cp_vertex_of_mixture(CpContext *context, const CpCore *core, const CpLimits *limits,
                                     uint32_t nmixed, const CpMixed *mixed, CpVertex *vertex);

#endif
