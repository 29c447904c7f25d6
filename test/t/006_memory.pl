# Training keeps to churnprevent.training_memory, and what fails gives everything back.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = start_cluster('main');
load_data($node);
$node->safe_psql('postgres', q{
	CREATE ROLE operator LOGIN;
	SELECT cp_grant('operator', 'operator');
	GRANT SELECT ON customer TO operator;
	CREATE TABLE many AS SELECT c.* FROM customer c, generate_series(1, 20) s;
});

my $session = session($node);
my $trainings = q{SELECT count(*), coalesce(sum(total_bytes), 0) FROM pg_backend_memory_contexts WHERE name IN ('churnprevent training', 'churnprevent row', 'churnprevent evaluation')};
my $all = 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts';
my $train = q{SELECT version FROM cp_train('telco', 'many', 'churn', '{"members": "gbm", "gbm": {"rounds": 3}}')};

is(left_behind($node), '0|0|0|0', 'no model at first');
$session->query_safe(q{SET churnprevent.training_memory = '1MB'});
my $complaint = complaint_of($session, $train);
like($complaint, qr/ERROR:  53400: .*memory/, 'over the limit: SQLSTATE 53400');
like($complaint, qr/DETAIL:  At least \d{4,} kB are required and 1024 kB allowed\./, 'with what is required and what is allowed');
like($complaint, qr/HINT:  .*(sample|max_rows)/, 'and what to do');
is($session->query($trainings), '0|0', 'no memory is left');
is(left_behind($node), '0|0|0|0', 'no row and no lock is left');

# Failing again and again takes no more memory, be it caught or not.
my $before = $session->query($all);
complaint_of($session, $train) for 1 .. 20;
cmp_ok($session->query($all) - $before, '<', 500_000, 'twenty failures leave nothing');
for my $call ("PERFORM cp_train('telco', 'many', 'churn')", "x := cp_train('telco', 'many', 'churn')")
{
	like(complaint_of($session, qq{DO \$\$
		DECLARE
			x record;
			bytes bigint;
		BEGIN
			FOR i IN 1..20 LOOP
				BEGIN
					$call;
				EXCEPTION WHEN configuration_limit_exceeded THEN
					NULL;
				END;
			END LOOP;
			SELECT sum(total_bytes) INTO bytes FROM pg_backend_memory_contexts WHERE name LIKE 'churnprevent%';
			RAISE WARNING 'bytes %', bytes;
		END \$\$}), qr/bytes (<NULL>|\d{1,5})\n/, "nor do twenty that are caught in one function: $call");
}
is(left_behind($node), '0|0|0|0', 'no row and no lock is left by any of them');

# A sample fits, as the hint says, and so does everything under a higher limit.
is($session->query_safe(q{SELECT version, rows FROM cp_train('telco', 'many', 'churn', '{"max_rows": 500, "members": "gbm", "gbm": {"rounds": 3}}')}),
	'1|500', 'a sample fits');
$session->query_safe('RESET churnprevent.training_memory');
is($session->query_safe($train), '2', 'all rows fit under the default limit');
is($session->query_safe($trainings), '0|0', 'a training that succeeds leaves no memory');

# Evaluation on a source is bounded too.
$session->query_safe(q{SET churnprevent.training_memory = '1MB'});
like(complaint_of($session, q{SELECT * FROM cp_evaluate('telco', 'many')}), qr/ERROR:  53400: /, 'an evaluation over the limit: SQLSTATE 53400');
is($session->query($trainings), '0|0', 'no memory is left by it');
$session->query_safe('RESET churnprevent.training_memory');

