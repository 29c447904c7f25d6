/*
 * net_learner.c: a learner of churn: a few small networks, averaged.
 */
#include "learn/net_learner.h"

#include <math.h>
#include <string.h>

#include "learn/metrics.h"
#include "num/special.h"
#include "num/vec.h"

/* Share of the average that a step leaves, once there have been enough to average. */
#define AVERAGE_KEPT 0.99
/* Epochs between two progress lines. */
#define PROGRESS_EPOCHS 10
/* Fewest steps of an epoch, and the fewest rows of a step for which that matters. */
#define EPOCH_STEPS 16
#define FEWEST_ROWS 16
/* Steps of a walk after which its sums are made anew. */
#define WALK_STEPS 32
/* Partial sums of a dot product, as many as vectorise without reassociation. */
#define LANES 8

/* ---- parameters ---- */

/* General-purpose settings, judged on data sets of other fields: see test/bench/README.md. */
void
cp_net_learner_defaults(CpNetParams *params)
{
	params->hidden = 32;
	params->restarts = 4;
	params->epochs = 100;
	params->early_stopping = 5;
	params->learning_rate = 0.002;
	params->batch = 256;
	params->dropout = 0.2;
	params->weight_decay = 0.3;
}

void
cp_net_learner_vary(CpNetParams *params, CpRng *rng)
{
	params->hidden = (uint32_t) lround(cp_vary(rng, params->hidden, 4, 256));
	params->learning_rate = cp_vary(rng, params->learning_rate, 0.0001, 0.03);
	params->dropout = cp_vary(rng, params->dropout, 0, 0.5);
	params->weight_decay = cp_vary(rng, params->weight_decay, 0, 1);
}

const char *
cp_net_learner_check(const CpNetParams *params)
{
	if (params->hidden < 1 || params->hidden > 1024)
		return "\"hidden\" must be between 1 and 1024.";
	if (params->restarts < 1 || params->restarts > 16)
		return "\"restarts\" must be between 1 and 16.";
	if (params->epochs < 1 || params->epochs > 1000)
		return "\"epochs\" must be between 1 and 1000.";
	if (!(params->learning_rate > 0 && params->learning_rate <= 1))
		return "\"learning_rate\" must be above 0 and at most 1.";
	if (params->batch < FEWEST_ROWS || params->batch > 4096)
		return "\"batch\" must be between 16 and 4096.";
	if (!(params->dropout >= 0 && params->dropout <= 0.9))
		return "\"dropout\" must be between 0 and 0.9.";
	if (!(params->weight_decay >= 0 && params->weight_decay * params->learning_rate <= 1))
		return "\"weight_decay\" must be between 0 and 1 / \"learning_rate\".";
	return NULL;
}

/* ---- networks in the making ---- */

/* What all of them share. */
typedef struct Trainer
{
	CpContext *context;
	const CpTraining *training;
	const CpNetParams *params;
	const CpNetInputs *inputs;
	CpNetShape shape;
	double mean_weight; /* of the rows that have any */
	float *places;      /* [n][nfeatures] of the training rows */
	float *batch;       /* [batch][inputs] */
	uint32_t *rows;     /* [batch] */
	double *odds;       /* [batch] */
	float *gradients;   /* [parameters] */
	CpNetPass pass;
} Trainer;

typedef struct Member
{
	CpNet net;
	CpNet average; /* of its parameters over the latest steps */
	CpAdam adam;
} Member;

/* Networks that learn from the same rows, in the same order. */
typedef struct Group
{
	Trainer *trainer;
	uint8_t left_out; /* rows of this fold are not learned from */
	double base;
	uint32_t n;
	uint32_t *order; /* [n] rows learned from */
	uint64_t steps;  /* so far */
	CpRng rng;
	Member *members; /* [restarts] */
} Group;

static void
shape_of(const CpNetParams *params, uint32_t inputs, CpNetShape *shape)
{
	memset(shape, 0, sizeof(*shape));
	shape->layers = 2;
	shape->sizes[0] = inputs;
	shape->sizes[1] = params->hidden;
	shape->sizes[2] = 1;
	shape->skip = true;
}

