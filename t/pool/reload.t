#!/usr/bin/perl

# Reload under load.  Unchanged postern {}: stores, clerk and sessions stay.
# Changed: new processes take over, and no request fails.  So for more stores
# and for fewer.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::Pool;

my $p = pool()->plan(23);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();


sub workers_gone {
    my (@old) = @_;

    return wait_for { !grep { alive($_) } @old } 15;
}


sub reload {
    my @old = $p->pids('worker');

    $p->nginx()->reload();
    workers_gone(@old) or diag('old workers stay');
}


# Unchanged, while a session is open and a job is under way.

my @stores = ($p->pids('store'), $p->pids('clerk'));
my (undef, $session) = job('session', slot => 1);
chomp $session;
like($session, qr/^[0-9a-f]{32}$/, 'a session');

my $load = load_start(2);
my $long = job_start('sleep', ms => 2000, slot => 0);

for (1 .. 5) {
    $p->nginx()->reload();
    select undef, undef, undef, 0.15;
}

my ($status) = job_end($long);
is($status, 200, 'unchanged: the job under way ends well');

reload();
my $r = load_stop($load);

is(join('; ', @{ $r->{errors} }), '', 'unchanged: no request fails');
cmp_ok($r->{ok}, '>', 100, "unchanged: $r->{ok} requests meanwhile");
is(join(' ', $p->pids('store'), $p->pids('clerk')), "@stores",
   'unchanged: stores and clerk keep their pids');

($status, my $body) = job('session_use', session => $session);
is($status, 200, 'unchanged: the session lives');
like($body, qr/^1 /, 'unchanged: with its state');

# A respawn after such a reload works, too.

$p->allow_alerts(qr/postern store \d+ \d+ exited on signal 9/);
kill 'KILL', $stores[0];
ok(wait_for { my @now = $p->pids('store');
              @now == 2 && !grep { $_ == $stores[0] } @now },
   'unchanged: a killed store is respawned');
wait_stores(2);

# Changed.

for my $case ([ 'another limit', 2, 'rcpt_max 77;' ],
              [ 'more stores', 4, 'workers 4;' ],
              [ 'fewer stores', 1, 'workers 1;' ])
{
    my ($name, $n, $line) = @$case;
    my @before = ($p->pids('store'), $p->pids('clerk'));

    $load = load_start(2);
    $long = job_start('sleep', ms => 1000, slot => 0);
    select undef, undef, undef, 0.1;

    $p->write_conf(postern => "debug_jobs on;\n$line");
    reload();

    ($status) = job_end($long);
    is($status, 200, "$name: the job under way ends well");
    ok(wait_stores($n), "$name: $n stores");
    ok(wait_for { !grep { alive($_) } @before }, "$name: the old ones left");

    $r = load_stop($load);
    is(join('; ', @{ $r->{errors} }), '', "$name: no request fails");
    is(scalar(@{[ $p->pids('store') ]}), $n, "$name: $n processes");
}
