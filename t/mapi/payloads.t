#!/usr/bin/perl

# RPC_HEADER_EXT: obfuscated, compressed, several buffers in one request, and
# what is not one.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(43)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();

# A request that compresses, with an answer that does: a receive folder of a
# long class, many times.

my $class = 'IPM.' . 'Note.' x 40 . 'x';
my @rops = map { rop('GetReceiveFolder', cls => $class) } 1 .. 60;
my $logon = $m->logon();
is($logon->{error}, 0, 'RopLogon');

for my $case ([ 0, 0, 3 ], [ 1, 0, 3 ], [ 0, 1, 3 ], [ 1, 1, 3 ],
              [ 0, 0, 1 ], [ 0, 0, 2 ], [ 0, 0, 0 ], [ 1, 1, 0 ])
{
    my ($xor, $lz, $flags) = @$case;
    my $what = "xor $xor lz $lz flags $flags";
    my $r = $m->execute([ [ join('', @rops), $logon->{handle} ] ],
                        xor => $xor, lz => $lz, flags => $flags);

    is($r->{error}, 0, $what);
    my ($b) = @{ $r->{buffers} || [] };
    my @res = Test::Postern::MAPI::responses($b->{rops}, $b->{handles});
    is(scalar(grep { $_->{error} == 0 && $_->{cls} eq 'IPM' } @res), 60,
       "$what: all answered");

    # a small answer is not worth compressing, this one is
    is($b->{ext} & 1, $flags & 1 ? 0 : 1, "$what: compressed or not");
    is($b->{ext} & 2, $flags & 2 || $b->{ext} & 1 ? 0 : 2,
       "$what: obfuscated or not");
    cmp_ok($b->{size}, '<', $b->{length}, "$what: smaller") if $b->{ext} & 1;
}

my $r = $m->execute([ [ '' ] ], flags => 0);
is($r->{buffers}[0]{ext}, 6, 'a small answer is obfuscated and the last');

# Several buffers in one request, each with a handle table of its own.

$r = $m->execute([ [ rop('GetStoreState'), $logon->{handle} ],
                   [ rop('GetStoreState', in => 1), NONE, $logon->{handle} ],
                   [ '' ] ], lz => 1, xor => 1);
is($r->{error}, 0, 'three buffers');
is(scalar @{ $r->{buffers} }, 3, 'three answers');
is(join(' ', map { $_->{ext} & 4 } @{ $r->{buffers} }), '0 0 4',
   'the last one says so');
is_deeply($r->{buffers}[1]{handles}, [ NONE, $logon->{handle} ],
          'the second handle table');
is($r->{left}, '', 'and nothing behind');

# Broken ones.  Each is ecRpcFormat, and the context goes on.

my $payload = pack 'v', 2;
my $good = pack('v4', 0, 4, 2, 2) . $payload;
my $packed = Test::Postern::MAPI::lz_pack("\2\0" . "\0" x 62);

my @bad;
for my $bad (
    pack('v4', 1, 4, 2, 2) . $payload,              # Version
    pack('v4', 0, 12, 2, 2) . $payload,             # Flags
    pack('v4', 0, 4, 3, 3) . $payload,              # longer than it is
    pack('v4', 0, 4, 2, 3) . $payload,              # SizeActual
    pack('v4', 0, 4, 0xffff, 0xffff) . $payload,
    pack('v4', 0, 5, 2, 2) . $payload,              # Compressed, not smaller
    pack('v4', 0, 5, 2, 9) . $payload,              # not compressed
    pack('v4', 0, 5, length $packed, 65) . $packed,
    pack('v4', 0, 5, length $packed, 63) . $packed,
    pack('v4', 0, 5, length($packed) - 1, 64) . substr($packed, 0, -1),
    pack('v4', 0, 5, length $packed, 0xffff) . $packed,
    pack('v4', 0, 4, 1, 1) . "\2",                  # RopSize
    pack('v4', 0, 4, 2, 2) . pack('v', 1),
    pack('v4', 0, 4, 2, 2) . pack('v', 3),
    pack('v4', 0, 4, 5, 5) . pack('v C3', 2, 1, 2, 3),  # three bytes of handle
    pack('v4', 0, 4, 3, 3) . pack('v C', 3, 0x01),  # a ROP that is cut off
    pack('v4', 0, 4, 5, 5) . pack('v C3', 5, 0x28, 0, 0),   # a reserved one
    $good . pack('v4', 0, 0, 2, 2) . 'xx')
{
    $r = $m->execute([ [ '' ] ], raw => $bad);
    push @bad, unpack 'H*', $bad
        unless $r->{code} == 0 && ($r->{status_code} || 0) == 0
            && ($r->{error} == 0x4b6 || $bad =~ /^\Q$good\E./s)
            && !@{ $r->{buffers} } != ($bad =~ /^\Q$good\E./s ? 1 : 0);
}
is("@bad", '', 'broken buffers are ecRpcFormat');
