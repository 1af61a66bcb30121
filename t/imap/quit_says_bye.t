#!/usr/bin/perl

# Run alone.
#
# SIGQUIT with 100 IMAP clients, a quarter of them in IDLE: each is told BYE
# within a second, and no process is left.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw/ time /;
use Test::Postern;
use Test::Postern::Watch qw/ descendants /;

use constant CLIENTS => 100;

my $p = Test::Postern->new(users => [qw/ alice bob /],
                           postern => 'clear_text_auth on;');
$p->plan(5)->run();

my (@clients, $idle);

for my $i (1 .. CLIENTS) {
    my $imap = $p->imap();

    $imap->login($p->address($i % 2 ? 'alice' : 'bob'), 'secret')
        or die 'login';
    $imap->command('SELECT INBOX') if $i % 4 > 1;

    if ($i % 4 == 3) {
        $imap->send('i IDLE');
        $idle++ if ($imap->response() || '') =~ /^\+/;
    }

    push @clients, $imap;
}

is(scalar @clients, CLIENTS, 'clients');
is($idle, CLIENTS / 4, 'in IDLE');

my $start = time();
my ($bye, $last) = (0, 0);

kill 'QUIT', $p->nginx()->master_pid();

for my $imap (@clients) {
    $imap->timeout(5);
    while (defined(my $line = $imap->response())) {
        next unless $line =~ /^\* BYE/;
        $bye++;
        $last = time() - $start;
        last;
    }
}

is($bye, CLIENTS, 'each is told BYE');
cmp_ok($last, '<', 1, sprintf 'the last after %.3f s', $last);

my $gone = wait_for {;
    waitpid -1, 1;
    return !descendants($$);
} 6;
ok($gone, sprintf 'nothing is left after %.3f s', time() - $start);
