/*
 * bytes.h: streams of fixed width and byte order.
 *
 * What is written here reads back exactly, on any machine: little-endian
 * integers, IEEE doubles by their bits, strings with a length, never a struct
 * copied whole. A reader distrusts its input: every read is checked against
 * what is left, and after the first failure it returns zeros and stays failed,
 * so a caller may read a group of fields and look once.
 *
 * Envelope, written by cp_writer_begin / finish and checked by cp_reader_open:
 *   bytes 0..7   magic
 *   bytes 8..11  format version
 *   bytes 12..15 reserved, zero
 *   bytes 16..23 length of the payload
 *   bytes 24..31 hash of the payload (hash.h, seeded with the format version)
 *   then the payload
 */
#ifndef CP_BYTES_H
#define CP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/context.h"

#define CP_ENVELOPE_LENGTH 32

typedef struct CpWriter
{
	CpContext *context;
	uint8_t *bytes; /* owned by the context */
	size_t length;
	size_t capacity;
	CpStatus status; /* first failure; later writes do nothing */
} CpWriter;

extern void cp_writer_begin(CpWriter *writer, CpContext *context, const char magic[8],
                            uint32_t format);
extern void cp_write_u8(CpWriter *writer, uint8_t value);
extern void cp_write_u16(CpWriter *writer, uint16_t value);
extern void cp_write_u32(CpWriter *writer, uint32_t value);
extern void cp_write_u64(CpWriter *writer, uint64_t value);
extern void cp_write_f32(CpWriter *writer, float value);
extern void cp_write_f64(CpWriter *writer, double value);
/* A length (u32), then the bytes; no terminator. NULL is written as the empty string. */
extern void cp_write_string(CpWriter *writer, const char *text, size_t length);

/* Fill in length and hash; returns the first failure of any write. */
extern CpStatus cp_writer_finish(CpWriter *writer);

/* The hash that finish put into the envelope. */
extern uint64_t cp_writer_checksum(const CpWriter *writer);

typedef struct CpReader
{
	CpContext *context;
	const uint8_t *bytes; /* the payload; belongs to the caller */
	size_t length;
	size_t position;
	bool failed;
	CpStatus status; /* of the first failure */
	uint32_t format;
} CpReader;

/*
 * Check magic, format (1 .. newest), length and hash.
 * CP_FOREIGN: other magic or a newer format. CP_CORRUPT: anything else wrong.
 */
extern CpStatus cp_reader_open(CpReader *reader, CpContext *context, const void *bytes,
                               size_t length, const char magic[8], uint32_t newest);
extern uint8_t cp_read_u8(CpReader *reader);
extern uint16_t cp_read_u16(CpReader *reader);
extern uint32_t cp_read_u32(CpReader *reader);
extern uint64_t cp_read_u64(CpReader *reader);
extern float cp_read_f32(CpReader *reader);
extern double cp_read_f64(CpReader *reader);

/* A copy with a terminating zero byte, allocated from the context; NULL after a failure. */
extern char *cp_read_string(CpReader *reader, size_t *length);

/*
 * A count of elements that take at least element_bytes each: fails when the rest
 * of the stream cannot hold them, so that no allocation follows a forged count.
 */
extern uint32_t cp_read_count(CpReader *reader, size_t element_bytes);

/* Mark the stream corrupt, for a value that reads but cannot be meant. */
extern void cp_reader_reject(CpReader *reader);

/*
 * CP_CORRUPT when any read failed or bytes are left over; when it was memory for
 * a string that failed, the allocator's status.
 */
extern CpStatus cp_reader_close(CpReader *reader);

#endif
