/*
 * performance.c: what the deployed version of a model was worth lately.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "learn/estimation.h"
#include "num/special.h"
#include "pg/base_rate.h"
#include "pg/evaluation_set.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/performance.h"
#include "pg/scorer.h"
#include "pg/store.h"

#define CONFIDENCE 0.95
#define BATCH_ROWS 10000

/* Rows, and rows of either class, by which performance can be judged. */
#define LEAST_ROWS 100
#define LEAST_OF_CLASS 10

/* A shift of log-odds at most, and how closely it is found: 30 / 2^30. */
#define MOST_SHIFT 15
#define HALVINGS 30

static const char *const figure_names[CP_PERFORMANCE_FIGURES] = {"auc", "log_loss", "accuracy",
                                                                 "churn_rate", "calibration"};
static const char *const basis_names[CP_PERFORMANCE_BASES] = {"training", "realised", "untreated",
                                                              "estimated"};

/* Outcomes over another time than the model looks ahead, of $3 months, say nothing of it. */
static const char outcomes[] =
	"SELECT DISTINCT ON (d.customer_id) d.churn_probability::float8, f.outcome = 0, f.action_taken = 0"
	" FROM churnprevent.decision d JOIN churnprevent.feedback f USING (decision_id)"
	" WHERE d.model_id = $1 AND d.decided_at >= $2 AND f.window_days BETWEEN 24 * $3 AND 37 * $3"
	" ORDER BY d.customer_id, d.decided_at, d.decision_id, pg_catalog.abs(f.window_days - 30.44 * $3)";

static const char scores[] =
	"SELECT DISTINCT ON (customer_id) churn_probability::float8, false, false"
	" FROM churnprevent.decision WHERE model_id = $1 AND decided_at >= $2 AND $3::float8 > 0"
	" ORDER BY customer_id, decided_at DESC, decision_id DESC";

const char *
cp_performance_figure_name(CpPerformanceFigure figure)
{
	return figure_names[figure];
}

const char *
cp_performance_basis_name(CpPerformanceBasis basis)
{
	return basis_names[basis];
}

/* --- reading ------------------------------------------------------------------ */

/* Which decisions are looked at. */
typedef struct LogPart
{
	int64 model_id;
	TimestampTz since;
	double horizon;  /* months that the model looks ahead */
	CpBaseRate rate; /* that it was trained for */
} LogPart;

/* Scored rows that grow. */
typedef struct Logged
{
	CpBridge *bridge;
	CpScored scored;
	size_t capacity;
} Logged;

static void
add_row(Logged *logged, double probability, bool churned)
{
	CpScored *scored = &logged->scored;
	CpContext *context = &logged->bridge->context;

	if (scored->rows == logged->capacity)
	{
		logged->capacity = logged->capacity * 2 + 1024;
		cp_bridge_check(
			logged->bridge,
			cp_resize(context, &scored->probabilities, logged->capacity, sizeof(double)), NULL);
		cp_bridge_check(logged->bridge, cp_resize(context, &scored->labels, logged->capacity, 1),
		                NULL);
	}
	scored->probabilities[scored->rows] = probability;
	scored->labels[scored->rows++] = churned;
}

/* The log is read as its owner; that the caller may use the model was checked. */
static void
read_log(const char *query, const LogPart *read, Logged *all, Logged *untreated)
{
	Oid types[] = {INT8OID, TIMESTAMPTZOID, FLOAT8OID};
	Datum values[] = {Int64GetDatum(read->model_id), TimestampTzGetDatum(read->since),
	                  Float8GetDatum(read->horizon)};
	CpElevation elevation;
	Portal portal;

	cp_elevate(&elevation);
	portal = SPI_cursor_open_with_args(NULL, query, lengthof(types), types, values, NULL, true, 0);
	do
	{
		SPI_cursor_fetch(portal, true, BATCH_ROWS);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			HeapTuple tuple = SPI_tuptable->vals[i];
			TupleDesc descriptor = SPI_tuptable->tupdesc;
			bool isnull;
			double probability = DatumGetFloat8(SPI_getbinval(tuple, descriptor, 1, &isnull));
			bool churned = DatumGetBool(SPI_getbinval(tuple, descriptor, 2, &isnull));

			add_row(all, probability, churned);
			if (untreated != NULL && DatumGetBool(SPI_getbinval(tuple, descriptor, 3, &isnull)))
				add_row(untreated, probability, churned);
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	cp_descend(&elevation);
	cp_probabilities_of_all(&read->rate, all->scored.probabilities, all->scored.rows);
	if (untreated != NULL)
		cp_probabilities_of_all(&read->rate, untreated->scored.probabilities,
		                        untreated->scored.rows);
}

/* --- figures -------------------------------------------------------------------- */

static void
set_figure(CpPerformanceSide *side, CpPerformanceFigure figure, double value, CpInterval range)
{
	side->values[figure] = value;
	side->ranges[figure] = range;
}

static void
set_expected(CpPerformanceSide *side, CpPerformanceFigure figure, const CpForecast *forecast)
{
	side->expected[figure] = forecast->value;
	side->expected_ranges[figure] = forecast->range;
}

static void
clear(CpPerformanceSide *side)
{
	CpForecast unknown = {NAN, {NAN, NAN}};

	memset(side, 0, sizeof(*side));
	for (int k = 0; k < CP_PERFORMANCE_FIGURES; k++)
	{
		set_figure(side, k, NAN, unknown.range);
		set_expected(side, k, &unknown);
	}
}

/* Mean of probabilities whose log-odds are shifted. */
static double
mean_shifted(const CpScored *scored, double shift, double *shifted)
{
	double sum = 0, weight = 0;

	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < scored->rows; i++)
	{
		shifted[i] = cp_sigmoid(cp_logit(scored->probabilities[i]) + shift);
		sum += cp_row_weight(scored->weights, i) * shifted[i];
		weight += cp_row_weight(scored->weights, i);
	}
	return sum / weight;
}

