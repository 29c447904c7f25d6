/*
 * drift_check.c: have the customers changed since the model was trained, and what does it cost?
 */
#include "pg/compat.h"

#include <math.h>

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "num/rng.h"
#include "num/special.h"
#include "num/vec.h"
#include "pg/base_rate.h"
#include "pg/drift_advice.h"
#include "pg/drift_check.h"
#include "pg/drift_statistics.h"
#include "pg/evaluation_set.h"
#include "pg/guc.h"
#include "pg/json.h"
#include "pg/source.h"
#include "pg/store.h"

/* Rows of another reference that are kept. */
#define REFERENCE_ROWS 200000
/* Rows that are scored to say what the scores looked like in another reference. */
#define SCORED_ROWS 50000

/* Of the seed: the one before draws the sample. */
#define SPREAD_STREAM 1

/* One reference: of all customers, or of a segment. */
typedef struct Reference
{
	const char *segment; /* NULL = all */
	CpProfile profile;
	CpCounter counter;
	CpTallied tallied;
} Reference;

typedef struct Checking
{
	const CpDriftRequest *request;
	CpDriftCheck *check;
	CpBridge *bridge;
	CpLoaded *loaded;
	const CpFeatureMap *map;
	CpDictionary segments;
	Reference all;
	Reference *parts; /* [segments.count] */
	double labelled;  /* rows of the reference whose outcome is known */
	CpDriftRows current;
	double *scores;     /* [current.sampled] */
	double *importance; /* [map->count] shares */
	CpBaseRate rate;
	CpDomain domain;
	CpDriftLine *combinations; /* NULL = not looked at */
} Checking;

static void
try(const Checking *checking, CpStatus status)
{
	cp_bridge_check(checking->bridge, status, NULL);
}

static void *
allocate(const Checking *checking, size_t count, size_t size)
{
	void *block;

	try(checking, cp_alloc_zero(&checking->bridge->context, &block, count, size));
	return block;
}

bool
cp_drift_against_training(const CpDriftRequest *request)
{
	return request->reference == NULL || strcmp(request->reference, "training") == 0;
}

/* --- which rows -------------------------------------------------------------- */

/* What is to be read, by default what the model was trained on. */
static char *
source_of(const Checking *checking)
{
	Jsonb *options = cp_store_options(&checking->loaded->ref);

	if (checking->request->source != NULL)
		return checking->request->source;
	if (checking->rate.all > 0 || cp_json_get_text(options, "weight") != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a source of customers as they come must be named"),
		                errdetail("Model \"%s\" was trained with a weight or a \"base_rate\": its"
		                          " rows do not each stand for one customer.",
		                          checking->loaded->name)));
	return cp_store_source(&checking->loaded->ref);
}

/* `times` periods ago, as text. */
static char *
ago(const Interval *period, int times)
{
	Datum moment = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());

	for (int i = 0; i < times; i++)
		moment = DirectFunctionCall2(timestamptz_mi_interval, moment, IntervalPGetDatum(period));
	/* ISO whatever DateStyle is: abbreviated zones are ambiguous. */
	return pstrdup(timestamptz_to_str(DatumGetTimestampTz(moment)));
}

/* The source cut down to the period, or to the one before it. */
static const char *
within_period(const Checking *checking, bool before)
{
	const CpDriftRequest *request = checking->request;
	const char *source = checking->check->source;
	const char *column = request->time_column;

	if (request->period == NULL)
		return source;
	if (column == NULL)
		column = cp_json_get_text(cp_store_options(&checking->loaded->ref), "time_column");
	if (column == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("a period needs a \"time_column\""),
		                errdetail("Model \"%s\" was trained without one.", checking->loaded->name),
		                errhint("Name it in the options: {\"time_column\": ...}.")));
	column = quote_identifier(column);
	return psprintf("SELECT * FROM %s WHERE %s >= %s::timestamptz AND %s %s %s::timestamptz",
	                cp_source_item(source), column,
	                quote_literal_cstr(ago(request->period, before ? 2 : 1)), column,
	                before ? "<" : "<=", quote_literal_cstr(ago(request->period, before ? 1 : 0)));
}

