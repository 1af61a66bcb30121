#!/usr/bin/perl

# SyncFolderItems follows what IMAP and EWS do: arrival, read state, edit,
# move, deletion; in pages; a state that is not ours is refused.  MoveItem,
# CopyItem, DeleteItem, MarkAllItemsAsRead, read back by IMAP.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use MIME::Base64 qw/ decode_base64 encode_base64 /;
use Test::More;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice /]);
$p->plan(50)->run();

sub mail { return "From: ada\@example.org\r\nSubject: $_[0]\r\n\r\n$_[0]\r\n"; }

$p->deliver('alice', mail("m$_")) for 1 .. 5;

my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');
my $e = Test::Postern::EWS->new('alice');

my $r = $e->sync('inbox', undef, max => 3, uris => ['item:Subject']);
is($r->code, 'NoError', 'SyncFolderItems');
is(scalar(() = $r->xml =~ /<t:Create>/g), 3, 'a page of three');
is($r->get('m:IncludesLastItemInRange'), 'false', 'and more');
my $state = $r->get('m:SyncState');
my %id = map { $_ => 1 } $r->ids('t:ItemId');
$r = $e->sync('inbox', $state, max => 3, uris => ['item:Subject']);
is(scalar(() = $r->xml =~ /<t:Create>/g), 2, 'the rest');
is($r->get('m:IncludesLastItemInRange'), 'true', 'and no more');
$id{$_}++ for $r->ids('t:ItemId');
is(scalar(keys %id), 5, 'five, each once');
$state = $r->get('m:SyncState');

$r = $e->sync('inbox', $state);
unlike($r->xml, qr/<t:(?:Create|Update|Delete|ReadFlag)/, 'nothing changed');
my $quiet = $state;

my %by = do {
    my $all = $e->find('inbox', 'item:Subject');
    my @ids = $all->ids('t:ItemId');
    my @names = $all->all('t:Subject');
    map { $names[$_] => $ids[$_] } 0 .. $#ids;
};
is(join(' ', sort keys %by), 'm1 m2 m3 m4 m5', 'FindItem agrees');

$imap->command('STORE 1 +FLAGS (\Seen)');
$r = $e->sync('inbox', $state);
is(join(' ', $r->xml =~ /<t:(ReadFlagChange|Update|Create|Delete)>/g),
   'ReadFlagChange', 'IMAP reads one');
is(($r->ids('t:ItemId'))[0], $by{m1}, 'that one');
is($r->get('t:IsRead'), 'true', 'it is read');
$state = $r->get('m:SyncState');

$e->update($by{m2}, 'item:Subject' => '<t:Subject>m2 new</t:Subject>');
$r = $e->sync('inbox', $state, uris => ['item:Subject']);
is(join(' ', $r->xml =~ /<t:(ReadFlagChange|Update|Create|Delete)>/g),
   'Update', 'an edit');
is($r->get('t:Subject'), 'm2 new', 'with what is new');
$state = $r->get('m:SyncState');

$imap->command('STORE 3 +FLAGS (\Deleted)');
$imap->command('EXPUNGE');
$r = $e->sync('inbox', $state);
like($r->xml, qr/<t:Delete>/, 'IMAP deletes one');
$state = $r->get('m:SyncState');

$p->deliver('alice', mail('m6'));
$r = $e->sync('inbox', $state, uris => ['item:Subject']);
is(join(' ', $r->xml =~ /<t:(ReadFlagChange|Update|Create|Delete)>/g),
   'Create', 'one arrives');
is($r->get('t:Subject'), 'm6', 'that one');
my ($m6) = $r->ids('t:ItemId');

my $ignored = $e->sync('inbox', $state, ignore => [$m6]);
unlike($ignored->xml, qr/<t:Create>/, 'unless it is to be ignored');
$state = $r->get('m:SyncState');

for my $bad (encode_base64('nonsense', ''), 'not base64!',
             encode_base64(substr(decode_base64($state), 0, -1), ''),
             encode_base64("x" . substr(decode_base64($state), 1), ''),
             encode_base64(substr(decode_base64($state), 0, -32)
                           . "\xff\xff\xff\xff\xff\xff" . "\0" x 26, ''))
{
    is($e->sync('inbox', $bad)->code, 'ErrorInvalidSyncStateData',
       'a state that is not ours');
}
is($e->sync('drafts', $state)->code, 'ErrorInvalidSyncStateData',
   'nor one of another folder');

# move
$r = $e->call('<m:MoveItem><m:ToFolderId>' . folder_ids('junkemail')
    . '</m:ToFolderId><m:ItemIds>' . item_ids($by{m1}, $by{m4}, 'AAAA', $by{m1})
    . '</m:ItemIds></m:MoveItem>');
is(join(' ', $r->codes),
   'NoError NoError ErrorInvalidIdMalformed ErrorItemNotFound',
   'MoveItem, each with a code');
my @moved = $r->ids('t:ItemId');
isnt($moved[0], $by{m1}, 'a new id');
like($e->get($moved[0], 'IdOnly', 'item:Subject')->xml, qr/m1/, 'that works');
is($e->get($by{m1}, 'IdOnly')->code, 'ErrorItemNotFound',
   'the old one does not');