/*
 * The AUC to expect is of probabilities shifted to the share that left: how many leave is what
 * calibration judges, and acting upon customers changes it.
 */
static void
expect_auc(CpBridge *bridge, const CpScored *scored, const CpScored *held_out,
           CpPerformanceSide *side)
{
	double rate = side->values[CP_PERFORMANCE_CHURN_RATE];
	double low = -MOST_SHIFT, high = MOST_SHIFT;
	double *shifted;
	CpEstimation estimation;

	if (!(rate > 0 && rate < 1))
		return;
	cp_bridge_check(bridge, cp_alloc(&bridge->context, &shifted, scored->rows, sizeof(double)),
	                NULL);
	for (int halving = 0; halving < HALVINGS; halving++)
	{
		double middle = (low + high) / 2;

		*(mean_shifted(scored, middle, shifted) < rate ? &low : &high) = middle;
	}
	cp_bridge_check(bridge,
	                cp_estimate_performance(&bridge->context, shifted, scored->rows, held_out,
	                                        CONFIDENCE, &estimation),
	                NULL);
	set_expected(side, CP_PERFORMANCE_AUC, &estimation.auc);
	cp_free(&bridge->context, &shifted);
}

/* What the probabilities promise of the rows. held_out: NULL = none. */
static void
expect(CpBridge *bridge, const CpScored *scored, const CpScored *held_out, CpPerformanceSide *side)
{
	CpForecast perfect = {1, {1, 1}};
	CpEstimation estimation;

	cp_bridge_check(bridge,
	                cp_estimate_performance(&bridge->context, scored->probabilities, scored->rows,
	                                        held_out, CONFIDENCE, &estimation),
	                NULL);
	set_expected(side, CP_PERFORMANCE_AUC, &estimation.auc);
	set_expected(side, CP_PERFORMANCE_LOG_LOSS, &estimation.log_loss);
	set_expected(side, CP_PERFORMANCE_ACCURACY, &estimation.accuracy);
	set_expected(side, CP_PERFORMANCE_CHURN_RATE, &estimation.churn_rate);
	set_expected(side, CP_PERFORMANCE_CALIBRATION, &perfect);
}

/* The share that left over the mean probability; the latter has next to no error of its own. */
static void
set_calibration(CpPerformanceSide *side, const CpScored *scored, CpInterval rate)
{
	double expected = 0, weight = 0;

	for (uint32 i = 0; i < scored->rows; i++)
	{
		expected += cp_row_weight(scored->weights, i) * scored->probabilities[i];
		weight += cp_row_weight(scored->weights, i);
	}
	expected /= weight;
	rate.low /= expected;
	rate.high /= expected;
	set_figure(side, CP_PERFORMANCE_CALIBRATION, side->values[CP_PERFORMANCE_CHURN_RATE] / expected,
	           rate);
}

