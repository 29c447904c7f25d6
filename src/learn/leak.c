/*
 * leak.c: signs that the answer is among the questions.
 */
#include "learn/leak.h"

#include <math.h>
#include <string.h>

#include "learn/metrics.h"
#include "num/hash.h"
#include "num/sort.h"

/* Rows between two looks at the poll: some milliseconds. */
#define POLL_ROWS (1u << 16)
/* Rows looked up between two; each takes up to a microsecond. */
#define POLL_LOOKUPS (1u << 12)
/* Rows of the average rate that are added to every bin. */
#define SMOOTHING 10
/* Bins of a number at most, and rows of one: finer bins would hide what the number tells. */
#define NUMBER_BINS 32
#define NUMBER_BIN_ROWS 10

/* ---- features ---- */

/* Weight by bin and class. */
typedef struct Histogram
{
	double weight[CP_FIELD_CODES][2];
} Histogram;

static uint32_t
part_of(const CpTraining *training, uint32_t i)
{
	return training->nfolds == 1 ? i % 2 : training->folds[i];
}

/* One of each part. */
static CpStatus
fill_histograms(CpContext *context, const CpTraining *training, const CpBinFeature *feature,
                Histogram *parts)
{
	const uint64_t *words =
		training->binned->words + (size_t) training->n * (feature->field / CP_BLOCK_FIELDS);
	uint32_t shift = 8 * (feature->field % CP_BLOCK_FIELDS);

	for (uint32_t i = 0; i < training->n; i++)
	{
		uint8_t bin = feature->digit[(uint8_t) (words[i] >> shift)];

		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		parts[part_of(training, i)].weight[bin][training->labels[i] != 0] +=
			cp_training_weight(training, i);
	}
	return CP_OK;
}

static double
weight_of_bin(const Histogram *parts, uint32_t nparts, uint32_t bin)
{
	double weight = 0;

	for (uint32_t part = 0; part < nparts; part++)
		weight += parts[part].weight[bin][0] + parts[part].weight[bin][1];
	return weight;
}

/* Add a bin of all parts to one before it. */
static void
move_bin(Histogram *parts, uint32_t nparts, uint32_t from, uint32_t to)
{
	for (uint32_t part = 0; part < nparts && from != to; part++)
		for (int label = 0; label < 2; label++)
		{
			parts[part].weight[to][label] += parts[part].weight[from][label];
			parts[part].weight[from][label] = 0;
		}
}

/*
 * Join neighbouring bins of a number by the share of the weight that lies below their
 * middle, so that a heavy value stays alone; the number of bins left.
 */
static uint32_t
join_bins(const CpBinFeature *feature, Histogram *parts, uint32_t nparts)
{
	double all = 0, below = 0, wanted;
	uint32_t joined = 0, last = 0;

	for (uint32_t bin = 0; bin <= feature->ncuts; bin++)
		all += weight_of_bin(parts, nparts, bin);
	if (feature->category || !(all > 0 && isfinite(all)))
		return feature->bins;
	wanted = fmin(NUMBER_BINS, all / NUMBER_BIN_ROWS);
	for (uint32_t bin = 0; bin <= feature->ncuts; bin++)
	{
		double weight = weight_of_bin(parts, nparts, bin);
		uint32_t place = (uint32_t) (wanted * ((below + weight / 2) / all));

		joined += bin == 0 || place != last;
		move_bin(parts, nparts, bin, joined - 1);
		below += weight;
		last = place;
	}
	if (feature->has_missing)
		move_bin(parts, nparts, feature->bins - 1, joined++);
	return joined;
}

/* others: sum of all parts but one; what no other part has is exactly 0. */
static void
add_others(const Histogram *parts, uint32_t nparts, uint32_t part, uint32_t bins, Histogram *others)
{
	memset(others, 0, sizeof(*others));
	for (uint32_t other = 0; other < nparts; other++)
		for (uint32_t bin = 0; bin < bins && other != part; bin++)
		{
			others->weight[bin][0] += parts[other].weight[bin][0];
			others->weight[bin][1] += parts[other].weight[bin][1];
		}
}

static void
add_bins(const Histogram *histogram, uint32_t bins, double sums[2])
{
	sums[0] = sums[1] = 0;
	for (uint32_t bin = 0; bin < bins; bin++)
	{
		sums[0] += histogram->weight[bin][0];
		sums[1] += histogram->weight[bin][1];
	}
}

/* AUC within a part by the bins' rates in the others; weighted pairs won and in all are added. */
static CpStatus
add_part(CpContext *context, const Histogram *part, const Histogram *others, uint32_t bins,
         double *won, double *pairs)
{
	double scores[2 * CP_FIELD_CODES], weights[2 * CP_FIELD_CODES];
	uint8_t labels[2 * CP_FIELD_CODES];
	double here[2], elsewhere[2], rate, auc;

	add_bins(part, bins, here);
	add_bins(others, bins, elsewhere);
	if (!(here[0] > 0 && here[1] > 0 && elsewhere[0] + elsewhere[1] > 0))
		return CP_OK;
	rate = elsewhere[1] / (elsewhere[0] + elsewhere[1]);
	/* A bin's stayers and its churners are a row each. */
	for (uint32_t i = 0; i < 2 * bins; i++)
	{
		const double *seen = others->weight[i / 2];

		scores[i] = (seen[1] + SMOOTHING * rate) / (seen[0] + seen[1] + SMOOTHING);
		weights[i] = part->weight[i / 2][i % 2];
		labels[i] = i % 2;
	}
	CP_TRY(cp_auc(context, scores, labels, weights, 2 * bins, &auc));
	*won += auc * here[0] * here[1];
	*pairs += here[0] * here[1];
	return CP_OK;
}

