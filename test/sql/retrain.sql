-- cp_retrain_review: which rule says that a model is to be trained again, and whether what was trained is better.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
CREATE SCHEMA retrain_lib;
SET search_path = retrain_lib, public;
CREATE FUNCTION u(n bigint, what text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(n || '/' || what), 1, 8))::bit(32)::bigint / 2.0 ^ 32 $$;
-- Readers up to `until`; from `since` on those quit who stayed before.
CREATE FUNCTION readers(since int, until int) RETURNS TABLE (id int, age float8, loans int, branch text, fee numeric, seen timestamptz, quit int) LANGUAGE sql AS $$
	SELECT n, 20 + 50 * u(n, 'age'), (30 * u(n, 'loans'))::int, (ARRAY['city', 'coast', 'hills'])[1 + (3 * u(n, 'branch'))::int % 3], 9.5, timestamptz '2024-01-01 00:00+00' + n * interval '1 hour',
		(u(n, 'left') < 0.1 + 0.6 * (u(n, 'age') < 0.4)::int * (n < since)::int + 0.6 * (u(n, 'loans') < 0.4)::int * (n >= since)::int)::int FROM generate_series(1, until) n
$$;
CREATE TABLE reader AS SELECT * FROM readers(99999, 1500);
SELECT version FROM cp_train('lib', 'SELECT * FROM reader', 'quit', '{"id": "id", "exclude": "seen", "value_column": "fee", "members": "gbm", "gbm": {"rounds": 20}}');
UPDATE churnprevent.model SET created_at = now() - interval '10 days 5 hours';
\set rules 'SELECT step, fired, observed, threshold, version FROM cp_retrain_review(''lib'') r'

-- The defaults, of a model without a row. Nothing is written.
:rules;
SELECT (SELECT count(*) FROM churnprevent.retrain_rule) AS rules, (SELECT count(*) FROM churnprevent.retrain_review) AS reviews, (SELECT count(*) FROM churnprevent.model) AS versions;
SELECT count(*) AS steps FROM cp_retrain_review('lib', NULL);
SELECT step FROM cp_retrain_review('lib', true);
-- A row of defaults is the same.
CREATE TEMP TABLE before AS :rules;
INSERT INTO churnprevent.retrain_rule (model) VALUES ('lib');
SELECT count(*) AS same FROM (TABLE before INTERSECT SELECT * FROM cp_retrain_review('lib')) s;
SELECT * FROM churnprevent.retrain_rule;
-- Another model's row is not this one's.
INSERT INTO churnprevent.retrain_rule (model, max_age) VALUES ('other', '1 day');
SELECT fired FROM cp_retrain_review('lib') WHERE step = 'age';
-- NULL: never.
UPDATE churnprevent.retrain_rule SET drift_level = NULL, performance_drop = NULL, max_age = NULL WHERE model = 'lib';
:rules;

-- Drift: of the last check of the deployed version.
UPDATE churnprevent.retrain_rule SET drift_level = 'critical', performance_drop = 0.03, max_age = '90 days' WHERE model = 'lib';
\set check 'SELECT cp_drift_json(''lib'', $$SELECT age + 8 AS age, loans, branch, fee FROM reader$$, options => ''{"combinations": false}'') ->> ''alert_level'''
SET churnprevent.drift_threshold_kl = 100;
SELECT max(psi) / 2 AS critical, max(psi) * 1.5 AS warning FROM cp_drift_check('lib', 'SELECT age + 8 AS age, loans, branch, fee FROM reader', options => '{"combinations": false, "record": false}') \gset
SET churnprevent.drift_threshold_psi = :critical; :check; SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'drift';
UPDATE churnprevent.retrain_rule SET drift_level = 'warning';
SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'drift';
SET churnprevent.drift_threshold_psi = :warning; :check; SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'drift';
UPDATE churnprevent.retrain_rule SET drift_level = 'critical';
SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'drift';
UPDATE churnprevent.retrain_rule SET drift_level = NULL;
SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'drift';
UPDATE churnprevent.retrain_rule SET drift_level = 'warning';
SET churnprevent.drift_threshold_psi = 100; :check; SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'drift';
SELECT cp_drift_json('lib', 'SELECT * FROM reader LIMIT 8') ->> 'alert_level'; SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'drift';
RESET churnprevent.drift_threshold_psi; RESET churnprevent.drift_threshold_kl;

