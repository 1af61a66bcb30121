#!/usr/bin/perl

# Only CRLF.CRLF ends data: none of the sequences that some server or other
# took for it ends a message here, nor in what goes to the relay, looked at
# byte by byte.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use IO::Socket::INET;
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice bob /],
                           postern => 'relay 127.0.0.1:' . port(8125)
                                      . ' tls=never;');

# The relay: each transaction's data as it came, up to CRLF.CRLF, to a file.
# What follows the end without being asked for would be found in the next one.

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1:' . port(8125),
                                   Listen => 16, ReuseAddr => 1)
    or die "listen: $!";
my $out = $p->testdir() . '/relayed';
my $log = $p->testdir() . '/relay.log';

$p->nginx()->run_daemon(sub {
    while (my $c = $listen->accept()) {
        relay($c);
    }
});
close $listen;

sub relay {
    my ($c) = @_;
    my ($in, $n) = ('', 0);

    my $say = sub { syswrite $c, "$_[0]\r\n"; };
    my $until = sub {
        my ($end) = @_;
        my $at;
        while (($at = index($in, $end)) < 0) {
            return unless sysread $c, $in, 65536, length $in;
        }
        return substr $in, 0, $at + length $end, '';
    };
    my $keep = sub {
        my ($name, $what) = @_;
        open my $f, '>>', $name or die $!;
        binmode $f;
        print $f $what;
        close $f;
    };

    $say->('220 relay.test');

    while (defined(my $line = $until->("\r\n"))) {
        $keep->($log, $line);

        if ($line ne "DATA\r\n") {
            $say->('250 Ok');
            next;
        }

        $say->('354 go');
        my $data = $until->("\r\n.\r\n");
        return unless defined $data;
        $keep->("$out.part", $data);
        rename "$out.part", $out;
        $say->('250 Taken');
    }
}

$p->plan(21)->run();


# --- what is sent

my $evil = "MAIL FROM:<evil\@other.test>\r\nRCPT TO:<bob\@example.test>\r\n"
           . "DATA\r\nSubject: smuggled\r\n\r\nx\r\n";
my @eol = ("\r\n", "\n", "\r", "\r\r", "\n\r");
my @ends;

for my $before (@eol) {
    for my $after (@eol) {
        next if $before eq "\r\n" && $after eq "\r\n";
        push @ends, "$before.$after", "$before..$after";
    }
}

push @ends, "\r\n.\0\r\n", "\r\n\0.\r\n", "\r\n.\r\r\n", "\r\n. \r\n",
    "\r\n..\r\n", "\r\n.\t\r\n", "\n.\r\n.\n.\r";

my $wire = "Subject: one\r\n\r\n" . join '', map { "a$_$evil" } @ends;

# and all of them at any distance from the edge of a buffer

$wire .= "\n." x 20000 . "\r." x 20001 . "\r\n.." x 10001 . "b\r\n";

die 'this ends a message' if $wire =~ /\r\n\.\r\n/;

# RFC 5321 4.5.2: a dot that begins a line is taken away

(my $text = $wire) =~ s/\r\n\./\r\n/g;

sub count {
    my ($imap) = @_;
    return ($imap->command('STATUS INBOX (MESSAGES)') || '')
           =~ /MESSAGES (\d+)/ ? $1 : -1;
}

sub data {
    my ($smtp, $from, $to) = @_;

    $smtp->timeout(30);
    $smtp->command("MAIL FROM:<$from>");
    $smtp->command("RCPT TO:<$to>");
    like($smtp->command('DATA'), qr/^354 /, "$to: DATA");
    $smtp->print("$wire.\r\n");
    like($smtp->reply(), qr/^250 2\.[01]\.[05] /, 'one answer');
    like($smtp->command('NOOP'), qr/^250 2\.0\.0 Ok\r$/, 'and no other');
}


# --- into the mailbox: by the queue, and by LMTP

my $imap = $p->imap_login('alice');
$imap->timeout(30);

my %in = (smtp => $p->smtp(), lmtp => $p->lmtp());
my $n = 0;

for my $how (qw/ smtp lmtp /) {
    my $c = $in{$how};

    $c->reply();
    $c->command(($how eq 'lmtp' ? 'LHLO' : 'EHLO') . ' client.test');
    data($c, 's@other.test', 'alice@example.test');

    $n++;
    ok(wait_for { count($imap) == $n }, "$how: alice has it");
    $imap->command('SELECT INBOX');
    my $got = $imap->command("FETCH $n BODY.PEEK[]");
    $got =~ s/^.*?\{(\d+)\}\r\n//s;
    $got = substr $got, 0, $1;
    ok(substr($got, -length $text) eq $text, "$how: byte for byte");
}


# --- to the relay

my $smtp = $p->submission('alice');
data($smtp, 'alice@example.test', 'x@other.test');
ok(wait_for { -s $out }, 'the relay has it');

open my $f, '<:raw', $out or die "$out: $!";
my $sent = do { local $/; <$f> };
close $f;

(my $want = $text) =~ s/\r\n|\r|\n/\r\n/g;
$want =~ s/^\./../mg;

ok(substr($sent, -length($want) - 3) eq "$want.\r\n",
   'what was sent, with CRLF and with stuffed dots');
unlike(substr($sent, 0, -length($want) - 3), qr/\n\./,
       'no dot in what we put before it');

# What any receiver, however lenient, may take for the end.

(my $rest = $sent) =~ s/\r\n\.\r\n\z//;
my @bare = $rest =~ /\r(?!\n)|(?<!\r)\n/g;
is(scalar @bare, 0, 'no bare CR, no bare LF');
my @lone = $rest =~ /[\r\n]\.(?=[\r\n])/g;
is(scalar @lone, 0, 'no dot is alone on a line');

# The next message shows that nothing had followed.

unlink $out;
$smtp->message('alice@example.test', 'y@other.test', "\r\nlast\r\n");
ok(wait_for { -s $out }, 'a second message');
open $f, '<', $log or die $!;
my @mail = grep { /^MAIL/ } <$f>;
is(scalar(grep { !/^MAIL FROM:<alice\@example\.test>/ } @mail), 0,
   'the relay heard of no other sender');

is(count($p->imap_login('bob')), 0, 'bob got nothing');
