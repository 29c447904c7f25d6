-- cp_explain: contributions that add up, whichever way the customer comes.
\i test/data/telco_churn.sql
\i test/data/gym_members.sql
SET client_min_messages = warning; -- it takes long enough to speak of its progress
SELECT version FROM cp_train('told', 'customer', 'churn', '{"id": "customer_id", "value_column": "monthly_charges"}');
RESET client_min_messages;
SELECT version FROM cp_train('joined', 'gym_member', 'left_club', '{"gbm": {"rounds": 60}, "members": "gbm"}');

-- Base and contributions are cp_predict's probability; the base is the same for everybody, near the share of leavers.
CREATE TABLE explained AS
SELECT c.customer_id, e.* FROM (SELECT * FROM customer ORDER BY customer_id LIMIT 200) c, LATERAL cp_explain(c, 'told') WITH ORDINALITY e;
SELECT count(*) AS rows, count(DISTINCT customer_id) AS customers, count(DISTINCT feature) AS features, count(DISTINCT base) AS bases, min(base) BETWEEN 0.25 AND 0.28 AS near_the_rate,
	min(std_error) >= 0 AS sane, max(std_error) < 0.01 AS small FROM explained;
SELECT count(*) AS customers, count(*) FILTER (WHERE abs(base + total - cp_predict(c, 'told')) > 1e-9) AS do_not_add_up
FROM (SELECT customer_id, min(base) AS base, sum(contribution) AS total FROM explained GROUP BY 1) s JOIN customer c USING (customer_id);
-- Largest first.
SELECT count(*) FROM (SELECT abs(contribution) AS this, lag(abs(contribution)) OVER (PARTITION BY customer_id ORDER BY ordinality) AS last FROM explained) s WHERE this > last;
-- Again the same; the same from a record, jsonb and json; by name.
SELECT count(*) FROM (SELECT * FROM customer ORDER BY customer_id LIMIT 30) c, LATERAL cp_explain(c, 'told') e
WHERE NOT EXISTS (SELECT FROM explained x WHERE x.customer_id = c.customer_id AND (x.feature, x.value, x.contribution, x.std_error, x.base, x.reason) = (e.feature, e.value, e.contribution, e.std_error, e.base, e.reason));
SELECT count(*) AS customers, count(*) FILTER (WHERE r IS DISTINCT FROM b) AS jsonb, count(*) FILTER (WHERE r IS DISTINCT FROM j) AS json, count(*) FILTER (WHERE r IS DISTINCT FROM n) AS named
FROM (SELECT * FROM customer ORDER BY customer_id DESC LIMIT 30) c,
	LATERAL (SELECT array_agg(e) AS r FROM cp_explain(c, 'told') e) r, LATERAL (SELECT array_agg(e) AS b FROM cp_explain(to_jsonb(c), 'told') e) b,
	LATERAL (SELECT array_agg(e) AS j FROM cp_explain(to_json(c), 'told') e) j, LATERAL (SELECT array_agg(e) AS n FROM cp_explain(top_k => NULL, model => 'told', customer => c) e) n;
SELECT count(*) AS members, count(*) FILTER (WHERE r IS DISTINCT FROM b) AS jsonb
FROM gym_member m, LATERAL (SELECT array_agg(e) AS r FROM cp_explain(m, 'joined') e) r, LATERAL (SELECT array_agg(e) AS b FROM cp_explain(to_jsonb(m), 'joined') e) b;
-- What it is about.
SELECT feature, value, round(contribution::numeric, 1) > 0 AS raises, reason ~ format('^%s = %s (raises|lowers) the risk by [0-9]+\.[0-9] points$', feature, value) AS readable
FROM customer c, cp_explain(c, 'told', 2) WHERE customer_id = 'C0001';
SELECT count(*) FILTER (WHERE reason LIKE '%raises%' AND contribution < 0.0005) + count(*) FILTER (WHERE reason LIKE '%lowers%' AND contribution > -0.0005)
	+ count(*) FILTER (WHERE reason LIKE '%does not change the risk' AND abs(contribution) >= 0.0005) AS wrong,
	count(*) FILTER (WHERE reason LIKE '%does not change the risk') > 0 AS some_do_not,
	count(*) FILTER (WHERE reason ~ 'points$' AND abs((regexp_match(reason, '([0-9.]+) points$'))[1]::float8 - 100 * abs(contribution)) > 0.0501) AS other_points FROM explained;

