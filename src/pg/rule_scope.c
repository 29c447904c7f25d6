/*
 * rule_scope.c: the features of a model, as rules ask for them.
 */
#include "postgres.h"

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "pg/rule_scope.h"

static CpRuleKind
rule_kind(CpKind kind)
{
	switch (kind)
	{
		case CP_BOOLEAN:
			return CP_RULE_BOOLEAN;
		case CP_CATEGORY:
			return CP_RULE_CATEGORY;
		case CP_DATE:
		case CP_TIMESTAMP:
		case CP_TIMESTAMPTZ:
			return CP_RULE_MOMENT;
		default:
			return CP_RULE_NUMBER;
	}
}

/* As SQL folds a name that is not quoted: the feature so called, else the only one that differs in case alone. */
static int
find_feature(void *host, const char *name, bool exact, CpRuleKind *kind)
{
	const CpFeatureMap *map = host;
	int found = -1;

	for (uint32 f = 0; f < map->count; f++)
	{
		if (strcmp(map->features[f].name, name) == 0)
		{
			*kind = rule_kind(map->features[f].kind);
			return (int) f;
		}
		if (!exact && pg_strcasecmp(map->features[f].name, name) == 0)
			found = found == -1 ? (int) f : -2;
	}
	if (found < 0)
		return -1;
	*kind = rule_kind(map->features[found].kind);
	return found;
}

/*
 * Seconds since 2000-01-01 of YYYY-MM-DD, with HH:MM or HH:MM:SS behind it if wished, as UTC:
 * a rule must mean the same in every session, whatever its time zone and date style.
 */
static bool
moment_of(const char *text, size_t length, double *seconds)
{
	char copy[32];
	int year, month, day, hour = 0, minute = 0, second = 0;
	int end = 0;

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (sscanf(copy, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3)
		return false;
	if (copy[end] != '\0')
	{
		int rest = 0;

		if (sscanf(copy + end, "%*1[ T]%2d:%2d%n", &hour, &minute, &rest) != 2)
			return false;
		end += rest;
		rest = 0;
		if (copy[end] != '\0' && sscanf(copy + end, ":%2d%n", &second, &rest) != 1)
			return false;
		end += rest;
	}
	if (copy[end] != '\0' || year < 1 || month < 1 || month > MONTHS_PER_YEAR || day < 1 ||
	    day > day_tab[isleap(year)][month - 1] || hour < 0 || hour > 23 || minute < 0 ||
	    minute > 59 || second < 0 || second > 59)
		return false;
	*seconds = (date2j(year, month, day) - POSTGRES_EPOCH_JDATE) * (double) SECS_PER_DAY +
	           hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE + second;
	return true;
}

static bool
value_of(void *host, int position, const char *text, size_t length, double *value)
{
	const CpFeature *feature = &((const CpFeatureMap *) host)->features[position];
	uint32 code;

	if (feature->kind != CP_CATEGORY)
		return moment_of(text, length, value);
	code = cp_dictionary_find(&feature->levels, text, length);
	*value = code;
	return code != CP_NO_CODE;
}

void
cp_rule_scope(const CpFeatureMap *map, CpRuleScope *scope)
{
	scope->host = unconstify(CpFeatureMap *, map);
	scope->find = find_feature;
	scope->value = value_of;
}
