-- Have the customers changed since the model was trained? All writing is by drift_store.c.

CREATE TABLE churnprevent.drift_report (
	report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	model text COLLATE "C" NOT NULL,
	version int NOT NULL,
	model_id bigint NOT NULL,
	checked_at timestamptz NOT NULL,
	checked_by regrole NOT NULL,
	mode text NOT NULL,
	reference text NOT NULL,
	period interval,
	rows bigint NOT NULL,
	reference_rows float8 NOT NULL,
	level text NOT NULL,
	summary jsonb NOT NULL
);
CREATE INDEX drift_report_by_model ON churnprevent.drift_report (model, report_id);
COMMENT ON TABLE churnprevent.drift_report IS 'every check of drift that was recorded';
COMMENT ON COLUMN churnprevent.drift_report.mode IS 'scan: rows were read; statistics: what ANALYZE knew';
COMMENT ON COLUMN churnprevent.drift_report.reference IS 'training, previous (the period before), or source';
COMMENT ON COLUMN churnprevent.drift_report.reference_rows IS 'as many as their weights are worth';
COMMENT ON COLUMN churnprevent.drift_report.level IS 'of what has moved most: ok, warning, critical, or too few rows';
COMMENT ON COLUMN churnprevent.drift_report.summary IS 'as cp_drift_json returns it';

CREATE TABLE churnprevent.drift_feature (
	report_id bigint NOT NULL,
	segment text,
	feature text NOT NULL,
	level text NOT NULL,
	psi float8,
	kl float8,
	js float8,
	ks float8,
	wasserstein float8,
	chi2 float8,
	p_value float8,
	missing_reference float8,
	missing float8,
	unseen float8,
	importance float8,
	auc float8,
	rows bigint NOT NULL,
	recommendation text
);
CREATE INDEX drift_feature_by_report ON churnprevent.drift_feature (report_id);
COMMENT ON TABLE churnprevent.drift_feature IS 'the features of a check, as cp_drift_check returns them';

SELECT pg_catalog.pg_extension_config_dump('churnprevent.drift_report', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.drift_report_report_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.drift_feature', '');

CREATE FUNCTION cp_drift_check(model text DEFAULT NULL, source text DEFAULT NULL, period interval DEFAULT NULL, options jsonb DEFAULT '{}',
	OUT segment text, OUT feature text, OUT level text, OUT psi float8, OUT kl float8, OUT js float8, OUT ks float8,
	OUT wasserstein float8, OUT chi2 float8, OUT p_value float8, OUT missing_reference float8, OUT missing float8,
	OUT unseen float8, OUT importance float8, OUT auc float8, OUT rows bigint, OUT recommendation text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_drift_check_rows'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 30 COST 1000000;
COMMENT ON FUNCTION cp_drift_check(text, text, interval, jsonb) IS 'compare customers with those a model was trained on: a row for each feature, the score, the label and combinations of features; recorded, and an alert raised';
REVOKE ALL ON FUNCTION cp_drift_check(text, text, interval, jsonb) FROM PUBLIC;

CREATE FUNCTION cp_drift_json(model text DEFAULT NULL, source text DEFAULT NULL, period interval DEFAULT NULL, options jsonb DEFAULT '{}')
RETURNS jsonb
AS 'MODULE_PATHNAME', 'cp_drift_json'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION cp_drift_json(text, text, interval, jsonb) IS 'the same check as one JSON document: drift_detected, alert_level, metrics, recommendation, features';
REVOKE ALL ON FUNCTION cp_drift_json(text, text, interval, jsonb) FROM PUBLIC;

CREATE VIEW churnprevent.drift_status AS
SELECT r.model, r.version, r.checked_at, r.mode, r.reference, r.period, f.segment, f.feature, f.level, f.psi, f.kl, f.js, f.ks,
	f.wasserstein, f.chi2, f.p_value, f.missing_reference, f.missing, f.unseen, f.importance, f.auc, f.rows, f.recommendation
FROM (SELECT DISTINCT ON (model) * FROM churnprevent.drift_report ORDER BY model, report_id DESC) r
JOIN churnprevent.drift_feature f USING (report_id)
JOIN churnprevent.usable_model u USING (model)
WHERE f.segment IS NULL OR pg_catalog.pg_has_role(u.owner, 'USAGE');
COMMENT ON VIEW churnprevent.drift_status IS 'the last recorded check of every model that the user may use, feature by feature; segments, which are values of customers, are shown to its owner';
