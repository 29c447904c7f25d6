-- cp_decide: what is decided, when it is not, and what stands in the log.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001';
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 40}}');
SELECT r.* FROM gym_member m, cp_decide(m, '1', 'greedy', 'k', 'gym') r \gdesc
-- Wherever it is noon now: keys by day stay what they are for as long as this runs.
SELECT set_config('timezone', format('<noon>%s', extract(hour FROM now() AT TIME ZONE 'UTC')::int - 12), false) IS NOT NULL AS noon;
CREATE FUNCTION one(id int) RETURNS gym_member LANGUAGE sql STABLE AS 'SELECT m FROM gym_member m WHERE member_id = id';
CREATE VIEW logged AS
SELECT d.*, c.action_ids, (SELECT sum(p) FROM unnest(pmf) p) AS total, array_position(c.action_ids, d.action_id) AS place, -- from 1
	(SELECT count(*) FROM unnest(pmf) WITH ORDINALITY u(p, n) WHERE p > 0 AND mask >> (n::int - 1) & 1 = 0) AS off_mask, (SELECT count(*) FROM unnest(pmf) p WHERE p > 0) AS open
FROM churnprevent.decision d JOIN churnprevent.catalogue c ON c.version = d.catalogue_version;

-- Everybody once, at random. What comes back is what cp_recommend's formulas say, and what is logged.
CREATE TABLE decided AS SELECT m.member_id::text AS id, r.* FROM gym_member m, cp_decide(m, member_id::text, 'random', model => 'gym') r;
SELECT action_name, count(*) BETWEEN 150 AND 250 AS even, bool_or(arm = 'control') AS control, bool_and(strategy_used = 'random') AS random, bool_or(repeated) AS repeated, bool_and((roi IS NULL) = (action_name = 'none')) AS roi,
	bool_and(abs(roi - (expected_value - action_cost) / nullif(action_cost, 0)) < 1e-9 * (1 + abs(roi))) AS formula FROM decided GROUP BY 1 ORDER BY 1;
SELECT arm, reason, count(*) BETWEEN 40 AND 80 AS a_twentieth, count(*) > 1000 AS most, array_agg(DISTINCT propensity::numeric(5, 4)) AS propensity FROM decided GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) AS decisions, count(*) FILTER (WHERE customer_id <> id) AS customer, count(*) FILTER (WHERE l.propensity <> d.propensity::real OR pmf[place] <> l.propensity) AS propensity, count(*) FILTER (WHERE abs(total - 1) > 1e-6) AS total,
	count(*) FILTER (WHERE off_mask > 0 OR open <> CASE d.arm WHEN 'control' THEN 1 ELSE 6 END OR mask & 1 = 0 OR mask >> cardinality(pmf) <> 0 OR cardinality(pmf) <> cardinality(action_ids)) AS mask, count(*) FILTER (WHERE (d.arm, d.reason) IS DISTINCT FROM (l.arm, l.reason)) AS arm,
	count(*) FILTER (WHERE l.churn_probability <> d.churn_probability::real OR p_churn <> l.churn_probability) AS probability, count(*) FILTER (WHERE a.name <> action_name OR intended_action <> l.action_id) AS action,
	count(*) FILTER (WHERE l.expected_value <> round(d.expected_value::numeric * 100) OR l.action_cost <> round(d.action_cost::numeric * 100)) AS cents, count(*) FILTER (WHERE l.action_cost > reserved_cost) AS reserve
FROM decided d JOIN logged l USING (decision_id) JOIN churnprevent.action a USING (action_id);
SELECT DISTINCT policy_id, policy_version, catalogue_version, propensity_src, cardinality(features) AS features, (SELECT feature_count FROM churnprevent.model), model_id = (SELECT model_id FROM churnprevent.model) AS model,
	feature_schema = (SELECT checksum FROM churnprevent.model) AS schema, dyn FROM churnprevent.decision;
