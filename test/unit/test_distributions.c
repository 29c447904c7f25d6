/*
 * test_distributions.c: distribution functions against other programs.
 *
 * Tables are R 4.2.2's pbeta, qbeta, pchisq, pt, qt and dbeta with 17 digits; those of the
 * noncentral t law scipy 1.10.1's nct.sf and, for the two far tails where R and scipy have fewer
 * digits, scipy.integrate.quad over the chi law. Logarithms of gamma and beta: Stirling's series
 * with 60 digits in Python's decimal module.
 */
#include "unit.h"

#include <math.h>

#include "num/special.h"
#include "stats/distributions.h"

extern void test_distributions(void);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

typedef struct Reference
{
	double arguments[3];
	double value;
} Reference;

static const struct
{
	double arguments[3];
	double lower;
	double upper;
} betas[] = {
	{{0.5, 0.5, 0.5}, 0.49999999999999956, 0.5000000000000004},
	{{0.3, 2.0, 3.0}, 0.3482999999999999, 0.6517000000000002},
	{{1e-300, 0.5, 0.5}, 6.366197723675812e-151, 1.0},
	{{1e-10, 0.0625, 3.0}, 0.25983215798057374, 0.7401678420194262},
	{{0.75, 0.0625, 100.0}, 1.0, 6.996152299334446e-64},
	{{0.999, 0.0625, 0.0625}, 0.6733727596118723, 0.32662724038812774},
	{{0.0471, 1000000.0, 20000000.0}, 1.8695220005943325e-29, 1.0},
	{{0.047619047619047616, 1000000.0, 20000000.0}, 0.5001232871383089, 0.4998767128616911},
	{{0.4375, 10000.0, 10000.0}, 9.075635360425145e-71, 1.0},
	{{0.49, 1000000.0, 1000000.0}, 2.4904536576120604e-176, 1.0},
	{{6e-05, 3.0, 10000000.0}, 1.0, 4.701250998340714e-256},
	{{0.9999, 1000000.0, 0.5}, 2.0780712799762585e-45, 1.0},
	{{1e-09, 5.0, 1000000000.0}, 0.003659846865664525, 0.9963401531343354}};

static const Reference beta_quantiles[] = {{{0.025, 3.0, 18.0}, 0.03207093718546371},
                                           {{0.975, 3.0, 18.0}, 0.3169827140190823},
                                           {{0.975, 1.0, 1000000.0}, 3.6888726502064855e-06},
                                           {{0.025, 1000000.0, 20000000.0}, 0.04752800610291921},
                                           {{1e-300, 2.0, 3.0}, 4.082482904638743e-151},
                                           {{1e-05, 0.0625, 0.0625}, 5.964100534221621e-76},
                                           {{0.9, 1000000000.0, 1000000000.0}, 0.500014328182085}};

static const Reference chi2s[] = {{{1400.0, 1.0}, 2.1010145162641344e-306},
                                  {{3.0, 2.0}, 0.22313016014842982},
                                  {{0.1, 1.0}, 0.7518296340458493},
                                  {{1e-10, 5.0}, 1.0},
                                  {{1000.0, 3.0}, 1.7994208765314476e-216},
                                  {{10000.0, 10000.0}, 0.49811936596618267},
                                  {{10000.0, 9000.0}, 3.031801838549099e-13},
                                  {{12000.0, 10000.0}, 1.1470065524601262e-40},
                                  {{1001000000.0, 1000000000.0}, 5.613937948273742e-111},
                                  {{1.0, 0.125}, 0.036054855767684364}};

static const Reference ts[] = {{{1.0, 1.0}, 0.49999999999999956},
                               {{12.5, 1.0}, 0.050821347332231794},
                               {{-1e+100, 1.0}, 6.366197723675842e-101},
                               {{2.0, 5.0}, 0.10193947882985828},
                               {{0.5, 30.0}, 0.6207230048851273},
                               {{0.001, 30.0}, 0.9992087357664852},
                               {{37.0, 1000000.0}, 1.8299730861800904e-299},
                               {{30.0, 10000.0}, 2.044327047425731e-189},
                               {{2.0, 1000000000.0}, 0.04550026416631333},
                               {{30.0, 1000000000000.0}, 9.813429845928687e-198},
                               {{5.0, 0.125}, 0.6622829884662791},
                               {{37.0, HUGE_VAL}, 1.1451142445049154e-299}};

