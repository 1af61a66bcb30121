#!/usr/bin/perl

# Connect makes a context, Disconnect ends it; whom UserDn may name.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(mail => 1,
    users => [qw/ alice bob /]));

$p->plan(31)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
my $r = $m->connect();

is($r->{status}, 200, 'Connect');
is($r->{code}, 0, 'X-ResponseCode');
is($r->{status_code}, 0, 'StatusCode');
is($r->{error}, 0, 'ErrorCode');
is(join(' ', @{ $r->{tags} }), 'PROCESSING DONE', 'meta-tags');
like($r->{extra}{'x-elapsedtime'}, qr/^\d+$/, 'X-ElapsedTime');
like($r->{extra}{'x-starttime'},
     qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'X-StartTime');
is($r->{head}{'content-type'}, 'application/mapi-http', 'Content-Type');
is($r->{head}{'x-requestid'}, $m->{sent}{'X-RequestId'}, 'X-RequestId');
is($r->{head}{'x-requesttype'}, 'Connect', 'X-RequestType');
is($r->{head}{'x-clientinfo'}, $m->{sent}{'X-ClientInfo'}, 'X-ClientInfo');
like($r->{head}{'x-serverapplication'}, qr{^Exchange/15\.\d\d\.\d{4}\.\d{3}$},
     'X-ServerApplication');
is($r->{head}{'x-expirationinfo'}, 900000, 'X-ExpirationInfo');
is($r->{head}{'x-pendingperiod'}, 15000, 'X-PendingPeriod');
is(join(' ', sort keys %{ $r->{cookies} }), 'MapiContext MapiSequence',
   'the cookies of the context');
is($r->{aux}, '', 'no auxiliary buffer');
ok($r->{polls_max} > 0 && $r->{retry_count} > 0 && $r->{retry_delay} > 0,
   'what a client is to do');

my %old = %{ $m->{cookies} };

$r = $m->request('PING', '');
is($r->{code}, 0, 'PING with the context');
is($r->{body}, '', 'has no body');

$r = $m->disconnect();
is($r->{code}, 0, 'Disconnect');
is($r->{error}, 0, 'ErrorCode of Disconnect');
is($r->{cookies}{MapiContext}, $old{MapiContext}, 'the cookies once more');

$r = $m->request('PING', '', cookies => \%old);
is($r->{code}, 10, 'the context is gone');

# Others, nobody, no name.

my $n = Test::Postern::MAPI->new($p, 'alice');

is($n->connect(dn => $n->dn_of('bob'))->{error}, 0x80070005,
   'ecAccessDenied for the mailbox of another');
is_deeply($n->{cookies}, {}, 'and no context');
is($n->connect(dn => '')->{error}, 0x80070005, 'ecAccessDenied for no name');
is($n->connect(dn => '/o=x/cn=Recipients/cn=alice')->{error}, 0x3eb,
   'ecUnknownUser for a name that is not ours');
(my $unknown = $n->{dn}) =~ s/cn=[0-9a-f]{8}/cn=00000000/;
is($n->connect(dn => $unknown)->{error}, 0x3eb, 'ecUnknownUser for nobody');
is($n->connect(flags => 1)->{error}, 0x3f2,
   'ecLoginPerm for who wants to be administrator');

# A client that connects anew names its old context, which is destroyed.

$m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
%old = %{ $m->{cookies} };
$m->connect();
isnt($m->{cookies}{MapiContext}, $old{MapiContext}, 'another context');
ok(wait_for { $m->request('PING', '', cookies => \%old)->{code} == 10 },
   'the old one is gone');
