/*
 * test_mdp.c: values of decision processes against all policies tried one by one, against
 * linear equations, and against a walk forwards through the distribution of states.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "decide/mdp.h"
#include "num/rng.h"

extern void test_mdp(void);

#define STATES 3
#define ACTIONS 3
#define REWARDS 2
#define MONTHS 4
#define PAIRS (STATES * ACTIONS)

/* Another process in every month. */
typedef struct Toy
{
	uint32_t masks[MONTHS][STATES];
	double rewards[MONTHS][REWARDS][PAIRS];
	uint32_t next[MONTHS][PAIRS][CP_MDP_BRANCHES];
	double chances[MONTHS][PAIRS][CP_MDP_BRANCHES];
	double policy[MONTHS][PAIRS];
	CpStatus status; /* what describing a month returns */
} Toy;

static CpStatus
describe_toy(void *host, uint32_t month, const CpMdpMonth *into)
{
	const Toy *toy = host;

	memcpy(into->masks, toy->masks[month], sizeof(toy->masks[month]));
	memcpy(into->rewards, toy->rewards[month], sizeof(toy->rewards[month]));
	memcpy(into->next, toy->next[month], sizeof(toy->next[month]));
	memcpy(into->chances, toy->chances[month], sizeof(toy->chances[month]));
	memcpy(into->policies, toy->policy[month], sizeof(toy->policy[month]));
	return toy->status;
}

static void
make_pair(Toy *toy, int month, int pair, CpRng *rng)
{
	double left = 1;

	for (int reward = 0; reward < REWARDS; reward++)
		toy->rewards[month][reward][pair] = 10 * cp_rng_normal(rng);
	for (int branch = 0; branch < CP_MDP_BRANCHES; branch++)
	{
		toy->next[month][pair][branch] = (uint32_t) cp_rng_below(rng, STATES);
		toy->chances[month][pair][branch] = left * cp_rng_uniform(rng);
		left -= toy->chances[month][pair][branch];
	}
}

static void
make_toy(uint64_t seed, Toy *toy)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	toy->status = CP_OK;
	for (int month = 0; month < MONTHS; month++)
		for (int state = 0; state < STATES; state++)
		{
			double sum = 0;

			/* the first toy is open to all actions */
			toy->masks[month][state] = seed == 1 ? 7 : 1 + (uint32_t) cp_rng_below(&rng, 7);
			for (int action = 0; action < ACTIONS; action++)
			{
				int pair = state * ACTIONS + action;

				make_pair(toy, month, pair, &rng);
				toy->policy[month][pair] =
					toy->masks[month][state] >> action & 1 ? cp_rng_uniform(&rng) : 0;
				sum += toy->policy[month][pair];
			}
			for (int action = 0; action < ACTIONS; action++)
				toy->policy[month][state * ACTIONS + action] /= sum;
		}
}

static CpMdp
mdp_of(Toy *toy)
{
	return (CpMdp){STATES, ACTIONS, REWARDS, 1, MONTHS, false, 0.9, toy, describe_toy};
}

typedef struct Solution
{
	double values[2][REWARDS][STATES]; /* optimum, policy */
	uint8_t plan[MONTHS][STATES];
} Solution;

static CpStatus
solve(const CpMdp *mdp, CpContext *context, Solution *solution)
{
	return cp_mdp_solve(context, mdp, solution->values[0][0], solution->plan[0]);
}

/* Follow a policy from a state through the distribution over states, month after month. */
static double
walk(const Toy *toy, double policy[MONTHS][PAIRS], int reward, int start)
{
	double here[STATES] = {0}, value = 0;

	here[start] = 1;
	for (int month = 0; month < MONTHS; month++)
	{
		double there[STATES] = {0};

		for (int pair = 0; pair < PAIRS; pair++)
		{
			double mass = here[pair / ACTIONS] * policy[month][pair];

			value += pow(0.9, month) * mass * toy->rewards[month][reward][pair];
			for (int branch = 0; branch < CP_MDP_BRANCHES; branch++)
				there[toy->next[month][pair][branch]] += mass * toy->chances[month][pair][branch];
		}
		memcpy(here, there, sizeof(here));
	}
	return value;
}

/* A policy that never hesitates, as digits; counts on, false when all have been had. */
static bool
count_on(const Toy *toy, uint8_t plan[MONTHS][STATES])
{
	for (int i = 0; i < MONTHS * STATES; i++)
	{
		uint8_t *digit = &plan[i / STATES][i % STATES];

		while (++*digit < ACTIONS)
			if (toy->masks[i / STATES][i % STATES] >> *digit & 1)
				return true;
		for (*digit = 0; !(toy->masks[i / STATES][i % STATES] >> *digit & 1);)
			++*digit;
	}
	return false;
}

