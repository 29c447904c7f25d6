/*
 * tree_grow.c: one tree from binned rows and their gradients.
 *
 * Depth first, so at most one histogram a level is alive: of two children the
 * smaller is summed from its rows, the larger is what remains of the parent.
 */
#include "learn/tree_grow.h"

#include <stdlib.h>
#include <string.h>

#include "num/special.h"

/* Rows between two looks at the poll: some tens of milliseconds. */
#define POLL_ROWS (1u << 20)
#define PREFETCH_AHEAD 24


#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define PREFETCH(address) ((void) 0)
#define ALWAYS_INLINE inline
#endif

/* The rows of a node: ranges of in_bag and out_bag. */
typedef struct Range
{
	uint32_t in_begin, in_end, out_begin, out_end;
} Range;

typedef struct Split
{
	double gain; /* 0 = none found */
	uint32_t feature;
	uint32_t threshold;            /* number: bins up to here go left */
	bool missing_right;            /* number */
	uint8_t right[CP_FIELD_CODES]; /* category: bins that go right */
	bool unseen_right;             /* where bins without rows in this node go */
	CpGradientSum left_sum;
	CpGradientSum right_sum;
} Split;

void
cp_grow_defaults(CpGrowParams *params)
{
	memset(params, 0, sizeof(*params));
	params->shrinkage = 1;
	params->one_hot_levels = 4;
	params->level_smoothing = 10;
}

static size_t
histogram_length(const CpBinned *binned)
{
	return (size_t) binned->nfields * CP_FIELD_CODES;
}

size_t
cp_grower_bytes(const CpBinned *binned, uint32_t max_depth)
{
	size_t a_row = sizeof(CpGradient) + 3 * sizeof(uint32_t);
	size_t levels = 0;

	for (uint32_t f = 0; f < binned->nfeatures; f++)
		if (binned->features[f].category && binned->features[f].bins > levels)
			levels = binned->features[f].bins;
	/* The tables of gains by chance make a triangle. */
	return a_row * binned->rows + levels * (levels + 1) / 2 * sizeof(double) +
	       histogram_length(binned) * sizeof(CpGradientSum) * (max_depth + 1);
}

/*
 * What the best cut of a number gains by chance, which counts in full: 4.2 to 5.3
 * for 50 to 255 bins, by simulation.
 */
#define CHANCE_OF_NUMBER 5

/*
 * The sum of the m least of k standard normals is about -k phi(q), q the normal
 * quantile of m / k; that squared, over m and over k - m, is what is gained.
 */
double
cp_chance_gain(uint32_t m, uint32_t k)
{
	double p = (double) m / k;
	double q = cp_normal_quantile(p);
	double density = cp_exp(-q * q / 2) * 0.3989422804014327;
	double gain = k * density * density / (p * (1 - p)) - CHANCE_OF_NUMBER;

	return gain > 0 ? gain : 0;
}

static CpStatus
prepare_chance(CpGrower *grower, uint32_t k)
{
	if (grower->chance[k] != NULL)
		return CP_OK;
	CP_TRY(cp_alloc(grower->context, &grower->chance[k], k, sizeof(double)));
	for (uint32_t m = 1; m < k; m++)
		grower->chance[k][m] = cp_chance_gain(m, k);
	return CP_OK;
}

CpStatus
cp_grower_init(CpGrower *grower, CpContext *context, const CpBinned *binned,
               const CpGrowParams *params)
{
	uint32_t n = binned->rows;

	memset(grower, 0, sizeof(*grower));
	grower->context = context;
	grower->binned = binned;
	grower->params = *params;
	CP_TRY(cp_alloc(context, &grower->gradients, n, sizeof(CpGradient)));
	CP_TRY(cp_alloc(context, &grower->in_bag, n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &grower->out_bag, n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &grower->scratch, n, sizeof(uint32_t)));
	CP_TRY(cp_alloc(context, &grower->allowed, binned->nfeatures, 1));
	CP_TRY(cp_alloc(context, &grower->drawn, binned->nfeatures, 1));
	memset(grower->allowed, 1, binned->nfeatures);
	/* A node may see any number of a category's levels. */
	for (uint32_t f = 0; f < binned->nfeatures; f++)
		for (uint32_t k = params->one_hot_levels + 1;
		     binned->features[f].category && k <= binned->features[f].bins; k++)
			CP_TRY(prepare_chance(grower, k));
	return CP_OK;
}