-- As many as asked for, the largest.
SELECT k, count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT FROM explained x WHERE x.customer_id = 'C0003' AND x.ordinality = e.ordinality AND x.contribution = e.contribution)) AS others
FROM unnest('{1,3,18,19,20,1000000}'::int[]) k, (SELECT * FROM customer WHERE customer_id = 'C0003') c, LATERAL cp_explain(c, 'told', k) WITH ORDINALITY e GROUP BY 1 ORDER BY 1;
SELECT * FROM customer c, cp_explain(c, 'told', 0); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM customer c, cp_explain(to_jsonb(c), 'told', -1); \echo :LAST_ERROR_SQLSTATE

-- Values of every kind: missing, never seen, infinite; dates in ISO style whatever is set.
SET datestyle = 'German';
SET timezone = 'Asia/Kolkata';
SET extra_float_digits = -10;
SELECT feature, value FROM cp_explain('{"joined": "2026-01-15", "last_visit": "2026-06-20 18:00:00.25+00", "plan": "corporate", "home_club": null, "auto_renew": false, "monthly_fee": 29.90,
	"visits_per_month": 0.1, "age": 41}'::jsonb, 'joined') ORDER BY feature;
SELECT feature, value FROM cp_explain('{"joined": "-infinity", "last_visit": "infinity", "plan": "basic   ", "home_club": true, "auto_renew": "yes", "monthly_fee": "Infinity",
	"visits_per_month": "NaN", "age": -0.0}'::jsonb, 'joined') ORDER BY feature;
RESET datestyle;
RESET timezone;
RESET extra_float_digits;
CREATE TYPE explain_plan AS ENUM ('basic', 'corporate');
SELECT e.feature, e.value FROM (SELECT '0044-03-15 BC'::date AS joined, '2020-03-15 12:00'::timestamp AS last_visit, 'corporate'::explain_plan AS plan, 'Harbour'::char(20) AS home_club, NULL::boolean AS auto_renew,
	'29.90'::numeric::money AS monthly_fee, 0.1::real AS visits_per_month, 1e300::float8 AS age) m, cp_explain(m, 'joined') e ORDER BY feature;
SELECT e.feature, e.value FROM (SELECT '5874897-12-31'::date AS joined, '5000000-01-01'::date AS last_visit, NULL AS plan, '' AS home_club, true AS auto_renew, -1e-300 AS monthly_fee,
	1e400::numeric AS visits_per_month, 12345678901234567890::numeric AS age) m, cp_explain(m, 'joined') e ORDER BY feature;
-- All missing, and what adds up even so.
SELECT bool_and(reason ~ format('^missing %s (raises|lowers|does not change) the risk', feature)) AS told FROM cp_explain(ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::gym_member, 'joined');
SELECT count(*), bool_and(value = '(missing)') AS missing, abs(sum(contribution) + min(base) - cp_predict(ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::gym_member, 'joined')) < 1e-9 AS adds_up
FROM cp_explain(ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::gym_member, 'joined');
SELECT count(*) AS members, count(*) FILTER (WHERE abs(total - cp_predict(m, 'joined')) > 1e-9) AS do_not_add_up
FROM (SELECT member_id, joined, last_visit, NULLIF(plan, 'basic') AS plan, home_club || 'x' AS home_club, auto_renew, monthly_fee * 1e200 AS monthly_fee, visits_per_month, age FROM gym_member) m,
	LATERAL (SELECT min(base) + sum(contribution) AS total FROM cp_explain(m, 'joined')) e;

