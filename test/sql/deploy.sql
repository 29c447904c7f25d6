-- cp_deploy and cp_drop_model: which version scores, and the history of it.
CREATE TABLE deploy_test AS SELECT n AS id, n % 10 AS visits, n * 31 % 17 AS misses, n % 10 + n * 53 % 7 > 9 AS gone FROM generate_series(1, 400) n;
-- Which version answers?
CREATE FUNCTION scoring() RETURNS int LANGUAGE sql AS $$
	SELECT v.version FROM churnprevent.model v, deploy_test c WHERE v.name = 'd' AND c.id = 1 AND cp_predict(c, 'd') = cp_predict(c, 'd', v.version) ORDER BY 1 LIMIT 1
$$;
-- Versions 1 to 4: 2 is the best, 3 saw nothing useful, 4 was not measured.
SELECT version, deployed FROM cp_train('d', 'deploy_test', 'gone', '{"id": "id", "members": "gbm", "gbm": {"rounds": 3}}');
SELECT version, deployed FROM cp_train('d', 'deploy_test', 'gone', '{"id": "id", "members": "gbm"}');
SELECT version, deployed FROM cp_train('d', 'SELECT id, misses, gone FROM deploy_test', 'gone', '{"id": "id", "deploy": false, "members": "gbm"}');
SELECT version, deployed FROM cp_train('d', 'deploy_test', 'gone', '{"id": "id", "deploy": false, "test_size": 0, "members": "gbm", "gbm": {"rounds": 7}}');
SELECT name, version, deployed FROM churnprevent.model_summary ORDER BY version;
SELECT scoring();

-- A version, the best, the latest.
SELECT cp_deploy('d', 1), scoring();
SELECT scoring();
SELECT cp_deploy('d', 'best'); SELECT scoring();
SELECT cp_deploy('d', 'latest'); SELECT scoring();
SELECT cp_deploy('d', 3); SELECT scoring();
-- Back, and back, and back, as deployed before; the end is an error and changes nothing.
SELECT cp_deploy('d', 'rollback'); SELECT scoring();
SELECT cp_deploy('d', 'rollback'); SELECT scoring();
SELECT cp_deploy('d', 'rollback'); SELECT scoring();
SELECT cp_deploy('d', 'rollback'); SELECT scoring();
SELECT cp_deploy('d', 'rollback'); SELECT scoring();
SELECT cp_deploy('d', 'rollback'); \echo :LAST_ERROR_SQLSTATE
SELECT scoring();
SELECT m.version, strategy, restores IS NOT NULL AS restores, deployed_by = current_user::regrole AS by_me FROM churnprevent.deployment h JOIN churnprevent.model m USING (model_id) ORDER BY deployment_id;
-- A deployment after rollbacks starts from there: back means to what was deployed before it.
SELECT cp_deploy('d', 4), cp_deploy('d', 'rollback');
-- The same version twice: back goes to another one.
SELECT cp_deploy('d', 2), cp_deploy('d', 2), cp_deploy('d', 'rollback');
SELECT cp_deploy('d', 3), cp_deploy('d', 1), cp_deploy('d', 2);

-- What is deployed cannot be dropped alone; another version can, and the history forgets it.
SELECT cp_drop_model('d', 2); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('d', 1);
SELECT cp_deploy('d', 'rollback'); SELECT scoring();
SELECT cp_deploy('d', 2), cp_drop_model('d', 3);
SELECT cp_deploy('d', 3); \echo :LAST_ERROR_SQLSTATE
SELECT cp_predict(c, 'd', 3) FROM deploy_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT version, deployed FROM churnprevent.model_summary ORDER BY version;
-- A number is not given twice, also not that of the last one.
SELECT version FROM cp_train('d', 'deploy_test', 'gone', '{"deploy": false, "members": "gbm"}');
SELECT cp_drop_model('d', 5);
SELECT version FROM cp_train('d', 'deploy_test', 'gone', '{"deploy": false, "members": "gbm"}');

