#!/usr/bin/perl

# Credentials are refused in clear text, unlooked at, unless clear_text_auth
# says otherwise; they are taken in TLS.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use MIME::Base64;
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(22)->run();

sub plain {
    return encode_base64("\0alice\@example.test\0$_[0]", '');
}

sub sign_ins {
    my @lines = $p->nginx()->read_file('postern.log')
                =~ /^.*sign-in .*service=smtp.*$/mg;
    return scalar @lines;
}

sub submission_clear {
    my $smtp = $p->smtp(PeerAddr => '127.0.0.1:' . port(8587));
    $smtp->reply();
    return ($smtp, $smtp->command('EHLO client.test'));
}

my ($smtp, $ehlo) = submission_clear();
unlike($ehlo, qr/AUTH/, 'AUTH is not offered in clear text');
like($ehlo, qr/^250-STARTTLS\r$/m, 'STARTTLS is');

my $refused = qr/^538 5\.7\.11 /;

like($smtp->command('AUTH PLAIN ' . plain('secret')), $refused,
     'PLAIN, the right password');
like($smtp->command('AUTH PLAIN ' . plain('wrong')), $refused,
     'PLAIN, a wrong one: the same answer');
($smtp) = submission_clear();
like($smtp->command('AUTH PLAIN'), $refused, 'PLAIN: it is not asked for');
like($smtp->command('AUTH LOGIN'), $refused, 'LOGIN: nor here');

($smtp) = submission_clear();
like($smtp->command('AUTH LOGIN '
                    . encode_base64('alice@example.test', '')), $refused,
     'LOGIN with a name');
like($smtp->command('MAIL FROM:<alice@example.test>'), qr/^530 5\.7\.0 /,
     'no mail without');
is(sign_ins(), 0, 'no password was looked at');

my $mx = $p->smtp();
$mx->reply();
$mx->command('EHLO client.test');
like($mx->command('AUTH PLAIN ' . plain('secret')), qr/^500 /,
     'port 25 knows no AUTH');

# in TLS

like($smtp->command('STARTTLS'), qr/^220 /, 'STARTTLS');
$smtp->starttls();
like($smtp->command('AUTH PLAIN ' . plain('secret')), qr/^503 /,
     'EHLO again, please');
like($smtp->command('EHLO client.test'), qr/^250-AUTH PLAIN LOGIN\r$/m,
     'AUTH is offered in TLS');
like($smtp->command('AUTH PLAIN ' . plain('wrong')), qr/^535 5\.7\.8 /,
     'a wrong password');
like($smtp->command('AUTH PLAIN ' . plain('secret')), qr/^235 /, 'PLAIN');
like($smtp->command('MAIL FROM:<alice@example.test>'), qr/^250 /, 'and mail');

$smtp = $p->smtp(SSL => 1);
$smtp->reply();
like($smtp->command('EHLO client.test'), qr/^250-AUTH PLAIN LOGIN\r$/m,
     'AUTH on the port that is TLS from the start');
like($smtp->command('AUTH LOGIN'), qr/^334 VXNlcm5hbWU6\r/, 'LOGIN');
$smtp->command(encode_base64('alice@example.test', ''));
like($smtp->command(encode_base64('secret', '')), qr/^235 /, 'signs in');

# where clear text is allowed

$p->write_conf(postern => 'clear_text_auth on;');
$p->nginx()->reload();

ok(wait_for { ($smtp, $ehlo) = submission_clear();
              ($ehlo || '') =~ /^250-AUTH PLAIN LOGIN\r$/m } ,
   'clear_text_auth on: AUTH is offered');
like($smtp->command('AUTH PLAIN ' . plain('secret')), qr/^235 /,
     'and taken');

unlike($p->nginx()->read_file('postern.log')
       . $p->nginx()->read_file('error.log'),
       qr/secret|\Q${\ plain('secret') }\E/, 'no password in a log');
