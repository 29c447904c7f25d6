/*
 * test_tree_grow.c: every node of a tree against all divisions of its rows, tried
 * one after the other on the values themselves in double arithmetic.
 */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/tree_grow.h"
#include "learn_data.h"
#include "num/rng.h"

#define MOST 1500
#define COLUMNS 9
#define UNIT (1.0 / (1 << 30))

extern void test_tree_grow(void);

static const CpKind kinds[COLUMNS] = {
	CP_NUMBER,   /* few values */
	CP_NUMBER,   /* few values or missing */
	CP_NUMBER,   /* as many values as rows */
	CP_BOOLEAN,  /* or missing */
	CP_CATEGORY, /* three levels or missing: one against the rest */
	CP_CATEGORY, /* twenty levels or missing, in order of their gradients */
	CP_NUMBER,   /* one value or missing */
	CP_CATEGORY, /* 290 levels: 254, other and missing */
	CP_CATEGORY  /* two levels */
};

#define MOST_COLUMNS 17

typedef struct Sample
{
	uint32_t n;
	uint32_t ncolumns;
	const CpKind *kinds;
	double values[MOST * MOST_COLUMNS]; /* [n][ncolumns] */
	uint8_t labels[MOST];
	double g[MOST];
	double h[MOST];
	bool in_bag[MOST];
	uint32_t rows[MOST]; /* the order in which they are binned */
} Sample;

static double
value_of(CpRng *rng, uint32_t column)
{
	bool missing = cp_rng_uniform(rng) < 0.12;

	switch (column)
	{
		case 0:
			return (double) cp_rng_below(rng, 9);
		case 1:
			return missing ? NAN : (double) cp_rng_below(rng, 30) * 0.1;
		case 2:
			return cp_rng_normal(rng);
		case 3:
			return missing ? NAN : (double) cp_rng_below(rng, 2);
		case 4:
			return missing ? NAN : (double) cp_rng_below(rng, 3);
		case 5:
			return missing ? NAN : (double) cp_rng_below(rng, 20);
		case 6:
			return missing ? NAN : 5;
		case 7:
			return missing ? NAN : (double) cp_rng_below(rng, 290);
		default:
			return (double) cp_rng_below(rng, 2);
	}
}

/* Gradients and hessians as of probabilities, the former by the odds of a row. */
static void
set_gradients(Sample *sample, CpRng *rng, uint32_t row, double odds)
{
	double p = 1 / (1 + exp(-odds / 3 + 0.3));

	sample->labels[row] = cp_rng_uniform(rng) < p;
	p = 0.05 + 0.9 * cp_rng_uniform(rng);
	/* Whole steps of the fixed-point numbers, so that both sides start from the same. */
	sample->g[row] = floor((p - sample->labels[row]) / UNIT) * UNIT;
	sample->h[row] = floor(p * (1 - p) / UNIT) * UNIT;
	sample->in_bag[row] = cp_rng_uniform(rng) < 0.8;
	sample->rows[row] = row;
}

/* Odds that depend on all columns. */
static void
make_sample(Sample *sample, uint32_t n, uint64_t seed)
{
	CpRng rng;

	cp_rng_init(&rng, seed, 0);
	sample->n = n;
	sample->ncolumns = COLUMNS;
	sample->kinds = kinds;
	for (uint32_t row = 0; row < n; row++)
	{
		double *v = sample->values + (size_t) row * COLUMNS;
		double odds = 0;

		for (uint32_t c = 0; c < COLUMNS; c++)
		{
			v[c] = value_of(&rng, c);
			odds += isnan(v[c])               ? 0.4 * ((c + seed) % 3 - 1.0)
			        : kinds[c] == CP_CATEGORY ? 0.8 * sin(v[c] * 1.7 + (double) seed)
			                                  : 0.3 * v[c] * ((c + seed) % 2 ? 1 : -1);
		}
		set_gradients(sample, &rng, row, odds);
	}
}

/* Numbers of a field each; the odds depend on the last. */
static void
make_numbers(Sample *sample, uint32_t n, uint32_t ncolumns)
{
	static const CpKind numbers[MOST_COLUMNS] = {
		CP_NUMBER, CP_NUMBER, CP_NUMBER, CP_NUMBER, CP_NUMBER, CP_NUMBER,
		CP_NUMBER, CP_NUMBER, CP_NUMBER, CP_NUMBER, CP_NUMBER, CP_NUMBER,
		CP_NUMBER, CP_NUMBER, CP_NUMBER, CP_NUMBER, CP_NUMBER};
	CpRng rng;

	cp_rng_init(&rng, ncolumns, 0);
	sample->n = n;
	sample->ncolumns = ncolumns;
	sample->kinds = numbers;
	for (uint32_t row = 0; row < n; row++)
	{
		double *v = sample->values + (size_t) row * ncolumns;

		for (uint32_t c = 0; c < ncolumns; c++)
			v[c] = (double) cp_rng_below(&rng, 100);
		set_gradients(sample, &rng, row, v[ncolumns - 1] * 0.2 - 10 + v[0] * 0.05);
	}
}

