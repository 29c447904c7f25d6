-- Columns of every type, what is left out and what is said about it, and the columns that steer a training.
CREATE TYPE mood AS ENUM ('low', 'fair', 'high');
CREATE DOMAIN share AS numeric CHECK (VALUE BETWEEN 0 AND 1);
CREATE DOMAIN mood_given AS mood;
CREATE TYPE pair AS (a int, b int);
CREATE TABLE column_test AS
SELECT n AS id, n % 10 + n * 53 % 7 > 9 AS gone,
	(n % 10)::smallint AS c_smallint, n % 11 AS c_int, (n % 12)::bigint AS c_bigint, (n % 13)::real AS c_real, (n % 14)::float8 AS c_float8, n % 15 / 10.0 AS c_numeric,
	(n % 16)::text::money AS c_money, (n % 10 / 10.0)::share AS c_share, n % 3 = 0 AS c_boolean,
	't' || n % 5 AS c_text, ('v' || n % 6)::varchar(9) AS c_varchar, ('b' || n % 7)::char(9) AS c_char, ('n' || n % 8)::name AS c_name,
	(ARRAY['low', 'fair', 'high'])[1 + n % 3]::mood AS c_enum, (ARRAY['low', 'fair', 'high'])[1 + n % 3]::mood::mood_given AS c_domain,
	date '2020-02-29' + n % 17 AS c_date, timestamp '2020-02-29 12:00' + n % 18 * interval '1 hour' AS c_timestamp, timestamptz '2020-02-29 12:00+00' + n % 19 * interval '1 hour' AS c_timestamptz,
	ARRAY[n] AS d_array, jsonb_build_object('n', n) AS d_jsonb, json_build_object('n', n) AS d_json, decode(md5(n::text), 'hex') AS d_bytea, n * interval '1 day' AS d_interval,
	time '12:00' + n * interval '1 minute' AS d_time, md5(n::text)::uuid AS d_uuid, '10.0.0.1'::inet + n AS d_inet, point(n, n) AS d_point, int4range(n, n + 1) AS d_range,
	ROW(n, n)::pair AS d_pair, '<a/>'::xml AS d_xml, B'101' AS d_bit, to_tsvector('simple', 'a') AS d_tsvector, 'pg_class'::regclass AS d_regclass, 'c'::"char" AS d_char,
	n::text::xid AS d_xid, '1 2'::int2vector AS d_vector,
	md5(n::text) AS e_id, 'same'::text AS e_text, 7 AS e_number, true AS e_flag, date '2020-01-01' AS e_date, NULL::text AS e_null_text, NULL::int AS e_null_int, 'NaN'::float8 AS e_nan,
	CASE WHEN n % 2 = 0 THEN 'one' END AS f_one_or_null, CASE WHEN n % 2 = 0 THEN 1 END AS f_number_or_null, NULLIF(n % 9, 0)::float8 AS f_some_null
