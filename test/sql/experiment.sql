-- Experiments: how they are made and end, who gets what, what is recorded and what that says.
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
-- Salts are given, so that units are at the same places every day.
CREATE FUNCTION make(name text, variants text[] DEFAULT '{control,b}', options jsonb DEFAULT '{}', allocation float8[] DEFAULT NULL) RETURNS int LANGUAGE sql AS $$
	SELECT cp_ab_create(name, variants, allocation, options => options);
	UPDATE churnprevent.experiment SET salt = md5($1)::uuid WHERE experiment.name = $1 RETURNING experiment_id;
$$;
CREATE VIEW made AS
SELECT experiment_id AS id, name, variants, status, created_by = current_user AS mine, start_at BETWEEN now() - '1 min'::interval AND now() + '1 min' AS now, end_at - start_at AS lasts, duration_days AS days, layer, layer_from AS "from", layer_to AS "to", holdout, allocation, range_to, range_variant
FROM churnprevent.experiment JOIN churnprevent.experiment_phase USING (experiment_id) ORDER BY experiment_id, phase;

-- Made with what is default, and with all there is.
SELECT cp_ab_create('plain', '{control,b}');
SELECT cp_ab_create('all', '{old,new,other}', '{0.5,0.3,0.2}', 14.5, '{"metric": "mean", "control": "new", "correction": "bh", "alpha": 0.01, "power": 0.9, "horizon": 20000, "effect": 0.5,
	"layer": "price", "share": 0.5, "holdout": 0.25, "eligible": "plan = ''free'' AND age >= 18", "exclude_control": true, "require_exposure": true, "start": "2000-01-02 03:04:05+00",
	"cap_share": 0.99, "outcome_days": 7, "guardrails": {"complaints": "higher", "visits": "lower"}}');
SELECT cp_ab_create('later', '{control,b}', options => '{"draft": true}');
SELECT cp_ab_create('third', '{a,b,c}', duration_days => 0.5);
SET timezone = 'UTC';
SELECT * FROM made \gx
SELECT start_at, end_at FROM churnprevent.experiment WHERE name = 'all';
SELECT DISTINCT l.salt <> e.salt AS own_salts FROM churnprevent.experiment_layer l, churnprevent.experiment e;

