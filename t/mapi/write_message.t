#!/usr/bin/perl

# A message is made, given recipients, bodies and an attachment, saved, read by
# IMAP; edited, when it gets a new UID there; marked read, when no change number
# moves; edited by two handles, of which one loses.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(users => [qw/ alice /]));

$p->plan(68)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my ($inbox) = $l->{folder_ids}[4];
my $imap = $p->imap_login('alice');

# --- made

my @r = $m->rops([ $l->{handle}, NONE ],
    rop('CreateMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox),
    rop('GetPropertiesSpecific', in => 1, tags => [ 0x00170003, 0x001a001f,
        0x0e070003, 0x0e1b000b, 0x674a0014 ]),
    { columns => [ 0x00170003, 0x001a001f, 0x0e070003, 0x0e1b000b,
                   0x674a0014 ] });
my $h = $r[0]{handle};
is($r[0]{error}, 0, 'RopCreateMessage');
is($r[1]{row}{0x00170003}, 1, 'PidTagImportance at first (R341)');
is($r[1]{row}{0x001a001f}, 'IPM.Note', 'PidTagMessageClass (R342)');
is($r[1]{row}{0x0e070003}, 9, 'PidTagMessageFlags (R347)');
is($r[1]{row}{0x0e1b000b}, 0, 'PidTagHasAttachments (R349)');
is($r[1]{row}{0x674a0014}{error}, 0x8004010f, 'no PidTagMid before the save');

@r = $m->rops([ $h ],
    rop('SetProperties', in => 0, values => [
        [ 0x0037001f, "RE: Gr\x{fc}\x{df}e" ],
        [ 0x1000001f, "First line\r\n\x{20ac} second\r\n" ],
        [ 0x00170003, 2 ], [ 0x0e080003, 5 ], [ 0x85a0001f, 'unknown id' ] ]),
    rop('ModifyRecipients', in => 0, columns => [ 0x39fe001f ],
        rows => recipients([ 1, 'bob@example.test', 'Bob' ],
                           [ 2, 'carol@example.test', 'Carol' ])),
    rop('GetPropertiesSpecific', in => 0, tags => [ 0x003d001f, 0x0e1d001f ]),
    { columns => [ 0x003d001f, 0x0e1d001f ] });
is($r[0]{error}, 0, 'RopSetProperties');
is($r[0]{problems}[0][0], 3, 'PidTagMessageSize is a problem');
is($r[0]{problems}[0][2], 0x8004011a, 'it is computed');
is($r[1]{error}, 0, 'RopModifyRecipients');
is($r[2]{row}{0x003d001f}, 'RE: ', 'the prefix of the subject');
is($r[2]{row}{0x0e1d001f}, "Gr\x{fc}\x{df}e", 'and what is left');

like($imap->command('SELECT INBOX'), qr/\* 0 EXISTS/, 'nothing is stored yet');

# an attachment, its data by a stream

@r = $m->rops([ $h, NONE, NONE ],
    rop('CreateAttachment', in => 0, out => 1),
    rop('SetProperties', in => 1, values => [ [ 0x37050003, 1 ],
        [ 0x3707001f, 'a.bin' ], [ 0x370e001f, 'application/x-test' ] ]),
    rop('OpenStream', in => 1, out => 2, tag => 0x37010102, flags => 2),
    rop('WriteStream', in => 2, data => "\0" x 20000),
    rop('WriteStream', in => 2, data => 'end'),
    rop('GetStreamSize', in => 2),
    rop('SeekStream', in => 2, origin => 0, offset => 1),
    rop('WriteStream', in => 2, data => 'x'),
    rop('SeekStream', in => 2, origin => 0, offset => 2 ** 63),
    rop('CommitStream', in => 2),
    rop('SaveChangesAttachment', in => 0, second => 1, flags => 2));
is($r[$_]{error}, 0, "$r[$_]{rop} of an attachment") for 0 .. 3;
is($r[5]{size}, 20003, 'RopGetStreamSize');
is($r[8]{error}, 0x80030019, 'RopSeekStream before the beginning');
is($r[10]{error}, 0, 'RopSaveChangesAttachment');

@r = $m->rops([ $h ], rop('SaveChangesMessage', in => 0, second => 0,
                          flags => 2),
              rop('GetPropertiesSpecific', in => 0, tags => [ 0x67a40014 ]),
              { columns => [ 0x67a40014 ] });
is($r[0]{error}, 0, 'RopSaveChangesMessage');
my $mid = $r[0]{message_id};
my $cn = $r[1]{row}{0x67a40014};
ok($mid, 'MessageId');

my $all = $imap->command('SELECT INBOX');
like($all, qr/\* 1 EXISTS/, 'IMAP sees it');
my ($uid) = $imap->command('FETCH 1 (UID FLAGS)') =~ /UID (\d+)/;
my $text = $imap->command('FETCH 1 BODY[]');
like($text, qr/^Subject: .*=\?utf-8\?/im, 'its subject');
like($text, qr/^To: .*bob\@example\.test/im, 'To');
like($text, qr/^Cc: .*carol\@example\.test/im, 'Cc');
like($text, qr/a\.bin/, 'the attachment');
like($imap->command('FETCH 1 FLAGS'), qr/\\Draft/, 'a draft');
unlike($imap->command('FETCH 1 ENVELOPE'), qr/BAD/, 'ENVELOPE');

# --- read again by a new handle

my @columns = (0x0037001f, 0x1000001f, 0x0e1b000b, 0x00170003, 0x0e04001f);
@r = $m->rops([ $l->{handle}, NONE, NONE, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid, flags => 1),
    rop('GetPropertiesSpecific', in => 1, tags => \@columns),
    rop('OpenAttachment', in => 1, out => 2, number => 0),
    rop('OpenStream', in => 2, out => 3, tag => 0x37010102),
    rop('ReadStream', in => 3, count => 30000),
    { columns => \@columns });
$h = $r[0]{handle};
is($r[0]{recipient_count}, 2, 'RecipientCount');
is($r[0]{prefix}, 'RE: ', 'SubjectPrefix');
is($r[1]{row}{0x0037001f}, "RE: Gr\x{fc}\x{df}e", 'PidTagSubject');
is($r[1]{row}{0x1000001f}, "First line\r\n\x{20ac} second\r\n", 'PidTagBody');
is($r[1]{row}{0x0e1b000b}, 1, 'PidTagHasAttachments');
is($r[1]{row}{0x00170003}, 2, 'PidTagImportance');
like($r[1]{row}{0x0e04001f}, qr/Bob/, 'PidTagDisplayTo');
is($r[4]{data}, "\0x" . "\0" x 19998 . 'end', 'the attachment, as written');

# --- an edit of the body

@r = $m->rops([ $h, NONE ],
    rop('OpenStream', in => 0, out => 1, tag => 0x10130102, flags => 2),
    rop('WriteStream', in => 1, data => '<html><body><p>Now <b>HTML</b>'
                                         . '</body></html>'),
    rop('CommitStream', in => 1),
    rop('GetPropertiesSpecific', in => 0, tags => [ 0x1000001f ]),
    { columns => [ 0x1000001f ] });
is($r[2]{error}, 0, 'RopCommitStream of PidTagHtml');
like($r[3]{row}{0x1000001f}, qr/Now HTML/, 'PidTagBody follows');

like($imap->command('UID FETCH 1:* (UID)'), qr/UID $uid\)/,
     'the old UID until it is saved');
