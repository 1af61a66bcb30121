#!/usr/bin/perl

# Run alone.
#
# 20 clients with wrong passwords, a relay that never answers and a 10 s bulk
# job together leave a no-op of the same mailbox within 5 ms of its usual p99.
#
# All in one store process with two executors.  The no-op is IMAP's, in alice's
# selected INBOX; the clients sign in over IMAP, each time as somebody else, so
# that no throttle spares the hash; the relay accepts what the clerk sends to
# it and keeps silent, with more mail in the queue than the clerk has
# deliveries at a time.  On top come jobs of the net lane without an answer, and
# a second bulk job, that must wait for the first.
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

use IO::Select;
use IO::Socket::INET;
use POSIX qw/ _exit /;
use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern::Pool;

use constant { ROUNDS => 5, SAMPLES => 400, CLIENTS => 20, MAILS => 24 };

my $relay = IO::Socket::INET->new(LocalAddr => '127.0.0.1:' . port(8125),
                                  Listen => 64, ReuseAddr => 1)
    or die "listen: $!";

my $p = pool(workers => 1, mail => 1, setup => 1, users => [qw/ alice /],
             postern => "workers 1;\nclear_text_auth on;\n"
                        . 'relay 127.0.0.1:' . port(8125) . ';')->plan(11);
$p->run();
wait_stores(1) or die 'no stores' . $p->log_tail();

my $slot = 3;
my $imap = $p->imap();
$imap->login('alice@example.test', 'secret') or die 'no IMAP';
$imap->command('SELECT INBOX');


# Whoever delivers to the relay is accepted, and hears nothing.
my @silent;

sub accepted {
    while (IO::Select->new($relay)->can_read(0)) {
        push @silent, scalar $relay->accept();
    }
    return scalar @silent;
}

my $smtp = $p->submission('alice');
for my $n (1 .. MAILS) {
    my @replies = $smtp->message('alice@example.test', "x$n\@other.test",
                                 "Subject: $n\r\n\r\nx\r\n");
    die "@replies" unless $replies[-1] =~ /^250/;
}
$smtp->command('QUIT');

ok((wait_for { accepted() } 10), 'the relay has accepted a delivery');


# The p99 of no-ops, one after the other, 5 ms apart.
sub window {
    my ($n, $errors) = @_;
    my $until = time() + 20;        # where lanes are broken: seen enough
    my @ms;

    $imap->timeout(15);

    for (1 .. $n) {
        my $start = time();
        last if $start > $until;

        my $reply = $imap->command('NOOP');

        my $ms = (time() - $start) * 1000;

        if ($reply !~ /^p\d+ OK/m) {
            $errors->{substr $reply || 'no answer', 0, 60}++;
        } elsif ($ms > 3000) {
            $errors->{'one waited for others to end'}++;
        } else {
            push @ms, $ms;
        }

        select undef, undef, undef, 0.005;
    }

    return percentile(\@ms, 99);
}


sub median {
    my @sorted = sort { $a <=> $b } @_;

    return $sorted[@sorted / 2];
}


# `n` clients that try passwords until they are told to stop; what they heard
# comes back by a pipe.
sub guess_start {
    my ($n) = @_;
    my @guess;

    for my $i (1 .. $n) {
        pipe my $r, my $w or die "pipe: $!";
        my $pid = fork();
        die "fork: $!" unless defined $pid;

        if ($pid == 0) {
            close $r;
            guess_run($i, $w);
            _exit(0);
        }

        close $w;
        push @guess, { pid => $pid, pipe => $r };
    }

    return \@guess;
}


sub guess_run {
    my ($i, $w) = @_;
    my ($stop, $tries, %heard) = (0, 0);

    $SIG{TERM} = sub { $stop = 1 };
    $SIG{PIPE} = 'IGNORE';

    while (!$stop) {
        my $client = eval { $p->imap() } or next;
        $client->timeout(15)->response();

        for (1 .. 4) {
            last if $stop;
            $tries++;
            my $reply = $client->command(
                "LOGIN u$i.$$.$tries\@example.test wrong");
            $heard{$1}++ if $reply =~ /^p\d+ (OK|NO \[[A-Z]+\])/m;
            sleep(0.2);
        }
    }

    print $w map { "$heard{$_} $_\n" } keys %heard;
    close $w;
}


sub guess_stop {
    my ($guess) = @_;
    my %heard;

    kill 'TERM', $_->{pid} for @$guess;

    for my $g (@$guess) {
        my $pipe = $g->{pipe};
        while (my $line = <$pipe>) {
            $heard{$2} += $1 if $line =~ /^(\d+) (.*)/;
        }
        waitpid $g->{pid}, 0;
    }

    return \%heard;
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
my ($refused, $hashed, $let_in) = (0, 0, 0);

my $low = low();        # the thread of sign-ins

my $bulk = job_start('bulk', ms => 20000, slot => $slot);
ok((wait_for { return low() == $low + 1 } 10),
   'a bulk job runs at a low priority');
close $bulk;
ok((wait_for { return low() == $low } 10),
   'and its thread not any more afterwards');

window(SAMPLES, \%errors);

for my $round (1 .. ROUNDS) {
    push @alone, window(SAMPLES, \%errors);

    my $start = time();
    $bulk = job_start('bulk', ms => 10000, slot => $slot);
    my $more = job_start('bulk', ms => 10000, slot => $slot);
    my @net = map { job_start('sleep_net', ms => 30000, slot => $slot) } 1 .. 4;

    my $auth = guess_start(CLIENTS);

    window(20, \%errors);
    push @beside, window(SAMPLES, \%errors);

    my $heard = guess_stop($auth);
    $let_in += $heard->{OK} || 0;
    $refused += $heard->{$_} for grep { /^NO/ } keys %$heard;
    $hashed += $heard->{'NO [AUTHENTICATIONFAILED]'} || 0;

    # what is broken shows at once

    my $enough = $round == ROUNDS || %errors || ($beside[-1] || 0) > 1000;

    # one runs to its end, the others end with their client

    if ($enough) {
        ($status) = job_end($bulk, 60);
        $ran = time() - $start;
    }

    close $_ for @net, $more, $bulk;
    last if $enough;
}

is(join('; ', keys %errors), '', 'no no-op fails');
is($status, 200, 'the bulk job ends well');
cmp_ok($ran, '>', 9, 'it ran all the time');
cmp_ok($hashed, '>', ROUNDS * CLIENTS, "of $refused wrong passwords $hashed"
       . ' were looked at');
is($let_in, 0, 'none was let in');

# The relay is silent still: nothing was delivered, refused or given up.
my @closed = grep { IO::Select->new($_)->can_read(0) } @silent;
is(scalar @closed, 0, accepted() . ' deliveries wait for the relay');
my (undef, $queue) = $p->cli('queue', 'list', '--json');
is(scalar(() = $queue =~ /\bx\d+\@other\.test/g), MAILS,
   'and all the mail is in the queue');

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
