#!/usr/bin/perl

# kill -9 of the store that holds a context: the client is told so, also one
# that waits, and connects anew.  A reload keeps contexts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    postern => 'workers 1;', users => [qw/ alice /]));

$p->allow_alerts(qr/exited on signal 9/, qr/signal 9/);
$p->plan(16)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
$m->rops([ $l->{handle}, NONE ], rop('RegisterNotification', out => 1,
                                     types => 0x4, whole => 1));

sub state_of {
    my ($r) = $m->rops([ $l->{handle} ], rop('GetStoreState'));
    return $r ? $r->{error} : -1;
}

# Reload

my $w = $m->wait_start();
my @old = $p->pids('worker');
$p->nginx()->reload();
ok(wait_for { my %now = map { $_ => 1 } $p->pids('worker');
              return !grep { $now{$_} } @old; } , 'reloaded');
$m->wait_end($w);
is($w->{event_pending}, 0, 'a NotificationWait is ended by it');
ok(!$w->{broken}, 'properly');
delete $m->{connection};
is(state_of(), 0, 'the context is as it was');

$w = $m->wait_start();
is($w->{code}, 0, 'and waits again');
$p->deliver('alice', "Subject: x\r\n\r\nx\r\n");
$m->wait_end($w);
is($w->{event_pending}, 1, 'for what it had subscribed to');

# kill -9

$m->rops([], '');               # what was pending is told

$w = $m->wait_start();
$m->wait_more($w);
my ($store) = $p->pids('store');
kill 9, $store;
$m->wait_end($w);
is($w->{code}, 10, 'Context Not Found behind DONE, for who was waiting');
ok(!$w->{broken}, 'and the answer has an end');
ok(wait_for { my @now = $p->pids('store'); return @now && $now[0] != $store },
   'another store');

my $r;
ok(wait_for { $r = $m->execute([ [ '' ] ]); return $r->{status} == 200 },
   'Execute is answered');
is($r->{code}, 10, 'Context Not Found');
is($m->request('PING', '')->{code}, 10, 'nor by PING');

$r = $m->connect();
is($r->{code}, 0, 'Connect with the old cookies');
is($r->{error}, 0, 'makes a new context');
$l = $m->logon();
is($l->{error}, 0, 'logon');
is(state_of(), 0, 'and it works');
