-- cp_drift_check: what is counted, against what, and what is alarmed; computed again in SQL.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
CREATE SCHEMA drift_test;
SET search_path = drift_test, public;
SET timezone = 'UTC';
-- Uniform in [0, 1), the same every day.
CREATE FUNCTION u(n bigint, what text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(n || '/' || what), 1, 8))::bit(32)::bigint / 2.0 ^ 32 $$;
-- Readers of a library. Most have no fine, so that deciles coincide.
CREATE TABLE reader AS
SELECT n AS id, date '2024-01-01' + n % 700 AS joined, 20 + 50 * u(n, 'age') AS age, CASE WHEN u(n, 'fine') > 0.65 THEN floor(40 * u(n, 'sum')) / 4 ELSE 0 END AS fines, (3 * u(n, 'loans'))::int AS loans,
	CASE WHEN u(n, 'gap') > 0.1 THEN (10 * u(n, 'visits'))::numeric(5, 2) END AS visits, (ARRAY['city', 'coast', 'hills'])[1 + (3 * u(n, 'branch'))::int % 3] AS branch, u(n, 'student') < 0.3 AS student,
	(u(n, 'left') < 0.1 + 0.5 * (u(n, 'age') < 0.4)::int + 0.2 * (u(n, 'branch') > 0.5)::int)::int AS quit
FROM generate_series(1, 2000) n;
CREATE VIEW features AS SELECT age, fines, loans, visits, branch, student, joined FROM reader;
SELECT version FROM cp_train('lib', 'reader', 'quit', '{"id": "id", "members": "gbm", "gbm": {"rounds": 20}}');
-- Later ones: older, other branches, fewer known visits, another share that quits.
CREATE TABLE later WITH (autovacuum_enabled = off) AS
SELECT n AS id, date '2024-06-01' + n % 700 AS joined, 24 + 56 * u(n, 'age') AS age, CASE WHEN u(n, 'fine') > 0.6 THEN floor(40 * u(n, 'sum')) / 4 ELSE 0 END AS fines, (3 * u(n, 'loans'))::int AS loans,
	CASE WHEN u(n, 'gap') > 0.3 THEN (10 * u(n, 'visits'))::numeric(5, 2) END AS visits, (ARRAY['city', 'coast', 'island', 'hills', 'city', 'city'])[1 + (6 * u(n, 'branch'))::int % 6] AS branch, u(n, 'student') < 0.3 AS student,
	CASE WHEN n % 5 > 0 THEN (u(n, 'left') < 0.5)::int END AS quit
FROM generate_series(100001, 101500) n;

-- The same by SQL: cuts are deciles, or of KS 256-quantiles too; behind one that several coincide at the next larger value is a cut as well.
CREATE FUNCTION quantile_cuts(v float8[], bins int) RETURNS TABLE (cut float8) LANGUAGE sql AS $$
	WITH q AS (SELECT x, count(*) AS times FROM unnest((SELECT percentile_cont(ARRAY(SELECT k / bins::float8 FROM generate_series(1, bins - 1) k)) WITHIN GROUP (ORDER BY y) FROM unnest(v) y)) x GROUP BY x),
		behind AS (SELECT x, (SELECT min(y) FROM unnest(v) y WHERE y > x) AS next FROM q WHERE times > 1)
	SELECT x FROM q UNION SELECT next FROM behind b WHERE next IS NOT NULL AND NOT EXISTS (SELECT FROM q WHERE q.x > b.x AND q.x < b.next)
$$;
CREATE FUNCTION cells(v float8[], cuts float8[]) RETURNS int[] LANGUAGE sql AS 'SELECT array_agg(width_bucket(x, cuts)) FROM unnest(v) x';
CREATE TYPE figures AS (psi float8, kl float8, js float8, chi2 float8, p float8);
-- Of the two sides' cells. Shares of 0 are 0.0001, but for js; cells with fewer than 5 expected are pooled.
CREATE FUNCTION compare(a text[], b text[]) RETURNS figures LANGUAGE sql AS $$
	WITH c AS (SELECT coalesce(x.n, 0) AS n, coalesce(y.n, 0) AS m, coalesce(x.n, 0)::float8 / cardinality(a) AS p, coalesce(y.n, 0)::float8 / cardinality(b) AS q
			FROM (SELECT cell, count(*) AS n FROM unnest(a) cell GROUP BY 1) x FULL JOIN (SELECT cell, count(*) AS n FROM unnest(b) cell GROUP BY 1) y USING (cell)),
		f AS (SELECT *, CASE WHEN p > 0 THEN p ELSE 1e-4 END AS pf, CASE WHEN q > 0 THEN q ELSE 1e-4 END AS qf, (p + q) / 2 AS r, row_number() OVER () * ((n + m) / (cardinality(a) + cardinality(b))::float8 * least(cardinality(a), cardinality(b)) >= 5)::int AS pool FROM c),
		every AS (SELECT sum(n)::bigint AS n, sum(m)::bigint AS m, count(*) OVER () > 1 AND pool = 0 AND sum(n + m) / (cardinality(a) + cardinality(b))::float8 * least(cardinality(a), cardinality(b)) < 5 AS few FROM f GROUP BY pool),
		pooled AS (SELECT n, m FROM every WHERE NOT few),
		alone AS (SELECT t.p_fisher FROM every, cp_ab_proportions(n, cardinality(a), m, cardinality(b)) t WHERE few),
		test AS (SELECT t.* FROM (SELECT array_agg(m) AS m, array_agg(n + m) AS all FROM pooled) s, cp_ab_chi_square(m, "all") t WHERE cardinality(m) > 1)
	SELECT sum((qf - pf) * ln(qf / pf)), sum(pf * ln(pf / qf)), sum(CASE WHEN p > 0 THEN p * ln(p / r) ELSE 0 END + CASE WHEN q > 0 THEN q * ln(q / r) ELSE 0 END) / 2,
		coalesce((SELECT chi_square FROM test), 0), coalesce((SELECT least(1, 2 * least(p_fisher, (SELECT p_value FROM test))) FROM alone), (SELECT p_value FROM test), 1) FROM f
