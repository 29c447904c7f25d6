-- The documented sets of rights. What a reader never gets is SELECT on model bytes
-- and held-out rows, which hold customers' values, or on sources, which may.
--
-- These two act as the owner of the extension, so that what one admin gave another
-- can take back; to call them is a right of its own, which admins get.

CREATE FUNCTION cp_grant(role name, privileges text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reads CONSTANT text[] := '{cp_predict,cp_score,cp_explain,cp_feature_importance,cp_evaluate,cp_lift,cp_roc_curve,cp_confusion_matrix,cp_calibration,cp_recommend,cp_control_group,cp_simulate_customers,'
		'cp_ab_assign,cp_ab_significance,cp_ab_timeline,cp_saved_revenue,'
		'cp_drift_psi,cp_drift_kl,cp_drift_js,cp_drift_ks,cp_drift_chi2,cp_drift_wasserstein,cp_drift_summary,cp_performance}';
	operates CONSTANT text[] := '{cp_train,cp_deploy,cp_drop_model,cp_grant_model,cp_revoke_model,cp_decide,cp_feedback,cp_train_policy,'
		'cp_simulator_create,cp_simulator_drop,cp_simulate,cp_simulate_value,cp_simulator_check,'
		'cp_allocate,cp_allocation_report,cp_allocation_prices,cp_budget_curve,'
		'cp_ab_create,cp_ab_start,cp_ab_stop,cp_ab_archive,cp_ab_allocate,cp_ab_expose,cp_ab_record,'
		'cp_drift_check,cp_drift_json,cp_performance_check,cp_alert_acknowledge,cp_retrain_review}';
	administers CONSTANT text[] := '{cp_grant,cp_revoke,cp_forget,cp_log_partitions}';
	functions text[] := CASE privileges
		WHEN 'reader' THEN reads
		WHEN 'operator' THEN reads || operates
		WHEN 'admin' THEN reads || operates || administers
	END;
	signature regprocedure;
BEGIN
	IF role IS NULL THEN
		RAISE EXCEPTION 'argument "role" must not be NULL' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF functions IS NULL THEN
		RAISE EXCEPTION 'unknown set of privileges "%"', coalesce(privileges, 'NULL')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Give reader, operator or admin.';
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
	EXECUTE format('GRANT SELECT ON churnprevent.model_summary, churnprevent.model_member, churnprevent.feature_importance, churnprevent.deployment TO %I', role);
	EXECUTE format('GRANT SELECT (model_id, name, version, owner, checksum, created_at, seconds, label, roles,'
		' rows, churn_rate, feature_count, features, member_weights, metrics, ensemble, importance) ON churnprevent.model TO %I', role);
	EXECUTE format('GRANT SELECT ON churnprevent.action, churnprevent.catalogue, churnprevent.policy, churnprevent.action_effect, churnprevent.forgotten TO %I', role);
	EXECUTE format('GRANT SELECT ON churnprevent.experiment, churnprevent.experiment_phase, churnprevent.experiment_result, churnprevent.experiment_timeline, churnprevent.saved_revenue TO %I', role);
	EXECUTE format('GRANT SELECT ON churnprevent.usable_model, churnprevent.drift_status, churnprevent.model_performance, churnprevent.alert_open TO %I', role);
	IF privileges <> 'reader' THEN
		EXECUTE format('GRANT SELECT ON churnprevent.drift_report, churnprevent.drift_feature, churnprevent.alert, churnprevent.retrain_review TO %I', role);
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON churnprevent.retrain_rule TO %I', role);
		EXECUTE format('GRANT SELECT ON churnprevent.experiment_layer, churnprevent.experiment_unit TO %I', role);
		EXECUTE format('GRANT INSERT, UPDATE ON churnprevent.action TO %I', role);
		EXECUTE format('GRANT SELECT ON churnprevent.decision, churnprevent.feedback, churnprevent.decision_key, churnprevent.contact_state TO %I', role);
		EXECUTE format('GRANT SELECT (one, share, since) ON churnprevent.holdout TO %I', role);
		EXECUTE format('GRANT SELECT ON churnprevent.allocation_run, churnprevent.allocation_limit, churnprevent.allocation TO %I', role);
		EXECUTE format('GRANT SELECT (name, owner, created_at, model_id, catalogue_version, source, params, effects, customer_count) ON churnprevent.simulator TO %I', role);
		EXECUTE format('GRANT SELECT (source, options) ON churnprevent.model TO %I', role);
		EXECUTE format('GRANT SELECT ON churnprevent.model_name, churnprevent.model_grant TO %I', role);
	END IF;
	IF privileges = 'admin' THEN
		EXECUTE format('GRANT UPDATE (share, salt, since) ON churnprevent.holdout TO %I', role);
	END IF;
END
$$;
COMMENT ON FUNCTION cp_grant(name, text) IS 'give a role the rights of a reader, an operator or an admin';
REVOKE ALL ON FUNCTION cp_grant(name, text) FROM PUBLIC;

CREATE FUNCTION cp_revoke(role name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	whom CONSTANT oid := CASE WHEN role = 'public' THEN 0 ELSE quote_ident(role)::regrole::oid END;
	signature regprocedure;
BEGIN
	IF role IS NULL THEN
		RAISE EXCEPTION 'argument "role" must not be NULL' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	FOR signature IN
		SELECT DISTINCT p.oid FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
		CROSS JOIN aclexplode(p.proacl) a
		WHERE e.extname = 'churnprevent' AND a.grantee = whom
	LOOP
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I', signature, role);
	END LOOP;
	EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA churnprevent FROM %I', role);
	EXECUTE format('REVOKE USAGE ON SCHEMA churnprevent FROM %I', role);
END
$$;
COMMENT ON FUNCTION cp_revoke(name) IS 'take back from a role all that cp_grant gave';
REVOKE ALL ON FUNCTION cp_revoke(name) FROM PUBLIC;
