#!/usr/bin/perl

# The last words of a connection reach a client that has sent, and sends, more
# than anybody will read: its window was full, so that they were still in the
# server's socket when it ended the session.  And an end that is not accepted
# does not last for ever.

use strict;
use warnings;

use FindBin;
use POSIX qw/ _exit /;
use lib "$FindBin::Bin/../lib";

use IO::Select;
use Socket qw/ SOL_SOCKET SO_RCVBUF inet_aton pack_sockaddr_in /;
use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern;
use Test::Postern::Watch qw/ descendants /;

my $p = Test::Postern->new(users => [qw/ alice /], workers => 1,
                           postern => 'clear_text_auth on;');
$p->plan(11)->run();
$p->deliver('alice', "Subject: big\r\n\r\n" . "0123456789abcde\r\n" x 6000);

# About 1 MB of replies, then errors until the server has had enough, then
# what it will not look at.
my $fetch = join '', map { "f$_ FETCH 1 BODY.PEEK[]\r\n" } 1 .. 10;
my $pile = $fetch . "bad command\r\n" x 21 . "n NOOP\r\n" x 30_000;
my $login = "l LOGIN alice\@example.test secret\r\ns SELECT INBOX\r\n";

# A client whose window is small from the start.
sub small {
    my ($port) = @_;
    my $s;

    socket $s, Socket::PF_INET(), Socket::SOCK_STREAM(), 0 or die "socket: $!";
    setsockopt $s, SOL_SOCKET, SO_RCVBUF, 8192 or die "setsockopt: $!";
    connect $s, pack_sockaddr_in(port($port), inet_aton('127.0.0.1'))
        or die "connect: $!";
    return bless $s, 'IO::Socket::INET';
}

# Sends all, in a process of its own, and reads only when the session is over.
sub end_of {
    my ($s, $bytes, $over) = @_;

    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        local $SIG{PIPE} = 'IGNORE';
        print $s $bytes;
        $s->flush();
        _exit(0);
    }

    ok((wait_for { $over->() } 20), 'the server has ended the session');

    my $all = '';
    my $until = time() + 20;
    while (time() < $until && IO::Select->new($s)->can_read(10)) {
        my $n = sysread $s, $all, 65536, length $all;
        last unless $n;
    }

    waitpid $pid, 0;
    return $all;
}

sub ended {
    my ($n) = @_;

    return sub {
        scalar(() = $p->nginx()->read_file('postern.log')
                    =~ /session-end service=imap/g) >= $n
    };
}

my $all = end_of(small(8143), $login . $pile, ended(1));
is(scalar(() = $all =~ /^f\d+ OK/mg), 10, 'all that was before is read');
like($all, qr/^\* BYE Too many errors\r\n\z/m, 'IMAP: BYE, at the end');

require IO::Socket::SSL;
my $tls = small(8993);
IO::Socket::SSL->start_SSL($tls, SSL_verify_mode => 0) or die 'TLS';
$tls->print($login);
$all = '';
while ($all !~ /^s OK/m) {
    $tls->sysread($all, 65536, length $all) or die 'TLS: no answer';
}

{
    # two processes cannot share a TLS session
    $tls->blocking(0);
    my $sent = 0;
    while ($sent < length $pile) {
        my $n = $tls->syswrite(substr $pile, $sent, 16384);
        $sent += $n, next if $n;
        last unless IO::Select->new($tls)->can_write(1);
    }
    $tls->blocking(1);
    ok((wait_for { ended(2)->() } 20), 'TLS: the session has ended');
    $all = '';
    while (1) {
        my $n = $tls->sysread($all, 65536, length $all);
        last unless $n;
    }
    like($all, qr/^\* BYE Too many errors\r\n\z/m, 'and BYE was read');
}

$all = end_of(small(8025), "EHLO c\r\n" . "FOO\r\n" x 21 . "NOOP\r\n" x 40_000,
              sub { $p->nginx()->read_file('postern.log')
                    =~ /smtp client=\S+ refused=errors/ });
like($all, qr/^421 4\.7\.0 Too many errors\r\n\z/m, 'SMTP: 421, at the end');

# Clients that never stop: a slow one, a fast one.
my $slow = fork();
die "fork: $!" unless defined $slow;

if ($slow == 0) {
    local $SIG{PIPE} = 'IGNORE';
    my $imap = $p->imap();
    my $start = time();

    $imap->print("x\r\n" x 25);
    1 until $imap->response() =~ /^\* BYE/;
    sleep(0.2) while time() - $start < 20
                     && syswrite $imap->socket(), "x\r\n";
    _exit(time() - $start < 3 ? 1 : time() - $start < 10 ? 0 : 2);
}

{
    local $SIG{PIPE} = 'IGNORE';
    my $imap = $p->imap();
    my ($sent, $n) = (0, 0);

    $imap->print("x\r\n" x 25);
    $imap->socket()->blocking(0);
    my $start = time();
    my $noise = 'x' x 65536;

    while (time() - $start < 20) {
        $n = syswrite $imap->socket(), $noise;
        last if !defined $n && !$!{EWOULDBLOCK};
        $sent += $n || 0;
        IO::Select->new($imap->socket())->can_write(1) unless $n;
    }

    cmp_ok(time() - $start, '<', 10, 'a flood is cut off');
    cmp_ok($sent, '<', 100e6, sprintf 'after %d MB in %.1f s', $sent / 1e6,
                              time() - $start);
}

waitpid $slow, 0;
is($? >> 8, 0, 'one that sends a little is heard out for some seconds');

# And quit waits for none of them for long.
{
    my @imap = map { $p->imap() } 1 .. 10;
    $_->response() for @imap;
    my $start = time();
    kill 'QUIT', $p->nginx()->master_pid();
    ok((wait_for {
            local $SIG{PIPE} = 'IGNORE';
            syswrite $_->socket(), "x NOOP\r\n" for @imap;
            waitpid -1, 1;
            !descendants($$);
        } 3), sprintf 'clients that stay do not hold quit: %.1f s',
        time() - $start);
}
