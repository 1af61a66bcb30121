# Runs test programs as prove does, two at a time, and ends with the line
# "N passed, N failed" (checks; a program that died or broke its plan counts
# as one failed check more).
#
#     perl t/lib/run.pl FILE...
#
# A file with the line "# Run alone." measures time or load: it runs when all
# others are done.  No program runs longer than POSTERN_TEST_SECONDS (300).

use strict;
use warnings;

use FindBin;
use TAP::Harness;

my $seconds = $ENV{POSTERN_TEST_SECONDS} || 300;
my (%pass, @alone, @shared);

for my $file (@ARGV) {
    open my $f, '<', $file or die "$file: $!\n";
    my $head = '';
    read $f, $head, 4096 if $file =~ /\.(?:t|py)$/;

    if ($head =~ /^# Run alone\.$/m) {
        push @alone, $file;
    } else {
        push @shared, $file;
    }
}

# The interpreter of a file: Perl for .t, unless its first line says another.
sub command {
    my ($harness, $file) = @_;
    my @limit = ('timeout', '--kill-after=10', $seconds);

    return [ @limit, $file ] unless $file =~ /\.t$/;

    open my $f, '<', $file or die "$file: $!\n";
    my $first = <$f>;
    return [ @limit, $1, $file ]
        if defined $first && $first =~ m{^#!.*\b(python3|bash|sh)\b};
    return [ @limit, $^X, "-I$FindBin::Bin", $file ];
}

my ($passed, $failed) = (0, 0);
my (@skipped, @bad);

for my $set ([ 2, @shared ], [ 1, @alone ]) {
    my ($jobs, @files) = @$set;
    next unless @files;

    my $harness = TAP::Harness->new({
        jobs => $jobs, exec => \&command, merge => 0,
        verbosity => $ENV{HARNESS_VERBOSE} ? 1 : 0, color => 0,
    });

    my $total = $harness->runtests(@files);

    for my $parser ($total->parsers($total->descriptions)) {
        $passed += $parser->passed;
        $failed += $parser->failed;
        $failed++ if $parser->has_problems && !$parser->failed;
    }

    for my $file ($total->descriptions) {
        my ($parser) = $total->parsers($file);
        push @skipped, "$file: " . $parser->skip_all if $parser->skip_all;
        push @bad, $file if $parser->has_problems;
    }
}

if ($ENV{POSTERN_BUILD_FAILED}) {
    push @bad, 'the build';
    $failed++;
}

print "skipped: $_\n" for @skipped;
print "failed: $_\n" for @bad;
print "$passed passed, $failed failed\n";

exit($failed || !$passed ? 1 : 0);
