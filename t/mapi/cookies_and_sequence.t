#!/usr/bin/perl

# Every answer repeats all cookies of the context; requests are numbered, and
# what comes with another number is refused; a context is its user's alone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice bob /], workers => 1));

$p->plan(34)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();

my $context = $m->{cookies}{MapiContext};
my $number = $m->{cookies}{MapiSequence};

for my $i (1 .. 3) {
    my $r = $m->execute([ [ '' ] ]);
    is($r->{code}, 0, "Execute $i");
    is($r->{error}, 0, 'ErrorCode');
    is($r->{cookies}{MapiContext}, $context, 'the context');
    isnt($r->{cookies}{MapiSequence}, $number, 'the number moves');
    $number = $r->{cookies}{MapiSequence};
}

my $r = $m->request('PING', '');
is($r->{cookies}{MapiContext}, $context, 'PING repeats the context');
is($r->{cookies}{MapiSequence}, $number, 'and the number, which stays');

# A number that was used, one of the future, none, no number at all.

my $body = $m->execute_body('');

for my $bad ($number - 1, $number + 1) {
    $r = $m->request('Execute', $body, cookies => {
        MapiContext => $context, MapiSequence => $bad });
    is($r->{code}, 15, 'Invalid Sequence');
    like($r->{head}{'content-type'}, qr{^text/html}, 'in words');
}

$r = $m->request('Execute', $body, cookies => { MapiContext => $context });
is($r->{code}, 13, 'Missing Cookie: the number');

$r = $m->request('Execute', $body, cookies => {
    MapiContext => $context, MapiSequence => 'x' });
is($r->{code}, 6, 'Invalid Context Cookie: it is no number');

is($m->execute([ [ '' ] ])->{code}, 0, 'none of this moved it');
$number = $m->{cookies}{MapiSequence};

# Two at a time: the second one comes with the number of the first.

my @c = map { $m->open_socket() } 1, 2;
$m->send_request($_, 'Execute', $body) for @c;
my @codes = sort map { $m->read_response($_)->{code} } @c;
is("@codes", '0 15', 'of two simultaneous requests one is refused');

$m->{cookies}{MapiSequence} = $number + 1;
is($m->execute([ [ '' ] ])->{code}, 0, 'the other one counted');

# A NotificationWait beside them: its cookies may come late.

my $w = $m->wait_start();
is($w->{code}, 0, 'NotificationWait');
my %late = %{ $w->{cookies} };
is($m->execute([ [ '' ] ])->{code}, 0, 'Execute beside it');
$m->{cookies} = { %late };
is($m->execute([ [ '' ] ])->{code}, 0, 'with the cookies of its answer');
is($m->request('Execute', $body, cookies => \%late)->{code}, 15,
   'once');

# Cookies that name nothing, and others' contexts.

my $no = '0' x 31 . '1';
is($m->request('Execute', $body, cookies => {})->{code}, 13,
   'Missing Cookie: the context');
is($m->request('Execute', $body, cookies => {
    MapiContext => 'hello', MapiSequence => 1 })->{code}, 6,
   'Invalid Context Cookie');
is($m->request('Execute', $body, cookies => {
    MapiContext => '01' . 'f' x 30, MapiSequence => 1 })->{code}, 10,
   'Context Not Found');

my $bob = Test::Postern::MAPI->new($p, 'bob');
is($bob->request('Execute', $body, cookies => { %{ $m->{cookies} } })->{code},
   10, 'nor is the context of another found');
is($m->execute([ [ '' ] ])->{code}, 0, 'whom that did not concern');

# Several users behind one connection, as a proxy would have it.

$bob->connect(connection => $m->{connection});
is($bob->execute([ [ '' ] ], connection => $m->{connection})->{code}, 0,
   'another user on the same connection');
is($m->execute([ [ '' ] ])->{code}, 0, 'and the first one again');
