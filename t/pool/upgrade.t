#!/usr/bin/perl

# Two masters: USR2 then QUIT of the old one, with load; USR2, WINCH and then
# HUP of the old one (rollback) leaves it without stores, which is noticed and
# logged with what to do.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use POSIX qw/ WNOHANG /;
use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern::Pool;

plan(tests => 16 + 2 * 2);


sub stores_are {
    my ($p, $n) = @_;

    return wait_for { my @now = $p->pids('store'); @now == $n };
}


sub left {
    my ($pid) = @_;

    return wait_for { my $gone = waitpid($pid, WNOHANG); !alive($pid) } 10;
}


sub logged {
    my ($p, $re) = @_;

    return wait_for { my $log = $p->nginx()->read_file('error.log');
                      $log =~ $re } 15;
}


# The second master needs a while to write its file.
sub upgrade {
    my ($p, $old) = @_;

    kill 'USR2', $old;

    return wait_for {
        my $new = eval { $p->nginx()->read_file('nginx.pid') } || '';
        $new =~ /(\d+)/ && $1 != $old ? $1 : 0;
    } 10;
}


{
    my $p = pool(daemon => 1);
    $p->run();
    wait_stores(2) or die 'no stores' . $p->log_tail();

    my $old = $p->nginx()->master_pid();
    my @stores = ($p->pids('store'), $p->pids('clerk'));
    my $load = load_start(2);
    sleep(0.3);

    my $new = upgrade($p, $old);
    ok($new, 'USR2: a second master');
    ok(stores_are($p, 4), 'USR2: with stores of its own');
    ok(!(grep { !alive($_) } @stores), 'USR2: the old stores live');

    kill 'QUIT', $old;
    ok(left($old), 'QUIT: the old master leaves');
    ok(!(grep { alive($_) } @stores), 'QUIT: with its stores');
    ok(wait_stores(2), 'QUIT: the new stores serve');

    my $r = load_stop($load);
    is(join('; ', @{ $r->{errors} }), '', 'no request fails');
    cmp_ok($r->{ok}, '>', 20, "$r->{ok} requests meanwhile");
    is((job('noop'))[0], 200, 'a job in the new world');
}

{
    my $p = pool(daemon => 1);
    $p->allow_alerts(qr/ring unowned/);
    $p->run();
    wait_stores(2) or die 'no stores' . $p->log_tail();

    my $old = $p->nginx()->master_pid();
    my $new = upgrade($p, $old);
    ok($new, 'rollback: a second master');

    # a store that has not left yet when HUP comes is one that nothing misses

    stores_are($p, 4);
    kill 'WINCH', $old;
    wait_for { my @now = $p->pids('worker'); @now == 2 } 10;
    ok(stores_are($p, 2), 'rollback: WINCH: the old stores leave');

    kill 'HUP', $old;
    wait_for { my @now = $p->pids('worker'); @now == 4 } 10;
    kill 'QUIT', $new;
    ok(left($new), 'rollback: the new master leaves');

    ok(logged($p, qr/ring unowned: .* master \(pid $old\) one more HUP/),
       'rollback: the missing stores are noticed and logged');
    is((job('noop'))[0], 503, 'rollback: a job is refused, not lost');

    kill 'HUP', $old;
    ok(wait_stores(2, 15), 'rollback: one more HUP brings the stores back');
    is((job('noop'))[0], 200, 'rollback: a job is served');

    # nginx.pid is the old master's again
}
