/*
 * ensemble.h: learners of one kind of interface, blended.
 *
 * Every learner offers the same verbs, so that nothing above switches on its
 * name: fit, log-odds of a feature vector, write, read. The ensemble's
 * probability is the weighted mean of its members' probabilities; weights are
 * zero or more and sum to one, and a member of weight zero is not asked.
 */
#ifndef CP_ENSEMBLE_H
#define CP_ENSEMBLE_H

#include <stdint.h>

#include "learn/dataset.h"
#include "learn/gbm.h"

/* Stored in model bytes: values never change their meaning. */
typedef enum CpMemberKind
{
	CP_MEMBER_GBM = 1
} CpMemberKind;

#define CP_MAX_MEMBERS 8

/* What every learner is given. */
typedef struct CpTraining
{
	const CpDataset *dataset;
	const uint32_t *rows; /* [n] rows to learn from, in the dataset's own order */
	uint32_t n;
	const uint8_t *folds; /* [n] see gbm.h */
	uint32_t nfolds;
	uint64_t seed;
} CpTraining;

typedef struct CpEnsembleParams
{
	CpGbmParams gbm;
} CpEnsembleParams;

typedef struct CpMember
{
	CpMemberKind kind;
	double weight;
	void *model; /* of the learner's own type */
} CpMember;

typedef struct CpEnsemble
{
	uint32_t count;
	CpMember members[CP_MAX_MEMBERS];
} CpEnsemble;

/* "gbm", ...; NULL for a value that is no member. */
extern const char *cp_member_name(CpMemberKind kind);

extern CpStatus cp_ensemble_fit(CpContext *context, const CpTraining *training,
                                const CpEnsembleParams *params, CpEnsemble *ensemble);

/* Probability of a feature vector; scratch: cp_ensemble_scratch bytes. */
extern double cp_ensemble_probability(const CpEnsemble *ensemble, const double *vector,
                                      void *scratch);
extern size_t cp_ensemble_scratch(const CpEnsemble *ensemble);

extern void cp_ensemble_write(const CpEnsemble *ensemble, CpWriter *writer);
extern CpStatus cp_ensemble_read(CpEnsemble *ensemble, CpReader *reader, const CpFeatureMap *map);

#endif
