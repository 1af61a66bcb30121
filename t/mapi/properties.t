#!/usr/bin/perl

# Names of properties, properties of the logon, copies, embedded messages,
# streams into each other, recipients page by page.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'EOF');
ReadRecipients       | 0f | row:u32 reserved:u16 | rows:raw
CopyTo               | 39 | dest:u8 async:u8 sub:u8 flags:u8 tags:tags16 | problems:problems
CopyToStream         | 3a | dest:u8 count:u64 | read:u64 written:u64
CloneStream          | 3b | out:u8 |
QueryNamedProperties | 5f | flags:u8 has_guid:u8 | ids:u16s
CopyProperties       | 67 | dest:u8 async:u8 flags:u8 tags:tags16 | problems:problems
GetValidAttachments  | 52 | | count:u32 first:u32
EOF

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(46)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my $inbox = $l->{folder_ids}[4];
my $imap = $p->imap_login('alice');
my $ps = pack 'H*', '0820060000000000c000000000000046';
my $ps_mapi = pack 'H*', '2803020000000000c000000000000046';

# --- names

my @r = $m->rops([ $l->{handle} ],
    rop('GetPropertyIdsFromNames', names => [ [ $ps, 'Keyword' ] ]),
    rop('GetPropertyIdsFromNames', flags => 2,
        names => [ [ $ps, 'Keyword' ], [ $ps, 0x8554 ], [ $ps_mapi, 0x37 ] ]),
    rop('GetPropertyIdsFromNames',
        names => [ [ $ps, 0x8554 ], [ $ps, 'Keyword' ], [ $ps, 'None' ] ]));
is($r[0]{error}, 0x40380, 'a name that is not known: ecWarnWithErrors');
is($r[1]{error}, 0, 'with Create it is made');
my ($keyword, $lid, $subject) = @{ $r[1]{ids} };
ok($keyword >= 0x8000 && $lid >= 0x8000 && $keyword != $lid, 'ids of names');
is($subject, 0x37, 'PS_MAPI: the id itself');
is($r[2]{error}, 0x40380, 'one of three is not known');
diag('no ids') if !$r[2]{ids} && $r[2]{error} != 0x40380;
@r = $m->rops([ $l->{handle} ], rop('GetPropertyIdsFromNames', names => []),
    rop('GetPropertyIdsFromNames',
        names => [ [ $ps, 0x8554 ], [ $ps, 'Keyword' ] ]));
ok((grep { $_ == $keyword } @{ $r[0]{ids} }), 'all that there are (R526)');
is("@{ $r[1]{ids} }", "$lid $keyword", 'the same ids later');

my $raw = $m->execute([ [ rop('GetNamesFromPropertyIds',
    ids => [ $keyword, $lid, 0x37, 0xfff0 ]), $l->{handle} ] ]);
my $names = substr $raw->{buffers}[0]{rops}, 6;
is($names, pack('v', 4) . "\1$ps\x10" . utf16z('Keyword')
   . "\0$ps" . pack('V', 0x8554) . "\0$ps_mapi" . pack('V', 0x37)
   . "\xff" . "\0" x 16, 'RopGetNamesFromPropertyIds (R518 to R524)');

# --- a message with them

@r = $m->rops([ $l->{handle}, NONE ],
    rop('CreateMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox),
    rop('SetProperties', in => 1, values => [
        [ 0x0037001f, 'One' ], [ $keyword << 16 | 0x1f, "W\x{f6}rter" ],
        [ $lid << 16 | 3, 17 ], [ 0x1000001f, "Text\r\n" ] ]),
    rop('SaveChangesMessage', in => 0, second => 1, flags => 2));
my ($one, $mid) = ($r[0]{handle}, $r[2]{message_id});
is($r[2]{error}, 0, 'a message with named properties is saved');
my @tags = ($keyword << 16 | 0x1f, $lid << 16 | 3, $keyword << 16);
@r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid),
    rop('GetPropertiesSpecific', in => 1, want_unicode => 1, tags => \@tags),
    rop('QueryNamedProperties', in => 1),
    { columns => \@tags });
is($r[1]{row}{$tags[0]}, "W\x{f6}rter", 'one by name');
is($r[1]{row}{$tags[1]}, 17, 'one by number');
($r[2]) = $m->execute([ [ rop('QueryNamedProperties', flags => 1),
                          $r[0]{handle} ] ]);
like(unpack('H*', $r[2]{buffers}[0]{rops}), qr/^5f0000000000/, 'they are told');

# --- the logon

@tags = (0x661c001f, 0x661b0102, 0x66190102, 0x666d0003, 0x340e0003,
         0x35e00102, 0x35e20102, 0x3001001f);
@r = $m->rops([ $l->{handle} ],
    rop('GetPropertiesSpecific', tags => \@tags),
    rop('GetPropertiesAll', want_unicode => 1),
    rop('SetProperties', values => [ [ 0x661c001f, 'x' ] ]),
    rop('OpenStream', out => 0, tag => 0x661c001f), { columns => \@tags });
my $v = $r[0]{row};
ok(length $v->{0x661c001f}, 'PidTagMailboxOwnerName');
like($v->{0x661b0102}, qr/\/o=.*\0\z/s, 'PidTagMailboxOwnerEntryId');
is($v->{0x66190102}, $v->{0x661b0102}, 'PidTagUserEntryId');
cmp_ok($v->{0x666d0003}, '>', 1024, 'PidTagMaximumSubmitMessageSize');
is($v->{0x340e0003}, 0, 'PidTagStoreState');
is(length $v->{0x35e00102}, 46, 'PidTagIpmSubtreeEntryId');
is($r[1]{values}{0x661c001f}, $v->{0x661c001f}, 'RopGetPropertiesAll');
is($r[2]{problems}[0][2], 0x80070005, 'they are not set');
is($r[3]{error}, 0x80040102, 'no stream on a logon');

