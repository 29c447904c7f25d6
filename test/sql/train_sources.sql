-- What cp_train takes as a source.
CREATE SCHEMA source_test;
CREATE TABLE source_test.member (id int PRIMARY KEY, visits int, plan text, gone boolean);
INSERT INTO source_test.member SELECT n, n % 10, 'plan ' || n % 3, n % 10 + n * 53 % 7 > 9 FROM generate_series(1, 300) n;
CREATE TABLE source_test."Mixed ""Case"" table" AS TABLE source_test.member;
CREATE VIEW source_test.member_view AS SELECT visits, plan, gone FROM source_test.member;
CREATE MATERIALIZED VIEW source_test.member_stored AS SELECT visits, plan, gone FROM source_test.member;
CREATE TABLE source_test.parted (LIKE source_test.member) PARTITION BY LIST (plan);
CREATE TABLE source_test.parted_rest PARTITION OF source_test.parted DEFAULT;
INSERT INTO source_test.parted TABLE source_test.member;
CREATE TABLE source_test.child () INHERITS (source_test.member);
CREATE TEMP TABLE member_temp AS TABLE source_test.member;
CREATE TABLE source_test.selected AS TABLE source_test.member;
CREATE TABLE source_test."select" AS TABLE source_test.member;

-- Names: qualified, found by the search path, quoted, folded to lower case.
SELECT rows, features FROM cp_train('m', 'source_test.member', 'gone');
SELECT rows, features FROM cp_train('m', ' Source_Test . MEMBER ', 'gone');
SELECT rows, features FROM cp_train('m', 'source_test."Mixed ""Case"" table"', 'gone', '{"exclude": "id"}');
SET search_path = source_test, public;
SELECT rows, features FROM cp_train('m', 'member', 'gone');
SELECT rows, features FROM cp_train('m', 'selected', 'gone', '{"exclude": "id"}');
SELECT rows, features FROM cp_train('m', '"select"', 'gone', '{"exclude": "id"}');
RESET search_path;
-- A view, a materialised view, a partitioned table, a temporary one.
SELECT rows, features FROM cp_train('m', 'source_test.member_view', 'gone');
SELECT rows, features FROM cp_train('m', 'source_test.member_stored', 'gone');
SELECT rows, features FROM cp_train('m', 'source_test.parted', 'gone', '{"exclude": "id"}');
SELECT rows, features FROM cp_train('m', 'member_temp', 'gone', '{"exclude": "id"}');
-- Queries.
SELECT rows, features FROM cp_train('m', 'SELECT visits, plan, gone FROM source_test.member WHERE id <= 200', 'gone');
SELECT rows, features FROM cp_train('m', '  -- with a comment
	/* or two */ select * from source_test.member_view ; ', 'gone');
SELECT rows, features FROM cp_train('m', '(SELECT visits, gone FROM source_test.member) UNION ALL (SELECT visits, NOT gone FROM source_test.member)', 'gone');
SELECT rows, features FROM cp_train('m', 'WITH young AS (SELECT * FROM source_test.member_view WHERE visits < 9) SELECT * FROM young', 'gone');
SELECT rows, features FROM cp_train('m', 'TABLE source_test.member_view', 'gone');
SELECT rows, features FROM cp_train('m', 'VALUES (1, ''a'', true), (2, ''b'', true), (7, ''a'', false), (8, ''a'', false)', 'column3');
SELECT rows, features FROM cp_train('m', 'SELECT a.visits, b.plan, b.gone AS left_us FROM source_test.member a JOIN source_test.member_view b USING (visits) LIMIT 500', 'left_us');
-- A query sees what the caller's transaction has done.
BEGIN;
DELETE FROM source_test.member WHERE id > 250;
SELECT rows FROM cp_train('m', 'source_test.member', 'gone');
ROLLBACK;
-- The source as stored: a name is qualified, a query is as it was.
SELECT version, source FROM churnprevent.model WHERE name = 'm' AND source !~ 'pg_temp' ORDER BY version;
SELECT cp_drop_model('m');

-- What only reads, and only that. Nothing is changed.
SELECT cp_train('m', 'DELETE FROM source_test.member RETURNING *', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'WITH d AS (DELETE FROM source_test.member RETURNING *) SELECT * FROM d', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'WITH d AS (INSERT INTO source_test.member VALUES (0, 1, ''x'', true) RETURNING *) SELECT * FROM source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * FROM source_test.member FOR UPDATE', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * FROM source_test.member FOR KEY SHARE', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * FROM (SELECT * FROM source_test.member FOR UPDATE) s', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * FROM source_test.member WHERE id IN (SELECT id FROM source_test.member FOR SHARE)', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * INTO source_test.copy FROM source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * FROM source_test.member; DROP TABLE source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * FROM source_test.member; SELECT * FROM source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'source_test.member; DROP TABLE source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'EXPLAIN SELECT 1', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*), to_regclass('source_test.copy') FROM source_test.member;

-- No such thing.
SELECT cp_train('m', 'source_test.nothing', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'nowhere.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'source_test.mixed', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'a.b.c.d', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'other_database.source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', '', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', '  ', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', '-- nothing but a comment', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'member WHERE id > 3', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', '"unfinished', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'selec * from source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * FORM source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT FROM source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT * FROM source_test.member WHERE id = $1', 'gone'); \echo :LAST_ERROR_SQLSTATE
-- Two columns of one name, also of the label's.
SELECT cp_train('m', 'SELECT visits, plan AS visits, gone FROM source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT visits, gone, NOT gone AS gone FROM source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('m', 'SELECT a.visits, b.visits, b.gone FROM source_test.member a, source_test.member b', 'gone'); \echo :LAST_ERROR_SQLSTATE
-- Names that differ in case alone: the exact one, else an error.
SELECT features FROM cp_train('m', 'SELECT visits, gone, NOT gone AS "Gone" FROM source_test.member', 'Gone', '{"exclude": "gone"}');
SELECT cp_train('m', 'SELECT visits, gone, NOT gone AS "Gone" FROM source_test.member', 'GONE'); \echo :LAST_ERROR_SQLSTATE
-- An error in the middle of the rows is the query's own.
SELECT cp_train('m', 'SELECT 1 / (id - 200) AS share, gone FROM source_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE

-- From a function of PL/pgSQL, from inside a query, and in a subtransaction that fails.
CREATE FUNCTION source_test.train_all() RETURNS SETOF int LANGUAGE plpgsql AS $$
DECLARE
	source text;
BEGIN
	FOREACH source IN ARRAY '{source_test.member,source_test.nothing,"SELECT visits, gone FROM source_test.member"}'::text[] LOOP
		BEGIN
			RETURN NEXT (SELECT version FROM cp_train('many', source, 'gone'));
		EXCEPTION WHEN undefined_table THEN
			RAISE NOTICE 'caught: %', sqlerrm;
		END;
	END LOOP;
END
$$;
SELECT * FROM source_test.train_all();
SELECT s, t.version FROM unnest('{source_test.member,source_test.child,source_test.parted}'::text[]) s,
	LATERAL cp_train('many', CASE s WHEN 'source_test.child' THEN 'source_test.member_view' ELSE s END, 'gone') t;

SELECT name, cp_drop_model(name) FROM churnprevent.model_name ORDER BY name;
DROP TABLE member_temp;
SET client_min_messages = warning;
DROP SCHEMA source_test CASCADE;
