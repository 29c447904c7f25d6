/*
 * main.c: the list of unit tests. Run from the project's root, with the names of
 * tests as arguments to run only those.
 *
 * A new test_NAME.c needs a line in each of the two lists.
 */
#include "unit.h"

extern void test_context(void);
extern void test_rng(void);
extern void test_hash(void);
extern void test_bloom(void);
extern void test_vec(void);
extern void test_packed(void);
extern void test_special(void);
extern void test_sort(void);
extern void test_bytes(void);
extern void test_blas(void);
extern void test_dictionary(void);
extern void test_dataset(void);
extern void test_binning(void);
extern void test_tree(void);
extern void test_tree_grow(void);
extern void test_gbm(void);
extern void test_forest(void);
extern void test_net(void);
extern void test_net_inputs(void);
extern void test_net_learner(void);
extern void test_blend(void);
extern void test_calibrate(void);
extern void test_leak(void);
extern void test_metrics(void);
extern void test_evaluation(void);
extern void test_roc(void);
extern void test_screen(void);
extern void test_split(void);
extern void test_ensemble(void);
extern void test_background(void);
extern void test_explain(void);
extern void test_importance(void);
extern void test_model(void);
extern void test_train(void);
extern void test_rule(void);
extern void test_catalogue(void);
extern void test_response(void);
extern void test_policy(void);
extern void test_contact(void);
extern void test_mdp(void);
extern void test_world(void);
extern void test_population(void);
extern void test_offers(void);
extern void test_lp_glpk(void);
extern void test_allocate(void);
extern void test_greedy(void);
extern void test_knapsack(void);
extern void test_plan(void);
extern void test_tally(void);
extern void test_vertex(void);
extern void test_lp(void);
extern void test_pricing(void);
extern void test_distributions(void);
extern void test_posterior(void);
extern void test_power(void);
extern void test_moments(void);
extern void test_comparison(void);
extern void test_sequential(void);
extern void test_assignment(void);
extern void test_trial(void);
extern void test_kolmogorov(void);
extern void test_drift(void);
extern void test_sample(void);
extern void test_distance(void);
extern void test_estimation(void);
extern void test_domain(void);
extern void test_reference(void);
extern void test_alarm(void);
extern void test_profile(void);

static const UnitTest tests[] = {
	{"context", test_context},
	{"rng", test_rng},
	{"hash", test_hash},
	{"bloom", test_bloom},
	{"vec", test_vec},
	{"packed", test_packed},
	{"special", test_special},
	{"sort", test_sort},
	{"bytes", test_bytes},
	{"blas", test_blas},
	{"dictionary", test_dictionary},
	{"dataset", test_dataset},
	{"binning", test_binning},
	{"tree", test_tree},
	{"tree_grow", test_tree_grow},
	{"gbm", test_gbm},
	{"forest", test_forest},
	{"metrics", test_metrics},
	{"net", test_net},
	{"net_inputs", test_net_inputs},
	{"net_learner", test_net_learner},
	{"blend", test_blend},
	{"calibrate", test_calibrate},
	{"leak", test_leak},
	{"evaluation", test_evaluation},
	{"roc", test_roc},
	{"screen", test_screen},
	{"split", test_split},
	{"ensemble", test_ensemble},
	{"background", test_background},
	{"explain", test_explain},
	{"importance", test_importance},
	{"model", test_model},
	{"train", test_train},
	{"rule", test_rule},
	{"catalogue", test_catalogue},
	{"response", test_response},
	{"policy", test_policy},
	{"contact", test_contact},
	{"mdp", test_mdp},
	{"world", test_world},
	{"population", test_population},
	{"offers", test_offers},
	{"lp_glpk", test_lp_glpk},
	{"allocate", test_allocate},
	{"greedy", test_greedy},
	{"knapsack", test_knapsack},
	{"plan", test_plan},
	{"tally", test_tally},
	{"vertex", test_vertex},
	{"lp", test_lp},
	{"pricing", test_pricing},
	{"distributions", test_distributions},
	{"posterior", test_posterior},
	{"power", test_power},
	{"moments", test_moments},
	{"comparison", test_comparison},
	{"sequential", test_sequential},
	{"assignment", test_assignment},
	{"trial", test_trial},
	{"kolmogorov", test_kolmogorov},
	{"drift", test_drift},
	{"sample", test_sample},
	{"distance", test_distance},
	{"estimation", test_estimation},
	{"domain", test_domain},
	{"reference", test_reference},
	{"alarm", test_alarm},
	{"profile", test_profile},
};

int
main(int argc, char **argv)
{
	return unit_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
