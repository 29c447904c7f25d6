-- What the log claims of chance, counted: draws against their logged probabilities, the size of the control group, and that it is left alone.
BEGIN;
SELECT no_plan();
\i test/data/gym_members.sql
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001';
-- The offer is for some only, so that there are two masks.
UPDATE churnprevent.action SET eligible = 'plan = ''basic''' WHERE name = 'offer';
SELECT lives_ok($$ SELECT cp_train('m', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 20}}') $$, 'train');

-- The control group: a share of all ids, whatever they look like, and as it should be among any of them.
CREATE TEMP TABLE shares AS
SELECT pattern, share, count(*) AS n, count(*) FILTER (WHERE cp_control_group(format(pattern, n))) AS control
FROM (VALUES ('%s', 0.05), ('C%s', 0.05), ('customer-%s@example.org', 0.05)) p(pattern, share), generate_series(1, 100000) n GROUP BY 1, 2;
SELECT cmp_ok(abs(control - n * share), '<=', 3 * sqrt(n * share * (1 - share)), format('control group of 100,000 ids like %s: %s', pattern, control)) FROM shares;
UPDATE churnprevent.holdout SET share = 0.37;
SELECT cmp_ok(abs(count(*) FILTER (WHERE cp_control_group(n::text)) - 37000), '<=', (3 * sqrt(100000 * 0.37 * 0.63))::bigint, 'a share of 37 %') FROM generate_series(1, 100000) n;
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000002';
CREATE TEMP TABLE first_group AS SELECT n, cp_control_group(n::text) AS control FROM generate_series(1, 100000) n;
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001';
SELECT cmp_ok(abs(count(*) FILTER (WHERE control AND cp_control_group(n::text)) - 100000 * 0.37 ^ 2), '<=', 3 * sqrt(100000 * 0.37 ^ 2 * (1 - 0.37 ^ 2)), 'another salt draws a group that has nothing to do with it') FROM first_group;
UPDATE churnprevent.holdout SET share = 0.05;

-- 20,000 decisions at random and 20,000 by greedy. (That no path acts on the control group is a matter of one line of code
-- ahead of every method, so a million would show no more.)
SELECT is(count(*), 20000::bigint, 'decisions by ' || method)
FROM unnest('{random,greedy}'::text[]) method, generate_series(1, 20) n, (SELECT * FROM gym_member WHERE member_id <= 1000) m, cp_decide(m, format('%s %s', member_id, n), method, format('%s %s %s', method, member_id, n), 'm') GROUP BY method;
SELECT is(count(*) FILTER (WHERE action_id <> 0 OR intended_action <> 0 OR mask <> 1 OR propensity <> 1 OR reason <> 'hold-out'), 0::bigint, 'none of the control group was acted upon')
FROM churnprevent.decision WHERE arm = 'control';
SELECT is(count(*) FILTER (WHERE (arm = 'control') <> cp_control_group(customer_id)), 0::bigint, 'the control group is who cp_control_group says') FROM churnprevent.decision;
SELECT cmp_ok(abs(count(DISTINCT customer_id) FILTER (WHERE arm = 'control') - 1000), '<=', (3 * sqrt(20000 * 0.05 * 0.95))::bigint, 'a twentieth of the customers') FROM churnprevent.decision;
SELECT is(count(*), 0::bigint, 'and nothing is kept of a contact with them') FROM churnprevent.contact_state WHERE contacted_at IS NOT NULL AND cp_control_group(customer_id);
SELECT is(count(*), 0::bigint, 'every decision has its propensity') FROM churnprevent.decision WHERE NOT (propensity > 0 AND propensity <= 1) OR cardinality(pmf) <> 6;
SELECT cmp_ok(max(abs((SELECT sum(p::float8) FROM unnest(pmf) p) - 1)), '<', 1e-6::float8, 'probabilities sum to one') FROM churnprevent.decision;

-- Draws of the method random, each group of one pmf by itself: chi-square of frequencies, p > .001 (Pearson's; 4 and 5 degrees of freedom).
CREATE TEMP TABLE draws AS
SELECT pmf, n - 1 AS position, pmf[n] AS p, count(*) AS decisions, count(*) FILTER (WHERE action_id = n - 1) AS drawn
FROM churnprevent.decision, generate_series(1, 6) n WHERE idempotency_key ~ '^random' AND arm = 'policy' GROUP BY 1, 2, 3;
SELECT is(count(*), 2::bigint, 'two groups') FROM (SELECT DISTINCT pmf FROM draws) s;
SELECT is(sum(drawn), 0::numeric, 'nothing outside of a mask is drawn') FROM draws WHERE p = 0;
SELECT cmp_ok(sum((drawn - decisions * p) ^ 2 / (decisions * p)), '<', CASE count(*) WHEN 6 THEN 20.515 ELSE 18.467 END::float8, format('chi-square of %s draws among %s actions', max(decisions), count(*)))
FROM draws WHERE p > 0 GROUP BY pmf;
-- Nor do draws of one customer hang together with those of the next.
SELECT cmp_ok(abs(corr(a, b)), '<', 0.025::float8, 'draws of neighbours are independent')
FROM (SELECT action_id AS a, lead(action_id) OVER (ORDER BY decision_id) AS b FROM churnprevent.decision WHERE idempotency_key ~ '^random' AND arm = 'policy') s;
SELECT is(count(DISTINCT rng_key), count(*), 'no two decisions share their random bits') FROM churnprevent.decision;
-- Greedy says that it drew nothing.
SELECT set_eq($$ SELECT DISTINCT split_part(idempotency_key, ' ', 1), propensity_src FROM churnprevent.decision $$, $$ VALUES ('random', 'exact'), ('greedy', 'deterministic') $$, 'sources of propensities');

SELECT * FROM finish();
ROLLBACK;
