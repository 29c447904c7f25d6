-- What a call resolves to, and what it does not resolve to. Untyped literals and parameters need a cast: pinned here.
BEGIN;
SELECT no_plan();
CREATE TABLE customer (id int PRIMARY KEY, visits int, plan text, gone boolean);
INSERT INTO customer SELECT n, n % 10, 'plan ' || n % 3, n % 10 + n * 53 % 7 > 9 FROM generate_series(1, 400) n;
SELECT lives_ok($$ SELECT cp_train('m', 'customer', 'gone') $$, 'train');
SELECT lives_ok($$ SELECT cp_train('m', 'customer', 'gone', '{"gbm": {"rounds": 3}}') $$, 'options as an untyped literal');
SELECT lives_ok($$ SELECT cp_train(model => 'm', label => 'gone', source => 'customer', options => '{"deploy": false}') $$, 'by name');
CREATE FUNCTION pg_temp.known() RETURNS float8 LANGUAGE sql AS $$ SELECT cp_predict('{"visits": 3, "plan": "plan 1"}'::jsonb, 'm') $$;

-- One customer in every way that works.
CREATE TEMP TABLE ways (call text);
INSERT INTO ways VALUES
	($$ cp_predict(c) FROM c $$), ($$ cp_predict(c.*) FROM c $$), ($$ cp_predict((c)) FROM c $$), ($$ cp_predict(c, 'm') FROM c $$), ($$ cp_predict(c, 'm', 2) FROM c $$), ($$ cp_predict(c, NULL) FROM c $$),
	($$ cp_predict(c, NULL, NULL) FROM c $$), ($$ cp_predict(c, 'm', NULL) FROM c $$), ($$ cp_predict(c, version => 2) FROM c $$), ($$ cp_predict(model => 'm', customer => c) FROM c $$),
	($$ cp_predict(c, 'm'::varchar) FROM c $$), ($$ cp_predict(c, 'm'::name) FROM c $$), ($$ cp_predict(c, 'm', 2::smallint) FROM c $$),
	($$ cp_predict(to_jsonb(c), 'm') FROM c $$), ($$ cp_predict(to_json(c), 'm') FROM c $$), ($$ cp_predict(row_to_json(c), 'm') FROM c $$), ($$ cp_predict(to_jsonb(c)) FROM c $$),
	($$ cp_predict('{"visits": 3, "plan": "plan 1"}'::jsonb, 'm') $$), ($$ cp_predict('{"visits": 3, "plan": "plan 1"}'::json, 'm') $$), ($$ cp_predict(jsonb '{"visits": 3, "plan": "plan 1"}') $$),
	($$ cp_predict(jsonb_build_object('visits', 3, 'plan', 'plan 1'), 'm', 2) $$), ($$ cp_predict(json_build_object('visits', 3, 'plan', 'plan 1')) $$),
	($$ cp_predict(s, 'm') FROM (SELECT 'plan 1' AS plan, 3 AS visits) s $$), ($$ cp_predict(s, 'm') FROM (VALUES (3, 'plan 1')) s(visits, plan) $$), ($$ cp_predict(s) FROM (SELECT * FROM c OFFSET 0) s $$),
	($$ cp_predict((SELECT s FROM (SELECT 3 AS visits, 'plan 1' AS plan) s), 'm') $$), ($$ cp_predict(ROW(1, 3, 'plan 1', NULL)::customer, 'm') $$),
	($$ cp_predict(jsonb_populate_record(NULL::customer, '{"visits": 3, "plan": "plan 1"}'), 'm') $$),
	($$ cp_predict(x, 'm') FROM jsonb_to_record('{"visits": 3, "plan": "plan 1"}') AS x(visits int, plan text) $$),
	($$ cp_predict(c, m.name, m.last_version - 1) FROM c, churnprevent.model_name m $$),
	($$ cp_predict(a[1], 'm') FROM (SELECT array_agg(c) AS a FROM c) s $$),
	($$ (cp_score(c, 'm')).churn_probability FROM c $$), ($$ (cp_score(c)).churn_probability FROM c $$), ($$ churn_probability FROM c, cp_score(c, 'm') $$), ($$ churn_probability FROM c, cp_score(to_json(c)) $$),
	($$ churn_probability FROM cp_score('{"visits": 3, "plan": "plan 1"}'::jsonb, 'm') $$);
CREATE TEMP VIEW c AS SELECT * FROM customer WHERE visits = 3 AND plan = 'plan 1' ORDER BY id LIMIT 1;
SELECT results_eq('SELECT' || call, 'SELECT pg_temp.known()', call) FROM ways;

