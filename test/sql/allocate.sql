-- cp_allocate: plans, their certificate, and what it refuses. Everything it says is added up again in SQL.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001', share = 0;
CREATE TABLE offer (customer_id text, action text, kind text, segment text, value float8, cost float8);
CREATE INDEX ON offer (customer_id, action);
CREATE TABLE plan (customer_id text, action text, share float8, value float8, cost float8, reduced_value float8);
CREATE FUNCTION near(a float8, b float8, tolerance float8 DEFAULT 1e-9) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(abs(a - b) <= tolerance * greatest(1, abs(b)), a IS NULL AND b IS NULL) $$;
-- What the limits of the last report are about, and what the plan uses of them, in numeric.
CREATE VIEW used AS
SELECT r.*, least, money, (SELECT sum(share::numeric * CASE WHEN money THEN plan.cost::numeric ELSE 1 END) FROM plan JOIN offer USING (customer_id, action)
	WHERE CASE part[3] WHEN 'action:' THEN action = part[4] WHEN 'segment:' THEN segment = part[4] ELSE part[3] IS NOT NULL OR kind = part[4] END) AS added
FROM cp_allocation_report() r, regexp_match(limit_name, '^(min:)?(budget:)?(action:|segment:|budget$|all$)?(.*)$') part, LATERAL (SELECT part[1] IS NOT NULL AS least, part[2] IS NOT NULL OR part[3] = 'budget' AS money) s WHERE limit_name IS NOT NULL;
-- The bound that prices alone prove.
CREATE FUNCTION certificate() RETURNS float8 LANGUAGE sql AS $$
	WITH prices AS MATERIALIZED (SELECT cp_allocation_prices() AS p)
	SELECT (SELECT coalesce(sum(best), 0) FROM (SELECT greatest(max(cp_bid(value, cost, kind, p, action, segment)), 0) AS best FROM offer, prices GROUP BY customer_id) s)
		+ (SELECT coalesce(sum(shadow_price * greatest(bound - already_spent, 0)), 0) FROM cp_allocation_report());
$$;
-- All that is wrong with the plan and its report; tolerance: of a minimum, which shares of 1e-12 may miss.
CREATE FUNCTION faults() RETURNS text[] LANGUAGE sql AS $$
	WITH report AS MATERIALIZED (SELECT * FROM cp_allocation_report() LIMIT 1), used AS MATERIALIZED (SELECT * FROM used), prices AS MATERIALIZED (SELECT cp_allocation_prices() AS p)
	SELECT array_agg(fault) FROM (
		SELECT 'no such offer: ' || plan::text FROM plan LEFT JOIN offer USING (customer_id, action) WHERE offer.value IS DISTINCT FROM plan.value OR offer.cost IS DISTINCT FROM plan.cost
		UNION ALL SELECT 'more than one for ' || customer_id FROM plan GROUP BY 1 HAVING sum(share::numeric) > 1 OR min(share) <= 0
		UNION ALL SELECT 'the same twice for ' || customer_id FROM plan GROUP BY customer_id, action HAVING count(*) > 1
		UNION ALL SELECT 'limit ' || limit_name || ' is not kept: ' || added FROM used WHERE least AND coalesce(added, 0) < (bound - already_spent)::numeric - CASE method WHEN 'lp' THEN 1e-11 ELSE 0 END OR NOT least AND added > greatest(bound - already_spent, 0)::numeric
		UNION ALL SELECT 'limit ' || limit_name || ' is said to use ' || used FROM used WHERE NOT near(used, coalesce(added, 0)::float8)
		UNION ALL SELECT 'limit ' || limit_name || ' has slack ' || slack FROM used WHERE NOT near(slack, (bound - already_spent - used) * CASE WHEN least THEN -1 ELSE 1 END)
		UNION ALL SELECT 'limit ' || limit_name || ' has price ' || shadow_price FROM used WHERE shadow_price * CASE WHEN least THEN -1 ELSE 1 END < 0
		UNION ALL SELECT 'limit ' || limit_name || ' has a price and slack' FROM used WHERE method = 'lp' AND abs(shadow_price * (bound - already_spent - used)) > 1e-9 * greatest(1, abs(objective))
		UNION ALL SELECT 'value ' || objective FROM report, (SELECT sum(share * value) AS sum FROM plan) s WHERE NOT near(objective, coalesce(sum, 0))
		UNION ALL SELECT 'acted ' || acted FROM report WHERE acted <> (SELECT count(DISTINCT customer_id) FROM plan)
		UNION ALL SELECT 'customers ' || customers FROM report WHERE customers + left_out <> (SELECT count(DISTINCT customer_id) FROM offer)
		UNION ALL SELECT 'bound ' || upper_bound || ', but by prices ' || certificate() FROM report WHERE CASE method WHEN 'knapsack' THEN upper_bound > certificate() + 1e-9 * abs(upper_bound) ELSE NOT near(upper_bound, certificate()) END
		UNION ALL SELECT 'gap ' || gap FROM report WHERE NOT near(gap, coalesce((upper_bound - objective) / nullif(greatest(abs(upper_bound), abs(objective)), 0), 0)) OR gap < 0 OR proved <> (gap <= 1e-9) OR upper_bound < objective
		UNION ALL SELECT 'not solved' FROM report WHERE method = 'lp' AND NOT proved
		UNION ALL SELECT 'shares' FROM report WHERE (SELECT count(DISTINCT customer_id) FROM plan WHERE share < 1) > CASE method WHEN 'lp' THEN (SELECT count(*) FROM used) ELSE 0 END
		UNION ALL SELECT 'reduced value ' || reduced_value FROM plan JOIN offer USING (customer_id, action), prices WHERE NOT near(reduced_value, cp_bid(plan.value, plan.cost, kind, p, action, segment))
	) s(fault);