static CpStatus
trainer_init(Trainer *trainer, CpContext *context, const CpTraining *training,
             const CpNetParams *params, CpNetInputs *inputs)
{
	double sum = 0;
	uint32_t counted = 0;

	trainer->context = context;
	trainer->training = training;
	trainer->params = params;
	trainer->inputs = inputs;
	CP_TRY(cp_net_inputs_learn(inputs, context, training, &trainer->places));
	shape_of(params, inputs->count, &trainer->shape);
	for (uint32_t i = 0; i < training->n; i++)
	{
		sum += cp_training_weight(training, i);
		counted += cp_training_weight(training, i) > 0;
	}
	trainer->mean_weight = sum / counted;
	CP_TRY(
		cp_alloc(context, &trainer->batch, (size_t) params->batch * inputs->count, sizeof(float)));
	CP_TRY(cp_alloc(context, &trainer->rows, params->batch, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &trainer->odds, params->batch, sizeof(double)));
	CP_TRY(cp_alloc(context, &trainer->gradients, cp_net_count(&trainer->shape), sizeof(float)));
	return cp_net_pass_init(&trainer->pass, context, &trainer->shape, params->batch);
}

static void
trainer_free(Trainer *trainer)
{
	cp_free(trainer->context, &trainer->places);
	cp_free(trainer->context, &trainer->batch);
	cp_free(trainer->context, &trainer->rows);
	cp_free(trainer->context, &trainer->odds);
	cp_free(trainer->context, &trainer->gradients);
	cp_net_pass_free(&trainer->pass);
}

static CpStatus
member_init(Member *member, Group *group)
{
	const Trainer *trainer = group->trainer;

	CP_TRY(cp_net_init(&member->net, trainer->context, &trainer->shape, &group->rng));
	CP_TRY(cp_net_init(&member->average, trainer->context, &trainer->shape, NULL));
	memcpy(member->average.parameters, member->net.parameters, member->net.count * sizeof(float));
	return cp_adam_init(&member->adam, trainer->context, member->net.count);
}

static CpStatus
group_init(Group *group, Trainer *trainer, uint8_t left_out)
{
	CpContext *context = trainer->context;
	const CpTraining *training = trainer->training;

	memset(group, 0, sizeof(*group));
	group->trainer = trainer;
	group->left_out = left_out;
	cp_rng_init(&group->rng, training->seed, CP_STREAM_NET + left_out);
	CP_TRY(cp_training_base(context, training, left_out, &group->base));
	CP_TRY(cp_alloc(context, &group->order, training->n, sizeof(uint32_t)));
	for (uint32_t i = 0; i < training->n; i++)
		if (training->folds[i] != left_out && cp_training_weight(training, i) > 0)
			group->order[group->n++] = i;
	CP_TRY(cp_alloc(context, &group->members, trainer->params->restarts, sizeof(Member)));
	for (uint32_t r = 0; r < trainer->params->restarts; r++)
		CP_TRY(member_init(&group->members[r], group));
	return CP_OK;
}

static void
group_free(Group *group)
{
	CpContext *context = group->trainer->context;

	for (uint32_t r = 0; r < group->trainer->params->restarts; r++)
	{
		cp_net_free(&group->members[r].net);
		cp_net_free(&group->members[r].average);
		cp_adam_free(&group->members[r].adam);
	}
	cp_free(context, &group->members);
	cp_free(context, &group->order);
}

/* ---- steps ---- */

static void
encode_rows(Trainer *trainer, const uint32_t *rows, uint32_t n)
{
	const CpNetInputs *inputs = trainer->inputs;

	for (uint32_t i = 0; i < n; i++)
		cp_net_encode_all(inputs, trainer->places + (size_t) rows[i] * inputs->nfeatures,
		                  trainer->batch + (size_t) i * inputs->count);
}

/* Gradient p - y of the log-loss by the outputs, weighted, as a share of the batch. */
static void
set_gradients(Trainer *trainer, double base, const float *outputs, const uint32_t *rows, uint32_t n)
{
	const CpTraining *training = trainer->training;
	float *gradients = trainer->pass.gradients[trainer->shape.layers - 1];

	for (uint32_t i = 0; i < n; i++)
		trainer->odds[i] = base + outputs[i];
	cp_vec_sigmoid(trainer->odds, trainer->odds, n);
	for (uint32_t i = 0; i < n; i++)
		gradients[i] = (float) ((trainer->odds[i] - training->labels[rows[i]]) *
		                        cp_training_weight(training, rows[i]) / trainer->mean_weight / n);
}

/* Move the average towards the latest parameters, further at first: it is to forget the first. */
static void
update_average(Member *member, uint64_t steps)
{
	double kept = (double) (steps + 1) / (double) (steps + 10);
	float moved = (float) (1 - (kept < AVERAGE_KEPT ? kept : AVERAGE_KEPT));
	float *restrict average = member->average.parameters;
	const float *restrict latest = member->net.parameters;

	for (size_t i = 0; i < member->net.count; i++)
		average[i] += moved * (latest[i] - average[i]);
}

