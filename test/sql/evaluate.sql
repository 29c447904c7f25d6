-- cp_evaluate, its curves and tables, and the aggregates, against plain SQL.
\set ECHO none
\i test/data/telco_churn.sql
\i test/data/gym_members.sql
\set ECHO all
SELECT version, rows, features FROM cp_train('telco', 'customer', 'churn', '{"value_column": "monthly_charges", "members": "gbm"}');
SELECT version, rows, features FROM cp_train('gym', 'gym_member', 'left_club');

-- Without a source: the held-out fifth, as stored and as the view shows it.
SELECT e.rows, round(e.auc::numeric, 2) BETWEEN 0.83 AND 0.88 AS auc, e.auc = s.auc AS same_auc, e.log_loss = s.log_loss AS same_log_loss,
	e.rmse = s.rmse AS same_rmse, e.accuracy = s.accuracy AS same_accuracy, e.ece = s.ece AS same_ece, abs(e.rmse ^ 2 - e.brier) < 1e-15 AS brier,
	e.top_decile_lift > 2 AS lift, abs(e.churn_rate - 0.265) < 0.001 AS stratified
FROM cp_evaluate('telco') e, churnprevent.model_summary s WHERE s.name = 'telco';

-- On a source: the aggregates and plain SQL agree.
CREATE TABLE scored AS SELECT customer_id, cp_predict(c, 'telco') AS p, churn = 'Yes' AS y FROM customer c WHERE tenure > 1;
CREATE FUNCTION agrees(a float8, b numeric) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT abs(a - b) < 1e-10';
WITH naive AS (
	SELECT count(*) AS rows, avg(y::int) AS churn_rate, avg(-ln(CASE WHEN y THEN p ELSE 1 - p END)) AS log_loss, avg((p - y::int) ^ 2) AS brier,
		avg(((p >= 0.5) = y)::int) AS accuracy FROM scored
), ranked AS (
	SELECT (sum(rank) FILTER (WHERE y) - count(*) FILTER (WHERE y) * (count(*) FILTER (WHERE y) + 1) / 2.0)
		/ (count(*) FILTER (WHERE y) * count(*) FILTER (WHERE NOT y)) AS auc
	FROM (SELECT y, avg(n) OVER (PARTITION BY p) AS rank FROM (SELECT y, p, row_number() OVER (ORDER BY p) AS n FROM scored) s) s
), deciles AS (
	SELECT sum(abs(churned - expected)) / sum(rows) AS ece
	FROM (SELECT decile, count(*) AS rows, sum(y::int) AS churned, sum(p) AS expected
		FROM (SELECT y, p, (row_number() OVER (ORDER BY p DESC) - 1) * 10 / count(*) OVER () AS decile FROM scored) s GROUP BY decile) s
)
SELECT e.rows = n.rows AS rows, agrees(e.churn_rate, n.churn_rate) AS churn_rate, agrees(e.log_loss, n.log_loss::numeric) AS log_loss,
	agrees(e.brier, n.brier::numeric) AS brier, agrees(e.rmse, sqrt(n.brier)::numeric) AS rmse, agrees(e.accuracy, n.accuracy) AS accuracy,
	agrees(e.auc, r.auc) AS auc, abs(e.ece - d.ece) < 0.001 AS ece
FROM cp_evaluate('telco', 'SELECT * FROM customer WHERE tenure > 1') e, naive n, ranked r, deciles d;
SELECT agrees(e.auc, cp_auc(p, y)::numeric) AS auc, agrees(e.log_loss, cp_log_loss(p, y)::numeric) AS log_loss, agrees(e.brier, cp_brier(p, y)::numeric) AS brier,
	agrees(e.auc, cp_auc(p, y::int)::numeric) AS auc_int, agrees(e.log_loss, cp_log_loss(p, y::int)::numeric) AS log_loss_int,
	agrees(e.brier, cp_brier(p, y::int)::numeric) AS brier_int