-- The features are the customer's, each in its place.
SELECT count(*) FILTER (WHERE features[n] <> monthly_fee::real) AS other_fee
FROM logged JOIN gym_member ON member_id::text = customer_id, (SELECT ordinality AS n FROM churnprevent.model, jsonb_array_elements(features) WITH ORDINALITY f WHERE f.value ->> 'name' = 'monthly_fee') f;
-- What is set aside: all of a fixed cost, and the whole percentage of what is charged, without discount or departure.
SELECT count(*) FILTER (WHERE reserved_cost <> (cost_fixed + cost_pct * duration_m * monthly_fee) * 100) AS other_reserve
FROM churnprevent.decision JOIN churnprevent.action USING (action_id) JOIN gym_member ON member_id::text = customer_id WHERE cost_pct * duration_m * monthly_fee * 100 = trunc(cost_pct * duration_m * monthly_fee * 100);
-- The action is the one that the logged bits draw from the logged probabilities: their upper 53 as a number in [0, 1).
SELECT count(*) AS draws, count(*) FILTER (WHERE place <> drawn) AS others, count(DISTINCT rng_key) AS bits
FROM logged, LATERAL (SELECT ((rng_key::numeric + CASE WHEN rng_key < 0 THEN 2::numeric ^ 64 ELSE 0 END) / 2::numeric ^ 64)::float8 AS u) b,
	LATERAL (SELECT min(n) AS drawn FROM (SELECT n, sum(p::float8) OVER (ORDER BY n) AS below FROM unnest(pmf) WITH ORDINALITY s(p, n)) s WHERE u < below) w WHERE arm = 'policy';
-- A key for each, and a contact for each action.
SELECT count(*) AS keys, count(*) FILTER (WHERE k.decision_id IS NULL OR d.decision_id IS NULL) AS lonely, bool_and(k.customer_id = d.customer_id AND k.method = 'random' AND k.decided_at = d.decided_at) AS same,
	bool_and(k.idempotency_key = format('%s/random/%s', d.customer_id, to_char(d.decided_at, 'YYYY-MM-DD'))) AS named FROM churnprevent.decision_key k FULL JOIN churnprevent.decision d USING (idempotency_key);
SELECT count(*) AS decisions, count(*) FILTER (WHERE (d.action_id > 0) <> (s.contacted_at IS NOT NULL)) AS contacts, count(s.customer_id) FILTER (WHERE d.arm = 'control') AS of_control,
	count(*) FILTER (WHERE d.action_id > 0 AND (s.cooldown_until - s.contacted_at <> '30 days' OR s.fatigue <> 1 OR s.tokens <> 2 OR s.contacted_at NOT BETWEEN d.decided_at AND now())) AS booked,
	count(*) FILTER (WHERE (d.action_id IN (1, 2)) <> (s.discount_id IS NOT DISTINCT FROM d.action_id AND s.discount_until IS NOT DISTINCT FROM s.contacted_at + '2160 hours'::interval)) AS discounts,
	count(*) FILTER (WHERE (d.action_id = 3) <> (s.upgrade_id IS NOT DISTINCT FROM 3)) AS upgrades
FROM churnprevent.decision d LEFT JOIN churnprevent.contact_state s USING (customer_id) WHERE d.decided_at < now();
-- Nothing is without a probability, whoever writes it.
\set VERBOSITY terse
UPDATE churnprevent.decision SET propensity = NULL; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.decision SET propensity = 0; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.decision SET pmf = NULL; \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default

-- The same day, the same method: the same decision, word for word as it is in the log. By another method it is another.
SELECT count(*) AS customers, count(*) FILTER (WHERE r.repeated) AS repeated, count(*) FILTER (WHERE (r.decision_id, r.action_name, r.strategy_used, r.arm, r.reason) IS DISTINCT FROM (d.decision_id, d.action_name, d.strategy_used, d.arm, d.reason)) AS others,
	count(*) FILTER (WHERE abs(r.expected_value - d.expected_value) > 0.00501 OR abs(r.action_cost - d.action_cost) > 0.00501 OR abs(r.churn_probability - d.churn_probability) > 1e-6 OR abs(r.propensity - d.propensity) > 1e-6
		OR (r.roi IS NULL) <> (d.roi IS NULL)) AS figures
