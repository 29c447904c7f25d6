-- What the deployed version of a model makes of a customer, feature by feature; what its features are worth to it.

CREATE FUNCTION cp_explain(
	customer record,
	model text DEFAULT NULL,
	top_k int DEFAULT NULL,
	OUT feature text,
	OUT value text,
	OUT contribution float8,
	OUT std_error float8,
	OUT base float8,
	OUT reason text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_explain_record'
LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 20;
COMMENT ON FUNCTION cp_explain(record, text, int) IS 'what each feature adds to the churn probability, from a customer''s row';
REVOKE ALL ON FUNCTION cp_explain(record, text, int) FROM PUBLIC;

CREATE FUNCTION cp_explain(
	customer jsonb,
	model text DEFAULT NULL,
	top_k int DEFAULT NULL,
	OUT feature text,
	OUT value text,
	OUT contribution float8,
	OUT std_error float8,
	OUT base float8,
	OUT reason text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_explain_jsonb'
LANGUAGE C STABLE PARALLEL SAFE COST 101000 ROWS 20;
COMMENT ON FUNCTION cp_explain(jsonb, text, int) IS 'what each feature adds to the churn probability, from a customer''s JSON object';
REVOKE ALL ON FUNCTION cp_explain(jsonb, text, int) FROM PUBLIC;

CREATE FUNCTION cp_explain(
	customer json,
	model text DEFAULT NULL,
	top_k int DEFAULT NULL,
	OUT feature text,
	OUT value text,
	OUT contribution float8,
	OUT std_error float8,
	OUT base float8,
	OUT reason text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_explain_json'
LANGUAGE C STABLE PARALLEL SAFE COST 102000 ROWS 20;
COMMENT ON FUNCTION cp_explain(json, text, int) IS 'what each feature adds to the churn probability, from a customer''s JSON object';
REVOKE ALL ON FUNCTION cp_explain(json, text, int) FROM PUBLIC;

CREATE FUNCTION cp_feature_importance(
	model text DEFAULT NULL,
	version int DEFAULT NULL,
	OUT feature text,
	OUT weight float8,
	OUT gain float8,
	OUT cover float8,
	OUT permutation float8,
	OUT permutation_error float8
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_feature_importance'
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 20;
COMMENT ON FUNCTION cp_feature_importance(text, int) IS 'what each feature is worth to a model, most important first';
REVOKE ALL ON FUNCTION cp_feature_importance(text, int) FROM PUBLIC;
