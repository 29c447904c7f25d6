-- What a model is worth on real data, and that the same rows make the same bytes.
BEGIN;
SELECT no_plan();
\i test/data/telco_churn.sql
\i test/data/gym_members.sql

SELECT lives_ok($$ SELECT cp_train('telco', 'customer', 'churn') $$, 'train on Telco');
SELECT cmp_ok(auc, '>=', 0.83::float8, 'Telco: AUC of the held-out fifth') FROM cp_evaluate('telco');
SELECT cmp_ok(log_loss, '<=', 0.43::float8, 'Telco: log-loss') FROM cp_evaluate('telco');
SELECT cmp_ok(ece, '<=', 0.04::float8, 'Telco: calibration') FROM cp_evaluate('telco');
SELECT cmp_ok(top_decile_lift, '>=', 2.5::float8, 'Telco: lift of the first decile') FROM cp_evaluate('telco');
SELECT cmp_ok(m.log_loss, '>=', b.log_loss, m.member || ': its log-loss is not below that of the blend') FROM churnprevent.model_member m, churnprevent.model_member b
WHERE m.name = 'telco' AND b.name = 'telco' AND b.member = 'blend' AND m.member <> 'blend';
-- Rows never seen: four folds by hand.
CREATE TEMP TABLE folds AS SELECT c AS row, c.churn = 'Yes' AS y, hashtext(customer_id) & 3 AS fold FROM customer c;
CREATE TEMP TABLE out_of_fold (p float8, y boolean);
DO $$
BEGIN
	FOR f IN 0..3 LOOP
		PERFORM cp_train('fold', format('SELECT * FROM customer WHERE hashtext(customer_id) & 3 <> %s', f), 'churn', '{"id": "customer_id", "test_size": 0}');
		INSERT INTO out_of_fold SELECT cp_predict(row, 'fold'), y FROM folds WHERE fold = f;
	END LOOP;
END
$$;
SELECT cmp_ok(cp_auc(p, y), '>=', 0.8487::float8, 'Telco: AUC over four folds') FROM out_of_fold;
SELECT cmp_ok(cp_log_loss(p, y), '<=', 0.412::float8, 'Telco: log-loss over four folds') FROM out_of_fold;
SELECT cmp_ok(sum(abs(expected - churned)) / sum(n), '<=', 0.015::float8, 'Telco: calibration error over ten bins')
FROM (SELECT sum(p) AS expected, sum(y::int) AS churned, count(*) AS n FROM (SELECT *, ntile(10) OVER (ORDER BY p) AS bin FROM out_of_fold) s GROUP BY bin) s;
SELECT cmp_ok(abs(avg(p) - avg(y::int)), '<=', 0.01::float8, 'Telco: mean probability is the churn rate') FROM out_of_fold;
SELECT lives_ok($$ SELECT cp_train('gym', 'gym_member', 'left_club') $$, 'train on the gym');
SELECT cmp_ok(auc, '>=', 0.77::float8, 'gym: AUC') FROM cp_evaluate('gym');