$$;
CREATE FUNCTION try(method text, budget float8, caps jsonb, mins jsonb DEFAULT NULL, options jsonb DEFAULT '{}', source text DEFAULT 'offer', OUT value numeric, OUT bound numeric, OUT acted bigint, OUT faults text[]) LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE plan;
	INSERT INTO plan SELECT * FROM cp_allocate(source, try.method, try.budget, caps, mins, options);
	ANALYZE plan;
	SELECT round(r.objective::numeric, 6), round(r.upper_bound::numeric, 6), r.acted INTO value, bound, acted FROM cp_allocation_report() r LIMIT 1;
	faults := faults();
END
$$;
SELECT * FROM cp_allocate('offer') \gdesc
SELECT * FROM cp_allocation_report() \gdesc
SELECT * FROM cp_budget_curve('offer') \gdesc

-- Cases with answers by HiGHS, GLPK's glpsol and CBC: linear program 33, whole 29; nothing binds: 47; a budget alone: 30 and 29.
INSERT INTO offer SELECT c, a, k, NULL, v[c], w FROM (VALUES ('discount_10', 'discount', '{10,6,4}'::int[], 2), ('discount_20', 'discount', '{16,9,12}', 5), ('upgrade', 'upgrade', '{20,15,9}', 9), ('offer_a', 'offer', '{8,7,5}', 3), ('offer_b', 'offer', '{12,11,3}', 7)) o(a, k, v, w), generate_series(1, 3) c;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 12, '{"discount": 2, "upgrade": 1, "offer": 1}') t;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 1000, '{"discount": 3, "upgrade": 3, "offer": 3}') t;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 10, '{}') t;
SELECT * FROM cp_allocate('offer', 'knapsack', 12, '{"discount": 2, "upgrade": 1, "offer": 1}') ORDER BY 1;
SELECT limit_name, bound, already_spent, used, slack, round(shadow_price::numeric, 6) AS shadow_price, meaning FROM cp_allocation_report();
-- 357.8754745925215, whole 356.41.
TRUNCATE offer;
\copy offer (customer_id, action, kind, value, cost) FROM test/data/allocation_v50.csv CSV HEADER
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 75, '{"discount": 10, "upgrade": 2, "offer": 12}') t;
-- A thousand customers by formula: 24498.530693739427; whole 24498.19 (HiGHS).
CREATE FUNCTION draw(i bigint, a bigint, k int, seed int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	x bigint := ((i * 8 + a) * 4 + k + seed * 1000003) % 2147483647;
BEGIN
	x := (x * 48271 + 11) % 2147483647;
	x := x # (x >> 13);
	x := (x * 69621 + 7) % 2147483647;
	x := x # (x >> 15);
	x := (x * 16807 + 3) % 2147483647;
	x := x # (x >> 11);
	RETURN (x * 40692 + 5) % 2147483647;
END
$$;
TRUNCATE offer;
INSERT INTO offer SELECT i, 'a' || a, (ARRAY['discount', 'discount', 'upgrade', 'offer', 'offer'])[a], (ARRAY['north', 'south', 'west', NULL])[1 + i % 4], (draw(i, a, 0, 1) % 6000 + draw(i, 0, 1, 1) % 4000 - 1500) / 100.0, (base + draw(i, a, 2, 1) % (2 * base)) / 100.0
FROM generate_series(1, 1000) i, unnest('{200,500,900,300,700}'::int[]) WITH ORDINALITY u(base, a);
SELECT sum(value::numeric) AS value, sum(cost::numeric) AS cost FROM offer;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 2000, '{"discount": 150, "upgrade": 40, "offer": 200}') t;
SELECT near(objective, 24498.530693739427, 1e-12) AS objective FROM (SELECT sum(share * value) AS objective FROM cp_allocate('offer', 'lp', 2000, '{"discount": 150, "upgrade": 40, "offer": 200}')) s;

-- The same customers in other forms, of other types, in any order: the same plan, to the last bit.
CREATE TABLE asked (what text, source text, options jsonb);
CREATE VIEW wide AS SELECT customer_id, segment, array_agg(value ORDER BY action) AS v, array_agg(cost ORDER BY action) AS c FROM offer GROUP BY 1, 2;
INSERT INTO asked VALUES ('long', 'offer', '{}'), ('as a query', 'SELECT * FROM offer WHERE true -- all' || E'\n;', '{}'), ('backwards', 'SELECT * FROM offer ORDER BY customer_id DESC, action DESC', '{}'), ('shuffled', 'SELECT * FROM offer ORDER BY md5(customer_id || action)', '{}'),
	('numeric', 'SELECT customer_id, action, kind, value::numeric, cost::numeric FROM offer', '{}'), ('whole cents', 'SELECT customer_id::int8, action::varchar, kind::char(20), value, cost FROM offer', '{}'),
	('other names', 'SELECT customer_id::int AS "Kunde", action AS was, kind AS art, value AS "Wert", cost AS preis FROM offer', '{"customer_id": "Kunde", "action": "was", "kind": "art", "value": "Wert", "cost": "preis"}'),
	('wide', 'wide', '{"value": "v", "cost": "c"}'), ('wide, numeric', 'SELECT customer_id::int2, v::numeric[], c::numeric[] FROM wide ORDER BY v', '{"value": "v", "cost": "c"}'),
	('from 0, and one more', 'SELECT customer_id, array_fill(NULL::float8, ''{1}'', ''{-3}'') || v AS value, array_prepend(NULL, c) AS cost FROM wide', '{"actions": ["a0", "a1", "a2", "a3", "a4", "a5"], "kinds": ["no", "discount", "discount", "upgrade", "offer", "offer"]}');
