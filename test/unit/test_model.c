/*
 * test_model.c: the feature map, the ensemble and whole models as bytes: what is
 * written reads back, and nothing else does harm.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "learn/explain.h"
#include "learn/model.h"
#include "learn_data.h"
#include "num/hash.h"
#include "num/rng.h"
#include "num/special.h"

extern void test_model(void);

/* ---- a small model ---- */

/* A few kilobytes, every part present: both kinds of missing, sets of levels, roles. */
static CpStatus
small_model(CpContext *context, CpModel *model)
{
	static char *const roles[CP_ROLES] = {"customer", NULL, "c0", NULL};
	CpTrainParams params;
	CpTrained trained;

	learn_train_params(&params);
	params.ensemble.gbm.rounds = 6;
	params.ensemble.gbm.max_bins = 20;
	CP_TRY(learn_train(context, 300, false, &params, &trained));
	*model = trained.model;
	model->background.rows = 4;
	memcpy(model->map.roles, roles, sizeof(roles));
	return CP_OK;
}

/* A vector for any map: missing, infinite and plain numbers; every code that an encoder makes. */
static void
random_vector(CpRng *rng, const CpFeatureMap *map, double *vector)
{
	for (uint32_t f = 0; f < map->count; f++)
	{
		uint64_t dice = cp_rng_below(rng, 8);

		if (dice == 0)
			vector[f] = NAN;
		else if (map->features[f].kind == CP_CATEGORY)
			vector[f] = (double) cp_rng_below(rng, CP_OTHER(&map->features[f]) + 1);
		else
			vector[f] = dice == 1   ? INFINITY
			            : dice == 2 ? -INFINITY
			                        : (cp_rng_uniform(rng) - 0.3) * 120;
	}
}

static CpStatus
probabilities_of(CpContext *context, const CpModel *model, uint64_t seed, int n,
                 double *probabilities)
{
	CpRng rng;
	double *vector;
	void *scratch;

	cp_rng_init(&rng, seed, 0);
	CP_TRY(cp_alloc(context, &vector, model->map.count, sizeof(double)));
	CP_TRY(cp_alloc(context, &scratch, cp_ensemble_scratch(&model->ensemble), 1));
	for (int i = 0; i < n; i++)
	{
		random_vector(&rng, &model->map, vector);
		probabilities[i] = cp_model_probability(model, vector, scratch);
	}
	cp_free(context, &vector);
	cp_free(context, &scratch);
	return CP_OK;
}

static void
check_round_trip(void)
{
	static double before[1000], after[1000];
	CpContext *context = unit_context();
	CpModel model, again;
	CpWriter first, second;

	REQUIRE_OK(small_model(context, &model));
	REQUIRE_OK(cp_model_write(&model, context, &first));
	REQUIRE_OK(cp_model_read(&again, context, first.bytes, first.length));
	REQUIRE_OK(cp_model_write(&again, context, &second));
	CHECK(first.length == second.length && memcmp(first.bytes, second.bytes, first.length) == 0);

	CHECK_EQUAL(LEARN_COLUMNS, again.map.count);
	for (uint32_t f = 0; f < again.map.count; f++)
	{
		CHECK_STRING(model.map.features[f].name, again.map.features[f].name);
		CHECK_EQUAL(learn_kinds[f], again.map.features[f].kind);
		CHECK_EQUAL(model.map.features[f].levels.count, again.map.features[f].levels.count);
	}
	CHECK_STRING("customer", again.map.roles[CP_ROLE_ID]);
	CHECK(again.map.roles[CP_ROLE_VALUE] == NULL);
	CHECK_STRING("c0", again.map.roles[CP_ROLE_TENURE]);

	REQUIRE_OK(probabilities_of(context, &model, 1, 1000, before));
	REQUIRE_OK(probabilities_of(context, &again, 1, 1000, after));
	CHECK(memcmp(before, after, sizeof(before)) == 0);
}

/* ---- forged bytes ---- */

/* Length and checksum made right again, as a forger would. */
static void
seal(uint8_t *bytes, size_t length)
{
	uint64_t payload = length - CP_ENVELOPE_LENGTH;
	uint64_t hash = cp_hash_bytes(bytes + CP_ENVELOPE_LENGTH, payload, CP_MODEL_FORMAT);

	for (int i = 0; i < 8; i++)
	{
		bytes[16 + i] = (uint8_t) (payload >> (8 * i));
		bytes[24 + i] = (uint8_t) (hash >> (8 * i));
	}
}

