#!/usr/bin/perl

# A reload says BYE to who is idle; who is in the middle of an APPEND finishes
# it first.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(4)->run();

my $idle = $p->imap_login('alice');
my $imap = $p->imap_login('alice');

my $body = "x: y\r\n\r\n" . "line\r\n" x 20_000;
$imap->print('1 APPEND INBOX {' . length($body) . "}\r\n");
like($imap->response(), qr/^\+/, 'go on');
$imap->print(substr $body, 0, 70_000);

$p->nginx()->reload();
like($idle->response(), qr/^\* BYE/, 'the idle one is told');

$imap->print(substr($body, 70_000, 10_000));
$imap->print(substr($body, 80_000) . "\r\n");
like($imap->response(), qr/^1 OK \[APPENDUID/, 'the other one finishes');
like($imap->response(), qr/^\* BYE/, 'and is told then');
