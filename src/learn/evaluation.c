/*
 * evaluation.c: figures with how far chance may have moved them.
 */
#include "learn/evaluation.h"

#include <math.h>
#include <string.h>

#include "num/special.h"

#define POLL_ROWS 65536

/* Nearer to 0 or 1 an AUC is there, but for the rounding of sums. */
#define AUC_EDGE 1e-9

/* Halvings of [0, 1] down to neighbouring doubles. */
#define BISECTIONS 60

#define TWO_OVER_PI 0.63661977236758134308

static const CpInterval undefined = {NAN, NAN};

/* From the lower tail, which has more digits. */
double
cp_two_sided_z(double confidence)
{
	return -cp_normal_quantile((1 - confidence) / 2);
}

/* --- sums over a range of ranks ------------------------------------------ */

typedef struct Tally
{
	uint32_t rows;
	double weight;
	double squares;  /* of weights */
	double churned;  /* weight of those that churned */
	double expected; /* weighted sum of probabilities */
	double noise;    /* variance of churned if the probabilities are right */
} Tally;

/* Of the ranks begin .. end - 1 in order. */
static CpStatus
tally_ranks(CpContext *context, const CpScored *scored, const uint32_t *order, uint32_t begin,
            uint32_t end, Tally *tally)
{
	memset(tally, 0, sizeof(*tally));
	tally->rows = end - begin;
	for (uint32_t i = begin; i < end; i++)
	{
		double p = scored->probabilities[order[i]];
		double weight = cp_row_weight(scored->weights, order[i]);

		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		tally->weight += weight;
		tally->squares += weight * weight;
		tally->churned += scored->labels[order[i]] ? weight : 0;
		tally->expected += weight * p;
		tally->noise += weight * weight * p * (1 - p);
	}
	return CP_OK;
}

/* How many rows the first of so many bins of equal count hold, counted from the top. */
static uint32_t
rows_above(uint32_t rows, uint32_t bin, uint32_t bins)
{
	return (uint32_t) (((uint64_t) bin * rows + bins - 1) / bins);
}

static double
effective_rows(double weight, double squares)
{
	return weight * weight / squares;
}

/*
 * Of a weighted mean, with spread the sum of w^2 (x - mean)^2: spread / weight^2, times
 * n / (n - 1) for n effective rows. NaN for one.
 */
static double
variance_of_mean(double spread, double weight, double squares)
{
	double rest = weight * weight - squares;

	return rest > 0 ? spread / rest : NAN;
}

/* --- shares --------------------------------------------------------------- */

/* The smaller root of Wilson's equation, as the product of both over the larger. */
static double
wilson_low(double share, double n, double z)
{
	double centre = share + z * z / (2 * n);
	double half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));

	return share == 0 ? 0 : share * share / (centre + half);
}

CpInterval
cp_wilson_interval(double share, double n, double z)
{
	if (isnan(share) || !(n > 0))
		return undefined;
	return (CpInterval){wilson_low(share, n, z), 1 - wilson_low(1 - share, n, z)};
}

/* --- means --------------------------------------------------------------- */

CpInterval
cp_mean_interval(double mean, double variance, double most, double z)
{
	double half = z * sqrt(variance);

	return (CpInterval){half > mean ? 0 : mean - half, half > most - mean ? most : mean + half};
}

/* --- AUC ------------------------------------------------------------------ */

/* One class in the walk up the ranks. */
typedef struct Placed
{
	double weight;
	double squares; /* of weights */
	double below;   /* weight passed */
	double tied;    /* weight at the score where the walk is */
	double tied_squares;
	double spread; /* sum of w^2 (placement - mean)^2 */
} Placed;

/* All of one score have been met: the share of the other class below them is their placement. */
static void
place(Placed classes[2], double auc)
{
	for (int k = 0; k < 2; k++)
	{
		const Placed *other = &classes[1 - k];
		double placement = (other->below + other->tied / 2) / other->weight;
		double distance = placement - (k == 1 ? auc : 1 - auc);

		classes[k].spread += classes[k].tied_squares * distance * distance;
	}
	for (int k = 0; k < 2; k++)
	{
		classes[k].below += classes[k].tied;
		classes[k].tied = classes[k].tied_squares = 0;
	}
}

static CpStatus
place_all(CpContext *context, const CpScored *scored, const uint32_t *order, double auc,
          Placed classes[2])
{
	const double *p = scored->probabilities;

	for (uint32_t row = 0; row < scored->rows; row++)
	{
		double weight = cp_row_weight(scored->weights, row);
		Placed *placed = &classes[scored->labels[row] != 0];

		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		placed->weight += weight;
		placed->squares += weight * weight;
	}
	for (uint32_t i = 0; i < scored->rows; i++)
	{
		double weight = cp_row_weight(scored->weights, order[i]);
		Placed *placed = &classes[scored->labels[order[i]] != 0];

		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		placed->tied += weight;
		placed->tied_squares += weight * weight;
		if (i + 1 == scored->rows || p[order[i + 1]] > p[order[i]])
			place(classes, auc);
	}
	return CP_OK;
}

