/*
 * customer_filter.c: whose rows a model was trained on.
 */
#include "pg/compat.h"

#include "pg/customer_filter.h"

#define MAGIC "CPBLOOM"

bytea *
cp_customer_filter(CpBridge *bridge, const uint64 *hashes, uint32 n)
{
	CpBloom bloom;
	CpWriter writer;

	cp_bridge_check(bridge, cp_bloom_init(&bridge->context, n, &bloom), NULL);
	for (uint32 i = 0; i < n; i++)
		cp_bloom_add(&bloom, hashes[i]);
	cp_writer_begin(&writer, &bridge->context, MAGIC, 1);
	cp_bloom_write(&bloom, &writer);
	cp_bridge_check(bridge, cp_writer_finish(&writer), NULL);
	return cp_bytea_of(&writer);
}

void
cp_customer_filter_read(CpBridge *bridge, const bytea *stored, CpBloom *filter)
{
	CpReader reader;

	cp_bridge_check(bridge,
	                cp_reader_open(&reader, &bridge->context, VARDATA_ANY(stored),
	                               VARSIZE_ANY_EXHDR(stored), MAGIC, 1),
	                NULL);
	cp_bridge_check(bridge, cp_bloom_read(filter, &reader), NULL);
}
