/*
 * test_population.c: synthetic customers: their rate, their labels, how they hang together, and
 * that each is itself whoever else is drawn.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "decide/population.h"

extern void test_population(void);

#define CUSTOMERS 100000

static bool
same(const CpSyntheticCustomer *a, const CpSyntheticCustomer *b)
{
	return memcmp(a->levels, b->levels, CP_TRAITS) == 0 && a->tenure == b->tenure &&
	       a->monthly_charges == b->monthly_charges && a->probability == b->probability &&
	       (a->total_charges == b->total_charges ||
	        (isnan(a->total_charges) && isnan(b->total_charges)));
}

/* The mean is the rate asked for, and the labels follow the probabilities, in every tenth. */
static void
check_rates(void)
{
	static const double rates[] = {0.001, 0.02, CP_POPULATION_CHURN_RATE, 0.5, 0.9, 0.999};

	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++)
	{
		double expected[10] = {0}, variance[10] = {0}, churned[10] = {0};
		double mean = 0;
		CpPopulation population;

		REQUIRE_OK(cp_population_init(unit_context(), r, rates[r], &population));
		for (uint32_t i = 0; i < CUSTOMERS; i++)
		{
			CpSyntheticCustomer customer;
			int tenth;

			cp_population_draw(&population, i, &customer);
			tenth = (int) (10 * customer.probability);
			expected[tenth] += customer.probability;
			variance[tenth] += customer.probability * (1 - customer.probability);
			churned[tenth] += customer.levels[CP_TRAIT_CHURN];
			mean += customer.probability / CUSTOMERS;
			CHECK(customer.probability > 0 && customer.probability < 1);
		}
		CHECK_CLOSE(rates[r], mean, 0.002);
		for (int tenth = 0; tenth < 10; tenth++)
			if (variance[tenth] > 10)
				CHECK_CLOSE(expected[tenth], churned[tenth], 3.5 * sqrt(variance[tenth]));
		CHECK_EQUAL(0, unit_live_blocks());
	}
}

/* The formula of the header, once more, on levels as texts. */
static bool
is(const CpSyntheticCustomer *customer, CpTrait trait, const char *level)
{
	return strcmp(cp_trait_level(trait, customer->levels[trait]), level) == 0;
}

static double
log_odds(const CpSyntheticCustomer *c, double intercept)
{
	bool monthly = is(c, CP_TRAIT_CONTRACT, "Month-to-month");
	bool fiber = is(c, CP_TRAIT_INTERNET_SERVICE, "Fiber optic");
	double x = log(1.0 + c->tenure) / log(73);
	double z = intercept - 2.6 * x * (monthly ? 1 : 0.45);

	z -= 1.3 * is(c, CP_TRAIT_CONTRACT, "One year") + 2.4 * is(c, CP_TRAIT_CONTRACT, "Two year");
	z += 0.7 * fiber - 0.6 * is(c, CP_TRAIT_INTERNET_SERVICE, "No");
	z -= (0.2 + 0.3 * fiber) *
	     (is(c, CP_TRAIT_ONLINE_SECURITY, "Yes") + is(c, CP_TRAIT_TECH_SUPPORT, "Yes"));
	z -= 0.1 * (is(c, CP_TRAIT_ONLINE_BACKUP, "Yes") + is(c, CP_TRAIT_DEVICE_PROTECTION, "Yes"));
	z += 0.15 * (is(c, CP_TRAIT_STREAMING_TV, "Yes") + is(c, CP_TRAIT_STREAMING_MOVIES, "Yes"));
	z += is(c, CP_TRAIT_PAYMENT_METHOD, "Electronic check") * (monthly ? 0.65 : 0.35);
	z -= 0.2 * (is(c, CP_TRAIT_PAYMENT_METHOD, "Bank transfer (automatic)") ||
	            is(c, CP_TRAIT_PAYMENT_METHOD, "Credit card (automatic)"));
	z += 0.25 * is(c, CP_TRAIT_PAPERLESS_BILLING, "Yes");
	z += 0.1 * is(c, CP_TRAIT_MULTIPLE_LINES, "Yes");
	z += 0.3 * is(c, CP_TRAIT_SENIOR_CITIZEN, "1") - 0.3 * is(c, CP_TRAIT_DEPENDENTS, "Yes");
	z -= 0.15 * (is(c, CP_TRAIT_DEPENDENTS, "Yes") && is(c, CP_TRAIT_PARTNER, "Yes"));
	z += 0.9 * tanh((c->monthly_charges - 75) / 20) * (1 - x);
	return z - 0.4 * exp(-pow((c->tenure - 48.0) / 8, 2));
}