/* A step of every member on the same rows. */
static CpStatus
group_step(Group *group, const uint32_t *rows, uint32_t n)
{
	Trainer *trainer = group->trainer;
	const CpNetParams *params = trainer->params;

	encode_rows(trainer, rows, n);
	for (uint32_t r = 0; r < params->restarts; r++)
	{
		Member *member = &group->members[r];
		const float *outputs;

		CP_TRY(cp_poll(trainer->context));
		outputs = cp_net_forward(&member->net, &trainer->pass, trainer->batch, n, params->dropout,
		                         &group->rng);
		set_gradients(trainer, group->base, outputs, rows, n);
		cp_net_backward(&member->net, &trainer->pass, trainer->batch, n, trainer->gradients);
		cp_adam_step(&member->adam, trainer->gradients, member->net.count, params->learning_rate,
		             params->weight_decay, member->net.parameters);
		update_average(member, group->steps);
	}
	group->steps++;
	return CP_OK;
}

/* The first n of the order become a random sample of it (Fisher-Yates shuffle, cut short). */
static void
draw_rows(Group *group, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t j = i + (uint32_t) cp_rng_below(&group->rng, group->n - i);
		uint32_t row = group->order[j];

		group->order[j] = group->order[i];
		group->order[i] = row;
	}
}

static CpStatus
group_epoch(Group *group)
{
	uint32_t n = group->n < CP_NET_EPOCH_ROWS ? group->n : CP_NET_EPOCH_ROWS;
	uint32_t batch = group->trainer->params->batch;
	uint32_t steps;

	while (n / batch < EPOCH_STEPS && batch / 2 >= FEWEST_ROWS)
		batch /= 2;
	steps = (n + batch - 1) / batch;
	draw_rows(group, n);
	for (uint32_t s = 0; s < steps; s++)
	{
		uint32_t begin = (uint32_t) ((uint64_t) n * s / steps);
		uint32_t end = (uint32_t) ((uint64_t) n * (s + 1) / steps);

		CP_TRY(group_step(group, group->order + begin, end - begin));
	}
	return CP_OK;
}

/* ---- early stopping ---- */

/* scores: [n], of rows[0 .. count-1] set to the mean log-odds of the averaged members. */
static void
score_rows(Group *group, const uint32_t *rows, uint32_t count, double *scores)
{
	Trainer *trainer = group->trainer;
	uint32_t restarts = trainer->params->restarts;

	encode_rows(trainer, rows, count);
	for (uint32_t i = 0; i < count; i++)
		scores[rows[i]] = group->base;
	for (uint32_t r = 0; r < restarts; r++)
	{
		const float *outputs = cp_net_forward(&group->members[r].average, &trainer->pass,
		                                      trainer->batch, count, 0, NULL);

		for (uint32_t i = 0; i < count; i++)
			scores[rows[i]] += (double) outputs[i] / restarts;
	}
}

/* Score the rows left out and add up their log-loss, weighted. */
static CpStatus
score_left_out(Group *group, double *scores, double *loss)
{
	Trainer *trainer = group->trainer;
	const CpTraining *training = trainer->training;
	uint32_t count = 0;

	for (uint32_t i = 0; i < training->n; i++)
	{
		if (training->folds[i] == group->left_out)
			trainer->rows[count++] = i;
		if (count < trainer->params->batch && i + 1 < training->n)
			continue;
		CP_TRY(cp_poll(trainer->context));
		score_rows(group, trainer->rows, count, scores);
		for (uint32_t k = 0; k < count; k++)
			*loss += cp_training_weight(training, trainer->rows[k]) *
			         cp_log_odds_loss(scores[trainer->rows[k]], training->labels[trainer->rows[k]]);
		count = 0;
	}
	return CP_OK;
}

/* An epoch, the first being none at all, of every group, and the loss over the rows they leave out. */
static CpStatus
try_epoch(Group *groups, uint32_t n, uint32_t epoch, double *scores, double *loss)
{
	*loss = 0;
	for (uint32_t k = 0; k < n; k++)
	{
		if (epoch > 0)
			CP_TRY(group_epoch(&groups[k]));
		CP_TRY(score_left_out(&groups[k], scores, loss));
	}
	if (!isfinite(*loss))
		return cp_fail(groups->trainer->context, CP_NOT_CONVERGED,
		               "The loss of the network overflowed in epoch %u.", epoch);
	return CP_OK;
}

