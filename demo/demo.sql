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
\echo 'Train: a model named telco learns column churn; a part of the customers is kept aside to test it.'
\echo 'Of these rows 26.5 % left within the month, of all customers of such a company some 2 % do: "base_rate"'
\echo 'tells the model, for the money further down.'
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
              '{"id": "customer_id", "value_column": "monthly_charges", "tenure_column": "tenure", "base_rate": 0.02}');
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

\echo
\echo 'Recommend: what to do for each of the 20. "risk %" is among rows like those learned from, "a month %" the'
\echo 'chance to leave within a month once the base rate is told; "gain" what the action is expected to bring in'
\echo 'margin, "cost" what it is expected to cost, "roi %" what is left over, of the cost.'
\echo
SELECT c.customer_id,
       round(100 * r.churn_probability::numeric, 1) AS "risk %",
       round(100 * (o.odds / (1 + o.odds))::numeric, 1) AS "a month %",
       c.monthly_charges                            AS "pays a month",
       r.action_name                                AS action,
       round(r.expected_value::numeric, 2)          AS gain,
       round(r.action_cost::numeric, 2)             AS cost,
       round(100 * r.roi::numeric)                  AS "roi %"
FROM churnprevent.model m, customer c, cp_recommend(c, 'auto', 'telco') r,
     LATERAL (SELECT r.churn_probability / (1 - r.churn_probability)
                     * (1 - m.churn_rate) / m.churn_rate * 0.02 / (1 - 0.02) AS odds) o
WHERE m.name = 'telco' AND c.churn = 'No'
ORDER BY r.churn_probability DESC, c.customer_id
LIMIT 20;
\set step 'recommend'
\ir step.sql

\echo
\echo 'Where it pays: all who have not left, by what is recommended. Those most at risk are not those with most to'
\echo 'gain: many of them leave whatever is done, and what is done lasts only as long as they stay. What actions do'
\echo 'is what the catalogue assumes, until feedback is in.'
\echo
SELECT r.action_name                                  AS action,
       count(*)                                       AS customers,
       round(100 * avg(r.churn_probability)::numeric, 1) AS "mean risk %",
       round(sum(r.expected_value)::numeric)          AS gain,
       round(sum(r.action_cost)::numeric)             AS cost,
       round(sum(r.expected_value - r.action_cost)::numeric) AS net,
       round(avg(r.expected_value - r.action_cost)::numeric, 2) AS "net each"
FROM customer c, cp_recommend(c, 'auto', 'telco') r
WHERE c.churn = 'No'
GROUP BY r.action_name
ORDER BY net DESC;
\set step 'recommend for all'
\ir step.sql

\echo
\echo 'Spend: there is one budget for all, 50,000, and caps: 100 discounts, 50 upgrades, 30 offers (the settings'
\echo 'churnprevent.max_*). Who should get them, so that all of it together brings most? "net" is gain less cost.'
\echo 'The control group, one customer in twenty, is left out; more of it below.'
\echo
SELECT a.action, count(*)                        AS customers,
       round(sum(a.value)::numeric)              AS net,
       round(sum(a.cost)::numeric)               AS cost,
       round(avg(a.value)::numeric, 2)           AS "net each"
FROM cp_allocate($$SELECT * FROM customer WHERE churn = 'No'$$, 'knapsack', options => '{"model": "telco"}') a
GROUP BY a.action
ORDER BY net DESC;

\echo
\echo 'Shadow prices: what one more of each limit would be worth. They are the proof as well: from them alone follows'
\echo 'that no plan within these limits can bring more than the bound, and this one brings that much.'
\echo
SELECT r.limit_name                              AS "limit",
       r.bound::numeric                          AS "at most",
       round(r.used::numeric)                    AS used,
       round(r.shadow_price::numeric, 2)         AS "shadow price",
       r.meaning
FROM cp_allocation_report() r;

SELECT DISTINCT r.customers, r.acted,
       round(r.objective::numeric, 2)            AS "net of the plan",
       round(r.upper_bound::numeric, 2)          AS "bound",
       round(100 * r.gap::numeric, 4)            AS "gap %",
       CASE WHEN r.proved THEN 'proved to be the best' ELSE 'not proved' END AS "this plan is"
