#!/usr/bin/perl

# Literals: small and large, waiting and not, refused before they are read.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(14)->run();

my $imap = $p->imap_login('alice');
$imap->timeout(60);
$imap->command('SELECT INBOX');

my $line = join('', map { chr(33 + $_ % 90) } 0 .. 75) . "\r\n";

for my $size (10, 4096, 4097, 65536, 65537, 300_000, 5_000_000) {
    my $text = substr("Subject: big\r\n\r\n" . $line x ($size / 78 + 1), 0,
                      $size);
    my $plus = $size % 2 ? '+' : '';

    my $reply = $plus
        ? do {
            $imap->print("x APPEND INBOX {$size+}\r\n$text\r\n");
            $imap->response() . $imap->response() . $imap->response();
        }
        : $imap->command("APPEND INBOX {$size}", $text);

    like($reply, qr/OK \[APPENDUID/, "APPEND of $size octets");

    $reply = $imap->command('FETCH * BODY.PEEK[]');
    ok(index($reply, "BODY[] {$size}\r\n$text)") > 0, 'and back');

    last if $size > 4_000_000;
}
