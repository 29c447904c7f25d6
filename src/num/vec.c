/*
 * vec.c: kernels over plain arrays. Build with -O3 (or -ftree-vectorize).
 */
#include "num/vec.h"

#include "num/exp_core.h"

/*
 * Each addition's rounding error is found exactly (Knuth's two-sum, which is
 * Neumaier's correction without the branch) and summed apart.
 */
double
cp_vec_sum(const double *x, size_t n)
{
	double sum = 0.0, correction = 0.0;
	double total;
	size_t i;

	for (i = 0; i < n; i++)
	{
		double next = sum + x[i];
		double added = next - sum;

		correction += (sum - (next - added)) + (x[i] - added);
		sum = next;
	}
	/* An infinity makes the correction NaN, but the plain sum is right. */
	total = sum + correction;
	return total == total ? total : sum;
}

void
cp_vec_sigmoid(const double *x, double *out, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = cp_sigmoid_core(x[i]);
}
