-- The whole SQL surface of the extension, compared with the catalogue: what is added without a line here, fails.
BEGIN;
SELECT no_plan();

CREATE TEMP VIEW members AS
SELECT classid, objid FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'churnprevent') AND deptype = 'e';

-- Every function and aggregate: names and defaults of arguments, result, kind, volatility, parallel safety, strictness.
CREATE TEMP TABLE promised (signature text, arguments text, result text, kind "char", volatile "char", parallel "char", strict boolean, for_all boolean);
INSERT INTO promised VALUES
	('cp_train(text,text,text,jsonb)', 'model text, source text, label text, options jsonb DEFAULT ''{}''::jsonb, OUT version integer, OUT rows bigint, OUT features integer, '
		'OUT churn_rate double precision, OUT auc double precision, OUT log_loss double precision, OUT rmse double precision, OUT accuracy double precision, OUT ece double precision, '
		'OUT member_weights jsonb, OUT deployed boolean', 'record', 'f', 'v', 'u', false, false),
	('cp_predict(record,text,integer)', 'customer record, model text DEFAULT NULL::text, version integer DEFAULT NULL::integer', 'double precision', 'f', 's', 's', false, false),
	('cp_predict(jsonb,text,integer)', 'customer jsonb, model text DEFAULT NULL::text, version integer DEFAULT NULL::integer', 'double precision', 'f', 's', 's', false, false),
	('cp_predict(json,text,integer)', 'customer json, model text DEFAULT NULL::text, version integer DEFAULT NULL::integer', 'double precision', 'f', 's', 's', false, false),
	('cp_score(record,text)', 'customer record, model text DEFAULT NULL::text, OUT churn_probability double precision, OUT risk_segment text, OUT customer_value double precision, '
		'OUT recommendation text', 'record', 'f', 's', 's', false, false),
	('cp_score(jsonb,text)', 'customer jsonb, model text DEFAULT NULL::text, OUT churn_probability double precision, OUT risk_segment text, OUT customer_value double precision, '
		'OUT recommendation text', 'record', 'f', 's', 's', false, false),
	('cp_score(json,text)', 'customer json, model text DEFAULT NULL::text, OUT churn_probability double precision, OUT risk_segment text, OUT customer_value double precision, '
		'OUT recommendation text', 'record', 'f', 's', 's', false, false),
	('cp_explain(record,text,integer)', 'customer record, model text DEFAULT NULL::text, top_k integer DEFAULT NULL::integer, OUT feature text, OUT value text, OUT contribution double precision, '
		'OUT std_error double precision, OUT base double precision, OUT reason text', 'SETOF record', 'f', 's', 's', false, false),
	('cp_explain(jsonb,text,integer)', 'customer jsonb, model text DEFAULT NULL::text, top_k integer DEFAULT NULL::integer, OUT feature text, OUT value text, OUT contribution double precision, '
		'OUT std_error double precision, OUT base double precision, OUT reason text', 'SETOF record', 'f', 's', 's', false, false),
	('cp_explain(json,text,integer)', 'customer json, model text DEFAULT NULL::text, top_k integer DEFAULT NULL::integer, OUT feature text, OUT value text, OUT contribution double precision, '
		'OUT std_error double precision, OUT base double precision, OUT reason text', 'SETOF record', 'f', 's', 's', false, false),
	('cp_feature_importance(text,integer)', 'model text DEFAULT NULL::text, version integer DEFAULT NULL::integer, OUT feature text, OUT weight double precision, OUT gain double precision, '
		'OUT cover double precision, OUT permutation double precision, OUT permutation_error double precision', 'SETOF record', 'f', 's', 's', false, false),
	('cp_evaluate(text,text,text,double precision)', 'model text, source text DEFAULT NULL::text, label text DEFAULT NULL::text, confidence double precision DEFAULT 0.95, '
		'OUT rows bigint, OUT churn_rate double precision, OUT auc double precision, OUT auc_low double precision, OUT auc_high double precision, OUT log_loss double precision, '
		'OUT log_loss_low double precision, OUT log_loss_high double precision, OUT brier double precision, OUT rmse double precision, OUT rmse_improvement double precision, OUT accuracy double precision, '
		'OUT accuracy_low double precision, OUT accuracy_high double precision, OUT ece double precision, OUT ece_perfect double precision, OUT top_decile_lift double precision, OUT lift_low double precision, OUT lift_high double precision',
		'record', 'f', 'v', 'u', false, false),
	('cp_lift(text,text,text)', 'model text, source text DEFAULT NULL::text, label text DEFAULT NULL::text, '
		'OUT decile integer, OUT customers bigint, OUT churners double precision, OUT churn_rate double precision, OUT lift double precision, OUT captured double precision',
		'SETOF record', 'f', 'v', 'u', false, false),
	('cp_roc_curve(text,text,text,integer)', 'model text, source text DEFAULT NULL::text, label text DEFAULT NULL::text, points integer DEFAULT 100, '
		'OUT threshold double precision, OUT flagged double precision, OUT recall double precision, OUT false_positive_rate double precision, OUT "precision" double precision',
		'SETOF record', 'f', 'v', 'u', false, false),
	('cp_confusion_matrix(text,text,text,double precision)', 'model text, source text DEFAULT NULL::text, label text DEFAULT NULL::text, INOUT threshold double precision DEFAULT 0.5, '
		'OUT true_positives double precision, OUT false_positives double precision, OUT true_negatives double precision, OUT false_negatives double precision, OUT "precision" double precision, OUT recall double precision, '
		'OUT specificity double precision, OUT f1 double precision, OUT accuracy double precision', 'record', 'f', 'v', 'u', false, false),
	('cp_calibration(text,text,text,integer)', 'model text, source text DEFAULT NULL::text, label text DEFAULT NULL::text, bins integer DEFAULT 10, '
		'OUT bin integer, OUT customers bigint, OUT score_low double precision, OUT score_high double precision, OUT predicted double precision, OUT observed double precision, OUT observed_low double precision, OUT observed_high double precision',
		'SETOF record', 'f', 'v', 'u', false, false),
	('cp_deploy(text,integer)', 'model text, version integer', 'integer', 'f', 'v', 'u', false, false),
	('cp_deploy(text,text)', 'model text, strategy text', 'integer', 'f', 'v', 'u', false, false),
	('cp_drop_model(text)', 'model text', 'integer', 'f', 'v', 'u', false, false),
	('cp_drop_model(text,integer)', 'model text, version integer', 'integer', 'f', 'v', 'u', false, false),
	('cp_grant_model(text,name)', 'model text, role name', 'void', 'f', 'v', 'u', false, false),
	('cp_revoke_model(text,name)', 'model text, role name', 'void', 'f', 'v', 'u', false, false),
	('cp_grant(name,text)', 'role name, privileges text', 'void', 'f', 'v', 'u', false, false),
	('cp_revoke(name)', 'role name', 'void', 'f', 'v', 'u', false, false),
	('cp_action_check(jsonb)', 'action jsonb', 'void', 'f', 's', 's', true, false),
	('cp_action_edit()', '', 'trigger', 'f', 'v', 'u', false, false),
	('cp_action_keep()', '', 'trigger', 'f', 'v', 'u', false, false),
	('cp_catalogue_advance()', '', 'trigger', 'f', 'v', 'u', false, false),
	('cp_catalogue_restore()', '', 'trigger', 'f', 'v', 'u', false, false),
	('cp_train_policy(text,jsonb)', 'method text, options jsonb DEFAULT ''{}''::jsonb, OUT policy text, OUT version integer, OUT action_name text, OUT trials bigint, OUT retained bigint, '
		'OUT prior_mean double precision, OUT prior_sd double precision, OUT effect double precision, OUT effect_sd double precision', 'SETOF record', 'f', 'v', 'u', false, false),
	('cp_holdout_restore()', '', 'trigger', 'f', 'v', 'u', false, false),
	('cp_recommend(record,text,text)', 'customer record, method text DEFAULT ''auto''::text, model text DEFAULT NULL::text, OUT action_name text, OUT churn_probability double precision, '
		'OUT expected_value double precision, OUT action_cost double precision, OUT roi double precision, OUT strategy_used text', 'record', 'f', 's', 's', false, false),
	('cp_recommend(jsonb,text,text)', 'customer jsonb, method text DEFAULT ''auto''::text, model text DEFAULT NULL::text, OUT action_name text, OUT churn_probability double precision, '
		'OUT expected_value double precision, OUT action_cost double precision, OUT roi double precision, OUT strategy_used text', 'record', 'f', 's', 's', false, false),
	('cp_recommend(json,text,text)', 'customer json, method text DEFAULT ''auto''::text, model text DEFAULT NULL::text, OUT action_name text, OUT churn_probability double precision, '
		'OUT expected_value double precision, OUT action_cost double precision, OUT roi double precision, OUT strategy_used text', 'record', 'f', 's', 's', false, false),
	('cp_decide(record,text,text,text,text)', 'customer record, customer_id text, method text DEFAULT ''auto''::text, key text DEFAULT NULL::text, model text DEFAULT NULL::text, OUT decision_id bigint, '
		'OUT action_name text, OUT churn_probability double precision, OUT expected_value double precision, OUT action_cost double precision, '
		'OUT roi double precision, OUT strategy_used text, OUT propensity double precision, OUT arm text, OUT reason text, OUT repeated boolean', 'record', 'f', 'v', 'u', false, false),
	('cp_decide(jsonb,text,text,text,text)', 'customer jsonb, customer_id text, method text DEFAULT ''auto''::text, key text DEFAULT NULL::text, model text DEFAULT NULL::text, OUT decision_id bigint, '
		'OUT action_name text, OUT churn_probability double precision, OUT expected_value double precision, OUT action_cost double precision, '
		'OUT roi double precision, OUT strategy_used text, OUT propensity double precision, OUT arm text, OUT reason text, OUT repeated boolean', 'record', 'f', 'v', 'u', false, false),
	('cp_decide(json,text,text,text,text)', 'customer json, customer_id text, method text DEFAULT ''auto''::text, key text DEFAULT NULL::text, model text DEFAULT NULL::text, OUT decision_id bigint, '
		'OUT action_name text, OUT churn_probability double precision, OUT expected_value double precision, OUT action_cost double precision, '
		'OUT roi double precision, OUT strategy_used text, OUT propensity double precision, OUT arm text, OUT reason text, OUT repeated boolean', 'record', 'f', 'v', 'u', false, false),
	('cp_feedback(text,text,integer,numeric,integer,bigint)', 'customer_id text, action_taken text, outcome integer, revenue_impact numeric DEFAULT NULL::numeric, window_days integer DEFAULT 30, '
		'decision_id bigint DEFAULT NULL::bigint, OUT feedback_id bigint, OUT matched_decision bigint, OUT mismatch boolean', 'record', 'f', 'v', 'u', false, false),
	('cp_control_group(text)', 'customer_id text', 'boolean', 'f', 's', 's', true, false),
	('cp_forget(text)', 'customer_id text, OUT decisions bigint, OUT feedback bigint, OUT models bigint, OUT policies bigint', 'record', 'f', 'v', 'u', true, false),
	('cp_log_partitions(integer,integer)', 'months_ahead integer DEFAULT 3, keep_months integer DEFAULT NULL::integer, OUT partition text, OUT happened text', 'SETOF record', 'f', 'v', 'u', false, false),
	('cp_simulate_customers(integer,bigint,double precision,boolean)', 'n integer, seed bigint DEFAULT 42, churn_rate double precision DEFAULT 0.265, truth boolean DEFAULT false, OUT customer_id text, OUT gender text, '
		'OUT senior_citizen smallint, OUT partner text, OUT dependents text, OUT tenure integer, OUT phone_service text, OUT multiple_lines text, '
		'OUT internet_service text, OUT online_security text, OUT online_backup text, OUT device_protection text, OUT tech_support text, OUT streaming_tv text, '
		'OUT streaming_movies text, OUT contract text, OUT paperless_billing text, OUT payment_method text, OUT monthly_charges double precision, '
		'OUT total_charges double precision, OUT churn text, OUT churn_probability double precision', 'SETOF record', 'f', 's', 's', true, false),
	('cp_simulator_create(text,text,text,jsonb)', 'name text, model text, source text, params jsonb DEFAULT ''{}''::jsonb, OUT simulator text, OUT customers integer, OUT mean_hazard double precision, '
		'OUT mean_charge double precision', 'record', 'f', 'v', 'u', false, false),
	('cp_simulator_drop(text)', 'name text', 'void', 'f', 'v', 'u', false, false),
	('cp_simulate(text,text,integer,integer,bigint,boolean)', 'simulator text, policy text DEFAULT ''auto''::text, n integer DEFAULT 1000, months integer DEFAULT 36, seed bigint DEFAULT 42, '
		'counterfactual boolean DEFAULT false, OUT customer_id integer, OUT month integer, OUT state smallint, OUT action_id integer, OUT hazard double precision, '
		'OUT hazard_none double precision, OUT y smallint, OUT y_cf smallint[], OUT revenue double precision, OUT cost double precision, OUT alive boolean, '
		'OUT reward double precision', 'SETOF record', 'f', 's', 's', false, false),
	('cp_simulate_value(text,text,integer,integer,bigint)', 'simulator text, policy text DEFAULT ''auto''::text, n integer DEFAULT 200, months integer DEFAULT NULL::integer, seed bigint DEFAULT 42, '
		'OUT v_policy double precision, OUT v_none double precision, OUT v_opt double precision, OUT ratio double precision, OUT uplift_ratio double precision, '
		'OUT revenue_uplift_pct double precision, OUT se double precision, OUT exact boolean', 'record', 'f', 's', 's', false, false),
	('cp_simulator_check(double precision)', 'test_share double precision DEFAULT 0.2, OUT action_name text, OUT decisions bigint, OUT predicted double precision, OUT observed double precision, '
		'OUT error double precision, OUT standard_error double precision, OUT passed boolean', 'SETOF record', 'f', 'v', 'u', false, false),
	('cp_allocate(text,text,double precision,jsonb,jsonb,jsonb,boolean)', 'source text, method text DEFAULT ''lp''::text, budget double precision DEFAULT NULL::double precision, caps jsonb DEFAULT NULL::jsonb, mins jsonb DEFAULT NULL::jsonb, '
		'options jsonb DEFAULT ''{}''::jsonb, record boolean DEFAULT false, OUT customer_id text, OUT action text, OUT share double precision, OUT value double precision, '
		'OUT cost double precision, OUT reduced_value double precision', 'SETOF record', 'f', 'v', 'u', false, false),
	('cp_allocation_report(bigint)', 'run bigint DEFAULT NULL::bigint, OUT run_id bigint, OUT method text, OUT customers bigint, OUT left_out bigint, OUT acted bigint, OUT objective double precision, '
		'OUT upper_bound double precision, OUT gap double precision, OUT proved boolean, OUT streamed boolean, OUT scans integer, OUT iterations integer, OUT read_seconds double precision, '
		'OUT solve_seconds double precision, OUT limit_name text, OUT bound double precision, OUT already_spent double precision, OUT used double precision, OUT slack double precision, '
		'OUT shadow_price double precision, OUT meaning text', 'SETOF record', 'f', 'v', 'u', false, false),
	('cp_allocation_prices(bigint)', 'run bigint DEFAULT NULL::bigint', 'jsonb', 'f', 'v', 'u', false, false),
	('cp_budget_curve(text,double precision[],text,jsonb,jsonb,jsonb)', 'source text, budgets double precision[] DEFAULT NULL::double precision[], method text DEFAULT ''lp''::text, caps jsonb DEFAULT NULL::jsonb, '
		'mins jsonb DEFAULT NULL::jsonb, options jsonb DEFAULT ''{}''::jsonb, OUT budget double precision, OUT objective double precision, OUT upper_bound double precision, '
		'OUT gap double precision, OUT spent double precision, OUT acted bigint, OUT shadow_price double precision', 'SETOF record', 'f', 'v', 'u', false, false),
	('cp_auc(double precision,boolean)', 'score double precision, label boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_auc(double precision,integer)', 'score double precision, label integer', 'double precision', 'a', 'i', 's', false, true),
	('cp_auc_transition(internal,double precision,boolean)', 'internal, double precision, boolean', 'internal', 'f', 'i', 's', false, true),
	('cp_auc_transition(internal,double precision,integer)', 'internal, double precision, integer', 'internal', 'f', 'i', 's', false, true),
	('cp_auc_combine(internal,internal)', 'internal, internal', 'internal', 'f', 'i', 's', false, true),
	('cp_auc_serialize(internal)', 'internal', 'bytea', 'f', 'i', 's', true, true),
	('cp_auc_deserialize(bytea,internal)', 'bytea, internal', 'internal', 'f', 'i', 's', true, true),
	('cp_auc_final(internal)', 'internal', 'double precision', 'f', 'i', 's', false, true),
	('cp_log_loss(double precision,boolean)', 'probability double precision, label boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_log_loss(double precision,integer)', 'probability double precision, label integer', 'double precision', 'a', 'i', 's', false, true),
	('cp_brier(double precision,boolean)', 'probability double precision, label boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_brier(double precision,integer)', 'probability double precision, label integer', 'double precision', 'a', 'i', 's', false, true),
	('cp_log_loss_transition(double precision[],double precision,boolean)', 'double precision[], double precision, boolean', 'double precision[]', 'f', 'i', 's', false, true),
	('cp_log_loss_transition(double precision[],double precision,integer)', 'double precision[], double precision, integer', 'double precision[]', 'f', 'i', 's', false, true),
	('cp_brier_transition(double precision[],double precision,boolean)', 'double precision[], double precision, boolean', 'double precision[]', 'f', 'i', 's', false, true),
	('cp_brier_transition(double precision[],double precision,integer)', 'double precision[], double precision, integer', 'double precision[]', 'f', 'i', 's', false, true),
	('cp_loss_combine(double precision[],double precision[])', 'double precision[], double precision[]', 'double precision[]', 'f', 'i', 's', false, true),
	('cp_loss_final(double precision[])', 'double precision[]', 'double precision', 'f', 'i', 's', false, true),
	('cp_price(double precision[],double precision[],integer[],double precision[],double precision[])', 'value double precision[], cost double precision[], class integer[], count_price double precision[], '
		'money_price double precision[]', 'cp_pricing', 'a', 'i', 's', false, true),
	('cp_price(real[],real[],integer[],double precision[],double precision[])', 'value real[], cost real[], class integer[], count_price double precision[], money_price double precision[]', 'cp_pricing', 'a', 'i', 's', false, true),
	('cp_price_transition(bytea,double precision[],double precision[],integer[],double precision[],double precision[])', 'bytea, double precision[], double precision[], integer[], double precision[], double precision[]',
		'bytea', 'f', 'i', 's', false, true),
	('cp_price_transition(bytea,real[],real[],integer[],double precision[],double precision[])', 'bytea, real[], real[], integer[], double precision[], double precision[]', 'bytea', 'f', 'i', 's', false, true),
	('cp_price_combine(bytea,bytea)', 'bytea, bytea', 'bytea', 'f', 'i', 's', false, true),
	('cp_price_final(bytea)', 'bytea', 'cp_pricing', 'f', 'i', 's', true, true),
	('cp_bid(double precision,double precision,text,jsonb,text,text)', 'value double precision, cost double precision, kind text, prices jsonb, action text DEFAULT NULL::text, segment text DEFAULT NULL::text',
		'double precision', 'f', 'i', 's', false, true),
	('cp_ab_create(text,text[],double precision[],double precision,jsonb)', 'name text, variants text[], allocation double precision[] DEFAULT NULL::double precision[], '
		'duration_days double precision DEFAULT 28, options jsonb DEFAULT ''{}''::jsonb', 'integer', 'f', 'v', 'u', false, false),
	('cp_ab_start(text)', 'experiment text', 'timestamp with time zone', 'f', 'v', 'u', false, false),
	('cp_ab_stop(text)', 'experiment text', 'timestamp with time zone', 'f', 'v', 'u', false, false),
	('cp_ab_archive(text)', 'experiment text', 'void', 'f', 'v', 'u', false, false),
	('cp_ab_allocate(text,double precision[])', 'experiment text, allocation double precision[]', 'integer', 'f', 'v', 'u', false, false),
	('cp_ab_assign(text,text,jsonb)', 'experiment text, unit text, attributes jsonb DEFAULT NULL::jsonb', 'text', 'f', 's', 's', false, false),
	('cp_ab_expose(text,text,double precision,jsonb)', 'experiment text, unit text, covariate double precision DEFAULT NULL::double precision, attributes jsonb DEFAULT NULL::jsonb', 'text', 'f', 'v', 'u', false, false),
	('cp_ab_record(text,text,double precision,double precision,double precision,jsonb,jsonb)', 'experiment text, unit text, outcome double precision, '
		'value double precision DEFAULT NULL::double precision, covariate double precision DEFAULT NULL::double precision, metrics jsonb DEFAULT NULL::jsonb, attributes jsonb DEFAULT NULL::jsonb', 'boolean', 'f', 'v', 'u', false, false),
	('cp_ab_timeline(text)', 'experiment text, OUT day date, OUT variant text, OUT n bigint, OUT difference double precision, OUT p_always_valid double precision, OUT sequence_lower double precision, '
		'OUT sequence_upper double precision', 'SETOF record', 'f', 's', 'u', false, false),
	('cp_saved_revenue(integer)', 'window_days integer DEFAULT 30, OUT metric text, OUT control_customers bigint, OUT policy_customers bigint, OUT control_mean double precision, '
		'OUT policy_mean double precision, OUT difference double precision, OUT lower double precision, OUT upper double precision, OUT percent double precision, OUT percent_lower double precision, '
		'OUT percent_upper double precision, OUT total double precision, OUT total_lower double precision, OUT total_upper double precision, OUT p_always_valid double precision, '
		'OUT srm_p_always_valid double precision, OUT waiting bigint, OUT verdict text', 'SETOF record', 'f', 's', 'u', false, false),
	('cp_ab_combine(bytea,bytea)', 'bytea, bytea', 'bytea', 'f', 'i', 's', false, true),
	('cp_ab_final(bytea)', 'bytea', 'cp_ab_result[]', 'f', 'i', 's', true, true),
	('cp_ab_transition(bytea,text,boolean)', 'bytea, text, boolean', 'bytea', 'f', 'i', 's', false, true),
	('cp_ab_transition(bytea,text,boolean,jsonb)', 'bytea, text, boolean, jsonb', 'bytea', 'f', 'i', 's', false, true),
	('cp_ab_transition(bytea,text,double precision)', 'bytea, text, double precision', 'bytea', 'f', 'i', 's', false, true),
	('cp_ab_transition(bytea,text,double precision,jsonb)', 'bytea, text, double precision, jsonb', 'bytea', 'f', 'i', 's', false, true),
	('cp_ab_transition(bytea,text,double precision,double precision)', 'bytea, text, double precision, double precision', 'bytea', 'f', 'i', 's', false, true),
	('cp_ab_transition(bytea,text,double precision,double precision,jsonb)', 'bytea, text, double precision, double precision, jsonb', 'bytea', 'f', 'i', 's', false, true),
	('cp_ab_significance(text,boolean)', 'variant text, outcome boolean', 'cp_ab_result[]', 'a', 'i', 's', false, true),
	('cp_ab_significance(text,boolean,jsonb)', 'variant text, outcome boolean, options jsonb', 'cp_ab_result[]', 'a', 'i', 's', false, true),
	('cp_ab_significance(text,double precision)', 'variant text, outcome double precision', 'cp_ab_result[]', 'a', 'i', 's', false, true),
	('cp_ab_significance(text,double precision,jsonb)', 'variant text, outcome double precision, options jsonb', 'cp_ab_result[]', 'a', 'i', 's', false, true),
	('cp_ab_significance(text,double precision,double precision)', 'variant text, outcome double precision, covariate double precision', 'cp_ab_result[]', 'a', 'i', 's', false, true),
	('cp_ab_significance(text,double precision,double precision,jsonb)', 'variant text, outcome double precision, covariate double precision, options jsonb', 'cp_ab_result[]', 'a', 'i', 's', false, true),
	('cp_ab_proportions(bigint,bigint,bigint,bigint,double precision)', 'successes_a bigint, n_a bigint, successes_b bigint, n_b bigint, alpha double precision DEFAULT 0.05, OUT rate_a double precision, '
		'OUT rate_b double precision, OUT difference double precision, OUT z_pooled double precision, OUT p_pooled double precision, OUT se_unpooled double precision, OUT z_unpooled double precision, '
		'OUT p_unpooled double precision, OUT p_fisher double precision, OUT wald_lower double precision, OUT wald_upper double precision, OUT newcombe_lower double precision, '
		'OUT newcombe_upper double precision, OUT agresti_caffo_lower double precision, OUT agresti_caffo_upper double precision, OUT wilson_a_lower double precision, OUT wilson_a_upper double precision, '
		'OUT wilson_b_lower double precision, OUT wilson_b_upper double precision, OUT clopper_pearson_a_lower double precision, OUT clopper_pearson_a_upper double precision, '
		'OUT clopper_pearson_b_lower double precision, OUT clopper_pearson_b_upper double precision, OUT lift double precision, OUT lift_se double precision, OUT lift_lower double precision, '
		'OUT lift_upper double precision, OUT lift_log_lower double precision, OUT lift_log_upper double precision, OUT probability_b_best double precision, OUT expected_loss_a double precision, '
		'OUT expected_loss_b double precision', 'record', 'f', 'i', 's', true, true),
	('cp_ab_means(bigint,double precision,double precision,bigint,double precision,double precision,double precision)', 'n_a bigint, mean_a double precision, sd_a double precision, n_b bigint, '
		'mean_b double precision, sd_b double precision, alpha double precision DEFAULT 0.05, OUT difference double precision, OUT se double precision, OUT t double precision, OUT df double precision, '
		'OUT p_value double precision, OUT p_normal double precision, OUT difference_lower double precision, OUT difference_upper double precision, OUT pooled_t double precision, '
		'OUT pooled_df double precision, OUT p_pooled double precision, OUT cohens_d double precision, OUT lift double precision, OUT lift_se double precision, OUT lift_lower double precision, '
		'OUT lift_upper double precision, OUT probability_b_best double precision, OUT expected_loss_a double precision, OUT expected_loss_b double precision', 'record', 'f', 'i', 's', true, true),
	('cp_ab_chi_square(bigint[],bigint[])', 'successes bigint[], n bigint[], OUT chi_square double precision, OUT df integer, OUT p_value double precision', 'record', 'f', 'i', 's', true, true),
	('cp_ab_srm(bigint[],double precision[])', 'observed bigint[], allocation double precision[] DEFAULT NULL::double precision[], OUT chi_square double precision, OUT df integer, '
		'OUT p_value double precision, OUT p_always_valid double precision', 'record', 'f', 'i', 's', false, true),
	('cp_ab_adjust(double precision[],text)', 'p_values double precision[], correction text DEFAULT ''holm''::text', 'double precision[]', 'f', 'i', 's', true, true),
	('cp_ab_sequence(double precision,double precision,double precision,double precision)', 'difference double precision, variance double precision, tau2 double precision, '
		'alpha double precision DEFAULT 0.05, OUT log_likelihood_ratio double precision, OUT p_value double precision, OUT lower double precision, OUT upper double precision', 'record', 'f', 'i', 's', true, true),
	('cp_ab_tau2(double precision,double precision,double precision)', 'horizon double precision, unit_variance double precision, alpha double precision DEFAULT 0.05', 'double precision', 'f', 'i', 's', true, true),
	('cp_ab_sample_size(double precision,double precision,double precision,double precision,double precision,double precision,text)', 'baseline double precision, effect double precision, '
		'sd double precision DEFAULT NULL::double precision, alpha double precision DEFAULT 0.05, power double precision DEFAULT 0.8, ratio double precision DEFAULT 1, method text DEFAULT NULL::text',
		'double precision', 'f', 'i', 's', false, true),
	('cp_ab_power(double precision,double precision,double precision,double precision,double precision,double precision,text)', 'baseline double precision, effect double precision, n_a double precision, '
		'n_b double precision DEFAULT NULL::double precision, sd double precision DEFAULT NULL::double precision, alpha double precision DEFAULT 0.05, method text DEFAULT NULL::text', 'double precision', 'f', 'i', 's', false, true),
	('cp_ab_significance(text)', 'experiment text', 'SETOF cp_ab_result', 'f', 's', 'u', false, false),
	('cp_drift_transition(internal,double precision,boolean)', 'internal, double precision, boolean', 'internal', 'f', 'i', 's', false, true),
	('cp_drift_transition(internal,double precision,boolean,integer)', 'internal, double precision, boolean, integer', 'internal', 'f', 'i', 's', false, true),
	('cp_drift_transition(internal,double precision,boolean,double precision[])', 'internal, double precision, boolean, double precision[]', 'internal', 'f', 'i', 's', false, true),
	('cp_drift_transition(internal,double precision,boolean,jsonb)', 'internal, double precision, boolean, jsonb', 'internal', 'f', 'i', 's', false, true),
	('cp_drift_transition(internal,text,boolean)', 'internal, text, boolean', 'internal', 'f', 'i', 's', false, true),
	('cp_drift_transition(internal,text,boolean,jsonb)', 'internal, text, boolean, jsonb', 'internal', 'f', 'i', 's', false, true),
	('cp_drift_transition(internal,double precision,text,text)', 'internal, double precision, text, text', 'internal', 'f', 's', 's', false, false),
	('cp_drift_transition(internal,text,text,text)', 'internal, text, text, text', 'internal', 'f', 's', 's', false, false),
	('cp_drift_combine(internal,internal)', 'internal, internal', 'internal', 'f', 'i', 's', false, true),
	('cp_drift_serialize(internal)', 'internal', 'bytea', 'f', 'i', 's', true, true),
	('cp_drift_deserialize(bytea,internal)', 'bytea, internal', 'internal', 'f', 'i', 's', true, true),
	('cp_drift_psi_final(internal)', 'internal', 'double precision', 'f', 'i', 's', true, true),
	('cp_drift_kl_final(internal)', 'internal', 'double precision', 'f', 'i', 's', true, true),
	('cp_drift_js_final(internal)', 'internal', 'double precision', 'f', 'i', 's', true, true),
	('cp_drift_chi2_final(internal)', 'internal', 'cp_drift_test', 'f', 'i', 's', true, true),
	('cp_drift_ks_final(internal)', 'internal', 'cp_drift_test', 'f', 'i', 's', true, true),
	('cp_drift_wasserstein_final(internal)', 'internal', 'double precision', 'f', 'i', 's', true, true),
	('cp_drift_summary_final(internal)', 'internal', 'cp_drift_figures', 'f', 'i', 's', true, true),
	('cp_drift_psi(double precision,boolean)', 'value double precision, is_current boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_psi(double precision,boolean,integer)', 'value double precision, is_current boolean, bins integer', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_psi(double precision,boolean,double precision[])', 'value double precision, is_current boolean, edges double precision[]', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_psi(double precision,boolean,jsonb)', 'value double precision, is_current boolean, options jsonb', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_psi(text,boolean)', 'value text, is_current boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_psi(text,boolean,jsonb)', 'value text, is_current boolean, options jsonb', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_psi(double precision,text,text)', 'value double precision, model text, feature text', 'double precision', 'a', 'i', 's', false, false),
	('cp_drift_psi(text,text,text)', 'value text, model text, feature text', 'double precision', 'a', 'i', 's', false, false),
	('cp_drift_kl(double precision,boolean)', 'value double precision, is_current boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_kl(double precision,boolean,integer)', 'value double precision, is_current boolean, bins integer', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_kl(double precision,boolean,double precision[])', 'value double precision, is_current boolean, edges double precision[]', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_kl(double precision,boolean,jsonb)', 'value double precision, is_current boolean, options jsonb', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_kl(text,boolean)', 'value text, is_current boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_kl(text,boolean,jsonb)', 'value text, is_current boolean, options jsonb', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_kl(double precision,text,text)', 'value double precision, model text, feature text', 'double precision', 'a', 'i', 's', false, false),
	('cp_drift_kl(text,text,text)', 'value text, model text, feature text', 'double precision', 'a', 'i', 's', false, false),
	('cp_drift_js(double precision,boolean)', 'value double precision, is_current boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_js(double precision,boolean,integer)', 'value double precision, is_current boolean, bins integer', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_js(double precision,boolean,double precision[])', 'value double precision, is_current boolean, edges double precision[]', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_js(double precision,boolean,jsonb)', 'value double precision, is_current boolean, options jsonb', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_js(text,boolean)', 'value text, is_current boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_js(text,boolean,jsonb)', 'value text, is_current boolean, options jsonb', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_js(double precision,text,text)', 'value double precision, model text, feature text', 'double precision', 'a', 'i', 's', false, false),
	('cp_drift_js(text,text,text)', 'value text, model text, feature text', 'double precision', 'a', 'i', 's', false, false),
	('cp_drift_chi2(double precision,boolean)', 'value double precision, is_current boolean', 'cp_drift_test', 'a', 'i', 's', false, true),
	('cp_drift_chi2(double precision,boolean,integer)', 'value double precision, is_current boolean, bins integer', 'cp_drift_test', 'a', 'i', 's', false, true),
	('cp_drift_chi2(double precision,boolean,double precision[])', 'value double precision, is_current boolean, edges double precision[]', 'cp_drift_test', 'a', 'i', 's', false, true),
	('cp_drift_chi2(double precision,boolean,jsonb)', 'value double precision, is_current boolean, options jsonb', 'cp_drift_test', 'a', 'i', 's', false, true),
	('cp_drift_chi2(text,boolean)', 'value text, is_current boolean', 'cp_drift_test', 'a', 'i', 's', false, true),
	('cp_drift_chi2(text,boolean,jsonb)', 'value text, is_current boolean, options jsonb', 'cp_drift_test', 'a', 'i', 's', false, true),
	('cp_drift_chi2(double precision,text,text)', 'value double precision, model text, feature text', 'cp_drift_test', 'a', 'i', 's', false, false),
	('cp_drift_chi2(text,text,text)', 'value text, model text, feature text', 'cp_drift_test', 'a', 'i', 's', false, false),
	('cp_drift_ks(double precision,boolean)', 'value double precision, is_current boolean', 'cp_drift_test', 'a', 'i', 's', false, true),
	('cp_drift_ks(double precision,boolean,jsonb)', 'value double precision, is_current boolean, options jsonb', 'cp_drift_test', 'a', 'i', 's', false, true),
	('cp_drift_ks(double precision,text,text)', 'value double precision, model text, feature text', 'cp_drift_test', 'a', 'i', 's', false, false),
	('cp_drift_wasserstein(double precision,boolean)', 'value double precision, is_current boolean', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_wasserstein(double precision,boolean,jsonb)', 'value double precision, is_current boolean, options jsonb', 'double precision', 'a', 'i', 's', false, true),
	('cp_drift_wasserstein(double precision,text,text)', 'value double precision, model text, feature text', 'double precision', 'a', 'i', 's', false, false),
	('cp_drift_summary(double precision,boolean)', 'value double precision, is_current boolean', 'cp_drift_figures', 'a', 'i', 's', false, true),
	('cp_drift_summary(double precision,boolean,integer)', 'value double precision, is_current boolean, bins integer', 'cp_drift_figures', 'a', 'i', 's', false, true),
	('cp_drift_summary(double precision,boolean,double precision[])', 'value double precision, is_current boolean, edges double precision[]', 'cp_drift_figures', 'a', 'i', 's', false, true),
	('cp_drift_summary(double precision,boolean,jsonb)', 'value double precision, is_current boolean, options jsonb', 'cp_drift_figures', 'a', 'i', 's', false, true),
	('cp_drift_summary(text,boolean)', 'value text, is_current boolean', 'cp_drift_figures', 'a', 'i', 's', false, true),
	('cp_drift_summary(text,boolean,jsonb)', 'value text, is_current boolean, options jsonb', 'cp_drift_figures', 'a', 'i', 's', false, true),
	('cp_drift_summary(double precision,text,text)', 'value double precision, model text, feature text', 'cp_drift_figures', 'a', 'i', 's', false, false),
	('cp_drift_summary(text,text,text)', 'value text, model text, feature text', 'cp_drift_figures', 'a', 'i', 's', false, false),
	('cp_drift_psi(double precision[],double precision[],jsonb)', 'reference double precision[], current double precision[], options jsonb DEFAULT NULL::jsonb', 'double precision', 'f', 'i', 's', false, true),
	('cp_drift_kl(double precision[],double precision[],jsonb)', 'reference double precision[], current double precision[], options jsonb DEFAULT NULL::jsonb', 'double precision', 'f', 'i', 's', false, true),
	('cp_drift_js(double precision[],double precision[],jsonb)', 'reference double precision[], current double precision[], options jsonb DEFAULT NULL::jsonb', 'double precision', 'f', 'i', 's', false, true),
	('cp_drift_chi2(double precision[],double precision[],jsonb)', 'reference double precision[], current double precision[], options jsonb DEFAULT NULL::jsonb', 'cp_drift_test', 'f', 'i', 's', false, true),
	('cp_alert_acknowledge(bigint,text)', 'alert_id bigint, note text DEFAULT NULL::text', 'void', 'f', 'v', 'u', false, false),
	('cp_drift_check(text,text,interval,jsonb)', 'model text DEFAULT NULL::text, source text DEFAULT NULL::text, period interval DEFAULT NULL::interval, options jsonb DEFAULT ''{}''::jsonb, OUT segment text, OUT feature text, '
		'OUT level text, OUT psi double precision, OUT kl double precision, OUT js double precision, OUT ks double precision, OUT wasserstein double precision, OUT chi2 double precision, OUT p_value double precision, '
		'OUT missing_reference double precision, OUT missing double precision, OUT unseen double precision, OUT importance double precision, OUT auc double precision, OUT rows bigint, OUT recommendation text', 'SETOF record', 'f', 'v', 'u', false, false),
	('cp_drift_json(text,text,interval,jsonb)', 'model text DEFAULT NULL::text, source text DEFAULT NULL::text, period interval DEFAULT NULL::interval, options jsonb DEFAULT ''{}''::jsonb', 'jsonb', 'f', 'v', 'u', false, false),
	('cp_performance(text,interval)', 'model text DEFAULT NULL::text, period interval DEFAULT ''90 days''::interval, OUT basis text, OUT figure text, OUT rows bigint, OUT value double precision, OUT lower double precision, '
		'OUT upper double precision, OUT expected double precision, OUT training double precision, OUT change double precision', 'SETOF record', 'f', 's', 'u', false, false),
	('cp_performance_check(text,interval)', 'model text DEFAULT NULL::text, period interval DEFAULT ''90 days''::interval', 'text', 'f', 'v', 'u', false, false),
	('cp_retrain_review(text,boolean)', 'model text, apply boolean DEFAULT false, OUT step text, OUT fired boolean, OUT observed text, OUT threshold text, OUT version integer', 'SETOF record', 'f', 'v', 'u', false, false),
	('cp_ab_significance(text)', 'experiment text', 'SETOF cp_ab_result', 'f', 's', 'u', false, false);

CREATE TEMP VIEW made AS
SELECT p.oid, p.proname || '(' || array_to_string(ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, n) ORDER BY n), ',') || ')' AS signature,
	pg_get_function_arguments(p.oid) AS arguments, CASE WHEN p.proargmodes IS NULL OR NOT 'o' = ANY (p.proargmodes) THEN pg_get_function_result(p.oid) ELSE concat(CASE WHEN p.proretset THEN 'SETOF ' END, 'record') END AS result,
	p.prokind AS kind, p.provolatile AS volatile, p.proparallel AS parallel, p.proisstrict AS strict
