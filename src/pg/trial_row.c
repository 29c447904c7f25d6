/*
 * trial_row.c: how an A/B test is asked for and shown.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "pg/json.h"
#include "pg/trial_row.h"

/* --- options ------------------------------------------------------------ */

void
cp_trial_options_default(CpTrialOptions *options)
{
	memset(options, 0, sizeof(*options));
	options->alpha = 0.05;
	options->power = 0.8;
	options->horizon = CP_SEQUENCE_HORIZON;
	options->correction = "holm";
}

static void
report_option(const char *name, const char *value, const char *known)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("option \"%s\" cannot be \"%s\"", name, value),
	                errhint("It can be %s.", known)));
}

static CpMetricKind
kind_of(const char *name)
{
	CpMetricKind kind = strcmp(name, "revenue") == 0 ? CP_METRIC_MEAN : cp_metric_of(name);

	if (kind == CP_METRICS)
		report_option("metric", name, "proportion, mean, revenue or ratio");
	return kind;
}

static CpCuped
cuped_of(const char *name)
{
	if (name == NULL || strcmp(name, "all") == 0)
		return CP_CUPED_ALL;
	if (strcmp(name, "within") != 0)
		report_option("cuped", name, "all or within");
	return CP_CUPED_WITHIN;
}

void
cp_trial_design(const CpTrialOptions *options, CpMetricKind kind, bool covariate,
                CpTrialDesign *design)
{
	memset(design, 0, sizeof(*design));
	design->kind = options->metric == NULL ? kind : kind_of(options->metric);
	design->adjustment = cp_adjustment_of(options->correction);
	if (design->adjustment == CP_ADJUSTMENTS)
		report_option("correction", options->correction,
		              "none, bonferroni, holm, hochberg, bh or by");
	if (options->cuped != NULL && (!covariate || design->kind == CP_METRIC_RATIO))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("option \"cuped\" needs a covariate"),
		                design->kind == CP_METRIC_RATIO
		                    ? errhint("A ratio takes the third argument as its denominator.")
		                    : errhint("Give what units did before the test.")));
	if (covariate && design->kind != CP_METRIC_RATIO)
		design->cuped = cuped_of(options->cuped);
	design->alpha = options->alpha;
	design->power = options->power;
	design->horizon = options->horizon;
	design->tau2 = options->tau2;
	design->effect = options->effect;
}

static char *
joined(char **names, uint32 count)
{
	StringInfoData all;

	initStringInfo(&all);
	for (uint32 k = 0; k < count; k++)
		appendStringInfo(&all, "%s%s", k == 0 ? "" : ", ", names[k]);
	return all.data;
}

uint32
cp_trial_control(const char *given, char **names, uint32 count)
{
	const char *wanted = given == NULL ? "control" : given;

	for (uint32 arm = 0; arm < count; arm++)
		if (strcmp(names[arm], wanted) == 0)
			return arm;
	if (given != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("no variant is named \"%s\", which is to be the control", given),
		                errhint("Variants are: %s.", joined(names, count))));
	return 0;
}

/* --- rows --------------------------------------------------------------- */

Datum
cp_number_or_null(double number, bool *null)
{
	*null = !isfinite(number);
	return Float8GetDatum(number);
}

/* Four digits are enough to read. */
static char *
readable(double number)
{
	return psprintf("%.4g", number);
}

static char *
told(const CpTrialRow *row, const char *direction)
{
	return psprintf("%s than the control by %s (%s to %s), however often one looks", direction,
	                readable(fabs(row->difference)), readable(row->sequence.lower),
	                readable(row->sequence.upper));
}

static char *
not_yet(const CpTrialRow *row)
{
	if (isnan(row->detectable))
		return pstrdup("not yet: no difference can be told from none");
	return psprintf("not yet: no difference can be told from none; one of %s would probably be "
	                "seen with so many units, looking once",
	                readable(row->detectable));
}

/* What became of a guardrail: harm is the sign of a difference that would be one. */
static char *
guarded(const CpTrialRow *row, int harm)
{
	bool broken = harm > 0 ? row->verdict == CP_VERDICT_HIGHER : row->verdict == CP_VERDICT_LOWER;

	if (row->verdict != CP_VERDICT_HIGHER && row->verdict != CP_VERDICT_LOWER)
		return pstrdup("no harm seen yet");
	return broken ? psprintf("harm: %s", told(row, harm > 0 ? "higher" : "lower"))
	              : told(row, harm > 0 ? "no harm: lower" : "no harm: higher");
}

static char *
verdict_of(const CpTrialReport *report, const CpTrialRow *row, int harm)
{
	switch (row->verdict)
	{
		case CP_VERDICT_CONTROL:
			return pstrdup("control");
		case CP_VERDICT_NO_UNITS:
			return pstrdup("not yet: a variant has no units");
		case CP_VERDICT_RATIO:
			return psprintf("stop: units did not come as allocated (p = %s); find out why before "
			                "anything else is believed",
			                readable(report->ratio_p_sequential));
		case CP_VERDICT_EARLY:
			return psprintf("not yet: fewer than %d units in a variant", CP_SEQUENCE_UNITS);
		case CP_VERDICT_CHANGING:
			return psprintf(
				"looks contradict one another: no one difference fits all of them; by now "
				"it is %s",
				readable(row->difference));
		default:
			break;
	}
	if (harm != 0)
		return guarded(row, harm);
	if (row->verdict == CP_VERDICT_NOT_YET)
		return not_yet(row);
	return told(row, row->verdict == CP_VERDICT_HIGHER ? "higher" : "lower");
}

HeapTuple
cp_trial_row(const CpTrialReport *report, const CpTrialDesign *design, uint32 arm,
             const char *metric, const char *variant, double days_left, int harm,
             TupleDesc descriptor)
{
	const CpTrialRow *row = &report->rows[arm];
	bool control = arm == design->control;
	const double numbers[] = {row->estimate.mean,
	                          row->estimate.sd,
	                          row->difference,
	                          row->interval.lower,
	                          row->interval.upper,
	                          row->lift,
	                          row->lift_interval.lower,
	                          row->lift_interval.upper,
	                          row->statistic,
	                          row->df,
	                          row->p,
	                          row->p_pooled,
	                          row->p_unpooled,
	                          row->p_fisher,
	                          row->p_adjusted,
	                          row->p_sequential,
	                          row->p_sequential_adjusted,
	                          row->sequence.lower,
	                          row->sequence.upper,
	                          row->lift_sequence.lower,
	                          row->lift_sequence.upper,
	                          row->best,
	                          row->loss,
	                          report->equal.p,
	                          report->ratio_p,
	                          report->ratio_p_sequential,
	                          design->cuped == CP_CUPED_NONE ? (double) NAN : report->theta,
	                          report->reduction,
	                          row->power,
	                          row->detectable,
	                          days_left};
	Datum values[CP_TRIAL_COLUMNS];
	bool nulls[CP_TRIAL_COLUMNS] = {false};
	int n = 0;

	values[n++] = CStringGetTextDatum(metric);
	values[n++] = CStringGetTextDatum(variant);
	values[n++] = BoolGetDatum(control);
	values[n++] = Int64GetDatum((int64) row->estimate.n);
	for (size_t k = 0; k < lengthof(numbers); k++, n++)
		values[n] = cp_number_or_null(numbers[k], &nulls[n]);
	values[n] = CStringGetTextDatum(verdict_of(report, row, harm));
	return heap_form_tuple(descriptor, values, nulls);
}
