#!/usr/bin/perl

# A line at the end of each session, with its octets.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(4)->run();

my $imap = $p->imap_login('alice');
$imap->command('SELECT INBOX');
like(scalar $imap->command('LOGOUT'), qr/^\* BYE/m, 'LOGOUT');
undef $imap;

my $log = '';
ok(wait_for {
    $log = $p->nginx()->read_file('postern.log');
    $log =~ /session-end service=imap/;
}, 'a line');
like($log, qr/session-end service=imap addr=127\.0\.0\.1 in=\d+ out=\d{3,} user=alice\@example\.test$/m,
     'with user and octets');

# a client that signs in and leaves, whichever store it came to first

for (1 .. 8) {
    my $idle = $p->imap_login('alice');
}

ok(wait_for {
    $log = $p->nginx()->read_file('postern.log');
    (() = $log =~ /session-end service=imap/g) == 9;
}, 'a line for each that did nothing');
