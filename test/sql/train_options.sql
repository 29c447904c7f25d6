-- Options of cp_train: each key, and what a wrong one says.
CREATE TABLE lesson AS
SELECT n AS id, n % 10 AS visits, (n * 37 % 100)::float8 AS spend, 'plan ' || n % 3 AS plan,
	n % 60 AS months, n / 8 AS household, date '2024-01-01' + n AS seen, 1 + n % 2 AS counts,
	n % 10 + n * 53 % 7 > 9 AS gone
FROM generate_series(1, 400) n;

-- What is stored: what was given and, over it, what was in force.
SELECT version, rows, features, member_weights, deployed FROM cp_train('plain', 'lesson', 'gone');
SELECT jsonb_pretty(options) FROM churnprevent.model WHERE name = 'plain';
SELECT roles, features FROM churnprevent.model WHERE name = 'plain';
SELECT version FROM cp_train('plain', 'lesson', 'gone', NULL);

-- Every key once.
SELECT version, rows, features, deployed FROM cp_train('full', 'lesson', 'gone', '{
	"id": "id", "exclude": ["spend"], "positive": "t", "weight": "counts",
	"value_column": "spend", "tenure_column": "months", "service_column": "plan", "group_column": "household",
	"test_size": 0.25, "folds": 3, "seed": 7, "max_rows": 300, "deploy": false,
	"gbm": {"rounds": 20, "learning_rate": 0.3, "max_depth": 2, "min_child_weight": 1, "l2": 0.5, "subsample": 0.5,
		"colsample": 0.5, "max_bins": 16, "early_stopping": 5}}');
SELECT roles, options -> 'gbm' AS gbm, rows FROM churnprevent.model WHERE name = 'full';
SELECT f ->> 'name' AS feature FROM churnprevent.model, jsonb_array_elements(features) f WHERE name = 'full';
SELECT features FROM cp_train('full', 'lesson', 'gone', '{"include": "visits", "time_column": "seen", "deploy": false}');

-- NULL is as good as not given; names of columns may differ in case.
SELECT features FROM cp_train('full', 'lesson', 'GONE', '{"exclude": ["Spend", "PLAN"], "weight": null, "id": "ID", "deploy": false}');

-- Limits themselves are allowed.
SELECT version FROM cp_train('full', 'lesson', 'gone', '{"test_size": 0, "folds": 1, "seed": 0, "deploy": false,
	"gbm": {"rounds": 1, "max_depth": 1, "learning_rate": 1, "max_bins": 2, "subsample": 1, "colsample": 1, "early_stopping": 0,
		"min_child_weight": 0, "l2": 0}}');
SELECT version FROM cp_train('full', 'lesson', 'gone', '{"test_size": 0.9, "folds": 20, "seed": 9007199254740992, "max_rows": 2147483646,
	"deploy": false, "gbm": {"rounds": 3, "max_depth": 16, "max_bins": 255}}');

-- Unknown keys.
SELECT cp_train('no', 'lesson', 'gone', '{"colour": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"Seed": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"trees": 1}}'); \echo :LAST_ERROR_SQLSTATE

-- Wrong types.
SELECT cp_train('no', 'lesson', 'gone', '[]'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '"seed"'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', 'null'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"id": 1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"id": ["id"]}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"weight": ""}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"exclude": [1]}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"exclude": [["id"]]}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"include": {"id": 1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"test_size": "0.2"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"seed": 1.5}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"max_rows": true}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"deploy": "yes"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": 3}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": []}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"rounds": 2.5}}'); \echo :LAST_ERROR_SQLSTATE

-- Out of range.
SELECT cp_train('no', 'lesson', 'gone', '{"test_size": 0.91}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"test_size": -0.1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"folds": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"folds": 21}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"seed": -1}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"seed": 9007199254740994}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"seed": 1e400}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"max_rows": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"max_rows": 3000000000}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"rounds": 0}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"rounds": 10001}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"learning_rate": 0}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"learning_rate": 1.1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"max_depth": 17}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"min_child_weight": -1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"l2": -1}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"subsample": 0}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"colsample": 2}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"max_bins": 256}}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"gbm": {"early_stopping": -1}}'); \echo :LAST_ERROR_SQLSTATE

-- Columns that are not there, or cannot serve.
SELECT cp_train('no', 'lesson', 'left_us'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"id": "nobody"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"exclude": ["spend", "nobody"]}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"include": "nobody"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"weight": "nobody"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"weight": "plan"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"value_column": "plan"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"tenure_column": "seen"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"service_column": "nobody"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"time_column": "plan"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"group_column": "nobody"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"time_column": "seen", "group_column": "household"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"include": "gone"}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', 'gone', '{"exclude": ["id", "visits", "spend", "plan", "months", "household", "seen", "counts"]}'); \echo :LAST_ERROR_SQLSTATE

-- Arguments.
SELECT cp_train(NULL, 'lesson', 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', NULL, 'gone'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('no', 'lesson', NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('', 'lesson', 'gone'); \echo :LAST_ERROR_SQLSTATE

-- Nothing of what failed is left.
SELECT name, count(*) FROM churnprevent.model GROUP BY name ORDER BY name;

-- Not in a read-only transaction.
BEGIN READ ONLY;
SELECT cp_train('no', 'lesson', 'gone'); \echo :LAST_ERROR_SQLSTATE
ROLLBACK;

SELECT cp_drop_model('plain'), cp_drop_model('full');
DROP TABLE lesson;
