-- cp_price and cp_bid: what customers do at given prices, compared with plain SQL.
\set SHOW_CONTEXT never
CREATE TABLE price_test AS
SELECT n AS id, n % 5 AS region, CASE WHEN n % 101 > 0 THEN array_agg(CASE WHEN (n * o) % 13 > 0 THEN (n::bigint * 7919 * o % 1009 / 10.0 - 5)::float8 END ORDER BY o) FILTER (WHERE n % 89 > 0) END AS v,
	CASE WHEN n % 101 > 0 THEN array_agg(CASE WHEN (n * o) % 13 > 0 THEN (n::bigint * 104729 * o % 401 / 10.0)::float8 END ORDER BY o) FILTER (WHERE n % 89 > 0) END AS c,
	array_agg((n + o * o) % 4 + 1 ORDER BY o) AS cl
FROM generate_series(1, 3000) n, generate_series(1, 6) o GROUP BY n;
ALTER TABLE price_test SET (parallel_workers = 4);
ANALYZE price_test;
-- The same in plain SQL, from the definition.
CREATE FUNCTION by_hand(customers text, k float8[], m float8[]) RETURNS cp_pricing LANGUAGE plpgsql AS $$
DECLARE
	answer cp_pricing;
BEGIN
	EXECUTE format('WITH taken AS MATERIALIZED (SELECT t.id, best.* FROM (%s) t LEFT JOIN LATERAL (
			SELECT class, value, cost, value - $1[class] - coalesce($2[class], $2[1]) * cost AS reduced FROM unnest(t.v, t.c, t.cl) WITH ORDINALITY u(value, cost, class, o)
			WHERE value - $1[class] - coalesce($2[class], $2[1]) * cost > 0 ORDER BY reduced DESC, o LIMIT 1) best ON true)
		SELECT count(*), count(class), coalesce(sum(reduced::numeric), 0), coalesce(sum(value::numeric), 0), coalesce(sum(cost::numeric), 0),
			(SELECT array_agg(n ORDER BY k) FROM (SELECT k, count(id) AS n FROM generate_subscripts($1, 1) k LEFT JOIN taken ON class = k GROUP BY k) s),
			(SELECT array_agg(m ORDER BY k) FROM (SELECT k, coalesce(sum(cost::numeric), 0) AS m FROM generate_subscripts($1, 1) k LEFT JOIN taken ON class = k GROUP BY k) s) FROM taken', customers)
	INTO answer USING k, m;
	RETURN answer;
END
$$;
CREATE FUNCTION near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT abs(a - b) <= 1e-9 * greatest(abs(a), abs(b)) $$;
CREATE FUNCTION agrees(a cp_pricing, b cp_pricing) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT a.customers = b.customers AND a.chosen = b.chosen AND a.count = b.count AND near(a.reduced_value, b.reduced_value) AND near(a.value, b.value) AND near(a.cost, b.cost)
		AND cardinality(a.money) = cardinality(b.money) AND (SELECT bool_and(near(x, y)) FROM unnest(a.money, b.money) u(x, y))
