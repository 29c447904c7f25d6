/*
 * unit.c: the harness: TAP output, checks, and a host made of malloc.
 *
 * TAP goes to standard output, what failed to standard error, where prove shows
 * it. Standard output is flushed line by line, so that a crash does not swallow
 * the cases before it.
 */
#include "unit.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPORTS 10 /* failed checks shown for each case */
#define FILLER 0xa5    /* fresh memory is never zero by luck */

/* Every block of the host, in a ring; 32 bytes keep malloc's alignment. */
typedef struct HostBlock
{
	struct HostBlock *previous;
	struct HostBlock *next;
	size_t bytes;
	size_t unused;
} HostBlock;

typedef struct Host
{
	HostBlock ring;
	size_t blocks;
	size_t bytes;
	size_t allocations;
	size_t fail_at; /* counts down; 0 is off */
	size_t polls;
	size_t cancel_after;
	size_t progress_lines;
	char last_progress[CP_REASON_LENGTH];
} Host;

static Host host;
static CpContext context;
static const char *test_name = "";
static int cases = 0;
static int failed_cases = 0;
static int failed_checks = 0; /* of the case that runs */

/* ---- host ---- */

static bool
refuse_allocation(void)
{
	host.allocations++;
	return host.fail_at > 0 && --host.fail_at == 0;
}

static void
link_block(HostBlock *block)
{
	block->previous = host.ring.previous;
	block->next = &host.ring;
	block->previous->next = block;
	block->next->previous = block;
	host.blocks++;
	host.bytes += block->bytes;
}

static void
unlink_block(HostBlock *block)
{
	block->previous->next = block->next;
	block->next->previous = block->previous;
	host.blocks--;
	host.bytes -= block->bytes;
}

static void *
host_allocate(void *host_pointer, size_t bytes)
{
	HostBlock *block;

	(void) host_pointer;
	if (refuse_allocation() || bytes > SIZE_MAX - sizeof(HostBlock))
		return NULL;
	block = malloc(sizeof(HostBlock) + bytes);
	if (block == NULL)
		return NULL;
	block->bytes = bytes;
	memset(block + 1, FILLER, bytes);
	link_block(block);
	return block + 1;
}

static void
host_release(void *host_pointer, void *pointer)
{
	HostBlock *block = (HostBlock *) pointer - 1;

	(void) host_pointer;
	unlink_block(block);
	free(block);
}

/* Always moves the block: a caller that keeps the old address is caught. */
static void *
host_resize(void *host_pointer, void *pointer, size_t bytes)
{
	HostBlock *old = (HostBlock *) pointer - 1;
	void *moved = host_allocate(host_pointer, bytes);

	if (moved == NULL)
		return NULL;
	memcpy(moved, pointer, old->bytes < bytes ? old->bytes : bytes);
	host_release(host_pointer, pointer);
	return moved;
}

static bool
host_poll(void *host_pointer)
{
	(void) host_pointer;
	return host.polls++ >= host.cancel_after;
}

static void
host_progress(void *host_pointer, const char *line)
{
	(void) host_pointer;
	host.progress_lines++;
	snprintf(host.last_progress, sizeof(host.last_progress), "%s", line);
}

/* Free what is left; before that, the accounts of both sides must agree. */
static void
drop_context(void)
{
	if (host.ring.next == NULL)
		return;
	unit_check_equal(host.bytes, context.used, "bytes in use by the context", __FILE__, __LINE__);
	unit_check(context.peak >= context.used, "peak is at least used", __FILE__, __LINE__);
	while (host.ring.next != &host.ring)
		host_release(NULL, host.ring.next + 1);
}

CpContext *
unit_context(void)
{
	drop_context();
	memset(&host, 0, sizeof(host));
	host.ring.next = host.ring.previous = &host.ring;
	host.cancel_after = SIZE_MAX;

	memset(&context, 0, sizeof(context));
	context.allocate = host_allocate;
	context.resize = host_resize;
	context.release = host_release;
	context.poll = host_poll;
	context.progress = host_progress;
	context.host = &host;
	context.budget = SIZE_MAX / 2;
	return &context;
}

void
unit_fail_allocation(size_t nth)
{
	host.fail_at = nth;
}

void
unit_cancel_after(size_t polls)
{
	host.polls = 0;
	host.cancel_after = polls;
}

size_t
unit_allocations(void)
{
	return host.allocations;
}

size_t
unit_live_blocks(void)
{
	return host.blocks;
}

size_t
unit_polls(void)
{
	return host.polls;
}

size_t
unit_progress_lines(void)
{
	return host.progress_lines;
}

const char *
unit_last_progress(void)
{
	return host.last_progress;
}

/* ---- checks ---- */

