#!/usr/bin/perl

# Run alone.
#
# stop and quit leave nothing, in time: stop at once; quit lets jobs end;
# parked connections do not hold it up; QUIT, 5 s, TERM leaves nothing after
# 6 s even when a job would go on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use POSIX qw/ WNOHANG /;
use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern::Pool;

plan(tests => 16 + 2 * 5);


sub site {
    my $p = pool();

    $p->run();
    wait_stores(2) or die 'no stores' . $p->log_tail();
    return $p;
}


# Seconds until no process of the test is left; undef: they stay.
sub gone {
    my ($p, $signal, $limit) = @_;
    my $start = time();

    kill $signal, $p->nginx()->master_pid();
    wait_for {; waitpid(-1, WNOHANG); !descendants($$) } $limit or return;

    return time() - $start;
}


{
    my $p = site();
    my @jobs = map { job_start('sleep', ms => 3000) } 1 .. 4;
    sleep(0.2);

    my $took = gone($p, 'TERM', 5);
    ok(defined $took, 'stop with jobs running leaves nothing');
    cmp_ok($took || 9, '<', 2.5, 'and is quick');
}

{
    my $p = site();
    my @jobs = map { job_start('sleep', ms => 3000, slot => $_) } 0 .. 3;
    my @parked = map { job_start('watch', slot => $_) } 1 .. 50;
    my ($out) = map { job_start('park', slot => $_) } 5;
    sleep(0.3);

    my $start = time();
    kill 'QUIT', $p->nginx()->master_pid();

    # idle ones go at once
    my $closed = 0;
    for my $s (@parked, $out) {
        my ($status, $body) = job_end($s, 10);
        $closed++;
    }
    cmp_ok(time() - $start, '<', 2, "quit: $closed parked ones leave first");

    my @status = map { (job_end($_, 10))[0] } @jobs;
    is("@status", '200 200 200 200', 'quit: running jobs end well');

    ok((wait_for {; waitpid(-1, WNOHANG); !descendants($$) } 5),
       'quit: nothing is left');
    cmp_ok(time() - $start, '<', 8, 'quit: as soon as the jobs are done');
}

{
    my $p = site();

    # stock nginx says so of any connection that TERM cuts off after QUIT
    $p->allow_alerts(qr/open socket #\d+ left in connection/, qr/aborting$/);

    my @jobs = map { job_start('sleep', ms => 60000, slot => $_) } 0 .. 3;
    my $slow = job_start('stream', bytes => 100_000_000);
    sleep(0.3);

    my $start = time();
    my $master = $p->nginx()->master_pid();
    kill 'QUIT', $master;
    sleep(5);
    ok(alive($master), 'a job that goes on holds quit');
    kill 'TERM', $master;

    ok((wait_for {; waitpid(-1, WNOHANG); !descendants($$) } 5),
       'QUIT, 5 s, TERM: nothing is left');
    cmp_ok(time() - $start, '<', 6, 'QUIT, 5 s, TERM: within 6 s');
}

{
    # the master itself is killed: workers and stores notice
    my $p = site();
    my @stores = ($p->pids('store'), $p->pids('clerk'));
    my @workers = $p->pids('worker');

    kill 'KILL', $p->nginx()->master_pid();
    ok((wait_for {; waitpid(-1, WNOHANG); !grep { alive($_) } @stores } 10),
       'without a master, stores and clerk leave');
    kill 'KILL', @workers;
    unlink $p->testdir() . '/nginx.pid';
    pass('no master');
}

{
    # USR1: the log is opened anew
    my $p = site();
    my $log = $p->testdir() . '/postern.log';

    rename $log, "$log.1" or die "rename: $!";
    if (defined $p->user()) {
        # as logrotate's "create" does
        open my $f, '>', $log or die "$log: $!";
        close $f;
        chown((getpwnam $p->user())[2], -1, $log);
    }

    kill 'USR1', $p->nginx()->master_pid();
    ok((wait_for { -e $log }), 'USR1: a new log file');

    my @held;
    wait_for {
        @held = grep { defined && m{/(?:error|access)\.log|postern\.log\.1} }
            map { readlink } map { glob "/proc/$_/fd/*" }
            $p->pids('store'), $p->pids('clerk');
        return !@held;
    };
    is("@held", '', 'USR1: no old file is held, and none of nginx');

    my $took = gone($p, 'QUIT', 5);
    ok(defined $took, 'quit of an idle server');
    cmp_ok($took || 9, '<', 1.5, 'is quick');
    ok(-s $log, 'USR1: the new log file is used');
}