$$;
SELECT customers, chosen, round(reduced_value::numeric, 6) AS reduced_value, round(value::numeric, 6) AS value, round(cost::numeric, 6) AS cost, count
FROM (SELECT (cp_price(v, c, cl, '{20,0,10,35.5}', '{0.5}')).* FROM price_test) s;
CREATE TABLE price_grid AS SELECT g, k::float8[], m::float8[] FROM (VALUES (1, '{20,0,10,35.5}', '{0.5}'), (2, '{0,0,0,0}', '{0}'), (3, '{1000,1000,1000,1000}', '{0}'), (4, '{-3.1,5,-70,0.3}', '{0.1,3,0,1.7}'), (5, '{0,0,0,0}', '{1.9}')) p(g, k, m);
SELECT g, agrees((SELECT cp_price(v, c, cl, k, m) FROM price_test), by_hand('TABLE price_test', k, m)) AS agrees FROM price_grid ORDER BY g;
-- All prices in one scan; by region; of some; over a window.
SELECT g, agrees(cp_price(v, c, cl, k, m), by_hand('TABLE price_test', k, m)) AS agrees FROM price_test, price_grid GROUP BY g, k, m ORDER BY g;
SELECT region, agrees(cp_price(v, c, cl, '{20,0,10,35.5}', '{0.5}'), by_hand('SELECT * FROM price_test WHERE region = ' || region, '{20,0,10,35.5}', '{0.5}')) AS agrees FROM price_test GROUP BY 1 ORDER BY 1;
SELECT agrees(cp_price(v, c, cl, '{20,0,10,35.5}', '{0.5}') FILTER (WHERE id % 7 = 0), by_hand('SELECT * FROM price_test WHERE id % 7 = 0', '{20,0,10,35.5}', '{0.5}')) AS agrees FROM price_test;
SELECT id, (cp_price(v, c, cl, '{20,0,10,35.5}', '{0.5}') OVER w).customers, round((cp_price(v, c, cl, '{20,0,10,35.5}', '{0.5}') OVER w).value::numeric, 6) AS value
FROM price_test WHERE id <= 5 WINDOW w AS (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) ORDER BY id;
-- real, as precise as its values are.
SELECT g, agrees((SELECT cp_price(v::real[], c::real[], cl, k, m) FROM price_test), by_hand('SELECT id, v::real[]::float8[] AS v, c::real[]::float8[] AS c, cl FROM price_test', k, m)) AS agrees FROM price_grid ORDER BY g;
-- As many options as a page cannot hold, and prices as variables.
CREATE TABLE price_wide AS SELECT n AS id, array_agg((n * 17 + o::bigint * 7919 * o % 1009)::float8 ORDER BY o) AS v, array_agg((o * 31 % 97)::float8 ORDER BY o) AS c, array_agg(o % 700 + 1 ORDER BY o) AS cl
FROM generate_series(1, 5) n, generate_series(1, 6000) o GROUP BY n;
SELECT bool_and(pg_column_size(v) BETWEEN 2000 AND 40000) AS toasted FROM price_wide;
SET plan_cache_mode = force_generic_plan;
DO $$
DECLARE
	k float8[] := (SELECT array_agg(o * 3 % 101 + 900) FROM generate_series(1, 700) o);
	m float8[] := '{0.7}';
BEGIN
	ASSERT agrees((SELECT cp_price(v, c, cl, k, m) FROM price_wide), by_hand('TABLE price_wide', k, m));
	ASSERT (SELECT (cp_price(v, c, cl, k, m)).chosen FROM price_wide) = 5;
END
$$;
RESET plan_cache_mode;

-- Worked by hand. The first of equal options, nothing when nothing is left, a subsidised one, one class twice, not open, closed wholly.
CREATE TABLE price_case (n int, what text, v float8[], c float8[], cl int[]);
INSERT INTO price_case VALUES (1, 'first of equals', '{5,7,9}', '{1,1,1}', '{2,1,2}'), (2, 'nothing left', '{4,6,0}', '{4,4,4}', '{1,2,3}'), (3, 'subsidised', '{-1,-5,-1}', '{0,0,0}', '{1,2,3}'),
	(4, 'class twice', '{8,9,10}', '{0,0,1}', '{1,1,1}'), (5, 'second not open', '{5,NULL,6}', '{0,NULL,0}', '{1,2,2}'), (6, 'none open', '{NULL,NULL}', '{NULL,NULL}', '{1,2}'), (7, 'no options', '{}', '{}', '{1,2,3}'),
	(8, 'no options', NULL, NULL, '{}'), (9, 'no options', NULL, '{1,2}', NULL), (10, 'more classes', '{5}', '{1}', '{3,99,-1}'), (11, 'counted from 0', '[0:1]={5,6}', '[3:4]={0,0}', '[-1:0]={1,1}');
SELECT what, (cp_price(v, c, cl, '{2,4,-2}', '{0.5}')).* FROM price_case GROUP BY n, what ORDER BY n;
SELECT (cp_price(v, c, cl, '{2,4,-2}', '{0.5}')).* FROM price_case;
SELECT (cp_price(v, c, cl, '{2,4,-2}', '{0.5}')).*, cp_price(v, c, cl, '{2,4,-2}', '{0.5}') IS NULL AS nothing FROM price_case WHERE false;
-- What adding loses is not lost.
SELECT (cp_price(ARRAY[v], '{0}', '{1}', '{-2e16}', '{0}')).value FROM (VALUES (1, 1e16::float8), (2, 1), (3, 1), (4, 1), (5, -1e16)) s(n, v);
SELECT cp_price(ARRAY[1.7e308::float8], '{0}', '{1}', '{0}', '{0}') FROM generate_series(1, 2); \echo :LAST_ERROR_SQLSTATE

