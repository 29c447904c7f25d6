/*
 * bytes.c: the envelope and the fields of stored streams.
 *
 * Every width is taken apart and put together by shifts, so the byte order of
 * the machine never shows.
 */
#include "num/bytes.h"

#include <string.h>

#include "num/hash.h"

#define FORMAT_AT 8
#define RESERVED_AT 12
#define LENGTH_AT 16
#define HASH_AT 24
#define FIRST_CAPACITY 256

static void
put_integer(uint8_t *bytes, uint64_t value, int width)
{
	int i;

	for (i = 0; i < width; i++)
		bytes[i] = (uint8_t) (value >> (8 * i));
}

static uint64_t
get_integer(const uint8_t *bytes, int width)
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < width; i++)
		value |= (uint64_t) bytes[i] << (8 * i);
	return value;
}

/* The format takes part, or a damaged version number could pass for an older one. */
static uint64_t
payload_hash(const uint8_t *payload, size_t length, uint32_t format)
{
	return cp_hash_bytes(payload, length, format);
}

/* ---- writer ---- */

/* Room for more bytes at the end, or NULL once the writer has failed. */
static uint8_t *
extend(CpWriter *writer, size_t more)
{
	uint8_t *place;

	if (writer->status != CP_OK)
		return NULL;
	if (more > writer->capacity - writer->length)
	{
		size_t wanted = writer->capacity <= SIZE_MAX / 2 ? 2 * writer->capacity : SIZE_MAX;

		/* At the end of the budget, what is needed may fit where double does not. */
		if (wanted - writer->length < more)
			wanted = more > SIZE_MAX - writer->length ? SIZE_MAX : writer->length + more;
		writer->status = cp_resize(writer->context, &writer->bytes, wanted, 1);
		if (writer->status != CP_OK)
			return NULL;
		writer->capacity = wanted;
	}
	place = writer->bytes + writer->length;
	writer->length += more;
	return place;
}

static void
write_integer(CpWriter *writer, uint64_t value, int width)
{
	uint8_t *place = extend(writer, (size_t) width);

	if (place != NULL)
		put_integer(place, value, width);
}

void
cp_writer_begin(CpWriter *writer, CpContext *context, const char magic[8], uint32_t format)
{
	uint8_t *place;

	writer->context = context;
	writer->bytes = NULL;
	writer->length = 0;
	writer->capacity = 0;
	writer->status = cp_alloc(context, &writer->bytes, FIRST_CAPACITY, 1);
	if (writer->status != CP_OK)
		return;
	writer->capacity = FIRST_CAPACITY;
	place = extend(writer, CP_ENVELOPE_LENGTH);
	memset(place, 0, CP_ENVELOPE_LENGTH);
	memcpy(place, magic, 8);
	put_integer(place + FORMAT_AT, format, 4);
}

void
cp_write_u8(CpWriter *writer, uint8_t value)
{
	write_integer(writer, value, 1);
}

void
cp_write_u16(CpWriter *writer, uint16_t value)
{
	write_integer(writer, value, 2);
}

void
cp_write_u32(CpWriter *writer, uint32_t value)
{
	write_integer(writer, value, 4);
}

void
cp_write_u64(CpWriter *writer, uint64_t value)
{
	write_integer(writer, value, 8);
}

void
cp_write_f32(CpWriter *writer, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	write_integer(writer, bits, 4);
}

void
cp_write_f64(CpWriter *writer, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	write_integer(writer, bits, 8);
}

void
cp_write_string(CpWriter *writer, const char *text, size_t length)
{
	uint8_t *place;

	if (text == NULL)
		length = 0;
	if (length > UINT32_MAX)
	{
		if (writer->status == CP_OK)
			writer->status = cp_fail(writer->context, CP_BAD_DATA,
			                         "A string of %zu bytes is too long to store.", length);
		return;
	}
	write_integer(writer, length, 4);
	place = extend(writer, length);
	if (place != NULL && length > 0)
		memcpy(place, text, length);
}

CpStatus
cp_writer_finish(CpWriter *writer)
{
	uint8_t *envelope = writer->bytes;
	uint8_t *payload;
	size_t payload_length;
	uint32_t format;

	if (writer->status != CP_OK)
		return writer->status;
	payload = envelope + CP_ENVELOPE_LENGTH;
	payload_length = writer->length - CP_ENVELOPE_LENGTH;
	format = (uint32_t) get_integer(envelope + FORMAT_AT, 4);
	put_integer(envelope + LENGTH_AT, payload_length, 8);
	put_integer(envelope + HASH_AT, payload_hash(payload, payload_length, format), 8);
	return CP_OK;
}

uint64_t
cp_writer_checksum(const CpWriter *writer)
{
	return get_integer(writer->bytes + HASH_AT, 8);
}

/* ---- reader ---- */

