/*
 * customer_ids.c: customers by number, in the order in which they were met.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "pg/customer_ids.h"

void
cp_customer_ids_init(CpCustomerIds *ids, CpContext *context)
{
	memset(ids, 0, sizeof(*ids));
	ids->context = context;
	ids->numeric = ids->rising = true;
	cp_dictionary_init(&ids->dictionary, context);
}

static CpStatus
look_up(CpCustomerIds *ids, const char *bytes, size_t length, uint32 *number)
{
	CP_TRY(cp_dictionary_add(&ids->dictionary, bytes, length, number));
	ids->count = ids->dictionary.count;
	return CP_OK;
}

/* From now on numbers are looked up. */
static CpStatus
stop_rising(CpCustomerIds *ids)
{
	uint32 count = ids->count;
	uint32 code;

	for (uint32 i = 0; i < count; i++)
		CP_TRY(look_up(ids, (const char *) &ids->numbers[i], sizeof(int64), &code));
	ids->rising = false;
	cp_free(ids->context, &ids->numbers);
	return CP_OK;
}

static CpStatus
append(CpCustomerIds *ids, int64 id, uint32 *number)
{
	if (ids->count == ids->capacity)
	{
		uint32 capacity = ids->capacity + ids->capacity / 2 + 1024;

		CP_TRY(cp_resize(ids->context, &ids->numbers, capacity, sizeof(int64)));
		ids->capacity = capacity;
	}
	*number = ids->count++;
	ids->numbers[*number] = id;
	return CP_OK;
}

CpStatus
cp_customer_number(CpCustomerIds *ids, const CpCustomerId *id, uint32 *number)
{
	if (id->text != NULL)
	{
		ids->rising = ids->numeric = false;
		return look_up(ids, id->text, id->length, number);
	}
	if (ids->rising && ids->count > 0 && ids->numbers[ids->count - 1] == id->number)
	{
		*number = ids->count - 1;
		return CP_OK;
	}
	if (ids->rising && (ids->count == 0 || ids->numbers[ids->count - 1] < id->number))
		return append(ids, id->number, number);
	if (ids->rising)
		CP_TRY(stop_rising(ids));
	return look_up(ids, (const char *) &id->number, sizeof(int64), number);
}

static char *
text_of_number(int64 number)
{
	char *text = palloc(MAXINT8LEN + 1);

	pg_lltoa(number, text);
	return text;
}

char *
cp_customer_name(const CpCustomerIds *ids, uint32 number)
{
	size_t length;
	const char *bytes;
	int64 value;

	if (ids->rising)
		return text_of_number(ids->numbers[number]);
	bytes = cp_dictionary_text(&ids->dictionary, number, &length);
	if (ids->numeric)
	{
		memcpy(&value, bytes, sizeof(value));
		return text_of_number(value);
	}
	return pnstrdup(bytes, length);
}

char *
cp_customer_id_text(const CpCustomerId *id)
{
	return id->text == NULL ? text_of_number(id->number) : pnstrdup(id->text, id->length);
}

int
cp_customer_ids_compare(const CpCustomerId *a, const CpCustomerId *b)
{
	int order;

	if (a->text == NULL || b->text == NULL)
		return (a->number > b->number) - (a->number < b->number);
	order = memcmp(a->text, b->text, Min(a->length, b->length));
	return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}
