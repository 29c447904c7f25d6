/*
 * test_bytes.c: what is written reads back; what is damaged is refused.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "num/bytes.h"

#define MAGIC "CPTESTS" /* eight bytes with its terminator */
#define FORMAT UINT32_C(0x010203)

extern void test_bytes(void);

static double
double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint64_t
bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* A stream with one field of each kind. */
static CpStatus
write_sample(CpWriter *writer, CpContext *context)
{
	cp_writer_begin(writer, context, MAGIC, FORMAT);
	cp_write_u8(writer, 0xfe);
	cp_write_u16(writer, 0x1234);
	cp_write_u32(writer, UINT32_C(0xdeadbeef));
	cp_write_u64(writer, UINT64_C(0x0123456789abcdef));
	cp_write_f32(writer, 1.5f);
	cp_write_f64(writer, -0.1);
	cp_write_string(writer, "na\0me", 5);
	cp_write_string(writer, NULL, 99);
	return cp_writer_finish(writer);
}

static CpStatus
read_sample(CpContext *context, const uint8_t *bytes, size_t length)
{
	CpReader reader;
	size_t text_length;

	CP_TRY(cp_reader_open(&reader, context, bytes, length, MAGIC, FORMAT + 2));
	cp_read_u8(&reader);
	cp_read_u16(&reader);
	cp_read_u32(&reader);
	cp_read_u64(&reader);
	cp_read_f32(&reader);
	cp_read_f64(&reader);
	cp_read_string(&reader, &text_length);
	cp_read_string(&reader, NULL);
	return cp_reader_close(&reader);
}