FROM pg_proc p JOIN members ON classid = 'pg_proc'::regclass AND objid = p.oid;

SELECT set_eq('SELECT signature FROM made', 'SELECT signature FROM promised', 'there are these functions and aggregates and no others');
SELECT is(m.arguments, p.arguments, p.signature || ': arguments') FROM promised p JOIN made m USING (signature) ORDER BY signature;
SELECT is(concat_ws(' ', m.result, m.kind, m.volatile, m.parallel, m.strict), concat_ws(' ', p.result, p.kind, p.volatile, p.parallel, p.strict),
	p.signature || ': result, kind, volatility, parallel safety, strictness') FROM promised p JOIN made m USING (signature) ORDER BY signature;
SELECT is(has_function_privilege('public', m.oid, 'EXECUTE'), p.for_all, p.signature || CASE WHEN p.for_all THEN ': everybody' ELSE ': nobody' END || ' may execute it')
FROM promised p JOIN made m USING (signature) ORDER BY signature;

-- What holds for all of them, whatever their names.
SELECT is_empty($$ SELECT signature FROM made WHERE coalesce(obj_description(oid, 'pg_proc'), '') = '' $$, 'every function has a comment');
SELECT is_empty($$ SELECT proname FROM pg_proc JOIN members ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid WHERE prosecdef AND proname NOT IN ('cp_grant', 'cp_revoke', 'cp_action_edit', 'cp_catalogue_advance', 'cp_log_partitions') $$,
	'only what gives and takes rights, keeps the catalogue''s book or makes partitions runs as its owner');