UPDATE asked SET options = options || '{"actions": ["a1", "a2", "a3", "a4", "a5"], "kinds": ["discount", "discount", "upgrade", "offer", "offer"]}' WHERE what ~ '^wide';
CREATE FUNCTION digest(source text, method text, options jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(concat_ws(' ', customer_id, action, encode(float8send(share), 'hex'), encode(float8send(value), 'hex'), encode(float8send(cost), 'hex')), ' ' ORDER BY customer_id, action)) FROM cp_allocate(source, method, 2000, '{"discount": 150, "upgrade": 40, "offer": 200}', NULL, options) $$;
SELECT m, count(*) AS forms, count(DISTINCT digest(source, m, options)) AS plans FROM asked, unnest('{lp,knapsack,greedy}'::text[]) m WHERE what NOT IN ('backwards', 'shuffled') AND source NOT LIKE '%ORDER BY v' GROUP BY m ORDER BY m;
SELECT what, m, digest(source, m, options) = digest(source, m, options) AS again, round(r.objective::numeric, 6) AS objective FROM asked, unnest('{lp,knapsack}'::text[]) m, LATERAL (SELECT objective, digest(source, m, options) FROM cp_allocation_report() LIMIT 1) r WHERE what IN ('backwards', 'shuffled') OR source LIKE '%ORDER BY v' ORDER BY 1, 2;
-- The rows come as the source gives its customers.
SELECT bool_and(place < next) AS in_order FROM (SELECT place, lead(place) OVER (ORDER BY ordinality) AS next FROM cp_allocate('SELECT * FROM offer ORDER BY md5(customer_id)', 'lp', 2000) WITH ORDINALITY JOIN (SELECT DISTINCT customer_id, md5(customer_id) AS place FROM offer) o USING (customer_id)) s;
SELECT near(sum(share * value), 24498.5306937, 1e-6) AS real, bool_and(value = value::real) AS as_it_is FROM cp_allocate('SELECT customer_id, v::real[], c::real[] FROM wide', 'lp', 2000, '{"discount": 150, "upgrade": 40, "offer": 200}', NULL, '{"value": "v", "cost": "c", "actions": ["a1", "a2", "a3", "a4", "a5"], "kinds": ["discount", "discount", "upgrade", "offer", "offer"]}');
-- Elements that are NULL on both sides are not open, nor are those behind the end; a customer without any is one.
SELECT customer_id, action, share, value, cost FROM cp_allocate($$VALUES (1, '{5,NULL,7}'::int[], '{1,NULL,3}'::numeric[]), (2, '{}', '{}'), (3, NULL, NULL), (4, '{NULL}', '{NULL}'), (5, '{-5}', '{0}'), (6, '{0,6}', '{0,0}')$$, options => '{"customer_id": "column1", "value": "column2", "cost": "column3"}');
SELECT DISTINCT customers, acted FROM cp_allocation_report();
-- Kinds by the catalogue, or else actions are kinds of their own; so are those that a source names, whatever it calls them.
SELECT a.customer_id, a.action FROM cp_allocate($$VALUES (1, 'discount_10', 5, 1), (2, 'discount_20', 4, 1), (3, 'letter', 3, 1), (4, 'letter', 2, 1), (5, 'call', 1, 1)$$, caps => '{"discount": 1, "letter": 1}', options => '{"customer_id": "column1", "action": "column2", "value": "column3", "cost": "column4"}') a;
SELECT a.customer_id, a.action FROM cp_allocate($$VALUES (1, true, 5, 1, 'öl; "'''), (2, true, 4, 1, ''), (3, false, 3, 1, 'öl; "'''), (4, false, 2, 1, ''), (5, false, 9, 1, 'min')$$, caps => '{"öl; \"''": 1, "": 1, "min": 0.5, "action:true": 1}', options => '{"customer_id": "column1", "action": "column2", "value": "column3", "cost": "column4", "kind": "column5"}') a;

-- Every kind of limit, one by one and all together. Bounds that are null, and an infinite budget, are none.
SELECT caps, mins, further, m, t.* FROM (VALUES
	('{"all": 77}'::jsonb, NULL::jsonb, '{}'::jsonb), ('{"kind:upgrade": 3}', NULL, '{}'), ('{"action:a4": 11.5}', NULL, '{}'), ('{"segment:north": 20, "segment:south": 0}', NULL, '{}'), ('{"upgrade": null}', NULL, '{}'),
	('{}', '{"upgrade": 150}', '{}'), ('{}', '{"action:a3": 90, "segment:west": 100, "all": 200}', '{}'), ('{}', NULL, '{"upgrade": 100, "action:a1": 50.25, "segment:north": 400, "all": 1000}'),
	('{"discount": 100, "upgrade": 40.5, "offer": 200, "all": 300, "action:a1": 60, "action:a4": 90, "segment:north": 80}', '{"upgrade": 20, "action:a5": 30, "segment:west": 60}', '{"offer": 700, "segment:south": 450}')) l(caps, mins, further),
	unnest('{lp,greedy}'::text[]) m, try(m, 2000, caps, mins, jsonb_build_object('budgets', further)) t;
SELECT t.* FROM try('knapsack', 2000, '{"discount": 100.5, "upgrade": 40.5, "offer": 200}', '{"upgrade": 20.5, "segment:west": 60}', '{"budgets": {"segment:south": 450}}') t;
SELECT m, t.*, (SELECT count(*) FROM cp_allocation_report() WHERE limit_name IS NOT NULL) AS limits FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 'Infinity', '{}') t;
-- Without arguments the settings hold.
SELECT limit_name, bound FROM cp_allocate('offer'), LATERAL (SELECT * FROM cp_allocation_report()) r GROUP BY 1, 2 ORDER BY 1;
SET churnprevent.max_budget = 1234.5; SET churnprevent.max_discounts = 20; SET churnprevent.max_upgrades = 0; SET churnprevent.max_offers = 7;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, NULL, NULL) t;
SELECT limit_name, bound FROM cp_allocation_report() ORDER BY 1;
RESET churnprevent.max_budget; RESET churnprevent.max_discounts; RESET churnprevent.max_upgrades; RESET churnprevent.max_offers;
-- What is spent already is gone; the rest is what would have been left anyway.
SELECT t.* FROM try('lp', 2500, '{"discount": 250, "upgrade": 40, "offer": 200}', '{"upgrade": 30}', '{"already_spent": {"budget": 500, "discount": 100, "min:upgrade": 10}}') t;
SELECT limit_name, bound, already_spent, round(used::numeric, 6) AS used, round(slack::numeric, 6) AS slack FROM cp_allocation_report() ORDER BY 1;
SELECT t.* FROM try('lp', 2000, '{"discount": 150, "upgrade": 40, "offer": 200}', '{"upgrade": 20}') t;
SELECT t.* FROM try('knapsack', 2000, '{"discount": 150}', NULL, '{"already_spent": {"budget": 2100}}') t;