/* ---- growing ---- */

typedef struct Grown
{
	CpDataset dataset;
	CpBinned binned;
	CpGrower grower;
	CpTrees trees;
	double scores[MOST]; /* by number of binned row */
} Grown;

static CpStatus
grow(const Sample *sample, const CpGrowParams *params, uint32_t ntrees, CpContext *context,
     Grown *grown)
{
	LearnTable table = {0};
	CpGrower *grower = &grown->grower;

	table.rows = sample->n;
	table.ncolumns = sample->ncolumns;
	table.kinds = sample->kinds;
	table.values = sample->values;
	table.labels = sample->labels;
	CP_TRY(learn_dataset(&grown->dataset, context, &table));
	CP_TRY(cp_bin(&grown->dataset, sample->rows, sample->n, CP_MAX_BINS, &grown->binned));
	CP_TRY(cp_grower_init(grower, context, &grown->binned, params));
	CP_TRY(cp_trees_init(&grown->trees, context, grown->binned.nfeatures));
	grower->unit = UNIT;
	grower->trees = &grown->trees;
	grower->scores = grown->scores;
	for (uint32_t i = 0; i < sample->n; i++)
	{
		uint32_t row = sample->rows[i];

		grower->gradients[i].g = (int32_t) (sample->g[row] / UNIT);
		grower->gradients[i].h = (int32_t) (sample->h[row] / UNIT);
		if (sample->in_bag[row])
			grower->in_bag[grower->in_count++] = i;
		else
			grower->out_bag[grower->out_count++] = i;
		grown->scores[i] = 0.25;
	}
	for (uint32_t t = 0; t < ntrees; t++)
		CP_TRY(cp_grow_tree(grower));
	return CP_OK;
}

/* ---- the obvious way ---- */

/* Sums over some rows of a node. */
typedef struct Sum
{
	double g;
	double h;
	uint32_t rows;
} Sum;

typedef struct Search
{
	const Sample *sample;
	const Grown *grown;
	const CpGrowParams *params;
	const CpColumn *columns[MOST_COLUMNS]; /* by feature */
	const uint32_t *rows;                  /* of the node, in the bag */
	uint32_t n;
	Sum total;
	double best; /* gain */
} Search;

static Sum
sum_of(const Search *search, const bool *chosen)
{
	Sum sum = {0, 0, 0};

	for (uint32_t i = 0; i < search->n; i++)
		if (chosen == NULL || chosen[i])
		{
			sum.g += search->sample->g[search->rows[i]];
			sum.h += search->sample->h[search->rows[i]];
			sum.rows++;
		}
	return sum;
}

static double
strength(const Search *search, Sum sum)
{
	return sum.g * sum.g / (sum.h + search->params->l2);
}

/* Gain of parting the chosen rows from the others, -infinity when a child is too light. */
static double
gain_of(const Search *search, const bool *chosen)
{
	Sum left = sum_of(search, chosen);
	Sum right = {search->total.g - left.g, search->total.h - left.h, search->n - left.rows};

	if (left.rows == 0 || right.rows == 0 || left.h < search->params->min_child_weight ||
	    right.h < search->params->min_child_weight)
		return -INFINITY;
	return strength(search, left) + strength(search, right) - strength(search, search->total);
}

static double
value_at(const Search *search, uint32_t f, uint32_t i)
{
	return cp_dataset_value(search->columns[f], search->rows[i]);
}

/* What chance gives to parting m of k levels in order; the quantile by halving an interval. */
static double
chance_of(uint32_t m, uint32_t k)
{
	double p = (double) m / k;
	double low = -10, high = 10, density, gain;

	for (int i = 0; i < 100; i++)
	{
		double middle = (low + high) / 2;

		if (0.5 * erfc(-middle * sqrt(0.5)) < p)
			low = middle;
		else
			high = middle;
	}
	density = exp(-low * low / 2) / sqrt(8 * atan(1));
	gain = k * density * density / (p * (1 - p)) - 5;
	return gain > 0 ? gain : 0;
}

static void
take_better(Search *search, const bool *chosen, double penalty)
{
	double gain = gain_of(search, chosen) - penalty;

	search->best = gain > search->best ? gain : search->best;
}

/* At and below every cut of the bins, missing on either side; and missing against the rest. */
static void
try_number(Search *search, uint32_t f)
{
	static bool chosen[MOST];
	const CpBinFeature *feature = &search->grown->binned.features[f];

	for (uint32_t c = 0; c <= feature->ncuts; c++)
		for (int missing = 0; missing < 2; missing++)
		{
			for (uint32_t i = 0; i < search->n; i++)
			{
				double value = value_at(search, f, i);

				chosen[i] =
					isnan(value) ? missing : c == feature->ncuts || value <= feature->cuts[c];
			}
			take_better(search, chosen, 0);
		}
}

