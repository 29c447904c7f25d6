/*
 * allocation_pricing.h: prices by a query with the aggregate cp_price.
 *
 * For customers who are streamed: one query a step of the linear program, which may run
 * parallel, on partitions, or where foreign tables are.
 */
#ifndef CP_ALLOCATION_PRICING_H
#define CP_ALLOCATION_PRICING_H

#include "postgres.h"

#include "pg/allocation_data.h"

typedef struct CpPricingQuery CpPricingQuery;

/* SPI is connected. Prepared when it is first run: by then the data's book knows all classes. */
extern CpPricingQuery *cp_pricing_query(CpAllocationData *data);

/* The price of a CpOracle whose host is a CpPricingQuery; worth must be 1. */
extern CpStatus cp_price_by_query(void *host, const CpClassPrices *prices, double worth, CpUse *use,
                                  double *reduced);

#endif