# --- copies

@r = $m->rops([ $l->{handle}, NONE, $one ],
    rop('CreateMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox),
    rop('CopyProperties', in => 2, dest => 1,
        tags => [ 0x0037001f, 0x7ffe0003 ]),
    rop('CopyTo', in => 2, dest => 1, flags => 2, tags => [ 0x10000000 ]),
    rop('CopyTo', in => 2, dest => 0),
    rop('CopyTo', in => 2, dest => 1, flags => 0x40),
    rop('GetPropertiesSpecific', in => 1,
        tags => [ 0x0037001f, $lid << 16 | 3, 0x1000001f ]),
    { columns => [ 0x0037001f, $lid << 16 | 3, 0x1000001f ] });
my $copy = $r[0]{handle};
is($r[1]{error}, 0, 'RopCopyProperties');
is($r[2]{error}, 0, 'RopCopyTo');
is($r[3]{error}, 0x80040102, 'a message to a logon: ecNotSupported');
is($r[4]{error}, 0x80070057, 'an unknown flag (R5070505)');
is($r[5]{row}{0x0037001f}, 'One', 'the subject');
is($r[5]{row}{$lid << 16 | 3}, 17, 'a named property');
is($r[5]{row}{0x1000001f}{error}, 0x8004010f, 'not what was left out');

# --- an embedded message

@r = $m->rops([ $copy, NONE, NONE ],
    rop('CreateAttachment', in => 0, out => 1),
    rop('SetProperties', in => 1, values => [ [ 0x37050003, 5 ],
        [ 0x3001001f, 'Inner' ] ]),
    rop('OpenEmbeddedMessage', in => 1, out => 2, code_page => 0x0fff),
    rop('OpenEmbeddedMessage', in => 1, out => 2, code_page => 0x0fff,
        flags => 2),
    rop('SetProperties', in => 2, values => [ [ 0x0037001f, 'Inner' ],
        [ 0x1000001f, "Within\r\n" ] ]),
    rop('SaveChangesMessage', in => 1, second => 2, flags => 2),
    rop('SaveChangesAttachment', in => 0, second => 1, flags => 2),
    rop('SaveChangesMessage', in => 0, second => 0, flags => 2),
    rop('GetValidAttachments', in => 0));
is($r[2]{error}, 0x8004010f, 'none there yet: ecNotFound');
is($r[$_]{error}, 0, "$r[$_]{rop} of the embedded message") for 3, 5, 6, 7;
is($r[8]{count}, 1, 'RopGetValidAttachments') if $r[8];

my $outer = $r[7]{message_id};
my $text = fetch('One', 2);
like($text, qr{^Content-Type: message/rfc822}mi, 'IMAP: a message within');
like($text, qr/^Subject: Inner\r$/m, 'its subject');
like($text, qr/^Within\r$/m, 'its text');

@r = $m->rops([ $l->{handle}, NONE, NONE, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $outer),
    rop('OpenAttachment', in => 1, out => 2, number => 0),
    rop('OpenEmbeddedMessage', in => 2, out => 3, code_page => 0x0fff),
    rop('GetPropertiesSpecific', in => 3, tags => [ 0x1000001f ]),
    { columns => [ 0x1000001f ] });
is($r[2]{error}, 0, 'RopOpenEmbeddedMessage of a stored one');
is($r[2]{subject}, 'Inner', 'its subject');
like($r[3]{row}{0x1000001f}, qr/^Within/, 'its text');

# --- streams

@r = $m->rops([ $one, NONE, NONE, NONE ],
    rop('OpenStream', in => 0, out => 1, tag => 0x1000001f),
    rop('OpenStream', in => 0, out => 2, tag => 0x66010102, flags => 2),
    rop('CopyToStream', in => 1, dest => 2, count => 4),
    rop('CloneStream', in => 1, out => 3),
    rop('ReadStream', in => 3, count => 0xbabe, maximum => 4),
    rop('WriteStream', in => 1, data => 'x'),
    rop('OpenStream', in => 0, out => 1, tag => 0x66020102),
    rop('OpenStream', in => 0, out => 1, tag => 0x0e070003),
    rop('Release', in => 2),
    rop('GetPropertiesSpecific', in => 0, tags => [ 0x66010102 ]),
    { columns => [ 0x66010102 ] });
is("$r[2]{read} $r[2]{written}", '4 4', 'RopCopyToStream');
is($r[4]{data}, "x\0t\0", 'RopCloneStream: a place of its own');
is($r[5]{error}, 0x80070005, 'a stream to read');
is($r[6]{error}, 0x8004010f, 'no such property: ecNotFound (R549)');
is($r[7]{error}, 0x80040102, 'a number has no stream');
is($r[8]{row}{0x66010102}, "T\0e\0", 'what a released stream wrote is kept');


sub fetch {
    my ($subject, $n) = @_;

    $imap->command('SELECT INBOX');
    return scalar $imap->command("FETCH $n BODY[]");
}


sub utf16z {
    return join '', map { pack 'v', $_ } (map { ord } split //, $_[0]), 0;
}
