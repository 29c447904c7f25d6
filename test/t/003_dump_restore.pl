# pg_dump and restore in all its formats: the same scores, figures, rights and history, and all goes on from there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_cluster('main');
my $files = PostgreSQL::Test::Utils::tempdir();

$node->safe_psql('postgres', q{
	CREATE ROLE "Owner Of Models" LOGIN;
	CREATE ROLE reader LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE DATABASE shop;
	CREATE DATABASE tidy;
});

# Everything there is to restore. The functions' schema is in the search path.
sub fill
{
	my ($database) = @_;

	load_data($node, $database);
	# The last number and identifier given is of a version that is dropped.
	$node->safe_psql($database, q{
		ALTER TABLE gym_member OWNER TO "Owner Of Models";
		ALTER TABLE customer OWNER TO "Owner Of Models";
		SELECT cp_grant('Owner Of Models', 'operator');
		SELECT cp_grant('reader', 'reader');
		SELECT cp_grant('stranger', 'reader');
		GRANT SELECT ON gym_member, customer TO reader, stranger;
		SET SESSION AUTHORIZATION "Owner Of Models";
		SELECT cp_train('gym', 'gym_member', 'left_club', '{"value_column": "monthly_fee", "seed": 1}');
		SELECT cp_train('gym', 'gym_member', 'left_club', '{"exclude": "home_club", "value_column": "monthly_fee", "seed": 2}');
		SELECT cp_train('gym', 'gym_member', 'left_club', '{"exclude": "age", "value_column": "monthly_fee", "seed": 3}');
		SELECT cp_train('Telco''s; "own" \model', 'SELECT * FROM customer WHERE contract <> ''x''', 'churn', '{"value_column": "monthly_charges", "tenure_column": "tenure"}');
		SELECT cp_train('gym', 'gym_member', 'left_club', '{"exclude": "visits_per_month", "seed": 4, "deploy": false}');
		SELECT cp_deploy('gym', 1);
		SELECT cp_deploy('gym', 'rollback');
		SELECT cp_drop_model('gym', 4);
		SELECT cp_grant_model('gym', 'reader');
		SELECT cp_grant_model('Telco''s; "own" \model', 'public');
		RESET SESSION AUTHORIZATION;
		-- Only a function that is STABLE keeps a view's dump in order.
		CREATE VIEW at_risk AS SELECT member_id, cp_predict(g, 'gym') AS risk FROM gym_member g;
		CREATE MATERIALIZED VIEW stored_risk AS SELECT * FROM at_risk;
		GRANT SELECT ON at_risk TO reader;
	});
	fill_decisions($database);
	return;
}

