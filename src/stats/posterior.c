/*
 * posterior.c: integrals over the laws of several arms at once.
 *
 * Rates are integrated over their log odds, where every beta law is smooth; means as they are, with
 * the highest mean as origin. Panels are as short as the narrowest law that lives there asks.
 * Complements of products are carried beside them, so that a tiny loss keeps its digits.
 */
#include "stats/posterior.h"

#include <math.h>

#include "num/special.h"
#include "stats/distributions.h"

#define INV_SQRT_2PI 0.3989422804014327
#define NORMAL_REACH 12.0 /* standard deviations, beyond which nothing is */
#define BETA_REACH 1e-33  /* the quantile of like size */
#define LOG_ODDS_LIMIT 700.0
#define BETA_LEAST 0.05
#define BETA_MOST 1e10
#define NORMAL_MOST 1e300
#define PANEL 2.0 /* standard deviations, or units of log odds */

/* A law in the coordinate of integration. left = right: a point. */
typedef struct Arm
{
	CpPosterior law;
	double left;
	double right;
	double panel;
	double lower; /* P(X <= coordinate), P(X > coordinate) and density, where the walk is */
	double upper;
	double density;
	double after_product; /* of lower over the arms after this one, and 1 less that */
	double after_rest;
} Arm;

/* Positive halves of the nodes and their weights, 20 points: numpy.polynomial.legendre.leggauss. */
static const double legendre[][2] = {
	{0.076526521133497338, 0.15275338713072578}, {0.2277858511416451, 0.14917298647260366},
	{0.37370608871541955, 0.14209610931838187},  {0.51086700195082713, 0.13168863844917653},
	{0.63605368072651502, 0.11819453196151825},  {0.7463319064601508, 0.10193011981724026},
	{0.83911697182221878, 0.083276741576704671}, {0.91223442825132584, 0.062672048334109443},
	{0.96397192727791381, 0.040601429800386217}, {0.99312859918509488, 0.017614007139153273}};

double
cp_posterior_mean(const CpPosterior *posterior)
{
	return posterior->law == CP_POSTERIOR_BETA ? posterior->a / (posterior->a + posterior->b)
	                                           : posterior->a;
}

static CpStatus
check_arms(CpContext *context, const CpPosterior *arms, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		double a = arms[i].a, b = arms[i].b;

		if (arms[i].law != arms[0].law)
			return cp_fail(context, CP_BAD_PARAMETER,
			               "Arms with posterior laws of different kinds cannot be compared.");
		if (arms[i].law == CP_POSTERIOR_BETA
		        ? !(a >= BETA_LEAST && b >= BETA_LEAST && a <= BETA_MOST && b <= BETA_MOST)
		        : !(fabs(a) <= NORMAL_MOST && b >= 0 && b <= NORMAL_MOST))
			return cp_fail(context, CP_BAD_PARAMETER,
			               "The posterior law of arm %u has parameters %g and %g.", i + 1, a, b);
	}
	return CP_OK;
}

static void
place_beta(Arm *arm)
{
	double a = arm->law.a, b = arm->law.b;
	double spread = sqrt(1 / a + 1 / b);

	arm->left = fmax(cp_logit(cp_beta_quantile(BETA_REACH, a, b)), -LOG_ODDS_LIMIT);
	arm->right = fmin(-cp_logit(cp_beta_quantile(BETA_REACH, b, a)), LOG_ODDS_LIMIT);
	arm->panel = PANEL * fmin(spread, 1);
}

/* A law too narrow to be resolved at its distance from the origin is a point. */
static void
place_normal(Arm *arm, double origin)
{
	double reach = NORMAL_REACH * arm->law.b;

	arm->law.a -= origin;
	if (arm->law.b <= 1e-13 * fabs(arm->law.a) + 1e-290)
		reach = 0;
	arm->left = arm->law.a - reach;
	arm->right = arm->law.a + reach;
	arm->panel = PANEL * arm->law.b;
}

static void
place_arms(Arm *arms, const CpPosterior *laws, uint32_t n)
{
	double origin = laws[0].a;

	for (uint32_t i = 1; i < n; i++)
		origin = fmax(origin, laws[i].a);
	for (uint32_t i = 0; i < n; i++)
	{
		arms[i].law = laws[i];
		if (laws[i].law == CP_POSTERIOR_BETA)
			place_beta(&arms[i]);
		else
			place_normal(&arms[i], origin);
	}
}

