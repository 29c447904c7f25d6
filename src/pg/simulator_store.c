/*
 * simulator_store.c: worlds of customers, made, stored and loaded.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "num/bytes.h"
#include "num/rng.h"
#include "pg/advice.h"
#include "pg/json.h"
#include "pg/option_rules.h"
#include "pg/scorer.h"
#include "pg/simulator_store.h"
#include "pg/source.h"
#include "pg/store.h"

static const char magic[8] = "CPWORLD";

#define FORMAT 1
/* Bytes of a stored customer. */
#define CUSTOMER_BYTES (8 + 8 + 8 + 1 + 4)

/* Random numbers of a simulator: who is drawn into it, sensitivities, the order of customers. */
#define SAMPLE_STREAM (UINT64_C(0x51) << 48)
#define TRAITS_STREAM (UINT64_C(0x52) << 48)
#define ORDER_STREAM (UINT64_C(0x53) << 48)

/* --- parameters --------------------------------------------------------- */

typedef struct SimulatorOptions
{
	CpWorldParams world;
	char *policy; /* whose beliefs about effects hold in the world */
	char *flip;   /* name of an action, or NULL */
	double customers;
	double seed;
} SimulatorOptions;

static void
read_form(const CpOptionRule *rule, const JsonbValue *value, void *target)
{
	const char *name = linitial(cp_option_texts(rule, value));

	for (CpWorldForm form = 0; form < CP_WORLD_FORMS; form++)
		if (strcmp(name, cp_world_form_name(form)) == 0)
		{
			*(CpWorldForm *) target = form;
			return;
		}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
	                errmsg("unknown form of effects \"%s\"", name),
	                errhint("Known forms: %s, %s.", cp_world_form_name(CP_WORLD_LOGIT),
	                        cp_world_form_name(CP_WORLD_MULTIPLICATIVE))));
}

#define AT(field) offsetof(SimulatorOptions, field)
#define NUMBER(name, field, least, most) \
	{ \
		name, CP_OPTION_NUMBER, AT(world.field), least, most \
	}
#define THREE(name, field, least, most) \
	{ \
		name, CP_OPTION_NUMBERS, AT(world.field), least, most, .count = CP_SERVICES \
	}

/* Ranges as cp_world_check has them, which looks again. */
static const CpOptionRule simulator_rules[] = {
	NUMBER("tenure_drift", tenure_drift, -10, 10),
	THREE("service", service, -10, 10),
	NUMBER("annoyance", annoyance, 0, 10),
	NUMBER("attenuation", attenuation, 0, 10),
	NUMBER("sleeping_dog", sleeping_dog, 0, 10),
	NUMBER("sleeping_below", sleeping_below, -50, 50),
	NUMBER("contact_bad", contact_bad, -10, 10),
	THREE("moves_bad", moves[CP_SERVICE_BAD], 0, 1),
	THREE("moves_neutral", moves[CP_SERVICE_NEUTRAL], 0, 1),
	THREE("moves_good", moves[CP_SERVICE_GOOD], 0, 1),
	THREE("contact_moves", contact_moves, 0, 1),
	THREE("upgrade_moves", upgrade_moves, 0, 1),
	NUMBER("effect_scale", effect_scale, 0, 10),
	{"flip", CP_OPTION_TEXT, AT(flip)},
	{"form", CP_OPTION_CUSTOM, AT(world.form), .read = read_form},
	NUMBER("margin", economics.margin, 0.001, 1),
	NUMBER("discount", economics.discount, 0.01, 0.9999),
	{"policy", CP_OPTION_TEXT, AT(policy)},
	{"customers", CP_OPTION_WHOLE, AT(customers), 1, CP_SIMULATOR_MOST},
	{"seed", CP_OPTION_WHOLE, AT(seed), 0, 9007199254740992.0},
	{NULL}};

static void
read_options(Jsonb *params, const CpCatalogue *catalogue, SimulatorOptions *options)
{
	memset(options, 0, sizeof(*options));
	cp_world_defaults(&options->world);
	options->world.economics = cp_economics();
	options->policy = "auto";
	options->customers = CP_SIMULATOR_CUSTOMERS;
	options->seed = 42;
	cp_options_object(params, simulator_rules, "{\"effect_scale\": 0.5}", options);
	if (options->flip != NULL)
	{
		int position = cp_catalogue_find(catalogue, options->flip);

		if (position <= 0)
			ereport(ERROR,
			        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			         errmsg("option \"flip\" names no enabled action: \"%s\"", options->flip)));
		options->world.flip = position;
	}
}

