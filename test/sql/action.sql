-- The catalogue of actions: what is shipped, that every version is kept, and what is refused.
\set SHOW_CONTEXT never
-- A fresh installation: versions begin at 1.
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all

-- As shipped.
SELECT action_id, name, kind, cost_fixed, cost_pct, duration_m, redeem_prob, cap, cooldown, channel, effect_prior_mean AS mean, effect_prior_sd AS sd, eligible, enabled, version, pristine
FROM churnprevent.action ORDER BY action_id;
SELECT version, action_ids, jsonb_array_length(definitions) AS definitions, created_by::text = current_user AS mine FROM churnprevent.catalogue;
SELECT jsonb_pretty(definitions -> 1) FROM churnprevent.catalogue;
SELECT policy_id, version, name, method, parameters, shipped FROM churnprevent.policy ORDER BY policy_id;

-- A statement that leaves other actions in force makes one version, however many rows it edits; earlier ones stay as they were.
CREATE TABLE shipped AS SELECT * FROM churnprevent.catalogue;
CREATE VIEW versions AS
SELECT c.version, c.action_ids, (SELECT string_agg(format('%s %s v%s', d->>'name', d->>'cost_fixed', d->>'version'), ', ' ORDER BY n) FROM jsonb_array_elements(definitions) WITH ORDINALITY e(d, n) WHERE (d->>'version')::int > 1 OR (d->>'action_id')::int > 5) AS edited
FROM churnprevent.catalogue c ORDER BY version;
UPDATE churnprevent.action SET cost_fixed = 30 WHERE name = 'offer';
UPDATE churnprevent.action SET cost_fixed = cost_fixed + 1 WHERE kind IN ('offer', 'contact');
INSERT INTO churnprevent.action (action_id, name, kind, cost_fixed) VALUES (100, 'trainer', 'offer', 12), (101, 'towel', 'offer', 3);
UPDATE churnprevent.action SET enabled = false WHERE name IN ('upgrade', 'towel');
SELECT * FROM versions;
-- What is not in force makes none: rows that are disabled, statements that touch nothing or are undone.
INSERT INTO churnprevent.action (action_id, name, kind, enabled) VALUES (102, 'call', 'contact', false);
UPDATE churnprevent.action SET cost_fixed = 4 WHERE name = 'towel';
UPDATE churnprevent.action SET cost_fixed = 4 WHERE name = 'nobody';
BEGIN;
UPDATE churnprevent.action SET cost_fixed = 5 WHERE name = 'trainer';
SAVEPOINT s;
UPDATE churnprevent.action SET cost_fixed = 6 WHERE name = 'trainer';
SELECT max(version) FROM churnprevent.catalogue;
ROLLBACK TO s;
SELECT max(version) FROM churnprevent.catalogue;
ROLLBACK;
SELECT max(version), count(*) FROM churnprevent.catalogue;
UPDATE churnprevent.action SET enabled = true WHERE name = 'towel';
-- The book of a row is kept for it, whatever is written.
UPDATE churnprevent.action SET version = 77, pristine = true WHERE name = 'towel';
INSERT INTO churnprevent.action AS a (action_id, name, kind, cost_fixed) VALUES (101, 'towel', 'offer', 3.50)
ON CONFLICT (action_id) DO UPDATE SET cost_fixed = excluded.cost_fixed;
SELECT name, cost_fixed, version, pristine FROM churnprevent.action WHERE NOT pristine ORDER BY action_id;
SELECT * FROM versions;
SELECT count(*) AS unchanged FROM shipped JOIN churnprevent.catalogue c USING (version) WHERE c = shipped;
-- A definition is the row, to the last digit, whatever the session prints.
SET extra_float_digits = -10;
SET intervalstyle = 'iso_8601';
UPDATE churnprevent.action SET effect_prior_mean = 0.45678901, effect_prior_sd = 0.12345678, redeem_prob = 0.87654321, cooldown = '1 month 2 days 03:04:05' WHERE name = 'towel';
RESET extra_float_digits;
RESET intervalstyle;
SELECT d.effect_prior_mean = a.effect_prior_mean AS mean, d.effect_prior_sd = a.effect_prior_sd AS sd, d.redeem_prob = a.redeem_prob AS redeem, d.cooldown = a.cooldown AS cooldown
FROM churnprevent.action a, (SELECT definitions FROM churnprevent.catalogue ORDER BY version DESC LIMIT 1) c, jsonb_populate_recordset(NULL::churnprevent.action, c.definitions) d
WHERE a.name = 'towel' AND d.action_id = a.action_id;
SELECT (definitions @> '[{"name": "towel", "cooldown": "1 mon 2 days 03:04:05"}]') AS plain FROM churnprevent.catalogue ORDER BY version DESC LIMIT 1;
-- A shipped row that nobody edited gives way to one of its id or name that is restored, which says whether it was edited; an edited one
-- does not, and neither to a user's.
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (1, 'discount_10', 'offer'); \echo :LAST_ERROR_SQLSTATE
BEGIN;
INSERT INTO churnprevent.action (action_id, name, kind, pristine) VALUES (1, 'discount_10', 'offer', false);
SELECT kind, version, pristine FROM churnprevent.action WHERE action_id = 1;
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (1, 'again', 'offer'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (4, 'present', 'offer'); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (104, 'offer', 'offer'); \echo :LAST_ERROR_SQLSTATE

-- None stays, free and for everybody.
UPDATE churnprevent.action SET enabled = false WHERE action_id = 0; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET enabled = false; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET cost_fixed = 1 WHERE action_id = 0; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET cost_pct = 0.1, duration_m = 1 WHERE action_id = 0; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET eligible = 'age > 30' WHERE action_id = 0; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET kind = 'contact' WHERE action_id = 0; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET name = 'nothing' WHERE action_id = 0; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (103, 'nothing', 'none'); \echo :LAST_ERROR_SQLSTATE

-- Rows no decision could be made with.
CREATE FUNCTION refused(assignment text, action text DEFAULT 'trainer') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
	fact text;
BEGIN
	EXECUTE format('UPDATE churnprevent.action SET %s WHERE name = %L', assignment, action);
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, fact = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, said, '(' || nullif(regexp_replace(fact, '^Failing row.*', ''), '') || ')');
END
$$;
SELECT assignment, refused(assignment) FROM (VALUES
	('cost_fixed = -1'), ('cost_fixed = -0.01'), ('cost_fixed = ''NaN'''), ('cost_fixed = 9999999999.99'), ('cost_fixed = 10000000000'), ('cost_fixed = NULL'),
	('cost_pct = 1.00001, duration_m = 1'), ('cost_pct = 1, duration_m = 1'), ('cost_pct = -0.1, duration_m = 1'), ('cost_pct = ''NaN'', duration_m = 1'), ('cost_pct = 0.1, duration_m = 0'),
	('duration_m = -1'), ('duration_m = 61'), ('kind = ''discount'', cost_pct = 0, duration_m = 0'),
	('redeem_prob = 1.1'), ('redeem_prob = -0.1'), ('redeem_prob = ''NaN'''), ('redeem_prob = ''Infinity'''), ('redeem_prob = NULL'),
	('effect_prior_mean = 11'), ('effect_prior_mean = ''NaN'''), ('effect_prior_mean = ''-Infinity'''), ('effect_prior_sd = 0'), ('effect_prior_sd = -1'), ('effect_prior_sd = 11'), ('effect_prior_sd = ''NaN'''),
	('cap = -1'), ('cooldown = ''-1 day'''), ('cooldown = ''100 years 1 day'''), ('cooldown = ''178000000 years'''), ('cooldown = NULL'),
	('kind = ''bribe'''), ('kind = ''Offer'''), ('kind = '''''), ('kind = ''none'''), ('kind = NULL'),
	('name = '''''), ('name = repeat(''n'', 64)'), ('name = ''offer'''), ('name = NULL')) t(assignment);
