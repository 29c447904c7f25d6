# Cancel, timeout and termination take effect at once in every phase and leave nothing behind.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

# Far above what it takes, for machines that are busy; far below what the statements would run.
my $at_once = 3;

my $node = start_cluster('main');
load_data($node);
my $columns = join ', ', map { "random() AS n$_" } 1 .. 15;
$node->safe_psql('postgres', qq{
	CREATE TABLE wide AS
		SELECT g AS id, $columns, g % 1000 AS number, 'c' || g % 300 AS category, md5((g % 50000)::text) AS texts,
			date '2020-01-01' + g % 1000 AS day, hashint4(g) % 10 = 0 AS has_left
		FROM generate_series(1, 200000) g;
	SELECT cp_train('gym', 'gym_member', 'left_club', '{"value_column": "monthly_fee", "tenure_column": "visits_per_month"}');
	SELECT cp_simulator_create('world', 'gym', 'gym_member');
	-- Of thousands of states, so that one customer's optimum takes long.
	INSERT INTO churnprevent.action (action_id, name, kind, cost_pct, duration_m) SELECT 100 + n, 'half price ' || n, 'discount', 0.5, 55 FROM generate_series(1, 4) n;
	INSERT INTO churnprevent.action (action_id, name, kind) SELECT 110 + n, 'level ' || n, 'upgrade' FROM generate_series(1, 9) n;
	SELECT cp_simulator_create('wide world', 'gym', 'gym_member');
	UPDATE churnprevent.action SET enabled = false WHERE action_id > 100;
});

my $endless = q{'{"gbm": {"rounds": 10000, "early_stopping": 0, "max_depth": 8}}'};
my $expected = scores($node, 'gym_member', 'gym');
my $clean = left_behind($node);
is($clean, '1|1|1|0', 'one model at first');

my $session = session($node);
my $pid = $session->query_safe('SELECT pg_backend_pid()');
my $marks = 0;

# Start a statement in the session without waiting for it; returns when it runs.
sub start
{
	my ($statement) = @_;
	my $mark = 'statement ' . ++$marks;

	$session->{stderr} = '';
	$session->query_until(qr/started/, "\\echo started\n$statement /* $mark */;\n");
	is(wait_until_active($node, $mark), $pid, "$mark runs");
	return;
}

# The session after the end of a statement: what it complained of, whether anything is left.
sub check_ended
{
	my ($name, $seconds, $sqlstate) = @_;
	my $memory = q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'churnprevent%' AND name NOT LIKE 'churnprevent model%' AND name <> 'churnprevent allocation report'
		AND NOT (name = 'churnprevent catalogue' AND parent = 'CacheMemoryContext')};

	cmp_ok($seconds, '<', $at_once, "$name: at once");
	# The answer to a query says that psql has read all that came before.
	$session->query('SELECT 1');
	like($session->{stderr}, qr/ERROR:  $sqlstate: /, "$name: SQLSTATE $sqlstate");
	$session->{stderr} = '';
	is($session->query($memory), '0', "$name: no memory is left");
	is(left_behind($node), $clean, "$name: no row and no lock is left");
	return;
}

# In mid-training, sooner and later: reading, binning and boosting.
for my $delay (0, 0.3, 1.5)
{
	start("SELECT * FROM cp_train('slow', 'wide', 'has_left', $endless)");
	sleep $delay;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	check_ended("cancel after $delay s", end_of_statement($node, $pid), '57014');
}

# In the members that come after boosting, and while settings are searched.
for my $options ('{"members": "forest", "forest": {"trees": 10000, "min_leaf": 1, "max_depth": 32}}',
	'{"members": "net", "net": {"hidden": 128, "restarts": 4, "batch": 4096, "epochs": 1000, "early_stopping": 0}}',
	'{"members": "gbm", "gbm": {"rounds": 5}, "search": {"seconds": 1000}}')
{
	start("SELECT * FROM cp_train('slow', 'SELECT * FROM wide WHERE id <= 60000', 'has_left', '$options')");
	sleep 3;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	check_ended("cancel of $options", end_of_statement($node, $pid), '57014');
}

# While the source gives its rows, slowly and not at all.
for my $source ('SELECT *, pg_sleep(0.02) FROM gym_member',
	'SELECT g.* FROM gym_member g, pg_sleep(60)',
	'SELECT g.* FROM gym_member g, generate_series(1, 100000) s')
{
	start("SELECT * FROM cp_train('slow', '$source', 'left_club')");
	sleep 0.3;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	check_ended("cancel of reading $source", end_of_statement($node, $pid), '57014');
}

# While it scores, by itself and in cp_evaluate.
my $many = 'gym_member g, generate_series(1, 100000) s';
for my $statement ("SELECT sum(cp_predict(g, 'gym')) FROM $many", "SELECT * FROM cp_evaluate('gym', 'SELECT g.* FROM $many')")
{
	start($statement);
	sleep 0.3;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	check_ended("cancel of $statement", end_of_statement($node, $pid), '57014');
}

