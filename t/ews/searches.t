#!/usr/bin/perl

# Query strings, search folders, what was deleted softly, pages by a condition;
# IMAP and MAPI see what EWS makes of them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use POSIX qw/ strftime /;
use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice /]);
$p->plan(129)->run();

my $mixed = <<'EOF' =~ s/\n/\r\n/gr;
From: Dora Files <dora@example.org>
To: alice@example.test
Subject: delta attached
Date: Thu, 08 Jan 2026 08:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

see the file
--b
Content-Type: text/csv; name=prices.csv
Content-Disposition: attachment; filename=prices.csv

apple,banana
--b--
EOF

$p->deliver('alice', $_) for
    "From: Ada <ada\@example.org>\r\nTo: alice\@example.test\r\n"
    . "Cc: Carl <carl\@copy.test>\r\nSubject: alpha project plan\r\n"
    . "Date: Mon, 05 Jan 2026 08:00:00 +0000\r\nImportance: high\r\n\r\n"
    . "the quick brown fox\r\n",
    "From: Bob <bob\@hotmail.test>\r\nTo: alice\@example.test\r\n"
    . "Subject: bravo projections\r\nDate: Tue, 06 Jan 2026 08:00:00 +0000\r\n"
    . "\r\nquickly, " . ('x' x 5000) . "\r\n",
    "From: Ada <ada\@example.org>\r\nTo: team\@example.test\r\n"
    . "Subject: charlie plans\r\nDate: Wed, 07 Jan 2026 08:00:00 +0000\r\n"
    . "\r\nbrown quick\r\n",
    $mixed;

my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');
$imap->command('STORE 2 +FLAGS (\Seen)');
$imap->command('STORE 3 +FLAGS (\Flagged)');

my $e = Test::Postern::EWS->new('alice');

sub find {
    my ($rest, %a) = @_;
    return $e->call('<m:FindItem Traversal="' . ($a{traversal} || 'Shallow')
        . '">' . shape('Item', 'IdOnly', 'item:Subject') . ($a{view} || '')
        . ($a{before} || '')
        . '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI '
        . 'FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder>'
        . '<m:ParentFolderIds>' . ($a{folder} || folder_ids('inbox'))
        . '</m:ParentFolderIds>' . $rest . '</m:FindItem>');
}

