/*
 * tree_masks.c: shallow trees scored all at once, without walking them.
 */
#include "learn/tree_masks.h"

#include <math.h>
#include <string.h>

#include "learn/binning.h"

/* Words of a row that are handled together: a cache line. */
#define STRIDE 8
#define MAX_LEAVES 64
#define SMALL_LEAVES 16

static inline uint32_t
lowest_bit(uint64_t mask)
{
#if defined(__GNUC__)
	return (uint32_t) __builtin_ctzll(mask);
#else
	uint32_t bit = 0;

	for (; (mask & 1) == 0; mask >>= 1)
		bit++;
	return bit;
#endif
}

/* A feature's codes: bins of a number or levels with "other", then missing. */
static uint32_t
code_count(const CpTrees *trees, uint32_t feature)
{
	return (trees->asks[feature].count > 0 ? trees->levels[feature] + 1
	                                       : trees->ncuts[feature] + 1) +
	       1;
}

static bool
is_asked(const CpTrees *trees, uint32_t feature)
{
	return trees->asks[feature].count > 0 || trees->asks[feature].low || trees->asks[feature].high;
}

/* Does a code of the feature that the node asks go right? */
static bool
goes_right(const CpTrees *trees, const CpNode *node, uint32_t code)
{
	const CpSlot *slot = &trees->slots[CP_NODE_SLOT(node)];
	uint32_t missing = code_count(trees, slot->feature) - 1;

	if (slot->kind == CP_SLOT_LEVELS)
		return slot->set[code / 64] >> (code % 64) & 1;
	if (code == missing)
		return slot->kind == CP_SLOT_MISSING_HIGH;
	return code > (node->test & 255);
}

static uint32_t
count_leaves(const CpTrees *trees, uint32_t tree)
{
	uint32_t end = tree + 1 < trees->ntrees ? trees->roots[tree + 1] : trees->nnodes;

	return (end - trees->roots[tree] + 1) / 2;
}

/* Sizes, or false when masks are not worth it. */
static bool
measure(const CpTrees *trees, CpMasks *masks)
{
	uint32_t most = 0;
	size_t rows = 0;
	size_t words;

	for (uint32_t tree = 0; tree < trees->ntrees; tree++)
		most = count_leaves(trees, tree) > most ? count_leaves(trees, tree) : most;
	if (most > MAX_LEAVES)
		return false;
	masks->bits = most <= SMALL_LEAVES ? SMALL_LEAVES : MAX_LEAVES;
	words = ((size_t) trees->ntrees * masks->bits + 63) / 64;
	words = (words + STRIDE - 1) / STRIDE * STRIDE;
	for (uint32_t f = 0; f < trees->nfeatures; f++)
		if (is_asked(trees, f))
		{
			masks->nasked++;
			rows += code_count(trees, f);
		}
	masks->words = (uint32_t) words;
	return rows * words <= CP_MASKS_MAX_BYTES / sizeof(uint64_t);
}

static CpStatus
allocate(CpContext *context, const CpTrees *trees, CpMasks *masks)
{
	uint32_t k = 0;

	CP_TRY(cp_alloc_zero(context, &masks->columns, masks->nasked, sizeof(CpMaskColumn)));
	CP_TRY(cp_alloc_zero(context, &masks->column_of, trees->nfeatures, sizeof(uint32_t)));
	CP_TRY(cp_alloc_zero(context, &masks->leaves, (size_t) masks->words * 64, sizeof(float)));
	for (uint32_t f = 0; f < trees->nfeatures; f++)
	{
		size_t length = (size_t) code_count(trees, f) * masks->words;
		bool category = trees->asks[f].count > 0;
		CpMaskColumn *column;

		if (!is_asked(trees, f))
			continue;
		column = &masks->columns[k++];
		masks->column_of[f] = k;
		column->feature = f;
		column->cuts = category ? NULL : trees->cuts[f];
		column->values = category ? trees->levels[f] : trees->ncuts[f];
		CP_TRY(cp_alloc(context, &column->rows, length, sizeof(uint64_t)));
		memset(column->rows, 0xff, length * sizeof(uint64_t));
	}
	return CP_OK;
}

/* Building goes through the trees; row_of: [nfeatures] rows of a feature. */
typedef struct Builder
{
	const CpTrees *trees;
	CpMasks *masks;
	uint64_t **row_of;
	uint32_t tree;
	uint32_t leaf; /* number of the next leaf of the tree */
} Builder;

/* Take the leaves first .. last - 1 away from every code that goes right at a node. */
static void
rule_out(const Builder *builder, const CpNode *node, uint32_t first, uint32_t last)
{
	const CpMasks *masks = builder->masks;
	uint32_t feature = builder->trees->slots[CP_NODE_SLOT(node)].feature;
	uint64_t leaves = (last - first == 64 ? ~UINT64_C(0) : (UINT64_C(1) << (last - first)) - 1)
	                  << first;
	uint32_t place = builder->tree * masks->bits;

	for (uint32_t code = 0; code < code_count(builder->trees, feature); code++)
		if (goes_right(builder->trees, node, code))
			builder->row_of[feature][(size_t) code * masks->words + place / 64] &=
				~(leaves << (place % 64));
}