void
cp_grower_free(CpGrower *grower)
{
	CpContext *context = grower->context;

	cp_free(context, &grower->gradients);
	cp_free(context, &grower->in_bag);
	cp_free(context, &grower->out_bag);
	cp_free(context, &grower->scratch);
	cp_free(context, &grower->allowed);
	cp_free(context, &grower->drawn);
	for (int level = 0; level <= CP_MAX_DEPTH; level++)
		cp_free(context, &grower->sums[level]);
	for (int k = 0; k <= CP_FIELD_CODES; k++)
		cp_free(context, &grower->chance[k]);
}

/* --- histograms --------------------------------------------------------- */

/*
 * Add rows[0 .. n-1] to the histograms of one block's first `fields` fields,
 * sums[fields][256]. Inlined with a constant number of fields, so that the inner
 * loop is unrolled; the fields of one row are independent chains of additions.
 */
static ALWAYS_INLINE void
add_rows(CpGradientSum *restrict sums, const uint64_t *restrict words,
         const CpGradient *restrict gradients, const uint32_t *restrict rows, uint32_t n,
         const int fields)
{
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t row = rows[i];
		uint64_t word = words[row];
		int64_t g = gradients[row].g;
		int64_t h = gradients[row].h;

		/* Reading past the end of the list is avoided by prefetching its last row again. */
		uint32_t ahead = rows[i + PREFETCH_AHEAD < n ? i + PREFETCH_AHEAD : n - 1];

		PREFETCH(&words[ahead]);
		PREFETCH(&gradients[ahead]);
		for (int f = 0; f < fields; f++)
		{
			CpGradientSum *sum = &sums[f * CP_FIELD_CODES + (word >> (8 * f) & 255)];

			sum->g += g;
			sum->h += h;
		}
	}
}

static void
add_block(CpGradientSum *sums, const uint64_t *words, const CpGradient *gradients,
          const uint32_t *rows, uint32_t n, uint32_t fields)
{
	switch (fields)
	{
		case 1:
			add_rows(sums, words, gradients, rows, n, 1);
			break;
		case 2:
			add_rows(sums, words, gradients, rows, n, 2);
			break;
		case 3:
			add_rows(sums, words, gradients, rows, n, 3);
			break;
		case 4:
			add_rows(sums, words, gradients, rows, n, 4);
			break;
		case 5:
			add_rows(sums, words, gradients, rows, n, 5);
			break;
		case 6:
			add_rows(sums, words, gradients, rows, n, 6);
			break;
		case 7:
			add_rows(sums, words, gradients, rows, n, 7);
			break;
		default:
			add_rows(sums, words, gradients, rows, n, CP_BLOCK_FIELDS);
	}
}

static CpStatus
sum_rows(CpGrower *grower, const Range *range, CpGradientSum *sums)
{
	const CpBinned *binned = grower->binned;

	memset(sums, 0, histogram_length(binned) * sizeof(CpGradientSum));
	for (uint32_t begin = range->in_begin; begin < range->in_end; begin += POLL_ROWS)
	{
		uint32_t n = range->in_end - begin < POLL_ROWS ? range->in_end - begin : POLL_ROWS;

		for (uint32_t block = 0; block < binned->nblocks; block++)
		{
			uint32_t first = block * CP_BLOCK_FIELDS;
			uint32_t fields = binned->nfields - first;

			add_block(sums + (size_t) first * CP_FIELD_CODES,
			          binned->words + (size_t) block * binned->rows, grower->gradients,
			          grower->in_bag + begin, n,
			          fields < CP_BLOCK_FIELDS ? fields : CP_BLOCK_FIELDS);
		}
		CP_TRY(cp_poll(grower->context));
	}
	return CP_OK;
}

static void
subtract(CpGradientSum *restrict from, const CpGradientSum *restrict what, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		from[i].g -= what[i].g;
		from[i].h -= what[i].h;
	}
}

