#!/usr/bin/perl

# Tables: restrictions, finding, bookmarks, fractions, rows that do not fit, a
# table that follows the mailbox.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'EOF');
GetStatus         | 16 | | status:u8
SeekRowBookmark   | 19 | mark:bin16 row_count:u32 want_moved:u8 | gone:u8 sought_less:u8 sought:u32
SeekRowFractional | 1a | numerator:u32 denominator:u32 |
CreateBookmark    | 1b | | mark:bin16
QueryColumnsAll   | 37 | | tags:tags16
Abort             | 38 | | status:u8
FindRow           | 4f | flags:u8 data:bin16 origin:u8 mark:bin16 | gone:u8 has:u8 row:row
ExpandRow         | 59 | max:u16 category:u64 | count:u32 rows:u16
CollapseRow       | 5a | category:u64 | count:u32
GetCollapseState  | 6b | row:u64 instance:u32 | state:bin16
SetCollapseState  | 6c | state:bin16 | mark:bin16
FreeBookmark      | 89 | mark:bin16 |
EOF

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(74)->run();

my $subject = 0x0037001f;
my @columns = ($subject, 0x674a0014);
my $c = { columns => \@columns };
my $imap = $p->imap_login('alice');

append(sprintf 'Message %03d', $_) for 1 .. 60;
$imap->command('SELECT INBOX');
$imap->command('STORE 10:19 +FLAGS (\\Seen)');

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my ($folder, $t) = open_table();

# --- restrictions

my @r = $m->rops([ $t ],
    rop('Restrict', data => prefix('message 01')),
    rop('QueryPosition'),
    rop('QueryRows', forward => 1, row_count => 50), $c);
is($r[0]{error}, 0, 'RopRestrict: a prefix, without case');
is("$r[1]{numerator}/$r[1]{denominator}", '0/10', 'ten rows are left');
is(subjects($r[2]), join(' ', map { "01$_" } 0 .. 9), 'those');
is($r[2]{origin}, 2, 'BOOKMARK_END');

@r = $m->rops([ $t ],
    rop('Restrict', data => and_(prefix('message 0'), bitmask(1, 1))),
    rop('QueryRows', forward => 1, row_count => 50), $c);
is(subjects($r[1]), join(' ', map { sprintf '%03d', $_ } 10 .. 19),
   'and, of a bit mask: those that are read');

@r = $m->rops([ $t ],
    rop('Restrict', data => not_(or_(relation(4, 'Message 007'),
                                     relation(2, 'MESSAGE 002')))),
    rop('QueryRows', forward => 1, row_count => 50), $c);
is(subjects($r[1]), '001 002', 'not, or, relations');

@r = $m->rops([ $t ],
    rop('Restrict', data => pack('C V', 8, 0x7fff001f)),
    rop('QueryRows', forward => 1, row_count => 50),
    rop('Restrict', data => size(4, 2 * 11 + 2)),
    rop('QueryPosition'),
    rop('Restrict', data => comment(prefix('message 060'))),
    rop('QueryRows', forward => 1, row_count => 50), $c);
is(scalar @{ $r[1]{rows} }, 0, 'a property that none has');
is($r[1]{origin}, 2, 'an empty table is at its end');
is($r[3]{denominator}, 60, 'the size of a subject');
is(subjects($r[5]), '060', 'a comment has a restriction in it');

for my $bad ([ 'cut', substr(prefix('x'), 0, -3), 0x80070057 ],
             [ 'with something behind it', prefix('x') . 'y', 0x80070057 ],
             [ 'of no type', "\x77", 0x80070057 ],
             [ 'nested too deep', "\2" x 1000 . pack('C V', 8, $subject),
               0x80040117 ],
             [ 'by a pattern', relation(6, 'x'), 0x80040117 ],
             [ "about a subject's rows",
               pack('C V', 9, $subject) . prefix('x'), 0x80040117 ])
{
    my ($x) = $m->rops([ $t ], rop('Restrict', data => $bad->[1]));
    is($x->{error}, $bad->[2], "a restriction $bad->[0] is refused");
}

# it follows the mailbox