SELECT is_empty($$ SELECT proname FROM pg_proc JOIN members ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid WHERE proname !~ '^cp_' $$, 'every function is called cp_something');
SELECT is_empty($$ SELECT proname FROM pg_proc JOIN members ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid
	WHERE pronamespace <> (SELECT extnamespace FROM pg_extension WHERE extname = 'churnprevent') $$, 'functions live where the extension was installed');
SELECT is_empty($$ SELECT proname FROM pg_proc p JOIN pg_language l ON l.oid = prolang JOIN members ON classid = 'pg_proc'::regclass AND objid = p.oid
	WHERE lanname NOT IN ('c', 'internal') AND NOT coalesce(proconfig @> '{"search_path=pg_catalog, pg_temp"}', false) $$, 'functions with a body have a search path of their own');
SELECT is_empty($$ SELECT proname FROM pg_proc p JOIN pg_language l ON l.oid = prolang JOIN members ON classid = 'pg_proc'::regclass AND objid = p.oid
	WHERE lanname = 'sql' $$, 'no function is in the language SQL, which cannot take a record');
SELECT is_empty($$ SELECT signature FROM made WHERE kind = 'f' AND volatile = 'i' AND signature !~ '^cp_(auc|log_loss|brier|loss|price)_|^cp_bid\(|^cp_ab_(combine|final|transition|proportions|means|chi_square|srm|adjust|sequence|tau2|sample_size|power)\(|^cp_drift_(transition|combine|serialize|deserialize|[a-z0-9]+_final|psi|kl|js|chi2)\(' $$,
	'nothing is immutable but the parts of aggregates, a bid and the statistics of A/B tests and drift');
