#!/usr/bin/perl

# Submission as real clients do it: python's smtplib, swaks, curl; what they
# send is seen by IMAP.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice bob /]);
$p->plan(10)->run();

sub count {
    my ($imap) = @_;
    return ($imap->command('STATUS INBOX (MESSAGES)') || '')
           =~ /MESSAGES (\d+)/ ? $1 : -1;
}

my $bob = $p->imap_login('bob');
my ($submission, $tls, $mx) = (port(8587), port(8465), port(8025));
my $dir = $p->testdir();

# smtplib: STARTTLS, both mechanisms, refusals

open my $f, '>', "$dir/client.py" or die $!;
print $f do { local $/; <DATA> };
close $f;
my $out = `python3 $dir/client.py $submission $tls $mx 2>&1`;
is($out, "all done\n", 'smtplib');
ok(wait_for { count($bob) == 3 }, 'bob has its three messages');

# swaks

{
    die "no swaks: this test needs it\n"
        if system('which swaks >/dev/null 2>&1') != 0;

    my @swaks = ('swaks', '--server', '127.0.0.1', '--to',
                 'bob@example.test', '--from', 'alice@example.test',
                 '--helo', 'swaks.test', '--silent', '1');
    is(system(@swaks, '--port', $submission, '--tls', '--auth', 'PLAIN',
              '--auth-user', 'alice@example.test', '--auth-password',
              'secret'), 0, 'swaks with STARTTLS');
    is(system(@swaks, '--port', $mx, '--pipeline'), 0, 'swaks to port 25');
    isnt(system("@swaks --port $submission >/dev/null 2>&1"), 0,
         'swaks without AUTH is refused');
}

# curl

{
    die "no curl: this test needs it\n"
        if system('which curl >/dev/null 2>&1') != 0;

    open $f, '>', "$dir/mail.eml" or die $!;
    print $f "From: alice\@example.test\r\nSubject: curl\r\n\r\n.dot\r\n";
    close $f;

    my $curl = "curl -s -k --mail-rcpt bob\@example.test "
               . "--upload-file $dir/mail.eml";
    is(system("$curl --url smtps://127.0.0.1:$tls/c.test --mail-from "
              . "alice\@example.test --user alice\@example.test:secret"), 0,
       'curl over TLS');
    isnt(system("$curl --url smtps://127.0.0.1:$tls/c.test --mail-from "
                . "bob\@example.test --user alice\@example.test:secret"), 0,
         'curl as somebody else is refused');

    ok(wait_for { count($bob) == 6 }, 'bob has six');
}

$bob->command('SELECT INBOX');
my $got = $bob->command('FETCH 6 BODY.PEEK[]');
like($got, qr/with ESMTPSA id .*\r\n\r\n\.dot\r\n/s, 'as it was sent');
like($got, qr/\r\nDate: .*\r\nMessage-ID: </s, 'with Date and Message-ID');

__DATA__
import smtplib, ssl, sys
submission, tls, mx = (int(a) for a in sys.argv[1:])

ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE

def refused(code, f, *args):
    try:
        f(*args)
    except smtplib.SMTPResponseException as e:
        assert e.smtp_code == code, e
    except smtplib.SMTPRecipientsRefused as e:
        assert list(e.recipients.values())[0][0] == code, e
    else:
        assert False, 'not refused'

text = 'Subject: x\r\n\r\nhello\r\n'

s = smtplib.SMTP('127.0.0.1', submission)
s.ehlo('python.test')
assert 'auth' not in s.esmtp_features
refused(530, s.sendmail, 'alice@example.test', 'bob@example.test', text)
s.docmd('rset')
assert s.docmd('AUTH', 'PLAIN AAAA')[0] == 538
s.starttls(context=ctx)
s.ehlo('python.test')
assert s.esmtp_features['auth'].split() == ['PLAIN', 'LOGIN']
refused(535, s.login, 'alice@example.test', 'wrong')
s.close()

for auth in ('auth_plain', 'auth_login'):
    s = smtplib.SMTP_SSL('127.0.0.1', tls, context=ctx)
    s.ehlo('python.test')
    s.user, s.password = 'alice@example.test', 'secret'
    s.auth(auth[5:].upper(), getattr(s, auth))
    refused(553, s.sendmail, 'bob@example.test', 'bob@example.test', text)
    refused(550, s.sendmail, 'alice@example.test', 'x@other.test', text)
    refused(550, s.sendmail, 'alice@example.test', 'nobody@example.test', text)
    s.sendmail('alice@example.test', 'bob@example.test', text)
    s.quit()

s = smtplib.SMTP('127.0.0.1', mx)
s.sendmail('x@other.test', ['bob@example.test'], text)
refused(552, s.sendmail, 'x@other.test', 'bob@example.test', text,
        ['SIZE=999999999'])
s.quit()
print('all done')
