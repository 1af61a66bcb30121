#!/usr/bin/perl
#
# ./build.sh bench store [ROW ...]: the mailbox engine, as ratios to the
# reference rates of the machine (t/bench/ref.c), all in one run.
#
#   store.pl OBJS [--seconds N] [--dir DIR] [ROW ...]
#
# Rows: deliver disk fanout memory reads; all by default, in less than a
# minute (N, seconds for a figure, 1).  DIR, on the disk to measure, is the
# objects' directory by default.  Prints TSV: row, value, unit, bar, PASS or
# FAIL, what it was measured against.

use strict;
use warnings;

use File::Spec;
use Getopt::Long;

my ($seconds, $dir) = (1, undef);
GetOptions('seconds=f' => \$seconds, 'dir=s' => \$dir) or exit 2;

my ($objs, @rows) = @ARGV;
$objs = File::Spec->rel2abs($objs);
$dir = File::Spec->rel2abs($dir // $objs);
my $top = File::Spec->rel2abs($ENV{POSTERN_TOP} // '.');
my $mail = ($ENV{POSTERN_REF} // "$top/../shared/ref") . '/mail';

@rows = qw/ deliver disk fanout memory reads / if !@rows;

$| = 1;
print "# references of this run\n";
chdir $dir or die "$dir: $!\n";
system("$objs/bench/ref", 'all', $seconds) == 0 or die "no references\n";
print "# row\tvalue\tunit\tbar\t\tagainst\n";

my $failed = 0;

for my $row (@rows) {
    open my $out, '-|', "$objs/bench/store", $row, "$dir/store-bench.$$",
        $mail, $seconds or die "store: $!\n";

    while (<$out>) {
        print;
        $failed++ if /\tFAIL\t/;
    }

    close $out or die "store $row failed\n";
}

print "# $failed below the bar\n";
exit($failed != 0);
