-- Models: versions, what is deployed, who may use them.
--
-- C code reads model, deployment and model_grant by column position: new columns
-- go to the end. Names are collated "C", so that index probes need no locale.
--
-- The tables refer to each other without foreign keys: a parallel restore loads
-- the tables of an extension in any order. All writing is by model_store.c.

CREATE TABLE churnprevent.model_name (
	name text COLLATE "C" PRIMARY KEY CHECK (name <> ''),
	last_version int NOT NULL
);
COMMENT ON TABLE churnprevent.model_name IS 'one row a model name; its row lock serialises training, deploying and dropping, and while the model exists no version number is given twice';

CREATE TABLE churnprevent.model (
	model_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text COLLATE "C" NOT NULL,
	version int NOT NULL,
	owner regrole NOT NULL,
	checksum bigint NOT NULL,
	created_at timestamptz NOT NULL,
	seconds float8 NOT NULL,
	source text NOT NULL,
	label text NOT NULL,
	options jsonb NOT NULL,
	roles jsonb NOT NULL,
	rows bigint NOT NULL,
	churn_rate float8 NOT NULL,
	feature_count int NOT NULL,
	features jsonb NOT NULL,
	member_weights jsonb NOT NULL,
	metrics jsonb NOT NULL,
	ensemble jsonb NOT NULL,
	importance jsonb NOT NULL,
	bytes bytea NOT NULL,
	holdout bytea,
	customers bytea,
	profile bytea,
	UNIQUE (name, version)
);
ALTER TABLE churnprevent.model ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE churnprevent.model IS 'every version of every model; a row is never updated and a model_id never given again';
COMMENT ON COLUMN churnprevent.model.owner IS 'role that trained it; may use, deploy and drop it';
COMMENT ON COLUMN churnprevent.model.checksum IS 'hash of the bytes, as their envelope has it';
COMMENT ON COLUMN churnprevent.model.seconds IS 'time the training took, reading included';
COMMENT ON COLUMN churnprevent.model.source IS 'table or query it was trained on';
COMMENT ON COLUMN churnprevent.model.roles IS 'columns that mean id, value (money a month), tenure and service state';
COMMENT ON COLUMN churnprevent.model.rows IS 'labelled rows, held-out ones included';
COMMENT ON COLUMN churnprevent.model.churn_rate IS 'share of these rows that churned, weighted';
COMMENT ON COLUMN churnprevent.model.features IS 'feature map: name, kind and number of levels of each feature';
COMMENT ON COLUMN churnprevent.model.member_weights IS 'weight of each member of the ensemble';
COMMENT ON COLUMN churnprevent.model.metrics IS 'figures on the held-out rows';
COMMENT ON COLUMN churnprevent.model.ensemble IS 'members, blend and calibration, with their out-of-fold figures';
COMMENT ON COLUMN churnprevent.model.importance IS 'what each feature is worth to the model';
COMMENT ON COLUMN churnprevent.model.bytes IS 'the model; holds values of customers, so no reader gets SELECT on it';
COMMENT ON COLUMN churnprevent.model.holdout IS 'score, label and weight of each held-out row';
COMMENT ON COLUMN churnprevent.model.customers IS 'whose rows it was trained on, as a filter that tells whether an id was among them but not which were; NULL = trained without an id';
COMMENT ON COLUMN churnprevent.model.profile IS 'what these rows looked like, for drift: cells of each feature and a sample; holds values of customers too';

CREATE TABLE churnprevent.deployment (
	deployment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text COLLATE "C" NOT NULL,
	model_id bigint NOT NULL,
	strategy text NOT NULL CHECK (strategy IN ('train', 'version', 'best', 'latest', 'rollback')),
	restores bigint,
	deployed_by regrole NOT NULL,
	deployed_at timestamptz NOT NULL
);
CREATE INDEX deployment_by_name ON churnprevent.deployment (name, deployment_id);
CREATE INDEX deployment_by_model ON churnprevent.deployment (model_id);
COMMENT ON TABLE churnprevent.deployment IS 'history of deployments; the last row of a name says which version scores';
COMMENT ON COLUMN churnprevent.deployment.restores IS 'deployment that a rollback went back to; a further rollback goes behind that one';

