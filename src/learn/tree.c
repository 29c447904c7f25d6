/*
 * tree.c: decision trees, walked and stored. They are grown in tree_grow.c.
 */
#include "learn/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/binning.h"
#include "learn/tree_masks.h"

/* Trees walked side by side: enough loads in flight to hide the cache's latency. */
#define ABREAST 8
#define LEAF_TEST 255u

CpStatus
cp_trees_init(CpTrees *trees, CpContext *context, uint32_t nfeatures)
{
	memset(trees, 0, sizeof(*trees));
	trees->context = context;
	trees->nfeatures = nfeatures;
	cp_dictionary_init(&trees->slot_numbers, context);
	CP_TRY(cp_alloc_zero(context, &trees->ncuts, nfeatures, sizeof(uint32_t)));
	CP_TRY(cp_alloc_zero(context, &trees->cuts, nfeatures, sizeof(double *)));
	return cp_alloc_zero(context, &trees->levels, nfeatures, sizeof(uint32_t));
}

void
cp_trees_free(CpTrees *trees)
{
	CpContext *context = trees->context;

	for (uint32_t f = 0; f < trees->nfeatures; f++)
	{
		cp_free(context, &trees->cuts[f]);
		if (trees->asks != NULL)
			cp_free(context, &trees->asks[f].answers);
	}
	cp_free(context, &trees->cuts);
	cp_free(context, &trees->ncuts);
	cp_free(context, &trees->levels);
	cp_free(context, &trees->asks);
	cp_free(context, &trees->first_slot);
	cp_masks_free(context, &trees->masks);
	cp_free(context, &trees->slots);
	cp_dictionary_free(&trees->slot_numbers);
	cp_free(context, &trees->roots);
	cp_free(context, &trees->depths);
	cp_free(context, &trees->nodes);
	cp_free(context, &trees->values);
	cp_free(context, &trees->gains);
	cp_free(context, &trees->covers);
}

static CpStatus
resize_nodes(CpTrees *trees, uint32_t capacity)
{
	CP_TRY(cp_resize(trees->context, &trees->nodes, capacity, sizeof(CpNode)));
	CP_TRY(cp_resize(trees->context, &trees->values, capacity, sizeof(float)));
	CP_TRY(cp_resize(trees->context, &trees->gains, capacity, sizeof(float)));
	CP_TRY(cp_resize(trees->context, &trees->covers, capacity, sizeof(float)));
	trees->node_capacity = capacity;
	return CP_OK;
}

CpStatus
cp_trees_add_nodes(CpTrees *trees, uint32_t count, uint32_t *first)
{
	if (trees->nnodes > UINT32_MAX / 2 - count)
		return cp_fail(trees->context, CP_OVER_BUDGET, "A model holds at most %u tree nodes.",
		               UINT32_MAX / 2);
	if (trees->nnodes + count > trees->node_capacity)
		CP_TRY(resize_nodes(trees, trees->nnodes + trees->nnodes / 2 + count + 64));
	*first = trees->nnodes;
	for (uint32_t n = *first; n < *first + count; n++)
	{
		trees->nodes[n].test = LEAF_TEST;
		trees->nodes[n].left = n;
		trees->values[n] = trees->gains[n] = trees->covers[n] = 0;
	}
	trees->nnodes += count;
	return CP_OK;
}

static CpStatus
resize_trees(CpTrees *trees, uint32_t capacity)
{
	CP_TRY(cp_resize(trees->context, &trees->roots, capacity, sizeof(uint32_t)));
	CP_TRY(cp_resize(trees->context, &trees->depths, capacity, sizeof(uint32_t)));
	trees->tree_capacity = capacity;
	return CP_OK;
}

CpStatus
cp_trees_add_tree(CpTrees *trees)
{
	if (trees->ntrees == trees->tree_capacity)
		CP_TRY(resize_trees(trees, trees->ntrees * 2 + 64));
	CP_TRY(cp_trees_add_nodes(trees, 1, &trees->roots[trees->ntrees]));
	trees->depths[trees->ntrees++] = 0;
	return CP_OK;
}

