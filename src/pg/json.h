/*
 * json.h: JSON objects built key by key.
 */
#ifndef CP_JSON_H
#define CP_JSON_H

#include "postgres.h"

#include "utils/jsonb.h"

/* The shortest text that reads back as the same number, whatever extra_float_digits says. */
extern char *cp_shortest(double number);

typedef struct CpJson
{
	JsonbParseState *state;
} CpJson;

extern void cp_json_begin(CpJson *json);

/* A value that is not finite becomes null, and so does a NULL text. */
extern void cp_json_number(CpJson *json, const char *key, double value);
extern void cp_json_text(CpJson *json, const char *key, const char *value);
extern void cp_json_flag(CpJson *json, const char *key, bool value);
extern void cp_json_object(CpJson *json, const char *key, Jsonb *value);
extern Jsonb *cp_json_end(CpJson *json);

/* An array of documents. */
extern Jsonb *cp_json_array(Jsonb **elements, int count);

/* An element of an array, by its position from 0, as a document; a scalar becomes an array of one. */
extern Jsonb *cp_json_element(Jsonb *array, int position);

/* The number of a key; NaN when there is none. */
extern double cp_json_get_number(Jsonb *object, const char *key);

/* The document of a key, an object or array; NULL when there is none. */
extern Jsonb *cp_json_get_object(Jsonb *object, const char *key);

/* The text of a key; NULL when there is none. */
extern char *cp_json_get_text(Jsonb *object, const char *key);

#endif