typedef struct Level
{
	double code; /* NaN = missing */
	double order;
} Level;

static int
compare_order(const void *left, const void *right)
{
	const Level *a = left;
	const Level *b = right;

	return (a->order > b->order) - (a->order < b->order);
}

static bool
same_level(double a, double b)
{
	return isnan(a) ? isnan(b) : a == b;
}

static uint32_t
collect_levels(const Search *search, uint32_t f, Level *levels)
{
	static bool chosen[MOST];
	uint32_t n = 0;

	for (uint32_t i = 0; i < search->n; i++)
	{
		double code = value_at(search, f, i);
		Sum sum;
		uint32_t k = 0;

		while (k < n && !same_level(levels[k].code, code))
			k++;
		if (k < n)
			continue;
		for (uint32_t j = 0; j < search->n; j++)
			chosen[j] = same_level(value_at(search, f, j), code);
		sum = sum_of(search, chosen);
		levels[n].code = code;
		levels[n++].order = sum.g / (sum.h + search->params->level_smoothing);
	}
	return n;
}

static void
try_category(Search *search, uint32_t f)
{
	static bool chosen[MOST];
	Level levels[300];
	uint32_t n = collect_levels(search, f, levels);

	qsort(levels, n, sizeof(Level), compare_order);
	memset(chosen, 0, sizeof(chosen));
	for (uint32_t k = 0; k < n; k++)
	{
		bool alone = n <= search->params->one_hot_levels;

		for (uint32_t i = 0; i < search->n; i++)
		{
			bool here = same_level(value_at(search, f, i), levels[k].code);

			chosen[i] = alone ? here : chosen[i] || here;
		}
		if (k + 1 < n || alone)
			take_better(search, chosen, alone ? 0 : chance_of(k + 1, n));
	}
}

/* Where the tree itself sends a row of the node, by what tree.h says of slots. */
static bool
goes_right(const Search *search, const CpNode *node, uint32_t row)
{
	const CpSlot *slot = &search->grown->trees.slots[CP_NODE_SLOT(node)];
	const CpBinFeature *feature = &search->grown->binned.features[slot->feature];
	double value = cp_dataset_value(search->columns[slot->feature], row);
	uint32_t bin = 0;

	if (slot->kind == CP_SLOT_LEVELS)
	{
		uint32_t code = isnan(value) ? feature->levels + 1 : (uint32_t) value;

		return slot->set[code / 64] >> (code % 64) & 1;
	}
	if (isnan(value))
		return slot->kind == CP_SLOT_MISSING_HIGH;
	for (uint32_t c = 0; c < feature->ncuts; c++)
		bin += feature->cuts[c] < value;
	return bin > (node->test & 255);
}

/* How many divisions of which kind a run has seen, so that none is left out unnoticed. */
typedef struct Seen
{
	uint32_t splits[MOST_COLUMNS];
	uint32_t missing_alone;
	uint32_t leaves;
} Seen;

static void check_node(Search *search, uint32_t n, const uint32_t *rows, uint32_t count,
                       const uint32_t *out, uint32_t out_count, uint32_t depth, Seen *seen);

static void
check_leaf(const Search *search, uint32_t n, const uint32_t *out, uint32_t out_count)
{
	const CpTrees *trees = &search->grown->trees;
	double expected =
		-search->total.g / (search->total.h + search->params->l2) * search->params->shrinkage;

	CHECK(trees->gains[n] == 0);
	CHECK_CLOSE(expected, trees->values[n], 1e-6 * fabs(expected) + 1e-9);
	/* Rows in and out of the bag carry the stored value. */
	for (uint32_t i = 0; i < search->n + out_count; i++)
	{
		uint32_t row = i < search->n ? search->rows[i] : out[i - search->n];
		uint32_t at = 0;

		while (search->sample->rows[at] != row)
			at++;
		CHECK(search->grown->scores[at] == 0.25 + trees->values[n]);
	}
}

static uint32_t
part(const Search *search, const CpNode *node, const uint32_t *rows, uint32_t n, uint32_t *left,
     uint32_t *right)
{
	uint32_t nleft = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		if (goes_right(search, node, rows[i]))
			right[i - nleft] = rows[i];
		else
			left[nleft++] = rows[i];
	}
	return nleft;
}

