-- The statistics of drift: against the reference cases, one another and plain SQL, in parallel, and what they refuse.
\set SHOW_CONTEXT never
-- Figures that are compared: those that are off are listed, all are counted.
CREATE TABLE figure (case_id text, what text, got float8, want float8, absolute float8, relative float8);
CREATE FUNCTION near(got float8, want float8, absolute float8, relative float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT got IS NOT DISTINCT FROM want OR coalesce(abs(got - want) <= absolute + relative * abs(want), false)
$$;
CREATE VIEW off AS SELECT * FROM figure WHERE NOT near(got, want, absolute, relative);
SELECT near(1, 1 + 1e-10, 1e-9, 0) AS yes, near(1e9, 1e9 + 1, 0, 1e-8) AS yes, near(1, 1 + 1e-8, 1e-9, 0) AS no, near(NULL, 1, 1, 1) AS no, near(1, NULL, 1, 1) AS no, near('NaN', 1, 1, 1) AS no, near('Infinity', 1, 1, 1) AS no;
CREATE TABLE reference (c jsonb);
\copy reference FROM test/data/drift.json
CREATE FUNCTION floats(a jsonb) RETURNS float8[] LANGUAGE sql IMMUTABLE AS $$ SELECT array_agg(e::float8 ORDER BY o) FROM jsonb_array_elements_text(a) WITH ORDINALITY u(e, o) $$;
CREATE TABLE sample AS
SELECT c ->> 'id' AS case_id, v AS value, is_current FROM reference, (VALUES ('ref', false), ('cur', true)) s(side, is_current), unnest(floats(c -> side)) v WHERE c ->> 'type' = 'numeric';
CREATE TABLE category AS
SELECT c ->> 'id' AS case_id, name AS value, is_current FROM reference, (VALUES ('ref', false), ('cur', true)) s(side, is_current),
	LATERAL (SELECT name, (c -> (side || '_counts') ->> (o - 1)::int)::int AS n FROM jsonb_array_elements_text(c -> 'categories') WITH ORDINALITY u(name, o) UNION ALL SELECT NULL, (c ->> ('missing_' || side))::int) k, generate_series(1, n)
WHERE c ->> 'type' = 'categorical';

-- Numbers.
CREATE VIEW measured AS SELECT case_id, cp_drift_summary(value, is_current) AS s,
	cp_drift_psi(value, is_current) AS psi, cp_drift_kl(value, is_current) AS kl, cp_drift_kl(value, is_current, '{"direction": "reverse"}'::jsonb) AS kl_reverse,
	cp_drift_kl(value, is_current, '{"normalised": true}'::jsonb) AS kl_normalised, cp_drift_kl(value, is_current, '{"normalised": true, "direction": "reverse"}'::jsonb) AS kl_normalised_reverse,
	cp_drift_js(value, is_current) AS js, cp_drift_js(value, is_current, '{"form": "distance"}'::jsonb) AS js_distance, cp_drift_js(value, is_current, '{"form": "distance", "base": 2}'::jsonb) AS js_base2,
	cp_drift_psi(value, is_current, '{"closed": "right"}'::jsonb) AS right_psi, cp_drift_kl(value, is_current, '{"closed": "right"}'::jsonb) AS right_kl, cp_drift_kl(value, is_current, '{"closed": "right", "direction": "reverse"}'::jsonb) AS right_kl_reverse,
	cp_drift_js(value, is_current, '{"closed": "right"}'::jsonb) AS right_js, (cp_drift_summary(value, is_current, '{"closed": "right"}'::jsonb)).total_variation AS right_tv,
	cp_drift_ks(value, is_current) AS ks, cp_drift_ks(value, is_current, '{"p": "limit"}') AS ks_limit, cp_drift_ks(value, is_current, '{"p": "finite"}') AS ks_finite, cp_drift_ks(value, is_current, '{"p": "exact"}') AS ks_exact,
	cp_drift_ks(value, is_current, '{"p": "exact_no_ties"}') AS ks_no_ties, cp_drift_wasserstein(value, is_current) AS w, cp_drift_wasserstein(value, is_current, '{"unit": "sd"}') AS w_sd,
	cp_drift_psi(value, is_current, '{"convention": "evidently"}'::jsonb) AS e_psi, cp_drift_kl(value, is_current, '{"convention": "evidently"}'::jsonb) AS e_kl, cp_drift_js(value, is_current, '{"convention": "evidently"}'::jsonb) AS e_js,
	cp_drift_wasserstein(value, is_current, '{"convention": "evidently"}') AS e_w, cp_drift_ks(value, is_current, '{"convention": "evidently"}') AS e_ks
FROM sample GROUP BY case_id;
INSERT INTO figure SELECT case_id, what, got, (c #>> path)::float8, absolute, relative
FROM measured JOIN reference ON case_id = c ->> 'id', LATERAL (VALUES
	('n', (s).reference_rows, '{n_ref}'::text[], 0, 0), ('m', (s).current_rows, '{n_cur}', 0, 0), ('missing n', (s).reference_missing, '{missing_ref}', 0, 0), ('missing m', (s).current_missing, '{missing_cur}', 0, 0),
	('psi', psi, '{quantile10_left_closed,psi}', 1e-9, 0), ('kl', kl, '{quantile10_left_closed,kl_ref_cur}', 1e-9, 0), ('kl reverse', kl_reverse, '{quantile10_left_closed,kl_cur_ref}', 1e-9, 0),
	('kl normalised', kl_normalised, '{quantile10_left_closed,kl_ref_cur_renormalised}', 1e-9, 0), ('kl normalised reverse', kl_normalised_reverse, '{quantile10_left_closed,kl_cur_ref_renormalised}', 1e-9, 0),
	('js', js, '{quantile10_left_closed,js_divergence_nats}', 1e-9, 0), ('js distance', js_distance, '{quantile10_left_closed,js_distance_nats}', 1e-9, 0), ('js base 2', js_base2, '{quantile10_left_closed,js_distance_base2}', 1e-9, 0),
	('tv', (s).total_variation, '{quantile10_left_closed,total_variation}', 1e-9, 0), ('right psi', right_psi, '{quantile10_right_closed,psi}', 1e-9, 0), ('right kl', right_kl, '{quantile10_right_closed,kl_ref_cur}', 1e-9, 0),
	('right kl reverse', right_kl_reverse, '{quantile10_right_closed,kl_cur_ref}', 1e-9, 0), ('right js', right_js, '{quantile10_right_closed,js_divergence_nats}', 1e-9, 0), ('right tv', right_tv, '{quantile10_right_closed,total_variation}', 1e-9, 0),
	('ks', (ks).statistic, '{ks_statistic}', 1e-12, 0), ('ks limit', (ks_limit).p_value, '{ks_p_kolmogorov_limit}', 1e-12, 1e-6), ('ks finite', (ks_finite).p_value, '{ks_p_scipy_asymp}', 1e-12, 1e-6),
	('ks no ties', (ks_no_ties).p_value, '{ks_p_scipy_exact}', 1e-12, 1e-6), ('ks exact', (ks_exact).p_value, '{ks_p_R_exact_ties}', 1e-12, 1e-6), ('ks R limit', (ks_limit).p_value, '{ks_p_R_asymptotic}', 1e-12, 1e-6),
	('wasserstein', w, '{wasserstein}', 0, 1e-9), ('wasserstein sd', w_sd, '{wasserstein_over_ref_sd}', 0, 1e-9),
	('evidently psi', e_psi, '{evidently,psi}', 1e-9, 0), ('evidently kl', e_kl, '{evidently,kl_div}', 1e-9, 0), ('evidently js', e_js, '{evidently,jensenshannon}', 1e-9, 0), ('evidently wasserstein', e_w, '{evidently,wasserstein_normed}', 0, 1e-9),
	('evidently ks', (e_ks).p_value, '{ks_p_scipy_exact}', 1e-12, 1e-6)) v(what, got, path, absolute, relative)
WHERE c #>> path IS NOT NULL OR what = 'wasserstein sd';
-- The cut points of the reference as edges, open and closed as they are; its counts by the functions of counts.
INSERT INTO figure SELECT case_id, what, got, want, 1e-9, 0 FROM reference,
	LATERAL (SELECT c ->> 'id', cp_drift_psi(value, is_current, floats(c #> '{quantile10_left_closed,cut_points}')), cp_drift_psi(value, is_current, jsonb_build_object('edges', c #> '{quantile10_right_closed,cut_points}', 'closed', 'right')) FROM sample WHERE case_id = c ->> 'id') e(case_id, l, r),
	LATERAL (VALUES ('left edges', l, (c #>> '{quantile10_left_closed,psi}')::float8), ('right edges', r, (c #>> '{quantile10_right_closed,psi}')::float8)) v(what, got, want)
WHERE c ->> 'type' = 'numeric';
CREATE FUNCTION counts(c jsonb, VARIADIC path text[]) RETURNS float8[] LANGUAGE sql IMMUTABLE AS $$ SELECT floats(c #> path) $$;
INSERT INTO figure SELECT c ->> 'id', concat_ws(' ', 'counts', cells, what), got, want, tolerance, 1e-9
FROM reference, LATERAL (VALUES ('', c), ('quantile10_left_closed', c -> 'quantile10_left_closed'), ('quantile10_right_closed', c -> 'quantile10_right_closed')) k(cells, k), LATERAL (SELECT counts(k, 'ref_counts') AS r, counts(k, 'cur_counts') AS q) n,
	LATERAL (VALUES ('psi', cp_drift_psi(r, q), (k ->> 'psi')::float8, 1e-9), ('kl', cp_drift_kl(r, q), (k ->> 'kl_ref_cur')::float8, 1e-9), ('kl reverse', cp_drift_kl(r, q, '{"direction": "reverse"}'), (k ->> 'kl_cur_ref')::float8, 1e-9),
		('kl normalised', cp_drift_kl(r, q, '{"normalised": true}'), (k ->> 'kl_ref_cur_renormalised')::float8, 1e-9), ('kl normalised reverse', cp_drift_kl(r, q, '{"normalised": true, "direction": "reverse"}'), (k ->> 'kl_cur_ref_renormalised')::float8, 1e-9),
		('js', cp_drift_js(r, q), (k ->> 'js_divergence_nats')::float8, 1e-9), ('js distance', cp_drift_js(r, q, '{"form": "distance"}'), (k ->> 'js_distance_nats')::float8, 1e-9), ('js base 2', cp_drift_js(r, q, '{"form": "distance", "base": 2}'), (k ->> 'js_distance_base2')::float8, 1e-9),
		('chi2', (cp_drift_chi2(r, q)).statistic, (k #>> '{chi2_homogeneity,statistic}')::float8, 0), ('df', (cp_drift_chi2(r, q)).df, (k #>> '{chi2_homogeneity,dof}')::float8, 0), ('p', (cp_drift_chi2(r, q)).p_value, (k #>> '{chi2_homogeneity,p}')::float8, 1e-12),
		('fit', (cp_drift_chi2(r, q, '{"test": "goodness_of_fit"}')).statistic, (k #>> '{chi2_goodness_of_fit,statistic}')::float8, 0), ('fit df', (cp_drift_chi2(r, q, '{"test": "goodness_of_fit"}')).df, (k #>> '{chi2_goodness_of_fit,dof}')::float8, 0),
		('fit p', (cp_drift_chi2(r, q, '{"test": "goodness_of_fit"}')).p_value, (k #>> '{chi2_goodness_of_fit,p}')::float8, 1e-12), ('evidently psi', cp_drift_psi(r, q, '{"convention": "evidently"}'), (k #>> '{evidently,psi}')::float8, 1e-9),
		('evidently kl', cp_drift_kl(r, q, '{"convention": "evidently"}'), (k #>> '{evidently,kl_div}')::float8, 1e-9), ('evidently js', cp_drift_js(r, q, '{"convention": "evidently"}'), (k #>> '{evidently,jensenshannon}')::float8, 1e-9)) v(what, got, want, tolerance)
WHERE want IS NOT NULL AND r IS NOT NULL;
-- Categories.
INSERT INTO figure SELECT case_id, what, got, (c #>> path)::float8, absolute, relative
FROM (SELECT case_id, cp_drift_summary(value, is_current) AS s, cp_drift_psi(value, is_current) AS psi, cp_drift_kl(value, is_current) AS kl, cp_drift_kl(value, is_current, '{"direction": "reverse"}') AS kl_reverse,
		cp_drift_kl(value, is_current, '{"normalised": true}') AS kl_normalised, cp_drift_kl(value, is_current, '{"normalised": true, "direction": "reverse"}') AS kl_normalised_reverse, cp_drift_js(value, is_current) AS js,
		cp_drift_js(value, is_current, '{"form": "distance"}') AS js_distance, cp_drift_js(value, is_current, '{"form": "distance", "base": 2}') AS js_base2, cp_drift_chi2(value, is_current) AS chi2,
		cp_drift_chi2(value, is_current, '{"test": "goodness_of_fit"}') AS fit, cp_drift_psi(value, is_current, '{"convention": "evidently"}') AS e_psi, cp_drift_kl(value, is_current, '{"convention": "evidently"}') AS e_kl,
		cp_drift_js(value, is_current, '{"convention": "evidently"}') AS e_js, cp_drift_chi2(value, is_current, '{"convention": "evidently"}') AS e_chi2
	FROM category GROUP BY case_id) m JOIN reference ON case_id = c ->> 'id', LATERAL (VALUES
	('n', (s).reference_rows, '{n_ref}'::text[], 0, 0), ('m', (s).current_rows, '{n_cur}', 0, 0), ('missing n', (s).reference_missing, '{missing_ref}', 0, 0), ('missing m', (s).current_missing, '{missing_cur}', 0, 0),
	('psi', psi, '{psi}', 1e-9, 0), ('kl', kl, '{kl_ref_cur}', 1e-9, 0), ('kl reverse', kl_reverse, '{kl_cur_ref}', 1e-9, 0), ('kl normalised', kl_normalised, '{kl_ref_cur_renormalised}', 1e-9, 0),
	('kl normalised reverse', kl_normalised_reverse, '{kl_cur_ref_renormalised}', 1e-9, 0), ('js', js, '{js_divergence_nats}', 1e-9, 0), ('js distance', js_distance, '{js_distance_nats}', 1e-9, 0), ('js base 2', js_base2, '{js_distance_base2}', 1e-9, 0),
	('tv', (s).total_variation, '{total_variation}', 1e-9, 0), ('chi2', (chi2).statistic, '{chi2_homogeneity,statistic}', 0, 1e-9), ('df', (chi2).df, '{chi2_homogeneity,dof}', 0, 0), ('p', (chi2).p_value, '{chi2_homogeneity,p}', 1e-12, 1e-6),
	('fit', (fit).statistic, '{chi2_goodness_of_fit,statistic}', 0, 1e-9), ('fit df', (fit).df, '{chi2_goodness_of_fit,dof}', 0, 0), ('fit p', (fit).p_value, '{chi2_goodness_of_fit,p}', 1e-12, 1e-6),
	('evidently psi', e_psi, '{evidently,psi}', 1e-9, 0), ('evidently kl', e_kl, '{evidently,kl_div}', 1e-9, 0), ('evidently js', e_js, '{evidently,jensenshannon}', 1e-9, 0), ('evidently fit', (e_chi2).p_value, '{chi2_goodness_of_fit,p}', 1e-12, 1e-6)) v(what, got, path, absolute, relative);
SELECT c ->> 'type' AS type, count(DISTINCT c ->> 'id') AS cases, count(*) AS figures, count(want) AS wanted FROM reference LEFT JOIN figure ON case_id = c ->> 'id' GROUP BY 1 ORDER BY 1;
SELECT * FROM off ORDER BY 1, 2;
-- Which law is told: exact of few pairs, else the limit; SciPy's default in Evidently's convention. The test of chi-square is told too.
SELECT case_id, (ks).kind, (ks_limit).kind AS asked, (e_ks).kind AS evidently, (ks).df IS NULL AS no_df FROM measured WHERE case_id IN ('d_v01', 'd_v03') ORDER BY 1;
SELECT (cp_drift_chi2(value, is_current)).kind, (cp_drift_chi2(value, is_current, '{"convention": "evidently"}')).kind AS evidently FROM category WHERE case_id = 'c_v01';
-- The summary says what its parts say, whatever the options.
TRUNCATE figure;
INSERT INTO figure SELECT case_id || options::text, what, got, want, 0, 0 FROM (SELECT case_id, options, cp_drift_summary(value, is_current, options) AS s,
		cp_drift_psi(value, is_current, options - '{direction,form,p,test,unit}'::text[]) AS psi, cp_drift_kl(value, is_current, options - '{form,p,test,unit}'::text[]) AS kl, cp_drift_js(value, is_current, options - '{direction,p,test,unit}'::text[]) AS js,
		cp_drift_chi2(value, is_current, options - '{direction,form,p,unit}'::text[]) AS chi2, cp_drift_ks(value, is_current, options - '{bins,closed,direction,form,test,unit}'::text[]) AS ks,
		cp_drift_wasserstein(value, is_current, options - '{bins,closed,direction,form,p,test}'::text[]) AS w
	FROM sample, unnest(ARRAY['{}', '{"bins": 4, "closed": "right", "direction": "reverse", "form": "distance", "p": "finite", "test": "goodness_of_fit", "unit": "sd"}', '{"convention": "evidently"}']::jsonb[]) options GROUP BY 1, 2) m,
	LATERAL (VALUES ('psi', (s).psi, psi), ('kl', (s).kl, kl), ('js', (s).js, js), ('chi2', (s).chi2, (chi2).statistic), ('df', (s).chi2_df, (chi2).df), ('chi2 p', (s).chi2_p, (chi2).p_value), ('ks', (s).ks, (ks).statistic), ('ks p', (s).ks_p, (ks).p_value),
		('w', (s).wasserstein, w), ('chance', (s).psi_by_chance, (s).chi2_df * (1 / (s).reference_rows::float8 + 1 / (s).current_rows::float8)), ('exact', (s).rank_error, 0)) v(what, got, want);
SELECT count(*) AS figures, count(got) AS known FROM figure;
SELECT * FROM off ORDER BY 1, 2;
-- bins and edges as arguments are those options; a share of values is unseen.
SELECT cp_drift_psi(value, is_current, 4) = cp_drift_psi(value, is_current, '{"bins": 4}'::jsonb) AS bins, cp_drift_kl(value, is_current, '{0,1}'::float8[]) = cp_drift_kl(value, is_current, '{"edges": [0, 1]}'::jsonb) AS edges,
	cp_drift_psi(value, is_current, NULL::int) = cp_drift_psi(value, is_current) AS null_bins, cp_drift_psi(value, is_current, NULL::jsonb) = cp_drift_psi(value, is_current) AS null_options, cp_drift_psi(value, is_current, '{"bins": null}'::jsonb) = cp_drift_psi(value, is_current) AS null_option
FROM sample WHERE case_id = 'd_v04';
SELECT (cp_drift_summary(value, is_current)).unseen FROM category WHERE case_id = 'c_v03';
SELECT s.* FROM (SELECT cp_drift_summary(value, is_current, '{0,1}'::float8[]) AS s FROM sample WHERE case_id = 'd_v04') q, LATERAL (SELECT (s).ks, (s).wasserstein, (s).unseen, (s).chi2_df) s;

-- Several over the same arguments share one state: what PostgreSQL asks for that is the same in all of them.
SELECT count(*) AS aggregates, count(DISTINCT aggtransfn) AS transitions, count(DISTINCT (aggcombinefn, aggserialfn, aggdeserialfn, aggtranstype, aggtransspace)) AS rests, bool_and(agginitval IS NULL AND aggfinalmodify = 'r') AS shareable,
	bool_and((SELECT count(DISTINCT b.aggtransfn) FROM pg_aggregate b JOIN pg_proc q ON q.oid = b.aggfnoid WHERE q.proname LIKE 'cp\_drift\_%' AND q.proargtypes = p.proargtypes) = 1) AS one_an_input
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE proname LIKE 'cp\_drift\_%';

-- Empty sides, nothing, one distinct value, eight rows, infinities, NULL and NaN.
CREATE FUNCTION told(r anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg(format('%s %s', key, CASE WHEN value ~ '^[0-9.e-]+$' THEN round(value::numeric, 4)::text ELSE value END), ', ' ORDER BY o) FROM json_each_text(row_to_json(r)) WITH ORDINALITY v(key, value, o) WHERE value IS NOT NULL $$;
CREATE TABLE odd (what text, value float8, is_current boolean);
INSERT INTO odd SELECT what, v, is_current FROM (VALUES ('no reference', false, '{}'::float8[]), ('no reference', true, '{1,2,3}'), ('no current', false, '{1,2,3}'), ('no current', true, '{}'), ('all missing', false, '{NULL,NaN}'), ('all missing', true, '{NULL}'),
	('current missing', false, '{1,2}'), ('current missing', true, '{NaN}'), ('one value', false, '{5,5,5}'), ('one value', true, '{5,5}'), ('eight rows', false, '{1,2,3,4}'), ('eight rows', true, '{2,3,4,5}'), ('infinite', false, '{-Infinity,0,1,2,Infinity}'), ('infinite', true, '{0,1,Infinity,Infinity}'),
	('neither', NULL, '{1,2,3}'), ('huge', false, '{-1.7e308,0,1.7e308}'), ('huge', true, '{-1e308,1e308,1.7e308}'), ('minus zero', false, '{-0,0}'), ('minus zero', true, '{0,-0,0}')) s(what, is_current, vs), unnest(vs) v;
SELECT what, told(cp_drift_summary(value, is_current)) FROM odd GROUP BY what ORDER BY what;
SELECT what, cp_drift_psi(value, is_current) IS NULL AS psi, cp_drift_ks(value, is_current) IS NULL AS ks, cp_drift_chi2(value, is_current) IS NULL AS chi2, cp_drift_wasserstein(value, is_current) IS NULL AS wasserstein,
	cp_drift_js(value, is_current, '{"convention": "evidently"}'::jsonb) IS NULL AS evidently, cp_drift_kl(value::text, is_current) IS NULL AS texts FROM odd WHERE what LIKE 'no %' OR what LIKE '%missing' OR what = 'neither' GROUP BY what ORDER BY what;
SELECT cp_drift_psi(value, is_current), cp_drift_ks(value, is_current), cp_drift_summary(value, is_current) FROM odd WHERE false;
SELECT cp_drift_psi(value, is_current, '{"convention": "evidently"}'::jsonb) FROM odd WHERE what = 'infinite'; \echo :LAST_ERROR_SQLSTATE
SELECT told(cp_drift_summary(nullif(v, 'none'), n % 2 = 0)) FROM (VALUES (1, 'a'), (2, 'a'), (3, ''), (4, 'none'), (5, 'ä'), (6, 'a '), (NULL, 'c')) s(n, v);
-- Frames: a state goes on after it was asked.
SELECT array_agg(round(psi::numeric, 4)) AS psi, array_agg(ks) AS ks FROM (SELECT cp_drift_psi(value, is_current) OVER w AS psi, (cp_drift_ks(value, is_current) OVER w).statistic AS ks FROM odd WHERE what = 'eight rows' WINDOW w AS (ORDER BY value, is_current)) s;

-- Beyond 2,000,000 values a side: within the bound that is told.
SET churnprevent.training_memory = '1GB';
SELECT rank_error > 0 AS thinned, rank_error < 0.0001 AS small, abs(ks - 0.05) <= 2 * rank_error AS ks, abs(wasserstein - 0.05) < 0.0001 AS wasserstein, reference_rows, current_rows, abs(psi - 0.05 * ln(3)) < 0.0005 AS psi
FROM (SELECT (s).* FROM (SELECT cp_drift_summary((n::bigint * 7919 % 2100001) / 2100001.0::float8 + CASE WHEN c THEN 0.05 ELSE 0 END, c) AS s FROM generate_series(1, 2100001) n, (VALUES (true), (false)) c(c)) q) f;
SELECT cp_drift_ks(n, n % 2 = 0, '{"p": "exact"}') FROM generate_series(1, 4000100) n; \echo :LAST_ERROR_SQLSTATE
SELECT (cp_drift_summary(n, n > 4000000)).rank_error > 0 AS reference, (cp_drift_summary(n, n > 100)).rank_error > 0 AS current, (cp_drift_summary(n, n % 2 = 0)).rank_error FROM generate_series(1, 4000100) n WHERE n <= 2000101 OR n > 4000000;
-- Against edges counts stay exact.
SELECT chi2 = 0 AS same, reference_rows, rank_error FROM (SELECT (s).* FROM (SELECT cp_drift_summary(n % 4, n % 8 < 4, '{1,2,3}'::float8[]) AS s FROM generate_series(1, 4400000) n) q) f;
SET churnprevent.training_memory = '1MB';
SELECT cp_drift_psi(n, n % 2 = 0) FROM generate_series(1, 400000) n; \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_psi(n::text, n % 2 = 0) FROM generate_series(1, 100000) n; \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_psi(n, n % 2 = 0, '{1000,2000}'::float8[]) < 1e-4 AS counted FROM generate_series(1, 400000) n;
RESET churnprevent.training_memory;

-- Parallel plans give the same answers.
CREATE TABLE drift_test AS SELECT n AS id, n % 3 AS part, CASE WHEN n % 11 > 0 THEN (n::bigint * 7919 % 10007) / 100.0 + CASE WHEN n % 2 = 0 THEN 5 ELSE 0 END + CASE n WHEN 30000 THEN 500 WHEN 29999 THEN -500 ELSE 0 END END::float8 AS spend, 'plan ' || (n::bigint * 7919 % 10007) % CASE WHEN n % 2 = 0 THEN 7 ELSE 9 END AS plan, NULLIF(n % 13, 0) % 2 = 0 AS is_current
FROM generate_series(1, 30000) n;
ALTER TABLE drift_test SET (parallel_workers = 4);
VACUUM ANALYZE drift_test;
SELECT version FROM cp_train('drift', 'SELECT spend, plan, is_current AS gone FROM drift_test WHERE id <= 3000 AND is_current IS NOT NULL', 'gone', '{"members": "gbm", "gbm": {"rounds": 5}}');
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
CREATE FUNCTION plan_of(query text) RETURNS TABLE (nodes text[], planned int, launched int) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	RETURN QUERY WITH RECURSIVE node(n) AS (
		SELECT plan -> 0 -> 'Plan' UNION ALL SELECT json_array_elements(n -> 'Plans') FROM node
	) SELECT array_agg(concat_ws(' ', NULLIF(n ->> 'Partial Mode', 'Simple'), n ->> 'Node Type')), max((n ->> 'Workers Planned')::int), max((n ->> 'Workers Launched')::int)
	FROM node;
END
$$;
CREATE TABLE asked AS SELECT format('cp_drift_%s(%s)', f, a) AS what
FROM unnest('{psi,kl,js,chi2,ks,wasserstein,summary}'::text[]) f, unnest(ARRAY['spend, is_current', 'spend, is_current, 7', 'spend, is_current, ''{10,50}''::float8[]', 'spend, is_current, ''{"convention": "evidently"}''::jsonb', 'plan, is_current', 'plan, is_current, ''{"convention": "evidently"}''::jsonb',
	'spend, ''drift'', ''spend''', 'plan, ''drift'', ''plan''']) WITH ORDINALITY a(a, o) WHERE f NOT IN ('ks', 'wasserstein') OR o IN (1, 4, 7);
SET max_parallel_workers_per_gather = 4;
SELECT count(*) AS asked, bool_and('Partial Aggregate' = ANY (nodes) AND 'Finalize Aggregate' = ANY (nodes)) AS partial, min(planned) AS planned, bool_or(launched > 0) AS launched FROM asked, plan_of(format('SELECT %s FROM drift_test', what));
CREATE TABLE answer (how text, what text, part int, answer text);
CREATE FUNCTION answers(how text, workers int, source text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	a asked;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	FOR a IN TABLE asked LOOP
		EXECUTE format('INSERT INTO answer SELECT %L, %L, part, s::text FROM (SELECT part, %s AS s FROM %I GROUP BY part UNION ALL SELECT NULL, %s FROM %I) q', how, a.what, a.what, source, a.what, source);
	END LOOP;
	RETURN count(answer) FROM answer;
END
$$;
SELECT answers('no worker', 0, 'drift_test'), answers('one', 1, 'drift_test'), answers('four', 4, 'drift_test');
-- One worker may be quick enough to leave the others nothing; of partitions each has its own state for certain.
CREATE TABLE drift_parts (LIKE drift_test) PARTITION BY RANGE (id);
CREATE TABLE drift_part1 PARTITION OF drift_parts FOR VALUES FROM (1) TO (9000);
CREATE TABLE drift_part2 PARTITION OF drift_parts FOR VALUES FROM (9000) TO (9001);
CREATE TABLE drift_part3 PARTITION OF drift_parts FOR VALUES FROM (9001) TO (30001);
INSERT INTO drift_parts TABLE drift_test;
VACUUM ANALYZE drift_parts;
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
SELECT bool_and((SELECT count(*) FROM unnest(nodes) n WHERE n LIKE 'Partial %Aggregate') = 3 AND nodes && '{Finalize Aggregate}') AS partial FROM asked, plan_of(format('SELECT %s FROM drift_parts', what));
SELECT answers('partitions', 0, 'drift_parts');
SELECT count(*) AS questions, max(answers) AS answers, min(ways) AS ways FROM (SELECT count(DISTINCT answer) AS answers, count(DISTINCT how) FILTER (WHERE answer IS NOT NULL) AS ways FROM answer GROUP BY what, part) s;
-- The order of the rows does not matter either.
SELECT count(*) AS questions, bool_and(up = down) AS same FROM (SELECT part, cp_drift_summary(plan, is_current ORDER BY id)::text AS up, cp_drift_summary(plan, is_current ORDER BY plan DESC)::text AS down FROM drift_test GROUP BY part
	UNION ALL SELECT part, cp_drift_summary(spend, is_current ORDER BY id)::text, cp_drift_summary(spend, is_current ORDER BY spend DESC)::text FROM drift_test GROUP BY part) s;
-- All must be asked the same.
SELECT cp_drift_psi(spend, is_current, 2 + id / 9000) FROM drift_parts WHERE id <= 9000; \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_psi(spend, is_current, ARRAY[10, 20 + id / 9000]) FROM drift_parts WHERE id <= 9000; \echo :LAST_ERROR_SQLSTATE
RESET enable_partitionwise_aggregate;

-- Against a model's reference: current rows only, as the same cells by hand say.
RESET max_parallel_workers_per_gather;
SELECT told(cp_drift_summary(spend, 'drift', 'spend')) FROM drift_test WHERE id <= 3000 AND is_current IS NOT NULL;
SELECT told(cp_drift_summary(plan, 'drift', 'plan')) FROM drift_test WHERE id <= 3000 AND is_current IS NOT NULL;
SELECT cp_drift_psi(spend + 40, 'drift', 'spend') > 0.5 AS moved, (cp_drift_ks(spend + 40, 'drift', 'spend')).statistic > 0.3 AS ks, (cp_drift_ks(spend, 'drift', 'spend')).kind, round(cp_drift_wasserstein(spend + 40, 'drift', 'spend')) AS wasserstein FROM drift_test;
SELECT ks_p BETWEEN 0.001 AND 0.9 AS middling, near(ks_p, 2 * (exp(-2 * z2) - exp(-8 * z2) + exp(-18 * z2) - exp(-32 * z2) + exp(-50 * z2) - exp(-72 * z2)), 0, 1e-9) AS limit_law
FROM (SELECT (s).ks_p, reference_rows::float8 * current_rows / (reference_rows + current_rows) * ks ^ 2 AS z2 FROM (SELECT cp_drift_summary(spend + 4, 'drift', 'spend') AS s FROM drift_test WHERE id <= 500) m, LATERAL (SELECT (s).*) f) q;
SELECT (cp_drift_summary('plan 1  ', 'drift', 'plan')).unseen AS trimmed, (cp_drift_summary('plan 99', 'drift', 'plan')).unseen FROM drift_test;
SET churnprevent.default_model = 'drift';
SELECT cp_drift_psi(spend, NULL, 'spend') = cp_drift_psi(spend, 'drift', 'spend') AS by_default FROM drift_test;
RESET churnprevent.default_model;
SELECT cp_drift_psi(spend, 'nobody', 'spend') FROM drift_test; \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_psi(spend, 'drift', 'nothing') FROM drift_test; \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_psi(spend, 'drift', NULL) FROM drift_test; \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_psi(spend, 'drift', 'plan') FROM drift_test; \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_psi(plan, 'drift', 'spend') FROM drift_test; \echo :LAST_ERROR_SQLSTATE
SET max_parallel_workers_per_gather = 0;
SELECT cp_drift_psi(spend, 'drift', CASE WHEN id % 2 = 1 THEN 'spend' ELSE 'plan' END) FROM drift_test; \echo :LAST_ERROR_SQLSTATE
CREATE ROLE regress_drift;
SET ROLE regress_drift;
SELECT cp_drift_psi(value, value > 1) IS NULL AS for_all FROM unnest('{1,2}'::float8[]) value;
SELECT cp_drift_psi(1::float8, 'drift', 'spend'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drift_summary('a'::text, 'drift', 'plan'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT cp_grant('regress_drift', 'reader');
SET ROLE regress_drift;
SELECT cp_drift_psi(1::float8, 'drift', 'spend'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT cp_grant_model('drift', 'regress_drift');
SET ROLE regress_drift;
SELECT cp_drift_psi(1::float8, 'drift', 'spend') > 0 AS granted;
RESET ROLE;
SELECT cp_revoke('regress_drift'), cp_revoke_model('drift', 'regress_drift');
DROP ROLE regress_drift;

-- Options that are refused, told with detail and hint.
CREATE FUNCTION refused(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'answered';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, NULLIF(detail, ''), NULLIF(hint, ''));
END
$$;
SELECT a, refused(format('SELECT cp_drift_%s FROM odd WHERE what = ''eight rows''', a)) FROM unnest(ARRAY['psi(value, is_current, 0)', 'psi(value, is_current, 1)', 'kl(value, is_current, 100000)', 'psi(value, is_current, -5)', 'psi(value, is_current, ''{"bins": 0}''::jsonb)', 'psi(value, is_current, ''{"bins": 100000}''::jsonb)',
	'psi(value, is_current, ''{"bins": 2.5}''::jsonb)', 'psi(value, is_current, ''{"bins": "ten"}''::jsonb)', 'psi(value, is_current, ''{}''::float8[])', 'psi(value, is_current, ''{3,2}''::float8[])', 'psi(value, is_current, ''{2,2}''::float8[])', 'psi(value, is_current, ''{1,NaN}''::float8[])', 'psi(value, is_current, ''{1,NULL}''::float8[])',
	'psi(value, is_current, ''{{1,2}}''::float8[])', 'psi(value, is_current, ''{1,Infinity}''::float8[])', 'psi(value, is_current, array_fill(1::float8, ''{1000}''))', 'psi(value, is_current, ''{"edges": [3, 2]}''::jsonb)', 'psi(value, is_current, ''{"edges": 3}''::jsonb)', 'psi(value, is_current, ''{"edges": ["a"]}''::jsonb)', 'psi(value, is_current, ''{"edges": []}''::jsonb)',
	'psi(value, is_current, ''{"edges": [1], "bins": 3}''::jsonb)', 'psi(value, is_current, ''{"buckets": 3}''::jsonb)', 'psi(value, is_current, ''[]''::jsonb)', 'psi(value, is_current, ''{"convention": "nannyml"}''::jsonb)', 'psi(value, is_current, ''{"closed": ["left"]}''::jsonb)', 'psi(value, is_current, ''{"direction": "reverse"}''::jsonb)',
	'js(value, is_current, ''{"base": 10}''::jsonb)', 'js(value, is_current, ''{"test": "homogeneity"}''::jsonb)', 'ks(value, is_current, ''{"bins": 10}'')', 'ks(value, is_current, ''{"edges": [1]}'')', 'ks(value, is_current, ''{"p": "asymp"}'')', 'wasserstein(value, is_current, ''{"p": "limit"}'')', 'chi2(value, is_current, ''{"unit": "sd"}''::jsonb)', 'psi(value::text, is_current, ''{"bins": 3}'')',
	'psi(value, is_current, value::int)', 'psi(value, is_current, ARRAY[value])', 'psi(value, is_current, jsonb_build_object(''bins'', 1 + value))', 'psi(ARRAY[1,2,3], ARRAY[1,2])', 'psi(ARRAY[1,-2], ARRAY[1,2])', 'psi(ARRAY[1,NULL], ARRAY[1,2])', 'psi(ARRAY[1,2], ''{1,NaN}''::float8[])', 'kl(ARRAY[1,2], ''{1,Infinity}''::float8[])', 'js(ARRAY[[1,2]], ARRAY[1,2])',
	'kl(ARRAY[1,2], ARRAY[1,2], ''{"closed": "left"}'')', 'chi2(ARRAY[1,2], ARRAY[1,2], ''{"form": "distance"}'')', 'psi(ARRAY[1,2], ARRAY[1,2], ''[]'')']) WITH ORDINALITY u(a, o) ORDER BY o;
-- Counts: nothing on a side, one cell, none, shares in place of counts.
SELECT cp_drift_psi(ARRAY[0,0], ARRAY[1,2]) IS NULL AS empty, cp_drift_chi2(ARRAY[1,2], ARRAY[0,0]) IS NULL AS empty, cp_drift_psi('{}'::float8[], '{}'::float8[]) IS NULL AS none, cp_drift_js(NULL, ARRAY[1,2]) IS NULL AS nothing, cp_drift_psi(ARRAY[3], ARRAY[5]) AS one_cell, (cp_drift_chi2(ARRAY[3], ARRAY[5])).p_value AS one_cell,
	near(cp_drift_kl(ARRAY[0.25,0.75], ARRAY[0.5,0.5]), cp_drift_kl(ARRAY[1,3], ARRAY[8,8]), 1e-15, 0) AS shares, cp_drift_psi(ARRAY[1e300,1e300], ARRAY[1e-300,1e-300]) AS huge, cp_drift_psi(reference => ARRAY[1,2], current => ARRAY[1,2], options => NULL) AS named;

-- By hand: parts of an aggregate are refused outside of one, and bytes that no state wrote within one.
SELECT call, refused('SELECT ' || call || ' IS NULL') FROM unnest(ARRAY['cp_drift_transition(NULL::internal, 1::float8, true)', 'cp_drift_transition(NULL::internal, 1::float8, true, 3)', 'cp_drift_transition(NULL::internal, 1::float8, true, ''{3}''::float8[])',
	'cp_drift_transition(NULL::internal, 1::float8, true, ''{}''::jsonb)', 'cp_drift_transition(NULL::internal, ''a'', true)', 'cp_drift_transition(NULL::internal, ''a'', true, ''{}''::jsonb)', 'cp_drift_transition(NULL::internal, 1::float8, ''drift'', ''spend'')',
	'cp_drift_transition(NULL::internal, ''a''::text, ''drift'', ''plan'')', 'cp_drift_combine(NULL::internal, NULL::internal)', 'cp_drift_serialize(NULL::internal)', 'cp_drift_serialize(''\x00''::internal)', 'cp_drift_deserialize(''\x00'', NULL::internal)', 'cp_drift_psi_final(NULL::internal)',
	'cp_drift_summary_final(NULL::internal)', 'cp_drift_psi_final(''\x00'')', 'cp_drift_ks_final(''\x00''::bytea)']) WITH ORDINALITY u(call, o) ORDER BY o;
-- Even where somebody gives them another signature.
DO $$
DECLARE
	part text;
BEGIN
	FOREACH part IN ARRAY '{transition,transition_bins,transition_edges,transition_options,transition_text,transition_model,transition_model_text,combine,serialize,deserialize,psi_final,kl_final,js_final,chi2_final,ks_final,wasserstein_final,summary_final}'::text[] LOOP
		EXECUTE format('CREATE FUNCTION forged_%s(bigint, bigint, boolean, bigint) RETURNS bigint LANGUAGE c AS %L, %L', part, (SELECT probin FROM pg_proc WHERE proname = 'cp_drift_combine'), 'cp_drift_' || part);
	END LOOP;
END $$;
SELECT count(*), refused(format('SELECT %I(12345, 67890, true, 13579)', proname)), refused(format('SELECT %I(NULL, 0, true, 0)', proname)) FROM pg_proc WHERE proname LIKE 'forged\_%' GROUP BY 2, 3;
CREATE AGGREGATE drift_bytes(float8, boolean, jsonb) (SFUNC = cp_drift_transition, STYPE = internal, FINALFUNC = cp_drift_serialize);
CREATE AGGREGATE drift_bytes(text, boolean) (SFUNC = cp_drift_transition, STYPE = internal, FINALFUNC = cp_drift_serialize);
CREATE AGGREGATE drift_bytes(float8, text, text) (SFUNC = cp_drift_transition, STYPE = internal, FINALFUNC = cp_drift_serialize);
DO $$ BEGIN
	EXECUTE format('CREATE FUNCTION loaded(bytea) RETURNS bigint LANGUAGE c AS %L, %L', (SELECT probin FROM pg_proc WHERE proname = 'cp_drift_deserialize'), 'cp_drift_deserialize');
END $$;
CREATE FUNCTION later(bytea, bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT $2';
CREATE AGGREGATE loads(bytea) (SFUNC = later, STYPE = bytea, FINALFUNC = loaded);
CREATE FUNCTION outcome(forged bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN loads(forged) IS NOT NULL THEN 'read' END;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
CREATE TABLE state AS SELECT drift_bytes(value, is_current, '{"bins": 3}') AS bytes FROM odd WHERE what = 'eight rows' UNION ALL SELECT drift_bytes(value, is_current, '{"edges": [2, 3]}') FROM odd WHERE what = 'eight rows'
	UNION ALL SELECT drift_bytes(value, is_current) FROM category WHERE case_id = 'c_v05' UNION ALL SELECT drift_bytes(spend, 'drift', 'spend') FROM drift_test;
SELECT outcome(bytes), outcome(bytes || '\x00') AS longer, outcome(substr(bytes, 1, length(bytes) - 1)) AS shorter, outcome('\x'), outcome('\xdeadbeef') FROM state;
SELECT count(*) > 500 AS many, count(*) FILTER (WHERE o <> '22023') AS others FROM state, generate_series(0, length(bytes) - 1, 3) i, LATERAL outcome(set_byte(bytes, i, get_byte(bytes, i) # 1)) o;

DO $$
DECLARE
	part regprocedure;
BEGIN
	FOR part IN SELECT oid FROM pg_proc WHERE proname LIKE 'forged\_%' LOOP
		EXECUTE 'DROP FUNCTION ' || part;
	END LOOP;
END $$;
SELECT cp_drop_model('drift');
DROP AGGREGATE drift_bytes(float8, boolean, jsonb), drift_bytes(text, boolean), drift_bytes(float8, text, text), loads(bytea);
DROP VIEW off, measured;
DROP FUNCTION near, floats, counts, told, plan_of, answers, refused, loaded, later, outcome;
DROP TABLE figure, reference, sample, category, odd, drift_test, drift_parts, asked, answer, state;
