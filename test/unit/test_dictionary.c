/*
 * test_dictionary.c: against a list searched from the front.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "learn/dictionary.h"
#include "num/rng.h"

#define MOST 4000

extern void test_dictionary(void);

/* Text number k: lengths from none, bytes of all values, many with a common beginning. */
static size_t
make_text(uint32_t k, char text[32])
{
	size_t length = k % 19;

	memset(text, (int) (k % 7), length);
	if (length >= 4)
		memcpy(text + length - 4, &k, 4);
	return length;
}

static void
check_codes(void)
{
	static char texts[MOST][32];
	static size_t lengths[MOST];
	CpDictionary dictionary;
	CpRng rng;
	uint32_t known = 0;

	cp_rng_init(&rng, 3, 0);
	cp_dictionary_init(&dictionary, unit_context());
	for (uint32_t i = 0; i < MOST; i++)
	{
		char text[32];
		size_t length = make_text((uint32_t) cp_rng_below(&rng, 1500), text);
		uint32_t expected = 0, code;

		while (expected < known &&
		       (lengths[expected] != length || memcmp(texts[expected], text, length) != 0))
			expected++;
		CHECK_EQUAL(expected == known ? CP_NO_CODE : expected,
		            cp_dictionary_find(&dictionary, text, length));
		REQUIRE_OK(cp_dictionary_add(&dictionary, text, length, &code));
		CHECK_EQUAL(expected, code);
		if (expected == known)
		{
			memcpy(texts[known], text, length);
			lengths[known++] = length;
		}
		CHECK_EQUAL(known, dictionary.count);
	}
	CHECK(known > 900);
	for (uint32_t code = 0; code < known; code++)
	{
		size_t length;
		const char *text = cp_dictionary_text(&dictionary, code, &length);

		CHECK(length == lengths[code] && memcmp(text, texts[code], length) == 0);
		CHECK_EQUAL(code, cp_dictionary_find(&dictionary, texts[code], lengths[code]));
	}
	cp_dictionary_free(&dictionary);
	CHECK_EQUAL(0, unit_live_blocks());
}

/* Looking up must not allocate: scoring does it for every row. */
static void
check_empty(void)
{
	CpDictionary dictionary;
	uint32_t code;
	size_t length, allocations;

	cp_dictionary_init(&dictionary, unit_context());
	CHECK_EQUAL(CP_NO_CODE, cp_dictionary_find(&dictionary, "", 0));
	CHECK_EQUAL(0, unit_allocations());

	/* The empty text alone: nothing stands behind it in memory. */
	for (int again = 0; again < 2; again++)
	{
		REQUIRE_OK(cp_dictionary_add(&dictionary, "", 0, &code));
		CHECK_EQUAL(0, code);
	}
	cp_dictionary_text(&dictionary, 0, &length);
	CHECK_EQUAL(0, length);
	REQUIRE_OK(cp_dictionary_add(&dictionary, "\0", 1, &code));
	CHECK_EQUAL(1, code);
	allocations = unit_allocations();
	CHECK_EQUAL(0, cp_dictionary_find(&dictionary, "", 0));
	CHECK_EQUAL(1, cp_dictionary_find(&dictionary, "\0", 1));
	CHECK_EQUAL(CP_NO_CODE, cp_dictionary_find(&dictionary, "\0\0", 2));
	CHECK_EQUAL(allocations, unit_allocations());
}

/* Every allocation may fail: the status says so, and what was there before is still right. */
static void
check_failures(void)
{
	for (size_t nth = 1;; nth++)
	{
		CpContext *context = unit_context();
		CpDictionary dictionary;
		CpStatus status = CP_OK;
		uint32_t code;
		char text[32];
		int length;

		cp_dictionary_init(&dictionary, context);
		unit_fail_allocation(nth);
		for (int i = 0; i < 300 && status == CP_OK; i++)
		{
			length = snprintf(text, sizeof(text), "text number %d", i);
			status = cp_dictionary_add(&dictionary, text, (size_t) length, &code);
			if (status == CP_OK)
				CHECK_EQUAL(i, code);
		}
		if (status == CP_OK)
		{
			CHECK(nth > 10);
			return;
		}
		CHECK_STATUS(CP_NO_MEMORY, status);
		cp_dictionary_free(&dictionary);
		CHECK_EQUAL(0, unit_live_blocks());
	}
}

void
test_dictionary(void)
{
	UNIT_CASE("codes are those of a list searched from the front", check_codes);
	UNIT_CASE("the empty text, and lookups that allocate nothing", check_empty);
	UNIT_CASE("each allocation that fails", check_failures);
}
