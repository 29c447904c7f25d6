/*
 * decide_data.h: a small catalogue for the tests of src/decide.
 */
#ifndef CP_DECIDE_DATA_H
#define CP_DECIDE_DATA_H

#include "decide/catalogue.h"

/* none, a discount of 10 % for 3 months, an offer of 25, a contact of 8, an upgrade of 90. */
enum
{
	NONE,
	DISCOUNT,
	OFFER,
	CONTACT,
	UPGRADE,
	DECIDE_ACTIONS
};

extern CpCatalogue decide_catalogue(void);

#endif
