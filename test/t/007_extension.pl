# The extension made, dropped and made again; a session that knew the old one never scores with it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use ChurnTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_cluster('main');
load_data($node);

# The schema of that name is somebody else's.
$node->safe_psql('postgres', 'CREATE DATABASE taken');
$node->safe_psql('taken', 'CREATE SCHEMA churnprevent; CREATE TABLE churnprevent.model (x int)');
my ($status, $out, $err) = $node->psql('taken', 'CREATE EXTENSION churnprevent');
isnt($status, 0, 'no extension where the schema is somebody else\'s');
like($err, qr/ERROR:  schema "churnprevent" already exists/, 'and the error says why');
is($node->safe_psql('taken', q{SELECT count(*) FROM pg_extension WHERE extname = 'churnprevent'}), '0', 'nothing is left of the attempt');
isnt(sqlstate_of($node, 'CREATE EXTENSION churnprevent SCHEMA churnprevent', database => 'taken'), '', 'nor with its functions there');
$node->safe_psql('taken', 'DROP SCHEMA churnprevent CASCADE; CREATE EXTENSION churnprevent');
is(sqlstate_of($node, 'ALTER EXTENSION churnprevent SET SCHEMA pg_catalog', database => 'taken'), '0A000', 'it is not relocatable');

# Two sessions, warm with models of the old installation. The new one gives the same identifiers to others.
my $score = q{SELECT md5(string_agg(cp_predict(g, 'gym')::text, ' ' ORDER BY member_id)) FROM gym_member g};
my $ids = q{SELECT string_agg(model_id::text, ' ' ORDER BY model_id) FROM churnprevent.model};
my $first = q{SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"seed": 1, "value_column": "monthly_fee"}')};
my $second = q{SELECT version FROM cp_train('gym', 'gym_member', 'left_club', '{"seed": 2, "value_column": "monthly_fee", "exclude": "visits_per_month"}')};
# The second version of the catalogue, with another action in each; and decisions under the same keys.
my $edit = q{INSERT INTO churnprevent.action (action_id, name, kind) VALUES (100, '%s', 'offer')};
my $offered = q{SELECT string_agg(DISTINCT r.action_name, ' ') FROM gym_member g, cp_recommend(g, 'random', 'gym') r WHERE r.action_name !~ '^(none|discount|upgrade|offer|contact)'};
my $decide = q{SELECT count(*), count(*) FILTER (WHERE repeated) FROM gym_member g, cp_decide(g, member_id::text, 'random', 'k ' || member_id, 'gym')};

my $dropper = session($node);
my $bystander = session($node);
$dropper->query_safe($first);
$bystander->query_safe("PREPARE score AS $score");
my $old = $dropper->query_safe($score);
is($bystander->query_safe('EXECUTE score'), $old, 'both sessions score with the first installation');
my $old_ids = $dropper->query_safe($ids);
$dropper->query_safe(sprintf $edit, 'old_towel');
is($_->query_safe($offered), 'old_towel', 'and know the catalogue of the first installation') for $dropper, $bystander;
is($bystander->query_safe($decide), '1200|0', 'one of them decides');

$dropper->query_safe('DROP EXTENSION churnprevent');
like(complaint_of($bystander, 'EXECUTE score'), qr/ERROR:  42883: function cp_predict\(gym_member, unknown\) does not exist/, 'without the extension nothing scores');
$dropper->query_safe('CREATE EXTENSION churnprevent');
like(complaint_of($_, $score), qr/ERROR:  42704: model "gym" does not exist/, 'no model is left of the old installation') for $dropper, $bystander;
$dropper->query_safe($second);
is($dropper->query_safe($ids), $old_ids, 'identifiers begin anew');
my $fresh = $node->safe_psql('postgres', $score);
isnt($fresh, $old, 'the new model scores differently');
is($dropper->query_safe($score), $fresh, 'the session that dropped the extension scores with the new model');
is($bystander->query_safe('EXECUTE score'), $fresh, 'so does a prepared statement in the other one');
is($bystander->query_safe('SELECT count(*) FROM churnprevent.deployment'), '1', 'the history begins anew');
is($_->query_safe("$offered"), '', 'the catalogue is as shipped') for $dropper, $bystander;
$bystander->query_safe(sprintf $edit, 'new_towel');
is($_->query_safe($offered), 'new_towel', 'until it is edited again') for $dropper, $bystander;
is($_->query_safe('SELECT max(version) FROM churnprevent.catalogue'), '2', 'as its second version') for $dropper;
is($dropper->query_safe($decide), '1200|0', 'keys of the old log are free');
is($bystander->query_safe($decide), '1200|1200', 'those of the new one are not');

# In one transaction, undone: the first model is back, nothing of the other is seen.
$dropper->query_safe(qq{BEGIN; DROP EXTENSION churnprevent; CREATE EXTENSION churnprevent; $first});
is($dropper->query_safe($score), $old, 'a third installation in a transaction scores');
is($dropper->query_safe($offered), '', 'offers what is shipped');
is($dropper->query_safe($decide), '1200|0', 'and decides');
$dropper->query_safe('ROLLBACK');
is($dropper->query_safe($score), $fresh, 'until it is rolled back');
is($dropper->query_safe($offered), 'new_towel', 'with its catalogue');
is($dropper->query_safe($decide), '1200|1200', 'and its log');
is($bystander->query_safe('EXECUTE score'), $fresh, 'the other session never knew');

# By one expression of one function, over both installations.
like(complaint_of($dropper, qq{DO \$\$
	DECLARE
		g gym_member;
		p float8[];
	BEGIN
		SELECT * INTO g FROM gym_member WHERE member_id = 1;
		FOR i IN 1..2 LOOP
			p[i] := cp_predict(to_jsonb(g), 'gym');
			IF i = 1 THEN
				DROP EXTENSION churnprevent;
				CREATE EXTENSION churnprevent;
				PERFORM cp_train('gym', 'gym_member', 'left_club', '{"seed": 1, "value_column": "monthly_fee"}');
			END IF;
		END LOOP;
		RAISE WARNING '%', p[1] <> p[2];
	END \$\$}), qr/WARNING:  01000: t\n/, 'one expression scores with the one, then with the other');
is($dropper->query_safe($score), $old, 'the first model is back, trained again');

# Objects that use it are named, and go with CASCADE alone.
$node->safe_psql('postgres', q{CREATE VIEW at_risk AS SELECT member_id FROM gym_member g WHERE cp_predict(g, 'gym') > 0.5});
is(sqlstate_of($node, 'DROP EXTENSION churnprevent'), '2BP01', 'a view that scores keeps the extension');
$node->safe_psql('postgres', q{DROP EXTENSION churnprevent CASCADE});
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'churnprevent'}), '0', 'with CASCADE all goes, its schema too');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc WHERE proname LIKE 'cp\_%'}), '0', 'and its functions');

$_->quit for $dropper, $bystander;
$node->stop;
done_testing();