/* The members' averages side by side: one network, whose output is their mean. */
static void
join_members(const Group *group, CpNetLearner *model)
{
	uint32_t restarts = group->trainer->params->restarts;
	uint32_t hidden = group->trainer->params->hidden;
	uint32_t inputs = model->inputs.count;
	float share = 1.0f / (float) restarts;

	model->base = group->base;
	memset(cp_net_skip(&model->net), 0, inputs * sizeof(float));
	*cp_net_biases(&model->net, 1) = 0;
	for (uint32_t r = 0; r < restarts; r++)
	{
		const CpNet *net = &group->members[r].average;

		for (uint32_t i = 0; i < inputs; i++)
		{
			memcpy(cp_net_weights(&model->net, 0) + ((size_t) i * restarts + r) * hidden,
			       cp_net_weights(net, 0) + (size_t) i * hidden, hidden * sizeof(float));
			cp_net_skip(&model->net)[i] += share * cp_net_skip(net)[i];
		}
		memcpy(cp_net_biases(&model->net, 0) + r * hidden, cp_net_biases(net, 0),
		       hidden * sizeof(float));
		for (uint32_t u = 0; u < hidden; u++)
			cp_net_weights(&model->net, 1)[r * hidden + u] = share * cp_net_weights(net, 1)[u];
		*cp_net_biases(&model->net, 1) += share * *cp_net_biases(net, 1);
	}
}

/*
 * Train the groups side by side, each with another fold left out, until the loss over all
 * of these rows has not improved for a while. *best: the epoch with the least loss, whose
 * scores out_of_fold gets and whose first group the model; without early stopping the last.
 */
static CpStatus
train_until_best(Group *groups, uint32_t n, CpNetLearner *model, uint32_t *best,
                 double *out_of_fold)
{
	const Trainer *trainer = groups->trainer;
	const CpNetParams *params = trainer->params;
	bool stops = params->early_stopping > 0;
	double least = INFINITY;
	double *scores;

	CP_TRY(cp_alloc(trainer->context, &scores, trainer->training->n, sizeof(double)));
	for (uint32_t i = 0; i < trainer->training->n; i++)
		scores[i] = NAN;
	for (uint32_t epoch = 0; epoch <= params->epochs; epoch++)
	{
		double loss;

		CP_TRY(try_epoch(groups, n, epoch, scores, &loss));
		if (stops ? loss < least : epoch == params->epochs)
		{
			least = loss;
			*best = epoch;
			memcpy(out_of_fold, scores, trainer->training->n * sizeof(double));
			join_members(groups, model);
		}
		else if (stops && epoch - *best >= params->early_stopping)
			break;
		if (epoch > 0 && epoch % PROGRESS_EPOCHS == 0)
			cp_progress(trainer->context, "network: %u epochs tried, best so far %u", epoch, *best);
	}
	cp_free(trainer->context, &scores);
	return CP_OK;
}

static CpStatus
choose_epochs(Trainer *trainer, CpNetLearner *model, uint32_t *epochs, double *out_of_fold)
{
	uint32_t nfolds = trainer->training->nfolds;
	Group *groups;

	CP_TRY(cp_alloc(trainer->context, &groups, nfolds, sizeof(Group)));
	for (uint32_t k = 0; k < nfolds; k++)
		CP_TRY(group_init(&groups[k], trainer, (uint8_t) k));
	CP_TRY(train_until_best(groups, nfolds, model, epochs, out_of_fold));
	for (uint32_t k = 0; k < nfolds; k++)
		group_free(&groups[k]);
	cp_free(trainer->context, &groups);
	return CP_OK;
}

static CpStatus
fit_all(Trainer *trainer, uint32_t epochs, CpNetLearner *model)
{
	Group group;

	CP_TRY(group_init(&group, trainer, CP_NO_FOLD));
	for (uint32_t epoch = 1; epoch <= epochs; epoch++)
	{
		CP_TRY(group_epoch(&group));
		if (epoch % PROGRESS_EPOCHS == 0)
			cp_progress(trainer->context, "network: %u of %u epochs", epoch, epochs);
	}
	join_members(&group, model);
	group_free(&group);
	return CP_OK;
}

/* ---- scoring ---- */

static uint32_t
units_of(const CpNetLearner *model)
{
	return model->net.shape.sizes[1];
}