/* The model's own source is somebody's SQL: it runs with the rights of its owner. */
static void
read_rows(const Checking *checking, const CpDriftSource *how, bool own, CpDriftRows *rows)
{
	CpIdentity identity;

	if (own)
		cp_become(&identity, checking->loaded->ref.owner);
	cp_drift_read(how, rows);
	if (own)
		cp_become_again(&identity);
}

static CpDriftSource
reading_of(Checking *checking, const char *text)
{
	const CpModelRef *ref = &checking->loaded->ref;
	CpDriftSource how = {.bridge = checking->bridge,
	                     .loaded = checking->loaded,
	                     .text = text,
	                     .label = cp_store_label(ref),
	                     .positive = cp_json_get_text(cp_store_options(ref), "positive"),
	                     .segment_by = checking->request->segment_by,
	                     .segments = &checking->segments,
	                     .seed = (uint64) checking->request->seed};

	return how;
}

/* --- scores ------------------------------------------------------------------ */

static double *
score(const Checking *checking, const double *vectors, uint32 rows)
{
	const CpModel *model = &checking->loaded->model;
	double *scores = allocate(checking, rows, sizeof(double));
	void *scratch = palloc(checking->loaded->scratch);

	for (uint32 i = 0; i < rows; i++)
	{
		if (i % 1000 == 0)
			CHECK_FOR_INTERRUPTS();
		scores[i] =
			cp_model_probability(model, vectors + (size_t) i * checking->map->count, scratch);
	}
	pfree(scratch);
	return scores;
}

static bool
is_excluded(const CpDriftRequest *request, const char *feature)
{
	ListCell *cell;

	foreach (cell, request->exclude)
		if (strcmp(lfirst(cell), feature) == 0)
			return true;
	return false;
}

/*
 * One random row of each of as many equal parts: a reservoir's first rows are the table's first, and
 * rows in equal steps would be of one kind where the table alternates.
 */
static double *
spread_rows(const Checking *checking, const double *vectors, uint32 rows, uint32 wanted)
{
	uint32 width = checking->map->count;
	double *spread = allocate(checking, (size_t) wanted * width, sizeof(double));
	CpRng rng;

	cp_rng_init(&rng, (uint64) checking->request->seed, SPREAD_STREAM);
	for (uint32 i = 0; i < wanted; i++)
	{
		double place = (i + cp_rng_uniform(&rng)) * rows / wanted;

		memcpy(spread + (size_t) i * width, vectors + (size_t) Min(place, rows - 1) * width,
		       width * sizeof(double));
	}
	return spread;
}

/* --- references ---------------------------------------------------------------- */

/* The profile of those of the rows that are of a segment, or with CP_NO_SEGMENT of all. */
static void
profile_of_rows(Checking *checking, const double *vectors, const uint32 *segments, uint32 rows,
                uint32 segment, CpProfile *profile)
{
	CpContext *context = &checking->bridge->context;
	const CpFeatureMap *map = checking->map;
	uint32 *cells = cp_feature_cells(map);
	double *values = allocate(checking, rows, sizeof(double));

	try(checking, cp_profile_init(profile, context, map->count));
	for (uint32 f = 0; f < map->count; f++)
	{
		uint32 n = 0;

		for (uint32 i = 0; i < rows; i++)
			if (segment == CP_NO_SEGMENT || segments[i] == segment)
				values[n++] = vectors[(size_t) i * map->count + f];
		profile->categories[f] = cells[f] > 0;
		profile->rows = n;
		try(checking, cp_profile_feature(context, values, NULL, n, profile->categories[f], cells[f],
		                                 &profile->features[f]));
	}
	cp_free(context, &values);
}

static void
profile_parts(Checking *checking, const double *vectors, const uint32 *segments, uint32 rows)
{
	checking->parts = allocate(checking, checking->segments.count, sizeof(Reference));
	for (uint32 s = 0; s < checking->segments.count; s++)
	{
		size_t length;
		const char *name = cp_dictionary_text(&checking->segments, s, &length);

		checking->parts[s].segment = pnstrdup(name, length);
		profile_of_rows(checking, vectors, segments, rows, s, &checking->parts[s].profile);
	}
}

static void
report_segment_column(const Checking *checking)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	     errmsg("the reference of the training knows no segments by \"%s\"",
	            checking->request->segment_by),
	     errdetail("It is no category or boolean among the features of model \"%s\".",
	               checking->loaded->name),
	     errhint(
			 "Give a \"reference\": a source of the customers as they were, or \"previous\".")));
}