FROM scored, cp_evaluate('telco', 'SELECT * FROM customer WHERE tenure > 1') e GROUP BY e.auc, e.log_loss, e.brier;
-- Intervals lie around their figures, and the surer the wider; what is perfect is not better than what is.
CREATE FUNCTION around(low float8, figure float8, high float8) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT low < figure AND figure < high';
SELECT source, around(w.auc_low, e.auc_low, e.auc) AND around(e.auc, e.auc_high, w.auc_high) AS auc,
	around(w.log_loss_low, e.log_loss_low, e.log_loss) AND around(e.log_loss, e.log_loss_high, w.log_loss_high) AS log_loss,
	around(w.accuracy_low, e.accuracy_low, e.accuracy) AND around(e.accuracy, e.accuracy_high, w.accuracy_high) AS accuracy,
	around(w.lift_low, e.lift_low, e.top_decile_lift) AND around(e.top_decile_lift, e.lift_high, w.lift_high) AS lift,
	e.auc_high - e.auc_low < 0.05 AS narrow, around(0, e.ece_perfect, 0.05) AS ece_perfect,
	agrees(e.rmse_improvement, (100 * (1 - e.rmse / sqrt(e.churn_rate * (1 - e.churn_rate))))::numeric) AS improvement
FROM (VALUES (NULL), ('customer')) s(source), cp_evaluate('telco', source) e, cp_evaluate('telco', source, confidence => 0.99) w;
-- Accuracy's is Wilson's, log-loss's that of a mean.
SELECT abs(e.accuracy_low - (a + z2 / 2 / n - sqrt(z2 * (a * (1 - a) / n + z2 / 4 / n ^ 2))) / (1 + z2 / n)) < 1e-10 AS accuracy,
	abs(e.log_loss_high - log_loss - sqrt(z2) * l.deviation / sqrt(n)) < 1e-10 AS log_loss
FROM (SELECT stddev(-ln(CASE WHEN y THEN p ELSE 1 - p END)) AS deviation FROM scored) l, cp_evaluate('telco', 'SELECT * FROM customer WHERE tenure > 1') e,
	LATERAL (SELECT e.accuracy AS a, e.rows::float8 AS n, 1.959963984540054 ^ 2 AS z2) s;
-- Arguments that are NULL are those left out.
SELECT a = b AS same FROM cp_evaluate('telco') a, cp_evaluate('telco', NULL, NULL, NULL) b;
-- The label under another name, columns in another order, rows without a label.
SELECT a = b AS same FROM cp_evaluate('gym', 'gym_member') a, cp_evaluate('gym', 'SELECT NOT left_club AS stayed, left_club AS gone, plan, age,
	visits_per_month, monthly_fee, auto_renew, home_club, last_visit, joined, ''x'' AS more FROM gym_member', 'gone') b;
SELECT rows FROM cp_evaluate('gym', 'SELECT m.*, CASE WHEN member_id % 3 > 0 THEN left_club END AS known FROM gym_member m', 'known');
SELECT rows, churn_rate, auc, accuracy > 0.5 AS accurate FROM cp_evaluate('gym', 'SELECT * FROM gym_member WHERE NOT left_club');
-- A text label keeps the meaning it had at training, also where one of its values is missing or there is a third.
SELECT rows, churn_rate, auc FROM cp_evaluate('telco', 'SELECT * FROM customer WHERE churn = ''No''');
SELECT rows, churn_rate, auc FROM cp_evaluate('telco', 'SELECT * FROM customer WHERE churn = ''Yes''');
-- The deployed version is the one that is measured.
SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"include": "home_club"}');
SELECT auc < 0.7 AS worse FROM cp_evaluate('gym', 'gym_member');
SELECT cp_deploy('gym', 'best');
SELECT auc > 0.75 AS better FROM cp_evaluate('gym', 'gym_member');

-- Lift: ten groups by falling score.
SELECT count(*) AS deciles, sum(customers) AS customers, min(customers) AS least, max(customers) AS most, sum(churners) AS churners,
	bool_and(abs(l.churn_rate - churners / customers) < 1e-12) AS rate, bool_and(abs(lift - l.churn_rate / e.churn_rate) < 1e-9) AS lift,
	max(captured) AS captured_at_last
FROM cp_lift('telco') l, cp_evaluate('telco') e;
SELECT bool_and(captured >= before) AS rising, max(lift) FILTER (WHERE decile = 1) > 2 AS first_lift,
	bool_and(abs(captured - total) < 1e-9) AS captured
