/*
 * test_drift.c: divergences and chi-square tests against numpy 1.24.2 and scipy 1.10.1 (entropy on
 * the filled shares, chi2_contingency without correction, chisquare), extreme counts.
 */
#include "unit.h"

#include <math.h>

#include "stats/drift.h"

extern void test_drift(void);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MAX_CELLS 10
#define CLOSE 1e-12

typedef struct Shift
{
	uint32_t cells;
	double reference[MAX_CELLS];
	double current[MAX_CELLS];
	CpDivergence divergence;
} Shift;

static const Shift shifts[] = {
	{6,
     {16, 18, 16, 14, 12, 12},
     {16, 16, 16, 16, 16, 8},
     {0.037218381577290835, 0.01890967696532027, 0.018308704611970573, 0.018909676965320497,
      0.018308704611970428, 0.00463055700294874, 0.06818181818181819}},
	{4,
     {40, 40, 20, 0},
     {35, 50, 0, 15},
     {2.644663062449946, 1.4836043063938327, 1.1610587560561128, 1.483455960797753,
      1.1609426617899337, 0.12491823009846803, 0.25}},
	{5,
     {200, 300, 250, 150, 100},
     {210, 280, 310, 200, 0},
     {0.7192432978413547, 0.6047852007384092, 0.11445809710294541, 0.6048851957387424,
      0.11434665743736838, 0.03829285889260934, 0.11999999999999998}},
	{10,
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
     {0, 0, 0, 0, 0, 1, 1, 1, 1, 6},
     {4.346303496465605, 3.274701692568263, 1.0716018038973418, 3.275201567609914,
      1.0705663957203095, 0.27234759693502403, 0.5}},
	{2, {0, 20}, {0, 15}, {0, 0, 0, 0, 0, 0, 0}},
	{10,
     {100000, 100000, 100000, 100000, 100000, 100000, 100000, 100000, 100000, 100000},
     {100426, 100154, 99492, 99569, 99988, 99469, 99767, 100562, 100289, 100284},
     {1.4657831272524877e-05, 7.329510029225434e-06, 7.32832124333637e-06, 7.329510029225434e-06,
      7.328321243336262e-06, 1.832227187368099e-06, 0.0017150000000000082}},
	/* A cell empty on both sides counts for the normalised ones. */
	{4,
     {4, 0, 6, 0},
     {7, 0, 0, 3},
     {7.787833267370229, 4.99506189699518, 2.7927713703750485, 4.994063084378305,
      2.7922129277894903, 0.3326322049141792, 0.6}}};

typedef struct Table
{
	uint32_t cells;
	double reference[MAX_CELLS];
	double current[MAX_CELLS];
	CpChi2 homogeneity;
	CpChi2 goodness_of_fit;
} Table;

static const Table tables[] = {{3,
                                {30, 20, 50},
                                {45, 15, 40},
                                {4.825396825396825, 2, 0.08957326253887996},
                                {10.75, 2, 0.004630918733533247}},
                               /* Evidently's own test: p = 0.67309 */
                               {6,
                                {16, 18, 16, 14, 12, 12},
                                {16, 16, 16, 16, 16, 8},
                                {1.6224089635854342, 5, 0.8985262394026607},
                                {3.1746031746031744, 5, 0.6730876006966301}},
                               {4,
                                {40, 40, 20, 0},
                                {35, 50, 0, 15},
                                {36.44444444444444, 3, 6.031232071534127e-08},
                                {HUGE_VAL, 3, 0}},
                               {4,
                                {0, 10, 0, 10},
                                {0, 4, 0, 12},
                                {2.337662337662337, 1, 0.12627892855469744},
                                {4, 1, 0.04550026389635857}},
                               {5,
                                {200, 300, 250, 150, 100},
                                {210, 280, 310, 200, 0},
                                {114.50498618286676, 4, 7.959260008722533e-24},
                                {132.9, 4, 9.334985152632247e-28}},
                               {1, {5}, {3}, {0, 0, 1}, {0, 0, 1}}};

static void
check_divergence(const CpDivergence *expected, const CpDivergence *obtained)
{
	CHECK_CLOSE(expected->psi, obtained->psi, CLOSE);
	CHECK_CLOSE(expected->kl_reference, obtained->kl_reference, CLOSE);
	CHECK_CLOSE(expected->kl_current, obtained->kl_current, CLOSE);
	CHECK_CLOSE(expected->kl_reference_normalised, obtained->kl_reference_normalised, CLOSE);
	CHECK_CLOSE(expected->kl_current_normalised, obtained->kl_current_normalised, CLOSE);
	CHECK_CLOSE(expected->js, obtained->js, CLOSE);
	CHECK_CLOSE(expected->total_variation, obtained->total_variation, CLOSE);
}

static void
divergences(void)
{
	CpDivergence divergence;

	for (size_t i = 0; i < COUNT(shifts); i++)
	{
		const Shift *shift = &shifts[i];

		cp_divergence(shift->reference, shift->current, shift->cells, CP_EMPTY_EPSILON,
		              &divergence);
		check_divergence(&shift->divergence, &divergence);
	}
}

