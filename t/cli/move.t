# A mailbox to another ROOT and back, while mail is put into it; killed.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use File::Copy qw/ copy /;
use JSON::PP qw/ decode_json /;
use POSIX ();
use Test::More;
use Time::HiRes qw/ sleep /;
use CliTest;

my $alice = 'alice@example.test';
my $there = dir() . '/there';

sub ok_cli {
    my ($code, $out, $err) = cli(@_);
    my @words = grep { !ref } @_;
    is($code, 0, "@words") or diag("$out$err");
    return $out;
}

sub show {
    return decode_json(ok_cli({ root => $_[0] },
                              qw/ --json mailbox show /, $alice));
}

ok_cli(qw/ domain add example.test /);
ok_cli(qw/ user add /, $_) for $alice, 'bob@example.test';
my $mail = spew(dir() . '/one.eml',
    "From: a\@far.example\nSubject: one\n\nBody\n");
ok_cli(qw/ mailbox import /, $alice, ($mail) x 20);

# who is whom must be the same there

my ($code, $out, $err) = cli(qw/ mailbox move /, $alice, '--to', $there);
is($code, 1, 'there is no such ROOT');
ok_cli({ root => $there }, qw/ domain add example.test /);
ok_cli({ root => $there }, qw/ user add /, $_)
    for 'bob@example.test', $alice;
($code, $out, $err) = cli(qw/ mailbox move /, $alice, '--to', $there);
is($code, 1, 'another directory');
like($err, qr/another one/, 'which it says');
is(show(root())->{messages}, 20, 'nothing has changed');
is((cli(qw/ mailbox move /, $alice))[0], 2, 'to where?');
is((cli(qw/ mailbox move /, $alice, 'x@y', '--to', $there))[0], 2, 'both');

ok_cli({ root => $there }, qw/ user delete --yes /, $_)
    for 'bob@example.test', $alice;
unlink "$there/directory.sqlite$_" for '', '-wal', '-shm';
ok_cli('backup', dir() . '/copy', '--all');
ok_cli({ root => $there }, 'restore', dir() . '/copy', '--all');
ok_cli({ root => $there }, qw/ mailbox check --all /);
is((cli(qw/ mailbox move /, $alice, '--to', $there))[0], 1,
   'over the mailbox that is there');
system('rm', '-r', "$there/mailbox", "$there/epoch");

# while somebody writes

my $was = show(root());
my $pid = fork();

if ($pid == 0) {
    for my $i (1 .. 400) {
        my ($c, undef, $e) = cli(qw/ mailbox import /, $alice, $mail);
        POSIX::_exit($e =~ /moved to|EUNAVAIL|cannot be used/ ? $i : 255)
            if $c;
        POSIX::_exit(254) if $i == 250;
    }
}

for (1 .. 1000) {
    last if show(root())->{messages} > $was->{messages};
}

$out = decode_json(ok_cli(qw/ --json mailbox move /, $alice, '--to', $there));
is($out->{moved}, $there, 'says where it is');
cmp_ok($out->{bytes}, '>', 50000, 'and how much that was');
waitpid($pid, 0);
my $n = $? >> 8;
ok($n > 0 && $n < 250, "who wrote found out, at $n");
is(show($there)->{messages}, $was->{messages} + $n - 1,
   'everything before that is there');
is(show($there)->{epoch}, $was->{epoch}, 'in the same incarnation');
ok_cli({ root => $there }, qw/ mailbox check /, $alice);

($code, $out, $err) = cli(qw/ mailbox show /, $alice);
is($code, 1, 'not here');
like($err, qr/moved to \Q$there\E/, 'which it says');
$out = decode_json(ok_cli(qw/ --json mailbox move /, $alice, '--to', $there));
ok($out->{before}, 'once more');
is((cli(qw/ mailbox move /, $alice, '--to', dir()))[0], 1, 'elsewhere? no');

# killed, again and again, until it is back

my $want = show($there)->{messages};
my $kills = 0;

for my $i (1 .. 60) {
    my $objs = $ENV{POSTERN_OBJS} || 'objs';
    $pid = fork();

    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec("$objs/postern", '--root', $there, qw/ mailbox move /, $alice,
             '--to', root()) or POSIX::_exit(127);
    }

    sleep 0.01 * $i;
    kill 'KILL', $pid;
    waitpid($pid, 0);
    my @live = grep { (cli({ root => $_ }, qw/ mailbox show /, $alice))[0]
                      == 0 } root(), $there;
    is(scalar @live, 1, "kill $i: live in one place");
    last if $live[0] eq root();
    $kills++;
}

ok_cli({ root => $there }, qw/ mailbox move /, $alice, '--to', root());
is(show(root())->{messages}, $want, "back, after $kills kills");
ok_cli(qw/ mailbox check /, $alice);
is((cli({ root => $there }, qw/ mailbox show /, $alice))[0], 1, 'not there');

# what is left there goes with the user

ok_cli({ root => $there }, qw/ user delete --yes /, $alice);
ok(! -e "$there/mailbox/example.test/alice", 'nothing is left');
is(show(root())->{messages}, $want, 'but here');

done_testing();
