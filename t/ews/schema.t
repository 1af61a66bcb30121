#!/usr/bin/perl

# The grammar of requests is what t/ews/schema.py makes of the schemas.

use strict;
use warnings;

use FindBin;
use Test::More tests => 2;

my $ref = $ENV{POSTERN_REF} || "$FindBin::Bin/../../../shared/ref";
my $made = `/usr/bin/python3 $FindBin::Bin/schema.py $ref/ews`;

is($?, 0, 'it runs');
open my $f, '<', "$FindBin::Bin/../../ngx_modules/ews/ptn_ews_grammar.inc"
    or die;
local $/;
ok($made eq <$f>, 'the rows are those');