FROM cp_allocation_report() r;
\set step 'spend the budget'
\ir step.sql

\echo
\echo 'By hand: the same limits, filled with what brings most for its cost first, which fills the caps with what is cheap.'
\echo
SELECT m.method, count(*)                        AS customers,
       round(sum(a.value)::numeric)              AS net,
       round(sum(a.cost)::numeric)               AS cost,
       round(100 * (1 - sum(a.value) / max(sum(a.value)) OVER ())::numeric, 1) AS "left %"
FROM unnest('{knapsack,greedy}'::text[]) m(method),
     cp_allocate($$SELECT * FROM customer WHERE churn = 'No'$$, m.method, options => '{"model": "telco"}') a
GROUP BY m.method
ORDER BY net DESC;

\echo
\echo 'Budget curve: without the caps, what would each budget bring, and what would the next 100 of it?'
\echo
SELECT to_char(b.budget, 'FM999,999')            AS budget,
       round(b.spent::numeric)                   AS spent,
       b.acted                                   AS customers,
       round(b.objective::numeric)               AS net,
       round(100 * b.shadow_price::numeric, 2)   AS "next 100"
FROM cp_budget_curve($$SELECT * FROM customer WHERE churn = 'No'$$, '{1000,5000,10000,20000,30000,40000,50000}',
                     caps => '{}', options => '{"model": "telco"}') b;
\set step 'budget curve'
\ir step.sql

\echo
\echo 'Decide: customer by customer, with a log. One customer in twenty is held out and never acted upon: what the'
\echo 'others do better is what the actions are worth.'
\echo
SELECT d.arm, d.action_name AS action, d.reason, count(*) AS customers,
       round(sum(d.action_cost)::numeric) AS cost
FROM customer c, cp_decide(c, c.customer_id, model => 'telco') d
WHERE c.churn = 'No'
GROUP BY d.arm, d.action_name, d.reason
ORDER BY d.arm, customers DESC;
\set step 'decide for all'
\ir step.sql

\echo
\echo 'Feedback: a month later, the first of them has stayed'
\echo
SELECT d.customer_id, a.name AS action, f.matched_decision AS decision, f.mismatch
FROM (SELECT * FROM churnprevent.decision WHERE action_id <> 0 ORDER BY decision_id LIMIT 1) d
JOIN churnprevent.action a USING (action_id),
     cp_feedback(d.customer_id, a.name, 1) f;
\set step 'feedback'
\ir step.sql

\echo
\echo 'Simulate: made-up worlds of these customers, where the truth is known: one in which actions do what the'
\echo 'catalogue assumes, one in which they do nothing. What a customer is worth over a life, in margin less what'
\echo 'actions cost: when nothing is done, by each policy, and at best. greedy_nothing has learned in the second'
\echo 'world, from 100,000 random decisions, that nothing helps there.'
\echo
SELECT cp_simulator_create('assumed', 'telco', $$SELECT * FROM customer WHERE churn = 'No'$$) \g /dev/null
SELECT cp_simulator_create('nothing', 'telco', $$SELECT * FROM customer WHERE churn = 'No'$$, '{"effect_scale": 0}') \g /dev/null
SELECT cp_train_policy('greedy', '{"simulator": "nothing", "decisions": 100000}') \g /dev/null
SELECT p.world, p.policy,
       round(v.v_none::numeric)   AS "doing nothing",
       round(v.v_policy::numeric) AS "this policy",
       round(v.v_opt::numeric)    AS "at best"
FROM (VALUES (1, 'assumed', 'random'), (2, 'assumed', 'greedy'), (3, 'assumed', 'optimal'),
             (4, 'nothing', 'greedy'), (5, 'nothing', 'greedy_nothing')) p(place, world, policy),
     cp_simulate_value(p.world, p.policy, 40) v
ORDER BY p.place;
\set step 'simulate'
\ir step.sql

