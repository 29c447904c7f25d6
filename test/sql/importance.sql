-- cp_feature_importance: what training stored, most important first.
CREATE TABLE importance_test AS
SELECT n AS id, n % 10 AS visits, n * 31 % 17 AS misses, n % 3 AS noise, CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END AS side, n % 10 + n * 53 % 7 > 9 AS gone
FROM generate_series(1, 800) n;
SELECT version FROM cp_train('important', 'importance_test', 'gone', '{"id": "id", "members": "gbm"}');
SELECT version FROM cp_train('important', 'importance_test', 'gone', '{"id": "id", "members": "gbm", "test_size": 0, "include": ["visits", "noise", "side"], "deploy": false}');

SELECT count(*) AS features, sum(weight) > 0 AS splits, abs(sum(gain) - 1) < 1e-9 AS gains, abs(sum(cover) - 1) < 1e-9 AS covers,
	min(permutation_error) >= 0 AS errors, (array_agg(feature ORDER BY ordinality))[1] AS first
FROM cp_feature_importance('important') WITH ORDINALITY;
-- Falling permutation.
SELECT count(*) FROM (SELECT permutation > lag(permutation) OVER (ORDER BY ordinality) AS rising FROM cp_feature_importance('important') WITH ORDINALITY) s WHERE rising;
-- To the last bit what the view shows.
SELECT count(*) FROM (SELECT feature, weight, gain, cover, permutation, permutation_error FROM churnprevent.feature_importance WHERE name = 'important' AND version = 1
	EXCEPT SELECT * FROM cp_feature_importance('important', 1)) s;
-- Without held-out rows there is no permutation; features stay in their order.
SELECT feature, gain > 0 AS gains, permutation, permutation_error FROM cp_feature_importance(version => 2, model => 'important') ORDER BY feature;
SELECT array_agg(feature ORDER BY ordinality) FROM cp_feature_importance('important', 2) WITH ORDINALITY;
-- The default model, the deployed version.
SELECT count(*) FROM cp_feature_importance();
SELECT count(*) FROM cp_feature_importance(NULL, NULL);
SELECT cp_deploy('important', 2);
SELECT count(*) FROM cp_feature_importance();
-- As the arguments of a join.
SELECT version, count(*), count(permutation) FROM churnprevent.model, LATERAL cp_feature_importance(name, version) WHERE name = 'important' GROUP BY 1 ORDER BY 1;

SELECT * FROM cp_feature_importance('nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_feature_importance('important', 3); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_feature_importance('important', 0); \echo :LAST_ERROR_SQLSTATE
SELECT version FROM cp_train('other', 'importance_test', 'gone', '{"id": "id", "members": "net"}');
SELECT * FROM cp_feature_importance(); \echo :LAST_ERROR_SQLSTATE
-- A network has no trees.
SELECT sum(weight) AS weight, sum(gain) AS gain, count(permutation) AS permuted FROM cp_feature_importance('other');
-- Who has no right to the model has none to this.
CREATE ROLE importance_reader;
SELECT cp_grant('importance_reader', 'reader');
SET ROLE importance_reader;
SELECT * FROM cp_feature_importance('important'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT cp_grant_model('important', 'importance_reader');
SET ROLE importance_reader;
SELECT count(*) FROM cp_feature_importance('important');
SELECT count(*) FROM cp_explain('{"visits": 3, "noise": 1, "side": "a"}'::jsonb, 'important');
RESET ROLE;
SELECT cp_revoke('importance_reader');
SET ROLE importance_reader;
SELECT * FROM cp_feature_importance('important'); \echo :LAST_ERROR_SQLSTATE
SELECT * FROM cp_explain('{"visits": 3, "noise": 1, "side": "a"}'::jsonb, 'important'); \echo :LAST_ERROR_SQLSTATE
RESET ROLE;

SELECT cp_drop_model('important'), cp_drop_model('other');
DROP ROLE importance_reader;
DROP TABLE importance_test;