-- Wrong arguments.
SELECT cp_deploy('d', 'newest'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('d', 'BEST'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('d', '2'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('d', 99); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('d', 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('d', NULL::int); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('d', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy(NULL, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('d', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('nobody', 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('nobody', 'rollback'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('d', 99); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('d', 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT version FROM cp_train('unmeasured', 'deploy_test', 'gone', '{"test_size": 0, "deploy": false, "members": "gbm"}');
SELECT cp_deploy('unmeasured', 'best'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_deploy('unmeasured', 'rollback'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('unmeasured'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('unmeasured', 1);
BEGIN READ ONLY;
SELECT cp_deploy('d', 4); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT cp_drop_model('d'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- With the transaction: its own statements see it, a rollback undoes it, also one of a subtransaction.
SELECT scoring();
BEGIN;
SELECT cp_deploy('d', 4); SELECT scoring();
SAVEPOINT a;
SELECT cp_deploy('d', 6); SELECT scoring();
ROLLBACK TO a;
SELECT scoring();
SAVEPOINT b;
SELECT cp_drop_model('d');
SELECT scoring();
SELECT cp_predict('{"visits": 1}'::jsonb, 'd'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK TO b;
SELECT version FROM cp_train('d', 'deploy_test', 'gone', '{"members": "gbm", "gbm": {"rounds": 2}}'); SELECT scoring();
ROLLBACK;
SELECT scoring();
-- A version number may go with its transaction; the next one is new all the same.
SELECT version FROM cp_train('d', 'deploy_test', 'gone', '{"deploy": false, "members": "gbm", "gbm": {"rounds": 2}}');

-- One function that deploys and predicts in turn, with an exception block, a loop and one expression that lives through all.
CREATE FUNCTION deploy_and_predict() RETURNS TABLE (step text, answered int) LANGUAGE plpgsql AS $$
DECLARE
	c deploy_test;
	p float8;
	v int;
BEGIN
	SELECT * INTO c FROM deploy_test WHERE id = 1;
	FOREACH v IN ARRAY '{4,6,4,-1,0,6,2}'::int[] LOOP
		IF v > 0 THEN
			PERFORM cp_deploy('d', v);
		ELSE
			BEGIN
				PERFORM cp_deploy('d', 2);
				p := cp_predict(c, 'd');
				RAISE NOTICE 'inside the block version 2 answers: %', p = cp_predict(c, 'd', 2);
				PERFORM 1 / v;
				RAISE EXCEPTION 'undo';
			EXCEPTION WHEN raise_exception OR division_by_zero THEN
				NULL;
			END;
		END IF;
		p := cp_predict(c, 'd');
		step := v;
		answered := (SELECT version FROM churnprevent.model m WHERE name = 'd' AND cp_predict(c, 'd', version) = p ORDER BY 1 LIMIT 1);
		RETURN NEXT;
	END LOOP;
END
$$;
SELECT * FROM deploy_and_predict();
SELECT scoring();
-- A query keeps to the version it began with.
SELECT count(DISTINCT p) FROM (SELECT cp_predict(c, 'd') AS p, CASE WHEN n = 5 THEN cp_deploy('d', 4) END
	FROM generate_series(1, 10) n, deploy_test c WHERE c.id = 1 OFFSET 0) s;
SELECT scoring();
BEGIN;
DECLARE answers CURSOR FOR SELECT cp_predict(c, 'd') = cp_predict(c, 'd', 4) AS by_4 FROM generate_series(1, 4) n, deploy_test c WHERE c.id = 1;
FETCH 2 FROM answers;
SELECT cp_deploy('d', 2);
FETCH 2 FROM answers;
COMMIT;

-- The whole model goes, with its history; its name is free again.
SELECT cp_drop_model('d');
SELECT (SELECT count(*) FROM churnprevent.model) AS models, (SELECT count(*) FROM churnprevent.deployment) AS deployments,
	(SELECT count(*) FROM churnprevent.model_name) AS names;
SELECT cp_predict('{"visits": 1}'::jsonb, 'd'); \echo :LAST_ERROR_SQLSTATE

-- A model dropped and made again within this session: not the old bytes.
SELECT rows FROM cp_train('d', 'SELECT 1 AS one, visits, gone FROM deploy_test', 'gone', '{"exclude": "one", "members": "gbm"}');
SELECT cp_predict('{"visits": 1}'::jsonb, 'd') < 0.5 AS stays;
SELECT cp_drop_model('d');
SELECT rows FROM cp_train('d', 'SELECT visits, NOT gone AS gone FROM deploy_test', 'gone', '{"members": "gbm"}');
SELECT cp_predict('{"visits": 1}'::jsonb, 'd') > 0.5 AS leaves;
SELECT cp_drop_model('d');
DROP FUNCTION scoring, deploy_and_predict;
DROP TABLE deploy_test;
