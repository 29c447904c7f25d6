/*
 * lp_glpk.c: GLPK, kept on a short lead.
 *
 * GLPK leaves a caller two ways out: its error hook, after which it would abort, and its output
 * hook, which it calls at every step of a simplex if asked to. Both jump back to enter(), which
 * drops GLPK's environment and with it all that was allocated there. What must be known
 * afterwards is in the solver, which belongs to a caller of the function that the jump goes to,
 * so that nothing need be volatile.
 */
#include "decide/program.h"

#include <float.h>
#include <glpk.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * The simplex can go round in circles, or end where nothing is proved: then it is tried again,
 * otherwise scaled, by the dual method, and at last with looser tolerances.
 */
static const struct
{
	bool by_glpk; /* who scales */
	int method;
	double tolerance; /* of what is scaled to about 1 */
} attempts[] = {{false, GLP_PRIMAL, 1e-9},
                {false, GLP_DUAL, 1e-9},
                {true, GLP_PRIMAL, 1e-9},
                {true, GLP_DUAL, 1e-9},
                {false, GLP_PRIMAL, 1e-7}};

/* Steps that a simplex may take: some, and for every row and column. */
#define STEPS 1000
#define STEPS_A_LINE 20

/* Times that rows and columns are brought near to 1 in turn. */
#define SCALINGS 10

/*
 * Branch and bound solves its nodes with tolerances of 1e-7, whatever one asks for. Measured in
 * units this much smaller, rows and columns are held to about 1e-10.
 */
#define FINER 1024.0

/* The objective's largest coefficient becomes 2 to this power, so tolerances are 1e-9 of less. */
#define OBJECTIVE_EXPONENT 30

/* Seconds that branch and bound may stay with one node when the time is over: it can go in circles. */
#define GRACE 1.0

/* Of a row's size: how far a whole solution may be off. */
#define ROW_TOLERANCE 1e-9

typedef struct Solver
{
	CpContext *context;
	const CpProgram *program;
	CpProgramSolution *solution;
	bool integer;
	bool cuts;
	bool searching;  /* the relaxation is solved, the rest is branch and bound */
	double deadline; /* in seconds of processor time */
	int exponent;    /* of the objective */
	int *row; /* [rows + 1] rows are loaded times 2 to this power; the last is of the objective, */
	int *column; /* [columns] and of columns */
	glp_prob *problem;
	jmp_buf escape;
	CpStatus status;
	char fault[CP_REASON_LENGTH];
} Solver;

/* ---- GLPK's environment ---- */

static double
processor_seconds(void)
{
	return (double) clock() / CLOCKS_PER_SEC;
}

static void
leave(Solver *solver, CpStatus status)
{
	solver->status = status;
	longjmp(solver->escape, 1);
}

/* Stop when the host says so or GLPK's memory passes the budget. */
static void
heed(Solver *solver)
{
	CpStatus status = cp_poll(solver->context);
	size_t bytes;

	glp_mem_usage(NULL, NULL, &bytes, NULL);
	if (status == CP_OK)
		status = cp_reserve_check(solver->context, bytes);
	if (status != CP_OK)
		leave(solver, status);
}

/* GLPK has something to say: nothing is printed, but it may be what becomes the fault. */
static int
hear(void *info, const char *text)
{
	Solver *solver = info;

	if (glp_at_error())
	{
		if (solver->fault[0] == '\0')
			snprintf(solver->fault, sizeof(solver->fault), "%.*s", (int) strcspn(text, "\n"), text);
		return 1;
	}
	heed(solver);
	if (processor_seconds() >= solver->deadline + (solver->searching ? GRACE : 0))
		leave(solver, CP_OK);
	return 1;
}

static void
fail(void *info)
{
	Solver *solver = info;

	leave(solver, cp_fail(solver->context, CP_NOT_CONVERGED, "GLPK failed: %s", solver->fault));
}

