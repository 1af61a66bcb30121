#!/usr/bin/perl

# A client that leaves cancels its job; one that reads slowly never holds a
# store's thread; 150 MB go in and out with bounded memory.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA;
use Test::More;
use Time::HiRes qw/ time sleep /;
use Test::Postern::Pool;

my $p = pool(postern => 'executors 2;')->plan(17);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();


# Gone: both executors of store 0 run a job of a minute each.

my @gone = map { job_start('sleep', ms => 60000, slot => 0) } 1 .. 2;
sleep(0.3);
close $_ for @gone;

my $start = time();
my ($status) = job('noop', slot => 0, seconds => 10);
is($status, 200, 'the jobs of clients that left are cancelled');
cmp_ok(time() - $start, '<', 10, 'at once');

ok(wait_for { status_json()->{counters}{jobs_cancelled} >= 2 },
   'and counted');


# Slow: more readers than executors, each with more than a window to come.

my @slow = map { job_start('stream', bytes => 4_000_000, slot => 0) } 1 .. 6;
sleep(0.3);

$start = time();
($status) = job('noop', slot => 0, seconds => 10);
is($status, 200, 'a job beside six clients that do not read');
cmp_ok(time() - $start, '<', 10, 'does not wait for them');

my $good = grep {
    my ($status, $body) = job_end($_, 20);
    $status == 200 && length $body == 4_000_000
        && $body =~ /\Aabcdefghijklmnopqrstuvwxyzab/
} @slow;
is($good, 6, 'they get all of it in the end');

# Slow and never ending.

@slow = map { job_start('stream', bytes => 50_000_000, chunked => 1,
                        slot => 0) } 1 .. 3;
sleep(0.3);
$start = time();
($status) = job('noop', slot => 0, seconds => 10);
is($status, 200, 'beside large replies of unknown size');
cmp_ok(time() - $start, '<', 10, 'a job does not wait either');
close $_ for @slow;


# 150 MB out, as bytes and as a file.

my $size = 150 * 1024 * 1024;

sub peak {
    my ($before, @pids) = @_;
    my $most = 0;

    for my $pid (@pids) {
        my $grown = rss($pid) - ($before->{$pid} || 0);
        $most = $grown if $grown > $most;
    }

    return $most;
}

sub pids {
    return ($p->pids('worker'), $p->pids('store'));
}

sub drain {
    my ($s) = @_;
    my ($n, $head, $most, $buf) = (0, '', 0);
    my %before = map { $_ => rss($_) } pids();
    my $sha = Digest::SHA->new(1);
    my $next = 0;

    while (sysread $s, $buf, 1 << 20) {
        if ($head !~ /\r\n\r\n/) {
            $head .= $buf;
            next unless $head =~ s/(\r\n\r\n)(.*)\z/$1/s;
            $buf = $2;
        }
        $n += length $buf;
        $sha->add($buf);

        if ($n >= $next) {
            my $now = peak(\%before, pids());
            $most = $now if $now > $most;
            $next += 10_000_000;
        }
    }

    return ($n, $most, $sha->hexdigest());
}

for my $kind (qw/ stream file /) {
    my ($n, $most) = drain(job_start($kind, bytes => $size));
    is($n, $size, "150 MB out ($kind)");
    cmp_ok($most, '<', 24 * 1024, "$most KB of memory ($kind)");
}


# 150 MB in and out again.

{
    my $s = request_start("POST /debug?job=echo HTTP/1.0\r\n"
                          . "Host: localhost\r\nContent-Length: $size\r\n\r\n");
    my %before = map { $_ => rss($_) } pids();
    my $sha = Digest::SHA->new(1);
    my $most = 0;

    for my $i (1 .. 150) {
        my $piece = chr(64 + $i % 64) x (1 << 20);
        $sha->add($piece);
        my $off = 0;
        while ($off < length $piece) {
            my $n = syswrite $s, $piece, length($piece) - $off, $off;
            last unless $n;
            $off += $n;
        }
        if ($i % 10 == 0) {
            my $now = peak(\%before, pids());
            $most = $now if $now > $most;
        }
    }

    my ($n, $more, $digest) = drain($s);
    is($n, $size, '150 MB in and out again');
    is($digest, $sha->hexdigest(), 'the same bytes');
    $most = $more if $more > $most;
    cmp_ok($most, '<', 24 * 1024, "$most KB of memory");
}


# Small bodies travel inline, some in memory are too large for that.

my $ok = grep {
    my $body = join '', map { chr 33 + $_ % 90 } 1 .. $_;
    my ($status, $back) = job('echo', body => $body);
    $status == 200 && $back eq $body;
} 1, 100, 1999, 2048, 2049, 8191, 8192, 8193, 16000, 17000, 130_000, 131_072,
  140_000, 1_000_000;
is($ok, 14, 'bodies of all sizes come back');

($status) = job('error', rc => 5);
is($status, 429, "a job's error becomes its HTTP status");
