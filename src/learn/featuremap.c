/*
 * featuremap.c: the shape of a feature vector, written and read.
 */
#include "learn/featuremap.h"

#include <string.h>

/* Name and kind, then the number of levels: the least a stored feature takes. */
#define FEATURE_BYTES 9

const char *
cp_kind_name(CpKind kind)
{
	switch (kind)
	{
		case CP_NUMBER:
			return "number";
		case CP_BOOLEAN:
			return "boolean";
		case CP_CATEGORY:
			return "category";
		case CP_DATE:
			return "date";
		case CP_TIMESTAMP:
			return "timestamp";
		case CP_TIMESTAMPTZ:
			return "timestamp with time zone";
		case CP_MONEY:
			return "money";
	}
	return NULL;
}

bool
cp_kind_is_number(CpKind kind)
{
	return kind == CP_NUMBER || kind == CP_MONEY;
}

const char *
cp_role_name(CpRole role)
{
	static const char *const names[CP_ROLES] = {"id", "value", "tenure", "service"};

	return names[role];
}

int
cp_featuremap_role(const CpFeatureMap *map, CpRole role)
{
	for (uint32_t f = 0; map->roles[role] != NULL && f < map->count; f++)
		if (strcmp(map->features[f].name, map->roles[role]) == 0)
			return (int) f;
	return -1;
}

void
cp_featuremap_write(const CpFeatureMap *map, CpWriter *writer)
{
	cp_write_u32(writer, map->count);
	for (uint32_t f = 0; f < map->count; f++)
	{
		const CpFeature *feature = &map->features[f];

		cp_write_string(writer, feature->name, strlen(feature->name));
		cp_write_u8(writer, (uint8_t) feature->kind);
		cp_write_u32(writer, feature->levels.count);
		for (uint32_t level = 0; level < feature->levels.count; level++)
		{
			size_t length;
			const char *text = cp_dictionary_text(&feature->levels, level, &length);

			cp_write_string(writer, text, length);
		}
	}
	for (int role = 0; role < CP_ROLES; role++)
	{
		const char *name = map->roles[role];

		cp_write_string(writer, name, name == NULL ? 0 : strlen(name));
	}
}

static CpStatus
read_levels(CpDictionary *levels, CpReader *reader)
{
	uint32_t count = cp_read_count(reader, sizeof(uint32_t));

	if (count > CP_MAX_LEVELS)
		cp_reader_reject(reader);
	for (uint32_t level = 0; level < count && !reader->failed; level++)
	{
		size_t length;
		uint32_t code;
		char *text = cp_read_string(reader, &length);

		if (text == NULL)
			break;
		CP_TRY(cp_dictionary_add(levels, text, length, &code));
		/* A level that stands twice would shift the codes of those behind it. */
		if (code != level)
			cp_reader_reject(reader);
		cp_free(reader->context, &text);
	}
	return CP_OK;
}

static CpStatus
read_feature(CpFeature *feature, CpReader *reader)
{
	size_t length;

	feature->name = cp_read_string(reader, &length);
	feature->kind = (CpKind) cp_read_u8(reader);
	/* A zero byte within would end the name early. */
	if (cp_kind_name(feature->kind) == NULL || length == 0 ||
	    (feature->name != NULL && strlen(feature->name) != length))
		cp_reader_reject(reader);
	cp_dictionary_init(&feature->levels, reader->context);
	CP_TRY(read_levels(&feature->levels, reader));
	if (feature->kind != CP_CATEGORY && feature->levels.count > 0)
		cp_reader_reject(reader);
	return CP_OK;
}

CpStatus
cp_featuremap_read(CpFeatureMap *map, CpReader *reader)
{
	uint32_t count = cp_read_count(reader, FEATURE_BYTES);

	memset(map, 0, sizeof(*map));
	CP_TRY(cp_alloc_zero(reader->context, &map->features, count, sizeof(CpFeature)));
	map->count = count;
	for (uint32_t f = 0; f < count && !reader->failed; f++)
		CP_TRY(read_feature(&map->features[f], reader));
	for (int role = 0; role < CP_ROLES && !reader->failed; role++)
	{
		size_t length;

		map->roles[role] = cp_read_string(reader, &length);
		if (map->roles[role] != NULL && strlen(map->roles[role]) != length)
			cp_reader_reject(reader);
		if (map->roles[role] != NULL && length == 0)
			cp_free(reader->context, &map->roles[role]);
	}
	if (reader->failed && reader->status == CP_CORRUPT)
		return cp_fail(reader->context, CP_CORRUPT, "The feature map does not check out.");
	return reader->status;
}
