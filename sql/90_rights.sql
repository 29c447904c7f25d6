-- The documented sets of rights. The caller must be able to give them: the owner
-- of the extension or a superuser. What a reader never gets is SELECT on model
-- bytes and held-out rows, which hold customers' values.

CREATE FUNCTION cp_grant(role name, privileges text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reads CONSTANT text[] := '{cp_predict,cp_score,cp_evaluate,cp_lift}';
	operates CONSTANT text[] := '{cp_train,cp_deploy,cp_drop_model,cp_grant_model,cp_revoke_model}';
	administers CONSTANT text[] := '{cp_grant}';
	functions text[];
	signature regprocedure;
BEGIN
	functions := CASE privileges
		WHEN 'reader' THEN reads
		WHEN 'operator' THEN reads || operates
		WHEN 'admin' THEN reads || operates || administers
	END;
	IF functions IS NULL THEN
		RAISE EXCEPTION 'unknown set of privileges "%"', privileges
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'Give reader, operator or admin.';
	END IF;
	FOR signature IN
		SELECT p.oid FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
		WHERE e.extname = 'churnprevent' AND p.proname = ANY (functions)
	LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', signature, role);
	END LOOP;
	EXECUTE format('GRANT USAGE ON SCHEMA churnprevent TO %I', role);
	EXECUTE format('GRANT SELECT ON churnprevent.model_summary, churnprevent.deployment TO %I', role);
	EXECUTE format('GRANT SELECT (model_id, name, version, owner, checksum, created_at, seconds, source, label,'
		' options, roles, rows, feature_count, features, members, metrics) ON churnprevent.model TO %I', role);
	IF privileges <> 'reader' THEN
		EXECUTE format('GRANT SELECT ON churnprevent.model_name, churnprevent.model_grant TO %I', role);
	END IF;
END
$$;
COMMENT ON FUNCTION cp_grant(name, text) IS 'give a role the rights of a reader, an operator or an admin';
REVOKE ALL ON FUNCTION cp_grant(name, text) FROM PUBLIC;
