#!/usr/bin/perl

# What a client (or somebody between) sends behind STARTTLS in the clear is
# never used (RFC 3501 6.2.1).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;

my $p = Test::Postern->new(users => [qw/ alice /]);
$p->plan(6)->run();

my $imap = $p->imap();
$imap->response();
$imap->print("a STARTTLS\r\nb NOOP\r\nc LOGIN alice\@example.test wrong\r\n");
like($imap->response(), qr/^a OK/, 'STARTTLS');

$imap->starttls();
$imap->send('d CAPABILITY');

my $caps = $imap->response();
like($caps, qr/^\* CAPABILITY .*AUTH=PLAIN/, 'the next answer is to d');
unlike($caps, qr/STARTTLS/, 'STARTTLS is no longer offered');
like($imap->response(), qr/^d OK/, 'nothing of the clear text was run');

like($imap->command('STARTTLS'), qr/^p\d+ BAD/m, 'not twice');
like($imap->command('LOGIN alice@example.test secret'), qr/^p\d+ OK/m,
     'LOGIN');
