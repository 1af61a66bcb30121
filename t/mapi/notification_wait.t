#!/usr/bin/perl

# NotificationWait ends with a change, at once when there is one already, and
# by itself; what happened is told by RopNotify.  Also across store processes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;
use Time::HiRes qw/ time /;

# Contexts go to the least busy store; mail of two users to that of each.
my $p = Test::Postern->new(Test::Postern::MAPI->site(
    postern => "workers 2;\nmapi_pending 1s;\nmapi_wait 2s;",
    users => [qw/ alice bob carol dave /]));

$p->plan(65)->run();

my $mail = "From: a\@b.test\r\nSubject: news\r\n\r\nbody\r\n";

sub context {
    my ($user) = @_;
    my $m = Test::Postern::MAPI->new($p, $user);

    $m->connect();
    my $l = $m->logon();
    return ($m, $l);
}

sub subscribe {
    my ($m, $l, $types, %a) = @_;
    my ($r) = $m->rops([ $l->{handle}, NONE ],
        rop('RegisterNotification', out => 1, types => $types,
            whole => defined $a{scope} ? 0 : 1, %a));
    return $r;
}

sub notes { return grep { $_->{rop} eq 'Notify' } $_[0]->rops([], ''); }

my @ms;

for my $user (qw/ alice bob carol dave /) {
    my ($m, $l) = context($user);
    my $inbox = $l->{folder_ids}[4];
    my $s = subscribe($m, $l, 0x2|0x4|0x10);

    is($s->{error}, 0, "$user subscribes to the store");

    my $w = $m->wait_start();
    is($w->{code}, 0, 'NotificationWait');
    is($w->{head}{'transfer-encoding'}, 'chunked', 'is chunked');
    is($w->{head}{'x-pendingperiod'}, 1000, 'with the period of PENDING');
    ok($m->wait_more($w) && $w->{raw} eq "PROCESSING\r\n", 'PROCESSING');

    my $lmtp = time;
    $p->deliver($user, $mail);
    my $start = time;
    $m->wait_end($w);
    my $ms = 1000 * (time - $start);

    is($w->{event_pending}, 1, 'EventPending');
    is($w->{tags}[-1], 'DONE', 'DONE');
    like($w->{extra}{'x-elapsedtime'}, qr/^\d+$/, 'X-ElapsedTime');
    push @ms, $ms;

    my @n = notes($m);
    my ($new) = grep { $_->{type} == 0x2 } @n;
    my ($created) = grep { $_->{type} == 0x4 } @n;
    my ($counts) = grep { ($_->{flags} & 0x3000) == 0x3000 } @n;

    is($new->{handle}, $s->{handle}, 'RopNotify of the subscription: NewMail');
    is($created->{folder_id}, $inbox, 'ObjectCreated in the Inbox');
    is("$counts->{total} $counts->{unread}", '1 1',
       'and the counts of the folder');
    is($created->{message_id}, $new->{message_id}, 'the same message');
    is(scalar notes($m), 0, 'told once');
}

# The quickest: a machine that others use adds to each.

my ($quickest) = sort { $a <=> $b } @ms;
cmp_ok($quickest, '<', 200, sprintf 'within %.1f ms of the commit', $quickest);

# At once, when something waits.

my ($m, $l) = context('alice');
my $drafts = $l->{folder_ids}[6];
my $s = subscribe($m, $l, 0x4,
                  scope => pack 'Q<Q<', $l->{folder_ids}[4], 0);
subscribe($m, $l, 0x4|0x10, scope => pack 'Q<Q<', $drafts, 0);
$p->deliver('alice', $mail);

my $w = $m->wait_end($m->wait_start());
is($w->{event_pending}, 1, 'an event that came before');
is(join(' ', @{ $w->{tags} }), 'PROCESSING DONE', 'does not wait');

my @n = notes($m);
is(scalar @n, 1, 'the subscription to the Inbox is told');
is($n[0]{handle}, $s->{handle}, 'and no other');

# One at a time; by itself after mapi_wait, with PENDING meanwhile.

my $start = time;
$w = $m->wait_start();
my $second = $m->wait_end($m->wait_start());
is($second->{error}, 0x7ee, 'Rejected: another one is waiting');
$m->wait_end($w);
is($w->{event_pending}, 0, 'nothing has happened');
ok((grep { $_ eq 'PENDING' } @{ $w->{tags} }), 'PENDING meanwhile');
cmp_ok(time - $start, '>', 1.5, 'until mapi_wait was over');

# Released subscriptions are told nothing, and a client that leaves is not
# waited for.

$m->rops([ $s->{handle} ], rop('Release'));
$w = $m->wait_start();
$m->wait_more($w);
close $w->{connection}{socket};
ok(wait_for {
    my $again = $m->wait_start();
    return 1 if $m->wait_more($again) && $again->{raw} eq "PROCESSING\r\n";
    $m->wait_end($again);
    return 0;
}, 'the place of a client that left is free');

# Disconnect ends it.

($m, $l) = context('bob');
$w = $m->wait_start();
is($m->disconnect()->{error}, 0, 'Disconnect');
$m->wait_end($w);
is($w->{event_pending}, 0, 'ends a NotificationWait');
ok(!$w->{broken}, 'properly');
