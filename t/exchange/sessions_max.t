#!/usr/bin/perl

# sessions_max counts IMAP connections, MAPI contexts and EWS streams of one
# user together; each protocol refuses one more in its own way, and the end of
# one makes room.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;

my $p = ews_site(users => [qw/ alice bob /], postern => "workers 2;\n"
                 . "clear_text_auth on;\nsessions_max 3;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(11)->run();

my $ews = Test::Postern::EWS->new('alice');
my $id = $ews->subscribe('inbox')->get('m:SubscriptionId');
my $stream = $ews->stream($id);
is($stream->events()->get('m:ConnectionStatus'), 'OK', 'one: a stream');

my $imap = $p->imap_login('alice');
ok($imap, 'two: IMAP');

my $m = Test::Postern::MAPI->new($p, 'alice');
is($m->connect()->{error}, 0, 'three: a MAPI context');

my $more = Test::Postern::MAPI->new($p, 'alice');
my $r = $more->connect();
is($r->{code}, 0, 'a fourth is answered');
is($r->{error}, 0x80040112, 'TooManySessions');
is($m->logon()->{error}, 0, 'who was in stays in');

my $other = $ews->stream($ews->subscribe('drafts')->get('m:SubscriptionId'));
is($other->events()->code, 'ErrorExceededConnectionCount',
   'nor another stream');
is(Test::Postern::MAPI->new($p, 'bob')->connect()->{error}, 0,
   'others are not counted');

$m->disconnect();
is($more->connect()->{error}, 0, 'Disconnect makes room');

my $third = Test::Postern::MAPI->new($p, 'alice');
is($third->connect()->{error}, 0x80040112, 'for one');
$imap->command('LOGOUT');
ok((wait_for {; $third->connect()->{error} == 0 } 10), 'LOGOUT too');
