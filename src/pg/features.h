/*
 * features.h: from a row of the server to a feature vector, by column name.
 *
 * What a type means to a model is written once, in the table of column readers.
 * A binding ties the columns of one row type to the features of one model: it
 * looks names up once, and from then on a row is deformed and read by position.
 */
#ifndef CP_FEATURES_H
#define CP_FEATURES_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "utils/jsonb.h"

#include "learn/featuremap.h"

/* How values of one type are read. Either number or text is set, according to kind. */
typedef struct CpColumnReader
{
	CpKind kind;
	double (*number)(Datum value);
	/* Without trailing blanks, which never make two texts different; may allocate. */
	const char *(*text)(Datum value, size_t *length);
} CpColumnReader;

/* The reader of a type, or of what a domain is over; false when models cannot use the type. */
extern bool cp_column_reader(Oid type, CpColumnReader *reader);

/*
 * Position (from 0) of the column of that name: the exact name, else the only
 * one that differs in case alone. -1 when there is none; an error when several
 * columns qualify equally.
 */
extern int cp_find_column(TupleDesc descriptor, const char *name);

/* Names of all columns, for messages. */
extern char *cp_column_names(TupleDesc descriptor);

/* How one feature is read. Small and side by side, since a single prediction finds cold caches. */
typedef struct CpBoundColumn
{
	int column;     /* position in the row */
	uint32 nlevels; /* category of few levels: how many, found by their keys; else 0 */
	double (*number)(Datum value);
	const char *(*text)(Datum value, size_t *length);
	struct CpLevelKey *levels; /* [nlevels] */
} CpBoundColumn;

typedef struct CpBinding
{
	TupleDesc descriptor;   /* a copy of the row's */
	CpBoundColumn *columns; /* [map->count] */
	int value_column; /* of the role "value", -1 = not told or not in the row, -2 = no number */
	CpColumnReader value_reader;
	Datum *values; /* [descriptor->natts] scratch for deforming */
	bool *nulls;
} CpBinding;

/* Allocated in the current memory context. model_name is for messages. */
extern CpBinding *cp_bind(const CpFeatureMap *map, TupleDesc descriptor, const char *model_name);

/* vector: [map->count]. value: money a month or NaN, NULL when not wanted. */
extern void cp_vector_of_tuple(const CpFeatureMap *map, const CpBinding *binding, HeapTuple tuple,
                               double *vector, double *value);

/* The same from a JSON object. */
extern void cp_vector_of_jsonb(const CpFeatureMap *map, Jsonb *object, const char *model_name,
                               double *vector, double *value);

/* The text of a category as the tuple has it whose vector was read last with this binding. */
extern char *cp_text_of_tuple(const CpBinding *binding, uint32 feature);

/* The same from a JSON object, whose vector was read. */
extern char *cp_text_of_jsonb(const CpFeatureMap *map, Jsonb *object, uint32 feature);

#endif
