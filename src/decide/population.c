/*
 * population.c: synthetic telecom customers whose true risk is known.
 */
#include "decide/population.h"

#include <math.h>
#include <string.h>

#include "num/hash.h"
#include "num/rng.h"
#include "num/special.h"
#include "num/vec.h"

/* Sets customers apart from other random numbers of the same seed. */
#define NOISE_OF_CUSTOMERS UINT64_C(0x637573746f6d6572)
/* Customers that the intercept is found on, between its bounds, and halvings until it is. */
#define SAMPLE 131072
#define MAX_INTERCEPT 40
#define HALVINGS 44
/* Customers between two looks at the poll. */
#define POLL_CUSTOMERS 1024

/* ---- names ---- */

#define YES_NO \
	{ \
		"No", "Yes" \
	}
#define ADD_ON \
	{ \
		"No", "Yes", "No internet service" \
	}

static const struct
{
	const char *name;
	const char *levels[4];
} traits[CP_TRAITS] = {
	[CP_TRAIT_GENDER] = {"gender", {"Female", "Male"}},
	[CP_TRAIT_SENIOR_CITIZEN] = {"senior_citizen", {"0", "1"}},
	[CP_TRAIT_PARTNER] = {"partner", YES_NO},
	[CP_TRAIT_DEPENDENTS] = {"dependents", YES_NO},
	[CP_TRAIT_PHONE_SERVICE] = {"phone_service", YES_NO},
	[CP_TRAIT_MULTIPLE_LINES] = {"multiple_lines", {"No", "Yes", "No phone service"}},
	[CP_TRAIT_INTERNET_SERVICE] = {"internet_service", {"DSL", "Fiber optic", "No"}},
	[CP_TRAIT_ONLINE_SECURITY] = {"online_security", ADD_ON},
	[CP_TRAIT_ONLINE_BACKUP] = {"online_backup", ADD_ON},
	[CP_TRAIT_DEVICE_PROTECTION] = {"device_protection", ADD_ON},
	[CP_TRAIT_TECH_SUPPORT] = {"tech_support", ADD_ON},
	[CP_TRAIT_STREAMING_TV] = {"streaming_tv", ADD_ON},
	[CP_TRAIT_STREAMING_MOVIES] = {"streaming_movies", ADD_ON},
	[CP_TRAIT_CONTRACT] = {"contract", {"Month-to-month", "One year", "Two year"}},
	[CP_TRAIT_PAPERLESS_BILLING] = {"paperless_billing", YES_NO},
	[CP_TRAIT_PAYMENT_METHOD] = {"payment_method",
                                 {"Bank transfer (automatic)", "Credit card (automatic)",
                                  "Electronic check", "Mailed check"}},
	[CP_TRAIT_CHURN] = {"churn", YES_NO},
};

/* Levels that something depends on. */
enum
{
	DSL,
	FIBER,
	NO_INTERNET
};
enum
{
	MONTHLY,
	ONE_YEAR,
	TWO_YEAR
};
enum
{
	BANK_TRANSFER,
	CREDIT_CARD,
	ELECTRONIC_CHECK,
	MAILED_CHECK
};
enum
{
	NO,
	YES,
	NOT_APPLICABLE /* without the service it belongs to */
};

const char *
cp_trait_name(CpTrait trait)
{
	return (unsigned) trait < CP_TRAITS ? traits[trait].name : NULL;
}

const char *
cp_trait_level(CpTrait trait, uint32_t level)
{
	return (unsigned) trait < CP_TRAITS && level < 4 ? traits[trait].levels[level] : NULL;
}

/* ---- drawing ---- */

/* Uniform numbers that a customer is made of: one of each trait, and these. */
enum
{
	OF_TENURE = CP_TRAITS,
	OF_CHARGE,
	OF_CHARGE_TOO,
	OF_TOTAL,
	OF_TOTAL_TOO,
	UNIFORMS /* an even number */
};

/* Two from 64 bits. */
static void
draw_uniforms(CpRng *rng, double uniforms[UNIFORMS])
{
	for (int i = 0; i < UNIFORMS; i += 2)
	{
		uint64_t bits = cp_rng_bits(rng);

		uniforms[i] = (double) (bits >> 32) * (1.0 / 4294967296.0); /* 2^-32 */
		uniforms[i + 1] = (double) (bits & 0xffffffff) * (1.0 / 4294967296.0);
	}
}