static void
check_layout(void)
{
	static const uint8_t expected[] = {
		/* magic, format, reserved, length of payload; the hash at 24 .. 31 is left out */
		'C', 'P', 'T', 'E', 'S', 'T', 'S', 0, 3, 2, 1, 0, 0, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t payload[] = {0xfe, 0x34, 0x12, 0xef, 0xbe, 0xad, 0xde, 0xef, 0xcd, 0xab,
	                                  0x89, 0x67, 0x45, 0x23, 0x01, 0x00, 0x00, 0xc0, 0x3f, 0x9a,
	                                  0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0xbf, 5,    0,    0,
	                                  0,    'n',  'a',  0,    'm',  'e',  0,    0,    0,    0};
	CpWriter writer;

	REQUIRE_OK(write_sample(&writer, unit_context()));
	REQUIRE(writer.length == CP_ENVELOPE_LENGTH + sizeof(payload));
	CHECK(memcmp(writer.bytes, expected, sizeof(expected)) == 0);
	CHECK(memcmp(writer.bytes + CP_ENVELOPE_LENGTH, payload, sizeof(payload)) == 0);
}

static void
check_round_trip(void)
{
	CpContext *context = unit_context();
	CpWriter writer;
	CpReader reader;
	size_t length = 77;
	char *text;

	REQUIRE_OK(write_sample(&writer, context));
	REQUIRE_OK(cp_reader_open(&reader, context, writer.bytes, writer.length, MAGIC, FORMAT));
	CHECK_EQUAL(FORMAT, reader.format);
	CHECK_EQUAL(0xfe, cp_read_u8(&reader));
	CHECK_EQUAL(0x1234, cp_read_u16(&reader));
	CHECK_EQUAL(UINT32_C(0xdeadbeef), cp_read_u32(&reader));
	CHECK_EQUAL(UINT64_C(0x0123456789abcdef), cp_read_u64(&reader));
	CHECK(cp_read_f32(&reader) == 1.5f);
	CHECK(cp_read_f64(&reader) == -0.1);
	text = cp_read_string(&reader, &length);
	REQUIRE(text != NULL);
	CHECK_EQUAL(5, length);
	CHECK(memcmp(text, "na\0me", 6) == 0);
	text = cp_read_string(&reader, &length);
	REQUIRE(text != NULL);
	CHECK_EQUAL(0, length);
	CHECK_STRING("", text);
	CHECK_STATUS(CP_OK, cp_reader_close(&reader));
}

/* Doubles by their bits, the odd ones too, through many doublings of the buffer. */
static void
check_long_streams(void)
{
	static const uint64_t odd[] = {0,
	                               UINT64_C(0x8000000000000000),
	                               UINT64_C(0x7ff0000000000000),
	                               UINT64_C(0xfff0000000000000),
	                               UINT64_C(0x7ff8000000000123),
	                               UINT64_C(1),
	                               UINT64_C(0x000fffffffffffff)};
	enum
	{
		n = 20000
	};
	CpContext *context = unit_context();
	CpWriter writer;
	CpReader reader;
	uint32_t i;

	cp_writer_begin(&writer, context, MAGIC, FORMAT);
	cp_write_u32(&writer, n);
	for (i = 0; i < n; i++)
		cp_write_f64(&writer, i < 7 ? double_of(odd[i]) : i / 7.0);
	REQUIRE_OK(cp_writer_finish(&writer));
	CHECK_EQUAL(CP_ENVELOPE_LENGTH + 4 + 8 * n, writer.length);
	CHECK(unit_allocations() < 20);

	REQUIRE_OK(cp_reader_open(&reader, context, writer.bytes, writer.length, MAGIC, FORMAT));
	CHECK_EQUAL(n, cp_read_count(&reader, 8));
	for (i = 0; i < n; i++)
		CHECK_EQUAL(i < 7 ? odd[i] : bits_of(i / 7.0), bits_of(cp_read_f64(&reader)));
	CHECK_STATUS(CP_OK, cp_reader_close(&reader));
}

static void
check_every_bit(void)
{
	CpContext *context = unit_context();
	CpWriter writer;
	size_t bit;

	REQUIRE_OK(write_sample(&writer, context));
	CHECK_STATUS(CP_OK, read_sample(context, writer.bytes, writer.length));
	for (bit = 0; bit < 8 * writer.length; bit++)
	{
		CpStatus status;

		writer.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		status = read_sample(context, writer.bytes, writer.length);
		writer.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (bit < 64)
			CHECK_STATUS(CP_FOREIGN, status);
		else if (!(CHECK(status == CP_CORRUPT || (status == CP_FOREIGN && bit < 96))))
			unit_note("bit %zu", bit);
	}
	CHECK_STATUS(CP_OK, read_sample(context, writer.bytes, writer.length));
}

/* Each prefix is put at the very end of a block, so that reading past it is seen. */
static void
check_every_truncation(void)
{
	CpContext *context = unit_context();
	CpWriter writer;
	size_t length;
	uint8_t *copy;

	REQUIRE_OK(write_sample(&writer, context));
	for (length = 0; length < writer.length; length++)
	{
		REQUIRE_OK(cp_alloc(context, &copy, length, 1));
		memcpy(copy, writer.bytes, length);
		CHECK_STATUS(CP_CORRUPT, read_sample(context, copy, length));
		cp_free(context, &copy);
	}
	REQUIRE_OK(cp_alloc_zero(context, &copy, writer.length + 1, 1));
	memcpy(copy, writer.bytes, writer.length);
	CHECK_STATUS(CP_CORRUPT, read_sample(context, copy, writer.length + 1));
	CHECK_STATUS(CP_CORRUPT, read_sample(context, NULL, 0));
}

static void
check_foreign(void)
{
	CpContext *context = unit_context();
	CpWriter writer;
	CpReader reader;

	REQUIRE_OK(write_sample(&writer, context));
	CHECK_STATUS(CP_FOREIGN,
	             cp_reader_open(&reader, context, writer.bytes, writer.length, "CPOTHER", FORMAT));
	CHECK_STATUS(CP_FOREIGN,
	             cp_reader_open(&reader, context, writer.bytes, writer.length, MAGIC, FORMAT - 1));
	CHECK_STRING("Format 66051 is newer than the newest known, 66050.", context->reason);
	CHECK_STATUS(CP_FOREIGN, cp_reader_open(&reader, context, "something else", 14, MAGIC, FORMAT));

	/* A reader that was not opened gives zeros and its status again. */
	CHECK_EQUAL(0, cp_read_u64(&reader));
	CHECK(cp_read_string(&reader, NULL) == NULL);
	CHECK_STATUS(CP_FOREIGN, cp_reader_close(&reader));

	cp_writer_begin(&writer, context, MAGIC, 0);
	REQUIRE_OK(cp_writer_finish(&writer));
	CHECK_STATUS(CP_CORRUPT,
	             cp_reader_open(&reader, context, writer.bytes, writer.length, MAGIC, FORMAT));
}

/* A stream with a good envelope around one number and eight bytes. */
static CpStatus
open_forged(CpReader *reader, CpContext *context, uint32_t number)
{
	CpWriter writer;

	cp_writer_begin(&writer, context, MAGIC, FORMAT);
	cp_write_u32(&writer, number);
	cp_write_u64(&writer, UINT64_C(0x4141414141414141));
	CP_TRY(cp_writer_finish(&writer));
	return cp_reader_open(reader, context, writer.bytes, writer.length, MAGIC, FORMAT);
}

static void
check_forged_counts(void)
{
	static const struct
	{
		uint32_t count;
		size_t element_bytes;
		bool fits;
	} cases[] = {{8, 1, true},
	             {9, 1, false},
	             {1, 8, true},
	             {2, 8, false},
	             {2, 4, true},
	             {3, 4, false},
	             {0, 8, true},
	             {0, 100, true},
	             {1, 9, false},
	             {UINT32_MAX, 1, false},
	             {UINT32_MAX, 8, false},
	             {1, SIZE_MAX, false},
	             {UINT32_MAX, SIZE_MAX, false},
	             {8, 0, true},
	             {9, 0, false},
	             {UINT32_C(0x80000001), 8, false},
	             {2, SIZE_MAX / 2 + 1, false}};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		CpReader reader;

		REQUIRE_OK(open_forged(&reader, unit_context(), cases[i].count));
		CHECK_EQUAL(cases[i].fits ? cases[i].count : 0,
		            cp_read_count(&reader, cases[i].element_bytes));
		CHECK(reader.failed == !cases[i].fits);
		CHECK_STATUS(CP_CORRUPT, cp_reader_close(&reader)); /* eight bytes are left over */
	}
}

