-- The whole ensemble: members, weights, calibration, search, segments, and rows that are hard to learn from.
SET client_min_messages = warning;
CREATE TABLE lesson AS
SELECT n AS id, n % 11 AS visits, 20 + n * 7 % 40 AS fee, 'plan ' || n % 3 AS plan, n * 17 % 23 AS noise,
	n % 11 + n * 53 % 7 > 9 AS gone
FROM generate_series(1, 600) n;

-- Weights sum to one; a member is as good as its figures say; the blend is no worse than the best.
SELECT version, rows, deployed FROM cp_train('all', 'lesson', 'gone', '{"id": "id"}');
SELECT member, weight >= 0 AS weighted, log_loss < 0.69 AND auc > 0.6 AS learned FROM churnprevent.model_member WHERE name = 'all' ORDER BY member;
SELECT round(sum(weight) FILTER (WHERE member <> 'blend')::numeric, 9) AS weights,
	min(log_loss) FILTER (WHERE member = 'blend') <= min(log_loss) FILTER (WHERE member <> 'blend') AS blend_is_best
FROM churnprevent.model_member WHERE name = 'all';
SELECT m.ensemble #>> '{calibration,kind}' = s.calibration AS shown, m.ensemble #> '{calibration,log_loss}' ? 'none' AS measured,
	(SELECT jsonb_object_agg(member, weight) FROM churnprevent.model_member WHERE name = 'all' AND member <> 'blend') = m.member_weights AS weights
FROM churnprevent.model m JOIN churnprevent.model_summary s USING (model_id) WHERE m.name = 'all';
SELECT count(*) AS scored, bool_and(p > 0 AND p < 1) AS probabilities FROM (SELECT cp_predict(l, 'all') AS p FROM lesson l) s;

-- Members can be chosen, one or several.
SELECT member_weights FROM cp_train('gbm', 'lesson', 'gone', '{"members": "gbm"}');
SELECT member_weights FROM cp_train('forest', 'lesson', 'gone', '{"members": ["forest"], "forest": {"trees": 20, "min_leaf": 5}}');
SELECT member_weights FROM cp_train('net', 'lesson', 'gone', '{"members": ["net"], "net": {"restarts": 1, "hidden": 8}}');
SELECT member_weights ?& '{gbm,net}' AND NOT member_weights ? 'forest' AS two FROM cp_train('two', 'lesson', 'gone', '{"members": ["net", "gbm"]}');
SELECT options -> 'forest' ->> 'trees' AS trees, options ? 'gbm' AS others FROM churnprevent.model WHERE name = 'forest';
SELECT cp_train('no', 'lesson', 'gone', '{"members": "tree"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"members": []}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"members": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"forest": {"depth": 3}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"forest": {"trees": 0}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"net": {"dropout": 0.95}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"net": {"learning_rate": 0}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"net": {"weight_decay": 1, "learning_rate": 1.5}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"forest": 7}'); \echo :LAST_ERROR_SQLSTATE

-- A search: the settings found are those in force, and the same ones every time.
SELECT cp_train('found', 'lesson', 'gone', '{"members": "gbm", "gbm": {"learning_rate": 0.01, "rounds": 40}, "search": {"trials": 6}, "id": "id"}') IS NOT NULL AS trained;
SELECT cp_train('found', 'lesson', 'gone', '{"members": "gbm", "gbm": {"learning_rate": 0.01, "rounds": 40}, "search": {"trials": 6}, "id": "id"}') IS NOT NULL AS trained;
SELECT (a.options -> 'gbm' ->> 'learning_rate')::float8 > 0.01 AS changed, a.options -> 'gbm' = b.options -> 'gbm' AS same,
	a.checksum = b.checksum AS same_bytes, a.ensemble ->> 'trials' AS trials
FROM churnprevent.model a, churnprevent.model b WHERE a.name = 'found' AND a.version = 1 AND b.name = 'found' AND b.version = 2;
SELECT version FROM cp_train('quick', 'lesson', 'gone', '{"members": "gbm", "search": {"seconds": 0.2}}');
SELECT (ensemble ->> 'trials')::int BETWEEN 1 AND 999 AS in_time FROM churnprevent.model WHERE name = 'quick';
SELECT cp_train('no', 'lesson', 'gone', '{"search": {"trials": -1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"search": 5}'); \echo :LAST_ERROR_SQLSTATE