static const Reference t_quantiles[] = {
	{{0.975, 1.0}, 12.706204736174694},         {{0.975, 5.0}, 2.5705818356363137},
	{{0.025, 1000000.0}, -1.9599663568141066},  {{0.6, 3.0}, 0.27667066233268983},
	{{1e-10, 10.0}, -25.46600802169772},        {{1e-200, 30.0}, -23290831.50799123},
	{{1e-300, 1000000.0}, -37.059820872774395}, {{0.1, 0.0625}, -19548184461.091385},
	{{0.975, HUGE_VAL}, 1.9599639845400536}};

static const Reference noncentral_ts[] = {
	{{1.96, 784.0, 2.8}, 0.7994329494244541},    {{2.0, 10.0, 0.0}, 0.03669401738537018},
	{{2.0, 1000000.0, 3.0}, 0.8413446250834378}, {{2.2, 3.0, 5.0}, 0.9852673203085739},
	{{2.2, 0.5, 5.0}, 0.9450956225392732},       {{30.0, 20.0, 37.0}, 0.9329442379617385},
	{{12.7, 1.0, 10.0}, 0.5675299659224908},     {{-40.0, 5.0, -37.0}, 0.5102255267056052},
	{{0.0, 5.0, 1.0}, 0.8413447460685429},       {{2.0, 1.0, -5.0}, 2.1161982121580458e-08},
	{{2.0, 10.0, -3.0}, 2.31815928998346e-06}};

static void
logarithms(void)
{
	static const double gammas[][2] = {{1e-300, 690.7755278982137},
	                                   {1e-5, 11.512919692895826},
	                                   {0.3, 1.0957979948180756},
	                                   {1.5, -0.12078223763524522},
	                                   {7.25, 7.0521854507385395},
	                                   {100, 359.1342053695754},
	                                   {1e6, 12815504.569147611},
	                                   {1e15, 3.3538776394910668e16},
	                                   {1, 0},
	                                   {2, 0}};
	static const double betas_of[][3] = {
		{0.5, 0.5, 1.1447298858494002},  {2, 3, -2.4849066497880004},
		{1e6, 2e7, -4020331.6855336432}, {1e-3, 1e9, 6.886455619547407},
		{1e12, 3, -82.1999161672287},    {1e9, 1e9, -1386294370.2160115},
		{1e15, 0.5, -16.69702325453064}};

	for (size_t i = 0; i < COUNT(gammas); i++)
		CHECK_CLOSE(gammas[i][1], cp_log_gamma(gammas[i][0]), 1e-14 * fmax(1, gammas[i][1]));
	for (size_t i = 0; i < COUNT(betas_of); i++)
	{
		const double *row = betas_of[i];

		CHECK_RELATIVE(row[2], cp_log_beta(row[0], row[1]), 3e-15);
		CHECK(cp_log_beta(row[0], row[1]) == cp_log_beta(row[1], row[0]));
	}
}

static void
beta(void)
{
	for (size_t i = 0; i < COUNT(betas); i++)
	{
		const double *v = betas[i].arguments;

		CHECK_RELATIVE(betas[i].lower, cp_beta_cdf(v[0], v[1], v[2]), 1e-12);
		CHECK_RELATIVE(betas[i].upper, cp_beta_upper(v[0], v[1], v[2]), 1e-12);
		CHECK_RELATIVE(betas[i].upper, cp_beta_at(1 - v[0], v[0], v[2], v[1]).lower, 1e-12);
	}
	/* P(X > x) at a distance of 3.9 and 15 standard deviations, by the positive series of 60 digits */
	CHECK_RELATIVE(5.0230629364810781e-05, cp_beta_upper(0.0478, 1e6, 2e7), 1e-12);
	CHECK_RELATIVE(1.044191584801993e-45, cp_beta_cdf(0.4995, 1e8, 1e8), 1e-10);
	CHECK_RELATIVE(1.764, cp_beta_density(0.3, 2, 3), 1e-14);
	CHECK_RELATIVE(7895.8530943836149, cp_beta_density(0.0476, 1e6, 2e7), 1e-12);
	CHECK_RELATIVE(100.65892750486988, cp_beta_density(1e-5, 0.5, 0.5), 1e-14);
	CHECK_RELATIVE(0.5, cp_beta_cdf(0.5, 1e9, 1e9), 1e-13);
}

