#!/usr/bin/perl
#
# ./build.sh bench rtf: conversions of bodies against what they are measured by,
# in turn, in one run (t/bench/rtf.c).
#
#   rtf.pl OBJS [FILE]
#
# FILE: HTML, instead of a made body.  Prints TSV: what, bytes, MB/s, MB/s of
# the peer, ratio of the rates (compressed RTF) or times (HTML to text).

use strict;
use warnings;

my ($objs, @file) = @ARGV;

exit(system("$objs/bench/rtf", @file) != 0);
