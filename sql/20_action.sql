-- What can be done for a customer. Users edit the table with plain SQL; every state it
-- was ever in is kept whole in churnprevent.catalogue, which decisions refer to.
--
-- Shipped rows are pristine until somebody edits them, and then take part in dumps. A
-- restore inserts them over the pristine ones. It is known by saying that a row is not
-- pristine; others leave that to the trigger, and so cannot take a shipped row's place.

CREATE TABLE churnprevent.action (
	action_id int PRIMARY KEY CHECK (action_id BETWEEN 0 AND 255),
	name text COLLATE "C" NOT NULL UNIQUE,
	kind text NOT NULL,
	cost_fixed numeric(12,2) NOT NULL DEFAULT 0,
	cost_pct numeric(8,5) NOT NULL DEFAULT 0,
	duration_m int NOT NULL DEFAULT 0,
	redeem_prob real NOT NULL DEFAULT 1,
	cap bigint CHECK (cap >= 0),
	cooldown interval NOT NULL DEFAULT '30 days' CHECK (cooldown BETWEEN '0' AND '100 years'),
	channel text,
	effect_prior_mean real NOT NULL DEFAULT 0,
	effect_prior_sd real NOT NULL DEFAULT 0.3,
	eligible text,
	enabled boolean NOT NULL DEFAULT true,
	version int NOT NULL DEFAULT 1,
	pristine boolean NOT NULL
);
COMMENT ON TABLE churnprevent.action IS 'the catalogue of actions, edited with plain SQL; a change makes a new version of churnprevent.catalogue';
COMMENT ON COLUMN churnprevent.action.action_id IS 'never changes and is never given again; 0 is none';
COMMENT ON COLUMN churnprevent.action.kind IS 'none, discount (works while its percentage runs), upgrade (works for good, once), offer or contact (work in their month)';
COMMENT ON COLUMN churnprevent.action.cost_fixed IS 'money, when it is carried out';
COMMENT ON COLUMN churnprevent.action.cost_pct IS 'share of the monthly charge, each month while it runs and the customer stays';
COMMENT ON COLUMN churnprevent.action.duration_m IS 'months that the percentage runs, at most 60';
COMMENT ON COLUMN churnprevent.action.redeem_prob IS 'expected take-up of the percentage, for the expected cost';
COMMENT ON COLUMN churnprevent.action.cap IS 'how many times a period it may be carried out, NULL = without bound';
COMMENT ON COLUMN churnprevent.action.cooldown IS 'time after it in which the customer is left alone';
COMMENT ON COLUMN churnprevent.action.channel IS 'how the customer is reached; for whoever carries it out';
COMMENT ON COLUMN churnprevent.action.effect_prior_mean IS 'what it is believed to add to the log-odds of staying, before any feedback';
COMMENT ON COLUMN churnprevent.action.effect_prior_sd IS 'standard deviation of that belief';
COMMENT ON COLUMN churnprevent.action.eligible IS 'rule over features that says who may get it, NULL = everybody';
COMMENT ON COLUMN churnprevent.action.version IS 'counts the edits of the row';
COMMENT ON COLUMN churnprevent.action.pristine IS 'as shipped';

CREATE TABLE churnprevent.catalogue (
	version int PRIMARY KEY,
	action_ids int[] NOT NULL,
	definitions jsonb NOT NULL,
	created_at timestamptz NOT NULL,
	created_by regrole NOT NULL
);
COMMENT ON TABLE churnprevent.catalogue IS 'every state of churnprevent.action that was ever in force; the last version is';
COMMENT ON COLUMN churnprevent.catalogue.action_ids IS 'enabled actions; the place in this array, from 0, is the position that masks and probabilities in the log are by';
COMMENT ON COLUMN churnprevent.catalogue.definitions IS 'the rows of these actions, in the same order';
COMMENT ON COLUMN churnprevent.catalogue.created_at IS 'of version 1, which is shipped: when the extension was made';

CREATE FUNCTION cp_action_check(action jsonb)
RETURNS void
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cp_action_check_json';
COMMENT ON FUNCTION cp_action_check(jsonb) IS 'raise an error when a row of churnprevent.action, as to_jsonb makes it, or all rows as an array, are nothing that decisions can be made with, rules included';
REVOKE ALL ON FUNCTION cp_action_check(jsonb) FROM PUBLIC;

-- A row can be deleted only here, where a restored one takes the place of a pristine one.
CREATE FUNCTION cp_action_edit()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET extra_float_digits = 1
AS $$
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF OLD.pristine AND pg_trigger_depth() > 1 THEN
			RETURN OLD;
		END IF;
		RAISE EXCEPTION 'action "%" cannot be deleted', OLD.name
			USING ERRCODE = 'object_in_use', DETAIL = 'Decisions in the log may refer to it.',
				HINT = format('UPDATE churnprevent.action SET enabled = false WHERE name = %L;', OLD.name);
	END IF;
	PERFORM @extschema@.cp_action_check(to_jsonb(NEW));
	IF TG_OP = 'INSERT' THEN
		DELETE FROM churnprevent.action a
		WHERE a.pristine AND NOT NEW.pristine AND (a.action_id = NEW.action_id OR a.name = NEW.name);
	ELSIF NEW.action_id <> OLD.action_id THEN
		RAISE EXCEPTION 'action_id of action "%" cannot change', OLD.name
			USING ERRCODE = 'object_in_use', DETAIL = 'Decisions in the log may refer to it.',
				HINT = 'Insert another action and disable this one.';
	ELSE
		NEW.version := OLD.version + 1;
	END IF;
	NEW.pristine := false;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION cp_action_edit() IS 'trigger of churnprevent.action: checks a row and keeps the book of its edits';
