# A harness that never fails proves nothing: each program below is wrong in
# one way, and has to be seen to fail.

use strict;
use warnings;

use File::Temp qw/ tempdir /;
use FindBin;
use Test::More;

my $lib = "$FindBin::Bin/../lib";
my $dir = tempdir(CLEANUP => 1);

my $head = <<'EOF';
use strict; use warnings;
use Test::More;
use Test::Nginx;
my $t = Test::Nginx->new();
$t->write_file_expand('nginx.conf', <<'EOC');
%%TEST_GLOBALS%%
daemon off;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    server { listen 127.0.0.1:8080; location / { return 200 "here"; } }
}
EOC
sub log_line {
    open my $f, '>>', $t->testdir() . '/error.log' or die;
    print $f "2026/01/01 00:00:00 $_[0]\n";
    close $f;
}
EOF

# name, body, exit status good, what is printed
my @cases = (
    [ 'a good test passes', <<'EOF', 1, qr/^ok 3/m ],
$t->plan(1)->run();
like(http_get('/'), qr/here/, 'answer');
EOF

    [ 'an undeclared alert', <<'EOF', 0, qr/^not ok 2 - no alerts/m ],
$t->plan(1)->run();
pass('one');
log_line('[alert] 1#1: something');
EOF

    [ 'an undeclared crit', <<'EOF', 0, qr/^not ok 2 - no alerts/m ],
$t->plan(1)->run();
pass('one');
log_line('[crit] 1#1: something');
EOF

    [ 'a declared alert passes', <<'EOF', 1, qr/^not ok 2 .*TODO/m ],
$t->todo_alerts()->plan(1)->run();
pass('one');
log_line('[alert] 1#1: something');
EOF

    [ 'an alert without a plan', <<'EOF', 0, qr/something/ ],
$t->run();
pass('one');
log_line('[emerg] 1#1: something');
done_testing();
EOF

    [ 'a sanitizer report', <<'EOF', 0, qr/^not ok 3/m ],
$t->plan(1)->run();
pass('one');
log_line('==1==ERROR: AddressSanitizer: heap-use-after-free');
EOF

    [ 'a process left over', <<'EOF', 0, qr/process \d+ sleep/ ],
$t->plan(1)->run();
pass('one');
system('setsid sleep 300 >/dev/null 2>&1 &');
EOF

    [ 'a process left over by a test without a plan', <<'EOF', 0, qr/sleep/ ],
$t->run();
pass('one');
system('setsid sleep 300 >/dev/null 2>&1 &');
done_testing();
EOF

    [ 'shared memory left over', <<'EOF', 0, qr{shared memory /dev/shm/ptn} ],
$t->plan(1)->run();
pass('one');
open my $f, '>', "/dev/shm/ptn-must-fail.$$" or die;
EOF

    [ 'a failing check', <<'EOF', 0, qr/^not ok 1/m ],
$t->plan(1)->run();
like(http_get('/'), qr/elsewhere/, 'answer');
EOF

    [ 'nginx does not start', <<'EOF', 0, qr/Can't start nginx/ ],
$t->write_file('nginx.conf', 'nonsense;');
$t->plan(1)->run();
EOF

    [ 'a data block with an undeclared alert', undef, 0, qr{/dev/full} ],
);

# A log that cannot be written is an [alert].
my $blocks = <<'EOF';
use Test::Nginx::Socket 'no_plan';
run_tests();
__DATA__
=== TEST 1
--- config
    location /full { access_log /dev/full; return 200 "here"; }
--- request
GET /full
--- response_body chomp
here
EOF

for my $case (@cases) {
    my ($name, $body, $good, $printed) = @$case;

    open my $f, '>', "$dir/case.t" or die;
    print $f defined $body ? $head . $body : $blocks;
    close $f;

    my $out = `$^X -I$lib $dir/case.t 2>&1`;
    my $status = $?;

    is($status == 0 ? 1 : 0, $good, "$name: exit status")
        or diag($out);
    like($out, $printed, "$name: says so");

    unlink glob '/dev/shm/ptn-must-fail.*';
}

done_testing();
