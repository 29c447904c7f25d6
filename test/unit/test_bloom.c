/*
 * test_bloom.c: what was put in is found, little else is, and bytes are distrusted.
 */
#include "unit.h"

#include <string.h>

#include "num/bloom.h"
#include "num/hash.h"

extern void test_bloom(void);

#define MANY 20000

static void
membership(void)
{
	CpContext *context = unit_context();
	CpBloom bloom;
	uint32_t wrongly = 0;

	REQUIRE_OK(cp_bloom_init(context, MANY, &bloom));
	for (uint64_t i = 0; i < MANY; i++)
		cp_bloom_add(&bloom, cp_hash_bytes(&i, sizeof(i), 0) | 1);
	for (uint64_t i = 0; i < MANY; i++)
		if (!CHECK(cp_bloom_has(&bloom, cp_hash_bytes(&i, sizeof(i), 0) | 1)))
			return;
	for (uint64_t i = MANY; i < 6 * MANY; i++)
		wrongly += cp_bloom_has(&bloom, cp_hash_bytes(&i, sizeof(i), 0) | 1);
	unit_note("%.2f %% of others are taken for members", 100.0 * wrongly / (5 * MANY));
	/* (1 - exp(-7 / 10)) ^ 7 = 0.82 %. */
	CHECK(wrongly > 0.006 * 5 * MANY && wrongly < 0.010 * 5 * MANY);
}

static void
bytes(void)
{
	CpContext *context = unit_context();
	CpBloom bloom, back;
	CpWriter writer;
	CpReader reader;

	REQUIRE_OK(cp_bloom_init(context, 3, &bloom));
	cp_bloom_add(&bloom, 12345);
	cp_writer_begin(&writer, context, "TESTMAGI", 1);
	cp_bloom_write(&bloom, &writer);
	REQUIRE_OK(cp_writer_finish(&writer));
	REQUIRE_OK(cp_reader_open(&reader, context, writer.bytes, writer.length, "TESTMAGI", 1));
	REQUIRE_OK(cp_bloom_read(&back, &reader));
	CHECK_EQUAL(bloom.bits, back.bits);
	CHECK(memcmp(bloom.bytes, back.bytes, (bloom.bits + 7) / 8) == 0);
	CHECK(cp_bloom_has(&back, 12345) && !cp_bloom_has(&back, 54321));
}

/* More bits than bytes, none at all, and empty sets. */
static void
hostile(void)
{
	CpContext *context = unit_context();
	static const uint64_t bits[] = {0, 33, 23, UINT64_MAX};
	CpBloom bloom;

	for (int i = 0; i < 4; i++)
	{
		CpWriter writer;
		CpReader reader;

		cp_writer_begin(&writer, context, "TESTMAGI", 1);
		cp_write_u64(&writer, bits[i]);
		cp_write_string(&writer, "four", 4);
		REQUIRE_OK(cp_writer_finish(&writer));
		REQUIRE_OK(cp_reader_open(&reader, context, writer.bytes, writer.length, "TESTMAGI", 1));
		CHECK_STATUS(CP_CORRUPT, cp_bloom_read(&bloom, &reader));
	}
	REQUIRE_OK(cp_bloom_init(context, 0, &bloom));
	CHECK(!cp_bloom_has(&bloom, 1));
}

void
test_bloom(void)
{
	UNIT_CASE("members are found, one in a hundred others is", membership);
	UNIT_CASE("bytes read back", bytes);
	UNIT_CASE("bytes that cannot be are refused", hostile);
}