# A check of drift keeps to it: what is counted does not grow with the rows, a sample shrinks, and what does not fit is refused.
my $check = q{SELECT count(*) FROM cp_drift_check('telco', 'many', options => '{"record": false, "sample": 10000000}')};
my $checks = q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name IN ('churnprevent drift', 'churnprevent row', 'churnprevent performance')};
$session->query_safe($check);
$before = $session->query($all);
$session->query_safe(q{SET churnprevent.training_memory = '64MB'});
is($session->query_safe(q{SELECT rows BETWEEN 50000 AND 130000 FROM cp_drift_check('telco', 'many', options => '{"record": false, "sample": 10000000}') WHERE feature = '(score)'}), 't', 'a sample that does not fit is smaller');
is($session->query_safe(q{SELECT rows FROM cp_drift_check('telco', 'many', options => '{"record": false, "sample": 10000000}') WHERE feature = 'tenure'}), '140860', 'but all rows are counted');
$session->query_safe(q{SET churnprevent.training_memory = '1MB'});
like(complaint_of($session, $check), qr/ERROR:  53400: .*memory/, 'over the limit: SQLSTATE 53400') for 1 .. 10;
$session->query_safe('RESET churnprevent.training_memory');
is($session->query($checks), '0', 'no memory is left');
cmp_ok($session->query($all) - $before, '<', 500_000, 'checks and failures leave nothing');

# Scores need no more memory the more rows there are; nor with a model that changes from row to row.
$session->query_safe(q{SELECT cp_train('other', 'customer', 'churn', '{"members": "gbm", "gbm": {"rounds": 3}}')});
for my $model (q{'telco'}, q{CASE WHEN customer_id < 'C4' THEN 'telco' ELSE 'other' END},
	q{CASE WHEN right(customer_id, 1) < '5' THEN 'telco' ELSE 'other' END})
{
	$session->query_safe("SELECT count(cp_predict(c, $model)) FROM customer c");
	like(complaint_of($session, qq{DO \$\$
		DECLARE
			before bigint;
			n bigint;
			scores CURSOR FOR SELECT count(p) OVER (ROWS CURRENT ROW) AS n FROM (SELECT cp_predict(c, $model) AS p FROM many c OFFSET 0) s;
		BEGIN
			OPEN scores;
			FOR i IN 1..1000 LOOP FETCH scores INTO n; END LOOP;
			SELECT sum(total_bytes) INTO before FROM pg_backend_memory_contexts;
			FOR i IN 1..100000 LOOP FETCH scores INTO n; END LOOP;
			SELECT sum(total_bytes) - before INTO n FROM pg_backend_memory_contexts;
			RAISE WARNING '%', CASE WHEN n < 1000000 THEN 'steady' ELSE n || ' bytes more' END;
		END \$\$}), qr/WARNING:  01000: steady/, "scoring 100,000 rows takes no more memory than 1,000, with model $model");
}

# An allocation keeps to churnprevent.allocation_memory: streamed where it can be, refused where it cannot.
my $offers = q{'SELECT g AS customer_id, ARRAY[10 + g % 97, 12 + g % 89, g % 101]::real[] AS value, ARRAY[1 + g % 7, 2 + g % 11, 3 + g % 13]::real[] AS cost FROM generate_series(1, 1500000) g'};
my $allocate = q{SELECT round(sum(share * value)::numeric, 2) FROM cp_allocate(} . $offers . q{, '%s', 500000, '{"k": 90000}', NULL, '{"actions": ["a", "b", "c"], "kinds": ["k", "k", "l"]}')};
my $allocations = q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'churnprevent%' AND name NOT LIKE 'churnprevent model%' AND name <> 'churnprevent allocation report' AND NOT (name = 'churnprevent catalogue' AND parent = 'CacheMemoryContext')};
my $streamed = 'SELECT DISTINCT streamed FROM cp_allocation_report()';
$session->query_safe(q{SELECT cp_train('valued', 'customer', 'churn', '{"value_column": "monthly_charges", "members": "gbm", "gbm": {"rounds": 3}}')});
my $whole = $session->query_safe(sprintf $allocate, 'lp');
is($session->query_safe($streamed), 'f', 'an allocation in memory');
$session->query_safe(q{SET churnprevent.allocation_memory = '16MB'});
is($session->query_safe(sprintf $allocate, 'lp'), $whole, 'under a lower limit it is worth as much');
is($session->query_safe($streamed), 't', 'and was streamed');
$before = $session->query($all);
like(complaint_of($session, sprintf $allocate, 'greedy'), qr/ERROR:  53400: memory exceeds "churnprevent.allocation_memory"/, 'what cannot be streamed: SQLSTATE 53400');
like(complaint_of($session, q{SELECT count(*) FROM cp_allocate('SELECT m.*, s || ''/'' || m.ctid AS who FROM many m, generate_series(1, 20) s', options => '{"model": "valued", "customer_id": "who"}')}), qr/ERROR:  53400: /, 'nor can what a model values')
	for 1 .. 5;