/* Value of a plan from all states: backwards, in the plainest way. */
static void
evaluate(const Toy *toy, uint8_t plan[MONTHS][STATES], int reward, double values[STATES])
{
	memset(values, 0, STATES * sizeof(double));
	for (int month = MONTHS; month-- > 0;)
	{
		double later[STATES];

		memcpy(later, values, sizeof(later));
		for (int state = 0; state < STATES; state++)
		{
			int pair = state * ACTIONS + plan[month][state];

			values[state] = toy->rewards[month][reward][pair];
			for (int branch = 0; branch < CP_MDP_BRANCHES; branch++)
				values[state] +=
					0.9 * toy->chances[month][pair][branch] * later[toy->next[month][pair][branch]];
		}
	}
}

/* 3^12 policies of the first toy, fewer of those with masks. */
static void
check_all_policies(void)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
	{
		double best[STATES] = {-INFINITY, -INFINITY, -INFINITY}, values[STATES];
		uint8_t plan[MONTHS][STATES] = {{0}};
		Solution solution;
		Toy toy;
		CpMdp mdp = mdp_of(&toy);
		uint32_t policies = 0;

		make_toy(seed, &toy);
		for (int i = 0; i < MONTHS * STATES; i++)
			while (!(toy.masks[i / STATES][i % STATES] >> plan[i / STATES][i % STATES] & 1))
				plan[i / STATES][i % STATES]++;
		do
		{
			evaluate(&toy, plan, 0, values);
			for (int state = 0; state < STATES; state++)
				best[state] = fmax(best[state], values[state]);
			policies++;
		} while (count_on(&toy, plan));
		unit_note("seed %d: %u policies", (int) seed, policies);
		REQUIRE_OK(solve(&mdp, unit_context(), &solution));
		for (int state = 0; state < STATES; state++)
			CHECK_CLOSE(best[state], solution.values[0][0][state], 1e-9);
		for (int reward = 0; reward < REWARDS; reward++)
		{
			evaluate(&toy, solution.plan, reward, values);
			for (int state = 0; state < STATES; state++)
				CHECK_CLOSE(values[state], solution.values[0][reward][state], 1e-9);
		}
		CHECK_EQUAL(0, unit_live_blocks());
	}
}

/* Of a policy that draws; and that of the optimum's plan is the optimum. */
static void
check_policy(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
	{
		Solution solution, again;
		Toy toy;
		CpMdp mdp = mdp_of(&toy);

		make_toy(seed, &toy);
		REQUIRE_OK(solve(&mdp, unit_context(), &solution));
		for (int reward = 0; reward < REWARDS; reward++)
			for (int state = 0; state < STATES; state++)
				CHECK_CLOSE(walk(&toy, toy.policy, reward, state),
				            solution.values[1][reward][state], 1e-9);
		memset(toy.policy, 0, sizeof(toy.policy));
		for (int i = 0; i < MONTHS * STATES; i++)
			toy.policy[i / STATES][i % STATES * ACTIONS + solution.plan[i / STATES][i % STATES]] =
				1;
		REQUIRE_OK(solve(&mdp, unit_context(), &again));
		for (int reward = 0; reward < REWARDS; reward++)
			for (int state = 0; state < STATES; state++)
				CHECK_CLOSE(solution.values[0][reward][state], again.values[1][reward][state],
				            1e-9);
	}
}

/* Of actions as good as each other the first is planned, but never one outside of the mask. */
static void
check_ties(void)
{
	Solution solution;
	Toy toy;
	CpMdp mdp = mdp_of(&toy);

	memset(&toy, 0, sizeof(toy));
	for (int i = 0; i < MONTHS * STATES; i++)
		toy.masks[i / STATES][i % STATES] = i % STATES == 0 ? 7 : 6;
	REQUIRE_OK(solve(&mdp, unit_context(), &solution));
	for (int i = 0; i < MONTHS * STATES; i++)
		CHECK_EQUAL(i % STATES == 0 ? 0 : 1, solution.plan[i / STATES][i % STATES]);
}