-- A shadow price lies between what one unit less and one unit more of its bound change.
CREATE FUNCTION optimum(budget float8, caps jsonb, mins jsonb) RETURNS float8 LANGUAGE sql AS $$ SELECT sum(share * value) FROM cp_allocate('offer', 'lp', budget, caps, mins) $$;
CREATE TABLE price AS SELECT limit_name, shadow_price, bound FROM (SELECT optimum(2000, '{"discount": 150, "upgrade": 40, "offer": 200}', '{"segment:west": 110, "upgrade": 25}') OFFSET 0) s, LATERAL (SELECT * FROM cp_allocation_report() WHERE optimum IS NOT NULL) r;
SELECT limit_name, shadow_price <> 0 AS priced, shadow_price BETWEEN (f.more - f.same) / step - 1e-6 AND (f.same - f.less) / step + 1e-6 AS between
FROM price, LATERAL (SELECT CASE limit_name WHEN 'budget' THEN 1.0 ELSE 0.5 END AS step) s, LATERAL (SELECT CASE WHEN limit_name !~ '^min' THEN step ELSE 0 END AS cap, CASE WHEN limit_name ~ '^min' THEN step ELSE 0 END AS min) d,
	LATERAL (SELECT optimum(2000, '{"discount": 150, "upgrade": 40, "offer": 200}', '{"segment:west": 110, "upgrade": 25}') AS same,
		optimum(CASE limit_name WHEN 'budget' THEN 2000 + step ELSE 2000 END, '{"discount": 150, "upgrade": 40, "offer": 200}' || CASE WHEN cap > 0 AND limit_name <> 'budget' THEN jsonb_build_object(limit_name, bound + step) ELSE '{}' END,
			'{"segment:west": 110, "upgrade": 25}' || CASE WHEN min > 0 THEN jsonb_build_object(substr(limit_name, 5), bound + step) ELSE '{}' END) AS more,
		optimum(CASE limit_name WHEN 'budget' THEN 2000 - step ELSE 2000 END, '{"discount": 150, "upgrade": 40, "offer": 200}' || CASE WHEN cap > 0 AND limit_name <> 'budget' THEN jsonb_build_object(limit_name, bound - step) ELSE '{}' END,
			'{"segment:west": 110, "upgrade": 25}' || CASE WHEN min > 0 THEN jsonb_build_object(substr(limit_name, 5), bound - step) ELSE '{}' END) AS less) f ORDER BY 1;
-- The budget curve: as single runs have it, rising, concave, its price falling and between the slopes.
CREATE TABLE curve AS SELECT * FROM cp_budget_curve('offer', '{0,100,500,1000,1500,2000,2500,3000,4000,6000,100000}', 'lp', '{"discount": 150, "upgrade": 40, "offer": 200}');
SELECT budget, round(c.objective::numeric, 4) AS objective, acted, round(shadow_price::numeric, 6) AS shadow_price, spent <= budget AND gap <= 1e-9 AND near(upper_bound, c.objective) AS kept, near(c.objective, (SELECT coalesce(sum(share * value), 0) FROM cp_allocate('offer', 'lp', budget, '{"discount": 150, "upgrade": 40, "offer": 200}'))) AS same,
	(lead(c.objective) OVER w - c.objective) / (lead(budget) OVER w - budget) <= shadow_price + 1e-9 AS above, (c.objective - lag(c.objective) OVER w) / (budget - lag(budget) OVER w) >= shadow_price - 1e-9 AS below
FROM curve c WINDOW w AS (ORDER BY budget) ORDER BY budget;
SELECT budget, round(objective::numeric, 2) AS objective, gap < 1e-2 AND spent <= budget AS kept FROM cp_budget_curve('offer', '{100,2000}', 'knapsack', '{"discount": 150}', '{"upgrade": 2}');
SELECT count(*), min(budget), max(budget) FROM cp_budget_curve('offer');
SELECT budget, round(spent::numeric, 6) AS spent FROM cp_budget_curve('offer', '{50,150}', options => '{"already_spent": {"budget": 100}}');

