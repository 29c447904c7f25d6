/*
 * test_ensemble.c: members chosen, blended and dropped, the search, walks and bytes of
 * the whole.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/ensemble.h"
#include "learn/metrics.h"
#include "learn_data.h"
#include "num/special.h"

extern void test_ensemble(void);

/* Small members, so that fits take milliseconds. */
static void
quick_params(CpEnsembleParams *params)
{
	cp_ensemble_defaults(params);
	params->gbm.rounds = 60;
	params->gbm.learning_rate = 0.2;
	params->gbm.early_stopping = 10;
	params->forest.trees = 20;
	params->forest.min_leaf = 10;
	params->net.hidden = 8;
	params->net.restarts = 1;
	params->net.epochs = 8;
}

static CpStatus
problem(LearnFit *fit, CpContext *context, uint64_t seed, uint32_t n, uint32_t nfolds)
{
	CP_TRY(learn_fit_problem(fit, context, seed, n));
	for (uint32_t row = 0; row < n; row++)
		fit->folds[row] = (uint8_t) (nfolds > 1 ? row % nfolds : row % 5);
	fit->data.nfolds = nfolds;
	return CP_OK;
}

static double
probability_of(const LearnFit *fit, const CpEnsemble *ensemble, uint32_t row)
{
	CpContext *context = fit->dataset.context;
	double vector[LEARN_COLUMNS];
	double probability;
	void *scratch;

	cp_dataset_vector(&fit->dataset, row, vector);
	if (cp_alloc(context, &scratch, cp_ensemble_scratch(ensemble), 1) != CP_OK)
		return NAN;
	probability = cp_ensemble_probability(ensemble, vector, scratch);
	cp_free(context, &scratch);
	return probability;
}

static const CpMemberReport *
report_of(const CpEnsembleReport *report, CpMemberKind kind)
{
	for (uint32_t i = 0; i < report->count; i++)
		if (report->members[i].kind == kind)
			return &report->members[i];
	return NULL;
}

static void
check_all_members(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpEnsembleParams params;
	CpEnsemble ensemble;
	CpEnsembleReport report;

	quick_params(&params);
	for (uint32_t nfolds = 1; nfolds <= 3; nfolds += 2)
	{
		double least = INFINITY, sum = 0;
		uint32_t kept = 0;

		REQUIRE_OK(problem(&fit, context, 1, 1500, nfolds));
		REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &report));
		CHECK_EQUAL(3, report.count);
		for (uint32_t i = 0; i < report.count; i++)
		{
			CHECK(report.members[i].log_loss < 0.69 && report.members[i].auc > 0.6);
			least = fmin(least, report.members[i].log_loss);
			sum += report.members[i].weight;
			kept += report.members[i].weight > 0;
		}
		CHECK_CLOSE(1, sum, 1e-12);
		CHECK_EQUAL(kept, ensemble.count);
		CHECK(report.log_loss <= least);
		CHECK_EQUAL(0, report.trials);
	}
}

/* The probability is what its members say, weighted and calibrated. */
static void
check_probability(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpEnsembleParams params;
	CpEnsemble ensemble;
	CpEnsembleReport report;

	quick_params(&params);
	params.members = CP_MEMBER_BIT(CP_MEMBER_GBM) | CP_MEMBER_BIT(CP_MEMBER_FOREST);
	REQUIRE_OK(problem(&fit, context, 2, 1000, 4));
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &report));
	REQUIRE(ensemble.count == 2);
	ensemble.calibration.kind = CP_CALIBRATION_PLATT;
	ensemble.calibration.slope = 1.25;
	ensemble.calibration.intercept = -0.5;
	for (uint32_t row = 0; row < 50; row++)
	{
		double vector[LEARN_COLUMNS], blended;
		void *scratch;

		cp_dataset_vector(&fit.dataset, row, vector);
		REQUIRE_OK(cp_alloc(context, &scratch, cp_ensemble_scratch(&ensemble), 1));
		blended = report_of(&report, CP_MEMBER_GBM)->weight *
		              cp_sigmoid(cp_gbm_log_odds(ensemble.members[0].model, vector, scratch)) +
		          report_of(&report, CP_MEMBER_FOREST)->weight *
		              cp_sigmoid(cp_forest_log_odds(ensemble.members[1].model, vector, scratch));
		CHECK_CLOSE(cp_sigmoid(1.25 * cp_logit(blended) - 0.5),
		            probability_of(&fit, &ensemble, row), 1e-12);
	}
}

