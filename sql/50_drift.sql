-- Drift: is a column now as it was in the reference? Against rows, counts or a model's own reference.

CREATE TYPE cp_drift_test AS (
	statistic float8,
	df float8,
	p_value float8,
	kind text
);
COMMENT ON TYPE cp_drift_test IS 'a test that nothing has drifted';
COMMENT ON COLUMN cp_drift_test.statistic IS 'Kolmogorov-Smirnov distance, or chi-square';
COMMENT ON COLUMN cp_drift_test.df IS 'degrees of freedom of chi-square';
COMMENT ON COLUMN cp_drift_test.kind IS 'which law the p-value is of (exact, exact_no_ties, limit, finite), or which test it is (homogeneity, goodness_of_fit)';

CREATE TYPE cp_drift_figures AS (
	reference_rows bigint,
	current_rows bigint,
	reference_missing bigint,
	current_missing bigint,
	unseen float8,
	psi float8,
	psi_by_chance float8,
	kl float8,
	js float8,
	total_variation float8,
	ks float8,
	ks_p float8,
	wasserstein float8,
	chi2 float8,
	chi2_df float8,
	chi2_p float8,
	rank_error float8
);
COMMENT ON TYPE cp_drift_figures IS 'all statistics of drift of one column';
COMMENT ON COLUMN cp_drift_figures.reference_rows IS 'rows of the reference with a value';
COMMENT ON COLUMN cp_drift_figures.reference_missing IS 'rows of the reference where the value is NULL or NaN';
COMMENT ON COLUMN cp_drift_figures.unseen IS 'of categories: share of the current values that the reference has not';
COMMENT ON COLUMN cp_drift_figures.psi_by_chance IS 'population stability index to be expected of so many rows where nothing has drifted';
COMMENT ON COLUMN cp_drift_figures.kl IS 'Kullback-Leibler divergence of the reference from the current values';
COMMENT ON COLUMN cp_drift_figures.total_variation IS 'share of rows that would have to change cells';
COMMENT ON COLUMN cp_drift_figures.rank_error IS 'bound of what the position of a value may be off by, as a share of the rows; 0 = exact, as up to 2,000,000 values a side';

-- One state for all statistics: where several are asked of the same arguments, rows are gathered once.

CREATE FUNCTION cp_drift_transition(internal, float8, boolean)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_transition(internal, float8, boolean) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_transition(internal, float8, boolean, int)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_transition_bins'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_transition(internal, float8, boolean, int) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_transition(internal, float8, boolean, float8[])
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_transition_edges'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_transition(internal, float8, boolean, float8[]) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_transition(internal, float8, boolean, jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_transition_options'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_transition(internal, float8, boolean, jsonb) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_transition(internal, text, boolean)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_transition_text'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_transition(internal, text, boolean) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_transition(internal, text, boolean, jsonb)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_transition_text'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_transition(internal, text, boolean, jsonb) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_transition(internal, float8, text, text)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_transition_model'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_transition(internal, float8, text, text) IS 'part of the statistics of drift';
REVOKE ALL ON FUNCTION cp_drift_transition(internal, float8, text, text) FROM PUBLIC;

CREATE FUNCTION cp_drift_transition(internal, text, text, text)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_transition_model_text'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_transition(internal, text, text, text) IS 'part of the statistics of drift';
REVOKE ALL ON FUNCTION cp_drift_transition(internal, text, text, text) FROM PUBLIC;

CREATE FUNCTION cp_drift_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_combine(internal, internal) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_drift_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_serialize(internal) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_drift_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_deserialize(bytea, internal) IS 'part of the statistics of drift';

CREATE FUNCTION cp_drift_psi_final(internal)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_drift_psi_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_psi_final(internal) IS 'part of the aggregate cp_drift_psi';

CREATE FUNCTION cp_drift_kl_final(internal)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_drift_kl_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_kl_final(internal) IS 'part of the aggregate cp_drift_kl';

CREATE FUNCTION cp_drift_js_final(internal)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_drift_js_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_js_final(internal) IS 'part of the aggregate cp_drift_js';

CREATE FUNCTION cp_drift_chi2_final(internal)
RETURNS cp_drift_test
AS 'MODULE_PATHNAME', 'cp_drift_chi2_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_chi2_final(internal) IS 'part of the aggregate cp_drift_chi2';

CREATE FUNCTION cp_drift_ks_final(internal)
RETURNS cp_drift_test
AS 'MODULE_PATHNAME', 'cp_drift_ks_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_ks_final(internal) IS 'part of the aggregate cp_drift_ks';

CREATE FUNCTION cp_drift_wasserstein_final(internal)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_drift_wasserstein_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_wasserstein_final(internal) IS 'part of the aggregate cp_drift_wasserstein';

