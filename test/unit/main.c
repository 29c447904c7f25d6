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
extern void test_vec(void);
extern void test_special(void);
extern void test_sort(void);
extern void test_bytes(void);

static const UnitTest tests[] = {
	{"context", test_context},
	{"rng", test_rng},
	{"hash", test_hash},
	{"vec", test_vec},
	{"special", test_special},
	{"sort", test_sort},
	{"bytes", test_bytes},
};

int
main(int argc, char **argv)
{
	return unit_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
