#!/usr/bin/perl

# A second logon in one session, to a mailbox that an administrator has given
# access to; and that it ends with the access.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Test::Postern;
use Test::Postern::MAPI;

my $p = Test::Postern->new(Test::Postern::MAPI->site(
    users => [qw/ alice bob /]));

$p->plan(11)->run();
$p->cli_ok('access', 'set', $p->address('bob'), $p->address('alice'), '--full');

my $m = Test::Postern::MAPI->new($p, 'alice');
$m->connect();

my $own = $m->logon();
my $bob = $m->dn_of('bob');

is($m->logon(logon => 1, dn => $bob, open_flags => 0)->{error}, 0x80070057,
   'ecInvalidParameter without USE_PER_MDB_REPLID_MAPPING');

my $l = $m->logon(logon => 1, dn => $bob);

is($l->{error}, 0, 'RopLogon to the mailbox of another');
is($l->{response_flags}, 3, 'as its owner, but not to send as him');
my ($guid) = $bob =~ /cn=([0-9a-f]{32})-/;
is(unpack('H*', $l->{mailbox}), $guid, 'MailboxGuid');
isnt($l->{repl_guid}, $own->{repl_guid}, 'numbers of its own');

my @r = $m->rops([ $own->{handle}, $l->{handle} ],
    rop('GetReceiveFolder', cls => 'IPM'),
    rop('GetReceiveFolder', in => 1, logon => 1, cls => 'IPM'),
    rop('GetReceiveFolder', in => 1, logon => 0, cls => 'IPM'));

is($r[0]{error}, 0, 'both in one request: ours');
is($r[1]{error}, 0, 'his');
is($r[2]{error}, 0x80070005, 'his handle is none of our logon');

# A client may also connect in his name.

my $n = Test::Postern::MAPI->new($p, 'alice', dn => $bob);
is($n->connect()->{error}, 0, 'Connect with his DN');
is($n->logon()->{error}, 0, 'and logon');

# What was given is taken.

$p->cli_ok('access', 'delete', $p->address('bob'), $p->address('alice'));

ok(wait_for {
    my ($r) = $m->rops([ $l->{handle} ],
        rop('GetReceiveFolder', logon => 1, cls => 'IPM'));
    return $r->{error} != 0;
}, 'without access the logon is of no use');
