#!/usr/bin/perl
#
# ./build.sh bench ical: recurrence beside libical's iterator (t/bench/ical.c).

use strict;
use warnings;

my ($objs, @args) = @ARGV;
exec "$objs/bench/ical", @args or die "$objs/bench/ical: $!";