static void
check_one_member(void)
{
	static LearnFit fit;
	static const char *const names[] = {"gbm", "forest", "net"};
	CpContext *context = unit_context();
	CpEnsembleParams params;
	CpEnsemble ensemble;
	CpEnsembleReport report;

	quick_params(&params);
	REQUIRE_OK(problem(&fit, context, 3, 500, 3));
	for (CpMemberKind kind = 1; kind <= CP_MEMBER_KINDS; kind++)
	{
		params.members = CP_MEMBER_BIT(kind);
		REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &report));
		CHECK_EQUAL(1, ensemble.count);
		CHECK(ensemble.members[0].weight == 1 && ensemble.members[0].kind == kind);
		CHECK(report.log_loss == report.members[0].log_loss);
		CHECK_STRING(names[kind - 1], cp_member_name(kind));
		CHECK((cp_member_trees(&ensemble.members[0]) == NULL) == (kind == CP_MEMBER_NET));
	}
}

/* A forest of one leaf a tree knows the churn rate alone: it helps nobody. */
static void
check_useless_member(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpEnsembleParams params;
	CpEnsemble ensemble;
	CpEnsembleReport report;
	size_t before;

	quick_params(&params);
	params.members = CP_MEMBER_BIT(CP_MEMBER_GBM) | CP_MEMBER_BIT(CP_MEMBER_FOREST);
	params.forest.min_leaf = 1e6;
	REQUIRE_OK(problem(&fit, context, 4, 1500, 5));
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &report));
	CHECK_EQUAL(2, report.count);
	CHECK_EQUAL(1, ensemble.count);
	CHECK(report_of(&report, CP_MEMBER_FOREST)->weight == 0);
	CHECK_CLOSE(0.69, report_of(&report, CP_MEMBER_FOREST)->log_loss, 0.03);
	/* What was dropped holds no memory: only the members that are kept do. */
	before = context->used;
	cp_gbm_free(ensemble.members[0].model);
	CHECK(context->used < before);
}

static void
check_search(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpEnsembleParams params;
	CpEnsemble ensemble;
	CpEnsembleReport plain, searched, again;
	bool changed = false;

	quick_params(&params);
	params.members = CP_MEMBER_BIT(CP_MEMBER_GBM) | CP_MEMBER_BIT(CP_MEMBER_FOREST);
	params.gbm.learning_rate = 0.01;
	REQUIRE_OK(problem(&fit, context, 5, 600, 3));
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &plain));
	params.search.trials = 8;
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &searched));
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &again));
	CHECK_EQUAL(8, searched.trials);
	for (uint32_t i = 0; i < 2; i++)
	{
		CHECK(searched.members[i].log_loss <= plain.members[i].log_loss);
		changed |= searched.members[i].log_loss < plain.members[i].log_loss;
		CHECK(searched.members[i].log_loss == again.members[i].log_loss);
	}
	CHECK(changed);
	CHECK((memcmp(&searched.params.gbm, &params.gbm, sizeof(CpGbmParams)) == 0) ==
	      (searched.members[0].log_loss == plain.members[0].log_loss));
	CHECK(memcmp(&searched.params.net, &params.net, sizeof(CpNetParams)) == 0);
	/* What was found gives what was reported. */
	params = searched.params;
	params.search.trials = 0;
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &again));
	CHECK(again.members[0].log_loss == searched.members[0].log_loss);
	/* No time, no trials. */
	params.search.trials = 1000;
	params.search.seconds = 1e-9;
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &again));
	CHECK(again.trials <= 1);
}

static void
check_path(void)
{
	static LearnFit fit;
	static const uint32_t flips[] = {0, 4, 1, 0, 5, 2, 3, 4, 4, 0};
	CpContext *context = unit_context();
	CpEnsembleParams params;
	CpEnsemble ensemble;
	CpEnsembleReport report;
	double from[LEARN_COLUMNS], to[LEARN_COLUMNS], here[LEARN_COLUMNS];
	double member[11], probabilities[11];
	CpPath path = {from, to, flips, 10};
	void *scratch;

	quick_params(&params);
	REQUIRE_OK(problem(&fit, context, 6, 1000, 2));
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &report));
	REQUIRE_OK(cp_alloc(context, &scratch, cp_ensemble_scratch(&ensemble), 1));
	for (uint32_t row = 0; row < 60; row++)
	{
		cp_dataset_vector(&fit.dataset, row, from);
		cp_dataset_vector(&fit.dataset, row + 500, to);
		cp_ensemble_path(&ensemble, &path, scratch, member, probabilities);
		memcpy(here, from, sizeof(here));
		for (uint32_t k = 0; k <= 10; k++)
		{
			CHECK_CLOSE(cp_ensemble_probability(&ensemble, here, scratch), probabilities[k], 1e-6);
			if (k < 10)
				here[flips[k]] = memcmp(&here[flips[k]], &from[flips[k]], sizeof(double)) == 0
				                     ? to[flips[k]]
				                     : from[flips[k]];
		}
	}
}

