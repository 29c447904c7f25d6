# Roles that are no superusers: an operator with models of his own, a reader, a stranger.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_cluster('main');
load_data($node);
$node->safe_psql('postgres', q{
	CREATE ROLE anna LOGIN;
	CREATE ROLE "Bob's" LOGIN;
	CREATE ROLE team;
	CREATE ROLE member LOGIN IN ROLE team;
	CREATE ROLE reader LOGIN;
	CREATE ROLE nobody LOGIN;
	SELECT cp_grant('anna', 'operator');
	SELECT cp_grant('Bob''s', 'operator');
	SELECT cp_grant('team', 'operator');
	SELECT cp_grant('reader', 'reader');
	CREATE SCHEMA private AUTHORIZATION anna;
	CREATE TABLE private.gym_member AS TABLE gym_member;
	ALTER TABLE private.gym_member OWNER TO anna;
	GRANT SELECT ON gym_member TO PUBLIC;
	GRANT CREATE ON SCHEMA public TO anna, team;
});

sub as
{
	my ($user, $sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql", extra_params => [ '-U', $user ]);

	$err =~ s/NOTICE: .*\n//g;
	return $err =~ /ERROR:  (\w{5})/ ? $1 : $out;
}

my $score = q{SELECT count(cp_predict(g, 'own')) FROM gym_member g};

# The whole life of a model, all by an operator.
is(as('anna', q{SELECT version, rows, deployed FROM cp_train('own', 'private.gym_member', 'left_club', '{"value_column": "monthly_fee", "tenure_column": "visits_per_month"}')}), '1|1200|t', 'an operator trains');
is(as('anna', q{SELECT version FROM cp_train('own', 'SELECT * FROM private.gym_member WHERE age > 20', 'left_club')}), '2', 'and again, on a query');
is(as('anna', $score), '1200', 'scores');
is(as('anna', q{SELECT count(*) FROM gym_member g, cp_score(g, 'own') s WHERE s.risk_segment IS NOT NULL}), '1200', 'with segments');
is(as('anna', q{SELECT cp_deploy('own', 'rollback'), cp_deploy('own', 'latest'), cp_deploy('own', 1)}), '1|2|1', 'deploys');
is(as('anna', q{SELECT rows FROM cp_evaluate('own', 'private.gym_member')}), '1200', 'evaluates');
is(as('anna', q{SELECT cp_drop_model('own', 2)}), '1', 'drops a version');
is(as('anna', q{SELECT name, version, deployed, owner FROM churnprevent.model_summary}), 'own|1|t|anna', 'and sees what there is');

# And the whole life of a decision.
is(as('anna', q{SELECT count(*) FROM gym_member g, cp_decide(g, member_id::text, 'random', 'anna ' || member_id, 'own')}), '1200', 'an operator decides');
is(as('anna', q{SELECT count(cp_feedback(member_id::text, 'none', 1)) FROM gym_member}), '1200', 'tells what became of it');
is(as('anna', q{SELECT count(*) FROM cp_train_policy('greedy')}), '6', 'learns from it');
is(as('anna', q{SELECT customers FROM cp_simulator_create('world', 'own', 'private.gym_member')}), '1200', 'makes a world');
is(as('anna', q{SELECT count(*) > 0 FROM cp_simulate('world'); SELECT exact FROM cp_simulate_value('world', 'greedy', 2, 3)}), "t\nt", 'and looks into it');
is(as('anna', q{UPDATE churnprevent.action SET cost_fixed = 9 WHERE name = 'contact'; SELECT version, created_by FROM churnprevent.catalogue ORDER BY 1 DESC LIMIT 1}), '2|anna', 'edits the catalogue');
is(as('anna', q{SELECT count(*) > 0 FROM cp_allocate('private.gym_member', 'knapsack', 500, options => '{"model": "own", "customer_id": "member_id", "keep": true, "key": "anna"}', record => true)}), 't', 'allocates, keeps the plan and records it');
is(as('anna', q{SELECT made_by, method, (SELECT count(*) > 0 FROM churnprevent.allocation a WHERE a.run_id = r.run_id) FROM churnprevent.allocation_run r; SELECT count(*) > 0 FROM cp_allocation_report(1)}), "anna|knapsack|t\nt", 'and reads it');
for my $call (q{SELECT * FROM cp_allocate('private.gym_member', options => '{"model": "own", "customer_id": "member_id"}')}, q{SELECT * FROM cp_allocate('gym_member', options => '{"model": "own", "customer_id": "member_id"}')},
	q{SELECT * FROM cp_budget_curve('SELECT * FROM private.gym_member', options => '{"model": "own", "customer_id": "member_id"}')}, q{DELETE FROM churnprevent.allocation_run}, q{INSERT INTO churnprevent.allocation_limit DEFAULT VALUES},
	q{UPDATE churnprevent.allocation SET share = 1})
{
	is(as(q{Bob's}, $call), '42501', "another operator may not: $call");
}
for my $call (q{SELECT * FROM cp_allocate('gym_member', options => '{"model": "own"}')}, q{SELECT * FROM cp_budget_curve('gym_member')}, q{SELECT * FROM cp_allocation_report(1)}, q{SELECT cp_allocation_prices(1)}, q{TABLE churnprevent.allocation})
{
	is(as('reader', $call), '42501', "a reader may not: $call");
}

# And of an experiment, which is nobody's own.
is(as('anna', q{SELECT cp_ab_create('test', '{control,b}', options => '{"layer": "l", "draft": true}'); SELECT cp_ab_start('test') IS NOT NULL; SELECT created_by FROM churnprevent.experiment}), "1\nt\nanna", 'an operator makes and starts an experiment');
is(as('anna', q{SELECT cp_ab_expose('test', 'u') = cp_ab_assign('test', 'u'); SELECT count(*) FILTER (WHERE r) FROM generate_series(1, 200) g, cp_ab_record('test', g::text, g % 2) r; SELECT cp_ab_allocate('test', '{0.9,0.1}')}), "t\n200\n2", 'exposes and records units, and reallocates');
is(as($_, q{SELECT sum(n) FROM cp_ab_significance('test'); SELECT sum(n) FROM churnprevent.experiment_result; SELECT count(*) FROM churnprevent.experiment_timeline; SELECT cp_ab_assign('test', '1') IS NOT NULL; SELECT count(*) FROM cp_ab_timeline('test'); SELECT count(*) FROM churnprevent.saved_revenue; SELECT name FROM churnprevent.experiment}),
	"200\n200\n2\nt\n2\n1\ntest", "$_ sees what it says") for 'anna', 'reader';
is(as(q{Bob's}, q{SELECT count(*) FROM churnprevent.experiment_unit; SELECT cp_ab_stop('test') IS NOT NULL; SELECT cp_ab_archive('test')}), "201\nt\n", 'another operator sees its units, ends it and puts it away');
for my $call (q{SELECT cp_ab_create('his', '{control,b}')}, q{SELECT cp_ab_start('test')}, q{SELECT cp_ab_stop('test')}, q{SELECT cp_ab_archive('test')}, q{SELECT cp_ab_allocate('test', '{0.5,0.5}')}, q{SELECT cp_ab_expose('test', 'u')},
	q{SELECT cp_ab_record('test', 'u', 1)}, q{TABLE churnprevent.experiment_unit}, q{TABLE churnprevent.experiment_layer}, q{UPDATE churnprevent.experiment SET status = 'stopped'})
{
	is(as('reader', $call), '42501', "a reader may not: $call");
}
for my $call (q{SELECT cp_ab_assign('test', 'u')}, q{SELECT cp_ab_significance('test')}, q{SELECT cp_ab_timeline('test')}, q{SELECT cp_saved_revenue()}, q{TABLE churnprevent.experiment_result}, q{TABLE churnprevent.saved_revenue})
{
	is(as('nobody', $call), '42501', "a stranger may not: $call");
}
is(as('nobody', q{SELECT cardinality(cp_ab_significance((g % 2)::text, g % 3 = 0)) FROM generate_series(1, 9) g; SELECT round(cp_ab_power(0.1, 0.05, 1000)::numeric, 1)}), "2\n0.9", 'but compare what is his');
for my $call (q{UPDATE churnprevent.experiment SET status = 'running'}, q{DELETE FROM churnprevent.experiment_unit}, q{INSERT INTO churnprevent.experiment_layer VALUES ('his')}, q{UPDATE churnprevent.experiment_phase SET phase = 9}, q{SELECT nextval('churnprevent.experiment_record_no')})
{
	is(as('anna', $call), '42501', "an operator may not: $call");
}
# And of drift: of his own model on his own source, with his own rights.
my $old = q{'SELECT * FROM private.gym_member WHERE age > 45'};
is(as('anna', q{SELECT count(*) > 9 FROM cp_drift_check('own'); SELECT DISTINCT checked_by, level FROM churnprevent.drift_report}), "t\nanna|ok", 'an operator checks for drift');
is(as('anna', qq{SELECT cp_drift_json('own', $old) ->> 'alert_level'; SELECT count(*) FROM churnprevent.alert_open; SELECT cp_alert_acknowledge(alert_id) FROM churnprevent.alert_open; SELECT acknowledged_by FROM churnprevent.alert}), "critical\n1\n\nanna", 'raises and acknowledges an alert');
is(as('anna', q{SELECT count(*) FROM cp_performance('own'); SELECT cp_performance_check('own') IS NOT NULL; SELECT count(*) FROM churnprevent.model_performance WHERE model = 'own'}), "19\nt\n19", 'measures what the model is worth');
is(as('anna', q{INSERT INTO churnprevent.retrain_rule (model, drift_level, performance_drop) VALUES ('own', 'warning', NULL); SELECT string_agg(step, ' ') FROM cp_retrain_review('own') WHERE fired; UPDATE churnprevent.retrain_rule SET drift_level = NULL; SELECT count(*) FROM cp_retrain_review('own', true) WHERE fired}), "drift\n0", 'and reviews it');
is(as($_, q{SELECT count(*) FROM churnprevent.drift_status; SELECT count(*) FROM churnprevent.alert_open; SELECT count(*) FROM churnprevent.model_performance}), "0\n0\n0", "$_ sees nothing of a model that is not his") for 'reader', q{Bob's};
is(as(q{Bob's}, q{SELECT count(*) > 1 FROM churnprevent.drift_report; SELECT count(*) FROM churnprevent.drift_feature WHERE level = 'x'; SELECT count(*) FROM churnprevent.alert; SELECT count(*) FROM churnprevent.retrain_review}), "t\n0\n1\n0", 'another operator sees the reports');
for my $call (q{SELECT cp_drift_check('own')}, q{SELECT cp_drift_check('own', 'gym_member')}, q{SELECT cp_drift_json('own', 'gym_member')}, q{SELECT cp_performance('own')}, q{SELECT cp_performance_check('own')}, q{SELECT cp_retrain_review('own')}, q{SELECT cp_retrain_review('own', true)},
	q{SELECT profile FROM churnprevent.model}, q{INSERT INTO churnprevent.alert DEFAULT VALUES}, q{UPDATE churnprevent.alert SET level = 'warning'}, q{DELETE FROM churnprevent.drift_report}, q{DELETE FROM churnprevent.drift_feature}, q{DELETE FROM churnprevent.retrain_review},
	q{SELECT nextval('churnprevent.alert_alert_id_seq')})
{
	is(as(q{Bob's}, $call), '42501', "another operator may not: $call");
}
is(as('anna', $_), '42501', "not even the owner: $_") for q{SELECT profile FROM churnprevent.model}, q{UPDATE churnprevent.alert SET resolved_at = now()}, q{DELETE FROM churnprevent.drift_report};
for my $call (q{SELECT cp_drift_check('own', 'gym_member')}, q{SELECT cp_drift_json('own', 'gym_member')}, q{SELECT cp_performance_check('own')}, q{SELECT cp_retrain_review('own')}, q{SELECT cp_alert_acknowledge(1)}, q{SELECT cp_performance('own')},
	q{TABLE churnprevent.alert}, q{TABLE churnprevent.drift_report}, q{TABLE churnprevent.drift_feature}, q{TABLE churnprevent.retrain_review}, q{TABLE churnprevent.retrain_rule})
{
	is(as('reader', $call), '42501', "a reader may not: $call");
}
for my $call (q{SELECT cp_drift_check('own', 'gym_member')}, q{SELECT cp_performance('own')}, q{TABLE churnprevent.drift_status}, q{TABLE churnprevent.alert_open}, q{TABLE churnprevent.model_performance})
{
	is(as('nobody', $call), '42501', "a stranger may not: $call");
}
# Once the model is given, on sources of one's own; never on the owner's.
is(as('anna', q{SELECT cp_grant_model('own', 'reader'), cp_grant_model('own', 'Bob''s')}), '|', 'the owner gives the model');
is(as($_, q{SELECT count(*) FROM cp_performance('own'); SELECT count(*) FROM churnprevent.model_performance}), "19\n19", "$_ sees what it is worth") for 'reader', q{Bob's};
is(as(q{Bob's}, q{SELECT count(*) > 9 FROM cp_drift_check('own', 'gym_member')}), 't', 'another operator checks customers whom he may read');
is(as(q{Bob's}, $_), '42501', "but may not: $_") for q{SELECT cp_drift_check('own')}, q{SELECT cp_drift_check('own', 'private.gym_member')}, q{SELECT cp_drift_check('own', 'gym_member', options => '{"reference": "private.gym_member"}')}, q{SELECT cp_drift_check('own', 'private.gym_member', options => '{"mode": "statistics"}')}, q{SELECT cp_retrain_review('own', true)};
is(as('anna', q{SELECT cp_revoke_model('own', 'reader'), cp_revoke_model('own', 'Bob''s')}), '|', 'and takes it back');
# Members of a role check and train what the role owns.
is(as('member', q{SET ROLE team; SELECT version FROM cp_train('drifting', 'gym_member', 'left_club', '{"members": "gbm", "gbm": {"rounds": 5}}')}), '1', 'a role trains');
is(as('postgres', q{UPDATE churnprevent.model SET created_at = '2020-01-01' WHERE name = 'drifting'}), '', 'long ago');
is(as('member', q{SELECT count(*) > 9 FROM cp_drift_check('drifting'); SELECT step FROM cp_retrain_review('drifting', true) WHERE step = 'training'; SELECT DISTINCT owner FROM churnprevent.model_summary WHERE name = 'drifting'; SELECT reviewed_by FROM churnprevent.retrain_review}), "t\ntraining\nteam\nmember", 'its member reviews');
is(as('member', q{SELECT cp_drop_model('drifting')}), '2', 'and drops');

for my $call (q{SELECT cp_simulate('world')}, q{SELECT cp_simulate_value('world')}, q{SELECT cp_simulator_drop('world')}, q{SELECT cp_train_policy('greedy', '{"simulator": "world"}')},
	q{SELECT cp_simulator_create('world', 'own', 'gym_member')}, q{SELECT cp_simulator_create('his', 'own', 'gym_member')}, q{SELECT cp_recommend(g, 'greedy', 'own') FROM gym_member g},
	q{SELECT cp_decide(g, '1', 'random', 'anna 1', 'own') FROM gym_member g}, q{SELECT cp_forget('1')}, q{SELECT cp_log_partitions()}, q{DELETE FROM churnprevent.decision},
	q{DELETE FROM churnprevent.contact_state}, q{UPDATE churnprevent.holdout SET share = 0}, q{SELECT salt FROM churnprevent.holdout}, q{SELECT customers FROM churnprevent.simulator},
	q{DELETE FROM churnprevent.action}, q{DELETE FROM churnprevent.catalogue}, q{SELECT nextval('churnprevent.decision_decision_id_seq')})
{
	is(as(q{Bob's}, $call), '42501', "another operator may not: $call");
}

# Of another's model nothing, until it is given.
for my $call ($score, q{SELECT cp_deploy('own', 1)}, q{SELECT cp_drop_model('own')}, q{SELECT cp_evaluate('own')},
	q{SELECT cp_lift('own')}, q{SELECT cp_grant_model('own', 'Bob''s')}, q{SELECT cp_revoke_model('own', 'reader')},
	q{SELECT cp_train('own', 'gym_member', 'left_club')}, q{SELECT cp_train('his', 'private.gym_member', 'left_club')})
{
	is(as(q{Bob's}, $call), '42501', "another operator may not: $call");
}
is(as('anna', q{SELECT cp_grant_model('own', 'Bob''s'), cp_grant_model('own', 'reader')}), '|', 'the owner gives it');
is(as($_, $score), '1200', "$_ scores") for q{Bob's}, 'reader';
is(as($_, q{SELECT count(cp_recommend(g, 'greedy', 'own')) FROM gym_member g}), '1200', "$_ gets advice") for q{Bob's}, 'reader';
is(as('reader', q{SELECT cp_decide(g, '1', 'random', 'anna 1', 'own') FROM gym_member g}), '42501', 'but a reader decides nothing');
is(as(q{Bob's}, $_), '42501', "but may not: $_")
  for q{SELECT cp_deploy('own', 1)}, q{SELECT cp_drop_model('own')}, q{SELECT cp_grant_model('own', 'nobody')};
is(as('reader', $_), '42501', "nor may a reader: $_")
  for q{SELECT cp_train('x', 'gym_member', 'left_club')}, q{SELECT cp_deploy('own', 1)}, q{SELECT bytes FROM churnprevent.model},
  q{SELECT holdout FROM churnprevent.model}, q{TABLE churnprevent.model_grant}, q{DELETE FROM churnprevent.model},
  q{SELECT cp_grant('reader', 'operator')};
is(as('anna', q{SELECT cp_revoke_model('own', 'reader')}), '', 'and takes it back');
is(as('reader', $score), '42501', 'after which a reader is refused');
is(as('nobody', $score), '42501', 'a stranger always was');

# Nobody writes our tables or reads bytes but through the functions.
is(as('anna', $_), '42501', "not even the owner: $_")
  for q{SELECT bytes FROM churnprevent.model}, q{DELETE FROM churnprevent.model}, q{UPDATE churnprevent.model_name SET last_version = 9},
  q{INSERT INTO churnprevent.model_grant VALUES ('own', 'anna', 'anna', now())}, q{SELECT nextval('churnprevent.model_model_id_seq')};

# The session is as it was after our statements, whether they succeed or not; so is what runs inside them.
is(as('anna', q{SET search_path = private, public; SELECT cp_train('own', 'gym_member', 'left_club', '{"deploy": false}') IS NOT NULL;
		SELECT cp_deploy('own', 'latest'); SELECT current_user, current_setting('search_path')}),
	"t\n3\nanna|private, public", 'user and search path are what they were');
is(as('anna', q{SELECT count(*) FROM (SELECT cp_deploy('own', 1), current_user AS u FROM generate_series(1, 3)) s WHERE u = 'anna'}), '3',
	'also between calls of one statement');
is(as('anna', q{DO $$ BEGIN PERFORM cp_deploy('own', 77); EXCEPTION WHEN undefined_object THEN
		IF current_user <> 'anna' OR current_setting('search_path') <> '"$user", public' THEN RAISE 'changed'; END IF; END $$}), '',
	'and after an error that is caught');

# What an operator's tables run is run by him: no function or operator of his comes into our statements.
is(as('anna', q{
	CREATE SCHEMA trap;
	CREATE FUNCTION trap.steal(timestamptz) RETURNS text LANGUAGE sql AS 'SELECT current_user::text';
	}), '42501', 'an operator may not make schemas here');
is(as('anna', q{
	CREATE TABLE private.seen (who name);
	CREATE FUNCTION private.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO private.seen VALUES (current_user); RETURN pg_catalog.now(); END $$;
	CREATE FUNCTION private.texteq(text, text) RETURNS boolean LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO private.seen VALUES (current_user); RETURN pg_catalog.texteq($1, $2); END $$;
	CREATE OPERATOR private.= (LEFTARG = text, RIGHTARG = text, FUNCTION = private.texteq);
	SET search_path = private, pg_catalog;
	SELECT public.cp_deploy('own', 3), public.cp_deploy('own', 'best') > 0, (public.cp_train('own', 'gym_member', 'left_club', '{"value_column": "monthly_fee", "tenure_column": "visits_per_month"}')).version;
	SELECT count(d) FROM public.gym_member g, public.cp_decide(g, 'trap ' || member_id, 'random', 'trap ' || member_id, 'own') d WHERE member_id < 30;
	SELECT count(public.cp_feedback('trap ' || n, 'none', 1)) FROM generate_series(1, 29) n;
	SELECT count(t) FROM public.cp_train_policy('greedy') t;
	INSERT INTO churnprevent.action (action_id, name, kind, eligible) VALUES (100, 'towel', 'offer', 'age > 30');
	SELECT simulator FROM public.cp_simulator_create('world', 'own', 'private.gym_member');
	SELECT max(version) FROM churnprevent.catalogue;
	SELECT count(*) FROM private.seen;
	}), "3|t|4\n29\n29\n6\nworld\n3\n0", 'nothing of his is called as somebody else');
is(as('anna', q{
	CREATE FUNCTION private.who(int) RETURNS int LANGUAGE plpgsql AS
		$$ BEGIN IF current_user <> 'anna' THEN RAISE 'runs as %', current_user; END IF; RETURN $1; END $$;
	SELECT rows FROM cp_train('own', 'SELECT *, private.who(age) AS checked FROM private.gym_member', 'left_club', '{"deploy": false}');
	}), '1200', 'what his query calls runs as himself');

# Members of a role own together.
is(as('member', q{SET ROLE team; SELECT version FROM cp_train('ours', 'gym_member', 'left_club')}), '1', 'a role trains');
is(as('member', q{SELECT version FROM cp_train('ours', 'gym_member', 'left_club')}), '2', 'its member trains the next version');
is(as('member', q{SELECT DISTINCT owner FROM churnprevent.model_summary WHERE name = 'ours'}), 'team', 'which belongs to the role');
is(as('member', q{SELECT cp_deploy('ours', 1), count(cp_predict(g, 'ours')) FROM gym_member g}), '1|1200', 'the member uses it');

# The right is looked at again when the user changes, under one snapshot as well.
is(as('anna', q{
	CREATE FUNCTION helper(g gym_member) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN cp_predict(g, 'own'); END $$;
	CREATE FUNCTION definer() RETURNS float8 LANGUAGE plpgsql SECURITY DEFINER AS
		$$ BEGIN RETURN (SELECT helper(g) FROM gym_member g LIMIT 1); END $$;
	}), '', 'a function of the owner scores for others');
like(as('reader', 'SELECT definer()'), qr/^0\.\d+$/, 'who may call it');
is(as('reader', 'BEGIN; SELECT definer(); SELECT helper(g) FROM gym_member g LIMIT 1; COMMIT'), '42501', 'and get nothing more by it');
is(as('postgres', 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT definer() > 0; SET LOCAL ROLE reader; SELECT helper(g) FROM gym_member g LIMIT 1; COMMIT'),
	'42501', 'nor by a change of role in mid-transaction');

is(as('anna', q{SELECT cp_drop_model('own')}), '4', 'the owner drops the model');
is(as('anna', $score), '42704', 'and it is gone');

$node->stop;
done_testing();
