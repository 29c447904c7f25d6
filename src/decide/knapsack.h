/*
 * knapsack.h: whole choices out of a linear program's plan.
 */
#ifndef CP_KNAPSACK_H
#define CP_KNAPSACK_H

#include "decide/allocate.h"
#include "decide/survey.h"

/*
 * Make the plan of the linear program, with its bound, one of whole choices; sets upper and
 * proved. CP_NOT_CONVERGED as cp_allocate has it.
 */
extern CpStatus cp_knapsack(CpContext *context, const CpAllocationTask *task,
                            const CpSurvey *survey, CpAllocation *allocation);

#endif