SELECT refused('cost_pct = 0', 'discount_20'), refused('duration_m = 0', 'discount_10');
UPDATE churnprevent.action SET cost_fixed = -1 WHERE name = 'trainer'; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET cost_pct = 1.1, duration_m = 2 WHERE name = 'trainer'; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (256, 'x', 'offer'); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (-1, 'x', 'offer'); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.action (action_id, name, kind, cost_fixed) VALUES (103, 'x', 'offer', -1); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.action (action_id, name) VALUES (103, 'x'); \echo :LAST_ERROR_SQLSTATE

-- Rules are read when they are written.
SELECT rule, refused(format('eligible = %L', rule)) FROM (VALUES
	('age >'), ('age > 30 AND'), ('(age > 30'), ('age > 30)'), ('age 30'), ('age > ''30'), ('age IN ()'), ('age BETWEEN 1'), ('age IS 3'), ('NOT'), (''), ('   '), ('30'), ('1 = 1'),
	('age > 30; DROP TABLE gym_member'), ('lower(plan) = ''basic'''), ('age + 1 > 30'), ('plan LIKE ''b%'''), ('(SELECT true)'), ('age > 30 -- x'), ('plan = "basic'), ('age > 1e999'), ('age > $1'), ('plan::text = ''x''')) t(rule);
