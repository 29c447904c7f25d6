/*
 * net_learner.h: a learner of churn: a few small networks, averaged.
 *
 * Each network has one hidden layer and a skip connection, so that it learns what a
 * logistic regression would and on top of it what bends and interacts. Networks that
 * differ by the draws of their training make less variable errors together (Hansen and
 * Salamon 1990), and so does each by the moving average of its parameters (Polyak and
 * Juditsky 1992), which is what is kept. Their mean log-odds is that of a single network
 * in which their hidden units stand side by side: that is the model.
 *
 * To score a vector nothing is multiplied by inputs: a table tells what each place of a
 * feature (net_inputs.h) adds to the sums of the hidden units.
 */
#ifndef CP_NET_LEARNER_H
#define CP_NET_LEARNER_H

#include <stdint.h>

#include "learn/net.h"
#include "learn/net_inputs.h"
#include "learn/training.h"

/* Rows that an epoch sees at most, drawn anew each time: a million take tens of CPU seconds. */
#define CP_NET_EPOCH_ROWS 100000

typedef struct CpNetParams
{
	uint32_t hidden;         /* units of the hidden layer, 1 .. 1024 */
	uint32_t restarts;       /* networks averaged, 1 .. 16 */
	uint32_t epochs;         /* passes over the rows at most, 1 .. 1000 */
	uint32_t early_stopping; /* epochs without improvement, 0 = run all epochs */
	double learning_rate;    /* (0, 1] */
	uint32_t batch;          /* rows of a step, 16 .. 4096; halved, down to 16, where an epoch
	                            would have fewer than 16 steps */
	double dropout;          /* chance that a hidden unit is left out of a step, [0, 0.9] */
	double weight_decay;     /* share of a parameter that a step takes off, over the learning rate;
	                            0 .. 1 / learning_rate */
} CpNetParams;

typedef struct CpNetLearner
{
	CpContext *context;
	double base; /* log-odds to which the network adds */
	CpNetInputs inputs;
	CpNet net; /* inputs, restarts x hidden, 1; with a skip */

	/*
	 * Prepared for scoring, not stored. A row of the table has a float for each hidden unit,
	 * one for the skip, and zeros up to a multiple of eight.
	 */
	uint32_t width;      /* floats of a row */
	uint32_t *first_row; /* [nfeatures] in the table: a row for each place, then one for nowhere */
	float *table;        /* [rows][width] */
	float *biases;       /* [width] */
	float *answers;      /* [width] weight of each hidden unit in the output */
} CpNetLearner;

/* The defaults. */
extern void cp_net_learner_defaults(CpNetParams *params);

/* NULL, or what is wrong with the parameters, a sentence that names the option. */
extern const char *cp_net_learner_check(const CpNetParams *params);

/* Settings nearby, for a search; restarts, epochs and batch stay. */
extern void cp_net_learner_vary(CpNetParams *params, CpRng *rng);

/*
 * Fit; out_of_fold: [n] log-odds, see training.h. Epochs are chosen by early stopping as
 * rounds are in boosting (gbm.h), except that none may be best: then the base alone is the
 * model. CP_BAD_DATA when a class is missing; CP_NOT_CONVERGED when the loss overflows,
 * which no allowed parameters bring about.
 */
extern CpStatus cp_net_learner_fit(CpContext *context, const CpTraining *training,
                                   const CpNetParams *params, CpNetLearner *model,
                                   double *out_of_fold);
extern void cp_net_learner_free(CpNetLearner *model);

/* Bytes cp_net_learner_fit needs at most. */
extern size_t cp_net_learner_bytes(const CpTraining *training, const CpNetParams *params);

/* Log-odds of a feature vector; scratch: cp_net_learner_scratch bytes. */
extern double cp_net_learner_log_odds(const CpNetLearner *model, const double *vector,
                                      void *scratch);
extern size_t cp_net_learner_scratch(const CpNetLearner *model);

/*
 * Log-odds [path->n + 1] at the beginning of a walk and after each of its steps, which
 * costs little more than the features changed. Sums are carried on for some steps, so the
 * result is that of cp_net_learner_log_odds to within 1e-5.
 */
extern void cp_net_learner_path(const CpNetLearner *model, const CpPath *path, void *scratch,
                                double *log_odds);

extern void cp_net_learner_write(const CpNetLearner *model, CpWriter *writer);
extern CpStatus cp_net_learner_read(CpNetLearner *model, CpReader *reader, const CpFeatureMap *map);

#endif
