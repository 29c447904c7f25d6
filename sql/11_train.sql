CREATE FUNCTION cp_train(
	model text,
	source text,
	label text,
	options jsonb DEFAULT '{}',
	OUT version int,
	OUT rows bigint,
	OUT features int,
	OUT churn_rate float8,
	OUT auc float8,
	OUT log_loss float8,
	OUT rmse float8,
	OUT accuracy float8,
	OUT ece float8,
	OUT member_weights jsonb,
	OUT deployed boolean
) RETURNS record
AS 'MODULE_PATHNAME', 'cp_train'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_train(text, text, text, jsonb) IS 'train a new version of a model on a table or query; one row with its figures on held-out rows';
REVOKE ALL ON FUNCTION cp_train(text, text, text, jsonb) FROM PUBLIC;
