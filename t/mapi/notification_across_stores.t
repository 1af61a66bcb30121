#!/usr/bin/perl

# A NotificationWait is woken by what another store process does: a logon to a
# mailbox that lives there; and tables are told of their rows.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;
use Time::HiRes qw/ time /;

# Guids are random: that all fall to one store happens once in 32,768 runs.
my @users = map { "user$_" } 1 .. 16;
my $p = Test::Postern->new(Test::Postern::MAPI->site(
    postern => 'workers 2;', users => \@users));

$p->plan(15)->run();

my $mail = "From: a\@b.test\r\nSubject: news\r\n\r\nbody\r\n";

# A context lives in the store of its user's mailbox, whose number its id has.
my %store;

for my $user (@users) {
    my $m = Test::Postern::MAPI->new($p, $user);
    $m->connect();
    push @{ $store{substr $m->{cookies}{MapiContext}, 0, 2} }, $user;
}

is(scalar keys %store, 2, 'users of both stores');

my ($one, $other) = map { $store{$_}[0] } sort keys %store;
$p->cli_ok('access', 'set', $p->address($other), $p->address($one), '--full');

my $m = Test::Postern::MAPI->new($p, $one);
$m->connect();
$m->logon();
my $l = $m->logon(logon => 1, dn => $m->dn_of($other));
is($l->{error}, 0, 'a logon to the mailbox of the other store');

my ($s) = $m->rops([ $l->{handle}, NONE ],
    rop('RegisterNotification', logon => 1, out => 1, types => 0x2,
        whole => 1));
is($s->{error}, 0, 'RopRegisterNotification');

my @ms;

for my $i (1 .. 3) {
    my $w = $m->wait_start();
    $m->wait_more($w);
    $p->deliver($other, $mail);
    my $start = time;
    $m->wait_end($w);
    my $ms = 1000 * (time - $start);

    is($w->{event_pending}, 1, 'woken');
    push @ms, $ms;

    my ($n) = $m->rops([], '');
    is("$n->{logon} $n->{type}", '1 2', 'of the second logon: NewMail');
}

# The quickest: a machine that others use adds to each.

my ($quickest) = sort { $a <=> $b } @ms;
cmp_ok($quickest, '<', 200, sprintf 'after %.1f ms', $quickest);

# A contents table, when it has been read.

my ($f) = $m->rops([ $l->{handle}, NONE ], rop('OpenFolder', logon => 1,
    out => 1, folder_id => $l->{folder_ids}[4]));
my ($t) = $m->rops([ $f->{handle}, NONE ],
                   rop('GetContentsTable', logon => 1, out => 1));
$m->rops([ $s->{handle} ], rop('Release', logon => 1));

sub told {
    $p->deliver($other, $mail);
    my @n;
    wait_for { push @n, $m->rops([], ''); return @n } $_[0];
    return @n;
}

is(scalar told(0.3), 0, 'a table that was not read is told nothing');

my @columns = (0x674a0014);
my $read = rop('QueryRows', logon => 1, forward => 1, row_count => 10);
$m->rops([ $t->{handle} ],
         rop('SetColumns', logon => 1, tags => \@columns), $read,
         { columns => \@columns });

my @n = told(10);
is(scalar @n, 1, 'one that was is');
is("$n[0]{handle} $n[0]{type} $n[0]{event}", "$t->{handle} 256 3",
   'TableRowAdded');
is(scalar told(10), 1, 'and of the next one');
$m->rops([ $t->{handle} ], $read, { columns => \@columns });
is(scalar told(10), 1, 'when it was read again, too');
