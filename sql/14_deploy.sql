CREATE FUNCTION cp_deploy(model text, version int)
RETURNS int
AS 'MODULE_PATHNAME', 'cp_deploy_version'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_deploy(text, int) IS 'make a version the one that scores; seen by other sessions when the transaction commits';
REVOKE ALL ON FUNCTION cp_deploy(text, int) FROM PUBLIC;

CREATE FUNCTION cp_deploy(model text, strategy text)
RETURNS int
AS 'MODULE_PATHNAME', 'cp_deploy_strategy'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_deploy(text, text) IS 'deploy the version that is best (least held-out log-loss), latest, or, with rollback, the one deployed before';
REVOKE ALL ON FUNCTION cp_deploy(text, text) FROM PUBLIC;

CREATE FUNCTION cp_drop_model(model text)
RETURNS int
AS 'MODULE_PATHNAME', 'cp_drop_model'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_drop_model(text) IS 'remove a model with all its versions; number of versions removed';
REVOKE ALL ON FUNCTION cp_drop_model(text) FROM PUBLIC;

CREATE FUNCTION cp_drop_model(model text, version int)
RETURNS int
AS 'MODULE_PATHNAME', 'cp_drop_model_version'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_drop_model(text, int) IS 'remove a version that is not deployed; number of versions removed';
REVOKE ALL ON FUNCTION cp_drop_model(text, int) FROM PUBLIC;

CREATE FUNCTION cp_grant_model(model text, role name)
RETURNS void
AS 'MODULE_PATHNAME', 'cp_grant_model'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_grant_model(text, name) IS 'let a role, or public, score with a model and see its figures';
REVOKE ALL ON FUNCTION cp_grant_model(text, name) FROM PUBLIC;

CREATE FUNCTION cp_revoke_model(model text, role name)
RETURNS void
AS 'MODULE_PATHNAME', 'cp_revoke_model'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cp_revoke_model(text, name) IS 'take back what cp_grant_model gave';
REVOKE ALL ON FUNCTION cp_revoke_model(text, name) FROM PUBLIC;