/* What a place of a feature adds to the sums. */
static void
fill_row(const CpNetLearner *model, uint32_t f, float place, float *row)
{
	uint32_t units = units_of(model), first = model->inputs.features[f].first;
	const float *skip = cp_net_skip(&model->net) + first;
	const float *weights = cp_net_weights(&model->net, 0) + (size_t) first * units;
	float values[CP_MAX_LEVELS + 2];

	cp_net_encode(&model->inputs, f, place, values);
	for (uint32_t k = 0; k < model->inputs.features[f].inputs; k++)
	{
		for (uint32_t u = 0; u < units; u++)
			row[u] += values[k] * weights[(size_t) k * units + u];
		row[units] += values[k] * skip[k];
	}
}

static CpStatus
fill_table(CpNetLearner *model)
{
	for (uint32_t f = 0; f < model->inputs.nfeatures; f++)
	{
		uint32_t nplaces = cp_net_nplaces(&model->inputs.features[f]);

		CP_TRY(cp_poll(model->context));
		for (uint32_t place = 0; place <= nplaces; place++)
			fill_row(model, f, place < nplaces ? (float) place : CP_NET_NOWHERE,
			         model->table + (size_t) (model->first_row[f] + place) * model->width);
	}
	return CP_OK;
}

/* Build what scoring needs: after fitting and after reading. */
static CpStatus
prepare(CpNetLearner *model)
{
	const CpNetInputs *inputs = &model->inputs;
	uint32_t units = units_of(model), rows = 0;

	model->width = (units + 1 + LANES - 1) / LANES * LANES;
	CP_TRY(cp_alloc(model->context, &model->first_row, inputs->nfeatures, sizeof(uint32_t)));
	for (uint32_t f = 0; f < inputs->nfeatures; f++)
	{
		model->first_row[f] = rows;
		rows += cp_net_nplaces(&inputs->features[f]) + 1;
	}
	CP_TRY(
		cp_alloc_zero(model->context, &model->table, (size_t) rows * model->width, sizeof(float)));
	CP_TRY(cp_alloc_zero(model->context, &model->biases, model->width, sizeof(float)));
	CP_TRY(cp_alloc_zero(model->context, &model->answers, model->width, sizeof(float)));
	memcpy(model->biases, cp_net_biases(&model->net, 0), units * sizeof(float));
	model->biases[units] = *cp_net_biases(&model->net, 1);
	memcpy(model->answers, cp_net_weights(&model->net, 1), units * sizeof(float));
	return fill_table(model);
}

/* Add to the sums, so many times, what a place of a feature adds. */
static void
add_place(const CpNetLearner *model, uint32_t f, float place, float times, float *restrict sums)
{
	uint32_t nplaces = cp_net_nplaces(&model->inputs.features[f]);
	uint32_t at = place == CP_NET_NOWHERE ? nplaces : (uint32_t) place;
	float way = place == CP_NET_NOWHERE ? 0 : place - (float) at;
	const float *restrict row = model->table + (size_t) (model->first_row[f] + at) * model->width;
	const float *restrict next = row + model->width;

	if (way == 0)
		for (uint32_t u = 0; u < model->width; u++)
			sums[u] += times * row[u];
	else
		for (uint32_t u = 0; u < model->width; u++)
			sums[u] += times * (row[u] + way * (next[u] - row[u]));
}

static void
add_all(const CpNetLearner *model, const float *places, float *sums)
{
	memcpy(sums, model->biases, model->width * sizeof(float));
	for (uint32_t f = 0; f < model->inputs.nfeatures; f++)
		add_place(model, f, places[f], 1, sums);
}

/* The log-odds that sums amount to. */
static double
answer(const CpNetLearner *model, const float *sums)
{
	float lanes[LANES] = {0};
	double total = model->base + (double) sums[units_of(model)];

	for (uint32_t u = 0; u < model->width; u += LANES)
		for (uint32_t i = 0; i < LANES; i++)
			lanes[i] += (sums[u + i] > 0 ? sums[u + i] : 0) * model->answers[u + i];
	for (uint32_t i = 0; i < LANES; i++)
		total += (double) lanes[i];
	return total;
}

/* Places [nfeatures] of a feature vector. */
static void
set_places(const CpNetLearner *model, const double *vector, float *places)
{
	for (uint32_t f = 0; f < model->inputs.nfeatures; f++)
		places[f] = cp_net_place(&model->inputs.features[f], vector[f]);
}

