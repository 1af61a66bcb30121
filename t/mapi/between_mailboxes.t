#!/usr/bin/perl

# Messages and folders are moved and copied between two logons of one session:
# from one's own mailbox to another's and back, read there by IMAP.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'EOF');
MoveFolder        | 35 | dest:u8 async:u8 unicode:u8 folder_id:u64 name:str16z | partial:u8
CopyFolder        | 36 | dest:u8 async:u8 recursive:u8 unicode:u8 folder_id:u64 name:str16z | partial:u8
EOF

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice bob /]));

$p->plan(30)->run();
$p->cli_ok('access', 'set', $p->address('bob'), $p->address('alice'), '--full');
$p->deliver('alice', "From: x\@example.test\r\nSubject: $_\r\n\r\nText $_\r\n")
    for 1 .. 3;

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $own = $m->logon();
my $bob = $m->logon(logon => 1, dn => $m->dn_of('bob'));
is($bob->{error}, 0, 'a second logon');

my ($here, $there) = map { $_->{folder_ids}[4] } $own, $bob;
my ($folder, @mids) = listed($own, 0, $here);
my ($other) = $m->rops([ $bob->{handle}, NONE ],
    rop('OpenFolder', logon => 1, in => 0, out => 1, folder_id => $there));

my $imap = $p->imap_login('alice');
my $far = $p->imap_login('bob');
$imap->command('SELECT INBOX');
$imap->command('STORE 1 +FLAGS (\\Seen \\Flagged)');
my $text = bytes_of($imap, 1);

my @r = $m->rops([ $folder, $other->{handle} ],
    rop('MoveCopyMessages', in => 0, dest => 1, ids => [ $mids[0] ]),
    rop('MoveCopyMessages', in => 0, dest => 1, copy => 1,
        ids => [ $mids[1] ]),
    rop('MoveCopyMessages', in => 0, dest => 1,
        ids => [ $mids[0], $mids[2] ]));
is("$r[0]{error} $r[0]{partial}", '0 0', 'moved');
is("$r[1]{error} $r[1]{partial}", '0 0', 'copied');
is("$r[2]{error} $r[2]{partial}", '0 1', 'one of two: PartialCompletion');

like($imap->command('SELECT INBOX'), qr/\* 1 EXISTS/, 'one is left here');
like($imap->command('FETCH 1 BODY[HEADER.FIELDS (SUBJECT)]'),
     qr/Subject: 2\r/, 'the copied one');
like($far->command('SELECT INBOX'), qr/\* 3 EXISTS/, 'three are there');
like($far->command('FETCH 1 FLAGS'), qr/\\Seen/, 'with their flags');
like($far->command('FETCH 1 FLAGS'), qr/\\Flagged/, 'all of them');
is(bytes_of($far, 1), $text, 'and their bytes');

# and back

my ($over, @theirs) = listed($bob, 1, $there);
is(scalar @theirs, 3, 'MAPI sees three there');
@r = $m->rops([ $over, $folder ],
    rop('MoveCopyMessages', logon => 1, in => 0, dest => 1,
        ids => [ @theirs ]));
is("$r[0]{error} $r[0]{partial}", '0 0', 'moved back');
like($imap->command('SELECT INBOX'), qr/\* 4 EXISTS/, 'four here');
like($far->command('SELECT INBOX'), qr/\* 0 EXISTS/, 'none there');

# folders, with what is below them

my ($mine, $his) = map { $_->{folder_ids}[3] } $own, $bob;
$imap->command("CREATE \"$_\"") for 'Work', 'Work/Inner';
$imap->command("APPEND $_ {18+}\r\nSubject: outer\r\n\r\n")
    for 'Work', 'Work/Inner';