@r = $m->rops([ $t ], rop('Restrict', data => prefix('message 05')),
              rop('SeekRow', origin => 0, row_count => 3),
              rop('QueryRows', flags => 1, forward => 1, row_count => 1), $c);
is(subjects($r[2]), '053', 'the fourth of them');
$imap->command('STORE 50:51 +FLAGS (\\Deleted)');
$imap->command('EXPUNGE');
append('Message 05x');
@r = $m->rops([ $t ], rop('QueryPosition'),
              rop('QueryRows', forward => 1, row_count => 50), $c);
is("$r[0]{numerator}/$r[0]{denominator}", '1/9', 'two went, one came');
is(subjects($r[1]), join(' ', map({ "05$_" } 3 .. 9), '05x'),
   'the cursor stays at its row');

# --- positions, without a restriction

@r = $m->rops([ $t ], rop('Restrict', data => ''),
    rop('SeekRowFractional', numerator => 1, denominator => 2),
    rop('QueryPosition'),
    rop('SeekRowFractional', numerator => 9, denominator => 2),
    rop('QueryPosition'),
    rop('SeekRowFractional', numerator => 0, denominator => 7),
    rop('QueryPosition'),
    rop('SeekRowFractional', numerator => 1, denominator => 0),
    rop('SeekRow', origin => 2, row_count => -5 & 0xffffffff, want_moved => 1),
    rop('QueryPosition'),
    rop('SeekRow', origin => 1, row_count => 10, want_moved => 1),
    rop('SeekRow', origin => 0, row_count => 0x80000000, want_moved => 1),
    rop('SeekRow', origin => 7, row_count => 1));
is("$r[2]{numerator}/$r[2]{denominator}", '29/59', 'half of it');
is($r[4]{numerator}, 59, 'more than all (R515)');
is($r[6]{numerator}, 0, 'nothing (R514)');
is($r[7]{error}, 0x80070057, 'by zero');
is($r[8]{sought}, 0xfffffffb, 'five back from the end');
is($r[9]{numerator}, 54, 'there');
is("$r[10]{sought} $r[10]{sought_less}", '5 1', 'ten on: five');
is("$r[11]{sought} $r[11]{sought_less}", '0 1', 'the least number there is');
is($r[12]{error}, 0x80040405, 'no such origin');

# --- bookmarks

@r = $m->rops([ $t ], rop('SeekRow', origin => 0, row_count => 20),
    rop('CreateBookmark'), rop('SeekRow', origin => 0));
my $mark = $r[1]{mark};
@r = $m->rops([ $t ],
    rop('SeekRowBookmark', mark => $mark, row_count => 1, want_moved => 1),
    rop('QueryRows', flags => 1, forward => 1, row_count => 1),
    rop('SeekRowBookmark', mark => 'none', want_moved => 1), $c);
is($r[0]{gone}, 0, 'RopSeekRowBookmark: the row is there');
is(subjects($r[1]), '022', 'the one behind it');
is($r[2]{error}, 0x80040405, 'no such bookmark: ecInvalidBookmark');

$imap->command('STORE 21 +FLAGS (\\Deleted)');
$imap->command('EXPUNGE');
@r = $m->rops([ $t ],
    rop('SeekRowBookmark', mark => $mark, want_moved => 1),
    rop('QueryRows', flags => 1, forward => 1, row_count => 1),
    rop('FreeBookmark', mark => $mark), rop('FreeBookmark', mark => $mark),
    $c);
is($r[0]{gone}, 1, 'RowNoLongerVisible (R506)');
is(subjects($r[1]), '022', 'the next one');
is($r[2]{error}, 0, 'RopFreeBookmark');
is($r[3]{error}, 0x80040405, 'once');

@r = $m->rops([ $t ], rop('CreateBookmark'),
    rop('SortTable', count => 1, orders => pack 'v v C', 0x1f, 0x37, 1),
    rop('QueryRows', forward => 1, row_count => 2), $c);
is(subjects($r[2]), '060 05x', 'sorted downwards');
@r = $m->rops([ $t ], rop('SeekRowBookmark', mark => $r[0]{mark}));
is($r[0]{error}, 0x80040405, 'RopSortTable makes bookmarks void (R439)');

# --- find

