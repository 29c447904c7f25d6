/*
 * steering.h: a column of the source that an option names and that is not learned from.
 */
#ifndef CP_STEERING_H
#define CP_STEERING_H

#include "postgres.h"

#include "pg/features.h"
#include "pg/source.h"

typedef struct CpSteering
{
	int column;         /* -1 = none */
	const char *option; /* that named it */
	CpColumnReader reader;
	bool readable;
	Oid output; /* of the type, when there is no reader */
} CpSteering;

/* name: NULL = none; an error when the source has no such column. */
extern void cp_steer(CpSteering *steering, const CpSource *source, const char *name,
                     const char *option);

/*
 * An error unless its values, if there is such a column, read as numbers, or with
 * number are numbers. wanted: what it must hold, for the message.
 */
extern void cp_steering_require(const CpSteering *steering, const CpSource *source, bool number,
                                const char *wanted);

/* The value as a weight: an error unless it is finite and not negative. */
extern double cp_steering_weight(const CpSteering *steering, Datum value, bool isnull);

#endif