static void
beta_ends(void)
{
	CHECK(cp_beta_cdf(0, 2, 3) == 0 && cp_beta_upper(0, 2, 3) == 1);
	CHECK(cp_beta_cdf(1, 2, 3) == 1 && cp_beta_upper(1, 2, 3) == 0);
	CHECK(cp_beta_density(0, 1, 3) == 3 && cp_beta_density(1, 2, 1) == 2);
	CHECK(cp_beta_density(0, 2, 3) == 0 && cp_beta_density(1, 2, 0.5) == HUGE_VAL);
	CHECK(cp_beta_quantile(0, 2, 3) == 0 && cp_beta_quantile(1, 2, 3) == 1);
}

static void
beta_quantile(void)
{
	static const double ps[] = {1e-200, 1e-9, 0.025, 0.3, 0.5, 0.8, 0.999};
	static const double shapes[] = {0.0625, 0.5, 1, 7, 1e4, 1e8};

	for (size_t i = 0; i < COUNT(beta_quantiles); i++)
	{
		const double *v = beta_quantiles[i].arguments;

		CHECK_RELATIVE(beta_quantiles[i].value, cp_beta_quantile(v[0], v[1], v[2]), 1e-13);
	}
	for (size_t k = 0; k < COUNT(ps) * COUNT(shapes) * COUNT(shapes); k++)
	{
		double p = ps[k % COUNT(ps)];
		double a = shapes[k / COUNT(ps) % COUNT(shapes)];
		double b = shapes[k / COUNT(ps) / COUNT(shapes)];
		double x = cp_beta_quantile(p, a, b);

		if (x > 0 && x < 0.9)
			CHECK_RELATIVE(p, cp_beta_cdf(x, a, b), 2e-11);
	}
}

static void
chi2(void)
{
	for (size_t i = 0; i < COUNT(chi2s); i++)
		CHECK_RELATIVE(chi2s[i].value, cp_chi2_upper(chi2s[i].arguments[0], chi2s[i].arguments[1]),
		               2e-13);
	CHECK(cp_chi2_upper(1e4, 1) == 0 && cp_chi2_upper(HUGE_VAL, 3) == 0);
	CHECK(cp_chi2_upper(0, 3) == 1);
	CHECK_RELATIVE(cp_normal_two_sided(5), cp_chi2_upper(25, 1), 1e-14);
}

static void
student(void)
{
	static const double ps[] = {1e-200, 1e-9, 0.025, 0.2, 0.4, 0.499999999};
	static const double dfs[] = {1, 2.5, 30, 1e4, 1e9};

	for (size_t i = 0; i < COUNT(ts); i++)
		CHECK_RELATIVE(ts[i].value, cp_t_two_sided(ts[i].arguments[0], ts[i].arguments[1]), 1e-12);
	for (size_t i = 0; i < COUNT(t_quantiles); i++)
	{
		const double *v = t_quantiles[i].arguments;

		CHECK_RELATIVE(t_quantiles[i].value, cp_t_quantile(v[0], v[1]), 1e-13);
	}
	for (size_t k = 0; k < COUNT(ps) * COUNT(dfs); k++)
	{
		double p = ps[k % COUNT(ps)], df = dfs[k / COUNT(ps)];
		double t = cp_t_quantile(p, df);

		/* beyond 1e150 t * t leaves the range of numbers */
		CHECK(t < 0);
		if (t > -1e150)
			CHECK_RELATIVE(2 * p, cp_t_two_sided(t, df), 1e-12);
		if (p > 1e-9)
			CHECK_RELATIVE(-t, cp_t_quantile(1 - p, df), 1e-7);
	}
	CHECK_RELATIVE(-3.183098861837907e299, cp_t_quantile(1e-300, 1), 1e-12); /* 1 / (pi p) */
	CHECK(cp_t_quantile(0.5, 3) == 0 && cp_t_quantile(0, 3) == -HUGE_VAL);
	CHECK(cp_t_two_sided(0, 3) == 1 && cp_t_two_sided(HUGE_VAL, 3) == 0);
}

