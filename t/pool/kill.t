#!/usr/bin/perl

# kill -9 of a store with a running and a queued job, of an nginx worker, of
# the clerk, with load running; and a store that cannot start.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Select;
use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern::Pool;

my $p = pool(postern => 'executors 2;')->plan(18);
$p->allow_alerts(qr/exited on signal 9/, qr/cannot start/,
                 qr/ring unowned/);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();


# A store: both executors busy, one job waits behind them.

my $store = job_pid(0);
my @running = map { job_start('sleep', ms => 60000, slot => 0) } 1, 2;
my $queued;

# both run as soon as a third one waits
for (1 .. 20) {
    $queued = job_start('pid', slot => 0);
    last unless IO::Select->new($queued)->can_read(1);
}

my $start = time();
kill 'KILL', $store;

for my $s (@running) {
    my ($status) = job_end($s, 20);
    like($status, qr/^50[023]$/, 'the running job fails with a clear error');
}

cmp_ok(time() - $start, '<', 20, 'and at once');

my ($status, $body) = job_end($queued, 20);
is($status, 200, 'the queued job runs');
chomp $body;
isnt($body, $store, 'in the successor');

# Others are not disturbed, sessions of the dead store are gone.

(undef, my $session) = job('session', slot => 0);
chomp $session;
($status) = job('session_use', session => $session);
is($status, 200, 'a session');

my $load = load_start(2, slot => 1);
sleep(0.3);
kill 'KILL', job_pid(0);

($status) = job('session_use', session => $session);
is($status, 503, 'a session of a dead store is refused');

ok(wait_stores(2), 'the store is back');
my $r = load_stop($load);
is(join('; ', @{ $r->{errors} }), '', 'the other store served all the time');
cmp_ok($r->{ok}, '>', 20, "$r->{ok} requests");


# The clerk.

my ($clerk) = $p->pids('clerk');
kill 'KILL', $clerk;
ok(wait_for { my $now = status_json()->{clerk};
              $now && $now != $clerk && alive($now) },
   'the clerk is respawned');


# A worker with jobs under way: its slot is cleaned, others go on.

my @workers = $p->pids('worker');
my @lost = map { job_start('sleep', ms => 1000) } 1 .. 8;
sleep(0.2);
kill 'KILL', $workers[0];
ok(wait_for { my @now = $p->pids('worker');
              @now == 2 && !grep { $_ == $workers[0] } @now },
   'a killed worker is respawned');
job_end($_, 5) for @lost;

is(scalar(grep { (job('noop'))[0] == 200 } 1 .. 50), 50, 'all serve again');

my $before = status_json();
for (1 .. 12) {
    my ($pid) = $p->pids('worker');
    kill 'KILL', $pid;
    wait_for { my @now = $p->pids('worker');
               @now == 2 && !grep { $_ == $pid } @now };
}
is(scalar(grep { (job('noop'))[0] == 200 } 1 .. 50), 50,
   'and after more deaths than there are slots');


# A store that cannot start backs off and says why.

my $mailbox = $p->root() . '/mailbox';
rmdir $mailbox or die "rmdir: $!";
open my $f, '>', $mailbox or die "$mailbox: $!";
close $f;

my $since = length $p->nginx()->read_file('error.log');
kill 'KILL', job_pid(0);

ok(wait_for { substr($p->nginx()->read_file('error.log'), $since)
              =~ /store 0 cannot start: "\S+mailbox" cannot be used/ },
   'a store that cannot start says why');

sleep(2);
my @starts = substr($p->nginx()->read_file('error.log'), $since)
    =~ /start postern store 0/g;
cmp_ok(scalar @starts, '<=', 2, 'and backs off');

unlink $mailbox;
ok(wait_stores(2, 30), 'it starts when the cause is gone');
is((job('noop', slot => 0))[0], 200, 'and serves');