/* The parameters with what settings would say otherwise at another time. */
static Jsonb *
with_economics(Jsonb *params, const CpEconomics *economics)
{
	CpJson json;

	cp_json_begin(&json);
	cp_json_number(&json, "margin", economics->margin);
	cp_json_number(&json, "discount", economics->discount);
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(params),
	                                          JsonbPGetDatum(cp_json_end(&json))));
}

static void
init_world(CpBridge *bridge, const SimulatorOptions *options, const CpPlaybook *playbook,
           const CpResponse *effects, CpWorld *world)
{
	cp_bridge_check(
		bridge,
		cp_world_init(&bridge->context, &options->world, &playbook->catalogue, effects, world),
		"simulator");
}

/* --- customers ---------------------------------------------------------- */

/* A sample of the source's customers, drawn as they arrive (reservoir sampling). */
typedef struct Sampling
{
	CpWorldTraits *traits; /* [limit] */
	uint32 limit;
	uint64 seen;
	uint64 unusable; /* rows without charge or tenure */
	CpRng rng;
} Sampling;

/* Place for another customer, NULL when it is not drawn. */
static CpWorldTraits *
place_for_next(Sampling *sampling)
{
	uint64 place = sampling->seen++;

	if (place >= sampling->limit)
		place = cp_rng_below(&sampling->rng, sampling->seen);
	return place < sampling->limit ? &sampling->traits[place] : NULL;
}

static int
tenure_feature(CpScorer *scorer)
{
	const CpFeatureMap *map = cp_scorer_map(scorer);
	int feature = cp_featuremap_role(map, CP_ROLE_TENURE);

	if (map->roles[CP_ROLE_VALUE] == NULL || feature < 0)
	{
		const char *option = map->roles[CP_ROLE_VALUE] == NULL ? "value_column" : "tenure_column";

		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		     errmsg("model \"%s\" was not told \"%s\", which a simulator needs",
		            cp_scorer_model(scorer), option),
		     errhint(
				 "Train with \"value_column\" and \"tenure_column\", both among the features.")));
	}
	return feature;
}

static void
sample_row(Sampling *sampling, CpScorer *scorer, CpPlaybook *playbook, int tenure, HeapTuple tuple,
           TupleDesc descriptor)
{
	double charge;
	double probability = cp_scorer_tuple(scorer, tuple, descriptor, &charge);
	const double *vector = cp_scorer_vector(scorer);
	CpWorldTraits *traits;

	if (!(charge >= 0 && charge <= CP_WORLD_MAX_CHARGE && vector[tenure] >= 0))
	{
		sampling->unusable++;
		return;
	}
	traits = place_for_next(sampling);
	if (traits == NULL)
		return;
	traits->hazard = cp_scorer_hazard(scorer, probability);
	traits->charge = charge;
	traits->tenure = fmin(vector[tenure], CP_WORLD_TENURE);
	traits->service = cp_service_of(cp_scorer_map(scorer), vector);
	traits->mask =
		cp_playbook_eligible(playbook, cp_scorer_map(scorer), cp_scorer_ref(scorer)->model_id,
	                         cp_scorer_model(scorer), vector);
}

static void
sample_customers(Sampling *sampling, CpScorer *scorer, CpPlaybook *playbook, const char *text,
                 char **name)
{
	int tenure = tenure_feature(scorer);
	MemoryContext row =
		AllocSetContextCreate(CurrentMemoryContext, "churnprevent row", ALLOCSET_DEFAULT_SIZES);
	CpSource source;
	HeapTuple tuple;

	cp_source_open(&source, text);
	*name = source.text;
	while ((tuple = cp_source_next(&source)) != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(row);

		CHECK_FOR_INTERRUPTS();
		sample_row(sampling, scorer, playbook, tenure, tuple, source.descriptor);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row);
	}
	cp_source_close(&source);
	if (sampling->seen == 0)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_EXCEPTION), errmsg("the source has no customers to simulate"),
		         sampling->unusable == 0
		             ? errdetail("It has no rows.")
		             : errdetail("%llu rows have no charge or tenure of 0 or more.",
		                         (unsigned long long) sampling->unusable)));
	if (sampling->unusable > 0)
		ereport(NOTICE, (errmsg("%llu rows without charge or tenure left out",
		                        (unsigned long long) sampling->unusable)));
}

static uint32
sampled(const Sampling *sampling)
{
	return (uint32) Min(sampling->seen, sampling->limit);
}