/* The segment of each row of the sample kept at training, whose column must be a feature. */
static uint32 *
segments_of_sample(Checking *checking, const CpProfile *profile)
{
	const CpFeatureMap *map = checking->map;
	uint32 *segments = allocate(checking, profile->sample_rows, sizeof(uint32));
	uint32 f = 0;

	while (f < map->count && strcmp(map->features[f].name, checking->request->segment_by) != 0)
		f++;
	if (f == map->count ||
	    (map->features[f].kind != CP_CATEGORY && map->features[f].kind != CP_BOOLEAN))
		report_segment_column(checking);
	for (uint32 i = 0; i < profile->sample_rows; i++)
	{
		double value = profile->sample[(size_t) i * map->count + f];
		bool other = map->features[f].kind == CP_CATEGORY && value == CP_OTHER(&map->features[f]);
		const char *text = value != 0 ? "t" : "f";
		size_t length = 1;

		segments[i] = CP_NO_SEGMENT;
		if (isnan(value) || other)
			continue;
		if (map->features[f].kind == CP_CATEGORY)
			text = cp_dictionary_text(&map->features[f].levels, (uint32) value, &length);
		try(checking, cp_dictionary_add(&checking->segments, text, length, &segments[i]));
	}
	return segments;
}

static void
refer_to_training(Checking *checking)
{
	const CpProfile *profile = &checking->check->model.profile;

	checking->all.profile = *profile;
	checking->labelled = profile->rows;
	if (checking->request->segment_by != NULL)
		profile_parts(checking, profile->sample, segments_of_sample(checking, profile),
		              profile->sample_rows);
}

static void
refer_to_source(Checking *checking, const char *text, bool own)
{
	CpDriftSource how = reading_of(checking, text);
	CpProfile *profile = &checking->all.profile;
	CpContext *context = &checking->bridge->context;
	CpDriftRows rows;
	double *spread;
	uint32 scored;

	how.sample = REFERENCE_ROWS;
	read_rows(checking, &how, own, &rows);
	if (rows.rows == 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("the reference has no rows")));
	profile_of_rows(checking, rows.vectors, NULL, rows.sampled, CP_NO_SEGMENT, profile);
	profile->sample = rows.vectors;
	profile->sample_rows = rows.sampled;
	checking->labelled = rows.labelled;
	profile->churn_rate = rows.labelled > 0 ? (double) rows.churned / rows.labelled : NAN;
	scored = Min(rows.sampled, SCORED_ROWS);
	spread = spread_rows(checking, rows.vectors, rows.sampled, scored);
	try(checking, cp_profile_feature(context, score(checking, spread, scored), NULL, scored, false,
	                                 0, &profile->score));
	if (checking->request->segment_by != NULL)
		profile_parts(checking, rows.vectors, rows.segments, rows.sampled);
}

static void
open_reference(Checking *checking)
{
	const CpDriftRequest *request = checking->request;

	cp_dictionary_init(&checking->segments, &checking->bridge->context);
	if (cp_drift_against_training(request))
		refer_to_training(checking);
	else if (strcmp(request->reference, "previous") != 0)
		refer_to_source(checking, request->reference, false);
	else if (request->period != NULL)
		refer_to_source(checking, within_period(checking, true), request->source == NULL);
	else
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"previous\" needs a period to be previous to")));
	checking->check->reference_rows = checking->all.profile.rows;
}

/* --- the scan ------------------------------------------------------------------ */

static void
open_counter(Checking *checking, Reference *reference)
{
	CpContext *context = &checking->bridge->context;

	try(checking, cp_counter_init(&reference->counter, context, &reference->profile));
	try(checking, cp_tallied_init(&reference->tallied, context, &reference->counter));
}

