-- All of these measure the deployed version: without a source on its held-out rows, else on the rows of the source.

CREATE FUNCTION cp_evaluate(
	model text,
	source text DEFAULT NULL,
	label text DEFAULT NULL,
	confidence float8 DEFAULT 0.95,
	OUT rows bigint,
	OUT churn_rate float8,
	OUT auc float8,
	OUT auc_low float8,
	OUT auc_high float8,
	OUT log_loss float8,
	OUT log_loss_low float8,
	OUT log_loss_high float8,
	OUT brier float8,
	OUT rmse float8,
	OUT rmse_improvement float8,
	OUT accuracy float8,
	OUT accuracy_low float8,
	OUT accuracy_high float8,
	OUT ece float8,
	OUT ece_perfect float8,
	OUT top_decile_lift float8,
	OUT lift_low float8,
	OUT lift_high float8
) RETURNS record
AS 'MODULE_PATHNAME', 'cp_evaluate'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_evaluate(text, text, text, float8) IS 'figures of the deployed version with confidence intervals: on its held-out rows, or on any source';
REVOKE ALL ON FUNCTION cp_evaluate(text, text, text, float8) FROM PUBLIC;

CREATE FUNCTION cp_lift(
	model text,
	source text DEFAULT NULL,
	label text DEFAULT NULL,
	OUT decile int,
	OUT customers bigint,
	OUT churners float8,
	OUT churn_rate float8,
	OUT lift float8,
	OUT captured float8
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_lift'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION cp_lift(text, text, text) IS 'customers in ten groups by falling score: how many of those who leave each holds';
REVOKE ALL ON FUNCTION cp_lift(text, text, text) FROM PUBLIC;

CREATE FUNCTION cp_roc_curve(
	model text,
	source text DEFAULT NULL,
	label text DEFAULT NULL,
	points int DEFAULT 100,
	OUT threshold float8,
	OUT flagged float8,
	OUT recall float8,
	OUT false_positive_rate float8,
	OUT "precision" float8
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_roc_curve'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION cp_roc_curve(text, text, text, int) IS 'ROC curve: what calling all customers from a score on would catch, from nobody to everybody';
REVOKE ALL ON FUNCTION cp_roc_curve(text, text, text, int) FROM PUBLIC;

CREATE FUNCTION cp_confusion_matrix(
	model text,
	source text DEFAULT NULL,
	label text DEFAULT NULL,
	INOUT threshold float8 DEFAULT 0.5,
	OUT true_positives float8,
	OUT false_positives float8,
	OUT true_negatives float8,
	OUT false_negatives float8,
	OUT "precision" float8,
	OUT recall float8,
	OUT specificity float8,
	OUT f1 float8,
	OUT accuracy float8
) RETURNS record
AS 'MODULE_PATHNAME', 'cp_confusion_matrix'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_confusion_matrix(text, text, text, float8) IS 'who is flagged at a threshold, rightly and wrongly';
REVOKE ALL ON FUNCTION cp_confusion_matrix(text, text, text, float8) FROM PUBLIC;

CREATE FUNCTION cp_calibration(
	model text,
	source text DEFAULT NULL,
	label text DEFAULT NULL,
	bins int DEFAULT 10,
	OUT bin int,
	OUT customers bigint,
	OUT score_low float8,
	OUT score_high float8,
	OUT predicted float8,
	OUT observed float8,
	OUT observed_low float8,
	OUT observed_high float8
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_calibration'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION cp_calibration(text, text, text, int) IS 'customers in groups by rising score: predicted and observed churn rates';
REVOKE ALL ON FUNCTION cp_calibration(text, text, text, int) FROM PUBLIC;

-- Aggregates over a score and what happened. They keep nothing and read no
-- table, so everybody may call them.

CREATE FUNCTION cp_auc_transition(internal, float8, boolean)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_auc_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_auc_transition(internal, float8, boolean) IS 'part of the aggregate cp_auc';

CREATE FUNCTION cp_auc_transition(internal, float8, int)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_auc_transition_int'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_auc_transition(internal, float8, int) IS 'part of the aggregate cp_auc';

CREATE FUNCTION cp_auc_combine(internal, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_auc_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_auc_combine(internal, internal) IS 'part of the aggregate cp_auc';

CREATE FUNCTION cp_auc_serialize(internal)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_auc_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_auc_serialize(internal) IS 'part of the aggregate cp_auc';

CREATE FUNCTION cp_auc_deserialize(bytea, internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'cp_auc_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_auc_deserialize(bytea, internal) IS 'part of the aggregate cp_auc';

CREATE FUNCTION cp_auc_final(internal)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_auc_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_auc_final(internal) IS 'part of the aggregate cp_auc';

CREATE AGGREGATE cp_auc(score float8, label boolean) (
	SFUNC = cp_auc_transition, STYPE = internal, COMBINEFUNC = cp_auc_combine,
	SERIALFUNC = cp_auc_serialize, DESERIALFUNC = cp_auc_deserialize,
	FINALFUNC = cp_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_auc(float8, boolean) IS 'area under the ROC curve; ties count one half, NULL when a class is missing';

CREATE AGGREGATE cp_auc(score float8, label int) (
	SFUNC = cp_auc_transition, STYPE = internal, COMBINEFUNC = cp_auc_combine,
	SERIALFUNC = cp_auc_serialize, DESERIALFUNC = cp_auc_deserialize,
	FINALFUNC = cp_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_auc(float8, int) IS 'area under the ROC curve, label 0 or 1; ties count one half, NULL when a class is missing';

CREATE FUNCTION cp_log_loss_transition(float8[], float8, boolean)
RETURNS float8[]
AS 'MODULE_PATHNAME', 'cp_log_loss_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_log_loss_transition(float8[], float8, boolean) IS 'part of the aggregate cp_log_loss';

CREATE FUNCTION cp_log_loss_transition(float8[], float8, int)
RETURNS float8[]
AS 'MODULE_PATHNAME', 'cp_log_loss_transition_int'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_log_loss_transition(float8[], float8, int) IS 'part of the aggregate cp_log_loss';

CREATE FUNCTION cp_brier_transition(float8[], float8, boolean)
RETURNS float8[]
AS 'MODULE_PATHNAME', 'cp_brier_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_brier_transition(float8[], float8, boolean) IS 'part of the aggregate cp_brier';

CREATE FUNCTION cp_brier_transition(float8[], float8, int)
RETURNS float8[]
AS 'MODULE_PATHNAME', 'cp_brier_transition_int'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_brier_transition(float8[], float8, int) IS 'part of the aggregate cp_brier';

CREATE FUNCTION cp_loss_combine(float8[], float8[])
RETURNS float8[]
AS 'MODULE_PATHNAME', 'cp_loss_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_loss_combine(float8[], float8[]) IS 'part of the aggregates cp_log_loss and cp_brier';

CREATE FUNCTION cp_loss_final(float8[])
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_loss_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_loss_final(float8[]) IS 'part of the aggregates cp_log_loss and cp_brier';

CREATE AGGREGATE cp_log_loss(probability float8, label boolean) (
	SFUNC = cp_log_loss_transition, STYPE = float8[], COMBINEFUNC = cp_loss_combine,
	FINALFUNC = cp_loss_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_log_loss(float8, boolean) IS 'mean logarithmic loss of probabilities, natural logarithm';

CREATE AGGREGATE cp_log_loss(probability float8, label int) (
	SFUNC = cp_log_loss_transition, STYPE = float8[], COMBINEFUNC = cp_loss_combine,
	FINALFUNC = cp_loss_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_log_loss(float8, int) IS 'mean logarithmic loss of probabilities, natural logarithm, label 0 or 1';

CREATE AGGREGATE cp_brier(probability float8, label boolean) (
	SFUNC = cp_brier_transition, STYPE = float8[], COMBINEFUNC = cp_loss_combine,
	FINALFUNC = cp_loss_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_brier(float8, boolean) IS 'mean squared error of probabilities';

CREATE AGGREGATE cp_brier(probability float8, label int) (
	SFUNC = cp_brier_transition, STYPE = float8[], COMBINEFUNC = cp_loss_combine,
	FINALFUNC = cp_loss_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_brier(float8, int) IS 'mean squared error of probabilities, label 0 or 1';
