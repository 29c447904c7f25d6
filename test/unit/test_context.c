/*
 * test_context.c: allocation to the byte, refusals, reasons, cancel, progress.
 */
#include "unit.h"

#include <string.h>

#define HEADER ((size_t) 16)

extern void test_context(void);

static void
check_budget_is_exact(void)
{
	CpContext *context = unit_context();
	double *ten, *more;

	context->budget = 2 * HEADER + 80 + 1;
	REQUIRE_OK(cp_alloc(context, &ten, 10, sizeof(double)));
	CHECK(ten != NULL);
	CHECK_EQUAL(HEADER + 80, context->used);

	CHECK_STATUS(CP_OVER_BUDGET, cp_alloc(context, &more, 2, 1));
	CHECK(more == NULL);
	CHECK_EQUAL(2 * HEADER + 82, context->required);
	CHECK_STRING("114 bytes are required, 113 are allowed", context->reason);
	CHECK_EQUAL(1, unit_allocations());

	REQUIRE_OK(cp_alloc(context, &more, 1, 1));
	CHECK_EQUAL(context->budget, context->used);
	CHECK_STATUS(CP_OVER_BUDGET, cp_alloc(context, &ten, 0, 1));

	cp_free(context, &more);
	CHECK(more == NULL);
	CHECK_EQUAL(HEADER + 80, context->used);
	CHECK_EQUAL(context->budget, context->peak);
	cp_free(context, &more);
	CHECK_EQUAL(HEADER + 80, context->used);
}

static void
check_overflow_is_refused(void)
{
	static const size_t asked[][2] = {
		{SIZE_MAX, 1},         {1, SIZE_MAX},         {SIZE_MAX, SIZE_MAX},
		{SIZE_MAX / 2 + 1, 2}, {SIZE_MAX / 3 + 1, 3}, {SIZE_MAX - 15, 1},
		{SIZE_MAX - 16, 1},    {SIZE_MAX / 8, 8},     {(SIZE_MAX >> 4) + 2, 16}};
	CpContext *context = unit_context();
	char *block, *kept;
	size_t i;

	context->budget = SIZE_MAX;
	REQUIRE_OK(cp_alloc(context, &kept, 8, 1));
	memcpy(kept, "unmoved", 8);
	for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
	{
		char *same = kept;

		block = kept;
		CHECK_STATUS(CP_OVER_BUDGET, cp_alloc(context, &block, asked[i][0], asked[i][1]));
		CHECK(block == NULL);
		CHECK_EQUAL(SIZE_MAX, context->required);
		CHECK_STATUS(CP_OVER_BUDGET, cp_alloc_zero(context, &block, asked[i][0], asked[i][1]));
		CHECK_STATUS(CP_OVER_BUDGET, cp_resize(context, &same, asked[i][0], asked[i][1]));
		CHECK(same == kept);
	}
	CHECK_STRING("unmoved", kept);
	CHECK_EQUAL(1, unit_allocations());
	CHECK_EQUAL(HEADER + 8, context->used);
}

static void
check_zeroed_and_empty(void)
{
	CpContext *context = unit_context();
	uint32_t *numbers;
	void *empty;
	size_t i;

	REQUIRE_OK(cp_alloc_zero(context, &numbers, 1000, sizeof(uint32_t)));
	for (i = 0; i < 1000; i++)
		CHECK_EQUAL(0, numbers[i]);
	REQUIRE_OK(cp_alloc(context, &empty, 0, 8));
	CHECK(empty != NULL);
	cp_free(context, &empty);
	REQUIRE_OK(cp_alloc_zero(context, &empty, 8, 0));
	CHECK(empty != NULL);
}

static void
check_alignment(void)
{
	CpContext *context = unit_context();
	size_t bytes;

	for (bytes = 0; bytes < 70; bytes++)
	{
		void *block;

		REQUIRE_OK(cp_alloc(context, &block, bytes, 1));
		CHECK_EQUAL(0, (uintptr_t) block % 16);
	}
}

static void
check_resize(void)
{
	CpContext *context = unit_context();
	int *values = NULL;
	int i;

	context->budget = HEADER + 100 * sizeof(int);
	REQUIRE_OK(cp_resize(context, &values, 10, sizeof(int)));
	for (i = 0; i < 10; i++)
		values[i] = i * i;

	/* Only the new length counts: old and new together would pass the budget. */
	REQUIRE_OK(cp_resize(context, &values, 100, sizeof(int)));
	CHECK_EQUAL(context->budget, context->used);
	CHECK_STATUS(CP_OVER_BUDGET, cp_resize(context, &values, 101, sizeof(int)));
	CHECK_EQUAL(HEADER + 101 * sizeof(int), context->required);
	CHECK_EQUAL(context->budget, context->used);
	for (i = 0; i < 10; i++)
		CHECK_EQUAL(i * i, values[i]);

	REQUIRE_OK(cp_resize(context, &values, 5, sizeof(int)));
	CHECK_EQUAL(HEADER + 5 * sizeof(int), context->used);
	CHECK_EQUAL(context->budget, context->peak);
	for (i = 0; i < 5; i++)
		CHECK_EQUAL(i * i, values[i]);

	unit_fail_allocation(1);
	CHECK_STATUS(CP_NO_MEMORY, cp_resize(context, &values, 50, sizeof(int)));
	CHECK_EQUAL(HEADER + 5 * sizeof(int), context->used);
	CHECK_EQUAL(16, values[4]);
	CHECK_EQUAL(1, unit_live_blocks());
	cp_free(context, &values);
	CHECK_EQUAL(0, context->used);
	CHECK_EQUAL(0, unit_live_blocks());
}

