-- cp_log_partitions: months of the logs are made ahead, filled, and dropped.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all
UPDATE churnprevent.holdout SET share = 0, salt = '00000000-0000-0000-0000-000000000001';
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 5}}');
-- Partitions by the distance of their month from this one, whatever the month is.
CREATE FUNCTION months(name text) RETURNS int LANGUAGE sql AS $$
	SELECT (extract(year FROM age(m, n)) * 12 + extract(month FROM age(m, n)))::int
	FROM (SELECT to_date(substring(name FROM '\d{4}_\d{2}'), 'YYYY_MM') AS m, date_trunc('month', now() AT TIME ZONE 'UTC')::date AS n) s
$$;
CREATE VIEW partitions AS
SELECT i.inhparent::regclass AS log, coalesce(months(c.relname)::text, 'default') AS month, pg_get_expr(c.relpartbound, c.oid) ~ '01 00:00:00\+00.*01 00:00:00\+00' AS whole_month, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS indexes,
	(SELECT rolname FROM pg_roles r WHERE r.oid = c.relowner) = (SELECT rolname FROM pg_roles r WHERE r.oid = p.relowner) AS owner, c.oid AS partition
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent ORDER BY 1, nullif(coalesce(months(c.relname)::text, 'default'), 'default')::int;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT log, month, indexes FROM partitions;

-- What was written before its partition was made moves into it, and the rest stays.
SELECT count(*) FROM (SELECT * FROM gym_member ORDER BY member_id LIMIT 20) m, cp_decide(m, member_id::text, 'random', 'now ' || member_id, 'gym');
SELECT count(*) FROM (SELECT * FROM gym_member ORDER BY member_id LIMIT 20) m, cp_decide(m, 'old ' || member_id, 'random', 'old ' || member_id, 'gym');
SELECT count(cp_feedback(member_id::text, 'none', 1)) FROM (SELECT * FROM gym_member ORDER BY member_id LIMIT 10) m;
UPDATE churnprevent.decision SET decided_at = date_trunc('month', now()) - make_interval(months => length(customer_id)) WHERE customer_id ~ '^old';
UPDATE churnprevent.decision_key k SET decided_at = d.decided_at FROM churnprevent.decision d WHERE d.decision_id = k.decision_id;
SELECT md5(string_agg(d::text, ' ' ORDER BY decision_id)) AS decisions FROM churnprevent.decision d \gset
SELECT md5(string_agg(f::text, ' ' ORDER BY feedback_id)) AS feedback FROM churnprevent.feedback f \gset
SELECT months(partition) AS month, regexp_replace(partition, '\d{4}_\d{2}', 'month') AS partition, happened FROM cp_log_partitions();
SELECT * FROM cp_log_partitions();
SELECT log, month, whole_month, indexes, owner FROM partitions;
SELECT md5(string_agg(d::text, ' ' ORDER BY decision_id)) = :'decisions' AS same FROM churnprevent.decision d;
SELECT md5(string_agg(f::text, ' ' ORDER BY feedback_id)) = :'feedback' AS same FROM churnprevent.feedback f;
SELECT month, count(*) FROM churnprevent.decision d JOIN partitions p ON p.partition = d.tableoid GROUP BY 1 ORDER BY 1;
SELECT month, count(*) FROM churnprevent.feedback f JOIN partitions p ON p.partition = f.tableoid GROUP BY 1 ORDER BY 1;
-- No key and no index on the parents: pg_dump would bring them back twice.
SELECT count(*) FROM pg_index WHERE indrelid IN ('churnprevent.decision'::regclass, 'churnprevent.feedback'::regclass);
-- Columns, checks and what may be NULL are the parent's.
SELECT p.log, p.month, count(*) FILTER (WHERE (a.attname, a.atttypid, a.attnotnull, a.attcollation) IS DISTINCT FROM (b.attname, b.atttypid, b.attnotnull, b.attcollation)) AS other_columns,
	(SELECT count(*) FROM pg_constraint WHERE conrelid = p.partition AND contype = 'c') - (SELECT count(*) FROM pg_constraint WHERE conrelid = p.log AND contype = 'c') AS checks
FROM partitions p JOIN pg_attribute a ON a.attrelid = p.log AND a.attnum > 0 LEFT JOIN pg_attribute b ON b.attrelid = p.partition AND b.attnum = a.attnum GROUP BY 1, 2, p.partition ORDER BY 1, 2;