/* Only a least share of at most epsilon, even just that, changes what is filled in. */
static void
relative_fill(void)
{
	static const double many[] = {99999, 1, 0, 0}, halves[] = {50000, 0, 50000, 0};
	static const double at_epsilon[] = {9999, 1, 0}, few[] = {1, 0, 1};
	CpDivergence divergence;

	cp_divergence(many, halves, 4, CP_EMPTY_RELATIVE, &divergence);
	CHECK_CLOSE(12.666025121886378, divergence.psi, CLOSE);
	CHECK_CLOSE(0.6933072028484801, divergence.kl_reference_normalised, CLOSE);
	CHECK_CLOSE(11.970323814265184, divergence.kl_current_normalised, CLOSE);
	cp_divergence(at_epsilon, few, 3, CP_EMPTY_RELATIVE, &divergence);
	CHECK_CLOSE(11.512806155519234, divergence.psi, CLOSE);
	CHECK_CLOSE(0.6929778686087856, divergence.kl_reference, CLOSE);
	CHECK_CLOSE(10.819828286910449, divergence.kl_current, CLOSE);
	cp_divergence(shifts[1].reference, shifts[1].current, 4, CP_EMPTY_RELATIVE, &divergence);
	check_divergence(&shifts[1].divergence, &divergence);
}

static void
check_chi2(CpChi2 expected, CpChi2 obtained)
{
	CHECK_RELATIVE(expected.statistic, obtained.statistic, CLOSE);
	CHECK_CLOSE(expected.df, obtained.df, 0);
	CHECK_RELATIVE(expected.p, obtained.p, CLOSE);
}

static void
chi2(void)
{
	for (size_t i = 0; i < COUNT(tables); i++)
	{
		const Table *table = &tables[i];

		check_chi2(table->homogeneity,
		           cp_chi2_homogeneity(table->reference, table->current, table->cells));
		check_chi2(table->goodness_of_fit,
		           cp_chi2_goodness_of_fit(table->reference, table->current, table->cells));
	}
}

/* Of 10 uniform cells with counts that are off by 1e-9 of themselves, in turn up and down. */
static void
small_drift(void)
{
	double reference[10], current[10];
	CpDivergence divergence;

	for (int i = 0; i < 10; i++)
	{
		reference[i] = 1e9;
		current[i] = 1e9 + (i % 2 == 0 ? 1 : -1);
	}
	cp_divergence(reference, current, 10, CP_EMPTY_EPSILON, &divergence);
	CHECK_RELATIVE(1e-18, divergence.psi, 1e-6);
	CHECK_RELATIVE(0.5e-18, divergence.kl_reference_normalised, 1e-6);
	CHECK_RELATIVE(0.125e-18, divergence.js, 1e-6);
}

static bool
any_nan(const CpDivergence *d)
{
	return isnan(d->psi) || isnan(d->kl_reference) || isnan(d->kl_current) ||
	       isnan(d->kl_reference_normalised) || isnan(d->kl_current_normalised) || isnan(d->js) ||
	       isnan(d->total_variation);
}

static void
check_extreme(const double *reference, const double *current)
{
	bool empty = reference[0] + reference[1] == 0 || current[0] + current[1] == 0;
	CpChi2 homogeneity = cp_chi2_homogeneity(reference, current, 3);
	CpChi2 fit = cp_chi2_goodness_of_fit(reference, current, 3);
	CpDivergence divergence;

	for (int fill = CP_EMPTY_EPSILON; fill <= CP_EMPTY_RELATIVE; fill++)
	{
		cp_divergence(reference, current, 3, (CpEmptyCells) fill, &divergence);
		CHECK(any_nan(&divergence) == empty);
	}
	CHECK(isnan(homogeneity.statistic) == empty && isnan(homogeneity.p) == empty);
	CHECK(isnan(fit.statistic) == empty && isnan(fit.p) == empty && isnan(fit.df) == empty);
}

/* All pairs of pairs; only an empty side leaves nothing to say. */
static void
extreme_counts(void)
{
	static const double counts[] = {0, 5e-324, 1e-300, 1e-150, 1, 3, 1e150, 1e300, 1.7e308};
	const size_t n = COUNT(counts);
	CpDivergence divergence;

	for (size_t k = 0; k < n * n * n * n; k++)
		check_extreme((const double[]){counts[k % n], counts[k / n % n], 0},
		              (const double[]){counts[k / n / n % n], counts[k / n / n / n], 0});
	cp_divergence((const double[]){3e300, 1e300}, (const double[]){1e-300, 1e-300}, 2,
	              CP_EMPTY_EPSILON, &divergence);
	CHECK_CLOSE(0.25, divergence.total_variation, 1e-15);
	CHECK_CLOSE(0.25 * log(3), divergence.psi, 1e-15);
	cp_divergence(NULL, NULL, 0, CP_EMPTY_EPSILON, &divergence);
	CHECK(isnan(divergence.psi));
}

static void
by_chance(void)
{
	CHECK_CLOSE(9 * (0.001 + 0.0025), cp_psi_by_chance(10, 1000, 400), 1e-17);
	CHECK(cp_psi_by_chance(1, 10, 10) == 0);
	CHECK(isnan(cp_psi_by_chance(0, 10, 10)) && isnan(cp_psi_by_chance(3, 0, 10)) &&
	      isnan(cp_psi_by_chance(3, 10, NAN)));
}

void
test_drift(void)
{
	UNIT_CASE("divergences as numpy and scipy have them", divergences);
	UNIT_CASE("empty cells as Evidently fills them", relative_fill);
	UNIT_CASE("chi-square of both forms as scipy has them", chi2);
	UNIT_CASE("a drift of a billionth keeps its digits", small_drift);
	UNIT_CASE("counts from 5e-324 to 1.7e308", extreme_counts);
	UNIT_CASE("PSI by chance", by_chance);
}
