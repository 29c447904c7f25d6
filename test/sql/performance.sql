-- cp_performance: what became of the customers that were decided about, computed again in SQL; and what is alarmed.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
CREATE SCHEMA performance_test;
SET search_path = performance_test, public;
CREATE FUNCTION u(n bigint, what text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(n || '/' || what), 1, 8))::bit(32)::bigint / 2.0 ^ 32 $$;
CREATE TABLE reader AS
SELECT n AS id, 20 + 50 * u(n, 'age') AS age, (30 * u(n, 'loans'))::int AS loans, (ARRAY['city', 'coast', 'hills'])[1 + (3 * u(n, 'branch'))::int % 3] AS branch, 9.5 AS fee,
	(u(n, 'left') < 0.05 + 0.5 * (u(n, 'age') < 0.4)::int + 0.3 * (u(n, 'loans') < 0.5)::int)::int AS quit
FROM generate_series(1, 1500) n;
SELECT version FROM cp_train('lib', 'reader', 'quit', '{"id": "id", "value_column": "fee", "members": "gbm", "gbm": {"rounds": 20}}');

-- Nobody yet: only the training, from the held-out rows.
SELECT basis, figure, rows, value IS NULL AS no_value, lower IS NULL AS no_interval, training IS NULL AS no_training, change FROM cp_performance('lib');
SELECT abs(max(p.value) FILTER (WHERE figure = 'auc') - e.auc) < 1e-9 AS auc, abs(max(p.lower) FILTER (WHERE figure = 'auc') - e.auc_low) < 1e-9 AS auc_low, abs(max(p.upper) FILTER (WHERE figure = 'log_loss') - e.log_loss_high) < 1e-9 AS log_loss_high,
	abs(max(p.value) FILTER (WHERE figure = 'accuracy') - e.accuracy) < 1e-9 AS accuracy, max(p.rows) = e.rows AS rows, abs(max(p.value) FILTER (WHERE figure = 'churn_rate') - e.churn_rate) < 1e-9 AS churn_rate
FROM cp_performance('lib') p, cp_evaluate('lib') e WHERE basis = 'training' GROUP BY e.auc, e.auc_low, e.log_loss_high, e.accuracy, e.rows, e.churn_rate;
SELECT cp_performance_check('lib');
SELECT count(*) FROM churnprevent.alert;

