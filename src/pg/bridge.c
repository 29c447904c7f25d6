/*
 * bridge.c: the server's side of num/context.h.
 */
#include "pg/compat.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/bridge.h"

/* Between two progress notices; a short training gives none. */
#define PROGRESS_INTERVAL_MS 10000

static void *
host_allocate(void *host, size_t bytes)
{
	return MemoryContextAllocExtended(((CpBridge *) host)->memory, bytes,
	                                  MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
}

/*
 * Raises an error when memory is out, since there is no variant that does not
 * before PostgreSQL 16. Pure code holds nothing but memory of this context, so
 * leaving it in the middle is as good as returning.
 */
static void *
host_resize(void *host, void *block, size_t bytes)
{
	return repalloc_huge(block, bytes);
}

static void
host_release(void *host, void *block)
{
	pfree(block);
}

/*
 * A pending cancel or termination stops the pure code, and the error is raised
 * when it has returned. Other interrupts, such as barriers that other sessions
 * wait for, are served right here.
 */
static bool
host_poll(void *host)
{
	if (!InterruptPending)
		return false;
	if (QueryCancelPending || ProcDiePending)
		return true;
	CHECK_FOR_INTERRUPTS();
	return false;
}

static void
host_progress(void *host, const char *line)
{
	CpBridge *bridge = host;
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(bridge->last_progress, now, PROGRESS_INTERVAL_MS))
		return;
	bridge->last_progress = now;
	ereport(NOTICE, (errmsg("%s", line)));
}

void
cp_bridge_init(CpBridge *bridge, MemoryContext memory, int budget_kb)
{
	memset(bridge, 0, sizeof(*bridge));
	bridge->memory = memory;
	bridge->last_progress = GetCurrentTimestamp();
	bridge->context.allocate = host_allocate;
	bridge->context.resize = host_resize;
	bridge->context.release = host_release;
	bridge->context.poll = host_poll;
	bridge->context.progress = host_progress;
	bridge->context.host = bridge;
	bridge->setting = "churnprevent.training_memory";
	bridge->relief = "Raise the setting, leave columns out, or use a sample of the rows.";
	bridge->context.budget = budget_kb == 0 ? SIZE_MAX : (size_t) budget_kb * 1024;
}

static int
kilobytes(size_t bytes)
{
	size_t kb = bytes / 1024 + (bytes % 1024 != 0);

	return kb > INT_MAX ? INT_MAX : (int) kb;
}

/* From status to SQLSTATE, message and hint; the detail is the reason that pure code gave. */
static const struct
{
	CpStatus status;
	int sqlstate;
	const char *message;
	const char *hint;
} errors[] = {
	{CP_CANCELLED, ERRCODE_QUERY_CANCELED, "canceling training", NULL},
	{CP_NO_MEMORY, ERRCODE_OUT_OF_MEMORY, "out of memory", NULL},
	{CP_BAD_PARAMETER, ERRCODE_INVALID_PARAMETER_VALUE, "invalid option", NULL},
	{CP_BAD_DATA, ERRCODE_DATA_EXCEPTION, "nothing can be learned from these rows",
     "Look at the source, the label, the options and the notices above."},
	{CP_CORRUPT, ERRCODE_DATA_CORRUPTED, "model bytes are corrupt",
     "Deploy another version, restore the row from a backup, or train again."},
	{CP_FOREIGN, ERRCODE_INVALID_BINARY_REPRESENTATION,
     "model bytes are of another kind or a newer format",
     "Use the version of churnprevent that wrote them, or train again."},
	{CP_NOT_CONVERGED, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "the computation did not converge", NULL},
	{CP_UNAVAILABLE, ERRCODE_FEATURE_NOT_SUPPORTED,
     "the neural network needs a library that is not there",
     "Install OpenBLAS on the server (Debian: libopenblas0-serial), or name other \"members\"."},
};

void
cp_bridge_check(const CpBridge *bridge, CpStatus status, const char *what)
{
	const CpContext *context = &bridge->context;

	if (status == CP_OK)
		return;
	if (status == CP_CANCELLED)
		CHECK_FOR_INTERRUPTS();
	if (status == CP_OVER_BUDGET)
		ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		                errmsg("memory exceeds \"%s\"", bridge->setting),
		                context->required > 0
		                    ? errdetail("At least %d kB are required and %d kB allowed.",
		                                kilobytes(context->required), kilobytes(context->budget))
		                    : errdetail("%s", context->reason),
		                errhint("%s", bridge->relief)));
	for (size_t i = 0; i < lengthof(errors); i++)
		if (errors[i].status == status)
			ereport(ERROR, (errcode(errors[i].sqlstate),
			                what == NULL ? errmsg("%s", errors[i].message)
			                             : errmsg("%s: %s", what, errors[i].message),
			                context->reason[0] == '\0' ? 0 : errdetail("%s", context->reason),
			                errors[i].hint == NULL ? 0 : errhint("%s", errors[i].hint)));
	elog(ERROR, "unknown status %d", status);
}

bytea *
cp_bytea_of(const CpWriter *writer)
{
	bytea *bytes = palloc(writer->length + VARHDRSZ);

	SET_VARSIZE(bytes, writer->length + VARHDRSZ);
	memcpy(VARDATA(bytes), writer->bytes, writer->length);
	return bytes;
}