\echo
\echo 'Prove: an experiment in the first of these worlds. Of 20,000 customers half get what greedy says, half nothing; a'
\echo 'year later they have stayed or not. The verdict stays right however often one looks, so one may look every day.'
\echo
SELECT cp_ab_create('does it help', '{nothing,greedy}', duration_days => 365, options => '{"effect": 0.02}') \g /dev/null
SELECT count(cp_ab_record('does it help', 'customer ' || o.customer_id, o.stayed))
FROM (SELECT l.*
      FROM unnest('{none,greedy}'::text[]) policy,
           LATERAL (SELECT s.customer_id, bool_and(s.alive)::int AS stayed
                    FROM cp_simulate('assumed', policy, 20000, 12) s GROUP BY s.customer_id) l
      WHERE cp_ab_assign('does it help', 'customer ' || l.customer_id) = replace(policy, 'none', 'nothing')
      ORDER BY l.customer_id) o \g /dev/null
SELECT r.variant, r.n                            AS customers,
       round(100 * r.mean::numeric, 1)           AS "stayed %",
       round(100 * r.difference::numeric, 1)     AS more,
       round(100 * r.sequence_lower::numeric, 1) AS "at least",
       round(100 * r.sequence_upper::numeric, 1) AS "at most",
       round(r.p_always_valid::numeric, 5)       AS p,
       round(r.srm_p::numeric, 3)                AS "p of ratio",
       r.verdict
FROM churnprevent.experiment_result r WHERE r.experiment = 'does it help';
\set step 'prove'
\ir step.sql

\echo
\echo 'Watch: months later prices have risen by 15 %, and half of those who paid by electronic check pay in a new way.'
\echo 'Customers who have not left, in table today, are held against those the model learned from: one scan.'
\echo '"psi" is how far a column has moved (0.1 some, 0.2 much), "importance" how much the model rests on it.'
\echo
UPDATE customer
SET monthly_charges = 1.15 * monthly_charges,
    payment_method = CASE WHEN payment_method = 'Electronic check' AND right(customer_id, 1) < '5' THEN 'Instant transfer' ELSE payment_method END;
CREATE TABLE today AS SELECT * FROM customer WHERE churn = 'No';
ALTER TABLE today DROP COLUMN churn;
SELECT d.feature, d.level,
       round(d.psi::numeric, 3)                  AS psi,
       round(100 * d.unseen::numeric, 1)         AS "new values %",
       round(100 * d.importance::numeric)        AS "importance %",
       d.recommendation
FROM cp_drift_check('telco', 'today') d
ORDER BY d.level = 'ok', d.psi DESC NULLS LAST
LIMIT 6;

\echo
\echo 'Alert: raised once however often it is found; who listens on the channel churnprevent_alert is told'
\echo
SELECT a.alert_id AS alert, a.source, a.level, a.message
FROM churnprevent.alert_open a;

\echo
\echo 'Train again: is it time? If a rule says so, on the customers as they are now.'
\echo
SELECT r.step, CASE WHEN r.fired THEN 'yes' ELSE 'no' END AS "?", r.observed, r.threshold
FROM cp_retrain_review('telco', apply => true) r
WHERE r.step NOT IN ('training', 'gate');

\echo
\echo 'Gate: the new version takes over only if its log-loss is smaller, on customers held out. "from" and "to" is where'
\echo 'the difference lies with 95 %.'
\echo
SELECT r.candidate AS "new version", r.rows AS customers,
       round(r.log_loss::numeric, 4)             AS "old log-loss",
       round(r.candidate_log_loss::numeric, 4)   AS "new log-loss",
       round(r.lower::numeric, 4)                AS "from",
       round(r.upper::numeric, 4)                AS "to",
       r.deployed
FROM churnprevent.retrain_review r;

\echo
\echo 'Quiet: the same check, against what the new version learned from'
\echo
SELECT d ->> 'version' AS version, d ->> 'alert_level' AS level, d ->> 'recommendation' AS recommendation
FROM cp_drift_json('telco', 'today') d;
SELECT count(*) AS "open alerts" FROM churnprevent.alert_open;
\set step 'watch'
\ir step.sql
