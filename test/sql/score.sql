-- cp_score: probability, segment by the two thresholds, value of a year, recommendation.
CREATE TABLE score_test AS
SELECT n AS id, n % 10 AS visits, n * 31 % 17 AS misses, 10 + n % 5 AS fee, n % 60 AS months, n % 10 + n * 53 % 7 > 9 AS gone
FROM generate_series(1, 400) n;
SELECT rows FROM cp_train('scored', 'score_test', 'gone', '{"id": "id", "value_column": "fee", "gbm": {"rounds": 60, "early_stopping": 0, "min_child_weight": 1}}');
SELECT rows FROM cp_train('scored_no_value', 'score_test', 'gone', '{"id": "id", "exclude": "fee"}');

-- The probability is cp_predict's, whichever way the row comes.
SELECT count(*), count(*) FILTER (WHERE s IS DISTINCT FROM cp_score(to_jsonb(c), 'scored')) AS jsonb,
	count(*) FILTER (WHERE s IS DISTINCT FROM cp_score(to_json(c), 'scored')) AS json,
	count(*) FILTER (WHERE churn_probability <> cp_predict(c, 'scored')) AS predicted,
	count(*) FILTER (WHERE customer_value <> 12 * fee) AS value
FROM score_test c, cp_score(c, 'scored') s;
-- Segments: low below 0.3, medium below 0.6, high from there.
SELECT risk_segment, recommendation, count(*) > 0 AS some,
	bool_and(CASE risk_segment WHEN 'low_risk' THEN p < 0.3 WHEN 'medium_risk' THEN p >= 0.3 AND p < 0.6 WHEN 'high_risk' THEN p >= 0.6 END) AS right
FROM score_test c, cp_score(c, 'scored') s, LATERAL (SELECT s.churn_probability AS p) p GROUP BY 1, 2 ORDER BY 1;
-- A probability that is the threshold itself belongs to the higher segment.
SELECT set_config('churnprevent.risk_threshold_medium', p::text, false) IS NOT NULL AS set FROM cp_predict('{"visits": 5, "misses": 1, "fee": 10, "months": 3}'::jsonb, 'scored') p;
SET churnprevent.risk_threshold_high = 1;
SELECT risk_segment, recommendation, customer_value FROM cp_score('{"visits": 5, "misses": 1, "fee": 10, "months": 3}'::jsonb, 'scored');
SET churnprevent.risk_threshold_medium = 0;
SELECT DISTINCT risk_segment FROM score_test c, cp_score(c, 'scored');
SET churnprevent.risk_threshold_high = 0;
SELECT DISTINCT risk_segment FROM score_test c, cp_score(c, 'scored');
SET churnprevent.risk_threshold_high = 1.5; \echo :LAST_ERROR_SQLSTATE
RESET churnprevent.risk_threshold_medium;
RESET churnprevent.risk_threshold_high;

-- Without a value: not told at training, NULL in the row, not in the row.
SELECT count(*) FROM score_test c, cp_score(c, 'scored_no_value') WHERE customer_value IS NOT NULL;
SELECT customer_value, churn_probability > 0 AS scored FROM cp_score('{"visits": 5, "misses": 1, "fee": null, "months": 3}'::jsonb, 'scored');
SELECT version FROM cp_train('scored_value_only', 'score_test', 'gone', '{"include": "visits", "value_column": "fee"}');
SELECT s.customer_value FROM score_test c, cp_score(c, 'scored_value_only') s WHERE id = 4;
SELECT customer_value FROM cp_score('{"visits": 5}'::jsonb, 'scored_value_only');
\set VERBOSITY terse
SELECT s.customer_value FROM (SELECT 5 AS visits, 'much' AS fee) c, cp_score(c, 'scored_value_only') s; \echo :LAST_ERROR_SQLSTATE
SELECT customer_value FROM cp_score('{"visits": 5, "fee": "much"}'::jsonb, 'scored_value_only'); \echo :LAST_ERROR_SQLSTATE

\set VERBOSITY default
-- The only model, or the default.
SELECT cp_score(c) FROM score_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SET churnprevent.default_model = 'scored';
SELECT count(*) FROM score_test c WHERE cp_score(c) IS DISTINCT FROM cp_score(c, 'scored');
RESET churnprevent.default_model;
-- Errors are cp_predict's.
SELECT cp_score(NULL::score_test, 'scored'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_score(ROW(1, 2), 'scored'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_score('{"visits": 5, "misses": 1}'::jsonb, 'scored'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_score(c, 'nobody') FROM score_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_score('{}', 'scored'); \echo :LAST_ERROR_SQLSTATE

SELECT cp_drop_model(name) FROM churnprevent.model_name;
DROP TABLE score_test;
-- A numeric counts for what a double of the same digits does, whatever its length; the value of a year shows it.
SELECT setseed(0.5);
CREATE TABLE amounts (id int, v numeric);
INSERT INTO amounts
	SELECT g, round(((random() - 0.3) * 10 ^ (g % 9))::numeric, 2) FROM generate_series(1, 5000) g
	UNION ALL SELECT g, ((random() - 0.5)::numeric * 10.0 ^ (g % 30 - 12))::numeric(60, 20) FROM generate_series(1, 5000) g
	UNION ALL SELECT g, (random() * 10 ^ (g % 18))::bigint FROM generate_series(1, 5000) g
	UNION ALL SELECT 0, unnest('{NaN,Infinity,-Infinity,0,-1e30,1e-30,9007199254740993,99999999999999999}'::numeric[]);
SELECT rows FROM cp_train('amounts', 'SELECT g AS id, g % 7 AS v, g % 3 = 0 AS gone FROM generate_series(1, 200) g', 'gone',
	'{"id": "id", "value_column": "v", "gbm": {"rounds": 5}}');
SELECT count(*) AS amounts, count(*) FILTER (WHERE n.customer_value IS DISTINCT FROM d.customer_value) AS differ
FROM amounts a, cp_score(a, 'amounts') n, LATERAL (SELECT a.id, a.v::float8 AS v) f, cp_score(f, 'amounts') d;
SELECT cp_drop_model('amounts');
DROP TABLE amounts;
