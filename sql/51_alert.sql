-- Alerts: what somebody should know. All writing is by alert_store.c.

CREATE VIEW churnprevent.usable_model AS
SELECT m.name AS model, m.version, m.model_id, m.owner
FROM churnprevent.model_summary m
WHERE m.deployed AND (pg_catalog.pg_has_role(m.owner, 'USAGE') OR EXISTS (
	SELECT FROM churnprevent.model_grant g
	WHERE g.name = m.name AND (g.grantee = 0::oid OR pg_catalog.pg_has_role(g.grantee, 'USAGE'))));
COMMENT ON VIEW churnprevent.usable_model IS 'deployed versions that the user may use';

CREATE TABLE churnprevent.alert (
	alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	model text COLLATE "C" NOT NULL,
	source text COLLATE "C" NOT NULL CHECK (source IN ('drift', 'drift from previous', 'drift from source', 'performance')),
	level text NOT NULL CHECK (level IN ('warning', 'critical')),
	message text NOT NULL,
	numbers jsonb NOT NULL,
	times bigint NOT NULL DEFAULT 1,
	raised_at timestamptz NOT NULL,
	last_at timestamptz NOT NULL,
	notified_at timestamptz NOT NULL,
	acknowledged_by regrole,
	acknowledged_at timestamptz,
	note text,
	resolved_at timestamptz
);
CREATE UNIQUE INDEX alert_unresolved ON churnprevent.alert (model, source) WHERE resolved_at IS NULL;
COMMENT ON TABLE churnprevent.alert IS 'what was found wrong with a model; one row as long as it lasts, however often it is found';
COMMENT ON COLUMN churnprevent.alert.source IS 'what found it: drift (from the training, from the previous period, or from another source) or performance';
COMMENT ON COLUMN churnprevent.alert.numbers IS 'what was found the last time';
COMMENT ON COLUMN churnprevent.alert.times IS 'how often it was found';
COMMENT ON COLUMN churnprevent.alert.notified_at IS 'when the channel churnprevent_alert was told: when it was raised, and when a warning became critical';
COMMENT ON COLUMN churnprevent.alert.acknowledged_by IS 'who has seen it; taken back when a warning becomes critical';
COMMENT ON COLUMN churnprevent.alert.resolved_at IS 'when it was no longer found, or another version was deployed; if it comes back that is another alert';

SELECT pg_catalog.pg_extension_config_dump('churnprevent.alert', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.alert_alert_id_seq', '');

CREATE FUNCTION cp_alert_acknowledge(alert_id bigint, note text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'cp_alert_acknowledge'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_alert_acknowledge(bigint, text) IS 'say that an alert has been seen; it stays until it is no longer found, without telling anybody again';
REVOKE ALL ON FUNCTION cp_alert_acknowledge(bigint, text) FROM PUBLIC;

CREATE VIEW churnprevent.alert_open AS
SELECT a.alert_id, a.model, a.source, a.level, a.message,
	CASE WHEN pg_catalog.pg_has_role(u.owner, 'USAGE') THEN a.numbers ELSE a.numbers - 'drifted' END AS numbers, a.times, a.raised_at, a.last_at
FROM churnprevent.alert a
JOIN churnprevent.usable_model u USING (model)
WHERE resolved_at IS NULL AND acknowledged_at IS NULL
ORDER BY level, last_at DESC;
COMMENT ON VIEW churnprevent.alert_open IS 'alerts that last and that nobody has acknowledged, of models that the user may use; critical ones first. Lines of segments, which are values of customers, are in the numbers for its owner alone';