FROM decided d JOIN gym_member m ON m.member_id::text = id, LATERAL (SELECT (cp_decide(m, id, 'random', NULL, 'gym')).*) r(decision_id, action_name, churn_probability, expected_value, action_cost, roi, strategy_used, propensity, arm, reason, repeated);
SELECT (SELECT count(*) FROM churnprevent.decision), (SELECT count(*) FROM churnprevent.decision_key);
SELECT r.action_name, r.strategy_used, r.propensity, r.reason, r.repeated FROM decided d, cp_decide(one(d.id::int), d.id, 'greedy', model => 'gym') r WHERE d.id = (SELECT id FROM decided WHERE action_name = 'offer' LIMIT 1);
DELETE FROM churnprevent.decision;
DELETE FROM churnprevent.decision_key;
DELETE FROM churnprevent.contact_state;

-- Keys: of a customer, of a method.
SELECT cp_control_group('20') AS control;
SELECT action_name, reason, repeated FROM cp_decide(one(20), '20', 'greedy', 'spring', 'gym');
SELECT action_name, reason, repeated FROM cp_decide(one(20), '20', 'greedy', 'spring', 'gym');
-- Whatever is known about the customer by now.
SELECT action_name, reason, repeated FROM cp_decide(one(21), '20', 'greedy', 'spring', 'gym');
SELECT cp_decide(one(21), '21', 'greedy', 'spring', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), '20', 'random', 'spring', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), '20', 'auto', 'spring', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM churnprevent.decision;
-- Twice in one statement.
SELECT n, action_name, reason, repeated FROM generate_series(1, 3) n, cp_decide(one(22), '22', 'greedy', 'k' || n / 2, 'gym') ORDER BY n;
-- Overloads.
SELECT action_name, repeated FROM cp_decide(to_jsonb(one(23)), '23', 'greedy', 'j', 'gym');
SELECT action_name, repeated FROM cp_decide(to_json(one(23)), '23', 'greedy', 'j', 'gym');
SELECT action_name, repeated FROM cp_decide(key => 'j', model => 'gym', method => 'greedy', customer => one(23), customer_id => '23');
-- A key whose decision has gone with its month.
BEGIN;
DELETE FROM churnprevent.decision WHERE idempotency_key = 'spring';
SELECT cp_decide(one(20), '20', 'greedy', 'spring', 'gym'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- What is no key and no id.
SELECT cp_decide(one(20), NULL, 'greedy', 'x', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), '', 'greedy', 'x', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), repeat('9', 513), 'greedy', 'x', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), '20', 'greedy', '', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), '20', 'greedy', repeat('k', 513), 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), '20', NULL, 'x', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), '20', 'best', 'x', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(NULL::gym_member, '20', 'greedy', 'x', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(NULL::jsonb, '20', 'greedy', 'x', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_decide(one(20), '20', 'greedy', 'x', 'nobody'); \echo :LAST_ERROR_SQLSTATE
BEGIN;
SELECT reason FROM cp_decide(one(20), repeat('9', 512), 'none', NULL, 'gym');
SELECT reason FROM cp_decide(one(20), 'é"''\', 'none', repeat('k', 512), 'gym');
ROLLBACK;
SELECT count(*) FROM churnprevent.decision_key;

-- Held out: by every method, before anything else; sticky, and by share.
UPDATE churnprevent.holdout SET share = 0.3;
CREATE TABLE control AS SELECT member_id, cp_control_group(member_id::text) AS control FROM gym_member;
SELECT count(*) FILTER (WHERE control) BETWEEN 310 AND 410 AS three_tenths FROM control;
SELECT method, count(*) AS control, count(*) FILTER (WHERE (action_name, expected_value, action_cost, propensity, arm, reason) = ('none', 0, 0, 1, 'control', 'hold-out') AND roi IS NULL) AS nothing
FROM unnest('{auto,greedy,none,random}'::text[]) method, gym_member m JOIN control USING (member_id), cp_decide(m, m.member_id::text, method, 'h' || method || m.member_id, 'gym') r WHERE control GROUP BY 1 ORDER BY 1;
SELECT arm, mask, pmf, action_id, intended_action, propensity, expected_value, action_cost, reserved_cost, reason, count(*) FROM churnprevent.decision WHERE idempotency_key ~ '^h' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
SELECT count(*) AS known FROM churnprevent.contact_state s JOIN control ON member_id::text = customer_id WHERE control AND contacted_at IS NOT NULL;
UPDATE churnprevent.holdout SET share = 0.4;
SELECT count(*) FILTER (WHERE control AND NOT cp_control_group(member_id::text)) AS released, count(*) FILTER (WHERE NOT control AND cp_control_group(member_id::text)) > 0 AS more FROM control;
UPDATE churnprevent.holdout SET share = 1;
SELECT count(*) FROM control WHERE cp_control_group(member_id::text);
UPDATE churnprevent.holdout SET share = 0;
SELECT count(*) FROM control WHERE cp_control_group(member_id::text);
SELECT arm FROM (SELECT * FROM control WHERE control ORDER BY member_id LIMIT 1) c, cp_decide(one(member_id), member_id::text, 'none', 'free', 'gym');
UPDATE churnprevent.holdout SET share = 0.3, salt = '00000000-0000-0000-0000-000000000002';
SELECT count(*) FILTER (WHERE control <> cp_control_group(member_id::text)) BETWEEN 400 AND 610 AS others FROM control;
\set VERBOSITY terse
UPDATE churnprevent.holdout SET share = 1.1; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.holdout SET share = -0.1; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.holdout SET share = 'NaN'; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.holdout (one) VALUES (false); \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT count(*), min(share) FROM churnprevent.holdout;
SELECT cp_control_group(NULL) IS NULL AS nobody;
UPDATE churnprevent.holdout SET share = 0;

-- Cool-down, bucket and fatigue. Time passes by moving what is kept of the customer into the past.
CREATE PROCEDURE pass(days int) LANGUAGE sql AS $$
	UPDATE churnprevent.contact_state SET contacted_at = contacted_at - make_interval(days => $1), cooldown_until = cooldown_until - make_interval(days => $1),
		tokens_at = tokens_at - make_interval(days => $1), discount_until = discount_until - make_interval(days => $1)
$$;
CREATE SEQUENCE step;
CREATE FUNCTION next(id text, method text DEFAULT 'random') RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(', ', action_name, reason) FROM cp_decide(one(50), id, method, format('%s %s', id, nextval('step')), 'gym')
$$;
CREATE FUNCTION kept(id text) RETURNS text LANGUAGE sql AS $$
	SELECT format('fatigue %s, tokens %s, discount %s, upgrade %s', fatigue, round(tokens::numeric, 2), coalesce(discount_id, 0), coalesce(upgrade_id, 0)) FROM churnprevent.contact_state WHERE customer_id = id
$$;
UPDATE churnprevent.action SET enabled = name IN ('none', 'contact'), effect_prior_mean = CASE name WHEN 'none' THEN 0 ELSE 3 END, cost_fixed = 0;
SELECT next('c', 'greedy') AS now, next('c', 'greedy') AS at_once, next('c', 'none') AS by_none;
CALL pass(29);
SELECT next('c', 'greedy') AS day_29;
CALL pass(1);
SELECT next('c', 'greedy') AS day_30, next('c', 'greedy') AS at_once;
-- Each action has its own; without one only the bucket counts: three, and one more every thirty days.
UPDATE churnprevent.action SET cooldown = '7 days' WHERE name = 'contact';
SELECT next('d', 'greedy') AS now;
CALL pass(6);
SELECT next('d', 'greedy') AS day_6;
CALL pass(1);
SELECT next('d', 'greedy') AS day_7;
UPDATE churnprevent.action SET cooldown = '0' WHERE name = 'contact';
SELECT next('e', 'greedy') AS first, next('e', 'greedy') AS second, next('e', 'greedy') AS third, next('e', 'greedy') AS fourth, next('e', 'none') AS by_none, kept('e');
SELECT arm, mask, pmf, propensity, propensity_src FROM churnprevent.decision WHERE customer_id = 'e' AND reason = 'fatigue' ORDER BY decision_id LIMIT 1;
CALL pass(29);
SELECT next('e', 'greedy') AS day_29;
CALL pass(1);
SELECT next('e', 'greedy') AS day_30, next('e', 'greedy') AS at_once, kept('e');
CALL pass(1000);
SELECT next('e', 'greedy') AS first, kept('e'), next('e', 'greedy') AS second, next('e', 'greedy') AS third, next('e', 'greedy') AS fourth, kept('e');
-- In any time T at most 3 + T / 30 days.
DO $$ BEGIN FOR day IN 1..200 LOOP PERFORM next('f', 'greedy'); CALL pass(1); END LOOP; END $$;
SELECT count(*) FILTER (WHERE action_id > 0) BETWEEN 9 AND 3 + 200 / 30 AS contacts FROM churnprevent.decision WHERE customer_id = 'f';
-- A contact that is still felt makes the next one worth less; fatigue is in the state, which is coded.
SELECT d.dyn, d.dyn / 3 % 4 AS fatigue, d.dyn % 3 AS service, d.expected_value < lag(d.expected_value) OVER (ORDER BY decision_id) AS less FROM churnprevent.decision d WHERE customer_id = 'e' AND action_id > 0 ORDER BY decision_id LIMIT 3;

-- No second discount while one runs, whichever; no second upgrade ever; what is not open is not in the mask.
UPDATE churnprevent.action SET enabled = true, cooldown = '0';
DO $$ BEGIN WHILE next('g') !~ 'discount' LOOP DELETE FROM churnprevent.contact_state WHERE customer_id = 'g'; END LOOP; END $$;
SELECT kept('g') ~ 'discount [12]' AS discount;
CREATE FUNCTION masks(id text) RETURNS TABLE (mask bit(6), decisions bigint, discounts bigint, upgrades bigint) LANGUAGE plpgsql AS $$
DECLARE
	kept churnprevent.contact_state;
	since bigint = (SELECT max(decision_id) FROM churnprevent.decision);
BEGIN
	SELECT * INTO kept FROM churnprevent.contact_state WHERE customer_id = id;
	FOR i IN 1..30 LOOP
		PERFORM next(id);
		DELETE FROM churnprevent.contact_state WHERE customer_id = id;
		INSERT INTO churnprevent.contact_state VALUES (kept.*);
	END LOOP;
	RETURN QUERY SELECT d.mask::bit(6), count(*), count(*) FILTER (WHERE action_id IN (1, 2)), count(*) FILTER (WHERE action_id = 3) FROM churnprevent.decision d WHERE decision_id > since GROUP BY 1;
END
$$;
SELECT mask, decisions, discounts, upgrades > 0 AS upgrades FROM masks('g');
CALL pass(89);
SELECT mask, decisions, discounts, upgrades > 0 AS upgrades FROM masks('g');
CALL pass(1);
SELECT mask, decisions, discounts > 0 AS discounts, upgrades > 0 AS upgrades FROM masks('g');
DO $$ BEGIN WHILE next('u') !~ 'upgrade' LOOP DELETE FROM churnprevent.contact_state WHERE customer_id = 'u'; END LOOP; END $$;
CALL pass(1000);
SELECT mask, decisions, discounts > 0 AS discounts, upgrades FROM masks('u');
SELECT count(*) FILTER (WHERE off_mask > 0) AS off_mask, count(*) FILTER (WHERE abs(total - 1) > 1e-6) AS total, count(*) FILTER (WHERE pmf[place] IS DISTINCT FROM propensity) AS propensity FROM logged;
-- An action with a rule is not in the mask of whom it does not hold of.
UPDATE churnprevent.action SET eligible = 'plan <> ''basic''' WHERE name = 'offer';
SELECT count(*) FROM (SELECT * FROM gym_member ORDER BY member_id LIMIT 100) m, cp_decide(m, member_id::text, 'random', 'rule ' || member_id, 'gym');
SELECT plan = 'basic' AS basic, mask >> 4 & 1 AS offer, count(*) > 0 AS some FROM churnprevent.decision d JOIN gym_member ON member_id::text = customer_id WHERE idempotency_key ~ '^rule' AND reason IS NULL GROUP BY 1, 2 ORDER BY 1, 2;
-- Without knowing what the customer pays nothing is open.
SELECT action_name, propensity FROM cp_decide(to_jsonb(one(60)) || '{"monthly_fee": null}', 'pays', 'random', 'pays', 'gym');
SELECT mask, pmf FROM churnprevent.decision WHERE idempotency_key = 'pays';

-- The service state is read from its column, as a word or as a number; anything else is neutral.
SELECT version FROM cp_train('moody', 'SELECT *, CASE member_id % 3 WHEN 0 THEN ''bad'' WHEN 1 THEN ''good'' ELSE ''no idea'' END AS mood FROM gym_member', 'left_club',
	'{"id": "member_id", "value_column": "monthly_fee", "service_column": "mood", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT version FROM cp_train('numbered', 'SELECT *, member_id % 3 - 1 AS mood FROM gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "service_column": "mood", "members": "gbm", "gbm": {"rounds": 5}}');
CREATE TABLE moods AS
SELECT n AS mood, (cp_decide(to_jsonb(one(61)) || jsonb_build_object('mood', n), 'mood ' || coalesce(n, ''), 'none', 'mood ' || coalesce(n, ''), 'moody')).decision_id FROM unnest('{bad,good,no idea,neutral,Bad,NULL}'::text[]) n
UNION ALL SELECT n::text, (cp_decide(to_jsonb(one(61)) || jsonb_build_object('mood', n), 'number ' || coalesce(n::text, ''), 'none', 'number ' || coalesce(n::text, ''), 'numbered')).decision_id FROM unnest('{-0.5,0,2,NULL}'::float8[]) n;
SELECT mood, dyn % 3 AS service FROM moods JOIN churnprevent.decision USING (decision_id) ORDER BY decision_id;

-- The log is of its time: edits of the catalogue and trainings that come later do not touch it.
SELECT count(*) AS rows, md5(string_agg(d::text, ' ' ORDER BY decision_id)) AS content FROM churnprevent.decision d \gset
UPDATE churnprevent.action SET name = 'present', cost_fixed = 77, effect_prior_mean = -1 WHERE name = 'offer';
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "exclude": "age", "members": "gbm", "gbm": {"rounds": 10}}');
SELECT count(*) = :rows AND md5(string_agg(d::text, ' ' ORDER BY decision_id)) = :'content' AS unchanged FROM churnprevent.decision d;
SELECT reason IS NULL AS acts, repeated, action_name FROM cp_decide(one(20), '20', 'greedy', 'spring', 'gym');
SELECT count(DISTINCT catalogue_version) > 3 AS versions, count(DISTINCT action_ids) > 1 AS actions, bool_and(place IS NOT NULL) AS placed FROM logged;
SELECT count(*) FROM cp_decide(one(62), '62', 'none', 'later', 'gym');
SELECT cardinality(d.features) = feature_count AS features, feature_schema = checksum AS schema, version FROM churnprevent.decision d JOIN churnprevent.model USING (model_id) WHERE idempotency_key = 'later';

-- In the caller's transaction: undone with it, and the key is free again. Numbers may be left out.
CREATE FUNCTION rows() RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', (SELECT count(*) FROM churnprevent.decision), (SELECT count(*) FROM churnprevent.decision_key), (SELECT count(*) FROM churnprevent.contact_state)) $$;
SELECT rows() \gset
BEGIN;
SELECT action_name <> 'none' AS acts FROM cp_decide(one(70), 'r', 'random', 'undone 2', 'gym');
SAVEPOINT s;
SELECT reason FROM cp_decide(one(70), 'r2', 'random', 'undone 1', 'gym');
SELECT repeated FROM cp_decide(one(70), 'r2', 'random', 'undone 1', 'gym');
ROLLBACK TO s;
SELECT repeated FROM cp_decide(one(70), 'r3', 'random', 'undone 1', 'gym');
SELECT repeated FROM cp_decide(one(70), 'r', 'random', 'undone 2', 'gym');
SELECT 1 / 0;
ROLLBACK;
SELECT rows() = :'rows' AS nothing_left;
SELECT repeated FROM cp_decide(one(70), 'other', 'none', 'undone 2', 'gym');
-- An error in the same statement takes the decision with it.
SELECT cp_decide(m, m.member_id::text, 'random', 'batch ' || m.member_id, CASE WHEN m.member_id = 100 THEN 'nobody' ELSE 'gym' END) FROM (SELECT * FROM gym_member ORDER BY member_id LIMIT 150) m; \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM churnprevent.decision_key WHERE idempotency_key ~ '^batch';
-- Stricter transactions; none that only reads.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT repeated FROM cp_decide(one(71), '71', 'random', 'rr', 'gym');
SELECT repeated FROM cp_decide(one(71), '71', 'random', 'rr', 'gym');
SELECT reason FROM cp_decide(one(71), '71', 'none', 'rr 2', 'gym');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT repeated FROM cp_decide(one(71), '71', 'random', 'rr', 'gym');
SELECT repeated FROM cp_decide(one(72), '72', 'random', 'ser', 'gym');
COMMIT;
SELECT count(*) FROM churnprevent.decision WHERE idempotency_key IN ('rr', 'rr 2', 'ser');
BEGIN READ ONLY;
SELECT cp_decide(one(72), '72', 'random', 'ser', 'gym'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- The log is written by deciding alone.
CREATE ROLE decide_operator;
CREATE ROLE decide_reader;
CREATE ROLE decide_stranger;
SELECT cp_grant('decide_operator', 'operator'), cp_grant('decide_reader', 'reader');
GRANT SELECT ON gym_member TO decide_operator, decide_reader, decide_stranger;
SET ROLE decide_operator;
SELECT cp_decide(one(80), '80', 'random', 'op', 'gym'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT cp_grant_model('gym', 'decide_operator'), cp_grant_model('gym', 'decide_reader');
SET ROLE decide_operator;
SELECT repeated FROM cp_decide(one(80), '80', 'random', 'op', 'gym');
SELECT current_user, count(*) > 0 AS decisions FROM churnprevent.decision;
SELECT count(*) >= 0 AS reads FROM churnprevent.feedback, churnprevent.decision_key, churnprevent.contact_state;
SELECT share FROM churnprevent.holdout;
SELECT salt FROM churnprevent.holdout; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.holdout SET share = 0; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT role, c.relname, string_agg(privilege, ' ' ORDER BY privilege) AS privileges
FROM unnest('{decide_operator,decide_reader,decide_stranger}'::name[]) role, pg_class c, unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) privilege
WHERE relnamespace = 'churnprevent'::regnamespace AND relkind IN ('r', 'p', 'v') AND has_any_column_privilege(role, c.oid, privilege) AND privilege <> 'SELECT' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT role, c.relname FROM unnest('{decide_operator,decide_reader,decide_stranger}'::name[]) role, pg_class c
WHERE relnamespace = 'churnprevent'::regnamespace AND relkind IN ('r', 'p', 'v') AND has_table_privilege(role, c.oid, 'DELETE, TRUNCATE, TRIGGER') ORDER BY 1, 2;
SET ROLE decide_operator;
INSERT INTO churnprevent.decision OVERRIDING SYSTEM VALUE SELECT * FROM churnprevent.decision LIMIT 1; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.decision SET propensity = 1; \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.decision; \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.decision_default; \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.contact_state; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.decision_key VALUES ('x', 1, 'x', 'greedy', now()); \echo :LAST_ERROR_SQLSTATE
SELECT nextval('churnprevent.decision_decision_id_seq'); \echo :LAST_ERROR_SQLSTATE
SELECT setval('churnprevent.decision_decision_id_seq', 1); \echo :LAST_ERROR_SQLSTATE
SET ROLE decide_reader;
SELECT r.strategy_used FROM cp_recommend(one(80), 'greedy', 'gym') r;
SELECT cp_control_group('80');
SELECT cp_decide(one(80), '80', 'random', 'op', 'gym'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM churnprevent.decision; \echo :LAST_ERROR_SQLSTATE
SELECT * FROM churnprevent.contact_state; \echo :LAST_ERROR_SQLSTATE
SELECT cp_feedback('80', 'none', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_forget('80'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_partitions(); \echo :LAST_ERROR_SQLSTATE
SET ROLE decide_stranger;
SELECT cp_recommend(one(80), 'greedy', 'gym'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;

SET client_min_messages = warning;
DROP OWNED BY decide_operator, decide_reader, decide_stranger;
DROP ROLE decide_operator, decide_reader, decide_stranger;
DROP TABLE decided, control, moods;
DROP VIEW logged;
DROP PROCEDURE pass(int);
DROP FUNCTION one(int), next(text, text), kept(text), masks(text), rows();
DROP SEQUENCE step;
DROP TABLE gym_member;
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
