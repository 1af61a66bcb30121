#!/usr/bin/perl

# Recoverable items: the folders, what Deletions lists, in which order, by what
# restriction and page; items are read, restored and purged; the owner's alone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice bob /]);
$p->plan(48)->run();

my $e = Test::Postern::EWS->new('alice');
my $d = 'recoverableitemsdeletions';

sub folder {
    my ($ews, $id) = @_;
    return $ews->call('<m:GetFolder>' . shape('Folder', 'AllProperties')
        . '<m:FolderIds>' . (ref $id ? $$id : folder_ids($id))
        . '</m:FolderIds></m:GetFolder>');
}

sub below {
    my ($id, $traversal, $more) = @_;
    return $e->call(qq{<m:FindFolder Traversal="$traversal">}
        . shape('Folder', 'Default') . ($more || '') . '<m:ParentFolderIds>'
        . folder_ids($id) . '</m:ParentFolderIds></m:FindFolder>');
}

sub find {
    my ($folder, $more, $traversal) = @_;
    $traversal ||= 'Shallow';
    return $e->call(qq{<m:FindItem Traversal="$traversal">}
        . shape('Item', 'Default') . ($more || '') . '<m:ParentFolderIds>'
        . folder_ids($folder) . '</m:ParentFolderIds></m:FindItem>');
}

sub subjects { return join ' ', find(@_)->all('t:Subject') }

sub delete_item {
    my ($type, @ids) = @_;
    return $e->call(qq{<m:DeleteItem DeleteType="$type"><m:ItemIds>}
        . item_ids(@ids) . '</m:ItemIds></m:DeleteItem>');
}

sub item {
    my ($folder, $subject) = @_;
    for my $id ($e->find($folder)->ids('t:ItemId')) {
        return $id if $e->get($id, 'IdOnly', 'item:Subject')->get('t:Subject')
            eq $subject;
    }
    return;
}

my $n = 0;
for my $subject (qw/ alpha bravo charlie delta echo /) {
    $p->deliver('alice', "From: ada\@example.org\r\nTo: alice\@example.test"
        . "\r\nSubject: $subject\r\nX-Own: $subject\r\n\r\n"
        . ('body ' x ++$n) . "\r\n");
}

# --- folders

my $r = folder($e, 'recoverableitemsroot');
is($r->code, 'NoError', 'the root');
is($r->get('t:DisplayName'), 'Recoverable Items', 'its name');
is($r->get('t:ChildFolderCount'), 3, 'three below');
is($r->get('t:DistinguishedFolderId'), 'recoverableitemsroot',
   'distinguished');
my ($root) = $r->ids('t:FolderId');
my ($top) = folder($e, 'root')->ids('t:FolderId');
is(($r->ids('t:ParentFolderId'))[0], $top, 'below the root');

$r = below('recoverableitemsroot', 'Deep');
is(join(' ', $r->all('t:DisplayName')), 'Deletions Purges Versions',
   'FindFolder');
is(scalar(() = below($root, 'Shallow')->ids('t:FolderId')), 3, 'by its id');
is(join(' ', below($root, 'Shallow', '<m:Restriction><t:IsEqualTo>'
    . '<t:FieldURI FieldURI="folder:DisplayName"/><t:FieldURIOrConstant>'
    . '<t:Constant Value="Purges"/></t:FieldURIOrConstant></t:IsEqualTo>'
    . '</m:Restriction>')->all('t:DisplayName')), 'Purges', 'restricted');
is(scalar(() = below($d, 'Deep')->ids('t:FolderId')), 0, 'nothing below those');

$r = folder($e, $d);
my ($id) = $r->ids('t:FolderId');
is($r->get('t:TotalCount'), 0, 'nothing was deleted');
is(($r->ids('t:ParentFolderId'))[0], $root, 'its parent');
is($r->get('t:Read'), 'true', 'it may be read');
is($r->get('t:CreateContents'), 'false', 'nothing can be made there');
is(folder($e, $_)->code, 'NoError', $_)
    for qw/ recoverableitemsversions recoverableitemspurges /;
is(folder($e, 'archiverecoverableitemsroot')->code,
   'ErrorArchiveMailboxNotEnabled', 'of an archive');

# --- what is there

delete_item('SoftDelete', item('inbox', $_)) for qw/ delta alpha echo /;
delete_item('HardDelete', item('inbox', 'bravo'));
my $moved = $e->call('<m:MoveItem><m:ToFolderId>' . folder_ids('drafts')
    . '</m:ToFolderId><m:ItemIds>' . item_ids(item('inbox', 'charlie'))
    . '</m:ItemIds></m:MoveItem>');
delete_item('SoftDelete', $moved->ids('t:ItemId'));

