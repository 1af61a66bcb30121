#!/usr/bin/perl

# Mail of users to others goes to the relay host; what it refuses comes back
# as a report that python's email understands; a relay that says nothing
# holds no local mail.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Socket::INET;
use POSIX ();
use Test::More;
use Test::Postern;

die "no python3: this test needs it\n" if system('python3 -c "import email"') != 0;

my $p = Test::Postern->new(users => [qw/ alice bob /],
                           postern => 'relay 127.0.0.1:' . port(8125)
                                      . ';');

# The relay: takes good@, refuses bad@, is silent once silent@ came.

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1:' . port(8125),
                                   Listen => 16, ReuseAddr => 1)
    or die "listen: $!";
my $out = $p->testdir() . '/relayed';
my $relay = fork();
die "fork: $!" unless defined $relay;

if ($relay == 0) {
    $SIG{CHLD} = 'IGNORE';
    $SIG{TERM} = sub { kill TERM => -$$ if $$ == getpgrp(); POSIX::_exit(0) };
    setpgrp(0, 0);

    while (my $c = $listen->accept()) {
        next if fork();
        $SIG{TERM} = 'DEFAULT';
        serve($c);
        POSIX::_exit(0);
    }
}

sub serve {
    my ($c) = @_;
    my $data;

    print $c "220 relay.test\r\n";
    while (my $line = <$c>) {
        if (defined $data) {
            $data .= $line, next unless $line eq ".\r\n";
            open my $f, '>>', $out;
            print $f $data;
            close $f;
            undef $data;
            print $c "250 2.0.0 Taken\r\n";
        } elsif ($line =~ /silent/) {
            sleep 60;
        } elsif ($line =~ /^EHLO/) {
            print $c "250-relay.test\r\n250 PIPELINING\r\n";
        } elsif ($line =~ /<bad/) {
            print $c "550 5.1.1 <bad\@other.test> is not known\r\n";
        } elsif ($line =~ /^DATA/) {
            print $c "354 go\r\n";
            $data = '';
        } else {
            print $c "250 2.0.0 Ok\r\n";
        }
    }
}

$p->plan(11)->run();

sub count {
    my ($imap) = @_;
    return ($imap->command('STATUS INBOX (MESSAGES)') || '')
           =~ /MESSAGES (\d+)/ ? $1 : -1;
}

my $alice = $p->imap_login('alice');
my $smtp = $p->submission('alice');
my @r = $smtp->message('alice@example.test',
                       [ 'good@other.test', 'bad@other.test' ],
                       "Subject: hello\r\n\r\nthe body\r\n.\r\nend\r\n");
like($r[-1], qr/^250 /, 'taken');

ok(wait_for { -s $out }, 'the relay has it');
my $sent = do { local (@ARGV, $/) = $out; <> };
like($sent, qr/^Received: from client\.example\.test .*with ESMTPSA id /s,
     'with the trace');
like($sent, qr/\r\n\r\nthe body\r\n\.\.\r\nend\r\n\z/, 'dots stuffed');

ok(wait_for { count($alice) == 1 }, 'a report comes back');
$alice->command('SELECT INBOX');
my $got = $alice->command('FETCH 1 BODY.PEEK[]');
$got =~ s/^.*?\{\d+\}\r\n//s;

my $script = $p->testdir() . '/report.py';
open my $f, '>', $script or die $!;
print $f do { local $/; <DATA> };
close $f;
open $f, '|-', "python3 $script > $out.py 2>&1" or die $!;
print $f $got;
close $f;
is(do { local (@ARGV, $/) = "$out.py"; <> },
   "rfc822; bad\@other.test failed 5.1.1 hello\n", 'python reads it');

# silence

@r = $smtp->message('alice@example.test', 'silent@other.test',
                    "Subject: s\r\n\r\nx\r\n");
like($r[-1], qr/^250 /, 'mail for a silent relay is taken');

my $bob = $p->imap_login('bob');
my $start = Time::HiRes::time();
$smtp->message('alice@example.test', 'bob@example.test', "\r\nlocal\r\n");
ok((wait_for { count($bob) == 1 } 40), 'local mail passes it');
cmp_ok(Time::HiRes::time() - $start, '<', 40, 'before that ends');

like($p->cli_ok('queue', 'list'), qr/silent\@other\.test/,
     'the queue shows what waits');
$p->stop();
kill TERM => $relay;
waitpid($relay, 0);
unlike($p->nginx()->read_file('postern.log'), qr/secret/, 'no password');

__DATA__
import sys, email, email.policy

m = email.message_from_bytes(sys.stdin.buffer.read(),
                             policy=email.policy.default)
assert m.get_content_type() == 'multipart/report', m.get_content_type()
assert not m.defects
text, status, header = m.get_payload()
per_message, per_rcpt = status.get_payload()
assert per_message['Reporting-MTA'] == 'dns; mail.example.test'
h = email.message_from_string(header.get_payload())
print(per_rcpt['Final-Recipient'], per_rcpt['Action'], per_rcpt['Status'],
      h['Subject'])
