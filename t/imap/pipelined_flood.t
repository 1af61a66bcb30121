#!/usr/bin/perl

# More than the worker's buffer holds, behind a command that others must wait
# for: the rest waits in the socket, nothing is lost.

use strict;
use warnings;

use FindBin;
use POSIX qw/ _exit /;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /],
                           postern => 'clear_text_auth on;');
$p->plan(3)->run();

my $n = 20000;
my $noops = join '', map { "n$_ NOOP\r\n" } 1 .. $n;

my $imap = $p->imap();
$imap->timeout(60);
feed($imap, "1 CAPABILITY\r\n2 LOGIN alice\@example.test secret\r\n$noops"
             . "3 NOOP\r\n");
is(last_of($imap, 3), "1 2 n1..n$n 3", 'behind LOGIN');

$imap = $p->imap();
$imap->timeout(60);
$imap->login('alice@example.test', 'secret');
feed($imap, "1 SUBSCRIBE INBOX\r\n2 IDLE\r\nDONE\r\n${noops}3 NOOP\r\n");
is(last_of($imap, 3), "1 2 n1..n$n 3", 'behind IDLE');

# a literal as large, behind a barrier

$imap = $p->imap();
$imap->timeout(60);
my $body = "x: y\r\n\r\n" . "line\r\n" x 200_000;
feed($imap, "1 CAPABILITY\r\n2 LOGIN alice\@example.test secret\r\n"
             . '3 APPEND INBOX {' . length($body) . "+}\r\n$body\r\n");
is(last_of($imap, 3), '1 2 3', 'a literal behind LOGIN');


# A process of its own writes, as replies must be read meanwhile.
sub feed {
    my ($imap, $bytes) = @_;
    my $pid = fork();

    die "fork: $!" unless defined $pid;
    return if $pid;

    $imap->print($bytes);
    _exit(0);
}


# The tags that were answered with OK, runs of n<number> as one word.
sub last_of {
    my ($imap, $tag) = @_;
    my (@tags, $last);

    while (defined(my $line = $imap->response())) {
        my ($noop, $number) = $line =~ /^(n?)(\d+) OK/ or next;

        if ($noop && $last && $number == $last + 1) {
            $tags[-1] =~ s/(\.\..*)?$/..n$number/;
        } else {
            push @tags, "$noop$number";
        }
        $last = $noop ? $number : undef;
        last if !$noop && $number == $tag;
    }

    return join ' ', @tags;
}