-- Errors are those of cp_predict.
SELECT * FROM cp_explain(NULL::customer, 'told'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_explain(NULL::jsonb, 'told'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM (VALUES (0)) v(tenure) LEFT JOIN customer c ON false, cp_explain(c, 'told') e; \echo :LAST_ERROR_SQLSTATE
SELECT * FROM customer c, cp_explain(c, 'nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM customer c, cp_explain(c); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_explain('{"tenure": 3}'::jsonb, 'told'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_explain('[1]'::json, 'told'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM (SELECT customer_id, 1 AS tenure FROM customer) c, cp_explain(c, 'told'); \echo :LAST_ERROR_SQLSTATE

-- Where sets may stand: in the select list, in a subquery, in PL/pgSQL across versions.
SELECT count(*), count(DISTINCT s) FROM (SELECT cp_explain(c, 'told', 2) AS s FROM customer c WHERE customer_id < 'C0006') s;
SELECT customer_id, (SELECT count(*) FROM cp_explain(c, 'told')) FROM customer c WHERE customer_id < 'C0003' ORDER BY 1;
SET churnprevent.default_model = 'joined';
CREATE FUNCTION explain_versions() RETURNS TABLE (versions bigint, adds_up boolean) LANGUAGE plpgsql AS $$
BEGIN
	FOR v IN 1..2 LOOP
		SELECT count(*), bool_and(abs(total - cp_predict(m, 'joined')) < 1e-9) INTO versions, adds_up
		FROM (SELECT * FROM gym_member LIMIT 5) m, LATERAL (SELECT min(base) + sum(contribution) AS total FROM cp_explain(m)) e;
		RETURN NEXT;
		PERFORM cp_train('joined', 'gym_member', 'left_club', '{"gbm": {"rounds": 5}, "members": "gbm"}');
	END LOOP;
END
$$;
SELECT * FROM explain_versions();
RESET churnprevent.default_model;
-- Two models in one query.
SELECT model, count(*), count(DISTINCT base) FROM (SELECT * FROM customer LIMIT 3) c, (SELECT * FROM gym_member LIMIT 3) m, unnest('{told,joined}'::text[]) model,
	LATERAL cp_explain(CASE model WHEN 'told' THEN to_jsonb(c) ELSE to_jsonb(m) END, model) GROUP BY 1 ORDER BY 1;

-- In parallel: the same.
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE customer SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT sum(e.contribution) FROM customer c, cp_explain(c, 'told', 3) e;
CREATE TABLE together AS SELECT c.customer_id, e.* FROM customer c, LATERAL cp_explain(c, 'told') WITH ORDINALITY e WHERE customer_id <= 'C0200';
SELECT count(*) FROM (TABLE together EXCEPT TABLE explained) s;
RESET min_parallel_table_scan_size; RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET max_parallel_workers_per_gather;

-- Thousands of customers take no more memory than a few; a query that takes long can be stopped.
CREATE FUNCTION explain_memory() RETURNS bigint LANGUAGE sql AS $$ SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts $$;
SELECT cp_train('small', 'SELECT plan, age, left_club FROM gym_member', 'left_club', '{"gbm": {"rounds": 3}, "members": "gbm"}') IS NOT NULL AS trained;
CREATE TABLE memory_used AS SELECT 'in FROM' AS call, n, explain_memory() AS bytes FROM (SELECT n FROM generate_series(1, 12000) n, LATERAL cp_explain(jsonb_build_object('plan', 'basic', 'age', n), 'small', 1) OFFSET 0) s WHERE n IN (4000, 12000);
INSERT INTO memory_used SELECT 'selected', n, explain_memory() FROM (SELECT n, cp_explain(jsonb_build_object('plan', 'basic', 'age', n), 'small', 1) FROM generate_series(1, 12000) n OFFSET 0) s WHERE n IN (4000, 12000);
SELECT call, count(*), max(bytes) - min(bytes) < 50000 AS steady FROM memory_used GROUP BY 1 ORDER BY 1;
SET statement_timeout = '300ms';
SELECT count(*) FROM customer c, generate_series(1, 1000), LATERAL cp_explain(c, 'told'); \echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;

SELECT cp_drop_model('told'), cp_drop_model('joined'), cp_drop_model('small');
DROP FUNCTION explain_versions, explain_memory;
DROP TYPE explain_plan;
DROP TABLE customer, gym_member, explained, together, memory_used;