-- One model a segment in one call, and each customer scored by the model of its segment.
SELECT s.plan, t.version, t.rows
FROM (SELECT DISTINCT plan FROM lesson) s,
	LATERAL cp_train('segment ' || s.plan, format('SELECT * FROM lesson WHERE plan = %L', s.plan), 'gone', '{"id": "id", "members": "gbm"}') t
ORDER BY s.plan;
SELECT count(*) AS scored, bool_and(cp_predict(l, 'segment ' || plan) = cp_predict(l, 'segment ' || plan, 1)) AS by_segment FROM lesson l;

-- Fewer rows than folds; a class with fewer members than folds.
SELECT rows, auc IS NULL AS unmeasured FROM cp_train('tiny', 'SELECT visits, id % 2 = 0 AS gone FROM lesson WHERE id <= 4', 'gone', '{"test_size": 0, "folds": 20}');
SELECT cp_predict('{"visits": 3}'::jsonb, 'tiny') BETWEEN 0 AND 1 AS scored;
SELECT rows FROM cp_train('rare', 'SELECT id, visits, fee, id <= 3 AS gone FROM lesson', 'gone', '{"test_size": 0, "folds": 10, "id": "id"}');
SELECT bool_and(cp_predict(l, 'rare') < 0.5) AS rarely FROM lesson l WHERE id > 100;
SELECT cp_train('rare', 'SELECT visits, id = 1 AS gone FROM lesson', 'gone'); \echo :LAST_ERROR_SQLSTATE
-- All columns constant but one; a level that only one fold has; values that no network would like.
SELECT features FROM cp_train('one', 'SELECT 1 AS a, ''x'' AS b, NULL::int AS c, visits, gone FROM lesson', 'gone', '{"id": "visits"}'); \echo :LAST_ERROR_SQLSTATE
SELECT features FROM cp_train('one', 'SELECT 1 AS a, ''x'' AS b, NULL::int AS c, visits, gone FROM lesson', 'gone');
SELECT bool_and(cp_predict(l, 'one') BETWEEN 0 AND 1) AS scored FROM lesson l;
SELECT features FROM cp_train('seldom', 'SELECT id, visits, CASE id WHEN 7 THEN ''once'' ELSE plan END AS plan, gone FROM lesson', 'gone', '{"id": "id"}');
SELECT count(DISTINCT p) > 2 AS differ, bool_and(p BETWEEN 0 AND 1) AS scored
FROM (SELECT cp_predict(jsonb_build_object('visits', v, 'plan', plan), 'seldom') AS p FROM generate_series(0, 12, 4) v, unnest('{once,plan 1,never seen,NULL}'::text[]) plan) s;
SELECT rows, log_loss < 0.69 AS learned
FROM cp_train('huge', 'SELECT id, CASE id % 5 WHEN 0 THEN 1e300 WHEN 1 THEN -1e300 WHEN 2 THEN ''Infinity'' WHEN 3 THEN ''-Infinity'' ELSE 1e-300 END::float8 AS wild, CASE WHEN gone THEN 1e300 ELSE 1e299 END * (id % 3 - 1) AS telling, visits, gone FROM lesson', 'gone', '{"id": "id", "members": ["net", "forest"]}');
SELECT bool_and(p >= 0 AND p <= 1) AS scored
FROM (SELECT cp_predict(jsonb_build_object('wild', w, 'telling', t, 'visits', v), 'huge') AS p
	FROM unnest('{1e300,-1e300,1e308,0,NULL}'::float8[]) w, unnest('{-1e300,1e290,0,NULL}'::float8[]) t, unnest('{-1e9,5,1e9,NULL}'::float8[]) v) s;

-- What gives the answer away is named; a number and a category, in either direction.
RESET client_min_messages;
SELECT features FROM cp_train('leak', 'SELECT id, visits, CASE WHEN gone THEN ''closed'' WHEN id % 20 > 0 THEN ''open'' END AS account, CASE WHEN gone THEN 0 ELSE fee END AS bill, gone FROM lesson', 'gone', '{"id": "id", "members": "gbm"}');
-- Rows on both sides of the split are counted.
SELECT rows FROM cp_train('doubled', 'SELECT l.* FROM lesson l, generate_series(1, 2)', 'gone', '{"exclude": "id", "members": "gbm"}');
SELECT rows FROM cp_train('whole', 'SELECT l.* FROM lesson l, generate_series(1, 2)', 'gone', '{"group_column": "id", "members": "gbm"}');

SELECT count(cp_drop_model(name)) > 0 AS dropped FROM churnprevent.model_name;
DROP TABLE lesson;