$$;
-- A feature of the reference (repeated by its weight) against the same of the current side.
CREATE FUNCTION expected(reference text, current text, feature text, number boolean) RETURNS TABLE (psi float8, kl float8, js float8, ks float8, chi2 float8, p float8, missing_reference float8, missing float8, unseen float8, rows bigint) LANGUAGE plpgsql AS $$
DECLARE
	a text[]; b text[]; av float8[]; bv float8[]; cuts float8[]; fine float8[]; f figures; gap float8;
	query CONSTANT text := 'SELECT array_agg(v) FROM (SELECT nullif(to_jsonb(s) ->> %L, ''NaN'') AS v FROM (%s) s) t';
BEGIN
	EXECUTE format(query, feature, reference) INTO a;
	EXECUTE format(query, feature, current) INTO b;
	gap := (SELECT t.p_fisher FROM cp_ab_proportions((SELECT count(*) FROM unnest(a) x WHERE x IS NULL), cardinality(a), (SELECT count(*) FROM unnest(b) x WHERE x IS NULL), cardinality(b)) t);
	missing_reference := (SELECT avg((x IS NULL)::int) FROM unnest(a) x); missing := (SELECT avg((x IS NULL)::int) FROM unnest(b) x); rows := cardinality(b);
	a := array_remove(a, NULL); b := array_remove(b, NULL);
	IF NOT number THEN
		unseen := (SELECT avg((x <> ALL (a))::int) FROM unnest(b) x);
		f := compare(a, ARRAY(SELECT CASE WHEN x = ANY (a) THEN x ELSE 'other' END FROM unnest(b) x));
	ELSE
		SELECT array_agg(CASE x WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE CASE WHEN x ~ '^\d{4}-\d\d-\d\d$' THEN x::date - date '2000-01-01' ELSE x::float8 END END) INTO av FROM unnest(a) x;
		SELECT array_agg(CASE x WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE CASE WHEN x ~ '^\d{4}-\d\d-\d\d$' THEN x::date - date '2000-01-01' ELSE x::float8 END END) INTO bv FROM unnest(b) x;
		cuts := ARRAY(SELECT cut FROM quantile_cuts(av, 10) ORDER BY 1);
		fine := ARRAY(SELECT cut FROM quantile_cuts(av, 256) UNION SELECT unnest(cuts) ORDER BY 1);
		f := compare(cells(av, cuts)::text[], cells(bv, cuts)::text[]);
		ks := (SELECT max(abs((SELECT count(*) FROM unnest(av) x WHERE x < c)::float8 / cardinality(av) - (SELECT count(*) FROM unnest(bv) x WHERE x < c)::float8 / cardinality(bv))) FROM unnest(fine) c);
	END IF;
	psi := f.psi; kl := f.kl; js := f.js; chi2 := f.chi2; p := least(1, 2 * least(f.p, gap));
	RETURN NEXT;
END $$;
CREATE TABLE checked AS SELECT * FROM cp_drift_check('lib', 'later');
-- How many features, and how many figures of them are not those of SQL.
CREATE FUNCTION wrong(got float8, wanted float8) RETURNS boolean LANGUAGE sql AS 'SELECT (got IS NULL) <> (wanted IS NULL) OR abs(got - wanted) > 1e-9 * (1 + abs(wanted))';
CREATE FUNCTION differing(reference text, current text, seg text DEFAULT NULL, OUT features bigint, OUT psi bigint, OUT kl bigint, OUT js bigint, OUT ks bigint, OUT chi2 bigint, OUT missing bigint, OUT unseen bigint, OUT rows bigint) LANGUAGE sql AS $$
	SELECT count(*), count(*) FILTER (WHERE wrong(c.psi, e.psi)), count(*) FILTER (WHERE wrong(c.kl, e.kl)), count(*) FILTER (WHERE wrong(c.js, e.js)), count(*) FILTER (WHERE wrong(c.ks, e.ks)),
		count(*) FILTER (WHERE wrong(c.chi2, e.chi2)), count(*) FILTER (WHERE wrong(c.missing, e.missing) OR wrong(c.missing_reference, e.missing_reference)), count(*) FILTER (WHERE wrong(c.unseen, e.unseen)), count(*) FILTER (WHERE c.rows <> e.rows)
	FROM checked c, expected(reference, current, feature, feature <> 'branch') e WHERE feature !~ '^\(' AND segment IS NOT DISTINCT FROM seg