static CpStatus
enter(Solver *solver, CpStatus (*solve)(Solver *solver))
{
	if (glp_init_env() != 0)
		return cp_fail(solver->context, CP_NO_MEMORY, "GLPK could not be started.");
	glp_term_hook(hear, solver);
	glp_error_hook(fail, solver);
	if (setjmp(solver->escape) == 0)
		solver->status = solve(solver);
	glp_error_hook(NULL, NULL);
	glp_term_hook(NULL, NULL);
	glp_free_env();
	return solver->status;
}

/* ---- checking ---- */

static bool
is_bound(double lower, double upper)
{
	return lower <= upper && lower < INFINITY && upper > -INFINITY;
}

static bool
is_whole(double bound)
{
	return isinf(bound) || bound == rint(bound);
}

static CpStatus
check_lines(CpContext *context, const CpProgram *program, bool integer)
{
	for (uint32_t i = 0; i < program->rows; i++)
		if (!is_bound(program->row_lower[i], program->row_upper[i]))
			return cp_fail(context, CP_BAD_PARAMETER, "Row %u has no valid bounds.", i);
	for (uint32_t j = 0; j < program->columns; j++)
	{
		if (!isfinite(program->objective[j]))
			return cp_fail(context, CP_BAD_PARAMETER, "Coefficient %u is not finite.", j);
		if (!is_bound(program->lower[j], program->upper[j]))
			return cp_fail(context, CP_BAD_PARAMETER, "Column %u has no valid bounds.", j);
		if (integer && !(is_whole(program->lower[j]) && is_whole(program->upper[j])))
			return cp_fail(context, CP_BAD_PARAMETER, "Column %u has bounds that are not whole.",
			               j);
	}
	return CP_OK;
}

static CpStatus
check_program(CpContext *context, const CpProgram *program, bool integer)
{
	if (program->columns == 0 || program->columns >= INT_MAX || program->rows >= INT_MAX ||
	    program->entries >= INT_MAX)
		return cp_fail(context, CP_BAD_PARAMETER, "The program has no columns, or too many.");
	CP_TRY(check_lines(context, program, integer));
	for (uint32_t e = 0; e < program->entries; e++)
		if (!isfinite(program->entry[e]) || program->entry_row[e] >= program->rows ||
		    program->entry_column[e] >= program->columns)
			return cp_fail(context, CP_BAD_PARAMETER, "Entry %u is not finite or out of place.", e);
	return CP_OK;
}

/* ---- loading ---- */

static int
bound_type(double lower, double upper)
{
	if (lower == upper)
		return GLP_FX;
	if (isinf(lower))
		return isinf(upper) ? GLP_FR : GLP_UP;
	return isinf(upper) ? GLP_LO : GLP_DB;
}

static void
load_lines(Solver *solver)
{
	const CpProgram *program = solver->program;

	if (program->rows > 0)
		glp_add_rows(solver->problem, (int) program->rows);
	for (uint32_t i = 0; i < program->rows; i++)
		glp_set_row_bnds(solver->problem, (int) i + 1,
		                 bound_type(program->row_lower[i], program->row_upper[i]),
		                 ldexp(program->row_lower[i], solver->row[i]),
		                 ldexp(program->row_upper[i], solver->row[i]));
	glp_add_cols(solver->problem, (int) program->columns);
	for (uint32_t j = 0; j < program->columns; j++)
	{
		glp_set_col_bnds(solver->problem, (int) j + 1,
		                 bound_type(program->lower[j], program->upper[j]), program->lower[j],
		                 program->upper[j]);
		glp_set_obj_coef(solver->problem, (int) j + 1,
		                 ldexp(program->objective[j], solver->exponent));
		if (solver->integer)
			glp_set_col_kind(solver->problem, (int) j + 1, GLP_IV);
	}
}

