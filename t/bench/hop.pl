#!/usr/bin/perl
#
# ./build.sh bench hop: what the pool costs, against the same nginx without it.
#
#   hop.pl OBJS [ROUNDS [SECONDS]]
#
# H  no-op jobs a second through the pool (64 connections, 200-byte replies)
#    over `return 200` with 200 bytes
# W  MB a second through the streaming window (replies of the window's size,
#    512 KiB) over the same bytes from a file
#
# Alternating rounds of wrk in one nginx with two worker and two store
# processes; medians.  Prints TSV: row, unit, ours, reference, ratio, bar, and
# the CPU microseconds of all processes of nginx for one reply, which a busy
# machine disturbs less.

use strict;
use warnings;

use POSIX ();
use Test::Nginx;
use Test::Postern::Pool;

my ($objs, $rounds, $seconds) = @ARGV;
$rounds ||= 5;
$seconds ||= 3;

my $size = 512 * 1024;
my $access = 'access_log off; keepalive_requests 100000000;';

my $p = pool(postern => "workers 2;\nexecutors 4;", http => "
    $access
    location /return { return 200 '" . ('.' x 199) . "\n'; }
    location /files/ { alias %%TESTDIR%%/; sendfile on; tcp_nopush on; }
");

open my $f, '>', $p->testdir() . '/window' or die "window: $!";
print $f substr 'abcdefghijklmnopqrstuvwxyz' x ($size / 26 + 1), 0, $size;
close $f;

$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();

my $base = 'http://127.0.0.1:' . port(8080);

my @rows = (
    [ 'H', 'jobs/s', 0.55, 64, '/debug?job=noop', '/return' ],
    [ 'W', 'MB/s',   0.50, 16, "/debug?job=stream&bytes=$size",
      '/files/window' ],
);

print "# row\tunit\tpostern\tnginx\tratio\tbar\tcpu_us\tcpu_us_nginx\n";

my $low = 0;

for my $row (@rows) {
    my ($name, $unit, $bar, $connections, @urls) = @$row;
    my @got = ([], []);
    my @cpu = ([], []);

    for (1 .. $rounds) {
        for my $i (0, 1) {
            my ($figure, $us) = wrk($unit, $connections, $urls[$i]);
            push @{ $got[$i] }, $figure;
            push @{ $cpu[$i] }, $us;
        }
    }

    my ($ours, $theirs) = map { percentile($_, 50) } @got;
    my $ratio = $theirs ? $ours / $theirs : 0;

    printf "%s\t%s\t%.0f\t%.0f\t%.2f\t%.2f\t%.1f\t%.1f\n", $name, $unit,
        $ours, $theirs, $ratio, $bar, map { percentile($_, 50) } @cpu;
    $low = 1 if $ratio < $bar;
}

$p->stop();
exit $low;


# CPU seconds of the server's processes so far.
sub cpu {
    my $ticks = 0;

    for my $pid (map { $p->pids($_) } qw/ master worker store clerk /) {
        open my $f, '<', "/proc/$pid/stat" or next;
        my $line = <$f>;
        my @field = split ' ', $line =~ s/^.*\) //r;
        $ticks += $field[11] + $field[12];
    }

    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}


# The figure, and CPU microseconds of a reply.
sub wrk {
    my ($unit, $connections, $url) = @_;
    my $before = cpu();
    my $out = qx{wrk -t 2 -c $connections -d ${seconds}s '$base$url' 2>&1};
    my $used = cpu() - $before;

    die "wrk: $out" if $? || $out =~ /Non-2xx|Socket errors/;

    my ($replies) = $out =~ /(\d+) requests in/;
    my $us = $replies ? $used * 1e6 / $replies : 0;

    return ($1, $us)
        if $unit eq 'jobs/s' && $out =~ m{Requests/sec:\s+([\d.]+)};

    my %factor = (KB => 1 / 1024, MB => 1, GB => 1024);
    return ($1 * $factor{$2}, $us)
        if $out =~ m{Transfer/sec:\s+([\d.]+)([KMG]B)};

    die "wrk: $out";
}
