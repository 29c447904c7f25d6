-- The main job, start to end, on real customers. Run by demo/run.sh; every
-- statement here works as it stands in any psql.
\set QUIET on
\set ON_ERROR_STOP on
\pset footer off
\pset null ''
SET client_min_messages = warning;

\echo
\echo 'Load: 7,043 customers of a telecom company, 21 columns, into table customer'
\echo
SELECT clock_timestamp() AS started \gset
\i test/data/telco_churn.sql
CREATE EXTENSION churnprevent;
\set step 'load'
\ir step.sql

\echo
\echo 'Train: a model named telco learns column churn; a part of the customers is kept aside to test it'
\echo
SELECT version, rows, features,
       round(100 * churn_rate::numeric, 1) AS "churn %",
       round(auc::numeric, 4)       AS auc,
       round(log_loss::numeric, 4)  AS log_loss,
       round(rmse::numeric, 4)      AS rmse,
       round(accuracy::numeric, 4)  AS accuracy,
       round(ece::numeric, 4)       AS calibration_error,
       deployed
FROM cp_train('telco', 'customer', 'churn',
              '{"id": "customer_id", "value_column": "monthly_charges", "tenure_column": "tenure"}');
\set step 'train'
\ir step.sql

\echo
\echo 'Members: what the model is blended from, each judged on rows it had not learned from,'
\echo 'and the map that makes its probabilities true'
\echo
SELECT m.member, round(m.weight::numeric, 3) AS weight,
       round(m.log_loss::numeric, 4) AS log_loss,
       round(m.auc::numeric, 4)      AS auc,
       s.calibration
FROM churnprevent.model_member m
JOIN churnprevent.model_summary s USING (name, version)
WHERE m.name = 'telco' AND m.deployed
ORDER BY m.log_loss DESC;

\echo
\echo 'Measure: the same model on the customers it has not seen, with the 95 % interval of its AUC'
\echo
SELECT rows,
       round(100 * churn_rate::numeric, 1) AS "churn %",
       round(auc::numeric, 4)       AS auc,
       round(auc_low::numeric, 4)   AS "at least",
       round(auc_high::numeric, 4)  AS "at most",
       round(log_loss::numeric, 4)  AS log_loss,
       round(brier::numeric, 4)     AS brier,
       round(accuracy::numeric, 4)  AS accuracy,
       round(top_decile_lift::numeric, 2) AS "lift of the top tenth"
FROM cp_evaluate('telco');
\set step 'measure'
\ir step.sql

\echo
\echo 'Calibration: unseen customers in ten groups by rising score: of those who get 30 %, do 30 % leave?'
\echo '"from" and "to" is where chance may have put the observed rate of a group of this size.'
\echo
SELECT bin, customers,
       round(100 * predicted::numeric, 1)     AS "predicted %",
       round(100 * observed::numeric, 1)      AS "observed %",
       round(100 * observed_low::numeric, 1)  AS "from",
       round(100 * observed_high::numeric, 1) AS "to"
FROM cp_calibration('telco')
ORDER BY bin;
\set step 'calibration'
\ir step.sql

\echo
\echo 'Lift: unseen customers in ten groups, most at risk first. "captured" is the share of'
\echo 'all leavers that one reaches by calling the groups down to this one.'
\echo
SELECT decile, customers, churners,
       round(100 * churn_rate::numeric, 1) AS "churn %",
       round(lift::numeric, 2)             AS lift,
       round(100 * captured::numeric, 1)   AS "captured %"
FROM cp_lift('telco')
ORDER BY decile;
\set step 'lift'
\ir step.sql

\echo
\echo 'Score: the 20 customers most at risk who have not left yet'
\echo
SELECT c.customer_id, c.contract, c.internet_service, c.tenure,
       round(100 * s.churn_probability::numeric, 1) AS "risk %",
       s.risk_segment,
       round(s.customer_value::numeric, 2)          AS value,
       s.recommendation
FROM customer c, cp_score(c, 'telco') s
WHERE c.churn = 'No'
ORDER BY s.churn_probability DESC, c.customer_id
LIMIT 20;
\set step 'score every customer'
\ir step.sql

\echo
\echo 'Explain: the three customers most at risk, and what makes them so. From the base, the average risk,'
\echo 'all contributions together lead to the risk of the customer; a point is 1 %.'
\echo
SELECT c.customer_id, round(100 * c.risk::numeric, 1) AS "risk %", round(100 * e.base::numeric, 1) AS "base %",
       round(100 * e.std_error::numeric, 1) AS "+-", e.reason
FROM (SELECT c AS row, c.customer_id, cp_predict(c, 'telco') AS risk
      FROM customer c WHERE c.churn = 'No' ORDER BY risk DESC, c.customer_id LIMIT 3) c,
     cp_explain(c.row, 'telco', 4) e
ORDER BY c.risk DESC, c.customer_id, abs(e.contribution) DESC;
\set step 'explain customers'
\ir step.sql

\echo
\echo 'Segments: customers who have not left, and what they pay a month'
\echo
SELECT s.risk_segment,
       count(*)                                       AS customers,
       round(100 * avg(s.churn_probability)::numeric, 1) AS "mean risk %",
       round(sum(c.monthly_charges))                  AS "paid a month",
       min(s.recommendation)                          AS recommendation
FROM customer c, cp_score(c, 'telco') s
WHERE c.churn = 'No'
GROUP BY s.risk_segment
ORDER BY avg(s.churn_probability) DESC;
\set step 'segments'
\ir step.sql
