-- What a label may be and what it means.
CREATE TABLE label_test AS
SELECT n, n % 10 AS visits, CASE WHEN n % 10 + n * 53 % 7 > 9 THEN 1 ELSE 0 END AS gone FROM generate_series(1, 200) n;

\set SHOW_CONTEXT never
-- The share of churners and the rows that a label expression gives.
CREATE FUNCTION label_says(expression text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	SELECT rows || ' rows, rate ' || round(churn_rate::numeric, 2) INTO result
	FROM cp_train('label', format('SELECT visits, (%s) AS label FROM label_test', expression), 'label',
		'{"gbm": {"rounds": 2}, "seed": 1}' || options);
	RETURN result;
END
$$;

SELECT round(avg(gone), 2) AS rate FROM label_test;
-- Boolean, 0/1 of every number type, and the texts that are known.
SELECT kind, label_says(kind) FROM unnest(ARRAY[
	'gone = 1', 'gone', 'gone::smallint', 'gone::bigint', 'gone::real', 'gone::float8', 'gone::numeric(3,2)',
	'CASE gone WHEN 1 THEN ''Yes'' ELSE ''No'' END',
	'CASE gone WHEN 1 THEN ''yes'' ELSE ''no'' END',
	'CASE gone WHEN 1 THEN ''YES'' ELSE ''NO'' END::varchar(3)',
	'CASE gone WHEN 1 THEN ''Yes'' ELSE ''No'' END::char(8)',
	'CASE gone WHEN 1 THEN ''Y'' ELSE ''N'' END::name',
	'CASE gone WHEN 1 THEN ''t'' ELSE ''f'' END',
	'CASE gone WHEN 1 THEN ''TRUE'' ELSE ''FALSE'' END',
	'CASE gone WHEN 1 THEN ''Churn'' ELSE '''' END',
	'CASE gone WHEN 1 THEN ''churned'' ELSE ''active'' END',
	'gone::text']) kind;
CREATE TYPE label_enum AS ENUM ('No', 'Yes');
CREATE DOMAIN label_domain AS label_enum;
SELECT label_says('CASE gone WHEN 1 THEN ''Yes'' ELSE ''No'' END::label_enum::label_domain');

-- "positive" names the value, of any type; all others stayed.
SELECT label_says('CASE gone WHEN 1 THEN ''left'' WHEN 0 THEN ''st'' || n % 5 END', '{"positive": "left"}');
SELECT label_says('CASE gone WHEN 1 THEN ''No'' ELSE ''Yes'' END', '{"positive": "No"}');
SELECT label_says('gone + 4', '{"positive": "5"}');
SELECT label_says('gone + 4', '{"positive": 5}');
SELECT label_says('gone = 0', '{"positive": "false"}');
SELECT label_says('gone = 1', '{"positive": true}');
SELECT label_says('CASE gone WHEN 1 THEN ''left'' ELSE ''stayed'' END::char(9)', '{"positive": "left"}');
SELECT label_says('CASE gone WHEN 1 THEN ''Yes'' WHEN 0 THEN CASE WHEN n % 2 = 0 THEN ''no'' ELSE ''NO'' END END');
SELECT label_says('gone = 0', '{"positive": "f"}');
SELECT label_says('date ''2024-01-01'' + gone', '{"positive": "01-02-2024"}');
SELECT label_says('ARRAY[gone]', '{"positive": "{1}"}');

-- NULL labels are left out and counted.
SELECT label_says('CASE WHEN n % 4 > 0 THEN gone END');
SELECT label_says('CASE WHEN n % 2 > 0 THEN CASE gone WHEN 1 THEN ''Yes'' ELSE ''No'' END END');
SELECT label_says('CASE WHEN n % 2 > 0 THEN CASE gone WHEN 1 THEN ''left'' END END', '{"positive": "left"}');

-- Labels that do not say who left.
SELECT label_says('CASE gone WHEN 1 THEN ''left'' ELSE ''stayed'' END'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('CASE WHEN n % 3 = 0 THEN ''maybe'' WHEN gone = 1 THEN ''Yes'' ELSE ''No'' END'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('''No''::text'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('CASE gone WHEN 1 THEN ''Yes'' ELSE ''No'' END', '{"positive": "yes"}'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('gone', '{"positive": "2"}'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('gone + 1'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('gone / 2.0'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('''NaN''::float8'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('''-Infinity''::float8'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('date ''2024-01-01'' + gone'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('ARRAY[gone]'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('to_jsonb(gone)'); \echo :LAST_ERROR_SQLSTATE

-- Nothing to learn from.
SELECT label_says('NULL::boolean'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('NULL::text'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('true'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('0'); \echo :LAST_ERROR_SQLSTATE
SELECT label_says('''Yes''::text'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('label', 'SELECT * FROM label_test WHERE false', 'gone'); \echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT cp_train('label', 'SELECT * FROM label_test LIMIT 1', 'gone'); \echo :LAST_ERROR_SQLSTATE
RESET client_min_messages;
\set VERBOSITY default
SELECT cp_train('label', 'SELECT * FROM label_test WHERE gone = 1', 'gone'); \echo :LAST_ERROR_SQLSTATE
-- The one churner is held out.
SELECT cp_train('label', 'SELECT n, visits, n = 200 AS gone FROM label_test', 'gone', '{"time_column": "n"}'); \echo :LAST_ERROR_SQLSTATE

-- Two of each class are the least.
SELECT cp_train('few', 'SELECT visits, n = 3 AS gone FROM label_test', 'gone', '{"test_size": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_train('few', 'SELECT n, n = 1 AS gone FROM label_test WHERE n <= 2', 'gone', '{"test_size": 0}'); \echo :LAST_ERROR_SQLSTATE
SELECT rows, churn_rate, auc FROM cp_train('few', 'SELECT n, n % 2 AS gone FROM label_test WHERE n <= 4', 'gone');
SELECT p > 0 AND p < 1 AS sane FROM cp_predict('{"n": 1}'::jsonb, 'few') p;

-- Nothing of what failed is left.
SELECT version, rows FROM churnprevent.model WHERE name = 'label' AND rows < 200 ORDER BY version;
SELECT count(*) FROM churnprevent.model;
SELECT cp_drop_model(name) > 0 AS dropped FROM churnprevent.model_name;
DROP FUNCTION label_says;
DROP TABLE label_test;
DROP DOMAIN label_domain;
DROP TYPE label_enum;
