#!/usr/bin/perl

# A hostile worker: what it forges in shared memory is refused each time, and
# nothing that belongs to a store or to another worker is within its reach.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use POSIX ();
use Test::More;
use Test::Postern::Pool;

my @probes = qw/ op ticket ticket_max gen epoch len len_max off off_edge
    off_wrap type type_max slot session tail /;

my $p = pool()->plan(@probes + 14);
$p->run();
wait_stores(2) or die 'no stores' . $p->log_tail();

my @stores = store_pids();
(undef, my $session) = job('session', slot => 0);
chomp $session;
my $load = load_start(2, slot => 1);
select undef, undef, undef, 0.5;

my ($status, $text) = job('forge', seconds => 30);
is($status, 200, 'the probes ran');
my %seen = map { /^(\S+ ?\d*)\t(\S*)\t(\S*)/ ? ($1 => "$2 $3") : () }
    split /\n/, $text;

is($seen{honest}, 'served alive', 'an honest job is served');

for my $probe (@probes) {
    my $outcome = defined $seen{$probe} ? $seen{$probe} : 'did not run';
    ok($outcome =~ / alive$/ && $outcome !~ /^served/,
       "$probe: $outcome");
}

unlike($text, qr/^slot \d+\tMAPPED/m, "no other worker's slot is mapped");
is($seen{private}, 'unmapped ', 'private memory is unmapped');

select undef, undef, undef, 0.5;
my $r = load_stop($load);
is("@{[ store_pids() ]}", "@stores", 'both stores live');
cmp_ok($r->{ok}, '>', 10, "$r->{ok} requests of others meanwhile");

ok(wait_for { (job('noop', slot => 0))[0] == 200 }, 'stores serve');


# Identity.  A handle that nobody issued names nobody; a session that nobody
# made does not exist.

($status) = job('handle', session => 'ab' x 16);
is($status, 503, 'a forged sign-in handle');
($status) = job('handle', session => '00' x 16);
is($status, 503, 'an empty sign-in handle');
($status) = job('session_use', session => 'cd' x 16);
is($status, 503, 'a forged session');

my $other = $session;
$other =~ tr/0-9a-f/1-9a-f0/;
($status) = job('session_use', session => $other);
is($status, 503, 'a session like another');


# Files: the worker's user cannot read anything under ROOT.

SKIP: {
    if ($> != 0) {
        diag('not run: users are separated only as root');
        skip 'users are separated only as root', 2;
    }

    my @nobody = (getpwnam 'nobody')[2, 3];
    my $root = $p->root();
    my ($worker) = $p->pids('worker');

    is((stat "/proc/$worker")[4], $nobody[0], 'workers run as their user');

    my $pid = fork();
    if ($pid == 0) {
        $( = $nobody[1];
        $) = "$nobody[1] $nobody[1]";
        $> = $nobody[0];
        POSIX::setuid($nobody[0]);
        my $found = 0;
        for my $path ($root, "$root/run", "$root/queue", "$root/mailbox",
                      "$root/directory.sqlite")
        {
            $found++ if opendir(my $d, $path);
            $found++ if open(my $f, '<', $path);
        }
        POSIX::_exit($found);
    }
    waitpid $pid, 0;
    is($? >> 8, 0, "nothing under ROOT is open to the worker's user");
}

# no-op loads of descriptors: none of ROOT's is inherited by a worker

my @open = map { readlink } map { glob "/proc/$_/fd/*" } $p->pids('worker');
is(scalar(grep { defined && index($_, $p->root()) == 0 } @open), 0,
   'no worker has a file of ROOT open');
