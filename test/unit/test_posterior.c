/*
 * test_posterior.c: which arm is best.
 *
 * Two rates: scipy 1.10.1, adaptive quadrature with Beta(1, 1) priors. More arms:
 * scipy.integrate.quad over products of beta.cdf or norm.cdf; the 20 arms also agree with two
 * million draws by numpy. Two means have a formula.
 */
#include "unit.h"

#include <math.h>

#include "num/special.h"
#include "stats/posterior.h"

extern void test_posterior(void);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MOST_ARMS 64

static double best[MOST_ARMS];
static double loss[MOST_ARMS];

static CpStatus
compare(CpPosteriorLaw law, const double (*parameters)[2], uint32_t n)
{
	CpPosterior arms[MOST_ARMS];

	for (uint32_t i = 0; i < n; i++)
		arms[i] = (CpPosterior){law, parameters[i][0], parameters[i][1]};
	return cp_posterior_best(unit_context(), arms, n, best, loss);
}

static void
two_rates(void)
{
	/* conversions and units of a and b; P(b is best), loss of b, loss of a */
	static const double cases[][7] = {
		{100, 1000, 120, 1000, 0.9231834389735601, 0.00048461392635644533, 0.02044469376667582},
		{50, 500, 50, 500, 0.5, 0.007588679092377238, 0.007588679092377238},
		{200, 5000, 65, 1200, 0.9849190366367031, 3.3218729752e-05, 0.014757778157228936},
		{3, 20, 9, 21, 0.9720518049749745, 0.0014845841561666856, 0.25444901103363704},
		{48211, 1e6, 48993, 1e6, 0.9949367721623248, 4.873264283888883e-07, 0.0007824857624316348},
		{300, 4000, 352, 4100, 0.9636077981499042, 8.772674983866617e-05, 0.010930915589353548}};

	for (size_t i = 0; i < COUNT(cases); i++)
	{
		const double *c = cases[i];
		const double arms[][2] = {{1 + c[0], 1 + c[1] - c[0]}, {1 + c[2], 1 + c[3] - c[2]}};

		REQUIRE_OK(compare(CP_POSTERIOR_BETA, arms, 2));
		CHECK_CLOSE(c[4], best[1], 1e-12);
		CHECK_CLOSE(1 - c[4], best[0], 1e-12);
		CHECK_RELATIVE(c[5], loss[1], 1e-11);
		CHECK_RELATIVE(c[6], loss[0], 1e-11);
	}
}

static void
several_rates(void)
{
	static const double three[][2] = {{11, 91}, {13, 89}, {30, 300}};
	static const double apart[][2] = {{10, 999990}, {999990, 10}};
	double twenty[20][2];

	REQUIRE_OK(compare(CP_POSTERIOR_BETA, three, 3));
	CHECK_CLOSE(0.30028838183323553, best[0], 1e-12);
	CHECK_CLOSE(0.6262902723590259, best[1], 1e-12);
	CHECK_CLOSE(0.0734213458077389, best[2], 1e-12);
	CHECK_CLOSE(0.030227381443459937, loss[0], 1e-13);
	CHECK_CLOSE(0.010619538306205052, loss[1], 1e-13);
	CHECK_CLOSE(0.04716142778927099, loss[2], 1e-13);
	REQUIRE_OK(compare(CP_POSTERIOR_BETA, apart, 2));
	CHECK_CLOSE(0.99998, loss[0], 1e-14);
	for (int i = 0; i < 20; i++)
	{
		twenty[i][0] = 40 + 2 * i;
		twenty[i][1] = 960 - 2 * i;
	}
	REQUIRE_OK(compare(CP_POSTERIOR_BETA, twenty, 20));
	CHECK_CLOSE(0.3165571960137511, best[19], 1e-11);
	CHECK_CLOSE(0.007003326135926869, loss[19], 1e-11);
	/* E max is one number: losses differ as the means do */
	for (int i = 0; i < 19; i++)
		CHECK_CLOSE((19 - i) * 0.002, loss[i] - loss[19], 1e-14);
}

