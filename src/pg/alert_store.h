/*
 * alert_store.h: alerts, raised once however often they are found.
 */
#ifndef CP_ALERT_STORE_H
#define CP_ALERT_STORE_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "stats/alarm.h"

/* The channel that is told after commit. */
#define CP_ALERT_CHANNEL "churnprevent_alert"

/* What was found, and by whom: as churnprevent.alert.source has it. */
typedef struct CpFinding
{
	const char *model;
	const char *source;
	CpAlarmLevel level;
	const char *message;
	Jsonb *numbers;
} CpFinding;

/*
 * Warning or critical: raise it, or count it where it is known; who listens is told of a new one
 * and of a warning that became critical. Ok: what was known is resolved. Too few rows: nothing.
 */
extern void cp_alert(const CpFinding *finding);

#endif