static void
check_forged_strings(void)
{
	static const uint32_t claimed[] = {9, 10, UINT32_C(0x7fffffff), UINT32_MAX - 1, UINT32_MAX};
	CpReader reader;
	size_t length, i;

	for (i = 0; i < sizeof(claimed) / sizeof(claimed[0]); i++)
	{
		CpContext *context = unit_context();
		size_t asked, peak;

		REQUIRE_OK(open_forged(&reader, context, claimed[i]));
		asked = unit_allocations();
		peak = context->peak;
		length = 77;
		CHECK(cp_read_string(&reader, &length) == NULL);
		CHECK_EQUAL(0, length);
		CHECK_EQUAL(asked, unit_allocations());
		CHECK_EQUAL(peak, context->peak);
		CHECK_STATUS(CP_CORRUPT, cp_reader_close(&reader));
	}
	REQUIRE_OK(open_forged(&reader, unit_context(), 8));
	CHECK_STRING("AAAAAAAA", cp_read_string(&reader, &length));
	CHECK_STATUS(CP_OK, cp_reader_close(&reader));
}

static void
check_failure_lasts(void)
{
	CpContext *context = unit_context();
	CpReader reader;

	REQUIRE_OK(open_forged(&reader, context, 1));
	CHECK_EQUAL(UINT64_C(0x4141414100000001), cp_read_u64(&reader));
	CHECK_EQUAL(0, cp_read_u64(&reader)); /* only four are left */
	CHECK_EQUAL(0, cp_read_u8(&reader));
	CHECK_EQUAL(0, cp_read_u16(&reader));
	CHECK_EQUAL(0, cp_read_u32(&reader));
	CHECK(cp_read_f32(&reader) == 0.0f);
	CHECK(cp_read_f64(&reader) == 0.0);
	CHECK_EQUAL(0, cp_read_count(&reader, 1));
	CHECK(reader.failed);
	CHECK_STRING("The stored bytes end at 12.", context->reason);
	CHECK_STATUS(CP_CORRUPT, cp_reader_close(&reader));

	REQUIRE_OK(open_forged(&reader, context, 1));
	CHECK_EQUAL(1, cp_read_u32(&reader));
	cp_reader_reject(&reader);
	CHECK_EQUAL(0, cp_read_u32(&reader));
	CHECK_STATUS(CP_CORRUPT, cp_reader_close(&reader));
}

static void
check_memory_failures(void)
{
	CpContext *context;
	CpWriter writer;
	CpReader reader;
	size_t nth, i;

	for (nth = 1; nth <= 4; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		cp_writer_begin(&writer, context, MAGIC, FORMAT);
		for (i = 0; i < 1000; i++)
			cp_write_u64(&writer, i);
		CHECK_STATUS(CP_NO_MEMORY, cp_writer_finish(&writer));
		CHECK_EQUAL(nth, unit_allocations());
	}
	context = unit_context();
	context->budget = 2000;
	cp_writer_begin(&writer, context, MAGIC, FORMAT);
	for (i = 0; i < 1000; i++)
		cp_write_u64(&writer, i);
	CHECK_STATUS(CP_OVER_BUDGET, cp_writer_finish(&writer));

	REQUIRE_OK(open_forged(&reader, unit_context(), 8));
	unit_fail_allocation(1);
	CHECK(cp_read_string(&reader, NULL) == NULL);
	CHECK_STATUS(CP_NO_MEMORY, cp_reader_close(&reader));
}

void
test_bytes(void)
{
	UNIT_CASE("the layout is the documented one", check_layout);
	UNIT_CASE("every kind of field reads back", check_round_trip);
	UNIT_CASE("long streams keep doubles by their bits", check_long_streams);
	UNIT_CASE("each single bit flip is refused", check_every_bit);
	UNIT_CASE("each truncation is refused", check_every_truncation);
	UNIT_CASE("foreign bytes and newer formats are told apart", check_foreign);
	UNIT_CASE("forged counts are refused", check_forged_counts);
	UNIT_CASE("forged string lengths allocate nothing", check_forged_strings);
	UNIT_CASE("a failed reader gives zeros and stays failed", check_failure_lasts);
	UNIT_CASE("failures of memory keep their own status", check_memory_failures);
}