CpStatus
cp_trees_slot(CpTrees *trees, const CpSlot *slot, uint32_t *number)
{
	CP_TRY(cp_dictionary_add(&trees->slot_numbers, (const char *) slot, sizeof(*slot), number));
	if (*number == trees->nslots)
	{
		if (trees->nslots == CP_MAX_SLOTS)
			return cp_fail(trees->context, CP_OVER_BUDGET,
			               "A model asks at most %u different questions.", CP_MAX_SLOTS);
		/* A power of two of slots is full: double. */
		if ((trees->nslots & (trees->nslots - 1)) == 0)
			CP_TRY(cp_resize(trees->context, &trees->slots, (size_t) trees->nslots * 2 + 1,
			                 sizeof(CpSlot)));
		trees->slots[trees->nslots++] = *slot;
	}
	return CP_OK;
}

void
cp_trees_truncate(CpTrees *trees, uint32_t ntrees)
{
	if (ntrees < trees->ntrees)
	{
		trees->nnodes = trees->roots[ntrees];
		trees->ntrees = ntrees;
	}
}

static int
compare_slots(const void *left, const void *right)
{
	const CpSlot *a = left;
	const CpSlot *b = right;

	if (a->feature != b->feature)
		return a->feature < b->feature ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	for (int w = 0; w < CP_SET_WORDS; w++)
		if (a->set[w] != b->set[w])
			return a->set[w] < b->set[w] ? -1 : 1;
	return 0;
}

/* Keep the slots that nodes ask, ordered by feature, and renumber the nodes' tests. */
static CpStatus
order_slots(CpTrees *trees)
{
	CpContext *context = trees->context;
	CpSlot *sorted;
	uint32_t *number;
	uint32_t nsorted = 0;

	CP_TRY(cp_alloc(context, &sorted, trees->nslots, sizeof(CpSlot)));
	CP_TRY(cp_alloc_zero(context, &number, trees->nslots, sizeof(uint32_t)));
	for (uint32_t n = 0; n < trees->nnodes; n++)
		if (!CP_NODE_IS_LEAF(trees, n))
			number[CP_NODE_SLOT(&trees->nodes[n])] = 1;
	for (uint32_t s = 0; s < trees->nslots; s++)
		if (number[s])
			sorted[nsorted++] = trees->slots[s];
	qsort(sorted, nsorted, sizeof(CpSlot), compare_slots);
	for (uint32_t s = 0; s < trees->nslots; s++)
		if (number[s])
			number[s] = (uint32_t) ((CpSlot *) bsearch(&trees->slots[s], sorted, nsorted,
			                                           sizeof(CpSlot), compare_slots) -
			                        sorted);
	for (uint32_t n = 0; n < trees->nnodes; n++)
		if (!CP_NODE_IS_LEAF(trees, n))
			trees->nodes[n].test =
				number[CP_NODE_SLOT(&trees->nodes[n])] << 8 | (trees->nodes[n].test & 255);
	cp_free(context, &number);
	cp_free(context, &trees->slots);
	cp_dictionary_free(&trees->slot_numbers);
	trees->slots = sorted;
	trees->nslots = nsorted;
	return CP_OK;
}

static CpStatus
prepare_category(CpTrees *trees, CpAsk *ask, uint32_t levels)
{
	uint32_t codes = levels + 2;

	CP_TRY(cp_alloc(trees->context, &ask->answers, (size_t) codes * ask->count, 1));
	for (uint32_t code = 0; code < codes; code++)
		for (uint32_t s = 0; s < ask->count; s++)
			ask->answers[code * ask->count + s] =
				(uint8_t) (trees->slots[ask->first + s].set[code / 64] >> (code % 64) & 1);
	return CP_OK;
}

