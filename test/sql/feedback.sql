-- cp_feedback: which decision an outcome belongs to, and what is refused.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001';
UPDATE churnprevent.action SET cooldown = '0';
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 20}}');
SELECT * FROM cp_feedback('1', 'none', 1) \gdesc
CREATE FUNCTION one(id int) RETURNS gym_member LANGUAGE sql STABLE AS 'SELECT m FROM gym_member m WHERE member_id = id';
-- So many days ago.
CREATE PROCEDURE decide(id text, method text, days int DEFAULT 0) LANGUAGE sql AS $$
	SELECT cp_decide(one(20), id, method, format('%s %s %s', id, method, days), 'gym');
	UPDATE churnprevent.decision SET decided_at = decided_at - make_interval(days => days) WHERE idempotency_key = format('%s %s %s', id, method, days);
	UPDATE churnprevent.decision_key SET decided_at = decided_at - make_interval(days => days) WHERE idempotency_key = format('%s %s %s', id, method, days);
$$;
CREATE VIEW told AS
SELECT f.feedback_id AS id, f.customer_id, split_part(d.idempotency_key, ' ', 2) AS method, split_part(d.idempotency_key, ' ', 3) AS days, taken.name AS taken, decided.name AS decided, mismatch, outcome, revenue_impact AS revenue, window_days AS over,
	observed_at BETWEEN now() - '1 minute'::interval AND now() AS now
FROM churnprevent.feedback f LEFT JOIN churnprevent.decision d USING (decision_id) JOIN churnprevent.action taken ON taken.action_id = action_taken LEFT JOIN churnprevent.action decided ON decided.action_id = d.action_id ORDER BY f.feedback_id;

-- The latest decision that has none yet, then the one before; whatever was carried out.
CALL decide('a', 'greedy', 40);
CALL decide('a', 'none', 20);
CALL decide('a', 'none', 10);
SELECT feedback_id, matched_decision IS NOT NULL AS matched, mismatch FROM cp_feedback('a', 'none', 1, 29.905);
SELECT feedback_id, matched_decision IS NOT NULL AS matched, mismatch FROM cp_feedback('a', 'offer', 0, -10);
SELECT feedback_id, matched_decision IS NOT NULL AS matched, mismatch FROM cp_feedback(customer_id => 'a', action_taken => 'discount_10', outcome => 1);
SELECT * FROM told;
SELECT cp_feedback('a', 'none', 1); \echo :LAST_ERROR_SQLSTATE
-- Over another time they are open again; NULL is thirty days.
SELECT feedback_id, matched_decision IS NOT NULL AS matched, mismatch FROM cp_feedback('a', 'none', 0, NULL, 90);
SELECT cp_feedback('a', 'none', 0, NULL, NULL); \echo :LAST_ERROR_SQLSTATE
-- A decision that is named; of this customer, once.
SELECT decision_id AS old FROM churnprevent.decision WHERE idempotency_key = 'a greedy 40' \gset
SELECT feedback_id, matched_decision = :old AS that, mismatch FROM cp_feedback('a', 'discount_10', 0, 5, 90, :old);
SELECT cp_feedback('a', 'discount_10', 0, 5, 90, :old); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('b', 'discount_10', 0, 5, 60, :old) IS NULL AS another_customer; \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'discount_10', 0, 5, 60, 999999999999); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'discount_10', 0, 5, 60, -1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'discount_10', 0, 5, 60, 0); \echo :LAST_ERROR_SQLSTATE
-- None of a customer, or none lately: kept beside, counted, bound to nothing.
SELECT feedback_id, matched_decision, mismatch FROM cp_feedback('nobody', 'none', 1);
SELECT feedback_id, matched_decision, mismatch FROM cp_feedback('nobody', 'none', 1);
CALL decide('late', 'greedy', 91);
SELECT matched_decision, mismatch FROM cp_feedback('late', 'discount_10', 1);
SET churnprevent.attribution_window = 100;
SELECT matched_decision IS NOT NULL AS matched, mismatch FROM cp_feedback('late', 'discount_10', 1);
RESET churnprevent.attribution_window;
CALL decide('later', 'greedy', 3000);
SELECT matched_decision, mismatch FROM cp_feedback('later', 'discount_10', 1);
SELECT matched_decision IS NOT NULL AS matched, mismatch FROM churnprevent.decision d, cp_feedback('later', 'discount_10', 1, decision_id => d.decision_id) WHERE idempotency_key = 'later greedy 3000';
SELECT count(*) AS feedback, count(*) FILTER (WHERE decision_id IS NULL) AS unmatched, count(*) FILTER (WHERE mismatch) AS mismatched, count(*) FILTER (WHERE (mismatch IS NULL) <> (decision_id IS NULL)) AS wrong FROM churnprevent.feedback;
-- Of the control group too: that is what it is for.
UPDATE churnprevent.holdout SET share = 1;
CALL decide('held', 'greedy');
UPDATE churnprevent.holdout SET share = 0;
SELECT matched_decision IS NOT NULL AS matched, mismatch FROM cp_feedback('held', 'none', 1);
-- An action that has another name by now, and one that is not in force any more.
CALL decide('n', 'greedy');
SELECT a.name, enabled FROM churnprevent.decision JOIN churnprevent.action a USING (action_id) WHERE customer_id = 'n';
UPDATE churnprevent.action SET name = 'tenth', enabled = false WHERE name = 'discount_10';
SELECT cp_feedback('n', 'discount_10', 1); \echo :LAST_ERROR_SQLSTATE
SELECT matched_decision IS NOT NULL AS matched, mismatch FROM cp_feedback('n', 'tenth', 1);
-- Several in one statement; twice is refused there too.
CALL decide('s', 'none', 3);
CALL decide('s', 'none', 2);
SELECT count(DISTINCT matched_decision) FROM generate_series(1, 2) n, cp_feedback('s', 'none', n % 2);
SELECT cp_feedback('s', 'none', 1, NULL, w) IS NULL FROM unnest('{7,7,7}'::int[]) w; \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM churnprevent.feedback WHERE customer_id = 's';