/* Recursion is as deep as a tree of at most 64 leaves. */
static void
add_node(Builder *builder, uint32_t n)
{
	const CpTrees *trees = builder->trees;
	uint32_t first = builder->leaf;

	if (CP_NODE_IS_LEAF(trees, n))
	{
		builder->masks->leaves[builder->tree * builder->masks->bits + builder->leaf++] =
			trees->values[n];
		return;
	}
	add_node(builder, trees->nodes[n].left);
	rule_out(builder, &trees->nodes[n], first, builder->leaf);
	add_node(builder, trees->nodes[n].left + 1);
}

static CpStatus
fill(CpContext *context, const CpTrees *trees, CpMasks *masks)
{
	Builder builder = {trees, masks, NULL, 0, 0};

	CP_TRY(cp_alloc_zero(context, &builder.row_of, trees->nfeatures, sizeof(uint64_t *)));
	for (uint32_t k = 0; k < masks->nasked; k++)
		builder.row_of[masks->columns[k].feature] = masks->columns[k].rows;
	for (builder.tree = 0; builder.tree < trees->ntrees; builder.tree++)
	{
		builder.leaf = 0;
		add_node(&builder, trees->roots[builder.tree]);
	}
	cp_free(context, &builder.row_of);
	return CP_OK;
}

CpStatus
cp_masks_build(const CpTrees *trees, CpMasks **masks)
{
	CpContext *context = trees->context;
	CpMasks sizes;

	*masks = NULL;
	memset(&sizes, 0, sizeof(sizes));
	if (!measure(trees, &sizes))
		return CP_OK;
	CP_TRY(cp_alloc(context, masks, 1, sizeof(CpMasks)));
	**masks = sizes;
	CP_TRY(allocate(context, trees, *masks));
	return fill(context, trees, *masks);
}

void
cp_masks_free(CpContext *context, CpMasks **masks)
{
	if (*masks == NULL)
		return;
	for (uint32_t k = 0; k < (*masks)->nasked; k++)
		cp_free(context, &(*masks)->columns[k].rows);
	cp_free(context, &(*masks)->columns);
	cp_free(context, &(*masks)->column_of);
	cp_free(context, &(*masks)->leaves);
	cp_free(context, masks);
}

size_t
cp_masks_scratch(const CpMasks *masks)
{
	return 2 * masks->nasked * sizeof(uint64_t *);
}

static inline uint32_t
code_of(const CpMaskColumn *column, double value)
{
	if (isnan(value))
		return column->values + 1;
	return column->cuts == NULL ? (uint32_t) value
	                            : cp_bin_of_number(column->cuts, column->values, value);
}

/* Four sums side by side, so that additions need not wait for each other. */
static inline void
add_small(const CpMasks *masks, uint32_t word, uint64_t mask, double sums[4])
{
	const float *leaves = masks->leaves + (size_t) word * 4 * SMALL_LEAVES;

	sums[0] += leaves[lowest_bit(mask & 0xffff)];
	sums[1] += leaves[SMALL_LEAVES + lowest_bit(mask >> 16 & 0xffff)];
	sums[2] += leaves[2 * SMALL_LEAVES + lowest_bit(mask >> 32 & 0xffff)];
	sums[3] += leaves[3 * SMALL_LEAVES + lowest_bit(mask >> 48)];
}

/* rows: [nasked] the row of masks that a vector's value has, of each feature asked. */
static void
find_rows(const CpMasks *masks, const double *vector, const uint64_t **rows)
{
	for (uint32_t k = 0; k < masks->nasked; k++)
	{
		const CpMaskColumn *column = &masks->columns[k];

		rows[k] = column->rows + (size_t) code_of(column, vector[column->feature]) * masks->words;
	}
}

static double
sum_leaves(const CpMasks *masks, const uint64_t *const *rows)
{
	double sums[4] = {0, 0, 0, 0};

	for (uint32_t word = 0; word < masks->words; word += STRIDE)
	{
		uint64_t left[STRIDE];

		memset(left, 0xff, sizeof(left));
		for (uint32_t k = 0; k < masks->nasked; k++)
			for (int i = 0; i < STRIDE; i++)
				left[i] &= rows[k][word + i];
		for (int i = 0; i < STRIDE; i++)
			if (masks->bits == SMALL_LEAVES)
				add_small(masks, word + i, left[i], sums);
			else
				sums[i % 4] +=
					masks->leaves[(size_t) (word + i) * MAX_LEAVES + lowest_bit(left[i])];
	}
	return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

double
cp_masks_score(const CpMasks *masks, const double *vector, void *scratch)
{
	find_rows(masks, vector, scratch);
	return sum_leaves(masks, scratch);
}

void
cp_masks_path(const CpMasks *masks, const CpPath *path, void *scratch, double *sums)
{
	const uint64_t **here = scratch;
	const uint64_t **there = here + masks->nasked;

	find_rows(masks, path->from, here);
	find_rows(masks, path->to, there);
	sums[0] = sum_leaves(masks, here);
	for (uint32_t k = 0; k < path->n; k++)
	{
		uint32_t column = masks->column_of[path->flips[k]];
		const uint64_t *row;

		sums[k + 1] = sums[k];
		if (column == 0 || here[column - 1] == there[column - 1])
			continue;
		row = here[column - 1];
		here[column - 1] = there[column - 1];
		there[column - 1] = row;
		sums[k + 1] = sum_leaves(masks, here);
	}
}
