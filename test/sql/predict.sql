-- cp_predict: the same probability however the row comes, found by name.
CREATE TYPE predict_tier AS ENUM ('bronze', 'silver', 'gold');
CREATE DOMAIN predict_score AS int CHECK (VALUE >= 0);
CREATE DOMAIN predict_tier_given AS predict_tier;
CREATE TABLE predict_test (
	id int PRIMARY KEY, "Visits" predict_score, spend numeric(8,2), ratio real, gain float8, plan text, code char(6), town varchar(20),
	label name, tier predict_tier_given, regular boolean, joined date, seen timestamp, called timestamptz, total bigint, gone boolean);
INSERT INTO predict_test
SELECT n, n % 10, CASE WHEN n % 11 > 0 THEN n * 37 % 1000 / 10.0 END, (n * 7919 % 1000) / 7.0, CASE n % 50 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity'
	WHEN 2 THEN '-Infinity' ELSE (n * 31 % 97) / 3.0 END, CASE WHEN n % 9 > 0 THEN 'plan ' || n % 3 END, 'c' || n % 5, 'Tówn ' || n % 4,
	'l' || n % 2, (ARRAY['bronze', 'silver', 'gold'])[1 + n % 3]::predict_tier, n % 7 > 2, date '2024-01-01' + n * 13 % 365,
	CASE n % 40 WHEN 0 THEN 'infinity' ELSE timestamp '2024-01-01 12:34:56.789' + n * interval '1 hour' END,
	timestamptz '2024-01-01 12:34:56.789+02' + n * 17 % 100 * interval '1 day', n * 1000000007::bigint, n % 10 + n * 53 % 7 > 9
FROM generate_series(1, 600) n;
SELECT version, rows, features FROM cp_train('predicted', 'predict_test', 'gone');

-- A record, jsonb, json, by name and by version: one probability.
SELECT count(*) AS rows, bool_and(p > 0 AND p < 1) AS sane, count(DISTINCT round(p::numeric, 6)) > 10 AS varied,
	count(*) FILTER (WHERE p <> cp_predict(c.*, 'predicted')) AS star,
	count(*) FILTER (WHERE p <> cp_predict(to_jsonb(c), 'predicted')) AS jsonb,
	count(*) FILTER (WHERE p <> cp_predict(to_json(c), 'predicted')) AS json,
	count(*) FILTER (WHERE p <> cp_predict(c, 'predicted', 1)) AS version,
	count(*) FILTER (WHERE p <> cp_predict(version => 1, model => 'predicted', customer => c)) AS named
FROM predict_test c, LATERAL (SELECT cp_predict(c, 'predicted') AS p OFFSET 0) s;
-- JSON says the same in other time zones and date styles.
SET timezone = 'Asia/Kolkata';
SET datestyle = 'German';
SELECT count(*) FROM predict_test c WHERE cp_predict(c, 'predicted') <> cp_predict(to_jsonb(c), 'predicted');
RESET timezone;
RESET datestyle;
-- Order and case of columns do not matter; further ones are ignored; an equal type will do.
SELECT count(*) FROM predict_test c, LATERAL (SELECT c.gone AS x, c.called, c.joined, c.seen, c.regular, c.tier::text AS "TIER",
	c.label::text, c.town::char(20), c.code::text, c.plan::varchar AS "Plan", c.gain, c.ratio, c.spend::float8, c."Visits"::numeric AS visits, c.total::numeric, 1 AS further) r
WHERE cp_predict(c, 'predicted') <> cp_predict(r, 'predicted');
SELECT count(*) FROM predict_test c WHERE cp_predict(c, 'predicted') <>
	cp_predict((SELECT jsonb_object_agg(upper(key), value) FROM jsonb_each(to_jsonb(c) || '{"further": [1], "gone": null}')), 'predicted');

-- Where NULL, NaN and unseen categories come out: missing is missing, unseen is "other".
SELECT cp_predict(to_jsonb(c) || '{"gain": "NaN"}', 'predicted') = cp_predict(to_jsonb(c) || '{"gain": null}', 'predicted') AS nan_is_null,
	cp_predict(to_jsonb(c) || '{"plan": "plan x"}', 'predicted') = cp_predict(to_jsonb(c) || '{"plan": "other things"}', 'predicted') AS unseen_is_other,
	cp_predict(to_jsonb(c) || '{"plan": "plan 1   "}', 'predicted') = cp_predict(to_jsonb(c) || '{"plan": "plan 1"}', 'predicted') AS blanks,
	cp_predict(to_jsonb(c) || '{"Visits": 1e400}', 'predicted') = cp_predict(to_jsonb(c) || '{"Visits": "Infinity"}', 'predicted') AS huge,
	cp_predict(to_jsonb(c) || '{"regular": "yes"}', 'predicted') = cp_predict(to_jsonb(c) || '{"regular": true}', 'predicted') AS flag