SELECT is_empty($$ SELECT DISTINCT proargnames[1:n], proargnames FROM pg_proc p JOIN members ON classid = 'pg_proc'::regclass AND objid = p.oid, LATERAL (SELECT pronargs AS n) s
	WHERE proname IN ('cp_predict', 'cp_score', 'cp_explain') AND proargnames[1:2] <> '{customer,model}'
	OR proname = 'cp_recommend' AND proargnames[1:3] <> '{customer,method,model}' OR proname = 'cp_decide' AND proargnames[1:5] <> '{customer,customer_id,method,key,model}' $$, 'overloads have the same arguments in the same order');
SELECT is_empty($$ SELECT aggfnoid::regprocedure FROM pg_aggregate JOIN members ON classid = 'pg_proc'::regclass AND objid = aggfnoid
	WHERE aggcombinefn = 0 OR (aggtranstype = 'internal'::regtype) <> (aggserialfn <> 0) OR (aggserialfn = 0) <> (aggdeserialfn = 0) $$,
	'every aggregate can be combined, and one with an internal state sent from a worker');
SELECT bag_eq($$ SELECT proname, count(*) FROM pg_proc p JOIN members ON classid = 'pg_proc'::regclass AND objid = p.oid WHERE proname IN ('cp_predict', 'cp_score', 'cp_explain', 'cp_recommend', 'cp_decide') GROUP BY 1 $$,
	$$ VALUES ('cp_predict'::name, 3::bigint), ('cp_score', 3), ('cp_explain', 3), ('cp_recommend', 3), ('cp_decide', 3) $$, 'overloads for record, jsonb and json, no fourth');

