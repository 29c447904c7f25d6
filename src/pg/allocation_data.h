/*
 * allocation_data.h: the customers of an allocation, in memory or read again for every scan.
 *
 * What fits into churnprevent.allocation_memory is loaded once. More is streamed: every scan
 * reads the source anew, and prices are searched by queries with the aggregate cp_price, which
 * run parallel and wherever the rows are. All of it happens under one snapshot, so that every
 * scan meets the same rows; that they are the same, in the same order, is looked after.
 */
#ifndef CP_ALLOCATION_DATA_H
#define CP_ALLOCATION_DATA_H

#include "postgres.h"

#include "decide/allocate.h"
#include "pg/allocation_record.h"
#include "pg/allocation_source.h"

typedef struct CpAllocationData
{
	CpBridge *bridge;
	const char *source;
	const CpOfferColumns *columns;
	CpLimitBook *book;
	CpExploration *exploration; /* NULL = nobody explores */
	char *schema;               /* of our functions, quoted */
	uint64 left_out;            /* customers of the control group */
	bool streamed;
	CpScan scan;
	CpOracle oracle; /* price NULL when in memory */
	/* In memory: */
	CpOffers *offers;
	CpOfferForm form;
	CpCustomerIds ids;
	CpCustomerIds control;
	/* Streamed: */
	bool scanned;   /* once, */
	uint32 nblocks; /* in so many blocks */
	uint32 block_room;
	uint64 *hashes;    /* [nblocks] of all up to the end of each */
	char **names;      /* of the customers of the block at hand, */
	uint32 first_name; /* from this number on */
} CpAllocationData;

/*
 * SPI is connected; function: one of ours, whose schema is that of the others. exploration:
 * NULL, or customers by a model explore, and what they get has been taken off the limits.
 */
extern void cp_allocation_data_open(CpAllocationData *data, const char *source,
                                    const CpOfferColumns *columns, CpLimitBook *book,
                                    CpExploration *exploration, CpBridge *bridge, Oid function);

/* The id of a customer, while a scan is at their block; in the current memory context. */
extern char *cp_allocation_customer(const CpAllocationData *data, uint32 number);

#endif
