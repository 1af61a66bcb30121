#!/usr/bin/perl

# Search folders: made, filled, read as folders are, told of, followed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'EOF');
SetSearchCriteria | 30 | restriction:bin16 folders:ids16 flags:u32 |
GetSearchCriteria | 31 | unicode:u8 restriction:u8 folders:u8 | restriction:bin16 folders:ids16 flags:u32
EOF

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(47)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my ($ipm, $inbox) = @{ $l->{folder_ids} }[3, 4];
my $finder = $l->{folder_ids}[5];
my $imap = $p->imap_login('alice');
my $top = open_folder($finder);
my $in = open_folder($inbox);

append("Subject: $_\r\nFrom: bob\@example.test\r\n\r\ntext of $_\r\n")
    for 'Budget one', 'lunch', 'budget two';

# --- made

my @r = $m->rops([ $top, NONE, NONE, NONE, NONE ],
    rop('CreateFolder', in => 0, out => 1, type => 2, unicode => 1,
        name => 'Budget', comment => 'found'),
    rop('CreateFolder', in => 0, out => 2, type => 2, unicode => 1,
        name => 'budget', comment => ''),
    rop('CreateFolder', in => 0, out => 3, type => 2, unicode => 1,
        open_existing => 1, name => 'Budget', comment => ''),
    rop('CreateFolder', in => 0, out => 4, type => 1, unicode => 1,
        open_existing => 1, name => 'Budget', comment => ''),
    rop('GetPropertiesSpecific', in => 1, tags => [ 0x36010003, 0x36020003 ]),
    rop('GetSearchCriteria', in => 1, unicode => 1),
    { columns => [ 0x36010003, 0x36020003 ] });
my ($s, $sid) = ($r[0]{handle}, $r[0]{folder_id});
is($r[0]{error}, 0, 'RopCreateFolder, FolderType 2 (R47, R409)');
is($r[1]{error}, 0x80040604, 'the name is taken');
is($r[2]{error}, 0, 'OpenExisting');
is($r[2]{folder_id}, $sid, 'gives the same');
is($r[3]{error}, 0x80040604, 'not as a generic folder');
is($r[4]{row}{0x36010003}, 2, 'PidTagFolderType');
is($r[4]{row}{0x36020003}, 0, 'nothing in it');
is($r[5]{error}, 0x80040605, 'no criteria yet: ecNotInitialized');

# --- criteria that are refused

my $budget = content(0x0037001f, 'budget');

@r = $m->rops([ $s, $in ],
    rop('SetSearchCriteria', restriction => $budget, flags => 2),
    rop('SetSearchCriteria', folders => [ $inbox ], flags => 2),
    rop('SetSearchCriteria', restriction => $budget, folders => [ $sid ]),
    rop('SetSearchCriteria', restriction => $budget, folders => [ $inbox ],
        flags => 0x80),
    rop('SetSearchCriteria', restriction => $budget, folders => [ $inbox ],
        flags => 3),
    rop('SetSearchCriteria', restriction => $budget, folders => [ $inbox ],
        flags => 0xc),
    rop('SetSearchCriteria', in => 1, restriction => $budget,
        folders => [ $inbox ]),
    rop('GetSearchCriteria', in => 1),
    rop('SetSearchCriteria', restriction => substr($budget, 0, 20),
        folders => [ $inbox ]),
    rop('SetSearchCriteria', restriction => "\x04\x06" . substr($budget, 5),
        folders => [ $inbox ]),
    rop('SetSearchCriteria', restriction => $budget,
        folders => [ $inbox + (0x1234 << 48) ]));
is($r[0]{error}, 0x80040605, 'no folders the first time (R1240)');
is($r[1]{error}, 0x80040605, 'no restriction the first time (R106)');
is($r[2]{error}, 0x490, 'itself: ecSearchFolderScopeViolation (R1242)');
is($r[3]{error}, 0x80070057, 'an invalid bit (R116)');
is($r[4]{error}, 0x80070057, 'STOP and RESTART (R765)');
is($r[5]{error}, 0x80070057, 'RECURSIVE and SHALLOW (R771)');
is($r[6]{error}, 0x461, 'a generic folder: ecNotSearchFolder (R570)');
is($r[7]{error}, 0x461, 'the same for RopGetSearchCriteria (R579)');
is($r[8]{error}, 0x80070057, 'a restriction that is cut short');
is($r[9]{error}, 0x80040117, 'RE: ecTooComplex (R572)');
is($r[10]{error}, 0x8004010f, 'no such folder');

# --- set, and told

@r = $m->rops([ $s ],
    rop('SetSearchCriteria', restriction => $budget, folders => [ $inbox ],
        flags => 0x2 | 0x8 | 0x10));
is($r[0]{error}, 0, 'RopSetSearchCriteria (R119)');
my $state = filled();
is($state & 0x1000, 0x1000, 'SEARCH_COMPLETE in the end (R793)');
is($state & 0x3, 0, 'not running any more');
is($state & 0x10004, 0, 'neither recursive nor static');

@r = $m->rops([ $s ],
    rop('GetSearchCriteria', unicode => 1, restriction => 1, folders => 1),
    rop('GetSearchCriteria', unicode => 0, restriction => 1),
    rop('GetSearchCriteria', unicode => 1));
is(unpack('H*', $r[0]{restriction}), unpack('H*', $budget),
   'the restriction (R129, R1103)');
