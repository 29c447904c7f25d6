# A hot standby scores as its primary does, follows its deployments, and refuses to write.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $primary = start_cluster('primary', init => { allows_streaming => 1 });
load_data($primary);
$primary->safe_psql('postgres', q{
	SELECT cp_train('gym', 'gym_member', 'left_club', '{"value_column": "monthly_fee"}');
	CREATE ROLE reader LOGIN;
	SELECT cp_grant('reader', 'reader');
	GRANT SELECT ON gym_member TO reader;
});

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# Trained after the backup: comes by WAL.
$primary->safe_psql('postgres', q{
	SELECT cp_train('gym', 'gym_member', 'left_club', '{"exclude": "plan", "value_column": "monthly_fee", "seed": 3, "deploy": false}');
	SELECT cp_train('telco', 'customer', 'churn', '{"value_column": "monthly_charges", "tenure_column": "tenure"}');
	SELECT cp_simulator_create('world', 'telco', 'customer', '{"customers": 200}');
	SELECT count(*) FROM gym_member g, cp_decide(g, member_id::text, 'random', 'k ' || member_id, 'gym');
	SELECT count(cp_feedback(member_id::text, 'none', 1)) FROM gym_member;
	SELECT count(*) FROM cp_train_policy('greedy');
	SELECT count(*) FROM cp_log_partitions(1);
	SELECT count(*) FROM cp_allocate('gym_member', budget => 100, options => '{"model": "gym", "customer_id": "member_id", "keep": true}');
	SELECT cp_ab_create('test', '{control,b,c}', '{0.5,0.3,0.2}', options => '{"guardrails": {"calls": "higher"}, "eligible": "plan = ''free''", "exclude_control": true}');
	SELECT count(cp_ab_record('test', g::text, (g % 3 = 0)::int, metrics => '{"calls": 1}', attributes => '{"plan": "free"}')) FROM generate_series(1, 1000) g WHERE NOT cp_control_group(g::text);
	SELECT cp_ab_allocate('test', '{0.2,0.4,0.4}');
	SELECT cp_ab_create('draft', '{control,b}', options => '{"draft": true}'), cp_ab_create('layered', '{control,b}', options => '{"layer": "l", "share": 0.5}');
	UPDATE churnprevent.holdout SET since = since - '60 days'::interval;
	UPDATE churnprevent.decision SET decided_at = decided_at - '40 days'::interval;
	UPDATE churnprevent.decision_key SET decided_at = decided_at - '40 days'::interval;
	SELECT count(*) FROM cp_drift_check('gym', 'SELECT * FROM gym_member WHERE age > 45');
	SELECT cp_performance_check('gym');
	INSERT INTO churnprevent.retrain_rule (model, drift_level) VALUES ('gym', 'warning');
});
$primary->wait_for_catchup($standby);

for my $case ([ 'gym_member', 'gym', '' ], [ 'gym_member', 'gym', ', 1' ], [ 'gym_member', 'gym', ', 2' ],
	[ 'customer', 'telco', '' ])
{
	my ($table, $model, $version) = @$case;
	is(scores($standby, $table, $model, $version), scores($primary, $table, $model, $version),
		"scores of $model$version are the same on the standby");
}
my $reads = q{SELECT * FROM cp_evaluate('telco'); SELECT * FROM cp_lift('telco');
	SELECT cp_score(g, 'gym') FROM gym_member g ORDER BY member_id LIMIT 5;
	SELECT name, version, deployed, auc FROM churnprevent.model_summary ORDER BY 1, 2};
is($standby->safe_psql('postgres', $reads), $primary->safe_psql('postgres', $reads), 'so are figures and segments');
my $advice = q{SELECT r.* FROM gym_member g, cp_recommend(g, 'greedy', 'gym') r ORDER BY member_id LIMIT 50;
	SELECT md5(string_agg(r::text, ' ' ORDER BY member_id)) FROM gym_member g, cp_recommend(to_jsonb(g), 'random', 'gym') r;
	SELECT count(*) FROM gym_member g WHERE cp_control_group(member_id::text);
	SELECT md5(string_agg(s::text, ' ' ORDER BY s.customer_id, month)) FROM cp_simulate('world', 'greedy', 100, 12, 1, true) s;
	SELECT * FROM cp_simulate_value('world', 'greedy', 5, 12);
	SELECT md5(string_agg(s::text, ' ' ORDER BY s.customer_id)) FROM cp_simulate_customers(1000) s;
	SELECT * FROM cp_simulator_check(0.5);
	SELECT count(*), md5(string_agg(d::text, ' ' ORDER BY decision_id)) FROM churnprevent.decision d;
	SELECT * FROM churnprevent.action_effect ORDER BY 1, 2, 3};
is($standby->safe_psql('postgres', $advice), $primary->safe_psql('postgres', $advice), 'and advice, worlds and the log');