$r = folder($e, $d);
is($r->get('t:TotalCount'), 4, 'of all folders, what can be recovered');
is($r->get('t:UnreadCount'), 4, 'unread');
is(join(' ', sort(split / /, subjects($d))), 'alpha charlie delta echo',
   'FindItem');
is(subjects($id), subjects($d), 'by its id');
is(subjects($d, '<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI'
    . ' FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>'),
   'echo delta charlie alpha', 'sorted');
is(subjects($d, '<m:Restriction><t:IsGreaterThan><t:FieldURI'
    . ' FieldURI="item:Subject"/><t:FieldURIOrConstant><t:Constant'
    . ' Value="charlie"/></t:FieldURIOrConstant></t:IsGreaterThan>'
    . '</m:Restriction><m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI'
    . ' FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>'),
   'delta echo', 'restricted');
$r = find($d, '<m:IndexedPageItemView MaxEntriesReturned="3" Offset="2"'
    . ' BasePoint="Beginning"/><m:SortOrder><t:FieldOrder Order="Ascending">'
    . '<t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>');
is(join(' ', $r->all('t:Subject')), 'delta echo', 'a page');
like($r->xml, qr/TotalItemsInView="4"/, 'of four');
like($r->xml, qr/IncludesLastItemInRange="true"/, 'the last one');
is(subjects('recoverableitemsversions'), '', 'none in Versions');
is(subjects('recoverableitemspurges'), '', 'none in Purges');
is(subjects($d, '', 'Associated'), '', 'nothing associated');
is($e->call('<m:FindItem Traversal="Shallow">' . shape('Item', 'IdOnly')
    . '<m:ParentFolderIds>' . folder_ids($d) . '</m:ParentFolderIds>'
    . '<m:QueryString>alpha</m:QueryString></m:FindItem>')->code,
   'ErrorContentIndexingNotEnabled', 'not in the index');

# --- items

my $alpha = item($d, 'alpha');
$r = $e->get($alpha, 'AllProperties',
             '<!<t:IncludeMimeContent>true</t:IncludeMimeContent>');
is($r->code, 'NoError', 'GetItem');
like($r->mime, qr/X-Own: alpha/, 'its bytes');
is(($r->ids('t:ParentFolderId'))[0], $id, 'where it is');
is(($r->ids('t:ItemId'))[0], $alpha, 'by one id');

$r = $e->call('<m:MoveItem><m:ToFolderId>' . folder_ids('inbox')
    . '</m:ToFolderId><m:ItemIds>' . item_ids($alpha)
    . '</m:ItemIds></m:MoveItem>');
is($r->code, 'NoError', 'MoveItem');
is($e->get(($r->ids('t:ItemId'))[0], 'Default')->get('t:Subject'), 'alpha',
   'restored');
is($e->get($alpha, 'IdOnly')->code, 'ErrorItemNotFound', 'and not there');
is(delete_item('HardDelete', item($d, 'delta'))->code, 'NoError',
   'HardDelete');
is(delete_item('MoveToDeletedItems', item($d, 'echo'))->code, 'NoError',
   'MoveToDeletedItems');
is(subjects('deleteditems'), 'echo', 'is there');
is(subjects($d), 'charlie', 'one is left');
is(folder($e, $d)->get('t:TotalCount'), 1, 'and counted');

# --- what cannot be done

my $charlie = item($d, 'charlie');
is($e->sync($d)->code, 'ErrorInvalidOperation', 'SyncFolderItems');
is($e->call('<m:MoveItem><m:ToFolderId>' . folder_ids($d)
    . '</m:ToFolderId><m:ItemIds>' . item_ids(item('inbox', 'alpha'))
    . '</m:ItemIds></m:MoveItem>')->code, 'ErrorInvalidOperation',
   'nothing moves there');
is($e->create('SaveOnly', message(subject => 'x'), $d)->code,
   'ErrorInvalidOperation', 'or is made there');
is($e->call('<m:CopyItem><m:ToFolderId>' . folder_ids('inbox')
    . '</m:ToFolderId><m:ItemIds>' . item_ids($charlie)
    . '</m:ItemIds></m:CopyItem>')->code, 'ErrorItemNotFound', 'or copied');

# --- others

my $b = Test::Postern::EWS->new('bob');
my $of = '<t:DistinguishedFolderId Id="' . $d . '"><t:Mailbox><t:EmailAddress>'
    . 'alice@example.test</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>';
is(folder($b, \$of)->code, 'ErrorAccessDenied', 'not bob');
isnt(folder($b, $id)->code, 'NoError', 'nor by its id');
isnt($b->get($charlie, 'IdOnly')->code, 'NoError', 'nor an item');
