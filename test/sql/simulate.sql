-- Simulated customers, and worlds in which what every action would have done is known.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/telco_churn.sql
\set ECHO all

-- Customers: in the columns and levels of the real ones, with a label.
CREATE TABLE synthetic AS SELECT * FROM cp_simulate_customers(20000, 7, truth => true);
SELECT string_agg(attname, ' ' ORDER BY attnum) AS differ FROM pg_attribute a WHERE attrelid = 'synthetic'::regclass AND attnum > 0 AND attname <> 'churn_probability'
	AND NOT EXISTS (SELECT FROM pg_attribute c WHERE attrelid = 'customer'::regclass AND c.attname = a.attname AND c.attnum = a.attnum);
SELECT (SELECT count(*) FROM pg_attribute WHERE attrelid = 'synthetic'::regclass AND attnum > 0) - (SELECT count(*) FROM pg_attribute WHERE attrelid = 'customer'::regclass AND attnum > 0) AS more;
CREATE VIEW levels AS SELECT false AS synthetic, key, value FROM customer c, jsonb_each_text(to_jsonb(c)) UNION SELECT true, key, value FROM (SELECT * FROM synthetic LIMIT 1000) c, jsonb_each_text(to_jsonb(c));
SELECT key, array_agg(value ORDER BY value) FILTER (WHERE synthetic) = array_agg(value ORDER BY value) FILTER (WHERE NOT synthetic) AS same_levels FROM levels
WHERE key NOT IN ('customer_id', 'tenure', 'monthly_charges', 'total_charges', 'churn_probability') GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT customer_id) = 20000 AS ids, min(customer_id), max(customer_id), min(tenure) >= 0 AND max(tenure) <= 72 AS tenure, bool_and(monthly_charges BETWEEN 15 AND 125) AS charges, bool_and((total_charges IS NULL) = (tenure = 0)) AS total,
	abs(avg((churn = 'Yes')::int) - 0.265) < 0.0094 AS rate, abs(avg(churn_probability) - 0.265) < 0.005 AS probability, abs(avg((churn = 'Yes')::int - churn_probability)) < 0.0084 AS drawn_from_it FROM synthetic;
SELECT bool_and(internet_service <> 'No' OR (online_security = 'No internet service' AND streaming_tv = 'No internet service')) AS internet, bool_and((phone_service = 'No') = (multiple_lines = 'No phone service')) AS phone FROM synthetic;
-- Real and synthetic are alike, about.
SELECT abs(a.tenure - b.tenure) < 4 AS tenure, abs(a.charges - b.charges) < 4 AS charges, abs(a.monthly - b.monthly) < 0.05 AS contract, abs(a.fiber - b.fiber) < 0.05 AS fiber
FROM (SELECT avg(tenure) AS tenure, avg(monthly_charges) AS charges, avg((contract = 'Month-to-month')::int) AS monthly, avg((internet_service = 'Fiber optic')::int) AS fiber FROM customer) a,
	(SELECT avg(tenure) AS tenure, avg(monthly_charges) AS charges, avg((contract = 'Month-to-month')::int) AS monthly, avg((internet_service = 'Fiber optic')::int) AS fiber FROM synthetic) b;
