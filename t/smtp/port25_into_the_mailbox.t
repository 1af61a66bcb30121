#!/usr/bin/perl

# Port 25: what is taken is queued, delivered, and seen by IMAP; what is not
# ours is refused; only CRLF.CRLF ends a message.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice bob /]);
$p->plan(18)->run();

sub count {
    my ($imap, $box) = @_;
    return ($imap->command("STATUS $box (MESSAGES)") || '')
           =~ /MESSAGES (\d+)/ ? $1 : -1;
}

my $imap = $p->imap_login('alice');
my $smtp = $p->smtp();

like($smtp->read(), qr/^220 mail\.example\.test ESMTP/, 'greeting');
my $ehlo = $smtp->command('EHLO client.test');
like($ehlo, qr/^250-PIPELINING\r$/m, 'PIPELINING');
like($ehlo, qr/^250-SIZE 157286400\r$/m, 'SIZE');
like($ehlo, qr/^250-STARTTLS\r$/m, 'STARTTLS');
unlike($ehlo, qr/AUTH|SMTPUTF8/, 'no AUTH, no SMTPUTF8');

# in one flight

$smtp->print("MAIL FROM:<s\@other.test> SIZE=100\r\n"
             . "RCPT TO:<nobody\@example.test>\r\n"
             . "RCPT TO:<x\@other.test>\r\n"
             . "RCPT TO:<alice+tag\@example.test>\r\nDATA\r\n");
like($smtp->read(), qr/^250 2\.1\.0/, 'MAIL');
like($smtp->read(), qr/^550 5\.1\.1/, 'an unknown user');
like($smtp->read(), qr/^550 5\.7\.1/, 'another domain');
like($smtp->read(), qr/^250 2\.1\.5/, 'alice');
like($smtp->read(), qr/^354/, 'DATA');

my $evil = "MAIL FROM:<evil\@other.test>\r\nRCPT TO:<bob\@example.test>\r\n"
           . "DATA\r\nSubject: smuggled\r\n\r\nx\r\n";
my $text = "Subject: one\r\n\r\n";
$text .= "a$_$evil" for "\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n..\r\n";
$smtp->print("$text\r\n.\r\n");
like($smtp->read(), qr/^250 2\.0\.0 Ok: queued as [0-9a-f]{16}\r/, 'queued');

ok(wait_for { count($imap, 'INBOX') == 1 }, 'alice has it');
$imap->command('SELECT INBOX');
my $got = $imap->command('FETCH 1 BODY.PEEK[]');
like($got, qr/Return-Path: <s\@other\.test>\r\nReceived: from client\.test /,
     'Return-Path and Received');
like($got, qr/\r\n\tfor <alice\+tag\@example\.test>;/, 'for whom');
(my $want = $text) =~ s/\r\n\.\.\r\n/\r\n.\r\n/;
ok(index($got, $want) > 0, 'the bytes are those that were sent');
is(count($p->imap_login('bob'), 'INBOX'), 0, 'bob got nothing');

like($smtp->command('QUIT'), qr/^221/, 'QUIT');

my $log = '';
wait_for { $log = $p->nginx()->read_file('postern.log'); $log =~ /delivery / };
like($log,
     qr/delivery queue_id=[0-9a-f]{16} from="s\@other\.test" to="alice\+tag\@example\.test" size=\d+ delay=[\d.]+ status=delivered/,
     'the log has its line');
