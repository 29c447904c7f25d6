-- cp_allocate on customers who do not fit into churnprevent.allocation_memory: the same plans, read again for every scan.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001', share = 0;
CREATE TABLE many (customer_id int, segment text, value float8[], cost float8[]) PARTITION BY HASH (customer_id);
DO $$ BEGIN FOR n IN 0 .. 15 LOOP EXECUTE format('CREATE TABLE many_%s PARTITION OF many FOR VALUES WITH (MODULUS 16, REMAINDER %s)', n, n); END LOOP; END $$;
INSERT INTO many
SELECT c, 's' || c % 3, ARRAY[h[1], h[2] + 5, h[3], h[4] + 3, h[5]], ARRAY[2 + h[6] / 20, 5 + h[7] / 10, 9 + h[8] / 10, 3 + h[9] / 20, 7 + h[10] / 10]
FROM generate_series(1, 300000) c, LATERAL (SELECT array_agg((hashint4(c * 16 + a) & 4095) / 100.0::float8 ORDER BY a) FROM generate_series(1, 10) a) s(h);
ANALYZE many;
CREATE FUNCTION plan_of(method text, options jsonb DEFAULT '{}', OUT sum float8, OUT rows bigint, OUT spent numeric) LANGUAGE sql AS $$
	SELECT sum(share * value), count(*), sum(share::numeric * cost::numeric) FROM cp_allocate('many', method, 600000, '{"discount": 45000, "upgrade": 12000, "offer": 60000, "segment:s0": 40000}', NULL,
		options || '{"actions": ["a1", "a2", "a3", "a4", "a5"], "kinds": ["discount", "discount", "upgrade", "offer", "offer"]}') $$;
CREATE TABLE answer (memory text, workers int, method text, sum float8, rows bigint, spent numeric, bound float8, streamed boolean);
CREATE FUNCTION ask(memory text, workers int, method text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('churnprevent.allocation_memory', memory, false), set_config('max_parallel_workers_per_gather', workers::text, false);
	INSERT INTO answer SELECT memory, workers, method, p.* FROM plan_of(method) p;
	UPDATE answer SET (bound, streamed) = (SELECT upper_bound, r.streamed FROM cp_allocation_report() r LIMIT 1) WHERE bound IS NULL;
END
$$;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(ask(memory, workers, 'lp')) FROM (VALUES ('1GB', 0), ('16MB', 0), ('16MB', 2), ('16MB', 4)) v(memory, workers);
SELECT a.memory, a.workers, a.method, a.streamed, abs(a.sum / b.sum - 1) < 1e-9 AS value, abs(a.bound / b.bound - 1) < 1e-9 AS bound, a.sum <= a.bound * (1 + 1e-12) AND a.sum > a.bound * (1 - 1e-5) AS near, a.spent <= 600000 AS kept
FROM answer a JOIN answer b ON b.memory = '1GB' AND b.method = a.method ORDER BY a.method, a.streamed, a.workers;
-- One pricing scan is a parallel query.
CREATE FUNCTION plan_has(query text, what text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found boolean = false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
		found := found OR line ~ what;
	END LOOP;
	RETURN found;
END
$$;
SELECT plan_has($$SELECT cp_price(value, cost, '{1,1,2,3,3}', '{1,2,3}', '{0.5}') FROM many$$, 'Partial Aggregate') AS partial;
-- What must be in memory at once, and what is not the same twice.
SELECT plan_of('greedy'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('SELECT * FROM many ORDER BY random()', 'lp', 600000, '{}', options => '{"actions": ["a1", "a2", "a3", "a4", "a5"]}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('SELECT * FROM many UNION ALL SELECT * FROM many WHERE customer_id = 7', 'lp', 600000, '{}', options => '{"actions": ["a1", "a2", "a3", "a4", "a5"]}'); \echo :LAST_ERROR_SQLSTATE

DROP FUNCTION plan_of, ask, plan_has;
DROP TABLE many, answer;