-- Nobody of the control group is in a plan, unless it is asked for.
UPDATE churnprevent.holdout SET share = 0.1;
SELECT count(*) FILTER (WHERE cp_control_group(customer_id)) AS control, count(*) > 100 AS others FROM cp_allocate('offer', 'lp', 2000);
SELECT DISTINCT customers, left_out, (SELECT count(*) FROM (SELECT DISTINCT customer_id FROM offer) s WHERE cp_control_group(customer_id)) AS control FROM cp_allocation_report();
SELECT count(*) FILTER (WHERE cp_control_group(customer_id)) > 20 AS control FROM cp_allocate('wide', 'lp', 2000, options => '{"value": "v", "cost": "c", "include_control": true}');
SELECT DISTINCT customers, left_out FROM cp_allocation_report();
SELECT count(*) > 100 AS others FROM cp_allocate('wide', 'greedy', 2000, options => '{"value": "v", "cost": "c"}');
SELECT * FROM cp_allocate('SELECT * FROM offer WHERE cp_control_group(customer_id)'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_budget_curve('SELECT * FROM offer WHERE customer_id IN (SELECT customer_id FROM offer WHERE cp_control_group(customer_id) LIMIT 1) OR customer_id = ''1''', '{1}');
UPDATE churnprevent.holdout SET share = 0;

-- Kept: the run, its limits, its rows. Reports by number say the same.
CREATE TABLE first AS SELECT * FROM cp_allocate('offer', 'knapsack', 2000, '{"discount": 150, "upgrade": 40}', '{"offer": 10}', '{"keep": true, "already_spent": {"discount": 1}}');
CREATE TABLE told AS SELECT * FROM cp_allocation_report();
CREATE TABLE prices AS SELECT cp_allocation_prices() AS p;
SELECT count(*) FROM cp_allocate('offer', 'lp', 100, '{}', options => '{"keep": true}');
SELECT (SELECT array_agg(r::text ORDER BY limit_name) FROM cp_allocation_report(1) r) = (SELECT array_agg(t::text ORDER BY limit_name) FROM told t) AS told, cp_allocation_prices(1) = p AS prices, (SELECT run_id FROM cp_allocation_report() LIMIT 1) AS last FROM prices;
SELECT run_id, made_by, source, method, options, streamed, customers, left_out, option_count, proved, read_seconds >= 0 AND solve_seconds >= 0 AS timed, made_at BETWEEN now() AND clock_timestamp() AS dated FROM churnprevent.allocation_run ORDER BY 1;
SELECT name, money, least, bound, already_spent, near(used, (SELECT used FROM told WHERE limit_name = name)) AS used FROM churnprevent.allocation_limit WHERE run_id = 1 ORDER BY position;
SELECT count(*) > 100 AS rows, bool_and(a IS NOT NULL AND f IS NOT NULL) AS same FROM first f FULL JOIN (SELECT * FROM churnprevent.allocation WHERE run_id = 1) a USING (customer_id, action, share, value, cost, reduced_value);
-- The prices as a rule for one customer after another: act on what bids most when it bids anything. That spends about the budget.
SELECT sum(share * value) > 0 AS planned FROM cp_allocate('offer', 'lp', 2000, '{"discount": 150, "upgrade": 40, "offer": 200}');
SELECT abs(sum(cost) / 2000 - 1) < 0.01 AS spends, abs(sum(value) / 24498.53 - 1) < 0.01 AS saves, count(*) BETWEEN 380 AND 390 AS acts
FROM (SELECT DISTINCT ON (customer_id) value, cost, cp_bid(value, cost, kind, cp_allocation_prices()) AS bid FROM offer ORDER BY customer_id, bid DESC) s WHERE bid > 0;

-- By a model: values net of cost, as cp_recommend has them.
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "screen": false, "members": "gbm", "gbm": {"rounds": 40}}');
UPDATE churnprevent.action SET cost_fixed = 0.3 WHERE name IN ('contact', 'offer');
SELECT count(*) > 50 AS some, count(*) FILTER (WHERE NOT near(a.value, r.expected_value - r.action_cost) OR NOT near(a.cost, r.action_cost)) AS others
FROM cp_allocate('gym_member', 'lp', 1e9, '{}', options => '{"model": "gym"}') a JOIN gym_member m ON member_id::text = customer_id, cp_recommend(m, 'greedy', 'gym') r WHERE action_name = action;
SELECT (SELECT count(*) FROM cp_allocate('SELECT * FROM gym_member', 'knapsack', 300, '{"discount": 20, "segment:basic": 5}', NULL, '{"model": "gym", "segment": "plan"}')) > 20 AS some;
SELECT limit_name, used <= bound AS kept FROM cp_allocation_report() ORDER BY 1;
SELECT count(*) FROM cp_allocate('SELECT plan, age, monthly_fee FROM gym_member', options => '{"model": "gym"}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('gym_member', options => '{"model": "gym", "policy": "nobody"}'); \echo :LAST_ERROR_SQLSTATE

-- Recorded: a decision about everybody, as the plan has it. Some explore, within the limits; the control group gets nothing.
UPDATE churnprevent.holdout SET share = 0.05;
CREATE TABLE given AS SELECT * FROM cp_allocate('gym_member', 'knapsack', 250, '{"discount": 60, "offer": 30, "upgrade": 2, "all": 200}', NULL, '{"model": "gym", "epsilon": 0.3, "key": "spring", "keep": true}', true);
CREATE VIEW logged AS SELECT d.*, a.name AS action, i.name AS intended, (SELECT sum(p) FROM unnest(pmf) p) AS total, pmf[array_position(c.action_ids, intended_action)] AS chance, cardinality(array_remove(pmf, 0)) AS open
FROM churnprevent.decision d JOIN churnprevent.action a USING (action_id) JOIN churnprevent.action i ON i.action_id = intended_action JOIN churnprevent.catalogue c ON c.version = d.catalogue_version;
SELECT (SELECT count(*) FROM gym_member) = count(*) AS everybody, count(*) FILTER (WHERE arm = 'control') = (SELECT count(*) FROM gym_member WHERE cp_control_group(member_id::text)) AS control, count(*) FILTER (WHERE abs(total - 1) > 1e-6) AS totals, count(*) FILTER (WHERE propensity <> chance OR propensity <= 0) AS propensities,
	count(*) FILTER (WHERE idempotency_key <> customer_id || '/allocation/spring') AS keys FROM logged;
SELECT arm, reason, propensity_src, action = 'none' AS nothing, action = intended AS intended, count(*) > 0 AS some, array_agg(DISTINCT round(propensity::numeric, 4)) AS propensities, array_agg(DISTINCT open) AS open FROM logged GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;
-- What is done is what was returned: the plan's and what explorers drew.
SELECT count(*) > 30 AS acted, count(*) FILTER (WHERE g.action IS NULL OR l.action IS NULL) AS others, count(*) FILTER (WHERE abs(g.cost * 100 - l.action_cost) > 0.5 OR abs((g.value + g.cost) * 100 - l.expected_value) > 0.5) AS figures FROM given g FULL JOIN (SELECT * FROM logged WHERE action <> 'none') l USING (customer_id, action);
SELECT limit_name, coalesce(used, 0) <= bound AS kept, near(used, CASE limit_name WHEN 'budget' THEN (SELECT sum(cost) FROM given) WHEN 'all' THEN (SELECT count(*) FROM given) ELSE (SELECT count(*) FROM given WHERE action ~ limit_name) END) AS used, acted = (SELECT count(*) FROM given) AS acted FROM cp_allocation_report() ORDER BY 1;
-- Three tenths draw evenly from six actions, nothing among them: a quarter has another action than the plan's. A draw is refused when a limit stands against it.
SELECT count(*) FILTER (WHERE propensity < 0.5) / count(*)::float8 BETWEEN 0.2 AND 0.3 AS explore, count(*) FILTER (WHERE reason = 'limit') > 10 AS refused, bool_and(reason IS DISTINCT FROM 'limit' OR action = 'none' AND intended <> 'none' AND reserved_cost = 0 AND expected_value = 0) AS nothing FROM logged WHERE arm = 'policy';
SELECT (SELECT count(*) FROM churnprevent.contact_state) = (SELECT count(*) FROM given) AS contacts, (SELECT count(*) FROM churnprevent.decision_key) = (SELECT count(*) FROM gym_member) AS keys, (SELECT count(*) FROM churnprevent.allocation JOIN given USING (customer_id, action)) = (SELECT count(*) FROM given) AS kept;
-- A key decides once: a second run under it is an error, whatever it asks for, and changes nothing.
SELECT count(*) FROM cp_allocate('gym_member', 'knapsack', 999, options => '{"model": "gym", "epsilon": 0.3, "key": "spring", "keep": true}', record => true); \echo :LAST_ERROR_SQLSTATE
SELECT (SELECT count(*) FROM churnprevent.decision), (SELECT count(*) FROM churnprevent.decision_key), (SELECT count(*) FROM churnprevent.allocation_run);
-- Another key plans anew, for those who may be contacted; without exploration nothing is left to chance.
CREATE TABLE later AS SELECT * FROM cp_allocate('SELECT * FROM gym_member WHERE member_id <= 600', 'greedy', 50, '{}', NULL, '{"model": "gym", "epsilon": 0, "key": "summer"}', true);
SELECT count(*) > 10 AS some, count(g.action) AS contacted_twice FROM later LEFT JOIN given g USING (customer_id);
SELECT propensity_src, arm, reason, count(*) > 5 AS some, bool_and(propensity = 1 AND action = intended AND abs(total - 1) < 1e-6) AS certain FROM logged WHERE idempotency_key ~ 'summer' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT count(*) AS customers, count(*) FILTER (WHERE (l.action = 'none') <> (later.action IS NULL) OR l.action <> later.action) AS others FROM logged l LEFT JOIN later USING (customer_id) WHERE idempotency_key ~ 'summer';
-- Draws depend on nothing but customer, key and the salt; without a key on the day.
SELECT count(*) FROM cp_allocate('SELECT * FROM gym_member WHERE member_id <= 5', 'knapsack', 0, options => '{"model": "gym"}', record => true);
SELECT count(*) FROM logged WHERE idempotency_key = format('%s/allocation/%s', customer_id, to_char(decided_at, 'YYYY-MM-DD')) AND propensity IN (1, 0.98::real, 0.02::real);
SELECT count(*) FROM cp_allocate('SELECT * FROM gym_member WHERE member_id <= 50 ORDER BY random()', 'knapsack', options => '{"model": "gym", "key": "autumn"}', record => true); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('gym_member', options => '{"model": "gym"}', record => true); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('offer', 'knapsack', record => true); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('gym_member', 'knapsack', options => '{"model": "gym", "include_control": true}', record => true); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('gym_member', 'knapsack', options => '{"model": "gym", "epsilon": 1.5}', record => true); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('gym_member', 'knapsack', options => '{"model": "gym", "epsilon": 0.1}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_allocate('offer', options => '{"key": "spring"}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_budget_curve('offer', options => '{"keep": true}'); \echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
SELECT count(*) FROM cp_allocate('gym_member', 'knapsack', options => '{"model": "gym"}', record => true); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT count(*) FROM cp_allocate('offer', options => '{"keep": true}'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT count(*) > 100 AS reads, (SELECT max(customers) FROM cp_allocation_report(1)) AS report FROM cp_allocate('offer', 'lp', 2000, '{}');
COMMIT;
SELECT (SELECT count(*) FROM churnprevent.decision WHERE idempotency_key ~ 'autumn') AS decisions, (SELECT count(*) FROM churnprevent.allocation_run) AS runs;
-- Who is forgotten is in no plan either.
SELECT customer_id AS id FROM given ORDER BY customer_id LIMIT 1 \gset
SELECT (SELECT count(*) FROM churnprevent.allocation WHERE customer_id = :'id') AS before, (cp_forget(:'id')).* \gset
SELECT :before > 0 AS was, count(*) AS is FROM churnprevent.allocation WHERE customer_id = :'id';

UPDATE churnprevent.holdout SET share = 0;
-- Extremes. Large and small numbers, and both at once: the same choices.
CREATE TABLE kept AS TABLE offer;
SELECT log(scale) AS scale, log(unit) AS unit, m, near(t.objective / scale, CASE m WHEN 'lp' THEN 24498.530693739427 ELSE 24498.19 END, 1e-12) AS same, faults
FROM (VALUES (1e12, 1), (1e-9, 1), (1, 1e9), (1, 1e-9), (1e12, 1e-9), (1e-9, 1e9), (1e250, 1e30)) e(scale, unit), unnest('{lp}'::text[]) m, LATERAL (SELECT sum(share * value) AS objective
	FROM cp_allocate(format('SELECT customer_id, action, kind, value * %s AS value, cost * %s AS cost FROM offer', scale::float8, unit::float8), m, 2000 * unit::float8, '{"discount": 150, "upgrade": 40, "offer": 200}')) t, LATERAL (SELECT count(*) AS faults FROM cp_allocation_report() WHERE NOT proved AND t.objective > 0) f;
SELECT * FROM cp_allocate('SELECT customer_id, action, kind, value * 1e290::float8 AS value, cost FROM offer'); \echo :LAST_ERROR_SQLSTATE
-- Nothing to give.
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 0, '{"discount": 150, "upgrade": 40, "offer": 200}') t;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 2000, '{"discount": 0, "upgrade": 0, "offer": 0}') t;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 2000, '{"discount": 2.5, "upgrade": 0.5, "offer": 7.25}') t;
-- Nothing costs anything; nothing is worth anything; nothing but what must be is worth doing.
UPDATE offer SET cost = 0;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 0, '{"discount": 150, "upgrade": 40, "offer": 200}') t;
UPDATE offer SET value = 0;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 0, '{"discount": 150}') t;
UPDATE offer SET value = -1, cost = 1;
SELECT m, t.* FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 100, '{"discount": 150}', '{"discount": 7}') t;
-- What is worth ten more than it costs, whatever it is: as many as can be paid are, of the cheapest, and the budget is used up to the last cent.
TRUNCATE offer;
INSERT INTO offer SELECT n, 'a' || a, 'k' || a, NULL, c + 10, c FROM generate_series(1, 1000) n, generate_series(1, 4) a, LATERAL (SELECT 2 + abs(hashint4(n * 4 + a)) % 1300 / 100.0 AS c) s;
SELECT m, t.bound = value AS proved, t.faults, value - 10 * cheapest BETWEEN 1000 AND CASE m WHEN 'lp' THEN 1010 ELSE 1000 END AS best
FROM (SELECT count(*) AS cheapest FROM (SELECT sum(min(cost)) OVER (ORDER BY min(cost), customer_id) AS paid FROM offer GROUP BY customer_id) s WHERE paid <= 1000) c,
	unnest('{lp,knapsack}'::text[]) m, try(m, 1000, '{}', NULL, '{"seconds": 60}') t;