/* Quantile of the tenure: a line between those of the real customers. */
static uint32_t
tenure_at(double u)
{
	static const double shares[] = {0,     0.002, 0.089, 0.211, 0.311, 0.456,
	                                0.574, 0.682, 0.80,  0.949, 1};
	static const double months[] = {0, 1, 2, 7, 13, 25, 37, 49, 61, 72, 73};
	int k = 0;

	while (u >= shares[k + 1])
		k++;
	return (uint32_t) (months[k] +
	                   (u - shares[k]) / (shares[k + 1] - shares[k]) * (months[k + 1] - months[k]));
}

static void
draw_household(const double *u, double age, uint8_t *levels)
{
	bool senior = u[CP_TRAIT_SENIOR_CITIZEN] < 0.162;
	bool partner = u[CP_TRAIT_PARTNER] < 0.32 + 0.36 * age;
	double dependents = partner ? (senior ? 0.20 : 0.58) : (senior ? 0.03 : 0.11);

	levels[CP_TRAIT_GENDER] = u[CP_TRAIT_GENDER] < 0.505;
	levels[CP_TRAIT_SENIOR_CITIZEN] = senior;
	levels[CP_TRAIT_PARTNER] = partner;
	levels[CP_TRAIT_DEPENDENTS] = u[CP_TRAIT_DEPENDENTS] < dependents;
}

/* A contract, the longer the tenure the longer; and internet, which goes with it. */
static void
draw_contract(const double *u, double age, uint8_t *levels)
{
	static const double without[] = {0.19, 0.45, 0.75}, with_age[] = {0.15, 0.35, 0.50};
	static const double fiber[] = {0.54, 0.33, 0.18};
	bool senior = levels[CP_TRAIT_SENIOR_CITIZEN];
	double two_year = 0.98 * age * (0.25 + 0.6 * age * age);
	uint8_t contract = u[CP_TRAIT_CONTRACT] < two_year     ? TWO_YEAR
	                   : u[CP_TRAIT_CONTRACT] < 0.98 * age ? ONE_YEAR
	                                                       : MONTHLY;
	double no_internet = (without[contract] - with_age[contract] * age) * (senior ? 0.2 : 1.15);
	double fibers = (1 - no_internet) * (fiber[contract] + 0.25 * age + (senior ? 0.12 : 0));

	levels[CP_TRAIT_CONTRACT] = contract;
	levels[CP_TRAIT_INTERNET_SERVICE] = u[CP_TRAIT_INTERNET_SERVICE] < fibers ? FIBER
	                                    : u[CP_TRAIT_INTERNET_SERVICE] < 1 - no_internet
	                                        ? DSL
	                                        : NO_INTERNET;
}

static void
draw_services(const double *u, double age, uint8_t *levels)
{
	uint8_t internet = levels[CP_TRAIT_INTERNET_SERVICE];
	bool fiber = internet == FIBER;
	bool phone = internet != DSL || u[CP_TRAIT_PHONE_SERVICE] < 0.72;
	double lines = 0.15 + 0.42 * age + (fiber ? 0.28 : internet == DSL ? 0 : -0.08);
	double helped = 0.05 + 0.62 * age + (fiber ? -0.06 : 0.16);
	double guarded = 0.10 + 0.62 * age + (fiber ? 0.04 : 0.06);
	double watching = 0.15 + 0.55 * age + (fiber ? 0.17 : 0);
	/* films go with television */
	double films = watching + 0.44 * ((u[CP_TRAIT_STREAMING_TV] < watching) - watching);

	levels[CP_TRAIT_PHONE_SERVICE] = phone;
	levels[CP_TRAIT_MULTIPLE_LINES] = phone ? u[CP_TRAIT_MULTIPLE_LINES] < lines : NOT_APPLICABLE;
	levels[CP_TRAIT_ONLINE_SECURITY] = u[CP_TRAIT_ONLINE_SECURITY] < helped;
	levels[CP_TRAIT_ONLINE_BACKUP] = u[CP_TRAIT_ONLINE_BACKUP] < guarded;
	levels[CP_TRAIT_DEVICE_PROTECTION] = u[CP_TRAIT_DEVICE_PROTECTION] < guarded;
	levels[CP_TRAIT_TECH_SUPPORT] = u[CP_TRAIT_TECH_SUPPORT] < helped;
	levels[CP_TRAIT_STREAMING_TV] = u[CP_TRAIT_STREAMING_TV] < watching;
	levels[CP_TRAIT_STREAMING_MOVIES] = u[CP_TRAIT_STREAMING_MOVIES] < films;
	if (internet == NO_INTERNET)
		memset(levels + CP_TRAIT_ONLINE_SECURITY, NOT_APPLICABLE,
		       CP_TRAIT_STREAMING_MOVIES - CP_TRAIT_ONLINE_SECURITY + 1);
}