# The catalogue edited in every way there is, a log in the default partition and in one made at run time, and all that hangs on it.
sub fill_decisions
{
	my ($database) = @_;

	$node->safe_psql($database, q{
		UPDATE churnprevent.action SET cost_fixed = cost_fixed + 1 WHERE name IN ('offer', 'contact', 'upgrade');
		UPDATE churnprevent.action SET name = 'present', cooldown = '1 month 2 days 03:04:05', effect_prior_mean = 0.45678901 WHERE name = 'offer';
		INSERT INTO churnprevent.action (action_id, name, kind, cost_fixed, eligible) VALUES (100, 'offer', 'offer', 3, 'plan = ''basic'' AND "auto_renew"');
		UPDATE churnprevent.action SET name = 'swap' WHERE name = 'discount_10';
		UPDATE churnprevent.action SET name = 'discount_10' WHERE name = 'discount_20';
		UPDATE churnprevent.action SET name = 'discount_20' WHERE name = 'swap';
		UPDATE churnprevent.action SET enabled = false WHERE name = 'contact';
		UPDATE churnprevent.holdout SET share = 0.1;
		SET SESSION AUTHORIZATION "Owner Of Models";
		SELECT count(*) FROM gym_member g, cp_decide(g, member_id::text, 'random', 'first ' || member_id, 'gym') WHERE member_id <= 400;
		SELECT count(cp_feedback(member_id::text, a.name, (member_id % 5 > 0)::int, 1.5)) FROM gym_member JOIN churnprevent.decision ON customer_id = member_id::text JOIN churnprevent.action a USING (action_id) WHERE member_id <= 300;
		SELECT count(cp_feedback('nobody', 'none', 1)) FROM generate_series(1, 3);
		RESET SESSION AUTHORIZATION;
		UPDATE churnprevent.decision SET decided_at = decided_at - '70 days'::interval WHERE customer_id::int <= 100;
		UPDATE churnprevent.decision_key k SET decided_at = d.decided_at FROM churnprevent.decision d WHERE d.decision_id = k.decision_id;
		UPDATE churnprevent.feedback SET observed_at = observed_at - '35 days'::interval WHERE customer_id < '2';
		SELECT count(*) FROM cp_log_partitions();
		SET SESSION AUTHORIZATION "Owner Of Models";
		SELECT count(*) FROM gym_member g, cp_decide(g, member_id::text, 'greedy', 'second ' || member_id, 'gym') WHERE member_id BETWEEN 201 AND 500;
		SELECT count(cp_feedback(member_id::text, 'none', 1, NULL, 60)) FROM gym_member WHERE member_id BETWEEN 301 AND 310;
		RESET SESSION AUTHORIZATION;
		UPDATE churnprevent.action SET eligible = NULL WHERE name = 'offer';
		SET SESSION AUTHORIZATION "Owner Of Models";
		SELECT cp_simulator_create('world', 'Telco''s; "own" \model', 'SELECT * FROM customer', '{"customers": 300}');
		RESET SESSION AUTHORIZATION;
		UPDATE churnprevent.action SET eligible = 'plan = ''basic'' AND "auto_renew"' WHERE name = 'offer';
		SELECT count(*) FROM cp_train_policy('greedy');
		SELECT count(*) FROM cp_train_policy('greedy', '{"simulator": "world"}');
		SELECT count(*) FROM cp_allocate('SELECT member_id AS customer_id, ''letter'' AS action, monthly_fee AS value, 1.25 AS cost FROM gym_member', 'lp', 100, '{}', '{"letter": 3}', '{"keep": true}');
		SELECT cp_ab_create('Anna''s "test"', '{control,b}', '{0.3,0.7}', 14, '{"guardrails": {"calls": "higher"}, "cap": 3, "metric": "mean", "layer": "page", "share": 0.5, "holdout": 0.1}');
		SELECT cp_ab_create('plain', '{a,b,c}'), cp_ab_create('draft', '{a,b}', options => '{"draft": true, "layer": "page", "share": 0.5}');
		SELECT count(cp_ab_expose('Anna''s "test"', g::text, g % 5)) FROM generate_series(1, 800) g;
		SELECT count(cp_ab_record('Anna''s "test"', unit, unit::int % 7, metrics => '{"calls": 1.5}')) FROM churnprevent.experiment_unit WHERE unit::int < 700;
		SELECT cp_ab_allocate('Anna''s "test"', '{0.5,0.5}');
		SELECT count(cp_ab_record('plain', g::text, g % 2)) FROM generate_series(1, 300) g;
		SELECT cp_ab_stop('plain');
		SET SESSION AUTHORIZATION "Owner Of Models";
		SELECT count(*) FROM cp_drift_check('gym', 'SELECT * FROM gym_member WHERE visits_per_month > 6', options => '{"combinations": false}');
		SELECT cp_alert_acknowledge(alert_id, 'a "campaign"; it''s on') FROM churnprevent.alert;
		SELECT cp_drift_json('Telco''s; "own" \model', 'SELECT * FROM customer WHERE tenure > 30', options => '{"segment_by": "contract"}');
		INSERT INTO churnprevent.retrain_rule (model, drift_level, performance_drop, max_age, new_rows) VALUES ('gym', NULL, 0.07, '1 mon 2 days 03:04:05', 100), ('Telco''s; "own" \model', 'warning', NULL, NULL, NULL);
		RESET SESSION AUTHORIZATION;
		INSERT INTO churnprevent.retrain_review (model, version, reviewed_at, reviewed_by, fired, candidate, deployed, rows, log_loss, candidate_log_loss, lower, upper, reason)
			VALUES ('gym', 3, '2026-01-02 03:04:05.678+00', '"Owner Of Models"', '{age,new_rows}', 4, false, 240, 0.1 / 3, NULL, -1e-17, 'Infinity', 'None, "really".');
		SELECT cp_forget('7');
	});
	return;
}