static void
check_division(Search *search, uint32_t n, const uint32_t *out, uint32_t out_count, uint32_t depth,
               Seen *seen)
{
	const CpTrees *trees = &search->grown->trees;
	const CpNode *node = &trees->nodes[n];
	const CpSlot *slot = &trees->slots[CP_NODE_SLOT(node)];
	const CpBinFeature *feature = &search->grown->binned.features[slot->feature];
	uint32_t *parts = calloc(4 * MOST, sizeof(uint32_t));
	bool *chosen = calloc(MOST, sizeof(bool));
	uint32_t of_right = 0, missing = 0, nleft, out_left;
	double penalty = 0, gain;
	Level levels[300];
	Search child = *search;

	for (uint32_t i = 0; i < search->n; i++)
	{
		chosen[i] = !goes_right(search, node, search->rows[i]);
		of_right += !chosen[i];
		missing += isnan(value_at(search, slot->feature, i));
	}
	if (slot->kind == CP_SLOT_LEVELS)
	{
		uint32_t count = collect_levels(search, slot->feature, levels);
		uint32_t of_left = 0;

		for (uint32_t k = 0; k < count; k++)
		{
			uint32_t code = isnan(levels[k].code) ? feature->levels + 1 : (uint32_t) levels[k].code;

			of_left += !(slot->set[code / 64] >> (code % 64) & 1);
		}
		penalty = count > search->params->one_hot_levels ? chance_of(of_left, count) : 0;
	}
	else
		seen->missing_alone +=
			slot->kind == CP_SLOT_MISSING_HIGH && missing > 0 && missing == of_right;
	gain = gain_of(search, chosen) - penalty;
	CHECK_CLOSE(search->best, gain, 1e-6 * search->best);
	CHECK_CLOSE(search->best, trees->gains[n], 1e-6 * search->best);
	seen->splits[slot->feature]++;

	nleft = part(search, node, search->rows, search->n, parts, parts + MOST);
	out_left = part(search, node, out, out_count, parts + 2 * MOST, parts + 3 * MOST);
	check_node(&child, node->left, parts, nleft, parts + 2 * MOST, out_left, depth + 1, seen);
	check_node(&child, node->left + 1, parts + MOST, search->n - nleft, parts + 3 * MOST,
	           out_count - out_left, depth + 1, seen);
	free(parts);
	free(chosen);
}

static void
check_node(Search *search, uint32_t n, const uint32_t *rows, uint32_t count, const uint32_t *out,
           uint32_t out_count, uint32_t depth, Seen *seen)
{
	const CpTrees *trees = &search->grown->trees;

	search->rows = rows;
	search->n = count;
	search->total = sum_of(search, NULL);
	search->best = -INFINITY;
	CHECK_CLOSE(search->total.h, trees->covers[n], 1e-6 * search->total.h);
	if (depth < search->params->max_depth)
		for (uint32_t f = 0; f < search->grown->binned.nfeatures; f++)
		{
			if (!search->grown->grower.allowed[f])
				continue;
			if (search->grown->binned.features[f].category)
				try_category(search, f);
			else
				try_number(search, f);
		}
	if (CP_NODE_IS_LEAF(trees, n))
	{
		CHECK(search->best <= search->params->min_gain + 1e-9);
		check_leaf(search, n, out, out_count);
		seen->leaves++;
	}
	else
		check_division(search, n, out, out_count, depth, seen);
}

static void
check_tree(const Sample *sample, const Grown *grown, const CpGrowParams *params, Seen *seen)
{
	static uint32_t rows[MOST], out[MOST];
	Search search;
	uint32_t n = 0, out_count = 0, f = 0;

	memset(&search, 0, sizeof(search));
	search.sample = sample;
	search.grown = grown;
	search.params = params;
	for (uint32_t c = 0; c < grown->dataset.ncolumns; c++)
		if (grown->dataset.columns[c].dropped == CP_KEPT)
			search.columns[f++] = &grown->dataset.columns[c];
	for (uint32_t row = 0; row < sample->n; row++)
	{
		if (sample->in_bag[row])
			rows[n++] = row;
		else
			out[out_count++] = row;
	}
	check_node(&search, 0, rows, n, out, out_count, 0, seen);
}

static void
usual_params(CpGrowParams *params)
{
	memset(params, 0, sizeof(*params));
	params->max_depth = 4;
	params->min_child_weight = 2;
	params->l2 = 1;
	params->shrinkage = 0.3;
	params->one_hot_levels = 4;
	params->level_smoothing = 10;
}

static void
check_best_divisions(void)
{
	static Sample sample;
	static Grown grown;
	Seen seen = {{0}, 0, 0};

	for (uint64_t seed = 0; seed < 40; seed++)
	{
		CpGrowParams params;

		usual_params(&params);
		params.max_depth = 1 + (uint32_t) seed % 5;
		params.min_child_weight = seed % 3 == 0 ? 0 : 5;
		params.l2 = seed % 4 == 1 ? 0.001 : 1.5;
		params.min_gain = seed % 5 == 2 ? 3 : 0;
		make_sample(&sample, seed % 2 ? 300 : 700, seed);
		REQUIRE_OK(grow(&sample, &params, 1, unit_context(), &grown));
		check_tree(&sample, &grown, &params, &seen);
	}
	for (int c = 0; c < COLUMNS; c++)
		if (!CHECK(seen.splits[c] > 0))
			unit_note("no split by column %d", c);
	CHECK(seen.missing_alone > 0 && seen.leaves > 50);
}