/* x of a x = b, by Gauss and Jordan with pivots; a [n][n] and b are used up. */
static void
solve_equations(int n, double *a, double *b, double *x)
{
	for (int k = 0; k < n; k++)
	{
		int pivot = k;

		for (int i = k; i < n; i++)
			pivot = fabs(a[i * n + k]) > fabs(a[pivot * n + k]) ? i : pivot;
		for (int j = 0; j < n; j++)
		{
			double kept = a[k * n + j];

			a[k * n + j] = a[pivot * n + j];
			a[pivot * n + j] = kept;
		}
		x[k] = b[pivot];
		b[pivot] = b[k];
		b[k] = x[k];
		for (int i = 0; i < n; i++)
		{
			double factor = a[i * n + k] / a[k * n + k];

			if (i == k)
				continue;
			for (int j = 0; j < n; j++)
				a[i * n + j] -= factor * a[k * n + j];
			b[i] -= factor * b[k];
		}
	}
	for (int k = 0; k < n; k++)
		x[k] = b[k] / a[k * n + k];
}

/* Values of following a policy in one month for ever: (1 - discount P) V = r. */
static void
evaluate_endless(const Toy *toy, double discount, const double policy[PAIRS], int reward,
                 double values[STATES])
{
	double a[STATES][STATES] = {{0}}, b[STATES] = {0};

	for (int pair = 0; pair < PAIRS; pair++)
	{
		int state = pair / ACTIONS;

		b[state] += policy[pair] * toy->rewards[0][reward][pair];
		for (int branch = 0; branch < CP_MDP_BRANCHES; branch++)
			a[state][toy->next[0][pair][branch]] -=
				discount * policy[pair] * toy->chances[0][pair][branch];
	}
	for (int state = 0; state < STATES; state++)
		a[state][state] += 1;
	solve_equations(STATES, a[0], b, values);
}

static void
check_endless(void)
{
	for (uint64_t seed = 1; seed <= 10; seed++)
	{
		double best[STATES] = {-INFINITY, -INFINITY, -INFINITY}, values[STATES];
		Solution solution;
		Toy toy;
		CpMdp mdp = mdp_of(&toy);

		make_toy(seed, &toy);
		mdp.months = 1;
		mdp.endless = true;
		mdp.discount = seed % 2 ? 0.99 : 1; /* without discount, it ends all the same */
		REQUIRE_OK(solve(&mdp, unit_context(), &solution));
		for (int plan = 0; plan < 27; plan++)
		{
			int digits[STATES] = {plan % 3, plan / 3 % 3, plan / 9};
			double policy[PAIRS] = {0};
			bool open = true;

			for (int state = 0; state < STATES; state++)
			{
				open = open && toy.masks[0][state] >> digits[state] & 1;
				policy[state * ACTIONS + digits[state]] = 1;
			}
			if (!open)
				continue;
			evaluate_endless(&toy, mdp.discount, policy, 0, values);
			for (int state = 0; state < STATES; state++)
				best[state] = fmax(best[state], values[state]);
		}
		for (int state = 0; state < STATES; state++)
			CHECK_CLOSE(best[state], solution.values[0][0][state], 1.1e-7);
		for (int reward = 0; reward < REWARDS; reward++)
		{
			evaluate_endless(&toy, mdp.discount, toy.policy[0], reward, values);
			for (int state = 0; state < STATES; state++)
				CHECK_CLOSE(values[state], solution.values[1][reward][state], 1.1e-7);
		}
	}
}

/* ---- a process that lasts ---- */

#define MANY 60
#define CHOICES 4

/* Hardly anybody leaves: 0 to 0.2 % a month. */
typedef struct Lasting
{
	uint32_t masks[MANY];
	double rewards[MANY * CHOICES];
	uint32_t next[MANY * CHOICES][CP_MDP_BRANCHES];
	double chances[MANY * CHOICES][CP_MDP_BRANCHES];
	double policy[MANY * CHOICES];
} Lasting;

static CpStatus
describe_lasting(void *host, uint32_t month, const CpMdpMonth *into)
{
	const Lasting *lasting = host;

	(void) month;
	memcpy(into->masks, lasting->masks, sizeof(lasting->masks));
	memcpy(into->rewards, lasting->rewards, sizeof(lasting->rewards));
	memcpy(into->next, lasting->next, sizeof(lasting->next));
	memcpy(into->chances, lasting->chances, sizeof(lasting->chances));
	memcpy(into->policies, lasting->policy, sizeof(lasting->policy));
	return CP_OK;
}

