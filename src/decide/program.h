/*
 * program.h: small linear and integer programs.
 *
 * Solved by GLPK, which lp_glpk.c alone knows of. It would abort the process on a fault of its
 * own, prints, answers "optimal" to a NaN, and can be interrupted only from its output hook; here a
 * fault is a status, nothing is printed, what is not finite is refused, a cancel is heeded, and
 * its memory is given back on every path. A call has no memory of the one before.
 */
#ifndef CP_PROGRAM_H
#define CP_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "num/context.h"

/* Maximise objective x subject to lower <= A x <= upper and bounds of x. Infinity: no bound. */
typedef struct CpProgram
{
	uint32_t rows;
	uint32_t columns;        /* 1 or more */
	const double *objective; /* [columns] finite */
	const double *row_lower; /* [rows] */
	const double *row_upper;
	const double *lower; /* [columns] */
	const double *upper;
	uint32_t entries;          /* of A, each place at most once */
	const uint32_t *entry_row; /* [entries] from 0 */
	const uint32_t *entry_column;
	const double *entry; /* finite */
} CpProgram;

typedef enum CpProgramStatus
{
	CP_PROGRAM_OPTIMAL,
	CP_PROGRAM_INFEASIBLE,
	CP_PROGRAM_UNBOUNDED,
	CP_PROGRAM_FEASIBLE, /* integer: a solution, not proved to be the best in the time given */
	CP_PROGRAM_UNKNOWN   /* integer: the time was over before one was found */
} CpProgramStatus;

typedef struct CpProgramSolution
{
	CpProgramStatus status;
	double value; /* of x */
	double bound; /* no solution has more; of linear programs the value */
	double *x;    /* [columns] the caller's */
	double *dual; /* [rows] the caller's, or NULL: rise of the value per unit of the bound */
} CpProgramSolution;

/*
 * CP_BAD_PARAMETER: a number is not finite, or a place is out of range or taken twice.
 * CP_NOT_CONVERGED: GLPK failed. Values and duals are right to about 1e-10 of the largest.
 */
extern CpStatus cp_program_solve(CpContext *context, const CpProgram *program,
                                 CpProgramSolution *solution);

/*
 * The same with x whole numbers. seconds: of processor time, after which the best so far
 * counts; > 0. cuts: nodes are also cut by mixed integer rounding and Gomory's cuts, which takes
 * longer where it is easy, and proves more where costs are alike or follow values. Bounds on x
 * must be whole or infinite. A solution that is off a row by more than rounding is not given:
 * CP_PROGRAM_UNKNOWN.
 */
extern CpStatus cp_program_solve_integer(CpContext *context, const CpProgram *program,
                                         double seconds, bool cuts, CpProgramSolution *solution);

#endif
