/*
 * test_lp_glpk.c: small programs against scipy 1.10 (linprog and milp, HiGHS) and against all
 * choices tried one by one; what must not get through to GLPK; what must not be left of it.
 */
#include "unit.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "decide/program.h"
#include "num/rng.h"

extern void test_lp_glpk(void);

#define MOST 64

/* A program written out in full. */
typedef struct Dense
{
	uint32_t rows;
	uint32_t columns;
	double objective[MOST];
	double matrix[8][MOST];
	double row_lower[8];
	double row_upper[8];
	double lower[MOST];
	double upper[MOST];
	uint32_t entry_row[8 * MOST];
	uint32_t entry_column[8 * MOST];
	double entry[8 * MOST];
	double x[MOST];
	double dual[8];
} Dense;

static CpProgram
program_of(Dense *dense)
{
	uint32_t entries = 0;

	for (uint32_t i = 0; i < dense->rows; i++)
		for (uint32_t j = 0; j < dense->columns; j++)
			if (dense->matrix[i][j] != 0)
			{
				dense->entry_row[entries] = i;
				dense->entry_column[entries] = j;
				dense->entry[entries++] = dense->matrix[i][j];
			}
	return (CpProgram){dense->rows,      dense->columns,      dense->objective, dense->row_lower,
	                   dense->row_upper, dense->lower,        dense->upper,     entries,
	                   dense->entry_row, dense->entry_column, dense->entry};
}

static CpProgramSolution
solve(CpContext *context, Dense *dense)
{
	CpProgram program = program_of(dense);
	CpProgramSolution solution = {.x = dense->x, .dual = dense->dual};

	CHECK_STATUS(CP_OK, cp_program_solve(context, &program, &solution));
	return solution;
}

static CpProgramSolution
solve_whole(CpContext *context, Dense *dense, double seconds, bool cuts)
{
	CpProgram program = program_of(dense);
	CpProgramSolution solution = {.x = dense->x};

	CHECK_STATUS(CP_OK, cp_program_solve_integer(context, &program, seconds, cuts, &solution));
	return solution;
}

static void
check_numbers(const double *expected, const double *obtained, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		CHECK_CLOSE(expected[k], obtained[k], 1e-9);
}

/* ---- linear ---- */

static void
test_at_most(void)
{
	Dense dense = {.rows = 3,
	               .columns = 3,
	               .objective = {3, 5, 4},
	               .matrix = {{2, 3, 0}, {0, 2, 5}, {3, 2, 4}},
	               .row_lower = {-INFINITY, -INFINITY, -INFINITY},
	               .row_upper = {8, 10, 15},
	               .upper = {INFINITY, INFINITY, INFINITY}};
	CpProgramSolution solution = solve(unit_context(), &dense);

	CHECK_EQUAL(CP_PROGRAM_OPTIMAL, solution.status);
	CHECK_CLOSE(765.0 / 41, solution.value, 1e-9);
	CHECK_CLOSE(solution.value, solution.bound, 0);
	check_numbers((const double[]){89.0 / 41, 50.0 / 41, 62.0 / 41}, dense.x, 3);
	check_numbers((const double[]){45.0 / 41, 24.0 / 41, 11.0 / 41}, dense.dual, 3);
}

/* An equation, a range, a bounded and a nearly free column. */
static void
test_all_kinds(void)
{
	Dense dense = {.rows = 2,
	               .columns = 3,
	               .objective = {1, 2, -1},
	               .matrix = {{1, 1, 1}, {1, -1, 0}},
	               .row_lower = {4, -1},
	               .row_upper = {4, 2},
	               .lower = {0, -INFINITY, -5},
	               .upper = {INFINITY, 3, INFINITY}};
	CpProgramSolution solution = solve(unit_context(), &dense);

	CHECK_CLOSE(15, solution.value, 1e-9);
	check_numbers((const double[]){5, 3, -4}, dense.x, 3);
	check_numbers((const double[]){-1, 2}, dense.dual, 2);
}

/* What "at least" asks for costs: duals are negative. */
static void
test_at_least(void)
{
	Dense dense = {.rows = 2,
	               .columns = 2,
	               .objective = {-2, -3},
	               .matrix = {{1, 1}, {1, 3}},
	               .row_lower = {4, 6},
	               .row_upper = {INFINITY, INFINITY},
	               .upper = {INFINITY, INFINITY}};
	CpProgramSolution solution = solve(unit_context(), &dense);

	CHECK_CLOSE(-9, solution.value, 1e-9);
	check_numbers((const double[]){3, 1}, dense.x, 2);
	check_numbers((const double[]){-1.5, -.5}, dense.dual, 2);
}

