-- cp_recommend: what it answers, against the formulas written out in SQL.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "screen": false, "members": "gbm", "gbm": {"rounds": 40}}');
SELECT version FROM cp_train('slow', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "screen": false, "members": "gbm", "gbm": {"rounds": 40}, "base_rate": 0.05, "horizon_months": 3}');
SELECT version FROM cp_train('untold', 'gym_member', 'left_club', '{"id": "member_id", "screen": false, "members": "gbm", "gbm": {"rounds": 5}}');

SELECT r.* FROM gym_member m, cp_recommend(m, 'greedy', 'gym') r \gdesc
-- Another model, the same catalogue; auto is greedy as long as nothing has proved better.
SELECT r.strategy_used, count(*), count(DISTINCT action_name) > 1 AS actions, bool_and(r.churn_probability = cp_predict(m, 'gym')) AS predicted FROM gym_member m, cp_recommend(m, 'greedy', 'gym') r GROUP BY 1;
SELECT count(*) FILTER (WHERE r IS DISTINCT FROM g) AS others, bool_and(r.strategy_used = 'greedy') FROM gym_member m, cp_recommend(m, model => 'gym') r, cp_recommend(m, 'greedy', 'gym') g;

-- The formulas, for actions that work a month, of a customer nothing was done for: margin 0.6, discount 0.99. The second month is
-- one of annoyance, by 0.15 in the log-odds.
UPDATE churnprevent.action SET enabled = false WHERE name IN ('discount_10', 'discount_20', 'upgrade');
INSERT INTO churnprevent.action (action_id, name, kind, cost_fixed, cost_pct, duration_m, redeem_prob, effect_prior_mean) VALUES
	(100, 'trainer', 'offer', 3, 0, 0, 1, 0.5), (101, 'towel', 'offer', 0.5, 0, 0, 1, 0.125), (102, 'free_month', 'discount', 6, 0.5, 1, 0.25, 1), (103, 'call', 'contact', 0.25, 0.125, 1, 0.5, -0.25);
