/*
 * kolmogorov.h: how likely a Kolmogorov-Smirnov distance is where nothing differs.
 *
 * All are P(D >= d), right to 1e-7 of themselves down to 1e-12 unless said otherwise, and never
 * negative. NaN where an argument is out of range (a size of 0, d NaN); d <= 0 gives 1, d > 1 gives
 * 0.
 */
#ifndef CP_KOLMOGOROV_H
#define CP_KOLMOGOROV_H

#include <stdbool.h>
#include <stdint.h>

#include "num/context.h"

/* The limit law at z = sqrt(nm / (n + m)) d (Kolmogorov 1933; both of its series). */
extern double cp_kolmogorov_limit(double z);

/*
 * Of one sample of n rows and a continuous distribution, chosen by region as R. Simard and
 * P. L'Ecuyer: Computing the Two-Sided Kolmogorov-Smirnov Distribution, Journal of Statistical
 * Software 39 (2011), as scipy's kstwo has it. For n above 140 it is off by up to 2.5e-5 of itself
 * (n 141, n d^2 2.2), 2e-6 from n 500 on, 1e-7 where n d^2 is above 2.7. n up to 1e9.
 */
extern CpStatus cp_kolmogorov_one_sample(CpContext *context, uint64_t n, double d, double *p);

/*
 * Of two samples of n and m rows, exactly, by counting paths. O(n m) time, O(min(n, m)) memory,
 * polled. d may miss the distance that it stands for by 1e-12. CP_BAD_PARAMETER where n m is above
 * 2^46.
 *
 * ends: [n + m] for the merged rows in order, is it the last of its equal values? The law is then
 * that given the ties (G. Schroeer and D. Trenkler, Computational Statistics & Data Analysis 20,
 * 1995), as R has it. NULL: as if no values were equal, as scipy has it.
 */
extern CpStatus cp_kolmogorov_two_sample(CpContext *context, uint32_t n, uint32_t m, double d,
                                         const bool *ends, double *p);

#endif
