# status, queue flush and changes of the directory while a server runs.

use strict;
use warnings;

use JSON::PP qw/ decode_json /;
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice bob /]);
$p->plan(24)->run();

# status

my $st = decode_json($p->cli_ok('--json', 'status'));
is($st->{running}, JSON::PP::true, 'the server runs');
is($st->{users}, 2, 'what the files tell');
ok($st->{server}{clerk} > 1, 'the clerk');
ok(wait_for { @{ decode_json($p->cli_ok('--json', 'status'))
                 ->{server}{stores} } == 2 }, 'two stores');

my ($code, $text) = $p->cli('status');
is($code, 0, 'as text');
like($text, qr/^running: yes$/m, 'says so');
like($text, qr/^server\.|^stores\.0\.pid: [1-9]/m, 'and more');

is($p->status()->{postern_up}, 1, 'Prometheus');
my $before = $p->status()->{postern_jobs_total};
ok(defined $before, 'counters');

ok($p->imap_login('alice'), 'a sign-in');
ok(wait_for { $p->status()->{postern_jobs_total} > $before }, 'is counted');
is($p->status()->{'postern_store_up{store="clerk"}'}, 1, 'with labels');

($code, $text) = $p->cli('queue', 'flush');
is($code, 0, 'queue flush');
unlike($text, qr/does not run/, 'with a server');

# a changed directory is seen by the next request

sub signs_in {
    my ($name, $password) = @_;
    my $imap = $p->imap(SSL => 1);

    return $imap->login("$name\@example.test", $password) ? 1 : 0;
}

ok(signs_in('bob', 'secret'), 'bob');
$p->cli_ok({ input => "other\n" }, 'user', 'password', 'bob@example.test',
           '--password-stdin');
ok(!signs_in('bob', 'secret'), 'the old password is void at once');
ok(signs_in('bob', 'other'), 'the new one works');

$p->cli_ok('user', 'set', 'bob@example.test', '--services', 'smtp');
ok(!signs_in('bob', 'other'), 'IMAP is off for him');
$p->cli_ok('user', 'set', 'bob@example.test', '--services', 'all');
ok(signs_in('bob', 'other'), 'and on');

$p->add_user('dave');
ok(signs_in('dave', 'secret'), 'a new user');
$p->cli_ok('user', 'delete', 'dave@example.test', '--yes');
ok(!signs_in('dave', 'secret'), 'is gone again');

$p->cli_ok('domain', 'set', 'example.test', '--disabled', 'yes');
ok(!signs_in('alice', 'secret'), 'a disabled domain');
$p->cli_ok('domain', 'set', 'example.test', '--disabled', 'no');
ok(signs_in('alice', 'secret'), 'is ours again');

my $log = $p->nginx()->read_file('postern.log');
unlike($log, qr/secret|other/, 'no password in the log');