@r = $m->rops([ $t ],
    rop('FindRow', data => prefix('Message 03'), origin => 0),
    rop('FindRow', flags => 0, data => prefix('Message 04'), origin => 1),
    rop('FindRow', flags => 1, data => prefix('Message 04'), origin => 1),
    rop('FindRow', flags => 1, data => prefix('Message 03'), origin => 2),
    rop('QueryRows', forward => 1, row_count => 1),
    rop('FindRow', data => "\x99"), $c);
is($r[0]{row}{$subject}, 'Message 039', 'RopFindRow from the beginning');
is($r[1]{error}, 0x8004010f, 'not below it: ecNotFound');
is($r[2]{row}{$subject}, 'Message 040', 'upwards');
is($r[3]{row}{$subject}, 'Message 030', 'upwards from the end');
is(subjects($r[4]), '030', 'the cursor is there');
is($r[5]{error}, 0x80070057, 'no restriction');

# --- what does not fit

@r = $m->rops([ $t ],
    rop('SortTable', count => 1, orders => pack 'v v C', 0x1f, 0x37, 0),
    rop('SetColumns', tags => [ ($subject) x 40 ]),
    rop('QueryRows', forward => 1, row_count => 1000),
    { columns => [ ($subject) x 40 ], max => 8 + 16384, flags => 3 });
cmp_ok(scalar @{ $r[2]{rows} }, '<', 58, 'as many rows as fit (R464)');
cmp_ok(scalar @{ $r[2]{rows} }, '>', 10, 'and they fill it');
is($r[2]{origin}, 1, 'there are more');
my $n = @{ $r[2]{rows} };
@r = $m->rops([ $t ], rop('QueryPosition'));
is($r[0]{numerator}, $n, 'the cursor is behind those that were sent');

# --- the rest

@r = $m->rops([ $t ], rop('GetStatus'), rop('Abort'), rop('QueryColumnsAll'),
    rop('ExpandRow', max => 1, category => 5), rop('CollapseRow'),
    rop('SortTable', count => 1, categories => 2,
        orders => pack 'v v C', 0x1f, 0x37, 0),
    rop('ResetTable'), rop('QueryRows', forward => 1, row_count => 1),
    rop('FreeBookmark', mark => 'none'), $c);
is($r[0]{status}, 0, 'RopGetStatus: TBLSTAT_COMPLETE');
is($r[1]{error}, 0x80040114, 'RopAbort: ecUnableToAbort (R485)');
ok((grep { $_ == $subject } @{ $r[2]{tags} }), 'RopQueryColumnsAll');
is($r[3]{error}, 0x8004010f, 'RopExpandRow: no category');
is($r[4]{error}, 0x8004010f, 'RopCollapseRow');
is($r[5]{error}, 0x80070057, 'more categories than columns (R63)');
is($r[6]{error}, 0, 'RopResetTable');
is($r[7]{error}, 0x4b9, 'it took the columns');

@r = $m->rops([ $folder, NONE ],
    rop('GetHierarchyTable', in => 0, out => 1),
    rop('SortTable', in => 1, count => 1, orders => pack 'v v C', 0x1f,
        0x3001, 0));
is($r[1]{error}, 0x80040102, 'a hierarchy table is not sorted (R450)');

# --- categories

($folder, $t) = open_table();
my @cols = ($subject, 0x0e060040, 0x674d0014, 0x0ff50003, 0x30050003,
            0x36020003, 0x0e690000 | 0x0b);
my $cc = { columns => \@cols };
@r = $m->rops([ $t ], rop('SetColumns', tags => \@cols),
    rop('SortTable', count => 2, categories => 1, expanded => 0,
        orders => pack 'v v C v v C', 0x0b, 0x0e69, 0, 0x1f, 0x37, 0),
    rop('QueryRows', forward => 1, row_count => 10), $cc);
