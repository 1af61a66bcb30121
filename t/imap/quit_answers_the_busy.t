#!/usr/bin/perl

# nginx quits while a client is in the middle of a command: it is answered,
# then told, and the connection ends.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(5)->run();

my ($idle, $busy) = map { $p->imap_login('alice') } 1 .. 2;
$_->command('SELECT INBOX') for $idle, $busy;

# the second is half a command, and has arrived when the first is answered
$busy->print("a NOOP\r\nb NO");
like($busy->response(), qr/^a OK/, 'a command');

kill 'QUIT', $p->nginx()->master_pid();
like($idle->response(), qr/^\* BYE/, 'the worker quits: the idle one is told');

$busy->print("OP\r\n");
like($busy->response(), qr/^b OK/, 'the command is answered');
like($busy->response(), qr/^\* BYE/, 'then BYE');
ok($busy->eof(), 'and the end');
