/*
 * calibrate.c: from the ensemble's probability to one that can be taken at its word.
 */
#include "learn/calibrate.h"

#include <math.h>
#include <string.h>

#include "learn/binning.h"
#include "learn/metrics.h"
#include "num/sort.h"
#include "num/special.h"

/* Rows between two looks at the poll: some milliseconds. */
#define POLL_ROWS (1u << 16)
/* Newton steps at most, and halvings of one; less than ten steps are usual. */
#define MAX_STEPS 100
#define MAX_HALVINGS 40
/* Decrease of the log-loss, a row, that ends the search once it is promised. */
#define PROMISED 1e-12
/* Share of the promised decrease that a step must bring (Armijo). */
#define SUFFICIENT 1e-4
/* Added to the hessian's diagonal, relative: all log-odds may be equal. */
#define RIDGE 1e-12
/* How far a block's level rises and falls towards its neighbours', so that ranks survive. */
#define TILT 0.05
/* Beyond this log-odds a double holds no probability below 1. */
#define MAX_INTERCEPT 37
/* Left out of no fit. */
#define NO_PART UINT32_MAX

typedef struct Sample
{
	CpContext *context;
	const double *probabilities;
	const uint8_t *labels;
	const double *weights;
	const uint8_t *parts;
	uint32_t nparts;
	uint32_t n;
	double *log_odds; /* [n] */
	uint32_t *order;  /* [n] rows by ascending probability */
} Sample;

/* A fit: the rows without those of a part, and their weight by class. */
typedef struct Subset
{
	const Sample *sample;
	uint32_t left_out;
	double weight[2];
} Subset;

static inline double
weight_of(const Sample *sample, uint32_t row)
{
	return sample->weights == NULL ? 1 : sample->weights[row];
}

static inline double
weight_in(const Subset *subset, uint32_t row)
{
	return subset->sample->parts[row] == subset->left_out ? 0 : weight_of(subset->sample, row);
}

/* No nearer to 0 or 1 than the logarithm is taken; a NaN, which no caller gives, counts as 0. */
static inline double
clip(double probability)
{
	double p = probability > CP_LOG_LOSS_CLIP ? probability : CP_LOG_LOSS_CLIP;

	return p < 1 - CP_LOG_LOSS_CLIP ? p : 1 - CP_LOG_LOSS_CLIP;
}

/* ---- applying ---- */

const char *
cp_calibration_name(CpCalibrationKind kind)
{
	static const char *const names[CP_CALIBRATION_KINDS] = {"none", "temperature", "platt",
	                                                        "isotonic"};

	return (unsigned) kind < CP_CALIBRATION_KINDS ? names[kind] : NULL;
}

static double
interpolate(const CpCalibration *calibration, double p)
{
	uint32_t k = cp_bin_of_number(calibration->from + 1, calibration->knots - 2, p);
	const double *from = calibration->from + k;
	const double *to = calibration->to + k;

	/* rounded, the end of one line may lie above the start of the next */
	return fmin(to[0] + (p - from[0]) / (from[1] - from[0]) * (to[1] - to[0]), to[1]);
}

double
cp_calibrated(const CpCalibration *calibration, double probability)
{
	if (calibration->kind == CP_CALIBRATION_NONE)
		return probability;
	if (calibration->kind == CP_CALIBRATION_ISOTONIC)
		return interpolate(calibration, clip(probability));
	return cp_sigmoid(calibration->slope * cp_logit(clip(probability)) + calibration->intercept);
}

/* ---- slope and intercept ---- */

typedef struct Line
{
	double parameters[2]; /* slope, intercept */
	double loss;          /* sum */
	double gradient[2];
	double hessian[2][2];
} Line;