-- Decided at random; it counts what was done: every other one is left alone. Outcomes: of two thirds; of some over several windows, of which the one nearest to a month counts and a week does not; of some under two decisions, of which the first counts.
CREATE FUNCTION decide(key text, who int4range) RETURNS bigint LANGUAGE sql AS $$ SELECT count(d) FROM reader r, cp_decide(r, id::text, 'random', key || id, 'lib') d WHERE id <@ who $$;
SELECT decide('a', '[1,900]'), decide('b', '[1,300]');
UPDATE churnprevent.decision SET decided_at = decided_at - interval '10 days' WHERE idempotency_key ~ '^a';
UPDATE churnprevent.decision SET decided_at = decided_at - interval '200 days' WHERE customer_id::int > 860;
CREATE TABLE told AS SELECT decision_id, customer_id AS id, quit, idempotency_key ~ '^a' AS first FROM churnprevent.decision JOIN reader r ON r.id::text = customer_id;
SELECT count(cp_feedback(t.id, CASE t.id::int % 2 WHEN 0 THEN 'none' ELSE 'contact' END, 1 - t.quit, decision_id => t.decision_id)) AS told FROM told t WHERE t.id::int % 3 > 0 AND first;
SELECT count(cp_feedback(t.id, CASE t.id::int % 2 WHEN 0 THEN 'none' ELSE 'contact' END, CASE WHEN t.id::int % 4 = 0 THEN 0 ELSE 1 - t.quit END, window_days => 36, decision_id => t.decision_id)) AS longer FROM told t WHERE t.id::int % 3 = 1 AND first;
SELECT count(cp_feedback(t.id, CASE t.id::int % 2 WHEN 0 THEN 'none' ELSE 'contact' END, t.quit, window_days => 7, decision_id => t.decision_id)) AS shorter FROM told t WHERE t.id::int % 3 = 1 AND first;
SELECT count(cp_feedback(t.id, CASE t.id::int % 2 WHEN 0 THEN 'none' ELSE 'contact' END, t.quit, decision_id => t.decision_id)) AS later FROM told t WHERE t.id::int % 3 = 2 AND NOT first;
SELECT count(cp_feedback('nobody', 'none', 1)) AS nobody FROM generate_series(1, 50);
-- By hand: who is known, with the probability logged and what became of them.
CREATE VIEW known AS
SELECT churn_probability::float8 AS p, quit = 1 AS churned, t.id::int % 2 = 0 AS untreated
FROM told t JOIN churnprevent.decision d USING (decision_id) WHERE first AND t.id::int % 3 > 0 AND t.id::int <= 860;
CREATE VIEW figures AS
SELECT basis, count(*) AS rows, cp_auc(p, churned) AS auc, cp_log_loss(p, churned) AS log_loss, avg(((p >= 0.5) = churned)::int)::float8 AS accuracy, avg(churned::int)::float8 AS churn_rate, avg(churned::int)::float8 / avg(p) AS calibration
FROM known, (VALUES ('realised', false), ('untreated', true)) b(basis, only_untreated) WHERE untreated OR NOT only_untreated GROUP BY basis;
SELECT basis, figure, abs(p.value - (to_jsonb(f) ->> figure)::float8) < 1e-9 AS value, p.rows = f.rows AS rows, f.rows > 50 AS some, lower < value AND value < upper AS interval, abs(change - (value - training)) < 1e-12 AS change FROM cp_performance('lib') p JOIN figures f USING (basis) ORDER BY 1, 2;
-- Wilson's interval of the churn rate, and the same over what was expected.
SELECT basis, figure, abs(p.lower - (m - h) * by) < 1e-9 AS lower, abs(p.upper - (m + h) * by) < 1e-9 AS upper FROM cp_performance('lib') p JOIN figures f USING (basis), LATERAL (SELECT f.rows::float8 AS n, 1.959963984540054 AS z) s,
	LATERAL (SELECT (churn_rate + z * z / 2 / n) / (1 + z * z / n) AS m, z / (1 + z * z / n) * sqrt(churn_rate * (1 - churn_rate) / n + z * z / 4 / n / n) AS h, CASE figure WHEN 'calibration' THEN f.calibration / f.churn_rate ELSE 1 END AS by) w
WHERE figure IN ('churn_rate', 'calibration') ORDER BY 1, 2;
-- Estimated: of everybody's latest decision, whether known or not.
CREATE VIEW scored AS SELECT DISTINCT ON (customer_id) churn_probability::float8 AS p FROM churnprevent.decision WHERE decided_at > now() - interval '90 days' ORDER BY customer_id, decided_at DESC;
SELECT figure, abs(value - CASE figure WHEN 'churn_rate' THEN (SELECT avg(p) FROM scored) WHEN 'accuracy' THEN (SELECT avg(greatest(p, 1 - p)) FROM scored) WHEN 'log_loss' THEN (SELECT -avg(p * ln(p) + (1 - p) * ln(1 - p)) FROM scored)
	WHEN 'auc' THEN (SELECT sum(a.p * (1 - b.p) * CASE WHEN a.p > b.p THEN 1 WHEN a.p = b.p THEN 0.5 ELSE 0 END) / sum(a.p * (1 - b.p)) FROM (SELECT p, row_number() OVER () AS n FROM scored) a, (SELECT p, row_number() OVER () AS n FROM scored) b WHERE a.n <> b.n) END) < 1e-9 AS value,
	rows = (SELECT count(*) FROM scored) AS rows, lower < value AND value < upper AS interval FROM cp_performance('lib') WHERE basis = 'estimated' ORDER BY 1;