REVOKE ALL ON FUNCTION cp_action_edit() FROM PUBLIC;

CREATE FUNCTION cp_action_keep()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'churnprevent.action cannot be truncated'
		USING ERRCODE = 'object_in_use', DETAIL = 'Decisions in the log may refer to its rows.',
			HINT = 'Disable actions: UPDATE churnprevent.action SET enabled = false WHERE ...';
END
$$;
COMMENT ON FUNCTION cp_action_keep() IS 'trigger of churnprevent.action: refuses TRUNCATE';
REVOKE ALL ON FUNCTION cp_action_keep() FROM PUBLIC;

-- A statement that leaves other actions in force makes a version. A restore brings the
-- versions as well, over those that its own inserts have made meanwhile.
CREATE FUNCTION cp_catalogue_advance()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
AS $$
DECLARE
	ids int[];
	rows jsonb;
BEGIN
	LOCK TABLE churnprevent.catalogue IN SHARE ROW EXCLUSIVE MODE;
	SELECT array_agg(action_id ORDER BY action_id), jsonb_agg(to_jsonb(a) - '{enabled,pristine}'::text[] ORDER BY action_id)
	INTO ids, rows FROM churnprevent.action a WHERE enabled;
	IF ids IS NULL OR NOT 0 = ANY (ids) THEN
		RAISE EXCEPTION 'the catalogue must keep the action "none"'
			USING ERRCODE = 'check_violation', DETAIL = 'Doing nothing is always allowed and is action_id 0.';
	END IF;
	IF cardinality(ids) > 32 THEN
		RAISE EXCEPTION 'more than 32 actions are enabled'
			USING ERRCODE = 'program_limit_exceeded', DETAIL = format('It would be %s.', cardinality(ids)),
				HINT = 'Disable one: UPDATE churnprevent.action SET enabled = false ...';
	END IF;
	PERFORM @extschema@.cp_action_check(rows);
	INSERT INTO churnprevent.catalogue (version, action_ids, definitions, created_at, created_by)
	SELECT coalesce(max(c.version), 0) + 1, ids, rows, clock_timestamp(), quote_ident(session_user)::regrole
	FROM churnprevent.catalogue c
	HAVING (SELECT l.definitions FROM churnprevent.catalogue l ORDER BY l.version DESC LIMIT 1) IS DISTINCT FROM rows;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION cp_catalogue_advance() IS 'trigger of churnprevent.action: makes a version of churnprevent.catalogue of the actions now enabled';
REVOKE ALL ON FUNCTION cp_catalogue_advance() FROM PUBLIC;

CREATE FUNCTION cp_catalogue_restore()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	installed timestamptz = (SELECT created_at FROM churnprevent.catalogue WHERE version = 1);
BEGIN
	DELETE FROM churnprevent.catalogue c
	WHERE c.version = NEW.version OR (NEW.created_at < installed AND c.created_at > installed);
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION cp_catalogue_restore() IS 'trigger of churnprevent.catalogue: lets restored versions, which are older than this installation, take the place of those made meanwhile';
REVOKE ALL ON FUNCTION cp_catalogue_restore() FROM PUBLIC;

CREATE TRIGGER advance AFTER INSERT OR UPDATE ON churnprevent.action
	FOR EACH STATEMENT EXECUTE FUNCTION cp_catalogue_advance();

-- Before the trigger that takes rows for edited.
INSERT INTO churnprevent.action (action_id, name, kind, cost_fixed, cost_pct, duration_m, cap, cooldown, channel, effect_prior_mean, pristine) VALUES
	(0, 'none',        'none',     0,  0,    0, NULL, '0',       NULL,      0,    true),
	(1, 'discount_10', 'discount', 0,  0.10, 3, 100,  '30 days', 'billing', 0.30, true),
	(2, 'discount_20', 'discount', 0,  0.20, 3, 100,  '30 days', 'billing', 0.52, true),
	(3, 'upgrade',     'upgrade',  90, 0,    0, 50,   '30 days', 'service', 0.12, true),
	(4, 'offer',       'offer',    25, 0,    0, 30,   '30 days', 'email',   0.75, true),
	(5, 'contact',     'contact',  8,  0,    0, NULL, '30 days', 'phone',   0.30, true);

CREATE TRIGGER edit BEFORE INSERT OR UPDATE OR DELETE ON churnprevent.action
	FOR EACH ROW EXECUTE FUNCTION cp_action_edit();
CREATE TRIGGER keep BEFORE TRUNCATE ON churnprevent.action
	FOR EACH STATEMENT EXECUTE FUNCTION cp_action_keep();
CREATE TRIGGER restore BEFORE INSERT ON churnprevent.catalogue
	FOR EACH ROW EXECUTE FUNCTION cp_catalogue_restore();

SELECT pg_catalog.pg_extension_config_dump('churnprevent.action', 'WHERE NOT pristine');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.catalogue', 'WHERE version > 1');