-- Types of their own.
SELECT set_eq($$ SELECT typname, (SELECT array_agg(concat_ws(' ', attname, format_type(atttypid, NULL)) ORDER BY attnum) FROM pg_attribute WHERE attrelid = typrelid)
	FROM pg_type t JOIN members ON classid = 'pg_type'::regclass AND objid = t.oid JOIN pg_class c ON c.oid = typrelid WHERE c.relkind = 'c' $$,
	$$ VALUES ('cp_pricing'::name, '{customers bigint,chosen bigint,reduced_value double precision,value double precision,cost double precision,count double precision[],money double precision[]}'::text[]),
		('cp_ab_result', '{metric text,variant text,is_control boolean,n bigint,mean double precision,sd double precision,difference double precision,difference_lower double precision,difference_upper double precision,'
			'lift double precision,lift_lower double precision,lift_upper double precision,statistic double precision,df double precision,p_value double precision,p_pooled double precision,p_unpooled double precision,'
			'p_fisher double precision,p_adjusted double precision,p_always_valid double precision,p_always_valid_adjusted double precision,sequence_lower double precision,sequence_upper double precision,'
			'lift_sequence_lower double precision,lift_sequence_upper double precision,probability_best double precision,expected_loss double precision,p_equal double precision,srm_p double precision,'
			'srm_p_always_valid double precision,cuped_theta double precision,variance_reduction double precision,power double precision,detectable double precision,days_left double precision,verdict text}'),
		('cp_drift_test', '{statistic double precision,df double precision,p_value double precision,kind text}'),
		('cp_drift_figures', '{reference_rows bigint,current_rows bigint,reference_missing bigint,current_missing bigint,unseen double precision,psi double precision,psi_by_chance double precision,kl double precision,'
			'js double precision,total_variation double precision,ks double precision,ks_p double precision,wasserstein double precision,chi2 double precision,chi2_df double precision,chi2_p double precision,rank_error double precision}') $$, 'these row types and no others');
