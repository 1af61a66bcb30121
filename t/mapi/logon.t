#!/usr/bin/perl

# RopLogon on a private mailbox, and the ROPs that a client sends at its start.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice bob /]));

$p->plan(47)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();

my $l = $m->logon();
my ($guid) = $m->{dn} =~ /cn=([0-9a-f]{32})-/;
my @now = gmtime;

is($l->{error}, 0, 'RopLogon');
is($l->{logon_flags}, 1, 'LogonFlags: Private');
is($l->{response_flags}, 7, 'Reserved, OwnerRight, SendAsRight');
is(unpack('H*', $l->{mailbox}), $guid, 'MailboxGuid');
is($l->{state}, 0, 'StoreState');
is($l->{year}, $now[5] + 1900, 'LogonTime');
ok($l->{month} == $now[4] + 1 && $l->{day} == $now[3]
   && $l->{day_of_week} == $now[6], 'month from 1, Sunday is 0')
    or diag("$l->{year}-$l->{month}-$l->{day} $l->{day_of_week}");

my %seen;
$seen{$_}++ for @{ $l->{folder_ids} };
is(scalar keys %seen, 13, '13 folders');
is(scalar(grep { ($_ & 0xffff) != $l->{repl_id} } @{ $l->{folder_ids} }), 0,
   'all of the replica ReplId');
isnt($l->{handle}, NONE, 'a handle');

# Mailboxes that are not to be had.

is($m->logon(dn => $m->dn_of('bob'))->{error}, 0x80070005,
   'ecAccessDenied for the mailbox of another');
is($m->logon(dn => '/o=x')->{error}, 0x3eb, 'ecUnknownUser');
is($m->logon(dn => '')->{error}, 0x3eb, 'ecUnknownUser for no name');
is($m->logon(logon_flags => 0, open_flags => 0)->{error}, 0x80040111,
   'ecLoginFailure for neither Private nor PUBLIC');

my ($state) = $m->rops([ $l->{handle} ], rop('GetStoreState'));
is($state->{error}, 0, 'the logon is still there');
is($state->{state}, 0, 'StoreState');

# A second logon with the same id takes its place.

my $second = $m->logon();
is($second->{error}, 0, 'another RopLogon with the same LogonId');
($state) = $m->rops([ $l->{handle} ], rop('GetStoreState'));
is($state->{error}, 0x80040108, 'ecInvalidObject for the old handle');
$l = $second;

# One with another id is another.

my $other = $m->logon(logon => 7);
is($other->{error}, 0, 'LogonId 7');
($state) = $m->rops([ $other->{handle} ], rop('GetStoreState', logon => 7));
is($state->{error}, 0, 'is used by its own id');
($state) = $m->rops([ $other->{handle} ], rop('GetStoreState', logon => 0));
is($state->{error}, 0x80070005, 'ecAccessDenied by the other');
($state) = $m->rops([ $other->{handle} ], rop('GetStoreState', logon => 9));
isnt($state->{error}, 0, 'nor by one that is none');

# Receive folders (MS-OXCSTOR 2.2.1.2, 3.2.3).

my ($root, $inbox) = @{ $l->{folder_ids} }[0, 4];

for my $case ([ 'IPM.Note', 'IPM', $inbox ], [ 'ipm', 'IPM', $inbox ],
              [ 'REPORT.IPM.Note.NDR', 'Report.IPM', $inbox ],
              [ 'IPC.x', 'IPC', $root ], [ 'IPMX', '', $inbox ],
              [ '', '', $inbox ])
{
    my ($class, $found, $folder) = @$case;
    my ($r) = $m->rops([ $l->{handle} ],
                       rop('GetReceiveFolder', cls => $class));
    is($r->{cls}, $found, "$class is received as '$found'");
    is($r->{folder_id}, $folder, 'there');
}

for my $class ('.IPM', 'IPM.', 'IPM..Note', "IPM\x01", 'x' x 255) {
    my ($r) = $m->rops([ $l->{handle} ],
                       rop('GetReceiveFolder', cls => $class));
    is($r->{error}, 0x80070057, 'no class: ' . substr $class, 0, 10);
}

my ($t) = $m->rops([ $l->{handle} ], rop('GetReceiveFolderTable'));
is(join(' ', sort map { $_->{0x001a001e} } @{ $t->{rows} }),
   ' IPC IPM Report.IPM', 'RopGetReceiveFolderTable');

# Ids there and back; what is not here.

my ($long) = $m->rops([ $l->{handle} ], rop('LongTermIdFromId', id => $inbox));
is($long->{guid}, $l->{repl_guid}, 'RopLongTermIdFromId: the replica');
my ($id) = $m->rops([ $l->{handle} ], rop('IdFromLongTermId',
    guid => $long->{guid}, counter => $long->{counter}, pad => 0xffff));
is($id->{id}, $inbox, 'RopIdFromLongTermId, whatever the padding is');
($long) = $m->rops([ $l->{handle} ],
                   rop('LongTermIdFromId', id => $inbox | 0xfff0));
isnt($long->{error}, 0, 'no such replica');
($id) = $m->rops([ $l->{handle} ], rop('IdFromLongTermId',
    guid => "\0" x 16, counter => "\0\0\0\0\0\1"));
is($id->{error}, 0x80070057, 'ecInvalidParam for no REPLGUID');

my ($per) = $m->rops([ $l->{handle} ],
                     rop('GetPerUserLongTermIds', guid => 'x' x 16));
is(scalar @{ $per->{ids} }, 0, 'RopGetPerUserLongTermIds: none');
($per) = $m->rops([ $l->{handle} ], rop('GetPerUserGuid'));
is($per->{error}, 0x8004010f, 'RopGetPerUserGuid: ecNotFound');
($per) = $m->rops([ $l->{handle} ], rop('GetOwningServers',
                                        folder_id => $inbox));
is($per->{error}, 0x80040102, 'RopGetOwningServers: ecNotSupported');