static void
noncentral(void)
{
	for (size_t i = 0; i < COUNT(noncentral_ts); i++)
	{
		const double *v = noncentral_ts[i].arguments;

		CHECK_RELATIVE(noncentral_ts[i].value, cp_noncentral_t_upper(v[0], v[1], v[2]), 1e-12);
		CHECK_CLOSE(1 - noncentral_ts[i].value, cp_noncentral_t_upper(-v[0], v[1], -v[2]), 1e-13);
	}
	CHECK_RELATIVE(cp_t_two_sided(1e6, 5) / 2, cp_noncentral_t_upper(1e6, 5, 0), 1e-12);
	CHECK_RELATIVE(cp_normal_cdf(1), cp_noncentral_t_upper(2, HUGE_VAL, 3), 1e-15);
	/* where the normal part is dropped, all goes on as it was */
	CHECK_CLOSE(cp_noncentral_t_upper(900, 5, 1000), cp_noncentral_t_upper(900.009, 5, 1000.01),
	            1e-5);
	CHECK_CLOSE(cp_noncentral_t_upper(-900, 5, -1000), cp_noncentral_t_upper(-900.009, 5, -1000.01),
	            1e-5);
	CHECK(cp_noncentral_t_upper(1, 5, -2000) == 0 && cp_noncentral_t_upper(-1, 5, 2000) == 1);
}

static void
bad_arguments(void)
{
	static const double bad[] = {0, -1, -HUGE_VAL, NAN, HUGE_VAL};

	for (size_t i = 0; i < COUNT(bad); i++)
	{
		CHECK(isnan(cp_log_gamma(bad[i])) && isnan(cp_log_beta(bad[i], 1)));
		CHECK(isnan(cp_beta_cdf(0.5, bad[i], 1)) && isnan(cp_beta_upper(0.5, 1, bad[i])));
		CHECK(isnan(cp_beta_density(0, bad[i], 1)) && isnan(cp_beta_quantile(0.5, 1, bad[i])));
		CHECK(isnan(cp_chi2_upper(1, bad[i])));
		CHECK(isnan(cp_t_two_sided(1, bad[i])) == !(bad[i] > 0));
		CHECK(isnan(cp_t_quantile(0.1, bad[i])) == !(bad[i] > 0));
		CHECK(isnan(cp_noncentral_t_upper(1, bad[i], 1)) == !(bad[i] > 0));
		if (bad[i] != 0)
		{
			CHECK(isnan(cp_beta_cdf(bad[i], 2, 3)) && isnan(cp_beta_quantile(bad[i], 2, 3)));
			CHECK(isnan(cp_beta_density(bad[i], 2, 3)) && isnan(cp_t_quantile(bad[i], 3)));
		}
	}
	CHECK(isnan(cp_chi2_upper(-1, 3)) && isnan(cp_chi2_upper(NAN, 3)));
	CHECK(isnan(cp_t_two_sided(NAN, 3)) && isnan(cp_t_two_sided(NAN, HUGE_VAL)));
	CHECK(isnan(cp_noncentral_t_upper(NAN, 3, 1)) && isnan(cp_noncentral_t_upper(1, 3, NAN)));
	CHECK(isnan(cp_chi2_upper(1e18, 1e18))); /* too many terms: no answer, not a wrong one */
	CHECK(isnan(cp_beta_cdf(0.5, 1e18, 1e18)));
}

void
test_distributions(void)
{
	UNIT_CASE("logarithms of gamma and beta", logarithms);
	UNIT_CASE("beta law", beta);
	UNIT_CASE("ends of the beta law", beta_ends);
	UNIT_CASE("beta quantiles", beta_quantile);
	UNIT_CASE("chi-square", chi2);
	UNIT_CASE("Student's t", student);
	UNIT_CASE("noncentral t", noncentral);
	UNIT_CASE("bad arguments", bad_arguments);
}
