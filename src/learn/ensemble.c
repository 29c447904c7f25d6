/*
 * ensemble.c: learners of one kind of interface, blended and calibrated.
 */
#include "learn/ensemble.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "learn/metrics.h"
#include "num/rng.h"
#include "num/special.h"
#include "num/vec.h"

/* By so much a sum of weights, or the only one, may differ from 1. */
#define WEIGHTS_ROUNDING 1e-9

/* Parts that rows are dealt into for the choice of a calibration when there is one fold only. */
#define CALIBRATION_PARTS 5

/* --- learners ----------------------------------------------------------- */

/* A learner's verbs. */
typedef struct Learner
{
	CpMemberKind kind;
	const char *name;
	size_t model_bytes;
	size_t (*bytes)(const CpTraining *training, const CpEnsembleParams *params);
	CpStatus (*fit)(CpContext *context, const CpTraining *training, const CpEnsembleParams *params,
	                void *model, double *out_of_fold);
	void (*vary)(CpEnsembleParams *params, CpRng *rng);
	void (*free)(void *model);
	double (*log_odds)(const void *model, const double *vector, void *scratch);
	void (*path)(const void *model, const CpPath *path, void *scratch, double *log_odds);
	size_t (*scratch)(const void *model);
	void (*write)(const void *model, CpWriter *writer);
	CpStatus (*read)(void *model, CpReader *reader, const CpFeatureMap *map);
} Learner;

/* The verbs of a learner whose functions are called cp_PREFIX_..., its settings params->NAME. */
#define LEARNER_VERBS(NAME, PREFIX) \
	static size_t NAME##_bytes(const CpTraining *training, const CpEnsembleParams *params) \
	{ \
		return cp_##PREFIX##_bytes(training, &params->NAME); \
	} \
	static CpStatus NAME##_fit(CpContext *context, const CpTraining *training, \
	                           const CpEnsembleParams *params, void *model, double *out_of_fold) \
	{ \
		return cp_##PREFIX##_fit(context, training, &params->NAME, model, out_of_fold); \
	} \
	static void NAME##_vary(CpEnsembleParams *params, CpRng *rng) \
	{ \
		cp_##PREFIX##_vary(&params->NAME, rng); \
	} \
	static void NAME##_free(void *model) \
	{ \
		cp_##PREFIX##_free(model); \
	} \
	static double NAME##_log_odds(const void *model, const double *vector, void *scratch) \
	{ \
		return cp_##PREFIX##_log_odds(model, vector, scratch); \
	} \
	static void NAME##_path(const void *model, const CpPath *path, void *scratch, \
	                        double *log_odds) \
	{ \
		cp_##PREFIX##_path(model, path, scratch, log_odds); \
	} \
	static size_t NAME##_scratch(const void *model) \
	{ \
		return cp_##PREFIX##_scratch(model); \
	} \
	static void NAME##_write(const void *model, CpWriter *writer) \
	{ \
		cp_##PREFIX##_write(model, writer); \
	} \
	static CpStatus NAME##_read(void *model, CpReader *reader, const CpFeatureMap *map) \
	{ \
		return cp_##PREFIX##_read(model, reader, map); \
	}

#define LEARNER(KIND, NAME, MODEL) \
	{ \
		KIND, #NAME, sizeof(MODEL), NAME##_bytes, NAME##_fit, NAME##_vary, NAME##_free, \
			NAME##_log_odds, NAME##_path, NAME##_scratch, NAME##_write, NAME##_read \
	}

LEARNER_VERBS(gbm, gbm)
LEARNER_VERBS(forest, forest)
LEARNER_VERBS(net, net_learner)

static const Learner learners[CP_MEMBER_KINDS] = {
	LEARNER(CP_MEMBER_GBM, gbm, CpGbm),
	LEARNER(CP_MEMBER_FOREST, forest, CpForest),
	LEARNER(CP_MEMBER_NET, net, CpNetLearner),
};

static const Learner *
learner_of(CpMemberKind kind)
{
	return kind >= 1 && kind <= CP_MEMBER_KINDS ? &learners[kind - 1] : NULL;
}

const char *
cp_member_name(CpMemberKind kind)
{
	const Learner *learner = learner_of(kind);

	return learner == NULL ? NULL : learner->name;
}

void
cp_ensemble_defaults(CpEnsembleParams *params)
{
	memset(params, 0, sizeof(*params));
	params->members = CP_ALL_MEMBERS;
	cp_gbm_defaults(&params->gbm);
	cp_forest_defaults(&params->forest);
	cp_net_learner_defaults(&params->net);
}

/* --- fitting ------------------------------------------------------------ */

/* A learner, what it made and how good that is out of fold. */
typedef struct Candidate
{
	const Learner *learner;
	void *model;
	double *probabilities; /* [n] out of fold, NaN where a row has none */
	double log_loss;
} Candidate;

