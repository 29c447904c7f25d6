/*
 * background.h: customers that an explanation compares a customer with.
 *
 * A sample of the training rows, kept with the model: rows in order of their
 * probability are cut into parts of equal weight and the middle one of each is
 * taken (systematic sampling; Cochran, Sampling Techniques, 1977, chapter 8). So
 * its mean probability is near that of all rows, and few rows do.
 */
#ifndef CP_BACKGROUND_H
#define CP_BACKGROUND_H

#include <stdint.h>

#include "learn/dataset.h"
#include "num/bytes.h"

/* Rows of a background where there are as many to choose from. */
#define CP_BACKGROUND_ROWS 160
/* It is chosen from the first so many training rows that have a weight. */
#define CP_BACKGROUND_CANDIDATES 10000

typedef struct CpBackground
{
	uint32_t rows;   /* 1 .. CP_BACKGROUND_CANDIDATES */
	double *vectors; /* [rows][features] */
	double *scores;  /* [rows] probability of each, as the model gives it; ascending when chosen */
} CpBackground;

/*
 * The rows that a background is chosen from, in their order: the first of rows[0 .. n-1]
 * with a weight above 0. candidates: allocated here, count of them.
 */
extern CpStatus cp_background_candidates(CpContext *context, const CpDataset *dataset,
                                         const uint32_t *rows, uint32_t n, uint32_t **candidates,
                                         uint32_t *count);

/* Choose from rows[0 .. n-1], n > 0, whose probabilities are scores [n]; features: columns kept. */
extern CpStatus cp_background_choose(CpContext *context, const CpDataset *dataset,
                                     uint32_t features, const uint32_t *rows, const double *scores,
                                     uint32_t n, CpBackground *background);

extern void cp_background_write(const CpBackground *background, const CpFeatureMap *map,
                                CpWriter *writer);

/* Values that the map does not know, or a score that is no probability, mark the reader corrupt. */
extern CpStatus cp_background_read(CpBackground *background, CpReader *reader,
                                   const CpFeatureMap *map);

#endif
