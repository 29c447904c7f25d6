-- Experiments: which variant a unit gets, what became of it, and what that says.
--
-- Assignment is a keyed hash and writes nothing. A unit has a row once it is exposed or has an
-- outcome; rows of different units never meet, so any number of sessions record at once.
-- Nobody but their owner can write any of these tables: all writing is by experiment_store.c.
-- No table refers to another by a foreign key, which a restore by several jobs would trip over.

CREATE TABLE churnprevent.experiment_layer (
	layer text COLLATE "C" PRIMARY KEY,
	salt uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid()
);
COMMENT ON TABLE churnprevent.experiment_layer IS 'experiments of one layer exclude one another: a unit is in one of them at most';

CREATE TABLE churnprevent.experiment (
	experiment_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text COLLATE "C" NOT NULL UNIQUE,
	variants text[] NOT NULL,
	status text NOT NULL CHECK (status IN ('draft', 'running', 'stopped', 'archived')),
	created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	created_by name NOT NULL DEFAULT CURRENT_USER,
	start_at timestamptz,
	end_at timestamptz,
	duration_days float8 NOT NULL,
	salt uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
	layer text COLLATE "C",
	layer_from float8 NOT NULL DEFAULT 0,
	layer_to float8 NOT NULL DEFAULT 1,
	holdout float8 NOT NULL DEFAULT 0,
	options jsonb NOT NULL
);
COMMENT ON TABLE churnprevent.experiment IS 'A/B tests: what is compared, how units are assigned, and how it is analysed, fixed at creation';
COMMENT ON COLUMN churnprevent.experiment.salt IS 'key of the hash that assigns units: another one is another experiment';
COMMENT ON COLUMN churnprevent.experiment.layer_from IS 'units whose place in the layer is from here on';
COMMENT ON COLUMN churnprevent.experiment.layer_to IS 'and before here';
COMMENT ON COLUMN churnprevent.experiment.holdout IS 'share of the units that get no variant';

CREATE TABLE churnprevent.experiment_phase (
	experiment_id int NOT NULL,
	phase int NOT NULL,
	since timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	allocation float8[] NOT NULL,
	range_to float8[] NOT NULL,
	range_variant int[] NOT NULL,
	PRIMARY KEY (experiment_id, phase)
);
COMMENT ON TABLE churnprevent.experiment_phase IS 'allocations of an experiment: the last one holds, the ones before say who was where';
COMMENT ON COLUMN churnprevent.experiment_phase.allocation IS 'share of each variant';
COMMENT ON COLUMN churnprevent.experiment_phase.range_to IS 'ends of ranges of places in [0, 1)';
COMMENT ON COLUMN churnprevent.experiment_phase.range_variant IS 'variant of each range, from 1';

CREATE TABLE churnprevent.experiment_unit (
	experiment_id int NOT NULL,
	unit text COLLATE "C" NOT NULL,
	variant smallint NOT NULL,
	phase int NOT NULL,
	exposed_at timestamptz NOT NULL,
	covariate float8,
	record_no bigint,
	recorded_at timestamptz,
	outcome float8,
	value float8,
	metrics jsonb,
	PRIMARY KEY (experiment_id, unit)
) WITH (fillfactor = 85);
COMMENT ON TABLE churnprevent.experiment_unit IS 'units that met their variant, and what became of them';
COMMENT ON COLUMN churnprevent.experiment_unit.variant IS 'position in the experiment''s variants, from 1';
COMMENT ON COLUMN churnprevent.experiment_unit.phase IS 'allocation that held when the unit came';
COMMENT ON COLUMN churnprevent.experiment_unit.covariate IS 'what the unit did before the experiment';
COMMENT ON COLUMN churnprevent.experiment_unit.record_no IS 'order in which outcomes came, NULL = none has';
COMMENT ON COLUMN churnprevent.experiment_unit.metrics IS 'of guardrails, by name';

CREATE SEQUENCE churnprevent.experiment_record_no;

SELECT pg_catalog.pg_extension_config_dump('churnprevent.experiment_layer', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.experiment', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.experiment_experiment_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.experiment_phase', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.experiment_unit', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.experiment_record_no', '');

CREATE FUNCTION cp_ab_create(name text, variants text[], allocation float8[] DEFAULT NULL, duration_days float8 DEFAULT 28, options jsonb DEFAULT '{}')
RETURNS int
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_ab_create';
COMMENT ON FUNCTION cp_ab_create(text, text[], float8[], float8, jsonb) IS 'create an A/B test, which runs from now on unless options say otherwise';

CREATE FUNCTION cp_ab_start(experiment text)
RETURNS timestamptz
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_ab_start';
COMMENT ON FUNCTION cp_ab_start(text) IS 'start a draft now';

CREATE FUNCTION cp_ab_stop(experiment text)
RETURNS timestamptz
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_ab_stop';
COMMENT ON FUNCTION cp_ab_stop(text) IS 'end an experiment now: nobody new is assigned, results stay';

