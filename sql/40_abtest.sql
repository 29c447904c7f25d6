-- Statistics of A/B tests. These keep nothing and read no table, so everybody may call them.

CREATE TYPE cp_ab_result AS (
	metric text,
	variant text,
	is_control boolean,
	n bigint,
	mean float8,
	sd float8,
	difference float8,
	difference_lower float8,
	difference_upper float8,
	lift float8,
	lift_lower float8,
	lift_upper float8,
	statistic float8,
	df float8,
	p_value float8,
	p_pooled float8,
	p_unpooled float8,
	p_fisher float8,
	p_adjusted float8,
	p_always_valid float8,
	p_always_valid_adjusted float8,
	sequence_lower float8,
	sequence_upper float8,
	lift_sequence_lower float8,
	lift_sequence_upper float8,
	probability_best float8,
	expected_loss float8,
	p_equal float8,
	srm_p float8,
	srm_p_always_valid float8,
	cuped_theta float8,
	variance_reduction float8,
	power float8,
	detectable float8,
	days_left float8,
	verdict text
);
COMMENT ON TYPE cp_ab_result IS 'a variant of an A/B test against the control';
COMMENT ON COLUMN cp_ab_result.metric IS 'what is compared: proportion, mean or ratio, or the name of a guardrail';
COMMENT ON COLUMN cp_ab_result.n IS 'units with an outcome';
COMMENT ON COLUMN cp_ab_result.mean IS 'rate, mean or ratio; with a covariate adjusted for it';
COMMENT ON COLUMN cp_ab_result.difference IS 'less the control''s mean, with an interval that is right when one looks once';
COMMENT ON COLUMN cp_ab_result.lift IS 'difference over the control''s mean';
COMMENT ON COLUMN cp_ab_result.p_value IS 'two-sided, right when one looks once: unpooled z of proportions, Fisher''s where few, Welch''s t of means';
COMMENT ON COLUMN cp_ab_result.p_adjusted IS 'p_value corrected for the number of treatments';
COMMENT ON COLUMN cp_ab_result.p_always_valid IS 'right however often one looks';
COMMENT ON COLUMN cp_ab_result.sequence_lower IS 'confidence sequence of the difference: right at all looks together';
COMMENT ON COLUMN cp_ab_result.lift_sequence_lower IS 'the same of the lift';
COMMENT ON COLUMN cp_ab_result.probability_best IS 'posterior probability to be the best of all variants';
COMMENT ON COLUMN cp_ab_result.expected_loss IS 'what choosing this variant is expected to give away against the best';
COMMENT ON COLUMN cp_ab_result.p_equal IS 'of proportions: chi-square test that all variants are equal';
COMMENT ON COLUMN cp_ab_result.srm_p IS 'that units came as allocated, right when one looks once';
COMMENT ON COLUMN cp_ab_result.srm_p_always_valid IS 'the same however often one looks: below 0.001 the verdict is withheld';
COMMENT ON COLUMN cp_ab_result.power IS 'chance to see the effect that was said to be worth seeing';
COMMENT ON COLUMN cp_ab_result.detectable IS 'difference that would be seen with the power wanted';
COMMENT ON COLUMN cp_ab_result.days_left IS 'until the planned end, or until there are enough units for the effect worth seeing';

-- The aggregate: one state for all outcomes, that any node may combine.

