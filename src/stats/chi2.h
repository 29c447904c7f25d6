/*
 * chi2.h: what a chi-square test says.
 */
#ifndef CP_CHI2_H
#define CP_CHI2_H

typedef struct CpChi2
{
	double statistic;
	double df;
	double p;
} CpChi2;

#endif