FROM generate_series(1, 500) n;
-- One notice for what has no meaning to a model, one for constants, one for NULLs, one for identifiers.
SELECT rows, features FROM cp_train('columns', 'column_test', 'gone', '{"exclude": "id"}');
SELECT f ->> 'name' AS feature, f ->> 'kind' AS kind, f ->> 'levels' AS levels FROM churnprevent.model, jsonb_array_elements(features) f WHERE name = 'columns';
-- Excluded columns are not spoken of.
SELECT features FROM cp_train('columns', 'column_test', 'gone', '{"include": ["c_int", "c_text"]}');
SELECT features FROM cp_train('columns', 'column_test', 'gone', '{"include": ["c_int", "d_json", "e_text", "e_null_int", "e_id"]}');
SELECT features FROM cp_train('columns', 'column_test', 'gone', '{"include": ["c_int", "c_text"], "exclude": "c_text"}');
SELECT cp_train('columns', 'SELECT d_json, e_text, e_null_int, e_id, gone FROM column_test', 'gone'); \echo :LAST_ERROR_SQLSTATE
-- A text column is an identifier by its values, a number is not; ten rows are too few to tell; a NULL now and then does not make it less of one.
SELECT features FROM cp_train('columns', 'SELECT id, gone FROM column_test', 'gone');
SELECT cp_train('columns', 'SELECT CASE WHEN id % 10 > 0 THEN e_id END AS e_id, gone FROM column_test', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT features FROM cp_train('columns', 'SELECT substr(e_id, 1, 2) AS e_id, gone FROM column_test', 'gone');
-- A primary key is the id unless another is told, so it is no feature; a key of several columns is none.
ALTER TABLE column_test ADD PRIMARY KEY (id);
SELECT features FROM cp_train('columns', 'column_test', 'gone', '{"include": ["id", "c_int", "c_bigint"]}');
SELECT roles FROM churnprevent.model WHERE name = 'columns' ORDER BY version DESC LIMIT 1;
SELECT features FROM cp_train('columns', 'column_test', 'gone', '{"include": ["id", "c_int", "c_bigint"], "id": "c_bigint"}');
SELECT roles FROM churnprevent.model WHERE name = 'columns' ORDER BY version DESC LIMIT 1;
ALTER TABLE column_test DROP CONSTRAINT column_test_pkey, ADD PRIMARY KEY (id, c_int);
SELECT features FROM cp_train('columns', 'column_test', 'gone', '{"include": ["id", "c_int", "c_bigint"]}');

-- NaN is missing; infinities are numbers larger than all others; so with dates.
CREATE TABLE extreme AS SELECT n, n % 10 AS visits, n % 4 = 0 AS gone, (CASE n % 4 WHEN 0 THEN 'Infinity' WHEN 1 THEN '-Infinity' WHEN 2 THEN 'NaN' ELSE '1e308' END)::float8 AS x,
	(CASE n % 4 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN '294276-12-31' END)::timestamp AS t, (CASE n % 4 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' WHEN 2 THEN '4713-01-01 BC' END)::date AS d,
	(CASE n % 4 WHEN 0 THEN 'NaN' ELSE '1e' || n % 300 END)::numeric AS m
FROM generate_series(1, 400) n;
SELECT x.features, round(auc::numeric, 3) AS auc FROM unnest('{x,t,d,m}'::text[]) c, LATERAL cp_train('extreme', 'extreme', 'gone', jsonb_build_object('id', 'n', 'include', c)) x;
SELECT c, bool_and(cp_predict(to_jsonb(e), 'extreme', v::int) = cp_predict(e, 'extreme', v::int)) AS same, bool_and((cp_predict(e, 'extreme', v::int) > 0.5) = gone) AS right
FROM unnest('{x,t,d,m}'::text[]) WITH ORDINALITY u(c, v), extreme e GROUP BY 1 ORDER BY 1;

-- 1,600 columns, the most a table has: numbers and texts.
DO $$
BEGIN
	EXECUTE (SELECT 'CREATE TABLE wide (gone boolean, ' || string_agg(CASE WHEN i % 100 = 0 THEN format('c%s text', i) ELSE format('c%s int', i) END, ', ') || ')' FROM generate_series(1, 1599) i);
	EXECUTE (SELECT 'INSERT INTO wide SELECT n % 7 = 3, ' || string_agg(CASE WHEN i % 100 = 0 THEN format('''t'' || n %% %s', 2 + i / 100) ELSE format('n * %s %% 7', i) END, ', ') || ' FROM generate_series(1, 100) n' FROM generate_series(1, 1599) i);
END
$$;
SELECT rows, features FROM cp_train('wide', 'wide', 'gone', '{"members": "gbm", "gbm": {"rounds": 30, "min_child_weight": 1}}');
SELECT count(*) AS rows, bool_and(cp_predict(w, 'wide') = cp_predict(to_jsonb(w), 'wide')) AS same, cp_auc(cp_predict(w, 'wide'), gone) > 0.95 AS learned FROM wide w;
DROP TABLE wide;

-- 100,000 different texts: rare ones are "other"; all different is an identifier, however wide.
CREATE TABLE texts AS SELECT n, 'text ' || n % 100000 AS many, 'text ' || n AS all_different, CASE WHEN n % 3 = 0 THEN 'frequent' ELSE 'text ' || n % 100000 END AS skewed, n % 3 = 0 AS gone
FROM generate_series(1, 200000) n;
SELECT rows, features FROM cp_train('texts', 'texts', 'gone', '{"id": "n", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT f ->> 'name' AS feature, f ->> 'levels' AS levels FROM churnprevent.model, jsonb_array_elements(features) f WHERE name = 'texts';
SELECT cp_predict('{"many": "?", "skewed": "frequent"}'::jsonb, 'texts') > cp_predict('{"many": "?", "skewed": "rare"}'::jsonb, 'texts') AS learned;
-- Long texts, empty ones, other scripts.
SELECT features FROM cp_train('texts', 'SELECT CASE n % 4 WHEN 0 THEN repeat(''x'', 100000) WHEN 1 THEN repeat(''x'', 100001) WHEN 2 THEN '''' ELSE ''Größe 尺寸'' END AS "Größe", n % 4 = 0 AS gone FROM texts WHERE n <= 400', 'gone');
SELECT cp_predict(jsonb_build_object('Größe', repeat('x', 100000)), 'texts') > cp_predict(jsonb_build_object('Größe', repeat('x', 100001)), 'texts') AS long_told_apart,
	cp_predict('{"Größe": ""}'::jsonb, 'texts') = cp_predict('{"Größe": "   "}'::jsonb, 'texts') AS blank_is_empty;
DROP TABLE texts;

-- Weights: twice as heavy is as good as twice there.
CREATE TABLE weighed AS SELECT n, n % 10 AS visits, n % 3 AS heavy, n % 10 + n * 53 % 7 > 9 AS gone FROM generate_series(1, 400) n;
SELECT rows, round(churn_rate::numeric, 3) AS churn_rate FROM cp_train('weighed', 'weighed', 'gone', '{"id": "n", "weight": "heavy", "test_size": 0.5}');
SELECT abs(a.log_loss - b.log_loss) < 1e-9 AS ones FROM cp_train('weighed', 'SELECT *, 1 AS one FROM weighed', 'gone', '{"id": "n", "weight": "one"}') a, cp_train('weighed', 'weighed', 'gone', '{"id": "n"}') b;
SELECT abs(a.log_loss - b.log_loss) < 1e-9 AS huge, abs(c.log_loss - b.log_loss) < 1e-9 AS tiny, abs(a.auc - b.auc) < 1e-9 AND abs(c.auc - b.auc) < 1e-9 AS auc
FROM cp_train('weighed', 'SELECT n, visits, gone, heavy * 1e307::float8 AS w FROM weighed', 'gone', '{"id": "n", "weight": "w"}') a, cp_train('weighed', 'weighed', 'gone', '{"id": "n", "weight": "heavy"}') b,
	cp_train('weighed', 'SELECT n, visits, gone, heavy * 1e-300::float8 AS w FROM weighed', 'gone', '{"id": "n", "weight": "w"}') c;
SELECT cp_train('weighed', 'SELECT *, 0 AS w FROM weighed', 'gone', '{"weight": "w"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('weighed', 'SELECT *, n - 2 AS w FROM weighed', 'gone', '{"weight": "w"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('weighed', 'SELECT *, NULLIF(n, 7) AS w FROM weighed', 'gone', '{"weight": "w"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('weighed', 'SELECT *, ''Infinity''::float8 AS w FROM weighed', 'gone', '{"weight": "w"}'); \echo :LAST_ERROR_SQLSTATE

-- Out of time: the newest rows are held out, those without a time are left out. The rule changes at row 300.
SELECT rows, auc FROM cp_train('timed', 'SELECT n, date ''2024-01-01'' + n AS day, visits, CASE WHEN n > 320 THEN visits < 5 ELSE visits >= 5 END AS gone FROM weighed', 'gone', '{"time_column": "day", "id": "n"}');
SELECT rows FROM cp_evaluate('timed');
SELECT rows, auc FROM cp_train('timed', 'SELECT n, CASE WHEN n % 100 > 0 THEN n END AS day, visits, CASE WHEN n > 320 THEN visits < 5 ELSE visits >= 5 END AS gone FROM weighed', 'gone', '{"time_column": "day", "id": "n"}');
SELECT f ->> 'name' AS feature FROM churnprevent.model, jsonb_array_elements(features) f WHERE name = 'timed' AND version = 1;
-- Nothing is left to learn from, or nothing has a time.
SELECT cp_train('timed', 'SELECT 1 AS day, visits, gone FROM weighed', 'gone', '{"time_column": "day"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('timed', 'SELECT 1 AS g, visits, gone FROM weighed', 'gone', '{"group_column": "g"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('timed', 'SELECT n % 2 AS g, visits, gone FROM weighed', 'gone', '{"group_column": "g"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('timed', 'SELECT NULL::date AS day, visits, gone FROM weighed', 'gone', '{"time_column": "day"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('timed', 'SELECT n, visits, n >= 350 AS gone FROM weighed', 'gone', '{"time_column": "n"}'); \echo :LAST_ERROR_SQLSTATE
-- Groups stay whole: what tells groups apart is of no use for the ones held out. With rows split at random it would be.
CREATE TABLE grouped AS SELECT n, n % 50 AS household, (n % 50 * 37 % 50)::text AS street, md5((n % 50)::text) < '8' AS gone FROM generate_series(1, 2000) n;
SELECT rows, features, auc > 0.99 AS too_good FROM cp_train('grouped', 'grouped', 'gone', '{"id": "n", "exclude": "household"}');
SELECT rows, features, auc < 0.8 AS honest FROM cp_train('grouped', 'grouped', 'gone', '{"id": "n", "group_column": "household"}');
SELECT rows % 40 = 0 AS whole_groups FROM cp_evaluate('grouped');

-- A sample: as many as told, by the seed.
SELECT a.rows, b.rows, a.auc = b.auc AS same, a.auc = c.auc AS other_seed
FROM cp_train('sampled', 'SELECT * FROM weighed ORDER BY n', 'gone', '{"id": "n", "max_rows": 150, "seed": 5}') a,
	cp_train('sampled', 'SELECT * FROM weighed ORDER BY n', 'gone', '{"id": "n", "max_rows": 150, "seed": 5}') b,
	cp_train('sampled', 'SELECT * FROM weighed ORDER BY n', 'gone', '{"id": "n", "max_rows": 150, "seed": 6}') c;
SELECT count(DISTINCT bytes) AS of_three FROM churnprevent.model WHERE name = 'sampled';
SELECT rows FROM cp_train('sampled', 'weighed', 'gone', '{"id": "n", "max_rows": 400}');
-- Equal rows are sampled, held out and folded one by one: figures are those of the whole.
CREATE TABLE alike AS SELECT CASE WHEN n % 2 = 0 THEN 'basic' ELSE 'gold' END AS plan, n * 7919 % 100 < CASE WHEN n % 2 = 0 THEN 60 ELSE 30 END AS gone FROM generate_series(1, 10000) n;
SELECT seed, abs(t.auc - 0.65) < 0.03 AS auc, abs(t.log_loss - 0.642) < 0.02 AS log_loss, abs(s.auc - 0.65) < 0.05 AS sampled
FROM generate_series(1, 3) seed, cp_train('alike', 'alike', 'gone', jsonb_build_object('seed', seed)) t,
	cp_train('alike', 'alike', 'gone', jsonb_build_object('seed', seed, 'max_rows', 4000)) s;

-- The limit of memory: said how much, nothing left behind, and less data or a higher limit helps.
CREATE TABLE large AS SELECT n, n % 100 AS a, n % 101 AS b, n % 102 AS c, n % 103 AS d, n % 104 AS e, n % 3 = 0 AS gone FROM generate_series(1, 60000) n;
SET churnprevent.training_memory = '1MB';
\set VERBOSITY terse
SELECT cp_train('large', 'large', 'gone'); \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT rows FROM cp_train('large', 'large', 'gone', '{"max_rows": 1000, "members": "gbm", "gbm": {"rounds": 5}}');
SET churnprevent.training_memory = '100MB';
SELECT rows FROM cp_train('large', 'large', 'gone', '{"members": "gbm", "gbm": {"rounds": 5}}');
RESET churnprevent.training_memory;
\set VERBOSITY sqlstate
SET churnprevent.training_memory = '1kB'; \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT count(*) FROM churnprevent.model WHERE name = 'large';

SELECT cp_drop_model(name) > 0 AS dropped FROM churnprevent.model_name;
DROP TABLE column_test, extreme, weighed, grouped, large, alike;
DROP DOMAIN share, mood_given;
DROP TYPE mood, pair;
