#!/usr/bin/perl

# Four LMTP clients at once, into one mailbox and into several: each 250 is a
# message, each message is there once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use POSIX ();
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice bob /]);
$p->plan(5)->run();

my ($streams, $each) = (4, 50);
my @pids;

for my $s (1 .. $streams) {
    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        my $lmtp = $p->lmtp();
        my $bad = 0;

        $lmtp->timeout(60);
        $lmtp->read();
        $lmtp->command('LHLO test');

        for my $n (1 .. $each) {
            my $to = $n % 5 == 0 ? [ 'alice@example.test', 'bob@example.test' ]
                                 : 'alice@example.test';
            my @r = $lmtp->message('s@other.test', $to,
                                   "Subject: $s-$n\r\n\r\n" . "x" x 1000
                                   . "\r\n", lmtp => 1);
            my @end = splice @r, -(ref $to ? 2 : 1);
            $bad += grep { ($_ || "") !~ m{^250 } } @end;
            last if $bad;
        }

        POSIX::_exit($bad > 255 ? 255 : $bad);
    }

    push @pids, $pid;
}

my $bad = 0;
for my $pid (@pids) {
    waitpid($pid, 0);
    $bad++ if $?;
}
is($bad, 0, 'all were answered with 250');

for my $who (qw/ alice bob /) {
    my $imap = $p->imap_login($who);
    $imap->timeout(30);
    $imap->command('SELECT INBOX');

    my $all = $imap->command('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    my %seen;
    $seen{$1}++ while $all =~ /^Subject: (\d+-\d+)\r$/mg;

    my $want = $streams * ($who eq 'alice' ? $each : $each / 5);
    is(scalar keys %seen, $want, "$who has all");
    is(scalar(grep { $_ != 1 } values %seen), 0, "$who has each once");
}