my $other = ($m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid, flags => 1)))[0]{handle};

@r = $m->rops([ $h ], rop('SaveChangesMessage', second => 0, flags => 2),
              rop('GetPropertiesSpecific', in => 0, tags => [ 0x67a40014 ]),
              { columns => [ 0x67a40014 ] });
is($r[0]{error}, 0, 'saved');
is($r[0]{message_id}, $mid, 'with the same MessageId');
isnt($r[1]{row}{0x67a40014}, $cn, 'PidTagChangeNumber moved');
$cn = $r[1]{row}{0x67a40014};

$imap->command('NOOP');
my ($new) = $imap->command('UID FETCH 1:* (UID)') =~ /UID (\d+)/;
cmp_ok($new, '>', $uid, 'IMAP: a new UID');
like($imap->command("UID FETCH $new BODY[]"), qr/<b>HTML/, 'and the HTML');
like($imap->command("UID FETCH $uid UID"), qr/^p\d+ OK/, 'the old is gone');

# --- two handles

@r = $m->rops([ $other ],
    rop('SetProperties', values => [ [ 0x0037001f, 'Of the other' ] ]),
    rop('SaveChangesMessage', second => 0, flags => 2),
    rop('SaveChangesMessage', second => 0, flags => 6));
is($r[0]{error}, 0, 'another handle changes it');
is($r[1]{error}, 0x80040109, 'ecObjectModified (R705)');
is($r[2]{error}, 0, 'ForceSave');

