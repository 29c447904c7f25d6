/*
 * customer_filter.h: whose rows a model was trained on, as a filter that gives no id away.
 *
 * A Bloom filter over the hashes by which a training knows its customers.
 */
#ifndef CP_CUSTOMER_FILTER_H
#define CP_CUSTOMER_FILTER_H

#include "postgres.h"

#include "num/bloom.h"
#include "pg/bridge.h"

/* The filter of n hashes, as it is stored. */
extern bytea *cp_customer_filter(CpBridge *bridge, const uint64 *hashes, uint32 n);

/* The stored filter, in the bridge's memory. */
extern void cp_customer_filter_read(CpBridge *bridge, const bytea *stored, CpBloom *filter);

#endif