/* One column at a time, so that none hides behind a better one. */
static void
check_each_feature(void)
{
	static Sample sample;
	static Grown grown;
	CpGrowParams params;

	usual_params(&params);
	for (uint32_t only = 0; only < COLUMNS; only++)
		for (uint64_t seed = 50; seed < 53; seed++)
		{
			Seen seen = {{0}, 0, 0};

			make_sample(&sample, only == 7 ? MOST : 400, seed);
			REQUIRE_OK(grow(&sample, &params, 0, unit_context(), &grown));
			memset(grown.grower.allowed, 0, COLUMNS);
			grown.grower.allowed[only] = 1;
			REQUIRE_OK(cp_grow_tree(&grown.grower));
			check_tree(&sample, &grown, &params, &seen);
			for (uint32_t c = 0; c < COLUMNS; c++)
				CHECK(c == only || seen.splits[c] == 0);
		}
}

/* One level stands out, upwards or downwards: it ends up at an end of the order, alone. */
static void
check_one_level_stands_out(void)
{
	static Sample sample;
	static Grown grown;
	CpGrowParams params;

	usual_params(&params);
	params.max_depth = 2;
	for (int up = 0; up < 2; up++)
	{
		Seen seen = {{0}, 0, 0};

		make_sample(&sample, 600, 70);
		for (uint32_t row = 0; row < 600; row++)
			sample.g[row] = (sample.values[row * COLUMNS + 5] == 11) == (up == 1) ? 0.5 : -0.5;
		REQUIRE_OK(grow(&sample, &params, 0, unit_context(), &grown));
		memset(grown.grower.allowed, 0, COLUMNS);
		grown.grower.allowed[5] = 1;
		REQUIRE_OK(cp_grow_tree(&grown.grower));
		check_tree(&sample, &grown, &params, &seen);
		CHECK(seen.splits[5] > 0);
	}
}

/*
 * Rare levels together, and missing ones: each parted from all others, so also from the other of the two;
 * at last without any missing.
 */
static void
check_other_and_missing(void)
{
	static Sample sample;
	static Grown grown;
	CpGrowParams params;

	usual_params(&params);
	params.max_depth = 2;
	params.min_child_weight = 0.1;
	for (int round = 0; round < 3; round++)
	{
		Seen seen = {{0}, 0, 0};
		const CpColumn *column;
		bool other = round > 0;

		make_sample(&sample, MOST, 71);
		for (uint32_t row = 0; round == 2 && row < MOST; row++)
			if (isnan(sample.values[row * COLUMNS + 7]))
				sample.values[row * COLUMNS + 7] = 0;
		REQUIRE_OK(grow(&sample, &params, 0, unit_context(), &grown));
		column = &grown.dataset.columns[7];
		REQUIRE(column->texts.count == 254);
		for (uint32_t row = 0; row < MOST; row++)
		{
			double code = cp_dataset_value(column, row);

			sample.g[row] = (other ? code == 254 : isnan(code)) ? 0.5 : -0.5;
			sample.h[row] = 0.0078125; /* light, so that the gain is beyond chance */
			grown.grower.gradients[row].g = (int32_t) (sample.g[row] / UNIT);
			grown.grower.gradients[row].h = (int32_t) (sample.h[row] / UNIT);
		}
		memset(grown.grower.allowed, 0, COLUMNS);
		grown.grower.allowed[7] = 1;
		REQUIRE_OK(cp_grow_tree(&grown.grower));
		check_tree(&sample, &grown, &params, &seen);
		CHECK(seen.splits[7] == 1);
	}
}

/* Any number of fields, in blocks of eight. */
static void
check_fields(void)
{
	static Sample sample;
	static Grown grown;
	CpGrowParams params;

	usual_params(&params);
	params.max_depth = 3;
	for (uint32_t columns = 1; columns <= MOST_COLUMNS; columns++)
	{
		Seen seen = {{0}, 0, 0};

		make_numbers(&sample, 250, columns);
		REQUIRE_OK(grow(&sample, &params, 1, unit_context(), &grown));
		CHECK_EQUAL(columns, grown.binned.nfields);
		check_tree(&sample, &grown, &params, &seen);
		CHECK(seen.splits[columns - 1] > 0);
	}
}

static bool
same_trees(const CpTrees *a, const CpTrees *b)
{
	return a->nnodes == b->nnodes && a->nslots == b->nslots &&
	       memcmp(a->nodes, b->nodes, a->nnodes * sizeof(CpNode)) == 0 &&
	       memcmp(a->values, b->values, a->nnodes * sizeof(float)) == 0 &&
	       memcmp(a->gains, b->gains, a->nnodes * sizeof(float)) == 0 &&
	       memcmp(a->covers, b->covers, a->nnodes * sizeof(float)) == 0 &&
	       memcmp(a->slots, b->slots, a->nslots * sizeof(CpSlot)) == 0;
}

