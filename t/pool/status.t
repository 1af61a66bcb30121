#!/usr/bin/perl

# postern_status: counters as Prometheus text and as JSON.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::Pool;

my $p = pool(http => 'location /json { postern_status json; }')->plan(9);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();

my $before = status_json();
job('noop', slot => $_) for 1 .. 10;
job('error', slot => 0);

ok(wait_for { status_json()->{counters}{jobs}
              >= $before->{counters}{jobs} + 11 }, 'jobs are counted');

my $now = status_json();
is(scalar @{ $now->{stores} }, 2, 'two stores');
ok((wait_for { status_json()->{workers} == 2 }), 'two workers');
cmp_ok($now->{counters}{jobs_failed}, '>=', 1, 'failures are counted');

my $text = http_get('/status');
like($text, qr/^Content-Type: text\/plain; version=0\.0\.4\r$/m, 'type');
like($text, qr/^postern_store_up\{store="1"\} 1$/m, 'a store is up');
like($text, qr/^# TYPE postern_jobs_total counter\npostern_jobs_total \d+$/m,
     'a counter with its type');

# each line well formed
my ($body) = $text =~ /\r\n\r\n(.*)/s;
my @wrong = grep { !/^# (?:HELP|TYPE) \w+ .|^\w+(?:\{\w+="\w+"\})? -?[\d.]+$/ }
    split /\n/, $body;
is(join('; ', @wrong), '', 'well formed');

like(http_get('/json'), qr/^Content-Type: application\/json/m, 'json');
