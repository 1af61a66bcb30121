#!/usr/bin/perl

# Reading a body sets \Seen, for all: the other client is told, also by IDLE;
# PEEK and EXAMINE change nothing.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(7)->run();

$p->deliver('alice', "Subject: $_\r\n\r\nbody $_\r\n") for 1 .. 2;

my ($x, $y, $z) = map { $p->imap_login('alice') } 1 .. 3;
$_->command('SELECT INBOX') for $x, $y, $z;
$z->send('i IDLE');
$z->response();

$x->command('FETCH 1 BODY.PEEK[]');
like(scalar $y->command('NOOP'), qr/\Ap\d+ OK/, 'PEEK changes nothing');

like(scalar $x->command('FETCH 1 BODY[]'),
     qr/\)\r\n\* 1 FETCH \(FLAGS \(\\Seen\)\)\r\np\d+ OK/,
     'BODY[] says what it did');
like(scalar $y->command('NOOP'), qr/^\* 1 FETCH \(FLAGS \(\\Seen\)\)\r$/m,
     'the other hears of it');
is($z->response(), "* 1 FETCH (FLAGS (\\Seen))\r\n", 'and the idle one');
unlike(scalar $x->command('FETCH 1 BODY[]'), qr/FLAGS/, 'once');

$y->command('EXAMINE INBOX');
$y->command('FETCH 2 RFC822');
like(scalar $x->command('NOOP'), qr/\Ap\d+ OK/, 'EXAMINE changes nothing');
like(scalar $p->imap_login('alice')->command('STATUS INBOX (UNSEEN)'),
     qr/UNSEEN 1\)/, 'STATUS');