/* What is wrong with the envelope, as a status with its reason; CP_OK when nothing is. */
static CpStatus
check_envelope(CpContext *context, const uint8_t *bytes, size_t length, const char magic[8],
               uint32_t newest)
{
	uint32_t format;
	size_t payload_length = length - CP_ENVELOPE_LENGTH;

	if (length >= 8 && memcmp(bytes, magic, 8) != 0)
		return cp_fail(context, CP_FOREIGN, "The bytes do not begin with the expected mark.");
	if (length < CP_ENVELOPE_LENGTH)
		return cp_fail(context, CP_CORRUPT,
		               "Only %zu bytes are stored, fewer than the envelope takes.", length);
	format = (uint32_t) get_integer(bytes + FORMAT_AT, 4);
	if (format > newest)
		return cp_fail(context, CP_FOREIGN, "Format %lu is newer than the newest known, %lu.",
		               (unsigned long) format, (unsigned long) newest);
	if (format == 0 || get_integer(bytes + RESERVED_AT, 4) != 0)
		return cp_fail(context, CP_CORRUPT, "The envelope is damaged.");
	if (get_integer(bytes + LENGTH_AT, 8) != payload_length)
		return cp_fail(context, CP_CORRUPT, "The stored length does not match %zu bytes.",
		               payload_length);
	if (get_integer(bytes + HASH_AT, 8) !=
	    payload_hash(bytes + CP_ENVELOPE_LENGTH, payload_length, format))
		return cp_fail(context, CP_CORRUPT, "The checksum does not match.");
	return CP_OK;
}

CpStatus
cp_reader_open(CpReader *reader, CpContext *context, const void *bytes, size_t length,
               const char magic[8], uint32_t newest)
{
	const uint8_t *start = bytes;

	/* Whatever happens below, the reader is safe to use: it has nothing to read. */
	reader->context = context;
	reader->bytes = NULL;
	reader->length = 0;
	reader->position = 0;
	reader->format = 0;
	reader->failed = true;
	reader->status = check_envelope(context, start, length, magic, newest);
	if (reader->status != CP_OK)
		return reader->status;

	reader->bytes = start + CP_ENVELOPE_LENGTH;
	reader->length = length - CP_ENVELOPE_LENGTH;
	reader->format = (uint32_t) get_integer(start + FORMAT_AT, 4);
	reader->failed = false;
	return CP_OK;
}

/* Keep the first failure. */
static void
fail_reader(CpReader *reader, CpStatus status)
{
	if (!reader->failed)
		reader->status = status;
	reader->failed = true;
}

/* The next bytes of the payload, or NULL when there are not that many. */
static const uint8_t *
take(CpReader *reader, size_t wanted)
{
	const uint8_t *place;

	if (reader->failed)
		return NULL;
	if (wanted > reader->length - reader->position)
	{
		fail_reader(reader, cp_fail(reader->context, CP_CORRUPT, "The stored bytes end at %zu.",
		                            reader->length));
		return NULL;
	}
	place = reader->bytes + reader->position;
	reader->position += wanted;
	return place;
}

static uint64_t
read_integer(CpReader *reader, int width)
{
	const uint8_t *place = take(reader, (size_t) width);

	return place == NULL ? 0 : get_integer(place, width);
}

uint8_t
cp_read_u8(CpReader *reader)
{
	return (uint8_t) read_integer(reader, 1);
}

uint16_t
cp_read_u16(CpReader *reader)
{
	return (uint16_t) read_integer(reader, 2);
}

uint32_t
cp_read_u32(CpReader *reader)
{
	return (uint32_t) read_integer(reader, 4);
}

uint64_t
cp_read_u64(CpReader *reader)
{
	return read_integer(reader, 8);
}

float
cp_read_f32(CpReader *reader)
{
	uint32_t bits = cp_read_u32(reader);
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

double
cp_read_f64(CpReader *reader)
{
	uint64_t bits = cp_read_u64(reader);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

char *
cp_read_string(CpReader *reader, size_t *length)
{
	size_t wanted = cp_read_u32(reader);
	const uint8_t *place = take(reader, wanted);
	char *text = NULL;
	CpStatus status;

	if (length != NULL)
		*length = 0;
	if (place == NULL)
		return NULL;
	status = cp_alloc(reader->context, &text, wanted + 1, 1); /* wanted is within the payload */
	if (status != CP_OK)
	{
		fail_reader(reader, status);
		return NULL;
	}
	memcpy(text, place, wanted);
	text[wanted] = '\0';
	if (length != NULL)
		*length = wanted;
	return text;
}

uint32_t
cp_read_count(CpReader *reader, size_t element_bytes)
{
	uint32_t count = cp_read_u32(reader);
	size_t left = reader->length - reader->position;

	/* Elements of no bytes could be claimed without limit: hold them to one. */
	if (element_bytes == 0)
		element_bytes = 1;
	if (!reader->failed && count > left / element_bytes)
		fail_reader(reader,
		            cp_fail(reader->context, CP_CORRUPT, "%lu elements do not fit in %zu bytes.",
		                    (unsigned long) count, left));
	return reader->failed ? 0 : count;
}

void
cp_reader_reject(CpReader *reader)
{
	if (!reader->failed)
		fail_reader(reader,
		            cp_fail(reader->context, CP_CORRUPT,
		                    "An impossible value was found before byte %zu.", reader->position));
}

CpStatus
cp_reader_close(CpReader *reader)
{
	if (reader->failed)
		return reader->status;
	if (reader->position != reader->length)
		return cp_fail(reader->context, CP_CORRUPT, "Behind the end, %zu bytes are left over.",
		               reader->length - reader->position);
	return CP_OK;
}
