#!/usr/bin/perl

# Mailboxes of others: only with an administrator's leave; then folders, items,
# moves between both.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob carol /]);
$p->plan(27)->run();
$p->deliver('bob', "From: ada\@example.org\r\nSubject: for bob\r\n\r\nx\r\n");

my $e = Test::Postern::EWS->new('alice');
my $b = Test::Postern::EWS->new('bob');
my ($item) = $b->find('inbox')->ids('t:ItemId');

sub folder_of {
    my ($who) = @_;
    return '<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>'
        . "$who</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>";
}

sub get_folder {
    return $e->call('<m:GetFolder>' . shape('Folder', 'Default')
        . "<m:FolderIds>$_[0]</m:FolderIds></m:GetFolder>");
}

is(get_folder(folder_of('alice@example.test'))->code, 'NoError', 'her own');
is(get_folder(folder_of('bob@example.test'))->code, 'ErrorAccessDenied',
   'not his');
is(get_folder(folder_of('nobody@example.test'))->code,
   'ErrorNonExistentMailbox', "nobody's");
is($e->get($item, 'IdOnly')->code, 'ErrorItemNotFound', 'nor his items');
is($e->update($item, 'message:IsRead' => '<t:IsRead>true</t:IsRead>')->code,
   'ErrorItemNotFound', 'to change');

$p->cli_ok('access', 'set', 'bob@example.test', 'alice@example.test',
           '--full');
my $r;
ok((wait_for {; ($r = get_folder(folder_of('bob@example.test')))->code
                eq 'NoError' } 5), 'with leave');
is($r->get('t:TotalCount'), 1, 'his inbox');
$r = $e->call('<m:FindItem Traversal="Shallow">'
    . shape('Item', 'IdOnly', 'item:Subject') . '<m:ParentFolderIds>'
    . folder_of('bob@example.test') . '</m:ParentFolderIds></m:FindItem>');
is($r->get('t:Subject'), 'for bob', 'lists');
is(($r->ids('t:ItemId'))[0], $item, 'with the same ids');
is($e->get($item, 'IdOnly', 'item:Subject')->get('t:Subject'), 'for bob',
   'reads');

$r = $e->call('<m:CopyItem><m:ToFolderId>' . folder_ids('drafts')
    . '</m:ToFolderId><m:ItemIds>' . item_ids($item)
    . '</m:ItemIds></m:CopyItem>');
is($r->code, 'NoError', 'copies to her own');
my ($copy) = $r->ids('t:ItemId');
is($e->get($copy, 'IdOnly', 'item:Subject')->get('t:Subject'), 'for bob',
   'there it is');
$r = $e->call('<m:MoveItem><m:ToFolderId>' . folder_ids('junkemail')
    . '</m:ToFolderId><m:ItemIds>' . item_ids($item)
    . '</m:ItemIds></m:MoveItem>');
is($r->code, 'NoError', 'moves');
is($b->get($item, 'IdOnly')->code, 'ErrorItemNotFound', 'it left his');
my $imap = $p->imap_login('alice');
$imap->command('SELECT "Junk Email"');
like($imap->command('FETCH 1:* BODY.PEEK[]'), qr/for bob/, 'and is in hers');

# folders

my $far = $p->imap_login('bob');
$far->command("CREATE $_") for 'Work', 'Work/Inner', 'Here';
$far->command("APPEND Work/Inner {17+}\r\nSubject: deep\r\n\r\n");
my ($work) = folder_named('Work');

sub folder_named {
    my ($name) = @_;
    my $r = $b->call('<m:FindFolder Traversal="Shallow">'
        . shape('Folder', 'Default') . '<m:ParentFolderIds>'
        . folder_ids('msgfolderroot') . '</m:ParentFolderIds></m:FindFolder>');
    my ($one) = grep { m{<t:DisplayName>$name<} } split /<t:Folder>/, $r->xml;
    return $one =~ /<t:FolderId Id="([^"]+)"/;
}

sub take {
    my ($op, $id) = @_;
    return $e->call("<m:$op><m:ToFolderId>" . folder_ids('msgfolderroot')
        . '</m:ToFolderId><m:FolderIds>' . folder_ids($id)
        . "</m:FolderIds></m:$op>");
}

$r = take('CopyFolder', $work);
is($r->code, 'NoError', 'CopyFolder');
like($imap->command('SELECT Work/Inner'), qr/\* 1 EXISTS/,
     'it came with all that is below it');
like($far->command('SELECT Work/Inner'), qr/\* 1 EXISTS/, 'and stays');
is(take('MoveFolder', $work)->code, 'ErrorFolderExists', 'a name is taken');
$imap->command('RENAME Work Before');
$r = take('MoveFolder', $work);
is($r->code, 'NoError', 'MoveFolder');
my ($mine) = $r->ids('t:FolderId');
isnt($mine, $work, 'under another id');
like($imap->command('SELECT Work/Inner'), qr/\* 1 EXISTS/, 'it is here');
unlike($far->command('LIST "" *'), qr/Work/, 'and not there');
is(take('CopyFolder', $mine)->code, 'ErrorFolderExists',
   'a copy beside it would have its name');

my $c = Test::Postern::EWS->new('carol');
is($c->get($copy, 'IdOnly')->code, 'ErrorItemNotFound', 'carol gets nothing');

$p->cli_ok('access', 'delete', 'bob@example.test', 'alice@example.test');
ok((wait_for {; get_folder(folder_of('bob@example.test'))->code
                eq 'ErrorAccessDenied' } 5), 'taken away again');
is($e->call('<m:SyncFolderHierarchy>' . shape('Folder', 'IdOnly')
    . '<m:SyncFolderId>' . folder_of('bob@example.test') . '</m:SyncFolderId>'
    . '</m:SyncFolderHierarchy>')->code, 'ErrorAccessDenied', 'everywhere');