double
cp_net_learner_log_odds(const CpNetLearner *model, const double *vector, void *scratch)
{
	float *sums = scratch, *places = sums + model->width;

	set_places(model, vector, places);
	add_all(model, places, sums);
	return answer(model, sums);
}

void
cp_net_learner_path(const CpNetLearner *model, const CpPath *path, void *scratch, double *log_odds)
{
	uint32_t nfeatures = model->inputs.nfeatures;
	float *sums = scratch, *here = sums + model->width, *there = here + nfeatures;

	set_places(model, path->from, here);
	set_places(model, path->to, there);
	add_all(model, here, sums);
	log_odds[0] = answer(model, sums);
	for (uint32_t k = 0; k < path->n; k++)
	{
		uint32_t f = path->flips[k];
		float left = here[f];

		here[f] = there[f];
		there[f] = left;
		if (k % WALK_STEPS == WALK_STEPS - 1)
			add_all(model, here, sums);
		else if (here[f] != left)
		{
			add_place(model, f, left, -1, sums);
			add_place(model, f, here[f], 1, sums);
		}
		log_odds[k + 1] = answer(model, sums);
	}
}

size_t
cp_net_learner_scratch(const CpNetLearner *model)
{
	return (model->width + 2 * (size_t) model->inputs.nfeatures) * sizeof(float);
}

/* ---- the learner ---- */

CpStatus
cp_net_learner_fit(CpContext *context, const CpTraining *training, const CpNetParams *params,
                   CpNetLearner *model, double *out_of_fold)
{
	Trainer trainer;
	CpNetShape shape;
	uint32_t epochs = 0;

	memset(model, 0, sizeof(*model));
	model->context = context;
	CP_TRY(trainer_init(&trainer, context, training, params, &model->inputs));
	shape = trainer.shape;
	shape.sizes[1] *= params->restarts;
	CP_TRY(cp_net_init(&model->net, context, &shape, NULL));
	CP_TRY(choose_epochs(&trainer, model, &epochs, out_of_fold));
	if (training->nfolds > 1)
		CP_TRY(fit_all(&trainer, epochs, model));
	trainer_free(&trainer);
	if (!cp_net_is_finite(&model->net))
		return cp_fail(context, CP_NOT_CONVERGED, "The parameters of the network overflowed.");
	return prepare(model);
}

void
cp_net_learner_free(CpNetLearner *model)
{
	cp_net_inputs_free(&model->inputs);
	cp_net_free(&model->net);
	cp_free(model->context, &model->first_row);
	cp_free(model->context, &model->table);
	cp_free(model->context, &model->biases);
	cp_free(model->context, &model->answers);
}

size_t
cp_net_learner_bytes(const CpTraining *training, const CpNetParams *params)
{
	size_t n = training->n, inputs = cp_net_inputs_most(training->dataset);
	size_t columns = training->dataset->ncolumns, parameters, learning, making;
	CpNetShape shape;

	shape_of(params, (uint32_t) inputs, &shape);
	parameters = cp_net_count(&shape) * sizeof(float);
	learning = n * (columns * sizeof(float) + 2 * sizeof(double));
	making = params->batch * (inputs * sizeof(float) + sizeof(double) + sizeof(uint32_t)) +
	         cp_net_pass_bytes(&shape, params->batch) +
	         training->nfolds * (n * sizeof(uint32_t) + 4 * params->restarts * parameters);
	return learning + making + (2 * params->restarts + 1) * parameters;
}

void
cp_net_learner_write(const CpNetLearner *model, CpWriter *writer)
{
	cp_write_f64(writer, model->base);
	cp_net_inputs_write(&model->inputs, writer);
	cp_net_write(&model->net, writer);
}

CpStatus
cp_net_learner_read(CpNetLearner *model, CpReader *reader, const CpFeatureMap *map)
{
	const CpNetShape *shape = &model->net.shape;

	memset(model, 0, sizeof(*model));
	model->context = reader->context;
	model->base = cp_read_f64(reader);
	if (!isfinite(model->base))
		cp_reader_reject(reader);
	CP_TRY(cp_net_inputs_read(&model->inputs, reader, map));
	CP_TRY(cp_net_read(&model->net, reader));
	if (shape->layers != 2 || shape->sizes[0] != model->inputs.count || shape->sizes[2] != 1 ||
	    !shape->skip)
		return cp_fail(reader->context, CP_CORRUPT, "The network does not fit its inputs.");
	return prepare(model);
}
