-- What the deployed version of a model was worth lately, from decisions and their feedback.

CREATE FUNCTION cp_performance(model text DEFAULT NULL, period interval DEFAULT '90 days',
	OUT basis text, OUT figure text, OUT rows bigint, OUT value float8, OUT lower float8, OUT upper float8, OUT expected float8, OUT training float8, OUT change float8)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_performance'
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 19 COST 100000;
COMMENT ON FUNCTION cp_performance(text, interval) IS 'AUC, log-loss, accuracy, churn rate and calibration of the deployed version: at training, realised, realised where nothing was done, and estimated before outcomes are known, with 95 % intervals; expected: what the probabilities promise of the same rows';
REVOKE ALL ON FUNCTION cp_performance(text, interval) FROM PUBLIC;

CREATE FUNCTION cp_performance_check(model text DEFAULT NULL, period interval DEFAULT '90 days')
RETURNS text
AS 'MODULE_PATHNAME', 'cp_performance_check'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION cp_performance_check(text, interval) IS 'compare realised performance with what the probabilities promised: ok, warning or critical, for which an alert is raised, or too few rows';
REVOKE ALL ON FUNCTION cp_performance_check(text, interval) FROM PUBLIC;

CREATE VIEW churnprevent.model_performance AS
SELECT u.model, u.version, p.*
FROM churnprevent.usable_model u, cp_performance(u.model) p;
COMMENT ON VIEW churnprevent.model_performance IS 'performance over the last 90 days of every deployed version that the user may use';