@r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid),
    rop('SetProperties', in => 1, values => [ [ 0x0037001f, 'No' ] ]),
    rop('SaveChangesMessage', in => 0, second => 1, flags => 2));
is($r[0]{subject}, 'Of the other', 'the subject now');
is($r[1]{problems}[0][2], 0x80070005, 'a handle to read does not write');
is($r[2]{error}, 0x80004005, 'and does not save: ecError (R1699)');

# --- read state

@r = $m->rops([ $l->{handle}, NONE, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
    rop('OpenMessage', in => 0, out => 2, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid),
    rop('GetPropertiesSpecific', in => 2, tags => [ 0x67a40014, 0x65e20102 ]),
    rop('SetReadFlags', in => 1, flags => 4, ids => [ $mid, $mid + 0x7770000 ]),
    rop('GetPropertiesSpecific', in => 2, tags => [ 0x67a40014, 0x65e20102 ]),
    rop('SetMessageReadFlag', in => 0, second => 2, flags => 1),
    { columns => [ 0x67a40014, 0x65e20102 ] });
my ($folder, $message) = map { $_->{handle} } @r[0, 1];
is($r[3]{error}, 0, 'RopSetReadFlags');
is($r[3]{partial}, 1, 'PartialCompletion: one was not there');
is($r[4]{row}{0x67a40014}, $r[2]{row}{0x67a40014}, 'no change number moved');
is($r[4]{row}{0x65e20102}, $r[2]{row}{0x65e20102}, 'nor the change key');
is($r[5]{error}, 0, 'RopSetMessageReadFlag');
is($r[5]{changed}, 0, 'ReadStatusChanged is of public folders');
$imap->command('NOOP');
like($imap->command('UID FETCH 1:* FLAGS'), qr/\\Seen/, 'IMAP: read');
($m->rops([ $folder ], rop('SetReadFlags', flags => 4, ids => [ $mid ])));
$imap->command('NOOP');
unlike($imap->command('UID FETCH 1:* FLAGS'), qr/\\Seen/, 'IMAP: unread');

# --- a flag: no content, no new UID

@r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid, flags => 1),
    rop('SetProperties', in => 1, values => [ [ 0x10900003, 2 ] ]),
    rop('SaveChangesMessage', in => 0, second => 1, flags => 2));
is($r[2]{error}, 0, 'PidTagFlagStatus is set');
my ($last) = $imap->command('UID FETCH 1:* (UID)') =~ /UID (\d+)/;
$imap->command('NOOP');
like($imap->command('UID FETCH 1:* (UID FLAGS)'), qr/\\Flagged/,
     'IMAP: flagged');
like($imap->command('UID FETCH 1:* (UID)'), qr/UID $last\)/,
     'with the UID it had');

# --- gone under a handle

@r = $m->rops([ $folder, $message ],
    rop('DeleteMessages', in => 0, ids => [ $mid ]),
    rop('GetPropertiesSpecific', in => 1, tags => [ 0x0037001f ]),
    rop('DeleteMessages', in => 0, ids => [ $mid ]),
    { columns => [ 0x0037001f ] });
is($r[0]{error}, 0, 'RopDeleteMessages');
is($r[0]{partial}, 0, 'all of them');
is($r[1]{error}, 0x8004010a, 'its handle: ecObjectDeleted');
is($r[2]{partial}, 1, 'a second time: PartialCompletion');
like($imap->command('NOOP'), qr/EXPUNGE|VANISHED/, 'IMAP: gone');


# ModifyRecipientRows: type, address, name; SMTP, Unicode.
sub recipients {
    my @rows = @_;
    my $i = 0;

    return pack('v', scalar @rows) . join '', map {
        my ($type, $address, $name) = @$_;
        my $row = pack('v', 0x0003 | 0x0008 | 0x0010 | 0x0200 | 0x0040)
            . utf16z($address) . utf16z($name)
            . pack('v C', 1, 0) . utf16z($address);
        pack('V C v/a*', $i++, $type, $row);
    } @rows;
}


sub utf16z {
    return join '', map { pack 'v', $_ } (map { ord } split //, $_[0]), 0;
}
