/*
 * trainer.c: a new version of a model, from its source to the store.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/xact.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "learn/holdout.h"
#include "learn/train.h"
#include "pg/customer_filter.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/model_profile.h"
#include "pg/options.h"
#include "pg/playbook.h"
#include "pg/trainer.h"

/* Model bytes are one datum, and a dump writes two characters a byte into a line of at most 1 GB. */
#define MAX_MODEL_BYTES ((size_t) 256 * 1024 * 1024)

static Jsonb *
describe_metrics(const CpMetrics *metrics)
{
	CpJson json;

	cp_json_begin(&json);
	cp_json_number(&json, "rows", metrics->rows);
	cp_json_number(&json, "churn_rate", metrics->churn_rate);
	cp_json_number(&json, "auc", metrics->auc);
	cp_json_number(&json, "log_loss", metrics->log_loss);
	cp_json_number(&json, "brier", metrics->brier);
	cp_json_number(&json, "rmse", metrics->rmse);
	cp_json_number(&json, "accuracy", metrics->accuracy);
	cp_json_number(&json, "ece", metrics->ece);
	cp_json_number(&json, "top_decile_lift", metrics->top_decile_lift);
	return cp_json_end(&json);
}

/* Names, kinds and numbers of levels: what a reader may see; the levels are customers' values. */
static Jsonb *
describe_features(const CpTrained *trained)
{
	const CpFeatureMap *map = &trained->model.map;
	Jsonb **features = palloc(map->count * sizeof(Jsonb *));

	for (uint32 f = 0; f < map->count; f++)
	{
		CpJson json;

		cp_json_begin(&json);
		cp_json_text(&json, "name", map->features[f].name);
		cp_json_text(&json, "kind", cp_kind_name(map->features[f].kind));
		if (map->features[f].kind == CP_CATEGORY)
			cp_json_number(&json, "levels", map->features[f].levels.count);
		if (!trained->kept[f])
			cp_json_flag(&json, "left_out", true);
		features[f] = cp_json_end(&json);
	}
	return cp_json_array(features, map->count);
}

static Jsonb *
describe_roles(char *const *roles)
{
	CpJson json;

	cp_json_begin(&json);
	for (int role = 0; role < CP_ROLES; role++)
		if (roles[role] != NULL)
			cp_json_text(&json, cp_role_name(role), roles[role]);
	return cp_json_end(&json);
}

static Jsonb *
describe_weights(const CpEnsembleReport *report)
{
	CpJson json;

	cp_json_begin(&json);
	for (uint32 i = 0; i < report->count; i++)
		cp_json_number(&json, cp_member_name(report->members[i].kind), report->members[i].weight);
	return cp_json_end(&json);
}

