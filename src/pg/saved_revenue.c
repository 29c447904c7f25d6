/*
 * saved_revenue.c: what all deciding was worth: the control group against everybody else.
 *
 * Customers are compared as they were assigned, whatever was done for them. Each enters once, when
 * the window after its first decision is over; so the sequence is one of independent units.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "pg/args.h"
#include "pg/guc.h"
#include "pg/playbook.h"
#include "pg/store.h"
#include "pg/trial_reading.h"

PG_FUNCTION_INFO_V1(cp_saved_revenue);

enum
{
	RETAINED,
	REVENUE,
	MARGIN,
	METRICS
};
enum
{
	CONTROL,
	POLICY,
	ARMS
};

static const char *const metric_names[METRICS] = {"retained", "revenue", "margin"};

typedef struct Saved
{
	CpTrialReading metrics[METRICS];
	double shares[ARMS];
	double most_ratio;
	int64 waiting; /* whose window is over, but of whom nothing is known */
} Saved;

/*
 * Money of decisions is cents. Of several windows over which a decision was observed the longest
 * that is within this one, and none that reaches beyond it. The least outcome: who has left once
 * has left. Customers come in the order in which it was known what became of them.
 */
static const char query[] =
	"WITH met AS (SELECT DISTINCT ON (customer_id) customer_id, decision_id, decided_at, arm,"
	"  churn_probability FROM churnprevent.decision"
	"  WHERE decided_at >= (SELECT since FROM churnprevent.holdout) AND arm IN ('control', 'policy')"
	"  ORDER BY customer_id, decided_at, decision_id),"
	" closed AS (SELECT *, decided_at + pg_catalog.make_interval(days => $1) AS until FROM met"
	"  WHERE decided_at + pg_catalog.make_interval(days => $1) <= " CP_TRIAL_NOW "),"
	" observed AS (SELECT DISTINCT ON (d.decision_id) c.customer_id, d.action_cost, f.outcome,"
	"  f.revenue_impact, f.observed_at FROM closed c"
	"  JOIN churnprevent.decision d ON d.customer_id = c.customer_id"
	"   AND d.decided_at >= c.decided_at AND d.decided_at < c.until"
	"  LEFT JOIN churnprevent.feedback f ON f.decision_id = d.decision_id"
	"   AND d.decided_at + pg_catalog.make_interval(days => f.window_days) <= c.until"
	"  ORDER BY d.decision_id, f.window_days DESC NULLS LAST),"
	" done AS (SELECT customer_id, pg_catalog.sum(action_cost) AS cents,"
	"  pg_catalog.min(outcome) AS outcome, pg_catalog.sum(revenue_impact)::float8 AS revenue,"
	"  pg_catalog.max(observed_at) AS known_at FROM observed GROUP BY customer_id)"
	" SELECT c.arm = 'policy', o.outcome, o.revenue, o.cents::float8 / 100, c.churn_probability::float8"
	" FROM closed c JOIN done o USING (customer_id) ORDER BY greatest(c.until, o.known_at), c.decision_id";

static void
begin(Saved *saved)
{
	CpHoldout holdout;
	CpTrialOptions options;
	CpTrialDesign design;

	cp_holdout_in_force(&holdout);
	if (!(holdout.share > 0 && holdout.share < 1))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("there is no control group to compare with"),
		                errdetail("Its share is %g.", holdout.share),
		                errhint("Set churnprevent.holdout.share, and wait.")));
	memset(saved, 0, sizeof(*saved));
	saved->shares[CONTROL] = holdout.share;
	saved->shares[POLICY] = 1 - holdout.share;
	cp_trial_options_default(&options);
	for (int k = 0; k < METRICS; k++)
	{
		cp_trial_design(&options, k == RETAINED ? CP_METRIC_PROPORTION : CP_METRIC_MEAN, true,
		                &design);
		design.arms = ARMS;
		design.control = CONTROL;
		cp_trial_reading_begin(&saved->metrics[k], metric_names[k], &design, 1, saved->shares,
		                       NULL);
	}
}