static CpStatus
load_entries(Solver *solver)
{
	const CpProgram *program = solver->program;
	size_t n = (size_t) program->entries + 1;
	int *rows = NULL;
	int *columns = NULL;
	double *entries = NULL;

	CP_TRY(cp_alloc(solver->context, &rows, n, sizeof(int)));
	CP_TRY(cp_alloc(solver->context, &columns, n, sizeof(int)));
	CP_TRY(cp_alloc(solver->context, &entries, n, sizeof(double)));
	for (size_t e = 1; e < n; e++)
	{
		rows[e] = (int) program->entry_row[e - 1] + 1;
		columns[e] = (int) program->entry_column[e - 1] + 1;
		entries[e] = ldexp(program->entry[e - 1], solver->row[program->entry_row[e - 1]]);
	}
	if (glp_check_dup((int) program->rows, (int) program->columns, (int) program->entries, rows,
	                  columns) != 0)
		return cp_fail(solver->context, CP_BAD_PARAMETER, "An entry stands twice.");
	glp_load_matrix(solver->problem, (int) program->entries, rows, columns, entries);
	cp_free(solver->context, &rows);
	cp_free(solver->context, &columns);
	cp_free(solver->context, &entries);
	return CP_OK;
}

/* Least and largest exponent of some numbers. */
typedef struct Span
{
	int least;
	int most;
} Span;

static void
widen(Span *span, double number, int scaled)
{
	int exponent = 0;

	if (number == 0)
		return;
	(void) frexp(number, &exponent);
	exponent += scaled;
	span->least = exponent < span->least ? exponent : span->least;
	span->most = exponent > span->most ? exponent : span->most;
}

/* Centre each row, and the objective, or each column, round 1: the other way's exponents are given. */
static void
centre(const CpProgram *program, bool rows, const int *other, Span *span, int *exponents)
{
	uint32_t lines = rows ? program->rows + 1 : program->columns;

	for (uint32_t k = 0; k < lines; k++)
		span[k] = (Span){INT_MAX, INT_MIN};
	for (uint32_t e = 0; e < program->entries; e++)
	{
		uint32_t i = program->entry_row[e];
		uint32_t j = program->entry_column[e];

		widen(&span[rows ? i : j], program->entry[e], other[rows ? j : i]);
	}
	for (uint32_t j = 0; j < program->columns; j++)
		widen(&span[rows ? program->rows : j], program->objective[j],
		      other[rows ? j : program->rows]);
	for (uint32_t k = 0; k < lines; k++)
		exponents[k] =
			span[k].least > span[k].most ? 0 : -(int) floor((span[k].least + span[k].most) / 2.0);
}

/*
 * Powers of two that bring rows and columns near to 1, and the objective's exponent. Columns of
 * an integer program stay as they are: branch and bound looks at rows without their scaling, and
 * takes one that is slack by 1e-9 for one that says nothing.
 */
static CpStatus
find_scale(Solver *solver)
{
	const CpProgram *program = solver->program;
	Span *span = NULL;
	Span objective = {INT_MAX, INT_MIN};

	CP_TRY(cp_alloc_zero(solver->context, &solver->row, (size_t) program->rows + 1, sizeof(int)));
	CP_TRY(cp_alloc_zero(solver->context, &solver->column, program->columns, sizeof(int)));
	CP_TRY(cp_alloc(solver->context, &span, (size_t) program->rows + program->columns + 1,
	                sizeof(Span)));
	for (int pass = 0; pass < SCALINGS; pass++)
	{
		if (!solver->integer)
			centre(program, false, solver->row, span, solver->column);
		centre(program, true, solver->column, span, solver->row);
	}
	for (uint32_t j = 0; j < program->columns; j++)
		widen(&objective, program->objective[j], solver->column[j]);
	solver->exponent = objective.least > objective.most ? 0 : OBJECTIVE_EXPONENT - objective.most;
	cp_free(solver->context, &span);
	return CP_OK;
}

/* Scale columns, and rows, which are loaded near to 1, in finer units than that. */
static void
scale(Solver *solver, bool by_glpk)
{
	const CpProgram *program = solver->program;

	if (by_glpk)
		glp_scale_prob(solver->problem, GLP_SF_AUTO);
	for (int i = 1; i <= (int) program->rows; i++)
		glp_set_rii(solver->problem, i, by_glpk ? FINER * glp_get_rii(solver->problem, i) : FINER);
	for (int j = 1; j <= (int) program->columns; j++)
		glp_set_sjj(solver->problem, j,
		            (by_glpk ? glp_get_sjj(solver->problem, j) : ldexp(1, solver->column[j - 1])) /
		                FINER);
}

