#!/usr/bin/perl

# Five clients append to one mailbox at once, two messages to a write, short and
# long: each OK is a message, which comes back byte for byte with its flags.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::MD5 'md5_hex';
use POSIX ();
use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => ['alice']);
$p->plan(5)->run();

my ($streams, $each) = (5, 20);


sub text {
    my ($s, $n) = @_;
    my $lines = $n % 7 == 3 ? 2500 : 10 * $n;

    return "Subject: $s-$n\r\n\r\n"
        . join '', map { "line $_ of $s-$n, as everybody expected\r\n" }
                   1 .. $lines;
}


my @pids;

for my $s (1 .. $streams) {
    my $pid = fork();
    die "fork: $!" unless defined $pid;

    if ($pid == 0) {
        my $imap = $p->imap_login('alice');
        my $good = 0;

        $imap->timeout(30);

        for my $n (map { 2 * $_ } 0 .. $each / 2 - 1) {
            $imap->print(join '', map {
                my $text = text($s, $_);
                "x$_ APPEND INBOX (" . ($_ % 2 ? '\Seen' : 'word') . ") {"
                    . length($text) . "+}\r\n$text\r\n" } $n, $n + 1);

            for (1, 2) {
                my $reply = $imap->read() // '';
                $good++ if $reply =~ /^x\d+ OK \[APPENDUID/;
            }
        }

        POSIX::_exit($good == $each ? 0 : 1);
    }

    push @pids, $pid;
}

my $bad = 0;
for my $pid (@pids) {
    waitpid($pid, 0);
    $bad++ if $?;
}
is($bad, 0, 'all were answered with OK');

my $imap = $p->imap_login('alice');
$imap->timeout(30);
$imap->command('SELECT INBOX');

my $all = $imap->command('FETCH 1:* (FLAGS BODY.PEEK[])');
my (%seen, $wrong, $flags);

while ($all =~ /^\* \d+ FETCH \(FLAGS \((.*?)\) BODY\[\] \{(\d+)\}\r\n/mg) {
    my ($f, $text) = ($1, substr $all, pos $all, $2);
    my ($s, $n) = $text =~ /^Subject: (\d+)-(\d+)\r\n/ or next;

    $seen{"$s-$n"}++;
    $wrong++ if md5_hex($text) ne md5_hex(text($s, $n));
    $flags++ if ($f =~ /\\Seen/ ? 1 : 0) != $n % 2;
}

is(scalar keys %seen, $streams * $each, 'all are there');
is(scalar(grep { $_ != 1 } values %seen), 0, 'each once');
ok(!$wrong, 'byte for byte');
ok(!$flags, 'with their flags');
