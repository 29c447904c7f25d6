/*
 * dictionary.h: strings to small consecutive numbers.
 *
 * Codes are handed out in order of arrival, 0 .. count - 1. Texts are bytes
 * with a length, in one arena; equal means equal bytes. Lookup is one hash, one
 * probe in the common case, and never allocates.
 */
#ifndef CP_DICTIONARY_H
#define CP_DICTIONARY_H

#include <stdint.h>

#include "num/context.h"

#define CP_NO_CODE UINT32_MAX

/* Seed of cp_hash_bytes for the texts of a dictionary. */
#define CP_DICTIONARY_SEED UINT64_C(0x63705f6469637430)

typedef struct CpDictionary
{
	CpContext *context;
	uint32_t count;
	uint32_t capacity; /* of hash and end */
	uint64_t *hash;    /* [count] */
	size_t *end;       /* [count] where the text ends in the arena; it starts at the end before */
	char *text;        /* arena */
	size_t text_length;
	size_t text_capacity;
	uint32_t *slots; /* [slot_count] code + 1, 0 = free; slot_count is a power of two */
	uint32_t slot_count;
} CpDictionary;

extern void cp_dictionary_init(CpDictionary *dictionary, CpContext *context);
extern void cp_dictionary_free(CpDictionary *dictionary);

/* The code of a text, which is added when new. */
extern CpStatus cp_dictionary_add(CpDictionary *dictionary, const char *text, size_t length,
                                  uint32_t *code);

/* The text of a code, not terminated. */
extern const char *cp_dictionary_text(const CpDictionary *dictionary, uint32_t code,
                                      size_t *length);

/* The code of a text or CP_NO_CODE. */
extern uint32_t cp_dictionary_find(const CpDictionary *dictionary, const char *text, size_t length);

#endif
