#!/usr/bin/perl

# docs/mapi.md says of each ROP whether it is built, as the table does.

use strict;
use warnings;

use FindBin;
use Test::More tests => 3;

my $top = "$FindBin::Bin/../..";

sub slurp {
    open my $f, '<', "$top/$_[0]" or die "$_[0]: $!";
    local $/;
    return <$f>;
}

my $list = slurp('ngx_modules/mapi/ptn_rop_list.h');
my ($built, $refused) = slurp('docs/mapi.md')
    =~ /^Built, \d+:\n(.*?)^Refused .*?:\n(.*?)^Other ids/ms;

sub rows { return join ' ', sort $list =~ /^\s+$_[0] ?\(0x\w\w, (\w+),/mg; }
sub told { return join ' ', sort $_[0] =~ /(\w+)\s+`\w\w`/g; }

is(told($built), rows('ROP'), 'built');
is(told($refused), rows('NO'), 'refused');
is($list =~ tr/(/(/ > 100, 1, 'and there are many');
