/*
 * ensemble.c: learners of one kind of interface, blended.
 */
#include "learn/ensemble.h"

#include <math.h>
#include <string.h>

#include "num/special.h"

/* A learner's verbs. */
typedef struct Learner
{
	CpMemberKind kind;
	const char *name;
	size_t model_bytes;
	CpStatus (*fit)(CpContext *context, const CpTraining *training, const CpEnsembleParams *params,
	                void *model);
	double (*log_odds)(const void *model, const double *vector, void *scratch);
	size_t (*scratch)(const void *model);
	void (*write)(const void *model, CpWriter *writer);
	CpStatus (*read)(void *model, CpReader *reader, const CpFeatureMap *map);
} Learner;

/* Labels and weights of the rows to learn from, side by side. */
static CpStatus
gather_targets(CpContext *context, const CpTraining *training, uint8_t **labels, double **weights)
{
	const CpDataset *dataset = training->dataset;

	*weights = NULL;
	CP_TRY(cp_alloc(context, labels, training->n, 1));
	if (dataset->weights != NULL)
		CP_TRY(cp_alloc(context, weights, training->n, sizeof(double)));
	for (uint32_t i = 0; i < training->n; i++)
	{
		(*labels)[i] = dataset->labels[training->rows[i]];
		if (*weights != NULL)
			(*weights)[i] = dataset->weights[training->rows[i]];
	}
	return CP_OK;
}

static CpStatus
fit_gbm(CpContext *context, const CpTraining *training, const CpEnsembleParams *params, void *model)
{
	CpBinned binned;
	uint8_t *labels;
	double *weights;
	CpGbmData data;

	CP_TRY(gather_targets(context, training, &labels, &weights));
	CP_TRY(cp_bin(training->dataset, training->rows, training->n, params->gbm.max_bins, &binned));
	CP_TRY(cp_reserve_check(context, cp_gbm_bytes(&binned, &params->gbm, training->nfolds)));
	data.binned = &binned;
	data.labels = labels;
	data.weights = weights;
	data.folds = training->folds;
	data.nfolds = training->nfolds;
	CP_TRY(cp_gbm_fit(context, &data, &params->gbm, training->seed, model));
	cp_binned_free(context, &binned);
	cp_free(context, &labels);
	cp_free(context, &weights);
	return CP_OK;
}

static double
log_odds_gbm(const void *model, const double *vector, void *scratch)
{
	return cp_gbm_log_odds(model, vector, scratch);
}

static size_t
scratch_gbm(const void *model)
{
	return cp_gbm_scratch(model);
}

static void
write_gbm(const void *model, CpWriter *writer)
{
	cp_gbm_write(model, writer);
}

static CpStatus
read_gbm(void *model, CpReader *reader, const CpFeatureMap *map)
{
	return cp_gbm_read(model, reader, map);
}

static const Learner learners[] = {
	{CP_MEMBER_GBM, "gbm", sizeof(CpGbm), fit_gbm, log_odds_gbm, scratch_gbm, write_gbm, read_gbm},
};

#define LEARNERS (sizeof(learners) / sizeof(learners[0]))

static const Learner *
learner_of(CpMemberKind kind)
{
	for (size_t i = 0; i < LEARNERS; i++)
		if (learners[i].kind == kind)
			return &learners[i];
	return NULL;
}

const char *
cp_member_name(CpMemberKind kind)
{
	const Learner *learner = learner_of(kind);

	return learner == NULL ? NULL : learner->name;
}

static CpStatus
add_member(CpContext *context, CpEnsemble *ensemble, const Learner *learner, CpMember **member)
{
	*member = &ensemble->members[ensemble->count];
	(*member)->kind = learner->kind;
	CP_TRY(cp_alloc_zero(context, &(*member)->model, 1, learner->model_bytes));
	ensemble->count++;
	return CP_OK;
}

CpStatus
cp_ensemble_fit(CpContext *context, const CpTraining *training, const CpEnsembleParams *params,
                CpEnsemble *ensemble)
{
	memset(ensemble, 0, sizeof(*ensemble));
	for (size_t i = 0; i < LEARNERS; i++)
	{
		CpMember *member;

		CP_TRY(add_member(context, ensemble, &learners[i], &member));
		CP_TRY(learners[i].fit(context, training, params, member->model));
		member->weight = 1.0 / LEARNERS;
	}
	return CP_OK;
}

double
cp_ensemble_probability(const CpEnsemble *ensemble, const double *vector, void *scratch)
{
	double probability = 0;

	for (uint32_t i = 0; i < ensemble->count; i++)
	{
		const CpMember *member = &ensemble->members[i];

		if (member->weight > 0)
			probability +=
				member->weight *
				cp_sigmoid(learner_of(member->kind)->log_odds(member->model, vector, scratch));
	}
	return probability;
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
}

CpStatus
cp_ensemble_read(CpEnsemble *ensemble, CpReader *reader, const CpFeatureMap *map)
{
	uint32_t count = cp_read_u32(reader);
	double sum = 0;

	memset(ensemble, 0, sizeof(*ensemble));
	if (count < 1 || count > CP_MAX_MEMBERS)
		cp_reader_reject(reader);
	for (uint32_t i = 0; i < count && !reader->failed; i++)
	{
		const Learner *learner = learner_of((CpMemberKind) cp_read_u32(reader));
		double weight = cp_read_f64(reader);
		CpMember *member;

		if (learner == NULL || !(weight >= 0 && weight <= 1))
		{
			cp_reader_reject(reader);
			break;
		}
		CP_TRY(add_member(reader->context, ensemble, learner, &member));
		member->weight = weight;
		sum += weight;
		CP_TRY(learner->read(member->model, reader, map));
	}
	if (reader->failed || fabs(sum - 1) > 1e-9)
		return cp_fail(reader->context, CP_CORRUPT,
		               "The members of the ensemble do not check out.");
	return CP_OK;
}