/* Sums are exact, so neither the order of rows nor of a bag shows, not in the last bit. */
static void
check_order_of_rows(void)
{
	static Sample sample;
	static Grown first, other;
	CpGrowParams params;
	CpRng rng;

	cp_rng_init(&rng, 31, 0);
	usual_params(&params);
	params.max_depth = 8;
	params.min_child_weight = 0.5;
	make_sample(&sample, MOST, 5);
	for (int round = 0; round < 5; round++)
	{
		CpContext *context = unit_context();

		for (uint32_t row = 0; row < sample.n; row++)
			sample.rows[row] = row;
		REQUIRE_OK(grow(&sample, &params, 1, context, &first));
		cp_rng_shuffle(&rng, sample.rows, sample.n);
		REQUIRE_OK(grow(&sample, &params, 0, context, &other));
		cp_rng_shuffle(&rng, other.grower.in_bag, other.grower.in_count);
		REQUIRE_OK(cp_grow_tree(&other.grower));
		CHECK(first.trees.nnodes > 100);
		CHECK(same_trees(&first.trees, &other.trees));
		for (uint32_t i = 0; i < sample.n; i++)
			CHECK(other.scores[i] == first.scores[sample.rows[i]]);
	}
}

/* A deep tree's covers and leaf values, which come from histograms by subtraction, are those of direct sums. */
static void
check_exact(void)
{
	static Sample sample;
	static Grown grown;
	static int64_t g[4 * MOST], h[4 * MOST];
	CpGrowParams params;
	const CpTrees *trees = &grown.trees;

	usual_params(&params);
	params.max_depth = 16;
	params.min_child_weight = 0;
	params.shrinkage = 1;
	make_sample(&sample, MOST, 9);
	REQUIRE_OK(grow(&sample, &params, 1, unit_context(), &grown));
	REQUIRE(trees->nnodes < 4 * MOST);
	/* Each row's leaf is known by its score; sums go up from there. */
	for (uint32_t n = 0; n < trees->nnodes; n++)
		if (CP_NODE_IS_LEAF(trees, n))
			for (uint32_t i = 0; i < grown.grower.in_count; i++)
			{
				uint32_t row = grown.grower.in_bag[i];

				if (grown.scores[row] == 0.25 + trees->values[n])
				{
					g[n] += grown.grower.gradients[row].g;
					h[n] += grown.grower.gradients[row].h;
				}
			}
	for (uint32_t n = trees->nnodes; n-- > 0;)
	{
		uint32_t left = trees->nodes[n].left;

		if (left != n)
		{
			g[n] = g[left] + g[left + 1];
			h[n] = h[left] + h[left + 1];
		}
		else
			CHECK(trees->values[n] ==
			      (float) (-(double) g[n] * UNIT / ((double) h[n] * UNIT + params.l2)));
		CHECK(trees->covers[n] == (float) ((double) h[n] * UNIT));
	}
	CHECK(trees->depths[0] > 8 && trees->depths[0] <= 16);
}

/* What a node did not see goes to its heavier child: unseen levels, other, missing. */
static void
check_unseen(void)
{
	static double values[100];
	static uint8_t labels[100];
	static double scores[100];
	static const CpKind kind = CP_CATEGORY;
	LearnTable table = {0};
	CpDataset dataset;
	CpBinned binned;
	CpGrower grower;
	CpTrees trees;
	CpGrowParams params;
	uint32_t rows[100];

	usual_params(&params);
	for (uint32_t row = 0; row < 100; row++)
	{
		values[row] = row < 30 ? 0 : row < 90 ? 1 : 2 + row % 5;
		labels[row] = row < 30;
		rows[row] = row;
	}
	table.rows = 100;
	table.ncolumns = 1;
	table.kinds = &kind;
	table.values = values;
	table.labels = labels;
	REQUIRE_OK(learn_dataset(&dataset, unit_context(), &table));
	REQUIRE_OK(cp_bin(&dataset, rows, 90, 255, &binned)); /* levels 2 to 6 have no row */
	REQUIRE_OK(cp_grower_init(&grower, dataset.context, &binned, &params));
	REQUIRE_OK(cp_trees_init(&trees, dataset.context, 1));
	grower.unit = UNIT;
	grower.trees = &trees;
	grower.scores = scores;
	for (uint32_t row = 0; row < 90; row++)
	{
		grower.gradients[row].g = (int32_t) ((0.5 - labels[row]) / UNIT);
		grower.gradients[row].h = (int32_t) (0.25 / UNIT);
		grower.in_bag[grower.in_count++] = row;
	}
	REQUIRE_OK(cp_grow_tree(&grower));
	REQUIRE(trees.nnodes == 3);
	{
		const CpSlot *slot = &trees.slots[CP_NODE_SLOT(&trees.nodes[0])];
		uint64_t of_one = slot->set[0] >> (uint32_t) cp_dataset_value(&dataset.columns[0], 30) & 1;
		uint64_t of_zero = slot->set[0] >> (uint32_t) cp_dataset_value(&dataset.columns[0], 0) & 1;

		CHECK_EQUAL(7, dataset.columns[0].texts.count);
		CHECK(of_one != of_zero);
		for (uint32_t code = 2; code < 9; code++)
			CHECK_EQUAL(of_one, slot->set[0] >> code & 1);
	}
}

