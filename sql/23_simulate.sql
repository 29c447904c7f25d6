-- Simulated customers and worlds in which what every action would have done is known.

CREATE TABLE churnprevent.simulator (
	name text COLLATE "C" PRIMARY KEY CHECK (name <> ''),
	owner regrole NOT NULL,
	created_at timestamptz NOT NULL,
	model_id bigint NOT NULL,
	catalogue_version int NOT NULL,
	source text NOT NULL,
	params jsonb NOT NULL,
	effects jsonb NOT NULL,
	customer_count int NOT NULL,
	customers bytea NOT NULL
);
ALTER TABLE churnprevent.simulator ALTER COLUMN customers SET STORAGE EXTERNAL;
COMMENT ON TABLE churnprevent.simulator IS 'worlds made of a model and data';
COMMENT ON COLUMN churnprevent.simulator.model_id IS 'model that said how likely its customers are to leave';
COMMENT ON COLUMN churnprevent.simulator.params IS 'parameters that were given';
COMMENT ON COLUMN churnprevent.simulator.effects IS 'what actions do in it, on the log-odds of staying';
COMMENT ON COLUMN churnprevent.simulator.customers IS 'hazard, charge, tenure, service state and eligible actions of each customer; no ids';

SELECT pg_catalog.pg_extension_config_dump('churnprevent.simulator', '');

CREATE FUNCTION cp_simulate_customers(n int, seed bigint DEFAULT 42, churn_rate float8 DEFAULT 0.265, truth boolean DEFAULT false,
	OUT customer_id text, OUT gender text, OUT senior_citizen smallint, OUT partner text, OUT dependents text, OUT tenure int,
	OUT phone_service text, OUT multiple_lines text, OUT internet_service text, OUT online_security text, OUT online_backup text,
	OUT device_protection text, OUT tech_support text, OUT streaming_tv text, OUT streaming_movies text, OUT contract text,
	OUT paperless_billing text, OUT payment_method text, OUT monthly_charges float8, OUT total_charges float8, OUT churn text,
	OUT churn_probability float8)
RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 10000
AS 'MODULE_PATHNAME', 'cp_simulate_customers';
COMMENT ON FUNCTION cp_simulate_customers(int, bigint, float8, boolean) IS 'synthetic customers of a telecom company with a churn label; with truth also the probability that the label was drawn with';

CREATE FUNCTION cp_simulator_create(name text, model text, source text, params jsonb DEFAULT '{}',
	OUT simulator text, OUT customers int, OUT mean_hazard float8, OUT mean_charge float8)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_simulator_create';
COMMENT ON FUNCTION cp_simulator_create(text, text, text, jsonb) IS 'make a world of the customers of a source, as a model sees them; one of the same name is replaced';

CREATE FUNCTION cp_simulator_drop(name text)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_simulator_drop';
COMMENT ON FUNCTION cp_simulator_drop(text) IS 'remove a simulator';

CREATE FUNCTION cp_simulate(simulator text, policy text DEFAULT 'auto', n int DEFAULT 1000, months int DEFAULT 36, seed bigint DEFAULT 42,
	counterfactual boolean DEFAULT false,
	OUT customer_id int, OUT month int, OUT state smallint, OUT action_id int, OUT hazard float8, OUT hazard_none float8,
	OUT y smallint, OUT y_cf smallint[], OUT revenue float8, OUT cost float8, OUT alive boolean, OUT reward float8)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE ROWS 10000
AS 'MODULE_PATHNAME', 'cp_simulate';
COMMENT ON FUNCTION cp_simulate(text, text, int, int, bigint, boolean) IS 'let customers of a simulator live under a policy: a row for each month lived, with what each action would have led to';

CREATE FUNCTION cp_simulate_value(simulator text, policy text DEFAULT 'auto', n int DEFAULT 200, months int DEFAULT NULL, seed bigint DEFAULT 42,
	OUT v_policy float8, OUT v_none float8, OUT v_opt float8, OUT ratio float8, OUT uplift_ratio float8, OUT revenue_uplift_pct float8,
	OUT se float8, OUT exact boolean)
LANGUAGE c STABLE PARALLEL SAFE COST 100000
AS 'MODULE_PATHNAME', 'cp_simulate_value';
COMMENT ON FUNCTION cp_simulate_value(text, text, int, int, bigint) IS 'exact value of a policy, of doing nothing and of the optimum, a mean over customers; months NULL = for ever';

CREATE FUNCTION cp_simulator_check(test_share float8 DEFAULT 0.2,
	OUT action_name text, OUT decisions bigint, OUT predicted float8, OUT observed float8, OUT error float8, OUT standard_error float8, OUT passed boolean)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_simulator_check';
COMMENT ON FUNCTION cp_simulator_check(float8) IS 'retention per action as predicted from the earlier decisions and as observed in the last ones';

REVOKE ALL ON FUNCTION cp_simulate_customers(int, bigint, float8, boolean), cp_simulator_create(text, text, text, jsonb), cp_simulator_drop(text),
	cp_simulate(text, text, int, int, bigint, boolean), cp_simulate_value(text, text, int, int, bigint), cp_simulator_check(float8) FROM PUBLIC;
