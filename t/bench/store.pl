#!/usr/bin/perl
#
# ./build.sh bench store [--full] [ROW ...]: the mailbox engine, as ratios to
# the reference rates of the machine (t/bench/ref.c), all in one run.
#
#   store.pl OBJS [--seconds N] [--dir DIR] [--full] [ROW ...]
#
# Rows: deliver index disk fanout memory reads tables search ics; all by default, in
# two minutes (N, seconds for a figure, 1).  DIR, on the disk to measure, is the
# objects' directory by default.  --full: tables and folders of 1,000,000,
# search in 100,000, which take a quarter of an hour.  Bars are of the sizes
# that their rows name; smaller ones are shown without.  tables, search and ics
# are measured in CPU time against S, one primary-key SELECT, measured by CPU
# time right before.  Prints TSV: row, value, unit, bar, PASS or FAIL, what it
# was measured against.

use strict;
use warnings;

use File::Spec;
use Getopt::Long;

my ($seconds, $dir, $full) = (1, undef, 0);
GetOptions('seconds=f' => \$seconds, 'dir=s' => \$dir, 'full' => \$full)
    or exit 2;

my ($objs, @rows) = @ARGV;
$objs = File::Spec->rel2abs($objs);
$dir = File::Spec->rel2abs($dir // $objs);
my $top = File::Spec->rel2abs($ENV{POSTERN_TOP} // '.');
my $mail = ($ENV{POSTERN_REF} // "$top/../shared/ref") . '/mail';

# Programs that tell microseconds: sizes, and which of their lines have a bar
# at which size.
my %programs = (
    search => {
        size => 10_000, full => 100_000, bar_at => 100_000,
        bars => [ [ qr/^50 by word/ => 4000 ], [ qr/^50 by phrase/ => 4000 ],
                  [ qr/^50 by prefix/ => 4000 ],
                  [ qr/^50 by substring of two/ => 4000 ],
                  [ qr/^50 by substring \(/ => 4000 ] ],
    },
    ics => {
        size => 100_000, full => 1_000_000, bar_at => 1_000_000,
        bars => [ [ qr/^1000 changes, one run/ => 2000 ] ],
    },
);

@rows = qw/ deliver index disk fanout memory reads tables search ics / if !@rows;

$| = 1;
print "# references of this run\n";
chdir $dir or die "$dir: $!\n";
system("$objs/bench/ref", 'all', $seconds) == 0 or die "no references\n";
print "# row\tvalue\tunit\tbar\t\tagainst\n";

my $failed = 0;

for my $row (@rows) {
    if ($row eq 'tables') {
        run("$objs/bench/table", 'bench', $_)
            for 100_000, $full ? 1_000_000 : ();

    } elsif ($programs{$row}) {
        ratios($row, $programs{$row});

    } else {
        run("$objs/bench/store", $row, "$dir/store-bench.$$", $mail,
            $seconds);
    }
}

print "# $failed below the bar\n";
exit($failed != 0);


# Rows that are as they should be.

sub run {
    open my $out, '-|', @_ or die "$_[0]: $!\n";

    while (my $line = <$out>) {
        print $line;
        $failed++ if $line =~ /\tFAIL\t/;
    }

    close $out or die "@_ failed\n";
}


# Microseconds into multiples of S.

sub ratios {
    my ($name, $program) = @_;
    my $size = $full ? $program->{full} : $program->{size};
    my ($s) = `$objs/bench/table select 1` =~ /^S\t([\d.]+)/
        or die "no S\n";

    open my $out, '-|', "$objs/bench/$name", $size or die "$name: $!\n";

    while (my $line = <$out>) {
        if ($line =~ /\t(?:PASS|FAIL|)\t/) {
            print $line;                # a row that is as it should be
            $failed++ if $line =~ /\tFAIL\t/;
            next;
        }

        my ($what, $us) = $line =~ /^([^\t]+)\t([\d.]+)$/ or next;
        my ($bar) = map { $_->[1] }
                    grep { $what =~ $_->[0] && $size >= $program->{bar_at} }
                    @{ $program->{bars} };
        my $value = $us / $s;
        my $good = !defined $bar ? '' : $value <= $bar ? 'PASS' : 'FAIL';

        $failed++ if $good eq 'FAIL';
        printf "%s of %d: %s\t%.0f\tS\t%s\t%s\tS = %.2f us\n", $name, $size,
            $what, $value, $bar // '', $good, $s;
    }

    close $out or die "$name failed\n";
}
