# What the TAP tests share: clusters with the extension, the real data, digests of scores and tables.
package ChurnTest;

use strict;
use warnings;

use Exporter 'import';
use Time::HiRes qw(sleep time);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(
  start_cluster load_data scores table_digests sqlstate_of session complaint_of
  wait_until_active end_of_statement left_behind
);

# A running cluster with the extension in database postgres.
sub start_cluster
{
	my ($name, %params) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%{ $params{init} // {} });
	$node->append_conf('postgresql.conf', "autovacuum = off\n" . ($params{conf} // ''));
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION churnprevent');
	return $node;
}

# Tables customer and gym_member.
sub load_data
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres',
		"\\i test/data/telco_churn.sql\n\\i test/data/gym_members.sql");
	return;
}

# All scores of a model to the last bit, in one digest. $version: SQL, such as ', 2', or nothing.
sub scores
{
	my ($node, $table, $model, $version, $database) = @_;

	$version //= '';
	my $key = $table eq 'customer' ? 'customer_id' : 'member_id';
	my $answer = $node->safe_psql($database // 'postgres',
		"SELECT count(p), count(DISTINCT p) > 20, md5(string_agg(encode(float8send(p), 'hex'), ' ' ORDER BY $key))"
		  . " FROM (SELECT $key, cp_predict(t, '$model'$version) AS p FROM $table t) s");
	BAIL_OUT("scores of $model do not vary: $answer") unless $answer =~ /^\d+\|t\|[0-9a-f]{32}$/;
	return $answer;
}

# Content of every table of ours, name by name, order of rows aside, and without what comes with the extension itself.
sub table_digests
{
	my ($node, $database) = @_;
	my @tables = split /\n/, $node->safe_psql($database,
		"SELECT concat_ws(' ', c.oid::regclass, extcondition[array_position(extconfig, c.oid)])"
		  . " FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid JOIN pg_extension e ON e.oid = d.refobjid"
		  . " WHERE c.relkind IN ('r', 'p') AND d.deptype = 'e' AND e.extname = 'churnprevent' ORDER BY c.oid::regclass::text");

	return join "\n", map {
		"$_ " . $node->safe_psql($database,
			"SELECT count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM (SELECT * FROM $_) t");
	} @tables;
}

# SQLSTATE that a statement ends with, or the empty text.
sub sqlstate_of
{
	my ($node, $sql, %params) = @_;
	my ($status, $out, $err) = $node->psql($params{database} // 'postgres', "\\set VERBOSITY sqlstate\n$sql",
		extra_params => $params{user} ? [ '-U', $params{user} ] : []);

	return $err =~ /ERROR:  (\w{5})/ ? $1 : '';
}

# A session that stays open and outlives its errors; notices are not shown.
sub session
{
	my ($node, %params) = @_;

	my $session = $node->background_psql($params{database} // 'postgres', on_error_stop => 0,
		extra_params => [ '-v', 'VERBOSITY=verbose', $params{user} ? ('-U', $params{user}) : () ]);

	$session->query_safe('SET client_min_messages = warning');
	return $session;
}

# What such a session says on stderr to a statement: SQLSTATE and message of errors and warnings.
sub complaint_of
{
	my ($session, $sql) = @_;

	$session->{stderr} = '';
	$session->query($sql);
	my $complaint = $session->{stderr};
	$session->{stderr} = '';
	return $complaint;
}

# The process of the session that runs a statement with this mark in it; waits for it.
sub wait_until_active
{
	my ($node, $mark) = @_;
	my $query = "FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND leader_pid IS NULL AND query LIKE '%$mark%'";

	$node->poll_query_until('postgres', "SELECT count(*) = 1 $query") or die "no session runs $mark";
	return $node->safe_psql('postgres', "SELECT pid $query");
}

# Seconds until the process runs no statement, or is gone; at most 30.
sub end_of_statement
{
	my ($node, $pid) = @_;
	my $start = time;

	while ($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid AND state = 'active'"))
	{
		return 30 if time - $start > 30;
		sleep 0.05;
	}
	return time - $start;
}

# Rows in our tables of models, and locks on relations of anybody else.
sub left_behind
{
	my ($node) = @_;

	return $node->safe_psql('postgres',
		'SELECT (SELECT count(*) FROM churnprevent.model_name), (SELECT count(*) FROM churnprevent.model),'
		  . ' (SELECT count(*) FROM churnprevent.deployment),'
		  . " (SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND pid <> pg_backend_pid()"
		  . "  AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'churnprevent'::regnamespace))");
}

1;