my ($work) = folder_named($own, 0, $mine, 'Work');
@r = $m->rops([ $own->{handle}, NONE, $bob->{handle}, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $mine),
    rop('OpenFolder', logon => 1, in => 2, out => 3, folder_id => $his),
    rop('CopyFolder', in => 1, dest => 3, recursive => 1, unicode => 1,
        folder_id => $work, name => 'Copy'),
    rop('MoveFolder', in => 1, dest => 3, unicode => 1, folder_id => $work,
        name => 'Moved'),
    rop('MoveFolder', in => 1, dest => 3, unicode => 1,
        folder_id => $here, name => 'Stolen'));
is("$r[2]{error} $r[2]{partial}", '0 0', 'a folder copied');
is("$r[3]{error} $r[3]{partial}", '0 0', 'and moved');
isnt($r[4]{error}, 0, 'not the Inbox');
unlike($imap->command('LIST "" *'), qr/Work/, 'it is gone here');

for (qw/ Copy Moved /) {
    like($far->command('LIST "" *'), qr/$_\/Inner/, "$_ came");
    like($far->command("SELECT $_"), qr/\* 1 EXISTS/, 'with its message');
    like($far->command("SELECT $_/Inner"), qr/\* 1 EXISTS/,
         'and the one below');
}

my ($moved) = folder_named($bob, 1, $his, 'Moved');
@r = $m->rops([ $r[1]{handle}, $r[0]{handle} ],
    rop('MoveFolder', logon => 1, in => 0, dest => 1, unicode => 1,
        folder_id => $moved, name => 'Back'));
is("$r[0]{error} $r[0]{partial}", '0 0', 'moved back');
like($imap->command('SELECT Back/Inner'), qr/\* 1 EXISTS/, 'it is here');
unlike($far->command('LIST "" *'), qr/Moved/, 'and not there');

# access that was taken away meanwhile

$p->cli_ok('access', 'delete', $p->address('bob'), $p->address('alice'));
@r = $m->rops([ $folder, $other->{handle} ],
    rop('MoveCopyMessages', in => 0, dest => 1,
        ids => [ (listed($own, 0, $here))[1] ]));
isnt($r[0]{error}, 0, 'not without access');
$imap = $p->imap_login('alice');       # a change of rights ends sign-ins
like($imap->command('SELECT INBOX'), qr/\* 4 EXISTS/, 'nothing left');
$far = $p->imap_login('bob');
like($far->command('SELECT INBOX'), qr/\* 0 EXISTS/, 'nothing came');


sub folder_named {
    my ($logon, $id, $parent, $name) = @_;
    my @columns = (0x67480014, 0x3001001f);
    my @r = $m->rops([ $logon->{handle}, NONE, NONE ],
        rop('OpenFolder', logon => $id, in => 0, out => 1,
            folder_id => $parent),
        rop('GetHierarchyTable', logon => $id, in => 1, out => 2),
        rop('SetColumns', logon => $id, in => 2, tags => \@columns),
        rop('QueryRows', logon => $id, in => 2, forward => 1,
            row_count => 50), { columns => \@columns });

    return map { $_->{0x67480014} } grep { $_->{0x3001001f} eq $name }
        @{ $r[3]{rows} };
}


# The folder's handle, MessageIds by subject.
sub listed {
    my ($logon, $id, $fid) = @_;
    my @columns = (0x674a0014, 0x0037001f);
    my @r = $m->rops([ $logon->{handle}, NONE, NONE ],
        rop('OpenFolder', logon => $id, in => 0, out => 1, folder_id => $fid),
        rop('GetContentsTable', logon => $id, in => 1, out => 2),
        rop('SetColumns', logon => $id, in => 2, tags => \@columns),
        rop('SortTable', logon => $id, in => 2, count => 1,
            orders => pack 'v v C', 0x1f, 0x37, 0),
        rop('QueryRows', logon => $id, in => 2, forward => 1,
            row_count => 50), { columns => \@columns });

    return ($r[0]{handle}, map { $_->{0x674a0014} } @{ $r[4]{rows} });
}


sub bytes_of {
    my ($imap, $n) = @_;
    my ($text) = $imap->command("FETCH $n BODY.PEEK[]")
        =~ /\{\d+\}\r\n(.*)\)\r\n/s;

    return $text;
}