/* scale: of money. Each state's first action stays near, so that news travels slowly. */
static void
make_lasting(uint64_t seed, double scale, Lasting *lasting)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	for (uint32_t pair = 0; pair < MANY * CHOICES; pair++)
	{
		uint32_t state = pair / CHOICES;
		double stays = 1 - 0.002 * cp_rng_uniform(&rng), first = cp_rng_uniform(&rng);

		lasting->masks[state] = 1 | (uint32_t) cp_rng_below(&rng, 16);
		lasting->rewards[pair] = scale * (40 + 10 * cp_rng_normal(&rng));
		for (uint32_t branch = 0; branch < CP_MDP_BRANCHES; branch++)
			lasting->next[pair][branch] =
				pair % CHOICES == 0 ? (state + branch) % MANY : (uint32_t) cp_rng_below(&rng, MANY);
		lasting->chances[pair][0] = stays * first;
		lasting->chances[pair][1] = stays * (1 - first) * 0.5;
		lasting->chances[pair][2] = stays * (1 - first) * 0.5;
		lasting->policy[pair] = pair % CHOICES == 0 ? 0.7 : 0;
	}
	for (uint32_t state = 0; state < MANY; state++)
		lasting->policy[state * CHOICES + (lasting->masks[state] & 8 ? 3 : 0)] += 0.3;
}

static void
evaluate_lasting(const Lasting *lasting, double discount, const double *policy, double *values)
{
	static double a[MANY][MANY], b[MANY];

	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	for (uint32_t pair = 0; pair < MANY * CHOICES; pair++)
	{
		b[pair / CHOICES] += policy[pair] * lasting->rewards[pair];
		for (int branch = 0; branch < CP_MDP_BRANCHES; branch++)
			a[pair / CHOICES][lasting->next[pair][branch]] -=
				discount * policy[pair] * lasting->chances[pair][branch];
	}
	for (uint32_t state = 0; state < MANY; state++)
		a[state][state] += 1;
	solve_equations(MANY, a[0], b, values);
}

/* By how much an action of the best is better than what the state is worth. */
static double
advantage(const Lasting *lasting, double discount, const double *values, uint32_t state)
{
	double best = -INFINITY;

	for (uint32_t pair = state * CHOICES; pair < (state + 1) * CHOICES; pair++)
	{
		double value = lasting->rewards[pair];

		for (int branch = 0; branch < CP_MDP_BRANCHES; branch++)
			value +=
				discount * lasting->chances[pair][branch] * values[lasting->next[pair][branch]];
		if (lasting->masks[state] >> pair % CHOICES & 1)
			best = fmax(best, value);
	}
	return best - values[state];
}

/*
 * A policy's values and those of the optimum's plan solve their equations; and no action is
 * better than the plan's, which makes that the optimum.
 */
static void
check_lasting(double discount, double scale)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
	{
		static Lasting lasting;
		CpMdp mdp = {MANY, CHOICES, 1, 1, 1, true, discount, &lasting, describe_lasting};
		double values[2][MANY], expected[MANY], plan[MANY * CHOICES] = {0};
		double tolerance = fmax(CP_MDP_TOLERANCE, CP_MDP_RELATIVE * scale * 60 / (1 - discount));
		uint8_t actions[MANY];

		make_lasting(seed, scale, &lasting);
		REQUIRE_OK(cp_mdp_solve(unit_context(), &mdp, values[0], actions));
		evaluate_lasting(&lasting, discount, lasting.policy, expected);
		for (uint32_t state = 0; state < MANY; state++)
		{
			CHECK_CLOSE(expected[state], values[1][state], tolerance);
			plan[state * CHOICES + actions[state]] = 1;
		}
		evaluate_lasting(&lasting, discount, plan, expected);
		for (uint32_t state = 0; state < MANY; state++)
		{
			CHECK_CLOSE(expected[state], values[0][state], tolerance);
			CHECK_CLOSE(0, advantage(&lasting, discount, values[0], state),
			            tolerance * (1 - discount));
		}
		CHECK_EQUAL(0, unit_live_blocks());
	}
}

static void
check_lasting_processes(void)
{
	check_lasting(0.99, 1);
	check_lasting(0.9999, 1e9);
	/* squares of these numbers are infinite */
	check_lasting(0.95, 1e200);
}

/* Months before the one that is repeated: as if that were described very often. */
static CpStatus
describe_long(void *host, uint32_t month, const CpMdpMonth *into)
{
	return describe_toy(host, month < MONTHS ? month : MONTHS - 1, into);
}

