/*
 * test_tree.c: trees walked side by side or scored by masks, against one tree
 * after the other, node by node; and trees as bytes.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/tree.h"
#include "num/rng.h"

#define FEATURES 5
#define VECTORS 200

extern void test_tree(void);

/* 0: number of 20 cuts, 1: number of 254 cuts, 2: one cut, 3: category of 3 levels, 4: category of 254 levels. */
static const uint32_t cut_counts[FEATURES] = {20, 254, 1, 0, 0};
static const uint32_t level_counts[FEATURES] = {0, 0, 0, 3, 254};

static bool
is_category(uint32_t feature)
{
	return level_counts[feature] > 0;
}

/* ---- random trees ---- */

static CpStatus
begin_trees(CpTrees *trees, CpContext *context)
{
	CP_TRY(cp_trees_init(trees, context, FEATURES));
	for (uint32_t f = 0; f < FEATURES; f++)
	{
		trees->levels[f] = level_counts[f];
		trees->ncuts[f] = cut_counts[f];
		CP_TRY(cp_alloc(context, &trees->cuts[f], cut_counts[f], sizeof(double)));
		for (uint32_t c = 0; c < cut_counts[f]; c++)
			trees->cuts[f][c] = c == 0 && f == 1 ? -INFINITY : c * 0.5 - 4;
	}
	return CP_OK;
}

static CpStatus
random_test(CpTrees *trees, CpRng *rng, uint32_t *test)
{
	CpSlot slot;
	uint32_t number, threshold = 0;

	memset(&slot, 0, sizeof(slot));
	slot.feature = (uint32_t) cp_rng_below(rng, FEATURES);
	if (is_category(slot.feature))
	{
		slot.kind = CP_SLOT_LEVELS;
		for (uint32_t code = 0; code < level_counts[slot.feature] + 2; code++)
			slot.set[code / 64] |= cp_rng_below(rng, 2) << (code % 64);
	}
	else
	{
		slot.kind = cp_rng_below(rng, 2) ? CP_SLOT_MISSING_LOW : CP_SLOT_MISSING_HIGH;
		threshold = (uint32_t) cp_rng_below(rng, cut_counts[slot.feature] + 1);
	}
	CP_TRY(cp_trees_slot(trees, &slot, &number));
	*test = number << 8 | threshold;
	return CP_OK;
}

/* A node of a random tree; none is deeper than depth, all are when full. */
static CpStatus
random_node(CpTrees *trees, CpRng *rng, uint32_t node, uint32_t level, uint32_t depth, bool full)
{
	uint32_t test, left;

	trees->covers[node] = (float) (1 + cp_rng_below(rng, 1000));
	if (level > trees->depths[trees->ntrees - 1])
		trees->depths[trees->ntrees - 1] = level;
	if (level == depth || (!full && cp_rng_below(rng, 4) == 0))
	{
		trees->values[node] = (float) cp_rng_normal(rng);
		return CP_OK;
	}
	CP_TRY(random_test(trees, rng, &test));
	CP_TRY(cp_trees_add_nodes(trees, 2, &left));
	trees->nodes[node].test = test;
	trees->nodes[node].left = left;
	trees->gains[node] = (float) cp_rng_uniform(rng);
	CP_TRY(random_node(trees, rng, left, level + 1, depth, full));
	return random_node(trees, rng, left + 1, level + 1, depth, full);
}

/* Depths 0 .. most_depth in turn, beginning with a leaf alone. */
static CpStatus
random_trees(CpTrees *trees, CpContext *context, uint64_t seed, uint32_t ntrees,
             uint32_t most_depth, bool full)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	CP_TRY(begin_trees(trees, context));
	for (uint32_t t = 0; t < ntrees; t++)
	{
		CP_TRY(cp_trees_add_tree(trees));
		CP_TRY(random_node(trees, &rng, trees->roots[t], 0,
		                   full ? most_depth : t % (most_depth + 1), full));
	}
	return CP_OK;
}

/* ---- the obvious way ---- */

