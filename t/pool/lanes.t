#!/usr/bin/perl

# Run alone.
#
# 20 clients with wrong passwords, jobs of the net lane that never get an
# answer, and a 10 s bulk job leave a no-op of the same slot within 5 ms of
# its usual p99.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern::Pool;

my $p = pool(workers => 1)->plan(7);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();


sub measure {
    my ($seconds) = @_;
    my $load = load_start(1, slot => 3, pause => 0.005);

    sleep($seconds);
    return load_stop($load);
}


measure(1);
my $usual = measure(4);
is(join('; ', @{ $usual->{errors} }), '', 'no-ops alone: no error');

my $auth = load_start(20, job => 'auth', slot => 3, pause => 0.2);
my $bulk = job_start('bulk', ms => 10000, slot => 3);
my @net = map { job_start('sleep_net', ms => 30000, slot => 3) } 1 .. 4;
sleep(0.5);

my $start = time();
my $busy = measure(6);
my ($status) = job_end($bulk, 20);

my $wrong = load_stop($auth);
close $_ for @net;

is(join('; ', @{ $busy->{errors} }), '', 'beside them: no error');
is($status, 200, 'the bulk job ends well');
cmp_ok(time() - $start, '>', 5, 'it ran all the time');

my $refused = 0;
for my $error (@{ $wrong->{errors} }) {
    $refused += $1 if $error =~ /^(\d+) (?:401|429|503) /;
}
cmp_ok($refused, '>', 20, "$refused wrong passwords were answered");
is($wrong->{ok}, 0, 'none was let in');

my ($a, $b) = map { percentile($_->{ms}, 99) } $usual, $busy;
cmp_ok($b - $a, '<', 5,
       sprintf 'p99 of a no-op: %.2f ms alone, %.2f ms beside them', $a, $b);