is($session->query($allocations), '0', 'no memory is left');
cmp_ok($session->query($all) - $before, '<', 500_000, 'failures leave nothing');

# By the process's own account: streaming four million customers takes no more than the limit and what any query takes.
SKIP:
{
	skip 'no /proc', 1 unless -r '/proc/self/status';
	my $fresh = session($node);
	my $process = $fresh->query_safe('SELECT pg_backend_pid()');
	my $resident = sub {
		my ($peak) = slurp_file("/proc/$process/status") =~ /^RssAnon:\s+(\d+) kB/m;
		return $peak;
	};
	$fresh->query_safe(q{SET churnprevent.allocation_memory = '16MB'; SELECT count(*) FROM cp_allocate('SELECT 1 AS customer_id, ''call'' AS action, 2 AS value, 1 AS cost')});
	my $baseline = $resident->();
	my $most = 0;
	(my $more = sprintf $allocate, 'lp') =~ s/1500000/4000000/;
	$fresh->query_until(qr/started/, "\\echo started\n$more /* large */;\n");
	wait_until_active($node, 'large');
	while ($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $process AND state = 'active'"))
	{
		my $now = $resident->();
		$most = $now if $now > $most;
		sleep 0.05;
	}
	$fresh->quit;
	cmp_ok($most - $baseline, '<', 48 * 1024, 'streaming four million customers stays within the limit and working memory');
}

# Only a superuser may raise the limits, be it before our library is loaded, by any call, or after.
for my $setting ('training_memory', 'cache_memory', 'allocation_memory')
{
	is(sqlstate_of($node, "SELECT cp_auc(0.5::float8, true); SET churnprevent.$setting = '8GB'", user => 'operator'), '42501',
		"a user may not set $setting");
	my ($status, $out, $err) = $node->psql('postgres',
		"SET churnprevent.$setting = '8GB'; SELECT cp_auc(0.5::float8, true); SHOW churnprevent.$setting",
		extra_params => [ '-U', 'operator' ]);
	unlike($out, qr/8GB/, 'nor before it is known');
}
$node->safe_psql('postgres', q{ALTER ROLE operator SET churnprevent.training_memory = '1MB'});
is(sqlstate_of($node, q{SELECT cp_train('his', 'customer', 'churn')}, user => 'operator'), '53400', 'the limit of a role holds');

# Models that are loaded keep to churnprevent.cache_memory, and score right when they are loaded again.
$session->query_safe(q{SELECT cp_train('large' || g, 'customer', 'churn', jsonb_build_object('seed', g, 'members', 'gbm', 'gbm', '{"rounds": 150, "early_stopping": 0}'::jsonb))
	FROM generate_series(1, 8) g});
$session->quit;
$session = session($node);
my $cached = q{SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name LIKE 'churnprevent model%'};
my $score_all = q{SELECT md5(string_agg(cp_predict(c, 'large' || g)::text, ' ' ORDER BY g)) FROM generate_series(1, 8) g, customer c WHERE customer_id = 'C0001'};
my $right = $session->query_safe($score_all);
my $unbounded = $session->query_safe($cached);
$session->quit;
$session = session($node);
$session->query_safe(q{SET churnprevent.cache_memory = '1MB'});
cmp_ok($unbounded, '>', 1_500_000, 'the models are larger than the cache will be');
my $one_by_one = join ' UNION ALL ', map { "SELECT $_" } 1 .. 8;
for my $turn (1 .. 3)
{
	my $digest = $session->query_safe(q{CREATE TEMP TABLE IF NOT EXISTS score (g int, p float8); TRUNCATE score});
	$session->query_safe("INSERT INTO score SELECT $_, cp_predict(c, 'large$_') FROM customer c WHERE customer_id = 'C0001'") for 1 .. 8;
	is($session->query_safe(q{SELECT md5(string_agg(p::text, ' ' ORDER BY g)) FROM score}), $right, "turn $turn through all models: right");
	cmp_ok($session->query_safe($cached), '<', $unbounded / 2, 'and the cache is bounded');
}

$session->quit;
$node->stop;
done_testing();