static bool
goes_right(const CpTrees *trees, const CpNode *node, const double *vector)
{
	const CpSlot *slot = &trees->slots[node->test >> 8];
	double value = vector[slot->feature];
	uint32_t bin = 0;

	if (slot->kind == CP_SLOT_LEVELS)
	{
		uint32_t code = isnan(value) ? trees->levels[slot->feature] + 1 : (uint32_t) value;

		return slot->set[code / 64] >> (code % 64) & 1;
	}
	if (isnan(value))
		return slot->kind == CP_SLOT_MISSING_HIGH;
	for (uint32_t c = 0; c < trees->ncuts[slot->feature]; c++)
		bin += trees->cuts[slot->feature][c] < value;
	return bin > (node->test & 255);
}

static double
value_at(const CpTrees *trees, uint32_t n, const double *vector)
{
	const CpNode *node = &trees->nodes[n];

	if (node->left == n)
		return trees->values[n];
	return value_at(trees, node->left + goes_right(trees, node, vector), vector);
}

static double
naive_sum(const CpTrees *trees, const double *vector)
{
	double sum = 0;

	for (uint32_t t = 0; t < trees->ntrees; t++)
		sum += value_at(trees, trees->roots[t], vector);
	return sum;
}

/* Numbers on, near and far from the cuts; every code of a category; missing. */
static void
random_vector(CpRng *rng, double *vector)
{
	for (uint32_t f = 0; f < FEATURES; f++)
	{
		double number = (double) cp_rng_below(rng, 300) * 0.5 - 6;

		if (cp_rng_below(rng, 6) == 0)
			vector[f] = NAN;
		else if (is_category(f))
			vector[f] = (double) cp_rng_below(rng, level_counts[f] + 1);
		else if (cp_rng_below(rng, 8) == 0)
			vector[f] = cp_rng_below(rng, 2) ? INFINITY : -INFINITY;
		else
			vector[f] = cp_rng_below(rng, 3)
			                ? number
			                : nextafter(number, cp_rng_below(rng, 2) ? INFINITY : -INFINITY);
	}
}

typedef struct Expected
{
	double vectors[VECTORS][FEATURES];
	double sums[VECTORS];
} Expected;

static void
expect(const CpTrees *trees, Expected *expected)
{
	CpRng rng;

	cp_rng_init(&rng, 1000, trees->nnodes);
	for (int i = 0; i < VECTORS; i++)
	{
		random_vector(&rng, expected->vectors[i]);
		expected->sums[i] = naive_sum(trees, expected->vectors[i]);
	}
}

/* Both ways to score; scratch is no larger than asked for. */
static void
check_scores(const CpTrees *trees, const Expected *expected)
{
	uint8_t *answers;
	void *scratch;

	REQUIRE_OK(cp_alloc(trees->context, &answers, trees->nslots, 1));
	REQUIRE_OK(cp_alloc(trees->context, &scratch, cp_trees_scratch(trees), 1));
	for (int i = 0; i < VECTORS; i++)
	{
		cp_trees_answer(trees, expected->vectors[i], answers);
		CHECK_CLOSE(expected->sums[i], cp_trees_sum(trees, answers), 1e-9);
		CHECK_CLOSE(expected->sums[i], cp_trees_score(trees, expected->vectors[i], scratch), 1e-9);
	}
	cp_free(trees->context, &answers);
	cp_free(trees->context, &scratch);
}

#define MOST_FLIPS 40

/* A walk of random flips, some there and back at once, against the vectors it passes. */
static void
check_path(const CpTrees *trees, const double *from, const double *to, uint64_t seed)
{
	uint32_t flips[MOST_FLIPS];
	double here[FEATURES], sums[MOST_FLIPS + 1];
	CpPath path = {from, to, flips, 0};
	void *scratch;
	CpRng rng;

	cp_rng_init(&rng, seed, 1);
	path.n = (uint32_t) cp_rng_below(&rng, MOST_FLIPS + 1);
	for (uint32_t k = 0; k < path.n; k++)
		flips[k] = (uint32_t) cp_rng_below(&rng, FEATURES);
	REQUIRE_OK(cp_alloc(trees->context, &scratch, cp_trees_scratch(trees), 1));
	cp_trees_path(trees, &path, scratch, sums);
	memcpy(here, from, sizeof(here));
	CHECK_CLOSE(naive_sum(trees, here), sums[0], 1e-9);
	for (uint32_t k = 0; k < path.n; k++)
	{
		double end = to[flips[k]], other = from[flips[k]];
		double now = here[flips[k]];

		here[flips[k]] = memcmp(&now, &end, sizeof(now)) == 0 ? other : end;
		CHECK_CLOSE(naive_sum(trees, here), sums[k + 1], 1e-9);
	}
	cp_free(trees->context, &scratch);
}