static void
scan(Checking *checking)
{
	CpDriftSource how = reading_of(checking, within_period(checking, false));
	uint32 nparts = checking->segments.count;
	CpCounter *counters = palloc(nparts * sizeof(CpCounter));
	CpTallied *tallied = palloc(nparts * sizeof(CpTallied));

	for (uint32 s = 0; s < nparts; s++)
	{
		counters[s] = checking->parts[s].counter;
		tallied[s] = checking->parts[s].tallied;
	}
	how.closed = true;
	how.counter = &checking->all.counter;
	how.tallied = &checking->all.tallied;
	how.segment_counters = counters;
	how.segment_tallied = tallied;
	how.sample = (uint32) checking->request->sample;
	read_rows(checking, &how, checking->request->source == NULL, &checking->current);
	for (uint32 s = 0; s < nparts; s++)
		checking->parts[s].tallied = tallied[s];
	checking->scores = score(checking, checking->current.vectors, checking->current.sampled);
	if (checking->current.elsewhere > 0)
		ereport(NOTICE, (errmsg_plural("%llu row is of a segment that the reference does not have",
		                               "%llu rows are of segments that the reference does not have",
		                               checking->current.elsewhere,
		                               (unsigned long long) checking->current.elsewhere)));
}

static void
look(Checking *checking)
{
	bool statistics = strcmp(checking->request->mode, "statistics") == 0;

	open_counter(checking, &checking->all);
	for (uint32 s = 0; s < checking->segments.count; s++)
		open_counter(checking, &checking->parts[s]);
	if (statistics)
		cp_drift_of_statistics(checking->loaded, checking->check->source, &checking->all.counter,
		                       &checking->all.tallied);
	else
		scan(checking);
	checking->check->rows = checking->all.tallied.rows;
}

/* --- lines --------------------------------------------------------------------- */

static CpDriftLine *
add_line(Checking *checking, const char *segment, const char *feature)
{
	CpDriftLine *line = &checking->check->lines[checking->check->count++];

	line->segment = segment;
	line->feature = feature;
	line->importance = line->auc = line->p = NAN;
	line->level = CP_ALARM_OK;
	return line;
}

static void
check_excluded(const Checking *checking)
{
	ListCell *cell;

	foreach (cell, checking->request->exclude)
	{
		uint32 f = 0;

		while (f < checking->map->count &&
		       strcmp(lfirst(cell), checking->map->features[f].name) != 0)
			f++;
		if (f == checking->map->count)
			ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
			                errmsg("model \"%s\" has no feature \"%s\"", checking->loaded->name,
			                       (char *) lfirst(cell)),
			                errdetail("It was given as \"exclude\".")));
	}
}

static void
add_features(Checking *checking, Reference *reference)
{
	CpFeatureDrift *drifts = palloc(checking->map->count * sizeof(CpFeatureDrift));

	cp_compare_all(&reference->counter, &reference->tallied, drifts);
	for (uint32 f = 0; f < checking->map->count; f++)
	{
		CpDriftLine *line;

		if (is_excluded(checking->request, checking->map->features[f].name))
			continue;
		line = add_line(checking, reference->segment, checking->map->features[f].name);
		line->drift = drifts[f];
		line->reference_rows = reference->profile.features[f].rows;
		line->importance = checking->importance[f];
	}
	pfree(drifts);
}

static void
add_score(Checking *checking)
{
	const CpReference *reference = &checking->all.profile.score;
	uint64 *counts;
	CpCounted counted = {.least = INFINITY, .most = -INFINITY};
	CpDriftLine *line;

	if (reference->cells == 0 || checking->current.sampled == 0)
		return;
	counts = palloc0((reference->cells + 1) * sizeof(uint64));
	for (uint32 i = 0; i < checking->current.sampled; i++)
	{
		double score = checking->scores[i];

		counts[cp_reference_cell(reference, score)]++;
		counted.least = Min(counted.least, score);
		counted.most = Max(counted.most, score);
	}
	counted.counts = counts;
	line = add_line(checking, NULL, CP_DRIFT_SCORE);
	cp_reference_compare(reference, &counted, &line->drift);
	line->reference_rows = reference->rows;
}

static void
add_label(Checking *checking)
{
	const CpProfile *profile = &checking->all.profile;
	double before[2] = {checking->labelled * (1 - profile->churn_rate),
	                    checking->labelled * profile->churn_rate};
	uint64 now[3] = {checking->current.labelled - checking->current.churned,
	                 checking->current.churned, 0};
	CpCounted counted = {.counts = now};
	CpReference reference;
	CpDriftLine *line;

	if (checking->current.labelled == 0 || isnan(profile->churn_rate))
		return;
	try(checking, cp_reference_of_levels(&checking->bridge->context, before, 2, 0,
	                                     checking->labelled, &reference));
	line = add_line(checking, NULL, CP_DRIFT_LABEL);
	cp_reference_compare(&reference, &counted, &line->drift);
	line->drift.unseen = NAN;
	line->reference_rows = checking->labelled;
}