static void
check_endless_after_months(void)
{
	Toy toy;
	CpMdp mdp = mdp_of(&toy);
	double endless[2][REWARDS][STATES], finite[2][REWARDS][STATES];

	make_toy(3, &toy);
	mdp.endless = true;
	REQUIRE_OK(cp_mdp_solve(unit_context(), &mdp, endless[0][0], NULL));
	mdp.endless = false;
	mdp.months = 300;
	mdp.describe = describe_long;
	REQUIRE_OK(cp_mdp_solve(unit_context(), &mdp, finite[0][0], NULL));
	for (int i = 0; i < 2; i++)
		for (int reward = 0; reward < REWARDS; reward++)
			for (int state = 0; state < STATES; state++)
				CHECK_CLOSE(finite[i][reward][state], endless[i][reward][state], 1e-7);
}

static void
check_refusals(void)
{
	CpContext *context = unit_context();
	Solution solution;
	Toy toy;
	CpMdp mdp;

	make_toy(1, &toy);
	mdp = mdp_of(&toy);
	mdp.states = 0;
	CHECK_STATUS(CP_BAD_PARAMETER, solve(&mdp, context, &solution));
	mdp = mdp_of(&toy);
	mdp.actions = 33;
	CHECK_STATUS(CP_BAD_PARAMETER, solve(&mdp, context, &solution));
	mdp = mdp_of(&toy);
	mdp.states = UINT32_MAX;
	CHECK_STATUS(CP_BAD_PARAMETER, solve(&mdp, context, &solution));
	mdp = mdp_of(&toy);
	mdp.discount = NAN;
	CHECK_STATUS(CP_BAD_PARAMETER, solve(&mdp, context, &solution));
	mdp = mdp_of(&toy);
	mdp.months = 0;
	CHECK_STATUS(CP_BAD_PARAMETER, solve(&mdp, context, &solution));
	mdp = mdp_of(&toy);
	toy.status = CP_BAD_DATA;
	CHECK_STATUS(CP_BAD_DATA, solve(&mdp, context, &solution));
}

/* A process that never ends: without discount it has no value, with hardly any none is found. */
static void
check_convergence(void)
{
	Solution solution;
	Toy toy;
	CpMdp mdp = mdp_of(&toy);

	make_toy(1, &toy);
	mdp.endless = true;
	mdp.discount = 1;
	for (int pair = 0; pair < PAIRS; pair++)
	{
		toy.chances[MONTHS - 1][pair][0] = 1;
		toy.chances[MONTHS - 1][pair][1] = toy.chances[MONTHS - 1][pair][2] = 0;
	}
	CHECK_STATUS(CP_BAD_PARAMETER, solve(&mdp, unit_context(), &solution));
	mdp.discount = 1 - 1e-9;
	CHECK_STATUS(CP_NOT_CONVERGED, solve(&mdp, unit_context(), &solution));
	mdp.discount = 0.9999;
	CHECK_STATUS(CP_OK, solve(&mdp, unit_context(), &solution));
}

static void
check_failures(void)
{
	Solution solution;
	CpContext *context = unit_context();
	size_t allocations, polls;
	Toy toy;
	CpMdp mdp = mdp_of(&toy);

	make_toy(2, &toy);
	mdp.endless = true;
	REQUIRE_OK(solve(&mdp, context, &solution));
	allocations = unit_allocations();
	polls = unit_polls();
	for (size_t nth = 1; nth <= allocations; nth++)
	{
		context = unit_context();
		unit_fail_allocation(nth);
		CHECK_STATUS(CP_NO_MEMORY, solve(&mdp, context, &solution));
	}
	CHECK(polls > MONTHS);
	for (size_t nth = 0; nth < polls; nth++)
	{
		context = unit_context();
		unit_cancel_after(nth);
		CHECK_STATUS(CP_CANCELLED, solve(&mdp, context, &solution));
	}
	context = unit_context();
	context->budget = 500;
	CHECK_STATUS(CP_OVER_BUDGET, solve(&mdp, context, &solution));
}

void
test_mdp(void)
{
	UNIT_CASE("the optimum is the best of all policies tried", check_all_policies);
	UNIT_CASE("a policy's value is a walk's, the plan's is the optimum", check_policy);
	UNIT_CASE("ties go to the first action that may be taken", check_ties);
	UNIT_CASE("endless values solve their equations", check_endless);
	UNIT_CASE("endless values of a process that lasts", check_lasting_processes);
	UNIT_CASE("months before the endless one", check_endless_after_months);
	UNIT_CASE("what is no process", check_refusals);
	UNIT_CASE("values that do not settle", check_convergence);
	UNIT_CASE("allocations that fail, cancels, budget", check_failures);
}