CpStatus
cp_trees_prepare(CpTrees *trees)
{
	CP_TRY(order_slots(trees));
	CP_TRY(cp_alloc_zero(trees->context, &trees->asks, trees->nfeatures, sizeof(CpAsk)));
	CP_TRY(cp_alloc_zero(trees->context, &trees->first_slot, trees->nfeatures + (size_t) 1,
	                     sizeof(uint32_t)));
	for (uint32_t s = 0; s < trees->nslots; s++)
	{
		CpAsk *ask = &trees->asks[trees->slots[s].feature];

		trees->first_slot[trees->slots[s].feature + 1] = s + 1;
		if (trees->slots[s].kind == CP_SLOT_MISSING_LOW)
			ask->low = s + 1;
		else if (trees->slots[s].kind == CP_SLOT_MISSING_HIGH)
			ask->high = s + 1;
		else if (ask->count++ == 0)
			ask->first = s;
	}
	for (uint32_t f = 0; f < trees->nfeatures; f++)
	{
		if (trees->first_slot[f + 1] == 0)
			trees->first_slot[f + 1] = trees->first_slot[f];
		if (trees->asks[f].count > 0)
			CP_TRY(prepare_category(trees, &trees->asks[f], trees->levels[f]));
	}
	return cp_masks_build(trees, &trees->masks);
}

void
cp_trees_answer(const CpTrees *trees, const double *vector, uint8_t *answers)
{
	for (uint32_t f = 0; f < trees->nfeatures; f++)
	{
		const CpAsk *ask = &trees->asks[f];
		double value = vector[f];

		if (ask->count > 0)
		{
			uint32_t code = isnan(value) ? trees->levels[f] + 1 : (uint32_t) value;

			memcpy(answers + ask->first, ask->answers + (size_t) code * ask->count, ask->count);
		}
		else if (ask->low | ask->high)
		{
			uint32_t bin =
				isnan(value) ? 0 : cp_bin_of_number(trees->cuts[f], trees->ncuts[f], value);

			if (ask->low)
				answers[ask->low - 1] = (uint8_t) bin;
			if (ask->high)
				answers[ask->high - 1] = (uint8_t) (isnan(value) ? 255 : bin);
		}
	}
}

double
cp_trees_sum(const CpTrees *trees, const uint8_t *answers)
{
	const CpNode *nodes = trees->nodes;
	double sum = 0;
	uint32_t tree = 0;

	for (; tree + ABREAST <= trees->ntrees; tree += ABREAST)
	{
		uint32_t at[ABREAST];
		uint32_t depth = 0;

		for (int i = 0; i < ABREAST; i++)
		{
			at[i] = trees->roots[tree + i];
			depth = trees->depths[tree + i] > depth ? trees->depths[tree + i] : depth;
		}
		for (; depth > 0; depth--)
			for (int i = 0; i < ABREAST; i++)
			{
				CpNode node = nodes[at[i]];

				at[i] = node.left + (answers[node.test >> 8] > (node.test & 255));
			}
		for (int i = 0; i < ABREAST; i++)
			sum += trees->values[at[i]];
	}
	for (; tree < trees->ntrees; tree++)
	{
		uint32_t at = trees->roots[tree];

		for (uint32_t depth = trees->depths[tree]; depth > 0; depth--)
			at = nodes[at].left + (answers[nodes[at].test >> 8] > (nodes[at].test & 255));
		sum += trees->values[at];
	}
	return sum;
}

double
cp_trees_score(const CpTrees *trees, const double *vector, void *scratch)
{
	if (trees->masks != NULL)
		return cp_masks_score(trees->masks, vector, scratch);
	cp_trees_answer(trees, vector, scratch);
	return cp_trees_sum(trees, scratch);
}

/* Trees on a walk, which are gone down again only when a step changes their leaf. */
typedef struct Walk
{
	const CpTrees *trees;
	uint64_t
		*movers;     /* [ntrees] features, by their numbers modulo 64, that would change the leaf */
	float *values;   /* [ntrees] of the leaf */
	uint32_t *moved; /* [ntrees] trees to go down */
	uint8_t *here;   /* [nslots] answers */
	uint8_t *there;  /* [nslots] those of the other end */
	uint8_t *features; /* [nslots] modulo 64 */
} Walk;