static bytea *
write_customers(CpBridge *bridge, const Sampling *sampling, uint64 seed)
{
	CpWriter writer;
	bytea *bytes;

	cp_writer_begin(&writer, &bridge->context, magic, FORMAT);
	cp_write_u64(&writer, seed);
	cp_write_u32(&writer, sampled(sampling));
	for (uint32 i = 0; i < sampled(sampling); i++)
	{
		const CpWorldTraits *traits = &sampling->traits[i];

		cp_write_f64(&writer, traits->hazard);
		cp_write_f64(&writer, traits->charge);
		cp_write_f64(&writer, traits->tenure);
		cp_write_u8(&writer, traits->service);
		cp_write_u32(&writer, traits->mask);
	}
	cp_bridge_check(bridge, cp_writer_finish(&writer), NULL);
	bytes = palloc(writer.length + VARHDRSZ);
	SET_VARSIZE(bytes, writer.length + VARHDRSZ);
	memcpy(VARDATA(bytes), writer.bytes, writer.length);
	return bytes;
}

/* Sensitivities belong to the customer's place in the simulator. */
static CpStatus
read_customer(CpReader *reader, const CpWorld *world, uint64 seed, uint32 index,
              CpWorldCustomer *customer)
{
	CpWorldTraits traits;
	CpRng rng;

	traits.hazard = cp_read_f64(reader);
	traits.charge = cp_read_f64(reader);
	traits.tenure = cp_read_f64(reader);
	traits.service = cp_read_u8(reader);
	traits.mask = cp_read_u32(reader);
	cp_rng_init(&rng, seed, TRAITS_STREAM + index);
	traits.uniform[0] = cp_rng_uniform(&rng);
	traits.uniform[1] = cp_rng_uniform(&rng);
	return cp_world_customer(reader->context, world, &traits, customer);
}

static CpStatus
read_customers(CpContext *context, bytea *bytes, CpSimulator *simulator)
{
	CpReader reader;
	uint64 seed;

	CP_TRY(cp_reader_open(&reader, context, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), magic,
	                      FORMAT));
	seed = cp_read_u64(&reader);
	simulator->count = cp_read_count(&reader, CUSTOMER_BYTES);
	if (simulator->count == 0)
		cp_reader_reject(&reader);
	CP_TRY(cp_alloc(context, &simulator->customers, simulator->count, sizeof(CpWorldCustomer)));
	for (uint32 i = 0; i < simulator->count && !reader.failed; i++)
		CP_TRY(read_customer(&reader, &simulator->world, seed, i, &simulator->customers[i]));
	return cp_reader_close(&reader);
}

/* --- the store ---------------------------------------------------------- */

static void
check_name(const char *name)
{
	if (name[0] == '\0' || strlen(name) > 255)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
		                errmsg("a simulator's name must have 1 to 255 bytes")));
}

static void
report_foreign(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
	                errmsg("must be owner of simulator \"%s\"", name)));
}

static void
report_absent(const char *name)
{
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("simulator \"%s\" does not exist", name),
	         errhint("cp_simulator_create makes one; churnprevent.simulator lists them.")));
}

static void
insert_simulator(const char *name, const CpModelRef *model, int32 catalogue, const char *source,
                 Jsonb *params, Jsonb *effects, uint32 count, bytea *customers)
{
	Oid caller = GetUserId();
	Oid types[] = {TEXTOID,  REGROLEOID, INT8OID, INT4OID,  TEXTOID,
	               JSONBOID, JSONBOID,   INT4OID, BYTEAOID, BOOLOID};
	Datum values[10];
	CpElevation elevation;

	values[0] = CStringGetTextDatum(name);
	values[1] = ObjectIdGetDatum(caller);
	values[2] = Int64GetDatum(model->model_id);
	values[3] = Int32GetDatum(catalogue);
	values[4] = CStringGetTextDatum(source);
	values[5] = JsonbPGetDatum(params);
	values[6] = JsonbPGetDatum(effects);
	values[7] = Int32GetDatum((int32) count);
	values[8] = PointerGetDatum(customers);
	values[9] = BoolGetDatum(superuser());
	cp_elevate(&elevation);
	if (!cp_run(
			"INSERT INTO churnprevent.simulator AS s (name, owner, created_at, model_id, catalogue_version,"
			" source, params, effects, customer_count, customers)"
			" VALUES ($1, $2, pg_catalog.clock_timestamp(), $3, $4, $5, $6, $7, $8, $9)"
			" ON CONFLICT (name) DO UPDATE SET created_at = excluded.created_at, model_id = $3,"
			" catalogue_version = $4, source = $5, params = $6, effects = $7, customer_count = $8, customers = $9"
			" WHERE $10 OR pg_catalog.pg_has_role($2, s.owner, 'USAGE') RETURNING 1",
			10, types, values, NULL))
		report_foreign(name);
	cp_descend(&elevation);
}

