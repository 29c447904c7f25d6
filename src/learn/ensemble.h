/*
 * ensemble.h: learners of one kind of interface, blended and calibrated.
 *
 * Every learner offers the same verbs, so that nothing above switches on its
 * name: fit, log-odds of a feature vector or along a walk, write, read. The
 * ensemble's probability is the weighted mean of its members' probabilities
 * (blend.h), put through a calibration map (calibrate.h). Weights and map are
 * chosen on out-of-fold probabilities; a member that helps nobody is not kept.
 */
#ifndef CP_ENSEMBLE_H
#define CP_ENSEMBLE_H

#include <stdint.h>

#include "learn/blend.h"
#include "learn/calibrate.h"
#include "learn/forest.h"
#include "learn/gbm.h"
#include "learn/net_learner.h"
#include "learn/training.h"

/* Stored in model bytes: values never change their meaning. */
typedef enum CpMemberKind
{
	CP_MEMBER_GBM = 1,
	CP_MEMBER_FOREST = 2,
	CP_MEMBER_NET = 3,
	CP_MEMBER_KINDS = 3 /* number of kinds */
} CpMemberKind;

#define CP_MEMBER_BIT(kind) (1u << (kind))
#define CP_ALL_MEMBERS \
	(CP_MEMBER_BIT(CP_MEMBER_GBM) | CP_MEMBER_BIT(CP_MEMBER_FOREST) | CP_MEMBER_BIT(CP_MEMBER_NET))

/*
 * Random search: the members take turns, a trial draws settings near the member's best
 * so far, at first those given, and they stay when the out-of-fold log-loss is less. Ends
 * with the trials or, when they are given, after the CPU seconds.
 */
typedef struct CpSearch
{
	uint32_t trials; /* 0 = none; at most so many when seconds are given */
	double seconds;  /* 0 = no limit; then what is tried depends on the machine */
} CpSearch;

typedef struct CpEnsembleParams
{
	uint32_t members; /* CP_MEMBER_BIT of each kind to fit */
	CpGbmParams gbm;
	CpForestParams forest;
	CpNetParams net;
	CpSearch search;
} CpEnsembleParams;

typedef struct CpMember
{
	CpMemberKind kind;
	double weight; /* above 0 */
	void *model;   /* of the learner's own type */
} CpMember;

typedef struct CpEnsemble
{
	uint32_t count;
	CpMember members[CP_MEMBER_KINDS];
	CpCalibration calibration;
} CpEnsemble;

/* How the ensemble came about; losses are log-losses of out-of-fold probabilities. */
typedef struct CpMemberReport
{
	CpMemberKind kind;
	double weight; /* 0 = not kept */
	double log_loss;
	double auc;
} CpMemberReport;

typedef struct CpEnsembleReport
{
	uint32_t count;
	CpMemberReport members[CP_MEMBER_KINDS];
	double log_loss;         /* of the blend, before calibration */
	double auc;              /* of the blend */
	uint32_t trials;         /* of the search that were made */
	CpEnsembleParams params; /* in force: given, or found by the search */
} CpEnsembleReport;

/* "gbm", ...; NULL for a value that is no member. */
extern const char *cp_member_name(CpMemberKind kind);

extern void cp_ensemble_defaults(CpEnsembleParams *params);

/* Fails as the learners do. */
extern CpStatus cp_ensemble_fit(CpContext *context, const CpTraining *training,
                                const CpEnsembleParams *params, CpEnsemble *ensemble,
                                CpEnsembleReport *report);

extern void cp_ensemble_free(CpContext *context, CpEnsemble *ensemble);

/* Probability of a feature vector; scratch: cp_ensemble_scratch bytes. */
extern double cp_ensemble_probability(const CpEnsemble *ensemble, const double *vector,
                                      void *scratch);
extern size_t cp_ensemble_scratch(const CpEnsemble *ensemble);

/*
 * Probabilities [path->n + 1] at the beginning of a walk and after each of its steps;
 * member: [path->n + 1] room to work in. The first is cp_ensemble_probability of the vector
 * to within 1e-6, since a network carries its sums from step to step.
 */
extern void cp_ensemble_path(const CpEnsemble *ensemble, const CpPath *path, void *scratch,
                             double *member, double *probabilities);

/* The trees of a member that has trees, else NULL. */
extern const CpTrees *cp_member_trees(const CpMember *member);

extern void cp_ensemble_write(const CpEnsemble *ensemble, CpWriter *writer);
extern CpStatus cp_ensemble_read(CpEnsemble *ensemble, CpReader *reader, const CpFeatureMap *map);

#endif