-- The same seed, the same customers, each one whoever else is asked for; without truth there is none.
CREATE FUNCTION digest(n int, seed bigint, rate float8 DEFAULT 0.265) RETURNS text LANGUAGE sql AS $$ SELECT md5(string_agg(s::text, ' ' ORDER BY customer_id)) FROM (SELECT * FROM cp_simulate_customers(n, seed, rate) ORDER BY customer_id LIMIT 500) s $$;
SELECT digest(500, 1) AS first \gset
SELECT digest(500, 1) = :'first' AS again, digest(3000, 1) = :'first' AS of_more, digest(500, 2) = :'first' AS seed, digest(500, -1) = :'first' AS negative, digest(500, 1, 0.1) = :'first' AS rate;
SELECT rate, abs(avg(s.churn_probability) - rate) < 0.02 AS near FROM unnest('{0.001,0.5,0.999}'::float8[]) rate, cp_simulate_customers(3000, 3, rate, true) s GROUP BY 1 ORDER BY 1;
SELECT count(churn_probability) FROM cp_simulate_customers(100);
SELECT count(*) FROM cp_simulate_customers(NULL);
SELECT count(*) FROM cp_simulate_customers(1);
SELECT cp_simulate_customers(0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_customers(-5); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_customers(100000000); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_customers(10, 1, 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_customers(10, 1, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_customers(10, 1, -0.3); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_customers(10, 1, 'NaN'); \echo :LAST_ERROR_SQLSTATE
-- A model of 5,000 of them is nearly as good on others as the truth they were drawn from.
SET client_min_messages = warning;
SELECT version FROM cp_train('telco', 'SELECT * FROM cp_simulate_customers(5000, 1)', 'churn', '{"id": "customer_id", "value_column": "monthly_charges", "tenure_column": "tenure", "base_rate": 0.05, "members": "gbm"}');
RESET client_min_messages;
SELECT cp_log_loss(cp_predict(s, 'telco'), churn = 'Yes') - cp_log_loss(churn_probability, churn = 'Yes') BETWEEN 0 AND 0.02 AS near_the_best FROM synthetic s;

-- A world of them.
SELECT * FROM cp_simulator_create('world', 'telco', 'synthetic') \gdesc
SELECT simulator, customers, mean_hazard BETWEEN 0.05 AND 0.09 AS hazard, abs(mean_charge - (SELECT avg(monthly_charges) FROM synthetic)) < 1 AS charge FROM cp_simulator_create('world', 'telco', 'synthetic', '{"customers": 5000}');
SELECT name, owner::text = current_user AS mine, model_id = (SELECT model_id FROM churnprevent.model) AS model, catalogue_version, source, params, customer_count, jsonb_array_length(effects -> 'effects') AS effects FROM churnprevent.simulator;
SELECT * FROM cp_simulate('world') \gdesc
CREATE TABLE lived AS SELECT * FROM cp_simulate('world', 'random', 2000, 36, 5, true);
-- A row for each month until the customer leaves, or the months are over.
SELECT count(DISTINCT customer_id) AS customers, min(month), max(month), bool_and(alive = (y = 1)) AS alive, count(*) FILTER (WHERE y = 0) > 500 AS leave,
	count(*) FILTER (WHERE y = 0 AND month < last) AS after_leaving FROM (SELECT *, max(month) OVER (PARTITION BY customer_id) AS last FROM lived) s;
SELECT count(*) FILTER (WHERE months <> last OR NOT left_us AND last < 36) AS gaps FROM (SELECT customer_id, count(*) AS months, max(month) AS last, bool_or(y = 0) AS left_us FROM lived GROUP BY 1) s;
-- What every action would have led to holds the one taken; a lower hazard never loses whom a higher one keeps.
SELECT count(*) > 20000 AS rows, count(*) FILTER (WHERE y_cf[action_id] IS DISTINCT FROM y) AS other_outcome, count(DISTINCT action_id) AS actions, count(*) FILTER (WHERE array_lower(y_cf, 1) <> 0 OR array_upper(y_cf, 1) <> 5) AS bounds,
	count(*) FILTER (WHERE y_cf[0] IS NULL) AS without_none, count(*) FILTER (WHERE hazard < hazard_none AND y_cf[0] = 1 AND y = 0 OR hazard > hazard_none AND y_cf[0] = 0 AND y = 1) AS crossed,
	count(*) FILTER (WHERE y_cf[1] IS NULL) > 0 AS running FROM lived;
SELECT count(*) FILTER (WHERE y_cf IS NOT NULL) FROM cp_simulate('world', 'random', 10);
-- Outcomes are drawn with the hazard.
SELECT abs(sum(y - (1 - hazard))) < 4 * sqrt(sum(hazard * (1 - hazard))) AS calibrated FROM lived;
-- Money: what is earned of the charge, less what is spent; a discount is given to who stays.
SELECT count(*) FILTER (WHERE action_id = 3 AND cost < 90 OR action_id = 4 AND cost < 25 OR action_id = 5 AND cost < 8) AS too_cheap, count(*) FILTER (WHERE y = 0 AND revenue <> 0) AS from_nobody,
	count(*) FILTER (WHERE cost < 0) AS negative, count(*) FILTER (WHERE y = 0 AND abs(reward + cost) > 1e-9) AS of_who_leaves, count(*) FILTER (WHERE y = 1 AND reward > 0.6 * (revenue + cost) - cost + 1e-9) AS margin FROM lived;
-- The same seed, the same lives; the same chance whatever is done.
CREATE FUNCTION lives(policy text, seed bigint, counterfactual boolean DEFAULT true) RETURNS text LANGUAGE sql AS $$ SELECT md5(string_agg(s::text, ' ' ORDER BY customer_id, month)) FROM cp_simulate('world', policy, 300, 24, seed, counterfactual) s $$;
SELECT lives('greedy', 1) = lives('greedy', 1) AS again, lives('greedy', 1) = lives('greedy', 2) AS seed, lives('greedy', 1) = lives('auto', 1) AS auto, lives('greedy', 1) = lives('none', 1) AS none, lives('optimal', 1, false) = lives('optimal', 1, false) AS optimal;
SELECT lives('random', 1) = lives('random', 1) AS random;
SELECT count(*) AS months, count(*) FILTER (WHERE g.action_id = 0 AND g.y <> n.y) AS others FROM cp_simulate('world', 'greedy', 500, 1, 3) g JOIN cp_simulate('world', 'none', 500, 1, 3) n USING (customer_id, month);
SELECT bool_and(action_id = 0) AS nothing, bool_and(hazard = hazard_none) AS hazard, sum(cost) AS cost FROM cp_simulate('world', 'none', 200);
-- More customers than there are: they come again, with another life.
SELECT count(DISTINCT customer_id) FROM cp_simulate('world', 'none', 6000, 1);

-- Exact values: of nothing, of a policy, of the best there is.
CREATE TABLE valued AS SELECT policy, months, v.* FROM unnest('{none,random,greedy,optimal}'::text[]) policy, unnest('{1,12,NULL}'::int[]) months, cp_simulate_value('world', policy, 20, months, 3) v;
SELECT policy, months, v_policy <= v_opt + 1e-9 AS at_most, v_none <= v_opt AS better_than_none, abs(ratio - v_policy / v_opt) < 1e-12 AS ratio, abs(uplift_ratio - (v_policy - v_none) / nullif(v_opt - v_none, 0)) < 1e-9 AS uplift, se > 0 AS se, exact FROM valued ORDER BY 2, 1;
SELECT max(abs(v.v_none - n.v_none)) < 1e-6 AS none, max(abs(v.v_opt - n.v_opt)) < 1e-6 AS optimum FROM valued v, valued n WHERE n.policy = 'none' AND v.months IS NOT DISTINCT FROM n.months;
SELECT bool_and(uplift_ratio = 0 AND v_policy = v_none AND revenue_uplift_pct = 0) AS none FROM valued WHERE policy = 'none';
SELECT bool_and(ratio = 1 AND uplift_ratio = 1 AND v_policy = v_opt) AS optimal FROM valued WHERE policy = 'optimal';
-- Greedy counts on a whole life.
SELECT months, g.uplift_ratio > 0 AS better_than_none, g.uplift_ratio < 1 AS optimum, g.v_policy > r.v_policy AS better_than_chance FROM valued g JOIN valued r USING (months) WHERE g.policy = 'greedy' AND r.policy = 'random'
UNION ALL SELECT NULL, g.uplift_ratio > 0, g.uplift_ratio < 1, g.v_policy > r.v_policy FROM valued g, valued r WHERE g.policy = 'greedy' AND r.policy = 'random' AND g.months IS NULL AND r.months IS NULL ORDER BY 1;
SELECT bool_and(v_opt > before) AS longer FROM (SELECT v_opt, lag(v_opt) OVER (PARTITION BY policy ORDER BY months) AS before FROM valued) s WHERE before IS NOT NULL;
-- The mean of many lives is the exact value, for whoever decides.
SELECT simulator, customers FROM cp_simulator_create('hundred', 'telco', 'synthetic', '{"customers": 100}');
SELECT policy, abs(mean - v_policy) < 3 * error AS value, abs(billed - billed_none * (1 + revenue_uplift_pct / 100)) / error_billed < 4 AS revenue
FROM unnest('{none,random,greedy}'::text[]) policy, LATERAL (
	SELECT avg(reward) AS mean, stddev(reward) / sqrt(count(*)) AS error, avg(revenue) AS billed, stddev(revenue) / sqrt(count(*)) AS error_billed
	FROM (SELECT sum(0.99 ^ (month - 1) * reward) AS reward, sum(0.99 ^ (month - 1) * revenue) AS revenue FROM cp_simulate('hundred', policy, 20000, 12, 11) GROUP BY customer_id) s) m,
	LATERAL (SELECT avg(revenue) AS billed_none FROM (SELECT sum(0.99 ^ (month - 1) * revenue) AS revenue FROM cp_simulate('hundred', 'none', 20000, 12, 12) GROUP BY customer_id) s) n,
	cp_simulate_value('hundred', policy, 100, 12, 11) ORDER BY 1;
SELECT abs(avg(reward) - v.v_opt) < 3 * stddev(reward) / sqrt(count(*)) AS optimal FROM (SELECT sum(0.99 ^ (month - 1) * reward) AS reward FROM cp_simulate('hundred', 'optimal', 1000, 12, 11) GROUP BY customer_id) s, cp_simulate_value('hundred', 'optimal', 100, 12, 11) v GROUP BY v.v_opt;

-- A world in which nothing does anything: learned as such, and then next to nothing is done.
SELECT simulator FROM cp_simulator_create('null', 'telco', 'synthetic', '{"effect_scale": 0}');
SELECT count(*) FILTER (WHERE hazard <> hazard_none) AS effects, count(*) FILTER (WHERE (y_cf[1] + y_cf[2] + y_cf[3] + y_cf[4] + y_cf[5]) <> 5 * y_cf[0]) AS outcomes, bool_or(action_id > 0) AS acts FROM cp_simulate('null', 'random', 300, 24, 1, true);
SELECT seed, count(*) AS effects, bool_and(abs(effect) < 0.3) AS small FROM generate_series(1, 3) seed, cp_train_policy('greedy', jsonb_build_object('simulator', 'null', 'seed', seed, 'name', 'null_' || seed)) WHERE action_name <> 'none' GROUP BY 1 ORDER BY 1;
SELECT seed, avg((action_id > 0)::int) <= 0.02 AS hardly FROM generate_series(1, 3) seed, cp_simulate('null', 'null_' || seed, 1000, 36, seed) GROUP BY 1 ORDER BY 1;
SELECT v_opt <= v_none * (1 + 1e-12) AS nothing_to_gain, uplift_ratio IS NULL OR abs(v_opt - v_none) < 1e-6 AS no_ratio FROM cp_simulate_value('null', 'none', 10, 12);
-- One action that does the reverse is found out.
SELECT simulator FROM cp_simulator_create('flipped', 'telco', 'synthetic', '{"flip": "discount_20"}');
SELECT DISTINCT policy FROM cp_train_policy('greedy', '{"simulator": "flipped"}');
SELECT count(*) FILTER (WHERE action_id = 2) AS flipped, count(*) FILTER (WHERE action_id > 0) > 0 AS others FROM cp_simulate('flipped', 'greedy_flipped', 1000);
SELECT count(*) FILTER (WHERE action_id = 2) AS flipped FROM cp_simulate('flipped', 'optimal', 60, 12);
SELECT count(*) FILTER (WHERE action_id = 2 AND hazard < hazard_none) AS helps, count(*) FILTER (WHERE action_id = 2 AND hazard > hazard_none) > 0 AS harms FROM cp_simulate('flipped', 'random', 300);
-- Half the effect, less to gain; effects of another form are what they are.
SELECT simulator FROM cp_simulator_create('half', 'telco', 'synthetic', '{"customers": 5000, "effect_scale": 0.5}');
SELECT h.v_opt < w.v_opt AS less, h.v_none = w.v_none AS same FROM cp_simulate_value('half', 'none', 20, 12) h, cp_simulate_value('world', 'none', 20, 12) w;
SELECT simulator FROM cp_simulator_create('other form', 'telco', 'synthetic', '{"form": "multiplicative"}');
SELECT v_policy < v_opt AS below, v_none < v_opt AS something_to_gain FROM cp_simulate_value('other form', 'greedy', 20, 12);
-- Rules hold in the simulator; it keeps the catalogue it was made with.
UPDATE churnprevent.action SET eligible = 'contract = ''Month-to-month''' WHERE name = 'offer';
SELECT simulator FROM cp_simulator_create('ruled', 'telco', 'SELECT * FROM synthetic WHERE contract <> ''Month-to-month''');
UPDATE churnprevent.action SET eligible = NULL, enabled = false WHERE name IN ('offer', 'contact');
SELECT count(*) FILTER (WHERE action_id = 4) AS offers, count(*) FILTER (WHERE action_id = 5) > 0 AS contacts, count(*) FILTER (WHERE y_cf[4] IS NOT NULL) AS open FROM cp_simulate('ruled', 'random', 200, 12, 1, true);
SELECT count(*) FILTER (WHERE action_id = 4) > 0 AS offers FROM cp_simulate('world', 'random', 200, 12);
UPDATE churnprevent.action SET enabled = true;

-- One of the same name is replaced; rows without charge or tenure are left out.
SELECT simulator, customers FROM cp_simulator_create('world', 'telco', 'SELECT s.*, CASE WHEN tenure > 1 THEN tenure END AS t FROM synthetic s LIMIT 50', NULL);
SELECT simulator, customers FROM cp_simulator_create('gaps', 'telco', 'SELECT customer_id, gender, senior_citizen, partner, dependents, CASE WHEN customer_id < ''S00000006'' THEN NULL ELSE tenure END AS tenure, phone_service, multiple_lines, internet_service, online_security,
	online_backup, device_protection, tech_support, streaming_tv, streaming_movies, contract, paperless_billing, payment_method, CASE WHEN customer_id < ''S00000011'' THEN ''NaN'' ELSE monthly_charges END AS monthly_charges, total_charges FROM synthetic WHERE customer_id < ''S00000101''');
SELECT cp_simulator_drop('gaps');
SELECT cp_simulator_drop('gaps'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_drop(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT name FROM churnprevent.simulator ORDER BY 1;

-- What is no world.
CREATE FUNCTION refused(params text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
	fact text;
BEGIN
	PERFORM cp_simulator_create('no', 'telco', 'SELECT * FROM synthetic LIMIT 10', params::jsonb);
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, fact = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, said, '(' || nullif(fact, '') || ')');
END
$$;
SELECT params, refused(params) FROM (VALUES ('{"effect_scal": 1}'), ('{"effect_scale": -1}'), ('{"effect_scale": 11}'), ('{"effect_scale": "1"}'), ('{"tenure_drift": 11}'), ('{"annoyance": -0.1}'), ('{"attenuation": 11}'), ('{"sleeping_dog": -1}'), ('{"sleeping_below": 51}'), ('{"contact_bad": 11}'),
	('{"service": [1.5, 0, -0.5], "moves_bad": [0.5, 0.25, 0.25]}'), ('{"service": [1, 0]}'), ('{"service": [1, 0, 11]}'), ('{"service": 1}'), ('{"moves_bad": [0.5, 0.4, 0.2]}'), ('{"moves_good": [1, 1, -1]}'), ('{"contact_moves": [0.5, 0.5, 0.5]}'), ('{"upgrade_moves": [0, 0, 0]}'), ('{"moves_neutral": [0.25, 0.5, 0.3]}'),
	('{"flip": "bribe"}'), ('{"flip": "none"}'), ('{"flip": 2}'), ('{"form": "linear"}'), ('{"margin": 0}'), ('{"margin": 1.1}'), ('{"discount": 1}'), ('{"discount": -0.1}'), ('{"discount": 0}'), ('{"policy": "nobody"}'), ('{"policy": "optimal"}'),
	('{"customers": 0}'), ('{"customers": 1.5}'), ('{"customers": 1e9}'), ('{"seed": -1}'), ('[]'), ('{"annoyance": 1e400}')) t(params);
SELECT cp_simulator_create('', 'telco', 'synthetic'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create(repeat('n', 256), 'telco', 'synthetic'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create(NULL, 'telco', 'synthetic'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('no', NULL, 'synthetic'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('no', 'telco', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('no', 'nobody', 'synthetic'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('no', 'telco', 'nowhere'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('no', 'telco', 'SELECT * FROM synthetic WHERE false'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('no', 'telco', 'SELECT tenure, monthly_charges FROM synthetic'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('no', 'telco', 'DELETE FROM synthetic RETURNING *'); \echo :LAST_ERROR_SQLSTATE
SELECT version FROM cp_train('untold', 'SELECT * FROM synthetic LIMIT 500', 'churn', '{"value_column": "monthly_charges", "exclude": ["customer_id", "churn_probability"], "members": "gbm", "gbm": {"rounds": 3}}');
SELECT cp_simulator_create('no', 'untold', 'synthetic'); \echo :LAST_ERROR_SQLSTATE
-- A source that edits the catalogue on its way is nobody's downfall.
CREATE FUNCTION edits(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN IF n = 40 THEN UPDATE churnprevent.action SET cost_fixed = cost_fixed + 1 WHERE name = 'offer'; PERFORM cp_recommend(s, 'greedy', 'telco') FROM synthetic s LIMIT 1; END IF; RETURN n; END $$;
SELECT customers FROM cp_simulator_create('edited', 'telco', 'SELECT s.*, edits(row_number() OVER ()) FROM synthetic s LIMIT 100');
SELECT (SELECT max(version) FROM churnprevent.catalogue) - catalogue_version AS later FROM churnprevent.simulator WHERE name = 'edited';
SELECT count(*) > 100 AS lives FROM cp_simulate('edited', 'greedy', 100);
-- What is no run.
SELECT count(*) FROM cp_simulate('nowhere'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate('world', 'nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate('world', 'greedy', 0); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate('world', 'greedy', 10, 0); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate('world', 'greedy', 10, 1201); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate('world', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate('world', 'greedy', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate('world', 'greedy', 10, NULL); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_simulate('world', 'greedy', 10, 10, NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_value('nowhere'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_value('world', 'nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_value('world', 'greedy', 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_value('world', 'greedy', 10, 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_value('world', 'greedy', 10, 1201); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_value('world', 'greedy', 10, 12, NULL); \echo :LAST_ERROR_SQLSTATE
SELECT se FROM cp_simulate_value('world', 'none', 1, 12);
BEGIN READ ONLY;
SELECT count(*) > 0 AS runs FROM cp_simulate('world', 'greedy', 10);
SELECT exact FROM cp_simulate_value('world', 'greedy', 3, 3);
SELECT cp_simulator_create('no', 'telco', 'synthetic'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- A world is its owner's.
CREATE ROLE simulate_operator;
CREATE ROLE simulate_reader;
SELECT cp_grant('simulate_operator', 'operator'), cp_grant('simulate_reader', 'reader'), cp_grant_model('telco', 'simulate_operator');
GRANT SELECT ON synthetic TO simulate_operator;
SET ROLE simulate_operator;
SELECT count(*) FROM cp_simulate('world'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulate_value('world'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_drop('world'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_simulator_create('world', 'telco', 'synthetic'); \echo :LAST_ERROR_SQLSTATE
SELECT simulator FROM cp_simulator_create('own', 'telco', 'SELECT * FROM synthetic LIMIT 20');
SELECT count(*) > 0 AS runs FROM cp_simulate('own', 'greedy', 10);
SELECT cp_simulator_drop('own');
SELECT name, customer_count FROM churnprevent.simulator WHERE name = 'world';
SELECT customers FROM churnprevent.simulator; \echo :LAST_ERROR_SQLSTATE
SET ROLE simulate_reader;
SELECT count(*) FROM cp_simulate_customers(5);
SELECT count(*) FROM cp_simulate('world'); \echo :LAST_ERROR_SQLSTATE
SELECT name FROM churnprevent.simulator; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;

SET client_min_messages = warning;
DROP OWNED BY simulate_reader, simulate_operator;
DROP ROLE simulate_reader, simulate_operator;
DROP VIEW levels;
DROP TABLE customer, synthetic, lived, valued;
DROP FUNCTION digest(int, bigint, float8), lives(text, bigint, boolean), refused(text), edits(bigint);
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
