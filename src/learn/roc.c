/*
 * roc.c: what calling every customer from some score on would catch.
 */
#include "learn/roc.h"

#include <math.h>

#define POLL_ROWS 65536

/* Weights by label, 0 = stayed, 1 = churned. */
typedef struct ByLabel
{
	double weight[2];
} ByLabel;

static void
add_row(ByLabel *sums, const CpScored *scored, uint32_t row)
{
	sums->weight[scored->labels[row] != 0] += cp_row_weight(scored->weights, row);
}

/* Is the row at rank i the last of its score, going down? */
static bool
ends_score(const CpScored *scored, const uint32_t *order, uint32_t i)
{
	return i == 0 || scored->probabilities[order[i - 1]] < scored->probabilities[order[i]];
}

/* Adds in the order of the walk, so that its last sums are these to the bit. */
static CpStatus
add_all(CpContext *context, const CpScored *scored, const uint32_t *order, ByLabel *all,
        uint32_t *distinct)
{
	*all = (ByLabel){{0, 0}};
	*distinct = 0;
	for (uint32_t i = scored->rows; i-- > 0;)
	{
		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		add_row(all, scored, order[i]);
		*distinct += ends_score(scored, order, i);
	}
	return CP_OK;
}

static CpRocPoint
make_point(double threshold, const ByLabel *flagged, const ByLabel *all)
{
	double sum = flagged->weight[0] + flagged->weight[1];

	return (CpRocPoint){threshold, sum / (all->weight[0] + all->weight[1]),
	                    flagged->weight[1] / all->weight[1], flagged->weight[0] / all->weight[0],
	                    flagged->weight[1] / sum};
}

/* Share of the way from (0, 0) to (1, 1), along the axes; of one class alone, along its own. */
static double
progress_at(const CpRocPoint *point)
{
	if (isnan(point->recall))
		return isnan(point->false_positive_rate) ? 0 : point->false_positive_rate;
	if (isnan(point->false_positive_rate))
		return point->recall;
	return (point->recall + point->false_positive_rate) / 2;
}

/* steps: 0 = every point is wanted, else the first one behind each of so many steps. */
static CpStatus
walk_down(CpContext *context, const CpScored *scored, const uint32_t *order, const ByLabel *all,
          uint32_t steps, CpRocPoint *curve, uint32_t *count)
{
	ByLabel flagged = {{0, 0}};
	double taken = 0;

	curve[0] = make_point(INFINITY, &flagged, all);
	*count = 1;
	for (uint32_t i = scored->rows; i-- > 0;)
	{
		CpRocPoint point;
		double step;

		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		add_row(&flagged, scored, order[i]);
		if (!ends_score(scored, order, i))
			continue;
		point = make_point(scored->probabilities[order[i]], &flagged, all);
		step = floor(progress_at(&point) * steps);
		if (i > 0 && steps > 0 && (step <= taken || step >= steps))
			continue;
		taken = step;
		curve[(*count)++] = point;
	}
	return CP_OK;
}

CpStatus
cp_roc(CpContext *context, const CpScored *scored, uint32_t points, CpRocPoint **curve,
       uint32_t *count)
{
	uint32_t *order;
	ByLabel all;
	uint32_t distinct;
	bool thin;

	*curve = NULL;
	*count = 0;
	if (scored->rows == 0)
		return CP_OK;
	CP_TRY(cp_rank_rows(context, scored->probabilities, scored->rows, &order));
	CP_TRY(add_all(context, scored, order, &all, &distinct));
	thin = distinct >= points;
	CP_TRY(cp_alloc(context, curve, thin ? points : (size_t) distinct + 1, sizeof(CpRocPoint)));
	CP_TRY(walk_down(context, scored, order, &all, thin ? points - 1 : 0, *curve, count));
	cp_free(context, &order);
	return CP_OK;
}

CpStatus
cp_confusion(CpContext *context, const CpScored *scored, double threshold, CpConfusion *confusion)
{
	ByLabel flagged = {{0, 0}}, passed = {{0, 0}};
	double tp, fp, tn, fn;

	for (uint32_t row = 0; row < scored->rows; row++)
	{
		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		add_row(scored->probabilities[row] >= threshold ? &flagged : &passed, scored, row);
	}
	tp = flagged.weight[1];
	fp = flagged.weight[0];
	tn = passed.weight[0];
	fn = passed.weight[1];
	*confusion = (CpConfusion){.true_positives = tp,
	                           .false_positives = fp,
	                           .true_negatives = tn,
	                           .false_negatives = fn,
	                           .precision = tp / (tp + fp),
	                           .recall = tp / (tp + fn),
	                           .specificity = tn / (tn + fp),
	                           .f1 = 2 * tp / (2 * tp + fp + fn),
	                           .accuracy = (tp + tn) / (tp + fp + tn + fn)};
	return CP_OK;
}
