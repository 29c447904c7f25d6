# Sessions that record into many experiments at once: no unit is lost or there twice, whatever happens meanwhile.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run ();
use Time::HiRes qw(sleep time);

my $clients = 16;
my $experiments = 50;
my $seconds = 5;

my $node = start_cluster('main', conf => "restart_after_crash = on\nlog_statement = none\nmax_connections = 60\n");
$node->safe_psql('postgres', qq{
	SELECT cp_ab_create('e' || n, '{control,b}') FROM generate_series(1, $experiments) n;
	SELECT cp_ab_create('stopped', '{control,b}'), cp_ab_create('moved', '{a,b,c}');
	CREATE TABLE told (experiment text, unit text, told boolean);
	CREATE TABLE refused (experiment text, unit text);
	CREATE FUNCTION try(experiment text, unit text) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
		INSERT INTO told SELECT \$1, \$2, cp_ab_record(\$1, \$2, 1);
	EXCEPTION WHEN object_not_in_prerequisite_state THEN
		INSERT INTO refused VALUES (\$1, \$2);
	END \$\$;
});

# What every call returned is written by the same transaction.
my $files = PostgreSQL::Test::Utils::tempdir();
append_to_file("$files/record.sql", qq{
\\set experiment random(1, $experiments)
\\set unit random(1, 4000)
INSERT INTO told SELECT 'e' || :experiment, 'u' || :unit, cp_ab_record('e' || :experiment, 'u' || :unit, :unit % 2);
});
append_to_file("$files/moved.sql", q{
\set unit random(1, 3000)
SELECT try('moved', 'u' || :unit), try('stopped', 'u' || :unit);
});

sub clients
{
	my ($script, $count, $time) = @_;
	my $out = '';

	return { out => \$out, run => IPC::Run::start([ $node->installed_command('pgbench'), '-n', '-f', "$files/$script", '-c', $count, '-j', 2, '-T', $time, '-h', $node->host, '-p', $node->port, 'postgres' ], '>&', \$out) };
}

# Told true and rows, experiment by experiment; true twice; numbers twice; units in a variant that is none.
my $check = q{
	SELECT (SELECT count(*) FROM (SELECT experiment, unit FROM told WHERE told GROUP BY 1, 2) t FULL JOIN
			(SELECT name AS experiment, unit FROM churnprevent.experiment_unit JOIN churnprevent.experiment USING (experiment_id) WHERE record_no IS NOT NULL) u USING (experiment, unit)
			WHERE t.unit IS NULL OR u.unit IS NULL) AS apart,
		(SELECT count(*) FROM (SELECT FROM told WHERE told GROUP BY experiment, unit HAVING count(*) > 1) t) AS told_twice,
		(SELECT count(*) FROM (SELECT FROM told GROUP BY experiment, unit HAVING NOT bool_or(told)) t) AS told_never,
		(SELECT count(*) - count(DISTINCT record_no) FROM churnprevent.experiment_unit) AS numbers_twice,
		(SELECT count(*) FROM churnprevent.experiment_unit u WHERE NOT EXISTS (SELECT FROM churnprevent.experiment_phase p WHERE p.experiment_id = u.experiment_id AND p.phase = u.phase)) AS without_phase};

my $recording = clients('record.sql', $clients, $seconds);
$recording->{run}->finish;
like(${ $recording->{out} }, qr/number of failed transactions: 0 /, 'nobody fails');
my ($rate) = ${ $recording->{out} } =~ /tps = ([\d.]+)/;
diag(sprintf '%d records a second', $rate);
is($node->safe_psql('postgres', $check), '0|0|0|0|0', 'what was told is what is there, once');
is($node->safe_psql('postgres', q{SELECT count(*) FILTER (WHERE told) > 1000, count(*) FILTER (WHERE NOT told) > 100 FROM told}), 't|t', 'units were new, and met again');
is($node->safe_psql('postgres', q{SELECT count(DISTINCT e.name) FROM told t JOIN churnprevent.experiment e ON e.name = t.experiment, cp_ab_assign(e.name, t.unit) v JOIN churnprevent.experiment_unit u ON true WHERE u.experiment_id = e.experiment_id AND u.unit = t.unit AND v <> e.variants[u.variant]}), '0', 'each in the variant that is assigned');
is($node->safe_psql('postgres', q{SELECT sum(n) = (SELECT count(*) FROM told WHERE told) FROM churnprevent.experiment_result}), 't', 'and counted');

