-- The documented sets of rights. What a reader never gets is SELECT on model bytes
-- and held-out rows, which hold customers' values, or on sources, which may.
--
-- These functions act as the owner of the extension, so that what one admin gave
-- another can take back; who may call them is a right of its own, given to admins.

CREATE FUNCTION churnprevent.change_rights(role name, privileges text, give boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reads CONSTANT text[] := '{cp_predict,cp_score,cp_evaluate,cp_lift}';
	operates CONSTANT text[] := '{cp_train,cp_deploy,cp_drop_model,cp_grant_model,cp_revoke_model}';
	administers CONSTANT text[] := '{cp_grant,cp_revoke}';
	reads_columns CONSTANT text := 'model_id, name, version, owner, checksum, created_at, seconds, label, roles,'
		' rows, feature_count, features, members, metrics';
	operates_columns CONSTANT text := 'source, options';
	verb CONSTANT text := CASE WHEN give THEN 'GRANT' ELSE 'REVOKE' END;
	whom CONSTANT text := format(CASE WHEN give THEN 'TO %I' ELSE 'FROM %I' END, role);
	functions text[] := CASE privileges
		WHEN 'reader' THEN reads
		WHEN 'operator' THEN reads || operates
		WHEN 'admin' THEN reads || operates || administers
	END;
	signature regprocedure;
BEGIN
	IF functions IS NULL THEN
		RAISE EXCEPTION 'unknown set of privileges "%"', privileges
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Give reader, operator or admin.';
	END IF;
	FOR signature IN
		SELECT p.oid FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
		WHERE e.extname = 'churnprevent' AND p.proname = ANY (functions)
	LOOP
		EXECUTE format('%s EXECUTE ON FUNCTION %s %s', verb, signature, whom);
	END LOOP;
	EXECUTE format('%s USAGE ON SCHEMA churnprevent %s', verb, whom);
	EXECUTE format('%s SELECT ON churnprevent.model_summary, churnprevent.deployment %s', verb, whom);
	EXECUTE format('%s SELECT (%s) ON churnprevent.model %s', verb, reads_columns, whom);
	IF privileges <> 'reader' THEN
		EXECUTE format('%s SELECT (%s) ON churnprevent.model %s', verb, operates_columns, whom);
		EXECUTE format('%s SELECT ON churnprevent.model_name, churnprevent.model_grant %s', verb, whom);
	END IF;
END
$$;
COMMENT ON FUNCTION churnprevent.change_rights(name, text, boolean) IS 'what cp_grant and cp_revoke do';
REVOKE ALL ON FUNCTION churnprevent.change_rights(name, text, boolean) FROM PUBLIC;

CREATE FUNCTION cp_grant(role name, privileges text)
RETURNS void
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT churnprevent.change_rights(role, privileges, true) $$;
COMMENT ON FUNCTION cp_grant(name, text) IS 'give a role the rights of a reader, an operator or an admin';
REVOKE ALL ON FUNCTION cp_grant(name, text) FROM PUBLIC;

CREATE FUNCTION cp_revoke(role name)
RETURNS void
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT churnprevent.change_rights(role, 'admin', false) $$;
COMMENT ON FUNCTION cp_revoke(name) IS 'take back from a role all that cp_grant gave';
REVOKE ALL ON FUNCTION cp_revoke(name) FROM PUBLIC;
