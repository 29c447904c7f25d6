-- Parallel plans: the aggregates and cp_predict give the same answer with 0, 1 and 4 workers. Plans are asserted, not shown.
CREATE TABLE parallel_test AS
SELECT n AS id, n % 10 AS visits, (n * 37 % 1000) / 10.0 AS spend, 'plan ' || n % 3 AS plan, (n::bigint * 7919 % 10007) / 10007.0::float8 AS p,
	n % 10 + n * 53 % 7 > 9 AS gone
FROM generate_series(1, 12000) n;
ALTER TABLE parallel_test SET (parallel_workers = 4);
ANALYZE parallel_test;
SELECT version FROM cp_train('par', 'SELECT * FROM parallel_test WHERE id <= 2000', 'gone', '{"id": "id", "exclude": "p"}');

\set SHOW_CONTEXT never
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
-- What is in a plan: names of nodes with their partial modes, and how many workers were planned and ran.
CREATE FUNCTION plan_of(query text) RETURNS TABLE (nodes text[], planned int, launched int) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	RETURN QUERY WITH RECURSIVE node(n) AS (
		SELECT plan -> 0 -> 'Plan' UNION ALL SELECT json_array_elements(n -> 'Plans') FROM node
	) SELECT array_agg(concat_ws(' ', NULLIF(n ->> 'Partial Mode', 'Simple'), n ->> 'Node Type')), max((n ->> 'Workers Planned')::int), max((n ->> 'Workers Launched')::int)
	FROM node;
END
$$;
CREATE FUNCTION asks(what text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT format('SELECT %s FROM parallel_test c', what) $$;

-- The aggregates are split into partial ones below a Gather.
SET max_parallel_workers_per_gather = 4;
SELECT what, 'Partial Aggregate' = ANY (nodes) AS partial, 'Finalize Aggregate' = ANY (nodes) AS finalize, nodes && '{Gather,"Gather Merge"}' AS gather, planned, launched > 0 AS launched
FROM unnest('{"cp_auc(p, gone)","cp_auc(p, gone::int)","cp_log_loss(p, gone)","cp_log_loss(p, gone::int)","cp_brier(p, gone)","cp_brier(p, gone::int)"}'::text[]) what, plan_of(asks(what));
-- cp_predict and cp_score run in the workers: below the Gather there is all there is to do.
SELECT what, 'Partial Aggregate' = ANY (nodes) AS partial, planned, launched > 0 AS launched
FROM unnest('{"sum(cp_predict(c, ''par''))","sum(cp_predict(to_jsonb(c), ''par''))","sum(cp_predict(to_json(c), ''par'', 1))","sum((cp_score(c, ''par'')).churn_probability)",
	"cp_brier(cp_predict(c, ''par''), gone)"}'::text[]) what, plan_of(asks(what));

-- The same answers, whoever computes them; also grouped and filtered.
CREATE TABLE parallel_answer (workers int, what text, answer numeric);
CREATE FUNCTION answers(workers int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	what text;
	answer numeric;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	FOREACH what IN ARRAY ARRAY['cp_auc(p, gone)', 'cp_auc(p, gone::int)', 'cp_auc(visits, gone)', 'cp_log_loss(p, gone)', 'cp_log_loss(p, gone::int)', 'cp_brier(p, gone)', 'cp_brier(p, gone::int)',
		'cp_auc(p, gone) FILTER (WHERE id % 5 = 0)', 'cp_log_loss(CASE WHEN id % 7 > 0 THEN p END, gone)', 'cp_auc(p, gone) FILTER (WHERE id < 0)', 'cp_auc(p, gone) FILTER (WHERE gone)',
		'cp_brier(p, gone) FILTER (WHERE id = 17)', 'sum(cp_predict(c, ''par'')::numeric)', 'sum(cp_predict(to_jsonb(c), ''par'')::numeric)',
		'max((cp_score(c, ''par'')).churn_probability)', 'cp_auc(cp_predict(c, ''par''), gone)', 'cp_log_loss(cp_predict(c, ''par'', 1), gone)'] LOOP
		EXECUTE asks(what) INTO answer;
		INSERT INTO parallel_answer VALUES (workers, what, round(answer, 12));
	END LOOP;
END
$$;
SELECT answers(0), answers(1), answers(4);
SELECT what, count(*) AS runs, count(DISTINCT answer) AS answers FROM parallel_answer GROUP BY what ORDER BY what COLLATE "C";
CREATE VIEW parallel_groups AS SELECT visits, plan, round(cp_auc(p, gone)::numeric, 12) AS auc, round(cp_brier(p, gone)::numeric, 12) AS brier FROM parallel_test GROUP BY 1, 2;
SELECT 'Partial Aggregate' = ANY (nodes) AS partial FROM plan_of('TABLE parallel_groups');
CREATE TABLE parallel_kept AS TABLE parallel_groups;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS groups, count(auc) AS measured, (SELECT count(*) FROM (TABLE parallel_groups EXCEPT TABLE parallel_kept) s) AS differing FROM parallel_kept;
SET max_parallel_workers_per_gather = 4;
-- Workers see what the leader's query sees: a model trained and a version deployed in this very transaction, a setting of this session.
BEGIN;
SELECT version FROM cp_train('par', 'SELECT * FROM parallel_test WHERE id <= 2000', 'gone', '{"id": "id", "exclude": "p", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT launched > 0 AS launched FROM plan_of(asks('sum(cp_predict(c, ''par''))'));
SELECT round(sum(cp_predict(c, 'par'))::numeric, 6) = round(sum(cp_predict(c, 'par', 2))::numeric, 6) AS own_version FROM parallel_test c;
SELECT round(sum(cp_predict(c, 'par'))::numeric, 6) = round(sum(cp_predict(c, 'par', 1))::numeric, 6) AS old_version FROM parallel_test c;
ROLLBACK;
SET churnprevent.default_model = 'par';
SET churnprevent.risk_threshold_high = 0;
SELECT round(sum(cp_predict(c))::numeric, 6) = round(sum(cp_predict(c, 'par', 1))::numeric, 6) AS default_model FROM parallel_test c;
SELECT risk_segment, count(*) FROM (SELECT (cp_score(c)).risk_segment FROM parallel_test c) s GROUP BY 1;
RESET churnprevent.default_model;
RESET churnprevent.risk_threshold_high;
-- An error in a worker is the caller's error.
SELECT sum(cp_predict(c, 'nobody')) FROM parallel_test c; \echo :LAST_ERROR_SQLSTATE
SELECT cp_brier(p * 2, gone) > 0 FROM parallel_test c WHERE p > 0.5 AND id = 7; \echo :LAST_ERROR_SQLSTATE
-- Training neither plans nor needs workers for its result: the same bytes whatever the plan of the source.
SET max_parallel_workers_per_gather = 4;
SELECT version FROM cp_train('par', 'SELECT * FROM parallel_test WHERE id <= 3000', 'gone', '{"id": "id", "deploy": false, "members": "gbm"}');
SET max_parallel_workers_per_gather = 0;
SELECT version FROM cp_train('par', 'SELECT * FROM parallel_test WHERE id <= 3000', 'gone', '{"id": "id", "deploy": false, "members": "gbm"}');
SELECT count(*), count(DISTINCT bytes) FROM churnprevent.model WHERE name = 'par' AND version > 1;

SELECT cp_drop_model('par');
DROP VIEW parallel_groups;
DROP FUNCTION plan_of, asks, answers;
DROP TABLE parallel_test, parallel_answer, parallel_kept;
