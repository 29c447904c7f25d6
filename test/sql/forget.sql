-- cp_forget: nothing is left of a customer, and what learned from them is marked.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001';
-- Three models: one of members up to 600, one of the others, one that was not told who they are.
SELECT version FROM cp_train('low', 'SELECT * FROM gym_member WHERE member_id <= 600', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT version FROM cp_train('high', 'SELECT *, member_id::text || ''   '' AS padded FROM gym_member WHERE member_id > 600', 'left_club', '{"id": "padded", "exclude": "member_id", "value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT version FROM cp_train('unnamed', 'SELECT plan, age, monthly_fee, left_club FROM gym_member', 'left_club', '{"value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 5}}');
CREATE FUNCTION one(id int) RETURNS gym_member LANGUAGE sql STABLE AS 'SELECT m FROM gym_member m WHERE member_id = id';
CREATE VIEW left_of AS
SELECT n AS id, (SELECT count(*) FROM churnprevent.decision d WHERE customer_id = n) AS decisions, (SELECT count(*) FROM churnprevent.feedback WHERE customer_id = n) AS feedback,
	(SELECT count(*) FROM churnprevent.decision_key WHERE customer_id = n) AS keys, (SELECT count(*) FROM churnprevent.contact_state WHERE customer_id = n) AS contacts
FROM unnest('{1,2,700,701,absent,told}'::text[]) n;
CREATE VIEW marked AS
SELECT m.name AS model, p.name AS policy, policy_version, f.customers, last_at BETWEEN now() - '1 minute'::interval AND clock_timestamp() AS lately
FROM churnprevent.forgotten f LEFT JOIN churnprevent.model m USING (model_id) LEFT JOIN (SELECT DISTINCT policy_id, name FROM churnprevent.policy) p USING (policy_id) ORDER BY 1, 2, 3;

-- In the partition of this month and in the default one.
SELECT count(*) FROM unnest('{1,2,700,701}'::int[]) n, cp_decide(one(n), n::text, 'none', 'before ' || n, 'low');
SELECT count(*) > 0 AS made FROM cp_log_partitions(0);
UPDATE churnprevent.decision SET decided_at = decided_at - '1000 days'::interval WHERE customer_id IN ('1', '2');
UPDATE churnprevent.decision_key SET decided_at = decided_at - '1000 days'::interval WHERE customer_id IN ('1', '2');
SELECT count(*) FROM unnest('{1,2,700,701}'::int[]) n, cp_decide(one(n), n::text, 'none', 'after ' || n, 'low');
SELECT count(cp_feedback(n, 'none', 1)) FROM unnest('{1,2,700,told}'::text[]) n;
SELECT DISTINCT policy, version FROM cp_train_policy('greedy');
SELECT count(cp_feedback('701', 'none', 1)) FROM generate_series(1, 1);
SELECT DISTINCT policy, version FROM cp_train_policy('greedy');
-- What is done for them is kept.
SELECT count(*) AS acted FROM unnest('{1,2,700,701}'::int[]) n, cp_decide(one(n), n::text, 'random', 'acted ' || n, 'low') WHERE action_name <> 'none';
SELECT tableoid::regclass::text ~ 'default' AS in_default, count(*) FROM churnprevent.decision GROUP BY 1 ORDER BY 1;
SELECT * FROM left_of;

SELECT * FROM cp_forget('1') \gdesc
-- Of who was learned from, the models and policies; of who was not, those that cannot tell.
SELECT * FROM cp_forget('1');
SELECT * FROM marked;
SELECT * FROM cp_forget('700');
SELECT * FROM marked;
-- Told of after the first policy was trained: only the second learned from it.
SELECT * FROM cp_forget('701');
SELECT policy, policy_version, customers FROM marked WHERE policy IS NOT NULL;
-- Feedback without a decision taught nobody anything.
SELECT * FROM cp_forget('told');
SELECT policy, policy_version, customers FROM marked WHERE policy IS NOT NULL;
SELECT * FROM cp_forget('absent');
SELECT * FROM cp_forget('');
SELECT cp_forget(NULL) IS NULL AS nobody;
SELECT * FROM left_of;
-- No table of ours holds the word any more, but for the catalogue of models, which keeps a filter.
SELECT count(cp_decide(one(1), 'Zaphod Beeblebrox', 'random', 'Zaphod Beeblebrox ' || n, 'low')) FROM generate_series(1, 3) n;
SELECT count(cp_feedback('Zaphod Beeblebrox', 'none', 1)) FROM generate_series(1, 1);
CREATE FUNCTION mentions(word text) RETURNS TABLE (relation text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOR relation IN SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'churnprevent'::regnamespace AND relkind = 'r' ORDER BY 1 LOOP
		EXECUTE format('SELECT count(*) FROM %s t WHERE position(%L IN t::text) > 0', relation, word) INTO rows;
		CONTINUE WHEN rows = 0;
		relation := regexp_replace(relation, '\d{4}_\d{2}', 'of this month');
		RETURN NEXT;
	END LOOP;
END
$$;
SELECT * FROM mentions('Zaphod Beeblebrox');
SELECT decisions, feedback FROM cp_forget('Zaphod Beeblebrox');
SELECT * FROM mentions('Zaphod Beeblebrox');
-- Others are as they were.
SELECT * FROM left_of WHERE id = '2';

-- The key is free again, and nothing is known of an earlier contact.
SELECT repeated, reason FROM cp_decide(one(700), '700', 'random', 'before 700', 'low');
-- What is undone is undone.
BEGIN;
SELECT decisions FROM cp_forget('2');
SELECT decisions FROM left_of WHERE id = '2';
ROLLBACK;
SELECT * FROM left_of WHERE id = '2';
BEGIN READ ONLY;
SELECT cp_forget('2'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- An admin may, an operator may not.
CREATE ROLE forget_admin;
CREATE ROLE forget_operator;
SELECT cp_grant('forget_admin', 'admin'), cp_grant('forget_operator', 'operator');
SET ROLE forget_operator;
SELECT cp_forget('2'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) > 0 AS reads FROM churnprevent.forgotten;
SET ROLE forget_admin;
SELECT decisions, feedback FROM cp_forget('2');
DELETE FROM churnprevent.forgotten; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;

SET client_min_messages = warning;
DROP VIEW left_of, marked;
DROP FUNCTION one(int), mentions(text);
DROP OWNED BY forget_admin, forget_operator;
DROP ROLE forget_admin, forget_operator;
DROP TABLE gym_member;
DROP EXTENSION churnprevent CASCADE;
CREATE EXTENSION churnprevent;