/* An ensemble in the making. */
typedef struct Fitting
{
	CpContext *context;
	const CpTraining *training;
	CpEnsembleParams params;
	uint32_t count;
	Candidate candidates[CP_MEMBER_KINDS];
} Fitting;

static double
mean_loss(const CpTraining *training, const double *probabilities)
{
	double loss = 0, all = 0;

	for (uint32_t i = 0; i < training->n; i++)
		if (training->folds[i] < training->nfolds)
		{
			double weight = cp_training_weight(training, i);

			loss += weight * cp_log_loss_of(probabilities[i], training->labels[i]);
			all += weight;
		}
	return loss / all;
}

static CpStatus
fit_candidate(Fitting *fitting, const Learner *learner, const CpEnsembleParams *params,
              Candidate *candidate)
{
	CpContext *context = fitting->context;
	const CpTraining *training = fitting->training;

	candidate->learner = learner;
	CP_TRY(cp_alloc_zero(context, &candidate->model, 1, learner->model_bytes));
	CP_TRY(cp_alloc(context, &candidate->probabilities, training->n, sizeof(double)));
	CP_TRY(cp_reserve_check(context, learner->bytes(training, params)));
	CP_TRY(learner->fit(context, training, params, candidate->model, candidate->probabilities));
	cp_vec_sigmoid(candidate->probabilities, candidate->probabilities, training->n);
	candidate->log_loss = mean_loss(training, candidate->probabilities);
	cp_progress(context, "%s: out-of-fold log-loss %.4f", learner->name, candidate->log_loss);
	return CP_OK;
}

static void
free_candidate(Fitting *fitting, Candidate *candidate)
{
	candidate->learner->free(candidate->model);
	cp_free(fitting->context, &candidate->model);
	cp_free(fitting->context, &candidate->probabilities);
}

/* Refuse before the first member is fitted what the last would be refused for. */
static CpStatus
check_memory(const Fitting *fitting)
{
	size_t probabilities = (size_t) fitting->training->n * CP_MEMBER_KINDS * sizeof(double);

	for (uint32_t k = 0; k < CP_MEMBER_KINDS; k++)
		if (fitting->params.members & CP_MEMBER_BIT(learners[k].kind))
			CP_TRY(cp_reserve_check(fitting->context,
			                        probabilities +
			                            learners[k].bytes(fitting->training, &fitting->params)));
	return CP_OK;
}

static CpStatus
fit_candidates(Fitting *fitting)
{
	CP_TRY(check_memory(fitting));
	for (uint32_t k = 0; k < CP_MEMBER_KINDS; k++)
		if (fitting->params.members & CP_MEMBER_BIT(learners[k].kind))
			CP_TRY(fit_candidate(fitting, &learners[k], &fitting->params,
			                     &fitting->candidates[fitting->count++]));
	return CP_OK;
}

/* Settings near the best so far for one member; they stay when they are better. */
static CpStatus
try_other(Fitting *fitting, uint32_t trial)
{
	Candidate *best = &fitting->candidates[trial % fitting->count];
	CpEnsembleParams params = fitting->params;
	Candidate other;
	CpRng rng;

	cp_rng_init(&rng, fitting->training->seed, CP_STREAM_SEARCH + trial);
	best->learner->vary(&params, &rng);
	CP_TRY(fit_candidate(fitting, best->learner, &params, &other));
	if (other.log_loss < best->log_loss)
	{
		fitting->params = params;
		free_candidate(fitting, best);
		*best = other;
	}
	else
		free_candidate(fitting, &other);
	return CP_OK;
}

static CpStatus
search(Fitting *fitting, uint32_t *trials)
{
	const CpSearch *limits = &fitting->params.search;
	clock_t begin = clock();

	for (*trials = 0; *trials < limits->trials; (*trials)++)
	{
		if (limits->seconds > 0 && (double) (clock() - begin) / CLOCKS_PER_SEC >= limits->seconds)
			break;
		CP_TRY(try_other(fitting, *trials));
	}
	return CP_OK;
}

/* --- blending ----------------------------------------------------------- */

/* The rows that have out-of-fold probabilities, side by side. */
typedef struct Judged
{
	uint32_t n;
	double *probabilities[CP_MEMBER_KINDS]; /* [n] each */
	double *blended;                        /* [n] */
	double *weights;                        /* [n], NULL = all 1 */
	uint8_t *labels;                        /* [n] */
	uint8_t *parts;                         /* [n] */
	uint32_t nparts;
} Judged;

