#!/usr/bin/perl

# What a client (or somebody between) sends behind STARTTLS in the clear is
# never used, on port 25 and on submission (RFC 3207 4.2, 6).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use MIME::Base64;
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(21)->run();

my $auth = 'AUTH PLAIN ' . encode_base64("\0alice\@example.test\0wrong", '');
my $evil = "$auth\r\nMAIL FROM:<evil\@other.test>\r\n"
           . "RCPT TO:<alice\@example.test>\r\nDATA\r\n"
           . "Subject: injected\r\n\r\nx\r\n.\r\n";

for my $port (8025, 8587) {

    # in one flight with STARTTLS

    my $smtp = $p->smtp(PeerAddr => '127.0.0.1:' . port($port));
    like($smtp->reply(), qr/^220 /, "$port: greeting");

    $smtp->print("EHLO clear.test\r\nSTARTTLS\r\nEHLO evil.test\r\n$evil");
    like($smtp->reply(), qr/^250-STARTTLS\r$/m, "$port: STARTTLS offered");
    like($smtp->reply(), qr/^220 2\.0\.0 /, "$port: STARTTLS");

    $smtp->starttls();
    $smtp->print("NOOP unlike the rest\r\nMAIL FROM:<a\@other.test>\r\n");
    like($smtp->reply(), qr/^250 2\.0\.0 Ok\r$/, "$port: the next answer");
    like($smtp->reply(), qr/^503 5\.5\.1 Send EHLO first/,
         "$port: the EHLO in the clear, ours and theirs, is forgotten");

    my $ehlo = $smtp->command('EHLO tls.test');
    like($ehlo, qr/^250 ENHANCEDSTATUSCODES\r$/m, "$port: EHLO in TLS");
    unlike($ehlo, qr/STARTTLS/, "$port: STARTTLS is no longer offered");
    like($smtp->command('STARTTLS'), qr/^503 /, "$port: nor done twice");

    # in the clear where the handshake is due

    $smtp = $p->smtp(PeerAddr => '127.0.0.1:' . port($port));
    $smtp->reply();
    $smtp->command('EHLO clear.test');
    $smtp->command('STARTTLS');
    $smtp->print("EHLO evil.test\r\n$evil");

    my $said = '';
    while (defined(my $line = $smtp->getline())) { $said .= $line; }
    unlike($said, qr/^[235]\d\d[ -]/m, "$port: clear text is no handshake");
}

# Mail that comes later passes what was injected, had it been taken.

$p->deliver('alice', "Subject: proper\r\n\r\nx\r\n");
is($p->cli_ok('queue', 'list') =~ /evil/ ? 1 : 0, 0, 'nothing is queued');

my $imap = $p->imap_login('alice');
like($imap->command('STATUS INBOX (MESSAGES)'), qr/MESSAGES 1\)/,
     'nothing was delivered');
unlike($p->nginx()->read_file('postern.log'),
       qr/sign-in \S+ service=smtp/, 'nobody signed in or tried');