/* The histogram of one feature: of its field, or added up over the other digits of a shared one. */
static const CpGradientSum *
feature_sums(const CpBinned *binned, const CpBinFeature *feature, const CpGradientSum *sums,
             CpGradientSum *buffer)
{
	const CpGradientSum *field = sums + (size_t) feature->field * CP_FIELD_CODES;
	uint32_t codes = binned->field_codes[feature->field];

	if (codes == feature->bins)
		return field;
	memset(buffer, 0, feature->bins * sizeof(CpGradientSum));
	for (uint32_t code = 0; code < codes; code++)
	{
		buffer[feature->digit[code]].g += field[code].g;
		buffer[feature->digit[code]].h += field[code].h;
	}
	return buffer;
}

/* --- splits ------------------------------------------------------------- */

static CpGradientSum
minus(CpGradientSum a, CpGradientSum b)
{
	a.g -= b.g;
	a.h -= b.h;
	return a;
}

static void
plus(CpGradientSum *a, CpGradientSum b)
{
	a->g += b.g;
	a->h += b.h;
}

static bool
is_empty(CpGradientSum sum)
{
	return sum.g == 0 && sum.h == 0;
}

/* What a node with these sums contributes to the objective, twice the loss saved. */
static double
strength(const CpGrower *grower, CpGradientSum sum, double l2)
{
	double g = (double) sum.g * grower->unit;
	double h = (double) sum.h * grower->unit;

	return h + l2 > 0 ? g * g / (h + l2) : 0;
}

/*
 * Is parting left from the rest better than what is in split, by more than chance
 * would give? Then it takes its place.
 */
static bool
improves(const CpGrower *grower, Split *split, CpGradientSum left, CpGradientSum total,
         double parent, double chance)
{
	CpGradientSum right = minus(total, left);
	double least = grower->params.min_child_weight / grower->unit;
	double l2 = grower->params.l2;
	double gain;

	if ((double) left.h < least || (double) right.h < least || left.h <= 0 || right.h <= 0)
		return false;
	gain = strength(grower, left, l2) + strength(grower, right, l2) - parent - chance;
	if (gain <= split->gain)
		return false;
	split->gain = gain;
	split->left_sum = left;
	split->right_sum = right;
	split->unseen_right = right.h > left.h;
	return true;
}

/* Thresholds from low to high, missing once right and, where there are any, once left. */
static void
split_number(const CpGrower *grower, uint32_t f, const CpGradientSum *sums, CpGradientSum total,
             double parent, Split *split)
{
	const CpBinFeature *feature = &grower->binned->features[f];
	CpGradientSum missing = {0, 0};
	CpGradientSum left = {0, 0};
	bool found = false;
	uint32_t end;

	if (feature->has_missing)
		missing = sums[feature->bins - 1];
	for (uint32_t bin = 0; bin <= feature->ncuts; bin++)
	{
		CpGradientSum with_missing;

		if (is_empty(sums[bin]))
			continue;
		plus(&left, sums[bin]);
		if (improves(grower, split, left, total, parent, 0))
		{
			split->feature = f;
			split->threshold = bin;
			split->missing_right = is_empty(missing) ? split->unseen_right : true;
			found = true;
		}
		if (is_empty(missing))
			continue;
		with_missing = left;
		plus(&with_missing, missing);
		if (improves(grower, split, with_missing, total, parent, 0))
		{
			split->feature = f;
			split->threshold = bin;
			split->missing_right = false;
			found = true;
		}
	}
	if (!found)
		return;
	/*
	 * The threshold lies in the middle of the bins that are empty in this node, or
	 * behind all when only missing ones go right.
	 */
	for (end = split->threshold; end < feature->ncuts && is_empty(sums[end + 1]);)
		end++;
	split->threshold = end == feature->ncuts ? end : (split->threshold + end) / 2;
}

typedef struct LevelOrder
{
	double weight; /* smoothed mean gradient */
	uint32_t bin;
} LevelOrder;