FROM (SELECT decile, lift, captured, lag(captured, 1, 0) OVER w AS before, sum(churners) OVER w / sum(churners) OVER () AS total FROM cp_lift('telco') WINDOW w AS (ORDER BY decile)) s;
SELECT abs(l.lift - e.top_decile_lift) < 1e-9 AS top FROM cp_lift('telco') l, cp_evaluate('telco') e WHERE decile = 1;
-- On a source.
SELECT agrees(sum(l.churners), (SELECT count(*) FROM scored WHERE y)) AS churners, agrees(max(l.lift), max(e.top_decile_lift)::numeric) AS lift,
	agrees(max(churners) FILTER (WHERE decile = 1), (SELECT sum(y::int) FROM (SELECT y FROM scored ORDER BY p DESC LIMIT ceil((SELECT count(*) FROM scored) / 10.0)) t)) AS top
FROM cp_lift('telco', 'SELECT * FROM customer WHERE tenure > 1') l, cp_evaluate('telco', 'SELECT * FROM customer WHERE tenure > 1') e;

-- ROC curve: from nobody to everybody; the area under all of it is AUC.
CREATE FUNCTION area_under(model text, source text) RETURNS float8 LANGUAGE sql AS $$
	SELECT sum((x - x0) * (y + y0) / 2) FROM (SELECT false_positive_rate AS x, recall AS y, lag(false_positive_rate) OVER w AS x0, lag(recall) OVER w AS y0
		FROM cp_roc_curve(model, source, points => 10000) WINDOW w AS (ORDER BY threshold DESC)) s
$$;
SELECT agrees(area_under('telco', NULL), e.auc::numeric) AS held_out, agrees(area_under('telco', 'customer'), s.auc::numeric) AS source
FROM cp_evaluate('telco') e, cp_evaluate('telco', 'customer') s;
SELECT points, count(*) BETWEEN points - 5 AND points AS thinned, min(recall + false_positive_rate) AS first, max(recall + false_positive_rate) AS last,
	max(threshold) AS threshold, count(*) - count(precision) AS without_precision, max(step) < 2.0 / (points - 1) + 0.02 AS even
FROM (VALUES (2), (20), (100)) v(points), LATERAL (SELECT *, recall + false_positive_rate - lag(recall + false_positive_rate) OVER () AS step
	FROM cp_roc_curve('telco', points => points)) c GROUP BY 1 ORDER BY 1;
SELECT count(*) = (SELECT count(DISTINCT p) + 1 FROM scored) AS lines, bool_and(agrees(r.flagged, s.flagged)) AS flagged, bool_and(agrees(r.recall, s.recall)) AS recall,
	bool_and(agrees(r.precision, s.precision)) FILTER (WHERE r.flagged > 0) AS precision
FROM cp_roc_curve('telco', 'SELECT * FROM customer WHERE tenure > 1', NULL, 10000) r
LEFT JOIN (SELECT DISTINCT p, count(*) OVER w / count(*) OVER ()::numeric AS flagged, count(*) FILTER (WHERE y) OVER w / count(*) FILTER (WHERE y) OVER ()::numeric AS recall,
	count(*) FILTER (WHERE y) OVER w / count(*) OVER w::numeric AS precision FROM scored WINDOW w AS (ORDER BY p DESC)) s ON p = threshold;
SELECT count(*) = count(false_positive_rate) AS all_stayed, count(recall) AS recalls FROM cp_roc_curve('gym', 'SELECT * FROM gym_member WHERE NOT left_club');

-- Confusion matrix at a threshold.
SELECT threshold, agrees(m.true_positives, s.tp) AS tp, agrees(m.false_positives, s.fp) AS fp, agrees(m.true_negatives, s.tn) AS tn, agrees(m.false_negatives, s.fn) AS fn,
	agrees(m.precision, s.tp / (s.tp + s.fp)) AS precision, agrees(m.recall, s.tp / (s.tp + s.fn)) AS recall, agrees(m.specificity, s.tn / (s.tn + s.fp)) AS specificity,
	agrees(m.f1, 2 * s.tp / (2 * s.tp + s.fp + s.fn)) AS f1, agrees(m.accuracy, (s.tp + s.tn) / (s.tp + s.tn + s.fp + s.fn)) AS accuracy