void
cp_simulator_make(CpBridge *bridge, const char *name, const char *model, const char *source,
                  Jsonb *params, CpSimulatorMade *made)
{
	CpScorer *scorer = cp_scorer_make(model);
	/* Of its own: the source may call what changes the catalogue. */
	CpPlaybook *playbook = cp_playbook_version(cp_playbook()->version);
	SimulatorOptions options;
	Sampling sampling = {0};
	CpResponse effects;
	CpWorld world;
	char *source_name;

	check_name(name);
	read_options(params, &playbook->catalogue, &options);
	effects = cp_policy_in_force(options.policy, playbook)->response;
	init_world(bridge, &options, playbook, &effects, &world);
	params = with_economics(params, &options.world.economics);
	sampling.limit = (uint32) options.customers;
	cp_bridge_check(
		bridge, cp_alloc(&bridge->context, &sampling.traits, sampling.limit, sizeof(CpWorldTraits)),
		"simulator");
	cp_rng_init(&sampling.rng, (uint64) options.seed, SAMPLE_STREAM);
	SPI_connect();
	sample_customers(&sampling, scorer, playbook, source, &source_name);
	insert_simulator(name, cp_scorer_ref(scorer), playbook->version, source_name, params,
	                 cp_response_json(&playbook->catalogue, &effects), sampled(&sampling),
	                 write_customers(bridge, &sampling, (uint64) options.seed));
	SPI_finish();
	memset(made, 0, sizeof(*made));
	made->count = sampled(&sampling);
	for (uint32 i = 0; i < made->count; i++)
	{
		made->mean_hazard += sampling.traits[i].hazard / made->count;
		made->mean_charge += sampling.traits[i].charge / made->count;
	}
}

/* Columns by position, as sql/23_simulate.sql makes them. */
enum
{
	SIMULATOR_OWNER = 2,
	SIMULATOR_CATALOGUE = 5,
	SIMULATOR_PARAMS = 7,
	SIMULATOR_EFFECTS = 8,
	SIMULATOR_CUSTOMERS = 10
};

void
cp_simulator_load(CpBridge *bridge, const char *name, CpSimulator *simulator)
{
	ScanKeyData key;
	CpProbe probe;
	SimulatorOptions options;
	Oid owner;
	int32 catalogue;
	Jsonb *params, *effects;
	bytea *customers;

	cp_text_key(&key, 1, name);
	cp_probe_begin(&probe, "simulator", "simulator_pkey", &key, 1);
	if (!cp_probe_next(&probe, ForwardScanDirection))
		report_absent(name);
	owner = DatumGetObjectId(cp_probe_value(&probe, SIMULATOR_OWNER));
	catalogue = DatumGetInt32(cp_probe_value(&probe, SIMULATOR_CATALOGUE));
	params = (Jsonb *) cp_probe_copy(&probe, SIMULATOR_PARAMS);
	effects = (Jsonb *) cp_probe_copy(&probe, SIMULATOR_EFFECTS);
	customers = (bytea *) cp_probe_copy(&probe, SIMULATOR_CUSTOMERS);
	cp_probe_end(&probe);
	if (!has_privs_of_role(GetUserId(), owner))
		report_foreign(name);
	simulator->name = pstrdup(name);
	simulator->playbook = cp_playbook_version(catalogue);
	read_options(params, &simulator->playbook->catalogue, &options);
	cp_response_of_json(effects, &simulator->playbook->catalogue, &simulator->effects);
	init_world(bridge, &options, simulator->playbook, &simulator->effects, &simulator->world);
	cp_bridge_check(bridge, read_customers(&bridge->context, customers, simulator), name);
}

void
cp_simulator_remove(const char *name)
{
	Oid caller = GetUserId();
	Datum value = CStringGetTextDatum(name);
	Oid type = TEXTOID;
	CpElevation elevation;

	cp_elevate(&elevation);
	if (!cp_run("SELECT owner FROM churnprevent.simulator WHERE name = $1 FOR UPDATE", 1, &type,
	            &value, NULL))
		report_absent(name);
	if (!has_privs_of_role(caller, DatumGetObjectId(cp_result(1))))
		report_foreign(name);
	cp_run("DELETE FROM churnprevent.simulator WHERE name = $1", 1, &type, &value, NULL);
	cp_descend(&elevation);
}

uint32 *
cp_simulator_order(CpBridge *bridge, const CpSimulator *simulator, uint64 seed)
{
	uint32 *order;
	CpRng rng;

	cp_bridge_check(bridge, cp_alloc(&bridge->context, &order, simulator->count, sizeof(uint32)),
	                simulator->name);
	for (uint32 i = 0; i < simulator->count; i++)
		order[i] = i;
	cp_rng_init(&rng, seed, ORDER_STREAM);
	cp_rng_shuffle(&rng, order, simulator->count);
	return order;
}

const CpWorldCustomer *
cp_simulator_customer(const CpSimulator *simulator, const uint32 *order, uint32 index)
{
	return &simulator->customers[order[index % simulator->count]];
}
