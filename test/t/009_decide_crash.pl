# Sessions that decide are terminated and killed at any moment: of every decision all is there, or nothing.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run ();
use Time::HiRes qw(sleep time);

my $clients = 8;
my $terminations = 1000;
my $kills = 10;

my $node = start_cluster('main', conf => "restart_after_crash = on\nlog_statement = none\nmax_connections = 40\n");
load_data($node);
$node->safe_psql('postgres', q{
	SELECT cp_train('gym', 'gym_member', 'left_club', '{"id": "member_id", "value_column": "monthly_fee", "members": "gbm", "gbm": {"rounds": 20}}');
	UPDATE churnprevent.action SET cooldown = '1 second';
	CREATE SEQUENCE asked;
});

# Each transaction decides about three members, one of a hundred that all clients meet; half of the keys were used before.
my $script = PostgreSQL::Test::Utils::tempdir() . '/decide.sql';
append_to_file($script, q{
\set some random(1, 100)
\set other random(101, 1200)
\set third random(1, 1200)
\set key random(1, 4000)
BEGIN;
SELECT d.action_name FROM gym_member g, cp_decide(g, member_id::text, 'random', 'some ' || nextval('asked'), 'gym') d WHERE member_id = :some;
SELECT d.action_name FROM gym_member g, cp_decide(g, 'of ' || :key, 'random', 'again ' || :key, 'gym') d WHERE member_id = :other;
SELECT d.action_name FROM gym_member g, cp_decide(g, member_id::text, 'greedy', 'third ' || nextval('asked'), 'gym') d WHERE member_id = :third;
COMMIT;
});

# A client that goes down comes back at once.
my $loop = 'trap "kill \$!; exit 0" TERM; while :; do "$@" >/dev/null 2>&1 & wait $!; done';
local $ENV{PGAPPNAME} = 'decider';
my @clients = map {
	IPC::Run::start([ 'sh', '-c', $loop, 'loop', $node->installed_command('pgbench'), '-n', '-f', $script, '-T', '300', '-h', $node->host, '-p', $node->port, 'postgres' ])
} 1 .. $clients;
delete $ENV{PGAPPNAME};

my $check = q{
	SELECT (SELECT count(*) FROM churnprevent.decision_key k WHERE NOT EXISTS (SELECT FROM churnprevent.decision d WHERE d.decision_id = k.decision_id AND d.decided_at = k.decided_at AND d.customer_id = k.customer_id AND d.idempotency_key = k.idempotency_key)) AS keys_alone,
		(SELECT count(*) FROM churnprevent.decision d WHERE NOT EXISTS (SELECT FROM churnprevent.decision_key k WHERE k.decision_id = d.decision_id)) AS decisions_alone,
		(SELECT count(*) - count(DISTINCT decision_id) FROM churnprevent.decision) + (SELECT count(*) - count(DISTINCT idempotency_key) FROM churnprevent.decision) AS twice,
		(SELECT count(*) FROM churnprevent.decision WHERE propensity IS NULL OR NOT propensity > 0 OR pmf IS NULL) AS without_propensity,
		(SELECT count(*) FROM (SELECT customer_id, max(decided_at) AS last, count(*) AS contacts FROM churnprevent.decision WHERE action_id > 0 GROUP BY 1) d FULL JOIN (SELECT * FROM churnprevent.contact_state WHERE contacted_at IS NOT NULL) s USING (customer_id)
			WHERE d.last IS NULL OR s.contacted_at IS NULL OR s.contacted_at < d.last OR s.contacted_at > d.last + interval '10 seconds') AS contacts_apart};

# So many sessions terminated, each in the middle of a call.
my $deciding = q{pg_stat_activity WHERE application_name = 'decider' AND state = 'active' AND query LIKE '%cp_decide%' ORDER BY random()};
$node->safe_psql('postgres', qq{
	CREATE FUNCTION terminate(n int) RETURNS int LANGUAGE plpgsql AS \$\$
	DECLARE
		sent int = 0;
	BEGIN
		WHILE sent < n LOOP
			PERFORM pg_stat_clear_snapshot();
			sent := sent + (SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM (SELECT pid FROM $deciding LIMIT n - sent) s);
			PERFORM pg_sleep(0.005);
		END LOOP;
		RETURN sent;
	END
	\$\$;
});

my $started = time;
my $sent = 0;
for my $crash (1 .. $kills)
{
	my $since = -s $node->logfile;
	my $victim;

	$sent += $node->safe_psql('postgres', "SELECT terminate($terminations / $kills)");
	do { $victim = $node->safe_psql('postgres', "SELECT pid FROM $deciding LIMIT 1") } until $victim && kill 9, $victim;
	$node->wait_for_log(qr/PID $victim\) was terminated by signal 9/, $since);
	$node->wait_for_log(qr/database system is ready to accept connections/, $since);
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
}
diag(sprintf '%d terminations and %d kills in %.0f s', $sent, $kills, time - $started);
$_->signal('TERM'), $_->finish for @clients;

is($sent, $terminations, 'sessions were terminated');
is(scalar(() = slurp_file($node->logfile) =~ /was terminated by signal 9/g), $kills, 'and killed');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'decider'}), 'nobody decides any more');
my $decided = $node->safe_psql('postgres', 'SELECT count(*) FROM churnprevent.decision');
diag("$decided decisions");
cmp_ok($decided, '>', 1000, 'meanwhile decisions were made');
is($node->safe_psql('postgres', $check), '0|0|0|0|0', 'each with its key, propensity and contact, none twice');
is($node->safe_psql('postgres', q{SELECT count(*) > 0 FROM gym_member g, cp_decide(g, member_id::text, 'random', 'after ' || member_id, 'gym') d}), 't', 'deciding goes on');
is($node->safe_psql('postgres', $check), '0|0|0|0|0', 'with the same result');

$node->stop;
done_testing();