static CpStatus
judged_init(const Fitting *fitting, Judged *judged)
{
	CpContext *context = fitting->context;
	uint32_t n = fitting->training->n;

	memset(judged, 0, sizeof(*judged));
	for (uint32_t k = 0; k < fitting->count; k++)
		CP_TRY(cp_alloc(context, &judged->probabilities[k], n, sizeof(double)));
	CP_TRY(cp_alloc(context, &judged->blended, n, sizeof(double)));
	CP_TRY(cp_alloc(context, &judged->labels, n, 1));
	CP_TRY(cp_alloc(context, &judged->parts, n, 1));
	if (fitting->training->weights != NULL)
		CP_TRY(cp_alloc(context, &judged->weights, n, sizeof(double)));
	return CP_OK;
}

static void
judged_free(const Fitting *fitting, Judged *judged)
{
	CpContext *context = fitting->context;

	for (uint32_t k = 0; k < fitting->count; k++)
		cp_free(context, &judged->probabilities[k]);
	cp_free(context, &judged->blended);
	cp_free(context, &judged->labels);
	cp_free(context, &judged->parts);
	cp_free(context, &judged->weights);
}

static CpStatus
gather_judged(const Fitting *fitting, Judged *judged)
{
	const CpTraining *training = fitting->training;

	CP_TRY(judged_init(fitting, judged));
	judged->nparts = training->nfolds > 1 ? training->nfolds : CALIBRATION_PARTS;
	for (uint32_t i = 0; i < training->n; i++)
	{
		uint32_t at = judged->n;

		if (training->folds[i] >= training->nfolds)
			continue;
		for (uint32_t k = 0; k < fitting->count; k++)
			judged->probabilities[k][at] = fitting->candidates[k].probabilities[i];
		judged->labels[at] = training->labels[i];
		judged->parts[at] =
			(uint8_t) (training->nfolds > 1 ? training->folds[i] : at % CALIBRATION_PARTS);
		if (judged->weights != NULL)
			judged->weights[at] = training->weights[i];
		judged->n++;
	}
	return CP_OK;
}

static void
blend_rows(const Fitting *fitting, const CpBlend *blend, Judged *judged)
{
	memset(judged->blended, 0, judged->n * sizeof(double));
	for (uint32_t k = 0; k < fitting->count; k++)
		for (uint32_t i = 0; i < judged->n; i++)
			judged->blended[i] += blend->weights[k] * judged->probabilities[k][i];
}

/* Members that count move into the ensemble, the others go. */
static void
keep_members(Fitting *fitting, const CpBlend *blend, CpEnsemble *ensemble)
{
	memset(ensemble, 0, sizeof(*ensemble));
	for (uint32_t k = 0; k < fitting->count; k++)
	{
		Candidate *candidate = &fitting->candidates[k];
		CpMember *member = &ensemble->members[ensemble->count];

		if (blend->weights[k] > 0)
		{
			member->kind = candidate->learner->kind;
			member->weight = blend->weights[k];
			member->model = candidate->model;
			ensemble->count++;
			cp_free(fitting->context, &candidate->probabilities);
		}
		else
			free_candidate(fitting, candidate);
	}
}

static CpStatus
report_members(const Fitting *fitting, const Judged *judged, const CpBlend *blend,
               CpEnsembleReport *report)
{
	report->count = fitting->count;
	report->params = fitting->params;
	report->log_loss = blend->loss;
	for (uint32_t k = 0; k < fitting->count; k++)
	{
		CpMemberReport *member = &report->members[k];

		member->kind = fitting->candidates[k].learner->kind;
		member->weight = blend->weights[k];
		member->log_loss = blend->losses[k];
		CP_TRY(cp_auc(fitting->context, judged->probabilities[k], judged->labels, judged->weights,
		              judged->n, &member->auc));
	}
	return cp_auc(fitting->context, judged->blended, judged->labels, judged->weights, judged->n,
	              &report->auc);
}

static CpStatus
blend_and_calibrate(Fitting *fitting, CpEnsemble *ensemble, CpEnsembleReport *report)
{
	CpContext *context = fitting->context;
	CpBlend blend;
	Judged judged;

	CP_TRY(gather_judged(fitting, &judged));
	CP_TRY(cp_blend(context, (const double *const *) judged.probabilities, fitting->count,
	                judged.labels, judged.weights, judged.n, &blend));
	blend_rows(fitting, &blend, &judged);
	CP_TRY(report_members(fitting, &judged, &blend, report));
	keep_members(fitting, &blend, ensemble);
	CP_TRY(cp_calibrate(context, judged.blended, judged.labels, judged.weights, judged.parts,
	                    judged.nparts, judged.n, &ensemble->calibration));
	judged_free(fitting, &judged);
	return CP_OK;
}