-- What is no feedback.
SELECT cp_feedback('a', 'bribe', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', '', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', NULL, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'none', 2); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'none', -1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'none', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'none', true); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback(NULL, 'none', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('', 'none', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback(repeat('9', 513), 'none', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'none', 1, 'NaN'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('fresh', 'none', 1, 'Infinity'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('fresh', 'none', 1, 1e12); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('fresh', 'none', 1, 1e500); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'none', 1, 0, 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'none', 1, 0, -30); \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('a', 'none', 1, 0, 3661); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM churnprevent.feedback WHERE customer_id = 'fresh';

-- In the caller's transaction.
CALL decide('t', 'none');
BEGIN;
SELECT mismatch FROM cp_feedback('t', 'none', 1);
SAVEPOINT s;
SELECT cp_feedback('t', 'none', 1); \echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
ROLLBACK;
SELECT mismatch FROM cp_feedback('t', 'offer', 0);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT mismatch FROM cp_feedback('t', 'none', 1, NULL, 7);
SELECT cp_feedback('t', 'none', 1, NULL, 7); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT cp_feedback('t', 'none', 1, NULL, 7); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- An operator gives it, and cannot take it back.
CREATE ROLE feedback_operator;
SELECT cp_grant('feedback_operator', 'operator');
SET ROLE feedback_operator;
SELECT mismatch FROM cp_feedback('t', 'none', 1, NULL, 7);
SELECT count(*) FROM churnprevent.feedback WHERE customer_id = 't';
UPDATE churnprevent.feedback SET outcome = 1; \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.feedback; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.feedback (customer_id, action_taken, outcome, observed_at, window_days) VALUES ('t', 0, 1, now(), 30); \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.feedback_default; \echo :LAST_ERROR_SQLSTATE
SELECT nextval('churnprevent.feedback_feedback_id_seq'); \echo :LAST_ERROR_SQLSTATE
SET churnprevent.attribution_window = 100; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- The decisions are as they were: feedback stands beside them.
SELECT count(*) FILTER (WHERE f.action_taken <> d.action_id AND NOT f.mismatch OR f.action_taken = d.action_id AND f.mismatch) AS wrong, count(*) > 10 AS some FROM churnprevent.feedback f JOIN churnprevent.decision d USING (decision_id, customer_id);

SET client_min_messages = warning;
DROP OWNED BY feedback_operator;
DROP ROLE feedback_operator;
DROP VIEW told;
DROP PROCEDURE decide(text, text, int);
DROP FUNCTION one(int);
DROP TABLE gym_member;
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