CREATE FUNCTION cp_ab_archive(experiment text)
RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_ab_archive';
COMMENT ON FUNCTION cp_ab_archive(text) IS 'put an experiment away: its results stay, its place in the layer is free, the views leave it out';

CREATE FUNCTION cp_ab_allocate(experiment text, allocation float8[])
RETURNS int
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_ab_allocate';
COMMENT ON FUNCTION cp_ab_allocate(text, float8[]) IS 'change the allocation of a running experiment: who met a variant keeps it, of the others only those move who must';

CREATE FUNCTION cp_ab_assign(experiment text, unit text, attributes jsonb DEFAULT NULL)
RETURNS text
LANGUAGE C STABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'cp_ab_assign';
COMMENT ON FUNCTION cp_ab_assign(text, text, jsonb) IS 'the variant of a unit, the same each time; NULL when it is not in the experiment. Writes nothing';

CREATE FUNCTION cp_ab_expose(experiment text, unit text, covariate float8 DEFAULT NULL, attributes jsonb DEFAULT NULL)
RETURNS text
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_ab_expose';
COMMENT ON FUNCTION cp_ab_expose(text, text, float8, jsonb) IS 'the variant of a unit, kept together with the time at which the unit met it';

CREATE FUNCTION cp_ab_record(experiment text, unit text, outcome float8, value float8 DEFAULT NULL, covariate float8 DEFAULT NULL, metrics jsonb DEFAULT NULL, attributes jsonb DEFAULT NULL)
RETURNS boolean
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_ab_record';
COMMENT ON FUNCTION cp_ab_record(text, text, float8, float8, float8, jsonb, jsonb) IS 'what became of a unit; false when it has an outcome already, which stands, or when the time for it is over';

CREATE FUNCTION cp_ab_significance(experiment text)
RETURNS SETOF cp_ab_result
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 4 COST 10000
AS 'MODULE_PATHNAME', 'cp_ab_significance';
COMMENT ON FUNCTION cp_ab_significance(text) IS 'a row for each variant and metric of an experiment, against the control; right however often one looks';

CREATE FUNCTION cp_ab_timeline(experiment text,
	OUT day date, OUT variant text, OUT n bigint, OUT difference float8, OUT p_always_valid float8, OUT sequence_lower float8, OUT sequence_upper float8)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100 COST 10000
AS 'MODULE_PATHNAME', 'cp_ab_timeline';
COMMENT ON FUNCTION cp_ab_timeline(text) IS 'what was known of each variant at the end of each day';

REVOKE ALL ON FUNCTION cp_ab_create(text, text[], float8[], float8, jsonb), cp_ab_start(text), cp_ab_stop(text), cp_ab_archive(text), cp_ab_allocate(text, float8[]),
	cp_ab_assign(text, text, jsonb), cp_ab_expose(text, text, float8, jsonb), cp_ab_record(text, text, float8, float8, float8, jsonb, jsonb),
	cp_ab_significance(text), cp_ab_timeline(text) FROM PUBLIC;

CREATE VIEW churnprevent.experiment_result AS
SELECT e.name AS experiment, e.status, e.start_at, e.end_at, r.*
FROM churnprevent.experiment e, cp_ab_significance(e.name) r
WHERE e.status IN ('running', 'stopped');
COMMENT ON VIEW churnprevent.experiment_result IS 'results of experiments that run or ran; they stay right however often they are looked at';

CREATE VIEW churnprevent.experiment_timeline AS
SELECT e.name AS experiment, t.*
FROM churnprevent.experiment e, cp_ab_timeline(e.name) t
WHERE e.status IN ('running', 'stopped');
COMMENT ON VIEW churnprevent.experiment_timeline IS 'what was known of each variant of an experiment at the end of each day';

-- The control group of cp_decide is an experiment that always runs.

CREATE FUNCTION cp_saved_revenue(window_days int DEFAULT 30,
	OUT metric text, OUT control_customers bigint, OUT policy_customers bigint, OUT control_mean float8, OUT policy_mean float8,
	OUT difference float8, OUT lower float8, OUT upper float8, OUT percent float8, OUT percent_lower float8, OUT percent_upper float8,
	OUT total float8, OUT total_lower float8, OUT total_upper float8, OUT p_always_valid float8, OUT srm_p_always_valid float8,
	OUT waiting bigint, OUT verdict text)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 3 COST 10000
AS 'MODULE_PATHNAME', 'cp_saved_revenue';
COMMENT ON FUNCTION cp_saved_revenue(int) IS 'what deciding was worth: customers, revenue and margin kept against the control group, right however often one looks';
REVOKE ALL ON FUNCTION cp_saved_revenue(int) FROM PUBLIC;

CREATE VIEW churnprevent.saved_revenue AS SELECT * FROM cp_saved_revenue();
COMMENT ON VIEW churnprevent.saved_revenue IS 'what deciding was worth in the 30 days after customers were first decided about';