static void
draw_payment(const double *u, uint8_t *levels)
{
	static const double electronic[] = {0.48, 0.24, 0.10}; /* by contract */
	static const double factor[] = {0.95, 1.15, 0.35};     /* by internet */
	static const double mailed[] = {0.33, 0.18, 0.55};     /* of the rest, by internet */
	static const double paperless[] = {0.55, 0.77, 0.29};  /* likewise */
	uint8_t internet = levels[CP_TRAIT_INTERNET_SERVICE];
	double checks = electronic[levels[CP_TRAIT_CONTRACT]] * factor[internet];
	double letters = checks + (1 - checks) * mailed[internet];
	double half = letters + (1 - letters) / 2;

	levels[CP_TRAIT_PAPERLESS_BILLING] = u[CP_TRAIT_PAPERLESS_BILLING] < paperless[internet];
	levels[CP_TRAIT_PAYMENT_METHOD] = u[CP_TRAIT_PAYMENT_METHOD] < checks    ? ELECTRONIC_CHECK
	                                  : u[CP_TRAIT_PAYMENT_METHOD] < letters ? MAILED_CHECK
	                                  : u[CP_TRAIT_PAYMENT_METHOD] < half    ? BANK_TRANSFER
	                                                                         : CREDIT_CARD;
}

static inline double
in_steps(double money)
{
	return floor(money * 20 + 0.5) / 20;
}

/* What the services cost in the real table, with its spread of about 1. */
static void
set_charges(const double *u, CpSyntheticCustomer *customer)
{
	static const double of_internet[] = {25, 50, 0};
	const uint8_t *levels = customer->levels;
	double noise = u[OF_CHARGE] + u[OF_CHARGE_TOO] - 1;
	double drift = u[OF_TOTAL] + u[OF_TOTAL_TOO] - 1;
	double charge = of_internet[levels[CP_TRAIT_INTERNET_SERVICE]];
	double months = customer->tenure;

	charge += 20 * levels[CP_TRAIT_PHONE_SERVICE];
	charge += 5 * (levels[CP_TRAIT_MULTIPLE_LINES] == YES);
	for (int trait = CP_TRAIT_ONLINE_SECURITY; trait <= CP_TRAIT_TECH_SUPPORT; trait++)
		charge += 5 * (levels[trait] == YES);
	charge += 10 * (levels[CP_TRAIT_STREAMING_TV] == YES);
	charge += 10 * (levels[CP_TRAIT_STREAMING_MOVIES] == YES);
	customer->monthly_charges = in_steps(charge + 2.5 * noise);
	if (customer->tenure == 0)
		customer->total_charges = NAN;
	else
		customer->total_charges =
			in_steps(customer->monthly_charges * (months + 0.47 * sqrt(months - 1) * drift));
}

/* ---- risk ---- */

static double
risk_of_services(const uint8_t *levels)
{
	uint8_t internet = levels[CP_TRAIT_INTERNET_SERVICE];
	int help = (levels[CP_TRAIT_ONLINE_SECURITY] == YES) + (levels[CP_TRAIT_TECH_SUPPORT] == YES);
	int guard =
		(levels[CP_TRAIT_ONLINE_BACKUP] == YES) + (levels[CP_TRAIT_DEVICE_PROTECTION] == YES);
	int films = (levels[CP_TRAIT_STREAMING_TV] == YES) + (levels[CP_TRAIT_STREAMING_MOVIES] == YES);

	return (internet == FIBER         ? 0.7
	        : internet == NO_INTERNET ? -0.6
	                                  : 0) -
	       (internet == FIBER ? 0.5 : 0.2) * help - 0.1 * guard + 0.15 * films +
	       0.1 * (levels[CP_TRAIT_MULTIPLE_LINES] == YES);
}

static double
risk_of_person(const uint8_t *levels)
{
	bool dependents = levels[CP_TRAIT_DEPENDENTS];
	uint8_t payment = levels[CP_TRAIT_PAYMENT_METHOD];
	double check = levels[CP_TRAIT_CONTRACT] == MONTHLY ? 0.65 : 0.35;

	return 0.3 * levels[CP_TRAIT_SENIOR_CITIZEN] - 0.3 * dependents -
	       0.15 * (dependents && levels[CP_TRAIT_PARTNER]) +
	       0.25 * levels[CP_TRAIT_PAPERLESS_BILLING] +
	       (payment == ELECTRONIC_CHECK ? check
	        : payment == MAILED_CHECK   ? 0
	                                    : -0.2);
}