static int
compare_level_order(const void *left, const void *right)
{
	const LevelOrder *a = left;
	const LevelOrder *b = right;

	if (a->weight != b->weight)
		return a->weight < b->weight ? -1 : 1;
	return a->bin < b->bin ? -1 : 1;
}

/* Bins seen in this node: order[0 .. n-1]. */
static uint32_t
order_levels(const CpGrower *grower, const CpGradientSum *sums, uint32_t bins, LevelOrder *order)
{
	double smoothing = grower->params.level_smoothing / grower->unit;
	uint32_t n = 0;

	for (uint32_t bin = 0; bin < bins; bin++)
	{
		if (is_empty(sums[bin]))
			continue;
		order[n].bin = bin;
		order[n++].weight = (double) sums[bin].g / ((double) sums[bin].h + smoothing);
	}
	return n;
}

/* The last improvement parts order[first .. last] from the other bins of the node. */
static void
take_levels(Split *split, uint32_t f, const LevelOrder *order, uint32_t n, uint32_t first,
            uint32_t last)
{
	split->feature = f;
	memset(split->right, split->unseen_right, sizeof(split->right));
	for (uint32_t i = 0; i < n; i++)
		split->right[order[i].bin] = i < first || i > last;
}

static void
split_category(const CpGrower *grower, uint32_t f, const CpGradientSum *sums, CpGradientSum total,
               double parent, Split *split)
{
	LevelOrder order[CP_FIELD_CODES];
	CpGradientSum left = {0, 0};
	const double *chance;
	uint32_t n = order_levels(grower, sums, grower->binned->features[f].bins, order);

	if (n <= grower->params.one_hot_levels)
	{
		for (uint32_t i = 0; i < n; i++)
			if (improves(grower, split, sums[order[i].bin], total, parent, 0))
				take_levels(split, f, order, n, i, i);
		return;
	}
	qsort(order, n, sizeof(LevelOrder), compare_level_order);
	chance = grower->chance[n];
	for (uint32_t i = 0; i + 1 < n; i++)
	{
		plus(&left, sums[order[i].bin]);
		if (improves(grower, split, left, total, parent, chance[i + 1]))
			take_levels(split, f, order, n, 0, i);
	}
}

void
cp_draw_features(CpRng *rng, const uint8_t *from, uint32_t n, uint32_t wanted, uint8_t *drawn)
{
	uint32_t left = 0;

	for (uint32_t f = 0; f < n; f++)
		left += from == NULL || from[f];
	/* Each is taken with the chance that leaves the wanted number (Knuth's algorithm S). */
	for (uint32_t f = 0; f < n; f++)
	{
		bool possible = from == NULL || from[f];

		drawn[f] = possible && cp_rng_below(rng, left) < wanted;
		left -= possible;
		wanted -= drawn[f];
	}
}

static void
find_split(const CpGrower *grower, const CpGradientSum *sums, CpGradientSum total, Split *split)
{
	CpGradientSum buffer[CP_FIELD_CODES];
	double parent = strength(grower, total, grower->params.l2);
	uint32_t n = grower->binned->nfeatures;
	const uint8_t *looked_at = grower->allowed;

	memset(split, 0, sizeof(*split));
	split->gain = grower->params.min_gain;
	if (grower->params.features_per_split > 0)
	{
		cp_draw_features(grower->rng, grower->allowed, n, grower->params.features_per_split,
		                 grower->drawn);
		looked_at = grower->drawn;
	}
	for (uint32_t f = 0; f < n; f++)
	{
		const CpBinFeature *feature = &grower->binned->features[f];
		const CpGradientSum *of_feature;

		if (!looked_at[f] || feature->bins < 2)
			continue;
		of_feature = feature_sums(grower->binned, feature, sums, buffer);
		if (feature->category)
			split_category(grower, f, of_feature, total, parent, split);
		else
			split_number(grower, f, of_feature, total, parent, split);
	}
}

/* --- rows --------------------------------------------------------------- */

/* Does a bin of the split's feature go right? */
static bool
bin_goes_right(const CpBinFeature *feature, const Split *split, uint32_t bin)
{
	if (feature->category)
		return split->right[bin];
	if (feature->has_missing && bin == feature->bins - 1)
		return split->missing_right;
	return bin > split->threshold;
}

