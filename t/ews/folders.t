#!/usr/bin/perl

# CreateFolder, UpdateFolder, MoveFolder, DeleteFolder, FindFolder; IMAP sees
# them; distinguished ones stay.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice /]);
$p->plan(33)->run();

my $imap = $p->imap_login('alice');
my $e = Test::Postern::EWS->new('alice');

sub create {
    my ($parent, $name) = @_;
    return $e->call('<m:CreateFolder><m:ParentFolderId>'
        . folder_ids($parent) . '</m:ParentFolderId><m:Folders><t:Folder>'
        . "<t:DisplayName>$name</t:DisplayName></t:Folder></m:Folders>"
        . '</m:CreateFolder>');
}

my $r = create('msgfolderroot', 'Projects');
is($r->code, 'NoError', 'CreateFolder');
my ($projects) = $r->ids('t:FolderId');
like($imap->command('LIST "" *'), qr/Projects/, 'IMAP lists it');
is(create('msgfolderroot', 'projects')->code, 'ErrorFolderExists',
   'no two that differ in case');
is(create('msgfolderroot', '')->code, 'ErrorFolderSavePropertyError',
   'nor without a name');
$r = create($projects, 'Inner &amp; more');
is($r->code, 'NoError', 'below it');
my ($inner) = $r->ids('t:FolderId');

sub found {
    my ($traversal, $parent, $extra) = @_;
    return $e->call(qq{<m:FindFolder Traversal="$traversal">}
        . shape('Folder', 'Default') . ($extra || '') . '<m:ParentFolderIds>'
        . folder_ids($parent) . '</m:ParentFolderIds></m:FindFolder>');
}

$r = found('Shallow', 'msgfolderroot');
is($r->code, 'NoError', 'FindFolder');
like($r->xml, qr/>Projects</, 'one level has it');
unlike($r->xml, qr/Inner/, 'and not what is below');
like($r->xml, qr{>Projects<.*?<t:ChildFolderCount>1<}, 'it has one below');
$r = found('Deep', 'msgfolderroot');
like($r->xml, qr/>Inner &amp; more</, 'all levels have both');
my ($all) = $r->xml =~ /TotalItemsInView="(\d+)"/;
$r = found('Deep', 'msgfolderroot', '<m:IndexedPageFolderView'
    . ' MaxEntriesReturned="2" Offset="1" BasePoint="Beginning"/>');
is(scalar(() = $r->xml =~ /<t:FolderId /g), 2, 'a page of two');
like($r->xml, qr/IndexedPagingOffset="3"/, 'and where the next begins');
like($r->xml, qr/TotalItemsInView="$all"/, 'of all');
$r = found('Deep', 'root', '<m:Restriction><t:Contains'
    . ' ContainmentMode="Prefixed" ContainmentComparison="IgnoreCase">'
    . '<t:FieldURI FieldURI="folder:DisplayName"/><t:Constant Value="inner"/>'
    . '</t:Contains></m:Restriction>');
is(join('|', $r->all('t:DisplayName')), 'Inner & more', 'by name');

$r = $e->call('<m:UpdateFolder><m:FolderChanges><t:FolderChange>'
    . folder_ids($inner) . '<t:Updates><t:SetFolderField><t:FieldURI'
    . ' FieldURI="folder:DisplayName"/><t:Folder><t:DisplayName>Renamed'
    . '</t:DisplayName></t:Folder></t:SetFolderField></t:Updates>'
    . '</t:FolderChange></m:FolderChanges></m:UpdateFolder>');
is($r->code, 'NoError', 'UpdateFolder');
like($imap->command('LIST "" *'), qr{Projects/Renamed}, 'IMAP sees the name');

$r = $e->call('<m:MoveFolder><m:ToFolderId>' . folder_ids('msgfolderroot')
    . '</m:ToFolderId><m:FolderIds>' . folder_ids($inner)
    . '</m:FolderIds></m:MoveFolder>');
is($r->code, 'NoError', 'MoveFolder');
unlike($imap->command('LIST "" *'), qr{Projects/Renamed}, 'away from there');
is($e->call('<m:MoveFolder><m:ToFolderId>' . folder_ids($inner)
    . '</m:ToFolderId><m:FolderIds>' . folder_ids($inner)
    . '</m:FolderIds></m:MoveFolder>')->code, 'ErrorMoveCopyFailed',
   'not below itself');
is($e->call('<m:MoveFolder><m:ToFolderId>' . folder_ids($inner)
    . '</m:ToFolderId><m:FolderIds>' . folder_ids('inbox')
    . '</m:FolderIds></m:MoveFolder>')->code, 'ErrorMoveDistinguishedFolder',
   'not the inbox');

sub deleted {
    my ($type, $id) = @_;
    return $e->call(qq{<m:DeleteFolder DeleteType="$type"><m:FolderIds>}
        . folder_ids($id) . '</m:FolderIds></m:DeleteFolder>')->code;
}

is(deleted('MoveToDeletedItems', $projects), 'NoError',
   'DeleteFolder to the trash');
like($imap->command('LIST "" *'), qr{Deleted Items/Projects}, 'it is there');
is(deleted('HardDelete', $projects), 'NoError', 'and from there');
unlike($imap->command('LIST "" *'), qr/Projects/, 'gone');
is(deleted('HardDelete', $projects), 'ErrorFolderNotFound', 'once');
is(deleted('HardDelete', 'inbox'), 'ErrorDeleteDistinguishedFolder',
   'the inbox stays');
is($e->call('<m:GetFolder>' . shape('Folder', 'IdOnly') . '<m:FolderIds>'
    . folder_ids('archiveinbox', 'voicemail') . '</m:FolderIds></m:GetFolder>')
   ->code, 'ErrorArchiveMailboxNotEnabled', 'no archive mailbox');

# --- EmptyFolder: subfolders go where the messages go

sub nested {
    my ($name) = @_;
    my ($top) = create('msgfolderroot', $name)->ids('t:FolderId');
    create($top, 'Below');
    return $top;
}

sub empty {
    my ($how, $id) = @_;
    return $e->call(qq{<m:EmptyFolder DeleteType="$how"}
        . ' DeleteSubFolders="true"><m:FolderIds>' . folder_ids($id)
        . '</m:FolderIds></m:EmptyFolder>')->code;
}

is(empty('MoveToDeletedItems', nested('First')), 'NoError', 'EmptyFolder');
like($imap->command('LIST "" *'), qr{Deleted Items.Below"?\r}, 'to the trash');
is(empty('MoveToDeletedItems', nested('Second')), 'NoError', 'another');
like($imap->command('LIST "" *'), qr{Deleted Items.Below 1"?\r},
     'beside the one of that name');
is(empty('SoftDelete', nested('Third')), 'NoError', 'SoftDelete');
unlike($imap->command('LIST "" *'), qr{Third.Below}, 'takes it away');