typedef struct Shape
{
	uint32_t ntrees;
	uint32_t depth;
	bool full;
} Shape;

/* Forests empty and large, on both sides of every block; leaves 1, 16, 17 to 64 and more. */
static const Shape shapes[] = {
	{0, 0, false}, {1, 0, false},   {13, 0, false}, {1, 1, true},   {2, 4, false},  {7, 3, false},
	{8, 3, false}, {9, 3, false},   {16, 4, true},  {17, 4, false}, {31, 4, false}, {32, 4, true},
	{33, 4, true}, {300, 4, false}, {5, 5, true},   {64, 5, false}, {8, 6, true},   {9, 6, true},
	{70, 6, true}, {3, 7, true},    {40, 9, false}, {25, 12, false}};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void
check_walks(void)
{
	static Expected expected;

	for (size_t s = 0; s < SHAPES; s++)
	{
		CpTrees trees;

		REQUIRE_OK(random_trees(&trees, unit_context(), s, shapes[s].ntrees, shapes[s].depth,
		                        shapes[s].full));
		expect(&trees, &expected);
		REQUIRE_OK(cp_trees_prepare(&trees));
		check_scores(&trees, &expected);
		for (int i = 0; i + 1 < VECTORS; i += 10)
			check_path(&trees, expected.vectors[i], expected.vectors[i + 1], (uint64_t) i);
		cp_trees_free(&trees);
		CHECK_EQUAL(0, unit_live_blocks());
	}
}

/* A tree of a given number of leaves; the left part takes some of them. */
static CpStatus
node_of_leaves(CpTrees *trees, CpRng *rng, uint32_t node, uint32_t level, uint32_t leaves)
{
	uint32_t of_left, left;

	if (level > trees->depths[trees->ntrees - 1])
		trees->depths[trees->ntrees - 1] = level;
	trees->values[node] = leaves == 1 ? (float) cp_rng_normal(rng) : 0;
	if (leaves == 1)
		return CP_OK;
	of_left = 1 + (uint32_t) cp_rng_below(rng, leaves - 1);
	CP_TRY(random_test(trees, rng, &trees->nodes[node].test));
	CP_TRY(cp_trees_add_nodes(trees, 2, &left));
	trees->nodes[node].left = left;
	CP_TRY(node_of_leaves(trees, rng, left, level + 1, of_left));
	return node_of_leaves(trees, rng, left + 1, level + 1, leaves - of_left);
}

/* Masks just wide enough, and one leaf too many. */
static void
check_numbers_of_leaves(void)
{
	static Expected expected;
	CpRng rng;

	cp_rng_init(&rng, 44, 0);
	for (uint32_t leaves = 1; leaves <= 70; leaves++)
	{
		CpTrees trees;

		REQUIRE_OK(begin_trees(&trees, unit_context()));
		for (uint32_t t = 0; t < 5; t++)
		{
			REQUIRE_OK(cp_trees_add_tree(&trees));
			REQUIRE_OK(node_of_leaves(&trees, &rng, trees.roots[t], 0,
			                          t == 2 ? leaves : (leaves + 1) / 2));
		}
		expect(&trees, &expected);
		REQUIRE_OK(cp_trees_prepare(&trees));
		CHECK((trees.masks == NULL) == (leaves > 64));
		check_scores(&trees, &expected);
	}
}

/* More than masks may take: the walk is used. */
static void
check_many_trees(void)
{
	static Expected expected;
	CpTrees trees;

	REQUIRE_OK(random_trees(&trees, unit_context(), 4, 5000, 4, true));
	expect(&trees, &expected);
	REQUIRE_OK(cp_trees_prepare(&trees));
	CHECK(trees.masks == NULL);
	check_scores(&trees, &expected);
}

/* What is cut off no longer counts, and its questions are not asked. */
static void
check_truncated(void)
{
	static Expected expected;

	for (uint32_t kept = 0; kept <= 20; kept += 5)
	{
		CpTrees trees, fewer;

		REQUIRE_OK(random_trees(&trees, unit_context(), 5, 20, 4, false));
		REQUIRE_OK(random_trees(&fewer, trees.context, 5, kept, 4, false));
		cp_trees_truncate(&trees, kept);
		CHECK_EQUAL(fewer.nnodes, trees.nnodes);
		CHECK_EQUAL(kept, trees.ntrees);
		expect(&fewer, &expected);
		REQUIRE_OK(cp_trees_prepare(&trees));
		REQUIRE_OK(cp_trees_prepare(&fewer));
		CHECK_EQUAL(fewer.nslots, trees.nslots);
		check_scores(&trees, &expected);
	}
}

