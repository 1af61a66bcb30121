#!/usr/bin/perl

# Credentials are refused in clear text and taken in TLS.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use MIME::Base64;
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(12)->run();

my $imap = $p->imap();
my $greeting = $imap->response();

like($greeting, qr/^\* OK \[CAPABILITY IMAP4rev1 /, 'greeting');
like($greeting, qr/STARTTLS LOGINDISABLED\]/, 'LOGINDISABLED in clear text');
unlike($greeting, qr/AUTH=/, 'no mechanism in clear text');

like($imap->command('LOGIN alice@example.test secret'),
     qr/^p\d+ NO \[PRIVACYREQUIRED\]/m, 'LOGIN refused');
like($imap->command('AUTHENTICATE PLAIN '
                    . encode_base64("\0alice\@example.test\0secret", '')),
     qr/^p\d+ NO \[PRIVACYREQUIRED\]/m, 'AUTHENTICATE refused');
like($imap->command('LOGOUT'), qr/^\* BYE.*^p\d+ OK/ms, 'LOGOUT');

$imap = $p->imap(SSL => 1);
like($imap->response(), qr/AUTH=PLAIN\]/, 'AUTH=PLAIN in TLS');

like($imap->command('LOGIN alice@example.test wrong'),
     qr/^p\d+ NO \[AUTHENTICATIONFAILED\]/m, 'wrong password');
like($imap->command('AUTHENTICATE PLAIN',
                    encode_base64("\0alice\@example.test\0secret", '')),
     qr/^\+ .*^p\d+ OK \[CAPABILITY [^\]]*IDLE/ms, 'AUTHENTICATE PLAIN');
like($imap->command('SELECT INBOX'), qr/^p\d+ OK \[READ-WRITE\]/m,
     'signed in');

like($p->imap_login('alice')->command('NOOP'), qr/^p\d+ OK/m,
     'LOGIN in TLS');

like($p->nginx()->read_file('postern.log'),
     qr/sign-in status=refused service=imap .* user=alice\@example\.test$/m,
     'the refusal is in the log');
