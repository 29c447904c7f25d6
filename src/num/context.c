/*
 * context.c: allocation with an exact byte budget, reasons, cancel and progress.
 *
 * Every block is preceded by a header of 16 bytes that holds its length, header
 * included, so that used, peak and budget count what was really asked of the
 * host. Sixteen bytes keep the alignment of the host's own blocks up to 16.
 */
#include "num/context.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES 16

/*
 * Callers pass the address of a pointer of any type as void *; going through
 * memcpy keeps that within the aliasing rules.
 */
static void *
get_pointer(const void *block)
{
	void *pointer;

	memcpy(&pointer, block, sizeof(pointer));
	return pointer;
}

static void
set_pointer(void *block, void *pointer)
{
	memcpy(block, &pointer, sizeof(pointer));
}

/* Length of the host's block behind a pointer we handed out; 0 for NULL. */
static size_t
total_of(const void *pointer)
{
	size_t total = 0;

	if (pointer != NULL)
		memcpy(&total, (const char *) pointer - HEADER_BYTES, sizeof(total));
	return total;
}

/* The caller's part of a host's block, its header filled in. */
static void *
with_header(void *host_block, size_t total)
{
	memcpy(host_block, &total, sizeof(total));
	return (char *) host_block + HEADER_BYTES;
}

/* HEADER_BYTES + count * size, or SIZE_MAX when that does not fit. */
static size_t
total_for(size_t count, size_t size)
{
	if (size != 0 && count > (SIZE_MAX - HEADER_BYTES) / size)
		return SIZE_MAX;
	return HEADER_BYTES + count * size;
}

/* Refuse when kept bytes and another total would pass the budget. */
static CpStatus
check_budget(CpContext *context, size_t kept, size_t total)
{
	size_t required = total > SIZE_MAX - kept ? SIZE_MAX : kept + total;

	if (required != SIZE_MAX && required <= context->budget)
		return CP_OK;
	context->required = required;
	return cp_fail(context, CP_OVER_BUDGET, "%zu bytes are required, %zu are allowed", required,
	               context->budget);
}

static void
account(CpContext *context, size_t used)
{
	context->used = used;
	if (used > context->peak)
		context->peak = used;
}

CpStatus
cp_alloc(CpContext *context, void *block, size_t count, size_t size)
{
	size_t total = total_for(count, size);
	void *host_block;

	set_pointer(block, NULL);
	CP_TRY(check_budget(context, context->used, total));
	host_block = context->allocate(context->host, total);
	if (host_block == NULL)
		return cp_fail(context, CP_NO_MEMORY, "could not allocate %zu bytes", total);
	account(context, context->used + total);
	set_pointer(block, with_header(host_block, total));
	return CP_OK;
}

CpStatus
cp_alloc_zero(CpContext *context, void *block, size_t count, size_t size)
{
	CP_TRY(cp_alloc(context, block, count, size));
	memset(get_pointer(block), 0, count * size);
	return CP_OK;
}

CpStatus
cp_resize(CpContext *context, void *block, size_t count, size_t size)
{
	char *old = get_pointer(block);
	size_t total = total_for(count, size);
	size_t kept;
	void *host_block;

	if (old == NULL)
		return cp_alloc(context, block, count, size);
	kept = context->used - total_of(old);
	CP_TRY(check_budget(context, kept, total));
	host_block = context->resize(context->host, old - HEADER_BYTES, total);
	if (host_block == NULL)
		return cp_fail(context, CP_NO_MEMORY, "could not allocate %zu bytes", total);
	account(context, kept + total);
	set_pointer(block, with_header(host_block, total));
	return CP_OK;
}

void
cp_free(CpContext *context, void *block)
{
	char *pointer = get_pointer(block);

	if (pointer == NULL)
		return;
	context->used -= total_of(pointer);
	context->release(context->host, pointer - HEADER_BYTES);
	set_pointer(block, NULL);
}

CpStatus
cp_reserve_check(CpContext *context, size_t bytes)
{
	return check_budget(context, context->used, bytes);
}

CpStatus
cp_poll(CpContext *context)
{
	if (context->poll == NULL || !context->poll(context->host))
		return CP_OK;
	return cp_fail(context, CP_CANCELLED, "cancelled by the host");
}

/* Formatted aside first, so that the old reason may be among the arguments. */
CpStatus
cp_fail(CpContext *context, CpStatus status, const char *format, ...)
{
	char line[CP_REASON_LENGTH];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	memcpy(context->reason, line, sizeof(line));
	return status;
}

void
cp_progress(CpContext *context, const char *format, ...)
{
	char line[CP_REASON_LENGTH];
	va_list arguments;

	if (context->progress == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	context->progress(context->host, line);
}