/* ---- bytes ---- */

static CpStatus
make_map(CpContext *context, CpFeatureMap *map)
{
	memset(map, 0, sizeof(*map));
	map->count = FEATURES;
	CP_TRY(cp_alloc_zero(context, &map->features, FEATURES, sizeof(CpFeature)));
	for (uint32_t f = 0; f < FEATURES; f++)
	{
		CpFeature *feature = &map->features[f];
		uint32_t code;

		feature->kind = is_category(f) ? CP_CATEGORY : CP_NUMBER;
		cp_dictionary_init(&feature->levels, context);
		for (uint32_t level = 0; level < level_counts[f]; level++)
			CP_TRY(
				cp_dictionary_add(&feature->levels, (const char *) &level, sizeof(level), &code));
	}
	return CP_OK;
}

static CpStatus
write_trees(const CpTrees *trees, CpWriter *writer)
{
	cp_writer_begin(writer, trees->context, "trees\0\0", 1);
	cp_trees_write(trees, writer);
	return cp_writer_finish(writer);
}

static CpStatus
read_trees(CpTrees *trees, CpContext *context, const CpWriter *writer, const CpFeatureMap *map)
{
	CpReader reader;

	CP_TRY(cp_reader_open(&reader, context, writer->bytes, writer->length, "trees\0\0", 1));
	CP_TRY(cp_trees_read(trees, &reader, map));
	return cp_reader_close(&reader);
}

static void
check_same(const CpTrees *a, const CpTrees *b)
{
	REQUIRE(a->nnodes == b->nnodes && a->ntrees == b->ntrees && a->nslots == b->nslots);
	for (uint32_t n = 0; n < a->nnodes; n++)
	{
		CHECK(a->nodes[n].test == b->nodes[n].test && a->nodes[n].left == b->nodes[n].left);
		CHECK(a->values[n] == b->values[n] && a->gains[n] == b->gains[n] &&
		      a->covers[n] == b->covers[n]);
	}
	for (uint32_t t = 0; t < a->ntrees; t++)
		CHECK(a->roots[t] == b->roots[t] && a->depths[t] == b->depths[t]);
	if (a->nslots > 0)
		CHECK(memcmp(a->slots, b->slots, a->nslots * sizeof(CpSlot)) == 0);
}

static void
check_bytes(void)
{
	static Expected expected;

	for (size_t s = 0; s < SHAPES; s++)
	{
		CpContext *context = unit_context();
		CpFeatureMap map;
		CpTrees trees, again;
		CpWriter first, second;

		REQUIRE_OK(make_map(context, &map));
		REQUIRE_OK(
			random_trees(&trees, context, s, shapes[s].ntrees, shapes[s].depth, shapes[s].full));
		expect(&trees, &expected);
		REQUIRE_OK(cp_trees_prepare(&trees));
		REQUIRE_OK(write_trees(&trees, &first));
		REQUIRE_OK(read_trees(&again, context, &first, &map));
		check_same(&trees, &again);
		check_scores(&again, &expected);
		REQUIRE_OK(write_trees(&again, &second));
		CHECK(first.length == second.length &&
		      memcmp(first.bytes, second.bytes, first.length) == 0);
	}
}

/* Each makes of sound trees something that must not be believed. */
typedef void (*Forgery)(CpTrees *trees);

/* The first inner node, behind the first tree, which is a leaf alone. */
static CpNode *
inner(CpTrees *trees)
{
	uint32_t n = 0;

	while (CP_NODE_IS_LEAF(trees, n))
		n++;
	return &trees->nodes[n];
}

static uint32_t
last_inner(const CpTrees *trees)
{
	uint32_t n = trees->nnodes - 1;

	while (CP_NODE_IS_LEAF(trees, n))
		n--;
	return n;
}

static void
leads_back(CpTrees *trees)
{
	trees->nodes[last_inner(trees)].left = trees->roots[trees->ntrees - 1];
}

static void
leads_out(CpTrees *trees)
{
	trees->nodes[last_inner(trees)].left = trees->nnodes;
}

