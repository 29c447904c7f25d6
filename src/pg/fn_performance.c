/*
 * fn_performance.c: cp_performance and cp_performance_check.
 */
#include "pg/compat.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/alert_store.h"
#include "pg/args.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/performance.h"

PG_FUNCTION_INFO_V1(cp_performance);
PG_FUNCTION_INFO_V1(cp_performance_check);

#define COLUMNS 9

/* From so many times more or fewer than expected on calibration is critical; a warning from the root on. */
#define CALIBRATION_CRITICAL 1.5

static void
put_number(Datum *values, bool *nulls, int column, double number)
{
	values[column] = Float8GetDatum(number);
	nulls[column] = isnan(number);
}

static void
put_side(ReturnSetInfo *info, const CpPerformance *performance, CpPerformanceBasis basis)
{
	const CpPerformanceSide *training = &performance->sides[CP_PERFORMANCE_TRAINING];
	const CpPerformanceSide *side = &performance->sides[basis];

	for (CpPerformanceFigure k = 0; k < CP_PERFORMANCE_FIGURES; k++)
	{
		Datum values[COLUMNS];
		bool nulls[COLUMNS] = {false};

		if (basis == CP_PERFORMANCE_ESTIMATED && k == CP_PERFORMANCE_CALIBRATION)
			continue;
		values[0] = CStringGetTextDatum(cp_performance_basis_name(basis));
		values[1] = CStringGetTextDatum(cp_performance_figure_name(k));
		values[2] = Int64GetDatum(side->rows);
		put_number(values, nulls, 3, side->values[k]);
		put_number(values, nulls, 4, side->ranges[k].low);
		put_number(values, nulls, 5, side->ranges[k].high);
		put_number(values, nulls, 6, side->expected[k]);
		put_number(values, nulls, 7, training->values[k]);
		put_number(values, nulls, 8, side->values[k] - training->values[k]);
		tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
	}
}

Datum
cp_performance(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	char *model = cp_optional_text(fcinfo, 0);
	Interval *period = cp_required_period(fcinfo, 1);
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "churnprevent performance",
	                                             ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(memory);
	CpPerformance performance;

	cp_materialize(fcinfo);
	cp_performance_read(model, period, &performance);
	for (CpPerformanceBasis basis = 0; basis < CP_PERFORMANCE_BASES; basis++)
		put_side(info, &performance, basis);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(memory);
	return (Datum) 0;
}

/* --- alerts ---------------------------------------------------------------------- */

static CpAlarmLevel
level_of_drop(const CpPerformance *performance)
{
	bool significant;
	double drop = cp_performance_drop(performance, &significant);

	if (!significant || drop < cp_performance_threshold_auc / 2)
		return CP_ALARM_OK;
	return drop < cp_performance_threshold_auc ? CP_ALARM_WARNING : CP_ALARM_CRITICAL;
}

/* Of untreated customers alone: what is done for others is meant to keep them. */
static CpAlarmLevel
level_of_calibration(const CpPerformance *performance)
{
	const CpPerformanceSide *side = &performance->sides[CP_PERFORMANCE_UNTREATED];
	CpInterval range = side->ranges[CP_PERFORMANCE_CALIBRATION];
	double off = fabs(log(side->values[CP_PERFORMANCE_CALIBRATION]));

	if (cp_performance_judged(performance) != side || (range.low <= 1 && range.high >= 1) ||
	    off < log(CALIBRATION_CRITICAL) / 2)
		return CP_ALARM_OK;
	return off < log(CALIBRATION_CRITICAL) ? CP_ALARM_WARNING : CP_ALARM_CRITICAL;
}

static const char *
message_of(const CpPerformance *performance)
{
	const CpPerformanceSide *now = cp_performance_judged(performance);
	const CpPerformanceSide *before = &performance->sides[CP_PERFORMANCE_TRAINING];

	return psprintf("AUC %.3f where %.3f was to be expected (at training %.3f);"
	                " %.2f times as many left as expected.",
	                now->values[CP_PERFORMANCE_AUC], now->expected[CP_PERFORMANCE_AUC],
	                before->values[CP_PERFORMANCE_AUC], now->values[CP_PERFORMANCE_CALIBRATION]);
}

static Jsonb *
numbers_of(const CpPerformance *performance)
{
	CpJson json;

	cp_json_begin(&json);
	for (CpPerformanceBasis basis = 0; basis < CP_PERFORMANCE_BASES; basis++)
	{
		const CpPerformanceSide *side = &performance->sides[basis];
		CpJson figures;

		cp_json_begin(&figures);
		cp_json_number(&figures, "rows", side->rows);
		for (CpPerformanceFigure k = 0; k < CP_PERFORMANCE_FIGURES; k++)
			cp_json_number(&figures, cp_performance_figure_name(k), side->values[k]);
		cp_json_object(&json, cp_performance_basis_name(basis), cp_json_end(&figures));
	}
	return cp_json_end(&json);
}

Datum
cp_performance_check(PG_FUNCTION_ARGS)
{
	char *model = cp_optional_text(fcinfo, 0);
	Interval *period = cp_required_period(fcinfo, 1);
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "churnprevent performance",
	                                             ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(memory);
	CpPerformance performance;
	CpFinding finding = {.source = "performance", .level = CP_ALARM_FEW};

	PreventCommandIfReadOnly("cp_performance_check()");
	cp_performance_read(model, period, &performance);
	finding.model = performance.loaded->name;
	if (cp_performance_judged(&performance) != NULL)
	{
		finding.level = Max(level_of_drop(&performance), level_of_calibration(&performance));
		finding.message = message_of(&performance);
		finding.numbers = numbers_of(&performance);
	}
	cp_alert(&finding);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(memory);
	PG_RETURN_TEXT_P(cstring_to_text(cp_alarm_name(finding.level)));
}
