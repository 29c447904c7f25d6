-- When to train again, and whether what was trained is better. Rules are their users' to edit;
-- reviews are written by fn_retrain.c.

CREATE TABLE churnprevent.retrain_rule (
	model text COLLATE "C" PRIMARY KEY,
	drift_level text DEFAULT 'critical' CHECK (drift_level IN ('warning', 'critical')),
	performance_drop float8 DEFAULT 0.03 CHECK (performance_drop > 0),
	performance_period interval NOT NULL DEFAULT '90 days' CHECK (performance_period > interval '0'),
	max_age interval DEFAULT '90 days' CHECK (max_age > interval '0'),
	new_rows bigint DEFAULT NULL CHECK (new_rows > 0),
	retry_after interval NOT NULL DEFAULT '7 days'
);
COMMENT ON TABLE churnprevent.retrain_rule IS 'when a model is to be trained again; a model without a row has the defaults; NULL = never for that reason';
COMMENT ON COLUMN churnprevent.retrain_rule.drift_level IS 'level, from which on, of the last recorded scan of the deployed version against its training by an owner';
COMMENT ON COLUMN churnprevent.retrain_rule.performance_drop IS 'AUC short of what the probabilities promised for the same customers, where it is more than chance';
COMMENT ON COLUMN churnprevent.retrain_rule.performance_period IS 'decisions that it is measured on';
COMMENT ON COLUMN churnprevent.retrain_rule.max_age IS 'time since the deployed version was trained';
COMMENT ON COLUMN churnprevent.retrain_rule.new_rows IS 'labelled rows in the source of the training, more than there were';
COMMENT ON COLUMN churnprevent.retrain_rule.retry_after IS 'how long nothing is trained after a candidate that was not better';

CREATE TABLE churnprevent.retrain_review (
	review_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	model text COLLATE "C" NOT NULL,
	version int NOT NULL,
	reviewed_at timestamptz NOT NULL,
	reviewed_by regrole NOT NULL,
	fired text[] NOT NULL,
	candidate int NOT NULL,
	deployed boolean NOT NULL,
	rows bigint,
	log_loss float8,
	candidate_log_loss float8,
	lower float8,
	upper float8,
	reason text NOT NULL
);
CREATE INDEX retrain_review_by_model ON churnprevent.retrain_review (model, review_id);
COMMENT ON TABLE churnprevent.retrain_review IS 'every training that a review led to, and why its version was deployed or not';
COMMENT ON COLUMN churnprevent.retrain_review.version IS 'that was deployed';
COMMENT ON COLUMN churnprevent.retrain_review.candidate IS 'version that was trained';
COMMENT ON COLUMN churnprevent.retrain_review.rows IS 'held-out rows that both versions were compared on';
COMMENT ON COLUMN churnprevent.retrain_review.lower IS '95 % interval of the candidate''s log-loss less that of the deployed version';

SELECT pg_catalog.pg_extension_config_dump('churnprevent.retrain_rule', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.retrain_review', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.retrain_review_review_id_seq', '');

CREATE FUNCTION cp_retrain_review(model text, apply boolean DEFAULT false,
	OUT step text, OUT fired boolean, OUT observed text, OUT threshold text, OUT version int)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cp_retrain_review'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 6 COST 1000000;
COMMENT ON FUNCTION cp_retrain_review(text, boolean) IS 'which rule says that a model is to be trained again; with apply it is, on its own source, and the new version deployed if it is better on held-out rows';
REVOKE ALL ON FUNCTION cp_retrain_review(text, boolean) FROM PUBLIC;