/* Loss of the line and its derivatives; targets: what each class is taken for. */
static CpStatus
evaluate_line(const Subset *subset, const double targets[2], bool has_intercept, Line *line)
{
	const Sample *sample = subset->sample;

	line->loss = 0;
	memset(line->gradient, 0, sizeof(line->gradient));
	memset(line->hessian, 0, sizeof(line->hessian));
	for (uint32_t row = 0; row < sample->n; row++)
	{
		double log_odds = sample->log_odds[row];
		double score = line->parameters[0] * log_odds + line->parameters[1];
		double tail = cp_exp(-fabs(score)); /* 1 / (1 + tail): probability of the likelier class */
		double p = (score > 0 ? 1 : tail) / (1 + tail);
		double weight = weight_in(subset, row);
		double target = targets[sample->labels[row] != 0];
		double curvature = weight * p * (1 - p);

		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(sample->context));
		line->loss += weight * (fmax(score, 0) + cp_log(1 + tail) - target * score);
		line->gradient[0] += weight * (p - target) * log_odds;
		line->gradient[1] += weight * (p - target);
		line->hessian[0][0] += curvature * log_odds * log_odds;
		line->hessian[0][1] += curvature * log_odds;
		line->hessian[1][1] += curvature;
	}
	if (!has_intercept)
	{
		line->gradient[1] = line->hessian[0][1] = 0;
		line->hessian[1][1] = 1;
	}
	return CP_OK;
}

/* Newton's step; returns the decrease of the loss it promises. */
static double
newton_step(const Line *line, double step[2])
{
	double ridge = RIDGE * (line->hessian[0][0] + line->hessian[1][1]);
	double a = line->hessian[0][0] + ridge, b = line->hessian[0][1];
	double c = line->hessian[1][1] + ridge;
	double determinant = a * c - b * b;

	step[0] = (b * line->gradient[1] - c * line->gradient[0]) / determinant;
	step[1] = (b * line->gradient[0] - a * line->gradient[1]) / determinant;
	return -(step[0] * line->gradient[0] + step[1] * line->gradient[1]);
}

/* *promised: what the step promised, 0 when it could not be kept. */
static CpStatus
descend(const Subset *subset, const double targets[2], bool has_intercept, Line *line,
        double *promised)
{
	double step[2], length = 1;

	*promised = newton_step(line, step);
	for (uint32_t i = 0; i < MAX_HALVINGS; i++, length /= 2)
	{
		Line next;

		next.parameters[0] = line->parameters[0] + length * step[0];
		next.parameters[1] = line->parameters[1] + length * step[1];
		CP_TRY(evaluate_line(subset, targets, has_intercept, &next));
		if (next.loss < line->loss - SUFFICIENT * length * *promised)
		{
			*line = next;
			return CP_OK;
		}
	}
	*promised = 0;
	return CP_OK;
}

/* Slope above zero, neither extreme; false for NaN too. */
static bool
is_usable(double slope, double intercept)
{
	return slope >= 1.0 / CP_CALIBRATION_SLOPE && slope <= CP_CALIBRATION_SLOPE &&
	       fabs(intercept) <= MAX_INTERCEPT;
}

static CpStatus
fit_line(const Subset *subset, CpCalibration *calibration, bool *fitted)
{
	bool has_intercept = calibration->kind == CP_CALIBRATION_PLATT;
	double targets[2] = {1 / (subset->weight[0] + 2),
	                     (subset->weight[1] + 1) / (subset->weight[1] + 2)};
	double enough = PROMISED * (subset->weight[0] + subset->weight[1]);
	double promised = INFINITY;
	Line line = {{1, 0}, 0, {0}, {{0}}};

	CP_TRY(evaluate_line(subset, targets, has_intercept, &line));
	for (uint32_t i = 0; i < MAX_STEPS && promised > enough; i++)
		CP_TRY(descend(subset, targets, has_intercept, &line, &promised));
	calibration->slope = line.parameters[0];
	calibration->intercept = line.parameters[1];
	*fitted = is_usable(calibration->slope, calibration->intercept);
	return CP_OK;
}

/* ---- isotonic ---- */

typedef struct Block
{
	double weight;
	double churned; /* weight */
	double first;   /* mean probability of its first part, */
	double last;    /* ... and of its last */
} Block;

static inline double
rate_of(const Block *block)
{
	return block->churned / block->weight;
}

static void
join(Block *block, const Block *other)
{
	block->weight += other->weight;
	block->churned += other->churned;
	block->last = other->last;
}

/* A row more in a block that is one part. */
static void
extend(Block *block, double weight, uint8_t label, double p)
{
	block->weight += weight;
	block->churned += label ? weight : 0;
	block->first += (p - block->first) * (weight / block->weight);
	block->last = block->first;
}

