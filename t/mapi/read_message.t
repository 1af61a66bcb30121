#!/usr/bin/perl

# What came by mail is listed, sorted and read: folders, rows, properties,
# bodies, an attachment.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(54)->run();

my $data = join '', map { chr(65 + $_ % 26) } 1 .. 70000;

$p->deliver('alice', message('Bravo', 'second'));
$p->deliver('alice', message('Alpha', 'first'));
$p->deliver('alice', with_attachment());

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my ($root, $ipm, $inbox) = @{ $l->{folder_ids} }[0, 3, 4];

# --- folders

my @columns = (0x67480014, 0x3001001f, 0x36020003, 0x36030003, 0x360a000b);
my @r = $m->rops([ $l->{handle}, NONE, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $root),
    rop('GetHierarchyTable', in => 1, out => 2, flags => 4),
    rop('SetColumns', in => 2, tags => \@columns),
    rop('QueryRows', in => 2, forward => 1, row_count => 100),
    { columns => \@columns });

is($r[$_]{error}, 0, "$r[$_]{rop}") for 0 .. 3;
is(scalar @{ $r[3]{rows} }, $r[1]{row_count}, 'as many rows as it said');
is($r[3]{origin}, 2, 'Origin is the end');

my %folder = map { $_->{0x3001001f} => $_ } @{ $r[3]{rows} };
ok($folder{$_}, "there is $_") for ('Inbox', 'Sent Items', 'Drafts');
is($folder{Inbox}{0x67480014}, $inbox, 'PidTagFolderId of the Inbox');
is($folder{Inbox}{0x36020003}, 3, 'PidTagContentCount');
is($folder{Inbox}{0x36030003}, 3, 'PidTagContentUnreadCount');

@r = $m->rops([ $l->{handle}, NONE, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $root),
    rop('GetHierarchyTable', in => 1, out => 2));
cmp_ok($r[1]{row_count}, '<', scalar keys %folder, 'one level is less');

@r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $inbox + 0x990000));
is($r[0]{error}, 0x8004010f, 'no such folder: ecNotFound');

# --- messages

@columns = (0x674a0014, 0x0037001f, 0x0e070003, 0x0e1b000b, 0x0e060040,
            0x5d01001f, 0x7fff001f);
@r = $m->rops([ $l->{handle}, NONE, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
    rop('GetContentsTable', in => 1, out => 2),
    rop('SetColumns', in => 2, tags => \@columns),
    rop('SortTable', in => 2, count => 1, orders => pack 'v v C', 0x1f,
        0x0037, 0),
    rop('QueryPosition', in => 2),
    rop('QueryRows', in => 2, forward => 1, row_count => 2),
    rop('QueryPosition', in => 2),
    rop('QueryRows', in => 2, forward => 1, row_count => 50),
    rop('QueryRows', in => 2, forward => 1, row_count => 50),
    rop('SeekRow', in => 2, origin => 0, row_count => 1, want_moved => 1),
    rop('QueryRows', in => 2, flags => 1, forward => 1, row_count => 1),
    rop('QueryRows', in => 2, forward => 0, row_count => 5),
    { columns => \@columns });

is($r[1]{row_count}, 3, 'RopGetContentsTable: three');
is($r[3]{error}, 0, 'RopSortTable');
is("$r[4]{numerator}/$r[4]{denominator}", '0/3', 'at the first');
is(join(' ', map { $_->{0x0037001f} } @{ $r[5]{rows} }), 'Alpha Attached',
   'two of them, sorted by subject');
is($r[5]{origin}, 1, 'BOOKMARK_CURRENT');
is("$r[6]{numerator}/$r[6]{denominator}", '2/3', 'the cursor moved');
is(join(' ', map { $_->{0x0037001f} } @{ $r[7]{rows} }), 'Bravo', 'the rest');
is($r[7]{origin}, 2, 'BOOKMARK_END');
is(scalar @{ $r[8]{rows} }, 0, 'no more');
is($r[8]{origin}, 2, 'BOOKMARK_END again');
is($r[9]{sought}, 1, 'RopSeekRow');
is($r[10]{rows}[0]{0x0037001f}, 'Attached', 'the second');
is($r[11]{rows}[0]{0x0037001f}, 'Alpha',
   'backward from there, NoAdvance did not move');
is($r[11]{origin}, 0, 'BOOKMARK_BEGINNING');

my %row = map { $_->{0x0037001f} => $_ } map { @{ $_->{rows} } } @r[5, 7];
is($row{Alpha}{0x0e1b000b}, 0, 'no attachments');
is($row{Attached}{0x0e1b000b}, 1, 'PidTagHasAttachments');
is($row{Alpha}{0x0e070003} & 1, 0, 'unread');
is($row{Alpha}{0x7fff001f}{error}, 0x8004010f, 'a property that is not there');
cmp_ok(abs($row{Alpha}{0x0e060040} / 1e7 - 11644473600 - time), '<', 300,
       'PidTagMessageDeliveryTime');

@r = $m->rops([ $l->{handle}, NONE, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
    rop('GetContentsTable', in => 1, out => 2),
    rop('QueryRows', in => 2, forward => 1, row_count => 2),
    rop('SetColumns', in => 2, tags => [ 0x00370000 ]),
    { columns => \@columns });
is($r[2]{error}, 0x4b9, 'RopQueryRows before RopSetColumns: ecNullObject');
is($r[3]{error}, 0x80070057, 'a column without a type: ecInvalidParam');

# --- a message

my $mid = $row{Attached}{0x674a0014};
@r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid),
    rop('GetPropertiesSpecific', in => 1, want_unicode => 1,
        tags => [ 0x0037001f, 0x1000001f, 0x10130102, 0x001a001e,
                  0x0c1a0000, 0x10350000 ]),
    { columns => [ 0x0037001f, 0x1000001f, 0x10130102, 0x001a001e,
                   0x0c1a0000, 0x10350000 ] });

