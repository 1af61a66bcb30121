#!/usr/bin/perl

# RopGetPermissionsTable and RopModifyPermissions: a list is read, somebody is
# given rights, which hold at once, they are changed and taken away; an owner
# alone may.  Properties of the mailbox.  RopGetContentsTable with SoftDeletes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'EOF');
GetPermissionsTable | 3e | out:u8 flags:u8 |
EOF

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice bob /]));

$p->plan(16)->run();
$p->deliver('alice', "Subject: $_\r\n\r\nx\r\n") for qw/ one two /;

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my $fid = $l->{folder_ids}[4];
my @r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $fid));
my $folder = $r[0]{handle};
my @columns = (0x66710014, 0x6672001f, 0x66730003, 0x0fff0102);

is(shown(), '0:0: -1:0:Anonymous', 'a new folder has two entries');

my $b = Test::Postern::MAPI->new($p, 'bob');
$b->connect();
isnt($b->logon(logon => 1, dn => $b->dn_of('alice'))->{error}, 0,
     'bob is not let in');

# bob by his entry id (MS-OXCDATA 2.2.5.2), as a reviewer

my $eid = pack('V H32 V V Z*', 0, 'dca740c8c042101ab4b908002b2fe182', 1, 0,
               $m->dn_of('bob'));
my $add = pack('C v', 1, 2) . pack('V v/a*', 0x0fff0102, $eid)
    . pack('V V', 0x66730003, 0x401);
@r = $m->rops([ $folder ],
    rop('ModifyPermissions', flags => 0, rows => pack('v', 1) . $add));
is($r[0]{error}, 0, 'RopModifyPermissions');
my ($bob) = grep { $_->{0x66710014} > 0 && $_->{0x66710014} < 1 << 40 }
    entries();
ok($bob, 'an entry more');
is($bob->{0x66730003}, 0x401, 'with its rights');
like($bob->{0x6672001f}, qr/bob/, 'its name');
is(unpack('H*', $bob->{0x0fff0102}), unpack('H*', $eid), 'and entry id');

my $there = $b->logon(logon => 1, dn => $b->dn_of('alice'));
is($there->{error}, 0, 'which lets him in');
@r = $b->rops([ $there->{handle}, NONE ],
    rop('OpenFolder', logon => 1, in => 0, out => 1,
        folder_id => $there->{folder_ids}[4]));
is($r[0]{error}, 0, 'to see the folder');
my $his = $r[0]{handle};
my ($r) = $b->rops([ $his ],
    rop('ModifyPermissions', logon => 1, flags => 0,
        rows => pack('v', 1) . $add));
is($r->{error}, 0x80070005, 'but not to change its list');

my $id = pack('V Q<', 0x66710014, $bob->{0x66710014});
($r) = $m->rops([ $folder ],
    rop('ModifyPermissions', flags => 0, rows => pack('v C v', 1, 2, 2) . $id
        . pack('V V', 0x66730003, 0x400)));
is($r->{error}, 0, 'changed');
($bob) = grep { $_->{0x66730003} == 0x400 } entries();
ok($bob, 'he sees the folder alone');
($r) = $m->rops([ $folder ],
    rop('ModifyPermissions', flags => 0, rows => pack('v C v', 1, 4, 1)
        . $id));
is(shown(), '0:0: -1:0:Anonymous', 'removed');

# properties of the mailbox

@r = $m->rops([ $l->{handle} ],
    rop('SetProperties', values => [ [ 0x661c001f, 'x' ],
                                     [ 0x3004001f, 'mine' ] ]),
    rop('GetPropertiesSpecific', want_unicode => 1, tags => [ 0x3004001f ]),
    { columns => [ 0x3004001f ] });
is($r[1]{row}{0x3004001f}, 'mine', 'one that is set');

# what was deleted

my @tags = (0x674a0014, 0x0037001f);
my $rows = rows_of(0);
($r) = $m->rops([ $folder ],
    rop('DeleteMessages', ids => [ $rows->[0]{0x674a0014} ]));
is(join(' ', map { $_->{0x0037001f} } @{ rows_of(0x20) }),
   $rows->[0]{0x0037001f}, 'SoftDeletes shows what can be recovered');
is(scalar @{ rows_of(0) }, 1, 'which is not among the others');


sub rows_of {
    my ($flags) = @_;
    my @r = $m->rops([ $folder, NONE ],
        rop('GetContentsTable', in => 0, out => 1, flags => $flags),
        rop('SetColumns', in => 1, tags => \@tags),
        rop('QueryRows', in => 1, forward => 1, row_count => 50),
        { columns => \@tags });

    return $r[2]{rows};
}

sub entries {
    my @r = $m->rops([ $folder, NONE ],
        rop('GetPermissionsTable', in => 0, out => 1, flags => 0),
        rop('SetColumns', in => 1, tags => \@columns),
        rop('QueryRows', in => 1, forward => 1, row_count => 50),
        { columns => \@columns });

    return @{ $r[2]{rows} || [] };
}

sub shown {
    return join ' ', map {
        my $n = $_->{0x66710014};
        $n = -1 if $n > 1 << 62 || $n < 0;
        "$n:$_->{0x66730003}:$_->{0x6672001f}";
    } entries();
}
