#!/usr/bin/perl

# A body in the forms that it was not given in (MS-OXBBODY): HTML that came by
# mail as RTF, RTF that a client set as HTML and text, what is not saved yet.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::EWS;
use Test::Postern::MAPI;

my $p = ews_site(users => [qw/ alice /], postern => 'clear_text_auth on;');
$p->{http} .= 'location /mapi/emsmdb/ { postern_mapi; }';
$p->plan(43)->run();

my ($body, $html, $rtf, $native, $sync)
    = (0x1000001f, 0x10130102, 0x10090102, 0x10160003, 0x0e1f000b);
my @columns = ($body, $html, $rtf, $native, $sync);

$p->deliver('alice', "Subject: html\r\nMIME-Version: 1.0\r\n"
    . "Content-Type: text/html; charset=iso-8859-1\r\n"
    . "Content-Transfer-Encoding: 8bit\r\n\r\n"
    . "<html><body><p>Gr\xfc\xdfe <b>bold</b></p></body></html>\r\n");
$p->deliver('alice', "Subject: text\r\n\r\nplain {text}\r\n");

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my $inbox = $l->{folder_ids}[4];
my %mid = mids();

# --- mail

my $v = values_of($mid{html});
like($v->{$body}, qr/^Gr\x{fc}\x{df}e bold/, 'HTML alone: PidTagBody');
like($v->{$html}, qr/^<html><body><p>Gr\xfc\xdfe/, 'PidTagHtml as it came');
is($v->{$native}, 3, 'PidTagNativeBody: HTML');
is($v->{$sync}, 1, 'PidTagRtfInSync');
like(lzfu($v->{$rtf}), qr/^\{\\rtf1\\ansi.*\\fromhtml1/,
     'PidTagRtfCompressed holds HTML');
like(lzfu($v->{$rtf}), qr/Gr\\u252\?\\u223\?e.*\\htmltag84 <b>\}/s,
     'this one');

$v = values_of($mid{text});
like($v->{$body}, qr/^plain \{text\}\r\n/, 'text alone: PidTagBody');
is($v->{$native}, 1, 'PidTagNativeBody: text');
like(lzfu($v->{$rtf}), qr/\\fromtext.*plain \\\{text\\\}\\par/s,
     'PidTagRtfCompressed holds the text');
like($v->{$html}, qr/plain \{text\}/, 'PidTagHtml of it');

# the best of those that were asked for

for ([ 3 ], [ 1, $body ], [ 2, $rtf ], [ 2, $body, $rtf ], [ 3, $html ]) {
    my ($best, @asked) = @$_;
    my $v = values_of($mid{html}, @asked, $native);
    is($v->{$native}, $best, sprintf 'PidTagNativeBody beside %s',
       join(' ', map { sprintf '%08x', $_ } @asked) || 'none');
}

# by a stream, as clients read it

my @r = $m->rops([ $l->{handle}, NONE, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid{html}),
    rop('OpenStream', in => 1, out => 2, tag => $rtf),
    rop('ReadStream', in => 2, count => 30000));
is($r[1]{error}, 0, 'RopOpenStream of PidTagRtfCompressed');
like(lzfu($r[2]{data}), qr/\\htmltag84 <b>\}/, 'the same');

# --- RTF that a client sets

@r = $m->rops([ $l->{handle}, NONE ],
    rop('CreateMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox),
    rop('SetProperties', in => 1, values => [ [ 0x0037001f, 'rtf' ],
        [ $rtf, mela("{\\rtf1\\ansi{\\b bold} \\'e4\\par}") ],
        [ $sync, 1 ] ]),
    rop('GetPropertiesSpecific', in => 1, tags => \@columns),
    rop('SaveChangesMessage', in => 1, second => 1, flags => 2),
    { columns => \@columns });
is($r[1]{error}, 0, 'RopSetProperties of PidTagRtfCompressed');
is($r[2]{row}{$body}, "bold \x{e4}\r\n", 'not saved yet: PidTagBody');
like($r[2]{row}{$html}, qr/<b>bold<\/b> \xc3\xa4/, 'PidTagHtml');
is($r[2]{row}{$native}, 2, 'PidTagNativeBody: RTF');
is($r[3]{error}, 0, 'RopSaveChangesMessage');

%mid = mids();
$v = values_of($mid{rtf});
is($v->{$body}, "bold \x{e4}\r\n", 'RTF alone: PidTagBody');
like($v->{$html}, qr/<b>bold<\/b> \xc3\xa4/, 'PidTagHtml');
is($v->{$native}, 2, 'PidTagNativeBody: RTF');
is($v->{$sync}, 1, 'PidTagRtfInSync');
is(lzfu($v->{$rtf}), "{\\rtf1\\ansi{\\b bold} \\'e4\\par}",
   'PidTagRtfCompressed as it was set');

my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');
my $mail = $imap->command('FETCH 3 BODY[]');
like($mail, qr/multipart\/alternative.*text\/plain.*text\/html/s,
     'IMAP has text and HTML');
like($mail, qr/<b>bold<\/b> =C3=A4/, 'with what the RTF says');

my $ews = Test::Postern::EWS->new('alice');
my ($id) = map { $_->[0] } grep { $_->[1] eq 'rtf' } items();
my $xml = $ews->get($id, 'IdOnly', '<!<t:BodyType>HTML</t:BodyType>',
                    'item:Body')->xml();
like($xml, qr/BodyType="HTML".*&lt;b&gt;bold&lt;\/b&gt; \xc3\xa4/s,
     'EWS: HTML of the RTF');
$xml = $ews->get($id, 'IdOnly', '<!<t:BodyType>Text</t:BodyType>',
                 'item:Body')->xml();
like($xml, qr/BodyType="Text"[^>]*>bold \xc3\xa4/, 'its text');
$xml = $ews->get($id, 'IdOnly', '<!<t:BodyType>Best</t:BodyType>',
                 'item:Body')->xml();
like($xml, qr/BodyType="HTML"/, 'the best is HTML');

# --- one form replaces the others

@r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid{rtf}, flags => 1),
    rop('SetProperties', in => 1, values => [ [ $body, "now text\r\n" ] ]),
    rop('GetPropertiesSpecific', in => 1, tags => \@columns),
    rop('SaveChangesMessage', in => 1, second => 1, flags => 2),
    { columns => \@columns });
