#!/usr/bin/perl

# kill -9 of the store process that holds an IMAP session, in IDLE and between
# commands: the client is told BYE, at its next command at the latest, signs in
# again, and what was acknowledged is there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw/ time /;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /], postern => 'workers 1;');
$p->plan(17)->run();
$p->allow_alerts(qr/exited on signal 9/);

my $text = "Subject: kept\r\n\r\nacknowledged\r\n";

for my $round (1 .. 3) {
    my ($idle, $quiet, $writer) = map { $p->imap_login('alice') } 1 .. 3;
    $_->timeout(10) for $idle, $quiet, $writer;
    $_->command('SELECT INBOX') for $idle, $quiet;

    $idle->send('i IDLE');
    is($idle->response(), "+ idling\r\n", 'IDLE');

    my ($store) = $p->pids('store');
    like(scalar $writer->command('APPEND INBOX {' . length($text) . '}', $text),
         qr/OK \[APPENDUID/, 'APPEND is acknowledged');
    kill 'KILL', $store;

    my $all = '';
    while (defined(my $line = $idle->response())) {
        $all .= $line;
        last if $line =~ /^\* BYE/;
    }
    like($all, qr/^\* BYE/m, 'the client in IDLE is told');

    my $reply = $quiet->command('NOOP');
    like($reply || '', qr/^\* BYE/m, 'the quiet one with its next command');

    my $again;
    wait_for {; $again = eval { $p->imap_login('alice') } } 10;
    $again->timeout(10);
    $again->command('SELECT INBOX');
    is(scalar(() = ($again->command('FETCH 1:* BODY.PEEK[]') || '')
                   =~ /acknowledged/g),
       $round, 'it is there, once');
}

ok((wait_for {; scalar(() = $p->pids('store')) == 1 } 5), 'one store serves');
like($p->nginx()->read_file('error.log'), qr/exited on signal 9/,
     'and nginx says what happened');
