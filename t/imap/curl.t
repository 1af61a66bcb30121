#!/usr/bin/perl

# curl lists, reads, searches, stores and uploads.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

die "no curl with IMAP: this test needs it\n"
    unless `curl --version 2>/dev/null` =~ /^Protocols:.*\bimaps\b/m;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(6)->run();

my $text = "Subject: by curl\r\n\r\nhello\r\n";
my $file = $p->testdir() . '/message';
open my $f, '>:raw', $file or die $!;
print $f $text;
close $f;

sub curl {
    my (@args) = @_;

    open my $pipe, '-|', 'curl', '-s', '-k', '-u',
        'alice@example.test:secret', @args or die $!;
    binmode $pipe;
    local $/;
    my $out = <$pipe>;
    close $pipe;
    return ($? >> 8, $out);
}

my $imaps = 'imaps://127.0.0.1:' . port(8993);
my $imap = 'imap://127.0.0.1:' . port(8143);

is((curl('-T', $file, "$imaps/INBOX"))[0], 0, 'upload');
like((curl("$imaps/"))[1], qr/^\* LIST .* INBOX\r$/m, 'list');
is((curl("$imaps/INBOX;UID=1"))[1], $text, 'read');
is((curl('--ssl-reqd', "$imap/INBOX;UID=1/;SECTION=TEXT"))[1], "hello\r\n",
   'read a section, with STARTTLS');
like((curl("$imaps/INBOX?SUBJECT%20curl"))[1], qr/^\* SEARCH 1\r$/m, 'search');
isnt((curl("$imap/INBOX"))[0], 0, 'no password in clear text');
