-- What decides between actions. A version is never changed; of a name the last one decides.

CREATE TABLE churnprevent.policy (
	policy_id int NOT NULL,
	version int NOT NULL,
	name text COLLATE "C" NOT NULL,
	method text NOT NULL,
	parameters jsonb NOT NULL DEFAULT '{}',
	evidence jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz,
	created_by regrole,
	shipped boolean NOT NULL DEFAULT false,
	PRIMARY KEY (policy_id, version),
	UNIQUE (name, version)
);
COMMENT ON TABLE churnprevent.policy IS 'every version of every policy; the last version of a name decides';
COMMENT ON COLUMN churnprevent.policy.policy_id IS 'one a name';
COMMENT ON COLUMN churnprevent.policy.method IS 'how it chooses: none, random or greedy';
COMMENT ON COLUMN churnprevent.policy.parameters IS 'what it learned: the drift of the model, the belief that actions do anything, and of each action its effect on the log-odds of staying with its standard deviation';
COMMENT ON COLUMN churnprevent.policy.evidence IS 'what it learned from';
COMMENT ON COLUMN churnprevent.policy.created_at IS 'NULL = as shipped';

INSERT INTO churnprevent.policy (policy_id, version, name, method, shipped) VALUES
	(1, 1, 'none', 'none', true),
	(2, 1, 'random', 'random', true),
	(3, 1, 'greedy', 'greedy', true);

SELECT pg_catalog.pg_extension_config_dump('churnprevent.policy', 'WHERE NOT shipped');

CREATE VIEW churnprevent.action_effect AS
SELECT p.name AS policy, p.version, a.name AS action, e.trials, e.retained, a.effect_prior_mean AS prior_mean, a.effect_prior_sd AS prior_sd,
	e.mean AS effect, e.sd AS effect_sd
FROM churnprevent.policy p
JOIN churnprevent.catalogue c ON c.version = (p.evidence->>'catalogue_version')::int
CROSS JOIN LATERAL pg_catalog.jsonb_to_recordset(p.parameters->'effects') AS e(action_id int, trials bigint, retained bigint, mean float8, sd float8)
JOIN LATERAL pg_catalog.jsonb_to_recordset(c.definitions) AS a(action_id int, name text, effect_prior_mean float8, effect_prior_sd float8) USING (action_id);
COMMENT ON VIEW churnprevent.action_effect IS 'what every version of every policy has learned of the actions, as they were then: effect on the log-odds of staying';

CREATE FUNCTION cp_train_policy(method text, options jsonb DEFAULT '{}',
	OUT policy text, OUT version int, OUT action_name text, OUT trials bigint, OUT retained bigint, OUT prior_mean float8, OUT prior_sd float8,
	OUT effect float8, OUT effect_sd float8)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_train_policy';
COMMENT ON FUNCTION cp_train_policy(text, jsonb) IS 'learn what actions do, from decisions and their feedback or in a simulator, and store it as a new version of a policy';
REVOKE ALL ON FUNCTION cp_train_policy(text, jsonb) FROM PUBLIC;
