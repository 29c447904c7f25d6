/*
 * fn_drift_check.c: cp_drift_check and cp_drift_json.
 */
#include "pg/compat.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/alert_store.h"
#include "pg/args.h"
#include "pg/drift_check.h"
#include "pg/drift_store.h"
#include "pg/json.h"
#include "pg/option_rules.h"

PG_FUNCTION_INFO_V1(cp_drift_check_rows);
PG_FUNCTION_INFO_V1(cp_drift_json);

#define AT(field) offsetof(CpDriftRequest, field)

static const CpOptionRule rules[] = {
	{"segment_by", CP_OPTION_TEXT, AT(segment_by)},
	{"time_column", CP_OPTION_TEXT, AT(time_column)},
	{"reference", CP_OPTION_TEXT, AT(reference)},
	{"mode", CP_OPTION_TEXT, AT(mode)},
	{"exclude", CP_OPTION_TEXTS, AT(exclude)},
	{"sample", CP_OPTION_WHOLE, AT(sample), 0, 10000000},
	{"seed", CP_OPTION_WHOLE, AT(seed), 0, 9007199254740991},
	{"min_rows", CP_OPTION_WHOLE, AT(min_rows), 10, 1e15},
	{"alpha", CP_OPTION_NUMBER, AT(alpha), 1e-12, 0.5},
	{"combinations", CP_OPTION_FLAG, AT(combinations)},
	{"record", CP_OPTION_FLAG, AT(record)},
	{NULL},
};

static void
check_mode(const CpDriftRequest *request)
{
	bool statistics = strcmp(request->mode, "statistics") == 0;

	if (!statistics && strcmp(request->mode, "scan") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("unknown mode \"%s\"", request->mode),
		                errhint("Give scan or statistics.")));
	if (statistics && (request->period != NULL || request->segment_by != NULL))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("statistics know neither periods nor segments"),
		                errhint("Leave them out, or use the mode scan.")));
}

static void
read_request(FunctionCallInfo fcinfo, CpDriftRequest *request)
{
	memset(request, 0, sizeof(*request));
	request->mode = "scan";
	request->sample = 50000;
	request->seed = 1;
	request->min_rows = 100;
	request->alpha = 0.01;
	request->combinations = request->record = true;
	request->model = cp_optional_text(fcinfo, 0);
	request->source = cp_optional_text(fcinfo, 1);
	request->period = PG_ARGISNULL(2) ? NULL : cp_required_period(fcinfo, 2);
	cp_options_object(cp_options_argument(fcinfo, 3), rules, "{\"segment_by\": \"plan\"}", request);
	check_mode(request);
}

/* A document writes numbers out: a hundred zeros say no more than one. */
#define SMALLEST_P 1e-12

/* --- JSON ------------------------------------------------------------------ */

static Jsonb *
line_json(const CpDriftLine *line)
{
	CpJson json;

	cp_json_begin(&json);
	if (line->segment != NULL)
		cp_json_text(&json, "segment", line->segment);
	cp_json_text(&json, "feature", line->feature);
	cp_json_text(&json, "level", cp_alarm_name(line->level));
	cp_json_number(&json, "psi", line->drift.cells.psi);
	cp_json_number(&json, "kl_divergence", line->drift.cells.kl_reference);
	cp_json_number(&json, "ks", line->drift.ks);
	cp_json_number(&json, "p_value", line->p < SMALLEST_P ? 0 : line->p);
	cp_json_number(&json, "missing", line->drift.missing);
	cp_json_number(&json, "importance", line->importance);
	if (line->recommendation != NULL)
		cp_json_text(&json, "recommendation", line->recommendation);
	return cp_json_end(&json);
}