/* Equal parts of the weight by ascending probability, equal probabilities together. */
static CpStatus
fill_blocks(const Subset *subset, Block blocks[CP_CALIBRATION_KNOTS - 2], uint32_t *count)
{
	const Sample *sample = subset->sample;
	double share = (subset->weight[0] + subset->weight[1]) / (CP_CALIBRATION_KNOTS - 2);
	double last = -1;

	*count = 0;
	for (uint32_t i = 0; i < sample->n; i++)
	{
		uint32_t row = sample->order[i];
		double weight = weight_in(subset, row);
		double p = clip(sample->probabilities[row]);

		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(sample->context));
		if (!(weight > 0))
			continue;
		if (*count == 0 ||
		    (p > last && blocks[*count - 1].weight >= share && *count < CP_CALIBRATION_KNOTS - 2))
			memset(&blocks[(*count)++], 0, sizeof(Block));
		extend(&blocks[*count - 1], weight, sample->labels[row], p);
		last = p;
	}
	return CP_OK;
}

/* Pool adjacent violators (Ayer, Brunk, Ewing, Reid, Silverman 1955); the number left. */
static uint32_t
pool_adjacent(Block *blocks, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
	{
		blocks[kept++] = blocks[i];
		for (; kept > 1 && rate_of(&blocks[kept - 2]) >= rate_of(&blocks[kept - 1]); kept--)
			join(&blocks[kept - 2], &blocks[kept - 1]);
	}
	return kept;
}

/* A knot, unless rounding leaves it no higher than the one before. */
static void
add_knot(CpCalibration *calibration, double from, double to)
{
	uint32_t k = calibration->knots;

	if (k > 0 && !(from > calibration->from[k - 1] && to > calibration->to[k - 1]))
		return;
	calibration->from[k] = from;
	calibration->to[k] = to;
	calibration->knots++;
}

/*
 * From a block's first to its last part the line is nearly level, so that only between
 * blocks it is steep. Towards 0 and 1, where there are no rows, the odds of the outermost
 * block are at most about halved or doubled.
 */
static void
place_knots(const Block *blocks, uint32_t count, CpCalibration *calibration)
{
	double before = rate_of(&blocks[0]) / 2;

	calibration->knots = 0;
	add_knot(calibration, 0, before);
	for (uint32_t i = 0; i < count; i++)
	{
		double rate = rate_of(&blocks[i]);
		double after = i + 1 < count ? rate_of(&blocks[i + 1]) : (1 + rate) / 2;
		bool is_wide = blocks[i].last > blocks[i].first;

		add_knot(calibration, blocks[i].first, is_wide ? rate - TILT * (rate - before) : rate);
		if (is_wide)
			add_knot(calibration, blocks[i].last, rate + TILT * (after - rate));
		before = rate;
	}
	add_knot(calibration, 1, (1 + before) / 2);
}

/* Ascending from 0 to 1, and within them; every comparison fails for NaN. */
static bool
are_knots(const CpCalibration *calibration)
{
	uint32_t last = calibration->knots - 1;

	if (calibration->knots < 3 || calibration->from[0] != 0 || calibration->from[last] != 1 ||
	    !(calibration->to[0] > 0 && calibration->to[last] < 1))
		return false;
	for (uint32_t k = 1; k <= last; k++)
		if (!(calibration->from[k] > calibration->from[k - 1] &&
		      calibration->to[k] > calibration->to[k - 1]))
			return false;
	return true;
}

static CpStatus
fit_isotonic(const Subset *subset, CpCalibration *calibration, bool *fitted)
{
	Block blocks[CP_CALIBRATION_KNOTS - 2];
	double all = subset->weight[0] + subset->weight[1];
	double rate = subset->weight[1] / all;
	uint32_t count;

	if (all < CP_CALIBRATION_ISOTONIC_ROWS)
		return CP_OK;
	CP_TRY(fill_blocks(subset, blocks, &count));
	count = pool_adjacent(blocks, count);
	for (uint32_t i = 0; i < count; i++)
	{
		blocks[i].weight += 1;
		blocks[i].churned += rate;
	}
	/* The added rows weigh more in light blocks, which may put neighbours out of order. */
	place_knots(blocks, pool_adjacent(blocks, count), calibration);
	/* of huge weights a rate may be 1 */
	*fitted = are_knots(calibration);
	return CP_OK;
}

/* ---- choosing ---- */