static void
take_customer(void *taker, HeapTuple row, TupleDesc descriptor)
{
	Saved *saved = taker;
	bool unknown, no_revenue, isnull;
	uint32 arm = DatumGetBool(SPI_getbinval(row, descriptor, 1, &isnull)) ? POLICY : CONTROL;
	Datum outcome = SPI_getbinval(row, descriptor, 2, &unknown);
	Datum revenue = SPI_getbinval(row, descriptor, 3, &no_revenue);
	double cost = DatumGetFloat8(SPI_getbinval(row, descriptor, 4, &isnull));
	double risk = DatumGetFloat8(SPI_getbinval(row, descriptor, 5, &isnull));

	if (unknown)
	{
		saved->waiting++;
		return;
	}
	cp_trial_reading_add(&saved->metrics[RETAINED], 0, arm, DatumGetInt16(outcome), risk);
	saved->most_ratio = fmax(saved->most_ratio, cp_trial_ratio(&saved->metrics[RETAINED].trial));
	if (no_revenue)
		return;
	cp_trial_reading_add(&saved->metrics[REVENUE], 0, arm, DatumGetFloat8(revenue), risk);
	cp_trial_reading_add(&saved->metrics[MARGIN], 0, arm,
	                     cp_margin * DatumGetFloat8(revenue) - cost, risk);
}

static char *
verdict_of(const CpTrialReport *report)
{
	const CpTrialRow *row = &report->rows[POLICY];

	if (row->verdict == CP_VERDICT_RATIO)
		return psprintf("stop: the control group is not of the share it should be (p = %.2g)",
		                report->ratio_p_sequential);
	if (row->sequence.lower > row->sequence.upper)
		return pstrdup("looks contradict one another: what is kept changes with time");
	if (row->sequence.lower > 0)
		return pstrdup("uplift achieved, however often one looks");
	if (row->sequence.upper < 0)
		return pstrdup("harm: the control group does better, however often one looks");
	return pstrdup("not shown yet");
}

/* Of a metric: per assigned customer, in percent of the control group, and in all. */
static void
put_metric(Saved *saved, int metric, ReturnSetInfo *info)
{
	CpTrialReport *report = palloc0(sizeof(CpTrialReport));
	const CpTrialRow *row = &report->rows[POLICY];
	const CpEstimate *control = &report->rows[CONTROL].estimate;
	Datum values[18];
	bool nulls[18] = {false};
	int n = 0;

	if (metric != RETAINED && cp_trial_reading_units(&saved->metrics[metric]) == 0)
		return;
	cp_trial_reading_report(&saved->metrics[metric], saved->most_ratio, report);
	values[n++] = CStringGetTextDatum(metric_names[metric]);
	values[n++] = Int64GetDatum((int64) control->n);
	values[n++] = Int64GetDatum((int64) row->estimate.n);
	{
		const double numbers[] = {control->mean,
		                          row->estimate.mean,
		                          row->difference,
		                          row->sequence.lower,
		                          row->sequence.upper,
		                          100 * row->lift,
		                          100 * row->lift_sequence.lower,
		                          100 * row->lift_sequence.upper,
		                          row->estimate.n * row->difference,
		                          row->estimate.n * row->sequence.lower,
		                          row->estimate.n * row->sequence.upper,
		                          row->p_sequential,
		                          report->ratio_p_sequential};

		for (size_t k = 0; k < lengthof(numbers); k++, n++)
			values[n] = cp_number_or_null(numbers[k], &nulls[n]);
	}
	values[n++] = Int64GetDatum(saved->waiting);
	values[n++] = CStringGetTextDatum(verdict_of(report));
	tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
}

Datum
cp_saved_revenue(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	int32 window = PG_ARGISNULL(0) ? 30 : PG_GETARG_INT32(0);
	CpElevation elevation;
	Saved saved;

	if (window < 1 || window > 3660)
		cp_report_range("window_days", window, "between 1 and 3660");
	cp_materialize(fcinfo);
	cp_elevate(&elevation);
	begin(&saved);
	cp_trial_fetch(query, window, take_customer, &saved);
	for (int k = 0; k < METRICS; k++)
		put_metric(&saved, k, info);
	cp_descend(&elevation);
	PG_RETURN_NULL();
}