static Jsonb *
metrics_json(const CpDriftCheck *check)
{
	CpJson json;

	cp_json_begin(&json);
	cp_json_number(&json, "avg_kl_divergence", check->average_kl);
	cp_json_number(&json, "max_psi", check->worst == NULL ? NAN : check->worst->drift.cells.psi);
	cp_json_text(&json, "max_psi_feature", check->worst == NULL ? NULL : check->worst->feature);
	cp_json_number(&json, "weighted_psi", check->weighted_psi);
	for (uint32 i = 0; i < check->count; i++)
		if (!isnan(check->lines[i].auc))
			cp_json_number(&json, "combinations_auc", check->lines[i].auc);
	cp_json_number(&json, "expected_churn_rate", check->expected.churn_rate.value);
	cp_json_number(&json, "expected_auc", check->expected.auc.value);
	cp_json_number(&json, "expected_log_loss", check->expected.log_loss.value);
	if (check->measured)
	{
		cp_json_number(&json, "training_churn_rate", check->trained.metrics.churn_rate);
		cp_json_number(&json, "training_auc", check->trained.metrics.auc);
		cp_json_number(&json, "training_log_loss", check->trained.metrics.log_loss);
	}
	return cp_json_end(&json);
}

/* Features that say nothing new are left out of the document; the rows have them all. */
static Jsonb *
check_json(const CpDriftRequest *request, const CpDriftCheck *check)
{
	Jsonb **moved = palloc(check->count * sizeof(Jsonb *));
	int count = 0;
	CpJson json;

	for (uint32 i = 0; i < check->count; i++)
		if (check->lines[i].level > CP_ALARM_OK)
			moved[count++] = line_json(&check->lines[i]);
	cp_json_begin(&json);
	cp_json_text(&json, "model", check->model.loaded->name);
	cp_json_number(&json, "version", check->model.loaded->ref.version);
	cp_json_text(&json, "timestamp", timestamptz_to_str(GetCurrentTimestamp()));
	cp_json_text(&json, "mode", request->mode);
	cp_json_number(&json, "rows", check->rows);
	cp_json_number(&json, "reference_rows", check->reference_rows);
	cp_json_flag(&json, "drift_detected", check->level > CP_ALARM_OK);
	cp_json_text(&json, "alert_level", cp_alarm_name(check->level));
	cp_json_object(&json, "metrics", metrics_json(check));
	cp_json_object(&json, "drifted", cp_json_array(moved, count));
	cp_json_text(&json, "recommendation", check->recommendation);
	return cp_json_end(&json);
}

/* --- functions ---------------------------------------------------------------- */

static void
run(FunctionCallInfo fcinfo, const char *function, CpDriftCheck *check, Jsonb **summary)
{
	CpDriftRequest request;
	CpFinding finding;

	read_request(fcinfo, &request);
	if (request.record)
		PreventCommandIfReadOnly(function);
	cp_drift_check(&request, check);
	*summary = check_json(&request, check);
	if (!request.record)
		return;
	cp_drift_record(&request, check, *summary);
	finding.model = check->model.loaded->name;
	finding.source = cp_drift_against_training(&request)
	                     ? "drift"
	                     : psprintf("drift from %s", cp_drift_reference_kind(&request));
	finding.level = check->level;
	finding.message = check->recommendation;
	finding.numbers = *summary;
	/*
	 * Who owns the model is told of what its owners find. Statistics are a first look, and what
	 * leaves features out is no whole one: they may alarm, but not give the all-clear.
	 */
	if (!has_privs_of_role(GetUserId(), check->model.loaded->ref.owner))
		return;
	if (check->level > CP_ALARM_OK || (strcmp(request.mode, "scan") == 0 && request.exclude == NIL))
		cp_alert(&finding);
}

Datum
cp_drift_check_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent drift", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(memory);
	CpDriftCheck check;
	Jsonb *summary;

	cp_materialize(fcinfo);
	run(fcinfo, "cp_drift_check()", &check, &summary);
	for (uint32 i = 0; i < check.count; i++)
	{
		Datum values[CP_DRIFT_COLUMNS];
		bool nulls[CP_DRIFT_COLUMNS];

		cp_drift_line_row(&check.lines[i], values, nulls);
		tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(memory);
	return (Datum) 0;
}

Datum
cp_drift_json(PG_FUNCTION_ARGS)
{
	MemoryContext memory =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent drift", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(memory);
	CpDriftCheck check;
	Jsonb *summary, *result;

	run(fcinfo, "cp_drift_json()", &check, &summary);
	MemoryContextSwitchTo(caller);
	result = palloc(VARSIZE(summary));
	memcpy(result, summary, VARSIZE(summary));
	MemoryContextDelete(memory);
	PG_RETURN_JSONB_P(result);
}
