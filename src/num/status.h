/*
 * status.h: how a pure function says what became of it.
 *
 * Nothing below src/pg raises an error or prints. A function that can fail
 * returns a CpStatus and leaves the facts in its context (context.h); one
 * table in src/pg/bridge.c turns the status into SQLSTATE, message, detail
 * and hint, so wording lives in one place.
 */
#ifndef CP_STATUS_H
#define CP_STATUS_H

typedef enum CpStatus
{
	CP_OK = 0,
	CP_CANCELLED,     /* poll said stop */
	CP_OVER_BUDGET,   /* memory budget would be passed; see required, allowed */
	CP_NO_MEMORY,     /* the allocator itself failed */
	CP_BAD_PARAMETER, /* an option out of range */
	CP_BAD_DATA,      /* data nothing can be learned from */
	CP_CORRUPT,       /* stored bytes that do not check out */
	CP_FOREIGN,       /* stored bytes of something else or of another format */
	CP_NOT_CONVERGED, /* an iteration limit was reached */
	CP_UNAVAILABLE    /* a library is not there */
} CpStatus;

/* Returns early with the status of an expression that failed. */
#define CP_TRY(expression) \
	do \
	{ \
		CpStatus try_status_ = (expression); \
		if (try_status_ != CP_OK) \
			return try_status_; \
	} while (0)

#endif