# One unit, told by many at once: one is right.
append_to_file("$files/same.sql", q{INSERT INTO told SELECT 'e1', unit, cp_ab_record('e1', unit, 1) FROM concat('same ', (extract(epoch FROM now()) * 50)::bigint) unit;});
my $same = clients('same.sql', $clients, 2);
$same->{run}->finish;
is($node->safe_psql('postgres', q{SELECT count(*) FILTER (WHERE told) = count(DISTINCT unit), count(DISTINCT unit) > 20, count(*) FILTER (WHERE NOT told) > count(DISTINCT unit) FROM told WHERE unit ~ '^same'}), 't|t|t',
	'of many who tell about one unit one is believed');

# Reallocated and stopped under way.
my $moving = clients('moved.sql', 8, 4);
for my $n (1 .. 20)
{
	$node->safe_psql('postgres', sprintf q{SELECT cp_ab_allocate('moved', '{%s}')}, $n % 2 ? '0.2,0.3,0.5' : '0.6,0.2,0.2');
	$node->safe_psql('postgres', q{SELECT cp_ab_stop('stopped')}) if $n == 15;
	sleep 0.1;
}
$moving->{run}->finish;
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT experiment, ' ') FROM refused}), 'stopped', 'who comes too late is refused');
is($node->safe_psql('postgres', $check), '0|0|0|0|0', 'all that was told is there');
is($node->safe_psql('postgres', q{SELECT max(p.phase) FROM churnprevent.experiment_phase p JOIN churnprevent.experiment e USING (experiment_id) WHERE name = 'moved'}), '21', 'every allocation is kept');
is($node->safe_psql('postgres', q{SELECT count(*) FROM churnprevent.experiment e JOIN churnprevent.experiment_unit u USING (experiment_id) WHERE name = 'moved' AND cp_ab_assign('moved', unit) <> variants[variant]}), '0', 'and who met a variant keeps it');

# Killed in the middle.
my $killed = clients('record.sql', $clients, 20);
sleep 1;
my $since = -s $node->logfile;
my $victim;
do { $victim = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND query LIKE 'INSERT INTO told%' LIMIT 1}) } until $victim && kill 9, $victim;
$killed->{run}->finish;
$node->wait_for_log(qr/PID $victim\) was terminated by signal 9/, $since);
$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
is($node->safe_psql('postgres', $check), '0|0|0|0|0', 'after a crash all is as it was told');
is($node->safe_psql('postgres', q{SELECT cp_ab_record('e1', 'after', 1), cp_ab_record('e1', 'after', 1); SELECT record_no = (SELECT max(record_no) FROM churnprevent.experiment_unit) FROM churnprevent.experiment_unit WHERE unit = 'after'}), "t|f\nt", 'and it goes on, with the next number');

# A large one takes a while, and can be cancelled.
$node->safe_psql('postgres', q{
	SELECT cp_ab_create('large', '{control,b,c,d}', options => '{"metric": "mean", "guardrails": {"g": "higher"}}');
	INSERT INTO churnprevent.experiment_unit SELECT (SELECT experiment_id FROM churnprevent.experiment WHERE name = 'large'), g::text, g % 4 + 1, 1, now(), NULL, nextval('churnprevent.experiment_record_no'), now(), g % 17, NULL, '{"g": 1}' FROM generate_series(1, 2000000) g;
});
for my $case ([ 'cp_ab_significance', 0.2 ], [ 'cp_ab_significance', 1.5 ], [ 'cp_ab_timeline', 1.5 ])
{
	my ($call, $delay) = @$case;
	my $session = session($node);

	$session->query_until(qr/started/, "\\echo started\nSELECT count(*) FROM $call('large') /* mark */;\n");
	my $pid = wait_until_active($node, 'mark');
	sleep $delay;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	cmp_ok(end_of_statement($node, $pid), '<', 1, "$call is cancelled within a second, after $delay s");
	is($session->query('SELECT 1'), '1', 'and the session goes on');
	like($session->{stderr}, qr/57014/, 'having been cancelled');
	$session->quit;
}

$node->stop;
done_testing();
