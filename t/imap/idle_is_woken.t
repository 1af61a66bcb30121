#!/usr/bin/perl

# IDLE: mail that is delivered, flags and expunges of another client arrive
# without a question; DONE ends it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw/ time /;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice bob /]);
$p->plan(11)->run();

my ($x, $y) = map { $p->imap_login('alice') } 1 .. 2;
$_->command('SELECT INBOX') for $x, $y;

$x->send('i IDLE');
is($x->response(), "+ idling\r\n", 'IDLE');

my $start = time();
$p->deliver('alice', "Subject: x\r\n\r\nbody\r\n");
is($x->response(), "* 1 EXISTS\r\n", 'delivered');
cmp_ok(time() - $start, '<', 15, 'at once');
is($x->response(), "* 0 RECENT\r\n", 'RECENT');

$y->command('NOOP');
$y->command('STORE 1 +FLAGS (\Flagged)');
is($x->response(), "* 1 FETCH (FLAGS (\\Flagged))\r\n", 'flags');

$p->deliver('bob', "Subject: x\r\n\r\nbody\r\n");
$y->command('STORE 1 +FLAGS.SILENT (\Deleted)');
is($x->response(), "* 1 FETCH (FLAGS (\\Flagged \\Deleted))\r\n",
   'flags, with nothing of bob between');
$y->command('EXPUNGE');
is($x->response(), "* 1 EXPUNGE\r\n", 'EXPUNGE');

$x->send('done');
like($x->response(), qr/^i OK/, 'DONE');
like(scalar $x->command('NOOP'), qr/\Ap\d+ OK/, 'nothing is left to tell');

$x->print("j IDLE\r\nDONE\r\nk NOOP\r\n");
is($x->response(), "+ idling\r\n", 'IDLE, DONE and NOOP in one piece');
like($x->response() . $x->response(), qr/^j OK.*^k OK/ms, 'all answered');