/* Room for a walk, which is more than a single vector takes. */
size_t
cp_trees_scratch(const CpTrees *trees)
{
	if (trees->masks != NULL)
		return cp_masks_scratch(trees->masks);
	return trees->ntrees * (sizeof(uint64_t) + sizeof(float) + sizeof(uint32_t)) +
	       3 * (size_t) trees->nslots;
}

static void
begin_walk(const CpTrees *trees, const CpPath *path, void *scratch, Walk *walk)
{
	walk->trees = trees;
	walk->movers = scratch;
	walk->values = (float *) (walk->movers + trees->ntrees);
	walk->moved = (uint32_t *) (walk->values + trees->ntrees);
	walk->here = (uint8_t *) (walk->moved + trees->ntrees);
	walk->there = walk->here + trees->nslots;
	walk->features = walk->there + trees->nslots;
	cp_trees_answer(trees, path->from, walk->here);
	cp_trees_answer(trees, path->to, walk->there);
	for (uint32_t s = 0; s < trees->nslots; s++)
		walk->features[s] = trees->slots[s].feature % 64;
	for (uint32_t tree = 0; tree < trees->ntrees; tree++)
	{
		walk->moved[tree] = tree;
		walk->values[tree] = 0;
	}
}

/* Go down n trees side by side; by how much their values change. */
static inline double
go_down(Walk *walk, const uint32_t *moved, uint32_t n)
{
	const CpTrees *trees = walk->trees;
	uint32_t at[ABREAST];
	uint64_t movers[ABREAST] = {0};
	uint32_t depth = 0;
	double change = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		at[i] = trees->roots[moved[i]];
		depth = trees->depths[moved[i]] > depth ? trees->depths[moved[i]] : depth;
	}
	for (; depth > 0; depth--)
		for (uint32_t i = 0; i < n; i++)
		{
			CpNode node = trees->nodes[at[i]];
			uint32_t slot = node.test >> 8, threshold = node.test & 255;
			bool right = walk->here[slot] > threshold;

			movers[i] |= (uint64_t) (right != (walk->there[slot] > threshold))
			             << walk->features[slot];
			at[i] = node.left + right;
		}
	for (uint32_t i = 0; i < n; i++)
	{
		change += (double) trees->values[at[i]] - (double) walk->values[moved[i]];
		walk->values[moved[i]] = trees->values[at[i]];
		walk->movers[moved[i]] = movers[i];
	}
	return change;
}

static double
go_down_all(Walk *walk, uint32_t n)
{
	double change = 0;
	uint32_t i = 0;

	for (; i + ABREAST <= n; i += ABREAST)
		change += go_down(walk, walk->moved + i, ABREAST);
	return change + go_down(walk, walk->moved + i, n - i);
}

/* Exchange the answers of a feature; the number of trees that this moves. */
static uint32_t
flip(Walk *walk, uint32_t f)
{
	const CpTrees *trees = walk->trees;
	uint32_t n = 0;

	for (uint32_t s = trees->first_slot[f]; s < trees->first_slot[f + 1]; s++)
	{
		uint8_t answer = walk->here[s];

		walk->here[s] = walk->there[s];
		walk->there[s] = answer;
	}
	for (uint32_t tree = 0; tree < trees->ntrees; tree++)
	{
		walk->moved[n] = tree;
		n += walk->movers[tree] >> (f % 64) & 1;
	}
	return n;
}

static void
walk_trees(const CpTrees *trees, const CpPath *path, void *scratch, double *sums)
{
	Walk walk;

	begin_walk(trees, path, scratch, &walk);
	sums[0] = go_down_all(&walk, trees->ntrees);
	for (uint32_t k = 0; k < path->n; k++)
		sums[k + 1] = sums[k] + go_down_all(&walk, flip(&walk, path->flips[k]));
}

void
cp_trees_path(const CpTrees *trees, const CpPath *path, void *scratch, double *sums)
{
	if (trees->masks != NULL)
		cp_masks_path(trees->masks, path, scratch, sums);
	else
		walk_trees(trees, path, scratch, sums);
}

