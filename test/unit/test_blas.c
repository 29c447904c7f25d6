/*
 * test_blas.c: products of matrices against sums written out.
 */
#include "unit.h"

#include "num/blas.h"
#include "num/rng.h"

#define M 5
#define N 4
#define K 7

extern void test_blas(void);

static void
check_products(void)
{
	float a[M * K], b[K * N], out[M * N], before[M * N];
	CpRng rng;

	REQUIRE_OK(cp_blas_load(unit_context()));
	REQUIRE_OK(cp_blas_load(unit_context()));
	cp_rng_init(&rng, 1, 1);
	for (int i = 0; i < M * K; i++)
		a[i] = (float) cp_rng_normal(&rng);
	for (int i = 0; i < K * N; i++)
		b[i] = (float) cp_rng_normal(&rng);
	for (int ways = 0; ways < 8; ways++)
	{
		bool a_transposed = ways & 1, b_transposed = ways & 2;
		float beta = ways & 4 ? 0.5f : 0;

		for (int i = 0; i < M * N; i++)
			out[i] = before[i] = (float) i;
		cp_blas_multiply(a_transposed, b_transposed, M, N, K, a, b, beta, out);
		for (int m = 0; m < M; m++)
			for (int n = 0; n < N; n++)
			{
				double sum = beta * before[m * N + n];

				for (int k = 0; k < K; k++)
					sum += (double) a[a_transposed ? k * M + m : m * K + k] *
					       b[b_transposed ? n * K + k : k * N + n];
				CHECK_CLOSE(sum, out[m * N + n], 1e-5);
			}
	}
}

static void
check_empty(void)
{
	float out[2] = {1, 2};

	REQUIRE_OK(cp_blas_load(unit_context()));
	cp_blas_multiply(false, false, 1, 2, 0, NULL, NULL, 1, out);
	CHECK(out[0] == 1 && out[1] == 2);
}

void
test_blas(void)
{
	UNIT_CASE("products, transposed or not, added or not", check_products);
	UNIT_CASE("nothing to multiply", check_empty);
}