$imap->command('SELECT "Junk Email"');
like($imap->command('FETCH 1:* (FLAGS BODY.PEEK[HEADER])'),
     qr/\\Seen.*m1.*m4/s, 'IMAP has them there');
$r = $e->sync('inbox', $state);
is(scalar(() = $r->xml =~ /<t:Delete>/g), 2, 'they left the inbox');
$state = $r->get('m:SyncState');
$r = $e->sync('junkemail', undef, uris => ['item:Subject']);
is(join(' ', sort $r->all('t:Subject')), 'm1 m4', 'and came to the other');

# copy
$r = $e->call('<m:CopyItem><m:ToFolderId>' . folder_ids('archive')
    . '</m:ToFolderId><m:ItemIds>' . item_ids($by{m5})
    . '</m:ItemIds></m:CopyItem>', version => 'Exchange2016');
is($r->code, 'NoError', 'CopyItem');
is($e->get($by{m5}, 'IdOnly')->code, 'NoError', 'the original stays');
$imap->command('SELECT Archive');
like($imap->command('FETCH 1:* BODY.PEEK[HEADER]'), qr/m5/, 'the copy is there');
is($e->call('<m:CopyItem><m:ToFolderId>' . folder_ids('voicemail')
    . '</m:ToFolderId><m:ItemIds>' . item_ids($by{m5})
    . '</m:ItemIds></m:CopyItem>')->code, 'ErrorToFolderNotFound',
   'not to a folder that is not');

# delete
my $delete = sub {
    my ($type, @ids) = @_;
    return $e->call(qq{<m:DeleteItem DeleteType="$type"><m:ItemIds>}
                    . item_ids(@ids) . '</m:ItemIds></m:DeleteItem>');
};
is($delete->('MoveToDeletedItems', $by{m5})->code, 'NoError',
   'MoveToDeletedItems');
$imap->command('SELECT "Deleted Items"');
like($imap->command('FETCH 1:* BODY.PEEK[HEADER]'), qr/m5/, 'it is there');
is($e->get($by{m5}, 'IdOnly')->code, 'ErrorItemNotFound', 'under another id');
is(join(' ', $delete->('HardDelete', $m6, $m6)->codes),
   'NoError NoError', 'HardDelete of the same twice in one request');
is($delete->('HardDelete', $m6)->code, 'ErrorItemNotFound', 'then gone');
is($delete->('SoftDelete', $by{m2})->code, 'NoError', 'SoftDelete');
$imap->command('SELECT INBOX');
unlike($imap->command('FETCH 1:* BODY.PEEK[HEADER]') || '', qr/m2|m6/,
       'IMAP has neither');

# all read, all gone
$p->deliver('alice', mail("n$_")) for 1 .. 3;
is($e->call('<m:MarkAllItemsAsRead><m:ReadFlag>true</m:ReadFlag>'
    . '<m:SuppressReadReceipts>true</m:SuppressReadReceipts><m:FolderIds>'
    . folder_ids('inbox') . '</m:FolderIds></m:MarkAllItemsAsRead>')->code,
   'NoError', 'MarkAllItemsAsRead');
my ($count) = $imap->command('STATUS INBOX (UNSEEN)') =~ /UNSEEN (\d+)/;
is($count, 0, 'IMAP has none unseen');
is($e->call('<m:EmptyFolder DeleteType="HardDelete"'
    . ' DeleteSubFolders="false"><m:FolderIds>' . folder_ids('inbox')
    . '</m:FolderIds></m:EmptyFolder>')->code, 'NoError', 'EmptyFolder');
($count) = $imap->command('STATUS INBOX (MESSAGES)') =~ /MESSAGES (\d+)/;
is($count, 0, 'it is empty');

# folders
$r = $e->call('<m:SyncFolderHierarchy>' . shape('Folder', 'Default')
    . '</m:SyncFolderHierarchy>');
is($r->code, 'NoError', 'SyncFolderHierarchy');
like($r->xml, qr/<t:DisplayName>Inbox</, 'the inbox');
my $hierarchy = $r->get('m:SyncState');
$imap->command('CREATE "Made by IMAP"');
$r = $e->call('<m:SyncFolderHierarchy>' . shape('Folder', 'Default')
    . "<m:SyncState>$hierarchy</m:SyncState></m:SyncFolderHierarchy>");
is(join(' ', $r->all('t:DisplayName')), 'Made by IMAP', 'a new one');
$hierarchy = $r->get('m:SyncState');
$imap->command('DELETE "Made by IMAP"');
$r = $e->call('<m:SyncFolderHierarchy>' . shape('Folder', 'IdOnly')
    . "<m:SyncState>$hierarchy</m:SyncState></m:SyncFolderHierarchy>");
like($r->xml, qr/<t:Delete>/, 'and gone');
is($e->call('<m:SyncFolderHierarchy>' . shape('Folder', 'IdOnly')
    . '<m:SyncState>AAAA</m:SyncState></m:SyncFolderHierarchy>')->code,
   'ErrorInvalidSyncStateData', 'a state that is not ours');