static void
test_no_optimum(void)
{
	Dense empty = {.rows = 2,
	               .columns = 1,
	               .objective = {1},
	               .matrix = {{1}, {1}},
	               .row_lower = {-INFINITY, 2},
	               .row_upper = {1, INFINITY},
	               .upper = {INFINITY}};
	Dense endless = {.columns = 2, .objective = {1, 0}, .upper = {INFINITY, 1}};
	Dense free_of_rows = {.columns = 2, .objective = {1, -2}, .lower = {0, 3}, .upper = {7, 9}};
	CpContext *context = unit_context();

	CHECK_EQUAL(CP_PROGRAM_INFEASIBLE, solve(context, &empty).status);
	CHECK_EQUAL(CP_PROGRAM_INFEASIBLE, solve_whole(context, &empty, 1, true).status);
	CHECK_EQUAL(CP_PROGRAM_UNBOUNDED, solve(context, &endless).status);
	CHECK_CLOSE(1, solve(context, &free_of_rows).value, 1e-12);
}

/* Money in trillions beside counts, and worth in millionths: both are found, and so are their prices. */
static void
test_scales(void)
{
	for (int power = -9; power <= 12; power += 3)
	{
		double money = pow(10, power);
		Dense dense = {.rows = 2,
		               .columns = 2,
		               .objective = {3 / money, 5 / money},
		               .matrix = {{2 * money, 3 * money}, {1, 2}},
		               .row_lower = {-INFINITY, -INFINITY},
		               .row_upper = {8 * money, 5},
		               .upper = {INFINITY, INFINITY}};
		CpProgramSolution solution = solve(unit_context(), &dense);

		/* x = (1, 2): both rows are used up, at prices (1, 1) / money. */
		CHECK_RELATIVE(13 / money, solution.value, 1e-9);
		check_numbers((const double[]){1, 2}, dense.x, 2);
		CHECK_RELATIVE(1 / money, dense.dual[0] * money, 1e-9);
		CHECK_RELATIVE(1 / money, dense.dual[1], 1e-9);
	}
}

/* Random programs: value = dual value, and complementary slackness, which prove the optimum. */
static void
test_duality(void)
{
	CpRng rng;

	cp_rng_init(&rng, 11, 1);
	for (int instance = 0; instance < 200; instance++)
	{
		Dense dense = {.rows = 1 + (uint32_t) cp_rng_below(&rng, 8),
		               .columns = 1 + (uint32_t) cp_rng_below(&rng, 20)};
		double priced = 0;
		CpProgramSolution solution;

		for (uint32_t j = 0; j < dense.columns; j++)
		{
			dense.objective[j] = floor(20 * cp_rng_uniform(&rng)) - 4;
			dense.upper[j] = 1 + floor(3 * cp_rng_uniform(&rng));
			for (uint32_t i = 0; i < dense.rows; i++)
				dense.matrix[i][j] = floor(5 * cp_rng_uniform(&rng));
		}
		for (uint32_t i = 0; i < dense.rows; i++)
		{
			dense.row_lower[i] = -INFINITY;
			dense.row_upper[i] = floor(dense.columns * 2 * cp_rng_uniform(&rng));
		}
		solution = solve(unit_context(), &dense);
		for (uint32_t j = 0; j < dense.columns; j++)
		{
			double reduced = dense.objective[j];

			for (uint32_t i = 0; i < dense.rows; i++)
				reduced -= dense.dual[i] * dense.matrix[i][j];
			priced += fmax(reduced, 0) * dense.upper[j];
		}
		for (uint32_t i = 0; i < dense.rows; i++)
		{
			CHECK(dense.dual[i] >= -1e-9);
			priced += dense.dual[i] * dense.row_upper[i];
		}
		CHECK_CLOSE(priced, solution.value, 1e-8);
	}
}

/* ---- whole numbers ---- */

static void
test_knapsack(void)
{
	Dense dense = {.rows = 1,
	               .columns = 8,
	               .objective = {60, 100, 120, 75, 90, 33, 47, 81},
	               .matrix = {{10, 20, 30, 14, 19, 7, 11, 17}},
	               .row_lower = {-INFINITY},
	               .row_upper = {60},
	               .upper = {1, 1, 1, 1, 1, 1, 1, 1}};
	CpProgramSolution solution = solve_whole(unit_context(), &dense, 10, false);

	CHECK_EQUAL(CP_PROGRAM_OPTIMAL, solution.status);
	CHECK_CLOSE(306, solution.value, 0);
	CHECK_CLOSE(306, solution.bound, 0);
}