-- What it refuses.
CREATE FUNCTION price(v float8[], c float8[], cl int[] = '{1,2,1}', k float8[] = '{0,0}', m float8[] = '{0}') RETURNS cp_pricing LANGUAGE plpgsql AS $$ BEGIN RETURN cp_price(v, c, cl, k, m); END $$;
SELECT price('{1,2}', '{1,NULL}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{NULL,2}', '{1,2}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,NaN}', '{1,2}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2,-Infinity}', '{1,2,3}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{NULL,2}', '{NULL,NaN}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{Infinity}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2}', '{0,-0.01}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_price('{1,NaN}'::real[], '{1,2}', '{1,2}', '{0,0}', '{0}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2}', '{1,2,3}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2}', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT price('{{1,2},{3,4}}', '{{1,2},{3,4}}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2}', '{1,2}', '{1}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2}', '{1,2}', '{1,NULL}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2}', '{1,2}', '{1,0}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2}', '{1,2}', '{3,1}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1,2}', '{1,2}', '{{1,2}}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', k => NULL); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', k => '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', k => '{1,NULL}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', k => '{1,NaN}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', k => array_fill(0::float8, '{4097}')); \echo :LAST_ERROR_SQLSTATE
SELECT (price('{1}', '{1}', k => array_fill(0::float8, '{4096}'))).chosen;
SELECT price('{1}', '{1}', m => NULL); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', m => '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', m => '{1,2,3}'); \echo :LAST_ERROR_SQLSTATE
SELECT price('{1}', '{1}', m => '{Infinity}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_price(v, c, cl, k, m) FROM price_test, price_grid; \echo :LAST_ERROR_SQLSTATE
SELECT cp_price(v, c, cl, '{1,2,3,4}', ARRAY[id % 2]) FROM price_test; \echo :LAST_ERROR_SQLSTATE
SELECT cp_price_transition(NULL, '{1}'::float8[], '{1}', '{1}', '{1}', '{1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_price_combine(NULL, '\x00'); \echo :LAST_ERROR_SQLSTATE

-- In parallel: a partial plan, and the same answer with 0, 1 and 4 workers; by partitions as well.
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET enable_partitionwise_aggregate = on;
CREATE TABLE price_parts (LIKE price_test) PARTITION BY HASH (id);
SELECT format('CREATE TABLE price_parts_%s PARTITION OF price_parts FOR VALUES WITH (MODULUS 16, REMAINDER %s)', p, p) FROM generate_series(0, 15) p \gexec
INSERT INTO price_parts TABLE price_test;
ANALYZE price_parts;
CREATE FUNCTION plan_of(query text) RETURNS TABLE (nodes text[], launched int) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	RETURN QUERY WITH RECURSIVE node(n) AS (
		SELECT plan -> 0 -> 'Plan' UNION ALL SELECT json_array_elements(n -> 'Plans') FROM node
	) SELECT array_agg(concat_ws(' ', NULLIF(n ->> 'Partial Mode', 'Simple'), n ->> 'Node Type')), max((n ->> 'Workers Launched')::int) FROM node;
END
$$;
CREATE TABLE price_ask AS SELECT tab, of, format('SELECT cp_price(v%s, c%s, cl, %L, %L) FROM %I', of, of, '{20,0,10,35.5}', '{0.5}', tab) AS query FROM unnest('{price_test,price_parts}'::text[]) tab, unnest('{"",::real[]}'::text[]) of;
SET max_parallel_workers_per_gather = 4;
SELECT tab, of, 'Partial Aggregate' = ANY (nodes) AS partial, 'Finalize Aggregate' = ANY (nodes) AS finalize, launched > 0 AS launched
FROM price_ask, plan_of(query) ORDER BY 1, 2;
CREATE TABLE price_answer (workers int, tab text, of text, answer cp_pricing);
CREATE FUNCTION answers(workers int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	ask price_ask;
	answer cp_pricing;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	FOR ask IN SELECT * FROM price_ask LOOP
		EXECUTE format('SELECT (p).* FROM (%s) s(p)', ask.query) INTO answer;
		INSERT INTO price_answer VALUES (workers, ask.tab, ask.of, answer);
	END LOOP;
END
$$;
SELECT answers(0), answers(1), answers(4);
SELECT of, count(*) AS runs, bool_and(agrees(answer, hand)) AS agree
FROM (SELECT DISTINCT of, by_hand(format('SELECT id, v%s::float8[] AS v, c%s::float8[] AS c, cl FROM price_test', of, of), '{20,0,10,35.5}', '{0.5}') AS hand FROM price_ask) h JOIN price_answer USING (of) GROUP BY of ORDER BY of;

-- Partial states as nodes send them: kept in a table, combined in any order, nothing of another price, nothing that is none.
CREATE AGGREGATE price_part(float8[], float8[], int[], float8[], float8[]) (SFUNC = cp_price_transition, STYPE = bytea);
CREATE AGGREGATE price_whole(bytea) (SFUNC = cp_price_combine, STYPE = bytea, FINALFUNC = cp_price_final);
CREATE TABLE price_state AS SELECT region, price_part(v, c, cl, '{20,0,10,35.5}', '{0.5}') AS state FROM price_test GROUP BY region UNION ALL SELECT 5, NULL;
INSERT INTO price_state SELECT 6, price_part(v, c, cl, '{20}', '{0.5}') FROM price_test WHERE false;
SELECT agrees(price_whole(state), by_hand('TABLE price_test', '{20,0,10,35.5}', '{0.5}')) AS agrees, agrees(price_whole(state ORDER BY region DESC), price_whole(state ORDER BY region)) AS any_order FROM price_state;
SELECT price_whole(state) IS NULL AS nothing FROM price_state WHERE region > 4;
SELECT (price_whole(state)).customers FROM (SELECT price_part('{7}', '{1}', '{1}', '{0}', '{0}') AS state FROM generate_series(1, 3) n GROUP BY n OFFSET 0) s;
SELECT (price_whole(state)).value FROM (SELECT price_part(ARRAY[v], '{0}', '{1}', '{-2e16}', '{0}') AS state FROM (VALUES (1, 1e16::float8), (1, 1), (2, 1), (2, -1e16)) s(part, v) GROUP BY part OFFSET 0) s;
SELECT price_whole(s) FROM (SELECT state FROM price_state UNION ALL SELECT price_part(v, c, cl, '{20,0,10,35.25}', '{0.5}') FROM price_test) p(s); \echo :LAST_ERROR_SQLSTATE
SELECT price_whole(s) FROM (SELECT state FROM price_state UNION ALL SELECT price_part(v, c, cl, '{20,0,10,35.5}', '{0.25}') FROM price_test) p(s); \echo :LAST_ERROR_SQLSTATE
SELECT price_whole(s) FROM (SELECT state FROM price_state UNION ALL SELECT price_part(v, c, cl, '{20,0,10,35.5,1}', '{0.5}') FROM price_test) p(s); \echo :LAST_ERROR_SQLSTATE
SELECT price_whole(s) FROM (VALUES ('\x'::bytea), ('\x00')) p(s); \echo :LAST_ERROR_SQLSTATE
SELECT price_whole(substr(state, 1, length(state) - 1)) FROM price_state; \echo :LAST_ERROR_SQLSTATE
SELECT cp_price_final(state || '\x00') FROM price_state; \echo :LAST_ERROR_SQLSTATE
SELECT cp_price_final(decode(repeat('00', 52), 'hex')); \echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION outcome(a bytea, b bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM price_whole(s ORDER BY n) FROM (VALUES (1, a), (2, b)) p(n, s);
	RETURN 'sums';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT DISTINCT outcome(set_byte(state, i, get_byte(state, i) # b), state) IN ('sums', '22023', '22003') AND outcome(state, set_byte(state, i, get_byte(state, i) # b)) IN ('sums', '22023', '22003') AS told
FROM price_state, LATERAL generate_series(0, length(state) - 1) i, unnest('{1,127,128,255}'::int[]) b WHERE region = 0;
-- A transition that is given a state by somebody else.
CREATE AGGREGATE price_given(float8[], float8[], int[], float8[], float8[]) (SFUNC = cp_price_transition, STYPE = bytea, INITCOND = '\xffffffff');
SELECT price_given(v, c, cl, '{20,0,10,35.5}', '{0.5}') FROM price_test; \echo :LAST_ERROR_SQLSTATE

-- cp_bid: what each limit takes away, or gives.
SELECT prices, cp_bid(50, 20, 'offer', prices) AS kind, cp_bid(50, 20, NULL, prices) AS no_kind, cp_bid(50, 20, 'offer', prices, 'call', 'south') AS finer
FROM unnest(ARRAY['{}', '{"budget": 0.5}', '{"all": 6}', '{"min:all": -1}', '{"offer": 3}', '{"min:offer": -4}', '{"budget:offer": 0.25}', '{"action:call": 5}', '{"min:action:call": -6}', '{"budget:action:call": 0.125}', '{"segment:south": 7}',
	'{"min:segment:south": -8}', '{"budget:segment:south": 2}', '{"discount": 100, "segment:north": 9, "action:mail": 9, "no such limit": 9, "budget:": 9, "min:": 9}', '{"budget": 0.5, "offer": 3, "min:offer": -4, "budget:segment:south": 125e-3}']::jsonb[]) prices;
SELECT cp_bid(50, 20, 'offer', '{"segment:offer": 1, "action:offer": 1}') AS neither, cp_bid(50, 20, 'offer', '{"budget": 1}', segment => 'south', action => NULL) AS one, cp_bid(-3, 0, '', '{"": 2}') AS empty,
	cp_bid(1, 1, repeat('long', 1000), jsonb_build_object(repeat('long', 1000), 2)) AS long;
SELECT cp_bid(NULL, 1, 'offer', '{}') AS value, cp_bid(1, NULL, 'offer', '{}') AS cost, cp_bid(1, 1, 'offer', NULL) AS prices;
-- The very arithmetic of cp_price: a customer takes the option of the highest bid.
SELECT near((SELECT sum(bid) FROM price_test, LATERAL (SELECT max(cp_bid(value, cost, 'kind ' || class, '{"kind 1": 20, "kind 2": 2, "min:kind 2": -2, "kind 3": 10, "kind 4": 35.5, "budget": 0.5}')) AS bid FROM unnest(v, c, cl) u(value, cost, class)) s WHERE bid > 0),
	(SELECT (cp_price(v, c, cl, '{20,0,10,35.5}', '{0.5}')).reduced_value FROM price_test)) AS same;
CREATE TABLE price_bid (value float8, cost float8, kind text, bid float8 GENERATED ALWAYS AS (cp_bid(value, cost, kind, '{"budget": 0.5}')) STORED);
INSERT INTO price_bid VALUES (10, 4, 'offer') RETURNING bid;
SELECT cp_bid(1, 1, 'offer', '[1]'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, 'offer', '0.5'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, 'offer', 'null'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, 'offer', '{"budget": "0.5"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, 'offer', '{"min:offer": null}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, 'offer', '{"budget:segment:south": {}}', segment => 'south'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, 'offer', '{"budget": 1e400}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 0, 'offer', '{"budget": 1e400}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid('NaN', 1, 'offer', '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid('Infinity', 1, 'offer', '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, -1, 'offer', '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 'NaN', 'offer', '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, 'budget', '{"budget": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, 'all', '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_bid(1, 1, kind, '{}') FROM unnest('{minimal,budgets,actions,"min:offer"}'::text[]) kind; \echo :LAST_ERROR_SQLSTATE

DROP AGGREGATE price_part(float8[], float8[], int[], float8[], float8[]), price_given(float8[], float8[], int[], float8[], float8[]), price_whole(bytea);
DROP FUNCTION by_hand, near, agrees, price, plan_of, answers, outcome;
DROP TABLE price_test, price_grid, price_wide, price_case, price_parts, price_ask, price_answer, price_state, price_bid;