static void
leads_half_out(CpTrees *trees)
{
	trees->nodes[last_inner(trees)].left = trees->nnodes - 1;
}

static void
leads_far_out(CpTrees *trees)
{
	trees->nodes[last_inner(trees)].left = UINT32_MAX;
}

static void
leads_into_the_next_tree(CpTrees *trees)
{
	inner(trees)->left = trees->roots[trees->ntrees - 1];
}

/* Two nodes share children: harmless to walk, endless to recurse. */
static void
children_shared(CpTrees *trees)
{
	trees->nodes[trees->nodes[trees->roots[1]].left].left =
		trees->nodes[trees->nodes[trees->roots[1]].left + 1].left;
}

static void
children_overlap(CpTrees *trees)
{
	trees->nodes[trees->nodes[trees->roots[1]].left].left =
		trees->nodes[trees->nodes[trees->roots[1]].left + 1].left - 1;
}

/* The last tree is root, (1, 2), 1 to (3, 4), 2 to (5, 6): made to meet in its fourth node, */
static void
last_children_overlap(CpTrees *trees)
{
	uint32_t root = trees->roots[trees->ntrees - 1];

	trees->nodes[root + 1].left = root + 4;
	trees->nodes[root + 2].left = root + 3;
	trees->nnodes--;
}

/* ... or in its second. */
static void
first_children_overlap(CpTrees *trees)
{
	uint32_t root = trees->roots[trees->ntrees - 1];

	trees->nodes[root + 1].left = root + 2;
	trees->nodes[root + 2].left = root + 4;
	trees->nnodes--;
}

/* An inner node turned into a leaf: its children are nobody's. */
static void
children_lost(CpTrees *trees)
{
	uint32_t n = last_inner(trees);

	trees->nodes[n].left = n;
	trees->nodes[n].test = 255;
}

static void
slot_unknown(CpTrees *trees)
{
	inner(trees)->test = trees->nslots << 8;
}

static void
leaf_with_a_test(CpTrees *trees)
{
	trees->nodes[0].test = 0;
}

/* A threshold that a missing number's answer does not exceed, or a set's. */
static void
threshold_too_high(CpTrees *trees)
{
	inner(trees)->test |= 255;
}

static void
value_infinite(CpTrees *trees)
{
	trees->values[0] = INFINITY;
}

static void
value_nan(CpTrees *trees)
{
	trees->values[0] = NAN;
}

static void
cover_nan(CpTrees *trees)
{
	trees->covers[1] = NAN;
}

static void
gain_infinite(CpTrees *trees)
{
	trees->gains[last_inner(trees)] = -INFINITY;
}

static void
cuts_not_ascending(CpTrees *trees)
{
	trees->cuts[0][7] = trees->cuts[0][6];
}

static void
cut_nan(CpTrees *trees)
{
	trees->cuts[1][253] = NAN;
}

/* A bin more than a byte holds beside "missing". */
static void
cut_too_many(CpTrees *trees)
{
	CHECK_STATUS(CP_OK, cp_resize(trees->context, &trees->cuts[1], 255, sizeof(double)));
	trees->cuts[1][254] = 1e6;
	trees->ncuts[1] = 255;
}

static void
slot_twice(CpTrees *trees)
{
	trees->slots[1] = trees->slots[0];
	for (uint32_t n = 0; n < trees->nnodes; n++)
		if (!CP_NODE_IS_LEAF(trees, n) && CP_NODE_SLOT(&trees->nodes[n]) == trees->nslots - 1)
			trees->nodes[n].test &= 255;
}

static void
slot_of_no_feature(CpTrees *trees)
{
	trees->slots[0].feature = FEATURES;
}

static void
slot_of_other_kind(CpTrees *trees)
{
	trees->slots[0].kind = CP_SLOT_LEVELS; /* feature 0 is a number */
}

static void
slot_of_number_kind(CpTrees *trees)
{
	trees->slots[trees->nslots - 1].kind = CP_SLOT_MISSING_LOW; /* feature 4 is a category */
}

static void
slot_of_no_kind(CpTrees *trees)
{
	trees->slots[0].kind = 0;
}

static void
slot_of_unknown_kind(CpTrees *trees)
{
	trees->slots[0].kind = CP_SLOT_LEVELS + 1;
}