/* Count a failed check and say whether it is still worth showing. */
static bool
report_failure(const char *text, const char *file, int line)
{
	failed_checks++;
	if (failed_checks == MAX_REPORTS + 1)
		fprintf(stderr, "# ... and more\n");
	if (failed_checks > MAX_REPORTS)
		return false;
	fflush(stdout);
	fprintf(stderr, "# %s:%d: %s\n", file, line, text);
	return true;
}

bool
unit_check(bool holds, const char *text, const char *file, int line)
{
	if (!holds)
		report_failure(text, file, line);
	return holds;
}

bool
unit_check_close(double expected, double obtained, double tolerance, const char *text,
                 const char *file, int line)
{
	double difference = fabs(expected - obtained);

	if (expected == obtained || (isnan(expected) && isnan(obtained)) || difference <= tolerance)
		return true;
	if (report_failure(text, file, line))
		fprintf(stderr, "#   expected %.17g, obtained %.17g, difference %.3g, tolerance %.3g\n",
		        expected, obtained, difference, tolerance);
	return false;
}

bool
unit_check_relative(double expected, double obtained, double tolerance, const char *text,
                    const char *file, int line)
{
	return unit_check_close(expected, obtained, tolerance * fabs(expected), text, file, line);
}

bool
unit_check_equal(uint64_t expected, uint64_t obtained, const char *text, const char *file, int line)
{
	if (expected == obtained)
		return true;
	if (report_failure(text, file, line))
		fprintf(stderr,
		        "#   expected %" PRIu64 " (0x%" PRIx64 "), obtained %" PRIu64 " (0x%" PRIx64 ")\n",
		        expected, expected, obtained, obtained);
	return false;
}

bool
unit_check_string(const char *expected, const char *obtained, const char *text, const char *file,
                  int line)
{
	if (obtained != NULL && strcmp(expected, obtained) == 0)
		return true;
	if (report_failure(text, file, line))
		fprintf(stderr, "#   expected \"%s\", obtained \"%s\"\n", expected,
		        obtained == NULL ? "(null)" : obtained);
	return false;
}

static const char *
status_name(CpStatus status)
{
	static const char *const names[] = {"CP_OK",        "CP_CANCELLED",     "CP_OVER_BUDGET",
	                                    "CP_NO_MEMORY", "CP_BAD_PARAMETER", "CP_BAD_DATA",
	                                    "CP_CORRUPT",   "CP_FOREIGN",       "CP_NOT_CONVERGED"};

	if ((size_t) status < sizeof(names) / sizeof(names[0]))
		return names[status];
	return "an unknown status";
}

bool
unit_check_status(CpStatus expected, CpStatus obtained, const char *text, const char *file,
                  int line)
{
	if (expected == obtained)
		return true;
	if (report_failure(text, file, line))
		fprintf(stderr, "#   expected %s, obtained %s; last reason: \"%s\"\n",
		        status_name(expected), status_name(obtained), context.reason);
	return false;
}

void
unit_note(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("# ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* ---- cases ---- */

void
unit_case(const char *name, void (*function)(void))
{
	failed_checks = 0;
	unit_context();
	function();
	unit_context(); /* compares the accounts and frees */
	cases++;
	if (failed_checks > 0)
		failed_cases++;
	printf("%s %d - %s: %s\n", failed_checks > 0 ? "not ok" : "ok", cases, test_name, name);
	fflush(stdout);
}

static bool
is_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
	{
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return argc < 2;
}

int
unit_main(const UnitTest *tests, size_t count, int argc, char **argv)
{
	size_t i;

	for (i = 0; i < count; i++)
	{
		if (!is_wanted(tests[i].name, argc, argv))
			continue;
		test_name = tests[i].name;
		tests[i].run();
	}
	printf("1..%d\n", cases);
	if (failed_cases > 0)
		unit_note("%d of %d cases failed", failed_cases, cases);
	/* A run of nothing, for instance by a misspelt name, is not a success. */
	return failed_cases > 0 || cases == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

void
unit_host_refuses(CpStatus (*work)(CpContext *context), size_t allocations, size_t polls,
                  size_t budget)
{
	CpContext *context = unit_context();
	size_t allocated, polled;

	REQUIRE_OK(work(context));
	allocated = unit_allocations();
	polled = unit_polls();
	CHECK(allocated >= allocations && polled >= polls);
	for (size_t nth = 1; nth <= allocated; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, work(context));
	}
	for (size_t nth = 0; nth < polled; nth++)
	{
		context = unit_context();
		unit_cancel_after(nth);
		CHECK_STATUS(CP_CANCELLED, work(context));
	}
	context = unit_context();
	context->budget = budget;
	CHECK_STATUS(CP_OVER_BUDGET, work(context));
}
