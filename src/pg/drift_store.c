/*
 * drift_store.c: checks of drift on record.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "pg/drift_store.h"
#include "pg/store.h"

static void
set_text(Datum *value, bool *isnull, const char *text)
{
	*isnull = text == NULL;
	*value = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

void
cp_drift_line_row(const CpDriftLine *line, Datum *values, bool *nulls)
{
	const CpFeatureDrift *drift = &line->drift;
	const double figures[] = {drift->cells.psi, drift->cells.kl_reference, drift->cells.js,
	                          drift->ks,        drift->wasserstein,        drift->chi2.statistic,
	                          line->p,          drift->missing_reference,  drift->missing,
	                          drift->unseen,    line->importance,          line->auc};
	int n = 3;

	set_text(&values[0], &nulls[0], line->segment);
	set_text(&values[1], &nulls[1], line->feature);
	set_text(&values[2], &nulls[2], cp_alarm_name(line->level));
	for (size_t k = 0; k < lengthof(figures); k++, n++)
	{
		nulls[n] = isnan(figures[k]);
		values[n] = Float8GetDatum(figures[k]);
	}
	nulls[n] = false;
	values[n++] = Int64GetDatum((int64) drift->rows);
	set_text(&values[n], &nulls[n], line->recommendation);
}

const char *
cp_drift_reference_kind(const CpDriftRequest *request)
{
	if (cp_drift_against_training(request))
		return "training";
	return strcmp(request->reference, "previous") == 0 ? "previous" : "source";
}

static int64
insert_report(const CpDriftRequest *request, const CpDriftCheck *check, Jsonb *summary, Oid caller)
{
	Oid types[] = {TEXTOID,     INT4OID, INT8OID,   REGROLEOID, TEXTOID, TEXTOID,
	               INTERVALOID, INT8OID, FLOAT8OID, TEXTOID,    JSONBOID};
	Datum values[lengthof(types)];

	values[0] = CStringGetTextDatum(check->model.loaded->name);
	values[1] = Int32GetDatum(check->model.loaded->ref.version);
	values[2] = Int64GetDatum(check->model.loaded->ref.model_id);
	values[3] = ObjectIdGetDatum(caller);
	values[4] = CStringGetTextDatum(request->mode);
	values[5] = CStringGetTextDatum(cp_drift_reference_kind(request));
	values[6] = IntervalPGetDatum(request->period);
	values[7] = Int64GetDatum((int64) check->rows);
	values[8] = Float8GetDatum(check->reference_rows);
	values[9] = CStringGetTextDatum(cp_alarm_name(check->level));
	values[10] = JsonbPGetDatum(summary);
	cp_run(
		"INSERT INTO churnprevent.drift_report (model, version, model_id, checked_at, checked_by, mode,"
		" reference, period, rows, reference_rows, level, summary)"
		" VALUES ($1, $2, $3, pg_catalog.clock_timestamp(), $4, $5, $6, $7, $8, $9, $10, $11)"
		" RETURNING report_id",
		lengthof(types), types, values, request->period == NULL ? "      n    " : NULL);
	return DatumGetInt64(cp_result(1));
}

static void
insert_line(int64 report_id, const CpDriftLine *line)
{
	static CpStatement insert = {
		"INSERT INTO churnprevent.drift_feature (segment, feature, level, psi, kl, js, ks, wasserstein,"
		" chi2, p_value, missing_reference, missing, unseen, importance, auc, rows, recommendation, report_id)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
		CP_DRIFT_COLUMNS + 1,
		{TEXTOID, TEXTOID, TEXTOID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID,
	     FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, INT8OID,
	     TEXTOID, INT8OID},
		NULL};
	Datum values[CP_DRIFT_COLUMNS + 1];
	bool absent[CP_DRIFT_COLUMNS + 1] = {false};
	char nulls[CP_DRIFT_COLUMNS + 1];

	cp_drift_line_row(line, values, absent);
	values[CP_DRIFT_COLUMNS] = Int64GetDatum(report_id);
	for (int i = 0; i <= CP_DRIFT_COLUMNS; i++)
		nulls[i] = absent[i] ? 'n' : ' ';
	cp_run_planned(&insert, values, nulls);
}

void
cp_drift_record(const CpDriftRequest *request, const CpDriftCheck *check, Jsonb *summary)
{
	Oid caller = GetUserId();
	CpElevation elevation;
	int64 report_id;

	cp_elevate(&elevation);
	report_id = insert_report(request, check, summary, caller);
	for (uint32 i = 0; i < check->count; i++)
		insert_line(report_id, &check->lines[i]);
	cp_descend(&elevation);
}