-- Age.
UPDATE churnprevent.retrain_rule SET max_age = '10 days 4 hours' WHERE model = 'lib'; SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'age';
UPDATE churnprevent.retrain_rule SET max_age = '10 days 6 hours' WHERE model = 'lib'; SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'age';

-- Labelled rows more than there were.
UPDATE churnprevent.retrain_rule SET new_rows = 300 WHERE model = 'lib'; SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'new_rows';
INSERT INTO reader SELECT id, age, loans, branch, fee, seen, CASE WHEN id <= 1799 THEN quit END FROM readers(99999, 1900) WHERE id > 1500;
SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'new_rows';
UPDATE reader SET quit = 0 WHERE id = 1800;
SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'new_rows';
DELETE FROM reader WHERE id > 1400; SELECT fired, observed FROM cp_retrain_review('lib') WHERE step = 'new_rows';
UPDATE churnprevent.retrain_rule SET new_rows = NULL;

-- Performance: a fall that is more than chance.
SELECT count(*) FROM readers(99999, 1200) r, cp_decide(r, id::text, 'random', 'k' || id, 'lib');
CREATE FUNCTION outcomes(share float8, most int DEFAULT 9999) RETURNS text LANGUAGE sql AS $$
	TRUNCATE churnprevent.feedback;
	INSERT INTO churnprevent.feedback (decision_id, customer_id, action_taken, outcome, observed_at, window_days)
		SELECT decision_id, customer_id, 0, 1 - (u(customer_id::int, 'out') < CASE WHEN u(customer_id::int, 'share') < share THEN 0.35 ELSE churn_probability END)::int, now(), 30 FROM churnprevent.decision WHERE customer_id::int <= most;
	SELECT concat_ws(' ', fired, observed, threshold) FROM cp_retrain_review('lib') WHERE step = 'performance';
$$;
SELECT outcomes(0); SELECT outcomes(0.2, 130) ~ 'by chance' AS by_chance; SELECT outcomes(1, 50); SELECT outcomes(1);
SELECT performance_drop, abs(observed::float8 - (p.expected - p.value)) < 0.00006 AS drop, threshold FROM cp_retrain_review('lib') r, cp_performance('lib') p, churnprevent.retrain_rule WHERE step = 'performance' AND basis = 'untreated' AND figure = 'auc' AND retrain_rule.model = 'lib';
UPDATE churnprevent.retrain_rule SET performance_drop = 0.4; SELECT fired FROM cp_retrain_review('lib') WHERE step = 'performance';
UPDATE churnprevent.retrain_rule SET performance_drop = 0.1, performance_period = '1 day'; UPDATE churnprevent.decision SET decided_at = now() - interval '2 days';
SELECT fired, observed, threshold FROM cp_retrain_review('lib') WHERE step = 'performance';
UPDATE churnprevent.retrain_rule SET performance_period = '3 days'; SELECT fired FROM cp_retrain_review('lib') WHERE step = 'performance';