/* Fit a kind to all rows but those of a part; *fitted: whether there is such a fit. */
static CpStatus
fit(const Sample *sample, CpCalibrationKind kind, uint32_t left_out, CpCalibration *calibration,
    bool *fitted)
{
	Subset subset = {sample, left_out, {0, 0}};

	memset(calibration, 0, sizeof(*calibration));
	calibration->kind = kind;
	*fitted = kind == CP_CALIBRATION_NONE;
	for (uint32_t row = 0; row < sample->n; row++)
		subset.weight[sample->labels[row] != 0] += weight_in(&subset, row);
	if (*fitted || !(subset.weight[0] > 0 && subset.weight[1] > 0))
		return CP_OK;
	return kind == CP_CALIBRATION_ISOTONIC ? fit_isotonic(&subset, calibration, fitted)
	                                       : fit_line(&subset, calibration, fitted);
}

/* What the kinds are worth on rows they were not fitted to. */
typedef struct Trial
{
	bool fitted[CP_CALIBRATION_KINDS];
	double weight;
	double losses[CP_CALIBRATION_KINDS]; /* sums */
	/* sums of the rows' differences and their squares, kind by kind */
	double differences[CP_CALIBRATION_KINDS][CP_CALIBRATION_KINDS];
	double squares[CP_CALIBRATION_KINDS][CP_CALIBRATION_KINDS];
} Trial;

static void
judge_row(const Sample *sample, const CpCalibration *calibrations, uint32_t row, Trial *trial)
{
	double weight = weight_of(sample, row);
	double losses[CP_CALIBRATION_KINDS];

	trial->weight += weight;
	for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
	{
		losses[kind] =
			cp_log_loss_of(cp_calibrated(&calibrations[kind], clip(sample->probabilities[row])),
		                   sample->labels[row]);
		trial->losses[kind] += weight * losses[kind];
		for (int simpler = 0; simpler < kind; simpler++)
		{
			double difference = losses[simpler] - losses[kind];

			trial->differences[simpler][kind] += weight * difference;
			trial->squares[simpler][kind] += weight * difference * difference;
		}
	}
}

static CpStatus
try_kinds(const Sample *sample, uint32_t part, Trial *trial)
{
	CpCalibration calibrations[CP_CALIBRATION_KINDS];

	for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
	{
		bool fitted;

		CP_TRY(fit(sample, (CpCalibrationKind) kind, part, &calibrations[kind], &fitted));
		trial->fitted[kind] &= fitted;
		if (!fitted)
			calibrations[kind].kind = CP_CALIBRATION_NONE;
	}
	for (uint32_t row = 0; row < sample->n; row++)
	{
		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(sample->context));
		if (sample->parts[row] == part && weight_of(sample, row) > 0)
			judge_row(sample, calibrations, row, trial);
	}
	return CP_OK;
}

static bool
is_better(const Trial *trial, CpCalibrationKind kind, CpCalibrationKind simpler)
{
	double gain = trial->differences[simpler][kind] / trial->weight;
	double error = sqrt(trial->squares[simpler][kind]) / trial->weight; /* were there no gain */

	return trial->fitted[kind] && gain > CP_CALIBRATION_ERRORS * error;
}

static CpStatus
choose(const Sample *sample, CpCalibrationKind *kind, double losses[CP_CALIBRATION_KINDS])
{
	Trial trial = {{true, true, true, true}, 0, {0}, {{0}}, {{0}}};

	for (uint32_t part = 0; part < sample->nparts; part++)
		CP_TRY(try_kinds(sample, part, &trial));
	*kind = CP_CALIBRATION_NONE;
	for (int i = 0; i < CP_CALIBRATION_KINDS; i++)
	{
		losses[i] = trial.fitted[i] ? trial.losses[i] / trial.weight : NAN;
		if (i > 0 && is_better(&trial, (CpCalibrationKind) i, *kind))
			*kind = (CpCalibrationKind) i;
	}
	return CP_OK;
}

/* Enough effective rows of both classes? False also when their weights overflow. */
static bool
is_enough(const Sample *sample)
{
	double sum[2] = {0, 0}, squares[2] = {0, 0};

	for (uint32_t row = 0; row < sample->n; row++)
	{
		double weight = weight_of(sample, row);

		sum[sample->labels[row] != 0] += weight;
		squares[sample->labels[row] != 0] += weight * weight;
	}
	return sample->nparts > 1 && sum[0] * sum[0] / squares[0] >= CP_CALIBRATION_ROWS &&
	       sum[1] * sum[1] / squares[1] >= CP_CALIBRATION_ROWS;
}

