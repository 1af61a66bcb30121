#!/usr/bin/perl

# A message is written and sent: the recipient reads it by IMAP, the sender
# finds it in Sent Items, or nowhere when it says so; what cannot be sent.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

Test::Postern::MAPI::define_rops(<<'EOF');
AbortSubmit         | 34 | folder_id:u64 message_id:u64 |
SetSpooler          | 47 | |
SpoolerLockMessage  | 48 | message_id:u64 state:u8 |
GetAddressTypes     | 49 | | count:u16 size:u16 one:str8z two:str8z
TransportSend       | 4a | | none:u8 values:tagged16
GetTransportFolder  | 6d | | folder_id:u64
OptionsData         | 6f | type:str8z win32:u8 | reserved:u8 info:bin16 help:u16
EOF

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice bob /]));

$p->plan(31)->run();

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();
my $l = $m->logon();
my ($outbox, $sent) = @{ $l->{folder_ids} }[5, 6];
my $imap = $p->imap_login('alice');
my $bob = $p->imap_login('bob');

# --- sent

my $h = draft('First one', [ 1, 'bob@example.test', 'Bob' ]);
my @r = $m->rops([ $h ], rop('SubmitMessage'),
                 rop('GetPropertiesSpecific', tags => [ 0x0037001f ]),
                 { columns => [ 0x0037001f ] });
is($r[0]{error}, 0, 'RopSubmitMessage');

my $text = arrived($bob, 1);
like($text, qr/^Subject: First one\r$/m, 'bob has it');
like($text, qr/^From: .*<?alice\@example\.test>?\r$/m, 'from alice');
like($text, qr/^To: .*bob\@example\.test>?\r$/m, 'To');
like($text, qr/^Date: /m, 'with a date');
unlike($text, qr/^Bcc:/mi, 'no Bcc');

like($imap->command('SELECT "Sent Items"'), qr/\* 1 EXISTS/, 'a copy is kept');
like($imap->command('FETCH 1 FLAGS'), qr/\\Seen/, 'it is read');
unlike($imap->command('FETCH 1 FLAGS'), qr/\\Draft/, 'and no draft');
like($imap->command('FETCH 1 BODY[]'), qr/^Subject: First one\r$/m, 'it');

my @columns = (0x0037001f, 0x0e070003, 0x5d01001f, 0x00390040);
@r = $m->rops([ $l->{handle}, NONE, NONE ],
    rop('OpenFolder', in => 0, out => 1, folder_id => $sent),
    rop('GetContentsTable', in => 1, out => 2),
    rop('SetColumns', in => 2, tags => \@columns),
    rop('QueryRows', in => 2, forward => 1, row_count => 5),
    { columns => \@columns });
my $row = $r[3]{rows}[0];
is($row->{0x5d01001f}, 'alice@example.test', 'PidTagSenderSmtpAddress');
is($row->{0x0e070003} & 8, 0, 'mfUnsent is not set');
cmp_ok(abs($row->{0x00390040} / 1e7 - 11644473600 - time), '<', 300,
       'PidTagClientSubmitTime');

# a draft that was stored goes from its folder; a DN instead of an address

$h = draft('Second one', [ 1, $m->dn_of('bob'), 'Bob' ],
           [ 3, 'carol@elsewhere.test', 'Carol' ]);
($r[0]) = $m->rops([ $h ], rop('RemoveAllRecipients'));
$m->rops([ $h ], rop('ModifyRecipients', columns => [],
                     rows => recipients([ 1, $m->dn_of('bob'), 'Bob' ])));
@r = $m->rops([ $h ], rop('SaveChangesMessage', second => 0, flags => 2));
like($imap->command('SELECT Outbox'), qr/\* 1 EXISTS/, 'a draft is stored');
@r = $m->rops([ $h ], rop('TransportSend'));
is($r[0]{error}, 0, 'RopTransportSend');
is($r[0]{values}{0x0c1f001f}, 'alice@example.test', 'its properties');
like(arrived($bob, 2), qr/^Subject: Second one\r$/m,
     'bob has it, by his DN');
like($imap->command('SELECT Outbox'), qr/\* 0 EXISTS/, 'the draft is gone');

