/*
 * drift_statistics.h: a first look at drift that reads no row: what ANALYZE knows of a table.
 */
#ifndef CP_DRIFT_STATISTICS_H
#define CP_DRIFT_STATISTICS_H

#include "postgres.h"

#include "pg/model_cache.h"
#include "stats/profile.h"

/*
 * Count, in the cells of the reference, as many rows as ANALYZE sampled, by most common values, the
 * histogram and the share of NULL of each column; the user must be allowed to read them. SPI must be
 * connected. An error when the source is no table or was not analysed.
 */
extern void cp_drift_of_statistics(const CpLoaded *loaded, const char *source,
                                   const CpCounter *counter, CpTallied *tallied);

#endif