-- From a draft to the archive, and no other way.
SELECT cp_ab_assign('later', 'x'), cp_ab_expose('later', 'x');
SELECT cp_ab_record('later', 'x', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_stop('later'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_allocate('later', '{0.3,0.7}');
SELECT t BETWEEN now() - '1 min'::interval AND now() + '1 min' AS now FROM cp_ab_start('later') t;
SELECT cp_ab_start('later'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_archive('later'); \echo :LAST_ERROR_SQLSTATE
SELECT name, status, now, lasts FROM made WHERE name = 'later';
SELECT cp_ab_assign('later', 'x') IS NOT NULL AS assigned, cp_ab_record('later', 'x', 1);
SELECT t BETWEEN now() - '1 min'::interval AND now() + '1 min' AS now FROM cp_ab_stop('later') t;
SELECT cp_ab_assign('later', 'x'), cp_ab_expose('later', 'y');
\set VERBOSITY terse
SELECT cp_ab_record('later', 'y', 1) IS NULL AS ended; \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT cp_ab_stop('later'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_allocate('later', '{0.5,0.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_start('later'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_archive('later');
SELECT cp_ab_archive('later'); \echo :LAST_ERROR_SQLSTATE
SELECT status, lasts < '1 min' AS short FROM made WHERE name = 'later';
-- What was archived is still there, but in no view.
SELECT sum(n) AS units FROM cp_ab_significance('later'); SELECT count(*) FROM churnprevent.experiment_result WHERE experiment = 'later';
SELECT cp_ab_archive('third'); \echo :LAST_ERROR_SQLSTATE
-- A draft that is never started is put away as well.
SELECT cp_ab_create('never', '{control,b}', options => '{"draft": true}') > 0; SELECT cp_ab_archive('never');
-- One that is to start, and one that ended by itself.
SELECT cp_ab_create('tomorrow', '{control,b}', options => jsonb_build_object('start', now() + '1 day'));
SELECT cp_ab_assign('tomorrow', 'x');
SELECT cp_ab_record('tomorrow', 'x', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('past', '{control,b}', options => '{"start": "2020-01-01 00:00:00+00"}');
SELECT cp_ab_assign('past', 'x');
SELECT cp_ab_record('past', 'x', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_stop('past');

-- Assignment, reproduced by another implementation of SipHash-2-4: place = 0.22369, 0.89555, 0.40562, 0.55200, 0.03960, 0.61122, 0.58319, 0.63872.
SELECT make('siphash', '{a,b,c}', allocation => '{0.2,0.3,0.5}') > 0, make('siphash held', '{a,b,c}', '{"holdout": 0.25}', '{0.2,0.3,0.5}') > 0, make('siphash layer', '{a,b,c}', '{"layer": "sip", "share": 0.5}', '{0.2,0.3,0.5}') > 0;
UPDATE churnprevent.experiment SET salt = '00010203-0405-0607-0809-0a0b0c0d0e0f' WHERE name ~ 'siphash';
UPDATE churnprevent.experiment SET layer_from = 0.25, layer_to = 0.75 WHERE name = 'siphash layer';
UPDATE churnprevent.experiment_layer SET salt = 'ffffffff-0000-0000-0000-00000000000f' WHERE layer = 'sip';
SELECT u, cp_ab_assign('siphash', u) AS variant, cp_ab_assign('siphash held', u) AS or_held_out, cp_ab_assign('siphash layer', u) AS in_layer
FROM unnest(ARRAY['1', '2', '3', 'anna', 'bob', 'Zoë', '4f0c0e1c-0000-4000-8000-000000000001', 'a unit whose name is longer than sixteen bytes']) u;

-- Shares, the same each time, in any plan; and two experiments know nothing of each other.
SELECT make('one', '{a,b,c}', allocation => '{0.2,0.3,0.5}') > 0, make('two', '{a,b}') > 0;
SELECT v, round(count(*) / 20000.0, 2) AS share FROM generate_series(1, 20000) g, cp_ab_assign('one', g::text) v GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT v) AS sticky FROM generate_series(1, 5) n, LATERAL (SELECT md5(string_agg(cp_ab_assign('one', g::text), '' ORDER BY g)) FROM generate_series(1, 1000 + n * 0) g) s (v);
SELECT (cp_ab_chi_square(array_agg(a), array_agg(n))).p_value > 0.01 AS independent
FROM (SELECT count(*) FILTER (WHERE cp_ab_assign('two', g::text) = 'a') AS a, count(*) AS n FROM generate_series(1, 20000) g GROUP BY cp_ab_assign('one', g::text)) s;
SELECT count(*) AS rows FROM churnprevent.experiment_unit;

-- A layer: disjoint experiments until there is no room; an archived one makes room.
SELECT cp_ab_create('l' || n, '{control,b}', options => '{"layer": "shared", "share": 0.4}') > 0 FROM generate_series(1, 2) n;
SELECT cp_ab_create('l3', '{control,b}', options => '{"layer": "shared", "share": 0.4}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('l3', '{control,b}', options => '{"layer": "shared", "share": 0.2}') > 0;
SELECT cp_ab_create('l4', '{control,b}', options => '{"layer": "shared", "share": 0.000001}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('l4', '{control,b}', options => '{"layer": "shared"}'); \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.experiment_layer SET salt = '00000000-0000-0000-0000-000000000002' WHERE layer = 'shared';
SELECT num_nonnulls(cp_ab_assign('l1', g::text), cp_ab_assign('l2', g::text), cp_ab_assign('l3', g::text)) AS experiments, count(*) FROM generate_series(1, 10000) g GROUP BY 1;
SELECT round(count(cp_ab_assign('l1', g::text)) / 10000.0, 1) AS l1, round(count(cp_ab_assign('l2', g::text)) / 10000.0, 1) AS l2, round(count(cp_ab_assign('l3', g::text)) / 10000.0, 1) AS l3 FROM generate_series(1, 10000) g;
SELECT cp_ab_stop('l1') IS NOT NULL AS stopped; SELECT cp_ab_archive('l1');
SELECT cp_ab_create('l4', '{control,b}', options => '{"layer": "shared", "share": 0.3}') > 0, cp_ab_create('l5', '{control,b}', options => '{"layer": "shared", "share": 0.1}') > 0;
SELECT name, layer_from, layer_to FROM churnprevent.experiment WHERE layer = 'shared' ORDER BY name;

-- Held out, in the control group of deciding, not eligible: no variant, and no outcome.
SELECT make('held', options => '{"holdout": 0.3}') > 0, make('without control group', options => '{"exclude_control": true}') > 0, make('rule', options => '{"eligible": "plan = ''free'' AND (age >= 18 OR \"Parent\")"}') > 0;
SELECT round(count(*) FILTER (WHERE v IS NULL) / 5000.0, 1) AS held_out, round(count(*) FILTER (WHERE v = 'b') / 5000.0, 2) AS b FROM generate_series(1, 5000) g, cp_ab_assign('held', g::text) v;
SELECT g AS unit FROM generate_series(1, 100) g WHERE cp_ab_assign('held', g::text) IS NULL LIMIT 1 \gset
SELECT cp_ab_expose('held', :'unit'); SELECT cp_ab_record('held', :'unit', 1); \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001', share = 0.2;
SELECT count(*) FILTER (WHERE (cp_ab_assign('without control group', g::text) IS NULL) <> cp_control_group(g::text)) AS wrong, count(*) FILTER (WHERE cp_control_group(g::text)) > 100 AS some FROM generate_series(1, 1000) g;
SELECT a, cp_ab_assign('rule', 'x', a) IS NOT NULL AS eligible FROM unnest(ARRAY['{"plan": "free", "age": 18, "Parent": false}', '{"plan": "free", "age": 17.9, "Parent": false}', '{"plan": "free", "age": 3, "Parent": true}',
	'{"plan": "paid", "age": 50, "Parent": true}', '{"plan": null, "age": 50, "Parent": true}', '{"PLAN": 1, "plan": "free", "age": 99, "Parent": false, "other": []}']::jsonb[]) a;
SELECT cp_ab_assign('rule', 'x'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_assign('rule', 'x', '[1]'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_assign('rule', 'x', '{"plan": "free"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_assign('rule', 'x', '{"plan": 5, "age": 20, "Parent": true}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_assign('rule', 'x', '{"plan": {"name": "free"}, "age": 20, "Parent": true}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('rule', 'x', 1, attributes => '{"plan": "paid", "age": 20, "Parent": true}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('rule', 'x', 1, attributes => '{"plan": "free", "age": 20, "Parent": true}');

-- Another allocation: who has met a variant keeps it; of the others only those move who must.
SELECT make('moved', '{a,b,c}', allocation => '{0.5,0.3,0.2}') > 0;
CREATE TEMP TABLE before AS SELECT g::text AS unit, cp_ab_assign('moved', g::text) AS variant FROM generate_series(1, 10000) g;
SELECT count(*) FILTER (WHERE v = variant) AS exposed FROM (SELECT * FROM before LIMIT 500) u, cp_ab_expose('moved', unit) v;
SELECT cp_ab_allocate('moved', '{0.2,0.4,0.4}');
SELECT count(*) AS same FROM (SELECT * FROM before LIMIT 500) u WHERE cp_ab_assign('moved', unit) = variant AND cp_ab_expose('moved', unit) = variant;
SELECT variant AS was, v AS is, round(count(*) / 9500.0, 2) AS share FROM (SELECT * FROM before OFFSET 500) u, cp_ab_assign('moved', unit) v GROUP BY 1, 2 ORDER BY 1, 2;
-- And back: those who moved are not told apart from the others.
SELECT cp_ab_allocate('moved', '{0.5,0.3,0.2}');
SELECT v, round(count(*) / 9500.0, 1) AS share, count(*) FILTER (WHERE v = variant) / count(*)::float8 > 0.6 AS most_are_back FROM (SELECT * FROM before OFFSET 500) u, cp_ab_assign('moved', unit) v GROUP BY 1 ORDER BY 1;
SELECT phase, allocation, round(range_to[cardinality(range_to)]::numeric, 6) AS ends FROM churnprevent.experiment_phase p JOIN churnprevent.experiment e USING (experiment_id) WHERE name = 'moved' ORDER BY 1;
SELECT phase, count(*) FROM churnprevent.experiment_unit JOIN churnprevent.experiment USING (experiment_id) WHERE name = 'moved' GROUP BY 1;
SELECT cp_ab_record('moved', '501', 1);
SELECT phase FROM churnprevent.experiment_unit JOIN churnprevent.experiment USING (experiment_id) WHERE name = 'moved' AND unit = '501';

-- Outcomes: the first one stands.
SELECT cp_ab_create('r', '{control,b}') > 0, cp_ab_create('m', '{control,b}', options => '{"metric": "mean", "guardrails": {"calls": "higher"}}') > 0, cp_ab_create('q', '{control,b}', options => '{"metric": "ratio"}') > 0, cp_ab_create('e', '{control,b}', options => '{"require_exposure": true}') > 0;
SELECT cp_ab_record('r', 'u', 1), cp_ab_record('r', 'u', 0), cp_ab_record('r', 'u', 1, 5, 5), cp_ab_record('r', 'v', 0);
SELECT unit, outcome, value, covariate, exposed_at = recorded_at AS at_once FROM churnprevent.experiment_unit JOIN churnprevent.experiment USING (experiment_id) WHERE name = 'r' ORDER BY record_no;
SELECT cp_ab_record('r', 'w', 0.5); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', 'w', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', 'w', 'NaN'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', 'w', '-Infinity'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', 'w', 1, 'NaN'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', 'w', 1, 1, 'Infinity'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_expose('r', 'w', 'NaN'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', NULL, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', '', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', repeat('9', 513), 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record(NULL, 'w', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('no such', 'w', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record(repeat('x', 64), 'w', 1) IS NULL; \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('r', 'w', 1, metrics => '{"calls": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('m', 'w', 1, metrics => '{"calls": "1"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('m', 'w', 1, metrics => '{"calls": {"n": 1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('m', 'w', 1, metrics => '{"calls": null}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('m', 'w', 1, metrics => '[]'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('m', 'w', 1, metrics => '{"calls": 1e999}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('m', 'w', -2.5, metrics => '{"calls": 3}'), cp_ab_record('m', 'x', 1e300), cp_ab_record('m', 'y', 0, metrics => '{}');
SELECT cp_ab_record('q', 'w', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_record('q', 'w', 1, 4);
-- Exposed first: with the covariate of then.
SELECT cp_ab_record('e', 'u', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_expose('e', 'u', 3) = cp_ab_assign('e', 'u') AS as_assigned, cp_ab_expose('e', 'u', 4) = cp_ab_assign('e', 'u') AS again, cp_ab_expose('e', 'v') IS NOT NULL AS other;
SELECT cp_ab_record('e', 'u', 1, NULL, 5), cp_ab_record('e', 'v', 1, NULL, 6), cp_ab_record('e', 'u', 1);
SELECT unit, covariate, exposed_at < recorded_at AS before FROM churnprevent.experiment_unit JOIN churnprevent.experiment USING (experiment_id) WHERE name = 'e' ORDER BY record_no;
-- In the caller's transaction.
BEGIN;
SELECT cp_ab_record('r', 't', 1);
SELECT cp_ab_record('r', 't', 1);
ROLLBACK;
SELECT cp_ab_record('r', 't', 0);
BEGIN READ ONLY;
SELECT cp_ab_assign('r', 't') IS NOT NULL AS reads, count(*) FROM cp_ab_significance('r');
SELECT cp_ab_record('r', 'ro', 1); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- After the end outcomes come of those who met their variant, as long as the outcome may take.
SELECT make('w', options => '{"outcome_days": 7, "start": "2020-01-01"}') > 0;
UPDATE churnprevent.experiment SET start_at = now() - '30 days'::interval, end_at = now() + '1 hour' WHERE name = 'w';
SELECT count(cp_ab_expose('w', g::text)) FROM generate_series(1, 10) g;
SELECT count(*) AS entered FROM cp_ab_significance('w');
SELECT cp_ab_record('w', '1', 1), cp_ab_record('w', '2', 0), cp_ab_record('w', '20', 1);
SELECT count(*) AS entered FROM cp_ab_significance('w');
UPDATE churnprevent.experiment_unit SET exposed_at = exposed_at - '8 days'::interval, recorded_at = recorded_at - '8 days'::interval WHERE experiment_id = (SELECT experiment_id FROM churnprevent.experiment WHERE name = 'w') AND unit::int <= 6;
SELECT sum(n) AS entered, sum(n * mean) AS outcomes FROM cp_ab_significance('w');
UPDATE churnprevent.experiment SET end_at = now() - '6 days'::interval WHERE name = 'w';
SELECT cp_ab_assign('w', '7'), cp_ab_expose('w', '11'), cp_ab_record('w', '7', 1), cp_ab_record('w', '7', 1);
SELECT cp_ab_record('w', '11', 1); \echo :LAST_ERROR_SQLSTATE
-- Once the window is over, that nothing came stands.
SELECT cp_ab_record('w', '3', 1);
SELECT sum(n) AS entered, sum(n * mean) AS outcomes FROM cp_ab_significance('w');
UPDATE churnprevent.experiment SET end_at = '2020-02-01 00:00:00+00' WHERE name = 'w';
SELECT cp_ab_record('w', '8', 1); \echo :LAST_ERROR_SQLSTATE

-- What it says, against the aggregate over the same rows.
CREATE FUNCTION apart(a cp_ab_result, b cp_ab_result) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s: %s %s', key, x.value, y.value) FROM jsonb_each(to_jsonb(a)) x JOIN jsonb_each(to_jsonb(b)) y USING (key)
	WHERE key !~ 'always|sequence|srm|days_left|verdict' AND CASE jsonb_typeof(x.value) || jsonb_typeof(y.value) WHEN 'numbernumber' THEN abs(x.value::float8 - y.value::float8) > 1e-9 * (1 + abs(x.value::float8)) ELSE x.value <> y.value END
$$;
CREATE VIEW units AS
SELECT e.name, u.record_no, variants[variant] AS variant, variant = 1 AS control, outcome, value, covariate, metrics, exposed_at, recorded_at FROM churnprevent.experiment_unit u JOIN churnprevent.experiment e USING (experiment_id);
-- Higher for some time, then all the other way.
SELECT make('peek', options => '{"tau2": 0.01, "effect": 0.1, "guardrails": {"calls": "higher", "visits": "lower", "mails": "higher"}}') > 0;
CREATE FUNCTION tell(experiment text, lo int, hi int, rate int, uplift int) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM generate_series(lo, hi) g, cp_ab_assign($1, g::text) v,
		cp_ab_record($1, g::text, (g * 7919 % 100 < rate + CASE v WHEN 'b' THEN uplift ELSE 0 END)::int, metrics => CASE $1 WHEN 'peek' THEN jsonb_build_object('calls', g % 5 + (v = 'b')::int, 'visits', g % 7, 'mails', g % 3 - (v = 'b')::int) END) r WHERE r
$$;
SELECT count(*) FROM cp_ab_significance('peek');
SELECT tell('peek', 1, 60, 30, 40);
SELECT metric, variant, n, p_always_valid, sequence_lower, verdict FROM cp_ab_significance('peek');
SELECT tell('peek', 61, 400, 30, 40);
CREATE TEMP TABLE early AS SELECT * FROM cp_ab_significance('peek');
SELECT metric, variant, n, round(mean::numeric, 4) AS mean, round(difference::numeric, 4) AS difference, round(p_always_valid::numeric, 8) AS p_always_valid, round(sequence_lower::numeric, 4) AS lower, round(sequence_upper::numeric, 4) AS upper, verdict FROM early;
SELECT tell('peek', 401, 1200, 60, -45);
SELECT s.metric, s.variant, s.n, round(s.difference::numeric, 4) AS difference, s.p_always_valid <= e.p_always_valid AS not_risen, s.sequence_lower >= e.sequence_lower AND s.sequence_upper <= e.sequence_upper AS within, s.verdict FROM cp_ab_significance('peek') s JOIN early e USING (metric, variant);
SELECT count(*) AS compared, array_agg(a) FILTER (WHERE a IS NOT NULL) AS apart
FROM (SELECT r FROM (SELECT cp_ab_significance(variant, outcome = 1, '{"effect": 0.1, "tau2": 0.01}') AS rows FROM units WHERE name = 'peek') s, unnest(rows) r) s JOIN cp_ab_significance('peek') e ON e.metric = (r).metric AND e.variant = (r).variant LEFT JOIN LATERAL apart(r, e) a ON true;
SELECT count(*) AS compared, array_agg(a) FILTER (WHERE a IS NOT NULL) AS apart
FROM (SELECT r FROM (SELECT cp_ab_significance(variant, (metrics->>'calls')::float8) AS rows FROM units WHERE name = 'peek') s, unnest(rows) r) s JOIN cp_ab_significance('peek') e ON e.metric = 'calls' AND e.variant = (r).variant LEFT JOIN LATERAL apart(r, e) a ON a !~ '^metric';
-- The least p of all looks, and the interval that none has excluded, again in SQL.
CREATE VIEW looks AS
WITH so_far AS (SELECT name, record_no, recorded_at, sum(control::int) OVER w AS n_a, sum((NOT control)::int) OVER w AS n_b, sum(outcome) FILTER (WHERE control) OVER w AS sum_a, sum(outcome) FILTER (WHERE NOT control) OVER w AS sum_b FROM units WINDOW w AS (PARTITION BY name ORDER BY record_no)),
	rates AS (SELECT *, sum_a / n_a AS a, sum_b / n_b AS b FROM so_far WHERE n_a >= 50 AND n_b >= 50)
SELECT name, record_no, recorded_at, p_value, lower, upper FROM rates, cp_ab_sequence(b - a, a * (1 - a) / n_a + b * (1 - b) / n_b, 0.01);
SELECT abs(s.p_always_valid / l.p - 1) < 1e-9 AS least_p, s.p_always_valid < l.last_p AS less_than_now, abs(s.sequence_lower - l.lower) < 1e-12 AS lower, abs(s.sequence_upper - l.upper) < 1e-12 AS upper, l.lower > l.upper AS contradictory, looks
FROM cp_ab_significance('peek') s, (SELECT min(p_value) AS p, (array_agg(p_value ORDER BY record_no DESC))[1] AS last_p, max(lower) AS lower, min(upper) AS upper, count(*) AS looks FROM looks WHERE name = 'peek') l WHERE metric = 'proportion' AND variant = 'b';

-- Day by day.
UPDATE churnprevent.experiment_unit SET recorded_at = '2026-03-01 12:00:00+00'::timestamptz + unit::int / 100 * '8 hours'::interval WHERE experiment_id = (SELECT experiment_id FROM churnprevent.experiment WHERE name = 'peek');
SELECT day, variant, n, round(difference::numeric, 4) AS difference, round(p_always_valid::numeric, 8) AS p_always_valid, round(sequence_lower::numeric, 4) AS lower, round(sequence_upper::numeric, 4) AS upper FROM cp_ab_timeline('peek');
SELECT count(*) AS days, bool_and(abs(t.p_always_valid / l.p - 1) < 1e-9) AS least_until_then FROM cp_ab_timeline('peek') t, LATERAL (SELECT least(1, min(p_value)) AS p FROM looks WHERE name = 'peek' AND (recorded_at AT TIME ZONE 'UTC')::date <= day) l WHERE variant = 'b';
SELECT s.n = t.n AND s.p_always_valid = t.p_always_valid AS ends_there FROM cp_ab_significance('peek') s JOIN cp_ab_timeline('peek') t USING (variant) WHERE metric = 'proportion' AND variant = 'b' ORDER BY day DESC LIMIT 1;
-- Outcomes that pass each other at midnight make no day twice.
UPDATE churnprevent.experiment_unit SET recorded_at = '2026-03-02 00:00:00+00'::timestamptz - (unit::int % 2) * '1 us'::interval WHERE experiment_id = (SELECT experiment_id FROM churnprevent.experiment WHERE name = 'peek') AND unit::int BETWEEN 190 AND 210;
SELECT count(*) - count(DISTINCT (day, variant)) AS twice FROM cp_ab_timeline('peek');
SELECT count(*) FROM cp_ab_timeline('plain');

-- Means with a covariate that everybody has, without it as soon as one lacks it; ratios; revenue.
SELECT make('cuped', options => '{"metric": "mean", "cuped": "all"}') > 0, make('lacking', options => '{"metric": "mean"}') > 0, make('within', '{control,b,c}', '{"metric": "mean", "cuped": "within", "correction": "bonferroni"}') > 0, make('ratio', options => '{"metric": "ratio"}') > 0, make('revenue', options => '{"metric": "revenue"}') > 0;
SELECT x, count(*) FILTER (WHERE r) FROM generate_series(1, 600) g, unnest('{cuped,lacking,within,ratio,revenue}'::text[]) x,
	cp_ab_record(x, g::text, CASE x WHEN 'revenue' THEN (g % 3 = 0)::int ELSE g % 17 + g * 31 % 23 / 4.0 + (cp_ab_assign(x, g::text) = 'b')::int * 0.7 END,
		CASE x WHEN 'ratio' THEN 1 + g % 4 WHEN 'revenue' THEN CASE WHEN g % 3 = 0 THEN 10 + g % 11 END END, CASE WHEN x IN ('cuped', 'within') OR x = 'lacking' AND g < 600 THEN g % 17 END) r GROUP BY 1 ORDER BY 1;
SELECT x, metric, s.variant, n, round(mean::numeric, 4) AS mean, round(difference::numeric, 4) AS difference, round(p_value::numeric, 6) AS p_value, round(cuped_theta::numeric, 4) AS theta, round(variance_reduction::numeric, 4) AS reduction, verdict
FROM unnest('{cuped,lacking,within,ratio,revenue}'::text[]) x, cp_ab_significance(x) s;
SELECT name, array_agg(a) FILTER (WHERE a IS NOT NULL) AS apart FROM (
	SELECT name, cp_ab_significance(variant, outcome, covariate) AS rows FROM units WHERE name = 'cuped' GROUP BY 1
	UNION ALL SELECT name, cp_ab_significance(variant, outcome) FROM units WHERE name = 'lacking' GROUP BY 1
	UNION ALL SELECT name, cp_ab_significance(variant, outcome, covariate, '{"cuped": "within", "correction": "bonferroni"}') FROM units WHERE name = 'within' GROUP BY 1
	UNION ALL SELECT name, cp_ab_significance(variant, outcome, value, '{"metric": "ratio"}') FROM units WHERE name = 'ratio' GROUP BY 1
	UNION ALL SELECT name, cp_ab_significance(variant, coalesce(value, outcome)) FROM units WHERE name = 'revenue' GROUP BY 1) s, unnest(rows) r
	JOIN LATERAL cp_ab_significance(name) e ON e.variant = r.variant LEFT JOIN LATERAL apart(r, e) a ON a !~ '^metric' GROUP BY 1 ORDER BY 1;
-- Told to adjust, it needs what to adjust for.
SELECT cp_ab_record('within', 'bare', 1);
SELECT count(*) FROM cp_ab_significance('within'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_stop('within') IS NOT NULL AS stopped; SELECT cp_ab_archive('within');

-- Few are very high: cut at a value, or at a quantile.
SELECT make('capped', options => '{"metric": "mean", "cap": 10}') > 0, make('capped share', options => '{"metric": "mean", "cap_share": 0.9}') > 0;
SELECT count(*) FROM generate_series(1, 400) g, unnest('{capped,capped share}'::text[]) x, cp_ab_record(x, g::text, CASE WHEN g % 40 = 0 THEN 1e6 ELSE g % 20 END);
SELECT name, array_agg(a) FILTER (WHERE a IS NOT NULL) AS apart FROM (
	SELECT name, cp_ab_significance(variant, least(outcome, CASE name WHEN 'capped' THEN 10 ELSE q END)) AS rows FROM units JOIN (SELECT name, percentile_cont(0.9) WITHIN GROUP (ORDER BY outcome) AS q FROM units WHERE name ~ 'capped' GROUP BY 1) c USING (name) GROUP BY 1) s, unnest(rows) r
	JOIN LATERAL cp_ab_significance(name) e ON e.variant = r.variant LEFT JOIN LATERAL apart(r, e) a ON true GROUP BY 1 ORDER BY 1;

-- Allocations changed on the way: each compared within itself, so that a rate that rises with time is no difference.
SELECT make('phases') > 0;
SELECT tell('phases', 1, 1000, 20, 0);
SELECT cp_ab_allocate('phases', '{0.1,0.9}');
SELECT tell('phases', 1001, 3000, 60, 0);
SELECT variant, n, round(difference::numeric, 2) AS difference, p_pooled, round(srm_p_always_valid::numeric, 2) AS srm, verdict FROM cp_ab_significance('phases');
SELECT round((avg(outcome) FILTER (WHERE NOT control) - avg(outcome) FILTER (WHERE control))::numeric, 1) AS pooled_would_be FROM units WHERE name = 'phases';

-- Units that do not come as allocated: nothing else is believed.
SELECT make('split') AS split, make('fair') AS fair \gset
INSERT INTO churnprevent.experiment_unit (experiment_id, unit, variant, phase, exposed_at, record_no, recorded_at, outcome)
SELECT e, g::text, 1 + (g * 7919 % 100 >= CASE e WHEN :split THEN 52 ELSE 50 END)::int, 1, now(), nextval('churnprevent.experiment_record_no'), now(), (g * 31 / 97 % 2) FROM unnest(ARRAY[:split, :fair]) e, generate_series(0, 99999) g;
SELECT x, variant, n, srm_p < 1e-10 AS srm, srm_p_always_valid < 0.001 AS veto, split_part(verdict, '(', 1) AS verdict FROM unnest('{split,fair}'::text[]) x, cp_ab_significance(x);

-- An arm without units, and several treatments.
SELECT make('empty', '{control,b,c}', allocation => '{0.5,0.499999999,0.000000001}') > 0;
SELECT tell('empty', 1, 300, 30, 30);
SELECT variant, is_control, n, round(mean::numeric, 3) AS mean, round(p_value::numeric, 6) AS p, round(p_adjusted::numeric, 6) AS adjusted, p_always_valid_adjusted >= p_always_valid AS not_less, verdict FROM cp_ab_significance('empty');

-- The views: what runs and what ran.
SELECT cp_ab_stop('peek') IS NOT NULL AS stopped;
SELECT experiment, status, count(*) FROM churnprevent.experiment_result GROUP BY 1, 2 ORDER BY 1;
SELECT experiment, count(DISTINCT day) AS days, count(DISTINCT variant) AS variants FROM churnprevent.experiment_timeline GROUP BY 1 ORDER BY 1;
SELECT days_left FROM cp_ab_significance('peek') WHERE metric = 'proportion';
SELECT round(days_left::numeric, 1) AS days_left FROM cp_ab_significance('cuped');

-- What is no experiment.
SELECT cp_ab_create('plain', '{control,b}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('never', '{control,b}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create(NULL, '{control,b}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('', '{control,b}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create(repeat('x', 64), '{control,b}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,control}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,NULL}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,""}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', ARRAY['control', repeat('x', 61)]); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{{control,b},{c,d}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', array_agg(g::text)) FROM generate_series(1, 65) g; \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', '{0.5,0.4}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', '{1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', '{1,0}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', '{1.5,-0.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', '{NaN,0.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', '{NULL,0.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', duration_days => 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', duration_days => NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{control,b}', duration_days => 3661); \echo :LAST_ERROR_SQLSTATE
SELECT o, cp_ab_create('bad', '{a,b}', options => '{"control": "c"}') FROM (VALUES (1)) v (o); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"metric": "median"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"correction": "luck"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"cuped": "some"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"alpha": 0.6}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"eligible": "plan ="}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"holdout": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"share": 0.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"cap": 1, "cap_share": 0.9}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"draft": true, "start": "2030-01-01"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"start": "soon"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"start": "infinity"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"start": "-infinity"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"outcome_days": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"guardrails": ["calls"]}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"guardrails": {"calls": "up"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"guardrails": {"calls": {"is": "higher"}}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => jsonb_build_object('guardrails', (SELECT jsonb_object_agg('g' || g, 'higher') FROM generate_series(1, 16) g))); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '{"colour": "red"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('bad', '{a,b}', options => '[]'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_create('null options', '{a,b}', options => NULL) > 0;
SELECT count(*) FROM churnprevent.experiment WHERE name = 'bad';
SELECT cp_ab_start('no such'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_stop(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_archive(''); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_allocate('plain', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_allocate('plain', '{0.5,0.6}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_allocate('plain', '{0.2,0.3,0.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_assign('no such', 'u'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_assign('plain', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_expose(NULL, 'u'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('no such'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance(NULL::text); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_timeline('no such'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_timeline(NULL); \echo :LAST_ERROR_SQLSTATE

-- What all deciding was worth: nothing is known without a control group, nor before the window is over.
\set ECHO none
\i test/data/gym_members.sql
\set ECHO all
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 20}}');
UPDATE churnprevent.holdout SET salt = '00000000-0000-0000-0000-000000000001', share = 0;
SELECT * FROM cp_saved_revenue(); \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.holdout SET share = 0.2;
SELECT count(*) FROM cp_saved_revenue();
SELECT arm, count(*) FROM gym_member g, cp_decide(g, member_id::text, 'greedy', NULL, 'gym') GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM churnprevent.saved_revenue;
UPDATE churnprevent.holdout SET since = since - '60 days'::interval;
UPDATE churnprevent.decision SET decided_at = decided_at - '40 days'::interval;
UPDATE churnprevent.decision_key SET decided_at = decided_at - '40 days'::interval;
SELECT count(*) FROM churnprevent.saved_revenue;
-- No difference; of three customers nothing is known yet.
BEGIN;
SELECT count(*) FROM churnprevent.decision d JOIN churnprevent.action a USING (action_id), cp_feedback(customer_id, a.name, (customer_id::int * 7919 % 10 < 6)::int, (customer_id::int * 31 % 41)::numeric / 2) WHERE customer_id::int > 3;
SELECT metric, control_customers, policy_customers, lower < 0 AND upper > 0 AS open, abs(total - policy_customers * difference) < 1e-6 AS total, p_always_valid > 0.05 AS nothing, round(srm_p_always_valid::numeric, 1) AS srm, waiting, verdict FROM churnprevent.saved_revenue;
SELECT count(*) FROM cp_saved_revenue(41);
SELECT bool_and(waiting = 3) FROM cp_saved_revenue(40);
ROLLBACK;
-- A third more are kept; each is adjusted by the risk at the decision.
BEGIN;
SELECT count(*) FROM churnprevent.decision d JOIN churnprevent.action a USING (action_id), cp_feedback(customer_id, a.name, (customer_id::int * 7919 % 10 < CASE arm WHEN 'policy' THEN 9 ELSE 5 END)::int, CASE arm WHEN 'policy' THEN 30 ELSE 20 END + customer_id::int % 7);
SELECT metric, verdict, lower > 0 AS above, percent > 0 AS percent, total > 0 AS total FROM churnprevent.saved_revenue;
SELECT s.metric, bool_and(abs(s.difference - r.difference) < 1e-9 AND abs(s.control_mean - c.mean) < 1e-9 AND abs(s.policy_mean - r.mean) < 1e-9 AND abs(s.percent - 100 * r.lift) < 1e-7 AND r.n = policy_customers AND c.n = control_customers) AS as_the_aggregate
FROM churnprevent.saved_revenue s JOIN (
	SELECT m AS metric, cp_ab_significance(arm, CASE m WHEN 'retained' THEN outcome WHEN 'revenue' THEN revenue_impact ELSE 0.6 * revenue_impact - action_cost / 100.0 END::float8, churn_probability::float8) AS rows
	FROM churnprevent.decision JOIN churnprevent.feedback USING (decision_id), unnest('{retained,revenue,margin}'::text[]) m GROUP BY 1) a USING (metric), unnest(rows) r, unnest(rows) c WHERE r.variant = 'policy' AND c.variant = 'control' GROUP BY 1 ORDER BY 1;
ROLLBACK;
-- It does harm.
BEGIN;
SELECT count(*) FROM churnprevent.decision d JOIN churnprevent.action a USING (action_id), cp_feedback(customer_id, a.name, (customer_id::int * 7919 % 10 < CASE arm WHEN 'policy' THEN 3 ELSE 9 END)::int);
SELECT metric, upper < 0 AS below, waiting, verdict FROM churnprevent.saved_revenue;
-- The control group is not what it should be.
UPDATE churnprevent.holdout SET share = 0.5;
UPDATE churnprevent.holdout SET since = since - '60 days'::interval;
SELECT metric, split_part(verdict, '(', 1) FROM churnprevent.saved_revenue;
ROLLBACK;
-- Late in the window ten are decided about once more. Feedback of that decision counts when its window is over with the first one's, and of two such the longer.
BEGIN;
SELECT count(*) FROM churnprevent.decision d JOIN churnprevent.action a USING (action_id), cp_feedback(customer_id, a.name, 1, 20);
SELECT count(*) FROM gym_member g, cp_decide(g, member_id::text, 'greedy', 'late ' || member_id, 'gym') WHERE member_id <= 10;
UPDATE churnprevent.decision SET decided_at = decided_at - '15 days'::interval WHERE idempotency_key ~ 'late';
CREATE VIEW found AS SELECT metric, round(control_mean * control_customers + policy_mean * policy_customers) AS sum, waiting FROM churnprevent.saved_revenue WHERE metric <> 'margin';
CREATE VIEW late AS SELECT decision_id, customer_id, name FROM churnprevent.decision JOIN churnprevent.action USING (action_id) WHERE idempotency_key ~ 'late';
TABLE found;
SELECT count(*) FROM late, cp_feedback(customer_id, name, 0, 1000, 30, decision_id);
TABLE found;
SELECT count(*) FROM late, cp_feedback(customer_id, name, 1, 3, 2, decision_id);
TABLE found;
SELECT count(*) FROM late, cp_feedback(customer_id, name, 0, 5, 4, decision_id);
TABLE found;
ROLLBACK;
SELECT cp_saved_revenue(0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_saved_revenue(3661); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_saved_revenue(NULL);
UPDATE churnprevent.holdout SET share = 1;
SELECT * FROM churnprevent.saved_revenue; \echo :LAST_ERROR_SQLSTATE

-- Everybody is exposed as allocated, but of one side the bad outcomes are missing: that breaks the sample ratio as well.
SELECT cp_ab_create('missing', '{control,b}') > 0;
UPDATE churnprevent.experiment SET salt = '00000000-0000-4000-8000-000000000001' WHERE name = 'missing';
SELECT count(cp_ab_expose('missing', g::text)) FROM generate_series(1, 2000) g;
SELECT count(*) FROM generate_series(1, 2000) g, cp_ab_record('missing', g::text, g % 2) WHERE g % 2 = 1 OR cp_ab_assign('missing', g::text) = 'control';
SELECT variant, srm_p > 0.05 AS as_allocated, split_part(verdict, '(', 1) AS verdict FROM cp_ab_significance('missing');
-- Canceled within a rule is canceled, not ineligible.
SELECT cp_ab_create('ruled', '{control,b}', options => '{"eligible": "age > 18 AND plan = ''free''"}') > 0;
SET statement_timeout = 100;
SELECT count(cp_ab_assign('ruled', g::text, '{"age": 20, "plan": "free"}')) FROM generate_series(1, 100000000) g; \echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
-- Each call keeps its own answer, also where nothing may be remembered between calls.
SELECT cp_ab_create('pair a', '{a1,a2}') > 0, cp_ab_create('pair b', '{b1,b2}') > 0;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) AS units, count(*) FILTER (WHERE a !~ 'a' OR b !~ 'b') AS wrong FROM (SELECT cp_ab_assign('pair a', g::text) AS a, cp_ab_assign('pair b', g::text) AS b FROM generate_series(1, 100) g) s;
COMMIT;
SELECT count(*) AS units, count(*) FILTER (WHERE a !~ 'a' OR b !~ 'b') AS wrong FROM (SELECT cp_ab_assign('pair a', g::text) AS a, cp_ab_expose('pair b', g::text) AS b FROM generate_series(1, 100) g) s;
DROP VIEW looks, units, made;
DROP FUNCTION make(text, text[], jsonb, float8[]), apart(cp_ab_result, cp_ab_result), tell(text, int, int, int, int);
DROP TABLE before, early, gym_member;
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