FROM (VALUES (0.5), (0.3), (0)) v(t), LATERAL (SELECT count(*) FILTER (WHERE p >= t AND y)::numeric AS tp, count(*) FILTER (WHERE p >= t AND NOT y)::numeric AS fp,
	count(*) FILTER (WHERE p < t AND NOT y)::numeric AS tn, count(*) FILTER (WHERE p < t AND y)::numeric AS fn FROM scored) s,
	cp_confusion_matrix('telco', 'SELECT * FROM customer WHERE tenure > 1', threshold => t) m;
SELECT m.accuracy = e.accuracy AS same, true_positives + false_positives + true_negatives + false_negatives AS rows FROM cp_confusion_matrix('telco') m, cp_evaluate('telco') e;
SELECT * FROM cp_confusion_matrix('gym', 'SELECT * FROM gym_member WHERE NOT left_club', NULL, 1);

-- Calibration: ten groups are those of ECE.
SELECT count(*) AS bins, sum(customers) AS customers, agrees(sum(customers * abs(predicted - observed)) / sum(customers), max(e.ece)::numeric) AS ece,
	bool_and(score_low <= predicted AND predicted <= score_high) AS within, bool_and(observed_low < observed AND observed < observed_high) AS around,
	bool_and(score_low >= before) AS rising
FROM (SELECT *, lag(score_high, 1, 0) OVER (ORDER BY bin) AS before FROM cp_calibration('telco')) c, cp_evaluate('telco') e;
SELECT bool_and(customers = s.n) AS customers, bool_and(agrees(predicted, s.p)) AS predicted, bool_and(agrees(observed, s.y)) AS observed
FROM cp_calibration('telco', 'SELECT * FROM customer WHERE tenure > 1', bins => 7) LEFT JOIN (SELECT bin, count(*) AS n, avg(p)::numeric AS p, avg(y::int) AS y
	FROM (SELECT p, y, 7 - (row_number() OVER (ORDER BY p DESC) - 1) * 7 / count(*) OVER () AS bin FROM scored) s GROUP BY bin) s USING (bin);

-- Weights: on a source as at training, in any unit, when the source has the column.
CREATE TABLE measured AS SELECT *, (member_id % 4) * 0.5 AS importance FROM gym_member;
SELECT version FROM cp_train('measured', 'measured', 'left_club', '{"weight": "Importance", "exclude": ["member_id"]}');
SELECT e.auc = s.auc AS same_auc, e.log_loss = s.log_loss AS same_log_loss, e.ece = s.ece AS same_ece FROM cp_evaluate('measured') e, churnprevent.model_summary s WHERE s.name = 'measured';
CREATE TABLE measured_scores AS SELECT cp_predict(w, 'measured') AS p, left_club AS y, importance AS w FROM measured w;
SELECT e.rows, agrees(e.churn_rate, s.churn_rate) AS churn_rate, agrees(e.accuracy, s.accuracy) AS accuracy, agrees(e.brier, s.brier::numeric) AS brier, agrees(e.log_loss, s.log_loss::numeric) AS log_loss
FROM cp_evaluate('measured', 'measured') e, (SELECT sum(w * y::int) / sum(w) AS churn_rate, sum(w * ((p >= 0.5) = y)::int) / sum(w) AS accuracy,
	sum(w * (p - y::int) ^ 2) / sum(w) AS brier, sum(-w * ln(CASE WHEN y THEN p ELSE 1 - p END)) / sum(w) AS log_loss FROM measured_scores) s;