/* What AUC a normal distribution has that is shifted by so much PSI: Phi(sqrt(psi / 2)). */
static CpAlarmLevel
level_of_auc(const CpDomain *domain)
{
	double psi = cp_drift_threshold_psi;

	if (isnan(domain->auc))
		return CP_ALARM_FEW;
	if (!(domain->range.low > 0.5) || domain->auc < cp_normal_cdf(sqrt(psi / 4)))
		return CP_ALARM_OK;
	return domain->auc < cp_normal_cdf(sqrt(psi / 2)) ? CP_ALARM_WARNING : CP_ALARM_CRITICAL;
}

/* What is not to be looked at tells no classifier anything. */
static void
blank_excluded(const Checking *checking, double *vectors, uint32 rows)
{
	uint32 width = checking->map->count;

	for (uint32 f = 0; f < width; f++)
		for (uint32 i = 0;
		     is_excluded(checking->request, checking->map->features[f].name) && i < rows; i++)
			vectors[(size_t) i * width + f] = NAN;
}

static void
compare_combinations(Checking *checking)
{
	const CpProfile *profile = &checking->all.profile;
	uint32 before = Min(profile->sample_rows, CP_DOMAIN_ROWS);
	uint32 now = Min(checking->current.sampled, CP_DOMAIN_ROWS);
	double *then, *today;
	CpDriftLine *line;

	if (!checking->request->combinations || before < CP_DOMAIN_LEAST || now < CP_DOMAIN_LEAST)
		return;
	then = spread_rows(checking, profile->sample, profile->sample_rows, before);
	today = spread_rows(checking, checking->current.vectors, checking->current.sampled, now);
	blank_excluded(checking, then, before);
	blank_excluded(checking, today, now);
	try(checking, cp_domain_compare(&checking->bridge->context, checking->map, then, before, today,
	                                now, (uint64) checking->request->seed,
	                                1 - checking->request->alpha, &checking->domain));
	line = add_line(checking, NULL, CP_DRIFT_COMBINATIONS);
	line->drift.rows = now;
	line->drift.cells.psi = line->drift.cells.kl_reference = line->drift.cells.js = NAN;
	line->drift.ks = line->drift.wasserstein = line->drift.chi2.statistic = NAN;
	line->drift.missing = line->drift.missing_reference = line->drift.unseen = NAN;
	line->drift.chi2.p = line->drift.missing_p = NAN;
	line->reference_rows = before;
	line->auc = checking->domain.auc;
	checking->combinations = line;
}

/* --- judging -------------------------------------------------------------------- */

/* Shares of permutation importance, or where that says nothing of gain. */
static void
read_importance(Checking *checking)
{
	static const char *const figures[] = {"permutation", "gain"};
	Jsonb *stored = cp_store_importance(&checking->loaded->ref);
	double sum = 0;

	checking->importance = palloc0(checking->map->count * sizeof(double));
	for (int k = 0; k < 2 && !(sum > 0); k++)
	{
		for (uint32 f = 0; f < checking->map->count; f++)
		{
			double worth = cp_json_get_number(cp_json_element(stored, f), figures[k]);

			checking->importance[f] = worth > 0 ? worth : 0;
		}
		sum = cp_vec_sum(checking->importance, checking->map->count);
	}
	for (uint32 f = 0; f < checking->map->count; f++)
		checking->importance[f] = sum > 0 ? checking->importance[f] / sum : 0;
}

static void
judge(Checking *checking)
{
	CpDriftCheck *check = checking->check;
	CpAlarmRule rule = {cp_drift_threshold_psi, cp_drift_threshold_kl, checking->request->alpha,
	                    checking->request->min_rows};
	CpFeatureDrift *drifts = palloc(check->count * sizeof(CpFeatureDrift));
	double *rows = palloc(check->count * sizeof(double));
	double *p = palloc(check->count * sizeof(double));
	CpAlarmLevel *levels = palloc(check->count * sizeof(CpAlarmLevel));

	for (uint32 i = 0; i < check->count; i++)
	{
		drifts[i] = check->lines[i].drift;
		rows[i] = check->lines[i].reference_rows;
	}
	cp_alarm_judge(drifts, rows, check->count, &rule, p, levels);
	for (uint32 i = 0; i < check->count; i++)
	{
		check->lines[i].p = p[i];
		check->lines[i].level = levels[i];
	}
	if (checking->combinations != NULL)
		checking->combinations->level = level_of_auc(&checking->domain);
}

