#!/usr/bin/perl

# Server object handles: released, never given, of another logon, of another
# kind; indexes behind the table; ROPs that are not built, and answers that do
# not fit.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(38)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();

my $l = $m->logon();
my $inbox = $l->{folder_ids}[4];

sub subscribe {
    my ($in, $out, %a) = @_;

    return rop('RegisterNotification', in => $in, out => $out, types => 4,
               whole => 1, %a);
}

# Made and used in the same buffer; the table comes back in its order.

my @r = $m->rops([ $l->{handle}, NONE, 0x12345678 ],
                 subscribe(0, 1), rop('GetStoreState'));
is($r[0]{error}, 0, 'RopRegisterNotification');
is($r[0]{index}, 1, 'answers with the output index');
is($m->{last}{buffers}[0]{handles}[0], $l->{handle}, 'handles: the input');
is($m->{last}{buffers}[0]{handles}[1], $r[0]{handle}, 'the new one');
is($m->{last}{buffers}[0]{handles}[2], 0x12345678, 'one that was not used');
isnt($r[0]{handle}, NONE, 'it is one');

my $sub = $r[0]{handle};

sub state_of {
    my ($handle, %a) = @_;
    my ($r) = $m->rops([ $handle ], rop('GetStoreState', %a));
    return $r->{error};
}

is(state_of($sub), 0x80040102, 'ecNotSupported on another kind');
is(state_of(NONE), 0x4b9, 'ecNullObject: 0xffffffff');
is(state_of(0), 0x4b9, 'ecNullObject: 0');
is(state_of($_), 0x4b9, sprintf 'ecNullObject: %08x', $_)
    for $l->{handle} ^ 0x1000, $l->{handle} + 0x10000;
is(state_of($l->{handle}, in => 1), 0x4b9, 'an index behind the table');
is(state_of($l->{handle}, in => 255), 0x4b9, 'far behind');

@r = $m->rops([ $l->{handle} ], subscribe(0, 1));
is($r[0]{error}, 0x4b9, 'an output index behind the table');

# RopRelease has no answer, whatever it is of.

@r = $m->rops([ $sub, $sub, NONE ], rop('Release'), rop('Release', in => 1),
              rop('Release', in => 2), rop('Release', in => 9));
is(scalar @r, 0, 'RopRelease has no response');
is(state_of($sub), 0x80040108, 'ecInvalidObject: it was released');

@r = $m->rops([ $l->{handle}, NONE ], subscribe(0, 1));
isnt($r[0]{handle}, $sub, 'a new object has another handle');
is(state_of($sub), 0x80040108, 'the old one is still none');

# With the logon go its objects.

$sub = $r[0]{handle};
$m->rops([ $l->{handle} ], rop('Release'));
is(state_of($l->{handle}), 0x80040108, 'the logon was released');
is(state_of($sub), 0x80040108, 'and what it owned');
$l = $m->logon();

# Not built: a failure response, and the next ROP is found.

@r = $m->rops([ $l->{handle}, NONE ],
    rop('SynchronizationConfigure', out => 1, restriction => 'xyz',
        tags => [ 1, 2, 3 ]),
    rop('GetOwningServers', folder_id => $inbox),
    rop('GetStoreState'));
is($r[0]{error}, 0x80040102, 'ecNotSupported: not on a logon');
is($r[0]{index}, 1, 'at the output index');
is($r[1]{error}, 0x80040102, 'ecNotSupported: not built');
is($r[2]{error}, 0, 'the ROP behind them');

# Answers that do not fit: what did not run comes back.

my @rops = map { rop('GetReceiveFolderTable') } 1 .. 20;
@r = $m->rops([ $l->{handle} ], @rops, { max => 8 + 2 + 4 + 400 });
my $done = grep { ($_->{rop} || '') eq 'GetReceiveFolderTable' } @r;
ok($done > 0 && $done < 20, 'as many as fit') or diag($done);
is($r[-1]{rop}, 'BufferTooSmall', 'RopBufferTooSmall at the end');
is(length $r[-1]{requests}, 3 * (20 - $done), 'with the requests left');
cmp_ok($r[-1]{size}, '>', 400, 'and the size that does');

@r = $m->rops([ $l->{handle} ], $r[-1]{requests});
is(scalar @r, 20 - $done, 'they run when they are sent again');

is($m->execute([ [ join('', @rops), $l->{handle} ] ], max => 20)->{status_code},
   0x47d, 'no room for anything');

# Nothing of a buffer runs that cannot be read.

my $r = $m->execute([ [ rop('Release') . "\x28\0\0", $l->{handle} ] ]);
is($r->{error}, 0x4b6, 'ecRpcFormat: a reserved ROP');
is(state_of($l->{handle}), 0, 'the ROP before it has not run');

# As many objects as a logon may have, and not one more.

my ($made, $full) = (0, undef);

while (!$full && $made < 40000) {
    my @res = $m->rops([ $l->{handle}, NONE ],
                       map { subscribe(0, 1, types => 0) } 1 .. 2000);
    $made += grep { $_->{error} == 0 } @res;
    ($full) = map { $_->{error} } grep { $_->{error} != 0 } @res;
    last unless @res;
}

is($full, 0x4de, 'ecTooManyOpenObjects');
is($made, 32767, 'after 32,767 beside the logon');
is(state_of($l->{handle}), 0, 'the others go on');

my $other = $m->logon(logon => 1);
is($other->{error}, 0, 'another logon has its own');
$m->rops([ $l->{handle} ], rop('Release'));
$l = $m->logon();
@r = $m->rops([ $l->{handle}, NONE ], subscribe(0, 1));
is($r[0]{error}, 0, 'and they are free again');
is($m->disconnect()->{error}, 0, 'Disconnect');
