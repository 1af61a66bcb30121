#!/usr/bin/perl

# Folders are made, renamed, moved, copied, emptied, deleted; IMAP sees it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'EOF');
GetSearchCriteria | 31 | unicode:u8 restriction:u8 folders:u8 |
MoveFolder        | 35 | dest:u8 async:u8 unicode:u8 folder_id:u64 name:str16z | partial:u8
CopyFolder        | 36 | dest:u8 async:u8 recursive:u8 unicode:u8 folder_id:u64 name:str16z | partial:u8
EmptyFolder       | 58 | async:u8 associated:u8 | partial:u8
EOF

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(61)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my ($root, $ipm, $inbox) = @{ $l->{folder_ids} }[0, 3, 4];
my $imap = $p->imap_login('alice');
my $top = open_folder($ipm);

# --- create

my @r = $m->rops([ $top, NONE, NONE, NONE, NONE ],
    rop('CreateFolder', in => 0, out => 1, type => 1, unicode => 1,
        name => "Pl\x{e4}ne", comment => 'a comment'),
    rop('CreateFolder', in => 0, out => 2, type => 1, unicode => 1,
        name => "PL\x{c4}NE", comment => ''),
    rop('CreateFolder', in => 0, out => 3, type => 1, unicode => 1,
        open_existing => 1, name => "Pl\x{e4}ne", comment => ''),
    rop('CreateFolder', in => 0, out => 4, type => 2, unicode => 1,
        name => 'Search', comment => ''),
    rop('GetPropertiesSpecific', in => 1, want_unicode => 1,
        tags => [ 0x3001001f, 0x3004001f, 0x67480014, 0x36020003 ]),
    { columns => [ 0x3001001f, 0x3004001f, 0x67480014, 0x36020003 ] });
my ($folder, $fid) = ($r[0]{handle}, $r[0]{folder_id});
is($r[0]{error}, 0, 'RopCreateFolder');
is($r[0]{is_existing}, 0, 'a new one');
is($r[1]{error}, 0x80040604, 'the name is taken, whatever its case');
is($r[2]{error}, 0, 'OpenExisting');
is($r[2]{folder_id}, $fid, 'gives the same');
is($r[3]{error}, 0, 'a search folder');
is($r[4]{row}{0x3001001f}, "Pl\x{e4}ne", 'PidTagDisplayName');
is($r[4]{row}{0x3004001f}, 'a comment', 'PidTagComment');
is($r[4]{row}{0x67480014}, $fid, 'PidTagFolderId');
like($imap->command('LIST "" *'), qr/Pl&AOQ-ne/, 'IMAP sees it');

@r = $m->rops([ $folder, NONE ],
    rop('CreateFolder', in => 0, out => 1, type => 7, unicode => 1,
        name => 'x', comment => ''),
    rop('CreateFolder', in => 0, out => 1, type => 1, unicode => 1,
        name => '', comment => ''),
    rop('GetSearchCriteria', in => 0));
is($r[0]{error}, 0x80070057, 'no such folder type (R487)');
is($r[1]{error}, 0x80070057, 'no name');
is($r[2]{error}, 0x461, 'RopGetSearchCriteria: ecNotSearchFolder (R579)');

# --- properties

@r = $m->rops([ $folder ],
    rop('SetProperties', values => [ [ 0x3613001f, 'IPF.Note.Plan' ],
        [ 0x3001001f, 'Plans' ], [ 0x36020003, 7 ] ]),
    rop('GetPropertiesSpecific', tags => [ 0x3613001f, 0x3001001f,
                                           0x36020003 ]),
    rop('DeleteProperties', tags => [ 0x3004001f ]),
    { columns => [ 0x3613001f, 0x3001001f, 0x36020003 ] });
is($r[0]{error}, 0, 'RopSetProperties of a folder');
is(join(' ', map { $_->[0] } @{ $r[0]{problems} }), '2', 'a count is read only');
is($r[1]{row}{0x3613001f}, 'IPF.Note.Plan', 'PidTagContainerClass');
is($r[1]{row}{0x3001001f}, 'Plans', 'its name');
is($r[1]{row}{0x36020003}, 0, 'not the count');
is($r[2]{error}, 0, 'RopDeleteProperties');
like($imap->command('LIST "" *'), qr/\bPlans\b/, 'IMAP sees the new name');