static double
list_price(const CpSyntheticCustomer *c)
{
	double price = is(c, CP_TRAIT_PHONE_SERVICE, "Yes") ? 20 : 0;

	price += is(c, CP_TRAIT_INTERNET_SERVICE, "DSL") ? 25 : 0;
	price += is(c, CP_TRAIT_INTERNET_SERVICE, "Fiber optic") ? 50 : 0;
	price += is(c, CP_TRAIT_MULTIPLE_LINES, "Yes") ? 5 : 0;
	for (int trait = CP_TRAIT_ONLINE_SECURITY; trait <= CP_TRAIT_STREAMING_MOVIES; trait++)
		if (is(c, (CpTrait) trait, "Yes"))
			price += trait >= CP_TRAIT_STREAMING_TV ? 10 : 5;
	return price;
}

static void
check_one(const CpSyntheticCustomer *c, double intercept)
{
	bool offline = is(c, CP_TRAIT_INTERNET_SERVICE, "No");
	bool phone = is(c, CP_TRAIT_PHONE_SERVICE, "Yes");

	for (int trait = 0; trait < CP_TRAITS; trait++)
		REQUIRE(cp_trait_level((CpTrait) trait, c->levels[trait]) != NULL);
	for (int trait = CP_TRAIT_ONLINE_SECURITY; trait <= CP_TRAIT_STREAMING_MOVIES; trait++)
		CHECK(is(c, (CpTrait) trait, "No internet service") == offline);
	CHECK(is(c, CP_TRAIT_MULTIPLE_LINES, "No phone service") == !phone);
	CHECK(phone || is(c, CP_TRAIT_INTERNET_SERVICE, "DSL"));
	CHECK(c->tenure <= CP_POPULATION_TENURE);
	CHECK_CLOSE(list_price(c), c->monthly_charges, 2.55);
	CHECK_CLOSE(round(c->monthly_charges * 20), c->monthly_charges * 20, 1e-9);
	if (c->tenure == 0)
		CHECK(isnan(c->total_charges));
	else
	{
		CHECK_CLOSE(c->tenure, c->total_charges / c->monthly_charges,
		            0.47 * sqrt(c->tenure - 1.0) + 0.01);
		CHECK_CLOSE(round(c->total_charges * 20), c->total_charges * 20, 1e-6);
	}
	CHECK_CLOSE(1 / (1 + exp(-log_odds(c, intercept))), c->probability, 1e-12);
}

static void
check_consistency(void)
{
	uint32_t newcomers = 0, seen[CP_TRAITS] = {0};
	CpPopulation population;

	REQUIRE_OK(cp_population_init(unit_context(), 7, CP_POPULATION_CHURN_RATE, &population));
	for (uint32_t i = 0; i < CUSTOMERS / 10; i++)
	{
		CpSyntheticCustomer customer;

		cp_population_draw(&population, i, &customer);
		check_one(&customer, population.intercept);
		newcomers += customer.tenure == 0;
		for (int trait = 0; trait < CP_TRAITS; trait++)
			seen[trait] |= 1u << customer.levels[trait];
	}
	CHECK(newcomers > 0);
	for (int trait = 0; trait < CP_TRAITS; trait++)
		for (uint32_t level = 0; level < 5; level++)
			CHECK((cp_trait_level((CpTrait) trait, level) != NULL) == (seen[trait] >> level & 1));
}