SELECT is_empty($$ SELECT typname FROM pg_type t JOIN members ON classid = 'pg_type'::regclass AND objid = t.oid JOIN pg_class c ON c.oid = typrelid
	WHERE c.relkind = 'c' AND (coalesce(obj_description(t.oid, 'pg_type'), '') = '' OR typnamespace <> (SELECT extnamespace FROM pg_extension WHERE extname = 'churnprevent')) $$, 'they have comments and live where the functions do');

-- Tables, views, sequences.
SELECT set_eq($$ SELECT relname, relkind FROM pg_class JOIN members ON classid = 'pg_class'::regclass AND objid = oid WHERE relkind NOT IN ('i', 't') $$,
	$$ VALUES ('model_name'::name, 'r'::"char"), ('model', 'r'), ('deployment', 'r'), ('model_grant', 'r'), ('model_summary', 'v'), ('model_member', 'v'), ('feature_importance', 'v'),
		('model_model_id_seq', 'S'), ('deployment_deployment_id_seq', 'S'), ('action', 'r'), ('catalogue', 'r'), ('policy', 'r'), ('action_effect', 'v'),
		('decision', 'p'), ('decision_default', 'r'), ('decision_decision_id_seq', 'S'), ('feedback', 'p'), ('feedback_default', 'r'), ('feedback_feedback_id_seq', 'S'),
		('decision_key', 'r'), ('contact_state', 'r'), ('holdout', 'r'), ('forgotten', 'r'), ('simulator', 'r'),
		('allocation_run', 'r'), ('allocation_run_run_id_seq', 'S'), ('allocation_limit', 'r'), ('allocation', 'r'),
		('experiment_layer', 'r'), ('experiment', 'r'), ('experiment_experiment_id_seq', 'S'), ('experiment_phase', 'r'), ('experiment_unit', 'r'), ('experiment_record_no', 'S'),
		('experiment_result', 'v'), ('experiment_timeline', 'v'), ('saved_revenue', 'v'),
		('alert', 'r'), ('alert_alert_id_seq', 'S'), ('alert_open', 'v'), ('usable_model', 'v'), ('drift_report', 'r'), ('drift_report_report_id_seq', 'S'), ('drift_feature', 'r'), ('drift_status', 'v'), ('model_performance', 'v'),
		('retrain_rule', 'r'), ('retrain_review', 'r'), ('retrain_review_review_id_seq', 'S') $$, 'these tables, views and sequences and no others');