is($r[1]{error}, 0, 'RopSortTable with a category');
is(scalar @{ $r[2]{rows} }, 2, 'closed: two headers (R18)');
my @head = @{ $r[2]{rows} };
is($head[0]{0x0ff50003}, 4, 'TBL_COLLAPSED_CATEGORY');
is($head[0]{$subject}{error}, 0x8004010f, 'a header has its own columns');
my $unread = $head[0]{0x36020003};
@r = $m->rops([ $t ],
    rop('ExpandRow', max => 0, category => $head[0]{0x674d0014}),
    rop('ExpandRow', max => 0, category => $head[0]{0x674d0014}),
    rop('SeekRow', origin => 0),
    rop('QueryRows', flags => 1, forward => 1, row_count => 2),
    rop('QueryPosition'),
    rop('GetCollapseState', row => $head[1]{0x674d0014}),
    rop('CollapseRow', category => $head[0]{0x674d0014}),
    rop('CollapseRow', category => $head[0]{0x674d0014}), $cc);
is($r[0]{count}, $unread, 'RopExpandRow (R278)');
is($r[1]{error}, 0x4f8, 'ecNotCollapsed (R571)');
is($r[3]{rows}[0]{0x0ff50003}, 3, 'TBL_EXPANDED_CATEGORY');
is($r[3]{rows}[1]{0x30050003}, 1, 'a row within one header');
is($r[4]{denominator}, 2 + $unread, 'all that is seen');
is($r[6]{count}, $unread, 'RopCollapseRow (R287)');
is($r[7]{error}, 0x4f7, 'ecNotExpanded (R577)');
my $state = $r[5]{state};
@r = $m->rops([ $t ], rop('SetCollapseState', state => $state),
    rop('QueryPosition'), rop('SetCollapseState', state => 'x'));
is($r[1]{denominator}, 2 + $unread, 'RopSetCollapseState (R585)');
is($r[1]{numerator}, 1 + $unread, 'at the row (R587)');
is($r[2]{error}, 0x80070057, 'no such state');
@r = $m->rops([ $t ], rop('Restrict', data => pack('C V', 9, 0x0e12000d)
    . pack('C v', 0, 0)), rop('QueryPosition'));
is($r[0]{error}, 0, 'a restriction about recipients');
is($r[1]{denominator}, 0, 'there are none');

# long values are cut

append('L' x 300);
($folder, $t) = open_table();
@r = $m->rops([ $t ], rop('Restrict', data => prefix('LLL')),
              rop('QueryRows', forward => 1, row_count => 1), $c);
is(length $r[1]{rows}[0]{$subject}, 255, 'at 255 characters (R122)');
my $mid = $r[1]{rows}[0]{0x674a0014};
@r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $l->{folder_ids}[4], message_id => $mid),
    rop('GetPropertiesSpecific', in => 1, tags => [ $subject ]),
    { columns => [ $subject ] });
is(length $r[1]{row}{$subject} || 0, 300, 'not in the message');


sub append {
    my ($subject) = @_;
    my $text = "From: b\@example.test\r\nSubject: $subject\r\n\r\nx\r\n";

    $imap->command('APPEND INBOX {' . length($text) . '}', $text);
}


sub open_table {
    my @r = $m->rops([ $l->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1,
            folder_id => $l->{folder_ids}[4]),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => \@columns),
        rop('SortTable', in => 2, count => 1,
            orders => pack 'v v C', 0x1f, 0x37, 0));

    return map { $_->{handle} } @r[0, 1];
}


sub subjects {
    return join ' ', map { substr $_->{$subject}, 8 } @{ $_[0]{rows} };
}


# Restrictions (MS-OXCDATA 2.12).

sub value {
    return pack('V', $subject)
        . join '', map { pack 'v', $_ } (map { ord } split //, $_[0]), 0;
}

sub prefix   { return pack('C v v V', 3, 2, 1, $subject) . value($_[0]); }
sub relation { return pack('C C V', 4, $_[0], $subject) . value($_[1]); }
sub bitmask  { return pack('C C V V', 6, $_[0], 0x0e070003, $_[1]); }
sub size     { return pack('C C V V', 7, $_[0], $subject, $_[1]); }
sub and_     { return pack('C v', 0, scalar @_) . join '', @_; }
sub or_      { return pack('C v', 1, scalar @_) . join '', @_; }
sub not_     { return "\2$_[0]"; }
sub comment  { return pack('C C', 10, 1) . value('x') . "\1$_[0]"; }