/* Shares in the real table, test/data/telco_churn.csv, to three hundredths. */
static void
check_marginals(void)
{
	static const struct
	{
		CpTrait trait;
		const char *level;
		double share;
	} real[] = {
		{CP_TRAIT_GENDER, "Male", 0.505},
		{CP_TRAIT_SENIOR_CITIZEN, "1", 0.162},
		{CP_TRAIT_PARTNER, "Yes", 0.483},
		{CP_TRAIT_DEPENDENTS, "Yes", 0.300},
		{CP_TRAIT_PHONE_SERVICE, "Yes", 0.903},
		{CP_TRAIT_MULTIPLE_LINES, "Yes", 0.422},
		{CP_TRAIT_INTERNET_SERVICE, "Fiber optic", 0.440},
		{CP_TRAIT_INTERNET_SERVICE, "No", 0.217},
		{CP_TRAIT_ONLINE_SECURITY, "Yes", 0.287},
		{CP_TRAIT_ONLINE_BACKUP, "Yes", 0.345},
		{CP_TRAIT_DEVICE_PROTECTION, "Yes", 0.344},
		{CP_TRAIT_TECH_SUPPORT, "Yes", 0.290},
		{CP_TRAIT_STREAMING_TV, "Yes", 0.384},
		{CP_TRAIT_STREAMING_MOVIES, "Yes", 0.388},
		{CP_TRAIT_CONTRACT, "Month-to-month", 0.550},
		{CP_TRAIT_CONTRACT, "Two year", 0.241},
		{CP_TRAIT_PAPERLESS_BILLING, "Yes", 0.592},
		{CP_TRAIT_PAYMENT_METHOD, "Electronic check", 0.336},
		{CP_TRAIT_PAYMENT_METHOD, "Mailed check", 0.229},
		{CP_TRAIT_CHURN, "Yes", 0.265},
	};
	enum
	{
		cells = sizeof(real) / sizeof(real[0])
	};
	double share[cells] = {0}, tenure = 0, charge = 0, total = 0;
	CpPopulation population;

	REQUIRE_OK(cp_population_init(unit_context(), 8, CP_POPULATION_CHURN_RATE, &population));
	for (uint32_t i = 0; i < CUSTOMERS; i++)
	{
		CpSyntheticCustomer customer;

		cp_population_draw(&population, i, &customer);
		for (int cell = 0; cell < cells; cell++)
			share[cell] += is(&customer, real[cell].trait, real[cell].level) / (double) CUSTOMERS;
		tenure += customer.tenure / (double) CUSTOMERS;
		charge += customer.monthly_charges / CUSTOMERS;
		total += customer.tenure > 0 ? customer.total_charges / CUSTOMERS : 0;
	}
	for (int cell = 0; cell < cells; cell++)
		CHECK_CLOSE(real[cell].share, share[cell], 0.03);
	CHECK_CLOSE(32.37, tenure, 0.5);
	CHECK_CLOSE(64.76, charge, 1.5);
	CHECK_CLOSE(2279.7, total, 100);
}

/* What probabilities leave of the labels is noise, at every level of every column. */
static void
check_labels(void)
{
	double rest[CP_TRAIT_CHURN][4] = {{0}}, variance[CP_TRAIT_CHURN][4] = {{0}};
	CpPopulation population;

	REQUIRE_OK(cp_population_init(unit_context(), 9, CP_POPULATION_CHURN_RATE, &population));
	for (uint32_t i = 0; i < CUSTOMERS; i++)
	{
		CpSyntheticCustomer customer;
		double p;

		cp_population_draw(&population, i, &customer);
		p = customer.probability;
		for (int trait = 0; trait < CP_TRAIT_CHURN; trait++)
		{
			rest[trait][customer.levels[trait]] += customer.levels[CP_TRAIT_CHURN] - p;
			variance[trait][customer.levels[trait]] += p * (1 - p);
		}
	}
	for (int trait = 0; trait < CP_TRAIT_CHURN; trait++)
		for (int level = 0; level < 4; level++)
			CHECK_CLOSE(0, rest[trait][level], 4 * sqrt(variance[trait][level]));
}