static CpStatus
prepare(Sample *sample)
{
	CpContext *context = sample->context;
	uint64_t *keys;

	CP_TRY(cp_alloc(context, &sample->log_odds, sample->n, sizeof(double)));
	CP_TRY(cp_alloc(context, &sample->order, sample->n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &keys, sample->n, sizeof(uint64_t)));
	for (uint32_t row = 0; row < sample->n; row++)
	{
		double p = clip(sample->probabilities[row]);

		if (row % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		sample->log_odds[row] = cp_logit(p);
		sample->order[row] = row;
		keys[row] = cp_sort_key_of_double(p);
	}
	CP_TRY(cp_sort_rows(context, keys, sample->order, sample->n));
	cp_free(context, &keys);
	return CP_OK;
}

CpStatus
cp_calibrate(CpContext *context, const double *probabilities, const uint8_t *labels,
             const double *weights, const uint8_t *parts, uint32_t nparts, uint32_t n,
             CpCalibration *calibration)
{
	Sample sample = {context, probabilities, labels, weights, parts, nparts, n, NULL, NULL};
	double losses[CP_CALIBRATION_KINDS] = {NAN, NAN, NAN, NAN};
	CpCalibrationKind kind = CP_CALIBRATION_NONE;
	bool fitted;

	if (is_enough(&sample))
	{
		CP_TRY(prepare(&sample));
		CP_TRY(choose(&sample, &kind, losses));
	}
	CP_TRY(fit(&sample, kind, NO_PART, calibration, &fitted));
	if (!fitted)
		memset(calibration, 0, sizeof(*calibration));
	memcpy(calibration->losses, losses, sizeof(losses));
	cp_free(context, &sample.log_odds);
	cp_free(context, &sample.order);
	return CP_OK;
}

/* ---- bytes ---- */

void
cp_calibration_write(const CpCalibration *calibration, CpWriter *writer)
{
	cp_write_u8(writer, (uint8_t) calibration->kind);
	cp_write_f64(writer, calibration->slope);
	cp_write_f64(writer, calibration->intercept);
	for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
		cp_write_f64(writer, calibration->losses[kind]);
	cp_write_u32(writer, calibration->knots);
	for (uint32_t k = 0; k < calibration->knots; k++)
	{
		cp_write_f64(writer, calibration->from[k]);
		cp_write_f64(writer, calibration->to[k]);
	}
}

/* Does what the kind needs check out, and is there nothing else? */
static bool
is_sound(const CpCalibration *calibration)
{
	bool is_line = calibration->kind == CP_CALIBRATION_TEMPERATURE ||
	               calibration->kind == CP_CALIBRATION_PLATT;

	for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
		if (calibration->losses[kind] < 0 || isinf(calibration->losses[kind]))
			return false;
	if (is_line ? !is_usable(calibration->slope, calibration->intercept)
	            : calibration->slope != 0 || calibration->intercept != 0)
		return false;
	return calibration->kind == CP_CALIBRATION_ISOTONIC ? are_knots(calibration)
	                                                    : calibration->knots == 0;
}

CpStatus
cp_calibration_read(CpCalibration *calibration, CpReader *reader)
{
	memset(calibration, 0, sizeof(*calibration));
	calibration->kind = (CpCalibrationKind) cp_read_u8(reader);
	calibration->slope = cp_read_f64(reader);
	calibration->intercept = cp_read_f64(reader);
	for (int kind = 0; kind < CP_CALIBRATION_KINDS; kind++)
		calibration->losses[kind] = cp_read_f64(reader);
	calibration->knots = cp_read_count(reader, 2 * sizeof(double));
	if (calibration->kind >= CP_CALIBRATION_KINDS || calibration->knots > CP_CALIBRATION_KNOTS)
		cp_reader_reject(reader);
	for (uint32_t k = 0; k < calibration->knots && !reader->failed; k++)
	{
		calibration->from[k] = cp_read_f64(reader);
		calibration->to[k] = cp_read_f64(reader);
	}
	if (!reader->failed && !is_sound(calibration))
		cp_reader_reject(reader);
	if (!reader->failed)
		return CP_OK;
	memset(calibration, 0, sizeof(*calibration));
	return cp_fail(reader->context, CP_CORRUPT, "The model's calibration does not check out.");
}