CREATE FUNCTION cp_ab_combine(bytea, bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_ab_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_combine(bytea, bytea) IS 'part of the aggregate cp_ab_significance';

CREATE FUNCTION cp_ab_final(bytea)
RETURNS cp_ab_result[]
AS 'MODULE_PATHNAME', 'cp_ab_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_final(bytea) IS 'part of the aggregate cp_ab_significance';

CREATE FUNCTION cp_ab_transition(bytea, text, boolean)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_ab_transition_boolean'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_transition(bytea, text, boolean) IS 'part of the aggregate cp_ab_significance';

CREATE FUNCTION cp_ab_transition(bytea, text, boolean, jsonb)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_ab_transition_boolean'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_transition(bytea, text, boolean, jsonb) IS 'part of the aggregate cp_ab_significance';

CREATE FUNCTION cp_ab_transition(bytea, text, float8)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_ab_transition_number'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_transition(bytea, text, float8) IS 'part of the aggregate cp_ab_significance';

CREATE FUNCTION cp_ab_transition(bytea, text, float8, jsonb)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_ab_transition_number'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_transition(bytea, text, float8, jsonb) IS 'part of the aggregate cp_ab_significance';

CREATE FUNCTION cp_ab_transition(bytea, text, float8, float8)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_ab_transition_covariate'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_transition(bytea, text, float8, float8) IS 'part of the aggregate cp_ab_significance';

CREATE FUNCTION cp_ab_transition(bytea, text, float8, float8, jsonb)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_ab_transition_covariate'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_transition(bytea, text, float8, float8, jsonb) IS 'part of the aggregate cp_ab_significance';

CREATE AGGREGATE cp_ab_significance(variant text, outcome boolean) (
	SFUNC = cp_ab_transition, STYPE = bytea, COMBINEFUNC = cp_ab_combine, FINALFUNC = cp_ab_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_ab_significance(text, boolean) IS 'compare proportions: a row for each variant, against the control';

CREATE AGGREGATE cp_ab_significance(variant text, outcome boolean, options jsonb) (
	SFUNC = cp_ab_transition, STYPE = bytea, COMBINEFUNC = cp_ab_combine, FINALFUNC = cp_ab_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_ab_significance(text, boolean, jsonb) IS 'compare proportions, with options';

CREATE AGGREGATE cp_ab_significance(variant text, outcome float8) (
	SFUNC = cp_ab_transition, STYPE = bytea, COMBINEFUNC = cp_ab_combine, FINALFUNC = cp_ab_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_ab_significance(text, float8) IS 'compare means: a row for each variant, against the control';

CREATE AGGREGATE cp_ab_significance(variant text, outcome float8, options jsonb) (
	SFUNC = cp_ab_transition, STYPE = bytea, COMBINEFUNC = cp_ab_combine, FINALFUNC = cp_ab_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_ab_significance(text, float8, jsonb) IS 'compare means, with options';

CREATE AGGREGATE cp_ab_significance(variant text, outcome float8, covariate float8) (
	SFUNC = cp_ab_transition, STYPE = bytea, COMBINEFUNC = cp_ab_combine, FINALFUNC = cp_ab_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_ab_significance(text, float8, float8) IS 'compare means adjusted for a covariate from before the test (CUPED)';

CREATE AGGREGATE cp_ab_significance(variant text, outcome float8, covariate float8, options jsonb) (
	SFUNC = cp_ab_transition, STYPE = bytea, COMBINEFUNC = cp_ab_combine, FINALFUNC = cp_ab_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_ab_significance(text, float8, float8, jsonb) IS 'compare means adjusted for a covariate, or with {"metric": "ratio"} ratios of outcome over it';

-- From counts and moments.

CREATE FUNCTION cp_ab_proportions(successes_a bigint, n_a bigint, successes_b bigint, n_b bigint, alpha float8 DEFAULT 0.05,
	OUT rate_a float8, OUT rate_b float8, OUT difference float8, OUT z_pooled float8, OUT p_pooled float8,
	OUT se_unpooled float8, OUT z_unpooled float8, OUT p_unpooled float8, OUT p_fisher float8,
	OUT wald_lower float8, OUT wald_upper float8, OUT newcombe_lower float8, OUT newcombe_upper float8,
	OUT agresti_caffo_lower float8, OUT agresti_caffo_upper float8,
	OUT wilson_a_lower float8, OUT wilson_a_upper float8, OUT wilson_b_lower float8, OUT wilson_b_upper float8,
	OUT clopper_pearson_a_lower float8, OUT clopper_pearson_a_upper float8, OUT clopper_pearson_b_lower float8, OUT clopper_pearson_b_upper float8,
	OUT lift float8, OUT lift_se float8, OUT lift_lower float8, OUT lift_upper float8, OUT lift_log_lower float8, OUT lift_log_upper float8,
	OUT probability_b_best float8, OUT expected_loss_a float8, OUT expected_loss_b float8)
AS 'MODULE_PATHNAME', 'cp_ab_proportions'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_proportions(bigint, bigint, bigint, bigint, float8) IS 'all tests and intervals of two proportions: a is the control';

CREATE FUNCTION cp_ab_means(n_a bigint, mean_a float8, sd_a float8, n_b bigint, mean_b float8, sd_b float8, alpha float8 DEFAULT 0.05,
	OUT difference float8, OUT se float8, OUT t float8, OUT df float8, OUT p_value float8, OUT p_normal float8,
	OUT difference_lower float8, OUT difference_upper float8, OUT pooled_t float8, OUT pooled_df float8, OUT p_pooled float8, OUT cohens_d float8,
	OUT lift float8, OUT lift_se float8, OUT lift_lower float8, OUT lift_upper float8,
	OUT probability_b_best float8, OUT expected_loss_a float8, OUT expected_loss_b float8)
AS 'MODULE_PATHNAME', 'cp_ab_means'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_means(bigint, float8, float8, bigint, float8, float8, float8) IS 'Welch''s and Student''s tests of two means: a is the control';

CREATE FUNCTION cp_ab_chi_square(successes bigint[], n bigint[], OUT chi_square float8, OUT df int, OUT p_value float8)
AS 'MODULE_PATHNAME', 'cp_ab_chi_square'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_chi_square(bigint[], bigint[]) IS 'are several proportions equal? Pearson''s test';

CREATE FUNCTION cp_ab_srm(observed bigint[], allocation float8[] DEFAULT NULL, OUT chi_square float8, OUT df int, OUT p_value float8, OUT p_always_valid float8)
AS 'MODULE_PATHNAME', 'cp_ab_srm'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_srm(bigint[], float8[]) IS 'sample ratio mismatch: did units come as allocated, evenly when nothing is said?';

CREATE FUNCTION cp_ab_adjust(p_values float8[], correction text DEFAULT 'holm')
RETURNS float8[]
AS 'MODULE_PATHNAME', 'cp_ab_adjust'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_adjust(float8[], text) IS 'p-values corrected for their number: none, bonferroni, holm, hochberg, bh or by';

CREATE FUNCTION cp_ab_sequence(difference float8, variance float8, tau2 float8, alpha float8 DEFAULT 0.05,
	OUT log_likelihood_ratio float8, OUT p_value float8, OUT lower float8, OUT upper float8)
AS 'MODULE_PATHNAME', 'cp_ab_sequence'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_sequence(float8, float8, float8, float8) IS 'mixture sequential probability ratio test at one look, and its confidence sequence; p-values of several looks: the least';

CREATE FUNCTION cp_ab_tau2(horizon float8, unit_variance float8, alpha float8 DEFAULT 0.05)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_ab_tau2'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_tau2(float8, float8, float8) IS 'mixture variance whose confidence sequence is narrowest when so many units are in';

CREATE FUNCTION cp_ab_sample_size(baseline float8, effect float8, sd float8 DEFAULT NULL, alpha float8 DEFAULT 0.05, power float8 DEFAULT 0.8, ratio float8 DEFAULT 1, method text DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_ab_sample_size'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_sample_size(float8, float8, float8, float8, float8, float8, text) IS 'units that the control needs to see an effect; of proportions, or of means when sd is given; not rounded';

CREATE FUNCTION cp_ab_power(baseline float8, effect float8, n_a float8, n_b float8 DEFAULT NULL, sd float8 DEFAULT NULL, alpha float8 DEFAULT 0.05, method text DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_ab_power'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_ab_power(float8, float8, float8, float8, float8, float8, text) IS 'chance to see an effect with so many units; of proportions, or of means when sd is given';