/* The best of all choices; -INFINITY when none keeps the rows. */
static double
best_choice(const Dense *dense)
{
	double best = -INFINITY;

	for (uint32_t choice = 0; choice < 1u << dense->columns; choice++)
	{
		double value = 0;
		bool kept = true;

		for (uint32_t i = 0; i < dense->rows; i++)
		{
			double sum = 0;

			for (uint32_t j = 0; j < dense->columns; j++)
				sum += (choice >> j & 1) * dense->matrix[i][j];
			kept &= sum >= dense->row_lower[i] && sum <= dense->row_upper[i];
		}
		for (uint32_t j = 0; j < dense->columns; j++)
			value += (choice >> j & 1) * dense->objective[j];
		if (kept && value > best)
			best = value;
	}
	return best;
}

static void
test_all_choices(void)
{
	CpRng rng;

	cp_rng_init(&rng, 12, 1);
	for (int instance = 0; instance < 300; instance++)
	{
		Dense dense = {.rows = 1 + (uint32_t) cp_rng_below(&rng, 4),
		               .columns = 2 + (uint32_t) cp_rng_below(&rng, 10)};
		CpProgramSolution solution;
		double best;

		for (uint32_t j = 0; j < dense.columns; j++)
		{
			dense.upper[j] = 1;
			dense.objective[j] = floor(1000 * cp_rng_uniform(&rng)) / 100 - 2;
			for (uint32_t i = 0; i < dense.rows; i++)
				dense.matrix[i][j] = i == 0 ? 1 : floor(900 * cp_rng_uniform(&rng)) / 100;
		}
		for (uint32_t i = 0; i < dense.rows; i++)
		{
			dense.row_lower[i] = cp_rng_uniform(&rng) < .2 ? 2 : -INFINITY;
			dense.row_upper[i] = 2 + floor(dense.columns * 4 * cp_rng_uniform(&rng));
		}
		best = best_choice(&dense);
		solution = solve_whole(unit_context(), &dense, 10, instance % 2 != 0);
		CHECK_EQUAL(isinf(best) ? CP_PROGRAM_INFEASIBLE : CP_PROGRAM_OPTIMAL, solution.status);
		if (isfinite(best))
			CHECK_CLOSE(best, solution.value, 1e-9);
	}
}

/* Weights and values all but equal: hard to prove; the time is heeded and the bound holds. */
static void
test_time(void)
{
	Dense dense = {.rows = 1, .columns = 60, .row_lower = {-INFINITY}};
	CpProgramSolution solution;
	CpRng rng;

	cp_rng_init(&rng, 13, 1);
	for (uint32_t j = 0; j < dense.columns; j++)
	{
		dense.matrix[0][j] = 2 * (double) (1000000 + cp_rng_below(&rng, 1000000));
		dense.objective[j] = dense.matrix[0][j];
		dense.upper[j] = 1;
		dense.row_upper[0] += dense.matrix[0][j] / 2;
	}
	/* Even weights never add up to it. */
	dense.row_upper[0] = 2 * floor(dense.row_upper[0] / 2) + 1;
	for (int cuts = 0; cuts < 2; cuts++)
	{
		clock_t began = clock();

		solution = solve_whole(unit_context(), &dense, .2, cuts != 0);
		CHECK((double) (clock() - began) / CLOCKS_PER_SEC < 10);
		CHECK(solution.status == CP_PROGRAM_FEASIBLE || solution.status == CP_PROGRAM_UNKNOWN);
		CHECK(solution.bound >= dense.row_upper[0] - 1 && solution.bound <= dense.row_upper[0] + 1);
		if (solution.status == CP_PROGRAM_FEASIBLE)
			CHECK(solution.value <= dense.row_upper[0] - 1);
	}
}

/* ---- what goes wrong ---- */

static void
fill_simple(Dense *dense)
{
	*dense = (Dense){.rows = 1,
	                 .columns = 2,
	                 .objective = {1, 1},
	                 .matrix = {{1, 2}},
	                 .row_lower = {-INFINITY},
	                 .row_upper = {3.5},
	                 .upper = {2, 2}};
}

