#!/usr/bin/perl

# Start: store processes and the clerk are children of the stock master, as a
# daemon and in the foreground; a test of the configuration starts nothing.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern::Pool;

for my $daemon (0, 1) {
    my $p = pool(daemon => $daemon);
    my $how = $daemon ? 'daemon' : 'foreground';

    if (!$daemon) {
        $p->plan(17);

        $p->write_conf();
        my @command = $p->nginx()->command();
        my $out = qx/@command -t 2>&1/;
        like($out, qr/test is successful/, 'nginx -t succeeds');
        ok(!-e $p->root(), 'nginx -t makes no ROOT');
        ok(!-e $p->testdir() . '/postern.log', 'nginx -t makes no log');
    }

    if ($daemon) {
        # one that an administrator made, open to others
        mkdir $p->root() or die "mkdir: $!";
        chmod 0755, $p->root();
    }

    $p->run();
    ok(wait_stores(2), "$how: both stores and the clerk serve");

    my $master = $p->nginx()->master_pid();
    my %parent = map { $_->{pid} => $_->{parent} } descendants($$);
    my @pids = ($p->pids('store'), $p->pids('clerk'));

    is(scalar @pids, 3, "$how: two stores, one clerk");
    is(join(' ', grep { $parent{$_} != $master } @pids), '',
       "$how: they are the master's children");

    my ($status, $body) = job('noop');
    is("$status " . length $body, '200 200', "$how: a job is served");

    my @mode = map { sprintf '%04o', (stat $p->root() . "/$_")[2] & 07777 }
        '', qw/ run queue mailbox /;
    is("@mode", '0700 0700 0700 0700', "$how: ROOT is for its owner alone");

    (undef, $body) = job('who');
    my ($uid) = $body =~ /uid (\d+)/;
    is($uid, defined $p->user() ? (getpwnam $p->user())[2] : $>,
       "$how: stores run as postern's user");

    $p->stop();
}