# no copy

$h = draft('Third one', [ 1, 'bob@example.test', 'Bob' ]);
@r = $m->rops([ $h ],
    rop('SetProperties', values => [ [ 0x0e01000b, 1 ] ]),
    rop('SubmitMessage'));
is($r[1]{error}, 0, 'PidTagDeleteAfterSubmit');
like(arrived($bob, 3), qr/^Subject: Third one\r$/m, 'bob has it');
like($imap->command('SELECT "Sent Items"'), qr/\* 2 EXISTS/, 'no third copy');

# a copy elsewhere

$h = draft('Fourth one', [ 1, 'bob@example.test', 'Bob' ]);
@r = $m->rops([ $h ],
    rop('SetProperties', values => [
        [ 0x674000fb, pack 'C Q< Q< V', 1, $outbox, 0, 0 ] ]),
    rop('SubmitMessage'));
is($r[1]{error}, 0, 'PidTagSentMailSvrEID');
like($imap->command('SELECT Outbox'), qr/\* 1 EXISTS/, 'the copy is there');

# --- not sent

$h = draft('Nobody');
@r = $m->rops([ $h ], rop('SubmitMessage'));
is($r[0]{error}, 0x607, 'no recipient');
$h = draft('As another', [ 1, 'bob@example.test', 'Bob' ]);
@r = $m->rops([ $h ],
    rop('SetProperties', values => [ [ 0x0064001f, 'SMTP' ],
        [ 0x0065001f, 'bob@example.test' ],
        [ 0x5d02001f, 'bob@example.test' ] ]),
    rop('SubmitMessage'));
is($r[1]{error}, 0x80070005, 'as bob: ecAccessDenied');

# --- the rest

@r = $m->rops([ $l->{handle} ], rop('AbortSubmit', folder_id => $outbox,
                                    message_id => 0x1230001),
    rop('SetSpooler'), rop('GetTransportFolder'), rop('GetAddressTypes'),
    rop('OptionsData', type => 'SMTP'), rop('SpoolerLockMessage',
                                            message_id => 5, state => 9));
is($r[0]{error}, 0x80040601, 'RopAbortSubmit: ecNotInQueue');
is($r[1]{error}, 0, 'RopSetSpooler');
is($r[2]{folder_id}, $outbox, 'RopGetTransportFolder');
is("$r[3]{one} $r[3]{two} $r[3]{size}", 'EX SMTP 8', 'RopGetAddressTypes');
is("$r[4]{info}$r[4]{help}", '0', 'RopOptionsData');
is($r[5]{error}, 0x80070057, 'RopSpoolerLockMessage: no such state');


sub draft {
    my ($subject, @to) = @_;
    my @r = $m->rops([ $l->{handle}, NONE ],
        rop('CreateMessage', in => 0, out => 1, code_page => 0x0fff,
            folder_id => $outbox),
        rop('SetProperties', in => 1, values => [
            [ 0x0037001f, $subject ], [ 0x1000001f, "Text\r\n" ] ]),
        rop('ModifyRecipients', in => 1, columns => [],
            rows => recipients(@to)));
    diag("draft: $r[2]{error}") if $r[2]{error};

    return $r[0]{handle};
}


# Waits for message n of bob's Inbox.
sub arrived {
    my ($imap, $n) = @_;
    my $end = time + 15;

    while (time < $end) {
        return scalar $imap->command("FETCH $n BODY[]")
            if $imap->command('SELECT INBOX') =~ /\* $n EXISTS/;
        select undef, undef, undef, 0.05;
    }

    return 'nothing came';
}


sub recipients {
    my @rows = @_;
    my $i = 0;

    return pack('v', scalar @rows) . join '', map {
        my ($type, $address, $name) = @$_;
        my $row = $address =~ m{^/o=}
            ? pack('v C C Z*', 0x0251, 0, 0, $address)
            : pack('v', 0x025b) . utf16z($address);
        $row .= utf16z($name) . pack 'v C', 0, 0;
        pack('V C v/a*', $i++, $type, $row);
    } @rows;
}


sub utf16z {
    return join '', map { pack 'v', $_ } (map { ord } split //, $_[0]), 0;
}