-- What does not resolve, in the server's own words.
CREATE TEMP TABLE not_ways (call text, code text, message text);
INSERT INTO not_ways VALUES
	($$ cp_predict('{"visits": 3}') $$, '42725', 'function cp_predict(unknown) is not unique'),
	($$ cp_predict('{"visits": 3}', 'm') $$, '42725', 'function cp_predict(unknown, unknown) is not unique'),
	($$ cp_predict(NULL, 'm') $$, '42725', 'function cp_predict(unknown, unknown) is not unique'),
	($$ cp_score('{"visits": 3}', 'm') $$, '42725', 'function cp_score(unknown, unknown) is not unique'),
	($$ cp_predict('{"visits": 3}'::text, 'm') $$, '42883', 'function cp_predict(text, unknown) does not exist'),
	($$ cp_predict(3, 'm') $$, '42883', 'function cp_predict(integer, unknown) does not exist'),
	($$ cp_predict(ARRAY[c], 'm') FROM c $$, '42883', NULL),
	($$ cp_predict(c, 2) FROM c $$, '42883', 'function cp_predict(c, integer) does not exist'),
	($$ cp_predict(c, 'm', 2.0) FROM c $$, '42883', NULL),
	($$ cp_predict(c, 'm', 2::bigint) FROM c $$, '42883', NULL),
	($$ cp_predict(c.id, c.visits) FROM c $$, '42883', NULL),
	($$ cp_predict() $$, '42883', NULL),
	($$ cp_predict(ROW(3, 'plan 1'), 'm') $$, '42703', 'column "plan", which model "m" needs, is missing in the row'),
	($$ cp_predict((3, 'plan 1'), 'm') $$, '42703', 'column "plan", which model "m" needs, is missing in the row'),
	($$ cp_deploy('m', 2::bigint) $$, '42883', NULL),
	($$ cp_deploy('m') $$, '42883', NULL),
	($$ cp_train('m', 'customer') $$, '42883', NULL),
	($$ cp_train('m', 'customer', 'gone', '{"seed": 1}'::json) $$, '42883', NULL),
	($$ cp_train('m', 'customer', 'gone', '{seed: 1}') $$, '22P02', NULL),
	($$ cp_auc('0.5', 'true') $$, '42725', 'function cp_auc(unknown, unknown) is not unique'),
	($$ cp_auc(0.5, 'true') $$, '42725', NULL),
	($$ cp_auc(0.5, 1::bigint) $$, '42883', NULL);
SELECT throws_ok('SELECT' || call, code, message, call) FROM not_ways;

-- Parameters: untyped ones need a cast once, then a driver may send text.
SELECT throws_ok($$ PREPARE untyped AS SELECT cp_predict($1, 'm') $$, '42725', 'function cp_predict(unknown, unknown) is not unique', 'a parameter without a type');
SELECT throws_ok($$ PREPARE untyped AS SELECT cp_predict($1, $2) $$, '42725', NULL, 'two of them');
PREPARE typed AS SELECT cp_predict($1::jsonb, $2, $3);
SELECT results_eq($$ EXECUTE typed('{"visits": 3, "plan": "plan 1"}', 'm', 2) $$, 'SELECT pg_temp.known()', 'a parameter with a cast');
SELECT results_eq($$ EXECUTE typed('{"visits": 3, "plan": "plan 1"}', NULL, NULL) $$, 'SELECT pg_temp.known()', 'NULL for the model and the version');
PREPARE declared(jsonb) AS SELECT cp_predict($1);
SELECT results_eq($$ EXECUTE declared('{"visits": 3, "plan": "plan 1"}') $$, 'SELECT pg_temp.known()', 'a parameter with a declared type');
PREPARE of_row(customer) AS SELECT cp_predict($1, 'm');
SELECT results_eq($$ EXECUTE of_row(ROW(1, 3, 'plan 1', NULL)) $$, 'SELECT pg_temp.known()', 'a parameter of a row type');

-- cp_deploy: a number is a version, a text a strategy, a text parameter a strategy too.
SELECT is(cp_deploy('m', 1), 1, 'a version');
SELECT is(cp_deploy('m', 2::smallint), 2, 'a small version');
SELECT is(cp_deploy('m', 'rollback'), 1, 'a strategy');
SELECT is(cp_deploy('m', 'latest'::varchar), 3, 'a strategy of another text type');
SELECT is(cp_deploy(model => 'm', version => 2), 2, 'by name');
SELECT is(cp_deploy(strategy => 'latest', model => 'm'), 3, 'by name in another order');
SELECT throws_ok($$ SELECT cp_deploy('m', '2') $$, '22023', 'unknown strategy "2"', 'an untyped literal is a strategy');
PREPARE deploying AS SELECT cp_deploy($1, $2);
SELECT results_eq($$ EXECUTE deploying('m', 'best') $$, $$ SELECT version FROM churnprevent.model_summary WHERE name = 'm' AND deployed $$, 'an untyped parameter is a strategy');
PREPARE deploying_version AS SELECT cp_deploy($1, $2::int);
SELECT results_eq($$ EXECUTE deploying_version('m', '2') $$, 'SELECT 2', 'a parameter with a cast is a version');

-- Aggregates: labels boolean or 0/1, scores of any number type.
SELECT is(cp_auc(s, l), 1::float8, 'float8, boolean') FROM (VALUES (0.9::float8, true), (0.1, false)) v(s, l);
SELECT is(cp_auc(s, l), 1::float8, 'numeric, integer') FROM (VALUES (0.9, 1), (0.1, 0)) v(s, l);
SELECT is(cp_auc(s, l), 1::float8, 'real, smallint') FROM (VALUES (0.9::real, 1::smallint), (0.1, 0)) v(s, l);
SELECT is(cp_auc(s, l), 1::float8, 'integer, boolean') FROM (VALUES (9, true), (1, false)) v(s, l);

SELECT * FROM finish();
ROLLBACK;
