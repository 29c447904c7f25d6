-- cp_train_policy: what is learned from the log and in a simulator, and who then decides.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001';
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "screen": false, "members": "gbm", "gbm": {"rounds": 40}, "base_rate": 0.03}');
SELECT * FROM cp_train_policy('greedy') \gdesc
-- Nothing to learn from yet, and feedback without a decision is nothing.
SELECT cp_train_policy('greedy'); \echo :LAST_ERROR_SQLSTATE
SELECT count(cp_feedback('unknown ' || n, 'offer', 1)) FROM generate_series(1, 100) n;
SELECT cp_train_policy('greedy'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_check(); \echo :LAST_ERROR_SQLSTATE

-- Decisions at random and what became of them: offers keep everybody, contacts drive away, the rest goes as it goes.
CREATE TABLE decided AS SELECT member_id, r.* FROM gym_member m, cp_decide(m, member_id::text, 'random', 'first ' || member_id, 'gym') r;
CREATE FUNCTION stays(action text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT CASE action WHEN 'offer' THEN 1 WHEN 'contact' THEN (n % 10 > 4)::int ELSE (n % 33 > 0)::int END $$;
-- Every fourth is told over other times too, of which the one nearest to a month counts.
SELECT count(cp_feedback(member_id::text, action_name, CASE window_days WHEN 30 THEN stays(action_name, member_id) ELSE 0 END, NULL, window_days, decision_id))
FROM decided, unnest('{30,7,90}'::int[]) window_days WHERE member_id <= 900 AND (window_days = 30 OR member_id % 4 = 0);
-- Where something else was done than decided nothing is learned from it, nor where it is not known yet.
SELECT count(cp_feedback(member_id::text, CASE action_name WHEN 'offer' THEN 'contact' ELSE 'offer' END, 0, NULL, 30, decision_id)) FROM decided WHERE member_id BETWEEN 901 AND 1000;
CREATE TABLE learned AS SELECT * FROM cp_train_policy('greedy');
SELECT policy, l.version, l.action_name, trials = t.n AS trials, retained = t.stayed AS retained, prior_mean, prior_sd, effect - prior_mean > 0 AS better, effect_sd < prior_sd AS surer
FROM learned l LEFT JOIN (SELECT action_name, count(*) AS n, sum(stays(action_name, member_id)) AS stayed FROM decided WHERE member_id <= 900 GROUP BY 1) t USING (action_name) JOIN churnprevent.action a ON a.name = l.action_name ORDER BY a.action_id;
SELECT effect > 1 AS offers, trials > 100 AS often FROM learned WHERE action_name = 'offer';
SELECT effect < 0 AS contacts, trials > 100 AS often FROM learned WHERE action_name = 'contact';
SELECT policy_id, version, name, method, shipped, evidence, created_by::text = current_user AS mine, (parameters ->> 'drift')::float8 IS NOT NULL AS drift, jsonb_array_length(parameters -> 'effects') AS effects FROM churnprevent.policy ORDER BY policy_id, version;
SELECT count(*) AS effects, count(*) FILTER (WHERE (e.trials, e.retained, e.prior_mean, e.prior_sd, e.effect, e.effect_sd) IS DISTINCT FROM (l.trials, l.retained, l.prior_mean, l.prior_sd, l.effect, l.effect_sd)) AS others
FROM churnprevent.action_effect e JOIN learned l ON l.policy = e.policy AND l.version = e.version AND l.action_name = e.action WHERE e.action <> 'none';
-- The posterior's mode, by its gradient: of an effect, that over the belief it is the mean of, and of the drift.
SELECT (parameters ->> 'drift')::float8 AS drift FROM churnprevent.policy WHERE name = 'greedy' AND version = 2 \gset
SELECT abs(sum(stayed - p) - :drift / 0.25) < 1e-3 AS drift_settled FROM (
	SELECT stays(action_name, member_id) AS stayed, 1 / (1 + exp(-(:drift + ln((1 - p_churn) / p_churn) + coalesce(e.effect, 0)))) AS p
	FROM decided JOIN (SELECT decision_id, p_churn::float8 FROM churnprevent.decision) d USING (decision_id) LEFT JOIN churnprevent.action_effect e ON e.action = action_name AND version = 2 WHERE member_id <= 900) s;
SELECT action_name, abs(sum(stayed - p) - (effect - prior_mean / 0.8) / prior_sd ^ 2) < 1e-3 AS settled FROM (
	SELECT action_name, stays(action_name, member_id) AS stayed, effect, prior_mean, prior_sd::numeric(4, 2)::float8, 1 / (1 + exp(-(:drift + ln((1 - p_churn) / p_churn) + effect))) AS p
	FROM decided JOIN (SELECT decision_id, p_churn::float8 FROM churnprevent.decision) d USING (decision_id) JOIN churnprevent.action_effect e ON e.action = action_name AND version = 2 WHERE member_id <= 900 AND action_name <> 'none') s
GROUP BY action_name, effect, prior_mean, prior_sd ORDER BY 1;

-- It decides from now on: whom a contact would drive away gets none.
SELECT r.action_name, count(*) > 0 AS some, bool_and(r.strategy_used = 'greedy') AS greedy FROM gym_member m, cp_recommend(m, 'greedy', 'gym') r GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM gym_member m, cp_recommend(m, 'auto', 'gym') r WHERE r.action_name = 'contact';
SELECT count(*) FROM (SELECT * FROM gym_member ORDER BY member_id LIMIT 5) m, cp_decide(m, 'by version 2 ' || member_id, 'auto', model => 'gym');
SELECT DISTINCT policy_id, policy_version, propensity_src FROM churnprevent.decision WHERE customer_id ~ 'by version 2';
-- A training that is undone decides nothing, in a warm session either.
CREATE FUNCTION total(method text) RETURNS numeric LANGUAGE sql AS $$ SELECT sum(r.expected_value)::numeric(20, 4) FROM gym_member m, cp_recommend(m, method, 'gym') r $$;
SELECT total('greedy') AS second \gset
BEGIN;
SELECT count(cp_feedback(member_id::text, action_name, 1)) > 100 AS told FROM decided WHERE member_id > 1000;
SELECT DISTINCT version FROM cp_train_policy('greedy', NULL);
SELECT total('greedy') <> :second AS third;
SAVEPOINT s;
SELECT DISTINCT version FROM cp_train_policy('greedy', '{"name": "other"}');
SELECT total('other') = total('greedy') AS same;
ROLLBACK TO s;
SELECT total('other'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT total('greedy') = :second AS second;
SELECT DISTINCT version FROM cp_train_policy('greedy');
SELECT count(*) FROM churnprevent.policy;
-- The same log, the same effects, whatever its order: moved into partitions here.
SELECT count(*) > 0 AS made FROM cp_log_partitions(0);
SELECT count(*) AS others FROM churnprevent.policy a, churnprevent.policy b WHERE a.name = 'greedy' AND a.version = 2 AND b.name = 'greedy' AND b.version = 3 AND a.parameters <> b.parameters;
SELECT DISTINCT version FROM cp_train_policy('greedy');
SELECT count(DISTINCT parameters) FROM churnprevent.policy WHERE name = 'greedy' AND version > 1;
-- Actions that are not in force any more are left out.
UPDATE churnprevent.action SET enabled = false WHERE name = 'offer';
INSERT INTO churnprevent.action (action_id, name, kind, cost_fixed, effect_prior_mean) VALUES (100, 'towel', 'offer', 1, 0.25);
SELECT version, action_name, trials > 0 AS trials, effect = prior_mean AS as_before, abs(effect_sd - prior_sd) < 0.1 AS unsure FROM cp_train_policy('greedy');
UPDATE churnprevent.action SET enabled = true WHERE name = 'offer';
-- cp_simulator_check: learned from the earlier decisions, asked of the last fifth.
SELECT action_name, decisions > 0 AS decisions, predicted BETWEEN 0 AND 1 AS predicted, abs(predicted - observed - error) < 1e-12 AS error, standard_error BETWEEN 0 AND 1 AS se, passed FROM cp_simulator_check();
SELECT sum(decisions) FROM cp_simulator_check(0.5);
SELECT sum(decisions), bool_or(passed IS NOT NULL) AS enough FROM cp_simulator_check(0.999);
SELECT cp_simulator_check(0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_check(1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_check('NaN'); \echo :LAST_ERROR_SQLSTATE

-- In a simulator: drawn at random in as many lives as it takes; the policy is called after it.
SELECT version FROM cp_train('club', 'SELECT *, (date ''2026-07-01'' - joined) / 30 AS months FROM gym_member', 'left_club',
	'{"id": "member_id", "value_column": "monthly_fee", "tenure_column": "months", "screen": false, "members": "gbm", "gbm": {"rounds": 20}, "base_rate": 0.03}');
SELECT simulator, customers FROM cp_simulator_create('world', 'club', 'SELECT *, (date ''2026-07-01'' - joined) / 30 AS months FROM gym_member', '{"policy": "none"}');
SELECT policy, version, sum(trials) AS trials, bool_and(abs(effect - prior_mean) < 0.5) AS near, bool_and(effect_sd < prior_sd) AS surer FROM cp_train_policy('greedy', '{"simulator": "world"}') GROUP BY 1, 2;
SELECT policy, version, sum(trials) AS trials FROM cp_train_policy('greedy', '{"simulator": "world", "decisions": 777, "months": 3, "seed": 7, "name": "trial"}') GROUP BY 1, 2;
SELECT DISTINCT version FROM cp_train_policy('greedy', '{"simulator": "world", "decisions": 777, "months": 3, "seed": 7, "name": "trial"}');
SELECT DISTINCT version FROM cp_train_policy('greedy', '{"simulator": "world", "decisions": 777, "months": 3, "seed": 8, "name": "trial"}');
SELECT a.version, b.version, a.parameters = b.parameters AS same FROM churnprevent.policy a JOIN churnprevent.policy b ON a.name = b.name AND a.version < b.version WHERE a.name = 'trial' ORDER BY 1, 2;
SELECT name, version, evidence FROM churnprevent.policy WHERE name IN ('trial', 'greedy_world') ORDER BY policy_id, version;
SELECT count(DISTINCT policy_id) = count(DISTINCT name) AND count(DISTINCT (policy_id, name)) = count(DISTINCT name) AS one_id_a_name FROM churnprevent.policy;
SELECT DISTINCT r.strategy_used FROM gym_member m, cp_recommend(m, 'trial', 'gym') r;
SELECT r.strategy_used FROM (SELECT * FROM gym_member LIMIT 1) m, cp_decide(m, 'by trial', 'trial', model => 'gym') r;
SELECT policy_id = (SELECT DISTINCT policy_id FROM churnprevent.policy WHERE name = 'trial') AS trial, policy_version FROM churnprevent.decision WHERE customer_id = 'by trial';
SELECT cp_recommend(m, 'greedy_nobody', 'gym') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE

-- What cannot be trained.
SELECT cp_train_policy('best'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('random'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('none'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('auto'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '[]'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulater": "world"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulator": "nowhere"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulator": ""}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulator": "world", "decisions": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulator": "world", "decisions": 10000001}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulator": "world", "decisions": "many"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulator": "world", "months": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulator": "world", "months": 1201}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"simulator": "world", "seed": -1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"name": "auto"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"name": "optimal"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"name": "random"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', jsonb_build_object('name', repeat('n', 64))); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train_policy('greedy', '{"name": ""}'); \echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
SELECT cp_train_policy('greedy'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SET churnprevent.training_memory = '1MB';
SELECT cp_train_policy('greedy', '{"simulator": "world", "decisions": 1000000}'); \echo :LAST_ERROR_SQLSTATE
RESET churnprevent.training_memory;

-- Doing nothing under a cool-down, while a discount runs or after an upgrade is no trial of doing nothing; for somebody who is free it is.
SELECT sum(trials) AS before FROM cp_train_policy('greedy', '{"name": "trials"}') \gset
INSERT INTO churnprevent.contact_state (customer_id, tokens_at, cooldown_until, discount_id, discount_until, upgrade_id) VALUES
	('cooling', now(), now() + '9 days', NULL, NULL, NULL), ('discounted', now(), NULL, 1, now() + '40 days', NULL), ('upgraded', now(), NULL, NULL, NULL, 3), ('free', now(), NULL, NULL, NULL, NULL);
CREATE TEMP TABLE asked AS
SELECT id, d.decision_id, d.reason FROM unnest('{cooling,discounted,upgraded,free}'::text[]) id, gym_member m, cp_decide(m, id, 'none', model => 'gym') d WHERE member_id = 7;
SELECT id, reason FROM asked ORDER BY 1;
-- Without a number there is no decision to judge where nothing could be done.
SELECT feedback_id IS NOT NULL AS kept, matched_decision FROM cp_feedback('cooling', 'none', 1);
SELECT id, matched_decision = decision_id AS matched, mismatch FROM asked, cp_feedback(id, 'none', 1, decision_id => decision_id) ORDER BY 1;
SELECT sum(trials) - :before AS more FROM cp_train_policy('greedy', '{"name": "trials"}');

-- Rights: an operator trains on the log and in worlds of their own, and writes no policy by hand.
CREATE ROLE policy_operator;
CREATE ROLE policy_reader;
SELECT cp_grant('policy_operator', 'operator'), cp_grant('policy_reader', 'reader'), cp_grant_model('gym', 'policy_reader');
GRANT SELECT ON gym_member TO policy_reader;
SET ROLE policy_operator;
SELECT DISTINCT policy, version FROM cp_train_policy('greedy', '{"name": "operators"}');
SELECT cp_train_policy('greedy', '{"simulator": "world"}'); \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.policy SET parameters = '{}'; \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.policy; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.policy (policy_id, version, name, method) VALUES (9, 9, 'mine', 'greedy'); \echo :LAST_ERROR_SQLSTATE
SELECT created_by FROM churnprevent.policy WHERE name = 'operators';
SET ROLE policy_reader;
SELECT count(*) FROM churnprevent.action_effect WHERE policy = 'operators';
SELECT count(cp_recommend(m, 'operators', 'gym')) FROM gym_member m;
SELECT cp_train_policy('greedy'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;

SET client_min_messages = warning;
DROP OWNED BY policy_reader, policy_operator;
DROP TABLE decided, learned;
DROP FUNCTION stays(text, int), total(text);
DROP TABLE gym_member;
DROP EXTENSION churnprevent;
DROP ROLE policy_reader, policy_operator;
CREATE EXTENSION churnprevent;