static void
evaluate_arm(Arm *arm, double at)
{
	arm->lower = at >= arm->right;
	arm->upper = 1 - arm->lower;
	arm->density = 0;
	if (at < arm->left || at >= arm->right)
		return;
	if (arm->law.law == CP_POSTERIOR_BETA)
	{
		CpBetaPoint point = cp_beta_at(cp_sigmoid(at), cp_sigmoid(-at), arm->law.a, arm->law.b);

		arm->lower = point.lower;
		arm->upper = point.upper;
		arm->density = point.mass;
	}
	else
	{
		double z = (at - arm->law.a) / arm->law.b;

		arm->lower = cp_normal_cdf(z);
		arm->upper = cp_normal_cdf(-z);
		arm->density = INV_SQRT_2PI * cp_exp(-z * z / 2) / arm->law.b;
	}
}

/*
 * What one point of the integrals adds: to best, density times the others' lower; to loss, lower
 * times 1 - the others' lower, times stretch = the derivative of the arms' unit at the coordinate.
 */
static void
add_point(Arm *arms, uint32_t n, double at, double weight, double stretch, double *best,
          double *loss)
{
	double product = 1, rest = 0;

	for (uint32_t i = n; i-- > 0;)
	{
		Arm *arm = &arms[i];

		evaluate_arm(arm, at);
		arm->after_product = product;
		arm->after_rest = rest;
		product *= arm->lower;
		rest += arm->upper * (1 - rest);
	}
	product = 1;
	rest = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		const Arm *arm = &arms[i];

		best[i] += weight * arm->density * product * arm->after_product;
		loss[i] += weight * stretch * arm->lower * (rest + arm->after_rest * (1 - rest));
		product *= arm->lower;
		rest += arm->upper * (1 - rest);
	}
}

/* Where the panel ends that begins there; infinite when nothing is left. */
static double
panel_end(const Arm *arms, uint32_t n, double begin)
{
	double end = HUGE_VAL;

	for (uint32_t i = 0; i < n; i++)
	{
		if (begin < arms[i].left)
			end = fmin(end, arms[i].left);
		else if (begin < arms[i].right)
			end = fmin(end, fmin(begin + arms[i].panel, arms[i].right));
	}
	/* log odds: the stretch varies between the laws, too */
	if (end < HUGE_VAL && arms[0].law.law == CP_POSTERIOR_BETA)
		end = fmin(end, begin + PANEL);
	return end;
}

static CpStatus
integrate_panel(CpContext *context, Arm *arms, uint32_t n, double begin, double end, double *best,
                double *loss)
{
	double middle = begin + (end - begin) / 2, half = (end - begin) / 2;
	size_t nodes = sizeof(legendre) / sizeof(legendre[0]);

	for (size_t k = 0; k < 2 * nodes; k++)
	{
		const double *node = legendre[k / 2];
		double at = middle + (k % 2 ? half : -half) * node[0];
		double stretch =
			arms[0].law.law == CP_POSTERIOR_BETA ? cp_sigmoid(at) * cp_sigmoid(-at) : 1;

		CP_TRY(cp_poll(context));
		add_point(arms, n, at, half * node[1], stretch, best, loss);
	}
	return CP_OK;
}

/* The highest points beat the lower ones for sure and share what the others leave them. */
static void
add_points_of_no_width(Arm *arms, uint32_t n, double *best)
{
	double highest = -HUGE_VAL, chance = 1;
	uint32_t ties = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		if (arms[i].left == arms[i].right)
			highest = fmax(highest, arms[i].left);
	}
	for (uint32_t i = 0; i < n; i++)
	{
		evaluate_arm(&arms[i], highest);
		chance *= arms[i].lower;
		ties += arms[i].left == highest && arms[i].right == highest;
	}
	for (uint32_t i = 0; i < n; i++)
	{
		if (arms[i].left == highest && arms[i].right == highest)
			best[i] = chance / ties;
	}
}

static CpStatus
integrate(CpContext *context, Arm *arms, uint32_t n, double *best, double *loss)
{
	double begin = HUGE_VAL, end, sum = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		best[i] = loss[i] = 0;
		begin = fmin(begin, arms[i].left);
	}
	for (; (end = panel_end(arms, n, begin)) < HUGE_VAL; begin = end)
		CP_TRY(integrate_panel(context, arms, n, begin, end, best, loss));
	add_points_of_no_width(arms, n, best);
	for (uint32_t i = 0; i < n; i++)
		sum += best[i];
	for (uint32_t i = 0; i < n; i++)
		best[i] /= sum;
	return CP_OK;
}

CpStatus
cp_posterior_best(CpContext *context, const CpPosterior *arms, uint32_t n, double *best,
                  double *loss)
{
	Arm *placed;

	CP_TRY(check_arms(context, arms, n));
	CP_TRY(cp_alloc(context, &placed, n, sizeof(Arm)));
	place_arms(placed, arms, n);
	CP_TRY(integrate(context, placed, n, best, loss));
	cp_free(context, &placed);
	return CP_OK;
}
