#!/usr/bin/perl
#
# ./build.sh bench histories: t/exchange/histories.t with one seed after the
# other, longer than the tests play it.
#
#   histories.pl OBJS [--seconds N] [--operations N] [--seed N]
#
# N seconds (600), of so many operations each (1,000), from seed N on (the time
# of day).  Prints TSV: seed, operations, seconds, ok or FAIL; the output of a
# failed one stays in OBJS/histories.SEED.

use strict;
use warnings;

use Getopt::Long;

my ($seconds, $operations, $seed) = (600, 1000, time % 1_000_000);
GetOptions('seconds=i' => \$seconds, 'operations=i' => \$operations,
           'seed=i' => \$seed) or exit 2;

my ($objs) = @ARGV;
my $until = time + $seconds;
my $failed = 0;

$| = 1;
print "# seed\toperations\tseconds\n";

for (; time < $until; $seed++) {
    my $out = "$objs/histories.$seed";
    my $began = time;
    local @ENV{qw/ TEST_SEED POSTERN_LONG /} = ($seed, $operations);
    my $ok = system("prove -v -It/lib t/exchange/histories.t >$out 2>&1") == 0;

    printf "%d\t%d\t%d\t%s\n", $seed, $operations, time - $began,
        $ok ? 'ok' : 'FAIL';
    $ok ? unlink $out : $failed++;
}

exit($failed != 0);
