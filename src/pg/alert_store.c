/*
 * alert_store.c: alerts, raised once however often they are found.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "pg/alert_store.h"
#include "pg/args.h"
#include "pg/json.h"
#include "pg/store.h"

PG_FUNCTION_INFO_V1(cp_alert_acknowledge);

/* $3 is the level. A warning that becomes critical is news, whoever has seen the warning. */
#define WORSE "(a.level = 'warning' AND excluded.level = 'critical')"
static const char upsert[] =
	"INSERT INTO churnprevent.alert AS a"
	" (model, source, level, message, numbers, raised_at, last_at, notified_at)"
	" SELECT $1, $2, $3, $4, $5, t.t, t.t, t.t FROM pg_catalog.clock_timestamp() AS t(t)"
	" ON CONFLICT (model, source) WHERE resolved_at IS NULL DO UPDATE SET"
	" level = excluded.level, message = excluded.message, numbers = excluded.numbers,"
	" times = a.times + 1, last_at = excluded.last_at,"
	" notified_at = CASE WHEN " WORSE " THEN excluded.last_at ELSE a.notified_at END,"
	" acknowledged_by = CASE WHEN NOT " WORSE " THEN a.acknowledged_by END,"
	" acknowledged_at = CASE WHEN NOT " WORSE " THEN a.acknowledged_at END,"
	" note = CASE WHEN NOT " WORSE " THEN a.note END"
	" RETURNING alert_id, notified_at = last_at";

/* Payloads are short, so a long message is cut. */
static const char notify[] =
	"SELECT pg_catalog.pg_notify('" CP_ALERT_CHANNEL "', pg_catalog.jsonb_build_object("
	"'alert_id', $6, 'model', $1, 'source', $2, 'level', $3, 'message', pg_catalog.left($4, 1000))::text)";

static void
raise_alert(const CpFinding *finding)
{
	Oid types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, INT8OID};
	Datum values[lengthof(types)];

	values[0] = CStringGetTextDatum(finding->model);
	values[1] = CStringGetTextDatum(finding->source);
	values[2] = CStringGetTextDatum(cp_alarm_name(finding->level));
	values[3] = CStringGetTextDatum(finding->message);
	values[4] = JsonbPGetDatum(finding->numbers);
	cp_run(upsert, 5, types, values, NULL);
	values[5] = cp_result(1);
	if (DatumGetBool(cp_result(2)))
		cp_run(notify, 6, types, values, NULL);
}

static void
resolve_alert(const CpFinding *finding)
{
	Oid types[] = {TEXTOID, TEXTOID};
	Datum values[lengthof(types)];

	values[0] = CStringGetTextDatum(finding->model);
	values[1] = CStringGetTextDatum(finding->source);
	cp_run("UPDATE churnprevent.alert SET resolved_at = pg_catalog.clock_timestamp()"
	       " WHERE model = $1 AND source = $2 AND resolved_at IS NULL",
	       2, types, values, NULL);
}

void
cp_alert(const CpFinding *finding)
{
	CpElevation elevation;

	if (finding->level == CP_ALARM_FEW)
		return;
	cp_elevate(&elevation);
	if (finding->level == CP_ALARM_OK)
		resolve_alert(finding);
	else
		raise_alert(finding);
	cp_descend(&elevation);
}

Datum
cp_alert_acknowledge(PG_FUNCTION_ARGS)
{
	Oid types[] = {INT8OID, REGROLEOID, TEXTOID};
	char *note = cp_optional_text(fcinfo, 1);
	Datum values[lengthof(types)];
	CpElevation elevation;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"alert_id\" must not be NULL")));
	values[0] = PG_GETARG_DATUM(0);
	values[1] = ObjectIdGetDatum(GetUserId());
	values[2] = note == NULL ? (Datum) 0 : CStringGetTextDatum(note);
	cp_elevate(&elevation);
	if (!cp_run("UPDATE churnprevent.alert SET acknowledged_by = $2,"
	            " acknowledged_at = pg_catalog.clock_timestamp(), note = $3"
	            " WHERE alert_id = $1 AND resolved_at IS NULL RETURNING alert_id",
	            3, types, values, note == NULL ? "  n" : NULL))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("there is no unresolved alert %lld", (long long) PG_GETARG_INT64(0)),
		                errhint("The view churnprevent.alert_open lists those that wait.")));
	cp_descend(&elevation);
	PG_RETURN_VOID();
}