UPDATE churnprevent.action SET eligible = 'age >= 18 AN plan = ''basic''' WHERE name = 'trainer'; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.action (action_id, name, kind, eligible) VALUES (103, 'x', 'offer', 'age >= '); \echo :LAST_ERROR_SQLSTATE
SELECT refused(format('eligible = %L', repeat('(', 65) || 'age > 1' || repeat(')', 65))) AS deep;
SELECT refused(format('eligible = %L', 'plan = ''' || repeat('x', 8192) || '''')) AS long;

-- At most 32 in force, and together of so many states that one can be told from the other.
BEGIN;
INSERT INTO churnprevent.action (action_id, name, kind) SELECT 200 + n, 'more ' || n, 'contact' FROM generate_series(1, 32 - (SELECT count(*)::int FROM churnprevent.action WHERE enabled)) n;
SELECT cardinality(action_ids) FROM churnprevent.catalogue ORDER BY version DESC LIMIT 1;
SELECT refused('enabled = true', 'upgrade');
INSERT INTO churnprevent.action (action_id, name, kind, enabled) VALUES (250, 'one more, not in force', 'contact', false);
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (251, 'one more', 'contact'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
INSERT INTO churnprevent.action (action_id, name, kind, cost_pct, duration_m) SELECT 200 + n, 'half price ' || n, 'discount', 0.5, CASE n WHEN 4 THEN 54 ELSE 60 END FROM generate_series(1, 4) n;
SELECT refused('duration_m = 4', 'discount_10');
INSERT INTO churnprevent.action (action_id, name, kind) SELECT 220 + n, 'level ' || n, 'upgrade' FROM generate_series(1, 10) n;
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (240, 'level 11', 'upgrade'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- Rows stay: decisions refer to them.
DELETE FROM churnprevent.action WHERE name = 'towel'; \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.action WHERE name = 'discount_10'; \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.action; \echo :LAST_ERROR_SQLSTATE
TRUNCATE churnprevent.action; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET action_id = 110 WHERE name = 'towel'; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.action SET action_id = 110 WHERE name = 'discount_10'; \echo :LAST_ERROR_SQLSTATE
SELECT name, cost_fixed, version, pristine FROM churnprevent.action ORDER BY action_id;
SELECT max(version), count(*) FROM churnprevent.catalogue;

-- What a rule names must be there when it is first used with a model: rule and feature are named.
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "tenure_column": "visits_per_month", "members": "gbm", "gbm": {"rounds": 20}}');
CREATE FUNCTION used(rule text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
	fact text;
BEGIN
	UPDATE churnprevent.action SET eligible = rule WHERE name = 'trainer';
	PERFORM cp_recommend(m, 'random', 'gym') FROM gym_member m WHERE member_id = 1;
	RETURN 'fits';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, fact = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, said, '(' || fact || ')');
END
$$;
SELECT rule, used(rule) FROM (VALUES
	('weight > 80'), ('age > 18 AND "Plan" = ''basic'''), ('member_id = 1'), ('left_club'), ('plan > 3'), ('plan = 3'), ('plan = ''gold'''), ('plan IN (''basic'', ''gold'')'), ('age = ''x'''), ('age'), ('auto_renew = 1'),
	('joined > ''yesterday'''), ('joined > 3'), ('joined = ''2026-02-30'''), ('plan < ''basic'''), ('age = plan'),
	('AGE > 18 AND Plan = ''basic'' AND "home_club" IS NOT NULL AND auto_renew AND NOT monthly_fee BETWEEN 1 AND 2 AND joined >= ''2020-01-31'' AND plan IN (''basic'', ''plus'')')) t(rule);