SELECT set_eq($$ SELECT objid FROM members WHERE classid NOT IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass) $$,
	$$ SELECT oid FROM pg_namespace WHERE nspname = 'churnprevent' $$, 'nothing else but the schema');
SELECT is_empty($$ SELECT relname FROM pg_class JOIN members ON classid = 'pg_class'::regclass AND objid = oid WHERE relnamespace <> 'churnprevent'::regnamespace $$, 'all in schema churnprevent');
SELECT is_empty($$ SELECT relname FROM pg_class c WHERE relnamespace = 'churnprevent'::regnamespace AND relkind NOT IN ('i', 'S') AND NOT EXISTS (SELECT FROM members WHERE classid = 'pg_class'::regclass AND objid = c.oid) $$,
	'and nothing else lies there');
SELECT is_empty($$ SELECT relname FROM pg_class WHERE relnamespace = 'churnprevent'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') AND coalesce(obj_description(oid, 'pg_class'), '') = '' $$, 'every table and view has a comment');
SELECT isnt(obj_description('churnprevent'::regnamespace, 'pg_namespace'), NULL, 'the schema has a comment');
SELECT isnt(obj_description((SELECT oid FROM pg_extension WHERE extname = 'churnprevent'), 'pg_extension'), NULL, 'the extension has a comment');
SELECT is_empty($$ SELECT relname, privilege_type FROM pg_class, aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)))
	WHERE relnamespace = 'churnprevent'::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'S') AND grantee = 0 $$, 'PUBLIC has no right to any table, view or sequence');
SELECT is_empty($$ SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl) WHERE relnamespace = 'churnprevent'::regnamespace AND grantee = 0 $$,
	'nor to any column');
SELECT is_empty($$ SELECT privilege_type FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE nspname = 'churnprevent' AND grantee = 0 $$, 'nor to the schema');
-- A name is looked up by index whatever the database's locale.
SELECT is_empty($$ SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
	WHERE relnamespace = 'churnprevent'::regnamespace AND relkind = 'r' AND attname = 'name' AND attcollation <> '"C"'::regcollation $$, 'names are collated "C"');
-- Foreign keys are followed when a version goes.
SELECT is_empty($$ SELECT conrelid::regclass, conname FROM pg_constraint c WHERE contype = 'f' AND connamespace = 'churnprevent'::regnamespace
	AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = conrelid AND (string_to_array(indkey::text, ' ')::int2[])[1] = conkey[1]) $$, 'every foreign key has an index');

-- Dump: all tables that users fill, and every sequence.
SELECT set_eq($$ SELECT unnest(extconfig)::regclass FROM pg_extension WHERE extname = 'churnprevent' $$,
	$$ SELECT oid::regclass FROM pg_class WHERE relnamespace = 'churnprevent'::regnamespace AND relkind IN ('r', 'S') $$, 'pg_dump takes the rows of every table and the state of every sequence');
SELECT is((SELECT cardinality(extconfig) FROM pg_extension WHERE extname = 'churnprevent'), (SELECT count(DISTINCT t)::int FROM pg_extension, unnest(extconfig) t WHERE extname = 'churnprevent'), 'none twice');
SELECT set_eq($$ SELECT t::regclass::text, c FROM pg_extension, unnest(extconfig, extcondition) u(t, c) WHERE extname = 'churnprevent' AND c <> '' $$,
	$$ VALUES ('churnprevent.action', 'WHERE NOT pristine'), ('churnprevent.catalogue', 'WHERE version > 1'), ('churnprevent.policy', 'WHERE NOT shipped') $$, 'all rows of it but the shipped ones');
SELECT is_empty($$ SELECT conrelid::regclass FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid IN ('churnprevent.decision'::regclass, 'churnprevent.feedback'::regclass)
	UNION SELECT indrelid::regclass FROM pg_index WHERE indrelid IN ('churnprevent.decision'::regclass, 'churnprevent.feedback'::regclass) $$, 'the parents of the logs have neither key nor index');
SELECT is_empty($$ SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
	WHERE relnamespace = 'churnprevent'::regnamespace AND relkind = 'r' AND attidentity <> '' AND pg_get_serial_sequence(attrelid::regclass::text, attname) IS NULL $$, 'every identity column has a sequence');