-- Two thousand who are all alike; fifteen hundred with twelve limits; as many limits as there may be.
TRUNCATE offer;
INSERT INTO offer SELECT c, 'a' || a, 'k' || a % 2, NULL, 10 + a, 1 + a FROM generate_series(1, 2000) c, generate_series(1, 4) a;
SELECT m, CASE WHEN m = 'lp' THEN t.value END AS value, t.faults FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 1555.5, '{"k0": 200, "k1": 300.5}', NULL, '{"seconds": 0.1}') t;
TRUNCATE offer;
INSERT INTO offer SELECT c, 'a' || a, (ARRAY['discount', 'discount', 'upgrade', 'offer', 'offer'])[a], 's' || c % 4, hashint4(c * 8 + a) % 5000 / 100.0 + 20, 1 + abs(hashint4(c * 8 + a + 100000) % 1500) / 100.0 FROM generate_series(1, 1500) c, generate_series(1, 5) a;
SELECT m, t.faults, CASE m WHEN 'lp' THEN bound = value ELSE bound - value < bound * 1e-3 END AS gap
FROM unnest('{lp,knapsack}'::text[]) m, try(m, 2700, '{"discount": 270, "upgrade": 60, "offer": 360, "all": 630, "segment:s0": 150, "segment:s1": 156.5, "action:a4": 210}', '{"upgrade": 45, "segment:s2": 168}', '{"budgets": {"offer": 1500, "segment:s3": 600}, "seconds": 0.5}') t;
TRUNCATE offer;
INSERT INTO offer SELECT 'c' || n, 'a' || a, 'k', 's', abs(hashint4(n * 64 + a)) % 10000 / 100.0, 1 + abs(hashint4(n * 64 + a + 100000)) % 1000 / 100.0 FROM generate_series(1, 500) n, generate_series(1, 63) a WHERE abs(hashint4(n * 64 + a + 200000)) % 10 = 0;
SELECT m, t.faults, (SELECT count(*) FROM used) AS limits FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 1000, (SELECT jsonb_object_agg('action:a' || n, 7 + n) FROM generate_series(1, 63) n), NULL, '{"seconds": 0.2}') t;
-- Money in a third of a cent is not exceeded either, nor in ten decimals.
TRUNCATE offer;
INSERT INTO offer SELECT n, 'a', 'k', NULL, 1 + n % 7 / 10.0, (n % 10 + 1) / 300.0 FROM generate_series(1, 500) n;
SELECT m, faults FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 2::float8 / 3, '{}', NULL, '{"seconds": 0.2}') t;
UPDATE offer SET cost = round((cost * 1.23456789)::numeric, 10);
SELECT m, faults FROM unnest('{lp,knapsack,greedy}'::text[]) m, try(m, 1.2345678901, '{"k": 300}', NULL, '{"seconds": 0.2}') t;

