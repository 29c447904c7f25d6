/*
 * experiment_report.c: what an experiment says: cp_ab_significance(experiment), cp_ab_timeline.
 *
 * Both read, and write nothing, so they say the same on a standby.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/args.h"
#include "pg/bridge.h"
#include "pg/decimal.h"
#include "pg/experiment_store.h"
#include "pg/json.h"
#include "pg/store.h"
#include "pg/trial_reading.h"
#include "stats/sequential.h"

PG_FUNCTION_INFO_V1(cp_ab_significance);
PG_FUNCTION_INFO_V1(cp_ab_timeline);

typedef struct Reading
{
	const CpExperiment *experiment;
	CpTrialReading *own;   /* the experiment's own metric */
	CpTrialReading *rails; /* [guardrails.count] */
	double cap;            /* of the own metric; NaN = none */
	double *exposed;       /* [nphases * narms] */
	double most_ratio;     /* largest logarithm of the sample ratio's tests until now, */
						   /* of units that were exposed and of those that are in */
	/* Of the timeline, else NULL: */
	ReturnSetInfo *info;
	DateADT day; /* that is being read, 0 = none yet */
} Reading;

/* --- what is to be read ------------------------------------------------- */

/* Which units are in: those with an outcome, or those whose window is over. */
static char *
entered(const CpExperiment *experiment)
{
	if (isnan(experiment->options.outcome_days))
		return "record_no IS NOT NULL";
	return psprintf("exposed_at + pg_catalog.make_interval(secs => %s * 86400) <= " CP_TRIAL_NOW,
	                cp_shortest(experiment->options.outcome_days));
}

/* The own metric's y as SQL. */
static char *
own_outcome(const CpExperiment *experiment)
{
	const char *metric = experiment->options.trial.metric;
	const char *column =
		metric != NULL && strcmp(metric, "revenue") == 0 ? "coalesce(value, outcome)" : "outcome";

	return psprintf("coalesce(%s, 0)", column);
}

static char *
units_query(const Reading *reading)
{
	const CpExperiment *experiment = reading->experiment;
	bool by_window = !isnan(experiment->options.outcome_days);
	const char *came = by_window
	                       ? psprintf("exposed_at + pg_catalog.make_interval(secs => %s * 86400)",
	                                  cp_shortest(experiment->options.outcome_days))
	                       : "recorded_at";

	return psprintf(
		"SELECT variant, phase, %s, %s, metrics, ((%s) AT TIME ZONE 'UTC')::date"
		" FROM churnprevent.experiment_unit WHERE experiment_id = $1 AND %s ORDER BY %s",
		own_outcome(experiment),
		experiment->design.kind == CP_METRIC_RATIO ? "coalesce(value, 0)" : "covariate", came,
		entered(experiment), by_window ? "exposed_at, unit" : "record_no");
}

/* What own outcomes are capped at; NaN = nothing. */
static double
find_cap(const Reading *reading)
{
	const CpExperiment *experiment = reading->experiment;
	Oid type = INT4OID;
	Datum id = Int32GetDatum(experiment->id);
	bool isnull;
	Datum cap;

	if (isnan(experiment->options.cap_share))
		return experiment->options.cap;
	cp_ask(psprintf("SELECT pg_catalog.percentile_cont(%s) WITHIN GROUP (ORDER BY %s)"
	                " FROM churnprevent.experiment_unit WHERE experiment_id = $1 AND %s",
	                cp_shortest(experiment->options.cap_share), own_outcome(experiment),
	                entered(experiment)),
	       1, &type, &id);
	cap = cp_result_or_null(1, &isnull);
	return isnull ? (double) NAN : DatumGetFloat8(cap);
}

/* --- preparing ---------------------------------------------------------- */

/* A metric of its own, or, with guarded, a guardrail. */
static void
prepare_metric(const Reading *reading, CpTrialReading *metric, const char *name, bool guarded)
{
	const CpExperiment *experiment = reading->experiment;
	CpTrialOptions options = experiment->options.trial;
	CpTrialDesign design;

	if (guarded)
	{
		options.metric = "mean";
		options.cuped = NULL;
		options.effect = 0;
		options.tau2 = 0;
	}
	cp_trial_design(&options, CP_METRIC_PROPORTION, !guarded && options.cuped != NULL, &design);
	design.arms = experiment->narms;
	design.control = experiment->design.control;
	cp_trial_reading_begin(metric, name, &design, experiment->nphases, experiment->weights,
	                       reading->exposed);
}