SELECT string_agg(DISTINCT rows::text, ' ') AS rows FROM cp_performance('lib', '300 days') WHERE basis = 'estimated';
SELECT basis, rows FROM cp_performance('lib', '5 days') p WHERE figure = 'auc' AND basis IN ('realised', 'estimated');
SELECT count(*) AS same FROM (SELECT * FROM churnprevent.model_performance INTERSECT SELECT 'lib', 1, * FROM cp_performance('lib')) s;
-- Of another version nothing was decided.
SELECT version FROM cp_train('lib', 'reader', 'quit', '{"id": "id", "value_column": "fee", "seed": 2, "members": "gbm", "gbm": {"rounds": 20}}');
SELECT basis, rows, value FROM cp_performance('lib') WHERE figure = 'auc' AND basis <> 'training';
SELECT cp_performance_check('lib');
SELECT cp_deploy('lib', 1);

-- The alarm: of the untreated; by the AUC, short of what was promised, and by calibration.
SELECT cp_performance_check('lib'); SELECT level, message FROM churnprevent.alert; DELETE FROM churnprevent.alert;
CREATE VIEW alerts AS SELECT dense_rank() OVER (ORDER BY alert_id) AS no, model, source, level, times, resolved_at IS NOT NULL AS resolved, message FROM churnprevent.alert ORDER BY alert_id;
-- Outcomes that have nothing to do with the score, as far as `share` of customers goes.
CREATE FUNCTION outcomes(share float8, off float8 DEFAULT 1) RETURNS text LANGUAGE sql AS $$
	TRUNCATE churnprevent.feedback;
	UPDATE churnprevent.decision SET decided_at = now() - interval '3 days' WHERE model_id = 1;
	INSERT INTO churnprevent.feedback (decision_id, customer_id, action_taken, outcome, observed_at, window_days)
		SELECT DISTINCT ON (customer_id) decision_id, customer_id, CASE WHEN customer_id::int % 2 = 0 THEN 0 ELSE 5 END, 1 - (u(customer_id::int, 'out') < off * CASE WHEN u(customer_id::int, 'share') < share THEN 0.35 ELSE churn_probability END)::int, now(), 30
		FROM churnprevent.decision ORDER BY customer_id, decision_id;
	SELECT cp_performance_check('lib');