sub state_of
{
	my ($database) = @_;

	return join "\n",
	  (map { scores($node, 'gym_member', 'gym', $_, $database) } '', ', 1', ', 2', ', 3'),
	  $node->safe_psql($database, q{
		SELECT md5(string_agg(cp_predict(c, 'Telco''s; "own" \model')::text, ' ' ORDER BY customer_id)) FROM customer c;
		SELECT * FROM cp_evaluate('gym');
		SELECT * FROM cp_lift('Telco''s; "own" \model');
		SELECT md5(string_agg(risk::text, ' ' ORDER BY member_id)) FROM at_risk;
		SELECT md5(string_agg(risk::text, ' ' ORDER BY member_id)) FROM stored_risk;
		SELECT name, version, deployed, owner, source FROM churnprevent.model_summary ORDER BY name, version;
		SELECT last_value, is_called FROM churnprevent.model_model_id_seq;
		SELECT last_value, is_called FROM churnprevent.deployment_deployment_id_seq;
	  }),
	  decisions_of($database),
	  table_digests($node, $database);
}

# What decides, what was decided, and the worlds.
sub decisions_of
{
	my ($database) = @_;

	return $node->safe_psql($database, q{
		SELECT * FROM churnprevent.action ORDER BY action_id;
		SELECT version, action_ids, md5(definitions::text) FROM churnprevent.catalogue ORDER BY version;
		SELECT name, version, method, shipped, parameters, evidence FROM churnprevent.policy ORDER BY name, version;
		SELECT md5(string_agg(r::text, ' ' ORDER BY member_id)) FROM gym_member g, cp_recommend(g, 'greedy', 'gym') r;
		SELECT md5(string_agg(r::text, ' ' ORDER BY member_id)) FROM gym_member g, cp_recommend(g, 'greedy_world', 'gym') r;
		SELECT md5(string_agg(s::text, ' ' ORDER BY s.customer_id, month)) FROM cp_simulate('world', 'greedy', 200, 12, 1, true) s;
		SELECT count(*), md5(string_agg(member_id::text, ' ' ORDER BY member_id)) FROM gym_member WHERE cp_control_group(member_id::text);
		SELECT share, salt FROM churnprevent.holdout;
		SELECT * FROM cp_simulator_check(0.5);
		SELECT md5(string_agg(v, ' ' ORDER BY g)), count(*) FROM generate_series(1, 2000) g, cp_ab_assign('Anna''s "test"', g::text) v WHERE v IS NOT NULL;
		SELECT experiment, status, metric, variant, n, mean, p_value, p_always_valid, sequence_upper, srm_p_always_valid, verdict FROM churnprevent.experiment_result;
		TABLE churnprevent.experiment_timeline;
		SELECT (SELECT last_value FROM churnprevent.experiment_record_no), (SELECT last_value FROM churnprevent.experiment_experiment_id_seq);
		SELECT tableoid::regclass, count(*), md5(string_agg(d::text, ' ' ORDER BY decision_id)) FROM churnprevent.decision d GROUP BY 1 ORDER BY 1::text;
		SELECT tableoid::regclass, count(*), md5(string_agg(f::text, ' ' ORDER BY feedback_id)) FROM churnprevent.feedback f GROUP BY 1 ORDER BY 1::text;
		SELECT inhparent::regclass, inhrelid::regclass, pg_get_expr(relpartbound, c.oid), (SELECT string_agg(pg_get_indexdef(indexrelid), ' ' ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid = c.oid)
		FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent::regclass::text ~ 'churnprevent' ORDER BY inhrelid::regclass::text;
		SELECT (SELECT last_value FROM churnprevent.decision_decision_id_seq), (SELECT last_value FROM churnprevent.feedback_feedback_id_seq);
		SELECT a.last_value, d.last_value, r.last_value FROM churnprevent.alert_alert_id_seq a, churnprevent.drift_report_report_id_seq d, churnprevent.retrain_review_review_id_seq r;
		SELECT segment, feature, level, psi, ks, wasserstein, p_value, missing, unseen, importance, auc FROM cp_drift_check('gym', 'SELECT * FROM gym_member WHERE age > 30', options => '{"record": false}') ORDER BY 1, 2;
		SELECT basis, figure, rows, value, lower, upper FROM cp_performance('gym') WHERE basis = 'training';
		TABLE churnprevent.drift_status;
		TABLE churnprevent.alert_open;
		SELECT step, fired, threshold FROM cp_retrain_review('gym');
	});
}

sub runs
{
	my ($name, @command) = @_;

	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	$command[0] = $node->installed_command($command[0]);
	my $ok = run_log(\@command, '>', "$files/out", '2>', "$files/err");
	ok($ok, $name) or diag(slurp_file("$files/err"));
	return $ok;
}

# Only the commands' own errors count here: the roles are there, as they are after pg_dumpall's globals.
sub check_restored
{
	my ($name, $database, $expected) = @_;
	my $score = q{SELECT count(cp_predict(g, 'gym')) FROM gym_member g};

	is(state_of($database), $expected, "$name: scores, figures, history and tables are the same");
	is(sqlstate_of($node, $score, database => $database, user => 'reader'), '', "$name: the grant of a model is kept");
	is(sqlstate_of($node, $score, database => $database, user => 'stranger'), '42501', "$name: others still need one");
	is(sqlstate_of($node, q{SELECT count(cp_predict(c, 'Telco''s; "own" \model')) FROM customer c},
			database => $database, user => 'stranger'), '', "$name: what everybody may use everybody may use");
	is(sqlstate_of($node, q{SELECT cp_deploy('gym', 1)}, database => $database, user => 'reader'), '42501',
		"$name: a reader may not deploy");
	is(sqlstate_of($node, q{SELECT bytes FROM churnprevent.model}, database => $database, user => 'reader'), '42501',
		"$name: nor read model bytes");

	check_deciding($name, $database);
	check_drift($name, $database);

	# All goes on, as the owner. Deployed so far: 1, 2, 3, 1, and back to 3.
	my $max = 'SELECT (SELECT max(model_id) FROM churnprevent.model), (SELECT max(deployment_id) FROM churnprevent.deployment)';
	my ($model_id, $deployment_id) = split /\|/, $node->safe_psql($database, $max);
	is($node->safe_psql($database, q{
			SET SESSION AUTHORIZATION "Owner Of Models";
			SELECT cp_deploy('gym', 'rollback');
			SELECT cp_deploy('gym', 'rollback');
			SELECT version FROM cp_train('gym', 'gym_member', 'left_club');
			SELECT cp_deploy('gym', 'rollback')}), "2\n1\n5\n1",
		"$name: rollback goes on, and version numbers do, the dropped one not reused");
	my ($next_model_id, $next_deployment_id) = split /\|/, $node->safe_psql($database, $max);
	cmp_ok($next_model_id, '>', $model_id + 1, "$name: identifiers of models go on behind the dropped one");
	cmp_ok($next_deployment_id, '>', $deployment_id, "$name: and those of deployments");
	is(sqlstate_of($node, q{SELECT cp_drop_model('gym')}, database => $database, user => 'Owner Of Models'), '',
		"$name: the owner may drop the model");
	return;
}

# Deciding goes on where it was.
sub check_deciding
{
	my ($name, $database) = @_;
	my ($decision_id, $feedback_id, $version) = split /\|/, $node->safe_psql($database, q{
		SELECT (SELECT max(decision_id) FROM churnprevent.decision), (SELECT max(feedback_id) FROM churnprevent.feedback), (SELECT max(version) FROM churnprevent.catalogue)});

	is($node->safe_psql($database, q{
			SET SESSION AUTHORIZATION "Owner Of Models";
			SELECT count(*), count(*) FILTER (WHERE repeated) FROM gym_member g, cp_decide(g, member_id::text, 'random', 'first ' || member_id, 'gym') WHERE member_id <= 400 AND member_id <> 7;
			SELECT count(*), count(*) FILTER (WHERE repeated) FROM gym_member g, cp_decide(g, member_id::text, 'greedy', 'second ' || member_id, 'gym') WHERE member_id BETWEEN 201 AND 500}),
		"399|399\n300|300", "$name: the same keys give the earlier decisions");
	is(sqlstate_of($node, q{SELECT cp_decide(g, '9', 'random', 'first 8', 'gym') FROM gym_member g WHERE member_id = 9}, database => $database), '23505',
		"$name: and no other customer's");
	is(sqlstate_of($node, q{SELECT cp_feedback('12', 'none', 1, decision_id => (SELECT decision_id FROM churnprevent.decision WHERE customer_id = '12'))}, database => $database), '23505',
		"$name: what has been told is not told twice");
	is($node->safe_psql($database, q{
			SELECT count(*) > 50 AND bool_and(reason = 'cool-down' OR arm = 'control') FROM churnprevent.contact_state s JOIN gym_member g ON member_id::text = s.customer_id, cp_decide(g, s.customer_id, 'random', 'third ' || member_id, 'gym')
			WHERE cooldown_until > now()}), 't', "$name: cool-downs are kept");
	is($node->safe_psql($database, qq{
			SELECT decision_id > $decision_id, repeated FROM gym_member g, cp_decide(g, 'new', 'random', 'new', 'gym') WHERE member_id = 1;
			SELECT feedback_id > $feedback_id, matched_decision > $decision_id FROM cp_feedback('new', 'none', 1);
			SELECT tableoid::regclass::text ~ 'decision_[0-9]{4}_[0-9]{2}\$' FROM churnprevent.decision WHERE customer_id = 'new'}),
		"t|f\nt|t\nt", "$name: numbers go on, in the partition of the month");
	is($node->safe_psql($database, q{SELECT count(*) FROM cp_log_partitions(); SELECT count(*) FROM cp_log_partitions(4)}), "0\n2", "$name: partitions are made behind those there are");
	is($node->safe_psql($database, qq{
			UPDATE churnprevent.action SET cost_fixed = 77 WHERE action_id = 100;
			SELECT max(version) - $version FROM churnprevent.catalogue;
			SELECT version, pristine FROM churnprevent.action WHERE action_id = 100;
			SELECT DISTINCT version FROM cp_train_policy('greedy');
			SELECT DISTINCT version FROM cp_train_policy('greedy', '{"simulator": "world"}')}),
		"1\n4|f\n3\n2", "$name: so do versions of the catalogue and of policies");
	is(sqlstate_of($node, q{DELETE FROM churnprevent.action WHERE action_id = 100}, database => $database), '55006', "$name: actions stay");
	is(sqlstate_of($node, q{DELETE FROM churnprevent.decision}, database => $database, user => 'Owner Of Models'), '42501', "$name: and so does the log");
	is($node->safe_psql($database, q{SELECT count(*) FROM churnprevent.decision WHERE customer_id = '7'; SELECT count(*) FROM churnprevent.forgotten}), "0\n5",
		"$name: who was forgotten is");
	return;
}

# An alert that lasts goes on lasting, and numbers go on.
sub check_drift
{
	my ($name, $database) = @_;
	my ($report_id, $times) = split /\|/, $node->safe_psql($database, q{SELECT max(report_id), (SELECT times FROM churnprevent.alert WHERE model = 'gym') FROM churnprevent.drift_report});

	is($node->safe_psql($database, qq{
			SET SESSION AUTHORIZATION "Owner Of Models";
			SELECT cp_drift_json('gym', 'SELECT * FROM gym_member WHERE visits_per_month > 6') ->> 'drift_detected';
			SELECT max(report_id) > $report_id FROM churnprevent.drift_report;
			SELECT count(*), sum(times) - $times FROM churnprevent.alert WHERE model = 'gym';
			SELECT cp_drift_json('gym', 'SELECT * FROM gym_member') ->> 'drift_detected';
			SELECT resolved_at > raised_at FROM churnprevent.alert WHERE model = 'gym';
			SELECT cp_drift_json('gym', 'SELECT * FROM gym_member WHERE visits_per_month > 6') ->> 'drift_detected';
			SELECT count(DISTINCT alert_id), count(*) FILTER (WHERE resolved_at IS NULL) FROM churnprevent.alert WHERE model = 'gym'}),
		"true\nt\n1|1\nfalse\nt\ntrue\n2|1", "$name: reports and alerts go on");
	is($node->safe_psql($database, q{INSERT INTO churnprevent.retrain_review (model, version, reviewed_at, reviewed_by, fired, candidate, deployed, reason) SELECT model, version, now(), reviewed_by, fired, candidate, deployed, reason FROM churnprevent.retrain_review RETURNING review_id}),
		"2", "$name: so do reviews");
	return;
}

# With the extension in schema public, and in one of its own.
for my $schema ('public', 'Churn Tools')
{
	my $source = $schema eq 'public' ? 'shop' : 'tidy';

	$node->safe_psql($source, qq{
		CREATE SCHEMA IF NOT EXISTS "$schema";
		CREATE EXTENSION churnprevent SCHEMA "$schema";
		GRANT USAGE ON SCHEMA "$schema" TO PUBLIC;
	});
	my $path = qq{"public", "$schema"};
	# For every session of the cluster, so that restored databases have it too.
	$node->safe_psql('postgres', qq{ALTER ROLE ALL SET search_path = $path}) if $schema ne 'public';
	fill($source);
	my $expected = state_of($source);

	my %ways = (
		'plain text' => sub {
			my ($database) = @_;
			runs('dump to plain text', 'pg_dump', '-f', "$files/plain.sql", $source);
			runs('restore with ON_ERROR_STOP', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$files/plain.sql", $database);
		},
		'custom format' => sub {
			my ($database) = @_;
			runs('dump to the custom format', 'pg_dump', '-Fc', '-f', "$files/custom.dump", $source);
			runs('restore with exit-on-error', 'pg_restore', '--exit-on-error', '-d', $database, "$files/custom.dump");
		},
		'directory, parallel' => sub {
			my ($database) = @_;
			runs('dump by two jobs', 'pg_dump', '-Fd', '-j2', '-f', "$files/$schema.dir", $source);
			runs('restore by two jobs', 'pg_restore', '--exit-on-error', '-j2', '-d', $database, "$files/$schema.dir");
		},
		'inserts' => sub {
			my ($database) = @_;
			runs('dump as INSERTs', 'pg_dump', '--column-inserts', '-f', "$files/inserts.sql", $source);
			runs('restore in one transaction', 'psql', '-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-f', "$files/inserts.sql", $database);
		},
	);
	my @ways = $schema eq 'public' ? sort keys %ways : ('custom format');

	for my $way (@ways)
	{
		(my $database = lc "restored $schema $way") =~ tr/a-z/_/c;
		$node->safe_psql('postgres', "CREATE DATABASE $database");
		$ways{$way}->($database) or next;
		check_restored("$way, schema $schema", $database, $expected);
	}
}

# A restore row by row makes versions of its own on its way, more than there were; those that there were are left.
$node->safe_psql('postgres', 'CREATE DATABASE edited_at_once; CREATE DATABASE restored_by_row');
$node->safe_psql('edited_at_once', q{
	CREATE EXTENSION churnprevent;
	UPDATE churnprevent.action SET cooldown = '7 days' WHERE action_id > 0;
	INSERT INTO churnprevent.action (action_id, name, kind) SELECT n, 'own ' || n, 'contact' FROM generate_series(100, 125) n;
});
my $versions = q{SELECT version, action_ids, md5(definitions::text), created_at FROM churnprevent.catalogue WHERE version > 1 ORDER BY 1;
	SELECT * FROM churnprevent.action ORDER BY 1};
runs('dump of rows as INSERTs', 'pg_dump', '--inserts', '-f', "$files/rows.sql", 'edited_at_once');
runs('restore row by row', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$files/rows.sql", 'restored_by_row');
is($node->safe_psql('restored_by_row', $versions), $node->safe_psql('edited_at_once', $versions), 'two versions again, not thirty');
is($node->safe_psql('restored_by_row', q{UPDATE churnprevent.action SET cost_fixed = 1 WHERE name = 'offer'; SELECT max(version) FROM churnprevent.catalogue}), '4',
	'and then the next');

# The installed objects of an extension are dumped by its name; its rows by the tables it registers. One that is not
# registered would come back empty, and the digests above are of empty tables only if nothing fills them here.
unlike(table_digests($node, 'shop'), qr/ 0\|/, 'every table of ours held rows');

$node->stop;
done_testing();