is($r[0]{error}, 0, 'RopOpenMessage');
is($r[0]{subject}, 'Attached', 'NormalizedSubject');
is($r[0]{recipient_count}, 1, 'one recipient');
my $v = $r[1]{row};
is($v->{0x0037001f}, 'Attached', 'PidTagSubject');
like($v->{0x1000001f}, qr/^The text/, 'PidTagBody');
like($v->{0x10130102}, qr/<b>text/, 'PidTagHtml');
is($v->{0x001a001e}, 'IPM.Note', 'PidTagMessageClass, as PtypString8');
is($v->{0x0c1a001f}, "Zo\x{eb}", 'PidTagSenderName, PtypUnspecified');
is($v->{0x1035001f}, '<attached@example.test>', 'PidTagInternetMessageId');

my $h = $r[0]{handle};
@r = $m->rops([ $h ], rop('GetPropertiesAll', want_unicode => 1),
              rop('GetPropertiesList'));
is($r[0]{values}{0x0037001f}, 'Attached', 'RopGetPropertiesAll');
ok((grep { $_ == 0x0037001f } @{ $r[1]{tags} }), 'RopGetPropertiesList');

# --- its attachment

@columns = (0x0e210003, 0x3707001f, 0x0e200003, 0x37050003, 0x370e001f);
@r = $m->rops([ $h, NONE, NONE, NONE ],
    rop('GetAttachmentTable', in => 0, out => 1),
    rop('SetColumns', in => 1, tags => \@columns),
    rop('QueryRows', in => 1, forward => 1, row_count => 10),
    rop('OpenAttachment', in => 0, out => 2, number => 0),
    rop('OpenAttachment', in => 0, out => 3, number => 77),
    { columns => \@columns });

is(scalar @{ $r[2]{rows} }, 1, 'one row in the attachment table');
is($r[2]{rows}[0]{0x3707001f}, 'data.bin', 'PidTagAttachLongFilename');
is($r[2]{rows}[0]{0x37050003}, 1, 'afByValue');
is($r[3]{error}, 0, 'RopOpenAttachment');
is($r[4]{error}, 0x8004010f, 'no such attachment');

my ($s) = $m->rops([ $r[3]{handle}, NONE ],
                   rop('OpenStream', in => 0, out => 1, tag => 0x37010102));
is($s->{size}, length $data, 'RopOpenStream: its size');
my $got = '';

while (1) {
    my ($read) = $m->rops([ $s->{handle} ], rop('ReadStream', count => 30000));
    last if $read->{error} || $read->{data} eq '';
    $got .= $read->{data};
}

ok($got eq $data, 'RopReadStream: all of it');

my ($big) = $m->rops([ $r[3]{handle} ],
    rop('GetPropertiesSpecific', tags => [ 0x37010102 ]),
    { columns => [ 0x37010102 ] });
is($big->{row}{0x37010102}{error}, 0x8007000e,
   'too large for a property: ecNotEnoughMemory');


sub message {
    my ($subject, $text) = @_;

    return join "\r\n", 'From: Bob <bob@example.test>',
        'To: alice@example.test', "Subject: $subject",
        'Date: Mon, 1 Jan 2024 10:00:00 +0000',
        "Message-ID: <$subject\@example.test>", '', $text, '';
}


sub with_attachment {
    require MIME::Base64;
    my $base64 = MIME::Base64::encode_base64($data);
    $base64 =~ s/\n/\r\n/g;

    return join "\r\n", 'From: =?utf-8?Q?Zo=C3=AB?= <zoe@example.test>',
        'To: Alice <alice@example.test>', 'Subject: Attached',
        'Message-ID: <attached@example.test>', 'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=outer', '', '--outer',
        'Content-Type: multipart/alternative; boundary=inner', '', '--inner',
        'Content-Type: text/plain', '', 'The text', '--inner',
        'Content-Type: text/html', '', '<p>The <b>text</b></p>',
        '--inner--', '--outer',
        'Content-Type: application/octet-stream; name="data.bin"',
        'Content-Disposition: attachment; filename="data.bin"',
        'Content-Transfer-Encoding: base64', '', $base64 . '--outer--', '';
}