static void
summarise(CpDriftCheck *check)
{
	uint32 features = 0;

	check->level = CP_ALARM_FEW;
	check->worst = NULL;
	check->average_kl = check->weighted_psi = 0;
	for (uint32 i = 0; i < check->count; i++)
	{
		CpDriftLine *line = &check->lines[i];

		check->level = Max(check->level, line->level);
		if (!cp_drift_is_feature(line) || line->segment != NULL || isnan(line->drift.cells.psi))
			continue;
		features++;
		check->average_kl += line->drift.cells.kl_reference;
		check->weighted_psi += line->importance * line->drift.cells.psi;
		if (line->level != CP_ALARM_FEW &&
		    (check->worst == NULL || line->drift.cells.psi > check->worst->drift.cells.psi))
			check->worst = line;
	}
	check->average_kl = features > 0 ? check->average_kl / features : NAN;
}

/* What the model is worth on these customers, if its probabilities still hold. */
static void
estimate(Checking *checking)
{
	CpDriftCheck *check = checking->check;
	CpContext *context = &checking->bridge->context;
	uint32 n = checking->current.sampled;
	double *probabilities = allocate(checking, n, sizeof(double));
	CpScored held_out;

	memcpy(probabilities, checking->scores, n * sizeof(double));
	cp_probabilities_of_all(&checking->rate, probabilities, n);
	check->measured = cp_stored_holdout(checking->bridge, &checking->loaded->ref,
	                                    checking->loaded->name, &held_out);
	if (check->measured)
	{
		cp_scored_of_all(checking->bridge, &checking->rate, &held_out);
		try(checking, cp_evaluation(context, &held_out, 0.95, &check->trained));
	}
	try(checking,
	    cp_estimate_performance(context, probabilities, n, check->measured ? &held_out : NULL, 0.95,
	                            &check->expected));
}

/* The feature that tells the two sides apart best. */
static const char *
telling_feature(const Checking *checking)
{
	uint32 best = 0;

	if (checking->combinations == NULL)
		return NULL;
	for (uint32 f = 1; f < checking->map->count; f++)
		if (checking->domain.gains[f] > checking->domain.gains[best])
			best = f;
	return checking->map->features[best].name;
}

void
cp_drift_check(const CpDriftRequest *request, CpDriftCheck *check)
{
	Checking checking = {.request = request, .check = check};
	uint32 nlines;

	memset(check, 0, sizeof(*check));
	cp_model_profile_open(&check->model, request->model, 0, cp_drift_against_training(request),
	                      CurrentMemoryContext);
	checking.bridge = &check->model.bridge;
	checking.bridge->context.budget = (size_t) cp_training_memory * 1024;
	checking.loaded = check->model.loaded;
	checking.map = &checking.loaded->model.map;
	checking.rate = cp_base_rate_of(&checking.loaded->ref);
	check->source = source_of(&checking);
	check_excluded(&checking);
	SPI_connect();
	/* What is found outlives SPI's own memory. */
	MemoryContextSwitchTo(checking.bridge->memory);
	open_reference(&checking);
	look(&checking);
	SPI_finish();
	read_importance(&checking);
	nlines = (checking.segments.count + 1) * checking.map->count + 3;
	check->lines = allocate(&checking, nlines, sizeof(CpDriftLine));
	add_features(&checking, &checking.all);
	add_score(&checking);
	add_label(&checking);
	compare_combinations(&checking);
	for (uint32 s = 0; s < checking.segments.count; s++)
		add_features(&checking, &checking.parts[s]);
	judge(&checking);
	estimate(&checking);
	summarise(check);
	for (uint32 i = 0; i < check->count; i++)
		check->lines[i].recommendation =
			cp_drift_line_advice(&check->lines[i], telling_feature(&checking));
	check->recommendation = cp_drift_advice(check, request->min_rows);
}
