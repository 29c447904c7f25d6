/*
 * kolmogorov.c: tails of Kolmogorov's and Smirnov's statistics.
 */
#include "stats/kolmogorov.h"

#include <math.h>

#include "num/special.h"
#include "stats/distributions.h"

#define HALF_PI 1.5707963267948966
#define SQRT_2PI 2.5066282746310002
#define INVERSE_E 0.36787944117144233

/* Below this z the distribution function takes no digit of 1 away. */
#define LEAST_Z 0.04
/* After so many multiples of pi / 2 nothing comes for z up to 1.5. */
#define MULTIPLES 9

/* Regions of Simard and L'Ecuyer by n, n d^2 and n d^1.5. */
#define SMALL_SAMPLE 140
#define SMALL_SAMPLE_TAIL 4.0
#define LARGE_SAMPLE_TAIL 2.2
#define MATRIX_REACH 1.4
/* Theirs is 100000 for the other tail; beyond this one it is below 1e-9 within MATRIX_REACH. */
#define MATRIX_SAMPLE 20000

#define ONE_SIDED_TERMS 4096
#define POLLED_WORK (1 << 20)

/* Counting the paths of more than these n m would take days. */
#define MAX_PAIRS 0x1p46
/* By so much d may be above the distance of two samples that it stands for. */
#define ROUNDING_SLACK 1e-12

/*
 * P(D < d) by W. Pelz and I. J. Good (Journal of the Royal Statistical Society B 38, 1976), whose
 * powers of u = 1 / (n d) correct the limit law, in the form for small z = sqrt(n) d. u 0: the
 * limit law itself.
 */
static double
pelz_good(double z, double u)
{
	double z2 = z * z, sum = 0;

	for (int k = 1; k <= MULTIPLES; k++)
	{
		double b = k * k * (HALF_PI * HALF_PI / z2);
		double first = (b - 1) / 6;
		double second = (z2 * (6 + 2 * b - 2 * b * b) + 2 - 5 * b + b * b) / 72;
		double third =
			(z2 * (-90 + b * (-96 + b * (212 - 30 * b))) - 30 + b * (135 + b * (-60 + 5 * b))) /
			6480;

		if (k % 2 == 1)
			sum += cp_exp(-b / 2) * (1 + u * (first + u * (second + u * third)));
		else
			sum += cp_exp(-b / 2) * u * u * z2 * b * (u * (3 - b) / 216 - 1.0 / 36);
	}
	return SQRT_2PI / z * sum;
}

double
cp_kolmogorov_limit(double z)
{
	double sum = 0;

	if (z != z)
		return NAN;
	if (z < LEAST_Z)
		return 1;
	if (z < 1)
		return 1 - pelz_good(z, 0);
	for (int k = 5; k >= 1; k--)
		sum = cp_exp(-2 * k * k * z * z) - sum;
	return 2 * sum;
}

static double
raised(double base, double power)
{
	return cp_exp(power * cp_log(base));
}

/* What Durbin's matrix for d = (k - h) / n is made of: Poisson probabilities of mean 1. */
typedef struct DurbinMatrix
{
	uint32_t size;
	double *poisson; /* [size]: above, on and below the first side diagonal */
	double *edge;    /* [size]: the first column, backwards the last row too */
} DurbinMatrix;

static void
fill_matrix(DurbinMatrix *matrix, double h)
{
	uint32_t last = matrix->size - 1;
	double poisson = INVERSE_E, power = h;

	for (uint32_t i = 0; i < last; i++, power *= h)
	{
		matrix->poisson[i] = poisson;
		poisson /= i + 1;
		matrix->edge[i] = poisson * (1 - power);
	}
	matrix->poisson[last] = poisson;
	matrix->edge[last] =
		poisson / matrix->size * (1 - 2 * power + raised(fmax(2 * h - 1, 0), matrix->size));
}

/* to = matrix from */
static void
multiply(const DurbinMatrix *matrix, const double *from, double *to)
{
	uint32_t last = matrix->size - 1;

	for (uint32_t i = 0; i < last; i++)
	{
		to[i] = matrix->edge[i] * from[0];
		for (uint32_t j = 1; j <= i + 1; j++)
			to[i] += matrix->poisson[i + 1 - j] * from[j];
	}
	to[last] = 0;
	for (uint32_t j = 0; j <= last; j++)
		to[last] += matrix->edge[last - j] * from[j];
}

/*
 * P(D < d) by J. Durbin's matrix, as G. Marsaglia, W. Tsang and J. Wang (Journal of Statistical
 * Software 8, 2003) have it, for n d > 1/2. They take n!/n^n times an element of its power; with
 * a matrix of Poisson probabilities it is that over the chance of n events where n are expected,
 * and no power gets out of range.
 */
static CpStatus
durbin_below(CpContext *context, uint32_t n, double d, double *below)
{
	uint32_t middle = (uint32_t) ceil(n * d) - 1, size = 2 * middle + 1;
	DurbinMatrix matrix = {.size = size};
	double *block, *from, *to;

	CP_TRY(cp_alloc_zero(context, &block, size, 4 * sizeof(double)));
	matrix.poisson = block;
	matrix.edge = block + size;
	from = block + 2 * size;
	to = block + 3 * size;
	fill_matrix(&matrix, middle + 1 - n * d);
	from[middle] = 1;
	for (uint32_t event = 0; event < n; event++)
	{
		double *swap = from;

		if (event % (POLLED_WORK / (size * size) + 1) == 0)
			CP_TRY(cp_poll(context));
		multiply(&matrix, from, to);
		from = to;
		to = swap;
	}
	*below = from[middle] * SQRT_2PI * sqrt(n) * cp_exp(cp_stirling_rest(n));
	cp_free(context, &block);
	return CP_OK;
}