/* Newcombe's variance of an AUC of m and n rows, if it is true. */
static double
newcombe_variance(double auc, double m, double n)
{
	double half = (m + n) / 2 - 1;

	return auc * (1 - auc) * (1 + half * (1 - auc) / (2 - auc) + half * auc / (1 + auc)) / (m * n);
}

/* Towards `end`, the AUC from which the one obtained is z standard errors away. */
static double
newcombe_limit(double auc, double end, double m, double n, double z)
{
	double inside = auc, outside = end;

	for (int i = 0; i < BISECTIONS; i++)
	{
		double middle = (inside + outside) / 2;
		double distance = middle - auc;

		if (distance * distance > z * z * newcombe_variance(middle, m, n))
			outside = middle;
		else
			inside = middle;
	}
	return outside;
}

static bool
at_edge(double auc)
{
	return auc <= AUC_EDGE || auc >= 1 - AUC_EDGE;
}

CpInterval
cp_auc_interval(double auc, double variance, double z)
{
	double half = z * sqrt(variance) / (auc * (1 - auc));

	if (at_edge(auc))
		return cp_mean_interval(auc, variance, 1, z);
	return (CpInterval){cp_sigmoid(cp_logit(auc) - half), cp_sigmoid(cp_logit(auc) + half)};
}

static CpInterval
interval_of_auc(double auc, const Placed classes[2], double z)
{
	double m = effective_rows(classes[0].weight, classes[0].squares);
	double n = effective_rows(classes[1].weight, classes[1].squares);
	double variance = variance_of_mean(classes[0].spread, classes[0].weight, classes[0].squares) +
	                  variance_of_mean(classes[1].spread, classes[1].weight, classes[1].squares);

	if (isnan(auc))
		return undefined;
	if (!at_edge(auc) && !isnan(variance))
		return cp_auc_interval(auc, variance, z);
	if (at_edge(auc))
		auc = auc < 0.5 ? 0 : 1;
	return (CpInterval){newcombe_limit(auc, 0, m, n, z), newcombe_limit(auc, 1, m, n, z)};
}

/* --- log-loss ------------------------------------------------------------- */

static CpStatus
spread_of_loss(CpContext *context, const CpScored *scored, double mean, double *spread)
{
	*spread = 0;
	for (uint32_t row = 0; row < scored->rows; row++)
	{
		double loss = cp_log_loss_of(scored->probabilities[row], scored->labels[row]);
		double distance = cp_row_weight(scored->weights, row) * (loss - mean);

		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		*spread += distance * distance;
	}
	return CP_OK;
}

/* --- lift ----------------------------------------------------------------- */

/*
 * A row's influence on the logarithm of the lift: by its place in the tenth, less by
 * its place among all. pull: what a row that enters the tenth, and pushes out one at
 * the edge, does to the tenth's rate.
 */
typedef struct LiftInfluence
{
	double top_churned; /* weight */
	double top_rate;
	double churned; /* weight */
	double rate;
	double pull;
	double mean; /* of all influences */
} LiftInfluence;

static double
influence_on_lift(const LiftInfluence *of, double weight, double churned, bool in_top)
{
	double top = in_top ? (weight * (churned - of->top_rate) + of->pull) / of->top_churned : 0;

	return top - weight * (churned - of->rate) / of->churned - of->mean;
}

/* The rate at the edge is that of half the tenth's number of rows on either side. */
static CpStatus
prepare_lift(CpContext *context, const CpScored *scored, const uint32_t *order, const Tally *all,
             const Tally *top, LiftInfluence *influence)
{
	uint32_t cut = scored->rows - top->rows;
	uint32_t half = (top->rows + 1) / 2;
	Tally edge;

	CP_TRY(tally_ranks(context, scored, order, cut > half ? cut - half : 0, cut + half, &edge));
	influence->top_churned = top->churned;
	influence->top_rate = top->churned / top->weight;
	influence->churned = all->churned;
	influence->rate = all->churned / all->weight;
	influence->pull = (edge.weight * influence->top_rate - edge.churned) / edge.rows;
	influence->mean = influence->pull / top->churned * top->rows / scored->rows;
	return CP_OK;
}

/* Of the logarithm of the lift. */
static CpStatus
variance_of_lift(CpContext *context, const CpScored *scored, const uint32_t *order,
                 const LiftInfluence *influence, uint32_t cut, double *variance)
{
	double n = scored->rows;

	*variance = 0;
	for (uint32_t i = 0; i < scored->rows; i++)
	{
		double by = influence_on_lift(influence, cp_row_weight(scored->weights, order[i]),
		                              scored->labels[order[i]] != 0, i >= cut);

		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		*variance += by * by;
	}
	*variance *= n / (n - 1);
	return CP_OK;
}

/*
 * No lift is above that of a tenth that holds all churners. Of a tenth without any,
 * Wilson's interval says how many it might have held.
 */