$$;

-- Every figure of every feature.
SELECT * FROM differing('TABLE features', 'TABLE later');
SELECT segment, feature, level, round(psi::numeric, 4) AS psi, round(kl::numeric, 4) AS kl, round(ks::numeric, 3) AS ks, round(wasserstein::numeric, 3) AS wasserstein, round(missing_reference::numeric, 3) AS had_none, round(missing::numeric, 3) AS missing,
	round(unseen::numeric, 3) AS unseen, rows, recommendation FROM checked ORDER BY feature COLLATE "C";
SELECT sum(importance)::numeric(6, 4) AS importance, count(*) FILTER (WHERE importance IS NULL) AS others, bool_and((auc IS NULL) = (feature <> '(combinations)')) AS auc, string_agg(feature, ' ') FILTER (WHERE p_value IS NULL) AS untested FROM checked;
-- The label, of those who have one, and the score, of all.
SELECT wrong(c.psi, e.psi) AS psi, wrong(c.kl, e.kl) AS kl, wrong(c.chi2, e.chi2) AS chi2, c.rows = cardinality(b) AS rows, c.unseen IS NULL AND c.ks IS NULL AS none
FROM checked c, (SELECT ARRAY(SELECT quit::text FROM reader) AS a, ARRAY(SELECT quit::text FROM later WHERE quit IS NOT NULL) AS b) s, compare(a, b) e WHERE feature = '(label)';
-- p is of values and gaps together, and corrected by Holm; nothing but features when no row is scored and none is labelled.
CREATE FUNCTION check_again(current text, period interval DEFAULT NULL, options jsonb DEFAULT '{}', model text DEFAULT 'lib') RETURNS bigint LANGUAGE sql AS $$
	TRUNCATE checked; WITH i AS (INSERT INTO checked SELECT * FROM cp_drift_check(model, current, period, options) RETURNING 1) SELECT count(*) FROM i $$;
SELECT check_again('SELECT age, fines, loans, visits, branch, student, joined FROM later', options => '{"sample": 0}');
SELECT count(*), count(*) FILTER (WHERE abs(c.p_value - a.p) > 1e-9 * a.p) AS wrong FROM (SELECT array_agg(e.p ORDER BY c.feature) AS p, array_agg(c.feature ORDER BY c.feature) AS f FROM checked c, expected('TABLE features', 'TABLE later', feature, feature <> 'branch') e) s,
	unnest(f, cp_ab_adjust(p, 'holm')) a(f, p) JOIN checked c ON c.feature = a.f;

-- Nothing has moved: not between halves, not against itself. The model's own source is what it was trained on.
SELECT check_again(NULL); SELECT * FROM differing('TABLE features', 'TABLE features');
SELECT max(psi) < 1e-12 AS nothing, min(p_value) AS p, string_agg(DISTINCT level, ' ') AS level, count(recommendation) AS words FROM checked WHERE feature !~ 'score|comb';
SELECT check_again('SELECT * FROM reader WHERE id % 2 = 0');
SELECT string_agg(DISTINCT level, ' ') FROM checked;