/* Stable: rows that stay left first. Returns where the right ones begin. */
static uint32_t
partition(uint32_t *restrict rows, uint32_t begin, uint32_t end, uint32_t *restrict scratch,
          const uint64_t *restrict words, uint32_t shift, const uint8_t *restrict right)
{
	uint32_t nleft = begin;
	uint32_t nright = 0;

	for (uint32_t i = begin; i < end; i++)
	{
		uint32_t row = rows[i];
		uint32_t goes_right = right[words[row] >> shift & 255];

		PREFETCH(&words[rows[i + PREFETCH_AHEAD < end ? i + PREFETCH_AHEAD : end - 1]]);
		rows[nleft] = row;
		scratch[nright] = row;
		nleft += 1 - goes_right;
		nright += goes_right;
	}
	memcpy(rows + nleft, scratch, nright * sizeof(uint32_t));
	return nleft;
}

static void
divide(CpGrower *grower, const Split *split, const Range *range, Range *left, Range *right)
{
	const CpBinned *binned = grower->binned;
	const CpBinFeature *feature = &binned->features[split->feature];
	const uint64_t *words =
		binned->words + (size_t) (feature->field / CP_BLOCK_FIELDS) * binned->rows;
	uint32_t shift = 8 * (feature->field % CP_BLOCK_FIELDS);
	uint8_t goes_right[CP_FIELD_CODES];

	for (uint32_t code = 0; code < CP_FIELD_CODES; code++)
		goes_right[code] = bin_goes_right(feature, split, feature->digit[code]);
	*left = *right = *range;
	left->in_end = right->in_begin = partition(grower->in_bag, range->in_begin, range->in_end,
	                                           grower->scratch, words, shift, goes_right);
	left->out_end = right->out_begin = partition(grower->out_bag, range->out_begin, range->out_end,
	                                             grower->scratch, words, shift, goes_right);
}

static void
make_leaf(CpGrower *grower, uint32_t node, const Range *range, CpGradientSum total)
{
	double h = (double) total.h * grower->unit + grower->params.l2;
	double value = h > 0 ? -(double) total.g * grower->unit / h * grower->params.shrinkage : 0;

	grower->trees->values[node] = (float) value;
	/* The stored value, not the exact one, so that scores are those of the finished model. */
	value = grower->trees->values[node];
	for (uint32_t i = range->in_begin; i < range->in_end; i++)
		grower->scores[grower->in_bag[i]] += value;
	for (uint32_t i = range->out_begin; i < range->out_end; i++)
		grower->scores[grower->out_bag[i]] += value;
}

/* The question a split asks, as a slot and a threshold. */
static CpStatus
make_test(CpGrower *grower, const Split *split, uint32_t *test)
{
	const CpBinFeature *feature = &grower->binned->features[split->feature];
	CpSlot slot;
	uint32_t number;
	uint32_t threshold = 0;

	memset(&slot, 0, sizeof(slot));
	slot.feature = split->feature;
	if (feature->category)
	{
		slot.kind = CP_SLOT_LEVELS;
		/* Codes are levels, other, missing; bins leave out what training did not see. */
		for (uint32_t code = 0; code < feature->levels + 2; code++)
		{
			bool seen = code < feature->levels ||
			            (code == feature->levels ? feature->has_other : feature->has_missing);
			uint32_t bin = code <= feature->levels ? code : feature->bins - 1;

			if (seen ? split->right[bin] : split->unseen_right)
				slot.set[code / 64] |= UINT64_C(1) << (code % 64);
		}
	}
	else
	{
		slot.kind = split->missing_right ? CP_SLOT_MISSING_HIGH : CP_SLOT_MISSING_LOW;
		threshold = split->threshold;
	}
	CP_TRY(cp_trees_slot(grower->trees, &slot, &number));
	*test = number << 8 | threshold;
	return CP_OK;
}

/* --- growth ------------------------------------------------------------- */

static CpStatus
histogram_of_level(CpGrower *grower, uint32_t level, CpGradientSum **sums)
{
	if (grower->sums[level] == NULL)
		CP_TRY(cp_alloc(grower->context, &grower->sums[level], histogram_length(grower->binned),
		                sizeof(CpGradientSum)));
	*sums = grower->sums[level];
	return CP_OK;
}

