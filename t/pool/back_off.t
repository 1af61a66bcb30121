#!/usr/bin/perl

# A store that cannot start tries again after 1, 2, 4 .. seconds, and serves
# as soon as it can.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes qw/ time /;
use Test::Postern::Pool;

my $p = pool()->plan(3);
$p->allow_alerts(qr/cannot start|ring unowned/);

mkdir $p->root() or die "mkdir: $!";
my $path = $p->root() . '/mailbox';
open my $f, '>', $path or die "$path: $!";
close $f;
chmod 0600, $path;

sub failures {
    my @lines = $p->nginx()->read_file('error.log')
        =~ /(store 0[^\n]* cannot start)/g;
    return scalar @lines;
}

my $start = time();
$p->run();
ok((wait_for { failures() >= 3 } 30), 'a directory that cannot be used');
cmp_ok(time() - $start, '>', 2.9, 'the pause between tries grows');

unlink $path;
ok(wait_stores(2, 30), 'and once it can be used, the store serves');