/* Two independent normal laws: P and loss by the difference's law. */
static void
check_two_means(double mean_a, double sd_a, double mean_b, double sd_b)
{
	const double arms[][2] = {{mean_a, sd_a}, {mean_b, sd_b}};
	double sd = hypot(sd_a, sd_b), z = (mean_b - mean_a) / sd;
	double gain = sd * 0.3989422804014327 * exp(-z * z / 2) - sd * z * cp_normal_cdf(-z);

	REQUIRE_OK(compare(CP_POSTERIOR_NORMAL, arms, 2));
	CHECK_CLOSE(cp_normal_cdf(z), best[1], 1e-13);
	CHECK_RELATIVE(cp_normal_cdf(-z), best[0], 1e-11);
	CHECK_RELATIVE(gain, loss[1], 1e-11);
	CHECK_RELATIVE(gain + (mean_b - mean_a), loss[0], 1e-11);
}

static void
means(void)
{
	static const double three[][2] = {{0, 1}, {0.5, 0.01}, {0.2, 2}};
	static const double far[][2] = {{0, 1e-9}, {1e6, 1}};

	check_two_means(0, 1, 1, 2);
	check_two_means(0, 1, 5, 1);
	check_two_means(0, 1, 12, 1);
	check_two_means(-3e200, 2e200, 1e200, 1e199);
	check_two_means(0, 1, 0.25, 1e-6);
	check_two_means(1e10, 0.125, 1e10 + 0.25, 0.125); /* not lost against the distance from 0 */
	REQUIRE_OK(compare(CP_POSTERIOR_NORMAL, three, 3));
	CHECK_CLOSE(0.20821932871914145, best[0], 1e-12);
	CHECK_CLOSE(0.3869561340969718, best[1], 1e-12);
	CHECK_CLOSE(0.40482453718388767, best[2], 1e-12);
	CHECK_CLOSE(1.2866969315144368, loss[0], 1e-12);
	CHECK_CLOSE(0.7866969315144365, loss[1], 1e-12);
	REQUIRE_OK(compare(CP_POSTERIOR_NORMAL, far, 2));
	CHECK_CLOSE(1e6, loss[0], 1e-8);
	CHECK(best[1] == 1 && loss[1] < 1e-300);
}

static void
points(void)
{
	static const double only[][2] = {{3, 0}, {5, 0}, {5, 0}};
	static const double mixed[][2] = {{0, 1}, {0.5, 0}, {0.5, 0}, {-1, 0}};

	REQUIRE_OK(compare(CP_POSTERIOR_NORMAL, only, 3));
	CHECK(best[0] == 0 && best[1] == 0.5 && best[2] == 0.5);
	CHECK(loss[1] == 0 && loss[2] == 0);
	CHECK_CLOSE(2, loss[0], 1e-14);
	REQUIRE_OK(compare(CP_POSTERIOR_NORMAL, mixed, 4));
	CHECK_CLOSE(cp_normal_cdf(-0.5), best[0], 1e-14);
	CHECK_CLOSE(cp_normal_cdf(0.5) / 2, best[1], 1e-14);
	CHECK(best[1] == best[2] && best[3] == 0);
	/* E max(Z, 1/2) - 1/2 */
	CHECK_CLOSE(0.35206532676429952 - 0.5 * cp_normal_cdf(-0.5), loss[1], 1e-14);
}

static void
alike(void)
{
	double arms[MOST_ARMS][2];

	for (uint32_t n = 1; n <= MOST_ARMS; n += 9)
	{
		for (uint32_t i = 0; i < n; i++)
		{
			arms[i][0] = 500;
			arms[i][1] = 9500;
		}
		REQUIRE_OK(compare(CP_POSTERIOR_BETA, arms, n));
		for (uint32_t i = 0; i < n; i++)
		{
			CHECK_CLOSE(1.0 / n, best[i], 1e-14);
			CHECK_RELATIVE(loss[0], loss[i], 1e-12);
		}
	}
	CHECK(loss[0] > 0);
}