static void
prepare(Reading *reading, const CpExperiment *experiment)
{
	const CpGuardrails *guardrails = &experiment->options.guardrails;
	const char *metric = experiment->options.trial.metric;

	reading->experiment = experiment;
	reading->own = palloc0(sizeof(CpTrialReading));
	reading->rails = palloc0(guardrails->count * sizeof(CpTrialReading));
	reading->exposed = palloc0((Size) experiment->nphases * experiment->narms * sizeof(double));
	reading->cap = find_cap(reading);
	prepare_metric(reading, reading->own,
	               metric == NULL ? cp_metric_name(CP_METRIC_PROPORTION) : metric, false);
	for (uint32 k = 0; k < guardrails->count; k++)
		prepare_metric(reading, &reading->rails[k], guardrails->rails[k].name, true);
}

/* --- reading ------------------------------------------------------------ */

static void
check_place(const Reading *reading, int variant, int phase)
{
	if (variant < 1 || (uint32) variant > reading->experiment->narms || phase < 1 ||
	    (uint32) phase > reading->experiment->nphases)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
		                errmsg("experiment \"%s\" has a unit where it cannot be",
		                       reading->experiment->name),
		                errdetail("Its variant is %d and its phase %d.", variant, phase)));
}

static double
covariate_of(const Reading *reading, HeapTuple row, TupleDesc descriptor)
{
	bool isnull;
	Datum x = SPI_getbinval(row, descriptor, 4, &isnull);

	if (reading->experiment->options.trial.cuped == NULL &&
	    reading->experiment->design.kind != CP_METRIC_RATIO)
		return 0;
	if (isnull)
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		         errmsg("units of experiment \"%s\" have no covariate", reading->experiment->name),
		         errdetail("It was created with option \"cuped\"."),
		         errhint("Give units without a past a covariate of 0.")));
	return DatumGetFloat8(x);
}

static void put_day(Reading *reading);

static void
take_day(Reading *reading, HeapTuple row, TupleDesc descriptor)
{
	bool isnull;
	DateADT day = DatumGetDateADT(SPI_getbinval(row, descriptor, 6, &isnull));

	if (reading->info == NULL)
		return;
	/* Of sessions that record at once, one may come behind with a record of the day before. */
	if (reading->day != 0 && day <= reading->day)
		return;
	if (reading->day != 0)
		put_day(reading);
	reading->day = day;
}

/* exposed: counts, or NULL for those of units that are in. */
static void
look_at_ratio(Reading *reading, const double *exposed)
{
	CpTrial trial = reading->own->trial;

	trial.exposed = exposed;
	reading->most_ratio = fmax(reading->most_ratio, cp_trial_ratio(&trial));
}

static void
take_unit(void *taker, HeapTuple row, TupleDesc descriptor)
{
	Reading *reading = taker;
	bool isnull;
	int variant = DatumGetInt16(SPI_getbinval(row, descriptor, 1, &isnull));
	int phase = DatumGetInt32(SPI_getbinval(row, descriptor, 2, &isnull));
	double y = DatumGetFloat8(SPI_getbinval(row, descriptor, 3, &isnull));
	Datum metrics = SPI_getbinval(row, descriptor, 5, &isnull);

	check_place(reading, variant, phase);
	take_day(reading, row, descriptor);
	cp_trial_reading_add(reading->own, phase - 1, variant - 1,
	                     isnan(reading->cap) ? y : fmin(y, reading->cap),
	                     covariate_of(reading, row, descriptor));
	look_at_ratio(reading, NULL);
	for (uint32 k = 0; !isnull && k < reading->experiment->options.guardrails.count; k++)
	{
		double guarded = cp_json_get_number(DatumGetJsonbP(metrics), reading->rails[k].name);

		if (!isnan(guarded))
			cp_trial_reading_add(&reading->rails[k], phase - 1, variant - 1, guarded, 0);
	}
}

/* Units by hour of exposure: after each hour the sample ratio is looked at. */
static void
read_exposures(Reading *reading)
{
	static const char query[] =
		"SELECT variant, phase, pg_catalog.count(*), pg_catalog.date_trunc('hour',"
		"exposed_at AT TIME ZONE 'UTC') AS h"
		" FROM churnprevent.experiment_unit WHERE experiment_id = $1 GROUP BY h, variant, phase"
		" ORDER BY h";
	Oid type = INT4OID;
	Datum id = Int32GetDatum(reading->experiment->id);
	TimestampTz hour = DT_NOBEGIN;

	cp_ask(query, 1, &type, &id);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple row = SPI_tuptable->vals[i];
		TupleDesc descriptor = SPI_tuptable->tupdesc;
		bool isnull;
		int variant = DatumGetInt16(SPI_getbinval(row, descriptor, 1, &isnull));
		int phase = DatumGetInt32(SPI_getbinval(row, descriptor, 2, &isnull));
		TimestampTz at = DatumGetTimestampTz(SPI_getbinval(row, descriptor, 4, &isnull));

		check_place(reading, variant, phase);
		if (at != hour)
			look_at_ratio(reading, reading->exposed);
		hour = at;
		reading->exposed[(phase - 1) * (int) reading->experiment->narms + variant - 1] +=
			(double) DatumGetInt64(SPI_getbinval(row, descriptor, 3, &isnull));
	}
	look_at_ratio(reading, reading->exposed);
	SPI_freetuptable(SPI_tuptable);
}