CREATE TABLE churnprevent.model_grant (
	name text COLLATE "C" NOT NULL,
	grantee regrole NOT NULL,
	granted_by regrole NOT NULL,
	granted_at timestamptz NOT NULL,
	PRIMARY KEY (name, grantee)
);
COMMENT ON TABLE churnprevent.model_grant IS 'roles that may use a model beside its owner; role - is everybody';

CREATE TABLE churnprevent.forgotten (
	model_id bigint,
	policy_id int,
	policy_version int,
	customers bigint NOT NULL DEFAULT 1,
	last_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	CHECK ((model_id IS NULL) = (policy_id IS NOT NULL AND policy_version IS NOT NULL))
);
CREATE UNIQUE INDEX ON churnprevent.forgotten (model_id) WHERE model_id IS NOT NULL;
CREATE UNIQUE INDEX ON churnprevent.forgotten (policy_id, policy_version) WHERE policy_id IS NOT NULL;
COMMENT ON TABLE churnprevent.forgotten IS 'models and policies that learned from customers who were forgotten since: to be trained again';
COMMENT ON COLUMN churnprevent.forgotten.customers IS 'how many; who they were is not kept';

SELECT pg_catalog.pg_extension_config_dump('churnprevent.model_name', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.model', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.model_model_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.deployment', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.deployment_deployment_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.model_grant', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.forgotten', '');

CREATE VIEW churnprevent.model_summary AS
SELECT m.name, m.version, m.model_id = d.model_id AS deployed, m.owner, m.created_at,
	m.rows, m.feature_count AS features,
	m.churn_rate,
	(m.metrics->>'auc')::float8 AS auc,
	(m.metrics->>'log_loss')::float8 AS log_loss,
	(m.metrics->>'rmse')::float8 AS rmse,
	(m.metrics->>'accuracy')::float8 AS accuracy,
	(m.metrics->>'ece')::float8 AS ece,
	m.member_weights, m.ensemble->'calibration'->>'kind' AS calibration,
	CASE WHEN pg_catalog.pg_has_role(m.owner, 'USAGE') THEN m.source END AS source, m.label, m.seconds, m.model_id,
	coalesce(f.customers, 0) AS forgotten
FROM churnprevent.model m
CROSS JOIN LATERAL (
	SELECT (SELECT h.model_id FROM churnprevent.deployment h
			WHERE h.name = m.name ORDER BY h.deployment_id DESC LIMIT 1) AS model_id
) d
LEFT JOIN churnprevent.forgotten f ON f.model_id = m.model_id;
COMMENT ON VIEW churnprevent.model_summary IS 'every version of every model with its figures on held-out rows, which one is deployed, and how many of its customers were forgotten since; the source is shown to its owner';

CREATE VIEW churnprevent.model_member AS
SELECT s.name, s.version, s.deployed, e.member, e.weight, e.log_loss, e.auc
FROM churnprevent.model_summary s
JOIN churnprevent.model m USING (model_id)
CROSS JOIN LATERAL pg_catalog.jsonb_to_recordset(m.ensemble->'members') AS e(member text, weight float8, log_loss float8, auc float8)
UNION ALL
SELECT s.name, s.version, s.deployed, 'blend', 1, (m.ensemble->>'log_loss')::float8, (m.ensemble->>'auc')::float8
FROM churnprevent.model_summary s
JOIN churnprevent.model m USING (model_id);
COMMENT ON VIEW churnprevent.model_member IS 'members of the ensemble of every version and their blend: weight and out-of-fold figures';

CREATE VIEW churnprevent.feature_importance AS
SELECT s.name, s.version, s.deployed, i.feature, i.weight, i.gain, i.cover, i.permutation, i.error AS permutation_error
FROM churnprevent.model_summary s
JOIN churnprevent.model m USING (model_id)
CROSS JOIN LATERAL pg_catalog.jsonb_to_recordset(m.importance)
	AS i(feature text, weight float8, gain float8, cover float8, permutation float8, error float8);
COMMENT ON VIEW churnprevent.feature_importance IS 'what each feature is worth to every version of every model';
