-- Who may do what. Functions run with the caller's rights; a model belongs to who trained it.
SET client_min_messages = warning;
CREATE ROLE rights_owner; CREATE ROLE rights_other; CREATE ROLE rights_reader; CREATE ROLE rights_member IN ROLE rights_owner; CREATE ROLE rights_nobody;
CREATE SCHEMA rights_test;
GRANT USAGE, CREATE ON SCHEMA rights_test TO rights_owner, rights_other;
GRANT USAGE ON SCHEMA rights_test TO rights_reader, rights_nobody;
CREATE TABLE rights_test.member AS SELECT n AS id, n % 10 AS visits, n % 10 + n * 53 % 7 > 9 AS gone FROM generate_series(1, 400) n;
GRANT SELECT ON rights_test.member TO rights_owner, rights_reader, rights_nobody;
RESET client_min_messages;

\set SHOW_CONTEXT never
-- Without EXECUTE nothing goes; the aggregates go.
SET ROLE rights_nobody;
SELECT cp_train('r', 'rights_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, 'r') FROM rights_test.member c; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict('{}'::jsonb, 'r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict('{}'::json, 'r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_score(c, 'r') FROM rights_test.member c; \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_lift('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_roc_curve('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_confusion_matrix('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_calibration('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('r', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('r', 'best'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_grant_model('r', 'rights_nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_revoke_model('r', 'rights_nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_grant('rights_nobody', 'admin'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('rights_test.member'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_budget_curve('rights_test.member'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_allocation_prices(); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM churnprevent.model_summary; \echo :LAST_ERROR_SQLSTATE
SELECT cp_auc(visits, gone) > 0.5 AS auc, cp_log_loss(visits / 10.0, gone) > 0 AS log_loss, cp_brier(visits / 10.0, gone) > 0 AS brier FROM rights_test.member;
RESET ROLE;

-- The documented sets.
SELECT cp_grant('rights_owner', 'operator');
SELECT cp_grant('rights_other', 'operator');
SELECT cp_grant('rights_reader', 'reader');
SELECT r, f, has_function_privilege(r, f, 'EXECUTE') FROM unnest('{rights_reader,rights_owner,rights_nobody}'::text[]) r,
	unnest('{cp_predict(record\,text\,int),cp_lift(text\,text\,text),cp_train(text\,text\,text\,jsonb),cp_deploy(text\,text),"cp_grant(name,text)"}'::text[]) f ORDER BY 1, 2;
SELECT r, t, has_table_privilege(r, 'churnprevent.' || t, 'SELECT') AS all_columns, has_any_column_privilege(r, 'churnprevent.' || t, 'SELECT') AS some,
	has_any_column_privilege(r, 'churnprevent.' || t, 'INSERT, UPDATE') OR has_table_privilege(r, 'churnprevent.' || t, 'DELETE, TRUNCATE, TRIGGER') AS writes
FROM unnest('{rights_reader,rights_owner,rights_nobody}'::text[]) r, unnest('{model,model_name,deployment,model_grant,model_summary,model_member,feature_importance}'::text[]) t ORDER BY 1, 2;
-- Nobody but the owner of the extension reads model bytes and held-out rows.
SELECT r, c FROM unnest('{rights_reader,rights_owner,rights_nobody}'::text[]) r, unnest('{bytes,holdout}'::text[]) c
WHERE has_column_privilege(r, 'churnprevent.model', c, 'SELECT');
SELECT cp_grant('rights_reader', 'king'); \echo :LAST_ERROR_SQLSTATE

-- A source needs rights on the source.
SET ROLE rights_other;
SELECT cp_train('r', 'rights_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_allocate('SELECT id AS customer_id, ''call'' AS action, visits AS value, 1 AS cost FROM rights_test.member'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('r', 'SELECT * FROM rights_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT (visits, gone) ON rights_test.member TO rights_other;
SET ROLE rights_other;
SELECT cp_train('r', 'rights_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT version FROM cp_train('others', 'SELECT visits, gone FROM rights_test.member', 'gone');
RESET ROLE;

-- The owner's model, and everybody else.
SET ROLE rights_owner;
SELECT version FROM cp_train('r', 'rights_test.member', 'gone', '{"id": "id"}');
SELECT name, owner, deployed FROM churnprevent.model_summary ORDER BY name;
SELECT bytes FROM churnprevent.model; \echo :LAST_ERROR_SQLSTATE
SELECT holdout FROM churnprevent.model; \echo :LAST_ERROR_SQLSTATE
SELECT * FROM churnprevent.model; \echo :LAST_ERROR_SQLSTATE
UPDATE churnprevent.model SET owner = 'rights_owner'; \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.model_grant VALUES ('others', 'rights_owner', 'rights_owner', now()); \echo :LAST_ERROR_SQLSTATE
DELETE FROM churnprevent.deployment; \echo :LAST_ERROR_SQLSTATE
SELECT count(cp_predict(c, 'r')) FROM rights_test.member c;
SET ROLE rights_reader;
SELECT name, owner, deployed FROM churnprevent.model_summary ORDER BY name; SELECT name, member FROM churnprevent.model_member ORDER BY name, member; SELECT name, count(*) FROM churnprevent.feature_importance GROUP BY name ORDER BY name;
SELECT cp_predict(c, 'r') FROM rights_test.member c; \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, 'r', 1) FROM rights_test.member c; \echo :LAST_ERROR_SQLSTATE
SELECT cp_score(to_jsonb(c), 'r') FROM rights_test.member c; \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('r', 'rights_test.member'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_lift('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_roc_curve('r', 'rights_test.member'); \echo :LAST_ERROR_SQLSTATE
SET ROLE rights_other;
SELECT cp_predict('{"visits": 1}'::jsonb, 'r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('r', 'SELECT visits, gone FROM rights_test.member', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('r', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('r', 'rollback'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('r', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('r'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_grant_model('r', 'rights_other'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_revoke_model('r', 'rights_other'); \echo :LAST_ERROR_SQLSTATE
-- A member of the owning role owns it too; a new version stays the owner's.
RESET ROLE;
SELECT cp_grant('rights_member', 'operator');
SET ROLE rights_member;
SELECT version FROM cp_train('r', 'rights_test.member', 'gone', '{"id": "id"}');
SELECT cp_deploy('r', 1);
RESET ROLE;
SELECT version, owner FROM churnprevent.model WHERE name = 'r' ORDER BY version;
SELECT strategy, deployed_by FROM churnprevent.deployment WHERE name = 'r' ORDER BY deployment_id;

-- Given and taken back.
SET ROLE rights_owner;
SELECT cp_grant_model('r', 'rights_reader'), cp_grant_model('r', 'rights_reader');
SELECT name, grantee, granted_by FROM churnprevent.model_grant;
SET ROLE rights_reader;
SELECT count(cp_predict(c, 'r')), count(cp_score(c, 'r')), count(cp_predict(c, 'r', 2)) FROM rights_test.member c;
SELECT rows FROM cp_evaluate('r');
SELECT rows FROM cp_evaluate('r', 'rights_test.member');
SELECT count(*) FROM cp_lift('r');
SELECT count(*) > 2 AS roc FROM cp_roc_curve('r');
SELECT threshold FROM cp_confusion_matrix('r', 'rights_test.member');
SELECT count(*) FROM cp_calibration('r', bins => 4);
SELECT cp_deploy('r', 2); \echo :LAST_ERROR_SQLSTATE
-- A warm session is refused from the next statement on.
RESET ROLE;
SELECT cp_revoke_model('r', 'rights_reader');
SET ROLE rights_reader;
SELECT cp_predict(c, 'r') FROM rights_test.member c; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT cp_grant_model('r', 'public');
SELECT grantee FROM churnprevent.model_grant;
SET ROLE rights_reader;
SELECT count(cp_predict(c, 'r')) FROM rights_test.member c;
RESET ROLE;
SELECT cp_revoke_model('r', 'public');
SET ROLE rights_reader;
SELECT count(cp_predict(c, 'r')) FROM rights_test.member c; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT cp_grant_model('r', 'rights_absent'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_grant_model('nobody', 'rights_reader'); \echo :LAST_ERROR_SQLSTATE
-- A function of the owner's may lend its rights.
CREATE FUNCTION rights_test.risk(visits int) RETURNS float8 LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT cp_predict(jsonb_build_object('visits', visits), 'r') $$;
ALTER FUNCTION rights_test.risk OWNER TO rights_owner;
SET ROLE rights_nobody;
SELECT rights_test.risk(3) > 0 AS lent;
RESET ROLE;
-- Through a view the caller's rights to the model count.
CREATE VIEW rights_test.risky AS SELECT id, cp_predict(c, 'r') AS risk FROM rights_test.member c;
ALTER VIEW rights_test.risky OWNER TO rights_owner;
GRANT SELECT ON rights_test.risky TO rights_reader, rights_nobody;
SET ROLE rights_reader;
SELECT count(risk) FROM rights_test.risky; \echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- An admin hands out sets of rights and takes them back; so does the owner of the extension, whoever gave them.
SELECT cp_grant('rights_other', 'admin');
CREATE FUNCTION rights_test.has(role name) RETURNS TABLE (predicts boolean, enters boolean, sees boolean, reads boolean) LANGUAGE sql AS $$
	SELECT has_function_privilege($1, 'cp_predict(record,text,int)', 'EXECUTE'), has_schema_privilege($1, 'churnprevent', 'USAGE'),
		has_table_privilege($1, 'churnprevent.model_summary', 'SELECT'), has_any_column_privilege($1, 'churnprevent.model', 'SELECT')
$$;
SET ROLE rights_other;
SELECT cp_grant('rights_nobody', 'reader');
SELECT * FROM rights_test.has('rights_nobody');
SELECT cp_revoke('rights_nobody');
SELECT * FROM rights_test.has('rights_nobody');
SELECT cp_grant('rights_nobody', 'operator');
RESET ROLE;
SELECT cp_revoke('rights_nobody');
SELECT * FROM rights_test.has('rights_nobody');
SELECT cp_revoke('rights_other');
SELECT * FROM rights_test.has('rights_other');
SELECT cp_grant('rights_other', 'operator');
-- Limits are a superuser's to set.
SET ROLE rights_owner;
SET churnprevent.training_memory = '2GB'; \echo :LAST_ERROR_SQLSTATE
SET churnprevent.cache_memory = '2GB'; \echo :LAST_ERROR_SQLSTATE
SET churnprevent.default_model = 'r';
SET churnprevent.risk_threshold_high = 0.7;
RESET churnprevent.default_model;
RESET churnprevent.risk_threshold_high;
RESET ROLE;

-- A hostile search path: look-alikes of our tables, of functions, operators and types are never used by our own statements.
CREATE SCHEMA rights_evil;
CREATE FUNCTION rights_evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'clock_timestamp called'; END $$;
CREATE FUNCTION rights_evil.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '= called'; END $$;
CREATE FUNCTION rights_evil.equal_int(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'int = called'; END $$;
CREATE FUNCTION rights_evil.field(jsonb, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '->> called'; END $$;
CREATE FUNCTION rights_evil.plus(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '+ called'; END $$;
CREATE FUNCTION rights_evil.less(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '< called'; END $$;
CREATE FUNCTION rights_evil.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'format called'; END $$;
CREATE OPERATOR rights_evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = rights_evil.equal);
CREATE OPERATOR rights_evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = rights_evil.equal_int);
CREATE OPERATOR rights_evil.->> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = rights_evil.field);
CREATE OPERATOR rights_evil.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = rights_evil.plus);
CREATE OPERATOR rights_evil.< (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = rights_evil.less);
CREATE TABLE rights_evil.model (LIKE churnprevent.model);
CREATE TABLE rights_evil.deployment (LIKE churnprevent.deployment);
CREATE DOMAIN rights_evil.float8 AS text;
CREATE TEMP TABLE model_name (name text, last_version int);
SET search_path = rights_evil, pg_catalog, public;
SELECT text 'a' = text 'b'; \echo :LAST_ERROR_SQLSTATE
SELECT public.cp_train('evil', 'TABLE rights_test.member', 'gone', '{"id": "id"}') IS NOT NULL;
SELECT public.cp_train('evil', 'TABLE rights_test.member', 'gone', '{"id": "id"}') IS NOT NULL;
SELECT public.cp_deploy('evil', 1), public.cp_deploy('evil', 'best') > 0, public.cp_deploy('evil', 'latest'), public.cp_deploy('evil', 'rollback') > 0;
SELECT public.cp_grant_model('evil', 'rights_reader');
SELECT public.cp_revoke_model('evil', 'rights_reader');
SELECT public.cp_grant('rights_reader', 'reader');
SELECT public.cp_predict('{"visits": 3}'::jsonb, 'evil') > 0, (public.cp_score('{"visits": 3}'::jsonb, 'evil')).risk_segment IS NOT NULL;
SELECT (public.cp_evaluate('evil')).rows, (public.cp_evaluate('evil', 'TABLE rights_test.member')).rows;
SELECT pg_catalog.count(*) FROM public.cp_lift('evil');
SELECT pg_catalog.count(*) FROM churnprevent.model_summary WHERE deployed;
SELECT public.cp_drop_model('evil');
RESET search_path;
DROP TABLE model_name;

-- A source of somebody else's that calls a function runs as the caller, never as the owner of our tables.
CREATE TABLE rights_test.who (name text);
GRANT INSERT ON rights_test.who TO PUBLIC;
CREATE FUNCTION rights_test.spy(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF $1 = 3 THEN INSERT INTO rights_test.who VALUES (current_user); END IF; RETURN $1; END $$;
SET ROLE rights_other;
SELECT rows FROM cp_train('spied', 'SELECT rights_test.spy(visits) AS visits, gone FROM rights_test.member', 'gone');
RESET ROLE;
SELECT DISTINCT name FROM rights_test.who;

SELECT name, cp_drop_model(name) FROM churnprevent.model_name ORDER BY name;
SET client_min_messages = warning;
DROP SCHEMA rights_test, rights_evil CASCADE;
DROP OWNED BY rights_owner, rights_other, rights_reader, rights_member, rights_nobody;
DROP ROLE rights_owner, rights_other, rights_reader, rights_member, rights_nobody;