# While it draws customers, lets them live, solves for the best, and learns from them.
for my $statement ('SELECT count(*) FROM cp_simulate_customers(90000000)',
	q{SELECT count(*) FROM cp_simulate('world', 'greedy', 1000000000)},
	q{SELECT count(*) FROM cp_simulate('world', 'optimal', 1000000000, 1200)},
	q{SELECT * FROM cp_simulate_value('world', 'greedy', 1000000000)},
	q{SELECT * FROM cp_simulate_value('wide world', 'greedy', 1)},
	q{SELECT count(*) FROM cp_simulate('wide world', 'optimal', 1, 1200)},
	q{SELECT * FROM cp_train_policy('greedy', '{"simulator": "world", "decisions": 10000000}')},
	qq{SELECT * FROM cp_simulator_create('world', 'gym', 'SELECT g.* FROM $many')},
	qq{SELECT sum((cp_recommend(g, 'greedy', 'gym')).expected_value) FROM $many},
	qq{SELECT count(*) FROM $many, cp_decide(g, 'c' || s, 'greedy', 'k' || s || g.member_id, 'gym')})
{
	start($statement);
	sleep 0.5;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	check_ended("cancel of $statement", end_of_statement($node, $pid), '57014');
}
is($node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM churnprevent.decision) + (SELECT count(*) FROM churnprevent.decision_key) + (SELECT count(*) FROM churnprevent.contact_state),
		(SELECT count(*) FROM churnprevent.policy), (SELECT count(*) FROM churnprevent.simulator)}), '0|3|2', 'nothing was decided, learned or replaced');

# While it reads offers, prices and prices them again, streams them, and looks for whole choices that do not come out.
$node->safe_psql('postgres', q{
	CREATE TABLE offers AS SELECT g AS customer_id, ARRAY[10 + g % 97, 12 + g % 89, 9 + g % 101, 14 + g % 83]::real[] AS value, ARRAY[1 + g % 7, 2 + g % 11, 3 + g % 13, 4 + g % 17]::real[] AS cost
		FROM generate_series(1, 400000) g;
	-- Equal costs, of which no number is the budget: to prove what is best takes ages.
	CREATE TABLE alike AS SELECT g AS customer_id, 'a' || a AS action, 'k' || a AS kind, round(cost * (80 + abs(hashint4(g * 4 + a)) % 221) / 100.0, 2) AS value, cost
		FROM generate_series(1, 2000) g, (VALUES (1, 5), (2, 10), (3, 20), (4, 15)) o(a, cost);
});
my $arrays = q{'{"actions": ["a", "b", "c", "d"], "kinds": ["k", "k", "l", "m"]}'};
my $capped = q{'lp', 500000, '{"k": 90000, "l": 50000, "m": 40000}', NULL, } . $arrays;
for my $case ([ "SELECT count(*) FROM cp_allocate('SELECT o.customer_id * 1000 + s AS customer_id, value, cost FROM offers o, generate_series(1, 1000) s', options => $arrays)", 0.5 ],
	[ q{SELECT count(*) FROM cp_allocate('SELECT customer_id || s.s::text AS customer_id, action, kind, value, cost FROM alike, generate_series(1, 10000) s')}, 0.5, 1.5 ],
	[ qq{SELECT count(*) FROM cp_allocate('SELECT g.*, s * 10000 + member_id AS who FROM $many', options => '{"model": "gym", "customer_id": "who"}')}, 0.5 ],
	[ qq{SELECT count(*) FROM cp_budget_curve('offers', ARRAY(SELECT g * 100.0 FROM generate_series(1, 900) g), 'lp', '{"k": 90000, "l": 50000, "m": 40000}', NULL, $arrays)}, 0.5, 2 ],
	[ q{SELECT count(*) FROM cp_allocate('alike', 'knapsack', 2501, '{"k3": 40}', NULL, '{"seconds": 1000}')}, 0.3, 3, 6 ],
	[ q{SELECT cp_price(value::float8[], cost::float8[], '{1,1,2,3}', '{1,1,1}', '{1}') FROM offers, generate_series(1, 1000)}, 0.5 ])
{
	my ($statement, @delays) = @$case;

	for my $delay (@delays)
	{
		start($statement);
		sleep $delay;
		$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
		check_ended("cancel of $statement after $delay s", end_of_statement($node, $pid), '57014');
	}
}
# Streamed by a limit of memory: read for the first time, priced by queries, and looked at for the core.
$session->query_safe(q{SET churnprevent.allocation_memory = '16MB'});
for my $delay (0.1, 0.5, 1, 1.5)
{
	start("SELECT count(*) FROM cp_allocate('SELECT o.customer_id * 10 + s AS customer_id, value, cost FROM offers o, generate_series(0, 9) s', $capped)");
	sleep $delay;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	check_ended("cancel of streaming after $delay s", end_of_statement($node, $pid), '57014');
}
$session->query_safe('RESET churnprevent.allocation_memory');
is($session->query_safe("SELECT count(*) > 100000, sum(cost::numeric * share::numeric) <= 500000 FROM cp_allocate('offers', $capped)"), 't|t', 'after all of which it allocates');

