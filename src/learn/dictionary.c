/*
 * dictionary.c: strings to small consecutive numbers; open addressing.
 */
#include "learn/dictionary.h"

#include <string.h>

#include "num/hash.h"

#define FIRST_SLOTS 16

void
cp_dictionary_init(CpDictionary *dictionary, CpContext *context)
{
	memset(dictionary, 0, sizeof(*dictionary));
	dictionary->context = context;
}

void
cp_dictionary_free(CpDictionary *dictionary)
{
	CpContext *context = dictionary->context;

	cp_free(context, &dictionary->hash);
	cp_free(context, &dictionary->end);
	cp_free(context, &dictionary->text);
	cp_free(context, &dictionary->slots);
	cp_dictionary_init(dictionary, context);
}

const char *
cp_dictionary_text(const CpDictionary *dictionary, uint32_t code, size_t *length)
{
	size_t start = code == 0 ? 0 : dictionary->end[code - 1];

	*length = dictionary->end[code] - start;
	return dictionary->text + start;
}

/* The slot that holds the text, or the free slot where it belongs. */
static uint32_t
find_slot(const CpDictionary *dictionary, const char *text, size_t length, uint64_t hash)
{
	uint32_t mask = dictionary->slot_count - 1;
	uint32_t slot = (uint32_t) hash & mask;

	while (dictionary->slots[slot] != 0)
	{
		uint32_t code = dictionary->slots[slot] - 1;

		if (dictionary->hash[code] == hash)
		{
			size_t have;
			const char *stored = cp_dictionary_text(dictionary, code, &have);

			if (have == length && memcmp(stored, text, length) == 0)
				return slot;
		}
		slot = (slot + 1) & mask;
	}
	return slot;
}

uint32_t
cp_dictionary_find(const CpDictionary *dictionary, const char *text, size_t length)
{
	if (dictionary->slot_count == 0)
		return CP_NO_CODE;
	return dictionary->slots[find_slot(dictionary, text, length,
	                                   cp_hash_bytes(text, length, CP_DICTIONARY_SEED))] -
	       1;
}

/* Twice the slots, every code put back by its hash. */
static CpStatus
grow_slots(CpDictionary *dictionary)
{
	uint32_t slot_count = dictionary->slot_count == 0 ? FIRST_SLOTS : dictionary->slot_count * 2;
	uint32_t mask = slot_count - 1;

	if (slot_count == 0)
		return cp_fail(dictionary->context, CP_OVER_BUDGET,
		               "More than two thousand million distinct texts in one column.");
	cp_free(dictionary->context, &dictionary->slots);
	dictionary->slot_count = 0;
	CP_TRY(cp_alloc_zero(dictionary->context, &dictionary->slots, slot_count, sizeof(uint32_t)));
	dictionary->slot_count = slot_count;
	for (uint32_t code = 0; code < dictionary->count; code++)
	{
		uint32_t slot = (uint32_t) dictionary->hash[code] & mask;

		while (dictionary->slots[slot] != 0)
			slot = (slot + 1) & mask;
		dictionary->slots[slot] = code + 1;
	}
	return CP_OK;
}

static CpStatus
append_text(CpDictionary *dictionary, const char *text, size_t length, uint64_t hash)
{
	CpContext *context = dictionary->context;
	uint32_t code = dictionary->count;

	if (code == dictionary->capacity)
	{
		uint32_t capacity = code == 0 ? FIRST_SLOTS : code + code / 2;

		CP_TRY(cp_resize(context, &dictionary->hash, capacity, sizeof(uint64_t)));
		CP_TRY(cp_resize(context, &dictionary->end, capacity, sizeof(size_t)));
		dictionary->capacity = capacity;
	}
	/* Even an arena of empty texts is there, so that no text is a null pointer. */
	if (dictionary->text == NULL || length > dictionary->text_capacity - dictionary->text_length)
	{
		size_t capacity = dictionary->text_length + dictionary->text_length / 2 + length + 64;

		CP_TRY(cp_resize(context, &dictionary->text, capacity, 1));
		dictionary->text_capacity = capacity;
	}
	if (length > 0)
		memcpy(dictionary->text + dictionary->text_length, text, length);
	dictionary->text_length += length;
	dictionary->hash[code] = hash;
	dictionary->end[code] = dictionary->text_length;
	dictionary->count = code + 1;
	return CP_OK;
}

CpStatus
cp_dictionary_add(CpDictionary *dictionary, const char *text, size_t length, uint32_t *code)
{
	uint64_t hash = cp_hash_bytes(text, length, CP_DICTIONARY_SEED);
	uint32_t slot;

	/* At most half full, so a probe meets few neighbours. */
	if (dictionary->count >= dictionary->slot_count / 2)
		CP_TRY(grow_slots(dictionary));
	slot = find_slot(dictionary, text, length, hash);
	if (dictionary->slots[slot] == 0)
	{
		CP_TRY(append_text(dictionary, text, length, hash));
		dictionary->slots[slot] = dictionary->count;
	}
	*code = dictionary->slots[slot] - 1;
	return CP_OK;
}