/* Whatever was read can explain, to finite contributions that add up. */
static void
check_explanation(CpContext *context, const CpModel *model)
{
	CpExplainer explainer;
	double *contributions, *errors;
	double sum, probability = 0;

	REQUIRE_OK(cp_explainer_init(&explainer, context, model));
	REQUIRE_OK(cp_alloc(context, &contributions, model->map.count, sizeof(double)));
	REQUIRE_OK(cp_alloc(context, &errors, model->map.count, sizeof(double)));
	REQUIRE_OK(
		cp_explain(&explainer, model->background.vectors, contributions, errors, &probability));
	sum = explainer.base;
	for (uint32_t f = 0; f < model->map.count; f++)
		sum += contributions[f];
	CHECK(isfinite(sum));
	cp_explainer_free(&explainer);
}

#define BUDGET ((size_t) 64 * 1024 * 1024)

/* Refused, or a model that predicts, writes and reads back, all within the budget. */
static bool
try_bytes(const uint8_t *bytes, size_t length)
{
	CpContext *context = unit_context();
	CpModel model, again;
	CpWriter writer;
	CpStatus status;
	double probabilities[4] = {0};

	context->budget = BUDGET;
	status = cp_model_read(&model, context, bytes, length);
	CHECK(status == CP_OK || status == CP_CORRUPT || status == CP_FOREIGN);
	CHECK(status == CP_OK || context->reason[0] != '\0');
	if (status != CP_OK)
		return false;
	CHECK_STATUS(CP_OK, probabilities_of(context, &model, length, 4, probabilities));
	for (int i = 0; i < 4; i++)
		CHECK(probabilities[i] >= 0 && probabilities[i] <= 1 + 1e-9);
	check_explanation(context, &model);
	CHECK_STATUS(CP_OK, cp_model_write(&model, context, &writer));
	CHECK_STATUS(CP_OK, cp_model_read(&again, context, writer.bytes, writer.length));
	return true;
}

#define MOST_BYTES 16384

/* The small model's bytes, with room behind them. */
static size_t
sound_bytes(uint8_t *bytes)
{
	CpContext *context = unit_context();
	CpModel model;
	CpWriter writer;

	if (!CHECK_STATUS(CP_OK, small_model(context, &model)) ||
	    !CHECK_STATUS(CP_OK, cp_model_write(&model, context, &writer)) ||
	    !CHECK(writer.length > 1000 && writer.length < MOST_BYTES / 2))
		return 0;
	memcpy(bytes, writer.bytes, writer.length);
	return writer.length;
}

