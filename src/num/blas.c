/*
 * blas.c: matrix products by OpenBLAS, on one thread.
 */
#include "num/blas.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* Constants of the C interface to BLAS. */
#define ROW_MAJOR 101
#define NOT_TRANSPOSED 111
#define TRANSPOSED 112

typedef void (*Sgemm)(int order, int of_a, int of_b, int m, int n, int k, float alpha,
                      const float *a, int row_of_a, const float *b, int row_of_b, float beta,
                      float *out, int row_of_out);
typedef void (*SetThreads)(int threads);

static Sgemm sgemm;

/* A pointer to a function, which C does not let one have by a cast. */
static void
find(void *library, const char *symbol, void *function)
{
	void *address = dlsym(library, symbol);

	memcpy(function, &address, sizeof(address));
}

CpStatus
cp_blas_load(CpContext *context)
{
	static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"};
	SetThreads set_threads = NULL;
	void *library = NULL;

	if (sgemm != NULL)
		return CP_OK;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && library == NULL; i++)
		library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
	if (library == NULL)
		return cp_fail(context, CP_UNAVAILABLE, "The library OpenBLAS could not be loaded.");
	find(library, "openblas_set_num_threads", &set_threads);
	if (set_threads != NULL)
		set_threads(1);
	find(library, "cblas_sgemm", &sgemm);
	if (sgemm == NULL)
		return cp_fail(context, CP_UNAVAILABLE, "The library OpenBLAS has no cblas_sgemm.");
	return CP_OK;
}

void
cp_blas_multiply(bool a_transposed, bool b_transposed, uint32_t m, uint32_t n, uint32_t k,
                 const float *a, const float *b, float beta, float *out)
{
	/* Nothing to add up; BLAS would complain. */
	if (m == 0 || k == 0)
		return;
	sgemm(ROW_MAJOR, a_transposed ? TRANSPOSED : NOT_TRANSPOSED,
	      b_transposed ? TRANSPOSED : NOT_TRANSPOSED, (int) m, (int) n, (int) k, 1, a,
	      (int) (a_transposed ? m : k), b, (int) (b_transposed ? k : n), beta, out, (int) n);
}