CREATE FUNCTION cp_drift_summary_final(internal)
RETURNS cp_drift_figures
AS 'MODULE_PATHNAME', 'cp_drift_summary_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_summary_final(internal) IS 'part of the aggregate cp_drift_summary';

CREATE AGGREGATE cp_drift_psi(value float8, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_psi(float8, boolean) IS 'population stability index of a number, over cells by deciles of the reference';

CREATE AGGREGATE cp_drift_psi(value float8, is_current boolean, bins int) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_psi(float8, boolean, int) IS 'population stability index of a number, over so many cells by quantiles of the reference';

CREATE AGGREGATE cp_drift_psi(value float8, is_current boolean, edges float8[]) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_psi(float8, boolean, float8[]) IS 'population stability index of a number, over cells between edges';

CREATE AGGREGATE cp_drift_psi(value float8, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_psi(float8, boolean, jsonb) IS 'population stability index of a number, with options';

CREATE AGGREGATE cp_drift_psi(value text, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_psi(text, boolean) IS 'population stability index of a category';

CREATE AGGREGATE cp_drift_psi(value text, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_psi(text, boolean, jsonb) IS 'population stability index of a category, with options';

CREATE AGGREGATE cp_drift_psi(value float8, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_psi(float8, text, text) IS 'population stability index of a number against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_psi(float8, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_psi(value text, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_psi(text, text, text) IS 'population stability index of a category against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_psi(text, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_kl(value float8, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_kl_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_kl(float8, boolean) IS 'Kullback-Leibler divergence of a number, over cells by deciles of the reference';

CREATE AGGREGATE cp_drift_kl(value float8, is_current boolean, bins int) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_kl_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_kl(float8, boolean, int) IS 'Kullback-Leibler divergence of a number, over so many cells by quantiles of the reference';

CREATE AGGREGATE cp_drift_kl(value float8, is_current boolean, edges float8[]) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_kl_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_kl(float8, boolean, float8[]) IS 'Kullback-Leibler divergence of a number, over cells between edges';

CREATE AGGREGATE cp_drift_kl(value float8, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_kl_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_kl(float8, boolean, jsonb) IS 'Kullback-Leibler divergence of a number, with options';

CREATE AGGREGATE cp_drift_kl(value text, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_kl_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_kl(text, boolean) IS 'Kullback-Leibler divergence of a category';

CREATE AGGREGATE cp_drift_kl(value text, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_kl_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_kl(text, boolean, jsonb) IS 'Kullback-Leibler divergence of a category, with options';

CREATE AGGREGATE cp_drift_kl(value float8, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_kl_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_kl(float8, text, text) IS 'Kullback-Leibler divergence of a number against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_kl(float8, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_kl(value text, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_kl_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_kl(text, text, text) IS 'Kullback-Leibler divergence of a category against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_kl(text, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_js(value float8, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_js_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_js(float8, boolean) IS 'Jensen-Shannon divergence of a number, over cells by deciles of the reference';

CREATE AGGREGATE cp_drift_js(value float8, is_current boolean, bins int) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_js_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_js(float8, boolean, int) IS 'Jensen-Shannon divergence of a number, over so many cells by quantiles of the reference';

CREATE AGGREGATE cp_drift_js(value float8, is_current boolean, edges float8[]) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_js_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_js(float8, boolean, float8[]) IS 'Jensen-Shannon divergence of a number, over cells between edges';

CREATE AGGREGATE cp_drift_js(value float8, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_js_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_js(float8, boolean, jsonb) IS 'Jensen-Shannon divergence of a number, with options';

CREATE AGGREGATE cp_drift_js(value text, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_js_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_js(text, boolean) IS 'Jensen-Shannon divergence of a category';

CREATE AGGREGATE cp_drift_js(value text, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_js_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_js(text, boolean, jsonb) IS 'Jensen-Shannon divergence of a category, with options';

CREATE AGGREGATE cp_drift_js(value float8, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_js_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_js(float8, text, text) IS 'Jensen-Shannon divergence of a number against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_js(float8, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_js(value text, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_js_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_js(text, text, text) IS 'Jensen-Shannon divergence of a category against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_js(text, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_chi2(value float8, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_chi2_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_chi2(float8, boolean) IS 'chi-square test of a number, over cells by deciles of the reference';

CREATE AGGREGATE cp_drift_chi2(value float8, is_current boolean, bins int) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_chi2_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_chi2(float8, boolean, int) IS 'chi-square test of a number, over so many cells by quantiles of the reference';

CREATE AGGREGATE cp_drift_chi2(value float8, is_current boolean, edges float8[]) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_chi2_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_chi2(float8, boolean, float8[]) IS 'chi-square test of a number, over cells between edges';

CREATE AGGREGATE cp_drift_chi2(value float8, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_chi2_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_chi2(float8, boolean, jsonb) IS 'chi-square test of a number, with options';

CREATE AGGREGATE cp_drift_chi2(value text, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_chi2_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_chi2(text, boolean) IS 'chi-square test of a category';

CREATE AGGREGATE cp_drift_chi2(value text, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_chi2_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_chi2(text, boolean, jsonb) IS 'chi-square test of a category, with options';

CREATE AGGREGATE cp_drift_chi2(value float8, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_chi2_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_chi2(float8, text, text) IS 'chi-square test of a number against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_chi2(float8, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_chi2(value text, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_chi2_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_chi2(text, text, text) IS 'chi-square test of a category against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_chi2(text, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_ks(value float8, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_ks_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_ks(float8, boolean) IS 'Kolmogorov-Smirnov test of a number';

CREATE AGGREGATE cp_drift_ks(value float8, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_ks_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_ks(float8, boolean, jsonb) IS 'Kolmogorov-Smirnov test of a number, with options';

CREATE AGGREGATE cp_drift_ks(value float8, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_ks_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_ks(float8, text, text) IS 'Kolmogorov-Smirnov test of a number against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_ks(float8, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_wasserstein(value float8, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_wasserstein_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_wasserstein(float8, boolean) IS 'Wasserstein distance of a number';

CREATE AGGREGATE cp_drift_wasserstein(value float8, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_wasserstein_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_wasserstein(float8, boolean, jsonb) IS 'Wasserstein distance of a number, with options';

CREATE AGGREGATE cp_drift_wasserstein(value float8, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_wasserstein_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_wasserstein(float8, text, text) IS 'Wasserstein distance of a number against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_wasserstein(float8, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_summary(value float8, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_summary_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_summary(float8, boolean) IS 'all statistics of drift of a number, over cells by deciles of the reference';

CREATE AGGREGATE cp_drift_summary(value float8, is_current boolean, bins int) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_summary_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_summary(float8, boolean, int) IS 'all statistics of drift of a number, over so many cells by quantiles of the reference';

CREATE AGGREGATE cp_drift_summary(value float8, is_current boolean, edges float8[]) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_summary_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_summary(float8, boolean, float8[]) IS 'all statistics of drift of a number, over cells between edges';

CREATE AGGREGATE cp_drift_summary(value float8, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_summary_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_summary(float8, boolean, jsonb) IS 'all statistics of drift of a number, with options';

CREATE AGGREGATE cp_drift_summary(value text, is_current boolean) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_summary_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_summary(text, boolean) IS 'all statistics of drift of a category';

CREATE AGGREGATE cp_drift_summary(value text, is_current boolean, options jsonb) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_summary_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_summary(text, boolean, jsonb) IS 'all statistics of drift of a category, with options';

CREATE AGGREGATE cp_drift_summary(value float8, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_summary_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_summary(float8, text, text) IS 'all statistics of drift of a number against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_summary(float8, text, text) FROM PUBLIC;

CREATE AGGREGATE cp_drift_summary(value text, model text, feature text) (
	SFUNC = cp_drift_transition, STYPE = internal, SSPACE = 4096, COMBINEFUNC = cp_drift_combine,
	SERIALFUNC = cp_drift_serialize, DESERIALFUNC = cp_drift_deserialize,
	FINALFUNC = cp_drift_summary_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_drift_summary(text, text, text) IS 'all statistics of drift of a category against what a model was trained on';
REVOKE ALL ON FUNCTION cp_drift_summary(text, text, text) FROM PUBLIC;

-- Of counts, or of shares: the cells of both sides in the same order.

CREATE FUNCTION cp_drift_psi(reference float8[], current float8[], options jsonb DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_drift_psi'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_psi(float8[], float8[], jsonb) IS 'population stability index of two rows of counts';

CREATE FUNCTION cp_drift_kl(reference float8[], current float8[], options jsonb DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_drift_kl'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_kl(float8[], float8[], jsonb) IS 'Kullback-Leibler divergence of two rows of counts';

CREATE FUNCTION cp_drift_js(reference float8[], current float8[], options jsonb DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_drift_js'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_js(float8[], float8[], jsonb) IS 'Jensen-Shannon divergence of two rows of counts';

CREATE FUNCTION cp_drift_chi2(reference float8[], current float8[], options jsonb DEFAULT NULL)
RETURNS cp_drift_test
AS 'MODULE_PATHNAME', 'cp_drift_chi2'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_drift_chi2(float8[], float8[], jsonb) IS 'chi-square test of two rows of counts';
