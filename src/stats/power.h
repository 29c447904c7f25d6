/*
 * power.h: how many units an experiment needs, what it can see, with what probability.
 *
 * Two arms, two-sided tests at level alpha. Sizes are not rounded; impossible questions (a size for
 * no difference, rates out of (0, 1), power out of (alpha, 1)) give NaN. ratio: units of the
 * treatment for each of the control, 1 where they are alike. Some textbook formulas count only the
 * tail on the side of the difference: one tail; others both.
 */
#ifndef CP_POWER_H
#define CP_POWER_H

typedef enum CpProportionSize
{
	CP_SIZE_POOLED, /* variance pooled under no difference, as the pooled z-test has it; one tail */
	CP_SIZE_UNPOOLED, /* variances as they are; one tail for a size, both for power */
	CP_SIZE_ARCSINE   /* Cohen's h: of the square roots' arcsines (Cohen 1988); both tails */
} CpProportionSize;

/* Units in the control; of means by the normal law one tail. */
extern double cp_size_proportions(double rate_a, double rate_b, double ratio, double alpha,
                                  double power, CpProportionSize method);
extern double cp_size_means_normal(double difference, double sd, double ratio, double alpha,
                                   double power);
/* By the noncentral t law, both tails; no fewer than three units in all. */
extern double cp_size_means_t(double difference, double sd, double ratio, double alpha,
                              double power);

/* Power with n_a and n_b units, which need not be whole; of means by the t law both tails. */
extern double cp_power_proportions(double rate_a, double rate_b, double n_a, double n_b,
                                   double alpha, CpProportionSize method);
extern double cp_power_means_t(double difference, double sd, double n_a, double n_b, double alpha);

/* Of a difference whose standard error is se, by the normal law, both tails. */
extern double cp_power_normal(double difference, double se, double alpha);

/*
 * The smallest difference that is seen with that power when the standard error is se: the inverse
 * of cp_power_normal.
 */
extern double cp_detectable_difference(double se, double alpha, double power);

#endif