-- Applied: the world has changed, and the new version is better on customers that the deployed one does not know.
TRUNCATE reader; INSERT INTO reader SELECT * FROM readers(1501, 6000) WHERE id > 1000;
SELECT step, fired, version FROM cp_retrain_review('lib', true);
SELECT model, version, fired, candidate, deployed, log_loss - candidate_log_loss > 0.05 AS better, lower < upper AND upper < 0 AS sure, reason ~ 'customers new to it' AS unknown, reviewed_by = 'postgres'::regrole AS by_me, now() - reviewed_at < '1 min' AS now FROM churnprevent.retrain_review;
SELECT version, deployed, source, label, owner FROM churnprevent.model_summary ORDER BY 1;
SELECT a.options = b.options AS options FROM churnprevent.model a, churnprevent.model b WHERE a.name = 'lib' AND b.name = 'lib' AND a.version = 1 AND b.version = 2;
-- The comparison by hand: on the held-out rows of those whom version 1 does not know (but for a few that its filter takes for known).
SELECT abs(rows - 0.2 * 5000 * 0.9) < 60 AS rows, abs(candidate_log_loss - c.log_loss) < 0.05 AS candidate, abs(r.log_loss - i.log_loss) < 0.05 AS incumbent
FROM churnprevent.retrain_review r, (SELECT cp_log_loss(cp_predict(x, 'lib', 2), quit = 1) AS log_loss FROM readers(1501, 6000) x WHERE id > 1500) c, (SELECT cp_log_loss(cp_predict(x, 'lib', 1), quit = 1) AS log_loss FROM readers(1501, 6000) x WHERE id > 1500) i;
-- A rule speaks of the deployed version: that one was neither checked nor is it old.
SELECT step, fired, observed, version FROM cp_retrain_review('lib', true) WHERE step <> 'age';

-- Applied again: the new version is no better, is kept, and nothing is tried for a while.
UPDATE churnprevent.retrain_rule SET max_age = '1 day'; UPDATE churnprevent.model SET created_at = now() - interval '2 days';
TRUNCATE reader; INSERT INTO reader SELECT * FROM readers(1501, 8500) WHERE id > 7000;
SELECT step, fired, regexp_replace(observed, '[\d.]{5,}', '#', 'g') AS observed, version FROM cp_retrain_review('lib', true) WHERE step IN ('age', 'training', 'gate', 'waiting');
SELECT version, candidate, fired, deployed, candidate_log_loss > log_loss AS worse FROM churnprevent.retrain_review ORDER BY review_id;
SELECT version, deployed FROM churnprevent.model_summary ORDER BY 1;
SELECT step, fired, regexp_replace(observed, ' of .* was', ' of # was') AS observed, threshold, version FROM cp_retrain_review('lib', true) WHERE step IN ('age', 'training', 'gate', 'waiting');
SELECT count(*) AS versions FROM churnprevent.model; SELECT count(*) AS reviews FROM churnprevent.retrain_review;
SELECT count(*) AS steps FROM cp_retrain_review('lib');
UPDATE churnprevent.retrain_review SET reviewed_at = reviewed_at - interval '6 days 23 hours'; SELECT step FROM cp_retrain_review('lib', true) WHERE step IN ('training', 'gate', 'waiting');
UPDATE churnprevent.retrain_rule SET retry_after = '1 day'; SELECT step, version FROM cp_retrain_review('lib', true) WHERE step IN ('training', 'gate', 'waiting');
BEGIN; UPDATE churnprevent.retrain_rule SET retry_after = '0'; SELECT step, version FROM cp_retrain_review('lib', true) WHERE step = 'training'; ROLLBACK;
SELECT count(*) AS rolled_back FROM churnprevent.model;
-- Once more, until the candidate of the deployed version: when it is another, nothing waits.
SELECT cp_deploy('lib', 1); SELECT step FROM cp_retrain_review('lib', true) WHERE step IN ('training', 'waiting');

