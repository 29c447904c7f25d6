/*
 * featuremap.h: the shape of a feature vector, learned at training.
 *
 * A feature vector is an array of doubles, one per feature in the order of the
 * map. NaN means missing. A number or a boolean (0, 1) is itself; a date or a
 * timestamp is seconds since 2000-01-01; a category is the code of its level,
 * and every text that was no level at training shares the code "other".
 * Training, scoring, simulation and drift all use this one map.
 */
#ifndef CP_FEATUREMAP_H
#define CP_FEATUREMAP_H

#include <stdint.h>

#include "learn/dictionary.h"
#include "num/bytes.h"
#include "num/context.h"

/*
 * The most levels a category keeps: with "other" and "missing" they fill a
 * byte. Rarer levels become "other".
 */
#define CP_MAX_LEVELS 254

/* Stored in model bytes: values never change their meaning. */
typedef enum CpKind
{
	CP_NUMBER = 1,
	CP_BOOLEAN = 2,
	CP_CATEGORY = 3,
	CP_DATE = 4,
	CP_TIMESTAMP = 5,
	CP_TIMESTAMPTZ = 6,
	CP_MONEY = 7 /* a number; told apart because its JSON is a text */
} CpKind;

typedef struct CpFeature
{
	char *name; /* as the column was called at training */
	CpKind kind;
	CpDictionary levels; /* categories: code to level; otherwise empty */
} CpFeature;

/* What a column means to the business, told once at training. */
typedef enum CpRole
{
	CP_ROLE_ID,
	CP_ROLE_VALUE,   /* money a month */
	CP_ROLE_TENURE,  /* months */
	CP_ROLE_SERVICE, /* service state */
	CP_ROLES         /* number of roles */
} CpRole;

typedef struct CpFeatureMap
{
	uint32_t count;
	CpFeature *features;   /* [count] */
	char *roles[CP_ROLES]; /* column names, NULL = not told */
} CpFeatureMap;

/* The code of the level "other": one past the last level. */
#define CP_OTHER(feature) ((feature)->levels.count)

/* "number", "boolean", ...; NULL for a value that is no kind. */
extern const char *cp_kind_name(CpKind kind);

extern bool cp_kind_is_number(CpKind kind);

/* "id", "value", ... as options and messages call a role. */
extern const char *cp_role_name(CpRole role);

/* Position of the feature that is the column of a role, -1 when none is. */
extern int cp_featuremap_role(const CpFeatureMap *map, CpRole role);

extern void cp_featuremap_write(const CpFeatureMap *map, CpWriter *writer);

/* Reads into *map, memory from the reader's context; a bad value marks the reader corrupt. */
extern CpStatus cp_featuremap_read(CpFeatureMap *map, CpReader *reader);

#endif