/* P(X = k) of n trials with a chance of k / n + d each, times d over that chance; 0 < k < n. */
static double
one_sided_term(double n, double d, double k)
{
	double left = n - k, excess = n * d;

	if (left <= excess)
		return 0;
	return excess / (k + excess) / SQRT_2PI * sqrt(n / k / left) *
	       cp_exp(cp_stirling_rest(n) - cp_stirling_rest(k) - cp_stirling_rest(left) -
	              cp_deviance(k, k + excess, excess) - cp_deviance(left, left - excess, -excess));
}

/*
 * P(D+ >= d), the sum of N. V. Smirnov and of Z. W. Birnbaum and F. H. Tingey (Annals of
 * Mathematical Statistics 22, 1951). For a large n only one in so many terms is taken: they and
 * all their derivatives vanish at both ends, so that this trapezoidal rule is exact to rounding.
 */
static double
one_sided(uint64_t n, double d)
{
	uint64_t stride = 1 + n / ONE_SIDED_TERMS;
	double sum = 0;

	for (uint64_t k = stride; k < n; k += stride)
		sum += one_sided_term((double) n, d, (double) k);
	return raised(1 - d, (double) n) + (double) stride * sum;
}

CpStatus
cp_kolmogorov_one_sample(CpContext *context, uint64_t n, double d, double *p)
{
	double events = (double) n * d, square = events * d;
	double tail = n <= SMALL_SAMPLE ? SMALL_SAMPLE_TAIL : LARGE_SAMPLE_TAIL;
	double below;

	CP_TRY(cp_poll(context));
	if (n == 0 || d != d)
		*p = NAN;
	else if (events <= 0.5 || d >= 1)
		*p = d < 1;
	else if (d >= 0.5 || square >= tail)
		*p = 2 * one_sided(n, d);
	else
	{
		if (n <= SMALL_SAMPLE || (n <= MATRIX_SAMPLE && events * sqrt(d) <= MATRIX_REACH))
			CP_TRY(durbin_below(context, (uint32_t) n, d, &below));
		else
			below = pelz_good(sqrt(square), 1 / events);
		*p = 1 - below;
	}
	return CP_OK;
}

/*
 * The paths from (0, 0) to (n, m), all equally likely, at their step k: chance[i] that one is at
 * (i, k - i) and has never been far out, for first <= i <= last; outside is that it has.
 */
typedef struct Paths
{
	int64_t n; /* not above m */
	int64_t m;
	int64_t first;
	int64_t last;
	double *chance; /* [n + 1] */
	double outside;
} Paths;

/* A row is drawn without putting back, as if from an urn. */
static void
step_paths(Paths *paths, int64_t k)
{
	double left = 1 / (double) (paths->n + paths->m - k + 1);
	double *chance = paths->chance;

	if (paths->last < paths->n)
		chance[++paths->last] = 0;
	for (int64_t i = paths->last; i > paths->first; i--)
		chance[i] = (chance[i] * (double) (paths->m - k + 1 + i) +
		             chance[i - 1] * (double) (paths->n - i + 1)) *
		            left;
	chance[paths->first] *= (double) (paths->m - k + 1 + paths->first) * left;
	if (k - paths->first > paths->m)
		paths->first++;
}

/* Takes out the paths that are far units of 1 / (n m) from the diagonal, or more. */
static void
stop_paths(Paths *paths, int64_t k, int64_t far)
{
	int64_t n = paths->n, rows = n + paths->m;

	while (paths->first <= paths->last && k * n - paths->first * rows >= far)
		paths->outside += paths->chance[paths->first++];
	while (paths->first <= paths->last && paths->last * rows - k * n >= far)
		paths->outside += paths->chance[paths->last--];
}

static CpStatus
count_paths(CpContext *context, Paths *paths, int64_t far, const bool *ends)
{
	int64_t work = POLLED_WORK;

	for (int64_t k = 1; k <= paths->n + paths->m && paths->first <= paths->last; k++)
	{
		work += paths->last - paths->first + 2;
		if (work > POLLED_WORK)
		{
			CP_TRY(cp_poll(context));
			work = 0;
		}
		step_paths(paths, k);
		if (ends == NULL || ends[k - 1])
			stop_paths(paths, k, far);
	}
	return CP_OK;
}

CpStatus
cp_kolmogorov_two_sample(CpContext *context, uint32_t n, uint32_t m, double d, const bool *ends,
                         double *p)
{
	double pairs = (double) n * m;
	Paths paths = {.n = n < m ? n : m, .m = n < m ? m : n};

	*p = d <= 0;
	if (n == 0 || m == 0 || d != d)
		*p = NAN;
	if (!(pairs > 0 && d > 0 && d <= 1))
		return CP_OK;
	if (pairs > MAX_PAIRS)
		return cp_fail(context, CP_BAD_PARAMETER,
		               "The paths of samples of %u and %u rows are too many to be counted.", n, m);
	CP_TRY(cp_alloc(context, &paths.chance, (size_t) paths.n + 1, sizeof(double)));
	paths.chance[0] = 1;
	CP_TRY(count_paths(context, &paths, (int64_t) ceil(pairs * (d - ROUNDING_SLACK)), ends));
	*p = fmin(paths.outside, 1);
	cp_free(context, &paths.chance);
	return CP_OK;
}