/* One column of 90 numbers, of which some are missing; which rows are in the bag and churned is the caller's. */
static CpStatus
grow_numbers(bool (*is_missing)(uint32_t row), bool (*is_in_bag)(uint32_t row),
             bool (*churned)(uint32_t row), CpTrees *trees, double *scores)
{
	static double values[90];
	static uint8_t labels[90];
	static const CpKind kind = CP_NUMBER;
	LearnTable table = {0};
	CpDataset dataset;
	CpBinned binned;
	CpGrower grower;
	CpGrowParams params;
	uint32_t rows[90];

	usual_params(&params);
	params.max_depth = 1;
	for (uint32_t row = 0; row < 90; row++)
	{
		values[row] = is_missing(row) ? NAN : row;
		labels[row] = churned(row);
		rows[row] = row;
		scores[row] = 0;
	}
	table.rows = 90;
	table.ncolumns = 1;
	table.kinds = &kind;
	table.values = values;
	table.labels = labels;
	CP_TRY(learn_dataset(&dataset, unit_context(), &table));
	CP_TRY(cp_bin(&dataset, rows, 90, 255, &binned));
	CP_TRY(cp_grower_init(&grower, dataset.context, &binned, &params));
	CP_TRY(cp_trees_init(trees, dataset.context, 1));
	grower.unit = UNIT;
	grower.trees = trees;
	grower.scores = scores;
	for (uint32_t row = 0; row < 90; row++)
	{
		grower.gradients[row].g = (int32_t) ((0.5 - labels[row]) / UNIT);
		grower.gradients[row].h = (int32_t) (0.25 / UNIT);
		if (is_in_bag(row))
			grower.in_bag[grower.in_count++] = row;
		else
			grower.out_bag[grower.out_count++] = row;
	}
	return cp_grow_tree(&grower);
}

static bool
never(uint32_t row)
{
	(void) row;
	return false;
}

static bool
last_third(uint32_t row)
{
	return row >= 60;
}

static bool
not_middle_third(uint32_t row)
{
	return row < 30 || row >= 60;
}

static bool
first_half(uint32_t row)
{
	return row < 45;
}

/* A threshold lies between the values a node has, for those in between that it has not. */
static void
check_middle_of_gap(void)
{
	double scores[90];
	CpTrees trees;

	REQUIRE_OK(grow_numbers(never, not_middle_third, first_half, &trees, scores));
	CHECK_EQUAL((29 + 59) / 2, trees.nodes[0].test & 255);
	for (uint32_t row = 0; row < 90; row++)
		CHECK((scores[row] > 0) == (row <= 44));
}

/* When missing are parted from present, values that the node has not are present. */
static void
check_missing_against_present(void)
{
	double scores[90];
	CpTrees trees;

	REQUIRE_OK(grow_numbers(last_third, not_middle_third, last_third, &trees, scores));
	CHECK_EQUAL(CP_SLOT_MISSING_HIGH, trees.slots[0].kind);
	for (uint32_t row = 0; row < 90; row++)
		CHECK((scores[row] > 0) == (row >= 60));
}

/* A tree is a leaf when nothing can be divided. */
static void
check_leaf_only(void)
{
	static Sample sample;
	static Grown grown;
	CpGrowParams params;

	usual_params(&params);
	make_sample(&sample, 200, 3);
	for (uint32_t row = 0; row < 200; row++)
		sample.in_bag[row] = false;
	REQUIRE_OK(grow(&sample, &params, 2, unit_context(), &grown));
	CHECK(grown.trees.nnodes == 2 && grown.trees.values[0] == 0);
	CHECK(grown.scores[0] == 0.25);

	sample.in_bag[7] = true;
	REQUIRE_OK(grow(&sample, &params, 1, unit_context(), &grown));
	CHECK_EQUAL(1, grown.trees.nnodes);
	CHECK(grown.trees.values[0] != 0);

	make_sample(&sample, 200, 3);
	params.min_child_weight = 1e6;
	REQUIRE_OK(grow(&sample, &params, 1, unit_context(), &grown));
	CHECK_EQUAL(1, grown.trees.nnodes);
	params.min_child_weight = 0;
	params.min_gain = 1e6;
	REQUIRE_OK(grow(&sample, &params, 1, unit_context(), &grown));
	CHECK_EQUAL(1, grown.trees.nnodes);
	params.l2 = 0;
	params.min_gain = 0;
	memset(sample.h, 0, sizeof(sample.h));
	REQUIRE_OK(grow(&sample, &params, 1, unit_context(), &grown));
	CHECK(grown.trees.nnodes == 1 && grown.trees.values[0] == 0);
}