static void
check_refused(Dense *dense, bool integer)
{
	CpContext *context = unit_context();
	CpProgram program = program_of(dense);
	CpProgramSolution solution = {.x = dense->x};

	CHECK_STATUS(CP_BAD_PARAMETER,
	             integer ? cp_program_solve_integer(context, &program, 1, false, &solution)
	                     : cp_program_solve(context, &program, &solution));
	CHECK(context->reason[0] != '\0');
}

static void
test_refused(void)
{
	static const double not_finite[] = {NAN, INFINITY, -INFINITY};
	CpProgramSolution solution = {0};
	CpProgram program;
	Dense dense;

	for (int k = 0; k < 3; k++)
	{
		fill_simple(&dense);
		dense.objective[1] = not_finite[k];
		check_refused(&dense, false);
		fill_simple(&dense);
		dense.matrix[0][1] = not_finite[k];
		check_refused(&dense, false);
	}
	fill_simple(&dense);
	dense.row_upper[0] = NAN;
	check_refused(&dense, false);
	fill_simple(&dense);
	dense.row_lower[0] = 4;
	check_refused(&dense, false);
	fill_simple(&dense);
	dense.lower[0] = INFINITY;
	dense.upper[0] = INFINITY;
	check_refused(&dense, false);
	fill_simple(&dense);
	dense.upper[1] = 1.5;
	check_refused(&dense, true);
	fill_simple(&dense);
	program = program_of(&dense);
	solution.x = dense.x;
	dense.entry_column[1] = 0;
	CHECK_STATUS(CP_BAD_PARAMETER, cp_program_solve(unit_context(), &program, &solution));
	dense.entry_column[1] = 2;
	CHECK_STATUS(CP_BAD_PARAMETER, cp_program_solve(unit_context(), &program, &solution));
	program.columns = 0;
	CHECK_STATUS(CP_BAD_PARAMETER, cp_program_solve(unit_context(), &program, &solution));
}

/* Cancelled at every poll, and out of memory at every allocation: each time the next call works. */
static void
test_interrupted(void)
{
	Dense dense;
	CpProgram program;
	CpProgramSolution solution = {.x = dense.x};
	CpStatus status = CP_CANCELLED;
	size_t polls = 0;
	size_t allocations;

	fill_simple(&dense);
	program = program_of(&dense);
	for (; status == CP_CANCELLED; polls++)
	{
		CpContext *context = unit_context();

		unit_cancel_after(polls);
		status = cp_program_solve_integer(context, &program, 10, true, &solution);
	}
	CHECK_STATUS(CP_OK, status);
	CHECK(polls > 2);
	CHECK_CLOSE(2, solution.value, 1e-9);
	CHECK_STATUS(CP_OK, cp_program_solve_integer(unit_context(), &program, 10, true, &solution));
	allocations = unit_allocations();
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		CpContext *context = unit_context();

		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY,
		             cp_program_solve_integer(context, &program, 10, true, &solution));
	}
	CHECK_STATUS(CP_OK, cp_program_solve(unit_context(), &program, &solution));
	CHECK_CLOSE(2.75, solution.value, 1e-9);
}

/* GLPK's own memory counts; two thousand refusals leave nothing behind (the sanitizer looks). */
static void
test_memory(void)
{
	Dense dense;
	CpProgram program;
	CpProgramSolution solution = {.x = dense.x};

	fill_simple(&dense);
	program = program_of(&dense);
	for (int k = 0; k < 2000; k++)
	{
		CpContext *context = unit_context();

		context->budget = 4096;
		CHECK_STATUS(CP_OVER_BUDGET, cp_program_solve(context, &program, &solution));
	}
	CHECK_STATUS(CP_OK, cp_program_solve(unit_context(), &program, &solution));
}

void
test_lp_glpk(void)
{
	UNIT_CASE("at most", test_at_most);
	UNIT_CASE("all kinds of rows and columns", test_all_kinds);
	UNIT_CASE("at least", test_at_least);
	UNIT_CASE("no optimum", test_no_optimum);
	UNIT_CASE("scales", test_scales);
	UNIT_CASE("duality", test_duality);
	UNIT_CASE("a knapsack", test_knapsack);
	UNIT_CASE("all choices", test_all_choices);
	UNIT_CASE("time", test_time);
	UNIT_CASE("what is refused", test_refused);
	UNIT_CASE("interrupted", test_interrupted);
	UNIT_CASE("memory", test_memory);
}
