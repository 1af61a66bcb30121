#!/usr/bin/perl

# FindItem: order, pages, restrictions; what is not built is refused.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::EWS;

my $p = ews_site(users => [qw/ alice /]);
$p->plan(43)->run();

my $n = 0;
for my $s (qw/ delta alpha Charlie bravo echo /) {
    $n++;
    $p->deliver('alice', "From: $s\@example.org\r\nTo: alice\@example.test\r\n"
        . "Subject: $s mail\r\nDate: Wed, 0$n Jan 2026 08:00:00 +0000\r\n"
        . ($s eq 'echo' ? "Importance: high\r\n" : '')
        . "\r\n" . ('x' x (100 * $n)) . "\r\n");
}

my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');
$imap->command('STORE 2 +FLAGS (\Seen)');

my $e = Test::Postern::EWS->new('alice');

sub find {
    my ($middle, $traversal) = @_;
    my ($view, $rest) = $middle =~ /^(<m:(?:Indexed|Fractional|Calendar).*?\/>)?(.*)/s;
    return $e->call('<m:FindItem Traversal="' . ($traversal || 'Shallow')
        . '">' . shape('Item', 'IdOnly', 'item:Subject') . ($view || '')
        . $rest . '<m:ParentFolderIds>' . folder_ids('inbox')
        . '</m:ParentFolderIds></m:FindItem>');
}

sub names {
    my ($r) = @_;
    return join ' ', map { substr $_, 0, 1 } $r->all('t:Subject');
}

sub order {
    my ($uri, $how) = @_;
    return qq{<m:SortOrder><t:FieldOrder Order="$how"><t:FieldURI }
        . qq{FieldURI="$uri"/></t:FieldOrder></m:SortOrder>};
}

sub where { return "<m:Restriction>$_[0]</m:Restriction>" . order('item:Subject', 'Ascending'); }
sub uri { return qq{<t:FieldURI FieldURI="$_[0]"/>}; }
sub is_ {
    my ($op, $uri, $value) = @_;
    return "<t:$op>" . uri($uri) . '<t:FieldURIOrConstant><t:Constant Value="'
        . "$value\"/></t:FieldURIOrConstant></t:$op>";
}
sub contains {
    my ($value, $mode, $how, $uri) = @_;
    return qq{<t:Contains ContainmentMode="$mode" ContainmentComparison="$how">}
        . uri($uri || 'item:Subject') . qq{<t:Constant Value="$value"/>}
        . '</t:Contains>';
}

is(names(find(order('item:Subject', 'Ascending'))), 'a b C d e', 'by subject');
is(names(find(order('item:Subject', 'Descending'))), 'e d C b a', 'and back');
is(names(find(order('item:DateTimeSent', 'Ascending'))), 'd a C b e', 'by date');
is(names(find(order('item:Size', 'Descending'))), 'e b C a d', 'by size');
is(names(find(order('message:From', 'Ascending'))), 'a b C d e', 'by sender');
is(find(order('item:Body', 'Ascending'))->code,
   'ErrorUnsupportedPathForSortGroup', 'not by body');

my $by = order('item:Subject', 'Ascending');
my $page = sub {
    my ($offset, $base, $max) = @_;
    return find(qq{<m:IndexedPageItemView Offset="$offset" BasePoint="$base"}
        . (defined $max ? qq{ MaxEntriesReturned="$max"} : '') . "/>$by");
};
my $r = $page->(1, 'Beginning', 2);
is(names($r), 'b C', 'a page');
is($r->attr('m:RootFolder', 'IndexedPagingOffset'), 3, 'the next one');
is($r->attr('m:RootFolder', 'IncludesLastItemInRange'), 'false', 'is there');
is($r->attr('m:RootFolder', 'TotalItemsInView'), 5, 'of five');
$r = $page->(3, 'Beginning', 5);
is(names($r), 'd e', 'the last page');
is($r->attr('m:RootFolder', 'IncludesLastItemInRange'), 'true', 'is the last');
is(names($page->(0, 'End', 2)), 'd e', 'from the end');
is(names($page->(99, 'Beginning')), '', 'behind the end');
is($page->(-1, 'Beginning')->code, 'ErrorInvalidIndexedPagingParameters',
   'not before the beginning');
is($page->(0, 'Beginning', 0)->code, 'ErrorInvalidPagingMaxRows',
   'not none at a time');
