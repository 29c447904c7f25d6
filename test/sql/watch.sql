-- What must raise no alarm, and who is told of one that is raised.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS churnprevent CASCADE;
CREATE SCHEMA watch;
SET search_path = watch, public;
CREATE EXTENSION churnprevent SCHEMA public;
\set VERBOSITY terse
-- Members of a choir: u is even between 0 and 1, a function of the row and of what it is for.
CREATE FUNCTION u(i bigint, what text) RETURNS float8 IMMUTABLE LANGUAGE sql AS $$ SELECT ('x' || left(md5(what || i), 8))::bit(32)::bigint / 4294967296.0 $$;
CREATE FUNCTION members(first bigint, last bigint) RETURNS TABLE (id bigint, age float8, voice text, present float8, paid boolean, fee float8, left_choir int) LANGUAGE sql AS $$
	SELECT i, 20 + 50 * u(i, 'age'), (ARRAY['alto','bass','soprano','tenor'])[1 + floor(4 * u(i, 'voice'))::int], 30 * u(i, 'present'), u(i, 'paid') < 0.8, 10,
		(u(i, 'left') < 0.6 - 0.5 * u(i, 'present'))::int FROM generate_series(first, last) i $$;
CREATE TABLE choir AS SELECT * FROM members(1, 3000);
CREATE TABLE later AS SELECT id, age, voice, CASE WHEN u(id, 'gap') >= 0.3 THEN present END AS present, paid, fee FROM members(3001, 5000);
CREATE VIEW small AS SELECT '{"id": "id", "value_column": "fee", "members": "gbm", "gbm": {"rounds": 15}}'::jsonb AS options;
SELECT version FROM cp_train('choir', 'choir', 'left_choir', (SELECT options FROM small));

-- A broken feed is named as one, also in the headline.
SELECT cp_drift_json('choir', 'later') ->> 'recommendation' LIKE 'See whether the feed is broken: present has moved.%' AS feed;
SELECT recommendation FROM churnprevent.drift_status WHERE feature = 'present';
-- What leaves the feature out gives no all-clear; another reference has an alert of its own; a version that is deployed ends both.
SELECT feature, level FROM cp_drift_check('choir', 'later', options => '{"exclude": "present", "sample": 0}') WHERE level <> 'ok';
SELECT level FROM cp_drift_check('choir', 'later', options => '{"exclude": "present", "record": false}') WHERE feature = '(combinations)';
SELECT count(*) AS open FROM churnprevent.alert_open;
SELECT cp_drift_json('choir', 'later', options => '{"reference": "choir", "combinations": false}') ->> 'alert_level' AS from_source;
SELECT cp_drift_json('choir', 'later', options => '{"reference": "later", "combinations": false}') ->> 'alert_level' AS from_itself;
SELECT source, resolved_at IS NULL AS lasts FROM churnprevent.alert ORDER BY source COLLATE "C";
SELECT cp_deploy('choir', 1);
SELECT count(*) AS open FROM churnprevent.alert_open;

-- Who may use a model may check it, but neither alarms its owner nor has it trained again; nor is shown what customers' values are.
CREATE ROLE watch_owner; CREATE ROLE watch_user;
GRANT USAGE ON SCHEMA watch TO watch_owner, watch_user;
GRANT SELECT ON choir, later TO watch_owner, watch_user;
SELECT cp_grant('watch_owner', 'operator'), cp_grant('watch_user', 'operator');
SET ROLE watch_owner;
SELECT version FROM cp_train('theirs', 'choir', 'left_choir', '{"id": "id", "members": "gbm", "gbm": {"rounds": 15}}');
SELECT cp_grant_model('theirs', 'watch_user');
SET ROLE watch_user;
SELECT cp_drift_json('theirs', 'later') ->> 'alert_level' AS user_found;
SELECT count(*) AS open FROM churnprevent.alert_open;
SET ROLE watch_owner;
SELECT fired, observed FROM cp_retrain_review('theirs') WHERE step = 'drift';
SELECT cp_drift_json('theirs', 'later', options => '{"segment_by": "voice"}') ->> 'alert_level' AS owner_found;
SELECT fired, observed FROM cp_retrain_review('theirs') WHERE step = 'drift';
SELECT count(DISTINCT segment) AS segments, (SELECT numbers ? 'drifted' FROM churnprevent.alert_open) AS lines FROM churnprevent.drift_status WHERE model = 'theirs';
SET ROLE watch_user;
SELECT count(DISTINCT segment) AS segments, (SELECT numbers ? 'drifted' FROM churnprevent.alert_open) AS lines FROM churnprevent.drift_status WHERE model = 'theirs';
RESET ROLE;

