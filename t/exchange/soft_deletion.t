#!/usr/bin/perl

# What MAPI and EWS delete softly is kept, what they delete hard and what IMAP
# expunges is not; nobody sees either.  Receive folders take deliveries.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'ROPS');
HardDeleteMessages | 91 | async:u8 notify:u8 ids:ids16 | partial:u8
EmptyFolder | 58 | async:u8 associated:u8 | partial:u8
ROPS

use constant { SUBJECT => 0x0037001f, MID => 0x674a0014 };

my $p = ews_site(users => [qw/ alice /], postern => "workers 2;\n"
                 . "clear_text_auth on;");
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(24)->run();

my $imap = $p->imap_login('alice');
my $ews = Test::Postern::EWS->new('alice');
my $mapi = Test::Postern::MAPI->new($p, 'alice');
$mapi->connect();
my $logon = $mapi->logon();
my $inbox = $logon->{folder_ids}[4];

sub deliver {
    $p->deliver('alice', "From: ada\@example.org\r\nTo: alice\@example.test"
                . "\r\nSubject: $_\r\n\r\nbody\r\n") for @_;
}

sub rows {
    my @columns = (SUBJECT, MID);
    my @r = $mapi->rops([ $logon->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('QueryRows', in => 2, forward => 1, row_count => 50),
        rop('Release', in => 2), rop('Release', in => 1),
        { columns => \@columns });
    return map { ($_->{+SUBJECT} => $_->{+MID}) } @{ $r[3]{rows} || [] };
}

# PR_DELETED_MSG_COUNT, ..._FOLDER_COUNT, PidTagDeletedCountTotal
sub kept {
    my ($folder) = @_;
    my @tags = (0x66400003, 0x66410003, 0x670b0003);
    my @r = $mapi->rops([ $logon->{handle}, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $folder || $inbox),
        rop('GetPropertiesSpecific', in => 1, tags => \@tags),
        rop('Release', in => 1), { columns => \@tags });
    return join ' ', map { $r[1]{row}{$_} } @tags;
}

sub in_inbox {
    my @r = $mapi->rops([ $logon->{handle}, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
        @_, rop('Release', in => 1));
    return $r[1];
}

sub item {
    my ($subject) = @_;
    for my $id ($ews->find('inbox')->ids('t:ItemId')) {
        return $id if $ews->get($id, 'IdOnly', 'item:Subject')
            ->get('t:Subject') eq $subject;
    }
    return;
}

sub subjects {
    my %rows = rows();
    return join ' ', sort keys %rows;
}

sub delete_item {
    my ($type, $subject) = @_;
    return $ews->call(qq{<m:DeleteItem DeleteType="$type"><m:ItemIds>}
        . item_ids(item($subject)) . '</m:ItemIds></m:DeleteItem>')->code;
}


deliver(qw/ a b c d e f /);
is(kept(), '0 0 0', 'nothing is kept');

my %rows = rows();
is(in_inbox(rop('DeleteMessages', in => 1, ids => [ $rows{a} ]))->{error}, 0,
   'RopDeleteMessages');
is(kept(), '1 0 1', 'soft');
is(in_inbox(rop('HardDeleteMessages', in => 1, ids => [ $rows{b} ]))->{error},
   0, 'RopHardDeleteMessages');
is(kept(), '1 0 2', 'hard');
is(delete_item('SoftDelete', 'c'), 'NoError', 'SoftDelete');
is(kept(), '2 0 3', 'soft');
is(delete_item('HardDelete', 'd'), 'NoError', 'HardDelete');
is(kept(), '2 0 4', 'hard');
$imap->command('SELECT INBOX');
my ($n) = $imap->command('SEARCH SUBJECT "e"') =~ /^\* SEARCH (\d+)/m;
$imap->command("STORE $n +FLAGS (\\Deleted)");
$imap->command('EXPUNGE');
is(kept(), '2 0 5', 'EXPUNGE: hard');
is(subjects(), 'f', 'one is left');
is(scalar($ews->find('inbox')->ids('t:ItemId')), 1, 'for EWS, too');
like(join('', $imap->command('STATUS INBOX (MESSAGES)')), qr/MESSAGES 1\)/,
     'and for IMAP');

# folders
$imap->command('CREATE Box');
$imap->command('CREATE Box/Sub');
my ($box) = map { $_->[0] } grep { $_->[1] eq 'Box' } map {
    my $r = $ews->call('<m:GetFolder>' . Test::Postern::EWS::shape('Folder',
        'Default') . '<m:FolderIds>' . folder_ids($_)
        . '</m:FolderIds></m:GetFolder>');
    [ $_, $r->get('t:DisplayName') ]
} $ews->call('<m:FindFolder Traversal="Shallow">'
    . Test::Postern::EWS::shape('Folder', 'IdOnly') . '<m:ParentFolderIds>'
    . folder_ids('msgfolderroot') . '</m:ParentFolderIds></m:FindFolder>')
    ->ids('t:FolderId');
is($ews->call('<m:DeleteFolder DeleteType="SoftDelete"><m:FolderIds>'
    . folder_ids($box) . '</m:FolderIds></m:DeleteFolder>')->code, 'NoError',
   'DeleteFolder, softly');
is(kept($logon->{folder_ids}[3]), '0 1 0', 'it is kept');
unlike(join('', $imap->command('LIST "" *')), qr/Box/, 'nobody sees it');
like(join('', $imap->command('CREATE Box')), qr/ OK /, 'its name is free');

in_inbox(rop('EmptyFolder', in => 1));
is(subjects(), '', 'RopEmptyFolder');
is(kept(), '3 0 6', 'soft');

# tombstones that were purged: a state from before is refused
my $old = $ews->sync('drafts')->get('m:SyncState');
my $now = $ews->sync('drafts', $old)->get('m:SyncState');
is($ews->sync('drafts', $old)->code, 'NoError', 'a state');
$imap->command('APPEND Drafts {10}', "A: b\r\n\r\nc\n");
my $new = $ews->sync('drafts', $old)->get('m:SyncState');
system('sqlite3', $p->root . '/mailbox/example.test/alice/mailbox.sqlite',
       "UPDATE folder SET horizon=modseq WHERE name='Drafts'") == 0
    or diag('sqlite3 failed');
is($ews->sync('drafts', $old)->code, 'ErrorInvalidSyncStateData',
   'older than the tombstones');
is($ews->sync('drafts', $new)->code, 'NoError', 'a newer one');

# receive folders
my ($r) = $mapi->rops([ $logon->{handle} ],
    rop('SetReceiveFolder', folder_id => $logon->{folder_ids}[6],
        cls => 'IPM.Note'),
    rop('GetReceiveFolder', cls => 'IPM.Note.My'));
deliver('g');
is(subjects(), '', 'a delivery does not go to the Inbox');
like(join('', $imap->command('STATUS "Sent Items" (MESSAGES)')),
     qr/MESSAGES 1\)/, 'but to its receive folder');