# While it looks for drift: reads customers, scores a large sample, profiles segments; and while a review counts rows, reads and trains.
my $clean_before = $clean;
$node->safe_psql('postgres', q{
	CREATE VIEW growing AS SELECT * FROM wide WHERE id <= 3000;
	SELECT cp_train('growing', 'growing', 'has_left', '{"id": "id", "screen": false, "members": "gbm", "gbm": {"rounds": 1000, "early_stopping": 0, "max_depth": 8}}') IS NOT NULL;
	UPDATE churnprevent.model SET created_at = '2020-01-01' WHERE name = 'growing';
	CREATE OR REPLACE VIEW growing AS SELECT * FROM wide;
	CREATE TABLE vectors AS SELECT * FROM wide WHERE id <= 50000;
});
$clean = left_behind($node);
for my $case ([ q{SELECT count(*) FROM cp_drift_check('gym', 'SELECT g.* FROM gym_member g, generate_series(1, 100000) s')}, 0.1, 1 ],
	[ q{SELECT count(*) FROM cp_drift_check('gym', 'SELECT g.* FROM gym_member g, pg_sleep(60)')}, 0.3 ],
	[ q{SELECT count(*) FROM cp_drift_check('gym', 'gym_member', options => '{"reference": "SELECT g.* FROM gym_member g, generate_series(1, 100000) s"}')}, 0.5 ],
	[ q{SELECT count(*) FROM cp_drift_check('growing', 'SELECT v.* FROM vectors v, generate_series(1, 20)', options => '{"sample": 1000000}')}, 0.5, 2, 4 ],
	[ q{SELECT count(*) FROM cp_drift_check('growing', 'SELECT v.*, v.id % 900 AS part FROM vectors v', options => '{"segment_by": "part", "reference": "SELECT v.*, v.id % 900 AS part FROM vectors v", "sample": 1000}')}, 0.5, 1.5 ],
	[ q{SELECT cp_retrain_review('growing', true)}, 0.1, 0.7, 3 ])
{
	my ($statement, @delays) = @$case;

	for my $delay (@delays)
	{
		start($statement);
		sleep $delay;
		$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
		check_ended("cancel of $statement after $delay s", end_of_statement($node, $pid), '57014');
	}
}
is($node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM churnprevent.drift_report) + (SELECT count(*) FROM churnprevent.drift_feature) + (SELECT count(*) FROM churnprevent.alert) + (SELECT count(*) FROM churnprevent.retrain_review)}), '0', 'nothing was recorded');
$node->safe_psql('postgres', q{SELECT cp_drop_model('growing')});
$clean = $clean_before;

# statement_timeout, counted from the start.
$session->query_safe(q{SET statement_timeout = '1s'});
my $started = time;
start("SELECT * FROM cp_train('slow', 'wide', 'has_left', $endless)");
end_of_statement($node, $pid);
check_ended('statement_timeout', time - $started - 1, '57014');
$session->query_safe('RESET statement_timeout');

# A subtransaction, and a handler, take it up.
$session->query_safe(q{SET statement_timeout = '1s'});
like(complaint_of($session, qq{DO \$\$ BEGIN
		PERFORM cp_train('slow', 'wide', 'has_left', $endless);
	EXCEPTION WHEN query_canceled THEN
		RAISE WARNING 'handled, % models', (SELECT count(*) FROM churnprevent.model);
	END \$\$}), qr/handled, 1 models/, 'an exception handler catches the cancel');
$session->query_safe('RESET statement_timeout');
is(left_behind($node), $clean, 'and nothing is left after it');

# The session goes on.
is($session->query_safe(q{SELECT version, deployed FROM cp_train('gym', 'gym_member', 'left_club', '{"deploy": false}')}),
	'2|f', 'the session trains after all this');
$node->safe_psql('postgres', q{SELECT cp_drop_model('gym', 2)});
is(scores($node, 'gym_member', 'gym'), $expected, 'and scores are what they were');

# Termination.
start("SELECT * FROM cp_train('slow', 'wide', 'has_left', $endless)");
sleep 1;
my $log = -s $node->logfile;
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
cmp_ok(end_of_statement($node, $pid), '<', $at_once, 'termination: at once');
eval { $session->quit };
ok($node->wait_for_log(qr/\[$pid\] .*FATAL:  terminating connection due to administrator command/, $log), 'termination: it says so');
is(left_behind($node), $clean, 'termination: no row and no lock is left');

# So a fast shutdown does not wait for a training.
$session = session($node);
$pid = $session->query_safe('SELECT pg_backend_pid()');
start("SELECT * FROM cp_train('slow', 'wide', 'has_left', $endless)");
$started = time;
$node->stop('fast');
cmp_ok(time - $started, '<', 10, 'a fast shutdown does not wait for a training');
eval { $session->quit };
$node->start;
is(left_behind($node), $clean, 'nor does it leave anything');

$node->stop;
done_testing();
