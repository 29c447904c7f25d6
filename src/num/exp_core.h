/*
 * exp_core.h: the one exponential behind special.c and vec.c. Private to src/num.
 *
 * No branch, no comparison, no table and no call, so that compilers vectorise a
 * loop around it even where they must preserve floating-point traps; the scalar
 * functions and the kernels give the same bits. Wants -ffp-contract=off where
 * the processor fuses multiply and add, and arithmetic in double (not the x87's).
 */
#ifndef CP_EXP_CORE_H
#define CP_EXP_CORE_H

#include <stdint.h>
#include <string.h>

#define CP_SIGN_BIT (UINT64_C(1) << 63)

static inline uint64_t
cp_bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline double
cp_double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * 2^bias e^x for |x| <= 746 and a whole bias that keeps the result in the normal
 * range: subnormal results are reached by the caller's multiplication with
 * 2^-bias, which rounds them once. NaN gives NaN.
 *
 * x = k ln 2 + r with |r| <= (ln 2) / 2, then 2^k (1 + r + r^2/2 + r^3 q(r)).
 * Adding 1.5 * 2^52 rounds to the whole number k and leaves it in the low bits.
 * ln 2 is split so that k times its upper part is exact. q interpolates at
 * Chebyshev nodes; truncation error 3e-17 relative to e^r.
 */
static inline double
cp_exp_core(double x, int64_t bias)
{
	const double shift = 6755399441055744.0;
	double shifted = x * 1.4426950408889634 + shift;
	double k = shifted - shift;
	double r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10;
	double r2 = r * r;
	double odd, even;

	even = 2.510040440798572e-08;
	even = even * r2 + 2.755726842002073e-06;
	even = even * r2 + 0.00019841269863079527;
	even = even * r2 + 0.008333333333330056;
	even = even * r2 + 0.16666666666666669;
	odd = 2.7613829219963834e-07;
	odd = odd * r2 + 2.4801536348081076e-05;
	odd = odd * r2 + 0.0013888888905902092;
	odd = odd * r2 + 0.04166666666665133;
	return (1.0 + (r + r2 * (0.5 + r * (even + r * odd)))) *
	       cp_double_of((cp_bits_of(shifted) + (uint64_t) (bias + 1023)) << 52);
}

/*
 * With e = exp(-|x|) <= 1: 1 / (1 + e) on the right and e / (1 + e) on the left
 * of zero, so that neither side loses digits or overflows. Choices are made by
 * masks of sign bits. Beyond 746, e is 0 anyway; a NaN whose sign is cleared
 * passes for a small distance and comes out as NaN.
 */
static inline double
cp_sigmoid_core(double x)
{
	uint64_t bits = cp_bits_of(x);
	uint64_t distance = bits & ~CP_SIGN_BIT;
	uint64_t beyond = 0 - (cp_bits_of(746.0 - cp_double_of(distance)) >> 63);
	uint64_t negative = 0 - (bits >> 63);
	double e;
	uint64_t numerator;

	distance = (distance & ~beyond) | (cp_bits_of(746.0) & beyond);
	e = cp_exp_core(cp_double_of(distance | CP_SIGN_BIT), 512) *
	    7.458340731200207e-155; /* 2^-512 */
	numerator = (cp_bits_of(e) & negative) | (cp_bits_of(1.0) & ~negative);
	return cp_double_of(numerator) / (1.0 + e);
}

#endif