like(lzfu($r[2]{row}{$rtf}), qr/\\fromtext.*now text/s,
     'RTF follows the text that was set');
is($r[2]{row}{$native}, 1, 'and says so');
is($r[3]{error}, 0, 'RopSaveChangesMessage');
$v = values_of($mid{rtf});
is($v->{$body}, "now text\r\n", 'saved: PidTagBody');
like(lzfu($v->{$rtf}), qr/\\fromtext.*now text/s, 'PidTagRtfCompressed');
is($v->{$native}, 1, 'PidTagNativeBody: text');

# --- RTF that holds HTML is HTML

@r = $m->rops([ $l->{handle}, NONE ],
    rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
        folder_id => $inbox, message_id => $mid{rtf}, flags => 1),
    rop('SetProperties', in => 1, values => [ [ $rtf,
        mela("{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag84 <i>}held"
             . "{\\*\\htmltag92 </i>}}") ] ]),
    rop('SaveChangesMessage', in => 1, second => 1, flags => 2));
is($r[2]{error}, 0, 'RopSaveChangesMessage');
$v = values_of($mid{rtf});
is($v->{$html}, '<i>held</i>', 'PidTagHtml');
is($v->{$body}, "held\r\n", 'PidTagBody');
is($v->{$native}, 3, 'PidTagNativeBody: HTML');

$imap->command('NOOP');
like($imap->command('FETCH 3 BODY[]'), qr/<i>held<\/i>/, 'IMAP has it');


sub items {
    my $xml = $ews->find('inbox', 'item:Subject')->xml();
    return map { [ /ItemId Id="([^"]+)"/, /<t:Subject>([^<]*)/ ] }
        $xml =~ /(<t:Message>.*?<\/t:Message>)/gs;
}

sub mids {
    my @r = $m->rops([ $l->{handle}, NONE, NONE ],
        rop('OpenFolder', in => 0, out => 1, folder_id => $inbox),
        rop('GetContentsTable', in => 1, out => 2),
        rop('SetColumns', in => 2, tags => [ 0x0037001f, 0x674a0014 ]),
        rop('QueryRows', in => 2, forward => 1, row_count => 50),
        { columns => [ 0x0037001f, 0x674a0014 ] });

    return map { $_->{0x0037001f} => $_->{0x674a0014} } @{ $r[3]{rows} };
}

sub values_of {
    my ($mid, @asked) = @_;
    @asked = @columns unless @asked;
    my @r = $m->rops([ $l->{handle}, NONE ],
        rop('OpenMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => $inbox, message_id => $mid),
        rop('GetPropertiesSpecific', in => 1, tags => \@asked),
        { columns => \@asked });

    return $r[1]{row};
}

# MS-OXRTFCP, the form that is not compressed.

sub mela {
    my ($s) = @_;
    return pack('V V V V', length($s) + 12, length $s, 0x414c454d, 0) . $s;
}

# And the other one.

sub lzfu {
    my ($s) = @_;
    return '' unless defined $s && !ref $s && length $s > 16;
    my ($size, $raw, $type) = unpack 'V V V', $s;
    return substr $s, 16, $raw if $type == 0x414c454d;
    my $dict = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil "
        . "\\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbol"
        . "ArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
        . "\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
    my $known = length $dict;
    my $at = 16;

    while ($at < length $s) {
        my $control = ord substr $s, $at++, 1;

        for my $bit (0 .. 7) {
            if (!($control >> $bit & 1)) {
                $dict .= substr $s, $at++, 1;
                next;
            }

            my $ref = unpack 'n', substr $s, $at, 2;
            $at += 2;
            my $back = (length($dict) - ($ref >> 4)) & 4095;
            return substr $dict, $known if $back == 0;
            $dict .= substr $dict, length($dict) - $back, 1
                for 1 .. ($ref & 15) + 2;
        }
    }

    return substr $dict, $known;
}