static void
measure(CpBridge *bridge, const CpScored *scored, CpPerformanceSide *side)
{
	double z = cp_two_sided_z(CONFIDENCE);
	CpEvaluation evaluation;
	CpInterval rate;

	clear(side);
	side->rows = scored->rows;
	for (uint32 i = 0; i < scored->rows; i++)
		side->churned += scored->labels[i];
	if (scored->rows == 0)
		return;
	cp_bridge_check(bridge, cp_evaluation(&bridge->context, scored, CONFIDENCE, &evaluation), NULL);
	rate = cp_wilson_interval(evaluation.metrics.churn_rate, scored->rows, z);
	set_figure(side, CP_PERFORMANCE_AUC, evaluation.metrics.auc, evaluation.auc);
	set_figure(side, CP_PERFORMANCE_LOG_LOSS, evaluation.metrics.log_loss, evaluation.log_loss);
	set_figure(side, CP_PERFORMANCE_ACCURACY, evaluation.metrics.accuracy, evaluation.accuracy);
	set_figure(side, CP_PERFORMANCE_CHURN_RATE, evaluation.metrics.churn_rate, rate);
	set_calibration(side, scored, rate);
}

/* What became of rows, and what was promised of them. */
static void
hold(CpBridge *bridge, const CpScored *scored, const CpScored *held_out, CpPerformanceSide *side)
{
	measure(bridge, scored, side);
	if (scored->rows == 0)
		return;
	expect(bridge, scored, held_out, side);
	expect_auc(bridge, scored, held_out, side);
}

/* Outcomes are not known: what is expected is all there is. */
static void
estimate(CpBridge *bridge, const CpScored *scored, const CpScored *held_out,
         CpPerformanceSide *side)
{
	clear(side);
	side->rows = scored->rows;
	if (scored->rows == 0)
		return;
	expect(bridge, scored, held_out, side);
	for (CpPerformanceFigure k = 0; k < CP_PERFORMANCE_CALIBRATION; k++)
		set_figure(side, k, side->expected[k], side->expected_ranges[k]);
}

static TimestampTz
since_of(const Interval *period)
{
	return DatumGetTimestampTz(DirectFunctionCall2(
		timestamptz_mi_interval, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
		IntervalPGetDatum(period)));
}

void
cp_performance_read(const char *model, const Interval *period, CpPerformance *performance)
{
	CpPerformanceSide *sides = performance->sides;
	CpModelRef ref;
	const char *name = cp_scorer_find(model, 0, &ref);
	CpBridge bridge;
	CpScored held_out = {0};
	const CpScored *seen;
	LogPart part = {.model_id = ref.model_id,
	                .since = since_of(period),
	                .horizon = cp_json_get_number(cp_store_options(&ref), "horizon_months"),
	                .rate = cp_base_rate_of(&ref)};
	Logged known = {&bridge}, untreated = {&bridge}, scored = {&bridge};

	cp_bridge_init(&bridge, CurrentMemoryContext, cp_training_memory);
	performance->loaded = cp_cache_get(&ref, name, CurrentMemoryContext);
	if (isnan(part.horizon))
		part.horizon = 1;
	if (cp_stored_holdout(&bridge, &ref, name, &held_out))
		cp_scored_of_all(&bridge, &part.rate, &held_out);
	read_log(outcomes, &part, &known, &untreated);
	read_log(scores, &part, &scored, NULL);
	seen = held_out.rows > 0 ? &held_out : NULL;
	measure(&bridge, &held_out, &sides[CP_PERFORMANCE_TRAINING]);
	hold(&bridge, &known.scored, seen, &sides[CP_PERFORMANCE_REALISED]);
	hold(&bridge, &untreated.scored, seen, &sides[CP_PERFORMANCE_UNTREATED]);
	estimate(&bridge, &scored.scored, seen, &sides[CP_PERFORMANCE_ESTIMATED]);
}

/* --- judging ---------------------------------------------------------------------- */

static bool
is_enough(const CpPerformanceSide *side)
{
	return side->rows >= LEAST_ROWS && side->churned >= LEAST_OF_CLASS &&
	       side->rows - side->churned >= LEAST_OF_CLASS;
}

const CpPerformanceSide *
cp_performance_judged(const CpPerformance *performance)
{
	const CpPerformanceSide *untreated = &performance->sides[CP_PERFORMANCE_UNTREATED];

	return is_enough(untreated) ? untreated : NULL;
}

/* Half of the width of an interval, in standard errors of the normal law that it is near to. */
static double
error_of(CpInterval range)
{
	return (range.high - range.low) / 2 / cp_two_sided_z(CONFIDENCE);
}

double
cp_performance_drop(const CpPerformance *performance, bool *significant)
{
	const CpPerformanceSide *side = cp_performance_judged(performance);
	double drop;

	*significant = false;
	if (side == NULL)
		return NAN;
	drop = side->expected[CP_PERFORMANCE_AUC] - side->values[CP_PERFORMANCE_AUC];
	*significant =
		drop > cp_two_sided_z(0.99) * error_of(side->expected_ranges[CP_PERFORMANCE_AUC]);
	return drop;
}
