-- Statistics of A/B tests: against the reference cases, the aggregate against the functions and plain SQL, and what they refuse.
\set SHOW_CONTEXT never
-- Figures that are compared: those that are off are listed, all are counted.
CREATE TABLE figure (case_id text, what text, got float8, want float8, tolerance float8);
CREATE FUNCTION near(got float8, want float8, tolerance float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT got IS NOT DISTINCT FROM want OR coalesce(abs(got - want) <= tolerance * greatest(abs(want), 1e-300), false)
$$;
CREATE VIEW off AS SELECT * FROM figure WHERE NOT near(got, want, tolerance);
SELECT near(1, 1 + 1e-9, 1e-8) AS yes, near(1, 1 + 1e-7, 1e-8) AS no, near(NULL, 1, 1) AS no, near(1, NULL, 1) AS no, near('NaN', 1, 1) AS no;
CREATE TABLE reference (c jsonb);
\copy reference FROM test/data/ab_tests.json
CREATE FUNCTION bigints(a jsonb) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$ SELECT array_agg(e::bigint ORDER BY o) FROM jsonb_array_elements_text(a) WITH ORDINALITY u(e, o) $$;
CREATE FUNCTION floats(a jsonb) RETURNS float8[] LANGUAGE sql IMMUTABLE AS $$ SELECT array_agg(e::float8 ORDER BY o) FROM jsonb_array_elements_text(a) WITH ORDINALITY u(e, o) $$;

-- By counts. The interval of a case in the reference's words is of one in ours.
INSERT INTO figure SELECT c ->> 'id', name, (to_jsonb(r) ->> name)::float8, (c #>> path)::float8, CASE WHEN path[1] = 'bayes_beta_1_1' THEN 1e-7 / (c #>> path)::float8 ELSE 1e-8 END
FROM reference, LATERAL cp_ab_proportions((c #>> '{a,conversions}')::bigint, (c #>> '{a,n}')::bigint, (c #>> '{b,conversions}')::bigint, (c #>> '{b,n}')::bigint, (c ->> 'alpha')::float8) r,
	(VALUES ('rate_a', '{rate_a}'::text[]), ('rate_b', '{rate_b}'), ('difference', '{difference}'), ('z_pooled', '{z_pooled}'), ('p_pooled', '{p_pooled}'), ('se_unpooled', '{se_unpooled}'), ('z_unpooled', '{z_unpooled}'),
		('p_unpooled', '{p_unpooled}'), ('p_fisher', '{p_fisher_two_sided}'), ('wald_lower', '{ci_difference_wald,0}'), ('wald_upper', '{ci_difference_wald,1}'), ('newcombe_lower', '{ci_difference_newcombe,0}'),
		('newcombe_upper', '{ci_difference_newcombe,1}'), ('agresti_caffo_lower', '{ci_difference_agresti_caffo,0}'), ('agresti_caffo_upper', '{ci_difference_agresti_caffo,1}'), ('wilson_a_lower', '{wilson_ci_a,0}'),
		('wilson_a_upper', '{wilson_ci_a,1}'), ('wilson_b_lower', '{wilson_ci_b,0}'), ('wilson_b_upper', '{wilson_ci_b,1}'), ('clopper_pearson_a_lower', '{clopper_pearson_ci_a,0}'), ('clopper_pearson_a_upper', '{clopper_pearson_ci_a,1}'),
		('clopper_pearson_b_lower', '{clopper_pearson_ci_b,0}'), ('clopper_pearson_b_upper', '{clopper_pearson_ci_b,1}'), ('lift', '{relative_lift}'), ('lift_se', '{relative_lift_se_delta}'),
		('lift_lower', '{ci_relative_lift_delta,0}'), ('lift_upper', '{ci_relative_lift_delta,1}'), ('lift_log_lower', '{ci_relative_lift_log,0}'), ('lift_log_upper', '{ci_relative_lift_log,1}'),
		('probability_b_best', '{bayes_beta_1_1,prob_b_beats_a}'), ('expected_loss_a', '{bayes_beta_1_1,expected_loss_choose_a}'), ('expected_loss_b', '{bayes_beta_1_1,expected_loss_choose_b}')) v(name, path)
WHERE c ->> 'type' = 'two_proportions' AND c #>> path IS NOT NULL;
INSERT INTO figure SELECT c ->> 'id', what, got, want, 1e-8 FROM reference,
	LATERAL (SELECT (cp_ab_chi_square(bigints(c -> 'conversions'), bigints(c -> 'n'))).* WHERE c ->> 'type' = 'k_proportions_chi2' UNION ALL
		SELECT chi_square, df, p_value FROM cp_ab_srm(bigints(c -> 'observed'), floats(c -> 'weights')) WHERE c ->> 'type' = 'srm') r,
	LATERAL (VALUES ('chi2', chi_square, (c ->> 'chi2')::float8), ('df', df, (c ->> 'dof')::float8), ('p', p_value, (c ->> 'p')::float8)) v(what, got, want);
-- By moments.
INSERT INTO figure SELECT c ->> 'id', name, (to_jsonb(r) ->> name)::float8, (c #>> path)::float8, 1e-8
FROM reference, LATERAL cp_ab_means((c #>> '{a,n}')::bigint, (c #>> '{a,mean}')::float8, (c #>> '{a,sd}')::float8, (c #>> '{b,n}')::bigint, (c #>> '{b,mean}')::float8, (c #>> '{b,sd}')::float8, (c ->> 'alpha')::float8) r,
	(VALUES ('difference', '{difference}'::text[]), ('se', '{se}'), ('t', '{t}'), ('df', '{dof}'), ('p_value', '{p}'), ('p_normal', '{p_normal}'), ('difference_lower', '{ci_difference,0}'), ('difference_upper', '{ci_difference,1}'),
		('pooled_t', '{student_t_pooled,t}'), ('pooled_df', '{student_t_pooled,dof}'), ('p_pooled', '{student_t_pooled,p}'), ('cohens_d', '{cohens_d}'), ('lift', '{relative_lift}'), ('lift_se', '{relative_lift_se_delta}'),
		('lift_lower', '{ci_relative_lift_delta_normal,0}'), ('lift_upper', '{ci_relative_lift_delta_normal,1}')) v(name, path)
WHERE c ->> 'type' = 'welch_t';
INSERT INTO figure SELECT c ->> 'id', ours || o, got, want, 1e-8
FROM reference, (VALUES ('bonferroni', 'bonferroni'), ('holm', 'holm'), ('hochberg', 'hochberg'), ('bh', 'benjamini_hochberg'), ('by', 'benjamini_yekutieli')) v(ours, theirs),
	LATERAL unnest(cp_ab_adjust(floats(c -> 'p_values'), ours), floats(c -> theirs)) WITH ORDINALITY u(got, want, o)
WHERE c ->> 'type' = 'multiple_comparisons';
INSERT INTO figure SELECT c ->> 'id', theirs, cp_ab_sample_size((c ->> 'p1')::float8, (c ->> 'p2')::float8 - (c ->> 'p1')::float8, NULL, (c ->> 'alpha')::float8, (c ->> 'power')::float8, 1, method), (c ->> theirs)::float8, 1e-5
FROM reference, (VALUES (NULL, 'n_per_arm_pooled'), ('pooled', 'n_per_arm_pooled'), ('unpooled', 'n_per_arm_unpooled'), ('arcsine', 'n_per_arm_arcsine')) v(method, theirs) WHERE c ->> 'type' = 'sample_size_proportions'
UNION ALL SELECT c ->> 'id', theirs, cp_ab_sample_size(NULL, (c ->> 'delta')::float8, (c ->> 'sd')::float8, (c ->> 'alpha')::float8, (c ->> 'power')::float8, method => method), (c ->> theirs)::float8, 1e-5
FROM reference, (VALUES (NULL, 'n_per_arm_t'), ('t', 'n_per_arm_t'), ('normal', 'n_per_arm_normal'), ('t', 'n_per_arm_R_power_t_test')) v(method, theirs) WHERE c ->> 'type' = 'sample_size_means'
UNION ALL SELECT c ->> 'id', theirs, cp_ab_power((c ->> 'p1')::float8, (c ->> 'p2')::float8 - (c ->> 'p1')::float8, (c ->> 'n_per_arm')::float8, NULL, NULL, (c ->> 'alpha')::float8, method), (c ->> theirs)::float8, 1e-8
FROM reference, (VALUES (NULL, 'power_pooled_null_one_tail'), ('unpooled', 'power_unpooled_both_tails')) v(method, theirs) WHERE c ->> 'type' = 'power_proportions';
-- Looks: one by one, their least p-value, and the last one by the aggregate over units of those moments.
CREATE TABLE look AS
SELECT c ->> 'id' AS case_id, (c ->> 'tau2')::float8 AS tau2, o, j, m.*, c ->> 'type' = 'msprt_proportion' AS is_rate
FROM reference, jsonb_array_elements(c -> 'looks') WITH ORDINALITY u(j, o), LATERAL floats(j -> 'look') l,
	LATERAL (SELECT l[1] AS n_a, l[2] / l[1] AS a, l[2] / l[1] * (1 - l[2] / l[1]) AS v_a, l[3] AS n_b, l[4] / l[3] AS b, l[4] / l[3] * (1 - l[4] / l[3]) AS v_b WHERE c ->> 'type' = 'msprt_proportion' UNION ALL
		SELECT l[1], l[2] / l[1], (l[3] - l[2] * l[2] / l[1]) / (l[1] - 1), l[4], l[5] / l[4], (l[6] - l[5] * l[5] / l[4]) / (l[4] - 1) WHERE c ->> 'type' = 'msprt_mean') m;
INSERT INTO figure SELECT case_id, what || o, got, want, 1e-8
FROM (SELECT *, min(p_value) OVER (PARTITION BY case_id ORDER BY o) AS least FROM look, LATERAL cp_ab_sequence(b - a, v_a / n_a + v_b / n_b, tau2)) s,
	LATERAL (VALUES ('variance', v_a / n_a + v_b / n_b, (j ->> 'V')::float8), ('logarithm', log_likelihood_ratio, (j ->> 'log_likelihood_ratio')::float8), ('p', p_value, (j ->> 'p_this_look')::float8),
		('least p', least, (j ->> 'p_always_valid')::float8), ('lower', lower, (j #>> '{ci95_this_look,0}')::float8), ('upper', upper, (j #>> '{ci95_this_look,1}')::float8)) v(what, got, want);
CREATE TABLE last_look AS SELECT DISTINCT ON (case_id) * FROM look ORDER BY case_id, o DESC;
CREATE VIEW looked AS
SELECT l.*, u.* FROM last_look l, LATERAL (SELECT cp_ab_significance(v, k <= round(n * m), jsonb_build_object('tau2', tau2)) AS r FROM (VALUES ('a', n_a, a), ('b', n_b, b)) s(v, n, m), generate_series(1, n::int) k) s, unnest(r) u WHERE is_rate
UNION ALL SELECT l.*, u.* FROM last_look l,
	LATERAL (SELECT cp_ab_significance(v, m + (2 * (k % 2) - 1) * sqrt(s2 * (n - 1) / n), jsonb_build_object('tau2', tau2)) AS r FROM (VALUES ('a', n_a, a, v_a), ('b', n_b, b, v_b)) s(v, n, m, s2), generate_series(1, n::int) k) s, unnest(r) u WHERE NOT is_rate;
INSERT INTO figure SELECT case_id, what, got, want, 1e-8 FROM looked,
	LATERAL (VALUES ('aggregate p', p_always_valid, (j ->> 'p_this_look')::float8), ('aggregate lower', sequence_lower, (j #>> '{ci95_this_look,0}')::float8), ('aggregate upper', sequence_upper, (j #>> '{ci95_this_look,1}')::float8)) v(what, got, want)
WHERE variant = 'b';
-- CUPED.
CREATE TABLE cuped (unit_id int, variant text, pre float8, post float8);
\copy cuped FROM test/data/ab_cuped.csv CSV HEADER
CREATE VIEW adjusted AS
SELECT 'unadjusted' AS how, u.* FROM (SELECT cp_ab_significance(variant, post) AS r FROM cuped) s, unnest(r) u
UNION ALL SELECT 'theta_all_rows', u.* FROM (SELECT cp_ab_significance(variant, post, pre) AS r FROM cuped) s, unnest(r) u
UNION ALL SELECT 'theta_within_arms', u.* FROM (SELECT cp_ab_significance(variant, post, pre, '{"cuped": "within"}') AS r FROM cuped) s, unnest(r) u;
INSERT INTO figure SELECT c ->> 'id', how || ' ' || what, got, want, 1e-8
FROM reference, adjusted b JOIN adjusted a USING (how), LATERAL (SELECT c -> how) e(e),
	LATERAL (VALUES ('n_a', a.n::float8, (c ->> 'n_a')::float8), ('n_b', b.n, (c ->> 'n_b')::float8), ('mean_a', a.mean, (e ->> 'mean_a')::float8), ('mean_b', b.mean, (e ->> 'mean_b')::float8), ('difference', b.difference, (e ->> 'difference')::float8),
		('se', sqrt(a.sd ^ 2 / a.n + b.sd ^ 2 / b.n), (e ->> 'se')::float8), ('t', b.statistic, (e ->> 't')::float8), ('p', b.p_value, (e ->> 'p')::float8), ('theta', b.cuped_theta, (e ->> 'theta')::float8),
		('reduction', b.variance_reduction, (e ->> 'variance_reduction')::float8)) v(what, got, want)
WHERE c ->> 'type' = 'cuped' AND a.variant = 'A' AND b.variant = 'B';
-- GrowthBook: a relative effect with its normal law, of which a law without variance takes nothing; its t-test is of the effect, with Welch's degrees of freedom (here rounded).
INSERT INTO figure SELECT c ->> 'id', what, got, want, tolerance
FROM reference, LATERAL (SELECT (c #>> '{a,n}')::bigint AS n_a, (c #>> '{b,n}')::bigint AS n_b, (c #>> '{a,sum}')::float8 / (c #>> '{a,n}')::float8 AS a, (c #>> '{b,sum}')::float8 / (c #>> '{b,n}')::float8 AS b, (c #>> '{a,sumsq}')::float8 AS q_a, (c #>> '{b,sumsq}')::float8 AS q_b) m,
	LATERAL cp_ab_means(n_a, a, sqrt((q_a - n_a * a * a) / (n_a - 1)), n_b, b, sqrt((q_b - n_b * b * b) / (n_b - 1))) r, LATERAL cp_ab_means(2, 0, 0, round(df)::bigint + 1, lift, lift_se * sqrt(round(df) + 1)) e,
	LATERAL (VALUES ('effect', r.lift, (c #>> '{recomputed,expected}')::float8, 1e-8), ('stddev', r.lift_se, (c #>> '{recomputed,stddev}')::float8, 1e-8), ('p', e.p_value, (c #>> '{expected,pValue}')::float8, 1e-4),
		('lower', e.difference_lower, (c #>> '{expected,ci,0}')::float8, 1e-4), ('upper', e.difference_upper, (c #>> '{expected,ci,1}')::float8, 1e-4)) v(what, got, want, tolerance)
WHERE c #> '{a,sumsq}' IS NOT NULL AND c ->> 'type' = 'growthbook';
INSERT INTO figure SELECT c ->> 'id', what, got, want, 1e-7
FROM reference, LATERAL cp_ab_proportions((c #>> '{a,sum}')::bigint, (c #>> '{a,n}')::bigint, (c #>> '{b,sum}')::bigint, (c #>> '{b,n}')::bigint) r, LATERAL cp_ab_means(2, 0, 0, 2, lift, lift_se * sqrt(2)) e, LATERAL (SELECT c -> 'recomputed') x(x),
	LATERAL (VALUES ('effect', r.lift, (x ->> 'expected')::float8), ('stddev', r.lift_se, (x ->> 'stddev')::float8), ('lower', r.lift_lower, (x #>> '{ci,0}')::float8), ('upper', r.lift_upper, (x #>> '{ci,1}')::float8),
		('chance', e.probability_b_best, (x ->> 'chanceToWin')::float8), ('risk a', e.expected_loss_a, (x #>> '{risk,0}')::float8), ('risk b', e.expected_loss_b, (x #>> '{risk,1}')::float8)) v(what, got, want)
WHERE c -> 'a' ? 'sum' AND NOT c -> 'a' ? 'sumsq' AND c ->> 'type' = 'growthbook';
SELECT c ->> 'type' AS type, count(DISTINCT c ->> 'id') AS cases, count(*) AS figures, count(want) AS wanted FROM reference LEFT JOIN figure ON case_id = c ->> 'id' GROUP BY 1 ORDER BY 1;
SELECT * FROM off ORDER BY 1, 2;
TRUNCATE figure;

-- The aggregate says what the functions say of the same counts and moments: 20 variants, and one row in seven without variant or outcome.
CREATE TABLE ab_test AS
SELECT n AS id, n % 2 AS half, 'v' || lpad((n % 20)::text, 2, '0') AS variant, (n::bigint * 7919 % 10007) < 3000 + 40 * (n % 20) AS bought, ((n::bigint * 104729 % 10007) / 100.0 + n % 20)::float8 AS spent, ((n::bigint * 1299709 % 10007) / 1000.0 + 5)::float8 AS visits
FROM generate_series(1, 30000) n;
UPDATE ab_test SET variant = CASE WHEN id % 14 > 0 THEN variant END, bought = CASE WHEN id % 14 > 0 THEN bought END, spent = NULL WHERE id % 7 = 0;
UPDATE ab_test SET bought = NULL WHERE id % 7 = 0;
ALTER TABLE ab_test SET (parallel_workers = 4);
VACUUM ANALYZE ab_test;
CREATE FUNCTION listed(r cp_ab_result[]) RETURNS SETOF cp_ab_result LANGUAGE sql IMMUTABLE AS $$ SELECT (u).* FROM unnest(r) u $$;
CREATE VIEW counted AS SELECT variant, count(bought) AS n, count(*) FILTER (WHERE bought) AS successes, avg(spent) AS mean, stddev_samp(spent) AS sd FROM ab_test WHERE variant IS NOT NULL GROUP BY 1;
INSERT INTO figure SELECT 'rates ' || v.variant, what, got, want, 1e-9
FROM (SELECT (listed(cp_ab_significance(variant, bought, '{"control": "v03", "alpha": 0.1, "correction": "bh", "effect": 0.02, "power": 0.9}'))).* FROM ab_test) r JOIN counted v USING (variant), (SELECT * FROM counted WHERE variant = 'v03') c,
	LATERAL cp_ab_proportions(c.successes, c.n, v.successes, v.n, 0.1) f, (SELECT (cp_ab_chi_square(array_agg(successes), array_agg(n))).p_value AS equal FROM counted) e,
	LATERAL (VALUES ('n', r.n::float8, v.n::float8), ('mean', r.mean, f.rate_b), ('sd', r.sd, sqrt(f.rate_b * (1 - f.rate_b))), ('equal', r.p_equal, equal), ('srm', r.srm_p, NULL), ('days', r.days_left, NULL)) x(what, got, want)
UNION ALL SELECT 'rates ' || v.variant, what, got, want, 1e-9
FROM (SELECT (listed(cp_ab_significance(variant, bought, '{"control": "v03", "alpha": 0.1, "correction": "bh", "effect": 0.02, "power": 0.9}'))).* FROM ab_test) r JOIN counted v USING (variant), (SELECT * FROM counted WHERE variant = 'v03') c,
	LATERAL cp_ab_proportions(c.successes, c.n, v.successes, v.n, 0.1) f, LATERAL cp_ab_sequence(f.difference, f.se_unpooled ^ 2, cp_ab_tau2(5000, (c.n + v.n) * f.se_unpooled ^ 2, 0.1), 0.1) s,
	LATERAL (VALUES ('difference', r.difference, f.difference), ('lower', r.difference_lower, f.newcombe_lower), ('upper', r.difference_upper, f.newcombe_upper), ('lift', r.lift, f.lift), ('lift lower', r.lift_lower, f.lift_lower),
		('lift upper', r.lift_upper, f.lift_upper), ('z', r.statistic, f.z_unpooled), ('df', r.df, NULL), ('p', r.p_value, f.p_unpooled), ('pooled', r.p_pooled, f.p_pooled), ('unpooled', r.p_unpooled, f.p_unpooled), ('fisher', r.p_fisher, NULL),
		('always', r.p_always_valid, s.p_value), ('sequence lower', r.sequence_lower, s.lower), ('sequence upper', r.sequence_upper, s.upper), ('power', r.power, cp_ab_power(NULL, 0.02, 1e9, sd => f.se_unpooled * sqrt(5e8), alpha => 0.1, method => 'normal')),
		('detectable', cp_ab_power(NULL, r.detectable, 1e9, sd => f.se_unpooled * sqrt(5e8), alpha => 0.1, method => 'normal'), 0.9)) x(what, got, want)
WHERE v.variant <> 'v03';
-- Corrected p-values, always-valid ones too, for 19 treatments by all corrections; probabilities to be best add up.
INSERT INTO figure SELECT correction, variant || what, got, want, 1e-12
FROM unnest('{none,bonferroni,holm,hochberg,bh,by}'::text[]) correction,
	LATERAL (SELECT array_agg(variant ORDER BY variant) AS v, array_agg(p_value ORDER BY variant) AS p, array_agg(p_adjusted ORDER BY variant) AS a, array_agg(p_always_valid ORDER BY variant) AS s, array_agg(p_always_valid_adjusted ORDER BY variant) AS sa
		FROM (SELECT (listed(cp_ab_significance(variant, bought, jsonb_build_object('correction', correction)))).* FROM ab_test) r WHERE NOT is_control) t,
	LATERAL (SELECT u.v, x.* FROM unnest(v, a, cp_ab_adjust(p, correction), sa, cp_ab_adjust(s, correction)) u(v, a, wa, sa, wsa), LATERAL (VALUES (' once', a, wa), (' always', sa, wsa)) x(what, got, want)) y(variant, what, got, want);
INSERT INTO figure SELECT 'best', 'sum', sum(probability_best), 1, 1e-9 FROM (SELECT (listed(cp_ab_significance(variant, bought))).* FROM ab_test) r;
-- Two variants: who is best and what the other gives away. Means; a given tau2; the allocation.
INSERT INTO figure SELECT 'two', what, got, want, 1e-9
FROM (SELECT cp_ab_significance(variant, bought, '{"allocation": {"v01": 1, "v11": 1}}') AS b, cp_ab_significance(variant, spent, '{"tau2": 0.5, "horizon": 100}'::jsonb) AS m FROM ab_test WHERE variant IN ('v01', 'v11')) s, counted c, counted v,
	LATERAL cp_ab_proportions(c.successes, c.n, v.successes, v.n) f, LATERAL cp_ab_means(c.n, c.mean, c.sd, v.n, v.mean, v.sd) g, LATERAL cp_ab_sequence(g.difference, g.se ^ 2, 0.5) q, LATERAL cp_ab_srm(ARRAY[c.n, v.n]) i,
	LATERAL (VALUES ('best', b[2].probability_best, f.probability_b_best), ('loss a', b[1].expected_loss, f.expected_loss_a), ('loss b', b[2].expected_loss, f.expected_loss_b), ('srm', b[2].srm_p, i.p_value), ('srm always', b[1].srm_p_always_valid, i.p_always_valid),
		('n', m[2].n::float8, v.n::float8), ('mean a', m[1].mean, c.mean), ('mean b', m[2].mean, v.mean), ('sd', m[2].sd, v.sd), ('difference', m[2].difference, g.difference), ('t', m[2].statistic, g.t), ('df', m[2].df, g.df), ('p', m[2].p_value, g.p_value),
		('adjusted', m[2].p_adjusted, g.p_value), ('lower', m[2].difference_lower, g.difference_lower), ('upper', m[2].difference_upper, g.difference_upper), ('lift', m[2].lift, g.lift), ('lift lower', m[2].lift_lower, g.lift_lower),
		('lift upper', m[2].lift_upper, g.lift_upper), ('mean best', m[2].probability_best, g.probability_b_best), ('mean loss a', m[1].expected_loss, g.expected_loss_a), ('mean loss b', m[2].expected_loss, g.expected_loss_b),
		('always', m[2].p_always_valid, q.p_value), ('sequence lower', m[2].sequence_lower, q.lower), ('sequence upper', m[2].sequence_upper, q.upper), ('pooled', m[2].p_pooled, NULL), ('theta', m[2].cuped_theta, NULL)) x(what, got, want)
WHERE c.variant = 'v01' AND v.variant = 'v11';
-- A horizon, at which the variance is no less than by both arms' common one; an uneven allocation.
INSERT INTO figure SELECT 'horizon ' || h, what, got, want, 1e-9
FROM unnest('{100,20000}'::float8[]) h, LATERAL (SELECT cp_ab_significance(variant, spent, jsonb_build_object('horizon', h, 'allocation', '{"v01": 3, "v11": 2.5}'::jsonb)) AS m FROM ab_test WHERE variant IN ('v01', 'v11')) s,
	LATERAL (SELECT greatest(m[1].sd ^ 2 / m[1].n + m[2].sd ^ 2 / m[2].n, (m[1].n * m[1].sd ^ 2 + m[2].n * m[2].sd ^ 2) / (m[1].n + m[2].n) * (1.0 / m[1].n + 1.0 / m[2].n))) e(v), LATERAL cp_ab_sequence(m[2].difference, v, cp_ab_tau2(h, (m[1].n + m[2].n) * v)) q, LATERAL cp_ab_srm(ARRAY[m[1].n, m[2].n], '{3,2.5}') i,
	LATERAL (VALUES ('p', m[2].p_always_valid, q.p_value), ('lower', m[2].sequence_lower, q.lower), ('upper', m[2].sequence_upper, q.upper), ('srm', m[1].srm_p, i.p_value), ('srm always', m[2].srm_p_always_valid, i.p_always_valid)) x(what, got, want);
-- Ratios by the delta method.
INSERT INTO figure SELECT 'ratio', what, got, want, 1e-9
FROM (SELECT cp_ab_significance(variant, spent, visits, '{"metric": "ratio", "control": "v11"}') AS m FROM ab_test WHERE variant IN ('v01', 'v11')) s,
	(SELECT array_agg(r ORDER BY variant) AS r, array_agg(sqrt(v) ORDER BY variant) AS sd, array_agg(n ORDER BY variant) AS n FROM (SELECT variant, count(*) AS n, avg(spent) / avg(visits) AS r,
		(var_samp(spent) - 2 * avg(spent) / avg(visits) * covar_samp(spent, visits) + (avg(spent) / avg(visits)) ^ 2 * var_samp(visits)) / avg(visits) ^ 2 AS v FROM ab_test WHERE variant IN ('v01', 'v11') AND spent IS NOT NULL GROUP BY 1) p) d,
	LATERAL cp_ab_means(n[2], r[2], sd[2], n[1], r[1], sd[1]) g,
	LATERAL (VALUES ('a', m[1].mean, r[1]), ('b', m[2].mean, r[2]), ('sd a', m[1].sd, sd[1]), ('sd b', m[2].sd, sd[2]), ('difference', m[1].difference, r[1] - r[2]), ('t', m[1].statistic, g.t), ('p', m[1].p_value, g.p_value), ('lower', m[1].difference_lower, g.difference_lower),
		('lift', m[1].lift, g.lift), ('lift upper', m[1].lift_upper, g.lift_upper), ('best', m[1].probability_best, g.probability_b_best)) x(what, got, want);
-- Far from 0 and near it: the same numbers as of centred data, where sums of squares would have no digit left. Differences have the digits of their means.
CREATE TABLE far AS SELECT 1 + n % 2 AS arm, (n::bigint * 7919 % 10007) / 16384.0::float8 + (n % 2) / 32.0::float8 AS y, (n::bigint * 7919 % 10007 + n % 100) / 16384.0::float8 AS x FROM generate_series(1, 4000) n;
INSERT INTO figure SELECT 'far', format('%s x + %s: %s', scale, shift, what), got, want, CASE WHEN shift = 0 OR what = 'sd' THEN 1e-9 ELSE 1e-4 END
FROM (VALUES (1, 1e9::float8), (1, -1e9), (2 ^ -300, 0), (2 ^ 200, 0), (1, 2 ^ 30)) v(scale, shift),
	LATERAL (SELECT cp_ab_significance(arm::text, y * scale + shift) AS m, cp_ab_significance(arm::text, y * scale + shift, x * scale + shift) AS c, cp_ab_significance(arm::text, y) AS m0, cp_ab_significance(arm::text, y, x) AS c0,
		stddev_samp(y) FILTER (WHERE arm = 1) AS sd FROM far) s,
	LATERAL (VALUES ('sd', m[1].sd / scale, sd), ('t', m[2].statistic, m0[2].statistic), ('df', m[2].df, m0[2].df), ('p', m[2].p_value, m0[2].p_value), ('difference', m[2].difference / scale, m0[2].difference), ('lower', m[2].difference_lower / scale, m0[2].difference_lower),
		('best', m[2].probability_best, m0[2].probability_best), ('always', m[2].p_always_valid, m0[2].p_always_valid), ('theta', c[2].cuped_theta, c0[2].cuped_theta), ('reduction', c[2].variance_reduction, c0[2].variance_reduction),
		('adjusted', c[2].difference / scale, c0[2].difference), ('adjusted sd', c[1].sd / scale, c0[1].sd)) x(what, got, want);
SELECT split_part(case_id, ' ', 1) AS case_id, count(*) AS figures, count(want) AS wanted FROM figure GROUP BY 1 ORDER BY 1;
SELECT * FROM off ORDER BY 1, 2;

-- In parallel: a partial plan, and the same answers with 0, 1 and 4 workers; filtered and grouped as well.
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
CREATE FUNCTION plan_of(query text) RETURNS TABLE (nodes text[], launched int) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	RETURN QUERY WITH RECURSIVE node(n) AS (
		SELECT plan -> 0 -> 'Plan' UNION ALL SELECT json_array_elements(n -> 'Plans') FROM node
	) SELECT array_agg(concat_ws(' ', NULLIF(n ->> 'Partial Mode', 'Simple'), n ->> 'Node Type')), max((n ->> 'Workers Launched')::int) FROM node;
END
$$;
CREATE TABLE ab_ask AS SELECT what, format('SELECT half, %s FROM ab_test GROUP BY 1', what) AS query FROM unnest(ARRAY['cp_ab_significance(variant, bought)', 'cp_ab_significance(variant, bought, ''{"correction": "by"}'')', 'cp_ab_significance(variant, spent)',
	'cp_ab_significance(variant, spent, ''{"effect": 1}''::jsonb)', 'cp_ab_significance(variant, spent, visits)', 'cp_ab_significance(variant, spent, visits, ''{"metric": "ratio"}'')', 'cp_ab_significance(variant, spent + 1e9, visits) FILTER (WHERE id % 3 = 0)']) what;
SET max_parallel_workers_per_gather = 4;
SELECT what, 'Partial Aggregate' = ANY (nodes) AS partial, 'Finalize Aggregate' = ANY (nodes) AS finalize, launched > 0 AS launched FROM ab_ask, plan_of(query) ORDER BY what COLLATE "C";
CREATE TABLE ab_answer (workers int, what text, half int, r cp_ab_result[]);
CREATE FUNCTION answers(workers int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	ask ab_ask;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	FOR ask IN SELECT * FROM ab_ask LOOP
		EXECUTE format('INSERT INTO ab_answer SELECT $1, $2, s.* FROM (%s) s', ask.query) USING workers, ask.what;
		EXECUTE format('INSERT INTO ab_answer SELECT $1, $2, 2, (%s)', replace(replace(ask.query, 'half, ', ''), 'GROUP BY 1', '')) USING workers, ask.what;
	END LOOP;
END
$$;
SELECT answers(0), answers(1), answers(4);
RESET max_parallel_workers_per_gather;
-- Every figure of every variant.
CREATE TABLE said AS SELECT workers, a.what, half, variant, key, value::float8 FROM ab_answer a, listed(r) l, jsonb_each_text(to_jsonb(l) - '{metric,variant,is_control,verdict}'::text[]) v(key, value);
SELECT what, count(*) AS figures, count(DISTINCT (half, variant)) AS rows, count(DISTINCT workers) AS runs FROM said GROUP BY 1 ORDER BY what COLLATE "C";
SELECT one.what, one.half, one.variant, one.key, one.value, other.workers, other.value FROM said one JOIN said other USING (what, half, variant, key)
WHERE one.workers = 0 AND other.workers > 0 AND NOT (near(one.value, other.value, CASE WHEN one.what ~ '1e9' THEN 1e-7 ELSE 1e-9 END) OR coalesce(abs(one.value - other.value) <= 1e-12, false)) ORDER BY 1, 2, 3, 4, 6;
SELECT count(*) AS groups, count(DISTINCT (what, half, (SELECT array_agg(v.verdict ~ 'than' ORDER BY v.variant) FROM listed(r) v))) AS verdicts FROM ab_answer;
-- Nothing; rows without variant or outcome only; options NULL.
SELECT cp_ab_significance(variant, bought) IS NULL AS nothing, cp_ab_significance(variant, spent, visits) FILTER (WHERE variant IS NULL OR spent IS NULL) IS NULL AS nothing FROM ab_test WHERE id < 0 OR id % 7 = 0;
SELECT cp_ab_significance(variant, spent, NULL::jsonb) = cp_ab_significance(variant, spent) AS same, cp_ab_significance(variant, spent, '{}'::jsonb) = cp_ab_significance(variant, spent) AS same FROM ab_test;
SELECT variant, is_control, n, mean, verdict FROM (SELECT (listed(cp_ab_significance(variant, bought, '{"allocation": {"v01": 1, "nobody": 1}}'))).* FROM ab_test WHERE variant = 'v01') s;
-- What it says, rounded. Of all, of few, of what does not vary, of units that came otherwise; the control is the one named so.
SELECT v, metric, variant, is_control, n, round(mean::numeric, 4) AS mean, round(p_value::numeric, 4) AS p, round(p_fisher::numeric, 4) AS fisher, verdict
FROM (SELECT 1 AS v, cp_ab_significance(variant, bought) AS r FROM ab_test WHERE variant IN ('v00', 'v19') UNION ALL SELECT 2, cp_ab_significance(variant, spent, '{"metric": "revenue"}'::jsonb) FROM ab_test WHERE variant IN ('v00', 'v19')
	UNION ALL SELECT 3, cp_ab_significance(variant, bought) FROM ab_test WHERE variant IN ('v00', 'v19') AND id < 300 UNION ALL SELECT 4, cp_ab_significance(variant, 1::float8) FROM ab_test WHERE variant IN ('v00', 'v01')
	UNION ALL SELECT 5, cp_ab_significance(variant, spent, 0, '{"metric": "ratio"}') FROM ab_test WHERE variant IN ('v00', 'v01') UNION ALL SELECT 6, cp_ab_significance(variant, spent, '{"allocation": {"v00": 1, "v01": 2}}'::jsonb) FROM ab_test WHERE variant IN ('v00', 'v01')
	UNION ALL SELECT 7, cp_ab_significance(CASE variant WHEN 'v00' THEN 'after' ELSE 'control' END, -spent) FROM ab_test WHERE variant IN ('v00', 'v19') UNION ALL SELECT 8, cp_ab_significance('', spent) FROM ab_test) s, listed(r) ORDER BY v, variant COLLATE "C";

-- What the aggregate refuses. Of a number and a bare literal nobody knows whether that is a covariate or options.
SELECT cp_ab_significance('a', 1, '{"alpha": 0.1}'); \echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION asked(options jsonb) RETURNS text LANGUAGE sql AS $$ SELECT cp_ab_significance(v, y, x, options) IS NOT NULL FROM (VALUES ('a', 1::float8, 2::float8), ('b', 2, 3), ('a', 3, 3), ('b', 4, 5)) t(v, y, x) $$;
SELECT cp_ab_significance('a', 'NaN'::float8); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', '-Infinity'::float8); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', 'Infinity'::float8, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', 1, 'NaN'::float8); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', 1, NULL::float8); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', NULL::float8, NULL::float8) IS NULL AS nothing, cp_ab_significance(NULL, 'NaN'::float8) IS NULL AS nothing;
SELECT cp_ab_significance(n::text, true) FROM generate_series(1, 65) n; \echo :LAST_ERROR_SQLSTATE
SELECT cardinality(cp_ab_significance(n::text, true)) FROM generate_series(1, 64) n;
SELECT cp_ab_significance('a', true, jsonb_build_object('allocation', (SELECT jsonb_object_agg(n, 1) FROM generate_series(1, 64) n))); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance(repeat('n', 61), true); \echo :LAST_ERROR_SQLSTATE
SELECT (cp_ab_significance(repeat('n', 60), true))[1].variant = repeat('n', 60) AS kept;
SELECT cp_ab_significance('a', true, options) FROM unnest(ARRAY['{"alpha": 0.1}', NULL]::jsonb[]) options; \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', true, options) FROM unnest('{"{\"alpha\": 0.1}","{\"alpha\": 0.2}"}'::jsonb[]) options; \echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM (SELECT cp_ab_significance('a', n > 3, jsonb_build_object('alpha', 0.1 * (n % 3 + 1))) FROM generate_series(1, 9) n GROUP BY n % 3) s;
SELECT asked('{"alhpa": 0.1}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('[1]'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"control": "c"}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"correction": "sidak"}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"metric": "median"}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"metric": "proportion"}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"cuped": "some"}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"cuped": "all", "metric": "ratio"}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"alpha": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"alpha": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"alpha": "0.1"}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"power": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"horizon": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"tau2": -1}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"effect": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"allocation": {"a": 1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"allocation": {"a": 1, "b": 0}}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"allocation": {"a": 1, "b": "1"}}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"allocation": {"a": 1, "b": 1e400}}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"allocation": [1, 1]}'); \echo :LAST_ERROR_SQLSTATE
SELECT asked('{"allocation": {}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', true, '{"cuped": "all"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', true, '{"metric": "mean"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_significance('a', 1, '{"metric": "ratio"}'::jsonb); \echo :LAST_ERROR_SQLSTATE
-- States: kept in a table, combined in any order; none of another test, none that is forged, none outside an aggregate.
CREATE AGGREGATE ab_part(text, float8, float8, jsonb) (SFUNC = cp_ab_transition, STYPE = bytea);
CREATE AGGREGATE ab_whole(bytea) (SFUNC = cp_ab_combine, STYPE = bytea, FINALFUNC = cp_ab_final);
CREATE TABLE ab_state AS SELECT id / 20 % 5 AS part, ab_part(variant, spent, visits, '{"alpha": 0.1, "allocation": {"v01": 1, "v02": 1}}') AS state FROM ab_test WHERE variant IN ('v01', 'v02') GROUP BY 1;
INSERT INTO ab_state VALUES (5, NULL);
SELECT x.variant, near(x.p_value, y.p_value, 1e-9) AS p, near(x.p_always_valid, y.p_always_valid, 1e-9) AS always, near(x.mean, z.mean, 1e-12) AS any_order, x.n, x.srm_p = y.srm_p AS srm
FROM (SELECT (listed(ab_whole(state))).* FROM ab_state) x JOIN (SELECT (listed(cp_ab_significance(variant, spent, visits, '{"alpha": 0.1, "allocation": {"v01": 1, "v02": 1}}'))).* FROM ab_test WHERE variant IN ('v01', 'v02')) y USING (variant)
	JOIN (SELECT (listed(ab_whole(state ORDER BY part DESC))).* FROM ab_state) z USING (variant) ORDER BY 1;
SELECT sum((w).n) FROM (SELECT listed(ab_whole(state)) AS w FROM ab_state) s;
CREATE TABLE ab_before AS SELECT * FROM ab_state;
SELECT cp_ab_transition(state, 'v01', 1, 1, '{"alpha": 0.1}') FROM ab_state; \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_transition(NULL, 'v01', true); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_combine(state, state) FROM ab_state; \echo :LAST_ERROR_SQLSTATE
SELECT ab_whole(s) FROM (SELECT state FROM ab_state UNION ALL SELECT ab_part(variant, spent, visits, '{"alpha": 0.2}') FROM ab_test) p(s); \echo :LAST_ERROR_SQLSTATE
SELECT ab_whole(s) FROM (VALUES (decode(repeat('00', 36), 'hex'))) p(s); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_final('\x00'); \echo :LAST_ERROR_SQLSTATE
SELECT ab_whole(s) FROM (VALUES ('\x'::bytea), ('\x00')) p(s); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_final(decode(repeat('00', 44), 'hex')); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_final(decode(repeat('ff', 1000), 'hex')); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_final(state || '\x00') FROM ab_state; \echo :LAST_ERROR_SQLSTATE
CREATE AGGREGATE ab_given(text, float8) (SFUNC = cp_ab_transition, STYPE = bytea, INITCOND = '\xffffffff');
SELECT ab_given('a', 1); \echo :LAST_ERROR_SQLSTATE
-- Any byte of a state changed: an answer or an error, in both places; what is kept stays as it is.
CREATE FUNCTION outcome(a bytea, b bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ab_whole(s ORDER BY n) FROM (VALUES (1, a), (2, b)) p(n, s);
	RETURN 'answer';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT bool_and(o IN ('answer', '22021', '22023', '22P02')) AS told, count(*) FILTER (WHERE o = 'answer') > 0 AS answers, count(*) FILTER (WHERE o <> 'answer') > 0 AS errors
FROM ab_state, generate_series(0, length(state) - 1) i, unnest('{1,128,255}'::int[]) b, LATERAL (SELECT set_byte(state, i, get_byte(state, i) # b)) f(forged), unnest(ARRAY[outcome(forged, state), outcome(state, forged), outcome(forged, NULL)]) o WHERE part = 0;
SELECT count(*) AS kept FROM ab_state JOIN ab_before USING (part, state);

-- What the functions refuse, and what they leave NULL.
CREATE FUNCTION told(r anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg(format('%s %s', key, round(value::numeric, 4)), ', ' ORDER BY o) FROM json_each_text(row_to_json(r)) WITH ORDINALITY v(key, value, o) WHERE value IS NOT NULL $$;
SELECT told(r) FROM cp_ab_proportions(0, 0, 0, 0) r;
SELECT told(r) FROM cp_ab_proportions(0, 10, 0, 10) r;
SELECT told(r) FROM cp_ab_proportions(0, 10, 10, 10) r;
SELECT told(r) FROM cp_ab_proportions(3, 10, 0, 0) r;
SELECT r.p_pooled, r.p_fisher, r.probability_b_best FROM cp_ab_proportions(4000000000000000000, 9000000000000000000, 4000000000000000000, 9000000000000000000) r;
SELECT told(r) FROM cp_ab_means(0, 25, 10, 0, 26.5, 12.5) r;
SELECT told(r) FROM cp_ab_means(1, 25, 10, 420, 26.5, 12.5) r;
SELECT told(r) FROM cp_ab_means(10, 0, 0, 10, 1, 0) r;
SELECT r.difference, r.t, r.probability_b_best FROM cp_ab_means(10, 1.7e308, 1, 10, 1.6e308, 1) r;
SELECT cp_ab_proportions(NULL, 1, 1, 1) IS NULL AS nothing, cp_ab_means(1, 1, NULL, 1, 1, 1) IS NULL AS nothing, cp_ab_srm(NULL) IS NULL AS nothing, cp_ab_adjust(NULL) IS NULL AS nothing, cp_ab_sequence(1, 1, NULL) IS NULL AS nothing, cp_ab_chi_square(NULL, '{1,2}') IS NULL AS nothing;
SELECT cp_ab_adjust('{0.01,NULL,0.04}'), cp_ab_adjust('{}'), cp_ab_adjust('{NULL}', 'bh'), cp_ab_adjust('{0,1}', 'none'), cp_ab_chi_square('{0,0}', '{10,10}'), cp_ab_srm('{0,0}'), cp_ab_sequence(0.1, 0, 1);
SELECT cp_ab_proportions(11, 10, 1, 10); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_proportions(1, 10, -1, 10); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_proportions(0, -1, 1, 10); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_proportions(1, 10, 1, 10, 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_proportions(1, 10, 1, 10, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_means(-1, 0, 1, 10, 0, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_means(10, 'NaN', 1, 10, 0, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_means(10, 0, -1, 10, 0, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_means(10, 0, 1, 10, 0, 'Infinity'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_means(10, 0, 1, 10, 0, 1, 'NaN'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_chi_square('{1,2}', '{10}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_chi_square('{1,2}', '{10,20,30}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_chi_square('{1,NULL}', '{10,20}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_chi_square('{{1,2},{3,4}}', '{10,20,30,40}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_chi_square('{1,20}', '{10,10}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_chi_square(array_fill(1::bigint, '{65}'), array_fill(2::bigint, '{65}')); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_srm('{1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_srm('{1,-2}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_srm('{1,2}', '{1,1,1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_srm('{1,2}', '{1,0}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_srm('{1,2}', '{1,NULL}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_srm('{1,2}', '{1,Infinity}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_adjust('{0.1,1.1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_adjust('{0.1,NaN}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_adjust('{{0.1},{0.2}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_adjust('{0.1}', 'sidak'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sequence('NaN', 1, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sequence(1, -1, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sequence(1, 1, 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_tau2(1, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_tau2(5000, 1, 0.7); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(0.1, 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(0.1, 0.9); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(0, 0.1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(1.5, 0.1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(NULL, 0.1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(0.1, NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(NULL, 1, 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(0.1, 0.1, ratio => 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(0.1, 0.1, power => 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(0.1, 0.1, method => 't'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_sample_size(NULL, 0.1, 1, method => 'pooled'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_power(0.1, 0.1, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_power(0.1, 'NaN', 100); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_power(0.1, -0.1, 100); \echo :LAST_ERROR_SQLSTATE
SELECT cp_ab_power(0.1, 0.1, 100, 100, method => 'exact'); \echo :LAST_ERROR_SQLSTATE

DROP AGGREGATE ab_part(text, float8, float8, jsonb), ab_whole(bytea), ab_given(text, float8);
DROP VIEW off, looked, adjusted, counted;
DROP FUNCTION near, bigints, floats, listed, plan_of, answers, asked, outcome, told;
DROP TABLE figure, reference, look, last_look, cuped, ab_test, far, ab_ask, ab_answer, said, ab_state, ab_before;