UPDATE churnprevent.action SET eligible = 'weight > 80' WHERE name = 'trainer';
SELECT cp_recommend(m, 'greedy', 'gym') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(m, '1', 'none', 'k', 'gym') FROM gym_member m WHERE member_id = 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('world', 'gym', 'gym_member'); \echo :LAST_ERROR_SQLSTATE
-- A rule of an action that is not in force is in nobody's way.
UPDATE churnprevent.action SET enabled = false WHERE name = 'trainer';
SELECT count(cp_recommend(m, 'greedy', 'gym')) FROM gym_member m;

-- Who may edit: operators, who can neither take rows away nor rewrite what was in force.
CREATE ROLE action_operator;
CREATE ROLE action_reader;
SELECT cp_grant('action_operator', 'operator'), cp_grant('action_reader', 'reader');
SET ROLE action_operator;
UPDATE churnprevent.action SET cost_fixed = 13, enabled = true, eligible = NULL WHERE name = 'trainer';
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (105, 'sauna', 'offer');
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (3, 'upgrade', 'upgrade'); \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.action WHERE name = 'towel'; \echo :LAST_ERROR_SQLSTATE
TRUNCATE churnprevent.action; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.catalogue SET definitions = '[]'; \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.catalogue; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.catalogue (version, action_ids, definitions) VALUES (99, '{0}', '[]'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_action_check('{}'); \echo :LAST_ERROR_SQLSTATE
ALTER TABLE churnprevent.action DISABLE TRIGGER ALL; \echo :LAST_ERROR_SQLSTATE
SELECT max(version), count(*) FROM churnprevent.catalogue;
SET ROLE action_reader;
SELECT count(*) FROM churnprevent.action;
UPDATE churnprevent.action SET cost_fixed = 14 WHERE name = 'trainer'; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.action (action_id, name, kind) VALUES (106, 'pool', 'offer'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- What an editor put into his search path or a function of his own is nobody else's to run.
CREATE SCHEMA action_evil;
CREATE FUNCTION action_evil.to_jsonb(churnprevent.action) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'to_jsonb called'; END $$;
CREATE FUNCTION action_evil.minus(jsonb, text[]) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '- called'; END $$;
CREATE OPERATOR action_evil.- (LEFTARG = jsonb, RIGHTARG = text[], FUNCTION = action_evil.minus);
GRANT USAGE ON SCHEMA action_evil TO action_operator;
SET ROLE action_operator;
SET search_path = action_evil, pg_catalog, public;
UPDATE churnprevent.action SET cost_fixed = 14 WHERE name = 'trainer';
RESET search_path;
RESET ROLE;

-- Before anybody decides there is a warning: when a model is put in force by training, or by deploying. Not when it fits, nor when it is only stored.
UPDATE churnprevent.action SET eligible = 'weight > 80' WHERE name = 'trainer';
SELECT version FROM cp_train('warned', 'gym_member', 'left_club', '{"id": "member_id", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT version FROM cp_train('warned', 'gym_member', 'left_club', '{"id": "member_id", "members": "gbm", "gbm": {"rounds": 5}, "deploy": false}');
SELECT cp_deploy('warned', 2);
SELECT cp_deploy('warned', 'rollback');
UPDATE churnprevent.action SET eligible = 'age > 80' WHERE name = 'trainer';
SELECT cp_deploy('warned', 2);

SET client_min_messages = warning;
DROP SCHEMA action_evil CASCADE;
DROP OWNED BY action_operator, action_reader;
DROP ROLE action_operator, action_reader;
DROP TABLE gym_member, shipped;
DROP VIEW versions;
DROP FUNCTION refused(text, text), used(text);
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