static void
check_nth_allocation_fails(void)
{
	CpContext *context = unit_context();
	char *blocks[4];

	unit_fail_allocation(3);
	REQUIRE_OK(cp_alloc(context, &blocks[0], 1, 1));
	REQUIRE_OK(cp_alloc_zero(context, &blocks[1], 1, 1));
	blocks[2] = blocks[0];
	CHECK_STATUS(CP_NO_MEMORY, cp_alloc_zero(context, &blocks[2], 1000, 4));
	CHECK(blocks[2] == NULL);
	CHECK_STRING("could not allocate 4016 bytes", context->reason);
	CHECK_EQUAL(2 * (HEADER + 1), context->used);
	CHECK_EQUAL(2 * (HEADER + 1), context->peak);
	REQUIRE_OK(cp_alloc(context, &blocks[3], 1, 1));
}

static void
check_reserve(void)
{
	CpContext *context = unit_context();
	char *block;

	context->budget = 1000;
	REQUIRE_OK(cp_alloc(context, &block, 84, 1));
	CHECK_STATUS(CP_OK, cp_reserve_check(context, 900));
	CHECK_STATUS(CP_OVER_BUDGET, cp_reserve_check(context, 901));
	CHECK_EQUAL(1001, context->required);
	CHECK_STATUS(CP_OVER_BUDGET, cp_reserve_check(context, SIZE_MAX));
	CHECK_EQUAL(SIZE_MAX, context->required);
	CHECK_EQUAL(100, context->used);
	CHECK_EQUAL(100, context->peak);
}

static void
check_poll_and_progress(void)
{
	CpContext *context = unit_context();

	unit_cancel_after(2);
	CHECK_STATUS(CP_OK, cp_poll(context));
	CHECK_STATUS(CP_OK, cp_poll(context));
	CHECK_STATUS(CP_CANCELLED, cp_poll(context));
	CHECK_STATUS(CP_CANCELLED, cp_poll(context));
	CHECK_EQUAL(4, unit_polls());

	cp_progress(context, "tree %d of %d", 3, 100);
	CHECK_EQUAL(1, unit_progress_lines());
	CHECK_STRING("tree 3 of 100", unit_last_progress());

	context->poll = NULL;
	context->progress = NULL;
	CHECK_STATUS(CP_OK, cp_poll(context));
	cp_progress(context, "nobody listens");
	CHECK_EQUAL(1, unit_progress_lines());
}

static CpStatus
try_each(CpContext *context, CpStatus second)
{
	CP_TRY(CP_OK);
	CP_TRY(second);
	return cp_fail(context, CP_NOT_CONVERGED, "reached the end");
}

static void
check_reasons(void)
{
	CpContext *context = unit_context();
	char longer[2 * CP_REASON_LENGTH];

	CHECK_STATUS(CP_BAD_DATA, cp_fail(context, CP_BAD_DATA, "%d rows", 0));
	CHECK_STRING("0 rows", context->reason);
	cp_fail(context, CP_BAD_DATA, "column %s: %s", "age", context->reason);
	CHECK_STRING("column age: 0 rows", context->reason);

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	cp_fail(context, CP_BAD_DATA, "%s", longer);
	CHECK_EQUAL(CP_REASON_LENGTH - 1, strlen(context->reason));

	CHECK_STATUS(CP_CORRUPT, try_each(context, CP_CORRUPT));
	CHECK_STATUS(CP_NOT_CONVERGED, try_each(context, CP_OK));
}

void
test_context(void)
{
	UNIT_CASE("the budget is exact to the byte", check_budget_is_exact);
	UNIT_CASE("sizes that overflow are refused", check_overflow_is_refused);
	UNIT_CASE("zeroed and empty blocks", check_zeroed_and_empty);
	UNIT_CASE("blocks are aligned to 16 bytes", check_alignment);
	UNIT_CASE("resize keeps contents and accounts", check_resize);
	UNIT_CASE("a failed allocation leaves everything consistent", check_nth_allocation_fails);
	UNIT_CASE("reserve check sees the budget, changes nothing", check_reserve);
	UNIT_CASE("poll and progress reach the host", check_poll_and_progress);
	UNIT_CASE("reasons are formatted and bounded", check_reasons);
}
