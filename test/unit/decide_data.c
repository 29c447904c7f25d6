/*
 * decide_data.c: a small catalogue for the tests of src/decide.
 */
#include "decide_data.h"

CpCatalogue
decide_catalogue(void)
{
	CpCatalogue catalogue = {
		DECIDE_ACTIONS,
		{[NONE] = {0, "none", CP_ACTION_NONE, 0, 0, 0, 1, 0, 0.3, NULL},
	     [DISCOUNT] = {1, "discount_10", CP_ACTION_DISCOUNT, 0, 0.10, 3, 0.8, 0.3, 0.3, NULL},
	     [OFFER] = {4, "offer", CP_ACTION_OFFER, 25, 0, 0, 1, 0.75, 0.4, NULL},
	     [CONTACT] = {5, "contact", CP_ACTION_CONTACT, 8, 0, 0, 1, 0.3, 0.2, NULL},
	     [UPGRADE] = {9, "upgrade", CP_ACTION_UPGRADE, 90, 0, 0, 1, 0.12, 0.3, NULL}}};

	return catalogue;
}
