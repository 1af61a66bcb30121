#!/usr/bin/perl

# A literal above the limit is refused before it is sent; one that does not
# wait for the answer ends the connection (RFC 7888 4).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /],
                           postern => 'message_max 100k;');
$p->plan(6)->run();

my $imap = $p->imap_login('alice');

unlike(my $reply = $imap->command('APPEND INBOX {200000}'), qr/^\+/m,
       'no go-ahead');
like($reply, qr/^p\d+ NO \[TOOBIG\]/m, 'NO with the tag');
like(scalar $imap->command('NOOP'), qr/^p\d+ OK/m, 'the connection lives');

$imap->print("x APPEND INBOX {200000+}\r\n");
like($imap->response(), qr/^\* BYE \[TOOBIG\]/, 'LITERAL+: BYE');
is($imap->response(), undef, 'closed');

$imap = $p->imap();
$imap->response();
$imap->print('x LOGIN ' . 'a' x 20000);
like($imap->response(), qr/^\* BYE \[TOOBIG\]/, 'an endless line');