-- Rows of a training that do not each stand for one customer are no customers of today.
SELECT version FROM cp_train('rare', 'choir', 'left_choir', (SELECT options || '{"base_rate": 0.05}' FROM small));
SELECT version FROM cp_train('weighed', 'choir', 'left_choir', (SELECT options || '{"weight": "fee"}' FROM small));
SELECT cp_drift_check('rare');
\echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('weighed');
\echo :LAST_ERROR_SQLSTATE
-- Expected figures are of all customers then.
SELECT abs((cp_drift_json('rare', 'choir', options => '{"record": false}') #>> '{metrics,expected_churn_rate}')::float8 - 0.05) < 0.02 AS of_all;

-- A table that alternates is like itself: no step through it picks one kind alone.
CREATE TABLE turns AS SELECT i AS id, i % 2 = 0 AS even, (u(i, 'turn') < 0.3)::int AS gone FROM generate_series(1, 4000) i;
SELECT version FROM cp_train('turns', 'turns', 'gone', '{"id": "id", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT feature, level, auc < 0.55 AS alike FROM cp_drift_check('turns', 'turns', options => '{"record": false}') WHERE feature = '(combinations)';
-- One in order of a feature too, longer than what is scored of it.
CREATE TABLE in_order AS SELECT * FROM members(1, 60000) ORDER BY present;
SELECT feature, level, psi < 0.01 AS alike FROM cp_drift_check('choir', 'in_order', options => '{"record": false, "reference": "in_order", "combinations": false}') WHERE feature = '(score)';

-- A period is the same whatever the zone is called and dates look like; what lies ahead is not in it.
CREATE TABLE seen AS SELECT *, now() - make_interval(mins => id::int) AS at FROM choir UNION ALL SELECT *, now() + interval '1 day' FROM members(9001, 9100);
SET timezone = 'Asia/Kolkata'; SET datestyle = 'Postgres';
SELECT rows BETWEEN 590 AND 599 AS rows FROM cp_drift_check('choir', 'seen', '10 hours', '{"time_column": "at", "record": false}') WHERE feature = 'age';
RESET timezone; RESET datestyle;
SELECT cp_performance('choir', '0 days');
\echo :LAST_ERROR_SQLSTATE
SELECT cp_performance_check('choir', NULL);
\echo :LAST_ERROR_SQLSTATE

-- Outcomes that are known of few rows of the reference are as few.
SELECT level FROM cp_drift_check('choir', 'choir', options => '{"record": false, "combinations": false, "reference": "SELECT id, age, voice, present, paid, fee, CASE WHEN id <= 60 THEN left_choir END AS left_choir FROM choir"}') WHERE feature = '(label)';

-- A model that is right about everybody, and acted upon: those left alone are alike in their scores, and no alarm.
SELECT count(d) AS decided FROM members(1, 4000) m, cp_decide(m, m.id::text, 'random', 'w' || m.id, 'choir') d;
INSERT INTO churnprevent.feedback (decision_id, customer_id, action_taken, outcome, observed_at, window_days)
SELECT decision_id, customer_id, CASE WHEN churn_probability > 0.3 THEN 4 ELSE 0 END, 1 - (churn_probability <= 0.3 AND u(customer_id::int, 'out') < churn_probability)::int, now(), 30 FROM churnprevent.decision;
SELECT basis, rows > 300 AS many, value < training - 0.05 AS below_training, abs(value - expected) < 0.05 AS as_promised FROM cp_performance('choir') WHERE figure = 'auc' AND basis = 'untreated';
SELECT cp_performance_check('choir');
SELECT fired FROM cp_retrain_review('choir') WHERE step = 'performance';
-- Over a week nobody has left who would within a month.
UPDATE churnprevent.feedback SET window_days = 7;
SELECT cp_performance_check('choir');

RESET search_path;
DROP OWNED BY watch_owner, watch_user; DROP ROLE watch_owner, watch_user;
DROP SCHEMA watch CASCADE;
DROP EXTENSION churnprevent CASCADE;
CREATE EXTENSION churnprevent;