is(names(find('<m:FractionalPageItemView Numerator="2" Denominator="5"'
    . " MaxEntriesReturned=\"2\"/>$by")), 'C d', 'by fraction');
is(find('<m:FractionalPageItemView Numerator="1" Denominator="0"/>')->code,
   'ErrorInvalidFractionalPagingParameters', 'not by nothing');

is(names(find(where(is_('IsEqualTo', 'item:Subject', 'alpha mail')))), 'a',
   'a subject');
is(names(find(where(is_('IsEqualTo', 'message:IsRead', 'true')))), 'a',
   'read ones');
is(names(find(where(is_('IsEqualTo', 'message:IsRead', '0')))), 'b C d e',
   'unread ones');
is(names(find(where(is_('IsGreaterThan', 'item:DateTimeSent',
    '2026-01-03T08:00:00Z')))), 'b e', 'sent later');
is(names(find(where(is_('IsLessThanOrEqualTo', 'item:DateTimeSent',
    '2026-01-03T09:00:00+01:00')))), 'a C d', 'or not');
is(names(find(where(is_('IsGreaterThanOrEqualTo', 'item:DateTimeSent',
    '2026-01-04T08:00:00Z')))), 'b e', 'then or later');
is(names(find(where(is_('IsLessThan', 'item:DateTimeSent',
    '2026-01-04T08:00:00Z')))), 'a C d', 'before');
is(names(find(where(is_('IsEqualTo', 'item:Importance', 'High')))), 'e',
   'important ones');
is(names(find(where(is_('IsGreaterThanOrEqualTo', 'item:Size', '100000')))),
   '', 'none that large');
is(names(find(where(contains('charlie', 'Substring', 'IgnoreCase')))), 'C',
   'contains, without case');
is(names(find(where(contains('charlie', 'Substring', 'Exact')))), '',
   'with case');
is(names(find(where(contains('mai', 'PrefixOnWords', 'IgnoreCase')))),
   'a b C d e', 'beginning of a word');
is(names(find(where(contains('ail', 'PrefixOnWords', 'IgnoreCase')))), '',
   'not its middle');
is(names(find(where(contains('delta mail', 'FullString', 'IgnoreCase')))), 'd',
   'all of it');
is(names(find(where('<t:Or>' . is_('IsEqualTo', 'item:Subject', 'alpha mail')
    . '<t:Not>' . is_('IsEqualTo', 'message:IsRead', 'false') . '</t:Not>'
    . contains('echo', 'Prefixed', 'Exact') . '</t:Or>'))), 'a e', 'or, not');
is(names(find(where('<t:And>' . contains('a', 'Substring', 'Exact')
    . contains('e', 'Substring', 'Exact') . '</t:And>'))), 'C d e', 'and');
is(names(find(where('<t:Exists><t:ExtendedFieldURI PropertyTag="0x0037"'
    . ' PropertyType="String"/></t:Exists>'))), 'a b C d e', 'exists');
is(names(find(where('<t:Exists><t:ExtendedFieldURI PropertyTag="0x1097"'
    . ' PropertyType="String"/></t:Exists>'))), '', 'or not');
is(names(find(where('<t:Excludes>' . '<t:ExtendedFieldURI'
    . ' PropertyTag="0x0017" PropertyType="Integer"/>'
    . '<t:Bitmask Value="0x2"/></t:Excludes>'))), 'a b C d', 'bits');
is(names(find(where(contains('xx', 'Substring', 'Exact', 'item:Body')))),
   'a b C d e', 'in bodies');
is(find(where(is_('IsEqualTo', 'message:IsRead', 'maybe')))->code,
   'ErrorInvalidRestriction', 'no truth value');
is(find(where('<t:Not>' x 40 . '<t:Exists>' . uri('item:Subject')
    . '</t:Exists>' . '</t:Not>' x 40))->code, 'NoError', 'nested, not deep');
is(find('', 'Associated')->code, 'NoError', 'associated items');
is(find('', 'SoftDeleted')->code, 'NoError', 'none was deleted softly');
is(find('<m:CalendarView StartDate="2026-01-01T00:00:00Z"'
    . ' EndDate="2026-02-01T00:00:00Z"/>')->code,
   'ErrorCalendarFolderIsInvalidForCalendarView', 'no calendar');