/* Sum of P, and losses that differ as the means do, for laws of all shapes side by side. */
static void
shapes(void)
{
	static const double arms[][2] = {{0.05, 0.05},  {0.5, 0.5}, {1, 1},     {1e6, 1e6},
	                                 {1, 1e6},      {1e6, 1.5}, {1e9, 1e9}, {1e10, 0.05},
	                                 {100001, 9e5}, {3, 20}};
	uint32_t n = COUNT(arms);
	double sum = 0;

	REQUIRE_OK(compare(CP_POSTERIOR_BETA, arms, n));
	for (uint32_t i = 0; i < n; i++)
	{
		CpPosterior arm = {CP_POSTERIOR_BETA, arms[i][0], arms[i][1]};
		CpPosterior last = {CP_POSTERIOR_BETA, arms[n - 1][0], arms[n - 1][1]};

		CHECK(best[i] >= 0 && loss[i] >= 0);
		CHECK_CLOSE(cp_posterior_mean(&last) - cp_posterior_mean(&arm), loss[i] - loss[n - 1],
		            1e-12);
		sum += best[i];
	}
	CHECK_CLOSE(1, sum, 1e-14);
	/* Beta(1/2, 1/2) against Beta(1, 1), by symmetry and by E F = 1 - E X of the uniform law */
	REQUIRE_OK(compare(CP_POSTERIOR_BETA, arms + 1, 2));
	CHECK_CLOSE(0.5, best[0], 1e-13);
	CHECK_CLOSE(0.1875, loss[1], 1e-13); /* E (X - U)+ = E X^2 / 2 = 3/16 */
}

static void
refusals(void)
{
	static const double bad_betas[][2] = {{0, 1}, {1, -1}, {NAN, 1}, {1, HUGE_VAL}, {1, 1e300}};
	static const double bad_means[][2] = {
		{NAN, 1}, {0, -1}, {0, NAN}, {HUGE_VAL, 1}, {0, HUGE_VAL}};
	static const CpPosterior unlike[] = {{CP_POSTERIOR_BETA, 1, 1}, {CP_POSTERIOR_NORMAL, 1, 1}};
	static const double huge[][2] = {{1e300, 1e300}, {-1e300, 1e290}};

	for (size_t i = 0; i < COUNT(bad_betas); i++)
	{
		const double arms[][2] = {{1, 1}, {bad_betas[i][0], bad_betas[i][1]}};

		CHECK_STATUS(CP_BAD_PARAMETER, compare(CP_POSTERIOR_BETA, arms, 2));
	}
	for (size_t i = 0; i < COUNT(bad_means); i++)
		CHECK_STATUS(CP_BAD_PARAMETER, compare(CP_POSTERIOR_NORMAL, bad_means + i, 1));
	CHECK_STATUS(CP_BAD_PARAMETER, cp_posterior_best(unit_context(), unlike, 2, best, loss));
	REQUIRE_OK(compare(CP_POSTERIOR_NORMAL, huge, 2));
	CHECK_CLOSE(1, best[0] + best[1], 1e-15);
	CHECK(isfinite(loss[0]) && isfinite(loss[1]));
}

static void
host_says_no(void)
{
	static const CpPosterior arms[] = {{CP_POSTERIOR_BETA, 11, 91}, {CP_POSTERIOR_BETA, 13, 89}};
	CpContext *context = unit_context();
	CpStatus status = CP_CANCELLED;

	unit_fail_allocation(1);
	CHECK_STATUS(CP_NO_MEMORY, cp_posterior_best(context, arms, 2, best, loss));
	context = unit_context();
	context->budget = 32;
	CHECK_STATUS(CP_OVER_BUDGET, cp_posterior_best(context, arms, 2, best, loss));
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		context = unit_context();
		unit_cancel_after(polls);
		status = cp_posterior_best(context, arms, 2, best, loss);
		CHECK(status == CP_OK || (status == CP_CANCELLED && unit_polls() == polls + 1));
		REQUIRE(polls < 2000);
	}
	CHECK(unit_polls() > 100);
	CHECK_EQUAL(0, unit_live_blocks());
}

void
test_posterior(void)
{
	UNIT_CASE("two rates", two_rates);
	UNIT_CASE("three and twenty rates", several_rates);
	UNIT_CASE("means", means);
	UNIT_CASE("points", points);
	UNIT_CASE("arms that are alike", alike);
	UNIT_CASE("laws of all shapes", shapes);
	UNIT_CASE("refusals", refusals);
	UNIT_CASE("no memory, no budget, cancelled", host_says_no);
}
