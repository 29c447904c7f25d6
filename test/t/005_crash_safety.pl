# A training that is killed takes nothing with it but itself.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = start_cluster('main', conf => "restart_after_crash = on\n");
load_data($node);
$node->safe_psql('postgres', q{
	SELECT cp_train('gym', 'gym_member', 'left_club');
	CREATE TABLE wide AS SELECT g.*, s FROM gym_member g, generate_series(1, 100) s;
});
my $expected = scores($node, 'gym_member', 'gym');
my $clean = left_behind($node);
is($clean, '1|1|1|0', 'one model at first');

# Kill -9 while it trains, and once more when it has trained but not committed.
my %victims = (
	'in mid-training' => q{SELECT cp_train('slow', 'wide', 'left_club', '{"gbm": {"rounds": 10000, "early_stopping": 0}}')},
	'before its commit' => q{BEGIN; SELECT cp_train('gym', 'gym_member', 'left_club'); SELECT cp_deploy('gym', 'latest'); SELECT pg_sleep(60)},
);
for my $when (sort keys %victims)
{
	my $session = session($node);
	my $others = session($node);

	is($others->query_safe(q{SELECT count(cp_predict(g, 'gym')) FROM gym_member g}), '1200', "$when: another session is warm");
	$session->query_until(qr/started/, "\\echo started\n$victims{$when} /* victim */;\n");
	my $pid = wait_until_active($node, $when =~ /commit/ ? 'pg_sleep(60)%victim' : 'slow%victim');
	sleep 0.7;
	my $since = -s $node->logfile;
	is(kill(9, $pid), 1, "$when: killed");
	$node->wait_for_log(qr/terminated by signal 9/, $since);
	$node->wait_for_log(qr/database system is ready to accept connections/, $since);
	eval { $_->quit } for $session, $others;

	ok($node->poll_query_until('postgres', 'SELECT true'), "$when: the server is back");
	is(left_behind($node), $clean, "$when: no row is left");
	is(scores($node, 'gym_member', 'gym'), $expected, "$when: scores are what they were");
}

is($node->safe_psql('postgres', q{SELECT version, deployed FROM cp_train('gym', 'gym_member', 'left_club')}), '2|t',
	'training works, and no number is lost');
is($node->safe_psql('postgres', q{SELECT cp_deploy('gym', 'rollback')}), '1', 'so does deploying');
is(scores($node, 'gym_member', 'gym'), $expected, 'and version 1 scores as ever');

$node->stop;
done_testing();