/* Memory announced is an upper bound of memory used, trees left out. */
static void
check_bytes(void)
{
	static Sample sample;
	static Grown grown;

	for (uint32_t depth = 1; depth <= 16; depth += 5)
	{
		CpContext *context = unit_context();
		CpGrowParams params;
		size_t before, after;

		usual_params(&params);
		params.max_depth = depth;
		params.min_child_weight = 0;
		make_sample(&sample, MOST, depth);
		REQUIRE_OK(grow(&sample, &params, 0, context, &grown));
		cp_grower_free(&grown.grower);
		before = context->used;
		REQUIRE_OK(cp_grower_init(&grown.grower, context, &grown.binned, &params));
		grown.grower.unit = UNIT;
		grown.grower.trees = &grown.trees;
		grown.grower.scores = grown.scores;
		for (uint32_t i = 0; i < sample.n; i++)
		{
			grown.grower.gradients[i].g = (int32_t) (sample.g[i] / UNIT);
			grown.grower.gradients[i].h = (int32_t) (sample.h[i] / UNIT);
			grown.grower.in_bag[grown.grower.in_count++] = i;
		}
		REQUIRE_OK(cp_grow_tree(&grown.grower));
		CHECK(depth > 12 || grown.trees.depths[0] == depth);
		after = context->used;
		cp_grower_free(&grown.grower);
		CHECK(after - context->used <= cp_grower_bytes(&grown.binned, depth));
		CHECK(before <= after);
	}
}

static void
check_failures(void)
{
	static Sample sample;
	static Grown grown;
	CpGrowParams params;
	CpStatus status = CP_NO_MEMORY;

	usual_params(&params);
	make_sample(&sample, 300, 1);
	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();

		unit_fail_allocation(nth);
		status = grow(&sample, &params, 2, context, &grown);
		if (status != CP_OK)
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 2000);
	}
	/* Asked for each histogram and each leaf. */
	params.max_depth = 1;
	REQUIRE_OK(grow(&sample, &params, 0, unit_context(), &grown));
	unit_cancel_after(SIZE_MAX);
	REQUIRE_OK(cp_grow_tree(&grown.grower));
	CHECK_EQUAL(3, unit_polls());
	params.max_depth = 4;
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls++)
	{
		CpContext *context = unit_context();

		unit_cancel_after(polls);
		status = grow(&sample, &params, 2, context, &grown);
		if (status != CP_OK)
			CHECK_STATUS(CP_CANCELLED, status);
		REQUIRE(polls < 2000);
	}
}

/* scipy 1.10.1, printed by test/data/make_learn_reference.py. */
static void
check_chance(void)
{
	static const struct
	{
		uint32_t m;
		uint32_t k;
		double gain;
	} references[] = {
		{1, 5, 0.0},
		{2, 5, 0.0},
		{2, 5, 0.0},
		{4, 5, 0.0},
		{1, 6, 0.0},
		{2, 6, 0.0},
		{3, 6, 0.0},
		{5, 6, 0.0},
		{1, 12, 0.0},
		{2, 12, 0.39356255422240505},
		{6, 12, 2.639437268410976},
		{11, 12, 0.0},
		{1, 50, 0.9803976585867336},
		{2, 50, 4.669165794115745},
		{25, 50, 26.83098861837907},
		{49, 50, 0.980397658586738},
		{1, 256, 3.8501356295387676},
		{2, 256, 10.219571867892023},
		{128, 256, 157.97466172610083},
		{255, 256, 3.8501356295387676},
	};

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		CHECK_CLOSE(references[i].gain, cp_chance_gain(references[i].m, references[i].k), 1e-11);
}

void
test_tree_grow(void)
{
	UNIT_CASE("the gain that chance gives", check_chance);
	UNIT_CASE("every division is the best of all", check_best_divisions);
	UNIT_CASE("every column by itself", check_each_feature);
	UNIT_CASE("one level that stands out", check_one_level_stands_out);
	UNIT_CASE("rare levels and missing ones", check_other_and_missing);
	UNIT_CASE("any number of fields", check_fields);
	UNIT_CASE("the order of rows does not show", check_order_of_rows);
	UNIT_CASE("sums by subtraction are exact", check_exact);
	UNIT_CASE("unseen levels go to the heavier child", check_unseen);
	UNIT_CASE("a threshold lies in the middle of a gap", check_middle_of_gap);
	UNIT_CASE("missing against present", check_missing_against_present);
	UNIT_CASE("nothing to divide makes a leaf", check_leaf_only);
	UNIT_CASE("memory announced bounds memory used", check_bytes);
	UNIT_CASE("each allocation that fails, each poll that stops", check_failures);
}