static void
first_root_late(CpTrees *trees)
{
	trees->roots[0] = 1;
}

static void
roots_equal(CpTrees *trees)
{
	trees->roots[2] = trees->roots[1];
}

static void
root_out(CpTrees *trees)
{
	trees->roots[trees->ntrees - 1] = trees->nnodes;
}

static void
fewer_trees(CpTrees *trees)
{
	trees->ntrees = 0;
}

static void
check_forged(void)
{
	static const struct
	{
		const char *name;
		Forgery forge;
	} forgeries[] = {{"leads back", leads_back},
	                 {"leads out", leads_out},
	                 {"leads half out", leads_half_out},
	                 {"leads far out", leads_far_out},
	                 {"leads into the next tree", leads_into_the_next_tree},
	                 {"children shared", children_shared},
	                 {"children overlap", children_overlap},
	                 {"last children overlap", last_children_overlap},
	                 {"first children overlap", first_children_overlap},
	                 {"children lost", children_lost},
	                 {"slot unknown", slot_unknown},
	                 {"leaf with a test", leaf_with_a_test},
	                 {"threshold too high", threshold_too_high},
	                 {"value infinite", value_infinite},
	                 {"value NaN", value_nan},
	                 {"cover NaN", cover_nan},
	                 {"gain infinite", gain_infinite},
	                 {"cuts not ascending", cuts_not_ascending},
	                 {"cut NaN", cut_nan},
	                 {"a cut too many", cut_too_many},
	                 {"slot twice", slot_twice},
	                 {"slot of no feature", slot_of_no_feature},
	                 {"slot of other kind", slot_of_other_kind},
	                 {"slot of number kind", slot_of_number_kind},
	                 {"slot of no kind", slot_of_no_kind},
	                 {"slot of unknown kind", slot_of_unknown_kind},
	                 {"first root late", first_root_late},
	                 {"roots equal", roots_equal},
	                 {"root out", root_out},
	                 {"fewer trees", fewer_trees}};

	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++)
	{
		CpContext *context = unit_context();
		CpFeatureMap map;
		CpTrees trees, again;
		CpWriter writer;
		CpRng rng;

		/* A leaf alone, then full trees of depth 3, the last of depth 2. */
		cp_rng_init(&rng, 6, 0);
		REQUIRE_OK(make_map(context, &map));
		REQUIRE_OK(begin_trees(&trees, context));
		for (uint32_t t = 0; t < 5; t++)
		{
			REQUIRE_OK(cp_trees_add_tree(&trees));
			REQUIRE_OK(random_node(&trees, &rng, trees.roots[t], 0,
			                       t == 0  ? 0
			                       : t < 4 ? 3
			                               : 2,
			                       true));
		}
		REQUIRE_OK(cp_trees_prepare(&trees));
		REQUIRE_OK(write_trees(&trees, &writer));
		REQUIRE_OK(read_trees(&again, context, &writer, &map));
		forgeries[i].forge(&trees);
		REQUIRE_OK(write_trees(&trees, &writer));
		if (!CHECK_STATUS(CP_CORRUPT, read_trees(&again, context, &writer, &map)))
			unit_note("in forgery \"%s\"", forgeries[i].name);
	}
}

static void
check_failures(void)
{
	CpStatus status = CP_NO_MEMORY;

	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();
		CpFeatureMap map;
		CpTrees trees, again;
		CpWriter writer;

		REQUIRE_OK(make_map(context, &map));
		REQUIRE_OK(random_trees(&trees, context, 2, 30, 4, false));
		REQUIRE_OK(cp_trees_prepare(&trees));
		REQUIRE_OK(write_trees(&trees, &writer));
		unit_fail_allocation(nth);
		status = read_trees(&again, context, &writer, &map);
		CHECK(status == CP_OK || status == CP_NO_MEMORY);
		REQUIRE(nth < 1000);
	}
}

void
test_tree(void)
{
	UNIT_CASE("scores are those of one tree after the other", check_walks);
	UNIT_CASE("trees of 1 to 70 leaves", check_numbers_of_leaves);
	UNIT_CASE("more trees than masks are made for", check_many_trees);
	UNIT_CASE("trees cut off", check_truncated);
	UNIT_CASE("bytes read back to the same trees", check_bytes);
	UNIT_CASE("forged trees are refused", check_forged);
	UNIT_CASE("each allocation that fails", check_failures);
}