-- A label that means nothing: nothing is found, on average over five shuffles, and nothing is claimed.
CREATE TEMP TABLE shuffled AS
SELECT seed, (t).auc, (t).log_loss FROM generate_series(1, 5) seed, LATERAL (SELECT cp_train('shuffled',
	format('SELECT c.*, s.churn AS shuffled FROM (SELECT *, row_number() OVER (ORDER BY customer_id) AS n FROM customer) c
		JOIN (SELECT churn, row_number() OVER (ORDER BY md5(customer_id || %s)) AS n FROM customer) s USING (n)', seed),
	'shuffled', jsonb_build_object('id', 'customer_id', 'exclude', '{churn,n}'::text[], 'seed', seed)) AS t OFFSET 0) s;
SELECT cmp_ok(abs(avg(auc) - 0.5), '<=', 0.02::float8, 'shuffled label: mean AUC is one half') FROM shuffled;
SELECT cmp_ok(max(abs(auc - 0.5)), '<=', 0.05::float8, 'shuffled label: no AUC far from it') FROM shuffled;
SELECT cmp_ok(max(log_loss), '<=', 0.5787 + 0.005::float8, 'shuffled label: log-loss is that of the churn rate') FROM shuffled;

-- The same rows, the same seed: the same bytes, whatever the order of rows and columns, the plan, and what else is set.
SELECT lives_ok($$ SELECT cp_train('same', 'customer', 'churn', '{"deploy": false}') $$, 'twice');
SELECT lives_ok($$ SELECT cp_train('same', 'SELECT * FROM customer ORDER BY md5(customer_id)', 'churn', '{"deploy": false, "id": "customer_id"}') $$, 'in another order');
SELECT lives_ok($$ SELECT cp_train('same', 'SELECT total_charges, churn, tenure, customer_id, contract, dependents, phone_service, gender, senior_citizen, partner, streaming_tv, multiple_lines,
	internet_service, online_security, online_backup, device_protection, tech_support, monthly_charges, streaming_movies, paperless_billing, payment_method FROM customer', 'churn',
	'{"deploy": false, "id": "customer_id"}') $$, 'columns in another order');
CREATE TABLE stored_otherwise AS SELECT * FROM customer ORDER BY monthly_charges, md5(customer_id);
ALTER TABLE stored_otherwise ADD PRIMARY KEY (customer_id);
CREATE INDEX by_charges ON stored_otherwise (total_charges);
CLUSTER stored_otherwise USING by_charges;
SELECT lives_ok($$ SELECT cp_train('same', 'stored_otherwise', 'churn', '{"deploy": false}') $$, 'stored in another order');
SET LOCAL work_mem = '64kB';
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL extra_float_digits = 0;
SELECT lives_ok($$ SELECT cp_train('same', 'customer', 'churn', '{"deploy": false, "seed": 42, "test_size": 0.2}') $$, 'with other settings');
SELECT is(count(DISTINCT bytes), 1::bigint, 'all of one content') FROM churnprevent.model WHERE name IN ('same', 'telco');
SELECT is(count(DISTINCT checksum), 1::bigint, 'and checksum') FROM churnprevent.model WHERE name IN ('same', 'telco');
SELECT is(count(DISTINCT metrics), 1::bigint, 'and figures') FROM churnprevent.model WHERE name IN ('same', 'telco');
SELECT is(count(*), 6::bigint, 'of six trainings') FROM churnprevent.model WHERE name IN ('same', 'telco');
SELECT lives_ok($$ SELECT cp_train('other', 'customer', 'churn', '{"seed": 43}') $$, 'another seed');
SELECT isnt(a.bytes, b.bytes, 'makes another model') FROM churnprevent.model a, churnprevent.model b WHERE a.name = 'other' AND b.name = 'telco';
SELECT cmp_ok(max(abs(cp_predict(c, 'other') - cp_predict(c, 'telco'))), '<', 0.25::float8, 'that says much the same') FROM customer c;
-- Without an id, with rows that are equal.
CREATE TABLE alike AS SELECT contract, internet_service, senior_citizen, churn FROM customer;
SELECT lives_ok($$ SELECT cp_train('alike', 'alike', 'churn') $$, 'rows without id');
SELECT lives_ok($$ SELECT cp_train('alike', 'SELECT churn, senior_citizen, internet_service, contract FROM alike ORDER BY md5(ctid::text)', 'churn') $$, 'in another order');
SELECT is(count(DISTINCT bytes), 1::bigint, 'the same model') FROM churnprevent.model WHERE name = 'alike';
SELECT cmp_ok(abs(h.auc - a.auc), '<', 0.03::float8, 'figures of held-out rows are those of all') FROM cp_evaluate('alike') h, cp_evaluate('alike', 'alike') a;

SELECT * FROM finish();
ROLLBACK;
