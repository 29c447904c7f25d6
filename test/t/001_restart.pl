# Models outlive a crash of the server: the same scores to the last bit, from the first call on.
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
	SELECT cp_train('telco', 'customer', 'churn', '{"value_column": "monthly_charges", "tenure_column": "tenure"}');
	SELECT cp_train('telco', 'customer', 'churn', '{"exclude": "contract", "seed": 7}');
	SELECT cp_train('gym', 'gym_member', 'left_club', '{"value_column": "monthly_fee"}');
	SELECT cp_deploy('telco', 'rollback');
});

# What a query of one row says, cp_score's roles among it.
my $first_row = q{SELECT s, cp_predict(to_jsonb(c), 'telco') = s.churn_probability
	FROM customer c, cp_score(c, 'telco') s WHERE customer_id = 'C0002'};

sub state_of_models
{
	return join "\n", scores($node, 'customer', 'telco'), scores($node, 'customer', 'telco', ', 1'),
	  scores($node, 'customer', 'telco', ', 2'), scores($node, 'gym_member', 'gym'),
	  $node->safe_psql('postgres', "SELECT * FROM cp_evaluate('telco'); SELECT * FROM cp_lift('gym')"),
	  table_digests($node, 'postgres');
}

my $last_ids = '(SELECT max(model_id) FROM churnprevent.model), (SELECT max(deployment_id) FROM churnprevent.deployment)';
my $before = state_of_models();
my $first_before = $node->safe_psql('postgres', $first_row);
my @before = split /\n/, $before;
is($before[0], $before[1], 'version 1 is deployed');
isnt($before[1], $before[2], 'version 2 scores differently');
like($first_before, qr/^\(.+,\w+,[\d.]+,\w+\)\|t$/, 'cp_score answers');

# A crash finds one training unfinished, and one done but not committed.
my $uncommitted = session($node);
$uncommitted->query_safe(q{BEGIN; SELECT version FROM cp_train('telco', 'customer', 'churn'); SELECT cp_deploy('gym', 1)});
my $ids = $node->safe_psql('postgres', "SELECT $last_ids");

$node->stop('immediate');
$node->start;
eval { $uncommitted->quit };
like(slurp_file($node->logfile), qr/automatic recovery in progress/, 'the server recovered from a crash');

is($node->safe_psql('postgres', $first_row), $first_before, 'the first prediction of a fresh connection is right');
is(state_of_models(), $before, 'scores, figures and tables are the same after the crash');

$node->restart;
is(state_of_models(), $before, 'and after an orderly restart');

is($node->safe_psql('postgres', q{SELECT version FROM cp_train('telco', 'customer', 'churn')}), '3',
	'the next version has the next number');
my ($model_id, $deployment_id) = split /\|/, $ids;
my ($next_model_id, $next_deployment_id) = split /\|/, $node->safe_psql('postgres', "SELECT $last_ids");
cmp_ok($next_model_id, '>', $model_id, 'no identifier of a model is given twice');
cmp_ok($next_deployment_id, '>', $deployment_id, 'nor one of a deployment');

$node->stop;
done_testing();
