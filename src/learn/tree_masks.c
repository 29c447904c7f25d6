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

/* Add the values of the leaves that the masks of a few words leave. */
static inline void
add_leaves(const CpMasks *masks, uint32_t word, const uint64_t left[STRIDE], double sums[4])
{
	const float *leaves = masks->leaves + (size_t) word * MAX_LEAVES;

	for (uint32_t i = 0; i < STRIDE; i++)
		if (masks->bits == SMALL_LEAVES)
			add_small(masks, word + i, left[i], sums);
		else
			sums[i % 4] += leaves[i * MAX_LEAVES + lowest_bit(left[i])];
}

static inline void
and_row(uint64_t *restrict left, const uint64_t *restrict row)
{
	for (int i = 0; i < STRIDE; i++)
		left[i] &= row[i];
}

/* memcpy, but in the steps of and_row: a wider load would have to wait for its stores. */
static inline void
copy_row(uint64_t *restrict to, const uint64_t *restrict row)
{
	for (int i = 0; i < STRIDE; i++)
		to[i] = row[i];
}

double
cp_masks_score(const CpMasks *masks, const double *vector, void *scratch)
{
	const uint64_t **rows = scratch;
	double sums[4] = {0, 0, 0, 0};

	find_rows(masks, vector, rows);
	for (uint32_t word = 0; word < masks->words; word += STRIDE)
	{
		uint64_t left[STRIDE];

		memset(left, 0xff, sizeof(left));
		for (uint32_t k = 0; k < masks->nasked; k++)
			and_row(left, rows[k] + word);
		add_leaves(masks, word, left, sums);
	}
	return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* --- walks -------------------------------------------------------------- */

#define NO_COLUMN UINT32_MAX

/*
 * A walk is cut into passes, in which no column turns from one end to the other twice.
 * Then what is left after a step is the AND of two things that are carried along: what the
 * columns that have turned leave, and what the others do.
 */
typedef struct Pass
{
	const uint64_t **here;  /* [nasked] rows of masks at the beginning of the pass */
	const uint64_t **there; /* [nasked] those they turn to */
	uint64_t *others; /* [steps][STRIDE] what columns leave that have not turned after a step */
	uint32_t *turns;  /* [steps] columns, or NO_COLUMN */
	uint32_t steps;   /* at most nasked + 1 */
	uint8_t *turning; /* [nasked] */
} Pass;

size_t
cp_masks_scratch(const CpMasks *masks)
{
	return masks->nasked * (2 * sizeof(uint64_t *) + 1) +
	       (masks->nasked + (size_t) 1) * (STRIDE * sizeof(uint64_t) + sizeof(uint32_t));
}

static void
lay_out(const CpMasks *masks, void *scratch, Pass *pass)
{
	pass->here = scratch;
	pass->there = pass->here + masks->nasked;
	pass->others = (uint64_t *) (pass->there + masks->nasked);
	pass->turns = (uint32_t *) (pass->others + (masks->nasked + (size_t) 1) * STRIDE);
	pass->turning = (uint8_t *) (pass->turns + masks->nasked + 1);
}

/* As many of the n flips as fit into a pass. */
static void
begin_pass(const CpMasks *masks, const uint32_t *flips, uint32_t n, Pass *pass)
{
	memset(pass->turning, 0, masks->nasked);
	for (pass->steps = 0; pass->steps < n && pass->steps <= masks->nasked; pass->steps++)
	{
		uint32_t column = masks->column_of[flips[pass->steps]] - 1;
		bool turns = column != NO_COLUMN && pass->here[column] != pass->there[column];

		if (turns && pass->turning[column])
			break;
		if (turns)
			pass->turning[column] = 1;
		pass->turns[pass->steps] = turns ? column : NO_COLUMN;
	}
}

static void
end_pass(Pass *pass)
{
	for (uint32_t step = 0; step < pass->steps; step++)
	{
		uint32_t column = pass->turns[step];

		if (column != NO_COLUMN)
		{
			const uint64_t *row = pass->here[column];

			pass->here[column] = pass->there[column];
			pass->there[column] = row;
		}
	}
}

/* What a few words leave at the beginning of a pass; on the way, after each step by columns not turned. */
static void
leave(const CpMasks *masks, const Pass *pass, uint32_t word, uint64_t left[STRIDE])
{
	memset(left, 0xff, STRIDE * sizeof(uint64_t));
	for (uint32_t k = 0; k < masks->nasked; k++)
		if (!pass->turning[k])
			and_row(left, pass->here[k] + word);
	for (uint32_t step = pass->steps; step-- > 0;)
	{
		copy_row(pass->others + (size_t) step * STRIDE, left);
		if (pass->turns[step] != NO_COLUMN)
			and_row(left, pass->here[pass->turns[step]] + word);
	}
}

static inline double
sum_leaves(const CpMasks *masks, uint32_t word, const uint64_t left[STRIDE])
{
	double sums[4] = {0, 0, 0, 0};

	add_leaves(masks, word, left, sums);
	return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Add a few words to the sums after each step of a pass; first: where to add those at its beginning, or NULL. */
static void
walk_words(const CpMasks *masks, const Pass *pass, uint32_t word, double *first, double *sums)
{
	uint64_t left[STRIDE], turned[STRIDE];
	double sum;

	leave(masks, pass, word, left);
	sum = sum_leaves(masks, word, left);
	if (first != NULL)
		*first += sum;
	memset(turned, 0xff, sizeof(turned));
	for (uint32_t step = 0; step < pass->steps; step++)
	{
		if (pass->turns[step] != NO_COLUMN)
		{
			and_row(turned, pass->there[pass->turns[step]] + word);
			copy_row(left, turned);
			and_row(left, pass->others + (size_t) step * STRIDE);
			sum = sum_leaves(masks, word, left);
		}
		sums[step] += sum;
	}
}

void
cp_masks_path(const CpMasks *masks, const CpPath *path, void *scratch, double *sums)
{
	uint32_t done = 0;
	Pass pass;

	lay_out(masks, scratch, &pass);
	find_rows(masks, path->from, pass.here);
	find_rows(masks, path->to, pass.there);
	memset(sums, 0, (path->n + (size_t) 1) * sizeof(double));
	do
	{
		begin_pass(masks, path->flips + done, path->n - done, &pass);
		for (uint32_t word = 0; word < masks->words; word += STRIDE)
			walk_words(masks, &pass, word, done == 0 ? sums : NULL, sums + done + 1);
		end_pass(&pass);
		done += pass.steps;
	} while (done < path->n);
}
