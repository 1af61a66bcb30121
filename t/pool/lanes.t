#!/usr/bin/perl

# Run alone.
#
# 20 clients with wrong passwords, jobs of the net lane that never get an
# answer, and a 10 s bulk job leave a no-op of the same slot within 5 ms of
# its usual p99.
#
# Windows with the load and without it take turns, and the medians of their
# p99s are compared: what else runs on the machine comes to both, and one bad
# moment to neither.  Where other programs want the processors, windows
# without the load differ among themselves; no difference below that is
# the load's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw/ time /;
use Test::Postern::Pool;

use constant { ROUNDS => 5, SAMPLES => 400 };

my $p = pool(workers => 1)->plan(8);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();

my $slot = 3;


# The p99 of no-ops, one after the other, 5 ms apart.
sub window {
    my ($n, $errors) = @_;
    my @ms;

    for (1 .. $n) {
        my $start = time();
        my ($status, $body) = job('noop', slot => $slot, seconds => 15);

        if ($status == 200) {
            push @ms, (time() - $start) * 1000;
        } else {
            $errors->{"$status " . substr($body, 0, 60)}++;
        }

        select undef, undef, undef, 0.005;
    }

    return percentile(\@ms, 99);
}


sub median {
    my @sorted = sort { $a <=> $b } @_;

    return $sorted[@sorted / 2];
}


# Threads of the store that give way to the others: nice, or SCHED_BATCH.
sub low {
    my $pid = job_pid($slot);
    my ($n, @nice) = 0;

    for my $path (glob "/proc/$pid/task/*/stat") {
        open my $f, '<', $path or next;
        my @field = split ' ', <$f> =~ s/.*\) //r;
        push @nice, $field[16];
        $n++ if $field[38] == 3;
    }

    my ($usual) = sort { $a <=> $b } @nice;
    return $n + grep { $_ > $usual } @nice;
}


my (%errors, @alone, @beside, $ran, $status);
my ($refused, $let_in) = (0, 0);

my $bulk = job_start('bulk', ms => 20000, slot => $slot);
ok((wait_for { return low() == 1 } 10), 'a bulk job runs at a low priority');
close $bulk;
ok((wait_for { return low() == 0 } 10), 'and its thread not any more afterwards');

window(SAMPLES, \%errors);

for my $round (1 .. ROUNDS) {
    push @alone, window(SAMPLES, \%errors);

    my $start = time();
    $bulk = job_start('bulk', ms => 10000, slot => $slot);
    my @net = map { job_start('sleep_net', ms => 30000, slot => $slot) } 1 .. 4;

    my $auth = load_start(20, job => 'auth', slot => $slot, pause => 0.2);

    window(20, \%errors);
    push @beside, window(SAMPLES, \%errors);

    my $wrong = load_stop($auth);
    $let_in += $wrong->{ok};
    for my $error (@{ $wrong->{errors} }) {
        $refused += $1 if $error =~ /^(\d+) (?:401|429|503) /;
    }

    # one runs to its end, the others end with their client

    if ($round == ROUNDS) {
        ($status) = job_end($bulk, 60);
        $ran = time() - $start;
    }

    close $_ for @net, $bulk;
}

is(join('; ', keys %errors), '', 'no no-op fails');
is($status, 200, 'the bulk job ends well');
cmp_ok($ran, '>', 9, 'it ran all the time');
cmp_ok($refused, '>', 20, "$refused wrong passwords were answered");
is($let_in, 0, 'none was let in');

diag(sprintf 'p99 in ms, alone: %s; beside: %s',
     map { join ' ', map { sprintf '%.2f', $_ } @$_ } \@alone, \@beside)
    if $ENV{TEST_NGINX_VERBOSE};

# with sanitizers all is slower by its nature
my $limit = ($ENV{POSTERN_FLAVOUR} || '') eq 'asan' ? 50 : 5;

my $noise = (sort { $b <=> $a } @alone)[0] - median(@alone);

cmp_ok(median(@beside) - median(@alone), '<', $limit + $noise,
       sprintf 'p99 of a no-op: %.2f ms alone (%.2f ms more at most), '
               . '%.2f ms beside them',
               median(@alone), $noise, median(@beside));
