-- Screening: what tells nothing that others do not is left out, and that is as if it had not been there.
CREATE TABLE reader AS
SELECT n AS id, visits, 2 * visits AS pages, plan, shoe, star, visits + luck > 9 AS gone
FROM (SELECT n, abs(hashint4(n)) % 12 AS visits, 'plan ' || abs(hashint4(n + 100000)) % 3 AS plan, abs(hashint4(n + 200000)) % 15 AS shoe,
	'sign ' || abs(hashint4(n + 300000)) % 12 AS star, abs(hashint4(n + 400000)) % 9 AS luck FROM generate_series(1, 1500) n) s;

SELECT version, features FROM cp_train('screened', 'reader', 'gone', '{"id": "id", "net": {"restarts": 1, "hidden": 8}, "forest": {"trees": 20}}');
-- Two that say the same are not both left out.
SELECT f ->> 'name' AS feature, f ->> 'left_out' AS left_out FROM churnprevent.model, jsonb_array_elements(features) f WHERE name = 'screened' ORDER BY 1;

-- What is left out has no importance, no part in an explanation, and its value does not matter.
SELECT feature, weight = 0 AND gain = 0 AND cover = 0 AND permutation = 0 AND permutation_error = 0 AS nothing FROM cp_feature_importance('screened') ORDER BY 1;
SELECT e.feature, count(*) FILTER (WHERE e.contribution <> 0) = 0 AS none FROM (SELECT * FROM reader WHERE id <= 20) r, cp_explain(r, 'screened', 10) e GROUP BY 1 ORDER BY 1;
SELECT count(*) AS customers, count(*) FILTER (WHERE cp_predict(to_jsonb(r), 'screened') <> cp_predict(to_jsonb(r) || '{"plan": "none", "star": null}', 'screened')) AS differ FROM reader r;

-- The same model as without the columns.
SELECT version, features FROM cp_train('excluded', 'reader', 'gone', jsonb_build_object('id', 'id', 'screen', false, 'net', '{"restarts": 1, "hidden": 8}'::jsonb, 'forest', '{"trees": 20}'::jsonb,
	'exclude', (SELECT jsonb_agg(f -> 'name') FROM churnprevent.model, jsonb_array_elements(features) f WHERE name = 'screened' AND f ? 'left_out')));
SELECT max(abs(cp_predict(r, 'screened') - cp_predict(r, 'excluded'))) AS difference FROM reader r;
SELECT s.metrics = e.metrics AS metrics, s.ensemble = e.ensemble AS ensemble FROM churnprevent.model s, churnprevent.model e WHERE s.name = 'screened' AND e.name = 'excluded';

-- Boosting judges where there is only boosting; a forest where there is only that.
SELECT features FROM cp_train('boosted', 'reader', 'gone', '{"id": "id", "members": "gbm"}');
SELECT features FROM cp_train('grown', 'reader', 'gone', '{"id": "id", "members": "forest", "forest": {"trees": 20, "min_leaf": 20}}');

-- Not asked for; one part in place of folds; too few of a class: nothing is left out.
SELECT features FROM cp_train('all', 'reader', 'gone', '{"id": "id", "members": "gbm", "screen": false}');
SELECT features FROM cp_train('all', 'reader', 'gone', '{"id": "id", "members": "gbm", "folds": 1}');
SELECT features FROM cp_train('all', 'SELECT * FROM reader WHERE NOT gone OR id <= 300', 'gone', '{"id": "id", "members": "gbm"}');
SELECT version, count(*) FILTER (WHERE f ? 'left_out') AS left_out, options -> 'screen' AS screen FROM churnprevent.model, jsonb_array_elements(features) f WHERE name = 'all' GROUP BY 1, 3 ORDER BY 1;

SELECT cp_train('no', 'reader', 'gone', '{"screen": "yes"}'); \echo :LAST_ERROR_SQLSTATE

SELECT count(cp_drop_model(name)) AS dropped FROM churnprevent.model_name;
DROP TABLE reader;
