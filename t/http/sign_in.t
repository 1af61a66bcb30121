#!/usr/bin/perl

# Sign-in of HTTP requests: what is asked for, what is let in, what it costs;
# and that a user who was shut out is out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Select;
use IO::Socket::SSL;
use MIME::Base64 qw/ encode_base64 /;
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(mail => 0, users => [qw/ alice bob carol dave /],
    workers => 1,
    postern => "debug_jobs on;", http => <<'CONF');
        listen 127.0.0.1:8443 ssl;
        ssl_certificate     %%TESTDIR%%/tls.crt;
        ssl_certificate_key %%TESTDIR%%/tls.key;
        location /debug { postern_debug; client_body_buffer_size 16k; }
CONF

$p->plan(51)->run();
$p->add_user('umlaut', "p\xc3\xa4ss:w\xc3\xb6rd");

my $dir = $p->testdir();

sub basic { return 'Basic ' . encode_base64($_[0], ''); }
sub alice { return basic('alice@example.test:' . (@_ ? $_[0] : 'secret')); }

sub connection {
    return IO::Socket::SSL->new(PeerAddr => '127.0.0.1:' . port(8443),
        SSL_verify_mode => 0) || die "no TLS: $SSL_ERROR";
}

# A request on an open connection: (status, head, body).
sub ask {
    my ($s, $method, $auth, %args) = @_;
    my $body = $args{body};
    my $text = "$method /debug?job=whoami&x=1 HTTP/1.1\r\nHost: MAIL.test:443\r\n"
        . "User-Agent: test\r\nX-Other: no\r\n";

    $text .= "Authorization: $auth\r\n" if defined $auth;
    $text .= 'Content-Length: ' . length($body) . "\r\n" if defined $body;
    print $s "$text\r\n", defined $body ? $body : '';
    return $args{later} ? $s : answer($s, $method);
}

sub answer {
    my ($s, $method) = @_;
    my ($all, $n) = ('');

    while ($all !~ /\r\n\r\n/s) {
        $n = sysread $s, $all, 65536, length $all;
        return (0, $all, '') unless $n;
    }

    my ($head, $body) = split /\r\n\r\n/, $all, 2;
    my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
    my ($len) = $head =~ /^content-length: (\d+)/mi;

    while (($method || '') ne 'HEAD' && length $body < ($len || 0)) {
        $n = sysread $s, $body, 65536, length $body;
        last unless $n;
    }

    return ($status, $head, $body);
}

sub sign_ins {
    my ($re) = @_;
    return scalar grep { /sign-in.*$re/ }
        split /\n/, $p->nginx()->read_file('postern.log');
}


# Nobody: 401 with the schemes on offer, the connection goes on.

my $s = connection();
my ($status, $head, $body);

for my $method (qw/ GET HEAD OPTIONS POST /) {
    ($status, $head) = ask($s, $method, undef,
                           $method eq 'POST' ? (body => 'x' x 100000) : ());
    is($status, 401, "$method without a credential");
    like($head, qr/^WWW-Authenticate: Basic realm="postern", charset="UTF-8"\r?$/m,
         'the scheme on offer');
}

($status, $head, $body) = ask($s, 'POST', alice(), body => 'hello');
is($status, 200, 'the same connection, signed in, after bodies of 401s');
like($body, qr/^user alice\@example\.test slot 1 method 3 tls 1 port (\d+) /,
     'the actor; the job went to the slot of its mailbox');
like($body, qr/ host mail\.test uri \/debug args job=whoami&x=1 agent test headers 1 /,
     'what the handler is told');
like($body, qr/ peer 127\.0\.0\.1 body 5$/, 'peer, body');
like($body, qr/ port ${\ port(8443) } /, 'port');

($status, $head, $body) = ask($s, 'POST', alice(), body => 'x' x 100000);
like($body, qr/ body 100000$/, 'a body in a file');
($status, $head, $body) = ask($s, 'GET', alice());
like($body, qr/ method 1 .* body 0$/, 'GET');
is(sign_ins('user=alice'), 1, 'one sign-in for all of them');
is(sign_ins('status=failed'), 0, 'who carries nothing is no failure');


# Malformed, unknown, wrong.

for my $auth ('Basic', 'Basic ', 'Basic !!!!', basic('no colon'), 'Bearer abc',
              'Basic ' . 'A' x 8000, 'Negotiate TlRMTVNTUAABAAAA')
{
    ($status) = ask($s, 'GET', $auth);
    is($status, 401, substr $auth, 0, 20);
}

is(sign_ins('status=failed'), 0, 'none of them reached a store');