$$;
SELECT outcomes(0); SELECT basis, rows FROM cp_performance('lib') WHERE figure = 'auc';
SELECT outcomes(1); TABLE alerts;
SELECT abs((numbers #>> '{untreated,auc}')::float8 - u.value) < 1e-9 AS untreated, abs((numbers #>> '{realised,log_loss}')::float8 - r.value) < 1e-9 AS realised, (SELECT jsonb_agg(k) FROM jsonb_object_keys(numbers) k) AS bases, (SELECT jsonb_agg(k) FROM jsonb_object_keys(numbers -> 'estimated') k) AS figures
FROM churnprevent.alert, cp_performance('lib') u, cp_performance('lib') r WHERE u.basis = 'untreated' AND u.figure = 'auc' AND r.basis = 'realised' AND r.figure = 'log_loss';
SELECT outcomes(1); SELECT level, times FROM alerts;
SELECT expected - value AS fall FROM cp_performance('lib') WHERE basis = 'untreated' AND figure = 'auc' \gset
SELECT f, set_config('churnprevent.performance_threshold_auc', (:fall * f)::text, true) IS NOT NULL, cp_performance_check('lib') FROM unnest('{0.99,1.01,1.99,2.01}'::float8[]) f;
TABLE alerts;
-- Twice as many leave as were expected, all in the order of their scores.
SELECT outcomes(0, 2); TABLE alerts;
SELECT outcomes(0, 1.35); SELECT level, resolved FROM alerts ORDER BY no DESC LIMIT 1;
SELECT outcomes(0, 0.5); SELECT level, message FROM alerts ORDER BY no DESC LIMIT 1;
SELECT outcomes(0); SELECT count(*) FROM churnprevent.alert_open;
-- Of those who are treated nobody can say whether the model erred or the action worked.
SELECT outcomes(0, 0.5); SELECT outcomes(0);
UPDATE churnprevent.feedback SET action_taken = 5; UPDATE churnprevent.feedback SET outcome = 1 WHERE customer_id::int % 3 > 0;
SELECT cp_performance_check('lib'), value < 0.6 AS fewer FROM cp_performance('lib') WHERE basis = 'realised' AND figure = 'calibration';
-- Too few rows: of a class, or at all. It says nothing of an alert there is.
SELECT outcomes(0, 2);
UPDATE churnprevent.feedback SET outcome = (customer_id::int > 9)::int;
SELECT cp_performance_check('lib');
UPDATE churnprevent.feedback SET outcome = (customer_id::int > 10)::int;
SELECT cp_performance_check('lib') <> 'too few rows' AS enough;
DELETE FROM churnprevent.feedback WHERE customer_id::int >= 100;
SELECT cp_performance_check('lib');
SELECT level, resolved FROM alerts ORDER BY no DESC LIMIT 1;
-- Where all leave, or none, there is no AUC.
UPDATE churnprevent.feedback SET outcome = 0;
SELECT figure, rows, value IS NULL AS unknown FROM cp_performance('lib') WHERE basis = 'realised' AND figure IN ('auc', 'churn_rate');

-- With a base rate the probabilities are of all customers: every fourth of those who quit stands for them, and as many leave as promised.
SELECT version FROM cp_train('rare', 'reader', 'quit', '{"id": "id", "value_column": "fee", "base_rate": 0.05, "members": "gbm", "gbm": {"rounds": 20}}');
TRUNCATE churnprevent.feedback, churnprevent.decision, churnprevent.decision_key, churnprevent.contact_state;
SELECT count(*) FROM reader r, cp_decide(r, id::text, 'random', 'r' || id, 'rare') WHERE id <= 900;
INSERT INTO churnprevent.feedback (decision_id, customer_id, action_taken, outcome, observed_at, window_days) SELECT decision_id, customer_id, 0, 1 - (quit = 1 AND r.id % 4 = 0)::int, now(), 30 FROM churnprevent.decision JOIN reader r ON r.id::text = customer_id;
SELECT cp_performance_check('rare'), round(value::numeric, 2) AS calibration FROM cp_performance('rare') WHERE basis = 'untreated' AND figure = 'calibration';
-- Trained without held-out rows there is nothing to compare with.
SELECT version FROM cp_train('all', 'reader', 'quit', '{"id": "id", "value_column": "fee", "test_size": 0, "members": "gbm", "gbm": {"rounds": 5}}');
SELECT basis, rows, value, training FROM cp_performance('all') WHERE figure = 'auc';
SELECT count(*) FROM reader r, cp_decide(r, id::text, 'random', 's' || id, 'all') WHERE id <= 900;
INSERT INTO churnprevent.feedback (decision_id, customer_id, action_taken, outcome, observed_at, window_days) SELECT decision_id, customer_id, 0, quit, now(), 31 FROM churnprevent.decision JOIN reader r ON r.id::text = customer_id WHERE idempotency_key ~ '^s';
SELECT cp_performance_check('all') <> 'too few rows' AS enough, basis, rows, value IS NOT NULL AS value, training, change FROM cp_performance('all') WHERE figure = 'auc' ORDER BY 2;

-- Who was forgotten is gone from it; a dropped model takes its alerts.
SELECT cp_forget('1') IS NOT NULL; SELECT rows FROM cp_performance('rare') WHERE basis = 'realised' AND figure = 'auc';
SELECT cp_drop_model('lib'); SELECT count(*) FROM churnprevent.alert WHERE model = 'lib';

-- What is not a call.
SELECT cp_performance(); \echo :LAST_ERROR_SQLSTATE
SELECT cp_performance('no such'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_performance('rare', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_performance_check('rare', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_performance_check('no such'); \echo :LAST_ERROR_SQLSTATE
SELECT basis, rows FROM cp_performance('rare', '-1 day') WHERE figure = 'auc';
SET churnprevent.performance_threshold_auc = 0; \echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY; SELECT cp_performance_check('rare'); ROLLBACK; \echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY; SELECT count(*) FROM cp_performance('rare'); ROLLBACK;

DROP SCHEMA performance_test CASCADE;
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
