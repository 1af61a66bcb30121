#!/usr/bin/perl

# What does not fit one payload of 32 KB goes on in further ones, if the client
# asks for it (Chain, MS-OXCRPC 3.1.4.2.1.2.2; and EnablePackedBuffers for rows,
# MS-OXCTABL 2.2.2.5.1.1); and not, if it does not.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice /]));

$p->plan(22)->run();

# 300 messages with subjects of some 200 characters: 128 KB of rows.

my $imap = $p->imap_login('alice');

for my $i (1 .. 300) {
    my $text = "From: a\@b.test\r\nSubject: $i " . 'long ' x 40 . "\r\n\r\nx\r\n";
    $imap->command('APPEND INBOX {' . length($text) . "+}\r\n$text");
}

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my ($f) = $m->rops([ $l->{handle}, NONE ],
    rop('OpenFolder', out => 1, folder_id => $l->{folder_ids}[4]));
my ($t) = $m->rops([ $f->{handle}, NONE ], rop('GetContentsTable', out => 1));
is($t->{row_count}, 300, 'the table');

my @columns = (0x0037001f, 0x674a0014);
my ($c) = $m->rops([ $t->{handle} ], rop('SetColumns', tags => \@columns));
is($c->{error}, 0, 'RopSetColumns');

sub query {
    my ($n, %a) = @_;

    return $m->rops([ $t->{handle} ],
        rop('QueryRows', flags => ($a{flags} || 0) & 4 ? 2 : 0, forward => 1,
            row_count => $n),
        { columns => \@columns, flags => 3, max => 0x40000, %a });
}

sub rewind {
    $m->rops([ $t->{handle} ], rop('SeekRow', origin => 0));
}

# Without Chain: as much as fits one payload.

my @r = query(300);
my $one = @{ $r[0]{rows} };
is(scalar @r, 1, 'one answer without Chain');
ok($one > 10 && $one < 300, 'of 32 KB') or diag($one);
cmp_ok($m->{last}{buffers}[0]{length}, '<=', 32768, 'at most');
is($m->{last}{buffers}[0]{ext} & 4, 4, 'which is the last');

# With it: several, with no row twice or left out.

rewind();
@r = query(300, flags => 7);
my @rows = map { @{ $_->{rows} } } @r;
cmp_ok(scalar @r, '>', 1, 'several answers with Chain');
is(scalar @rows, 300, 'all rows');
my %mids = map { $_->{$columns[1]} => 1 } @rows;
is(scalar keys %mids, 300, 'each once');
is(join('', map { $_->{ext} & 4 ? 1 : 0 } @{ $m->{last}{buffers} }),
   '0' x (@r - 1) . '1', 'Last in the last one alone');
is((grep { $_->{length} > 32768 } @{ $m->{last}{buffers} }), 0,
   'each at most 32 KB');

# No more than was asked for.

rewind();
@r = query(150, flags => 7);
@rows = map { @{ $_->{rows} } } @r;
is(scalar @rows, 150, 'as many rows as were asked for');
my ($pos) = $m->rops([ $t->{handle} ], rop('QueryPosition'));
is($pos->{numerator}, 150, 'and the position is behind them');

# No more than there is room for: another payload needs 32 KB of it.

rewind();
@r = query(300, flags => 7, max => 60000);
is(scalar @r, 1, 'one where two might not fit');
rewind();
@r = query(300, flags => 7, max => 65536 + 16);
is(scalar @r, 2, 'two where they do');
cmp_ok($m->{last}{out_size}, '<=', 65536 + 16, 'within MaxRopOut');

# A stream of 100 KB by RopReadStream.

my $big = "Subject: big\r\n\r\n" . ('y' x 70 . "\r\n") x 1500;
$p->deliver('alice', $big);
rewind();
my ($row) = query(1);
my ($msg) = $m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', out => 1, code_page => 0xfff,
        folder_id => $l->{folder_ids}[4],
        message_id => $row->{rows}[0]{$columns[1]}));
my ($s) = $m->rops([ $msg->{handle}, NONE ],
    rop('OpenStream', out => 1, tag => 0x1000001f));
is($s->{error}, 0, 'RopOpenStream of the body');
cmp_ok($s->{size}, '>', 200000, 'in UTF-16');

@r = $m->rops([ $s->{handle} ],
    rop('ReadStream', count => 0xbabe, maximum => 100000),
    { flags => 7, max => 0x40000 });
is(length(join '', map { $_->{data} } @r), 100000, 'as much as was asked for');
cmp_ok(scalar @r, '>', 3, 'in several answers');

my $all = join '', map { $_->{data} } @r;
while (1) {
    my @more = $m->rops([ $s->{handle} ],
        rop('ReadStream', count => 0xbabe, maximum => 0x7fffffff),
        { flags => 7, max => 0x40000 });
    my $piece = join '', map { $_->{data} } @more;
    last if $piece eq '';
    $all .= $piece;
}

is(length $all, $s->{size}, 'the rest behind it');
(my $text = $all) =~ s/\0//g;
is($text, ('y' x 70 . "\r\n") x 1500, 'and it is what was sent');
