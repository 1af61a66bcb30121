#!/usr/bin/perl

# python3-exchangelib, unmodified, finds the server by a fixed URL and by
# AutoDiscover, lists, reads, marks, edits, moves, sends to another user, who
# then reads it, and is told of changes.
#
# AutoDiscover means https://DOMAIN/ on port 443, and names that DNS knows.  So
# nginx listens on an address of 127/8 that is this test's own, a few lines of
# Perl answer DNS on another, and Python runs in a mount namespace where
# /etc/resolv.conf names that.  It takes root; without it this part is not run.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Socket::INET;
use Socket qw/ inet_aton /;
use Test::More;
use Test::Postern;
use Test::Postern::EWS;

my $n = 1 + $$ % 250;
my $server = "127.77.$n.1";
my $dns = "127.77.$n.2";
my $root = $> == 0;
my @how = ('fixed', $root ? 'autodiscover' : ());

my $p = Test::Postern->new(users => [qw/ alice bob carol /], http =>
    ($root ? "        listen $server:443 ssl;\n" : '') . <<'CONF');
        listen 127.0.0.1:8443 ssl;
        server_name example.test autodiscover.example.test mail.example.test;
        ssl_certificate     %%TESTDIR%%/ews.crt;
        ssl_certificate_key %%TESTDIR%%/ews.key;
        location /EWS/Exchange.asmx { postern_ews; }
        location ~* ^/autodiscover/ { postern_autodiscover; }
CONF

my $dir = $p->testdir();
my $out = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \\
    -nodes -days 30 -subj /CN=example.test \\
    -addext subjectAltName=DNS:example.test,DNS:*.example.test,DNS:localhost \\
    -keyout $dir/ews.key -out $dir/ews.crt 2>&1`;
die "openssl: $out" if $?;

$p->plan(4 * @how)->run();

# DNS: example.test and what is below it is the server, all else is nothing.
sub serve_dns {
    my $s = IO::Socket::INET->new(LocalAddr => "$dns:53", Proto => 'udp')
        or die "DNS: $!";
    my $pid = fork();
    die "fork: $!" unless defined $pid;
    return $pid if $pid;

    while (defined $s->recv(my $q, 512)) {
        my ($id, $flags) = unpack 'nn', $q;
        my ($at, @labels) = 12;
        while ((my $len = ord substr $q, $at, 1)) {
            push @labels, lc substr $q, $at + 1, $len;
            $at += 1 + $len;
        }
        my ($type) = unpack 'n', substr $q, $at + 1, 2;
        my $question = substr $q, 12, $at + 5 - 12;
        my $ours = join('.', @labels) =~ /(?:^|\.)example\.test$/;
        my $a = $ours && $type == 1
            ? pack('nnnNn', 0xc00c, 1, 1, 60, 4) . inet_aton($server) : '';
        $s->send(pack('nnnnnn', $id, 0x8580 | ($ours ? 0 : 3), 1,
                      length $a ? 1 : 0, 0, 0) . $question . $a);
    }
    POSIX::_exit(0);
}

my $dns_pid;
if ($root) {
    require POSIX;
    $dns_pid = serve_dns();
    open my $f, '>', "$dir/resolv.conf" or die;
    print $f "nameserver $dns\noptions timeout:1 attempts:1\n";
    close $f;
}

sub mail {
    my ($subject, $file) = @_;
    my $head = "From: Ada <ada\@example.org>\r\nTo: x\@example.test\r\n"
        . "Subject: $subject\r\nX-Own: yes\r\nMIME-Version: 1.0\r\n";
    return "$head\r\nhello $subject\r\n" unless $file;
    return "${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
        . "hello $subject\r\n--b\r\nContent-Type: text/plain\r\n"
        . "Content-Disposition: attachment; filename=a.txt\r\n\r\nattached\r\n"
        . "--b--\r\n";
}

my %user = (fixed => 'alice', autodiscover => 'carol');

for my $how (@how) {
    my $user = "$user{$how}\@example.test";
    my $host = $how eq 'fixed' ? 'localhost:' . port(8443) : 'example.test';
    my $ns = $how eq 'fixed' ? '' : "unshare -m sh -c 'mount --bind "
        . "$dir/resolv.conf /etc/resolv.conf && exec \"\$\@\"' sh ";

    $p->deliver($user, mail('first'));
    $p->deliver($user, mail('second', 1));

    my $log = "$dir/exchangelib.$how";
    mkdir "$dir/tmp.$how";
    system("TMPDIR=$dir/tmp.$how HOME=$dir/tmp.$how "
        . "REQUESTS_CA_BUNDLE=$dir/ews.crt timeout 100 "
        . "$ns/usr/bin/python3 $FindBin::Bin/use_exchangelib.py $how $user"
        . " bob\@example.test $host > $log 2>&1");
    my $said = $p->nginx()->read_file("exchangelib.$how");

    is($?, 0, "$how: it runs to its end") or diag($said);
    unlike($said, qr/^FAIL/m, "$how: all that it does succeeds")
        or diag(join "\n", grep { /FAIL/ } split /\n/, $said);
    like($said, qr/^ok done/m, "$how: " . scalar(() = $said =~ /^ok /mg)
         . ' steps');

    my $bob = Test::Postern::EWS->new('bob');
    my $text = '';
    wait_for {;
        my ($id) = $bob->find('inbox')->ids('t:ItemId');
        $text = $id ? join '', $bob->find('inbox', 'item:Subject')->xml : '';
        $text =~ /from $how/;
    } 10;
    like($text, qr/from $how/, "$how: who it was sent to reads it");
}

if ($dns_pid) {
    kill "KILL", $dns_pid;
    waitpid $dns_pid, 0;
}