# --- messages and subfolders

@r = $m->rops([ $folder, NONE ],
    rop('CreateFolder', in => 0, out => 1, type => 1, unicode => 1,
        name => 'Sub', comment => ''));
my ($sub, $sub_id) = ($r[0]{handle}, $r[0]{folder_id});
append('Plans', "Subject: $_\r\n\r\nx\r\n") for 1 .. 3;
append('Plans/Sub', "Subject: sub\r\n\r\nx\r\n");

@r = $m->rops([ $top ], rop('DeleteFolder', folder_id => $fid),
              rop('DeleteFolder', flags => 1, folder_id => $fid),
              rop('DeleteFolder', flags => 0x40, folder_id => $fid),
              rop('DeleteFolder', flags => 5, folder_id => $sub_id),
              rop('DeleteFolder', flags => 5, folder_id => $inbox));
is("$r[0]{error} $r[0]{partial}", '0 1', 'it has messages (R816, R817)');
is("$r[1]{error} $r[1]{partial}", '0 1', 'it has subfolders (R1080)');
is($r[2]{error}, 0x80070057, 'an unknown flag (R1234)');
is($r[3]{error}, 0x8004010f, 'not a child of that one');
is($r[4]{error}, 0x80070005, 'the Inbox stays: ecAccessDenied');

# --- copy, move

@r = $m->rops([ $top, $top, $folder, $sub ],
    rop('CopyFolder', in => 0, dest => 1, recursive => 1, unicode => 1,
        folder_id => $fid, name => 'Copy'),
    rop('CopyFolder', in => 0, dest => 1, unicode => 1, folder_id => $fid,
        name => 'Flat'),
    rop('CopyFolder', in => 0, dest => 3, recursive => 1, unicode => 1,
        folder_id => $fid, name => 'Into itself'),
    rop('MoveFolder', in => 0, dest => 3, unicode => 1, folder_id => $fid,
        name => 'x'),
    rop('MoveFolder', in => 2, dest => 0, unicode => 1, folder_id => $sub_id,
        name => 'Moved'),
    rop('MoveFolder', in => 2, dest => 0, unicode => 1, folder_id => $sub_id,
        name => 'Moved'));
is($r[0]{error}, 0, 'RopCopyFolder, recursive');
is($r[1]{error}, 0, 'RopCopyFolder, flat');
is($r[2]{error}, 0x8004060b, 'into its own subfolder: ecFolderCycle');
is($r[3]{error}, 0x8004060b, 'nor can it be moved there');
is($r[4]{error}, 0, 'RopMoveFolder');
is($r[5]{error}, 0x8004010f, 'it is not there any more');

my $list = $imap->command('LIST "" *');
like($list, qr{Copy/Sub}, 'the copy has the subfolder');
unlike($list, qr{Flat/Sub}, 'the flat one has not');
like($list, qr{ "?Moved"?\r}, 'moved and renamed');
unlike($list, qr{Plans/Sub}, 'away from there');
like($imap->command('STATUS Copy (MESSAGES)'), qr/MESSAGES 3/, 'messages too');
like($imap->command('STATUS Copy/Sub (MESSAGES)'), qr/MESSAGES 1/, 'all');
like($imap->command('STATUS Flat (MESSAGES)'), qr/MESSAGES 3/, 'in both');
like($imap->command('STATUS Moved (MESSAGES)'), qr/MESSAGES 1/, 'and there');

# --- messages between folders

my @columns = (0x674a0014, 0x0037001f);
@r = $m->rops([ $folder, NONE, $sub ],
    rop('GetContentsTable', in => 0, out => 1),
    rop('SetColumns', in => 1, tags => \@columns),
    rop('SortTable', in => 1, count => 1, orders => pack 'v v C', 0x1f, 0x37,
        0),
    rop('QueryRows', in => 1, forward => 1, row_count => 10),
    { columns => \@columns });
my @mids = map { $_->{0x674a0014} } @{ $r[3]{rows} };
@r = $m->rops([ $folder, $sub ],
    rop('MoveCopyMessages', in => 0, dest => 1, ids => [ @mids[0, 1] ]),
    rop('MoveCopyMessages', in => 0, dest => 1, copy => 1,
        ids => [ $mids[2], 0x990001 ]),
    rop('MoveCopyMessages', in => 0, dest => 9, ids => [ $mids[2] ]));