static CpStatus
load(Solver *solver)
{
	solver->problem = glp_create_prob();
	glp_set_obj_dir(solver->problem, GLP_MAX);
	CP_TRY(find_scale(solver));
	load_lines(solver);
	return load_entries(solver);
}

/* ---- linear programs ---- */

/* GLPK's status of the basis that a simplex ends with. */
static int
simplex(Solver *solver, int method, double tolerance)
{
	glp_smcp options;
	uint32_t lines = solver->program->rows + solver->program->columns;

	glp_init_smcp(&options);
	options.meth = method;
	options.tol_bnd = options.tol_dj = tolerance;
	options.it_lim =
		lines > (INT_MAX - STEPS) / STEPS_A_LINE ? INT_MAX : STEPS + STEPS_A_LINE * (int) lines;
	options.out_frq = 1;
	options.out_dly = 0;
	return glp_simplex(solver->problem, &options) == 0 ? glp_get_status(solver->problem)
	                                                   : GLP_UNDEF;
}

/* That there is no optimum is believed only when no attempt has found one. */
static int
solve_basis(Solver *solver)
{
	int status = GLP_UNDEF;

	for (size_t k = 0; k < sizeof(attempts) / sizeof(attempts[0]) && status != GLP_OPT; k++)
	{
		scale(solver, attempts[k].by_glpk);
		glp_std_basis(solver->problem);
		status = simplex(solver, attempts[k].method, attempts[k].tolerance);
	}
	return status;
}

static double
value_of(const CpProgram *program, const double *x)
{
	double value = 0;

	for (uint32_t j = 0; j < program->columns; j++)
		value += program->objective[j] * x[j];
	return value;
}

static void
take_basis(Solver *solver)
{
	const CpProgram *program = solver->program;
	CpProgramSolution *solution = solver->solution;

	for (uint32_t j = 0; j < program->columns; j++)
		solution->x[j] = glp_get_col_prim(solver->problem, (int) j + 1);
	for (uint32_t i = 0; solution->dual != NULL && i < program->rows; i++)
		solution->dual[i] = ldexp(glp_get_row_dual(solver->problem, (int) i + 1),
		                          solver->row[i] - solver->exponent);
	solution->value = solution->bound = value_of(program, solution->x);
}

static CpStatus
solve_linear(Solver *solver)
{
	CpProgramSolution *solution = solver->solution;

	CP_TRY(load(solver));
	switch (solve_basis(solver))
	{
		case GLP_OPT:
			solution->status = CP_PROGRAM_OPTIMAL;
			take_basis(solver);
			return CP_OK;
		case GLP_NOFEAS:
			solution->status = CP_PROGRAM_INFEASIBLE;
			return CP_OK;
		case GLP_UNBND:
			solution->status = CP_PROGRAM_UNBOUNDED;
			return CP_OK;
	}
	return cp_fail(solver->context, CP_NOT_CONVERGED, "GLPK found no basis that it can prove.");
}

/* ---- integer programs ---- */

/* Called at every step of branch and bound. */
static void
watch(glp_tree *tree, void *info)
{
	Solver *solver = info;
	int best = glp_ios_best_node(tree);

	heed(solver);
	if (best != 0)
		solver->solution->bound =
			fmin(solver->solution->bound, ldexp(glp_ios_node_bound(tree, best), -solver->exponent));
	if (processor_seconds() >= solver->deadline)
		glp_ios_terminate(tree);
}