SELECT abs(m.true_positives - s.tp) < 0.001 AS tp, round((true_positives + false_positives + true_negatives + false_negatives)::numeric, 2) AS sum
FROM cp_confusion_matrix('measured', 'measured') m, (SELECT sum(w) FILTER (WHERE y AND p >= 0.5) / avg(w) AS tp FROM measured_scores) s;
SELECT agrees(area_under('measured', 'measured'), auc::numeric) AS auc FROM cp_evaluate('measured', 'measured');
SELECT abs(sum(churners) - (SELECT sum(w) FILTER (WHERE y) / avg(w) FROM measured_scores)) < 0.001 AS churners FROM cp_lift('measured', 'measured');
SELECT bool_and(abs(a.auc_low - b.auc_low) < 1e-9 AND abs(a.lift_high - b.lift_high) < 1e-9) AS any_unit FROM cp_evaluate('measured', 'measured') a,
	cp_evaluate('measured', 'SELECT g.*, (member_id % 4) * 1e200 AS importance FROM gym_member g') b;
SELECT e.accuracy = m.accuracy AS unweighted FROM cp_evaluate('measured', 'gym_member') e,
	cp_confusion_matrix('measured', 'SELECT g.*, 1 AS importance FROM gym_member g') m;
SELECT cp_evaluate('measured', 'SELECT g.*, ''much'' AS importance FROM gym_member g'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('measured', 'SELECT g.*, NULL::int AS importance FROM gym_member g'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('measured', 'SELECT g.*, -1 AS importance FROM gym_member g'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('measured', 'SELECT g.*, 0 AS importance FROM gym_member g'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_drop_model('measured');
DROP TABLE measured, measured_scores;

-- Fewer than ten rows held out: fewer groups.
SELECT rows FROM cp_train('small', 'SELECT * FROM gym_member WHERE member_id <= 20', 'left_club');
SELECT count(*) = e.rows AS one_each, bool_and(customers = 1) AS single FROM cp_lift('small'), cp_evaluate('small') e GROUP BY e.rows;
-- Nothing held out.
SELECT rows, churn_rate, auc, log_loss, rmse, accuracy, ece FROM cp_train('small', 'gym_member', 'left_club', '{"test_size": 0}');
SELECT cp_evaluate('small'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_lift('small'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_roc_curve('small'); \echo :LAST_ERROR_SQLSTATE
SELECT rows FROM cp_evaluate('small', 'gym_member');
SELECT rows, churn_rate, auc, auc_low, log_loss_high, rmse_improvement, accuracy_low, lift_low FROM cp_evaluate('small', 'SELECT * FROM gym_member WHERE NOT left_club LIMIT 1');

-- Arguments out of range.
SELECT cp_evaluate('gym', confidence => 0); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', confidence => 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', confidence => 'NaN'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_roc_curve('gym', points => 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_calibration('gym', bins => 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_calibration('gym', bins => 101); \echo :LAST_ERROR_SQLSTATE
SELECT cp_confusion_matrix('gym', threshold => -0.1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_confusion_matrix('gym', threshold => 'Infinity'); \echo :LAST_ERROR_SQLSTATE

-- What cannot be evaluated.
SELECT cp_evaluate('nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_lift('nobody'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', 'nothing'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', 'gym_member', 'nothing'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_lift(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', 'gym_member', 'age'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', 'gym_member', 'joined'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', 'SELECT * FROM gym_member WHERE false'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', 'SELECT *, NULL::boolean AS unknown FROM gym_member', 'unknown'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', 'SELECT plan, left_club FROM gym_member'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('gym', 'DELETE FROM gym_member RETURNING *'); \echo :LAST_ERROR_SQLSTATE
SET churnprevent.default_model = 'telco';
SELECT a = b AS same, (SELECT count(*) FROM cp_lift(NULL)) AS deciles FROM cp_evaluate(NULL) a, cp_evaluate('telco') b;
RESET churnprevent.default_model;

-- The aggregates by themselves: small cases worked by hand.
SELECT cp_auc(p, y), round(cp_log_loss(p, y)::numeric, 12) AS log_loss, round(cp_brier(p, y)::numeric, 12) AS brier
FROM (VALUES (0.1::float8, false), (0.4, true), (0.4, false), (0.8, true)) v(p, y);
SELECT cp_auc(p, y) AS reversed FROM (VALUES (0.9::float8, 0), (0.1, 1)) v(p, y);
SELECT cp_auc(p, y) AS all_tied FROM (VALUES (0.5::float8, 0), (0.5, 1), (0.5, 1)) v(p, y);
-- A score of cp_auc may be any number; infinities have their place.
SELECT cp_auc(p, y) FROM (VALUES ('-Infinity'::float8, 0), (-3, 0), (1e308, 1), ('Infinity', 1), ('Infinity', 0), (0, 0), (-0.0, 1)) v(p, y);
-- Certain and wrong is not infinite.
SELECT cp_log_loss(p, y) AS certain, cp_brier(p, y) FROM (VALUES (1::float8, true), (0, false)) v(p, y);
SELECT cp_log_loss(p, y) BETWEEN 30 AND 800 AS wrong, cp_brier(p, y) FROM (VALUES (0::float8, true), (1, false)) v(p, y);
-- NULLs are left out; nothing at all, or one class, is NULL.
SELECT cp_auc(p, y), round(cp_log_loss(p, y)::numeric, 9) AS log_loss, cp_brier(p, y) FROM (VALUES (0.75::float8, 1), (0.25, 0), (NULL, 1), (0.5, NULL), (NULL, NULL)) v(p, y);
SELECT cp_auc(p, y), cp_log_loss(p, y), cp_brier(p, y) FROM (VALUES (1::float8, 1)) v(p, y) WHERE false;
SELECT cp_auc(p, y), cp_log_loss(p, y), cp_brier(p, y) FROM (VALUES (NULL::float8, true), (NULL, false)) v(p, y);
SELECT cp_auc(p, y), round(cp_log_loss(p, y)::numeric, 9) AS log_loss, cp_brier(p, y) FROM (VALUES (0.5::float8, true), (0.75, true)) v(p, y);
-- By group, filtered, over a window, DISTINCT, ordered.
SELECT n % 2 AS odd, round(cp_auc(n * 37 % 101, n % 3 = 0)::numeric, 9), round((cp_brier(n / 100.0, n % 3 = 0) FILTER (WHERE n > 50))::numeric, 9)
FROM generate_series(1, 100) n GROUP BY 1 ORDER BY 1;
SELECT n, round(cp_auc(n * 5 % 11, n % 3 = 0) OVER w::numeric, 6) AS auc, round(cp_brier(n / 10.0, n % 3 = 0) OVER w::numeric, 6) AS brier,
	round(cp_log_loss(n / 10.0, n % 3 = 0) OVER w::numeric, 6) AS log_loss
FROM generate_series(1, 9) n WINDOW w AS (ORDER BY n ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING);
SELECT cp_auc(DISTINCT n % 4, n % 2 = 0), cp_auc(n, n % 2 = 0 ORDER BY n DESC) FROM generate_series(1, 8) n;
-- What they refuse.
SELECT cp_auc('NaN'::float8, true); \echo :LAST_ERROR_SQLSTATE
SELECT cp_auc(0.5, 2); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_loss(0.5, -1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_loss(1.01, true); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_loss('NaN'::float8, 1); \echo :LAST_ERROR_SQLSTATE
SELECT cp_brier(-0.01, false); \echo :LAST_ERROR_SQLSTATE
SELECT cp_brier('Infinity'::float8, false); \echo :LAST_ERROR_SQLSTATE
SELECT cp_brier(0.5, 3); \echo :LAST_ERROR_SQLSTATE
SELECT cp_auc(0.5, 'Yes'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_log_loss_transition(NULL, 0.5, true); \echo :LAST_ERROR_SQLSTATE
SELECT cp_loss_combine(NULL, '{1,2}'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_loss_final('{1,2,3}'), cp_loss_final(NULL); \echo :LAST_ERROR_SQLSTATE
SELECT cp_loss_final('{1,NULL}'); \echo :LAST_ERROR_SQLSTATE
-- The list of cp_auc is bounded like a training.
SET churnprevent.training_memory = '1MB';
SELECT cp_auc(n, n % 2 = 0) FROM generate_series(1, 300000) n; \echo :LAST_ERROR_SQLSTATE
RESET churnprevent.training_memory;

SELECT name, cp_drop_model(name) FROM churnprevent.model_name ORDER BY name;
DROP FUNCTION agrees, around, area_under;
DROP TABLE customer, gym_member, scored;