FROM predict_test c WHERE id = 77;
ALTER TYPE predict_tier ADD VALUE 'platinum';
SELECT cp_predict(to_jsonb(c) || '{"tier": "platinum"}', 'predicted') = cp_predict(r, 'predicted') AS new_enum_value
FROM predict_test c, LATERAL (SELECT c."Visits", c.spend, c.ratio, c.gain, c.plan, c.code, c.town, c.label, 'platinum'::predict_tier AS tier, c.regular, c.joined,
	c.seen, c.called, c.total) r WHERE id = 77;
SELECT p > 0 AND p < 1 AS all_null FROM cp_predict(ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::predict_test, 'predicted') p;

-- What is missing, what cannot be read.
SELECT cp_predict(s, 'predicted') FROM (SELECT id, plan, code, town FROM predict_test LIMIT 1) s; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(to_jsonb(c) - 'plan', 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(ROW(1, 2), 'predicted'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(ROW(c.*), 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(NULL::predict_test, 'predicted'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, 'predicted') FROM (VALUES (0)) v(id) LEFT JOIN predict_test c USING (id); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(NULL::jsonb, 'predicted'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(NULL::json, 'predicted'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict('null'::jsonb, 'predicted'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict('[{}]'::jsonb, 'predicted'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict('3'::json, 'predicted'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(r, 'predicted') FROM predict_test c, LATERAL (SELECT c.called, c.joined, c.seen, c.regular, c.tier, c.label, c.town, c.code, c.plan, c.gain,
	c.ratio, c.spend::text, c."Visits", c.total) r LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(r, 'predicted') FROM predict_test c, LATERAL (SELECT c.called, c.joined, c.seen, c.regular::int, c.tier, c.label, c.town, c.code, c.plan, c.gain,
	c.ratio, c.spend, c."Visits", c.total) r LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(r, 'predicted') FROM predict_test c, LATERAL (SELECT c.called, c.joined, c.seen, c.regular, c.tier, c.label, c.town, ARRAY[c.code] AS code, c.plan, c.gain,
	c.ratio, c.spend, c."Visits", c.total) r LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(r, 'predicted') FROM predict_test c, LATERAL (SELECT c.called, c.joined, c.seen, c.regular, c.tier, c.label, c.town, c.code, c.plan AS "Plan", c.plan AS "PLAN", c.gain,
	c.ratio, c.spend, c."Visits", c.total) r LIMIT 1; \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT cp_predict(to_jsonb(c) || '{"spend": true}', 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(to_jsonb(c) || '{"spend": "much"}', 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(to_jsonb(c) || '{"joined": "someday"}', 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT cp_predict(to_jsonb(c) || '{"regular": 1}', 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(to_jsonb(c) || '{"joined": 20240101}', 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(to_jsonb(c) || '{"plan": ["plan 1"]}', 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(to_jsonb(c) - 'plan' || '{"Plan": null, "PLAN": null}', 'predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
-- No such model.
SELECT cp_predict(c, 'nobody') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, 'Predicted') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, '') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, 'predicted', 2) FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, 'predicted', 0) FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, 'predicted', -1) FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE

-- The default: the only model deployed, else the setting.
SELECT count(*) FROM predict_test c WHERE cp_predict(c) <> cp_predict(c, 'predicted') OR cp_predict(c, NULL, NULL) <> cp_predict(c, 'predicted')
	OR cp_predict(to_jsonb(c)) <> cp_predict(c, 'predicted') OR cp_predict(to_json(c)) <> cp_predict(c, 'predicted');
SELECT version FROM cp_train('flat', 'predict_test', 'gone', '{"include": "spend", "deploy": false}');
SELECT count(*) FROM predict_test c WHERE cp_predict(c) <> cp_predict(c, 'predicted');
SELECT cp_predict(c, 'flat') FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('flat', 1);
SELECT cp_predict(c) FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SET churnprevent.default_model = 'flat';
SELECT count(*) FROM predict_test c WHERE cp_predict(c) <> cp_predict(c, 'flat');
SET churnprevent.default_model = 'predicted';
SELECT count(*) FROM predict_test c WHERE cp_predict(c) <> cp_predict(c, 'predicted');
SET churnprevent.default_model = 'nobody';
SELECT cp_predict(c) FROM predict_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
RESET churnprevent.default_model;

-- A change of the setting is seen at once, also by an expression that lives in a function.
DO $$
DECLARE
	c predict_test;
	p float8;
BEGIN
	SELECT * INTO c FROM predict_test WHERE id = 5;
	FOR i IN 1..4 LOOP
		PERFORM set_config('churnprevent.default_model', CASE WHEN i % 2 = 0 THEN 'flat' ELSE 'predicted' END, true);
		p := cp_predict(c);
		RAISE NOTICE '%: %', current_setting('churnprevent.default_model'), p = cp_predict(c, current_setting('churnprevent.default_model'));
	END LOOP;
END
$$;
-- Several models and row types in one query, the model's name from a column; an index scan's row, a row of a set operation.
SELECT m.name, count(*), bool_and(abs(cp_predict(c, m.name) - CASE m.name WHEN 'flat' THEN cp_predict(c, 'flat') ELSE cp_predict(c, 'predicted') END) = 0)
FROM predict_test c, churnprevent.model_name m GROUP BY 1 ORDER BY 1;
SELECT count(*), count(DISTINCT round(p::numeric, 9)) FROM (
	SELECT cp_predict(s, 'flat') AS p FROM (SELECT spend FROM predict_test WHERE id = 5 UNION ALL SELECT spend FROM predict_test WHERE id = 5) s
	UNION ALL SELECT cp_predict(s, 'flat') FROM (VALUES (18.5)) s(spend)
	UNION ALL SELECT cp_predict(s, 'flat') FROM (VALUES ('x', 18.5::float8)) s(a, spend)
	UNION ALL SELECT cp_predict(c, 'flat') FROM predict_test c WHERE id = 5
	UNION ALL SELECT cp_predict(jsonb_populate_record(NULL::predict_test, '{"spend": 18.5}'), 'flat')) t;
-- It reads tables: no index can hold it. A prepared statement can.
CREATE INDEX ON predict_test (cp_predict(predict_test, 'flat')); \echo :LAST_ERROR_SQLSTATE
PREPARE one(int) AS SELECT round(cp_predict(c, 'predicted')::numeric, 9) = round(cp_predict(to_jsonb(c), 'predicted')::numeric, 9) AS same FROM predict_test c WHERE id = $1;
EXECUTE one(1); EXECUTE one(2); EXECUTE one(3); EXECUTE one(4); EXECUTE one(5); EXECUTE one(6); EXECUTE one(7);

-- The table changes between training and scoring, in one session, with statements kept ready.
CREATE TABLE predict_kept AS SELECT id, cp_predict(c, 'predicted') AS p FROM predict_test c;
PREPARE differing AS SELECT count(*) FROM predict_test c JOIN predict_kept k USING (id) WHERE cp_predict(c, 'predicted') <> p;
EXECUTE differing;
ALTER TABLE predict_test ADD COLUMN later text DEFAULT 'x';
EXECUTE differing;
ALTER TABLE predict_test DROP COLUMN later;
EXECUTE differing;
ALTER TABLE predict_test ALTER COLUMN "Visits" TYPE float8;
EXECUTE differing;
ALTER TABLE predict_test RENAME COLUMN plan TO contract;
EXECUTE differing; \echo :LAST_ERROR_SQLSTATE
ALTER TABLE predict_test RENAME COLUMN contract TO "PLAN";
EXECUTE differing;
-- Dropped and added again, another place in the row.
ALTER TABLE predict_test ADD COLUMN plan text;
UPDATE predict_test SET plan = "PLAN";
ALTER TABLE predict_test DROP COLUMN "PLAN";
EXECUTE differing;
ALTER TABLE predict_test ALTER COLUMN spend TYPE text;
EXECUTE differing; \echo :LAST_ERROR_SQLSTATE
ALTER TABLE predict_test DROP COLUMN spend;
EXECUTE differing; \echo :LAST_ERROR_SQLSTATE
ALTER TABLE predict_test ADD COLUMN spend numeric;
SELECT count(*) FROM predict_test c WHERE cp_predict(c, 'predicted') <> cp_predict(to_jsonb(c), 'predicted');
-- Altered between two calls of one function.
CREATE FUNCTION predict_while_altering() RETURNS SETOF boolean LANGUAGE plpgsql AS $$
DECLARE
	command text;
	p float8;
BEGIN
	FOREACH command IN ARRAY '{ALTER TABLE predict_test ADD x1 int,ALTER TABLE predict_test DROP x1,ALTER TABLE predict_test RENAME id TO no,
		ALTER TABLE predict_test RENAME no TO id}'::text[] LOOP
		EXECUTE command;
		SELECT cp_predict(c, 'predicted') INTO p FROM predict_test c WHERE town = 'Tówn 1' ORDER BY total LIMIT 1;
		RETURN NEXT p = (SELECT cp_predict(to_jsonb(c), 'predicted') FROM predict_test c WHERE town = 'Tówn 1' ORDER BY total LIMIT 1);
	END LOOP;
END
$$;
SELECT * FROM predict_while_altering();
-- The source is gone; the model stays.
DEALLOCATE ALL;
DROP FUNCTION predict_while_altering;
DROP TABLE predict_test;
SELECT p > 0 AND p < 1 AS sane FROM cp_predict('{"spend": 18.5}'::jsonb, 'flat') p;

SELECT cp_drop_model(name) FROM churnprevent.model_name;
DROP TABLE predict_kept;
DROP DOMAIN predict_score, predict_tier_given;
DROP TYPE predict_tier;