my $plan = q{SELECT md5(string_agg(a::text, ' ' ORDER BY customer_id)) FROM cp_allocate('gym_member', 'knapsack', 200, '{"discount": 20}', options => '{"model": "gym", "customer_id": "member_id"}') a;
	SELECT objective, upper_bound, proved, acted, limit_name, used, shadow_price FROM cp_allocation_report();
	SELECT cp_allocation_prices();
	SELECT * FROM cp_budget_curve('gym_member', '{50, 100}', options => '{"model": "gym", "customer_id": "member_id"}');
	SET churnprevent.allocation_memory = '16MB';
	SELECT count(*) > 100, sum(share * cost) <= 5000 FROM cp_allocate('SELECT g AS customer_id, ARRAY[g % 97] AS value, ARRAY[g % 7] AS cost FROM generate_series(1, 4000000) g', budget => 5000, options => '{"actions": ["call"], "kinds": ["contact"]}');
	SELECT DISTINCT streamed FROM cp_allocation_report();
	SELECT bound, shadow_price FROM cp_allocation_report(1)};
is($standby->safe_psql('postgres', $plan), $primary->safe_psql('postgres', $plan), 'and allocations, in memory and streamed, and one that was kept');

my $tests = q{SELECT md5(string_agg(v, ' ' ORDER BY g)), count(*) FROM generate_series(1, 2000) g, cp_ab_assign('test', g::text, '{"plan": "free"}') v WHERE v IS NOT NULL;
	SELECT md5(string_agg(cp_ab_assign('layered', g::text), ' ' ORDER BY g)) FROM generate_series(1, 2000) g;
	SELECT metric, variant, n, mean, p_value, p_always_valid, sequence_lower, srm_p_always_valid, verdict FROM cp_ab_significance('test');
	SELECT * FROM cp_ab_timeline('test');
	SELECT experiment, variant, n, verdict FROM churnprevent.experiment_result;
	TABLE churnprevent.experiment_timeline;
	TABLE churnprevent.saved_revenue};
is($standby->safe_psql('postgres', $tests), $primary->safe_psql('postgres', $tests), 'and what experiments assign and say');

my $drift = q{SELECT * FROM cp_drift_check('telco', 'SELECT * FROM customer WHERE tenure > 20', options => '{"record": false, "segment_by": "contract"}');
	SELECT * FROM cp_drift_check('gym', 'gym_member', options => '{"record": false}');
	SELECT cp_drift_json('gym', 'SELECT * FROM gym_member WHERE age > 45', options => '{"record": false}') - 'timestamp';
	SELECT * FROM cp_performance('gym');
	TABLE churnprevent.drift_status; TABLE churnprevent.alert_open; TABLE churnprevent.model_performance;
	SELECT step, fired, threshold, version FROM cp_retrain_review('gym')};
is($standby->safe_psql('postgres', $drift), $primary->safe_psql('postgres', $drift), 'and drift, performance and what a review would do');
like($standby->safe_psql('postgres', q{SELECT string_agg(step, ' ') FROM cp_retrain_review('gym') WHERE fired; SELECT level FROM churnprevent.alert_open}), qr/^drift.*\ncritical/, 'which is not nothing');

# A table of 7,043 rows would take a moment to train on: a refusal at once does not.
for my $call (
	q{cp_train('telco', 'customer', 'churn')},
	q{cp_train('other', 'SELECT g.* FROM gym_member g, pg_sleep(5)', 'left_club')},
	q{cp_deploy('gym', 2)}, q{cp_deploy('gym', 'latest')}, q{cp_deploy('gym', 'rollback')},
	q{cp_drop_model('gym')}, q{cp_drop_model('gym', 2)}, q{cp_grant_model('gym', 'reader')},
	q{cp_revoke_model('gym', 'reader')}, q{cp_decide(g, '1', 'greedy', 'new', 'gym') FROM gym_member g}, q{cp_decide(g, '1', 'random', 'k 1', 'gym') FROM gym_member g},
	q{cp_feedback('1', 'none', 1)}, q{cp_train_policy('greedy')}, q{cp_simulator_create('other', 'telco', 'customer')}, q{cp_simulator_drop('world')},
	q{cp_forget('1')}, q{cp_log_partitions(9)},
	q{cp_ab_create('new', '{control,b}')}, q{cp_ab_start('draft')}, q{cp_ab_stop('test')}, q{cp_ab_archive('draft')}, q{cp_ab_allocate('test', '{0.5,0.3,0.2}')},
	q{cp_ab_expose('layered', 'u')}, q{cp_ab_record('layered', 'u', 1)}, q{cp_ab_record('test', '1', 1, attributes => '{"plan": "free"}')},
	q{cp_drift_check('gym', 'gym_member')}, q{cp_drift_check('gym', 'SELECT g.* FROM gym_member g, pg_sleep(5)')}, q{cp_drift_json('gym', 'SELECT g.* FROM gym_member g, pg_sleep(5)')}, q{cp_performance_check('gym')}, q{cp_alert_acknowledge(1)}, q{cp_retrain_review('gym', true)},
	q{cp_allocate('gym_member', options => '{"model": "gym", "customer_id": "member_id", "keep": true}')},
	q{cp_allocate('SELECT g.* FROM gym_member g, pg_sleep(5)', 'knapsack', options => '{"model": "gym", "customer_id": "member_id"}', record => true)})
{
	my $start = time;
	is(sqlstate_of($standby, "SELECT $call"), '25006', "$call is refused on the standby");
	cmp_ok(time - $start, '<', 4, 'at once') if $call =~ /pg_sleep/;
}
is(sqlstate_of($primary, "SET default_transaction_read_only = on; SELECT cp_train('telco', 'customer', 'churn')"), '25006',
	'a read-only transaction on the primary is refused as well');