/* Log-odds of churn but for the intercept: the formula of the header. */
static double
risk_of(const CpSyntheticCustomer *customer)
{
	static const double of_contract[] = {0, -1.3, -2.4};
	uint8_t contract = customer->levels[CP_TRAIT_CONTRACT];
	double x = cp_log(1.0 + customer->tenure) / cp_log(1.0 + CP_POPULATION_TENURE);
	double quiet = (customer->tenure - 48.0) / 8;
	/* tanh(z) = 2 sigmoid(2 z) - 1 */
	double dear = 2 * cp_sigmoid((customer->monthly_charges - 75) / 10) - 1;

	return of_contract[contract] - (contract == MONTHLY ? 2.6 : 1.17) * x +
	       risk_of_services(customer->levels) + risk_of_person(customer->levels) +
	       0.9 * dear * (1 - x) - 0.4 * cp_exp(-quiet * quiet);
}

/* A customer but for probability and label; the log-odds but for the intercept. */
static double
make_customer(const double uniforms[UNIFORMS], CpSyntheticCustomer *customer)
{
	double age;

	customer->tenure = tenure_at(uniforms[OF_TENURE]);
	age = customer->tenure / (double) CP_POPULATION_TENURE;
	draw_household(uniforms, age, customer->levels);
	draw_contract(uniforms, age, customer->levels);
	draw_services(uniforms, age, customer->levels);
	draw_payment(uniforms, customer->levels);
	set_charges(uniforms, customer);
	return risk_of(customer);
}

/* ---- the population ---- */

/*
 * Log-odds of a sample [SAMPLE]: multiples of the square roots of primes, less their whole parts,
 * fill every axis far more evenly than random numbers do (Richtmyer 1951), so that the sample's
 * mean is as good as that of one many times its size.
 */
static CpStatus
draw_sample(CpContext *context, double *risks)
{
	static const uint8_t primes[UNIFORMS] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31,
	                                         37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79};
	double roots[UNIFORMS];

	for (int k = 0; k < UNIFORMS; k++)
		roots[k] = sqrt(primes[k]);
	for (uint32_t i = 0; i < SAMPLE; i++)
	{
		double uniforms[UNIFORMS];
		CpSyntheticCustomer customer;

		if (i % POLL_CUSTOMERS == 0)
			CP_TRY(cp_poll(context));
		for (int k = 0; k < UNIFORMS; k++)
			uniforms[k] = i * roots[k] - floor(i * roots[k]);
		risks[i] = make_customer(uniforms, &customer);
	}
	return CP_OK;
}

/* The intercept at which the sample's mean probability is the rate, by bisection. */
static CpStatus
find_intercept(CpContext *context, const double *risks, double *scratch, double rate,
               double *intercept)
{
	double low = -MAX_INTERCEPT, high = MAX_INTERCEPT;

	for (int halving = 0; halving < HALVINGS; halving++)
	{
		double middle = low + (high - low) / 2;

		CP_TRY(cp_poll(context));
		for (uint32_t i = 0; i < SAMPLE; i++)
			scratch[i] = risks[i] + middle;
		cp_vec_sigmoid(scratch, scratch, SAMPLE);
		if (cp_vec_sum(scratch, SAMPLE) < rate * SAMPLE)
			low = middle;
		else
			high = middle;
	}
	*intercept = low;
	return CP_OK;
}

CpStatus
cp_population_init(CpContext *context, uint64_t seed, double churn_rate, CpPopulation *population)
{
	double *risks, *scratch;

	if (!(churn_rate >= 0.001 && churn_rate <= 0.999))
		return cp_fail(context, CP_BAD_PARAMETER,
		               "churn_rate must be between 0.001 and 0.999, not %g", churn_rate);
	population->seed = cp_hash_add(seed, NOISE_OF_CUSTOMERS);
	CP_TRY(cp_alloc(context, &risks, SAMPLE, sizeof(double)));
	CP_TRY(cp_alloc(context, &scratch, SAMPLE, sizeof(double)));
	CP_TRY(draw_sample(context, risks));
	CP_TRY(find_intercept(context, risks, scratch, churn_rate, &population->intercept));
	cp_free(context, &scratch);
	cp_free(context, &risks);
	return CP_OK;
}

void
cp_population_draw(const CpPopulation *population, uint64_t index, CpSyntheticCustomer *customer)
{
	double uniforms[UNIFORMS];
	CpRng rng;

	cp_rng_init(&rng, population->seed, index);
	draw_uniforms(&rng, uniforms);
	customer->probability = cp_sigmoid(population->intercept + make_customer(uniforms, customer));
	customer->levels[CP_TRAIT_CHURN] = uniforms[CP_TRAIT_CHURN] < customer->probability;
}