static CpStatus
interval_of_lift(CpContext *context, const CpScored *scored, const uint32_t *order,
                 const Tally *all, double lift, double z, CpInterval *interval)
{
	uint32_t cut = scored->rows - rows_above(scored->rows, 1, CP_DECILES);
	LiftInfluence influence;
	Tally top;
	double variance, half, most;

	*interval = undefined;
	if (isnan(lift))
		return CP_OK;
	CP_TRY(tally_ranks(context, scored, order, cut, scored->rows, &top));
	most = all->weight / top.weight;
	if (lift > 0)
	{
		CP_TRY(prepare_lift(context, scored, order, all, &top, &influence));
		CP_TRY(variance_of_lift(context, scored, order, &influence, cut, &variance));
		half = z * sqrt(variance);
		*interval = (CpInterval){lift * cp_exp(-half), lift * cp_exp(half)};
	}
	else
	{
		*interval = cp_wilson_interval(0, effective_rows(top.weight, top.squares), z);
		interval->high *= all->weight / all->churned;
	}
	interval->high = interval->high > most ? most : interval->high;
	return CP_OK;
}

/* --- calibration ---------------------------------------------------------- */

/*
 * A bin's error is the size of a sum of many small chances: near normal, so that its
 * mean is sigma sqrt(2 / pi).
 */
static CpStatus
expected_ece(CpContext *context, const CpScored *scored, const uint32_t *order, double weight,
             double *ece)
{
	*ece = 0;
	for (uint32_t bin = 0; bin < CP_DECILES; bin++)
	{
		Tally tally;

		CP_TRY(tally_ranks(context, scored, order,
		                   scored->rows - rows_above(scored->rows, bin + 1, CP_DECILES),
		                   scored->rows - rows_above(scored->rows, bin, CP_DECILES), &tally));
		*ece += sqrt(tally.noise * TWO_OVER_PI);
	}
	*ece /= weight;
	return CP_OK;
}

static void
describe_bin(const CpScored *scored, const uint32_t *order, uint32_t begin, const Tally *tally,
             double z, CpReliability *bin)
{
	bool empty = tally->rows == 0;

	bin->rows = tally->rows;
	bin->score_low = empty ? NAN : scored->probabilities[order[begin]];
	bin->score_high = empty ? NAN : scored->probabilities[order[begin + tally->rows - 1]];
	bin->predicted = tally->expected / tally->weight;
	bin->observed = tally->churned / tally->weight;
	bin->observed_range =
		cp_wilson_interval(bin->observed, effective_rows(tally->weight, tally->squares), z);
}

CpStatus
cp_reliability(CpContext *context, const CpScored *scored, uint32_t bins, double confidence,
               CpReliability *reliability)
{
	uint32_t *order;

	CP_TRY(cp_rank_rows(context, scored->probabilities, scored->rows, &order));
	for (uint32_t bin = 0; bin < bins; bin++)
	{
		uint32_t begin = scored->rows - rows_above(scored->rows, bins - bin, bins);
		uint32_t end = scored->rows - rows_above(scored->rows, bins - bin - 1, bins);
		Tally tally;

		CP_TRY(tally_ranks(context, scored, order, begin, end, &tally));
		describe_bin(scored, order, begin, &tally, cp_two_sided_z(confidence), &reliability[bin]);
	}
	cp_free(context, &order);
	return CP_OK;
}

/* --- all ------------------------------------------------------------------ */

static CpStatus
fill_intervals(CpContext *context, const CpScored *scored, const uint32_t *order, double z,
               CpEvaluation *evaluation)
{
	const CpMetrics *metrics = &evaluation->metrics;
	Placed classes[2] = {{0}};
	Tally all;
	double spread;

	CP_TRY(tally_ranks(context, scored, order, 0, scored->rows, &all));
	CP_TRY(place_all(context, scored, order, metrics->auc, classes));
	evaluation->auc = interval_of_auc(metrics->auc, classes, z);
	CP_TRY(spread_of_loss(context, scored, metrics->log_loss, &spread));
	evaluation->log_loss = cp_mean_interval(
		metrics->log_loss, variance_of_mean(spread, all.weight, all.squares), INFINITY, z);
	evaluation->accuracy =
		cp_wilson_interval(metrics->accuracy, effective_rows(all.weight, all.squares), z);
	CP_TRY(interval_of_lift(context, scored, order, &all, metrics->top_decile_lift, z,
	                        &evaluation->lift));
	return expected_ece(context, scored, order, all.weight, &evaluation->ece_perfect);
}

CpStatus
cp_evaluation(CpContext *context, const CpScored *scored, double confidence,
              CpEvaluation *evaluation)
{
	CpMetrics *metrics = &evaluation->metrics;
	double deviation;
	uint32_t *order;

	CP_TRY(cp_metrics(context, scored->probabilities, scored->labels, scored->weights, scored->rows,
	                  metrics));
	CP_TRY(cp_rank_rows(context, scored->probabilities, scored->rows, &order));
	CP_TRY(fill_intervals(context, scored, order, cp_two_sided_z(confidence), evaluation));
	cp_free(context, &order);
	deviation = sqrt(metrics->churn_rate * (1 - metrics->churn_rate));
	evaluation->rmse_improvement = deviation > 0 ? 100 * (1 - metrics->rmse / deviation) : NAN;
	return CP_OK;
}
