/*
 * dictionary.h: strings to small consecutive numbers.
 *
 * Codes are handed out in order of arrival, 0 .. count - 1. Texts are bytes
 * with a length, in one arena; equal means equal bytes. Lookup never allocates:
 * a few texts are compared by their first eight bytes one after the other, many
 * are hashed, one probe in the common case.
 */
#ifndef CP_DICTIONARY_H
#define CP_DICTIONARY_H

#include <stdint.h>
#include <string.h>

#include "num/context.h"

#define CP_NO_CODE UINT32_MAX

/* Up to this many texts are looked up without hashing. */
#define CP_FEW_TEXTS 8

/* Seed of cp_hash_bytes for the texts of a dictionary. */
#define CP_DICTIONARY_SEED UINT64_C(0x63705f6469637430)

typedef struct CpDictionary
{
	CpContext *context;
	uint32_t count;
	uint32_t capacity; /* of hash and end */
	uint64_t *hash;    /* [count] */
	uint64_t *start;   /* [count] first eight bytes, zeros behind a shorter text */
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

/* The code of a text or CP_NO_CODE, by its hash. */
extern uint32_t cp_dictionary_find_hashed(const CpDictionary *dictionary, const char *text,
                                          size_t length);

/* The first eight bytes of a text, by loads that may overlap but never pass its end. */
static inline uint64_t
cp_text_start(const char *text, size_t length)
{
	uint64_t word = 0;
	uint32_t low, high;
	uint16_t first, last;

	if (length >= sizeof(word))
		memcpy(&word, text, sizeof(word));
	else if (length >= sizeof(low))
	{
		memcpy(&low, text, sizeof(low));
		memcpy(&high, text + length - sizeof(high), sizeof(high));
		word = low | (uint64_t) high << (8 * (length - sizeof(high)));
	}
	else if (length >= sizeof(first))
	{
		memcpy(&first, text, sizeof(first));
		memcpy(&last, text + length - sizeof(last), sizeof(last));
		word = first | (uint64_t) last << (8 * (length - sizeof(last)));
	}
	else if (length == 1)
		word = (unsigned char) text[0];
	return word;
}

/* The code of a text or CP_NO_CODE. Here, since scoring calls it once for every category. */
static inline uint32_t
cp_dictionary_find(const CpDictionary *dictionary, const char *text, size_t length)
{
	uint64_t start = cp_text_start(text, length);
	size_t begin = 0;

	if (dictionary->count > CP_FEW_TEXTS)
		return cp_dictionary_find_hashed(dictionary, text, length);
	for (uint32_t code = 0; code < dictionary->count; code++)
	{
		size_t end = dictionary->end[code];

		if (dictionary->start[code] == start && end - begin == length &&
		    (length <= sizeof(start) || memcmp(dictionary->text + begin, text, length) == 0))
			return code;
		begin = end;
	}
	return CP_NO_CODE;
}

#endif