-- What it refuses. Values and costs:
CREATE FUNCTION one(value text, cost text DEFAULT '1') RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT ''Ada'' AS customer_id, ''call'' AS action, %s AS value, %s AS cost', value, cost) $$;
SELECT * FROM cp_allocate(one('''NaN''::float8')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('''-Infinity''::real')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('1e400')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('NULL::int')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('1', '''NaN''::numeric')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('1', '''Infinity''::float8')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('1', 'NULL::float8')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('1', '-0.01')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1,NaN}'::real[] AS value, '{1,2}'::real[] AS cost$$); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1,2}'::real[] AS value, '{1,-2}'::real[] AS cost$$); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1,NULL}'::real[] AS value, '{1,2}'::real[] AS cost$$); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1,2}'::real[] AS value, '{1,NULL}'::real[] AS cost$$); \echo :LAST_ERROR_SQLSTATE
-- Names and ids, and the same twice, far apart as well.
SELECT * FROM cp_allocate('SELECT NULL::int AS customer_id, ''call'' AS action, 1 AS value, 1 AS cost'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT NULL::text AS customer_id, ''call'' AS action, 1 AS value, 1 AS cost'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT 1 AS customer_id, NULL AS action, 1 AS value, 1 AS cost'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT 1 AS customer_id, ''call'' AS action, NULL AS kind, 1 AS value, 1 AS cost'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT 1 AS customer_id, a AS action, 1 AS value, 1 AS cost FROM unnest(''{call,mail,call}''::text[]) a'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT n % 20000 AS customer_id, ''call'' AS action, 1 AS value, 1 AS cost FROM generate_series(0, 20000) n'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT 1 AS customer_id, ''call'' AS action, k AS kind, 1 AS value, 1 AS cost FROM unnest(''{a,b}''::text[]) k'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT n % 20000 AS customer_id, ''{1}''::real[] AS value, ''{1}''::real[] AS cost FROM generate_series(0, 20000) n'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT * FROM gym_member UNION ALL SELECT * FROM gym_member', options => '{"model": "gym", "include_control": true}'); \echo :LAST_ERROR_SQLSTATE
-- Sources:
SELECT * FROM cp_allocate(one('1') || ' WHERE false'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(' '); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('no_such_table'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('DELETE FROM offer RETURNING *'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('WITH gone AS (DELETE FROM offer RETURNING *) SELECT * FROM gone'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT * FROM offer; DELETE FROM offer'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT action, value, cost FROM offer'); \echo :LAST_ERROR_SQLSTATE
CREATE TABLE numbered (offer_id int PRIMARY KEY, action text, value int, cost int);
SELECT * FROM cp_allocate('numbered'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT customer_id, value, cost FROM offer'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT customer_id, action, cost FROM offer'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT customer_id, action, value FROM offer'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', options => '{"value": "worth"}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('''high''::text')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('true')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('1', '''{1}''::int[]')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('''{1}''::int[]')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('''{a}''::text[]', '''{1}''::int[]')); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('numbered', options => '{"model": "nobody"}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT 1 AS customer_id, n::text AS action, 1 AS value, 1 AS cost FROM generate_series(1, 4097) n'); \echo :LAST_ERROR_SQLSTATE
-- Arrays:
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1,2,3,4,5,6}'::int[] AS value, '{1,2,3,4,5,6}'::int[] AS cost$$); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1,2}'::int[] AS value, '{1,2,3}'::int[] AS cost$$); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1,2}'::int[] AS value, NULL::int[] AS cost$$); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{{1,2}}'::int[] AS value, '{{1,2}}'::int[] AS cost$$); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1}'::int[] AS value, '{1}'::int[] AS cost$$, options => '{"actions": ["call", "mail"], "kinds": ["contact"]}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate($$SELECT 1 AS customer_id, '{1}'::int[] AS value, '{1}'::int[] AS cost$$, options => '{"actions": ["call", "mail", "call"]}'); \echo :LAST_ERROR_SQLSTATE
-- Limits:
TRUNCATE offer;
INSERT INTO offer SELECT c, a, k, 'north', c, w FROM generate_series(1, 4) c, (VALUES ('call', 'contact', 2), ('gift', 'present', 5)) o(a, k, w);
SELECT * FROM cp_allocate('offer', budget => -1); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', budget => 'NaN'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', budget => '1e400'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contact": 1e400}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contact": -1}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contact": "3"}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contact": {"most": 3}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '["contact"]'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', mins => '3'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contacts": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', mins => '{"action:calls": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"segment:south": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate(one('1'), caps => '{"segment:south": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"budget": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"min:contact": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"kind:action:call": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contact": 3, "kind:contact": 2}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => (SELECT jsonb_object_agg('action:a' || n, 1) FROM generate_series(10, 73) n)); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', options => '{"budgets": [1]}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contact": 3}', options => '{"already_spent": {"present": 1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contact": 3}', options => '{"already_spent": {"contact": -1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', options => '{"already_spent": {"budget": "all"}}'); \echo :LAST_ERROR_SQLSTATE
-- Minimums that cannot be kept: by the customers there are, by a cap, by the budget, by another minimum; by what is whole; by who is greedy.
SELECT * FROM cp_allocate('offer', mins => '{"contact": 6}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"contact": 1}', mins => '{"action:call": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', budget => 7, caps => '{}', mins => '{"contact": 4}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{}', mins => '{"contact": 1, "present": 4}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{"all": 0}', mins => '{"segment:north": 0.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', caps => '{}', mins => '{"contact": 6}', options => '{"already_spent": {"min:contact": 1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', 'knapsack', 10, '{"contact": 0.5}', '{"contact": 0.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', 'knapsack', 7, '{"contact": 2}', '{"all": 2.5}', '{"budgets": {"present": 4}}'); \echo :LAST_ERROR_SQLSTATE
SELECT customer_id, action FROM cp_allocate('offer', 'lp', 7, '{"contact": 2}', '{"all": 2.5}', '{"budgets": {"present": 4}}') ORDER BY 1, 2;
SELECT * FROM cp_allocate($$SELECT c AS customer_id, a AS action, v AS value, 1 AS cost FROM (VALUES (1, 'x', 9), (1, 'y', 1), (2, 'x', 5)) v(c, a, v)$$, 'greedy', caps => '{}', mins => '{"action:x": 1, "action:y": 1}'); \echo :LAST_ERROR_SQLSTATE
-- Options and methods:
SELECT * FROM cp_allocate('offer', 'simplex'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', options => '{"caps": {}}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', options => '[]'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', options => '{"seconds": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('offer', options => '{"keep": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_budget_curve('offer', '{1,-1}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_budget_curve('offer', '{NULL}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_budget_curve('offer', '{Infinity}'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_budget_curve('offer', '{1}', caps => '{}', mins => '{"contact": 1}'); \echo :LAST_ERROR_SQLSTATE
-- Runs:
SELECT count(*) FROM cp_allocate('offer', options => NULL);
SELECT * FROM cp_allocation_report(99); \echo :LAST_ERROR_SQLSTATE
SELECT cp_allocation_prices(0); \echo :LAST_ERROR_SQLSTATE
-- An error leaves the last report as it was; a new session has none.
SELECT * FROM cp_allocate('offer', 'simplex'); \echo :LAST_ERROR_SQLSTATE
SELECT DISTINCT customers FROM cp_allocation_report();
\c
\set SHOW_CONTEXT never
SELECT * FROM cp_allocation_report(); \echo :LAST_ERROR_SQLSTATE
SELECT cp_allocation_prices(); \echo :LAST_ERROR_SQLSTATE
SELECT cp_allocation_prices(2) AS kept;

SELECT cp_drop_model('gym');
DROP VIEW used, wide, logged;
DROP FUNCTION near, certificate, faults, try, draw, digest, optimum, one;
DROP TABLE offer, plan, asked, price, curve, first, told, prices, given, later, kept, numbered, gym_member;