void
cp_trees_write(const CpTrees *trees, CpWriter *writer)
{
	for (uint32_t f = 0; f < trees->nfeatures; f++)
	{
		cp_write_u32(writer, trees->ncuts[f]);
		for (uint32_t c = 0; c < trees->ncuts[f]; c++)
			cp_write_f64(writer, trees->cuts[f][c]);
	}
	cp_write_u32(writer, trees->nslots);
	for (uint32_t s = 0; s < trees->nslots; s++)
	{
		cp_write_u32(writer, trees->slots[s].feature);
		cp_write_u32(writer, trees->slots[s].kind);
		for (int w = 0; w < CP_SET_WORDS && trees->slots[s].kind == CP_SLOT_LEVELS; w++)
			cp_write_u64(writer, trees->slots[s].set[w]);
	}
	cp_write_u32(writer, trees->ntrees);
	for (uint32_t t = 0; t < trees->ntrees; t++)
		cp_write_u32(writer, trees->roots[t]);
	cp_write_u32(writer, trees->nnodes);
	for (uint32_t n = 0; n < trees->nnodes; n++)
	{
		cp_write_u32(writer, trees->nodes[n].test);
		cp_write_u32(writer, trees->nodes[n].left);
		cp_write_f32(writer, CP_NODE_IS_LEAF(trees, n) ? trees->values[n] : trees->gains[n]);
		cp_write_f32(writer, trees->covers[n]);
	}
}

static CpStatus
read_cuts(CpTrees *trees, CpReader *reader, uint32_t f)
{
	uint32_t ncuts = cp_read_count(reader, sizeof(double));

	if (ncuts >= CP_MAX_BINS)
		cp_reader_reject(reader);
	if (reader->failed)
		return CP_OK;
	CP_TRY(cp_alloc(trees->context, &trees->cuts[f], ncuts, sizeof(double)));
	trees->ncuts[f] = ncuts;
	for (uint32_t c = 0; c < ncuts; c++)
	{
		trees->cuts[f][c] = cp_read_f64(reader);
		if (isnan(trees->cuts[f][c]) || (c > 0 && trees->cuts[f][c] <= trees->cuts[f][c - 1]))
			cp_reader_reject(reader);
	}
	return CP_OK;
}

static CpStatus
read_slots(CpTrees *trees, CpReader *reader, const CpFeatureMap *map)
{
	uint32_t count = cp_read_count(reader, 2 * sizeof(uint32_t));

	for (uint32_t s = 0; s < count && !reader->failed; s++)
	{
		CpSlot slot;
		uint32_t number;

		memset(&slot, 0, sizeof(slot));
		slot.feature = cp_read_u32(reader);
		slot.kind = cp_read_u32(reader);
		if (slot.feature >= map->count || slot.kind < CP_SLOT_MISSING_LOW ||
		    slot.kind > CP_SLOT_LEVELS ||
		    (slot.kind == CP_SLOT_LEVELS) != (map->features[slot.feature].kind == CP_CATEGORY))
		{
			cp_reader_reject(reader);
			break;
		}
		for (int w = 0; w < CP_SET_WORDS && slot.kind == CP_SLOT_LEVELS; w++)
			slot.set[w] = cp_read_u64(reader);
		CP_TRY(cp_trees_slot(trees, &slot, &number));
		if (number != s)
			cp_reader_reject(reader);
	}
	return CP_OK;
}

/* A set answers 0 or 1; a missing number answers 255, which must exceed every threshold. */
static uint32_t
largest_threshold(const CpSlot *slot)
{
	return slot->kind == CP_SLOT_LEVELS ? 0 : 254;
}