/* Backwards, forwards, alone: the same customer; of another seed, another. */
static void
check_streams(void)
{
	enum
	{
		some = 1000
	};
	static CpSyntheticCustomer forwards[some];
	CpPopulation population, twin, other;
	CpSyntheticCustomer customer;
	uint32_t alike = 0;

	REQUIRE_OK(cp_population_init(unit_context(), 3, 0.3, &population));
	REQUIRE_OK(cp_population_init(unit_context(), 3, 0.3, &twin));
	REQUIRE_OK(cp_population_init(unit_context(), 4, 0.3, &other));
	CHECK(population.intercept == other.intercept);
	for (uint32_t i = 0; i < some; i++)
		cp_population_draw(&population, i, &forwards[i]);
	for (uint32_t i = some; i-- > 0;)
	{
		cp_population_draw(&twin, i, &customer);
		CHECK(same(&forwards[i], &customer));
		cp_population_draw(&other, i, &customer);
		alike += same(&forwards[i], &customer);
	}
	CHECK_EQUAL(0, alike);
	cp_population_draw(&population, UINT64_MAX, &customer);
	check_one(&customer, population.intercept);
}

static void
check_failures(void)
{
	static const double wrong[] = {0, 0.0009, 1, -0.5, NAN, INFINITY};
	CpPopulation population;
	CpContext *context = unit_context();
	size_t allocations, polls;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_STATUS(CP_BAD_PARAMETER, cp_population_init(context, 1, wrong[i], &population));
	CHECK(strstr(context->reason, "churn_rate") != NULL);
	REQUIRE_OK(cp_population_init(context, 1, 0.5, &population));
	allocations = unit_allocations();
	polls = unit_polls();
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, cp_population_init(context, 1, 0.5, &population));
	}
	CHECK(polls > 50);
	/* some of them: there are many, and each takes its time to reach */
	for (size_t nth = 0; nth < polls; nth += polls / 7)
	{
		context = unit_context();
		unit_cancel_after(nth);
		CHECK_STATUS(CP_CANCELLED, cp_population_init(context, 1, 0.5, &population));
	}
	context = unit_context();
	context->budget = 1000;
	CHECK_STATUS(CP_OVER_BUDGET, cp_population_init(context, 1, 0.5, &population));
}

static void
check_names(void)
{
	CHECK_STRING("senior_citizen", cp_trait_name(CP_TRAIT_SENIOR_CITIZEN));
	CHECK_STRING("Credit card (automatic)", cp_trait_level(CP_TRAIT_PAYMENT_METHOD, 1));
	CHECK(cp_trait_name(CP_TRAITS) == NULL);
	CHECK(cp_trait_level(CP_TRAITS, 0) == NULL);
	CHECK(cp_trait_level(CP_TRAIT_GENDER, 2) == NULL);
	CHECK(cp_trait_level(CP_TRAIT_GENDER, 4) == NULL);
}

void
test_population(void)
{
	UNIT_CASE("rates are those asked for, and labels follow", check_rates);
	UNIT_CASE("columns hang together, risk follows its formula", check_consistency);
	UNIT_CASE("shares are about the real table's", check_marginals);
	UNIT_CASE("labels depend on nothing but the probability", check_labels);
	UNIT_CASE("a customer is itself, whoever else is drawn", check_streams);
	UNIT_CASE("rates out of range, allocations, cancels, budget", check_failures);
	UNIT_CASE("names and levels", check_names);
}