static Jsonb *
describe_calibration(const CpCalibration *calibration)
{
	CpJson json, losses;

	cp_json_begin(&losses);
	for (CpCalibrationKind kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
		if (!isnan(calibration->losses[kind]))
			cp_json_number(&losses, cp_calibration_name(kind), calibration->losses[kind]);
	cp_json_begin(&json);
	cp_json_text(&json, "kind", cp_calibration_name(calibration->kind));
	if (calibration->kind == CP_CALIBRATION_TEMPERATURE ||
	    calibration->kind == CP_CALIBRATION_PLATT)
	{
		cp_json_number(&json, "slope", calibration->slope);
		cp_json_number(&json, "intercept", calibration->intercept);
	}
	cp_json_object(&json, "log_loss", cp_json_end(&losses));
	return cp_json_end(&json);
}

/* How the ensemble came about: figures out of fold. */
static Jsonb *
describe_ensemble(const CpEnsembleReport *report, const CpCalibration *calibration)
{
	Jsonb *members[CP_MEMBER_KINDS];
	CpJson json;

	for (uint32 i = 0; i < report->count; i++)
	{
		cp_json_begin(&json);
		cp_json_text(&json, "member", cp_member_name(report->members[i].kind));
		cp_json_number(&json, "weight", report->members[i].weight);
		cp_json_number(&json, "log_loss", report->members[i].log_loss);
		cp_json_number(&json, "auc", report->members[i].auc);
		members[i] = cp_json_end(&json);
	}
	cp_json_begin(&json);
	cp_json_object(&json, "members", cp_json_array(members, report->count));
	cp_json_number(&json, "log_loss", report->log_loss);
	cp_json_number(&json, "auc", report->auc);
	cp_json_object(&json, "calibration", describe_calibration(calibration));
	if (report->trials > 0)
		cp_json_number(&json, "trials", report->trials);
	return cp_json_end(&json);
}

static Jsonb *
describe_importance(const CpFeatureMap *map, const CpImportance *importance)
{
	Jsonb **features = palloc(map->count * sizeof(Jsonb *));

	for (uint32 f = 0; f < map->count; f++)
	{
		CpJson json;

		cp_json_begin(&json);
		cp_json_text(&json, "feature", map->features[f].name);
		cp_json_number(&json, "weight", importance[f].weight);
		cp_json_number(&json, "gain", importance[f].gain);
		cp_json_number(&json, "cover", importance[f].cover);
		cp_json_number(&json, "permutation", importance[f].permutation);
		cp_json_number(&json, "error", importance[f].error);
		features[f] = cp_json_end(&json);
	}
	return cp_json_array(features, map->count);
}

/* What was given and, over it, what was in force. */
static Jsonb *
describe_options(Jsonb *given, const CpOptions *options, const CpEnsembleParams *params,
                 const char *positive)
{
	CpJson json;

	cp_json_begin(&json);
	cp_json_number(&json, "horizon_months", options->horizon_months);
	cp_json_number(&json, "test_size", options->test_size);
	cp_json_number(&json, "seed", options->seed);
	cp_json_flag(&json, "screen", options->screen);
	cp_options_describe(params, &json);
	if (positive != NULL)
		cp_json_text(&json, "positive", positive);
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(given),
	                                          JsonbPGetDatum(cp_json_end(&json))));
}

static void
write_bytes(const CpTrained *trained, CpBridge *bridge, CpNewModel *stored)
{
	CpWriter writer;

	cp_bridge_check(bridge, cp_model_write(&trained->model, &bridge->context, &writer), NULL);
	if (writer.length > MAX_MODEL_BYTES)
		ereport(ERROR,
		        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		         errmsg("the model is too large to be stored"),
		         errdetail("It takes %zu bytes; %zu are allowed.", writer.length, MAX_MODEL_BYTES),
		         errhint("Train with fewer \"rounds\" or a smaller \"max_depth\".")));
	stored->bytes = cp_bytea_of(&writer);
	stored->checksum = (int64) cp_writer_checksum(&writer);
	if (trained->test_rows == 0)
		return;
	cp_bridge_check(bridge, cp_holdout_write(trained, &bridge->context, &writer), NULL);
	stored->holdout = cp_bytea_of(&writer);
}

/* Columns that give the answer away, all in one warning. */
static void
report_leaks(const CpTrained *trained)
{
	const CpFeatureMap *map = &trained->model.map;
	StringInfoData columns;
	int count = 0;

	initStringInfo(&columns);
	for (uint32 f = 0; f < map->count; f++)
		if (trained->alone_aucs[f] >= CP_LEAK_AUC)
			appendStringInfo(&columns, "%s%s (AUC %.3f)", count++ == 0 ? "" : ", ",
			                 map->features[f].name, trained->alone_aucs[f]);
	if (count == 0)
		return;
	ereport(WARNING,
	        (errmsg_plural("a column tells by itself who left: %s",
	                       "columns tell by themselves who left: %s", count, columns.data),
	         errdetail("What is known beforehand is not expected to reach an AUC of %.2f alone.",
	                   CP_LEAK_AUC),
	         errhint("If it is filled in only when a customer leaves, train again with it in"
	                 " \"exclude\".")));
}

