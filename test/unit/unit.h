/*
 * unit.h: a small harness for tests of the pure code, without a server.
 *
 * A file test_NAME.c holds cases and one function test_NAME(void) that runs
 * them with UNIT_CASE; main.c lists the functions. Each case becomes one line of
 * TAP. A failed check is reported with what was expected and the case goes on;
 * REQUIRE leaves the function, for when going on would crash.
 *
 * Memory comes from unit_context(). Nothing need be freed: all blocks go at the
 * end of the case, where the context's accounts are compared with the host's.
 */
#ifndef CP_UNIT_H
#define CP_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/context.h"

typedef struct UnitTest
{
	const char *name;
	void (*run)(void);
} UnitTest;

/* ---- cases ---- */

#define UNIT_CASE(name, function) unit_case((name), (function))

extern void unit_case(const char *name, void (*function)(void));

/* Run the listed tests, those named in the arguments only if there are any; the exit status. */
extern int unit_main(const UnitTest *tests, size_t count, int argc, char **argv);

/* ---- checks ---- */

#define CHECK(condition) unit_check((condition), #condition, __FILE__, __LINE__)

/* |expected - obtained| <= tolerance; two NaN or two equal infinities are close. */
#define CHECK_CLOSE(expected, obtained, tolerance) \
	unit_check_close((expected), (obtained), (tolerance), #obtained, __FILE__, __LINE__)

/* The same with the tolerance as a share of the expected value. */
#define CHECK_RELATIVE(expected, obtained, tolerance) \
	unit_check_relative((expected), (obtained), (tolerance), #obtained, __FILE__, __LINE__)

/* Equal integers, shown in decimal and hexadecimal when they are not. */
#define CHECK_EQUAL(expected, obtained) \
	unit_check_equal((uint64_t) (expected), (uint64_t) (obtained), #obtained, __FILE__, __LINE__)

#define CHECK_STRING(expected, obtained) \
	unit_check_string((expected), (obtained), #obtained, __FILE__, __LINE__)

/* A CpStatus; the context's reason is shown when it is another. */
#define CHECK_STATUS(expected, obtained) \
	unit_check_status((expected), (obtained), #obtained, __FILE__, __LINE__)

#define REQUIRE(condition) \
	do \
	{ \
		if (!CHECK(condition)) \
			return; \
	} while (0)

#define REQUIRE_OK(expression) \
	do \
	{ \
		if (!CHECK_STATUS(CP_OK, (expression))) \
			return; \
	} while (0)

/* All return whether the check held. */
extern bool unit_check(bool holds, const char *text, const char *file, int line);
extern bool unit_check_close(double expected, double obtained, double tolerance, const char *text,
                             const char *file, int line);
extern bool unit_check_relative(double expected, double obtained, double tolerance,
                                const char *text, const char *file, int line);
extern bool unit_check_equal(uint64_t expected, uint64_t obtained, const char *text,
                             const char *file, int line);
extern bool unit_check_string(const char *expected, const char *obtained, const char *text,
                              const char *file, int line);
extern bool unit_check_status(CpStatus expected, CpStatus obtained, const char *text,
                              const char *file, int line);

/* A line for the reader, printf style; shown as a TAP comment. */
extern void unit_note(const char *format, ...)
#if defined(__GNUC__)
	__attribute__((format(printf, 1, 2)))
#endif
	;

/* ---- the host behind a context ---- */

/*
 * A new context with no budget to speak of. There is one at a time: blocks of
 * the one before are freed and its switches below are reset.
 */
extern CpContext *unit_context(void);

/* The nth allocation or resize from now on fails, once; 1 is the next, 0 none. */
extern void unit_fail_allocation(size_t nth);

/* Poll answers "stop" after this many "go on"; SIZE_MAX never. */
extern void unit_cancel_after(size_t polls);

/* What happened since unit_context(). */
extern size_t unit_allocations(void); /* asked for, resizes included */
extern size_t unit_live_blocks(void);
extern size_t unit_polls(void);
extern size_t unit_progress_lines(void);
extern const char *unit_last_progress(void);

/*
 * Work that succeeds must pass on what its host refuses: each of its allocations failing in
 * turn, a stop at each of its polls, and a budget (bytes) that is too small for it. It must make
 * this many allocations and polls at least, lest there be nothing to refuse.
 */
extern void unit_host_refuses(CpStatus (*work)(CpContext *context), size_t allocations,
                              size_t polls, size_t budget);

#endif