is(join(' ', @{ $r[0]{folders} }), $inbox, 'the folders (R131, R1104)');
is(unpack('H*', $r[1]{restriction}),
   unpack('H*', content(0x0037001e, 'budget')), 'not in Unicode (R128)');
is(scalar @{ $r[1]{folders} }, 0, 'no folders (R139)');
is($r[2]{restriction}, '', 'no restriction (R136)');

# --- what it shows

is(subjects(), 'Budget one, budget two', 'messages that match (R515, R414)');
append("Subject: new Budget\r\n\r\nx\r\n");
is(subjects(), 'Budget one, budget two, new Budget',
   'one that arrives (R1096)');
$imap->command('SELECT INBOX');
$imap->command('STORE 1 +FLAGS (\Deleted)');
$imap->command('EXPUNGE');
is(subjects(), 'budget two, new Budget', 'one that goes (R1095)');

# other criteria in the client's code page; then the folders of before

@r = $m->rops([ $s ],
    rop('SetSearchCriteria', restriction => content(0x0037001e, 'lunch'),
        folders => []));
is($r[0]{error}, 0, 'other criteria, the same folders (R1241)');
filled();
is(subjects(), 'lunch', 'only what matches these (R519)');

@r = $m->rops([ $s ],
    rop('SetSearchCriteria', restriction => '', folders => [], flags => 0x2),
    rop('GetSearchCriteria', unicode => 1, restriction => 1));
is($r[0]{error}, 0, 'nothing given: as before (R105, R109)');
is(unpack('H*', $r[1]{restriction}),
   unpack('H*', content(0x0037001f, 'lunch')), 'the last restriction');
filled();
is(subjects(), 'lunch', 'filled again (R546)');

# a comment stays

my $comment = "\x0a\x01" . pack('V V', 0x66000003, 7) . "\x01" . $budget;
@r = $m->rops([ $s ],
    rop('SetSearchCriteria', restriction => $comment, folders => [ $inbox ],
        flags => 0x40002),
    rop('GetSearchCriteria', unicode => 1, restriction => 1));
is($r[0]{error}, 0, 'with a comment');
is(unpack('H*', $r[1]{restriction}), unpack('H*', $comment), 'which is kept');
$state = filled();
is($state & 0x10000, 0x10000, 'SEARCH_STATIC (R795)');
append("Subject: late budget\r\n\r\nx\r\n");
is(subjects(), 'budget two, new Budget', 'a static one (R1093)');

# recursive

@r = $m->rops([ $s ],
    rop('SetSearchCriteria', restriction => content(0x0037001f, 'deep'),
        folders => [ $ipm ], flags => 0x6));
is($r[0]{error}, 0, 'a recursive search');
$state = filled();
is($state & 0x4, 4, 'SEARCH_RECURSIVE (R789)');
append("Subject: deep one\r\n\r\nx\r\n");
is(subjects(), 'deep one', 'below the folder (R770)');

# --- nothing can be put there; what goes from it, goes

@r = $m->rops([ $s, $in, NONE ],
    rop('GetContentsTable', in => 0, out => 2),
    rop('SetColumns', in => 2, tags => [ 0x674a0014, 0x67480014 ]),
    rop('QueryRows', in => 2, forward => 1, row_count => 10),
    { columns => [ 0x674a0014, 0x67480014 ] });
my ($row) = @{ $r[2]{rows} };
is($row->{0x67480014}, $inbox, 'PidTagFolderId: where the message is');
@r = $m->rops([ $in, $s ],
    rop('MoveCopyMessages', in => 0, dest => 1,
        ids => [ $row->{0x674a0014} ], copy => 1));
isnt($r[0]{error}, 0, 'nothing is put into a search folder (R1216)');

@r = $m->rops([ $top ], rop('DeleteFolder', flags => 5, folder_id => $sid));
is("$r[0]{error} $r[0]{partial}", '0 0', 'deleted');
like($imap->command('STATUS INBOX (MESSAGES)'), qr/MESSAGES 5/,
     'what it showed stays (R416)');


sub open_folder {
    my ($fid) = @_;
    my @o = $m->rops([ $l->{handle}, NONE ],
                     rop('OpenFolder', in => 0, out => 1, folder_id => $fid));
    return $o[0]{handle};
}


sub append {
    my ($text) = @_;
    $imap->command('APPEND INBOX {' . length($text) . '}', $text);
}


sub content {
    my ($tag, $s) = @_;
    return pack('C v v V', 3, 1, 1, $tag) . pack('V', $tag)
        . Test::Postern::MAPI::put_value($tag, $s);
}


sub filled {
    my $flags = 0;

    wait_for {
        my @o = $m->rops([ $s ], rop('GetSearchCriteria', unicode => 1));
        $flags = $o[0]{flags};
        return $flags & 0x1000;
    };

    return $flags;
}


sub subjects {
    my @o = $m->rops([ $s, NONE ],
        rop('GetContentsTable', in => 0, out => 1),
        rop('SetColumns', in => 1, tags => [ 0x0037001f ]),
        rop('QueryRows', in => 1, forward => 1, row_count => 50),
        rop('Release', in => 1),
        { columns => [ 0x0037001f ] });
    return join ', ', sort map { $_->{0x0037001f} } @{ $o[2]{rows} };
}