static CpStatus grow_node(CpGrower *grower, uint32_t node, const Range *range, CpGradientSum total,
                          CpGradientSum *sums, uint32_t level);

static bool
may_split(const CpGrower *grower, CpGradientSum total, uint32_t level)
{
	return level < grower->params.max_depth &&
	       (double) total.h * grower->unit >= 2 * grower->params.min_child_weight;
}

/* Grow both children: the smaller from its rows, the larger from what that leaves of the parent's sums. */
static CpStatus
grow_children(CpGrower *grower, uint32_t left_node, const Range ranges[2],
              const CpGradientSum totals[2], CpGradientSum *sums, uint32_t level)
{
	int small = ranges[1].in_end - ranges[1].in_begin < ranges[0].in_end - ranges[0].in_begin;
	CpGradientSum *small_sums = NULL;

	if (may_split(grower, totals[0], level) || may_split(grower, totals[1], level))
	{
		CP_TRY(histogram_of_level(grower, level, &small_sums));
		CP_TRY(sum_rows(grower, &ranges[small], small_sums));
		subtract(sums, small_sums, histogram_length(grower->binned));
	}
	CP_TRY(grow_node(grower, left_node + small, &ranges[small], totals[small], small_sums, level));
	return grow_node(grower, left_node + 1 - small, &ranges[1 - small], totals[1 - small], sums,
	                 level);
}

static CpStatus
grow_node(CpGrower *grower, uint32_t node, const Range *range, CpGradientSum total,
          CpGradientSum *sums, uint32_t level)
{
	CpTrees *trees = grower->trees;
	Split split;
	Range ranges[2];
	CpGradientSum totals[2];
	uint32_t left;
	uint32_t test;

	trees->covers[node] = (float) ((double) total.h * grower->unit);
	if (level > trees->depths[trees->ntrees - 1])
		trees->depths[trees->ntrees - 1] = level;
	split.gain = 0;
	if (may_split(grower, total, level))
		find_split(grower, sums, total, &split);
	if (split.gain <= grower->params.min_gain)
	{
		make_leaf(grower, node, range, total);
		return cp_poll(grower->context);
	}
	CP_TRY(make_test(grower, &split, &test));
	CP_TRY(cp_trees_add_nodes(trees, 2, &left));
	trees->nodes[node].test = test;
	trees->nodes[node].left = left;
	trees->gains[node] = (float) split.gain;
	divide(grower, &split, range, &ranges[0], &ranges[1]);
	totals[0] = split.left_sum;
	totals[1] = split.right_sum;
	return grow_children(grower, left, ranges, totals, sums, level + 1);
}

CpStatus
cp_grow_tree(CpGrower *grower)
{
	Range range = {0, grower->in_count, 0, grower->out_count};
	CpGradientSum total = {0, 0};
	CpGradientSum *sums;

	CP_TRY(cp_trees_add_tree(grower->trees));
	CP_TRY(histogram_of_level(grower, 0, &sums));
	CP_TRY(sum_rows(grower, &range, sums));
	for (uint32_t i = 0; i < grower->in_count; i++)
	{
		total.g += grower->gradients[grower->in_bag[i]].g;
		total.h += grower->gradients[grower->in_bag[i]].h;
	}
	return grow_node(grower, grower->trees->roots[grower->trees->ntrees - 1], &range, total, sums,
	                 0);
}

CpStatus
cp_grown_prepare(CpTrees *trees, const CpBinned *binned)
{
	for (uint32_t f = 0; f < binned->nfeatures; f++)
	{
		const CpBinFeature *feature = &binned->features[f];

		trees->levels[f] = feature->levels;
		trees->ncuts[f] = feature->ncuts;
		CP_TRY(cp_alloc(trees->context, &trees->cuts[f], feature->ncuts, sizeof(double)));
		if (feature->ncuts > 0)
			memcpy(trees->cuts[f], feature->cuts, feature->ncuts * sizeof(double));
	}
	return cp_trees_prepare(trees);
}