static void
report_screen(const CpTrained *trained)
{
	const CpFeatureMap *map = &trained->model.map;
	StringInfoData columns;
	int count = 0;

	initStringInfo(&columns);
	for (uint32 f = 0; f < map->count; f++)
		if (!trained->kept[f])
			appendStringInfo(&columns, "%s%s", count++ == 0 ? "" : ", ", map->features[f].name);
	if (count == 0)
		return;
	ereport(NOTICE,
	        (errmsg_plural("a column tells nothing that others do not, and is not learned from: %s",
	                       "columns tell nothing that others do not, and are not learned from: %s",
	                       count, columns.data),
	         errhint("With \"screen\": false all columns are learned from.")));
}

static void
report_repeats(const CpTrained *trained)
{
	if (trained->repeats > 0)
		ereport(NOTICE,
		        (errmsg("%u of %u held-out rows equal a training row in all features and label",
		                trained->repeats, trained->test_rows),
		         errhint("Where columns are coarse that is chance. Where rows were doubled, or a"
		                 " customer has several, name \"group_column\".")));
}

static void
set_params(const CpOptions *options, CpTrainParams *params)
{
	memset(params, 0, sizeof(*params));
	params->split_by = options->time_column != NULL    ? CP_SPLIT_TIME
	                   : options->group_column != NULL ? CP_SPLIT_WHOLE_UNITS
	                                                   : CP_SPLIT_STRATIFIED;
	params->test_size = options->test_size;
	params->folds = (uint32) options->folds;
	params->screen = options->screen;
	params->seed = (uint64) options->seed;
	params->ensemble = options->ensemble;
}

/* Read, train, describe: all of a version but its number. */
static void
train(const CpTrainOrder *order, CpBridge *bridge, CpNewModel *stored, CpMetrics *metrics)
{
	CpOptions options;
	CpTrainingSet set;
	CpTrainParams params;
	CpTrained trained;

	cp_options_read(order->options, &options);
	SPI_connect();
	cp_training_set_read(&set, bridge, order->source, order->label, &options);
	set_params(&options, &params);
	cp_bridge_check(bridge, cp_train_model(&bridge->context, &set.dataset, &params, &trained),
	                NULL);
	report_leaks(&trained);
	report_screen(&trained);
	report_repeats(&trained);
	stored->deploy =
		order->gate == NULL ? options.deploy : order->gate(order->arg, bridge, &set, &trained);
	if (stored->deploy)
		cp_playbook_try(&trained.model.map, stored->name);
	for (int role = 0; role < CP_ROLES; role++)
		trained.model.map.roles[role] = set.roles[role];
	/* What is handed on outlives SPI's memory. */
	MemoryContextSwitchTo(bridge->memory);
	write_bytes(&trained, bridge, stored);
	if (set.identified)
		stored->customers = cp_customer_filter(bridge, set.dataset.units, set.dataset.rows);
	stored->profile = cp_profile_of_training(bridge, &set, &trained, options.base_rate);
	stored->source = pstrdup(set.source);
	stored->label = pstrdup(set.label);
	stored->options =
		describe_options(order->options, &options, &trained.report.params, set.positive);
	stored->features = describe_features(&trained);
	stored->roles = describe_roles(set.roles);
	stored->metrics = describe_metrics(&trained.metrics);
	stored->weights = describe_weights(&trained.report);
	stored->ensemble = describe_ensemble(&trained.report, &trained.model.ensemble.calibration);
	stored->importance = describe_importance(&trained.model.map, trained.importance);
	stored->rows = set.dataset.rows;
	stored->churn_rate = trained.churn_rate;
	stored->feature_count = trained.model.map.count;
	*metrics = trained.metrics;
	SPI_finish();
}

int32
cp_train_version(const CpTrainOrder *order, MemoryContext memory, CpNewModel *stored,
                 CpMetrics *metrics)
{
	MemoryContext caller = MemoryContextSwitchTo(memory);
	TimestampTz start = GetCurrentTimestamp();
	CpBridge bridge;

	memset(stored, 0, sizeof(*stored));
	stored->name = order->name;
	cp_store_check_owner(order->name);
	cp_bridge_init(&bridge, memory, cp_training_memory);
	train(order, &bridge, stored, metrics);
	stored->seconds = (GetCurrentTimestamp() - start) / 1e6;
	MemoryContextSwitchTo(caller);
	return cp_store_insert(stored);
}