sub xml { return $_[0] =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr; }
sub query { return find('<m:QueryString>' . xml($_[0]) . '</m:QueryString>', @_[1 .. $#_]); }
sub names { return join ' ', map { substr $_, 0, 1 } $_[0]->all('t:Subject'); }

my $year = (gmtime)[5] + 1900;
my $today = strftime '%m/%d/%Y', gmtime;
my $iso = strftime '%Y-%m-%d', gmtime;

for my $row (
    [ 'quick', 'a b c' ], [ '"quick"', 'a c' ], [ 'QUICK', 'a b c' ],
    [ '"quick brown"', 'a' ], [ 'quick brown', 'a c' ],
    [ '"quic"*', 'a b c' ],
    [ 'subject:project', 'a b' ], [ 'subject:"project"', 'a' ],
    [ 'subject:project plan', 'a' ], [ 'subject:plan', 'a c' ],
    [ 'Subject:(project plan)', 'a' ], [ 'subject:(project OR plans)', 'a b c' ],
    [ 'subject:quick', '' ], [ 'body:project', '' ], [ 'content:brown', 'a c' ],
    [ 'from:ada', 'a c' ], [ 'from:"@hotmail.test"', 'b' ],
    [ 'from:ada@example.org', 'a c' ], [ 'to:team', 'c' ], [ 'cc:carl', 'a' ],
    [ 'bcc:carl', '' ], [ 'participants:carl', 'a' ],
    [ 'participants:ada', '' ],
    [ 'attachment:banana', 'd' ], [ 'attachment:prices', 'd' ],
    [ 'hasattachment:true', 'd' ], [ 'hasattachment:false', 'a b c' ],
    [ 'has attachment:true', 'd' ], [ 'has:attachment', 'd' ],
    [ 'isread:true', 'b' ], [ 'isread:FALSE', 'a c d' ],
    [ 'isflagged:true', 'c' ],
    [ 'importance:high', 'a' ], [ 'importance:Low', '' ],
    [ 'kind:email', 'a b c d' ], [ 'kind:tasks', '' ],
    [ 'size:>5000', 'b' ], [ 'size:<5000', 'a c d' ],
    [ 'size:5000..20000', 'b' ], [ 'size:5001', '' ],
    [ 'sent:01/06/2026', 'b' ], [ 'sent:1/6/2026..1/7/2026', 'b c' ],
    [ 'sent:>1/6/2026', 'c d' ], [ 'sent:>=1/6/2026', 'b c d' ],
    [ 'sent:<1/6/2026', 'a' ], [ 'sent:<=2026-01-06', 'a b' ],
    [ 'sent:January 7, 2026', 'c' ],
    [ 'received:today', 'a b c d' ], [ "received:$today", 'a b c d' ],
    [ "received:$iso", 'a b c d' ], [ 'received:yesterday', '' ],
    [ 'received:this week', 'a b c d' ], [ 'received:last week', '' ],
    [ 'received:"this month"', 'a b c d' ], [ 'received:past year', 'a b c d' ],
    [ 'received:NOT today', '' ], [ 'received:yesterday..today', 'a b c d' ],
    [ 'received:<today', '' ],
    [ 'quick AND from:ada', 'a c' ], [ 'quick from:bob', 'b' ],
    [ 'from:bob OR from:dora', 'b d' ], [ 'quick NOT from:ada', 'b' ],
    [ 'quick -from:ada', 'b' ], [ 'quick + from:ada', 'a c' ],
    [ 'NOT quick', 'd' ], [ 'body:(quick -brown)', 'b' ],
    [ '(from:bob OR from:ada) AND subject:plan', 'a c' ],
    [ 'NOT (from:bob OR from:ada)', 'd' ],
    [ 'fox Or banana', '' ],
    [ 'from:ada importance:high', 'a' ],
    [ 'importance:high OR hasattachment:true', 'a d' ],
) {
    my $r = query($row->[0]);
    is($r->code . ' ' . names($r), "NoError $row->[1]", $row->[0]);
}

for my $row (
    [ 'subject:(a', 'ErrorInvalidRestriction' ],
    [ 'a)', 'ErrorInvalidRestriction' ],
    [ 'subject:', 'ErrorInvalidRestriction' ],
    [ 'subject:"a', 'ErrorInvalidRestriction' ],
    [ 'a AND', 'ErrorInvalidRestriction' ],
    [ 'received:someday', 'ErrorInvalidRestriction' ],
    [ 'received:13/40/2026', 'ErrorInvalidRestriction' ],
    [ 'size:big', 'ErrorInvalidRestriction' ],
    [ 'isread:maybe', 'ErrorInvalidRestriction' ],
    [ 'kind:ufo', 'ErrorInvalidRestriction' ],
    [ 'importance:11', 'ErrorInvalidRestriction' ],
    [ '"two words"*', 'ErrorUnsupportedQueryFilter' ],
    [ '(' x 100 . 'a' . ')' x 100, 'ErrorRestrictionTooComplex' ],
    [ '-' x 100 . 'a', 'ErrorRestrictionTooComplex' ],
    [ 'a ' x 1000, 'ErrorRestrictionTooComplex' ],
) {
    is(query($row->[0])->code, $row->[1], substr $row->[0], 0, 30);
}

is(query('a', traversal => 'Associated')->code,
   'ErrorContentIndexingNotEnabled', 'associated items are not in the index');
is($e->call('<m:FindItem Traversal="Shallow">' . shape('Item', 'IdOnly')
   . '<m:Restriction><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists>'
   . '</m:Restriction><m:ParentFolderIds>' . folder_ids('inbox')
   . '</m:ParentFolderIds><m:QueryString>a</m:QueryString></m:FindItem>')->code,
   'ErrorInvalidOperation', 'not beside a restriction');

my $r = query('quick', view => '<m:IndexedPageItemView Offset="1"'
    . ' BasePoint="Beginning" MaxEntriesReturned="1"/>');
is(names($r), 'b', 'a page of a query');
is($r->attr('m:RootFolder', 'TotalItemsInView'), 3, 'of three');

# --- restrictions that only the store's filters know

sub uri { return qq{<t:FieldURI FieldURI="$_[0]"/>}; }
sub contains {
    my ($uri, $value, $mode) = @_;
    return '<t:Contains ContainmentMode="' . ($mode || 'Substring')
        . '" ContainmentComparison="IgnoreCase">' . uri($uri)
        . qq{<t:Constant Value="$value"/></t:Contains>};
}
sub is_ {
    my ($op, $uri, $value) = @_;
    return "<t:$op>" . uri($uri) . '<t:FieldURIOrConstant><t:Constant Value="'
        . "$value\"/></t:FieldURIOrConstant></t:$op>";
}
sub restricted { return names(find('', before => "<m:Restriction>$_[0]</m:Restriction>", @_[1 .. $#_])); }

is(restricted(contains('item:Body', 'BROWN')), 'a c', 'bodies');
is(restricted(contains('message:CcRecipients', 'copy.test')), 'a',
   'recipients by address');
is(restricted(contains('message:ToRecipients', 'carl')), '', 'of their kind');
is(restricted('<t:Not>' . contains('message:CcRecipients', 'carl')
    . '</t:Not>'), 'b c d', 'or not');
is(restricted(contains('message:From', 'hotmail')), 'b', 'the sender by address');
is(restricted(is_('IsNotEqualTo', 'item:Importance', 'High')), 'b c d',
   'not equal');
is(restricted(is_('IsEqualTo', 'item:IsDraft', 'false')), 'a b c d', 'drafts');
is(restricted('<t:IsLessThan>' . uri('item:DateTimeSent')
    . '<t:FieldURIOrConstant>' . uri('item:DateTimeReceived')
    . '</t:FieldURIOrConstant></t:IsLessThan>'), 'a b c d',
    'two properties compared');
is(restricted(contains('item:Subject', 'plan', 'PrefixOnWords')), 'a c',
   'beginnings of words');
is(restricted(contains('item:Subject', 'lan', 'PrefixOnWords')), '',
   'not amid them');

# --- pages by a condition

$r = find('', view => '<m:SeekToConditionPageItemView BasePoint="Beginning"'
    . ' MaxEntriesReturned="2"><t:Condition>'
    . contains('item:Subject', 'bravo')
    . '</t:Condition></m:SeekToConditionPageItemView>');
is(names($r), 'b c', 'from the first that matches');
is($r->attr('m:RootFolder', 'IndexedPagingOffset'), 3, 'and where it goes on');
$r = find('', view => '<m:SeekToConditionPageItemView BasePoint="End"'
    . ' MaxEntriesReturned="2"><t:Condition>'
    . contains('message:From', 'ada')
    . '</t:Condition></m:SeekToConditionPageItemView>');
is(names($r), 'b c', 'up to the last that matches');
$r = query('quick', view => '<m:SeekToConditionPageItemView'
    . ' BasePoint="Beginning"><t:Condition>' . contains('item:Subject', 'plans')
    . '</t:Condition></m:SeekToConditionPageItemView>');
is(names($r), 'c', 'of what a query found');

# --- search folders

sub parameters {
    my ($restriction, $folders, $traversal) = @_;
    return '<t:SearchParameters Traversal="' . ($traversal || 'Shallow')
        . "\"><t:Restriction>$restriction</t:Restriction><t:BaseFolderIds>"
        . folder_ids(@$folders) . '</t:BaseFolderIds></t:SearchParameters>';
}

sub create {
    my ($name, $parameters) = @_;
    return $e->call('<m:CreateFolder><m:ParentFolderId>'
        . folder_ids('searchfolders') . '</m:ParentFolderId><m:Folders>'
        . "<t:SearchFolder><t:DisplayName>$name</t:DisplayName>$parameters"
        . '</t:SearchFolder></m:Folders></m:CreateFolder>');
}

$r = create('Plans', parameters(contains('item:Subject', 'plan'), ['inbox']));
is($r->code, 'NoError', 'a search folder');
my $id = $r->attr('t:FolderId', 'Id');
my $folder = qq{<t:FolderId Id="$id"/>};
is(shown(2), 'a c', 'shows what matches');

$p->deliver('alice', "Subject: echo plan\r\n\r\nx\r\n");
is(shown(3), 'a c e', 'and what arrives');

$r = $e->call('<m:GetFolder>' . shape('Folder', 'Default',
    'folder:SearchParameters') . '<m:FolderIds>' . $folder
    . '</m:FolderIds></m:GetFolder>');
like($r->xml, qr/<t:SearchFolder>.*<t:TotalCount>3<.*<t:SearchParameters
    \s Traversal="Shallow"><t:Restriction><t:Contains
    \s ContainmentMode="Substring" \s ContainmentComparison="IgnoreCase">
    <t:FieldURI \s FieldURI="item:Subject"\/><t:Constant \s Value="plan"\/>
    .*<t:BaseFolderIds><t:FolderId /xs, 'its parameters');

$r = $e->call('<m:UpdateFolder><m:FolderChanges><t:FolderChange>' . $folder
    . '<t:Updates><t:SetFolderField>' . uri('folder:SearchParameters')
    . '<t:SearchFolder>' . parameters('<t:Or>'
        . is_('IsEqualTo', 'message:IsRead', 'true')
        . contains('message:CcRecipients', 'carl') . '</t:Or>', ['inbox'], 'Deep')
    . '</t:SearchFolder></t:SetFolderField></t:Updates></t:FolderChange>'
    . '</m:FolderChanges></m:UpdateFolder>');
is($r->code, 'NoError', 'other parameters');
is(shown(2), 'a b', 'show something else');
$r = $e->call('<m:GetFolder>' . shape('Folder', 'IdOnly',
    'folder:SearchParameters') . '<m:FolderIds>' . $folder
    . '</m:FolderIds></m:GetFolder>');
like($r->xml, qr/Traversal="Deep".*message:IsRead.*message:CcRecipients/s,
     'and are told');

is(create('Bad', parameters('<t:Exists>' . uri('item:ItemId') . '</t:Exists>',
    ['inbox']))->code, 'ErrorUnsupportedPathForQuery', 'no such property');
is($e->call('<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>'
    . $folder . '</m:SavedItemFolderId><m:Items><t:Message><t:Subject>x'
    . '</t:Subject></t:Message></m:Items></m:CreateItem>')->code eq 'NoError', '',
    'nothing is saved there');

$r = query('quick', folder => $folder);
is(names($r), 'a b', 'a query in a search folder');

# --- what was deleted softly

my ($gone) = query('from:bob')->ids('t:ItemId');
is($e->call('<m:DeleteItem DeleteType="SoftDelete"><m:ItemIds><t:ItemId Id="'
    . $gone . '"/></m:ItemIds></m:DeleteItem>')->code, 'NoError', 'deleted');
is(names(find('', traversal => 'SoftDeleted')), 'b',
   'is found by SoftDeleted');
is(restricted(contains('item:Body', 'quickly'), traversal => 'SoftDeleted'), 'b',
   'by its text');
is(restricted(contains('item:Body', 'ostrich'), traversal => 'SoftDeleted'),
   '', 'and not by others');
is($e->call('<m:GetItem>' . shape('Item', 'IdOnly') . '<m:ItemIds><t:ItemId'
    . qq{ Id="$gone"/></m:ItemIds></m:GetItem>})->code, 'NoError',
   'it can be read');
is(names(query('from:bob')), '', 'and not by a query');
is(shown(1), 'a', 'nor in the search folder');

# --- and comes back by a move

is($e->call('<m:CopyItem><m:ToFolderId>' . folder_ids('drafts')
    . qq{</m:ToFolderId><m:ItemIds><t:ItemId Id="$gone"/></m:ItemIds>}
    . '</m:CopyItem>')->code, 'ErrorItemNotFound', 'it cannot be copied');
my $moved = $e->call('<m:MoveItem><m:ToFolderId>' . folder_ids('drafts')
    . qq{</m:ToFolderId><m:ItemIds><t:ItemId Id="$gone"/></m:ItemIds>}
    . '</m:MoveItem>');
is($moved->code, 'NoError', 'MoveItem recovers it');
my ($back) = $moved->ids('t:ItemId');
is(names(find('', folder => folder_ids('drafts'))), 'b', 'into that folder');
is(names(find('', traversal => 'SoftDeleted')), '', 'once');

# deleted for good

sub remove {
    my ($how, $id) = @_;
    return $e->call(qq{<m:DeleteItem DeleteType="$how"><m:ItemIds><t:ItemId}
        . qq{ Id="$id"/></m:ItemIds></m:DeleteItem>})->code;
}

is(remove('SoftDelete', $back), 'NoError', 'deleted softly again');
is(remove('SoftDelete', $back), 'ErrorItemNotFound', 'once');
is(remove('HardDelete', $back), 'NoError', 'then for good');
is(remove('HardDelete', $back), 'ErrorItemNotFound', 'which is the end');


sub shown {
    my ($n) = @_;
    my $names = '';

    wait_for {
        $names = names(find('', folder => $folder));
        return split(' ', $names) == $n;
    };

    return $names;
}
