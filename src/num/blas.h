/*
 * blas.h: matrix products by OpenBLAS, on one thread.
 *
 * The library is loaded when it is first needed and not with ours: it is large, and a
 * session that only scores, which is most of them, does without.
 */
#ifndef CP_BLAS_H
#define CP_BLAS_H

#include <stdbool.h>
#include <stdint.h>

#include "num/context.h"

/* To be called before the next; does nothing from the second time on. CP_UNAVAILABLE without the library. */
extern CpStatus cp_blas_load(CpContext *context);

/*
 * out [m][n] = a [m][k] b [k][n] + beta out, all row by row. A transposed a lies in memory as
 * [k][m], a transposed b as [n][k]. Last bits depend on the kind of processor.
 */
extern void cp_blas_multiply(bool a_transposed, bool b_transposed, uint32_t m, uint32_t n,
                             uint32_t k, const float *a, const float *b, float beta, float *out);

#endif
