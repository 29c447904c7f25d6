/*
 * decimal.h: numeric to double, without going through text.
 */
#ifndef CP_DECIMAL_H
#define CP_DECIMAL_H

#include "postgres.h"

/* The double nearest to a numeric; NaN and infinities as themselves. */
extern double cp_decimal_to_double(Datum value);

/* Called when the library is loaded: see decimal.c. */
extern void cp_decimal_init(void);

#endif