/* A node is a leaf or leads to two later nodes of its own tree. */
static void
read_node(CpTrees *trees, CpReader *reader, uint32_t n, uint32_t end)
{
	CpNode *node = &trees->nodes[n];
	float value;

	node->test = cp_read_u32(reader);
	node->left = cp_read_u32(reader);
	value = cp_read_f32(reader);
	trees->covers[n] = cp_read_f32(reader);
	if (!isfinite(value) || !isfinite(trees->covers[n]))
		cp_reader_reject(reader);
	if (node->left == n)
	{
		trees->values[n] = value;
		if (node->test != LEAF_TEST)
			cp_reader_reject(reader);
		return;
	}
	trees->gains[n] = value;
	if (node->left < n || end - node->left < 2 || node->left >= end ||
	    CP_NODE_SLOT(node) >= trees->nslots ||
	    (node->test & 255) > largest_threshold(&trees->slots[CP_NODE_SLOT(node)]))
	{
		cp_reader_reject(reader);
		node->left = n;
	}
}

/*
 * Depths of the trees. Children come after their parents; every node but the
 * root must have one parent, or it would be no tree.
 */
static CpStatus
measure_depths(CpTrees *trees, CpReader *reader)
{
	uint32_t *depth;

	CP_TRY(cp_alloc_zero(trees->context, &depth, trees->nnodes, sizeof(uint32_t)));
	for (uint32_t t = 0; t < trees->ntrees; t++)
	{
		uint32_t end = t + 1 < trees->ntrees ? trees->roots[t + 1] : trees->nnodes;

		trees->depths[t] = 0;
		for (uint32_t n = trees->roots[t]; n < end; n++)
		{
			uint32_t left = trees->nodes[n].left;

			if (depth[n] > trees->depths[t])
				trees->depths[t] = depth[n];
			if ((n > trees->roots[t] && depth[n] == 0) ||
			    (left != n && (depth[left] != 0 || depth[left + 1] != 0)))
				cp_reader_reject(reader);
			if (left != n)
				depth[left] = depth[left + 1] = depth[n] + 1;
		}
	}
	cp_free(trees->context, &depth);
	return CP_OK;
}

static CpStatus
read_roots(CpTrees *trees, CpReader *reader)
{
	uint32_t count = cp_read_count(reader, sizeof(uint32_t));

	if (reader->failed)
		return CP_OK;
	CP_TRY(resize_trees(trees, count));
	trees->ntrees = count;
	for (uint32_t t = 0; t < count; t++)
	{
		trees->roots[t] = cp_read_u32(reader);
		if (t == 0 ? trees->roots[t] != 0 : trees->roots[t] <= trees->roots[t - 1])
			cp_reader_reject(reader);
	}
	return CP_OK;
}

static CpStatus
read_nodes(CpTrees *trees, CpReader *reader)
{
	uint32_t count = cp_read_count(reader, 4 * sizeof(uint32_t));
	uint32_t first;

	if (trees->ntrees > 0 && trees->roots[trees->ntrees - 1] >= count)
		cp_reader_reject(reader);
	if (reader->failed)
		return CP_OK;
	CP_TRY(cp_trees_add_nodes(trees, count, &first));
	for (uint32_t t = 0; t < trees->ntrees; t++)
	{
		uint32_t end = t + 1 < trees->ntrees ? trees->roots[t + 1] : count;

		for (uint32_t n = trees->roots[t]; n < end; n++)
			read_node(trees, reader, n, end);
	}
	return reader->failed ? CP_OK : measure_depths(trees, reader);
}

CpStatus
cp_trees_read(CpTrees *trees, CpReader *reader, const CpFeatureMap *map)
{
	CP_TRY(cp_trees_init(trees, reader->context, map->count));
	for (uint32_t f = 0; f < map->count && !reader->failed; f++)
	{
		trees->levels[f] = map->features[f].levels.count;
		CP_TRY(read_cuts(trees, reader, f));
	}
	CP_TRY(read_slots(trees, reader, map));
	CP_TRY(read_roots(trees, reader));
	CP_TRY(read_nodes(trees, reader));
	if (reader->failed)
		return cp_fail(reader->context, CP_CORRUPT, "The trees do not check out.");
	return cp_trees_prepare(trees);
}
