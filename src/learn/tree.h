/*
 * tree.h: decision trees as every tree learner of ours makes and reads them.
 *
 * A feature vector is first turned into a row of answers, one byte a slot. A
 * slot asks one thing of one feature: which bin a number falls into (missing
 * counted as lowest or as highest), or whether a category is in a set of
 * levels. A node then compares one answer with a threshold, whatever the type:
 *
 *     next = left + (answers[slot] > threshold)
 *
 * A leaf leads to itself, so trees of different depth can be walked side by
 * side without a test for the end; several at once hide the memory's latency.
 */
#ifndef CP_TREE_H
#define CP_TREE_H

#include <stdint.h>

#include "learn/dictionary.h"
#include "learn/featuremap.h"
#include "learn/training.h"
#include "num/bytes.h"

#define CP_MAX_SLOTS ((1u << 24) - 1)
#define CP_SET_WORDS 4 /* of 64 bits: one bit a byte value */

/* Stored in model bytes: values never change their meaning. */
typedef enum CpSlotKind
{
	CP_SLOT_MISSING_LOW = 1,  /* bin of a number, missing below all */
	CP_SLOT_MISSING_HIGH = 2, /* bin of a number, missing above all */
	CP_SLOT_LEVELS = 3        /* 1 when the level is in the set */
} CpSlotKind;

/* No padding is left unset: slots are compared and found by their bytes. */
typedef struct CpSlot
{
	uint32_t feature;
	uint32_t kind;              /* CpSlotKind */
	uint64_t set[CP_SET_WORDS]; /* level codes, then other, then missing; zero for numbers */
} CpSlot;

typedef struct CpNode
{
	uint32_t test; /* slot << 8 | threshold; a leaf compares with 255, which nothing exceeds */
	uint32_t left; /* node number; right is left + 1; a leaf's own number */
} CpNode;

/* How the answers of one feature are made; built from slots, not stored. */
typedef struct CpAsk
{
	uint32_t low;   /* slot + 1 of the bin with missing low, 0 = not asked */
	uint32_t high;  /* slot + 1 of the bin with missing high, 0 = not asked */
	uint32_t first; /* category: its slots are first .. first + count - 1 */
	uint32_t count;
	uint8_t *answers; /* category: [levels + 2][count] */
} CpAsk;

typedef struct CpTrees
{
	CpContext *context;
	uint32_t nfeatures;
	uint32_t *ncuts;  /* [nfeatures] of numbers, at most 254 */
	double **cuts;    /* [nfeatures][ncuts] ascending */
	uint32_t *levels; /* [nfeatures] of categories */

	uint32_t nslots;
	CpSlot *slots;             /* [nslots], by feature once prepared */
	CpDictionary slot_numbers; /* while growing: slot bytes to number */
	CpAsk *asks;               /* [nfeatures] once prepared */
	uint32_t *first_slot; /* [nfeatures + 1] once prepared: where the slots of a feature begin */
	struct CpMasks
		*masks; /* once prepared: shallow trees in another form (tree_masks.h), or NULL */

	uint32_t ntrees;
	uint32_t *roots;  /* [ntrees] */
	uint32_t *depths; /* [ntrees] edges from root to the deepest leaf */
	uint32_t tree_capacity;

	uint32_t nnodes;
	CpNode *nodes; /* [nnodes] */
	float *values; /* [nnodes] output of a leaf, 0 elsewhere */
	float *gains;  /* [nnodes] of a split, 0 in a leaf */
	float *covers; /* [nnodes] sum of hessians that reached it */
	uint32_t node_capacity;
} CpTrees;

#define CP_NODE_SLOT(node) ((node)->test >> 8)
#define CP_NODE_IS_LEAF(trees, n) ((trees)->nodes[n].left == (n))

extern CpStatus cp_trees_init(CpTrees *trees, CpContext *context, uint32_t nfeatures);

extern void cp_trees_free(CpTrees *trees);

/* Add count nodes, leaves of value 0; *first is the number of the first. */
extern CpStatus cp_trees_add_nodes(CpTrees *trees, uint32_t count, uint32_t *first);

/* Start a tree with a single leaf. */
extern CpStatus cp_trees_add_tree(CpTrees *trees);

/* The number of a slot, which is added when new. */
extern CpStatus cp_trees_slot(CpTrees *trees, const CpSlot *slot, uint32_t *number);

/* Forget the trees behind the first ntrees. */
extern void cp_trees_truncate(CpTrees *trees, uint32_t ntrees);

/* Order slots by feature and build what scoring needs: after growing and after reading. */
extern CpStatus cp_trees_prepare(CpTrees *trees);

/* The general way to score: answers: [nslots], from a feature vector of nfeatures values. */
extern void cp_trees_answer(const CpTrees *trees, const double *vector, uint8_t *answers);

/* Sum of the values of the leaves that a row of answers leads to. */
extern double cp_trees_sum(const CpTrees *trees, const uint8_t *answers);

/* Sum of the values of the leaves that a feature vector reaches; scratch: cp_trees_scratch bytes. */
extern double cp_trees_score(const CpTrees *trees, const double *vector, void *scratch);
extern size_t cp_trees_scratch(const CpTrees *trees);

/* The same sum at the beginning of a walk and after each of its steps: sums [path->n + 1]. */
extern void cp_trees_path(const CpTrees *trees, const CpPath *path, void *scratch, double *sums);

extern void cp_trees_write(const CpTrees *trees, CpWriter *writer);

/* Reads and checks: every node leads forward, every slot and feature exists. map gives the kinds. */
extern CpStatus cp_trees_read(CpTrees *trees, CpReader *reader, const CpFeatureMap *map);

#endif
