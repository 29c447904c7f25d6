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
		SELECT cp_train('gym', 'gym_member', 'left_club', '{"exclude": "plan", "seed": 2}');
		SELECT cp_train('gym', 'gym_member', 'left_club', '{"exclude": "age", "seed": 3}');
		SELECT cp_train('Telco''s; "own" \model', 'SELECT * FROM customer WHERE contract <> ''x''', 'churn');
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
	  table_digests($node, $database);
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

# The installed objects of an extension are dumped by its name; its rows by the tables it registers. One that is not
# registered would come back empty, and the digests above are of empty tables only if nothing fills them here.
unlike(table_digests($node, 'shop'), qr/ 0\|/, 'every table of ours held rows');

$node->stop;
done_testing();