static CpStatus
feature_auc(CpContext *context, const CpTraining *training, const CpBinFeature *feature,
            Histogram *parts, uint32_t nparts, double *auc)
{
	double won = 0, pairs = 0;
	uint32_t bins;

	memset(parts, 0, nparts * sizeof(Histogram));
	CP_TRY(fill_histograms(context, training, feature, parts));
	bins = join_bins(feature, parts, nparts);
	for (uint32_t part = 0; part < nparts; part++)
	{
		Histogram others;

		add_others(parts, nparts, part, bins, &others);
		CP_TRY(add_part(context, &parts[part], &others, bins, &won, &pairs));
	}
	*auc = pairs > 0 ? won / pairs : NAN;
	return CP_OK;
}

CpStatus
cp_leak_aucs(CpContext *context, const CpTraining *training, double *aucs)
{
	uint32_t nparts = training->nfolds == 1 ? 2 : training->nfolds;
	Histogram *parts;

	CP_TRY(cp_alloc(context, &parts, nparts, sizeof(Histogram)));
	for (uint32_t f = 0; f < training->binned->nfeatures; f++)
		CP_TRY(feature_auc(context, training, &training->binned->features[f], parts, nparts,
		                   &aucs[f]));
	cp_free(context, &parts);
	return CP_OK;
}

/* ---- rows ---- */

/* Equal values, equal words. */
static uint64_t
word_of(double value)
{
	return isnan(value) ? UINT64_MAX : cp_sort_key_of_double(value);
}

static CpStatus
hash_column(CpContext *context, const CpColumn *column, const uint32_t *rows, uint32_t n,
            uint64_t *hashes)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (i % POLL_ROWS == 0)
			CP_TRY(cp_poll(context));
		hashes[i] = cp_hash_add(hashes[i], word_of(cp_dataset_value(column, rows[i])));
	}
	return CP_OK;
}

/* hashes: [n] of what a model sees of the rows, and their labels. */
static CpStatus
hash_rows(const CpDataset *dataset, const uint32_t *rows, uint32_t n, uint64_t *hashes)
{
	for (uint32_t i = 0; i < n; i++)
		hashes[i] = dataset->labels[rows[i]];
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
		if (dataset->columns[c].dropped == CP_KEPT)
			CP_TRY(hash_column(dataset->context, &dataset->columns[c], rows, n, hashes));
	return CP_OK;
}

static bool
are_equal(const CpDataset *dataset, uint32_t a, uint32_t b)
{
	if (dataset->labels[a] != dataset->labels[b])
		return false;
	for (uint32_t c = 0; c < dataset->ncolumns; c++)
	{
		const CpColumn *column = &dataset->columns[c];

		if (column->dropped == CP_KEPT &&
		    word_of(cp_dataset_value(column, a)) != word_of(cp_dataset_value(column, b)))
			return false;
	}
	return true;
}

/* Where in the ascending hashes the first stands that is not below the wanted one. */
static uint32_t
lower_bound(const uint64_t *hashes, uint32_t n, uint64_t wanted)
{
	uint32_t begin = 0, end = n;

	while (begin < end)
	{
		uint32_t middle = begin + (end - begin) / 2;

		if (hashes[middle] < wanted)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

/* hashes: [n], the first kept ascending, with their rows in candidates. */
static CpStatus
count_repeats(const CpDataset *dataset, const uint32_t *rows, uint32_t n, uint32_t kept,
              const uint64_t *hashes, const uint32_t *candidates, uint32_t *repeats)
{
	*repeats = 0;
	for (uint32_t i = kept; i < n; i++)
	{
		uint32_t at = lower_bound(hashes, kept, hashes[i]);

		if (i % POLL_LOOKUPS == 0)
			CP_TRY(cp_poll(dataset->context));
		while (at < kept && hashes[at] == hashes[i] && !are_equal(dataset, candidates[at], rows[i]))
			at++;
		*repeats += at < kept && hashes[at] == hashes[i];
	}
	return CP_OK;
}

size_t
cp_leak_repeats_bytes(uint32_t n, uint32_t kept)
{
	/* the sort has scratch for hashes and rows */
	return n * sizeof(uint64_t) + kept * (sizeof(uint64_t) + 2 * sizeof(uint32_t)) + 1024;
}

CpStatus
cp_leak_repeats(const CpDataset *dataset, const uint32_t *rows, uint32_t n, uint32_t kept,
                uint32_t *repeats)
{
	CpContext *context = dataset->context;
	uint64_t *hashes;
	uint32_t *candidates;

	CP_TRY(cp_reserve_check(context, cp_leak_repeats_bytes(n, kept)));
	CP_TRY(cp_alloc(context, &hashes, n, sizeof(uint64_t)));
	CP_TRY(cp_alloc(context, &candidates, kept, sizeof(uint32_t)));
	CP_TRY(hash_rows(dataset, rows, n, hashes));
	if (kept > 0)
		memcpy(candidates, rows, kept * sizeof(uint32_t));
	CP_TRY(cp_sort_rows(context, hashes, candidates, kept));
	CP_TRY(count_repeats(dataset, rows, n, kept, hashes, candidates, repeats));
	cp_free(context, &hashes);
	cp_free(context, &candidates);
	return CP_OK;
}