/* Does x keep the rows, but for rounding? */
static CpStatus
check_solution(Solver *solver, bool *kept)
{
	const CpProgram *program = solver->program;
	const double *x = solver->solution->x;
	double *sum = NULL;
	double *size = NULL;

	CP_TRY(cp_alloc_zero(solver->context, &sum, program->rows, sizeof(double)));
	CP_TRY(cp_alloc_zero(solver->context, &size, program->rows, sizeof(double)));
	for (uint32_t e = 0; e < program->entries; e++)
	{
		double term = program->entry[e] * x[program->entry_column[e]];

		sum[program->entry_row[e]] += term;
		size[program->entry_row[e]] += fabs(term);
	}
	*kept = true;
	for (uint32_t i = 0; i < program->rows; i++)
		*kept &= sum[i] >= program->row_lower[i] - ROW_TOLERANCE * size[i] &&
		         sum[i] <= program->row_upper[i] + ROW_TOLERANCE * size[i];
	cp_free(solver->context, &sum);
	cp_free(solver->context, &size);
	return CP_OK;
}

/* What branch and bound has found, if anything. */
static CpStatus
take_whole(Solver *solver)
{
	CpProgramSolution *solution = solver->solution;
	int status = glp_mip_status(solver->problem);
	bool kept;

	solution->status = status == GLP_NOFEAS ? CP_PROGRAM_INFEASIBLE : CP_PROGRAM_UNKNOWN;
	if (status != GLP_OPT && status != GLP_FEAS)
		return CP_OK;
	for (uint32_t j = 0; j < solver->program->columns; j++)
		solution->x[j] = rint(glp_mip_col_val(solver->problem, (int) j + 1));
	CP_TRY(check_solution(solver, &kept));
	if (!kept)
		return CP_OK;
	solution->value = value_of(solver->program, solution->x);
	solution->status = status == GLP_OPT ? CP_PROGRAM_OPTIMAL : CP_PROGRAM_FEASIBLE;
	if (status == GLP_OPT)
		solution->bound = solution->value;
	solution->bound = fmax(solution->bound, solution->value);
	return CP_OK;
}

static CpStatus
solve_integer(Solver *solver)
{
	glp_iocp options;

	CP_TRY(solve_linear(solver));
	if (solver->solution->status != CP_PROGRAM_OPTIMAL)
		return CP_OK;
	solver->searching = true;
	solver->solution->status = CP_PROGRAM_UNKNOWN;
	solver->solution->value = -INFINITY;
	glp_init_iocp(&options);
	/* So that a node is heard of as well, every few seconds. */
	options.msg_lev = GLP_MSG_DBG;
	options.tol_int = 1e-9;
	options.tol_obj = 1e-13;
	options.br_tech = GLP_BR_PCH;
	options.bt_tech = GLP_BT_BLB;
	options.pp_tech = GLP_PP_ALL;
	options.mir_cuts = options.gmi_cuts = solver->cuts ? GLP_ON : GLP_OFF;
	options.cb_func = watch;
	options.cb_info = solver;
	(void) glp_intopt(solver->problem, &options);
	return take_whole(solver);
}

/* ---- the whole ---- */

static CpStatus
solve(Solver *solver)
{
	solver->solution->status = CP_PROGRAM_UNKNOWN;
	solver->solution->value = -INFINITY;
	solver->solution->bound = INFINITY;
	CP_TRY(check_program(solver->context, solver->program, solver->integer));
	CP_TRY(enter(solver, solver->integer ? solve_integer : solve_linear));
	cp_free(solver->context, &solver->row);
	cp_free(solver->context, &solver->column);
	return CP_OK;
}

CpStatus
cp_program_solve(CpContext *context, const CpProgram *program, CpProgramSolution *solution)
{
	Solver solver = {
		.context = context, .program = program, .solution = solution, .deadline = INFINITY};

	return solve(&solver);
}

CpStatus
cp_program_solve_integer(CpContext *context, const CpProgram *program, double seconds, bool cuts,
                         CpProgramSolution *solution)
{
	Solver solver = {.context = context,
	                 .program = program,
	                 .solution = solution,
	                 .integer = true,
	                 .cuts = cuts,
	                 .deadline = processor_seconds() + seconds};

	return solve(&solver);
}
