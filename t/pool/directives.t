#!/usr/bin/perl

# The postern {} block: every directive takes its good values, and each bad
# one is refused with a clear [emerg].

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Nginx;

my $t = Test::Nginx->new();
my $user = $> == 0 ? 'user daemon;' : '';

$t->write_file('password', "secret of the relay\n");
$t->write_file('empty', "\n");

my @good = (
    'hostname mail.example.test;',
    'workers auto;', 'workers 1;', 'workers 64;',
    'executors 2;', 'executors 16;',
    'directory %%TESTDIR%%/directory.sqlite;',
    'log %%TESTDIR%%/p.log;', 'log %%TESTDIR%%/p.log debug;',
    'relay mx.example.test;', 'relay 192.0.2.1:2525;', 'relay [2001:db8::1]:25;',
    'relay mx.example.test:587 tls=verify;',
    'relay mx.example.test user=me password_file=%%TESTDIR%%/password;',
    'queue_retry 1m 1h;', 'queue_retry 30 30;',
    'queue_lifetime 5d;', 'message_max 150m;', 'rcpt_max 10;',
    'sessions_max 5;', 'job_memory 64m;', 'idle_timeout 30m;',
    'clear_text_auth on;', 'auth_trusted 10.0.0.0/8;',
    'auth_trusted 192.0.2.7 172.16.0.0/12 2001:db8::/32 fe80::1;',
    'auth_trusted ' . join(' ', map { "10.0.$_.0/24" } 1 .. 62) . ';',
    'fsync on;', 'debug_jobs off;',
);

my @bad = (
    [ 'workers 0;',             qr/invalid value "0" of "workers"/ ],
    [ 'workers 65;',            qr/number from 1 to 64/ ],
    [ 'workers many;',          qr/invalid value "many" of "workers"/ ],
    [ 'executors 1;',           qr/must be between 2 and 16/ ],
    [ 'executors 17;',          qr/must be between 2 and 16/ ],
    [ 'log x chatty;',          qr/"error", "warn", "info" or "debug"/ ],
    [ 'relay unix:/tmp/x;',     qr/HOST or HOST:PORT/ ],
    [ 'relay mx:0;',            qr/HOST or HOST:PORT/ ],
    [ 'relay mx tls=maybe;',    qr/tls=never\|may\|required\|verify/ ],
    [ 'relay mx user=me;',      qr/need each other/ ],
    [ 'relay mx user=me password_file=%%TESTDIR%%/none;',
                                qr/none" failed \(2: No such file/ ],
    [ 'relay mx user=me password_file=%%TESTDIR%%/empty;',
                                qr/no password in the first line/ ],
    [ 'queue_retry 1h 1m;',     qr/the second not below the first/ ],
    [ 'queue_retry 0 1m;',      qr/invalid value "0" of "queue_retry"/ ],
    [ 'queue_retry 1m;',        qr/invalid number of arguments/ ],
    [ 'queue_lifetime 0;',      qr/must be between/ ],
    [ 'message_max 1;',         qr/must be between 1024/ ],
    [ 'message_max lots;',      qr/invalid value "lots"/ ],
    [ 'rcpt_max 0;',            qr/must be between 1/ ],
    [ 'sessions_max -1;',       qr/invalid value "-1"/ ],
    [ 'job_memory 1k;',         qr/must be between 1048576/ ],
    [ 'idle_timeout 0;',        qr/must be between/ ],
    [ 'clear_text_auth maybe;', qr/"on" or "off" is expected/ ],
    [ 'auth_trusted;',          qr/invalid number of arguments/ ],
    [ 'auth_trusted 10.0.0.0/33;',
                                qr/value "10\.0\.0\.0\/33" of "auth_trusted"/ ],
    [ 'auth_trusted ::1 webmail.example.test;',
                                qr/"webmail\.example\.test" of "auth_trusted"/ ],
    [ 'auth_trusted 10.0.0.0/8,192.0.2.1;',
                                qr/an address or ADDRESS\/BITS is expected/ ],
    [ "auth_trusted '';",       qr/an address or ADDRESS\/BITS is expected/ ],
    [ 'auth_trusted ' . join(' ', map { "10.0.$_.0/24" } 1 .. 63) . ';',
                                qr/too many nets in "auth_trusted"/ ],
    [ 'debug_jobs 1;',          qr/"on" or "off" is expected/ ],
    [ 'hostname a; hostname b;', qr/"hostname" directive is duplicate/ ],
    [ 'colour blue;',           qr/unknown directive "colour"/ ],
    [ 'root /another;',         qr/"root" directive is duplicate/ ],
);

push @bad, [ 'user no-such-user;', qr/getpwnam\("no-such-user"\) failed/,
             'other' ],
           [ 'user root;', qr/must not run as "root"/, 'other' ] if $> == 0;

plan(tests => @good + @bad + 8 + 2);


sub test_conf {
    my ($block, $main) = @_;

    $t->write_file_expand('nginx.conf', <<"EOF");
%%TEST_GLOBALS%%
@{[ defined $main ? $main : '' ]}
events { }
$block
EOF
    my @command = $t->command();
    my $out = qx/@command -t 2>&1/;
    return ($? >> 8, $out);
}

for my $line (@good) {
    my ($status, $out) = test_conf(
        "postern { root %%TESTDIR%%/postern; $user $line }");
    is($status, 0, $line) or diag($out);
}

for my $row (@bad) {
    my ($line, $re, $other) = @$row;
    my $u = $other ? '' : $user;
    my ($status, $out) = test_conf(
        "postern { root %%TESTDIR%%/postern; $u $line }");
    ok($status == 1 && $out =~ /\[emerg\] .*$re/, $line) or diag($out);
}

my ($status, $out) = test_conf("postern { $user }");
like($out, qr/\[emerg\].*no "root" is defined/, 'no root');

($status, $out) = test_conf("postern { root a; $user } postern { root b; }");
like($out, qr/\[emerg\].*"postern" directive is duplicate/, 'two blocks');

($status, $out) = test_conf("postern { root a; $user }",
                            'master_process off;');
like($out, qr/\[emerg\].*needs "master_process on"/, 'master_process off');

($status, $out) = test_conf(
    "postern { root %%TESTDIR%%/no/such/place; $user }");
like($out, qr/\[emerg\].*No such file or directory/, 'no place for ROOT');

($status, $out) = test_conf("postern { root a; $user fsync off; }");
like($out, qr/\[warn\].*can be lost/, 'fsync off warns');

($status, $out) = test_conf("postern { root a; $user idle_timeout 5m; }");
like($out, qr/\[warn\].*30 minutes/, 'a short idle_timeout warns');

($status, $out) = test_conf("http { server { location / { postern_status x; "
                            . "} } }");
like($out, qr/\[emerg\].*"json" or "prometheus"/, 'postern_status x');

ok(!-e $t->testdir() . '/postern' && !-e $t->testdir() . '/a',
   'nothing was made');

unlink $t->testdir() . '/error.log';