# Warm sessions on the standby.
my $which = q{SELECT bool_and(cp_predict(g, 'gym') = cp_predict(g, 'gym', 1)), bool_and(cp_predict(g, 'gym') = cp_predict(g, 'gym', 2)) FROM gym_member g};
my $warm = session($standby);
my $old = session($standby);
is($warm->query_safe($which), 't|f', 'version 1 scores in a warm session');
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($old->query_safe($which), 't|f', 'and in a transaction with one snapshot');

my $deploying = session($primary);
$deploying->query_safe(q{BEGIN; SELECT cp_deploy('gym', 2)});
$primary->safe_psql('postgres', 'CREATE TABLE replayed()');
$primary->wait_for_catchup($standby);
is($warm->query_safe($which), 't|f', 'a deployment that is not committed is not seen');
$deploying->query_safe('COMMIT');
$primary->wait_for_catchup($standby);
is($warm->query_safe($which), 'f|t', 'a committed one is, after replay');
is($old->query_safe($which), 't|f', 'but not in the older snapshot');
$old->query_safe('COMMIT');
is($old->query_safe($which), 'f|t', 'and at once in the next transaction');

# Edits of the catalogue and a new policy reach a warm session after replay.
my $offered = q{SELECT string_agg(DISTINCT r.action_name, ' ') FROM gym_member g, cp_recommend(g, 'random', 'gym') r};
is($warm->query_safe($offered), 'contact discount_10 discount_20 none offer upgrade', 'the catalogue in force');
$primary->safe_psql('postgres', q{UPDATE churnprevent.action SET enabled = false WHERE name = 'offer'});
$primary->wait_for_catchup($standby);
is($warm->query_safe($offered), 'contact discount_10 discount_20 none upgrade', 'an edit of it, after replay');

$primary->safe_psql('postgres', q{SELECT cp_deploy('gym', 'rollback')});
$primary->wait_for_catchup($standby);
is($warm->query_safe($which), 't|f', 'a rollback of the deployment is seen');

is(sqlstate_of($standby, q{SELECT count(cp_predict(g, 'gym')) FROM gym_member g}, user => 'reader'), '42501',
	'a role without the model is refused on the standby');
$primary->safe_psql('postgres', q{SELECT cp_grant_model('gym', 'reader')});
$primary->wait_for_catchup($standby);
is(sqlstate_of($standby, q{SELECT count(cp_predict(g, 'gym')) FROM gym_member g}, user => 'reader'), '',
	'until the primary gives it');

$primary->safe_psql('postgres', q{SELECT cp_drop_model('gym')});
$primary->wait_for_catchup($standby);
like(complaint_of($warm, $which), qr/42704: model "gym" does not exist/, 'a dropped model is gone in a warm session');
$_->quit for $deploying, $old, $warm;

# Promoted, it goes on where the primary was.
my $last = $primary->safe_psql('postgres', 'SELECT max(model_id) FROM churnprevent.model');
$primary->stop;
$standby->promote;
is($standby->safe_psql('postgres', q{SELECT version, deployed FROM cp_train('telco', 'customer', 'churn')}), '2|t',
	'a promoted standby trains the next version');
is($standby->safe_psql('postgres', "SELECT max(model_id) > $last FROM churnprevent.model"), 't', 'under a new identifier');
is($standby->safe_psql('postgres', q{
		SELECT cp_train('gym', 'gym_member', 'left_club', '{"value_column": "monthly_fee"}') IS NOT NULL;
		SELECT count(*), count(*) FILTER (WHERE repeated) FROM gym_member g, cp_decide(g, member_id::text, 'random', 'k ' || member_id, 'gym');
		SELECT decision_id > 1200, repeated FROM gym_member g, cp_decide(g, 'new', 'random', 'new', 'gym') WHERE member_id = 1}), "t\n1200|1200\nt|f",
	'decides on, and knows what was decided');

$standby->stop;
done_testing();
