/*
 * holdout.h: scores and labels of the rows a model was measured on, as bytes.
 *
 * Kept beside the model, not in it: scoring never needs them. Of very many rows the
 * first CP_HOLDOUT_ROWS in the dataset's own order are kept, a random sample.
 */
#ifndef CP_HOLDOUT_H
#define CP_HOLDOUT_H

#include "learn/train.h"

#define CP_HOLDOUT_ROWS 4000000

/* The held-out rows of a training, in writer->bytes, writer->length. */
extern CpStatus cp_holdout_write(const CpTrained *trained, CpContext *context, CpWriter *writer);

extern CpStatus cp_holdout_read(CpScored *holdout, CpContext *context, const void *bytes,
                                size_t length);

#endif
