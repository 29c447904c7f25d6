-- Allocation: who gets what, so that budgets save most. Runs are kept on request.

CREATE TABLE churnprevent.allocation_run (
	run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	made_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	made_by regrole NOT NULL,
	source text NOT NULL,
	method text NOT NULL,
	options jsonb NOT NULL,
	streamed boolean NOT NULL,
	customers bigint NOT NULL,
	left_out bigint NOT NULL,
	option_count bigint NOT NULL,
	acted bigint NOT NULL,
	objective float8 NOT NULL,
	upper_bound float8 NOT NULL,
	gap float8 NOT NULL,
	proved boolean NOT NULL,
	scans int NOT NULL,
	iterations int NOT NULL,
	read_seconds float8 NOT NULL,
	solve_seconds float8 NOT NULL
);
COMMENT ON TABLE churnprevent.allocation_run IS 'allocations that were kept';
COMMENT ON COLUMN churnprevent.allocation_run.options IS 'budget, caps, minimums and options as they were given';
COMMENT ON COLUMN churnprevent.allocation_run.streamed IS 'the customers did not fit into memory and were read again for every scan';
COMMENT ON COLUMN churnprevent.allocation_run.customers IS 'without those left out';
COMMENT ON COLUMN churnprevent.allocation_run.left_out IS 'customers of the control group';
COMMENT ON COLUMN churnprevent.allocation_run.option_count IS 'actions open to customers, together';
COMMENT ON COLUMN churnprevent.allocation_run.acted IS 'customers who get something';
COMMENT ON COLUMN churnprevent.allocation_run.objective IS 'value of the plan';
COMMENT ON COLUMN churnprevent.allocation_run.upper_bound IS 'no plan within the limits has a higher value';
COMMENT ON COLUMN churnprevent.allocation_run.gap IS 'by how much the bound exceeds the plan, as a share';
COMMENT ON COLUMN churnprevent.allocation_run.proved IS 'the gap is no more than 1e-9';
COMMENT ON COLUMN churnprevent.allocation_run.scans IS 'times that all customers were run through';
COMMENT ON COLUMN churnprevent.allocation_run.iterations IS 'columns generated, on samples and cores too';
COMMENT ON COLUMN churnprevent.allocation_run.read_seconds IS 'processor time of reading';
COMMENT ON COLUMN churnprevent.allocation_run.solve_seconds IS 'processor time of solving; streamed, of reading too';

CREATE TABLE churnprevent.allocation_limit (
	run_id bigint NOT NULL,
	position int NOT NULL,
	name text COLLATE "C" NOT NULL,
	money boolean NOT NULL,
	least boolean NOT NULL,
	bound float8 NOT NULL,
	already_spent float8 NOT NULL,
	used float8 NOT NULL,
	shadow_price float8 NOT NULL,
	PRIMARY KEY (run_id, position)
);
COMMENT ON TABLE churnprevent.allocation_limit IS 'the limits of allocations that were kept, and their shadow prices';
COMMENT ON COLUMN churnprevent.allocation_limit.money IS 'bounds what is spent, not how often';
COMMENT ON COLUMN churnprevent.allocation_limit.least IS 'at least the bound, not at most';
COMMENT ON COLUMN churnprevent.allocation_limit.used IS 'by the plan, beside what was already spent';
COMMENT ON COLUMN churnprevent.allocation_limit.shadow_price IS 'what one unit more of the bound adds to the value of the plan';

CREATE TABLE churnprevent.allocation (
	run_id bigint NOT NULL,
	customer_id text COLLATE "C" NOT NULL,
	action text NOT NULL,
	share float8 NOT NULL,
	value float8 NOT NULL,
	cost float8 NOT NULL,
	reduced_value float8 NOT NULL,
	PRIMARY KEY (run_id, customer_id, action)
);
CREATE INDEX ON churnprevent.allocation (customer_id);
COMMENT ON TABLE churnprevent.allocation IS 'who got what in allocations that were kept';
COMMENT ON COLUMN churnprevent.allocation.share IS '1, or less where the method is lp and the customer is one of the few between two choices';
COMMENT ON COLUMN churnprevent.allocation.reduced_value IS 'value less what the action uses of limits, at their shadow prices';

SELECT pg_catalog.pg_extension_config_dump('churnprevent.allocation_run', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.allocation_run_run_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.allocation_limit', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.allocation', '');

CREATE FUNCTION cp_allocate(source text, method text DEFAULT 'lp', budget float8 DEFAULT NULL, caps jsonb DEFAULT NULL, mins jsonb DEFAULT NULL,
	options jsonb DEFAULT '{}', record boolean DEFAULT false,
	OUT customer_id text, OUT action text, OUT share float8, OUT value float8, OUT cost float8, OUT reduced_value float8)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'cp_allocate_source';
COMMENT ON FUNCTION cp_allocate(text, text, float8, jsonb, jsonb, jsonb, boolean) IS 'whom to give what, so that a budget and caps save most: lp, knapsack (whole choices) or greedy';

CREATE FUNCTION cp_allocation_report(run bigint DEFAULT NULL,
	OUT run_id bigint, OUT method text, OUT customers bigint, OUT left_out bigint, OUT acted bigint, OUT objective float8, OUT upper_bound float8,
	OUT gap float8, OUT proved boolean, OUT streamed boolean, OUT scans int, OUT iterations int, OUT read_seconds float8, OUT solve_seconds float8,
	OUT limit_name text, OUT bound float8, OUT already_spent float8, OUT used float8, OUT slack float8, OUT shadow_price float8, OUT meaning text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_allocation_report';
COMMENT ON FUNCTION cp_allocation_report(bigint) IS 'what an allocation came to, a row a limit: bound, gap, shadow prices; of the run that was kept under that number, or of the last one of this session';

CREATE FUNCTION cp_allocation_prices(run bigint DEFAULT NULL)
RETURNS jsonb
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_allocation_prices';
COMMENT ON FUNCTION cp_allocation_prices(bigint) IS 'shadow prices of an allocation by the names of its limits, for cp_bid';

CREATE FUNCTION cp_budget_curve(source text, budgets float8[] DEFAULT NULL, method text DEFAULT 'lp', caps jsonb DEFAULT NULL, mins jsonb DEFAULT NULL,
	options jsonb DEFAULT '{}',
	OUT budget float8, OUT objective float8, OUT upper_bound float8, OUT gap float8, OUT spent float8, OUT acted bigint, OUT shadow_price float8)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'cp_budget_curve';
COMMENT ON FUNCTION cp_budget_curve(text, float8[], text, jsonb, jsonb, jsonb) IS 'what budgets would save, and what the next unit of each would';

REVOKE ALL ON FUNCTION cp_allocate(text, text, float8, jsonb, jsonb, jsonb, boolean), cp_allocation_report(bigint), cp_allocation_prices(bigint),
	cp_budget_curve(text, float8[], text, jsonb, jsonb, jsonb) FROM PUBLIC;
