/*
 * vec.h: kernels over plain arrays.
 *
 * n is a number of elements; arrays do not overlap unless said. The loops are
 * written so that any compiler vectorises them without CPU-specific flags, and
 * give the same bits on every machine: no contraction, no reassociation.
 */
#ifndef CP_VEC_H
#define CP_VEC_H

#include <stddef.h>
#include <stdint.h>

/* Sum with Neumaier's compensation: error independent of n. */
extern double cp_vec_sum(const double *x, size_t n);

/* out[i] = 1 / (1 + exp(-x[i])); in place allowed. Own exp, see special.h. */
extern void cp_vec_sigmoid(const double *x, double *out, size_t n);

#endif