-- Deciding goes on in the partition: keys of before hold, numbers go on, nothing is told twice.
SELECT count(*) FILTER (WHERE repeated) FROM (SELECT * FROM gym_member ORDER BY member_id LIMIT 20) m, cp_decide(m, member_id::text, 'random', 'now ' || member_id, 'gym');
SELECT repeated FROM gym_member m, cp_decide(m, 'old 1', 'random', 'old 1', 'gym') WHERE member_id = 1;
SELECT decision_id - (SELECT max(decision_id) FROM churnprevent.decision) AS next FROM gym_member m, cp_decide(m, 'new', 'none', 'new', 'gym') WHERE member_id = 30;
SELECT p.month FROM churnprevent.decision d JOIN partitions p ON p.partition = d.tableoid WHERE customer_id = 'new';
SELECT cp_feedback('1', 'none', 1) IS NULL; \echo :LAST_ERROR_SQLSTATE
SELECT matched_decision IS NOT NULL AS matched FROM cp_feedback('new', 'none', 1);
SELECT p.month FROM churnprevent.feedback f JOIN partitions p ON p.partition = f.tableoid WHERE customer_id = 'new';
SELECT sum(trials) FROM cp_train_policy('greedy');
-- Each partition refuses what the default one refuses.
\set VERBOSITY sqlstate
INSERT INTO churnprevent.decision OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(d, '{"propensity": 0}')).* FROM churnprevent.decision d WHERE customer_id = 'new'; \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM churnprevent.decision WHERE customer_id = 'new';
\set VERBOSITY default

-- As far ahead as asked for; gaps are filled; old ones go when asked for, with all that is in them, and keys after ninety days.
SELECT months(partition) AS month, happened FROM cp_log_partitions(5);
SELECT months(partition) AS month, happened FROM cp_log_partitions(0, 12);
CREATE FUNCTION age_partitions(by interval) RETURNS void LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
	log text;
	first timestamptz = date_trunc('month', now()) - by;
BEGIN
	FOREACH log IN ARRAY '{decision,feedback}'::text[] LOOP
		EXECUTE format('CREATE TABLE churnprevent.%1$s_%2$s PARTITION OF churnprevent.%1$s FOR VALUES FROM (%3$L) TO (%4$L)', log, to_char(first, 'YYYY_MM'), first, first + '1 month');
	END LOOP;
END
$$;
DELETE FROM churnprevent.decision WHERE tableoid = 'churnprevent.decision_default'::regclass;
SELECT age_partitions('14 months'), age_partitions('13 months'), age_partitions('12 months');
INSERT INTO churnprevent.decision OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(d, jsonb_build_object('customer_id', 'aged', 'decision_id', -n, 'decided_at', date_trunc('month', now()) - make_interval(months => n) + '3 days'::interval))).* FROM churnprevent.decision d, unnest('{12,13,14}'::int[]) n WHERE customer_id = 'new';
SELECT decision_id FROM churnprevent.decision WHERE customer_id = 'aged' ORDER BY 1;
UPDATE churnprevent.decision_key SET decided_at = now() - CASE idempotency_key WHEN 'old 2' THEN '91 days'::interval ELSE '89 days' END WHERE idempotency_key IN ('old 2', 'old 3');
SELECT months(partition) AS month, regexp_replace(partition, '\d{4}_\d{2}', 'month') AS partition, happened FROM cp_log_partitions(0, 12) ORDER BY 2, 1;
SELECT decision_id FROM churnprevent.decision WHERE customer_id = 'aged' ORDER BY 1;
SELECT idempotency_key FROM churnprevent.decision_key WHERE idempotency_key IN ('old 2', 'old 3');
SELECT log, month FROM partitions WHERE month::text ~ '-';
SELECT months(partition) AS month, happened FROM cp_log_partitions(0, 1);
SELECT log, month FROM partitions;

SELECT cp_log_partitions(-1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_partitions(121); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_partitions(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_partitions(1, 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_partitions(1, -3); \echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
SELECT cp_log_partitions(7); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- Undone with its transaction; in another time zone the months are the same.
BEGIN;
SELECT count(*) FROM cp_log_partitions(7);
ROLLBACK;
SET timezone = 'Pacific/Kiritimati';
SELECT * FROM cp_log_partitions(5);
SET timezone = 'UTC';
SELECT bool_and(whole_month) FROM partitions WHERE month <> 'default';
-- An admin may; those made run as any other: operators read the log through its name, and write none of it.
CREATE ROLE partitions_admin;
CREATE ROLE partitions_operator;
SELECT cp_grant('partitions_admin', 'admin'), cp_grant('partitions_operator', 'operator'), cp_grant_model('gym', 'partitions_operator');
GRANT SELECT ON gym_member TO partitions_operator;
SET ROLE partitions_admin;
SELECT count(*) FROM cp_log_partitions(6);
SET ROLE partitions_operator;
SELECT repeated FROM gym_member m, cp_decide(m, 'of operator', 'none', 'op', 'gym') WHERE member_id = 30;
SELECT count(*) FROM churnprevent.decision WHERE customer_id = 'of operator';
SELECT cp_log_partitions(7); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT log, month FROM partitions WHERE has_table_privilege('partitions_operator', partition, 'INSERT, UPDATE, DELETE, TRUNCATE');
-- They go with the extension.
SET client_min_messages = warning;
DROP OWNED BY partitions_admin, partitions_operator;
DROP ROLE partitions_admin, partitions_operator;
DROP VIEW partitions;
DROP FUNCTION months(text), age_partitions(interval);
DROP TABLE gym_member;
DROP EXTENSION churnprevent;
SELECT count(*) FROM pg_class WHERE relname ~ '^(decision|feedback)_';
CREATE EXTENSION churnprevent;
