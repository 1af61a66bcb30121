# backup, restore, export, import of a whole mailbox, compact, move.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;

use JSON::PP qw/ decode_json /;
use Test::More;
use CliTest;

sub ok_cli {
    my ($code, $out, $err) = cli(@_);
    my @words = grep { !ref } @_;
    is($code, 0, "@words") or diag("$out$err");
    return $out;
}

sub show {
    return decode_json(ok_cli(qw/ --json mailbox show /, $_[0]));
}

my $alice = 'alice@example.test';
my $bob = 'bob@example.test';

ok_cli(qw/ domain add example.test /);
ok_cli(qw/ user add /, $_) for $alice, $bob;

my $mail = spew(dir() . '/one.eml',
    "From: a\@far.example\nSubject: one\n\nBody\n");
ok_cli(qw/ mailbox import /, $alice, ($mail) x 5);

my $backup = dir() . '/backup';

is((cli('backup', $backup))[0], 2, 'of whom?');
is((cli('backup', $backup, '--all', $alice))[0], 2, 'both');
is((cli('backup', $backup, 'nobody@example.test'))[0], 1, 'nobody');
my $out = decode_json(ok_cli('--json', 'backup', $backup, '--all'));
is($out->{mailboxes}, 2, 'two mailboxes');
ok_cli('backup', $backup, '--verify');
my $list = decode_json(ok_cli('--json', 'restore', $backup, '--list'));
is_deeply([ sort map { $_->{address} } @$list ], [ $alice, $bob ], 'list');

# what came after it is gone, and clients begin anew

ok_cli(qw/ mailbox import /, $alice, $mail);
my $was = show($alice);
is((cli('restore', $backup, $alice))[0], 1, 'not over a mailbox');
is(show($alice)->{messages}, 6, 'nothing has changed');
ok_cli('restore', $backup, $alice, '--replace');
my $is = show($alice);
is($is->{messages}, 5, 'as it was');
cmp_ok($is->{epoch}, '>', $was->{epoch}, 'another incarnation');
ok_cli(qw/ mailbox check /, $alice);

ok_cli('restore', $backup, $alice, '--to', $bob, '--replace');
is(show($bob)->{messages}, 5, 'as the mailbox of another');
ok_cli(qw/ mailbox check /, $bob);

# a domain's, more of the same

ok_cli('backup', $backup, '--domain', 'example.test');
ok_cli('backup', $backup, $alice, '--link');
ok_cli('backup', $backup, '--prune');
ok_cli('backup', $backup, '--verify');

# export, import

my $file = dir() . '/alice.export';
ok_cli(qw/ mailbox export /, $alice, $file);
is((cli(qw/ mailbox export /, $alice, $file))[0], 1, 'over no file');
my ($code, $o, $err) = cli(qw/ mailbox import --whole /, $bob, $file);
is($code, 1, 'bob has mail');
like($err, qr/--folder/, 'says what to say');
ok_cli(qw/ mailbox import --whole --folder Old /, $bob, $file);
is(show($bob)->{messages}, 10, 'below a folder');
is((cli(qw/ mailbox import --whole --folder Old /, $bob, $file))[0], 1,
   'once');
ok_cli(qw/ mailbox check /, $bob);

my $eml = dir() . '/eml';
ok_cli(qw/ mailbox export --eml /, $alice, $eml);
is(scalar(() = glob("$eml/Inbox/*.eml")), 5, 'a file for each');
is(slurp("$eml/Inbox/1.eml"),
   "From: a\@far.example\r\nSubject: one\r\n\r\nBody\r\n", 'byte for byte');

# the rest

ok_cli(qw/ mailbox compact --all /);
ok_cli(qw/ mailbox check --all /);
is((cli(qw/ mailbox move /, $alice, 'old@example.test'))[0], 1,
   'no such files');
is((cli(qw/ mailbox move /, $alice, $bob))[0], 1, 'those of somebody else');
is(scalar @{ decode_json(ok_cli(qw/ --json mailbox list /)) }, 2, 'list');

rename root() . '/mailbox/example.test/alice',
    root() . '/mailbox/example.test/was';
ok_cli(qw/ mailbox move /, $alice, 'was@example.test');
is(show($alice)->{messages}, 5, 'moved');

# a page is damaged

my $db = root() . '/mailbox/example.test/alice/mailbox.sqlite';
open(my $f, '+<', $db) or die;
seek($f, 100, 0);
print $f "\xff" x 3000;
close $f;
is((cli(qw/ mailbox check /, $alice))[0], 1, 'found');
($code) = cli(qw/ mailbox repair /, $alice);
ok_cli(qw/ mailbox check /, $alice) if $code == 0;
ok_cli('restore', $backup, $alice, '--replace');
is(show($alice)->{messages}, 5, 'and restored over it');

# another machine

ok_cli('restore', $backup, '--all', '--root', do {
    my $other = dir() . '/other';
    mkdir $other, 0700;
    $other;
});

is((cli('restore', dir() . '/none', $alice))[0], 1, 'no backup');
like((cli(qw/ backup --help /))[1], qr/--verify/, 'help');
like((cli(qw/ restore --help /))[1], qr/--replace/, 'help');

done_testing();