-- Weights of the reference, as if each row were there so often.
SELECT version FROM cp_train('weighted', 'SELECT *, 1 + (student AND age > 40)::int * 2 AS w FROM reader', 'quit', '{"id": "id", "weight": "w", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT check_again('later', model => 'weighted');
-- (Weights are relative, of mean 1: cuts of numbers without ties lie a little elsewhere.)
SELECT count(*) AS features, count(*) FILTER (WHERE abs(c.psi / e.psi - 1) > tolerance) AS psi, count(*) FILTER (WHERE abs(c.kl / e.kl - 1) > tolerance) AS kl, count(*) FILTER (WHERE abs(c.js / e.js - 1) > tolerance) AS js, count(*) FILTER (WHERE abs(c.ks / e.ks - 1) > tolerance) AS ks,
	count(*) FILTER (WHERE wrong(c.missing_reference, e.missing_reference)) AS missing, count(*) FILTER (WHERE wrong(c.unseen, e.unseen)) AS unseen
FROM checked c, expected('SELECT f.* FROM features f, generate_series(1, 1 + (student AND age > 40)::int * 2)', 'TABLE later', feature, feature <> 'branch') e, LATERAL (SELECT CASE WHEN feature IN ('age', 'joined') THEN 0.01 ELSE 1e-9 END AS tolerance) t WHERE feature !~ '^\(';
-- Rows are worth what Kish says: scaled so, the chi-square of a table of two is n m (f - g)^2 / (r (1 - r) (n + m)).
SELECT abs(chi2 / (n * m * (f - g) ^ 2 / (((n * f + m * g) / (n + m)) * (1 - (n * f + m * g) / (n + m)) * (n + m))) - 1) < 1e-9 AS kish, abs(reference_rows / n - 1) < 1e-9 AS kish_rows
FROM checked, (SELECT sum(w) ^ 2 / sum(w * w) AS n, sum(w * student::int)::float8 / sum(w) AS f FROM (SELECT student, 1 + (student AND age > 40)::int * 2 AS w FROM reader) s) r,
	(SELECT count(*)::float8 AS m, avg(student::int)::float8 AS g FROM later) c, (SELECT reference_rows FROM churnprevent.drift_report ORDER BY report_id DESC LIMIT 1) d WHERE feature = 'student';
-- A base rate moves the reference's shares as if so many had left.
SELECT version FROM cp_train('rare', 'reader', 'quit', '{"id": "id", "base_rate": 0.05, "members": "gbm", "gbm": {"rounds": 5}}');
SELECT check_again('later', model => 'rare');
WITH s AS (SELECT student, CASE quit WHEN 1 THEN 0.05 / rate ELSE 0.95 / (1 - rate) END AS w FROM reader, (SELECT avg(quit)::float8 AS rate FROM reader) r)
SELECT feature, wrong(psi, sum((q - p) * ln(q / p))) AS psi FROM checked JOIN (
	SELECT 'student' AS f, unnest(ARRAY[a, 1 - a]) AS p, unnest(ARRAY[b, 1 - b]) AS q FROM (SELECT sum(w) FILTER (WHERE student) / sum(w) AS a FROM s) r, (SELECT avg(student::int)::float8 AS b FROM later) c
	UNION ALL SELECT '(label)', unnest(ARRAY[0.05, 0.95]), unnest(ARRAY[b, 1 - b]) FROM (SELECT avg(quit)::float8 AS b FROM later) c) e ON f = feature GROUP BY feature, psi ORDER BY 1;

-- Another reference: a source, and the period before.
SELECT check_again('later', options => '{"reference": "SELECT * FROM reader WHERE id <= 900"}');
SELECT * FROM differing('SELECT * FROM reader WHERE id <= 900', 'TABLE later');
CREATE VIEW by_time AS SELECT *, now() - (id % 60) * interval '1 day' + interval '1 hour' AS seen FROM reader UNION ALL SELECT *, now() - (id % 10) * interval '1 day' + interval '1 hour' FROM later;
SELECT check_again('by_time', '20 days', '{"time_column": "seen"}');
SELECT (SELECT DISTINCT rows FROM checked WHERE feature = 'age') = (SELECT count(*) FROM by_time WHERE seen >= now() - interval '20 days' AND seen <= now()) AS rows;
SELECT * FROM differing('TABLE features', $$SELECT * FROM by_time WHERE seen >= now() - interval '20 days' AND seen <= now()$$);
SELECT check_again('by_time', '20 days', '{"time_column": "seen", "reference": "previous"}');
SELECT * FROM differing($$SELECT * FROM by_time WHERE seen >= now() - interval '40 days' AND seen < now() - interval '20 days'$$, $$SELECT * FROM by_time WHERE seen >= now() - interval '20 days' AND seen <= now()$$);
SELECT reference, period, mode, rows, reference_rows, level FROM churnprevent.drift_report ORDER BY report_id DESC LIMIT 3;
-- The time column of the training need not be told again.
SELECT version FROM cp_train('timed', 'by_time', 'quit', '{"id": "id", "time_column": "seen", "members": "gbm", "gbm": {"rounds": 5}}');
SELECT check_again('by_time', '20 days', model => 'timed') > 9 AS checked;

-- Segments: of the sample of the training, and of a source.
SELECT check_again('later', options => '{"segment_by": "branch"}');
SELECT count(DISTINCT segment) FROM checked;
SELECT s.b, d.* FROM unnest(ARRAY['city', 'coast', 'hills', NULL]) s(b), differing(concat('SELECT * FROM features', ' WHERE branch = ' || quote_literal(b)), concat('SELECT * FROM later', ' WHERE branch = ' || quote_literal(b)), seg => b) d;
SET client_min_messages = notice;
SELECT count(*) FROM cp_drift_check('lib', 'later', options => '{"segment_by": "branch", "record": false}');
SET client_min_messages = warning;
SELECT check_again('later', options => '{"segment_by": "student"}');
SELECT string_agg(DISTINCT segment, ' ') FROM checked;
SELECT s.b, d.* FROM unnest('{t,f}'::text[]) s(b), differing(format('SELECT * FROM features WHERE student = %L', b), format('SELECT * FROM later WHERE student = %L', b), seg => b) d;
SELECT check_again('SELECT *, id % 3 AS third FROM later', options => '{"segment_by": "third", "reference": "SELECT *, id % 3 AS third FROM reader WHERE id % 3 < 2 OR id % 4 = 0"}');
SELECT string_agg(DISTINCT segment, ' ') FROM checked;
SELECT s.b, d.* FROM unnest('{0,1,2}'::text[]) s(b), differing(format('SELECT * FROM reader WHERE (id %% 3 < 2 OR id %% 4 = 0) AND id %% 3 = %s', b), format('SELECT * FROM later WHERE id %% 3 = %s', b), seg => b) d;
SELECT check_again('SELECT *, 1 AS third FROM later', options => '{"segment_by": "third"}'); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('later', options => '{"segment_by": "age"}'); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('later', options => '{"segment_by": "no such", "reference": "reader"}'); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('later', options => '{"segment_by": "id", "reference": "reader"}'); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('later', options => '{"segment_by": "third", "reference": "SELECT *, NULL::text AS third FROM reader"}'); \echo :LAST_ERROR_SQLSTATE

-- Left out are features, not counts; a column that is not there is an error even so.
SELECT check_again('later', options => '{"exclude": ["branch", "visits"]}');
SELECT string_agg(feature, ' ' ORDER BY feature COLLATE "C") FROM checked;
SELECT check_again('later', options => '{"exclude": "branch", "combinations": false}');
SELECT string_agg(feature, ' ' ORDER BY feature COLLATE "C") FROM checked;

-- A sample is drawn by its seed. Features do not depend on it.
CREATE FUNCTION score_of(options jsonb) RETURNS text LANGUAGE sql AS $$ SELECT md5(string_agg(c::text, ' ' ORDER BY feature)) FROM cp_drift_check('lib', 'later', options => options || '{"record": false}') c WHERE feature ~ 'score|comb' $$;
SELECT score_of('{"sample": 300, "seed": 7}') = score_of('{"sample": 300, "seed": 7}') AS same, score_of('{"sample": 300, "seed": 7}') <> score_of('{"sample": 300, "seed": 8}') AS other, score_of('{"sample": 300}') = score_of('{"sample": 300, "seed": 1}') AS seed_1;
SELECT check_again('later', options => '{"sample": 300}');
SELECT rows AS scored FROM checked WHERE feature = '(score)'; SELECT * FROM differing('TABLE features', 'TABLE later');
SELECT feature, rows FROM cp_drift_check('lib', 'later', options => '{"sample": 99, "record": false}') WHERE feature ~ 'score|comb';

-- The score, whole: cells are those of the held-out rows at training, so a shift of what is told apart shows.
SELECT (cp_drift_json('lib', 'later', options => '{"record": false}') #>> '{metrics,expected_churn_rate}')::float8 - avg(cp_predict(l, 'lib')) < 1e-9 AS mean FROM later l;
SELECT abs((j #>> '{metrics,training_auc}')::float8 - e.auc) < 1e-9 AS auc, abs((j #>> '{metrics,training_log_loss}')::float8 - e.log_loss) < 1e-9 AS log_loss, abs((j #>> '{metrics,expected_log_loss}')::float8 - h) < 1e-9 AS expected_log_loss
FROM cp_drift_json('lib', 'later', options => '{"record": false}') j, cp_evaluate('lib') e, (SELECT -avg(p * ln(p) + (1 - p) * ln(1 - p)) AS h FROM (SELECT cp_predict(l, 'lib') AS p FROM later l) s) s;

-- The document.
SELECT jsonb_pretty(jsonb_set(j #- '{metrics}', '{timestamp}', 'true') #- '{drifted}') FROM cp_drift_json('lib', 'later') j;
SELECT jsonb_agg(DISTINCT k) FROM cp_drift_json('lib', 'later') j, jsonb_object_keys(j -> 'metrics') k;
SELECT jsonb_agg(DISTINCT k), count(DISTINCT d) FROM cp_drift_json('lib', 'later') j, jsonb_array_elements(j -> 'drifted') d, jsonb_object_keys(d) k;
SELECT check_again('later');
SELECT abs((m ->> 'max_psi')::float8 - (SELECT max(psi) FROM checked WHERE feature !~ '^\(')) < 1e-9 AS max_psi, m ->> 'max_psi_feature' = (SELECT feature FROM checked WHERE feature !~ '^\(' ORDER BY psi DESC LIMIT 1) AS whose,
	abs((m ->> 'avg_kl_divergence')::float8 - (SELECT avg(kl) FROM checked WHERE feature !~ '^\(')) < 1e-9 AS avg_kl, abs((m ->> 'weighted_psi')::float8 - (SELECT sum(importance * psi) FROM checked)) < 1e-9 AS weighted,
	abs((m ->> 'combinations_auc')::float8 - (SELECT auc FROM checked WHERE auc IS NOT NULL)) < 1e-9 AS auc, jsonb_array_length(j -> 'drifted') = (SELECT count(*) FROM checked WHERE level IN ('warning', 'critical')) AS drifted, s.summary - 'timestamp' = j - 'timestamp' AS recorded
FROM cp_drift_json('lib', 'later') j, LATERAL (SELECT j -> 'metrics' AS m) l, LATERAL (SELECT summary FROM churnprevent.drift_report ORDER BY report_id DESC LIMIT 1) s;
SELECT j ->> 'drift_detected' AS detected, j ->> 'alert_level' AS level, j -> 'drifted' AS drifted, j ->> 'recommendation' AS recommendation FROM cp_drift_json('lib', 'reader') j;

-- What is recorded is what was answered; record => false writes nothing.
SELECT check_again('later') > 0 AS checked;
SELECT count(*) AS same FROM (SELECT segment, feature, level, psi, kl, js, ks, wasserstein, chi2, p_value, missing_reference, missing, unseen, importance, auc, rows, recommendation FROM churnprevent.drift_status WHERE model = 'lib' INTERSECT TABLE checked) s;
SELECT count(*) AS reports, (SELECT count(*) FROM churnprevent.drift_feature) AS rows, (SELECT sum(times) FROM churnprevent.alert) AS alerts FROM churnprevent.drift_report \gset
SELECT count(*) > 0 AS checked, count(j) AS json FROM cp_drift_check('lib', 'later', options => '{"record": false}'), cp_drift_json('lib', 'later', options => '{"record": false}') j;
SELECT count(*) = :reports AS reports, (SELECT count(*) FROM churnprevent.drift_feature) = :rows AS rows, (SELECT sum(times) FROM churnprevent.alert) = :alerts AS alerts FROM churnprevent.drift_report;
BEGIN; SELECT check_again('later') > 0 AS checked; ROLLBACK;
SELECT count(*) = :reports AS rolled_back FROM churnprevent.drift_report;

-- Thresholds: of psi and of kl, critical from there on, a warning from half of it on; alpha; rows.
CREATE FUNCTION level_of(what text, options jsonb DEFAULT '{}', source text DEFAULT 'later') RETURNS text LANGUAGE sql AS $$ SELECT string_agg(level, ' ') FROM cp_drift_check('lib', source, options => options || '{"record": false, "combinations": false}') WHERE feature = what $$;
SELECT level_of('age') AS age, level_of('fines') AS fines, level_of('visits') AS visits, level_of('loans') AS loans;
SELECT set_config('churnprevent.drift_threshold_kl', '100', false) AS kl, set_config('churnprevent.drift_threshold_psi', '100', false) AS psi, level_of('age') AS age, level_of('branch') AS branch;
SELECT psi - chance AS effect FROM (SELECT psi, 9 * (1 / 2000.0 + 1 / 1500.0) AS chance FROM checked WHERE feature = 'age') s \gset
SELECT set_config('churnprevent.drift_threshold_psi', (:effect * f)::text, true) IS NOT NULL, f, level_of('age') FROM unnest('{0.99,1.01,1.99,2.01}'::float8[]) f;
SELECT kl - chance / 2 AS effect FROM (SELECT kl, 9 * (1 / 2000.0 + 1 / 1500.0) AS chance FROM checked WHERE feature = 'age') s \gset
SELECT set_config('churnprevent.drift_threshold_kl', (:effect * f)::text, true) IS NOT NULL, f, level_of('age') FROM unnest('{0.99,1.01,1.99,2.01}'::float8[]) f;
RESET churnprevent.drift_threshold_kl; RESET churnprevent.drift_threshold_psi;
SELECT level_of('age', '{"min_rows": 1500}') AS enough, level_of('age', '{"min_rows": 1501}') AS too_few, level_of('age', '{"alpha": 1e-12}') AS sure, level_of('age', '{"min_rows": 10}', 'SELECT * FROM later LIMIT 9') AS nine;
SELECT level_of('(label)', '{"min_rows": 1200}') AS enough, level_of('(label)', '{"min_rows": 1201}') AS too_few;
SET churnprevent.drift_threshold_psi = 0; \echo :LAST_ERROR_SQLSTATE
SET churnprevent.drift_threshold_kl = 'NaN'; \echo :LAST_ERROR_SQLSTATE

-- The first look, from ANALYZE: of all rows of a small table it is the scan's.
SELECT count(*) FROM cp_drift_check('lib', 'later', options => '{"mode": "statistics"}'); \echo :LAST_ERROR_SQLSTATE
ALTER TABLE later ALTER age SET STATISTICS 10000, ALTER fines SET STATISTICS 10000, ALTER visits SET STATISTICS 10000, ALTER joined SET STATISTICS 10000;
ANALYZE later;
SELECT s.feature, s.level = c.level AS level, abs(s.psi - c.psi) < 0.02 AS psi, abs(s.missing - c.missing) < 0.005 AS missing, abs(s.unseen - c.unseen) < 1e-6 AS unseen, abs(s.ks - c.ks) < 0.02 AS ks, abs(s.rows - 1500) < 10 AS rows, s.missing_reference = c.missing_reference AS had_none
FROM cp_drift_check('lib', 'later', options => '{"mode": "statistics"}') s LEFT JOIN checked c USING (feature) ORDER BY feature COLLATE "C";
SELECT mode, rows FROM churnprevent.drift_report ORDER BY report_id DESC LIMIT 1;
SELECT count(*) FROM cp_drift_check('lib', 'SELECT * FROM later', options => '{"mode": "statistics"}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_drift_check('lib', 'no_such', options => '{"mode": "statistics"}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_drift_check('lib', 'by_time', options => '{"mode": "statistics"}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_drift_check('lib', 'later', '1 day', '{"mode": "statistics"}'); \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cp_drift_check('lib', 'later', options => '{"mode": "statistics", "segment_by": "branch"}'); \echo :LAST_ERROR_SQLSTATE
CREATE TABLE nothing AS SELECT * FROM later WHERE false;
ANALYZE nothing;
SELECT count(*) FROM cp_drift_check('lib', 'nothing', options => '{"mode": "statistics"}'); \echo :LAST_ERROR_SQLSTATE
CREATE TABLE unknown AS SELECT id, joined, age, fines, NULL::int AS loans, visits, NULL::text AS branch, NULL::boolean AS student FROM later;
ANALYZE unknown;
SELECT feature, level, psi, missing, unseen FROM cp_drift_check('lib', 'unknown', options => '{"mode": "statistics"}') WHERE feature IN ('loans', 'branch', 'student') ORDER BY 1;

-- Bad data. Too few rows and none are no alarm.
SELECT feature, level, psi, ks, p_value, missing, rows FROM cp_drift_check('lib', 'nothing') ORDER BY feature COLLATE "C";
SELECT j ->> 'alert_level' AS level, j ->> 'recommendation' AS recommendation, j -> 'rows' AS rows FROM cp_drift_json('lib', 'nothing') j;
SELECT feature, level, psi IS NOT NULL AS psi, p_value, rows FROM cp_drift_check('lib', 'SELECT * FROM later LIMIT 8') ORDER BY feature COLLATE "C";
SELECT j ->> 'alert_level' AS level, j ->> 'recommendation' AS recommendation FROM cp_drift_json('lib', 'SELECT * FROM later LIMIT 8') j;
SELECT count(*) FROM cp_drift_check('lib', 'later', options => '{"reference": "nothing"}'); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('SELECT id, joined, ''NaN''::float8 AS age, 3 AS fines, NULL::int AS loans, CASE WHEN visits > 5 THEN ''NaN'' ELSE visits END AS visits, NULL::text AS branch, true AS student FROM later');
SELECT feature, level, psi IS NULL AS no_psi, ks IS NULL AS no_ks, missing::numeric(6, 4), unseen, recommendation FROM checked WHERE feature !~ '^\(' ORDER BY feature;
SELECT count(*) AS features, count(*) FILTER (WHERE wrong(c.psi, e.psi) OR wrong(c.ks, e.ks) OR wrong(c.chi2, e.chi2) OR wrong(c.missing, e.missing)) AS wrong FROM checked c,
	expected('TABLE features', 'SELECT joined, 3 AS fines, CASE WHEN visits > 5 THEN ''NaN'' ELSE visits END AS visits, true AS student FROM later', feature, true) e WHERE feature IN ('fines', 'visits', 'student', 'joined');
SELECT check_again('SELECT joined, 1e300 * sign(age - 50) AS age, CASE WHEN id % 2 = 0 THEN ''Infinity''::float8 ELSE ''-Infinity'' END AS fines, loans, visits, branch, student FROM later');
SELECT (SELECT count(*) FROM checked WHERE 'NaN' IN (psi, kl, js, ks, wasserstein, chi2, p_value)) AS nan;
SELECT feature, level, ks IS NOT NULL AS ks, wasserstein > 1e200 AS far FROM checked WHERE feature IN ('age', 'fines') ORDER BY 1;
SELECT check_again('SELECT joined, age, fines, loans, visits, student, ''moon'' AS branch, quit FROM later');
SELECT (SELECT format('%s %s %s', level, unseen, recommendation) FROM checked WHERE feature = 'branch') AS unseen;
SELECT check_again('SELECT age, fines, loans, visits, branch, student FROM later'); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('SELECT age, fines, loans, visits, branch::int AS branch, student, joined FROM later WHERE branch ~ ''\d'''); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('SELECT age::text AS age, fines, loans, visits, branch, student, joined FROM later'); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('SELECT ARRAY[age] AS age, fines, loans, visits, branch, student, joined FROM later'); \echo :LAST_ERROR_SQLSTATE
SELECT check_again('SELECT age::numeric AS age, fines::real AS fines, loans::bigint AS loans, visits::float8 AS visits, branch::varchar AS branch, student, joined::timestamp AS joined, ''{}''::jsonb AS more, md5(age::text) AS and_more FROM later');
SELECT psi, kl, js, chi2, missing, unseen, rows FROM differing('TABLE features', 'TABLE later');
SELECT check_again('SELECT age, fines, loans, visits, branch, student, joined, branch AS quit FROM later'); \echo :LAST_ERROR_SQLSTATE

-- What is not a call.
SELECT cp_drift_check('no such'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'later', options => '{"exclude": ["branch", "no such"]}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'later', '-1 day', '{"time_column": "seen"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check(); \echo :LAST_ERROR_SQLSTATE
SET churnprevent.default_model = 'lib'; SELECT count(*) FROM cp_drift_check(options => NULL); RESET churnprevent.default_model;
SELECT cp_drift_check('lib', ''); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'no_such'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'DELETE FROM later RETURNING *'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'SELECT * FROM later; DELETE FROM later'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'WITH d AS (DELETE FROM later RETURNING *) SELECT * FROM d'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'SELECT *, now() AS t FROM later) s; DELETE FROM later; SELECT * FROM (SELECT now() AS t', '1 day', '{"time_column": "t"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'later', '1 day'); \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
SELECT cp_drift_check('lib', 'later', '1 day', '{"time_column": "no such"}');
SELECT cp_drift_check('lib', 'later', '1 day', '{"time_column": "branch"}');
SELECT cp_drift_check('lib', 'later', '1 day', '{"time_column": "loans"}');
\set VERBOSITY default
SELECT cp_drift_check('lib', 'later', options => '{"reference": "previous"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'later', options => '{"reference": "no_such"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'later', options => '[]'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_check('lib', 'later', options => '{"window": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT o, cp_drift_check('lib', 'later', options => o) FROM (SELECT '{"mode": "guess"}'::jsonb AS o) s; \echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION refused(options jsonb) RETURNS text LANGUAGE plpgsql AS $$ DECLARE d text; BEGIN PERFORM cp_drift_check('lib', 'later', options => options); RETURN 'taken'; EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL; RETURN concat_ws(' ', SQLSTATE, SQLERRM, d); END $$;
SELECT o, refused(o) FROM unnest(ARRAY['{"sample": -1}', '{"sample": 10000001}', '{"sample": 1.5}', '{"sample": "1"}', '{"seed": -1}', '{"seed": 9007199254740992}', '{"min_rows": 9}', '{"alpha": 0}', '{"alpha": 0.6}', '{"alpha": null}', '{"combinations": 1}', '{"record": "no"}',
	'{"exclude": 1}', '{"exclude": [1]}', '{"segment_by": 1}', '{"time_column": []}', '{"reference": {}}', '{"mode": null}']::jsonb[]) o;
-- Alerts: one row as long as it lasts. The level is set by the threshold. (Who is told, and when, is in test/specs/drift_writers.spec.)
DELETE FROM churnprevent.alert;
SELECT max(psi) AS effect FROM checked WHERE segment IS NULL \gset
CREATE FUNCTION found(psi float8, model text DEFAULT 'lib') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('churnprevent.drift_threshold_kl', '100', true), set_config('churnprevent.drift_threshold_psi', psi::text, true);
	RETURN cp_drift_json(model, 'later', options => '{"combinations": false}') ->> 'alert_level';
END $$;
CREATE VIEW alerts AS SELECT dense_rank() OVER (ORDER BY alert_id) AS no, model, source, level, times, notified_at = raised_at AS told_once, notified_at = last_at AS told_now, acknowledged_by IS NOT NULL AS seen, acknowledged_at IS NOT NULL AS seen_at, note, resolved_at IS NOT NULL AS resolved
FROM churnprevent.alert ORDER BY alert_id;
DELETE FROM churnprevent.alert;
SELECT found(100); TABLE alerts;
-- Found, and found again.
SELECT found(:effect * 1.5); TABLE alerts;
SELECT found(:effect * 1.5); TABLE alerts;
SELECT message, numbers ->> 'alert_level' AS level, numbers = (SELECT summary FROM churnprevent.drift_report ORDER BY report_id DESC LIMIT 1) AS last FROM churnprevent.alert_open;
-- Seen: it lasts, but waits for nobody. That it becomes critical is news.
SELECT cp_alert_acknowledge(alert_id, 'a campaign') FROM churnprevent.alert; TABLE alerts; SELECT count(*) FROM churnprevent.alert_open;
SELECT found(:effect * 1.5); TABLE alerts;
SELECT found(:effect / 2); TABLE alerts; SELECT count(*) FROM churnprevent.alert_open;
-- That it becomes a warning again is none.
SELECT cp_alert_acknowledge(alert_id) FROM churnprevent.alert; SELECT found(:effect * 1.5); TABLE alerts;
-- Gone, and another one when it comes back; too few rows say nothing, and statistics give no all-clear.
SELECT cp_drift_json('lib', 'SELECT * FROM later LIMIT 8') ->> 'alert_level'; TABLE alerts;
ANALYZE reader;
SELECT cp_drift_json('lib', 'reader', options => '{"mode": "statistics"}') ->> 'alert_level'; TABLE alerts;
SELECT found(100); TABLE alerts;
\set VERBOSITY sqlstate
SELECT cp_alert_acknowledge(alert_id) FROM churnprevent.alert;
\set VERBOSITY default
SELECT found(:effect / 2); TABLE alerts;
SELECT found(:effect / 2, 'weighted'); TABLE alerts;
SELECT cp_alert_acknowledge(-1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_alert_acknowledge(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT model, level FROM churnprevent.alert_open ORDER BY model;
SELECT model, count(DISTINCT feature) AS features FROM churnprevent.drift_status GROUP BY 1 ORDER BY 1;
-- What is dropped takes its reports and alerts along.
SELECT cp_drop_model('weighted');
SELECT count(*) FILTER (WHERE model = 'weighted') AS weighted, count(*) > 0 AS others FROM churnprevent.alert;
SELECT count(*) FILTER (WHERE model = 'weighted') AS weighted, count(*) > 0 AS others FROM churnprevent.drift_report;
SELECT count(*) AS without_report FROM churnprevent.drift_feature WHERE report_id NOT IN (SELECT report_id FROM churnprevent.drift_report);

DROP SCHEMA drift_test CASCADE;
DROP EXTENSION churnprevent;
CREATE EXTENSION churnprevent;
