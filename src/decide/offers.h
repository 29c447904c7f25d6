/*
 * offers.h: what could be done for each customer, at what value and cost.
 *
 * Customers are numbered from 0 in the order in which they come; doing nothing is always open,
 * worth 0, and not stored. A block is a run of customers whose options lie side by side; the
 * store keeps blocks of some thousand options packed (packed.h), about 8 bytes an option where
 * money is whole cents, so that ten million customers fit into a gigabyte.
 */
#ifndef CP_OFFERS_H
#define CP_OFFERS_H

#include <stdint.h>

#include "decide/limits.h"
#include "num/packed.h"

/* The most options of a customer, and the most options and the most customers of a block. */
#define CP_BLOCK_OPTIONS 8192

/* A run of customers, ready to be computed with. */
typedef struct CpBlock
{
	uint32_t customers;
	const uint32_t *number;  /* [customers] of each customer, rising */
	const uint32_t *start;   /* [customers + 1] first option of each */
	const double *value;     /* [options] finite */
	const double *cost;      /* [options] finite, >= 0 */
	const uint16_t *classes; /* [options] */
} CpBlock;

/* Where all customers are run through, block by block, any number of times and always alike. */
typedef struct CpScan
{
	CpStatus (*run)(void *host, CpStatus (*visit)(void *visitor, const CpBlock *block),
	                void *visitor);
	void *host;
} CpScan;

typedef struct CpOffers CpOffers;

extern CpStatus cp_offers_begin(CpContext *context, CpOffers **offers);

/*
 * An option of customer `number`: one met before, or the next, up to 2^32 - 2 of them. Options
 * of a customer may come at different times. CP_BAD_DATA: more than CP_BLOCK_OPTIONS of one
 * customer in a row. A customer without any option is one all the same: cp_offers_customer.
 */
extern CpStatus cp_offers_customer(CpOffers *offers, uint32_t number);
extern CpStatus cp_offers_add(CpOffers *offers, uint32_t number, uint16_t class, double value,
                              double cost);

/*
 * Nothing is added from here on. Customers are now in the order of their numbers, and the
 * options of one in the order in which they came. actions: [nclasses] the action that a class
 * is of, a small number; nclasses <= CP_MAX_CLASSES, so that a customer with more than
 * CP_BLOCK_OPTIONS has an action twice. CP_BAD_DATA: *number is the first customer who has, and
 * *class is of the first option whose action came before.
 */
extern CpStatus cp_offers_finish(CpOffers *offers, const uint32_t *actions, uint32_t nclasses,
                                 uint32_t *number, uint16_t *class);

extern uint32_t cp_offers_customers(const CpOffers *offers);
extern uint64_t cp_offers_options(const CpOffers *offers);

/* Blocks, 0 .. count - 1; what one is unpacked to is valid until the next is. */
extern uint32_t cp_offers_blocks(const CpOffers *offers);
extern void cp_offers_block(CpOffers *offers, uint32_t which, CpBlock *block);

extern void cp_offers_free(CpOffers *offers);

#endif
