#!/usr/bin/perl

# One client expunges; the other keeps its numbers while FETCH, STORE and
# SEARCH run, and hears of it with the next command (RFC 3501 7.4.1).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(9)->run();

$p->deliver('alice', "Subject: $_\r\n\r\nbody $_\r\n") for 1 .. 3;

my ($x, $y) = map { $p->imap_login('alice') } 1 .. 2;
like($_->command('SELECT INBOX'), qr/^\* 3 EXISTS/m, 'SELECT') for $x, $y;

$x->command('STORE 1 +FLAGS.SILENT (\Deleted)');
like($x->command('EXPUNGE'), qr/^\* 1 EXPUNGE\r\np/m, 'EXPUNGE');

is(scalar $y->command('FETCH 2:3 UID') =~ s/^p.*\n//mr,
   "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n", 'FETCH: old numbers');
unlike(scalar $y->command('STORE 3 +FLAGS (\Flagged)'), qr/EXPUNGE/,
       'STORE: nothing yet');
unlike(scalar $y->command('SEARCH ALL'), qr/ EXPUNGE\r/, 'nor SEARCH');
like(scalar $y->command('FETCH 1 BODY[]'), qr/^p\d+ NO \[EXPUNGEISSUED\]/m,
     'what is gone cannot be read');
like(scalar $y->command('NOOP'), qr/^\* 1 EXPUNGE\r\n.*^p\d+ OK/ms,
     'NOOP tells');
like(scalar $y->command('FETCH 1:* (UID FLAGS)'),
     qr/^\* 1 FETCH \(UID 2 FLAGS \(\)\)\r\n/m, 'new numbers');
