#!/usr/bin/perl
#
# ./build.sh bench kill [--seconds N] [--seed N]: processes under mixed load on
# the same mailboxes, killed again and again (t/unit/kill_load.h).  After each
# round every acknowledged change must be there once, what was under way whole
# or not at all, and the check finds nothing.  Prints the seed, rounds, kills
# and operations; exits with 1, and keeps the mailboxes, when something is
# wrong.

use strict;
use warnings;

use Getopt::Long;

my ($seconds, $seed) = (60, time);
GetOptions('seconds=i' => \$seconds, 'seed=i' => \$seed) or exit 2;

my ($objs) = @ARGV;

exit(system("$objs/bench/kill", $seed, $seconds) != 0);