static CpStatus
bytes_of(const CpEnsemble *ensemble, CpContext *context, CpWriter *writer)
{
	cp_writer_begin(writer, context, "ensembl", 1);
	cp_ensemble_write(ensemble, writer);
	return cp_writer_finish(writer);
}

static void
check_bytes(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpEnsembleParams params;
	CpEnsemble ensemble, again;
	CpEnsembleReport report;
	CpFeatureMap map;
	CpWriter first, second;
	CpReader reader;

	quick_params(&params);
	REQUIRE_OK(problem(&fit, context, 7, 800, 2));
	REQUIRE_OK(cp_dataset_featuremap(&fit.dataset, &map));
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &report));
	REQUIRE_OK(bytes_of(&ensemble, context, &first));
	REQUIRE_OK(cp_reader_open(&reader, context, first.bytes, first.length, "ensembl", 1));
	REQUIRE_OK(cp_ensemble_read(&again, &reader, &map));
	REQUIRE_OK(cp_reader_close(&reader));
	for (uint32_t row = 0; row < 800; row++)
		CHECK(probability_of(&fit, &ensemble, row) == probability_of(&fit, &again, row));
	REQUIRE_OK(cp_ensemble_fit(context, &fit.data, &params, &ensemble, &report));
	REQUIRE_OK(bytes_of(&ensemble, context, &second));
	CHECK(first.length == second.length && memcmp(first.bytes, second.bytes, first.length) == 0);
}

/* Ends by a failing allocation or a stop wherever one comes; ever further apart, to end soon. */
static void
check_interruptions(void)
{
	static LearnFit fit;
	CpEnsembleParams params;
	CpEnsemble ensemble;
	CpEnsembleReport report;
	CpStatus status = CP_NO_MEMORY;

	quick_params(&params);
	params.gbm.rounds = 2;
	params.forest.trees = 1;
	params.net.epochs = 1;
	params.search.trials = 1;
	for (size_t nth = 1; status != CP_OK; nth += 1 + nth / 16)
	{
		REQUIRE_OK(problem(&fit, unit_context(), 8, 80, 2));
		unit_fail_allocation(nth);
		status = cp_ensemble_fit(fit.dataset.context, &fit.data, &params, &ensemble, &report);
		CHECK(status == CP_OK || status == CP_NO_MEMORY);
	}
	status = CP_CANCELLED;
	for (size_t polls = 0; status != CP_OK; polls += 1 + polls / 16)
	{
		REQUIRE_OK(problem(&fit, unit_context(), 8, 80, 2));
		unit_cancel_after(polls);
		status = cp_ensemble_fit(fit.dataset.context, &fit.data, &params, &ensemble, &report);
		CHECK(status == CP_OK || status == CP_CANCELLED);
	}
}

/* What the last member lacks is said before the first is fitted. */
static void
check_budget(void)
{
	static LearnFit fit;
	CpContext *context = unit_context();
	CpEnsembleParams params;
	CpEnsemble ensemble;
	CpEnsembleReport report;
	size_t polls;

	quick_params(&params);
	params.net.hidden = 1024;
	params.net.restarts = 16;
	REQUIRE_OK(problem(&fit, context, 9, 200, 5));
	context->budget = context->used + (4u << 20);
	polls = unit_polls();
	CHECK(cp_gbm_bytes(&fit.data, &params.gbm) < 4u << 20);
	CHECK_STATUS(CP_OVER_BUDGET, cp_ensemble_fit(context, &fit.data, &params, &ensemble, &report));
	CHECK(context->required > context->budget);
	CHECK_EQUAL(polls, unit_polls());
}

void
test_ensemble(void)
{
	UNIT_CASE("no worse than its best member out of fold", check_all_members);
	UNIT_CASE("probability is weighted and calibrated", check_probability);
	UNIT_CASE("one member alone", check_one_member);
	UNIT_CASE("a member that helps nobody is not kept", check_useless_member);
	UNIT_CASE("search", check_search);
	UNIT_CASE("walks", check_path);
	UNIT_CASE("bytes", check_bytes);
	UNIT_CASE("failing allocations and cancels", check_interruptions);
	UNIT_CASE("memory is refused at the start", check_budget);
}