-- The columns that C code reads by position.
SELECT columns_are('churnprevent', 'model', '{model_id,name,version,owner,checksum,created_at,seconds,source,label,options,roles,rows,churn_rate,feature_count,features,member_weights,metrics,ensemble,importance,bytes,holdout,customers,profile}'::name[]);
SELECT columns_are('churnprevent', 'deployment', '{deployment_id,name,model_id,strategy,restores,deployed_by,deployed_at}'::name[]);
SELECT columns_are('churnprevent', 'model_grant', '{name,grantee,granted_by,granted_at}'::name[]);
SELECT columns_are('churnprevent', 'model_summary', '{name,version,deployed,owner,created_at,rows,features,churn_rate,auc,log_loss,rmse,accuracy,ece,member_weights,calibration,source,label,seconds,model_id,forgotten}'::name[]);
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.model'::regclass AND attnum > 0 ORDER BY attnum $$,
	$$ SELECT unnest('{model_id,name,version,owner,checksum,created_at,seconds,source,label,options,roles,rows,churn_rate,feature_count,features,member_weights,metrics,ensemble,importance,bytes,holdout,customers,profile}'::name[]) $$, 'in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.catalogue'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{version,action_ids,definitions,created_at,created_by}'::name[]) $$, 'catalogue: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.policy'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{policy_id,version,name,method,parameters,evidence,created_at,created_by,shipped}'::name[]) $$, 'policy: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.holdout'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{one,share,salt,since}'::name[]) $$, 'holdout: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.simulator'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{name,owner,created_at,model_id,catalogue_version,source,params,effects,customer_count,customers}'::name[]) $$, 'simulator: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.experiment_layer'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{layer,salt}'::name[]) $$, 'experiment_layer: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.experiment'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{experiment_id,name,variants,status,created_at,created_by,start_at,end_at,duration_days,salt,layer,layer_from,layer_to,holdout,options}'::name[]) $$, 'experiment: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.experiment_phase'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{experiment_id,phase,since,allocation,range_to,range_variant}'::name[]) $$, 'experiment_phase: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.experiment_unit'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{experiment_id,unit,variant,phase,exposed_at,covariate,record_no,recorded_at,outcome,value,metrics}'::name[]) $$, 'experiment_unit: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.alert'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{alert_id,model,source,level,message,numbers,times,raised_at,last_at,notified_at,acknowledged_by,acknowledged_at,note,resolved_at}'::name[]) $$, 'alert: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.drift_report'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{report_id,model,version,model_id,checked_at,checked_by,mode,reference,period,rows,reference_rows,level,summary}'::name[]) $$, 'drift_report: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.drift_feature'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{report_id,segment,feature,level,psi,kl,js,ks,wasserstein,chi2,p_value,missing_reference,missing,unseen,importance,auc,rows,recommendation}'::name[]) $$, 'drift_feature: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.retrain_rule'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{model,drift_level,performance_drop,performance_period,max_age,new_rows,retry_after}'::name[]) $$, 'retrain_rule: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.retrain_review'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{review_id,model,version,reviewed_at,reviewed_by,fired,candidate,deployed,rows,log_loss,candidate_log_loss,lower,upper,reason}'::name[]) $$, 'retrain_review: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.drift_status'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{model,version,checked_at,mode,reference,period,segment,feature,level,psi,kl,js,ks,wasserstein,chi2,p_value,missing_reference,missing,unseen,importance,auc,rows,recommendation}'::name[]) $$, 'drift_status: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.model_performance'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{model,version,basis,figure,rows,value,lower,upper,expected,training,change}'::name[]) $$, 'model_performance: in this order');
SELECT results_eq($$ SELECT attname FROM pg_attribute WHERE attrelid = 'churnprevent.alert_open'::regclass AND attnum > 0 ORDER BY attnum $$, $$ SELECT unnest('{alert_id,model,source,level,message,numbers,times,raised_at,last_at}'::name[]) $$, 'alert_open: in this order');
-- What a review takes for the rule of a model without a row is what a row has by default.
SELECT is(string_agg(attname || ' ' || pg_get_expr(adbin, adrelid), ', ' ORDER BY attnum), 'drift_level ''critical''::text, performance_drop 0.03, performance_period ''90 days''::interval, max_age ''90 days''::interval, retry_after ''7 days''::interval', 'retrain_rule: defaults')
FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum WHERE adrelid = 'churnprevent.retrain_rule'::regclass;
SELECT is(attstorage, 'e'::"char", 'model bytes are stored as they are') FROM pg_attribute WHERE attrelid = 'churnprevent.model'::regclass AND attname = 'bytes';

-- Settings, their kinds and defaults. (The library is loaded by the first call.)
SELECT throws_ok($$ SELECT cp_deploy('no such model', 1) $$, '42704', NULL, 'the library loads');
SELECT set_eq($$ SELECT name, context, vartype, boot_val, min_val, max_val, coalesce(unit, '') FROM pg_settings WHERE name ~ '^churnprevent\.' $$,
	$$ VALUES ('churnprevent.default_model', 'user', 'string', '', NULL, NULL, ''), ('churnprevent.training_memory', 'superuser', 'integer', '1048576', '1024', '2147483647', 'kB'),
		('churnprevent.cache_memory', 'superuser', 'integer', '262144', '1024', '2147483647', 'kB'), ('churnprevent.risk_threshold_medium', 'user', 'real', '0.3', '0', '1', ''),
		('churnprevent.risk_threshold_high', 'user', 'real', '0.6', '0', '1', ''), ('churnprevent.margin', 'superuser', 'real', '0.6', '0.001', '1', ''),
		('churnprevent.rl_gamma', 'superuser', 'real', '0.99', '0.01', '0.9999', ''), ('churnprevent.attribution_window', 'superuser', 'integer', '90', '1', '3660', ''),
		('churnprevent.max_budget', 'superuser', 'real', '50000', '0', '1e+15', ''), ('churnprevent.max_discounts', 'superuser', 'integer', '100', '0', '2147483647', ''),
		('churnprevent.max_upgrades', 'superuser', 'integer', '50', '0', '2147483647', ''), ('churnprevent.max_offers', 'superuser', 'integer', '30', '0', '2147483647', ''),
		('churnprevent.allocation_memory', 'superuser', 'integer', '1048576', '16384', '2147483647', 'kB'), ('churnprevent.drift_threshold_psi', 'user', 'real', '0.2', '0.001', '100', ''),
		('churnprevent.drift_threshold_kl', 'user', 'real', '0.1', '0.001', '100', ''), ('churnprevent.performance_threshold_auc', 'user', 'real', '0.05', '0.001', '1', '') $$, 'these settings and no others');
SELECT is_empty($$ SELECT name FROM pg_settings WHERE name ~ '^churnprevent\.' AND coalesce(short_desc, '') = '' $$, 'every setting is described');
SELECT throws_ok('SET churnprevent.no_such_setting = 1', '42602', NULL, 'the prefix is reserved') WHERE current_setting('server_version_num')::int >= 150000;

-- The control file.
SELECT results_eq($$ SELECT extrelocatable, superuser, trusted FROM pg_extension JOIN pg_available_extension_versions v ON v.name = extname AND v.version = extversion WHERE extname = 'churnprevent' $$,
	$$ VALUES (false, true, false) $$, 'not relocatable, made by a superuser, not trusted');
SELECT throws_ok('ALTER EXTENSION churnprevent SET SCHEMA pg_temp', '0A000', NULL, 'cannot be moved');
SELECT throws_ok('DROP SCHEMA churnprevent CASCADE', '2BP01', NULL, 'its schema goes only with it');

SELECT * FROM finish();
ROLLBACK;
