/*
 * net_inputs.h: from a feature vector to the inputs of a network.
 *
 * A value first becomes a place. That of a number is where it lies on a scale of knots,
 * which are quantiles of the training rows: 2.25 is a quarter of the way from knot 2 to
 * knot 3, and what lies beyond the outer knots is taken for them. So no value is too large,
 * and ties and heavy tails do no harm. That of a category is the number of one of its
 * inputs.
 *
 * Between two knots lies one input, which rises from 0 to 1 on the way (piecewise linear
 * encoding: Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in
 * Tabular Deep Learning, NeurIPS 2022). A category has an input of 0 or 1 for each level;
 * levels of few rows share one with "other". So has what is missing, where training saw
 * enough of it. A boolean is a number with two knots.
 *
 * Inputs are centred on their means over the training rows, so that zeros stand for the
 * average: they are the inputs of whatever has none of its own.
 */
#ifndef CP_NET_INPUTS_H
#define CP_NET_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/training.h"
#include "num/bytes.h"

/* Knots of a number at most. */
#define CP_NET_KNOTS 16

/* A level, the rare levels together or missing values of fewer training rows have no input. */
#define CP_NET_FEW_ROWS 10

/* The place of a missing number and of a category that has no input. */
#define CP_NET_NOWHERE (-1.0f)

typedef struct CpNetFeature
{
	bool category;
	bool has_missing; /* number: its last input is 1 when it is missing, else 0, and not centred */
	uint32_t nknots;  /* number: 0 .. CP_NET_KNOTS */
	double *knots;    /* number: [nknots] ascending, finite */
	uint32_t levels;  /* category */
	int16_t *places;  /* category: [levels + 2] input of a level, of other, of missing; or -1 */
	uint32_t first;   /* its first input */
	uint32_t inputs;
} CpNetFeature;

typedef struct CpNetInputs
{
	CpContext *context;
	uint32_t nfeatures;
	CpNetFeature *features; /* [nfeatures], as in the feature map */
	uint32_t count;         /* inputs of all features */
	float *means;           /* [count] that are taken off */
} CpNetInputs;

/* Inputs for the training rows, and their places [n][nfeatures], allocated here. */
extern CpStatus cp_net_inputs_learn(CpNetInputs *inputs, CpContext *context,
                                    const CpTraining *training, float **places);
extern void cp_net_inputs_free(CpNetInputs *inputs);

/* Inputs that columns of these rows can have at most. */
extern size_t cp_net_inputs_most(const CpDataset *dataset);

/* The place of a value of a feature vector: CP_NET_NOWHERE, or 0 .. cp_net_nplaces - 1. */
extern float cp_net_place(const CpNetFeature *feature, double value);

/* Places that are whole numbers: knots or inputs. Between knots the inputs are linear. */
extern uint32_t cp_net_nplaces(const CpNetFeature *feature);

/* out: [feature->inputs] */
extern void cp_net_encode(const CpNetInputs *inputs, uint32_t feature, float place, float *out);

/* out: [count], from a place of every feature. */
extern void cp_net_encode_all(const CpNetInputs *inputs, const float *places, float *out);

extern void cp_net_inputs_write(const CpNetInputs *inputs, CpWriter *writer);

/* Reads and checks against the map's kinds and levels. */
extern CpStatus cp_net_inputs_read(CpNetInputs *inputs, CpReader *reader, const CpFeatureMap *map);

#endif