CREATE TABLE best (member_id int, name text, value float8, cost float8, PRIMARY KEY (member_id, name));
CREATE FUNCTION hazard_times(h float8, odds float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT h * odds / (1 - h + h * odds)';
CREATE FUNCTION annuity(charge float8, h float8, margin float8, gamma float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT margin * charge * (1 - h) / (1 - gamma * (1 - h))';
CREATE FUNCTION recomputed(model text, months float8, base_rate float8, margin float8 DEFAULT 0.6, gamma float8 DEFAULT 0.99) RETURNS TABLE (member_id int, name text, value float8, cost float8) LANGUAGE sql AS $$
	WITH scored AS MATERIALIZED (
		SELECT m.member_id, m.monthly_fee::float8 AS charge, cp_predict(m, model) AS p, (SELECT churn_rate FROM churnprevent.model WHERE model.name = $1) AS ybar FROM gym_member m
	), shifted AS MATERIALIZED (
		SELECT *, CASE WHEN base_rate = 0 THEN p ELSE 1 / (1 + exp(-(ln(p / (1 - p)) - ln(ybar / (1 - ybar)) + ln(base_rate / (1 - base_rate))))) END AS q FROM scored
	), at_risk AS MATERIALIZED (
		SELECT *, 1 - power(1 - q, 1 / months) AS h FROM shifted
	)
	SELECT r.member_id, a.name, margin * charge * (s1 + gamma * s1 * s2) + gamma ^ 2 * s1 * s2 * annuity(charge, h, margin, gamma) - annuity(charge, h, margin, gamma),
		a.cost_fixed + a.redeem_prob::numeric::float8 * a.cost_pct * charge * s1
	FROM at_risk r, churnprevent.action a, LATERAL (SELECT 1 - hazard_times(h, exp(-a.effect_prior_mean::numeric::float8)) AS s1, 1 - hazard_times(h, exp(0.15)) AS s2) s
	WHERE a.enabled AND a.action_id > 0
$$;
CREATE FUNCTION compared(model text, months float8, base_rate float8, margin float8 DEFAULT 0.6, gamma float8 DEFAULT 0.99)
RETURNS TABLE (members bigint, other_action bigint, other_value bigint, other_cost bigint, other_roi bigint, actions text) LANGUAGE sql AS $$
	SELECT count(*), count(*) FILTER (WHERE r.action_name <> b.name), count(*) FILTER (WHERE abs(r.expected_value - b.value) > 1e-9 * (1 + abs(b.value))),
		count(*) FILTER (WHERE abs(r.action_cost - b.cost) > 1e-9), count(*) FILTER (WHERE abs(r.roi - (b.value - b.cost) / nullif(b.cost, 0)) > 1e-6 * (1 + abs(r.roi)) OR (r.roi IS NULL) <> (b.name = 'none')),
		string_agg(DISTINCT r.action_name, ' ' ORDER BY r.action_name)
	FROM gym_member m, LATERAL cp_recommend(m, 'greedy', model) r, LATERAL (
		SELECT name, value, cost FROM (SELECT * FROM best WHERE best.member_id = m.member_id UNION ALL SELECT m.member_id, 'none', 0, 0) s ORDER BY value - cost DESC LIMIT 1) b
$$;
INSERT INTO best SELECT * FROM recomputed('gym', 1, 0);
SELECT * FROM compared('gym', 1, 0);
TRUNCATE best;
INSERT INTO best SELECT * FROM recomputed('slow', 3, 0.05);
SELECT * FROM compared('slow', 3, 0.05);
-- Another margin and another interest, which are not everybody's to set.
SET churnprevent.margin = 0.25;
SET churnprevent.rl_gamma = 0.95;
TRUNCATE best;
INSERT INTO best SELECT * FROM recomputed('gym', 1, 0, 0.25, 0.95);
SELECT * FROM compared('gym', 1, 0, 0.25, 0.95);
RESET churnprevent.margin;
RESET churnprevent.rl_gamma;
-- What is drawn at random is worth and costs what it would by the formula.
TRUNCATE best;
INSERT INTO best SELECT * FROM recomputed('gym', 1, 0);
SELECT count(*) AS members, count(*) FILTER (WHERE abs(r.expected_value - b.value) > 1e-9 * (1 + abs(b.value))) AS other_value, count(*) FILTER (WHERE abs(r.action_cost - b.cost) > 1e-9) AS other_cost,
	count(*) FILTER (WHERE abs(r.roi - (r.expected_value - r.action_cost) / r.action_cost) > 1e-12 * (1 + abs(r.roi)) OR r.roi IS NULL) AS other_roi
FROM gym_member m, cp_recommend(m, 'random', 'gym') r, best b WHERE b.member_id = m.member_id AND b.name = r.action_name;
-- Without prior and cost nothing is better than nothing; an action that harms is never taken.
BEGIN;
UPDATE churnprevent.action SET effect_prior_mean = -0.01, cost_fixed = 0, cost_pct = 0 WHERE action_id > 0;
SELECT r.action_name, r.expected_value, r.action_cost, r.roi, r.strategy_used, count(*) FROM gym_member m, cp_recommend(m, 'greedy', 'gym') r GROUP BY 1, 2, 3, 4, 5;
UPDATE churnprevent.action SET effect_prior_mean = 0.01, cost_fixed = 10000 WHERE action_id > 0;
SELECT r.action_name, count(*) FROM gym_member m, cp_recommend(m, 'greedy', 'gym') r GROUP BY 1;
ROLLBACK;

-- As shipped again, but for what has been edited: discounts cost while they run, upgrades work for good.
UPDATE churnprevent.action SET enabled = action_id < 100;
SELECT action_name, count(*) > 0 AS some, bool_and(roi > 0) AS pays, bool_and(expected_value > action_cost) AS ranks FROM gym_member m, cp_recommend(m, 'greedy', 'gym') r WHERE r.action_name <> 'none' GROUP BY 1 ORDER BY 1;
-- Three months of a tenth, of a member that stays with the hazard under it, discounted month by month.
SELECT count(*) AS discounts, count(*) FILTER (WHERE abs(r.action_cost - 0.1 * m.monthly_fee::float8 * ((1 - h) + 0.99 * (1 - h) ^ 2 + 0.99 ^ 2 * (1 - h) ^ 3)) > 1e-9) AS other_cost
FROM gym_member m, cp_recommend(m, 'greedy', 'gym') r, LATERAL (SELECT hazard_times(r.churn_probability, exp(-0.3)) AS h) s WHERE r.action_name = 'discount_10';
-- An upgrade, counted for 36 months: two with annoyance beside, then the annuity at the hazard under it for 34, then the old one.
SELECT count(*) > 0 AS upgrades, count(*) FILTER (WHERE abs(r.expected_value - (0.6 * c * (s1 + 0.99 * s1 * s2) + 0.99 ^ 2 * s1 * s2 * (was + (annuity(c, h, 0.6, 0.99) - was) * (1 - (0.99 * (1 - h)) ^ 34)) - was)) > 1e-9) AS other_value
FROM gym_member m, cp_recommend(m, 'random', 'gym') r, LATERAL (SELECT monthly_fee::float8 AS c, hazard_times(r.churn_probability, exp(-0.12)) AS h, 1 - hazard_times(r.churn_probability, exp(-0.12)) AS s1, 1 - hazard_times(r.churn_probability, exp(-0.12 + 0.15)) AS s2, annuity(monthly_fee::float8, r.churn_probability, 0.6, 0.99) AS was) s
WHERE r.action_name = 'upgrade';

-- random: of a customer always the same, over customers every action; none: none.
SELECT r.action_name, count(*) BETWEEN 160 AND 240 AS a_sixth, bool_and(r.strategy_used = 'random') AS random, bool_and(r = again) AS same, bool_and((r.roi IS NULL) = (r.action_name = 'none')) AS roi
FROM gym_member m, cp_recommend(m, 'random', 'gym') r, cp_recommend(m, 'random', 'gym') again GROUP BY 1 ORDER BY 1;
SELECT r.action_name, r.expected_value, r.action_cost, r.roi, r.strategy_used, count(*) FROM gym_member m, cp_recommend(m, 'none', 'gym') r GROUP BY 1, 2, 3, 4, 5;

-- A record, jsonb and json; arguments by name; a statement that is prepared; workers.
SELECT count(*) AS members, count(*) FILTER (WHERE r IS DISTINCT FROM b) AS jsonb, count(*) FILTER (WHERE r IS DISTINCT FROM j) AS json, count(*) FILTER (WHERE r IS DISTINCT FROM n) AS named,
	count(*) FILTER (WHERE r IS DISTINCT FROM s) AS other_order
FROM (SELECT * FROM gym_member) m, unnest('{greedy,random}'::text[]) method, cp_recommend(m, method, 'gym') r, cp_recommend(to_jsonb(m), method, 'gym') b, cp_recommend(to_json(m), method, 'gym') j,
	cp_recommend(model => 'gym', method => method, customer => m) n,
	LATERAL (SELECT m.age, m.monthly_fee, m.plan, m.home_club, m.auto_renew, m.visits_per_month, m.joined, m.last_visit, 1 AS more) o, cp_recommend(o, method, 'gym') s;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	lines text = '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		lines := lines || line;
	END LOOP;
	RETURN lines;
END
$$;
SELECT plan_of($$ SELECT count(*) FROM gym_member m WHERE (cp_recommend(m, 'greedy', 'gym')).action_name = 'none' $$) ~ 'Parallel Seq Scan' AS parallel;
SELECT sum((cp_recommend(m, 'greedy', 'gym')).expected_value)::numeric(20, 6) AS parallel FROM gym_member m \gset
SET max_parallel_workers_per_gather = 0;
SELECT sum((cp_recommend(m, 'greedy', 'gym')).expected_value)::numeric(20, 6) = :parallel AS same FROM gym_member m;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- A rule keeps an action from whom it does not hold of, be it false or unknown.
UPDATE churnprevent.action SET eligible = 'plan = ''basic'' AND age >= 40' WHERE action_id > 0;
SELECT plan = 'basic' AS basic, age >= 40 AS of_age, count(*) > 0 AS members, count(*) FILTER (WHERE r.action_name <> 'none') > 0 AS acted_on FROM gym_member m, cp_recommend(m, 'random', 'gym') r GROUP BY 1, 2 ORDER BY 1, 2;
UPDATE churnprevent.action SET eligible = NULL;
UPDATE churnprevent.action SET eligible = 'auto_renew' WHERE name = 'discount_10';
UPDATE churnprevent.action SET eligible = 'NOT auto_renew AND joined < ''2025-06-01''' WHERE name = 'offer';
UPDATE churnprevent.action SET eligible = 'home_club IN (''Airport'', ''Station'') OR visits_per_month > 10' WHERE name = 'contact';
SELECT count(*) FILTER (WHERE action_name = 'discount_10') > 0 AS discounts, count(*) FILTER (WHERE action_name = 'discount_10' AND NOT auto_renew) AS wrong,
	count(*) FILTER (WHERE action_name = 'offer') > 0 AS offers, count(*) FILTER (WHERE action_name = 'offer' AND (auto_renew OR joined >= '2025-06-01')) AS wrong,
	count(*) FILTER (WHERE action_name = 'contact') > 0 AS contacts, count(*) FILTER (WHERE action_name = 'contact' AND NOT (home_club IN ('Airport', 'Station') OR visits_per_month > 10)) AS wrong
FROM gym_member m, cp_recommend(m, 'random', 'gym') r;
UPDATE churnprevent.action SET eligible = NULL;

-- This session is warm: an edit is seen by the next statement, and is gone when it is undone. The version it made may be made again.
CREATE FUNCTION offers() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(DISTINCT action_name, ' ' ORDER BY action_name) FROM gym_member m, cp_recommend(m, 'random', 'gym') r $$;
SELECT offers();
UPDATE churnprevent.action SET name = 'present' WHERE name = 'offer';
SELECT offers();
BEGIN;
UPDATE churnprevent.action SET enabled = false WHERE name = 'contact';
SELECT offers();
SAVEPOINT s;
UPDATE churnprevent.action SET enabled = false WHERE name = 'upgrade';
SELECT offers();
ROLLBACK TO s;
SELECT offers();
UPDATE churnprevent.action SET enabled = false WHERE name = 'discount_20';
SELECT offers();
ROLLBACK;
SELECT offers();
UPDATE churnprevent.action SET name = 'gift' WHERE name = 'present';
SELECT offers();
-- Within one statement the catalogue is the one it began with.
WITH edited AS (UPDATE churnprevent.action SET enabled = false WHERE action_id > 0 RETURNING 1) SELECT offers(), count(*) FROM edited;
SELECT offers();
UPDATE churnprevent.action SET enabled = true WHERE action_id < 100;

-- What cannot be answered.
SELECT cp_recommend(m, 'best', 'gym') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, '', 'gym') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, 'Greedy', 'gym') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, 'optimal', 'gym') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, repeat('x', 300), 'gym') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, NULL, 'gym') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(NULL::gym_member, 'greedy', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(NULL::jsonb, 'greedy', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(NULL::json, 'greedy', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT r.* FROM (VALUES (0)) v(member_id) LEFT JOIN gym_member m ON false, cp_recommend(m, 'greedy', 'gym') r; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend('[1]'::jsonb, 'greedy', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend('{"age": 3}'::jsonb, 'greedy', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, 'greedy', 'untold') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, 'none', 'untold') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, 'greedy', 'nobody') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
SELECT cp_recommend(m, 'greedy') FROM gym_member m; \echo :LAST_ERROR_SQLSTATE
-- Where it is not known what a customer pays nothing can be weighed: then the answer is none.
SELECT fee, r.action_name, r.expected_value, r.action_cost, r.roi, r.strategy_used
FROM unnest('{NULL,NaN,Infinity,-1,1e13,1e300,0}'::float8[]) fee, unnest('{greedy,random}'::text[]) method, gym_member m,
	LATERAL (SELECT m.age, m.plan, m.home_club, m.auto_renew, m.visits_per_month, m.joined, m.last_visit, fee AS monthly_fee) o, cp_recommend(o, method, 'gym') r
WHERE m.member_id = 7 ORDER BY method, fee NULLS FIRST;
-- Nothing of all that was logged.
SELECT (SELECT count(*) FROM churnprevent.decision), (SELECT count(*) FROM churnprevent.contact_state), (SELECT count(*) FROM churnprevent.decision_key);
BEGIN READ ONLY;
SELECT count(cp_recommend(m, 'greedy', 'gym')) FROM gym_member m;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT offers();
UPDATE churnprevent.action SET name = 'offer' WHERE name = 'gift';
SELECT offers();
ROLLBACK;

DROP TABLE best, gym_member CASCADE;
DROP FUNCTION hazard_times(float8, float8), annuity(float8, float8, float8, float8), recomputed(text, float8, float8, float8, float8), compared(text, float8, float8, float8, float8), offers(), plan_of(text);
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
