-- The documented sets of rights. Who gives them must be able to: the owner of the
-- extension, a superuser, or a role that was made admin. What a reader never gets
-- is SELECT on model bytes and held-out rows, which hold customers' values, or on
-- sources, which may.

CREATE FUNCTION cp_grant(role name, privileges text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = error
AS $$
DECLARE
	reads CONSTANT text[] := '{cp_predict,cp_score,cp_evaluate,cp_lift}';
	operates CONSTANT text[] := '{cp_train,cp_deploy,cp_drop_model,cp_grant_model,cp_revoke_model}';
	administers CONSTANT text[] := '{cp_grant,cp_revoke}';
	columns CONSTANT text := 'model_id, name, version, owner, checksum, created_at, seconds, label, roles,'
		' rows, feature_count, features, members, metrics';
	functions text[] := CASE privileges
		WHEN 'reader' THEN reads
		WHEN 'operator' THEN reads || operates
		WHEN 'admin' THEN reads || operates || administers
	END;
	grantee text := format('%I', role) || CASE privileges WHEN 'admin' THEN ' WITH GRANT OPTION' ELSE '' END;
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
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', signature, grantee);
		-- Without the right to give it, GRANT does nothing and only warns.
		IF NOT has_function_privilege(role, signature, 'EXECUTE') THEN
			RAISE EXCEPTION 'permission denied to grant the rights of churnprevent'
				USING ERRCODE = 'insufficient_privilege',
					HINT = 'The owner of the extension, a superuser or an admin can.';
		END IF;
	END LOOP;
	EXECUTE 'GRANT USAGE ON SCHEMA churnprevent TO ' || grantee;
	EXECUTE 'GRANT SELECT ON churnprevent.model_summary, churnprevent.deployment TO ' || grantee;
	EXECUTE format('GRANT SELECT (%s) ON churnprevent.model TO %s', columns, grantee);
	IF privileges <> 'reader' THEN
		EXECUTE 'GRANT SELECT ON churnprevent.model_name, churnprevent.model_grant TO ' || grantee;
		EXECUTE 'GRANT SELECT (source, options) ON churnprevent.model TO ' || grantee;
	END IF;
END
$$;
COMMENT ON FUNCTION cp_grant(name, text) IS 'give a role the rights of a reader, an operator or an admin';
REVOKE ALL ON FUNCTION cp_grant(name, text) FROM PUBLIC;

CREATE FUNCTION cp_revoke(role name)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = error
AS $$
DECLARE
	signature regprocedure;
BEGIN
	FOR signature IN
		SELECT p.oid FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
		WHERE e.extname = 'churnprevent' AND p.prokind = 'f'
	LOOP
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I CASCADE', signature, role);
	END LOOP;
	EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA churnprevent FROM %I CASCADE', role);
	EXECUTE format('REVOKE USAGE ON SCHEMA churnprevent FROM %I CASCADE', role);
END
$$;
COMMENT ON FUNCTION cp_revoke(name) IS 'take back from a role all that cp_grant gave';
REVOKE ALL ON FUNCTION cp_revoke(name) FROM PUBLIC;
