#!/usr/bin/perl

# What is not a request of MAPI/HTTP has its X-ResponseCode, and what is not
# signed in gets no further.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    postern => 'mapi_server_application "Exchange/15.20.0001.002";',
    users => [qw/ alice /]));

$p->plan(40)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
my $body = $m->connect_body();
my $r;

$r = $m->request('Connect', $body, headers => { Authorization => undef });
is($r->{status}, 401, 'nobody');
like($r->{head}{'www-authenticate'}, qr/^Basic /, 'is asked who he is');
$r = $m->request('Connect', $body, headers => { Authorization => 'Basic eDp5' });
is($r->{status}, 401, 'nor anybody');

for my $case (
    [ 2, 'Invalid Verb', method => 'GET' ],
    [ 7, 'Missing Header', headers => { 'X-RequestType' => undef } ],
    [ 7, 'Missing Header', headers => { 'X-RequestId' => undef } ],
    [ 7, 'Missing Header', headers => { 'Content-Type' => undef } ],
    [ 4, 'Invalid Header', headers => { 'Content-Type' => 'text/xml' } ],
    [ 4, 'Invalid Header', headers => { 'X-RequestId' => 'x' x 1000 } ],
    [ 5, 'Invalid Request Type', headers => { 'X-RequestType' => 'Bind' } ],
    [ 5, 'Invalid Request Type', headers => { 'X-RequestType' => 'Conn' } ])
{
    my ($code, $text, @args) = @$case;
    $r = $m->request('Connect', $case->[2] eq 'method' ? '' : $body, @args);
    is($r->{status}, 200, "$text is answered");
    is($r->{code}, $code, "with its code");
    like($r->{raw}, qr/\Q$text\E/, 'and words');
}

is($r->{head}{'x-serverapplication'}, 'Exchange/15.20.0001.002',
   'as whom the configuration says');

# Bodies: every truncation of Connect, and one byte more.

my @bad = grep { $m->request('Connect', substr $body, 0, $_)->{code} != 12 }
    0 .. length($body) - 1;
is("@bad", '', 'truncated bodies of Connect');
is($m->request('Connect', $body . 'x')->{code}, 12, 'a longer one');
is($m->request('Connect', pack('Z* V V V V V', 'x', 0, 0, 0, 0,
                               0xffffffff))->{code}, 12,
   'an auxiliary buffer of 4 GB');

is($m->connect(aux => 'x' x 4)->{status_code}, 0x80040115,
   'ecRpcFailed: half an auxiliary header');
is($m->connect(aux => 'x' x 8192)->{status_code}, 0x6f7,
   'RPC_X_BAD_STUB_DATA: one too large');

# Execute

$m->connect();
my @limits = ([ max => 7 ], [ raw => 'x' x 7 ]);
is($m->execute([ [ '' ] ], @$_)->{error}, 0x80040115, "ecRpcFailed: $_->[0]")
    for @limits;
is($m->execute([ [ '' ] ], max => 0x40001)->{status_code}, 0x6f7,
   'MaxRopOut too large');
is($m->execute([ [ '' ] ], raw => "\0" x 0x40001)->{status_code}, 0x6f7,
   'a ROP buffer too large');
is($m->request('Execute', 'abc')->{code}, 12, 'no Execute');
is($m->execute([ [ '' ] ])->{code}, 0, 'the context goes on');
is($m->request('Disconnect', 'abc')->{code}, 12, 'no Disconnect');
