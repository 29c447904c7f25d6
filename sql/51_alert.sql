-- Alerts: what somebody should know. All writing is by alert_store.c.

CREATE TABLE churnprevent.alert (
	alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	model text COLLATE "C" NOT NULL,
	source text COLLATE "C" NOT NULL CHECK (source IN ('drift', 'performance')),
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
COMMENT ON COLUMN churnprevent.alert.source IS 'what found it: drift or performance';
COMMENT ON COLUMN churnprevent.alert.numbers IS 'what was found the last time';
COMMENT ON COLUMN churnprevent.alert.times IS 'how often it was found';
COMMENT ON COLUMN churnprevent.alert.notified_at IS 'when the channel churnprevent_alert was told: when it was raised, and when a warning became critical';
COMMENT ON COLUMN churnprevent.alert.acknowledged_by IS 'who has seen it; taken back when a warning becomes critical';
COMMENT ON COLUMN churnprevent.alert.resolved_at IS 'when it was no longer found; if it comes back that is another alert';

SELECT pg_catalog.pg_extension_config_dump('churnprevent.alert', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.alert_alert_id_seq', '');

CREATE FUNCTION cp_alert_acknowledge(alert_id bigint, note text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'cp_alert_acknowledge'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_alert_acknowledge(bigint, text) IS 'say that an alert has been seen; it stays until it is no longer found, without telling anybody again';
REVOKE ALL ON FUNCTION cp_alert_acknowledge(bigint, text) FROM PUBLIC;

CREATE VIEW churnprevent.alert_open AS
SELECT alert_id, model, source, level, message, numbers, times, raised_at, last_at
FROM churnprevent.alert
WHERE resolved_at IS NULL AND acknowledged_at IS NULL
ORDER BY level, last_at DESC;
COMMENT ON VIEW churnprevent.alert_open IS 'alerts that last and that nobody has acknowledged, critical ones first';
