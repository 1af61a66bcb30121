#!/usr/bin/perl

# Wrong passwords: refused, then "try later", then the connection ends; each
# attempt leaves a line in the log.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(5)->run();

my ($refused, $later, $bye) = (0, 0, 0);

for my $connection (1 .. 8) {
    my $imap = $p->imap(SSL => 1);
    $imap->response();

    for my $try (1 .. 5) {
        my $reply = $imap->command('LOGIN alice@example.test wrong');
        $refused++ if $reply =~ /^p\d+ NO \[AUTHENTICATIONFAILED\]/m;
        $later++ if $reply =~ /^p\d+ NO \[UNAVAILABLE\]/m;
    }

    $bye++ if ($imap->response() || '* BYE') =~ /^\* BYE/;
}

cmp_ok($refused, '>=', 3, "refused: $refused");
cmp_ok($later, '>=', 3, "try later: $later");
is($bye, 8, 'BYE after five');

my $log = $p->nginx()->read_file('postern.log');
like($log, qr/sign-in status=failed service=imap addr=127\.0\.0\.1 /,
     'the log says so');
unlike($log, qr/wrong/, 'and no password');
