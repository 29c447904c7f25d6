/*
 * context.h: what a long-running pure function needs from its host.
 *
 * One struct carries the allocator with a byte budget, the question "should I
 * stop?", a place for progress lines and the reason of a failure. The server's
 * version lives in src/pg/bridge.c, the unit tests' in test/unit/unit.c.
 *
 * Memory belongs to the context: a function that fails frees nothing, the host
 * drops everything at once. A function that succeeds frees what its caller
 * does not need. A context serves one thread.
 */
#ifndef CP_CONTEXT_H
#define CP_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "num/status.h"

#define CP_REASON_LENGTH 256

typedef struct CpContext
{
	/* Host's allocator; allocate and resize return NULL when they fail. */
	void *(*allocate)(void *host, size_t bytes);
	void *(*resize)(void *host, void *block, size_t bytes);
	void (*release)(void *host, void *block);
	/* Asked at least every few milliseconds of work; true means stop. May be NULL. */
	bool (*poll)(void *host);
	/* One line of progress for the user, no line end. May be NULL. */
	void (*progress)(void *host, const char *line);
	void *host;

	size_t budget;                 /* bytes allowed at any one time */
	size_t used;                   /* bytes in use now, headers included */
	size_t peak;                   /* largest value of used so far */
	size_t required;               /* bytes that would have been in use; set with CP_OVER_BUDGET */
	char reason[CP_REASON_LENGTH]; /* facts of the last failure, a sentence */
} CpContext;

/*
 * Allocate count elements of size bytes into *block; zeroed by the second.
 * CP_OVER_BUDGET or CP_NO_MEMORY leave *block NULL. count * size may overflow
 * size_t: that is CP_OVER_BUDGET, never a short block. count 0 gives a block
 * that may be freed but not read.
 */
extern CpStatus cp_alloc(CpContext *context, void *block, size_t count, size_t size);
extern CpStatus cp_alloc_zero(CpContext *context, void *block, size_t count, size_t size);

/* Change the length of *block (NULL: allocate); on failure it stays as it was. */
extern CpStatus cp_resize(CpContext *context, void *block, size_t count, size_t size);

/* Free *block and set it to NULL; NULL is allowed. */
extern void cp_free(CpContext *context, void *block);

/* Would this many more bytes pass the budget? Says so before work is begun. */
extern CpStatus cp_reserve_check(CpContext *context, size_t bytes);

/* CP_CANCELLED when the host wants us to stop. */
extern CpStatus cp_poll(CpContext *context);

/* Record the reason (printf style) and return status. */
extern CpStatus cp_fail(CpContext *context, CpStatus status, const char *format, ...)
#if defined(__GNUC__)
	__attribute__((format(printf, 3, 4)))
#endif
	;

/* Hand the host one line of progress, printf style. */
extern void cp_progress(CpContext *context, const char *format, ...)
#if defined(__GNUC__)
	__attribute__((format(printf, 2, 3)))
#endif
	;

#endif