CpStatus
cp_ensemble_fit(CpContext *context, const CpTraining *training, const CpEnsembleParams *params,
                CpEnsemble *ensemble, CpEnsembleReport *report)
{
	Fitting *fitting;

	CP_TRY(cp_alloc_zero(context, &fitting, 1, sizeof(*fitting)));
	fitting->context = context;
	fitting->training = training;
	fitting->params = *params;
	CP_TRY(fit_candidates(fitting));
	CP_TRY(search(fitting, &report->trials));
	CP_TRY(blend_and_calibrate(fitting, ensemble, report));
	cp_free(context, &fitting);
	return CP_OK;
}

void
cp_ensemble_free(CpContext *context, CpEnsemble *ensemble)
{
	for (uint32_t i = 0; i < ensemble->count; i++)
	{
		learner_of(ensemble->members[i].kind)->free(ensemble->members[i].model);
		cp_free(context, &ensemble->members[i].model);
	}
	ensemble->count = 0;
}

/* --- scoring ------------------------------------------------------------ */

double
cp_ensemble_probability(const CpEnsemble *ensemble, const double *vector, void *scratch)
{
	double probability = 0;

	for (uint32_t i = 0; i < ensemble->count; i++)
	{
		const CpMember *member = &ensemble->members[i];

		probability +=
			member->weight *
			cp_sigmoid(learner_of(member->kind)->log_odds(member->model, vector, scratch));
	}
	return cp_calibrated(&ensemble->calibration, probability);
}

void
cp_ensemble_path(const CpEnsemble *ensemble, const CpPath *path, void *scratch, double *member,
                 double *probabilities)
{
	size_t stops = (size_t) path->n + 1;

	memset(probabilities, 0, stops * sizeof(double));
	for (uint32_t i = 0; i < ensemble->count; i++)
	{
		const CpMember *one = &ensemble->members[i];

		learner_of(one->kind)->path(one->model, path, scratch, member);
		cp_vec_sigmoid(member, member, stops);
		for (size_t k = 0; k < stops; k++)
			probabilities[k] += one->weight * member[k];
	}
	for (size_t k = 0; k < stops; k++)
		probabilities[k] = cp_calibrated(&ensemble->calibration, probabilities[k]);
}

size_t
cp_ensemble_scratch(const CpEnsemble *ensemble)
{
	size_t largest = 0;

	for (uint32_t i = 0; i < ensemble->count; i++)
	{
		size_t needed = learner_of(ensemble->members[i].kind)->scratch(ensemble->members[i].model);

		largest = needed > largest ? needed : largest;
	}
	return largest;
}

const CpTrees *
cp_member_trees(const CpMember *member)
{
	switch (member->kind)
	{
		case CP_MEMBER_GBM:
			return &((const CpGbm *) member->model)->trees;
		case CP_MEMBER_FOREST:
			return &((const CpForest *) member->model)->trees;
		default:
			return NULL;
	}
}

/* --- bytes -------------------------------------------------------------- */

void
cp_ensemble_write(const CpEnsemble *ensemble, CpWriter *writer)
{
	cp_write_u32(writer, ensemble->count);
	for (uint32_t i = 0; i < ensemble->count; i++)
	{
		const CpMember *member = &ensemble->members[i];

		cp_write_u32(writer, member->kind);
		cp_write_f64(writer, member->weight);
		learner_of(member->kind)->write(member->model, writer);
	}
	cp_calibration_write(&ensemble->calibration, writer);
}

static CpStatus
read_member(CpEnsemble *ensemble, CpReader *reader, const CpFeatureMap *map)
{
	CpMember *member = &ensemble->members[ensemble->count];
	const Learner *learner = learner_of((CpMemberKind) cp_read_u32(reader));

	member->weight = cp_read_f64(reader);
	if (learner == NULL || !(member->weight > 0 && member->weight <= 1 + WEIGHTS_ROUNDING))
	{
		cp_reader_reject(reader);
		return CP_OK;
	}
	member->kind = learner->kind;
	CP_TRY(cp_alloc_zero(reader->context, &member->model, 1, learner->model_bytes));
	CP_TRY(learner->read(member->model, reader, map));
	ensemble->count++;
	return CP_OK;
}

CpStatus
cp_ensemble_read(CpEnsemble *ensemble, CpReader *reader, const CpFeatureMap *map)
{
	uint32_t count = cp_read_u32(reader);
	double sum = 0;

	memset(ensemble, 0, sizeof(*ensemble));
	if (count < 1 || count > CP_MEMBER_KINDS)
		cp_reader_reject(reader);
	for (uint32_t i = 0; i < count && !reader->failed; i++)
	{
		CP_TRY(read_member(ensemble, reader, map));
		sum += ensemble->members[i].weight;
	}
	if (reader->failed || fabs(sum - 1) > WEIGHTS_ROUNDING)
		return cp_fail(reader->context, CP_CORRUPT,
		               "The members of the ensemble do not check out.");
	return cp_calibration_read(&ensemble->calibration, reader);
}
