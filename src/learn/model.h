/*
 * model.h: what training makes and scoring uses: a feature map and an ensemble,
 * and the customers that explanations compare with.
 */
#ifndef CP_MODEL_H
#define CP_MODEL_H

#include "learn/background.h"
#include "learn/ensemble.h"
#include "learn/featuremap.h"

#define CP_MODEL_MAGIC "cpmodel" /* eight bytes with its end */
#define CP_MODEL_FORMAT 1

typedef struct CpModel
{
	CpFeatureMap map;
	CpEnsemble ensemble;
	CpBackground background;
} CpModel;

/* Probability of churn of a feature vector; scratch: cp_ensemble_scratch bytes. */
extern double cp_model_probability(const CpModel *model, const double *vector, void *scratch);

/* Probability for one row of a dataset that has the model's features, in their order. */
extern CpStatus cp_model_score_rows(CpContext *context, const CpModel *model,
                                    const CpDataset *dataset, const uint32_t *rows, uint32_t n,
                                    double *probabilities);

/* Model bytes in writer->bytes, writer->length. */
extern CpStatus cp_model_write(const CpModel *model, CpContext *context, CpWriter *writer);

/* The model keeps nothing of bytes. Everything is checked; see bytes.h for the failures. */
extern CpStatus cp_model_read(CpModel *model, CpContext *context, const void *bytes, size_t length);

#endif