is("$r[0]{error} $r[0]{partial}", '0 0', 'RopMoveCopyMessages: moved');
is("$r[1]{error} $r[1]{partial}", '0 1', 'copied, one was not there');
is($r[2]{error}, 0x503, 'no destination: ecDstNullObject');
like($imap->command('STATUS Plans (MESSAGES)'), qr/MESSAGES 1/, 'one is left');
like($imap->command('STATUS Moved (MESSAGES)'), qr/MESSAGES 4/, 'three came');

# --- empty, delete

@r = $m->rops([ $top, $folder ],
    rop('CreateFolder', in => 1, out => 0, type => 1, unicode => 1,
        name => 'Another', comment => ''),
    rop('EmptyFolder', in => 1));
is("$r[1]{error} $r[1]{partial}", '0 0', 'RopEmptyFolder');
$list = $imap->command('LIST "" *');
unlike($list, qr/Plans.Another/, 'the subfolder went');
like($imap->command('STATUS Plans (MESSAGES)'), qr/MESSAGES 0/,
     'and the messages');

@r = $m->rops([ open_folder($root) ], rop('EmptyFolder'));
is($r[0]{error}, 0x80040102, 'not the root (R1248)');

$top = open_folder($ipm);
@r = $m->rops([ $top, $folder ],
    rop('DeleteFolder', in => 0, flags => 5, folder_id => $fid),
    rop('GetPropertiesSpecific', in => 1, tags => [ 0x3001001f ]),
    { columns => [ 0x3001001f ] });
is("$r[0]{error} $r[0]{partial}", '0 0', 'RopDeleteFolder');
is($r[1]{error}, 0x8004010f, 'its handle leads nowhere');
unlike($imap->command('LIST "" *'), qr/Plans/, 'IMAP: gone');

# --- what can be recovered (2.2.1.13.1, SoftDeletes)

my @gone = (0x67480014, 0x3001001f, 0x668f0040, 0x36020003);

sub gone_rows {
    my ($handle, $flags) = @_;
    my @r = $m->rops([ $handle, NONE ],
        rop('GetHierarchyTable', in => 0, out => 1, flags => $flags),
        rop('SetColumns', in => 1, tags => \@gone),
        rop('QueryRows', in => 1, forward => 1, row_count => 50),
        { columns => \@gone });
    return $r[0]{error} ? $r[0]{error}
         : [ $r[0]{row_count}, @{ $r[2]{rows} } ];
}

my ($count, $row) = @{ gone_rows($top, 0x20) };
is($count, 1, 'RopGetHierarchyTable with SoftDeletes: one');
is($row->{0x67480014}, $fid, 'by its id');
is($row->{0x3001001f}, 'Plans', 'and name');
ok($row->{0x668f0040} > 130000000000000000, 'PidTagDeletedOn');
is(gone_rows($top, 0x24), 0x80040102, 'not of all levels: ecNotSupported');

@r = $m->rops([ $sub, NONE ],
    rop('CreateFolder', in => 0, out => 1, type => 1, unicode => 1,
        name => 'Too', comment => ''));
@r = $m->rops([ $sub, $top ],
    rop('DeleteFolder', in => 0, flags => 5, folder_id => $r[0]{folder_id}),
    rop('MoveFolder', in => 0, dest => 1, unicode => 1, folder_id => $fid,
        name => 'none'));
is($r[1]{error}, 0x8004010f, 'it was deleted from another one');
@r = $m->rops([ $top, $sub ],
    rop('MoveFolder', in => 0, dest => 1, unicode => 1,
        folder_id => $fid ^ (1 << 40), name => 'none'),
    rop('MoveFolder', in => 0, dest => 1, unicode => 1, folder_id => $fid,
        name => 'Back'));
is($r[0]{error}, 0x8004010f, 'no such folder');
is($r[1]{error}, 0, 'RopMoveFolder brings it back');
like($imap->command('LIST "" *'), qr{Moved.Back}, 'IMAP sees it');
is(gone_rows($top, 0x20)->[0], 0, 'and it can be recovered no more');


sub open_folder {
    my ($fid) = @_;
    my ($r) = $m->rops([ $l->{handle}, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $fid));

    return $r->{handle};
}


sub append {
    my ($folder, $text) = @_;

    $imap->command("APPEND $folder {" . length($text) . '}', $text);
}