($status) = ask($s, 'GET', basic('bob@example.test:wrong'));
is($status, 401, 'a wrong password');
($status) = ask($s, 'GET', basic('nobody@example.test:secret'));
is($status, 401, 'nobody by that name');
is(sign_ins('status=failed .*reason=password.*user=bob'), 1, 'is logged');

($status) = ask($s, 'GET', basic("umlaut\@example.test:p\xc3\xa4ss:w\xc3\xb6rd"));
is($status, 200, 'UTF-8, a colon in the password');
($status) = ask($s, 'GET', basic("umlaut\@example.test:p\xe4ss:w\xf6rd"));
is($status, 200, 'the same in Latin-1');


# A changed password ends what the worker remembers, at once, and the body of
# the request that finds out is not lost.

$p->cli_ok({ input => "other\n" }, 'user', 'password', 'alice@example.test',
           '--password-stdin');
($status, $head, $body) = ask($s, 'POST', alice(), body => 'y' x 100000);
is($status, 401, 'the old password is out');
like($head, qr/^WWW-Authenticate: Basic/m, 'and is asked for');
($status, $head, $body) = ask($s, 'POST', alice('other'), body => 'y' x 100000);
is($status, 200, 'the new one is in');

$p->cli_ok('user', 'set', 'alice@example.test', '--display', 'Alice B');
($status, $head, $body) = ask($s, 'POST', alice('other'), body => 'y' x 100000);
is("$status $body", "200 $body", 'any change of the user: signed in anew');
like($body, qr/ body 100000$/, 'with the body that was sent once');
($status, $head, $body) = ask($s, 'POST', alice('other'), body => 'z');
like($body, qr/ body 1$/, 'and as usual after it');

$p->cli_ok('user', 'set', 'alice@example.test', '--disabled', 'yes');
($status) = ask($s, 'GET', alice('other'));
is($status, 401, 'disabled');
$p->cli_ok('user', 'set', 'alice@example.test', '--disabled', 'no');
($status) = ask($s, 'GET', alice('other'));
is($status, 200, 'enabled');


# Fifty at once, of somebody whom nobody knows yet: one hash.

my @all = map { connection() } 1 .. 50;
ask($_, 'GET', basic('carol@example.test:secret'), later => 1) for @all;
my @got = map { [ answer($_) ] } @all;
is(scalar(grep { $_->[0] == 200 } @got), 50, 'fifty are in');
is(sign_ins('status=ok .*user=carol'), 1, 'one sign-in');

# the store looks when all of them are with the worker, which answers who
# carries nothing itself, in its turn
kill 'STOP', $p->pids('store');
ask($_, 'GET', basic('dave@example.test:wrong'), later => 1) for @all;
ask($s, 'GET', undef) for 1 .. 3;
kill 'CONT', $p->pids('store');
@got = map { [ answer($_) ] } @all;
is(scalar(grep { $_->[0] == 401 } @got), 50, 'fifty are out');
is(sign_ins('status=failed .*user=dave'), 1, 'one failure is counted');


# Who leaves while it is signed in takes nobody with it.

{
    my @some = map { connection() } 1 .. 10;
    ask($_, 'GET', basic('bob@example.test:secret'), later => 1) for @some;
    close $some[$_] for 0, 3, 5;
    @got = map { [ answer($_) ] } @some[1, 2, 4, 6 .. 9];
    is(scalar(grep { $_->[0] == 200 } @got), 7, 'the others are in');
}


# Guessing.

my $tries = 0;
do { ($status, $head) = ask($s, 'GET', basic("dave\@example.test:w$tries")) }
    while ($status == 401 && ++$tries < 20);
is($status, 429, "shut after $tries more guesses");
like($head, qr/^Retry-After: \d+\r?$/m, 'and says when to come again');
($status) = ask($s, 'GET', basic('dave@example.test:secret'));
is($status, 429, 'the right one is not looked at either');
($status) = ask($s, 'GET', alice('other'));
is($status, 200, 'others are not touched');


# In clear text nothing is asked for and nothing looked at.

{
    my $before = sign_ins('');
    for my $auth (undef, alice('other'), basic('alice@example.test:x')) {
        my $c = IO::Socket::INET->new('127.0.0.1:' . port(8080)) or die;
        ($status, $head) = ask($c, 'POST', $auth, body => 'x' x 30000);
        is("$status " . ($head =~ /^WWW-Auth/mi ? 'asked' : ''), '403 ',
           'clear text is refused');
    }
    is(sign_ins(''), $before, 'and no store heard of it');
}
