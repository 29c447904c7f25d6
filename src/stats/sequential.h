/*
 * sequential.h: p-values and intervals that stay valid however often one looks.
 *
 * The mixture of likelihood ratios over effects N(0, tau2) against no effect (Robbins 1970; mSPRT:
 * Johari, Koomen, Pekelis and Walsh 2017) is a test martingale, so by Ville's inequality it exceeds
 * 1 / alpha at any time with probability alpha at most. With the variance plugged in this holds in
 * the limit (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021).
 */
#ifndef CP_SEQUENTIAL_H
#define CP_SEQUENTIAL_H

#include "stats/comparison.h"

/*
 * The mixture's variance that makes the interval narrowest, about, when n units are in: variance
 * is what one unit adds, n times the variance of the difference. tau2 = rho^2 variance, where
 * rho^2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / n.
 */
extern double cp_sequence_tau2(double n, double variance, double alpha);

/* Logarithm of the mixture at a difference of that variance; 0 if that is 0 or not finite. */
extern double cp_sequence_log_mixture(double difference, double variance, double tau2);

/* min(1, 1 / mixture). */
extern double cp_sequence_p(double log_mixture);

/* The differences whose mixture is below 1 / alpha: (-infinity, infinity) when variance is 0. */
extern CpInterval cp_sequence_interval(double difference, double variance, double tau2,
                                       double alpha);

/*
 * Sample ratio, always valid: Bayes factor of a Dirichlet law around the weights, of concentration
 * strength (> 0, in units), against the weights (Lindon and Malek 2022). Logarithm.
 */
extern double cp_sequence_log_ratio(const double *observed, const double *weights, int k,
                                    double strength);

#endif