/* --- the timeline ------------------------------------------------------- */

static void
put_day(Reading *reading)
{
	const CpTrialReading *metric = reading->own;
	CpEstimate control = cp_trial_estimate(&metric->trial, metric->design.control);

	for (uint32 arm = 0; arm < metric->design.arms; arm++)
	{
		CpEstimate own = cp_trial_estimate(&metric->trial, arm);
		const CpSequence *sequence = &metric->sequences[arm];
		bool is_control = arm == metric->design.control;
		Datum values[7];
		bool nulls[7] = {false};

		values[0] = DateADTGetDatum(reading->day);
		values[1] = CStringGetTextDatum(reading->experiment->variants[arm]);
		values[2] = Int64GetDatum((int64) own.n);
		values[3] =
			cp_number_or_null(is_control ? (double) NAN : own.mean - control.mean, &nulls[3]);
		values[4] = Float8GetDatum(cp_sequence_p(sequence->most));
		values[5] = cp_number_or_null(sequence->interval.lower, &nulls[5]);
		values[6] = cp_number_or_null(sequence->interval.upper, &nulls[6]);
		nulls[4] = is_control;
		tuplestore_putvalues(reading->info->setResult, reading->info->setDesc, values, nulls);
	}
}

/* --- rows --------------------------------------------------------------- */

/*
 * Until the planned end; or, where an effect worth seeing was named, until as many units as that
 * takes have come, at the pace so far.
 */
static double
days_left(const Reading *reading, const CpTrialRow *row)
{
	const CpExperiment *experiment = reading->experiment;
	TimestampTz now = GetCurrentTimestamp();
	double left = (double) (experiment->end - now) / USECS_PER_DAY;
	double passed = (double) (now - experiment->start) / USECS_PER_DAY;
	double times = row->detectable / reading->own->design.effect;

	if (!experiment->running || left < 0)
		return 0;
	if (!(reading->own->design.effect > 0) || isnan(times))
		return left;
	return fmax(times * times - 1, 0) * passed;
}

/* harm: of a guardrail, 0 of the experiment's own metric. */
static void
put_metric(Reading *reading, CpTrialReading *metric, int harm, ReturnSetInfo *info)
{
	CpTrialReport *report = palloc0(sizeof(CpTrialReport));

	/* Of guardrails nobody need have told anything. */
	if (harm != 0 && cp_trial_reading_units(metric) == 0)
		return;
	/* Two tests, so each is to be twice as sure. */
	cp_trial_reading_report(metric, reading->most_ratio - log(2), report);
	for (uint32 arm = 0; arm < metric->design.arms; arm++)
	{
		double left = arm == metric->design.control || harm != 0
		                  ? (double) NAN
		                  : days_left(reading, &report->rows[arm]);

		tuplestore_puttuple(info->setResult,
		                    cp_trial_row(report, &metric->design, arm, metric->name,
		                                 reading->experiment->variants[arm], left, harm,
		                                 info->setDesc));
	}
}

/* Read the experiment, first argument; rows of the timeline are put on the way. */
static void
read_experiment(FunctionCallInfo fcinfo, Reading *reading, bool timeline)
{
	cp_materialize(fcinfo);
	memset(reading, 0, sizeof(*reading));
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"experiment\" must not be NULL")));
	if (timeline)
		reading->info = (ReturnSetInfo *) fcinfo->resultinfo;
	prepare(reading, cp_experiment(PG_GETARG_TEXT_PP(0)));
	read_exposures(reading);
	cp_trial_fetch(units_query(reading), reading->experiment->id, take_unit, reading);
}

Datum
cp_ab_significance(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	CpElevation elevation;
	Reading reading;

	cp_elevate(&elevation);
	read_experiment(fcinfo, &reading, false);
	put_metric(&reading, reading.own, 0, info);
	for (uint32 k = 0; k < reading.experiment->options.guardrails.count; k++)
		put_metric(&reading, &reading.rails[k],
		           reading.experiment->options.guardrails.rails[k].harm, info);
	cp_descend(&elevation);
	PG_RETURN_NULL();
}

Datum
cp_ab_timeline(PG_FUNCTION_ARGS)
{
	CpElevation elevation;
	Reading reading;

	cp_elevate(&elevation);
	read_experiment(fcinfo, &reading, true);
	if (reading.day != 0)
		put_day(&reading);
	cp_descend(&elevation);
	PG_RETURN_NULL();
}