static void
check_flips(void)
{
	static uint8_t bytes[MOST_BYTES];
	size_t length = sound_bytes(bytes);
	CpContext *context = unit_context();
	CpModel model;

	for (size_t bit = 0; bit < 8 * length; bit++)
	{
		CpStatus status;

		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		status = cp_model_read(&model, context, bytes, length);
		CHECK(status == CP_CORRUPT || status == CP_FOREIGN);
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	CHECK_EQUAL(0, unit_live_blocks());
	REQUIRE_OK(cp_model_read(&model, context, bytes, length));
}

/* Every length but the right one is refused, sealed or not; so are bytes behind the end. */
static void
check_lengths(void)
{
	static uint8_t bytes[MOST_BYTES], copy[MOST_BYTES];
	size_t length = sound_bytes(bytes);
	CpModel model;

	for (size_t shorter = 0; shorter < length; shorter++)
	{
		CHECK_STATUS(CP_CORRUPT, cp_model_read(&model, unit_context(), bytes, shorter));
		if (shorter < CP_ENVELOPE_LENGTH)
			continue;
		memcpy(copy, bytes, shorter);
		seal(copy, shorter);
		CHECK_STATUS(CP_CORRUPT, cp_model_read(&model, unit_context(), copy, shorter));
	}
	for (size_t more = 1; more < 40; more++)
	{
		CHECK_STATUS(CP_CORRUPT, cp_model_read(&model, unit_context(), bytes, length + more));
		memcpy(copy, bytes, length + more);
		seal(copy, length + more);
		CHECK_STATUS(CP_CORRUPT, cp_model_read(&model, unit_context(), copy, length + more));
	}
}

/* A field of four bytes at every place, with every value that is out of the ordinary. */
static void
check_forged_fields(void)
{
	static const uint32_t values[] = {0,          1,          2,          255,        256,
	                                  0x00ffffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	static uint8_t bytes[MOST_BYTES], copy[MOST_BYTES];
	size_t length = sound_bytes(bytes);
	size_t taken = 0;

	for (size_t at = CP_ENVELOPE_LENGTH; at + 4 <= length; at++)
	{
		memcpy(copy, bytes, length);
		for (int i = 0; i < 4; i++)
			copy[at + (size_t) i] = (uint8_t) (values[at % 10] >> (8 * i));
		seal(copy, length);
		taken += try_bytes(copy, length);
	}
	for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
		for (size_t at = CP_ENVELOPE_LENGTH; at + 4 <= length; at += 1 + at / 1000)
		{
			memcpy(copy, bytes, length);
			for (int i = 0; i < 4; i++)
				copy[at + (size_t) i] = (uint8_t) (values[v] >> (8 * i));
			seal(copy, length);
			taken += try_bytes(copy, length);
		}
	/* Leaf values and the like may be anything finite. */
	CHECK(taken > 100);
}

/* Whatever else happens to bytes: bits, ranges copied, doubles that are none, cut and made longer. */
static void
mutate(CpRng *rng, uint8_t *bytes, size_t *length)
{
	static const double doubles[] = {NAN,      INFINITY, -INFINITY, 1.7e308,
	                                 -1.7e308, 4.9e-324, -0.0,      2};
	size_t at = CP_ENVELOPE_LENGTH + cp_rng_below(rng, *length - CP_ENVELOPE_LENGTH - 8);
	size_t from = CP_ENVELOPE_LENGTH + cp_rng_below(rng, *length - CP_ENVELOPE_LENGTH - 8);
	size_t n = cp_rng_below(rng, *length - (at > from ? at : from));

	switch (cp_rng_below(rng, 7))
	{
		case 0:
			bytes[at] ^= (uint8_t) (1 << cp_rng_below(rng, 8));
			break;
		case 1:
			bytes[at] = (uint8_t) cp_rng_bits(rng);
			break;
		case 2:
			memcpy(bytes + at, &doubles[cp_rng_below(rng, 8)], 8);
			break;
		case 3:
			memmove(bytes + at, bytes + from, n % 64);
			break;
		case 4: /* an integer a little off */
			bytes[at] = (uint8_t) (bytes[at] + cp_rng_below(rng, 5) - 2);
			break;
		case 5: /* a range taken out */
			n = n % 32;
			memmove(bytes + at, bytes + at + n, *length - at - n);
			*length -= n;
			break;
		default: /* a range put in */
			n = n % 32;
			memmove(bytes + at + n, bytes + at, *length - at);
			*length += n;
	}
}

static void
check_mutations(void)
{
	static uint8_t bytes[MOST_BYTES], copy[MOST_BYTES];
	size_t length = sound_bytes(bytes);
	size_t taken = 0;
	CpRng rng;

	cp_rng_init(&rng, 2024, 0);
	for (int i = 0; i < 8000; i++)
	{
		size_t mutated = length;

		memcpy(copy, bytes, length);
		for (uint64_t times = 1 + cp_rng_below(&rng, 3); times > 0; times--)
			mutate(&rng, copy, &mutated);
		seal(copy, mutated);
		taken += try_bytes(copy, mutated);
	}
	CHECK(taken > 500);
}

/* A count that promises more than the bytes can hold costs no memory. */
static void
check_no_room_for_counts(void)
{
	static uint8_t bytes[MOST_BYTES];
	size_t length = sound_bytes(bytes);

	for (size_t at = CP_ENVELOPE_LENGTH; at + 4 <= length; at++)
	{
		CpContext *context = unit_context();
		CpModel model;
		uint8_t saved[4];

		memcpy(saved, bytes + at, 4);
		bytes[at] = bytes[at + 1] = 0xff;
		bytes[at + 2] = 0x07;
		bytes[at + 3] = 0;
		seal(bytes, length);
		cp_model_read(&model, context, bytes, length);
		CHECK(context->peak < 1024 * 1024);
		memcpy(bytes + at, saved, 4);
	}
}

static void
check_failures(void)
{
	static uint8_t bytes[MOST_BYTES];
	size_t length = sound_bytes(bytes);
	CpStatus status = CP_NO_MEMORY;
	CpModel model;
	size_t peak;

	for (size_t nth = 1; status != CP_OK; nth++)
	{
		CpContext *context = unit_context();

		unit_fail_allocation(nth);
		status = cp_model_read(&model, context, bytes, length);
		if (status != CP_OK)
			CHECK_STATUS(CP_NO_MEMORY, status);
		REQUIRE(nth < 2000);
	}
	unit_context();
	REQUIRE_OK(cp_model_read(&model, unit_context(), bytes, length));
	peak = model.ensemble.members[0].model == NULL ? 0 : 3000;
	for (size_t budget = 0; budget < peak; budget += 100)
	{
		CpContext *context = unit_context();

		context->budget = budget;
		CHECK_STATUS(CP_OVER_BUDGET, cp_model_read(&model, context, bytes, length));
	}
	for (size_t nth = 1; nth < 12; nth++)
	{
		CpContext *context = unit_context();
		CpWriter writer;

		REQUIRE_OK(cp_model_read(&model, context, bytes, length));
		unit_fail_allocation(nth);
		status = cp_model_write(&model, context, &writer);
		CHECK(status == CP_NO_MEMORY || status == CP_OK);
	}
}

/* ---- the feature map ---- */

static CpStatus
read_map(const CpWriter *writer, CpFeatureMap *map)
{
	CpReader reader;

	CP_TRY(cp_reader_open(&reader, writer->context, writer->bytes, writer->length, "featmap", 1));
	CP_TRY(cp_featuremap_read(map, &reader));
	return cp_reader_close(&reader);
}

/* One feature, written by hand. */
static CpStatus
map_of(const char *name, uint8_t kind, uint32_t levels, uint32_t distinct, CpFeatureMap *map)
{
	CpWriter writer;

	cp_writer_begin(&writer, unit_context(), "featmap", 1);
	cp_write_u32(&writer, 1);
	cp_write_string(&writer, name, strlen(name));
	cp_write_u8(&writer, kind);
	cp_write_u32(&writer, levels);
	for (uint32_t level = 0; level < levels; level++)
	{
		uint32_t text = level % distinct;

		cp_write_string(&writer, (const char *) &text, sizeof(text));
	}
	for (int role = 0; role < CP_ROLES; role++)
		cp_write_string(&writer, "", 0);
	CP_TRY(cp_writer_finish(&writer));
	return read_map(&writer, map);
}

static void
check_maps(void)
{
	CpFeatureMap map;

	for (int kind = 0; kind < 256; kind++)
		CHECK_STATUS(kind >= 1 && kind <= 7 ? CP_OK : CP_CORRUPT,
		             map_of("a", (uint8_t) kind, 0, 1, &map));
	REQUIRE_OK(map_of("Gr\xc3\xb6\xc3\x9f"
	                  "e \"x\"",
	                  CP_CATEGORY, 254, 254, &map));
	CHECK_STRING("Gr\xc3\xb6\xc3\x9f"
	             "e \"x\"",
	             map.features[0].name);
	CHECK_EQUAL(254, map.features[0].levels.count);
	CHECK_EQUAL(254, CP_OTHER(&map.features[0]));
	CHECK_STATUS(CP_CORRUPT, map_of("a", CP_CATEGORY, 255, 255, &map));
	CHECK_STATUS(CP_CORRUPT, map_of("a", CP_CATEGORY, 3, 2, &map));
	CHECK_STATUS(CP_CORRUPT, map_of("a", CP_NUMBER, 1, 1, &map));
	CHECK_STATUS(CP_CORRUPT, map_of("", CP_NUMBER, 0, 1, &map));
}

static void
check_names(void)
{
	for (int kind = -1; kind < 9; kind++)
		CHECK((cp_kind_name((CpKind) kind) != NULL) == (kind >= CP_NUMBER && kind <= CP_MONEY));
	CHECK_STRING("boolean", cp_kind_name(CP_BOOLEAN));
	for (int kind = CP_NUMBER; kind <= CP_MONEY; kind++)
		CHECK(cp_kind_is_number((CpKind) kind) == (kind == CP_NUMBER || kind == CP_MONEY));
	CHECK_STRING("id", cp_role_name(CP_ROLE_ID));
	CHECK_STRING("service", cp_role_name(CP_ROLE_SERVICE));
	CHECK_STRING("gbm", cp_member_name(CP_MEMBER_GBM));
	CHECK(cp_member_name((CpMemberKind) 0) == NULL);
}

/* ---- the ensemble ---- */

/* Members that are a base each; probability and what its bytes read to. */
static CpStatus
blend(uint32_t count, const double *weights, const double *log_odds, double *probability)
{
	CpContext *context = unit_context();
	CpFeatureMap map = {0};
	CpEnsemble ensemble, again;
	CpGbm members[CP_MEMBER_KINDS + 1];
	CpWriter writer;
	CpReader reader;

	memset(&ensemble, 0, sizeof(ensemble));
	memset(members, 0, sizeof(members));
	ensemble.count = count;
	for (uint32_t i = 0; i < count && i < CP_MEMBER_KINDS; i++)
	{
		members[i].base = log_odds[i];
		CP_TRY(cp_trees_init(&members[i].trees, context, 0));
		CP_TRY(cp_trees_prepare(&members[i].trees));
		ensemble.members[i].kind = CP_MEMBER_GBM;
		ensemble.members[i].weight = weights[i];
		ensemble.members[i].model = &members[i];
	}
	cp_writer_begin(&writer, context, "ensembl", 1);
	cp_ensemble_write(&ensemble, &writer);
	CP_TRY(cp_writer_finish(&writer));
	CP_TRY(cp_reader_open(&reader, context, writer.bytes, writer.length, "ensembl", 1));
	CP_TRY(cp_ensemble_read(&again, &reader, &map));
	CP_TRY(cp_reader_close(&reader));
	*probability = cp_ensemble_probability(&again, NULL, NULL);
	CHECK(*probability == cp_ensemble_probability(&ensemble, NULL, NULL));
	return CP_OK;
}

static void
check_blend(void)
{
	static const double log_odds[] = {-1, 2, 0.5};
	double p = 0;

	REQUIRE_OK(blend(1, (double[]){1}, log_odds, &p));
	CHECK(p == cp_sigmoid(-1));
	REQUIRE_OK(blend(3, (double[]){0.25, 0.25, 0.5}, log_odds, &p));
	CHECK_CLOSE(0.25 / (1 + exp(1)) + 0.25 / (1 + exp(-2)) + 0.5 / (1 + exp(-0.5)), p, 1e-15);

	CHECK_STATUS(CP_CORRUPT, blend(0, (double[]){1}, log_odds, &p));
	/* A member of weight zero is not stored. */
	CHECK_STATUS(CP_CORRUPT, blend(2, (double[]){0, 1}, log_odds, &p));
	CHECK_STATUS(CP_CORRUPT, blend(1, (double[]){0.9}, log_odds, &p));
	CHECK_STATUS(CP_CORRUPT, blend(2, (double[]){1, 1}, log_odds, &p));
	CHECK_STATUS(CP_CORRUPT, blend(2, (double[]){1.5, -0.5}, log_odds, &p));
	CHECK_STATUS(CP_CORRUPT, blend(1, (double[]){NAN}, log_odds, &p));
	CHECK_STATUS(CP_CORRUPT, blend(1, (double[]){1}, (double[]){NAN}, &p));
	CHECK_STATUS(CP_CORRUPT, blend(1, (double[]){1}, (double[]){INFINITY}, &p));
}

void
test_model(void)
{
	UNIT_CASE("bytes read back to the same predictions", check_round_trip);
	UNIT_CASE("every flipped bit is refused", check_flips);
	UNIT_CASE("every other length is refused", check_lengths);
	UNIT_CASE("forged fields under a right checksum do no harm", check_forged_fields);
	UNIT_CASE("mutated bytes under a right checksum do no harm", check_mutations);
	UNIT_CASE("forged counts take no memory", check_no_room_for_counts);
	UNIT_CASE("each allocation that fails", check_failures);
	UNIT_CASE("feature maps", check_maps);
	UNIT_CASE("names of kinds, roles and members", check_names);
	UNIT_CASE("blends are weighted means of probabilities", check_blend);
}
