#!/usr/bin/perl
#
# ./build.sh bench mime: the parser beside GMime (Debian package), in turn, and
# what the way to properties takes of it.
#
#   mime.pl OBJS [SECONDS]
#
# TSV: row, value, unit, bar, PASS or FAIL, what it was measured against.

use strict;
use warnings;

my ($objs, $seconds) = @ARGV;
die "usage: mime.pl OBJS [SECONDS]\n" if !defined $objs;
$seconds ||= 1;

my $mail = '../shared/ref/mail';
die "$mail is not there\n" if !-d $mail;

my $peer = "$objs/bench/gmime";
system("gcc -D_GNU_SOURCE -O2 -o $peer t/bench/peer/gmime.c"
       . ' $(pkg-config --cflags --libs gmime-3.0)') == 0
    or die "the peer was not built\n";

my (@ratio, @props, @gmime, $failed);
$failed = 0;

for (1 .. 5) {
    my $gmime = rate($peer, $mail);
    my $ours = rate("$objs/bench/mime", 'parse', $mail);

    push @gmime, $gmime;
    push @ratio, $ours / $gmime;
    push @props, $ours / rate("$objs/bench/mime", 'properties', $mail);
}

row('parse of the corpus', median(@ratio), 'x GMime', 3, 1,
    sprintf('GMime %.0f MB/s', median(@gmime)));
row('properties of the corpus', median(@props), 'x parse', '', 0, '');

my @made;

for (1 .. 5) {
    my ($bare, $both) = split /\t/, rate("$objs/bench/mime", 'made');

    push @made, [ $both / $bare, $bare ];
}

@made = sort { $a->[0] <=> $b->[0] } @made;
row('properties of a message of 8 KB', $made[2][0], 'x parse', 4, 0,
    sprintf('parse %.1f us', $made[2][1]));

exit($failed != 0);


sub rate {
    my @command = (@_, $seconds);

    open my $out, '-|', @command or die "@command: $!\n";
    my $line = <$out>;
    close $out or die "@command failed\n";
    chomp $line;

    return $line;
}


sub median {
    return (sort { $a <=> $b } @_)[$#_ / 2];
}


sub row {
    my ($name, $value, $unit, $bar, $least, $against) = @_;
    my $how = '';

    if ($bar ne '') {
        $how = ($least ? $value >= $bar : $value <= $bar) ? 'PASS' : 'FAIL';
        $failed++ if $how eq 'FAIL';
        $bar = ($least ? '>= ' : '<= ') . $bar;
    }

    printf "%s\t%.2f\t%s\t%s\t%s\t%s\n", $name, $value, $unit, $bar, $how,
           $against;
}
