CREATE FUNCTION cp_predict(customer record, model text DEFAULT NULL, version int DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_predict_record'
LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cp_predict(record, text, int) IS 'probability that a customer leaves, from a row';
REVOKE ALL ON FUNCTION cp_predict(record, text, int) FROM PUBLIC;

CREATE FUNCTION cp_predict(customer jsonb, model text DEFAULT NULL, version int DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_predict_jsonb'
LANGUAGE C STABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION cp_predict(jsonb, text, int) IS 'probability that a customer leaves, from a JSON object';
REVOKE ALL ON FUNCTION cp_predict(jsonb, text, int) FROM PUBLIC;

CREATE FUNCTION cp_predict(customer json, model text DEFAULT NULL, version int DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_predict_json'
LANGUAGE C STABLE PARALLEL SAFE COST 3000;
COMMENT ON FUNCTION cp_predict(json, text, int) IS 'probability that a customer leaves, from a JSON object';
REVOKE ALL ON FUNCTION cp_predict(json, text, int) FROM PUBLIC;

CREATE FUNCTION cp_score(
	customer record,
	model text DEFAULT NULL,
	OUT churn_probability float8,
	OUT risk_segment text,
	OUT customer_value float8,
	OUT recommendation text
) RETURNS record
AS 'MODULE_PATHNAME', 'cp_score_record'
LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cp_score(record, text) IS 'churn probability, risk segment, value of a year and recommendation for a customer''s row';
REVOKE ALL ON FUNCTION cp_score(record, text) FROM PUBLIC;

CREATE FUNCTION cp_score(
	customer jsonb,
	model text DEFAULT NULL,
	OUT churn_probability float8,
	OUT risk_segment text,
	OUT customer_value float8,
	OUT recommendation text
) RETURNS record
AS 'MODULE_PATHNAME', 'cp_score_jsonb'
LANGUAGE C STABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION cp_score(jsonb, text) IS 'churn probability, risk segment, value of a year and recommendation for a customer''s JSON object';
REVOKE ALL ON FUNCTION cp_score(jsonb, text) FROM PUBLIC;

CREATE FUNCTION cp_score(
	customer json,
	model text DEFAULT NULL,
	OUT churn_probability float8,
	OUT risk_segment text,
	OUT customer_value float8,
	OUT recommendation text
) RETURNS record
AS 'MODULE_PATHNAME', 'cp_score_json'
LANGUAGE C STABLE PARALLEL SAFE COST 3000;
COMMENT ON FUNCTION cp_score(json, text) IS 'churn probability, risk segment, value of a year and recommendation for a customer''s JSON object';
REVOKE ALL ON FUNCTION cp_score(json, text) FROM PUBLIC;
