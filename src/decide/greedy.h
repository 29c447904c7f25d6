/*
 * greedy.h: options by value per cost, as long as they fit.
 */
#ifndef CP_GREEDY_H
#define CP_GREEDY_H

#include "decide/allocate.h"
#include "decide/survey.h"

/*
 * Put a greedy plan in the place of the linear program's, whose bound and prices stay. Limits "at
 * least" are served first. CP_NOT_CONVERGED: it does not keep one of them.
 */
extern CpStatus cp_greedy(CpContext *context, const CpAllocationTask *task, const CpSurvey *survey,
                          CpAllocation *allocation);

#endif