-- By time: the newest rows judge, without customers to tell apart.
CREATE TABLE timed AS SELECT * FROM readers(99999, 1500);
SELECT version FROM cp_train('timed', 'timed', 'quit', '{"time_column": "seen", "exclude": "id", "members": "gbm", "gbm": {"rounds": 20}}');
INSERT INTO churnprevent.retrain_rule (model, new_rows) VALUES ('timed', 1000);
INSERT INTO timed SELECT * FROM readers(1501, 4000) WHERE id > 1500;
SELECT step, fired, version FROM cp_retrain_review('timed', true) WHERE step IN ('new_rows', 'training', 'gate');
SELECT rows, deployed, reason ~ 'on \d+ newest rows' AS newest, abs(candidate_log_loss - c.log_loss) < 1e-9 AS candidate, abs(r.log_loss - i.log_loss) < 1e-9 AS incumbent, abs(upper + lower - 2 * (candidate_log_loss - r.log_loss)) < 1e-9 AS middle
FROM churnprevent.retrain_review r, (SELECT cp_log_loss(cp_predict(x, 'timed', 2), quit = 1) AS log_loss FROM (SELECT * FROM timed ORDER BY seen DESC LIMIT 800) x) c, (SELECT cp_log_loss(cp_predict(x, 'timed', 1), quit = 1) AS log_loss FROM (SELECT * FROM timed ORDER BY seen DESC LIMIT 800) x) i WHERE model = 'timed';
SELECT abs(upper - lower - 2 * 1.959963984540054 * sqrt(v)) < 1e-9 AS interval FROM churnprevent.retrain_review, (SELECT var_pop(ln(CASE quit WHEN 1 THEN a ELSE 1 - a END) - ln(CASE quit WHEN 1 THEN b ELSE 1 - b END)) / 800 AS v
	FROM (SELECT quit, cp_predict(x, 'timed', 1) AS a, cp_predict(x, 'timed', 2) AS b FROM (SELECT * FROM timed ORDER BY seen DESC LIMIT 800) x) s) s WHERE model = 'timed';
-- Without either, rows that the deployed version may have learned from, which is said; too few rows deploy nothing.
SELECT version FROM cp_train('plain', 'SELECT age, loans, branch, quit FROM timed', 'quit', '{"members": "gbm", "gbm": {"rounds": 5}}'); UPDATE churnprevent.model SET created_at = now() - interval '1 year' WHERE name = 'plain';
SELECT step, fired FROM cp_retrain_review('plain', true) WHERE step IN ('age', 'training'); SELECT rows, reason ~ 'which it may have learned from in part' AS said FROM churnprevent.retrain_review WHERE model = 'plain';
SELECT version FROM cp_train('small', 'SELECT age, loans, branch, quit FROM timed LIMIT 900', 'quit', '{"members": "gbm", "gbm": {"rounds": 5}}'); UPDATE churnprevent.model SET created_at = now() - interval '1 year' WHERE name = 'small';
SELECT step, fired, observed, version FROM cp_retrain_review('small', true) WHERE step IN ('age', 'training', 'gate');
SELECT rows, log_loss, candidate_log_loss, lower, upper, deployed, reason FROM churnprevent.retrain_review WHERE model = 'small';
-- The option "deploy" of the training does not deploy what is no better; a column that is gone counts as missing, one of another kind too.
CREATE TABLE changing AS SELECT age, loans, branch, quit FROM readers(99999, 2000);
SELECT version FROM cp_train('changing', 'changing', 'quit', '{"deploy": true, "members": "gbm", "gbm": {"rounds": 5}}'); UPDATE churnprevent.model SET created_at = now() - interval '1 year' WHERE name = 'changing';
ALTER TABLE changing ALTER age TYPE text USING 'x'; ALTER TABLE changing DROP branch;
SELECT step, fired, version FROM cp_retrain_review('changing', true) WHERE step IN ('training', 'gate');
ALTER TABLE changing DROP quit; UPDATE churnprevent.retrain_rule SET new_rows = 1 WHERE model = 'changing'; UPDATE churnprevent.retrain_review SET reviewed_at = '2000-01-01';
SELECT step FROM cp_retrain_review('changing', true); \echo :LAST_ERROR_SQLSTATE
DROP TABLE changing; INSERT INTO churnprevent.retrain_rule (model, new_rows) VALUES ('changing', 1);
SELECT step FROM cp_retrain_review('changing'); \echo :LAST_ERROR_SQLSTATE

