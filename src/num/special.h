/*
 * special.h: special functions, the same bits on every machine.
 *
 * The C library's exp differs in the last bit between processors, which would
 * make a model depend on where it was trained; these use only operations that
 * IEEE 754 fixes.
 */
#ifndef CP_SPECIAL_H
#define CP_SPECIAL_H

/* e^x, relative error below 2e-16 (subnormal results: below one unit); 0 below -745.2, infinity above 709.78. */
extern double cp_exp(double x);

/* Natural logarithm, relative error below 2e-16; -infinity at 0, NaN below. */
extern double cp_log(double x);

/* 1 / (1 + exp(-x)) and its inverse; p outside (0, 1) gives an infinity or NaN. */
extern double cp_sigmoid(double x);
extern double cp_logit(double p);

/* Standard normal distribution function and quantile, relative error below 2e-15. */
extern double cp_normal_cdf(double z);
extern double cp_normal_quantile(double p);

#endif
