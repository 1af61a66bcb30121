#!/usr/bin/perl

# Commands that come in one piece are answered in order, whatever their
# class; octet by octet makes no difference.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(5)->run();

my $talk = "1 SELECT INBOX\r\n"
    . join('', map { "a$_ APPEND INBOX (\\Seen) {10+}\r\nx: y\r\n\r\nb\r\n" }
               1 .. 50)
    . "2 FETCH 1:50 (UID FLAGS)\r\n3 STORE 1:25 -FLAGS (\\Seen)\r\n"
    . "4 SEARCH UNSEEN\r\n5 UID FETCH 50 BODY[TEXT]\r\n6 NOOP\r\n";

my $imap = $p->imap_login('alice');
$imap->timeout(30);
$imap->print($talk);

my @got;
while (defined(my $line = $imap->response())) {
    push @got, $line;
    last if $line =~ /^6 /;
}

is(join(' ', map { /^(\w+) OK/ ? $1 : () } @got),
   join(' ', 1, (map { "a$_" } 1 .. 50), 2 .. 6), 'answers in order');
is(scalar(grep { /FETCH \(UID \d+ FLAGS \(\\Seen\)\)/ } @got), 50, 'FETCH');
is(scalar(grep { /FETCH \(FLAGS \(\)\)/ } @got), 25, 'STORE');
ok(grep({ $_ eq '* SEARCH ' . join(' ', 1 .. 25) . "\r\n" } @got), 'SEARCH');

$imap->print($_) for split //, "7 FETCH 1 UID\r\n";
like($imap->response() . $imap->response(), qr/UID 1\).*^7 OK/ms,
     'octet by octet');