-- Whose model it is: of others nobody trains it, and what its source calls runs as its owner, whoever asks.
CREATE ROLE retrain_owner; CREATE ROLE retrain_other;
SELECT cp_grant('retrain_owner', 'operator'), cp_grant('retrain_other', 'operator');
CREATE SCHEMA retrain_test; GRANT USAGE ON SCHEMA retrain_lib TO retrain_owner, retrain_other; GRANT CREATE, USAGE ON SCHEMA retrain_test TO retrain_owner; GRANT USAGE ON SCHEMA retrain_test TO retrain_other;
GRANT SELECT ON timed TO retrain_owner, retrain_other;
SET ROLE retrain_owner;
CREATE TABLE retrain_test.seen (who name, how text); GRANT INSERT ON retrain_test.seen TO PUBLIC;
CREATE TABLE retrain_test.late (x int); CREATE TABLE retrain_test.armed (x int);
CREATE FUNCTION retrain_test.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO retrain_test.seen VALUES (current_user, 'at commit'); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON retrain_test.late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION retrain_test.late();
CREATE FUNCTION retrain_test.spy(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	IF $1 > 50 THEN RETURN $1; END IF;
	INSERT INTO retrain_test.seen VALUES (current_user, 'insert');
	IF EXISTS (SELECT FROM retrain_test.armed) THEN
		BEGIN
			EXECUTE 'SET ROLE NONE'; INSERT INTO retrain_test.seen VALUES (current_user, 'set role');
		EXCEPTION WHEN OTHERS THEN INSERT INTO retrain_test.seen VALUES (current_user, SQLSTATE || ' ' || SQLERRM); END;
		BEGIN
			EXECUTE 'SET SESSION AUTHORIZATION DEFAULT'; INSERT INTO retrain_test.seen VALUES (current_user, 'set session');
		EXCEPTION WHEN OTHERS THEN INSERT INTO retrain_test.seen VALUES (current_user, SQLSTATE || ' ' || SQLERRM); END;
		BEGIN
			EXECUTE 'CREATE TEMP TABLE trap (x int)'; INSERT INTO retrain_test.seen VALUES (current_user, 'temporary');
		EXCEPTION WHEN OTHERS THEN INSERT INTO retrain_test.seen VALUES (current_user, SQLSTATE || ' ' || SQLERRM); END;
		BEGIN
			INSERT INTO retrain_test.late VALUES (1);
		EXCEPTION WHEN OTHERS THEN INSERT INTO retrain_test.seen VALUES (current_user, SQLSTATE || ' ' || SQLERRM); END;
		BEGIN
			EXECUTE 'LISTEN trap'; INSERT INTO retrain_test.seen VALUES (current_user, 'listen');
		EXCEPTION WHEN OTHERS THEN INSERT INTO retrain_test.seen VALUES (current_user, SQLSTATE || ' ' || SQLERRM); END;
		BEGIN
			EXECUTE 'DECLARE late CURSOR WITH HOLD FOR SELECT retrain_test.spy(1)'; INSERT INTO retrain_test.seen VALUES (current_user, 'cursor');
		EXCEPTION WHEN OTHERS THEN INSERT INTO retrain_test.seen VALUES (current_user, SQLSTATE || ' ' || SQLERRM); END;
		PERFORM set_config('search_path', 'retrain_test', false);
	END IF;
	RETURN $1;
END $$;
SELECT version FROM public.cp_train('theirs', 'SELECT retrain_test.spy((id % 1000)::int) AS spied, age, loans, branch, quit FROM retrain_lib.timed', 'quit', '{"exclude": "spied", "members": "gbm", "gbm": {"rounds": 5}}');
INSERT INTO churnprevent.retrain_rule (model, new_rows, max_age) VALUES ('theirs', 1, '1 second');
RESET ROLE; SET search_path = retrain_lib, public;
TRUNCATE retrain_test.seen; INSERT INTO retrain_test.armed VALUES (1); UPDATE churnprevent.model SET created_at = now() - interval '1 day' WHERE name = 'theirs';
SELECT count(*) FROM cp_drift_check('theirs');
SELECT DISTINCT who, how FROM retrain_test.seen ORDER BY 1, 2; SELECT current_user = session_user AS myself, current_setting('search_path') AS path; TRUNCATE retrain_test.seen;
SELECT step, fired FROM cp_retrain_review('theirs');
SELECT DISTINCT who, how FROM retrain_test.seen ORDER BY 1, 2; SELECT current_user = session_user AS myself, current_setting('search_path') AS path; TRUNCATE retrain_test.seen;
SELECT step, fired FROM cp_retrain_review('theirs', true) WHERE step = 'training';
SELECT DISTINCT who, how FROM retrain_test.seen ORDER BY 1, 2; SELECT current_user = session_user AS myself, current_setting('search_path') AS path; TRUNCATE retrain_test.seen;
SELECT DISTINCT owner FROM churnprevent.model_summary WHERE name = 'theirs'; SELECT reviewed_by = session_user::regrole AS by_me FROM churnprevent.retrain_review WHERE model = 'theirs';
SET ROLE retrain_other;
SELECT cp_retrain_review('theirs'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_retrain_review('theirs', true); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('theirs'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_performance('theirs'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT cp_grant_model('theirs', 'retrain_other');
SET ROLE retrain_other;
SELECT cp_retrain_review('theirs'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('theirs'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_drift_check('theirs', 'SELECT age, loans, branch FROM retrain_lib.timed');
SELECT count(*) FROM cp_performance('theirs');
RESET ROLE;
SELECT count(*) AS spied FROM retrain_test.seen;

-- A version that is dropped, and a model.
SELECT count(*) > 0 AS reviews FROM churnprevent.retrain_review WHERE model = 'lib'; SELECT cp_drop_model('lib');
SELECT (SELECT count(*) FROM churnprevent.retrain_review WHERE model = 'lib') AS reviews, (SELECT count(*) FROM churnprevent.retrain_rule WHERE model = 'lib') AS rules, (SELECT count(*) FROM churnprevent.drift_report WHERE model = 'lib') AS reports, (SELECT count(*) > 0 FROM churnprevent.retrain_review) AS others;
SELECT cp_drop_model('theirs');

-- What is not a call, and what is no rule.
SELECT cp_retrain_review(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_retrain_review('no such'); \echo :LAST_ERROR_SQLSTATE
SELECT version FROM cp_train('never', 'timed', 'quit', '{"deploy": false, "exclude": ["id", "seen"], "members": "gbm", "gbm": {"rounds": 5}}');
SELECT cp_retrain_review('never', true); \echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY; SELECT count(*) FROM cp_retrain_review('timed'); SELECT cp_retrain_review('timed', true); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
\set VERBOSITY terse
INSERT INTO churnprevent.retrain_rule (model, drift_level) VALUES ('x', 'ok'); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.retrain_rule (model, performance_drop) VALUES ('x', 0); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.retrain_rule (model, max_age) VALUES ('x', '0'); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.retrain_rule (model, new_rows) VALUES ('x', 0); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.retrain_rule (model, performance_period) VALUES ('x', NULL); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.retrain_rule (model, retry_after) VALUES ('x', NULL); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.retrain_rule (model) VALUES (NULL); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.retrain_rule (model) VALUES ('timed'); \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default

DROP SCHEMA retrain_test CASCADE;
SELECT cp_revoke('retrain_owner'), cp_revoke('retrain_other');
DROP OWNED BY retrain_owner, retrain_other; DROP ROLE retrain_owner, retrain_other;

DROP SCHEMA retrain_lib CASCADE;
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
